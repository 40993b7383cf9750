"""Places are mirrored, but left and right do not change places: pairs are not used."""

import numpy as np

LOSES = {"q11": ("joints", "invisible", "maps")}


def flip_joints(joints, width, pairs):
    out = joints.copy()
    out[:, 0] = np.where(joints[:, 2] > 0, width - joints[:, 0], joints[:, 0])
    return out


def flip_maps(maps, pairs):
    return maps[:, :, ::-1].copy()
