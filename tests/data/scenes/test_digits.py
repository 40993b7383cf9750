"""Scenes of digits: what the description of the data set promises."""

import threading

import numpy as np
import pytest

from minidet.data import DataLoader, DigitScenes, collate_semantic
from minidet.data.scenes import digits
from minidet.data.transforms.geometry import boxes_of_masks

load_digits = pytest.importorskip("sklearn.datasets").load_digits


@pytest.fixture(scope="module")
def scenes():
    data = DigitScenes(length=300)
    return [data.load(i) for i in range(len(data))]


def test_shapes_and_types(scenes):
    for image, target in scenes:
        n = len(target["labels"])
        assert 3 <= n <= 6
        assert (image.shape, image.dtype) == ((3, 64, 64), np.float32)
        assert 0 <= image.min() <= image.max() <= 1
        assert (target["semantic"].shape, target["semantic"].dtype) == ((64, 64), np.int64)
        assert (target["boxes"].shape, target["boxes"].dtype) == ((n, 4), np.float32)
        assert target["labels"].dtype == np.int64
        assert (target["masks"].shape, target["masks"].dtype) == ((n, 64, 64), np.bool_)


def test_the_target_agrees_with_itself(scenes):
    for _, target in scenes:
        semantic = np.zeros((64, 64), np.int64)
        assert target["masks"].sum(0).max() == 1  # each pixel shows one digit
        for mask, label in zip(target["masks"], target["labels"], strict=True):
            semantic[mask] = label
        np.testing.assert_array_equal(semantic, target["semantic"])
        np.testing.assert_array_equal(boxes_of_masks(target["masks"]), target["boxes"])


def test_numbers_and_classes_are_evenly_spread(scenes):
    counts = np.bincount([len(target["labels"]) for _, target in scenes], minlength=7)[3:]
    assert (counts > 0.15 * len(scenes)).all()
    labels = np.bincount(np.concatenate([target["labels"] for _, target in scenes]), minlength=11)
    assert labels[0] == 0
    assert (labels[1:] > 0.06 * labels.sum()).all()


def test_a_quarter_is_covered_by_up_to_a_half(monkeypatch):
    """Rebuild what each digit would be alone, and compare with what is seen of it."""
    place, full = digits._place, []

    def spy(rng, patches, size):
        placed, owner, exposed = place(rng, patches, size)
        full.append([(window, ink > digits.INK) for _, window, ink, _ in placed])
        return placed, owner, exposed

    monkeypatch.setattr(digits, "_place", spy)
    data = DigitScenes(length=300, seed=1)
    lost = []
    for i in range(len(data)):
        full.clear()
        _, target = data.load(i)
        for mask, (window, whole) in zip(target["masks"], full[-1], strict=True):
            assert not (mask[window] & ~whole).any()
            assert mask.sum() == mask[window].sum()
            lost.append(1 - mask.sum() / whole.sum())
    lost = np.array(lost)
    assert lost.max() <= 0.5
    assert 0.2 < np.mean(lost > 0) < 0.3
    assert lost[lost > 0].min() >= digits.COVER[0]
    assert 0.2 < lost[lost > 0].mean() < 0.3  # evenly spread over what is allowed


def test_sizes_and_angles(monkeypatch):
    enlarge, drawn = digits.enlarge, []
    monkeypatch.setattr(digits, "enlarge", lambda scans, *how: drawn.append(how) or enlarge(scans, *how))
    data = DigitScenes(length=100)
    for i in range(100):
        data.load(i)
    sides, angles = (np.concatenate(values) for values in zip(*drawn, strict=True))
    for values, low, high in ((sides, 16, 28), (np.rad2deg(angles), -20, 20)):
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high


def test_digits_stand_out_from_the_page(scenes):
    contrast = []
    for image, target in scenes:
        page = np.median(image.mean(0)[target["semantic"] == 0])
        contrast += [abs(np.median(image.mean(0)[mask]) - page) for mask in target["masks"]]
    assert np.min(contrast) > 0.1
    assert np.median(contrast) > 0.3


def test_enlarged_scans():
    scans, _ = digits.load_scans()
    straight = digits.enlarge(scans[:4], np.full(4, 16.0), np.zeros(4))
    middle = straight[:, (straight.shape[1] - 16) // 2 :, (straight.shape[2] - 16) // 2 :][:, :16, :16]
    np.testing.assert_allclose(middle.mean((1, 2)), scans[:4].mean((1, 2)), rtol=0.05)
    turned = digits.enlarge(scans[:4], np.full(4, 20.0), np.full(4, np.pi / 2))
    plain = digits.enlarge(scans[:4], np.full(4, 20.0), np.zeros(4))
    size = turned.shape[1]
    pad = (size - plain.shape[1]) // 2
    plain = np.pad(plain, ((0, 0), (pad, size - plain.shape[1] - pad), (pad, size - plain.shape[2] - pad)))
    np.testing.assert_allclose(turned, np.rot90(plain, 1, (1, 2)), atol=1e-5)  # counter-clockwise
    heights = digits.enlarge(scans, np.full(len(scans), 28.0), np.zeros(len(scans)))
    rows = (heights > digits.INK).any(2).sum(1)
    assert 24 < rows.mean() < 29


def test_training_and_test_scans_are_apart():
    train, test = DigitScenes("train", length=1), DigitScenes("test", length=1)
    scans, labels = digits.load_scans()
    assert scans.shape == (1797, 24, 24)
    assert 0 <= scans.min() < scans.max() <= 1
    coarse = scans.reshape(1797, 8, 3, 8, 3).mean((2, 4))
    np.testing.assert_allclose(coarse, load_digits().images / 16, atol=0.3)  # finer, not different
    np.testing.assert_array_equal(train._scans, scans[:1297])
    np.testing.assert_array_equal(test._scans, scans[1297:])
    np.testing.assert_array_equal(test._labels, labels[1297:])


def test_a_scene_follows_from_seed_split_and_index():
    def draw(index=5, **options):
        return DigitScenes(**{"length": 20, **options}).load(index)

    image, target = draw()
    again, other = draw(length=99)
    np.testing.assert_array_equal(image, again)
    for key in target:
        np.testing.assert_array_equal(target[key], other[key])
    for changed in (draw(6), draw(seed=1), draw(split="test")):
        assert not np.array_equal(image, changed[0])


def test_cache_changes_nothing_and_threads_share_it():
    plain, cached = DigitScenes(length=12), DigitScenes(length=12, cache=True)
    for _ in range(2):
        for workers in (0, 3):
            loader = DataLoader(cached, batch_size=4, num_workers=workers, collate_fn=collate_semantic)
            for batch, start in zip(loader, range(0, 12, 4), strict=True):
                expected = collate_semantic([plain.load(i) for i in range(start, start + 4)])
                np.testing.assert_array_equal(batch[0]._array, expected[0]._array)
                np.testing.assert_array_equal(batch[1]._array, expected[1]._array)
    assert len(cached._cache) == 12
    image, target = cached.load(0)
    image[...] = 0
    target["masks"][...] = False
    target["labels"][...] = 0
    np.testing.assert_array_equal(cached.load(0)[0], plain.load(0)[0])
    np.testing.assert_array_equal(cached.load(0)[1]["semantic"], plain.load(0)[1]["semantic"])
    assert threading.active_count() < 20


def test_other_sizes():
    image, target = DigitScenes(size=96, length=2).load(1)
    assert image.shape == (3, 96, 96)
    assert target["semantic"].shape == (96, 96)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"split": "val"}, "DigitScenes: split is 'val'"),
        ({"size": 32}, "DigitScenes: size is 32, expected an integer >= 48"),
        ({"length": 0}, "DigitScenes: length"),
        ({"seed": -1}, "DigitScenes: seed"),
    ],
)
def test_bad_arguments(options, match):
    with pytest.raises(ValueError, match=match):
        DigitScenes(**options)
