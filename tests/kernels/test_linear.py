import numpy as np
import pytest

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import linear as reference

compiled_only = pytest.mark.skipif(not jit.ENABLED, reason="numba is absent or switched off")
DTYPES = [np.float32, np.float64]
SHAPES = [(1, 3, 2), (9, 300, 210), (64, 128, 96), (40, 7, 1500), (70, 1500, 5), (600, 50, 30)]  # M, C, F


def make(m, c, f, dtype, seed=0):
    """Return x, weight and a gradient for the result."""
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in [(m, c), (f, c), (m, f)])


def run_all(module, x, weight, grad):
    return module.linear(x, weight), module.linear_input_grad(grad, weight), module.linear_weight_grad(grad, x)


@compiled_only
def test_compiled_kernels_are_not_the_reference():
    assert kernels.linear is not reference
    for name in ("linear", "linear_input_grad", "linear_weight_grad"):
        assert getattr(kernels.linear, name) is not getattr(reference, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_the_product_in_float64(shape, dtype):
    arrays = make(*shape, dtype)
    exact = run_all(reference, *(a.astype(np.float64) for a in arrays))
    for got, right in zip(run_all(kernels.linear, *arrays), exact, strict=True):
        assert got.dtype == dtype
        assert got.shape == right.shape
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-12 if dtype == np.float64 else 2e-4)


def test_takes_strided_and_read_only_arrays():
    arrays = make(64, 128, 96, np.float32)
    expected = run_all(kernels.linear, *arrays)
    strided = [np.repeat(a, 2, axis=1)[:, ::2] for a in arrays]
    for a in strided:
        a.flags.writeable = False
    for got, right in zip(run_all(kernels.linear, *strided), expected, strict=True):
        np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_reaches_the_same_places(value):
    x, weight, grad = (np.abs(a) + 0.1 for a in make(64, 128, 96, np.float32))
    x[3, 5] = grad[7, 9] = value
    for got, right in zip(run_all(kernels.linear, x, weight, grad), run_all(reference, x, weight, grad), strict=True):
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(right))
        assert not np.isfinite(got).all()


@compiled_only
def test_same_bits_for_any_number_of_threads():
    numba = pytest.importorskip("numba")
    before, most = numba.get_num_threads(), numba.config.NUMBA_NUM_THREADS
    if most == 1:
        pytest.skip("numba has one thread")
    few, many = make(64, 300, 210, np.float32), make(300, 300, 20, np.float32)
    try:
        results = []
        for threads in (1, most):
            numba.set_num_threads(threads)
            results.append(run_all(kernels.linear, *few) + run_all(kernels.linear, *many))
    finally:
        numba.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert one.tobytes() == two.tobytes()


@compiled_only
@pytest.mark.parametrize("threads", [1, 2, 3, 64])
def test_the_same_bits_however_rows_are_shared_out(threads, monkeypatch):
    x, weight, grad = make(300, 300, 1015, np.float32)
    expected, slope = kernels.linear.linear(x, weight), kernels.linear.linear_weight_grad(grad, x)
    monkeypatch.setattr(kernels.linear, "THREADS", threads)
    assert kernels.linear.linear_weight_grad(grad, x).tobytes() == slope.tobytes()
    assert kernels.linear._shares(10, 8) == {1: 2, 2: 2, 3: 3, 64: 10}[threads]
    assert kernels.linear.linear(x, weight).tobytes() == expected.tobytes()
    monkeypatch.setattr(kernels.linear, "MANY", 1000)  # the other path
    assert kernels.linear.linear(x, weight).tobytes() == expected.tobytes()


@pytest.mark.slow
@compiled_only
def test_every_choice_of_a_path_is_right_on_both_sides():
    """Left to NumPy or not; narrow or wide tiles; one block of columns or more; whole tiles or some of their lanes."""
    rng, stays = np.random.default_rng(0), set()
    rows = (6, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 40, 48, 49)
    shapes = [(m, c, f) for m in rows for c in (255, 256, 257) for f in (71, 72, 73, 160)]
    shapes += [(m, c, f) for m in (1, 2, 3, 5) for c in (1151, 1280) for f in (228, 1000)]  # few rows, many weights
    shapes += [(m, c, f) for m in (511, 512, 513, 1025) for c in (23, 24, 25, 47, 48, 49) for f in (31, 32, 33, 36)]
    shapes += [
        (m, c, f) for m in (48, 49, 96, 97, 112, 113, 224, 225) for c in (256, 257) for f in (17, 18, 19, 1008, 1009)
    ]
    for number, (m, c, f) in enumerate(shapes):
        stays.add(kernels.linear._stays(m, f, c))
        dtype = DTYPES[number % 2]
        arrays = [rng.integers(-3, 4, shape, np.int8).astype(dtype) for shape in [(m, c), (f, c), (m, f)]]  # exact sums
        for got, right in zip(run_all(kernels.linear, *arrays), run_all(reference, *arrays), strict=True):
            np.testing.assert_array_equal(got, right, err_msg=str((m, c, f)))
    assert stays == {True, False}
