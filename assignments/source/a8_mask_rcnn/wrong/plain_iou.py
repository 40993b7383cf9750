"""The IoU of question 6 in place of this term's overlap."""

import numpy as np

LOSES = lambda variants: {"q9": ("values", "width", "borders") + (("empty",) if variants["q9"] != "boundary" else ())}


def other_overlap(found, true, d):
    both = (found[:, None] & true).sum(axis=(2, 3))
    return both / np.maximum((found[:, None] | true).sum(axis=(2, 3)), 1)
