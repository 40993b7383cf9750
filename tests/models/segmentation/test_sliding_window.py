import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import SlidingWindow, multiply_adds
from minidet.models.complexity import counting
from minidet.nn import functional as F

from .cases import disturb

SMALL = {"window": 18, "widths": (3, 5), "kernels": (3, 3), "hidden": 6}
OPTIONS = {
    "even window": SMALL,
    "odd window": {**SMALL, "window": 21, "kernels": (4, 4)},
    "three stages": {"window": 31, "widths": (2, 3, 4), "kernels": (4, 3, 3), "hidden": 5},
    "one pixel left": {**SMALL, "window": 10},
}


def example(options, rng, size=(7, 9)):
    model = disturb(SlidingWindow(4, **options), rng).double()
    return model, minidet.tensor(rng.random((2, 3, *size)))


def difference(model, images):
    """Return the largest difference of the two ways' scores, relative to the scores' spread."""
    with minidet.no_grad():
        whole, crops = model(images).numpy(), model.scores_by_crops(images).numpy()
    assert whole.shape == crops.shape == (len(images), 4, *images.shape[-2:])
    assert whole.std() > 1e-3
    return np.abs(whole - crops).max() / whole.std()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_same_scores_both_ways(name, rng):
    model, images = example(OPTIONS[name], rng)
    assert difference(model, images) < 1e-12  # float64: the order of additions
    images = minidet.tensor(images.numpy().astype(np.float32))
    assert 0 <= difference(model.float(), images) < 1e-4


def test_some_rows_and_columns(rng):
    model, images = example(SMALL, rng)
    with minidet.no_grad():
        some = model.scores_by_crops(images, rows=[6, 0], columns=range(1, 9, 3)).numpy()
        whole = model(images).numpy()
    np.testing.assert_allclose(some, whole[:, :, [6, 0]][..., 1:9:3], rtol=1e-9)


def test_gradients_are_the_same_both_ways(rng):
    model, images = example(SMALL, rng, size=(3, 4))
    gradients = []
    for way in (model, model.scores_by_crops):
        model.zero_grad()
        (way(images) ** 2).sum().backward()
        gradients.append([p.grad.numpy().copy() for p in model.parameters()])
    for whole, crops in zip(*gradients, strict=True):
        np.testing.assert_allclose(whole, crops, rtol=1e-9, atol=1e-9)


def test_a_crop_is_classified_by_ordinary_layers(rng):
    """Written out with Conv2d, MaxPool2d, Flatten and Linear, for the window in the middle of an image."""
    model, images = example(SMALL, rng, size=(18, 18))
    one, two = model.convs
    net = nn.Sequential(
        nn.Conv2d(3, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(45, 6), nn.ReLU(), nn.Linear(6, 4),
    ).double()  # fmt: skip
    for i, layer in ((0, one), (3, two), (7, model.hidden), (9, model.classifier)):
        net[i].load_state_dict(layer.state_dict())
    expected = net((images - 0.5) * 4).detach().numpy()
    np.testing.assert_allclose(model(images).detach().numpy()[:, :, 9, 9], expected, rtol=1e-9)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda conv2d, pool: {"conv2d": lambda *args, dilation=1: conv2d(*args)},
        lambda conv2d, pool: {"max_pool2d": lambda x, k, stride=2, dilation=1: pool(x, k, stride)},
        lambda conv2d, pool: {"conv2d": lambda *args, dilation=1: conv2d(*args, padding=dilation, dilation=dilation)},
    ],
)
def test_planted_mistakes_would_be_seen(mistake, rng, monkeypatch):
    model, images = example(SMALL, rng)
    for name, wrong in mistake(F.conv2d, F.max_pool2d).items():
        monkeypatch.setattr(F, name, wrong)
    with pytest.raises((AssertionError, ValueError)):
        assert difference(model, images) < 1e-3


class TestMultiplyAdds:
    @pytest.mark.parametrize("name", OPTIONS)
    @pytest.mark.parametrize("size", [(5, 6), (8, 3)])
    def test_are_what_the_layers_do(self, name, size, rng):
        model, images = example(OPTIONS[name], rng, size)
        cost = model.multiply_adds(*size)
        with counting(model) as crops:
            model.scores_by_crops(images[:1])
        with counting(model) as whole:
            model(images[:1])
        assert cost == (sum(crops), sum(whole))
        assert multiply_adds(model, (1, 3, *size)) == cost.convolutional

    def test_known_numbers(self):
        model = SlidingWindow(4, **SMALL)
        crop = 16 * 16 * 27 * 3 + 6 * 6 * 27 * 5 + 9 * 5 * 6 + 6 * 4
        assert model.multiply_adds(10, 20).by_crops == 200 * crop
        whole = 25 * 35 * 27 * 3 + 20 * 30 * 27 * 5 + 200 * (9 * 5 * 6 + 6 * 4)
        assert model.multiply_adds(10, 20).convolutional == whole

    def test_ratio_is_the_overlap(self):
        """For a large image each layer's work is repeated as often as its map of one window has pixels."""
        model = SlidingWindow(4, **SMALL)
        first, second, rest = 27 * 3, 27 * 5, 9 * 5 * 6 + 6 * 4
        overlap = (16**2 * first + 6**2 * second + rest) / (first + second + rest)
        assert model.multiply_adds(4000, 4000).ratio == pytest.approx(overlap, rel=0.02)
        assert model.multiply_adds(40, 40).ratio < overlap


def test_paper_size_is_one_argument_away():
    model = SlidingWindow(2, in_channels=1, **SlidingWindow.PAPER)
    assert model.side == 3  # Table 1: 95, 92, 46, 42, 21, 18, 9, 6, 3
    assert [conv.weight.shape[-1] for conv in model.convs] == [4, 5, 4, 4]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"window": 32}, "SlidingWindow: window is 32, expected 23 plus a multiple of 8"),
        ({"window": 15}, "SlidingWindow: window is 15"),
        ({"kernels": (3, 3)}, "SlidingWindow: kernels is"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(3, **options)


def test_the_window_that_the_message_proposes_works():
    with minidet.no_grad():
        assert SlidingWindow(3, window=23)(minidet.zeros(1, 3, 2, 2)).shape == (1, 3, 2, 2)
