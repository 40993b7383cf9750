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
# # Assignment 2: down and up again
#
# At the end of this notebook a small network looks at a page with a handwritten digit, and says for **every pixel**
# what it sees: paper, or the ink of a 3, of a 7, ... It runs and learns on nothing but functions that you wrote:
# convolution, max pooling, max unpooling, transposed convolution, each forward and backward.
#
# |  |  |
# |---|---|
# | **Time** | 6 to 10 hours |
# | **You need** | the notebooks [02_convolution](../../notebooks/02_convolution.ipynb), [03_pooling_and_unpooling](../../notebooks/03_pooling_and_unpooling.ipynb), [04_transposed_convolution](../../notebooks/04_transposed_convolution.ipynb) |
# | **You hand in** | this file, with your answers in it |
#
# | question | what you write | points |
# |---|---|---|
# | q1 | convolution, forward | 12 |
# | q2 | convolution, backward: image, kernel, bias | 18 |
# | q3 | another border, and its backward | 14 |
# | q4 | max pooling with positions, forward and backward | 14 |
# | q5 | another rule for ties, and its backward | 10 |
# | q6 | max unpooling, forward and backward | 8 |
# | q7 | another unpooling, and its backward | 10 |
# | q8 | transposed convolution, forward and backward | 14 |
#
# ## How it works
#
# - You write in cells that begin with `# answer: q1` (or q2, q3, ...). **Keep that first line.** Only these cells are
#   graded. They may use NumPy as `np`, and nothing else: no other import, and no function of another question. You may
#   write helper functions of your own inside of an answer cell.
# - `check("q1")` tries your answer on a few small inputs, and says in words what is wrong. In a terminal,
#   `minidet check a2` does the same for all questions.
# - The grader tries it on other inputs: "public checks passed" is a good sign, not a promise.
# - A question has parts, and each part has its own points. A mistake costs only the parts where it matters.
# - Each question is graded alone, with correct inputs. If q2 does not work yet, go on to q4.
# - Your functions must not change the arrays that they get.
# - q3, q5 and q7 are different each term. Their answers stand in no notebook, and not in minidet. The text here is all
#   that you need.

# %%
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Rectangle
from tqdm import tqdm

import minidet.nn.functional as F
from minidet import tensor
from minidet.data.scenes.digits import PALETTE, TRAINING_SCANS, load_scans
from minidet.grading import checks
from minidet.viz import subplots

check = checks("a2_conv_pool_unpool")

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a"  # read on white and on black
COLOURS = "#cfe0f0", "#f9dcc4", "#d5ead9", "#e5d7ee"  # one for each window of the examples
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "text.color": GREY})
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem
#
# Here are eight pages of 16 x 16 pixels, and below each what the network should answer. Black means paper, and each
# colour is a digit.

# %%
SIDE, PAGE = 12, 16
NAMES = ["paper", *"0123456789"]
scans, digits = load_scans()  # (1797, 24, 24), ink from 0 to 1; (1797,)
scans = scans.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))  # (1797, 12, 12): means of 2 x 2 pixels


def make_pages(scans, digits, rng):
    """Put each scan somewhere on an empty page: pages (N, 1, 16, 16), and the class of each pixel (N, 16, 16)."""
    pages = np.zeros((len(scans), 1, PAGE, PAGE), np.float32)
    for page, scan, (row, column) in zip(pages, scans, rng.integers(0, PAGE - SIDE + 1, (len(scans), 2)), strict=True):
        page[0, row : row + SIDE, column : column + SIDE] = scan
    return pages, np.where(pages[:, 0] > 0.35, 1 + digits[:, None, None], 0)


some_pages, some_labels = make_pages(scans[:8], digits[:8], rng)
_, grid = subplots(2, 8, figsize=(9.5, 2.5))
for column in range(8):
    grid[0, column].imshow(some_pages[column, 0], cmap="gray_r", vmin=0, vmax=1)
    grid[1, column].imshow(PALETTE[some_labels[column]])
    grid[0, column].set_title(f"a {digits[column]}")
for axes in grid.flat:
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# To know *which* digit it is, the network has to see the whole digit. So it makes the picture smaller, until one number
# depends on nearly all of the page. To say *where* the ink is, it has to come back to 16 x 16. This is the plan. The
# height of a block is its number of rows; the small number below is its number of channels.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def arrow(axes, start, end, text="", colour=GREY):
    """Draw an arrow, with words above it."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3})
    axes.text((start[0] + end[0]) / 2, max(start[1], end[1]) + 0.15, text, ha="center", color=colour, fontsize=9)


def draw_plan():
    """Draw the network of section 10."""
    axes = canvas(9.5, 3.4, (-0.5, 20), (-2.9, 4.2))
    plan = [(16, 1, "page"), (16, 16, "conv"), (8, 16, "max\npool"), (4, 32, "conv\nstride 2"), (4, 48, "conv"),
            (8, 16, "transposed\nconv"), (16, 16, "max\nunpool"), (16, 11, "conv")]  # fmt: skip
    faces = ["#dddddd", "#9dc3e6", "#8fcf9f", "#9dc3e6", "#9dc3e6", "#e9d16c", "#f2a98a", "#9dc3e6"]
    for step, ((size, channels, name), face) in enumerate(zip(plan, faces, strict=True)):
        left, height = 2.5 * step, size / 5
        axes.add_patch(Rectangle((left, -height / 2), 1.2, height, facecolor=face, edgecolor=GREY, linewidth=0.8))
        axes.text(left + 0.6, 0, f"{size}", ha="center", va="center", color=DARK)
        axes.text(left + 0.6, -height / 2 - 0.1, f"{channels}", ha="center", va="top", fontsize=7)
        axes.text(left + 0.6, -2.15, name, ha="center", va="top", fontsize=9)
        if step:
            arrow(axes, (left - 1.25, 0), (left - 0.05, 0))
    axes.plot([5.6, 5.6, 15.6], [0.85, 3.1, 3.1], color=ORANGE, lw=1.3)
    arrow(axes, (15.6, 3.12), (15.6, 1.65), colour=ORANGE)
    axes.text(10.6, 3.25, "positions of the largest values", ha="center", color=ORANGE, fontsize=9)
    plt.show()


def sheet(axes, values, at, title="", faces=None, rings=(), positions=False, below=""):
    """Draw a table of numbers, its upper left corner at ``at``; rings go round some (row, column)."""
    values = np.atleast_2d(np.asarray(values, object))
    for (h, w), value in np.ndenumerate(values):
        left, top = at[0] + w, at[1] - h
        face = "white" if faces is None else faces if isinstance(faces, str) else faces[h][w]
        if value is None:
            continue
        axes.add_patch(Rectangle((left, top - 1), 1, 1, facecolor=face, edgecolor="#a0a0a0", linewidth=0.8))
        text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
        colour = "#a0a0a0" if text == "0" and face == "white" else DARK
        size = 9 if len(text) < 4 else 7
        axes.text(left + 0.5, top - 0.53, text, ha="center", va="center", color=colour, fontsize=size)
        if positions:
            text = str(h * values.shape[1] + w)
            axes.text(left + 0.05, top - 0.04, text, fontsize=5.5, color="#555555", va="top", zorder=4)
        if (h, w) in map(tuple, rings):
            ring = {"facecolor": "none", "edgecolor": ORANGE, "linewidth": 1.8}
            axes.add_patch(Circle((left + 0.5, top - 0.52), 0.36, **ring))
    axes.text(at[0] + values.shape[1] / 2, at[1] + 0.25, title, ha="center", fontsize=9)
    axes.text(at[0] + values.shape[1] / 2, at[1] - values.shape[0] - 0.25, below, ha="center", va="top", fontsize=8)


def quarters():
    """Return a colour for each pixel of 4 x 4: that of its window of 2 x 2."""
    return [[COLOURS[h // 2 * 2 + w // 2] for w in range(4)] for h in range(4)]


draw_plan()

# %% [markdown]
# In all of this notebook, a batch of images is an array of shape **(N, C, H, W)**: images, channels, rows, columns.
#
# ## 2. Convolution
#
# Lay a small table of weights, the *kernel*, on the image. Multiply what lies on each other, and add. That gives one
# number of the result. Move the kernel one pixel to the right: the next number. At the end of the row, go one row down.
# As everywhere in deep learning, the kernel is *not* turned around.
#
# Do this example on paper before you look at the picture. The image has 4 x 4 pixels, the kernel 3 x 3 weights, so
# there are four places.

# %%
image = np.array([[1.0, 0, 2, 1],
                  [0, 3, 1, 0],
                  [2, 1, 0, 1],
                  [1, 0, 1, 2]])  # fmt: skip
kernel = np.array([[1.0, 0, -1],
                   [2, 1, 0],
                   [0, -1, 1]])  # fmt: skip
first = (1 * 1 + 0 * 0 - 2 * 1) + (0 * 2 + 3 * 1 + 1 * 0) + (2 * 0 - 1 * 1 + 0 * 1)
second = (0 * 1 + 2 * 0 - 1 * 1) + (3 * 2 + 1 * 1 + 0 * 0) + (1 * 0 - 0 * 1 + 1 * 1)
third = (0 * 1 + 3 * 0 - 1 * 1) + (2 * 2 + 1 * 1 + 0 * 0) + (1 * 0 - 0 * 1 + 1 * 1)
fourth = (3 * 1 + 1 * 0 - 0 * 1) + (1 * 2 + 0 * 1 + 1 * 0) + (0 * 0 - 1 * 1 + 2 * 1)
print(first, second, third, fourth)


# %% jupyter={"source_hidden": true}
def draw_windows(result):
    """Draw the four places of the kernel, and what each of them gives."""
    axes = canvas(9.5, 2.5, (-0.3, 24.5), (-5.0, 1.0), aspect="equal")
    for number, (h, w) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        faces = [
            [COLOURS[number] if h <= r < h + 3 and w <= c < w + 3 else "white" for c in range(4)] for r in range(4)
        ]
        sheet(axes, image, (5 * number, 0), faces=faces, below=f"gives {result[number]}")
        for (i, j), weight in np.ndenumerate(kernel):
            text = f"×{weight:g}".replace("-", "−")
            left, top = 5 * number + w + j + 0.97, -h - i - 0.95
            axes.text(left, top, text, fontsize=5.5, ha="right", va="bottom", color="#a0430a", zorder=4)
    sheet(axes, np.reshape(result, (2, 2)), (20.7, -1), "result", [COLOURS[:2], COLOURS[2:]])
    plt.show()


draw_windows([first, second, third, fourth])

# %% [markdown]
# Three things make it the convolution of a network:
#
# - **Channels and filters.** An image has C channels. A filter has one kernel for each of them, and the sum runs over
#   the channels as well. A layer has F filters. Each gives one channel of the result, and adds one number, its *bias*.
# - **Padding.** Lay `padding` rows and columns of zeros around the image, on all four sides, before anything else.
# - **Stride.** Move the kernel by `stride` pixels instead of one, to the right and down.
#
# $$y[n, f, h, w] = b[f] + \sum_{c, i, j} \; w[f, c, i, j] \cdot \mathrm{padded}[n, c, \; h \cdot \mathrm{stride} + i,
# \; w \cdot \mathrm{stride} + j]$$
#
# There are as many rows in the result as there are places where the kernel lies fully on the padded image. What is left
# over at the bottom or at the right is not used.
#
# ### Question 1: convolution, forward (12 points)
#
# | | |
# |---|---|
# | `x` | images, (N, C, H, W) |
# | `w` | kernels, (F, C, KH, KW); KH and KW may differ |
# | `b` | biases, (F,) |
# | `stride`, `padding` | whole numbers, the same for rows and columns |
# | returns | (N, F, OH, OW) |
#
# Loops over everything are a perfectly good answer, for all points. Make it right first.


# %%
# answer: q1
def conv_forward(x, w, b, stride=1, padding=0):
    """Convolve images (N, C, H, W) with F filters: (N, F, OH, OW)."""
    ### BEGIN SOLUTION
    images, _, height, width = x.shape
    filters, _, kh, kw = w.shape
    oh, ow = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    out = np.zeros((filters, images, oh, ow), np.result_type(x, w))
    for i in range(kh):
        for j in range(kw):
            seen = padded[:, :, i : i + (oh - 1) * stride + 1 : stride, j : j + (ow - 1) * stride + 1 : stride]
            out += np.tensordot(w[:, :, i, j], seen, axes=(1, 1))
    return out.transpose(1, 0, 2, 3) + b[:, None, None]
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ### Fast enough to train
#
# The training at the end takes a thousand steps. With six loops in Python, one step needs about half a minute. You do
# not need a better computer, but another order of the loops.
#
# Here is the idea with another operation: for each pixel, how large is the largest difference between its 3 x 3
# neighbours and itself? `by_pixels` goes through all pixels, and for each through its nine neighbours. `by_taps` turns
# it around. For each of the nine *steps* (one up and one left, one up, ...), it moves the *whole image* by that step
# and works on all pixels at once. The outer loop runs nine times, whatever the size of the image and of the batch.


# %%
def by_pixels(x):
    """Largest difference to a neighbour, for all pixels with eight neighbours: (N, H, W) to (N, H - 2, W - 2)."""
    out = np.zeros((x.shape[0], x.shape[1] - 2, x.shape[2] - 2))
    for n in range(out.shape[0]):
        for h in range(out.shape[1]):
            for w in range(out.shape[2]):
                for i in range(3):
                    for j in range(3):
                        out[n, h, w] = max(out[n, h, w], abs(x[n, h + i, w + j] - x[n, h + 1, w + 1]))
    return out


def by_taps(x):
    """Compute the same, for all pixels of all images at once."""
    height, width = x.shape[1] - 2, x.shape[2] - 2
    middle = x[:, 1:-1, 1:-1]
    out = np.zeros(middle.shape)
    for i in range(3):
        for j in range(3):
            moved = x[:, i : i + height, j : j + width]  # a view: nothing is copied
            out = np.maximum(out, np.abs(moved - middle))
    return out


batch = rng.random((4 if QUICK else 50, 16, 16))
seconds, results = {}, {}
for function in (by_pixels, by_taps):
    start = time.perf_counter()
    results[function] = function(batch)
    seconds[function] = time.perf_counter() - start
np.testing.assert_array_equal(results[by_pixels], results[by_taps])
print(f"loops over pixels: {1e3 * seconds[by_pixels]:.1f} ms   loops over taps: {1e3 * seconds[by_taps]:.1f} ms")

# %% [markdown]
# The same works for all questions here. With a stride, take every second row of what you moved:
# `x[..., i : end : 2, :]`. When *sums over channels* are left inside the loops, `np.tensordot` or `np.einsum` does them
# for all pixels at once. So once `check("q1")` is content, write it again with loops over the taps only, and check
# again.
#
# ## 3. The gradients of a convolution
#
# Training asks: how does the loss change if this number changes? `backward` gets `dy`, the answer for every number of
# the *result* (an array of the result's shape). You give the answer for every pixel, every weight and every bias.
#
# Go back to the example, and let `dy` be 1, 2, 0, −1. What does **pixel** (1, 1), the 3, have to do with the result? It
# lies in all four windows, each time under another weight: 1 (the middle) in the first, 2 in the second, 0 and 1 in the
# last two. So if the pixel grows by a little, the four results grow by 1, 2, 0 and 1 times as much. Its gradient is
# 1 · 1 + 2 · 2 + 0 · 0 − 1 · 1 = 4.
#
# One can do this for every pixel. Or one goes through the *results*: each number of `dy` presses the kernel like a
# stamp onto an empty image, scaled by itself, at the place of its window. Where stamps overlap, they **add up**.


# %% jupyter={"source_hidden": true}
def draw_stamps(dy, total):
    """Draw the stamps of the four numbers, and their sum."""
    axes = canvas(9.5, 2.5, (-0.3, 25.0), (-4.9, 1.0), aspect="equal")
    for number, (h, w) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        stamp = np.full((4, 4), None)
        stamp[h : h + 3, w : w + 3] = dy[number] * kernel + 0.0
        faces = [[COLOURS[number]] * 4] * 4
        axes.add_patch(Rectangle((5 * number, -4), 4, 4, facecolor="none", edgecolor="#a0a0a0", linewidth=0.8))
        sheet(axes, stamp, (5 * number, 0), f"{dy[number]:g} times the kernel".replace("-", "−"), faces)
        axes.text(5 * number + 4.5, -2, "=" if number == 3 else "+", ha="center", va="center")
    sheet(axes, total, (20.5, 0), "gradient of the image", rings=[(1, 1)])
    plt.show()


dy = np.array([1.0, 2, 0, -1])
by_hand = [[1, 2, -1, -2], [2, 4, 2, 1], [0, -3, 0, 2], [0, 0, 1, -1]]
draw_stamps(dy, by_hand)

# %% [markdown]
# The gradient of a **weight** is found the same way. The kernel lies at four places, so each weight met four pixels.
# The weight in the upper left corner met 1, 0, 0 and 3, so its gradient is 1 · 1 + 2 · 0 + 0 · 0 − 1 · 3 = −2. Over a
# batch, it met pixels in every image.
#
# The **bias** was added to every number of its channel, in every image.
#
# ### Question 2: convolution, backward (18 points)
#
# | | |
# |---|---|
# | `dy` | gradient of the result, (N, F, OH, OW) |
# | `x`, `w` | what `conv_forward` had |
# | `x_shape`, `w_shape` | the shapes of `x` and `w`, as tuples: what you return has this shape |
# | `stride`, `padding` | what `conv_forward` had |
# | returns | `conv_backward_input`: (N, C, H, W), without the padding. `conv_backward_weight`: (F, C, KH, KW). `conv_backward_bias`: (F,) |
#
# Think of rows at the bottom that no window reached: what is their gradient?


# %%
# answer: q2
def conv_backward_input(dy, w, x_shape, stride=1, padding=0):
    """Return the gradient of the images: an array of shape ``x_shape``."""
    ### BEGIN SOLUTION
    images, channels, height, width = x_shape
    _, _, oh, ow = dy.shape
    padded = np.zeros((channels, images, height + 2 * padding, width + 2 * padding), np.result_type(dy, w))
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = padded[:, :, i : i + (oh - 1) * stride + 1 : stride, j : j + (ow - 1) * stride + 1 : stride]
            seen += np.tensordot(w[:, :, i, j], dy, axes=(0, 1))
    return padded.transpose(1, 0, 2, 3)[:, :, padding : padding + height, padding : padding + width]
    ### END SOLUTION


# %%
# answer: q2
def conv_backward_weight(dy, x, w_shape, stride=1, padding=0):
    """Return the gradient of the kernels: an array of shape ``w_shape``."""
    ### BEGIN SOLUTION
    _, _, oh, ow = dy.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dw = np.zeros(w_shape, np.result_type(dy, x))
    for i in range(w_shape[2]):
        for j in range(w_shape[3]):
            seen = padded[:, :, i : i + (oh - 1) * stride + 1 : stride, j : j + (ow - 1) * stride + 1 : stride]
            dw[:, :, i, j] = np.tensordot(dy, seen, axes=((0, 2, 3), (0, 2, 3)))
    return dw
    ### END SOLUTION


# %%
# answer: q2
def conv_backward_bias(dy):
    """Return the gradient of the biases: (F,)."""
    ### BEGIN SOLUTION
    return dy.sum(axis=(0, 2, 3))
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ### Two tests of your own
#
# Checks that somebody else wrote are good. Checks that you can make yourself are better: they work for every operation
# that you will ever write.
#
# **Measure the slope.** Change one number of the input by a very little, up and down, and see by how much the result
# changes. `slopes` does that for each number, one after the other. It is slow, and needs no thinking.


# %%
def slopes(function, x, dy, step=1e-5):
    """Measure the gradient of the sum of ``dy * function(x)``, for each number of x."""
    x, measured = x.copy(), np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        value = x[at]
        x[at] = value + step
        above = np.sum(dy * function(x))
        x[at] = value - step
        below = np.sum(dy * function(x))
        x[at] = value
        measured[at] = (above - below) / (2 * step)
    return measured


x, w, b = rng.standard_normal((2, 2, 5, 6)), rng.standard_normal((3, 2, 3, 3)), rng.standard_normal(3)
dy = rng.standard_normal((2, 3, 3, 3))
options = {"stride": 2, "padding": 1}
pairs = {
    "image": (
        slopes(lambda x: conv_forward(x, w, b, **options), x, dy),
        conv_backward_input(dy, w, x.shape, **options),
    ),
    "kernel": (
        slopes(lambda w: conv_forward(x, w, b, **options), w, dy),
        conv_backward_weight(dy, x, w.shape, **options),
    ),
    "bias": (slopes(lambda b: conv_forward(x, w, b, **options), b, dy), conv_backward_bias(dy)),
}
for name, (measured, yours) in pairs.items():
    print(f"{name:7} largest difference between the measured gradient and yours: {abs(measured - yours).max():.1e}")

# %% [markdown]
# Anything below 1e-7 is rounding. If a difference is about as large as the numbers themselves, something is wrong.
#
# **The adjoint test.** Without its bias, a convolution only multiplies by fixed numbers and adds. So it is a matrix,
# $C$, and `conv_backward_input` has to be the same matrix with rows and columns exchanged, $C'$. For these, and for
# nothing else, it holds that
#
# $$\langle C x, \; y \rangle = \langle x, \; C' y \rangle \qquad \text{for any } x \text{ and } y,$$
#
# where $\langle \cdot, \cdot \rangle$ means: multiply number by number, and add it all. Two random arrays and two sums
# test forward and backward together, in no time. You will need this test for q3, q6, q7 and q8 again.


# %%
def adjoint_test(name, forward, backward, x_shape, y_shape):
    """Print both sides for a random x and y, and whether they agree."""
    x, y = rng.standard_normal(x_shape), rng.standard_normal(y_shape)
    left, right = np.vdot(forward(x), y), np.vdot(x, backward(y))
    words = "the same" if abs(left - right) <= 1e-9 * (1 + abs(left)) else "NOT the same: one of the two is wrong"
    print(f"{name:24} <Cx, y> = {left:+.9f}   <x, C'y> = {right:+.9f}   {words}")


w = rng.standard_normal((3, 2, 3, 3))
for stride, padding, out in ((1, 0, (5, 4)), (1, 1, (7, 6)), (2, 1, (4, 3)), (3, 2, (3, 3))):
    adjoint_test(
        f"stride {stride}, padding {padding}",
        lambda x, s=stride, p=padding: conv_forward(x, w, np.zeros(3), s, p),
        lambda y, s=stride, p=padding: conv_backward_input(y, w, (2, 2, 7, 6), s, p),
        (2, 2, 7, 6),
        (2, 3, *out),
    )

# %% [markdown]
# **Try it:** make a mistake on purpose in `conv_backward_input`: leave out one tap, or write `=` instead of `+=`. Does
# the adjoint test notice it? Is there a mistake in *both* functions that it cannot notice?
#
# ## 4. What is beyond the border?
#
# Zeros around the image are easy, but they are a lie. A page is white beyond its border too, and a photograph goes on.
# The first kernel rows see a hard step from zero to the picture that is not there, and edge detectors answer to it all
# around the image. There are other ways to make up what is outside.

# %% [markdown] tags=["variant:q3=reflect"]
# **This term: the mirror.** Outside stands the mirror image of the inside. The mirror lies *on* the border pixel, so
# that the border pixel itself is not repeated. For a row `a b c d` and padding 2:
#
#     c b | a b c d | c b
#
# Do it first with the columns, and then with the rows of what you got (or the other way round, that is the same).
# Corners are mirrored twice. The padding is always smaller than the number of rows and of columns.

# %% [markdown] tags=["variant:q3=replicate"]
# **This term: the border goes on.** Outside stands the border pixel again, as often as needed. For a row `a b c d` and
# padding 2:
#
#     a a | a b c d | d d
#
# Do it first with the columns, and then with the rows of what you got (or the other way round, that is the same). So a
# corner of the padding is filled with the corner pixel of the image.

# %% [markdown] tags=["variant:q3=circular"]
# **This term: the world is round.** Who leaves the image at the right comes in again at the left, and who leaves it at
# the bottom comes in at the top. For a row `a b c d` and padding 2:
#
#     c d | a b c d | a b
#
# Do it first with the columns, and then with the rows of what you got (or the other way round, that is the same). So a
# corner of the padding shows the opposite corner of the image. The padding is at most as large as the number of rows
# and of columns.

# %% tags=["variant:q3=reflect"] jupyter={"source_hidden": true}
numbers = np.arange(1, 17).reshape(4, 4)
padded_numbers = np.array([[6, 5, 6, 7, 8, 7], [2, 1, 2, 3, 4, 3], [6, 5, 6, 7, 8, 7], [10, 9, 10, 11, 12, 11],
                           [14, 13, 14, 15, 16, 15], [10, 9, 10, 11, 12, 11]])  # fmt: skip
folded = np.array([[1000, 0, 0, 0], [0, 1, 10, 0], [0, 0, 0, 0], [0, 0, 100, 0]])

# %% tags=["variant:q3=replicate"] jupyter={"source_hidden": true}
numbers = np.arange(1, 17).reshape(4, 4)
padded_numbers = np.array([[1, 1, 2, 3, 4, 4], [1, 1, 2, 3, 4, 4], [5, 5, 6, 7, 8, 8], [9, 9, 10, 11, 12, 12],
                           [13, 13, 14, 15, 16, 16], [13, 13, 14, 15, 16, 16]])  # fmt: skip
folded = np.array([[1001, 0, 10, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 100]])

# %% tags=["variant:q3=circular"] jupyter={"source_hidden": true}
numbers = np.arange(1, 17).reshape(4, 4)
padded_numbers = np.array([[16, 13, 14, 15, 16, 13], [4, 1, 2, 3, 4, 1], [8, 5, 6, 7, 8, 5], [12, 9, 10, 11, 12, 9],
                           [16, 13, 14, 15, 16, 13], [4, 1, 2, 3, 4, 1]])  # fmt: skip
folded = np.array([[1000, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [100, 0, 10, 1]])


# %% jupyter={"source_hidden": true}
def draw_border():
    """Draw an image with its border, and where four gradients of the padded image go."""
    axes = canvas(9.5, 2.7, (-0.3, 25.6), (-6.3, 1.0), aspect="equal")
    frame = [["white" if 1 <= h <= 4 and 1 <= w <= 4 else COLOURS[1] for w in range(6)] for h in range(6)]
    sheet(axes, numbers, (0, -1), "image", below="4 x 4")
    arrow(axes, (4.2, -3), (5.5, -3), "pad")
    sheet(axes, padded_numbers, (5.8, 0), "padded by 1", frame)
    gradient = np.zeros((6, 6), int)
    marks = {(0, 0): 1, (0, 3): 10, (4, 5): 100, (1, 1): 1000}
    for at, value in marks.items():
        gradient[at] = value
    sheet(axes, gradient, (13.6, 0), "a gradient of the padded image", frame, list(marks))
    arrow(axes, (19.8, -3), (21.1, -3), "back")
    sheet(axes, folded, (21.3, -1), "gradient of the image", rings=np.argwhere(folded).tolist(), below="4 x 4")
    plt.show()


draw_border()

# %% [markdown]
# And backward? Every pixel of the border is a *copy* of a pixel of the image. If that pixel grows, the copy grows with
# it. So the gradient of a copy **goes back to where the copy came from**, and adds to what is there already. At the
# right of the picture are four numbers, at four places of the padded image, and the pixels where they end up. Find each
# of them.
#
# ### Question 3: another border (14 points)
#
# | function | takes | returns |
# |---|---|---|
# | `pad(x, padding)` | images (N, C, H, W) | (N, C, H + 2 padding, W + 2 padding) |
# | `pad_backward(dpadded, padding)` | the gradient of what `pad` returned | the gradient of x, (N, C, H, W) |
# | `padded_conv_forward(x, w, b, padding)` | as in q1, stride 1, with this border instead of zeros | (N, F, OH, OW) |
# | `padded_conv_backward(dy, x, w, padding)` | `dy` (N, F, OH, OW) | a tuple `(dx, dw)`: the gradients of `x` and of `w` |
#
# These four may call each other, but not the functions of q1 and q2. With a padding of 2 or more, a pixel can have
# several copies, and one pixel can have copies on two sides. Test with the adjoint test: `pad` is a matrix too.


# %% tags=["variant:q3=reflect"]
# answer: q3
def pad(x, padding):
    """Lay a mirror on the border pixels: (N, C, H, W) to (N, C, H + 2 padding, W + 2 padding)."""
    ### BEGIN SOLUTION
    rows, columns = (_origin(size, padding) for size in x.shape[2:])
    return x[:, :, rows][:, :, :, columns]


def _origin(size, padding):
    """For each place of a padded line, the place that it is copied from."""
    places = np.abs(np.arange(-padding, size + padding))
    return size - 1 - np.abs(size - 1 - places)
    ### END SOLUTION


# %% tags=["variant:q3=replicate"]
# answer: q3
def pad(x, padding):
    """Repeat the border pixels outside: (N, C, H, W) to (N, C, H + 2 padding, W + 2 padding)."""
    ### BEGIN SOLUTION
    rows, columns = (_origin(size, padding) for size in x.shape[2:])
    return x[:, :, rows][:, :, :, columns]


def _origin(size, padding):
    """For each place of a padded line, the place that it is copied from."""
    return np.clip(np.arange(-padding, size + padding), 0, size - 1)
    ### END SOLUTION


# %% tags=["variant:q3=circular"]
# answer: q3
def pad(x, padding):
    """Let the image begin again at its end: (N, C, H, W) to (N, C, H + 2 padding, W + 2 padding)."""
    ### BEGIN SOLUTION
    rows, columns = (_origin(size, padding) for size in x.shape[2:])
    return x[:, :, rows][:, :, :, columns]


def _origin(size, padding):
    """For each place of a padded line, the place that it is copied from."""
    return np.arange(-padding, size + padding) % size
    ### END SOLUTION


# %%
# answer: q3
def pad_backward(dpadded, padding):
    """Return the gradient of the image: each copy's gradient goes to where the copy came from."""
    ### BEGIN SOLUTION
    height, width = (size - 2 * padding for size in dpadded.shape[2:])
    rows = np.eye(height)[_origin(height, padding)]  # (H + 2 padding, H): which row each line is a copy of
    columns = np.eye(width)[_origin(width, padding)]
    return rows.T @ dpadded @ columns
    ### END SOLUTION


# %%
# answer: q3
def padded_conv_forward(x, w, b, padding):
    """Convolve with stride 1, with this term's border instead of zeros: (N, F, OH, OW)."""
    ### BEGIN SOLUTION
    rows, columns = (_origin(size, padding) for size in x.shape[2:])
    windows = _windows(x[:, :, rows][:, :, :, columns], w.shape[2:])
    return np.einsum("fcij,ncijhw->nfhw", w, windows) + b[:, None, None]


def _windows(x, size):
    """Return the pixels under each weight: (N, C, KH, KW, OH, OW)."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3)).transpose(0, 1, 4, 5, 2, 3)
    ### END SOLUTION


# %%
# answer: q3
def padded_conv_backward(dy, x, w, padding):
    """Return the gradients of x and of w: ``(dx, dw)``."""
    ### BEGIN SOLUTION
    rows, columns = (_origin(size, padding) for size in x.shape[2:])
    padded = x[:, :, rows][:, :, :, columns]
    dw = np.einsum("nfhw,ncijhw->fcij", dy, _windows(padded, w.shape[2:]))
    dpadded = np.zeros(padded.shape)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            stamp = np.einsum("nfhw,fc->nchw", dy, w[:, :, i, j])
            dpadded[:, :, i : i + dy.shape[2], j : j + dy.shape[3]] += stamp
    return np.eye(x.shape[2])[rows].T @ dpadded @ np.eye(x.shape[3])[columns], dw
    ### END SOLUTION


# %%
check("q3")

# %%
for padding in (1, 2, 3):
    adjoint_test(
        f"border of {padding}",
        lambda x, p=padding: pad(x, p),
        lambda y, p=padding: pad_backward(y, p),
        (1, 2, 4, 5),
        (1, 2, 4 + 2 * padding, 5 + 2 * padding),
    )

# %% [markdown]
# Does the border matter? Here is a kernel that finds edges, on a grey page with a darker disc. With zeros it finds a
# frame around the picture that is not there.

# %%
steps = np.linspace(-1, 1, 40)
scene = np.where(steps[:, None] ** 2 + (steps - 0.55) ** 2 < 0.3, 0.3, 0.8)[None, None]
edges = np.array([[[[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]]])
answers = {
    "zeros outside": conv_forward(scene, edges, np.zeros(1), padding=1),
    "this term's border": padded_conv_forward(scene, edges, np.zeros(1), 1),
}
_, grid = subplots(1, 3, figsize=(7.5, 2.6))
grid[0].imshow(scene[0, 0], cmap="gray", vmin=0, vmax=1)
grid[0].set_title("picture")
for axes, (title, answer) in zip(grid[1:], answers.items(), strict=True):
    axes.imshow(np.abs(answer[0, 0]), cmap="viridis", vmin=0, vmax=1.2)
    axes.set_title(title)
for axes in grid:
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown] tags=["variant:q3=circular"]
# At the left there is an edge now, too: in a round world the disc goes on there. This border is right for maps of the
# earth and for textures, and wrong for most photographs.

# %% [markdown]
# ## 5. Max pooling
#
# Cut the image into windows of 2 x 2, and keep the largest number of each. The picture has half as many rows and
# columns, and what was found somewhere in the window is still there. Also write down **where** the largest number
# stood: its *position*, counted in reading order over the whole channel, from 0. A pixel in row `h` and column `w` has
# the position `h * W + w`. The way up will need it.
#
# If several numbers are equally large, the position is that of the **first** of them in reading order.

# %% jupyter={"source_hidden": true}
pool_image = np.array([[1, 5, 2, 0], [3, 2, 4, 1], [0, 2, 6, 3], [1, 7, 6, 5]])
axes = canvas(9.5, 2.7, (-0.3, 21.5), (-5.0, 1.0), aspect="equal")
sheet(axes, pool_image, (0, 0), "image", quarters(), [(0, 1), (1, 2), (3, 1), (2, 2)], positions=True)
arrow(axes, (4.3, -2), (5.7, -2), "max pool")
sheet(axes, [[5, 4], [7, 6]], (6.1, -1), "largest value", [COLOURS[:2], COLOURS[2:]])
sheet(axes, [[1, 6], [13, 10]], (9.1, -1), "position", [COLOURS[:2], COLOURS[2:]])
sheet(axes, [[10, 20], [30, 40]], (13.2, -1), "gradient dy", [COLOURS[:2], COLOURS[2:]])
arrow(axes, (15.5, -2), (16.9, -2), "back")
sheet(axes, [[0, 10, 0, 0], [0, 0, 20, 0], [0, 0, 40, 0], [0, 30, 0, 0]], (17.2, 0), "gradient of the image",
      rings=[(0, 1), (1, 2), (3, 1), (2, 2)])  # fmt: skip
plt.show()

# %% [markdown]
# Backward: only the largest number of a window has an influence on the result. If it grows by a little, the result
# grows by as much. So the gradient of a window goes to its winner, and all others get 0.
#
# Windows may also overlap: with `size=3, stride=2` they share a row. Then one pixel can be the winner of several
# windows, and it gets the gradient of each.
#
# ### Question 4: max pooling (14 points)
#
# | | |
# |---|---|
# | `x` | images, (N, C, H, W) |
# | `size`, `stride` | windows have `size` x `size` pixels, and their corners are `stride` pixels apart. Rows and columns that fill no window are left out |
# | `maxpool_forward` returns | the values (N, C, OH, OW); with `return_indices=True` a tuple `(values, indices)`, where `indices` has the same shape, and holds whole numbers from 0 to H · W − 1 |
# | `maxpool_backward` takes | `dy` (N, C, OH, OW), the `indices`, and `x_shape`, a tuple |
# | `maxpool_backward` returns | the gradient of x, of shape `x_shape` |


# %%
# answer: q4
def maxpool_forward(x, size, stride, return_indices=False):
    """Return the largest value of each window (N, C, OH, OW), and where it stands if ``return_indices``."""
    ### BEGIN SOLUTION
    height, width = x.shape[2:]
    oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
    corners = np.arange(oh)[:, None] * stride * width + np.arange(ow) * stride
    values, indices = np.full((*x.shape[:2], oh, ow), -np.inf, x.dtype), np.zeros((*x.shape[:2], oh, ow), int)
    for i in range(size):
        for j in range(size):
            seen = x[:, :, i : i + (oh - 1) * stride + 1 : stride, j : j + (ow - 1) * stride + 1 : stride]
            larger = seen > values
            values = np.where(larger, seen, values)
            indices = np.where(larger, corners + i * width + j, indices)
    return (values, indices) if return_indices else values
    ### END SOLUTION


# %%
# answer: q4
def maxpool_backward(dy, indices, x_shape):
    """Return the gradient of the images: each window's gradient goes to its winner."""
    ### BEGIN SOLUTION
    images, channels, height, width = x_shape
    flat = np.zeros((images * channels, height * width), dy.dtype)
    planes = np.arange(images * channels)[:, None]
    np.add.at(flat, (planes, indices.reshape(images * channels, -1)), dy.reshape(images * channels, -1))
    return flat.reshape(x_shape)
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## 6. When several win
#
# Pooling often comes after ReLU, which makes many numbers exactly 0. Then equal winners are not rare at all. "The first
# one wins" is simple, but it has a favourite: always the upper left. Here is another rule.
#
# For each window and each of its pixels, the **share** says how much of the window's gradient that pixel gets. A pixel
# that is smaller than the largest of its window has share 0. If the largest number stands there only once, that pixel
# has share 1. If it stands there *t* times, let us number these pixels in reading order inside of the window, from 0 to
# *t* − 1.

# %% [markdown] tags=["variant:q5=root"]
# **This term: the length is kept.** Each of the *t* pixels gets the share $1 / \sqrt{t}$. Two winners get 0.707 each,
# four winners 0.5 each. The shares do not add up to 1, but their *squares* do. So the gradient arrow that goes into the
# window is as long as the number that came: nothing grows and nothing fades.

# %% [markdown] tags=["variant:q5=ends"]
# **This term: first and last.** Pixel number 0 and pixel number *t* − 1 get 1/2 each, and those between them get
# nothing. With two winners, both get 1/2. With one winner, first and last are the same pixel: it gets 1/2 + 1/2 = 1.

# %% [markdown] tags=["variant:q5=middle"]
# **This term: the middle one.** Pixel number *t* // 2 (divided by two, rounded down) gets 1, and the others get
# nothing. With two winners this is the second one (number 1), with three also the second (number 1), with four the
# third (number 2). With one winner it is that one.

# %% tags=["variant:q5=root"] jupyter={"source_hidden": true}
tie_result = [["3.46", "3.46", 0, 0], [0, "3.46", "1.41", "1.41"], [4, 0, 4, 4], [0, 0, 4, 4]]
tie_words = "three winners: 6 · 0.577 each\ntwo: 2 · 0.707   four: 8 · 0.5"

# %% tags=["variant:q5=ends"] jupyter={"source_hidden": true}
tie_result = [[3, 0, 0, 0], [0, 3, 1, 1], [4, 0, 4, 0], [0, 0, 0, 4]]
tie_words = "three winners: 3 to the first,\n3 to the last"

# %% tags=["variant:q5=middle"] jupyter={"source_hidden": true}
tie_result = [[0, 6, 0, 0], [0, 0, 0, 2], [4, 0, 0, 0], [0, 0, 8, 0]]
tie_words = "three winners: number 1\ntwo: number 1   four: number 2"

# %% jupyter={"source_hidden": true}
tie_image = np.array([[7, 7, 1, 2], [3, 7, 4, 4], [5, 0, 8, 8], [1, 2, 8, 8]])
winners = [(0, 0), (0, 1), (1, 1), (1, 2), (1, 3), (2, 0), (2, 2), (2, 3), (3, 2), (3, 3)]
axes = canvas(9.5, 2.9, (-0.3, 21.5), (-5.6, 1.0), aspect="equal")
sheet(axes, tie_image, (2, 0), "image, with its winners", quarters(), winners)
sheet(axes, [[6, 2], [4, 8]], (9, -1), "gradient dy", [COLOURS[:2], COLOURS[2:]])
arrow(axes, (11.4, -2), (13.4, -2), "back")
sheet(axes, tie_result, (14, 0), "gradient of the image", quarters(), below=tie_words)
plt.show()

# %% [markdown]
# ### Question 5: another rule for ties (10 points)
#
# | | |
# |---|---|
# | `x`, `size`, `stride` | as in q4 |
# | `tie_shares` returns | the share of each pixel in each window, (N, C, OH, OW, size, size): `shares[n, c, h, w, i, j]` belongs to the pixel in row `i` and column `j` of window (h, w) |
# | `tie_pool_backward` takes | `dy` (N, C, OH, OW), and `x`, `size`, `stride` |
# | `tie_pool_backward` returns | the gradient of x, (N, C, H, W): each pixel gets share times gradient, from every window in which it lies |
#
# "Equal" means exactly equal, `==`. The two functions may call each other, but not those of q4.


# %% tags=["variant:q5=root"]
# answer: q5
def tie_shares(x, size, stride):
    """Return what each pixel gets of its window's gradient: (N, C, OH, OW, size, size)."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    won = windows == windows.max(axis=(4, 5), keepdims=True)
    return won / np.sqrt(won.sum(axis=(4, 5), keepdims=True))
    ### END SOLUTION


# %% tags=["variant:q5=ends"]
# answer: q5
def tie_shares(x, size, stride):
    """Return what each pixel gets of its window's gradient: (N, C, OH, OW, size, size)."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    won = (windows == windows.max(axis=(4, 5), keepdims=True)).reshape(*windows.shape[:4], size * size)
    number = won.cumsum(axis=4)  # of the winners in reading order, counted from 1
    shares = 0.5 * (won & (number == 1)) + 0.5 * (won & (number == number[..., -1:]))
    return shares.reshape(windows.shape)
    ### END SOLUTION


# %% tags=["variant:q5=middle"]
# answer: q5
def tie_shares(x, size, stride):
    """Return what each pixel gets of its window's gradient: (N, C, OH, OW, size, size)."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    won = (windows == windows.max(axis=(4, 5), keepdims=True)).reshape(*windows.shape[:4], size * size)
    number = won.cumsum(axis=4)  # of the winners in reading order, counted from 1
    return (won & (number - 1 == number[..., -1:] // 2)).reshape(windows.shape) * 1.0
    ### END SOLUTION


# %%
# answer: q5
def tie_pool_backward(dy, x, size, stride):
    """Return the gradient of the images: (N, C, H, W)."""
    ### BEGIN SOLUTION
    shares, dx = tie_shares(x, size, stride), np.zeros(x.shape)
    rows, columns = ((count - 1) * stride + 1 for count in dy.shape[2:])
    for i in range(size):
        for j in range(size):
            dx[:, :, i : i + rows : stride, j : j + columns : stride] += shares[..., i, j] * dy
    return dx
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# How often does it matter? Let us count, on the pages of our problem: the ink goes through a random convolution and
# ReLU, then into windows of 2 x 2.

# %%
pages, _ = make_pages(scans[:100], digits[:100], rng)
maps = np.maximum(conv_forward(pages, rng.standard_normal((4, 1, 3, 3)), np.zeros(4), padding=1), 0)
blocks = maps.reshape(100, 4, 8, 2, 8, 2)
equal = (blocks == blocks.max(axis=(3, 5), keepdims=True)).sum(axis=(3, 5))
print(f"windows with more than one winner: {(equal > 1).mean():.0%}")
print(f"                 without all zeros: {(equal > 1)[blocks.max(axis=(3, 5)) > 0].mean():.1%}")

# %% [markdown]
# Nearly all ties are windows of zeros: paper. What a rule does there decides how much gradient the paper gets.
#
# ## 7. Max unpooling
#
# Now the way up. We have small images, and for each of their numbers a position. Start from zeros, and **put each
# number to its position**. That is all. The positions come from a max pooling on the way down, so a stroke that was in
# the lower left pixel of its window comes back to the lower left pixel.

# %% jupyter={"source_hidden": true}
axes = canvas(9.5, 2.6, (-0.3, 21.5), (-4.9, 1.0), aspect="equal")
sheet(axes, [[2, 9], [4, 3]], (0.5, -1), "y", [COLOURS[:2], COLOURS[2:]])
sheet(axes, [[1, 6], [13, 10]], (3.5, -1), "positions", [COLOURS[:2], COLOURS[2:]])
arrow(axes, (5.8, -2), (7.2, -2), "unpool")
sheet(axes, [[0, 2, 0, 0], [0, 0, 9, 0], [0, 0, 3, 0], [0, 4, 0, 0]], (7.5, 0), "result", quarters(), positions=True)
sheet(axes, np.arange(10, 170, 10).reshape(4, 4), (13, 0), "gradient of the result", quarters(),
      rings=[(0, 1), (1, 2), (3, 1), (2, 2)])  # fmt: skip
arrow(axes, (17.3, -2), (18.7, -2), "back")
sheet(axes, [[20, 70], [140, 110]], (19, -1), "gradient of y", [COLOURS[:2], COLOURS[2:]])
plt.show()

# %% [markdown]
# If the image had an odd number of rows, pooling left the last row out. From the small image alone, one cannot know
# whether it was there. So the size of the result is an argument.
#
# If two numbers have the same position (that happens when windows overlap), the **last** one in reading order stays. It
# does not add.
#
# ### Question 6: max unpooling (8 points)
#
# | | |
# |---|---|
# | `y` | (N, C, OH, OW) |
# | `indices` | the same shape, whole numbers: positions in a channel of H x W |
# | `shape` | the tuple (H, W) |
# | `unpool_forward` returns | (N, C, H, W) |
# | `unpool_backward` takes | `dout` (N, C, H, W), the gradient of the result; and the `indices` |
# | `unpool_backward` returns | the gradient of y, (N, C, OH, OW). (Here all positions of a channel differ.) |


# %%
# answer: q6
def unpool_forward(y, indices, shape):
    """Put each value to its position, zeros elsewhere: (N, C, OH, OW) to (N, C, H, W)."""
    ### BEGIN SOLUTION
    images, channels = y.shape[:2]
    out = np.zeros((images * channels, shape[0] * shape[1]), y.dtype)
    out[np.arange(len(out))[:, None], indices.reshape(len(out), -1)] = y.reshape(len(out), -1)
    return out.reshape(images, channels, *shape)
    ### END SOLUTION


# %%
# answer: q6
def unpool_backward(dout, indices):
    """Return the gradient of y: what stands at its positions."""
    ### BEGIN SOLUTION
    images, channels, height, width = dout.shape
    flat = dout.reshape(images, channels, height * width)
    return np.take_along_axis(flat, indices.reshape(images, channels, -1), axis=2).reshape(indices.shape)
    ### END SOLUTION


# %%
check("q6")

# %%
corners = 2 * 6 * np.arange(3)[:, None] + 2 * np.arange(3)  # positions of the windows' corners in a channel of 7 x 6
indices = corners + rng.choice([0, 1, 6, 7], (2, 3, 3, 3))  # in each window one of its four pixels
adjoint_test("unpooling", lambda y: unpool_forward(y, indices, (7, 6)), lambda d: unpool_backward(d, indices),
             (2, 3, 3, 3), (2, 3, 7, 6))  # fmt: skip

# %% [markdown]
# ## 8. Another pairing
#
# Do the exact positions matter, or would any pixel of the right window do? A good way to find out is to pair pooling
# with an unpooling that moves them, on purpose, by a fixed rule, and to train both. For that you need an unpooling that
# no library has.
#
# Windows here have `size` x `size` pixels and do not overlap. The window of a position follows from the position: the
# image is cut from its upper left corner. *Inside of its window*, let the position be in row `a` and column `b`, both
# from 0 to `size` − 1. The number goes to another pixel of the **same window**:

# %% [markdown] tags=["variant:q7=opposite"]
# **This term: to the opposite side.** The window is turned by half a turn. The pixel in row `a` and column `b` goes to
# row `size` − 1 − `a` and column `size` − 1 − `b`. In a window of 2 x 2 the upper left pixel goes to the lower right.
# In a window of 3 x 3 the middle one stays where it is.

# %% [markdown] tags=["variant:q7=turn"]
# **This term: a quarter turn.** The window is turned like the hand of a clock, by a quarter of a turn. The pixel in row
# `a` and column `b` goes to row `b` and column `size` − 1 − `a`. In a window of 2 x 2 the upper left pixel goes to the
# upper right, and that one to the lower right. In a window of 3 x 3 the middle one stays where it is.

# %% [markdown] tags=["variant:q7=next"]
# **This term: to the next one.** Number the pixels of the window in reading order: the pixel in row `a` and column `b`
# has the number `a` · `size` + `b`. Each goes to the pixel with the next number, and the last one goes to number 0. In
# a window of 2 x 2 the upper right pixel (number 1) goes to the lower left (number 2), and the lower right to the upper
# left.

# %% tags=["variant:q7=opposite"] jupyter={"source_hidden": true}
moved = [[0, 0, 0, 8], [0, 5, 0, 0], [6, 0, 0, 0], [0, 0, 9, 0]]

# %% tags=["variant:q7=turn"] jupyter={"source_hidden": true}
moved = [[0, 5, 8, 0], [0, 0, 0, 0], [0, 0, 0, 0], [6, 0, 0, 9]]

# %% tags=["variant:q7=next"] jupyter={"source_hidden": true}
moved = [[0, 5, 0, 0], [0, 0, 0, 8], [6, 0, 0, 0], [0, 0, 9, 0]]

# %% jupyter={"source_hidden": true}
axes = canvas(9.5, 2.6, (-0.3, 21.5), (-4.9, 1.0), aspect="equal")
sheet(axes, [[5, 8], [6, 9]], (0.5, -1), "y", [COLOURS[:2], COLOURS[2:]])
sheet(axes, [[0, 6], [13, 11]], (3.5, -1), "positions", [COLOURS[:2], COLOURS[2:]])
plain = [[5, 0, 0, 0], [0, 0, 8, 0], [0, 0, 0, 9], [0, 6, 0, 0]]
sheet(axes, plain, (7.5, 0), "max unpooling (q6)", quarters(), positions=True)
arrow(axes, (12, -2), (14, -2), "move")
sheet(axes, moved, (14.6, 0), "this term's unpooling (q7)", quarters(), positions=True)
plt.show()

# %% [markdown]
# ### Question 7: another unpooling (10 points)
#
# | | |
# |---|---|
# | `y`, `indices` | (N, C, OH, OW), as in q6, from windows of `size` x `size` with the same stride |
# | `size` | rows and columns of a window |
# | `shape` | the tuple (H, W), as in q6; H and W need not be multiples of `size` |
# | `unpool_moved` returns | (N, C, H, W) |
# | `unpool_moved_backward` takes | `dout` (N, C, H, W), the `indices`, and the `size` |
# | `unpool_moved_backward` returns | the gradient of y, (N, C, OH, OW) |


# %% tags=["variant:q7=opposite"]
# answer: q7
def unpool_moved(y, indices, size, shape):
    """Put each value to the pixel that its position moves to, zeros elsewhere: (N, C, H, W)."""
    ### BEGIN SOLUTION
    images, channels = y.shape[:2]
    out = np.zeros((images * channels, shape[0] * shape[1]), y.dtype)
    places = _moved(indices, size, shape[1]).reshape(len(out), -1)
    out[np.arange(len(out))[:, None], places] = y.reshape(len(out), -1)
    return out.reshape(images, channels, *shape)


def _moved(indices, size, width):
    """Return the positions that these positions move to."""
    row, column = indices // width, indices % width
    a, b = row % size, column % size
    return (row - a + size - 1 - a) * width + column - b + size - 1 - b
    ### END SOLUTION


# %% tags=["variant:q7=turn"]
# answer: q7
def unpool_moved(y, indices, size, shape):
    """Put each value to the pixel that its position moves to, zeros elsewhere: (N, C, H, W)."""
    ### BEGIN SOLUTION
    images, channels = y.shape[:2]
    out = np.zeros((images * channels, shape[0] * shape[1]), y.dtype)
    places = _moved(indices, size, shape[1]).reshape(len(out), -1)
    out[np.arange(len(out))[:, None], places] = y.reshape(len(out), -1)
    return out.reshape(images, channels, *shape)


def _moved(indices, size, width):
    """Return the positions that these positions move to."""
    row, column = indices // width, indices % width
    a, b = row % size, column % size
    return (row - a + b) * width + column - b + size - 1 - a
    ### END SOLUTION


# %% tags=["variant:q7=next"]
# answer: q7
def unpool_moved(y, indices, size, shape):
    """Put each value to the pixel that its position moves to, zeros elsewhere: (N, C, H, W)."""
    ### BEGIN SOLUTION
    images, channels = y.shape[:2]
    out = np.zeros((images * channels, shape[0] * shape[1]), y.dtype)
    places = _moved(indices, size, shape[1]).reshape(len(out), -1)
    out[np.arange(len(out))[:, None], places] = y.reshape(len(out), -1)
    return out.reshape(images, channels, *shape)


def _moved(indices, size, width):
    """Return the positions that these positions move to."""
    row, column = indices // width, indices % width
    a, b = row % size, column % size
    number = (a * size + b + 1) % size**2
    return (row - a + number // size) * width + column - b + number % size
    ### END SOLUTION


# %%
# answer: q7
def unpool_moved_backward(dout, indices, size):
    """Return the gradient of y: (N, C, OH, OW)."""
    ### BEGIN SOLUTION
    images, channels, height, width = dout.shape
    places = _moved(indices, size, width).reshape(images, channels, -1)
    return np.take_along_axis(dout.reshape(images, channels, height * width), places, axis=2).reshape(indices.shape)
    ### END SOLUTION


# %%
check("q7")

# %%
adjoint_test("moved unpooling", lambda y: unpool_moved(y, indices, 2, (7, 6)),
             lambda d: unpool_moved_backward(d, indices, 2), (2, 3, 3, 3), (2, 3, 7, 6))  # fmt: skip

# %% [markdown]
# ## 9. Transposed convolution
#
# Unpooling has no weights: it cannot learn *how* to enlarge. The transposed convolution can. Each number of the small
# image presses the kernel like a stamp onto the large one, scaled by itself, and `stride` pixels away from its
# neighbour's. Where stamps overlap, they add up.
#
# You have seen these words before, in section 3: it is what the *gradient of the image* does in a convolution. Indeed
# it is the same operation, $C'$. There it carried gradients. Here it carries the data, and learns.

# %% jupyter={"source_hidden": true}
small = np.array([[1, 2], [-1, 3]])
brush = np.array([[1, 2], [3, 0]])
large = [[1, 2, 2, 4], [3, 0, 6, 0], [-1, -2, 3, 6], [-3, 0, 9, 0]]
overlap = [[1, 4, 4], [2, 7, 6], [-3, 9, 0]]
axes = canvas(9.5, 2.7, (-0.3, 21.5), (-5.2, 1.0), aspect="equal")
sheet(axes, small, (0.3, -1), "small image", [COLOURS[:2], COLOURS[2:]])
sheet(axes, brush, (3.3, -1), "kernel")
arrow(axes, (5.7, -2), (7.4, -2), "stamp")
sheet(axes, large, (7.8, 0), "stride 2", quarters(), below="stamps side by side: 4 x 4")
ring_words = "the ring: four stamps\n1·0 + 2·3 − 1·2 + 3·1 = 7"
sheet(axes, overlap, (13.4, -0.5), "stride 1", rings=[(1, 1)], below=ring_words)
inner = [["white" if 1 <= h <= 2 and 1 <= w <= 2 else "#d0d0d0" for w in range(4)] for h in range(4)]
sheet(axes, large, (17.4, 0), "stride 2, padding 1", inner, below="grey is cut off: 2 x 2")
plt.show()

# %% [markdown]
# Three things to mind:
#
# - **Padding cuts off.** In a convolution, padding adds rows and columns on all sides before it begins. The transposed
#   convolution goes the other way: it *removes* them from all sides at the end. The result has
#   `(H - 1) * stride + KH - 2 * padding` rows.
# - **The kernel's axes.** `w` has the shape (C, F, KH, KW): channels of what comes *in* first. It is the array that the
#   convolution from F channels down to C would have. (In q1, the filters came first.)
# - The bias is added once to each pixel of the result, not once for each stamp.
#
# ### Question 8: transposed convolution (14 points)
#
# | | |
# |---|---|
# | `x` | (N, C, H, W) |
# | `w`, `b` | (C, F, KH, KW) and (F,) |
# | `conv_transpose_forward` returns | (N, F, OH, OW) |
# | `dy` | gradient of the result, (N, F, OH, OW) |
# | `conv_transpose_backward_input` returns | the gradient of x, (N, C, H, W) |
# | `conv_transpose_backward_weight` takes | also `w_shape`, the tuple (C, F, KH, KW) |
# | `conv_transpose_backward_weight` returns | the gradient of w, of shape `w_shape` |


# %%
# answer: q8
def conv_transpose_forward(x, w, b, stride=1, padding=0):
    """Stamp the kernel, scaled by each pixel: (N, C, H, W) to (N, F, OH, OW)."""
    ### BEGIN SOLUTION
    images, _, height, width = x.shape
    _, filters, kh, kw = w.shape
    full = (height - 1) * stride + kh, (width - 1) * stride + kw
    out = np.zeros((filters, images, *full), np.result_type(x, w))
    for i in range(kh):
        for j in range(kw):
            seen = out[:, :, i : i + (height - 1) * stride + 1 : stride, j : j + (width - 1) * stride + 1 : stride]
            seen += np.tensordot(w[:, :, i, j], x, axes=(0, 1))
    cropped = out[:, :, padding : full[0] - padding, padding : full[1] - padding]
    return cropped.transpose(1, 0, 2, 3) + b[:, None, None]
    ### END SOLUTION


# %%
# answer: q8
def conv_transpose_backward_input(dy, w, stride=1, padding=0):
    """Return the gradient of the small images: (N, C, H, W)."""
    ### BEGIN SOLUTION
    padded = np.pad(dy, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    channels, _, kh, kw = w.shape
    height, width = (padded.shape[2] - kh) // stride + 1, (padded.shape[3] - kw) // stride + 1
    dx = np.zeros((channels, len(dy), height, width), np.result_type(dy, w))
    for i in range(kh):
        for j in range(kw):
            seen = padded[:, :, i : i + (height - 1) * stride + 1 : stride, j : j + (width - 1) * stride + 1 : stride]
            dx += np.tensordot(w[:, :, i, j], seen, axes=(1, 1))
    return dx.transpose(1, 0, 2, 3)
    ### END SOLUTION


# %%
# answer: q8
def conv_transpose_backward_weight(dy, x, w_shape, stride=1, padding=0):
    """Return the gradient of the kernels: an array of shape ``w_shape``."""
    ### BEGIN SOLUTION
    padded = np.pad(dy, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = x.shape[2:]
    dw = np.zeros(w_shape, np.result_type(dy, x))
    for i in range(w_shape[2]):
        for j in range(w_shape[3]):
            seen = padded[:, :, i : i + (height - 1) * stride + 1 : stride, j : j + (width - 1) * stride + 1 : stride]
            dw[:, :, i, j] = np.tensordot(x, seen, axes=((0, 2, 3), (0, 2, 3)))
    return dw
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# And the name is right: with the same array of weights, your convolution and your transposed convolution are each
# other's transpose.

# %%
w = rng.standard_normal((3, 2, 4, 4))  # a convolution from 2 channels down to 3; its transpose goes from 3 up to 2
for stride, padding, size, out in ((1, 0, 8, 5), (2, 1, 8, 4), (4, 0, 8, 2), (2, 2, 8, 5)):
    adjoint_test(
        f"stride {stride}, padding {padding}",
        lambda x, s=stride, p=padding: conv_forward(x, w, np.zeros(3), s, p),
        lambda y, s=stride, p=padding: conv_transpose_forward(y, w, np.zeros(2), s, p),
        (2, 2, size, size),
        (2, 3, out, out),
    )

# %% [markdown]
# ## 10. Train
#
# Now everything comes together: the network of section 1. `forward` goes down and up. It keeps what `backward` will
# need, and `backward` goes the same way in the other direction. This part is not graded, and there is nothing to fill
# in. But read it: a library's autograd does exactly this, and only saves you from writing it down.


# %%
class Network:
    """The network of section 1. It is made of your functions."""

    def __init__(self, rng):
        shapes = {"conv1": (16, 1, 3, 3), "conv2": (32, 16, 3, 3), "conv3": (48, 32, 3, 3), "up": (48, 16, 4, 4),
                  "scores": (11, 16, 3, 3)}  # fmt: skip
        self.weights = {}
        for name, shape in shapes.items():
            inputs = shape[0] * 4 if name == "up" else shape[1] * shape[2] * shape[3]  # numbers that one result sums up
            size = 0.0 if name == "scores" else np.sqrt(2 / inputs)  # with zeros there, it begins without an opinion
            self.weights[name] = (size * rng.standard_normal(shape)).astype(np.float32)
            self.weights[name + " bias"] = np.zeros(shape[1] if name == "up" else shape[0], np.float32)

    def forward(self, pages):
        """Return the scores of each class for each pixel: (N, 1, 16, 16) to (N, 11, 16, 16)."""
        w = self.weights
        a = np.maximum(conv_forward(pages, w["conv1"], w["conv1 bias"], padding=1), 0)  # (N, 16, 16, 16)
        pooled, indices = maxpool_forward(a, 2, 2, return_indices=True)  # (N, 16, 8, 8)
        c = np.maximum(conv_forward(pooled, w["conv2"], w["conv2 bias"], stride=2, padding=1), 0)  # (N, 32, 4, 4)
        d = np.maximum(conv_forward(c, w["conv3"], w["conv3 bias"], padding=1), 0)  # (N, 48, 4, 4)
        e = np.maximum(conv_transpose_forward(d, w["up"], w["up bias"], stride=2, padding=1), 0)  # (N, 16, 8, 8)
        f = unpool_forward(e, indices, (PAGE, PAGE))  # (N, 16, 16, 16)
        self.notes = pages, a, pooled, indices, c, d, e, f
        return conv_forward(f, w["scores"], w["scores bias"], padding=1)  # (N, 11, 16, 16)

    def backward(self, dscores):
        """Return the gradient of each weight."""
        w, g = self.weights, {}
        pages, a, pooled, indices, c, d, e, f = self.notes

        def conv_gradients(name, dy, x, **options):
            g[name] = conv_backward_weight(dy, x, w[name].shape, **options)
            g[name + " bias"] = conv_backward_bias(dy)

        conv_gradients("scores", dscores, f, padding=1)
        df = conv_backward_input(dscores, w["scores"], f.shape, padding=1)
        de = unpool_backward(df, indices) * (e > 0)  # ReLU lets a gradient through where it let a number through
        g["up"] = conv_transpose_backward_weight(de, d, w["up"].shape, stride=2, padding=1)
        g["up bias"] = conv_backward_bias(de)
        dd = conv_transpose_backward_input(de, w["up"], stride=2, padding=1) * (d > 0)
        conv_gradients("conv3", dd, c, padding=1)
        dc = conv_backward_input(dd, w["conv3"], c.shape, padding=1) * (c > 0)
        conv_gradients("conv2", dc, pooled, stride=2, padding=1)
        dpooled = conv_backward_input(dc, w["conv2"], pooled.shape, stride=2, padding=1)
        da = maxpool_backward(dpooled, indices, a.shape) * (a > 0)
        conv_gradients("conv1", da, pages, padding=1)
        return g


def loss_of(scores, labels):
    """Return the mean cross-entropy of all pixels, and its gradient. (The library's: it is not our subject today.)"""
    scores = tensor(np.ascontiguousarray(scores, np.float32), requires_grad=True)
    loss = F.cross_entropy(scores, labels)
    loss.backward()
    return loss.item(), scores.grad.numpy()


class Adam:
    """Kingma and Ba, 2015: each weight has a step of its own, its mean gradient divided by its mean size."""

    def __init__(self, weights):
        self.weights, self.count = weights, 0
        self.mean = {name: np.zeros_like(value) for name, value in weights.items()}
        self.square = {name: np.zeros_like(value) for name, value in weights.items()}

    def step(self, gradients, rate):
        """Change the weights in place."""
        self.count += 1
        for name, gradient in gradients.items():
            self.mean[name] += 0.1 * (gradient - self.mean[name])
            self.square[name] += 0.01 * (gradient**2 - self.square[name])
            mean, square = self.mean[name] / (1 - 0.9**self.count), self.square[name] / (1 - 0.99**self.count)
            self.weights[name] -= rate * mean / (np.sqrt(square) + 1e-8)


# %% [markdown]
# First the ladder: the same for every network that you will ever train. Do not skip a rung.
#
# **Rung 1: the loss at the start is log K.** A network without an opinion gives each of K = 11 classes the same
# probability, and the loss of that is log 11.
#
# **Rung 2: learn one batch by heart.** A network that cannot learn eight pages will not learn from a thousand.

# %%
network = Network(np.random.default_rng(0))
start = loss_of(network.forward(some_pages), some_labels)[0]
print(f"rung 1: loss at the start {start:.4f}, log 11 = {np.log(11):.4f}")
assert abs(start - np.log(11)) < 1e-4

optimizer = Adam(network.weights)
began = time.perf_counter()
heart_losses = []
for _ in range(3 if QUICK else 100):
    loss, dscores = loss_of(network.forward(some_pages), some_labels)
    heart_losses.append(loss)
    optimizer.step(network.backward(dscores), 0.01)
    if time.perf_counter() - began > 30:
        break  # slow functions: see below
one_step = (time.perf_counter() - began) / len(heart_losses)
print(f"rung 2: after {len(heart_losses)} steps on eight pages, the loss is {heart_losses[-1]:.4f}")
print(f"one step on eight pages takes {1e3 * one_step:.0f} ms with your functions")
assert heart_losses[-1] < heart_losses[0]

# %% [markdown]
# **Rung 3: train.** The rate falls from its first value to 0 along a cosine. If a step takes more than 100 ms, your
# functions still have loops over pixels: go back to *Fast enough to train*. (The training below stops after three
# minutes, however far it came.) The pages are made anew in each epoch, so that no digit stays in the same place.

# %%
train_scans, train_digits = scans[:TRAINING_SCANS], digits[:TRAINING_SCANS]
test_pages, test_labels = make_pages(scans[TRAINING_SCANS:], digits[TRAINING_SCANS:], np.random.default_rng(1))
EPOCHS, BATCH, RATE, PATIENCE = (1 if QUICK else 30), 32, 4e-3, 10 if QUICK else 180


def predict(network, pages):
    """Return the class with the highest score, for each pixel: (N, 16, 16)."""
    return np.concatenate([network.forward(pages[i : i + 50]).argmax(1) for i in range(0, len(pages), 50)])


def score(answer, labels):
    """Return the share of right pixels: of all, and of those with ink."""
    right = answer == labels
    return right.mean(), right[labels > 0].mean()


network = Network(np.random.default_rng(0))
optimizer, draws = Adam(network.weights), np.random.default_rng(0)
losses, began = [], time.perf_counter()
steps = EPOCHS * (TRAINING_SCANS // BATCH)
with tqdm(total=steps, desc="train", unit="step") as bar:
    while len(losses) < steps and time.perf_counter() - began < PATIENCE:
        pages, labels = make_pages(train_scans, train_digits, draws)
        for part in draws.permutation(TRAINING_SCANS)[: TRAINING_SCANS // BATCH * BATCH].reshape(-1, BATCH):
            loss, dscores = loss_of(network.forward(pages[part]), labels[part])
            done = max(len(losses) / steps, (time.perf_counter() - began) / PATIENCE)  # from 0 to 1
            optimizer.step(network.backward(dscores), RATE * (1 + np.cos(np.pi * min(done, 1))) / 2)
            losses.append(loss)
            bar.set_postfix(loss=f"{np.mean(losses[-40:]):.3f}", refresh=False)
            bar.update()
            if time.perf_counter() - began > PATIENCE:
                break

# %% [markdown]
# How good is it? A number alone says nothing: compare it with the simplest thing that could be said. The *majority
# baseline* gives every pixel the most frequent class, which is paper. Of all pixels, it has a large share right, and it
# has understood nothing. So we also count only the pixels with ink. There, the best that one can say without looking is
# the most frequent digit.

# %%
answer = predict(network, test_pages)
counts = np.bincount(test_labels.ravel(), minlength=11)
majority, ink_majority = counts.max() / counts.sum(), counts[1:].max() / counts[1:].sum()
everything, ink = score(answer, test_labels)
print(f"{'':32}{'all pixels':>12}{'ink only':>12}")
print(f"{'majority: paper / one digit':32}{majority:12.1%}{ink_majority:12.1%}")
print(f"{'your network, 500 unseen digits':32}{everything:12.1%}{ink:12.1%}")
if not QUICK and len(losses) == steps:
    assert everything > majority
    assert ink > 0.6

# %% jupyter={"source_hidden": true}
_, axes = subplots(figsize=(6.5, 2.5))
smooth = [np.mean(losses[max(0, i - 20) : i + 1]) for i in range(len(losses))]
axes.plot(losses, color=BLUE, lw=0.5, alpha=0.4)
axes.plot(smooth, color=BLUE, lw=1.8)
axes.axhline(np.log(11), color=GREY, lw=0.8, ls=":")
axes.text(len(losses), np.log(11), "log 11", ha="right", va="top", fontsize=8)
axes.set(xlabel="step", ylabel="loss", ylim=0, title="training")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# **Rung 4: look at the mistakes.** Above the pages, in the middle the truth, below the answers: five where the network
# is best and five where it is worst.

# %% jupyter={"source_hidden": true}
right = np.array([score(a, truth)[1] for a, truth in zip(answer, test_labels, strict=True)])
shown = [*np.argsort(-right, kind="stable")[:5], *np.argsort(right, kind="stable")[:5]]
_, grid = subplots(3, 10, figsize=(9.5, 3.1))
for column, number in enumerate(shown):
    grid[0, column].imshow(test_pages[number, 0], cmap="gray_r", vmin=0, vmax=1)
    grid[1, column].imshow(PALETTE[test_labels[number]])
    grid[2, column].imshow(PALETTE[answer[number]])
    grid[0, column].set_title(f"{right[number]:.0%}", fontsize=9)
for axes in grid.flat:
    axes.set(xticks=[], yticks=[])
for row, name in zip(grid[:, 0], ("page", "truth", "answer"), strict=True):
    row.set_ylabel(name, fontsize=9)
plt.show()
axes = canvas(6.5, 0.7, (0, 11), (-0.6, 0.6))
for label in range(11):
    axes.add_patch(Rectangle((label, 0), 0.9, 0.5, facecolor=PALETTE[label] / 255, edgecolor=GREY, linewidth=0.8))
    axes.text(label + 0.45, -0.15, NAMES[label], ha="center", va="top", fontsize=8)
plt.show()

# %% [markdown]
# Nobody told the network that a digit is *one* thing. In the worst pages it often paints one part of the ink as one
# digit and the rest as another.
#
# **Try it** (not graded, and the best part):
#
# - Use your `unpool_moved` in `Network` instead of `unpool_forward`, forward and backward. Do the exact positions
#   matter?
# - Use `padded_conv_forward` in place of the zero padding in the last layer. What happens at the border of the page,
#   and why so little?
# - Take the bias gradients out (`conv_backward_bias` returns zeros). Which rung notices it first?
#
# ## Before you hand in
#
# 1. *Restart kernel and run all cells.* Does every `check` say that its public checks passed?
# 2. Each answer cell still begins with its line `# answer: ...`, and uses only `np` and what is in the cells of the
#    same question.
# 3. Save the notebook, and hand in this one file.
