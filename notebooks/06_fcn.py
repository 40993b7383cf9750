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
# # FCN: coarse knows what, fine knows where
#
# In the last notebook a classifier became a network that names every pixel. To give *every* pixel
# an answer, we had to take the strides out, and that was expensive. In 2015 Long, Shelhamer and
# Darrell did the opposite. They left the strides in, got a small, coarse map of scores, and
# enlarged it with a transposed convolution. Then they brought the detail back with two *skips*.
# Many later networks that label pixels have this form; two of them follow in the next notebook.
#
# |  |  |
# |---|---|
# | **Time** | reading: 75 minutes; doing, with every Try it: 170 |
# | **You need** | [04](04_transposed_convolution.ipynb) (transposed convolution) |
# | | [05](05_from_sliding_window_to_fully_convolutional.ipynb) (a class for every pixel) |
# | **You do not need** | a graphics card: all cells together run for one or two minutes |
#
# **At the end you can say**
# - how FCN-32s, FCN-16s and FCN-8s are wired, and why they are trained in this order;
# - where a cell of a coarse map lies in the image, and how a transposed convolution interpolates
#   between cells;
# - why the loss starts at *exactly* log K, and what an ignore label does to loss, gradient and
#   score;
# - how to compute mean IoU, and what it does not see.
#
# Look for **Try it**. Where a function ends with `raise NotImplementedError`, write it yourself:
# nothing that follows needs it, and a solution is folded below it. Nothing can break: *Restart
# kernel and run all* brings everything back.

# %%
import math
import os
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Patch, Rectangle
from scipy.ndimage import distance_transform_edt
from scipy.stats import rankdata
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import gradcheck
from minidet.data import DigitScenes, collate_semantic, sample_photograph
from minidet.grading import check_blank
from minidet.metrics import BoundaryF1, ConfusionMatrix
from minidet.models import FCN8s, FCN16s, FCN32s, SlidingWindow, multiply_adds
from minidet.models.segmentation.fcn import Upsampling
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

same = np.testing.assert_allclose
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem, and the figure
#
# A classifier makes its maps smaller on the way, for two good reasons: it gets cheaper, and each
# number sees more of the picture. Five poolings: $2^5 = 32$. Behind them, one cell stands for $32
# \times 32$ pixels. It knows *what* is there, and hardly *where*. The cells of earlier layers know
# *where*, but have seen too little to know *what*.
#
# Here is a photograph (a temple by danielbuechele, flickr.com/photos/danielbuechele, CC BY 2.0; it
# comes with scikit-learn). Imagine that you get one colour per cell: the mean of its pixels. Before
# you run the next cell, write down for cells of 8, of 16 and of 32 pixels: can you still say *what*
# it is? Can you say *where* the roof ends, to the pixel?

# %%
photograph = sample_photograph("china", scale=0.3)[:, :128, :192]
cells_of = {s: F.avg_pool2d(tensor(photograph[None]), s).numpy()[0] for s in (8, 16, 32)}
for s, cells in cells_of.items():
    print(f"cells of {s} pixels: {cells.shape[1]} x {cells.shape[2]} = {cells[0].size} of them")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(10, 2.0))
viz.draw_image(photograph, ax=grid[0])
grid[0].set_title("128 x 192 pixels", fontsize=10)
for axes, (s, cells) in zip(grid[1:], cells_of.items(), strict=True):
    viz.draw_image(cells.repeat(s, 1).repeat(s, 2), ax=axes)
    axes.set_title(f"cells of {s}", fontsize=10)
plt.show()

# %% [markdown]
# With cells of 8 you still see a roof, and its edge is uncertain by half a cell. With cells of 32
# there are 24 colours. A network puts more into a cell than a mean colour: a hundred features, and
# they know *what* is there. But one cell has one answer, so *where* an edge lies is lost in the
# same way.
#
# FCN combines coarse and fine cells. This is its figure 3. Each grid shows how coarse a layer is.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def grid_box(axes, x, y, cells, colour, title="", side=2.0):
    """Draw a square that is divided into cells; (x, y) is its upper left corner."""
    axes.add_patch(
        Rectangle((x, y - side), side, side, facecolor=colour, edgecolor="#606060", linewidth=0.9)
    )
    for i in range(1, cells):
        at = side * i / cells
        axes.plot([x + at, x + at], [y - side, y], color="#707070", linewidth=0.6)
        axes.plot([x, x + side], [y - at, y - at], color="#707070", linewidth=0.6)
    axes.text(x + side / 2, y + 0.12, title, ha="center", va="bottom", fontsize=9)


def arrow(axes, start, end, text="", colour=INK, shift=(0.0, 0.12)):
    """Draw an arrow with a word in its middle."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.4})
    middle = (start[0] + end[0]) / 2 + shift[0], (start[1] + end[1]) / 2 + shift[1]
    axes.text(*middle, text, ha="center", va="bottom", fontsize=8.5, color=colour)


def draw_fcn():
    """Draw FCN's figure 3."""
    axes = canvas(10, 5.2, (-0.3, 21.3), (-9.6, 1.2), aspect="equal")
    chain = (
        (0.0, 0, "image"),
        (3.0, 16, "pool1, pool2"),
        (6.0, 8, "pool3"),
        (9.0, 4, "pool4"),
        (12.0, 2, "pool5, fc7"),
    )
    for x, cells, title in chain:
        grid_box(axes, x, 0, cells, "#ececec" if cells == 0 else PALE_BLUE, title)
    for (x, *_), (nearer, *_) in pairwise(chain):
        arrow(axes, (x + 2.1, -1), (nearer - 0.1, -1))
    rows = (
        (0.0, "FCN-32s", "32×", 2, ()),
        (-3.6, "FCN-16s", "16×", 4, ((9.0, "pool4"),)),
        (-7.2, "FCN-8s", "8×", 8, ((6.0, "pool3"),)),
    )
    for y, name, factor, cells, skips in rows:
        x = 15.4
        if skips:
            grid_box(axes, 12.0, y, cells, YELLOW, "sum of scores")
            source = skips[0][0]
            axes.plot([source + 1, source + 1], [-2, y - 1], color=ORANGE, linewidth=1.4)
            arrow(
                axes,
                (source + 1, y - 1),
                (11.9, y - 1),
                "score layer\n1 × 1",
                ORANGE,
                (-0.05, -1.15),
            )
            arrow(axes, (13.0, y + 1.55), (13.0, y + 0.62), "", GREEN)
            axes.text(13.2, y + 1.05, "2×, learned", fontsize=8.5, color=GREEN, va="center")
        arrow(
            axes,
            (14.1, y - 1),
            (18.1, y - 1),
            f"{'score layer, ' if not skips else ''}{factor} bilinear",
            GREEN,
        )
        axes.add_patch(
            Rectangle((18.3, y - 2), 2, 2, facecolor="white", edgecolor="#606060", linewidth=0.9)
        )
        axes.text(
            18.3 + 1, y - 1, name, ha="center", va="center", fontsize=10, weight="bold", color=DARK
        )
    plt.show()


draw_fcn()

# %% [markdown]
# - **Score layers** (orange): a 1 x 1 convolution makes K scores from the features of each cell.
# - **Up-sampling** (green): a transposed convolution; at the start it is bilinear interpolation.
# - **Skips**: scores of a finer layer are *added* to the up-sampled scores of the coarser one.
#
# What does a score for every pixel cost now? FCN-8s has its strides; the sliding window of notebook
# 05, all at once, has none. Before you run the next cell, write down your guess: how many times
# cheaper is FCN-8s?

# %%
K = 3
SMALL = {
    "widths": (12, 24, 32, 48, 96),
    "convs": (1, 1, 1, 1, 1),
    "hidden": 96,
    "dropout": 0.1,
}  # trains in a minute
SIZE = 144
minidet.manual_seed(0)
ours = multiply_adds(FCN8s(K, **SMALL), (1, 3, SIZE, SIZE))
window = SlidingWindow(K).multiply_adds(SIZE, SIZE)
print(f"million multiply-adds for {SIZE} x {SIZE} pixels:")
print(f"  FCN-8s {ours / 1e6:.0f}")
print(f"  sliding window, all at once {window.convolutional / 1e6:.0f}")
print(f"  sliding window, by crops {window.by_crops / 1e6:,.0f}")
print(f"FCN-8s is {window.convolutional / ours:.0f} times cheaper than all at once")

# %% [markdown]
# ## 2. The data, and pixels that nobody can name
#
# Scenes of handwritten digits, enlarged three times, so that strokes are about as wide as a cell of
# 8 pixels. Ten kinds of digits would need more training than we have patience for. So we ask an
# easier question, which still needs to see a *whole* digit: **does it have a closed loop?** 0, 6, 8
# and 9 do. 1, 2, 3, 5 and 7 do not.
#
# And 4? Some people close it, some do not, and some nearly do. Whoever made the labels would have
# to guess. Better to say so: these pixels get the label 255, **ignore**. (In PASCAL VOC it is a
# band around each object, where the people who drew the outlines were not sure.)


# %%
CLASSES, IGNORE, ZOOM = ["paper", "open", "loop"], 255, 3
CLASS_COLOURS = np.array([[30, 30, 36], [240, 150, 50], [60, 160, 230]], np.uint8)
#                    paper 0  1  2  3  4       5  6  7  8  9
MEANING = np.array([0, 2, 1, 1, 1, IGNORE, 1, 2, 1, 2, 2])


def enlarge(image, target, rng=None):
    """Make a scene larger, and replace the digits by our classes."""
    image = F.interpolate(image[None], scale_factor=ZOOM, mode="bilinear").numpy()[0]
    return image, {"semantic": MEANING[target["semantic"]].repeat(ZOOM, 0).repeat(ZOOM, 1)}


train_data = DigitScenes(
    "train", size=SIZE // ZOOM, length=10_000, transform=enlarge, fresh=True
)  # new at each visit
test_data = DigitScenes("test", size=SIZE // ZOOM, length=6 if QUICK else 32, transform=enlarge)
test_images, test_labels = collate_semantic(
    [enlarge(*test_data.load(i)) for i in range(len(test_data))]
)
test_labels = test_labels.numpy()
shares = [np.mean(test_labels == k) for k in (0, 1, 2, IGNORE)]
print(
    "share of the pixels:",
    ", ".join(f"{n} {s:.1%}" for n, s in zip([*CLASSES, "ignore"], shares, strict=True)),
)

# %% jupyter={"source_hidden": true}
HANDLES = [
    Patch(facecolor=colour / 255, edgecolor=INK, label=name)
    for name, colour in zip(CLASSES, CLASS_COLOURS, strict=True)
]
HANDLES.append(Patch(facecolor="white", edgecolor=INK, label="ignore"))


def scene_of(number):
    """Return a test scene before it was enlarged: the middle pixels of blocks of 3 x 3."""
    return test_images.numpy()[number, :, 1::ZOOM, 1::ZOOM]


def draw_scenes(numbers, rows, titles):
    """Draw a line of pictures for each scene: the image, then labels."""
    _, grid = viz.subplots(
        len(numbers), 1 + len(rows), figsize=(1.65 * (1 + len(rows)), 1.67 * len(numbers) + 0.5)
    )
    for place, (i, line) in enumerate(zip(numbers, np.atleast_2d(grid), strict=True)):
        viz.draw_image(scene_of(i), ax=line[0])
        for axes, labels in zip(line[1:], rows, strict=True):
            viz.draw_labels(None, labels[i], None, CLASS_COLOURS, ignore_index=IGNORE, ax=axes)
        if place == 0:
            for axes, title in zip(line, ("scene", *titles), strict=True):
                axes.set_title(title, fontsize=10)
    plt.gcf().legend(
        handles=HANDLES,
        loc="outside lower center",
        ncols=4,
        frameon=False,
        labelcolor=INK,
        fontsize=9,
    )
    plt.show()


with_four = [i for i in range(len(test_labels)) if (test_labels[i] == IGNORE).any()][:1]
_, grid = viz.subplots(1, 4, figsize=(7.4, 2.3))
for i, (left, right) in zip(
    [*with_four, 1 if with_four != [1] else 2], (grid[:2], grid[2:]), strict=False
):
    viz.draw_image(scene_of(i), ax=left)
    viz.draw_labels(None, test_labels[i], None, CLASS_COLOURS, ignore_index=IGNORE, ax=right)
plt.gcf().legend(
    handles=HANDLES, loc="outside lower center", ncols=4, frameon=False, labelcolor=INK, fontsize=9
)
plt.show()

# %% [markdown]
# What does "ignore" mean for the loss? The pixel is left out of the mean: it is not in the sum, and
# it is not counted. Below it is done by hand for four pixels of a row and three classes; the last
# pixel is ignored. Before you run the next cell, write down the gradient of the loss for the scores
# of that last pixel, and the sign of the gradient for the *true* class of the others.

# %%
scores = np.array([[2.0, 0, 0], [0, 1, 1], [0, 0, 3], [5, 0, 0]])  # pixel, class
truth = np.array([0, 1, 2, IGNORE])


def cross_entropy_by_hand(scores, truth):
    """Return the mean of -log p(true class) over the pixels that are not ignored."""
    losses = []
    for pixel, k in zip(scores, truth, strict=True):
        if k == IGNORE:
            print("         ignored")
            continue
        p = np.exp(pixel) / np.exp(pixel).sum()
        losses.append(-math.log(p[k]))
        print(f"p = {p.round(3)}, true class {k}: -log {p[k]:.3f} = {losses[-1]:.3f}")
    return sum(losses) / len(losses)


by_hand = cross_entropy_by_hand(scores, truth)
maps = tensor(scores.T.reshape(1, 3, 1, 4), requires_grad=True)  # (N, K, H, W)
loss = F.cross_entropy(maps, truth.reshape(1, 1, 4), ignore_index=IGNORE)
loss.backward()
print(f"mean of three: {by_hand:.4f}; minidet: {loss.item():.4f}")
print(f"gradient:\n{maps.grad.numpy()[0, :, 0].round(3)}")

# %%
same(loss.item(), by_hand, err_msg="the library's cross-entropy is not the one by hand")
ignored = maps.grad.numpy()[0, :, 0, truth == IGNORE]
np.testing.assert_array_equal(ignored, 0, err_msg="an ignored pixel has a gradient")
assert gradcheck(
    lambda s: F.cross_entropy(s, truth.reshape(1, 1, 4), ignore_index=IGNORE), [maps]
), "the gradient is not that of finite differences"

# %% [markdown]
# The last column of the gradient is 0: on a 4 the network may say what it likes. For the true class
# it is negative: a step *against* the gradient makes that score larger.
#
# The gradient of a mean of cross-entropies is short. For each pixel that counts it is the softmax
# $p$ minus 1 at the true class, divided by the number of pixels that count. Write it.


# %%
def gradient_of_loss(scores, truth):
    """Return the gradient of the loss for scores (P, K): (P, K); 0 for ignored pixels."""
    raise NotImplementedError


check_blank(
    gradient_of_loss,
    ((scores[:3], truth[:3]), maps.grad.numpy()[0, :, 0].T[:3], "three pixels, none ignored"),
    ((scores, truth), maps.grad.numpy()[0, :, 0].T, "the last pixel is ignored"),
    hint="divide by the number of pixels that are not ignored, not by all",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def gradient_of_loss(scores, truth):
#     p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
#     counts = truth != IGNORE
#     p[counts, truth[counts]] -= 1
#     p[~counts] = 0
#     return p / counts.sum()
# ```
#
# </details>
#
# ## 3. The score: one table, by hand
#
# How good is an answer? "Three quarters of the pixels are right" sounds fine, until you notice that
# so many are paper. The usual measure is the **intersection over union** of each class:
#
# $$\mathrm{IoU}_k = \frac{\text{pixels that are } k \text{ and are called } k}{\text{pixels that
# are } k \text{ or are called } k}$$
#
# Everything comes from one table, the **confusion matrix**: row = true class, column = answer, and
# in each cell a number of pixels. Here are 4 x 4 pixels and four classes. One pixel is ignored (×).
# Class 3 never occurs.

# %%
true = np.array([[0, 0, 1, 1], [0, 0, 1, IGNORE], [0, 2, 2, 1], [0, 2, 2, 0]])
said = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 2, 1, 1], [2, 2, 2, 0]])


def confusion(true, said, classes):
    """Count the pixels, one after the other."""
    table = np.zeros((classes, classes), int)
    for t, s in zip(true.ravel(), said.ravel(), strict=True):
        if t != IGNORE:
            table[t, s] += 1
    return table


def iou(table):
    """Return the IoU of each class; NaN where there is nothing to divide by."""
    values = []
    for k in range(len(table)):
        both = table[k, k]
        either = (
            table[k, :].sum() + table[:, k].sum() - both
        )  # the pixels in both would be counted twice
        values.append(both / either if either else math.nan)
    return np.array(values)


table = confusion(true, said, 4)
print(f"pixels right: {np.trace(table)} of {table.sum()}; mean IoU: {np.nanmean(iou(table)):.3f}")


# %% jupyter={"source_hidden": true}
def cell(axes, x, y, text="", face="white", size=1.0, **style):
    """Draw a square with its upper left corner at (x, y), and a text in it."""
    frame = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8, "zorder": 2}
    axes.add_patch(Rectangle((x, y - size), size, size, **frame))
    style = {"ha": "center", "va": "center", "color": DARK, "zorder": 3, **style}
    axes.text(x + size / 2, y - size / 2, text, **style)


def draw_confusion():
    """Draw truth and answer, the table, and the three divisions."""
    axes = canvas(10, 2.7, (-0.4, 24.0), (-5.2, 1.4), aspect="equal")
    faces = {0: "white", 1: PALE_ORANGE, 2: PALE_BLUE, IGNORE: "#bbbbbb"}
    for left, labels, title in ((0, true, "truth"), (5.2, said, "answer")):
        axes.text(left + 2, 0.35, title, ha="center")
        for (row, column), k in np.ndenumerate(labels):
            wrong = left > 0 and true[row, column] not in (k, IGNORE)
            style = {"color": "#c03010", "weight": "bold"} if wrong else {}
            cell(axes, left + column, -row, "×" if k == IGNORE else str(k), faces[k], **style)
    left = 12.0
    axes.text(left + 2, 1.0, "answer", ha="center", fontsize=9)
    axes.text(left - 1.3, -2, "truth", ha="center", va="center", rotation=90, fontsize=9)
    for k in range(4):
        axes.text(left + k + 0.5, 0.25, str(k), ha="center", fontsize=9)
        axes.text(left - 0.45, -k - 0.5, str(k), va="center", ha="center", fontsize=9)
    for (row, column), count in np.ndenumerate(table):
        face = PALE_GREEN if row == column and count else "white"
        cell(axes, left + column, -row, str(count), face, color=DARK if count else "#b0b0b0")
    lines = []
    for k in range(3):
        row, column, both = table[k].sum(), table[:, k].sum(), table[k, k]
        lines.append(f"class {k}:  {both} / ({row} + {column} − {both}) = {iou(table)[k]:.3f}")
    lines += ["class 3:  0 / 0, left out", f"mean IoU of three: {np.nanmean(iou(table)):.3f}"]
    for number, line in enumerate(lines):
        axes.text(17.2, -0.4 - 0.85 * number, line, va="center", fontsize=10)
    plt.show()


draw_confusion()

# %% [markdown]
# The next cell compares the table with one that was worked out on paper, and the library with our
# loops on random pictures with ignored pixels and absent classes. (If you changed `true` or `said`,
# it fails: that is right.)

# %%
on_paper = [[5, 1, 1, 0], [0, 4, 0, 0], [0, 1, 3, 0], [0, 0, 0, 0]]
np.testing.assert_array_equal(table, on_paper, err_msg="the table is not the one on paper")
same(iou(table)[:3], [5 / 7, 4 / 6, 3 / 5], err_msg="the IoU is not the one on paper")
for _ in range(20):
    a, b = rng.integers(0, 4, (2, 3, 9, 9))
    a[rng.random(a.shape) < 0.2] = IGNORE
    matrix = ConfusionMatrix(6, ignore_index=IGNORE)
    matrix.update(a, b)
    np.testing.assert_array_equal(matrix.matrix, confusion(a, b, 6))
    same(matrix.iou, iou(matrix.matrix))
    same(matrix.mean_iou, np.nanmean(iou(matrix.matrix)))
print("paper, loops and library agree")

# %% [markdown]
# Now a second picture comes: all paper, and *one* of its 16 pixels is called class 1. There are two
# ways to score both pictures: add the two tables and compute one mIoU; or compute two mIoUs and
# take their mean. Before you run the next cell, write down which of the two is smaller, and why.

# %%
first, second = ConfusionMatrix(4, IGNORE), ConfusionMatrix(4, IGNORE)
first.update(true, said)
second.update(np.zeros((4, 4), int), np.diag([1, 0, 0, 0]))  # all paper, and one pixel called 1
together = ConfusionMatrix(4, IGNORE)
together.matrix += first.matrix + second.matrix
print(f"two pictures, one table: {together.mean_iou:.3f};  mean of two mIoUs:", end=" ")
print(f"{(first.mean_iou + second.mean_iou) / 2:.3f}")

# %% [markdown]
# The mean of two is smaller. The rule is **one table for the whole data set**, not a mean over
# pictures. In the second picture a single wrong pixel gives class 1 an IoU of 0, and it would weigh
# as much as all of the first. PASCAL VOC sums the tables first, and so do the papers of these
# notebooks.
#
# **Try it:** below the line that begins with `said =`, paint everything with 0: `said =
# np.zeros_like(true)`. Guess first: how many pixels are right? What is the mean IoU?
#
# <details><summary>What happens</summary>
#
# 7 of 15 pixels are right, nearly one half. Class 0 has an IoU of 7 / 15 = 0.467, classes 1 and 2
# have 0, class 3 is left out: the mean IoU is 0.156. Who calls everything "background" gets pixels
# right, but not classes. The cell that compares with the numbers on paper now fails; it says that
# the table is not the one on paper.
#
# </details>
#
# The loop over pixels is slow. `np.bincount(x, minlength=n)` counts how often each of the numbers 0
# to n - 1 occurs in `x`. Give each cell of the table one number, and write `confusion` without a
# loop.


# %%
def confusion_at_once(true, said, classes):
    """Return the table (classes, classes) of `confusion`, without a loop."""
    raise NotImplementedError


more = rng.integers(0, 3, (2, 6, 7))
check_blank(
    confusion_at_once,
    ((more[0], more[1], 3), confusion(more[0], more[1], 3), "no pixel is ignored"),
    ((true, said, 4), confusion(true, said, 4), "one pixel is ignored, and class 3 never occurs"),
    hint="row and column of a table with K columns are one number: row * K + column",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def confusion_at_once(true, said, classes):
#     counts = true != IGNORE
#     cell_number = true[counts] * classes + said[counts]
#     table = np.bincount(cell_number, minlength=classes * classes)
#     return table.reshape(classes, classes)
# ```
#
# </details>
#
# ## 4. Where does a cell lie?
#
# A 2 x 2 pooling makes one cell of pixels 0 and 1. So the centre of cell 0 is *between* them, at
# 0.5. With stride $s$, cell $i$ covers the pixels $i s$ to $i s + s - 1$, and its centre is at $(i
# + 1/2)\,s - 1/2$.
#
# To enlarge a coarse map, each pixel takes the scores of the nearest two cells (in each direction),
# the nearer one counting more. From the point of view of a *cell*, that is a tent: highest at its
# centre, 0 at the next centres. A transposed convolution with stride $s$ and a kernel of $2s$
# stamps such tents (section 9 of [04_transposed_convolution](04_transposed_convolution.ipynb)). For
# $s = 4$:

# %%
s = 4
tent = 1 - np.abs(np.arange(2 * s) - (2 * s - 1) / 2) / s
print("tent:", tent)
cells = np.array([2.0, 6, 1])
repeated = cells[[0, 0, 1, 2, 2]]  # at the ends there is a cell on one side only: repeat it
stamped = np.zeros((len(repeated) + 1) * s)
for i, value in enumerate(repeated):
    stamped[i * s : i * s + 2 * s] += value * tent
pixels = stamped[s + s // 2 : -s - s // 2]  # the repeated cells are cut off again
centres = (np.arange(3) + 0.5) * s - 0.5
same(pixels, np.interp(np.arange(3 * s), centres, cells))  # NumPy's linear interpolation
print("pixels:", pixels)

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(8.4, 2.8))
fine = np.linspace(-1.5, 3 * s + 0.5, 400)
for i, (value, colour) in enumerate(zip(cells, (BLUE, ORANGE, GREEN), strict=True)):
    axes.fill_between(
        fine,
        value * np.maximum(0, 1 - np.abs(fine - centres[i]) / s),
        color=colour,
        alpha=0.22,
        linewidth=0,
    )
    axes.axvspan(i * s - 0.5, i * s + s - 0.5, ymax=0.045, color=colour, alpha=0.8, linewidth=0)
    axes.plot(centres[i], value, "s", color=colour, markersize=9)
    axes.text(centres[i], value + 0.4, f"cell {i}", color=colour, fontsize=9, ha="center")
axes.plot(np.arange(3 * s), pixels, "o", color=INK, markersize=5, label="pixels")
axes.plot([], [], "s", color=INK, label="cells")
axes.set(xlim=(-0.7, 3 * s - 0.3), ylim=(-0.35, 7), xticks=range(3 * s), xlabel="pixel")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, labelcolor=INK)
plt.show()

# %% [markdown]
# The coloured bars show which pixels a cell was made of. Its square stands above the middle of the
# bar. So nothing is shifted, and that matters: an error of half a cell at stride 32 is 16 pixels.
# (The paper pads the image by 100 pixels and crops by counted offsets;
# [fcn.py](../minidet/models/segmentation/fcn.py) shows why we need neither.)
#
# The same from the point of view of a pixel: between which two cells is it, and how much does each
# count? Write it. (Left of the first centre, the left cell is number -1; that is the repeated one.)


# %%
def cells_of_pixel(p, s):
    """Return the number of the cell left of pixel p, its weight, and that of the next cell."""
    raise NotImplementedError


check_blank(
    cells_of_pixel,
    ((5, 4), (0, 0.125, 0.875), "pixel 5 at stride 4: nearly at the centre of cell 1"),
    ((0, 2), (-1, 0.25, 0.75), "pixel 0 at stride 2: left of the first centre"),
    ((47, 32), (0, 0.015625, 0.984375), "pixel 47 at stride 32"),
    hint="solve p = (x + 1/2) s - 1/2 for x; the cell is x rounded down",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def cells_of_pixel(p, s):
#     x = (p + 0.5) / s - 0.5
#     left = math.floor(x)
#     return left, 1 - (x - left), x - left
# ```
#
# </details>
#
# In two dimensions the tent is a tent both ways. First with stamps, by loops, then the library:


# %%
def upsample_by_stamps(scores, s):
    """Enlarge scores (K, h, w) s times: (K, h s, w s)."""
    x = np.pad(scores, ((0, 0), (1, 1), (1, 1)), mode="edge")
    tent = 1 - np.abs(np.arange(2 * s) - (2 * s - 1) / 2) / s
    brush = np.outer(tent, tent)
    count, height, width = x.shape
    out = np.zeros((count, (height + 1) * s, (width + 1) * s))
    for k in range(count):
        for h in range(height):
            for w in range(width):
                out[k, h * s : h * s + 2 * s, w * s : w * s + 2 * s] += x[k, h, w] * brush
    cut = s + s // 2
    return out[:, cut:-cut, cut:-cut]


for s in (2, 8, 16, 32):
    coarse = rng.standard_normal((K, 5, 5)).astype(np.float32)
    layer = Upsampling(K, s, learned=False)
    naive = upsample_by_stamps(coarse, s)
    with no_grad():
        library = layer(tensor(coarse[None]), (5 * s, 5 * s)).numpy()[0]
    same(library, naive, rtol=1e-5, atol=1e-5)
    same(
        library,
        F.interpolate(coarse[None], scale_factor=s, mode="bilinear").numpy()[0],
        rtol=1e-4,
        atol=1e-5,
    )
print("stamps, transposed convolution and bilinear interpolation agree")

# the adjoint test of notebook 02: <U x, y> = <x, U'y>, where U' is what backward computes
coarse = tensor(rng.standard_normal((1, K, 5, 5)), requires_grad=True)
cotangent = rng.standard_normal((1, K, 40, 40))
up = Upsampling(K, 8, learned=False).double()
enlarged = up(coarse, (40, 40))
enlarged.backward(tensor(cotangent))
left, right = (
    np.vdot(enlarged.detach().numpy(), cotangent),
    np.vdot(coarse.detach().numpy(), coarse.grad.numpy()),
)
print(f"adjoint test: {left:.10f} = {right:.10f}")
same(left, right)


def clock(function, patience=0.5):
    """Return the least of several times, in seconds; the first may compile and is not counted."""
    function()
    measured = []
    while len(measured) < 3 or (sum(measured) < patience and len(measured) < 50):
        begin = time.perf_counter()
        function()
        measured.append(time.perf_counter() - begin)
    return min(measured)


big = rng.standard_normal((1, K, 60, 60)).astype(np.float32)
layer = Upsampling(K, 8, learned=False)
with no_grad():
    seconds = (
        clock(lambda: upsample_by_stamps(big[0], 8)),
        clock(lambda: layer(tensor(big), (480, 480))),
    )
print(
    f"60 x 60 cells, 8 times: stamps {seconds[0] * 1e3:.0f} ms, library {seconds[1] * 1e3:.1f} ms,",
    end=" ",
)
print(f"{seconds[0] / seconds[1]:.0f} times as fast")

# %% [markdown]
# ## 5. How good can a coarse map be?
#
# Before we train anything: what is the best that a map of stride $s$ can reach? Let us cheat. We
# take the *true* labels, make them coarse (for each cell the share of each class), enlarge them
# again, and score the result. Nothing was predicted; whatever is lost was lost by the stride alone.
# (The paper does this in its appendix A.) The strokes are about 8 pixels wide. Before you run the
# next cell, write down the mean IoU that you expect for cells of 32, 16, 8 and 4 pixels.


# %%
def best_possible(labels, s):
    """Return labels after a way down to cells of s x s pixels and up again."""
    shares = np.stack([labels == k for k in range(K)], 1).astype(
        np.float32
    )  # ignored pixels belong to no class
    return F.interpolate(F.avg_pool2d(shares, s), scale_factor=s, mode="bilinear").numpy().argmax(1)


def measure(labels, answers):
    """Return mean IoU, pixel accuracy and boundary F1."""
    matrix, boundary = ConfusionMatrix(K, IGNORE), BoundaryF1(K, IGNORE)
    matrix.update(labels, answers)
    boundary.update(labels, answers)
    return matrix.mean_iou, matrix.pixel_accuracy, boundary.mean_f1


inside = np.ascontiguousarray(test_labels[:, :128, :128])  # 144 is no multiple of 32
ceilings = {s: best_possible(inside, s) for s in (32, 16, 8, 4)}
limits = {s: measure(inside, answers) for s, answers in ceilings.items()}
print("stride   mIoU  pixels right  boundary F1")
for s, (mean_iou, accuracy, f1) in limits.items():
    print(f"{s:6} {mean_iou:6.3f} {accuracy:13.1%} {f1:12.3f}")
assert limits[32][0] < limits[16][0] < limits[8][0] < limits[4][0], (
    f"finer cells have to reach a higher mIoU: {limits}"
)

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 5, figsize=(9.4, 2.5))
viz.draw_labels(None, inside[1], None, CLASS_COLOURS, ignore_index=IGNORE, ax=grid[0])
grid[0].set_title("truth", fontsize=10)
for axes, s in zip(grid[1:], ceilings, strict=True):
    viz.draw_labels(None, ceilings[s][1], None, CLASS_COLOURS, ax=axes)
    axes.set_title(f"stride {s}", fontsize=10)
    for at in range(s, 128, s) if s > 4 else ():
        axes.axvline(at, color="white", linewidth=0.4, alpha=0.35)
        axes.axhline(at, color="white", linewidth=0.4, alpha=0.35)
plt.show()

# %% [markdown]
# With cells of 32 pixels, strokes that are much thinner can hardly be drawn at all, *even by
# someone who knows the truth*. A larger network or longer training would not help. Only finer cells
# do.
#
# The first step was to make labels coarse. `best_possible` let the library's pooling do it. Do it
# with a `reshape`.


# %%
def shares_of_cells(labels, s, classes):
    """Return for labels (H, W) the share of each class in each cell: (classes, H / s, W / s)."""
    raise NotImplementedError


stripes = np.array([[0, 1, 1, 1], [0, 1, 1, 1]])
pooled = F.avg_pool2d((inside[:1, None] == np.arange(K)[:, None, None]).astype(np.float32), 16)
check_blank(
    shares_of_cells,
    ((stripes, 2, 2), np.array([[[0.5, 0]], [[0.5, 1]]]), "two cells, two classes"),
    ((inside[0], 16, K), pooled.numpy()[0], "a scene, and cells of 16"),
    hint="(H, W) becomes (H / s, s, W / s, s): the mean is over axes 1 and 3",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def shares_of_cells(labels, s, classes):
#     height, width = labels.shape
#     blocks = labels.reshape(height // s, s, width // s, s)
#     return np.stack([(blocks == k).mean((1, 3)) for k in range(classes)])
# ```
#
# </details>
#
# "Boundary F1" is a second score: it looks only at the outlines. Which share of the predicted
# outline has a true one near it (precision)? Which share of the true outline has a predicted one
# near it (recall)? F1 is their harmonic mean. "Near" is 0.75 % of the image's diagonal. Mean IoU
# mostly counts what lies deep inside. To see the difference, we move the truth to the right, pixel
# by pixel. Before you run the next cell, write down which of the two scores is lower when the truth
# has moved by 1 pixel, and which when it has moved by 2.

# %%
print(f"near: less than {0.0075 * math.hypot(SIZE, SIZE):.1f} pixels")
print("moved by    mIoU  boundary F1")
for shift in (0, 1, 2, 3, 4, 6):
    moved = np.roll(test_labels, shift, axis=2)
    known = (moved != IGNORE) & (test_labels != IGNORE)
    value, _, f1 = measure(
        np.where(known, test_labels, IGNORE), np.where(moved == IGNORE, 0, moved)
    )
    print(f"{shift:8} {value:7.3f} {f1:12.3f}")
    assert shift > 0 or value == f1 == 1, f"the truth itself scores {value} and {f1}, not 1"

# %% [markdown]
# While an outline is nearly right, F1 says "right"; then it falls fast. Mean IoU falls slowly and
# steadily.
#
# ## 6. Skip fusion, by hand, 4 x 4
#
# One score: positive means ink. The coarse map has 2 x 2 cells. It knows that ink is at the upper
# left. The fine map has 4 x 4 cells. It knows each edge, but has seen too little, and is wrong here
# and there. Enlarge the first, **add** the second. The coarse map alone is wrong in 2 of 16 pixels,
# the fine one in 3. Before you run the next cell, write down in how many the sum is wrong.

# %%
truth4 = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
coarse = np.array([[16.0, 0], [0, -16]])
fine = np.array([[3.0, 3, 4, 5], [2, -3, -5, -2], [3, 4, 3, -2], [-4, 2, -3, -2]])

R = np.array(
    [[1, 0], [3 / 4, 1 / 4], [1 / 4, 3 / 4], [0, 1]]
)  # how much of each cell a row takes; at the ends: all
enlarged = R @ coarse @ R.T
with no_grad():
    library = Upsampling(1, 2, learned=False)(
        tensor(coarse[None, None].astype(np.float32)), (4, 4)
    ).numpy()[0, 0]
np.testing.assert_array_equal(enlarged, library, err_msg="R x R' is not the library's enlarging")
fused = enlarged + fine
for name, scores in (("coarse alone", enlarged), ("fine alone", fine), ("the sum", fused)):
    print(f"{name:13} wrong in {int(((scores > 0) != truth4).sum())} of 16 pixels")


# %% jupyter={"source_hidden": true}
def draw_fusion():
    """Draw coarse scores, enlarged, plus fine ones, and the sum; wrong signs are red."""
    axes = canvas(10, 2.5, (-0.6, 24.6), (-4.9, 1.2), aspect="equal")
    panels = (
        (0.0, coarse, "coarse, 2 × 2", 2.0),
        (5.4, enlarged, "enlarged", 1.0),
        (10.6, fine, "fine scores", 1.0),
        (15.8, fused, "sum", 1.0),
        (20.4, truth4, "truth", 1.0),
    )
    for left, values, title, size in panels:
        axes.text(left + 2, 0.3, title, ha="center")
        for (row, column), value in np.ndenumerate(values):
            ink = value > 0
            wrong = size == 1 and ink != truth4[row, column]
            style = {"color": "#c03010", "weight": "bold"} if wrong else {}
            text = ("ink" if value else "") if values is truth4 else f"{value:g}".replace("-", "−")
            style["fontsize"] = 8 if values is truth4 else 10
            cell(
                axes,
                left + column * size,
                -row * size,
                text,
                PALE_BLUE if ink else "white",
                size,
                **style,
            )
    for x, sign in ((4.7, "→"), (10.0, "+"), (15.2, "=")):
        axes.text(x, -2, sign, ha="center", va="center", fontsize=15)
    plt.show()


draw_fusion()

# %% [markdown]
# Red: wrong. Look at the pixel in row 1, column 1: the fine map says −3, "paper"; the coarse one is
# sure that there is ink, +8; the sum is right. And in row 0, column 3 the coarse map does not know,
# and the fine one decides. *Sure* scores are large, and so they win. Nobody has to choose which map
# is believed: the weights of the score layers are learned.
#
# The next cell compares with what was worked out on paper.

# %%
on_paper = 9 / 16 * 16 + 3 / 16 * 0 + 3 / 16 * 0 + 1 / 16 * -16
assert enlarged[1, 1] == on_paper == 8, f"the score of row 1, column 1 is {enlarged[1, 1]}, not 8"
np.testing.assert_array_equal(fused > 0, truth4, err_msg="the sum is not right everywhere")

# %% [markdown]
# **Try it:** below the line that begins with `fine =`, multiply it: `fine = 4 * fine`. Which map
# decides now?
#
# <details><summary>What happens</summary>
#
# The fine map. At row 1, column 1 it now says −12, and the coarse map's +8 is no longer enough:
# that pixel becomes wrong, and so do the other two where the fine map is wrong. The sum is wrong in
# 3 of 16 pixels, the same ones as the fine map alone. (The cell that compares with the numbers on
# paper fails: the sum is not right everywhere.) A map is believed as far as its scores are large.
# In a network, training chooses this factor 4, not you.
#
# </details>
#
# ## 7. The ladder, rung 1: exactly log K
#
# All score layers start at zero. Before you run the next cell, write down the scores of the
# untrained network, the probability of each of its K = 3 classes, and the loss.


# %%
def batch_of(number, rng):
    """Return new training scenes: images (N, 3, H, W), labels (N, H, W)."""
    return collate_semantic(
        [train_data.sample(int(i), rng) for i in rng.integers(0, len(train_data), number)]
    )


minidet.manual_seed(0)
model = FCN32s(K, **SMALL)
images, labels = batch_of(4, np.random.default_rng(0))


def loss_of(scores, labels):
    return F.cross_entropy(scores, labels, ignore_index=IGNORE)


start = loss_of(model(images), labels).item()
print(f"log {K} = {math.log(K):.7f}, loss at the start: {start:.7f}")
assert abs(start - math.log(K)) < 1e-6, (
    f"the loss starts at {start}, not at log {K} = {math.log(K)}"
)

# %% [markdown]
# All scores are 0, everywhere, for every image. So all classes are equally likely, and the loss is
# $\log K$: exactly, up to the last digit of a float32. A loss that starts elsewhere is a bug that
# you have found in a second.
#
# Is it not dangerous to start with zeros? A network whose weights are *all* zero never learns.
# Before you run the next cell, write down which of the eight layers get a gradient in the first
# step, and which in the second.

# %%
optimizer = optim.SGD(model.parameters(), lr=0.1)
sizes = {}  # of the gradient of each convolution's weight, after each step
for _ in range(2):
    optimizer.zero_grad()
    loss_of(model(images), labels).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.ndim == 4:
            sizes.setdefault(name.removesuffix(".weight"), []).append(
                float(np.linalg.norm(parameter.grad.numpy()))
            )
    optimizer.step()
print(f"{'norm of the gradient':24} {'step 1':>8} {'step 2':>8}")
for name, (once, twice) in sizes.items():
    print(f"{name:24} {once:8.3g} {twice:8.3g}")
    assert (once > 0) == (name == "score_fc7"), f"step 1: {name} has a gradient of norm {once}"
    assert twice > 0, f"step 2: {name} has no gradient"

# %% [markdown]
# In step 1 only the score layer learns: what goes back through it is multiplied by its weights, and
# they are 0. From step 2 on, everything does. *One* zero layer is harmless, because the layers
# below it are random. For a new skip it is ideal: a zero score layer adds nothing, so a network
# that gets a skip says at first what it said before.
#
# ## 8. Rung 2: learn one batch by heart
#
# Two scenes, again and again. The rule of this rung is the same in all notebooks: the loss falls
# **below a tenth of its start**. A network that cannot do this has a bug, or is not able to do its
# task; more data would help neither.
#
# Three networks climb. FCN-8s from scratch. FCN-32s, which *cannot* draw these strokes (section 5).
# And a broken FCN-8s: the weights of its first convolution are zero, so its features are 0 and stay
# 0 (a ReLU at 0 passes no gradient back). Up-sampling stays bilinear here, in all three, so the
# broken one says the same everywhere. Only the biases of the score layers can learn. Before you run
# the next cells, write down which of the three get below a tenth, and what the best loss is for a
# network that knows nothing but how often each class occurs.


# %%
def train(model, steps, rate, next_batch, title, watch=None):
    """Train with AdamW, a warm-up, then the rate falling to 0; return a record of every step."""
    optimizer = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    warm = min(20, steps // 4)
    schedules = [
        optim.LinearLR(optimizer, 0.1, total_iters=warm),
        optim.CosineAnnealingLR(optimizer, steps - warm),
    ]
    schedule = optim.SequentialLR(optimizer, schedules, [warm])
    history = []
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            model.train()
            images, labels = next_batch()
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            history.append(
                {"step": step, "loss": loss.item(), "lr": optimizer.param_groups[0]["lr"]}
            )
            optimizer.step()
            schedule.step()
            if watch is not None and (step % max(steps // 5, 1) == 0 or step == steps):
                history[-1]["mIoU"] = watch(model)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


# %%
def climb(kind, broken=False, **options):
    """Train a new network on the same two scenes; return a record of every step."""
    minidet.manual_seed(0)
    network = kind(K, **{**SMALL, "dropout": 0.0, **options})
    if broken:
        nn.init.zeros_(network.backbone.stages[0][0][0].weight)
    steps = 8 if QUICK else 120
    return train(network, steps, 1e-2, lambda: (images[:2], labels[:2]), "by heart")


learned = {
    "FCN-8s": climb(FCN8s, learn_upsampling=False),
    "FCN-32s": climb(FCN32s),
    "FCN-8s, broken": climb(FCN8s, broken=True, learn_upsampling=False),
}
two = labels[:2].numpy()
shares = np.array([(two == k).sum() for k in range(K)]) / (two != IGNORE).sum()
entropy = -(shares * np.log(shares)).sum()
print(
    f"a tenth of the start: {start / 10:.3f}; entropy of the shares of the classes: {entropy:.3f}"
)
for name, history in learned.items():
    first, last = history[0]["loss"], history[-1]["loss"]
    verdict = "passes" if last < first / 10 else "does not pass"
    print(f"{name:15} loss {first:.3f} at first, {last:.3f} after {len(history)} steps: {verdict}")
if not QUICK:
    ends = {name: history[-1]["loss"] for name, history in learned.items()}
    assert ends["FCN-8s"] < start / 10, f"FCN-8s does not learn two scenes by heart: {ends}"
    assert ends["FCN-32s"] > 1.5 * ends["FCN-8s"], f"the stride does not hold FCN-32s back: {ends}"
    assert ends["FCN-8s, broken"] > entropy - 0.01, (
        f"the broken network knows more than shares: {ends}"
    )

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.6, 3.2))
styles = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."))
for (name, history), (colour, line) in zip(learned.items(), styles, strict=True):
    axes.semilogy([record["loss"] for record in history], line, color=colour, label=name)
axes.axhline(start / 10, color=INK, linestyle=":", linewidth=1)
axes.text(0, start / 10 * 0.93, "a tenth of the start", va="top", fontsize=9, color=INK)
axes.set(xlabel="step", ylabel="loss")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, labelcolor=INK, loc="upper right", fontsize=9)
plt.show()

# %% [markdown]
# FCN-8s passes. The broken network comes down to the **entropy** of the shares, $-\sum_k q_k \log
# q_k$, and cannot go below: a loss that stays at this number says "the network does not look at the
# image". FCN-32s is *not* broken, and does not pass in these steps either: its cells are too
# coarse. If you did not know section 5, you might look for a bug for a long time.
#
# ## 9. Rung 3: train 32s, then 16s, then 8s
#
# As in the paper: FCN-32s first. Then FCN-16s gets all its weights, and a new score layer of zeros.
# Then FCN-8s gets those of FCN-16s. Every scene is new, so nothing can be learnt by heart.
#
# Whoever says "paper" for every pixel has a mean IoU of about 0.26. Before you run the next cells,
# write down the three mean IoUs that you expect after training, and what a network reaches at the
# moment when it gets its weights.


# %%
def answers_of(model, images, batch=8):
    """Return the class with the highest score for each pixel, (N, H, W)."""
    model.eval()
    with no_grad():
        return np.concatenate(
            [
                model(images[i : i + batch]).numpy().argmax(1)
                for i in range(0, images.shape[0], batch)
            ]
        )


def mean_iou(model):
    return measure(test_labels, answers_of(model, test_images))[0]


STEPS = (6, 4, 4) if QUICK else (160, 120, 120)
draws = np.random.default_rng(1)
minidet.manual_seed(0)
models, histories, handed_over = {}, [], {}
begin = time.perf_counter()
for name, steps, rate in zip(
    ("FCN-32s", "FCN-16s", "FCN-8s"), STEPS, (5e-3, 3e-3, 3e-3), strict=True
):
    if name == "FCN-32s":
        model = FCN32s(K, **SMALL)
    else:
        model = FCN16s.from_32s(model) if name == "FCN-16s" else FCN8s.from_16s(model)
        handed_over[name] = mean_iou(model)
    done = histories[-1]["step"] if histories else 0
    records = train(model, steps, rate, lambda: batch_of(6, draws), name, mean_iou)
    histories += [{**record, "step": record["step"] + done} for record in records]
    models[name] = model
print(f"{time.perf_counter() - begin:.0f} s for all three")

# %% jupyter={"source_hidden": true}
axes = viz.draw_curves(histories)
for at, name in zip(np.cumsum((0, *STEPS[:2])), models, strict=True):
    axes.axvline(at, color=INK, linestyle=":", linewidth=1)
    axes.text(
        at + sum(STEPS) * 0.008,
        0.97,
        name,
        transform=axes.get_xaxis_transform(),
        va="top",
        fontsize=9,
        color=INK,
    )
plt.show()

# %%
answers = {name: answers_of(model, test_images) for name, model in models.items()}
measured = {name: measure(test_labels, said) for name, said in answers.items()}
print(f"{'':9} {'mIoU':>6} {'pixels right':>13} {'boundary F1':>12}   mIoU when it got its weights")
for name, (value, accuracy, f1) in measured.items():
    first = f"{handed_over[name]:.3f}" if name in handed_over else ""
    print(f"{name:9} {value:6.3f} {accuracy:13.1%} {f1:12.3f}   {first}")
paper_only = measure(test_labels, np.zeros_like(test_labels))
print(f"{'all paper':9} {paper_only[0]:6.3f} {paper_only[1]:13.1%} {paper_only[2]:12.3f}")
if not QUICK:
    assert measured["FCN-32s"][0] < measured["FCN-16s"][0] < measured["FCN-8s"][0], (
        f"each skip has to raise the mIoU: {measured}"
    )

# %% [markdown]
# ### What does each skip bring?

# %%
draw_scenes(range(3), [test_labels, *answers.values()], ["truth", *answers])

# %% [markdown]
# FCN-32s says "paper" everywhere! Is it broken? It had to bet on *one* class for each pixel. In
# cells that are larger than strokes, paper is the best bet, even where there is a digit. But a bet
# hides how sure a network is. Let us look at the *probability* of ink, which is $1 -
# p(\text{paper})$ after the softmax. Before you run the next cell, write down whether FCN-32s gives
# digits a higher probability of ink than paper, or the same.


# %%
def probability_of_ink(model, images):
    """Return 1 - p(paper) of every pixel, (N, H, W)."""
    model.eval()
    with no_grad():
        return 1 - F.softmax(model(images), dim=1).numpy()[:, 0]


probabilities = {name: probability_of_ink(model, test_images[:3]) for name, model in models.items()}
for name, values in probabilities.items():
    on, off = values[test_labels[:3] > 0].mean(), values[test_labels[:3] == 0].mean()
    print(f"{name:9} mean probability of ink: {on:.2f} where there is ink, {off:.2f} on paper")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(3, 4, figsize=(6.6, 5.3))
for i, line in enumerate(grid):
    viz.draw_image(scene_of(i), ax=line[0])
    for axes, (name, values) in zip(line[1:], probabilities.items(), strict=True):
        drawn = axes.imshow(
            values[i][1::ZOOM, 1::ZOOM], cmap="magma", vmin=0, vmax=1, interpolation="nearest"
        )
        axes.set(xticks=[], yticks=[])
        if i == 0:
            axes.set_title(name, fontsize=10)
grid[0, 0].set_title("scene", fontsize=10)
bar = plt.gcf().colorbar(drawn, ax=grid[:, -1], shrink=0.6, label="probability of ink")
bar.outline.set_visible(False)
plt.show()

# %% [markdown]
# Read each row from left to right. FCN-32s: *something is about here*. FCN-16s: pieces of strokes.
# FCN-8s: strokes, with edges and holes. This is what each skip brings. (The white 4s of the truth
# were never corrected, so the networks call them this or that.)
#
# A fair question: would FCN-32s have become as good if *it* had been trained for longer? Section 5
# found a ceiling for cells of 32 pixels. Before you run the next cell, which gives FCN-32s as many
# further steps as the other two had, write down the mIoU that you expect.

# %%
longer = FCN32s(K, **SMALL)
longer.load_state_dict(models["FCN-32s"].state_dict())
for steps, rate in zip(STEPS[1:], (3e-3, 3e-3), strict=True):
    train(longer, steps, rate, lambda: batch_of(6, draws), "FCN-32s, longer")
control = measure(test_labels, answers_of(longer, test_images))
print(f"FCN-32s {measured['FCN-32s'][0]:.3f}, trained for longer {control[0]:.3f},", end=" ")
print(f"FCN-8s {measured['FCN-8s'][0]:.3f}")
if not QUICK:
    assert control[0] < measured["FCN-8s"][0], f"longer training is as good as skips: {control[0]}"

# %% [markdown]
# ### Who says what
#
# The title claims that coarse maps know *what* and fine maps know *where*. FCN-8s adds three maps,
# so we can ask each of them. Two questions, and for each of them a score made of scores:
#
# - *where*: is this pixel ink or paper? The larger of the two ink scores minus that of paper;
# - *what*: is this ink a loop or open? The score of loop minus that of open, on pixels that are
#   ink.
#
# How well does such a number tell two groups of pixels apart? Take one pixel of each group: how
# often has the right one the larger number? This share of all pairs is called **AUC**: 1 is
# perfect, 0.5 is a coin. Before you run the cell below the pictures, write down for both questions
# the order of fc7 (stride 32), pool4 (16) and pool3 (8).


# %%
def contributions(model, image):
    """Return what each score layer adds to the scores, enlarged: three (K, H, W)."""
    pool3, pool4, fc7 = model.backbone((image - 0.5) * 4.0)  # the model normalises like this
    size, parts = image.shape[-2:], []
    for source in ("fc7", "pool4", "pool3"):
        x = model.score_fc7(fc7) * (source == "fc7")
        x = model.upscore2(x, pool4.shape[-2:]) + model.score_pool4(pool4) * (source == "pool4")
        x = model.upscore_pool4(x, pool3.shape[-2:]) + model.score_pool3(pool3) * (
            source == "pool3"
        )
        parts.append(model.upscore8(x, size).numpy()[0])
    return parts


def where_and_what(scores):
    """Return two pictures of scores (K, H, W): ink against paper, and loop against open."""
    return scores[1:].max(0) - scores[0], scores[2] - scores[1]


model = models["FCN-8s"].eval()
with no_grad():
    all_parts = [contributions(model, test_images[i : i + 1]) for i in range(len(test_labels))]
    whole = model(test_images[:1]).numpy()[0]
same(  # up-sampling is linear: the sum is all
    sum(all_parts[0]), whole, rtol=1e-3, atol=1e-3, err_msg="the three parts are not the scores"
)
SOURCES = ("fc7, stride 32", "pool4, stride 16", "pool3, stride 8", "sum")

# %% jupyter={"source_hidden": true}
ORANGE_TO_BLUE = LinearSegmentedColormap.from_list(
    "open to loop", [CLASS_COLOURS[1] / 255, "white", CLASS_COLOURS[2] / 255]
)
shown = 2  # the number of the scene
on_ink = test_labels[shown] > 0
_, grid = viz.subplots(2, 5, figsize=(8.2, 3.7))
for line, place, colours, question in (
    (grid[0], 0, "PRGn", "ink (green)?"),
    (grid[1], 1, ORANGE_TO_BLUE, "loop (blue)?"),
):
    viz.draw_image(scene_of(shown), ax=line[0])
    line[0].set_ylabel(question, fontsize=10)
    everything = (*all_parts[shown], sum(all_parts[shown]))
    for axes, part, title in zip(line[1:], everything, SOURCES, strict=True):
        picture = where_and_what(part)[place]
        limit = np.percentile(np.abs(picture[on_ink]), 95)
        if place == 1:
            picture = np.where(on_ink, picture, np.nan)  # nothing is drawn where there is no ink
            axes.patch.set(facecolor=CLASS_COLOURS[0] / 255, alpha=1)
        axes.imshow(
            picture[1::ZOOM, 1::ZOOM],
            cmap=colours,
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
        )
        axes.set(xticks=[], yticks=[])
        if place == 0:
            axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# Upper row: green is for ink, violet against it. Lower row: blue is for a loop, orange for an open
# digit, in the colours of the classes, and only where there is ink. Each picture has a scale of its
# own.


# %%
def auc(positive, negative):
    """Return the share of pairs in which the positive is larger; ties count half."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return (ranks.mean() - (len(positive) + 1) / 2) / len(negative)


groups = {"where: ink or paper": (0, np.isin(test_labels, (1, 2)), test_labels == 0)}
groups["what: loop or open"] = (1, test_labels == 2, test_labels == 1)
areas = {}
print(f"{'AUC':20}", "  ".join(f"{source:>16}" for source in SOURCES))
for question, (place, positive, negative) in groups.items():
    areas[question] = []
    for source in range(4):
        chosen = [(*parts, sum(parts))[source] for parts in all_parts]
        picture = np.stack([where_and_what(part)[place] for part in chosen])
        areas[question].append(auc(picture[positive], picture[negative]))
    print(f"{question:20}", "  ".join(f"{value:16.2f}" for value in areas[question]))
if not QUICK:
    where, what = areas.values()
    assert where[0] < where[1] < where[2], f"finer maps have to know better where ink is: {where}"
    assert what[0] > what[1] > what[2], f"coarser maps have to know better what it is: {what}"

# %% [markdown]
# The two orders are opposite: the title is right. fc7 knows best whether ink belongs to a loop, and
# least where ink is. For pool3 it is the other way round.
#
# The ranks in `auc` are quick and hard to see through. Write it as it was said: look at all pairs.


# %%
def auc_by_pairs(positive, negative):
    """Return the share of pairs in which the positive is larger; ties count half."""
    raise NotImplementedError


drawn = rng.integers(0, 9, 30) + 2.0, rng.integers(0, 9, 40) + 0.0
check_blank(
    auc_by_pairs,
    ((np.array([3.0, 1.0]), np.array([2.0, 0.0])), 0.75, "three of four pairs are in order"),
    ((np.array([1.0]), np.array([1.0])), 0.5, "a tie"),
    (drawn, auc(*drawn), "30 x 40 pairs, with ties"),
    hint="positive[:, None] and negative[None] compare each with each",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def auc_by_pairs(positive, negative):
#     larger = positive[:, None] > negative[None]
#     equal = positive[:, None] == negative[None]
#     return (larger + 0.5 * equal).mean()
# ```
#
# </details>
#
# What do the skips do to the answer? The next picture leaves parts of the sum out, and below it you
# can do so yourself. (This is not an FCN-16s or FCN-32s: those were trained to do without the
# part.)


# %% jupyter={"source_hidden": true}
def ink_of(scene, fc7, pool4, pool3):
    """Return the probability of ink if only some parts are added."""
    scores = sum(part * on for part, on in zip(all_parts[scene], (fc7, pool4, pool3), strict=True))
    return 1 - F.softmax(tensor(scores[None]), dim=1).numpy()[0, 0]


_, grid = viz.subplots(1, 5, figsize=(8.2, 2.1))
viz.draw_image(scene_of(1), ax=grid[0])
choices = {"fc7": (1, 0, 0), "fc7 + pool4": (1, 1, 0), "pool3": (0, 0, 1), "all three": (1, 1, 1)}
for axes, (title, choice) in zip(grid[1:], choices.items(), strict=True):
    drawn = axes.imshow(
        ink_of(1, *choice)[1::ZOOM, 1::ZOOM], cmap="magma", vmin=0, vmax=1, interpolation="nearest"
    )
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
bar = plt.gcf().colorbar(drawn, ax=grid[-1], shrink=0.8, label="p(ink)")
bar.outline.set_visible(False)
plt.show()

# %% [markdown]
# Run the notebook to move it: tick the parts that are added, and choose the scene.


# %%
def draw_sum(scene=0, fc7=True, pool4=True, pool3=True):
    """Draw a scene, its truth, and the probability of ink of the chosen parts."""
    ink = ink_of(scene, fc7, pool4, pool3)
    _, (left, middle, right) = viz.subplots(1, 3, figsize=(6.6, 2.5))
    viz.draw_image(scene_of(scene), ax=left)
    left.set_title("scene", fontsize=9)
    middle.set_title("truth", fontsize=9)
    labels = test_labels[scene]
    viz.draw_labels(None, labels, None, CLASS_COLOURS, ignore_index=IGNORE, ax=middle)
    right.imshow(ink[1::ZOOM, 1::ZOOM], cmap="magma", vmin=0, vmax=1, interpolation="nearest")
    right.set(xticks=[], yticks=[])
    on, off = ink[np.isin(labels, (1, 2))].mean(), ink[labels == 0].mean()
    right.set_title(f"p(ink): {on:.2f} on ink, {off:.2f} on paper", fontsize=9)
    plt.show()


viz.sliders(draw_sum, scene=(0, 5), fc7=True, pool4=True, pool3=True)

# %% [markdown]
# ## 10. Rung 4: look at the mistakes
#
# The scenes with the fewest pixels right, and a picture of the mistakes in three colours of its
# own: yellow where ink was missed, violet where ink was invented, red where ink was found and
# called the wrong kind. Before you run the next cell, write down which of the three is the most
# frequent.

# %%
known = test_labels != IGNORE
said = answers["FCN-8s"]
right = ((said == test_labels) & known).sum((1, 2)) / known.sum((1, 2))
worst = np.argsort(right)[:3]
missed, invented = (test_labels > 0) & known & (said == 0), (test_labels == 0) & (said > 0)
mixed = (test_labels > 0) & known & (said > 0) & (said != test_labels)
total = (missed | invented | mixed).sum()
print(f"of all wrong pixels: ink missed {missed.sum() / total:.0%},", end=" ")
print(f"invented {invented.sum() / total:.0%}, wrong kind {mixed.sum() / total:.0%}")

# %% jupyter={"source_hidden": true}
MISTAKES = (
    ("missed", (0.98, 0.96, 0.4)),
    ("invented", (0.66, 0.3, 0.85)),
    ("wrong kind", (0.8, 0.1, 0.08)),
)
_, grid = viz.subplots(3, 4, figsize=(6.6, 5.7))
for i, line in zip(worst, grid, strict=True):
    viz.draw_image(scene_of(i), ax=line[0])
    viz.draw_labels(None, test_labels[i], None, CLASS_COLOURS, ignore_index=IGNORE, ax=line[1])
    viz.draw_labels(None, said[i], None, CLASS_COLOURS, ax=line[2])
    picture = np.full((3, SIZE, SIZE), 0.1)
    for (_, colour), here in zip(MISTAKES, (missed, invented, mixed), strict=True):
        picture[:, here[i]] = np.array(colour)[:, None]
    viz.draw_image(picture, ax=line[3])
for axes, title in zip(grid[0], ("scene", "truth", "FCN-8s", "mistakes"), strict=True):
    axes.set_title(title, fontsize=10)
kinds = [Patch(facecolor=colour, edgecolor=INK, label=name) for name, colour in MISTAKES]
blank = Patch(facecolor="none", edgecolor="none", label=" ")
columns = [handle for pair in zip(HANDLES, [*kinds, blank], strict=True) for handle in pair]
plt.gcf().legend(
    handles=columns, loc="outside lower center", ncols=4, frameon=False, labelcolor=INK, fontsize=9
)
plt.show()

# %% [markdown]
# Which is it: *what*, or *where*? Yellow and violet seams along the strokes are a *where*: eight
# pixels are still coarse. Red digits are a *what*: a loop that is covered by a scrap of paper, a
# small loop that looks closed or open from afar, or a network that was trained for a minute only.
# More skips would help the first kind, not the second.
#
# One mean hides both. The next cell sorts the pixels by their distance to the nearest outline.
# Before you run it, write down: how much is wrong right at the outline, and 8 pixels away from it?
# Which network profits most from which skip?

# %%
bands = ((1, 2), (2, 4), (4, 8), (8, 16), (16, 99))
lines = {name: [] for name in answers}
for low, high in bands:
    inside_band = np.zeros_like(known)
    for i, labels in enumerate(test_labels):
        ink_here = labels > 0
        distance = np.maximum(distance_transform_edt(ink_here), distance_transform_edt(~ink_here))
        inside_band[i] = (distance >= low) & (distance < high) & known[i]
    for name, said_ in answers.items():
        lines[name].append(100 * float((said_ != test_labels)[inside_band].mean()))
print(
    "wrong pixels, %; distance to the outline:",
    ", ".join(f"{low} to {high}" for low, high in bands),
)
for name, values in lines.items():
    print(f"{name:9}", "  ".join(f"{value:6.1f}" for value in values))

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.6, 3.0))
for (name, values), colour, line in zip(
    lines.items(), COLOURS[:3], ("o:", "s--", "^-"), strict=True
):
    axes.plot(range(len(bands)), values, line, color=colour, label=name)
axes.set(
    xticks=range(len(bands)),
    ylim=(0, None),
    xlabel="pixels to the nearest outline",
    ylabel="wrong, %",
)
axes.set_xticklabels([f"{low}–{high}" if high < 99 else f"over {low}" for low, high in bands])
axes.spines[["top", "right"]].set_visible(False)
axes.grid(alpha=0.25)
axes.legend(frameon=False, labelcolor=INK)
plt.show()

# %% [markdown]
# Right at the outline four to five of ten pixels are wrong in all three, and FCN-16s even a little
# more often than FCN-32s, which dares nothing. The skip from pool4 helps most between 4 and 8
# pixels (36 % become 24 %), the skip from pool3 between 2 and 4 pixels (43 % become 17 %): each
# mends what is about half of its cell away from an outline. Deep inside paper nobody is wrong.
#
# **Try it:** start FCN-8s from scratch, with as many steps as all three together, in a new cell:
# `records = train(FCN8s(K, **SMALL), sum(STEPS), 5e-3, lambda: batch_of(6, draws), "from scratch",
# mean_iou)`, then `print(records[-1]["mIoU"])`. Is the sequence needed?
#
# <details><summary>What happens</summary>
#
# One run gave 0.60, the sequence 0.65. So the sequence is better here, but it is not *needed*: from
# scratch the network is far beyond FCN-16s too. One run of each is not a proof: repeat both with
# other seeds (`minidet.manual_seed(1)`) before you say which is better.
#
# </details>
#
# **Try it:** decide what a 4 is. In section 2, below the line that begins with `MEANING =`, call it
# a loop: `MEANING[5] = 2`. Run everything again. What does the mean IoU become?
#
# <details><summary>What happens</summary>
#
# The share of "loop" rises from 12.6 % to 14.7 % of the pixels, and nothing is ignored. FCN-8s
# reached a mean IoU of 0.69 in place of 0.65 (one run of each). That does not make it a better
# network: the two numbers are of different pixels and other labels. Now a 4 that is drawn open is
# wrong when it is called open.
#
# </details>
#
# ## Summary
#
# 1. A classifier's maps get coarser on the way: one cell of the last map stands for 32 x 32 pixels.
# 2. A 1 x 1 convolution makes scores from the features of a cell; a transposed convolution enlarges
#    the scores.
# 3. At the start, this transposed convolution is bilinear interpolation: it stamps a tent for each
#    cell.
# 4. Cell $i$ of stride $s$ has its centre at pixel $(i + 1/2)\,s - 1/2$; whoever forgets this
#    shifts the answer.
# 5. A map of stride $s$ has a ceiling, which you can measure with the true labels before you train.
# 6. A skip adds the scores of a finer map. The map whose scores are larger decides.
# 7. Score layers start at zero: the loss starts at exactly log K, and a new skip changes nothing at
#    first.
# 8. An ignored pixel is not in the loss, not in the gradient, and not in the score.
# 9. Mean IoU comes from one confusion matrix for the whole data set; it does not see whether
#    outlines are sharp.
# 10. Measured: coarse maps know better *what* ink is, fine maps know better *where* it is.
#
# | term | section | builds on |
# |---|---|---|
# | stride 32, cell | 1 | pooling: [03](03_pooling_and_unpooling.ipynb) |
# | score layer | 1 | fully connected layer as a convolution: notebook 05 |
# | ignore label | 2 | cross-entropy |
# | confusion matrix, IoU, mean IoU | 3 | a true and a predicted class per pixel |
# | centre of a cell | 4 | pooling, stride |
# | bilinear up-sampling | 4 | transposed convolution: [04](04_transposed_convolution.ipynb) |
# | ceiling of a stride | 5 | mean IoU; bilinear up-sampling |
# | boundary F1 | 5 | precision and recall |
# | skip | 6 | score layer; bilinear up-sampling |
# | zero start, log K | 7 | cross-entropy; score layer |
# | overfit one batch | 8 | entropy of the shares; ceiling of a stride |
# | FCN-32s, FCN-16s, FCN-8s | 9 | skip; zero start |
# | AUC | 9 | differences of scores |
#
# ## Questions
#
# **1.** Why are the skips *added*, and not, say, averaged or put side by side?
#
# <details><summary>Answer</summary>
#
# Differences of scores are logarithms of odds. Adding them is what one does with evidence from two
# sources, if the sources are independent. An average would say the same with a factor 1/2, which
# the weights can learn. Put side by side (concatenated), a further convolution could combine them
# in more ways; that is what the U-Net does, with *features* in place of scores, in
# [07_segnet_and_unet](07_segnet_and_unet.ipynb).
#
# </details>
#
# **2.** FCN-16s starts from FCN-32s, and its new score layer is zero. Is its first answer exactly
# that of FCN-32s?
#
# <details><summary>Answer</summary>
#
# Nearly. Enlarging by 32 at once, the scores have a kink at the centre of each coarse cell.
# Enlarging by 2 makes two cells around that centre, and enlarging those by 16 draws a straight line
# from one to the other: it cuts the corner. Everywhere else the two are equal. Compare the last
# column of the table in section 9 with the mIoU one row above.
#
# </details>
#
# **3.** Someone trains *without* the ignore label, and calls every 4 "paper". What will the network
# learn? What would its mIoU be worth?
#
# <details><summary>Answer</summary>
#
# That ink of a certain form is paper. A 4 has strokes like a 1 and a 7, so other digits lose too.
# And the score counts it as right to miss them: it measures agreement with a rule that nobody
# wanted.
#
# </details>
#
# **4.** A class has 50 pixels in the whole test set. The network finds none of them. What happens
# to pixel accuracy, and to the mean IoU of 10 classes?
#
# <details><summary>Answer</summary>
#
# Pixel accuracy does not notice. The class has an IoU of 0, and the mean loses up to 0.1. The mean
# IoU gives every *class* the same weight, not every pixel. That is its purpose, and it makes it
# unsteady where classes are rare.
#
# </details>
#
# ## What to read next
#
# - The next notebook: [07_segnet_and_unet](07_segnet_and_unet.ipynb): other ways to remember
#   *where*.
# - [minidet/models/segmentation/fcn.py](../minidet/models/segmentation/fcn.py): the figure, then
#   the classes in the order in which data flows. `FCN8s(num_classes, **FCN8s.PAPER)` has the
#   published size.
# - J. Long, E. Shelhamer, T. Darrell, *Fully convolutional networks for semantic segmentation*,
#   CVPR 2015, [arXiv:1411.4038](https://arxiv.org/abs/1411.4038): figure 3, section 4.2, and
#   appendix A for our section 5. The longer version is in TPAMI 2017,
#   [arXiv:1605.06211](https://arxiv.org/abs/1605.06211).
# - G. Csurka, D. Larlus, F. Perronnin, *What is a good evaluation measure for semantic
#   segmentation?*, BMVC 2013: boundary F1, and what mean IoU does not see.
# - L.-C. Chen and others, *DeepLab*, [arXiv:1606.00915](https://arxiv.org/abs/1606.00915): between
#   the two notebooks. Some strides become dilations, the others stay.
