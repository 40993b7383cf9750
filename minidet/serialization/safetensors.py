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
    arrays = {}
    for name, tensor in tensors.items():
        array = tensor._array if isinstance(tensor, Tensor) else tensor
        if not isinstance(name, str) or not isinstance(array, (np.ndarray, np.generic)):
            was = f"has an entry {name!r} that is a {type(tensor).__name__}"
            raise bad_argument("save_file", "tensors", was, "names and Tensors or ndarrays", error=TypeError)
        arrays[name] = np.ascontiguousarray(array).reshape(np.shape(array))
    write_file(path, safetensors.numpy.save(arrays, metadata))


def load_file(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the arrays of a safetensors file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is not in this format.
    """
    try:
        return safetensors.numpy.load(read_file(path))
    except safetensors.SafetensorError as error:
        size = os.path.getsize(path)
        raise ValueError(
            f"load_file: {os.fspath(path)} ({size} bytes) is damaged or is not a safetensors file: {error}."
        ) from error


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
