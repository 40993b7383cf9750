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
# # SegNet and U-Net: what the way down leaves for the way up
#
# A segmentation network goes down, to find out *what* is in the picture, and comes up again, to
# say *where* it is. At the bottom there are few pixels left, and the outlines are gone. So the way
# down has to leave something for the way up. SegNet leaves a note of two bits per window: *the
# largest value was here*. U-Net leaves everything. This notebook builds both, counts what they
# remember, takes the memory away, and looks at what breaks.
#
# |  |  |
# |---|---|
# | **Time** | reading: 75 minutes; doing, with every Try it: 3 1/2 hours |
# | **You need** | [03_pooling_and_unpooling](03_pooling_and_unpooling.ipynb): switches |
# | **and** | [04_transposed_convolution](04_transposed_convolution.ipynb) |
# | **Good to know** | the skips of FCN ([06](06_fcn.ipynb)), but we start from the beginning |
#
# **At the end you can say**
# - what exactly goes from encoder to decoder in both networks, and how many bytes it is;
# - why a convolution over concatenated maps can do all that adding them could, and more;
# - how much of the result comes through the skips, because you have cut them;
# - why background pixels drown the others in the loss, how median-frequency weights answer that,
#   and what they cost;
# - where a checkerboard comes from, and how to see it.
#
# How to work with it: where a sentence says **write down**, do so before you run the next cell:
# it has the answer. Where a function ends with `raise NotImplementedError`, write it; the cell
# checks it at once, the solution is folded below, and nothing later needs it.
# Look for **Try it**. Nothing can break: *Restart kernel and run all* brings everything back. All
# cells together run for two or three minutes.

# %%
import os
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Patch, Rectangle
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import cat, nn, no_grad, optim, tensor, viz
from minidet.autograd import Function, gradcheck
from minidet.data import DigitScenes, median_frequency_weights, sample_photograph
from minidet.grading import check_blank
from minidet.metrics import BoundaryF1, ConfusionMatrix
from minidet.metrics.boundary import contours
from minidet.models import SegNet, UNet, multiply_adds
from minidet.viz import draw_curves, draw_labels, draw_layers, layer_table
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
plt.rcParams["image.interpolation"] = "nearest"  # pixels are what we want to see
PALES = PALE_BLUE, PALE_ORANGE, PALE_GREEN, YELLOW  # one for each window of the examples

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem: a perfect answer, too small
#
# Here are scenes of handwritten digits. The task is to find the zeros and the ones among them:
# every pixel belongs to the background, to a zero, to a one, or to another digit. That is K = 4
# classes, and two of them are rare. (All ten digits are a fine task too. It takes longer to learn:
# see the last edit to try.)
#
# Imagine a network whose bottom layer is *perfect*. In every window of 2 x 2, 4 x 4 or 8 x 8
# pixels it knows the most frequent class. Then it comes back to full size by copying. With one
# class per window, nobody can get more pixels right than that. How good is it?
#
# We read two numbers in this notebook. **mIoU** counts pixels: for each class, "both say so"
# divided by "at least one says so" (the *intersection over union*, IoU), then the mean over the
# classes. **Boundary F1** looks at outlines only: how much of each outline has a partner nearby
# in the other picture? SegNet's authors reported it beside mIoU, because most pixels lie deep
# inside of something, and hardly feel an outline that is ragged.
#
# The IoU of one class is the first thing for you to write.


# %%
def iou_of(truth, answer, c):
    """Return the IoU of class c in two label pictures: pixels of both / pixels of either one.

    A class that is in neither picture has the IoU 1: nothing was wrong.
    """
    raise NotImplementedError


row = np.array([[0, 1, 1, 2], [0, 1, 0, 0]])
check_blank(
    iou_of,
    ((row, np.array([[0, 1, 1, 2], [0, 1, 0, 0]]), 1), 1.0, "the same picture twice"),
    ((row, np.array([[0, 0, 1, 1], [0, 1, 1, 0]]), 1), 2 / 5, "two of five pixels are shared"),
    ((row, np.array([[0, 1, 1, 0], [0, 1, 0, 0]]), 2), 0.0, "a class that was missed"),
    ((row, row, 3), 1.0, "a class that is in neither"),
    hint="which pixels are c in both, and which in at least one of the two?",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def iou_of(truth, answer, c):
#     """Return the IoU of class c in two label pictures: pixels of both / pixels of either one."""
#     both = np.sum((truth == c) & (answer == c))
#     either = np.sum((truth == c) | (answer == c))
#     return both / either if either else 1.0
# ```
#
# </details>
#
# **Before you run the next cell, write down** the mIoU of the perfect bottom with windows of
# 2 x 2, 4 x 4 and 8 x 8 pixels. (The strokes are two to four pixels wide.)


# %%
def scenes(split, number, seed):
    """Return scenes (N, 3, 48, 48) in [0, 1], and their labels (N, 48, 48) in 0 .. K - 1."""
    data = DigitScenes(split, size=48, length=number, seed=seed)
    pairs = [data.load(i) for i in tqdm(range(number), desc=f"{split} scenes")]
    return np.stack([image for image, _ in pairs]), GROUP[
        np.stack([target["semantic"] for _, target in pairs])
    ]


CLASSES = "background", "zero", "one", "other digit"
PALETTE = np.array([[232, 232, 226], [201, 101, 28], [61, 124, 192], [150, 150, 150]], np.uint8)
GROUP = np.array([0, 1, 2] + [3] * 8)  # DigitScenes labels background 0, and digit d as 1 + d
K = len(CLASSES)
images, labels = scenes("train", 32 if QUICK else 800, seed=0)
test_images, test_labels = scenes(
    "test", 8 if QUICK else 150, seed=1
)  # other scans than in training
TOLERANCE = 0.02  # outlines match if they are less than this share of the diagonal apart


def score(truth, answer, tolerance=TOLERANCE):
    """Return mIoU and boundary F1 of labels (N, H, W)."""
    matrix, boundary = ConfusionMatrix(K), BoundaryF1(K, tolerance=tolerance)
    matrix.update(truth, answer)
    boundary.update(truth, answer)
    return matrix.mean_iou, boundary.mean_f1


def exact_score(truth, answer):
    """Return the boundary F1 that counts only pixels in the very same place."""
    return score(truth, answer, tolerance=0.9 / np.hypot(48, 48))[1]


def coarse(labels, k):
    """Return the most frequent class of every k x k window, copied back to full size."""
    n, h, w = labels.shape
    windows = (
        labels.reshape(n, h // k, k, w // k, k)
        .transpose(0, 1, 3, 2, 4)
        .reshape(n, h // k, w // k, k * k)
    )
    counts = (windows[..., None] == np.arange(K)).sum(3)  # (N, h, w, K)
    return counts.argmax(3).repeat(k, axis=1).repeat(k, axis=2)


print(f"outlines match if they are less than {TOLERANCE * np.hypot(48, 48):.2f} pixels apart")
print(f"{'windows':10} {'mIoU':>6} {'boundary F1':>12}")
for k in (1, 2, 4, 8):
    miou, bf = score(test_labels, coarse(test_labels, k))
    print(f"{f'{k} x {k}':10} {miou:6.3f} {bf:12.3f}")
    if k == 1:
        assert (miou, bf) == (1, 1), f"the truth is not its own best answer: {miou}, {bf}"

SHOWN = int(
    np.argmax([len(np.unique(label)) for label in test_labels])
)  # a scene in which all classes are there
figure, grid = plt.subplots(1, 5, figsize=(9.5, 2.6), layout="constrained")
grid[0].imshow(test_images[SHOWN].transpose(1, 2, 0))
for axes, k in zip(grid[1:], (1, 2, 4, 8), strict=True):
    draw_labels(None, coarse(test_labels, k)[SHOWN], colours=PALETTE, ax=axes)
for axes, title in zip(grid, ("scene", "truth", "2 x 2", "4 x 4", "8 x 8"), strict=True):
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
patches = [
    Patch(fc=colour / 255, ec=INK, label=name)
    for colour, name in zip(PALETTE, CLASSES, strict=True)
]
figure.legend(handles=patches, loc="outside lower center", ncols=K)
plt.show()

# %% [markdown]
# Three poolings of 2 x 2 make windows of 8 x 8, and strokes are two to four pixels wide. What the
# last line has lost cannot be learned back by any cleverness at the bottom. It has to come from
# somewhere else.
#
# ## 2. Two figures
#
# First SegNet (Badrinarayanan, Kendall, Cipolla 2017, figure 2). Every number in the drawing is
# computed from `SegNet.PAPER`, the published plan: the 13 convolutions of VGG16, and their mirror
# image. Height is resolution.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def arrow(axes, start, end, text="", colour=INK, width=1.3):
    """Draw an arrow, with a word above it."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": width})
    axes.text((start[0] + end[0]) / 2, max(start[1], end[1]) + 0.2, text, ha="center", color=colour)


def box(axes, x, y, width, height, face):
    """Draw a box whose middle is at height y."""
    axes.add_patch(
        Rectangle((x, y - height / 2), width, height, facecolor=face, edgecolor=INK, linewidth=0.8)
    )


CONV, POOL, UP, SCORES, PICTURE = "#9dc3e6", "#8fcf9f", "#f2a98a", "#e9d16c", "#cccccc"


def legend(axes, words, at, step):
    """Explain colours: a row of words, each with its box."""
    for number, (word, colour) in enumerate(words):
        box(axes, at[0] + step * number, at[1], 0.5, 0.4, colour)
        axes.text(at[0] + step * number + 0.7, at[1], word, va="center", fontsize=9)


def draw_segnet(widths, convs, size):
    """Draw encoder, decoder, and the switches between them."""
    axes = canvas(9.5, 4.4, (-0.6, 26.2), (-5.1, 6.0))
    levels = [size[0] // 2**level for level in range(len(widths) + 1)]

    def tall(rows):
        return 0.45 + 5.2 * (rows / size[0]) ** 0.8

    box(axes, 0, 0, 0.6, tall(size[0]), PICTURE)
    x, pools, ups = 1.1, [], []
    for level, count in enumerate(convs):
        start = x
        for _ in range(count):
            box(axes, x, 0, 0.5, tall(levels[level]), CONV)
            x += 0.6
        box(axes, x, 0, 0.5, tall(levels[level + 1]), POOL)
        pools.append((x + 0.25, tall(levels[level + 1]) / 2))
        word = f"{widths[level]}\n{levels[level]} x {size[1] // 2**level}"
        axes.text(
            (start + x) / 2,
            -tall(levels[level]) / 2 - 0.15,
            word,
            ha="center",
            va="top",
            fontsize=8,
        )
        x += 0.75
    x += 0.5
    for level in reversed(range(len(convs))):
        box(axes, x, 0, 0.5, tall(levels[level]), UP)
        ups.append((x + 0.25, tall(levels[level]) / 2))
        start, x = x, x + 0.6
        for _ in range(convs[level]):
            box(axes, x, 0, 0.5, tall(levels[level]), CONV)
            x += 0.6
        word = f"{widths[max(level - 1, 0)]}\n{levels[level]} x {size[1] // 2**level}"
        axes.text(
            (start + x) / 2,
            -tall(levels[level]) / 2 - 0.15,
            word,
            ha="center",
            va="top",
            fontsize=8,
        )
        x += 0.15
    box(axes, x + 0.3, 0, 0.6, tall(size[0]), SCORES)
    for level, (down, up) in enumerate(zip(pools, ups[::-1], strict=True)):
        top = 5.3 - 0.62 * level
        axes.plot([down[0], down[0], up[0]], [down[1], top, top], color=ORANGE, lw=1.2)
        arrow(axes, (up[0], top), (up[0], up[1] + 0.02), colour=ORANGE, width=1.2)
    axes.text(12.9, 5.42, "switches: where the largest value was", ha="center", color=ORANGE)
    words = (
        ("convolution, normalisation, ReLU", CONV),
        ("max pooling", POOL),
        ("max unpooling", UP),
        ("scores", SCORES),
    )
    for left, pair in zip((2.2, 11.7, 16.2, 21.2), words, strict=True):
        legend(axes, [pair], (left, -4.75), 0)
    plt.show()


draw_segnet(**SegNet.PAPER, size=(360, 480))

# %% [markdown]
# Below each block: channels, rows x columns. Now U-Net (Ronneberger, Fischer, Brox 2015, figure
# 1). In the paper, the 3 x 3 convolutions have no padding, so every one of them shaves a pixel off
# each side. A picture of 572 x 572 goes in. What comes out?
#
# **Before you run the cell of the drawing, write down** your guess: 572, a little less, or a lot
# less? Then write the function that computes it.


# %%
def side_of_scores(side, levels):
    """Return how many rows come out of the paper's U-Net if ``side`` rows go in.

    Each level has two 3 x 3 convolutions without padding. Between two levels, pooling halves the
    rows on the way down, and an up-convolution doubles them on the way up.
    """
    raise NotImplementedError


check_blank(
    side_of_scores,
    ((20, 1), 16, "one level: nothing but two convolutions"),
    ((28, 2), 12, "down: 28, 26, 24; below: 12, 10, 8; up: 16, 14, 12"),
    ((572, 5), 388, "the numbers in the paper's figure"),
    hint="first all levels on the way down, with a halving between them; then the way up",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def side_of_scores(side, levels):
#     """Return how many rows come out of the paper's U-Net if ``side`` rows go in."""
#     side -= 4
#     for _ in range(levels - 1):
#         side = side // 2 - 4  # pooled; two convolutions
#     for _ in range(levels - 1):
#         side = 2 * side - 4  # doubled; two convolutions
#     return side
# ```
#
# </details>
#
# We walk through the whole network, and draw it with all its sizes.


# %% jupyter={"source_hidden": true}
def unet_plan(size, width, levels):
    """Walk through the paper's U-Net: (rows, channels) of every map, by level, down and up."""
    down, up = [], []
    channels = 1
    for level in range(levels):
        maps = [(size, channels)]
        channels = width * 2**level
        maps += [(size - 2, channels), (size - 4, channels)]
        down.append(maps)
        size = (size - 4) // 2
    size = down[-1][-1][0]
    for level in reversed(range(levels - 1)):
        size, channels = 2 * size, width * 2**level
        up.append([(size, 2 * channels), (size - 2, channels), (size - 4, channels)])
        size -= 4
    return down, up[::-1]


def draw_unet(size=572, width=64, levels=5, classes=2):
    """Draw figure 1: maps are boxes, as high as they have rows, wider with more channels."""
    down, up = unet_plan(size, width, levels)
    if size == 572:  # the numbers in the paper's figure
        assert (down[-1][-1][0], up[0][-1][0]) == (28, 388), "not the paper's sizes"
    axes = canvas(9.5, 6.3, (-0.5, 19.5), (-11.2, 1.9))
    heights = [0.45 + 2.3 * maps[0][0] / size for maps in down]
    middle = [0.0]
    for above, below in pairwise(heights):
        middle.append(middle[-1] - above / 2 - below / 2 - 1.2)

    def row(maps, x, y, cut, names):
        ends = []
        for number, (rows, channels) in enumerate(maps):
            thick = 0.12 + 0.75 * channels / (width * 2 ** (levels - 1))
            tall = 0.45 + 2.3 * rows / size
            if cut and number == 0:  # the left half was copied
                box(axes, x, y, thick / 2, tall, "white")
                box(axes, x + thick / 2, y, thick / 2, tall, CONV)
            else:
                box(axes, x, y, thick, tall, CONV if names or number else PICTURE)
            axes.text(x + thick / 2, y + tall / 2 + 0.08, channels, ha="center", fontsize=8)
            axes.text(x - 0.05, y - tall / 2 - 0.06, rows, ha="left", va="top", fontsize=8)
            ends.append((x, thick, tall))
            if number < 2:
                arrow(axes, (x + thick + 0.04, y), (x + thick + 0.52, y), colour=BLUE, width=1.0)
            x += thick + 0.56
        return ends

    left = [
        row(maps, 1.75 * level, y, False, level)
        for level, (maps, y) in enumerate(zip(down, middle, strict=True))
    ]
    right = [
        row(maps, 15.6 - 1.75 * level, middle[level], True, 1) for level, maps in enumerate(up)
    ]
    for level in range(levels - 1):
        x, thick, tall = left[level][-1]
        y = middle[level]
        arrow(axes, (x + thick + 0.05, y), (right[level][0][0] - 0.04, y), colour=INK)
        word = f"copy, cut {down[level][-1][0]} to {up[level][0][0]}"
        axes.text((x + thick + right[level][0][0]) / 2, y + 0.1, word, ha="center", fontsize=8)
        first, _, low = left[level + 1][0]
        end = first + 0.1, middle[level + 1] + low / 2 + 0.35
        arrow(axes, (x + thick / 2, y - tall / 2 - 0.32), end, colour=ORANGE)
        source = left[level + 1][-1] if level == levels - 2 else right[level + 1][-1]
        target = right[level][0]
        start = source[0] + source[1] / 2, middle[level + 1] + source[2] / 2 + 0.35
        arrow(axes, start, (target[0] + 0.75 * target[1], y - target[2] / 2 - 0.32), colour=GREEN)
    x, thick, tall = right[0][-1]
    arrow(axes, (x + thick + 0.04, 0), (x + thick + 0.52, 0), colour=COLOURS[3])
    box(axes, x + thick + 0.56, 0, 0.15, tall, SCORES)
    axes.text(x + thick + 0.63, tall / 2 + 0.08, classes, ha="center", fontsize=8)
    words = ("conv 3 x 3, ReLU", BLUE), ("copy and crop", INK), ("max pool 2 x 2", ORANGE)
    words += ("up-convolution 2 x 2", GREEN), ("conv 1 x 1", COLOURS[3])
    for number, (word, colour) in enumerate(words):
        y = -8.4 - 0.58 * number
        arrow(axes, (14.0, y), (15.0, y), colour=colour)
        axes.text(15.2, y, word, va="center", fontsize=9)
    plt.show()


draw_unet()

# %% [markdown]
# Above a box: its channels. Below: its rows (all maps are square). White: copied. The shape gives
# the name.
#
# | | SegNet | U-Net |
# |---|---|---|
# | the way up | places, then convolutions | a transposed convolution, 2 x 2, stride 2 |
# | what crosses over | where each window's largest value was | *all* features before the pooling |
# | how it is used | to place what comes from below | put beside it; convolutions choose |
#
# In minidet, [segnet.py](../minidet/models/segmentation/segnet.py) and
# [unet.py](../minidet/models/segmentation/unet.py) pad their convolutions, so that nothing has to
# be cut, and the scores have the size of the image. Each file begins with the same figure, and a
# list of what differs from the paper.
#
# ## 3. Both by hand, on 4 x 4
#
# One channel, one pooling. `x` is a feature map on the way down. The layers at the bottom look at
# the four pooled values, and compute four others, `y`: what the network *thinks* of each window.
# Now back to 4 x 4. **Before you run the next cells, write down** both answers, with a pencil, on
# the numbers of `x` and `y` below:
#
# - **SegNet:** put every `y` to the place of its switch, zeros elsewhere. Then a convolution fills
#   the holes.
# - **U-Net:** copy every `y` to its four pixels (a transposed convolution whose 2 x 2 weights are
#   all 1). Put `x` beside it. Then a convolution sees both maps; ours computes 1 · x + ½ · up.

# %%
x = np.array([[1.0, 3, 2, 0],
              [7, 2, 8, 1],
              [0, 9, 1, 6],
              [1, 2, 0, 3]])  # fmt: skip
y = np.array([[4.0, 8],
              [8, 4]])  # fmt: skip
kernel = np.array([[1.0, 2, 1],
                   [2, 4, 2],
                   [1, 2, 1]]) / 4  # fmt: skip


def pool(x):
    """Return the largest value of every 2 x 2 window, and its position in reading order."""
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    values, switches = np.empty((rows, columns)), np.empty((rows, columns), int)
    for i in range(rows):
        for j in range(columns):
            places = [(h, w) for h in (2 * i, 2 * i + 1) for w in (2 * j, 2 * j + 1)]
            h, w = max(places, key=lambda place: x[place])  # the first one, if there are several
            values[i, j], switches[i, j] = x[h, w], h * x.shape[1] + w
    return values, switches


def unpool(y, switches, shape):
    """Put every value to its place, zeros elsewhere."""
    out = np.zeros(shape)
    out.flat[switches.ravel()] = y.ravel()
    return out


def conv(x, kernel):
    """Slide a 3 x 3 kernel over x, with a border of zeros."""
    padded = np.pad(x, 1)
    out = np.zeros_like(x)
    for h in range(x.shape[0]):
        for w in range(x.shape[1]):
            out[h, w] = np.sum(padded[h : h + 3, w : w + 3] * kernel)
    return out


pooled, switches = pool(x)
sparse = unpool(y, switches, x.shape)
dense = conv(sparse, kernel)
copied_up = y.repeat(2, axis=0).repeat(2, axis=1)
both = 1 * x + 0.5 * copied_up


# %% jupyter={"source_hidden": true}
def windows(rows, columns, k=2):
    """Return a colour for every pixel: that of its window."""
    return [
        [PALES[(h // k * (columns // k) + w // k) % 4] for w in range(columns)] for h in range(rows)
    ]


def sheet(axes, values, at, title, faces=None, rings=(), positions=False, below=""):
    """Draw a table of numbers, its upper left corner at ``at``; rings mark positions."""
    values = np.asarray(values)
    rows, columns = values.shape
    faces = windows(rows, columns, 1 if rows == 2 else 2) if faces is None else faces
    for h in range(rows):
        for w in range(columns):
            left, top = at[0] + w, at[1] - h
            axes.add_patch(
                Rectangle(
                    (left, top - 1), 1, 1, facecolor=faces[h][w], edgecolor="#a0a0a0", linewidth=0.8
                )
            )
            colour = "#686868" if values[h, w] == 0 and rows > 2 else DARK
            middle = (left + 0.6, top - 0.62) if positions else (left + 0.5, top - 0.53)
            axes.text(*middle, f"{values[h, w]:g}", ha="center", va="center", color=colour)
            if positions:
                axes.text(
                    left + 0.04,
                    top - 0.03,
                    h * columns + w,
                    fontsize=8,
                    color="#555555",
                    va="top",
                    zorder=4,
                )
            if h * columns + w in rings:
                ring = {"facecolor": "none", "edgecolor": ORANGE, "linewidth": 1.8}
                axes.add_patch(
                    Circle((middle[0] + 0.02, middle[1]), 0.32 if positions else 0.36, **ring)
                )
    axes.text(at[0] + columns / 2, at[1] + 0.25, title, ha="center")
    axes.text(at[0] + columns / 2, at[1] - rows - 0.25, below, ha="center", va="top", fontsize=8)


white = [["white"] * 4] * 4
axes = canvas(9.5, 4.7, (-0.3, 24.9), (-11.2, 1.0), aspect="equal")
sheet(axes, x, (0, -3.2), "x, before pooling", rings=switches.ravel(), positions=True)
arrow(axes, (4.2, -5.2), (5.6, -5.2), "pool")
sheet(axes, pooled, (5.9, -4.2), "pooled")
arrow(axes, (8.1, -5.2), (9.5, -5.2), "bottom")
sheet(axes, y, (9.8, -4.2), "y")
arrow(axes, (11.9, -4.4), (13.9, -2.4))
axes.text(12.7, -2.7, "unpool", ha="right")
sheet(axes, sparse, (14.2, 0), "at the switches", rings=switches.ravel())
arrow(axes, (18.4, -2), (20.3, -2), "3 x 3")
sheet(axes, dense, (20.6, 0), "SegNet", white)
arrow(axes, (11.9, -6.0), (13.9, -8.1))
axes.text(12.6, -8.0, "up", ha="right")
sheet(axes, copied_up, (14.2, -6.9), "up; beside it: x")
arrow(axes, (18.4, -8.9), (20.3, -8.9))
axes.text(19.35, -8.6, "x + ½ up", ha="center", fontsize=8)
sheet(axes, both, (20.6, -6.9), "U-Net", white)
axes.plot([2, 2, 13.9], [-2.4, -0.7, -0.7], color=ORANGE, lw=1.3)
arrow(axes, (13.0, -0.7), (14.1, -0.7), colour=ORANGE)
axes.text(7.5, -0.5, "4 positions", ha="center", fontsize=9, color=ORANGE)
axes.plot([2, 2, 13.9], [-7.4, -10.4, -10.4], color=INK, lw=1.3)
arrow(axes, (13.0, -10.4), (14.1, -10.4))
axes.text(7.5, -10.2, "all 16 values of x", ha="center", fontsize=9)
plt.show()

# %% [markdown]
# Is that what stands on your sheet? The same six tables, worked out on paper:

# %%
np.testing.assert_array_equal(pooled, [[7, 8], [9, 6]])
np.testing.assert_array_equal(switches, [[4, 6], [9, 11]])
np.testing.assert_array_equal(sparse, [[0, 0, 0, 0], [4, 0, 8, 0], [0, 8, 0, 4], [0, 0, 0, 0]])
np.testing.assert_array_equal(dense, [[2, 3, 4, 2], [6, 10, 11, 6], [6, 11, 10, 6], [2, 4, 3, 2]])
np.testing.assert_array_equal(copied_up, [[4, 4, 8, 8], [4, 4, 8, 8], [8, 8, 4, 4], [8, 8, 4, 4]])
np.testing.assert_array_equal(both, [[3, 5, 6, 4], [9, 4, 12, 5], [4, 13, 3, 8], [5, 6, 2, 5]])

# %% [markdown]
# The library's layers on the same numbers:

# %%
values4, switches4 = nn.MaxPool2d(2, return_indices=True)(tensor(x[None, None]))
sparse4 = nn.MaxUnpool2d(2)(tensor(y[None, None]), switches4, output_size=(4, 4))
up4 = F.conv_transpose2d(tensor(y[None, None]), np.ones((1, 1, 2, 2)), stride=2)
pair4 = cat([tensor(x[None, None]), up4], 1)  # (1, 2, 4, 4)
np.testing.assert_array_equal(values4.numpy()[0, 0], pooled)
np.testing.assert_array_equal(F.conv2d(sparse4, kernel[None, None], padding=1).numpy()[0, 0], dense)
np.testing.assert_array_equal(
    F.conv2d(pair4, np.array([1, 0.5]).reshape(1, 2, 1, 1)).numpy()[0, 0], both
)
print("MaxUnpool2d, conv_transpose2d, cat, conv2d: the same numbers")

# %% [markdown]
# ### What a switch does not know
#
# A switch knows *where the largest value was*. It does not know how large it was, nor anything
# about the other three pixels. So let us change those three in every window, at random, and keep
# the winners:

# %%
for _ in range(100):
    other = rng.uniform(0, 1, x.shape) * pooled.repeat(2, axis=0).repeat(
        2, axis=1
    )  # below the winner of the window
    other.flat[switches.ravel()] = pooled.ravel()
    other_pooled, other_switches = pool(other)
    np.testing.assert_array_equal(
        conv(unpool(y, other_switches, x.shape), kernel), dense
    )  # SegNet cannot tell
    assert np.any(1 * other + 0.5 * copied_up != both), "U-Net cannot tell the two maps apart"
print("100 other maps: SegNet's answer is the same, U-Net's is another one each time")

# %% [markdown]
# > **Try it:** make the 3 at position 1 of `x` a 7.5, and run the cells from there. The old winner
# > of that window was 7. Which number of `sparse` moves? How much of `dense` changes, for a change
# > of one pixel? And which line of the numbers worked out on paper complains first?
#
# <details><summary>What happens</summary>
#
# The 4 moves from position 4 to position 1, and `dense` becomes
#
# ```
# 2  6  6  2
# 3 10 12  6
# 4 10 10  6
# 2  4  3  2
# ```
#
# Six of its 16 numbers are others. The 4 has left (1, 0) and come to (0, 1), and so has the hill
# that the kernel draws around it. In U-Net the same change moves one number of `both`, by as much
# as `x`: 4.5. The first complaint is about `pooled`, which now has 7.5 where the sheet says 7. The
# 100 other maps come out as before: whatever the winners are, SegNet cannot see the others.
#
# </details>
#
# The same with a photograph: the temple is by *danielbuechele*, from Flickr, under the licence
# CC BY 2.0. In each colour, we pool it, keep the winner of every window, and replace the three
# others by chance. **Before you run the next cell, write down**: do you expect to recognise the
# temple in the picture of winners and chance?

# %%
photograph = sample_photograph("china", 0.25)[:, 3:]  # (3, 104, 160), from 0 to 1
pool2, unpool2 = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
winners, places = pool2(tensor(photograph[None]))
changed = rng.uniform(0, 1, photograph.shape) * winners.numpy()[0].repeat(2, 1).repeat(2, 2)
for c in range(3):
    changed[c].flat[places.numpy()[0, c].ravel()] = winners.numpy()[0, c].ravel()
changed = changed.astype(np.float32)
winners2, places2 = pool2(tensor(changed[None]))
np.testing.assert_array_equal(winners2.numpy(), winners.numpy())
np.testing.assert_array_equal(places2.numpy(), places.numpy())


def filled(winners, places):
    """Put the winners to their places, and fill each hole with the mean of those around it."""
    spread = np.zeros((3, 3, 3, 3), np.float32)
    spread[range(3), range(3)] = kernel  # every colour by itself
    ones = tensor(np.ones(winners.shape, np.float32))
    top = F.conv2d(unpool2(winners, places), spread, padding=1).numpy()
    return (top / np.maximum(F.conv2d(unpool2(ones, places), spread, padding=1).numpy(), 1e-6))[0]


panels = {
    "photograph": photograph,
    "the same winners,\nthe others by chance": changed,
    "SegNet: from winners and\nswitches, the same for both": filled(winners, places),
    "U-Net: what the copies\nof the two differ by": np.abs(photograph - changed),
}
figure, grid = plt.subplots(1, 4, figsize=(9.5, 2.1), layout="constrained")
for axes, (title, panel) in zip(grid, panels.items(), strict=True):
    axes.imshow(panel[:, 16:80, 8:104].transpose(1, 2, 0).clip(0, 1))  # the temple
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)
plt.show()

# %% [markdown]
# A quarter of the numbers is enough to see the temple through the noise: the largest of four is a
# good witness. And a network that receives only winners and switches makes the third picture of
# *both*. It cannot say which of the two it was given. U-Net can: the fourth picture shows by how
# much its copies differ.
#
# Switches also guide the gradient. The gradient of unpooling is yours to write: each `y` went to
# one place, and so its gradient is what arrives there.


# %%
def unpool_backward(grad, switches):
    """Return the gradient of y: for every window, what ``grad`` (H, W) has at its switch."""
    raise NotImplementedError


check_blank(
    unpool_backward,
    ((x, np.array([[4, 6], [9, 11]])), np.array([[7.0, 8], [9, 6]]), "the switches of our x"),
    ((x, np.array([[0, 3], [8, 15]])), np.array([[1.0, 0], [0, 3]]), "the corners"),
    hint="a switch counts the pixels of grad in reading order: grad.ravel()",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def unpool_backward(grad, switches):
#     """Return the gradient of y: for every window, what ``grad`` (H, W) has at its switch."""
#     out = np.zeros(switches.shape)
#     for i in range(switches.shape[0]):
#         for j in range(switches.shape[1]):
#             out[i, j] = grad.ravel()[switches[i, j]]
#     return out
# ```
#
# Or, in one line, `grad.ravel()[switches]`. With the switches of `x`, unpooling's way back is
# pooling's way down: the first check has the pooled values.
#
# </details>
#
# ## 4. What the memory costs, in bytes
#
# While a network goes down, everything that the way up will need has to wait in memory. In SegNet
# that is one switch per window. A switch is one of *four* places, so it needs two bits. In U-Net
# it is the whole map from before the pooling: four numbers of 32 bits per window. So the ratio is
# 4 · 32 / 2 = 64.
#
# Two bits are a promise. Programs keep switches as whole numbers of 64 bits (PyTorch does, and
# minidet does, so that the same `max_unpool2d` works for every window size). Let us keep the
# promise: pack four switches into one byte.


# %%
def pack(switches, width):
    """Pack positions of 2 x 2 windows (..., h, w), sizes even, into 2 bits each: uint8, flat."""
    place = (
        2 * (switches // width % 2) + switches % width % 2
    )  # 0, 1 / 2, 3: which pixel of the window
    place = np.pad(place.ravel(), (0, -place.size % 4)).reshape(-1, 4)  # four to a byte
    return (place << np.array([0, 2, 4, 6])).sum(1).astype(np.uint8)


def unpack(packed, shape, width):
    """Return the positions that were packed."""
    place = (packed[:, None] >> np.array([0, 2, 4, 6]) & 3).ravel()[: np.prod(shape)].reshape(shape)
    i, j = np.indices(shape[-2:])
    return (2 * i + place // 2) * width + 2 * j + place % 2


packed = pack(switches, 4)
print(
    "switches ",
    switches.ravel(),
    "-> places",
    (2 * (switches // 4 % 2) + switches % 4 % 2).ravel(),
    end=" -> ",
)
print("one byte:", format(packed[0], "08b"), "(read it from right to left, two digits each)")
np.testing.assert_array_equal(packed, [0b01_01_10_10])
np.testing.assert_array_equal(unpack(packed, (2, 2), 4), switches)

# %% [markdown]
# Now whole networks. **Write down**, before you go on: of a picture of 360 x 480, VGG's first five
# blocks leave 64, 128, 256, 512 and 512 channels, each at half the size of the one before. How
# many megabytes are the features before the five poolings: 8, 80 or 800? And the switches at two
# bits? The function to write computes it.


# %%
def memory_of(widths, rows, columns):
    """Return (bytes of all features before pooling, bytes of the switches packed to 2 bits).

    Stage i has widths[i] channels of rows x columns numbers, 4 bytes each; its pooling halves
    rows and columns (what is left over belongs to no window), and keeps a switch per window.
    """
    raise NotImplementedError


check_blank(
    memory_of,
    (([1], 4, 4), (64, 1), "our x: 16 numbers, 4 switches"),
    (([12, 24, 64], 48, 48), (202752, 3168), "the SegNet of this notebook"),
    (([64, 128], 45, 60), (1029120, 15840), "an odd number of rows"),
    hint="in every stage: add the features, halve rows and columns, then add the switches",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def memory_of(widths, rows, columns):
#     """Return (bytes of all features before pooling, bytes of the switches packed to 2 bits)."""
#     features = notes = 0
#     for width in widths:
#         features += 4 * width * rows * columns
#         rows, columns = rows // 2, columns // 2
#         notes += width * rows * columns / 4
#     return features, notes
# ```
#
# </details>
#
# Now in running networks. *Hooks* are functions that a layer calls when it runs, with what goes in
# and what comes out. We hang one on each pooling, and count what it keeps. First the networks of
# this notebook, for one scene; then the published sizes, for one picture of 360 x 480, computed
# from the plan.


# %%
def segnet(unpool="switches", seed=0):
    """Return this notebook's SegNet; its weights depend on the seed alone."""
    minidet.manual_seed(seed)
    return SegNet(K, widths=(12, 24, 64), convs=(1, 1, 1), unpool=unpool)


def unet(seed=0):
    """Return this notebook's U-Net."""
    minidet.manual_seed(seed)
    return UNet(K, width=8, levels=4)


def remembered(network, image):
    """Run a network once; return what its encoder leaves for its decoder: a list of arrays."""
    kept = []
    if isinstance(network, SegNet):
        hooks = [
            s.register_forward_hook(lambda s, args, out: kept.append(out[1].numpy()))
            for s in network.encoder
        ]
    else:
        hooks = [
            s.register_forward_pre_hook(lambda s, args: kept.append(args[1].numpy()))
            for s in network.decoder
        ]
    network.eval()
    with no_grad():
        network(tensor(image[None]))
    for hook in hooks:
        hook.remove()
    return kept


notes, copies = remembered(segnet(), test_images[0]), remembered(unet(), test_images[0])
bits = [pack(array, 2 * array.shape[-1]) for array in notes]
for array, packed in zip(notes, bits, strict=True):
    np.testing.assert_array_equal(unpack(packed, array.shape, 2 * array.shape[-1]), array)
print(f"SegNet here: switches, int64  {sum(a.nbytes for a in notes):9,} bytes")
print(f"             the same, packed {sum(a.nbytes for a in bits):9,} bytes")
print(f"U-Net here:  features         {sum(a.nbytes for a in copies):9,} bytes\n")

print("SegNet.PAPER, 360 x 480:   features before pooling   switches, int64   2 bits each")
totals = np.zeros(3)
for level, width in enumerate(SegNet.PAPER["widths"]):
    h, w = 360 // 2**level, 480 // 2**level
    sizes = (
        np.array(
            [4 * width * h * w, 8 * width * (h // 2) * (w // 2), width * (h // 2) * (w // 2) / 4]
        )
        / 1e6
    )
    totals += sizes
    print(
        f"  {width:4} channels, {h:3} x {w:3} {sizes[0]:18.2f} MB {sizes[1]:14.2f} MB",
        f"{sizes[2]:10.2f} MB",
    )
print(f"  {'together':24} {totals[0]:14.2f} MB {totals[1]:14.2f} MB {totals[2]:10.2f} MB")
ratio = totals[0] / totals[2]  # 64, but for one odd row that belongs to no window
assert 60 < ratio < 65, f"features are {ratio:.1f} times the packed switches, not about 64 times"

# %% [markdown]
# Two honest remarks. *In training*, both networks keep everything anyway, because the backward
# pass needs it. The memory is saved when a trained network is *used*. And unpacked switches save
# only half, not 63 of 64 parts.
#
# ## 5. Beside, not on top: what concatenation means
#
# U-Net puts the copied features *beside* those from below: `cat` makes one map with the channels
# of both. Why not add them, as FCN does? Let the convolution's weight be cut into two halves, $W =
# [W_1, W_2]$: those for the first channels, and those for the others. A convolution sums over
# channels, and a sum may be split:
#
# $$W * [a, b] = W_1 * a + W_2 * b$$
#
# So a convolution over a concatenation is *two convolutions, added*. If $W_1 = W_2$, it is $W_1 *
# (a + b)$: adding the maps first is the special case in which both get the same weights.
# Concatenation lets the network choose. It pays with twice the weights in that layer.
#
# First the naive version of one step of U-Net's way up, in plain loops.


# %%
def up_naive(x, weight):
    """Transposed convolution, 2 x 2 with stride 2: every value paints a scaled copy of the kernel.

    x (C, h, w), weight (C, F, 2, 2): (F, 2 h, 2 w).
    """
    out = np.zeros((weight.shape[1], 2 * x.shape[1], 2 * x.shape[2]))
    for c in range(x.shape[0]):
        for f in range(weight.shape[1]):
            for h in range(x.shape[1]):
                for w in range(x.shape[2]):
                    out[f, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2] += x[c, h, w] * weight[c, f]
    return out


def conv_naive(x, weight):
    """3 x 3 convolution with a border of zeros.

    x (C, H, W), weight (F, C, 3, 3): (F, H, W).
    """
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((weight.shape[0], *x.shape[1:]))
    for f in range(weight.shape[0]):
        for c in range(x.shape[0]):
            for h in range(x.shape[1]):
                for w in range(x.shape[2]):
                    for i in range(3):
                        for j in range(3):
                            out[f, h, w] += padded[c, h + i, w + j] * weight[f, c, i, j]
    return out


def step_naive(below, copied, up_weight, weight):
    """Up, beside, convolution."""
    return conv_naive(np.concatenate([copied, up_naive(below, up_weight)]), weight)


def step_library(below, copied, up_weight, weight):
    """The same with the library, for batches."""
    return F.conv2d(
        cat([copied, F.conv_transpose2d(below, up_weight, stride=2)], 1), weight, padding=1
    )


below, copied = rng.standard_normal((8, 8, 8)), rng.standard_normal((4, 16, 16))
up_weight, weight = rng.standard_normal((8, 4, 2, 2)), rng.standard_normal((4, 8, 3, 3))
slow = step_naive(below, copied, up_weight, weight)

# %% [markdown]
# And now without any concatenation:


# %%
def step_split(below, copied, up_weight, weight):
    """The same without a concatenation: two convolutions with parts of ``weight``, added."""
    raise NotImplementedError


check_blank(
    step_split,
    ((below, copied, up_weight, weight), slow, "the numbers above"),
    ((below[:2], copied[:1], up_weight[:2, :2], weight[:1, :3]),
     step_naive(below[:2], copied[:1], up_weight[:2, :2], weight[:1, :3]),
     "one copied channel beside two from below"),
    hint="weight (F, C, 3, 3): which of its C belong to copied?",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def step_split(below, copied, up_weight, weight):
#     """The same without a concatenation: two convolutions with parts of ``weight``, added."""
#     channels = copied.shape[0]
#     first, second = weight[:, :channels], weight[:, channels:]
#     return conv_naive(copied, first) + conv_naive(up_naive(below, up_weight), second)
# ```
#
# </details>
#
# Loops, library and split agree, and equal halves are one convolution of the sum:

# %%
fast = step_library(tensor(below[None]), tensor(copied[None]), up_weight, weight).numpy()[0]
split = conv_naive(copied, weight[:, :4]) + conv_naive(up_naive(below, up_weight), weight[:, 4:])
np.testing.assert_allclose(fast, slow, atol=1e-12)
np.testing.assert_allclose(split, slow, atol=1e-12)
equal = np.concatenate([weight[:, :4], weight[:, :4]], axis=1)  # W1 = W2
added = conv_naive(copied + up_naive(below, up_weight), weight[:, :4])
np.testing.assert_allclose(step_naive(below, copied, up_weight, equal), added, atol=1e-12)
print("loops = library = two convolutions, added; with equal halves = one convolution of the sum")

# %% [markdown]
# And the gradient? Concatenation moves numbers and changes none. So on the way back every gradient
# walks home to where its number came from: the gradient is *cut* where the maps were joined. We
# write it as an operation with two directions, and let finite differences judge. We also test the
# adjoint, $\langle \mathrm{cat}(a, b), g \rangle = \langle a, g_1 \rangle + \langle b, g_2
# \rangle$, and U-Net's whole step.


# %%
class Cat(Function):
    """Put the channels of two maps side by side."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.channels = a.shape[1]
        return np.concatenate([a, b], axis=1)

    @staticmethod
    def backward(ctx, grad):
        return grad[:, : ctx.channels], grad[:, ctx.channels :]


a = tensor(rng.standard_normal((2, 3, 4, 4)), requires_grad=True)
b = tensor(rng.standard_normal((2, 2, 4, 4)), requires_grad=True)
g = rng.standard_normal((2, 5, 4, 4))
together = Cat.apply(a, b)
together.backward(tensor(g))
parts = [np.vdot(t.detach().numpy(), t.grad.numpy()) for t in (a, b)]  # <a, g1>, <b, g2>
np.testing.assert_allclose(
    np.vdot(together.detach().numpy(), g), sum(parts), err_msg="adjoint test: each part to its map"
)
assert gradcheck(Cat.apply, [a, b]), "cat: the gradient is not the slope"
leaves = [
    tensor(array, requires_grad=True) for array in (below[None, :, :3, :3], copied[None, :, :6, :6])
]
weights = [tensor(array, requires_grad=True) for array in (up_weight, weight)]
assert gradcheck(step_library, [*leaves, *weights]), "U-Net's step: the gradient is not the slope"
print("the gradient of cat is a cut; U-Net's step agrees with finite differences")


# %% [markdown]
# > **Try it:** exchange the two parts in `Cat.backward`. Which error comes first, and why is it not
# > about a number? Then give `a` and `b` the same number of channels, and try again.
#
# <details><summary>What happens</summary>
#
# The backward pass stops at once: the gradient of `a` has 2 channels, and `a` has 3. Shapes are
# compared before any number is, so a cut in the wrong place cannot go unseen. With 3 channels each
# (and 6 in `g`) the shapes fit, and each map gets the other one's gradient. No error now: only the
# adjoint test of numbers fails. Had nobody tested, a network would have trained, badly.
#
# </details>
#
# This is the place to see why nobody trains with loops in Python.


# %%
def clock(function, *arguments, least=0.05 if QUICK else 0.3):
    """Return the seconds of the fastest of several calls: others can only make a call slower."""
    function(*arguments)  # not counted: it may compile
    times = []
    while len(times) < 3 or sum(times) < least:
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


single = [array.astype(np.float32) for array in (below[None], copied[None], up_weight, weight)]
in_loops = clock(step_naive, below, copied, up_weight, weight)
in_library = clock(step_library, *[tensor(array) for array in single])
print(
    f"one small step, in loops: {in_loops * 1e3:.1f} ms; library: {in_library * 1e3:.3f} ms",
    end="; ",
)
print(f"speed-up {in_loops / in_library:,.0f}")
cost = {
    "SegNet": multiply_adds(segnet(), (1, 3, 48, 48)),
    "U-Net": multiply_adds(unet(), (1, 3, 48, 48)),
}
rate = (4 * 8 * 9 * 256 + 8 * 4 * 4 * 64) / in_loops  # multiply-adds per second, in loops
network = segnet().eval()
with no_grad():
    one = clock(lambda: network(tensor(test_images[:1])))
print(
    f"one scene through SegNet: {cost['SegNet'] / 1e6:.1f} million multiply-adds,",
    f"{one * 1e3:.1f} ms",
    end="; ",
)
print(f"in our loops it would take {cost['SegNet'] / rate:.0f} s")

# %% [markdown]
# ## 6. The shapes, layer by layer
#
# `layer_table` runs a network once, forward and backward, and writes down what every layer
# returned. Here is our U-Net, without its normalisation and ReLU layers, which keep all shapes.
# Read the second column from the top: 48, 24, 12, 6, and up again. In the decoder, look for the
# convolution after each `ConvTranspose2d`: its weight has to take in twice the channels, those
# from below and those that were copied.

# %%
table = layer_table(unet(), images[:2], loss=lambda scores: F.cross_entropy(scores, labels[:2]))
shown = [row for row in table if row.kind not in ("BatchNorm2d", "ReLU", "Identity")]
draw_layers(shown)
plt.show()

for number, stage in enumerate(unet().decoder):
    print(
        f"decoder.{number}: up makes {stage.up.out_channels:3} channels,",
        "the next convolution reads",
        end=" ",
    )
    print(f"{stage.convs[0][0].in_channels:3}, and returns {stage.convs[0][0].out_channels:3}")
    reads, makes = stage.convs[0][0].in_channels, stage.up.out_channels
    assert reads == 2 * makes, f"decoder.{number} reads {reads} channels, not twice {makes}"
for name, network in (("SegNet", segnet()), ("U-Net", unet())):
    count = sum(p.numel() for p in network.parameters())
    print(
        f"{name:6}: {count:7,} weights, {cost[name] / 1e6:5.1f} million multiply-adds for a scene"
    )

# %% [markdown]
# Both networks also take sizes that are not multiples of 8. U-Net's pooling rounds up, and what is
# too much is cut on the way up. SegNet remembers the size beside the switches.

# %%
for network in (segnet(), unet()):
    network.eval()
    with no_grad():
        for size in ((48, 48), (37, 53), (33, 32)):
            shape = network(tensor(rng.random((1, 3, *size), np.float32))).shape
            assert shape == (1, K, *size), f"{size} pixels in, scores {shape} out"
print("37 x 53 pixels in, 37 x 53 answers out")

# %% [markdown]
# ## 7. Most pixels are background
#
# Count the pixels of each class. The loss is a mean over *pixels*, so a class with few pixels has
# a low voice. A network that has never seen a zero would hardly be punished for it.
#
# **Median-frequency weights** (Eigen and Fergus 2015; SegNet uses them) turn the voices up. For
# each class:
#
# $$\mathrm{freq}_c =
#   \frac{\text{pixels of class } c}{\text{all pixels of the images in which } c \text{ appears}},
#   \qquad \mathrm{weight}_c = \frac{\text{median of all freq}}{\mathrm{freq}_c}$$
#
# The denominator is a fine point. A class that appears in few *images* is not meant to be loud.
# Only a class that is *small where it appears* is. By hand, with two label pictures of 4 x 4 and
# three classes:

# %%
first = np.array([[0, 0, 0, 0],
                  [0, 1, 1, 0],
                  [0, 1, 1, 0],
                  [0, 0, 0, 0]])  # fmt: skip
second = np.array([[0, 0, 0, 0],
                   [0, 0, 2, 0],
                   [0, 0, 2, 0],
                   [0, 0, 0, 0]])  # fmt: skip


def frequency_of(pictures, c):
    """Return freq of class c in label pictures: its pixels / all pixels of the pictures with it."""
    raise NotImplementedError


check_blank(
    frequency_of,
    (([first, second], 0), 26 / 32, "in both pictures"),
    (([first, second], 1), 4 / 16, "in the first picture only"),
    (([first, second], 2), 2 / 16, "in the second picture only"),
    (([first[:2], second], 1), 2 / 8, "pictures of different sizes"),
    hint="a picture without c counts neither above nor below the line",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def frequency_of(pictures, c):
#     """Return freq of class c: its pixels / all pixels of the pictures with it."""
#     pixels = around = 0
#     for picture in pictures:
#         if np.any(picture == c):
#             pixels += np.sum(picture == c)
#             around += picture.size
#     return pixels / around
# ```
#
# </details>
#
# **Before you run the next cell, write down** the three weights.


# %%
def median_frequency(pictures, num_classes):
    """Return pixels, pixels of the images with the class, frequency and weight of every class."""
    pixels = np.array([sum(np.sum(p == c) for p in pictures) for c in range(num_classes)])
    around = np.array([sum(p.size for p in pictures if np.any(p == c)) for c in range(num_classes)])
    frequency = pixels / around
    return pixels, around, frequency, np.median(frequency) / frequency


print("class  pixels  of  frequency  weight")
for c, line in enumerate(zip(*median_frequency([first, second], 3), strict=True)):
    print("{:5} {:7} {:3} {:10.4f} {:7.4f}".format(c, *line))

painted = [[[PALES[c] for c in row] for row in picture] for picture in (first, second)]
axes = canvas(5.2, 2.3, (-0.2, 10.2), (-4.2, 0.9), aspect="equal")
sheet(axes, first, (0, 0), "first picture", painted[0])
sheet(axes, second, (5.8, 0), "second picture", painted[1])
plt.show()

# %% [markdown]
# By hand:

# %%
pixels, around, frequency, by_hand = median_frequency([first, second], 3)
np.testing.assert_array_equal(pixels, [12 + 14, 4, 2])
np.testing.assert_array_equal(around, [32, 16, 16])
np.testing.assert_allclose(by_hand, [0.25 / (26 / 32), 1, 2])  # the median frequency is 4 / 16
np.testing.assert_allclose(median_frequency_weights([first, second], 3), by_hand, rtol=1e-6)

# %% [markdown]
# Now our scenes. The middle columns show a thought experiment: the laziest network of all. It does
# not look at the picture, and gives every pixel the same probabilities. Which constant answer has
# the least loss? The shares of the classes themselves, and the loss is then their entropy.
#
# **Before you run the next cell, write down** two numbers. Who knows nothing has the loss
# log 4 = 1.39. About 77 % of the pixels are background. What is the loss of the laziest network:
# 1.2, 0.7 or 0.3? And with the weights?

# %%
weights = median_frequency_weights(labels, K)
np.testing.assert_allclose(weights, median_frequency(labels, K)[3], rtol=1e-5)
shares = np.bincount(labels.ravel(), minlength=K) / labels.size
voices = shares * weights / (shares * weights).sum()  # with weights, a pixel counts as so many


def lazy_loss(answer, weight):
    """Return the library's loss of a network that gives every pixel the same probabilities."""
    scores = np.broadcast_to(np.log(answer)[:, None, None], (1, K, 48, 48)).astype(np.float32)
    sums = [
        F.cross_entropy(tensor(scores), tensor(y[None]), weight=weight, reduction="sum").item()
        for y in labels
    ]
    return sum(sums) / (labels.size if weight is None else weight[labels].sum())


print(f"{'class':12} {'share':>7} {'weight':>7} {'share of the weighted loss':>27}")
for name, share, weight, voice in zip(CLASSES, shares, weights, voices, strict=True):
    print(f"{name:12} {share:7.1%} {weight:7.3f} {voice:27.1%}")
for title, part, weight in (("without weights", shares, None), ("with weights", voices, weights)):
    entropy = -(part * np.log(part)).sum()
    np.testing.assert_allclose(lazy_loss(part, weight), entropy, rtol=1e-3)
    print(
        f"{title:15}: the laziest network has the loss {entropy:.3f};",
        f"knowing nothing is log {K} = {np.log(K):.3f}",
    )

# %% [markdown]
# Without weights, laziness pays: most of the way down from log K is had for free, by saying
# "background". With weights, it hardly pays at all. What the weights *cost* we shall see in
# section 11.
#
# ## 8. The ladder
#
# **Rung 1: the loss at the start is log K.** Who knows nothing gives all K classes the same
# probability. A fresh network is near that, but its last layer is random. Set it to zero, and it
# has to be *exact*, with weights or without.

# %%
for name, network in (("SegNet", segnet()), ("U-Net", unet())):
    batch, truth = tensor(images[:8]), tensor(labels[:8])
    fresh = F.cross_entropy(network(batch), truth).item()
    nn.init.zeros_(network.classifier.weight)
    nn.init.zeros_(network.classifier.bias)
    start = F.cross_entropy(network(batch), truth).item()
    weighted = F.cross_entropy(network(batch), truth, weight=tensor(weights)).item()
    print(
        f"{name:6}: fresh {fresh:.4f}, last layer zero {start:.4f}, with weights {weighted:.4f}",
        end=" ",
    )
    print(f"(log {K} = {np.log(K):.4f})")
    for loss in (start, weighted):
        assert abs(loss - np.log(K)) < 1e-5, f"{name} knows nothing, and its loss is {loss:.5f}"

# %% [markdown]
# **Rung 2: overfit one batch.** Eight scenes, again and again. If a network cannot learn eight
# pictures by heart, it is not worth training on eight hundred. The rule is the same in every
# notebook: the loss has to fall below a tenth of where it started.
#
# Does the rung find mistakes? Beside the U-Net runs a broken one: somebody has frozen all of its
# layers but the last, as one does with a network that is trained already. This one is not. Its
# last layer still learns, so its loss *falls*. **Before you run the next cell, write down** how far
# you think it falls, as a share of its start.


# %%
STEPS, BATCH, RATE = (6 if QUICK else 500), 8, 1e-2


def probabilities(network, images):
    """Return the probability of every class in every pixel (N, K, H, W)."""
    network.eval()
    with no_grad():
        parts = [
            F.softmax(network(tensor(images[i : i + 25])), 1).numpy()
            for i in range(0, len(images), 25)
        ]
    return np.concatenate(parts)


def predict(network, images):
    """Return the most likely class of every pixel (N, H, W)."""
    return probabilities(network, images).argmax(1)


def train(network, title, steps=STEPS, draw=None, weight=None, watched=40):
    """Train with AdamW; warm up, then let the rate fall to 0. Return a record for every step.

    ``draw()`` gives the scenes of a step; all networks see the same scenes in the same order. Some
    records have the mIoU on the first ``watched`` scenes of the test.
    """
    order = np.random.default_rng(0)
    draw = (lambda: order.choice(len(images), BATCH, replace=False)) if draw is None else draw
    weight = None if weight is None else tensor(weight)
    optimizer = optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    rise = max(1, steps // 10)
    parts = (
        optim.LinearLR(optimizer, 0.1, 1.0, rise),
        optim.CosineAnnealingLR(optimizer, steps - rise),
    )
    schedule = optim.SequentialLR(optimizer, list(parts), [rise])
    records = []
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            network.train()
            chosen = draw()
            loss = F.cross_entropy(
                network(tensor(images[chosen])), tensor(labels[chosen]), weight=weight
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            records.append({"step": step, "loss": loss.item(), "lr": schedule.get_last_lr()[0]})
            schedule.step()
            if watched and step % max(1, steps // 10) == 0:
                answer = predict(network, test_images[:watched])
                records[-1]["mIoU"] = score(test_labels[:watched], answer)[0]
                bar.set_postfix(
                    loss=f"{loss.item():.3f}", mIoU=f"{records[-1]['mIoU']:.3f}", refresh=False
                )
    return records


def overfit(network, title):
    """Train on the same eight scenes; return the losses."""
    records = train(network, title, 5 if QUICK else 150, draw=lambda: np.arange(8), watched=0)
    return [record["loss"] for record in records]


network, broken = unet(), unet()
for name, parameter in broken.named_parameters():
    parameter.requires_grad = name.startswith("classifier")
fallen = {}
for title, tried in (("U-Net", network), ("broken", broken)):
    losses = overfit(tried, title)
    fallen[title] = losses[-1] / losses[0]
    right = (predict(tried, images[:8]) == labels[:8]).mean()
    print(
        f"{title:7} loss {losses[0]:.4f} -> {losses[-1]:.4f}, {fallen[title]:6.1%} of its start;",
        f"{right:.1%} of the pixels are right",
    )
    assert losses[-1] < losses[0], f"{title}: the loss has not fallen at all"
if not QUICK:
    assert fallen["U-Net"] < 0.1, f"the rung is missed: {fallen['U-Net']:.1%} of the start"
    assert fallen["broken"] > 0.1, f"the broken network passes: {fallen['broken']:.1%}"

# %% [markdown]
# Both losses fall, and both networks have most pixels right, because most pixels are background.
# Only the rule tells them apart. A loss that falls proves little; one that gets near zero on a few
# scenes proves that the gradient reaches every layer that is needed.

# %% [markdown]
# **Rung 3: train.** First SegNet, four times. The networks have the same layers, the same weights
# at the start, and see the same scenes in the same order. Only the rule that doubles the size is
# another one:
#
# - `switches`: each value to its remembered place;
# - `bed_of_nails`: each value to the first pixel of its window;
# - `nearest`: each value to all four pixels;
# - `bilinear`: blended between neighbours.
#
# ## 9. Four SegNets
#
# **Before you run the next cell, write down** the order of the four, by mIoU.

# %%
WAYS = "switches", "bilinear", "nearest", "bed_of_nails"
networks, histories, answers = {}, {}, {}
for way in WAYS:
    networks[way] = segnet(way)
    histories[way] = train(networks[way], way)
    answers[way] = predict(networks[way], test_images)

scores = {way: score(test_labels, answers[way]) for way in WAYS}
exact = {way: exact_score(test_labels, answers[way]) for way in WAYS}
print(f"{'way up':14} {'mIoU':>6} {'boundary F1':>12} {'to the pixel':>13} {'loss at the end':>16}")
for way, (miou, bf) in scores.items():
    loss = np.mean([record["loss"] for record in histories[way][-25:]])
    print(f"{way:14} {miou:6.3f} {bf:12.3f} {exact[way]:13.3f} {loss:16.3f}")

# %% [markdown]
# The text below depends on two things, so they are checked: the switches have more mIoU than
# bilinear and nails, and the best outlines to the pixel.

# %%
if not QUICK:
    for way in ("bilinear", "bed_of_nails"):
        better = scores["switches"][0] > scores[way][0]
        assert better, f"mIoU: {way} {scores[way][0]:.3f}, switches {scores['switches'][0]:.3f}"
    assert max(exact, key=exact.get) == "switches", f"best to the pixel: not switches, {exact}"

# %% jupyter={"source_hidden": true}
LINES = {  # colour, line and marker of every network
    "switches": (COLOURS[0], "-", "o"),
    "bilinear": (COLOURS[1], "--", "s"),
    "nearest": (COLOURS[2], "-.", "^"),
    "bed_of_nails": (COLOURS[3], ":", "D"),
    "U-Net": (COLOURS[1], "--", "s"),
    "U-Net, no skips": (COLOURS[3], ":", "D"),
}


def draw_histories(names):
    """Draw losses, averaged over 20 steps, and the mIoU on unseen scenes."""
    _, grid = plt.subplots(1, 2, figsize=(9.5, 3.0), layout="constrained")
    for name in names:
        colour, line, marker = LINES[name]
        look = {"color": colour, "ls": line, "lw": 1.7, "label": name}
        losses = [record["loss"] for record in histories[name]]
        smooth = [np.mean(losses[max(0, i - 19) : i + 1]) for i in range(len(losses))]
        grid[0].plot(range(1, len(losses) + 1), smooth, **look)
        watched = [(r["step"], r["mIoU"]) for r in histories[name] if "mIoU" in r]
        grid[1].plot(*zip(*watched, strict=True), marker=marker, markersize=5, **look)
    grid[0].axhline(np.log(K), color=INK, lw=0.8, ls=":")
    grid[0].text(STEPS, np.log(K), f"log {K} ", ha="right", va="top", fontsize=8)
    grid[0].set(xlabel="step", ylabel="loss (mean of 20 steps)", ylim=(0, 1.5), title="training")
    grid[1].set(xlabel="step", ylabel="mIoU", ylim=(0, 1), title="40 unseen scenes")
    grid[1].legend(handlelength=4)
    for axes in grid:
        axes.spines[["top", "right"]].set_visible(False)
    plt.show()


draw_histories(WAYS)

# %% [markdown]
# All four have the same number of weights, and the same at the start. What differs is what reaches
# them from below. Look at the third column of the table, "to the pixel". There an outline counts
# only if it is in the very same place, and there the switches are far ahead: exact places are what
# a switch knows. Give outlines one pixel of tolerance, as in the second column, and nearest
# neighbour is not far away any more. It is often right up to one pixel, and its four copies are at
# least dense. The nails are as sparse as the switches, without their knowledge: the price of both.
#
# One seed is one seed. A small difference between two lines could be luck. (`SegNet`'s authors
# found the same order of switches and bilinear on street scenes, and that a network that stores
# all features does better still.)
#
# > **Try it:** two stages in place of three, `widths=(12, 24), convs=(1, 1)` in `segnet`: the
# > windows are only 4 x 4 pixels. Which of the four gains most? And what do all of them lose?
#
# <details><summary>What happens</summary>
#
# Measured: mIoU 0.58 with switches, 0.63 bilinear, 0.61 nearest, 0.50 nails; to the pixel 0.54,
# 0.53, 0.54 and 0.58. So the switches are ahead no longer: a window of 4 x 4 is about as wide as a
# stroke, and there is less to remember. To the pixel, nails and bilinear gain most (both had about
# 0.38). What all of them lose are the names: 2.6 to 3.6 % of all pixels have a wrong one, where
# with three stages it was 1.4 to 2.5 %. The bottom now sees less of a digit, with fewer weights.
#
# </details>
#
# Now the outlines themselves. In the lower rows, grey is an outline pixel that truth and answer
# share, purple a true one that the answer misses, green one that it invents.


# %%
SHARED, MISSED, INVENTED = "#b0b0b0", COLOURS[3], COLOURS[2]
marks = ("shared", SHARED), ("missed", MISSED), ("invented", INVENTED)
marks = patches + [Patch(fc=colour, ec=INK, label=f"outline {name}") for name, colour in marks]


def outlines(truth, answer):
    """Paint the outlines of two label pictures: shared grey, missed purple, invented green."""
    true, found = contours(truth), contours(answer)
    picture = np.ones((*truth.shape, 3))
    for where, colour in (
        (true & found, SHARED),
        (true & ~found, MISSED),
        (found & ~true, INVENTED),
    ):
        picture[where] = to_rgb(colour)
    return picture


def draw_answers(names, chosen, width=9.5):
    """Draw scenes, truth, answers and, below, their outlines."""
    size = width, 0.6 + 2 * len(chosen) * width / (2 + len(names))
    figure, grid = plt.subplots(2 * len(chosen), 2 + len(names), figsize=size, squeeze=False)
    for number, i in enumerate(chosen):
        upper, lower = grid[2 * number], grid[2 * number + 1]
        upper[0].imshow(test_images[i].transpose(1, 2, 0))
        lower[0].set_visible(False)
        for axes, labels in zip(
            upper[1:], [test_labels[i], *(answers[name][i] for name in names)], strict=True
        ):
            draw_labels(None, labels, colours=PALETTE, ax=axes)
        lower[1].imshow(outlines(test_labels[i], test_labels[i]))
        for axes, name in zip(lower[2:], names, strict=True):
            axes.imshow(outlines(test_labels[i], answers[name][i]))
        for axes, title in zip(upper, ("scene", "truth", *names), strict=True):
            axes.set_title(title if number == 0 else "", fontsize=9.5)
    for axes in grid.ravel():
        axes.set(xticks=[], yticks=[])
    figure.legend(handles=marks, loc="lower center", ncols=7, columnspacing=1.0)
    high = figure.get_figheight()
    figure.tight_layout(rect=(0, 0.3 / high, 1, 1 - 0.15 / high), pad=0.3)
    plt.show()


draw_answers(WAYS, [SHOWN, 1])

# %% [markdown]
# Without switches, small holes close and thin strokes grow together. With them, the edges stay,
# and what is wrong is the *name* of a digit, or of a part of it.

# %% [markdown]
# ### A look inside
#
# The last stage of the decoder, in the four networks, for the same scene. Upper row: the strongest
# channel right after the size was doubled. Lower row: the strongest channel after the convolution
# behind it.


# %%
def last_stage(network, image):
    """Return the maps of the decoder's last stage: size doubled, and after the convolution."""
    maps, stage = [], network.decoder[-1]
    hooks = [
        m.register_forward_hook(lambda m, args, out: maps.append(out.numpy()[0]))
        for m in (stage.unpool, stage)
    ]
    predict(network, image[None])
    for hook in hooks:
        hook.remove()
    return maps


_, grid = plt.subplots(2, 4, figsize=(9.5, 5.0), layout="constrained")
for column, way in zip(grid.T, WAYS, strict=True):
    seen = last_stage(networks[way], test_images[SHOWN])
    for axes, maps in zip(column, seen, strict=True):
        axes.imshow(maps[maps.std((1, 2)).argmax()], cmap="viridis")
        axes.set(xticks=[], yticks=[])
    column[0].set_title(f"{way}\n{np.mean(seen[0] == 0):.0%} zeros", fontsize=9.5)
    column[1].set_title(f"{np.mean(seen[1] == 0):.0%} zeros", fontsize=9.5)
grid[0, 0].set_ylabel("size doubled")
grid[1, 0].set_ylabel("after the convolution")
plt.show()

# %% [markdown]
# Switches: dots on the strokes, and the convolution has made a drawing of them. Bilinear: fog in,
# fog out. Nearest: blocks. Nails: a grid, and after the convolution the grid is *still there*. We
# come back to that in section 12.
#
# ## 10. U-Net, and what happens if a skip is cut
#
# The same training for U-Net. Then we cut skips, in two ways that answer two different questions.
#
# - **Cut after training**, by zeroing the copied features of one level: *how much does this
#   network rely on them?* Its other weights were never prepared for that, so this is the harder
#   way.
# - **Cut before training**, all three: *how good could a network without them have become?*
#
# A *pre-hook* is called before a layer runs, and may replace what goes in. That makes the scissors
# one line long. The U-Net has skips at 48, 24 and 12 pixels.
#
# **Before you run the next cell, write down** which cut after training hurts most, and which least.
# And whether this U-Net, with 3.4 times the weights and all features, beats the SegNet of section 9
# (its mIoU is in the table above).


# %%
def cut(network, levels):
    """Zero the features copied at these levels (0 is full size); return the hooks, to undo it."""
    stages = [network.decoder[len(network.decoder) - 1 - level] for level in levels]
    return [
        stage.register_forward_pre_hook(lambda stage, args: (args[0], args[1] * 0))
        for stage in stages
    ]


for name, levels in (("U-Net", ()), ("U-Net, no skips", (0, 1, 2))):
    networks[name] = unet()
    cut(networks[name], levels)
    histories[name] = train(networks[name], name)
    answers[name] = predict(networks[name], test_images)

rows = {"SegNet, switches": answers["switches"], "all skips": answers["U-Net"]}
for levels in ((0,), (1,), (2,), (0, 1, 2)):
    hooks = cut(networks["U-Net"], levels)
    sizes = ", ".join(f"{48 // 2**level}" for level in levels)
    rows[f"cut after training: {sizes}"] = predict(networks["U-Net"], test_images)
    for hook in hooks:
        hook.remove()
rows["cut before training: all"] = answers["U-Net, no skips"]

print(f"{'U-Net':31} {'mIoU':>6} {'boundary F1':>12} {'to the pixel':>13}")
for name, answer in rows.items():
    print(
        "{:31} {:6.3f} {:12.3f} {:13.3f}".format(
            name, *score(test_labels, answer), exact_score(test_labels, answer)
        )
    )
again = predict(networks["U-Net"], test_images)
np.testing.assert_array_equal(again, rows["all skips"], err_msg="a hook was left behind")

# %%
if not QUICK:
    miou, bf = {}, {}
    for name, answer in rows.items():
        miou[name], bf[name] = score(test_labels, answer)
    bare = "cut before training: all"
    assert bf["all skips"] > bf[bare], f"outlines are no better with skips: {bf}"
    assert miou["cut after training: 48"] < miou[bare], f"the first skip is not needed: {miou}"

# %% [markdown]
# Read the table from above.
#
# **U-Net is below SegNet** in mIoU (the first two lines), with 3.4 times the weights. Is that
# U-Net, or is it chance? Three seeds of each, trained once more:
#
# | seed | SegNet: mIoU | U-Net: mIoU | on training scenes | wrong outline |
# |---|---|---|---|---|
# | 0 | 0.77 | 0.67 | 0.85, 0.76 | 1.3 %, 0.5 % |
# | 1 | 0.74 | 0.57 | 0.85, 0.59 | 1.4 %, 0.5 % |
# | 2 | 0.72 | 0.80 | 0.81, 0.87 | 1.4 %, 0.5 % |
#
# U-Net loses twice and wins once: its mIoU depends very much on the seed. Its outlines do not: they
# are nearly three times as good each time. (Even with one seed, another number of threads adds in
# another order, and after 500 steps the mIoU of U-Net was 0.67 or 0.71.) And it is not that more
# weights learn the scenes by heart: where U-Net is low, it is low in training too. Its skip at full
# size lowers the loss at once, by outlines. The names have to be learned at the bottom, and after
# 500 steps that is not done. With `steps=1500` and seed 0, U-Net reaches 0.85 and SegNet 0.79: then
# the order is the other way round.
#
# And the cuts:
#
# - The skip at **full size** carries this network. Without it, what comes up from below is only a
#   cloud (the last column of the picture below). The decoder has never learned to draw alone,
#   because it never had to.
# - The **other skips** do not count alike. Without the one at 24, the outlines are nearly as
#   before, and a few names are lost. Without the one at 12, many names are. (That says what *this*
#   network relies on. It does not say that a network without such a skip could not be as good.)
# - **Trained without skips**, the network does better than the one that lost its first skip later.
#   It adapts. But everything has to go through 6 x 6 pixels, the outlines as well as the names,
#   and the gradients on their way back. It finds the ink. In the same number of steps, it learns
#   far less about *which* digit it is.
#
# > **Try it:** cut before training only the skip at 24, `(1,)` in place of `(0, 1, 2)`. Was it
# > useless?
#
# <details><summary>What happens</summary>
#
# Measured: mIoU 0.77, outlines to the pixel 0.76. That is no worse than the U-Net with all skips,
# whose three seeds gave 0.57 to 0.80. So this skip is not needed here: what it carries, the skip at
# 48 and the way through the bottom carry too. To call it harmful, or useless for other pictures,
# one run is too little.
#
# </details>

# %%
draw_histories(("switches", "U-Net", "U-Net, no skips"))

# %%
answers["cut: 48"] = rows["cut after training: 48"]
draw_answers(("switches", "U-Net", "U-Net, no skips", "cut: 48"), [SHOWN])

# %% [markdown]
# The scissors need not cut all the way: multiply the copied features by anything from 0 to 1. Here
# is one scene, with one skip after the other at a half and at nothing.


# %%
def turned_down(index, strengths):
    """Return the U-Net's answer for a test scene, its copied features times ``strengths``."""
    stages = networks["U-Net"].decoder
    hooks = [
        stage.register_forward_pre_hook(lambda stage, args, by=by: (args[0], args[1] * by))
        for stage, by in zip(stages, strengths[::-1], strict=True)
    ]
    answer = predict(networks["U-Net"], test_images[index : index + 1])[0]
    for hook in hooks:
        hook.remove()
    return answer


settings = {"all": (1.0, 1.0, 1.0)}
for level, side in enumerate((48, 24, 12)):
    for by in (0.5, 0.0):
        settings[f"{side}: times {by:g}"] = tuple(by if n == level else 1.0 for n in range(3))
figure, grid = plt.subplots(1, 7, figsize=(9.5, 1.7), layout="constrained")
for axes, (title, strengths) in zip(grid, settings.items(), strict=True):
    draw_labels(None, turned_down(SHOWN, strengths), colours=PALETTE, ax=axes)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)
plt.show()

# %% [markdown]
# Run the notebook to move it: the strength of every skip, in any scene. Which skip can you turn
# down furthest before the names change? Before the outlines do?


# %%
def draw_turned_down(scene=SHOWN % 8, at_48=1.0, at_24=1.0, at_12=1.0):
    """Draw a scene, its truth, and the answer with its skips turned down."""
    answer = turned_down(scene, (at_48, at_24, at_12))
    figure, grid = plt.subplots(1, 4, figsize=(8.2, 2.5), layout="constrained")
    grid[0].imshow(test_images[scene].transpose(1, 2, 0))
    draw_labels(None, test_labels[scene], colours=PALETTE, ax=grid[1])
    draw_labels(None, answer, colours=PALETTE, ax=grid[2])
    grid[3].imshow(outlines(test_labels[scene], answer))
    wrong = np.mean(answer != test_labels[scene])
    titles = "scene", "truth", f"answer, {wrong:.1%} wrong", "outlines"
    for axes, title in zip(grid, titles, strict=True):
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=9.5)
    figure.legend(handles=marks, loc="outside lower center", ncols=4)
    plt.show()


viz.sliders(
    draw_turned_down,
    scene=(0, len(test_images) - 1),
    at_48=(0.0, 1.0, 0.1),
    at_24=(0.0, 1.0, 0.1),
    at_12=(0.0, 1.0, 0.1),
)

# %% [markdown]
# `minidet.viz` draws the course of one training, with the learning rate as a hill along the bottom:

# %%
draw_curves(histories["U-Net"], smoothing=max(1, STEPS // 20))
plt.show()

# %% [markdown]
# ## 11. With weights, or without?
#
# Once more the SegNet with switches, the same scenes in the same order, but with the
# median-frequency weights of section 7. (The third column, *afterwards*, is the network without
# weights. Its probabilities are multiplied by the weights when it answers. See question 2.)
#
# **Before you run the next cell, write down** which of the four numbers rise with the weights, and
# which fall: pixel accuracy, class accuracy, the share of the true zeros that are found, and the
# share of the pixels called zero that are right.

# %%
networks["weighted"] = segnet()
histories["weighted"] = train(networks["weighted"], "weighted", weight=weights)
answers["weighted"] = predict(networks["weighted"], test_images)


def matrix_of(answer):
    """Return the confusion matrix over all test scenes."""
    matrix = ConfusionMatrix(K)
    matrix.update(test_labels, answer)
    return matrix


answers["afterwards"] = (
    probabilities(networks["switches"], test_images) * weights[:, None, None]
).argmax(1)
pair = {"without": "switches", "with": "weighted", "afterwards": "afterwards"}
boundary = [score(test_labels, answers[name])[1] for name in pair.values()]
rare = [np.isin(answers[name], (1, 2)).mean() for name in pair.values()]
pair = {title: matrix_of(answers[name]) for title, name in pair.items()}

print(f"{'':34}" + "".join(f"{title:>12}" for title in pair))
for k, name in enumerate(CLASSES):
    print(
        f"{name:12} found, of the true {' ':2}"
        + "".join(f"{m.accuracy_per_class[k]:12.1%}" for m in pair.values())
    )
for k, name in enumerate(CLASSES):
    right = [m.matrix[k, k] / max(m.matrix[:, k].sum(), 1) for m in pair.values()]
    print(f"{name:12} right, of the answers" + "".join(f"{share:12.1%}" for share in right))
for title, read in (
    ("pixel accuracy", "pixel_accuracy"),
    ("class accuracy", "class_accuracy"),
    ("mIoU", "mean_iou"),
):
    print(f"{title:34}" + "".join(f"{getattr(m, read):12.3f}" for m in pair.values()))
print(f"{'boundary F1':34}" + "".join(f"{value:12.3f}" for value in boundary))
print(f"{'pixels called a zero or a one':34}" + "".join(f"{value:12.1%}" for value in rare))
print(f"{'(in truth)':34}{np.isin(test_labels, (1, 2)).mean():12.1%}")
if not QUICK:
    found = [m.class_accuracy for m in pair.values()]
    assert found[1] > found[0], f"class accuracy without, with, afterwards: {found}"
    assert rare[1] > rare[0], f"called a zero or a one without, with, afterwards: {rare}"

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(1, 2, figsize=(8.2, 3.6), layout="constrained")
for axes, title in zip(grid, ("without", "with"), strict=True):
    matrix = pair[title]
    shares_of = matrix.matrix / np.maximum(matrix.matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares_of, cmap="Blues", vmin=0, vmax=1)
    for (t, p), share in np.ndenumerate(shares_of):
        axes.text(
            p, t, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.55 else DARK
        )
    axes.set(xticks=range(K), yticks=range(K), title=f"{title} weights", xlabel="answered")
    axes.set_xticklabels([name.replace(" ", "\n") for name in CLASSES], fontsize=8)
    axes.set_yticklabels(CLASSES if title == "without" else [], fontsize=8)
grid[0].set_ylabel("true")
plt.show()

# %% [markdown]
# With weights, more of the zeros and ones are *found*. And more of what is *called* a zero or a
# one is none: the network now calls too many pixels so. Pixel accuracy goes down, class accuracy
# goes up, and the IoU, which looks at both sides, sees gain and loss together. There is no free
# gift in the weights. They move the border between "rather miss it" and "rather invent it", and
# *you* have to say which mistake is worse. For a doctor who looks for rare cells it is the first.
# For someone who counts cells, both are equally bad.
#
# ## 12. The checkerboard
#
# When a network doubles the size, the four pixels of a block may not be treated alike. Then the
# answer has a pattern of its own, that of the grid and not of the picture. To see it, feed each
# way up a picture without any features: 1 everywhere. Whatever pattern comes out was made by the
# way up.
#
# **Before you run the next cell, write down** which of these five leave the flat picture flat: a
# 3 x 3 convolution behind nearest, behind bilinear and behind nails; a transposed convolution with
# stride 2, of 2 x 2 weights and of 3 x 3. (All weights are random.)

# %%
flat = tensor(np.ones((1, 1, 6, 6), np.float32))
kernel3, kernel2 = (tensor(rng.normal(0.5, 0.5, (1, 1, k, k)).astype(np.float32)) for k in (3, 2))
nails = F.bed_of_nails2d(flat, 2)
ways = {
    "nearest, conv": F.conv2d(F.interpolate(flat, scale_factor=2), kernel3),
    "bilinear, conv": F.conv2d(F.interpolate(flat, scale_factor=2, mode="bilinear"), kernel3),
    "nails, conv": F.conv2d(nails, kernel3),
    "transposed 2 x 2\n(U-Net)": F.conv_transpose2d(flat, kernel2, stride=2),
    "transposed 3 x 3": F.conv_transpose2d(flat, kernel3, stride=2),
}
figure, grid = plt.subplots(1, len(ways), figsize=(9.5, 2.5), layout="constrained")
for axes, (name, out) in zip(grid, ways.items(), strict=True):
    inner = out.numpy()[0, 0, 2:-2, 2:-2][:8, :8]  # without the border, where fewer values meet
    axes.imshow(inner - inner.mean(), cmap="viridis", vmin=-1.5, vmax=1.5)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{name}\nspread {np.ptp(inner):.2f}", fontsize=9)
    flat_out = np.ptp(inner) < 1e-5
    should = name in ("nearest, conv", "bilinear, conv")
    assert flat_out == should, f"{name}: spread {np.ptp(inner)}, flat was {should}"
plt.show()

# %% [markdown]
# In the interior of a flat picture, nearest and bilinear are flat too. After nails, a 3 x 3 window
# holds one, two, two or four nails, by its position, and each position meets other weights. A
# transposed convolution of 2 x 2 with stride 2 paints each pixel of a block with a weight of its
# own. Switches have no fixed pattern, since they follow the picture; but where an encoder's map is
# flat, ties go to the first pixel, and they become nails.
#
# So a pattern is *possible*. Have the trained networks learned to avoid it? Digits lie anywhere.
# Over many scenes, the mean probability of a class should be the same in every pixel of the 8 x 8
# grid that three doublings make. We average the probability of background by position in that
# grid. The truth itself, measured like this, shows how much is chance. What a network has beyond
# that is its own checkerboard.
#
# The measurement is yours to write, for one map and any step of the grid.


# %%
def mean_by_position(picture, step):
    """Return the mean of a picture (H, W) by position modulo ``step``: (step, step).

    Number (i, j) is the mean over all pixels (h, w) with h % step == i and w % step == j.
    """
    raise NotImplementedError


check_blank(
    mean_by_position,
    ((np.array([[1.0, 3, 2, 0], [7, 2, 8, 1]]), 2), np.array([[1.5, 1.5], [7.5, 1.5]]), "two rows"),
    ((np.arange(36.0).reshape(6, 6) % 3, 3), np.array([[0.0, 1, 2]] * 3), "0, 1, 2"),
    ((x, 1), np.array([[x.mean()]]), "a grid of one: the mean of all"),
    hint="picture[i::step, j::step] begins at (i, j) and takes every step-th row and column",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def mean_by_position(picture, step):
#     """Return the mean of a picture (H, W) by position modulo ``step``: (step, step)."""
#     out = np.empty((step, step))
#     for i in range(step):
#         for j in range(step):
#             out[i, j] = picture[i::step, j::step].mean()
#     return out
# ```
#
# </details>
#
# For many maps at once, without loops:


# %%
def grid_pattern(maps):
    """Return the mean of maps (N, H, W) by position modulo 8, without a border of 8 pixels."""
    inner = maps[:, 8:-8, 8:-8]
    n, h, w = inner.shape
    return inner.reshape(n, h // 8, 8, w // 8, 8).mean((0, 1, 3))


patterns = {"truth": grid_pattern((test_labels == 0).astype(float))}
patterns |= {
    name: grid_pattern(probabilities(networks[name], test_images)[:, 0])
    for name in (*WAYS, "U-Net")
}
figure, grid = plt.subplots(1, 6, figsize=(9.5, 2.2), layout="constrained")
for axes, (name, pattern) in zip(grid, patterns.items(), strict=True):
    deviation = pattern - pattern.mean()
    axes.imshow(np.tile(deviation, (2, 2)), cmap="RdBu_r", vmin=-0.06, vmax=0.06)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{name}\nspread {deviation.std():.4f}", fontsize=9)
plt.show()
for name, pattern in patterns.items():
    rough = pattern - patterns["truth"]
    print(f"{name:14} deviation from the truth's own pattern: {rough.std():.4f}")

# %% [markdown]
# The networks' patterns follow the truth's, and what is left over is small. Bilinear is too
# *smooth*: it lacks the fine part. So a checkerboard can be avoided. A convolution behind the
# doubling can learn to cancel it, and the loss asks for that: a pattern makes pixels wrong. But
# look back at the last picture of section 9: *inside* the network of nails the grid is there, and
# some of its weights are needed to hide it.
#
# ## 13. Look at the mistakes
#
# **Rung 4.** A mean says little about *what* goes wrong. First we sort all wrong pixels into two
# heaps: ink taken for paper or paper for ink (the outline is wrong), and ink that is ink, but of
# another digit (the name is wrong). Then the scenes that the U-Net gets most wrong.


# %%
def heaps(truth, answer):
    """Return two shares of all pixels: those with a wrong outline, and those with a wrong name.

    Class 0 is paper, all others are ink. A pixel that is wrong is in exactly one of the two heaps.
    """
    raise NotImplementedError


check_blank(
    heaps,
    ((np.array([0, 0, 1, 3]), np.array([0, 0, 1, 3])), (0.0, 0.0), "all is right"),
    ((np.array([0, 0, 1, 3]), np.array([0, 2, 0, 3])), (0.5, 0.0), "ink for paper, paper for ink"),
    ((np.array([0, 0, 1, 3]), np.array([0, 0, 3, 1])), (0.0, 0.5), "two names exchanged"),
    ((np.array([0, 0, 1, 3]), np.array([1, 0, 1, 2])), (0.25, 0.25), "one of each"),
    hint="the outline is wrong where (answer > 0) and (truth > 0) differ",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def heaps(truth, answer):
#     """Return two shares of all pixels: a wrong outline, and a wrong name."""
#     outline = (answer > 0) != (truth > 0)
#     name = (answer != truth) & ~outline
#     return outline.mean(), name.mean()
# ```
#
# </details>
#
# **Before you run the next cell, write down** for SegNet with switches and for U-Net: which heap is
# larger, outline or name?

# %%
print(f"{'wrong pixels, of all':20} {'outline':>8} {'name':>8}")
for name in (*WAYS, "weighted", "U-Net", "U-Net, no skips"):
    wrong = answers[name] != test_labels
    outline = (answers[name] > 0) != (test_labels > 0)
    print(f"{name:20} {outline.mean():8.2%} {(wrong & ~outline).mean():8.2%}")

names = ("switches", "weighted", "U-Net")
wrong = (answers["U-Net"] != test_labels).mean((1, 2))
worst = np.argsort(-wrong)[:3]
print(
    "share of wrong pixels: worst scenes",
    *[f"{wrong[i]:.1%}" for i in worst],
    f"; median {np.median(wrong):.1%}",
)
draw_answers(names, worst.tolist(), width=8.2)

# %% [markdown]
# The two heaps tell more than any mean. U-Net, with its skips, has the cleanest outlines of all:
# what crosses over at full size is enough to draw them. But what crosses over has looked at a few
# pixels around each place only. It does not know names. Names come from the bottom, and there
# U-Net is not ahead after 500 steps: its mIoU is lower, whatever its outlines are. (Do not be
# fooled by the last line. A network that says "other digit" to everything gets few names wrong,
# because most digits are that. The mIoU is not fooled: it asks every class.)
#
# And the worst scenes? Clean outlines and wrong names: a one that is as thick as a zero, a zero
# that is open or half under a scrap of paper, a digit that is called two things at once. Neither
# switches nor skips will mend that. More examples would help, or a bottom that sees more of the
# picture at once. To *know what to change* is the reason for looking.

# %% [markdown]
# > **Try it:** all ten digits. Set `GROUP = np.arange(11)` and
# > `CLASSES, PALETTE = DigitScenes.classes, DigitScenes.palette` in section 1, and run all. Which
# > digits are confused, and by which network? `STEPS = 3000` does better, and takes its time.
#
# <details><summary>What happens</summary>
#
# With `STEPS = 3000`, SegNet with switches reached a mIoU of 0.63 and U-Net 0.74 (outlines to the
# pixel: 0.38 and 0.60). On training scenes they have 0.91 and 0.95: 800 scenes are few for ten
# digits. SegNet's most frequent mistakes: pixels of a 1 called 7 (9 %), of a 9 called 5, of an 8
# called 9. U-Net's: of a 1 called 8 (12 %), of a 6 called 4 (10 %), of a 3 called 9. With 500
# steps, SegNet hardly knew any digit (0.16).
#
# </details>
#
# ## Questions
#
# **1.** In SegNet, switches cross from encoder to decoder. In U-Net, features do. Through which of
# the two crossings does a *gradient* come back?
#
# <details><summary>Answer</summary>
#
# Only through U-Net's. A switch is a whole number: there is nothing like "a little more". In
# SegNet, the gradient of the first layer has come the long way, back through the whole decoder,
# through the bottom, and back through the whole encoder. The switches are its map: unpooling
# collects the gradient from the remembered places, pooling hands it out to the same places. In
# U-Net, the first layers of the encoder are only a few convolutions away from the loss.
#
# </details>
#
# **2.** A network was trained without weights. Can you have the effect of class weights *without*
# training again?
#
# <details><summary>Answer</summary>
#
# Nearly. If the network's probabilities $p_c$ were exact, training with weights $w_c$ would lead
# to $p_c w_c$, divided by their sum. So multiply the probabilities by the weights before taking
# the largest: the last column of the table in section 11 does that. It is not the same, because a
# network has only so much capacity, and with weights it is spent on other pixels. But it shows
# what weights *are*: a statement about which mistakes are expensive, not knowledge.
#
# </details>
#
# **3.** Someone adds batch normalisation and ReLU to U-Net's copied features before the
# concatenation, and someone else scales them all by 10. Does the next convolution see anything
# that it could not see before?
#
# <details><summary>Answer</summary>
#
# The factor of 10: no, at least in principle. $W_1 * (10 a) = (10 W_1) * a$, so other weights do
# the same. (In practice the network starts somewhere else, and one learning rate has to fit both
# halves.) The same holds for the linear part of batch normalisation. ReLU is another matter: it
# forgets. If it comes second, the negative half of the normalised values is gone.
#
# </details>
#
# ## Summary
#
# 1. Three poolings leave one answer for 8 x 8 pixels. Even a perfect bottom cannot draw a stroke of
#    two pixels with that: the way down has to leave something for the way up.
# 2. SegNet leaves the place of each window's winner: 2 bits per window, if they are packed.
# 3. U-Net leaves all features from before the pooling: 128 bits per window, 64 times as much.
# 4. Switches say *where* the winner was. Two maps with the same winners are the same to SegNet.
# 5. A convolution over a concatenation is two convolutions, added. The gradient of `cat` is a cut.
# 6. Background is most of the pixels, and saying "background" is most of the way to a low loss.
#    Median-frequency weights find more of the rare classes, and invent more of them.
# 7. A network that is worth training takes one batch below a tenth of its loss at the start.
# 8. With windows of 8 x 8, switches give the best outlines of the four SegNets, to the pixel.
# 9. Skips draw outlines, and U-Net's are the best here. They do not give names: those come from the
#    bottom, and one mean hides which of the two is wrong.
# 10. A way up that treats the four pixels of a block differently can make a checkerboard; a
#    convolution behind it can learn to hide it.
#
# | Term | Section | Builds on |
# |---|---|---|
# | mIoU, boundary F1 | 1 | classes per pixel |
# | switch | 2, 3 | max pooling ([03](03_pooling_and_unpooling.ipynb)) |
# | unpooling | 3 | switch |
# | packed switches | 4 | switch |
# | skip, concatenation | 2, 5 | features before pooling |
# | up-convolution | 5 | transposed convolution ([04](04_transposed_convolution.ipynb)) |
# | median-frequency weights | 7, 11 | cross-entropy, class shares |
# | overfitting one batch | 8 | loss at the start, log K |
# | cut skip | 10 | skip, pre-hook |
# | checkerboard | 12 | unpooling, up-convolution |
# | outline and name | 13 | mIoU, boundary F1 |
#
# ## What to read next
#
# - In minidet: [segnet.py](../minidet/models/segmentation/segnet.py),
#   [unet.py](../minidet/models/segmentation/unet.py), and
#   [deconvnet.py](../minidet/models/segmentation/deconvnet.py), which unpools with switches *and*
#   learns transposed convolutions. `minidet train segnet` trains on all ten digits.
# - V. Badrinarayanan, A. Kendall, R. Cipolla, *SegNet*, TPAMI 2017,
#   [arXiv:1511.00561](https://arxiv.org/abs/1511.00561). Section 4.1 compares ways up, as we did
#   in section 9, on street scenes.
# - O. Ronneberger, P. Fischer, T. Brox, *U-Net*, MICCAI 2015,
#   [arXiv:1505.04597](https://arxiv.org/abs/1505.04597). Eight pages. Look for another use of
#   weights in a loss: between cells that touch.
# - M. Drozdzal and others, *The importance of skip connections in biomedical image segmentation*,
#   2016, [arXiv:1608.04117](https://arxiv.org/abs/1608.04117): skips cut with care.
# - D. Eigen, R. Fergus, *Predicting depth, surface normals and semantic labels with a common
#   multi-scale convolutional architecture*, ICCV 2015,
#   [arXiv:1411.4734](https://arxiv.org/abs/1411.4734): median-frequency weights.
# - G. Csurka, D. Larlus, F. Perronnin, *What is a good evaluation measure for semantic
#   segmentation?*, BMVC 2013: why outlines need a measure of their own.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and checkerboard artifacts*, Distill, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
