"""SSD's crops and canvases."""

import numpy as np
import pytest

import minidet.data.transforms as T
from minidet.data.transforms.iou_crop import RandomIoUCrop
from minidet.ops import box_iou

from .test_geometry import scene


def numbered(size=(40, 60)):
    """Return an image whose pixels know where they are: their row, and their column."""
    return np.stack([*np.meshgrid(*map(np.arange, size), indexing="ij"), np.zeros(size)]).astype(np.float32)


def window_of(image):
    top, left = image[:2, 0, 0]
    return np.array([left, top, left + image.shape[2], top + image.shape[1]])


@pytest.mark.parametrize("least", [0.1, 0.5, 0.9])
def test_an_accepted_crop_has_an_object_of_enough_overlap_and_keeps_objects_whose_centre_is_inside(least, rng):
    boxes = np.array([[5, 5, 50, 38], [40, 20, 58, 36], [0, 0, 6, 8]], np.float32)
    crops = 0
    for _ in range(40):
        image, target = RandomIoUCrop(sampler_options=[least])(numbered(), {"boxes": boxes, "labels": [0, 1, 2]}, rng)
        window = window_of(image)
        if image.shape == (3, 40, 60):
            continue
        crops += 1
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((middle > window[:2]) & (middle < window[2:])).all(1)
        np.testing.assert_array_equal(target["labels"], np.flatnonzero(inside))
        assert box_iou(boxes[inside], window[None]).numpy().max() >= least
        expected = np.clip(boxes[inside] - np.tile(window[:2], 2), 0, np.tile(window[2:] - window[:2], 2))
        np.testing.assert_allclose(target["boxes"], expected)
        height, width = image.shape[1:]
        assert 0.5 <= width / height <= 2
        assert 0.3 * 40 - 1 < height <= 40
    assert crops > 20


def test_where_nothing_fits_the_image_stays_and_it_ends(rng):
    image, small = numbered(), {"boxes": np.array([[3, 3, 5, 5]], np.float32), "labels": [1]}
    out, target = RandomIoUCrop(sampler_options=[0.9])(image, small, rng)  # no window is that small
    assert out is image
    np.testing.assert_array_equal(target["boxes"], small["boxes"])
    for nothing in ([], np.zeros((0, 4), np.float32)):
        assert RandomIoUCrop()(image, {"boxes": nothing, "labels": []}, rng)[0] is image


def test_one_leaves_the_image_as_it_is(rng):
    image, target = scene(rng)
    assert RandomIoUCrop(sampler_options=[1.0])(image, target, rng)[0] is image


def test_masks_keypoints_and_labels_go_with_their_box(rng):
    dropped = 0
    for _ in range(20):
        image, target = scene(rng)
        _, moved = RandomIoUCrop(sampler_options=[0.0])(image, target, rng)
        assert {len(moved[key]) for key in ("boxes", "labels", "masks", "keypoints")} == {len(moved["boxes"])}
        assert set(moved["labels"]) <= set(target["labels"])
        dropped += len(target["labels"]) - len(moved["labels"])
    assert dropped > 0


def test_zoom_out_puts_the_image_on_a_larger_canvas(rng):
    image = np.zeros((3, 10, 20), np.float32)
    sizes = set()
    for _ in range(20):
        out, target = T.RandomZoomOut(fill=(1.0, 0.5, 0.25), p=1)(image, {"boxes": [[2, 3, 20, 10]]}, rng)
        sizes.add(out.shape)
        assert 10 <= out.shape[1] <= 40
        assert out.shape[2] == pytest.approx(2 * out.shape[1], abs=1)
        (x1, y1, x2, y2), shown = target["boxes"][0].astype(int), out[0] == 0
        assert (x2 - x1, y2 - y1) == (18, 7)
        assert shown.sum() == 200
        assert shown[y1 - 3 : y2, x1 - 2 : x2].all()
        assert set(map(tuple, out[:, ~shown].T)) <= {(1.0, 0.5, 0.25)}
    assert len(sizes) > 5
    assert T.RandomZoomOut(p=0)(image, {}, rng)[0] is image
