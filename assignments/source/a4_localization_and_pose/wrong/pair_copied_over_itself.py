"""Of each pair, the first row is overwritten before it has been copied: both have the same place afterwards."""

import numpy as np

LOSES = {"q11": ("joints", "invisible", "maps")}


def flip_joints(joints, width, pairs):
    out = joints.copy()
    out[:, 0] = np.where(joints[:, 2] > 0, width - joints[:, 0], joints[:, 0])
    for one, other in pairs:
        out[one] = out[other]
        out[other] = out[one]
    return out


def flip_maps(maps, pairs):
    out = maps[:, :, ::-1].copy()
    for one, other in pairs:
        out[one] = out[other]
        out[other] = out[one]
    return out
