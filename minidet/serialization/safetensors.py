"""Arrays in safetensors files: a header in JSON, then the bytes; nothing in them is ever executed.

Files are written beside their place, forced to the disk, and then renamed: whoever looks finds the old file or the new
one, never half of one.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
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
    data = read_file(path)
    try:
        entries = safetensors.deserialize(data)
    except Exception as error:
        raise ValueError(
            f"load_file: {os.fspath(path)} ({len(data)} bytes) is damaged or is not a safetensors file: {error}."
        ) from error
    return {name: _array(path, name, entry) for name, entry in entries}


def _array(path: str | os.PathLike, name: str, entry: dict) -> np.ndarray:
    """Return one entry of a file as an array."""
    kind = entry["dtype"]
    if kind == "BF16":
        upper = np.frombuffer(entry["data"], "<u2").astype(np.uint32)
        return (upper << np.uint32(16)).view(np.float32).reshape(entry["shape"])
    if kind not in DTYPES:
        expected = f"one of {', '.join(DTYPES)}, BF16"
        raise bad_argument("load_file", f"{name!r} in {os.fspath(path)}", f"has dtype {kind}", expected)
    return (
        np.frombuffer(entry["data"], DTYPES[kind])
        .reshape(entry["shape"])
        .astype(np.dtype(DTYPES[kind][1:]), copy=False)
    )


def read_file(path: str | os.PathLike) -> bytes:
    """Return the bytes of a file, or raise ``FileNotFoundError`` that says what the folder holds instead."""
    path = pathlib.Path(path)
    if not path.is_file():
        there = sorted(item.name for item in path.parent.iterdir()) if path.parent.is_dir() else None
        what = "is not there either" if there is None else "is empty" if not there else f"has {', '.join(there[:8])}"
        raise FileNotFoundError(f"there is no file {path}: the folder {what}.")
    return path.read_bytes()


def write_file(path: str | os.PathLike, data: bytes) -> None:
    """Replace a file in one step, or leave it as it was; when this returns, the data are on the disk."""
    path = pathlib.Path(path)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: pathlib.Path) -> None:
    """Force a rename to the disk, where the system has a way to."""
    if os.name == "posix":
        with contextlib.suppress(OSError):  # some network file systems refuse
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
