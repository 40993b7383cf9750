"""Vectors of length 1, and vectors that cannot be made so: zeros, ties, NaN, infinity."""

import numpy as np
import pytest

import minidet
from minidet.nn import functional as F

VECTORS = {
    "zeros": [[0.0, 0.0, 0.0], [1.0, 0.0, -2.0]],
    "ties": [[2.0, -2.0, 1.0], [3.0, 3.0, 3.0]],
    "nan": [[np.nan, 1.0, 2.0], [1.0, 2.0, 3.0]],
    "infinity": [[np.inf, 1.0, 2.0], [1.0, -np.inf, np.inf]],
    "tiny": [[1e-30, 1e-31, 0.0], [1e-12, 0.0, 0.0]],
}
GRAD = [[1.0, 2.0, -3.0], [0.5, -1.0, 4.0]]


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, np.inf])
@pytest.mark.parametrize("name", VECTORS)
def test_parity(name, p, dtype):
    torch = pytest.importorskip("torch")
    x, grad = np.array(VECTORS[name], dtype), np.array(GRAD, dtype)
    ours, theirs = minidet.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, expected = F.normalize(ours, p), torch.nn.functional.normalize(theirs, p)
    out.backward(minidet.tensor(grad))
    expected.backward(torch.tensor(grad))
    rtol = 1e-5 if dtype == "f" else 1e-12
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol)
    size = np.abs(theirs.grad.numpy()[np.isfinite(theirs.grad.numpy())]).max(initial=0)
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol, rtol * size)


def test_a_nan_has_no_finite_gradient():
    x = minidet.tensor([[np.nan, 1.0], [3.0, 4.0]], requires_grad=True)
    F.normalize(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[np.nan, np.nan], [0.032, -0.024]], 1e-5)
