"""Rows for unpooling."""

import numpy as np

from minidet import nn
from minidet.kernels.reference import unpool as reference
from minidet.nn import functional as F

from .row import Bad, Row, distinct, torch


def pooled(rng):
    """Return values and, for each plane of 6 x 7 pixels, as many different positions."""
    places = np.array([rng.permutation(42)[:9] for _ in range(6)]).reshape(2, 3, 3, 3)
    return [distinct(rng, (2, 3, 3, 3)), places]


def nothing(rng):
    return [np.zeros((0, 3, 3, 3)), np.zeros((0, 3, 3, 3), np.int64)]


V, I = np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.int64)

BAD_UNPOOL = (
    Bad(lambda: F.max_unpool2d(V, I + 16, 2), IndexError, "max_unpool2d: indices contains 16"),
    Bad(lambda: F.max_unpool2d(V, I - 1, 2), IndexError, "max_unpool2d: indices contains -1"),
    Bad(lambda: F.max_unpool2d(V, V, 2), TypeError, "max_unpool2d: indices"),
    Bad(lambda: F.max_unpool2d(V, I[:, :, :1], 2), ValueError, "max_unpool2d: indices"),
    Bad(lambda: F.max_unpool2d(V, I, 0), ValueError, "max_unpool2d: kernel_size"),
    Bad(lambda: F.max_unpool2d(V, I, 2, 0), ValueError, "max_unpool2d: stride"),
    Bad(lambda: F.max_unpool2d(V, I, 2, padding=2), ValueError, "max_unpool2d: padding"),
    Bad(lambda: F.max_unpool2d(V, I, 2, output_size=(6, 6)), ValueError, "max_unpool2d: output_size"),
    Bad(lambda: F.max_unpool2d(V, I, 2, output_size=(1, 4, 4)), ValueError, "max_unpool2d: output_size"),
    Bad(lambda: F.max_unpool2d(V[0, 0], I[0, 0], 2), ValueError, "max_unpool2d: input"),
    Bad(lambda: F.max_unpool2d(I, I, 2), TypeError, "max_unpool2d: input"),
)
BAD_NAILS = (
    Bad(lambda: F.bed_of_nails2d(V, 0), ValueError, "bed_of_nails2d: kernel_size"),
    Bad(lambda: F.bed_of_nails2d(V, 2, -1), ValueError, "bed_of_nails2d: stride"),
    Bad(lambda: F.bed_of_nails2d(V, 1, 3, (3, 3)), ValueError, "bed_of_nails2d: output_size"),
    Bad(lambda: F.bed_of_nails2d(V, 2, output_size=(6, 6)), ValueError, "bed_of_nails2d: output_size"),
    Bad(lambda: F.bed_of_nails2d(V[0, 0], 2), ValueError, "bed_of_nails2d: input"),
    Bad(lambda: F.bed_of_nails2d(I, 2), TypeError, "bed_of_nails2d: input"),
)

ROWS = [
    Row(
        name="F.max_unpool2d",
        call=lambda x, indices: F.max_unpool2d(x, indices, 2, output_size=(6, 7)),
        inputs=pooled,
        reference=lambda x, indices: reference.max_unpool2d(x, indices, (6, 7)),
        torch=lambda x, indices: torch().nn.functional.max_unpool2d(x, indices, 2, output_size=(6, 7)),
        empty=nothing,
        bad=BAD_UNPOOL,
    ),
    Row(
        name="F.max_unpool2d",
        variant="kernel 3, stride 2, padding 1, one image",
        call=lambda x, indices: F.max_unpool2d(x, indices, 3, 2, 1),
        inputs=lambda rng: [
            distinct(rng, (2, 3, 4)),
            np.stack([rng.permutation(35)[:12] for _ in range(2)]).reshape(2, 3, 4),
        ],
        reference=lambda x, indices: reference.max_unpool2d(x[None], indices[None], (5, 7))[0],
        torch=lambda x, indices: torch().nn.functional.max_unpool2d(x, indices, 3, 2, 1),
    ),
    Row(
        name="F.bed_of_nails2d",
        call=lambda x: F.bed_of_nails2d(x, 2),
        inputs=lambda rng: [distinct(rng, (2, 3, 3, 4))],
        reference=lambda x: np.kron(x, [[1.0, 0.0], [0.0, 0.0]]),
        empty=lambda rng: [np.zeros((0, 3, 3, 4))],
        bad=BAD_NAILS,
    ),
    Row(
        name="F.bed_of_nails2d",
        variant="3 x 1, stride (1, 2), size, one image",
        call=lambda x: F.bed_of_nails2d(x, (3, 1), (1, 2), output_size=(5, 8)),
        inputs=lambda rng: [distinct(rng, (2, 3, 4))],
        reference=lambda x: np.pad(np.kron(x, [[1.0, 0.0]]), ((0, 0), (0, 2), (0, 0))),
    ),
    Row(
        name="nn.MaxUnpool2d",
        call=None,
        module=lambda: nn.MaxUnpool2d(2),
        torch_module=lambda: torch().nn.MaxUnpool2d(2),
        inputs=lambda rng: [
            distinct(rng, (1, 2, 2, 3)),
            np.stack([rng.permutation(24)[:6] for _ in range(2)]).reshape(1, 2, 2, 3),
        ],
        reference=lambda x, indices: reference.max_unpool2d(x, indices, (4, 6)),
        empty=nothing,
        bad=(Bad(lambda: nn.MaxUnpool2d(0), ValueError, "MaxUnpool2d: kernel_size"),),
    ),
    Row(
        name="nn.BedOfNails2d",
        call=None,
        module=lambda: nn.BedOfNails2d(2),
        inputs=lambda rng: [distinct(rng, (2, 3, 3, 4))],
        reference=lambda x: np.kron(x, [[1.0, 0.0], [0.0, 0.0]]),
        empty=lambda rng: [np.zeros((0, 3, 3, 4))],
        bad=(Bad(lambda: nn.BedOfNails2d(2, 0), ValueError, "BedOfNails2d: stride"),),
    ),
]
