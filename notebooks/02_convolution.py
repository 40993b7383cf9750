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
# # Convolution
#
# A small pattern, a corner or a piece of a stroke, means the same wherever it stands in a picture.
# A convolution is the operation that knows this: it looks for one small pattern everywhere. It is
# the main operation of every network in this library. Here you compute it by hand, write it as six
# loops, see it as a matrix, derive its gradients, look through its eyes, and let a small network
# learn its own patterns.
#
# |  |  |
# |---|---|
# | **Time** | reading: 60 minutes; doing, with every Try it: 150 minutes |
# | **It runs for** | about a minute, all cells together |
# | **You need** | Python, NumPy; [01_autograd](01_autograd.ipynb): what a gradient is |
# | **You do not need** | a graphics card; any knowledge of image processing |
#
# **At the end you can say**
# - what a convolution computes, and how large its result is, for any padding, stride, dilation and
#   groups;
# - why it needs so few weights, and what it takes for granted in return;
# - what its two gradients are, and why they are convolutions themselves;
# - what a receptive field is, how to compute it, and how to measure it;
# - how to find out, in the right order, whether a network learns.
#
# Where the text says **write down**, take paper: a guess that turns out wrong is remembered best.
# Six short functions are yours to write; each is checked at once, its solution is folded below it,
# and nothing that follows depends on it. Look for **Try it**. Nothing can break: *Restart kernel
# and run all* brings everything back.

# %%
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal
from matplotlib.patches import Polygon, Rectangle
from tqdm.auto import tqdm

import minidet
from minidet import nn, optim, viz
from minidet.autograd import gradcheck
from minidet.data import sample_photograph
from minidet.data.scenes.digits import TRAINING_SCANS, load_scans
from minidet.grading import check_blank
from minidet.nn import functional as F
from minidet.viz.page import (
    BLUE,
    DARK,
    INK,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_ORANGE,
    YELLOW,
)

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # fewer steps: is every cell right?
viz.use_style()
print(f"NumPy {np.__version__}, minidet {minidet.__version__}{', quick mode' if QUICK else ''}")

# %% [markdown]
# ## 1. The problem: a digit that was moved
#
# We take handwritten digits of 12 x 12 pixels and put them on a page of 28 x 28. First always into
# the middle.

# %%
SIDE, PAGE = 12, 28
scans, digits = load_scans()  # (1797, 24, 24), ink from 0 to 1; (1797,)
small = scans.reshape(-1, SIDE, 2, SIDE, 2).mean(
    axis=(2, 4)
)  # (1797, 12, 12): means of 2 x 2 pixels
train_scans, train_y = small[:TRAINING_SCANS], digits[:TRAINING_SCANS]
test_scans, test_y = small[TRAINING_SCANS:], digits[TRAINING_SCANS:]
MIDDLE = (PAGE - SIDE) // 2


def on_page(scans, rows, columns):
    """Put each scan on an empty page, its corner at (row, column): (N, 1, 28, 28)."""
    pages = np.zeros((len(scans), 1, PAGE, PAGE), np.float32)
    rows, columns = np.broadcast_to(rows, len(scans)), np.broadcast_to(columns, len(scans))
    for page, scan, row, column in zip(pages, scans, rows, columns, strict=True):
        page[0, row : row + SIDE, column : column + SIDE] = scan
    return pages


def in_the_middle(scans):
    return on_page(scans, MIDDLE, MIDDLE)


def anywhere(scans, rng):
    return on_page(scans, *rng.integers(0, PAGE - SIDE + 1, (2, len(scans))))


# %% jupyter={"source_hidden": true}
def show_pages(rows, titles):
    """Draw rows of pages, a title at the left of each."""
    size = 10.5, 1.15 * len(rows)
    _, grid = plt.subplots(len(rows), len(rows[0]), figsize=size, layout="constrained")
    for line, pages, title in zip(grid, rows, titles, strict=True):
        line[0].set_ylabel(title)
        for axes, page in zip(line, pages, strict=True):
            axes.imshow(page[0], cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
    plt.show()


first = train_scans[:10]
show_pages(
    [in_the_middle(first), anywhere(first, np.random.default_rng(0))], ["middle", "anywhere"]
)

# %% [markdown]
# The simplest network is one layer: a weight for every pixel and every digit. The score of a digit
# is the sum of all pixels, each times its weight. We train it on digits in the middle, with the
# steps of the last notebook (`optim.Adam` is a cleverer way to choose the length of each step).
# Then we move the test digits to the right.
#
# Before you run the next cell, write down your guess: the layer reads about 90 % of the test digits
# in the middle. How many does it read when they are moved by one pixel, by two, by four? (Guessing
# blindly is right in 10 %.)


# %%
def accuracy(model, pages, labels):
    """Return the share of pages whose highest score is that of the true digit."""
    with minidet.no_grad():
        parts = [pages[i : i + 250] for i in range(0, len(pages), 250)]
        scores = [model(minidet.tensor(part)).numpy() for part in parts]
    return float((np.concatenate(scores).argmax(1) == labels).mean())


def train(model, make_pages, epochs, rate=3e-3, batch=50, seed=0, name="train"):
    """Train on pages that ``make_pages`` makes anew in each epoch; return all losses."""
    rng, losses = np.random.default_rng(seed), []
    optimizer = optim.Adam(model.parameters(), lr=rate)
    with tqdm(total=epochs, desc=name, unit="epoch", leave=False) as bar:
        for _ in range(epochs):
            order = rng.permutation(len(train_scans))
            pages = make_pages(train_scans, rng)
            for at in range(0, len(order), batch):
                part = order[at : at + batch]
                loss = F.cross_entropy(model(minidet.tensor(pages[part])), train_y[part])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}")
            bar.update()
    return losses


def linear_model():
    """Return a layer with a weight for each pixel and digit."""
    return nn.Sequential(nn.Flatten(), nn.Linear(PAGE * PAGE, 10))


minidet.manual_seed(0)
linear = linear_model()
train(linear, lambda scans, rng: in_the_middle(scans), 5 if QUICK else 20, name="one layer")
shifts = range(MIDDLE + 1)
falling = [
    accuracy(linear, on_page(test_scans, MIDDLE, MIDDLE + shift), test_y) for shift in shifts
]
print("weights:", sum(parameter.numel() for parameter in linear.parameters()))
for shift in (0, 1, 2, 4):
    print(f"test digits moved by {shift} pixels: {falling[shift]:.0%} right")

# %%
assert falling[0] > 0.85, f"in the middle, {falling[0]:.0%} are right: the layer did not learn"
assert falling[4] < 0.5, f"moved by 4 pixels, {falling[4]:.0%} are right: nothing was lost"

# %% [markdown]
# It reads well, and a few pixels to the right it is lost. No wonder: the weights that learned the
# stroke of a 1 sit *in the middle*. To the right of it there are other weights, and nobody ever
# showed them a 1.
#
# We could show every digit at every place. Then the layer would have to learn the same thing
# hundreds of times. Better to build it in: **one small set of weights, used at every place**.
#
# ## 2. One dimension, by hand
#
# Take a row of numbers `x`, and three weights `w`. Lay the weights on the first three numbers,
# multiply, add: that is the first result. Move one to the right: the second. This is all.
#
# $$\mathrm{out}[o] = \sum_j w[j] \cdot x[o + j]$$
#
# Before you run the next cell, write down: how many results do three weights give on eight numbers?
# And with the weights `[-1, 0, 1]`, where is the result positive, where zero, where negative?

# %%
x = np.array([1.0, 1, 2, 4, 4, 4, 3, 0])
w = np.array([-1.0, 0, 1])


def slide(x, w):
    """Return the convolution of two rows of numbers."""
    return np.array(
        [sum(w[j] * x[o + j] for j in range(len(w))) for o in range(len(x) - len(w) + 1)]
    )


print(slide(x, w))


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim):
    """Return axes without a frame, for a drawing in which a cell is a square."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, aspect="equal")
    axes.axis("off")
    return axes


def cell(axes, x, y, text="", face="none", size=1.0, pale=False, **style):
    """Draw a square with its upper left corner at (x, y), and a number in it."""
    colour = INK if face == "none" else DARK  # on the page's ground, which is light or dark
    style = {"ha": "center", "va": "center", "zorder": 3, "color": colour, **style}
    frame = {"facecolor": face, "edgecolor": (INK, 0.3 if pale else 1), "linewidth": 0.8}
    over = 1 if pale else 2  # pale frames lie below the others
    axes.add_patch(Rectangle((x, y - size), size, size, zorder=over, **frame))
    axes.text(x + size / 2, y - size / 2, text.replace("-", "−"), **style)


def product(one, other):
    """Write a product; a negative second factor stands in brackets."""
    return f"{one:g}·" + (f"({other:g})" if other < 0 else f"{other:g}")


def sum_of(terms, result):
    """Write a sum with its result."""
    return (" + ".join(terms).replace("+ -", "− ") + f" = {result:g}").replace("-", "−")


def row_of(axes, values, x, y, faces="none", **style):
    """Draw a row of numbers."""
    for i, value in enumerate(values):
        cell(axes, x + i, y, f"{value:g}", faces if isinstance(faces, str) else faces[i], **style)


def draw_slide(x, w, names=("x", "w", "out"), zeros=0):
    """Draw all windows of a convolution in one dimension, with every product.

    The outer ``zeros`` numbers of x are padding: green.
    """
    out = slide(x, w)
    lines = len(out)
    words = [sum_of([product(w[j], x[o + j]) for j in range(len(w))], out[o]) for o in range(lines)]
    width = len(x) + 0.6 + 0.24 * max(map(len, words))
    left = 0.6 + 0.3 * max(map(len, names[:2]))
    axes = canvas(0.42 * (width + left), 0.42 * (lines + 2.2), (-left, width), (-lines - 0.3, 1.9))
    inner = [PALE_GREEN if i < zeros or i >= len(x) - zeros else "none" for i in range(len(x))]
    row_of(axes, x, 0, 1.6, inner)
    axes.text(-0.3, 1.1, names[0], ha="right", va="center", weight="bold")
    for o in range(lines):
        for i in range(len(x)):
            inside = o <= i < o + len(w)
            style = {"face": YELLOW} if inside else {"pale": True}
            cell(axes, i, -o, f"{w[i - o]:g}" if inside else "", **style)
        axes.text(len(x) + 0.4, -o - 0.5, words[o], va="center")
    axes.text(-0.3, -0.5, names[1], ha="right", va="center", weight="bold")
    axes.text(len(x) + 0.4, 0.35, names[2], va="center", weight="bold")
    plt.show()


draw_slide(x, w)

# %% [markdown]
# Look at the result. With the weights `[-1, 0, 1]` it is zero where `x` is level, positive where it
# rises, negative where it falls. Three weights have become an *edge detector*. Other weights find
# something else: `[1/3, 1/3, 1/3]` is a mean, which makes smooth.
#
# A word about the name. Mathematicians turn the weights round before they slide them, and call
# *that* convolution; this is "correlation" to them. In deep learning nobody turns them: weights
# that are learned do not care. NumPy has both:

# %%
np.testing.assert_array_equal(slide(x, w), np.correlate(x, w, mode="valid"))
np.testing.assert_array_equal(slide(x, w), np.convolve(x, w[::-1], mode="valid"))
print("with the weights turned round:", np.convolve(x, w, mode="valid"))

# %% [markdown]
# **Try it:** find three weights `w` whose result is 0 on every straight line, whatever its slope,
# and is not 0 where the line bends. Put them into the cell that defines `x` and `w`.
#
# <details><summary>What happens</summary>
#
# `w = np.array([1.0, -2, 1])`, or any multiple of it. On a straight line the number in the middle
# is the mean of its neighbours, so $x[o] - 2\,x[o + 1] + x[o + 2] = 0$. Our `x` gives `[1, 1, -2,
# 0, -1, -2]`: positive where it bends upwards, negative where it bends downwards, and 0 in the one
# place where three numbers lie on a line (4, 4, 4). Two weights are too few for this: `[-1, 1]`
# gives the slope, which is not 0 on a line.
#
# </details>
#
# **Now you.** The result is shorter than `x`. Write a function that returns *as many numbers as x
# has*: put zeros around `x` first.


# %%
def same_length(x, w):
    """Return as many results as x has numbers; as many zeros left as right (len(w) is odd)."""
    # how many zeros on each side?
    raise NotImplementedError


check_blank(
    same_length,
    ((x, w), np.correlate(x, w, "same"), "the numbers of this section"),
    ((np.ones(6), np.ones(5)), [3, 4, 5, 5, 4, 3], "five weights of 1 on six ones"),
    hint="Three weights need one zero on each side, five weights need two.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def same_length(x, w):
#     """Return as many results as x has numbers; as many zeros left as right (len(w) is odd)."""
#     zeros = np.zeros(len(w) // 2)
#     padded = np.concatenate([zeros, x, zeros])
#     return slide(padded, w)
# ```
#
# </details>
#
# ## 3. Two dimensions, by hand
#
# The same with an image of 4 x 4 and a *kernel* of 3 x 3 weights. There are four places to lay it.
#
# Before you run the next cell, write down the sign of each of the four results. The kernel has `[1,
# 2, 1]` in its left column and `[-1, -2, -1]` in its right one; look where the image holds its
# large numbers.

# %%
image = np.array([[0.0, 1, 3, 3], [0, 2, 3, 1], [1, 3, 2, 0], [2, 3, 0, 0]])
kernel = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
result = np.array(
    [[np.sum(image[h : h + 3, w : w + 3] * kernel) for w in range(2)] for h in range(2)]
)
print(result)

# %%
by_hand = (0 * 1 + 1 * 0 - 3 * 1) + (0 * 2 + 2 * 0 - 3 * 2) + (1 * 1 + 3 * 0 - 2 * 1)
assert result[0, 0] == by_hand, f"the first window gives {result[0, 0]:g}, by hand {by_hand}"


# %% jupyter={"source_hidden": true}
def draw_windows():
    """Draw the four windows of the image with the weights on them, and what each gives."""
    axes = canvas(11, 3.4, (-0.4, 24.6), (-6.9, 0.9))
    for number, (h, w) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        left = number * 5
        for row in range(4):
            for column in range(4):
                inside = h <= row < h + 3 and w <= column < w + 3
                if not inside:
                    cell(axes, left + column, -row, f"{image[row, column]:g}", fontsize=11)
                    continue
                cell(axes, left + column, -row, face=YELLOW)
                value = f"{image[row, column]:g}"
                style = {"color": DARK, "zorder": 4}
                axes.text(left + column + 0.08, -row - 0.42, value, fontsize=11, **style)
                weight = f"×{kernel[row - h, column - w]:g}".replace("-", "−")
                axes.text(left + column + 0.96, -row - 0.9, weight, ha="right", fontsize=8, **style)
        lines = []
        for row in range(3):
            terms = [(image[h + row, w + j], kernel[row, j]) for j in range(3) if kernel[row, j]]
            lines.append(" + ".join(product(*pair) for pair in terms))
        words = ("   " + "\n+ ".join(lines) + f"\n=  {result[h, w]:g}").replace("-", "−")
        axes.text(left + 0.1, -4.3, words, va="top", fontsize=9, linespacing=1.4)
        axes.text(left + 2, 0.4, f"window ({h}, {w})", ha="center")
    for h in range(2):
        for w in range(2):
            cell(
                axes,
                21.3 + 1.4 * w,
                -0.6 - 1.4 * h,
                f"{result[h, w]:g}",
                PALE_BLUE,
                size=1.4,
                fontsize=11,
            )
    axes.text(22.7, 0.4, "result", ha="center")
    plt.show()


draw_windows()

# %% [markdown]
# The kernel compares the left column of each window with the right one. The middle row counts
# twice. The result is far from 0 where the image gets darker or lighter *from left to right*. There
# is one number for each place, and they stand in the order of the places: the result is an image
# again. It is called a **feature map**.
#
# Real images have several channels (red, green, blue; or the feature maps of the layer before).
# Then a filter has a kernel for each channel, and the sum runs over the channels too. And a layer
# has several filters. Each gives a map of its own:
#
# $$\mathrm{out}[f, h, w] = \mathrm{bias}[f] +
#   \sum_{c} \sum_{i} \sum_{j} \mathrm{weight}[f, c, i, j] \cdot \mathrm{image}[c, h + i, w + j]$$
#
# **Now you.** Write this formula, without the bias. One loop over `f`, `h` and `w` is enough: NumPy
# does the three sums.


# %%
def convolve(image, weight):
    """Convolve image (C, H, W) with weight (F, C, KH, KW): (F, H - KH + 1, W - KW + 1)."""
    # for each filter and each place: cut the window out of all channels, multiply, add
    raise NotImplementedError


two_channels = np.arange(40.0).reshape(2, 4, 5) % 7
three_filters = np.arange(36.0).reshape(3, 2, 2, 3) % 5 - 2
check_blank(
    convolve,
    ((image[None], kernel[None, None]), result[None], "the image and the kernel of above"),
    (
        (two_channels, three_filters),
        F.conv2d(two_channels, three_filters).numpy(),
        "two channels, three filters, a kernel of 2 x 3",
    ),
    hint="A window is image[:, h : h + KH, w : w + KW]: as large as one filter.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def convolve(image, weight):
#     """Convolve image (C, H, W) with weight (F, C, KH, KW): (F, H - KH + 1, W - KW + 1)."""
#     filters, _, kh, kw = weight.shape
#     out = np.zeros((filters, image.shape[1] - kh + 1, image.shape[2] - kw + 1))
#     for f, h, w in np.ndindex(out.shape):
#         out[f, h, w] = np.sum(image[:, h : h + kh, w : w + kw] * weight[f])
#     return out
# ```
#
# </details>
#
# ## 4. Four ways to lay windows
#
# So far, every window lay inside the image, and there was a window at every pixel where one fits.
# Four options change that.
#
# - **padding**: zeros around the image, so that windows may stick out. With kernels of 3 x 3 and
#   padding 1, the result is as large as the image.
# - **stride**: the step from window to window. With stride 2, the result has half as many rows and
#   columns.
# - **dilation**: the step between the weights *inside* a window. It sees further, with the same
#   number of weights.
# - **groups**: cut the channels into groups, and let each filter see only one of them.


# %% jupyter={"source_hidden": true}
def out_size(size, kernel, stride=1, padding=0, dilation=1):
    """Return how many windows there are along an axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def places_of(at, kernel, stride, dilation):
    """Return the pixels, (row, column), that the weights of window (at, at) lie on."""
    along = [at * stride + i * dilation for i in range(kernel)]
    return {(row, column) for row in along for column in along}


def draw_option(axes, title, size, kernel=3, stride=1, padding=0, dilation=1):
    """Draw a padded image, its first (blue), second (dotted), last (orange) window, the result."""
    count, whole = out_size(size, kernel, stride, padding, dilation), size + 2 * padding
    first, last = (places_of(at, kernel, stride, dilation) for at in (0, count - 1))
    last = last if count > 1 else set()
    for row in range(whole):
        for column in range(whole):
            padded = min(row, column) < padding or max(row, column) >= whole - padding
            blue, orange = (row, column) in first, (row, column) in last
            face = PALE_BLUE if blue else PALE_ORANGE if orange else "none"
            cell(axes, column, -row, "0" if padded else "", face, fontsize=8)
            if blue and orange:  # half and half
                corners = (column, -row - 1), (column + 1, -row - 1), (column + 1, -row)
                axes.add_patch(Polygon(corners, facecolor=PALE_ORANGE, zorder=2))
    reach = dilation * (kernel - 1) + 1
    frames = [(0, 0, BLUE, "-")]
    if count > 1:
        frames += [(1, 0, INK, ":"), (count - 1, count - 1, ORANGE, "--")]
    for right, down, colour, style in frames:
        corner = right * stride, -down * stride - reach
        style = {"edgecolor": colour, "linestyle": style, "linewidth": 2, "zorder": 4}
        axes.add_patch(Rectangle(corner, reach, reach, fill=False, **style))
    faces = {(count - 1, count - 1): PALE_ORANGE, (0, 0): PALE_BLUE}
    for row in range(count):
        for column in range(count):
            at = whole + 1 + column, -(whole - count) / 2 - row
            cell(axes, *at, face=faces.get((row, column), "none"))
            if (row, column) == (0, 1):
                style = {"edgecolor": INK, "linestyle": ":", "linewidth": 2, "zorder": 4}
                axes.add_patch(Rectangle((at[0], at[1] - 1), 1, 1, fill=False, **style))
    axes.set_title(title + f"\n{size} × {size} → {count} × {count}", fontsize=10)
    axes.set(xlim=(-0.3, whole + count + 1.3), ylim=(-whole - 0.3, 0.3), aspect="equal")
    axes.axis("off")


widths = 11.6, 13.6, 12.6, 13.6
_, grid = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained", width_ratios=widths)
draw_option(grid[0], "plain", 6)
draw_option(grid[1], "padding 1", 5, padding=1)
draw_option(grid[2], "stride 2, padding 1", 6, stride=2, padding=1)
draw_option(grid[3], "dilation 2", 8, dilation=2)
plt.show()

# %% [markdown]
# Blue: the first window, and the result that it gives. Dotted: its neighbour to the right. Orange,
# dashed: the last window. The zeros are padding. In the third picture, no window reaches the last
# row and the last column of zeros: a rest that is shorter than a step is left out.
#
# The same for any choice. Run the notebook to move it: find a choice where stride 2 leaves nothing
# out, and one where the result has a single pixel.


# %%
def lay_windows(kernel=3, stride=1, padding=0, dilation=1):
    """Draw the windows of any choice on an image of 8 x 8."""
    span = dilation * (kernel - 1) + 1
    if span > 8 + 2 * padding:
        print(f"A window spans {span} pixels, the padded image has {8 + 2 * padding}: none fits.")
        return
    _, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    draw_option(axes, f"windows of {span} × {span}", 8, kernel, stride, padding, dilation)
    plt.show()


viz.sliders(lay_windows, kernel=(1, 4), stride=(1, 3), padding=(0, 2), dilation=(1, 3))

# %% [markdown]
# **How large is the result?** With kernel size $k$ and dilation $d$, a window spans $d (k - 1) + 1$
# pixels. The padded image has $n + 2p$. So the first window leaves $n + 2p - d(k - 1) - 1$ pixels
# to move in, in steps of $s$:
#
# $$\mathrm{size} = \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1$$
#
# Before you run the next cell, write down the four sizes for an image of 28 pixels and a kernel of
# 3: plain; padding 1; stride 2 and padding 1; dilation 2.

# %%
for options in ({}, {"padding": 1}, {"stride": 2, "padding": 1}, {"dilation": 2}):
    places = [out_size(28, 3, **options), out_size(28, 5, **options)]
    print(f"28 pixels, {options!s:30} kernel 3: {places[0]}, kernel 5: {places[1]}")

# %% [markdown]
# **Now you.** In a network, the result of a layer is the image of the next one.


# %%
def sizes_of(size, layers):
    """Return the size after each layer; a layer is (kernel, stride, padding, dilation)."""
    # the formula above, once per layer; // rounds down
    raise NotImplementedError


check_blank(
    sizes_of,
    ((28, [(3, 1, 0, 1), (3, 1, 0, 1)]), [26, 24], "two plain layers"),
    ((28, [(3, 2, 1, 1)] * 3), [14, 7, 4], "three layers with stride 2"),
    ((28, [(5, 1, 2, 1), (3, 2, 1, 1), (3, 1, 2, 2)]), [28, 14, 14], "layers of section 9"),
    hint="Each layer starts from the size that the layer before it returned.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def sizes_of(size, layers):
#     """Return the size after each layer; a layer is (kernel, stride, padding, dilation)."""
#     sizes = []
#     for kernel, stride, padding, dilation in layers:
#         size = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
#         sizes.append(size)
#     return sizes
# ```
#
# </details>
#
# The fourth option, **groups**, in a picture: which filter reads which channel.


# %% jupyter={"source_hidden": true}
def draw_groups():
    """Draw which filter reads which channel, for 4 channels and 4 filters."""
    _, grid = plt.subplots(1, 3, figsize=(10, 2.5), layout="constrained")
    for axes, groups in zip(grid, (1, 2, 4), strict=True):
        colours = [PALE_BLUE, PALE_ORANGE, YELLOW, PALE_GREEN]
        for f in range(4):
            group = f * groups // 4
            for c in range(4):
                if c * groups // 4 == group:
                    axes.plot([1, 3], [-c - 0.5, -f - 0.5], color=INK, linewidth=1, zorder=1)
            cell(axes, 0, -f, f"c{f}", colours[group] if groups > 1 else "none")
            cell(axes, 3, -f, f"f{f}", colours[group] if groups > 1 else "none")
        shape, numbers = f"(4, {4 // groups}, 3, 3)", 4 * 4 // groups * 9
        axes.set_title(f"groups {groups}: weight {shape}, {numbers} numbers", fontsize=10)
        axes.set(xlim=(-1.5, 5.5), ylim=(-4.2, 0.2), aspect="equal")
        axes.axis("off")
    plt.show()


draw_groups()

# %% [markdown]
# A colour is a group. At the right, each filter has one channel of its own: a *depthwise*
# convolution, the cheapest there is.
#
# ## 5. Six loops
#
# Now all of it as a program, for one image. Nothing is clever here; it *is* the definition.


# %%
def conv2d_loops(image, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    """Convolve image (C, H, W) with weight (F, C / groups, KH, KW): (F, OH, OW)."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, depth, kh, kw = weight.shape
    oh = out_size(image.shape[1], kh, stride, padding, dilation)
    ow = out_size(image.shape[2], kw, stride, padding, dilation)
    out = np.zeros((filters, oh, ow))
    for f in range(filters):
        first = f // (filters // groups) * depth  # the first channel that this filter sees
        for h in range(oh):
            for w in range(ow):
                total = bias[f]
                for c in range(depth):
                    for i in range(kh):
                        for j in range(kw):
                            row, column = h * stride + i * dilation, w * stride + j * dilation
                            total += weight[f, c, i, j] * padded[first + c, row, column]
                out[f, h, w] = total
    return out


# %% [markdown]
# Three checks, each in a cell of its own. First, values that are known: our result by hand; a
# kernel with a single 1, which moves the image; ones on ones, which count the pixels below the
# kernel.

# %%
rng = np.random.default_rng(0)
none = np.zeros(1)
ones = np.ones((2, 3, 3))
single = np.zeros((1, 1, 3, 3))
single[0, 0, 1, 2] = 1
moved = conv2d_loops(image[None], single, none, padding=1)[0]
counted = conv2d_loops(ones, ones[None], none, padding=1)[0]
print(counted)

# %%
ours = conv2d_loops(image[None], kernel[None, None], none)[0]
np.testing.assert_array_equal(ours, result, "the loops differ from section 3")
np.testing.assert_array_equal(moved[:, :-1], image[:, 1:], "a single 1 did not move the image")
expected = [[8, 12, 8], [12, 18, 12], [8, 12, 8]]
np.testing.assert_array_equal(counted, expected, "ones did not count the pixels")

# %% [markdown]
# Second, someone else's program: SciPy's works on one channel, so we add over the channels.

# %%
picture, filters = rng.standard_normal((3, 9, 8)), rng.standard_normal((2, 3, 3, 2))
expected = [
    sum(scipy.signal.correlate2d(picture[c], f[c], mode="valid") for c in range(3)) for f in filters
]
ours = conv2d_loops(picture, filters, np.zeros(2))
np.testing.assert_allclose(ours, expected, 1e-10, 1e-12, err_msg="the loops differ from SciPy")
print("the loops and SciPy agree")

# %% [markdown]
# Third, the library, with options drawn at random. Where the kernel is larger than the padded
# image, there is no window, and the library has to refuse.

# %%
compared = refused = 0
for _ in tqdm(range(15 if QUICK else 60), desc="options", leave=False):
    stride, padding, dilation, groups = (int(n) for n in rng.integers([1, 0, 1, 1], [4, 3, 3, 4]))
    size, kernel_size = rng.integers(5, 10, 2), rng.integers(1, 5, 2)
    picture = rng.standard_normal((2 * groups, *size))
    filters, bias = (
        rng.standard_normal((2 * groups, 2, *kernel_size)),
        rng.standard_normal(2 * groups),
    )
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if min(size + 2 * padding - dilation * (kernel_size - 1)) < 1:
        try:
            F.conv2d(picture, filters, bias, **options)
        except ValueError:
            refused += 1
            continue
        raise AssertionError(f"minidet took a kernel that is larger than the image: {options}")
    ours = conv2d_loops(picture, filters, bias, **options)
    theirs = F.conv2d(picture, filters, bias, **options).numpy()
    message = f"the loops differ from minidet with {options}"
    np.testing.assert_allclose(ours, theirs, 1e-10, 1e-12, err_msg=message)
    compared += 1
print(
    f"the loops and minidet agree {compared} times; too large a kernel was refused {refused} times"
)

# %% [markdown]
# **Try it:** in `conv2d_loops`, forget `* dilation` in the line of `row, column`, once. Run the
# cells up to here. Which check notices it, and which ones do not?
#
# <details><summary>What happens</summary>
#
# Only the third check notices, with "the loops differ from minidet with {...}", at the first
# options drawn that have a dilation of 2 or 3. The values known by hand and SciPy's have dilation
# 1, where forgetting makes no difference: *a check sees only the options that it uses*. That is why
# the options are drawn at random, and why there are many.
#
# </details>
#
# ## 6. A convolution is a matrix
#
# Each result is a sum of inputs times weights. So the whole operation is a matrix product: a matrix
# that holds the weights in each row, one place further in each, and zeros elsewhere.
#
# Before you run the next cell, write down: how many rows and columns has the matrix for the `x` and
# `w` of section 2? And that of the image and the kernel of section 3: how many of its entries hold
# a weight?


# %%
def matrix_of(function, shape):
    """Return the matrix of a linear function of arrays: a column for each input with a single 1."""
    columns = []
    for index in np.ndindex(*shape):
        unit = np.zeros(shape)
        unit[index] = 1
        columns.append(function(unit).ravel())
    return np.stack(columns, axis=1)


matrix = matrix_of(lambda x: slide(x, w), x.shape)  # (6, 8)
np.testing.assert_array_equal(matrix @ x, slide(x, w))
matrix2 = matrix_of(lambda x: conv2d_loops(x, kernel[None, None], none), (1, 4, 4))  # (4, 16)
np.testing.assert_array_equal(matrix2 @ image.ravel(), result.ravel())

# which entries hold a weight: also one that is 0, as the middle one of w
held = matrix_of(lambda x: slide(x, np.ones(3)), x.shape) > 0
held2 = matrix_of(lambda x: conv2d_loops(x, np.ones((1, 1, 3, 3)), none), (1, 4, 4)) > 0
print(f"section 2: {matrix.shape}, {np.count_nonzero(held)} of {held.size} entries hold a weight")
print(
    f"section 3: {matrix2.shape}, {np.count_nonzero(held2)} of {held2.size} entries hold a weight"
)
pairs = (3 * PAGE - 2) ** 2  # along an axis: 3 pixels for each output, but 2 at both ends
print(f"a page of {PAGE} x {PAGE}, padding 1: {pairs:,} of {(PAGE * PAGE) ** 2:,}; still 9 weights")


# %% jupyter={"source_hidden": true}
def draw_matrix(axes, matrix, held, at, size=1.0, row=None, column=None, fontsize=9):
    """Draw a matrix; entries that hold a weight are yellow; one row, one column may be framed."""
    for (r, c), value in np.ndenumerate(matrix):
        style = {"face": YELLOW} if held[r, c] else {"pale": True}
        text = f"{value + 0.0:g}" if held[r, c] else ""
        cell(axes, at[0] + c * size, at[1] - r * size, text, size=size, fontsize=fontsize, **style)
    height, width = matrix.shape
    if row is not None:
        corner = at[0], at[1] - (row + 1) * size
        style = {"edgecolor": BLUE, "linewidth": 2.2, "zorder": 4}
        axes.add_patch(Rectangle(corner, width * size, size, fill=False, **style))
    if column is not None:
        corner = at[0] + column * size, at[1] - height * size
        style = {"edgecolor": ORANGE, "linestyle": "--", "linewidth": 2.2, "zorder": 4}
        axes.add_patch(Rectangle(corner, size, height * size, fill=False, **style))


def draw_matrices():
    """Draw the matrices of the two convolutions."""
    axes = canvas(11, 3.8, (-0.8, 29), (-8.1, 2.1))
    draw_matrix(axes, matrix, held, (0, 0), row=1, column=3)
    for r, value in enumerate(x):
        cell(axes, 8.8, 1 - r, f"{value:g}", PALE_ORANGE if r == 3 else "none")
    for r, value in enumerate(slide(x, w)):
        cell(axes, 11.0, -r, f"{value:g}", PALE_BLUE if r == 1 else "none")
    axes.text(4, 0.5, "matrix (6, 8)", ha="center")
    axes.text(8.4, -3, "@", ha="center", va="center", fontsize=13)
    axes.text(10.4, -3, "=", ha="center", va="center", fontsize=13)
    axes.text(9.3, 1.4, "x", ha="center")
    axes.text(11.5, 0.4, "out", ha="center")
    draw_matrix(axes, matrix2, held2, (13.2, -0.6), size=0.97, fontsize=8)
    title = "2D: the kernel of section 3 on a 4 × 4 image, matrix (4, 16)"
    axes.text(21, -0.1, title, ha="center")
    words = "yellow: a weight; empty: always 0\n"
    words += "blue: what one output reads\norange, dashed: the outputs that read one input"
    axes.text(13.2, -6.2, words, va="center")
    plt.show()


draw_matrices()

# %% [markdown]
# The layer of section 1 had a weight of its own in every entry. Here, most entries of a large
# matrix are always 0, and the others share nine weights. (Some of *our* weights are 0 too. They
# could be anything: such an entry is not empty.) A convolution takes two things for granted: what
# matters is **near** (all else is 0), and it means **the same everywhere** (all rows hold the same
# numbers). For pictures, both are good guesses. So few weights learn from few examples.
#
# **Now you.** Build the matrix for a row of numbers directly, without `matrix_of`.


# %%
def band(w, size):
    """Return the matrix of slide(x, w) for x with ``size`` numbers: (size - len(w) + 1, size)."""
    # zeros first; then the weights into each row
    raise NotImplementedError


check_blank(
    band,
    ((w, len(x)), matrix, "the numbers of section 2"),
    ((np.array([5.0, 7]), 4), [[5, 7, 0, 0], [0, 5, 7, 0], [0, 0, 5, 7]], "two weights"),
    hint="In row o, the weights begin in column o.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def band(w, size):
#     """Return the matrix of slide(x, w) for x with ``size`` numbers: (size - len(w) + 1, size)."""
#     matrix = np.zeros((size - len(w) + 1, size))
#     for o in range(len(matrix)):
#         matrix[o, o : o + len(w)] = w
#     return matrix
# ```
#
# </details>
#
# Nobody multiplies with this matrix: nearly all of the products would be with 0. But it makes the
# next section easy.
#
# ## 7. The gradients
#
# `G` is the gradient of the output, as the walk back brings it. We need that of the input and that
# of the weights.
#
# **The input.** Look at the orange column. It shows which outputs read the input `x[3]`: `out[1]`,
# with the *last* weight; `out[2]`, with the middle one; `out[3]`, with the *first*. Each sends its
# gradient back, times that weight:
#
# $$\mathrm{grad}\,x[p] = \sum_j w[j] \cdot G[p - j]$$
#
# A column of the matrix is a row of the *transposed* matrix. So the gradient is `matrix.T @ G`. In
# it the weights appear in reverse order. It is again a convolution: of `G`, with zeros around, and
# *now* the weights are turned round.
#
# **The weights.** The weight `w[j]` meets `x[o + j]` on its way to `out[o]`, for every `o`:
#
# $$\mathrm{grad}\,w[j] = \sum_o G[o] \cdot x[o + j]$$
#
# That is a convolution too: of `x`, with `G` as the kernel.
#
# Before you run the next cell, write down the gradient of `x[0]`, for `G = [1, 0, 2, -1, 0, 1]`.
# How many outputs read `x[0]`?

# %%
G = np.array([1.0, 0, 2, -1, 0, 1])
padded_G = np.pad(G, len(w) - 1)
grad_x, grad_w = slide(padded_G, w[::-1]), slide(x, G)
print("gradient of x:", grad_x)
print("gradient of w:", grad_w)

# %%
np.testing.assert_array_equal(grad_x, matrix.T @ G, "grad_x is not the transposed matrix times G")
column = w[2] * G[1] + w[1] * G[2] + w[0] * G[3]
assert grad_x[3] == column, f"grad_x[3] is {grad_x[3]:g}, the orange column gives {column:g}"
# the output is linear in w, so a step of any length gives the exact slope
slopes = [G @ slide(x, w + step) - G @ slide(x, w) for step in np.eye(3)]
np.testing.assert_array_equal(grad_w, slopes, "grad_w is not the slope")

# %% jupyter={"source_hidden": true}
draw_slide(padded_G, w[::-1], ("G with zeros", "w reversed", "gradient of x"), zeros=2)
draw_slide(x, G, ("x", "G", "gradient of w"))

# %% [markdown]
# (Green: zeros that were put around.) There is a third way to both, which needs no thought about
# turning and padding. Take the loops of the way there. Where they say
#
# `out += weight * pixel`
#
# the walk back says "the pixel's gradient gets weight times G, and the weight's gradient gets pixel
# times G". The loops and the indices are the same.
#
# **Now you.** Write it for one dimension.


# %%
def slide_backward(G, x, w):
    """Return the gradients of x and of w, given that of slide(x, w)."""
    # grad_x, grad_w: zeros; then the loops over o and j of slide, and two lines with +=
    raise NotImplementedError


check_blank(
    slide_backward,
    ((G, x, w), (grad_x, grad_w), "the numbers of this section"),
    (
        (np.array([1.0, 10, 100]), np.array([1.0, 2, 3, 4]), np.array([5.0, 7])),
        ([5, 57, 570, 700], [321, 432]),
        "two weights",
    ),
    hint="slide reads x[o + j] with w[j] for out[o]. Each of these pairs sends G[o] back, twice.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def slide_backward(G, x, w):
#     """Return the gradients of x and of w, given that of slide(x, w)."""
#     grad_x, grad_w = np.zeros(len(x)), np.zeros(len(w))
#     for o in range(len(G)):
#         for j in range(len(w)):
#             grad_x[o + j] += w[j] * G[o]
#             grad_w[j] += x[o + j] * G[o]
#     return grad_x, grad_w
# ```
#
# </details>
#
# In two dimensions, with all options, nothing new is needed: the six loops again.


# %%
def conv2d_loops_backward(G, image, weight, stride=1, padding=0, dilation=1, groups=1):
    """Return the gradients of image, weight and bias, given that of the result, G (F, OH, OW)."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    grad_padded, grad_weight = np.zeros(padded.shape), np.zeros(weight.shape)
    filters, depth, kh, kw = weight.shape
    for f in range(filters):
        first = f // (filters // groups) * depth
        for h in range(G.shape[1]):
            for w in range(G.shape[2]):
                for c in range(depth):
                    for i in range(kh):
                        for j in range(kw):
                            pixel = first + c, h * stride + i * dilation, w * stride + j * dilation
                            grad_padded[pixel] += weight[f, c, i, j] * G[f, h, w]
                            grad_weight[f, c, i, j] += padded[pixel] * G[f, h, w]
    inside = slice(padding, padding + image.shape[1]), slice(padding, padding + image.shape[2])
    return grad_padded[:, *inside], grad_weight, G.sum(axis=(1, 2))


options = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
picture, filters = rng.standard_normal((4, 7, 8)), rng.standard_normal((6, 2, 3, 2))
bias = rng.standard_normal(6)
out = conv2d_loops(picture, filters, bias, **options)
cotangent = rng.standard_normal(out.shape)
arrays = picture, filters, bias
gradients = conv2d_loops_backward(cotangent, picture, filters, **options)

# %% [markdown]
# Again three checks. First the *adjoint test*: $\langle C x, G \rangle = \langle x, C^T G \rangle$,
# whatever $x$ and $G$ are. $C$ is the matrix of the convolution, and a gradient of the input is
# $C^T G$.

# %%
left = np.sum(conv2d_loops(picture, filters, np.zeros(6), **options) * cotangent)
right = np.sum(picture * gradients[0])
print(f"adjoint test: {left:.12f} = {right:.12f}")
assert math.isclose(left, right, rel_tol=1e-10), f"adjoint test: {left} is not {right}"

# %% [markdown]
# Second, finite differences, for every number of the image, the weights and the bias.

# %%
names = "image", "weight", "bias"
for name, array, gradient in zip(names, arrays, gradients, strict=True):
    slopes = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        before, sides = array[index], []
        for step in (1e-6, -1e-6):
            array[index] = before + step
            sides.append(np.sum(conv2d_loops(*arrays, **options) * cotangent))
        array[index] = before
        slopes[index] = (sides[0] - sides[1]) / 2e-6
    message = f"finite differences: the gradient of {name} is not the slope"
    np.testing.assert_allclose(gradient, slopes, 1e-5, 1e-6, err_msg=message)
print("finite differences agree with the loops")

# %% [markdown]
# Third, the library: its backward has to give the same, and to pass its own check.

# %%
tensors = [minidet.tensor(array, requires_grad=True) for array in arrays]
F.conv2d(*tensors, **options).backward(cotangent)
for name, one, gradient in zip(names, tensors, gradients, strict=True):
    message = f"minidet and the loops differ in the gradient of {name}"
    np.testing.assert_allclose(one.grad.numpy(), gradient, 1e-9, 1e-12, err_msg=message)
gradcheck(lambda *t: F.conv2d(*t, **options), tensors)  # raises where a gradient is wrong
print("loops, finite differences and minidet: the same three gradients")

# %% [markdown]
# Look at the adjoint test again. It says that the gradient of the input is the *transposed*
# convolution, and tests that without one derivative. It is exact up to rounding, so it finds errors
# that are too small for finite differences. You will meet the transposed convolution again: as a
# way to make images *larger*, in [04_transposed_convolution](04_transposed_convolution.ipynb).
#
# **Try it:** write `h` in place of `h * stride` in `conv2d_loops_backward`, and run the four cells
# that follow. Then skip the cell of the adjoint test, and see what the next one says.
#
# <details><summary>What happens</summary>
#
# The adjoint test fails: its two numbers differ. It cannot say where the mistake is, since each
# number is a sum over all pixels. Without it, the finite differences stop at the first of the
# three, "the gradient of image is not the slope", and NumPy lists how many numbers are wrong. The
# gradient of the weights is wrong too: the pixel's row is used twice in the loops. Only that of the
# bias stays right: it reads no pixel.
#
# </details>
#
# ## 8. A look: what kernels see
#
# Six kernels, chosen by hand, on one digit. Red is positive, blue is negative, white is 0.
#
# Before you run the next cells, write down: for which of the six is the sum of the weights 0? And
# what does such a kernel answer on empty paper, or anywhere where all pixels are equal?

# %%
sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
kernels = {
    "left edges": sobel,
    "top edges": sobel.T,
    "diagonal": np.array([[0.0, 1, 2], [-1, 0, 1], [-2, -1, 0]]),
    "outline": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "mean": np.ones((3, 3)) / 9,
    "moves": np.array([[0.0, 0, 0], [0, 0, 0], [0, 0, 1]]),
}
digit = np.pad(scans[3], 2)  # (28, 28)
stack = np.stack([*kernels.values()])[:, None].astype(np.float32)  # (6, 1, 3, 3)
maps = F.conv2d(digit[None], stack, padding=1).numpy()  # (6, 28, 28)
print("sums of the weights:", *(f"{name} {values.sum():.0f}," for name, values in kernels.items()))


# %% jupyter={"source_hidden": true}
def draw_answers(kernels, maps, picture, title, size=None):
    """Draw kernels, and their maps of a picture below them: red is positive, blue negative."""
    columns = len(kernels) + 1
    _, grid = plt.subplots(2, columns, figsize=(11, 26 / columns), layout="constrained")
    grid[0, 0].axis("off")
    grid[1, 0].imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    grid[1, 0].set_title(title, fontsize=10)
    for (upper, lower), (name, values), answer in zip(
        grid.T[1:], kernels.items(), maps, strict=True
    ):
        end = size or np.abs(values).max()
        upper.imshow(values, cmap="RdBu_r", vmin=-end, vmax=end)
        upper.set_title(name, fontsize=10)
        for (row, j), value in np.ndenumerate(values if size else np.zeros((0, 0))):
            text = "1/9" if name == "mean" else f"{value:g}".replace("-", "−")
            style = {"ha": "center", "va": "center", "fontsize": 8}
            upper.text(j, row, text, color="white" if value > 2 else DARK, **style)
        end = np.abs(answer).max()
        lower.imshow(answer, cmap="RdBu_r", vmin=-end, vmax=end)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    plt.show()


draw_answers(kernels, maps, digit, "the digit", size=3)

# %% [markdown]
# Each is a question, asked at every pixel: "is there more ink to the right?", "is there more ink
# below?", "does this pixel differ from its neighbours?". Four kernels have the sum 0: where all
# pixels are equal they answer 0, and only differences count. The answers keep their places. A
# second layer can ask questions about the answers: "left edge here *and* top edge there: a corner?"
#
# The same kernels find the edges of anything. Here is a photograph ("china", by danielbuechele,
# flickr.com, licence CC BY 2.0; it comes with scikit-learn), made grey. Before you run the next
# cell, write down: which kernel shows the edges of the roofs, and which the columns below them?

# %%
photograph = sample_photograph("china", 0.25)  # (3, 107, 160), from 0 to 1
grey = photograph.mean(0)
across, down = F.conv2d(grey[None], stack[:2]).numpy()  # left edges, top edges: (105, 158)
strength = np.hypot(across, down)  # how strong an edge is, in whichever direction


# %% jupyter={"source_hidden": true}
def draw_photograph():
    """Draw the photograph, the answers of two kernels, and the strength of the edges."""
    _, grid = plt.subplots(2, 2, figsize=(8.6, 6.1), layout="constrained")
    grid[0, 0].imshow(photograph.transpose(1, 2, 0), interpolation="nearest")
    signed = {"cmap": "RdBu_r", "vmin": -2, "vmax": 2, "interpolation": "nearest"}
    grid[0, 1].imshow(across, **signed)
    grid[1, 0].imshow(down, **signed)
    grid[1, 1].imshow(strength, cmap="gray_r", vmin=0, vmax=2.5, interpolation="nearest")
    names = "the photograph", "left edges", "top edges", "strength of both: √(left² + top²)"
    for axes, name in zip(grid.flat, names, strict=True):
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, fontsize=10)
    plt.show()


draw_photograph()

# %% [markdown]
# The roofs lie across the picture: "top edges" shows them. The columns stand upright: "left edges"
# shows them. In a photograph, 1 is *light*, so red now says "lighter to the right" and "lighter
# below". One edge detector sees one direction, and the level sky is white for all of them. The last
# picture is no convolution: it squares and adds.
#
# That is how a deep network sees: many kernels, something that is not linear, and again. And nobody
# has to choose the kernels: they are weights, and weights can be learned. Section 10 shows which
# ones a network chooses.
#
# **Try it:** in "outline", write 9 in place of 8. What is the sum of the weights now, and what does
# the kernel do with level surfaces?
#
# <details><summary>What happens</summary>
#
# The sum is 1. So a level surface stays as it is, and only differences are made larger: every pixel
# is replaced by itself *plus* the answer of "outline". This sharpens a picture. For the mean, the
# sum is 1 too, and differences are made smaller.
#
# </details>
#
# ## 9. How far does one output see?
#
# One output of a 3 x 3 convolution depends on 3 x 3 pixels: that is its **receptive field**. A
# second layer sees 3 x 3 of those.
#
# Before you run the next cell, write down how many pixels (in one dimension) an output of three
# layers with kernels of 3 sees: plain; each with stride 2; with dilation 1, then 2, then 4.


# %%
def receptive_field(layers):
    """Return how many pixels one output sees, and how far apart neighbours look.

    A layer is (kernel, stride, dilation).
    """
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (
            dilation * (kernel - 1) * jump
        )  # it reaches so many steps further, of `jump` pixels
        jump *= stride
    return field, jump


for layers in ([(3, 1, 1)], [(3, 1, 1)] * 3, [(3, 2, 1)] * 3, [(3, 1, 1), (3, 1, 2), (3, 1, 4)]):
    field, jump = receptive_field(layers)
    print(f"{len(layers)} layers {layers!s:35} field {field:2}, neighbours {jump} pixels apart")


# %% jupyter={"source_hidden": true}
def draw_cone(axes, layers, title, width=19):
    """Draw the neurons of a few layers, and what the middle one of the last layer sees."""
    centres = [np.arange(width, dtype=float)]
    links = []
    for kernel, stride, dilation in layers:
        below = centres[-1]
        starts = range(0, len(below) - dilation * (kernel - 1), stride)
        reads = [[start + i * dilation for i in range(kernel)] for start in starts]
        links.append(reads)
        centres.append(np.array([below[r].mean() for r in reads]))
    seen = {int(np.argmin(np.abs(centres[-1] - (width - 1) / 2)))}
    active = [seen]
    for level in range(len(layers), 0, -1):
        lower = set()
        for o, reads in enumerate(links[level - 1]):
            hot = o in seen
            for i in reads:
                ends = [centres[level - 1][i], centres[level][o]], [level - 1, level]
                style = {"color": ORANGE, "linewidth": 1.3, "zorder": 2}
                axes.plot(*ends, **(style if hot else {"color": (INK, 0.3), "linewidth": 0.7}))
            lower |= set(reads) if hot else set()
        seen = lower
        active.append(seen)
    for level, at in enumerate(centres):
        for i, place in enumerate(at):
            face = ORANGE if i in active[len(layers) - level] else "none"
            edge = INK if face == "none" else ORANGE
            axes.plot(place, level, "o", markersize=6, color=face, markeredgecolor=edge, zorder=3)
    field, _ = receptive_field(layers)
    drawn = max(active[-1]) - min(active[-1]) + 1
    assert drawn == field, f"{title}: {drawn} pixels are orange, the formula says {field}"
    axes.set_title(f"{title}: field {field}", fontsize=10)
    names = ["pixels", *(f"layer {i + 1}" for i in range(len(layers)))]
    axes.set(yticks=range(len(names)), yticklabels=names)
    axes.set(xticks=[], xlim=(-1, width))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


_, grid = plt.subplots(1, 3, figsize=(11, 2.5), layout="constrained")
draw_cone(grid[0], [(3, 1, 1)] * 3, "stride 1")
draw_cone(grid[1], [(3, 2, 1)] * 3, "stride 2")
draw_cone(grid[2], [(3, 1, 1), (3, 1, 2), (3, 1, 4)], "dilation 1, 2, 4")
plt.show()

# %% [markdown]
# Each plain layer adds 2 pixels to the field. With strides, or with dilations that double, each
# layer adds twice as much as the layer before it. A stride loses places; a dilation keeps them all,
# and costs more.
#
# **Now you.** The function above starts at the pixels. Start at the other end: one output, and ask
# layer by layer how many numbers it needs below.


# %%
def field_from_above(layers):
    """Return how many pixels one output sees, from the last layer down to the first."""
    # one output; if a layer's neighbours are needed, how many of its inputs do they span?
    raise NotImplementedError


check_blank(
    field_from_above,
    (([(3, 1, 1)],), 3, "one layer"),
    (([(3, 1, 1), (3, 1, 2), (3, 1, 4)],), 15, "dilations 1, 2, 4"),
    (([(5, 1, 1), (3, 2, 1), (3, 1, 2)],), 5 + 2 + 2 * 2 * 2, "a stride in the middle"),
    hint="n neighbouring windows span (n - 1) * stride inputs, and one window more.",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def field_from_above(layers):
#     """Return how many pixels one output sees, from the last layer down to the first."""
#     field = 1
#     for kernel, stride, dilation in reversed(layers):
#         field = (field - 1) * stride + dilation * (kernel - 1) + 1
#     return field
# ```
#
# </details>
#
# You do not have to believe either formula. The tape can *measure* the field: send a gradient back
# from one output, and see which pixels get any. Here is the network that we train in section 10.


# %%
def conv_model(widths=(8, 16, 24, 48)):
    """Return four convolutions, the highest value of each map, and a score for each digit."""
    a, b, c, d = widths
    return nn.Sequential(
        nn.Conv2d(1, a, 5, padding=2), nn.ReLU(),
        nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(b, c, 3, padding=2, dilation=2), nn.ReLU(),
        nn.Conv2d(c, d, 3, padding=2, dilation=2), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(d, 10),
    )  # fmt: skip


def layers_of(model):
    """Return (kernel, stride, dilation) of each convolution of a model."""
    layers = [layer for layer in model if isinstance(layer, nn.Conv2d)]
    return [(layer.kernel_size[0], layer.stride[0], layer.dilation[0]) for layer in layers]


def seen_by_one_output(net, size, channels=1, seed=0):
    """Return how strongly the output in the middle depends on each pixel: (H, W)."""
    noise = np.random.default_rng(seed).random((1, channels, size, size), np.float32)
    page = minidet.tensor(noise, requires_grad=True)
    maps = net(page)
    middle = maps.shape[2] // 2
    maps[0, :, middle, middle].sum().backward()
    return np.abs(page.grad.numpy()[0]).sum(0)


minidet.manual_seed(0)
# without relu: nothing is cut off
body = nn.Sequential(*[layer for layer in conv_model() if isinstance(layer, nn.Conv2d)])
seen = seen_by_one_output(body, 64)
rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
field, jump = receptive_field(layers_of(body))
measured = np.ptp(rows) + 1, np.ptp(columns) + 1
print(f"formula: {field} pixels; measured: {measured[0]} x {measured[1]}; a digit: {SIDE} x {SIDE}")
print(body.summary((1, 1, PAGE, PAGE)))

# %%
assert measured == (field, field), f"the formula says {field}, measured {measured}"
assert field >= SIDE, f"the field, {field} pixels, is smaller than a digit, {SIDE}"

# %% [markdown]
# Is every pixel of the field as important as the others? There are many paths from a pixel in the
# middle to the output, and only one from a corner. We take ten layers of 3 x 3 with random weights,
# and average over several networks.
#
# Before you run the next cell, write down your guess: the field has 21 x 21 = 441 pixels. How many
# of them, the strongest ones, have half of all the influence?

# %%
depth, trials = 10, 5 if QUICK else 40
total = np.zeros((41, 41))
for seed in tqdm(range(trials), desc="random networks", leave=False):
    minidet.manual_seed(seed)
    deep = nn.Sequential(*[nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(depth)])
    total += seen_by_one_output(deep, 41, channels=4, seed=seed)
total /= total.max()
field, _ = receptive_field([(3, 1, 1)] * depth)
summed = np.cumsum(np.sort(total.ravel())[::-1]) / total.sum()  # the strongest first
half = int(np.searchsorted(summed, 0.5)) + 1
most = int(np.searchsorted(summed, 0.95)) + 1
print(f"field {field} x {field} = {field**2} pixels")
print(f"half of the influence: {half} pixels; 95 % of it: {most} pixels")

# %%
outside = (
    total.sum() - total[20 - field // 2 : 21 + field // 2, 20 - field // 2 : 21 + field // 2].sum()
)
assert outside == 0, "pixels beyond the receptive field have influence"

# %% jupyter={"source_hidden": true}
_, (left, right) = plt.subplots(
    1, 2, figsize=(8.5, 3.2), layout="constrained", width_ratios=(1, 1.6)
)
left.imshow(total, cmap="viridis")
corner = 20 - field / 2
left.add_patch(
    Rectangle((corner, corner), field, field, fill=False, edgecolor=ORANGE, linewidth=1.8)
)
left.set(xticks=[], yticks=[], title="influence of each pixel")
right.plot(np.arange(41) - 20, total[20], color=BLUE)
for side in (-1, 1):
    right.axvline(side * field / 2, color=ORANGE)
right.text(field / 2 + 0.5, 0.9, "receptive\nfield", color=ORANGE, va="top")
right.set(xlabel="pixels from the middle", ylabel="influence", ylim=(0, 1.05))
right.set_title("along the middle row")
right.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The *effective* receptive field is a soft spot, smaller than the orange frame: about an eighth of
# the 441 pixels have half of the influence. So give a network a larger field than the things that
# it has to recognise.
#
# There is one more promise to check, the one from section 1: *the same at every place*. Move the
# image, and the feature maps move along. This is called **equivariance**. With strides it holds for
# steps of the whole `jump`.
#
# Before you run the next cell, write down: the network has one layer with stride 2. The page is
# moved by 1, 2, 3 and 4 pixels. After which of them are the maps the same numbers as before, only
# moved?

# %%
page = np.pad(in_the_middle(test_scans[:1]), ((0, 0), (0, 0), (18, 18), (18, 18)))  # (1, 1, 64, 64)
# outputs that see no zeros from beyond the edge, neither before the move nor after it
inner = slice(12, -12)
far = slice(None), slice(None), inner, inner
with minidet.no_grad():
    maps = body(minidet.tensor(page)).numpy()  # (1, 48, 32, 32)
    for shift in (1, 2, 3, 4):
        moved = body(minidet.tensor(np.roll(page, shift, axis=3))).numpy()
        nearest = np.roll(maps, round(shift / jump), axis=3)
        change = np.abs(moved - nearest)[far].max() / np.abs(maps[far]).max()
        told = f"page moved by {shift}, maps by {round(shift / jump)}"
        print(f"{told}: they differ by {change:.1%} of the largest value")
        assert (change < 1e-5) == (shift % jump == 0), f"{told}: unexpected with a jump of {jump}"

# %% [markdown]
# ## 10. Let it learn
#
# The network above, against the one layer of section 1. Again we climb the ladder, one rung after
# the other.
#
# **Rung 1: the loss at the start is log 10**, for someone who knows nothing.

# %%
minidet.manual_seed(0)
net = conv_model()
rng = np.random.default_rng(0)
pages = anywhere(train_scans, rng)
with minidet.no_grad():
    start = F.cross_entropy(net(minidet.tensor(pages[:500])), train_y[:500]).item()
print(f"log 10 = {math.log(10):.4f}, loss at the start: {start:.4f}")
assert abs(start - math.log(10)) < 0.1, f"the loss starts at {start:.4f}, far from log 10"

# %% [markdown]
# **Rung 2: learn one small batch by heart.** A network that cannot do this has a mistake. The rule:
# the loss falls below a tenth of its start. Beside it stands a network with a common mistake: a
# softmax as its last layer, although `cross_entropy` contains one already. Its results lie between
# 0 and 1, so the second softmax never gives the right digit more than $e / (e + 9)$, and the loss
# is never below $\log(1 + 9/e) = 1.46$.
#
# Before you run the next cell, write down: would you notice this mistake from the share of digits
# that are right?

# %%
few, few_y = minidet.tensor(pages[:20]), train_y[:20]


def by_heart(model):
    """Train on 20 pages only; return the loss of each step."""
    optimizer, losses = optim.Adam(model.parameters(), lr=3e-3), []
    for _ in tqdm(range(150), desc="one batch", leave=False):
        loss = F.cross_entropy(model(few), few_y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


minidet.manual_seed(0)
broken = nn.Sequential(conv_model(), nn.Softmax(1))
ladder = {"as it should be": by_heart(net), "softmax twice": by_heart(broken)}
for (name, losses), model in zip(ladder.items(), (net, broken), strict=True):
    told = f"loss {losses[0]:.3f} -> {losses[-1]:.2g}"
    print(f"{name:16} {told:22} right: {accuracy(model, few.numpy(), few_y):.0%}")

# %%
fallen = {name: losses[-1] / losses[0] for name, losses in ladder.items()}
good, bad = fallen.values()
assert good < 0.1, f"the loss fell to {good:.0%} of its start only, a tenth was asked for"
assert bad > 0.1, f"with softmax twice, the loss fell to {bad:.0%}: that cannot be"
floor = math.log(1 + 9 / math.e)
assert min(ladder["softmax twice"]) > floor, "the loss fell below what it can be"

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(figsize=(7, 2.9), layout="constrained")
for (name, losses), style in zip(
    ladder.items(), ({"color": BLUE}, {"color": ORANGE, "ls": "--"}), strict=True
):
    axes.semilogy(losses, label=name, **style)
for height, name in (
    (ladder["as it should be"][0] / 10, "a tenth of the start"),
    (floor, "log(1 + 9/e)"),
):
    axes.axhline(height, color=INK, linestyle=":")
    axes.text(150, height * 1.5, name, ha="right", fontsize=9)
axes.set(xlabel="step", ylabel="loss on 20 pages", ylim=(None, 10))
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# Both read all 20 pages. So the share of right digits does not show the mistake. The loss does: the
# broken network's comes near 1.46 and stays there, above a tenth of its start. That is why this
# rung asks for the loss, and why it is good to have seen a network that fails it.
#
# **Rung 3: train.** Four times: the one layer and the convolutional network, each on digits in the
# middle and on digits that stand somewhere else in each epoch. All four are then tested on both.
#
# Before you run the next cell, write down the order of the four on test digits that stand
# *anywhere*, the best first, and a guess for each.


# %%
def multiply_adds(model):
    """Count the multiplications for one page: a kernel's weight has one for each place."""
    total, size = 0, PAGE
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            options = layer.stride[0], layer.padding[0], layer.dilation[0]
            size = out_size(size, layer.kernel_size[0], *options)
            total += layer.weight.numel() * size * size
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()
    return total


def middle(scans, rng):
    return in_the_middle(scans)


EPOCHS = 4 if QUICK else 20
some = slice(100) if QUICK else slice(None)  # of the test digits, to be read at many places
held_out = {
    "middle": in_the_middle(test_scans),
    "anywhere": anywhere(test_scans, np.random.default_rng(99)),
}
runs = {}
begin = time.process_time()
for name, make in (("one layer", linear_model), ("convolutions", conv_model)):
    for where, make_pages in (("middle", middle), ("anywhere", anywhere)):
        minidet.manual_seed(0)
        model = make()
        losses = train(model, make_pages, EPOCHS, name=f"{name}, {where}")
        shares = {at: accuracy(model, pages, test_y) for at, pages in held_out.items()}
        runs[name, where] = model, losses, shares
seconds = time.process_time() - begin
print(f"{seconds:.0f} s of a processor's time for all four, {EPOCHS} epochs each\n")

print(f"{'':14} {'weights':>8} {'multiply-adds':>14}   trained     tested: middle  anywhere")
for (name, where), (model, _, shares) in runs.items():
    weights = sum(parameter.numel() for parameter in model.parameters())
    cost = f"{weights:8,} {multiply_adds(model):14,}"
    print(f"{name:14} {cost}   {where:10} {shares['middle']:14.1%} {shares['anywhere']:9.1%}")

# %%
best, plain = (runs[name, "anywhere"][2]["anywhere"] for name in ("convolutions", "one layer"))
least = 0.5 if QUICK else 0.9
assert best > least, (
    f"convolutions, anywhere: {best:.1%} are right, more than {least:.0%} are expected"
)
assert best > plain + 0.2, (
    f"convolutions read {best:.1%}, one layer {plain:.1%}: no great difference"
)


# %% jupyter={"source_hidden": true}
def draw_runs():
    """Draw the loss of the four runs, and how the accuracy depends on the place."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    styles = {"middle": "--", "anywhere": "-"}
    kinds = {
        "convolutions": {"color": BLUE, "marker": "o"},
        "one layer": {"color": ORANGE, "marker": "^"},
    }
    for (name, where), (model, losses, _) in runs.items():
        style = {"linestyle": styles[where], "markersize": 4, **kinds[name]}
        smooth = np.convolve(losses, np.ones(15) / 15, mode="valid")
        left.semilogy(np.arange(len(smooth)) + 7, smooth, markevery=50, **style)
        offsets = range(-MIDDLE, MIDDLE + 1)
        shares = []
        for offset in offsets:
            moved = on_page(test_scans[some], MIDDLE + offset, MIDDLE)
            shares.append(100 * accuracy(model, moved, test_y[some]))
        right.plot(offsets, shares, label=f"{name}, trained: {where}", **style)
    left.axhline(math.log(10), color=INK, linestyle=":")
    left.text(0, math.log(10) * 1.15, "log 10", fontsize=9)
    left.set(xlabel="step", ylabel="loss, mean of 15 steps", ylim=(None, 6))
    right.set(xlabel="test digits moved down by (pixels)", ylabel="right (%)", ylim=(0, 102))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    plt.show()


draw_runs()

# %% [markdown]
# Read the table line by line, then the right picture.
#
# - *One layer, trained in the middle*, knows the middle.
# - *One layer, trained anywhere*, has seen every place, and still fails: if the 7 may stand
#   anywhere, ink in one pixel says hardly anything for or against a 7. Its loss hardly falls at
#   all (left). The *form* of the program is wrong.
# - *Convolutions, trained in the middle*, read most digits at places where they never saw one.
#   Nobody taught them; it is built in.
# - *Convolutions, trained anywhere*, are nearly as good at every place. But what are the teeth of
#   the dashed blue curve? Before you run the next cell, write down your guess; it shows some rows
#   again, also with more paper around the page.

# %%
rows = 0, 1, MIDDLE - 1, MIDDLE, MIDDLE + 1, PAGE - SIDE - 1, PAGE - SIDE
print(f"{'upper edge of the digit in row':40}", *(f"{row:6}" for row in rows))
for where in ("middle", "anywhere"):
    for margin in (0, 12):
        shares = []
        for row in rows:
            pages = on_page(test_scans[some], row, MIDDLE)
            pages = np.pad(pages, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
            try:
                shares.append(accuracy(runs["convolutions", where][0], pages, test_y[some]))
            except ValueError:  # a network with a weight for each place
                shares.append(math.nan)
        title = f"trained: {where}" + (f", {margin} pixels more paper" if margin else "")
        print(f"{title:40}", *(f"{share:6.1%}" for share in shares))

# %% [markdown]
# The promise "the same everywhere" has small print, twice.
#
# - **Stride.** Only a move by a multiple of `jump` = 2 pixels gives the same numbers, moved. In
#   training, the upper edge of each digit stood in row 8, an even one. Move a digit down by one
#   row, and the windows of the layer with stride 2 cut it in other places: the network gets numbers
#   that it never saw in training. So it reads fewer digits in every odd row. These are the teeth.
# - **Padding.** In the first layer, zeros are just empty paper. In the layers above, empty paper is
#   no longer 0 (think of the biases), but the padding still is. So the network can see the edge of
#   the page, and a digit next to it looks unlike any that it has learned. With *more paper* around
#   the page, the loss in the outermost even rows is gone; the loss in the odd rows stays. (By the
#   way: a network of convolutions takes pages of any size.)
#
# Training on digits that stand anywhere teaches it both.
#
# **Try it:** change `conv_model` in section 9, one change at a time: (a) take all `nn.ReLU()` out;
# (b) set the stride to 1; (c) replace `nn.AdaptiveMaxPool2d(1)` and the last layer by
# `nn.Flatten(), nn.Linear(d * 14 * 14, 10)`. Before you run everything, write down what happens to
# the two blue curves.
#
# <details><summary>What happens</summary>
#
# Right at any place, trained in the middle and trained anywhere, in one run each:
#
# | Network | middle | anywhere | What it shows |
# |---|---|---|---|
# | as it is | 88.4 % | 93.4 % | |
# | (a) no relu | 92.0 % | 94.8 % | no worse |
# | (b) stride 1 | 96.4 % | 95.8 % | no teeth; four times the multiplications |
# | (c) a weight for each place | 15.0 % | 80.0 % | the promise is gone |
#
# (a) The four convolutions are now one, of 23 x 23 pixels: 48 large patterns, each wide enough for
# a whole digit. The highest value of each map is not linear, and for digits of one size this is
# enough. (b) The jump is 1, so any move gives the same numbers, moved: with more paper, all rows
# have exactly the same share. The field shrinks to 15 pixels, still more than a digit. (c) The
# convolutions are as before, but the last layer has weights for every *place* and learns only those
# where it saw digits. The check below the table says that more than 90 % were expected, and stops;
# run the cells below it by hand. With more paper there is no result (nan): this network takes pages
# of one size.
#
# </details>
#
# Back to the table. The price is in its second column: far more multiplications for each weight.
# That is why this library cares so much about the speed of one operation.
#
# **Rung 4: look at the mistakes.**

# %%
net = runs["convolutions", "anywhere"][0]
with minidet.no_grad():
    probability = F.softmax(net(minidet.tensor(held_out["anywhere"])), 1).numpy()
guess = probability.argmax(1)
wrong = np.flatnonzero(guess != test_y)
wrong = wrong[np.argsort(-probability[wrong, guess[wrong]])]  # the surest first
print(f"{len(wrong)} of {len(test_y)} test digits are read wrongly")

# %% jupyter={"source_hidden": true}
_, grid = plt.subplots(2, 8, figsize=(11, 3.3), layout="constrained")
for axes in grid.flat:
    axes.axis("off")
for i, axes in zip(wrong, grid.flat, strict=False):
    axes.imshow(held_out["anywhere"][i, 0], cmap="gray_r", vmin=0, vmax=1)
    axes.add_patch(Rectangle((-0.5, -0.5), PAGE, PAGE, fill=False, edgecolor=INK))
    axes.set_title(f"{test_y[i]}, said {guess[i]}, {probability[i, guess[i]]:.0%} sure", fontsize=8)
plt.show()

# %% [markdown]
# ### What did it learn to look for?
#
# The eight kernels of the first layer, as they came out of the training, and what each answers on
# one page: drawn as in section 8, red positive and blue negative. Before you run the next cells,
# write down which of your six kernels you expect to find again.

# %%
page = held_out["anywhere"][3:4]
with minidet.no_grad():
    answers = net[0](minidet.tensor(page)).numpy()[0]  # (8, 28, 28)

# %% jupyter={"source_hidden": true}
learned = {f"filter {f}": values for f, values in enumerate(net[0].weight.detach().numpy()[:, 0])}
draw_answers(learned, answers, page[0, 0], "the page")

# %% [markdown]
# Some have a red side and a blue side, as some of section 8: edge detectors at various angles,
# found without us. On their maps, the two sides of a stroke differ. Others are nearly all red: they
# answer to any ink, as the mean does. The tint of the empty paper is the filter's bias. What
# follows, relu, keeps the red and drops the blue. All maps keep the place of the digit; the last
# step of the network (the highest value of each map) forgets it.
#
# For one batch of pages, this table shows what every layer of the trained network returns, and how
# large the gradients are that come back to it. A layer that returns only zeros, or gets no
# gradient, would be dead.

# %%
batch, batch_y = minidet.tensor(held_out["anywhere"][:50]), test_y[:50]
print(
    viz.format_layers(
        viz.layer_table(net, batch, loss=lambda scores: F.cross_entropy(scores, batch_y))
    )
)

# %% [markdown]
# ## 11. How fast?
#
# The six loops are the definition, and nobody could train with them. A first help: NumPy computes
# all pixels at once, and only the loops over the weights' places stay in Python.
#
# Before you run the cells, write down: how many times as fast as the six loops is NumPy here, and
# how many times as fast is minidet?


# %%
def conv2d_taps(images, weight, padding=0):
    """Convolve images (N, C, H, W), stride 1: one matrix product for each tap of the kernel."""
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    _, _, kh, kw = weight.shape
    oh, ow = padded.shape[2] - kh + 1, padded.shape[3] - kw + 1
    out = 0
    for i in range(kh):
        for j in range(kw):
            shifted = padded[:, :, i : i + oh, j : j + ow]  # (N, C, OH, OW)
            out = out + np.tensordot(weight[:, :, i, j], shifted, axes=(1, 1))  # (F, N, OH, OW)
    return out.swapaxes(0, 1)


def clock(function, patience=0.5):
    """Return the seconds of the fastest call: other programs can only make it slower."""
    function()
    times = []
    while len(times) < 3 or (sum(times) < patience and len(times) < 100):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


rng = np.random.default_rng(0)
images = rng.standard_normal((4 if QUICK else 16, 32, 28, 28), np.float32)
weight = rng.standard_normal((32, 32, 3, 3), np.float32) / 17
work = images.shape[0] * weight.size * 28 * 28
corner = images[:1, :8, :8, :8], weight[:4, :8]
corner_work = corner[1].size * 6 * 6
zeros = np.zeros(4)

tensors = minidet.tensor(images), minidet.tensor(weight)
exact = conv2d_loops(corner[0][0], corner[1], zeros)
taps, fast = conv2d_taps(images, weight, 1), F.conv2d(*tensors, padding=1).numpy()
message = "they differ from the six loops"
np.testing.assert_allclose(conv2d_taps(*corner)[0], exact, 1e-4, 1e-4, err_msg=message)
np.testing.assert_allclose(F.conv2d(*corner).numpy()[0], exact, 1e-4, 1e-4, err_msg=message)
np.testing.assert_allclose(fast, taps, 1e-3, 1e-3, err_msg="minidet differs from NumPy")

speed = {
    "six loops": corner_work / clock(lambda: conv2d_loops(corner[0][0], corner[1], zeros)),
    "NumPy, tap by tap": work / clock(lambda: conv2d_taps(images, weight, 1)),
    "minidet": work / clock(lambda: F.conv2d(*tensors, padding=1)),
}
print(f"{len(images)} images, 32 channels, 32 filters: {work / 1e6:.0f} million multiply-adds")
for name, value in speed.items():
    times = value / speed["six loops"]
    rate = f"{value / 1e6:10.2f} million per second"
    print(f"{name:18} {rate}: {work / value:10.4f} s, {times:8.0f} times as fast")

# %% [markdown]
# (The loops were timed on a corner of one image, and the time for all of it computed from that.)
#
# In the first two lines the arithmetic is the same: every product of the definition. What differs
# is the order in which memory is read, and how many numbers the processor takes at once. The last
# line also leaves products out. For 3 x 3 kernels with stride 1 and at least 16 channels and
# filters, minidet uses Winograd's algorithm: 16 products in the place of 36, and some additions
# more. (The table counts all products of the definition for all three.) The way from the first line
# to the last, in nine steps, is the story of
# [extra_how_fast_is_a_convolution](extra_how_fast_is_a_convolution.ipynb).
#
# ## Summary
#
# 1. A convolution lays one small kernel on every place of an image; each result is a sum of pixels
#    times weights.
# 2. A filter has a kernel for each input channel, and gives one feature map; a layer has many
#    filters.
# 3. Padding, stride, dilation and groups change where windows lie and what they read; one formula
#    gives the size.
# 4. It is a matrix product whose matrix is nearly empty and repeats few weights: near, and the same
#    everywhere.
# 5. The gradient of the input is the transposed matrix times `G`: a convolution with the kernel
#    turned round.
# 6. The gradient of the weights is a convolution of the input with `G`; that of the bias is the sum
#    of `G`.
# 7. A kernel is a question about a neighbourhood, such as "is this an edge?"; a network learns its
#    own questions.
# 8. The receptive field grows with kernels, strides and dilations; the part of it that matters is
#    smaller.
# 9. Equivariance: move the image, and the maps move along, by whole steps of the strides and far
#    from the edge.
# 10. The ladder: the loss at the start, one batch by heart, training, mistakes; a check has to be
#     able to fail.
#
# | Term | Section | Builds on |
# |---|---|---|
# | window, weights | 2 | sum of products |
# | kernel, filter, feature map | 3 | window; channels |
# | padding, stride, dilation | 4 | window |
# | groups, depthwise | 4 | filter; channels |
# | matrix of a convolution | 6 | window; matrix product |
# | input gradient, adjoint test | 7 | matrix, transposed |
# | weight gradient | 7 | window; the walk back of notebook 01 |
# | edge detector | 8 | kernel with the sum 0 |
# | receptive field, jump | 9 | kernel, stride, dilation |
# | effective receptive field | 9 | receptive field; gradient |
# | equivariance | 9, 10 | stride, padding |
# | Winograd's algorithm | 11 | 3 x 3 kernel |
#
# ## Questions
#
# **1.** Two 3 x 3 convolutions, one after the other, or one of 5 x 5: both see 5 x 5 pixels. With
# 32 channels everywhere, which has fewer weights? What else is different?
#
# <details><summary>Answer</summary>
#
# 2 · 9 · 32 · 32 against 25 · 32 · 32: the two small ones need 18/25 of the weights, and of the
# multiplications of the definition. And there is a relu between them, so they can compute things
# that no single convolution can. *Without* the relu they would be one convolution of 5 x 5 (except
# near the edge): a matrix times a matrix is a matrix.
#
# </details>
#
# **2.** A 1 x 1 convolution sees a single pixel. What is it good for?
#
# <details><summary>Answer</summary>
#
# It mixes the channels of each pixel: at every place the same small layer (C -> F). It changes the
# number of channels cheaply, and it gives every *pixel* its class scores. That is how a network
# that names whole images becomes one that names every pixel: see
# [notebook 05](05_from_sliding_window_to_fully_convolutional.ipynb).
#
# </details>
#
# **3.** Padding with zeros breaks the promise "the same everywhere". Where, and what can a network
# make of it?
#
# <details><summary>Answer</summary>
#
# At the edge, as we saw. The outer windows see zeros that are not in the picture. So an edge
# detector answers along the whole frame, unless the background is 0. A deep network can learn from
# that how far the edge is, and so, roughly, where it is looking: sometimes useful, sometimes a
# reason why it fails on images of another size.
#
# </details>
#
# **4.** Why does the bias's gradient contain no weight and no pixel?
#
# <details><summary>Answer</summary>
#
# The bias of a filter is added to each of its outputs. Its slope there is 1, and it is used once
# for every place. So its gradient is the sum of `G` over all places: broadcasting, read backwards.
#
# </details>
#
# ## What to read next
#
# - The next notebook: [03_pooling_and_unpooling](03_pooling_and_unpooling.ipynb). What exactly did
#   the "highest value of each map" do, and what did it lose?
# - [minidet/kernels/reference/conv.py](../minidet/kernels/reference/conv.py): all of this in a few
#   lines of NumPy; and [minidet/nn/functional/conv.py](../minidet/nn/functional/conv.py): forward
#   and backward side by side.
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285): section 4 with moving pictures.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
#   recognition*, Proceedings of the IEEE 86, 1998: convolutions that read cheques. Sections I and
#   II.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel, *Understanding the effective receptive field in deep
#   convolutional neural networks*, NeurIPS 2016,
#   [arXiv:1701.04128](https://arxiv.org/abs/1701.04128): section 9.
# - R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019,
#   [arXiv:1904.11486](https://arxiv.org/abs/1904.11486): what strides do to the promise of section
#   1, and a cure.
# - F. Yu, V. Koltun, *Multi-scale context aggregation by dilated convolutions*, ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122): fields that double.
