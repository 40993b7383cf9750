"""What ``torch.save`` wrote before version 1.6, from 2017 to 2020: one stream, as torchvision's MobileNetV2 still is.

::

    a magic number, the version 1001, a dict of the machine    three pickles
    the object                                                 a pickle: names, shapes, strides, storages
    the names of the storages                                  a pickle: a list
    for each: how many numbers (64 bits), then the numbers
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import BinaryIO

from ..errors import shown
from .torch_pickle import MOST_BYTES, Refused, Storage, unpickle

#: The first pickle: PyTorch's magic number.
MAGIC = re.compile(rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL)
_VERSION = 1001


def open_legacy(file: BinaryIO, length: int) -> tuple[object, Callable[[Storage], bytes]]:
    """Return what such a file holds, and a function that gives the bytes of a storage.

    Raises
    ------
    Refused
        If it is damaged, or holds anything but tensors, dicts, numbers and text.
    """
    start = file.read(3 * MOST_BYTES)
    head = io.BytesIO(start)
    head.seek(MAGIC.match(start).end())
    (version, _), (machine, _) = unpickle(head), unpickle(head)
    if type(version) is not int or version != _VERSION or not isinstance(machine, dict):
        raise Refused("has another version", str(_VERSION))
    if machine.get("little_endian") is not True:
        raise Refused("has numbers with the most significant byte first", "last: as every common processor writes them")
    (top, storages), (keys, _) = unpickle(head), unpickle(head)
    texts = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not texts or sorted(keys) != sorted(storages):
        raise Refused("has a list of other storages than its tensors have", "the same")
    places, at = {}, head.tell()
    for key in keys:
        places[key] = at + 8
        file.seek(at)
        if file.read(8) != struct.pack("<q", storages[key].numel):
            raise Refused(f"is damaged: storage {shown(key)} is not where it should be, or has another length")
        at += 8 + storages[key].nbytes
    if at > length:
        raise Refused(f"has {length} bytes", f"{at}", "its end is missing")

    def fetch(storage: Storage) -> bytes:
        file.seek(places[storage.key])
        return file.read(storage.nbytes)

    return top, fetch
