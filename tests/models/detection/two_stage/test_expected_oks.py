"""Joints by their expected similarity: the sum that it is, what it prefers, and what the model makes of it."""

import math

import numpy as np
import pytest

from minidet.metrics import OKS
from minidet.models.detection.two_stage.expected_oks import expected_oks
from minidet.models.detection.two_stage.keypoint_head import heatmaps_to_keypoints

from ..cases import mask, spots

SIGMAS = (0.05, 0.1)


def logits_of(chances):
    return np.log(np.maximum(chances, 1e-12))


def sums(maps, roi, sigmas):
    """Return E of every bin's centre, (J, m, m), added up one bin after the other."""
    m = maps.shape[-1]
    width, height = max(roi[2] - roi[0], 1), max(roi[3] - roi[1], 1)
    centres = [((c + 0.5) * width / m, (r + 0.5) * height / m) for r in range(m) for c in range(m)]
    result = np.zeros((len(maps), m * m))
    for j, logits in enumerate(maps.reshape(len(maps), -1).astype(np.float64)):
        chances = np.exp(logits) / np.exp(logits).sum()
        for at, (x, y) in enumerate(centres):
            for chance, (u, v) in zip(chances, centres, strict=True):
                squared = (x - u) ** 2 + (y - v) ** 2
                result[j, at] += chance * math.exp(-squared / (2 * width * height * (2 * sigmas[j]) ** 2))
    return result.reshape(maps.shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_sum_over_all_bins(rng, dtype):
    maps = rng.normal(size=(3, 2, 6, 6), scale=2).astype(dtype)
    rois = np.array([[3.0, 4, 15, 40], [0, 0, 0.25, 9], [10.5, 2.25, 31, 8]], dtype)
    found, similar = expected_oks(maps[:, :, ::-1], rois, SIGMAS)
    assert (found.dtype, similar.dtype) == (dtype, dtype)
    for i, roi in enumerate(rois):
        wanted = sums(maps[i, :, ::-1], roi, SIGMAS)
        best = wanted.reshape(2, -1).argmax(1)
        np.testing.assert_allclose(similar[i], wanted.reshape(2, -1).max(1), rtol=1e-5)
        rows, columns = np.divmod(best, 6)
        width, height = max(roi[2] - roi[0], 1), max(roi[3] - roi[1], 1)
        np.testing.assert_allclose(found[i, :, 0], roi[0] + (columns + 0.5) * width / 6, rtol=1e-5)
        np.testing.assert_allclose(found[i, :, 1], roi[1] + (rows + 0.5) * height / 6, rtol=1e-5)
    assert (found[..., 2] == 1).all()


def test_a_hill_is_preferred_to_a_narrow_peak():
    chances = np.zeros((1, 1, 16, 16))
    chances[0, 0, 2, 2] = 0.2
    chances[0, 0, 10:14, 10:14] = 0.05
    roi = np.array([[0.0, 0, 16, 16]])
    peak, _ = heatmaps_to_keypoints(logits_of(chances), roi)
    found, similar = expected_oks(logits_of(chances), roi, (0.1,))
    assert np.abs(peak[0, 0, :2] - 2.5).max() < 1
    assert np.abs(found[0, 0, :2] - 12).max() <= 0.5
    assert 0.6 < similar[0, 0] < 0.8


def test_the_expectation_is_the_mean_similarity_of_joints_that_are_so_distributed(rng):
    chances = rng.random((1, 1, 8, 8)) ** 3
    chances /= chances.sum()
    roi = np.array([[2.0, 3, 26, 51]])
    found, similar = expected_oks(logits_of(chances), roi, (0.09,))
    bins = rng.choice(64, 20_000, p=chances.ravel())
    places = roi[0, :2] + (np.stack([bins % 8, bins // 8], 1) + 0.5) * [3, 6]
    truth = np.concatenate([places, np.ones((len(bins), 1))], 1)[:, None]  # (N, 1, 3)
    measured = OKS((0.09,))
    measured.update(truth, np.repeat(found, len(bins), 0), np.full(len(bins), 24.0 * 48))
    assert measured.mean == pytest.approx(similar[0, 0], abs=0.01)


def test_no_box_and_a_sure_joint():
    found, similar = expected_oks(np.zeros((0, 2, 8, 8), np.float32), np.zeros((0, 4), np.float32), SIGMAS)
    assert (found.shape, similar.shape) == ((0, 2, 3), (0, 2))
    maps = np.full((1, 2, 8, 8), -1e4, np.float32)
    maps[0, :, 7, 0] = 1e4
    found, similar = expected_oks(maps, np.array([[1.0, 1, 9, 17]], np.float32), SIGMAS)
    np.testing.assert_allclose(found[0], [[1.5, 16, 1]] * 2)
    np.testing.assert_allclose(similar, 1)


def test_the_model_says_how_sure_it_is_of_a_person():
    image = spots()[0][0]
    with_oks, without = (mask(score_thresh=0.0, kpt_oks_sigmas=s).eval() for s in (SIGMAS, None))
    with_oks.load_state_dict(without.state_dict())
    answer, plain = with_oks([image])[0], without([image])[0]
    assert set(answer) - set(plain) == {"oks"}
    for key in ("boxes", "scores", "labels", "masks"):
        np.testing.assert_array_equal(answer[key].numpy(), plain[key].numpy())
    scores = answer["keypoints_scores"].numpy()
    assert ((scores > 0) & (scores <= 1)).all()
    np.testing.assert_allclose(answer["oks"].numpy(), scores.mean(1), rtol=1e-6)
    joints, boxes = answer["keypoints"].numpy(), answer["boxes"].numpy()
    assert (joints[..., :2] >= boxes[:, None, :2]).all()


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"kpt_oks_sigmas": (0.1,)}, ValueError, "2 numbers"),
        ({"kpt_oks_sigmas": 0.1}, ValueError, "2 numbers"),
        ({"kpt_oks_sigmas": (0.1, 0.0)}, ValueError, "kpt_oks_sigmas"),
        ({"kpt_oks_sigmas": (0.1, "wide")}, TypeError, "kpt_oks_sigmas"),
        ({"kpt_oks_sigmas": (0.1, 0.1), "num_keypoints": None}, ValueError, "num_keypoints"),
    ],
)
def test_bad_sigmas(options, error, words):
    with pytest.raises(error, match=words):
        mask(**options)
