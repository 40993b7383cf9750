"""The affine map without its bias: three matrix products, which are the three kernels of a 1 x 1 convolution.

::

    linear               out[m, f] = sum over c of x[m, c] weight[f, c]      a weight gradient: the sum runs along rows
    linear_input_grad    dx[m, c]  = sum over f of grad[m, f] weight[f, c]   a convolution of an image of F channels
    linear_weight_grad   dw[f, c]  = sum over m of grad[m, f] x[m, c]        an input gradient: the weight is transposed

NumPy would hand them to a BLAS library, whose threads are not numba's: two pools that wait for work in a loop take the
cores from each other. Below ``SMALL`` multiplications OpenBLAS wakes no threads, and where M is small the matrix is
read once whoever reads it, so there it stays.
"""

import numpy as np

from . import conv
from .reference import linear as reference

#: Multiplications, and rows, below which NumPy's product is used.
SMALL, FEW = 1 << 18, 8
ONES, PLAIN = (1, 1), ((1, 1), (0, 0), (1, 1), 1)


def _stays(m, f, c):
    """Tell whether a product is left to NumPy."""
    return m < FEW or m * f * c <= SMALL


def linear(x, weight):
    """Return ``out[m, f] = sum over c of x[m, c] * weight[f, c]``: (M, F)."""
    (m, c), f = x.shape, weight.shape[0]
    if _stays(m, f, c):
        return reference.linear(x, weight)
    return conv.conv2d_weight_grad(x.reshape(1, m, 1, c), weight.reshape(1, f, 1, c), ONES, *PLAIN).reshape(m, f)


def linear_input_grad(grad, weight):
    """Return the gradient for x (M, C), given the gradient (M, F) for the result."""
    (m, f), c = grad.shape, weight.shape[1]
    if _stays(m, f, c):
        return reference.linear_input_grad(grad, weight)
    return conv.conv2d(weight.reshape(1, f, 1, c), grad.reshape(m, f, 1, 1), None, *PLAIN).reshape(m, c)


def linear_weight_grad(grad, x):
    """Return the gradient for weight (F, C), given the gradient (M, F) for the result."""
    (m, f), c = grad.shape, x.shape[1]
    if _stays(m, f, c):
        return reference.linear_weight_grad(grad, x)
    out = np.empty((f, c), x.dtype)  # not a view: what owns its memory becomes a parameter's gradient as it is
    conv.conv2d_input_grad(x.reshape(1, m, 1, c), grad.reshape(m, f, 1, 1), (1, c), *PLAIN, out=out.reshape(1, f, 1, c))
    return out


__all__ = ["linear", "linear_input_grad", "linear_weight_grad"]
