"""torchvision's functions for detectors, computed by minidet's kernels on PyTorch's memory, where it is absent.

A kernel runs on the thread that calls it: numba's threads are not PyTorch's, and those of both, awake for a while after
their work, would take the cores from each other. With ``MINIDET_KEEP_MEMORY=0`` the memory of the process is as PyTorch
knows it. Its own layers then take as long as without this file.
"""

from __future__ import annotations

import contextlib

import numba
import numpy as np
import torch

from minidet.kernels import nms as suppression
from minidet.kernels import roi


@contextlib.contextmanager
def one_thread():
    """Keep kernels to the thread that calls them."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def nms(boxes, scores, iou_threshold: float):
    """Return the positions of the boxes that stay, the best first."""
    return batched_nms(boxes, scores, torch.zeros(len(scores), dtype=torch.int64), iou_threshold)


def batched_nms(boxes, scores, idxs, iou_threshold: float):
    """Do the same for each class by itself."""
    best_first = np.argsort(-scores.detach().numpy(), kind="stable")
    groups = idxs.numpy()[best_first]
    order = np.argsort(groups, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(groups[order])) + 1, len(order)).astype(np.int64)
    kept = np.zeros(len(order), bool)
    by_group = best_first[order]
    kept[by_group] = suppression.nms(boxes.detach().numpy()[by_group].astype(np.float64), ends, iou_threshold)
    return torch.from_numpy(best_first[kept[best_first]])


def roi_align(input, boxes, output_size, spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False):
    """Return the mean of samples in every bin of a grid on each region."""
    return RoIAlign.apply(input, _regions(boxes), spatial_scale, _pair(output_size), sampling_ratio, aligned)


def roi_pool(input, boxes, output_size, spatial_scale: float = 1.0):
    """Return the largest value of every bin of a grid on each region."""
    return RoIPool.apply(input, _regions(boxes), spatial_scale, _pair(output_size))


class RoIAlign(torch.autograd.Function):
    """``minidet.ops.roi.RoiAlign``, for tensors of PyTorch's."""

    @staticmethod
    def forward(ctx, x, rois, scale, output_size, sampling_ratio, aligned):
        """Call the kernel."""
        ctx.rois, ctx.shape, ctx.options = rois, tuple(x.shape), (scale, sampling_ratio, aligned)
        with one_thread():
            return torch.from_numpy(roi.roi_align(_array(x), rois, scale, output_size, sampling_ratio, aligned))

    @staticmethod
    def backward(ctx, grad):
        """Call the kernel of the gradient."""
        with one_thread():
            dx = roi.roi_align_grad(_array(grad), ctx.rois, *ctx.options, ctx.shape)
        return torch.from_numpy(dx), None, None, None, None, None


class RoIPool(torch.autograd.Function):
    """``minidet.ops.roi.RoiPool``, for tensors of PyTorch's."""

    @staticmethod
    def forward(ctx, x, rois, scale, output_size):
        """Call the kernel."""
        with one_thread():
            values, indices = roi.roi_pool(_array(x), rois, scale, output_size, ctx.needs_input_grad[0])
        ctx.rois, ctx.shape, ctx.indices = rois, tuple(x.shape), indices
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx, grad):
        """Call the kernel of the gradient."""
        with one_thread():
            dx = roi.roi_pool_grad(_array(grad), ctx.rois, ctx.indices, ctx.shape)
        return torch.from_numpy(dx), None, None, None


def _array(values):
    """Return a tensor's memory."""
    return values.detach().contiguous().numpy()


def _pair(size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _regions(boxes):
    """Return regions as (R, 5): the image's number, then the box."""
    if not isinstance(boxes, (list, tuple)):
        return _array(boxes)
    numbers = np.repeat(np.arange(len(boxes)), [len(box) for box in boxes])[:, None]
    return np.concatenate([numbers.astype(np.float32), np.concatenate([_array(box) for box in boxes])], 1)
