"""PyTorch's files read without PyTorch: what they hold comes out as it was, from files of every age."""

import io
import subprocess
import sys

import numpy as np
import pytest

from minidet.serialization import torch_zip
from tests.serialization import torch_files as files
from tests.serialization.torch_files import ORDERED, archived, call, dict_of, name, storage, streamed, tensor, text

SIX = np.arange(6, dtype=np.float32) + 0.5


@pytest.fixture
def read(tmp_path):
    """Write a file, and read it."""

    def read(content, **options):
        path = tmp_path / "net.pth"
        path.write_bytes(content)
        return torch_zip.load_file(path, **options)

    return read


def assert_same(got, wanted):
    assert list(got) == list(wanted)
    for key, value in wanted.items():
        assert got[key].dtype == value.dtype, key
        np.testing.assert_array_equal(got[key], value, strict=True)


def both(numbers, *where, kind="FloatStorage"):
    """Return a file with a tensor ``a`` in the two forms."""
    new, old = (dict_of({"a": tensor(storage(kind, end=end), *where)}) for end in (b"", b"N"))
    return archived(new, {"0": numbers.tobytes()}), streamed(old, {"0": (numbers.size, numbers.tobytes())})


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(("kind", "dtype"), [
    ("DoubleStorage", "f8"), ("FloatStorage", "f4"), ("HalfStorage", "f2"), ("LongStorage", "i8"), ("IntStorage", "i4"),
    ("ShortStorage", "i2"), ("CharStorage", "i1"), ("ByteStorage", "u1"), ("BoolStorage", "?"),
])  # fmt: skip
def test_every_kind_of_numbers(read, form, kind, dtype):
    numbers = np.array([0, 1, 0, 1, 1, 1]).astype(dtype) if dtype == "?" else np.arange(100, 106).astype(dtype)
    assert_same(read(both(numbers, kind=kind)[form]), {"a": numbers.reshape(2, 3)})


def test_bfloat16_becomes_float32(read):
    numbers = np.array([0x3F80, 0xC000, 0x7F80, 0x0001, 0x4049, 0x8000], np.uint16)
    got = read(archived(dict_of({"a": tensor(storage("BFloat16Storage"))}), {"0": numbers.tobytes()}))["a"]
    assert got.dtype == np.float32
    assert got.ravel().tolist() == [1.0, -2.0, float("inf"), 2.0**-133, 3.140625, -0.0]


@pytest.mark.parametrize(("size", "stride", "offset"), [
    ((3, 2), (1, 3), 0), ((2,), (1,), 4), ((), (), 5), ((2, 2), (1, 1), 2), ((3,), (2,), 1), ((1, 6), (2**62, 1), 0),
    ((2, 0), (5, 1), 0), ((0, 4), (99, 99), 77), ((2, 3), (0, 1), 0), ((1,) * 20, (1,) * 20, 3),
])  # fmt: skip
def test_strides_and_offsets(read, size, stride, offset):
    wanted = np.array([SIX[offset + sum(i * s for i, s in zip(at, stride, strict=True))] for at in np.ndindex(size)])
    for content in both(SIX, size, stride, offset):
        assert_same(read(content), {"a": wanted.astype(np.float32).reshape(size)})


def test_a_shared_storage_stays_shared(read):
    body = dict_of({"a": tensor(storage()), "b": tensor(storage(), (3,), (1,), 3)})
    got = read(archived(body, {"0": SIX.tobytes()}))
    assert_same(got, {"a": SIX.reshape(2, 3), "b": SIX[3:]})
    got["b"][0] = 7  # as in PyTorch
    assert got["a"][1, 0] == 7


def test_parameters_and_ordered_dicts(read):
    inner = call(name("torch._utils", "_rebuild_parameter"), tensor(storage()), b"\x88", ORDERED)
    metadata = dict_of({"_metadata": ORDERED})
    body = ORDERED + b"(" + text("w") + inner + b"u" + metadata + b"b"
    assert_same(read(archived(body, {"0": SIX.tobytes()})), {"w": SIX.reshape(2, 3)})


def test_what_python_2_and_old_versions_wrote(read):
    """Dicts of pairs, text of bytes, tensors without gradients, storages of a graphics card."""
    function = name("torch._utils", "_rebuild_tensor")
    made = call(
        function, storage(module="torch.cuda", end=b"N"), files.whole(0), files.wholes(2, 3), files.wholes(3, 1)
    )
    body = name("collections", "OrderedDict") + files.tuple_of(b"](" + files.tuple_of(b"U\x01w", made) + b"e") + b"R"
    assert_same(read(streamed(body, {"0": (6, SIX.tobytes())})), {"w": SIX.reshape(2, 3)})


def test_storages_come_in_the_order_of_their_list(read):
    body = dict_of({"a": tensor(storage("LongStorage", "x", 1), (1,), (1,)), "b": tensor(storage(key="y"))})
    content = streamed(body, {"y": (6, SIX.tobytes()), "x": (1, np.int64(-3).tobytes())})
    assert_same(read(content), {"a": np.array([-3]), "b": SIX.reshape(2, 3)})


def test_nothing_inside(read):
    for body in (b"}", ORDERED):
        assert read(archived(body, {})) == {}
        assert read(streamed(body, {})) == {}


def test_a_checkpoint_has_its_state_dict_under_a_key(read):
    net = dict_of({"w": tensor(storage())})
    beside = {"epoch": files.whole(3), "name": text("net"), "best": b"G?\xf0\x00\x00\x00\x00\x00\x00", "list": b"](K\x01Ne",
              "size": call(name("torch", "Size"), files.wholes(2, 3)), "on": b"\x88", "optimizer": dict_of({"lr": files.whole(1)})}  # fmt: skip
    content = archived(dict_of({**beside, "state_dict": net}), {"0": SIX.tobytes()})
    assert_same(read(content, key="state_dict"), {"w": SIX.reshape(2, 3)})
    words = r"net\.pth holds 'epoch', 'name', .*'state_dict', expected key to be one of 'state_dict': key is "
    for key in (None, "model", "optimizer", "epoch"):
        with pytest.raises(ValueError, match=f"{words}{key and repr(key)}"):
            read(content, key=key)
    with pytest.raises(ValueError, match="holds 'epoch', expected names and tensors: key is None"):
        read(archived(dict_of({"epoch": files.whole(3)}), {}))
    with pytest.raises(TypeError, match="load_file: key is 3, expected text or None"):
        read(content, key=3)


def test_only_what_is_asked_for_is_looked_at(read):
    """The optimiser's numbers are missing: nobody wanted them."""
    body = dict_of({"net": dict_of({"w": tensor(storage())}), "other": dict_of({"m": tensor(storage(key="9"))})})
    content = archived(body, {"0": SIX.tobytes()})
    assert_same(read(content, key="net"), {"w": SIX.reshape(2, 3)})
    with pytest.raises(ValueError, match="has no entry 'net/data/9', expected one for every storage"):
        read(content, key="other")


def test_no_such_file(tmp_path):
    (tmp_path / "other.pth").touch()
    with pytest.raises(FileNotFoundError, match=r"load_file: there is no file .*net\.pth: the folder has other\.pth"):
        torch_zip.load_file(tmp_path / "net.pth")
    with pytest.raises(FileNotFoundError, match="load_file: there is no file"):
        torch_zip.load_file(tmp_path)
    with pytest.raises(TypeError, match="expected the path of a file"):
        torch_zip.load_file(3)


def test_torch_is_not_imported():
    modules = "sys.modules['minidet.serialization.torch_pickle']"
    code = f"import sys, minidet.serialization.torch_zip; print('torch' in sys.modules, 'pickle' in vars({modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


# beside PyTorch --------------------------------------------------------------------------------------------------


def saved(value, **options):
    torch = pytest.importorskip("torch")
    made = io.BytesIO()
    torch.save(value, made, **options)
    return made.getvalue()


@pytest.mark.parity
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_torch_writes(read, legacy, protocol):
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2, bias=False))
    whole_one = torch.arange(24.0).reshape(4, 6)
    state = net.state_dict() | {
        "t": whole_one.T, "part": whole_one[1::2, ::3], "one": whole_one[2, 3], "none": torch.zeros(0, 3),
        "p": torch.nn.Parameter(torch.ones(3, dtype=torch.float16)), "flags": torch.tensor([True, False]),
        **{str(dtype): torch.arange(5).to(dtype) for dtype in
           (torch.float64, torch.bfloat16, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)},
    }  # fmt: skip
    options = {"pickle_protocol": protocol, "_use_new_zipfile_serialization": not legacy}
    wanted = {key: (value.float() if value.dtype == torch.bfloat16 else value).detach().numpy()
              for key, value in state.items()}  # fmt: skip
    got = read(saved(state, **options))
    assert_same(got, wanted)
    assert np.shares_memory(got["t"], got["part"])
    assert_same(read(saved({"epoch": 1, "model": net.state_dict()}, **options), key="model"),
                {key: value.numpy() for key, value in net.state_dict().items()})  # fmt: skip


@pytest.mark.parity
def test_the_files_of_these_tests_are_what_torch_reads(read):
    import torch

    for content in both(SIX, (3,), (2,), 1):
        assert torch.load(io.BytesIO(content), weights_only=True)["a"].tolist() == [1.5, 3.5, 5.5]
        assert read(content)["a"].tolist() == [1.5, 3.5, 5.5]


@pytest.mark.parity
def test_what_torch_writes_and_is_refused(read):
    import torch

    plain = torch.ones(2, 2)
    for value, words in [
        ({"a": plain.to_sparse()}, r"asks for 'torch\._utils\._rebuild_sparse_tensor'"),
        ({"a": plain.to(torch.complex64)}, r"asks for 'torch\.ComplexFloatStorage'"),
        ({"a": plain.to(torch.complex64).conj().imag}, "asks for 'torch.ComplexFloatStorage'|conjugate or negative"),
        ({"a": plain[:1].expand(5, 2)}, "within its storage of 4 numbers"),
        ({"a": np.ones(2)}, "asks for 'numpy"),
        ({"a": torch.device("cpu")}, r"asks for 'torch\.device'"),
        (torch.nn.Linear(2, 2), "asks for 'torch.nn.modules.linear.Linear'"),
        (plain, "holds a tensor, expected a dict"),
        ([plain], "holds a list, expected a dict of names and tensors"),
        ({"a": plain, 3: plain}, "holds 'a', 3, expected names and tensors"),
    ]:
        with pytest.raises(ValueError, match=rf"load_file: .*net\.pth .*{words}"):
            read(saved(value))
