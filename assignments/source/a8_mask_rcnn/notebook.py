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
# # Assignment 8: From a box to pixels
#
# A detector says *where* with four numbers. Mask R-CNN also says which pixels in the box belong to the object. The
# network that does so is small. What is easy to get wrong is the way from pixels to its 16 x 16 numbers, and back: a
# rounded corner or half a pixel, and no error message tells you. In this assignment you write this way in both
# directions, the loss, and COCO's measure. At the end a small network learns on *your* functions, and its masks are
# drawn over a scene.
#
# |  |  |
# |---|---|
# | **Read before** | notebooks 18 (RoIAlign) and 19 (Mask R-CNN) of the course; 13 (Fast R-CNN) helps |
# | **Points** | 100; every question has parts, and each part has its own points |
# | **Time** | about eight hours; all cells together run for two to three minutes |
# | **You may use** | NumPy, as `np`. Nothing else in the cells that are graded |
#
# | question | what you write | points |
# |---|---|---|
# | q1 | RoIAlign | 13 |
# | q2 | its gradient | 10 |
# | q3 | mask targets | 10 |
# | q4 | the loss of the masks, and its gradient | 10 |
# | q5 | pasting, and the final masks | 11 |
# | q6 | IoU of masks, and COCO's average precision | 14 |
# | q7 | another way to read a region, and its gradient | 12 |
# | q8 | another loss, and its gradient | 10 |
# | q9 | another overlap of masks | 10 |
#
# **How it works**
# - You write in the cells that begin with `# answer:`. Leave that line where it is. Keep the names of the functions.
# - `check("q1")` runs your function on a few small inputs, and says in words what is wrong. Passing the public checks
#   does not prove that everything is right: the grader draws other inputs, of other sizes.
# - Each question is graded alone. If question 2 is wrong, question 5 can still have all its points. A helper function
#   has to stand in a cell of the question that uses it.
# - A function must not change its inputs, and must work for every size. Loops are allowed. Fast is nice, right is
#   enough.
# - Questions 7, 8 and 9 change from term to term. Read their rules with care: they differ from what you find elsewhere.

# %%
import numpy as np

from minidet.grading import checks

check = checks("a8_mask_rcnn")

# %% jupyter={"source_hidden": true}
import os
import time

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function
from minidet.data import DigitScenes

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN, RED = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a", "#c03010"
WHITE, YELLOW, SKY, LIME, SAND = "#ffffff", "#fff2b3", "#cfe0f0", "#d5ead9", "#f9dcc4"
for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
    plt.rcParams[part] = GREY  # reads on white and on black pages
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "font.size": 10})


def canvas(width, height, xlim, ylim):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, aspect="equal")
    axes.axis("off")
    return axes


def sheet(axes, values, at, title="", faces=None, size=1.0, fontsize=10, below=""):
    """Draw a table of numbers with its upper left corner at ``at``; ``faces`` are colours."""
    values = np.atleast_2d(np.asarray(values, object))
    for (row, column), value in np.ndenumerate(values):
        left, top = at[0] + column * size, at[1] - row * size
        face = WHITE if faces is None else faces[row][column]
        frame = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8, "zorder": 2}
        axes.add_patch(Rectangle((left, top - size), size, size, **frame))
        text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
        style = {"color": DARK, "fontsize": fontsize, "bbox": {"facecolor": face, "edgecolor": "none", "pad": 0.6}}
        axes.text(left + size / 2, top - size / 2, text, ha="center", va="center", zorder=5, **style)
    rows, columns = values.shape
    axes.text(at[0] + columns * size / 2, at[1] + 0.25, title, ha="center", va="bottom")
    axes.text(at[0] + columns * size / 2, at[1] - rows * size - 0.3, below, ha="center", va="top", fontsize=8.5)


def frame(axes, at, box, colour, style="-", size=1.0):
    """Draw a box (x1, y1, x2, y2), in cells, on the table whose upper left corner is at ``at``."""
    x1, y1, x2, y2 = (value * size for value in box)
    options = {"facecolor": "none", "edgecolor": colour, "linewidth": 2.0, "linestyle": style, "zorder": 4}
    axes.add_patch(Rectangle((at[0] + x1, at[1] - y2), x2 - x1, y2 - y1, **options))


def dots(axes, at, places, colour, size=1.0, hollow=False):
    """Draw places (x, y), in cells, on the table whose upper left corner is at ``at``; ``hollow``: as rings."""
    for x, y in places:
        if hollow:
            axes.plot(at[0] + size * x, at[1] - size * y, "o", color=colour, markersize=17, fillstyle="none", zorder=6)
            continue
        axes.plot(
            at[0] + size * x, at[1] - size * y, "o", color=colour, markersize=6, markeredgecolor="white", zorder=6
        )


def lines(axes, at, texts, step=0.9, fontsize=9.5):
    """Write lines of text, the first one at ``at``."""
    for number, text in enumerate(texts):
        axes.text(at[0], at[1] - step * number, text, va="center", fontsize=fontsize)


def sign(axes, x, y, text):
    """Write a sign between two tables."""
    axes.text(x, y, text, ha="center", va="center", fontsize=15)


# %% [markdown]
# ## The figure
#
# This is what you build, with the number of the question for each piece. From the left: a map of the image, of which
# RoIAlign reads the same number of values for every box. On the right: the target, which is what the head should have
# said, and what becomes of what it did say.


# %% jupyter={"source_hidden": true}
def draw_parts():
    """Draw the way from an image to masks."""
    axes = canvas(10, 3.0, (-0.3, 24.3), (-3.9, 3.3))
    plan = [(0, 0, 2.6, 2.6, "#cccccc", "image"), (4.6, 0, 1.6, 2.2, "#9dc3e6", "map"),
            (9.0, 0, 1.2, 1.2, "#9dc3e6", "8 × 8"),
            (13.0, 0, 1.2, 1.8, "#e9d16c", "16 × 16\nfor each class"), (18.6, 1.9, 1.6, 1.6, "#f2a98a", "target"),
            (18.3, -1.6, 2.2, 2.2, "#d5ead9", "masks in\nthe image")]  # fmt: skip
    for x, y, wide, tall, colour, word in plan:
        axes.add_patch(Rectangle((x, y - tall / 2), wide, tall, facecolor=colour, edgecolor=GREY, linewidth=0.8))
        axes.text(x + wide / 2, y - tall / 2 - 0.12, word, ha="center", va="top", fontsize=8.5)

    def arrow(start, end, text, dx=0.0, dy=0.15):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.3})
        axes.text(
            (start[0] + end[0]) / 2 + dx, (start[1] + end[1]) / 2 + dy, text, ha="center", va="bottom", fontsize=8.5
        )

    arrow((2.7, 0), (4.5, 0), "layers")
    arrow((6.3, 0), (8.9, 0), "RoIAlign\nq1, q2, q7")
    arrow((10.3, 0), (12.9, 0), "mask head")
    arrow((18.5, 1.9), (14.3, 0.5), "loss: q4, q8", -0.6, 0.25)
    arrow((14.3, -0.5), (18.2, -1.6), "paste: q5", 0.7, 0.1)
    axes.text(20.4, 2.2, "cut out of the true mask\nand divided into bins: q3", va="center", fontsize=8.5)
    axes.text(20.7, -1.6, "IoU and AP: q6\nanother overlap: q9", va="center", fontsize=8.5)
    plt.show()


draw_parts()

# %% [markdown]
# **One convention for all questions.** Pixel $j$ covers $j \le x < j + 1$; its centre is $j + \frac12$. The same holds
# for the cells of a map. A box is $(x_1, y_1, x_2, y_2)$; its width is $x_2 - x_1$, and its corners need not be whole
# numbers.
#
# ## Question 1. RoIAlign (13 points)
#
# A map has one cell for, say, 2 x 2 pixels of the image. A box covers a piece of the map, and its corners lie somewhere
# in cells. RoIAlign rounds nothing. It divides the piece into $M \times M$ **bins** of equal size, reads the map at
# some places in each bin, and returns the mean.
#
# 1. **The corners** in cells: pixels times `scale` (1/2 for a map with half as many rows and columns as the image).
# 2. **The places.** In each bin lie $n \times n$ samples: the bin is divided into $n \times n$ equal parts, and a
#    sample is the *centre of its part*. With bins of width $w$, the samples of bin $j$ are at
#    $x_1 + \left(j + \frac{k + 1/2}{n}\right) w$, $k = 0 \ldots n - 1$. (So with $n = 1$ it is the bin's centre.)
# 3. **Reading** at the place $(x, y)$. The centre of cell 0 is at 0.5. So $u = x - \frac12$ counts from centre to
#    centre: between the cells $\lfloor u \rfloor$ and $\lfloor u \rfloor + 1$, the value is interpolated linearly. The
#    same for rows, with $v = y - \frac12$: four cells.
# 4. **Near the border.** Between the outermost centre and half a cell *outside of the map*, the outermost cell goes on:
#    for $-0.5 \le x < 0.5$, $u$ is taken to be 0, and for $W - 0.5 < x \le W + 0.5$ it is taken to be $W - 1$; the
#    same for $y$, $v$ and $H$. A place that is farther outside than that, on any of the four sides, reads 0. It is
#    counted in the mean all the same.
#
# By hand: a map of 4 x 4 cells, `scale` 1/2, the box (1, 2, 5, 6) in pixels. In cells it is (0.5, 1, 2.5, 3). With
# $M = 2$ and $n = 1$, bins are 1 x 1 cell, and the samples lie at $x = 1, 2$ and $y = 1.5, 2.5$:


# %% jupyter={"source_hidden": true}
MAP = [[0, 8, 4, 0], [4, 0, 8, 4], [8, 4, 0, 12], [0, 4, 8, 4]]


def draw_align():
    """Draw the map with a region and its samples, what they read, and one sample more."""
    axes = canvas(9.6, 2.5, (-0.4, 23.0), (-4.6, 1.4))
    sheet(axes, MAP, (0, 0), "map, 4 × 4")
    frame(axes, (0, 0), (0.5, 1, 2.5, 3), ORANGE)
    dots(axes, (0, 0), [(x, y) for y in (1.5, 2.5) for x in (1, 2)], ORANGE)
    dots(axes, (0, 0), [(1.75, 1.25)], BLUE)
    sheet(axes, [[2, 4], [6, 2]], (6.0, -1), "M = 2, n = 1", [[SAND] * 2] * 2)
    sign(axes, 5.0, -2, "→")
    lines(axes, (9.2, -0.2), (
        "orange, the first: x = 1, so u = 0.5 between columns 0 and 1;",
        "y = 1.5, so v = 1: row 1 alone. (4 + 0) / 2 = 2",
        "blue, another place: x = 1.75, y = 1.25. Columns 1 and 2 with 0.75",
        "and 0.25, rows 0 and 1 with 0.25 and 0.75:",
        "0.25 (0.75 · 8 + 0.25 · 4) + 0.75 (0.75 · 0 + 0.25 · 8) = 3.25",
    ))  # fmt: skip
    plt.show()


draw_align()

# %% [markdown]
# A box may be smaller than a cell, and even have no area: then all its samples lie at the same place, and each bin has
# what is read there. There may be no box at all. (Loops over regions, bins and samples are fine. But let one step of
# them read all channels at once, as `x[n, :, i, j]`: at the end of the notebook, this is called some hundred times.)
#
# **Write** `roi_align(x, rois, bins, scale, samples)`:
#
# | | |
# |---|---|
# | `x` | maps, (N, C, H, W) |
# | `rois` | (R, 5): the number of the image (a whole number, though stored as a float), and $x_1, y_1, x_2, y_2$ in pixels of the image. $x_2 \ge x_1$, $y_2 \ge y_1$ |
# | `bins`, `samples` | M and n, integers of at least 1 |
# | `scale` | cells per pixel, above 0 |
# | returns | (R, C, M, M) |


# %%
# answer: q1
def roi_align(x, rois, bins, scale, samples):
    """Return the mean of the samples of each bin, (R, C, M, M)."""
    ### BEGIN SOLUTION
    out = np.zeros((len(rois), x.shape[1], bins, bins))
    for r, (image, x1, y1, x2, y2) in enumerate(rois):
        down = _weights(y1 * scale, y2 * scale, bins, samples, x.shape[2])
        across = _weights(x1 * scale, x2 * scale, bins, samples, x.shape[3])
        out[r] = down @ x[int(image)] @ across.T
    return out


def _weights(low, high, bins, samples, length):
    """Return how much each of ``length`` cells counts in each bin, (M, length)."""
    places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples)
    u = np.clip(places - 0.5, 0, length - 1)
    weights = np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))
    weights[(places < -0.5) | (places > length + 0.5)] = 0
    return weights.reshape(bins, samples, length).mean(axis=1)
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ## Question 2. The gradient of RoIAlign (10 points)
#
# A bin is a sum of cells, each times a fixed weight. So the gradient of a bin goes to the same cells, times the same
# weights. What cells get from several samples, bins and regions is **added**.
#
# By hand, with the map above, $M = 1$, $n = 1$ and `scale` 1. Region A is centred at the blue place (1.75, 1.25), and
# its bin has the gradient 16. Region B is centred at (2, 1.5), and its bin has the gradient 4:


# %% jupyter={"source_hidden": true}
def draw_gradient():
    """Draw what two regions send to the cells of a map."""
    axes = canvas(9.2, 2.4, (-0.4, 21.5), (-4.8, 1.3))
    one = [[0, 3, 1, 0], [0, 9, 3, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    two = [[0, 0, 0, 0], [0, 2, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    total = [[0, 3, 1, 0], [0, 11, 5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    for at, values, title, boxes in (
        (0, one, "from region A", [((0.75, 0.25, 2.75, 2.25), BLUE)]),
        (5.6, two, "from region B", [((1, 0.5, 3, 2.5), ORANGE)]),
        (11.2, total, "both", [((0.75, 0.25, 2.75, 2.25), BLUE), ((1, 0.5, 3, 2.5), ORANGE)]),
    ):
        sheet(axes, values, (at, 0), title, [[YELLOW if v else WHITE for v in row] for row in values])
        for box, colour in boxes:
            frame(axes, (at, 0), box, colour)
    sign(axes, 4.8, -2, "+")
    sign(axes, 10.4, -2, "=")
    lines(axes, (16.0, -0.6), ("16 · 0.25 · 0.75 = 3", "16 · 0.75 · 0.75 = 9", "4 · 1 · 0.5 = 2", "9 + 2 = 11"))
    plt.show()


draw_gradient()

# %% [markdown]
# The numbers of a map's gradient add up to those of `grad`, as long as no sample reads 0 outside. (Does yours?) Near
# the border, two of the four cells are the same one: it gets both shares. A sample that reads 0 sends nothing.
#
# **Write** `roi_align_grad(grad, rois, input_shape, scale, samples)`:
#
# | | |
# |---|---|
# | `grad` | the gradient of the loss with respect to the result of `roi_align`, (R, C, M, M) |
# | `rois`, `scale`, `samples` | as in question 1 |
# | `input_shape` | (N, C, H, W), a tuple |
# | returns | the gradient with respect to `x`, of that shape |


# %%
# answer: q2
def roi_align_grad(grad, rois, input_shape, scale, samples):
    """Return the gradient with respect to the maps, (N, C, H, W)."""
    ### BEGIN SOLUTION
    out = np.zeros(input_shape)
    bins, (height, width) = grad.shape[2], input_shape[2:]
    for r, (image, x1, y1, x2, y2) in enumerate(rois):
        down = _weights(y1 * scale, y2 * scale, bins, samples, height)
        across = _weights(x1 * scale, x2 * scale, bins, samples, width)
        out[int(image)] += down.T @ grad[r] @ across
    return out


def _weights(low, high, bins, samples, length):
    """Return how much each of ``length`` cells counts in each bin, (M, length)."""
    places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples)
    u = np.clip(places - 0.5, 0, length - 1)
    weights = np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))
    weights[(places < -0.5) | (places > length + 0.5)] = 0
    return weights.reshape(bins, samples, length).mean(axis=1)
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ## Question 3. Mask targets (10 points)
#
# For each box the head says $M \times M$ numbers. What should it have said? The true mask is cut to the *box* (not to
# the object: the box is what the head sees), and divided into $M \times M$ bins of equal size. The target of a bin is
# **the share of its area that the mask covers**, from 0 to 1. Pixels that are only partly in a bin count with that
# part. What lies outside of the image is not covered.
#
# By hand: a mask of 4 x 4 pixels, the box (0.5, 0, 3.5, 3), $M = 2$, so that bins are 1.5 x 1.5 pixels. Column 0 of
# bins has a third of its width in pixel 0 (from 0.5 to 1), and two thirds in pixel 1. Row 0 of bins has two thirds of
# its height in pixel 0, and one third in pixel 1.


# %% jupyter={"source_hidden": true}
PIXELS = [[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]


def draw_target():
    """Draw a mask, a box, its bins, and their shares."""
    axes = canvas(9.2, 2.4, (-0.4, 21.5), (-4.8, 1.3))
    sheet(axes, PIXELS, (0, 0), "true mask, 4 × 4", [[SKY if v else WHITE for v in row] for row in PIXELS])
    frame(axes, (0, 0), (0.5, 0, 3.5, 3), ORANGE)
    for box in ((0.5, 0, 2, 3), (0.5, 0, 3.5, 1.5)):
        frame(axes, (0, 0), box, ORANGE, "--")
    sheet(axes, [["2/3", "7/9"], ["2/9", "1"]], (6.0, -0.5), "target, M = 2", [[SAND] * 2] * 2, size=1.5)
    sign(axes, 5.0, -2, "→")
    lines(axes, (10.2, -0.3), (
        "upper left: row 0 of pixels: 2/3 covered; row 1: 2/3 covered;",
        "2/3 · 2/3 + 1/3 · 2/3 = 2/3",
        "upper right: row 0: 2/3 (pixel 3 is not), row 1: all;",
        "2/3 · 2/3 + 1/3 · 1 = 7/9",
        "lower left: row 1: 2/3, row 2: 0;  1/3 · 2/3 + 2/3 · 0 = 2/9",
    ))  # fmt: skip
    plt.show()


draw_target()

# %% [markdown]
# There are more boxes than objects, and each box belongs to one object: `matches[r]` is the number of box r's object. A
# mask that fills its box gives ones. A box without area has no bins: its target is all zeros. There may be no box, and
# no object either.
#
# **Write** `mask_targets(masks, boxes, matches, bins)`:
#
# | | |
# |---|---|
# | `masks` | the true masks, bool (G, H, W) |
# | `boxes` | (R, 4), in pixels; any part of them may lie outside of the image |
# | `matches` | integers (R,), from 0 to G − 1 |
# | `bins` | M |
# | returns | (R, M, M) |


# %%
# answer: q3
def mask_targets(masks, boxes, matches, bins):
    """Return which share of each bin of each box its object covers, (R, M, M)."""
    ### BEGIN SOLUTION
    targets = np.zeros((len(boxes), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        if x2 > x1 and y2 > y1:
            mask = masks[matches[r]]
            targets[r] = _shares(y1, y2, bins, mask.shape[0]) @ mask @ _shares(x1, x2, bins, mask.shape[1]).T
    return targets


def _shares(low, high, bins, length):
    """Return which share of each bin each of ``length`` pixels has, along one axis: (M, length)."""
    step = (high - low) / bins
    begin = low + step * np.arange(bins)[:, None]
    pixel = np.arange(length)
    return np.maximum(0, np.minimum(begin + step, pixel + 1) - np.maximum(begin, pixel)) / step
    ### END SOLUTION


# %%
check("q3")

# %% [markdown]
# ## Question 4. The loss of the masks, and its gradient (10 points)
#
# The head says a mask for *every* class: logits (K, M, M) for each region. Each number $z$ goes through a sigmoid of
# its own, $p = 1 / (1 + e^{-z})$, so that classes do not compete. Which of the K masks learns? **Only that of the
# region's true class.** What the other K − 1 masks say has no influence. And only regions that *are* objects count:
# those with label 0 are background, which has no mask.
#
# The loss of one bin with the target $t$ is the binary cross-entropy, $-t \log p - (1 - t) \log(1 - p)$; a target is a
# share, and may lie between 0 and 1. The loss is the **mean over all bins of all regions with a label above 0**. If
# there is none, it is 0, and so is the gradient.
#
# By hand, $M = 2$, one region of class 2, and one of background:


# %% jupyter={"source_hidden": true}
def draw_loss():
    """Draw probabilities and targets, losses and gradients of 2 x 2 bins."""
    axes = canvas(10, 2.3, (-0.4, 24.6), (-4.4, 1.3))
    tables = (("$p$ of class 2", [["1/2", "3/4"], ["1/4", "1/2"]], SKY),
              ("target $t$", [["1", "1"], ["0", "1/2"]], SAND),
              ("loss of the bin", [["0.693", "0.288"], ["0.288", "0.693"]], WHITE),
              ("gradient: $(p − t) / 4$", [["−1/8", "−1/16"], ["1/16", "0"]], LIME))  # fmt: skip
    for number, (title, values, colour) in enumerate(tables):
        sheet(axes, values, (4.9 * number, 0), title, [[colour] * 2] * 2, size=1.7, fontsize=9)
    lines(axes, (19.0, -0.4), ("mean of 4 bins: 0.490", "class 0 and class 1 of this", "region: gradient 0",
                               "the region of background:", "not in the sum, not counted"))  # fmt: skip
    plt.show()


draw_loss()

# %% [markdown]
# **Large logits.** $e^{1000}$ is infinite for a computer, and so is $-\log(1 - p)$ if $p$ was rounded to 1. The loss is
# not: in terms of $z$, it is $\log(1 + e^z) - t z$, and `np.logaddexp(0, z)` computes $\log(1 + e^z)$ for every $z$.
#
# **Write** `mask_loss(logits, targets, labels)`, which returns one number, and `mask_loss_grad` with the same
# arguments, which returns the gradient with respect to the logits, an array of their shape.
#
# | | |
# |---|---|
# | `logits` | (R, K, M, M); `logits[r, k]` is region r's mask of class k |
# | `targets` | (R, M, M), from 0 to 1; for a region of background, any numbers |
# | `labels` | integers (R,), from 0 (background) to K − 1 |


# %%
# answer: q4
def mask_loss(logits, targets, labels):
    """Return the mean binary cross-entropy of the true classes' masks; 0 if no region has an object."""
    ### BEGIN SOLUTION
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects]], targets[objects]
    return float((np.logaddexp(0, z) - t * z).mean())
    ### END SOLUTION


def mask_loss_grad(logits, targets, labels):
    """Return the gradient of the loss with respect to the logits, (R, K, M, M)."""
    ### BEGIN SOLUTION
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects, labels[objects]] = (np.exp(-np.logaddexp(0, -z)) - t) / z.size
    return slope
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## Question 5. Pasting, and the final masks (11 points)
#
# Back from $M \times M$ numbers to pixels: the mask is stretched over the box. Bin $m$ of a box from $x_1$ to $x_2$ has
# its centre at $x_1 + (m + \frac12) (x_2 - x_1) / M$. Turned around: the centre of pixel $j$, at $j + \frac12$, lies at
#
# $$u = \frac{j + \frac12 - x_1}{x_2 - x_1} M - \frac12$$
#
# if bins are counted from centre to centre, as in question 1. Between two bins the value is interpolated linearly.
# Before the first centre and behind the last one, the outermost bin goes on. The same for rows, so that four bins
# count.
#
# **Which pixels?** Those whose *centre* lies in the box: $x_1 \le j + \frac12 < x_2$, and the same for rows. All others
# are 0. So a box without area has no pixel, and so does a thin box between two centres.
#
# By hand: the box (1, 0, 5, 4) in an image of 4 x 6 pixels, $M = 2$. The pixels of columns 1 to 4 have
# $u = -0.25, 0.25, 0.75, 1.25$, so that the first bin's weights are $1, 0.75, 0.25, 0$. (The mask is written in 32nds.)


# %% jupyter={"source_hidden": true}
def draw_paste():
    """Draw a mask of 2 x 2 bins, and what is pasted."""
    axes = canvas(9.8, 2.4, (-0.4, 24.0), (-4.8, 1.3))
    pasted = [[0, 32, 24, 8, 0, 0], [0, 24, 19, 9, 4, 0], [0, 8, 9, 11, 12, 0], [0, 0, 4, 12, 16, 0]]
    sheet(axes, [[32, 0], [0, 16]], (0, 0), "mask, M = 2, in 32nds", [[SAND] * 2] * 2, size=2.0)
    sheet(
        axes, pasted, (6.6, 0), "pasted, 4 × 6, in 32nds", [[SAND if v >= 16 else WHITE for v in row] for row in pasted]
    )
    frame(axes, (6.6, 0), (1, 0, 5, 4), ORANGE)
    sign(axes, 5.4, -2, "→")
    lines(axes, (13.6, -0.4), (
        "row 1, column 2 of the image: the first row of bins",
        "counts 0.75, and so does the first column:",
        "0.75 · 0.75 · 32 + 0.25 · 0.25 · 16 = 18 + 1 = 19",
        "coloured: at least 0.5, the final mask",
    ))  # fmt: skip
    plt.show()


draw_paste()

# %% [markdown]
# **The final mask.** At test time the box head has chosen a class and a box for each region. Then, in this order: take
# the logits of *that class*, make probabilities of them by the sigmoid, paste these, and **at last** compare: what is
# at least the threshold belongs to the mask. (A threshold before pasting would cut the bins out with scissors, and
# leave steps as large as a bin.)
#
# **Write** two functions (the second may call the first: they belong to one question):
#
# | | |
# |---|---|
# | `paste_masks(masks, boxes, size)` | `masks` (R, M, M), any numbers; `boxes` (R, 4) in pixels, parts of them may lie outside of the image; `size` is (H, W). Returns (R, H, W) |
# | `final_masks(logits, labels, boxes, size, threshold=0.5)` | `logits` (R, K, M, M); `labels` integers (R,), from 1 to K − 1; `threshold` above 0. Returns bool, (R, H, W) |


# %%
# answer: q5
def paste_masks(masks, boxes, size):
    """Stretch each mask over its box, in the pixels of an image: (R, H, W)."""
    ### BEGIN SOLUTION
    bins = masks.shape[-1]
    pasted = np.zeros((len(masks), *size))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        pasted[r] = _stretch(y1, y2, bins, size[0]) @ masks[r] @ _stretch(x1, x2, bins, size[1]).T
    return pasted


def _stretch(low, high, bins, length):
    """Return how much each bin counts in each of ``length`` pixels, along one axis: (length, M)."""
    centres = np.arange(length) + 0.5
    inside = (low <= centres) & (centres < high)
    u = np.clip((centres - low) / max(high - low, 1e-9) * bins - 0.5, 0, bins - 1)
    return inside[:, None] * np.maximum(0, 1 - np.abs(u[:, None] - np.arange(bins)))
    ### END SOLUTION


def final_masks(logits, labels, boxes, size, threshold=0.5):
    """Return the pixels of each object, bool (R, H, W)."""
    ### BEGIN SOLUTION
    chosen = logits[np.arange(len(labels)), labels]
    return paste_masks(1 / (1 + np.exp(-chosen)), boxes, size) >= threshold
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# ## Question 6. IoU of masks, and COCO's average precision (14 points)
#
# **Overlap.** The IoU of two masks is the number of pixels that are in both, over the number of those that are in at
# least one. If both masks are empty, it is 0.
#
# **Matching.** The detections of one class in one image, the best score first, meet the true objects of this class in
# this image. One after the other, each detection looks at the objects that are **still free**, takes the one with the
# largest IoU, *if that is at least the threshold*, and is right. Otherwise it is wrong. (VOC's rule is another one:
# there, a detection looks at all objects, and is wrong if its best one is taken.) If two free objects have the same
# IoU, the **last** one is taken, as in COCO's own code. By hand, for the threshold 0.6:
#
# | IoU with | object 0 | object 1 | |
# |---|---|---|---|
# | detection 0, score 0.9 | 0.60 | **0.70** | takes object 1: right |
# | detection 1, score 0.8 | **0.65** | 0.75 | object 1 is taken; object 0 is free, and 0.65 is enough: right |
# | detection 2, score 0.7 | 0.80 | 0.10 | nothing is free: wrong |
#
# **Average precision.** Now take the detections of *all images*, by descending score; equal scores stay in the order in
# which they come. After the first $i$ of them, **precision** is how many of these $i$ are right, and **recall** how
# many of all objects were found. Precision goes up and down; so at each recall $r$ COCO takes the *largest precision at
# that recall or any higher one*, and 0 if the recall is never reached. The average precision is the mean of this over
# the 101 recalls $r = 0, 0.01, \ldots, 1$; without any detection it is 0. (If 3 of 5 objects are found, the recall 0.6
# is reached; but a computer rounds both numbers, and may say that it is not. The checks never ask this: there, no
# recall is one of the 101, but for 0 and 1. And in `mask_ap` no IoU is equal to a threshold.) By hand, three objects,
# four detections:


# %% jupyter={"source_hidden": true}
def draw_precision():
    """Draw four detections, their precision and recall, and the curve that COCO reads."""
    _, (left, axes) = viz.subplots(1, 2, figsize=(9.6, 2.6))
    left.axis("off")
    left.set(xlim=(0, 9), ylim=(0, 5.4))
    rows = (("score", "right", "precision", "recall"), ("0.9", "yes", "1/1", "1/3"), ("0.8", "no", "1/2", "1/3"),
            ("0.6", "yes", "2/3", "2/3"), ("0.5", "yes", "3/4", "3/3"))  # fmt: skip
    for number, row in enumerate(rows):
        for column, word in enumerate(row):
            left.text(1 + 2.1 * column, 5 - 0.85 * number, word, ha="center", va="center", fontsize=9.5)
    left.text(0.4, 0.5, "34 recalls (0 to 0.33) with 1, 67 with 3/4: (34 + 67 · 0.75) / 101 = 0.834", fontsize=9)
    recall, precision = np.array([1, 1, 2, 3]) / 3, (1, 1 / 2, 2 / 3, 3 / 4)
    axes.plot(recall, precision, "o--", color=BLUE, label="detections")
    axes.plot((0, 1 / 3, 1 / 3, 1), (1, 1, 0.75, 0.75), color=ORANGE, lw=2, label="what COCO reads")
    axes.set(xlim=(0, 1.03), ylim=(0, 1.08), xlabel="recall", ylabel="precision")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=9, loc="lower left")
    plt.show()


draw_precision()

# %% [markdown]
# **Mask AP.** This for each class (1 to K − 1) that has a true object somewhere, and for each of the ten thresholds
# 0.5, 0.55, ..., 0.95; the mean of all that is **AP**. With the threshold 0.5 alone it is AP50, with 0.75 alone AP75.
# Classes without any object are left out. A detection can only match an object of its own class and image. Equal scores
# stay in the order of the images, and in that of the detections in an image.
#
# **Write** four functions (they may call each other):
#
# | | |
# |---|---|
# | `mask_iou(found, true)` | bool (D, H, W) and (G, H, W); D or G may be 0. Returns (D, G) |
# | `match(ious, threshold)` | (D, G), the detections by descending score. Returns bool (D,): which are right |
# | `average_precision(scores, right, total)` | (D,) and bool (D,), in any order; `total` is the number of objects, at least 1. Returns one number |
# | `mask_ap(detections, truths, classes)` | two lists, with a tuple for each image: `(masks, labels, scores)` and `(masks, labels)`; masks are bool (D, H, W) and (G, H, W), the others (D,) or (G,); labels are from 1 to K − 1; detections come in any order; `classes` is K, background included. At least one object is there. Returns a tuple `(AP, AP50, AP75)` |


# %%
# answer: q6
def mask_iou(found, true):
    """Return the IoU of each mask that was found with each true one, (D, G)."""
    ### BEGIN SOLUTION
    ones = (
        found.reshape(len(found), -1).astype(float) if len(found) else np.zeros((0, true[0].size if len(true) else 0))
    )
    others = true.reshape(len(true), -1).astype(float) if len(true) else np.zeros((0, ones.shape[1]))
    both = ones @ others.T
    either = ones.sum(axis=1)[:, None] + others.sum(axis=1) - both
    return both / np.maximum(either, 1)
    ### END SOLUTION


def match(ious, threshold):
    """Return which detections find an object that is still free, bool (D,)."""
    ### BEGIN SOLUTION
    free = np.ones(ious.shape[1], bool)
    right = np.zeros(len(ious), bool)
    for d, row in enumerate(ious):
        best, chosen = threshold, None
        for g in np.flatnonzero(free):
            if row[g] >= best:
                best, chosen = row[g], g
        if chosen is not None:
            right[d], free[chosen] = True, False
    return right
    ### END SOLUTION


def average_precision(scores, right, total):
    """Return the mean of COCO's precision over 101 recalls."""
    ### BEGIN SOLUTION
    hits = np.asarray(right, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    found = np.cumsum(hits)
    recall, precision = found / total, found / np.arange(1, len(hits) + 1)
    asked = np.linspace(0, 1, 101)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in asked]))
    ### END SOLUTION


def mask_ap(detections, truths, classes):
    """Return COCO's AP of masks, over ten thresholds, and those of 0.5 and of 0.75 alone."""
    ### BEGIN SOLUTION
    thresholds = np.linspace(0.5, 0.95, 10)
    table = []
    for k in range(1, classes):
        total = sum(int((labels == k).sum()) for _, labels in truths)
        if not total:
            continue
        scores, right = [], [[] for _ in thresholds]
        for (masks, labels, points), (true, names) in zip(detections, truths):
            mine = np.flatnonzero(labels == k)
            mine = mine[np.argsort(-points[mine], kind="stable")]
            ious = mask_iou(masks[mine], true[names == k])
            scores.extend(points[mine])
            for row, threshold in zip(right, thresholds):
                row.extend(match(ious, threshold))
        table.append([average_precision(scores, row, total) for row in right])
    means = np.mean(table, axis=0)
    return float(means.mean()), float(means[0]), float(means[5])
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# ## Question 7. Another way to read a region (12 points)
#
# RoIAlign is one way of many. This term's has the same bins and samples, and another rule. Read it as you would read a
# specification: each sentence matters.
#
# **Frame.** One map (C, H, W), and regions that are given **in cells**, so that there is no scale. There are
# $M \times M$ bins with $n \times n$ samples each, at the same places as in question 1 (each the centre of its part of
# the bin), and $u = x - \frac12$ as there. **But the border is another one:** the outermost cells go on *for ever*.
# However far outside of the map a sample lies, it reads as if the map were continued with its outermost cells. Nothing
# reads 0.

# %% [markdown] tags=["variant:q7=largest"]
# **This term: the largest sample.** Each sample is read as in question 1: linearly between four cells ($u$ is cut to
# $0 \ldots W - 1$ first, and $v$, the same for rows, to $0 \ldots H - 1$). But a bin is not the mean of its samples. It
# is **the largest one**, for each channel by itself.
#
# **The gradient** of a bin goes to the four cells of the sample that was the largest, by its weights, and to no other.
# If several samples are equal and the largest, the **first one in reading order** gets all (rows of samples from the
# top, in each from left to right). In the gradient of a whole map, everything adds up.

# %% [markdown] tags=["variant:q7=cubic"]
# **This term: cubic weights.** A sample reads *four* cells along each axis, so sixteen in all. Let
# $c = \lfloor u \rfloor$ and $t = u - c$. The cells $c - 1$, $c$, $c + 1$ and $c + 2$ count with the weights
#
# $$-\tfrac12 t (1 - t)^2, \qquad 1 - \tfrac52 t^2 + \tfrac32 t^3, \qquad
# \tfrac12 t + 2 t^2 - \tfrac32 t^3, \qquad -\tfrac12 t^2 (1 - t).$$
#
# They add up to 1; two of them are not positive. Rows have the same weights; a cell's weight is that of its row times
# that of its column. A cell outside of the map stands for the outermost cell of its row or column (so $-1$ and $-2$ are
# cell 0). Here **$u$ itself is not cut**: it is the *cells* that are replaced. A bin is the mean of its samples.
#
# **The gradient** of a bin goes to the cells that it was made of, by their weights. Where several weights belong to the
# same cell, they add up.

# %% [markdown] tags=["variant:q7=rotated"]
# **This term: rotated regions.** A region is given by five numbers in cells: its centre $(c_x, c_y)$, its width and
# height $w$ and $h$ *before* the rotation, and an angle $\theta$ in radians. Without the rotation, a sample would lie
# at the distance $(a, b)$ from the centre: $a$ from $-w/2$ to $w/2$, $b$ from $-h/2$ to $h/2$, with bins and samples at
# equal distances as in question 1. With it, the sample lies at
#
# $$x = c_x + a \cos\theta - b \sin\theta, \qquad y = c_y + a \sin\theta + b \cos\theta.$$
#
# ($y$ points down. So a small positive angle moves the right side of the region down.) It is read as in question 1,
# linearly between four cells; $u$ is cut to $0 \ldots W - 1$ first, and $v = y - \frac12$ to $0 \ldots H - 1$. A bin is
# the mean of its samples.
#
# **The gradient** of a bin goes to the cells that it was made of, by their weights. Everything adds up.


# %% jupyter={"source_hidden": true}
def draw_reading(boxes, places, result, gradient, title, texts, unit="", hollow=False):
    """Draw the map of question 1 with samples, the bins, the gradient, and how they come about."""
    axes = canvas(10, 2.5, (-0.4, 24.6), (-4.9, 1.3))
    sheet(axes, MAP, (0, 0), "map, 4 × 4")
    for box in boxes:
        frame(axes, (0, 0), box, ORANGE)
    dots(axes, (0, 0), places, ORANGE, hollow=hollow)
    size = 3.0 / len(result)
    sheet(axes, result, (5.4, -0.5), title, [[SAND] * len(result)] * len(result), size=size)
    sheet(axes, gradient, (9.6, 0), "gradient of the first bin" + unit, fontsize=9)
    lines(axes, (14.0, -0.3), texts)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q7=largest"]
draw_reading(
    [(0.5, 0.5, 2.5, 2.5)], [(1, 1), (2, 1), (1, 2), (2, 2)], [[5]],
    [["0", "1/4", "1/4", "0"], ["0", "1/4", "1/4", "0"], ["0"] * 4, ["0"] * 4], "M = 1, n = 2",
    ("region (0.5, 0.5, 2.5, 2.5); four samples, each in the", "middle of four cells. They read 3 and 5, 4 and 3:",
     "the bin is 5 (the mean would be 3.75).", "It was made of the cells 8, 4, 0, 8: each has a quarter",
     "of the gradient, all other cells none."),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=cubic"]
draw_reading(
    [(1, 1, 3, 3)], [(2, 2)], [["1.98"]],
    [[1, -9, -9, 1], [-9, 81, 81, -9], [-9, 81, 81, -9], [1, -9, -9, 1]], "M = 1, n = 1",
    ("region (1, 1, 3, 3); one sample at (2, 2): u = 1.5, t = 1/2.",
     "Weights of the cells 0 to 3: −1/16, 9/16, 9/16, −1/16.",
     "For t = 1/4 they would be −9/128, 111/128, 29/128, −3/128.", "(4 − 9 · 52 + 81 · 12) / 256 = 1.98"),
    ",\nin 256ths",
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=rotated"]
draw_reading(
    [(1, 1, 3, 3)], [(1.5, 1.5), (2.5, 1.5), (1.5, 2.5), (2.5, 2.5)], [[8, 0], [0, 4]],
    [["0", "0", "0", "0"], ["0", "0", "1", "0"], ["0"] * 4, ["0"] * 4], "M = 2, n = 1",
    ("centre (2, 2), w = h = 2, θ = π/2. The upper left bin:", "a = b = −1/2, so x = 2 + 1/2 and y = 2 − 1/2: the 8",
     "upper right: a = 1/2, b = −1/2: x = 5/2, y = 5/2, a 0.", "With θ = 0 the four would be 0, 8 and 4, 0."),
    hollow=True,
)  # fmt: skip

# %% [markdown] tags=["variant:q7=largest"]
# **Write** `other_align(x, regions, bins, samples)` and `other_align_grad(grad, x, regions, bins, samples)`:
#
# | | |
# |---|---|
# | `x` | (C, H, W) |
# | `regions` | (R, 4): $x_1, y_1, x_2, y_2$, in cells |
# | `grad` | the gradient with respect to the result of `other_align`, (R, C, M, M); the other arguments are those of `other_align` |
# | they return | (R, C, M, M), and the gradient with respect to `x` |

# %% [markdown] tags=["variant:q7=cubic"]
# **Write** `other_align(x, regions, bins, samples)` and `other_align_grad(grad, x, regions, bins, samples)`:
#
# | | |
# |---|---|
# | `x` | (C, H, W) |
# | `regions` | (R, 4): $x_1, y_1, x_2, y_2$, in cells |
# | `grad` | the gradient with respect to the result of `other_align`, (R, C, M, M); the other arguments are those of `other_align` |
# | they return | (R, C, M, M), and the gradient with respect to `x` |

# %% [markdown] tags=["variant:q7=rotated"]
# **Write** `other_align(x, regions, bins, samples)` and `other_align_grad(grad, x, regions, bins, samples)`:
#
# | | |
# |---|---|
# | `x` | (C, H, W) |
# | `regions` | (R, 5): $c_x, c_y, w, h$ in cells, and $\theta$ |
# | `grad` | the gradient with respect to the result of `other_align`, (R, C, M, M); the other arguments are those of `other_align` |
# | they return | (R, C, M, M), and the gradient with respect to `x` |


# %% tags=["variant:q7=largest"]
# answer: q7
def other_align(x, regions, bins, samples):
    """Return the bins of each region, (R, C, M, M)."""
    ### BEGIN SOLUTION
    results = np.zeros((len(regions), len(x), bins, bins))
    for r, region in enumerate(regions):
        results[r] = _sampled(x, region, bins, samples)[0].max(axis=-1)
    return results
    ### END SOLUTION


def other_align_grad(grad, x, regions, bins, samples):
    """Return the gradient with respect to the map, (C, H, W)."""
    ### BEGIN SOLUTION
    slope = np.zeros(x.shape)
    for g, region in zip(grad, regions):
        read, down, across = _sampled(x, region, bins, samples)
        winner = read.argmax(axis=-1)  # the first of equal ones
        for c, i, j in np.ndindex(*winner.shape):
            row, column = i * samples + winner[c, i, j] // samples, j * samples + winner[c, i, j] % samples
            slope[c] += g[c, i, j] * np.outer(down[row], across[column])
    return slope


def _sampled(x, region, bins, samples):
    """Return the samples of each bin, (C, M, M, n n), and how much cells count in each row and column of samples."""
    x1, y1, x2, y2 = region
    down, across = (
        _between(low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples), length)
        for low, high, length in ((y1, y2, x.shape[1]), (x1, x2, x.shape[2]))
    )
    read = (down @ x @ across.T).reshape(len(x), bins, samples, bins, samples)
    return read.transpose(0, 1, 3, 2, 4).reshape(len(x), bins, bins, -1), down, across


def _between(places, length):
    u = np.clip(places - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))
    ### END SOLUTION


# %% tags=["variant:q7=cubic"]
# answer: q7
def other_align(x, regions, bins, samples):
    """Return the bins of each region, (R, C, M, M)."""
    ### BEGIN SOLUTION
    results = np.zeros((len(regions), len(x), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(regions):
        results[r] = _cubic(y1, y2, bins, samples, x.shape[1]) @ x @ _cubic(x1, x2, bins, samples, x.shape[2]).T
    return results
    ### END SOLUTION


def other_align_grad(grad, x, regions, bins, samples):
    """Return the gradient with respect to the map, (C, H, W)."""
    ### BEGIN SOLUTION
    slope = np.zeros(x.shape)
    for g, (x1, y1, x2, y2) in zip(grad, regions):
        slope += _cubic(y1, y2, bins, samples, x.shape[1]).T @ g @ _cubic(x1, x2, bins, samples, x.shape[2])
    return slope


def _cubic(low, high, bins, samples, length):
    """Return how much each of ``length`` cells counts in each bin, along one axis: (M, length)."""
    u = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5
    c = np.floor(u).astype(int)
    t = u - c
    four = (-t * (1 - t) ** 2 / 2, 1 - 2.5 * t**2 + 1.5 * t**3, t / 2 + 2 * t**2 - 1.5 * t**3, -(t**2) * (1 - t) / 2)
    table = np.zeros((len(u), length))
    for number, weight in enumerate(four):
        np.add.at(table, (np.arange(len(u)), np.clip(c - 1 + number, 0, length - 1)), weight)
    return table.reshape(bins, samples, length).mean(axis=1)
    ### END SOLUTION


# %% tags=["variant:q7=rotated"]
# answer: q7
def other_align(x, regions, bins, samples):
    """Return the bins of each region, (R, C, M, M)."""
    ### BEGIN SOLUTION
    results = np.zeros((len(regions), len(x), bins, bins))
    for r, region in enumerate(regions):
        for weight, rows, columns in _corners(region, bins, samples, *x.shape[1:]):
            read = weight * x[:, rows, columns]  # (C, M n, M n)
            results[r] += read.reshape(len(x), bins, samples, bins, samples).mean(axis=(2, 4))
    return results
    ### END SOLUTION


def other_align_grad(grad, x, regions, bins, samples):
    """Return the gradient with respect to the map, (C, H, W)."""
    ### BEGIN SOLUTION
    slope = np.zeros(x.shape)
    for g, region in zip(grad, regions):
        each = g.repeat(samples, axis=1).repeat(samples, axis=2) / samples**2
        for weight, rows, columns in _corners(region, bins, samples, *x.shape[1:]):
            np.add.at(slope, (slice(None), rows, columns), weight * each)
    return slope


def _corners(region, bins, samples, height, width):
    """Yield weights, rows and columns of the four cells of all samples, each (M n, M n)."""
    cx, cy, w, h, angle = region
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5
    a, b = w * steps, h * steps[:, None]
    u = np.clip(cx + a * np.cos(angle) - b * np.sin(angle) - 0.5, 0, width - 1)
    v = np.clip(cy + a * np.sin(angle) + b * np.cos(angle) - 0.5, 0, height - 1)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    s, t = u - left, v - top
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    yield (1 - s) * (1 - t), top, left
    yield s * (1 - t), top, right
    yield (1 - s) * t, bottom, left
    yield s * t, bottom, right
    ### END SOLUTION


# %%
check("q7")

# %% [markdown]
# ## Question 8. Another loss (10 points)
#
# In the loss of question 4 all bins count the same. Most bins of a large region lie in the middle of the object, or far
# away from it, and are easy. This term's loss weighs them in another way.
#
# **Frame.** As in question 4, only the mask of the true class counts, only regions with a label above 0 do, and $p$ is
# the sigmoid of the logit. But **each region has a loss of its own** first, and the result is the mean of these losses
# over the regions with a label above 0. If there is none, loss and gradient are 0. Logits lie between −20 and 20 here.

# %% [markdown] tags=["variant:q8=jaccard"]
# **This term: a soft IoU.** For one region, with sums over its $M \times M$ bins,
#
# $$I = \sum p\,t, \qquad U = \sum \left(p + t - p\,t\right), \qquad \ell = 1 - \frac{I + 1}{U + 1}.$$
#
# If all $p$ and $t$ are 0 or 1, then $I / U$ is the IoU of the two masks. (The 1 above and below keeps the loss finite
# if both are empty.) *The gradient:* work out $\partial \ell / \partial p$ of one bin, which is in both sums; then from
# $p$ to $z$: $\partial p / \partial z = p (1 - p)$.
#
# By hand, with the 2 x 2 bins of question 4: $I = 0.5 + 0.75 + 0 + 0.25 = 1.5$, $U = 2 + 2.5 - 1.5 = 3$, so
# $\ell = 1 - 2.5 / 4 = 0.375$. The gradient is $(-0.0625, -0.0469)$ in the first row and $(0.0293, -0.0117)$ in the
# second one.

# %% [markdown] tags=["variant:q8=balanced"]
# **This term: object and rest count the same.** For one region, with sums over its $M \times M$ bins,
#
# $$\ell_1 = \frac{\sum t \, (-\log p)}{\sum t}, \qquad
# \ell_0 = \frac{\sum (1 - t) \left(-\log(1 - p)\right)}{\sum (1 - t)}, \qquad
# \ell = \tfrac12 \ell_1 + \tfrac12 \ell_0.$$
#
# If $\sum t = 0$, then $\ell = \ell_0$; if $\sum (1 - t) = 0$, then $\ell = \ell_1$ (*not* half of it: what is not
# there is not part of a mean).
#
# By hand, with the 2 x 2 bins of question 4: $\ell_1 = (0.693 + 0.288 + 0 + 0.5 \cdot 0.693) / 2.5 = 0.531$,
# $\ell_0 = (0 + 0 + 0.288 + 0.5 \cdot 0.693) / 1.5 = 0.423$, so $\ell = 0.477$. The gradient is $(-0.1, -0.05)$ in the
# first row and $(0.0833, 0.0333)$ in the second one.

# %% [markdown] tags=["variant:q8=border"]
# **This term: bins at the border count more.** A bin is *covered* if its target is at least 1/2. It lies at the
# **border** if one of its four direct neighbours (left, right, above, below) is covered and it is not, or the other way
# round. Beyond the $M \times M$ bins there is nothing to differ from. A bin at the border has the weight $w = 4$, all
# others have $w = 1$. With $b$ for the binary cross-entropy of question 4 (of the target as it is, not rounded), the
# loss of one region is
#
# $$\ell = \frac{\sum w \, b}{\sum w}.$$
#
# By hand, with the 2 x 2 bins of question 4: covered are three of them, all but the lower left one. So that one and its
# two neighbours lie at the border, and the upper right bin does not:
# $\ell = (4 \cdot 0.693 + 0.288 + 4 \cdot 0.288 + 4 \cdot 0.693) / 13 = 0.537$. The gradient is $(-0.1538, -0.0192)$ in
# the first row and $(0.0769, 0)$ in the second one.

# %% [markdown]
# **Write** `other_mask_loss(logits, targets, labels)`, one number, and `other_mask_loss_grad(logits, targets, labels)`,
# (R, K, M, M). The arguments are those of question 4.


# %% tags=["variant:q8=jaccard"]
# answer: q8
def other_mask_loss(logits, targets, labels):
    """Return this term's loss of the masks; 0 if no region has an object."""
    ### BEGIN SOLUTION
    losses = []
    for r in np.flatnonzero(labels > 0):
        p, t = 1 / (1 + np.exp(-logits[r, labels[r]])), targets[r]
        losses.append(1 - ((p * t).sum() + 1) / ((p + t - p * t).sum() + 1))
    return float(np.mean(losses)) if losses else 0.0
    ### END SOLUTION


def other_mask_loss_grad(logits, targets, labels):
    """Return the gradient of the loss with respect to the logits, (R, K, M, M)."""
    ### BEGIN SOLUTION
    slope, objects = np.zeros(logits.shape), np.flatnonzero(labels > 0)
    for r in objects:
        p, t = 1 / (1 + np.exp(-logits[r, labels[r]])), targets[r]
        above, below = (p * t).sum() + 1, (p + t - p * t).sum() + 1
        by_p = -(t * below - above * (1 - t)) / below**2
        slope[r, labels[r]] = by_p * p * (1 - p) / len(objects)
    return slope
    ### END SOLUTION


# %% tags=["variant:q8=balanced"]
# answer: q8
def other_mask_loss(logits, targets, labels):
    """Return this term's loss of the masks; 0 if no region has an object."""
    ### BEGIN SOLUTION
    losses = []
    for r in np.flatnonzero(labels > 0):
        z = logits[r, labels[r]]
        on, off = _parts(targets[r])
        losses.append((on * np.logaddexp(0, -z) + off * np.logaddexp(0, z)).sum())
    return float(np.mean(losses)) if losses else 0.0
    ### END SOLUTION


def other_mask_loss_grad(logits, targets, labels):
    """Return the gradient of the loss with respect to the logits, (R, K, M, M)."""
    ### BEGIN SOLUTION
    slope, objects = np.zeros(logits.shape), np.flatnonzero(labels > 0)
    for r in objects:
        p = 1 / (1 + np.exp(-logits[r, labels[r]]))
        on, off = _parts(targets[r])
        slope[r, labels[r]] = (on * (p - 1) + off * p) / len(objects)
    return slope


def _parts(t):
    """Return what -log p and -log(1 - p) of each bin are multiplied by, each (M, M)."""
    inside, outside = t.sum(), (1 - t).sum()
    half = 0.5 if inside > 0 and outside > 0 else 1.0
    return half * t / max(inside, 1e-300), half * (1 - t) / max(outside, 1e-300)
    ### END SOLUTION


# %% tags=["variant:q8=border"]
# answer: q8
def other_mask_loss(logits, targets, labels):
    """Return this term's loss of the masks; 0 if no region has an object."""
    ### BEGIN SOLUTION
    losses = []
    for r in np.flatnonzero(labels > 0):
        z, w = logits[r, labels[r]], _border(targets[r])
        losses.append((w * (np.logaddexp(0, z) - targets[r] * z)).sum() / w.sum())
    return float(np.mean(losses)) if losses else 0.0
    ### END SOLUTION


def other_mask_loss_grad(logits, targets, labels):
    """Return the gradient of the loss with respect to the logits, (R, K, M, M)."""
    ### BEGIN SOLUTION
    slope, objects = np.zeros(logits.shape), np.flatnonzero(labels > 0)
    for r in objects:
        p, w = 1 / (1 + np.exp(-logits[r, labels[r]])), _border(targets[r])
        slope[r, labels[r]] = w * (p - targets[r]) / w.sum() / len(objects)
    return slope


def _border(t):
    """Return the weight of each bin, (M, M)."""
    covered, weights = t >= 0.5, np.ones(t.shape)
    differs = covered[1:] != covered[:-1]
    weights[1:][differs] = weights[:-1][differs] = 4
    differs = covered[:, 1:] != covered[:, :-1]
    weights[:, 1:][differs] = weights[:, :-1][differs] = 4
    return weights
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# ## Question 9. Another overlap of masks (10 points)
#
# The IoU of two large masks is close to 1 even if their outlines look bad, as most pixels lie in the middle. This
# term's overlap looks at something else.

# %% [markdown] tags=["variant:q9=boundary"]
# **This term: the overlap of bands.** The *band* of a mask, for a whole number $d \ge 1$, is the set of those of its
# pixels that lie within $d$ of something that is not the mask: the square of $(2d + 1) \times (2d + 1)$ pixels around
# the pixel has at least one pixel that does **not belong to the mask**. *Pixels outside of the image do not belong to
# the mask.* So where a mask touches the border of the image, it has a band there, too. The overlap of two masks is
# **the smaller one of two numbers**: the IoU of the masks, and the IoU of their bands. (Of two empty masks it is 0.)

# %% [markdown] tags=["variant:q9=trimap"]
# **This term: without the pixels at the outline.** Nobody can say exactly where an object ends. So pixels near the
# outline of the *true* mask are left out, for a whole number $d \ge 1$: a pixel is **uncertain** if the square of
# $(2d + 1) \times (2d + 1)$ pixels around it, *as far as it lies in the image*, has pixels of both kinds: some that
# belong to the true mask, and some that do not. The border of the image is no outline. The overlap is the IoU of what
# was found and what is true, **counted over the certain pixels alone**. If no certain pixel belongs to either of them,
# it is 0. (What was found does not decide what is uncertain. So the two masks cannot be exchanged.)

# %% [markdown] tags=["variant:q9=hull"]
# **This term: with a price for the distance.** Two masks that do not touch have the IoU 0, whether they are neighbours
# or far apart. Let $I$ and $U$ be the number of pixels in both and in at least one of the masks, and $H$ the number of
# pixels of the smallest rectangle of whole pixels that contains *both* masks, made larger by $d \ge 1$ pixels on each
# of its four sides, *as far as there are pixels in the image*. Then the overlap is
#
# $$\frac{I}{U} - \frac{H - U}{H}.$$
#
# It may be negative. If one of the masks is empty, the rectangle is that of the other one. If both are empty, the
# overlap is 0.


# %% jupyter={"source_hidden": true}
TRUE, FOUND = np.zeros((6, 7), bool), np.zeros((6, 7), bool)
TRUE[1:5, :4] = FOUND[2:, 1:] = True


def draw_overlap(texts, marked=None):
    """Draw a true mask, one that was found, and how the overlap is counted; ``marked`` are pixels of each."""
    axes = canvas(10, 2.6, (-0.4, 27.0), (-6.4, 1.2))
    for at, mask, title, colour in ((0, TRUE, "true", SKY), (8, FOUND, "found", SAND)):
        faces = [[colour if v else WHITE for v in row] for row in mask]
        inside = mask if marked is None else marked(mask)
        sheet(axes, [["•" if v else "" for v in row] for row in inside], (at, 0), title, faces)
    lines(axes, (15.8, -0.5), texts)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q9=boundary"]
draw_overlap(
    ("d = 1. Points: the bands, 12 and 16 pixels.", "In both bands: row 2, column 3, and row 4,",
     "column 1, so 2 of 26.",
     "IoU of the bands 1/13, of the masks 9/31:", "the overlap is 1/13 = 0.077."),
    lambda mask: np.array([[mask[r, c] and (r in rows or c in columns) for c in range(7)] for r in range(6)
                           for rows, columns in [((1, 4), (0, 3)) if mask[1, 0] else ((2, 5), (1, 6))]]),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=trimap"]
draw_overlap(
    ("d = 1. Points: the certain pixels. 6 belong to the", "true mask (column 0 is among them: the border",
     "of the image is no outline), 12 do not.",
     "Found of these: 4 that are true, 8 that are not.", "The overlap is 4 / (6 + 8) = 0.286."),
    lambda mask: np.array([[(c < 3 and r in (2, 3)) or c > 4 for c in range(7)] for r in range(6)]),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=hull"]
draw_overlap(
    ("I = 9, U = 16 + 24 − 9 = 31.", "The rectangle of both: rows 1 to 5, all 7 columns.",
     "d = 1: row 0 is added; there is nothing more in",
     "the image. H = 42.", "9/31 − (42 − 31) / 42 = 0.028"),
)  # fmt: skip

# %% [markdown]
# **Write** `other_overlap(found, true, d)`: bool (D, H, W) and (G, H, W), with at least one mask each, and an integer.
# Returns the overlaps, (D, G).


# %% tags=["variant:q9=boundary"]
# answer: q9
def other_overlap(found, true, d):
    """Return this term's overlap of each mask that was found with each true one, (D, G)."""
    ### BEGIN SOLUTION
    return np.minimum(_ratio(found, true), _ratio(_band(found, d), _band(true, d)))


def _ratio(ones, others):
    both = (ones[:, None] & others).sum(axis=(2, 3))
    return both / np.maximum((ones[:, None] | others).sum(axis=(2, 3)), 1)


def _band(masks, d):
    height, width = masks.shape[1:]
    framed = np.pad(masks, ((0, 0), (d, d), (d, d)))
    deep = masks.copy()
    for i in range(2 * d + 1):
        for j in range(2 * d + 1):
            deep &= framed[:, i : i + height, j : j + width]
    return masks & ~deep
    ### END SOLUTION


# %% tags=["variant:q9=trimap"]
# answer: q9
def other_overlap(found, true, d):
    """Return this term's overlap of each mask that was found with each true one, (D, G)."""
    ### BEGIN SOLUTION
    certain = _everywhere(true, d) | _everywhere(~true, d)
    both = (found[:, None] & true & certain).sum(axis=(2, 3))
    return both / np.maximum(((found[:, None] | true) & certain).sum(axis=(2, 3)), 1)


def _everywhere(masks, d):
    """Return where all pixels of the square belong to the mask."""
    height, width = masks.shape[1:]
    framed = np.pad(masks, ((0, 0), (d, d), (d, d)), constant_values=True)
    deep = masks.copy()
    for i in range(2 * d + 1):
        for j in range(2 * d + 1):
            deep &= framed[:, i : i + height, j : j + width]
    return deep
    ### END SOLUTION


# %% tags=["variant:q9=hull"]
# answer: q9
def other_overlap(found, true, d):
    """Return this term's overlap of each mask that was found with each true one, (D, G)."""
    ### BEGIN SOLUTION
    overlaps = np.zeros((len(found), len(true)))
    for i, one in enumerate(found):
        for j, other in enumerate(true):
            either = one | other
            if either.any():
                sides = [np.flatnonzero(either.any(axis=axis)) for axis in (0, 1)]
                ends = [(max(s[0] - d, 0), min(s[-1] + d + 1, n)) for s, n in zip(sides, either.shape[::-1])]
                hull = (ends[0][1] - ends[0][0]) * (ends[1][1] - ends[1][0])
                overlaps[i, j] = (one & other).sum() / either.sum() - (hull - either.sum()) / hull
    return overlaps
    ### END SOLUTION


# %%
check("q9")

# %% [markdown]
# ## Your functions learn
#
# Now the network of the figure, on real handwriting: scenes of 64 x 64 pixels with three to six digits, some of them
# partly covered. The network gets boxes (as a detector would propose them: near an object, but never exactly on it),
# and says for each of them which digit is there, or none, and which pixels belong to it.
#
# Nothing below is graded. It needs questions 1 to 6; the last part also needs 7, 8 and 9. Convolutions, the loss of the
# classes and the optimiser are minidet's. **RoIAlign and its gradient, targets, the masks' loss and gradient, pasting,
# IoU and AP are yours.**

# %%
SIZE, SCALE, M = 64, 1 / 2, 16  # pixels of a scene; cells per pixel; bins of a mask
SCENES, TESTS = (12, 4) if QUICK else (400, 60)
NAMES = ["nothing", *"0123456789"]
K = len(NAMES)


def proposals(target, seed, moved=0.08, empty=2):
    """Return boxes near each object of a scene and some others, labels (0: nothing), and the objects they belong to."""
    draws = np.random.default_rng(seed)
    true = target["boxes"].astype(float)
    sides = np.tile(true[:, 2:] - true[:, :2], 2)
    near = true + draws.uniform(-moved, moved, true.shape) * sides
    corner, side = draws.uniform(0, SIZE - 24, (40, 2)), draws.uniform(14, 24, (40, 2))
    others = np.concatenate([corner, corner + side], 1)
    shared = np.maximum(
        0, np.minimum(others[:, None, 2:], true[:, 2:]) - np.maximum(others[:, None, :2], true[:, :2])
    ).prod(2)
    others = others[(shared / side.prod(1)[:, None]).max(1, initial=0) < 0.3][:empty]
    labels = np.concatenate([target["labels"], np.zeros(len(others), int)])
    return np.concatenate([near, others]), labels, np.arange(len(labels)) % max(len(true), 1)


def load(split, number, seed):
    """Return images (N, 3, 64, 64) in [-2, 2], what is in each, and the proposals of each."""
    data = DigitScenes(split, size=SIZE, length=number, seed=seed)
    pairs = [data.load(i) for i in range(number)]
    targets = [target for _, target in pairs]
    return (
        np.stack([image for image, _ in pairs]) * 4 - 2,
        targets,
        [proposals(t, (seed, i)) for i, t in enumerate(targets)],
    )


images, objects, boxes = load("train", SCENES, seed=0)
test_images, test_objects, test_boxes = load("test", TESTS, seed=1)  # written by other hands
begin = time.perf_counter()
goals = [mask_targets(one["masks"], b, matches, M) for one, (b, _, matches) in zip(objects, boxes)]  # question 3
print(f"{sum(map(len, goals))} targets in {time.perf_counter() - begin:.1f} s; if this is slow, make SCENES smaller")

# %% [markdown]
# **Perfect in, perfect out.** If the head said its target, bin by bin, would the mask come back? Cut with question 3,
# paste with question 5, compare with question 6. No training can be better than this.

# %%
ceiling = []
for one in test_objects:
    exact = one["boxes"].astype(float)
    cut = mask_targets(one["masks"], exact, np.arange(len(exact)), M)
    ceiling.extend(np.diag(mask_iou(paste_masks(cut, exact, (SIZE, SIZE)) >= 0.5, one["masks"])))
print(f"IoU of {len(ceiling)} perfect masks: {np.mean(ceiling):.3f} on average, the worst one {np.min(ceiling):.3f}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(9.6, 2.6))
viz.draw_image(test_images[0] / 4 + 0.5, ax=grid[0])
for (x1, y1, x2, y2), label in zip(*test_boxes[0][:2]):
    edge = {"edgecolor": ORANGE if label else BLUE, "linestyle": "-" if label else "--", "linewidth": 1.5}
    grid[0].add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, facecolor="none", **edge))
viz.draw_masks(
    test_images[0] / 4 + 0.5, {name: test_objects[0][name] for name in ("masks", "labels")}, NAMES, ax=grid[1]
)
cut = mask_targets(test_objects[0]["masks"], test_boxes[0][0], test_boxes[0][2], M)
grid[2].imshow(cut[0], cmap="Blues", vmin=0, vmax=1)
grid[3].imshow(
    paste_masks(cut[:1], test_boxes[0][0][:1], (SIZE, SIZE))[0], cmap="Blues", vmin=0, vmax=1, extent=(0, SIZE, SIZE, 0)
)
for axes, title in zip(grid, ("boxes", "true masks", "a target, 16 × 16", "pasted")):
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# A `Function` ties a forward and a backward pass together, so that minidet's tape can run yours:


# %%
class YourAlign(Function):
    @staticmethod
    def forward(ctx, x, rois, bins):
        ctx.options = rois, x.shape
        return roi_align(x, rois, bins, SCALE, 2).astype(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        rois, shape = ctx.options
        return roi_align_grad(grad, rois, shape, SCALE, 2).astype(grad.dtype), None, None


class YourLoss(Function):
    @staticmethod
    def forward(ctx, logits, targets, labels):
        ctx.save_for_backward(logits)
        ctx.rest = targets, labels
        return np.asarray(mask_loss(logits, targets, labels), logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        (logits,) = ctx.saved_tensors
        return (grad * mask_loss_grad(logits, *ctx.rest)).astype(logits.dtype), None, None


def block(channels, filters, stride=1):
    """Return convolution, normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
    )


class Network(nn.Module):
    """The network of the figure: a class and masks for each region."""

    def __init__(self, width=24):
        super().__init__()
        w = width
        self.trunk = nn.Sequential(block(3, w), block(w, w, 2), block(w, w))
        self.classify = nn.Sequential(
            block(w, 2 * w, 2), nn.Flatten(), nn.Linear(2 * w * 4 * 4, 96), nn.ReLU(), nn.Linear(96, K)
        )
        self.mask = nn.Sequential(
            block(w, w), block(w, w), nn.ConvTranspose2d(w, w, 2, 2), nn.ReLU(), nn.Conv2d(w, K, 1)
        )

    def forward(self, x, rois):
        regions = YourAlign.apply(self.trunk(x), rois, M // 2)  # (R, w, 8, 8)
        return self.classify(regions), self.mask(regions)  # (R, K), (R, K, 16, 16)


def batch_of(numbers):
    """Return images, regions (R, 5), labels and targets of some scenes."""
    rois = [np.insert(boxes[scene][0], 0, row, axis=1) for row, scene in enumerate(numbers)]
    labels = np.concatenate([boxes[scene][1] for scene in numbers])
    return images[numbers], np.concatenate(rois), labels, np.concatenate([goals[scene] for scene in numbers])


minidet.manual_seed(0)
network = Network()
some, rois, labels, targets = batch_of(range(4))
start = YourLoss.apply(network(tensor(some), rois)[1], targets, labels).item()
print(f"the masks' loss at the start {start:.3f}; if every bin is a guess: log 2 = {np.log(2):.3f}")

# %% [markdown]
# **Train.** With loops that read all channels at once, a step takes a few tenths of a second longer; with loops over
# channels, some seconds: right nevertheless, but make `STEPS` smaller.

# %%
STEPS, BATCH = (3, 2) if QUICK else (300, 8)


def train(network, loss_of, steps, title, rate=4e-3):
    """Train with Adam; the rate falls to 0. Returns the losses of the masks and of the classes."""
    optimizer = optim.Adam(network.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    draws, history = np.random.default_rng(0), []
    network.train()
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            some, rois, labels, targets = batch_of(draws.choice(SCENES, BATCH, replace=False))
            scores, logits = network(tensor(some), rois)
            masks, classes = loss_of.apply(logits, targets, labels), F.cross_entropy(scores, tensor(labels))
            optimizer.zero_grad()
            (masks + classes).backward()
            optimizer.step()
            schedule.step()
            history.append({"step": step, "masks": masks.item(), "classes": classes.item()})
            bar.set_postfix(masks=f"{masks.item():.3f}", classes=f"{classes.item():.3f}", refresh=False)
    return history


begin = time.perf_counter()
history = train(network, YourLoss, STEPS, "your network")
print(f"{time.perf_counter() - begin:.0f} s for {STEPS} steps")
_, axes = viz.subplots(figsize=(5.4, 2.4))
for name, colour, line in (("masks", BLUE, "-"), ("classes", ORANGE, "--")):
    axes.plot([row["step"] for row in history], [row[name] for row in history], line, color=colour, lw=1, label=name)
axes.set(xlabel="step", ylabel="loss", yscale="log")
axes.legend(frameon=False, labelcolor=GREY, fontsize=9)
plt.show()

# %% [markdown]
# **Measure.** Every proposal of the test scenes becomes a detection, unless *nothing* is its most probable class: the
# class with its probability as the score, and the final mask of this class.


# %%
def detections_of(network):
    """Return masks, labels and scores for each test scene."""
    found = []
    network.eval()
    with no_grad():
        for image, (places, _, _) in zip(test_images, test_boxes):
            scores, logits = (part.numpy() for part in network(tensor(image[None]), np.insert(places, 0, 0, axis=1)))
            p = np.exp(scores - scores.max(1, keepdims=True))
            p = p / p.sum(1, keepdims=True)
            kept = np.flatnonzero(p.argmax(1) > 0)
            names = p[kept].argmax(1)
            found.append((final_masks(logits[kept], names, places[kept], (SIZE, SIZE)), names, p[kept].max(1)))
    return found


truths = [(one["masks"], one["labels"]) for one in test_objects]
found = detections_of(network)
whole = [(np.array([box_mask(b) for b in places[labels > 0]]), labels[labels > 0], np.ones((labels > 0).sum()))
         for box_mask in [lambda b: paste_masks(np.ones((1, M, M)), b[None], (SIZE, SIZE))[0] > 0]
         for places, labels, _ in test_boxes]  # fmt: skip
rows = {"all of the box, true classes": whole, "your network": found}
print(f"{'':30} {'AP':>7} {'AP50':>7} {'AP75':>7}")
for name, detections in rows.items():
    print(f"{name:30} " + " ".join(f"{value:7.3f}" for value in mask_ap(detections, truths, K)))

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 4, figsize=(9.6, 5.2))
for column in range(4):
    picture = test_images[column] / 4 + 0.5
    masks, names, scores = found[column]
    viz.draw_masks(picture, {"masks": truths[column][0], "labels": truths[column][1]}, NAMES, ax=grid[0][column])
    viz.draw_masks(picture, {"masks": masks, "labels": names, "scores": scores}, NAMES, ax=grid[1][column])
grid[0][0].set_title("true", fontsize=10)
grid[1][0].set_title("your network", fontsize=10)
plt.show()

# %% [markdown]
# Somebody who knows every class and calls all of a box the object has an AP near 0: these masks have thin strokes and
# holes. Look at the digits that are partly covered, and at those whose class is wrong: with another class, another of
# the K masks was taken. Is it a bad mask?
#
# **This term's overlap** (question 9). The same masks, object by object, by IoU and by your overlap. Below it, the
# *perfect* masks, moved by one pixel to the right: how hard does each of the two numbers punish that?

# %%
pairs = {"your network": [], "perfect, one pixel to the right": []}
for (true, _), (places, labels, _), image in zip(truths, test_boxes, test_images):
    with no_grad():
        logits = network(tensor(image[None]), np.insert(places[labels > 0], 0, 0, axis=1))[1].numpy()
    said = final_masks(logits, labels[labels > 0], places[labels > 0], (SIZE, SIZE))
    moved = np.pad(true, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]
    for name, masks in zip(pairs, (said, moved)):
        pairs[name].extend(
            (mask_iou(a[None], b[None])[0, 0], other_overlap(a[None], b[None], 1)[0, 0]) for a, b in zip(masks, true)
        )
print(f"{'':32} {'IoU':>6} {'q9':>7}")
for name, values in pairs.items():
    print(f"{name:32} {np.mean(values, 0)[0]:6.3f} {np.mean(values, 0)[1]:7.3f}")

# %% [markdown]
# **This term's loss and this term's way to read** (questions 8 and 7). Two networks from the same start, with a third
# of the steps: one learns with the loss of question 4, one with that of question 8. And for a region of the trained
# network's map: what RoIAlign reads, and what your other rule reads. **Before you run it:** what do you expect of AP50,
# and what of AP75?


# %%
class YourOtherLoss(Function):
    @staticmethod
    def forward(ctx, logits, targets, labels):
        ctx.save_for_backward(logits)
        ctx.rest = targets, labels
        return np.asarray(other_mask_loss(logits.clip(-20, 20), targets, labels), logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        (logits,) = ctx.saved_tensors
        return (grad * other_mask_loss_grad(logits.clip(-20, 20), *ctx.rest)).astype(logits.dtype), None, None


print(f"{'':20} {'AP':>7} {'AP50':>7} {'AP75':>7}")
for name, loss_of in {"loss of question 4": YourLoss, "loss of question 8": YourOtherLoss}.items():
    minidet.manual_seed(0)
    other = Network()
    train(other, loss_of, max(STEPS // 3, 2), name)
    print(f"{name:20} " + " ".join(f"{value:7.3f}" for value in mask_ap(detections_of(other), truths, K)))

# %% [markdown] tags=["variant:q8=jaccard"]
# After a hundred steps, the soft IoU leaves masks that are much too large. Why? Take $p = \frac12$ everywhere, as at
# the start, and a region of which 40 % is covered. How hard does your gradient push a bin up that is covered, and how
# hard does it push one down that is not? (Here it is three to four times as hard. For the loss of question 4, both are
# the same.) With more steps, the difference becomes smaller.

# %% jupyter={"source_hidden": true}
with no_grad():
    features = network.trunk(tensor(test_images[:1])).numpy()
place = test_boxes[0][0][0] * SCALE
shape = [(place[0] + place[2]) / 2, (place[1] + place[3]) / 2, *(place[2:] - place[:2]), np.pi / 6]
try:
    other, title = other_align(features[0].astype(float), place[None], 16, 2)[0], "your other rule"
except ValueError:  # this term's regions have five numbers
    other, title = other_align(features[0].astype(float), np.array([shape]), 16, 2)[0], "your other rule, turned by 30°"
plain = roi_align(features, np.array([[0, *place]]), 16, 1.0, 2)[0]
channel = int(plain.std((1, 2)).argmax())
_, grid = viz.subplots(1, 3, figsize=(8.4, 2.8))
grid[0].imshow(features[0, channel], extent=(0, SIZE / 2, SIZE / 2, 0))
grid[0].add_patch(Rectangle(place[:2], *(place[2:] - place[:2]), facecolor="none", edgecolor=ORANGE, linewidth=2))
grid[1].imshow(plain[channel])
grid[2].imshow(other[channel])
for axes, text in zip(grid, ("a channel of the map", "RoIAlign, 16 × 16", title)):
    axes.set(xticks=[], yticks=[])
    axes.set_title(text, fontsize=10)
plt.show()

# %% [markdown]
# A hundred steps are few, and one run is one run: small differences may come from the order of the scenes alone. How
# would you find out whether they do? A loss that is not the measure may well be the better teacher.
#
# ## Before you hand in
#
# *Restart kernel and run all.* What only worked because of a cell that you deleted will not work for the grader.

# %%
check()

# %% [markdown]
# **To think about** (no points)
#
# - Take the half pixel out of question 1 *and* out of question 5. What happens to "perfect in, perfect out", and what
#   to the AP of a network that is trained with it? Can it learn to live with the shift?
# - Set `M = 8`. Which digits suffer?
# - Let the loss teach the masks of *all* classes of a region (all others: nothing is there). What changes for digits
#   whose class is hard to say?
#
# **To read:** K. He, G. Gkioxari, P. Dollár, R. Girshick, *Mask R-CNN*, ICCV 2017,
# [arXiv:1703.06870](https://arxiv.org/abs/1703.06870): section 3. T.-Y. Lin et al., *Microsoft COCO*, ECCV 2014,
# [arXiv:1405.0312](https://arxiv.org/abs/1405.0312). B. Cheng et al., *Boundary IoU*, CVPR 2021,
# [arXiv:2103.16562](https://arxiv.org/abs/2103.16562): what the IoU of large masks does not see.
