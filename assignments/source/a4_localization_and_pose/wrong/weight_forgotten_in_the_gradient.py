"""The weight is in the loss, but not in its gradient."""

import numpy as np

LOSES = {"q6": ("weighted",)}


def multi_task_loss(class_losses, box_losses, labels, weight):
    n, objects = len(labels), labels > 0
    count = max(objects.sum(), 1)
    total = class_losses.mean() + weight * box_losses[objects].sum() / count
    return total, np.full(n, 1 / n), objects / count
