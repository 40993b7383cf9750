"""gradcheck finds wrong gradients, and says where they are."""

import re

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.autograd import Function, GradcheckError, gradcheck
from minidet.autograd.gradcheck import gradcheck_report


def doubles(rng, *shape):
    return minidet.tensor(rng.standard_normal(shape), requires_grad=True)


def times(slope):
    """Make a function that doubles, and claims that its derivative is ``slope(gradient)``."""

    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return slope(grad)

    return Twice.apply


def one_wrong(grad):
    out = 2 * grad
    out[1, 0] *= 1.001
    return out


def test_right_gradients_pass(rng):
    inputs = [doubles(rng, 2, 3), doubles(rng, 3)]
    for mode in ("random", "full"):
        assert gradcheck(lambda a, b: (a * b).exp(), inputs, mode=mode) is True


@pytest.mark.parametrize("mode", ["random", "full"])
def test_names_input_index_and_both_numbers(rng, mode):
    x = doubles(rng, 2, 2)
    with pytest.raises(GradcheckError) as error:
        gradcheck(lambda a, x: a + times(one_wrong)(x), [doubles(rng, 2, 2), x], mode=mode)
    message = str(error.value)
    assert "gradcheck: input 1 of shape (2, 2) has gradient" in message
    assert "at index (1, 0)" in message
    got, expected = map(float, re.search(r"gradient (\S+) at .* expected (\S+):", message).groups())
    assert got == pytest.approx(1.001 * expected, rel=1e-6)


@pytest.mark.parametrize("slope", [lambda g: -2 * g, lambda g: 4 * g, lambda g: 0 * g, lambda g: g * np.nan,
                                   lambda g: 2 * np.roll(g, 1), lambda g: 2 * g.T.reshape(g.shape)])  # fmt: skip
def test_wrong_gradients_fail(rng, slope):
    x = doubles(rng, 3, 2)
    assert not gradcheck(times(slope), x, raise_exception=False)
    assert not gradcheck(times(slope), x, mode="full", raise_exception=False)


def test_big_inputs_go_along_random_directions(rng):
    x = doubles(rng, 50, 50)
    assert gradcheck(lambda x: x.exp(), x)
    with pytest.raises(GradcheckError, match="along a random direction"):
        gradcheck(times(lambda g: g), x)


def test_a_missing_gradient_fails(rng):
    with pytest.raises(GradcheckError, match="has gradient -?0 at"):
        gradcheck(lambda x: x.detach() * 2 + x * 0, doubles(rng, 2))


def test_a_constant_passes(rng):
    assert gradcheck(lambda x: x.detach() * 0 + 3 + 0 * x, doubles(rng, 2))


class Centred(Function):
    """Returns ``x - mean`` and ``mean``, which ``declare`` may call constant."""

    declare = True
    axis = None

    @classmethod
    def forward(cls, ctx, x):
        mean = x.mean(axis=cls.axis)  # without an axis, a NumPy scalar
        if cls.declare:
            ctx.mark_non_differentiable(mean)
        return x - mean, mean

    @staticmethod
    def backward(ctx, grad, _):
        return grad - grad.mean(axis=ctx.function.axis)


class TestDeclaredConstant:
    """An output without a gradient is not compared if its Function said so, and only then."""

    @pytest.mark.parametrize("mode", ["random", "full"])
    @pytest.mark.parametrize("axis", [None, 0])
    def test_passes(self, rng, mode, axis):
        function = type("AlongAxis", (Centred,), {"axis": axis})
        assert gradcheck(function.apply, doubles(rng, 3, 2), mode=mode)
        assert gradcheck(lambda x: function.apply(x)[::-1], doubles(rng, 3, 2), mode=mode)

    @pytest.mark.parametrize("mode", ["random", "full"])
    def test_the_other_output_is_compared(self, rng, mode):
        wrong = type("Wrong", (Centred,), {"backward": staticmethod(lambda ctx, grad, _: grad)})
        assert not gradcheck(wrong.apply, doubles(rng, 3, 2), mode=mode, raise_exception=False)

    @pytest.mark.parametrize("mode", ["random", "full"])
    @pytest.mark.parametrize("fn", [
        type("Undeclared", (Centred,), {"declare": False}).apply,
        lambda x: (x * 2, (x * 3).detach()),
        lambda x: (x * 2, minidet.tensor(x.detach().numpy())),
        lambda x: (lambda centred, mean: centred * mean)(*Centred.apply(x)),
        lambda x: (lambda centred, mean: (centred, mean * 1))(*Centred.apply(x)),
    ])  # fmt: skip
    def test_undeclared_paths_fail(self, rng, mode, fn):
        with pytest.raises(GradcheckError):
            gradcheck(fn, doubles(rng, 3, 2), mode=mode)

    def test_through_a_module_with_a_backward_hook(self, rng):
        class Net(nn.Module):
            def forward(self, x):
                return x * 2, x.detach() * 3

        net = Net()
        net.register_full_backward_hook(lambda module, before, after: None)
        with pytest.raises(GradcheckError):
            gradcheck(net, doubles(rng, 2))
        net.forward = Centred.apply
        assert gradcheck(net, doubles(rng, 2))

    def test_one_output_has_to_have_a_gradient(self, rng):
        with pytest.raises(ValueError, match="gradcheck: fn returned no float tensor with a gradient, expected at"):
            gradcheck(lambda x: Centred.apply(x)[1], doubles(rng, 2))

    def test_such_an_output_is_an_ordinary_leaf(self, rng):
        mean = Centred.apply(doubles(rng, 3))[1]
        assert mean.is_declared_constant
        assert mean.is_leaf
        assert not mean.requires_grad
        mean.requires_grad_()
        (mean * mean * 2).backward()
        assert mean.grad.item() == pytest.approx(4 * mean.item())


def test_second_output_counts(rng):
    def function(x):
        return x * 1, times(lambda g: g)(x)

    with pytest.raises(GradcheckError):
        gradcheck(function, doubles(rng, 2))


def test_integer_outputs_and_inputs_are_left_out(rng):
    assert gradcheck(lambda x, i: tuple(x[i].max(0)), [doubles(rng, 4), minidet.tensor([1, 3])])


def test_empty(rng):
    for mode in ("random", "full"):
        assert gradcheck(lambda x: x * 2, doubles(rng, 0, 3), mode=mode)
        assert gradcheck(lambda x: x[:0], doubles(rng, 2), mode=mode)


def test_inputs_stay_as_they_are(rng):
    x = doubles(rng, 3)
    before = x.tolist()
    gradcheck(lambda x: x.exp(), x)
    assert x.tolist() == before
    assert x.grad is None
    assert x.version == 0


def test_an_error_while_perturbing_leaves_the_input(rng):
    x, calls = doubles(rng, 3), []

    def function(x):
        calls.append(1)
        if len(calls) > 3:
            raise ZeroDivisionError
        return x * 2

    with pytest.raises(ZeroDivisionError):
        gradcheck(function, x)


def test_a_cotangent_is_never_the_input():
    """Inputs from the seed that everybody takes: with the same numbers as cotangent, the slope of x / |x| would be 0."""
    x = minidet.tensor(np.random.default_rng(0).standard_normal(5), requires_grad=True)

    class Direction(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.x, ctx.length = x.copy(), np.sqrt(np.vdot(x, x))
            return x / ctx.length

        @staticmethod
        def backward(ctx, grad):
            out = ctx.x / ctx.length
            return -(grad - out * np.vdot(out, grad)) / ctx.length  # the sign is wrong

    assert not gradcheck(Direction.apply, x, raise_exception=False)


def test_report(rng):
    reports = gradcheck_report(lambda a, b: a * b, [doubles(rng, 2), doubles(rng, 2)])
    assert [report.input for report in reports] == [0, 1]
    assert all(0 < report.max_error < 1e-8 and report.index is not None for report in reports)


@pytest.mark.parametrize("call, error, message", [
    (lambda: gradcheck(lambda x: x, minidet.ones(2, requires_grad=True)), TypeError,
     "gradcheck: input 0 has dtype float32, expected float64"),
    (lambda: gradcheck(lambda x: x, minidet.ones(2)), ValueError, "gradcheck: inputs have no tensor with"),
    (lambda: gradcheck(lambda x: x, [], mode="quick"), ValueError, "gradcheck: mode is 'quick'"),
    (lambda: gradcheck(lambda x: 3.0, minidet.tensor(np.ones(2), requires_grad=True)), TypeError,
     "gradcheck: fn returned a float, expected a tensor or several"),
    (lambda: gradcheck(lambda x: (x, None), minidet.tensor(np.ones(2), requires_grad=True)), TypeError,
     "gradcheck: fn returned a NoneType"),
    (lambda: gradcheck(lambda x: x.argmax(), minidet.tensor(np.ones(2), requires_grad=True)), ValueError,
     "gradcheck: fn returned no float tensor"),
])  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
