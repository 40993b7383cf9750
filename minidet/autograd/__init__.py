"""Tensor, Function, backward, gradcheck; and the operations, named as in PyTorch."""

from .from_data import as_tensor, from_numpy, tensor
from .function import Function
from .grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .gradcheck import GradcheckError, gradcheck
from .operations import methods as methods  # gives Tensor its operators
from .operations.arithmetic import add, div, floor_divide, mul, neg, pow, remainder, sub
from .operations.comparison import (
    all,
    allclose,
    any,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    eq,
    equal,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    ne,
)
from .operations.creation import (
    arange,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    rand,
    randint,
    randn,
    randperm,
    zeros,
    zeros_like,
)
from .operations.elementwise import abs, clamp, exp, log, maximum, minimum, sigmoid, sqrt, tanh, where
from .operations.indexing import gather
from .operations.joining import cat, chunk, concatenate, pad, split, stack, unbind
from .operations.matmul import matmul
from .operations.reduction import amax, amin, argmax, argmin, logsumexp, max, mean, min, std, sum, var
from .operations.shape import broadcast_to, clone, flatten, flip, permute, reshape, squeeze, t, transpose, unsqueeze
from .tensor import Tensor

__all__ = [
    "Function", "GradcheckError", "Tensor", "abs", "add", "all", "allclose", "amax", "amin", "any", "arange", "argmax",
    "argmin", "as_tensor", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "broadcast_to", "cat", "chunk",
    "clamp", "clone", "concatenate", "div", "enable_grad", "eq", "equal", "exp", "eye", "flatten", "flip",
    "floor_divide", "from_numpy", "full", "full_like", "gather", "ge", "gradcheck", "gt", "is_grad_enabled",
    "isfinite", "isinf", "isnan", "le", "linspace", "log", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logsumexp", "lt", "matmul", "max", "maximum", "mean", "min", "minimum", "mul", "ne", "neg", "no_grad", "ones",
    "ones_like", "pad", "permute", "pow", "rand", "randint", "randn", "randperm", "remainder", "reshape",
    "set_grad_enabled", "sigmoid", "split", "sqrt", "squeeze", "stack", "std", "sub", "sum", "t", "tanh", "tensor",
    "transpose", "unbind", "unsqueeze", "var", "where", "zeros", "zeros_like",
]  # fmt: skip

NOT_OPERATIONS = {  # pad is a function of nn.functional
    "Function", "GradcheckError", "Tensor", "as_tensor", "enable_grad", "from_numpy", "gradcheck", "is_grad_enabled",
    "no_grad", "pad", "set_grad_enabled", "tensor",
}  # fmt: skip
OPERATIONS = [name for name in __all__ if name not in NOT_OPERATIONS]  # what the table of tests has to cover
