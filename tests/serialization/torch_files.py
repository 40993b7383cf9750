"""PyTorch's files put together byte by byte, without PyTorch and without ``pickle``: true ones, and hostile ones."""

import io
import struct
import zipfile

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def text(words: str) -> bytes:
    return b"X" + struct.pack("<I", len(words.encode())) + words.encode()


def whole(number: int) -> bytes:
    return b"\x8a\x09" + number.to_bytes(9, "little", signed=True)


def name(module: str, what: str) -> bytes:
    return f"c{module}\n{what}\n".encode()


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def wholes(*numbers: int) -> bytes:
    return tuple_of(*map(whole, numbers))


def dict_of(entries: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + tuple_of(*arguments) + b"R"


ORDERED = call(name("collections", "OrderedDict"))


def storage(kind="FloatStorage", key="0", numel=6, module="torch", end=b"") -> bytes:
    words = (text("storage"), name(module, kind), text(key), text("cpu"), whole(numel))
    return tuple_of(*words, *([end] if end else [])) + b"Q"


def tensor(at: bytes, size=(2, 3), stride=(3, 1), offset=0, metadata=b"") -> bytes:
    """One tensor, as ``torch._utils._rebuild_tensor_v2`` is to make it."""
    arguments = (at, whole(offset), wholes(*size), wholes(*stride), b"\x89", ORDERED)
    return call(name("torch._utils", "_rebuild_tensor_v2"), *arguments, *([metadata] if metadata else []))


def pickled(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def archived(body: bytes, storages: dict[str, bytes], compression=zipfile.ZIP_STORED, **others: bytes) -> bytes:
    """Return a whole file of PyTorch 1.6 and later: ``body`` makes the object on the pickle machine's stack."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickled(body))
        for entry, content in {"byteorder": b"little", "version": b"3\n", **others}.items():
            archive.writestr(f"net/{entry}", content)
        for key, content in storages.items():
            archive.writestr(f"net/data/{key}", content)
    return made.getvalue()


def streamed(body: bytes, storages: dict[str, tuple[int, bytes]], version=1001, little=b"\x88") -> bytes:
    """Return a whole file of PyTorch before 1.6; of each storage the count of numbers, and the numbers."""
    machine = dict_of({"protocol_version": whole(1001), "little_endian": little})
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    contents = b"".join(struct.pack("<q", count) + numbers for count, numbers in storages.values())
    return MAGIC + pickled(whole(version)) + pickled(machine) + pickled(body) + pickled(keys) + contents
