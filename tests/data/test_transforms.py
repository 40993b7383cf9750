"""Random transforms: what they draw, and that one generator decides everything."""

import numpy as np
import pytest

import minidet.data.transforms as T
from minidet import random
from minidet.data.geometry import boxes_of_masks

from .test_geometry import assert_follows, scene

ALL = [
    T.RandomHorizontalFlip(),
    T.RandomCrop((24, 30)),
    T.Resize((20, 20)),
    T.RandomScale((0.5, 2)),
    T.Pad(3),
    T.RandomAffineCrop((48, 48), degrees=10, scale=(0.7, 1.5)),
    T.RandomRotation(15),
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


@pytest.mark.parametrize("transform", ALL[1:7], ids=lambda transform: type(transform).__name__)
def test_boxes_follow_pixels(transform):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        image, target = scene(rng)
        out, moved = transform(image, target, rng)
        moved["semantic"] = np.maximum(moved["semantic"], 0)
        assert_follows(out, moved, 1.5)


def test_compose_applies_in_order(rng):
    image, target = scene(rng)
    both = T.Compose([T.RandomHorizontalFlip(1.0), T.Pad((2, 0, 0, 0))])
    out, moved = both(image, target, rng)
    np.testing.assert_array_equal(out[:, :, 2:], image[:, :, ::-1])
    np.testing.assert_array_equal(moved["boxes"][:, 0], 2 + 56 - target["boxes"][:, 2])


def test_flip_happens_with_its_probability(rng):
    image = np.arange(12, dtype=np.float32).reshape(3, 1, 4)
    for p, low, high in ((0.0, 0, 0), (1.0, 200, 200), (0.3, 40, 80)):
        flips = sum(T.RandomHorizontalFlip(p)(image, {}, rng)[0][0, 0, 0] == 3 for _ in range(200))
        assert low <= flips <= high


def test_random_crop_reaches_every_place_and_pads_small_images(rng):
    image = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    corners = {T.RandomCrop((2, 3))(image, {}, rng)[0][0, 0, 0] for _ in range(300)}
    assert corners == {5 * top + left for top in range(3) for left in range(3)}
    out, target = T.RandomCrop((8, 3), fill=9)(image, {"semantic": np.ones((4, 5), np.int64)}, rng)
    np.testing.assert_array_equal(out[:, [0, 1, 6, 7]], np.float32(9))
    assert target["semantic"][:, 0].tolist() == [-100, -100, 1, 1, 1, 1, -100, -100]


def test_resize_keeps_proportions_with_one_number(rng):
    image, target = scene(rng)  # 40 x 56
    assert T.Resize(20)(image, target)[0].shape == (3, 20, 28)
    assert T.Resize((20, 20))(image, target)[0].shape == (3, 20, 20)
    assert T.Resize(20)(image.transpose(0, 2, 1), {})[0].shape == (3, 28, 20)


def test_affine_crop_stays_inside_a_large_image(rng):
    image = np.ones((3, 60, 80), np.float32)
    for _ in range(50):
        out, target = T.RandomAffineCrop((30, 30), scale=(0.6, 2.0))(image, {"semantic": np.ones((60, 80), int)}, rng)
        assert out.min() > 0.999
        assert target["semantic"].min() == 1


def test_affine_crop_shows_all_of_a_small_image(rng):
    image, target = scene(rng)
    out, moved = T.RandomAffineCrop((80, 80), fill=0.5)(image, target, rng)
    assert len(moved["labels"]) == 5
    assert (moved["semantic"] != -100).sum() == 40 * 56
    np.testing.assert_array_equal(out[:, moved["semantic"] == -100], np.float32(0.5))


def test_scales_are_symmetric_in_the_logarithm(rng):
    draw = [T.RandomScale((0.5, 2))(np.zeros((3, 100, 1), np.float32), {}, rng)[0].shape[1] for _ in range(300)]
    assert 50 <= min(draw) < 60
    assert 170 < max(draw) <= 200
    assert 0.4 < np.mean(np.array(draw) < 100) < 0.6


def test_rotation_is_about_the_middle(rng):
    image = np.zeros((3, 41, 41), np.float32)
    masks = np.zeros((1, 41, 41), bool)
    masks[0, 19:22, 19:22] = True
    for _ in range(10):
        _, target = T.RandomRotation(180)(image, {"masks": masks}, rng)
        np.testing.assert_allclose(boxes_of_masks(target["masks"]), [[19, 19, 22, 22]], atol=1)


def test_angles_are_drawn_to_both_sides(rng):
    image = np.zeros((3, 101, 101), np.float32)
    image[:, 48:53, 88:93] = 1  # 40 pixels to the right of the middle
    for transform in (T.RandomRotation(30), T.RandomAffineCrop((101, 101), degrees=30, p=0)):
        heights = []
        for _ in range(200):
            rows, columns = np.nonzero(transform(image, {}, rng)[0][0] > 0.5)
            heights.append(np.arctan2(rows.mean() - 50, columns.mean() - 50))
        assert -30.5 < np.rad2deg(min(heights)) < -27
        assert 27 < np.rad2deg(max(heights)) < 30.5


def test_a_positive_angle_turns_counter_clockwise():
    class Largest(np.random.Generator):
        def uniform(self, low, high):
            return high

    image = np.zeros((3, 21, 21), np.float32)
    image[:, 10, 18] = 1  # at three o'clock
    out, _ = T.RandomRotation(90)(image, {}, Largest(np.random.PCG64(0)))
    np.testing.assert_allclose(out[:, 2, 10], 1, atol=1e-4)  # at twelve


def test_jitter_of_nothing_and_its_range(rng):
    image = rng.random((3, 8, 8)).astype(np.float32)
    assert T.ColorJitter()(image, {}, rng)[0] is image
    for _ in range(20):
        out, _ = T.ColorJitter(0.9, 0.9, 0.9)(image, {}, rng)
        assert 0 <= out.min() <= out.max() <= 1


@pytest.mark.parity
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_jitter_mixes_as_torchvision_says(name, rng):
    torch = pytest.importorskip("torch")
    image = rng.random((3, 8, 8)).astype(np.float32)
    x = torch.tensor(image)
    grey = (0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2])[None]
    other = {"brightness": torch.zeros_like(x), "contrast": grey.mean(), "saturation": grey}[name]
    for factor in (0.3, 1.7):
        expected = (factor * x + (1 - factor) * other).clamp(0, 1)
        np.testing.assert_allclose(T._mix(image, name, np.float32(factor)), expected.numpy(), atol=1e-6)


def test_normalize(rng):
    image = rng.random((3, 2, 2)).astype(np.float32)
    out, _ = T.Normalize([0.1, 0.2, 0.3], [1, 2, 4])(image, {})
    np.testing.assert_allclose(out[2], (image[2] - 0.3) / 4, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: T.RandomHorizontalFlip(1.5), ValueError, "RandomHorizontalFlip: p is 1.5"),
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
        (lambda: T.ColorJitter(0.1)(np.zeros((1, 2, 2), np.float32), {}), ValueError, "ColorJitter: image has shape"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()
