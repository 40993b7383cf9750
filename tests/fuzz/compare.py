"""One call in minidet, in NumPy and in PyTorch: the values, the gradients, and what must not change."""

from __future__ import annotations

import math
import warnings

import numpy as np

from minidet import Tensor

from .operation import Operation, arrays_of, as_tuple, replaced, torch

TOLERANCE = {"float32": 2e-4, "float64": 1e-8}
STEP = 1e-6


class Difference(AssertionError):
    """minidet differs from what is right; ``kind`` tells failures of one operation apart."""

    def __init__(self, kind: str, message: str):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def assert_call_agrees(operation: Operation, args: tuple, kwargs: dict) -> None:
    """Raise Difference unless a call gives what the reference and PyTorch give, in values and gradients."""
    declared = arrays_of((args, kwargs))
    made = [array.make() for array in declared]
    before = [array.copy() for array in made]
    try:
        outputs, leaves, grads = _ours(operation, declared, made, args, kwargs)
    except Exception as error:  # noqa: BLE001
        _refused(operation, before, declared, args, kwargs, error)
        return
    for array, copy in zip(made, before, strict=True):
        if not np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"):
            raise Difference("input", "an input was changed")
    try:
        expected = _reference(operation, before, args, kwargs)
    except (ValueError, IndexError) as error:
        raise Difference("takes what is illegal", str(error)) from error
    _same_values(operation, outputs, expected, before, args, kwargs)
    twin = _torch(operation, before, declared, args, kwargs) if operation.has_twin() else None
    if twin is not None:
        finite = all(np.isfinite(array).all() for array in before)
        _same_as_torch(operation, outputs, [] if operation.own_nan and not finite else grads, *twin)
    elif leaves and not operation.has_twin():  # what PyTorch refused has ties, kinks or rounding noise
        _same_slope(operation, before, declared, args, kwargs, grads, outputs)


def _ours(operation, declared, made, args, kwargs):
    """Return outputs as arrays (or Python values), the tensors that require grad, and their gradients."""
    tensors = [
        Tensor(array, requires_grad=what.grad and array.dtype.kind == "f")
        for array, what in zip(made, declared, strict=True)
    ]
    waiting = iter(tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = as_tuple(operation.minidet(*replaced(args, lambda _: next(waiting)),
                                             **replaced(kwargs, lambda _: next(waiting))))  # fmt: skip
        for result in results:
            if isinstance(result, Tensor) and result.requires_grad:
                result.backward(cotangent(result.shape, result.dtype), retain_graph=True)
    outputs = [result.detach().numpy() if isinstance(result, Tensor) else result for result in results]
    leaves = [tensor for tensor in tensors if tensor.requires_grad]
    grads = [np.zeros(leaf.shape, leaf.dtype) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    for leaf, grad in zip(leaves, grads, strict=True):
        if grad.shape != leaf.shape or grad.dtype != leaf.dtype:
            raise Difference("gradient's form", f"{grad.shape} {grad.dtype} for {leaf.shape} {leaf.dtype}")
    return outputs, leaves, grads


def cotangent(shape, dtype) -> np.ndarray:
    """Return the gradient that is sent back: no two elements alike, the same each time."""
    size = math.prod(shape)
    return (np.cos(np.arange(size) * 1.7 + 0.3) + 0.4).reshape(shape).astype(dtype)


def _refused(operation, arrays, declared, args, kwargs, error):
    """Accept an error in minidet's voice where the reference or PyTorch refuses too."""
    refusals = [_raises(lambda: _reference(operation, arrays, args, kwargs))]
    if operation.has_twin():
        refusals.append(_raises(lambda: _torch(operation, arrays, declared, args, kwargs, strict=True)))
    if not any(refusals) or not isinstance(error, (ValueError, TypeError, IndexError)):
        raise Difference(f"raises {type(error).__name__}", str(error)) from error


def _raises(call) -> bool:
    try:
        call()
    except Exception:  # noqa: BLE001
        return True
    return False


def _filled(arrays, args, kwargs, change):
    waiting = iter(arrays)
    return replaced(args, lambda _: change(next(waiting))), replaced(kwargs, lambda _: change(next(waiting)))


def _reference(operation, arrays, args, kwargs, dtype=None):
    """Return what the reference gives, computed in float64."""
    dtype = dtype or np.float64
    args, kwargs = _filled(
        arrays, args, kwargs, lambda array: array.astype(dtype) if array.dtype.kind == "f" else array.copy()
    )
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [np.asarray(value) for value in as_tuple(operation.reference(*args, **kwargs))]


def _torch(operation, arrays, declared, args, kwargs, strict=False):
    """Return PyTorch's outputs, dtypes and gradients; None where it refuses what minidet allows."""
    tensors = [torch.from_numpy(array.copy()).requires_grad_(what.grad and array.dtype.kind == "f")
               for array, what in zip(arrays, declared, strict=True)]  # fmt: skip
    waiting = iter(tensors)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = as_tuple(operation.pytorch(*replaced(args, lambda _: next(waiting)),
                                                 **replaced(kwargs, lambda _: next(waiting))))  # fmt: skip
            for result in results:
                if isinstance(result, torch.Tensor) and result.requires_grad:
                    grad = torch.from_numpy(cotangent(tuple(result.shape), result.detach().numpy().dtype))
                    result.backward(grad, retain_graph=True)
    except Exception:
        if strict:
            raise
        return None
    outputs = [result.detach().numpy() if isinstance(result, torch.Tensor) else result for result in results]
    leaves = [tensor for tensor in tensors if tensor.requires_grad]
    return outputs, [np.zeros(tuple(x.shape)) if x.grad is None else x.grad.numpy() for x in leaves]


def _same_values(operation, outputs, expected, arrays, args, kwargs):
    if len(outputs) != len(expected):
        raise Difference("count", f"{len(outputs)} results, expected {len(expected)}")
    for place, (got, right) in enumerate(zip(outputs, expected, strict=True)):
        problem = differs(got, right, operation.loose)
        if problem and operation.steps:
            problem = differs(got, _reference(operation, arrays, args, kwargs, np.float32)[place], operation.loose)
        if problem:
            raise Difference(f"result {place}", problem)


def _same_as_torch(operation, outputs, grads, theirs, their_grads):
    if len(outputs) != len(theirs):
        raise Difference("count", f"{len(outputs)} results, PyTorch has {len(theirs)}")
    for place, (got, right) in enumerate(zip(outputs, theirs, strict=True)):
        problem = differs(got, right, operation.loose)
        if problem:
            raise Difference(f"result {place} and PyTorch's", problem)
        if np.asarray(got).dtype != np.asarray(right).dtype:
            raise Difference(f"dtype of result {place}", f"{np.asarray(got).dtype}, PyTorch's is {right.dtype}")
    rough = any(np.asarray(array).dtype == np.float32 for array in (*outputs, *grads))  # added up in float32
    for place, (got, right) in enumerate(zip(grads, their_grads, strict=False)):
        loose = TOLERANCE["float32"] / TOLERANCE["float64"] if rough and got.dtype == np.float64 else 1.0
        problem = differs(got, right, operation.loose * loose)
        if problem:
            raise Difference(f"gradient {place} and PyTorch's", problem)


def differs(got, right, loose: float = 1.0) -> str:
    """Say how two arrays differ, "" where they do not. NaN equals NaN."""
    got, right = np.asarray(got), np.asarray(right)
    if got.shape != right.shape:
        return f"shape {got.shape}, expected {right.shape}"
    if not got.size:
        return ""
    if got.dtype.kind != "f":
        wrong = got != (right.astype(got.dtype) if right.dtype.kind in "iu" else right)
    else:
        limit = TOLERANCE[got.dtype.name] * loose
        with np.errstate(all="ignore"):
            a, b = got.astype(np.float64), right.astype(got.dtype).astype(np.float64)
            finite = np.abs(b[np.isfinite(b)])
            scale = max(1.0, float(finite.max())) if finite.size else 1.0
            close = np.isfinite(b) & (np.abs(a - b) <= limit * np.abs(b) + limit * scale)
            wrong = ~(close | (a == b) | (np.isnan(a) & np.isnan(b)))
    if not wrong.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{np.count_nonzero(wrong)} of {got.size} differ: at {place} {got[place]!s}, expected {right[place]!s}"


def _same_slope(operation, arrays, declared, args, kwargs, grads, outputs):
    """Compare gradients with the reference's slope in a random direction: where PyTorch has no twin, or is absent."""
    if any(
        what.values in ("special", "whole", "whole boxes", "wide", "places")
        for what in declared
        if what.dtype.startswith("float")
    ):
        return
    if any(what.layout == "stretched" for what in declared):
        return  # equal numbers are ties
    if any(array.dtype == np.float32 for array in arrays):
        return  # differences drown in rounding
    rng = np.random.default_rng(0)
    places = [i for i, what in enumerate(declared) if what.grad and what.dtype.startswith("float")]
    for place, grad in zip(places, grads, strict=True):
        direction = rng.standard_normal(arrays[place].shape)
        ends = []
        for sign in (1, -1):
            moved = [array + sign * STEP * direction if i == place else array for i, array in enumerate(arrays)]
            values = _reference(operation, moved, args, kwargs)
            ends.append(sum(float((value * cotangent(value.shape, np.float64)).sum())
                            for value, out in zip(values, outputs, strict=True)
                            if getattr(out, "dtype", np.dtype(int)).kind == "f"))  # fmt: skip
        slope, expected = float((grad * direction).sum()), (ends[0] - ends[1]) / (2 * STEP)
        scale = max(1.0, abs(expected), float(np.abs(grad).max(initial=0)))
        agree = abs(slope - expected) <= 1e-4 * scale or (np.isnan(slope) and np.isnan(expected))
        if not agree:
            raise Difference(f"gradient {place} and the slope", f"{slope}, expected {expected}")
