# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Transposed convolution
#
# A convolution with stride 2 makes a picture smaller, with weights that are *learned*. This notebook is about the
# operation that goes the other way: it makes a picture larger, with weights that are learned. You will meet it under
# five names and from six sides. All six sides are the same numbers, and every time an `assert` says so.
#
# |  |  |
# |---|---|
# | **Time** | 75 minutes to read and try; all cells together run for one or two |
# | **You need** | [02_convolution](02_convolution.ipynb), and the adjoint of [03](03_pooling_and_unpooling.ipynb) |
# | **You need not** | linear algebra, but for "row times column" |
#
# **At the end you can say**
# - what a transposed convolution computes: with stamps, with a matrix, with zeros in between, and as a gradient;
# - how large the result is, and why there is an option with the odd name `output_padding`;
# - which weights make it a bilinear interpolation, and why other weights paint a checkerboard;
# - how to find out whether a layer that learns to enlarge pictures learns *enough*.
#
# Look for **Try it**. Nothing can break: *Restart kernel and run all* brings everything back.

# %%
import os
import time

import matplotlib.pyplot as plt
import numba
import numpy as np
from matplotlib.patches import Polygon, Rectangle
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor
from minidet.autograd import Function, gradcheck
from minidet.data import DigitScenes

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a"
COLOURS = "#cfe0f0", "#f9dcc4", "#d5ead9", "#e5d7ee"  # one for each input of the examples
for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
    plt.rcParams[part] = GREY  # reads on white and on black pages
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "font.size": 10})

rng = np.random.default_rng(0)
same = np.testing.assert_allclose

# %% [markdown]
# ## 1. One operation, five names
#
# In notebook 03 a picture came back up by a fixed rule: copy, or put the value to a remembered place. A network could
# not choose *how*. Here it can: every value is painted with a small brush, and the brush is learned.
#
# | name | where you meet it | is it a good name? |
# |---|---|---|
# | **transposed convolution** | PyTorch, this notebook | yes: section 4 |
# | deconvolution | many papers, DeconvNet among them | no! It does not undo a convolution: section 5 |
# | fractionally strided convolution | DCGAN | yes, if you think of section 6 |
# | backwards convolution | FCN | yes: section 8 |
# | up-convolution | U-Net | it says what it is for |
#
# The picture in DeconvNet's paper (Noh, Hong, Han 2015, figure 3, lower half) says it without words. A convolution
# collects *many* values into one. Its transpose distributes *one* value to many.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def slanted(axes, at, rows, columns, marked, colour, size=0.62):
    """Draw a grid as if it lay on a table; return the corners of the marked block."""
    for row in range(rows):
        for column in range(columns):
            corners = [(column + dx, row + dy) for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))]
            points = [(at[0] + size * (c - 0.45 * r), at[1] - 0.42 * size * r) for c, r in corners]
            face = colour if (row, column) in marked else "white"
            axes.add_patch(Polygon(points, facecolor=face, edgecolor="#909090", linewidth=0.8))
    rows_, columns_ = [r for r, _ in marked], [c for _, c in marked]
    ends = ((min(rows_), min(columns_)), (min(rows_), max(columns_) + 1), (max(rows_) + 1, min(columns_)),
            (max(rows_) + 1, max(columns_) + 1))  # fmt: skip
    return [(at[0] + size * (c - 0.45 * r), at[1] - 0.42 * size * r) for r, c in ends]


def draw_one_and_many():
    """Draw many to one, and one to many."""
    axes = canvas(9.5, 3.1, (-1.8, 16.8), (-2.0, 4.1), aspect="equal")
    many, single = [(r, c) for r in range(1, 4) for c in range(2, 5)], [(1, 2)]
    for left, title, words in (
        (0.0, "convolution", "9 values to one"),
        (9.6, "transposed convolution", "one value to 9"),
    ):
        large = slanted(axes, (left + 1.5, 0.9), 6, 7, many, "#9dc3e6")
        small = slanted(axes, (left + 2.4, 3.6), 3, 4, single, "#f2a98a")
        for a, b in zip(large, small, strict=True):
            axes.plot(*zip(a, b, strict=True), color=ORANGE, lw=0.9, alpha=0.8)
        start, end = ((left + 6.5, 0.6), (left + 6.5, 3.2))
        if left:
            start, end = end, start
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.6})
        axes.text(left + 2.6, -1.25, title, ha="center", weight="bold")
        axes.text(left + 2.6, -1.75, words, ha="center", fontsize=9)
    plt.show()


draw_one_and_many()

# %% [markdown]
# ## 2. The convolution that we start from
#
# In one dimension, with numbers that fit on a page. A row of 7, a kernel of 3, stride 2: three windows, three outputs.
# (As everywhere in deep learning, the kernel is not turned around.)


# %%
def conv(x, w, stride=2):
    """Return the sum of kernel times window, for every window: (L,) to ((L - K) // stride + 1,)."""
    windows = (len(x) - len(w)) // stride + 1
    out = np.zeros(windows)
    for o in range(windows):
        for j in range(len(w)):
            out[o] += w[j] * x[o * stride + j]
    return out


kernel = np.array([1.0, 2, 3])
row = np.array([1.0, 0, 2, 1, 0, 3, 1])
down = conv(row, kernel)
np.testing.assert_array_equal(down, [1 * 1 + 2 * 0 + 3 * 2, 1 * 2 + 2 * 1 + 3 * 0, 1 * 0 + 2 * 3 + 3 * 1])
print(row, "->", down)

# %% [markdown]
# ## 3. First side: stamps
#
# Now up, from 3 numbers to 7. Take the kernel as a rubber stamp. Every input presses it once onto an empty row,
# **scaled** by its value, each time 2 places further (the stride). Where stamps overlap, they **add up**. That is all.


# %%
def conv_transpose(x, w, stride=2):
    """Stamp the kernel, scaled by each value: (L,) to ((L - 1) stride + K,)."""
    out = np.zeros((len(x) - 1) * stride + len(w))
    for i in range(len(x)):
        for j in range(len(w)):
            out[i * stride + j] += x[i] * w[j]
    return out


x = np.array([2.0, -1, 3])
up = conv_transpose(x, kernel)
np.testing.assert_array_equal(up, [2, 4, 6 - 1, -2, -3 + 3, 6, 9])


# %% jupyter={"source_hidden": true}
def strip(axes, values, at, faces, title="", side=1.0, pale=True):
    """Draw a row of numbers; ``None`` is an empty place."""
    for place, value in enumerate(values):
        if value is None:
            continue
        face = faces if isinstance(faces, str) else faces[place]
        box = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8}
        axes.add_patch(Rectangle((at[0] + side * place, at[1]), side, 0.8, **box))
        colour = "#b0b0b0" if pale and value == 0 and face == "white" else DARK
        text = {"ha": "center", "va": "center", "color": colour, "fontsize": 10 if side >= 1 else 9}
        axes.text(at[0] + side * (place + 0.5), at[1] + 0.38, f"{value:g}", **text)
    axes.text(at[0] - 0.25, at[1] + 0.4, title, ha="right", va="center")


def draw_stamps(axes, x, kernel, stride, left=4.0, top=0.0):
    """Draw the stamps below each other, and their sum."""
    out = conv_transpose(x, kernel, stride)
    for i, value in enumerate(x):
        copy = [None] * (i * stride) + list(value * kernel)
        words = ", ".join(f"{number:g}" for number in kernel)
        strip(axes, copy, (left, top - i), COLOURS[i], f"{value:g} x ({words})")
    counts = conv_transpose(np.ones(len(x)), np.ones(len(kernel)), stride)
    strip(
        axes,
        out,
        (left, top - len(x) - 0.5),
        ["#fff2b3" if count > 1 else "#f4f4f4" for count in counts],
        "sum",
        pale=False,
    )
    return out


axes = canvas(7, 2.6, (-0.4, 11.4), (-3.7, 1.0))
draw_stamps(axes, x, kernel, 2)
plt.show()

# %% [markdown]
# In the yellow places two stamps overlap, so there are two terms. In the others there is one. Keep this in mind for
# section 10: some places get more paint than others.
#
# > **Try it:** `conv_transpose(x, kernel, stride=3)`, then `stride=4`. What happens to the yellow places? What appears
# > when the stride is larger than the kernel?
#
# ## 4. Second side: the matrix, turned over
#
# The convolution of section 2 only multiplies and adds, so it is a matrix $C$ with 3 rows and 7 columns. Each row
# contains the kernel, 2 columns further than the row above. Let us get the matrix of both functions by feeding them
# unit vectors, one after the other.


# %%
def matrix_of(function, length):
    """Return the matrix of a linear function of rows of this length."""
    return np.stack([function(unit) for unit in np.eye(length)], axis=1)  # one column for each unit vector


C = matrix_of(lambda row: conv(row, kernel), 7)
U = matrix_of(lambda x: conv_transpose(x, kernel), 3)
np.testing.assert_array_equal(C, [[1, 2, 3, 0, 0, 0, 0], [0, 0, 1, 2, 3, 0, 0], [0, 0, 0, 0, 1, 2, 3]])
np.testing.assert_array_equal(U, C.T)  # this is the whole secret of the name
np.testing.assert_array_equal(C.T @ x, up)

# %% jupyter={"source_hidden": true}
axes = canvas(9.5, 3.2, (-0.8, 19.4), (-6.7, 1.1))
for i, line in enumerate(C):
    strip(axes, line, (0, -1.0 - 0.8 * i), [COLOURS[i] if value else "white" for value in line])
axes.text(3.5, 0.1, "C: (3, 7), a row for each output", ha="center")
for i, line in enumerate(C.T):
    strip(axes, line, (10.2, -0.8 - 0.8 * i), [COLOURS[k] if value else "white" for k, value in enumerate(line)])
for i, value in enumerate(x):
    strip(axes, [value], (14.6, -2.4 - 0.8 * i), COLOURS[i])
for i, value in enumerate(up):
    strip(axes, [value], (17.2, -0.8 - 0.8 * i), "#fff2b3" if i in (2, 4) else "#f4f4f4", pale=False)
axes.text(11.7, 0.3, "C': (7, 3)", ha="center")
axes.text(15.1, 0.3, "x", ha="center")
axes.text(17.7, 0.3, "result", ha="center")
axes.text(13.9, -2.85, "·", ha="center", va="center", fontsize=16)
axes.text(16.4, -2.85, "=", ha="center", va="center", fontsize=14)
axes.text(
    3.5,
    -4.6,
    "A row of C collects: one window, one output.\nA column of C' distributes: one input, one stamp.",
    ha="center",
    va="center",
    fontsize=9,
)
plt.show()

# %% [markdown]
# The columns of $C'$ are the stamps. A sum of columns, scaled by the entries of $x$: that is what "matrix times
# vector" means. So stamping *is* multiplying with $C'$, the matrix of the convolution turned over its diagonal.
#
# ## 5. Third side: the adjoint. And why "deconvolution" is a bad name
#
# In notebook 03 we met a test that needs no matrix. For any `row` of 7 and any `x` of 3,
#
# $$\langle C \, \text{row}, \; x \rangle = \langle \text{row}, \; C' x \rangle$$
#
# With our numbers by hand: $C\,$row is (7, 4, 9), times (2, -1, 3) gives 14 - 4 + 27. And the row (1, 0, 2, 1, 0, 3, 1)
# times (2, 4, 5, -2, 0, 6, 9) gives 2 + 0 + 10 - 2 + 0 + 18 + 9.

# %%
assert np.dot(conv(row, kernel), x) == 14 - 4 + 27 == 37
assert np.dot(row, conv_transpose(x, kernel)) == 2 + 0 + 10 - 2 + 0 + 18 + 9 == 37

# the library, in two dimensions, with channels, stride and padding: one random pair would find a mistake
weight = rng.standard_normal((5, 3, 4, 4))  # a convolution from 3 channels to 5
large, small = rng.standard_normal((2, 3, 10, 10)), rng.standard_normal((2, 5, 5, 5))
below = np.vdot(F.conv2d(large, weight, stride=2, padding=1).numpy(), small)
above = np.vdot(large, F.conv_transpose2d(small, weight, stride=2, padding=1).numpy())
print(f"<C x, y> = {below:.9f}\n<x, C'y> = {above:.9f}")
same(below, above)

# %% [markdown]
# Look at the weight: `conv2d` and `conv_transpose2d` got **the same array**. For the convolution its shape means
# (channels out, channels in, rows, columns). For its transpose in and out change places, so there it is (channels *in*,
# channels *out*, rows, columns). That is why PyTorch's layers have their axes in different orders.
#
# Turned over is not undone. If the transpose were the inverse, it would bring `row` back from `down`:

# %%
back = conv_transpose(down, kernel)
undone = np.linalg.pinv(C) @ down  # the shortest of all rows that the convolution maps to `down`
print("row              ", row)
print("transposed       ", back)
print("really undone    ", undone.round(2), "  and its convolution:", conv(undone, kernel).round(9))
assert not np.allclose(back, row)
same(conv(undone, kernel), down)

# %% [markdown]
# The transpose gets the *size* and the *wiring* back, not the values. In signal processing, *deconvolution* means what
# the third line does: find a row whose convolution is `down`. (Even that is not `row`: three numbers cannot tell
# seven.)
#
# ## 6. Fourth side: zeros in between. Fifth side: phases
#
# For the *result* the question is: which stamps reach me? Look at a place `o` of the sum. It gets $x_i \, w_j$ from
# every pair with $2 i + j = o$. One way to compute this: pull the inputs apart with **zeros in between**, put a border
# of zeros around, and run an ordinary convolution of stride 1 over it, with the kernel **turned around**. The stride of
# 2 has become a step of "half an input": hence *fractionally strided*.


# %%
def with_zeros(x, w, stride=2):
    """Insert zeros, then convolve with the kernel turned around."""
    spread = np.zeros((len(x) - 1) * stride + 1)
    spread[::stride] = x
    border = len(w) - 1
    return conv(np.pad(spread, border), w[::-1], stride=1)


np.testing.assert_array_equal(with_zeros(x, kernel), up)

# %% jupyter={"source_hidden": true}
spread = np.pad(np.array([2.0, 0, -1, 0, 3]), 2)
tints = ["#ececec" if place in (0, 1, 7, 8) else "white" for place in range(9)]
for place, number in ((2, 0), (4, 1), (6, 2)):
    tints[place] = COLOURS[number]
axes = canvas(8.4, 2.6, (-4.2, 9.6), (-3.6, 1.0))
strip(axes, spread, (0, 0), tints, "zeros between,\nand around")
for step in (2, 5):
    strip(axes, kernel[::-1], (step, -1.15), "#fdeaa8")
    axes.annotate("", (step + 1.5, -2.3), (step + 1.5, -1.2), arrowprops={"arrowstyle": "-|>", "color": ORANGE})
    under = spread[step : step + 3]
    words = " + ".join(
        f"{tap:g}·{value:g}" if value >= 0 else f"{tap:g}·({value:g})"
        for tap, value in zip(kernel[::-1], under, strict=True)
    )
    axes.text(step + 1.65, -1.78, words, fontsize=8, va="center")
strip(axes, up, (1, -3.2), ["#fff2b3" if i in (2, 4) else "#f4f4f4" for i in range(7)], "result", pale=False)
axes.text(-0.25, -0.75, "kernel turned around,\nat two of its 7 steps", ha="right", va="center")
plt.show()

# %% [markdown]
# It is right, and it is wasteful: most of the products have a factor 0. In two dimensions with stride 2, three of four
# values are zeros.
#
# But look *where* the zeros are. Under the kernel at an even place lie the taps 3 and 1; at an odd place only the tap
# 2. So the result is two ordinary convolutions with **smaller kernels**, one for the even and one for the odd places,
# shuffled together. These parts are called *phases*. Nothing is multiplied by zero any more, and this is how minidet
# does it: see [conv_phases.py](../minidet/kernels/conv_phases.py).


# %%
def by_phases(x, w, stride=2):
    """Compute each phase with the taps that reach it, and shuffle them together."""
    out = np.zeros((len(x) - 1) * stride + len(w))
    for phase in range(stride):
        taps = w[phase::stride]  # phase 0: taps 0, 2, ...; phase 1: taps 1, 3, ...
        if len(taps):
            out[phase::stride] = conv(np.pad(x, len(taps) - 1), taps[::-1], stride=1)
    return out


for length, taps, stride in ((3, 3, 2), (5, 4, 2), (4, 5, 3), (6, 2, 2), (5, 2, 3)):
    a, b = rng.standard_normal(length), rng.standard_normal(taps)
    same(with_zeros(a, b, stride), conv_transpose(a, b, stride))
    same(by_phases(a, b, stride), conv_transpose(a, b, stride))
print("stamps, zeros in between and phases agree")

# %% [markdown]
# ## 7. How large is the result? And what is `output_padding`?
#
# The last stamp begins at $(L - 1) \cdot \text{stride}$ and is $K$ long. `padding` cuts off so many places at each end,
# because it is the padding *of the convolution*: where that one added a border, its transpose takes one away. Together:
#
# $$\text{size} = (L - 1) \cdot \text{stride} - 2 \cdot \text{padding} + K + \text{output\_padding}$$
#
# (for `dilation` 1; in general $K$ is the width of the kernel with its gaps, $\text{dilation} \cdot (K - 1) + 1$.)
#
# Where does the last term come from? From the same trouble as with odd sizes in notebook 03. A convolution with
# stride 2 maps several sizes to the same one:

# %%
K, stride, padding = 3, 2, 1
print("row of  convolution gives  transpose gives  output_padding needed")
for length in range(5, 11):
    outputs = F.conv1d(np.zeros((1, 1, length)), np.zeros((1, 1, K)), stride=stride, padding=padding).shape[2]
    smallest = (outputs - 1) * stride - 2 * padding + K
    needed = length - smallest
    result = F.conv_transpose1d(np.zeros((1, 1, outputs)), np.zeros((1, 1, K)), None, stride, padding, needed)
    assert result.shape[2] == length
    print(f"{length:6} {outputs:18} {smallest:16} {needed:22}")

# %% [markdown]
# Rows of 7 and of 8 both become 4. Going up from 4, the transpose cannot know which of them you want. Without a word
# from you it takes the smallest; `output_padding=1` says "one more".
#
# The name suggests that something (a zero?) is added to the output. Not so! The stamps go on beyond the part that you
# see, and `output_padding` lets you see **one place more at the end**:

# %%
four = np.array([2.0, -1, 3, 1])
everything = conv_transpose(four, kernel)  # all stamps, nothing cut off
seven = F.conv_transpose1d(four[None, None], kernel[None, None], None, 2, 1, 0).numpy()[0, 0]
eight = F.conv_transpose1d(four[None, None], kernel[None, None], None, 2, 1, 1).numpy()[0, 0]
np.testing.assert_array_equal(everything, [2, 4, 5, -2, 0, 6, 10, 2, 3])
np.testing.assert_array_equal(seven, everything[1:-1])
np.testing.assert_array_equal(eight, everything[1:])  # the last number is 3, not 0

# %% jupyter={"source_hidden": true}
axes = canvas(8.4, 2.5, (-4.4, 9.4), (-3.4, 1.0))
cut = ["#ececec"] + ["#f4f4f4"] * 7 + ["#ececec"]
strip(axes, everything, (0, 0), cut, "all stamps", pale=False)
strip(axes, [None, *seven], (0, -1.4), "#cfe0f0", "padding=1", pale=False)
strip(axes, [None, *eight], (0, -2.8), ["#cfe0f0"] * 8 + ["#f9dcc4"], "padding=1, output_padding=1", pale=False)
for at in (1, 8):
    axes.plot([at, at], [-1.6, 1.0], color=ORANGE, lw=1.2, ls="--")
plt.show()

# %% [markdown]
# The layer can also be asked for a size; then it finds `output_padding` itself. In a network that has to come back to
# the size of its input, this is what you want:

# %%
layer = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
for size in ((13, 18), (14, 17)):
    smaller = F.conv2d(np.zeros((1, 2, *size), np.float32), layer.weight, stride=2, padding=1)
    print(
        size,
        "->",
        smaller.shape[2:],
        "->",
        layer(smaller).shape[2:],
        "or, asked,",
        layer(smaller, output_size=size).shape[2:],
    )
    assert layer(smaller, output_size=size).shape[2:] == size

# %% [markdown]
# > **Try it:** which sizes would `output_size` refuse for an input of (7, 9)? Ask for one and read the message.
#
# ## 8. Sixth side: it is the gradient of a convolution
#
# Let $y = C x$, and let the loss grow by $g$ for each output. How much does it grow for the inputs? Input 4 of our row
# takes part in two windows, once with the tap 3, once with the tap 1. So it gets $3 g_1 + 1 g_2$: *column* 4 of $C$,
# times $g$. All inputs together: $C' g$. **The backward pass of a convolution is the transposed convolution**, and the
# other way round. (FCN's authors got their up-sampling layer exactly so: they exchanged forward and backward of a
# convolution that was there already.)

# %%
image = tensor(rng.standard_normal((2, 3, 11, 12)), requires_grad=True)
weight = tensor(rng.standard_normal((5, 3, 4, 3)))
out = F.conv2d(image, weight, stride=(2, 3), padding=1)
g = tensor(rng.standard_normal(out.shape))
out.backward(g)
upward = F.conv_transpose2d(g, weight, stride=(2, 3), padding=1, output_padding=(1, 2))  # to 11 x 12, as above
same(image.grad.numpy(), upward.numpy())

g.requires_grad = True
F.conv_transpose2d(g, weight, stride=(2, 3), padding=1, output_padding=(1, 2)).backward(image.detach())
same(g.grad.numpy(), F.conv2d(image.detach(), weight, stride=(2, 3), padding=1).numpy())
print("the gradient of each is the other")

# %% [markdown]
# ### In two dimensions, with loops that you can read
#
# Stamps again, now with channels: every value of every input channel paints one stamp into every output channel. Six
# loops, all options but `groups`.


# %%
def stamps2d(x, w, stride=1, padding=0, output_padding=0, dilation=1):
    """Transposed convolution by stamping: x (C, H, W), w (C, F, KH, KW) to (F, OH, OW)."""
    (C, H, W), (_, filters, KH, KW) = x.shape, w.shape
    height = (H - 1) * stride + dilation * (KH - 1) + 1 + output_padding
    width = (W - 1) * stride + dilation * (KW - 1) + 1 + output_padding
    out = np.zeros((filters, height, width))
    for c in range(C):
        for f in range(filters):
            for h in range(H):
                for v in range(W):
                    for i in range(KH):
                        for j in range(KW):
                            out[f, h * stride + i * dilation, v * stride + j * dilation] += x[c, h, v] * w[c, f, i, j]
    return out[:, padding : height - padding, padding : width - padding]


for _ in range(30):
    options = {"stride": int(rng.integers(1, 4)), "dilation": int(rng.integers(1, 3))}
    options["output_padding"] = int(rng.integers(0, max(options.values())))
    options["padding"] = int(rng.integers(0, 2))
    C_, F_, H_, W_, KH_, KW_ = (int(n) for n in rng.integers(2, 5, 6))
    a, b = rng.standard_normal((C_, H_, W_)), rng.standard_normal((C_, F_, KH_, KW_))
    same(F.conv_transpose2d(a[None], b, **options).numpy()[0], stamps2d(a, b, **options))
print("30 random cases: the library's numbers are those of the loops")

# %% [markdown]
# And the gradients of the loops themselves? With respect to the input: a convolution, as we know by now. With respect
# to the weight: every tap collects "input times what lies under the tap". Both read through the same windows of the
# gradient.


# %%
class Stamp(Function):
    """Stamps with stride 2, and both gradients."""

    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return stamps2d(x, w, stride=2)

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved_tensors
        windows = np.lib.stride_tricks.sliding_window_view(grad, w.shape[2:], axis=(1, 2))[:, ::2, ::2]
        return np.einsum("fhvij, cfij -> chv", windows, w), np.einsum("chv, fhvij -> cfij", x, windows)


inputs = [tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((2, 3, 3), (2, 3, 3, 3))]
assert gradcheck(Stamp.apply, inputs)
assert gradcheck(lambda x, w: F.conv_transpose2d(x[None], w, stride=2), inputs)
print("gradients of the loops and of the library agree with finite differences")

# %% [markdown]
# ## 9. Known weights: bilinear interpolation
#
# Before we learn weights, let us choose some. Enlarge a row by 2. Each new value lies between two old ones: a quarter
# of the way, or three quarters. **Linear interpolation** mixes them 3 : 1. Seen from an *old* value, that is a stamp:
# 1/4, 3/4, 3/4, 1/4, with stride 2. A tent. Neighbouring tents add up to 1 everywhere inside, so a constant stays
# constant.

# %%
tent = np.array([0.25, 0.75, 0.75, 0.25])
values = np.array([4.0, 8, 0])
by_tents = F.conv_transpose1d(values[None, None], tent[None, None], stride=2, padding=1).numpy()[0, 0]
np.testing.assert_array_equal(by_tents, [3, 3 + 2, 1 + 6, 6 + 0, 2 + 0, 0])  # 5 = 3/4 of 4 + 1/4 of 8

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(8.4, 2.7))
fine = np.linspace(-1.5, 3.5, 501)
total = np.zeros_like(fine)
for i, value in enumerate(values):
    hat = value * np.maximum(0, 1 - np.abs(fine - i))
    total += hat
    if value:
        axes.fill_between(fine, hat, color=(BLUE, ORANGE, GREEN)[i], alpha=0.25, lw=0)
        places = i + (np.arange(4) - 1.5) / 2 + (0.015 if i else -0.015)  # beside each other
        axes.vlines(places, 0, value * tent, color=(BLUE, ORANGE, GREEN)[i], lw=2)
axes.plot(fine, total, color=GREY, lw=1)
axes.plot(range(3), values, "s", color=GREY, markersize=9, label="old values")
axes.plot((np.arange(6) + 0.5) / 2 - 0.5, by_tents, "o", color=ORANGE, label="new values")
for place, value in zip((np.arange(6) + 0.5) / 2 - 0.5, by_tents, strict=True):
    axes.text(place, value + 0.6, f"{value:g}", ha="center")
axes.set(xlim=(-1, 3.4), ylim=(0, 10.5), xticks=[0, 1, 2], xlabel="place")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, labelcolor=GREY)
plt.show()

# %% [markdown]
# In two dimensions the stamp is a tent in both directions: the products of the four numbers with the four numbers.
# For other factors $s$ the tent has $2 s$ taps (one less if $s$ is odd). `nn.init.bilinear_` writes them into a layer;
# FCN starts its up-sampling layers so. Is it the same as `interpolate`?

# %%
picture = DigitScenes("train", size=48, length=1, seed=10).load(0)[0].astype(np.float64)  # (3, 48, 48)
for s in (2, 3, 4):
    K = 2 * s - s % 2
    layer = nn.ConvTranspose2d(3, 3, K, stride=s, padding=s // 2, groups=3, bias=False)
    nn.init.bilinear_(layer.weight)
    with no_grad():
        ours = layer.double()(picture[None]).numpy()
    theirs = F.interpolate(picture[None], scale_factor=s, mode="bilinear").numpy()
    same(ours[..., s:-s, s:-s], theirs[..., s:-s, s:-s], atol=1e-12)
    edge = ours[0, 0, s:-s, 0] / theirs[0, 0, s:-s, 0]
    print(f"factor {s}, {K} x {K}: equal inside; the first column has {edge.mean():.3f} of the brightness")

# %% [markdown]
# Equal inside, darker at the edge. A transposed convolution knows nothing beyond the picture, so there the tents do
# not add up to 1; `interpolate` repeats the border pixels instead. It is a small thing, and in many networks it is the
# reason for a strange rim.
#
# ## 10. The checkerboard
#
# Now the dark side of the stamps. Take the kernel 3, the stride 2, and give *every* input and *every* weight the value
# 1. The result should be constant, should it not? It counts how many stamps overlap:


# %%
def overlap(K, stride):
    """Return how many stamps reach each pixel, away from the edges: (2 stride, 2 stride)."""
    counts = F.conv_transpose2d(np.ones((1, 1, 12, 12)), np.ones((1, 1, K, K)), stride=stride).numpy()[0, 0]
    start = K // stride * stride + stride
    return counts[start : start + 2 * stride, start : start + 2 * stride].astype(int)


cases = (2, 2), (3, 2), (4, 2), (5, 2), (4, 3), (6, 3)
for K, s in cases:
    along = [len(range(phase, K, s)) for phase in range(s)]  # taps that reach a phase: every s-th one
    np.testing.assert_array_equal(overlap(K, s)[:s, :s], np.outer(along, along))

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(1, 6, figsize=(9.5, 1.95))
for axes, (K, s) in zip(grid, cases, strict=True):
    counts = np.tile(overlap(K, s), (3, 3))[:6, :6]
    axes.imshow(counts / counts.max(), cmap="Oranges", vmin=-0.15, vmax=1.7)
    for (h, w), count in np.ndenumerate(counts):
        axes.text(w, h, count, ha="center", va="center", color=DARK, fontsize=8)
    axes.set(xticks=[], yticks=[], title=f"kernel {K}, stride {s}")
    axes.title.set_fontsize(9)
figure.tight_layout()
plt.show()

# %% [markdown]
# That is the **checkerboard**. In one dimension, phase 0 gets the taps 0 and 2, and phase 1 gets the tap 1 only. In two
# dimensions the counts multiply: 4, 2, 2, 1. They are equal only if the kernel is a *multiple* of the stride.
#
# At the start of training the weights are random, not 1. Then it is the *variance* of a pixel that grows with the
# number of its stamps: each adds one random term. So the loud pixels are those of the counts. We measure it, with many
# random kernels on a constant picture:

# %%
draws = 4000
for K in (3, 4):
    kernels = rng.standard_normal((1, draws, K, K))
    painted = F.conv_transpose2d(np.ones((1, 1, 8, 8)), kernels, stride=2).numpy()[0, :, 6:8, 6:8]
    loud, counts = painted.var(axis=0), overlap(K, 2)[:2, :2]
    print(f"kernel {K}: variance of each phase {loud.round(2).tolist()}, overlap {counts.tolist()}")
    same(loud, counts, rtol=0.15)

# %% [markdown]
# And on a picture? Four ways to enlarge the same digits by 2. The random weights are all positive, so that the digits
# can be seen. The tents are there for comparison.

# %%
grey = F.avg_pool2d(picture.mean(0)[None, None], 2)  # (1, 1, 24, 24)
random3, random4 = (np.abs(rng.standard_normal((1, 1, K, K))) for K in (3, 4))
looks = {
    "what goes in": grey,
    "kernel 3, random": F.conv_transpose2d(grey, random3, stride=2, padding=1, output_padding=1),
    "kernel 4, random": F.conv_transpose2d(grey, random4, stride=2, padding=1),
    "kernel 4, tents": F.conv_transpose2d(grey, np.outer(tent, tent)[None, None], stride=2, padding=1),
    "enlarge, convolve": F.conv2d(F.interpolate(grey, scale_factor=2), random3, padding=1),
}

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(1, 5, figsize=(9.5, 2.2))
for axes, (title, look) in zip(grid, looks.items(), strict=True):
    cut = 1 if title == "what goes in" else 2
    axes.imshow(look.numpy()[0, 0, cut:-cut, cut:-cut], cmap="gray", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)
figure.tight_layout()
plt.show()

# %% [markdown]
# Kernel 3 has a pattern because of its counts *and* its weights, kernel 4 because of its weights only.
#
# The backward pass of a convolution is a transposed convolution. So the *gradients* of an innocent 3 x 3 convolution
# with stride 2 have the checkerboard too: some pixels of the input are asked four times as often as others.

# %%
page = tensor(np.ones((1, 1, 13, 13)), requires_grad=True)
F.conv2d(page, np.ones((1, 1, 3, 3)), stride=2).sum().backward()
print(page.grad.numpy()[0, 0, 2:8, 2:8].astype(int))
np.testing.assert_array_equal(page.grad.numpy()[0, 0, 4:8, 4:8], overlap(3, 2))

# %% [markdown]
# ### Cures, and how good they are
#
# 1. **Kernel a multiple of the stride** (4 for 2). The counts are equal, so nothing is loud *by construction*. But each
#    phase still has its own taps, and random taps do not have equal sums.
# 2. **Start with tents.** All phases have equal sums at the start. Learning may change that.
# 3. **Enlarge first, then convolve**: nearest neighbour and an ordinary 3 x 3 convolution (Odena, Dumoulin, Olah 2016).
#    Every pixel gets all nine taps, so a constant stays constant, always. The price: 9 products for each pixel and
#    channel, where kernel 4 with stride 2 has 16 / 4 = 4.
#
# Do not believe me: measure. A small network learns to enlarge pictures by 2. Its last layer is one of four. Now and
# then we show it an *empty page*, a picture of one grey. Whatever pattern comes out is its own invention.


# %%
def scenes(split, number, seed):
    """Return grey pictures (N, 1, 64, 64), and the same at half size: the mean of 2 x 2 pixels."""
    data = DigitScenes(split, size=64, length=number, seed=seed)
    fine = np.stack([data.load(i)[0].mean(0, keepdims=True) for i in tqdm(range(number), desc=f"{split} scenes")])
    return fine, F.avg_pool2d(fine, 2).numpy()


fine, coarse = scenes("train", 16 if QUICK else 150, seed=0)
test_fine, test_coarse = scenes("test", 8 if QUICK else 40, seed=1)  # other writers' digits
EDGE = 4  # pixels at the rim that we leave out: each method does something else there


def squared_error(a, b):
    """Return the mean squared difference, without the rim."""
    return ((a - b)[:, :, EDGE:-EDGE, EDGE:-EDGE] ** 2).mean()


def train(network, steps, rate, title, watch=None, draw=None):
    """Train with Adam, the rate falling to 0. Return the losses, and what ``watch`` returned before each step."""
    optimizer = optim.Adam(network.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    draws = np.random.default_rng(0)
    losses, watched = [], []
    with tqdm(range(steps), desc=title) as bar:
        for _ in bar:
            if watch is not None:
                watched.append(watch(network))
            chosen = draws.choice(len(fine), 16, replace=False) if draw is None else draw
            loss = squared_error(network(tensor(coarse[chosen])), tensor(fine[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.5f}", refresh=False)
    return losses, watched


class Painter(nn.Module):
    """Two convolutions, then a layer that enlarges by 2."""

    def __init__(self, last, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()
        )
        if last == "kernel 3":
            self.last = nn.ConvTranspose2d(width, 1, 3, stride=2, padding=1, output_padding=1)
        elif last == "enlarge, convolve":
            self.last = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(width, 1, 3, padding=1))
        else:
            self.last = nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1)
        if last == "kernel 4, tents":  # every channel's kernel is a tent, of random height
            with no_grad():
                heights = self.last.weight.mean((2, 3), keepdim=True) * 4
                self.last.weight.copy_(heights * tensor(np.outer(tent, tent).astype(np.float32)))

    def forward(self, x):
        return self.last(self.features(x - 0.5)) + 0.5


def empty_page(network):
    """Return what the network paints on a page of one grey: 16 x 16 pixels from the middle."""
    with no_grad():
        return network(tensor(np.full((1, 1, 16, 16), 0.8, np.float32))).numpy()[0, 0, 8:24, 8:24]


KINDS = "kernel 3", "kernel 4", "kernel 4, tents", "enlarge, convolve"
painters, pages = {}, {}
for kind in KINDS:
    minidet.manual_seed(1)
    painters[kind] = Painter(kind)
    _, pages[kind] = train(painters[kind], 10 if QUICK else 150, 3e-3, kind, empty_page)
assert max(page.std() for page in pages["enlarge, convolve"]) < 1e-6  # constant, at every step
assert pages["kernel 4, tents"][0].std() < 1e-6 < min(pages[kind][0].std() for kind in KINDS[:2])

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(9.5, 2.6))
tones = (ORANGE, BLUE, "#b07aa1", GREEN)
for kind, tone in zip(KINDS, tones, strict=True):
    axes.semilogy([max(page.std() * 255, 0.01) for page in pages[kind]], color=tone, label=kind, lw=1.8)
axes.set(
    xlabel="step", ylabel="pattern on an\nempty page (grey levels)", ylim=(0.007, 100), yticks=[0.01, 0.1, 1, 10, 100]
)
axes.set_yticklabels(["none", "0.1", "1", "10", "100"])
axes.legend(frameon=False, labelcolor=GREY, loc="center left", bbox_to_anchor=(1.0, 0.5))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

steps = len(pages["kernel 3"])
figure, grid = plt.subplots(1, 15, figsize=(9.5, 1.25), width_ratios=[1, 1, 1, 0.25] * 3 + [1, 1, 1])
for place, axes in enumerate(grid):
    kind, m = KINDS[place // 4], place % 4
    if m == 3:
        axes.axis("off")
        continue
    moment = (0, steps // 5, steps - 1)[m]
    page = pages[kind][moment]
    axes.imshow(page - page.mean(), cmap="gray", vmin=-0.12, vmax=0.12)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(f"step {moment}", fontsize=7)
    axes.set_title(kind if m == 1 else "", fontsize=9)
figure.subplots_adjust(left=0.01, right=0.99, wspace=0.12)
plt.show()

# %% [markdown]
# Read it from the top. At the start, kernels 3 and 4 both paint a loud pattern: a multiple of the stride does *not*
# help against random weights. Learning turns it down, step by step, because a pattern costs error, but it does not
# become zero. The tents start without a pattern, and learning brings a little of it in. The last one has none at any
# step, and it never will: on an empty page, every pixel is the sum of the same nine taps.
#
# So if you see a checkerboard in a result, you know where to look. If it must not happen, use cure 3. If you like the
# speed of the transposed convolution, use a multiple of the stride, start with tents, and train for long enough.
#
# > **Try it:** add `"kernel 2"` with `nn.ConvTranspose2d(width, 1, 2, stride=2)`. Its stamps do not overlap at all. Is
# > there a pattern? (Count the taps of each phase.)
#
# ## 11. Learn to enlarge
#
# Bilinear weights are a good guess. Can weights that are *learned from pictures* do better? The task: from a picture of
# 32 x 32 back to the 64 x 64 that it was made from. We begin with a single transposed convolution, from one channel to
# one channel. It is so small that we can *compute* how good it can become.
#
# **Rung 1: know the loss at the start.** For a classifier it is log K. Here it follows from the weights: with tents it
# has to be the error of bilinear interpolation; with zeros, the mean square of the target (we subtract a mean grey
# first, so this is its variance).

# %%
MEAN = float(fine.mean())


class Linear(nn.Module):
    """One transposed convolution, kernel K, around the mean grey."""

    def __init__(self, K, tents=False):
        super().__init__()
        self.up = nn.ConvTranspose2d(1, 1, K, stride=2, padding=K // 2 - 1)
        start = np.zeros((1, 1, K, K), np.float32)
        if tents:
            start[0, 0, K // 2 - 2 : K // 2 + 2, K // 2 - 2 : K // 2 + 2] = np.outer(tent, tent)
        with no_grad():
            self.up.weight.copy_(tensor(start))
            self.up.bias.zero_()

    def forward(self, x):
        return self.up(x - MEAN) + MEAN


def bilinear(x):
    """Enlarge by 2 without learning."""
    return F.interpolate(x, scale_factor=2, mode="bilinear")


def grey_levels(error):
    """Return the root of a mean squared error, in grey levels of 255."""
    return float(np.sqrt(error)) * 255


x, y = tensor(coarse), tensor(fine)
same(squared_error(Linear(4, tents=True)(x), y).item(), squared_error(bilinear(x), y).item(), rtol=1e-4)
same(squared_error(Linear(4)(x), y).item(), squared_error(fine, MEAN + 0 * fine), rtol=1e-4)
print(f"start with zeros: {grey_levels(squared_error(fine, MEAN + 0 * fine)):.2f} grey levels")
print(f"start with tents: {grey_levels(squared_error(bilinear(x), y).item()):.2f} grey levels, as bilinear")

# %% [markdown]
# **Rung 2, for a linear layer: know the best.** The result is a sum of taps times pictures: the picture painted with
# tap 0 alone, with tap 1 alone, and so on. The best taps are a *least-squares* solution, which linear algebra gives us
# without any training. We give training 300 steps, and ask whether it gets there.


# %%
def best_linear(K):
    """Return the smallest mean squared error of any K x K kernel with a bias, on the training pictures."""
    units = np.eye(K * K, dtype=np.float32).reshape(1, K * K, K, K)  # K * K kernels, each with one tap
    products, target, power, count = 0.0, 0.0, 0.0, 0
    for first in range(0, len(fine), 10):
        painted = F.conv_transpose2d(coarse[first : first + 10] - MEAN, units, stride=2, padding=K // 2 - 1).numpy()
        columns = painted[:, :, EDGE:-EDGE, EDGE:-EDGE].transpose(1, 0, 2, 3).reshape(K * K, -1).astype(np.float64)
        columns = np.vstack([columns, np.ones(columns.shape[1])])  # the bias
        wanted = (fine[first : first + 10] - MEAN)[:, 0, EDGE:-EDGE, EDGE:-EDGE].ravel().astype(np.float64)
        products, target = products + columns @ columns.T, target + columns @ wanted
        power, count = power + wanted @ wanted, count + wanted.size
    return (power - target @ np.linalg.solve(products, target)) / count


linear = {}
for K in (4, 6):
    minidet.manual_seed(0)
    linear[K] = Linear(K)
    losses, _ = train(linear[K], 10 if QUICK else 300, 0.05, f"kernel {K}")
    reached = squared_error(linear[K](x), y).item()
    best = best_linear(K)
    print(f"kernel {K}: trained {grey_levels(reached):.3f}, the best possible {grey_levels(best):.3f} grey levels")
    assert reached > best * 0.9999
    assert QUICK or reached < best * 1.01

# %% [markdown]
# Training finds what linear algebra computes. Such a test is worth a lot: data, loss, gradient, optimiser and number of
# steps are all right, or it would fail. Now that we trust the machine, here is what it has learned:

# %% jupyter={"source_hidden": true}
shown = {"bilinear (tent x tent)": np.pad(np.outer(tent, tent), 1)}
shown |= {"kernel 4, learned": np.pad(linear[4].up.weight.detach().numpy()[0, 0], 1)}
shown |= {"kernel 6, learned": linear[6].up.weight.detach().numpy()[0, 0]}
figure, grid = plt.subplots(1, 3, figsize=(9.5, 3.3))
for axes, (title, taps) in zip(grid, shown.items(), strict=True):
    axes.imshow(taps, cmap="RdBu_r", vmin=-1.2, vmax=1.2)
    for (h, w), tap in np.ndenumerate(taps):
        axes.text(w, h, f"{tap:.2f}", ha="center", va="center", fontsize=7.5, color=DARK if abs(tap) < 0.8 else "white")
    axes.set(xticks=[], yticks=[], title=title)
figure.tight_layout()
plt.show()

# %% [markdown]
# The larger kernel has *negative* weights around a high middle. It does not only mix neighbours, it also pushes them
# apart: where a dark pixel lies beside a bright one, it makes the dark one darker. That is *sharpening*, and nobody
# told it. (The tent cannot do it: all its weights are positive.)
#
# Every linear layer does the same everywhere. To do one thing at an edge and another on paper, a network needs ReLU.
# So: two convolutions, and a transposed convolution that adds a *correction* to the bilinear picture. Its weights
# start at zero.


# %%
class Correction(nn.Module):
    """Bilinear, plus what a small network adds."""

    def __init__(self, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()
        )
        self.up = nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return bilinear(x) + self.up(self.features(x - MEAN))


# rung 1: at the start it is bilinear, exactly
minidet.manual_seed(0)
same(squared_error(Correction()(x), y).item(), squared_error(bilinear(x), y).item())

# rung 2: one picture by heart
minidet.manual_seed(0)
losses, _ = train(Correction(), 10 if QUICK else 150, 5e-3, "one picture", draw=np.arange(1))
print(f"one picture: from {grey_levels(losses[0]):.2f} to {grey_levels(losses[-1]):.2f} grey levels")
assert losses[-1] < losses[0]
assert QUICK or losses[-1] < losses[0] / 3

# rung 3: train
minidet.manual_seed(0)
corrected = Correction()
losses, _ = train(corrected, 10 if QUICK else 400, 5e-3, "all pictures")

answers = {"nearest": F.interpolate(test_coarse, scale_factor=2).numpy(), "bilinear": bilinear(test_coarse).numpy()}
with no_grad():
    answers["kernel 4"] = linear[4](tensor(test_coarse)).numpy()
    answers["kernel 6"] = linear[6](tensor(test_coarse)).numpy()
    answers["with ReLU"] = corrected(tensor(test_coarse)).numpy()
errors = {name: squared_error(answer, test_fine) for name, answer in answers.items()}
print(f"\n{'on unseen pictures':20} {'grey levels':>12}")
for name, error in errors.items():
    print(f"{name:20} {grey_levels(error):12.2f}")
assert QUICK or errors["with ReLU"] < errors["kernel 6"] < errors["kernel 4"] < errors["bilinear"] < errors["nearest"]

# %% [markdown]
# **Rung 4: look at the mistakes.** Upper row: what comes out. Lower row: the difference from the truth, red where it
# is too bright, blue where it is too dark.

# %% jupyter={"source_hidden": true}
number, window = 1, (slice(16, 48), slice(12, 44))
figure, grid = plt.subplots(2, 6, figsize=(9.5, 3.5))
truth = test_fine[number, 0]
grid[0, 0].imshow(truth[window], cmap="gray", vmin=0, vmax=1)
grid[0, 0].set_title("truth", fontsize=9)
coarse_window = tuple(slice(part.start // 2, part.stop // 2) for part in window)
grid[1, 0].imshow(test_coarse[number, 0][coarse_window], cmap="gray", vmin=0, vmax=1)
grid[1, 0].set_title("what we have", fontsize=9)
for column, (name, answer) in zip(grid.T[1:], answers.items(), strict=True):
    column[0].imshow(answer[number, 0][window], cmap="gray", vmin=0, vmax=1)
    column[0].set_title(name, fontsize=9)
    column[1].imshow((answer[number, 0] - truth)[window], cmap="RdBu_r", vmin=-0.4, vmax=0.4)
for axes in grid.ravel():
    axes.set(xticks=[], yticks=[])
figure.tight_layout()
plt.show()

# %% [markdown]
# Nearly all mistakes are at the edges, where a coarse pixel is partly ink and partly paper, and the question is *which*
# part. The mean says how much ink, but not where. The network with ReLU answers from the shape around it. What remains
# is the noise of the paper: nobody can know it, so it is right that no method draws any.
#
# > **Try it:** `Linear(8)`: how much do even more taps bring? Or train `Correction` with the absolute difference in
# > place of the square: do the pictures become sharper? Does the error in grey levels?
#
# ## 12. The library's fast version
#
# The same numbers four times: the loops; one NumPy operation for each tap (all stamps press tap $(i, j)$ at once);
# zeros in between, with all windows in one product; and minidet, in phases. minidet and PyTorch get one core, so that
# the comparison is fair; NumPy may use what it likes.


# %%
def by_taps(x, w, stride=2):
    """Stamp tap after tap: x (C, H, W), w (C, F, KH, KW)."""
    (_, H, W), (_, filters, KH, KW) = x.shape, w.shape
    out = np.zeros((filters, (H - 1) * stride + KH, (W - 1) * stride + KW), x.dtype)
    for i in range(KH):
        for j in range(KW):
            here = out[:, i : i + (H - 1) * stride + 1 : stride, j : j + (W - 1) * stride + 1 : stride]
            here += np.tensordot(w[:, :, i, j], x, axes=(0, 0))
    return out


def by_zeros(x, w, stride=2):
    """Insert zeros, then multiply all windows with the kernel turned around."""
    (channels, H, W), (KH, KW) = x.shape, w.shape[2:]
    spread = np.zeros((channels, (H - 1) * stride + 2 * KH - 1, (W - 1) * stride + 2 * KW - 1), x.dtype)
    spread[:, KH - 1 : KH - 1 + H * stride : stride, KW - 1 : KW - 1 + W * stride : stride][:, :H, :W] = x
    windows = np.lib.stride_tricks.sliding_window_view(spread, (KH, KW), axis=(1, 2))  # (C, OH, OW, KH, KW)
    return np.tensordot(w[:, :, ::-1, ::-1], windows, axes=([0, 2, 3], [0, 3, 4]))


def library(x, w):
    """Call minidet."""
    return F.conv_transpose2d(x[None], w, stride=2).numpy()[0]


def clock(function, *arguments, least=0.05 if QUICK else 0.5):
    """Return the median seconds of several calls, after one that is not counted (it may compile)."""
    function(*arguments)
    times = []
    while len(times) < 3 or sum(times) < least:
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def products(x, w):
    """Count the multiplications that are needed."""
    return x[0].size * w.size


tiny = rng.standard_normal((4, 6, 6), dtype=np.float32), rng.standard_normal((4, 4, 4, 4), dtype=np.float32)
large = rng.standard_normal((32, 40, 40), dtype=np.float32), rng.standard_normal((32, 32, 4, 4), dtype=np.float32)
ways = {"loops": (lambda x, w: stamps2d(x, w, stride=2), tiny), "tap by tap": (by_taps, large),
        "zeros in between": (by_zeros, large), "minidet": (library, large)}  # fmt: skip

numba.set_num_threads(1)
try:
    import torch
except ImportError:
    print("PyTorch is not installed: its time is left out")
else:
    torch.set_num_threads(1)

    def by_torch(x, w):
        """Call PyTorch."""
        return torch.nn.functional.conv_transpose2d(torch.from_numpy(x[None]), torch.from_numpy(w), stride=2)[0].numpy()

    ways["PyTorch"] = by_torch, large

print(f"{'':18} {'million products per second':>28} {'speed-up':>12}")
speeds = {}
for name, (function, work) in ways.items():
    same(function(*tiny), stamps2d(*tiny, stride=2), atol=1e-4)
    speeds[name] = products(*work) / clock(function, *work) / 1e6
    print(f"{name:18} {speeds[name]:28,.1f} {speeds[name] / speeds['loops']:12,.0f}")

# %% [markdown]
# The loops were measured on a small picture, so that you do not have to wait; the unit is the same.
#
# ## Questions
#
# **1.** `ConvTranspose2d(8, 8, kernel_size=2, stride=2)`: how many stamps reach each pixel? Can it be written as an
# ordinary 1 x 1 convolution and something that moves numbers around?
#
# <details><summary>Answer</summary>
#
# Exactly one, so nothing is added up. Each input vector of 8 channels is multiplied with a matrix that gives 4 pixels
# of 8 channels: a 1 x 1 convolution to 32 channels, whose numbers are then laid out as 2 x 2 blocks ("pixel shuffle").
# In general every transposed convolution whose kernel is a multiple of its stride is an ordinary convolution with
# stride² times as many channels and a shuffle: those are the phases of section 6.
#
# </details>
#
# **2.** In section 5, the weight of `conv2d` had the shape (5, 3, 4, 4), and `conv_transpose2d` took the same array to
# go from 5 channels to 3. How would you get that layer with `nn.ConvTranspose2d(in_channels, out_channels, ...)`?
#
# <details><summary>Answer</summary>
#
# `nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1)`: its weight has the shape (in, out, KH, KW) = (5, 3, 4, 4).
#
# </details>
#
# **3.** With stride 1, is a transposed convolution any different from a convolution?
#
# <details><summary>Answer</summary>
#
# No zeros in between, so it *is* a convolution, with the kernel turned around, input and output channels exchanged, and
# K - 1 - padding pixels of border. DeconvNet uses such layers between its unpoolings: with learned weights it makes no
# difference to the result how the kernel is written down.
#
# </details>
#
# **4.** The checkerboard of counts for kernel 3 and stride 2 is 4, 2, 2, 1. Are there weights for kernel 3 that keep a
# constant constant all the same?
#
# <details><summary>Answer</summary>
#
# Yes. Phase 0 gets taps 0 and 2, phase 1 gets tap 1: they have to have equal sums. (1/2, 1, 1/2) does it, and this is
# linear interpolation again, with the old values kept in their places. So kernel 3 *can* be even. But the tap in the
# middle has to be as strong as its two neighbours together, and no one tells the network so at the start.
#
# </details>
#
# ## What to read next
#
# - [05_from_sliding_window_to_fully_convolutional](05_from_sliding_window_to_fully_convolutional.ipynb), then
#   [06_fcn](06_fcn.ipynb), where this layer brings scores of 1/32 of the size back to the whole picture.
# - In minidet: [functional/conv.py](../minidet/nn/functional/conv.py) has convolution and transpose side by side, and
#   each one's `backward` is the other; [conv_phases.py](../minidet/kernels/conv_phases.py) is section 6, fast.
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285): every combination of padding and stride, drawn.
# - J. Long, E. Shelhamer, T. Darrell, *Fully convolutional networks for semantic segmentation*, CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038), section 3.3: "backwards strided convolution", started bilinear.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and checkerboard artifacts*, Distill 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003): section 10, with pictures that move.
# - W. Shi and others, *Real-time single image and video super-resolution using an efficient sub-pixel convolutional
#   neural network*, CVPR 2016, [arXiv:1609.05158](https://arxiv.org/abs/1609.05158): question 1 as a method. A. Aitken
#   and others, [arXiv:1707.02937](https://arxiv.org/abs/1707.02937): weights that start it without a checkerboard.
