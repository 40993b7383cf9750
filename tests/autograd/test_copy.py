"""A copied or pickled tensor has a memory of its own, and neither the locks nor the tape of the first."""

import copy
import pickle

import numpy as np
import pytest

import minidet
from minidet import nn


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_duplicate_is_independent(duplicate):
    x = minidet.tensor([1.0, 2.0], requires_grad=True)
    kept = (x * x).sum()  # locks x
    x.detach().numpy()  # an array that was handed out
    twin = duplicate(x)
    assert twin.requires_grad
    assert twin.is_leaf
    array = twin.detach().numpy()
    assert array.flags.writeable
    array[0] = 9
    assert x.tolist() == [1, 2]
    kept.backward()
    assert x.grad.tolist() == [2, 4]
    assert twin.grad is None


def test_deepcopy_takes_the_gradient_along():
    x = minidet.tensor([3.0], requires_grad=True)
    (x * x).backward()
    twin = copy.deepcopy(x)
    assert twin.grad.tolist() == [6]
    twin.grad.zero_()
    assert x.grad.tolist() == [6]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_results_are_refused(duplicate):
    y = minidet.tensor([1.0], requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="is the result of Mul, expected a leaf"):
        duplicate(y)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_modules_after_their_buffers_were_read(duplicate):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    model(minidet.randn(2, 1, 5, 5))
    model[1].running_mean.numpy()
    twin = duplicate(model)
    for key, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), twin.state_dict()[key].numpy())
    twin(minidet.randn(2, 1, 5, 5))
    assert not np.array_equal(model[1].running_mean.numpy(), twin[1].running_mean.numpy())
