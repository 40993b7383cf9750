"""SSD: which box finds which object, what the losses look at, and what is said in pixels."""

import math

import numpy as np
import pytest

import minidet
from minidet import tensor
from minidet.autograd.gradcheck import gradcheck
from minidet.models.detection import SSD
from minidet.models.detection.one_stage.ssd import match
from minidet.models.detection.truth import read_target
from minidet.ops import box_iou

from ..cases import NOTHING, Trunk, build, gradient, spots, ssd, total, values

MAPS = {8: (8, 8), 16: (4, 4), 32: (2, 2)}
IMAGES, TARGETS = spots()


def truth(boxes, labels, **marks):
    return read_target("SSD", {"boxes": boxes, "labels": labels, **marks}, 9)


def matched_by_loops(overlap, threshold=0.5):
    """Write section 2.2 down: best pairs first, then everything above the threshold."""
    objects, boxes = overlap.shape
    found, left = [-1] * boxes, overlap.copy()
    for j in range(boxes):
        best = max(range(objects), key=lambda i: (overlap[i, j], -i), default=None)
        if best is not None and overlap[best, j] > threshold:
            found[j] = best
    for _ in range(objects):
        i, j = max(((i, j) for i in range(objects) for j in range(boxes)), key=lambda pair: left[pair])
        if left[i, j] <= 0:
            break
        found[j] = i
        left[i], left[:, j] = -1, -1
    return found


def test_matching_by_loops(rng):
    for _ in range(30):
        objects, boxes = rng.integers(0, 5), rng.integers(1, 12)
        overlap = rng.permutation(objects * boxes).reshape(objects, boxes) / max(objects * boxes, 1)
        overlap[overlap < 0.3] = 0
        assert match(overlap, 0.5).tolist() == matched_by_loops(overlap)


def test_two_objects_with_the_same_favourite_box_keep_one_each():
    overlap = np.array([[0.1, 0.9, 0.3, 0.0], [0.2, 0.8, 0.0, 0.4]])
    assert match(overlap, 0.5).tolist() == [-1, 0, -1, 1]


def test_an_overlap_of_exactly_the_threshold_is_background():
    assert match(np.array([[0.6, 0.5, 0.50001]]), 0.5).tolist() == [0, -1, 0]


def test_an_object_smaller_than_every_box_has_one_and_one_that_touches_none_has_not():
    model = ssd()
    tiny, outside = [31, 30, 33, 32], [-900, -900, -890, -880]
    marks, _ = model.assign(MAPS, (64, 64), truth([tiny, outside], [3, 4]))
    assert (marks == 3).sum() == 1
    assert (marks == 4).sum() == 0


def test_targets_by_hand():
    """A default box shifted by a tenth of its side, and a fifth wider: deltas are divided by the variances."""
    model = ssd(aspect_ratios=(), extra_square=False, variances=(0.1, 0.2))
    boxes = model.default_boxes(MAPS, (64, 64))
    row = len(boxes) - 3
    x1, y1, x2, y2 = boxes[row]
    side = x2 - x1
    middle, half = (x1 + x2) / 2 + 0.1 * side, 0.6 * side
    marks, goals = model.assign(MAPS, (64, 64), truth([[middle - half, y1, middle + half, y2]], [5]))
    assert marks[row] == 5
    np.testing.assert_allclose(goals[row], [0.1 / 0.1, 0, math.log(1.2) / 0.2, 0], atol=1e-5)
    assert not goals[marks <= 0].any()
    decoded = model.box_coder.decode_single(goals[[row]], boxes[[row]]).numpy()[0]
    np.testing.assert_allclose(decoded, [middle - half, y1, middle + half, y2], rtol=1e-5)


def test_as_many_boxes_as_outputs_on_every_map():
    model = build("ssd").eval()
    for size in ((97, 131), (32, 32), (1, 1)):
        maps = model.maps(tensor(np.zeros((1, 3, *size), np.float32)))
        assert [x.shape[2:] for x in maps.values()] == [tuple(-(-n // stride) for n in size) for stride in maps]
        scores, deltas = model.head(list(maps.values()))
        count = len(model.default_boxes({stride: x.shape[2:] for stride, x in maps.items()}, size))
        assert scores.shape == (1, count, 3)
        assert deltas.shape == (1, count, 4)


def test_the_finest_map_has_pixels_of_length_20():
    maps = build("ssd").maps(tensor(np.stack(IMAGES)))
    length = np.linalg.norm(maps[8].detach().numpy(), axis=1)
    np.testing.assert_allclose(length[length > 1], 20, rtol=1e-3)
    assert (length > 1).any()


def test_three_hard_negatives_for_each_positive_divided_by_the_positives():
    """A hundred boxes, two positives: the loss is that of eight, over two."""
    rng = np.random.default_rng(0)
    scores, marks = rng.normal(size=(1, 100, 3)), np.zeros((1, 100), np.int64)
    marks[0, [3, 8]], marks[0, 50:] = (1, 2), -1
    losses = ssd().losses_of(tensor(scores), tensor(np.ones((1, 100, 4))), marks, np.zeros((1, 100, 4)))
    entropy = -np.log(np.exp(scores[0]) / np.exp(scores[0]).sum(1, keepdims=True))
    background = np.sort(np.delete(entropy[:50, 0], [3, 8]))[-6:]
    expected = (entropy[3, 1] + entropy[8, 2] + background.sum()) / 2
    assert losses["loss_classifier"].item() == pytest.approx(expected)
    assert losses["loss_box_reg"].item() == pytest.approx(8 * 0.5 / 2)
    everything = ssd(neg_pos_ratio=None)
    losses = everything.losses_of(tensor(scores), tensor(np.ones((1, 100, 4))), marks, np.zeros((1, 100, 4)))
    expected = (entropy[3, 1] + entropy[8, 2] + np.delete(entropy[:50, 0], [3, 8]).sum()) / 2
    assert losses["loss_classifier"].item() == pytest.approx(expected)


def test_no_object_no_loss_but_a_graph():
    model = build("ssd")
    losses = model(IMAGES, [NOTHING, NOTHING])
    assert set(values(losses).values()) == {0.0}
    total(losses).backward()
    assert gradient(model) == 0
    assert model.head.classification[0].weight.grad is not None
    asked = build("ssd", min_negatives=5)
    losses = asked(IMAGES, [NOTHING, NOTHING])
    assert losses["loss_classifier"].item() > 0
    assert losses["loss_box_reg"].item() == 0


def test_what_overlaps_a_crowd_and_padding_are_neither():
    model = build("ssd")
    marks, _ = model.assign(MAPS, (64, 64), truth([[0, 0, 32, 64]], [1], iscrowd=[1]))
    inside = box_iou(np.array([[0, 0, 32, 64.0]]), model.default_boxes(MAPS, (64, 64))).numpy()[0] > 0
    assert (marks[~inside] == 0).all()
    assert (marks == -1).any()
    marks, _ = model.assign(MAPS, (64, 20), truth(np.zeros((0, 4)), []))
    np.testing.assert_array_equal(marks == 0, model.default_boxes.inside(MAPS, (64, 20)))


def test_gradients_of_both_losses():
    model, rng = ssd(), np.random.default_rng(3)
    marks, goals = rng.integers(-1, 3, (2, 12)), rng.normal(size=(2, 12, 4))
    scores, deltas = (tensor(rng.normal(size=(2, 12, k)), requires_grad=True) for k in (3, 4))

    def losses(scores, deltas):
        return tuple(model.losses_of(scores, deltas, marks, goals).values())

    assert gradcheck(losses, (scores, deltas))


def test_a_map_for_each_stride_and_options_that_take_them_away():
    model = SSD(4, Trunk(), extra_layers=3, extra_channels=10)
    assert list(model.eval().maps(tensor(np.stack(IMAGES)))) == [8, 16, 32, 64, 128]
    one = SSD(4, Trunk(strides=(8,)), extra_layers=0, aspect_ratios=())
    assert list(one.eval().maps(tensor(np.stack(IMAGES)))) == [8]
    assert len(one.head.classification) == 1
    minidet.manual_seed(0)
    assert SSD(3).eval()([IMAGES[0]])[0]["boxes"].shape[1] == 4  # without further arguments


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"extra_layers": -1}, ValueError, "extra_layers is -1"),
        ({"neg_pos_ratio": -1}, ValueError, "neg_pos_ratio is -1"),
        ({"min_negatives": 1.5}, TypeError, "min_negatives is 1.5"),
        ({"variances": (0.1,)}, TypeError, r"variances is \(0.1,\), expected two numbers"),
        ({"variances": (0.1, 0)}, ValueError, "variances is 0"),
        ({"iou_thresh": 2}, ValueError, "iou_thresh is 2"),
        ({"topk_candidates": 0}, ValueError, "topk_candidates is 0"),
        ({"extra_square": "no"}, TypeError, "extra_square is a str"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=f"SSD: {words}"):
        SSD(3, Trunk(), **options)
