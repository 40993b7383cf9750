"""Rows for pooling."""

import numpy as np

from minidet import nn
from minidet.kernels.reference import pool as reference
from minidet.nn import functional as F

from .row import Bad, Row, distinct, torch

PAIRS = (2, 2), (2, 2), (0, 0), (1, 1)


def images(*shape):
    return lambda rng: [distinct(rng, shape)]


def empty(rng):
    return [np.zeros((0, 3, 6, 7))]


def x(*shape, dtype=np.float64):
    return np.zeros(shape, dtype)


BAD_MAX = (
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 0), ValueError, "max_pool2d: kernel_size"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 2.5), TypeError, "max_pool2d: kernel_size"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), (1, 2, 3)), ValueError, "max_pool2d: kernel_size"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 2, 0), ValueError, "max_pool2d: stride"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 3, padding=2), ValueError, "max_pool2d: padding"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 3, padding=-1), ValueError, "max_pool2d: padding"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 3, dilation=0), ValueError, "max_pool2d: dilation"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6), 7), ValueError, "max_pool2d: input"),
    Bad(lambda: F.max_pool2d(x(6, 6), 2), ValueError, "max_pool2d: input"),
    Bad(lambda: F.max_pool2d(x(1, 2, 0, 6), 2), ValueError, "max_pool2d: input"),
    Bad(lambda: F.max_pool2d(x(1, 2, 6, 6, dtype=np.int64), 2), TypeError, "max_pool2d: input"),
    # a window whose taps step from one border to the other
    Bad(lambda: F.max_pool2d(x(1, 2, 1, 6), 2, 1, 1, 2), ValueError, "max_pool2d: input"),
)
BAD_AVG = (
    Bad(lambda: F.avg_pool2d(x(1, 2, 6, 6), 0), ValueError, "avg_pool2d: kernel_size"),
    Bad(lambda: F.avg_pool2d(x(1, 2, 6, 6), 3, padding=2), ValueError, "avg_pool2d: padding"),
    Bad(lambda: F.avg_pool2d(x(1, 2, 6, 6), 3, divisor_override=0), ValueError, "avg_pool2d: divisor_override"),
    Bad(lambda: F.avg_pool2d(x(1, 2, 6, 6), 3, divisor_override=1.5), TypeError, "avg_pool2d: divisor_override"),
    Bad(lambda: F.avg_pool2d(x(6), 2), ValueError, "avg_pool2d: input"),
    Bad(lambda: F.avg_pool2d(x(1, 2, 2, 2), 3), ValueError, "avg_pool2d: input"),
)


def bad_adaptive(name, function):
    return (
        Bad(lambda: function(x(1, 2, 6, 6), -1), ValueError, f"{name}: output_size"),
        Bad(lambda: function(x(1, 2, 6, 6), (1, 2, 3)), ValueError, f"{name}: output_size"),
        Bad(lambda: function(x(1, 2, 6, 6), "7"), ValueError, f"{name}: output_size"),
        Bad(lambda: function(x(1, 2, 6, 6), (2.0, 2)), TypeError, f"{name}: output_size"),
        Bad(lambda: function(x(6, 6), 2), ValueError, f"{name}: input"),
        Bad(lambda: function(x(1, 0, 6, 6), 2), ValueError, f"{name}: input"),
    )


ROWS = [
    Row(
        name="F.max_pool2d",
        call=lambda x: F.max_pool2d(x, 2),
        inputs=images(2, 3, 6, 7),
        reference=lambda x: reference.max_pool2d(x, *PAIRS, (3, 3))[0],
        torch=lambda x: torch().nn.functional.max_pool2d(x, 2),
        empty=empty,
        bad=BAD_MAX,
    ),
    Row(
        name="F.max_pool2d",
        variant="3 x 2, stride (2, 1), padding (1, 0), dilation (1, 2), indices",
        call=lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0), (1, 2), return_indices=True),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: reference.max_pool2d(x, (3, 2), (2, 1), (1, 0), (1, 2), (3, 5)),
        torch=lambda x: torch().nn.functional.max_pool2d(x, (3, 2), (2, 1), (1, 0), (1, 2), return_indices=True),
        empty=empty,
    ),
    Row(
        name="F.max_pool2d",
        variant="ceil mode, one image",
        call=lambda x: F.max_pool2d(x, 3, 3, 1, ceil_mode=True),
        inputs=images(2, 6, 7),
        reference=lambda x: reference.max_pool2d(x[None], (3, 3), (3, 3), (1, 1), (1, 1), (3, 3))[0][0],
        torch=lambda x: torch().nn.functional.max_pool2d(x, 3, 3, 1, ceil_mode=True),
    ),
    Row(
        name="F.avg_pool2d",
        call=lambda x: F.avg_pool2d(x, 2),
        inputs=images(2, 3, 6, 7),
        reference=lambda x: reference.avg_pool2d(x, (2, 2), (2, 2), (0, 0), True, None, (3, 3)),
        torch=lambda x: torch().nn.functional.avg_pool2d(x, 2),
        empty=empty,
        bad=BAD_AVG,
    ),
    Row(
        name="F.avg_pool2d",
        variant="ceil mode, border not counted",
        call=lambda x: F.avg_pool2d(x, 3, 2, 1, True, False),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: reference.avg_pool2d(x, (3, 3), (2, 2), (1, 1), False, None, (4, 4)),
        torch=lambda x: torch().nn.functional.avg_pool2d(x, 3, 2, 1, True, False),
        empty=empty,
    ),
    Row(
        name="F.avg_pool2d",
        variant="divisor, one image",
        call=lambda x: F.avg_pool2d(x, (2, 3), (1, 2), (1, 0), divisor_override=-3),
        inputs=images(2, 5, 7),
        reference=lambda x: reference.avg_pool2d(x[None], (2, 3), (1, 2), (1, 0), True, -3, (6, 3))[0],
        torch=lambda x: torch().nn.functional.avg_pool2d(x, (2, 3), (1, 2), (1, 0), divisor_override=-3),
    ),
    Row(
        name="F.adaptive_avg_pool2d",
        call=lambda x: F.adaptive_avg_pool2d(x, (4, None)),
        inputs=images(2, 2, 6, 5),
        reference=lambda x: reference.adaptive_avg_pool2d(x, (4, 5)),
        torch=lambda x: torch().nn.functional.adaptive_avg_pool2d(x, (4, None)),
        empty=empty,
        bad=bad_adaptive("adaptive_avg_pool2d", F.adaptive_avg_pool2d),
    ),
    Row(
        name="F.adaptive_max_pool2d",
        call=lambda x: F.adaptive_max_pool2d(x, (4, 3), True),
        inputs=images(2, 2, 6, 5),
        reference=lambda x: reference.adaptive_max_pool2d(x, (4, 3)),
        torch=lambda x: torch().nn.functional.adaptive_max_pool2d(x, (4, 3), True),
        empty=empty,
        bad=bad_adaptive("adaptive_max_pool2d", F.adaptive_max_pool2d),
    ),
    Row(
        name="F.adaptive_avg_pool2d",
        variant="one image",
        call=lambda x: F.adaptive_avg_pool2d(x, (2, 3)),
        inputs=images(2, 6, 5),
        reference=lambda x: reference.adaptive_avg_pool2d(x[None], (2, 3))[0],
        torch=lambda x: torch().nn.functional.adaptive_avg_pool2d(x, (2, 3)),
    ),
    Row(
        name="F.adaptive_max_pool2d",
        variant="one image",
        call=lambda x: F.adaptive_max_pool2d(x, (2, 3), True),
        inputs=images(2, 6, 5),
        reference=lambda x: [out[0] for out in reference.adaptive_max_pool2d(x[None], (2, 3))],
        torch=lambda x: torch().nn.functional.adaptive_max_pool2d(x, (2, 3), True),
    ),
    Row(
        name="nn.MaxPool2d",
        call=None,
        module=lambda: nn.MaxPool2d(3, 2, 1),
        torch_module=lambda: torch().nn.MaxPool2d(3, 2, 1),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: reference.max_pool2d(x, (3, 3), (2, 2), (1, 1), (1, 1), (3, 4))[0],
        empty=empty,
        bad=(
            Bad(lambda: nn.MaxPool2d(0), ValueError, "MaxPool2d: kernel_size"),
            Bad(lambda: nn.MaxPool2d(2, padding=2), ValueError, "MaxPool2d: padding"),
        ),
    ),
    Row(
        name="nn.AvgPool2d",
        call=None,
        module=lambda: nn.AvgPool2d(3, 2, 1),
        torch_module=lambda: torch().nn.AvgPool2d(3, 2, 1),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: reference.avg_pool2d(x, (3, 3), (2, 2), (1, 1), True, None, (3, 4)),
        empty=empty,
        bad=(Bad(lambda: nn.AvgPool2d(3, 0), ValueError, "AvgPool2d: stride"),),
    ),
    Row(
        name="nn.AdaptiveAvgPool2d",
        call=None,
        module=lambda: nn.AdaptiveAvgPool2d(1),
        torch_module=lambda: torch().nn.AdaptiveAvgPool2d(1),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: x.mean(axis=(2, 3), keepdims=True),
        empty=empty,
        bad=(Bad(lambda: nn.AdaptiveAvgPool2d(0), ValueError, "AdaptiveAvgPool2d: output_size"),),
    ),
    Row(
        name="nn.AdaptiveMaxPool2d",
        call=None,
        module=lambda: nn.AdaptiveMaxPool2d(1),
        torch_module=lambda: torch().nn.AdaptiveMaxPool2d(1),
        inputs=images(2, 2, 6, 7),
        reference=lambda x: x.max(axis=(2, 3), keepdims=True),
        empty=empty,
        bad=(Bad(lambda: nn.AdaptiveMaxPool2d((1, 2, 3)), ValueError, "AdaptiveMaxPool2d: output_size"),),
    ),
]
