"""Two-dimensional convolution and its three gradients, one file per loop nest: ``dispatch`` chooses among them."""

from .dispatch import conv2d, conv2d_bias_grad, conv2d_input_grad, conv2d_weight_grad

__all__ = ["conv2d", "conv2d_bias_grad", "conv2d_input_grad", "conv2d_weight_grad"]
