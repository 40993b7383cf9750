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
# # Assignment 3: A class for every pixel
#
# A segmentation network has to say, for every single pixel, what it belongs to. On the way down it becomes sure of
# *what* is in the picture, and forgets *where*. On the way up it has to find out again. In this assignment you write
# the parts that make this work: the weights that enlarge a coarse map, the skip that brings detail back, the switches,
# the loss over pixels that somebody labelled, and the measure that tells a good answer from a lazy one. At the end a
# small network learns on *your* functions.
#
# |  |  |
# |---|---|
# | **Read before** | notebooks 03 (switches), 04 (transposed convolution), 06 (FCN) of the course |
# | **Points** | 100; every question has parts, and each part has its own points |
# | **Time** | about six hours; all cells together run for two minutes |
# | **You may use** | NumPy, as `np`. Nothing else in the cells that are graded |
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

check = checks("a3_segmentation")

# %% jupyter={"source_hidden": true}
import os
import time

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function
from minidet.data import DigitScenes

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN, RED = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a", "#c03010"
PALE = ("#ffffff", "#f9dcc4", "#cfe0f0", "#d5ead9", "#fff2b3")
for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
    plt.rcParams[part] = GREY  # reads on white and on black pages
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "font.size": 10})
IGNORE = 255


def canvas(width, height, xlim, ylim):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, aspect="equal")
    axes.axis("off")
    return axes


def sheet(axes, values, at, title="", faces=None, size=1.0, bold=None, fontsize=10, below=""):
    """Draw a table of numbers with its upper left corner at ``at``; ``faces`` are colours, ``bold`` marks numbers."""
    values = np.atleast_2d(np.asarray(values, object))
    rows, columns = values.shape
    for (row, column), value in np.ndenumerate(values):
        left, top = at[0] + column * size, at[1] - row * size
        face = "white" if faces is None else faces[row][column]
        frame = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8, "zorder": 2}
        axes.add_patch(Rectangle((left, top - size), size, size, **frame))
        text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
        marked = bold is not None and bold[row][column]
        style = {"color": RED if marked else DARK, "weight": "bold" if marked else "normal", "fontsize": fontsize}
        axes.text(left + size / 2, top - size / 2, text, ha="center", va="center", zorder=3, **style)
    axes.text(at[0] + columns * size / 2, at[1] + 0.25, title, ha="center", va="bottom")
    axes.text(at[0] + columns * size / 2, at[1] - rows * size - 0.3, below, ha="center", va="top", fontsize=8.5)


def class_faces(labels):
    """Return a colour for each label: ignored ones grey."""
    return [["#bbbbbb" if k == IGNORE else PALE[k] for k in row] for row in labels]


def words(labels):
    """Return labels as text: × where they are ignored."""
    return [["×" if k == IGNORE else str(k) for k in row] for row in labels]


def sign(axes, x, y, text):
    """Write a sign between two tables."""
    axes.text(x, y, text, ha="center", va="center", fontsize=15)


# %% [markdown]
# ## The figure
#
# This is the network of the last section, with the number of the question that each piece comes from. Height is
# resolution: the image has 48 x 48 pixels, the lowest maps have 6 x 6 cells. The lower half is FCN's: coarse scores are
# enlarged, and finer ones are added. The upper half is SegNet's: positions from the way down put every value back to
# where it came from.


# %% jupyter={"source_hidden": true}
def draw_network():
    """Draw the network of the last section."""
    axes = canvas(10, 4.5, (-0.3, 24.3), (-5.5, 5.5))
    conv, picture, score = "#9dc3e6", "#cccccc", "#e9d16c"
    plan = [(0.0, 48, picture, "image\n48"), (2.2, 48, conv, "48"), (4.9, 24, conv, "24"), (7.6, 12, conv, "12"),
            (10.0, 6, conv, "6"), (14.4, 12, "#f2a98a", "12"), (17.1, 24, conv, "24"), (19.8, 48, conv, "48"),
            (22.0, 48, score, "scores\n48")]  # fmt: skip
    for x, cells, colour, word in plan:
        tall = 0.5 + cells / 12
        axes.add_patch(Rectangle((x, -tall / 2), 0.8, tall, facecolor=colour, edgecolor=GREY, linewidth=0.8))
        axes.text(x + 0.4, -tall / 2 - 0.15, word, ha="center", va="top", fontsize=8.5)

    def arrow(start, end, text="", colour=GREY, above=0.15):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3})
        middle = (start[0] + end[0]) / 2
        axes.text(middle, start[1] + above, text, ha="center", va="bottom", fontsize=8.5, color=colour)

    arrow((0.9, 0), (2.1, 0))
    for left, right in ((3.1, 4.8), (5.8, 7.5)):
        arrow((left, 0), (right, 0), "pool, q5")
    arrow((8.5, 0), (9.9, 0), "average")
    arrow((10.9, 0), (14.3, 0), "enlarge, q1", GREEN)
    arrow((15.3, 0), (17.0, 0), "unpool, q5")
    arrow((18.0, 0), (19.7, 0), "unpool, q5")
    arrow((20.7, 0), (21.9, 0))
    axes.plot([8.0, 8.0, 14.8], [-1.45, -2.3, -2.3], color=GREEN, lw=1.3)
    arrow((14.8, -2.3), (14.8, -1.4), "", GREEN)
    axes.text(11.4, -2.25, "skip: crop and add, q2", ha="center", va="bottom", fontsize=8.5, color=GREEN)
    for down, up, top, half in ((2.6, 20.2, 4.5, 2.25), (5.3, 17.5, 3.3, 1.25)):
        axes.plot([down, down, up], [half, top, top], color=ORANGE, lw=1.3)
        arrow((up, top), (up, half + 0.03), "", ORANGE)
    axes.text(11.4, 4.6, "switches, q5", ha="center", va="bottom", fontsize=8.5, color=ORANGE)
    axes.text(11.4, 3.4, "switches, q5", ha="center", va="bottom", fontsize=8.5, color=ORANGE)
    line = ("from scores to a number:  q3, q4 loss and gradient    q8 another loss      q6 mean IoU    "
            "q9 another measure")  # fmt: skip
    axes.text(12, -4.2, line, ha="center", va="top", fontsize=9)
    axes.text(12, -4.9, "q7 another rule for enlarging, compared with others at the end", ha="center", va="top",
              fontsize=9)  # fmt: skip
    plt.show()


draw_network()

# %% [markdown]
# ## Question 1. Bilinear weights (9 points)
#
# A transposed convolution enlarges a map: each coarse cell *stamps* a small picture, its value times the kernel, and
# stamps that overlap are added. With stride $s$, the next stamp begins $s$ pixels further. What should the kernel be,
# so that the sum is a straight line from one cell to the next? A **tent**: 1 at the centre, and falling by $1/s$ with
# each pixel of distance. Where the tent of one cell has fallen to 0, the next cell has its top.
#
# For a kernel of $k$ taps the stride is $s = k / 2$, rounded **up**. Look where the centre lies:


# %% jupyter={"source_hidden": true}
def draw_tents():
    """Draw the tents of an odd and an even kernel, and the stamp of the even one."""
    _, grid = viz.subplots(1, 2, figsize=(6.4, 2.3))
    for axes, (k, s, centre, taps) in zip(
        grid, ((3, 2, 1.0, (0.5, 1, 0.5)), (4, 2, 1.5, (0.25, 0.75, 0.75, 0.25))), strict=True
    ):
        axes.plot([centre - s, centre, centre + s], [0, 1, 0], color=BLUE)
        axes.axvline(centre, color=GREY, lw=0.8, ls=":")
        axes.plot(range(k), taps, "o", color=ORANGE)
        for i, tap in enumerate(taps):
            side = 1 if i >= centre else -1
            axes.text(i + 0.12 * side, tap + 0.04, f"{tap:g}", fontsize=9, ha="left" if side > 0 else "right")
        axes.set(xlim=(-1, 4), ylim=(0, 1.3), xticks=range(k), yticks=(0, 1), title=f"k = {k}, s = {s}", xlabel="tap")
        axes.spines[["top", "right"]].set_visible(False)
    axes = canvas(6.4, 2.0, (-0.4, 14.6), (-4.3, 1.0))
    stamp = [[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]]
    sheet(axes, [[0.25], [0.75], [0.75], [0.25]], (0, 0), "rows", fontsize=8)
    sheet(axes, [[0.25, 0.75, 0.75, 0.25]], (3, -1.5), "columns", fontsize=8)
    sheet(axes, stamp, (9.5, 0), "the stamp, times 16",
          [[PALE[4] if v == 9 else PALE[0] for v in row] for row in stamp])  # fmt: skip
    sign(axes, 2, -2, "×")
    sign(axes, 8.3, -2, "=")
    plt.show()


draw_tents()

# %% [markdown]
# By hand, for $k = 4$: the stride is 2. The centre is between tap 1 and tap 2. Taps 1 and 2 are half a pixel away:
# $1 - 0.5 / 2 = 0.75$. Taps 0 and 3 are one and a half pixels away: $1 - 1.5 / 2 = 0.25$. In two dimensions, the weight
# of a tap is that of its row times that of its column: $0.75 \cdot 0.25 = 3/16$.
#
# A weight of a transposed convolution is (channels in, channels out, k, k). Each channel is enlarged by itself.
#
# **Write** `bilinear_weight(channels, kernel_size)`:
#
# | | |
# |---|---|
# | `channels` | K, an integer |
# | `kernel_size` | k, an integer of at least 1, odd or even |
# | returns | an array (K, K, k, k); `[a, b]` is the stamp that channel a leaves on channel b |

# %%
# answer: q1
def bilinear_weight(channels, kernel_size):
    """Return the weight (K, K, k, k) with which a transposed convolution enlarges each channel bilinearly."""
    ### BEGIN SOLUTION
    stride = (kernel_size + 1) // 2
    distance = np.abs(np.arange(kernel_size) - (kernel_size - 1) / 2)
    tent = 1 - distance / stride
    weight = np.zeros((channels, channels, kernel_size, kernel_size))
    for channel in range(channels):
        weight[channel, channel] = np.outer(tent, tent)
    return weight
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ## Question 2. Skip fusion (10 points)
#
# Coarse scores know *what*, fine scores know *where*. FCN adds them. But the two maps do not have the same size. The
# transposed convolution makes $(h - 1)\,s + k$ rows out of $h$ cells, because the first stamp sticks out at the top,
# and the last one at the bottom. So a window has to be cut out, and it has to be the *right* window: shifted by one
# fine cell, everything that the network says is shifted, and no number complains.
#
# Where does the window begin? One coarse cell was made (by pooling) of $s$ fine cells. Cell 0 was made of the fine
# cells $0 \ldots s - 1$. Its stamp has $k$ rows. **The centre of the stamp has to lie on the centre of these fine
# cells.** Here are all numbers for $k = 4$, $s = 2$:


# %% jupyter={"source_hidden": true}
def draw_fusion():
    """Draw coarse cells, what the stamps add up to, the window, the fine scores, and the sum."""
    axes = canvas(10, 3.1, (-0.4, 24.6), (-6.7, 1.1))
    enlarged = [[1, 3, 3, 1, 0, 0], [3, 9, 9, 3, 0, 0], [5, 15, 16, 8, 3, 1], [7, 21, 24, 16, 9, 3],
                [6, 18, 21, 15, 9, 3], [2, 6, 7, 5, 3, 1]]  # fmt: skip
    fine = [[1, -2, 3, 0], [0, 4, -1, 2], [-3, 0, 2, 1], [5, 1, 0, -2]]
    total = [[10, 7, 6, 0], [15, 20, 7, 5], [18, 24, 18, 10], [23, 22, 15, 7]]
    sheet(axes, [[16, 0], [32, 16]], (0, -1), "coarse, 2 × 2", size=2.0)
    faces = [[PALE[1] if 0 < r < 5 and 0 < c < 5 else PALE[0] for c in range(6)] for r in range(6)]
    sheet(axes, enlarged, (5.6, 0), "enlarged, 6 × 6", faces)
    axes.add_patch(Rectangle((6.6, -5), 4, 4, facecolor="none", edgecolor=ORANGE, linewidth=2.2, zorder=5))
    axes.add_patch(Rectangle((5.6, -4), 4, 4, facecolor="none", edgecolor=BLUE, linewidth=1.6, linestyle=":", zorder=4))
    sheet(axes, fine, (13.4, -1), "fine, 4 × 4")
    sheet(axes, total, (19.4, -1), "sum, 4 × 4", [[PALE[1]] * 4] * 4)
    for x, text in ((4.8, "→"), (12.5, "+"), (18.4, "=")):
        sign(axes, x, -3, text)
    axes.text(8.6, -6.25, "orange: the window.  blue: the stamp of the first cell", ha="center", va="top", fontsize=8.5)
    plt.show()


draw_fusion()

# %% [markdown]
# Check one number: $-2 + 9 = 7$, row 0, column 1. (At the border 16 has become 9, as stamps of further cells are
# missing. The course's FCN repeats the outermost cells first. We leave that out here.)
#
# If the fine map has an odd size, say 5 rows, pooling rounds up: 3 coarse cells, the last of them with one real row
# only. Enlarged, there are rows at the end that belong to no fine cell. They are cut off *at the end*. The beginning of
# the window does not move.
#
# **The gradient.** The result is a sum. So what comes from above goes to both summands as it is. What was cut off had
# no influence on the result, so its gradient is 0.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `fuse_skip(enlarged, fine, kernel_size, stride)` | |
# | `enlarged` | (N, K, (h − 1) s + k, (w − 1) s + k), not yet cut |
# | `fine` | (N, K, H, W), with H ≤ h s and W ≤ w s |
# | `kernel_size`, `stride` | k and s; k − s is even |
# | returns | the sum, (N, K, H, W) |
# | `fuse_skip_grad(grad, enlarged_shape, kernel_size, stride)` | |
# | `grad` | the gradient of the loss with respect to the sum, (N, K, H, W) |
# | `enlarged_shape` | the shape of `enlarged`, a tuple of four integers |
# | returns | a tuple: the gradients with respect to `enlarged` and to `fine` |

# %%
# answer: q2
def fuse_skip(enlarged, fine, kernel_size, stride):
    """Cut the window that belongs to the fine scores out of the enlarged ones, and add the two: (N, K, H, W)."""
    ### BEGIN SOLUTION
    begin = (kernel_size - stride) // 2
    height, width = fine.shape[2:]
    return enlarged[:, :, begin : begin + height, begin : begin + width] + fine
    ### END SOLUTION


def fuse_skip_grad(grad, enlarged_shape, kernel_size, stride):
    """Return the gradients with respect to the enlarged scores and to the fine ones."""
    ### BEGIN SOLUTION
    begin = (kernel_size - stride) // 2
    height, width = grad.shape[2:]
    d_enlarged = np.zeros(enlarged_shape, grad.dtype)
    d_enlarged[:, :, begin : begin + height, begin : begin + width] = grad
    return d_enlarged, grad.copy()
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ## Questions 3 and 4. Cross-entropy over pixels, and its gradient (11 + 10 points)
#
# Now the network says K scores for each pixel, $x_0 \ldots x_{K-1}$. The softmax makes probabilities of them,
# $p_k = e^{x_k} / \sum_j e^{x_j}$, and the loss of one pixel is $-\log p_y$, where $y$ is its true class.
#
# But some pixels have no true class. Nobody could say what is there: a blurred outline, a 4 that may be closed or open.
# They carry the label 255, **ignore**. They are not in the sum, *and they are not counted*. Here are 4 x 4 pixels, two
# classes, and three pixels that are ignored:


# %% jupyter={"source_hidden": true}
def draw_losses():
    """Draw labels, the probability of the true class, and the loss of each pixel."""
    axes = canvas(9, 2.5, (-0.4, 21.6), (-5.2, 1.1))
    labels = [[0, 1, 1, 1], [0, 0, 1, IGNORE], [0, 0, IGNORE, 1], [0, 0, 0, IGNORE]]
    p = [["1/2", "1/2", "3/4", "3/4"], ["1/2", "3/4", "1/4", "×"],
         ["3/4", "3/4", "×", "3/4"], ["3/4", "3/4", "3/4", "×"]]  # fmt: skip
    name = {"1/2": "0.693", "3/4": "0.288", "1/4": "1.386", "×": "×"}
    grey = class_faces(labels)
    sheet(axes, words(labels), (0, 0), "true class $y$", grey)
    sheet(axes, p, (5.6, 0), "$p_y$", grey, bold=[[v == "1/4" for v in row] for row in p])
    sheet(axes, [[name[v] for v in row] for row in p], (11.2, 0), "$-\\log p_y$", grey, fontsize=8)
    for x in (4.8, 10.4):
        sign(axes, x, -2, "→")
    for row, text in enumerate(("sum:      6.055", "labelled: 13", "mean:     6.055 / 13 = 0.466",
                                "not:      6.055 / 16 = 0.378")):  # fmt: skip
        axes.text(16.0, -0.5 - row, text, family="monospace", fontsize=9, va="center", color=RED if row == 3 else GREY)
    plt.show()


draw_losses()

# %% [markdown]
# - **Why 13 and not 16?** If you divide by all pixels, an image with many ignored pixels has a smaller loss and smaller
#   gradients, for no reason. And 255 is not a class: what the network says there has no influence at all.
# - **And if nothing is labelled?** A batch can be unlucky. Then there is nothing to be wrong about: loss 0, gradient 0.
#   (Not "not a number", which would destroy all weights in the next step. PyTorch and minidet return NaN here. You do
#   not.)
# - **Weights.** Most pixels are background. With weights $w_k$, one for each class, pixels of rare classes count more:
#   $$L = \frac{\sum_i w_{y_i} \left(-\log p_{i, y_i}\right)}{\sum_i w_{y_i}}, \quad
#   i \text{ over the labelled pixels.}$$
#   In the example with $w_0 = 1$, $w_1 = 2$: there are 8 labelled pixels of class 0 and 5 of class 1, so the lower sum
#   is $8 + 10 = 18$; the upper one is $3.112 + 2 \cdot 2.943 = 8.997$; and $L = 0.500$. Without weights, all are 1.
# - **Large scores.** $e^{1000}$ is infinite for a computer. The softmax of $(1000, 1001)$ is not: it is that of
#   $(0, 1)$.
#
# **The gradient** is again one number for each *score*. For one pixel,
# $\partial(-\log p_y) / \partial x_k = p_k - [k = y]$. For the red pixel ($y = 1$, $p = (3/4, 1/4)$) it is
# $(0.75, -0.75)$, and in the mean of 13 pixels $(0.0577, -0.0577)$.
#
# **Write** `cross_entropy(scores, labels, ignore_index=255, weights=None)`, which returns one number, and
# `cross_entropy_grad` with the same arguments, which returns an array of the scores' shape.
#
# | | |
# |---|---|
# | `scores` | (N, K, H, W) |
# | `labels` | integers (N, H, W): 0 to K − 1, or `ignore_index` |
# | `ignore_index` | an integer that is no class; it may be negative |
# | `weights` | (K,), all above 0, or None |

# %%
# answer: q3
def cross_entropy(scores, labels, ignore_index=255, weights=None):
    """Return the weighted mean of -log p(true class) over the labelled pixels; 0 if there are none."""
    ### BEGIN SOLUTION
    known = labels != ignore_index  # (N, H, W)
    if not known.any():
        return 0.0
    rows = np.moveaxis(scores, 1, -1)[known]  # (P, K): one row for each labelled pixel
    truth = labels[known]
    rows = rows - rows.max(axis=1, keepdims=True)
    losses = np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(len(rows)), truth]
    share = np.ones(len(rows)) if weights is None else np.asarray(weights)[truth]
    return float((share * losses).sum() / share.sum())
    ### END SOLUTION


# %%
check("q3")


# %%
# answer: q4
def cross_entropy_grad(scores, labels, ignore_index=255, weights=None):
    """Return the gradient of the loss with respect to the scores, (N, K, H, W)."""
    ### BEGIN SOLUTION
    known = labels != ignore_index
    grad = np.zeros(scores.shape)
    if not known.any():
        return grad
    rows = np.moveaxis(scores, 1, -1)[known]  # (P, K)
    truth = labels[known]
    p = np.exp(rows - rows.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), truth] -= 1
    share = np.ones(len(rows)) if weights is None else np.asarray(weights)[truth]
    np.moveaxis(grad, 1, -1)[known] = p * (share / share.sum())[:, None]
    return grad
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## Question 5. Switches (12 points)
#
# Max pooling keeps the largest of each 2 x 2 pixels. SegNet also keeps a note, *where* it was: the **switch**. On the
# way up, the decoder puts each value back to the noted place, and zeros everywhere else. By hand, two stages down and
# up:


# %% jupyter={"source_hidden": true}
def draw_switches():
    """Draw two poolings and two unpoolings with all numbers."""
    axes = canvas(8.2, 4.7, (-0.4, 20.0), (-10.4, 1.3))
    block = [[PALE[1 + 2 * (r // 2) + c // 2] if (r // 2, c // 2) != (1, 1) else "#e5d7ee" for c in range(4)]
             for r in range(4)]  # fmt: skip
    two = [[PALE[1], PALE[2]], [PALE[3], "#e5d7ee"]]
    x = [[1, 3, 2, 0], [8, 2, 0, 1], [0, 4, 6, 6], [1, 2, 3, 5]]
    sheet(axes, x, (0, 0), "map, 4 × 4", block)
    for (row, column), _ in np.ndenumerate(np.zeros((4, 4))):
        axes.text(column + 0.05, -row - 0.05, 4 * row + column, fontsize=5.5, va="top", color="#555555", zorder=4)
    sheet(axes, [[8, 2], [4, 6]], (6.6, -1), "values", two)
    sheet(axes, [["4", "2"], ["9", "10"]], (9.6, -1), "switches", two, below="first stage,\nfrom 4 × 4")
    sheet(axes, [[8]], (15.2, -1.5), "value", [[PALE[1]]])
    sheet(axes, [["0"]], (17.4, -1.5), "switch", [[PALE[1]]], below="second stage,\nfrom 2 × 2")
    sheet(axes, [[7]], (15.2, -7.5), "new value", [["#f2a98a"]])
    sheet(axes, [[7, 0], [0, 0]], (8.1, -7), "", [["#f2a98a", "white"], ["white", "white"]],
          below="second stage first:\nplace 0 of 2 × 2")
    up = [[0, 0, 0, 0], [7, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    sheet(axes, up, (0, -5.3), "", [["#f2a98a" if v else "white" for v in row] for row in up])
    axes.text(2, -9.6, "then the first: place 4 of 4 × 4\n(three zeros go to 2, 9 and 10)", fontsize=8.5, ha="center",
              va="top")  # fmt: skip
    for start, end in (((4.3, -2), (6.3, -2)), ((11.9, -2), (14.8, -2)), ((14.8, -8), (10.4, -8)),
                       ((7.8, -8), (4.3, -8))):  # fmt: skip
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.3})
    axes.text(5.3, -1.85, "pool", ha="center", va="bottom", fontsize=9)
    axes.text(13.4, -1.85, "pool the values", ha="center", va="bottom", fontsize=9)
    axes.annotate("", (15.7, -6.9), (15.7, -2.8), arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.3, "ls": ":"})
    axes.text(15.9, -4.9, "some layers\nmake 7 of it", fontsize=8.5, va="center")
    plt.show()


draw_switches()

# %% [markdown]
# - A switch is a **position in the whole map**, in reading order: row × W + column, where W is the width *before*
#   pooling. Each plane (n, c) is counted from 0.
# - **Equal numbers:** the window at the lower right has its largest value, 6, two times. The first one in reading order
#   wins: 10, not 11.
# - **Odd sizes:** a last row or column without a partner is left out. A map of 5 x 7 becomes 2 x 3.
# - **Stages.** The way down leaves a *trail*: a list of `(switches, size)`, one for each stage, in the order of the way
#   down; `size` is (H, W) before that pooling. The way up starts at the far end.
# - **The gradient of unpooling:** a value went to one place, so its gradient is read at that place.
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `pool_switches(x)` | x (N, C, H, W), H and W at least 2. Returns a tuple `(values, switches)`, both (N, C, H // 2, W // 2) |
# | `unpool_switches(x, trail)` | x (N, C, h, w), as small as the *last* stage left it. Returns (N, C, H, W), the size of the *first* stage |
# | `unpool_switches_grad(grad, trail)` | grad (N, C, H, W), the gradient with respect to the result above. Returns the gradient with respect to its `x`, (N, C, h, w) |

# %%
# answer: q5
def pool_switches(x):
    """Return the largest value of each 2 x 2 window and its position row * W + column: two arrays (N, C, h, w)."""
    ### BEGIN SOLUTION
    n, channels, height, width = x.shape
    h, w = height // 2, width // 2
    windows = x[:, :, : 2 * h, : 2 * w].reshape(n, channels, h, 2, w, 2).transpose(0, 1, 2, 4, 3, 5)
    windows = windows.reshape(n, channels, h, w, 4)
    first = windows.argmax(axis=-1)  # 0 to 3; argmax takes the first of equal numbers
    values = np.take_along_axis(windows, first[..., None], -1)[..., 0]
    rows = 2 * np.arange(h)[:, None] + first // 2
    columns = 2 * np.arange(w) + first % 2
    return values, rows * width + columns
    ### END SOLUTION


def unpool_switches(x, trail):
    """Put each value back to its position, stage by stage; zeros elsewhere: (N, C, H, W)."""
    ### BEGIN SOLUTION
    for switches, (height, width) in reversed(trail):
        n, channels = x.shape[:2]
        out = np.zeros((n, channels, height * width), x.dtype)
        np.put_along_axis(out, switches.reshape(n, channels, -1), x.reshape(n, channels, -1), axis=2)
        x = out.reshape(n, channels, height, width)
    return x
    ### END SOLUTION


def unpool_switches_grad(grad, trail):
    """Return the gradient with respect to the small map, (N, C, h, w)."""
    ### BEGIN SOLUTION
    for switches, _ in trail:
        n, channels, h, w = switches.shape
        planes = grad.reshape(n, channels, -1)
        grad = np.take_along_axis(planes, switches.reshape(n, channels, -1), axis=2).reshape(n, channels, h, w)
    return grad
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# ## Question 6. Confusion matrix and mean IoU (14 points)
#
# "90 % of the pixels are right" sounds good, until you notice that 90 % are background. The usual measure asks each
# class separately, and gives each the same weight: **intersection over union**.
#
# $$\mathrm{IoU}_k = \frac{\text{pixels that are } k \text{ and are called } k}
# {\text{pixels that are } k \text{ or are called } k}$$
#
# Everything is read off one table. Row $t$, column $a$: how many pixels are truly $t$ and were called $a$. Four
# classes, one pixel ignored, wrong answers in red:


# %% jupyter={"source_hidden": true}
TRUTH = np.array([[0, 0, 0, 0], [0, 1, 1, IGNORE], [2, 2, 1, 1], [2, 2, 1, 1]])
ANSWER = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [2, 2, 2, 1], [2, 0, 1, 1]])


def draw_maps(axes, truth, answer):
    """Draw true labels, and answers: wrong ones are red."""
    sheet(axes, words(truth), (0, 0), "truth", class_faces(truth))
    wrong = (truth != answer) & (truth != IGNORE)
    sheet(axes, words(answer), (5.2, 0), "answer", class_faces(answer), bold=wrong)


def draw_confusion():
    """Draw truth, answer, the matrix, and the divisions."""
    axes = canvas(10, 2.6, (-0.4, 24.6), (-5.0, 1.4))
    draw_maps(axes, TRUTH, ANSWER)
    matrix = [[4, 1, 0, 0], [0, 5, 1, 0], [1, 0, 3, 0], [0, 0, 0, 0]]
    sheet(axes, matrix, (12.2, 0), "", [["#d5ead9" if r == c else "white" for c in range(4)] for r in range(4)])
    axes.text(14.2, 0.75, "answer", ha="center", fontsize=9)
    axes.text(11.0, -2, "truth", rotation=90, va="center", ha="center", fontsize=9)
    for k in range(4):
        axes.text(12.7 + k, 0.15, k, ha="center", fontsize=9)
        axes.text(11.85, -k - 0.5, k, va="center", ha="center", fontsize=9)
    lines = ("class 0:  4 / (5 + 5 − 4) = 0.667", "class 1:  5 / (6 + 6 − 5) = 0.714",
             "class 2:  3 / (4 + 4 − 3) = 0.600", "class 3:  0 / 0, left out", "mean of three: 0.660")  # fmt: skip
    for row, line in enumerate(lines):
        axes.text(17.3, -0.3 - 0.85 * row, line, fontsize=9.5, va="center")
    plt.show()


draw_confusion()

# %% [markdown]
# - Class 3 is neither true nor called anywhere. It says nothing, so it is **left out** of the mean. It does not count
#   as 0, and not as 1.
# - A class that is nowhere true, but was called somewhere, is *not* left out. Something was invented: its IoU is 0.
# - **One table for the whole data set.** The tables of all images are added, and only then divided. In an image with
#   three pixels of a class, two wrong ones would ruin its IoU; in the sum they are two wrong pixels.
#
# **Write** three functions (they may call each other: they belong to one question):
#
# | | |
# |---|---|
# | `confusion_matrix(truth, answer, classes, ignore_index=255)` | `truth`, `answer`: integers of the same shape, (H, W) or (N, H, W). Returns counts, (K, K) |
# | `mean_iou(matrix)` | counts (K, K), at least one of them above 0. Returns one number |
# | `dataset_iou(truths, answers, classes, ignore_index=255)` | two lists of maps (H, W); the images may have different sizes. Returns the mean IoU of the whole set |

# %%
# answer: q6
def confusion_matrix(truth, answer, classes, ignore_index=255):
    """Return how many pixels of true class t were called a: matrix[t, a], (K, K)."""
    ### BEGIN SOLUTION
    matrix = np.zeros((classes, classes), int)
    known = truth != ignore_index
    np.add.at(matrix, (truth[known], answer[known]), 1)
    return matrix
    ### END SOLUTION


def mean_iou(matrix):
    """Return the mean IoU of the classes that are true or called somewhere."""
    ### BEGIN SOLUTION
    both = np.diag(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    present = either > 0
    return float((both[present] / either[present]).mean())
    ### END SOLUTION


def dataset_iou(truths, answers, classes, ignore_index=255):
    """Return the mean IoU of a set of images."""
    ### BEGIN SOLUTION
    total = sum(confusion_matrix(t, a, classes, ignore_index) for t, a in zip(truths, answers))
    return mean_iou(total)
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# ## Question 7. Another rule for enlarging (10 points)
#
# Bilinear interpolation is one rule of many. This term's rule has the same frame, and other weights. Read it as you
# would read a specification: each sentence matters.
#
# **Frame.** A map of h cells in a row becomes $h \cdot s$ pixels, for an integer factor $s$. Pixel $i$ lies at the
# position
# $$p = \frac{i + 1/2}{s} - \frac{1}{2},$$
# measured in cells: cell $c$ lies at $p = c$. So for $s = 2$ the pixels lie at $-0.25,\ 0.25,\ 0.75,\ 1.25$, and so on.
#
# **Borders.** A cell outside of the map is a mirror image. The mirror stands *on the centre of the outermost cell*:
# cell $-1$ is cell 1, and cell $h$ is cell $h - 2$. (The outermost cell is not repeated. There are always at least two
# cells.)
#
# **Two dimensions.** First along the rows, then along the columns; the order does not matter. Each channel by itself.

# %% [markdown] tags=["variant:q7=smooth"]
# **This term: smooth steps.** Between two cells, the value shall leave the first one slowly, and arrive at the second
# one slowly. Let $c = \lfloor p \rfloor$ (the next whole number below) and $t = p - c$. Then
#
# $$\text{value} = (1 - u) \, x_c + u \, x_{c + 1}, \qquad u = 3 t^2 - 2 t^3.$$
#
# By hand, $s = 2$, cells $(0, 32, 96)$. For $t = 1/4$: $u = 3/16 - 2/64 = 5/32$. For $t = 3/4$:
# $u = 27/16 - 54/64 = 27/32$.
#
# | pixel | $p$ | cells | $t$ | value |
# |---|---|---|---|---|
# | 0 | −0.25 | −1 (that is cell 1: 32) and 0 | 0.75 | $5/32 \cdot 32 + 27/32 \cdot 0 = 5$ |
# | 1 | 0.25 | 0 and 1 | 0.25 | $27/32 \cdot 0 + 5/32 \cdot 32 = 5$ |
# | 2 | 0.75 | 0 and 1 | 0.75 | $5/32 \cdot 0 + 27/32 \cdot 32 = 27$ |
# | 3 | 1.25 | 1 and 2 | 0.25 | $27/32 \cdot 32 + 5/32 \cdot 96 = 42$ |
# | 4 | 1.75 | 1 and 2 | 0.75 | $5/32 \cdot 32 + 27/32 \cdot 96 = 86$ |
# | 5 | 2.25 | 2 and 3 (that is cell 1: 32) | 0.25 | $27/32 \cdot 96 + 5/32 \cdot 32 = 86$ |

# %% [markdown] tags=["variant:q7=inverse"]
# **This term: inverse squares.** The two neighbouring cells count by the inverse *square* of their distance: a cell at
# half the distance counts four times as much. Let $c = \lfloor p \rfloor$ (the next whole number below) and
# $t = p - c$. Then
#
# $$\text{value} = (1 - u) \, x_c + u \, x_{c + 1}, \qquad u = \frac{t^2}{t^2 + (1 - t)^2}.$$
#
# By hand, $s = 2$, cells $(0, 10, 30)$. For $t = 1/4$: $u = \frac{1/16}{1/16 + 9/16} = 0.1$. For $t = 3/4$: $u = 0.9$.
#
# | pixel | $p$ | cells | $t$ | value |
# |---|---|---|---|---|
# | 0 | −0.25 | −1 (that is cell 1: 10) and 0 | 0.75 | $0.1 \cdot 10 + 0.9 \cdot 0 = 1$ |
# | 1 | 0.25 | 0 and 1 | 0.25 | $0.9 \cdot 0 + 0.1 \cdot 10 = 1$ |
# | 2 | 0.75 | 0 and 1 | 0.75 | $0.1 \cdot 0 + 0.9 \cdot 10 = 9$ |
# | 3 | 1.25 | 1 and 2 | 0.25 | $0.9 \cdot 10 + 0.1 \cdot 30 = 12$ |
# | 4 | 1.75 | 1 and 2 | 0.75 | $0.1 \cdot 10 + 0.9 \cdot 30 = 28$ |
# | 5 | 2.25 | 2 and 3 (that is cell 1: 10) | 0.25 | $0.9 \cdot 30 + 0.1 \cdot 10 = 28$ |

# %% [markdown] tags=["variant:q7=quadratic"]
# **This term: quadratic weights.** Three cells count: the nearest one and its two neighbours, by weights that are
# parabolas and join without a kink. Let $c$ be the whole number nearest to $p$, and $t = p - c$, which lies between
# $-1/2$ and $1/2$. Then
#
# $$\text{value} = \tfrac12 \left(\tfrac12 - t\right)^2 x_{c - 1} + \left(\tfrac34 - t^2\right) x_c +
# \tfrac12 \left(\tfrac12 + t\right)^2 x_{c + 1}.$$
#
# ($p$ is never exactly in the middle of two cells.) By hand, $s = 2$, cells $(0, 32, 96)$. For $t = -1/4$ the weights
# are $9/32,\ 22/32,\ 1/32$; for $t = 1/4$ they are $1/32,\ 22/32,\ 9/32$.
#
# | pixel | $p$ | $c$ | $t$ | value |
# |---|---|---|---|---|
# | 0 | −0.25 | 0 | −0.25 | cell −1 is cell 1: $9/32 \cdot 32 + 22/32 \cdot 0 + 1/32 \cdot 32 = 10$ |
# | 1 | 0.25 | 0 | 0.25 | cell −1 is cell 1: $1/32 \cdot 32 + 22/32 \cdot 0 + 9/32 \cdot 32 = 10$ |
# | 2 | 0.75 | 1 | −0.25 | $9/32 \cdot 0 + 22/32 \cdot 32 + 1/32 \cdot 96 = 25$ |
# | 3 | 1.25 | 1 | 0.25 | $1/32 \cdot 0 + 22/32 \cdot 32 + 9/32 \cdot 96 = 49$ |
# | 4 | 1.75 | 2 | −0.25 | cell 3 is cell 1: $9/32 \cdot 32 + 22/32 \cdot 96 + 1/32 \cdot 32 = 76$ |
# | 5 | 2.25 | 2 | 0.25 | cell 3 is cell 1: $1/32 \cdot 32 + 22/32 \cdot 96 + 9/32 \cdot 32 = 76$ |


# %% jupyter={"source_hidden": true}
def draw_rule(cells, pixels, coarse, fine, rows):
    """Draw the row of the table above, and a map of 2 x 2 cells that becomes 4 x 4 pixels."""
    _, axes = viz.subplots(figsize=(5.4, 2.2))
    h, s = len(cells), len(pixels) // len(cells)
    at = (np.arange(len(pixels)) + 0.5) / s - 0.5
    axes.plot(range(h), cells, color=GREY, lw=1, ls=":", label="straight lines")
    axes.plot(range(h), cells, "s", color=BLUE, markersize=9, label="cells")
    axes.plot(at, pixels, "o-", color=ORANGE, markersize=5, lw=1, label="pixels")
    axes.set(xlim=(-0.6, h - 0.4), xticks=range(h), xlabel="position p, in cells")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=9)
    axes = canvas(8.5, 2.3, (-0.4, 20.4), (-4.3, 1.2))
    sheet(axes, coarse, (0, 0), "cells, 2 × 2", size=2.0)
    sheet(axes, fine, (6.2, 0), "pixels, 4 × 4", [[PALE[1 + (r // 2 == c // 2)] for c in range(4)] for r in range(4)])
    sign(axes, 5.1, -2, "→")
    for row, line in enumerate(rows):
        axes.text(10.8, -0.6 - 0.9 * row, line, va="center", fontsize=9)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q7=smooth"]
draw_rule(
    (0, 32, 96), (5, 5, 27, 42, 86, 86), [[1024, 0], [0, 2048]],
    [[779, 779, 405, 405], [779, 779, 405, 405], [405, 405, 1483, 1483], [405, 405, 1483, 1483]],
    ("rows 0 and 1: 27/32 of cell 0, 5/32 of cell 1", "rows 2 and 3: the other way round; columns too",
     "779 = 27/32 · 27/32 · 1024 + 5/32 · 5/32 · 2048", "405 = 27/32 · 5/32 · 1024 + 5/32 · 27/32 · 2048"),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=inverse"]
draw_rule(
    (0, 10, 30), (1, 1, 9, 12, 28, 28), [[100, 0], [0, 200]],
    [[83, 83, 27, 27], [83, 83, 27, 27], [27, 27, 163, 163], [27, 27, 163, 163]],
    ("rows 0 and 1: 0.9 of cell 0, 0.1 of cell 1", "rows 2 and 3: the other way round; columns too",
     "83 = 0.9 · 0.9 · 100 + 0.1 · 0.1 · 200", "27 = 0.9 · 0.1 · 100 + 0.1 · 0.9 · 200"),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=quadratic"]
draw_rule(
    (0, 32, 96), (10, 10, 25, 49, 76, 76), [[256, 0], [0, 512]],
    [[171, 171, 165, 165], [171, 171, 165, 165], [165, 165, 267, 267], [165, 165, 267, 267]],
    ("rows 0 and 1: 22/32 of cell 0, 10/32 of cell 1", "rows 2 and 3: the other way round; columns too",
     "171 = 11/16 · 11/16 · 256 + 5/16 · 5/16 · 512", "165 = 11/16 · 5/16 · 256 + 5/16 · 11/16 · 512"),
)  # fmt: skip

# %% [markdown]
# **Write** `enlarge_map(x, factor)`: x is (K, h, w), with h and w at least 2; `factor` is an integer of at least 2.
# Returns (K, h · factor, w · factor).

# %% tags=["variant:q7=smooth"]
# answer: q7
def enlarge_map(x, factor):
    """Enlarge maps (K, h, w) by this term's rule: (K, h * factor, w * factor)."""
    ### BEGIN SOLUTION
    def along(x, axis):
        count = x.shape[axis]
        p = (np.arange(count * factor) + 0.5) / factor - 0.5
        c = np.floor(p).astype(int)
        t = p - c
        u = 3 * t**2 - 2 * t**3

        def cells(index):
            index = np.abs(index)  # cell -1 is cell 1
            return np.take(x, np.where(index >= count, 2 * count - 2 - index, index), axis)

        shape = [1, 1, 1]
        shape[axis] = -1
        u = u.reshape(shape)
        return (1 - u) * cells(c) + u * cells(c + 1)

    return along(along(x, 1), 2)
    ### END SOLUTION


# %% tags=["variant:q7=inverse"]
# answer: q7
def enlarge_map(x, factor):
    """Enlarge maps (K, h, w) by this term's rule: (K, h * factor, w * factor)."""
    ### BEGIN SOLUTION
    def along(x, axis):
        count = x.shape[axis]
        p = (np.arange(count * factor) + 0.5) / factor - 0.5
        c = np.floor(p).astype(int)
        t = p - c
        u = t**2 / (t**2 + (1 - t) ** 2)

        def cells(index):
            index = np.abs(index)  # cell -1 is cell 1
            return np.take(x, np.where(index >= count, 2 * count - 2 - index, index), axis)

        shape = [1, 1, 1]
        shape[axis] = -1
        u = u.reshape(shape)
        return (1 - u) * cells(c) + u * cells(c + 1)

    return along(along(x, 1), 2)
    ### END SOLUTION


# %% tags=["variant:q7=quadratic"]
# answer: q7
def enlarge_map(x, factor):
    """Enlarge maps (K, h, w) by this term's rule: (K, h * factor, w * factor)."""
    ### BEGIN SOLUTION
    def along(x, axis):
        count = x.shape[axis]
        p = (np.arange(count * factor) + 0.5) / factor - 0.5
        c = np.rint(p).astype(int)
        shape = [1, 1, 1]
        shape[axis] = -1
        t = (p - c).reshape(shape)

        def cells(index):
            index = np.abs(index)  # cell -1 is cell 1
            return np.take(x, np.where(index >= count, 2 * count - 2 - index, index), axis)

        return 0.5 * (0.5 - t) ** 2 * cells(c - 1) + (0.75 - t**2) * cells(c) + 0.5 * (0.5 + t) ** 2 * cells(c + 1)

    return along(along(x, 1), 2)
    ### END SOLUTION


# %%
check("q7")

# %% [markdown]
# ## Question 8. Pixels that count more (12 points)
#
# Most pixels lie deep inside of something, and are easy. The hard ones lie where two classes meet. A loss can say so:
# each pixel gets a weight $w_i$ that depends on the *labels around it*. You write three functions: the weights, the
# loss with given weights, and its gradient. (The weights do not depend on the scores. For the gradient they are
# constants.)
#
# Two pixels are in the same image only if they have the same n. Pixels of other images of the batch, and what lies
# beyond the border of an image, do not exist. **Ignored pixels** (255) have the weight 0, and they do not exist for the
# weights of others.

# %% [markdown] tags=["variant:q8=distance"]
# **This term's weights: the distance to the next other class.** Let $d_i$ be the distance from pixel $i$ to the nearest
# labelled pixel of *another class* in the same image, counted in steps up, down, left and right:
# $|{\Delta}\text{row}| + |{\Delta}\text{column}|$. (Steps may cross ignored pixels.) Then
#
# $$w_i = 1 + \frac{2}{d_i}; \qquad w_i = 1 \text{ if the image has no other class.}$$
#
# **This term's mean: image by image.** For each image with labelled pixels, take the weighted mean of its pixels. The
# loss is the plain mean over these images. So a small or a mostly ignored image counts as much as the others:
#
# $$L = \frac{1}{|G|} \sum_{g \in G} \frac{\sum_{i \in g} w_i \left(-\log p_{i, y_i}\right)}{\sum_{i \in g} w_i},$$
#
# where the groups $g$ are the images that have at least one labelled pixel, and $i \in g$ are the labelled pixels in
# it. With no group, the loss is 0.

# %% [markdown] tags=["variant:q8=neighbours"]
# **This term's weights: neighbours of another class.** A pixel has up to eight neighbours (left, right, above, below,
# and across the corners). Only those inside of the image that have a label are counted. Let $m_i$ be their number, and
# $o_i$ the number of those whose class is another one than that of pixel $i$. Then
#
# $$w_i = 1 + 4 \, \frac{o_i}{m_i}; \qquad w_i = 1 \text{ if } m_i = 0.$$
#
# **This term's mean: class by class.** For each class that has labelled pixels (in the whole batch), take the weighted
# mean of its pixels. The loss is the plain mean over these classes. So a rare class counts as much as the others:
#
# $$L = \frac{1}{|G|} \sum_{g \in G} \frac{\sum_{i \in g} w_i \left(-\log p_{i, y_i}\right)}{\sum_{i \in g} w_i},$$
#
# where the groups $g$ are the classes that occur in the labels, and $i \in g$ are the pixels of that true class. With
# no group, the loss is 0.

# %% [markdown] tags=["variant:q8=window"]
# **This term's weights: alone in the window.** Lay a window of 3 x 3 pixels on pixel $i$, with the pixel in its middle;
# what sticks out of the image is cut off. Let $m_i$ be the number of labelled pixels in the window, and $e_i$ the
# number of those with the same class as pixel $i$ (the pixel itself is one of them). Then
#
# $$w_i = \frac{m_i}{e_i}.$$
#
# Far away from other classes that is 1. **This term's mean: two groups.** One group has the labelled pixels with
# $w_i > 1$, the other one those with $w_i = 1$, in the whole batch. For each group that is not empty, take the weighted
# mean of its pixels. The loss is the plain mean over these groups, two or one:
#
# $$L = \frac{1}{|G|} \sum_{g \in G} \frac{\sum_{i \in g} w_i \left(-\log p_{i, y_i}\right)}{\sum_{i \in g} w_i}.$$
#
# So the pixels near another class count half, however few they are. With no group, the loss is 0.


# %% jupyter={"source_hidden": true}
def draw_weights(weights, rows):
    """Draw labels and their weights."""
    axes = canvas(8.5, 2.2, (-0.4, 20.6), (-4.3, 1.1))
    labels = [[0, 0, 0, 1], [0, 0, 0, IGNORE], [0, 0, 1, 1], [0, 0, 1, 2]]
    sheet(axes, words(labels), (0, 0), "labels", class_faces(labels))
    sheet(axes, weights, (6.2, 0), "weights $w_i$", class_faces(labels), fontsize=8.5)
    sign(axes, 5.1, -2, "→")
    for row, line in enumerate(rows):
        axes.text(11.0, -0.6 - 0.9 * row, line, va="center", fontsize=9)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q8=distance"]
draw_weights(
    [["5/3", "2", "3", "3"], ["5/3", "2", "3", "0"], ["2", "3", "3", "3"], ["2", "3", "3", "3"]],
    ("row 0, column 0: the nearest 1 is three steps away,", "in row 0, column 3 (or row 2, column 2: four steps)",
     "so d = 3 and w = 1 + 2/3 = 5/3", "row 1, column 3: ignored, 0"),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q8=neighbours"]
draw_weights(
    [["1", "1", "2", "5"], ["1", "3/2", "19/7", "0"], ["1", "2", "27/7", "3"], ["1", "13/5", "17/5", "5"]],
    ("row 0, column 2: five neighbours, one of them ignored.", "Of the other four, one is a 1: w = 1 + 4 · 1/4 = 2",
     "row 1, column 2: seven that count, three are 1:", "w = 1 + 4 · 3/7 = 19/7"),
)  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q8=window"]
draw_weights(
    [["1", "1", "5/4", "3"], ["1", "9/8", "8/5", "0"], ["1", "9/7", "8/3", "5/3"], ["1", "3/2", "2", "4"]],
    ("row 0, column 2: the window has six pixels in the image,", "five of them labelled, four of those are 0: w = 5/4",
     "row 2, column 2: eight labelled, three are 1: w = 8/3", "row 1, column 0: all six are 0: w = 1"),
)  # fmt: skip

# %% [markdown]
# **The loss by hand**, with four labelled pixels in two groups, and one pixel that is ignored. The losses $-\log p_y$
# are made up:
#
# | | group A | group A | group B | group B | (ignored) |
# |---|---|---|---|---|---|
# | weight $w_i$ | 1 | 3 | 2 | 2 | 0 |
# | loss of the pixel | 0.4 | 0.8 | 0.1 | 0.3 | 9 |
#
# Group A: $(1 \cdot 0.4 + 3 \cdot 0.8) / 4 = 0.7$. Group B: $(2 \cdot 0.1 + 2 \cdot 0.3) / 4 = 0.2$. The loss is
# $(0.7 + 0.2) / 2 = 0.45$. (The example uses any two groups. What a group *is* stands above.) In the gradient, the
# second pixel's $p_k - [k = y]$ is multiplied by $3 / 4 / 2 = 0.375$.
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `pixel_weights(labels, ignore_index=255)` | labels: integers (N, H, W). Returns the weights, (N, H, W) |
# | `weighted_loss(scores, labels, weights, ignore_index=255)` | scores (N, K, H, W), labels and weights (N, H, W); weights are at least 1 where there is a label, and 0 elsewhere. Returns one number |
# | `weighted_loss_grad(scores, labels, weights, ignore_index=255)` | the same arguments. Returns the gradient with respect to the scores, (N, K, H, W) |
#
# `weighted_loss` takes the weights as they are given: it does not call `pixel_weights`. You may write helper functions
# in the cell.

# %% tags=["variant:q8=distance"]
# answer: q8
def pixel_weights(labels, ignore_index=255):
    """Return this term's weight of each pixel, (N, H, W); 0 where it is ignored."""
    ### BEGIN SOLUTION
    weights = np.zeros(labels.shape)
    for n, image in enumerate(labels):
        for row, column in np.argwhere(image != ignore_index):
            other = np.argwhere((image != ignore_index) & (image != image[row, column]))
            steps = np.abs(other - (row, column)).sum(axis=1)
            weights[n, row, column] = 1 + 2 / steps.min() if len(steps) else 1
    return weights
    ### END SOLUTION


def weighted_loss(scores, labels, weights, ignore_index=255):
    """Return this term's mean of the weighted losses; 0 if nothing is labelled."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    known = factors > 0
    return float(-(factors[known] * np.log(_of_truth(p, labels)[known])).sum())
    ### END SOLUTION


def weighted_loss_grad(scores, labels, weights, ignore_index=255):
    """Return the gradient of the loss with respect to the scores, (N, K, H, W)."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    truth = np.arange(scores.shape[1])[:, None, None] == labels[:, None]
    return (p - truth) * factors[:, None]


def _of_truth(p, labels):
    """Return the probability of the true class, (N, H, W); anything where there is none."""
    return np.take_along_axis(p, np.clip(labels, 0, p.shape[1] - 1)[:, None], 1)[:, 0]


def _factors_and_p(scores, labels, weights, ignore_index):
    """Return what each pixel's loss is multiplied by, (N, H, W), and the softmax."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    known = labels != ignore_index
    groups = [known & (np.arange(len(labels)) == n)[:, None, None] for n in range(len(labels))]
    groups = [group for group in groups if group.any()]
    factors = np.zeros(labels.shape)
    for group in groups:
        factors[group] = weights[group] / weights[group].sum() / len(groups)
    return factors, p
    ### END SOLUTION


# %% tags=["variant:q8=neighbours"]
# answer: q8
def pixel_weights(labels, ignore_index=255):
    """Return this term's weight of each pixel, (N, H, W); 0 where it is ignored."""
    ### BEGIN SOLUTION
    n, height, width = labels.shape
    framed = np.full((n, height + 2, width + 2), ignore_index)
    framed[:, 1:-1, 1:-1] = labels
    counted, other = np.zeros(labels.shape), np.zeros(labels.shape)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                there = framed[:, row : row + height, column : column + width]
                counted += there != ignore_index
                other += (there != ignore_index) & (there != labels)
    return np.where(labels == ignore_index, 0, 1 + 4 * other / np.maximum(counted, 1))
    ### END SOLUTION


def weighted_loss(scores, labels, weights, ignore_index=255):
    """Return this term's mean of the weighted losses; 0 if nothing is labelled."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    known = factors > 0
    return float(-(factors[known] * np.log(_of_truth(p, labels)[known])).sum())
    ### END SOLUTION


def weighted_loss_grad(scores, labels, weights, ignore_index=255):
    """Return the gradient of the loss with respect to the scores, (N, K, H, W)."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    truth = np.arange(scores.shape[1])[:, None, None] == labels[:, None]
    return (p - truth) * factors[:, None]


def _of_truth(p, labels):
    """Return the probability of the true class, (N, H, W); anything where there is none."""
    return np.take_along_axis(p, np.clip(labels, 0, p.shape[1] - 1)[:, None], 1)[:, 0]


def _factors_and_p(scores, labels, weights, ignore_index):
    """Return what each pixel's loss is multiplied by, (N, H, W), and the softmax."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    groups = [labels == k for k in np.unique(labels[labels != ignore_index])]
    factors = np.zeros(labels.shape)
    for group in groups:
        factors[group] = weights[group] / weights[group].sum() / len(groups)
    return factors, p
    ### END SOLUTION


# %% tags=["variant:q8=window"]
# answer: q8
def pixel_weights(labels, ignore_index=255):
    """Return this term's weight of each pixel, (N, H, W); 0 where it is ignored."""
    ### BEGIN SOLUTION
    n, height, width = labels.shape
    framed = np.full((n, height + 2, width + 2), ignore_index)
    framed[:, 1:-1, 1:-1] = labels
    counted, same = np.zeros(labels.shape), np.zeros(labels.shape)
    for row in range(3):
        for column in range(3):
            there = framed[:, row : row + height, column : column + width]
            counted += there != ignore_index
            same += there == labels
    return np.where(labels == ignore_index, 0, counted / np.maximum(same, 1))
    ### END SOLUTION


def weighted_loss(scores, labels, weights, ignore_index=255):
    """Return this term's mean of the weighted losses; 0 if nothing is labelled."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    known = factors > 0
    return float(-(factors[known] * np.log(_of_truth(p, labels)[known])).sum())
    ### END SOLUTION


def weighted_loss_grad(scores, labels, weights, ignore_index=255):
    """Return the gradient of the loss with respect to the scores, (N, K, H, W)."""
    ### BEGIN SOLUTION
    factors, p = _factors_and_p(scores, labels, weights, ignore_index)
    truth = np.arange(scores.shape[1])[:, None, None] == labels[:, None]
    return (p - truth) * factors[:, None]


def _of_truth(p, labels):
    """Return the probability of the true class, (N, H, W); anything where there is none."""
    return np.take_along_axis(p, np.clip(labels, 0, p.shape[1] - 1)[:, None], 1)[:, 0]


def _factors_and_p(scores, labels, weights, ignore_index):
    """Return what each pixel's loss is multiplied by, (N, H, W), and the softmax."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    known = labels != ignore_index
    groups = [group for group in (known & (weights > 1), known & (weights == 1)) if group.any()]
    factors = np.zeros(labels.shape)
    for group in groups:
        factors[group] = weights[group] / weights[group].sum() / len(groups)
    return factors, p
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# ## Question 9. Another measure (12 points)
#
# Mean IoU counts pixels, one by one. It does not see whether wrong pixels lie together or are scattered, or whether a
# border is merely one pixel off. This term's measure looks at something else. All measures of this question have a
# common frame: counts are summed over **all images first**, then there is one number for each class, and the score is
# their mean. Classes for which nothing was counted are left out. If that leaves no class at all, the score is 0.
# Ignored pixels are explained below; whatever was answered there, the score must not change.

# %% [markdown] tags=["variant:q9=pairs"]
# **This term: IoU of pairs.** A *pair* is two pixels of the same image that are neighbours: one to the right of the
# other, or one below the other. An image of 4 x 4 has $12 + 12 = 24$ pairs. A pair with an ignored pixel is left out.
# For class k:
#
# - $T_k$: the pairs whose *two* pixels are truly k;
# - $A_k$: the pairs whose *two* pixels were called k.
#
# $$\mathrm{score}_k = \frac{|T_k \cap A_k|}{|T_k \cup A_k|}; \qquad
# \text{left out if } T_k \cup A_k \text{ is empty.}$$
#
# One wrong pixel in the middle of a region breaks four pairs, so scattered mistakes are expensive.

# %% [markdown] tags=["variant:q9=tolerant"]
# **This term: IoU with a tolerance of one pixel.** People who draw borders are rarely exact. So a wrong answer is
# *forgiven* if the class that was called is the true class of one of the four direct neighbours (left, right, above,
# below, in the same image). It then counts as if the true class of the pixel had been called. The neighbours' *true*
# classes decide, not their answers. An ignored pixel is not counted itself, and it forgives nothing. After that, for
# class k:
#
# $$\mathrm{score}_k = \frac{\text{pixels that are } k \text{ and count as called } k}
# {\text{pixels that are } k \text{ or count as called } k};
# \qquad \text{left out if the lower number is 0.}$$

# %% [markdown] tags=["variant:q9=segments"]
# **This term: quality of segments.** All pixels of one class in one image are a *segment*: there are true segments, and
# answered ones. (They need not be connected.) Ignored pixels belong to no segment, neither true nor answered. In each
# image and for each class, compare the true segment with the answered one. If their IoU is **larger than 1/2**, the two
# are *matched*. A segment that is there but not matched is a mistake: a true one was missed, an answered one was
# invented. Over all images, for class k, let $S_k$ be the sum of the IoUs of the matched ones, $m_k$ their number,
# $t_k$ the number of true segments that were missed, and $a_k$ the number of answered segments that were invented:
#
# $$\mathrm{score}_k = \frac{S_k}{m_k + \tfrac12 t_k + \tfrac12 a_k}; \qquad \text{left out if the lower number is 0.}$$


# %% jupyter={"source_hidden": true}
def draw_measure(rows):
    """Draw the truth of question 6, another answer, and how it is measured."""
    axes = canvas(10, 2.4, (-0.4, 24.6), (-4.6, 1.2))
    draw_maps(axes, TRUTH, np.array([[0, 0, 0, 0], [0, 1, 1, 1], [2, 0, 1, 1], [2, 1, 1, 2]]))
    for row, line in enumerate(rows):
        axes.text(10.2, -0.2 - 0.9 * row, line, va="center", fontsize=9)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q9=pairs"]
draw_measure((
    "class 0:  4 true pairs, 4 called, the same 4:  4 / 4 = 1",
    "class 1:  6 true pairs, 5 called, 4 in both:  4 / (6 + 5 − 4) = 4/7",
    "class 2:  4 true pairs, 1 called, it is one of the 4:  1/4",
    "class 3:  no pairs, left out.   Score: (1 + 4/7 + 1/4) / 3 = 0.607",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=tolerant"]
draw_measure((
    "row 2, column 1: called 0, but its neighbours are 1, 1, 2, 2: wrong",
    "row 3, column 1: called 1, and the neighbour at its right is a 1: forgiven",
    "row 3, column 3: called 2, its neighbours are 1 and 1: wrong",
    "class 0:  5 / 6     class 1:  5 / 6     class 2:  3 / 5     class 3: left out",
    "Score: (5/6 + 5/6 + 3/5) / 3 = 0.756",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=segments"]
draw_measure((
    "class 0:  true 5 pixels, called 6, in both 5:  IoU 5/6, matched: score 5/6",
    "class 1:  true 6, called 6 (not the ×), in both 5:  IoU 5/7, matched: 5/7",
    "class 2:  true 4, called 3, in both 2:  IoU 2/5, not matched. One missed,",
    "              one invented:  0 / (0 + 1/2 + 1/2) = 0.      class 3: left out",
    "Score: (5/6 + 5/7 + 0) / 3 = 0.516",
))  # fmt: skip

# %% [markdown]
# **Write** `scene_score(truth, answer, classes, ignore_index=255)`: `truth` and `answer` are integers (N, H, W),
# `classes` is K. Returns one number.

# %% tags=["variant:q9=pairs"]
# answer: q9
def scene_score(truth, answer, classes, ignore_index=255):
    """Return this term's measure of the answers to N images."""
    ### BEGIN SOLUTION
    both, either = np.zeros(classes), np.zeros(classes)
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])):
        known = (truth[here] != ignore_index) & (truth[there] != ignore_index)
        for k in range(classes):
            true = known & (truth[here] == k) & (truth[there] == k)
            said = known & (answer[here] == k) & (answer[there] == k)
            both[k] += (true & said).sum()
            either[k] += (true | said).sum()
    counted = either > 0
    return float((both[counted] / either[counted]).mean()) if counted.any() else 0.0
    ### END SOLUTION


# %% tags=["variant:q9=tolerant"]
# answer: q9
def scene_score(truth, answer, classes, ignore_index=255):
    """Return this term's measure of the answers to N images."""
    ### BEGIN SOLUTION
    n, height, width = truth.shape
    framed = np.full((n, height + 2, width + 2), ignore_index)
    framed[:, 1:-1, 1:-1] = truth
    forgiven = np.zeros(truth.shape, bool)
    for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
        neighbour = framed[:, row : row + height, column : column + width]
        forgiven |= (neighbour == answer) & (neighbour != ignore_index)
    answer = np.where(forgiven, truth, answer)
    known = truth != ignore_index
    scores = []
    for k in range(classes):
        true, said = known & (truth == k), known & (answer == k)
        if (true | said).any():
            scores.append((true & said).sum() / (true | said).sum())
    return float(np.mean(scores)) if scores else 0.0
    ### END SOLUTION


# %% tags=["variant:q9=segments"]
# answer: q9
def scene_score(truth, answer, classes, ignore_index=255):
    """Return this term's measure of the answers to N images."""
    ### BEGIN SOLUTION
    known = truth != ignore_index
    scores = []
    for k in range(classes):
        quality, count = 0.0, 0.0
        for true, said in zip(known & (truth == k), known & (answer == k)):
            both, either = (true & said).sum(), (true | said).sum()
            if either and both / either > 0.5:
                quality, count = quality + both / either, count + 1
            else:
                count += (true.any() + 0.0) / 2 + (said.any() + 0.0) / 2
        if count:
            scores.append(quality / count)
    return float(np.mean(scores)) if scores else 0.0
    ### END SOLUTION


# %%
check("q9")

# %% [markdown]
# ## Your functions learn
#
# Now the network of the figure, on real handwriting. Scenes of 48 x 48 pixels; three classes: *paper*, digits that are
# *open* (1, 2, 3, 5, 7), and digits with a *loop* (0, 6, 8, 9). Whether a 4 is closed depends on who wrote it. So the
# pixels of every 4 are ignored.
#
# Nothing below is graded. It needs questions 1 to 6; the last part also needs 7, 8 and 9. Convolutions and the
# optimiser are minidet's. **Loss, gradient, weights, skip, switches and mean IoU are yours.**


# %%
def scenes(split, number, seed):
    """Return scenes (N, 3, 48, 48) in [-2, 2], and labels (N, 48, 48): 0, 1, 2 or 255."""
    data = DigitScenes(split, size=48, length=number, seed=seed)
    pairs = [data.load(i) for i in range(number)]
    meaning = np.array([0, 2, 1, 1, 1, IGNORE, 1, 2, 1, 2, 2])  # paper, then the digits 0 to 9
    images = np.stack([image for image, _ in pairs])
    return (images - 0.5) * 4, meaning[np.stack([target["semantic"] for _, target in pairs])]


CLASSES = ("paper", "open", "loop")
COLOURS = np.array([[232, 232, 226], [224, 110, 40], [50, 120, 200]], np.uint8)
K = len(CLASSES)
images, labels = scenes("train", 24 if QUICK else 480, seed=0)
test_images, test_labels = scenes("test", 6 if QUICK else 60, seed=1)  # written by other hands
shares = [np.mean(test_labels == k) for k in (0, 1, 2, IGNORE)]
print("share of the pixels:", ", ".join(f"{name} {s:.1%}" for name, s in zip((*CLASSES, "ignored"), shares)))

# %% jupyter={"source_hidden": true}
HANDLES = [Patch(facecolor=c / 255, edgecolor=GREY, label=name) for c, name in zip(COLOURS, CLASSES)]
HANDLES.append(Patch(facecolor="white", edgecolor=GREY, label="ignored"))


def draw_rows(numbers, columns):
    """Draw scenes in rows; ``columns`` are titles and label maps (N, H, W), the first column is the image."""
    _, grid = viz.subplots(len(numbers), 1 + len(columns), figsize=(1.7 * (1 + len(columns)), 1.7 * len(numbers) + 0.6))
    for i, line in zip(numbers, np.atleast_2d(grid)):
        viz.draw_image(test_images[i] / 4 + 0.5, ax=line[0])
        for axes, maps in zip(line[1:], columns.values()):
            viz.draw_labels(None, maps[i], None, COLOURS, ignore_index=IGNORE, ax=axes)
    for axes, title in zip(np.atleast_2d(grid)[0], ("scene", *columns)):
        axes.set_title(title, fontsize=10)
    plt.gcf().legend(handles=HANDLES, loc="outside lower center", ncols=4 if len(columns) > 1 else 2, frameon=False,
                     labelcolor=GREY, fontsize=9)  # fmt: skip
    plt.show()


SHOWN = [i for i in range(len(test_labels)) if len(np.unique(test_labels[i])) >= 3][:3]
draw_rows(SHOWN, {"truth": test_labels})

# %% [markdown]
# A `Function` ties a forward and a backward pass together, so that minidet's tape can run yours:


# %%
class YourLoss(Function):
    @staticmethod
    def forward(ctx, scores, labels):
        ctx.save_for_backward(scores)
        ctx.labels = labels
        return np.asarray(cross_entropy(scores, labels, IGNORE), scores.dtype)

    @staticmethod
    def backward(ctx, grad):
        (scores,) = ctx.saved_tensors
        return grad * cross_entropy_grad(scores, ctx.labels, IGNORE), None


class YourSkip(Function):
    @staticmethod
    def forward(ctx, enlarged, fine, kernel_size, stride):
        ctx.options = enlarged.shape, kernel_size, stride
        return fuse_skip(enlarged, fine, kernel_size, stride)

    @staticmethod
    def backward(ctx, grad):
        return *fuse_skip_grad(grad, *ctx.options), None, None


class YourPool(Function):
    @staticmethod
    def forward(ctx, x):
        values, switches = pool_switches(x)
        ctx.trail = [(switches, x.shape[2:])]
        return values, switches

    @staticmethod
    def backward(ctx, grad, _):
        return unpool_switches(grad, ctx.trail)  # every gradient goes to where the value came from


class YourUnpool(Function):
    @staticmethod
    def forward(ctx, x, switches, size):
        ctx.trail = [(switches, size)]
        return unpool_switches(x, ctx.trail)

    @staticmethod
    def backward(ctx, grad):
        return unpool_switches_grad(grad, ctx.trail), None, None


def block(channels, filters):
    """Return convolution, normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
    )


class Network(nn.Module):
    """The network of the figure."""

    def __init__(self, width=16):
        super().__init__()
        w = width
        self.down = nn.ModuleList([block(3, w), block(w, 2 * w), block(2 * w, 3 * w)])
        self.bottom = block(3 * w, 3 * w)
        self.enlarge = nn.ConvTranspose2d(2 * w, 2 * w, 4, 2, bias=False)
        self.enlarge.weight = nn.Parameter(bilinear_weight(2 * w, 4).astype(np.float32))  # starts there, then learns
        self.coarse, self.fine = nn.Conv2d(3 * w, 2 * w, 1), nn.Conv2d(3 * w, 2 * w, 1)
        self.up = nn.ModuleList([block(2 * w, w), block(w, w)])
        self.scores = nn.Conv2d(w, K, 1)

    def forward(self, x):
        trail = []
        for level, down in enumerate(self.down):
            x = down(x)
            if level < 2:
                size = x.shape[2:]
                x, switches = YourPool.apply(x)
                trail.append((switches, size))
        low = self.bottom(F.avg_pool2d(x, 2))  # (N, 3 w, 6, 6)
        x = YourSkip.apply(self.enlarge(self.coarse(low)), self.fine(x), 4, 2)  # (N, 2 w, 12, 12)
        for up in self.up:
            x = up(YourUnpool.apply(x, *trail.pop()))
        return self.scores(x)


minidet.manual_seed(0)
network = Network()
start = YourLoss.apply(network(tensor(images[:4])), labels[:4]).item()
print(f"loss at the start {start:.3f}; three classes, equally likely: log 3 = {np.log(3):.3f}")

# %% [markdown]
# **Train.** If your functions use loops over pixels, this is slow, and right nevertheless: make `STEPS` smaller.

# %%
STEPS, BATCH = (4, 4) if QUICK else (240, 8)


def train(network, loss_of, steps, title, rate=6e-3, number=len(images)):
    """Train with Adam on the first ``number`` scenes; the rate falls to 0. Returns a record of every step."""
    optimizer = optim.Adam(network.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    draws, history = np.random.default_rng(0), []
    network.train()
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            chosen = draws.choice(number, BATCH, replace=False)
            loss = loss_of(network(tensor(images[chosen])), chosen)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            history.append({"step": step, "loss": loss.item()})
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


def answers_of(network):
    """Return the class with the highest score for each pixel of the test scenes, (N, H, W)."""
    network.eval()
    with no_grad():
        parts = [network(tensor(test_images[i : i + 20])).numpy() for i in range(0, len(test_images), 20)]
    return np.concatenate(parts).argmax(1)


begin = time.perf_counter()
history = train(network, lambda scores, chosen: YourLoss.apply(scores, labels[chosen]), STEPS, "your network")
print(f"{time.perf_counter() - begin:.0f} s for {STEPS} steps")
axes = viz.draw_curves(history)
plt.show()

# %% [markdown]
# **Measure.** What would somebody reach who never looks at the image, and calls every pixel by the most frequent class?
# A number means little without this baseline beside it.

# %%
answers = {"all paper": np.zeros_like(test_labels), "your network": answers_of(network)}
known = test_labels != IGNORE
print(f"{'':20} {'pixels right':>13} {'mean IoU':>9}")
for name, said in answers.items():
    iou = dataset_iou(list(test_labels), list(said), K, IGNORE)
    print(f"{name:20} {(said == test_labels)[known].mean():13.1%} {iou:9.3f}")

# %%
draw_rows(SHOWN, {"truth": test_labels, **answers})

# %% [markdown]
# "All paper" has most pixels right, and a mean IoU of not even a third: two of three classes are never found.
#
# **This term's rule and this term's measure** (questions 7 and 9). How good can a map of 12 x 12 cells be, if somebody
# who *knows the truth* fills it in? Each cell gets the share of each class among its 4 x 4 pixels. Then the map is
# enlarged four times: by copying, by bilinear interpolation, and by your rule.

# %%
one_hot = (test_labels[:, None] == np.arange(K)[:, None, None]).astype(float)  # (N, K, 48, 48); ignored: all zeros
cells = one_hot.reshape(len(one_hot), K, 12, 4, 12, 4).mean((3, 5))  # (N, K, 12, 12)
bilinear = F.interpolate(tensor(cells), scale_factor=4, mode="bilinear").numpy()
coarse = {
    "12 x 12, copied": cells.repeat(4, 2).repeat(4, 3).argmax(1),
    "12 x 12, bilinear": bilinear.argmax(1),
    "12 x 12, your rule": np.stack([enlarge_map(scene, 4).argmax(0) for scene in cells]),
}
print(f"{'':20} {'mean IoU':>9} {'q9':>7}")
for name, said in (answers | coarse).items():
    iou = dataset_iou(list(test_labels), list(said), K, IGNORE)
    print(f"{name:20} {iou:9.3f} {scene_score(test_labels, said, K, IGNORE):7.3f}")

# %%
draw_rows(SHOWN, {"truth": test_labels, **coarse})

# %% [markdown]
# Nothing was predicted in the last three lines: what they lack was lost by the cells alone, and no training brings it
# back. Look at the loops of 8 and 9, and at the hole of the 0. Your network, which has to *guess* the classes, draws
# them: the switches carried the detail.
#
# **This term's loss** (question 8). The trained network goes on for some steps: once with your plain loss, once with
# your weighted one. All else is the same. (The weights are computed once, as that may be slow.)


# %%
class YourOtherLoss(Function):
    @staticmethod
    def forward(ctx, scores, labels, weights):
        ctx.save_for_backward(scores)
        ctx.rest = labels, weights
        return np.asarray(weighted_loss(scores, labels, weights, IGNORE), scores.dtype)

    @staticmethod
    def backward(ctx, grad):
        (scores,) = ctx.saved_tensors
        return grad * weighted_loss_grad(scores, *ctx.rest, IGNORE), None, None


NUMBER = 8 if QUICK else 64  # scenes
weights = pixel_weights(labels[:NUMBER], IGNORE)
trained = {name: value.numpy().copy() for name, value in network.state_dict().items()}
losses = {
    "on, plain loss": lambda scores, chosen: YourLoss.apply(scores, labels[chosen]),
    "on, weighted loss": lambda scores, chosen: YourOtherLoss.apply(scores, labels[chosen], weights[chosen]),
}
for name, loss_of in losses.items():
    network.load_state_dict(trained)
    train(network, loss_of, max(STEPS // 4, 2), name, rate=4e-3, number=NUMBER)
    answers[name] = answers_of(network)

print(f"{'':20} {'mean IoU':>9} {'q9':>7} {'mistakes at borders':>20} {'elsewhere':>10}")
right_of, below = np.roll(test_labels, -1, 2), np.roll(test_labels, -1, 1)
outline = (test_labels != right_of) | (test_labels != below)  # the last pixels before another class
known = test_labels != IGNORE
for name, said in answers.items():
    wrong = said != test_labels
    iou, score = dataset_iou(list(test_labels), list(said), K, IGNORE), scene_score(test_labels, said, K, IGNORE)
    at, elsewhere = wrong[outline & known].mean(), wrong[~outline & known].mean()
    print(f"{name:20} {iou:9.3f} {score:7.3f} {at:20.1%} {elsewhere:10.1%}")

# %%
draw_rows(SHOWN, {"truth": test_labels, "plain loss": answers["on, plain loss"],
                  "weighted": answers["on, weighted loss"]})  # fmt: skip

# %% [markdown]
# Where did mistakes become fewer, and where more? Do not expect much: a weight is no knowledge. It says which mistakes
# are expensive, and the network pays with the others. And differences in the third digit may come from the order of the
# scenes alone. How would you find out whether they do?
#
# ## Before you hand in
#
# *Restart kernel and run all.* What only worked because of a cell that you deleted will not work for the grader.

# %%
check()

# %% [markdown]
# **To think about** (no points)
#
# - The enlarging weights of question 1 were only the *start*: the network may change them. Look at
#   `network.enlarge.weight`. Did it?
# - Take the switches away: always put the value into the upper left pixel of its window. What becomes of the strokes?
# - Train without the ignore label, and call every 4 "open". What happens to the mean IoU, and is it fair?
#
# **To read:** J. Long, E. Shelhamer, T. Darrell, *Fully convolutional networks for semantic segmentation*, CVPR 2015,
# [arXiv:1411.4038](https://arxiv.org/abs/1411.4038). V. Badrinarayanan, A. Kendall, R. Cipolla, *SegNet*, TPAMI 2017,
# [arXiv:1511.00561](https://arxiv.org/abs/1511.00561). O. Ronneberger, P. Fischer, T. Brox, *U-Net*, MICCAI 2015,
# [arXiv:1505.04597](https://arxiv.org/abs/1505.04597): a loss whose pixels count more near borders.
