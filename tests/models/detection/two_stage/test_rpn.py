"""Which anchors learn what, which proposals come out, and that the losses are those of the formulas."""

import math

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models.detection import RegionProposalNetwork, RPNHead
from minidet.models.detection.answers import flat
from minidet.models.detection.truth import read_target
from minidet.models.detection.two_stage.rpn import best_first, inside_image, level_anchors
from minidet.ops import AnchorGenerator, box_iou

from ..cases import CASES, NOTHING, faster, gradient, spots, total

SIZES, RATIOS = ((8, 16), (24, 32)), ((0.5, 1.0, 2.0),) * 2
SHAPES = {8: (8, 8), 16: (4, 4)}  # of the maps of an image of 64 x 64


class SaysIt(nn.Module):
    """A head that says the same of every image: what it is told."""

    def __init__(self, objectness, deltas):
        super().__init__()
        self.objectness, self.deltas = objectness, deltas

    def forward(self, maps):
        return [minidet.tensor(x) for x in self.objectness], [minidet.tensor(x) for x in self.deltas]


def network(head=None, **options):
    return RegionProposalNetwork(AnchorGenerator(SIZES, RATIOS), head or RPNHead(4, 6), **options)


def maps_of(shapes=SHAPES, count=1, channels=4):
    rng = np.random.default_rng(0)
    return {s: minidet.tensor(rng.normal(size=(count, channels, *hw)).astype(np.float32)) for s, hw in shapes.items()}


def said(value=0.0):
    """Return objectness and deltas of both maps: (1, 6, h, w) and (1, 24, h, w)."""
    return ([np.full((1, 6, *hw), value, np.float32) for hw in SHAPES.values()],
            [np.zeros((1, 24, *hw), np.float32) for hw in SHAPES.values()])  # fmt: skip


def truth_of(*boxes, **marks):
    return read_target("test", {"boxes": list(boxes), "labels": [1] * len(boxes), **marks}, 2)


def all_anchors(rpn=None):
    return np.concatenate(level_anchors((rpn or network()).anchor_generator, maps_of()))


def test_keys_are_torchvisions():
    expected = {f"{layer}.{part}" for layer in ("conv.0.0", "cls_logits", "bbox_pred") for part in ("weight", "bias")}
    assert set(RPNHead(4, 3).state_dict()) == expected
    assert RPNHead(4, 3).bbox_pred.weight.shape == (12, 4, 1, 1)


@pytest.mark.parametrize(("level", "a", "y", "x"), [(0, 0, 0, 0), (0, 5, 7, 2), (1, 3, 1, 3), (1, 1, 2, 2)])
def test_a_single_one_in_the_head_is_that_anchor_decoded(level, a, y, x):
    objectness, deltas = said(-5)
    objectness[level][0, a, y, x] = 5
    moved = np.array([0.25, -0.5, math.log(1.5), math.log(0.5)], np.float32)
    deltas[level][0, 4 * a : 4 * a + 4, y, x] = moved
    stride, ratio = list(SHAPES)[level], RATIOS[0][a // 2]
    side = SIZES[level][a % 2]
    # torchvision's cells are rounded to whole pixels
    w, h = (2 * np.round(side * f / 2) for f in (1 / math.sqrt(ratio), math.sqrt(ratio)))
    cx, cy, w, h = x * stride + 0.25 * w, y * stride - 0.5 * h, 1.5 * w, 0.5 * h
    expected = np.clip([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 0, 64)
    proposals, losses = network(SaysIt(objectness, deltas), min_size=0).eval()(maps_of(), [(64, 64)])
    np.testing.assert_allclose(proposals[0][0], expected, atol=1e-4)
    assert losses == {}


def test_as_many_anchors_as_outputs_on_every_level():
    model = faster().eval()
    for size in ((97, 131), (32, 32), (64, 64), (1, 1)):
        maps = model.features(minidet.zeros(1, 3, *size))
        anchors = level_anchors(model.rpn.anchor_generator, maps)
        objectness, deltas = model.rpn.head(list(maps.values()))
        assert list(maps) == [8, 16]
        for (stride, x), boxes, scores, codes in zip(maps.items(), anchors, objectness, deltas, strict=True):
            assert x.shape[2:] == tuple(-(-side // stride) for side in size)
            assert boxes.shape == (scores.numel(), 4)
            assert codes.numel() == boxes.size
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2
            assert centres.max() == stride * (max(x.shape[2:]) - 1)  # at the true stride, whatever the image's size


def test_anchors_across_the_border_are_left_out_in_training():
    rpn = network()
    anchors = all_anchors(rpn)
    mark, _ = rpn.assign(anchors, (64, 64), truth_of((0, 0, 20, 20)))
    crosses = (anchors < 0).any(1) | (anchors > 64).any(1)
    assert crosses.any()
    assert (mark[crosses] == -1).all()
    assert (mark[~crosses] >= 0).any()
    mark, _ = network(allowed_border=math.inf).assign(anchors, (64, 64), truth_of((0, 0, 20, 20)))
    assert (mark[crosses] >= 0).any()
    mark, _ = rpn.assign(anchors, (48, 40), truth_of((0, 0, 20, 20)))  # of a smaller image that is padded
    assert (mark[(anchors[:, 2] > 40) | (anchors[:, 3] > 48)] == -1).all()
    assert list(inside_image(np.array([[-2, 0, 5, 5], [0, 0, 64, 66]]), (64, 64), 2)) == [True, True]


def test_an_image_smaller_than_all_anchors_learns_from_all():
    rpn = network()
    mark, _ = rpn.assign(all_anchors(rpn), (3, 3), truth_of())
    assert (mark == 0).all()


def test_an_object_smaller_than_every_anchor_has_its_best():
    rpn = network(allowed_border=math.inf)
    anchors = all_anchors(rpn)
    tiny, large = (33, 33, 35, 35), (20, 20, 52, 52)
    mark, boxes = rpn.assign(anchors, (64, 64), truth_of(large, tiny))
    iou = box_iou(np.array([tiny], np.float32), anchors).numpy()[0]
    best = np.flatnonzero(iou == iou.max())
    assert 0 < iou.max() < 0.3
    assert (mark[best] == 1).all()
    np.testing.assert_array_equal(boxes[best], np.tile(tiny, (len(best), 1)))


def test_an_object_that_touches_no_anchor_has_none():
    rpn = network()
    mark, _ = rpn.assign(all_anchors(rpn), (64, 64), truth_of((500, 500, 510, 520)))
    assert set(mark) == {-1, 0}


def test_marks_follow_the_thresholds():
    rpn = network(allowed_border=math.inf)
    anchors = all_anchors(rpn)
    truth = truth_of((10, 12, 30, 30), (40, 30, 60, 62))
    mark, _boxes = rpn.assign(anchors, (64, 64), truth)
    iou = box_iou(truth.boxes, anchors).numpy()
    best = (iou == iou.max(1, keepdims=True)).any(0)
    assert (mark[(iou.max(0) >= 0.7) | best] == 1).all()
    assert (mark[(iou.max(0) < 0.3) & ~best] == 0).all()
    assert (mark[(iou.max(0) >= 0.3) & (iou.max(0) < 0.7) & ~best] == -1).all()


@pytest.mark.parametrize("mark", ["iscrowd", "difficult"])
def test_ignored_objects_are_neither_positive_nor_negative(mark):
    rpn = network(allowed_border=math.inf)
    anchors = all_anchors(rpn)
    region = (8, 8, 56, 56)
    marks, _ = rpn.assign(anchors, (64, 64), truth_of(region, **{mark: [1]}))
    assert set(marks) == {-1, 0}
    iou = box_iou(np.array([region], np.float32), anchors).numpy()[0]
    assert (marks[iou >= 0.3] == -1).all()
    within = (anchors[:, :2] >= 8).all(1) & (anchors[:, 2:] <= 56).all(1) & (iou < 0.3)
    assert within.any()
    assert (marks[within] == (-1 if mark == "iscrowd" else 0)).all()
    marks, _ = rpn.assign(anchors, (64, 64), truth_of(region, (8, 8, 56, 56), **{mark: [1, 0]}))
    assert (marks == 1).any()  # a real object in the same place is one


def losses_by_hand(rpn, objectness, deltas, marks, boxes, anchors):
    """Return both losses, of all anchors whose mark is 0 or 1, in plain NumPy."""
    used, objects = marks >= 0, marks == 1
    s = objectness[used].astype(np.float64)
    scored = np.mean(np.logaddexp(0, s) - s * objects[used])
    a, g = anchors[objects].astype(np.float64), boxes[objects].astype(np.float64)
    sides, true_sides = a[:, 2:] - a[:, :2], g[:, 2:] - g[:, :2]
    wanted = np.concatenate([(g[:, :2] + true_sides / 2 - a[:, :2] - sides / 2) / sides, np.log(true_sides / sides)], 1)
    d = np.abs(deltas[objects] - wanted)
    moved = np.where(d < 1 / 9, d * d / (2 / 9), d - 1 / 18).sum() / used.sum()
    return {"loss_objectness": scored, "loss_rpn_box_reg": moved}


def test_losses_are_those_of_the_formulas(rng):
    rpn = network(batch_size_per_image=10**4, positive_fraction=1.0)
    anchors = all_anchors(rpn)
    objectness = rng.normal(size=(1, len(anchors))).astype(np.float32)
    deltas = rng.normal(0, 0.2, (1, len(anchors), 4)).astype(np.float32)
    truth = truth_of((10, 12, 30, 30), (40, 30, 60, 62))
    marks, boxes = rpn.assign(anchors, (64, 64), truth)
    losses = rpn.losses(minidet.tensor(objectness), minidet.tensor(deltas), anchors, [(64, 64)], [truth])
    expected = losses_by_hand(rpn, objectness[0], deltas[0], marks, boxes, anchors)
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value, rel=1e-5)


def test_at_most_256_anchors_at_most_half_of_them_objects():
    rpn = network(batch_size_per_image=8)
    anchors = all_anchors(rpn)
    truth = truth_of((8, 8, 40, 40), (10, 8, 42, 40), (8, 10, 40, 42))
    shape = (1, len(anchors))
    objectness, deltas = minidet.zeros(shape, requires_grad=True), minidet.zeros((*shape, 4), requires_grad=True)
    total(rpn.losses(objectness, deltas, anchors, [(64, 64)], [truth])).backward()
    grad = objectness.grad.numpy()
    np.testing.assert_allclose(np.abs(grad[grad != 0]), 0.5 / 8)
    assert np.count_nonzero(grad) == 8
    assert 0 < np.count_nonzero(grad < 0) <= 4


def test_proposals_are_few_detached_clipped_and_suppressed():
    rpn = network(pre_nms_top_n=(50, 20), post_nms_top_n=(30, 10), min_size=2)
    proposals, losses = rpn(maps_of(count=2), [(64, 64), (40, 64)], [truth_of((8, 8, 24, 24))] * 2)
    for boxes, height in zip(proposals, (64, 40), strict=True):
        assert isinstance(boxes, np.ndarray)
        assert 0 < len(boxes) <= 30
        assert boxes.min() >= 0
        assert boxes[:, 2].max() <= 64
        assert boxes[:, 3].max() <= height
        assert (boxes[:, 2:] - boxes[:, :2]).min() >= 2
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg"}
    assert len(rpn.eval()(maps_of(), [(64, 64)])[0][0]) <= 10
    alone = RegionProposalNetwork(AnchorGenerator(SIZES[:1], RATIOS[:1]), RPNHead(4, 6), nms_thresh=0.1)
    few = alone.eval()(maps_of({8: (8, 8)}), [(64, 64)])[0][0]
    iou = box_iou(few, few).numpy() - np.eye(len(few))
    assert len(few) > 4
    assert iou.max() <= 0.1


def test_extreme_deltas_are_clamped():
    objectness, deltas = said()
    for x in deltas:
        x[:] = 1e4
    proposals, _ = network(SaysIt(objectness, deltas), min_size=0).eval()(maps_of(), [(64, 64)])
    assert np.isfinite(proposals[0]).all()


@pytest.mark.parametrize("name", [name for name in CASES if "faster" in name])
def test_no_proposal_left(name):
    model = CASES[name]()
    model.rpn.min_size = 1e4
    images, _ = spots()
    losses = model(images, [NOTHING, NOTHING])
    assert losses["loss_box_reg"].item() == losses["loss_rpn_box_reg"].item() == losses["loss_classifier"].item() == 0
    assert 0 < losses["loss_objectness"].item() < math.inf
    total(losses).backward()
    assert gradient(model.rpn.head.cls_logits) > 0
    for answer in model.eval()(images):
        assert answer["boxes"].shape == (0, 4)
        assert answer["scores"].shape == (0,)
        assert answer["labels"].shape == (0,)
        assert answer["labels"].dtype == np.int64


def test_order_of_the_anchors_and_of_what_is_said_of_them():
    x = minidet.tensor(np.arange(2 * 6 * 2 * 3).reshape(2, 6, 2, 3).astype(np.float32))  # A = 3, two numbers each
    rows = flat(x, 18, 2).numpy()
    assert rows.shape == (2, 18, 2)
    np.testing.assert_array_equal(rows[1, (1 * 3 + 2) * 3 + 1], x.numpy()[1, 2:4, 1, 2])  # y = 1, x = 2, anchor 1
    np.testing.assert_array_equal(best_first(np.array([1, 3, 2, 3.0]), 3), [1, 3, 2])
