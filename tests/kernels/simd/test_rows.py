import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

import numba

from minidet.kernels.simd import rows, vectors

DTYPES = [np.float32, np.float64]
#: Lanes, and the step from one to the next.
LANES = [(vectors.SHORT, 1), (vectors.SHORT, 2), (vectors.MOVE, 1), (vectors.MOVE, 2)]


def assert_close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 if dtype == np.float32 else 1e-12)


def bits(mask):
    """Return each row of a mask as a number."""
    return (mask.astype(np.int64) << np.arange(mask.shape[-1])).sum(-1)


@numba.njit
def sum_rows(kind, lanes, step, out, weight, x, table, places, depth, base):
    at, kept, mask = places
    rows.rows_tile(kind, lanes, step, out, 2, 40, weight, 1, x, 30, 50, table, at, at + depth, kept, mask, depth, base)


@numba.njit
def add_taps(lanes, step, sums, x, grad, table, at, depth):
    rows.taps_tile(lanes, step, sums, 3, x, 20, grad, 1, table, 0, at, at + 3 * depth, depth)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 9])
@pytest.mark.parametrize("lanes, step", LANES)
@pytest.mark.parametrize("kind", [rows.ONE, rows.LIKE, rows.ANY])
def test_rows(kind, lanes, step, depth, dtype, rng):
    """What is masked may be anything, nan too."""
    count, masks = rows.KINDS[kind]
    weight, x = rng.standard_normal(20).astype(dtype), rng.standard_normal(400).astype(dtype)
    places, order = rng.integers(-20, 20, depth), rng.integers(0, 15, depth)
    mask = rng.random((masks, depth, lanes)) < 0.7
    table = np.concatenate((places, order, np.arange(len(mask)) * depth + 3, [7, 7, 7], bits(mask).reshape(-1)))
    out = np.full(2 + 40 * count, 5, dtype)
    expected = out.copy()
    for r in range(count):
        seen = x[30 + 50 * r + places[:, None] + step * np.arange(lanes)]  # (depth, lanes)
        kept = mask[r % masks]
        expected[2 + 40 * r :][:lanes] = 0.5 + weight[1 + order] @ np.where(kept, seen, 0)
    first = table.size - mask[..., 0].size - 3
    given = table.astype(np.int64), (0, 2 * depth, first), depth, dtype(0.5)
    sum_rows(kind, lanes, step, out, weight, x, *given)
    assert_close(out, expected, dtype)
    if depth == 1 and not mask.all():
        kept = mask[0, 0]
        x[30 + places[0] + step * np.flatnonzero(~kept)[0]] = np.nan
        sum_rows(kind, lanes, step, out, weight, x, *given)
        assert np.isfinite(out[2 : 2 + lanes]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 13])
@pytest.mark.parametrize("lanes, step", LANES)
def test_taps(lanes, step, depth, dtype, rng):
    x, grad = rng.standard_normal(300).astype(dtype), rng.standard_normal(100).astype(dtype)
    taps, places, targets = rng.integers(-20, 20, 9), rng.integers(0, 200, depth), rng.integers(0, 60, depth)
    mask = rng.random((depth, 9, lanes)) < 0.7
    pieces = np.stack((places, targets, np.arange(depth) * 9), 1).reshape(-1)
    table = np.concatenate((taps, pieces, bits(mask).reshape(-1))).astype(np.int64)
    sums = rng.standard_normal(3 + 9 * lanes).astype(dtype)
    lane = np.arange(lanes)
    seen = x[20 + places[:, None, None] + taps[:, None] + step * lane]  # (depth, 9, lanes)
    products = np.where(mask, seen, 0) * grad[1 + targets[:, None] + lane][:, None]
    expected = np.concatenate((sums[:3], sums[3:] + products.sum(0).reshape(-1)))
    add_taps(lanes, step, sums, x, grad, table, 9, depth)
    assert_close(sums, expected, dtype)
