"""The windows of a Winograd convolution, taken from the image where it lies: no padded, split copy.

::

    8 windows in a row               row 0    . d d d d d d d d d d d d d d d d d      every second number from column j
      4 rows of pixels               row 1    . d d d ...                              on is d[i, j] of the 8 windows:
      18 columns                     row 2    . d d d ...                              one load, one shuffle
                                     row 3    . d d d ...
                                              ^ padding: becomes 0 in the register

A piece of windows has an entry of ``STRIDE`` numbers in ``places``: where its 4 rows begin in channel 0, where their
masks begin in ``kept``, and whether all that will be read is inside of the array. Where it is not, at both ends of the
array, the rows are copied first.
"""

import numpy as np

from .jit import jit
from .simd import MOVE
from .simd_winograd import pixels_to_panels
from .workspace import empty

#: Numbers of a piece in ``places``; elements that are read of a row, and its mask.
STRIDE, READ, MASK = 9, 2 * MOVE + 3, 4 * MOVE


@jit
def locate(pieces, number, sizes, corner, places, kept):
    """Find where the rows of the pieces of windows lie, and which of their numbers are padding.

    ``sizes`` is x's (N, C, H, W), ``corner`` the first window's first row and column in x. ``kept`` begins with the
    mask of a row that is padding, and that of a row which has none.
    """
    images, channels, height, width = sizes
    kept[:MASK] = 0
    kept[MASK : 2 * MASK] = 1
    for i in range(number):
        n, top, left = pieces[i, 1], 2 * pieces[i, 2] + corner[0], 2 * pieces[i, 3] + corner[1]
        at, is_readable = i * STRIDE, True
        for j in range(4):
            for lane in range(MOVE):
                kept[(2 + i) * MASK + j * MOVE + lane] = 0 <= left + 2 * lane + j < width
        for row in range(4):
            inside = 0 <= top + row < height
            start = (n * channels * height + (top + row if inside else 0)) * width + (left if inside else 0)
            places[at + row] = start
            places[at + 4 + row] = (2 + i) * MASK if inside else 0
            last = start + (channels - 1) * height * width + READ
            is_readable = is_readable and start >= 0 and last <= images * channels * height * width
        places[at + 8] = is_readable


@jit
def gather_windows(x, sizes, pieces, number, corner, places, kept, channel, count, panels, pitch, step):
    """Fill 16 panels with the windows' transforms: ``panels[step * place + pitch * c + lane]``, for ``count`` channels.

    A piece's excess is overwritten by the next piece; the last one's lies behind the panel's last row.
    """
    _, channels, height, width = sizes
    copy, copy_places = empty(4 * (READ + 1), x.dtype), np.empty(STRIDE, np.int64)
    for row in range(4):
        copy_places[row], copy_places[4 + row] = row * (READ + 1), MASK
    for c in range(count):
        at = (channel + c) * height * width
        for i in range(number):
            to = c * pitch + pieces[i, 0]
            if places[i * STRIDE + 8]:
                pixels_to_panels(panels, to, step, x, at, places, i * STRIDE, kept)
            else:
                top, left = 2 * pieces[i, 2] + corner[0], 2 * pieces[i, 3] + corner[1]
                _copy_rows(x, at + pieces[i, 1] * channels * height * width, height, width, top, left, copy)
                pixels_to_panels(panels, to, step, copy, 0, copy_places, 0, kept)


@jit
def _copy_rows(x, at, height, width, top, left, copy):
    """Copy 4 rows of a plane, zeros for padding."""
    for row in range(4):
        for column in range(READ):
            inside = 0 <= top + row < height and 0 <= left + column < width
            copy[row * (READ + 1) + column] = x[at + (top + row) * width + left + column] if inside else 0
