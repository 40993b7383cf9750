"""Every argument of everything public that trains or saves, given what it is not for: an error in our voice, or a result."""

import inspect
import re

import numpy as np
import pytest

from minidet import optim
from minidet.autograd.from_data import tensor
from minidet.data import DataLoader
from minidet.nn import Linear
from minidet.serialization import FolderLock, load_checkpoint, load_file, plain_json, save_checkpoint, save_file
from minidet.training.fit import fit
from minidet.training.recipe import Recipe
from minidet.training.recipes import RECIPES, recipe_for
from minidet.training.runs import RunFolder, open_run

WRONG = {
    "None": None, "text": "x", "half": 2.5, "nan": float("nan"), "inf": float("inf"), "-inf": -float("inf"),
    "large": 2**100, "-large": -(2**100), "larger": 2**5000, "object": object(), "list": [], "dict": {}, "tuple": (),
    "one": [1.5], "array": np.zeros(3), "empty array": np.zeros((0, 2)), "tensor": tensor([1.0, 2.0]), "class": int,
    "bytes": b"x", "bool": True, "set": {1}, "nested": [[1], "x"], "function": lambda *args: None, "complex": 1j,
}  # fmt: skip


def param():
    value = tensor([1.0, 2.0], requires_grad=True)
    value.grad = tensor([1.0, 1.0])
    return value


def sgd():
    return optim.SGD([param()], lr=0.1, momentum=0.9)


def stepped(name):
    optimizer = getattr(optim, name)([param()], lr=0.1)
    optimizer.step()
    return optimizer


def sequence():
    optimizer = sgd()
    return optim.SequentialLR(optimizer, [optim.StepLR(optimizer, 1), optim.StepLR(optimizer, 2)], [3])


class Task:
    """The least that can be learnt."""

    def start_epoch(self):
        """Forget nothing."""

    def status(self):
        """Say nothing."""
        return {}

    def loss(self, model, batch):
        """Return a loss."""
        return model(batch).sum()


def fit_parts():
    model = Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader([tensor([1.0])])
    return {"model": model, "task": Task(), "loader": loader, "optimizer": optimizer,
            "scheduler": optim.StepLR(optimizer, 1)}  # fmt: skip


#: name -> the arguments that a call needs, made anew each time; what is called; the arguments that are not tried
CALLS = {
    "SGD": (lambda path: {"params": [param()], "momentum": 0.5}, optim.SGD, ()),
    "Adam": (lambda path: {"params": [param()]}, optim.Adam, ()),
    "AdamW": (lambda path: {"params": [param()]}, optim.AdamW, ()),
    "add_param_group": (lambda path: {"group": {"params": [param()]}}, lambda group: sgd().add_param_group(group), ()),
    "StepLR": (lambda path: {"optimizer": sgd(), "step_size": 2}, optim.StepLR, ()),
    "MultiStepLR": (lambda path: {"optimizer": sgd(), "milestones": [2]}, optim.MultiStepLR, ()),
    "CosineAnnealingLR": (lambda path: {"optimizer": sgd(), "T_max": 4}, optim.CosineAnnealingLR, ()),
    "LinearLR": (lambda path: {"optimizer": sgd()}, optim.LinearLR, ()),
    "LambdaLR": (lambda path: {"optimizer": sgd(), "lr_lambda": lambda t: 1.0}, optim.LambdaLR, ()),
    "SequentialLR": (
        lambda path: dict(zip(("optimizer", "schedulers", "milestones"), _sequence_parts(), strict=True)),
        optim.SequentialLR, (),
    ),
    "clip_grad_norm_": (lambda path: {"parameters": [param()], "max_norm": 1.0}, optim.clip_grad_norm_, ()),
    "SGD.load_state_dict": (lambda path: stepped("SGD").state_dict(), lambda **s: stepped("SGD").load_state_dict(s), ()),
    "Adam.load_state_dict": (
        lambda path: stepped("Adam").state_dict(), lambda **s: stepped("Adam").load_state_dict(s), ()
    ),
    "StepLR.load_state_dict": (
        lambda path: optim.StepLR(sgd(), 2).state_dict(), lambda **s: optim.StepLR(sgd(), 2).load_state_dict(s), ()
    ),
    "SequentialLR.load_state_dict": (
        lambda path: sequence().state_dict(), lambda **s: sequence().load_state_dict(s), ()
    ),
    "save_checkpoint": (lambda path: {"folder": path, "model": {"w": np.ones(2)}}, save_checkpoint, ()),
    "load_checkpoint": (lambda path: {"folder": path}, load_checkpoint, ()),
    "load_file": (lambda path: {"path": path / "a"}, load_file, ()),
    "save_file": (lambda path: {"tensors": {"w": np.ones(2)}, "path": path / "a"}, save_file, ()),
    "loads": (lambda path: {"text": "{}"}, plain_json.loads, ()),
    "dumps": (lambda path: {"value": {}}, plain_json.dumps, ()),
    "FolderLock": (lambda path: {"folder": path, "name": "a.lock", "op": "o", "why": "w"}, FolderLock, ("op", "why")),
    "open_run": (lambda path: {"folder": path}, open_run, ()),
    "RunFolder": (lambda path: {"folder": path}, RunFolder, ()),
    "recipe_for": (lambda path: {"model": "unet", "data": "shapes"}, recipe_for, ()),
    "Recipe": (lambda path: RECIPES["unet", "shapes"].as_dict(), Recipe, ()),
    "fit": (lambda path: {**fit_parts(), "epochs": 1, "progress": False}, fit, ("checkpoint", "on_epoch", "progress")),
}  # fmt: skip


def _sequence_parts():
    optimizer = sgd()
    return optimizer, [optim.StepLR(optimizer, 1), optim.StepLR(optimizer, 2)], [3]


def arguments(name, path):
    make, call, left_out = CALLS[name]
    needed = make(path)
    kinds = inspect.signature(call).parameters.values()
    named = [kind.name for kind in kinds if kind.kind in (kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)]
    return [argument for argument in named or needed if argument not in left_out]


@pytest.mark.parametrize("name", CALLS)
def test_wrong_kinds_of_values(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # "x" is a path
    make, call, _ = CALLS[name]
    words = re.compile(r"[\w.]+: .*, expected |[\w.]+: there is no file |load_state_dict: ", re.DOTALL)
    call(**make(tmp_path)) if name not in ("load_checkpoint", "load_file", "open_run") else None
    for argument in arguments(name, tmp_path):
        for kind, wrong in WRONG.items():
            try:
                made = call(**{**make(tmp_path), argument: wrong})
                if isinstance(made, optim.LRScheduler) and not isinstance(made, optim.LambdaLR):
                    made.step()
            except (ValueError, TypeError, IndexError, RuntimeError, OSError) as error:
                message = str(error)
            else:
                continue
            assert words.match(message), f"{name}({argument}={kind}): {message}"
            assert len(message) < 4000, f"{name}({argument}={kind}): a message of {len(message)} letters"


def test_every_public_name_of_these_rooms_is_tried():
    public = {*optim.__all__} - {"lr_scheduler", "LRScheduler", "Optimizer"}
    assert public <= set(CALLS)
    assert {"load_checkpoint", "load_file", "save_checkpoint", "save_file", "FolderLock"} <= set(CALLS)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_refused_state_changes_nothing(name):
    optimizer = stepped(name)
    before = repr(optimizer.state_dict())
    state = optimizer.state_dict()
    for group in ({"lr": "fast"}, {"lr": -1.0}, {"weight_decay": None}):
        changed = {**state, "param_groups": [{**state["param_groups"][0], **group}]}
        with pytest.raises((ValueError, TypeError), match=rf"{name}: (lr|weight_decay) is"):
            optimizer.load_state_dict(changed)
        assert repr(optimizer.state_dict()) == before


@pytest.mark.parametrize("key", ["exp_avg", "exp_avg_sq", "step"])
def test_a_state_that_lacks_something_is_refused(key):
    state = stepped("Adam").state_dict()
    del state["state"][0][key]
    with pytest.raises(TypeError, match=rf"Adam\.load_state_dict: {key} is"):
        stepped("Adam").load_state_dict(state)


SCHEDULES = {
    "StepLR": lambda o: optim.StepLR(o, 2), "MultiStepLR": lambda o: optim.MultiStepLR(o, [2]),
    "LinearLR": lambda o: optim.LinearLR(o), "LambdaLR": lambda o: optim.LambdaLR(o, lambda t: 1.0),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_group_added_under_a_schedule(name):
    """Schedules that multiply the present rate take the group along, as PyTorch's do; the others say what to do."""
    optimizer = sgd()
    scheduler = SCHEDULES[name](optimizer)
    scheduler.step()
    optimizer.add_param_group({"params": [param()], "lr": 0.5})
    if name in ("LambdaLR", "CosineAnnealingLR"):
        with pytest.raises(RuntimeError, match=rf"{name}\.step: optimizer has 2 groups, expected 1: .* make the sched"):
            scheduler.step()
    else:
        scheduler.step()
        assert len(scheduler.get_last_lr()) == 2
