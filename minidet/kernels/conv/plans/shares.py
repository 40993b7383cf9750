"""What the kernels need to know of a weight gradient: found once for its shapes, then kept, as in ``product``.

A weight gradient is taps x filters, summed over pixels. The pixels are cut into shares, as many as the shapes say: each
task adds up one, then the shares are added in order.
"""

import numpy as np

from ...launch import workspace
from ...launch.tasks import SMALL
from ...simd.tiles import DENSE_LANES, DENSE_ROWS, INDEXED_LANES, INDEXED_ROWS, NARROW_ROWS
from .. import few, weight
from ..winograd import unstrided as conv_winograd
from ..winograd import weight as winograd
from . import geometry, planes, tables
from .launches import FEWEST, TASKS, Launch, Panels, pads


class Shares:
    """A launch that computes the shares, in ``size`` numbers, and one that adds them; ``prepare`` pads x."""

    def __init__(self, share, size, combine, prepare=None):
        self.share, self.size, self.combine, self.prepare = share, size, combine, prepare

    def run(self, grad, x, out):
        """Compute ``out``."""
        if self.prepare is not None:
            x = self.prepare(x)
        if self.combine is None:
            self.share.run(grad, x, out)
            return
        partial = workspace.take("partial", self.size, x.dtype)
        self.share.run(grad, x, partial)
        self.combine.run(partial, None, out)


def make(grad_size, size, kernel_size, stride, padding, dilation, groups):
    """Choose the kernel for a gradient and an image of these shapes."""
    (_, f, oh, ow), c = grad_size, size[1]
    if c == groups:
        plan = geometry.forward(1, kernel_size, (oh, ow), stride, padding, dilation)
        product = planes.weight_grad(grad_size, size, plan)
        if product is not None:
            return product
    pixels, weights = grad_size[0] * oh * ow, f * c * kernel_size[0] * kernel_size[1]
    if groups == 1 and pixels <= few.PIXELS and weights >= few.WEIGHTS:
        return _few(grad_size, size, geometry.forward(c, kernel_size, (oh, ow), stride, padding, dilation))
    if groups == 1 and dilation == (1, 1) and c >= conv_winograd.LEAST and f >= winograd.LEAST:
        plan = geometry.forward(c, kernel_size, (oh, ow), stride, padding, dilation)
        window = tables.window(plan, c)
        if window and grad_size[0] * window[0] >= winograd.LEAST_WINDOWS:
            return _winograd(grad_size, size, *window[:2])
    return _taps(grad_size, size, kernel_size, stride, padding, dilation, groups)


def _image(channels, kernel_size, out_size, stride, padding, dilation, rows):
    """Return the padded image, its start in x, its taps' places, and the steps from one pixel of grad to the next."""
    plan = geometry.forward(channels, kernel_size, out_size, stride, padding, dilation)
    if plan.image.phases < stride[0] * stride[1]:  # no tap meets the pixels between
        return *geometry.split_weight_grad(plan, rows), (plan.image.columns, 1)
    image, starts, row_at = geometry.weight_grad(channels, kernel_size, out_size, stride, padding, dilation, rows)
    return image, starts, row_at, (stride[0] * image.columns, stride[1])


def _taps(grad_size, size, kernel_size, stride, padding, dilation, groups):
    """Sum over pixels, for all taps."""
    (n, f, oh, ow), c = grad_size, size[1]
    lanes = weight.tile_lanes(f // groups)
    rows = INDEXED_ROWS if lanes == INDEXED_LANES else NARROW_ROWS
    layout, starts, row_at, steps = _image(c // groups, kernel_size, (oh, ow), stride, padding, dilation, rows)
    tiles = groups * -(-(f // groups) // lanes)
    shares = max(1, min(weight.TASKS // tiles, n * oh * ow // weight.DEPTH))
    taps = c // groups * kernel_size[0] * kernel_size[1]
    numbers = (n, f, oh, ow, groups, *steps, c * layout.plane, shares, lanes, taps)
    work = n * f * oh * ow * row_at.size // 16
    share = Launch(weight.share, tiles * shares, row_at, numbers, work)
    combine = None if shares == 1 else _combine(f, groups, taps, tiles, shares, lanes, row_at)
    return Shares(share, tiles * shares * row_at.size * lanes, combine, pads(size, layout, starts))


def _combine(f, groups, taps, tiles, shares, lanes, row_at):
    """Add the shares."""
    chunk = max(1, taps * tiles // TASKS)
    chunks = -(-taps // chunk)
    numbers = (f // groups, taps, shares, chunk, chunks, lanes)
    return Launch(weight.combine, tiles * chunks, row_at, numbers, f * taps * shares)


def _winograd(grad_size, size, count, corner):
    """Use fewer multiplications."""
    (n, f, oh, ow), c = grad_size, size[1]
    lanes, most, windows = INDEXED_LANES, winograd.WINDOWS, n * count
    tiles = -(-f // lanes)
    chunks, blocks = -(-tiles // winograd.TILES) * -(-c // winograd.CHANNELS), -(-windows // most)
    shares = max(1, min(weight.TASKS // chunks, max(blocks // 2, min(blocks, 4))))
    numbers = (n, f, c, oh, ow, shares, *size[2:], *corner)
    share = Launch(winograd.share, shares * chunks, geometry.count(most), numbers, SMALL)
    combine = _combine(f, 1, c * 9, tiles, shares, lanes, geometry.count(c * 9))
    return Shares(share, tiles * shares * c * 9 * lanes, combine)


class FewPixels:
    """A launch that gathers the taps of all pixels into panels, and one that multiplies them with grad."""

    def __init__(self, panels, share):
        self.panels, self.share = panels, share

    def run(self, grad, x, out):
        """Compute ``out``."""
        panels = workspace.take("image", self.panels.size, x.dtype)
        self.panels.fill(x, panels)
        self.share.run(panels, grad, out)


def _few(grad_size, size, plan):
    """Sum over few pixels, for many weights."""
    n, f, oh, ow = grad_size
    taps, plane = plan.source_at.size, oh * ow
    panels = Panels(size, (oh, ow), (plan.image.sh, plan.image.sw), plan.offsets)
    table = np.add.outer(geometry.count(n) * f * plane, geometry.count(plane)).reshape(-1)
    chunks = -(-taps // DENSE_LANES)
    tasks = max(1, min(-(-f // DENSE_ROWS), FEWEST // chunks))
    numbers = (f, plane, taps, tasks)
    return FewPixels(panels, Launch(few.weight_grad, chunks * tasks, table, numbers, n * plane * f * taps // 16))
