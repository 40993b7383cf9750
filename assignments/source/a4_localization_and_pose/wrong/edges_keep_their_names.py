"""x1 becomes W - x1 and x2 becomes W - x2: the left edge is right of the right one."""

LOSES = {"q11": ("boxes",)}


def flip_boxes(boxes, width):
    out = boxes.copy()
    out[:, [0, 2]] = width - boxes[:, [0, 2]]
    return out
