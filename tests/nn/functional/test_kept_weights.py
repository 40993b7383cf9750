"""At inference a convolution keeps its weights in the order that its kernels read: never longer than they are right."""

import numba
import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.nn import functional as F

#: Layers whose kernels pack weights in different ways, and an image's size: Winograd, its stride 2, panels, one long
#: row, direct, groups, few pixels, depthwise.
LAYERS = [
    (lambda: nn.Conv2d(32, 48, 3, padding=1), (32, 24, 24)),
    (lambda: nn.Conv2d(32, 48, 3, stride=2, padding=1), (32, 24, 24)),
    (lambda: nn.Conv2d(24, 20, 5, padding=2), (24, 20, 20)),
    (lambda: nn.Conv2d(40, 36, 1), (40, 16, 16)),
    (lambda: nn.Conv2d(3, 8, 3, padding=1), (3, 20, 20)),
    (lambda: nn.Conv2d(64, 64, 3, padding=1, groups=2), (64, 16, 16)),
    (lambda: nn.Conv2d(128, 96, 3, padding=1), (128, 5, 5)),
    (lambda: nn.Conv2d(16, 16, 3, padding=1, groups=16), (16, 20, 20)),
    (lambda: nn.Conv2d(32, 48, 3, padding=1, bias=False), (32, 24, 24)),
    (lambda: nn.Conv2d(40, 36, 1, bias=False), (40, 16, 16)),
]
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="without the compiler, nothing is packed")
each_layer = pytest.mark.parametrize("build, shape", LAYERS, ids=range(len(LAYERS)))


def images(shape, count=2, seed=0):
    return minidet.tensor(np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32))


def recorded(layer, x):
    """Return the layer's result where operations are recorded: there nothing is kept."""
    return layer(x).detach().numpy().copy()


def inferred(layer, x):
    with minidet.no_grad():
        return layer(x).numpy()


def assert_same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@each_layer
def test_the_same_numbers_every_time(build, shape):
    layer, x = build(), images(shape)
    expected = recorded(layer, x)
    for _ in range(3):
        assert_same(inferred(layer, x), expected)


@pytest.mark.parametrize(
    "build, shape, name",
    [(*layer, name) for layer in LAYERS for name in ("weight", "bias") if getattr(layer[0](), name) is not None],
)
def test_a_change_is_seen(build, shape, name):
    """By an optimiser, by load_state_dict, by an operation in place: weights that were kept are forgotten."""
    layer, other, x = build(), build(), images(shape)
    changes = [
        lambda: getattr(layer, name).detach().add_(1.0),
        lambda: layer.load_state_dict(other.state_dict()),
        lambda: setattr(layer, name, nn.Parameter(getattr(other, name).detach().clone() * 2)),
    ]
    for change in changes:
        inferred(layer, x)
        before = inferred(layer, x)
        change()
        after = recorded(layer, x)
        assert np.abs(after - before).max() > 0.01
        assert_same(inferred(layer, x), after)


@each_layer
def test_an_optimiser_s_step_is_seen(build, shape):
    layer, x = build(), images(shape)
    inferred(layer, x)
    layer(x).sum().backward()
    minidet.optim.SGD(layer.parameters(), lr=0.1).step()
    assert_same(inferred(layer, x), recorded(layer, x))


@each_layer
def test_an_array_outside_is_seen(build, shape):
    """Whoever took the weight's array writes to it without a word."""
    layer, x = build(), images(shape)
    inferred(layer, x)
    array = layer.weight.detach().numpy()
    for _ in range(2):
        array += 0.5
        assert_same(inferred(layer, x), recorded(layer, x))


def test_an_array_handed_in_is_seen():
    array = np.ones((4, 3, 3, 3), np.float32)
    weight, x = minidet.tensor(array), images((3, 8, 8))
    shared = minidet.Tensor(array)
    with minidet.no_grad():
        for each in (weight, shared):
            F.conv2d(x, each)
        array *= 2
        assert_same(F.conv2d(x, shared).numpy(), 2 * F.conv2d(x, weight).numpy())


def test_a_part_of_a_weight():
    weight, x = minidet.randn(8, 32, 3, 3), images((32, 16, 16))
    with minidet.no_grad():
        whole = F.conv2d(x, weight).numpy()
        assert_same(F.conv2d(x, weight[4:]).numpy(), whole[:, 4:])
        weight[4:].mul_(2)
        assert_same(F.conv2d(x, weight[4:]).numpy(), 2 * whole[:, 4:])


@compiled
def test_images_of_many_sizes_keep_little():
    layer = nn.Conv2d(32, 32, 3, padding=1)
    for side in (5, 9, 16, 24, 33, 40):
        x = images((32, side, side))
        assert_same(inferred(layer, x), recorded(layer, x))
    kept = layer.weight._storage.made[2]
    assert 1 <= len(kept) <= 2
    assert sum(array.nbytes for array in kept.values()) <= 4 * layer.weight._array.nbytes


@compiled
def test_training_keeps_nothing():
    layer, x = nn.Conv2d(32, 32, 3, padding=1), images((32, 16, 16))
    layer(x)
    assert layer.weight._storage.made is None
    inferred(layer, x)
    assert layer.weight._storage.made[2]
    layer.weight.detach().mul_(1.0)
    assert layer.weight._storage.made is None


def test_one_dimension():
    layer, x = nn.Conv1d(16, 24, 5, padding=2), images((16, 40))
    for _ in range(2):
        assert_same(inferred(layer, x), recorded(layer, x))
