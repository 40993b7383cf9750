"""Which dtype operands meet in: PyTorch's answer for every pair; and broadcasting over random shapes."""

import itertools
import operator

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import minidet
from minidet import Tensor
from minidet.autograd import gradcheck

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
OPERATIONS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow,
    "floordiv": operator.floordiv, "mod": operator.mod, "lt": operator.lt, "eq": operator.eq,
}  # fmt: skip
OPERANDS = {
    **{f"{dtype} array": (lambda lib, dtype=dtype: lib.ones(2, dtype=getattr(lib, dtype))) for dtype in DTYPES},
    **{f"{dtype} 0-d": (lambda lib, dtype=dtype: lib.tensor(1, dtype=getattr(lib, dtype))) for dtype in DTYPES},
    "True": lambda lib: True, "3": lambda lib: 3, "2.5": lambda lib: 2.5,
}  # fmt: skip


def result(op, left, right, lib):
    """Return the result as an ndarray, or None where it raises."""
    try:
        return op(OPERANDS[left](lib), OPERANDS[right](lib)).numpy()
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return None


@pytest.mark.parity
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_pair_meets_where_pytorch_says(name):
    torch = pytest.importorskip("torch")
    for left, right in itertools.product(OPERANDS, OPERANDS):
        if isinstance(OPERANDS[left](minidet), Tensor) or isinstance(OPERANDS[right](minidet), Tensor):
            got, expected = (result(OPERATIONS[name], left, right, lib) for lib in (minidet, torch))
            if expected is None or (got is None and name in ("pow", "floordiv", "mod") and "bool" in left + right):
                continue  # booleans have no power and no remainder here
            assert got is not None, f"{left} {name} {right} raises"
            np.testing.assert_array_equal(got, expected, strict=True, err_msg=f"{left} {name} {right}")


def test_numpy_scalars_are_weak():
    x = minidet.ones(2)
    for scalar in (np.float64(2), np.int64(2), np.bool_(True)):
        assert (x * scalar).dtype == (scalar * x).dtype == np.float32
    assert (minidet.arange(2) * np.float64(0.5)).dtype == np.float32


def test_numpy_arrays_are_not():
    assert (minidet.ones(2) * np.ones(2)).dtype == np.float64


def test_gradients_come_back_in_the_dtype_of_each():
    x = minidet.ones(2, requires_grad=True)
    y = minidet.ones(2, dtype=minidet.float64, requires_grad=True)
    z = x * y
    assert z.dtype == np.float64
    z.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_a_0d_tensor_does_not_widen():
    x, scale = minidet.ones(2, requires_grad=True), minidet.tensor(2.0, dtype=minidet.float64, requires_grad=True)
    y = x * scale
    assert y.dtype == np.float32
    y.sum().backward()
    assert scale.grad.dtype == np.float64
    assert scale.grad.item() == 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "bool"])
def test_to(dtype):
    x = minidet.tensor([0.0, 1.9, -1.9])
    y = x.to(getattr(minidet, dtype))
    assert y.dtype == dtype
    assert (y is x) == (dtype == "float32")
    np.testing.assert_array_equal(y.numpy(), x.numpy().astype(dtype))


def test_short_names_of_dtypes():
    x = minidet.tensor([1.5])
    got = [getattr(x, name)().dtype for name in ("float", "double", "long", "int", "bool")]
    assert got == ["float32", "float64", "int64", "int32", "bool"]
    assert x.to(minidet.ones(1, dtype=minidet.float64)).dtype == np.float64


def test_gradient_through_a_change_of_dtype():
    x = minidet.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3, 3]


broadcastable = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3)


@given(broadcastable, st.sampled_from(["add", "sub", "mul", "div"]))
def test_broadcasting_has_the_right_adjoint(shapes, name):
    rng = np.random.default_rng(0)
    inputs = [minidet.tensor(rng.uniform(1, 2, shape), requires_grad=True) for shape in shapes.input_shapes]
    out = OPERATIONS[name](*inputs)
    assert out.shape == shapes.result_shape
    assert gradcheck(OPERATIONS[name], inputs)
    expected = OPERATIONS[name](*(x.detach().numpy() for x in inputs))
    np.testing.assert_array_equal(out.detach().numpy(), expected)


@given(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
def test_shapes_that_do_not_broadcast_raise(one, other):
    a, b = np.ones(one, np.float32), np.ones(other, np.float32)
    try:
        expected = np.broadcast_shapes(one, other)
    except ValueError:
        for op in (minidet.add, minidet.mul, minidet.maximum, minidet.eq):
            with pytest.raises(ValueError, match="expected a shape that broadcasts"):
                op(Tensor(a), Tensor(b))
    else:
        assert (Tensor(a) + Tensor(b)).shape == expected
