"""Calls with values of the wrong kind, as text: every public callable, its arguments from signatures, some of them bad."""

from __future__ import annotations

import inspect
import random

import numpy as np

import minidet
from minidet import Tensor, autograd, data, metrics, nn, ops, optim, viz
from minidet.data import transforms
from minidet.nn import functional as F
from minidet.nn import init

from .array import Array
from .draw import Draw
from .table import OPERATIONS

BAD = (
    "None", "True", "-1", "0", "1", "7", "2**31", "2**63", "-2**63", "2**70", "10**30", "1.5", "-0.5", "1e-40", "1e300", "nan", "inf",
    "-inf", "2j", "'x'", "''", "b'x'", "[]", "()", "[1, 2]", "(1,) * 5", "(2**40, 2**40)", "[[1], [2, 3]]", "[None]", "{}",
    "{'boxes': 1}", "object()", "len", "int", "slice(None)", "...", "range(3)", "np.ones((2, 3))", "np.ones(())", "np.ones(0)",
    "np.ones((1,) * 40)", "np.arange(6).reshape(2, 3)", "np.array(['a', 'b'])", "np.array([object()])", "np.ones(3, np.float16)",
    "np.ones(3, complex)", "np.full((2, 3), nan)", "np.array([True, False])", "np.float32(0.5)", "np.int64(2**62)",
    "Array((2, 3))", "Array((2, 3), 'int64', low=-9)", "Array((0, 3))", "Array(())", "Array((2, 3, 4, 4))", "Array((1, 2, 1, 3, 1, 2))",
    "nn.ReLU()", "minidet", "set()", "lambda *a: None",
)  # fmt: skip

#: What a parameter of this name gets when it is not to be bad.
GOOD = {
    "optimizer": "optim.SGD([nn.Parameter(Array((2, 3)))], 0.1)", "params": "[nn.Parameter(Array((2, 3)))]",
    "parameters": "[nn.Parameter(Array((2, 3)))]", "dataset": "data.TensorDataset(np.arange(6))", "indices": "[0, 1]",
    "samples": "[(np.ones(2), 1), (np.ones(2), 2)]", "image": "np.ones((3, 8, 8), np.float32)",
    "images": "[np.ones((3, 8, 8), np.float32)]", "labels": "np.zeros((8, 8), np.int64)", "num_classes": "3",
    "target": "{'boxes': np.array([[1, 1, 4, 5]], np.float32), 'labels': np.array([1])}", "history": "{'loss': [2.0, 1.0]}",
    "module": "nn.Linear(3, 2)", "tensor": "Array((2, 3, 4, 4), grad=False)", "weight": "Array((4, 3, 3, 3))", "features": "Array((1, 4, 5, 5))",
    "colours": "viz.palette(3)", "rows": "viz.layer_table(nn.Linear(3, 2), Array((1, 3)))", "matrix": "metrics.ConfusionMatrix(3)",
    "schedulers": "[optim.StepLR(optim.SGD([nn.Parameter(Array((2,)))], 0.1), 1)]", "milestones": "[1]", "lr_lambda": "lambda epoch: 1.0",
    "nonlinearity": "'relu'", "defaults": "{'lr': 0.1}", "truths": "[np.zeros((8, 8), np.int64)]", "class_names": "['a', 'b', 'c']",
    "predictions": "[np.zeros((8, 8), np.int64)]", "rng": "None", "lr": "0.1", "T_max": "3", "step_size": "2", "max_norm": "1.0",
    "in_channels": "4", "out_channels": "4", "kernel_size": "2", "num_features": "3", "num_channels": "4", "num_groups": "2",
    "in_features": "3", "out_features": "2", "size": "(4, 4)", "output_size": "2", "arrays": "np.arange(4)", "val": "0.5",
    "input": "Array((2, 3, 4, 4))", "self": "Array((2, 3, 4, 4))", "other": "Array((2, 3, 4, 4))", "op": "'op'",
    "boxes": "np.array([[1, 1, 4, 5]], np.float32)", "boxes1": "np.ones((2, 4))", "boxes2": "np.ones((3, 4))", "scores": "np.ones(1)",
    "idxs": "np.ones(1, int)", "iou_threshold": "0.5", "match_quality_matrix": "np.ones((2, 3))", "high_threshold": "0.7",
    "low_threshold": "0.3", "batch_size_per_image": "8", "positive_fraction": "0.5", "weights": "(1.0, 1.0, 1.0, 1.0)",
    "mean": "(0.5, 0.5, 0.5)", "std": "(0.5, 0.5, 0.5)", "transforms": "[]", "root": "'/nowhere'", "length": "4",
}  # fmt: skip

NOT_CALLED = {  # what changes the state of the process, reads data sets, or is no operation
    "CamVid", "FolderSegmentation", "data_root", "set_grad_enabled", "enable_grad", "no_grad", "manual_seed", "GradcheckError", "Function", "Module", "Tensor",
    "LayerRow", "TapeNode", "annotations", "np", "math", "bad_argument", "check_choice", "generator", "GAINS", "bisect_right", "Counter",
    "integer", "get_grad_fn", "is_grad_enabled", "subplots", "DigitScenes", "NamedTuple", "dataclass", "field", "Optimizer", "LRScheduler",
    "Dataset", "Parameter", "fans",
}  # fmt: skip
#: What a new object is asked to do next.
METHODS = {
    "Optimizer": ("step", "zero_grad", "add_param_group", "load_state_dict"), "LRScheduler": ("step", "load_state_dict"),
    "Module": ("__call__", "load_state_dict", "to", "train", "requires_grad_", "apply", "register_buffer", "get_parameter"),
    "ConfusionMatrix": ("update", "merge"), "BoundaryF1": ("update",), "Dataset": ("__getitem__",), "DataLoader": ("__iter__",), "BoxCoder": ("decode", "encode", "decode_single", "encode_single"),
}  # fmt: skip
NAMESPACE = {
    "np": np, "minidet": minidet, "nn": nn, "F": F, "init": init, "optim": optim, "data": data, "metrics": metrics, "ops": ops, "viz": viz,
    "transforms": transforms, "Tensor": Tensor, "autograd": autograd, "nan": float("nan"), "inf": float("inf"),
    "Array": lambda *args, **kwargs: _tensor(Array(*args, **kwargs)),
}  # fmt: skip


def _tensor(what: Array) -> Tensor:
    array = what.make()
    return Tensor(array, requires_grad=what.grad and array.dtype.kind == "f")


def _public(owner: str, names) -> list[str]:
    module = NAMESPACE[owner]
    return [f"{owner}.{name}" for name in sorted(names)
            if name not in NOT_CALLED and not name.startswith("_") and callable(getattr(module, name))]  # fmt: skip


def callables() -> list[str]:
    """Return every public callable, as text."""
    own = transforms.__all__
    starting = {name for name in dir(init) if getattr(getattr(init, name), "__module__", "") == "minidet.nn.init"}
    return [
        *_public("autograd", set(autograd.__all__) - set(minidet.__all__)), *_public("minidet", set(autograd.__all__) & set(minidet.__all__)), *_public("F", F.__all__), *_public("nn", nn.__all__), *_public("init", starting),
        *_public("ops", ops.__all__), *_public("optim", optim.__all__), *_public("data", data.__all__), *_public("metrics", metrics.__all__),
        *_public("viz", viz.__all__), *_public("transforms", own),
        *(f"Tensor.{name}" for name in sorted(dir(Tensor)) if not name.startswith("_") and callable(getattr(Tensor, name))),
        *(f"Tensor.{name}" for name in ("__getitem__", "__setitem__", "__add__", "__rsub__", "__matmul__", "__pow__", "__mod__",
                                       "__floordiv__", "__truediv__", "__iadd__", "__eq__", "__lt__", "__and__", "__contains__")
          if hasattr(Tensor, name)),
    ]  # fmt: skip


def signature(name: str) -> list[inspect.Parameter] | None:
    """Return the parameters of a callable; None where it has no signature."""
    owner, last = name.split(".")
    try:
        return list(inspect.signature(getattr(NAMESPACE[owner], last)).parameters.values())
    except (ValueError, TypeError):
        return None


def bad_call(name: str, rng: random.Random) -> str:
    """Return the text of a call of ``name`` with one or two bad arguments, or with bad arguments only."""
    if name in OPERATIONS and not name.startswith("nn.") and rng.random() < 0.6:
        args, kwargs = OPERATIONS[name].draw(Draw(rng.random()))
        positional, named = [repr(arg) for arg in args], {key: repr(value) for key, value in kwargs.items()}
    else:
        positional, named = _from_signature(name, rng)
    first = int(name.startswith("Tensor."))  # a method is called on a tensor
    if first and not positional[0].startswith("Array("):
        positional[0] = GOOD["self"]
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(positional) + len(named) + 1)
        if place < first:
            continue
        if place < len(positional):
            positional[place] = rng.choice(BAD)
        elif named and place < len(positional) + len(named):
            named[sorted(named)[place - len(positional)]] = rng.choice(BAD)
    text = f"{name}({', '.join([*positional, *(f'{key}={value}' for key, value in named.items())])})"
    return _next(name, text, rng)


def _from_signature(name: str, rng: random.Random) -> tuple[list[str], dict[str, str]]:
    """Fill the parameters of a signature: good values where their names are known, bad ones elsewhere."""
    positional, named = [], {}
    for parameter in signature(name) or []:
        good = GOOD.get(parameter.name)
        if parameter.kind == parameter.VAR_POSITIONAL:
            positional += [good or rng.choice(BAD) for _ in range(rng.randrange(3))]
        elif parameter.default is not parameter.empty:
            if parameter.name != "op" and rng.random() < 0.3:  # who is to be named
                named[parameter.name] = rng.choice(BAD)
        elif parameter.kind != parameter.VAR_KEYWORD:
            kept = good is not None and (parameter.name in ("self", "op") or rng.random() < 0.85)
            positional.append(good if kept else rng.choice(BAD))
    return positional, named


def _next(name: str, text: str, rng: random.Random) -> str:
    """Ask a new object to do something, half of the time: of a good object something bad."""
    owner, last = name.split(".")
    made = getattr(NAMESPACE[owner], last)
    if not isinstance(made, type) or rng.random() < 0.5:
        return text
    methods = next((METHODS[base.__name__] for base in made.__mro__ if base.__name__ in METHODS), ("__call__",))
    method = rng.choice(methods) if rng.random() < 0.6 else methods[0]
    good = [GOOD.get(parameter.name, rng.choice(BAD)) for parameter in signature(name) or []
            if parameter.default is parameter.empty and parameter.kind <= parameter.POSITIONAL_OR_KEYWORD]  # fmt: skip
    arguments = ", ".join(rng.choice(BAD) for _ in range(rng.choice((1, 1, 2, 0, 3))))
    return f"{name}({', '.join(good)}).{method}({arguments})"


def run(text: str) -> object:
    """Make a call that was written as text."""
    return eval(text, dict(NAMESPACE))
