"""Kernels of minidet's on PyTorch's memory give what minidet's operations give, both ways."""

import numpy as np
import pytest

from benchmarks.detection.inputs import boxes
from minidet import ops, tensor

pytestmark = pytest.mark.parity
SIZE = (96, 128)
POOLING = {"roi_align": {"sampling_ratio": 2, "aligned": True}, "roi_pool": {}}


@pytest.fixture
def torch_ops():
    pytest.importorskip("torch")
    from benchmarks.detection import torch_ops

    return torch_ops


@pytest.mark.parametrize("count", [0, 1, 200])
def test_suppression(torch_ops, count, rng):
    import torch

    drawn, scores = boxes(200, rng, SIZE)[:count], rng.integers(20, size=count).astype(np.float32)  # some are equal
    classes = rng.integers(3, size=count)
    given = [torch.from_numpy(array) for array in (drawn, scores, classes)]
    expected = ops.batched_nms(drawn, scores, classes, 0.5).numpy()
    np.testing.assert_array_equal(torch_ops.batched_nms(*given, 0.5).numpy(), expected)
    assert count < 200 or 3 < len(expected) < 200
    np.testing.assert_array_equal(torch_ops.nms(*given[:2], 0.5).numpy(), ops.nms(drawn, scores, 0.5).numpy())


@pytest.mark.parametrize("name", POOLING)
@pytest.mark.parametrize("as_list", [True, False])
def test_pooling_and_its_gradient(torch_ops, name, as_list, rng):
    import numba
    import torch

    threads = numba.get_num_threads()
    x, each = rng.standard_normal((2, 35, 6, 8)).astype(np.float32), [boxes(n, rng, SIZE) for n in (3, 5)]
    regions = np.concatenate([np.repeat([[0], [1]], [3, 5], 0).astype(np.float32), np.concatenate(each)], 1)
    ours, theirs = tensor(x, requires_grad=True), torch.from_numpy(x).requires_grad_()
    options = {"spatial_scale": 1 / 16, **POOLING[name]}
    mine = getattr(ops, name)(ours, each if as_list else regions, 7, **options)
    its = [torch.from_numpy(b) for b in each] if as_list else torch.from_numpy(regions)
    its = getattr(torch_ops, name)(theirs, its, (7, 7), **options)
    np.testing.assert_allclose(its.detach().numpy(), mine.detach().numpy(), rtol=1e-6, atol=1e-6)
    (mine * mine).sum().backward()
    (its * its).sum().backward()
    np.testing.assert_allclose(theirs.grad.numpy(), ours.grad.numpy(), rtol=1e-5, atol=1e-5)
    assert numba.get_num_threads() == threads
