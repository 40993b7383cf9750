"""Features of regions: from each region of a map, whatever its size, the same number of values."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..autograd import Tensor
from ..autograd.as_array import as_array
from ..autograd.from_data import read_tensor
from ..autograd.function import Function
from ..autograd.tensor import wrap
from ..errors import (
    bad_argument,
    check_float,
    check_index_range,
    check_rank,
    check_room,
    flag,
    integer,
    integers,
    number,
    shown,
)
from .boxes import checked_boxes

#: Most samples along one side of a bin, and most cells of a map: positions are kept in 32 bits.
MOST_SAMPLES, MOST_CELLS = 4096, 2**31 - 1


class RoiPool(Function):
    """``out[r, c, i, j] = max of x[image(r), c]`` over the cells of bin (i, j) of region r.

    The gradient goes to the largest cell; where regions share it, their gradients add up.
    """

    @staticmethod
    def forward(ctx, x, rois, scale, output_size):
        needed = ctx.needs_input_grad[0]
        values, indices = kernels.roi.roi_pool(np.ascontiguousarray(x), rois, scale, output_size, needed)
        if needed:
            ctx.save_for_backward(rois, indices)
            ctx.input_shape = x.shape
        return values

    @staticmethod
    def backward(ctx, grad):
        rois, indices = ctx.saved_tensors
        dx = kernels.roi.roi_pool_grad(np.ascontiguousarray(grad), rois, indices, ctx.input_shape)
        return dx, None, None, None


class RoiAlign(Function):
    """``out[r, c, i, j] = mean of samples of x[image(r), c]``, each a weighted mean of four cells.

    The gradient goes to these cells by their weights; where samples and regions share a cell, it adds up.
    """

    @staticmethod
    def forward(ctx, x, rois, scale, output_size, sampling_ratio, aligned):
        ctx.save_for_backward(rois)
        ctx.input_shape, ctx.options = x.shape, (scale, sampling_ratio, aligned)
        return kernels.roi.roi_align(np.ascontiguousarray(x), rois, scale, output_size, sampling_ratio, aligned)

    @staticmethod
    def backward(ctx, grad):
        (rois,) = ctx.saved_tensors
        dx = kernels.roi.roi_align_grad(np.ascontiguousarray(grad), rois, *ctx.options, ctx.input_shape)
        return dx, None, None, None, None, None


def roi_pool(input, boxes, output_size, spatial_scale: float = 1.0) -> Tensor:
    """Return the largest value of every bin of a grid on each region (Girshick 2015, Fast R-CNN, section 2.1).

    Corners are rounded to cells of the map (halves away from 0; the last cell belongs to the region). Bin i of PH goes
    from row ``floor(i h / PH)`` of the region's h rows to before row ``ceil((i + 1) h / PH)``: bins may overlap.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), float.
    boxes : Tensor or list of Tensor
        (R, 5): the image's number and x1, y1, x2, y2; or for each image (R_i, 4), some of them perhaps (0, 4).
    output_size : int or (int, int)
        PH and PW.
    spatial_scale : float
        The map's size divided by that of the picture in which the boxes are given: 1 / 16 for stride 16.

    Returns
    -------
    Tensor
        (R, C, PH, PW), with a gradient for ``input``. A bin outside the map is 0.

    Raises
    ------
    ValueError
        A box is NaN or infinite.
    IndexError
        There is no image of this number.

    Notes
    -----
    Departs from torchvision: a NaN in a bin is the bin's value, as in ``max_pool2d``; torchvision passes over it, and
    over minus infinity, with the lowest number there is.
    """
    input, rois, scale, size = _checked("roi_pool", input, boxes, output_size, spatial_scale)
    return RoiPool.apply(input, rois, scale, size)


def roi_align(
    input, boxes, output_size, spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False
) -> Tensor:
    """Return the mean of samples in every bin of a grid on each region (He et al. 2017, Mask R-CNN, section 3).

    Nothing is rounded: a sample is the bilinear mean of the four cells around it. One that lies more than one cell
    outside the map is 0.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), float.
    boxes : Tensor or list of Tensor
        (R, 5): the image's number and x1, y1, x2, y2; or for each image (R_i, 4), some of them perhaps (0, 4).
    output_size : int or (int, int)
        PH and PW.
    spatial_scale : float
        The map's size divided by that of the picture in which the boxes are given: 1 / 16 for stride 16.
    sampling_ratio : int
        Samples along each side of a bin. 0 or less: as many as the bin has cells, rounded up.
    aligned : bool
        Cell i has its middle at i + 0.5, as it should be: half a cell is subtracted from the corners. Without it, the
        features lie half a cell too far to the lower right, and regions have at least the size of a cell.

    Returns
    -------
    Tensor
        (R, C, PH, PW), with a gradient for ``input``.

    Raises
    ------
    ValueError
        A box is NaN or infinite.
    IndexError
        There is no image of this number.
    """
    input, rois, scale, size = _checked("roi_align", input, boxes, output_size, spatial_scale)
    ratio = integer("roi_align", "sampling_ratio", sampling_ratio, -(2**31))
    if ratio > MOST_SAMPLES:
        raise bad_argument("roi_align", "sampling_ratio", f"is {shown(sampling_ratio)}", f"at most {MOST_SAMPLES}")
    return RoiAlign.apply(input, rois, scale, size, ratio, flag("roi_align", "aligned", aligned))


def _checked(op: str, input, boxes, output_size, spatial_scale) -> tuple[Tensor, Tensor, float, tuple[int, int]]:
    input = read_tensor(op, "input", input)
    check_rank(op, "input", input, 4, letters="(N, C, H, W)")
    check_float(op, input=input)
    cells = input.shape[2] * input.shape[3]
    if not 0 < cells <= MOST_CELLS:
        raise bad_argument(op, "input", f"has shape {input.shape}", f"maps of 1 to {MOST_CELLS:,} cells")
    scale = number(op, "spatial_scale", spatial_scale, 0, 1e6)
    size = integers(op, "output_size", output_size, 2, 1)
    rois = _regions(op, boxes, input.shape[0])
    if rois.size and np.abs(rois).max() > 1e30:
        raise bad_argument(op, "boxes", f"contains {np.abs(rois).max():g}", "coordinates up to 1e30")
    check_room(op, "output_size", f"is {size}", len(rois), input.shape[1], *size)
    return input, wrap(np.ascontiguousarray(rois.astype(input.dtype))), scale, size


def _regions(op: str, boxes, images: int) -> np.ndarray:
    """Return regions as (R, 5): the image's number, then the box."""
    if isinstance(boxes, (list, tuple)):
        if len(boxes) != images:
            raise bad_argument(op, "boxes", f"has {len(boxes)} lists", f"{images}", "one for each image of input")
        each = [checked_boxes(op, f"boxes[{i}]", box).detach().numpy() for i, box in enumerate(boxes)]
        numbers = np.repeat(np.arange(images), [len(box) for box in each])[:, None]
        rows = np.concatenate(each) if each else np.zeros((0, 4))
        return np.concatenate([numbers, rows], 1)
    rois = as_array(op, "boxes", boxes, "iuf")
    if rois.ndim != 2 or rois.shape[1] != 5:
        expected = "(R, 5), image's number and x1, y1, x2, y2, or a list with (R_i, 4) for each image"
        raise bad_argument(op, "boxes", f"has shape {rois.shape}", expected)
    if not np.isfinite(rois).all():
        raise bad_argument(op, "boxes", "contains NaN or infinity", "finite numbers")
    if (rois[:, 0] != np.floor(rois[:, 0])).any():
        raise bad_argument(op, "boxes", "has images' numbers that are no integers", "0, 1, ... in the first column")
    check_index_range(op, "boxes", rois[:, 0], 0, images, "the first column is the number of the image")
    return rois
