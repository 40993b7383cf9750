"""What the arguments of a convolution must be.

For a small image the checks take as long as the convolution; between kernels, which fill the caches with their data,
longer. So arguments with shapes, dtypes and options that were found to fit once are not checked again.
"""

from __future__ import annotations

import math

from ...autograd.from_data import read_tensor
from ...autograd.operations.joining import pad
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, check_rank, integer, integers

LETTERS = {1: ("L", "KL"), 2: ("H, W", "KH, KW")}
#: Arguments that fit, and their options as the kernels take them; at most so many.
_known: dict[tuple, tuple] = {}
MOST_KNOWN = 4096
#: The largest stride, padding and dilation: positions in an image stay far within 64 bits. And numbers of a result.
LARGEST, MOST_NUMBERS = 2**31 - 1, 2**40


def fitting(check, op: str, axes: int, input, weight, bias, *options):
    """Return the tensors, and the options as the kernels take them: found by ``check``, unless they are known."""
    signature = _signature(op, input, weight, bias, options)
    known = _known.get(signature)
    if known is not None:
        return input, weight, bias, known
    input, weight, bias, known = check(op, axes, input, weight, bias, *options)
    if signature is not None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[signature] = known
    return input, weight, bias, known


def _signature(op: str, input, weight, bias, options: tuple) -> tuple | None:
    """Return what the checks depend on, or None if an argument is of a kind that only they can judge."""
    if (
        not isinstance(input, Tensor)
        or not isinstance(weight, Tensor)
        or not (bias is None or isinstance(bias, Tensor))
    ):
        return None
    for option in options:  # 1.0 and True are equal to 1, and are errors
        if type(option) is not int and not (type(option) is tuple and set(map(type, option)) == {int}):
            return None
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    return op, x.shape, x.dtype, w.shape, w.dtype, None if b is None else (b.shape, b.dtype), options


def _checked(op: str, axes: int, input, weight, bias, groups: int, transposed: bool):
    """Check ranks, dtypes, channels and groups; return the three tensors."""
    input, weight = read_tensor(op, "input", input), read_tensor(op, "weight", weight)
    bias = None if bias is None else read_tensor(op, "bias", bias)
    letters, kernel_letters = LETTERS[axes]
    check_rank(op, "input", input, axes + 2, axes + 1, letters=f"([N, ]C, {letters})")
    check_rank(op, "weight", weight, axes + 2, letters=f"(F, C / groups, {kernel_letters})")
    check_float(op, input=input, weight=weight, bias=bias)
    groups = integer(op, "groups", groups, 1)
    channels = input.shape[-axes - 1]
    if 0 in weight.shape:
        raise bad_argument(op, "weight", f"has shape {weight.shape}", "no axis of length 0")
    takes = weight.shape[0] if transposed else weight.shape[1] * groups
    if channels != takes:
        expected = f"({channels}, F / groups, {kernel_letters})" if transposed else \
            f"(F, {channels // groups}, {kernel_letters})" if channels % groups == 0 else \
            f"groups that divide {channels}"  # fmt: skip
        why = f"input of shape {input.shape} has {channels} channels" + (f" in {groups} groups" if groups > 1 else "")
        raise bad_argument(op, "weight", f"has shape {weight.shape}", expected, why)
    if weight.shape[0] % groups:
        why = f"every group has the same number of {'channels' if transposed else 'filters'}"
        raise bad_argument(op, "groups", f"is {groups}", f"a divisor of {weight.shape[0]}", why)
    filters = weight.shape[1] * groups if transposed else weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        why = f"weight of shape {weight.shape} gives {filters} channels"
        raise bad_argument(op, "bias", f"has shape {bias.shape}", f"({filters},)", why)
    return input, weight, bias, groups


def _pair(op: str, axes: int, argument: str, value, low: int) -> tuple[int, int]:
    """Read an integer or a tuple; a row of pixels gets what an axis of length 1 needs."""
    read = integers(op, argument, value, axes, low)
    if max(read) > LARGEST:
        raise bad_argument(op, argument, f"is {value}", f"at most {LARGEST}")
    return read if axes == 2 else (low, *read)


def _check_result(op: str, input: Tensor, axes: int, filters: int, size: tuple[int, int]) -> None:
    """Refuse a result that no memory holds."""
    shape = (*input.shape[: -axes - 1], filters, *size[2 - axes :])
    if math.prod(shape) > MOST_NUMBERS:
        why = f"the result would have shape {shape}"
        raise bad_argument(op, "input", f"has shape {input.shape}", "a smaller image, padding or stride", why)


def check_convolution(op: str, axes: int, input, weight, bias, stride, padding, dilation, groups):
    """Return tensors and options; along the axis that a row lacks, all lengths are 1, padding 0."""
    input, weight, bias, groups = _checked(op, axes, input, weight, bias, groups, transposed=False)
    stride = _pair(op, axes, "stride", stride, 1)
    dilation = _pair(op, axes, "dilation", dilation, 1)
    kernel = (1,) * (2 - axes) + weight.shape[2:]
    if isinstance(padding, str):
        input, padding = _padding_by_name(op, axes, input, padding, kernel, stride, dilation)
    else:
        padding = _pair(op, axes, "padding", padding, 0)
    size = (1,) * (2 - axes) + input.shape[-axes:]
    for length, k, p, d in zip(size, kernel, padding, dilation, strict=True):
        if length + 2 * p < d * (k - 1) + 1:
            raise bad_argument(op, "input", f"has shape {input.shape}", f"at least {d * (k - 1) + 1} pixels per axis",
                               f"the kernel of size {weight.shape[2:]} with dilation {dilation[2 - axes :]} is larger "
                               f"than the image padded by {padding[2 - axes :]}")  # fmt: skip
    out = ((n + 2 * p - d * (k - 1) - 1) // s + 1
           for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True))  # fmt: skip
    _check_result(op, input, axes, weight.shape[0], tuple(out))
    return input, weight, bias, (stride, padding, dilation, groups)


def _padding_by_name(op: str, axes: int, input: Tensor, padding: str, kernel, stride, dilation):
    """Return the (perhaps padded) input and the padding that "same" or "valid" means."""
    if padding == "valid":
        return input, (0, 0)
    if padding != "same":
        raise bad_argument(op, "padding", f"is {padding!r}", "integers, 'same' or 'valid'")
    if stride != (1, 1):
        why = "with strides the result is smaller than the image"
        raise bad_argument(op, "padding", f"is 'same' with stride {stride[2 - axes :]}", "stride 1", why)
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    odd = [t % 2 for t in total][2 - axes :]
    if any(odd):  # one more pixel at the end of the axis, as PyTorch has it
        input = pad(input, [number for extra in reversed(odd) for number in (0, extra)])
    return input, tuple(t // 2 for t in total)


def check_transposed(op: str, axes: int, input, weight, bias, stride, padding, output_padding, groups, dilation):
    """Return tensors and options, the size ``(n - 1) s - 2 p + d (k - 1) + extra + 1`` among them."""
    input, weight, bias, groups = _checked(op, axes, input, weight, bias, groups, transposed=True)
    stride = _pair(op, axes, "stride", stride, 1)
    padding = _pair(op, axes, "padding", padding, 0)
    extra = _pair(op, axes, "output_padding", output_padding, 0)
    dilation = _pair(op, axes, "dilation", dilation, 1)
    kernel = (1,) * (2 - axes) + weight.shape[2:]
    lengths = (1,) * (2 - axes) + input.shape[-axes:]
    geometry = zip(lengths, stride, padding, dilation, kernel, extra, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, s, p, d, k, e in geometry)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        expected = "less than stride or dilation"
        why = "it chooses among the sizes that a convolution would make the same"
        raise bad_argument(op, "output_padding", f"is {output_padding!r}", expected, why)
    if min(lengths) < 1 or min(size) < 1:
        why = f"the result would have the size {size[2 - axes :]}"
        raise bad_argument(op, "input", f"has shape {input.shape}", "a larger image or less padding", why)
    _check_result(op, input, axes, weight.shape[1] * groups, size)
    return input, weight, bias, (size, stride, padding, dilation, groups)
