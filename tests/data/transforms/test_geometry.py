"""Everything that is known about an image moves with its pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidet.data.targets import INSTANCE_KEYS
from minidet.data.transforms import Pad, RandomAffineCrop, RandomCrop, RandomRotation
from minidet.data.transforms.geometry import boxes_of_masks, crop, hflip, pad, resize, warp_affine

SIZE = (40, 56)


def scene(rng, objects=5):
    """Return an image whose channels show masks, and a target in which boxes are the masks' own: filled rectangles."""
    h, w = SIZE
    corners = rng.integers([0, 0], [w - 12, h - 12], (objects, 2))
    boxes = np.concatenate([corners, corners + rng.integers(6, 12, (objects, 2))], axis=1).astype(np.float32)
    masks = np.zeros((objects, h, w), bool)
    semantic = np.zeros((h, w), np.int64)
    for i, (x1, y1, x2, y2) in enumerate(boxes.astype(int)):
        masks[i, y1:y2, x1:x2] = True
        semantic[y1:y2, x1:x2] = i + 1
    centres = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, np.full(objects, 2)], 1)
    keypoints = np.stack([centres, centres * [1, 1, 0]], axis=1).astype(np.float32)  # (N, 2, 3), the second not there
    keypoints[:, 1, :2] = 0
    image = np.stack([semantic / objects, masks.any(0), rng.random((h, w))]).astype(np.float32)
    target = {"boxes": boxes, "labels": np.arange(objects), "masks": masks, "keypoints": keypoints}
    return image, {**target, "semantic": semantic, "name": "scene"}


def assert_follows(image, target, tolerance):
    """Boxes are where their masks are, keypoints inside, labels and masks where the image shows them."""
    np.testing.assert_allclose(target["boxes"], boxes_of_masks(target["masks"]), atol=tolerance)
    assert len(target["labels"]) == len(target["boxes"]) == len(target["masks"]) == len(target["keypoints"])
    for box, mask, keypoints in zip(target["boxes"], target["masks"], target["keypoints"], strict=True):
        x, y, v = keypoints[0]
        if v:
            assert box[0] - tolerance <= x <= box[2] + tolerance
            assert box[1] - tolerance <= y <= box[3] + tolerance
        assert keypoints[1].tolist() == [0, 0, 0]
        assert mask.any()
    everything = target["semantic"] > 0
    kept = target["masks"].any(0) if len(target["masks"]) else np.zeros_like(everything)
    assert not (kept & ~everything).any()
    assert ((image[1] > 0.5) == everything).mean() > 0.94
    assert target["name"] == "scene"


seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_flip_follows_and_is_an_involution(seed):
    image, target = scene(np.random.default_rng(seed))
    flipped = hflip(image, target, [(0, 1)])
    back_image, back = hflip(*flipped, [(0, 1)])
    np.testing.assert_array_equal(back_image, image)
    for key, value in target.items():
        np.testing.assert_array_equal(back[key], value)
    assert_follows(*hflip(image, target), 0)
    np.testing.assert_array_equal(flipped[1]["keypoints"][:, 0], np.zeros((5, 3)))  # swapped with the one not there


@given(seeds, st.integers(-20, 50), st.integers(-20, 60), st.integers(1, 60), st.integers(1, 60))
def test_crop_follows(seed, top, left, height, width):
    image, target = scene(np.random.default_rng(seed))
    out, moved = crop(image, target, top, left, (height, width), fill=(0.0, 0.0, 0.25), ignore_index=-1)
    assert out.shape == (3, height, width)
    inside = moved["semantic"] >= 0
    assert inside.sum() == max(0, min(40, top + height) - max(0, top)) * max(0, min(56, left + width) - max(0, left))
    np.testing.assert_array_equal(out[2][~inside], np.float32(0.25))
    assert_follows(out, {**moved, "semantic": np.maximum(moved["semantic"], 0)}, 0)
    for label in moved["labels"]:  # the label that is left has its own box
        box = moved["boxes"][list(moved["labels"]).index(label)]
        full = target["boxes"][label] - [left, top, left, top]
        np.testing.assert_array_equal(box, np.clip(full, 0, [width, height, width, height]))


def test_crop_of_everything_changes_nothing(rng):
    image, target = scene(rng)
    out, moved = crop(image, target, 0, 0, SIZE)
    np.testing.assert_array_equal(out, image)
    for key, value in target.items():
        np.testing.assert_array_equal(moved[key], value)


def test_pad_and_crop_are_opposites(rng):
    image, target = scene(rng)
    out, moved = crop(*pad(image, target, (3, 5, 7, 9)), 5, 3, SIZE)
    np.testing.assert_array_equal(out, image)
    for key, value in target.items():
        np.testing.assert_array_equal(moved[key], value)


@given(seeds, st.floats(0.5, 2), st.floats(0.5, 2))
def test_resize_follows(seed, tall, wide):
    image, target = scene(np.random.default_rng(seed))
    size = (round(40 * tall), round(56 * wide))
    out, moved = resize(image, target, size)
    assert out.shape[1:] == moved["semantic"].shape == size
    np.testing.assert_allclose(moved["boxes"], target["boxes"] * np.tile([size[1] / 56, size[0] / 40], 2), rtol=1e-5)
    np.testing.assert_allclose(moved["boxes"], boxes_of_masks(moved["masks"]), atol=1)


def test_resize_by_whole_factors(rng):
    image, target = scene(rng)
    out, moved = resize(image, target, (80, 112))
    assert_follows(out, moved, 0)
    np.testing.assert_array_equal(moved["semantic"], target["semantic"].repeat(2, 0).repeat(2, 1))


@given(seeds, st.floats(0.7, 1.6), st.integers(-30, 30), st.booleans())
def test_warp_without_turning_follows(seed, factor, shift, mirrored):
    image, target = scene(np.random.default_rng(seed))
    matrix = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift / 2]])
    if mirrored:
        matrix[0] = -1 / factor, 0, 56 - shift
    out, moved = warp_affine(image, target, matrix, (48, 48), ignore_index=0)
    assert_follows(out, moved, 1.0)


@given(seeds, st.floats(-3, 3), st.floats(0.8, 1.5))
def test_warp_with_turning_follows(seed, angle, factor):
    image, target = scene(np.random.default_rng(seed))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / factor
    matrix = np.column_stack([turn, [28, 20] - turn @ [24, 24]])
    out, moved = warp_affine(image, target, matrix, (48, 48), ignore_index=0)
    assert_follows(out, moved, 1.5)
    without = {key: target[key] for key in ("boxes", "labels")}
    _, loose = warp_affine(image, without, matrix, (48, 48))
    for label, box in zip(moved["labels"], moved["boxes"], strict=True):
        if label in loose["labels"]:
            around = loose["boxes"][list(loose["labels"]).index(label)]
            assert (around[:2] <= box[:2] + 1).all()
            assert (around[2:] >= box[2:] - 1).all()


def test_warp_by_a_quarter_turn_is_rot90(rng):
    image, target = scene(rng)
    matrix = np.array([[0.0, -1.0, 56.0], [1.0, 0.0, 0.0]])  # the new column is the old row
    out, moved = warp_affine(image, target, matrix, (56, 40))
    np.testing.assert_allclose(out, np.rot90(image, 1, (1, 2)), atol=1e-6)
    np.testing.assert_array_equal(moved["semantic"], np.rot90(target["semantic"]))
    assert_follows(out, moved, 1e-4)


def test_small_and_hidden_objects_go():
    target = {"boxes": np.array([[0, 0, 10, 10], [8, 0, 18, 10], [9.5, 0, 30, 10]], np.float32), "labels": np.arange(3)}
    image = np.zeros((3, 10, 40), np.float32)
    kept = [crop(image, target, 0, 0, (10, 10), min_visible=m)[1]["labels"].tolist() for m in (0, 0.3)]
    assert kept == [[0, 1], [0]]  # 2 of 10 columns are left of the second, half a column of the third


def test_everything_that_belongs_to_an_object_goes_with_it():
    """The first object's mask is empty after the crop, though its box is large."""
    masks = np.zeros((2, 10, 10), bool)
    masks[0, :, 8:], masks[1, :, :8] = True, True
    keypoints = np.array([[[1, 1, 2]], [[2, 2, 1]]], np.float32)
    target = {"boxes": np.array([[0, 0, 10, 10]] * 2, np.float32), "masks": masks, "keypoints": keypoints,
              "labels": np.array([4, 7]), "iscrowd": np.array([False, True]), "difficult": np.array([True, False]),
              "occlusion": np.array([0.25, 0.5], np.float32)}  # fmt: skip
    assert set(target) == set(INSTANCE_KEYS)
    image = np.zeros((3, 10, 10), np.float32)
    for _, moved in (crop(image, target, 0, 0, (8, 8)), warp_affine(image, target, [[1, 0, 0], [0, 1, 0]], (8, 8))):
        assert {name: len(value) for name, value in moved.items()} == dict.fromkeys(target, 1)
        assert [moved[name].tolist() for name in ("labels", "iscrowd", "difficult", "occlusion")] == [
            [7],
            [True],
            [False],
            [0.5],
        ]
        assert moved["keypoints"].tolist() == [[[2, 2, 1]]]


def test_targets_without_objects():
    image = np.zeros((3, 8, 8), np.float32)
    target = {
        "boxes": np.zeros((0, 4), np.float32),
        "labels": np.zeros(0, np.int64),
        "masks": np.zeros((0, 8, 8), bool),
    }
    for out, moved in (
        hflip(image, target),
        crop(image, target, 1, 1, (4, 4)),
        resize(image, target, (4, 4)),
        warp_affine(image, target, [[1, 0.1, 0], [0, 1, 0]], (4, 4)),
    ):
        assert out.dtype == np.float32
        assert moved["boxes"].shape == (0, 4)
        assert moved["masks"].shape == (0, *out.shape[1:])
    assert hflip(image, {})[1] == {}


def test_inputs_stay_as_they_were(rng):
    image, target = scene(rng)
    before = image.copy(), {key: np.copy(value) for key, value in target.items()}
    hflip(image, target, [(0, 1)])
    crop(image, target, 5, 5, (20, 20))
    warp_affine(image, target, [[1, 0.1, 0], [0, 1, 0]], (20, 20))
    np.testing.assert_array_equal(image, before[0])
    for key, value in target.items():
        np.testing.assert_array_equal(value, before[1][key])


def test_boxes_of_masks():
    masks = np.zeros((2, 5, 7), bool)
    masks[0, 1:3, 2:6] = True
    assert boxes_of_masks(masks).tolist() == [[2, 1, 6, 3], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x: hflip(x[0], {}), ValueError, r"hflip: image has shape \(4, 4\)"),
        (lambda x: hflip(x.astype(np.uint8), {}), TypeError, "hflip: image has dtype uint8"),
        (lambda x: crop(x[:, :0], {}, 0, 0, (1, 1)), ValueError, "crop: image has shape"),
        (lambda x: warp_affine(x, {}, np.zeros((2, 3)), (4, 4)), ValueError, "warp_affine: matrix"),
        (lambda x: warp_affine(x, {}, np.full((2, 3), np.nan), (4, 4)), ValueError, "warp_affine: matrix"),
        (lambda x: hflip(x, {"keypoints": np.ones((1, 2, 3))}, [(0, 2)]), IndexError, "hflip: keypoint_pairs"),
    ],
)
def test_bad_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call(np.zeros((3, 4, 4), np.float32))


TURN = [[0.7, -0.7, 3.0], [0.7, 0.7, -2.0]]
#: Calls that show something beyond an image (3, 6, 8).
BEYOND = {
    "crop": lambda image, target, **options: crop(image, target, -1, 0, (6, 8), **options),
    "pad": lambda image, target, **options: pad(image, target, (1, 0, 0, 2), **options),
    "warp_affine": lambda image, target, **options: warp_affine(image, target, TURN, (6, 8), **options),
    "RandomRotation": lambda image, target, **options: RandomRotation(45, **options)(image, target),
    "RandomAffineCrop": lambda image, target, **options: RandomAffineCrop(9, 45, **options)(image, target),
    "RandomCrop": lambda image, target, **options: RandomCrop(9, **options)(image, target),
    "Pad": lambda image, target, **options: Pad(2, **options)(image, target),
}


@pytest.mark.parametrize("call", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "?"])
def test_a_label_beyond_the_image_is_exact_or_refused(call, dtype):
    dtype = np.dtype(dtype)
    image, labels = np.ones((3, 6, 8), np.float32), np.ones((6, 8), dtype)
    low, high = (0, 1) if dtype.kind == "b" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for ignore_index in {low, high, 0, -100, 255, low - 1, high + 1}:
        if low <= ignore_index <= min(high, 2**63 - 1):
            _, target = call(image, {"semantic": labels}, ignore_index=ignore_index)
            assert target["semantic"].dtype == dtype
            assert set(np.unique(target["semantic"]).tolist()) == {ignore_index, 1}
        elif -(2**63) <= ignore_index < 2**63:
            with pytest.raises(ValueError, match=rf"ignore_index is {ignore_index}, and .* has dtype {dtype}"):
                call(image, {"semantic": labels}, ignore_index=ignore_index)


def test_a_label_that_is_not_needed_need_not_fit(rng):
    image, target = np.ones((3, 6, 8), np.float32), {"semantic": np.ones((6, 8), np.uint8)}
    assert (crop(image, target, 1, 2, (3, 4))[1]["semantic"] == 1).all()
    assert (RandomCrop((6, 8))(image, target, rng)[1]["semantic"] == 1).all()
    assert (warp_affine(image, target, np.eye(2, 3), (6, 8))[1]["semantic"] == 1).all()


def test_large_labels_move_as_they_are():
    image, labels = np.ones((3, 6, 8), np.float32), np.arange(48).reshape(6, 8) + 2**40
    assert (warp_affine(image, {"semantic": labels}, np.eye(2, 3), (6, 8))[1]["semantic"] == labels).all()
    assert (resize(image, {"semantic": labels}, (12, 16))[1]["semantic"][::2, ::2] == labels).all()


@pytest.mark.parametrize("call", BEYOND.values(), ids=BEYOND)
def test_colours_beyond_the_image(call):
    image = np.zeros((3, 6, 8), np.float32)
    out, _ = call(image, {}, fill=(0.25, 0.5, 1.0))
    np.testing.assert_allclose(out.max((1, 2)), [0.25, 0.5, 1.0])
    for fill in (np.nan, np.inf, 1e39, (0.1, np.nan, 0.1), [], [[0.1]], (0.1, 0.2)):
        with pytest.raises(ValueError, match="fill is"):
            call(image, {}, fill=fill)
    for fill in ("x", None, 2**100, 1j):
        with pytest.raises(TypeError, match="fill has dtype"):
            call(image, {}, fill=fill)


def test_whole_numbers_are_not_cut_off():
    image = np.zeros((3, 4, 4), np.float32)
    target = {"boxes": np.array([[1, 1, 3, 3]], np.uint8), "keypoints": np.array([[[1, 1, 2]]])}
    _, moved = resize(image, target, (6, 6))
    assert moved["boxes"].tolist() == [[1.5, 1.5, 4.5, 4.5]]
    assert moved["keypoints"].tolist() == [[[1.5, 1.5, 2]]]
    assert hflip(image, target)[1]["boxes"].tolist() == [[1, 1, 3, 3]]
    wide = np.zeros((3, 4, 400), np.float32)
    assert hflip(wide, target)[1]["boxes"].tolist() == [[397, 1, 399, 3]]


@pytest.mark.parametrize("call", [hflip, *BEYOND.values(), lambda i, t: resize(i, t, (2, 2))])
def test_targets_that_do_not_fit_their_image(call):
    image = np.zeros((3, 6, 8), np.float32)
    for wrong, match in (
        ({"boxes": np.zeros((2, 5))}, r"target\['boxes'\] has shape \(2, 5\), expected \(N, 4\)"),
        ({"boxes": "x"}, r"target\['boxes'\] has dtype"),
        ({"masks": np.zeros((1, 8, 6), bool)}, r"target\['masks'\] has shape .* expected \(N, 6, 8\)"),
        ({"semantic": np.zeros((8, 6), int)}, r"target\['semantic'\] has shape .* expected \(6, 8\)"),
        ({"semantic": np.zeros((6, 8))}, r"target\['semantic'\] has dtype float64"),
        ({"keypoints": np.zeros((1, 3))}, r"target\['keypoints'\] has shape"),
        ({"boxes": np.zeros((2, 4)), "labels": np.zeros(3)}, r"target\['labels'\] has 3 rows, expected 2"),
        (None, "target is a NoneType, expected a dict"),
    ):
        with pytest.raises((ValueError, TypeError), match=match):
            call(image, wrong)
