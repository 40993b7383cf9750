"""What is checked in assignment 2, and which variants there are.

Each part looks at one thing: where the direction of the kernel is not the subject, the kernels look the same after half
a turn; where overlap is not, windows do not overlap; and so on. So a mistake costs only the parts where it matters.
"""

import functools

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q3": ("reflect", "replicate", "circular"),
    "q5": ("root", "ends", "middle"),
    "q7": ("opposite", "turn", "next"),
}

Sum = functools.partial(Call, rtol=1e-4, atol=1e-5)  # a sum of many products, perhaps in float32


def noise(rng, *shape):
    """Random numbers with three digits behind the point."""
    return rng.standard_normal(shape).round(3)


def turnable(rng, *shape):
    """Kernels that half a turn does not change."""
    w = noise(rng, *shape)
    return w + w[..., ::-1, ::-1]


def distinct(rng, *shape):
    """Numbers of which no two are equal, from about -2 to 2."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) - count // 2) * (4 / count) + 0.01


def no_bias(filters):
    """Biases that add nothing."""
    return np.zeros(filters)


# q1: convolution, forward -------------------------------------------------------------------------------------------


def q1_window(rng, variant):
    """One image, one channel, one filter."""
    x, w = rng.integers(-3, 4, (1, 1, 4, 4)) * 1.0, rng.integers(-3, 4, (1, 1, 3, 3)) * 1.0
    w[0, 0, 0, 0], w[0, 0, 2, 2], w[0, 0, 0, 2] = 3, -2, 1  # no turn or mirror leaves it as it is
    large, kernel = noise(rng, 1, 1, 6, 6), noise(rng, 1, 1, 2, 2)
    return [
        Sum("conv_forward", (x, w, no_bias(1)), text="an image of 4 x 4 and a kernel of 3 x 3", picture=True),
        Sum("conv_forward", (large, kernel, no_bias(1)), text="an image of 6 x 6 and a kernel of 2 x 2"),
    ]


def q1_channels(rng, variant):
    """Several images, channels and filters."""
    images, channels = int(rng.integers(2, 4)), int(rng.integers(3, 5))
    args = noise(rng, images, channels, 5, 5), turnable(rng, 2, channels, 3, 3), no_bias(2)
    return [Sum("conv_forward", args, text=f"{images} images of {channels} channels, 2 filters")]


def q1_bias(rng, variant):
    """Biases, each of its own."""
    args = noise(rng, 2, 1, 4, 4), turnable(rng, 3, 1, 3, 3), noise(rng, 3) + [1, 2, 3]
    return [Sum("conv_forward", args, text="3 filters, each with its own bias")]


def q1_padding(rng, variant):
    """Zeros on all four sides."""
    return [
        Sum("conv_forward", (noise(rng, 1, 1, 4, 4), turnable(rng, 1, 1, 3, 3), no_bias(1)), {"padding": 1},
            text="a kernel of 3 x 3, padding 1", picture=True),
        Sum("conv_forward", (noise(rng, 1, 2, 4, 4), turnable(rng, 2, 2, 3, 3), no_bias(2)), {"padding": 2},
            text="a kernel of 3 x 3, padding 2"),
    ]  # fmt: skip


def q1_stride(rng, variant):
    """Steps of more than one pixel, that fill the image."""
    return [
        Sum("conv_forward", (noise(rng, 1, 1, 7, 7), turnable(rng, 1, 1, 3, 3), no_bias(1)), {"stride": 2},
            text="an image of 7 x 7, stride 2", picture=True),
        Sum("conv_forward", (noise(rng, 1, 2, 8, 8), turnable(rng, 2, 2, 2, 2), no_bias(2)), {"stride": 3},
            text="an image of 8 x 8, a kernel of 2 x 2, stride 3"),
    ]  # fmt: skip


def q1_odd(rng, variant):
    """Images and kernels that are not square; rows and columns left over."""
    height, width = int(rng.integers(2, 4)) * 2 + 1, int(rng.integers(3, 5)) * 2
    x, w = noise(rng, 1, 2, height, width), turnable(rng, 2, 2, 2, 3)
    text = f"images of {height} x {width}, kernels of 2 x 3, stride 2: a row and a column are left over"
    return [
        Sum("conv_forward", (x, w, no_bias(2)), {"stride": 2}, text=text),
        Sum("conv_forward", (x, w, no_bias(2)), text=f"images of {height} x {width}, kernels of 2 x 3"),
    ]


# q2: convolution, backward ------------------------------------------------------------------------------------------


def q2_dx(rng, variant):
    """Gradient of the image: windows that overlap."""
    dy = np.array([1.0, 2, 0, -1]).reshape(1, 1, 2, 2)
    w = np.array([1.0, 0, -1, 2, 1, 0, 0, -1, 1]).reshape(1, 1, 3, 3)
    return [
        Sum("conv_backward_input", (dy, w, (1, 1, 4, 4)), text="the example of section 3", picture=True),
        Sum("conv_backward_input", (noise(rng, 2, 3, 3, 3), noise(rng, 3, 2, 3, 3), (2, 2, 5, 5)),
            text="2 images, 2 channels, 3 filters, kernels of 3 x 3"),
    ]  # fmt: skip


def q2_dx_stride(rng, variant):
    """Gradient of the image: windows side by side."""
    args = noise(rng, 1, 2, 3, 3), turnable(rng, 2, 1, 2, 2), (1, 1, 6, 6)
    return [Sum("conv_backward_input", args, {"stride": 2}, text="kernels of 2 x 2, stride 2", picture=True)]


def q2_dx_padding(rng, variant):
    """Gradient of the image: the border is taken off again. One window only: no overlap, no stride."""
    args = noise(rng, 1, 2, 1, 1), turnable(rng, 2, 1, 5, 5), (1, 1, 3, 3)
    tall = noise(rng, 1, 2, 1, 1), turnable(rng, 2, 1, 8, 6), (1, 1, 4, 2)
    return [
        Sum("conv_backward_input", args, {"padding": 1}, text="an image of 3 x 3, kernels of 5 x 5, padding 1"),
        Sum("conv_backward_input", tall, {"padding": 2}, text="an image of 4 x 2, kernels of 8 x 6, padding 2"),
    ]


def q2_dw(rng, variant):
    """Gradient of the kernels."""
    args = noise(rng, 2, 3, 3, 3), noise(rng, 2, 2, 5, 5), (3, 2, 3, 3)
    return [Sum("conv_backward_weight", args, text="2 images, 2 channels, 3 filters, kernels of 3 x 3")]


def q2_dw_stride(rng, variant):
    """Gradient of the kernels: stride 2."""
    args = noise(rng, 1, 1, 3, 3), noise(rng, 1, 2, 7, 7), (1, 2, 3, 3)
    return [Sum("conv_backward_weight", args, {"stride": 2}, text="kernels of 3 x 3, stride 2")]


def q2_dw_padding(rng, variant):
    """Gradient of the kernels: they saw zeros at the border."""
    args = noise(rng, 1, 2, 4, 4), noise(rng, 1, 1, 4, 4), (2, 1, 3, 3)
    return [Sum("conv_backward_weight", args, {"padding": 1}, text="kernels of 3 x 3, padding 1")]


def q2_db(rng, variant):
    """Gradient of the biases."""
    return [Sum("conv_backward_bias", (noise(rng, 2, 3, 4, 5) + 0.5,), text="2 images, 3 filters, results of 4 x 5")]


def q2_odd(rng, variant):
    """Rows and columns that no window reached."""
    options, words = {"stride": 2, "padding": 1}, "images of 6 x 8, kernels of 3 x 3, stride 2, padding 1"
    dy, x, w = noise(rng, 1, 2, 3, 4), noise(rng, 1, 2, 6, 8), turnable(rng, 2, 2, 3, 3)
    bare, kernel = noise(rng, 1, 1, 2, 3), turnable(rng, 1, 1, 3, 2)
    return [
        Sum("conv_backward_input", (dy, w, x.shape), options, text=words),
        Sum("conv_backward_weight", (dy, x, w.shape), options, text=words),
        Sum("conv_backward_input", (bare, kernel, (1, 1, 6, 7)), {"stride": 2},
            text="an image of 6 x 7, a kernel of 3 x 2, stride 2: a row and a column are left over", picture=True),
    ]  # fmt: skip


# q3: another border -------------------------------------------------------------------------------------------------


def q3_pad(rng, variant):
    """A border of one pixel."""
    numbers = np.arange(1.0, 17).reshape(1, 1, 4, 4)
    return [
        Call("pad", (numbers, 1), text="the example of section 4, padding 1", picture=True),
        Call("pad", (distinct(rng, 2, 2, 3, 5), 1), text="images of 3 x 5, padding 1"),
    ]


def q3_pad_wide(rng, variant):
    """A border of several pixels."""
    return [
        Call("pad", (distinct(rng, 1, 1, 4, 5), 2), text="an image of 4 x 5, padding 2", picture=True),
        Call("pad", (distinct(rng, 1, 2, 5, 4), 3), text="images of 5 x 4, padding 3"),
    ]


def q3_fold(rng, variant):
    """Gradients of a border of one pixel go back."""
    marks = np.zeros((1, 1, 6, 6))
    marks[0, 0, [0, 0, 4, 1], [0, 3, 5, 1]] = 1, 10, 100, 1000
    return [
        Sum("pad_backward", (marks, 1), text="the example of section 4, padding 1", picture=True),
        Sum("pad_backward", (distinct(rng, 2, 2, 6, 7), 1), text="images of 4 x 5, padding 1"),
    ]


def q3_fold_wide(rng, variant):
    """Gradients of a border of several pixels go back."""
    return [
        Sum("pad_backward", (distinct(rng, 1, 1, 8, 9), 2), text="an image of 4 x 5, padding 2", picture=True),
        Sum("pad_backward", (distinct(rng, 1, 2, 10, 10), 3), text="images of 4 x 4, padding 3"),
    ]


def q3_forward(rng, variant):
    """The convolution with this border."""
    x, b = noise(rng, 2, 2, 4, 5), noise(rng, 3)
    return [
        Sum("padded_conv_forward", (x, noise(rng, 3, 2, 3, 3), b, 1), text="kernels of 3 x 3, padding 1"),
        Sum("padded_conv_forward", (x, noise(rng, 3, 2, 3, 3), b, 2), text="kernels of 3 x 3, padding 2"),
    ]


def q3_backward(rng, variant):
    """Its gradients."""
    x, w = noise(rng, 2, 2, 4, 5), noise(rng, 3, 2, 3, 3)
    names = ("dx", "dw")
    return [
        Sum("padded_conv_backward", (noise(rng, 2, 3, 4, 5), x, w, 1), text="padding 1", names=names),
        Sum("padded_conv_backward", (noise(rng, 2, 3, 6, 7), x, w, 2), text="padding 2", names=names),
    ]


# q4: max pooling ----------------------------------------------------------------------------------------------------

POOL_EXAMPLE = np.array([[1.0, 5, 2, 0], [3, 2, 4, 1], [0, 2, 6, 3], [1, 7, 6, 5]])[None, None]


def q4_values(rng, variant):
    """The largest values; each window has a positive one."""
    x = np.abs(distinct(rng, 2, 2, 6, 6))
    return [
        Call("maxpool_forward", (POOL_EXAMPLE, 2, 2), text="the example of section 5", picture=True),
        Call("maxpool_forward", (x, 3, 3), text="images of 6 x 6, windows of 3 x 3"),
    ]


def q4_indices(rng, variant):
    """Positions; no two values are equal."""
    x = np.abs(distinct(rng, 2, 3, 4, 6)) + np.arange(4 * 6).reshape(4, 6) * 1e-3
    text = "2 images of 3 channels, 4 x 6, windows of 2 x 2, with positions"
    names, options = ("values", "indices"), {"return_indices": True}
    return [Call("maxpool_forward", (x, 2, 2), options, text=text, names=names)]


def q4_ties(rng, variant):
    """The first of equal values. One window covers the image: its positions are the same, however they are counted."""
    names, options, text = (
        ("values", "indices"),
        {"return_indices": True},
        "the largest value stands there several times",
    )
    calls = []
    for _ in range(3):
        x = rng.integers(0, 3, (1, 1, 3, 3)) * 1.0
        x.flat[rng.choice(9, 3, replace=False)] = 3
        calls.append(Call("maxpool_forward", (x, 3, 3), options, text=text, names=names))
    return calls


def q4_negative(rng, variant):
    """No value is positive."""
    x = -1 - np.abs(distinct(rng, 1, 2, 4, 4))
    return [Call("maxpool_forward", (x, 2, 2), text="all numbers are negative", picture=True)]


def q4_overlap(rng, variant):
    """Windows that overlap."""
    x = np.abs(distinct(rng, 1, 2, 7, 7))
    return [Call("maxpool_forward", (x, 3, 2), text="images of 7 x 7, windows of 3 x 3 with stride 2", picture=True)]


def q4_odd(rng, variant):
    """Rows and columns that fill no window; the largest of all stands there."""
    x = np.abs(distinct(rng, 1, 2, 5, 7))
    x[:, :, -1], x[:, :, :, -1] = 9, 8
    return [
        Call("maxpool_forward", (x, 2, 2), text="images of 5 x 7, windows of 2 x 2: a row and a column are left over")
    ]


def _positions(rng, images, channels, height, width, size):
    """A position in each window, drawn: (N, C, height // size, width // size)."""
    rows, columns = height // size, width // size
    a, b = rng.integers(0, size, (2, images, channels, rows, columns))
    return (np.arange(rows)[:, None] * size + a) * width + np.arange(columns) * size + b


def q4_route(rng, variant):
    """Each gradient goes to its winner."""
    dy, indices = np.array([[10.0, 20], [30, 40]])[None, None], np.array([[1, 6], [13, 10]])[None, None]
    many = noise(rng, 2, 3, 2, 3), _positions(rng, 2, 3, 5, 6, 2), (2, 3, 5, 6)
    return [
        Call("maxpool_backward", (dy, indices, (1, 1, 4, 4)), text="the example of section 5", picture=True),
        Call("maxpool_backward", many, text="2 images of 3 channels, 5 x 6"),
    ]


def q4_shared(rng, variant):
    """One pixel wins several windows."""
    indices = rng.permutation(np.array([12, 12, 12, 12, 6, 8, 8, 18, 16]))[None, None].reshape(1, 1, 3, 3)
    args = noise(rng, 1, 1, 3, 3), indices, (1, 1, 5, 5)
    return [Sum("maxpool_backward", args, text="some pixels are the winners of several windows", picture=True)]


# q5: another rule for ties ------------------------------------------------------------------------------------------

TIE_EXAMPLE = np.array([[7.0, 7, 1, 2], [3, 7, 4, 4], [5, 0, 8, 8], [1, 2, 8, 8]])[None, None]


def _tied(rng, count, size, stride, rows, columns):
    """An image whose windows have about ``count`` winners each (exactly, where they do not overlap)."""
    x = rng.permutation(rows * columns).reshape(rows, columns) / (rows * columns)
    for h in range(0, rows - size + 1, stride):
        for w in range(0, columns - size + 1, stride):
            at = rng.choice(size * size, count, replace=False)
            x[h + at // size, w + at % size] = 2
    return x[None, None]


def q5_alone(rng, variant):
    """One winner in each window."""
    return [Sum("tie_shares", (distinct(rng, 2, 2, 4, 6), 2, 2), text="no two numbers are equal")]


def q5_two(rng, variant):
    """Two winners in each window."""
    return [Sum("tie_shares", (_tied(rng, 2, 3, 3, 6, 6), 3, 3), text="two winners in each window of 3 x 3")]


def q5_many(rng, variant):
    """Three and more winners."""
    zeros = np.zeros((1, 1, 4, 4))
    return [
        Sum("tie_shares", (_tied(rng, 3, 2, 2, 4, 4), 2, 2), text="three winners in each window of 2 x 2"),
        Sum("tie_shares", (_tied(rng, 5, 3, 3, 3, 6), 3, 3), text="five winners in each window of 3 x 3"),
        Sum("tie_shares", (zeros, 2, 2), text="all numbers are 0"),
    ]


def q5_backward(rng, variant):
    """Shares times gradients, windows side by side."""
    dy = np.array([[6.0, 2], [4, 8]])[None, None]
    x = rng.integers(0, 3, (2, 2, 4, 6)) * 1.0
    x[0, 0, :2, :2] = 2  # one window with four winners in any case
    return [
        Sum("tie_pool_backward", (dy, TIE_EXAMPLE, 2, 2), text="the example of section 6", picture=True),
        Sum("tie_pool_backward", (noise(rng, 2, 2, 2, 3), x, 2, 2), text="windows of 2 x 2, many ties"),
    ]


def q5_overlap(rng, variant):
    """Windows that overlap; rows left over."""
    x = rng.integers(0, 3, (1, 2, 6, 5)) * 1.0
    x[:, :, 1:4, 1:4] = 3
    dy = noise(rng, 1, 2, 2, 2)
    return [Sum("tie_pool_backward", (dy, x, 3, 2), text="windows of 3 x 3 with stride 2, many ties", picture=True)]


# q6: max unpooling --------------------------------------------------------------------------------------------------


def q6_place(rng, variant):
    """Numbers come to their positions."""
    y, indices = np.array([[2.0, 9], [4, 3]])[None, None], np.array([[1, 6], [13, 10]])[None, None]
    many = noise(rng, 2, 3, 2, 3), _positions(rng, 2, 3, 4, 6, 2), (4, 6)
    return [
        Call("unpool_forward", (y, indices, (4, 4)), text="the example of section 7", picture=True),
        Call("unpool_forward", many, text="2 images of 3 channels, to 4 x 6"),
    ]


def q6_odd(rng, variant):
    """The larger image has rows and columns that no window had."""
    args = noise(rng, 1, 2, 2, 3), _positions(rng, 1, 2, 5, 7, 2), (5, 7)
    return [Call("unpool_forward", args, text="from 2 x 3 to 5 x 7", picture=True)]


def q6_duplicates(rng, variant):
    """Two numbers with the same position: the last one stays."""
    indices = np.array([6, 6, 8, 12, 12, 8, 16, 12, 18]).reshape(1, 1, 3, 3)
    y = noise(rng, 1, 1, 3, 3) + np.arange(9).reshape(3, 3)
    return [Call("unpool_forward", (y, indices, (5, 5)), text="some positions occur several times", picture=True)]


def q6_backward(rng, variant):
    """What stands at the positions."""
    args = noise(rng, 2, 3, 4, 6), _positions(rng, 2, 3, 4, 6, 2)
    odd = noise(rng, 1, 2, 5, 7), _positions(rng, 1, 2, 5, 7, 2)
    return [
        Call("unpool_backward", args, text="2 images of 3 channels, 4 x 6"),
        Call("unpool_backward", odd, text="from 5 x 7 to 2 x 3"),
    ]


# q7: another unpooling ----------------------------------------------------------------------------------------------


def q7_two(rng, variant):
    """Windows of 2 x 2."""
    y, indices = np.array([[5.0, 8], [6, 9]])[None, None], np.array([[0, 6], [13, 11]])[None, None]
    many = noise(rng, 2, 2, 3, 2), _positions(rng, 2, 2, 6, 4, 2), 2, (6, 4)
    return [
        Call("unpool_moved", (y, indices, 2, (4, 4)), text="the example of section 8", picture=True),
        Call("unpool_moved", many, text="images of 6 x 4, windows of 2 x 2"),
    ]


def q7_three(rng, variant):
    """Windows of 3 x 3."""
    args = noise(rng, 2, 2, 3, 2), _positions(rng, 2, 2, 9, 6, 3), 3, (9, 6)
    return [Call("unpool_moved", args, text="images of 9 x 6, windows of 3 x 3")]


def q7_odd(rng, variant):
    """Rows and columns that belong to no window."""
    args = noise(rng, 1, 2, 2, 3), _positions(rng, 1, 2, 5, 7, 2), 2, (5, 7)
    return [Call("unpool_moved", args, text="from 2 x 3 to 5 x 7, windows of 2 x 2", picture=True)]


def q7_backward(rng, variant):
    """Its gradient."""
    two = noise(rng, 2, 2, 6, 4), _positions(rng, 2, 2, 6, 4, 2), 2
    three = noise(rng, 1, 2, 7, 8), _positions(rng, 1, 2, 7, 8, 3), 3
    return [
        Call("unpool_moved_backward", two, text="images of 6 x 4, windows of 2 x 2"),
        Call("unpool_moved_backward", three, text="images of 7 x 8, windows of 3 x 3"),
    ]


# q8: transposed convolution -----------------------------------------------------------------------------------------


def q8_stamp(rng, variant):
    """One channel, stamps side by side."""
    x, w = np.array([[1.0, 2], [-1, 3]])[None, None], np.array([[1.0, 2], [3, 0]])[None, None]
    other = noise(rng, 1, 1, 2, 3), noise(rng, 1, 1, 3, 3), no_bias(1)
    return [
        Sum("conv_transpose_forward", (x, w, no_bias(1)), {"stride": 2}, text="the example of section 9, stride 2",
            picture=True),
        Sum("conv_transpose_forward", other, {"stride": 3}, text="a kernel of 3 x 3, stride 3"),
    ]  # fmt: skip


def q8_overlap(rng, variant):
    """Stamps that overlap."""
    return [
        Sum("conv_transpose_forward", (noise(rng, 1, 1, 3, 3), turnable(rng, 1, 1, 3, 3), no_bias(1)), {"stride": 1},
            text="a kernel of 3 x 3, stride 1", picture=True),
        Sum("conv_transpose_forward", (noise(rng, 1, 1, 3, 2), turnable(rng, 1, 1, 3, 4), no_bias(1)), {"stride": 2},
            text="a kernel of 3 x 4, stride 2"),
    ]  # fmt: skip


def q8_channels(rng, variant):
    """Several images and channels."""
    args = noise(rng, 2, 3, 2, 3), turnable(rng, 3, 2, 2, 2), no_bias(2)
    square = noise(rng, 1, 2, 2, 2), turnable(rng, 2, 2, 2, 2), no_bias(2)
    return [
        Sum("conv_transpose_forward", args, {"stride": 2}, text="2 images, from 3 channels to 2"),
        Sum("conv_transpose_forward", square, {"stride": 2}, text="from 2 channels to 2"),
    ]


def q8_padding(rng, variant):
    """Rows and columns are cut off on all sides."""
    args = noise(rng, 1, 1, 3, 2), turnable(rng, 1, 1, 3, 3), no_bias(1)
    return [Sum("conv_transpose_forward", args, {"stride": 3, "padding": 1}, text="stride 3, padding 1", picture=True)]


def q8_together(rng, variant):
    """All of it, with biases."""
    args = noise(rng, 2, 3, 3, 4), turnable(rng, 3, 2, 4, 4), noise(rng, 2) + [1, 2]
    text = "from 3 channels to 2, kernels of 4 x 4, stride 2, padding 1, biases"
    return [Sum("conv_transpose_forward", args, {"stride": 2, "padding": 1}, text=text)]


def q8_dx(rng, variant):
    """Gradient of the small images."""
    plain = noise(rng, 2, 2, 5, 5), noise(rng, 3, 2, 3, 3)
    strided = noise(rng, 1, 2, 6, 8), noise(rng, 3, 2, 4, 4)
    return [
        Sum("conv_transpose_backward_input", plain, text="2 images, kernels of 3 x 3, stride 1"),
        Sum("conv_transpose_backward_input", strided, {"stride": 2, "padding": 1},
            text="kernels of 4 x 4, stride 2, padding 1"),
    ]  # fmt: skip


def q8_dw(rng, variant):
    """Gradient of the kernels."""
    plain = noise(rng, 2, 2, 5, 5), noise(rng, 2, 3, 3, 3), (3, 2, 3, 3)
    strided = noise(rng, 1, 2, 6, 8), noise(rng, 1, 3, 3, 4), (3, 2, 4, 4)
    return [
        Sum("conv_transpose_backward_weight", plain, text="2 images, kernels of 3 x 3, stride 1"),
        Sum("conv_transpose_backward_weight", strided, {"stride": 2, "padding": 1},
            text="kernels of 4 x 4, stride 2, padding 1"),
    ]  # fmt: skip


QUESTIONS = [
    Question("q1", "Convolution, forward", ("conv_forward",), [
        Part("window", 3, q1_window, hint="Work out the example of section 2 on paper, and print each window that you "
             "use. Is the upper left weight on the upper left pixel?"),
        Part("channels", 2, q1_channels, hint="The shape of w says what the sum runs over, and what it does not run "
             "over."),
        Part("bias", 1, q1_bias, hint="Which axis of the result counts the filters? NumPy stretches from the last "
             "axis."),
        Part("padding", 2, q1_padding, hint="Print the padded array of an image of ones. How many sides of it are "
             "zeros?"),
        Part("stride", 2, q1_stride, hint="Where does window (1, 0) begin? And how many such beginnings leave room for "
             "the whole kernel?"),
        Part("odd", 2, q1_odd, hint="Rows and columns need their own sizes everywhere. What is left over is not used."),
    ]),
    Question("q2", "Convolution, backward", ("conv_backward_input", "conv_backward_weight", "conv_backward_bias"), [
        Part("dx", 3, q2_dx, hint="A pixel lies in several windows. Draw the four stamps of section 3, and look at the "
             "ring."),
        Part("dx_stride", 2, q2_dx_stride, hint="The stamp of dy[h, w] belongs where window (h, w) was on the way "
             "forward."),
        Part("dx_padding", 2, q2_dx_padding, hint="Press the stamps onto an image with its border. Which part of it is "
             "x?"),
        Part("dw", 3, q2_dw, hint="List the pixels that one weight met, in all windows of all images, and the dy of "
             "each."),
        Part("dw_stride", 2, q2_dw_stride, hint="The pixels that one weight met are as far apart as the windows were."),
        Part("dw_padding", 2, q2_dw_padding, hint="What did the weights meet at the border, on the way forward?"),
        Part("db", 2, q2_db, hint="The bias was added to many numbers. Each of them passes its whole gradient on."),
        Part("odd", 2, q2_odd, hint="The shape of x cannot be found from dy alone. A pixel in no window has no "
             "influence."),
    ]),
    Question("q3", "Another border", ("pad", "pad_backward", "padded_conv_forward", "padded_conv_backward"), [
        Part("pad", 2, q3_pad, hint="Make a list first: for each row of the result, from which row of x does it come? "
             "Write it down for 4 rows and compare it with the picture."),
        Part("pad_wide", 1, q3_pad_wide, hint="Write down the list of the rows for padding 2, and read its definition "
             "again."),
        Part("fold", 3, q3_fold, hint="Go through all pixels of the padded image, and ask each: whose copy are you? "
             "Several can give the same answer: mind how NumPy adds at repeated places."),
        Part("fold_wide", 3, q3_fold_wide, hint="Does the adjoint test hold for padding 2? A corner is far from home "
             "in both directions."),
        Part("forward", 2, q3_forward, hint="The border comes first. What follows is a convolution without padding."),
        Part("backward", 3, q3_backward, hint="Go backwards through the steps of the forward function: first the "
             "convolution without padding, and then the border."),
    ]),
    Question("q4", "Max pooling", ("maxpool_forward", "maxpool_backward"), [
        Part("values", 3, q4_values, hint="Print one window, and its corner in the image."),
        Part("indices", 3, q4_indices, hint="The position counts from the corner of the image, not of the window; and "
             "each channel begins at 0 again. How many pixels are in a row of the image?"),
        Part("ties", 2, q4_ties, hint="Go through a window with two equal numbers by hand. When does your answer "
             "change?"),
        Part("negative", 1, q4_negative, hint="What is the largest of no numbers? Not 0."),
        Part("overlap", 1, q4_overlap, hint="The size says how large a window is, the stride says where it begins."),
        Part("odd", 1, q4_odd, hint="How many whole windows fit? What is left over takes part in none."),
        Part("route", 2, q4_route, hint="Turn a position into a row and a column, in the channel of the number that it "
             "is for. Everything else is 0."),
        Part("shared", 1, q4_shared, hint="A pixel that wins twice is asked twice. Mind how NumPy adds at repeated "
             "places."),
    ]),
    Question("q5", "Another rule for ties", ("tie_shares", "tie_pool_backward"), [
        Part("alone", 2, q5_alone, hint="With one winner, the shares of a window are one 1, and zeros."),
        Part("two", 2, q5_two, hint="Read this term's rule again with t = 2. Number the winners inside of their "
             "window."),
        Part("many", 2, q5_many, hint="Count the winners of each window first: that is t. A window of zeros has "
             "winners, too."),
        Part("backward", 2, q5_backward, hint="Each window has one gradient, and a share for each of its pixels."),
        Part("overlap", 2, q5_overlap, hint="A pixel in several windows has a share in each of them, and gets from "
             "each."),
    ]),
    Question("q6", "Max unpooling", ("unpool_forward", "unpool_backward"), [
        Part("place", 3, q6_place, hint="Turn a position into a row and a column of the large image. Each channel of "
             "each image has positions of its own."),
        Part("odd", 2, q6_odd, hint="The small image does not know how large the result is. Who does?"),
        Part("duplicates", 1, q6_duplicates, hint="Put, do not add."),
        Part("backward", 2, q6_backward, hint="If y[h, w] grows, which one number of the result grows?"),
    ]),
    Question("q7", "Another unpooling", ("unpool_moved", "unpool_moved_backward"), [
        Part("two", 3, q7_two, hint="Four steps: position to row and column; these to window and place in the window; "
             "move the place; and back again. Print each step for the example."),
        Part("three", 2, q7_three, hint="Write down all nine places of a window of 3 x 3, and where each goes."),
        Part("odd", 2, q7_odd, hint="A row of the large image has W pixels, whatever the number of windows in it."),
        Part("backward", 3, q7_backward, hint="Each number of y went to one pixel. Its gradient stands there."),
    ]),
    Question("q8", "Transposed convolution", ("conv_transpose_forward", "conv_transpose_backward_input",
                                               "conv_transpose_backward_weight"), [
        Part("stamp", 3, q8_stamp, hint="One pixel gives one stamp: the kernel as it is, times the pixel."),
        Part("overlap", 2, q8_overlap, hint="How far does the last stamp reach? That is the size. Stamps add up."),
        Part("channels", 2, q8_channels, hint="The first axis of w belongs to x here, and the second to the result."),
        Part("padding", 2, q8_padding, hint="Press all stamps first, and then cut. How many sides does an image have?"),
        Part("together", 1, q8_together, hint="One after the other: stamps, cut, bias."),
        Part("dx", 2, q8_dx, hint="If one pixel of x grows, its whole stamp grows. Which numbers of dy stand there? "
             "(What was cut off has no gradient: zeros.)"),
        Part("dw", 2, q8_dw, hint="Each weight was pressed once for each pixel of x. Where?"),
    ]),
]  # fmt: skip
