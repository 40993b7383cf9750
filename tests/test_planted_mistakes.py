"""The check is checked: mistakes planted in every backward of every row of the table must fail gradcheck.

A mistake is planted in one gradient that one ``backward`` returns. Some change nothing (to roll a gradient whose
elements are all equal, say); those are known by what arrives at the inputs. Every other one has to be caught.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minidet import Tensor
from minidet.autograd.gradcheck import gradcheck

from .table.collect import Subject, as_arrays, as_tensors, gradients, graph_of, over_rows


def one_missing(gradient):
    """Forget the largest element, as a kernel does whose loop ends too early."""
    changed = gradient.copy()
    if changed.size:
        changed[np.unravel_index(np.abs(changed).argmax(), changed.shape)] = 0
    return changed


MISTAKES = {
    "sign": lambda gradient: -gradient,
    "rolled by one": lambda gradient: np.roll(gradient, 1),
    "transposed": lambda gradient: np.reshape(gradient.T.copy(), gradient.shape),
    "one element missing": one_missing,
    "counted twice": lambda gradient: gradient * 2,
}


def plant(monkeypatch, function, argument, mistake):
    """Make the first call of a backward that this can spoil return one wrong gradient.

    Returns a list to which every call of the backward adds how many elements that gradient has.
    """
    right, done, sizes = function.backward, [], []

    def wrong(ctx, *grads):
        result = right(ctx, *grads)
        several = isinstance(result, tuple)
        values = list(result) if several else [result]
        if not done and values[argument] is not None:
            value = np.asarray(values[argument])
            sizes.append(value.size)
            values[argument] = mistake(value)
            done.extend([None] * (not np.array_equal(values[argument], value)))
        return tuple(values) if several else values[0]

    monkeypatch.setattr(function, "backward", staticmethod(wrong))
    return sizes


def remembered(slope):
    """Take each finite difference once: no mistake of backward changes it, and gradcheck repeats its directions."""
    known = {}

    def lookup(fn, inputs, i, index, direction, cotangent, eps):
        key = i, index, None if direction is None else direction.tobytes()
        if key not in known:
            known[key] = slope(fn, inputs, i, index, direction, cotangent, eps)
        return known[key]

    return lookup


def shows(before, after) -> bool:
    """Tell whether two lists of gradients differ by more than gradcheck forgives."""
    return any((np.abs(a - b) > 1e-6 + 1e-4 * np.abs(a)).any() for a, b in zip(before, after, strict=True))


@pytest.mark.slow
@over_rows(lambda row: row.smooth)
def test_gradcheck_catches_planted_mistakes(row, rng, monkeypatch):
    arrays = as_arrays(row.inputs(rng))
    subject = Subject(row)
    leaves = [*as_tensors(arrays), *subject.parameters().values()]
    function = subject.with_parameters(len(arrays))
    outputs = function(*leaves)
    if not any(out.numel() for out in outputs):
        pytest.skip("nothing comes out, so nothing can be wrong")
    if not graph_of(outputs):
        pytest.skip("nothing is computed, so nothing can be wrong")
    places = {(node.function, i) for node in graph_of(outputs) for i, edge in enumerate(node.edges) if edge is not None}
    assert {place[0] for place in places} >= set(row.functions), "the row is not about these Functions"
    if row.functions:
        places = {place for place in places if place[0] in row.functions}

    def all_gradients():
        fresh = [Tensor(leaf.detach().numpy(), requires_grad=leaf.requires_grad) for leaf in leaves]
        return gradients(function(*fresh), [leaf for leaf in fresh if leaf.requires_grad])

    module = importlib.import_module("minidet.autograd.gradcheck")
    monkeypatch.setattr(module, "_slope", remembered(module._slope))
    assert gradcheck(function, leaves)
    right = all_gradients()
    for operation, argument in sorted(places, key=lambda place: (place[0].__name__, place[1])):
        caught = 0
        for name, mistake in MISTAKES.items():
            with monkeypatch.context() as patch:
                sizes = plant(patch, operation, argument, mistake)
                visible = shows(right, all_gradients())
            if not visible:
                continue
            with monkeypatch.context() as patch:
                plant(patch, operation, argument, mistake)
                passes = gradcheck(function, leaves, raise_exception=False)
            assert not passes, f"gradcheck passes: {name}, gradient {argument} of {operation.__name__}"
            caught += 1
        flat = not shows(right, [0 * gradient for gradient in right])  # x**0, say
        empty = sizes and not any(sizes)  # a layer without input features, say
        assert caught or flat or empty, f"no mistake in gradient {argument} of {operation.__name__} changes anything"
