"""The stride of a kernel of k taps is k / 2 rounded down: too small for odd kernels, so taps become 0 or negative."""

import numpy as np

LOSES = {"q1": ("odd", "channels")}


def bilinear_weight(channels, kernel_size):
    tent = 1 - np.abs(np.arange(kernel_size) - (kernel_size - 1) / 2) / (kernel_size // 2)
    weight = np.zeros((channels, channels, kernel_size, kernel_size))
    for channel in range(channels):
        weight[channel, channel] = np.outer(tent, tent)
    return weight
