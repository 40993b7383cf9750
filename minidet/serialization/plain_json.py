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
    return json.dumps(_plain(value, "value"), indent=1, allow_nan=False)


def loads(text: str | bytes):
    """Return what :func:`dumps` was given."""
    return json.loads(text, object_hook=_float)


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
