"""JSON that every reader accepts: NaN and infinities are written as ``{"float": "nan"}``, and come back as floats."""

from __future__ import annotations

import json
import math
import numbers

import numpy as np

from ..errors import bad_argument


def dumps(value) -> str:
    """Return ``value`` as JSON text.

    Takes None, booleans, numbers (NumPy's too), strings, lists, tuples and arrays (which come back as lists), and dicts
    with strings as keys. Floats come back bit for bit.
    """
    try:
        return json.dumps(_plain(value, "value"), indent=1, allow_nan=False)
    except (RecursionError, UnicodeError, OverflowError) as error:
        raise bad_argument("dumps", "value", "is nested too deeply or within itself, or has an impossible number",
                           "what JSON can hold", error=ValueError) from error  # fmt: skip


def loads(text: str | bytes):
    """Return what :func:`dumps` was given.

    Raises
    ------
    ValueError
        The text is not JSON, or is nested more deeply than anything that is meant.
    """
    if not isinstance(text, (str, bytes, bytearray)):
        raise bad_argument("loads", "text", f"is a {type(text).__name__}", "str or bytes", error=TypeError)
    try:
        return json.loads(text, object_hook=_float)
    except RecursionError as error:
        raise bad_argument("loads", "text", "is nested too deeply", "JSON as dumps writes it") from error
    except ValueError as error:  # also bytes that are no text, and integers of thousands of digits
        raise bad_argument("loads", "text", "is not JSON", "what dumps wrote", str(error)) from error


def _plain(value, where: str):
    """Return ``value`` in the types of JSON, NaN as ``{"float": "nan"}``; ``where`` is its place, for the error."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise bad_argument("dumps", where, f"has a key {key!r}", "strings as keys", error=TypeError)
        return {key: _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise bad_argument(
        "dumps", where, f"is a {type(value).__name__}", "numbers, strings, lists, dicts", error=TypeError
    )


def _float(entries: dict):
    if entries.keys() == {"float"} and entries["float"] in ("nan", "inf", "-inf"):
        return float(entries["float"])
    return entries
