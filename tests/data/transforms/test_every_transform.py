"""Random transforms: what they draw, and that one generator decides everything."""

import numpy as np
import pytest

import minidet.data.transforms as T
from minidet import random
from minidet.data.transforms.geometry import crop

from .test_geometry import assert_follows, scene

ALL = [
    T.RandomHorizontalFlip(),
    T.RandomCrop((24, 30)),
    T.Resize((20, 20)),
    T.RandomScale((0.5, 2)),
    T.Pad(3),
    T.RandomAffineCrop((48, 48), degrees=10, scale=(0.7, 1.5)),
    T.RandomRotation(15),
    T.RandomIoUCrop(),
    T.RandomZoomOut(p=1),
    T.RandomPhotometricDistort(),
    T.RandomVerticalFlip(),
    T.ColorJitter(0.4, 0.4, 0.4),
    T.Normalize([0.5] * 3, [0.2] * 3),
]


def same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1].keys() == other[1].keys()
    for key, value in one[1].items():
        np.testing.assert_array_equal(value, other[1][key])


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_one_generator_decides_and_inputs_stay(transform, rng):
    image, target = scene(rng)
    before = image.copy(), {key: np.copy(value) for key, value in target.items()}
    same(transform(image, target, np.random.default_rng(3)), transform(image, target, np.random.default_rng(3)))
    random.manual_seed(3)
    same(transform(image, target), transform(image, target, np.random.default_rng(3)))
    out, moved = transform(image, target, rng)
    assert out.dtype == np.float32
    assert out.flags.c_contiguous
    assert moved["semantic"].shape == out.shape[1:]
    same((image, target), before)


@pytest.mark.parametrize("transform", ALL[1:9], ids=lambda transform: type(transform).__name__)
def test_boxes_follow_pixels(transform):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        image, target = scene(rng)
        out, moved = transform(image, target, rng)
        moved["semantic"] = np.maximum(moved["semantic"], 0)
        assert_follows(out, moved, 1.5)


@pytest.mark.parametrize("transform", [T.RandomHorizontalFlip(1.0), *ALL[1:7], T.RandomZoomOut(p=1), T.RandomVerticalFlip(1.0)],
                         ids=lambda transform: type(transform).__name__)  # fmt: skip
def test_proposals_move_as_boxes_do(transform):
    """With one more object than proposals, and none of them dropped: neither knows of the other's number."""
    image, place = np.zeros((3, 40, 60), np.float32), np.array([[20, 15, 40, 30], [25, 10, 45, 35]], np.float32)
    target = {"boxes": np.concatenate([place, place[:1]]), "labels": np.array([1, 2, 3]), "proposals": place}
    _, moved = transform(image, target, np.random.default_rng(0))
    assert len(moved["labels"]) == 3
    np.testing.assert_allclose(moved["proposals"], moved["boxes"][:2])
    assert moved["proposals"].dtype == np.float32
    assert not np.array_equal(moved["proposals"], place)
    integers = transform(image, {"proposals": place.astype(int).tolist()}, np.random.default_rng(0))[1]["proposals"]
    np.testing.assert_array_equal(integers, moved["proposals"])
    assert transform(image, {"proposals": []}, np.random.default_rng(0))[1]["proposals"].shape == (0, 4)


def test_a_person_s_square_takes_proposals_along():
    target = {
        "boxes": np.array([[20, 10, 30, 30]], np.float32),
        "proposals": np.array([[20, 10, 30, 30], [0, 0, 9, 9]]),
    }
    moved = T.PersonCrop(20, 1.0)(np.zeros((3, 40, 60), np.float32), target)[1]
    np.testing.assert_allclose(moved["proposals"], [[5, 0, 15, 20]])


def test_a_window_takes_the_proposals_of_its_pixels():
    rng, image = np.random.default_rng(0), np.zeros((3, 40, 60), np.float32)
    image[0, 12:28, 20:36] = 1  # an object, and a proposal beside it that shows nothing
    place = np.array([[20, 12, 36, 28], [38, 4, 58, 10]], np.float32)
    shapes = set()
    for _ in range(20):
        out, moved = T.RandomIoUCrop()(image, {"boxes": place[:1], "labels": np.array([1]), "proposals": place}, rng)
        shapes.add((out.shape, len(moved["proposals"])))
        np.testing.assert_array_equal(moved["proposals"][0], moved["boxes"][0])
    assert len(shapes) > 3
    assert {count for _, count in shapes} == {1, 2}


def test_a_crop_clips_proposals_and_drops_those_that_are_gone():
    target = {"proposals": np.array([[0, 0, 60, 40], [0, 0, 20.5, 40], [50, 30, 60, 40]], np.float32),
              "boxes": np.array([[0, 0, 60, 40]], np.float32), "labels": np.array([7])}  # fmt: skip
    moved = crop(np.zeros((3, 40, 60), np.float32), target, 10, 20, (20, 30), min_visible=0.9)[1]
    np.testing.assert_allclose(moved["proposals"], [[0, 0, 30, 20]])
    assert moved["labels"].shape == (0,)
    with pytest.raises(ValueError, match=r"crop: target\['proposals'\] has shape \(1, 3\), expected \(P, 4\)"):
        crop(np.zeros((3, 40, 60), np.float32), {"proposals": [[1, 2, 3]]}, 0, 0, (5, 5))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: T.RandomHorizontalFlip(1.5), ValueError, "RandomHorizontalFlip: p is 1.5"),
        (lambda: T.RandomVerticalFlip(-1), ValueError, "RandomVerticalFlip: p is -1"),
        (lambda: T.RandomCrop(0), ValueError, "RandomCrop: size is 0"),
        (lambda: T.RandomCrop((1, 2, 3)), ValueError, "RandomCrop: size"),
        (lambda: T.RandomCrop(8, min_visible=2), ValueError, "RandomCrop: min_visible"),
        (lambda: T.Resize(1.5), TypeError, "Resize: size"),
        (lambda: T.RandomScale((2, 1)), ValueError, r"RandomScale: scale is \(2, 1\)"),
        (lambda: T.Pad((1, 2, 3)), ValueError, "Pad: padding"),
        (lambda: T.Pad(-1), ValueError, "Pad: padding is -1"),
        (lambda: T.RandomAffineCrop(8, degrees=-1), ValueError, "RandomAffineCrop: degrees"),
        (lambda: T.RandomAffineCrop(8, scale=(0, 1)), ValueError, "RandomAffineCrop: scale"),
        (lambda: T.RandomRotation(200), ValueError, "RandomRotation: degrees"),
        (lambda: T.ColorJitter(contrast=-0.1), ValueError, "ColorJitter: contrast"),
        (lambda: T.Normalize([0], [0]), ValueError, "Normalize: std"),
        (lambda: T.RandomIoUCrop(0.5, 0.4), ValueError, "RandomIoUCrop: max_scale is 0.4"),
        (lambda: T.RandomIoUCrop(min_aspect_ratio=3), ValueError, "RandomIoUCrop: max_aspect_ratio is 2"),
        (lambda: T.RandomIoUCrop(sampler_options=[]), TypeError, r"RandomIoUCrop: sampler_options is \[\]"),
        (lambda: T.RandomIoUCrop(trials=0), ValueError, "RandomIoUCrop: trials is 0"),
        (
            lambda: T.RandomIoUCrop()(np.zeros((3, 2, 2), np.float32), {}),
            ValueError,
            "RandomIoUCrop: target has nothing",
        ),
        (lambda: T.RandomZoomOut(side_range=(0.5, 2)), ValueError, "RandomZoomOut: side_range is"),
        (lambda: T.RandomZoomOut(p=2), ValueError, "RandomZoomOut: p is 2"),
        (lambda: T.RandomPhotometricDistort(hue=(-1, 0)), ValueError, "RandomPhotometricDistort: hue is -1"),
        (lambda: T.RandomPhotometricDistort((2, 1)), ValueError, r"RandomPhotometricDistort: brightness is \(2, 1\)"),
        (
            lambda: T.RandomPhotometricDistort()(np.zeros((1, 2, 2), np.float32), {}),
            ValueError,
            "Distort: image has shape",
        ),
        (lambda: T.ColorJitter(0.1)(np.zeros((1, 2, 2), np.float32), {}), ValueError, "ColorJitter: image has shape"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()
