"""Damaged and hostile checkpoints: an error in words that names the file, little memory, and nothing outside opened."""

import json
import os
import shutil

import numpy as np
import pytest

from minidet import optim
from minidet.autograd.from_data import tensor
from minidet.serialization import load_checkpoint, load_file, plain_json, save_checkpoint

WORDS = (ValueError, FileNotFoundError)


@pytest.fixture
def run(tmp_path):
    params = {"a": tensor(np.ones((3, 2), np.float32), requires_grad=True)}
    optimizer = optim.Adam(params.values())
    params["a"].grad = tensor(np.ones((3, 2), np.float32))
    optimizer.step()
    save_checkpoint(tmp_path / "run", params, optimizer.state_dict(), {"epoch": 3, "loss": [1.5, float("nan")]})
    return tmp_path / "run"


def refusal(action) -> str | None:
    """Return what ``action`` says against the file, or None; no other kind of error may come out."""
    try:
        action()
    except WORDS as error:
        return str(error)
    return None


def mutations(data: bytes, rng, count: int, end: int | None = None):
    """Yield changed copies: bytes replaced, deleted, doubled, parts cut out, all in the first ``end`` bytes."""
    end = len(data) if end is None else end
    alphabet = b'{}[]":,.0123456789eE-+\\/ \x00\xffntfaul'
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(min(end, len(changed))))
            how = rng.integers(5)
            if how == 0:
                changed[at] = rng.integers(256)
            elif how == 1:
                changed[at] = rng.choice(list(alphabet))
            elif how == 2:
                del changed[at : at + int(rng.integers(1, 30))]
            elif how == 3:
                changed[at:at] = changed[at : at + int(rng.integers(1, 30))]
            else:
                changed[at:at] = bytes(rng.choice(list(alphabet), int(rng.integers(1, 25))).tolist())
            if not changed:
                break
        yield bytes(changed)


@pytest.mark.parametrize("name", ["run.json", "model-000001.safetensors", "optimizer-000001.safetensors"])
def test_changed_bytes_are_an_error_in_words_or_nothing(run, rng, name):
    path = run / name
    data = path.read_bytes()
    refused = 0
    for changed in mutations(data, rng, 600):
        path.write_bytes(changed)
        message = refusal(lambda: load_checkpoint(run))
        if message is not None:
            refused += 1
            assert message.startswith(("load_checkpoint: ", "load_file: ")), changed
            assert str(run) in message, changed
            assert len(message) < 2000, changed
    assert refused > 200


def test_changed_headers(tmp_path, rng):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                         "__metadata__": {"format": "np"}}).encode()  # fmt: skip
    for changed in mutations(header, rng, 600):
        path.write_bytes(len(changed).to_bytes(8, "little") + changed + bytes(24))
        message = refusal(lambda: load_file(path))
        assert message is None or message.startswith(f"load_file: {path} "), changed


HEADERS = {
    "shape": [2**62, 2**62], "dtype": "X99", "data_offsets": [0, 2**70], "none": None,
}  # fmt: skip


@pytest.mark.parametrize("key", HEADERS)
def test_impossible_headers(tmp_path, key):
    entry = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], key: HEADERS[key]}
    if key == "none":
        entry = None
    header = json.dumps({"a": entry}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(24))
    with pytest.raises(ValueError, match=r"load_file: .*a \(\d+ bytes\) is damaged or is not a safetensors file"):
        load_file(tmp_path / "a")


def change(run, **changes):
    described = plain_json.loads((run / "run.json").read_bytes())
    described.update(changes)
    (run / "run.json").write_text(plain_json.dumps(described))


@pytest.mark.parametrize(
    "name",
    ["../other/model-000001.safetensors", "/etc/passwd", "C:\\model-000001.safetensors", "..\\model-000001.safetensors",
     "C:model-000001.safetensors", "//server/share/model-000001.safetensors", "model-000001.safetensors\n", "",
     "./model-000001.safetensors", "optimizer-000001.safetensors", "model-١٢٣٤٥٦.safetensors", 3, None, ["x"], {}],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_not_followed(run, tmp_path, name):
    shutil.copytree(run, tmp_path / "other")
    change(run, files={"model": name, "optimizer": "optimizer-000001.safetensors"})
    message = r"load_checkpoint: .*run\.json is damaged .*: the file of model is .*, expected model-NUMBER"
    with pytest.raises(ValueError, match=message):
        load_checkpoint(run)


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("name", ["run.json", "model-000001.safetensors", "optimizer-000001.safetensors"])
def test_links_are_not_followed(run, tmp_path, name):
    (run / name).rename(tmp_path / "outside")
    (run / name).symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match=rf"load_checkpoint: file .*{name} is a symbolic link, expected a file"):
        load_checkpoint(run)
    (tmp_path / "outside").unlink()
    with pytest.raises(ValueError, match="is a symbolic link"):
        load_checkpoint(run)
    (run / name).unlink()
    os.mkfifo(run / name)  # would wait for ever
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_checkpoint(run)


TEXTS = {
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "a number of many digits": b'{"format": ' + b"9" * 10_000 + b"}",
    "an infinite format": b'{"format": 1e999, "files": {}, "info": {}}',
    "no text": b"\xff\xfe\x00",
    "empty": b"",
    "files is a list": b'{"format": 1, "files": [], "info": {}}',
    "info is missing": b'{"format": 1, "files": {}}',
    "too many files": b'{"format": 1, "files": {"model": "model-000001.safetensors", "x": "y"}, "info": {}}',
    "a string": b'"format files info"',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_impossible_texts(run, text):
    (run / "run.json").write_bytes(text)
    with pytest.raises(ValueError, match=r"load_checkpoint: .*run\.json (is damaged|has format inf)"):
        load_checkpoint(run)


def test_a_giant_run_json_is_not_read(run):
    with open(run / "run.json", "r+b") as file:
        file.truncate(2**40)  # without blocks: it takes no room
    with pytest.raises(ValueError, match=r"read_file: path .*run\.json has 1099511627776 bytes, expected at most"):
        load_checkpoint(run)


@pytest.mark.parametrize(
    "described", [{}, {"state": [], "param_groups": []}, {"state": {"x": {}}, "param_groups": []},
                  {"state": {}, "param_groups": []}, {"state": {"0": {}}, "param_groups": [3]},
                  {"state": {"0": 3}, "param_groups": []}, {"state": {"0": {}}, "param_groups": [{"lr": 1}]}]
)  # fmt: skip
def test_an_optimizer_that_does_not_fit_its_arrays(run, described):
    change(run, optimizer=described)
    with pytest.raises(ValueError, match=r"run\.json is damaged .* 'optimizer' does not describe"):
        load_checkpoint(run)


def test_what_is_nested_within_itself_is_not_written(tmp_path):
    info = {}
    info["info"] = info
    with pytest.raises(ValueError, match="dumps: value is nested too deeply"):
        save_checkpoint(tmp_path, {}, info=info)
    assert os.listdir(tmp_path) == []
