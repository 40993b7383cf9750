"""Run folders: one training at a time, and a damaged or hostile one is an error in words."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest

from minidet import optim, random
from minidet.models import MODELS
from minidet.models.backbones import backbone
from minidet.nn.parameter import Parameter, at_most
from minidet.serialization import load_checkpoint, plain_json, save_checkpoint
from minidet.training.optimiser import parameter_groups, warmup_then_cosine
from minidet.training.recipe import Recipe
from minidet.training.runs import RunFolder, open_run, recorded
from minidet.training.tasks import completed

ARGS = {"widths": [4, 6], "convs": [1, 1], "hidden": 8}
TINY = completed(Recipe("deconvnet", "shapes", epochs=3, batch_size=4, lr=3e-3, train_samples=10, model_args=ARGS))
CLASSES = ["background", "cat", "dog"]
FACTS = {"classes": CLASSES, "palette": [[0, 0, 9]] * 3}


def parts():
    """Return what a run consists of, before its first step: about, fit's state, model, optimizer, scheduler."""
    model = MODELS[TINY.model].network(len(CLASSES), **TINY.model_args)
    optimizer = optim.AdamW(parameter_groups(model, 0.02), lr=TINY.lr)
    about = {"recipe": TINY.as_dict(), "seed": 0, "epochs": 3, "facts": FACTS}
    state = {"epoch": 1, "history": [{"epoch": 1, "loss": 0.5}], "rng": random.get_rng_state()}
    return about, state, model, optimizer, warmup_then_cosine(optimizer, 20, 4)


@pytest.fixture
def run(tmp_path):
    for param in (made := parts())[2].parameters():
        param.grad = param.detach() * 0.1
    made[3].step()
    with RunFolder(tmp_path / "run") as folder:
        folder.begin()
        folder.save(*made)
    return tmp_path / "run"


def resume(folder):
    about, _, *rest = parts()
    with RunFolder(folder) as opened:
        return opened.resume(about, *rest)


def change(folder, path, value):
    """Set one entry of run.json, named by its keys."""
    described = plain_json.loads((folder / "run.json").read_bytes())
    inner = described["info"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (folder / "run.json").write_text(plain_json.dumps(described))


def paths(value, before=()):
    """Yield where something is in ``value``, as tuples of keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from paths(inner, (*before, key))


def refusal(action):
    """Return the words with which ``action`` refuses, or None; no other error may come."""
    try:
        action()
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return None


def test_a_run_is_opened_and_goes_on(run):
    assert open_run(run).task.classes == CLASSES
    assert resume(run)["epoch"] == 1
    assert sorted(os.listdir(run)) == ["model-000001.safetensors", "optimizer-000001.safetensors", "run.json"]


def test_one_training_at_a_time(run):
    with RunFolder(run) as first:
        first.begin()
        for other in (lambda: RunFolder(run).begin(), lambda: resume(run)):
            with pytest.raises(BlockingIOError, match=rf"train: folder .* in use by process {os.getpid()} .* --out"):
                other()
        open_run(run)  # who only reads need not wait
    assert resume(run)["epoch"] == 1


@pytest.mark.parametrize("wrong", [None, "x", -1, 2.5, float("nan"), float("inf"), 2**70, [], {}, [[1]], {"a": None}])
def test_every_entry_of_a_wrong_kind_is_refused_or_harmless(run, wrong):
    whole = (run / "run.json").read_bytes()
    refused = 0
    for path in paths(plain_json.loads(whole)["info"]):
        change(run, path, wrong)
        for op, action in (("open_run", open_run), ("resume", resume)):
            words = refusal(lambda action=action: action(run))
            refused += words is not None
            assert words is None or (words.startswith((f"{op}: ", "load_checkpoint: ")) and str(run) in words), path
        (run / "run.json").write_bytes(whole)
    assert refused > 40


@pytest.mark.slow
def test_changed_states_of_the_optimizer_are_refused_or_harmless(run, rng):
    whole = plain_json.loads((run / "run.json").read_bytes())
    places = list(paths(whole["optimizer"]))
    for path in places:
        for wrong in (None, "x", float("nan"), 2**70, {}):
            described = copy.deepcopy(whole)
            inner = described["optimizer"]
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = wrong
            (run / "run.json").write_text(plain_json.dumps(described))
            words = refusal(lambda: resume(run))
            assert words is None or words.startswith(("resume: ", "load_checkpoint: ")), (path, wrong)


def test_another_model_is_refused(run):
    for path, value in ((("recipe", "model"), "nothing"), (("recipe", "model"), "unet"),
                        (("recipe", "model_args", "hidden"), 9), (("recipe", "model_args", "no"), 9)):  # fmt: skip
        whole = (run / "run.json").read_bytes()
        change(run, path, value)
        with pytest.raises(ValueError, match=r"open_run: run\.json in .* is damaged or of another kind, expected"):
            open_run(run)
        (run / "run.json").write_bytes(whole)


GIANT = """
import pathlib, resource, sys
from minidet.serialization import plain_json
from minidet.training.runs import open_run
path = pathlib.Path(sys.argv[1]) / "run.json"
whole = path.read_bytes()
open_run(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
arguments = [{"widths": [4, 6], "convs": [1, 1], "hidden": n, "hidden_kernel": k} for n in (4000, 10**6, 10**9, 2**80)
             for k in (1, 4001)]
arguments += [{"widths": [n, n], "convs": [1, 1], "hidden": 8} for n in (4000, 10**5, 10**8)]
arguments += [{"widths": [4, 6], "convs": [n, 1], "hidden": 8} for n in (4000, 10**9)]
others = [("unet", {"width": 4000}), ("unet", {"levels": 4000}), ("full_resolution", {"width": 8, "depth": 4000}),
          ("fcn8s", {"hidden": 4000, "hidden_kernel": 4001}), ("segnet", {"widths": [4000] * 5}),
          ("sliding_window", {"window": 31, "hidden": 4000}), ("sliding_window", {"widths": [4000, 4000, 4000]})]
for model, args in [("deconvnet", args) for args in arguments] + others:
    described = plain_json.loads(whole)
    described["info"]["recipe"].update(model=model, model_args=args)
    path.write_text(plain_json.dumps(described))
    try:
        open_run(sys.argv[1])
    except ValueError as error:
        words = ("a smaller network", "at most", "Unable to allocate", "Maximum allowed dimension", "too big")
        assert any(part in str(error) for part in words), error
    else:
        raise SystemExit(f"{model} {args} was opened")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts in kilobytes on Linux")
def test_giant_networks_are_refused_before_they_take_memory(run):
    done = subprocess.run([sys.executable, "-c", GIANT, str(run)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100, f"{done.stdout} MB"


def test_parameters_at_most():
    with at_most(10):
        Parameter(np.zeros(10, np.float32))
        with pytest.raises(ValueError, match=r"Parameter: data has shape \(1,\), expected a smaller network"):
            Parameter(np.zeros(1, np.float32))
    Parameter(np.zeros(100, np.float32))


def test_a_backbone_of_which_few_layers_are_kept_is_opened():
    with at_most(1000):
        assert list(backbone("mobilenet_v1_025", (4,)).channels) == [4]
        with pytest.raises(ValueError, match="expected a smaller network"):
            Parameter(np.zeros(1001, np.float32))


def test_folders_that_are_no_run(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    for name, words in (("nowhere", "is not there"), ("file", "is no folder"), ("empty", "is empty"),
                        ("full", "has no run.json, but notes.txt")):  # fmt: skip
        for op, action in (("open_run", open_run), ("resume", resume)):
            with pytest.raises(FileNotFoundError, match=rf"{op}: run .*{name} {words}.*expected the folder of a train"):
                action(tmp_path / name)
    with RunFolder(tmp_path / "begun") as begun:
        begun.begin()
        with pytest.raises(FileNotFoundError, match="has no checkpoint yet, .*: process .* trains in it"):
            open_run(tmp_path / "begun")
    assert not (tmp_path / "nowhere").exists()


def test_a_checkpoint_of_something_else_is_no_training_run(tmp_path):
    save_checkpoint(tmp_path, {"w": np.zeros(3)}, info={"step": 1})
    with pytest.raises(ValueError, match=r"open_run: run\.json .* of another kind, .*'recipe' is missing"):
        open_run(tmp_path)
    assert load_checkpoint(tmp_path).info == {"step": 1}


def test_what_is_recorded_of_a_run(run, tmp_path):
    assert recorded(tmp_path / "none") is None
    assert recorded(tmp_path) is None
    found = recorded(run)
    assert (found.recipe, found.seed, found.finished) == (TINY, 0, False)  # 1 epoch of 3
    change(run, ("fit", "epoch"), 3)
    assert recorded(run).finished
    change(run, ("fit", "unfinished"), True)
    assert not recorded(run).finished
    change(run, ("epochs",), "three")
    with pytest.raises(ValueError, match="run.json in .* is damaged or of another kind"):
        recorded(run)
