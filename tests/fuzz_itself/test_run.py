"""Mistakes planted in minidet are found, made small, and printed so that they can be repeated."""

import io
import sys

import numpy as np
import pytest

from minidet import kernels
from minidet.autograd.operations import elementwise
from minidet.autograd.operations.arithmetic import Mul
from tests.fuzz import __main__, compare
from tests.fuzz.run import fuzz
from tests.fuzz.table import Array, Difference, assert_agrees


def failures(*names, count=300, seed=0):
    return fuzz(seed, 60, count, names, io.StringIO())


def plant(monkeypatch, function, method, wrong):
    monkeypatch.setattr(function, method, staticmethod(wrong))


def test_what_is_right_passes():
    assert failures("minidet.mul", "minidet.exp", "F.max_pool2d") == []


def test_a_wrong_backward_is_found_and_made_small(monkeypatch):
    right = Mul.backward

    def wrong(ctx, grad):
        a, b = right(ctx, grad)
        return a, None if b is None or b.ndim != 2 else -b

    plant(monkeypatch, Mul, "backward", wrong)
    found = failures("minidet.mul")[0]
    assert found.kind.startswith("gradient")
    first, second = found.args
    assert {first.shape, second.shape} <= {(1, 1), (1,), ()}
    assert (second.layout, second.dtype, second.values) == ("plain", "float64", "normal")
    assert "assert_agrees('minidet.mul', Array((" in str(found)
    with pytest.raises(Difference, match="gradient"):
        assert_agrees("minidet.mul", *found.args, **found.kwargs)


@pytest.mark.slow
def test_a_wrong_forward_is_found_and_made_small(monkeypatch):
    right = kernels.pool.max_pool2d

    def wrong(x, kernel, stride, *rest):
        values, indices = right(x, kernel, stride, *rest)
        return (values + 1 if stride[1] == 3 and x.shape[3] > 4 else values), indices

    monkeypatch.setattr(kernels.pool, "max_pool2d", wrong)
    (found,) = failures("F.max_pool2d", count=1000)
    assert found.kind == "result 0"
    assert found.args[0].shape[-1] == 5


def test_without_pytorch_a_wrong_backward_is_found_too(monkeypatch):
    monkeypatch.setattr("tests.fuzz.operation.torch", None)
    right = elementwise.Exp.backward
    plant(monkeypatch, elementwise.Exp, "backward", lambda ctx, grad: right(ctx, grad) * 1.01)
    (found,) = failures("minidet.exp")
    assert found.kind == "gradient 0 and the slope"


def test_a_changed_input_is_found(monkeypatch):
    def wrong(ctx, x):
        x.flags.writeable = True
        x[...] = 0
        return x + 1

    plant(monkeypatch, elementwise.Exp, "forward", wrong)
    kinds = {found.kind for found in failures("minidet.exp")}
    assert "input" in kinds


def test_an_exception_is_found_but_not_where_pytorch_refuses_too(monkeypatch):
    assert failures("minidet.amax") == []  # the largest of nothing is an error in both
    with pytest.raises(Difference, match="raises ValueError: exp: no"):
        monkeypatch.setattr(elementwise.Exp, "forward", staticmethod(_refuse))
        assert_agrees("minidet.exp", Array((2,)))


def _refuse(ctx, x):
    raise ValueError("exp: no")


def test_a_warning_is_found(monkeypatch):
    def wrong(ctx, x):
        import warnings

        warnings.warn("careful")
        return np.exp(x)

    plant(monkeypatch, elementwise.Exp, "forward", wrong)
    with pytest.raises(Difference, match="raises UserWarning: careful"):
        assert_agrees("minidet.exp", Array((2,)))


def test_the_same_seed_checks_the_same_calls(monkeypatch):
    def calls(seed):
        seen = []
        monkeypatch.setattr(
            "tests.fuzz.run.assert_call_agrees", lambda operation, args, kwargs: seen.append((args, kwargs))
        )
        failures("minidet.add", "F.linear", seed=seed, count=50)
        return repr(seen)

    first, again = calls(3), calls(3)
    assert first == again
    assert first != calls(4)


def test_differences_are_seen():
    assert compare.differs(np.ones(3), np.ones((3, 1)))
    assert compare.differs(np.ones(3), np.array([1, 1, 1.00001]))
    assert compare.differs(np.array([np.nan]), np.zeros(1))
    assert compare.differs(np.array([np.inf]), np.array([-np.inf]))
    assert compare.differs(np.array([1, 2]), np.array([1, 3])).startswith("1 of 2 differ: at (1,)")
    assert not compare.differs(np.ones(3, np.float32), np.array([1, 1, 1.00001]))
    assert not compare.differs(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))


@pytest.mark.parametrize("wrong, status", [(False, 0), (True, 1)])
def test_the_command_says_whether_it_found_something(wrong, status, monkeypatch, capsys):
    if wrong:
        right = elementwise.Exp.backward
        plant(monkeypatch, elementwise.Exp, "backward", lambda ctx, grad: right(ctx, grad) + 1)
    arguments = ["fuzz", "--count", "20", "--seed", "1", "2", "--only", "minidet.exp"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert __main__.main() == status
    out = capsys.readouterr().out
    assert "seed 2: 20 calls of 1 operations" in out
    assert ("from tests.fuzz.table import *; assert_agrees('minidet.exp'" in out) == wrong
