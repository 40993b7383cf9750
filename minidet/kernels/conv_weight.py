"""The weight gradient: a matrix product whose sum runs over the pixels.

::

    for 16 filters, and a share of the pixels                on all threads; one partial sum per share
      for a block of 256 pixels
        transpose grad into the panel  (256 pixels, 16 filters)   16 kB: level-1 cache, used K/6 times
        for 6 taps k = (c, i, j)
          the tile: 6 x 16 sums        in 12 registers            6 + 2 loads for 12 fused multiply-adds a pixel
    add the shares in order

Each row of the tile is one tap: it walks over the padded image through the table of the pixels' places, so rows,
strides and images of any size cost nothing extra, and nothing is multiplied that is not needed. The number of shares
depends on the shapes only, so the result does not depend on the number of threads.
"""

import numba
import numpy as np

from .conv_tiles import pad_plane
from .jit import jit, parallel
from .simd import INDEXED_LANES, INDEXED_ROWS, indexed_tile

#: Pixels in a panel.
DEPTH = 256
#: Shares x tiles of filters to aim at: work for as many threads.
TASKS = 16


@jit
def _places(first, count, oh, ow, row_step, column_step, image_step, start, places):
    """Write where pixels first .. first + count lie in the padded image."""
    n, q = divmod(first, oh * ow)
    r, t = divmod(q, ow)
    for p in range(count):
        places[p] = start + n * image_step + r * row_step + t * column_step
        t += 1
        if t == ow:
            t = 0
            r += 1
            if r == oh:
                r = 0
                n += 1


@jit
def _transpose(grad, filter_first, filters, first, count, panel):
    """Write ``panel[16 * p + l] = grad[n, filter_first + l, q]`` for pixels first .. first + count."""
    plane = grad.shape[2]
    done = 0
    while done < count:
        n, q = divmod(first + done, plane)
        run = min(count - done, plane - q)
        for lane in range(filters):
            for p in range(run):
                panel[(done + p) * INDEXED_LANES + lane] = grad[n, filter_first + lane, q + p]
        done += run


@jit
def _share(grad, filter_first, filters, first, last, out_size, steps, start, image, row_at, partial, partial_at):
    """Sum over pixels first .. last for 16 filters and all taps."""
    panel = np.zeros(DEPTH * INDEXED_LANES, grad.dtype)
    places = np.empty(DEPTH, np.int64)
    for p in range(first, last, DEPTH):
        count = min(DEPTH, last - p)
        _places(p, count, out_size[0], out_size[1], steps[0], steps[1], steps[2], start, places)
        _transpose(grad, filter_first, filters, p, count, panel)
        for k in range(0, row_at.size, INDEXED_ROWS):
            to = partial_at + k * INDEXED_LANES
            indexed_tile(partial, to, image, row_at, k, places, panel, 0, count, p - first)


@parallel
def weight_grad(grad, x, image, layout, starts, out_size, stride, groups, row_at, partial, shares, out):
    """Compute ``out[f, k] = sum over n, pixel of grad[n, f, pixel] * image[n, group, place(pixel) + row_at[k]]``.

    Parameters
    ----------
    grad : (N, F, OH * OW) array
    x : (N * C, H, W) array
    image : flat array for the padded image
    partial : flat array for the shares' sums: (groups, tiles of 16 filters, shares, K rounded up, 16)
    out : (F, K) array
    """
    for plane in numba.prange(x.shape[0]):
        pad_plane(x, np.int64(plane), image, layout, starts)
    images, pixels = grad.shape[0], grad.shape[0] * grad.shape[2]
    filters = grad.shape[1] // groups
    tiles = (filters + INDEXED_LANES - 1) // INDEXED_LANES
    step = (pixels + shares - 1) // shares
    plane = layout[0] * layout[1] * layout[2]
    image_step = x.shape[0] // images * plane
    steps = (stride[0] * layout[2], stride[1], image_step)
    size = row_at.size * INDEXED_LANES
    for index in numba.prange(groups * tiles * shares):
        task = np.int64(index)
        rest, share = divmod(task, shares)
        group, tile = divmod(rest, tiles)
        lane = tile * INDEXED_LANES
        _share(
            grad, group * filters + lane, min(INDEXED_LANES, filters - lane), share * step,
            min(pixels, (share + 1) * step), out_size, steps, group * (image_step // groups), image, row_at,
            partial, task * size,
        )  # fmt: skip
    for f in numba.prange(grad.shape[1]):
        group, lane = divmod(np.int64(f), filters)
        tile, lane = divmod(lane, INDEXED_LANES)
        at = (group * tiles + tile) * shares * size + lane
        for k in range(out.shape[1]):
            total = partial[at + k * INDEXED_LANES]
            for share in range(1, shares):
                total += partial[at + share * size + k * INDEXED_LANES]
            out[f, k] = total


@parallel
def bias_grad(grad, out):
    """Sum grad (N, F, OH * OW) over images and pixels: (F,)."""
    for f in numba.prange(grad.shape[1]):
        total = grad.dtype.type(0)
        for n in range(grad.shape[0]):
            part = grad.dtype.type(0)
            for p in range(grad.shape[2]):
                part += grad[n, f, p]
            total += part
        out[f] = total
