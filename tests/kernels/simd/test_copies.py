import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

import numba

from minidet.kernels.simd import copies as simd_copy
from minidet.kernels.simd import tiles

DTYPES = [np.float32, np.float64]


@pytest.fixture(scope="module")
def run():
    """Compile each copy behind a plain function, not cached."""

    def plain(copy):
        return numba.njit(lambda out, at, source, source_at: copy(out, at, source, source_at))

    @numba.njit
    def every(out, at, source, source_at, step):
        simd_copy.copy_every(out, at, source, source_at, step)

    @numba.njit
    def some(out, at, source, source_at, step, kept, kept_at):
        simd_copy.copy_some(out, at, source, source_at, step, kept, kept_at)

    def in_turn(copy):
        return numba.njit(lambda rows, out, at, source, source_at, step: copy(rows, out, at, source, source_at, step))

    @numba.njit
    def interleave(out, at, source, even_at, odd_at):
        simd_copy.interleave(out, at, source, even_at, odd_at)

    @numba.njit
    def turn(out, at, out_step, source, source_at, source_step):
        simd_copy.turn(out, at, out_step, source, source_at, source_step)

    return {
        **{name: plain(getattr(simd_copy, name)) for name in NEIGHBOURS},
        **{name: in_turn(getattr(simd_copy, name)) for name in ROWS},
        "every": every,
        "some": some,
        "interleave": interleave,
        "turn": turn,
    }


NEIGHBOURS = {"move": tiles.MOVE, "move_four": 4, "move_eight": 8, "dense_row": tiles.DENSE_ROWS}
#: Rows, and elements of each.
ROWS = {
    "rows_in_turn": ((tiles.DENSE_ROWS, tiles.DIRECT_ROWS), simd_copy.IN_TURN),
    "lanes_in_turn": ((tiles.INDEXED_LANES, tiles.MOVE), simd_copy.FEW),
}


def only(out, first, count):
    """Return a part of ``out``, and check that nothing was written beside it."""
    assert not out[:first].any()
    assert not out[first + count :].any()
    return out[first : first + count]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_neighbours(run, dtype, name):
    out, source = np.zeros(40, dtype), 1 + np.arange(60).astype(dtype)
    run[name](out, 3, source, 7)
    np.testing.assert_array_equal(only(out, 3, NEIGHBOURS[name]), source[7 : 7 + NEIGHBOURS[name]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step", [1, 2, 4])
def test_every(run, dtype, step):
    out, source = np.zeros(40, dtype), 1 + np.arange(100).astype(dtype)
    run["every"](out, 3, source, 7, step)
    np.testing.assert_array_equal(only(out, 3, tiles.MOVE), source[7 : 7 + step * tiles.MOVE : step])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step", [1, 2])
def test_lanes_that_are_not_kept_become_zero_whatever_they_were(run, dtype, step):
    out, source = np.full(40, 9, dtype), 1 + np.arange(60).astype(dtype)
    source[7 + step] = np.nan
    kept = np.ones(tiles.MOVE + 2, dtype)
    kept[[3, 5]] = 0
    run["some"](out, 3, source, 7, step, kept, 2)
    expected = source[7 : 7 + step * tiles.MOVE : step].copy()
    expected[[1, 3]] = 0
    np.testing.assert_array_equal(out[3 : 3 + tiles.MOVE], expected)
    assert (np.delete(out, np.s_[3 : 3 + tiles.MOVE]) == 9).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_rows_in_turn(run, dtype, name):
    options, length = ROWS[name]
    for rows in options:
        source = 1 + np.arange(rows * 30).astype(dtype)
        out = np.zeros(rows * length + 5, dtype)
        run[name](rows, out, 3, source, 2, 30)
        expected = source.reshape(rows, 30)[:, 2 : 2 + length].T.reshape(-1)
        np.testing.assert_array_equal(only(out, 3, rows * length), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_interleave(run, dtype):
    out, source = np.zeros(80, dtype), 1 + np.arange(60).astype(dtype)
    run["interleave"](out, 3, source, 5, 30)
    written = only(out, 3, 2 * tiles.MOVE)
    np.testing.assert_array_equal(written[::2], source[5 : 5 + tiles.MOVE])
    np.testing.assert_array_equal(written[1::2], source[30 : 30 + tiles.MOVE])


@pytest.mark.parametrize("dtype", DTYPES)
def test_turn_transposes_a_block(run, dtype):
    side = simd_copy.TURN
    source, out = np.random.default_rng(0).standard_normal((side, 13)).astype(dtype), np.zeros((side, 17), dtype)
    run["turn"](out.reshape(-1), 4, 17, source.reshape(-1), 3, 13)
    expected = np.zeros_like(out)
    expected[:, 4 : 4 + side] = source[:, 3 : 3 + side].T
    np.testing.assert_array_equal(out, expected)
