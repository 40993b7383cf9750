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
# A small pattern, a corner or a piece of a stroke, means the same wherever it stands in a picture. A convolution is
# the operation that knows this: it looks for one small pattern everywhere. It is the main operation of every network
# in this library. Here you compute it by hand, write it as six loops, see it as a matrix, derive its gradients, look
# through its eyes, and let a small network learn its own patterns.
#
# |  |  |
# |---|---|
# | **Time** | 100 minutes to read and try; all cells together run in about one |
# | **You need** | Python and NumPy; [01_autograd](01_autograd.ipynb), for what a gradient is and how it is checked |
# | **You need not** | to have heard of image processing |
#
# **At the end you can say**
# - what a convolution computes, and how large its result is, for any padding, stride, dilation and groups;
# - why it needs so few weights, and what it takes for granted in return;
# - what its two gradients are, and why they are convolutions themselves;
# - what a receptive field is, how to compute it, and how to measure it;
# - how to find out, in the right order, whether a network learns.
#
# Look for **Try it**. Nothing can break: *Restart kernel and run all* brings everything back.

# %%
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal
from matplotlib.patches import Rectangle
from tqdm import tqdm

import minidet
from minidet import nn, optim, viz
from minidet.autograd import gradcheck
from minidet.data.digits import TRAINING_SCANS, load_scans
from minidet.nn import functional as F

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # fewer steps: is every cell right?
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "white", "font.size": 10})
BLUE, ORANGE, GREEN, GREY = "#4477aa", "#cc5511", "#338855", "#999999"
LIGHT_BLUE, LIGHT_ORANGE, YELLOW = "#c6dbef", "#f9d3ae", "#fdedb0"
print(f"NumPy {np.__version__}, minidet {minidet.__version__}{', quick mode' if QUICK else ''}")

# %% [markdown]
# ## 1. The problem: a digit that was moved
#
# We take handwritten digits of 12 x 12 pixels and put them on a page of 28 x 28. First always into the middle.

# %%
SIDE, PAGE = 12, 28
scans, digits = load_scans()  # (1797, 24, 24), ink from 0 to 1; (1797,)
small = scans.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))  # (1797, 12, 12): means of 2 x 2 pixels
train_scans, train_y = small[:TRAINING_SCANS], digits[:TRAINING_SCANS]
test_scans, test_y = small[TRAINING_SCANS:], digits[TRAINING_SCANS:]
MIDDLE = (PAGE - SIDE) // 2


def on_page(scans, rows, columns):
    """Put each scan on an empty page, its corner at (row, column): (N, 12, 12) -> (N, 1, 28, 28)."""
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
    _, grid = plt.subplots(len(rows), len(rows[0]), figsize=(10.5, 1.15 * len(rows)), layout="constrained")
    for line, pages, title in zip(grid, rows, titles, strict=True):
        line[0].set_ylabel(title)
        for axes, page in zip(line, pages, strict=True):
            axes.imshow(page[0], cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
    plt.show()


show_pages(
    [in_the_middle(train_scans[:10]), anywhere(train_scans[:10], np.random.default_rng(0))], ["middle", "anywhere"]
)

# %% [markdown]
# The simplest network is one layer: a weight for every pixel and every digit. The score of a digit is the sum of all
# pixels, each times its weight. We train it on digits in the middle, with the steps of the last notebook
# (`optim.Adam` is a cleverer way to choose the length of each step). Then we move the test digits.


# %%
def accuracy(model, pages, labels):
    """Return the share of pages whose highest score is that of the true digit."""
    with minidet.no_grad():
        scores = [model(minidet.tensor(pages[i : i + 250])).numpy() for i in range(0, len(pages), 250)]
    return float((np.concatenate(scores).argmax(1) == labels).mean())


def train(model, make_pages, epochs, rate=3e-3, batch=50, seed=0, name="train"):
    """Train on pages that ``make_pages(scans, rng)`` makes anew in each epoch; return the loss of every step."""
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
falling = [accuracy(linear, on_page(test_scans, MIDDLE, MIDDLE + shift), test_y) for shift in shifts]
print("weights:", sum(parameter.numel() for parameter in linear.parameters()))
for shift in (0, 1, 2, 4):
    print(f"test digits moved by {shift} pixels: {falling[shift]:.0%} right")
assert falling[0] > 0.85
assert falling[4] < 0.5

# %% [markdown]
# It reads well, and a few pixels to the right it is lost. No wonder: the weights that learned the stroke of a 1 sit
# *in the middle*. To the right of it there are other weights, and nobody ever showed them a 1.
#
# We could show every digit at every place. Then the layer would have to learn the same thing hundreds of times.
# Better to build it in: **one small set of weights, used at every place**.
#
# ## 2. One dimension, by hand
#
# Take a row of numbers `x`, and three weights `w`. Lay the weights on the first three numbers, multiply, add: that is
# the first result. Move one to the right: the second. This is all.
#
# $$\mathrm{out}[o] = \sum_j w[j] \cdot x[o + j]$$

# %%
x = np.array([1.0, 1, 2, 4, 4, 4, 3, 0])
w = np.array([-1.0, 0, 1])


def slide(x, w):
    """Return the convolution of two rows of numbers."""
    return np.array([sum(w[j] * x[o + j] for j in range(len(w))) for o in range(len(x) - len(w) + 1)])


print(slide(x, w))


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim):
    """Return axes without a frame, for a drawing in which a cell is a square."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, aspect="equal")
    axes.axis("off")
    return axes


def cell(axes, x, y, text="", face="white", size=1.0, edge="0.6", **style):
    """Draw a square with its upper left corner at (x, y), and a number in it."""
    over = 1 if edge == "0.9" else 2  # pale frames lie below the others
    style = {"ha": "center", "va": "center", "zorder": 3, **style}
    frame = {"facecolor": face, "edgecolor": edge, "linewidth": 0.8, "zorder": over}
    axes.add_patch(Rectangle((x, y - size), size, size, **frame))
    axes.text(x + size / 2, y - size / 2, text.replace("-", "−"), **style)


def product(one, other):
    """Write a product; a negative second factor stands in brackets."""
    return f"{one:g}·" + (f"({other:g})" if other < 0 else f"{other:g}")


def sum_of(terms, result):
    """Write a sum with its result."""
    return (" + ".join(terms).replace("+ -", "− ") + f" = {result:g}").replace("-", "−")


def row_of(axes, values, x, y, faces="white", **style):
    """Draw a row of numbers."""
    for i, value in enumerate(values):
        cell(axes, x + i, y, f"{value:g}", faces if isinstance(faces, str) else faces[i], **style)


def draw_slide(x, w, names=("x", "w", "out"), zeros=0):
    """Draw all windows of a convolution in one dimension, with every product; the outer ``zeros`` of x are padding."""
    out = slide(x, w)
    lines = len(out)
    words = [sum_of([product(w[j], x[o + j]) for j in range(len(w))], out[o]) for o in range(lines)]
    width = len(x) + 0.6 + 0.24 * max(map(len, words))
    left = 0.6 + 0.3 * max(map(len, names[:2]))
    axes = canvas(0.42 * (width + left), 0.42 * (lines + 2.2), (-left, width), (-lines - 0.3, 1.9))
    inner = ["#eeeeee" if i < zeros or i >= len(x) - zeros else "white" for i in range(len(x))]
    row_of(axes, x, 0, 1.6, inner)
    axes.text(-0.3, 1.1, names[0], ha="right", va="center", weight="bold")
    for o in range(lines):
        for i in range(len(x)):
            inside = o <= i < o + len(w)
            faces = {"face": YELLOW, "edge": "0.6"} if inside else {"edge": "0.9"}
            cell(axes, i, -o, f"{w[i - o]:g}" if inside else "", **faces)
        axes.text(len(x) + 0.4, -o - 0.5, words[o], va="center")
    axes.text(-0.3, -0.5, names[1], ha="right", va="center", weight="bold")
    axes.text(len(x) + 0.4, 0.35, names[2], va="center", weight="bold")
    plt.show()


draw_slide(x, w)

# %% [markdown]
# Look at the result. With the weights `[-1, 0, 1]` it is zero where `x` is level, positive where it rises, negative
# where it falls. Three weights have become an *edge detector*. Other weights find something else: `[1/3, 1/3, 1/3]`
# is a mean, which makes smooth.
#
# A word about the name. Mathematicians turn the weights round before they slide them, and call *that* convolution;
# this is "correlation" to them. In deep learning nobody turns them: weights that are learned do not care. NumPy has
# both:

# %%
np.testing.assert_array_equal(slide(x, w), np.correlate(x, w, mode="valid"))
np.testing.assert_array_equal(slide(x, w), np.convolve(x, w[::-1], mode="valid"))
print("with the weights turned round:", np.convolve(x, w, mode="valid"))

# %% [markdown]
# **Try it:** find three weights whose result is 0 on every straight line, whatever its slope, and 1 or more at a
# corner.
#
# ## 3. Two dimensions, by hand
#
# The same with an image of 4 x 4 and a *kernel* of 3 x 3 weights. There are four places to lay it.

# %%
image = np.array([[0.0, 1, 3, 3], [0, 2, 3, 1], [1, 3, 2, 0], [2, 3, 0, 0]])
kernel = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
result = np.array([[np.sum(image[h : h + 3, w : w + 3] * kernel) for w in range(2)] for h in range(2)])
by_hand = (0 * 1 + 1 * 0 - 3 * 1) + (0 * 2 + 2 * 0 - 3 * 2) + (1 * 1 + 3 * 0 - 2 * 1)
assert result[0, 0] == by_hand
print(result)


# %% jupyter={"source_hidden": true}
def draw_windows():
    """Draw the four windows of the image with the weights on them, and what each gives."""
    axes = canvas(10.8, 3.1, (-0.4, 25.0), (-6.6, 0.9))
    for number, (h, w) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        left = number * 5
        for row in range(4):
            for column in range(4):
                inside = h <= row < h + 3 and w <= column < w + 3
                cell(axes, left + column, -row, f"{image[row, column]:g}", YELLOW if inside else "white", fontsize=11)
                if inside:
                    weight = f"×{kernel[row - h, column - w]:g}".replace("-", "−")
                    axes.text(left + column + 0.96, -row - 0.86, weight, ha="right", color=ORANGE, fontsize=7, zorder=4)
        lines = []
        for row in range(3):
            terms = [(image[h + row, w + j], kernel[row, j]) for j in range(3) if kernel[row, j]]
            lines.append(" + ".join(product(*pair) for pair in terms))
        words = ("   " + "\n+ ".join(lines) + f"\n=  {result[h, w]:g}").replace("-", "−")
        axes.text(left + 0.1, -4.3, words, va="top", fontsize=9, linespacing=1.4)
        axes.text(left + 2, 0.4, f"window ({h}, {w})", ha="center")
    for h in range(2):
        for w in range(2):
            cell(axes, 21.3 + 1.4 * w, -0.6 - 1.4 * h, f"{result[h, w]:g}", LIGHT_BLUE, size=1.4, fontsize=11)
    axes.text(22.7, 0.4, "result", ha="center")
    plt.show()


draw_windows()

# %% [markdown]
# The kernel compares the left column of each window with the right one. The middle row counts twice. The result is
# large where it gets darker or lighter *from left to right*. The result has one number for each place, and keeps the
# places' order: it is an image again. One calls it a **feature map**.
#
# Real images have several channels (red, green, blue; or the feature maps of the layer before). Then a filter has a
# kernel for each channel, and the sum runs over the channels too. And a layer has several filters. Each gives a map
# of its own:
#
# $$\mathrm{out}[f, h, w] = \mathrm{bias}[f] +
#   \sum_{c} \sum_{i} \sum_{j} \mathrm{weight}[f, c, i, j] \cdot \mathrm{image}[c, h + i, w + j]$$
#
# ## 4. Four ways to lay windows
#
# The windows above touch only what is inside, and lie on every pixel. There are four options.
#
# - **padding**: zeros around the image, so that windows may stick out. With kernels of 3 x 3 and padding 1, the
#   result is as large as the image.
# - **stride**: the step from window to window. With stride 2, the result has half as many rows and columns.
# - **dilation**: the step between the weights *inside* a window. It sees further, with the same number of weights.
# - **groups**: cut the channels into groups, and let each filter see only one of them.


# %% jupyter={"source_hidden": true}
def out_size(size, kernel, stride=1, padding=0, dilation=1):
    """Return how many windows there are along an axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def draw_option(axes, title, size, stride=1, padding=0, dilation=1):
    """Draw a padded image with its first (blue), second (outline) and last (orange) window, and the result."""
    count, whole = out_size(size, 3, stride, padding, dilation), size + 2 * padding
    taps = {}
    for o, colour in ((0, LIGHT_BLUE), (count - 1, LIGHT_ORANGE)):
        for i in range(3):
            for j in range(3):
                taps[o * stride + i * dilation, o * stride + j * dilation] = colour
    for row in range(whole):
        for column in range(whole):
            padded = min(row, column) < padding or max(row, column) >= whole - padding
            face = taps.get((row, column), "#eeeeee" if padded else "white")
            cell(axes, column, -row, "0" if padded else "", face, color="0.5", fontsize=8)
    reach = dilation * 2 + 1
    for at, colour, style in ((0, BLUE, "-"), (1, "0.3", ":"), (count - 1, ORANGE, "-")):
        down = 0 if at == 1 else at  # the second window is the neighbour to the right of the first
        corner = at * stride, -down * stride - reach
        axes.add_patch(
            Rectangle(corner, reach, reach, fill=False, edgecolor=colour, linewidth=2, linestyle=style, zorder=4)
        )
    for row in range(count):
        for column in range(count):
            faces = {(0, 0): LIGHT_BLUE, (count - 1, count - 1): LIGHT_ORANGE, (0, 1): "#dddddd"}
            cell(axes, whole + 1 + column, -(whole - count) / 2 - row, "", faces.get((row, column), "white"))
    axes.set_title(title + f"\n{size} × {size} → {count} × {count}", fontsize=10)
    axes.set(xlim=(-0.3, whole + count + 1.3), ylim=(-8.3, 0.3), aspect="equal")
    axes.axis("off")


_, grid = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained", width_ratios=(11.6, 13.6, 12.6, 11.6))
draw_option(grid[0], "plain", 6)
draw_option(grid[1], "padding 1", 5, padding=1)
draw_option(grid[2], "stride 2, padding 1", 6, stride=2, padding=1)
draw_option(grid[3], "dilation 2", 7, dilation=2)
plt.show()

# %% [markdown]
# Blue: the first window, and the result that it gives. Dotted: its neighbour to the right. Orange: the last window.
# In the third picture, the windows do not reach the last row and column of zeros: what does not fill a step is left
# out.
#
# **How large is the result?** With kernel size $k$ and dilation $d$, a window spans $d (k - 1) + 1$ pixels. The
# padded image has $n + 2p$. So the first window leaves $n + 2p - d(k - 1) - 1$ pixels to move in, in steps of $s$:
#
# $$\mathrm{size} = \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1$$

# %%
for options in ({}, {"padding": 1}, {"stride": 2, "padding": 1}, {"dilation": 2}):
    places = [out_size(28, 3, **options), out_size(28, 5, **options)]
    print(f"28 pixels, {options!s:30} kernel 3: {places[0]}, kernel 5: {places[1]}")


# %% jupyter={"source_hidden": true}
def draw_groups():
    """Draw which filter reads which channel, for 4 channels and 4 filters."""
    _, grid = plt.subplots(1, 3, figsize=(10, 2.5), layout="constrained")
    for axes, groups in zip(grid, (1, 2, 4), strict=True):
        colours = [LIGHT_BLUE, LIGHT_ORANGE, YELLOW, "#cde8d5"]
        for f in range(4):
            group = f * groups // 4
            for c in range(4):
                if c * groups // 4 == group:
                    axes.plot([1, 3], [-c - 0.5, -f - 0.5], color="0.65", linewidth=1, zorder=1)
            cell(axes, 0, -f, f"c{f}", colours[group] if groups > 1 else "white")
            cell(axes, 3, -f, f"f{f}", colours[group] if groups > 1 else "white")
        axes.set_title(f"groups {groups}: weight (4, {4 // groups}, 3, 3), {4 * 4 // groups * 9} numbers", fontsize=10)
        axes.set(xlim=(-1.5, 5.5), ylim=(-4.2, 0.2), aspect="equal")
        axes.axis("off")
    plt.show()


draw_groups()

# %% [markdown]
# At the right, each filter has one channel of its own: a *depthwise* convolution, the cheapest there is.
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
                            pixel = padded[first + c, h * stride + i * dilation, w * stride + j * dilation]
                            total += weight[f, c, i, j] * pixel
                out[f, h, w] = total
    return out


rng = np.random.default_rng(0)
none = np.zeros(1)

# known values: our result by hand; a kernel with a single 1 moves the image; ones on ones count the pixels
np.testing.assert_array_equal(conv2d_loops(image[None], kernel[None, None], none)[0], result)
single = np.zeros((1, 1, 3, 3))
single[0, 0, 1, 2] = 1
moved = conv2d_loops(image[None], single, none, padding=1)[0]
np.testing.assert_array_equal(moved[:, :-1], image[:, 1:])
counted = conv2d_loops(np.ones((2, 3, 3)), np.ones((1, 2, 3, 3)), none, padding=1)[0]
np.testing.assert_array_equal(counted, [[8, 12, 8], [12, 18, 12], [8, 12, 8]])

# someone else's program: SciPy's works on one channel, so we add over the channels
picture, filters = rng.standard_normal((3, 9, 8)), rng.standard_normal((2, 3, 3, 2))
expected = [sum(scipy.signal.correlate2d(picture[c], f[c], mode="valid") for c in range(3)) for f in filters]
np.testing.assert_allclose(conv2d_loops(picture, filters, np.zeros(2)), expected, rtol=1e-10, atol=1e-12)

# the library, with options drawn at random
compared = 0
for _ in tqdm(range(15 if QUICK else 60), desc="options", leave=False):
    stride, padding, dilation, groups = (int(n) for n in rng.integers([1, 0, 1, 1], [4, 3, 3, 4]))
    size, kernel_size = rng.integers(5, 10, 2), rng.integers(1, 4, 2)
    picture = rng.standard_normal((2 * groups, *size))
    filters, bias = rng.standard_normal((2 * groups, 2, *kernel_size)), rng.standard_normal(2 * groups)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if min(size + 2 * padding - dilation * (kernel_size - 1)) < 1:
        continue  # the kernel is larger than the image: the library refuses it
    ours = conv2d_loops(picture, filters, bias, **options)
    np.testing.assert_allclose(F.conv2d(picture, filters, bias, **options).numpy(), ours, rtol=1e-10, atol=1e-12)
    compared += 1
print(f"{compared} sets of options: the loops and minidet agree")
assert compared > 5

# %% [markdown]
# **Try it:** forget `* dilation` in one of the two places. Which check notices it, and which ones do not?
#
# ## 6. A convolution is a matrix
#
# Each result is a sum of inputs times weights. So the whole operation is a matrix product: a matrix that holds the
# weights in each row, one place further in each, and zeros elsewhere. For the row of section 2:


# %%
def matrix_of(function, shape):
    """Return the matrix of a linear function of arrays of this shape: column by column, from inputs with a single 1."""
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


# %% jupyter={"source_hidden": true}
def draw_matrix(axes, matrix, at, size=1.0, row=None, column=None, fontsize=9):
    """Draw a matrix; zeros are pale; one row and one column may be framed."""
    for r, line in enumerate(matrix):
        for c, value in enumerate(line):
            face = YELLOW if value else "white"
            text, colour = (f"{value:g}", "black") if value else ("0", "0.75")
            cell(axes, at[0] + c * size, at[1] - r * size, text, face, size, "0.8", color=colour, fontsize=fontsize)
    height, width = matrix.shape
    if row is not None:
        corner = at[0], at[1] - (row + 1) * size
        axes.add_patch(Rectangle(corner, width * size, size, fill=False, edgecolor=BLUE, linewidth=2.2, zorder=4))
    if column is not None:
        corner = at[0] + column * size, at[1] - height * size
        axes.add_patch(Rectangle(corner, size, height * size, fill=False, edgecolor=ORANGE, linewidth=2.2, zorder=4))


def draw_matrices():
    """Draw the matrices of the two convolutions."""
    axes = canvas(11, 3.8, (-0.8, 29), (-8.1, 2.1))
    matrices = matrix.copy()
    matrices[matrices == 0] = 0
    draw_matrix(axes, matrices, (0, 0), row=1, column=3)
    for r, value in enumerate(x):
        cell(axes, 8.8, 1 - r, f"{value:g}", "white")
    for r, value in enumerate(slide(x, w)):
        cell(axes, 11.0, -r, f"{value:g}", LIGHT_BLUE if r == 1 else "white")
    axes.text(4, 0.5, "matrix (6, 8)", ha="center")
    axes.text(8.4, -3, "@", ha="center", va="center", fontsize=13)
    axes.text(10.4, -3, "=", ha="center", va="center", fontsize=13)
    axes.text(9.3, 1.4, "x", ha="center")
    axes.text(11.5, 0.4, "out", ha="center")
    draw_matrix(axes, matrix2, (13.2, -0.6), size=0.97, fontsize=8)
    axes.text(21, -0.1, "2D: the kernel of section 3 on a 4 × 4 image, matrix (4, 16)", ha="center")
    words = "blue: what one output reads\norange: who reads one input"
    axes.text(13.2, -6.2, words, va="center")
    plt.show()


draw_matrices()
share = np.count_nonzero(matrix2) / matrix2.size
print(f"the matrix for 4 x 4 has {matrix2.size} entries, {share:.0%} are not 0, and only {kernel.size} can differ")
every = (PAGE * PAGE) ** 2
print(f"for a page of {PAGE} x {PAGE}, with padding 1, it would have {every:,} entries; still {kernel.size} weights")

# %% [markdown]
# This is the difference to the layer of section 1, whose matrix had a weight of its own in every entry. A convolution
# takes two things for granted: what matters is **near** (all else is 0), and it means **the same everywhere** (all
# rows hold the same numbers). For pictures, both are good guesses. So few weights learn from few examples.
#
# Nobody multiplies with this matrix: it is nearly empty. But it makes the next section easy.
#
# ## 7. The gradients
#
# `G` is the gradient of the output, as the walk back brings it. We need that of the input and that of the weights.
#
# **The input.** Look at the orange column. It says who reads the input `x[3]`: `out[1]`, with the *last* weight;
# `out[2]`, with the middle one; `out[3]`, with the *first*. Each of them sends its gradient back, times that weight:
#
# $$\mathrm{grad}\,x[p] = \sum_j w[j] \cdot G[p - j]$$
#
# A column of the matrix is a row of the *transposed* matrix. So the gradient is `matrix.T @ G`. In it the weights
# appear in reverse order. It is again a convolution: of `G`, with zeros around, and *now* the weights are turned
# round.
#
# **The weights.** The weight `w[j]` meets `x[o + j]` on its way to `out[o]`, for every `o`:
#
# $$\mathrm{grad}\,w[j] = \sum_o G[o] \cdot x[o + j]$$
#
# That is a convolution too: of `x`, with `G` as the kernel.

# %%
G = np.array([1.0, 0, 2, -1, 0, 1])
padded_G = np.pad(G, len(w) - 1)
grad_x, grad_w = slide(padded_G, w[::-1]), slide(x, G)

np.testing.assert_array_equal(grad_x, matrix.T @ G)
assert grad_x[3] == w[2] * G[1] + w[1] * G[2] + w[0] * G[3]  # the orange column
for j in range(3):  # the output is linear in w, so a step of any length gives the exact slope
    step = np.eye(3)[j]
    assert grad_w[j] == G @ slide(x, w + step) - G @ slide(x, w)
print("gradient of x:", grad_x)
print("gradient of w:", grad_w)

# %% jupyter={"source_hidden": true}
draw_slide(padded_G, w[::-1], ("G with zeros", "w reversed", "gradient of x"), zeros=2)
draw_slide(x, G, ("x", "G", "gradient of w"))

# %% [markdown]
# In two dimensions, with all options, one need not think again. Take the six loops. Where the way there says
#
# `total += weight * pixel`
#
# the walk back says "pixel gets weight times G, and weight gets pixel times G". The same loops, the same indices.


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
picture, filters, bias = rng.standard_normal((4, 7, 8)), rng.standard_normal((6, 2, 3, 2)), rng.standard_normal(6)
out = conv2d_loops(picture, filters, bias, **options)
cotangent = rng.standard_normal(out.shape)
gradients = conv2d_loops_backward(cotangent, picture, filters, **options)

# 1. the adjoint test: <C x, G> = <x, C' G>, whatever x and G are
left = np.sum(conv2d_loops(picture, filters, np.zeros(6), **options) * cotangent)
right = np.sum(picture * gradients[0])
print(f"adjoint test: {left:.12f} = {right:.12f}")
assert math.isclose(left, right, rel_tol=1e-10)

# 2. finite differences, for every number
arrays = picture, filters, bias
for array, gradient in zip(arrays, gradients, strict=True):
    for index in np.ndindex(array.shape):
        before, sides = array[index], []
        for step in (1e-6, -1e-6):
            array[index] = before + step
            sides.append(np.sum(conv2d_loops(*arrays, **options) * cotangent))
        array[index] = before
        assert math.isclose((sides[0] - sides[1]) / 2e-6, gradient[index], rel_tol=1e-5, abs_tol=1e-6)

# 3. the library: its backward gives the same, and passes its own check
tensors = [minidet.tensor(array, requires_grad=True) for array in arrays]
F.conv2d(*tensors, **options).backward(cotangent)
for one, gradient in zip(tensors, gradients, strict=True):
    np.testing.assert_allclose(one.grad.numpy(), gradient, rtol=1e-9, atol=1e-12)
assert gradcheck(lambda *t: F.conv2d(*t, **options), tensors)
print("loops, finite differences and minidet: the same three gradients")

# %% [markdown]
# The adjoint test deserves a second look. It says that the gradient of the input is the *transposed* convolution, and
# tests that without one derivative. It is exact up to rounding, so it finds what finite differences leave in their
# noise. You will meet the transposed convolution again: as a way to make images *larger*, in
# [04_transposed_convolution](04_transposed_convolution.ipynb).
#
# **Try it:** write `h` in place of `h * stride` in `conv2d_loops_backward`. The adjoint test complains. Take that
# test away, and see what the next one says.
#
# ## 8. A look: what kernels see
#
# Six kernels, chosen by hand, on one digit. Red is positive, blue is negative.

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
maps = F.conv2d(
    digit[None], np.stack([*kernels.values()])[:, None].astype(np.float32), padding=1
).numpy()  # (6, 28, 28)


# %% jupyter={"source_hidden": true}
def draw_kernels():
    """Draw each kernel with its numbers, and its map of the digit below."""
    _, grid = plt.subplots(2, 7, figsize=(11, 3.7), layout="constrained", height_ratios=(1, 1.05))
    grid[0, 0].axis("off")
    grid[1, 0].imshow(digit, cmap="gray_r", vmin=0, vmax=1)
    grid[1, 0].set_title("the digit", fontsize=10)
    for column, (name, values) in enumerate(kernels.items(), 1):
        grid[0, column].imshow(values, cmap="RdBu_r", vmin=-3, vmax=3)
        for (row, j), value in np.ndenumerate(values):
            text = "1/9" if name == "mean" else f"{value:g}".replace("-", "−")
            grid[0, column].text(
                j, row, text, ha="center", va="center", fontsize=8, color="white" if value > 2 else "black"
            )
        size = np.abs(maps[column - 1]).max()
        grid[1, column].imshow(maps[column - 1], cmap="RdBu_r", vmin=-size, vmax=size)
        grid[0, column].set_title(name, fontsize=10)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    plt.show()


draw_kernels()

# %% [markdown]
# Each is a question, asked at every pixel: "is it darker to the right?", "is it darker below?", "does this pixel
# differ from its neighbours?". The answers keep their places. A second layer can ask questions about the answers:
# "left edge here *and* top edge there: a corner?" That is how a deep network sees. And nobody has to choose the
# kernels: they are weights, and weights can be learned. We shall see what it chooses.
#
# ## 9. How far does one output see?
#
# One output of a 3 x 3 convolution depends on 3 x 3 pixels: that is its **receptive field**. A second layer sees 3 x
# 3 of those. In one dimension:


# %%
def receptive_field(layers):
    """Return how many pixels one output sees, and how far apart neighbours look, for (kernel, stride, dilation) ..."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump  # the layer reaches so many steps further, and a step is `jump` pixels
        jump *= stride
    return field, jump


for layers in ([(3, 1, 1)], [(3, 1, 1)] * 3, [(3, 2, 1)] * 3, [(3, 1, 1), (3, 1, 2), (3, 1, 4)]):
    field, jump = receptive_field(layers)
    print(f"{len(layers)} layers {layers!s:35} field {field:2}, neighbours {jump} pixels apart")


# %% jupyter={"source_hidden": true}
def draw_cone(axes, layers, title, width=19):
    """Draw the neurons of a few layers in one dimension, and what the middle one of the last layer sees."""
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
                axes.plot(*ends, color=ORANGE if hot else "0.85", linewidth=1.3 if hot else 0.7, zorder=2 if hot else 1)
            lower |= set(reads) if hot else set()
        seen = lower
        active.append(seen)
    for level, at in enumerate(centres):
        colours = [ORANGE if i in active[len(layers) - level] else "0.8" for i in range(len(at))]
        axes.scatter(at, np.full(len(at), level), s=42, color=colours, zorder=3)
    field, _ = receptive_field(layers)
    assert len(active[-1]) == min(field, width) or any(dilation > 1 for *_, dilation in layers)
    axes.set_title(f"{title}: field {field}", fontsize=10)
    axes.set(yticks=range(len(layers) + 1), yticklabels=["pixels", *(f"layer {i + 1}" for i in range(len(layers)))])
    axes.set(xticks=[], xlim=(-1, width))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


_, grid = plt.subplots(1, 3, figsize=(11, 2.5), layout="constrained")
draw_cone(grid[0], [(3, 1, 1)] * 3, "stride 1")
draw_cone(grid[1], [(3, 2, 1)] * 3, "stride 2")
draw_cone(grid[2], [(3, 1, 1), (3, 1, 2), (3, 1, 4)], "dilation 1, 2, 4")
plt.show()

# %% [markdown]
# Plain layers grow by 2 pixels each. Strides and dilations make it grow by doubling: a stride loses places, a
# dilation keeps them all and costs more.
#
# We need not believe the formula. The tape can *measure* it: send a gradient back from one output, and see which
# pixels get any. Here is the network that we shall train below.


# %%
def conv_model(widths=(8, 16, 24, 48)):
    """Return four convolutions; the highest value of each map, wherever it is; and a score for each digit."""
    a, b, c, d = widths
    return nn.Sequential(
        nn.Conv2d(1, a, 5, padding=2), nn.ReLU(),
        nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(b, c, 3, padding=2, dilation=2), nn.ReLU(),
        nn.Conv2d(c, d, 3, padding=2, dilation=2), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(d, 10),
    )  # fmt: skip


LAYERS = [(5, 1, 1), (3, 2, 1), (3, 1, 2), (3, 1, 2)]  # kernel, stride, dilation of each


def seen_by_one_output(net, size, channels=1, seed=0):
    """Return how strongly the output in the middle depends on each pixel: (H, W)."""
    page = minidet.tensor(np.random.default_rng(seed).random((1, channels, size, size), np.float32), requires_grad=True)
    maps = net(page)
    middle = maps.shape[2] // 2
    maps[0, :, middle, middle].sum().backward()
    return np.abs(page.grad.numpy()[0]).sum(0)


minidet.manual_seed(0)
body = nn.Sequential(
    *[layer for layer in conv_model() if isinstance(layer, nn.Conv2d)]
)  # without relu: nothing is cut off
seen = seen_by_one_output(body, 64)
rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
field, jump = receptive_field(LAYERS)
print(f"formula: {field} pixels; measured: {np.ptp(rows) + 1} x {np.ptp(columns) + 1}")
assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == field
assert field >= SIDE  # it sees a whole digit
print(body.summary((1, 1, PAGE, PAGE)))

# %% [markdown]
# Is every pixel of the field as important as the others? There are many paths from a pixel in the middle to the
# output, and only one from a corner. Ten layers of 3 x 3, random weights, averaged over several networks:

# %%
depth, trials = 10, 5 if QUICK else 40
total = np.zeros((41, 41))
for seed in tqdm(range(trials), desc="random networks", leave=False):
    minidet.manual_seed(seed)
    deep = nn.Sequential(*[nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(depth)])
    total += seen_by_one_output(deep, 41, channels=4, seed=seed)
total /= total.max()
field, _ = receptive_field([(3, 1, 1)] * depth)
strong = int(np.count_nonzero(total > 0.05))
print(f"field {field} x {field} = {field**2} pixels; {strong} of them have more than 5 % of the middle's influence")

# %% jupyter={"source_hidden": true}
_, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained", width_ratios=(1, 1.6))
left.imshow(total, cmap="viridis")
corner = 20 - field / 2
left.add_patch(Rectangle((corner, corner), field, field, fill=False, edgecolor=ORANGE, linewidth=1.8))
left.set(xticks=[], yticks=[], title="influence of each pixel")
right.plot(np.arange(41) - 20, total[20], color=BLUE)
for side in (-1, 1):
    right.axvline(side * field / 2, color=ORANGE)
right.text(field / 2 + 0.5, 0.9, "receptive\nfield", color=ORANGE, va="top")
right.set(xlabel="pixels from the middle", ylabel="influence", title="along the middle row")
right.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The *effective* receptive field is a soft spot, much smaller than the orange frame. So give a network more field
# than the things that it is to recognise.
#
# One more promise is to be checked, the one from section 1: *the same at every place*. Move the image, and the
# feature maps move along. This is called **equivariance**. With strides it holds for steps of the whole `jump`.

# %%
page = np.pad(in_the_middle(test_scans[:1]), ((0, 0), (0, 0), (18, 18), (18, 18)))  # (1, 1, 64, 64)
far = slice(None), slice(None), slice(8, -8), slice(8, -8)  # outputs that do not see the zeros beyond the edge
with minidet.no_grad():
    maps = body(minidet.tensor(page)).numpy()  # (1, 48, 32, 32)
    for shift in (1, 2, 3, 4):
        moved = body(minidet.tensor(np.roll(page, shift, axis=3))).numpy()
        nearest = np.roll(maps, round(shift / jump), axis=3)
        change = np.abs(moved - nearest)[far].max() / np.abs(maps[far]).max()
        print(f"page moved by {shift}: maps moved by {round(shift / jump)} differ by {change:.1%} of the largest value")
        assert (change < 1e-5) == (shift % jump == 0)

# %% [markdown]
# ## 10. Let it learn
#
# The network above, against the one layer of section 1. Again we climb the ladder, one rung after the other.
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
assert abs(start - math.log(10)) < 0.1

# %% [markdown]
# **Rung 2: learn one small batch by heart.**

# %%
few, few_y = minidet.tensor(pages[:20]), train_y[:20]
optimizer = optim.Adam(net.parameters(), lr=3e-3)
for _ in tqdm(range(150), desc="one batch", leave=False):
    loss = F.cross_entropy(net(few), few_y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss on 20 pages: {loss.item():.0e}, right: {accuracy(net, few.numpy(), few_y):.0%}")
assert loss.item() < 0.02

# %% [markdown]
# **Rung 3: train.** Four times: the one layer and the convolutional network, each on digits in the middle and on
# digits that stand somewhere else in each epoch. All four are then tested on both.


# %%
def multiply_adds(model):
    """Count the multiplications for one page: each weight of a convolution is used once for each place."""
    total, size = 0, PAGE
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            size = out_size(size, layer.kernel_size[0], layer.stride[0], layer.padding[0], layer.dilation[0])
            total += layer.weight.numel() * size * size
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()
    return total


def middle(scans, rng):
    return in_the_middle(scans)


EPOCHS = 4 if QUICK else 20
held_out = {"middle": in_the_middle(test_scans), "anywhere": anywhere(test_scans, np.random.default_rng(99))}
runs = {}
begin = time.process_time()
for name, make in (("one layer", linear_model), ("convolutions", conv_model)):
    for where, make_pages in (("middle", middle), ("anywhere", anywhere)):
        minidet.manual_seed(0)
        model = make()
        losses = train(model, make_pages, EPOCHS, name=f"{name}, {where}")
        runs[name, where] = model, losses, {at: accuracy(model, pages, test_y) for at, pages in held_out.items()}
print(f"{time.process_time() - begin:.0f} s of a processor's time for all four, {EPOCHS} epochs each\n")

print(f"{'':14} {'weights':>8} {'multiply-adds':>14}   trained     tested: middle  anywhere")
for (name, where), (model, _, shares) in runs.items():
    weights = sum(parameter.numel() for parameter in model.parameters())
    cost = f"{weights:8,} {multiply_adds(model):14,}"
    print(f"{name:14} {cost}   {where:10} {shares['middle']:14.1%} {shares['anywhere']:9.1%}")
least = 0.5 if QUICK else 0.9
assert runs["convolutions", "anywhere"][2]["anywhere"] > least
assert runs["convolutions", "anywhere"][2]["anywhere"] > runs["one layer", "anywhere"][2]["anywhere"] + 0.2


# %% jupyter={"source_hidden": true}
some = slice(100) if QUICK else slice(None)  # of the test digits, where they are read at many places


def draw_runs():
    """Draw the loss of the four runs, and how the accuracy depends on the place."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    styles = {"middle": "--", "anywhere": "-"}
    for (name, where), (model, losses, _) in runs.items():
        style = {"color": BLUE if name == "convolutions" else ORANGE, "linestyle": styles[where]}
        smooth = np.convolve(losses, np.ones(15) / 15, mode="valid")
        left.semilogy(np.arange(len(smooth)) + 7, smooth, **style)
        offsets = range(-MIDDLE, MIDDLE + 1)
        shares = [100 * accuracy(model, on_page(test_scans[some], MIDDLE + o, MIDDLE), test_y[some]) for o in offsets]
        right.plot(offsets, shares, label=f"{name}, trained: {where}", **style)
    left.axhline(math.log(10), color=GREY, linestyle=":")
    left.text(0, math.log(10) * 1.15, "log 10", color="0.4", fontsize=9)
    left.set(xlabel="step", ylabel="loss, mean of 15 steps", ylim=(None, 6))
    right.set(xlabel="test digits moved down by (pixels)", ylabel="right (%)", ylim=(0, 102))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    plt.show()


draw_runs()

# %% [markdown]
# Read the table line by line, then the right picture.
#
# - *One layer, trained in the middle*, knows the middle.
# - *One layer, trained anywhere*, has seen every place, and still fails: there is no single pixel whose ink speaks
#   for or against a 7, if the 7 may stand anywhere. More training would not help. The *form* of the program is wrong.
# - *Convolutions, trained in the middle*, read most digits at places where they never saw one. Nobody taught them; it
#   is built in.
# - *Convolutions, trained anywhere*, are nearly as good at every place. But what are the teeth of the dashed curve?

# %%
rows = 0, 1, MIDDLE - 1, MIDDLE, MIDDLE + 1, PAGE - SIDE - 1, PAGE - SIDE
print(f"{'upper edge of the digit in row':40}", *(f"{row:6}" for row in rows))
for where in ("middle", "anywhere"):
    for margin in (0, 12):
        shares = []
        for row in rows:
            pages = on_page(test_scans[some], row, MIDDLE)
            pages = np.pad(pages, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
            shares.append(accuracy(runs["convolutions", where][0], pages, test_y[some]))
        title = f"trained: {where}" + (f", {margin} pixels more paper" if margin else "")
        print(f"{title:40}", *(f"{share:6.1%}" for share in shares))

# %% [markdown]
# The promise "the same everywhere" has small print, twice.
#
# - **Stride.** Only steps of `jump` pixels are exactly the same to the network. In training, all digits stood in an
#   even row. In the odd rows it reads them with pixels that it never used in this way. These are the teeth.
# - **Padding.** In the first layer, zeros are just empty paper. In the layers above, empty paper is no longer 0
#   (think of the biases), but the padding still is. So the network can see the edge of the page, and a digit next to
#   it looks unlike any that it has learned. With *more paper* around the page, the loss in the outermost even rows is
#   gone; the loss in the odd rows stays. (Note in passing: a network of convolutions takes pages of any size.)
#
# Training on digits that stand anywhere teaches it both.
#
# Back to the table. The price is in its second column: far more multiplications for each weight. That is why this
# library cares so much about the speed of one operation.
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
_, grid = plt.subplots(2, 8, figsize=(10.5, 3.2), layout="constrained")
for axes in grid.flat:
    axes.axis("off")
for i, axes in zip(wrong, grid.flat, strict=False):
    axes.imshow(held_out["anywhere"][i, 0], cmap="gray_r", vmin=0, vmax=1)
    axes.add_patch(Rectangle((-0.5, -0.5), PAGE, PAGE, fill=False, edgecolor="0.7"))
    axes.set_title(f"{test_y[i]}, said {guess[i]}, {probability[i, guess[i]]:.0%} sure", fontsize=8)
plt.show()

# %% [markdown]
# ### What did it learn to look for?
#
# The eight kernels of the first layer, as they came out of the training, and what each sees on one page.

# %%
page = held_out["anywhere"][3:4]
with minidet.no_grad():
    answers = F.relu(net[0](minidet.tensor(page))).numpy()[0]  # (8, 28, 28)

# %% jupyter={"source_hidden": true}
_, (left, upper, lower) = plt.subplots(3, 1, figsize=(9, 4.4), layout="constrained", height_ratios=(1.15, 1, 1))
left.imshow(page[0, 0], cmap="gray_r", vmin=0, vmax=1)
left.set(xticks=[], yticks=[], title="the page")
viz.draw_filters(net[0].weight, columns=8, ax=upper)
viz.draw_features(answers, columns=8, cmap="gray", ax=lower)
plt.show()

# %% [markdown]
# Compare them with section 8. Some have a light side and a dark side: edge detectors at various angles, found without
# us. Others are bars or spots, which answer to strokes. All maps keep the place of the digit; the last step of the
# network (the highest value of each map) forgets it.
#
# For one batch of pages, this table shows what every layer of the trained network returns, and how large the
# gradients are that come back to it. A layer that returns only zeros, or gets no gradient, would be dead.

# %%
batch, batch_y = minidet.tensor(held_out["anywhere"][:50]), test_y[:50]
print(viz.format_layers(viz.layer_table(net, batch, loss=lambda scores: F.cross_entropy(scores, batch_y))))

# %% [markdown]
# ## 11. How fast?
#
# The six loops are the definition, and nobody could train with them. A first help: NumPy does all pixels at once, and
# only the loops over the weights' places stay in Python.


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
    """Return the seconds of the fastest of several calls: other programs can only make it slower."""
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
np.testing.assert_allclose(conv2d_taps(*corner)[0], exact, rtol=1e-4, atol=1e-4)
np.testing.assert_allclose(F.conv2d(*corner).numpy()[0], exact, rtol=1e-4, atol=1e-4)
np.testing.assert_allclose(F.conv2d(*tensors, padding=1).numpy(), conv2d_taps(images, weight, 1), rtol=1e-3, atol=1e-3)

speed = {
    "six loops": corner_work / clock(lambda: conv2d_loops(corner[0][0], corner[1], zeros)),
    "NumPy, tap by tap": work / clock(lambda: conv2d_taps(images, weight, 1)),
    "minidet": work / clock(lambda: F.conv2d(*tensors, padding=1)),
}
print(f"{len(images)} images, 32 channels, 32 filters: {work / 1e6:.0f} million multiply-adds")
for name, value in speed.items():
    times = value / speed["six loops"]
    print(f"{name:18} {value / 1e6:10.2f} million per second: {work / value:10.4f} s, {times:8.0f} times as fast")
assert speed["minidet"] > 100 * speed["six loops"]

# %% [markdown]
# (The loops were timed on a corner of one image, and the time for all of it computed from that.)
#
# The arithmetic is the same. What differs is the order in which memory is read, and how many numbers the processor
# takes at once. How one gets from the first line to the last, in nine steps, is the story of
# [extra_how_fast_is_a_convolution](extra_how_fast_is_a_convolution.ipynb).
#
# ## Questions
#
# **1.** Two 3 x 3 convolutions, one after the other, or one of 5 x 5: both see 5 x 5 pixels. With 32 channels
# everywhere, which has fewer weights? What else is different?
#
# <details><summary>Answer</summary>
#
# 2 · 9 · 32 · 32 against 25 · 32 · 32: the two small ones need 18/25 of the weights and of the multiplications. And
# there is a relu between them, so they can compute things that no single convolution can. *Without* the relu they
# would be one convolution of 5 x 5 (but for the edge): a matrix times a matrix is a matrix.
#
# </details>
#
# **2.** A 1 x 1 convolution sees a single pixel. What is it good for?
#
# <details><summary>Answer</summary>
#
# It mixes the channels of each pixel: at every place the same small layer (C -> F). It changes the number of channels
# cheaply, and it gives every *pixel* its class scores. That is how a network that names whole images becomes one that
# names every pixel: see
# [05_from_sliding_window_to_fully_convolutional](05_from_sliding_window_to_fully_convolutional.ipynb).
#
# </details>
#
# **3.** Padding with zeros breaks the promise "the same everywhere". Where, and what can a network make of it?
#
# <details><summary>Answer</summary>
#
# At the edge, as we saw. The outer windows see zeros that are not in the picture. So an edge detector answers along
# the whole frame, unless the background is 0. A deep network can learn from that how far the edge is, and so,
# roughly, where it is looking: sometimes useful, sometimes a reason why it fails on images of another size.
#
# </details>
#
# **4.** Why does the bias's gradient contain no weight and no pixel?
#
# <details><summary>Answer</summary>
#
# The bias of a filter is added to each of its outputs. Its slope there is 1, and it is used once for every place. So
# its gradient is the sum of `G` over all places: broadcasting, read backwards.
#
# </details>
#
# **Try it:** in `conv_model`, take all `nn.ReLU()` out; or set the stride to 1; or replace `nn.AdaptiveMaxPool2d(1)`
# and the last layer by `nn.Flatten(), nn.Linear(d * 14 * 14, 10)`. Guess before you run it: what happens to the four
# curves?
#
# ## What to read next
#
# - The next notebook: [03_pooling_and_unpooling](03_pooling_and_unpooling.ipynb). What exactly did the "highest value
#   of each map" do, and what did it lose?
# - [minidet/kernels/reference/conv.py](../minidet/kernels/reference/conv.py): all of this in a few lines of NumPy;
#   and [minidet/nn/functional/conv.py](../minidet/nn/functional/conv.py): forward and backward side by side.
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285): section 4 with moving pictures.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*, Proceedings
#   of the IEEE 86, 1998: convolutions that read cheques. Sections I and II.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel, *Understanding the effective receptive field in deep convolutional neural
#   networks*, NeurIPS 2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128): section 9.
# - R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019,
#   [arXiv:1904.11486](https://arxiv.org/abs/1904.11486): what strides do to the promise of section 1, and a cure.
# - F. Yu, V. Koltun, *Multi-scale context aggregation by dilated convolutions*, ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122): fields that double.
