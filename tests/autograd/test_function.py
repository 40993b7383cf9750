"""A student's own operation."""

import numpy as np
import pytest

import minidet
from minidet import Tensor
from minidet.autograd import Function, gradcheck


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 2 * x * grad


class Scale(Function):
    """An argument that is no tensor, and one that may be missing."""

    @staticmethod
    def forward(ctx, x, factor, shift):
        ctx.factor = factor
        return factor * x + (0 if shift is None else shift)

    @staticmethod
    def backward(ctx, grad):
        return ctx.factor * grad, None, grad if ctx.needs_input_grad[2] else None


class SumAndArgmax(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x.sum(), x.argmax(), x * 1

    @staticmethod
    def backward(ctx, grad_sum, _, grad_copy):
        return grad_sum + grad_copy


def ones(*shape, **kwargs):
    return minidet.ones(*shape, dtype=minidet.float64, requires_grad=True, **kwargs)


def test_own_operation(rng):
    x = minidet.tensor(rng.standard_normal(3), requires_grad=True)
    y = Square.apply(x)
    assert repr(y).endswith("grad_fn=<Square>)")
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())
    assert gradcheck(Square.apply, [x])
    assert gradcheck(Square.apply, [x], mode="full")


def test_arguments_that_are_no_tensors(rng):
    x, shift = (minidet.tensor(rng.standard_normal(3), requires_grad=True) for _ in range(2))
    assert gradcheck(lambda x, shift: Scale.apply(x, -3, shift), [x, shift])
    assert gradcheck(lambda x: Scale.apply(x, -3, None), [x])


def test_several_outputs():
    x = ones(3)
    total, position, copy = SumAndArgmax.apply(x)
    assert total.requires_grad
    assert not position.requires_grad, "integers have no gradient"
    (total * 2 + copy.sum()).backward()
    assert x.grad.tolist() == [3, 3, 3]


def test_an_output_without_gradient_gets_zeros():
    x = ones(3)
    SumAndArgmax.apply(x)[0].backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_mark_non_differentiable():
    class Halves(Function):
        @staticmethod
        def forward(ctx, x):
            constant = np.sign(x)
            ctx.mark_non_differentiable(constant)
            return x / 2, constant

        @staticmethod
        def backward(ctx, grad, _):
            return grad / 2

    half, constant = Halves.apply(ones(2))
    assert half.requires_grad
    assert not constant.requires_grad


def test_without_gradient_nothing_is_kept():
    kept = []

    class Watch(Function):
        @staticmethod
        def forward(ctx, x):
            kept.append(ctx.needs_input_grad)
            return x * 1

    assert Watch.apply(minidet.ones(2)).grad_fn is None
    with minidet.no_grad():
        assert Watch.apply(ones(2)).grad_fn is None
    assert kept == [(False,), (False,)]


def broken(result):
    class Broken(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, grad):
            return result(grad)

    return lambda: Broken.apply(ones(2), ones(2)).sum().backward()


@pytest.mark.parametrize("result, message", [
    (lambda grad: grad, "Broken.backward: returned 1 gradients, expected 2: one for each argument"),
    (lambda grad: (grad, grad, grad), "Broken.backward: returned 3 gradients, expected 2"),
    (lambda grad: (grad, grad[:1]), "Broken.backward: the gradient of argument 1 has shape \\(1,\\), expected \\(2,"),
    (lambda grad: (grad.sum(), grad), "Broken.backward: the gradient of argument 0 has shape \\(\\), expected \\(2,"),
])  # fmt: skip
def test_wrong_gradients_are_reported(result, message):
    with pytest.raises(RuntimeError, match=message):
        broken(result)()


@pytest.mark.parametrize("returned, was", [
    (lambda x: None, "is a NoneType"), (lambda x: [x, x], "is a list"), (lambda x: "x", "is a str"),
    (np.fft.fft, "has dtype complex128"),
])  # fmt: skip
def test_wrong_results_are_reported(returned, was):
    class Mine(Function):
        forward = staticmethod(lambda ctx, x: returned(x))

    with pytest.raises(TypeError, match=f"Mine.forward: the result {was}, expected an array of numbers: "):
        Mine.apply(ones(2))


def test_results_may_be_numbers_or_tensors():
    class Mine(Function):
        forward = staticmethod(lambda ctx, x: (2.0, np.float64(2), minidet.as_tensor(x) * 2))

    python, scalar, tensor = Mine.apply(ones(2))
    assert (python.dtype, scalar.dtype, tensor.dtype) == ("float32", "float64", "float64")
    assert (python.item(), scalar.item(), tensor.tolist()) == (2, 2, [2, 2])


def test_none_in_place_of_zeros():
    class Both(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, first, second):
            assert second is None
            return first

    x = ones(2)
    Both.apply(x)[0].sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_an_argument_with_a_default_may_be_left_out():
    class Times(Function):
        @staticmethod
        def forward(ctx, x, factor=3):
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.factor, None

    x = ones(2)
    (Times.apply(x) + Times.apply(x, 4)).sum().backward()
    assert x.grad.tolist() == [7, 7]


def test_the_node_says_its_name():
    assert repr((ones(1) * 2).grad_fn) == "<Mul>"


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_missing_methods_are_reported(method):
    class Half(Function):
        forward = Function.forward if method == "forward" else staticmethod(lambda ctx, x: x * 1)

    with pytest.raises(NotImplementedError, match=f"{method}: not written"):
        Half.apply(ones(1)).backward()


def test_gradient_may_be_a_tensor_or_of_another_dtype():
    class Odd(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, grad):
            return Tensor(grad), grad.astype(np.float32)

    x, y = ones(2), ones(2)
    Odd.apply(x, y).sum().backward()
    assert x.grad.dtype == y.grad.dtype == np.float64


def test_numpy_scalars_become_0d_tensors():
    class Total(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.shape = x.shape
            return x.sum()  # a np.float64, no array

        @staticmethod
        def backward(ctx, grad):
            return np.broadcast_to(grad, ctx.shape)

    x = ones(2)
    y = Total.apply(x)
    assert y.shape == ()
    (y * y).backward()
    assert x.grad.tolist() == [4, 4]


def test_returning_the_input_makes_a_view():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad

    x = ones(2)
    y = Same.apply(x)
    assert y is not x
    with minidet.no_grad():
        y[0] = 5
    assert x.tolist() == [5, 1]
    assert x.version == 1
