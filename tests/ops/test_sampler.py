"""Samples: sizes, shares, no duplicates, and what is taken when there is too little."""

import numpy as np
import pytest

from minidet import manual_seed, ops

LABELS = np.array([1] * 20 + [0] * 70 + [-1] * 30 + [5] * 10)


def sizes(labels, count, fraction, reserve=None):
    """Return how many positives and negatives are drawn, after a look at which."""
    reserve = None if reserve is None else [reserve]
    (positive,), (negative,) = ops.BalancedPositiveNegativeSampler(count, fraction)([labels], reserve)
    positive, negative = positive.numpy(), negative.numpy()
    assert positive.dtype == negative.dtype == np.bool_
    assert positive.shape == negative.shape == labels.shape
    assert (labels[positive] > 0).all()
    assert (labels[negative] == 0).all()
    return positive.sum(), negative.sum()


@pytest.mark.parametrize(
    ("count", "fraction", "expected"),
    [
        (40, 0.5, (20, 20)),
        (40, 0.25, (10, 30)),
        (80, 0.5, (30, 50)),  # 30 positives are all there are: negatives take their places
        (256, 0.5, (30, 70)),  # fewer than asked for: all of them
        (40, 0, (0, 40)),
        (40, 1, (30, 10)),
        (1, 0.5, (0, 1)),
    ],
)
def test_how_many_of_both(count, fraction, expected):
    assert sizes(LABELS, count, fraction) == expected


def test_only_one_kind_or_none():
    assert sizes(np.full(9, -1), 4, 0.5) == (0, 0)
    assert sizes(np.zeros(9, int), 4, 0.5) == (0, 4)
    assert sizes(np.ones(9, int), 4, 0.5) == (2, 0)
    assert sizes(np.zeros(0, int), 4, 0.5) == (0, 0)
    assert ops.BalancedPositiveNegativeSampler(4, 0.5)([]) == ([], [])


def test_the_reserve_is_drawn_only_where_it_is_needed():
    labels = np.array([1, 1, 0, 0, 0, 0, 0, 0, -1, -1])
    near = np.array([2, 3, 4])  # what overlaps an object by 0.1 to 0.5
    reserve = (labels <= 0) & ~np.isin(np.arange(10), near)
    sampler = ops.BalancedPositiveNegativeSampler(5, 0.4)
    for _ in range(20):
        (_,), (negative,) = sampler([labels], [reserve])
        assert np.flatnonzero(negative.numpy()).tolist() == near.tolist()
    assert sizes(labels, 7, 0.4, reserve) == (2, 5)  # two more, from below 0.1
    assert sizes(labels, 64, 0.4, reserve) == (2, 6)
    assert sizes(labels, 64, 0.4, np.ones(10, bool)) == (2, 6)  # nothing near at all


def test_each_is_drawn_as_often_as_another():
    manual_seed(3)
    sampler = ops.BalancedPositiveNegativeSampler(20, 0.5)
    times = sum(np.stack([mask[0].numpy() for mask in sampler([LABELS])]).any(0).astype(int) for _ in range(600))
    assert (np.abs(times[LABELS > 0] - 200) < 60).all()  # 10 of 30, 600 times
    assert (np.abs(times[LABELS == 0] - 600 / 7) < 50).all()


def test_a_seed_repeats_the_sample():
    def draw(sampler):
        return np.stack([mask.numpy() for kind in sampler([LABELS, LABELS[::-1]]) for mask in kind])

    own = [draw(ops.BalancedPositiveNegativeSampler(9, 0.5, np.random.default_rng(4))) for _ in range(2)]
    np.testing.assert_array_equal(*own)
    shared = ops.BalancedPositiveNegativeSampler(9, 0.5)
    drawn = []
    for _ in range(2):
        manual_seed(1)
        drawn.append(draw(shared))
    np.testing.assert_array_equal(*drawn)
    assert (draw(shared) != drawn[0]).any()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ops.BalancedPositiveNegativeSampler(0, 0.5), ValueError, "batch_size_per_image is 0"),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 1.5), ValueError, "positive_fraction is 1.5"),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 0.5, 3), TypeError, "rng is a int"),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 0.5)(LABELS), TypeError, "matched_idxs is a ndarray"),
        (
            lambda: ops.BalancedPositiveNegativeSampler(9, 0.5)([LABELS / 2]),
            TypeError,
            "matched_idxs has dtype float64",
        ),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 0.5)([LABELS[None]]), ValueError, "matched_idxs has an image"),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 0.5)([LABELS], [LABELS]), TypeError, "reserve has dtype int64"),
        (lambda: ops.BalancedPositiveNegativeSampler(9, 0.5)([LABELS], []), ValueError, "reserve has shapes"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=f"BalancedPositiveNegativeSampler: {words}"):
        call()
