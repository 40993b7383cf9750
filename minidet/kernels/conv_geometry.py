"""Where everything lies: a convolution, its input gradient and its weight gradient as sums over tables of offsets.

An image is padded once. For stride s it is also split into its s x s phases, so that the pixels that a tap meets
while its window steps over the image are neighbours in memory::

    x, stride 2:  a b a b a b     phase a: aaa     phase b: bbb
                  c d c d c d              aaa              bbb
                  a b a b a b     phase c: ccc     phase d: ddd
                  c d c d c d              ccc              ddd

Then every tap (c, i, j) is one constant distance from a pixel's place: ``source_at[k]``.
"""

import functools
from typing import NamedTuple

import numpy as np

#: Neighbours in a piece.
PIECE = 8


class Image(NamedTuple):
    """A padded, phase-split copy.

    ``image[plane, phase, r, t] = x[plane, sh * r + row[phase], sw * t + column[phase]]``
    """

    phases: int
    rows: int
    columns: int
    sh: int
    sw: int

    @property
    def plane(self):
        """Elements of one plane, all phases."""
        return self.phases * self.rows * self.columns


class Grid(NamedTuple):
    """The pixels that a product computes, and their places in its result."""

    qh: int
    qw: int
    out_start: int
    out_row: int
    out_column: int


class Product(NamedTuple):
    """A convolution as a matrix product: ``sum over k of weight[row, weight_at[k]] * image[pixel + source_at[k]]``."""

    grid: Grid
    source_at: np.ndarray  # (K,)
    weight_at: np.ndarray  # (K,)


def _channel_offsets(channels, step, taps):
    """Return ``channel * step + tap`` for every channel and tap: (channels * taps,)."""
    offsets = np.arange(channels, dtype=np.int64)[:, None] * step + np.asarray(taps, np.int64)[None, :]
    return np.ascontiguousarray(offsets.reshape(-1))


@functools.lru_cache(maxsize=512)
def forward(channels, kernel_size, out_size, stride, padding, dilation):
    """Plan a convolution: the image, its phases' first row and column in x (phases, 2), and one product.

    Parameters
    ----------
    channels : int
        Input channels of one group.
    """
    (kh, kw), (oh, ow), (sh, sw), (ph, pw), (dh, dw) = kernel_size, out_size, stride, padding, dilation
    row_phases = sorted({i * dh % sh for i in range(kh)})
    column_phases = sorted({j * dw % sw for j in range(kw)})
    rows, columns = oh + (kh - 1) * dh // sh, ow + (kw - 1) * dw // sw
    image = Image(len(row_phases) * len(column_phases), rows, columns, sh, sw)
    starts = np.array([(a - ph, b - pw) for a in row_phases for b in column_phases], np.int64)
    taps = []
    for i in range(kh):
        for j in range(kw):
            phase = row_phases.index(i * dh % sh) * len(column_phases) + column_phases.index(j * dw % sw)
            taps.append((phase * rows + i * dh // sh) * columns + j * dw // sw)
    product = Product(
        Grid(oh, ow, 0, ow, 1),
        _channel_offsets(channels, image.plane, taps),
        np.arange(channels * kh * kw, dtype=np.int64),
    )
    return image, starts, (product,)


def _axis_phases(size, kernel, stride, padding, dilation):
    """List for each phase a: a, its pixels, and its taps ``(i, t)``: pixel q meets ``grad[q + t]`` through tap i."""
    result = []
    for a in range(min(stride, size)):
        taps = [(i, (a + padding - i * dilation) // stride) for i in range(kernel)
                if (a + padding - i * dilation) % stride == 0]  # fmt: skip
        result.append((a, len(range(a, size, stride)), taps))
    return result


@functools.lru_cache(maxsize=512)
def input_grad(filters, channels, kernel_size, size, stride, padding, dilation):
    """Plan an input gradient: the padded gradient, and one product per phase of the input.

    ``x[h]`` with ``h = a + s * q`` was met by tap i in the window ``oh = q + (a + p - i * d) / s`` if that is a whole
    number. So each phase a is a small stride-1 convolution of ``grad`` with the taps that divide.

    Parameters
    ----------
    filters, channels : int
        Output and input channels of one group.
    """
    (kh, kw), (h, w) = kernel_size, size
    row_phases = _axis_phases(h, kh, stride[0], padding[0], dilation[0])
    column_phases = _axis_phases(w, kw, stride[1], padding[1], dilation[1])
    low, high = [0, 0], [0, 0]
    for axis, phases in enumerate((row_phases, column_phases)):
        reach = [(t, count + t) for _, count, taps in phases for _, t in taps]
        low[axis] = min((t for t, _ in reach), default=0)
        high[axis] = max((end for _, end in reach), default=low[axis])
    image = Image(1, high[0] - low[0], high[1] - low[1], 1, 1)
    products = []
    for a, qh, row_taps in row_phases:
        for b, qw, column_taps in column_phases:
            pairs = [(i, j, r, t) for i, r in row_taps for j, t in column_taps]
            source = [(r - low[0]) * image.columns + t - low[1] for _, _, r, t in pairs]
            weight = [i * kw + j for i, j, _, _ in pairs]
            products.append(
                Product(
                    Grid(qh, qw, a * w + b, stride[0] * w, stride[1]),
                    _channel_offsets(filters, image.plane, source),
                    _channel_offsets(filters, channels * kh * kw, weight),
                )
            )
    return image, np.array([low], np.int64), tuple(products)


@functools.lru_cache(maxsize=512)
def weight_grad(channels, kernel_size, out_size, stride, padding, dilation, multiple):
    """Plan a weight gradient: the padded image (not split), and where each of its K taps starts, K rounded up."""
    (kh, kw), (oh, ow), (dh, dw) = kernel_size, out_size, dilation
    rows, columns = (oh - 1) * stride[0] + (kh - 1) * dh + 1, (ow - 1) * stride[1] + (kw - 1) * dw + 1
    image = Image(1, rows, columns, 1, 1)
    taps = [i * dh * columns + j * dw for i in range(kh) for j in range(kw)]
    offsets = _channel_offsets(channels, image.plane, taps)
    row_at = np.zeros(-(-offsets.size // multiple) * multiple, np.int64)
    row_at[: offsets.size] = offsets
    return image, np.array([[-padding[0], -padding[1]]], np.int64), row_at


@functools.lru_cache(maxsize=512)
def pieces(grid, image_columns, multiple):
    """Cut a grid into pieces of at most 8 neighbours in a row, for the tiles that read the image directly.

    The last piece of a row ends where the row ends, and overlaps the one before it. Their number is rounded up by
    repeating the last one.

    Returns
    -------
    places, targets : (P,) arrays
        Where a piece starts in the padded image, and in the result.
    """
    starts = np.arange(0, max(1, grid.qw - PIECE + 1), PIECE)
    if grid.qw > PIECE and grid.qw % PIECE:
        starts = np.append(starts, grid.qw - PIECE)
    rows = np.arange(grid.qh)[:, None]
    places, targets = rows * image_columns + starts, rows * grid.out_row + starts * grid.out_column + grid.out_start
    extra = -places.size % multiple
    return tuple(np.pad(table.reshape(-1), (0, extra), mode="edge").astype(np.int64) for table in (places, targets))


@functools.lru_cache(maxsize=512)
def whole_pieces(out_size, image_columns):
    """Cut a result's pixels into pieces of 8 neighbours that do not overlap; what is left of each row is left out.

    Returns
    -------
    places, targets : (P,) arrays
        Where a piece starts in the padded image, and in the result.
    """
    oh, ow = out_size
    starts, rows = np.arange(0, ow - PIECE + 1, PIECE), np.arange(oh)[:, None]
    return tuple((rows * width + starts).reshape(-1).astype(np.int64) for width in (image_columns, ow))
