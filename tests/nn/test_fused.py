"""Batch normalisation and ReLU in one pass: the same numbers, bit for bit, and only where nobody could tell."""

import math

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.nn.fused import within


def pair(norm=nn.BatchNorm2d, activation=nn.ReLU6, channels=3, seed=0):
    """Return both, with statistics and parameters that are not 0 and 1, in evaluation."""
    rng, layer = np.random.default_rng(seed), norm(channels)
    for array in (layer.running_mean, layer.running_var, layer.weight, layer.bias):
        array._write_array()[...] = rng.uniform(0.5, 4, channels)
    return layer.eval(), activation().eval()


def image(*shape, seed=1, dtype=np.float32):
    return minidet.tensor(np.random.default_rng(seed).normal(0, 6, shape).astype(dtype))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 3, 70, 90), (0, 3, 4, 4)])
def test_the_same_numbers(activation, shape):
    net = nn.Sequential(*pair(activation=activation))
    x = image(*shape)
    with minidet.no_grad():
        assert within(*net) == (0.0, 6.0 if activation is nn.ReLU6 else math.inf)
        np.testing.assert_array_equal(net(x).numpy(), net[1](net[0](x)).numpy())


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 9)])
def test_rows_and_float64(shape):
    net = nn.Sequential(*pair(nn.BatchNorm1d)).double()
    x = image(*shape, dtype=np.float64)
    with minidet.no_grad():
        np.testing.assert_array_equal(net(x).numpy(), net[1](net[0](x)).numpy())


def test_nan_stays():
    net = nn.Sequential(*pair())
    x = image(1, 3, 2, 2)
    x._write_array()[0, 1, 0, 1] = np.nan
    with minidet.no_grad():
        assert np.isnan(net(x).numpy()).sum() == 1


def test_both_run_where_it_matters():
    """Gradients, training, hooks, no statistics, other classes, other neighbours."""
    layer, cut = pair()
    with minidet.no_grad():
        assert within(layer, cut) is not None
        assert within(layer, None) is None
        assert within(cut, layer) is None
        assert within(layer, nn.LeakyReLU()) is None
        assert within(type("Own", (nn.BatchNorm2d,), {})(3).eval(), cut) is None
        assert within(layer, type("Own", (nn.ReLU6,), {})()) is None
        assert within(nn.BatchNorm2d(3, track_running_stats=False).eval(), cut) is None
        for one in (layer, cut):
            for register in (one.register_forward_hook, one.register_forward_pre_hook):
                hook = register(lambda *_: None)
                assert within(layer, cut) is None
                hook.remove()
        assert within(layer, cut) is not None
        assert within(layer.train(), cut) is None
    assert within(layer.eval(), cut) is None


def test_hooks_see_what_is_between():
    net, seen = nn.Sequential(*pair(), nn.ReLU()), []
    net[0].register_forward_hook(lambda module, args, result: seen.append(result.numpy().min()))
    with minidet.no_grad():
        net(image(1, 3, 4, 4))
    assert seen[0] < 0


def test_gradients_flow_in_evaluation():
    net = nn.Sequential(*pair())
    net(image(1, 3, 4, 4)).sum().backward()
    assert net[0].weight.grad is not None


def test_the_same_module_twice():
    layer, cut = pair()
    net = nn.Sequential(layer, cut, layer, cut, cut)
    x = image(1, 3, 4, 4)
    with minidet.no_grad():
        np.testing.assert_array_equal(net(x).numpy(), cut(layer(cut(layer(x)))).numpy())


def test_bad_input_is_the_layers_own_error():
    net = nn.Sequential(*pair())
    with minidet.no_grad(), pytest.raises(ValueError, match="BatchNorm2d: input has shape"):
        net(image(1, 4, 4, 4))
