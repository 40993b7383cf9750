"""The windows of a Winograd convolution, taken from the image where it lies: no padded, split copy.

::

    8 windows in a row               row 0    . d d d d d d d d d d d d d d d d d      every second number from column j
      4 rows of pixels               row 1    . d d d ...                              on is d[i, j] of the 8 windows:
      18 columns                     row 2    . d d d ...                              one load, one shuffle
                                     row 3    . d d d ...
                                              ^ padding: becomes 0 in the register

A piece of windows has an entry of ``STRIDE`` numbers in ``places``: where its 4 rows begin in channel 0, where their
masks begin in ``kept``, and whether all that will be read is inside of the array. Where it is not, at both ends of the
array, the rows are copied first. With dilation, the pixels whose row and column leave the same rest form a part, which
is a convolution without dilation: every image has so many parts.
"""

import numpy as np

from ...launch.jit import jit
from ...launch.workspace import empty
from ...simd.tiles import MOVE
from ...simd.vectors import SHORT
from ...simd.winograd import pixels_to_panels

#: Numbers of a piece in ``places``, and of its mask.
STRIDE, MASK = 9, 4 * MOVE
#: The largest dilation of columns for which there are loads.
MOST_DILATED = 2


@jit
def _first(piece, corner, dilation):
    """Return the image, and the row and column of a piece's first number."""
    n, part = divmod(piece[1], dilation[0] * dilation[1])
    top, left = divmod(part, dilation[1])
    return n, corner[0] + top + 2 * piece[2] * dilation[0], corner[1] + left + 2 * piece[3] * dilation[1]


@jit
def locate(pieces, number, sizes, corner, dilation, places, kept):
    """Find where the rows of the pieces of windows lie, and which of their numbers are padding.

    ``sizes`` is x's (N, C, H, W), ``corner`` the first window's first row and column in x. ``kept`` begins with the
    mask of a row that is padding, and that of a row which has none.
    """
    images, channels, height, width = sizes
    read = (2 * MOVE + 3) * dilation[1]
    kept[:MASK] = 0
    kept[MASK : 2 * MASK] = 1
    for i in range(number):
        n, top, left = _first(pieces[i], corner, dilation)
        at, is_readable = i * STRIDE, True
        for j in range(4):
            for lane in range(MOVE):
                kept[(2 + i) * MASK + j * MOVE + lane] = 0 <= left + (2 * lane + j) * dilation[1] < width
        for i_row in range(4):
            row = top + i_row * dilation[0]
            inside = 0 <= row < height
            start = (n * channels * height + (row if inside else 0)) * width + (left if inside else 0)
            places[at + i_row] = start
            places[at + 4 + i_row] = (2 + i) * MASK if inside else 0
            last = start + (channels - 1) * height * width + read
            is_readable = is_readable and start >= 0 and last <= images * channels * height * width
        places[at + 8] = is_readable


@jit
def gather_windows(
    x, sizes, pieces, number, corner, dilation, places, kept, channel, count, panels, pitch, step, across
):
    """Fill 16 panels with the windows' transforms: ``panels[step * place + pitch * c + lane]``, for ``count`` channels.

    A piece's excess is overwritten by the next piece; the last one's lies behind the panel's last row. ``across``:
    windows in a row, of which vectors of AVX-512 may be more than there are.
    """
    _, channels, height, width = sizes
    read = (2 * MOVE + 3) * dilation[1]
    copy, copy_places, lanes = empty(4 * read, x.dtype), np.empty(STRIDE, np.int64), SHORT if across <= SHORT else MOVE
    for row in range(4):
        copy_places[row], copy_places[4 + row] = row * read, MASK
    for c in range(count):
        at = (channel + c) * height * width
        for i in range(number):
            to = c * pitch + pieces[i, 0]
            if places[i * STRIDE + 8]:  # readable
                pixels_to_panels(lanes, dilation[1], panels, to, step, x, at, places, i * STRIDE, kept)
            else:
                n, top, left = _first(pieces[i], corner, dilation)
                image_at = at + n * channels * height * width
                copy_rows(x, image_at, height, width, top, left, dilation[0], copy, 4, read)
                pixels_to_panels(lanes, dilation[1], panels, to, step, copy, 0, copy_places, 0, kept)


@jit
def copy_rows(x, at, height, width, top, left, step, copy, rows, read):
    """Copy ``read`` numbers of some rows of a plane, ``step`` apart, zeros for padding."""
    for i in range(rows):
        row = top + i * step
        for column in range(read):
            inside = 0 <= row < height and 0 <= left + column < width
            copy[i * read + column] = x[at + row * width + left + column] if inside else 0
