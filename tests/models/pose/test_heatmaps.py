"""Heatmaps: where a cell lies, mirrors, borders, ties, and the losses against plain NumPy."""

import numpy as np
import pytest

import minidet
from minidet.data.skeleton import PAIRS
from minidet.models import HeatmapPose
from minidet.models.pose.contract import mirrored_order
from minidet.models.pose.deeppose import flip_places
from minidet.models.pose.heatmaps import decode, encode, flip_maps, heatmap_loss

RNG = np.random.default_rng(5)
ORDER = mirrored_order("test", 14, PAIRS)


def one_peak(row, column, shape=(8, 8), **neighbours):
    """Return a map (1, 1, h, w) with 1 at one cell and values at its neighbours."""
    heat = np.zeros((1, 1, *shape))
    heat[0, 0, row, column] = 1
    for name, value in neighbours.items():
        dy, dx = {"left": (0, -1), "right": (0, 1), "above": (-1, 0), "below": (1, 0)}[name]
        heat[0, 0, row + dy, column + dx] = value
    return heat


def place(heat, size=(32, 32)):
    return decode(heat, size)[0][0, 0].tolist()


def test_the_integer_joint_j_is_the_middle_of_pixel_j():
    """With one cell a pixel, a joint in the middle of pixel (5, 3) has its peak in that cell, and comes back."""
    joints = np.array([[[5.5, 3.5]]])
    maps, counted = encode(joints, np.ones((1, 1), bool), (8, 8), (8, 8))
    assert np.unravel_index(maps[0, 0].argmax(), (8, 8)) == (3, 5)
    assert maps.max() == 1
    assert counted.all()
    assert place(maps, (8, 8)) == [5.5, 3.5]


def test_gaussian_by_hand():
    """A cell is 4 pixels; one cell beside the joint's, the height is exp(-1 / (2 * 1.3^2))."""
    maps, _ = encode(np.array([[[10.0, 14.0]]]), np.ones((1, 1), bool), (32, 32), (128, 128))
    assert maps.dtype == np.float32
    assert maps[0, 0, 3, 2] == 1
    np.testing.assert_allclose(maps[0, 0, 3, [1, 3]], np.exp(-1 / 3.38), rtol=1e-6)
    np.testing.assert_allclose(maps[0, 0, 5, 3], np.exp(-5 / 3.38), rtol=1e-6)


@pytest.mark.parametrize(("neighbours", "expected"), [
    ({"left": 0.5, "right": 0.6}, [4.75, 3.5]), ({"left": 0.6, "right": 0.5}, [4.25, 3.5]),
    ({"above": 0.5, "below": 0.6}, [4.5, 3.75]), ({"above": 0.6, "left": 0.1}, [4.25, 3.25]),
    ({"left": 0.5, "right": 0.5}, [4.5, 3.5]), ({}, [4.5, 3.5]),
])  # fmt: skip
def test_quarter_of_a_cell(neighbours, expected):
    assert place(one_peak(3, 4, **neighbours)) == [4 * part for part in expected]


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (7, 0), (7, 7), (0, 4), (4, 0), (7, 3), (3, 7)])
def test_a_peak_in_the_border_does_not_wrap(row, column):
    """What is at the other end of the row is no neighbour."""
    heat = np.full((1, 1, 8, 8), 0.1)
    heat[0, 0, row, column] = 1
    heat[0, 0, row, 7 - column] = max(heat[0, 0, row, 7 - column], 0.5)
    heat[0, 0, 7 - row, column] = max(heat[0, 0, 7 - row, column], 0.5)
    heat[0, 0, (row + 1) % 8, (column - 1) % 8] = 0.6
    x, y = place(heat, (8, 8))
    if column in (0, 7):
        assert x == column + 0.5
    if row in (0, 7):
        assert y == row + 0.5
    assert abs(x - column - 0.5) <= 0.25
    assert abs(y - row - 0.5) <= 0.25


@pytest.mark.parametrize("size", [(128, 128), (96, 64), (97, 131), (30, 50)])
@pytest.mark.parametrize("kind", ["random", "gaussians", "ties", "flat"])
def test_a_mirrored_map_is_the_map_of_the_mirror_image(size, kind):
    cells = tuple(-(-side // 4) for side in size)
    maps = RNG.random((3, 14, *cells))
    if kind == "gaussians":
        places = RNG.uniform(0, 1, (3, 14, 2)) * size[::-1]
        places[0] = np.round(places[0])  # on borders between cells, too
        maps, _ = encode(places, np.ones((3, 14), bool), cells, size)
    elif kind == "ties":
        maps = np.round(maps * 3)
    elif kind == "flat":
        maps = np.zeros_like(maps)
    straight, height = decode(maps, size)
    turned, other_height = decode(flip_maps(maps, ORDER), size)
    np.testing.assert_allclose(turned, flip_places(straight, ORDER, size[1]), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(other_height, height[:, ORDER])
    assert (straight >= 0).all()
    assert (straight <= size[::-1]).all()


def test_what_is_encoded_is_decoded_within_a_quarter_of_a_cell():
    places = RNG.uniform(0, 128, (20, 14, 2))
    maps, _ = encode(places, np.ones((20, 14), bool), (32, 32), (128, 128))
    found, _ = decode(maps, (128, 128))
    inside = ((places > 4) & (places < 124)).all(-1)  # a border cell has no shift
    assert np.abs(found - places)[inside].max() <= 1 + 1e-3
    assert np.abs(found - places).max() <= 2 + 1e-3
    assert np.abs((found - places)[inside].mean()) < 0.1


def test_joints_outside_or_not_seen_do_not_count():
    places = np.array([[[-1, 5], [5, 129], [128, 128], [0, 0], [64, 64]]], float)
    seen = np.array([[True, True, True, True, False]])
    maps, counted = encode(places, seen, (32, 32), (128, 128))
    assert counted.tolist() == [[False, False, True, True, False]]
    assert (maps.max((-2, -1)) > 0).tolist() == counted.tolist()


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_losses_against_numpy(loss):
    scores = RNG.normal(0, 2, (2, 3, 5, 6)).astype(np.float32)
    seen = np.array([[True, False, True], [False, False, True]])
    truth, counted = encode(RNG.uniform(0, 20, (2, 3, 2)), seen, (5, 6), (20, 24))
    losses = []
    for heat, gaussian, counts in zip(scores.reshape(6, 30), truth.reshape(6, 30), counted.ravel(), strict=True):
        if counts and loss == "mse":
            losses.append(np.mean((heat - gaussian) ** 2))
        elif counts:
            q, p = gaussian / gaussian.sum(), np.exp(heat) / np.exp(heat).sum()
            losses.append(-(q * np.log(p)).sum())
    assert len(losses) == 3
    found = heatmap_loss(minidet.tensor(scores), truth, counted, loss)
    assert found.item() == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_nobody_seen_is_zero_with_a_graph(loss):
    scores = minidet.tensor(RNG.normal(0, 1, (2, 3, 4, 4)).astype(np.float32), requires_grad=True)
    truth, counted = encode(np.zeros((2, 3, 2)), np.zeros((2, 3), bool), (4, 4), (16, 16))
    found = heatmap_loss(scores, truth, counted, loss)
    found.backward()
    assert found.item() == 0
    assert not scores.grad.numpy().any()


def test_a_map_has_a_cell_for_every_four_pixels():
    model = HeatmapPose(5, "mobilenet_v1_025", width=8).eval()
    with minidet.no_grad():
        assert model.scores(minidet.zeros(1, 3, 128, 128)).shape == (1, 5, 32, 32)
        assert model.scores(minidet.zeros(1, 3, 50, 61)).shape == (1, 5, 13, 16)
    np.testing.assert_allclose(model.heatmaps(minidet.zeros(1, 3, 64, 64)).sum((2, 3)), 1, rtol=1e-5)


def test_errors():
    with pytest.raises(ValueError, match="HeatmapPose: loss is 'l1', expected one of 'cross_entropy', 'mse'"):
        HeatmapPose(3, "mobilenet_v1_025", loss="l1")
    with pytest.raises(ValueError, match="HeatmapPose: sigma is 0"):
        HeatmapPose(3, "mobilenet_v1_025", sigma=0)
