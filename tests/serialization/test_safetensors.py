"""Files of arrays: what goes in comes out, and a write happens or does not."""

import json
import os

import numpy as np
import pytest

from minidet.autograd.from_data import tensor
from minidet.serialization import load_file, save_file
from minidet.serialization.safetensors import write_file


def test_round_trip_bit_for_bit(tmp_path, rng):
    tensors = {
        "conv.weight": tensor(rng.standard_normal((2, 3)).astype(np.float32), requires_grad=True),
        "turned": rng.standard_normal((4, 5)).T,
        "every other": np.arange(10)[::2],
        "scalar": tensor(np.float32(0.1)),
        "count": np.int64(2**62),
        "empty": np.zeros((0, 3), np.float32),
        "flags": np.array([True, False]),
        "nan": np.array([np.nan, np.inf, -0.0], np.float32),
    }
    save_file(tensors, tmp_path / "a.safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        expected = np.asarray(getattr(value, "_array", value))
        assert loaded[name].dtype == expected.dtype
        assert loaded[name].shape == expected.shape
        assert loaded[name].tobytes() == expected.tobytes()
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_missing_file_names_what_is_there(tmp_path):
    (tmp_path / "other.safetensors").touch()
    with pytest.raises(
        FileNotFoundError, match=r"there is no file .*a\.safetensors: the folder has other\.safetensors"
    ):
        load_file(tmp_path / "a.safetensors")
    with pytest.raises(FileNotFoundError, match="the folder is not there either"):
        load_file(tmp_path / "no" / "a.safetensors")


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-1], lambda data: b"\xff" * 20 + data[20:]])
def test_damaged_file(tmp_path, damage):
    path = tmp_path / "a.safetensors"
    save_file({"x": np.ones(100)}, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"load_file: .*a\.safetensors .* is damaged"):
        load_file(path)


def test_wrong_entries(tmp_path):
    with pytest.raises(TypeError, match="save_file: tensors has an entry 'x' that is a list"):
        save_file({"x": [1, 2]}, tmp_path / "a")
    with pytest.raises(TypeError, match="save_file: tensors has an entry 3"):
        save_file({3: np.ones(2)}, tmp_path / "a")
    assert os.listdir(tmp_path) == []


def write_raw(path, kind, size, data):
    """Write one entry "x" of any dtype, as the format's description has it."""
    header = json.dumps({"x": {"dtype": kind, "shape": [size], "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


def test_bfloat16_by_hand(tmp_path):
    words = [0x3F80, 0xC000, 0x0000, 0x8000, 0x7F80, 0xFF80, 0x0001, 0x7F7F, 0x4049]
    write_raw(tmp_path / "a", "BF16", len(words), np.array(words, "<u2").tobytes())
    x = load_file(tmp_path / "a")["x"]
    assert x.dtype == np.float32
    expected = [1, -2, 0, -0.0, np.inf, -np.inf, 2.0**-133, (2 - 2**-7) * 2.0**127, 3.140625]
    assert x.tobytes() == np.array(expected, np.float32).tobytes()


@pytest.mark.parity
def test_every_bfloat16_is_pytorchs(tmp_path):
    import safetensors.torch
    import torch

    words = torch.from_numpy(np.arange(65536, dtype=np.uint16).view(np.int16).reshape(256, 256).copy())
    every = words.view(torch.bfloat16)
    one = torch.tensor(1.5, dtype=torch.bfloat16)
    safetensors.torch.save_file({"every": every, "one": one, "none": every[:0]}, tmp_path / "a")
    loaded = load_file(tmp_path / "a")
    np.testing.assert_array_equal(loaded["every"].view(np.uint32), every.float().numpy().view(np.uint32))
    assert (loaded["one"].shape, loaded["one"].item()) == ((), 1.5)
    assert (loaded["none"].shape, loaded["none"].dtype) == ((0, 256), np.float32)
    loaded["every"][0] = 1  # a copy of one's own, as other dtypes give


@pytest.mark.parity
def test_what_pytorch_writes_in_each_dtype(tmp_path):
    import safetensors.torch
    import torch

    for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64",
                 "bool", "complex64"):  # fmt: skip
        tensor = torch.tensor([0, 1, 1, 0]).to(getattr(torch, name))
        safetensors.torch.save_file({"x": tensor}, tmp_path / "a")
        np.testing.assert_array_equal(load_file(tmp_path / "a")["x"], tensor.numpy(), strict=True)


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "NEW"])
def test_dtypes_that_numpy_does_not_know(tmp_path, kind):
    path = tmp_path / "eight.safetensors"
    write_raw(path, kind, 8, bytes(4 if kind == "F4" else 8))
    with pytest.raises(ValueError, match=rf"load_file: .*eight\.safetensors.*{kind}"):
        load_file(path)


def test_what_cannot_be_written(tmp_path):
    path = tmp_path / "a"
    for kind in (object, "U3", np.complex128, "M8[s]"):
        with pytest.raises(TypeError, match=r"save_file: tensors\['x'\] has dtype .*, expected one of F64, F32"):
            save_file({"x": np.zeros(2, kind)}, path)
    for metadata in (3, {"a": 3}, {3: "a"}):
        with pytest.raises(ValueError, match="save_file: names and metadata are"):
            save_file({"x": np.zeros(2)}, path, metadata)
    for wrong in ([], None, "x", {"__metadata__": np.zeros(2)}):
        with pytest.raises(TypeError, match="save_file: tensors "):
            save_file(wrong, path)
    assert os.listdir(tmp_path) == []
    save_file({"x": np.arange(3, dtype=">i4")}, path)  # a foreign order of bytes is put right
    np.testing.assert_array_equal(load_file(path)["x"], np.arange(3, dtype=np.int32), strict=True)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_write_changes_nothing(tmp_path, monkeypatch, step):
    path = tmp_path / "a"
    write_file(path, b"before")

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_file(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a"]
    write_file(path, b"after")
    assert path.read_bytes() == b"after"
