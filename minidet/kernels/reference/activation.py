"""ReLU, ReLU6 and their gradients."""

import numpy as np


def relu(x, out=None):
    """Return max(x, 0), nan where x is nan; in ``out``, which may be x."""
    return np.maximum(x, 0, out=out)


def relu_grad(grad, out):
    """Return grad where the result ``out`` of relu is not 0, else 0."""
    return np.where(out <= 0, grad.dtype.type(0), grad)


def relu6(x, out=None):
    """Return min(max(x, 0), 6), nan where x is nan; in ``out``, which may be x."""
    return np.clip(x, 0, 6, out=out)


def relu6_grad(grad, out):
    """Return 0 where the result ``out`` of relu6 is 0 or 6, else grad."""
    return np.where((out <= 0) | (out >= 6), grad.dtype.type(0), grad)
