"""Values of the wrong kind for layers, initialisers and modules: what raises names the layer or the method."""

import inspect

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.nn import init
from tests.autograd.bad_values import complaint, every_complaint, names_of, values

LAYERS = {
    "in_features": lambda: 2, "out_features": lambda: 3, "in_channels": lambda: 2, "out_channels": lambda: 2,
    "kernel_size": lambda: 2, "num_features": lambda: 2, "num_groups": lambda: 1, "num_channels": lambda: 2,
    "size": lambda: 2, "output_size": lambda: 2, "dim": lambda: 1, "*": lambda: (), "rng": lambda: None,
}  # fmt: skip
CONSTRUCTORS = sorted(
    name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)
    and len(names_of(getattr(nn, name))) and name not in ("Identity", "Module")
)  # fmt: skip


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_constructors(name):
    special = {("Softmax", "dim"): lambda: 1, ("Upsample", "size"): lambda: 2, ("LogSoftmax", "dim"): lambda: 1}
    found = every_complaint(name, getattr(nn, name), LAYERS, special)
    if name == "Upsample":  # both are given, and the message says so
        found = [line for line in found if "both given" not in line]
    assert not found


INITIALISERS = sorted(name for name, value in vars(init).items()
                      if inspect.isfunction(value) and value.__module__ == init.__name__ and name[0] != "_")  # fmt: skip


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers(name):
    good = {"tensor": lambda: minidet.zeros(2, 2, 3, 3), "val": lambda: 1.0, "nonlinearity": lambda: "leaky_relu"}
    assert not every_complaint(name, getattr(init, name), good, {})


def net():
    made = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    made[0].weight.grad = minidet.ones(2, 2)
    return made


MODULE = {
    "hook": lambda: lambda *args: None, "name": lambda: "new", "param": lambda: nn.Parameter(minidet.zeros(2)),
    "tensor": lambda: minidet.zeros(2), "module": lambda: nn.ReLU(), "state_dict": lambda: net().state_dict(),
    "fn": lambda: lambda module: None, "dtype": lambda: minidet.float64,
}  # fmt: skip
METHODS = ["register_forward_pre_hook", "register_forward_hook", "register_full_backward_hook", "register_parameter",
           "register_buffer", "add_module", "load_state_dict", "train", "apply", "requires_grad_", "zero_grad",
           "to"]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_methods(method):
    function = getattr(nn.Module, method)

    def call(**options):
        return function(net(), **options)

    call.__signature__ = inspect.Signature(list(inspect.signature(function).parameters.values())[1:])
    found = every_complaint(method, call, MODULE, {})
    names = "register_hook:", "Sequential:"  # the class of the module, where it is an attribute that is made
    assert not [line for line in found if not any(name in line for name in names) and "fn=class" not in line]


def test_entries_of_a_state():
    found = []
    for kind, value in values().items():
        state = net().state_dict() | {"0.bias": value}
        found.append(complaint("load_state_dict", net().load_state_dict, state))
        found.append(complaint("load_state_dict", net().load_state_dict, {value: minidet.zeros(2)})
                     if kind not in ("list", "dict", "set", "texts", "big list", "nested")
                     and not hasattr(value, "shape") else "")  # fmt: skip
    assert not [line for line in found if line]


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
def test_containers(kind):
    def made():
        return nn.Sequential(nn.ReLU(), nn.Tanh()) if kind == "Sequential" else nn.ModuleList([nn.ReLU(), nn.Tanh()])

    found = []
    for value in values().values():
        for call in (lambda held, x: held[x], lambda held, x: held.__setitem__(x, nn.ReLU()),
                     lambda held, x: held.__delitem__(x), lambda held, x: held.insert(x, nn.ReLU()),
                     lambda held, x: held.append(x), lambda held, x: held.extend(x),
                     lambda held, x: held.__setitem__(0, x), lambda held, x: held.insert(0, x)):  # fmt: skip
            found += [complaint(kind, call, made(), value)]
    assert not any(found), found


@pytest.mark.parametrize("argument", names_of(optim.clip_grad_norm_))
def test_clipping(argument):
    found = []
    for value in values().values():
        options = {"parameters": net().parameters(), "max_norm": 1.0} | {argument: value}
        found.append(complaint("clip_grad_norm_", optim.clip_grad_norm_, **options))
    assert not any(found), found


@pytest.mark.parametrize("call, message", [
    (lambda: nn.Linear(2**62, 2), "Linear: in_features is 4611686018427387904, expected a result of at most 68,719,476,736 numbers"),
    (lambda: nn.Linear(np.int64(2**62), 2), "Linear: in_features is 4611686018427387904, expected a result of at most"),
    (lambda: nn.ConvTranspose2d(2, 2, 2)(range(3), (4, 4)), "ConvTranspose2d: input is a range"),
    (lambda: nn.ConvTranspose2d(2, 2, 2)(minidet.ones(3), (4, 4)), "ConvTranspose2d: input has shape (3,), expected a 3-D or 4-D"),
    (lambda: nn.Linear(2, 2, bias="no"), "Linear: bias is a str, expected True or False"),
    (lambda: nn.ReLU().to("x"), "to: dtype is 'x', expected float32, float64, an integer dtype or bool"),
    (lambda: nn.ReLU().load_state_dict(3), "load_state_dict: state_dict is a int, expected a dict of arrays"),
    (lambda: nn.Sequential(nn.ReLU())["x"], "Sequential: index is 'x', expected an integer"),
    (lambda: init.normal_(3), "normal_: tensor is a int, expected a tensor"),
    (lambda: init.uniform_(minidet.zeros(2), "x"), "uniform_: a is 'x', expected a number"),
    (lambda: init.xavier_normal_(minidet.zeros(2, 2), rng=3), "xavier_normal_: rng is a int, expected a numpy Generator"),
    (lambda: optim.clip_grad_norm_(3, 1.0), "clip_grad_norm_: parameters is a int, expected an iterable"),
    (lambda: optim.clip_grad_norm_([], "x"), "clip_grad_norm_: max_norm is 'x', expected a number"),
])  # fmt: skip
def test_words(call, message):
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    assert str(error.value).startswith(message)
