"""Generated scenes: what the description of the data set promises."""

import numpy as np
import pytest
from scipy import ndimage

from minidet.data import DataLoader, ShapeScenes, ShapeSegmentation, collate_semantic
from minidet.data.scenes import shapes
from minidet.data.scenes.shapes_outline import SHAPES
from minidet.data.transforms.geometry import boxes_of_masks

ALL = (*SHAPES, "person")


@pytest.fixture(scope="module")
def scenes():
    data = ShapeScenes(length=200, classes=ALL)
    return [data.load(i) for i in range(len(data))]


def test_shapes_and_types(scenes):
    for image, target in scenes:
        n = len(target["labels"])
        assert 1 <= n <= 8
        assert (image.shape, image.dtype) == ((3, 96, 96), np.float32)
        assert 0 <= image.min() <= image.max() <= 1
        assert image.flags.c_contiguous
        for key, shape, dtype in (
            ("boxes", (n, 4), np.float32),
            ("labels", (n,), np.int64),
            ("masks", (n, 96, 96), np.bool_),
            ("occlusion", (n,), np.float32),
            ("keypoints", (n, 14, 3), np.float32),
            ("semantic", (96, 96), np.int64),
        ):
            assert (target[key].shape, target[key].dtype) == (shape, dtype), key


def test_the_target_agrees_with_itself(scenes):
    for _, target in scenes:
        semantic = np.zeros((96, 96), np.int64)
        assert target["masks"].sum(0).max() == 1  # each pixel shows one object
        for mask, label, box in zip(target["masks"], target["labels"], target["boxes"], strict=True):
            semantic[mask] = label
            rows, columns = np.nonzero(mask)
            assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert mask.sum() >= shapes.MIN_PIXELS
        np.testing.assert_array_equal(semantic, target["semantic"])


def test_numbers_and_classes_are_evenly_spread(scenes):
    labels = np.bincount(np.concatenate([target["labels"] for _, target in scenes]), minlength=8)
    assert labels[0] == 0
    assert (labels[1:] > 0.11 * labels.sum()).all()
    counts = np.bincount([len(target["labels"]) for _, target in scenes], minlength=9)
    assert (counts[3:8] > 0.08 * len(scenes)).all()
    assert counts[:2].sum() < 0.05 * len(scenes)


def spy_on_placing(monkeypatch):
    """Return a list that will hold what each scene placed, before anything hid anything."""
    placed, place = [], shapes.place
    monkeypatch.setattr(shapes, "place", lambda *arguments: placed.append(place(*arguments)) or placed[-1])
    return placed


def whole_masks(placed, size):
    masks = np.zeros((len(placed), *size), bool)
    for mask, outline in zip(masks, placed, strict=True):
        mask[outline.window] = outline.front >= 0
    return masks


def test_later_objects_hide_earlier_ones_and_occlusion_says_how_much(monkeypatch):
    """Paint whole objects over each other, in another way than the code does, and compare."""
    placed = spy_on_placing(monkeypatch)
    data = ShapeScenes(length=60, seed=1, classes=ALL, objects=(4, 10))
    hidden, dropped = [], 0
    for i in range(len(data)):
        placed.clear()
        _, target = data.load(i)
        whole = whole_masks(placed, (96, 96))
        kept = []  # numbers in placed; an object is kept if enough of it is not under later ones that are kept
        for number in reversed(range(len(placed))):
            seen = whole[number] & ~whole[kept].any(0)
            if seen.sum() >= 16 and seen.sum() >= 0.2 * whole[number].sum():
                kept.insert(0, number)
        dropped += len(placed) - len(kept)
        assert target["labels"].tolist() == [placed[number].label for number in kept]
        canvas = np.full((96, 96), -1)
        for position, number in enumerate(kept):
            canvas[whole[number]] = position
        for position, number in enumerate(kept):
            np.testing.assert_array_equal(target["masks"][position], canvas == position)
            share = 1 - (canvas == position).sum() / whole[number].sum()
            assert target["occlusion"][position] == pytest.approx(share, abs=1e-6)
        hidden += target["occlusion"].tolist()
    hidden = np.array(hidden)
    assert dropped > 8
    assert hidden.max() <= 0.8
    assert 0.25 < np.mean(hidden > 0.05) < 0.75
    assert np.mean(hidden > 0.5) > 0.03


def test_what_is_left_out_is_not_drawn(monkeypatch):
    """Two scenes from the same random numbers: with a hidden object, and with that object never placed."""
    size, distance = (64, 64), np.full((64, 64), 5.0, np.float32)

    def outline(label, rows, columns):
        away = distance.copy()
        away[rows, columns] = -5.0
        whole = (slice(0, 64), slice(0, 64))
        return shapes.Outline(label, whole, np.where(away < 0, 0, -1).astype(np.int8), [shapes.Layer(whole, away)])

    hidden, large = outline(1, slice(10, 20), slice(10, 20)), outline(2, slice(5, 19), slice(5, 40))
    kept, owner, occlusion = shapes.stack([hidden, large], size)  # ten of a hundred pixels would be seen
    assert [one.label for one in kept] == [2]
    assert occlusion.tolist() == [0]
    assert (owner >= 0).sum() == 14 * 35
    queue = iter([hidden, large])
    monkeypatch.setattr(shapes, "place", lambda *_: next(queue))
    scene = shapes.make_scene(np.random.default_rng(0), ("circle", "square"), size, (2, 2))
    row = scene.picture()[:, 19, :].mean(0)
    assert abs(row[10:20].mean() - row[20:30].mean()) < 0.1  # where it would show, there is background
    assert (scene.semantic()[19] == 0).all()


def test_borders_are_soft_and_lie_where_the_masks_end(monkeypatch):
    """A white circle on black without light and noise: its brightness is its area, to a fraction of a pixel."""

    def white(rng, colour, rows, columns, side):
        return np.full((3, rows.stop - rows.start, columns.stop - columns.start), colour > 0, np.float32)

    monkeypatch.setattr(shapes, "choose_colour", lambda rng, used: used.append(0) or len(used) - 1)
    monkeypatch.setattr(shapes, "paint", white)
    monkeypatch.setattr(shapes, "light", lambda *_: np.float32(1))
    monkeypatch.setattr(shapes, "NOISE", (0, 1e-9))
    placed = spy_on_placing(monkeypatch)
    for i in range(20):
        placed.clear()
        image, target = ShapeScenes(classes=("circle",), objects=1).load(i)
        distance = placed[0].layers[0].distance
        inside = image[0][placed[0].window]
        assert (inside[distance < -0.6] == 1).all()
        assert (inside[distance > 0.6] == 0).all()
        assert 0 < ((inside > 0.05) & (inside < 0.95)).mean() < 0.3
        np.testing.assert_array_equal(target["masks"][0][placed[0].window], distance < 0)
        assert inside.sum() == pytest.approx((distance < 0).sum(), rel=0.05)


def object_features(data, feature):
    """Return the features and labels of all objects of which nothing is hidden, inside the picture."""
    features, labels = [], []
    for i in range(len(data)):
        image, target = data.load(i)
        for mask, label, box, hidden in zip(
            *(target[k] for k in ("masks", "labels", "boxes", "occlusion")), strict=True
        ):
            if hidden == 0 and box[:2].min() > 0 and box[2:].max() < 96 and mask.sum() > 100:
                features.append(feature(image, mask))
                labels.append(label)
    features = np.array(features)
    return (features - features.mean(0)) / features.std(0), np.array(labels)


def accuracy_of_neighbours(features, labels, k=7):
    """Return how often the k nearest training objects name the class of a test object."""
    half = len(labels) // 2
    gaps = ((features[half:, None] - features[None, :half]) ** 2).sum(2)
    votes = labels[:half][np.argsort(gaps, 1)[:, :k]]
    answers = np.array([np.bincount(row).argmax() for row in votes])
    return np.mean(answers == labels[half:])


def test_only_the_outline_tells_the_class():
    def paint(image, mask):
        colours = image[:, mask]
        edges = np.abs(np.diff(image.mean(0), axis=1))[mask[:, 1:] & mask[:, :-1]]
        return [*colours.mean(1), *colours.std(1), edges.mean()]

    def outline(image, mask):
        y, x = np.nonzero(mask)
        y, x, area = y - y.mean(), x - x.mean(), mask.sum()
        spread = np.linalg.eigvalsh(np.cov(x, y))
        filled, core = ndimage.binary_fill_holes(mask).sum(), ndimage.distance_transform_edt(mask).max()
        distances = np.sort(np.hypot(x, y))
        return [
            spread.sum() / area,
            filled / area,
            core**2 / area,
            distances[-3] ** 2 / area,
            np.median(distances) ** 2 / area,
        ]

    data = ShapeScenes(length=300, objects=(2, 5), seed=2)
    features, labels = object_features(data, lambda image, mask: paint(image, mask) + outline(image, mask))
    by_paint, by_outline = features[:, :7], features[:, 7:]
    assert len(labels) > 300
    assert accuracy_of_neighbours(by_paint, labels) < 0.25  # chance is 1 in 6
    assert accuracy_of_neighbours(by_outline, labels) > 0.8


def test_colours_do_not_tell_objects_from_background():
    means, deviations = [], []
    data = ShapeScenes(length=150)
    for i in range(len(data)):
        image, target = data.load(i)
        ground = image[:, target["semantic"] == 0]
        for mask in target["masks"]:
            means.append((ground.mean(), image[:, mask].mean()))
            deviations.append((ground.std(1).mean(), image[:, mask].std(1).mean()))
    for values in (means, deviations):
        ground, objects = np.array(values).T
        overlap = np.mean(ground[:, None] < objects)  # 0.5 if nothing can be told; large areas vary more
        assert 0.2 < overlap < 0.8


def test_a_scene_follows_from_seed_split_and_index():
    def draw(index=5, **options):
        return ShapeScenes(**{"length": 20, "classes": ALL, **options}).load(index)

    image, target = draw()
    again, other = draw(length=99)
    np.testing.assert_array_equal(image, again)
    assert target.keys() == other.keys()
    for key in target:
        np.testing.assert_array_equal(target[key], other[key])
    for changed in (draw(6), draw(seed=1), draw(split="test"), draw(split="val")):
        assert not np.array_equal(image, changed[0])


def test_order_threads_and_cache_change_nothing():
    plain, cached = ShapeSegmentation(length=12), ShapeSegmentation(length=12, cache=True)
    backwards = {i: plain.load(i) for i in reversed(range(12))}
    for workers in (0, 3):
        loader = DataLoader(cached, batch_size=4, num_workers=workers, collate_fn=collate_semantic)
        for batch, start in zip(loader, range(0, 12, 4), strict=True):
            expected = collate_semantic([backwards[i] for i in range(start, start + 4)])
            np.testing.assert_array_equal(batch[0]._array, expected[0]._array)
            np.testing.assert_array_equal(batch[1]._array, expected[1]._array)
    image, target = cached.load(0)
    image[...] = 0
    target["semantic"][...] = 0
    np.testing.assert_array_equal(cached.load(0)[0], plain.load(0)[0])
    np.testing.assert_array_equal(cached.load(0)[1]["semantic"], plain.load(0)[1]["semantic"])


def test_fresh_scenes_follow_the_generator():
    data = ShapeScenes(length=4, fresh=True)
    one, two, other = (data.sample(1, np.random.default_rng(seed))[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(data.load(1)[0], ShapeScenes(length=4).load(1)[0])
    with pytest.raises(IndexError, match="ShapeScenes: index is 4"):
        data.sample(4, np.random.default_rng(0))


def test_the_view_for_segmentation_has_the_same_pictures_and_labels():
    scenes, view = ShapeScenes(length=5), ShapeSegmentation(length=5)
    for i in range(5):
        (image, target), (same, only) = scenes[i], view[i]
        np.testing.assert_array_equal(image, same)
        assert only.keys() == {"semantic"}
        np.testing.assert_array_equal(target["semantic"], only["semantic"])


@pytest.mark.parametrize("size", [32, 64, (48, 160), (200, 150)])
def test_any_size(size):
    data = ShapeScenes(size=size, length=20, classes=ALL)
    side = min(data.size)
    for i in range(20):
        image, target = data.load(i)
        assert image.shape == (3, *data.size)
        np.testing.assert_array_equal(boxes_of_masks(target["masks"]), target["boxes"])
        inner = target["labels"] < 7
        longest = (target["boxes"][:, 2:] - target["boxes"][:, :2]).max(1)
        assert (longest[inner] <= 2 * 1.25 * 1.15 * 0.25 * side + 1).all()  # they grow with the shorter side


def test_no_objects_and_one_class():
    image, target = ShapeScenes(objects=0, length=2, classes=("person",)).load(1)
    assert image.std() > 0
    assert target["boxes"].shape == (0, 4)
    assert target["keypoints"].shape == (0, 14, 3)
    assert (target["semantic"] == 0).all()
    data = ShapeScenes(classes=("ring",), length=5)
    assert data.classes == ["background", "ring"]
    assert data.palette.shape == (2, 3)
    assert {label for i in range(5) for label in data.load(i)[1]["labels"].tolist()} == {1}
    assert "keypoints" not in data.load(0)[1]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"split": "all"}, "ShapeScenes: split is 'all'"),
        ({"size": 31}, "ShapeScenes: size is 31, expected an integer >= 32"),
        ({"size": (64, 64, 3)}, "ShapeScenes: size"),
        ({"length": 0}, "ShapeScenes: length"),
        ({"seed": -1}, "ShapeScenes: seed"),
        ({"objects": (5, 3)}, "ShapeScenes: objects"),
        ({"objects": (1, 100)}, "ShapeScenes: objects"),
        ({"classes": ()}, "ShapeScenes: classes"),
        ({"classes": "ring"}, "ShapeScenes: classes"),
        ({"classes": ("ring", "ring")}, "ShapeScenes: classes"),
        ({"classes": ("ring", "hexagon")}, "ShapeScenes: classes is 'hexagon'"),
    ],
)
def test_bad_arguments(options, match):
    with pytest.raises(ValueError, match=match):
        ShapeScenes(**options)
