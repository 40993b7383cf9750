"""Checkpoints: a run goes on from them bit for bit, and an interruption at any point leaves one that is complete."""

import builtins
import io
import os
import pathlib

import numpy as np
import pytest

from minidet import optim, random
from minidet.autograd.from_data import tensor
from minidet.serialization import load_checkpoint, save_checkpoint


class Run:
    """A toy training run: two parameters, random gradients, and everything that a checkpoint has to hold."""

    def __init__(self, name="AdamW", **options):
        ones = np.ones((3, 2), np.float32)
        self.params = {"a": tensor(ones, requires_grad=True), "b": tensor([2.0], requires_grad=True)}
        self.optimizer = getattr(optim, name)(self.params.values(), lr=0.1, **options)
        self.scheduler = optim.CosineAnnealingLR(self.optimizer, 10)
        self.step = 0

    def train(self, steps):
        for _ in range(steps):
            for param in self.params.values():
                param.grad = tensor(random.generator().standard_normal(param.shape).astype(np.float32))
            self.optimizer.step()
            self.scheduler.step()
            self.step += 1
        return self

    def save(self, folder):
        info = {"step": self.step, "scheduler": self.scheduler.state_dict(), "rng": random.get_rng_state()}
        save_checkpoint(folder, self.params, self.optimizer.state_dict(), info)

    def load(self, folder):
        checkpoint = load_checkpoint(folder)
        for name, param in self.params.items():
            param.detach().copy_(checkpoint.model[name])
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.scheduler.load_state_dict(checkpoint.info["scheduler"])
        random.set_rng_state(checkpoint.info["rng"])
        self.step = checkpoint.info["step"]
        return self

    def values(self):
        return {name: param.tolist() for name, param in self.params.items()}


@pytest.mark.parametrize(
    ("name", "options"), [("SGD", {"momentum": 0.9}), ("SGD", {}), ("Adam", {"amsgrad": True}), ("AdamW", {})]
)
def test_a_run_goes_on_bit_for_bit(tmp_path, name, options):
    random.manual_seed(3)
    expected = Run(name, **options).train(8).values()
    random.manual_seed(3)
    Run(name, **options).train(5).save(tmp_path)
    random.manual_seed(99)
    resumed = Run(name, **options).load(tmp_path).train(3)
    assert resumed.step == 8
    assert resumed.values() == expected


def test_optimizer_state_comes_back_as_it_was(tmp_path):
    run = Run("Adam", betas=(0.8, 0.95)).train(3)
    run.save(tmp_path)
    other = Run("Adam")
    other.load(tmp_path)
    before, after = run.optimizer.state_dict(), other.optimizer.state_dict()
    assert before["param_groups"] == after["param_groups"]
    for number, entries in before["state"].items():
        assert entries["step"] == after["state"][number]["step"]
        for key in ("exp_avg", "exp_avg_sq"):
            assert entries[key].tolist() == after["state"][number][key].tolist()


def test_only_the_last_checkpoint_is_kept_and_other_files_stay(tmp_path):
    run = Run()
    (tmp_path / "picture.png").touch()
    (tmp_path / "model-best.safetensors").touch()
    for _ in range(3):
        run.train(1).save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [
        "model-000003.safetensors", "model-best.safetensors", "optimizer-000003.safetensors", "picture.png", "run.json",
    ]  # fmt: skip


def test_without_optimizer(tmp_path):
    save_checkpoint(tmp_path / "new" / "run", {"w": np.arange(3)}, info={"model": {"name": "SegNet"}})
    checkpoint = load_checkpoint(tmp_path / "new" / "run")
    assert checkpoint.optimizer is None
    assert checkpoint.info == {"model": {"name": "SegNet"}}
    assert checkpoint.model["w"].tolist() == [0, 1, 2]


class Crash(BaseException):
    """The end of the process, for tests: nothing may catch it and clean up."""


def crash_at(monkeypatch, count):
    """Let ``count`` calls touch the disk; the next one crashes, in the middle of its data if it writes."""
    left = [count]

    def alive():
        left[0] -= 1
        return left[0] >= 0

    class Spoiled:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            if alive():
                return self.file.write(data)
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            raise Crash

        def __enter__(self):
            return self

        def __exit__(self, *exc_info):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

    def spoil(owner, name, wrap=lambda result: result):
        original = getattr(owner, name)

        def call(*args, **kwargs):
            if not alive():
                raise Crash
            return wrap(original(*args, **kwargs))

        monkeypatch.setattr(owner, name, call)

    for owner, name in [(os, "fsync"), (os, "replace"), (pathlib.Path, "unlink")]:
        spoil(owner, name)
    for owner in (builtins, io):
        spoil(owner, "open", lambda file: Spoiled(file) if file.writable() else file)


def test_a_crash_at_any_point_leaves_a_complete_checkpoint(tmp_path):
    run = Run().train(2)
    run.save(tmp_path)
    old = run.values()
    run.train(1)
    new = run.values()
    seen = []
    for count in range(100):
        crashed = True
        with pytest.MonkeyPatch.context() as monkeypatch:
            crash_at(monkeypatch, count)
            try:
                run.save(tmp_path)
                crashed = False
            except Crash:
                pass
        seen.append(Run().load(tmp_path).values())
        assert seen[-1] in (old, new)
        if not crashed:
            break
    assert not crashed
    assert seen[0] == old
    assert seen[-1] == new
    assert seen == sorted(seen, key=lambda values: values == new)  # never back again
    assert len(os.listdir(tmp_path)) == 3  # what crashes left behind is gone


def test_what_json_cannot_hold_is_found_before_anything_is_written(tmp_path):
    save_checkpoint(tmp_path, {"w": np.ones(1)}, info={"step": 1})
    with pytest.raises(TypeError, match=r"dumps: value\['info'\]\['fn'\] is a builtin_function"):
        save_checkpoint(tmp_path, {"w": np.zeros(1)}, info={"fn": abs})
    assert load_checkpoint(tmp_path).info == {"step": 1}
    assert len(os.listdir(tmp_path)) == 2


def test_missing_and_damaged(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load_checkpoint: there is no file .*run\.json: the folder is empty"):
        load_checkpoint(tmp_path)
    save_checkpoint(tmp_path, {"w": np.ones(50)})
    model = tmp_path / "model-000001.safetensors"
    model.write_bytes(model.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"model-000001\.safetensors .* is damaged"):
        load_checkpoint(tmp_path)
    model.unlink()
    with pytest.raises(FileNotFoundError, match=r"model-000001\.safetensors: the folder has run\.json"):
        load_checkpoint(tmp_path)
    for text in ("{", "[]", "{}", '{"format": 1, "files": {}}'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(ValueError, match=r"load_checkpoint: .*run\.json is damaged or is no checkpoint"):
            load_checkpoint(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 99, "files": {}, "info": {}}')
    with pytest.raises(ValueError, match="has format 99, expected 1"):
        load_checkpoint(tmp_path)
