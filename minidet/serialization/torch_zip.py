"""PyTorch's ``.pth`` files without PyTorch: named tensors as arrays; nothing in the files is ever executed.

Since version 1.6, ``torch.save`` writes a zip archive, uncompressed::

    NAME/data.pkl    names, shapes, strides, and which storage each tensor lies in: a pickle, see torch_pickle.py
    NAME/data/0      the numbers of the first storage, and nothing else; then data/1, data/2, ...
    NAME/byteorder   "little"

What was written before, as some of torchvision's networks, is one stream: see torch_legacy.py.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import zipfile
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from ..errors import MOST_NUMBERS, bad_argument, shown
from .safetensors import find_file
from .torch_legacy import MAGIC, open_legacy
from .torch_pickle import MOST_BYTES, Record, Refused, Storage, kind_of, unpickle


def load_file(path: str | os.PathLike, key: str | None = None) -> dict[str, np.ndarray]:
    """Read the tensors of a file that ``torch.save(module.state_dict(), path)`` wrote.

    Tensors that share a storage share it here too, as in PyTorch. NumPy has no bfloat16: such tensors become float32,
    without loss.

    Parameters
    ----------
    path : path
        A ``.pth`` or ``.pt`` file.
    key : str, optional
        Which entry of a checkpoint ``{"epoch": 3, "state_dict": {...}, ...}`` to read. Without it, the file has to be
        a state dict as a whole; the error names the entries that are.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, was written where the most significant byte comes first, holds anything but dense
        tensors of floats, integers or booleans (beside them: numbers, text, lists and dicts of such), names a function
        or class of any other kind, or claims more numbers than it has.
    """
    if key is not None and not isinstance(key, str):
        raise bad_argument("load_file", "key", f"is {shown(key)}", "text or None", error=TypeError)
    try:
        path = find_file(path)
        file = path.open("rb")
    except OSError as error:
        raise type(error)(f"load_file: {error}") from error
    with file, contextlib.ExitStack() as stack:
        try:
            top, fetch = _open(file, stack)
            return _arrays(_choose(top, key), fetch)
        except Refused as error:
            why = f": {error.why}." if error.why else "."
            raise ValueError(f"load_file: {path} {error.was}, expected {error.expected}{why}") from error
        except MemoryError:  # it has no more numbers than the file has bytes
            raise
        except Exception as error:  # foreign code on foreign bytes: whatever zipfile raises, the file is why
            was = f"is damaged ({type(error).__name__}: {shown(str(error))})"
            raise ValueError(f"load_file: {path} {was}, expected what torch.save writes.") from error


def _open(file: BinaryIO, stack: contextlib.ExitStack) -> tuple[object, Callable[[Storage], bytes]]:
    """Return what a file holds, and a function that gives the bytes of a storage."""
    start, length = file.read(512), os.fstat(file.fileno()).st_size
    file.seek(0)
    if MAGIC.match(start):
        return open_legacy(file, length)
    if start[257:262] == b"ustar":
        raise Refused("is a tar archive, of a PyTorch from before 2017", why="save it again with a later PyTorch")
    if not start.startswith(b"PK"):
        raise Refused(f"begins with {start[:12]!r}", "a file that torch.save wrote: a zip archive",
                      "safetensors files are read by minidet.serialization.load_file")  # fmt: skip
    return _open_zip(stack.enter_context(zipfile.ZipFile(file)), length)


def _open_zip(archive: zipfile.ZipFile, length: int) -> tuple[object, Callable[[Storage], bytes]]:
    entries = {info.filename: info for info in archive.infolist()}
    roots = [name.removesuffix("data.pkl") for name in entries if re.fullmatch(r"[^/]*/data\.pkl", name)]
    if len(roots) != 1:
        raise Refused(f"has {len(roots)} entries NAME/data.pkl", "one", "another program's zip archive?")
    if len(entries) != len(archive.infolist()) or sum(info.file_size for info in entries.values()) > length:
        raise Refused("has entries that lie over one another", "one after the other")

    def read(name: str) -> bytes:
        info = entries.get(roots[0] + name)
        if info is None:
            raise Refused(f"has no entry {shown(roots[0] + name)}", "one for every storage")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise Refused(
                f"has a compressed entry {shown(info.filename)}", "an uncompressed one", "torch.save compresses none"
            )
        return archive.read(info)

    if roots[0] + "byteorder" in entries and read("byteorder") != b"little":
        raise Refused("has numbers with the most significant byte first", "last: as every common processor writes them")
    if entries[roots[0] + "data.pkl"].file_size > MOST_BYTES:
        raise Refused(f"has more than {MOST_BYTES} bytes of names and shapes", "fewer")
    return unpickle(io.BytesIO(read("data.pkl")))[0], lambda storage: read(f"data/{storage.key}")


def _choose(top, key: str | None) -> dict[str, Record]:
    """Return the state dict that is meant, the only one that is looked at any further."""
    if type(top) is not dict:
        raise Refused(f"holds {kind_of(top)}", "a dict of names and tensors", "torch.save(module.state_dict())")
    chosen = top if key is None else top.get(key)
    if type(chosen) is dict and (key is not None or _is_state_dict(top)) and _is_state_dict(chosen):
        return chosen
    inside = [name for name, value in top.items() if isinstance(name, str) and value and _is_state_dict(value)]
    expected = f"key to be one of {', '.join(map(repr, inside[:8]))}" if inside else "names and tensors"
    names = ", ".join(map(shown, list(top)[:8])) + (", ..." if len(top) > 8 else "")
    raise Refused(f"holds {names or 'nothing'}", expected, f"key is {shown(key)}")


def _is_state_dict(value) -> bool:
    return type(value) is dict and all(
        isinstance(name, str) and isinstance(item, Record) for name, item in value.items()
    )


def _arrays(records: dict[str, Record], fetch: Callable[[Storage], bytes]) -> dict[str, np.ndarray]:
    flat, arrays = {}, {}
    for name, record in records.items():
        _check_inside(name, record)
        key = record.storage.key
        if key not in flat:
            flat[key] = _numbers(record.storage, fetch(record.storage))
        some = math.prod(record.size) > 0
        numbers = flat[key][record.offset :] if some else flat[key][:0]
        steps = zip(record.size, record.stride, strict=True)
        strides = [stride * numbers.itemsize if some and size > 1 else 0 for size, stride in steps]
        arrays[name] = np.lib.stride_tricks.as_strided(numbers, record.size, strides)
    return arrays


def _check_inside(name: str, record: Record) -> None:
    """Raise unless every number of a tensor lies in its storage, and none is claimed that the file has not."""
    last = record.offset + sum((size - 1) * stride for size, stride in zip(record.size, record.stride, strict=True))
    count = math.prod(record.size)
    was = f"has a tensor {shown(name)} of size {record.size}, stride {record.stride}, offset {record.offset}"
    if math.prod(size or 1 for size in record.size) > MOST_NUMBERS:
        raise Refused(was, f"at most {MOST_NUMBERS:,} numbers")
    if count and (last >= record.storage.numel or count > record.storage.numel):
        raise Refused(was, f"a tensor within its storage of {record.storage.numel} numbers")


def _numbers(storage: Storage, data: bytes) -> np.ndarray:
    """Return a storage as a flat array of its own memory."""
    kind = storage.kind
    dtype = np.dtype("<u2" if kind == "bfloat16" else kind)
    if len(data) != storage.nbytes:
        raise Refused(f"has {len(data)} bytes in storage {shown(storage.key)}",
                      f"{storage.numel} numbers of {dtype.itemsize} bytes")  # fmt: skip
    if kind == "bfloat16":  # the upper half of a float32
        return (np.frombuffer(data, dtype).astype(np.uint32) << np.uint32(16)).view(np.float32)
    if kind == "|b1":
        return np.frombuffer(data, np.uint8) != 0
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))
