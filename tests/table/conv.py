"""Rows of convolution and its transpose. The references: scipy's correlation, and painting kernels in loops."""

import numpy as np
from scipy.signal import correlate2d

import minidet.nn.functional as F
from minidet import nn

from .row import Bad, Row, torch


def correlate(x, weight, bias=None, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """conv2d by scipy: one correlation per image, filter and channel, with a kernel spread by zeros."""
    (ph, pw), (sh, sw), (dh, dw) = padding, stride, dilation
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    filters, channels, kh, kw = weight.shape
    spread = np.zeros((filters, channels, (kh - 1) * dh + 1, (kw - 1) * dw + 1))
    spread[..., ::dh, ::dw] = weight
    height, width = (big - small + 1 for big, small in zip(x.shape[2:], spread.shape[2:], strict=True))
    out = np.zeros((len(x), filters, -(-height // sh), -(-width // sw)))
    for n in range(len(x)):
        for f in range(filters):
            first = f // (filters // groups) * channels
            for c in range(channels):
                out[n, f] += correlate2d(x[n, first + c], spread[f, c], "valid")[::sh, ::sw]
    return out if bias is None else out + bias[:, None, None]


def paint(x, weight, bias=None, stride=(1, 1), padding=(0, 0), extra=(0, 0), groups=1, dilation=(1, 1)):
    """conv_transpose2d in loops: every pixel paints its copy of the kernel."""
    (ph, pw), (sh, sw), (dh, dw) = padding, stride, dilation
    (count, channels, h, w), (_, filters, kh, kw) = x.shape, weight.shape
    canvas = np.zeros((count, filters * groups, (h - 1) * sh + (kh - 1) * dh + 1 + extra[0],
                       (w - 1) * sw + (kw - 1) * dw + 1 + extra[1]))  # fmt: skip
    for c in range(channels):
        first = c // (channels // groups) * filters
        for i, j in np.ndindex(kh, kw):
            for row, column in np.ndindex(h, w):
                canvas[:, first : first + filters, row * sh + i * dh, column * sw + j * dw] += (
                    x[:, c, row, column, None] * weight[c, :, i, j]
                )
    out = canvas[:, :, ph : canvas.shape[2] - ph, pw : canvas.shape[3] - pw]
    return out if bias is None else out + bias[:, None, None]


def flat(function):
    """Make a one-dimensional operation of a two-dimensional one."""
    return lambda x, weight, *rest: function(x[:, :, None], weight[:, :, None], *rest)[:, :, 0]


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


ONES = np.ones
BATCH, IMAGE, KERNEL = ONES((2, 4, 5, 5)), ONES((4, 5, 5)), ONES((6, 4, 3, 3))

CONV2D_BAD = (
    Bad(lambda: F.conv2d(ONES((4, 5)), KERNEL), ValueError, r"conv2d: input has shape \(4, 5\), expected a 4-D or 3-D"),
    Bad(lambda: F.conv2d(BATCH, IMAGE), ValueError, r"conv2d: weight has shape \(4, 5, 5\), expected a 4-D"),
    Bad(lambda: F.conv2d(BATCH, ONES((6, 3, 3, 3))), ValueError,
        r"conv2d: weight has shape \(6, 3, 3, 3\), expected \(F, 4, KH, KW\): input of shape .* has 4 channels"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, ONES(4)), ValueError, r"conv2d: bias has shape \(4,\), expected \(6,\)"),
    Bad(lambda: F.conv2d(BATCH, ONES((6, 4, 0, 3))), ValueError, "conv2d: weight has shape .* no axis of length 0"),
    Bad(lambda: F.conv2d(BATCH, ONES((6, 4, 6, 6))), ValueError, "conv2d: input has shape .* at least 6 pixels"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, dilation=3), ValueError, "conv2d: input has shape .* at least 7 pixels"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, stride=0), ValueError, "conv2d: stride is 0"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, stride=1.5), TypeError, "conv2d: stride is 1.5"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, stride=(1, 1, 1)), ValueError, r"conv2d: stride is \(1, 1, 1\)"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, padding=-1), ValueError, "conv2d: padding is -1"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, padding="some"), ValueError, "conv2d: padding is 'some'"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, stride=2, padding="same"), ValueError, "conv2d: padding is 'same' with stride"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, dilation=0), ValueError, "conv2d: dilation is 0"),
    Bad(lambda: F.conv2d(BATCH, ONES((6, 2, 3, 3)), groups=0), ValueError, "conv2d: groups is 0"),
    Bad(lambda: F.conv2d(BATCH, ONES((5, 2, 3, 3)), groups=2), ValueError, "conv2d: groups is 2, expected a divisor"),
    Bad(lambda: F.conv2d(BATCH, KERNEL, groups=3), ValueError, "conv2d: weight has shape"),
    Bad(lambda: F.conv2d(ONES((2, 4, 5, 5), int), KERNEL), TypeError, "conv2d: input has dtype int64"),
    Bad(lambda: F.conv2d(BATCH, ONES((6, 4, 3, 3), np.float32)), TypeError, "conv2d: weight has dtype float32"),
    Bad(lambda: F.conv2d(BATCH.astype(np.float32), KERNEL.astype(np.float32), ONES(6)), TypeError, "conv2d: bias has"),
)  # fmt: skip


def conv2d_row(variant, inputs, empty=None, bad=(), **options):
    full = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1, **options}
    return Row("F.conv2d", lambda *a: F.conv2d(*a, **options), inputs, lambda *a: correlate(*a, **full),
               lambda *a: torch().nn.functional.conv2d(*a, **options), variant, empty, bad)  # fmt: skip


def same(x, weight):
    """Padding "same" with an even kernel: one more zero below than above."""
    return correlate(np.pad(x, ((0, 0), (0, 0), (0, 1), (1, 2))), weight)


CONV2D = [
    conv2d_row("3x3 with bias", normal((2, 3, 5, 4), (4, 3, 3, 3), 4),
               lambda rng: [np.zeros((0, 3, 5, 4)), rng.standard_normal((4, 3, 3, 3)), np.zeros(4)], CONV2D_BAD),
    conv2d_row("padding, no bias", normal((2, 3, 4, 5), (4, 3, 3, 2)), padding=(2, 1)),
    conv2d_row("stride", normal((2, 2, 7, 6), (3, 2, 3, 3), 3), stride=(2, 3), padding=(1, 1)),
    conv2d_row("dilation", normal((1, 2, 7, 6), (3, 2, 3, 2), 3), dilation=(2, 3), padding=(1, 1)),
    conv2d_row("groups", normal((2, 4, 5, 5), (6, 2, 3, 3), 6), groups=2, padding=(1, 1)),
    conv2d_row("depthwise, stride, dilation", normal((1, 4, 7, 7), (4, 1, 3, 3), 4), groups=4, padding=(2, 2),
               stride=(2, 2), dilation=(2, 2)),
    conv2d_row("1x1", normal((2, 3, 3, 3), (2, 3, 1, 1), 2)),
    conv2d_row("kernel as large as the image", normal((3, 2, 4, 5), (2, 2, 4, 5), 2)),
    Row("F.conv2d", F.conv2d, normal((3, 5, 5), (2, 3, 3, 3), 2), lambda x, w, b: correlate(x[None], w, b)[0],
        lambda x, w, b: torch().nn.functional.conv2d(x, w, b), "no batch"),
    Row("F.conv2d", lambda x, w: F.conv2d(x, w, padding="same"), normal((1, 2, 4, 5), (2, 2, 2, 4)), same,
        variant="padding same, even kernel"),
    Row("F.conv2d", lambda x, w: F.conv2d(x, w, padding="same", dilation=2), normal((1, 2, 4, 5), (2, 2, 3, 3)),
        lambda x, w: correlate(x, w, None, (1, 1), (2, 2), (2, 2)),
        lambda x, w: torch().nn.functional.conv2d(x, w, padding="same", dilation=2), "padding same"),
    Row("F.conv2d", lambda x, w: F.conv2d(x, w, padding="valid"), normal((1, 2, 4, 5), (2, 2, 3, 3)), correlate,
        lambda x, w: torch().nn.functional.conv2d(x, w, padding="valid"), "padding valid"),
]  # fmt: skip

CONV1D = [
    Row("F.conv1d", F.conv1d, normal((2, 3, 6), (4, 3, 3), 4), flat(correlate),
        lambda *a: torch().nn.functional.conv1d(*a),
        empty=lambda rng: [np.zeros((0, 3, 6)), np.zeros((4, 3, 3)), np.zeros(4)],
        bad=(Bad(lambda: F.conv1d(BATCH, ONES((6, 4, 3))), ValueError, "conv1d: input has .* expected a 3-D or 2-D"),
             Bad(lambda: F.conv1d(IMAGE, ONES((6, 4, 3))), ValueError, r"conv1d: weight .* expected \(F, 5, KL\)"),
             Bad(lambda: F.conv1d(IMAGE, ONES((6, 5, 7))), ValueError, "conv1d: input has shape"),
             Bad(lambda: F.conv1d(IMAGE, ONES((6, 5, 3)), stride=(1, 1)), ValueError, "conv1d: stride"),
             Bad(lambda: F.conv1d(ONES((4, 5, 5), int), ONES((6, 5, 3))), TypeError, "conv1d: input has dtype int64"))),
    Row("F.conv1d", lambda x, w, b: F.conv1d(x, w, b, 2, 3, 2, 2), normal((2, 4, 9), (6, 2, 3), 6),
        lambda x, w, b: flat(correlate)(x, w, b, (1, 2), (0, 3), (1, 2), 2),
        lambda x, w, b: torch().nn.functional.conv1d(x, w, b, 2, 3, 2, 2), "stride, padding, dilation, groups"),
    Row("F.conv1d", F.conv1d, normal((2, 3, 6), (4, 3, 1), 4), flat(correlate),
        lambda *a: torch().nn.functional.conv1d(*a), "of one"),
    Row("F.conv1d", F.conv1d, normal((2, 3, 4), (2, 3, 4), 2), flat(correlate),
        lambda *a: torch().nn.functional.conv1d(*a), "weight of the input's shape"),
    Row("F.conv1d", F.conv1d, normal((3, 6), (4, 3, 3)), lambda x, w: flat(correlate)(x[None], w)[0],
        lambda x, w: torch().nn.functional.conv1d(x, w), "no batch, no bias"),
    Row("F.conv1d", lambda x, w: F.conv1d(x, w, padding="same"), normal((2, 3, 6), (4, 3, 4)),
        lambda x, w: flat(correlate)(np.pad(x, ((0, 0), (0, 0), (1, 2))), w), variant="padding same, even kernel"),
]  # fmt: skip

TRANSPOSED = ONES((4, 3, 3, 3))
TRANSPOSE2D_BAD = (
    Bad(lambda: F.conv_transpose2d(ONES((4, 5)), TRANSPOSED), ValueError, "conv_transpose2d: input has shape"),
    Bad(lambda: F.conv_transpose2d(BATCH, ONES((3, 3, 3, 3))), ValueError,
        r"conv_transpose2d: weight has shape \(3, 3, 3, 3\), expected \(4, F / groups, KH, KW\)"),
    Bad(lambda: F.conv_transpose2d(BATCH, TRANSPOSED, ONES(4)), ValueError, r"bias has shape \(4,\), expected \(3,\)"),
    Bad(lambda: F.conv_transpose2d(BATCH, ONES((4, 3, 0, 3))), ValueError, "conv_transpose2d: weight .* length 0"),
    Bad(lambda: F.conv_transpose2d(BATCH, TRANSPOSED, stride=2, output_padding=2), ValueError,
        "conv_transpose2d: output_padding is 2, expected less than stride or dilation"),
    Bad(lambda: F.conv_transpose2d(BATCH, TRANSPOSED, padding=4), ValueError, "conv_transpose2d: input has shape"),
    Bad(lambda: F.conv_transpose2d(BATCH, TRANSPOSED, padding="same"), TypeError, "padding is 'same'"),
    Bad(lambda: F.conv_transpose2d(BATCH, TRANSPOSED, groups=3), ValueError, "conv_transpose2d: groups is 3"),
    Bad(lambda: F.conv_transpose2d(ONES((2, 4, 5, 5), int), TRANSPOSED), TypeError, "conv_transpose2d: input has"),
    Bad(lambda: F.conv_transpose2d(ONES((2, 4, 0, 5)), TRANSPOSED), ValueError, "conv_transpose2d: input has shape"),
)  # fmt: skip


def transpose_row(variant, inputs, *options, empty=None, bad=()):
    def twin(*arguments):
        return torch().nn.functional.conv_transpose2d(*arguments, *options)

    return Row("F.conv_transpose2d", lambda *a: F.conv_transpose2d(*a, *options), inputs,
               lambda *a: paint(*a, *options), twin, variant, empty, bad)  # fmt: skip


TRANSPOSE2D = [
    transpose_row("4x4, stride 2, padding 1", normal((2, 3, 3, 4), (3, 2, 4, 4), 2), (2, 2), (1, 1),
                  bad=TRANSPOSE2D_BAD, empty=lambda rng: [np.zeros((0, 3, 3, 4)), np.zeros((3, 2, 4, 4)), np.zeros(2)]),
    transpose_row("2x2, stride 2", normal((2, 3, 3, 2), (3, 2, 2, 2), 2), (2, 2)),
    transpose_row("kernel smaller than the stride", normal((1, 2, 3, 2), (2, 2, 1, 2), 2), (2, 3), (0, 0), (1, 2)),
    transpose_row("groups, output padding", normal((2, 4, 3, 3), (4, 3, 3, 3), 6), (2, 2), (1, 1), (1, 0), 2),
    transpose_row("dilation", normal((1, 2, 3, 4), (2, 3, 3, 2), 3), (1, 2), (2, 0), (0, 0), 1, (2, 3)),
    transpose_row("output padding beyond the stride", normal((1, 2, 3, 3), (2, 2, 3, 3), 2), (1, 1), (0, 0), (2, 1), 1,
                  (3, 3)),
    transpose_row("output padding beyond the stride, wide", normal((1, 2, 2, 5), (2, 2, 3, 2), 2), (1, 1), (0, 0),
                  (2, 1), 1, (3, 2)),
    transpose_row("output padding beyond the stride, high", normal((1, 2, 5, 2), (2, 2, 2, 3), 2), (1, 1), (0, 0),
                  (1, 2), 1, (2, 3)),
    transpose_row("the gradient has the weight's shape, before it is cut", normal((2, 2, 2, 2), (2, 2, 3, 3), 2),
                  (1, 1), (0, 0), (1, 1), 1, (2, 2)),
    Row("F.conv_transpose2d", F.conv_transpose2d, normal((3, 4, 4), (3, 2, 3, 3)), lambda x, w: paint(x[None], w)[0],
        lambda x, w: torch().nn.functional.conv_transpose2d(x, w), "no batch, no bias"),
]  # fmt: skip

TRANSPOSE1D = [
    Row("F.conv_transpose1d", F.conv_transpose1d, normal((2, 3, 4), (3, 2, 3), 2), flat(paint),
        lambda *a: torch().nn.functional.conv_transpose1d(*a),
        empty=lambda rng: [np.zeros((0, 3, 4)), np.zeros((3, 2, 3)), np.zeros(2)],
        bad=(Bad(lambda: F.conv_transpose1d(BATCH, ONES((4, 3, 3))), ValueError, "conv_transpose1d: input has shape"),
             Bad(lambda: F.conv_transpose1d(IMAGE, ONES((4, 3, 3))), ValueError, "conv_transpose1d: weight has shape"),
             Bad(lambda: F.conv_transpose1d(IMAGE, ONES((5, 3, 3)), output_padding=1), ValueError, "output_padding"),
             Bad(lambda: F.conv_transpose1d(IMAGE, ONES((5, 3, 3), np.float32)), TypeError, "weight has dtype"))),
    Row("F.conv_transpose1d", lambda x, w, b: F.conv_transpose1d(x, w, b, 3, 1, 1, 2, 2),
        normal((2, 4, 4), (4, 3, 3), 6),
        lambda x, w, b: flat(paint)(x, w, b, (1, 3), (0, 1), (0, 1), 2, (1, 2)),
        lambda x, w, b: torch().nn.functional.conv_transpose1d(x, w, b, 3, 1, 1, 2, 2), "every option"),
    Row("F.conv_transpose1d", F.conv_transpose1d, normal((2, 3, 4), (3, 2, 1), 2), flat(paint),
        lambda *a: torch().nn.functional.conv_transpose1d(*a), "of one"),
    Row("F.conv_transpose1d", F.conv_transpose1d, normal((3, 3, 4), (3, 3, 4), 3), flat(paint),
        lambda *a: torch().nn.functional.conv_transpose1d(*a), "weight of the input's shape"),
    Row("F.conv_transpose1d", F.conv_transpose1d, normal((3, 4), (3, 2, 3)), lambda x, w: flat(paint)(x[None], w)[0],
        lambda x, w: torch().nn.functional.conv_transpose1d(x, w), "no batch, no bias"),
]  # fmt: skip

IMAGES32 = ONES((1, 4, 5, 5), np.float32)

LAYERS = [
    Row("nn.Conv2d", None, normal((2, 4, 5, 6)), variant="every option", empty=lambda rng: [np.zeros((0, 4, 5, 6))],
        module=lambda: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), 2, 2),
        torch_module=lambda: torch().nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), 2, 2),
        bad=(Bad(lambda: nn.Conv2d(3, 4, 0), ValueError, "Conv2d: kernel_size is 0"),
             Bad(lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "Conv2d: in_channels is 3, expected a multiple of"),
             Bad(lambda: nn.Conv2d(4, 3, 3, groups=2), ValueError, "Conv2d: out_channels is 3"),
             Bad(lambda: nn.Conv2d(4, 3, 3, padding_mode="reflect"), ValueError, "Conv2d: padding_mode is 'reflect'"),
             Bad(lambda: nn.Conv2d(4, 3, 3, padding="full"), ValueError, "Conv2d: padding is 'full'"),
             Bad(lambda: nn.Conv2d(4, 3, 3, 2, padding="same"), ValueError, "Conv2d: padding is 'same' with stride"),
             Bad(lambda: nn.Conv2d("4", 3, 3), TypeError, "Conv2d: in_channels is '4'"),
             Bad(lambda: nn.Conv2d(3, 3, 3)(IMAGES32), ValueError, "conv2d: weight has shape"))),
    Row("nn.Conv2d", None, normal((2, 3, 4, 4)), variant="padding same, no bias",
        module=lambda: nn.Conv2d(3, 2, 3, padding="same", bias=False),
        torch_module=lambda: torch().nn.Conv2d(3, 2, 3, padding="same", bias=False)),
    Row("nn.Conv1d", None, normal((2, 4, 7)), empty=lambda rng: [np.zeros((0, 4, 7))],
        module=lambda: nn.Conv1d(4, 6, 3, 2, 1, 1, 2), torch_module=lambda: torch().nn.Conv1d(4, 6, 3, 2, 1, 1, 2),
        bad=(Bad(lambda: nn.Conv1d(3, 4, (3, 3)), ValueError, "Conv1d: kernel_size"),
             Bad(lambda: nn.Conv1d(3, 4, 3)(IMAGES32), ValueError, "conv1d: input has shape"))),
    Row("nn.ConvTranspose2d", None, normal((2, 4, 3, 3)), empty=lambda rng: [np.zeros((0, 4, 3, 3))],
        module=lambda: nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2),
        torch_module=lambda: torch().nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2),
        bad=(Bad(lambda: nn.ConvTranspose2d(4, 6, 3, padding="same"), TypeError, "ConvTranspose2d: padding is 'same'"),
             Bad(lambda: nn.ConvTranspose2d(4, 6, 3, 2)(IMAGES32, (4, 4)), ValueError,
                 r"ConvTranspose2d: output_size is \(4, 4\), expected from \(11, 11\) to \(12, 12\)"),
             Bad(lambda: nn.ConvTranspose2d(4, 6, 3, 2)(IMAGES32, 11), ValueError, "ConvTranspose2d: output_size"),
             Bad(lambda: nn.ConvTranspose2d(3, 6, 3)(IMAGES32), ValueError, "conv_transpose2d: weight has shape"))),
    Row("nn.ConvTranspose1d", None, normal((2, 4, 5)), empty=lambda rng: [np.zeros((0, 4, 5))],
        module=lambda: nn.ConvTranspose1d(4, 6, 4, 2, 1, bias=False),
        torch_module=lambda: torch().nn.ConvTranspose1d(4, 6, 4, 2, 1, bias=False),
        bad=(Bad(lambda: nn.ConvTranspose1d(4, 6, -1), ValueError, "ConvTranspose1d: kernel_size is -1"),
             Bad(lambda: nn.ConvTranspose1d(4, 6, 3)(IMAGES32), ValueError, "conv_transpose1d: input has shape"))),
]  # fmt: skip

ROWS = CONV2D + CONV1D + TRANSPOSE2D + TRANSPOSE1D + LAYERS
