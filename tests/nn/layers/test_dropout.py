"""Dropout: what share is dropped, in which shapes, and when."""

import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import nn, tensor


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_and_scale(p):
    out = F.dropout(tensor(np.ones(100_000, np.float32)), p).numpy()
    assert out.dtype == np.float32
    assert abs((out == 0).mean() - p) < 0.01
    np.testing.assert_allclose(out[out != 0], 1 / (1 - p), rtol=1e-6)
    assert abs(out.mean() - 1) < 0.05


def test_whole_channels():
    out = F.dropout2d(tensor(np.ones((8, 50, 3, 4))), 0.5).numpy()
    assert set(np.unique(out.reshape(8, 50, -1).std(axis=2))) == {0.0}
    assert 0.3 < (out[:, :, 0, 0] == 0).mean() < 0.7


def test_gradient_is_dropped_at_the_same_places():
    x = tensor(np.ones((20, 20)), requires_grad=True)
    out = F.dropout(x, 0.3)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), out.detach().numpy())


@pytest.mark.parametrize("layer, shape", [(nn.Dropout, (2, 3)), (nn.Dropout2d, (2, 3, 4, 4))])
def test_layers(layer, shape):
    x = tensor(np.ones(shape))
    module = layer(0.5)
    assert module.eval()(x) is x
    assert layer(0.0)(x) is x
    assert not layer(1.0)(x).numpy().any()
    minidet.manual_seed(1)
    first = module.train()(x).tolist()
    minidet.manual_seed(1)
    assert module(x).tolist() == first
    assert layer(0.5, rng=np.random.default_rng(1))(x).tolist() == first


def test_not_training_draws_nothing():
    before = minidet.random.get_rng_state()
    F.dropout(tensor([1.0]), 0.5, training=False)
    assert minidet.random.get_rng_state() == before
