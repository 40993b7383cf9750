"""Functions that a reader writes in a notebook: checked at once, in the words of the assignments' checks."""

from __future__ import annotations

import inspect
import os
import textwrap
from copy import deepcopy

from ...errors import bad_argument
from ..assignments.assignment import Call
from ..scoring.compare import compare

NOT_WRITTEN = "not written yet"
#: Set by those who run a notebook with the solutions in: a blank that is wrong, or empty, is an error.
STRICT = "MINIDET_BLANKS"


def check_blank(function, *cases, hint: str = "", rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Call a function that a reader wrote, and print whether its results are right, and if not, what is wrong.

    Parameters
    ----------
    function : callable
        As long as it raises ``NotImplementedError``, nothing is wrong: it is not written yet.
    *cases : (args, expected) or (args, expected, text)
        The arguments (a tuple), the right result (numbers, arrays, and tuples, lists and dicts of them), and what this
        case is about: ``"a window at the border"``.
    hint : str
        What to think of if a result is wrong; not the answer.
    rtol, atol : float
        Errors allowed, relative to the expected number and absolute.

    Raises
    ------
    AssertionError
        With ``MINIDET_BLANKS=1`` in the environment: if not all is right.
    """
    if not callable(function):
        raise bad_argument("check_blank", "function", f"is a {type(function).__name__}", "a function", error=TypeError)
    if not cases:
        raise bad_argument("check_blank", "cases", "are none", "at least one")
    name = function.__name__
    found = ((case, _wrong(function, *case[:2], rtol, atol)) for case in cases)
    (args, _, *text), words = next((pair for pair in found if pair[1]), (cases[0], ""))
    if words == NOT_WRITTEN:
        print(f"{name}: {NOT_WRITTEN}")
    elif words:
        lines = [f"{name}({_shapes(function, args)})" + (f": {text[0]}" if text else ""), words]
        lines += [f"Hint: {hint}"] if hint else []
        print(f"{name}: not right yet", *(textwrap.indent(textwrap.fill(line, 90), "  ") for line in lines), sep="\n")
    else:
        print(f"{name}: passed ({len(cases)} of {len(cases)})")
    if words and os.environ.get(STRICT, "0") not in ("", "0"):
        raise AssertionError(f"{name}: {words}")


def _wrong(function, args: tuple, expected, rtol: float, atol: float) -> str:
    """Return what is wrong with one result, or an empty string."""
    call = Call(function.__name__, args, rtol=rtol, atol=atol, expected=expected, parameters=_parameters(function))
    given = deepcopy(list(args))
    try:
        value = function(*given)
    except NotImplementedError:
        return NOT_WRITTEN
    except Exception as error:  # noqa: BLE001 -- whatever it raises is what its writer has to know
        return f"it raised {type(error).__name__}: {error}"
    return compare(value, call, expected, (given, {})).words


def _parameters(function) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _shapes(function, args: tuple) -> str:
    """Write arguments with shapes in the place of arrays."""
    names = _parameters(function)
    words = []
    for number, value in enumerate(args):
        shape = getattr(value, "shape", None)
        name = names[number] if number < len(names) else f"argument {number + 1}"
        words.append(f"{name} {' x '.join(map(str, shape))}" if shape else f"{name}={value!r:.40}")
    return ", ".join(words)
