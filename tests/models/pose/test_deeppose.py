"""DeepPose: coordinates of the box, squares around joints, and the errors that the second stage learns from."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import minidet
from minidet.models import DeepPose, DeepPoseCascade
from minidet.models.pose.deeppose import MOMENTUM, flip_places, from_box, joint_loss, squares, to_box

RNG = np.random.default_rng(7)
SHAPE = (2, 3, 64, 96)


@pytest.fixture
def cascade():
    """Return a small one, in training."""
    minidet.random.manual_seed(0)
    return DeepPoseCascade(14, "mobilenet_v1_025", width=8, crop=16)


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


def test_squares_against_scipy():
    images = RNG.random((2, 3, 20, 30))
    centres = RNG.uniform(-3, 33, (2, 4, 2))
    sides = np.array([6.0, 17.0])
    cut = squares(images, centres, sides, 5)
    assert cut.shape == (2, 4, 3, 5, 5)
    steps = (np.arange(5) + 0.5) / 5 - 0.5
    for n in range(2):
        for k in range(4):
            x, y = (centre + sides[n] * steps - 0.5 for centre in centres[n, k])
            grid = np.meshgrid(y, x, indexing="ij")
            for c in range(3):
                expected = map_coordinates(images[n, c], grid, order=1, mode="nearest")
                np.testing.assert_allclose(cut[n, k, c], expected, atol=1e-9)


def test_a_square_on_the_pixels_is_the_pixels():
    images = RNG.random((1, 3, 8, 8)).astype(np.float32)
    cut = squares(images, np.array([[[4.0, 3.0]]]), np.array([4.0]), 4)
    np.testing.assert_allclose(cut[0, 0], images[0, :, 1:5, 2:6], rtol=1e-6)
    assert cut.dtype == np.float32


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
    with pytest.raises(ValueError, match="DeepPoseCascade: crop is 4"):
        DeepPoseCascade(14, "mobilenet_v1_025", crop=4)
