"""What goes over the pipes between the grader and a worker: JSON and npy in frames, never pickle.

A frame is 8 bytes (the lengths of its two halves, big-endian), a JSON object, and arrays as npy files, one after
another. Both sides use this file; inside the sandbox it stands alone, so it imports nothing of minidet. The grader does
not trust what it decodes: every length, type, depth and count is checked, and what is wrong raises :class:`Malformed`.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct

import numpy as np

HEAD = struct.Struct(">II")
#: The JSON half of a frame: 2 million lists fit in so many bytes, which Python needs 200 MB for.
JSON_BYTES = 4_000_000
#: Lists in lists, and so on.
DEPTH = 32
#: Entries of one dict: with keys chosen to collide, a dict takes time in proportion to their square.
ENTRIES = 1000
#: Entries of a tuple that is a key of a dict.
KEY = 8
#: Axes of an array, and the digits of an axis' length.
AXES, DIGITS = 16, 10
#: Of an array's axes, multiplied: numbers that NumPy can still count, even where one axis is 0.
POSITIONS = 2**40
#: The header of an npy file as NumPy writes it. NumPy's own reader evaluates it as Python, which is too much trust.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|][biufc][0-9]{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9, ]{0,200})\), \} *\n",
    re.DOTALL,
)
TOO_MUCH = "more data than can be sent: large results have to be arrays, not lists"
DTYPE = re.compile(r"[<>|=]?[biufc][0-9]{1,2}")


class Malformed(ValueError):
    """Bytes that no honest worker writes, or a value that cannot be sent; the message says why."""


def pack(message: dict, limit: int) -> bytes:
    """Return a frame with ``message``: a dict whose values are data. Raise :class:`Malformed` if it is larger."""
    payloads: list[bytes] = []
    used = [0, limit]
    body = {key: _encode(value, payloads, used, 0) for key, value in message.items()}
    text = json.dumps(body, separators=(",", ":")).encode("ascii")
    size = sum(map(len, payloads))
    if len(text) > JSON_BYTES or len(text) + size > limit:
        raise Malformed(TOO_MUCH)
    return b"".join([HEAD.pack(len(text), size), text, *payloads])


def lengths(head: bytes, limit: int) -> tuple[int, int]:
    """Return the lengths of a frame's halves from its first 8 bytes; raise before anything too large is read."""
    text, size = HEAD.unpack(head)
    if text > JSON_BYTES or text + size > limit:
        raise Malformed(f"a frame of {text} + {size} bytes")
    return text, size


def unpack(text: bytes, payload: bytes) -> dict:
    """Return the message in the two halves of a frame, or raise :class:`Malformed`, and nothing else."""
    try:
        body = json.loads(text)
        if type(body) is not dict or len(body) > ENTRIES:
            raise Malformed("no object")
        arrays = dict(enumerate(_arrays(payload)))
        return {_text(key): _decode(value, arrays, 0) for key, value in body.items()}
    except Malformed:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, MemoryError) as error:
        raise Malformed(f"{type(error).__name__}: {error}"[:200]) from None


def _encode(value, payloads: list[bytes], used: list[int], depth: int):
    """Return ``value`` in the types of JSON; arrays go to ``payloads``. ``used``: values so far, bytes left."""
    used[0] += 1
    if depth > DEPTH or used[0] > JSON_BYTES // 2:
        raise Malformed("too many values in one another: large results have to be arrays, not lists")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, np.generic):
        return _encode_scalar(value)
    if isinstance(value, np.ndarray):
        return {"array": _append_array(value, payloads, used)}
    if isinstance(value, str):
        used[1] -= len(value)
        if used[1] < 0 or len(value) > JSON_BYTES:
            raise Malformed(TOO_MUCH)
        return str(value)
    if isinstance(value, int):
        return _whole(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, (tuple, list)):
        items = [_encode(item, payloads, used, depth + 1) for item in value]
        return {"tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        if len(value) > ENTRIES:
            raise Malformed(f"a dict of more than {ENTRIES} entries")
        pairs = [[_encode(_key(key), payloads, used, depth + 1), _encode(item, payloads, used, depth + 1)]
                 for key, item in value.items()]  # fmt: skip
        return {"dict": pairs}
    raise Malformed(
        f"a {type(value).__name__}: only arrays, numbers, strings, None, tuples, lists and dicts can be sent"
    )


def _encode_scalar(value: np.generic):
    if value.dtype.kind == "U":
        return str(value)
    if value.dtype.kind not in "biufc":
        raise Malformed(f"a NumPy scalar of dtype {value.dtype}")
    plain = value.item() if value.dtype.itemsize <= 8 or value.dtype.kind == "c" else float(value)
    plain = complex(plain) if value.dtype.kind == "c" else plain
    return {"scalar": [value.dtype.str, [plain.real, plain.imag] if value.dtype.kind == "c" else plain]}


def _append_array(value: np.ndarray, payloads: list[bytes], used: list[int]) -> int:
    array = np.array(value, copy=None, subok=False)  # of a subclass, only its numbers
    if array.dtype.kind not in "biufc":
        raise Malformed(f"an array of dtype {array.dtype}: only arrays of numbers can be sent")
    if array.ndim > AXES:
        raise Malformed(f"an array of {array.ndim} axes")
    used[1] -= array.nbytes  # before it is written: of a broadcast view that may be far more than it has
    if used[1] < 0:
        raise Malformed(TOO_MUCH)
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    payloads.append(file.getvalue())
    return len(payloads) - 1


def _arrays(payload: bytes) -> list[np.ndarray]:
    """Return the npy files in ``payload``. An array is as large as its bytes, whatever its header says."""
    arrays, at = [], 0
    while at < len(payload):
        match = NPY.match(payload, at, at + 1024)
        if match is None or struct.unpack("<H", match[1])[0] != match.end() - at - 10:
            raise Malformed("an array that is not in npy format 1.0")
        dtype, shape = np.dtype(match[2].decode()), _shape(match[4].decode())
        start = match.end()
        size = math.prod(shape) * dtype.itemsize
        if size > len(payload) - start:
            raise Malformed("an array with fewer bytes than its shape says")
        flat = np.frombuffer(payload, dtype, math.prod(shape), start) if size else np.empty(0, dtype)
        arrays.append(flat.reshape(shape, order="F" if match[3] == b"True" else "C").copy(order="K"))
        at = start + size
    return arrays


def _shape(text: str) -> tuple[int, ...]:
    axes = [axis.strip() for axis in text.split(",")]
    if axes[-1] == "":
        axes.pop()
    if len(axes) > AXES or any(not 0 < len(axis) <= DIGITS for axis in axes):
        raise Malformed("a shape of too many axes, or too long ones")
    shape = tuple(map(int, axes))
    if math.prod(max(axis, 1) for axis in shape) > POSITIONS:
        raise Malformed("a shape that is too large")
    return shape


def _decode(value, arrays: dict[int, np.ndarray], depth: int):
    """Return the value that :func:`_encode` was given, of plain types throughout."""
    if depth > DEPTH:
        raise Malformed("too many values in one another")
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int:
        return _whole(value)
    if type(value) is str:
        return _text(value)
    if type(value) is list:
        return [_decode(item, arrays, depth + 1) for item in value]
    if len(value) != 1:
        raise Malformed("an object that is not one of ours")
    ((tag, content),) = value.items()
    if tag == "array" and type(content) is int:
        return arrays.pop(content)  # only once: a list of a million times the same array would be no small value
    if tag == "tuple" and type(content) is list:
        return tuple(_decode(item, arrays, depth + 1) for item in content)
    if tag == "complex" and _pair(content):
        return complex(*content)
    if tag == "dict" and type(content) is list and len(content) <= ENTRIES:
        return dict([_entry(item, arrays, depth + 1) for item in content])
    if tag == "scalar" and type(content) is list and len(content) == 2:
        return _decode_scalar(*content)
    raise Malformed("an object that is not one of ours")


def _entry(item, arrays: dict[int, np.ndarray], depth: int) -> tuple:
    if type(item) is not list or len(item) != 2:
        raise Malformed("a dict with an entry that is no pair")
    return _key(_decode(item[0], arrays, depth)), _decode(item[1], arrays, depth)


def _key(key):
    """Return a dict's key, a number of NumPy's as Python's. Long tuples may collide, and compare slowly."""
    parts = key if type(key) is tuple and len(key) <= KEY else (key,)
    plain = [part.item() if isinstance(part, (np.bool_, np.integer, np.floating)) else part for part in parts]
    if any(not isinstance(part, (str, int, float, type(None))) for part in plain):
        raise Malformed("a dict with a key that is neither a string nor a number, nor a few of them")
    return tuple(plain) if parts is key else plain[0]


def _decode_scalar(name, number):
    if type(name) is not str or not DTYPE.fullmatch(name):
        raise Malformed("a scalar of unknown type")
    dtype = np.dtype(name)
    if dtype.kind == "c":
        if not _pair(number):
            raise Malformed("a complex number without two parts")
        return dtype.type(complex(*number))
    allowed = {"b": (bool,), "f": (float, int)}.get(dtype.kind, (int,))
    if type(number) not in allowed:
        raise Malformed("a scalar that is no number of its type")
    with np.errstate(all="ignore"):
        return dtype.type(number)


def _pair(content) -> bool:
    return type(content) is list and len(content) == 2 and all(type(part) in (float, int) for part in content)


def _whole(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise Malformed("an integer of more than 64 bits")
    return value


def _text(value: str) -> str:
    """Return a string that can be written as UTF-8: JSON may hold half a character."""
    return value.encode("utf-8", "replace").decode("utf-8")
