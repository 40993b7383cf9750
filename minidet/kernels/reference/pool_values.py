"""The largest value of each window alone, in plain NumPy."""

from .pool import max_pool2d


def max_pool2d_values(x, kernel, stride, padding, dilation, output_size):
    """Return the values of :func:`max_pool2d` alone: (N, C, OH, OW)."""
    return max_pool2d(x, kernel, stride, padding, dilation, output_size)[0]
