"""ReLU and its gradient."""

import numpy as np


def relu(x):
    """Return max(x, 0), nan where x is nan."""
    return np.maximum(x, 0)


def relu_grad(grad, out):
    """Return grad where the result ``out`` of relu is not 0, else 0."""
    return np.where(out <= 0, grad.dtype.type(0), grad)
