"""A joint that nobody labelled, (0, 0, 0), is mirrored to (W, 0, 0)."""

LOSES = {"q11": ("invisible",)}


def flip_joints(joints, width, pairs):
    out = joints.copy()
    out[:, 0] = width - joints[:, 0]
    for one, other in pairs:
        out[[one, other]] = out[[other, one]]
    return out
