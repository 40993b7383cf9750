"""The box losses are divided by the number of all images: a batch with few objects teaches less about boxes."""

import numpy as np

LOSES = {"q6": ("objects",)}


def multi_task_loss(class_losses, box_losses, labels, weight):
    n, objects = len(labels), labels > 0
    total = class_losses.mean() + weight * (box_losses * objects).mean()
    return total, np.full(n, 1 / n), weight * objects / n
