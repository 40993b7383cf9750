"""What the mask head and the keypoint head look at: positive regions in training, final boxes in evaluation."""

import numpy as np

import minidet
from minidet.models.detection.truth import read_target
from minidet.models.detection.two_stage import branches

from ..cases import filled, mask, spots

IMAGES, TARGETS = spots()
SIZE = (64, 64)


def chosen_of(truth, boxes):
    """Regions of which the first two are the objects, and the others background."""
    labels = np.zeros(len(boxes), np.int64)
    labels[:2] = truth.labels
    return boxes, labels, np.array([0, 1] + [0] * (len(boxes) - 2))


def test_masks_and_joints_are_learnt_of_positive_regions_only(monkeypatch):
    minidet.manual_seed(0)
    heads = mask().roi_heads
    maps = {stride: minidet.tensor(np.ones((1, 8, 64 // stride, 64 // stride), np.float32)) for stride in (8, 16)}
    truth = read_target("test", filled(IMAGES[0], TARGETS[0]), 3, size=SIZE, joints=2)
    boxes = np.concatenate([truth.boxes, np.float32([[1, 1, 9, 9], [40, 40, 60, 60]])])
    seen = {}
    monkeypatch.setattr(branches, "mask_loss", lambda *args: seen.update(mask=args) or 1)
    monkeypatch.setattr(branches, "keypoint_loss", lambda *args: seen.update(joints=args) or 2)
    losses = branches.branch_losses(heads, maps, None, [chosen_of(truth, boxes)], [truth])
    assert losses == {"loss_mask": 1, "loss_keypoint": 2}
    logits, targets, labels, kind = seen["mask"]
    assert logits.shape == (2, 3, 8, 8)
    np.testing.assert_allclose(targets, 1, rtol=1e-5)  # an object that fills its box
    np.testing.assert_array_equal(labels, truth.labels)
    assert kind == "sigmoid"
    logits, joints, rois = seen["joints"]
    assert logits.shape == (2, 2, 8, 8)
    np.testing.assert_array_equal(joints, truth.keypoints)
    np.testing.assert_array_equal(rois, truth.boxes)


def test_a_scaled_image_has_the_same_targets(monkeypatch):
    heads = mask().roi_heads
    targets = []
    monkeypatch.setattr(branches, "mask_loss", lambda logits, target, *_: targets.append(target) or 0)
    monkeypatch.setattr(branches, "keypoint_loss", lambda *_: 0)
    truth = read_target("test", filled(IMAGES[0], TARGETS[0]), 3, size=SIZE, joints=2)
    moved = truth.boxes + np.float32([3, -2, 5, 1])
    for factor in (1, 2):
        scaled = truth.scaled(np.full(4, float(factor)))
        size = 64 * factor
        maps = {s: minidet.tensor(np.ones((1, 8, size // s, size // s), np.float32)) for s in (8, 16)}
        branches.branch_losses(heads, maps, None, [chosen_of(scaled, moved * factor)], [scaled])
        np.testing.assert_allclose(scaled.keypoints[..., :2], truth.keypoints[..., :2] * factor)
    np.testing.assert_allclose(*targets, atol=1e-6)
    assert 0 < targets[0].mean() < 1


def test_without_heads_there_is_nothing_to_do():
    heads = mask(num_keypoints=None).roi_heads
    heads.mask_head = None
    found = [{"boxes": minidet.zeros((0, 4))}]
    assert branches.branch_losses(heads, {}, None, [], []) == {}
    assert branches.branch_answers(heads, {}, found) is found
