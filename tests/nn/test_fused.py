"""Batch normalisation and ReLU in one pass: the same numbers, bit for bit, and only where nobody could tell."""

import math

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.autograd import pad
from minidet.nn import functional as F
from minidet.nn.fused import clipped, conv2d_padded, fused, norm_relu, within


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


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6])
@pytest.mark.parametrize("size", [(6, 5), (60, 70)])
def test_a_convolution_s_relu_writes_over_its_result(activation, size):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), activation())
    x = image(2, 3, *size)
    before = x.numpy().copy()
    expected = net(x).detach().numpy()
    with minidet.no_grad():
        np.testing.assert_array_equal(net(x).numpy(), expected)
    np.testing.assert_array_equal(x.numpy(), before)


def test_where_a_convolution_s_result_stays():
    """Recorded, hooked, followed by something else; a class whose result may be somebody's."""
    conv, cut = nn.Conv2d(3, 3, 1), nn.ReLU()
    own = type("Own", (nn.Conv2d,), {"forward": lambda self, x: x})(3, 3, 1)
    assert clipped(conv, cut) is None
    with minidet.no_grad():
        assert clipped(conv, cut) is not None
        assert clipped(conv, nn.LeakyReLU()) is None
        assert clipped(conv, None) is None
        assert clipped(own, cut) is None
        assert clipped(nn.Identity(), cut) is None
        x = image(1, 3, 4, 4)
        nn.Sequential(own, cut)(x)
        assert x.numpy().min() < 0
        for one in (conv, cut):
            hook = one.register_forward_hook(lambda *_: None)
            assert clipped(conv, cut) is None
            hook.remove()


SIZES = (9, 12), (16, 16), (2, 7)
BORDERS = (0, 1, 0, 1), (1, 1, 1, 1), (0, 2, 1, 3), (1, 0, 0, 1), (2, 1, 0, 0)


@pytest.mark.parametrize(
    "size, borders", [(size, edge) for size in SIZES for edge in BORDERS if size[0] + edge[2] + edge[3] >= 3]
)
@pytest.mark.parametrize("channels, filters, groups", [(3, 4, 1), (8, 8, 8), (32, 32, 1)])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_without_a_copy(size, borders, channels, filters, groups, stride):
    """Values and gradients are those of ``pad`` and ``conv2d``, where the last window reaches beyond the image, too."""
    found = []
    for call in (conv2d_padded, lambda x, w, b, s, edge, d, g: F.conv2d(pad(x, edge), w, b, s, 0, d, g)):
        x = image(2, channels, *size).double().requires_grad_()
        weight = image(filters, channels // groups, 3, 3, seed=2).double().requires_grad_()
        bias = image(filters, seed=3).double().requires_grad_()
        out = call(x, weight, bias, (stride, stride), borders, (1, 1), groups)
        (out * image(*out.shape, seed=4).double()).sum().backward()
        with minidet.no_grad():
            again = call(x, weight, bias, (stride, stride), borders, (1, 1), groups)
        found.append([out.detach().numpy(), again.numpy(), *(each.grad.numpy() for each in (x, weight, bias))])
    for actual, expected in zip(*found, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-8)
