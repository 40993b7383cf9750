import functools
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import conv as reference

compiled_only = pytest.mark.skipif(not jit.ENABLED, reason="numba is absent or switched off")
DTYPES = [np.float32, np.float64]
PLAIN = ((1, 1), (1, 1), (1, 1), 1)


def tolerance(dtype):
    return 2e-5 if dtype == np.float32 else 1e-12


def assert_close(got, expected, dtype, size=1.0):
    assert got.dtype == expected.dtype == dtype
    assert got.shape == expected.shape
    assert got.flags.c_contiguous
    scale = max(size, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=tolerance(dtype))


def make(seed, n, c, size, f, kernel, options, dtype):
    """Return x, weight, bias and a gradient for the result."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, c, *size)).astype(dtype)
    weight = rng.standard_normal((f, c // options[3], *kernel)).astype(dtype)
    bias = rng.standard_normal(f).astype(dtype)
    shape = reference.conv2d(x, weight, bias, *options).shape
    return x, weight, bias, rng.standard_normal(shape).astype(dtype)


def run_all(module, x, weight, bias, grad, options):
    return (
        module.conv2d(x, weight, bias, *options),
        module.conv2d_input_grad(grad, weight, x.shape[2:], *options),
        module.conv2d_weight_grad(grad, x, weight.shape[2:], *options),
        module.conv2d_bias_grad(grad),
    )


@st.composite
def problems(draw):
    pair = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))  # noqa: E731
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    c, f = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 40))
    if draw(st.booleans()) and draw(st.booleans()):  # depthwise
        groups = c
        f = c * draw(st.integers(1, 2))
    kernel = draw(st.one_of(st.just((3, 3)), st.just((1, 1)), pair(1, 4)))
    stride, dilation = draw(st.one_of(st.just((1, 1)), pair(1, 3))), draw(st.one_of(st.just((1, 1)), pair(1, 2)))
    padding = draw(pair(0, 3))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    size = (least[0] + draw(st.integers(0, 9)), least[1] + draw(st.integers(0, 40)))  # several vectors wide
    options = (stride, padding, dilation, groups)
    return draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 3)), c, size, f, kernel, options


@compiled_only
def test_compiled_kernels_are_not_the_reference():
    assert kernels.conv is not reference
    for name in ("conv2d", "conv2d_input_grad", "conv2d_weight_grad", "conv2d_bias_grad"):
        assert getattr(kernels.conv, name) is not getattr(reference, name)


@compiled_only
@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(problem=problems())
def test_compiled_agrees_with_reference(dtype, problem):
    options = problem[-1]
    x, weight, bias, grad = make(*problem, dtype)
    got = run_all(kernels.conv, x, weight, bias, grad, options)
    expected = run_all(reference, x, weight, bias, grad, options)
    for one, other in zip(got, expected, strict=True):
        assert_close(one, other, dtype)
    assert_close(kernels.conv.conv2d(x, weight, None, *options), expected[0] - bias[:, None, None], dtype, 10)


SIZES = [
    # n, c, size, f, kernel, (stride, padding, dilation, groups)
    (2, 40, (9, 11), 50, (3, 3), PLAIN),  # several blocks of taps
    (3, 8, (7, 7), 40, (3, 3), PLAIN),  # tiles across images
    (1, 33, (17, 19), 67, (3, 3), PLAIN),
    (2, 36, (8, 24), 36, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),
    (1, 3, (33, 37), 40, (7, 7), ((2, 2), (3, 3), (1, 1), 1)),
    (2, 40, (1, 1), 48, (3, 3), PLAIN),
    (1, 2, (2, 2), 3, (5, 5), ((1, 1), (2, 2), (1, 1), 1)),  # kernel larger than the input
    (2, 3, (12, 12), 5, (2, 2), ((3, 3), (0, 0), (1, 1), 1)),  # stride larger than the kernel
    (2, 70, (6, 70), 70, (1, 3), ((1, 1), (0, 1), (1, 1), 1)),
    (2, 24, (13, 30), 24, (3, 3), ((1, 1), (1, 1), (1, 1), 24)),  # depthwise
    (2, 24, (13, 30), 24, (5, 3), ((2, 1), (1, 2), (1, 2), 24)),
    (1, 64, (16, 16), 64, (3, 3), ((1, 1), (2, 2), (2, 2), 1)),
    (2, 34, (32, 36), 40, (4, 4), ((2, 2), (1, 1), (1, 1), 1)),  # phases of the input gradient: all full
    (2, 5, (17, 35), 9, (3, 3), ((2, 2), (1, 1), (1, 1), 1)),  # odd sides: the last phase is shorter
    (1, 6, (9, 33), 140, (2, 2), ((2, 2), (0, 0), (1, 1), 2)),  # more than one block of taps
    (1, 3, (20, 31), 4, (3, 3), ((3, 4), (1, 1), (1, 1), 1)),  # a phase that no tap meets
    (1, 3, (21, 40), 4, (3, 3), ((2, 1), (1, 1), (1, 1), 1)),
    (1, 3, (12, 40), 4, (1, 3), ((1, 2), (0, 2), (1, 3), 1)),
    (1, 2, (1, 40), 3, (1, 3), ((3, 2), (1, 0), (1, 1), 1)),
    (2, 64, (9, 10), 72, (3, 3), PLAIN),
    (2, 64, (10, 9), 64, (3, 3), ((1, 1), (0, 2), (1, 1), 1)),
    (1, 128, (14, 18), 64, (3, 3), ((1, 1), (1, 1), (1, 1), 2)),
    (2, 70, (30, 34), 130, (3, 3), PLAIN),  # a weight gradient in several tasks, each with several blocks
    (3, 33, (31, 27), 40, (3, 3), ((1, 1), (0, 1), (1, 1), 1)),
    (5, 17, (12, 14), 25, (3, 3), PLAIN),
    (1, 260, (13, 14), 510, (3, 3), PLAIN),  # Winograd with weights from memory: shares of the filters
    (1, 260, (24, 26), 510, (3, 3), PLAIN),  # groups of panels
    (2, 20, (21, 40), 16, (3, 3), ((1, 1), (2, 1), (3, 2), 1)),
    (2, 16, (13, 13), 20, (3, 3), ((1, 1), (0, 3), (2, 1), 1)),
    (1, 16, (30, 33), 20, (3, 3), ((1, 1), (3, 3), (3, 3), 1)),
    (3, 34, (33, 42), 70, (3, 3), ((2, 2), (1, 1), (1, 1), 1)),  # Winograd with stride 2
    (2, 17, (15, 14), 33, (3, 3), ((2, 2), (0, 0), (1, 1), 1)),
    (1, 40, (64, 63), 24, (3, 3), ((2, 2), (1, 1), (1, 1), 1)),
    (1, 20, (8, 100), 16, (3, 3), ((2, 2), (0, 3), (1, 1), 1)),
    (12, 16, (8, 8), 19, (3, 3), ((2, 2), (1, 1), (1, 1), 1)),  # pieces of 4 windows
    (1, 300, (17, 19), 70, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),  # more channels than a panel has
    (2, 70, (17, 19), 70, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),  # 1 x 1: the last tile is not whole
    (2, 80, (10, 10), 80, (1, 1), ((1, 1), (0, 0), (1, 1), 2)),
    (3, 64, (16, 16), 37, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),
    (2, 40, (5, 5), 40, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),  # tiles across images
    (2, 1030, (13, 12), 520, (1, 1), ((1, 1), (0, 0), (1, 1), 1)),  # weights from memory, many panels at once
    (2, 300, (20, 21), 300, (2, 3), ((1, 2), (0, 1), (1, 1), 1)),
    (1, 4, (14, 10), 1, (4, 3), ((2, 1), (0, 0), (1, 1), 1)),  # phases: taps 0, 1, ... and the last in order, not all
    (1, 8, (9, 13), 1, (4, 3), ((2, 2), (0, 0), (1, 2), 1)),
    (1, 4, (6, 1), 40, (1, 1), ((1, 2), (0, 0), (1, 1), 1)),  # a stride along an axis of one pixel
    (1, 4, (1, 6), 40, (1, 1), ((3, 1), (0, 0), (1, 1), 1)),
    (1, 16, (19, 19), 16, (3, 3), ((2, 2), (1, 1), (2, 2), 1)),  # phase (0, 0) meets no tap
    (1, 16, (9, 9), 16, (1, 1), ((2, 2), (1, 1), (1, 1), 1)),
]


@compiled_only
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("problem", SIZES, ids=str)
def test_larger_sizes_agree_with_reference(dtype, problem):
    x, weight, bias, grad = make(0, *problem, dtype)
    got = run_all(kernels.conv, x, weight, bias, grad, problem[-1])
    for one, other in zip(got, run_all(reference, x, weight, bias, grad, problem[-1]), strict=True):
        assert_close(one, other, dtype)


@compiled_only
@pytest.mark.parametrize("problem", SIZES, ids=str)
def test_large_weights_are_packed_once_for_all_threads(monkeypatch, problem):
    arguments = make(0, *problem, np.float32)
    own = run_all(kernels.conv, *arguments, problem[-1])
    monkeypatch.setattr("minidet.kernels.conv.plans.launches.OWN", 0)
    for known in (
        kernels.conv.dispatch._forward,
        kernels.conv.dispatch._input_grad,
    ):  # what is kept for these shapes has copies
        monkeypatch.setattr(kernels.conv.dispatch, known.__name__, functools.cache(known.__wrapped__))
    shared = run_all(kernels.conv, *arguments, problem[-1])
    assert kernels.conv.dispatch._forward.cache_info().currsize == 1
    for one, other in zip(own, shared, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("module", [kernels.conv, reference], ids=["kernels", "reference"])
@pytest.mark.parametrize("n, c, size, f, kernel", [(2, 3, (9, 12), 4, (3, 2)), (1, 5, (20, 7), 40, (3, 3))])
def test_agrees_with_scipy(module, n, c, size, f, kernel):
    x, weight, bias, _ = make(1, n, c, size, f, kernel, ((1, 1), (0, 0), (1, 1), 1), np.float64)
    expected = np.array(
        [[sum(signal.correlate(plane, tap, "valid") for plane, tap in zip(image, taps, strict=True)) for taps in weight]
         for image in x]
    )  # fmt: skip
    got = module.conv2d(x, weight, bias, (1, 1), (0, 0), (1, 1), 1)
    assert_close(got, expected + bias[:, None, None], np.float64)
    strided = module.conv2d(x, weight, None, (3, 2), (0, 0), (1, 1), 1)
    assert_close(strided, expected[:, :, ::3, ::2].copy(), np.float64)


@pytest.mark.parametrize("module", [kernels.conv, reference], ids=["kernels", "reference"])
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(problem=problems())
def test_gradients_are_adjoints(module, problem):
    """<conv(x), y> = <x, input_grad(y)> = <weight, weight_grad(y)>: conv is linear in each."""
    options = problem[-1]
    x, weight, bias, grad = make(*problem, np.float64)
    out, input_grad, weight_grad, bias_grad = run_all(module, x, weight, np.zeros_like(bias), grad, options)
    product = float((out * grad).sum())
    scale = 1 + float(np.abs(out * grad).sum())
    assert abs(product - float((x * input_grad).sum())) <= 1e-12 * scale
    assert abs(product - float((weight * weight_grad).sum())) <= 1e-12 * scale
    assert_close(bias_grad, grad.sum((0, 2, 3)), np.float64)


@pytest.mark.parametrize("module", [kernels.conv, reference], ids=["kernels", "reference"])
def test_rows_that_no_window_touches_are_zero(module):
    """A transposed convolution's output padding."""
    grad, weight = np.ones((1, 2, 3, 3)), np.ones((2, 40, 2, 2))
    out = module.conv2d_input_grad(grad, weight, (8, 8), (3, 3), (0, 0), (1, 1), 1)
    assert out.shape == (1, 40, 8, 8)
    assert (out[:, :, 2::3] == 0).all()
    assert (out[:, :, :, 2::3] == 0).all()
    assert (out[:, :, ::3, ::3] == 2).all()


@compiled_only
@pytest.mark.parametrize("problem", SIZES, ids=str)
def test_same_bits_for_any_number_of_threads(problem):
    numba = pytest.importorskip("numba")
    before, most = numba.get_num_threads(), numba.config.NUMBA_NUM_THREADS
    if most == 1:
        pytest.skip("numba has one thread")
    arguments = make(2, *problem, np.float32)
    try:
        results = []
        for threads in (1, 2, most):
            numba.set_num_threads(threads)
            results.append(run_all(kernels.conv, *arguments, problem[-1]))
    finally:
        numba.set_num_threads(before)
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("c, f, stride, groups", [(4, 5, 1, 1), (64, 64, 1, 1), (64, 64, 2, 1), (6, 6, 1, 6)])
@np.errstate(invalid="ignore")  # BLAS raises the flag for lanes it does not use
def test_not_a_number_goes_where_the_reference_puts_it(dtype, value, c, f, stride, groups):
    size = (19, 27)  # more windows than Winograd needs at least
    options = ((stride, stride), (1, 1), (1, 1), groups)
    x, weight, bias, grad = make(3, 2, c, size, f, (3, 3), options, dtype)
    weight, grad = np.abs(weight) + 0.1, np.abs(grad) + 0.1  # no inf - inf
    for image, channel, row, column in [(1, 2, 4, 6), (0, 0, 0, 0), (1, c - 1, 18, 26)]:
        bad, bad_grad = x.copy(), grad.copy()
        bad[image, channel, row, column] = value
        bad_grad[image, channel, row // stride, column // stride] = value
        pairs = [
            (kernels.conv.conv2d(bad, weight, bias, *options), reference.conv2d(bad, weight, bias, *options)),
            (
                kernels.conv.conv2d_input_grad(bad_grad, weight, size, *options),
                reference.conv2d_input_grad(bad_grad, weight, size, *options),
            ),
            (
                kernels.conv.conv2d_weight_grad(bad_grad, x, (3, 3), *options),
                reference.conv2d_weight_grad(bad_grad, x, (3, 3), *options),
            ),
            (
                kernels.conv.conv2d_weight_grad(grad, bad, (3, 3), *options),
                reference.conv2d_weight_grad(grad, bad, (3, 3), *options),
            ),
            (kernels.conv.conv2d_bias_grad(bad_grad), reference.conv2d_bias_grad(bad_grad)),
        ]
        for got, expected in pairs:
            finite, got_finite = np.isfinite(expected), np.isfinite(got)
            assert not finite.all()
            if (
                c == 64 and stride == 1 and got.shape == weight.shape
            ):  # Winograd: all nine taps of its filter or channel
                assert not (got_finite & ~finite).any()
                finite, got_finite = finite.all((2, 3)), got_finite.all((2, 3))
            np.testing.assert_array_equal(got_finite, finite)


@pytest.mark.parametrize("module", [kernels.conv, reference], ids=["kernels", "reference"])
def test_empty_batch(module):
    x, weight, bias, grad = make(4, 0, 3, (8, 8), 5, (3, 3), PLAIN, np.float32)
    out, input_grad, weight_grad, bias_grad = run_all(module, x, weight, bias, grad, PLAIN)
    assert out.shape == (0, 5, 8, 8)
    assert input_grad.shape == x.shape
    np.testing.assert_array_equal(weight_grad, np.zeros_like(weight))
    np.testing.assert_array_equal(bias_grad, np.zeros_like(bias))


@pytest.mark.parametrize("c, f, kernel, padding", [(3, 4, (3, 3), 1), (40, 40, (1, 1), 0), (64, 64, (3, 3), 1)])
def test_read_only_and_strided_input(c, f, kernel, padding):
    options = ((1, 1), (padding, padding), (1, 1), 1)
    arguments = make(5, 2, c, (6, 10), f, kernel, options, np.float32)
    expected = run_all(kernels.conv, *arguments, options)
    frozen = [a.copy() for a in arguments]
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] for a in arguments]
    for a in frozen:
        a.flags.writeable = False
    for variant in (frozen, strided):
        for got, one in zip(run_all(kernels.conv, *variant, options), expected, strict=True):
            np.testing.assert_array_equal(got, one)
    for a, b in zip(frozen, arguments, strict=True):
        np.testing.assert_array_equal(a, b)


def test_results_do_not_share_memory():
    x, weight, bias, grad = make(6, 1, 3, (8, 8), 4, (3, 3), PLAIN, np.float32)
    first = run_all(kernels.conv, x, weight, bias, grad, PLAIN)
    kept = [a.copy() for a in first]
    run_all(kernels.conv, x + 1, weight + 1, bias, grad + 1, PLAIN)
    for a, b in zip(first, kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_several_python_threads_at_once():
    problems_ = [make(seed, 1, 3 + 31 * (seed % 2), (16, 16), 40, (3, 3), PLAIN, np.float32) for seed in range(4)]
    expected = [run_all(kernels.conv, *problem, PLAIN) for problem in problems_]
    wrong = []

    def work(problem, right):
        for _ in range(10):
            got = run_all(kernels.conv, *problem, PLAIN)
            if not all(np.array_equal(a, b) for a, b in zip(got, right, strict=True)):
                wrong.append(problem)

    workers = [threading.Thread(target=work, args=pair) for pair in zip(problems_, expected, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


SHAPES = [(2, 64, (28, 28), 64), (1, 128, (16, 16), 128), (4, 16, (64, 64), 32), (1, 512, (14, 14), 512)]


@compiled_only
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.slow
def test_float32_error_is_at_most_twice_that_of_torch(shape, stride):
    torch = pytest.importorskip("torch")
    n, c, size, f = shape
    options = ((stride, stride), (1, 1), (1, 1), 1)
    x, weight, bias, grad = make(7, n, c, size, f, (3, 3), options, np.float32)
    exact = run_all(reference, *(a.astype(np.float64) for a in (x, weight, bias, grad)), options)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (x, weight, bias)]
    out = torch.nn.functional.conv2d(*tensors, stride=stride, padding=1)
    out.backward(torch.from_numpy(grad))
    theirs = [out.detach().numpy(), *(t.grad.numpy() for t in tensors)]
    for name, mine, their, right in zip(
        ("out", "input_grad", "weight_grad", "bias_grad"),
        run_all(kernels.conv, x, weight, bias, grad, options), theirs, exact, strict=True,
    ):  # fmt: skip
        my_error, their_error = (float(np.sqrt(np.mean((a - right) ** 2))) for a in (mine, their))
        assert my_error <= 2 * their_error + 1e-7, (name, my_error, their_error)
