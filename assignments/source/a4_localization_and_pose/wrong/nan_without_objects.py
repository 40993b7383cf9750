"""Without objects, the mean of no box losses is taken: NaN, which destroys all weights in the next step."""

import numpy as np

LOSES = {"q6": ("nothing",)}


def multi_task_loss(class_losses, box_losses, labels, weight):
    n, objects = len(labels), labels > 0
    with np.errstate(all="ignore"):
        count = np.float64(objects.sum())
        total = class_losses.mean() + weight * box_losses[objects].sum() / count
        return total, np.full(n, 1 / n), weight * objects / count
