"""Infinity and NaN are results: no operation warns of them (here every warning is an error), and NumPy still does."""

import contextvars
import threading

import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import nn, tensor
from minidet.autograd import Function, float_errors

INF, NAN, LARGE = np.inf, np.nan, 3e38


def t(*values):
    return tensor([float(value) for value in values])


def accumulated():
    x = tensor([1.0], requires_grad=True)
    for _ in range(2):
        (x * LARGE).backward()
    return x.grad


def loaded():
    layer = nn.Linear(1, 1)
    layer.load_state_dict({"weight": np.array([[1e300]]), "bias": np.zeros(1)})
    return layer.weight.reshape(1)


def followed():
    mean, var = t(0), t(1)
    F.batch_norm(tensor(np.array([[1e30], [-1e30]], np.float32)), mean, var, training=True)
    return var


RESULTS = {
    "add": (lambda: t(LARGE) + t(LARGE), INF),
    "sub": (lambda: t(INF) - t(INF), NAN),
    "mul": (lambda: t(LARGE) * 10, INF),
    "mul by 0": (lambda: t(INF) * 0, NAN),
    "mul by what is too large": (lambda: t(0) * 1e300, NAN),
    "too large by mul": (lambda: 1e300 * t(-1), -INF),
    "add what is too large": (lambda: t(0) + np.float64(1e300), INF),
    "div": (lambda: t(1) / 0, INF),
    "floor_divide": (lambda: t(1) // 0, INF),
    "remainder": (lambda: t(INF) % 2, NAN),
    "pow": (lambda: t(LARGE) ** 2, INF),
    "matmul": (lambda: t(LARGE) @ t(10), INF),
    "exp": (lambda: t(LARGE).exp(), INF),
    "log": (lambda: t(0, -1).log().sum(), NAN),
    "sqrt": (lambda: t(-1).sqrt(), NAN),
    "sigmoid": (lambda: t(-LARGE).sigmoid(), 0),
    "sum": (lambda: t(INF, -INF).sum(), NAN),
    "mean": (lambda: t(LARGE, LARGE).mean(), INF),
    "var": (lambda: t(1e30, -1e30).var(), INF),
    "logsumexp": (lambda: t(-INF, -INF).logsumexp(0), -INF),
    "float": (lambda: tensor([1e300], dtype=minidet.float64).float(), INF),
    "long": (lambda: t(NAN).long() * 0, 0),
    "tensor": (lambda: tensor(1e300), INF),
    "tensor of a list": (lambda: tensor([1e300]), INF),
    "tensor with a dtype": (lambda: tensor(np.array([1e300]), dtype=minidet.float32), INF),
    "full": (lambda: minidet.full((1,), 1e300), INF),
    "add_": (lambda: t(LARGE).add_(LARGE), INF),
    "copy_": (lambda: t(0).copy_(tensor(np.array([1e300]))), INF),
    "leaky_relu": (lambda: F.leaky_relu(t(-INF), 0.0), NAN),
    "softplus": (lambda: F.softplus(t(LARGE), 2.0) / t(LARGE), 1),
    "softmax": (lambda: F.softmax(t(INF, 1), 0)[0], NAN),
    "linear": (lambda: F.linear(t(LARGE), t(10).reshape(1, 1), t(-INF)), NAN),
    "mse_loss": (lambda: F.mse_loss(t(LARGE), t(-LARGE)), INF),
    "l1_loss": (lambda: F.l1_loss(t(INF), t(INF)), NAN),
    "binary_cross_entropy_with_logits": (lambda: F.binary_cross_entropy_with_logits(t(INF), t(1)), NAN),
    "normalize": (lambda: F.normalize(t(LARGE), dim=0), 0),
    "dropout": (lambda: F.dropout(minidet.full((64,), INF)).sum(), NAN),
    "gradients that add up": (accumulated, INF),
    "load_state_dict": (loaded, INF),
    "running variance": (followed, INF),
}


@pytest.mark.parametrize("name", RESULTS)
def test_no_warning(name):
    call, expected = RESULTS[name]
    with np.errstate(all="raise"):  # whatever the caller has chosen
        result = call()
    np.testing.assert_equal(result.item(), expected)


def test_numpy_warns_as_before():
    assert (t(LARGE) + t(LARGE)).item() == INF
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.full(2, LARGE, np.float32) * np.float32(10)


def test_also_after_an_error():
    class Broken(Function):
        @staticmethod
        def forward(ctx, x):
            raise ZeroDivisionError

    before = np.geterr()
    with pytest.raises(ZeroDivisionError):
        Broken.apply(t(1))
    assert np.geterr() == before


def test_in_other_threads():
    results = []
    thread = threading.Thread(target=lambda: results.append(t(LARGE) * 10))
    thread.start()
    thread.join()
    assert results[0].item() == INF


def test_the_short_way_is_found_and_the_long_way_does_the_same():
    assert isinstance(float_errors.reaction, contextvars.ContextVar)
    before, long_way = np.geterr(), float_errors._Errstate()
    token = long_way.set("ignore")
    assert set(np.geterr().values()) == {"ignore"}
    long_way.reset(token)
    assert np.geterr() == before
