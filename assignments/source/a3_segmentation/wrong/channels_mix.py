"""Every channel stamps its tent on all channels, not on itself alone: the classes are added up."""

import numpy as np

LOSES = {"q1": ("channels",)}


def bilinear_weight(channels, kernel_size):
    tent = 1 - np.abs(np.arange(kernel_size) - (kernel_size - 1) / 2) / ((kernel_size + 1) // 2)
    return np.ones((channels, channels, 1, 1)) * np.outer(tent, tent)
