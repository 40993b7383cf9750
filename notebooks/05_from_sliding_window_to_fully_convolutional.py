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
# # From a sliding window to a fully convolutional network
#
# Until now a network looked at a picture and said one word: "seven". From now on it has to say a
# word for **every pixel**. The first idea that comes to mind is right, and far too slow. This
# notebook makes it fast without changing a single score, and so arrives at the form that all later
# networks of this story have.
#
# |  |  |
# |---|---|
# | **Time** | reading: 60 minutes; doing, with every Try it: 150 |
# | **You need** | [02](02_convolution.ipynb) (dilation), [03](03_pooling_and_unpooling.ipynb) |
# | **You do not need** | a graphics card; to have trained a large network before |
#
# **At the end you can say**
# - why a fully connected layer *is* a convolution, with which kernel, and what that is good for;
# - why strides become dilations when all windows are computed at once;
# - how much work overlapping windows repeat, before you run anything;
# - what an image pyramid does, and what it does not;
# - what it costs to keep full resolution in every layer.
#
# Look for **Try it**. Where a function ends with `raise NotImplementedError`, write it yourself:
# nothing that follows needs it, and a solution is folded below it. Nothing can break: *Restart
# kernel and run all* brings everything back.

# %%
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from scipy import ndimage
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import no_grad, optim, tensor, viz
from minidet.data import DigitScenes, sample_photograph
from minidet.grading import check_blank
from minidet.metrics import ConfusionMatrix
from minidet.models import FullResolutionFCN, SlidingWindow, UNet, multiply_adds
from minidet.models.complexity import counting
from minidet.models.segmentation.blocks import normalise  # from [0, 1] to about [-2, 2]
from minidet.viz.page import BLUE, DARK, GREEN, INK, ORANGE, PALE_BLUE, PALE_ORANGE, YELLOW

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

K = len(DigitScenes.classes)
same = np.testing.assert_allclose
print(f"{K} classes: {', '.join(DigitScenes.classes)}{'; quick mode' if QUICK else ''}")

# %% [markdown]
# ## 1. The problem: a class for every pixel
#
# Here is a scene, and beside it what we want to have: for each pixel one of 11 classes. This task
# is called *semantic segmentation*.


# %%
def load(split, number, seed=0):
    """Return images (N, 3, 64, 64) in [0, 1] and the class of every pixel (N, 64, 64)."""
    data = DigitScenes(split, length=number, seed=seed)
    samples = [data.load(i) for i in tqdm(range(number), desc=f"{split} scenes", leave=False)]
    return np.stack([image for image, _ in samples]), np.stack(
        [target["semantic"] for _, target in samples]
    )


images, labels = load("train", 60 if QUICK else 400)
test_images, test_labels = load("test", 4 if QUICK else 24, seed=1)  # digits by other people
ink = float((labels > 0).mean())
print(f"{len(images)} scenes for training, {len(test_images)} for testing; {ink:.1%} is ink")


# %% jupyter={"source_hidden": true}
def write_digits(axes, classes, least=30):
    """Write on each piece of ink which digit it is, so that nobody has to tell colours apart."""
    for k in range(1, K):
        pieces, amount = ndimage.label(classes == k)
        for piece in range(1, amount + 1):
            at = np.argwhere(pieces == piece)
            if len(at) >= least:  # the pixel of this piece that is nearest to its middle
                y, x = at[np.abs(at - at.mean(0)).sum(1).argmin()]
                style = {"ha": "center", "va": "center", "fontsize": 9, "weight": "bold"}
                edge = [withStroke(linewidth=2.2, foreground="black")]
                axes.text(x, y, DigitScenes.classes[k], color="white", path_effects=edge, **style)


_, (left, right) = viz.subplots(1, 2, figsize=(6.6, 3.7))
viz.draw_image(images[0], ax=left)
viz.draw_labels(None, labels[0], DigitScenes.classes, DigitScenes.palette, ax=right)
write_digits(right, labels[0])
left.set_title("image")
right.set_title("a class for every pixel")
plt.show()

# %% [markdown]
# What is the class of a pixel? The pixel alone cannot tell: dark is dark. Its **neighbourhood**
# can. Below are four dark pixels, and the windows of 31 x 31 pixels around them.
#
# Look at the windows of the next cell. Before you run the one after it, write down the four digits;
# then try the same with the upper row only.


# %% jupyter={"source_hidden": true}
def draw_windows_of(image, at, size=31):
    """Draw a few pixels, and the window around each."""
    half = size // 2
    border = np.pad(image, ((0, 0), (half, half), (half, half)), constant_values=0.5)
    _, grid = viz.subplots(2, len(at), figsize=(7.5, 3.6))
    for place, ((row, column), upper, lower) in enumerate(zip(at, *grid, strict=True)):
        pixel = image[:, row, column]
        window = border[:, row : row + size, column : column + size]
        viz.draw_image(np.broadcast_to(pixel[:, None, None], (3, 4, 4)), ax=upper)
        viz.draw_image(window, ax=lower)
        lower.add_patch(
            Rectangle((half - 0.5, half - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=1.5)
        )
        lower.set_xlabel("ABCD"[place])
    grid[0, 0].set_ylabel("one pixel", color=INK)
    grid[1, 0].set_ylabel("its window", color=INK)
    plt.show()


def one_pixel_of_each(classes, number):
    """Return a pixel in the middle of the ink of some digits."""
    present = [k for k in np.unique(classes) if k > 0][:number]
    pixels = [np.argwhere(classes == k) for k in present]
    return [tuple(map(int, p[len(p) // 2])) for p in pixels]


four = one_pixel_of_each(labels[1], 4)
draw_windows_of(images[1], four)

# %%
names = [DigitScenes.classes[labels[1][at]] for at in four]
print(", ".join(f"{letter}: {name}" for letter, name in zip("ABCD", names, strict=False)))

# %% [markdown]
# The window can tell, the pixel cannot. So take a classifier that looks at a window and names the
# pixel *in its middle*. Put the window around the first pixel, then around the second, and so on: a
# **sliding window**. In 2012 such a network won a competition in which the outlines of nerve cells
# had to be found in pictures of an electron microscope (Ciresan and others). It was slow, even on
# graphics cards. Why?
#
# Here is a real photograph ("China" by danielbuechele, flickr.com, licence CC BY 2.0; it comes with
# scikit-learn), made smaller, and on it two windows whose middles are neighbours. Before you run
# the next cell, write down how many of their 31 x 31 pixels the two have in common, and in how many
# windows one pixel of the photograph appears.

# %%
photograph = sample_photograph("china", scale=0.3)
_, tall, wide = photograph.shape
in_common = 31 * 30  # the neighbour leaves out one column, and has another one
print(
    f"two neighbouring windows: {in_common} of {31 * 31} pixels in common ({in_common / 31**2:.0%})"
)
print(
    f"{tall} x {wide} pixels, {tall * wide:,} windows; a pixel far from the border is in {31 * 31}"
)

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplot_mosaic(
    [["all", "first", "second"]],
    width_ratios=(3, 1.4, 1.4),
    figsize=(8.0, 2.7),
    layout="constrained",
)
viz.draw_image(photograph, ax=axes["all"])
for name, column, colour, line in (("first", 84, "white", "-"), ("second", 85, ORANGE, "--")):
    frame = Rectangle((column, 40), 31, 31, fill=False, edgecolor=colour, linestyle=line)
    axes["all"].add_patch(frame)
    viz.draw_image(photograph[:, 40:71, column : column + 31], ax=axes[name])
    axes[name].set_xlabel(f"columns {column} to {column + 30}", color=INK)
axes["all"].set_xlabel("white: the first window; orange, dashed: its neighbour", color=INK)
plt.show()

# %% [markdown]
# Nearly everything that the second window shows, the first one showed already. A program that
# classifies one window after the other does not know that, and computes all of it anew. How can we
# do better?
#
# ## 2. One figure that tells it all
#
# Above: one window. It goes through convolution, pooling and fully connected layers, and becomes
# one column of scores. Below: a larger picture goes through *the same weights*, and a whole **map**
# of scores comes out. Each of its cells is one window. (The figure follows figure 5 of OverFeat,
# Sermanet and others 2014, and has its sizes. The library's classifier has other ones.)


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def slab(axes, x, y, size, depth, extra=0, colour=PALE_BLUE):
    """Draw maps as a box seen from the side; ``extra`` pixels are not in the first window."""
    unit, slope = 0.16, 0.45
    a, d = size * unit, depth
    inner = (size - extra) * unit
    shift = np.array([d * slope, d * slope])
    front = np.array([(x, y), (x + a, y), (x + a, y + a), (x, y + a)]) - np.array([0, a / 2])
    for corners in ([front[1], front[2], front[2] + shift, front[1] + shift],
                    [front[3], front[2], front[2] + shift, front[3] + shift]):  # fmt: skip
        axes.add_patch(Polygon(corners, facecolor="#b8c8d8", edgecolor="#707070", linewidth=0.8))
    axes.add_patch(
        Polygon(front, facecolor=YELLOW if extra else colour, edgecolor="#707070", linewidth=0.8)
    )
    if extra:
        corner = (x, y + a / 2 - inner)
        axes.add_patch(
            Rectangle(corner, inner, inner, facecolor=colour, edgecolor="#707070", linewidth=0.8)
        )
    axes.text(x + a / 2, y - a / 2 - 0.22, f"{size} × {size}", ha="center", va="top", fontsize=9)
    return x + a + d * slope


def draw_two_networks():
    """Draw a classifier on its window, and the same on a larger image."""
    axes = canvas(10, 4.6, (-0.2, 17.4), (-4.1, 3.9), aspect="equal")
    depths = (0.3, 0.9, 0.9, 1.4, 0.7)
    words = (
        "convolution\n5 × 5",
        "pooling\n2 × 2",
        "fully connected =\nconvolution 5 × 5",
        "fully connected =\nconvolution 1 × 1",
    )
    for y, sizes, extras, title in (
        (2.0, (14, 10, 5, 1, 1), (0,) * 5, "one window: one answer"),
        (
            -2.2,
            (16, 12, 6, 2, 2),
            (2, 2, 1, 1, 1),
            "a larger image, the same weights: 2 × 2 answers",
        ),
    ):
        x = 0.0
        for place, (size, depth, extra) in enumerate(zip(sizes, depths, extras, strict=True)):
            colour = PALE_ORANGE if place == 4 else PALE_BLUE
            end = slab(axes, x, y, size, depth, extra, colour)
            x = (4.2, 8.0, 10.9, 14.4, 0)[place]
            if place < 4:
                axes.annotate(
                    "",
                    (x - 0.15, y),
                    (end + 0.1, y),
                    arrowprops={"arrowstyle": "-|>", "color": INK},
                )
                if y > 0:
                    axes.text(
                        (x + end) / 2 + 0.05,
                        y + 1.25,
                        words[place],
                        ha="center",
                        va="bottom",
                        fontsize=8,
                    )
        axes.text(17.2, y - 1.65, title, ha="right", fontsize=10, weight="bold", color=INK)
    plt.show()


draw_two_networks()

# %% [markdown]
# Blue: what belongs to the first window. Yellow: what the *other three* windows need besides. It is
# a thin rim. The rest is shared, and is computed once. Two questions remain. How can a fully
# connected layer slide? (Section 3.) And why are the answers two pixels apart and not one? (Section
# 4.)
#
# **Write it:** how large is each map of the figure, for an image of `size` x `size` pixels? A layer
# whose kernel is k pixels wide, without padding, makes a map k - 1 smaller; pooling halves it.


# %%
def sizes_of_maps(size):
    """Return the sizes of the figure's five maps as a list; image: size x size."""
    raise NotImplementedError


check_blank(
    sizes_of_maps,
    ((14,), [14, 10, 5, 1, 1], "one window"),
    ((16,), [16, 12, 6, 2, 2], "the figure's larger image"),
    ((64,), [64, 60, 30, 26, 26], "one of our scenes"),
    hint="the fully connected layers are convolutions with kernels of 5 x 5 and 1 x 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def sizes_of_maps(size):
#     convolved = size - 4
#     pooled = convolved // 2
#     hidden = pooled - 4
#     return [size, convolved, pooled, hidden, hidden]
# ```
#
# A scene of 64 x 64 pixels gets 26 x 26 answers: windows of 14 pixels fit at 51 places in a row,
# and every second of them has one.
#
# </details>
#
# ## 3. By hand, 4 x 4: a fully connected layer is a convolution
#
# An image of 4 x 4, windows of 3 x 3. The classifier is one fully connected layer: it lays the 9
# pixels in a row, multiplies them with 9 weights for each class, and adds a bias. Two classes:
# *"ink stands upright"* and *"ink lies flat"*. Before you run the next cell, write down the score
# "upright" of the window in the upper left corner.

# %%
image = np.array([[0.0, 3, 0, 1], [0, 3, 0, 1], [1, 3, 0, 0], [2, 2, 2, 2]])
weight = np.array(
    [
        [
            -1.0,
            2,
            -1,
            -1,
            2,
            -1,
            -1,
            2,
            -1,
        ],  # upright: the middle column counts for it, its neighbours against it
        [-1.0, -1, -1, 2, 2, 2, -1, -1, -1],  # flat: the same, lying on its side
    ]
)
bias = np.array([0.0, 1.0])


def fully_connected(window):
    """Return the scores of one window (3, 3): (2,)."""
    return weight @ window.reshape(9) + bias


by_windows = np.zeros((2, 2, 2))  # class, row, column of the window
for h in range(2):
    for w in range(2):
        by_windows[:, h, w] = fully_connected(image[h : h + 3, w : w + 3])
print("upright:\n", by_windows[0], "\nflat:\n", by_windows[1], sep="")

# %%
# the same by hand: a row of the window times a row of the weights, three times
first = (0 * -1 + 3 * 2 + 0 * -1) + (0 * -1 + 3 * 2 + 0 * -1) + (1 * -1 + 3 * 2 + 0 * -1)
other = (0 - 3 - 0) + (2 + 6 + 0) + (-2 - 2 - 2) + 1  # "flat", window (1, 0)
assert by_windows[0, 0, 0] == first, f"upright at (0, 0): {by_windows[0, 0, 0]}, by hand {first}"
assert by_windows[1, 1, 0] == other, f"flat at (1, 0): {by_windows[1, 1, 0]}, by hand {other}"
print(f"by hand: upright at (0, 0) is {first}, flat at (1, 0) is {other}")

# %% jupyter={"source_hidden": true}
KERNEL = weight[0].reshape(3, 3)


def number(value):
    """Write a number with a real minus sign."""
    return f"{value:g}".replace("-", "−")


def cell(axes, x, y, text="", face="white", size=1.0, edge="#a0a0a0", **style):
    """Draw a square with its upper left corner at (x, y), and a text in it."""
    axes.add_patch(
        Rectangle(
            (x, y - size), size, size, facecolor=face, edgecolor=edge, linewidth=0.8, zorder=2
        )
    )
    style = {"ha": "center", "va": "center", "color": DARK, "zorder": 3, **style}
    axes.text(x + size / 2, y - size / 2, text, **style)


def draw_fully_connected():
    """Draw the four windows with the weights of the first class on them, and the sums."""
    axes = canvas(10, 3.3, (-0.4, 24.6), (-7.0, 0.9))
    for place, (h, w) in enumerate(np.ndindex(2, 2)):
        left = place * 5
        axes.text(left + 2, 0.4, f"window ({h}, {w})", ha="center", fontsize=9)
        for row, column in np.ndindex(4, 4):
            inside = h <= row < h + 3 and w <= column < w + 3
            cell(
                axes,
                left + column,
                -row,
                number(image[row, column]),
                YELLOW if inside else "white",
                fontsize=10,
            )
            if inside:
                tap = f"×{number(KERNEL[row - h, column - w])}"
                style = {
                    "ha": "right",
                    "va": "bottom",
                    "color": "#b04a10",
                    "fontsize": 8,
                    "zorder": 4,
                }
                axes.text(left + column + 0.97, -row - 0.98, tap, **style)
        products = image[h : h + 3, w : w + 3] * KERNEL
        lines = [" ".join(f"{number(p) if p else '0':>3}" for p in line) for line in products]
        lines.append(f"sum = {number(products.sum())}")
        axes.text(
            left + 2,
            -4.35,
            "\n".join(lines),
            family="monospace",
            ha="center",
            va="top",
            fontsize=8.5,
        )
    axes.text(22.3, 0.4, "scores, “upright”", ha="center", fontsize=9)
    for h, w in np.ndindex(2, 2):
        cell(
            axes,
            20.9 + 1.4 * w,
            -0.5 - 1.4 * h,
            number(by_windows[0, h, w]),
            PALE_BLUE,
            1.4,
            fontsize=11,
        )
    plt.show()


draw_fully_connected()

# %% [markdown]
# You have seen this picture before: in [02_convolution](02_convolution.ipynb). The 9 weights of the
# row, folded back into 3 x 3, are a **kernel**. Window after window, they are laid on the image,
# multiplied and added. That *is* a convolution. So a fully connected layer on an input of C
# channels and 3 x 3 pixels has the same numbers, in the same order, as a convolution with a kernel
# **as large as its input**: `weight.reshape(F, C, 3, 3)`.

# %%
kernel = weight.reshape(2, 1, 3, 3)  # the same 18 numbers
at_once = F.conv2d(image[None, None], kernel, bias).numpy()[0]
print("upright:\n", at_once[0], "\nflat:\n", at_once[1], sep="")

# %%
same(at_once, by_windows, rtol=0, err_msg="the convolution's scores are not those of the windows")
print("fully connected on each window = convolution on the image")

# %% [markdown]
# And a second fully connected layer after it? It sees one number per feature, that is, a map of 1 x
# 1. Its kernel is 1 x 1: the same small matrix at every place.
#
# **Try it:** reshape the weights wrongly, `weight.reshape(2, 1, 3, 3).swapaxes(2, 3)`. Which class
# notices? Then take `image.T[None, None]` for the image as well. What happens, and why?
#
# <details><summary>What happens</summary>
#
# Both notice: transposed, the kernel for "upright" is the one for "flat", and the other way round.
# The two maps are exchanged, but each keeps its own bias: "upright" is −1, 1, −1, −4, which is
# "flat" less its bias of 1. With the transposed image, upright ink lies flat and meets the
# transposed kernel: each class has its old scores again, in a transposed map. The check still
# fails, and rightly: every score is at another place.
#
# </details>
#
# **Write it:** other programs lay out a window with the channels *last*: a row of their fully
# connected weight goes through the rows, in each row through the columns, and in each pixel through
# the channels. Make our kernel of it.


# %%
def kernel_of(weight, channels, side):
    """Turn weight (F, side * side * channels), channels last, into (F, channels, side, side)."""
    raise NotImplementedError


numbers = np.arange(24.0).reshape(2, 12)
expected = [[[[0, 3], [6, 9]], [[1, 4], [7, 10]], [[2, 5], [8, 11]]]]
check_blank(
    kernel_of,
    ((numbers[:1], 3, 2), np.array(expected, float), "one feature, 3 channels, 2 x 2 pixels"),
    ((np.ones((4, 9)), 1, 3), np.ones((4, 1, 3, 3)), "one channel"),
    ((weight, 1, 3), weight.reshape(2, 1, 3, 3), "one channel: no other order than ours"),
    hint="give every axis its own length first, in the order in which the weights lie",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def kernel_of(weight, channels, side):
#     features = len(weight)
#     pixels = weight.reshape(features, side, side, channels)
#     return pixels.transpose(0, 3, 1, 2)
# ```
#
# To reshape to `(F, channels, side, side)` at once gives the right shape and wrong numbers.
#
# </details>
#
# ## 4. In 1D: strides become dilations
#
# With one layer nothing is saved. The gain comes from the layers *below*: neighbouring windows
# share them. And pooling needs care. A row of 8 numbers, windows of 5, and a small classifier:
#
# - convolution with `[1, -1]`: 5 -> 4 numbers,
# - max pooling, 2 with stride 2: 4 -> 2,
# - fully connected, `[1, 2]`: 2 -> 1 score.


# %%
row = np.array([2.0, 5, 1, 4, 4, 0, 3, 1])
w1, w2 = np.array([1.0, -1]), np.array([1.0, 2])


def classify_window(x):
    """Classify one window of 5 numbers; return all that is computed on the way."""
    a = np.array([w1[0] * x[i] + w1[1] * x[i + 1] for i in range(4)])
    b = np.array([max(a[0], a[1]), max(a[2], a[3])])
    return a, b, w2[0] * b[0] + w2[1] * b[1]


windows = [classify_window(row[i : i + 5]) for i in range(4)]
for i, (a, b, score) in enumerate(windows):
    print(f"window {i}: {row[i : i + 5]} -> {a} -> {b} -> {score:g}")

# %% [markdown]
# Look at the second column, the convolutions: the same differences again and again, moved by one.
# Compute them once, for the whole row. Then the pooling. Window 0 pools the differences (0, 1) and
# (2, 3). Window 1 pools (1, 2) and (3, 4). If we pool the whole row in steps of 2, we get only the
# pairs of the *even* windows. So **pool with stride 1**: all pairs are there, and number i is the
# maximum of the differences i and i + 1.
#
# Window 0 now finds its two pooled numbers at the places 0 and 2. Before you run the next cell,
# write down where window 1 finds its own, and what the last layer has to change.

# %%
a = np.array([w1[0] * row[i] + w1[1] * row[i + 1] for i in range(7)])
b = np.array([max(a[i], a[i + 1]) for i in range(6)])  # stride 1, not 2
scores = np.array([w2[0] * b[i] + w2[1] * b[i + 2] for i in range(4)])  # dilation 2, not 1
for i, (*_, score) in enumerate(windows):
    print(f"window {i}: pooled numbers {i} and {i + 2}, score {scores[i]:g}; by itself {score:g}")
np.testing.assert_array_equal(scores, [score for *_, score in windows])

coarse = np.array([max(a[2 * i], a[2 * i + 1]) for i in range(3)])  # stride 2, as in the classifier
every_second = np.array([w2[0] * coarse[i] + w2[1] * coarse[i + 1] for i in range(2)])
np.testing.assert_array_equal(every_second, scores[::2])
print("with the stride left in:", every_second)


# %% jupyter={"source_hidden": true}
def draw_row(axes, values, y, name, used=(), other=()):
    """Draw a row of numbers, those of window 0 blue, of window 1 framed in orange."""
    axes.text(-0.4, y - 0.45, name, ha="right", va="center", fontsize=9)
    offset = (8 - len(values)) / 2
    for i, value in enumerate(values):
        cell(axes, i + offset, y, number(value), PALE_BLUE if i in used else "white", 0.9)
        if i in other:
            frame = {"fill": False, "edgecolor": ORANGE, "linewidth": 2.2, "linestyle": "--"}
            frame["zorder"] = 4
            axes.add_patch(Rectangle((i + offset + 0.04, y - 0.86), 0.82, 0.82, **frame))
    return offset


def link(axes, below, above, pairs, colour, line=1.0):
    """Join cells of two rows: ``below`` and ``above`` are (offset, y)."""
    for i, o in pairs:
        ends = [i + below[0] + 0.45, o + above[0] + 0.45], [below[1] - 0.9, above[1]]
        axes.plot(*ends, color=colour, linewidth=line, zorder=1)


def draw_dilation():
    """Draw the three layers on the whole row, with what the first two windows use."""
    axes = canvas(8.6, 4.0, (-4.4, 11.2), (-7.4, 1.4))
    x = draw_row(axes, row, 1.0, "x", range(5), range(1, 6)), 1.0
    first = draw_row(axes, a, -1.1, "convolution", range(4), range(1, 5)), -1.1
    second = draw_row(axes, b, -3.2, "pooling, stride 1", (0, 2), (1, 3)), -3.2
    last = draw_row(axes, scores, -5.3, "dilation 2: scores", (0,), (1,)), -5.3
    for start, colour, line in ((0, BLUE, 1.6), (1, ORANGE, 1.3)):
        link(
            axes,
            x,
            first,
            [(start + i + j, start + i) for i in range(4) for j in range(2)],
            colour,
            line,
        )
        pairs = [(start + i + j, start + i) for i in (0, 2) for j in range(2)]
        link(axes, first, second, pairs, colour, line)
        link(axes, second, last, [(start, start), (start + 2, start)], colour, line)
    axes.text(8.4, -5.75, "blue: window 0\ndashed: window 1", va="center", fontsize=9)
    words = f"{number(b[0])}·1 + {number(b[2])}·2 = {number(scores[0])}"
    axes.text(2.5, -6.75, f"window 0:  {words}", ha="center", fontsize=9)
    plt.show()


draw_dilation()

# %% [markdown]
# The last layer reads places i and i + 2: its numbers are no longer neighbours, they stand **2
# apart**. That is a convolution with dilation 2. The blue and the dashed window read *different*
# cells of the pooled row, but it is the same row, and nothing is computed twice. The rule for any
# number of layers: **remove the stride, and let everything that follows look `stride` times further
# apart**. After two poolings neighbours are 4 apart, after three 8.
#
# If you leave the stride in, you get every second window (and with three poolings every eighth, in
# both directions). That is coarse, and cheap. Keep it in mind: [06_fcn](06_fcn.ipynb) does just
# that.
#
# **Write it:** the rule. Given the strides of all layers, how far apart are the numbers that each
# layer reads, once all strides are removed?


# %%
def spacings(strides):
    """Return for each layer how far apart the numbers are that it reads, as a list."""
    raise NotImplementedError


check_blank(
    spacings,
    (([1, 2, 1],), [1, 1, 2], "convolution, pooling, fully connected: the figure"),
    (([1, 2, 1, 2, 1, 2, 1],), [1, 1, 2, 2, 4, 4, 8], "three stages, and a fully connected layer"),
    (([3, 2, 1],), [1, 3, 6], "a first layer with stride 3"),
    hint="a layer's own stride matters only to the layers that follow",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def spacings(strides):
#     apart, answer = 1, []
#     for stride in strides:
#         answer.append(apart)
#         apart *= stride
#     return answer
# ```
#
# </details>
#
# Here are classifiers with one, two and three stages of convolution and pooling, on a row. Blue is
# what window 1 reads. Above, the strides are removed. Below, they are left in, and orange crosses
# are numbers that window 1 would need and that nobody computed.


# %% jupyter={"source_hidden": true}
def layers_of(stages, removed):
    """Return (name, dilation, every how many-th number is there) for each layer but the first."""
    apart, listed = 1, []
    for _ in range(stages):
        listed.append(("convolution", apart, 1 if removed else apart))
        listed.append(("pooling", apart, 1 if removed else 2 * apart))
        apart *= 2
    return [*listed, ("score", apart, 1 if removed else apart)]


def draw_reach(axes, stages, window, removed):
    """Draw what one window reads in each layer of a row; return how many numbers are computed."""
    rows = layers_of(stages, removed)
    lengths = [8]  # eight windows
    for _, apart, _ in reversed(rows):
        lengths.append(lengths[-1] + apart)
    lengths.reverse()
    needed, total = {window}, 0
    for level in range(len(rows), -1, -1):
        name, apart, every = rows[level - 1] if level else ("x", 0, 1)
        at = np.arange(lengths[level])
        there = at % every == 0
        used = np.isin(at, list(needed))
        total += int(there.sum()) if level else 0
        for chosen, style in (
            (there & ~used, {"marker": "o", "facecolor": "none", "edgecolor": INK}),
            (there & used, {"marker": "o", "color": BLUE}),
            (~there & used, {"marker": "x", "color": ORANGE}),
        ):
            axes.scatter(at[chosen], np.full(chosen.sum(), -level), s=22, linewidth=1, **style)
        axes.text(-1.2, -level, name, ha="right", va="center", fontsize=8)
        before = {p + step for p in needed for step in (0, apart)} if level else set()
        for p in needed if level else ():
            for step in (0, apart):
                axes.plot([p + step, p], [1 - level, -level], color=INK, linewidth=0.7, zorder=0)
        needed = before
    axes.set(xlim=(-10.5, max(lengths) + 0.5), ylim=(-len(rows) - 0.7, 0.7))
    axes.axis("off")
    return total


def draw_reaches():
    """Draw one to three stages, with the strides removed and left in."""
    _, grid = viz.subplots(2, 3, figsize=(10.5, 4.8))
    for removed, line in zip((True, False), grid, strict=True):
        for stages, axes in zip((1, 2, 3), line, strict=True):
            total = draw_reach(axes, stages, 1, removed)
            words = "removed" if removed else "left in"
            axes.set_title(f"strides {words}: {total} numbers", fontsize=9)
    plt.show()


draw_reaches()

# %% [markdown]
# Run the notebook to move it: choose the window, the number of stages, and what becomes of the
# strides. Which windows get an answer with the strides left in?


# %% jupyter={"source_hidden": true}
def draw_movable(window=1, stages=2, strides="removed"):
    """Draw what a window reads: a picture to move."""
    _, axes = viz.subplots(figsize=(8.0, 3.2))
    total = draw_reach(axes, stages, window, strides == "removed")
    got = strides == "removed" or window % 2**stages == 0
    words = "has a score" if got else "has no score: orange was never computed"
    axes.set_title(f"window {window} {words}; {total} numbers for all", fontsize=10)
    plt.show()


viz.sliders(draw_movable, window=(0, 7), stages=(1, 3), strides=["removed", "left in"])

# %% [markdown]
# How much do we save here? Each weight of a layer is used once for each number that the layer
# returns:

# %%
crops = 4 * (4 * len(w1) + 1 * len(w2))
whole = 7 * len(w1) + 4 * len(w2)
print(f"four windows: {crops} multiply-adds; all at once: {whole}; ratio {crops / whole:.2f}")

# %% [markdown]
# ## 5. Both ways as a program
#
# Images, channels, several layers, plain NumPy. First the classifier and a loop over all pixels.
# Around the image we put a border, so that every pixel is in the middle of a window.


# %%
def convolve(x, weight, bias, dilation=1):
    """Convolve x (C, H, W) with weight (F, C, KH, KW), its taps ``dilation`` pixels apart."""
    kh, kw = weight.shape[2:]
    height, width = x.shape[1] - dilation * (kh - 1), x.shape[2] - dilation * (kw - 1)
    out = np.zeros((len(weight), height, width)) + bias[:, None, None]
    for i in range(kh):
        for j in range(kw):
            seen = x[:, i * dilation : i * dilation + height, j * dilation : j * dilation + width]
            out += np.tensordot(weight[:, :, i, j], seen, axes=1)
    return out


def pool(x, stride, dilation):
    """Return the maximum of 2 x 2 pixels that are ``dilation`` apart."""
    height, width = x.shape[1] - dilation, x.shape[2] - dilation
    corners = [x[:, i : i + height, j : j + width] for i in (0, dilation) for j in (0, dilation)]
    return np.max(corners, axis=0)[:, ::stride, ::stride]


def relu(x):
    return np.maximum(x, 0)


def classify(window, net):
    """Return the scores of the middle pixel of one window (3, 14, 14): (K,)."""
    x = pool(relu(convolve(window, *net["conv1"])), stride=2, dilation=1)  # (F, 6, 6)
    x = pool(relu(convolve(x, *net["conv2"])), stride=2, dilation=1)  # (F, 2, 2)
    hidden = relu(net["hidden"][0] @ x.reshape(-1) + net["hidden"][1])
    return net["scores"][0] @ hidden + net["scores"][1]


def bordered(image, size=14):
    return np.pad(
        image, ((0, 0), (size // 2, size - 1 - size // 2), (size // 2, size - 1 - size // 2))
    )


def by_sliding(image, net):
    """Classify the window around every pixel, one after the other: (K, H, W)."""
    x = bordered(image)
    _, height, width = image.shape
    scores = [
        classify(x[:, h : h + 14, w : w + 14], net) for h in range(height) for w in range(width)
    ]
    return np.reshape(scores, (height, width, -1)).transpose(2, 0, 1)


# %% [markdown]
# Now all windows at once. The same weights; strides are gone, dilations come in, and fully
# connected layers are reshaped into kernels.


# %%
def all_at_once(image, net, last_dilation=4):
    """Return the scores of all pixels (K, H, W), every product made only once."""
    x = bordered(image)
    x = pool(relu(convolve(x, *net["conv1"])), stride=1, dilation=1)
    x = pool(relu(convolve(x, *net["conv2"], dilation=2)), stride=1, dilation=2)
    weight, bias = net["hidden"]
    kernel = weight.reshape(len(weight), x.shape[0], 2, 2)  # fully connected on 2 x 2 pixels
    x = relu(convolve(x, kernel, bias, dilation=last_dilation))
    weight, bias = net["scores"]
    return convolve(x, weight[:, :, None, None], bias)  # fully connected on 1 x 1 pixel


rng = np.random.default_rng(0)


def layer(outputs, *inputs):
    """Return random weights and biases."""
    return rng.standard_normal((outputs, *inputs)) / math.sqrt(
        math.prod(inputs)
    ), rng.standard_normal(outputs)


net = {
    "conv1": layer(6, 3, 3, 3),
    "conv2": layer(8, 6, 3, 3),
    "hidden": layer(10, 8 * 2 * 2),
    "scores": layer(K, 10),
}
small = rng.random((3, 18, 21))
slow, fast = by_sliding(small, net), all_at_once(small, net)
assert slow.shape == fast.shape == (K, 18, 21), f"{slow.shape} by windows, {fast.shape} at once"
same(fast, slow, rtol=1e-10, atol=1e-12, err_msg="all at once is not window by window")
print(f"{slow.size} scores, largest difference {np.abs(fast - slow).max():.0e}")

# %% [markdown]
# Not "nearly the same result": the same products, added in another order. What if one of the
# dilations is wrong? Before you run the next cell, write down what you expect of the hidden layer
# with dilation 1, 2 and 4: an error, a map of another size, or wrong numbers?

# %%
x = np.pad(small, ((0, 0), (4, 4), (4, 4)))  # so that there is enough image for each case
exact = slow  # window by window
for dilation in (1, 2, 4):
    wrong = all_at_once(x, net, dilation)[:, 4 : 4 + exact.shape[1], 4 : 4 + exact.shape[2]]
    off = np.abs(wrong - exact).max()
    print(f"hidden layer with dilation {dilation}: scores are off by up to {off:.2g}")
    right = bool(off < 1e-10)
    assert right == (dilation == 4), f"dilation {dilation} is {'right' if right else 'wrong'}"

# %% [markdown]
# Nothing raises, nothing looks broken; the numbers are just wrong. (With a wrong dilation the map
# is a few pixels larger, too. That is easily overlooked.) Only a *check* finds a mistake of this
# kind. So write the slow way first, always.
#
# **Try it:** leave out the first `relu` in `all_at_once` only. Or pool with `dilation=1` the second
# time. Or exchange `relu` and `pool` in its first line. Which of the three does the check find?
#
# <details><summary>What happens</summary>
#
# The first two. Without the `relu`, the second convolution sees negative numbers that it never saw
# in a window: all scores are different. With `dilation=1`, the pooled map loses one row and one
# column less, and the map of scores has 19 x 22 in place of 18 x 21 pixels: the shapes do not
# agree. The third is no mistake: the largest of two numbers, with negatives set to 0, is the same
# in either order. Pooling first is even cheaper where the stride is 2.
#
# </details>
#
# ### The library's version, and its gradients
#
# [SlidingWindow](../minidet/models/segmentation/sliding_window.py) has both ways: `scores_by_crops`
# and `forward`. If the scores are the same function of the weights, so must be the gradients. That
# tests the whole backward pass.

# %%
minidet.manual_seed(0)
model = SlidingWindow(K)
scene = tensor(test_images[:1])
rows, columns = range(20, 44, 8), range(10, 50, 8)  # 15 windows are enough to see it
cotangent = rng.standard_normal((1, K, len(rows), len(columns))).astype(np.float32)


def scores_and_gradients(scores):
    """Return the scores, and the gradients of a random sum of them with respect to all weights."""
    model.zero_grad()
    (scores * tensor(cotangent)).sum().backward()
    return scores.detach().numpy(), [p.grad.numpy().copy() for p in model.parameters()]


one_by_one, slow_gradients = scores_and_gradients(model.scores_by_crops(scene, rows, columns))
everything = model(scene)
together, fast_gradients = scores_and_gradients(everything[:, :, 20:44:8, 10:50:8])
same(together, one_by_one, rtol=1e-4, atol=1e-6, err_msg="the scores are different")
for fast, slow in zip(fast_gradients, slow_gradients, strict=True):
    same(fast, slow, rtol=1e-3, atol=1e-4 * np.abs(slow).max())
print(
    f"scores and the gradients of all {sum(p.numel() for p in model.parameters()):,} weights agree"
)

# %% [markdown]
# ## 6. Count before you run
#
# A layer with $n$ weights needs $n$ multiply-adds at each position of its map. Say that in one
# window the map has $m \times m$ positions.
#
# - Window by window, on an image of $H \times W$ pixels: $\;n \, m^2 \cdot H W$.
# - All at once: the layer's map has hardly more than $H \times W$ positions, so $\;n \cdot H W$.
#
# The ratio is $m^2$. Why? Take one number of the map that is computed all at once. In one window
# this number is at the top left of the window's map, in another window at its second position, and
# so on: at each of the $m \times m$ positions in exactly one window. So $m^2$ windows need this
# number, and window by window it is computed $m^2$ times. Early layers have large maps, and are
# repeated most often. The fully connected ones ($m = 1$) are not repeated at all.
#
# **Write it:** how often is each convolution of a classifier repeated? Each stage is a convolution
# without padding, and a pooling with stride 2.


# %%
def repeated(window, kernels):
    """Return how often each convolution is repeated, as a list; kernels: one side per stage."""
    raise NotImplementedError


check_blank(
    repeated,
    ((14, [5]), [100], "the figure of section 2"),
    ((31, [4, 3, 3]), [784, 144, 16], "our classifier"),
    ((95, [4, 5, 4, 4]), [8464, 1764, 324, 36], "the network of 2012"),
    hint="m is the map before the pooling; the next stage starts from the map after it",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def repeated(window, kernels):
#     side, answer = window, []
#     for kernel in kernels:
#         side -= kernel - 1
#         answer.append(side**2)
#         side //= 2
#     return answer
# ```
#
# </details>

# %%
size, window = 64, model.window
side = window
print(f"window of {window} x {window}\n{'layer':12} {'weights':>8} {'m':>4} {'repeated':>9}")
for place, conv in enumerate(model.convs, 1):
    side -= conv.weight.shape[-1] - 1
    print(f"conv {place:<7} {conv.weight.numel():8,} {side:4} {side**2:8}x")
    side //= 2
for name in ("hidden", "classifier"):
    print(f"{name:12} {getattr(model, name).weight.numel():8,} {1:4} {1:8}x")

cost = model.multiply_adds(size, size)
print(
    f"\nimage of {size} x {size}, million multiply-adds: {cost.by_crops / 1e6:,.0f} by windows, ",
    end="",
)
print(f"{cost.convolutional / 1e6:,.0f} all at once: {cost.ratio:.0f} times less")

# %% [markdown]
# A formula can be wrong. So let the network run, and count what its layers really do.

# %%
with no_grad():
    with counting(model) as counts:
        model.scores_by_crops(scene, [0], [0])
    counted = sum(counts) * size * size
    assert counted == cost.by_crops, f"by windows: counted {counted}, formula {cost.by_crops}"
    with counting(model) as counts:
        model(scene)
    counted = sum(counts)
    assert counted == cost.convolutional, (
        f"at once: counted {counted}, formula {cost.convolutional}"
    )
print("counted while running: the same two numbers")

# %% [markdown]
# The larger the window, the larger the overlap, and the more we save. On a scene, our window of 31
# pixels saves a factor of 45 (on 512 x 512 pixels 58: the border counts less). Before you run the
# next cell, write down your guess for the 95 pixels of the network of 2012, and whether *our*
# classifier would get there with a window of 95.

# %%
sizes = range(23, 96, 8)
ratios = [SlidingWindow(K, window=pixels).multiply_adds(512, 512).ratio for pixels in sizes]
paper = SlidingWindow(2, in_channels=1, **SlidingWindow.PAPER)
published = paper.multiply_adds(512, 512)
print(f"network of 2012, window {paper.window}, 512 x 512 pixels: ", end="")
print(f"{published.by_crops:.1e} multiply-adds by windows,")
print(f"{published.convolutional:.1e} all at once: {published.ratio:.0f} times less")
for at in (1, -1):
    print(f"our classifier, window {sizes[at]}: {ratios[at]:.0f} times less")

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.4, 2.9))
axes.plot(sizes, ratios, "o-", color=BLUE, label="our classifier")
axes.plot(paper.window, published.ratio, "s", color=ORANGE, markersize=8, label="network of 2012")
axes.legend(loc="upper left")
axes.set(xlabel="pixels of the window, a side", ylabel="times less work", ylim=(0, None))
axes.spines[["top", "right"]].set_visible(False)
axes.grid(alpha=0.25)
plt.show()

# %% [markdown]
# Why does the curve of our classifier become flat? A larger window leaves larger maps for the fully
# connected layer, which then has more and more weights. It is repeated only once, so there is
# nothing to save, and in the end it does most of the work. The network of 2012 has one stage of
# convolution and pooling more. So its last maps stay small.
#
# **Try it:** in a new cell, `print(SlidingWindow(K, hidden=256).multiply_adds(64, 64).ratio)`: a
# hidden layer that is four times as wide. Guess first: does the ratio grow or fall?
#
# <details><summary>What happens</summary>
#
# It falls, from 45 to 25. The hidden layer is not repeated by the windows, so its additional
# weights cost the same both ways: the same amount is added to both sides of the ratio.
#
# </details>
#
# ## 7. And the clock?
#
# Four programs, the same scores: our NumPy loop over windows, our NumPy all at once, the library
# window by window, the library all at once. All four use the same weights. The slow ones run on a
# few pixels only, and we multiply. Before you run the next cell, write down the order of the four,
# and how many times as fast the first is as the last.


# %%
def clock(function, patience=0.5):
    """Return the least of several times, in seconds, after one that may compile."""
    function()
    measured = []
    while len(measured) < 3 or (sum(measured) < patience and len(measured) < 50):
        begin = time.perf_counter()
        function()
        measured.append(time.perf_counter() - begin)
    return min(measured)


weights = [(conv.weight.detach().numpy(), conv.bias.detach().numpy()) for conv in model.convs]
fc = [
    (part.weight.detach().numpy(), part.bias.detach().numpy())
    for part in (model.hidden, model.classifier)
]


def numpy_way(x, dense):
    """Compute the library's classifier with our functions, on a window or on everything."""
    spacing = 1
    for pair in weights:
        x = relu(convolve(x, *pair, dilation=spacing if dense else 1))
        x = pool(x, 1 if dense else 2, spacing if dense else 1)
        spacing *= 2
    if not dense:
        return fc[1][0] @ relu(fc[0][0] @ x.reshape(-1) + fc[0][1]) + fc[1][1]
    x = relu(convolve(x, fc[0][0].reshape(model.hidden.kernel_shape), fc[0][1], dilation=spacing))
    return convolve(x, fc[1][0][:, :, None, None], fc[1][1])


middle = model.window // 2
padded = np.pad(normalise(scene).numpy()[0], ((0, 0), (middle, middle), (middle, middle)))
with no_grad():
    reference = model(scene).numpy()[0]
    same(numpy_way(padded, dense=True), reference, rtol=1e-3, atol=1e-5, err_msg="at once")
    corner = padded[:, :window, :window]
    alone = numpy_way(corner, dense=False)
    same(alone, reference[:, 0, 0], rtol=1e-3, atol=1e-5, err_msg="one window")
    pixels = size * size
    by_row = clock(lambda: model.scores_by_crops(scene, [30])) / size  # a row of windows
    seconds = {
        "NumPy, window by window": clock(lambda: numpy_way(corner, dense=False)) * pixels,
        "minidet, window by window": by_row * pixels,
        "NumPy, all at once": clock(lambda: numpy_way(padded, dense=True)),
        "minidet, all at once": clock(lambda: model(scene)),
    }
slowest = max(seconds.values())
for name, value in seconds.items():
    print(f"{name:28} {value:9.3f} s for one scene, {slowest / value:7.0f} times as fast")

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(7.2, 2.0))
axes.barh(list(seconds), list(seconds.values()), color=[ORANGE, BLUE, ORANGE, BLUE], log=True)
axes.invert_yaxis()
axes.set(xlabel="seconds for one scene of 64 × 64 pixels (logarithmic)")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Two different gains (orange: NumPy, blue: the library). *All at once* makes fewer products. The
# library's *kernels* make each product in less time. Each of the two helps without the other.
#
# ## 8. Let it learn: the ladder
#
# **Rung 1: at the start, the loss is log K.** The last layer starts with tiny weights, so all
# scores are near 0, all classes are equally likely, and the loss is near $-\log(1/11)$. (Half of
# the batch is paper, and the score of that one class moves the loss. So we check it for eleven
# equal shares.)
#
# For training we use windows: half of them around ink, half around paper, from all over the
# training scenes. (Whole scenes would work too. But there, neighbouring windows show nearly the
# same thing.)


# %%
WINDOW = 31  # pixels a side
middle = WINDOW // 2
border = (0, 0), (0, 0), (middle, middle), (middle, middle)
padded_images = np.pad(normalise(images), border)
views = np.lib.stride_tricks.sliding_window_view(padded_images, (WINDOW, WINDOW), axis=(2, 3))
flat = labels.ravel()
is_ink, is_paper = np.flatnonzero(flat > 0), np.flatnonzero(flat == 0)


def draw_batch(rng, number):
    """Return windows (M, 3, S, S), half of them around ink, and their middle pixels' classes."""
    at = np.concatenate(
        [rng.choice(is_ink, number // 2), rng.choice(is_paper, number - number // 2)]
    )
    scene, row, column = np.unravel_index(at, labels.shape)
    windows = np.ascontiguousarray(views[scene, :, row, column])  # views: (N, 3, H, W, S, S)
    return tensor(windows), flat[at]


minidet.manual_seed(0)
model = SlidingWindow(K, window=WINDOW)
rng = np.random.default_rng(0)
batch, classes = draw_batch(rng, 64)
start = F.cross_entropy(model.classify(batch), classes).item()
average = -F.log_softmax(model.classify(batch), 1).mean().item()
print(f"log {K} = {math.log(K):.3f}; loss at the start {start:.3f}, ", end="")
print(f"for eleven equal shares {average:.3f}")
assert abs(average - math.log(K)) < 0.1, f"{average:.3f} at the start, expected {math.log(K):.3f}"

# %% [markdown]
# **Rung 2: learn one batch by heart.** The loss has to fall below a tenth of its start. If it does
# not, something is broken, and more data will not help.
#
# Beside it we train a broken one: somebody shuffles the windows and their classes, but each in an
# order of its own. Shapes, types and the loss at the start are all right. Before you run the next
# cell, write down where its loss will end: near 0, near log 11 = 2.4, or somewhere between?


# %%
def train(model, steps, rate, next_batch, title):
    """Train with AdamW, the rate falling to 0; return a record of every step."""
    optimizer = optim.AdamW(model.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    history = []
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            windows, classes = next_batch()
            loss = F.cross_entropy(model.classify(windows), classes)
            optimizer.zero_grad()
            loss.backward()
            history.append(
                {"step": step, "loss": loss.item(), "lr": optimizer.param_groups[0]["lr"]}
            )
            optimizer.step()
            schedule.step()
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


# %%
def by_heart(next_batch, title):
    """Train a new network on one batch, and return the loss of every step."""
    minidet.manual_seed(0)
    history = train(SlidingWindow(K, window=WINDOW), 60, 5e-3, next_batch, title)
    return [record["loss"] for record in history]


intact = by_heart(lambda: (batch, classes), "one batch")
broken = by_heart(lambda: (batch, rng.permutation(classes)), "the same, shuffled")
tenth = 0.1 * start
for name, losses in (("intact", intact), ("broken", broken)):
    words = "passes" if losses[-1] < tenth else "fails"
    print(f"{name}: loss {losses[0]:.3f}, after {len(losses)} steps {losses[-1]:.4f}: {words}")
assert intact[-1] < tenth, f"the intact network is at {intact[-1]:.3f}, not below {tenth:.3f}"
assert broken[-1] > tenth, f"the broken network is at {broken[-1]:.3f}: the rung misses a mistake"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.4, 2.6))
axes.plot(intact, color=BLUE, label="intact")
axes.plot(broken, color=ORANGE, linestyle="--", label="broken: shuffled apart")
axes.axhline(tenth, color=INK, linestyle=":", label="a tenth of the start")
axes.set(xlabel="step", ylabel="loss on the batch", ylim=(0, None))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.45))
plt.show()

# %% [markdown]
# The broken one ends near 1.8. It cannot know which class comes with a window, but it learns how
# *often* each class comes: half of them are paper. A loss that falls at first and then stays is
# easily taken for slow learning. This rung tells the two apart in 60 steps.
#
# **Rung 3: train**, from the beginning, with new windows in each step.

# %%
minidet.manual_seed(0)
model = SlidingWindow(K, window=WINDOW)
STEPS = 40 if QUICK else 1800
history = train(model, STEPS, 3e-3, lambda: draw_batch(rng, 64), "windows")

# %% jupyter={"source_hidden": true}
viz.draw_curves(history)
plt.show()

# %% [markdown]
# It was trained on windows. It is *used* on whole scenes, all at once: the weights are the same,
# and section 5 made sure that the scores are too. We count every pixel of the test scenes in one
# table, true class against predicted class. From it, for each class, comes the **IoU**: pixels
# where both agree, divided by pixels where at least one of them says the class. Their mean is the
# *mIoU*. ([06_fcn](06_fcn.ipynb) computes one by hand.)


# %%
def scores_of(model, images, batch=4):
    """Return the scores of all pixels, (N, K, H, W)."""
    model.eval()
    with no_grad():
        parts = range(0, len(images), batch)
        return np.concatenate(
            [model(tensor(images[i : i + batch])).numpy() for i in tqdm(parts, leave=False)]
        )


def count(scores, labels):
    matrix = ConfusionMatrix(K)
    matrix.update(labels, scores.argmax(1))
    return matrix


scores = scores_of(model, test_images)
plain = count(scores, test_labels)
print(f"mIoU {plain.mean_iou:.3f}, pixels right {plain.pixel_accuracy:.1%}")

# %% [markdown]
# There is a trap here, and we walked into it on purpose. In training, half of the windows had ink
# in the middle. In a scene far fewer pixels are ink. Before you run the next cells, write down
# whether the network finds too much ink or too little, and what one would have to do to its eleven
# scores.
#
# Bayes' rule says it: a class that was shown $q$ of the time and really occurs $p$ of the time has
# a score that is too high by $\log (q / p)$. Both shares can be counted in the training scenes.
#
# **Write it:** the correction.


# %%
def correct(scores, shown, real):
    """Return scores (N, K, H, W) without log(shown / real), where both shares are (K,)."""
    raise NotImplementedError


two_classes = np.zeros((1, 2, 1, 2))
two_classes[0, 1, 0] = 1.0, 2.0
halved = np.array([[[[-np.log(0.5 / 0.8)] * 2], [[1 - np.log(0.5 / 0.2), 2 - np.log(0.5 / 0.2)]]]])
check_blank(
    correct,
    ((two_classes, np.array([0.5, 0.5]), np.array([0.5, 0.5])), two_classes, "nothing to correct"),
    ((two_classes, np.array([0.5, 0.5]), np.array([0.8, 0.2])), halved, "a rare second class"),
    hint="give the K numbers two more axes, so that they lie along axis 1 of the scores",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def correct(scores, shown, real):
#     too_high = np.log(shown / real)
#     return scores - too_high[:, None, None]
# ```
#
# </details>

# %%
shown = np.array([0.5, *(0.5 * np.bincount(flat, minlength=K)[1:] / len(is_ink))])
real = np.bincount(flat, minlength=K) / len(flat)
too_high = np.log(shown / real).astype(np.float32)  # (K,)
corrected = count(scores - too_high[:, None, None], test_labels)
for name, matrix in (("as trained", plain), ("corrected", corrected)):
    painted = matrix.matrix[:, 1:].sum() / matrix.matrix.sum()
    print(
        f"{name:12} mIoU {matrix.mean_iou:.3f}, pixels right {matrix.pixel_accuracy:.1%}, ", end=""
    )
    print(f"called ink {painted:.1%}")
print(f"really ink: {(test_labels > 0).mean():.1%}")
with no_grad():
    model.classifier.bias -= tensor(too_high)  # into the network, for good
before, scores = scores, scores_of(model, test_images)
wanted = before - too_high[:, None, None]
same(scores, wanted, rtol=1e-4, atol=1e-4, err_msg="the new bias is not the correction")
least = 0.0 if QUICK else 0.3
assert corrected.mean_iou > least, f"mIoU {corrected.mean_iou:.3f}, expected more than {least}"

# %% [markdown]
# Too much ink: half of the windows that it learned from were ink. The correction takes some of it
# away, and the mIoU rises a little.
#
# **Rung 4: look at the mistakes.** Left to right: the scene, the truth, the answer, and where they
# differ.

# %%
answers = scores.argmax(1)
right = [(answers[i] == test_labels[i])[test_labels[i] > 0].mean() for i in range(len(answers))]
order = np.argsort(right)
chosen = [int(order[-1]), int(order[len(order) // 2]), int(order[0])]
print("share of the ink that is named rightly:", ", ".join(f"{right[i]:.0%}" for i in chosen))


# %% jupyter={"source_hidden": true}
RIGHT, MISSED, INVENTED = 0.25, 0.95, 0.6  # three greys: no class has one


def draw_answers(chosen, answers):
    """Draw scenes with truth, answer, and mistakes in two greys on a third."""
    _, grid = viz.subplots(len(chosen), 4, figsize=(8.4, 2.1 * len(chosen) + 0.6))
    for place, (i, line) in enumerate(zip(chosen, grid, strict=True)):
        viz.draw_image(test_images[i], ax=line[0])
        for axes, classes in ((line[1], test_labels[i]), (line[2], answers[i])):
            viz.draw_labels(None, classes, None, DigitScenes.palette, ax=axes)
            write_digits(axes, classes)
        wrong = answers[i] != test_labels[i]
        mistakes = np.full((3, 64, 64), RIGHT)
        mistakes[:, wrong & (test_labels[i] > 0)] = MISSED
        mistakes[:, wrong & (test_labels[i] == 0)] = INVENTED
        viz.draw_image(mistakes, ax=line[3])
        if place == 0:
            for axes, title in zip(line, ("scene", "truth", "answer", "mistakes"), strict=True):
                axes.set_title(title)
    pairs = [
        (name, c / 255) for name, c in zip(DigitScenes.classes, DigitScenes.palette, strict=True)
    ]
    pairs += [("right", 3 * [RIGHT]), ("ink: missed or misnamed", 3 * [MISSED])]
    pairs += [("paper taken for ink", 3 * [INVENTED])]
    handles = [Patch(facecolor=tuple(c), edgecolor=INK, label=name) for name, c in pairs]
    plt.gcf().legend(handles=handles, loc="outside lower center", ncols=7, fontsize=8)
    plt.show()


draw_answers(chosen, answers)

# %% jupyter={"source_hidden": true}
table = corrected.matrix[1:, 1:] / np.maximum(corrected.matrix[1:].sum(1, keepdims=True), 1)
_, axes = viz.subplots(figsize=(4.8, 4.5))
axes.imshow(table, cmap="Blues", vmin=0, vmax=1)
for (true, said), share in np.ndenumerate(table):
    if share >= 0.01:
        colour = "white" if share > 0.55 else DARK
        axes.text(
            said,
            true,
            f"{share:.2f}".lstrip("0"),
            ha="center",
            va="center",
            fontsize=8,
            color=colour,
        )
axes.set(
    xticks=range(10),
    yticks=range(10),
    xlabel="said",
    ylabel="true digit",
    title="said of each digit's ink",
)
plt.show()
off = table - np.diag(np.diag(table))
pairs = np.dstack(np.unravel_index(np.argsort(-off.ravel())[:3], off.shape))[0]
print("most often confused:", ", ".join(f"{t} taken for {s} ({off[t, s]:.0%})" for t, s in pairs))

# %% [markdown]
# Two kinds of mistakes. Thin lines along the strokes: the outline is off by a pixel. And whole
# digits with a wrong name, or with *several* names: neighbouring windows see different parts of a
# digit, and each decides for itself. Nothing tells them that a digit is one thing.
#
# ### And on a photograph?
#
# A network of convolutions takes images of any size: here the photograph of section 1, six times as
# many pixels as a scene. It shows no paper and no digit. Before you run the next cell, write down
# what share of it the network will call "background", and whether it will be less sure of its
# answers than on scenes.


# %%
def softmax(scores):
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


seen = scores_of(model, photograph[None])
for name, values in (("scenes", scores), ("photograph", seen)):
    surest = softmax(values).max(1)
    print(
        f"{name:10} called background: {(values.argmax(1) == 0).mean():.0%}; probability of the ",
        end="",
    )
    print(f"answer {surest.mean():.2f} on average, above 0.9 in {(surest > 0.9).mean():.0%}")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(7.6, 3.2))
viz.draw_image(photograph, ax=left)
viz.draw_labels(None, seen[0].argmax(0), DigitScenes.classes, DigitScenes.palette, ax=right)
left.set_title("a photograph")
right.set_title("what it is taken for")
plt.show()

# %% [markdown]
# The network has no class for "something else". It takes most of the photograph for paper, and
# finds digits in roofs and branches. It is less sure than on scenes; still, half of its answers
# have a probability above 0.9. Softmax says how eleven classes compare with each other, not whether
# one of them is right.
#
# ## 9. What does a window look at?
#
# One score depends on 31 x 31 pixels at most: the *receptive field*. On which of them really? Send
# a gradient back from the score of a pixel's class, and see where it arrives, on average over many
# ink pixels. Before you run the next cell, write down how many of the 961 pixels together have half
# of the influence.

# %%
HALF = 24
rng = np.random.default_rng(1)
centres = np.argwhere(test_labels[:, HALF:-HALF, HALF:-HALF] > 0)
centres = centres[rng.permutation(len(centres))[: 8 if QUICK else 40]] + (0, HALF, HALF)
influence = np.zeros((2 * HALF + 1,) * 2)
model.zero_grad()
for scene_number, h, w in tqdm(centres, desc="gradients"):
    crop = test_images[scene_number, :, h - HALF : h + HALF, w - HALF : w + HALF]
    crop = np.pad(crop, ((0, 0), (0, 1), (0, 1)), mode="edge")
    patch = tensor(crop[None].copy(), requires_grad=True)
    model(patch)[0, int(test_labels[scene_number, h, w]), HALF, HALF].backward()
    influence += np.abs(patch.grad.numpy()[0]).sum(0)
influence /= influence.max()
reached = np.flatnonzero(influence.any(1)), np.flatnonzero(influence.any(0))
span = [int(np.ptp(at)) + 1 for at in reached]
share = np.sort(influence.ravel())[::-1]
half = int(np.searchsorted(np.cumsum(share), share.sum() / 2)) + 1
print(f"pixels that can matter: {span[0]} x {span[1]} = {span[0] * span[1]}; ", end="")
print(f"half of the influence has {half} of them")
assert max(span) <= model.window, f"a gradient reaches {max(span)} pixels, outside the window"

# %% jupyter={"source_hidden": true}
_, (left, profile) = viz.subplots(1, 2, figsize=(8.0, 3.1))
extent = (-HALF - 0.5, HALF + 0.5, HALF + 0.5, -HALF - 0.5)
left.imshow(np.sqrt(influence), cmap="viridis", extent=extent)
corner = -model.window / 2
left.add_patch(
    Rectangle(
        (corner, corner), model.window, model.window, fill=False, edgecolor=ORANGE, linewidth=1.8
    )
)
left.set(title="influence (its square root)", xlabel="pixels from the middle")
for axis, name, colour, line in (
    (0, "along the column", BLUE, "-"),
    (1, "along the row", GREEN, "-."),
):
    values = influence.sum(1 - axis) / influence.sum()
    profile.plot(np.arange(-HALF, HALF + 1), values, line, color=colour, label=name)
for end in (corner, -corner):
    profile.axvline(end, color=ORANGE, linestyle="--")
profile.set(xlabel="pixels from the middle", ylabel="share of the influence", ylim=(0, None))
profile.spines[["top", "right"]].set_visible(False)
profile.legend(
    frameon=False,
    labelcolor=INK,
    loc="lower center",
    bbox_to_anchor=(0.5, 1.0),
    ncols=2,
    fontsize=8,
)
plt.show()

# %% [markdown]
# Outside the orange frame (dashed at the right) there is nothing, as the formula says. Inside, the
# middle counts most and the rim little: the *effective* receptive field is smaller than the window,
# and has no sharp edge. A window should therefore be clearly larger than what it has to recognise.
#
# ## 10. Larger digits: the image pyramid
#
# The classifier knows digits of 16 to 28 pixels. What if someone moves closer with the camera, and
# all digits are twice as large? Training did not show that. But we may shrink the *image*: run the
# same network on the scene at several sizes, an **image pyramid**, and enlarge the scores again.
#
# Two sets of scenes (digits of the usual size, and twice as large), two scales (1 and 0.5), and for
# each class the scale that is surer. Before you run the next cell, write down which scale wins on
# each set, and whether "the surer one" beats both.


# %%
def at_scale(scores_function, images, scale):
    """Return the scores of the images, computed at another size and brought back."""
    size = round(images.shape[2] * scale)
    resized = (
        images
        if scale == 1
        else F.interpolate(tensor(images), size=(size, size), mode="bilinear").numpy()
    )
    scores = scores_function(resized)
    return (
        scores
        if scale == 1
        else F.interpolate(tensor(scores), size=images.shape[2:], mode="bilinear").numpy()
    )


few = 2 if QUICK else 8
close_images = np.repeat(
    np.repeat(test_images[:few], 2, 2), 2, 3
)  # twice as large: (N, 3, 128, 128)
close_labels = np.repeat(np.repeat(test_labels[:few], 2, 1), 2, 2)
results, pyramid = {}, {}
for name, pictures, truth in (
    ("usual", test_images[:few], test_labels[:few]),
    ("twice", close_images, close_labels),
):
    for scale in (1, 0.5):
        pyramid[name, scale] = softmax(at_scale(lambda x: scores_of(model, x, 2), pictures, scale))
        results[name, f"scale {scale:g}"] = count(pyramid[name, scale], truth).mean_iou
    surest = np.maximum(
        pyramid[name, 1], pyramid[name, 0.5]
    )  # for each class, the scale that is surer
    results[name, "both"] = count(surest, truth).mean_iou

print(f"{'mIoU':22} {'scale 1':>9} {'scale 0.5':>10} {'both':>7}")
for name in ("usual", "twice"):
    line = [results[name, key] for key in ("scale 1", "scale 0.5", "both")]
    words = f"digits {name} size" if name == "usual" else f"digits {name} as large"
    print(f"{words:22} {line[0]:9.3f} {line[1]:10.3f} {line[2]:7.3f}")
if not QUICK:
    near, far = results["twice", "scale 1"], results["twice", "scale 0.5"]
    assert far > near, f"large digits: {far:.3f} at scale 0.5, {near:.3f} at scale 1"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(8.6, 2.5))
viz.draw_image(close_images[0], ax=grid[0])
grid[0].set_title("twice as large", fontsize=9)
for axes, (title, classes) in zip(
    grid[1:],
    (
        ("truth", close_labels[0]),
        ("scale 1", pyramid["twice", 1][0].argmax(0)),
        ("scale 0.5", pyramid["twice", 0.5][0].argmax(0)),
    ),
    strict=True,
):
    viz.draw_labels(None, classes, None, DigitScenes.palette, ax=axes)
    write_digits(axes, classes, least=120)
    axes.set_title(title, fontsize=9)
plt.show()

# %% [markdown]
# At the right scale the same weights read digits of a size that they never saw. Choosing the scale
# is harder: "take the surer one" is wrong wherever the network is sure of a wrong answer. And the
# pyramid costs: the sum of all its levels. A factor 2 at each step makes $1 + 1/4 + 1/16 + \dots <
# 4/3$ of the first; finer steps make it several times as much. A convolution follows when the image
# moves; it does *not* follow when the image grows.
#
# ## 11. What is left to pay: full resolution
#
# The sliding window, computed at once, has become a **fully convolutional** network: convolutions
# from end to end, any image size in, a map of scores out. It never makes the map smaller. One may
# as well build such a network from scratch: a stack of 3 x 3 convolutions, all at full resolution.
# It sees 2 pixels more with each layer. Beside it, a network that goes down and up again (a U-Net:
# [07_segnet_and_unet](07_segnet_and_unet.ipynb)). What do they cost on our scenes, and how far do
# they see? Before you run the next cell, write down which of the two sees further: 15 layers at
# full resolution, or a U-Net with 3 levels? And which costs more?


# %%
def measured_field(model, size=112):
    """Return how many pixels a side can change a score: how far gradients reach."""
    model.eval()
    reach = np.zeros((size, size), bool)
    for seed in range(2):
        image = tensor(
            np.random.default_rng(seed).random((1, 3, size, size), np.float32), requires_grad=True
        )
        model(image)[0, :, size // 2, size // 2].sum().backward()
        reach |= np.abs(image.grad.numpy()[0]).sum(0) > 0
    return int(np.ptp(np.flatnonzero(reach.any(1)))) + 1


WIDTH = 16
rows = {}
for depth in (3, 6, 15):
    minidet.manual_seed(0)
    stack = FullResolutionFCN(K, width=WIDTH, depth=depth)
    found = measured_field(stack)
    assert found == stack.receptive_field, f"sees {found}, by formula {stack.receptive_field}"
    rows[f"full resolution, {depth} layers"] = stack, stack.receptive_field
for levels in (2, 3, 4):
    minidet.manual_seed(0)
    net = UNet(K, width=WIDTH, levels=levels)
    rows[f"U-Net, {levels} levels"] = net, measured_field(net)
rows["sliding window"] = model, model.window

print(f"{'':28} {'weights':>8} {'sees':>5} {'million multiply-adds':>22} {'ms':>7}")
costs = {}
for name, (network, field) in rows.items():
    network.eval()
    with no_grad():
        least = clock(lambda network=network: network(scene), 0.2)
    costs[name] = field, multiply_adds(network, (1, 3, 64, 64)) / 1e6
    amount = sum(p.numel() for p in network.parameters())
    print(f"{name:28} {amount:8,} {field:5} {costs[name][1]:22.1f} {least * 1e3:7.1f}")
(far, price), (near, full_price) = costs["U-Net, 3 levels"], costs["full resolution, 15 layers"]
assert far > near, f"the U-Net sees {far} pixels, the stack {near}"
assert price < full_price, (
    f"the U-Net costs {price:.0f} million, the stack {full_price:.0f} million"
)

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(7.0, 3.3))
depths = np.arange(1, 41)
per_layer = 9 * WIDTH * WIDTH * 64 * 64 / 1e6
first = (9 * 3 * WIDTH + WIDTH * K) * 64 * 64 / 1e6
axes.plot(
    1 + 2 * depths,
    first + per_layer * (depths - 1),
    color=ORANGE,
    label="full resolution, 1 to 40 layers",
)
for name, (field, million) in costs.items():
    if name.startswith("U-Net"):
        axes.plot(field, million, "o", color=BLUE, label="U-Net" if "2" in name else None)
        style = {"textcoords": "offset points", "fontsize": 8, "color": BLUE}
        axes.annotate(name.split(", ")[1], (field, million), (7, -3), **style)
    elif name == "sliding window":
        axes.plot(field, million, "s", color=GREEN, label=name)
axes.set(
    xlabel="pixels that a score can see, a side",
    ylabel="million multiply-adds",
    xlim=(0, 106),
    ylim=(0, None),
)
axes.spines[["top", "right"]].set_visible(False)
axes.grid(alpha=0.25)
axes.legend(frameon=False, labelcolor=INK, fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# At full resolution, every 2 pixels further cost one more layer on the full map: a straight line.
# Going down, each level *doubles* what the following layers see, and its map has a quarter of the
# pixels. That is why all networks of the next notebooks go **down and up again**. What going down
# loses, and how to get it back, is their story.
#
# (The milliseconds follow the count only roughly. Normalisation, copies and pooling cost time as
# well, and are not counted.)
#
# **Try it:** set `WIDTH = 32`. Guess first: how do the costs of the stack and of the U-Net change,
# and what they see?
#
# <details><summary>What happens</summary>
#
# What they see stays the same: width does not reach further. Nearly all layers have twice as many
# inputs *and* twice as many outputs, so weights and multiply-adds become nearly four times as many:
# 533 million in place of 135 for 15 layers, 399 in place of 101 for the U-Net with 3 levels. Only
# the first and the last layer, with their 3 channels and 11 classes at one end, become no more than
# twice as large.
#
# </details>
#
# **Try it:** in section 8, set `WINDOW = 23`, and then 39, and run everything below again. Which
# mistakes disappear with the large window, and which with the small one?
#
# <details><summary>What happens</summary>
#
# A digit is 16 to 28 pixels high, and rarely fits into the 23 pixels around one of its own: a
# quarter of the ink gets the name of a wrong digit. With 31 pixels it is 21 to 23 %, with 39 it is
# 20 % (two or three trainings each). The small window is better at outlines: it takes 1.7 to 1.8 %
# of the paper for ink, the window of 39 takes 2.1 to 2.4 %. The mIoU is 0.44 to 0.46 with 23, 0.51
# to 0.53 with 31, and 0.50 to 0.52 with 39: so few trainings do not tell the last two apart.
#
# </details>
#
# ## Summary
#
# 1. To name every pixel, a classifier looks at the window around it: a sliding window.
# 2. A fully connected layer on a window is a convolution whose kernel is as large as that window's
#    map: the same numbers, folded.
# 3. So a whole classifier can slide: on a larger image it returns a map of scores, each of them one
#    window's.
# 4. With strides left in, it returns only every second, fourth, eighth window.
# 5. Remove a stride, and let all following layers read `stride` times further apart (dilation):
#    every window is there.
# 6. The scores and the gradients are the same. The products are the same too, but each is made
#    once.
# 7. A layer whose map in one window has m x m positions is repeated m² times by separate windows.
# 8. Trained with other shares of classes than the world has, scores are too high by log(shown /
#    real).
# 9. The middle of a window counts more than its rim; and what has another size needs another scale
#    of the image.
# 10. To see far at full resolution is expensive. To go down and up again is cheaper: the next
#    notebooks.
#
# | term | section | builds on |
# |---|---|---|
# | semantic segmentation | 1 | classification: [01](01_autograd.ipynb) |
# | sliding window | 1 | classification of a window |
# | fully connected layer as a convolution | 3 | convolution: [02](02_convolution.ipynb) |
# | stride becomes dilation | 4 | pooling, stride; dilation: [02](02_convolution.ipynb) |
# | all windows at once (*à trous*) | 5 | the two before |
# | overlap, m² | 6 | sliding window; sizes of maps |
# | correction by log(q / p) | 8 | softmax and cross-entropy |
# | IoU, mIoU | 8 | a table of true and predicted classes |
# | effective receptive field | 9 | receptive field: [02](02_convolution.ipynb) |
# | image pyramid | 10 | bilinear resizing |
# | fully convolutional network | 11 | all windows at once |
#
# ## Questions
#
# **1.** The classifier is one fully connected layer on the whole window, no hidden layer. How much
# faster is "all at once"?
#
# <details><summary>Answer</summary>
#
# Not at all, if you count multiply-adds. The only layer has m = 1: nothing below it is shared, so
# there is nothing to repeat. (The clock may still prefer one large convolution to many small
# products.)
#
# </details>
#
# **2.** Why must the classifier's convolutions have no padding? What would go wrong in section 5?
#
# <details><summary>Answer</summary>
#
# With padding, each window gets zeros around *its own* border. In the whole image, there are other
# pixels at that place. So the scores would differ; and which zeros a window needs depends on the
# window, so nothing could be shared near borders. For the same reason nothing may be normalised
# over the window.
#
# </details>
#
# **3.** Leave all strides in, and use the network on an image that was moved by one pixel; then by
# two; with three poolings by up to seven pixels in each direction. What do you get if you put all
# these score maps together?
#
# <details><summary>Answer</summary>
#
# Every window once: the same scores as with dilations. This is called *shift and stitch*, and it is
# how OverFeat made its maps finer. It needs 8 x 8 = 64 runs. The dilations (*à trous*, "with
# holes") do it in one.
#
# </details>
#
# **4.** A U-Net with pooling: if the image moves by one pixel, do its scores move along by one
# pixel?
#
# <details><summary>Answer</summary>
#
# Not exactly. Pooling with stride 2 keeps every second place, so the network is the same only for
# shifts by $2^k$ pixels, after k poolings. The network with dilations has no strides, and moves
# along exactly (away from the border).
#
# </details>
#
# ## What to read next
#
# - The next notebook: [06_fcn](06_fcn.ipynb). It leaves the strides in, gets a coarse map of
#   scores, and learns to make it fine again.
# - [sliding_window.py](../minidet/models/segmentation/sliding_window.py): the proof of section 4
#   for any number of layers is in its first lines.
# - D. Ciresan, A. Giusti, L. Gambardella, J. Schmidhuber, *Deep neural networks segment neuronal
#   membranes in electron microscopy images*, NIPS 2012: the sliding window. It, too, was shown as
#   many windows of each class, and its answers had to be corrected for that.
# - A. Giusti, D. Ciresan, J. Masci, L. Gambardella, J. Schmidhuber, *Fast image scanning with deep
#   max-pooling convolutional neural networks*, ICIP 2013,
#   [arXiv:1302.1700](https://arxiv.org/abs/1302.1700): all windows at once.
# - P. Sermanet and others, *OverFeat*, ICLR 2014,
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229): figure 5, and the pyramid.
# - F. Yu, V. Koltun, *Multi-scale context aggregation by dilated convolutions*, ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122).
# - W. Luo, Y. Li, R. Urtasun, R. Zemel, *Understanding the effective receptive field*, NeurIPS
#   2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128).
