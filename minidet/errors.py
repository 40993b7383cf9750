"""One voice for every error: operation, argument, what it was, what was expected, why.

>>> raise bad_argument("conv2d", "weight", "has shape (8, 4, 3, 3)", "(F, 3, KH, KW)",
...                    "input (2, 3, 32, 32) has 3 channels")
Traceback (most recent call last):
ValueError: conv2d: weight has shape (8, 4, 3, 3), expected (F, 3, KH, KW): input (2, 3, 32, 32) has 3 channels.

The checks below are what stands between a student's mistake and a compiled kernel, which trusts its inputs.
"""

from __future__ import annotations

import math
import numbers

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
#: The largest integer of 64 bits: what is larger fits into no array and no kernel.
LARGEST = 2**63 - 1
#: Most numbers of one result: 256 GB of float32. With more, the argument that asks for them was a mistake.
MOST_NUMBERS = 2**36


def bad_argument(
    op: str, argument: str, was: str, expected: str, why: str = "", error: type[Exception] = ValueError
) -> Exception:
    """Build (not raise) the exception for one wrong argument.

    Parameters
    ----------
    op : str
        The public name of the operation, as the caller typed it.
    argument, was, expected : str
        ``"weight"``, ``"has shape (8, 4, 3, 3)"``, ``"(F, 3, KH, KW)"``.
    why : str
        The reason, without a full stop. May be empty.
    error : type
        ``ValueError`` (default), ``TypeError``, ``IndexError`` or ``RuntimeError``.
    """
    return error(f"{op}: {argument} {was}, expected {expected}" + (f": {why}." if why else "."))


def check_rank(op: str, argument: str, array, *ranks: int, letters: str = "") -> None:
    """Raise unless ``array.ndim`` is one of ``ranks``. ``letters`` names the axes, as ``"(N, C, H, W)"``."""
    if array.ndim not in ranks:
        expected = " or ".join(f"{rank}-D" for rank in ranks)
        raise bad_argument(op, argument, f"has shape {array.shape}", f"a {expected} tensor {letters}".rstrip())


def check_float(op: str, **arrays) -> None:
    """Raise ``TypeError`` unless every given array is float32 or float64, and all are the same."""
    first = None
    for argument, array in arrays.items():
        if array is None:
            continue
        if array.dtype not in FLOATS:
            raise bad_argument(op, argument, f"has dtype {array.dtype}", "float32 or float64", error=TypeError)
        if first is not None and array.dtype != first[1]:
            why = f"{first[0]} has dtype {first[1]}, and one operation works in one precision"
            raise bad_argument(op, argument, f"has dtype {array.dtype}", str(first[1]), why, TypeError)
        first = first or (argument, array.dtype)


def check_integer(op: str, argument: str, array) -> None:
    """Raise ``TypeError`` unless ``array`` holds integers (bool does not count)."""
    if array.dtype.kind not in "iu":
        raise bad_argument(op, argument, f"has dtype {array.dtype}", "an integer dtype such as int64", error=TypeError)


def check_index_range(op: str, argument: str, array, low: int, high: int, why: str = "") -> None:
    """Raise ``IndexError`` unless every entry lies in ``low <= entry < high``: kernels do not look again."""
    if array.size and (array.min() < low or array.max() >= high):
        worst = array.min() if array.min() < low else array.max()
        raise bad_argument(op, argument, f"contains {worst}", f"integers in [{low}, {high})", why, IndexError)


def check_choice(op: str, argument: str, value, choices) -> None:
    """Raise unless ``value`` is one of ``choices``; what is not supported raises, and says so."""
    known = value is None or isinstance(value, (str, numbers.Number, tuple))  # an array's == is an array
    if not known or value not in choices:
        expected = "one of " + ", ".join(repr(choice) for choice in choices)
        raise bad_argument(op, argument, f"is {shown(value)}", expected)


def shown(value) -> str:
    """Return the ``repr`` of what somebody passed, cut to one short line."""
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        return shortened(value)
    try:
        text = repr(value)
    except ValueError:  # it holds integers of more digits than Python writes
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer(op: str, argument: str, value, low: int = 0, high: int = LARGEST) -> int:
    """Return ``value`` as an int, or raise: no integer (``TypeError``), outside [low, high] (``ValueError``)."""
    plain = type(value) is int  # most often; asking an abstract class takes a microsecond
    if not plain and (isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral)):
        raise bad_argument(op, argument, f"is {shown(value)}", "an integer", error=TypeError)
    if value < low:
        raise bad_argument(op, argument, f"is {shortened(value)}", f"an integer >= {low}")
    if value > high:
        raise bad_argument(
            op, argument, f"is {shortened(value)}", f"an integer <= {high}", "it has to fit into 64 bits"
        )
    return int(value)


def shortened(value) -> str:
    """Write an integer; one of hundreds of digits by its size (Python refuses to write thousands)."""
    return str(value) if abs(int(value)) < 10**40 else f"an integer of {int(value).bit_length()} bits"


def flag(op: str, argument: str, value) -> bool:
    """Return ``value`` as a bool, or raise ``TypeError``: True and False, NumPy's, and the integers 0 and 1."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, numbers.Integral) and value in (0, 1)):
        return bool(value)
    raise bad_argument(op, argument, f"is a {type(value).__name__}", "True or False", error=TypeError)


def check_room(op: str, argument: str, was: str, *shape: int) -> None:
    """Raise unless an array of this shape may be made: an argument, not an array, says how large a result is."""
    shape = tuple(int(length) for length in shape)  # the product of NumPy's would wrap around
    if math.prod(shape) > MOST_NUMBERS:
        why = f"the result would have the shape {shown(shape)}"
        raise bad_argument(op, argument, was, f"a result of at most {MOST_NUMBERS:,} numbers", why)


def integers(op: str, argument: str, value, length: int, low: int = 0) -> tuple[int, ...]:
    """Return ``value`` as ``length`` ints: one integer stands for all. So ``kernel_size=3`` means ``(3, 3)``."""
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = value[0]
        elif len(value) != length:
            raise bad_argument(op, argument, f"is {shown(value)}", f"an integer or {length} integers")
        else:
            return tuple(integer(op, argument, item, low) for item in value)
    return (integer(op, argument, value, low),) * length


def number(op: str, argument: str, value, low: float = -math.inf, high: float = math.inf) -> float:
    """Return ``value`` as a float, or raise: no number (``TypeError``), NaN or outside [low, high] (``ValueError``)."""
    plain = type(value) is float
    if not plain and (isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real)):
        raise bad_argument(op, argument, f"is {shown(value)}", "a number", error=TypeError)
    try:
        plain_value = float(value)
    except OverflowError as error:
        raise bad_argument(op, argument, f"is {shown(value)}", "a number that fits into 64 bits") from error
    if not low <= value <= high:  # written so that nan fails
        bounds = f">= {low:g}" if low > -math.inf else "other than nan"
        bounds = f"in [{low:g}, {high:g}]" if high < math.inf else bounds
        raise bad_argument(op, argument, f"is {value}", f"a number {bounds}")
    return plain_value
