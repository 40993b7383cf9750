"""Convolutions: every mix of options against PyTorch, and the transposed one against the one it transposes."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import minidet.nn.functional as F
from minidet import kernels, nn, tensor
from minidet.nn.functional import conv_checks


def sizes(axes, low, high):
    return st.tuples(*[st.integers(low, high)] * axes)


@st.composite
def problems(draw, transposed=False):
    """Draw a convolution: axes, shapes, options, and whether there are a batch and a bias."""
    axes = draw(st.sampled_from([1, 2]))
    kernel, stride = draw(sizes(axes, 1, 4)), draw(sizes(axes, 1, 3))
    padding, dilation = draw(sizes(axes, 0, 3)), draw(sizes(axes, 1, 3))
    groups = draw(st.integers(1, 3))
    channels, filters = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    image = draw(sizes(axes, 1, 8))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if transposed:
        extra = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
        options["output_padding"] = tuple(extra)
        lengths = [
            (n - 1) * s - 2 * p + k + e for n, s, p, k, e in zip(image, stride, padding, spans, extra, strict=True)
        ]
        assume(min(lengths) >= 1)
        weight = (channels, filters // groups, *kernel)
    else:
        assume(all(n + 2 * p >= span for n, p, span in zip(image, padding, spans, strict=True)))
        weight = (filters, channels // groups, *kernel)
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    bias = filters if draw(st.booleans()) else None
    return axes, (*batch, channels, *image), weight, bias, options


def run(function, make, arrays, options, cotangent):
    """Return the result and every gradient, computed by either library."""
    values = [None if array is None else make(array) for array in arrays]
    out = function(*values, **options)
    if cotangent is None:
        return [out.detach().numpy()]
    out.backward(cotangent(out))
    return [out.detach().numpy(), *(value.grad.numpy() for value in values if value is not None)]


def assert_agrees_with_pytorch(name, problem, dtype=np.float64):
    torch = pytest.importorskip("torch")
    axes, image, weight, bias, options = problem
    rng = np.random.default_rng(7)
    arrays = [None if shape is None else rng.standard_normal(shape).astype(dtype) for shape in (image, weight, bias)]
    drawn = {}

    def cotangent(out):
        return drawn.setdefault("v", rng.standard_normal(tuple(out.shape)).astype(dtype))

    ours = run(getattr(F, f"{name}{axes}d"), lambda a: tensor(a, requires_grad=True), arrays, options, cotangent)
    theirs = run(getattr(torch.nn.functional, f"{name}{axes}d"), lambda a: torch.tensor(a, requires_grad=True), arrays,
                 options, lambda out: torch.tensor(drawn["v"]))  # fmt: skip
    tolerance = 1e-10 if dtype == np.float64 else 2e-4
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, tolerance, tolerance * max(1.0, np.abs(other).max(initial=0)))


@pytest.mark.parity
@given(problems())
def test_conv_agrees_with_pytorch(problem):
    assert_agrees_with_pytorch("conv", problem)


@pytest.mark.parity
@given(problems(transposed=True))
def test_conv_transpose_agrees_with_pytorch(problem):
    assert_agrees_with_pytorch("conv_transpose", problem)


@pytest.mark.parity
@given(problems())
def test_conv_agrees_with_pytorch_in_single_precision(problem):
    assert_agrees_with_pytorch("conv", problem, np.float32)


@pytest.mark.parity
@given(problems(transposed=True))
def test_conv_transpose_agrees_with_pytorch_in_single_precision(problem):
    assert_agrees_with_pytorch("conv_transpose", problem, np.float32)


@given(problems())
def test_conv_transpose_is_the_adjoint_of_conv(problem):
    """<conv(x), y> = <x, conv_transpose(y)>, where output_padding brings back the size of x."""
    axes, image, weight, _, options = problem
    rng = np.random.default_rng(7)
    x, w = rng.standard_normal(image), rng.standard_normal(weight)
    y = rng.standard_normal(getattr(F, f"conv{axes}d")(x, w, **options).shape)
    geometry = zip(image[-axes:], y.shape[-axes:], weight[-axes:], *list(options.values())[:3], strict=True)
    extra = tuple(n - ((m - 1) * s - 2 * p + d * (k - 1) + 1) for n, m, k, s, p, d in geometry)
    back = getattr(F, f"conv_transpose{axes}d")(y, w, output_padding=extra, **options)
    forward = getattr(F, f"conv{axes}d")(x, w, **options)
    np.testing.assert_allclose(np.vdot(forward.numpy(), y), np.vdot(x, back.numpy()), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("length", [7, 8])
def test_output_size_undoes_a_convolution(axes, length):
    down = getattr(nn, f"Conv{axes}d")(2, 3, 3, 2, 1)
    up = getattr(nn, f"ConvTranspose{axes}d")(3, 2, 3, 2, 1)
    shape = (1, 2, *(length,) * axes)
    small = down(tensor(np.ones(shape, np.float32)))
    assert up(small, output_size=shape[2:]).shape == shape
    assert up(small, output_size=list(shape)).shape == shape
    assert up(small).shape == (1, 2, *(7,) * axes)


@pytest.mark.parametrize("kernel, dilation", [(1, 1), (2, 1), (3, 1), (4, 3), ((2, 5), (1, 2))])
@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_padding_same_is_pytorchs(kernel, dilation):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    kh, kw = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    x, w = rng.standard_normal((2, 2, 6, 5)), rng.standard_normal((3, 2, kh, kw))
    out = F.conv2d(x, w, padding="same", dilation=dilation)
    assert out.shape == (2, 3, 6, 5)
    expected = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), padding="same", dilation=dilation)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), 1e-10, 1e-12)


BUILD = [
    lambda nn: nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=2, dilation=2, bias=False)
    ),
    lambda nn: nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.ConvTranspose2d(6, 4, 4, 2, 1, groups=2)),
    lambda nn: nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 4, 5, 3), nn.LeakyReLU(), nn.ConvTranspose1d(4, 2, 3, 2)),
    lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(192, 10), nn.ReLU(), nn.Linear(10, 2, bias=False)),
]


@pytest.mark.parity
@pytest.mark.parametrize("build", BUILD)
def test_state_goes_to_pytorch_and_back(build):
    torch = pytest.importorskip("torch")
    ours, theirs = build(nn), build(torch.nn)
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    np.testing.assert_allclose(ours(tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), 1e-4, 1e-5)
    again = build(nn)
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in again.state_dict().items()})
    np.testing.assert_allclose(again(tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), 1e-4, 1e-5)


def test_only_the_gradients_that_are_needed(monkeypatch):
    """A frozen weight, or an image, costs no gradient."""
    asked = []

    def watch(name, kernel):
        monkeypatch.setattr(kernels.conv, name, lambda *args: asked.append(name) or kernel(*args))

    for name in ("conv2d", "conv2d_input_grad", "conv2d_weight_grad", "conv2d_bias_grad"):
        watch(name, getattr(kernels.conv, name))
    x, w = np.ones((1, 2, 5, 5)), np.ones((2, 2, 3, 3))
    F.conv2d(x, tensor(w, requires_grad=True)).sum().backward()
    assert asked == ["conv2d", "conv2d_weight_grad"]
    asked.clear()
    F.conv2d(tensor(x, requires_grad=True), w).sum().backward()
    assert asked == ["conv2d", "conv2d_input_grad"]
    asked.clear()
    F.conv_transpose2d(x, tensor(w, requires_grad=True)).sum().backward()
    assert asked == ["conv2d_input_grad", "conv2d_weight_grad"]
    asked.clear()
    F.conv_transpose2d(tensor(x, requires_grad=True), w).sum().backward()
    assert asked == ["conv2d_input_grad", "conv2d"]


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_a_change_of_the_weights_before_backward_is_noticed(name):
    x, w = tensor(np.ones((1, 2, 5, 5)), requires_grad=True), tensor(np.ones((2, 2, 3, 3)))
    out = getattr(F, name)(x, w).sum()
    w.zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


@pytest.mark.parametrize("function", [F.conv2d, F.conv_transpose2d])
def test_arguments_that_fitted_once_make_no_other_fit(function):
    x, w, b = (tensor(np.ones(shape, np.float32)) for shape in ((1, 2, 6, 6), (2, 2, 3, 3), (2,)))
    first = function(x, w, b, 1, (1, 1)).numpy()
    np.testing.assert_array_equal(function(x, w, b, 1, (1, 1)).numpy(), first)  # known by now
    for stride, padding in ((1.0, (1, 1)), (True, (1, 1)), (1, (1.0, 1)), (1, (True, 1))):  # all equal to what is known
        with pytest.raises(TypeError, match="stride|padding"):
            function(x, w, b, stride, padding)
    with pytest.raises(TypeError, match="float64"):
        function(x, tensor(w.numpy().astype(np.float64)), b, 1, (1, 1))
    with pytest.raises(ValueError, match="bias"):
        function(x, w, tensor(np.ones(3, np.float32)), 1, (1, 1))
    with pytest.raises(ValueError, match="weight"):
        function(tensor(np.ones((1, 3, 6, 6), np.float32)), w, b, 1, (1, 1))


def test_what_is_known_to_fit_is_limited(monkeypatch):
    monkeypatch.setattr(conv_checks, "_known", {})
    monkeypatch.setattr(conv_checks, "MOST_KNOWN", 3)
    w = tensor(np.ones((1, 1, 1, 1), np.float32))
    for side in range(1, 9):
        assert F.conv2d(tensor(np.ones((1, 1, side, 1), np.float32)), w).shape == (1, 1, side, 1)
        assert 1 <= len(conv_checks._known) <= 3


HUGE = 10**9


@pytest.mark.skipif(not kernels.jit.ENABLED, reason="the reference pads in memory")
@pytest.mark.parametrize(
    "function, image, weight, options, size",
    [
        (F.conv2d, (5, 5), (3, 2, 3, 3), {"stride": HUGE}, (1, 1)),
        (F.conv2d, (5, 5), (3, 2, 3, 3), {"stride": HUGE, "padding": HUGE}, (3, 3)),
        (F.conv2d, (5, 5), (40, 2, 3, 3), {"stride": HUGE, "padding": HUGE}, (3, 3)),
        (F.conv2d, (5, 5), (40, 2, 3, 3), {"dilation": HUGE, "padding": HUGE}, (5, 5)),
        (F.conv2d, (5, 5), (3, 2, 3, 3), {"dilation": HUGE - 1, "padding": HUGE, "stride": HUGE}, (1, 1)),
        (F.conv_transpose2d, (1, 1), (2, 3, 3, 3), {"stride": HUGE}, (3, 3)),
        (F.conv_transpose2d, (2, 2), (2, 3, 3, 3), {"stride": 800}, (803, 803)),
        (F.conv_transpose2d, (2, 2), (2, 3, 3, 3), {"stride": HUGE, "padding": HUGE // 2}, (3, 3)),
        (F.conv_transpose2d, (5, 5), (2, 3, 3, 3), {"stride": HUGE, "padding": 2 * HUGE}, (3, 3)),
        (F.conv_transpose2d, (5, 5), (2, 3, 3, 3), {"dilation": HUGE, "padding": HUGE, "output_padding": 3}, (8, 8)),
    ],
)
def test_huge_strides_paddings_and_dilations_cost_nothing(function, image, weight, options, size):
    """What meets no pixel takes no memory and no time; what meets one is summed as ever."""
    rng = np.random.default_rng(0)
    x = tensor(rng.integers(-3, 4, (1, 2, *image)).astype(np.float32), requires_grad=True)
    w = tensor(rng.integers(-3, 4, weight).astype(np.float32), requires_grad=True)
    out = function(x, w, **options)
    assert out.shape == (1, weight[1 if function is F.conv_transpose2d else 0], *size)
    out.sum().backward()
    total = float(out.sum().item())
    for one in (x, w):  # the sum is linear in each
        assert float((one.detach() * one.grad).sum().item()) == total


@pytest.mark.parametrize(
    "function, options, message",
    [
        (F.conv2d, {"padding": HUGE}, r"conv2d: input .*the result would have shape \(1, 2, 2000000003, 2000000003\)"),
        (F.conv2d, {"padding": 10**18}, "conv2d: padding is 10*, expected at most 2147483647"),
        (F.conv2d, {"stride": 10**18}, "conv2d: stride is 10*, expected at most"),
        (F.conv_transpose2d, {"dilation": (1, 10**18)}, r"conv_transpose2d: dilation is \(1, 10*\), expected at most"),
        (F.conv_transpose2d, {"stride": HUGE}, "conv_transpose2d: input .*the result would have shape"),
        (F.conv_transpose2d, {"padding": 4}, "conv_transpose2d: input .*a larger image or less padding.*size"),
    ],
)
def test_results_that_no_memory_holds_are_refused(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(np.zeros((1, 2, 5, 5), np.float32), np.zeros((2, 2, 3, 3), np.float32), **options)
