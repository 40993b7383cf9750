"""The mean of the precisions after all detections, in place of the area over recall."""

import numpy as np

LOSES = {"q7": ("area",)}


def area_ap(precision, recall):
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best.mean()) if len(best) else 0.0
