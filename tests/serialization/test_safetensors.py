"""Files of arrays: what goes in comes out, and a write happens or does not."""

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
