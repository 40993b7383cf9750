"""One classifier on all windows of an image: window by window, and by convolutions."""

import re

import numpy as np
import pytest

import minidet
from minidet.models.complexity import counting
from minidet.models.detection import SlidingWindowDetector
from minidet.models.detection.truth import read_target
from minidet.ops import box_iou

from ..cases import NOTHING, spots


def small(num_classes=3, **options):
    return SlidingWindowDetector(
        num_classes, **{"window": 12, "widths": (6, 8), "kernels": (3, 4), "hidden": 8, **options}
    )


def whole_numbers(model, rng):
    """Give a model weights that are small whole numbers: then no sum is rounded, whatever the order of additions."""
    for parameter in model.parameters():
        parameter._write_array()[...] = rng.integers(-1, 2, parameter.shape)
    return model


@pytest.mark.parametrize("ratios", [(1.0,), (0.5, 2.0)])
def test_crops_and_convolutions_give_identical_scores(rng, ratios):
    model = whole_numbers(small(aspect_ratios=ratios, scales_per_octave=1), rng)
    images = minidet.tensor(rng.integers(0, 3, (2, 3, 24, 48)).astype(np.float32) / 2)  # halves are exact
    by_crops, whole = model.scores_by_crops(images).detach().numpy(), model.scores(images).detach().numpy()
    assert by_crops.shape == whole.shape == (2, model.count((24, 48)).windows, 3)
    assert np.ptp(whole) > 10
    if ratios == (1.0,):
        np.testing.assert_array_equal(by_crops, whole)
    else:  # stretched by the square root of 2
        np.testing.assert_allclose(by_crops, whole, rtol=1e-4, atol=1e-3)


def test_identical_detections_and_in_float32_to_rounding(rng):
    images = rng.random((2, 3, 37, 53), dtype=np.float32)
    model, other = small(score_thresh=0.33), small(score_thresh=0.33, convolutional=False)
    other.load_state_dict(model.state_dict())
    found, again = model.eval()(images), other.eval()(images)
    for one, two in zip(found, again, strict=True):
        assert len(one["scores"]) > 5
        for key in one:
            np.testing.assert_allclose(one[key].numpy(), two[key].numpy(), rtol=1e-4)


@pytest.mark.parametrize("mistake", ["padding", "shift"])
def test_a_network_that_sees_the_windows_edge_is_found(rng, mistake, monkeypatch):
    model = whole_numbers(small(), rng)
    images = minidet.tensor(rng.integers(0, 3, (1, 3, 24, 24)).astype(np.float32) / 2)
    if mistake == "padding":
        conv = model.classifier.convs[0]
        monkeypatch.setattr(conv, "forward", lambda x: minidet.nn.functional.pad(type(conv).forward(conv, x), (1, 1, 1, 1))[
            :, :, :-2, :-2])  # fmt: skip
    else:
        crops = model.windows.crops
        monkeypatch.setattr(
            model.windows, "crops", lambda pictures, numbers: crops(pictures, np.maximum(numbers - 1, 0))
        )
    by_crops, whole = model.scores_by_crops(images).detach().numpy(), model.scores(images).detach().numpy()
    assert np.abs(by_crops - whole).max() > 1


@pytest.mark.parametrize("size", [(64, 64), (31, 90), (5, 7)])
def test_count_is_what_is_multiplied(size):
    model = small(aspect_ratios=(1.0, 2.0))
    count, image = model.count(size), minidet.zeros(1, 3, *size)
    with counting(model) as whole:
        windows = model.scores(image).shape[1]
    with counting(model) as by_crops:
        model.scores_by_crops(image)
    assert (count.windows, count.by_crops, count.convolutional) == (windows, sum(by_crops), sum(whole))
    with counting(model) as one:
        model.classifier(minidet.zeros(1, 3, 12, 12))
    assert count.proposals == 2000 * sum(one)
    assert count.ratio == pytest.approx(count.by_crops / count.convolutional)


def test_a_larger_image_has_more_windows_and_more_of_their_work_is_shared():
    counts = [small().count((side, side)) for side in (12, 24, 96)]
    assert counts[0].windows == 1
    assert counts[0].ratio == 1
    assert counts[0].windows < counts[1].windows < counts[2].windows
    assert counts[0].ratio < counts[1].ratio < counts[2].ratio
    with pytest.raises(ValueError, match="SlidingWindowDetector: size is"):
        small().count(96)


def test_windows_that_overlap_an_object_enough_are_of_its_class():
    model = small(fg_iou_thresh=0.6, bg_iou_thresh=0.3)
    boxes = model.windows.boxes((64, 64))
    target = {"boxes": [[8, 8, 20, 20], [40, 40, 43, 43], [500, 500, 512, 512]], "labels": [1, 2, 1]}
    truth = read_target("test", target, 3)
    labels, iou = model.assign(boxes, truth), box_iou(truth.boxes.astype(float), boxes).numpy()
    assert (labels[iou[0] >= 0.6] == 1).all()
    assert (iou[0] >= 0.6).any()
    between = (iou.max(0) >= 0.3) & (iou.max(0) < 0.6)
    assert (labels[between] == -1).all()
    assert between.any()
    assert iou[1].max() < 0.3
    assert labels[iou[1].argmax()] == 2
    assert (labels == 2).sum() == 1
    assert iou[2].max() == 0  # an object outside of the image has none
    assert (np.delete(labels, iou[1].argmax())[np.delete(iou.max(0), iou[1].argmax()) < 0.3] == 0).all()
    assert (model.assign(boxes, read_target("test", NOTHING, 3)) == 0).all()


@pytest.mark.parametrize("mark", ["iscrowd", "difficult"])
def test_what_is_ignored_is_no_background(mark):
    model = small()
    boxes = model.windows.boxes((64, 64))
    target = {"boxes": [[8, 8, 20, 20], [30, 30, 50, 50]], "labels": [1, 2]}
    labels = model.assign(boxes, read_target("test", {**target, mark: [1, 0]}, 3))
    inside = box_iou(np.array([[8.0, 8, 20, 20]]), boxes).numpy()[0] >= model.bg_iou_thresh
    assert inside.any()
    assert (labels[inside] == -1).all()
    assert (labels == 2).any()
    assert not (labels == 1).any()


def test_the_hardest_background_is_looked_at(rng):
    model = small(batch_size_per_image=16, hard_fraction=0.5)
    images, targets = spots(1, 1)
    truth = read_target("test", targets[0], 3)
    image = minidet.tensor(images[0][None])
    with minidet.no_grad():
        scores = model.scores(image).numpy()[0]
        numbers, labels = model.sample(model.windows.images(image), (64, 64), truth)
    marks = model.assign(model.windows.boxes((64, 64)), truth)
    assert (labels > 0).sum() == 4
    assert len(labels) == 16
    np.testing.assert_array_equal(marks[numbers], labels)
    background = np.flatnonzero(marks == 0)
    looks = scores[background, 1:].max(1) - scores[background, 0]
    hardest = background[np.argsort(-looks, kind="stable")][:6]
    assert set(hardest) <= set(numbers[labels == 0])
    assert len(set(numbers[labels == 0])) == 12


def test_nothing_to_learn_from_is_no_loss():
    model, images = small(), spots()[0]
    everything = {"boxes": [[-99, -99, 200, 200]], "labels": [1], "iscrowd": [1]}
    loss = model(images, [everything] * 2)["loss_classifier"]
    assert loss.item() == 0
    loss.backward()
    loss = model(images, [everything, NOTHING])["loss_classifier"]
    assert loss.item() == pytest.approx(np.log(3), rel=0.2)


def test_mistakes():
    for options, words in (
        ({"window": 13}, "window is 13, expected a size that is even before each pooling"),
        ({"kernels": (3,)}, "kernels is (3,), expected 2 numbers"),
        ({"aspect_ratios": ()}, "aspect_ratios is ()"),
        ({"smallest": 0}, "smallest is 0"),
        ({"bg_iou_thresh": 0.8}, "bg_iou_thresh is 0.8"),
    ):
        with pytest.raises(ValueError, match=re.escape(f"SlidingWindowDetector: {words}")):
            small(**options)
