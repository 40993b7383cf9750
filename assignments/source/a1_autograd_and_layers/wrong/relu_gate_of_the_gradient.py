"""The gate of ReLU looks at the sign of the gradient that comes in, not at that of x."""

import numpy as np

LOSES = {"q4": ("slope", "zero")}


def relu_backward(grad, x):
    return np.where(grad > 0, grad, 0)
