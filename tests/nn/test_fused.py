"""Batch normalisation and ReLU in one pass: the same numbers, bit for bit, and only where nobody could tell."""

import math

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.nn import functional as F
from minidet.nn.fused import fused, norm_relu, within


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 3, 70, 90), (0, 3, 4, 4)])
def test_a_block_adds_in_the_same_pass(shape, dtype):
    layer = pair()[0].to(dtype)
    x, other = image(*shape, dtype=dtype), image(*shape, seed=2, dtype=dtype)
    with minidet.no_grad():
        for kept in (other, other.permute(0, 1, 3, 2).contiguous().permute(0, 1, 3, 2)):
            np.testing.assert_array_equal(norm_relu(layer, x, kept).numpy(), F.relu(layer(x) + kept).numpy())
        np.testing.assert_array_equal(norm_relu(layer, x).numpy(), F.relu(layer(x)).numpy())


def test_a_block_s_addition_keeps_nan_and_broadcasts():
    layer, x = pair()[0], image(2, 3, 4, 4)
    row = image(1, 3, 1, 1, seed=3)
    other = image(2, 3, 4, 4, seed=2)
    other._write_array()[1, 2, 0, 0] = np.nan
    with minidet.no_grad():
        assert np.isnan(norm_relu(layer, x, other).numpy()).sum() == 1
        np.testing.assert_array_equal(norm_relu(layer, x, row).numpy(), F.relu(layer(x) + row).numpy())


def test_a_block_records_and_calls_hooks():
    layer, x, other, seen = pair()[0], image(1, 3, 4, 4), image(1, 3, 4, 4, seed=2).requires_grad_(), []
    norm_relu(layer, x, other).sum().backward()
    assert other.grad is not None
    assert layer.weight.grad is not None
    layer.register_forward_hook(lambda *_: seen.append(1))
    with minidet.no_grad():
        norm_relu(layer, x)
    assert seen == [1]


def test_layers_in_a_row():
    """A pair is one call, and carries the second's name; what is wanted by itself stays apart."""
    layer, cut = pair()
    named = [("norm", layer), ("relu", cut), ("again", cut)]
    with minidet.no_grad():
        assert [path for path, _ in fused(named)] == ["relu", "again"]
        assert [path for path, _ in fused(named, apart={"norm": 2})] == ["norm", "relu", "again"]
    assert [path for path, _ in fused(iter(named))] == ["norm", "relu", "again"]
    assert list(fused([])) == []
