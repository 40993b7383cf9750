import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

import numba

from minidet.kernels.simd import rows

DTYPES = [np.float32, np.float64]
#: Rows, lanes, the step from one lane to the next, and whether each row has masks of its own.
ROW_TILES = {
    "row_tile": (1, rows.MOVE, 1, False), "like_tile": (4, rows.MOVE, 1, False), "rows_tile": (4, rows.MOVE, 1, True),
    "second_row_tile": (1, rows.MOVE, 2, False), "second_like_tile": (4, rows.MOVE, 2, False),
    "second_rows_tile": (4, rows.MOVE, 2, True), "short_row_tile": (1, 8, 1, False),
    "short_like_tile": (4, 8, 1, False), "short_rows_tile": (4, 8, 1, True), "short_second_row_tile": (1, 8, 2, False),
    "short_second_like_tile": (4, 8, 2, False), "short_second_rows_tile": (4, 8, 2, True),
}  # fmt: skip
TAPS_TILES = {"taps_tile": (rows.MOVE, 1), "second_taps_tile": (rows.MOVE, 2), "short_taps_tile": (8, 1),
              "short_second_taps_tile": (8, 2)}  # fmt: skip


def assert_close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 if dtype == np.float32 else 1e-12)


def bits(mask):
    """Return each row of a mask as a number."""
    return (mask.astype(np.int64) << np.arange(mask.shape[-1])).sum(-1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 9])
@pytest.mark.parametrize("name", ROW_TILES)
def test_rows(name, depth, dtype, rng):
    """What is masked may be anything, nan too."""
    count, lanes, step, own = ROW_TILES[name]
    tile = getattr(rows, name)

    @numba.njit
    def run(out, weight, x, table, places, base):
        at, kept, mask = places
        tile(out, 2, 40, weight, 1, x, 30, 50, table, at, at + depth, kept, mask, depth, base)

    weight, x = rng.standard_normal(20).astype(dtype), rng.standard_normal(400).astype(dtype)
    places, order = rng.integers(-20, 20, depth), rng.integers(0, 15, depth)
    mask = rng.random((count if own else 1, depth, lanes)) < 0.7
    table = np.concatenate((places, order, np.arange(len(mask)) * depth + 3, [7, 7, 7], bits(mask).reshape(-1)))
    out = np.full(2 + 40 * count, 5, dtype)
    expected = out.copy()
    for r in range(count):
        seen = x[30 + 50 * r + places[:, None] + step * np.arange(lanes)]  # (depth, lanes)
        kept = mask[r if own else 0]
        expected[2 + 40 * r :][:lanes] = 0.5 + weight[1 + order] @ np.where(kept, seen, 0)
    first = table.size - mask[..., 0].size - 3
    run(out, weight, x, table.astype(np.int64), (0, 2 * depth, first), dtype(0.5))
    assert_close(out, expected, dtype)
    if depth == 1 and not mask.all():
        kept = mask[0, 0]
        x[30 + places[0] + step * np.flatnonzero(~kept)[0]] = np.nan
        run(out, weight, x, table.astype(np.int64), (0, 2 * depth, first), dtype(0.5))
        assert np.isfinite(out[2 : 2 + lanes]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 13])
@pytest.mark.parametrize("name", TAPS_TILES)
def test_taps(name, depth, dtype, rng):
    lanes, step = TAPS_TILES[name]
    tile = getattr(rows, name)

    @numba.njit
    def run(sums, x, grad, table, at):
        tile(sums, 3, x, 20, grad, 1, table, 0, at, at + depth, at + 2 * depth, at + 3 * depth, depth)

    x, grad = rng.standard_normal(300).astype(dtype), rng.standard_normal(100).astype(dtype)
    taps, places, targets = rng.integers(-20, 20, 9), rng.integers(0, 200, depth), rng.integers(0, 60, depth)
    mask = rng.random((depth, 9, lanes)) < 0.7
    table = np.concatenate((taps, places, targets, np.arange(depth) * 9, bits(mask).reshape(-1))).astype(np.int64)
    sums = rng.standard_normal(3 + 9 * lanes).astype(dtype)
    lane = np.arange(lanes)
    seen = x[20 + places[:, None, None] + taps[:, None] + step * lane]  # (depth, 9, lanes)
    products = np.where(mask, seen, 0) * grad[1 + targets[:, None] + lane][:, None]
    expected = np.concatenate((sums[:3], sums[3:] + products.sum(0).reshape(-1)))
    run(sums, x, grad, table, 9)
    assert_close(sums, expected, dtype)
