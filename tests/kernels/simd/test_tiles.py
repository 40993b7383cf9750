import re

import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

import llvmlite.binding
import numba

from minidet.kernels.launch import workspace
from minidet.kernels.simd import tiles, vectors

DTYPES = [np.float32, np.float64]


@pytest.fixture(scope="module")
def run():
    """Compile each tile behind a plain function, not cached."""

    def dense(tile):
        @numba.njit
        def packed(out, at, stride, a, a_at, b, b_at, depth, accumulate):
            tile(out, at, stride, a, a_at, b, b_at, depth, accumulate)

        return packed

    @numba.njit
    def dense_of(vectors, out, at, stride, a, a_at, b, b_at, depth, accumulate):
        tiles.dense_tile_of(vectors, out, at, stride, a, a_at, b, b_at, depth, accumulate)

    @numba.njit
    def copying(vectors, out, at, stride, a, a_at, b, b_at, pitch, panel, depth):
        tiles.copying_tile_of(vectors, out, at, stride, a, a_at, b, b_at, pitch, panel, depth)

    def tile_by_table(tile):
        @numba.njit
        def indexed(which, out, at, a, rows, row_first, steps, b, b_at, depth, accumulate):
            tile(which, out, at, a, rows, row_first, steps, b, b_at, depth, accumulate)

        return indexed

    @numba.njit
    def channels(out, at, a, rows, row_first, steps, b, b_at, depth, accumulate):
        tiles.channels_tile(out, at, a, rows, row_first, steps, b, b_at, depth, accumulate)

    @numba.njit
    def direct(rows, out, at, stride, a, a_at, b, b_at, table, place, to, step, depth, base, accumulate):
        tiles.direct_tile(rows, out, at, stride, a, a_at, b, b_at, table, place, to, step, depth, base, accumulate)

    @numba.njit
    def count(counter):
        return tiles.fetch_add(counter)

    return {
        "dense": dense(tiles.dense_tile),
        "strided": dense(tiles.strided_tile),
        "of": dense_of,
        "copying": copying,
        "indexed": tile_by_table(tiles.indexed_tile),
        "own": tile_by_table(tiles.own_tile_of),
        "channels": channels,
        "direct": direct,
        "count": count,
    }


def assert_close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)


#: A tile's name and how many vectors, if that is said; its lanes, and those of a row of its panel.
DENSE = {
    ("dense",): (tiles.DENSE_LANES, tiles.DENSE_LANES),
    ("strided",): (tiles.STRIDED_LANES, tiles.STRIDED_LANES),
    **{("of", vectors): (vectors * tiles.MOVE, tiles.DENSE_LANES) for vectors in (1, 2, 3)},
}
#: The same for tiles whose a is found through two tables: rows, lanes, and those of a row of the panel.
INDEXED = {
    ("indexed", tiles.INDEXED_LANES): (tiles.INDEXED_ROWS, tiles.INDEXED_LANES, tiles.INDEXED_LANES),
    ("indexed", tiles.MOVE): (tiles.NARROW_ROWS, tiles.MOVE, tiles.MOVE),
    ("channels",): (tiles.CHANNELS_ROWS, tiles.INDEXED_LANES, tiles.INDEXED_LANES),
    **{("own", vectors): (tiles.DENSE_ROWS, vectors * tiles.MOVE, tiles.DENSE_LANES) for vectors in (1, 2, 3)},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 2, 37])
@pytest.mark.parametrize("accumulate", [0, 1])
@pytest.mark.parametrize("tile", DENSE)
def test_dense_tile(run, dtype, depth, accumulate, tile):
    rng = np.random.default_rng(0)
    rows, (lanes, pitch) = tiles.DENSE_ROWS, DENSE[tile]
    a, b = rng.standard_normal(depth * rows + 3).astype(dtype), rng.standard_normal(depth * pitch + 5).astype(dtype)
    out = rng.standard_normal(1 + rows * (lanes + 7)).astype(dtype)
    expected = out.copy()
    view = expected[1:].reshape(rows, lanes + 7)[:, :lanes]
    product = a[3:].reshape(depth, rows).T @ b[5:].reshape(depth, pitch)[:, :lanes]
    view[...] = product + view * accumulate
    run[tile[0]](*tile[1:], out, 1, lanes + 7, a, 3, b, 5, depth, accumulate)
    assert_close(out, expected, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 37])
@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_copying_tile(run, dtype, depth, vectors):
    rng = np.random.default_rng(3)
    rows, lanes, pitch = tiles.DENSE_ROWS, vectors * tiles.MOVE, 61
    a, b = (
        rng.standard_normal((depth + 1) * rows + 3).astype(dtype),
        rng.standard_normal(depth * pitch + 90).astype(dtype),
    )
    out, panel = np.zeros((rows, lanes + 7), dtype), np.zeros(depth * tiles.DENSE_LANES + 1, dtype)
    seen = b[5 + pitch * np.arange(depth)[:, None] + np.arange(lanes)]  # (depth, lanes)
    weights, expected, copied = a[3:].reshape(depth + 1, rows), out.copy(), panel.copy()
    expected[:, :lanes] = weights[:depth].T @ seen + weights[depth][:, None]
    copied[:-1].reshape(depth, tiles.DENSE_LANES)[:, :lanes] = seen
    run["copying"](vectors, out.reshape(-1), 0, lanes + 7, a, 3, b, 5, pitch, panel, depth)
    assert_close(out, expected, dtype)
    np.testing.assert_array_equal(panel, copied)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 37])
@pytest.mark.parametrize("accumulate", [0, 1])
@pytest.mark.parametrize("tile", INDEXED)
def test_indexed_tile(run, dtype, depth, accumulate, tile):
    rng = np.random.default_rng(1)
    rows, lanes, pitch = INDEXED[tile]
    a, b = rng.standard_normal(500).astype(dtype), rng.standard_normal(depth * pitch + 5).astype(dtype)
    row_at, step_at = rng.integers(0, 250, rows + 2), rng.integers(0, 250, depth)
    out = rng.standard_normal(2 + rows * pitch).astype(dtype)
    expected = out.copy()
    view = expected[2:].reshape(rows, pitch)[:, :lanes]
    view[...] = a[row_at[2:, None] + step_at] @ b[5:].reshape(depth, pitch)[:, :lanes] + view * accumulate
    run[tile[0]](*tile[1:], out, 2, a, row_at, 2, step_at, b, 5, depth, accumulate)
    assert_close(out, expected, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 37])
@pytest.mark.parametrize("accumulate", [0, 1])
@pytest.mark.parametrize("rows", [tiles.DIRECT_ROWS, tiles.DENSE_ROWS])
def test_direct_tile(run, dtype, depth, accumulate, rows):
    rng = np.random.default_rng(2)
    pieces, width = tiles.DIRECT_PIECES, tiles.MOVE
    a, b = rng.standard_normal((depth + 1) * rows).astype(dtype), rng.standard_normal(600).astype(dtype)
    place, to, step = rng.integers(0, 250, pieces), np.array([40, 0, 20]), rng.integers(0, 250, depth)
    out = rng.standard_normal((rows, 60)).astype(dtype)
    expected = out.copy()
    weights = a.reshape(depth + 1, rows)
    for piece in range(pieces):
        seen = b[10 + place[piece] + step[:, None] + np.arange(width)]
        there = slice(to[piece], to[piece] + width)
        expected[:, there] = weights[:depth].T @ seen + (out[:, there] if accumulate else weights[depth][:, None])
    table = np.concatenate((place, to, step))
    run["direct"](
        rows, out.reshape(-1), 0, 60, a, 0, b, 10, table, 0, pieces, 2 * pieces, depth, depth * rows, accumulate
    )
    assert_close(out, expected, dtype)


def test_fetch_add_counts(run):
    counter = np.zeros(1, np.int64)
    assert [run["count"](counter) for _ in range(3)] == [0, 1, 2]
    assert counter[0] == 3


def test_tile_is_made_of_fused_multiply_adds(run):
    if numba.core.config.CPU_NAME or not llvmlite.binding.get_host_cpu_features().get("fma"):
        pytest.skip("this processor is not known to fuse")
    out = np.zeros(tiles.DENSE_ROWS * tiles.DENSE_LANES, np.float32)
    a, b = np.zeros(2 * tiles.DENSE_ROWS, np.float32), np.zeros(2 * tiles.DENSE_LANES, np.float32)
    run["dense"](out, 0, tiles.DENSE_LANES, a, 0, b, 0, 2, 0)
    text = "".join(run["dense"].inspect_asm().values())
    assert text.count("vfmadd") >= tiles.DENSE_ROWS * tiles.DENSE_LANES // tiles.MOVE


@pytest.mark.parametrize("tile", DENSE)
def test_no_sum_goes_through_the_stack(run, tile):
    """Registers suffice: a sum that is put aside costs a store and a load in every tile, or in every step."""
    if numba.core.config.CPU_NAME or not llvmlite.binding.get_host_cpu_features().get("avx2"):
        pytest.skip("this processor is not known to have 16 vector registers")
    (name, *of), (lanes, pitch) = tile, DENSE[tile]
    out, a, b = (np.zeros(size, np.float32) for size in (tiles.DENSE_ROWS * lanes, 2 * tiles.DENSE_ROWS, 2 * pitch))
    run[name](*of, out, 0, lanes, a, 0, b, 0, 2, 0)
    (text,) = (code for types, code in zip(run[name].signatures, run[name].inspect_asm().values(), strict=True)
               if types[len(of)].dtype == numba.float32)  # fmt: skip
    text = text[: text.index("\n_ZN7cpython")]  # what follows unpacks Python's objects
    assert "vfmadd" in text
    assert not re.findall(r"vmov\w+\s+%[yz]mm\d+, -?\d*\(%rsp\)", text)


@pytest.mark.parametrize("name, features, expected", [("generic", None, 32), ("generic", "+avx2,+avx512f", 64)])
def test_vectors_are_as_long_as_the_processor_compiled_for(monkeypatch, name, features, expected):
    monkeypatch.setattr(vectors.config, "CPU_NAME", name)
    monkeypatch.setattr(vectors.config, "CPU_FEATURES", features)
    assert vectors.vector_bytes() == expected


@pytest.mark.parametrize("has, expected", [(True, 64), (False, 32)])
def test_vectors_are_as_long_as_this_processors(monkeypatch, has, expected):
    monkeypatch.setattr(vectors.config, "CPU_NAME", None)
    monkeypatch.setattr(vectors.config, "CPU_FEATURES", None)
    monkeypatch.setattr(vectors.binding, "get_host_cpu_features", lambda: {"avx512f": has})
    assert vectors.vector_bytes() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 100, 5000])
def test_work_space_starts_at_a_cache_line(dtype, size):
    for memory in (workspace.take("test", size, dtype), workspace.empty(size, np.dtype(dtype))):
        assert memory.dtype == dtype
        assert memory.size >= size
        assert memory.ctypes.data % workspace.LINE == 0
