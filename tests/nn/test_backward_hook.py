"""Hooks on a module's gradients: what they see, when, and what they change; as in PyTorch."""

from typing import NamedTuple

import numpy as np
import pytest

import minidet
from minidet import nn, no_grad


class Pair(NamedTuple):
    first: object
    second: object


def scene(lib, nn):
    """Return a module of several arguments and results, and arguments for it."""

    class Several(nn.Module):
        def forward(self, a, factor, b, constant, index, unused):
            return Pair(a * factor + b * constant, (a * b)[index])

    def make(*values, requires_grad=True):
        return lib.tensor([float(value) for value in values], requires_grad=requires_grad)

    args = make(1, 2), 3, make(3, 4), make(5, 6, requires_grad=False), lib.tensor([1, 0]), make(7, 8)
    return Several(), args


def plain(value):
    """Turn tensors into lists."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value if value is None else value.tolist()


def listener(seen):
    return lambda module, grad_input, grad_output: seen.append((plain(grad_input), plain(grad_output)))


def several(lib, nn, total, passes=1):
    """Run the scene, and return what the hook saw, and the gradients of the leaves."""
    seen = []
    module, args = scene(lib, nn)
    module.register_full_backward_hook(listener(seen))
    result = module(*args)
    assert isinstance(result, Pair)
    loss = total(result, args)
    for _ in range(passes):
        loss.backward(retain_graph=True)
    return seen, plain([args[0].grad, args[2].grad])


TOTALS = {
    "both results": lambda result, args: (result.first * 2 + result.second).sum(),
    "one result": lambda result, args: (result.second * 3).sum(),
    "an argument outside too": lambda result, args: (result.first * args[0]).sum(),
    "not through the module": lambda result, args: (args[0] * args[2]).sum(),
}


@pytest.mark.parity
@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("total", TOTALS)
def test_sees_what_pytorchs_sees(total, passes):
    import torch

    assert several(minidet, nn, TOTALS[total], passes) == several(torch, torch.nn, TOTALS[total], passes)


def test_of_a_layer():
    seen = []
    net = nn.Sequential(nn.Linear(2, 1, bias=False), nn.ReLU())
    net[0].weight._write_array()[...] = [[3, -1]]
    for layer in net:
        layer.register_full_backward_hook(listener(seen))
    (net(minidet.tensor([[1.0, 2.0]], requires_grad=True)) * 5).sum().backward()
    assert seen == [([[[5]]], [[[5]]]), ([[[15, -5]]], [[[5]]])]


def test_where_no_argument_requires_grad():
    seen = []
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(listener(seen))
    layer(minidet.ones(1, 2)).sum().backward()
    assert seen == [([None], [[[1]]])]
    assert layer.weight.grad.tolist() == [[1, 1]]


def test_replaces_the_gradient_one_hook_after_the_other():
    x = minidet.ones(2, requires_grad=True)
    layer = nn.Identity()
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 2,))
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] + grad_output[0],))
    (layer(x) * 3).sum().backward()
    assert x.grad.tolist() == [9, 9]


def test_removed():
    seen = []
    layer, x = nn.ReLU(), minidet.ones(2, requires_grad=True)
    with layer.register_full_backward_hook(listener(seen)):
        assert layer(x).grad_fn.name == "BackwardHook"
    assert layer(x).grad_fn.name == "Relu"


def test_without_a_tape_nothing_is_kept():
    layer = nn.ReLU()
    layer.register_full_backward_hook(listener([]))
    with no_grad():
        assert layer(minidet.ones(2, requires_grad=True)).grad_fn is None
    assert layer(minidet.ones(2)).grad_fn is None


@pytest.mark.parametrize("returned, was", [((), "a tuple of 0"), (np.ones(2), "a ndarray")])
def test_refuses_what_is_no_tuple_of_gradients(returned, was):
    layer = nn.ReLU()
    layer.register_full_backward_hook(lambda *args: returned)
    result = layer(minidet.ones(2, requires_grad=True)).sum()
    message = f"register_full_backward_hook: hook returned {was}, expected None or a tuple of 1: one gradient"
    with pytest.raises(RuntimeError, match=message):
        result.backward()


def test_warns_where_it_can_not_listen():
    class Detector(nn.Module):
        def forward(self, x):
            return {"loss": x.sum()}

    seen = []
    detector = Detector()
    detector.register_full_backward_hook(listener(seen))
    with pytest.warns(UserWarning, match="register_full_backward_hook: the module returned a dict, expected a tensor"):
        result = detector(minidet.ones(2, requires_grad=True))
    result["loss"].backward()
    assert not seen
