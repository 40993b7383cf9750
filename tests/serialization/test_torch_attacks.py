"""Hostile and damaged ``.pth`` files: one kind of error, which names the file; nothing executed, little memory."""

import io
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from minidet.serialization import torch_pickle, torch_zip
from tests.serialization import torch_files as files
from tests.serialization.torch_files import (
    ORDERED,
    archived,
    call,
    dict_of,
    name,
    pickled,
    storage,
    streamed,
    tensor,
    text,
    tuple_of,
    whole,
    wholes,
)  # fmt: skip

SIX = np.arange(6, dtype=np.float32).tobytes()
ONE = {"0": SIX}
GOOD = dict_of({"w": tensor(storage())})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


def refusal(path, content) -> str | None:
    """Return what is said against a file, or None; no other kind of error may come out, nor much memory be taken."""
    path.write_bytes(content)
    said = None
    tracemalloc.start()
    try:
        torch_zip.load_file(path)
    except ValueError as error:
        said = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6 + 300 * len(content)
    assert said is None or (said.startswith(f"load_file: {path} ") and ", expected " in said and len(said) < 600)
    return said


# programs --------------------------------------------------------------------------------------------------------

SYSTEM = name("posix", "system")
PROGRAMS = {
    "os.system": call(SYSTEM, text("touch {}")),
    "builtins.exec": call(name("builtins", "exec"), text("open({!r}, 'w')")),
    "os.system, named on the stack": b"\x8c\x05posix\x8c\x06system\x93" + files.tuple_of(text("touch {}")) + b"R",
    "getattr": call(name("builtins", "getattr"), name("collections", "OrderedDict"), text("__class__")),
    "a path through a known name": call(name("collections", "OrderedDict.__class__"), text("x")),
    "a path through torch": call(name("torch", "_utils.sys.modules"), text("x")),
    "a class beside a known one": call(name("collections", "defaultdict"), name("builtins", "list")),
    "torch.load": call(name("torch", "load"), text("x")),
    "PyTorch's own module": call(name("torch.nn.modules.linear", "Linear"), whole(3), whole(3)),
    "an instance (INST)": b"(" + text("touch {}") + b"iposix\nsystem\n",
    "an object (OBJ)": b"(" + SYSTEM + text("touch {}") + b"o",
    "__new__ (NEWOBJ)": name("collections", "OrderedDict") + b")\x81",
    "__new__ (NEWOBJ_EX)": name("collections", "OrderedDict") + b")}\x92",
    "a known name's state": name("torch._utils", "_rebuild_tensor_v2") + dict_of({"__defaults__": b")"}) + b"b",
    "an extension code": b"\x82\x01)R",
    "a sparse tensor": call(name("torch._utils", "_rebuild_sparse_tensor"), whole(0)),
    "a quantised tensor": call(name("torch._utils", "_rebuild_qtensor"), storage("QUInt8Storage")),
    "a class as an entry": name("torch", "FloatStorage"),
    "a call of a storage": call(name("torch", "FloatStorage"), whole(2**40)),
    "a call of a number": whole(3) + b")R",
    "a call without a tuple": name("collections", "OrderedDict") + b"]R",
    "a call with too many arguments": call(name("collections", "OrderedDict"), b"]", b"]"),
    "bytes for a buffer": b"\x97",
    "protocol 0": b"I3\n",
    "a persistent name of protocol 0": b"Pstorage\n",
}


@pytest.mark.parametrize("what", PROGRAMS)
@pytest.mark.parametrize("where", ["the file", "an entry", "a stream", "a stream's list"])
def test_nothing_is_executed(path, what, where):
    mark = path.with_name("mark")
    body = PROGRAMS[what].replace(b"{!r}", repr(str(mark)).encode()).replace(b"{}", str(mark).encode())
    if b"{" in PROGRAMS[what]:  # the length of the text has changed
        for command in (f"touch {mark}", f"open({str(mark)!r}, 'w')"):
            at = body.find(command.encode())
            if at >= 0:
                body = body[: at - 4] + struct.pack("<I", len(command)) + body[at:]
    entry = dict_of({"w": tensor(storage()), "x": body})
    content = {
        "the file": archived(body, ONE),
        "an entry": archived(entry, ONE),
        "a stream": streamed(body, {}),
        "a stream's list": streamed(b"}", {}).replace(b"](e.", b"](" + body + b"e."),
    }[where]
    assert refusal(path, content)
    assert not mark.exists()


def test_the_programs_above_are_programs(path):
    """Python's own reader executes them: the tests above do not pass for a wrong spelling."""
    mark = path.with_name("mark")
    pickle.loads(pickled(call(SYSTEM, text(f"touch {mark}"))))
    assert mark.exists()
    mark.unlink()
    pickle.loads(pickled(call(name("builtins", "exec"), text(f"open({str(mark)!r}, 'w').close()"))))
    assert mark.exists()


# false claims ----------------------------------------------------------------------------------------------------

CLAIMS = {
    "beyond the end": (tensor(storage(), (2, 3), (3, 1), 1), "within its storage of 6 numbers"),
    "a stride beyond the end": (tensor(storage(), (2, 3), (4, 1)), "within its storage of 6 numbers"),
    "a negative offset": (tensor(storage(), (1,), (1,), -1), "no negative number"),
    "a negative stride": (tensor(storage(), (2,), (-1,), 3), "no negative number"),
    "a negative size": (tensor(storage(), (-2, -3), (3, 1)), "no negative number"),
    "fewer strides": (tensor(storage(), (2, 3), (1,)), "as many strides as sizes"),
    "a thousand axes": (tensor(storage(), (1,) * 1000, (1,) * 1000), "at most 32 integers"),
    "a bomb of stride 0": (tensor(storage(), (2**10, 2**10), (0, 0)), "within its storage of 6 numbers"),
    "a small bomb of stride 0": (tensor(storage(), (7,), (0,)), "within its storage of 6 numbers"),
    "more than memory has": (tensor(storage(), (0, 2**62), (0, 0)), "at most 68,719,476,736 numbers"),
    "numbers past 64 bits": (tensor(storage(), (2**62, 2**62), (2**62, 1)), "at most 68,719,476,736 numbers"),
    "an integer of 65 bits": (whole(2**64), "one that fits"),
    "a storage longer than its entry": (tensor(storage(numel=7)), "7 numbers of 4 bytes"),
    "a storage shorter than its entry": (tensor(storage(numel=5), (5,), (1,)), "5 numbers of 4 bytes"),
    "a storage of 2^60 numbers": (tensor(storage(numel=2**60)), "1152921504606846976 numbers of 4 bytes"),
    "a storage of -6 numbers": (tensor(storage(numel=-6)), "a name and a length"),
    "a storage of another kind": (tensor(storage("DoubleStorage")), "6 numbers of 8 bytes"),
    "a storage that is not there": (tensor(storage(key="1")), "has no entry 'net/data/1'"),
    "a storage elsewhere": (tensor(storage(key="../byteorder")), "has no entry 'net/data/../byteorder'"),
    "a storage of two kinds": (tuple_of(tensor(storage()), tensor(storage("IntStorage"))), "one of one kind"),
    "an unknown storage": (tensor(storage("ComplexFloatStorage")), "asks for 'torch.ComplexFloatStorage'"),
    "a view of a storage": (tensor(storage(end=wholes(0, 1))), "a storage of another kind"),
    "no storage": (tensor(whole(3)), "a tensor of 3, expected one of a storage"),
    "a conjugate": (tensor(storage(), metadata=dict_of({"conj": b"\x88"})), "a plain one"),
    "a size of text": (
        call(name("torch._utils", "_rebuild_tensor"), storage(), whole(0), text("ab"), text("cd")), "integers each"),
    "a parameter of a number": (
        call(name("torch._utils", "_rebuild_parameter"), whole(3), b"\x88", ORDERED), "one of a tensor"),
    "a dict with a list for a key": (b"}]Ns", "a list as a key"),
    "a dict with a tuple for a key": (b"})Ns", "a tuple as a key"),
    "pairs that are none": (call(name("collections", "OrderedDict"), b"](K\x01e"), "names and what they name"),
    "entries of a list": (b"]NNs", "pairs for a dict"),
    "an odd dict": (b"}(Nu", "pairs for a dict"),
    "items of a dict": (b"}(Ne", "expected a list"),
    "a state of a list": (b"]}b", "that of a dict"),
}  # fmt: skip


@pytest.mark.parametrize("what", CLAIMS)
def test_false_claims(path, what):
    body, words = CLAIMS[what]
    assert words in refusal(path, archived(dict_of({"w": body}), ONE))


def test_a_whole_number_takes_no_room_in_a_stream_either(path):
    for count, numbers, words in [
        (6, SIX[:-1], "its end is missing"), (7, SIX, "has another length"), (-1, SIX, "has another length"),
    ]:  # fmt: skip
        body = dict_of({"w": tensor(storage(end=b"N"))})
        assert words in refusal(path, streamed(body, {"0": (count, numbers)}))
    huge = dict_of({"w": tensor(storage(numel=2**60, end=b"N"))})
    assert "its end is missing" in refusal(path, streamed(huge, {"0": (2**60, SIX)}))
    for other in ({}, {"1": (6, SIX)}, {"0": (6, SIX), "1": (6, SIX)}):
        assert "expected the same" in refusal(path, streamed(body, other))
    assert "expected 1001" in refusal(path, streamed(body, {"0": (6, SIX)}, version=1000))
    assert "most significant byte first" in refusal(path, streamed(body, {"0": (6, SIX)}, little=b"\x89"))


# bombs -----------------------------------------------------------------------------------------------------------

BOMBS = {
    "a list in itself": b"]q\x00h\x00a",
    "a dict in itself": dict_of({"w": b"}q\x00"}) + text("v") + b"h\x00s",
    "tuples in tuples": b")" + b"\x85" * 100_000,
    "lists in lists": b"]" + b"]" * 100_000 + b"a" * 100_000,
    "a billion laughs": b"]q\x00" + b"".join(b"](" + b"h%c" % n * 10 + b"eq%c" % (n + 1) for n in range(60)),
    "laughs for a size": b")q\x00" + b"".join(b"(" + b"h%c" % n * 10 + b"tq%c" % (n + 1) for n in range(60))
    + call(name("torch._utils", "_rebuild_tensor"), storage(), whole(0), b"h\x3c", b"h\x3c"),
    "laughs for a key": b"}" + b")q\x00" + b"".join(b"(" + b"h%c" % n * 10 + b"tq%c" % (n + 1) for n in range(60)) + b"Ns",
    "one long list made into a dict again and again":
        b"](" + tuple_of(text("a"), b"N") * 2000 + b"eq\x00" + name("collections", "OrderedDict") + b"q\x01"
        + b"h\x01h\x00\x85R" * 2000,
    "a far memo": b"Nr\xff\xff\xff\xff",
    "a long text": b"X\xff\xff\xff\xff",
    "a longer text": b"\x8d" + b"\xff" * 7 + b"\x7f",
    "a long integer": b"\x8b\xff\xff\xff\x7f",
    "a frame": b"\x95" + b"\xff" * 8 + b"]",
    "marks": b"(" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("what", BOMBS)
def test_bombs(path, what):
    assert refusal(path, archived(BOMBS[what], ONE))
    assert refusal(path, streamed(BOMBS[what], {}))


@pytest.mark.slow
def test_a_pickle_of_too_many_bytes(path):
    body = b"]" * torch_pickle.MOST_BYTES
    assert "bytes of names and shapes, expected fewer" in refusal(path, archived(body, ONE))
    assert refusal(path, streamed(b"](" + b"N" * 4 * torch_pickle.MOST_BYTES + b"e", {}))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_entries_are_not_unpacked(path, compression):
    zeros = {"0": bytes(4 * 2**22)}
    body = dict_of({"w": tensor(storage(numel=2**22), (2**22,), (1,))})
    content = archived(body, zeros, compression)
    assert len(content) < 2**16
    words = refusal(path, content)
    assert "compressed" in words or "lie over one another" in words
    assert "compressed" in refusal(path, archived(GOOD, ONE, compression))


def test_entries_that_share_their_bytes(path):
    """Many names for one place in the file: a hundred times the file, and no compression."""
    made = io.BytesIO()
    count, size = 100, 10_000
    body = dict_of({str(n): tensor(storage(key=str(n), numel=size // 4), (size // 4,), (1,)) for n in range(count)})
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("net/data.pkl", pickled(body))
        archive.writestr("net/data/0", bytes(size))
        for n in range(1, count):
            info = zipfile.ZipInfo(f"net/data/{n}")
            first = archive.getinfo("net/data/0")
            info.header_offset, info.file_size, info.compress_size = first.header_offset, size, size
            info.CRC = first.CRC
            archive.filelist.append(info)
    assert "lie over one another" in refusal(path, made.getvalue())


def test_a_length_that_the_archive_only_claims(path):
    """zipfile takes memory for what an entry says it has: a gigabyte, here."""
    content = bytearray(archived(GOOD, ONE))
    at = content.rfind(b"PK\x01\x02")  # the entry of the storage: its lengths are at 20 and 24
    content[at + 20 : at + 24] = struct.pack("<I", 2**30)
    assert "compressed entry 'net/data/0'" in refusal(path, bytes(content))
    content[at + 24 : at + 28] = struct.pack("<I", 2**30)
    assert "lie over one another" in refusal(path, bytes(content))


# other files, and damaged ones -----------------------------------------------------------------------------------


def test_other_files(path):
    def zipped(**entries):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for entry, content in entries.items():
                archive.writestr(entry.replace("_", "/"), content)
        return made.getvalue()

    tar = b"sys_info".ljust(257, b"\0") + b"ustar" + bytes(300)
    for content, words in [
        (b"", "begins with b''"), (b"\x80\x02}.", "begins with"), (b"<html>log in</html>", "begins with b'<html>"),
        (tar, "is a tar archive, of a PyTorch from before 2017"), (b"PK", "is damaged"), (b"PK\x05\x06" + bytes(18), "0 entr"),
        (zipped(a=b""), "has 0 entries NAME/data.pkl"), (zipped(**{"a_data.pkl": b"N.", "b_data.pkl": b"N."}), "has 2 entries"),
        (archived(GOOD, ONE, byteorder=b"big"), "most significant byte first"),
        (archived(GOOD[:-1], ONE), "ends too early"), (archived(b"", ONE), "takes what it has not given"),
        (archived(b"(t" + b"0", ONE), "POP in its pickle"), (archived(b"h\x07", ONE), "has not kept"),
        (archived(b"t", ONE), "has no mark"), (archived(b"\x80\x06N", ONE), "protocol 6"), (archived(b"\xff", ONE), "byte 2"),
        (archived(b"(N\x85", ONE), "ends too early"), (archived(b"}(\x85", ONE), "takes what it has not given"),
        (archived(b"NN\x93", ONE), "two words"), (archived(b"X\x02\0\0\0\xff\xfe", ONE), "is damaged: BINUNICODE"),
    ]:  # fmt: skip
        assert words in (refusal(path, content) or ""), content[:40]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", [archived(GOOD, ONE), streamed(dict_of({"w": tensor(storage(end=b"N"))}), {"0": (6, SIX)})]
)
def test_every_byte_of_a_small_file(path, content):
    """Cut off, or changed, at every place: the error of this reader, or an array of the file's size and no more."""
    assert refusal(path, content) is None
    read = 0
    for at in range(len(content)):
        assert refusal(path, content[:at]) is not None
        for change in (0xFF, content[at] ^ 0x01, content[at] ^ 0x40, 0x28):  # 0x28 is a mark
            garbled = bytearray(content)
            garbled[at] = change
            if refusal(path, bytes(garbled)) is None:
                read += 1
                for array in torch_zip.load_file(path).values():
                    assert array.nbytes <= len(content)
                    assert array.tobytes()  # every number is there
    assert read > 0  # a name may change, or a date


@pytest.mark.slow
def test_random_damage(path):
    """Most is refused; ``refusal`` fails where anything else than a refusal in words comes out."""
    rng, refused = np.random.default_rng(0), 0
    for content in (archived(GOOD, ONE), streamed(dict_of({"w": tensor(storage(end=b"N"))}), {"0": (6, SIX)})):
        for _ in range(1000):
            garbled = bytearray(content)
            for _ in range(rng.integers(1, 5)):
                at = int(rng.integers(len(garbled)))
                part = bytes(rng.integers(256, size=rng.integers(0, 6), dtype=np.uint8))
                garbled[at : at + int(rng.integers(0, 6))] = part
            refused += refusal(path, bytes(garbled)) is not None
    assert refused > 1000  # of 2000
