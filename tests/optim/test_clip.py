"""Gradient clipping."""

import math

import numpy as np
import pytest

from minidet.autograd.from_data import tensor
from minidet.optim import clip_grad_norm_


def parameters(*grads):
    made = []
    for grad in grads:
        grad = np.array(grad, np.float32)
        made.append(tensor(np.zeros_like(grad), requires_grad=True))
        made[-1].grad = tensor(grad)
    return made


@pytest.mark.parametrize(("norm_type", "norm"), [(2, 5.0), (1, 7.0), (math.inf, 4.0), (3, 91 ** (1 / 3))])
def test_norm_is_that_of_one_long_vector(norm_type, norm):
    params = [*parameters([[3.0]], [0.0, -4.0]), tensor([1.0], requires_grad=True)]
    total = clip_grad_norm_(params, 1.0, norm_type)
    assert total.item() == pytest.approx(norm, rel=1e-6)
    clipped = np.array([params[0].grad.item(), *params[1].grad.tolist()])
    np.testing.assert_allclose(clipped, np.array([3, 0, -4]) / norm, rtol=1e-5)


def test_short_gradients_stay_bit_for_bit():
    (param,) = parameters([0.1, 0.2])
    before = param.grad.tolist()
    clip_grad_norm_(param, 1.0)
    assert param.grad.tolist() == before


def test_nothing_to_clip():
    assert clip_grad_norm_([], 1.0).item() == 0
    assert clip_grad_norm_([tensor([1.0], requires_grad=True)], 1.0).item() == 0


def test_nonfinite():
    params = parameters([1.0, np.nan])
    with pytest.raises(RuntimeError, match="clip_grad_norm_: the norm of the gradients is nan"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad.tolist()[0] == 1.0
    assert math.isnan(clip_grad_norm_(params, 1.0).item())
    assert np.isnan(params[0].grad.tolist()).all()


def test_bad_arguments():
    with pytest.raises(ValueError, match="clip_grad_norm_: max_norm is -1"):
        clip_grad_norm_(parameters([1.0]), -1)
    with pytest.raises(ValueError, match="clip_grad_norm_: norm_type is 0"):
        clip_grad_norm_(parameters([1.0]), 1, 0)
