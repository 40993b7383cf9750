"""Which regions learn what, losses by hand, and what is made of what is said of them."""

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models.detection import RoIHeads
from minidet.models.detection.truth import read_target
from minidet.ops import box_iou

from ..cases import NOTHING, faster, gradient, grid, spots

SIZE = (64, 64)


class Says(nn.Module):
    """A predictor that says what it is told of the regions, one after the other."""

    def __init__(self, scores, deltas):
        super().__init__()
        self.said = minidet.tensor(scores), minidet.tensor(deltas)

    def forward(self, x):
        return self.said


class Regions(nn.Module):
    """A pooler that hands on the regions themselves."""

    def forward(self, maps, boxes):
        return minidet.tensor(np.concatenate(boxes))


def heads(predictor=None, num_classes=3, **options):
    return RoIHeads(Regions(), nn.Identity(), predictor, num_classes, **options)


def truth_of(boxes, labels, **marks):
    return read_target("test", {"boxes": boxes, "labels": labels, **marks}, 3)


def test_perfect_boxes_are_found():
    boxes = np.array([[4, 6, 30, 40], [20, 20, 60, 50], [0, 0, 9, 9]], np.float32)
    scores = np.array([[0, 9, 0], [0, 0, 9.5], [9, 0, 0]], np.float32)
    found = heads(Says(scores, np.zeros((3, 12), np.float32))).detections({}, [boxes], [SIZE])
    np.testing.assert_allclose(found[0]["boxes"].numpy(), boxes[[1, 0]], atol=1e-4)
    assert found[0]["labels"].tolist() == [2, 1]
    np.testing.assert_allclose(found[0]["scores"].numpy(), np.exp([9.5, 9]) / (np.exp([9.5, 9]) + 2), rtol=1e-6)


def test_each_class_has_its_box_and_its_nms():
    proposal = np.array([[10, 10, 30, 30]] * 2, np.float32)
    deltas = np.zeros((2, 3, 4), np.float32)
    deltas[:, 1, 0], deltas[:, 2, 1] = 1.0, -1.0  # a tenth of the width to the right; of the height upwards
    scores = np.array([[0, 5, 5], [0, 5.5, 4]], np.float32)
    found = heads(Says(scores, deltas.reshape(2, 12)), score_thresh=0.0).detections({}, [proposal], [SIZE])[0]
    assert found["labels"].tolist() == [1, 2]  # of each class, one of the two is suppressed
    np.testing.assert_allclose(found["boxes"].numpy(), [[12, 10, 32, 30], [10, 8, 30, 28]], atol=1e-5)


def test_targets_are_normalised_in_training_and_only_once_taken_back():
    proposals, goals = grid(SIZE)[:6], grid(SIZE)[6:12] + 1
    roi_heads = heads()
    deltas = np.zeros((6, 3, 4), np.float32)
    deltas[:, 2] = roi_heads.box_coder.encode_single(goals, proposals).numpy()
    labels = np.full(6, 2)
    scores = np.tile(np.array([0, 0, 9], np.float32), (6, 1))
    said = Says(scores, deltas.reshape(6, 12))
    losses = roi_heads.losses_of(*said.said, proposals, labels, goals)
    assert losses["loss_box_reg"].item() == 0  # what is said is what is to be learnt ...
    found = heads(said, nms_thresh=1.0).detections({}, [proposals], [SIZE])[0]["boxes"].numpy()
    np.testing.assert_allclose(found, np.clip(goals, 0, 64), atol=1e-4)  # ... and is decoded to the true boxes
    shift = (goals[0, 0] + goals[0, 2] - proposals[0, 0] - proposals[0, 2]) / 2 / (proposals[0, 2] - proposals[0, 0])
    assert deltas[0, 2, 0] == pytest.approx(10 * shift)


def test_losses_are_those_of_the_formulas(rng):
    boxes, goals = grid(SIZE)[:5], grid(SIZE)[:5] + rng.uniform(-3, 3, (5, 4)).astype(np.float32)
    labels = np.array([0, 2, 1, 0, 2])
    scores, deltas = rng.normal(size=(5, 3)), rng.normal(size=(5, 12))
    tensors = [minidet.tensor(x, requires_grad=True) for x in (scores, deltas)]
    losses = heads().losses_of(*tensors, boxes.astype(np.float64), labels, goals.astype(np.float64))
    classes = np.mean([np.log(np.exp(s).sum()) - s[k] for s, k in zip(scores, labels, strict=True)])
    wrong = 0
    for d, k, b, g in zip(deltas.reshape(5, 3, 4), labels, boxes.astype(float), goals.astype(float), strict=True):
        if k:
            side, true_side = b[2:] - b[:2], g[2:] - g[:2]
            centre = (g[:2] + true_side / 2 - b[:2] - side / 2) / side
            e = np.abs(d[k] - np.concatenate([10 * centre, 5 * np.log(true_side / side)]))
            wrong += np.where(e < 1, e * e / 2, e - 0.5).sum()
    assert losses["loss_classifier"].item() == pytest.approx(classes)
    assert losses["loss_box_reg"].item() == pytest.approx(wrong / 5)
    losses["loss_box_reg"].backward()
    learnt = np.abs(tensors[1].grad.numpy().reshape(5, 3, 4)).max(2) > 0
    np.testing.assert_array_equal(learnt, np.eye(3, dtype=bool)[labels] & (labels > 0)[:, None])


def test_a_quarter_are_objects_and_the_truth_is_among_them(rng):
    roi_heads = heads(batch_size_per_image=16)
    truth = truth_of([[10, 10, 34, 34]], [2])
    near = truth.boxes + rng.uniform(-2, 2, (30, 4)).astype(np.float32)
    boxes, labels, goals = roi_heads.sample(np.concatenate([near, grid(SIZE)]), truth)
    assert len(boxes) == 16
    assert np.count_nonzero(labels) == 4
    assert set(labels) == {0, 2}
    np.testing.assert_array_equal(goals[labels > 0], np.tile(truth.boxes, (4, 1)))
    iou = box_iou(truth.boxes, boxes).numpy()[0]
    assert (iou[labels > 0] >= 0.5).all()
    assert (iou[labels == 0] < 0.5).all()
    boxes, labels, _ = roi_heads.sample(np.zeros((0, 4), np.float32), truth)
    np.testing.assert_array_equal(boxes, truth.boxes)
    assert labels.tolist() == [2]


def test_easy_background_is_seen_last():
    truth = truth_of([[16, 16, 40, 40]], [1])
    proposals = grid(SIZE)
    iou = box_iou(truth.boxes, proposals).numpy()[0]
    hard = np.count_nonzero((iou >= 0.1) & (iou < 0.5))
    assert 4 < hard < len(proposals) - 20
    for count in (hard // 2, hard + 12):
        roi_heads = heads(batch_size_per_image=count, positive_fraction=0.0, bg_iou=(0.1, 0.5))
        boxes, labels, _ = roi_heads.sample(proposals, truth)
        drawn = box_iou(truth.boxes, boxes).numpy()[0]
        assert len(boxes) == count == len(np.unique(boxes, axis=0))
        assert not labels.any()
        assert np.count_nonzero(drawn < 0.1) == max(0, count - hard)
    roi_heads = heads(bg_iou=(0.1, 0.5), batch_size_per_image=10**4)
    assert len(roi_heads.sample(proposals, truth)[0]) <= len(proposals) + 1  # fewer than R: all, each once
    only_easy = roi_heads.sample(proposals[iou < 0.1], truth)[0]
    assert len(only_easy) == np.count_nonzero(iou < 0.1) + 1
    assert len(roi_heads.sample(proposals, truth_of([], []))[0]) == len(proposals)


@pytest.mark.parametrize("mark", ["iscrowd", "difficult"])
def test_ignored_objects_are_neither_positive_nor_negative(mark):
    truth = truth_of([[10, 10, 50, 50]], [2], **{mark: [1]})
    proposals = np.array([[10, 10, 50, 50], [12, 10, 50, 48], [20, 20, 30, 30], [52, 52, 60, 60]], np.float32)
    boxes, labels, _ = heads().sample(proposals, truth)
    assert not labels.any()
    np.testing.assert_array_equal(boxes, proposals[3:] if mark == "iscrowd" else proposals[2:])


def test_the_detectors_loss_stops_at_the_proposals():
    model = faster()
    images, targets = spots()
    losses = model(images, targets)
    (losses["loss_classifier"] + losses["loss_box_reg"]).backward()
    assert gradient(model.rpn) == 0
    assert gradient(model.backbone) > 0
    assert gradient(model.roi_heads.box_head) > 0


def test_no_region_at_all():
    model = faster()
    maps = model.features(minidet.zeros(1, 3, 64, 64))
    nobody = np.zeros((0, 4), np.float32)
    losses = model.roi_heads.losses(maps, [nobody], [read_target("test", NOTHING, 3)])
    assert losses["loss_classifier"].item() == losses["loss_box_reg"].item() == 0
    (losses["loss_classifier"] + losses["loss_box_reg"]).backward()


def test_thresholds_and_numbers():
    boxes = grid(SIZE)[:20]
    scores = np.zeros((20, 3), np.float32)
    scores[:, 1] = np.linspace(-3, 3, 20)
    said = Says(scores, np.zeros((20, 12), np.float32))
    found = heads(said, score_thresh=0.4, nms_thresh=1.0).detections({}, [boxes], [SIZE])[0]
    assert found["scores"].numpy().min() > 0.4
    assert len(heads(said, detections_per_img=3, nms_thresh=1.0).detections({}, [boxes], [SIZE])[0]["scores"]) == 3
    found = heads(said, nms_thresh=0.2, score_thresh=0.5).detections({}, [boxes], [SIZE])[0]
    iou = box_iou(found["boxes"], found["boxes"]).numpy() - np.eye(len(found["boxes"]))
    assert set(found["labels"].tolist()) == {1}
    assert len(iou) > 1
    assert iou.max() <= 0.2
    outside = boxes + 60
    found = heads(said).detections({}, [outside], [SIZE])[0]["boxes"].numpy()
    assert len(found)
    assert (found[:, 2:] - found[:, :2] >= 0.01).all()


def test_mistakes():
    for bg_iou in (0.5, (0.1,), (0.4, 0.1), (0.1, 0.6)):
        with pytest.raises((TypeError, ValueError), match="RoIHeads: bg_iou"):
            heads(bg_iou=bg_iou)
