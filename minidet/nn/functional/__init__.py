"""Differentiable operations with PyTorch's names: ``import minidet.nn.functional as F``."""

from ...autograd.operations.elementwise import sigmoid, tanh
from ...autograd.operations.joining import pad
from .activation import leaky_relu, log_softmax, relu, relu6, softmax, softplus
from .binary import binary_cross_entropy, binary_cross_entropy_with_logits, dice_loss, sigmoid_focal_loss
from .classification import cross_entropy, multi_margin_loss, nll_loss
from .conv import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .dropout import dropout, dropout2d
from .linear import linear, one_hot
from .norm import batch_norm, group_norm, l2_norm, local_response_norm
from .normalize import normalize
from .pool import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from .regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .unpool import bed_of_nails2d, max_unpool2d
from .upsample import interpolate

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "bed_of_nails2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dice_loss",
    "dropout",
    "dropout2d",
    "group_norm",
    "huber_loss",
    "interpolate",
    "l1_loss",
    "l2_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "max_pool2d",
    "max_unpool2d",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "relu",
    "relu6",
    "sigmoid",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]
