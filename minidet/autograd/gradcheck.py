"""Is ``backward`` the derivative of ``forward``? Compare it with finite differences, in float64.

A random cotangent v turns a function of many outputs into one number, <v, f(x)>, whose gradient is v'J: one backward
pass checks the whole Jacobian J, since a wrong entry survives a random v with probability 0. For big inputs the finite
differences are taken along random directions too. ``mode="full"`` compares every entry of J, and says which is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import bad_argument, check_choice, flag, number, shown
from ..random import generator
from .from_data import tensor
from .grad_mode import no_grad
from .tensor import Tensor

DIRECTIONS = 8  # random directions per input that has more elements than MAX_COORDINATES
MAX_COORDINATES = 400
SEED = 271_828_182  # nobody draws inputs from it: a cotangent that equals the input hides errors, x / |x| has v'J = 0


class GradcheckError(AssertionError):
    """A gradient disagrees with finite differences; the message names the input, the index and both numbers."""


@dataclass(frozen=True)
class InputReport:
    """The largest disagreement for one input."""

    input: int
    max_error: float
    index: tuple[int, ...] | None
    analytical: float
    numerical: float


def gradcheck(fn, inputs, eps: float = 1e-6, atol: float = 1e-7, rtol: float = 1e-5, *, mode: str = "random",
              raise_exception: bool = True, rng: np.random.Generator | None = None) -> bool:  # fmt: skip
    """Check the gradients of ``fn`` against central differences.

    Passes if ``|analytical - numerical| <= atol + rtol * |numerical|`` everywhere, where
    ``numerical = (<v, fn(x + eps u)> - <v, fn(x - eps u)>) / (2 eps)``.

    Parameters
    ----------
    fn : callable
        Takes tensors, returns a tensor or a tuple of tensors. Integer outputs are ignored, and so are those that a
        Function declared constant by ``mark_non_differentiable``; any other output has to have its gradient.
    inputs : Tensor or sequence
        Those with ``requires_grad=True`` are checked, and have to be float64; anything else is passed as it is.
    eps, atol, rtol : float
        Step and tolerances.
    mode : {"random", "full"}
        One random cotangent ``v``, or one cotangent per output element (the full Jacobian).
    raise_exception : bool
        Raise :class:`GradcheckError` (default), or return False.
    rng : numpy.random.Generator, optional
        Source of cotangents and directions; a fixed seed by default.

    Returns
    -------
    bool
        True if every gradient agrees.
    """
    raise_exception = flag("gradcheck", "raise_exception", raise_exception)
    try:
        gradcheck_report(fn, inputs, eps, atol, rtol, mode=mode, rng=rng)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradcheck_report(fn, inputs, eps: float = 1e-6, atol: float = 1e-7, rtol: float = 1e-5, *, mode: str = "random",
                     rng: np.random.Generator | None = None) -> list[InputReport]:  # fmt: skip
    """Do what :func:`gradcheck` does, and return the largest error of every input."""
    check_choice("gradcheck", "mode", mode, ("random", "full"))
    eps, atol, rtol = (number("gradcheck", name, x, 0.0) for name, x in (("eps", eps), ("atol", atol), ("rtol", rtol)))
    if not callable(fn):
        raise bad_argument("gradcheck", "fn", f"is {shown(fn)}", "a function of tensors", error=TypeError)
    if not isinstance(inputs, (Tensor, tuple, list)):
        raise bad_argument("gradcheck", "inputs", f"is {shown(inputs)}", "a tensor or several", error=TypeError)
    rng = np.random.default_rng(SEED) if rng is None else generator(rng, "gradcheck")
    inputs = [_private_copy(i, value) for i, value in enumerate([inputs] if isinstance(inputs, Tensor) else inputs)]
    checked = [i for i, value in enumerate(inputs) if isinstance(value, Tensor) and value.requires_grad]
    if not checked:
        raise bad_argument("gradcheck", "inputs", "have no tensor with requires_grad=True", "at least one")
    fn = _differentiable(fn, inputs)
    outputs = fn(*inputs)
    worst = {i: InputReport(i, 0.0, None, 0.0, 0.0) for i in checked}

    def compare(cotangent, slopes):
        analytical = _backward(fn, inputs, checked, cotangent)
        for i in checked:
            report = _compare(i, analytical[i], slopes(i), atol, rtol)
            if report.max_error >= worst[i].max_error:
                worst[i] = report

    if mode == "random":
        cotangent = [rng.standard_normal(output.shape) for output in outputs]
        compare(cotangent, lambda i: _random_slopes(fn, inputs, i, cotangent, eps, rng))
    else:
        jacobians = {i: _jacobian(fn, inputs, i, outputs, eps) for i in checked}
        for row, cotangent in enumerate(_unit_cotangents(outputs)):
            compare(cotangent, lambda i, row=row: _coordinate_slopes(inputs[i].shape, jacobians[i][row]))
    return [worst[i] for i in checked]


def _private_copy(i: int, value):
    """Copy what is perturbed: the caller's tensors, and the graph they came from, stay as they are."""
    if not (isinstance(value, Tensor) and value.requires_grad):
        return value
    if value.dtype != np.float64:
        why = "finite differences need the digits of double precision"
        raise bad_argument("gradcheck", f"input {i}", f"has dtype {value.dtype}", "float64", why, TypeError)
    return tensor(value.detach().numpy(), requires_grad=True)


def _differentiable(fn, inputs):
    """Return ``fn`` without the outputs that have no gradient: integers, and what was declared constant.

    That is seen where ``fn`` is recorded; which outputs they are holds for the calls that are not.
    """
    kept = [i for i, out in enumerate(_results(fn, inputs)) if out.dtype.kind == "f" and not out.is_declared_constant]
    if not kept:
        raise bad_argument("gradcheck", "fn", "returned no float tensor with a gradient", "at least one")

    def part(*args):
        results = _results(fn, args)
        return [results[i] for i in kept]

    return part


def _results(fn, inputs) -> list[Tensor]:
    result = fn(*inputs)
    results = result if isinstance(result, (tuple, list)) else [result]
    for out in results:
        if not isinstance(out, Tensor):
            was = f"returned a {type(out).__name__}"
            raise bad_argument("gradcheck", "fn", was, "a tensor or several", error=TypeError)
    return results


def _unit_cotangents(outputs):
    for which, output in enumerate(outputs):
        for index in np.ndindex(output.shape):
            cotangent = [np.zeros(other.shape) for other in outputs]
            cotangent[which][index] = 1.0
            yield cotangent


def _backward(fn, inputs, checked, cotangent) -> dict[int, np.ndarray]:
    for i in checked:
        inputs[i].grad = None
    for output, v in zip(fn(*inputs), cotangent, strict=True):
        if output.requires_grad:
            output.backward(v, retain_graph=True)
    return {
        i: np.zeros(inputs[i].shape) if inputs[i].grad is None else inputs[i].grad.numpy() for i in checked
    }  # no gradient arrived: the function is constant in this input, and finite differences have to agree


def _compare(i: int, analytical: np.ndarray, slopes, atol: float, rtol: float) -> InputReport:
    """Compare a gradient with finite differences: ``slopes`` yields (index, None or a direction, slope)."""
    worst = InputReport(i, 0.0, None, 0.0, 0.0)
    for index, direction, expected in slopes:
        got = float(analytical[index] if direction is None else np.vdot(analytical, direction))
        error = abs(got - expected)
        if not error <= atol + rtol * abs(expected):  # written so that NaN fails
            where = f"at index {index}" if index is not None else "along a random direction"
            raise GradcheckError(
                f"gradcheck: input {i} of shape {analytical.shape} has gradient {got:.10g} {where}, "
                f"expected {expected:.10g}: finite differences differ by {error:.3g}, "
                f"more than atol {atol:g} + rtol {rtol:g} * |expected|."
            )
        if error >= worst.max_error:
            worst = InputReport(i, error, index, got, expected)
    return worst


def _random_slopes(fn, inputs, i: int, cotangent, eps: float, rng: np.random.Generator):
    """Yield the slopes of <v, fn(x)>: along every coordinate of a small input, along some directions of a big one."""
    shape = inputs[i].shape
    if inputs[i].numel() <= MAX_COORDINATES:
        for index in np.ndindex(shape):
            yield index, None, _slope(fn, inputs, i, index, None, cotangent, eps)
    else:
        for _ in range(DIRECTIONS):
            direction = rng.standard_normal(shape)
            yield None, direction, _slope(fn, inputs, i, None, direction, cotangent, eps)


def _coordinate_slopes(shape: tuple[int, ...], row: np.ndarray):
    for index, expected in zip(np.ndindex(shape), row, strict=True):
        yield index, None, float(expected)


def _slope(fn, inputs, i, index, direction, cotangent, eps) -> float:
    """Return the central difference of <v, fn(x)> along one coordinate or one direction of input ``i``."""
    above, below = (
        sum(np.vdot(v, output) for v, output in zip(cotangent, outputs, strict=True))
        for outputs in _both_sides(fn, inputs, i, index, direction, eps)
    )
    return float(above - below) / (2 * eps)


def _jacobian(fn, inputs, i: int, outputs, eps: float) -> np.ndarray:
    """Return central differences of every output element (rows) by every element of input ``i`` (columns)."""
    jacobian = np.empty((sum(output.numel() for output in outputs), inputs[i].numel()))
    for column, index in enumerate(np.ndindex(inputs[i].shape)):
        above, below = _both_sides(fn, inputs, i, index, None, eps)
        difference = [(high - low).ravel() for high, low in zip(above, below, strict=True)]
        jacobian[:, column] = np.concatenate(difference) / (2 * eps)
    return jacobian


def _both_sides(fn, inputs, i, index, direction, eps) -> list[list[np.ndarray]]:
    """Return the outputs with ``eps`` added along one coordinate or one direction of input ``i``, then taken away."""
    before = inputs[i]._array.copy()
    step = np.zeros(before.shape)
    if direction is None:
        step[index] = eps
    else:
        step += eps * direction
    sides = []
    try:
        for move in (np.add, np.subtract):
            move(before, step, out=inputs[i]._write_array())
            with no_grad():  # copies: an output may be a view of the input
                sides.append([np.array(output._array) for output in fn(*inputs)])
    finally:
        np.copyto(inputs[i]._write_array(), before)
    return sides
