"""Selective search: what it finds, in which order, and that it ends."""

import numpy as np
import pytest
from PIL import Image

from minidet import manual_seed, ops
from minidet.data import ShapeScenes
from minidet.ops.color_spaces import COLOR_SPACES, color_space
from minidet.ops.selective_search import MODES, hierarchies, ranked


def search(image, mode="fast", seed=0, **options):
    return ops.selective_search(image, mode, rng=np.random.default_rng(seed), **options).numpy()


def assert_are_boxes(boxes, size):
    assert boxes.dtype == np.float32
    assert boxes.shape[1:] == (4,)
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes[:, 2:] <= size[::-1]).all()
    assert boxes.tolist().count([0, 0, size[1], size[0]]) == 1  # all of the image


@pytest.mark.parametrize("mode", MODES)
def test_finds_a_patch(mode):
    image = np.full((3, 60, 80), 0.2, np.float32)
    image[0, 20:40, 30:60] = 0.9
    boxes = search(image, mode)
    assert_are_boxes(boxes, (60, 80))
    assert ops.box_iou(boxes, np.array([[30.0, 20, 60, 40]], np.float32)).numpy().max() > 0.8


def test_finds_the_objects_of_scenes():
    found = objects = 0
    for index in range(6):
        image, target = ShapeScenes("test", size=128, length=6)[index]
        overlaps = ops.box_iou(search(image, "quality", min_side=4)[:2000], target["boxes"]).numpy()
        found, objects = found + (overlaps.max(0) >= 0.5).sum(), objects + overlaps.shape[1]
    assert objects > 20
    assert found / objects >= 0.9


@pytest.mark.parametrize("mode", MODES)
def test_a_flat_image_is_one_box(mode):
    assert search(np.full((3, 50, 70), 0.4, np.float32), mode).tolist() == [[0, 0, 70, 50]]
    assert search(np.zeros((3, 1, 1), np.float32), mode).tolist() == [[0, 0, 1, 1]]
    assert search(np.ones((3, 1, 9), np.float32), mode).tolist() == [[0, 0, 9, 1]]
    assert search(np.zeros((3, 1, 1), np.float32), mode, min_side=2).shape == (0, 4)


@pytest.mark.parametrize("axis", [1, 2])
def test_stripes_that_touch_along_a_whole_side(axis):
    """Their boxes touch in one line: as rectangles that share no pixel they would have no neighbour."""
    shades = np.repeat(np.arange(6) % 2 * 0.8, 10).astype(np.float32)
    image = np.broadcast_to(np.expand_dims(shades, (0, 3 - axis)), (3, *((60, 40) if axis == 1 else (40, 60))))
    boxes = search(image, "single")
    assert_are_boxes(boxes, image.shape[1:])
    assert len(boxes) == 11  # 6 stripes, 5 joins


def test_noise_ends():
    image = np.random.default_rng(0).random((3, 200, 300), np.float32)
    boxes = search(image)
    assert_are_boxes(boxes, (200, 300))


def test_a_background_that_touches_everything():
    """The same pattern that makes a heap grow with the square of the regions."""
    image = np.zeros((3, 180, 180), np.float32)
    for y in range(4, 170, 15):
        image[:, y : y + 9, np.arange(180) % 15 > 5] = 1
    assert_are_boxes(search(image), (180, 180))


def test_order_follows_the_seed():
    image = np.random.default_rng(0).random((3, 60, 80), np.float32)
    first = search(image)
    np.testing.assert_array_equal(search(image), first)
    other = search(image, seed=1)
    assert (other != first).any()
    assert {*map(tuple, other.tolist())} == {*map(tuple, first.tolist())}
    manual_seed(5)
    first = ops.selective_search(image).numpy()
    manual_seed(5)
    np.testing.assert_array_equal(ops.selective_search(image).numpy(), first)


def test_late_regions_come_first():
    """The last of 100 has rank 1 times a number below 1; a box that several hierarchies have is there once."""
    boxes = np.array([[0, 0, i, i] for i in range(1, 101)])
    positions = [np.argmax(ranked([boxes, boxes], 0, np.random.default_rng(i))[:, 2] == 100) for i in range(200)]
    assert np.mean(positions) < 5
    first = [np.argmax(ranked([boxes], 0, np.random.default_rng(i))[:, 2] == 1) for i in range(200)]
    assert np.mean(first) > 50
    assert len(ranked([boxes, boxes[:50]], 0, np.random.default_rng(0))) == 100
    assert ranked([boxes], 98, np.random.default_rng(0))[:, 2].min() == 98


def test_hierarchies_of_a_mode():
    """One for each scale and choice of similarities; each ends with all of the image."""
    planes = color_space(np.random.default_rng(0).random((3, 50, 60), np.float32), "HSV")
    found = hierarchies(planes, MODES["quality"])
    assert len(found) == 16
    assert all(boxes[-1].tolist() == [0, 0, 60, 50] and len(boxes) % 2 for boxes in found)
    assert sum(len(mode.color_spaces) * len(mode.similarities) * len(mode.scales) for mode in MODES.values()) == 89


def test_color_spaces():
    """Against Pillow's HSV and values of L*a*b* from tables; all in [0, 1]."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    image = (pixels.transpose(2, 0, 1) / 255).astype(np.float32)
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV"), int).transpose(2, 0, 1) / 255
    difference = np.abs(color_space(image, "HSV") - hsv)
    assert np.minimum(difference, 1 - difference).max() < 0.01
    known = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32).T[:, None]
    lab = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86]]
    actual = color_space(known, "Lab")[:, 0].T * [100, 255, 255] - [0, 128, 128]
    np.testing.assert_allclose(actual, lab, atol=0.05)
    np.testing.assert_allclose(
        color_space(known, "rgI")[:, 0, :3].T, [[1 / 3, 1 / 3, 1], [1 / 3, 1 / 3, 0], [1, 0, 0.299]], atol=1e-6
    )
    for name in COLOR_SPACES:
        planes = color_space(image, name)
        assert planes.dtype == np.float32
        assert len(planes) == (1 if name in "HI" else 3)
        assert planes.min() >= 0
        assert planes.max() <= 1
