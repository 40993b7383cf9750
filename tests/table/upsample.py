"""Rows for resizing."""

import numpy as np

from minidet import nn
from minidet.kernels.reference import upsample as reference
from minidet.nn import functional as F

from .row import Bad, Row, torch

X = np.zeros((1, 2, 4, 4))

BAD = (
    Bad(lambda: F.interpolate(X), ValueError, "interpolate: size is not given"),
    Bad(lambda: F.interpolate(X, 2, 2), ValueError, "interpolate: size and scale_factor"),
    Bad(lambda: F.interpolate(X, 0), ValueError, "interpolate: size"),
    Bad(lambda: F.interpolate(X, (2,)), ValueError, "interpolate: size"),
    Bad(lambda: F.interpolate(X, 2.5), TypeError, "interpolate: size"),
    Bad(lambda: F.interpolate(X, scale_factor=0.1), ValueError, "interpolate: scale_factor"),
    Bad(lambda: F.interpolate(X, scale_factor=-1), ValueError, "interpolate: scale_factor"),
    Bad(lambda: F.interpolate(X, scale_factor=float("nan")), ValueError, "interpolate: scale_factor"),
    Bad(lambda: F.interpolate(X, scale_factor="2"), TypeError, "interpolate: scale_factor"),
    Bad(lambda: F.interpolate(X, scale_factor=(2, 2, 2)), ValueError, "interpolate: scale_factor"),
    Bad(lambda: F.interpolate(X, 2, mode="bicubic"), ValueError, "interpolate: mode"),
    Bad(lambda: F.interpolate(X, 2, align_corners=False), ValueError, "interpolate: align_corners"),
    Bad(lambda: F.interpolate(X, 2, recompute_scale_factor=True), ValueError, "interpolate: recompute_scale_factor"),
    Bad(lambda: F.interpolate(X[0], 2), ValueError, "interpolate: input"),
    Bad(lambda: F.interpolate(X[:, :0], 2), ValueError, "interpolate: input"),
    Bad(lambda: F.interpolate(X.astype(np.int64), 2), TypeError, "interpolate: input"),
)


def images(*shape):
    return lambda rng: [rng.standard_normal(shape)]


def empty(rng):
    return [np.zeros((0, 2, 4, 5))]


def row(variant, reference, **options):
    return Row(
        name="F.interpolate",
        variant=variant,
        call=lambda x: F.interpolate(x, **options),
        inputs=images(2, 2, 4, 5),
        reference=reference,
        torch=lambda x: torch().nn.functional.interpolate(x, **options),
        empty=empty,
        bad=BAD if variant == "nearest, twice" else (),
    )


ROWS = [
    row("nearest, twice", lambda x: x.repeat(2, axis=2).repeat(2, axis=3), scale_factor=2),
    row("nearest, size", lambda x: reference.nearest(x, (3, 9), (4 / 3, 5 / 9)), size=(3, 9)),
    row(
        "bilinear, twice", lambda x: reference.bilinear(x, (8, 10), (0.5, 0.5), False), scale_factor=2, mode="bilinear"
    ),
    row(
        "bilinear, factors",
        lambda x: reference.bilinear(x, (6, 3), (1 / 1.7, 1 / 0.65), False),
        scale_factor=(1.7, 0.65),
        mode="bilinear",
    ),
    row(
        "bilinear, factors recomputed",
        lambda x: reference.bilinear(x, (6, 3), (4 / 6, 5 / 3), False),
        scale_factor=(1.7, 0.65),
        mode="bilinear",
        recompute_scale_factor=True,
    ),
    row(
        "bilinear, aligned corners",
        lambda x: reference.bilinear(x, (7, 3), (0.5, 2.0), True),
        size=(7, 3),
        mode="bilinear",
        align_corners=True,
    ),
    Row(
        name="nn.Upsample",
        call=None,
        module=lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        torch_module=lambda: torch().nn.Upsample(scale_factor=2, mode="bilinear"),
        inputs=images(2, 2, 4, 5),
        reference=lambda x: reference.bilinear(x, (8, 10), (0.5, 0.5), False),
        empty=empty,
        bad=(
            Bad(lambda: nn.Upsample(), ValueError, "Upsample: size"),
            Bad(lambda: nn.Upsample(2, mode="area"), ValueError, "Upsample: mode"),
        ),
    ),
]
