"""The keypoint head: which bin a joint lies in, which joints count, and how places are read from maps."""

import math

import numpy as np
import pytest

from minidet import tensor
from minidet.models.detection import KeypointRCNNHeads, KeypointRCNNPredictor
from minidet.models.detection.two_stage.keypoint_head import (
    cubic_weights,
    heatmaps_to_keypoints,
    keypoint_loss,
    keypoints_to_heatmap,
)

ROI = np.array([[10.0, 20, 18, 36]])


def test_layers_have_torchvisions_names_and_enlarge_four_times():
    head, predictor = KeypointRCNNHeads(6, (4, 5)), KeypointRCNNPredictor(5, 14)
    assert set(head.state_dict()) == {f"{i}.{name}" for i in (0, 2) for name in ("weight", "bias")}
    assert set(predictor.state_dict()) == {"kps_score_lowres.weight", "kps_score_lowres.bias"}
    assert predictor(head(tensor(np.ones((2, 6, 14, 14), np.float32)))).shape == (2, 14, 56, 56)


def test_bins_edges_and_joints_that_do_not_count():
    joints = np.array([[[10, 20, 1], [18, 36, 2], [11.999, 24, 1], [9.9, 21, 1], [12, 36.01, 1], [12, 24, 0]]])
    bins, valid = keypoints_to_heatmap(joints, ROI, 4)
    assert valid.tolist() == [[True, True, True, False, False, False]]
    assert bins.tolist() == [[0, 15, 4, 0, 0, 0]]  # the right and the lower edge belong to the last bins


def test_the_loss_is_a_softmax_over_all_bins_of_each_joint_that_counts(rng):
    logits = rng.normal(size=(2, 3, 4, 4))
    joints = np.array([[[12, 24, 1], [13, 22, 0], [5, 5, 1]], [[12, 24, 1], [17.9, 35.9, 1], [12, 40, 1]]])
    rois = np.repeat(ROI, 2, 0)
    x = tensor(logits, requires_grad=True)
    loss = keypoint_loss(x, joints, rois)
    rows = [(0, 0, 5), (1, 0, 5), (1, 1, 15)]
    logs = [logits[i, j].ravel()[b] - np.log(np.exp(logits[i, j]).sum()) for i, j, b in rows]
    assert loss.item() == pytest.approx(-np.mean(logs))
    loss.backward()
    learnt = np.abs(x.grad.numpy()).max((2, 3)) > 0
    np.testing.assert_array_equal(learnt, [[True, False, False], [True, True, False]])


@pytest.mark.parametrize("count", [0, 2])
def test_nothing_visible_gives_0_with_a_graph(count):
    x = tensor(np.ones((count, 3, 4, 4)), requires_grad=True)
    loss = keypoint_loss(x, np.zeros((count, 3, 3)), np.repeat(ROI, count, 0))
    loss.backward()
    assert loss.item() == 0
    assert not x.grad.numpy().any()


def test_a_peak_is_found_where_it_was_put(rng):
    joints = np.pad(rng.uniform(ROI[0, :2] + 1, ROI[0, 2:] - 1, (1, 6, 2)), ((0, 0), (0, 0), (0, 1)), constant_values=1)
    bins, _ = keypoints_to_heatmap(joints, ROI, 16)
    maps = np.zeros((1, 6, 256))
    maps[0, np.arange(6), bins[0]] = 5
    found, scores = heatmaps_to_keypoints(maps.reshape(1, 6, 16, 16), ROI)
    assert np.abs(found[..., :2] - joints[..., :2]).max() <= 1.0  # half a bin and half a pixel
    assert (found[..., 2] == 1).all()
    assert (scores > 2).all()
    empty, scores = heatmaps_to_keypoints(np.zeros((0, 6, 16, 16)), np.zeros((0, 4)))
    assert (empty.shape, scores.shape) == ((0, 6, 3), (0, 6))


def test_decoding_is_torchvisions(rng):
    torch = pytest.importorskip("torch")
    maps = rng.normal(size=(7, 5, 12, 12)).astype(np.float32)
    corner = rng.uniform(0, 30, (7, 2))
    rois = np.concatenate([corner, corner + rng.uniform(0.2, 50, (7, 2))], 1).astype(np.float32)
    found, scores = heatmaps_to_keypoints(maps, rois)
    for i, (x1, y1, x2, y2) in enumerate(rois):
        width, height = max(x2 - x1, np.float32(1)), max(y2 - y1, np.float32(1))
        size = math.ceil(height), math.ceil(width)
        big = torch.nn.functional.interpolate(torch.tensor(maps[i : i + 1]), size=size, mode="bicubic")[0].numpy()
        best = big.reshape(5, -1).argmax(1)
        y, x = np.divmod(best, size[1])
        np.testing.assert_allclose(found[i, :, 0], (x + 0.5) * (width / size[1]) + x1, rtol=1e-5)
        np.testing.assert_allclose(found[i, :, 1], (y + 0.5) * (height / size[0]) + y1, rtol=1e-5)
        np.testing.assert_allclose(scores[i], big.reshape(5, -1).max(1), rtol=1e-4, atol=1e-5)


def test_weights_of_the_cubic_add_up_to_1_and_keep_a_map_of_the_same_size():
    np.testing.assert_allclose(cubic_weights(7, 31).sum(1), 1)
    np.testing.assert_allclose(cubic_weights(7, 7), np.eye(7), atol=1e-12)
