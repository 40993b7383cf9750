"""An object that nothing free touches takes a box all the same, at an IoU of 0."""

import numpy as np

LOSES = {"q5": ("left over",)}


def bipartite(overlap):
    own, left = np.full(len(overlap), -1), overlap.astype(float)
    for _ in range(min(overlap.shape)):
        one, box = np.unravel_index(left.argmax(), left.shape)
        own[one] = box
        left[one], left[:, box] = -1, -1
    return own
