"""Each precision is replaced by the largest one before it, not by that at this recall or more."""

import numpy as np

LOSES = {"q7": ("area",)}


def area_ap(precision, recall):
    return float((np.diff(recall, prepend=0) * np.maximum.accumulate(precision)).sum())
