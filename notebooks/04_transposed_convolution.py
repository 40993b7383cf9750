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
# A convolution with stride 2 makes a picture smaller, with weights that are *learned*. This
# notebook is about the operation that goes the other way: it makes a picture larger, with weights
# that are learned. You will meet it under five names and from six sides. All six sides are the same
# numbers, and each time a check says so.
#
# |  |  |
# |---|---|
# | **Time** | reading: 65 minutes; doing, with every Try it: 3 hours |
# | **You need** | [02](02_convolution.ipynb); the adjoint of [03](03_pooling_and_unpooling.ipynb) |
# | **You do not need** | linear algebra beyond "row times column" |
#
# **At the end you can say**
# - what a transposed convolution computes: with stamps, with a matrix, with zeros in between, and
#   as a gradient;
# - how large the result is, and why there is an option with the odd name `output_padding`;
# - which weights make it a bilinear interpolation, and why other weights paint a checkerboard;
# - how to find out whether a layer that learns to enlarge pictures learns *enough*.
#
# Where a sentence says "write down", take a pencil: a guess that turns out wrong teaches more than
# ten that you only read. Some functions are for you to write; a check below each says what is
# wrong, and the solution is folded. Look for **Try it**. Nothing can break: *Restart kernel and run
# all* brings everything back.

# %%
import os
import time

import matplotlib.pyplot as plt
import numba
import numpy as np
from matplotlib.patches import Polygon, Rectangle
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function, gradcheck
from minidet.data import DigitScenes, sample_photograph
from minidet.grading import check_blank
from minidet.viz.page import (
    BLUE,
    COLOURS,
    DARK,
    GREEN,
    INK,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_ORANGE,
    YELLOW,
)

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()
INPUTS = PALE_BLUE, PALE_ORANGE, PALE_GREEN  # one for each input of the examples

rng = np.random.default_rng(0)
same = np.testing.assert_allclose

# %% [markdown]
# ## 1. One operation, five names
#
# A network that reads a photograph makes it smaller and smaller, until a few numbers say what is
# there. If it has to answer with a picture of the old size (which pixel belongs to the roof?), it
# has to come back up. On the left is what it has, on the right what it should give: a photograph by
# danielbuechele (flickr.com, licence CC BY 2.0; it comes with scikit-learn).

# %%
photograph = sample_photograph("china", scale=0.375).mean(0)[:160, :240]  # grey: (160, 240)
small = F.avg_pool2d(photograph[None, None], 8).numpy()[0, 0]  # (20, 30)
figure, grid = plt.subplots(1, 2, figsize=(9, 3.2))
for axes, look in zip(grid, (small, photograph), strict=True):
    axes.imshow(look, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], title=f"{look.shape[0]} x {look.shape[1]} pixels")
figure.tight_layout()
plt.show()

# %% [markdown]
# In notebook 03 a picture came back up by a fixed rule: copy the value, or put it in a remembered
# place. A network could not choose *how*. Here it can: every value is painted with a small brush,
# and the brush is learned.
#
# | name | where you meet it | is it a good name? |
# |---|---|---|
# | **transposed convolution** | PyTorch, this notebook | yes: section 4 |
# | deconvolution | many papers | no! It does not undo a convolution: section 5 |
# | fractionally strided convolution | DCGAN | yes, if you think of section 6 |
# | backwards convolution | FCN | yes: section 8 |
# | up-convolution | U-Net | it says what it is for |
#
# The picture in DeconvNet's paper (Noh, Hong, Han 2015, figure 3, lower half) says it without
# words. A convolution collects *many* values into one. Its transpose distributes *one* value to
# many.


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
    ends = [
        (r, c) for r in (min(rows_), max(rows_) + 1) for c in (min(columns_), max(columns_) + 1)
    ]
    return [(at[0] + size * (c - 0.45 * r), at[1] - 0.42 * size * r) for r, c in ends]


def draw_one_and_many():
    """Draw many to one, and one to many."""
    axes = canvas(9.5, 3.1, (-1.8, 16.8), (-2.0, 4.1), aspect="equal")
    many, single = [(r, c) for r in range(1, 4) for c in range(2, 5)], [(1, 2)]
    for left, title, words in (
        (0.0, "convolution", "9 values to one"),
        (9.6, "transposed convolution", "one value to 9"),
    ):
        large = slanted(axes, (left + 1.5, 0.9), 6, 7, many, PALE_BLUE)
        small = slanted(axes, (left + 2.4, 3.6), 3, 4, single, PALE_ORANGE)
        for a, b in zip(large, small, strict=True):
            axes.plot(*zip(a, b, strict=True), color=ORANGE, lw=0.9, alpha=0.8)
        start, end = ((left + 6.5, 0.6), (left + 6.5, 3.2))
        if left:
            start, end = end, start
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.6})
        axes.text(left + 2.6, -1.25, title, ha="center", weight="bold")
        axes.text(left + 2.6, -1.75, words, ha="center", fontsize=9)
    plt.show()


draw_one_and_many()

# %% [markdown]
# ## 2. The convolution that we start from
#
# In one dimension, with numbers that fit on a page. A row of 7, a kernel of 3, stride 2: three
# windows, three outputs. (As everywhere in deep learning, the kernel is not turned around.)


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
print(row, "->", down)

# %%
# worked out by hand
np.testing.assert_array_equal(down, [1 + 0 + 6, 2 + 2 + 0, 0 + 6 + 3], "not the sums of section 2")

# %% [markdown]
# ## 3. First side: stamps
#
# Now up, from 3 numbers to 7. Take the kernel as a rubber stamp. Every input presses it once onto
# an empty row, **scaled** by its value, each time 2 places further (the stride). Where stamps
# overlap, they **add up**. That is all.
#
# The inputs are 2, -1, 3, the kernel is (1, 2, 3). Before you run the next cell, write down the
# seven numbers.


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
print(x, "->", up)

# %%
# worked out by hand
np.testing.assert_array_equal(up, [2, 4, 6 - 1, -2, -3 + 3, 6, 9], "not the sums of section 3")


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


def draw_stamps(x, kernel, stride):
    """Draw the stamps below each other, and their sum."""
    out = conv_transpose(x, kernel, stride)
    axes = canvas(7 + max(len(out) - 7, 0) * 0.6, 2.6, (-4.4, max(len(out), 7) + 0.4), (-3.7, 1.0))
    for i, value in enumerate(x):
        copy = [None] * (i * stride) + list(value * kernel)
        words = ", ".join(f"{number:g}" for number in kernel)
        strip(axes, copy, (0, -i), INPUTS[i], f"{value:g} x ({words})")
    counts = conv_transpose(np.ones(len(x)), np.ones(len(kernel)), stride)
    faces = [YELLOW if count > 1 else "#f4f4f4" if count else "white" for count in counts]
    strip(axes, out, (0, -len(x) - 0.5), faces, "sum", pale=False)
    plt.show()


draw_stamps(x, kernel, stride=2)

# %% [markdown]
# In the yellow places two stamps overlap, so there are two terms. In the others there is one. Keep
# this in mind for section 10: some places get more paint than others.
#
# > **Try it:** in the cell above, write `draw_stamps(x, kernel, stride=3)`, then `stride=4`. What
# > happens to the yellow places? What appears when the stride is larger than the kernel?
#
# <details><summary>What happens</summary>
#
# With stride 3 each stamp begins where the one before it ends: 2, 4, 6, -1, -2, -3, 3, 6, 9, and
# nothing is yellow. With stride 4 there is a gap of one place between the stamps, which no stamp
# reaches: 0 there, whatever the inputs are.
#
# </details>
#
# **Your turn.** The inner loop is not necessary: a whole stamp can be added at once.


# %%
def stamp(x, w, stride):
    """Return the same as conv_transpose, with one loop: each turn adds one stamp."""
    # out = zeros, as long as the last stamp needs
    # for each value: add value * w to the slice of out that begins at i * stride
    raise NotImplementedError


check_blank(
    stamp,
    ((x, kernel, 2), up, "the stamps of the picture"),
    (
        (np.array([1.0, 2]), np.array([1.0, 1]), 3),
        np.array([1.0, 1, 0, 2, 2]),
        "a gap between two stamps",
    ),
    (
        (np.array([1.0, 1, 1]), np.array([1.0, 2, 1]), 1),
        np.array([1.0, 3, 4, 3, 1]),
        "three stamps overlap",
    ),
    hint="stamp i covers the places from i * stride to i * stride + len(w), and stamps add up: +=",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def stamp(x, w, stride):
#     out = np.zeros((len(x) - 1) * stride + len(w))
#     for i, value in enumerate(x):
#         out[i * stride : i * stride + len(w)] += value * w
#     return out
# ```
#
# </details>
#
# ## 4. Second side: the matrix, turned over
#
# The convolution of section 2 only multiplies and adds, so it is a matrix $C$ with 3 rows and 7
# columns. Each row contains the kernel, 2 columns further than the row above. We get the matrices
# of both functions if we feed them unit vectors, one after the other. Before you run the next cell,
# write down both matrices: where do the kernel's numbers stand in the second one?


# %%
def matrix_of(function, length):
    """Return the matrix of a linear function of rows of this length."""
    return np.stack(
        [function(unit) for unit in np.eye(length)], axis=1
    )  # one column for each unit vector


C = matrix_of(lambda row: conv(row, kernel), 7)
U = matrix_of(lambda x: conv_transpose(x, kernel), 3)
np.testing.assert_array_equal(U, C.T, "not transposed")  # this is the whole secret of the name
np.testing.assert_array_equal(C.T @ x, up, "the matrix and the stamps differ")
print(f"the convolution\n{C}\nits transpose\n{U}")

# %%
# worked out by hand
rows_of_C = [[1, 2, 3, 0, 0, 0, 0], [0, 0, 1, 2, 3, 0, 0], [0, 0, 0, 0, 1, 2, 3]]
np.testing.assert_array_equal(C, rows_of_C, "not the matrix of section 4")

# %% jupyter={"source_hidden": true}
axes = canvas(9.5, 3.2, (-0.8, 19.4), (-6.7, 1.1))
for i, line in enumerate(C):
    strip(axes, line, (0, -1.0 - 0.8 * i), [INPUTS[i] if value else "white" for value in line])
axes.text(3.5, 0.1, "C: (3, 7), a row for each output", ha="center")
for i, line in enumerate(C.T):
    strip(
        axes,
        line,
        (10.2, -0.8 - 0.8 * i),
        [INPUTS[k] if value else "white" for k, value in enumerate(line)],
    )
for i, value in enumerate(x):
    strip(axes, [value], (14.6, -2.4 - 0.8 * i), INPUTS[i])
for i, value in enumerate(up):
    strip(axes, [value], (17.2, -0.8 - 0.8 * i), YELLOW if i in (2, 4) else "#f4f4f4", pale=False)
axes.text(11.7, 0.3, "C': (7, 3)", ha="center")
axes.text(15.1, 0.3, "x", ha="center")
axes.text(17.7, 0.3, "result", ha="center")
axes.text(13.9, -2.85, "·", ha="center", va="center", fontsize=16)
axes.text(16.4, -2.85, "=", ha="center", va="center", fontsize=14)
axes.text(
    3.5,
    -4.6,
    "A row of C collects: one window, one output.\n"
    "A column of C' distributes: one input, one stamp.",
    ha="center",
    va="center",
    fontsize=9,
)
plt.show()

# %% [markdown]
# The columns of $C'$ are the stamps. A sum of columns, scaled by the entries of $x$: that is what
# "matrix times vector" means. So stamping *is* multiplying with $C'$, the matrix of the convolution
# turned over its diagonal.
#
# **Your turn.** Write the matrix down directly, without unit vectors.


# %%
def conv_matrix(w, length, stride):
    """Return a convolution's matrix: ((length - K) // stride + 1, length)."""
    # C = zeros, a row for each window
    # for each row: the kernel stands where its window is
    raise NotImplementedError


check_blank(
    conv_matrix,
    ((kernel, 7, 2), C, "the matrix of the picture"),
    ((np.array([1.0, -1]), 3, 1), np.array([[1.0, -1, 0], [0, 1, -1]]), "stride 1"),
    (
        (np.array([1.0, 2]), 6, 3),
        np.array([[1.0, 2, 0, 0, 0, 0], [0, 0, 0, 1, 2, 0]]),
        "windows with gaps",
    ),
    hint="window o begins at column o * stride",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def conv_matrix(w, length, stride):
#     C = np.zeros(((length - len(w)) // stride + 1, length))
#     for o in range(len(C)):
#         C[o, o * stride : o * stride + len(w)] = w
#     return C
# ```
#
# </details>
#
# ## 5. Third side: the adjoint. And why "deconvolution" is a bad name
#
# In notebook 03 we met a test that needs no matrix. For any `row` of 7 and any `x` of 3,
#
# $$\langle C \, \text{row}, \; x \rangle = \langle \text{row}, \; C' x \rangle$$
#
# With our numbers by hand: $C\,$row is (7, 4, 9), times (2, -1, 3) gives 14 - 4 + 27. And the row
# (1, 0, 2, 1, 0, 3, 1) times (2, 4, 5, -2, 0, 6, 9) gives 2 + 0 + 10 - 2 + 0 + 18 + 9.

# %%
np.testing.assert_equal(np.dot(conv(row, kernel), x), 14 - 4 + 27, "<C row, x>")
np.testing.assert_equal(
    np.dot(row, conv_transpose(x, kernel)), 2 + 0 + 10 - 2 + 0 + 18 + 9, "<row, C'x>"
)
print("both are", np.dot(down, x))

# %%
# the library, in two dimensions, with channels: one random pair would find a mistake
weight = rng.standard_normal((5, 3, 4, 4))  # a convolution from 3 channels to 5
large, small = rng.standard_normal((2, 3, 10, 10)), rng.standard_normal((2, 5, 5, 5))
below = np.vdot(F.conv2d(large, weight, stride=2, padding=1).numpy(), small)
above = np.vdot(large, F.conv_transpose2d(small, weight, stride=2, padding=1).numpy())
print(f"<C x, y> = {below:.9f}\n<x, C'y> = {above:.9f}")
same(below, above, err_msg="conv_transpose2d is not the adjoint of conv2d")

# %% [markdown]
# Look at the weight: `conv2d` and `conv_transpose2d` got **the same array**. For the convolution
# its shape means (channels out, channels in, rows, columns). For its transpose in and out change
# places, so there it is (channels *in*, channels *out*, rows, columns). That is why PyTorch's
# layers have their axes in different orders.
#
# Turned over is not undone. If the transpose were the inverse, it would bring `row` back from
# `down`, which is (7, 4, 9). Before you run the next cell, write down the first two numbers that
# the transpose gives.

# %%
back = conv_transpose(down, kernel)
undone = np.linalg.pinv(C) @ down  # the shortest of all rows that the convolution maps to `down`
print("row              ", row)
print("transposed       ", back)
print("really undone    ", undone.round(2), "  and its convolution:", conv(undone, kernel).round(9))
assert not np.allclose(back, row), "the transpose has undone the convolution: it should not"
same(conv(undone, kernel), down, err_msg="pinv has found a row whose convolution is another one")

# %% [markdown]
# The transpose brings the *size* and the *wiring* back, not the values: its first two numbers are 7
# times 1 and 7 times
# 2. In signal processing, *deconvolution* means what the third line does: find a row whose
#    convolution is `down`. (Even that is not `row`: three numbers do not determine seven.)
#
# ## 6. Fourth side: zeros in between. Fifth side: phases
#
# For the *result* the question is: which stamps reach me? Look at a place `o` of the sum. It gets
# $x_i \, w_j$ from every pair with $2 i + j = o$. One way to compute this: pull the inputs apart
# with **zeros in between**, put a border of zeros around, and run an ordinary convolution of stride
# 1 over it, with the kernel **turned around**. The stride of 2 has become a step of "half an
# input": hence *fractionally strided*.


# %%
def with_zeros(x, w, stride=2):
    """Insert zeros, then convolve with the kernel turned around."""
    spread = np.zeros((len(x) - 1) * stride + 1)
    spread[::stride] = x
    border = len(w) - 1
    return conv(np.pad(spread, border), w[::-1], stride=1)


np.testing.assert_array_equal(with_zeros(x, kernel), up, "zeros in between differ from stamps")
print(with_zeros(x, kernel))

# %% jupyter={"source_hidden": true}
spread = np.pad(np.array([2.0, 0, -1, 0, 3]), 2)
tints = ["#ececec" if place in (0, 1, 7, 8) else "white" for place in range(9)]
for place, number in ((2, 0), (4, 1), (6, 2)):
    tints[place] = INPUTS[number]
axes = canvas(8.4, 2.6, (-4.2, 9.6), (-3.6, 1.0))
strip(axes, spread, (0, 0), tints, "zeros between,\nand around")
for step in (1, 6):  # an odd place of the result and an even one, apart from each other
    strip(axes, kernel[::-1], (step, -1.15), "#e5d7ee")
    axes.annotate(
        "",
        (step + 1.5, -2.3),
        (step + 1.5, -1.2),
        arrowprops={"arrowstyle": "-|>", "color": ORANGE},
    )
    under = spread[step : step + 3]
    words = " + ".join(
        f"{tap:g}·{value:g}" if value >= 0 else f"{tap:g}·({value:g})"
        for tap, value in zip(kernel[::-1], under, strict=True)
    )
    axes.text(step + 1.65, -1.78, words, fontsize=8, va="center")
strip(
    axes,
    up,
    (1, -3.2),
    [YELLOW if i in (2, 4) else "#f4f4f4" for i in range(7)],
    "result",
    pale=False,
)
axes.text(-0.25, -0.75, "kernel turned around,\nat two of its 7 steps", ha="right", va="center")
plt.show()

# %% [markdown]
# The result is right, but the way is wasteful: most of the products have a factor 0. In two
# dimensions with stride 2, three of four values are zeros.
#
# But look *where* the zeros are. At an even place of the result only the taps 3 and 1 meet an
# input; at an odd place only the tap 2 does. So the result is two ordinary convolutions with
# **smaller kernels**, one for the even and one for the odd places, shuffled together. These parts
# are called *phases*. Nothing is multiplied by zero any more, and this is how minidet does it: see
# [conv/phases.py](../minidet/kernels/conv/phases.py).


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
    case = f"length {length}, {taps} taps, stride {stride}"
    same(with_zeros(a, b, stride), conv_transpose(a, b, stride), err_msg=f"with zeros: {case}")
    same(by_phases(a, b, stride), conv_transpose(a, b, stride), err_msg=f"by phases: {case}")
print("stamps, zeros in between and phases agree")

# %% [markdown]
# **Your turn.** Zeros in between, in two dimensions: between the rows and between the columns, not
# around.


# %%
def zeros_between(x, stride):
    """Pull a picture apart: (H, W) to ((H - 1) stride + 1, (W - 1) stride + 1)."""
    # out = zeros of the new size
    # every stride-th row and every stride-th column is x
    raise NotImplementedError


check_blank(
    zeros_between,
    ((np.array([[1.0, 2], [3, 4]]), 2), np.array([[1.0, 0, 2], [0, 0, 0], [3, 0, 4]]), "stride 2"),
    ((np.array([[5.0, 6]]), 3), np.array([[5.0, 0, 0, 6]]), "a picture of one row"),
    ((np.array([[1.0, 2], [3, 4]]), 1), np.array([[1.0, 2], [3, 4]]), "stride 1 changes nothing"),
    hint="a slice with a step: out[::stride, ::stride]",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def zeros_between(x, stride):
#     out = np.zeros(((x.shape[0] - 1) * stride + 1, (x.shape[1] - 1) * stride + 1))
#     out[::stride, ::stride] = x
#     return out
# ```
#
# </details>
#
# ## 7. How large is the result? And what is `output_padding`?
#
# The last stamp begins at $(L - 1) \cdot \text{stride}$ and is $K$ long. `padding` cuts that many
# places off at each end, because it is the padding *of the convolution*: where that one added a
# border, its transpose takes one away. Together:
#
# $$\text{size} = (L - 1) \, \text{stride} - 2 \, \text{padding} + K + \text{output\_padding}$$
#
# (for `dilation` 1; in general $K$ is the width of the kernel with its gaps, $\text{dilation} \cdot
# (K - 1) + 1$.)
#
# Where does the last term come from? From the same trouble as with odd sizes in notebook 03. A
# convolution with stride 2 maps several sizes to the same one. Kernel 3, stride 2, padding 1:
# before you run the next cell, write down which of the lengths 5 to 10 a transposed convolution
# reaches only with `output_padding=1`.

# %%
K, stride, padding = 3, 2, 1
print("row of  convolution gives  transpose gives  output_padding needed")
for length in range(5, 11):
    outputs = F.conv1d(
        np.zeros((1, 1, length)), np.zeros((1, 1, K)), stride=stride, padding=padding
    ).shape[2]
    smallest = (outputs - 1) * stride - 2 * padding + K
    needed = length - smallest
    result = F.conv_transpose1d(
        np.zeros((1, 1, outputs)), np.zeros((1, 1, K)), None, stride, padding, needed
    )
    assert result.shape[2] == length, f"{result.shape[2]} in place of {length}"
    print(f"{length:6} {outputs:18} {smallest:16} {needed:22}")

# %% [markdown]
# Rows of 7 and of 8 both become 4. Going up from 4, the transpose cannot know which of them you
# want. Without a word from you it takes the smallest; `output_padding=1` says "one more".
#
# The name suggests that something (a zero?) is added to the output. Not so! The stamps go on beyond
# the part that you see, and `output_padding` lets you see **one place more at the end**. Before you
# run the next cell, write down the last of the eight numbers for the inputs 2, -1, 3, 1: is it 0?

# %%
four = np.array([2.0, -1, 3, 1])
everything = conv_transpose(four, kernel)  # all stamps, nothing cut off
seven = F.conv_transpose1d(four[None, None], kernel[None, None], None, 2, 1, 0).numpy()[0, 0]
eight = F.conv_transpose1d(four[None, None], kernel[None, None], None, 2, 1, 1).numpy()[0, 0]
np.testing.assert_array_equal(
    seven, everything[1:-1], "padding=1 does not cut one place off at each end"
)
np.testing.assert_array_equal(eight, everything[1:], "output_padding=1 does not show one more")
print("the last number is", eight[-1])

# %%
# worked out by hand
np.testing.assert_array_equal(
    everything, [2, 4, 5, -2, 0, 6, 10, 2, 3], "not the sums of section 7"
)

# %% jupyter={"source_hidden": true}
axes = canvas(8.4, 2.5, (-4.4, 9.4), (-3.4, 1.0))
cut = ["#ececec"] + ["#f4f4f4"] * 7 + ["#ececec"]
strip(axes, everything, (0, 0), cut, "all stamps", pale=False)
strip(axes, [None, *seven], (0, -1.4), PALE_BLUE, "padding=1", pale=False)
strip(
    axes,
    [None, *eight],
    (0, -2.8),
    [PALE_BLUE] * 8 + [PALE_ORANGE],
    "padding=1, output_padding=1",
    pale=False,
)
for at in (1, 8):
    axes.plot([at, at], [-1.6, 1.0], color=ORANGE, lw=1.2, ls="--")
plt.show()

# %% [markdown]
# The layer can also be asked for a size; then it finds `output_padding` itself. In a network that
# has to come back to the size of its input, this is what you want:

# %%
layer = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
for size in ((13, 18), (14, 17)):
    smaller = F.conv2d(np.zeros((1, 2, *size), np.float32), layer.weight, stride=2, padding=1)
    plain, asked = layer(smaller).shape[2:], layer(smaller, output_size=size).shape[2:]
    print(size, "->", smaller.shape[2:], "->", plain, "or, asked,", asked)
    assert asked == size, f"output_size={size} was not heard"

# %% [markdown]
# > **Try it:** which sizes would `output_size` refuse for an input of (7, 9)? Ask for one, for
# > example `layer(smaller, output_size=(15, 17))`, and read the message.
#
# <details><summary>What happens</summary>
#
# All but four: rows 13 or 14, columns 17 or 18. (15, 17) raises a `ValueError` that names the sizes
# that are possible. A convolution with kernel 3, stride 2 and padding 1 makes 8 of 15, not 7: no
# transposed convolution leads from 7 back to 15.
#
# </details>
#
# **Your turn.** All the lengths that are possible for a result: those that the convolution would
# map to `L`.


# %%
def possible_lengths(L, K, stride, padding):
    """Return all lengths, as a list, that a convolution makes L of: the smallest first."""
    # the formula with output_padding 0, 1, ... How many are there?
    raise NotImplementedError


check_blank(
    possible_lengths,
    ((4, 3, 2, 1), [7, 8], "the rows of the picture"),
    ((4, 3, 1, 1), [4], "stride 1: nothing to choose"),
    ((10, 5, 3, 2), [28, 29, 30], "stride 3"),
    hint="windows of stride s swallow up to s - 1 more places without giving another output",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def possible_lengths(L, K, stride, padding):
#     smallest = (L - 1) * stride - 2 * padding + K
#     return [smallest + more for more in range(stride)]
# ```
#
# </details>
#
# **Everything in one picture.** Four inputs, a stamp for each (0 to 3), in turn light blue and
# light orange; below them, how many stamps reach each place of the sum (the darker, the more); grey
# places are cut off by `padding`.


# %% jupyter={"source_hidden": true}
def draw_settings(axes, kernel, stride, padding, output_padding):
    """Draw four stamps, how many of them reach each place, and what is cut off."""
    inputs = 4
    whole = (inputs - 1) * stride + kernel + output_padding
    counts = np.zeros(whole, int)
    for i in range(inputs):
        counts[i * stride : i * stride + kernel] += 1
        box = {
            "facecolor": (PALE_BLUE, PALE_ORANGE)[i % 2],
            "edgecolor": "#909090",
            "linewidth": 0.8,
        }
        axes.add_patch(Rectangle((i * stride, -i), kernel, 0.8, **box))
        axes.text(
            i * stride + kernel / 2,
            0.38 - i,
            f"{i}",
            ha="center",
            va="center",
            color=DARK,
            fontsize=9,
        )
    tones = plt.get_cmap("Greens")(0.08 + 0.13 * np.arange(7))
    for place, count in enumerate(counts):
        kept = padding <= place < whole - padding
        box = {
            "facecolor": tones[min(count, 6)] if kept else "#b4b4b4",
            "edgecolor": "#909090",
            "lw": 0.8,
        }
        axes.add_patch(Rectangle((place, -inputs - 0.6), 1, 0.9, **box))
        axes.text(
            place + 0.5, -inputs - 0.16, count, ha="center", va="center", color=DARK, fontsize=8
        )
    size = whole - 2 * padding
    words = f"3 · {stride} - 2 · {padding} + {kernel} + {output_padding} = {size}"
    axes.set(xlim=(-0.3, max(whole, 12) + 0.3), ylim=(-inputs - 0.9, 1.1))
    axes.set_title(f"kernel {kernel}, stride {stride}: size {words}", fontsize=9)
    axes.axis("off")


figure, grid = plt.subplots(2, 2, figsize=(9.5, 4.4))
for axes, settings in zip(
    grid.flat, ((3, 2, 0, 0), (4, 2, 1, 0), (3, 2, 1, 1), (2, 3, 0, 1)), strict=True
):
    draw_settings(axes, *settings)
figure.tight_layout()
plt.show()

# %% [markdown]
# Run the notebook to move it. Look for settings with the same number in all inner places; then for
# places with 0.


# %%
def move(kernel=3, stride=2, padding=1, output_padding=0):
    """Draw one of the pictures above."""
    if output_padding >= stride:
        print(
            f"output_padding has to be below the stride: {stride - 1} in place of {output_padding}"
        )
        output_padding = stride - 1
    if 3 * stride + kernel + output_padding <= 2 * padding:
        print("nothing is left")
        return
    _, axes = plt.subplots(figsize=(9.5, 2.8))
    draw_settings(axes, kernel, stride, padding, output_padding)
    plt.show()


viz.sliders(move, kernel=(1, 6), stride=(1, 4), padding=(0, 2), output_padding=(0, 3))

# %% [markdown]
# ## 8. Sixth side: it is the gradient of a convolution
#
# Let $y = C x$, and let the loss grow by $g$ for each output. How much does it grow for the inputs?
# Input 4 of our row takes part in two windows, once with the tap 3, once with the tap 1. So it gets
# $3 g_1 + 1 g_2$: *column* 4 of $C$, times $g$. All inputs together: $C' g$. **The backward pass of
# a convolution is the transposed convolution**, and the other way round. (FCN's authors got their
# up-sampling layer in exactly this way: they exchanged forward and backward of a convolution that
# was there already.)

# %%
image = tensor(rng.standard_normal((2, 3, 11, 12)), requires_grad=True)
weight = tensor(rng.standard_normal((5, 3, 4, 3)))
out = F.conv2d(image, weight, stride=(2, 3), padding=1)
g = tensor(rng.standard_normal(out.shape))
out.backward(g)
upward = F.conv_transpose2d(
    g, weight, stride=(2, 3), padding=1, output_padding=(1, 2)
)  # to 11 x 12, as above
same(image.grad.numpy(), upward.numpy(), err_msg="the gradient of conv2d is another")

g.requires_grad = True
F.conv_transpose2d(g, weight, stride=(2, 3), padding=1, output_padding=(1, 2)).backward(
    image.detach()
)
downward = F.conv2d(image.detach(), weight, stride=(2, 3), padding=1)
same(g.grad.numpy(), downward.numpy(), err_msg="the gradient of conv_transpose2d is another")
print("the gradient of each is the other")

# %% [markdown]
# ### In two dimensions, with loops that you can read
#
# Stamps again, now with channels: every value of every input channel paints one stamp into every
# output channel. Six loops, all options but `groups`.


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
                            out[f, h * stride + i * dilation, v * stride + j * dilation] += (
                                x[c, h, v] * w[c, f, i, j]
                            )
    return out[:, padding : height - padding, padding : width - padding]


for _ in range(30):
    options = {"stride": int(rng.integers(1, 4)), "dilation": int(rng.integers(1, 3))}
    options["output_padding"] = int(rng.integers(0, max(options.values())))
    options["padding"] = int(rng.integers(0, 2))
    C_, F_, H_, W_, KH_, KW_ = (int(n) for n in rng.integers(2, 5, 6))
    a, b = rng.standard_normal((C_, H_, W_)), rng.standard_normal((C_, F_, KH_, KW_))
    theirs = F.conv_transpose2d(a[None], b, **options).numpy()[0]
    same(theirs, stamps2d(a, b, **options), err_msg=f"the loops differ from minidet with {options}")
print("30 random cases: the library's numbers are those of the loops")

# %% [markdown]
# And the gradients of the loops themselves? With respect to the input: a convolution, as we know by
# now. With respect to the weight: every tap collects "input times what lies under the tap". Both
# read through the same windows of the gradient.


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
        windows = np.lib.stride_tricks.sliding_window_view(grad, w.shape[2:], axis=(1, 2))[
            :, ::2, ::2
        ]
        return np.einsum("fhvij, cfij -> chv", windows, w), np.einsum(
            "chv, fhvij -> cfij", x, windows
        )


inputs = [
    tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((2, 3, 3), (2, 3, 3, 3))
]
gradcheck(Stamp.apply, inputs)  # raises, with the number that is wrong
gradcheck(lambda x, w: F.conv_transpose2d(x[None], w, stride=2), inputs)
print("gradients of the loops and of the library agree with finite differences")

# %% [markdown]
# **Your turn.** The gradient with respect to the kernel, for a row: $\text{out}_{i s + j}$ contains
# $x_i w_j$, so how much of the gradient of `out` does $w_j$ collect?


# %%
def kernel_gradient(x, grad, K, stride):
    """Return the gradient of the kernel: x (L,), grad ((L - 1) stride + K,) to (K,)."""
    # for each tap j: the sum over i of x[i] times the gradient where tap j of stamp i falls
    raise NotImplementedError


check_blank(
    kernel_gradient,
    (
        (x, np.array([1.0, 0, 2, 1, 0, 3, 1]), 3, 2),
        np.array([0.0, 8, 7]),
        "2 · 1 - 1 · 2 + 3 · 0 = 0 for tap 0",
    ),
    ((np.array([1.0, 2]), np.array([1.0, 10, 100]), 2, 1), np.array([21.0, 210]), "stride 1"),
    hint="tap j of stamp i falls on place i * stride + j; both gradients read the same places",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def kernel_gradient(x, grad, K, stride):
#     out = np.zeros(K)
#     for j in range(K):
#         for i in range(len(x)):
#             out[j] += x[i] * grad[i * stride + j]
#     return out
# ```
#
# </details>
#
# ## 9. Known weights: bilinear interpolation
#
# Before we learn weights, let us choose some. Enlarge a row by 2. Each new value lies between two
# old ones: a quarter of the way, or three quarters. **Linear interpolation** mixes them 3 : 1. Seen
# from an *old* value, that is a stamp: 1/4, 3/4, 3/4, 1/4, with stride 2. A tent. Neighbouring
# tents add up to 1 everywhere inside, so a constant stays constant. The old values are 4, 8, 0.
# Before you run the next cell, write down the six new ones.

# %%
tent = np.array([0.25, 0.75, 0.75, 0.25])
values = np.array([4.0, 8, 0])
by_tents = F.conv_transpose1d(values[None, None], tent[None, None], stride=2, padding=1).numpy()[
    0, 0
]
print(values, "->", by_tents)

# %%
# worked out by hand
sums = [3, 3 + 2, 1 + 6, 6 + 0, 2 + 0, 0]  # 5 = 3/4 of 4 + 1/4 of 8
np.testing.assert_array_equal(by_tents, sums, "not the sums of section 9")

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
axes.plot(fine, total, color=INK, lw=1)
axes.plot(range(3), values, "s", color=INK, markersize=9, label="old values")
axes.plot(
    (np.arange(6) + 0.5) / 2 - 0.5,
    by_tents,
    "o",
    color=DARK,
    markeredgecolor=INK,
    label="new values",
)
for place, value in zip((np.arange(6) + 0.5) / 2 - 0.5, by_tents, strict=True):
    axes.text(place, value + 0.6, f"{value:g}", ha="center")
axes.set(xlim=(-1, 3.4), ylim=(0, 10.5), xticks=[0, 1, 2], xlabel="place")
axes.spines[["top", "right"]].set_visible(False)
axes.legend()
plt.show()

# %% [markdown]
# In two dimensions the stamp is a tent in both directions: the products of the four numbers with
# the four numbers. For other factors $s$ the tent has $2 s$ taps (one less if $s$ is odd).
# `nn.init.bilinear_` writes them into a layer; FCN starts its up-sampling layers with them. Is it
# the same as `interpolate`?
#
# Before you run the next cell, write down: only one tent reaches the first column fully. With
# factor 2, which share of its brightness does it keep?

# %%
picture = (
    DigitScenes("train", size=48, length=1, seed=10).load(0)[0].astype(np.float64)
)  # (3, 48, 48)
for s in (2, 3, 4):
    K = 2 * s - s % 2
    layer = nn.ConvTranspose2d(3, 3, K, stride=s, padding=s // 2, groups=3, bias=False)
    nn.init.bilinear_(layer.weight)
    with no_grad():
        ours = layer.double()(picture[None]).numpy()
    theirs = F.interpolate(picture[None], scale_factor=s, mode="bilinear").numpy()
    inside = ..., slice(s, -s), slice(s, -s)
    same(ours[inside], theirs[inside], atol=1e-12, err_msg=f"not bilinear for factor {s}")
    edge = ours[0, 0, s:-s, 0] / theirs[0, 0, s:-s, 0]
    print(f"factor {s}, {K} x {K}: equal inside; the first column keeps {edge.mean():.3f}")

# %% [markdown]
# Equal inside, darker at the edge. A transposed convolution knows nothing beyond the picture, so
# there the tents do not add up to 1 (3/4 in the first column, for factor 2); `interpolate` repeats
# the border pixels instead. It is a small thing, but a network whose result has a strange rim may
# have it from here.
#
# **Your turn.** The tent for any factor.


# %%
def tent_of(s):
    """Return the taps for factor s: 1 - distance from the middle / s."""
    # K = 2 s taps, one less if s is odd; the middle of the places 0 ... K - 1 is (K - 1) / 2
    raise NotImplementedError


check_blank(
    tent_of,
    ((2,), tent, "factor 2"),
    ((3,), np.array([1.0, 2, 3, 2, 1]) / 3, "factor 3: the middle is a tap"),
    ((4,), np.array([1.0, 3, 5, 7, 7, 5, 3, 1]) / 8, "factor 4"),
    hint="1 - abs(np.arange(K) - middle) / s",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def tent_of(s):
#     K = 2 * s - s % 2
#     return 1 - np.abs(np.arange(K) - (K - 1) / 2) / s
# ```
#
# </details>
#
# ## 10. The checkerboard
#
# Now the weak side of the stamps. Take kernel 3 and stride 2, and give *every* input and *every*
# weight the value 1. Each number of the result then counts how many stamps reach it. Before you run
# the next cells, write down a block of 4 x 4 of these numbers, away from the edges. Is it constant?
# And for kernel 4?


# %%
def overlap(K, stride):
    """Return how many stamps reach each pixel, away from the edges: (2 stride, 2 stride)."""
    counts = F.conv_transpose2d(
        np.ones((1, 1, 12, 12)), np.ones((1, 1, K, K)), stride=stride
    ).numpy()[0, 0]
    start = K // stride * stride + stride
    return counts[start : start + 2 * stride, start : start + 2 * stride].astype(int)


cases = (2, 2), (3, 2), (4, 2), (5, 2), (4, 3), (6, 3)
for K, s in cases:
    along = [
        len(range(phase, K, s)) for phase in range(s)
    ]  # taps that reach a phase: every s-th one
    name = f"kernel {K}, stride {s}"
    np.testing.assert_array_equal(overlap(K, s)[:s, :s], np.outer(along, along), name)

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
# That is the **checkerboard**. In one dimension, phase 0 gets the taps 0 and 2, and phase 1 gets
# the tap 1 only. In two dimensions the counts multiply: 4, 2, 2, 1. They are equal only if the
# kernel is a *multiple* of the stride.
#
# At the start of training the weights are random, not 1. Then it is the *variance* of a pixel that
# grows with the number of its stamps: each adds one random term. So the loud pixels are those of
# the counts. We measure it, with many random kernels on a constant picture:

# %%
draws = 4000
for K in (3, 4):
    kernels = rng.standard_normal((1, draws, K, K))
    painted = F.conv_transpose2d(np.ones((1, 1, 8, 8)), kernels, stride=2).numpy()[0, :, 6:8, 6:8]
    loud, counts = painted.var(axis=0), overlap(K, 2)[:2, :2]
    print(f"kernel {K}: variance of each phase {loud.round(2).tolist()}, overlap {counts.tolist()}")
    same(loud, counts, rtol=0.15, err_msg="the variance does not grow with the number of stamps")

# %% [markdown]
# And on a picture? Four ways to enlarge a part of the photograph by 2. The random weights are all
# positive, so that the picture can be seen. The tents are there for comparison. Before you run the
# next cells, write down which of the four will show a pattern in the smooth sky.

# %%
roofs = photograph[20:68, 108:156]  # and the sky beside them
grey = roofs[None, None].astype(np.float64)  # (1, 1, 48, 48)
random3, random4 = (np.abs(rng.standard_normal((1, 1, K, K))) for K in (3, 4))
looks = {
    "what goes in": tensor(grey),
    "kernel 3, random": F.conv_transpose2d(grey, random3, stride=2, padding=1, output_padding=1),
    "kernel 4, random": F.conv_transpose2d(grey, random4, stride=2, padding=1),
    "kernel 4, tents": F.conv_transpose2d(
        grey, np.outer(tent, tent)[None, None], stride=2, padding=1
    ),
    "enlarge, convolve": F.conv2d(F.interpolate(grey, scale_factor=2), random3, padding=1),
}

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(1, 5, figsize=(12, 2.7))
for axes, (title, look) in zip(grid, looks.items(), strict=True):
    cut = 1 if title == "what goes in" else 2
    axes.imshow(look.numpy()[0, 0, cut:-cut, cut:-cut], cmap="gray", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)
figure.tight_layout()
plt.show()

# %% [markdown]
# Kernel 3 has a pattern because of its counts *and* its weights, kernel 4 because of its weights
# only. The other two have none: their taps have equal sums in all phases.
#
# **Your turn.** The test for any kernel, without a picture: the sum of the taps of each phase. If
# all are equal, a constant stays constant.


# %%
def phase_sums(w, stride):
    """Return the sums of a kernel's taps, phase by phase: w (KH, KW) to (stride, stride)."""
    # for each phase (a, b): the sum of every stride-th tap, from row a and column b on
    raise NotImplementedError


check_blank(
    phase_sums,
    ((np.ones((3, 3)), 2), np.array([[4.0, 2], [2, 1]]), "all ones: the checkerboard of counts"),
    ((np.outer(tent, tent), 2), np.ones((2, 2)), "tents: even"),
    (
        (np.arange(9.0).reshape(3, 3), 3),
        np.arange(9.0).reshape(3, 3),
        "stride 3: one tap for each phase",
    ),
    hint="w[a::stride, b::stride] are the taps of phase (a, b)",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def phase_sums(w, stride):
#     sums = np.zeros((stride, stride))
#     for a in range(stride):
#         for b in range(stride):
#             sums[a, b] = w[a::stride, b::stride].sum()
#     return sums
# ```
#
# </details>
#
# The backward pass of a convolution is a transposed convolution. So the *gradients* of an innocent
# 3 x 3 convolution with stride 2 have the checkerboard too: some pixels of the input take part in
# four times as many windows as others.

# %%
page = tensor(np.ones((1, 1, 13, 13)), requires_grad=True)
F.conv2d(page, np.ones((1, 1, 3, 3)), stride=2).sum().backward()
print(page.grad.numpy()[0, 0, 2:8, 2:8].astype(int))
np.testing.assert_array_equal(page.grad.numpy()[0, 0, 4:8, 4:8], overlap(3, 2), "no checkerboard")

# %% [markdown]
# ### Cures, and how good they are
#
# 1. **Kernel a multiple of the stride** (4 for 2). The counts are equal, so nothing is loud *by
#    construction*. But each phase still has its own taps, and random taps do not have equal sums.
# 2. **Start with tents.** All phases have equal sums at the start. Learning may change that.
# 3. **Enlarge first, then convolve**: nearest neighbour and an ordinary 3 x 3 convolution (Odena,
#    Dumoulin, Olah 2016). Every pixel gets all nine taps, so a constant stays constant, always. The
#    price: 9 products for each pixel and channel, where kernel 4 with stride 2 has 16 / 4 = 4.
#
# Let us measure it. A small network learns to enlarge pictures by 2. Its last layer is one of four.
# Before every step we show it an *empty page*, a picture of one grey. Whatever pattern comes out,
# the network has invented it.
#
# Before you run the next cells, write down the order of the four, from the strongest pattern to the
# weakest: once at the start and once after the training.


# %%
def scenes(split, number, seed):
    """Return grey pictures (N, 1, 64, 64), and the same at half size: the mean of 2 x 2 pixels."""
    data = DigitScenes(split, size=64, length=number, seed=seed)
    fine = np.stack(
        [
            data.load(i)[0].mean(0, keepdims=True)
            for i in tqdm(range(number), desc=f"{split} scenes")
        ]
    )
    return fine, F.avg_pool2d(fine, 2).numpy()


fine, coarse = scenes("train", 16 if QUICK else 150, seed=0)
test_fine, test_coarse = scenes("test", 8 if QUICK else 40, seed=1)  # other writers' digits
EDGE = 4  # pixels at the rim that we leave out: each method does something else there


def squared_error(a, b):
    """Return the mean squared difference, without the rim."""
    return ((a - b)[:, :, EDGE:-EDGE, EDGE:-EDGE] ** 2).mean()


def absolute_error(a, b):
    """Return the mean absolute difference, without the rim."""
    return (a - b)[:, :, EDGE:-EDGE, EDGE:-EDGE].abs().mean()


def train(network, steps, rate, title, watch=None, data=None, measure=squared_error):
    """Train with Adam, the rate falling to 0.

    ``data``: the pictures (fine, coarse) of every step, in place of 16 that are drawn anew.
    Return the losses, and what ``watch`` returned before each step.
    """
    optimizer = optim.Adam(network.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    draws = np.random.default_rng(0)
    losses, watched = [], []
    with tqdm(range(steps), desc=title) as bar:
        for _ in bar:
            if watch is not None:
                watched.append(watch(network))
            chosen = draws.choice(len(fine), 16, replace=False)
            wanted, given = data or (fine[chosen], coarse[chosen])
            loss = measure(network(tensor(given)), tensor(wanted))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.5f}", refresh=False)
    return losses, watched


LAST = {
    "kernel 3": lambda width: nn.ConvTranspose2d(
        width, 1, 3, stride=2, padding=1, output_padding=1
    ),
    "kernel 4": lambda width: nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
    "kernel 4, tents": lambda width: nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
    "enlarge, convolve": lambda width: nn.Sequential(
        nn.Upsample(scale_factor=2), nn.Conv2d(width, 1, 3, padding=1)
    ),
}


class Painter(nn.Module):
    """Two convolutions, then a layer that enlarges by 2."""

    def __init__(self, last, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.last = LAST[last](width)
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


painters, pages = {}, {}
for kind in LAST:
    minidet.manual_seed(1)
    painters[kind] = Painter(kind)
    _, pages[kind] = train(painters[kind], 10 if QUICK else 150, 3e-3, kind, empty_page)
patterns = {kind: [float(page.std()) * 255 for page in pages[kind]] for kind in LAST}  # grey levels
for kind, pattern in patterns.items():
    print(f"{kind:18} at the start {pattern[0]:7.3f} grey levels, at the end {pattern[-1]:7.3f}")
assert max(patterns["enlarge, convolve"]) < 3e-4, "enlarge, convolve: a pattern on an empty page"
assert patterns["kernel 4, tents"][0] < 3e-4, "tents: a pattern at the start"
assert min(patterns["kernel 3"][0], patterns["kernel 4"][0]) > 1, "no pattern at the start"

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(9.5, 2.6))
lines = "-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1))
for place, (kind, pattern) in enumerate(patterns.items()):
    style = {"color": COLOURS[place % 7], "linestyle": lines[place % 5], "lw": 1.8}
    axes.semilogy(np.maximum(pattern, 0.01), label=kind, **style)
axes.set(
    xlabel="step",
    ylabel="pattern on an\nempty page (grey levels)",
    ylim=(0.007, 100),
    yticks=[0.01, 0.1, 1, 10, 100],
)
axes.set_yticklabels(["none", "0.1", "1", "10", "100"])
axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

steps = len(pages["kernel 3"])
moments = 0, steps // 5, steps - 1
figure, grid = plt.subplots(3, len(pages), figsize=(1.9 * len(pages), 4.6))
for column, (kind, shown) in zip(grid.T, pages.items(), strict=True):
    for axes, moment in zip(column, moments, strict=True):
        page = shown[moment]
        axes.imshow(page - page.mean(), cmap="gray", vmin=-0.12, vmax=0.12)
        axes.set(xticks=[], yticks=[])
        axes.set_ylabel(f"step {moment}" if kind == "kernel 3" else "", fontsize=9)
    column[0].set_title(kind, fontsize=9)
figure.tight_layout()
plt.show()

# %% [markdown]
# Read it from the top. At the start, kernels 3 and 4 both paint a loud pattern: a multiple of the
# stride does *not* help against random weights. In the first steps it even grows; then learning
# turns it down, because a pattern costs error, but it does not become zero: with kernel 3 more than
# one grey level is left, with kernel 4 about a tenth of one. The tents start without a pattern; on
# the way learning brings in up to two grey levels, and takes most of them away again. The last one
# has none at any step, and it never will: on an empty page, every pixel is the sum of the same nine
# taps.
#
# So if you see a checkerboard in a result, you know where to look. If it must not happen, use cure
# 3. If you like the speed of the transposed convolution, use a multiple of the stride, start with
# tents, and train for long enough.
#
# > **Try it:** add a fifth layer to `LAST`: `"kernel 2": lambda width: nn.ConvTranspose2d(width, 1,
# > 2, stride=2),`. Its stamps do not overlap at all. Before you run the cell, write down: is there
# > a pattern?
#
# <details><summary>What happens</summary>
#
# There is one, nearly as loud as that of kernel 4: 9.6 grey levels at the start, in place of 14.9
# (with other random weights it may be the louder one). Every phase has one tap of its own for each
# channel, and four different random taps paint four different greys. What makes the pattern is not
# that stamps overlap but that the phases have different taps.
#
# </details>
#
# ## 11. Learn to enlarge
#
# Bilinear weights are a good guess. Can weights that are *learned from pictures* do better? The
# task: from a picture of 32 x 32 back to the 64 x 64 that it was made from. We begin with a single
# transposed convolution, from one channel to one channel. It is so small that we can *compute* how
# good it can become.
#
# **Rung 1: know the loss at the start.** For a classifier it is log K. Here it follows from the
# weights: with tents it has to be the error of bilinear interpolation; with zeros, the mean square
# of the target (we subtract a mean grey first, so this is its variance).

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
known = squared_error(bilinear(x), y).item()
tents = squared_error(Linear(4, tents=True)(x), y).item()
same(tents, known, rtol=1e-4, err_msg="tents do not start as bilinear interpolation")
zeros, known = squared_error(Linear(4)(x), y).item(), squared_error(fine, MEAN + 0 * fine)
same(zeros, known, rtol=1e-4, err_msg="zeros do not start at the variance")
print(f"start with zeros: {grey_levels(zeros):.2f} grey levels")
print(f"start with tents: {grey_levels(tents):.2f} grey levels, as bilinear")

# %% [markdown]
# **Rung 2, for a linear layer: know the best.** The result is a sum of taps times pictures: the
# picture painted with tap 0 alone, with tap 1 alone, and so on. The best taps are a *least-squares*
# solution, which linear algebra gives us without any training. We give training 300 steps, and ask
# whether it gets there. Before you run the next cell, write down how much is to be gained from 21
# grey levels: with 16 taps, and with 36.


# %%
def best_linear(K, fine=fine, coarse=coarse):
    """Return the smallest mean squared error of any K x K kernel with a bias."""
    units = np.eye(K * K, dtype=np.float32).reshape(1, K * K, K, K)  # kernels of one tap each
    products, target, power, count = 0.0, 0.0, 0.0, 0
    for first in range(0, len(fine), 10):
        painted = F.conv_transpose2d(
            coarse[first : first + 10] - MEAN, units, stride=2, padding=K // 2 - 1
        ).numpy()
        columns = (
            painted[:, :, EDGE:-EDGE, EDGE:-EDGE]
            .transpose(1, 0, 2, 3)
            .reshape(K * K, -1)
            .astype(np.float64)
        )
        columns = np.vstack([columns, np.ones(columns.shape[1])])  # the bias
        wanted = (
            (fine[first : first + 10] - MEAN)[:, 0, EDGE:-EDGE, EDGE:-EDGE]
            .ravel()
            .astype(np.float64)
        )
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
    print(f"kernel {K}: trained {grey_levels(reached):.3f}, best possible {grey_levels(best):.3f}")
    assert reached > best * 0.9999, f"kernel {K} is better than the best possible"
    assert QUICK or reached < best * 1.01, f"kernel {K}: training does not find the best"

# %% [markdown]
# Training finds what linear algebra computes. Such a test is worth a lot: if the loss, the
# gradient, the optimiser or the number of steps were wrong, it would very probably fail. Here is
# what the layers have learned:

# %% jupyter={"source_hidden": true}
shown = {"bilinear (tent x tent)": np.pad(np.outer(tent, tent), 1)}
shown |= {"kernel 4, learned": np.pad(linear[4].up.weight.detach().numpy()[0, 0], 1)}
shown |= {"kernel 6, learned": linear[6].up.weight.detach().numpy()[0, 0]}
figure, grid = plt.subplots(1, 3, figsize=(10.5, 3.7))
for axes, (title, taps) in zip(grid, shown.items(), strict=True):
    axes.imshow(taps, cmap="RdBu_r", vmin=-1.2, vmax=1.2)
    for (h, w), tap in np.ndenumerate(taps):
        axes.text(
            w,
            h,
            f"{tap:.2f}",
            ha="center",
            va="center",
            fontsize=8,
            color=DARK if abs(tap) < 0.8 else "white",
        )
    axes.set(xticks=[], yticks=[], title=title)
figure.tight_layout()
plt.show()

# %% [markdown]
# The larger kernel has *negative* weights around a high middle. It does not only mix neighbours, it
# also pushes them apart: where a dark pixel lies beside a bright one, it makes the dark one darker.
# That is *sharpening*, and no one wrote it down: it follows from the pictures. (The tent cannot do
# it: all its weights are positive.)
#
# **Your turn.** The best that any weights can reach, for a small case: each column of `painted` is
# one picture, with all its pixels below each other; `wanted` is the target.


# %%
def least_error(painted, wanted):
    """Return the least mean squared error of painted (pixels, taps) @ weights."""
    # np.linalg.lstsq(painted, wanted, rcond=None)[0] are the best weights
    raise NotImplementedError


check_blank(
    least_error,
    (
        (np.array([[1.0], [1], [1]]), np.array([1.0, 2, 3])),
        2 / 3,
        "one constant column: the variance",
    ),
    (
        (np.array([[1.0, 0], [0, 1]]), np.array([5.0, 7])),
        0.0,
        "as many taps as pixels: no error is left",
    ),
    ((np.array([[1.0], [2], [0]]), np.array([2.0, 4, 3])), 3.0, "a pixel that no tap reaches"),
    hint="the mean, not the sum, of (painted @ weights - wanted) squared",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def least_error(painted, wanted):
#     weights = np.linalg.lstsq(painted, wanted, rcond=None)[0]
#     return ((painted @ weights - wanted) ** 2).mean()
# ```
#
# </details>
#
# Every linear layer does the same everywhere. To do one thing at an edge and another on paper, a
# network needs ReLU. So: two convolutions, and a transposed convolution that adds a *correction* to
# the bilinear picture. Its weights start at zero.
#
# **Rung 2 again: one batch by heart.** A network that cannot learn a very small batch will not
# learn a large one. The batch is one piece of one picture, 24 x 24 pixels; the loss has to fall
# below a tenth of its start. And the rung has to be able to fail: the same network *without its
# ReLUs* is linear from end to end. Before you run the cell, write down where the broken one stops:
# at its start, at a half, at a tenth?


# %%
class Correction(nn.Module):
    """Bilinear, plus what a small network adds."""

    def __init__(self, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.up = nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return bilinear(x) + self.up(self.features(x - MEAN))


minidet.manual_seed(0)
start = squared_error(Correction()(x), y).item()
same(start, squared_error(bilinear(x), y).item(), err_msg="the correction does not start at zero")

# %%
SHARE = 0.1
small = fine[:1, :, 16:48, 12:44]  # 32 x 32 pixels, of which the rim does not count
piece = small, F.avg_pool2d(small, 2).numpy()
for title in ("with ReLU", "broken: without"):
    minidet.manual_seed(0)
    network = Correction()
    if title == "broken: without":
        network.features[1] = network.features[3] = nn.Identity()
    losses, _ = train(network, 10 if QUICK else 400, 1e-2, title, data=piece)
    left, passes = losses[-1] / losses[0], losses[-1] / losses[0] < SHARE
    print(f"{title:16} ends with {left:.3f} of its first loss: {'passes' if passes else 'fails'}")
    assert QUICK or passes == (title == "with ReLU"), f"{title}: {left:.3f} of the first loss"
print(f"{'least squares':16} no kernel of 12 x 12 below {best_linear(12, *piece) / losses[0]:.3f}")

# %% [markdown]
# The broken network is stuck at about a third, and more steps do not help it: it is a sum of taps
# times pictures again. Its two convolutions and its stamp together make a kernel of 12 x 12, and
# least squares says how far such a kernel can get. (The network may come out a hair lower: at the
# rim of the piece the zeros around it change its kernel a little.) Note what the rung does not say:
# that the network is *good*. It has learned one piece by heart, the noise of the paper included.
#
# **Rung 3: train** on all pictures, and compare on unseen ones. Before you run the next cell, write
# down the order of the five, from the largest error to the smallest. Then the same on our
# photograph: `with ReLU` has seen nothing but digits on paper. Will it still be the best there?

# %%
minidet.manual_seed(0)
corrected = Correction()
losses, _ = train(corrected, 10 if QUICK else 400, 5e-3, "all pictures")


def enlarge(pictures):
    """Enlarge pictures in five ways: arrays by name."""
    with no_grad():
        return {
            "nearest": F.interpolate(pictures, scale_factor=2).numpy(),
            "bilinear": bilinear(pictures).numpy(),
            "kernel 4": linear[4](tensor(pictures)).numpy(),
            "kernel 6": linear[6](tensor(pictures)).numpy(),
            "with ReLU": corrected(tensor(pictures)).numpy(),
        }


photo = photograph[None, None]
answers, on_photo = enlarge(test_coarse), enlarge(F.avg_pool2d(photo, 2).numpy())
errors = {name: squared_error(answer, test_fine) for name, answer in answers.items()}
print(f"{'grey levels':12} {'unseen digits':>14} {'photograph':>12}")
for name, error in errors.items():
    there = squared_error(on_photo[name], photo)
    print(f"{name:12} {grey_levels(error):14.2f} {grey_levels(there):12.2f}")
order = sorted(errors, key=errors.get)
right = ["with ReLU", "kernel 6", "kernel 4", "bilinear", "nearest"]
assert QUICK or order == right, f"on unseen digits, the best first: {order}"

# %% [markdown]
# On digits each step pays, and ReLU pays most. On the photograph the order is another one: kernel 6
# is the best, `with ReLU` comes second, and kernel 4 is *worse* than no learning at all. Why kernel
# 4? Add up the taps of each phase in the picture above: about 1.09, and about 1 for kernel 6. So
# kernel 4 moves everything away from the mean grey of the digit pictures: what is darker, more than
# half of the photograph, comes out too dark. Good results on unseen pictures *of the same kind* are
# no promise for another kind.
#
# **Rung 4: look at the mistakes.** Upper row: what comes out. Lower row: the difference from the
# truth, red where it is too bright, blue where it is too dark.

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
# Most of the error seems to be at the edges, where a coarse pixel is partly ink and partly paper,
# and the question is *which* part. The mean says how much ink, but not where. The network with ReLU
# answers from the shape around it. Does the eye judge right? An edge, in numbers: brightest and
# darkest of the 3 x 3 pixels around differ by more than 0.25.

# %%
around = np.lib.stride_tricks.sliding_window_view(test_fine[:, 0], (3, 3), axis=(1, 2))
edges = np.ptp(around, axis=(-2, -1))[:, EDGE - 1 : -EDGE + 1, EDGE - 1 : -EDGE + 1] > 0.25
print(f"edges: {edges.mean():.0%} of the pixels")
for name, answer in answers.items():
    square = ((answer - test_fine) ** 2)[:, 0, EDGE:-EDGE, EDGE:-EDGE]
    elsewhere = grey_levels(square[~edges].mean())
    share = square[edges].sum() / square.sum()
    print(f"{name:12} {share:4.0%} of the squared error at edges; elsewhere {elsewhere:.2f} levels")

# %% [markdown]
# A quarter of the pixels lies at edges, and has from two thirds (with ReLU) to nine tenths
# (nearest) of the error. ReLU's gain is there; away from the edges, plain copying is as good. What
# remains there is mostly the noise of the paper. It cannot be known from the coarse picture, so it
# is right that no method draws any.
#
# > **Try it:** `for K in (4, 6, 8):` in the cell that trains the linear layers: how much do even
# > more taps bring? Or train `corrected` with `measure=absolute_error`: which error becomes
# > smaller, which larger?
#
# <details><summary>What happens</summary>
#
# More taps bring little: kernel 8 reaches 17.26 grey levels on the training pictures (17.256 is the
# best possible), after 17.48 for kernel 6 and 19.96 for kernel 4. With the absolute difference, the
# root of the squared error on unseen digits becomes a little larger (11.10 in place of 10.91), and
# the mean absolute difference stays nearly as it was (7.29 in place of 7.31): here the choice
# matters little.
#
# </details>
#
# ## 12. The library's fast version
#
# The same numbers four times: the loops; one NumPy operation for each tap (all stamps press tap
# $(i, j)$ at once); zeros in between, with all windows in one product; and minidet, in phases.
# minidet and PyTorch get one core, so that the comparison is fair; NumPy may use what it likes.
# Before you run the next cell, write down: how many times as fast as the loops is the second way?
# And is the way with zeros faster or slower than that?


# %%
def by_taps(x, w, stride=2):
    """Stamp tap after tap: x (C, H, W), w (C, F, KH, KW)."""
    (_, H, W), (_, filters, KH, KW) = x.shape, w.shape
    out = np.zeros((filters, (H - 1) * stride + KH, (W - 1) * stride + KW), x.dtype)
    for i in range(KH):
        for j in range(KW):
            here = out[
                :, i : i + (H - 1) * stride + 1 : stride, j : j + (W - 1) * stride + 1 : stride
            ]
            here += np.tensordot(w[:, :, i, j], x, axes=(0, 0))
    return out


def by_zeros(x, w, stride=2):
    """Insert zeros, then multiply all windows with the kernel turned around."""
    (channels, H, W), (KH, KW) = x.shape, w.shape[2:]
    spread = np.zeros(
        (channels, (H - 1) * stride + 2 * KH - 1, (W - 1) * stride + 2 * KW - 1), x.dtype
    )
    spread[:, KH - 1 : KH - 1 + H * stride : stride, KW - 1 : KW - 1 + W * stride : stride][
        :, :H, :W
    ] = x
    windows = np.lib.stride_tricks.sliding_window_view(
        spread, (KH, KW), axis=(1, 2)
    )  # (C, OH, OW, KH, KW)
    return np.tensordot(w[:, :, ::-1, ::-1], windows, axes=([0, 2, 3], [0, 3, 4]))


def library(x, w):
    """Call minidet."""
    return F.conv_transpose2d(x[None], w, stride=2).numpy()[0]


def clock(function, *arguments, least=0.05 if QUICK else 0.5):
    """Return the median seconds of several calls, after one that may compile."""
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


tiny = (
    rng.standard_normal((4, 6, 6), dtype=np.float32),
    rng.standard_normal((4, 4, 4, 4), dtype=np.float32),
)
large = (
    rng.standard_normal((32, 40, 40), dtype=np.float32),
    rng.standard_normal((32, 32, 4, 4), dtype=np.float32),
)
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
        x, w = torch.from_numpy(x[None]), torch.from_numpy(w)
        return torch.nn.functional.conv_transpose2d(x, w, stride=2)[0].numpy()

    ways["PyTorch"] = by_torch, large

print(f"{'':18} {'million products per second':>28} {'speed-up':>12}")
speeds = {}
for name, (function, work) in ways.items():
    same(
        function(*tiny),
        stamps2d(*tiny, stride=2),
        atol=1e-4,
        err_msg=f"{name} differs from the loops",
    )
    speeds[name] = products(*work) / clock(function, *work) / 1e6
    print(f"{name:18} {speeds[name]:28,.1f} {speeds[name] / speeds['loops']:12,.0f}")

# %% [markdown]
# The loops were measured on a small picture, so that you do not have to wait; the unit is the same.
#
# ## Summary
#
# 1. A transposed convolution presses the kernel, scaled by each input, onto the result, each time
#    `stride` further; where stamps overlap, they add up.
# 2. Its matrix is the matrix of the convolution, turned over: rows that collect become columns that
#    distribute.
# 3. It is the adjoint: $\langle C a, b \rangle = \langle a, C' b \rangle$. One random pair of
#    arrays tests that.
# 4. It is not the inverse: it brings the size back, not the values. "Deconvolution" is a bad name.
# 5. With zeros in between it is an ordinary convolution with the kernel turned around; in phases,
#    the same without zeros.
# 6. size = (L - 1) stride - 2 padding + K + output_padding; the last term says which of the
#    `stride` possible sizes.
# 7. It is the gradient of a convolution, and a convolution is the gradient of it.
# 8. With tents as weights it is bilinear interpolation, but for the rim.
# 9. A checkerboard comes from phases whose taps have different sums. Enlarge first, then convolve:
#    none, ever.
# 10. A linear layer has a best possible error, which least squares computes; one with ReLU can go
#     below it.
#
# | term | section | builds on |
# |---|---|---|
# | stamp | 3 | convolution (2) |
# | matrix turned over | 4 | stamp, convolution |
# | adjoint | 5 | matrix turned over; notebook 03 |
# | zeros in between | 6 | stamp |
# | phase | 6 | zeros in between |
# | `output_padding` | 7 | stamp, the sizes of a convolution |
# | gradient of a convolution | 8 | adjoint; notebook 01 |
# | tent, bilinear | 9 | stamp, `padding` (7) |
# | overlap, checkerboard | 10 | phase |
# | enlarge, then convolve | 10 | checkerboard; notebook 02 |
# | best linear layer, correction | 11 | tent, least squares |
#
# ## Questions
#
# **1.** `ConvTranspose2d(8, 8, kernel_size=2, stride=2)`: how many stamps reach each pixel? Can it
# be written as an ordinary 1 x 1 convolution and something that moves numbers around?
#
# <details><summary>Answer</summary>
#
# Exactly one, so nothing is added up. Each input vector of 8 channels is multiplied with a matrix
# that gives 4 pixels of 8 channels: a 1 x 1 convolution to 32 channels, whose numbers are then laid
# out as 2 x 2 blocks ("pixel shuffle"). In general every transposed convolution whose kernel is a
# multiple of its stride is an ordinary convolution with stride² times as many channels and a
# shuffle: those are the phases of section 6.
#
# </details>
#
# **2.** In section 5, the weight of `conv2d` had the shape (5, 3, 4, 4), and `conv_transpose2d`
# took the same array to go from 5 channels to 3. How would you get that layer with
# `nn.ConvTranspose2d(in_channels, out_channels, ...)`?
#
# <details><summary>Answer</summary>
#
# `nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1)`: its weight has the shape (in, out, KH, KW) =
# (5, 3, 4, 4).
#
# </details>
#
# **3.** With stride 1, is a transposed convolution any different from a convolution?
#
# <details><summary>Answer</summary>
#
# No zeros in between, so it *is* a convolution, with the kernel turned around, input and output
# channels exchanged, and K - 1 - padding pixels of border. DeconvNet uses such layers between its
# unpoolings: with learned weights it makes no difference to the result how the kernel is written
# down.
#
# </details>
#
# **4.** The checkerboard of counts for kernel 3 and stride 2 is 4, 2, 2, 1. Are there weights for
# kernel 3 that keep a constant constant all the same?
#
# <details><summary>Answer</summary>
#
# Yes. Phase 0 gets taps 0 and 2, phase 1 gets tap 1: they have to have equal sums. (1/2, 1, 1/2)
# does it, and this is linear interpolation again, with the old values kept in their places. So
# kernel 3 *can* be even. But the tap in the middle has to be as strong as its two neighbours
# together, and no one tells the network so at the start.
#
# </details>
#
# ## What to read next
#
# - [05](05_from_sliding_window_to_fully_convolutional.ipynb), then [06_fcn](06_fcn.ipynb), where
#   this layer brings scores of 1/32 of the size back to the whole picture.
# - In minidet: [functional/conv.py](../minidet/nn/functional/conv.py) has convolution and transpose
#   side by side, and each one's `backward` is the other;
#   [conv/phases.py](../minidet/kernels/conv/phases.py) is section 6, fast.
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285): every combination of padding and stride,
#   drawn.
# - J. Long, E. Shelhamer, T. Darrell, *Fully convolutional networks for semantic segmentation*,
#   CVPR 2015, [arXiv:1411.4038](https://arxiv.org/abs/1411.4038), section 3.3: "backwards strided
#   convolution", started bilinear.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and checkerboard artifacts*, Distill 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003): section 10, with pictures
#   that move.
# - W. Shi and others, *Real-time single image and video super-resolution using an efficient
#   sub-pixel convolutional neural network*, CVPR 2016,
#   [arXiv:1609.05158](https://arxiv.org/abs/1609.05158): question 1 as a method. A. Aitken and
#   others, [arXiv:1707.02937](https://arxiv.org/abs/1707.02937): weights that start it without a
#   checkerboard.
