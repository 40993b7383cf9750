"""Every operation on elements takes a tensor without axes, and returns one."""

import numpy as np
import pytest

import minidet
from minidet.nn import functional as F

ONE = {
    **{name: (getattr(F, name), name) for name in ("relu", "relu6", "leaky_relu", "softplus")},
    **{name: (getattr(minidet, name), name) for name in (
        "abs", "exp", "log", "sqrt", "tanh", "sigmoid", "neg", "sum", "mean", "amax", "amin", "max", "min")},
    "softmax": (lambda x: F.softmax(x, 0), lambda t, x: t.softmax(x, 0)),
    "log_softmax": (lambda x: F.log_softmax(x, 0), lambda t, x: t.log_softmax(x, 0)),
    "logsumexp": (lambda x: minidet.logsumexp(x, 0), lambda t, x: x.logsumexp(0)),
    "var": (lambda x: x.var(unbiased=False), lambda t, x: x.var(unbiased=False)),
    "sum over an axis": (lambda x: x.sum(0), lambda t, x: x.sum(0)),
    "clamp": (lambda x: x.clamp(0, 1), lambda t, x: x.clamp(0, 1)),
    "dropout": (lambda x: F.dropout(x, 0.0), lambda t, x: t.dropout(x, 0.0)),
}  # fmt: skip
LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
          "binary_cross_entropy_with_logits")  # fmt: skip


def both(library, value, call):
    x = library.tensor(np.float64(value)) if library is minidet else library.tensor(value, dtype=library.float64)
    x.requires_grad_()
    out = call(x)
    out.backward()
    return out.detach().numpy(), x.grad.numpy()


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12, strict=True)


@pytest.mark.parity
@pytest.mark.parametrize("value", [0.75, 7.0])
@pytest.mark.parametrize("name", ONE)
def test_of_one(name, value):
    torch = pytest.importorskip("torch")
    call, twin = ONE[name]
    if isinstance(twin, str):
        namespace = torch.nn.functional if hasattr(F, twin) and not hasattr(torch, twin) else torch
        known = getattr(namespace, twin)
        theirs = both(torch, value, known)
    else:
        theirs = both(torch, value, lambda x: twin(torch.nn.functional, x))
    assert_same(both(minidet, value, call), theirs)


@pytest.mark.parity
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, reduction):
    torch = pytest.importorskip("torch")
    ours = both(minidet, 0.75, lambda x: getattr(F, name)(x, np.array(0.25), reduction=reduction))
    target = torch.tensor(0.25, dtype=torch.float64)
    theirs = both(torch, 0.75, lambda x: getattr(torch.nn.functional, name)(x, target, reduction=reduction))
    assert_same(ours, theirs)
