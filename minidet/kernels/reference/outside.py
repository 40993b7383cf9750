"""How many numbers of an array lie outside of a range."""

import numpy as np


def outside(x, low, high):
    """Return how many numbers are below ``low`` or above ``high``; NaN is neither."""
    return int(np.count_nonzero((x < x.dtype.type(low)) | (x > x.dtype.type(high))))
