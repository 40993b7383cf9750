"""DeepPose: coordinates of the box, squares around joints, and the errors that the second stage learns from."""

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import DeepPose, DeepPoseCascade
from minidet.models.backbones import backbone
from minidet.models.pose.deeppose import MOMENTUM, flip_places, from_box, joint_loss, to_box

RNG = np.random.default_rng(7)
SHAPE = (2, 3, 64, 96)


class Whole(nn.Module):
    """A trunk that is no Backbone, as a reader may bring one."""

    def __init__(self, trunk):
        super().__init__()
        self.trunk, self.channels = trunk, trunk.channels

    def forward(self, images):
        return self.trunk(images)


@pytest.fixture
def cascade():
    """Return a small one, in training."""
    minidet.random.manual_seed(0)
    return DeepPoseCascade(14, "mobilenet_v1_025", width=8)


def test_the_box_is_the_image_and_its_middle_is_0():
    corners = np.array([[[0, 0], [96, 64], [48, 32], [24, 48]]], np.float64)
    assert to_box(corners, SHAPE).tolist() == [[[-0.5, -0.5], [0.5, 0.5], [0, 0], [-0.25, 0.25]]]
    np.testing.assert_allclose(from_box(to_box(corners, SHAPE), SHAPE), corners)


def test_loss_by_hand():
    """Distances 5 and 1, and one joint that does not count: (25 + 1) / 2."""
    answers = minidet.tensor(np.array([[[3, 4], [9, 9]], [[1, 1], [0, 0]]], np.float32), requires_grad=True)
    truth = np.array([[[0, 0], [1, 1]], [[1, 2], [np.nan, 0]]])
    counted = np.array([[True, False], [True, False]])
    truth = np.where(counted[..., None], truth, 0)
    loss = joint_loss(answers, truth, counted)
    loss.backward()
    assert loss.item() == 13
    assert answers.grad.numpy().tolist() == [[[3, 4], [0, 0]], [[0, -1], [0, 0]]]


def test_nobody_seen_is_zero_with_a_graph():
    answers = minidet.tensor(np.ones((2, 3, 2), np.float32), requires_grad=True)
    loss = joint_loss(answers, np.zeros((2, 3, 2)), np.zeros((2, 3), bool))
    loss.backward()
    assert loss.item() == 0
    assert not answers.grad.numpy().any()


def test_squares_are_cut_from_the_maps(cascade):
    """Of a map whose values are its places, a square's bins are the places of their middles."""
    x, y = np.meshgrid((np.arange(24) + 0.5) * 4, (np.arange(16) + 0.5) * 4)
    fine = np.stack([x, y, *np.zeros((cascade.backbone.channels[4] - 2, 16, 24))])[None].astype(np.float32)
    maps = {4: minidet.tensor(fine)}
    for stride in (8, 16):
        shape = (1, cascade.backbone.channels[stride], 64 // stride, 96 // stride)
        maps[stride] = minidet.tensor(np.zeros(shape, np.float32))
    cut = cascade.squares(maps, np.array([[[40.0, 30.0], [50.0, 20.0]]]), np.array([14.0])).numpy()
    assert cut.shape == (2, sum(maps[stride].shape[1] for stride in maps), 7, 7)
    for square, (cx, cy) in zip(cut, [(40, 30), (50, 20)], strict=True):
        np.testing.assert_allclose(square[0], np.tile(cx + 2 * np.arange(-3, 4), (7, 1)), rtol=1e-5)
        np.testing.assert_allclose(square[1], np.tile(cy + 2 * np.arange(-3, 4), (7, 1)).T, rtol=1e-5)


def test_a_trunk_whose_maps_are_all_coarse_is_looked_at_too():
    minidet.random.manual_seed(0)
    trunk = backbone("mobilenet_v1_025")
    trunk.choose((32,))
    model = DeepPoseCascade(3, Whole(trunk), torso=(0, 1), keypoint_pairs=())
    assert model.looked_at == [32]
    found = model.eval()([np.zeros((3, 64, 64), np.float32)])
    assert np.isfinite(found[0]["keypoints"].numpy()).all()


def test_mirrored_places():
    places = np.array([[[10.0, 5.0], [20.0, 6.0], [30.0, 7.0]]])
    assert flip_places(places, np.array([1, 0, 2]), 100).tolist() == [[[80, 6], [90, 5], [70, 7]]]


def test_errors_run_along_for_the_joints_that_are_seen(cascade):
    errors = RNG.normal(0.3, 0.2, (16, 14, 2))
    seen = np.ones((16, 14), bool)
    seen[:, 4], seen[5:, 6] = False, False
    before = cascade.error_square.numpy()[4].copy()
    cascade.follow(errors, seen)
    mean = cascade.error_mean.numpy()
    np.testing.assert_allclose(mean[0], errors[:, 0].mean(0), rtol=1e-5)  # the first batch replaces the guess
    np.testing.assert_allclose(mean[6], errors[:5, 6].mean(0), rtol=1e-5)
    np.testing.assert_array_equal(cascade.error_square.numpy()[4], before)
    assert cascade.error_batches.numpy().tolist() == [1] * 4 + [0] + [1] * 9
    for _ in range(30):
        cascade.follow(errors, seen)
    after = cascade.error_mean.numpy().copy()
    cascade.follow(errors + 1, seen)
    np.testing.assert_allclose(cascade.error_mean.numpy()[0], after[0] + MOMENTUM, rtol=1e-4)


def test_errors_are_drawn_as_they_were(cascade):
    errors = RNG.normal([0.2, -0.1], [0.1, 0.3], (5000, 14, 2))
    cascade.follow(errors, np.ones((5000, 14), bool))
    drawn = cascade.drawn_errors(5000)
    np.testing.assert_allclose(drawn.mean((0, 1)), [0.2, -0.1], atol=0.01)
    np.testing.assert_allclose(drawn.std((0, 1)), [0.1, 0.3], atol=0.01)
    cascade.follow(errors * 100, np.ones((5000, 14), bool))
    assert np.abs(cascade.drawn_errors(100)).max() <= 1  # half a square of two torsos


def test_torsos(cascade):
    """A torso of 30 pixels; one that is not known is a fifth of 96, and none is shorter than a tenth."""
    places = np.zeros((3, 14, 2), np.float32)
    places[0, 9], places[1, 9], places[2, 9] = (18, 24), (18, 24), (1, 0)
    seen = np.ones((3, 14), bool)
    seen[1, 2] = False
    np.testing.assert_allclose(cascade.torsos(places, seen, SHAPE), [30, 19.2, 9.6], rtol=1e-6)


def test_the_second_stage_moves_the_first_ones_answers(cascade):
    """It counts a square's sides from the square's middle; each joint has the answer of its own square."""
    cascade.eval()
    images = minidet.tensor(RNG.random(SHAPE).astype(np.float32))
    with minidet.no_grad():
        first = DeepPose.located(cascade, images)
        for layer in (cascade.refine.regress[0], cascade.refine.regress[2]):
            layer.weight[...] = 0
        cascade.refine.regress[2].bias[...] = np.arange(28, dtype=np.float32) / 100
        second = cascade.located(images)
    torsos = cascade.torsos(first, np.ones((2, 14), bool), SHAPE)
    moves = np.arange(28).reshape(14, 2) / 100 * 2 * torsos[:, None, None]
    np.testing.assert_allclose(second, first + moves, rtol=1e-5)


def test_the_second_stages_loss_does_not_move_the_first(cascade):
    images = minidet.tensor(RNG.random(SHAPE).astype(np.float32))
    target = {"keypoints": np.concatenate([RNG.uniform(5, 60, (1, 14, 2)), np.full((1, 14, 1), 2)], 2)}
    cascade(images, [target, target])["squares"].backward()
    assert all(parameter.grad is None for parameter in cascade.backbone.parameters())
    assert any(parameter.grad.numpy().any() for parameter in cascade.refine.parameters())


def test_errors():
    with pytest.raises(ValueError, match=r"DeepPoseCascade: torso is \(9, 2\), expected two different joints in"):
        DeepPoseCascade(5, "mobilenet_v1_025")
    with pytest.raises(ValueError, match="DeepPoseCascade: bins is 0"):
        DeepPoseCascade(14, "mobilenet_v1_025", bins=0)
