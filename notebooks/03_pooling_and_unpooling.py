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
# # Pooling and unpooling
#
# To find out *what* is in a picture, a network makes it smaller, several times: that is
# **pooling**. To say *where* it is, pixel by pixel, the network has to come back to the full
# size: that is **unpooling**. Going down is easy. Coming back is the interesting half, because
# something was lost on the way. This notebook shows what, and how a network can keep it for the
# price of two bits.
#
# |  |  |
# |---|---|
# | **Time** | reading: 75 minutes; doing, with every Try it: 3 hours and a quarter |
# | **You need** | gradients ([01](01_autograd.ipynb)), convolution ([02](02_convolution.ipynb)) |
# | **You do not need** | anything about segmentation: we build a small network at the end |
#
# **At the end you can say**
# - what max and average pooling compute, what a *switch* is, and who gets the gradient, also if
#   two values are equal;
# - three ways to come back up, and which way down belongs to each of them;
# - why an image of 5 x 5 pixels needs a note that says "5", and what happens to a picture without
#   the note;
# - what remembered positions are worth: you train four networks that differ in nothing else.
#
# How to work with it: where a sentence says **write down**, do so before you run the next cell:
# it has the answer. Where a function ends with `raise NotImplementedError`, write it; the cell
# checks it at once, the solution is folded below, and nothing later needs it.
# Look for **Try it**. Nothing can break: *Restart kernel and run all* brings everything back.

# %%
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Patch, Rectangle
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_gradient_magnitude
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function, gradcheck
from minidet.data import DigitScenes, sample_photograph
from minidet.data.scenes.digits import load_scans
from minidet.grading import check_blank
from minidet.viz.page import (
    BLUE,
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
WINDOWS = PALE_BLUE, PALE_GREEN, YELLOW, PALE_ORANGE  # one for each window of the examples
viz.use_style()
plt.rcParams["image.interpolation"] = "nearest"  # a pixel is a square

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. Why down, and why up again
#
# A convolution looks at 3 x 3 pixels. A handwritten digit is 20 pixels high. So one convolution
# cannot know what it looks at. Many of them in a row could, but each of them has to work on all
# pixels. If every second row and column goes away, two things get better at once: the next layer
# costs a quarter, and it sees twice as far.
#
# Before you run the next cell, write down: after three such steps down, how many pixels of the
# image does one output of a 3 x 3 convolution depend on, in a row: 9, 17, or more than 30?

# %%
channels, size, sees, step = 32, 48, 1, 1  # `sees`: rows of the image that one output depends on
print(f"{'size':>8} {'multiply-adds':>14} {'one output sees':>16}")
for _ in range(4):
    sees += (
        2 * step
    )  # a 3 x 3 convolution: one neighbour on each side, `step` pixels of the image away
    print(f"{size:3} x {size:<3} {9 * channels**2 * size**2:14,} {sees:9} pixels")
    sees, step, size = sees + step, 2 * step, size // 2  # a 2 x 2 pooling

# %% [markdown]
# The price: in the last line there are only 6 x 6 answers left, and we want one for every pixel
# of 48 x 48. So a segmentation network has two halves. Here is the plan of SegNet
# (Badrinarayanan, Kendall, Cipolla 2017, figure 2), drawn with the sizes of the network that
# *you* will train in section 10. Height is resolution.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def arrow(axes, start, end, text="", colour=INK):
    """Draw an arrow, with a word above it."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3})
    axes.text((start[0] + end[0]) / 2, max(start[1], end[1]) + 0.2, text, ha="center", color=colour)


def draw_network():
    """Draw encoder, decoder, and the switches between them."""
    axes = canvas(9.5, 3.7, (-0.4, 20.9), (-4.2, 5.4))
    conv, pool, unpool, ends = PALE_BLUE, PALE_GREEN, YELLOW, "#cccccc"
    plan = [("image", 48, ends)]
    plan += [
        bar for size in (48, 24, 12) for bar in (("conv", size, conv), ("pool", size // 2, pool))
    ]
    plan += [("conv", 6, conv)]
    plan += [
        bar for size in (12, 24, 48) for bar in (("unpool", size, unpool), ("conv", size, conv))
    ]
    plan += [("scores", 48, ends)]
    x, downs, ups = 0.0, [], []
    for kind, size, colour in plan:
        height = size / 10
        axes.add_patch(
            Rectangle((x, -height / 2), 0.9, height, facecolor=colour, edgecolor=INK, linewidth=0.8)
        )
        if kind in ("pool", "unpool"):
            (downs if kind == "pool" else ups).append((x + 0.45, height / 2))
        if kind in ("conv", "scores", "image"):
            word = f"{size}" if kind == "conv" else f"{size}\n{kind}"
            axes.text(x + 0.45, -height / 2 - 0.15, word, ha="center", va="top", fontsize=8)
        x += 1.15 if kind in ("conv", "unpool") else 1.75
    for level, (down, up) in enumerate(zip(downs, ups[::-1], strict=True)):
        top = 4.6 - 0.95 * level
        axes.plot([down[0], down[0], up[0]], [down[1], top, top], color=ORANGE, lw=1.3)
        arrow(axes, (up[0], top), (up[0], up[1] + 0.02), colour=ORANGE)
        word = "switches, and the size" if level == 0 else ""
        axes.text((down[0] + up[0]) / 2, top + 0.12, word, ha="center", color=ORANGE)
    words = ("convolution, normalisation, ReLU", conv), ("pooling", pool), ("unpooling", unpool)
    for number, (word, colour) in enumerate(words):
        left = (3.6, 11.2, 14.2)[number]
        axes.add_patch(
            Rectangle((left, -4.1), 0.6, 0.4, facecolor=colour, edgecolor=INK, linewidth=0.8)
        )
        axes.text(left + 0.8, -3.9, word, va="center", fontsize=9)
    plt.show()


draw_network()

# %% [markdown]
# Left half, the *encoder*: smaller and smaller, it finds out what is there. Right half, the
# *decoder*: larger and larger, it says where. The orange lines are what this notebook is about:
# little notes that the way down leaves for the way up.
#
# ## 2. Pooling by hand
#
# Cut the image into windows of 2 x 2. **Max pooling** keeps the largest value of every window.
# **Average pooling** keeps the mean. Max pooling can also write down *where* the largest value
# was. Such a note is called a *switch*, or an index: the number of the pixel, counted from 0 in
# reading order.
#
# Before you run the next cell, write down all twelve numbers for this image of 4 x 4: four
# largest values, four switches, four means. (The last window has its largest value three times.
# Which of the three would you note?)
#
# ```text
# 1 3 2 0
# 5 2 0 1
# 0 4 6 6
# 1 2 3 6
# ```

# %%
x = np.array([[1.0, 3, 2, 0],
              [5, 2, 0, 1],
              [0, 4, 6, 6],
              [1, 2, 3, 6]])  # fmt: skip


def max_pool(x, k=2):
    """Return the largest value of every k x k window, and its position."""
    rows, columns = x.shape[0] // k, x.shape[1] // k
    values, switches = np.empty((rows, columns)), np.empty((rows, columns), int)
    for i in range(rows):
        for j in range(columns):
            best = -np.inf
            for h in range(i * k, i * k + k):
                for w in range(j * k, j * k + k):
                    if x[h, w] > best:  # `>`: one that is only as large does not replace the first
                        best, where = x[h, w], h * x.shape[1] + w
            values[i, j], switches[i, j] = best, where
    return values, switches


def avg_pool(x, k=2):
    """Return the mean of every k x k window."""
    rows, columns = x.shape[0] // k, x.shape[1] // k
    out = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[i, j] = x[i * k : i * k + k, j * k : j * k + k].mean()
    return out


largest, switches = max_pool(x)
mean = avg_pool(x)
print("largest value", *largest.tolist(), sep="\n")
print("switch", *switches.tolist(), sep="\n")
print("mean", *mean.tolist(), sep="\n")

# %%
# the same, worked out on paper
by_hand = [[(1 + 3 + 5 + 2) / 4, (2 + 0 + 0 + 1) / 4], [(0 + 4 + 1 + 2) / 4, (6 + 6 + 3 + 6) / 4]]
np.testing.assert_array_equal(largest, [[5, 2], [4, 6]], "the largest values")
np.testing.assert_array_equal(mean, by_hand, "the means")
np.testing.assert_array_equal(switches, [[4, 2], [9, 10]], "the switches")


# %% jupyter={"source_hidden": true}
def windows(rows, columns, k=2):
    """Return a colour for every pixel: that of its window; white for pixels that belong to none."""
    whole = [[(h // k) * (columns // k) + w // k for w in range(columns)] for h in range(rows)]
    inside = [
        [h < rows // k * k and w < columns // k * k for w in range(columns)] for h in range(rows)
    ]
    return [
        [WINDOWS[whole[h][w] % 4] if inside[h][w] else "white" for w in range(columns)]
        for h in range(rows)
    ]


def sheet(axes, values, at, title, faces=None, rings=(), positions=False, below=""):
    """Draw a table of numbers, its upper left corner at ``at``; rings mark pixels by position."""
    values = np.asarray(values)
    rows, columns = values.shape
    low = 0.6 if positions else 0.52  # where the number stands, below the small one
    faces = windows(rows, columns, 1 if rows == 2 else 2) if faces is None else faces
    for h in range(rows):
        for w in range(columns):
            left, top = at[0] + w, at[1] - h
            face = {"facecolor": faces[h][w], "edgecolor": "#a0a0a0", "linewidth": 0.8}
            axes.add_patch(Rectangle((left, top - 1), 1, 1, **face))
            colour = "#6a6a6a" if values[h, w] == 0 and rows > 2 else DARK
            place = {"ha": "center", "va": "center", "color": colour, "zorder": 4}
            axes.text(left + low, top - low, f"{values[h, w]:g}", **place)
            if positions:
                small = {"fontsize": 8, "color": "#555555", "va": "top", "zorder": 4}
                axes.text(left + 0.05, top - 0.02, str(h * columns + w), **small)
            if h * columns + w in rings:
                ring = {"facecolor": "none", "edgecolor": ORANGE, "linewidth": 1.8}
                axes.add_patch(Circle((left + low, top - low - 0.01), 0.34, **ring))
    if rows > 2:  # a line round each window
        for h in range(0, rows - 1, 2):
            for w in range(0, columns - 1, 2):
                frame = {"facecolor": "none", "edgecolor": DARK, "linewidth": 1.2}
                axes.add_patch(Rectangle((at[0] + w, at[1] - h - 2), 2, 2, **frame))
    axes.text(at[0] + columns / 2, at[1] + 0.25, title, ha="center")
    axes.text(at[0] + columns / 2, at[1] - rows - 0.25, below, ha="center", va="top", fontsize=8)


axes = canvas(9.5, 3.0, (-0.2, 16.6), (-4.3, 0.9), aspect="equal")
sheet(axes, x, (0, 0), "image x", rings=switches.ravel(), positions=True)
arrow(axes, (4.3, -2), (5.7, -2), "pool")
sheet(axes, largest, (6.2, -1), "largest value")
sheet(axes, switches, (10.1, -1), "switch", below="position of the\nlargest value")
sheet(axes, mean, (14, -1), "mean")
plt.show()

# %% [markdown]
# The small numbers are positions. The last window has its largest value three times. The ring is
# at the first of them, and nobody could say that this is "more right" than the others. But it has
# to be *fixed*, or a program would compute one thing today and another tomorrow. **Ties go to the
# first**, here, in PyTorch, and in minidet.
#
# > **Try it:** change `>` to `>=` in `max_pool`, and run this cell and the next one again. Which
# > of the three checks fails, and why only this one?
#
# <details><summary>What happens</summary>
#
# The last switch is 15 in place of 10, and only the check of the switches fails. With `>=`, a
# value that is as large as the best so far replaces it, so the *last* of the three sixes is
# noted. The largest value is 6 all the same, and the mean does not know about it. The comparison
# with the library below fails too, where its images have ties.
#
# </details>
#
# **Your turn.** Windows may also overlap. Write max pooling with a `stride`: window (i, j) begins
# at row `i * stride` and column `j * stride`, and only whole windows count. Only the values are
# asked for.


# %%
def max_pool_strided(x, k, stride):
    """Return the largest value of every k x k window; windows begin every ``stride`` pixels."""
    raise NotImplementedError


check_blank(
    max_pool_strided,
    ((x, 2, 2), largest, "windows side by side: as above"),
    ((x, 2, 1), [[5, 3, 2], [5, 6, 6], [4, 6, 6]], "stride 1: nine windows"),
    ((x, 3, 1), [[6, 6], [6, 6]], "windows of 3 x 3 that overlap"),
    ((-x[:3], 1, 2), [[-1, -2], [0, -6]], "windows of one pixel; no value is positive"),
    hint="(4 - 3) // 1 + 1 windows of 3 fit into a row of 4. And what may a maximum start with?",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def max_pool_strided(x, k, stride):
#     """Return the largest value of every k x k window; windows begin every ``stride`` pixels."""
#     rows, columns = (x.shape[0] - k) // stride + 1, (x.shape[1] - k) // stride + 1
#     out = np.empty((rows, columns))
#     for i in range(rows):
#         for j in range(columns):
#             top, left = i * stride, j * stride
#             out[i, j] = x[top : top + k, left : left + k].max()
#     return out
# ```
#
# </details>
#
# The library has the same two functions, for batches of images with channels, (N, C, H, W). They
# also know windows that overlap (a `stride` smaller than the window) and padding. Does it agree
# with our loops?

# %%
for _ in range(20):
    k = int(rng.integers(1, 5))
    picture = rng.integers(0, 5, (int(rng.integers(k, 12)), int(rng.integers(k, 12)))).astype(
        float
    )  # many ties
    values, indices = F.max_pool2d(picture[None, None], k, return_indices=True)
    ours = max_pool(picture, k)
    np.testing.assert_array_equal(values.numpy()[0, 0], ours[0])
    np.testing.assert_array_equal(indices.numpy()[0, 0], ours[1])
    np.testing.assert_allclose(
        F.avg_pool2d(picture[None, None], k).numpy()[0, 0], avg_pool(picture, k)
    )
print("20 random images, ties and odd sizes included: the same values and the same switches")

# %% [markdown]
# ## 3. Who gets the gradient?
#
# `backward` hands us one number for each *output*: how much the loss grows if that output grows a
# little. We have to answer with one number for each *input*. Ask for every pixel: if I make this
# pixel a little larger, which outputs grow, and how fast?
#
# - **Average:** every pixel of a window moves the mean, by a quarter. So everyone gets a quarter
#   of the gradient.
# - **Max:** only the largest value moves the maximum, one to one. So the winner takes all, and
#   the others get exactly 0. The switch of the way down now says where to: pooling *routes* the
#   gradient.
#
# Before you run the next cell, write down both answers for our image, 16 numbers each, if the
# outputs' gradients are 4, 8 (first row) and 12, 16 (second row).

# %%
gradient = np.array([[4.0, 8], [12, 16]])  # of the loss, with respect to the four outputs


def max_pool_backward(gradient, switches, shape):
    """Route every number to the position that its window remembered."""
    out = np.zeros(shape)
    for number, position in zip(gradient.ravel(), switches.ravel(), strict=True):
        out.flat[position] += number  # +=: windows that overlap may have the same winner
    return out


def avg_pool_backward(gradient, shape, k=2):
    """Share every number out among the pixels of its window."""
    out = np.zeros(shape)
    for i in range(gradient.shape[0]):
        for j in range(gradient.shape[1]):
            out[i * k : i * k + k, j * k : j * k + k] += gradient[i, j] / k**2
    return out


by_max, by_mean = (
    max_pool_backward(gradient, switches, x.shape),
    avg_pool_backward(gradient, x.shape),
)
axes = canvas(9.5, 2.7, (-0.2, 20.2), (-4.6, 0.9), aspect="equal")
sheet(axes, by_max, (0, 0), "max: the winner takes all", rings=switches.ravel())
arrow(axes, (7.8, -2), (4.4, -2), "route")
sheet(axes, gradient, (9.1, -1), "gradient of\nthe outputs")
arrow(axes, (12.4, -2), (15.8, -2), "share out")
sheet(axes, by_mean, (16.1, 0), "average: equal shares")
plt.show()

# %%
# the same, worked out on paper
winners = [[0, 0, 8, 0], [4, 0, 0, 0], [0, 12, 16, 0], [0, 0, 0, 0]]
shares = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
np.testing.assert_array_equal(by_max, winners, "routed: max")
np.testing.assert_array_equal(by_mean, shares, "shared out: average")

# %% [markdown]
# Is that right? We do not have to believe it. A gradient can be *measured*: change one input by a
# very little, up and down, and see by how much the output changes. `gradcheck` does that for
# every input. We wrap our loops as an operation with two directions, as in 01_autograd, and ask
# it.


# %%
class MaxPool(Function):
    """Our loops as an operation that knows its gradient."""

    @staticmethod
    def forward(ctx, x):
        values, ctx.switches = max_pool(x)
        ctx.shape = x.shape
        return values

    @staticmethod
    def backward(ctx, grad):
        return max_pool_backward(grad, ctx.switches, ctx.shape)


class AvgPool(Function):
    """The same for the mean."""

    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return avg_pool(x)

    @staticmethod
    def backward(ctx, grad):
        return avg_pool_backward(grad, ctx.shape)


different = tensor(
    rng.permutation(36).reshape(6, 6) / 10, requires_grad=True
)  # no two values are equal
gradcheck(MaxPool.apply, [different])  # raises, and says where, if a number does not agree
gradcheck(AvgPool.apply, [different])
gradcheck(lambda x: F.max_pool2d(x[None, None], 2), [different])
gradcheck(lambda x: F.avg_pool2d(x[None, None], 2), [different])
print("ours and the library's gradients agree with finite differences")

# %% [markdown]
# ### And at a tie?
#
# We took care that no two values are equal. Let us be careless now, and look at the window 6 6 3
# 6 of our example.
#
# Before you run the next cell, write down for each of the four pixels: if it grows a little, how
# fast does the maximum grow? And if it shrinks a little, how fast does the maximum shrink?

# %%
tied = np.array([[6.0, 6], [3, 6]])
eps = 1e-6
print("position  slope upward  slope downward  middle  the rule")
routed = max_pool_backward(np.ones((1, 1)), max_pool(tied)[1], tied.shape)
middles = []
for position in range(4):
    nudge = np.zeros(4)
    nudge[position] = eps
    up = ((tied + nudge.reshape(2, 2)).max() - tied.max()) / eps
    down = (tied.max() - (tied - nudge.reshape(2, 2)).max()) / eps
    middles.append((up + down) / 2)
    print(f"{position:8} {up:13.2f} {down:15.2f} {middles[-1]:7.2f} {routed.flat[position]:9.0f}")

heights = np.linspace(4, 8, 101)
figure, axes = plt.subplots(figsize=(5, 2.4))
axes.plot(heights, np.maximum(heights, 6), color=BLUE, lw=2)
axes.plot(6, 6, "o", color=ORANGE)
line = {"arrowstyle": "-", "color": INK}
axes.annotate(
    "the tie: flat to the left,\nslope 1 to the right", (6, 6), (4.15, 7.1), arrowprops=line
)
axes.set(xlabel="value of the first pixel; the others stay", ylabel="maximum")
plt.show()

# %%
agrees = gradcheck(MaxPool.apply, [tensor(tied, requires_grad=True)], raise_exception=False)
print("gradcheck at the tie:", "they agree" if agrees else "they do not agree")
np.testing.assert_allclose(middles, [0.5, 0.5, 0, 0.5], atol=1e-6, err_msg="slopes at the tie")
assert not agrees, (
    "at a kink no rule can agree with finite differences, but gradcheck says that ours does"
)

# %% [markdown]
# The maximum has a *kink* there. Upward, each of the three sixes is alone at the top: slope 1.
# Downward, the two others still hold the maximum up: slope 0. At a kink there is no one slope;
# finite differences report the middle, and no rule can satisfy them. So `gradcheck` says no, and
# it is right to.
#
# For learning this does no harm: whichever of the sixes gets the gradient, the maximum grows if
# it grows. What matters is that the shares add up to 1, and that the rule is always the same.
#
# > **Try it:** make the first six a little larger: `tied = np.array([[6.001, 6], [3, 6]])`, and
# > run the two cells again. What do the slopes say, and what does `gradcheck`?
#
# <details><summary>What happens</summary>
#
# One pixel wins, upward and downward: slopes 1, 1, middle 1, as the rule says. The other three
# have 0. `gradcheck` now agrees, because its step is far smaller than 0.001. (The check of the
# numbers at a tie fails: there is no tie any more.)
#
# </details>
#
# **Your turn.** "The first takes all" is one rule. Another one is as good: the largest values of
# a window share its gradient equally. Write it, for windows of k x k that do not overlap.


# %%
def max_pool_backward_shared(gradient, x, k=2):
    """Share each window's gradient equally among its largest values."""
    raise NotImplementedError


check_blank(
    max_pool_backward_shared,
    ((np.array([[3.0]]), tied), [[1, 1], [0, 1]], "three sixes: a third each"),
    ((gradient, np.zeros((4, 4))), avg_pool_backward(gradient, (4, 4)), "all equal"),
    ((gradient, np.arange(16.0).reshape(4, 4)), [[0] * 4, [0, 4, 0, 8], [0] * 4, [0, 12, 0, 16]],
     "no ties: the winner takes all"),
    ((np.array([[5.0]]), -np.eye(3), 3), (1 - np.eye(3)) * 5 / 6, "one window of 3 x 3"),
    hint="window == window.max() marks the winners; how many are there?",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def max_pool_backward_shared(gradient, x, k=2):
#     """Share each window's gradient equally among its largest values."""
#     out = np.zeros(x.shape)
#     for (i, j), value in np.ndenumerate(gradient):
#         place = slice(i * k, i * k + k), slice(j * k, j * k + k)
#         winners = x[place] == x[place].max()
#         out[place] = winners * value / winners.sum()
#     return out
# ```
#
# With this rule, all four pixels of a window that ReLU has set to 0 get a quarter.
#
# </details>
#
# ## 4. Up again, three ways
#
# Now the way back. A value has to become four pixels. Which?
#
# | way | rule | what it knows |
# |---|---|---|
# | **nearest neighbour** | copy the value to all four pixels | nothing; it is a mosaic |
# | **bed of nails** | into the first pixel, zeros elsewhere | nothing; always the same corner |
# | **max unpooling** | where the switch says, zeros elsewhere | where the largest value was |
#
# The picture of the last one, with the word "switch variables", is figure 3 of DeconvNet (Noh,
# Hong, Han 2015). Ours has numbers.
#
# Before you run the next cell, write down the three large pictures that come back from the
# largest values 5 2 / 4 6 with the switches 4 2 / 9 10.


# %%
def nearest(y, k=2):
    """Copy every value to a block of k x k."""
    return np.repeat(np.repeat(y, k, axis=0), k, axis=1)


def bed_of_nails(y, k=2):
    """Put every value into the corner of its block."""
    out = np.zeros((y.shape[0] * k, y.shape[1] * k))
    out[::k, ::k] = y
    return out


def max_unpool(y, switches, shape):
    """Put every value to its remembered position."""
    out = np.zeros(shape)
    out.flat[switches.ravel()] = y.ravel()
    return out


ways = nearest(largest), bed_of_nails(largest), max_unpool(largest, switches, x.shape)
axes = canvas(9.5, 5.4, (-0.2, 20.2), (-10.9, 0.9), aspect="equal")
sheet(axes, x, (0, 0), "image x", rings=switches.ravel())
arrow(axes, (4.4, -2), (6.3, -2), "max pool")
sheet(axes, largest, (6.8, -1), "largest value")
sheet(axes, switches, (10.3, -1), "switch")
names = "nearest neighbour", "bed of nails", "max unpooling"
for number, (title, way) in enumerate(zip(names, ways, strict=True)):
    rings = switches.ravel() if number == 2 else ()
    sheet(axes, way, (2 + 6 * number, -6.6), title, rings=rings)
axes.plot([7.8, 7.8], [-3.1, -4.8], color=INK, lw=1.3)  # the values go to all three
axes.plot([4, 15.5], [-4.8, -4.8], color=INK, lw=1.3)
for left in (4, 10, 15.5):
    arrow(axes, (left, -4.8), (left, -5.8))
axes.plot([11.3, 11.3, 16.5, 16.5], [-3.1, -4.1, -4.1, -5.0], color=ORANGE, lw=1.3)
arrow(axes, (16.5, -5.0), (16.5, -5.8), colour=ORANGE)
axes.text(14, -3.9, "the switches, to one", ha="center", color=ORANGE, fontsize=9)
axes.text(5.9, -4.6, "the values", ha="center", fontsize=9)
plt.show()

# %%
# the same, worked out on paper
copied = [[5, 5, 2, 2], [5, 5, 2, 2], [4, 4, 6, 6], [4, 4, 6, 6]]
np.testing.assert_array_equal(ways[0], copied, "nearest neighbour")
nails = [[5, 0, 2, 0], [0, 0, 0, 0], [4, 0, 6, 0], [0, 0, 0, 0]]
np.testing.assert_array_equal(ways[1], nails, "bed of nails")
np.testing.assert_array_equal(
    ways[2], [[0, 0, 2, 0], [5, 0, 0, 0], [0, 4, 6, 0], [0, 0, 0, 0]], "max unpooling"
)

# the library's
y4, switches4 = tensor(largest[None, None]), tensor(switches[None, None])
np.testing.assert_array_equal(
    F.interpolate(y4, scale_factor=2, mode="nearest").numpy()[0, 0], ways[0]
)
np.testing.assert_array_equal(F.bed_of_nails2d(y4, 2).numpy()[0, 0], ways[1])
np.testing.assert_array_equal(F.max_unpool2d(y4, switches4, 2).numpy()[0, 0], ways[2])

# %% [markdown]
# The switches remember *positions*, not values. In a network the values that come back up are
# other ones: the layers in between have worked on them. But they go to the same places, because
# the way up uses the switches of the way down.
#
# > **Try it:** `max_unpool(np.array([[7, 1], [3, 9]]), switches, x.shape)`, in a cell of its own.
# > Then exchange the first two switches: `max_unpool(largest, np.array([[2, 4], [9, 10]]),
# > x.shape)`. What happens to the picture? And can two of *these* switches ever be the same?
#
# <details><summary>What happens</summary>
#
# 7, 1, 3, 9 go where 5, 2, 4, 6 went. With the first two switches exchanged, 5 goes to position 2
# and 2 to position 4: each lies in the other's window, and nobody complains, since both are
# positions of this image. Two switches cannot be the same here: each lies inside its own window,
# and these windows do not overlap. (See question 3 for windows that do.)
#
# </details>
#
# **Your turn.** Copying to blocks of 2 x 2 works only if the size doubles. Write nearest
# neighbour for *any* size: pixel (h, w) of the result copies pixel (h · H // rows, w · W //
# columns) of the small image, which has H rows and W columns.


# %%
def nearest_to_size(y, rows, columns):
    """Return y enlarged to (rows, columns) by copying."""
    raise NotImplementedError


check_blank(
    nearest_to_size,
    ((largest, 4, 4), copied, "twice as large: as above"),
    ((largest, 3, 4), [[5, 5, 2, 2], [5, 5, 2, 2], [4, 4, 6, 6]], "to an odd number of rows"),
    ((np.array([[1.0, 2, 3]]), 2, 5), [[1, 1, 2, 2, 3], [1, 1, 2, 2, 3]], "1 x 3 to 2 x 5"),
    ((x, 2, 2), [[1, 2], [0, 6]], "smaller: one pixel of each window stays"),
    hint="np.arange(rows) * H // rows has the row for each h; y[these][:, those] picks both",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def nearest_to_size(y, rows, columns):
#     """Return y enlarged to (rows, columns) by copying."""
#     h = np.arange(rows) * y.shape[0] // rows
#     w = np.arange(columns) * y.shape[1] // columns
#     return y[h][:, w]
# ```
#
# </details>
#
# ## 5. Every way up belongs to a way down
#
# Here is the nicest fact about these operations. Write the 16 pixels as one long vector. A way
# down that only adds and scales is then a matrix $D$ of 4 rows and 16 columns, one row for each
# output. Turn it over its diagonal and you get $D'$, with 16 rows and 4 columns: a way *up*.
#
# Which way up is it? To get the matrix of a function, feed it the unit vectors: the image that is
# 1 in one pixel and 0 elsewhere gives one column.
#
# Max pooling itself does not only add and scale (the maximum of a sum is not the sum of the
# maxima). But *with its switches held fixed* it does nothing but pick 4 of 16 pixels, and that is
# a matrix.
#
# Before you run the next cell, write down which way up of section 4 belongs to each of three ways
# down: average pooling; keeping the first pixel of every window; picking by switches. And which
# of the three needs a factor in front?


# %%
def matrix_of(function, shape):
    """Return the matrix of a linear function of images of this shape."""
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return np.stack(
        [function(unit).ravel() for unit in units], axis=1
    )  # one column per unit vector


def corners(x):
    """Keep the first pixel of every window."""
    return x[::2, ::2]


def pick(x):
    """Max pooling with the switches of our example held fixed."""
    return x.flat[switches.ravel()].reshape(2, 2)


pairs = {
    "average pooling": (avg_pool, "nearest neighbour / 4", lambda y: nearest(y) / 4),
    "keep the corner": (corners, "bed of nails", bed_of_nails),
    "pick by switch": (pick, "max unpooling", lambda y: max_unpool(y, switches, (4, 4))),
}
matrices = {
    name: (matrix_of(down, (4, 4)), matrix_of(up, (2, 2))) for name, (down, _, up) in pairs.items()
}
for name, (down, up) in matrices.items():
    np.testing.assert_array_equal(up, down.T, name)  # (16, 4): the way down, turned over
    print(f"{name:16} turned over is  {pairs[name][1]}")

# %% jupyter={"source_hidden": true}
axes = canvas(9.5, 5.6, (0.2, 22.9), (-13.4, 1.3))
for number, (name, (down, _)) in enumerate(matrices.items()):
    top, side, tall = -4.4 * number, 1.08, 0.85
    for (row, column), value in np.ndenumerate(down):
        face = WINDOWS[row] if value else "white"
        corner = (2.4 + side * column, top - tall * (row + 1))
        axes.add_patch(
            Rectangle(corner, side, tall, facecolor=face, edgecolor="#b0b0b0", linewidth=0.6)
        )
        text = f"{value:g}".replace("0.", ".") if value else "0"
        spot = (corner[0] + side / 2, corner[1] + tall / 2)
        style = {"color": DARK, "weight": "bold"} if value else {"color": "#767676"}
        axes.text(*spot, text, ha="center", va="center", fontsize=8, **style)
    for row in range(4):
        axes.text(2.25, top - tall * (row + 0.5), f"out {row}", ha="right", va="center", fontsize=8)
    axes.text(2.4, top + 0.2, name, weight="bold")
    words = "read by columns:\n" + pairs[name][1].replace(" n", "\nn").replace(" u", "\nu")
    axes.text(20.0, top - 2 * tall, words, va="center", fontsize=8)
for column in range(16):
    axes.text(2.4 + 1.08 * (column + 0.5), -12.35, str(column), ha="center", va="top", fontsize=8)
axes.text(2.4 + 8 * 1.08, -12.9, "position of the pixel", ha="center", va="top", fontsize=8)
plt.show()

# %% [markdown]
# Read a row: which pixels does this output collect? Read a column: to which outputs does this
# pixel give? Going up, rows and columns exchange their roles, and every collector becomes a
# distributor. $D'$ is called the *transpose* or the *adjoint* of $D$.
#
# There is a test for it that needs no matrix. For **any** image $x$ and **any** small image $y$,
#
# $$\langle D x, \; y \rangle = \langle x, \; D' y \rangle$$
#
# where $\langle a, b \rangle$ multiplies two pictures pixel by pixel and adds everything up. On
# the left the two meet at the small size, on the right at the large one. Two random pictures are
# enough: a mistake would not survive them.

# %%
image, small = rng.standard_normal((4, 4)), rng.standard_normal((2, 2))
for name, (down, title, up) in pairs.items():
    below, above = np.vdot(down(image), small), np.vdot(image, up(small))
    print(f"{name:16} <Dx, y> = {below:+.6f}     {title:22} <x, D'y> = {above:+.6f}")
    np.testing.assert_allclose(below, above, err_msg=name)
wrong = (
    np.vdot(corners(image), small),
    np.vdot(image, nearest(small)),
)  # two that do not belong together
print("corner and nearest neighbour do not belong together:", *(f"{side:+.6f}" for side in wrong))
assert abs(wrong[0] - wrong[1]) > 1e-3, (
    "the test does not see that these two do not belong together"
)

# %% [markdown]
# And now look at section 3 again. The backward pass of average pooling *shared out*: that is
# nearest neighbour, divided by 4. The backward pass of max pooling *routed by switches*: that is
# max unpooling. It must be so. A gradient always goes back through the transposed matrix. So
#
# **the backward of every way down is a way up, and the backward of every way up is a way down.**
#
# If you have understood one half, you have the other half for free. We ask the library:


# %%
def gradient_of(function, x, cotangent):
    """Return the gradient of <function(x), cotangent> with respect to x."""
    x = tensor(x, requires_grad=True)
    function(x).backward(tensor(cotangent))
    return x.grad.numpy()


big, little = rng.standard_normal((2, 3, 8, 8)), rng.standard_normal((2, 3, 4, 4))
_, big_switches = F.max_pool2d(big, 2, return_indices=True)
same = np.testing.assert_allclose

same(
    gradient_of(lambda x: F.max_pool2d(x, 2), big, little),
    F.max_unpool2d(little, big_switches, 2).numpy(),
)
same(
    gradient_of(lambda x: F.avg_pool2d(x, 2), big, little),
    F.interpolate(little, scale_factor=2).numpy() / 4,
)
same(
    gradient_of(lambda x: F.interpolate(x, scale_factor=2), little, big),
    F.avg_pool2d(big, 2).numpy() * 4,
)
same(gradient_of(lambda x: F.bed_of_nails2d(x, 2), little, big), big[:, :, ::2, ::2])
picked = np.take_along_axis(
    big.reshape(2, 3, 64), big_switches.numpy().reshape(2, 3, 16), axis=2
).reshape(2, 3, 4, 4)
same(gradient_of(lambda x: F.max_unpool2d(x, big_switches, 2), little, big), picked)
print("each gradient is the partner's forward")

# %% [markdown]
# ### There and back
#
# Up and then down again gives every value back. Down and then up does not: that is what is lost.
#
# Before you run the next cell, write down which comes nearest to our image of 4 x 4 (the sum of
# the squared differences is smallest): the mosaic of means, the mosaic of maxima, or the unpooled
# maxima.

# %%
y = np.array([[3.0, 1.0], [0.5, 2.0]])
there_and_back = {
    "nearest, mean": avg_pool(nearest(y)),
    "bed of nails, corner": corners(bed_of_nails(y)),
    "max unpooling, max": max_pool(max_unpool(y, switches, (4, 4)))[0],
}
for name, back in there_and_back.items():
    print(f"{name:22} {y.ravel()} comes back as {back.ravel()}")

# of all mosaics, that of the means is nearest to the image; a hundred others are farther away:
mosaic = nearest(avg_pool(x))
for _ in range(100):
    other = nearest(rng.standard_normal((2, 2)) + avg_pool(x))
    assert np.sum((other - x) ** 2) >= np.sum((mosaic - x) ** 2), "a mosaic nearer than the means"
print(f"image to mosaic of means:   {np.sum((mosaic - x) ** 2):.2f} (sum of squared differences)")
print(f"image to mosaic of maxima:  {np.sum((nearest(largest) - x) ** 2):.2f}")
print(f"image to max unpooling:     {np.sum((ways[2] - x) ** 2):.2f}")

# %%
for name, back in there_and_back.items():
    same(back, y, err_msg=name)

# %% [markdown]
# > **Try it:** change `0.5` to `-0.5`, and run the two cells again. Which of the three ways does
# > not bring it back? What comes back in its place? (Why does nobody notice it in a network with
# > ReLU? That is question 2.)
#
# <details><summary>What happens</summary>
#
# Max unpooling puts -0.5 beside three zeros, and zero is larger: max pooling returns 0. The other
# two ways give -0.5 back, because a mean of four equal values, and the corner where it was put,
# do not care for the sign. The check in the second cell fails and names `max unpooling, max`.
#
# </details>
#
# **Your turn.** Windows that overlap have a partner too. This is a way down for one row: the mean
# of three pixels, a window every two pixels. `spread` is the way up that belongs to it. Write it.


# %%
def mean_of_three(row):
    """Return the means of pixels 0 to 2, 2 to 4, 4 to 6 ... of a row."""
    return np.array([row[i : i + 3].mean() for i in range(0, len(row) - 2, 2)])


def spread(y, columns):
    """Return a row of this many columns: the transpose of mean_of_three, applied to y."""
    raise NotImplementedError


turned_over = np.stack([mean_of_three(unit) for unit in np.eye(7)])  # (7, 3): a row per pixel
check_blank(
    spread,
    ((np.array([3.0, 0, 0]), 7), [1, 1, 1, 0, 0, 0, 0], "one window"),
    ((np.array([3.0, 6, 9]), 7), turned_over @ [3, 6, 9], "three windows that overlap"),
    ((np.array([3.0, 6, 9]), 8), [1, 1, 3, 2, 5, 3, 3, 0], "a last pixel in no window"),
    hint="pixel 2 gives to two windows, so it collects from both",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def spread(y, columns):
#     """Return a row of this many columns: the transpose of mean_of_three, applied to y."""
#     out = np.zeros(columns)
#     for i, value in enumerate(y):
#         out[2 * i : 2 * i + 3] += value / 3
#     return out
# ```
#
# This is a *transposed convolution*: every value paints a copy of the kernel (1/3, 1/3, 1/3), and
# copies add up where they overlap. The next notebook is about it.
#
# </details>
#
# ## 6. What is lost: a digit goes down and up
#
# Numbers say how much is lost. A picture shows what. Here is a handwritten digit of 24 x 24
# pixels that goes down to 12 x 12 and comes back, and one that goes down to 6 x 6. (A 4 x 4
# window has 16 pixels, so its switch needs 4 bits.) Black is 1, paper is 0. Before you run the
# next cell, write down for each of five trips whether the strokes come back thicker, thinner,
# softer, or in pieces: mean and nearest, mean and bilinear, max and nearest, max and bed of
# nails, max and switches.

# %%
scans, digits = load_scans()  # (1797, 24, 24), ink between 0 and 1


def bilinear(y, k):
    """Blend the four nearest values (04_transposed_convolution has the details)."""
    return F.interpolate(y[None, None], scale_factor=k, mode="bilinear").numpy()[0, 0]


def by_switches(x, k):
    """Max pooling, max unpooling."""
    values, switches = max_pool(x, k)
    return max_unpool(values, switches, x.shape)


trips = {
    "mean, nearest": lambda x, k: nearest(avg_pool(x, k), k),
    "mean, bilinear": lambda x, k: bilinear(avg_pool(x, k), k),
    "max, nearest": lambda x, k: nearest(max_pool(x, k)[0], k),
    "max, bed of nails": lambda x, k: bed_of_nails(max_pool(x, k)[0], k),
    "max, switches": by_switches,
}
chosen = 32  # a five
assert digits[chosen] == 5, f"scan {chosen} is a {digits[chosen]}: the text speaks of a five"

figure, grid = plt.subplots(2, 6, figsize=(9.5, 3.7))
for row, k in zip(grid, (2, 4), strict=True):
    row[0].imshow(scans[chosen], cmap="gray_r", vmin=0, vmax=1)
    row[0].set_title("the digit" if k == 2 else "", fontsize=9)
    row[0].set_ylabel(f"{24 // k} x {24 // k} and back")
    for axes, (name, trip) in zip(row[1:], trips.items(), strict=True):
        axes.imshow(trip(scans[chosen].astype(float), k), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(name if k == 2 else "", fontsize=9)
    for axes in row:
        axes.set(xticks=[], yticks=[])
figure.tight_layout()
plt.show()

# %% [markdown]
# Look at the columns one by one.
#
# - **Mean, nearest**: a mosaic. All the ink is there, evenly spread in each block.
# - **Mean, bilinear**: the blocks are gone, but the edges are not back: they are soft.
# - **Max, nearest**: bold type! A block is as black as its blackest pixel, so strokes grow.
# - **Max, bed of nails**: dots on a regular grid. Each dot may be almost a window away from its
#   true place.
# - **Max, switches**: dots *on the stroke*. Very little ink, but every dot is right: value and
#   place.
#
# ### A photograph
#
# Ink was a large number, so the maximum was on the side of the strokes. In a photograph *light*
# is a large number. This one shows a temple under trees, by danielbuechele
# ([flickr.com/photos/danielbuechele](https://www.flickr.com/photos/danielbuechele), licence [CC
# BY 2.0](https://creativecommons.org/licenses/by/2.0/); made smaller, cut, and shown in grey).
# Before you run the next cell, write down what max pooling does to dark roofs and leaves in front
# of a light sky, and what the three zeros in four look like that max unpooling leaves.

# %%
photograph = sample_photograph("china", 0.25)[:, 9:105, 8:152]  # (3, 96, 144)
grey = photograph.mean(0).astype(float)

figure, grid = plt.subplots(2, 3, figsize=(9.5, 4.7))
shown = {"the photograph": grey} | {name: trip(grey, 4) for name, trip in trips.items()}
for axes, (name, picture) in zip(grid.flat, shown.items(), strict=True):
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{name} ({picture.mean():.2f})", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# The numbers are the mean of all pixels: 0 is black, 1 is white. The maximum takes the light
# side, so dark things in front of light ones shrink, roof ridges and leaves first, and the whole
# picture gets lighter. What was bold type before is thin type now: max pooling does not know what
# is an object. (In a network it works on features, which are large where something was *found*.)
# And 15 of 16 pixels are black after unpooling, with windows of 4 x 4.
#
# Here are all of these trips to move. Run the notebook to move it: choose a picture, a trip, and
# the side of the windows.


# %%
def draw_trip(picture="photograph", trip="max, nearest", window=4):
    """Draw a picture and what comes back from a trip down and up."""
    before = {"photograph": grey, "digit": 1 - scans[chosen].astype(float)}[picture]
    large = before if picture == "photograph" else 1 - before  # of the digit, the ink is pooled
    after = trips[trip](large, window)
    error = np.sqrt(np.mean((after - large) ** 2))
    _, grid = plt.subplots(1, 2, figsize=(8, 3))
    titles = f"{picture}, {before.shape[0]} x {before.shape[1]}", f"{trip}: error {error:.3f}"
    after = after if picture == "photograph" else 1 - after
    for axes, image, title in zip(grid, (before, after), titles, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[], title=title)
    plt.show()


viz.sliders(
    draw_trip, picture=["photograph", "digit"], trip=list(trips), window=[1, 2, 3, 4, 6, 8, 12]
)

# %% [markdown]
# > **Try it:** with windows of which side do the means come back without any error? And which
# > trip has the *smallest* error with windows of 8, for the photograph? Call
# > `draw_trip("photograph", "mean, bilinear", 8)` and the others, or move the picture.
#
# <details><summary>What happens</summary>
#
# With windows of 1, nothing is lost on any trip. With windows of 8, the errors are 0.10 (mean,
# nearest), 0.10 (mean, bilinear: the smallest, in the third digit), 0.23 (max, nearest), 0.63 and
# 0.62 (bed of nails, switches). What blends comes nearest to a photograph; holes are far from it.
#
# </details>
#
# Now with numbers, over many digits. We measure two different things. The *error* is the root of
# the mean squared difference of all pixels. The *displacement* asks: how far, in pixels, is the
# largest value of each window from where it is put? (Copies have their centre in the middle of
# the block. Windows with more ink count more.)
#
# Before you run the next cell, write down the order of the five trips, twice: the best in error
# first, and the best in displacement first.


# %%
def displacement(trip, x, k):
    """Return the mean distance of each window's maximum from the centre of what came back."""
    values, switches = max_pool(x, k)
    back = trip(x, k)
    total = 0.0
    for i, j in zip(*np.nonzero(values), strict=True):
        block = back[i * k : i * k + k, j * k : j * k + k]
        if block.sum():
            h, w = np.indices((k, k))
            centre = (h * block).sum() / block.sum(), (w * block).sum() / block.sum()
            true = switches[i, j] // x.shape[1] - i * k, switches[i, j] % x.shape[1] - j * k
            total += values[i, j] * np.hypot(centre[0] - true[0], centre[1] - true[1])
    return total / values.sum()


some = scans[: 20 if QUICK else 100].astype(float)
print(f"{'':20} {'to 12 x 12':^24} {'to 6 x 6':^24}")
print(f"{'down, up':20}" + f"{'error':>12} {'displacement':>13}" * 2)
for name, trip in trips.items():
    line = f"{name:20}"
    for k in (2, 4):
        error = np.sqrt(np.mean([(trip(scan, k) - scan) ** 2 for scan in some]))
        away = np.mean([displacement(trip, scan, k) for scan in some])
        line += f"{error:12.3f} {away:13.3f}"
        if name == "max, switches":
            assert away == 0, f"switches put values {away:.3f} pixels away from their places"
    print(line)

# %% [markdown]
# As *pictures*, the switches lose: three of four pixels are holes, and the error counts every
# hole. As *places*, they are the only ones without any error. So max unpooling is not a way to
# enlarge pictures. It is half a way: first put every value to its true place, then let
# **convolutions** fill the holes. That is why there is a convolution after each unpooling in the
# plan of section 1. Section 10 tests whether it helps.
#
# What does the note cost? A switch is one of four places in a window. That is two bits.

# %%
n, c, h, w = 1, 64, 180, 240
values = n * c * (h // 2) * (w // 2)
print(
    f"features before pooling, {c} x {h} x {w}, float32:         {n * c * h * w * 4 / 1e6:6.2f} MB"
)
print(f"their switches, as 2 bits each:                      {values * 2 / 8 / 1e6:6.2f} MB")
print(f"their switches, as the int64 that PyTorch keeps:     {values * 8 / 1e6:6.2f} MB")

# %% [markdown]
# A network that keeps the *features* themselves for the way up (U-Net does, see
# 07_segnet_and_unet) knows more and pays the first line. Only a program that packs its switches
# pays the second; PyTorch and minidet make it simple instead, and keep the full position.
#
# **Your turn.** Write what such a program does first: turn a position (windows of 2 x 2, a
# picture of even or odd width, counted in reading order) into two bits: 0 and 1 for the upper
# pixels of the window, 2 and 3 for the lower ones.


# %%
def two_bits(switches, width):
    """Return the place of each switch in its window: 0, 1 / 2, 3."""
    raise NotImplementedError


check_blank(
    two_bits,
    ((switches, 4), [[2, 0], [1, 0]], "the switches of section 2"),
    ((np.arange(8), 4), [0, 1, 0, 1, 2, 3, 2, 3], "two whole rows, 4 wide"),
    ((np.array([[1, 3], [11, 13]]), 5), [[1, 1], [1, 1]], "a picture that is 5 wide"),
    hint="first the row and the column in the picture: // and % of the width",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def two_bits(switches, width):
#     """Return the place of each switch in its window: 0, 1 / 2, 3."""
#     row, column = switches // width, switches % width
#     lower, right = row % 2, column % 2
#     return 2 * lower + right
# ```
#
# The way back needs to know which window it is, and the width: what the position has in it.
#
# </details>
#
# ## 7. Odd sizes: the note that says "5"
#
# A row of 5 pixels has two windows, and one pixel that belongs to none. It is simply not read.
# That is a small loss. The trouble starts on the way up: 2 windows came from 4 pixels *or from
# 5*, and nobody can see which.
#
# Before you run the next cell, write down how many rows 4, 5, 6, 7, 8 and 9 rows come back as.

# %%
print("rows  windows  come back as")
for rows in range(4, 10):
    pooled = F.max_pool2d(np.zeros((1, 1, rows, rows)), 2)
    back = F.bed_of_nails2d(pooled, 2).shape[2]
    print(
        f"{rows:4} {pooled.shape[2]:8} {back:13}{'   one row is missing' if back != rows else ''}"
    )

# %% [markdown]
# With switches it is worse than a missing row. A switch is *one* number, counted in reading
# order, so it depends on the width. Position 11 is row 2, column 1 in a picture that is 5 wide
# (11 = 2 · 5 + 1). In a picture that is 4 wide it is row 2, column 3 (11 = 2 · 4 + 3).
#
# The cure is one more note: remember the size too, and give it back as `output_size`.
#
# Before you run the next cell, write down the position of every window's largest value in this
# image of 5 x 5, and in which row and column each of the four lands in a picture that is 4 wide.
#
# ```text
# 1 7 0 3 9
# 2 1 2 1 9
# 4 8 0 5 9
# 3 0 1 2 9
# 9 9 9 9 9
# ```

# %%
x5 = np.array([[1.0, 7, 0, 3, 9],
               [2, 1, 2, 1, 9],
               [4, 8, 0, 5, 9],
               [3, 0, 1, 2, 9],
               [9, 9, 9, 9, 9]])  # fmt: skip
largest5, switches5 = F.max_pool2d(x5[None, None], 2, return_indices=True)
wrong = F.max_unpool2d(largest5, switches5, 2).numpy()[0, 0]
right = F.max_unpool2d(largest5, switches5, 2, output_size=x5.shape).numpy()[0, 0]

print("switches", *switches5.numpy()[0, 0].tolist())
for value in largest5.numpy().ravel():
    places = [
        divmod(int(np.argmax(picture == value)), picture.shape[1]) for picture in (right, wrong)
    ]
    print(f"{value:g}: (row, column) {places[0]}, and {places[1]} without the size")

# %%
# the same, worked out on paper
np.testing.assert_array_equal(switches5.numpy()[0, 0], [[1, 3], [11, 13]], "the switches")
assert right[2, 1] == 8, "with the size, the 8 comes back to row 2, column 1"
assert wrong[2, 3] == 8, "without it, it lands in row 2, column 3"

# %% jupyter={"source_hidden": true}
owner = {7: WINDOWS[0], 3: WINDOWS[1], 8: WINDOWS[2], 5: WINDOWS[3]}


def by_owner(picture):
    """Return a colour for every pixel: that of the window that its value came from."""
    return [[owner.get(value, "white") for value in row] for row in picture]


axes = canvas(9.5, 2.8, (-0.2, 24.9), (-6.3, 1.1), aspect="equal")
sheet(
    axes,
    x5,
    (0, 0),
    "5 x 5",
    rings=switches5.numpy().ravel(),
    positions=True,
    below="white: not read",
)
arrow(axes, (5.2, -2.5), (6.3, -2.5))
sheet(axes, largest5.numpy()[0, 0], (6.6, -1.5), "largest")
sheet(axes, switches5.numpy()[0, 0], (9.4, -1.5), "switch")
arrow(axes, (11.7, -2.5), (12.8, -2.5))
sheet(
    axes,
    wrong,
    (13.1, -0.5),
    "without the size",
    by_owner(wrong),
    positions=True,
    below="8 and 5 in wrong places",
)
sheet(
    axes,
    right,
    (19.2, 0),
    "output_size=(5, 5)",
    by_owner(right),
    positions=True,
    below="all in their places",
)
plt.show()

# %% [markdown]
# The 7 and the 3 are in the first row, so nothing happened to them. The 8 and the 5 have left
# their windows. In each row the mistake grows by one pixel: the picture is *sheared*. Here is a
# digit of 25 columns, unpooled with and without the note.

# %%
wide = np.pad(scans[chosen], ((0, 0), (0, 1)))[None, None]  # (1, 1, 24, 25)
values, marks = F.max_pool2d(wide, 2, return_indices=True)
print(f"largest position {marks.numpy().max()}, pixels of the smaller picture {24 * 24}")
careless = F.max_unpool2d(values, marks, 2)
careful = F.max_unpool2d(values, marks, 2, output_size=(24, 25))

figure, grid = plt.subplots(1, 3, figsize=(7, 2.6))
pictures = {
    "24 x 25": wide,
    "without the size": careless.numpy(),
    "output_size=(24, 25)": careful.numpy(),
}
for axes, (title, picture) in zip(grid, pictures.items(), strict=True):
    axes.imshow(picture[0, 0], cmap="gray_r", vmin=0, vmax=1)
    axes.set(title=title, xticks=[], yticks=[])
figure.tight_layout()
plt.show()

# %% [markdown]
# The library looks at every position, and refuses one that lies outside of the picture. Here
# there was none, so nothing happened: no error, only values in wrong places. So keep the size
# with the switches.
#
# > **Try it:** `F.max_pool2d(x5[None, None], 2, ceil_mode=True)` also counts windows that end
# > outside. How many windows are there now? Is it now known from how many rows three windows
# > came? (What does a row of 6 give?)
#
# <details><summary>What happens</summary>
#
# 3 x 3 windows: what is left of the last row and column makes windows of its own, and a 9 wins in
# all five of them. But 6 rows give three windows too. Before, two windows came from 4 or 5 rows;
# now three windows come from 5 or 6. The ambiguity has moved, and the note with the size is
# needed all the same.
#
# </details>
#
# **Your turn.** Write down all sizes that a number of windows may have come from.


# %%
def sizes_before(windows, k=2, stride=2):
    """Return a list: all numbers of rows that have so many windows of k rows."""
    raise NotImplementedError


check_blank(
    sizes_before,
    ((2,), [4, 5], "2 windows of 2"),
    ((3, 3, 3), [9, 10, 11], "3 windows of 3, side by side"),
    ((2, 3, 2), [5, 6], "windows of 3 that overlap"),
    ((4, 2, 1), [5], "stride 1: nothing is left over"),
    hint="n rows have (n - k) // stride + 1 windows; the smallest n leaves no row over",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def sizes_before(windows, k=2, stride=2):
#     """Return a list: all numbers of rows that have so many windows of k rows."""
#     smallest = (windows - 1) * stride + k
#     largest = smallest + stride - 1
#     return list(range(smallest, largest + 1))
# ```
#
# There are `stride` of them: with stride 1 no note is needed.
#
# </details>
#
# ## 8. A look at switches
#
# What do the notes say on a real picture? A first layer usually finds edges. We take a simple
# edge finder, the slope of the ink, in place of a trained layer, and pool *its* result, by 4.


# %%
def edges(scene):
    """Return how steeply the ink changes in each pixel: (3, H, W) to (H, W)."""
    ink = 1 - scene.mean(0)
    return gaussian_gradient_magnitude(ink, 0.7)


def outline(ink):
    """Return the pixels that touch the line between ink and paper."""
    return binary_dilation(ink) & ~binary_erosion(ink)


scene, target = DigitScenes("train", size=48, length=1, seed=10).load(0)
feature = edges(scene)
values, marks = max_pool(feature, 4)
strong = values > np.quantile(values, 0.75)  # the windows with an edge: a quarter of them

figure, grid = plt.subplots(2, 4, figsize=(9.5, 4.5), height_ratios=(3, 2))
for row, picture in zip(grid, (scene, photograph), strict=True):
    found = edges(picture)
    largest_slopes, places = max_pool(found, 4)
    pictures = {
        "picture": picture.transpose(1, 2, 0) if picture is scene else picture.mean(0),
        "edges": found,
        "pooled by 4, nearest": nearest(largest_slopes, 4),
        "pooled by 4, switches": max_unpool(largest_slopes, places, found.shape),
    }
    for axes, (title, shown) in zip(row, pictures.items(), strict=True):
        first = title == "picture"
        top = 1 if first else 0.9 * largest_slopes.max()
        axes.imshow(shown, cmap="gray" if first else "gray_r", vmin=0, vmax=top)
        axes.set(xticks=[], yticks=[], title=title if picture is scene else "")
figure.tight_layout()
plt.show()

# %% [markdown]
# Above a scene of digits, below the photograph of section 6. The third picture can only say
# "somewhere in these 4 x 4 pixels there is an edge". The fourth says where. Enlarged, with the
# windows as a grid and a dot for the winner of each window that has an edge:

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(4.6, 4.6))
axes.imshow(1 - scene.mean(0), cmap="gray_r", vmax=1.3)
axes.scatter(
    marks[strong] % 48, marks[strong] // 48, s=34, color=ORANGE, edgecolor="white", linewidth=0.8
)
for line in range(0, 49, 4):
    axes.axvline(line - 0.5, color=INK, lw=0.5)
    axes.axhline(line - 0.5, color=INK, lw=0.5)
axes.set(xticks=[], yticks=[], xlim=(-0.5, 35.5), ylim=(47.5, 11.5), title="every dot is a switch")
plt.show()

# %% [markdown]
# The dots sit on the outlines of the digits. Let us count over many scenes: how often does a
# winner lie on the true outline, and how often would a pixel that is picked at random in the same
# windows?
#
# Before you run the next cell, write down your two guesses for windows of 4 x 4, in percent.
# (Outlines are two pixels wide: one of ink, one of paper.)

# %%
hits, chances = {2: [], 4: []}, {2: [], 4: []}
many = DigitScenes("train", size=48, length=5 if QUICK else 30, seed=0)
for index in range(len(many)):
    scene, target = many.load(index)
    border = outline(target["semantic"] > 0)
    for k in hits:
        values, marks = max_pool(edges(scene), k)
        strong = values > np.quantile(values, 0.75)
        hits[k] += list(border.flat[marks[strong]])
        chances[k] += list(avg_pool(border.astype(float), k)[strong])
for k in hits:
    found, chance = np.mean(hits[k]), np.mean(chances[k])
    assert found > chance, f"{found:.0%} are on outlines, and {chance:.0%} would be by chance"
    print(
        f"windows of {k} x {k}: {found:.0%} of the switches on an outline; by chance {chance:.0%}"
    )

# %% [markdown]
# So a switch is a small drawing of the outline, in two or four bits per window. *That* is what
# the way down knows and the way up would not.
#
# In a network, pooling often comes after ReLU, which makes many values exactly 0. Then ties are
# not rare at all. Before you run the next cell, write down: if half of all values are 0 and the
# others are all different, how many windows of 2 x 2 have a tie for the largest value?

# %%
noise = np.maximum(rng.standard_normal((1, 1, 400, 400)), 0)  # half of the values are 0
blocks = noise.reshape(200, 2, 200, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
ties = np.mean((blocks == blocks.max(1, keepdims=True)).sum(1) > 1)
print(f"windows with a tie after ReLU: {ties:.1%}; all four are 0: 1/16 = {1 / 16:.1%}")
np.testing.assert_allclose(ties, 1 / 16, atol=0.005, err_msg="windows with a tie")

# %% [markdown]
# ## 9. The library's fast version
#
# Our loops are clear and slow. In the library, the same loops are compiled: see
# [kernels/pool.py](../minidet/kernels/pool.py) and
# [kernels/unpool.py](../minidet/kernels/unpool.py). For comparison also a trick in plain NumPy:
# cut the image into windows with `reshape`, then let NumPy look for the maxima. Before you run
# the next cell, write down how many times faster than our loops each of the two will be: 10, 100,
# 1,000?


# %%
def reshaped(x):
    """Max pooling of (N, C, H, W), H and W even, without a loop in Python."""
    n, c, h, w = x.shape
    blocks = (
        x.reshape(n, c, h // 2, 2, w // 2, 2)
        .transpose(0, 1, 2, 4, 3, 5)
        .reshape(n, c, h // 2, w // 2, 4)
    )
    where = blocks.argmax(4)
    values = np.take_along_axis(blocks, where[..., None], axis=4)[..., 0]
    i, j = np.indices((h // 2, w // 2))
    return values, (2 * i + where // 2) * w + 2 * j + where % 2


def clock(function, *arguments, least=0.05 if QUICK else 0.3):
    """Return the seconds of the fastest of several calls, after one that may compile."""
    function(*arguments)
    times = []
    while len(times) < 3 or sum(times) < least:
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)  # other programs on the machine only make calls slower


batch = rng.standard_normal((8, 32, 96, 96), dtype=np.float32)
one = batch[0, 0]
library = F.max_pool2d(batch, 2, return_indices=True)
for ours, theirs in zip(reshaped(batch), library, strict=True):
    np.testing.assert_array_equal(ours, theirs.numpy())
np.testing.assert_array_equal(max_pool(one)[1], library[1].numpy()[0, 0])

times = {
    "loops in Python": clock(max_pool, one)
    * batch[:, :, 0, 0].size,  # one of 256 pictures was measured
    "NumPy, reshaped": clock(reshaped, batch),
    "minidet": clock(lambda: F.max_pool2d(batch, 2, return_indices=True)),
}
print(f"max pooling with switches, {' x '.join(map(str, batch.shape))}:")
slowest = times["loops in Python"]
for name, seconds in times.items():
    print(f"  {name:16} {seconds * 1e3:10.2f} ms   speed-up {slowest / seconds:8,.0f}")
up = clock(lambda: F.max_unpool2d(library[0], library[1], 2))
print(f"max unpooling, minidet: {up * 1e3:.2f} ms")

# %% [markdown]
# ## 10. Does it help? Four networks that differ in nothing else
#
# The task: which pixels of a scene are ink? Strokes are only a few pixels wide, so a prediction
# that is one pixel off is simply wrong. The network is the one of section 1, down to 6 x 6 and up
# again. The decoder gets back to full size in one of four ways. Everything else is the same:
# layers, weights at the start, order of the scenes.
#
# Write down now, before any cell of this section runs, the order of the four ways: bilinear,
# nearest neighbour, bed of nails, switches, the best one first. How far apart will the best and
# the worst be?


# %%
def scenes(split, number, seed):
    """Return scenes (N, 3, 48, 48), about -2 to 2, and their labels (N, 48, 48): 1 is ink."""
    data = DigitScenes(split, size=48, length=number, seed=seed)
    pairs = [data.load(i) for i in tqdm(range(number), desc=f"{split} scenes")]
    images = np.stack([image for image, _ in pairs])
    return (images - 0.5) * 4, np.stack([target["semantic"] > 0 for _, target in pairs]).astype(
        np.int64
    )


images, labels = scenes("train", 32 if QUICK else 400, seed=0)
test_images, test_labels = scenes("test", 8 if QUICK else 100, seed=1)  # other writers' digits
print(f"{labels.mean():.0%} of the pixels are ink")


def block(channels, filters):
    """Return a convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
    )


class EncoderDecoder(nn.Module):
    """Three times down, three times up, in one of four ways (or as often as ``levels`` says)."""

    def __init__(self, way, width=16, levels=3):
        super().__init__()
        self.way = way
        self.down = nn.ModuleList(
            [block(3 if level == 0 else width, width) for level in range(levels)]
        )
        self.middle = block(width, width)
        self.up = nn.ModuleList([block(width, width) for _ in range(levels)])
        self.scores = nn.Conv2d(width, 2, 1)
        nn.init.zeros_(self.scores.weight)  # at the start: the same score for ink and for paper
        nn.init.zeros_(self.scores.bias)

    def forward(self, x, exchange=lambda switches: switches):
        notes = []
        for layers in self.down:
            x = layers(x)
            size = x.shape[-2:]
            x, switches = F.max_pool2d(x, 2, return_indices=True)
            notes.append((exchange(switches), size))
        x = self.middle(x)
        for layers in self.up:
            x = layers(self.enlarge(x, *notes.pop()))
        return self.scores(x)  # (N, 2, H, W)

    def enlarge(self, x, switches, size):
        """Go up one step."""
        if self.way == "switches":
            return F.max_unpool2d(x, switches, 2, output_size=size)
        if self.way == "bed of nails":
            return F.bed_of_nails2d(x, 2, output_size=size)
        return F.interpolate(x, size=size, mode=self.way)


WAYS = "bilinear", "nearest", "bed of nails", "switches"


def new_network(way, seed=0):
    """Return a network whose weights depend on the seed alone."""
    minidet.manual_seed(seed)
    return EncoderDecoder(way)


print(sum(p.numel() for p in new_network("switches").parameters()), "weights in each of the four")

# %% [markdown]
# Now the ladder. It is the same for every network that you will ever train. Do not skip a rung.
#
# **Rung 1: the loss at the start is log K.** A network that knows nothing says "1/2" for both of
# K = 2 classes, and the cross-entropy of that is log 2. We set the last layer to zero, so it has
# to be exact. (If it is not, something is wrong before the training begins: labels, scale, or
# loss.)

# %%
for way in WAYS:
    start = F.cross_entropy(new_network(way)(tensor(images[:8])), tensor(labels[:8])).item()
    np.testing.assert_allclose(start, np.log(2), atol=1e-6, err_msg=f"{way}: loss at the start")
print(f"loss at the start {start:.4f}, log 2 = {np.log(2):.4f}")


# %% [markdown]
# **Rung 2: overfit one batch.** Four scenes, again and again, until the loss is below a tenth of
# what it was at the start. A network that cannot learn four pictures by heart will not learn
# anything from four hundred. A rung that nobody can fail tells nothing, so beside it stands a
# network that is *broken*: it has one more ReLU, behind the scores. No error is raised, and rung
# 1 is passed. Before you run the next two cells, write down its loss after 50 steps. (Its scores
# are 0 at the start. What does ReLU send back at 0?)


# %%
def train(network, draw, steps, rate, title, **options):
    """Train with AdamW on the scenes that ``draw()`` gives; return the losses."""
    optimizer = optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    losses = []
    with tqdm(range(steps), desc=title) as bar:
        for _ in bar:
            chosen = draw()
            scores = network(tensor(images[chosen]), **options)
            loss = F.cross_entropy(scores, tensor(labels[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
    return losses


def from_the_scene_before(switches):
    """Return the switches of a batch, moved on by one scene."""
    return tensor(np.roll(switches.numpy(), 1, axis=0))


# %%
def same_batch():
    """Return the numbers of the scenes of the one batch."""
    return np.arange(4)


broken = new_network("switches")
broken.scores = nn.Sequential(broken.scores, nn.ReLU())
climbs = {
    "as it should be": train(new_network("switches"), same_batch, 200, 2e-2, "one batch"),
    "one ReLU too many": train(broken, same_batch, 50, 2e-2, "broken"),
}
for name, (first, *_, last) in climbs.items():
    verdict = "climbs the rung" if last < first / 10 else "fails"
    print(f"{name:18} loss {first:.4f} at the start, {last:.4f} at the end: {verdict}")

# %%
first, *_, last = climbs["as it should be"]
assert last < first / 10, f"loss {last:.4f} is not below a tenth of {first:.4f}: do not train yet"
first, *_, last = climbs["one ReLU too many"]
assert last > first / 10, "the broken network climbs too: this rung does not tell them apart"

# %% [markdown]
# At 0, ReLU has a kink, as the maximum has at a tie, and the rule is that its slope there is 0.
# So no gradient comes through to any weight: the loss is log 2 to the last digit, and 50,000
# steps would not change it. The loss at the start (rung 1) cannot see this, and the second rung
# does.
#
# > **Try it:** mix up the switches. In the cell before the last, give the first network one more
# > argument: `train(new_network("switches"), same_batch, 200, 2e-2, "one batch",
# > exchange=from_the_scene_before)`. Every scene is then unpooled with the switches of the one
# > before, which is surely wrong. Does this rung find it?
#
# <details><summary>What happens</summary>
#
# No. The loss comes down to 0.05, nearly as far as with the right switches (0.03): four scenes can
# be learned by heart even with wrong places, as long as they are the same wrong places each time.
# This rung finds networks that cannot learn. Whether they learn the right thing is seen on scenes
# that they do not know, and below, under "Who drew the outlines?".
#
# </details>
#
# **Rung 3: train.** Four ways, two seeds each. A seed fixes the weights at the start and the
# order of the scenes. With one seed only, we could not tell a better way from a lucky one.
#
# We measure on scenes that no network has seen. IoU is "ink that both see" divided by "ink that
# at least one sees": 1 is perfect. The *border* is every pixel that touches the line between ink
# and paper.


# %%
def predict(network, images, **options):
    """Return the more likely class of every pixel."""
    network.eval()
    with no_grad():
        parts = [
            network(tensor(images[i : i + 25]), **options).numpy()
            for i in range(0, len(images), 25)
        ]
    return np.concatenate(parts).argmax(1)


borders = np.stack([outline(label) for label in test_labels.astype(bool)])
results, answers, curves = {way: [] for way in WAYS}, {}, {}
for seed in range(1 if QUICK else 2):
    for way in WAYS:
        draws = np.random.default_rng(seed)
        network = new_network(way, seed)
        losses = train(
            network,
            lambda d=draws: d.choice(len(images), 16, replace=False),
            4 if QUICK else 150,
            5e-3,
            way,
        )
        answer = predict(network, test_images)
        overlap = (answer & test_labels).sum() / max((answer | test_labels).sum(), 1)
        wrong = answer != test_labels
        results[way].append((overlap, wrong[borders].mean(), wrong[~borders].mean()))
        if seed == 0:
            answers[way], curves[way] = answer, losses
            if way == "switches":
                with_switches = network

print(f"{'way up':14} {'IoU (each seed)':>18} {'wrong at borders':>18} {'wrong elsewhere':>17}")
for way, rows in results.items():
    overlaps = "  ".join(f"{overlap:.3f}" for overlap, *_ in rows)
    _, border, elsewhere = np.mean(rows, axis=0)
    print(f"{way:14} {overlaps:>18} {border:18.1%} {elsewhere:17.1%}")
best = {way: [overlap for overlap, *_ in rows] for way, rows in results.items()}
others = max(max(best[way]) for way in WAYS[:3])
assert QUICK or min(best["switches"]) > others, "a seed of another way is as good as the switches"

# %% jupyter={"source_hidden": true}
looks = {
    "bilinear": (GREEN, "-."),
    "nearest": (BLUE, "--"),
    "bed of nails": (INK, ":"),
    "switches": (ORANGE, "-"),
}
figure, grid = plt.subplots(1, 2, figsize=(9.5, 3.2), width_ratios=(1.5, 1))
for way, losses in curves.items():
    smooth = [np.mean(losses[max(0, i - 9) : i + 1]) for i in range(len(losses))]
    tone, line = looks[way]
    grid[0].semilogy(smooth, color=tone, ls=line, label=way, lw=1.8)
grid[0].axhline(np.log(2), color=INK, lw=0.8)
grid[0].text(len(losses), np.log(2), "log 2", ha="right", va="bottom", fontsize=8)
grid[0].set(xlabel="step", ylabel="loss (mean of 10 steps)", title="training")
grid[0].set_yticks([0.1, 0.2, 0.4, 0.7], ["0.1", "0.2", "0.4", "0.7"])
grid[0].minorticks_off()
grid[0].legend(handlelength=3.5)
for number, way in enumerate(WAYS):
    grid[1].barh(number, np.mean(best[way]), color=looks[way][0], height=0.6)
    dots = {"color": DARK, "markersize": 5, "markeredgecolor": "white"}
    grid[1].plot(best[way], [number] * len(best[way]), "o", **dots)
grid[1].set(yticks=range(4), yticklabels=WAYS, xlim=(0, 1), title="each dot is a seed")
grid[1].set_xlabel("IoU of ink on unseen scenes")
for axes in grid:
    axes.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
plt.show()

# %% [markdown]
# **Rung 4: look at the mistakes.** A number like IoU says *how much* is wrong. Only pictures say
# *what*. Before you run the next cell, write down where you expect the mistakes of "nearest", and
# where those of "switches".


# %%
def mistakes(truth, answer):
    """Paint ink grey, missed ink orange, false ink blue."""
    picture = np.ones((*truth.shape, 3))
    picture[(truth == 1) & (answer == 1)] = 0.72
    picture[(truth == 1) & (answer == 0)] = to_rgb(ORANGE)
    picture[(truth == 0) & (answer == 1)] = to_rgb(BLUE)
    return picture


figure, grid = plt.subplots(3, 6, figsize=(9.5, 5.1))
for row, i in zip(grid, range(3), strict=True):
    row[0].imshow(test_images[i].transpose(1, 2, 0) / 4 + 0.5)
    row[1].imshow(1 - test_labels[i], cmap="gray", vmin=-0.4, vmax=1)
    for axes, way in zip(row[2:], WAYS, strict=True):
        axes.imshow(mistakes(test_labels[i], answers[way][i]))
    for axes, title in zip(row, ("scene", "truth", *WAYS), strict=True):
        axes.set(xticks=[], yticks=[], title=title if i == 0 else "")
words = (
    ("#b8b8b8", "ink that was found"),
    (ORANGE, "ink that was missed"),
    (BLUE, "paper taken for ink"),
)
figure.legend(
    handles=[Patch(facecolor=tone, label=word) for tone, word in words],
    loc="lower center",
    ncols=3,
)
figure.tight_layout(rect=(0, 0.06, 1, 1))
plt.show()

# %% [markdown]
# Without switches the network knows *that* there is a stroke, but not exactly where. It draws
# smooth, thick worms, and the holes of the digits close. With switches, the outlines are there,
# and what remains wrong is a pixel here and there.
#
# ### A look inside
#
# What does the last step up look like in the trained network? A *forward hook* is a function that
# a layer calls with what goes in and what comes out. Left: eight of the sixteen maps right after
# unpooling. Three of four pixels are holes. Right: eight channels of the convolution behind it,
# which has filled them.

# %%
seen = {}
with no_grad():
    layers = with_switches.up[-1], with_switches.down[0]
    hooks = [
        layers[0].register_forward_hook(
            lambda layer, inputs, output: seen.update(unpooled=inputs[0], filled=output)
        ),
        layers[1].register_forward_hook(lambda layer, inputs, output: seen.update(first=output)),
    ]
    with_switches(tensor(test_images[1:2]))
    for hook in hooks:
        hook.remove()

holes = (seen["unpooled"].numpy() == 0).mean()
maps = seen["first"].numpy()
blocks = maps.reshape(-1, 24, 2, 24, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)  # the windows
ties = np.mean((blocks == blocks.max(1, keepdims=True)).sum(1) > 1)
figure, grid = plt.subplots(1, 2, figsize=(9.5, 2.9), layout="constrained")
both = ("unpooled", seen["unpooled"]), ("after the convolution", seen["filled"])
for axes, (title, maps) in zip(grid, both, strict=True):
    viz.draw_features(maps, channels=8, columns=4, common_scale=False, names=False, ax=axes)
    axes.set_title(title)
plt.show()
print(f"zeros in the unpooled maps: {holes:.0%} (the switches alone leave 75%; ReLU makes more)")
print(f"windows of the first pooling with a tie: {ties:.0%}")
assert holes >= 0.75, f"{holes:.0%} of the unpooled maps is 0: at least three in four have to be"

# %% [markdown]
# Some maps show a regular grid of dots on the paper. There the encoder's channel was 0 in whole
# windows. All four tied, and the tie went to the first pixel: a bed of nails inside max
# unpooling.
#
# ### Is the comparison fair?
#
# All four have the same weights to learn, but the 6 x 6 map in the middle has only 16 channels.
# Through this narrow place everything about *where* has to go, unless there is another way, and
# the switches are one. With two poolings in place of three less has to go through, and the others
# come nearer. SegNet's authors compare ways up as well, on
# street scenes, in table 1 of their paper.
#
# ### Who drew the outlines?
#
# Here is a test of whether the switches did it. We give the trained network one scene, and let it
# find the values as always. But the *switches* we take from another scene. Before you run the
# next cell, write down which digits you will see in the answer: those of the scene of the values,
# those of the scene of the switches, or both.

# %%
mixed = predict(with_switches, test_images[:4], exchange=from_the_scene_before)

figure, grid = plt.subplots(1, 4, figsize=(9.5, 2.7))
pictures = {
    "this scene's values": test_images[1].transpose(1, 2, 0) / 4 + 0.5,
    "that scene's switches": test_images[0].transpose(1, 2, 0) / 4 + 0.5,
    "the answer": 1 - mixed[1],
    "with its own switches": 1 - answers["switches"][1],
}
for axes, (title, picture) in zip(grid, pictures.items(), strict=True):
    axes.imshow(picture, cmap="gray", vmin=-0.4 if picture.ndim == 2 else 0, vmax=1)
    axes.set(xticks=[], yticks=[], title=title)
figure.tight_layout()
plt.show()


def iou(a, b):
    """Return the overlap of two sets of pixels."""
    return (a & b).sum() / max((a | b).sum(), 1)


own = np.mean([iou(mixed[i], test_labels[i]) for i in range(4)])
other = np.mean([iou(mixed[i], test_labels[i - 1]) for i in range(4)])
print(f"answer against the scene of the values:   IoU {own:.3f}")
print(f"answer against the scene of the switches: IoU {other:.3f}")
assert QUICK or other > own, "the answer looks more like the scene that gave the values"

# %% [markdown]
# The values say "ink, this much". The outlines come with the switches. It would be wrong to say
# that this network recognises strokes by what it computes in the middle. Much of what it knows
# went past the middle, with the switches.
#
# > **Try it:** give the network only two levels: change `levels=3` to `levels=2`, and run the cells
# > of this section again. How much of the gap between the switches and the others is left?
#
# <details><summary>What happens</summary>
#
# The others come up to an IoU of 0.88, and the switches to 0.93. So a gap of 0.05 is left, and with
# three levels it was four or five times as large. The map in the middle has 12 x 12 pixels now, and
# more of *where* passes through it. At the borders the switches still make half as many mistakes:
# 8 % in place of 14 %.
#
# </details>
#
# **Your turn.** One IoU was enough for ink. With several classes, one takes the mean of the
# classes' IoU. A class that neither the answer nor the truth has is left out.


# %%
def mean_iou(answer, truth, classes):
    """Return the mean over classes 0 .. classes - 1 of "both say so" / "at least one says so"."""
    raise NotImplementedError


answer, truth = np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]])
check_blank(
    mean_iou,
    ((answer, truth, 2), (1 / 2 + 2 / 3) / 2, "one pixel of four is wrong"),
    ((truth, truth, 2), 1.0, "all right"),
    ((1 - truth, truth, 2), 0.0, "all wrong"),
    ((answer, truth, 5), (1 / 2 + 2 / 3) / 2, "classes 2, 3 and 4 are nowhere"),
    ((answer, truth + 1, 3), (0 + 1 / 4 + 0) / 3, "class 2 is only in the truth"),
    hint="(answer == c) & (truth == c), and the same with |; when is the second of them empty?",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def mean_iou(answer, truth, classes):
#     """Return the mean over classes 0 .. classes - 1 of "both say so" / "at least one says so"."""
#     overlaps = []
#     for c in range(classes):
#         both, either = (answer == c) & (truth == c), (answer == c) | (truth == c)
#         if either.any():
#             overlaps.append(both.sum() / either.sum())
#     return np.mean(overlaps)
# ```
#
# </details>
#
# ## Summary
#
# 1. Pooling makes a picture smaller: the next layer costs a quarter, and sees twice as far.
# 2. Max pooling keeps the largest value of each window, average pooling the mean. A switch is the
#    position of the largest.
# 3. The mean's gradient is shared out; the maximum's goes to the winner. At a tie the first one
#    wins, by agreement.
# 4. Three ways up: copy (nearest neighbour), put into the corner (bed of nails), put to where the
#    switch says (max unpooling).
# 5. Each is the transpose of a way down: the mean (times 4), keeping the corner, picking by switch.
# 6. The backward of a way down is a way up, and the other way round. $\langle Dx, y \rangle =
#    \langle x, D'y \rangle$ tests it.
# 7. As a picture, an unpooled map is bad (three of four pixels are 0). As places, it is exact.
#    Convolutions fill the holes.
# 8. The size has to be kept with the switches: 2 windows come from 4 rows or from 5, and a switch
#    counts with the width.
# 9. After an edge finder, switches lie on outlines: two bits per window, and a small drawing.
# 10. Of four small networks that differ in nothing else, the one with switches draws thin strokes
#     best; its outlines come from the switches.
#
# | term | section | builds on |
# |---|---|---|
# | pooling, window | 1, 2 | convolution ([02](02_convolution.ipynb)) |
# | switch (index) | 2 | max pooling |
# | routing, sharing out | 3 | switch; gradient ([01](01_autograd.ipynb)) |
# | tie, kink | 3 | max pooling, finite differences |
# | nearest neighbour, bed of nails | 4 | window |
# | max unpooling | 4 | switch |
# | transpose (adjoint) | 5 | matrix of a linear function; all ways up and down |
# | error, displacement | 6 | there and back |
# | `output_size` | 7 | max unpooling, window |
# | encoder, decoder | 1, 10 | pooling; unpooling and convolution |
# | IoU | 10 | which pixels are ink |
#
# ## Questions
#
# **1.** After one max pooling, how many of the pixels get a gradient? After three in a row? Why
# do networks learn all the same?
#
# <details><summary>Answer</summary>
#
# One in four; after three, one in 64. But between the poolings there are convolutions: each
# routes what it gets to all 3 x 3 pixels that it looked at, in all channels, and each channel has
# winners of its own. And in the next picture the winners are others.
#
# </details>
#
# **2.** Max pooling after max unpooling gives the values back, if they are not negative. What
# happens to a negative value? Why does nobody notice in a network with ReLU? Which of the three
# ways up has no such problem?
#
# <details><summary>Answer</summary>
#
# Unpooling puts zeros beside it, and 0 is larger: pooling returns 0. After ReLU there are no
# negative values to be lost. Nearest neighbour has no zeros, so max pooling (and average pooling)
# returns any value.
#
# </details>
#
# **3.** Windows of 3 x 3 with stride 2 overlap, so two windows may have the same winner. What
# does `max_unpool2d` do with the two values? And what would the *transpose* of picking do?
#
# <details><summary>Answer</summary>
#
# There is only one place, and the last value stays; the other is lost. The transpose would add
# the two: that is what the backward pass of max pooling does (the `+=` in section 3). So with
# overlap, unpooling is no longer the transpose of picking. The networks of this chapter use
# windows that do not overlap.
#
# </details>
#
# **4.** Pooling shrinks by choosing or averaging. A convolution with stride 2 shrinks too, with
# weights that are learned. It is linear, so it is a matrix. What is the way up that belongs to
# it?
#
# <details><summary>Answer</summary>
#
# Its transpose: every value paints a copy of the kernel onto the large picture. This is the
# transposed convolution, and the next notebook.
#
# </details>
#
# ## What to read next
#
# - [04_transposed_convolution](04_transposed_convolution.ipynb): a way up with weights that are
#   learned.
# - In minidet: [reference/pool.py](../minidet/kernels/reference/pool.py) and
#   [reference/unpool.py](../minidet/kernels/reference/unpool.py) are the loops of this notebook,
#   for all options; [segnet.py](../minidet/models/segmentation/segnet.py) is the network of
#   section 1, larger.
# - M. Zeiler, G. Taylor, R. Fergus, *Adaptive deconvolutional networks for mid and high level
#   feature learning*, ICCV 2011: a well-known use of switches.
# - V. Badrinarayanan, A. Kendall, R. Cipolla, *SegNet*, TPAMI 2017,
#   [arXiv:1511.00561](https://arxiv.org/abs/1511.00561), and H. Noh, S. Hong, B. Han, *Learning
#   deconvolution network for semantic segmentation*, ICCV 2015,
#   [arXiv:1505.04366](https://arxiv.org/abs/1505.04366): the two networks that come up by
#   switches.
# - Y.-L. Boureau, J. Ponce, Y. LeCun, *A theoretical analysis of feature pooling in visual
#   recognition*, ICML 2010: when the maximum is better than the mean, and when not.
# - J. T. Springenberg and others, *Striving for simplicity*, 2014,
#   [arXiv:1412.6806](https://arxiv.org/abs/1412.6806): networks without any pooling. R. Zhang,
#   *Making convolutional networks shift-invariant again*, 2019,
#   [arXiv:1904.11486](https://arxiv.org/abs/1904.11486): what pooling does when the picture moves
#   by one pixel.
