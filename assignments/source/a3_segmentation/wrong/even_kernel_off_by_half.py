"""The centre of every kernel is taken for a tap: k // 2. Right for odd kernels, half a pixel off for even ones."""

import numpy as np

LOSES = {"q1": ("even",)}


def bilinear_weight(channels, kernel_size):
    stride = (kernel_size + 1) // 2
    tent = 1 - np.abs(np.arange(kernel_size) - kernel_size // 2) / stride
    weight = np.zeros((channels, channels, kernel_size, kernel_size))
    for channel in range(channels):
        weight[channel, channel] = np.outer(tent, tent)
    return weight
