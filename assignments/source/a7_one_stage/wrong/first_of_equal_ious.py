"""argmax decides: of equal IoUs, also of zeros, the first predictor learns, so that the others never begin to learn."""

LOSES = {"q2": ("ties",)}


def responsible(ious, boxes, box):
    return int(ious.argmax())
