"""The geometry of boxes: not written yet."""
