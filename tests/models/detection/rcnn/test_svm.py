"""Support vector machines: the solver against another one, and what the classes' scores are."""

import numpy as np
import pytest
from scipy import optimize

from minidet import kernels
from minidet.models.detection.rcnn import LinearSVMs, fit_svm
from minidet.models.detection.rcnn.svm import feature_scale


def two_clouds(seed, count=60, width=4, apart=1.0):
    """Draw features of two overlapping classes."""
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(count) < 0.3, 1, -1)
    return rng.normal(size=(count, width)) + apart * y[:, None] / 2, y


def primal(weight, bias, x, y, cost, positive_weight, bias_scale):
    """The problem as it is written down."""
    c = cost * np.where(y > 0, positive_weight, 1)
    return (weight @ weight + (bias / bias_scale) ** 2) / 2 + c @ np.maximum(1 - y * (x @ weight + bias), 0)


def solved_by_scipy(x, y, cost, positive_weight, bias_scale):
    """Solve the primal as a smooth problem with bounds: slack variables instead of the hinge."""
    n, d = x.shape
    c = cost * np.where(y > 0, positive_weight, 1)
    rows = np.concatenate([x, np.full((n, 1), bias_scale)], 1) * y[:, None]
    constraint = optimize.LinearConstraint(np.concatenate([rows, np.eye(n)], 1), lb=1)
    found = optimize.minimize(
        lambda v: ((v[: d + 1] @ v[: d + 1] / 2 + c @ v[d + 1 :]) / c.sum(), np.concatenate([v[: d + 1], c]) / c.sum()),
        np.concatenate([np.zeros(d + 1), np.ones(n)]), jac=True, method="SLSQP",
        bounds=[(None, None)] * (d + 1) + [(0, None)] * n,
        constraints=[{"type": "ineq", "fun": lambda v: constraint.A @ v - 1, "jac": lambda v: constraint.A}],
        options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    assert found.success, found.message
    return found.x[:d], found.x[d] * bias_scale


@pytest.mark.parametrize(
    ("cost", "positive_weight", "bias_scale"), [(0.01, 2.0, 10.0), (1.0, 1.0, 1.0), (5.0, 3.0, 10.0)]
)
def test_agrees_with_scipy_on_the_primal(cost, positive_weight, bias_scale):
    for seed in range(2):
        x, y = two_clouds(seed)
        options = (cost, positive_weight, bias_scale)
        solution = fit_svm(x, y, *options, tolerance=1e-9, max_passes=20000)
        weight, bias = solved_by_scipy(x, y, *options)
        np.testing.assert_allclose(solution.weight, weight, atol=2e-4 * np.abs(weight).max())
        assert solution.bias == pytest.approx(bias, abs=2e-4 * max(1, abs(bias)))
        mine = primal(solution.weight, solution.bias, x, y, *options)
        assert mine == pytest.approx(primal(weight, bias, x, y, *options), rel=1e-6)
        assert 0 <= solution.gap <= 1e-9 * mine + 1e-12


def test_the_gap_bounds_how_far_the_value_is_from_the_minimum():
    x, y = two_clouds(3)
    best = fit_svm(x, y, 1.0, 1.0, tolerance=1e-10, max_passes=20000)
    minimum = primal(best.weight, best.bias, x, y, 1.0, 1.0, 10.0)
    for passes in (1, 3, 10):
        early = fit_svm(x, y, 1.0, 1.0, tolerance=0, max_passes=passes)
        value = primal(early.weight, early.bias, x, y, 1.0, 1.0, 10.0)
        assert early.passes == passes
        assert 0 <= value - minimum <= early.gap + 1e-9


def test_starts_from_an_earlier_solution():
    x, y = two_clouds(4)
    first = fit_svm(x, y, 1.0, tolerance=1e-6, max_passes=20000)
    again = fit_svm(x, y, 1.0, tolerance=1e-6, start=first.alpha)
    assert again.passes < first.passes / 2
    np.testing.assert_allclose(again.weight, first.weight, atol=1e-2)


def test_a_wrong_step_leaves_a_gap(monkeypatch):
    """Planted mistakes in the solver: the proof at its end does not come out."""
    x, y = two_clouds(5)
    right = kernels.svm.dual_pass

    def forgets_the_sign(rows, signs, *rest):
        right(rows, np.ones_like(signs), *rest)

    def forgets_the_length(rows, signs, upper, squares, *rest):
        right(rows, signs, upper, squares / 4, *rest)  # oversteps

    for mistake in (forgets_the_sign, forgets_the_length):
        monkeypatch.setattr(kernels.svm, "dual_pass", mistake)
        solution = fit_svm(x, y, 1.0, max_passes=200)
        value = primal(solution.weight, solution.bias, x, y, 1.0, 2.0, 10.0)
        assert solution.passes == 200
        assert solution.gap > 0.01 * value


def test_of_one_class_only_and_of_nothing():
    solution = fit_svm(np.ones((4, 2)), -np.ones(4), 10.0, tolerance=1e-6)
    assert (np.ones(2) @ solution.weight + solution.bias) == pytest.approx(-1, abs=1e-3)
    solution = fit_svm(np.zeros((0, 3)), np.zeros(0))
    assert solution.weight.tolist() == [0, 0, 0]
    assert solution.bias == 0


def test_mistakes():
    x, y = two_clouds(0)
    for args, words in (((x * np.nan, y), "x contains NaN"), ((x[0], y), "x has shape"), ((x, y[1:]), "y has shape"),
                        ((x, y * 0), "of \\+1 and -1"), ((x, y, -1), "cost is -1")):  # fmt: skip
        with pytest.raises(ValueError, match=f"fit_svm: .*{words}"):
            fit_svm(*args)


def test_a_class_that_was_never_trained_has_the_score_0(rng):
    svms = LinearSVMs(3, 4)
    features = rng.normal(size=(5, 3)).astype(np.float32)
    assert (svms.scores(features) == 0).all()
    weight = rng.normal(size=(3, 3))
    svms.set_all(weight, np.array([0.5, 99, -0.5]), 2.0, np.array([1, 0, 1]))
    scores = svms.scores(features)
    np.testing.assert_allclose(scores[:, 0], 1 / (1 + np.exp(-(2 * features @ weight[0] + 0.5))), rtol=1e-4)
    assert (scores[:, 1] == 0).all()
    assert (scores[:, 2] > 0).all()
    assert svms.scores(features[:0]).shape == (0, 3)
    large = svms.scores(np.float32([[1e4, -1e4, 1e4], [-1e4, 1e4, -1e4]]))
    assert np.isfinite(large).all()


def test_features_of_a_mean_length(rng):
    x = rng.normal(size=(40, 7))
    assert np.linalg.norm(x * feature_scale(x), axis=1).mean() == pytest.approx(20)
    assert feature_scale(x[:0]) == feature_scale(x * 0) == 1
