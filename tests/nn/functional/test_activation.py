"""What the rows of the table leave out: kinks, infinity and NaN."""

import numpy as np
import pytest

import minidet
from minidet.nn import functional as F

EDGES = [np.nan, np.inf, -np.inf, 0.0, 6.0, 3.0]


def slopes(function, values=EDGES):
    x = minidet.tensor(values, requires_grad=True)
    function(x).sum().backward()
    return x.grad.numpy()


def test_relu6_lets_the_gradient_through_where_it_is_neither_below_nor_above():
    np.testing.assert_array_equal(slopes(F.relu6), [1, 0, 0, 0, 0, 1])


@pytest.mark.parity  # without relu6: at NaN, PyTorch's gradient depends on how long the array is
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "softplus"])
def test_edges_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    x = torch.tensor(EDGES, requires_grad=True)
    getattr(torch.nn.functional, name)(x).sum().backward()
    np.testing.assert_allclose(slopes(getattr(F, name)), x.grad.numpy(), 1e-6)
