import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

from minidet.kernels.conv.gather import cut
from minidet.kernels.conv.winograd import windows as conv_windows
from minidet.kernels.simd.tiles import MOVE

B = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])


def windows(x, corner, dilation, th, tw):
    """Return ``B d B'`` of every window of every part: (N, dh, dw, th, tw, C, 4, 4)."""
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 40, w + 40))
    padded[:, :, 10 : 10 + h, 10 : 10 + w] = x
    parts = []
    for a in range(dilation[0]):
        for b in range(dilation[1]):
            part = padded[:, :, 10 + corner[0] + a :: dilation[0], 10 + corner[1] + b :: dilation[1]]
            views = np.lib.stride_tricks.sliding_window_view(part, (4, 4), axis=(2, 3))
            parts.append(views[:, :, : 2 * th : 2, : 2 * tw : 2])
    return np.einsum("ai,pncrtij,bj->nprtcab", B, np.array(parts), B)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape, corner, dilation, th, tw",
    [
        ((2, 3, 8, 40), (-1, -1), (1, 1), 4, 20),
        ((3, 2, 5, 7), (-1, -1), (1, 1), 3, 4),  # less than a vector: rows are copied
        ((1, 2, 1, 1), (-2, -2), (1, 1), 1, 1),
        ((2, 4, 9, 70), (0, 0), (1, 1), 3, 34),
        ((2, 4, 10, 33), (-2, 1), (1, 1), 6, 16),
        ((2, 3, 16, 90), (-2, -2), (2, 2), 4, 22),
        ((1, 3, 21, 40), (-2, -1), (3, 2), 3, 9),
    ],
    ids=str,
)
def test_windows_agree_with_numpy(dtype, shape, corner, dilation, th, tw):
    x = np.random.default_rng(0).integers(-9, 10, shape).astype(dtype)  # whole numbers: sums are exact
    (n, c), parts = shape[:2], dilation[0] * dilation[1]
    expected = windows(x, corner, dilation, th, tw).reshape(n * parts * th * tw, c, 16)
    for first in range(0, len(expected), 48):
        count = min(48, len(expected) - first)
        pieces = np.zeros((48, 4), np.int64)
        number = cut(first, first + count, th, tw, pieces)
        places = np.zeros(number * conv_windows.STRIDE, np.int64)
        kept = np.zeros((2 + number) * conv_windows.MASK, dtype)
        conv_windows.locate(pieces, number, shape, corner, dilation, places, kept)
        step = (c - 1) * 48 + MOVE + 1
        panels = np.zeros(16 * step, dtype)
        conv_windows.gather_windows(
            x.reshape(-1), shape, pieces, number, corner, dilation, places, kept, 1, c - 1, panels, 48, step, tw
        )
        panels = panels.reshape(16, step)[:, : (c - 1) * 48].reshape(16, c - 1, 48)[:, :, :count]
        np.testing.assert_array_equal(panels, expected[first : first + count, 1:].transpose(2, 1, 0))
