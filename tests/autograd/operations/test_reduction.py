"""Reductions over random axes, and the corners: ties, NaN, infinities, nothing to reduce."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import minidet
from minidet.autograd import gradcheck

NAMES = ("sum", "mean", "amax", "amin", "logsumexp", "var", "std")


@st.composite
def arrays_and_axes(draw):
    """Draw an array without ties, some of its axes (negative ones too), and keepdim."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    axes = tuple(axis - len(shape) if draw(st.booleans()) else axis for axis in axes)
    values = np.random.default_rng(draw(st.integers(0, 99))).permutation(int(np.prod(shape))).reshape(shape) / 7.0
    return values, (axes if draw(st.booleans()) else axes[0]), draw(st.booleans())


@given(arrays_and_axes(), st.sampled_from(NAMES))
def test_gradients(drawn, name):
    values, axes, keepdim = drawn
    count = values.size // max(np.sum(values, axis=axes, keepdims=True).size, 1)
    if name in ("var", "std") and count < 2:
        return  # NaN: see below
    x = minidet.tensor(values, requires_grad=True)
    assert gradcheck(lambda x: getattr(x, name)(axes, keepdim=keepdim), x)


@pytest.mark.parity
@given(arrays_and_axes(), st.sampled_from([*NAMES, "max", "min", "argmax", "argmin", "any", "all"]))
def test_parity(drawn, name):
    torch = pytest.importorskip("torch")
    values, axes, keepdim = drawn
    if name in ("max", "min", "argmax", "argmin", "any", "all"):
        axes = axes if isinstance(axes, int) else axes[0]
    count = values.size // max(np.sum(values, axis=axes, keepdims=True).size, 1)
    if name in ("var", "std") and count < 2:
        return
    x, t = minidet.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    got, expected = (getattr(value, name)(axes, keepdim=keepdim) for value in (x, t))
    if name in ("max", "min"):
        np.testing.assert_array_equal(got.indices.numpy(), expected.indices.numpy(), strict=True)
        got, expected = got.values, expected.values
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), 1e-12, 1e-12, strict=True)
    if expected.requires_grad:
        cotangent = np.random.default_rng(0).standard_normal(got.shape)
        got.backward(cotangent)
        expected.backward(torch.tensor(cotangent))
        np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), 1e-9, 1e-12)


def slopes(values, function):
    x = minidet.tensor(values, dtype=minidet.float64, requires_grad=True)
    function(x).backward()
    return x.grad.tolist()


class TestTies:
    def test_all_elements_share_evenly(self):
        assert slopes([1, 3, 3, 2], minidet.max) == slopes([1, 3, 3, 2], minidet.amax) == [0, 0.5, 0.5, 0]
        assert slopes([1, 1, 3, 2], minidet.min) == slopes([1, 1, 3, 2], minidet.amin) == [0.5, 0.5, 0, 0]

    def test_along_an_axis_the_picked_one_gets_all(self):
        assert slopes([1, 3, 3, 2], lambda x: x.max(0).values) == [0, 1, 0, 0]
        assert slopes([1, 1, 3, 2], lambda x: x.min(0).values) == [1, 0, 0, 0]

    def test_two_tensors_share_evenly(self):
        a, b = (minidet.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        (minidet.maximum(a, b) + minidet.minimum(a, b) * 10).sum().backward()
        assert a.grad.tolist() == b.grad.tolist() == [5.5, 5.5]

    def test_kinks(self):
        assert slopes([-1, 0, 1], lambda x: x.abs().sum()) == [-1, 0, 1]
        assert slopes([-2, -1, 0, 1, 2], lambda x: x.clamp(-1, 1).sum()) == [0, 1, 1, 1, 0]


class TestNotANumber:
    VALUES = (1.0, np.nan, 2.0)

    def test_is_the_largest_and_the_smallest(self):
        x = minidet.tensor(self.VALUES)
        for name in ("max", "min", "amax", "amin", "sum", "mean", "logsumexp"):
            assert np.isnan(getattr(x, name)(*([0] if name == "logsumexp" else [])).item()), name
        assert x.max(0).indices.item() == x.argmax().item() == x.min(0).indices.item() == x.argmin().item() == 1

    def test_gets_the_gradient(self):
        assert slopes(self.VALUES, minidet.max) == [0, 1, 0]

    def test_passes_elementwise(self):
        x = minidet.tensor(self.VALUES)
        for function in (
            minidet.abs,
            minidet.sqrt,
            minidet.exp,
            lambda x: x.clamp(0, 1),
            lambda x: minidet.maximum(x, x),
        ):
            assert np.isnan(function(x).numpy()).tolist() == [False, True, False]


class TestNothing:
    def test_sums_and_means(self):
        x = minidet.zeros(0, 3)
        assert x.sum().item() == 0
        assert x.sum(0).tolist() == [0, 0, 0]
        assert np.isnan(x.mean().item())
        assert x.logsumexp(0).tolist() == [-np.inf] * 3

    def test_too_few_for_a_variance(self):
        assert np.isnan(minidet.ones(1).var().item())
        assert np.isnan(minidet.ones(2, 2).std(correction=5).item())

    def test_no_spread(self):
        assert slopes([1, 1], minidet.std) == [0, 0]
        assert slopes([1, 1], minidet.var) == [0, 0]


class TestInfinities:
    def test_logsumexp(self):
        x = minidet.tensor([[-np.inf, -np.inf], [np.inf, 1], [-np.inf, 2]])
        assert x.logsumexp(1).tolist() == [-np.inf, np.inf, 2]

    @pytest.mark.parametrize("function, value, slope", [
        (minidet.log, 0.0, np.inf), (minidet.sqrt, 0.0, np.inf), (lambda x: x**0, 0.0, 0.0), (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0), (lambda x: x**0.5, 0.0, np.inf), (lambda x: 0**x, 0.0, 0.0), (minidet.exp, -1e9, 0.0),
        (lambda x: 0.0**x, 2.0, 0.0), (lambda x: 1 / x, 0.0, -np.inf), (minidet.sigmoid, -1e9, 0.0),
    ])  # fmt: skip
    def test_at_the_edge(self, function, value, slope):
        assert slopes(value, function) == slope


def test_float32_sums_keep_their_digits():
    x = minidet.full((1_000_000,), 0.1)
    assert abs(x.sum().item() - 100_000) < 0.5
    assert abs(x.mean().item() - 0.1) < 1e-6
    assert abs(x.reshape(1000, 1000).var().item()) < 1e-9


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [2, 3, 7, 49, 1000])
def test_equal_numbers_have_no_variance(dtype, count):
    """Not the square of the mean's last digit: exactly 0, as in PyTorch; and a far mean costs no digits."""
    x = np.full((count, 3), -2711.1626, dtype)
    assert (minidet.var(minidet.tensor(x), 0).numpy() == 0).all()
    assert (minidet.std(minidet.tensor(x)).numpy() == 0).all()
    near = np.arange(count, dtype=dtype)
    far = (near + dtype(2**20)).astype(dtype)
    np.testing.assert_allclose(
        minidet.var(minidet.tensor(far)).numpy(), np.var(near.astype(np.float64), ddof=1), rtol=1e-6
    )
