"""Arrays in safetensors files: a header in JSON, then the bytes; nothing in them is ever executed.

Files are written beside their place, forced to the disk, and then renamed: whoever looks finds the old file or the new
one, never half of one.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
import uuid

import numpy as np
import safetensors
import safetensors.numpy

from ..autograd.tensor import Tensor
from ..errors import bad_argument

#: The format's names of what NumPy knows too, least significant byte first.
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "|?", "C64": "<c8"}  # fmt: skip


def save_file(tensors: dict, path: str | os.PathLike, metadata: dict[str, str] | None = None) -> None:
    """Write named tensors to ``path``, replacing what is there in one step.

    Parameters
    ----------
    tensors : dict of str to Tensor or ndarray
        As ``module.state_dict()`` gives them.
    path : path
    metadata : dict of str to str, optional
        Text for the header.
    """
    if not isinstance(tensors, dict):
        expected = "a dict of Tensors or ndarrays"
        raise bad_argument("save_file", "tensors", f"is a {type(tensors).__name__}", expected, error=TypeError)
    arrays = {}
    for name, tensor in tensors.items():
        array = tensor._array if isinstance(tensor, Tensor) else tensor
        if not isinstance(name, str) or name == "__metadata__" or not isinstance(array, (np.ndarray, np.generic)):
            was = f"has an entry {name!r} that is a {type(tensor).__name__}"
            expected = "names other than '__metadata__', and Tensors or ndarrays"
            raise bad_argument("save_file", "tensors", was, expected, error=TypeError)
        if array.dtype.newbyteorder("<") not in map(np.dtype, DTYPES.values()):
            expected = f"one of {', '.join(DTYPES)}"
            raise bad_argument("save_file", f"tensors[{name!r}]", f"has dtype {array.dtype}", expected, error=TypeError)
        arrays[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(np.shape(array))
    try:
        data = safetensors.numpy.save(arrays, metadata)
    except Exception as error:
        was = f"are {list(arrays)[:8]} and {metadata!r}"
        raise bad_argument("save_file", "names and metadata", was, "text, and a dict of text", str(error)) from error
    write_file(path, data)


def load_file(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the arrays of a safetensors file.

    NumPy has no bfloat16: such arrays become float32, without loss (a bfloat16 is the upper half of a float32).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is not in this format, or holds numbers that NumPy does not know, of 8 bits or fewer.
    """
    try:
        data = read_file(path)
    except OSError as error:
        raise type(error)(f"load_file: {error}") from error
    try:
        entries = dict(safetensors.deserialize(data))
        unknown = [name for name, entry in entries.items() if entry["dtype"] not in (*DTYPES, "BF16")]
        if not unknown:
            return {name: _array(entry) for name, entry in entries.items()}
    except Exception as error:  # foreign code on foreign bytes: whatever it raises, the file is why
        raise ValueError(
            f"load_file: {os.fspath(path)} ({len(data)} bytes) is damaged or is not a safetensors file, expected what "
            f"save_file wrote: {error}; copy it again from where it was whole."
        ) from error
    was, expected = f"has dtype {entries[unknown[0]]['dtype']}", f"one of {', '.join(DTYPES)}, BF16"
    raise bad_argument("load_file", f"{unknown[0]!r} in {os.fspath(path)}", was, expected)


def _array(entry: dict) -> np.ndarray:
    """Return one entry of a file as an array."""
    kind, shape = entry["dtype"], entry["shape"]
    if kind == "BF16":
        upper = np.frombuffer(entry["data"], "<u2").astype(np.uint32)
        return (upper << np.uint32(16)).view(np.float32).reshape(shape)
    array = np.frombuffer(entry["data"], DTYPES[kind]).reshape(shape)
    return array.astype(np.dtype(DTYPES[kind][1:]), copy=False)


def find_file(path: str | os.PathLike) -> pathlib.Path:
    """Return the path of a file that is there, or raise ``FileNotFoundError`` that says what the folder holds."""
    path = _checked("read_file", path)
    if not path.is_file():
        there = sorted(item.name for item in path.parent.iterdir()) if path.parent.is_dir() else None
        what = "is not there either" if there is None else "is empty" if not there else f"has {', '.join(there[:8])}"
        raise FileNotFoundError(f"there is no file {path}: the folder {what}.")
    return path


def read_file(path: str | os.PathLike, limit: int | None = None) -> bytes:
    """Return the bytes of a file, or raise ``FileNotFoundError`` that says what the folder holds instead.

    A file of more than ``limit`` bytes is not read: ``ValueError``.
    """
    path = find_file(path)
    if limit is not None and path.stat().st_size > limit:
        raise bad_argument("read_file", "path", f"{path} has {path.stat().st_size} bytes", f"at most {limit}")
    return _patiently(path.read_bytes)


def write_file(path: str | os.PathLike, data: bytes) -> None:
    """Replace a file in one step, or leave it as it was; when this returns, the data are on the disk."""
    path = _checked("write_file", path)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _patiently(lambda: os.replace(beside, path))
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            was = f"{path} cannot be written"
            why = f"{error.strerror or error}; nothing has been changed"
            raise bad_argument("write_file", "path", was, "a place with room for it", why, type(error)) from error
        raise
    _sync_folder(path.parent)


def _checked(op: str, path) -> pathlib.Path:
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fspath(path):
        raise bad_argument(op, "path", f"is {path!r}", "the path of a file", error=TypeError)
    return pathlib.Path(path)


def _patiently(action):
    """Return ``action()``; on Windows, wait a little while somebody else has the file open."""
    for _ in range(100 if os.name == "nt" else 0):
        try:
            return action()
        except PermissionError:
            time.sleep(0.02)
    return action()


def _sync_folder(folder: pathlib.Path) -> None:
    """Force a rename to the disk, where the system has a way to."""
    if os.name == "posix":
        with contextlib.suppress(OSError):  # some network file systems refuse
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
