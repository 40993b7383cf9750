"""minidet: detection and segmentation from scratch, to learn from; with PyTorch's names.

>>> import minidet
>>> x = minidet.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

import importlib as _importlib

import numpy as _np

from . import autograd
from .autograd import (
    Tensor,
    abs,
    add,
    all,
    allclose,
    amax,
    amin,
    any,
    arange,
    argmax,
    argmin,
    as_tensor,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    broadcast_to,
    cat,
    chunk,
    clamp,
    clone,
    concatenate,
    div,
    enable_grad,
    eq,
    equal,
    exp,
    eye,
    flatten,
    flip,
    floor_divide,
    from_numpy,
    full,
    full_like,
    gather,
    ge,
    gt,
    is_grad_enabled,
    isfinite,
    isinf,
    isnan,
    le,
    linspace,
    log,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logsumexp,
    lt,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    mul,
    ne,
    neg,
    no_grad,
    ones,
    ones_like,
    permute,
    pow,
    rand,
    randint,
    randn,
    randperm,
    remainder,
    reshape,
    set_grad_enabled,
    sigmoid,
    split,
    sqrt,
    squeeze,
    stack,
    std,
    sub,
    sum,
    t,
    tanh,
    tensor,
    transpose,
    unbind,
    unsqueeze,
    var,
    where,
    zeros,
    zeros_like,
)
from .random import manual_seed

__version__ = "0.1.0"

float32 = _np.dtype(_np.float32)
float64 = double = _np.dtype(_np.float64)
uint8 = _np.dtype(_np.uint8)
int32 = _np.dtype(_np.int32)
int64 = long = _np.dtype(_np.int64)
bool = _np.dtype(_np.bool_)

_ROOMS = ("data", "grading", "kernels", "metrics", "models", "nn", "ops", "optim", "serialization", "training", "viz")


def __getattr__(name: str):
    """Import ``minidet.nn``, ``minidet.optim`` and so on when they are first asked for."""
    if name in _ROOMS:
        return _importlib.import_module(f"minidet.{name}")
    raise AttributeError(f"module 'minidet' has no attribute {name!r}")


__all__ = [
    "Tensor", "abs", "add", "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin", "as_tensor",
    "autograd", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "bool", "broadcast_to", "cat", "chunk",
    "clamp", "clone", "concatenate", "div", "double", "enable_grad", "eq", "equal", "exp", "eye", "flatten", "flip",
    "float32", "float64", "floor_divide", "from_numpy", "full", "full_like", "gather", "ge", "gt", "int32", "int64",
    "is_grad_enabled", "isfinite", "isinf", "isnan", "le", "linspace", "log", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logsumexp", "long", "lt", "manual_seed", "matmul", "max", "maximum", "mean", "min",
    "minimum", "mul", "ne", "neg", "no_grad", "ones", "ones_like", "permute", "pow", "rand", "randint", "randn",
    "randperm", "remainder", "reshape", "set_grad_enabled", "sigmoid", "split", "sqrt", "squeeze", "stack", "std",
    "sub", "sum", "t", "tanh", "tensor", "transpose", "uint8", "unbind", "unsqueeze", "var", "where", "zeros",
    "zeros_like",
]  # fmt: skip
