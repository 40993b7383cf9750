"""Sequential, ModuleList, ModuleDict."""

from collections import OrderedDict

import numpy as np
import pytest

from minidet import nn, tensor


def kinds(container):
    return [type(module).__name__ for module in container]


def test_sequential_applies_one_after_the_other():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = tensor(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32))
    np.testing.assert_array_equal(net(x).detach().numpy(), net[2](net[1](net[0](x))).detach().numpy())
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize("container", [lambda *m: nn.Sequential(*m), lambda *m: nn.ModuleList(m)])
class TestNumbered:
    def test_indexing(self, container):
        layers = [nn.ReLU(), nn.Tanh(), nn.Sigmoid()]
        net = container(*layers)
        assert len(net) == 3
        assert list(net) == layers
        assert net[-1] is layers[2]
        assert net[np.int64(1)] is layers[1]
        assert kinds(net[1:]) == ["Tanh", "Sigmoid"]
        assert type(net[1:]) is type(net)
        net[0] = nn.Identity()
        assert kinds(net) == ["Identity", "Tanh", "Sigmoid"]

    def test_growing_and_shrinking(self, container):
        net = container(nn.ReLU())
        assert net.append(nn.Tanh()) is net
        net.insert(0, nn.Identity())
        net.insert(-1, nn.Linear(1, 2))
        net.extend([nn.Sigmoid(), nn.ReLU6()])
        assert kinds(net) == ["Identity", "ReLU", "Linear", "Tanh", "Sigmoid", "ReLU6"]
        assert list(net.state_dict()) == ["2.weight", "2.bias"]
        del net[0]
        assert list(net.state_dict()) == ["1.weight", "1.bias"]
        del net[2:]
        assert kinds(net) == ["ReLU", "Linear"]

    def test_refuses(self, container):
        net = container(nn.ReLU(), nn.Tanh())
        with pytest.raises(IndexError, match=r"index is 2, expected an integer in \[-2, 2\): it holds 2 modules"):
            _ = net[2]
        with pytest.raises(TypeError):
            _ = net["0"]
        with pytest.raises(TypeError, match="expected a Module"):
            net.append("ReLU")
        with pytest.raises(TypeError, match="module is a NoneType, expected a Module"):
            net.insert(0, None)
        with pytest.raises(TypeError, match="expected a Module"):
            net[0] = 3
        assert kinds(net) == ["ReLU", "Tanh"]


def test_sequential_with_names():
    net = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 1, 1), relu=nn.ReLU(), out=nn.Identity()))
    assert list(net.state_dict()) == ["conv.weight", "conv.bias"]
    assert net.conv is net[0]
    assert [name for name, _ in net[:2].named_children()] == ["conv", "relu"]
    del net[1]
    assert [name for name, _ in net.named_children()] == ["conv", "out"]
    with pytest.raises(TypeError, match="Sequential: module a is None"):
        nn.Sequential({"a": None})


def test_module_dict():
    layers = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    layers["c"] = nn.Tanh()
    layers.update([("b", nn.Sigmoid())])
    assert list(layers) == list(layers.keys()) == ["a", "b", "c"]
    assert kinds(layers.values()) == ["Linear", "Sigmoid", "Tanh"]
    assert dict(layers.items())["c"] is layers["c"]
    assert "a" in layers
    assert list(layers.state_dict()) == ["a.weight", "a.bias"]
    assert isinstance(layers.pop("a"), nn.Linear)
    del layers["b"]
    assert len(layers) == 1
    with pytest.raises(TypeError, match="ModuleDict: d is a int"):
        layers["d"] = 1
    with pytest.raises(ValueError, match="ModuleDict: name is 'keys', expected a new one"):
        layers["keys"] = nn.ReLU()
    layers.clear()
    assert not len(layers)
