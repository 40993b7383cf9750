"""Operators and methods do what the functions do."""

import operator

import numpy as np
import pytest

import minidet
from minidet import Tensor
from minidet.autograd import OPERATIONS
from minidet.autograd.operations.methods import METHODS

ONLY_FUNCTIONS = {  # as in PyTorch: they make a tensor, or take several
    "arange", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "cat", "concatenate", "eye", "full", "full_like",
    "linspace", "ones", "ones_like", "rand", "randint", "randn", "randperm", "stack", "where", "zeros", "zeros_like",
}  # fmt: skip
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod]


def test_the_table_is_attached():
    assert all(getattr(Tensor, name) is method for name, method in METHODS.items())


def test_every_operation_is_a_method_too():
    assert set(OPERATIONS) - set(METHODS) == ONLY_FUNCTIONS


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("number", [3, 2.5, np.float32(1.5)])
def test_numbers_on_both_sides(op, number):
    x = minidet.tensor([1.0, 2.0, 4.0])
    np.testing.assert_allclose(op(x, number).numpy(), op(x.numpy(), number), 1e-6)
    np.testing.assert_allclose(op(number, x).numpy(), op(number, x.numpy()), 1e-6)
    assert op(number, x).dtype == np.float32


@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_with_numbers_on_both_sides(op):
    x = minidet.tensor([1, 2, 3])
    assert op(x, 2).tolist() == op(x.numpy(), 2).tolist()
    assert op(2, x).tolist() == op(2, x.numpy()).tolist()


def test_logic():
    a, b = minidet.tensor([True, True, False]), minidet.tensor([True, False, False])
    assert (a & b).tolist() == [True, False, False]
    assert (a | b).tolist() == [True, True, False]
    assert (a ^ b).tolist() == [False, True, False]
    assert (~a).tolist() == [False, False, True]
    assert (True & b).tolist() == [True, False, False]


def test_unary():
    x = minidet.tensor([-1.0, 2.0])
    assert (-x).tolist() == [1, -2]
    assert abs(x).tolist() == [1, 2]


def test_two_ways_to_name_a_shape():
    x = minidet.arange(6)
    assert x.reshape(2, 3).shape == x.reshape((2, 3)).shape == x.view([2, 3]).shape == (2, 3)
    y = x.reshape(1, 2, 3)
    assert y.permute(2, 0, 1).shape == y.permute((2, 0, 1)).shape == (3, 1, 2)
    assert y.expand(4, -1, -1).shape == y.expand((4, 2, 3)).shape == (4, 2, 3)
    assert y.flip(0, 1).shape == y.flip((0, 1)).shape


def test_contiguous():
    x = minidet.zeros(2, 3)
    assert x.is_contiguous()
    assert x.contiguous() is x
    assert not x.T.is_contiguous()
    assert x.T.contiguous().is_contiguous()
    assert not np.shares_memory(x.clone().numpy(), x.numpy())


def test_extrema_have_names():
    x = minidet.tensor([[1.0, 3.0], [5.0, 2.0]])
    assert x.max(1).values.tolist() == [3, 5]
    assert x.max(dim=1).indices.tolist() == [1, 0]
    values, indices = x.min(0, keepdim=True)
    assert values.tolist() == [[1, 2]]
    assert indices.dtype == np.int64


def test_random_numbers_follow_the_seed():
    draws = []
    for _ in range(2):
        minidet.manual_seed(7)
        draws.append([minidet.rand(3), minidet.randn(3), minidet.randint(10, (3,)), minidet.randperm(5)])
    for one, other in zip(*draws, strict=True):
        assert one.tolist() == other.tolist()
    rng = np.random.default_rng(7)
    assert minidet.rand(3, rng=rng).tolist() == draws[0][0].tolist()


def test_random_numbers_have_their_distribution():
    uniform, normal = minidet.rand(10_000), minidet.randn(100, 100, dtype=minidet.float64)
    assert uniform.dtype == np.float32
    assert normal.dtype == np.float64
    assert 0 <= uniform.min().item() < 0.01 < 0.99 < uniform.max().item() < 1
    assert abs(normal.mean().item()) < 0.05
    assert abs(normal.std().item() - 1) < 0.05
    assert sorted(minidet.randperm(50).tolist()) == list(range(50))
    assert set(minidet.randint(-2, 2, (200,)).tolist()) == {-2, -1, 0, 1}


def test_created_leaves_can_require_grad():
    for made in (minidet.zeros(2, requires_grad=True), minidet.full((2,), 1.5, requires_grad=True),
                 minidet.arange(2.0, requires_grad=True), minidet.randn(2, requires_grad=True),
                 minidet.ones_like(minidet.ones(2), requires_grad=True)):  # fmt: skip
        assert made.requires_grad
        assert made.is_leaf
