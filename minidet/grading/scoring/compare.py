"""Whether a result is the right one, and if not, what is wrong with it, in words.

Students' own checks and the grader both ask here. What is compared are numbers: float32 or float64, C or Fortran order,
lists or arrays are all the same, and so are 3 and 3.0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..assignments.assignment import Call
from .student_values import as_floats, shape_of, too_large

#: Beside rtol and atol: what float32 loses where large terms cancel, as a share of the largest number expected.
ROUNDING = 2e-6

#: Letters of a verdict: what a student's function raises or names its results may be long.
LONGEST = 400

#: Share of the numbers that are not 0 which a clue has to explain, and how well.
MOST, NEAR = 0.5, 1e-4

#: Arrays that are no numbers: what they are of.
KINDS = {"c": "complex numbers", "O": "objects", "U": "strings", "S": "bytes", "M": "dates", "m": "times"}


class Verdict(NamedTuple):
    """What :func:`compare` found.

    Attributes
    ----------
    ok : bool
    words : str
        What is wrong, with numbers and positions; empty if nothing is.
    kind : str
        The same in two or three words that tell nothing of the inputs: ``"wrong values"``.
    """

    ok: bool
    words: str = ""
    kind: str = ""


RIGHT = Verdict(True)


def compare(value, call: Call, expected, inputs_after=None) -> Verdict:
    """Judge what a call returned. Never raises for what that is: what cannot be judged is wrong.

    Parameters
    ----------
    value
        What came back.
    call : Call
    expected
        What :func:`~minidet.grading.assignments.assignment.expected` returns for the call; not looked at if
        ``call.check`` is given.
    inputs_after : (args, kwargs), optional
        The arguments after the call: they must be what they were before. Not looked at if None.
    """
    if call.error is not None:
        return _wrong("no error raised", f"it returned a result, expected a {call.error}")
    try:
        if call.check is not None:
            verdict = _by_its_check(value, call)
        else:
            verdict = compare_values(value, expected, call)
        if verdict.ok and inputs_after is not None:
            verdict = _unchanged(call, inputs_after)
    except Exception as error:  # noqa: BLE001 -- MemoryError, RecursionError too: it comes from the result
        return _wrong("wrong kind of result", f"the result cannot be judged ({type(error).__name__})")
    return verdict


def compare_error(words: str, call: Call) -> Verdict:
    """Judge an exception, given as ``"ValueError: message"``."""
    kind = words.partition(":")[0].strip()
    if call.error is None:
        return _wrong(f"raised {kind}", f"it raised {words}")
    return RIGHT if kind == call.error else _wrong("another error", f"it raised {words}, expected a {call.error}")


def compare_values(got, expected, call: Call, where: str = "the result") -> Verdict:
    """Compare without regard to types: nested tuples, lists and dicts of arrays, numbers, strings and None."""
    if expected is None or isinstance(expected, str):
        same = got is None if expected is None else isinstance(got, str) and got == expected
        return RIGHT if same else _wrong("wrong result", f"{where} is {describe(got)}, expected {expected!r}")
    if got is None:
        return _wrong("returned None", f"{where} is None, expected {describe(expected)}: is there a return?")
    if isinstance(expected, dict):
        return _dicts(got, expected, call, where)
    if isinstance(expected, (tuple, list)):
        return _sequences(got, expected, call, where)
    expected = np.asarray(expected)
    shape = shape_of(got)
    if shape is not None and shape != expected.shape:
        is_what = f"an array of shape {shape}" if shape else describe(got)
        return _wrong("wrong shape", f"{where} is {is_what}, expected {describe(expected)}")
    array = None if shape is None else as_floats(got, shape)
    if array is None:
        return _wrong("wrong kind of result", f"{where} is {describe(got)}, expected {describe(expected)}")
    with np.errstate(all="ignore"):  # infinity less infinity, and numbers that are far too large
        return _numbers(array, expected.astype(np.float64), call, where)


def describe(value) -> str:
    """Name a value in a few words: ``"an array of shape (2, 3)"``, ``"a tuple of 3"``."""
    if isinstance(value, np.ndarray) and value.ndim:
        kind = value.dtype.kind
        of = "" if kind in "biuf" else f" of {KINDS.get(kind, 'records')}"
        return f"an array{of} of shape {value.shape}"
    if isinstance(value, (np.ndarray, np.generic)):
        return f"the number {value!s}" if value.dtype.kind in "biuf" else f"a {str(value.dtype)[:60]}"
    if isinstance(value, (tuple, list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        large = isinstance(value, int) and abs(value) > 10**300  # digits by the thousand
        return "a very large number" if large else f"the number {value}"
    if isinstance(value, str):
        return repr(value[:60])[:60]
    return "None" if value is None else f"a {type(value).__name__}"


def _by_its_check(value, call: Call) -> Verdict:
    """Ask the call's own check, which may not be ready for everything that a student returns."""
    if too_large(value):
        return _wrong("wrong kind of result", f"the result is {describe(value)}, which is too large to be right")
    try:
        words = call.check(value, call)
    except Exception as error:  # noqa: BLE001 -- a result that its check cannot read is a wrong result
        return _wrong("wrong kind of result", f"the result is {describe(value)}, which cannot be right ({error})")
    return _wrong("wrong values", words) if words else RIGHT


def _wrong(kind: str, words: str) -> Verdict:
    return Verdict(False, words if len(words) <= LONGEST else f"{words[:LONGEST]} ...", kind)


def _dicts(got, expected: dict, call: Call, where: str) -> Verdict:
    if not isinstance(got, dict):
        return _wrong(
            "wrong kind of result", f"{where} is {describe(got)}, expected a dict of {sorted(map(str, expected))}"
        )
    if set(got) != set(expected):
        words = f"{where} has the keys {sorted(map(str, got))}, expected {sorted(map(str, expected))}"
        return _wrong("wrong keys", words)
    verdicts = (compare_values(got[key], expected[key], call, f"entry {key!r}") for key in expected)
    return next((verdict for verdict in verdicts if not verdict.ok), RIGHT)


def _sequences(got, expected, call: Call, where: str) -> Verdict:
    kind = type(expected).__name__
    if not isinstance(got, (tuple, list)) and not (isinstance(got, np.ndarray) and got.ndim):
        return _wrong("wrong kind of result", f"{where} is {describe(got)}, expected a {kind} of {len(expected)}")
    if len(got) != len(expected):
        return _wrong("wrong length", f"{where} has {len(got)} items, expected {len(expected)}")
    top = where == "the result"
    for number, (one, other) in enumerate(zip(got, expected, strict=True)):
        name = call.names[number] if top and number < len(call.names) else f"item {number} of {where}"
        verdict = compare_values(one, other, call, name)
        if not verdict.ok:
            return verdict
    return RIGHT


def _numbers(got: np.ndarray, expected: np.ndarray, call: Call, where: str) -> Verdict:
    """Compare float64 arrays of one shape. NaN is right where NaN is expected, infinity where it is."""
    finite = np.isfinite(expected)
    largest = np.abs(expected[finite]).max(initial=0.0)
    error = np.where(finite, np.abs(got - expected), 0.0)
    bad = ~(error <= call.atol + call.rtol * np.abs(np.where(finite, expected, 0.0)) + ROUNDING * largest)
    bad |= ~finite & ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
    if not bad.any():
        return RIGHT
    if not bad.ndim:
        return _wrong("wrong values", f"{where} is {got:.6g}, expected {expected:.6g}")
    weight = np.where(bad, np.where(np.isfinite(got) & finite, error, np.inf), -1.0)
    place = tuple(int(i) for i in np.unravel_index(weight.argmax(), weight.shape))
    kind = "NaN or infinity" if not np.isfinite(got[place]) else "wrong values"
    count = f"{bad.sum()} of {bad.size} numbers {'is' if bad.sum() == 1 else 'are'} wrong"
    words = (f"{where}: {count}, the worst at {list(place)}: "
             f"yours is {got[place]:.6g}, expected {expected[place]:.6g}")  # fmt: skip
    clue = _clue(got, expected, largest)
    return _wrong(kind, f"{words} ({clue})" if clue else words)


def _clue(got: np.ndarray, expected: np.ndarray, largest: float) -> str:
    """Say what simple thing would make it right, if there is one: if most numbers agree then, and fewer do now."""
    if not (np.isfinite(got).all() and np.isfinite(expected).all()) or not largest:
        return ""
    filled = expected != 0

    def agreeing(array):
        return np.mean(np.abs(array - expected)[filled] <= NEAR * np.abs(expected[filled]))

    def same(array):
        near = array.shape == expected.shape and np.allclose(array, expected, rtol=NEAR, atol=NEAR * largest)
        return near and agreeing(array) > max(MOST, agreeing(got))

    if not got.any():
        return "yours is 0 everywhere"
    if got.size < 3:
        return ""
    factor = float(np.median(got[filled] / expected[filled]))
    if factor and same(got / factor):
        return "yours has the wrong sign" if abs(factor + 1) < 1e-3 else f"yours is {factor:.5g} times that everywhere"
    difference = float(np.median(got - expected))
    if same(got - difference):
        return f"yours is {difference:+.4g} everywhere"
    if got.ndim >= 2 and same(got.swapaxes(-1, -2)):
        return "yours has the last two axes exchanged"
    flipped = got.ndim >= 2 and same(got[..., ::-1, ::-1])
    return "yours is turned by 180 degrees" if flipped else ""


def _unchanged(call: Call, inputs_after) -> Verdict:
    args, kwargs = inputs_after
    after = dict(enumerate(args)) | dict(kwargs)
    before = dict(enumerate(call.args)) | (call.kwargs or {})
    for key, value in before.items():
        if key not in after or not _identical(after[key], value):
            known = isinstance(key, int) and key < len(call.parameters)
            name = call.parameters[key] if known else f"number {key + 1}" if isinstance(key, int) else key
            return _wrong("changed its input", f"your function changed its input {name}: work on a copy")
    return RIGHT


def _identical(one, other) -> bool:
    if isinstance(other, (tuple, list)):
        same = isinstance(one, (tuple, list)) and len(one) == len(other)
        return same and all(map(_identical, one, other))
    if isinstance(other, dict):
        same = isinstance(one, dict) and list(one) == list(other)
        return same and all(_identical(one[key], other[key]) for key in other)
    if isinstance(other, (np.ndarray, np.generic, int, float)):
        other = np.asarray(other)
        same = other.dtype.kind in "biuf" and shape_of(one) == other.shape
        return same and np.array_equal(np.asarray(one), other, equal_nan=True)
    return one is None if other is None else isinstance(one, str) and one == other
