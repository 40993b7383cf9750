"""Differentiable operations with PyTorch's names: ``import minidet.nn.functional as F``."""

from ...autograd.elementwise import sigmoid, tanh
from .activation import leaky_relu, log_softmax, relu, relu6, softmax, softplus
from .classification import cross_entropy, multi_margin_loss, nll_loss
from .conv import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .linear import linear, one_hot

__all__ = [
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "leaky_relu",
    "linear",
    "log_softmax",
    "multi_margin_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "relu6",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
