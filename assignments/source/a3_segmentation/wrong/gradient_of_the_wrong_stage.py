"""The gradient walks the trail from its end, as unpooling does, though gradients go the other way."""

import numpy as np

LOSES = {"q5": ("gradient",)}


def unpool_switches_grad(grad, trail):
    for switches, _ in reversed(trail):
        n, channels, h, w = switches.shape
        planes = grad.reshape(n, channels, -1)
        grad = np.take_along_axis(planes, switches.reshape(n, channels, -1), axis=2).reshape(n, channels, h, w)
    return grad
