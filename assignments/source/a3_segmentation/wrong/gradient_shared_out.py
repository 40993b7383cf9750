"""Each of the two summands gets half of the gradient, as if a sum were a mean."""

import numpy as np

LOSES = {"q2": ("gradient",)}


def fuse_skip_grad(grad, enlarged_shape, kernel_size, stride):
    begin = (kernel_size - stride) // 2
    height, width = grad.shape[2:]
    d_enlarged = np.zeros(enlarged_shape)
    d_enlarged[:, :, begin : begin + height, begin : begin + width] = grad / 2
    return d_enlarged, grad / 2
