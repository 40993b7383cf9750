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
# In the last notebook a classifier became a network that names every pixel. To give *every* pixel an answer, we had to
# take the strides out, and that was expensive. In 2015 Long, Shelhamer and Darrell did the opposite. They left the
# strides in, got a small, coarse map of scores, and enlarged it with a transposed convolution. Then they brought the
# detail back with two *skips*. Most networks that label pixels today still have this form.
#
# |  |  |
# |---|---|
# | **Time** | 80 minutes to read and try; all cells together run for two or three |
# | **You need** | [04](04_transposed_convolution.ipynb), [05](05_from_sliding_window_to_fully_convolutional.ipynb) |
# | **You need not** | a graphics card |
#
# **At the end you can say**
# - how FCN-32s, FCN-16s and FCN-8s are wired, and why they are trained in this order;
# - where a cell of a coarse map lies in the image, and how a transposed convolution interpolates between cells;
# - why the loss starts at *exactly* log K, and what an ignore label does to loss, gradient and score;
# - how to compute mean IoU, and what it does not see.
#
# Look for **Try it**. Nothing can break: *Restart kernel and run all* brings everything back.

# %%
import math
import os
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch, Rectangle
from scipy.ndimage import distance_transform_edt
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import no_grad, optim, tensor, viz
from minidet.autograd import gradcheck
from minidet.data import DigitScenes, collate_semantic
from minidet.metrics import BoundaryF1, ConfusionMatrix
from minidet.models import FCN8s, FCN16s, FCN32s, SlidingWindow, multiply_adds
from minidet.models.segmentation.fcn import Upsampling

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a"
PALE_BLUE, PALE_ORANGE, YELLOW, PALE_GREEN = "#cfe0f0", "#f9dcc4", "#fff2b3", "#d5ead9"
for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
    plt.rcParams[part] = GREY  # reads on white and on black pages
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "font.size": 10})

same = np.testing.assert_allclose
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem, and the figure
#
# A classifier makes its maps smaller on the way, for two good reasons: it gets cheaper, and each number sees more of
# the picture. Five poolings: $2^5 = 32$. Behind them, one cell stands for $32 \times 32$ pixels. It knows *what* is
# there, and hardly *where*. The cells of earlier layers know *where*, but have seen too little to know *what*.
#
# FCN combines them. This is its figure 3. Each grid shows how coarse a layer is.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def grid_box(axes, x, y, cells, colour, title="", side=2.0):
    """Draw a square that is divided into cells; (x, y) is its upper left corner."""
    axes.add_patch(Rectangle((x, y - side), side, side, facecolor=colour, edgecolor="#606060", linewidth=0.9))
    for i in range(1, cells):
        at = side * i / cells
        axes.plot([x + at, x + at], [y - side, y], color="#707070", linewidth=0.6)
        axes.plot([x, x + side], [y - at, y - at], color="#707070", linewidth=0.6)
    axes.text(x + side / 2, y + 0.12, title, ha="center", va="bottom", fontsize=9)


def arrow(axes, start, end, text="", colour=GREY, shift=(0.0, 0.12)):
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
            arrow(axes, (source + 1, y - 1), (11.9, y - 1), "score layer\n1 × 1", ORANGE, (-0.05, -1.15))
            arrow(axes, (13.0, y + 1.55), (13.0, y + 0.62), "", GREEN)
            axes.text(13.2, y + 1.05, "2×, learned", fontsize=8.5, color=GREEN, va="center")
        arrow(axes, (14.1, y - 1), (18.1, y - 1), f"{'score layer, ' if not skips else ''}{factor} bilinear", GREEN)
        axes.add_patch(Rectangle((18.3, y - 2), 2, 2, facecolor=PALE_ORANGE, edgecolor="#606060", linewidth=0.9))
        axes.text(18.3 + 1, y - 1, name, ha="center", va="center", fontsize=10, weight="bold", color=DARK)
        assert x > 14
    plt.show()


draw_fcn()

# %% [markdown]
# - **Score layers** (orange): a 1 x 1 convolution makes K scores from the features of each cell.
# - **Up-sampling** (green): a transposed convolution; at the start it is bilinear interpolation.
# - **Skips**: scores of a finer layer are *added* to the up-sampled scores of the coarser one.
#
# What does a score cost now? The library's FCN-8s beside the sliding window of notebook 05, for the same image:

# %%
K = 3
SMALL = {"widths": (12, 24, 32, 48, 96), "convs": (1, 1, 1, 1, 1), "hidden": 96, "dropout": 0.1}  # trains in a minute
SIZE = 144
minidet.manual_seed(0)
ours = multiply_adds(FCN8s(K, **SMALL), (1, 3, SIZE, SIZE))
window = SlidingWindow(K).multiply_adds(SIZE, SIZE)
print(f"million multiply-adds for {SIZE} x {SIZE}: FCN-8s {ours / 1e6:.0f}, sliding window all at once", end=" ")
print(f"{window.convolutional / 1e6:.0f}, by crops {window.by_crops / 1e6:,.0f}")

# %% [markdown]
# ## 2. The data, and pixels that nobody can name
#
# Scenes of handwritten digits, enlarged three times, so that strokes are about as wide as a cell of 8 pixels. Ten kinds
# of digits would need more training than we have patience for. So we ask an easier question, which still needs to see
# a *whole* digit: **does it have a closed loop?** 0, 6, 8 and 9 do. 1, 2, 3, 5 and 7 do not.
#
# And 4? Some people close it, some do not, and some nearly do. Whoever made the labels would have to guess. Better to
# say so: these pixels get the label 255, **ignore**. (In PASCAL VOC it is a band around each object, where the people
# who drew the outlines were not sure.)


# %%
CLASSES, IGNORE, ZOOM = ["paper", "open", "loop"], 255, 3
COLOURS = np.array([[30, 30, 36], [240, 150, 50], [60, 160, 230]], np.uint8)
#                    paper 0  1  2  3  4       5  6  7  8  9
MEANING = np.array([0, 2, 1, 1, 1, IGNORE, 1, 2, 1, 2, 2])


def enlarge(image, target, rng=None):
    """Make a scene larger, and replace the digits by our classes."""
    image = F.interpolate(image[None], scale_factor=ZOOM, mode="bilinear").numpy()[0]
    return image, {"semantic": MEANING[target["semantic"]].repeat(ZOOM, 0).repeat(ZOOM, 1)}


train_data = DigitScenes("train", size=SIZE // ZOOM, length=10_000, transform=enlarge, fresh=True)  # new at each visit
test_data = DigitScenes("test", size=SIZE // ZOOM, length=6 if QUICK else 32, transform=enlarge)
test_images, test_labels = collate_semantic([enlarge(*test_data.load(i)) for i in range(len(test_data))])
test_labels = test_labels.numpy()
shares = [np.mean(test_labels == k) for k in (0, 1, 2, IGNORE)]
print("share of the pixels:", ", ".join(f"{n} {s:.1%}" for n, s in zip([*CLASSES, "ignore"], shares, strict=True)))

# %% jupyter={"source_hidden": true}
HANDLES = [
    Patch(facecolor=colour / 255, edgecolor=GREY, label=name) for name, colour in zip(CLASSES, COLOURS, strict=True)
]
HANDLES.append(Patch(facecolor="white", edgecolor=GREY, label="ignore"))


def scene_of(number):
    """Return a test scene as it was before it was enlarged: these pixels are the middles of blocks of 3 x 3."""
    return test_images.numpy()[number, :, 1::ZOOM, 1::ZOOM]


def draw_scenes(numbers, rows, titles):
    """Draw a line of pictures for each scene: the image, then labels."""
    _, grid = viz.subplots(len(numbers), 1 + len(rows), figsize=(1.65 * (1 + len(rows)), 1.67 * len(numbers) + 0.5))
    for place, (i, line) in enumerate(zip(numbers, np.atleast_2d(grid), strict=True)):
        viz.draw_image(scene_of(i), ax=line[0])
        for axes, labels in zip(line[1:], rows, strict=True):
            viz.draw_labels(None, labels[i], None, COLOURS, ignore_index=IGNORE, ax=axes)
        if place == 0:
            for axes, title in zip(line, ("scene", *titles), strict=True):
                axes.set_title(title, fontsize=10)
    plt.gcf().legend(handles=HANDLES, loc="outside lower center", ncols=4, frameon=False, labelcolor=GREY, fontsize=9)
    plt.show()


with_four = [i for i in range(len(test_labels)) if (test_labels[i] == IGNORE).any()][:1]
_, grid = viz.subplots(1, 4, figsize=(7.4, 2.3))
for i, (left, right) in zip([*with_four, 1 if with_four != [1] else 2], (grid[:2], grid[2:]), strict=False):
    viz.draw_image(scene_of(i), ax=left)
    viz.draw_labels(None, test_labels[i], None, COLOURS, ignore_index=IGNORE, ax=right)
plt.gcf().legend(handles=HANDLES, loc="outside lower center", ncols=4, frameon=False, labelcolor=GREY, fontsize=9)
plt.show()

# %% [markdown]
# What does "ignore" mean for the loss? The pixel is left out of the mean: it is not in the sum, and it is not counted.
# By hand, four pixels of a row, three classes:

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
print(f"mean of three: {by_hand:.4f}; minidet: {loss.item():.4f}\ngradient:\n{maps.grad.numpy()[0, :, 0].round(3)}")
same(loss.item(), by_hand)
assert np.all(maps.grad.numpy()[0, :, 0, 3] == 0)  # whatever it says there, nobody corrects it
assert gradcheck(lambda s: F.cross_entropy(s, truth.reshape(1, 1, 4), ignore_index=IGNORE), [maps])

# %% [markdown]
# The last column of the gradient is 0. On a 4 the network may say what it likes.
#
# ## 3. The score: one table, by hand
#
# How good is an answer? "Three quarters of the pixels are right" sounds fine, until you notice that so many are paper.
# The usual measure is the **intersection over union** of each class:
#
# $$\mathrm{IoU}_k = \frac{\text{pixels that are } k \text{ and are called } k}{\text{pixels that are } k \text{ or are
# called } k}$$
#
# Everything comes from one table, the **confusion matrix**: row = true class, column = answer, and in each cell a
# number of pixels. Here are 4 x 4 pixels and four classes. One pixel is ignored (×). Class 3 never occurs.

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
        either = table[k, :].sum() + table[:, k].sum() - both  # the pixels in both would be counted twice
        values.append(both / either if either else math.nan)
    return np.array(values)


table = confusion(true, said, 4)
np.testing.assert_array_equal(table, [[5, 1, 1, 0], [0, 4, 0, 0], [0, 1, 3, 0], [0, 0, 0, 0]])
same(iou(table)[:3], [5 / 7, 4 / 6, 3 / 5])


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

# %%
for _ in range(
    20
):  # the library's counts and means are ours, on random pictures with ignored pixels and absent classes
    a, b = rng.integers(0, 4, (2, 3, 9, 9))
    a[rng.random(a.shape) < 0.2] = IGNORE
    matrix = ConfusionMatrix(6, ignore_index=IGNORE)
    matrix.update(a, b)
    np.testing.assert_array_equal(matrix.matrix, confusion(a, b, 6))
    same(matrix.iou, iou(matrix.matrix))
    same(matrix.mean_iou, np.nanmean(iou(matrix.matrix)))

first, second = ConfusionMatrix(4, IGNORE), ConfusionMatrix(4, IGNORE)
first.update(true, said)
second.update(np.zeros((4, 4), int), np.diag([1, 0, 0, 0]))  # all paper, and one pixel called 1
together = ConfusionMatrix(4, IGNORE)
together.matrix += first.matrix + second.matrix
print(f"two pictures, one table: {together.mean_iou:.3f};  mean of two mIoUs:", end=" ")
print(f"{(first.mean_iou + second.mean_iou) / 2:.3f}")

# %% [markdown]
# Note the last line. **One table for the whole data set**, not a mean over pictures. In the second picture a single
# wrong pixel gives class 1 an IoU of 0, and it would weigh as much as all of the first. PASCAL VOC, CamVid and all
# papers sum the tables first.
#
# **Try it:** paint `said` completely with 0. How many pixels are right? What is the mean IoU?
#
# ## 4. Where does a cell lie?
#
# A 2 x 2 pooling makes one cell of pixels 0 and 1. So the centre of cell 0 is *between* them, at 0.5. With stride
# $s$, cell $i$ covers the pixels $i s$ to $i s + s - 1$, and its centre is at $(i + 1/2)\,s - 1/2$.
#
# To enlarge a coarse map, each pixel takes the scores of the nearest two cells (in each direction), the nearer one
# counting more. From the point of view of a *cell*, that is a tent: highest at its centre, 0 at the next centres. A
# transposed convolution with stride $s$ and a kernel of $2s$ stamps such tents (section 9 of
# [04_transposed_convolution](04_transposed_convolution.ipynb)). For $s = 4$:

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
        fine, value * np.maximum(0, 1 - np.abs(fine - centres[i]) / s), color=colour, alpha=0.22, linewidth=0
    )
    axes.axvspan(i * s - 0.5, i * s + s - 0.5, ymax=0.045, color=colour, alpha=0.8, linewidth=0)
    axes.plot(centres[i], value, "s", color=colour, markersize=9)
axes.plot(np.arange(3 * s), pixels, "o", color=GREY, markersize=5, label="pixels")
axes.plot([], [], "s", color=GREY, label="cells")
axes.set(xlim=(-0.7, 3 * s - 0.3), ylim=(-0.35, 7), xticks=range(3 * s), xlabel="pixel")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, labelcolor=GREY)
plt.show()

# %% [markdown]
# The coloured bars show which pixels a cell was made of. Its square stands above the middle of the bar. So nothing is
# shifted, and that matters: an error of half a cell at stride 32 is 16 pixels. (The paper pads the image by 100 pixels
# and crops by counted offsets; [fcn.py](../minidet/models/segmentation/fcn.py) shows why we need neither.)
#
# In two dimensions the tent is a tent both ways. Naively, with stamps, then the library:


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
    same(library, F.interpolate(coarse[None], scale_factor=s, mode="bilinear").numpy()[0], rtol=1e-4, atol=1e-5)
print("stamps, transposed convolution and bilinear interpolation agree")

# the adjoint test of notebook 02: <U x, y> = <x, U'y>, where U' is what backward computes
coarse = tensor(rng.standard_normal((1, K, 5, 5)), requires_grad=True)
cotangent = rng.standard_normal((1, K, 40, 40))
up = Upsampling(K, 8, learned=False).double()
enlarged = up(coarse, (40, 40))
enlarged.backward(tensor(cotangent))
left, right = np.vdot(enlarged.detach().numpy(), cotangent), np.vdot(coarse.detach().numpy(), coarse.grad.numpy())
print(f"adjoint test: {left:.10f} = {right:.10f}")
same(left, right)


def clock(function, patience=0.5):
    """Return the least of several times, in seconds, after one that is not counted (it may compile)."""
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
    seconds = clock(lambda: upsample_by_stamps(big[0], 8)), clock(lambda: layer(tensor(big), (480, 480)))
print(f"60 x 60 cells, 8 times: stamps {seconds[0] * 1e3:.0f} ms, library {seconds[1] * 1e3:.1f} ms,", end=" ")
print(f"{seconds[0] / seconds[1]:.0f} times as fast")

# %% [markdown]
# ## 5. How good can a coarse map be?
#
# Before we train anything: what is the best that a map of stride $s$ can reach? Let us cheat. We take the *true*
# labels, make them coarse (for each cell the share of each class), enlarge them again, and score the result. Nothing
# was predicted; whatever is lost was lost by the stride alone. (The paper does this in its appendix A.)


# %%
def best_possible(labels, s):
    """Return labels after a way down to cells of s x s pixels and up again."""
    shares = np.stack([labels == k for k in range(K)], 1).astype(np.float32)  # ignored pixels belong to no class
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
assert limits[32][0] < limits[16][0] < limits[8][0] < limits[4][0]

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 5, figsize=(9.4, 2.5))
viz.draw_labels(None, inside[1], None, COLOURS, ignore_index=IGNORE, ax=grid[0])
grid[0].set_title("truth", fontsize=10)
for axes, s in zip(grid[1:], ceilings, strict=True):
    viz.draw_labels(None, ceilings[s][1], None, COLOURS, ax=axes)
    axes.set_title(f"stride {s}", fontsize=10)
    for at in range(s, 128, s) if s > 4 else ():
        axes.axvline(at, color="white", linewidth=0.4, alpha=0.35)
        axes.axhline(at, color="white", linewidth=0.4, alpha=0.35)
plt.show()

# %% [markdown]
# With cells of 32 pixels, strokes that are much thinner can hardly be drawn at all, *even by someone who knows the
# truth*. A larger network or longer training would not help. Someone has to bring finer cells.
#
# "Boundary F1" is a second score: it looks only at the outlines. Which share of the predicted outline has a true one
# near it (precision)? Which share of the true outline has a predicted one near it (recall)? F1 is their harmonic mean.
# "Near" is 0.75 % of the image's diagonal. Mean IoU mostly counts what lies deep inside. To see the difference, move
# the truth to the right, pixel by pixel:

# %%
print(f"near: less than {0.0075 * math.hypot(SIZE, SIZE):.1f} pixels")
print("moved by    mIoU  boundary F1")
for shift in (0, 1, 2, 3, 4, 6):
    moved = np.roll(test_labels, shift, axis=2)
    known = (moved != IGNORE) & (test_labels != IGNORE)
    value, _, f1 = measure(np.where(known, test_labels, IGNORE), np.where(moved == IGNORE, 0, moved))
    print(f"{shift:8} {value:7.3f} {f1:12.3f}")
    assert shift > 0 or value == f1 == 1

# %% [markdown]
# While an outline is nearly right, F1 says "right"; then it falls fast. Mean IoU falls slowly and steadily.
#
# ## 6. Skip fusion, by hand, 4 x 4
#
# One score: positive means ink. The coarse map has 2 x 2 cells. It knows that ink is at the upper left. The fine map
# has 4 x 4 cells. It knows each edge, but has seen too little, and is wrong here and there. Enlarge the first, **add**
# the second.

# %%
truth4 = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
coarse = np.array([[16.0, 0], [0, -16]])
fine = np.array([[3.0, 3, 4, 5], [2, -3, -5, -2], [3, 4, 3, -2], [-4, 2, -3, -2]])

R = np.array([[1, 0], [3 / 4, 1 / 4], [1 / 4, 3 / 4], [0, 1]])  # how much of each cell a row takes; at the ends: all
enlarged = R @ coarse @ R.T
with no_grad():
    library = Upsampling(1, 2, learned=False)(tensor(coarse[None, None].astype(np.float32)), (4, 4)).numpy()[0, 0]
np.testing.assert_array_equal(enlarged, library)
assert enlarged[1, 1] == 9 / 16 * 16 + 3 / 16 * 0 + 3 / 16 * 0 + 1 / 16 * -16 == 8
fused = enlarged + fine
for name, scores in (("coarse alone", enlarged), ("fine alone", fine), ("the sum", fused)):
    print(f"{name:13} wrong in {int(((scores > 0) != truth4).sum())} of 16 pixels")
np.testing.assert_array_equal(fused > 0, truth4)


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
            cell(axes, left + column * size, -row * size, text, PALE_BLUE if ink else "white", size, **style)
    for x, sign in ((4.7, "→"), (10.0, "+"), (15.2, "=")):
        axes.text(x, -2, sign, ha="center", va="center", fontsize=15)
    plt.show()


draw_fusion()

# %% [markdown]
# Red: wrong. Look at the pixel in row 1, column 1: the fine map says −3, "paper"; the coarse one is sure that there is
# ink, +8; the sum is right. And in row 0, column 3 the coarse map does not know, and the fine one decides. *Sure*
# scores are large, and so they win. Nobody has to choose who is believed: the weights of the score layers are learned.
#
# **Try it:** multiply `fine` by 4. Who decides now?
#
# ## 7. The ladder, rung 1: exactly log K
#
# All score layers start at zero. So all scores are 0, everywhere, for every image; all classes are equally likely, and
# the loss is exactly $\log K$. Not nearly: exactly.


# %%
def batch_of(number, rng):
    """Return new training scenes: images (N, 3, H, W), labels (N, H, W)."""
    return collate_semantic([train_data.sample(int(i), rng) for i in rng.integers(0, len(train_data), number)])


minidet.manual_seed(0)
model = FCN32s(K, **SMALL)
images, labels = batch_of(4, np.random.default_rng(0))


def loss_of(scores, labels):
    return F.cross_entropy(scores, labels, ignore_index=IGNORE)


start = loss_of(model(images), labels).item()
print(f"log {K} = {math.log(K):.7f}, loss at the start: {start:.7f}")
assert abs(start - math.log(K)) < 1e-6

# %% [markdown]
# Is that not dangerous? A network whose weights are *all* zero never learns. Let us see which layers get a gradient, in
# the first step and in the second:

# %%
optimizer = optim.SGD(model.parameters(), lr=0.1)
sizes = {}  # of the gradient of each convolution's weight, after each step
for _ in range(2):
    optimizer.zero_grad()
    loss_of(model(images), labels).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.ndim == 4:
            sizes.setdefault(name.removesuffix(".weight"), []).append(float(np.linalg.norm(parameter.grad.numpy())))
    optimizer.step()
print(f"{'norm of the gradient':24} {'step 1':>8} {'step 2':>8}")
for name, (once, twice) in sizes.items():
    print(f"{name:24} {once:8.3g} {twice:8.3g}")
    assert (once > 0) == (name == "score_fc7")
    assert twice > 0

# %% [markdown]
# In step 1 only the score layer learns: what goes back through it is multiplied by its weights, and they are 0. From
# step 2 on, everything does. *One* zero layer is harmless, because the layers below it are random. For a new skip it is
# ideal: a zero score layer adds nothing, so a network that gets a skip says at first what it said before.
#
# ## 8. Rung 2: learn one batch by heart
#
# FCN-8s from scratch, and FCN-32s. The second one *cannot* draw these strokes (section 5), and so its loss has to stop
# higher. If you did not know, you might look for a bug for a long time.


# %%
def train(model, steps, rate, next_batch, title, watch=None):
    """Train with AdamW, a warm-up, then the rate falling to 0; return a record of every step."""
    optimizer = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    warm = min(20, steps // 4)
    schedules = [optim.LinearLR(optimizer, 0.1, total_iters=warm), optim.CosineAnnealingLR(optimizer, steps - warm)]
    schedule = optim.SequentialLR(optimizer, schedules, [warm])
    history = []
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            model.train()
            images, labels = next_batch()
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            history.append({"step": step, "loss": loss.item(), "lr": optimizer.param_groups[0]["lr"]})
            optimizer.step()
            schedule.step()
            if watch is not None and (step % max(steps // 5, 1) == 0 or step == steps):
                history[-1]["mIoU"] = watch(model)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


learned = {}
for kind in (FCN32s, FCN8s):
    minidet.manual_seed(0)
    network = kind(K, **{**SMALL, "dropout": 0.0})
    learned[kind.__name__] = train(network, 8 if QUICK else 100, 1e-2, lambda: (images[:2], labels[:2]), kind.__name__)
for name, history in learned.items():
    print(f"{name}: loss {history[0]['loss']:.3f} at first, {history[-1]['loss']:.3f} after {len(history)} steps")
if not QUICK:
    assert learned["FCN8s"][-1]["loss"] < learned["FCN32s"][-1]["loss"] / 1.5

# %% [markdown]
# ## 9. Rung 3: train 32s, then 16s, then 8s
#
# As in the paper: FCN-32s first. Then FCN-16s gets all its weights, and a new score layer of zeros. Then FCN-8s gets
# those of FCN-16s. Every scene is new, so nothing can be learnt by heart.


# %%
def answers_of(model, images, batch=8):
    """Return the class with the highest score for each pixel, (N, H, W)."""
    model.eval()
    with no_grad():
        return np.concatenate(
            [model(images[i : i + batch]).numpy().argmax(1) for i in range(0, images.shape[0], batch)]
        )


def mean_iou(model):
    return measure(test_labels, answers_of(model, test_images))[0]


STEPS = (6, 4, 4) if QUICK else (160, 120, 120)
draws = np.random.default_rng(1)
minidet.manual_seed(0)
models, histories, handed_over = {}, [], {}
begin = time.perf_counter()
for name, steps, rate in zip(("FCN-32s", "FCN-16s", "FCN-8s"), STEPS, (5e-3, 3e-3, 3e-3), strict=True):
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
    axes.axvline(at, color=GREY, linestyle=":", linewidth=1)
    axes.text(
        at + sum(STEPS) * 0.008, 0.97, name, transform=axes.get_xaxis_transform(), va="top", fontsize=9, color=GREY
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
    assert measured["FCN-32s"][0] < measured["FCN-16s"][0] < measured["FCN-8s"][0]

# %% [markdown]
# ### What does each skip bring?

# %%
draw_scenes(range(3), [test_labels, *answers.values()], ["truth", *answers])

# %% [markdown]
# FCN-32s says "paper" everywhere! Is it broken? It had to bet on *one* class for each pixel. In cells that are larger
# than strokes, paper is the best bet, even where there is a digit. But a bet hides how sure somebody is. Let us look at
# the *probability* of ink, which is $1 - p(\text{paper})$ after the softmax.


# %%
def probability_of_ink(model, images):
    """Return 1 - p(paper) of every pixel, (N, H, W)."""
    model.eval()
    with no_grad():
        return 1 - F.softmax(model(images), dim=1).numpy()[:, 0]


probabilities = {name: probability_of_ink(model, test_images[:3]) for name, model in models.items()}
for name, values in probabilities.items():
    on, off = values[test_labels[:3] > 0].mean(), values[test_labels[:3] == 0].mean()
    print(f"{name:9} probability of ink, mean: {on:.2f} where there is ink, {off:.2f} where there is paper")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(3, 4, figsize=(6.6, 5.3))
for i, line in enumerate(grid):
    viz.draw_image(scene_of(i), ax=line[0])
    for axes, (name, values) in zip(line[1:], probabilities.items(), strict=True):
        drawn = axes.imshow(values[i][1::ZOOM, 1::ZOOM], cmap="magma", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        if i == 0:
            axes.set_title(name, fontsize=10)
grid[0, 0].set_title("scene", fontsize=10)
bar = plt.gcf().colorbar(drawn, ax=grid[:, -1], shrink=0.6, label="probability of ink")
bar.outline.set_visible(False)
plt.show()

# %% [markdown]
# Read each row from left to right. FCN-32s: *something is about here*. FCN-16s: pieces of strokes. FCN-8s: strokes,
# with edges and holes. This is what each skip brings. (The white 4s of the truth were never corrected, so the networks
# call them this or that.)
#
# A fair question: would FCN-32s have become as good if *it* had been trained for longer? The ceiling of section 5
# speaks against it. Let us ask anyway, with as many further steps as the other two had.

# %%
longer = FCN32s(K, **SMALL)
longer.load_state_dict(models["FCN-32s"].state_dict())
for steps, rate in zip(STEPS[1:], (3e-3, 3e-3), strict=True):
    train(longer, steps, rate, lambda: batch_of(6, draws), "FCN-32s, longer")
control = measure(test_labels, answers_of(longer, test_images))
print(f"FCN-32s {measured['FCN-32s'][0]:.3f}, trained for longer {control[0]:.3f}, FCN-8s {measured['FCN-8s'][0]:.3f}")
if not QUICK:
    assert control[0] < measured["FCN-8s"][0]

# %% [markdown]
# ### Who says what
#
# FCN-8s adds three maps. Here they are for one scene, each enlarged to the image: the score of "ink of any kind" minus
# that of paper. Orange is for ink, violet against it. All have the same scale.


# %%
def contributions(model, image):
    """Return what each score layer adds to the scores, each brought to the size of the image: three (K, H, W)."""
    pool3, pool4, fc7 = model.backbone((image - 0.5) * 4.0)  # the model normalises like this
    size, parts = image.shape[-2:], []
    for source in ("fc7", "pool4", "pool3"):
        x = model.score_fc7(fc7) * (source == "fc7")
        x = model.upscore2(x, pool4.shape[-2:]) + model.score_pool4(pool4) * (source == "pool4")
        x = model.upscore_pool4(x, pool3.shape[-2:]) + model.score_pool3(pool3) * (source == "pool3")
        parts.append(model.upscore8(x, size).numpy()[0])
    return parts


model = models["FCN-8s"].eval()
with no_grad():
    parts = contributions(model, test_images[:1])
    same(sum(parts), model(test_images[:1]).numpy()[0], rtol=1e-3, atol=1e-3)  # up-sampling is linear: the sum is all
ink = [part[1:].max(0) - part[0] for part in (*parts, sum(parts))]

# %% jupyter={"source_hidden": true}
limit = max(np.abs(part).max() for part in ink)
_, grid = viz.subplots(1, 5, figsize=(8.2, 2.0))
viz.draw_image(scene_of(0), ax=grid[0])
grid[0].set_title("scene", fontsize=10)
for axes, part, title in zip(
    grid[1:], ink, ("fc7, stride 32", "pool4, stride 16", "pool3, stride 8", "sum"), strict=True
):
    axes.imshow(part[1::ZOOM, 1::ZOOM], cmap="PuOr_r", vmin=-limit, vmax=limit)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# ## 10. Rung 4: look at the mistakes
#
# The scenes with the fewest pixels right, and a picture of the mistakes: white where ink was missed, orange where ink
# was invented, red where ink was found and called the wrong kind.

# %%
known = test_labels != IGNORE
said = answers["FCN-8s"]
right = ((said == test_labels) & known).sum((1, 2)) / known.sum((1, 2))
worst = np.argsort(right)[:3]
missed, invented = (test_labels > 0) & known & (said == 0), (test_labels == 0) & (said > 0)
mixed = (test_labels > 0) & known & (said > 0) & (said != test_labels)
total = (missed | invented | mixed).sum()
print(f"of all wrong pixels: ink missed {missed.sum() / total:.0%}, invented {invented.sum() / total:.0%}, ", end="")
print(f"wrong kind {mixed.sum() / total:.0%}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(3, 4, figsize=(6.6, 5.5))
for i, line in zip(worst, grid, strict=True):
    viz.draw_image(scene_of(i), ax=line[0])
    viz.draw_labels(None, test_labels[i], None, COLOURS, ignore_index=IGNORE, ax=line[1])
    viz.draw_labels(None, said[i], None, COLOURS, ax=line[2])
    picture = np.full((3, SIZE, SIZE), 0.1)
    for where, colour in ((missed, (0.95, 0.95, 0.95)), (invented, (0.94, 0.59, 0.2)), (mixed, (0.85, 0.15, 0.15))):
        picture[:, where[i]] = np.array(colour)[:, None]
    viz.draw_image(picture, ax=line[3])
for axes, title in zip(grid[0], ("scene", "truth", "FCN-8s", "mistakes"), strict=True):
    axes.set_title(title, fontsize=10)
plt.gcf().legend(handles=HANDLES, loc="outside lower center", ncols=4, frameon=False, labelcolor=GREY, fontsize=9)
plt.show()

# %% [markdown]
# Which is it: *what*, or *where*? White and orange seams along the strokes are a *where*: eight pixels are still
# coarse. Red digits are a *what*: a loop that is covered by a scrap of paper, a small loop that looks closed or open
# from afar, or a network that was trained for a minute only. More skips would help the first kind, not the second.
#
# One mean hides both. So here is the distance to the next outline, and how much is wrong there:

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
print("wrong pixels, %; distance to the outline:", ", ".join(f"{low} to {high}" for low, high in bands))
for name, values in lines.items():
    print(f"{name:9}", "  ".join(f"{value:6.1f}" for value in values))

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.6, 3.0))
for (name, values), colour in zip(lines.items(), (GREY, ORANGE, BLUE), strict=True):
    axes.plot(range(len(bands)), values, "o-", color=colour, label=name)
axes.set(xticks=range(len(bands)), ylim=(0, None), xlabel="pixels to the nearest outline", ylabel="wrong, %")
axes.set_xticklabels([f"{low}–{high}" if high < 99 else f"over {low}" for low, high in bands])
axes.spines[["top", "right"]].set_visible(False)
axes.grid(alpha=0.25)
axes.legend(frameon=False, labelcolor=GREY)
plt.show()

# %% [markdown]
# ## Questions
#
# **1.** Why are the skips *added*, and not, say, averaged or put side by side?
#
# <details><summary>Answer</summary>
#
# Scores are logarithms of odds. Adding them is what one does with evidence from two sources, if the sources are
# independent. An average would say the same with a factor 1/2, which the weights can learn. Put side by side
# (concatenated), a further convolution could combine them in more ways; that is what the U-Net does, with *features*
# in place of scores, in [07_segnet_and_unet](07_segnet_and_unet.ipynb).
#
# </details>
#
# **2.** FCN-16s starts from FCN-32s, and its new score layer is zero. Is its first answer exactly that of FCN-32s?
#
# <details><summary>Answer</summary>
#
# Nearly. Enlarging by 32 at once, the scores have a kink at the centre of each coarse cell. Enlarging by 2 makes two
# cells around that centre, and enlarging those by 16 draws a straight line from one to the other: it cuts the corner.
# Everywhere else the two are equal. Compare the last column of the table in section 9 with the mIoU one row above.
#
# </details>
#
# **3.** Someone trains *without* the ignore label, and calls every 4 "paper". What will the network learn? What would
# its mIoU be worth?
#
# <details><summary>Answer</summary>
#
# That ink of a certain form is paper. A 4 has strokes like a 1 and a 7, so other digits lose too. And the score counts
# it as right to miss them: it measures agreement with a rule that nobody wanted.
#
# </details>
#
# **4.** A class has 50 pixels in the whole test set. The network finds none of them. What happens to pixel accuracy,
# and to the mean IoU of 10 classes?
#
# <details><summary>Answer</summary>
#
# Pixel accuracy does not notice. The class has an IoU of 0, and the mean loses up to 0.1. The mean IoU gives every
# *class* the same weight, not every pixel. That is its purpose, and it makes it restless for rare classes.
#
# </details>
#
# **Try it:** start FCN-8s from scratch, with as many steps as all three together. Is the sequence needed? (In the
# paper it was mostly a matter of convenience; with `learn_upsampling=False` or without batch normalisation you may see
# another result.) Or draw a *closed* 4 into the data: set `MEANING[5] = 2`.
#
# ## What to read next
#
# - The next notebook: [07_segnet_and_unet](07_segnet_and_unet.ipynb): other ways to remember *where*.
# - [minidet/models/segmentation/fcn.py](../minidet/models/segmentation/fcn.py): the figure, then the classes in the
#   order in which data flows. `FCN8s(num_classes, **FCN8s.PAPER)` has the published size.
# - J. Long, E. Shelhamer, T. Darrell, *Fully convolutional networks for semantic segmentation*, CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038): figure 3, section 4.2, and appendix A for our section 5. The
#   longer version is in TPAMI 2017, [arXiv:1605.06211](https://arxiv.org/abs/1605.06211).
# - G. Csurka, D. Larlus, F. Perronnin, *What is a good evaluation measure for semantic segmentation?*, BMVC 2013:
#   boundary F1, and what mean IoU does not see.
# - L.-C. Chen and others, *DeepLab*, [arXiv:1606.00915](https://arxiv.org/abs/1606.00915): between the two notebooks.
#   Some strides become dilations, the others stay.
