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
# # Assignment 6: A network that makes its own proposals
#
# A detector that looks at some hundred boxes needs somebody who names these boxes. In Faster R-CNN a small network does
# it, the *region proposal network* (RPN). It starts from boxes that are the same in every image, the **anchors**, and
# says two things about each: is there an object, and how has the box to change to fit it? In this assignment you write
# what this takes: the anchors, the rule that says which anchor learns what, the sample that takes part in the loss, the
# code for boxes, the two losses with their gradients, and the way from a thousand boxes to a hundred proposals. At the
# end an RPN learns on *your* functions, and you measure how many objects its first hundred proposals find.
#
# |  |  |
# |---|---|
# | **Read before** | notebooks 11 (recall, NMS) and 14 (Faster R-CNN) of the course |
# | **Points** | 100; every question has parts, and each part has its own points |
# | **Time** | about eight hours; all cells together run for two minutes |
# | **You may use** | NumPy, as `np`. Nothing else in the cells that are graded |
#
# **How it works**
# - You write in the cells that begin with `# answer:`. Leave that line where it is. Keep the names of the functions.
# - `check("q1")` runs your function on a few small inputs, and says in words what is wrong. Passing the public checks
#   does not prove that everything is right: the grader draws other inputs, of other sizes.
# - Each question is graded alone. If question 2 is wrong, question 6 can still have all its points. So a cell cannot
#   call a function of another question; copy what you need into it, under another name.
# - A function must not change its inputs, and must work for every size. Loops are allowed. Fast is nice, right is
#   enough.
# - Questions 7, 8 and 9 change from term to term. Read their rules with care: they differ from what you find elsewhere.

# %%
import numpy as np

from minidet.grading import checks

check = checks("a6_faster_rcnn")

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
from minidet.metrics import proposal_recall
from minidet.ops import selective_search
from minidet.ops import box_iou as given_iou
from minidet.viz.page import BLUE, DARK, GREEN, INK, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE, YELLOW

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()


def canvas(width, height, xlim, ylim):
    """Return axes without frame, for a drawing; y grows downwards, as in images."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim[::-1], aspect="equal")
    axes.axis("off")
    return axes


def rectangle(axes, box, colour, line="-", width=2.0):
    """Draw a box (x1, y1, x2, y2)."""
    x1, y1, x2, y2 = box
    style = {"fill": False, "edgecolor": colour, "linewidth": width, "linestyle": line}
    axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **style))


def sheet(axes, values, at, title="", faces=None, size=(1.0, 1.0), fontsize=10):
    """Draw a table of numbers or words with its upper left corner at ``at``; ``faces`` are colours."""
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            left, top = at[0] + column * size[0], at[1] + row * size[1]
            face = "white" if faces is None else faces[row][column]
            frame = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8, "zorder": 2}
            axes.add_patch(Rectangle((left, top), *size, **frame))
            word = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
            style = {"ha": "center", "va": "center", "zorder": 3, "color": DARK, "fontsize": fontsize}
            axes.text(left + size[0] / 2, top + size[1] / 2, word, **style)
    axes.text(at[0], at[1] - 0.2, title, ha="left", va="bottom", fontsize=9)


def lines_of(axes, x, y, lines, step=0.9):
    """Write some lines of text below each other."""
    for row, line in enumerate(lines):
        axes.text(x, y + step * row, line, va="center", fontsize=9)


# %% [markdown]
# ## The figure
#
# This is the network of the last section, with the number of the question that each piece comes from. A box is always
# $(x_1, y_1, x_2, y_2)$, in pixels: the left, the upper, the right, the lower side. Its width is $x_2 - x_1$, without
# "+ 1".


# %% jupyter={"source_hidden": true}
def draw_network():
    """Draw the RPN of the last section."""
    axes = canvas(10, 4.0, (-0.3, 24.3), (-4.6, 5.3))

    def block(x, y, word, face, width=3.0, height=1.5):
        axes.add_patch(
            Rectangle((x - width / 2, y - height / 2), width, height, facecolor=face, edgecolor="#606060", lw=0.9)
        )
        axes.text(x, y, word, ha="center", va="center", fontsize=9, color=DARK)

    def arrow(start, end, colour=INK, line="-"):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3, "linestyle": line})

    block(1.4, -0.5, "image\n3 × 96 × 96", "#ececec")
    block(5.4, -0.5, "convolutions", PALE_BLUE)
    block(9.4, -0.5, "map\n72 × 12 × 12", PALE_BLUE)
    arrow((2.95, -0.5), (3.85, -0.5))
    arrow((6.95, -0.5), (7.85, -0.5))
    block(13.6, -2.6, "objectness\n12 × 12 × A", PALE_ORANGE)
    block(13.6, 1.2, "deltas\n12 × 12 × 4A", PALE_ORANGE)
    block(18.0, -0.7, "boxes, q4", PALE_GREEN)
    block(22.5, -0.7, "proposals, q6", PALE_GREEN)
    block(5.4, 3.6, "anchors, q1", YELLOW)
    block(10.2, 3.6, "which learns what?\nq2, q3", YELLOW, 4.2)
    arrow((10.9, -0.9), (12.05, -2.4))
    arrow((10.9, -0.1), (12.05, 1.0))
    arrow((15.15, 1.0), (16.45, -0.4), GREEN)
    arrow((15.15, -2.7), (21.9, -1.55), GREEN)
    arrow((19.55, -0.7), (20.95, -0.7), GREEN)
    arrow((6.95, 3.6), (8.05, 3.6))
    axes.plot((5.4, 5.4, 18.0), (4.4, 5.0, 5.0), color=GREEN, lw=1.3, ls=":")
    arrow((18.0, 5.0), (18.0, 0.1), GREEN, ":")
    axes.text(13.6, -3.7, "loss 1, q5", ha="center", color=ORANGE, fontsize=10, weight="bold")
    axes.text(14.0, 2.7, "loss 2, q5", ha="center", color=ORANGE, fontsize=10, weight="bold")
    arrow((10.9, 2.8), (12.05, 1.6), ORANGE)
    arrow((9.9, 2.8), (12.05, -1.9), ORANGE)
    axes.text(22.0, 3.6, "this term:\nother rules, q7, q8, q9", ha="center", va="center", fontsize=9)
    plt.show()


draw_network()

# %% [markdown]
# ## Question 1. Anchors (10 points)
#
# The map of an image has stride $s$: each of its **places** stands for a cell of $s \times s$ pixels. There are
# height / $s$ rows of places and width / $s$ columns, both rounded up: what is left over at the right and at the lower
# border has places, too. At each place lie the same A anchors. They have some sizes and some ratios, *height / width*.
# An anchor of size $a$ and ratio $r$ has the area of a square of side $a$:
#
# $$w\,h = a^2, \qquad \frac{h}{w} = r.$$
#
# Nothing is rounded. (The library, and notebook 14, round anchors to whole pixels, and put them around the *corner* of
# a cell. Here they lie around its **middle**.) By hand, size 12 and the ratios 1/4, 1 and 4; and the places of an image
# of 20 x 30 pixels with stride 8:


# %% jupyter={"source_hidden": true}
def draw_anchors():
    """Draw three anchors around (0, 0), and the places of an image."""
    axes = canvas(9, 3.5, (-14, 76), (-17, 18))
    colours = (BLUE, GREEN, ORANGE)
    for box, colour, line in zip(((-12, -3, 12, 3), (-6, -6, 6, 6), (-3, -12, 3, 12)), colours, ("--", "-", ":")):
        rectangle(axes, box, colour, line)
    axes.plot(0, 0, "o", color=INK, markersize=4)
    for y, word, colour in (
        (-13.5, "ratio 4: 6 wide, 24 high", ORANGE),
        (13.6, "ratio 1: 12 x 12", GREEN),
        (16.2, "ratio 1/4: 24 x 6", BLUE),
    ):
        axes.text(0, y, word, color=colour, ha="center", va="center", fontsize=9)
    for row in range(3):
        for column in range(4):
            rectangle(axes, (30 + 8 * column, -12 + 8 * row, 38 + 8 * column, -4 + 8 * row), "#a0a0a0", width=0.7)
            axes.plot(34 + 8 * column, -8 + 8 * row, "o", color=INK, markersize=4)
    rectangle(axes, (30, -12, 60, 8), INK, width=2.5)
    rectangle(axes, (28, -6, 40, 6), GREEN, width=1.2)  # one anchor, at the place (4, 12)
    axes.text(45, -14.5, "30 pixels", ha="center", va="center", fontsize=9)
    axes.text(25.5, -2, "20 pixels", ha="center", va="center", fontsize=9, rotation=90)
    lines_of(
        axes,
        63.5,
        -10,
        ("3 × 4 places:", "20 / 8 = 2.5, and", "30 / 8 = 3.75:", "what is left over", "has a place, too"),
        4,
    )
    plt.show()


draw_anchors()

# %% [markdown]
# **The order** matters, since the network's numbers have no names. Around a place: all sizes of the first ratio, then
# all sizes of the second one, and so on. All anchors: the places row by row, in each row from left to right; and the A
# anchors of a place side by side. So the first anchors of the example are those of the place (4, 4), then come those of
# (12, 4).
#
# **Inside.** In training, anchors that cross the border of the image are left out. An anchor that touches it does not
# cross it.
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `cell_anchors(sizes, ratios)` | two tuples of numbers |
# | returns | the anchors around (0, 0), (A, 4), where A = sizes times ratios |
# | `anchor_grid(cell, height, width, stride)` | `cell`: what `cell_anchors` returns, (A, 4); three integers: pixels |
# | returns | all anchors of the image, (places · A, 4) |
# | `inside_image(anchors, height, width)` | anchors (N, 4) |
# | returns | booleans (N,): which do not cross the border |


# %%
# answer: q1
def cell_anchors(sizes, ratios):
    """Return the anchors of a place around (0, 0), (A, 4): all sizes of the first ratio come first."""
    ### BEGIN SOLUTION
    size = np.tile(np.asarray(sizes, float), len(ratios))
    root = np.sqrt(np.repeat(np.asarray(ratios, float), len(sizes)))
    half_w, half_h = size / root / 2, size * root / 2
    return np.stack([-half_w, -half_h, half_w, half_h], axis=1)
    ### END SOLUTION


def anchor_grid(cell, height, width, stride):
    """Return the anchors of all places of an image, (places * A, 4)."""
    ### BEGIN SOLUTION
    rows, columns = -(-height // stride), -(-width // stride)
    y, x = np.meshgrid((np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij")
    middles = np.stack([x, y, x, y], axis=2)
    return (middles[:, :, None] + cell).reshape(-1, 4)
    ### END SOLUTION


def inside_image(anchors, height, width):
    """Return which anchors do not cross the border of the image, bool (N,)."""
    ### BEGIN SOLUTION
    far = np.array([width, height, width, height])
    return (anchors >= 0).all(axis=1) & (anchors <= far).all(axis=1)
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ## Question 2. IoU, and which anchor learns what (13 points)
#
# **IoU.** What two boxes share, divided by what they cover together:
#
# $$\mathrm{IoU} = \frac{\text{shared area}}{\text{area of one} + \text{area of the other} - \text{shared area}}$$
#
# Boxes may lie apart, also in both directions: then they share nothing. A box may have no area. Its IoU with everything
# is 0, also with itself.
#
# **Which anchor learns what.** Given is the IoU of each object (row) with each anchor (column), and two thresholds,
# high and low.
#
# 1. An anchor's best object is the one with the highest IoU (of equal ones, the first). If this IoU is *at least high*,
#    the anchor is **positive**: it learns this object. If it is *below low*, the anchor learns **background**. Else it
#    is **ignored**.
# 2. Then, **each object keeps its best anchors**: all anchors with the highest IoU of its row are positive, and learn
#    *this* object, whatever rule 1 said of them. If an anchor is a best one of several objects, it learns the one with
#    the higher IoU (of equal ones, the first).
# 3. Rule 2 says nothing for an object whose highest IoU is 0. It touches no anchor, so it has none.
#
# By hand, with the thresholds 0.7 and 0.3:


# %% jupyter={"source_hidden": true}
def draw_matching():
    """Draw a table of overlaps, and what each anchor learns."""
    axes = canvas(9, 3.1, (-3.2, 19.5), (-1.6, 6.4))
    iou = [["0.80", "0.75", "0.30", "0.10", "0", "0.20"], ["0.10", "0.20", "0.25", "0.50", "0.50", "0.05"], ["0"] * 6,
           ["0", "0.71", "0", "0", "0", "0"]]  # fmt: skip
    plain = ["white"] * 6
    faces = [
        [PALE_GREEN, *plain[1:]],
        [*plain[:3], PALE_ORANGE, PALE_ORANGE, "white"],
        plain,
        ["white", PALE_ORANGE, *plain[2:]],
    ]
    sheet(axes, iou, (0, 0), "", faces, (1.5, 0.9))
    for number in range(6):
        axes.text(0.75 + 1.5 * number, -0.2, number, ha="center", fontsize=8.5)
    axes.text(-0.2, -0.2, "anchor", ha="right", fontsize=8.5)
    for number in range(4):
        axes.text(-0.2, 0.45 + 0.9 * number, f"object {number}", ha="right", va="center", fontsize=8.5)
    faces = [[PALE_GREEN, PALE_ORANGE, "#dddddd", PALE_ORANGE, PALE_ORANGE, PALE_BLUE]]
    sheet(axes, [["0", "3", "−2", "1", "1", "−1"]], (0, 4.6), "", faces, (1.5, 0.9))
    axes.text(-0.2, 5.05, "learns", ha="right", va="center", fontsize=8.5)
    words = (
        "anchor 0: 0.80 is at least 0.7: object 0",
        "anchor 1: rule 1 says object 0, but it is the",
        "best of object 3, so it learns object 3",
        "anchor 2: 0.30 is not below 0.3: ignored",
        "anchors 3 and 4: both are best of object 1",
        "anchor 5: below 0.3 with all: background",
        "object 2 touches nothing: it has no anchor",
    )
    lines_of(axes, 9.7, 0.3, words)
    plt.show()


draw_matching()

# %% [markdown]
# **Write** two functions:
#
# | | |
# |---|---|
# | `box_iou(objects, anchors)` | boxes (M, 4) and (N, 4). M may be 0 |
# | returns | the IoU of each object with each anchor, (M, N) |
# | `match(iou, high, low)` | `iou` (M, N), N at least 1; two numbers, low ≤ high. M may be 0: then all is background |
# | returns | integers (N,): the number of the object that an anchor learns (from 0), −1: background, −2: ignored |


# %%
# answer: q2
def box_iou(objects, anchors):
    """Return the IoU of each object with each anchor, (M, N)."""
    ### BEGIN SOLUTION
    low = np.maximum(objects[:, None, :2], anchors[None, :, :2])
    high = np.minimum(objects[:, None, 2:], anchors[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    one, other = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (objects, anchors))
    union = one[:, None] + other[None] - shared
    return np.divide(shared, union, out=np.zeros(union.shape), where=union > 0)
    ### END SOLUTION


def match(iou, high, low):
    """Return for each anchor its object's number, -1: background, or -2: ignored."""
    ### BEGIN SOLUTION
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    claims = np.where((iou == iou.max(axis=1, keepdims=True)) & (iou > 0), iou, 0)
    claimed = claims.max(axis=0) > 0
    learns[claimed] = claims.argmax(axis=0)[claimed]
    return learns
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ## Question 3. A sample (7 points)
#
# Most anchors are background. If all of them took part in the loss, "never an object" would be nearly right. So a few
# are drawn at random: `size` anchors, and *at most* `size · fraction` of them positive (rounded down). If there are
# fewer positives, background takes their places. If there is not enough background, the sample is smaller: positives do
# not take *its* places. Ignored anchors are never drawn.
#
# So that chance can be checked, it comes from outside: `order` has the numbers of all anchors in a random order. Go
# through it, and take the first positives that you meet; then go through it again, and take the first background
# anchors that you meet.
#
# By hand, 8 anchors, size 4, fraction 1/2:
#
# | | | | | | | | | |
# |---|---|---|---|---|---|---|---|---|
# | anchor | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# | `marks`: what it learns | 0 | −1 | −2 | 1 | −1 | −1 | 0 | −1 |
# | `order` | 3 | 1 | 2 | 6 | 0 | 5 | 4 | 7 |
#
# The positives, in this order, are 3, 6, 0: the first two are drawn. Background, in this order, is 1, 5, 4, 7: the
# first two are drawn. So the sample is 1, 3, 5, 6. With fraction 1/4, it would be 3 and 1, 5, 4.
#
# **Write** `sample_anchors(marks, order, size, fraction)`:
#
# | | |
# |---|---|
# | `marks` | integers (N,), as `match` returns them: an object's number (from 0), −1, or −2 |
# | `order` | integers (N,): the numbers 0 to N − 1 in a random order |
# | `size`, `fraction` | an integer, and a number between 0 and 1 |
# | returns | booleans (N,): which anchors are drawn |


# %%
# answer: q3
def sample_anchors(marks, order, size, fraction):
    """Return which anchors are drawn, bool (N,): positives first, then background, both in the given order."""
    ### BEGIN SOLUTION
    positives = order[marks[order] >= 0][: int(size * fraction)]
    background = order[marks[order] == -1][: size - len(positives)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
    ### END SOLUTION


# %%
check("q3")

# %% [markdown]
# ## Question 4. A box as four changes of an anchor (10 points)
#
# The network does not say where a box is, but how to change an anchor. With the centre $(x_a, y_a)$ and the sides
# $w_a$, $h_a$ of the anchor, and $(x, y)$, $w$, $h$ of the box:
#
# $$d_x = \frac{x - x_a}{w_a}, \qquad d_y = \frac{y - y_a}{h_a}, \qquad
# d_w = \log \frac{w}{w_a}, \qquad d_h = \log \frac{h}{h_a}.$$
#
# Decoding is the way back. One thing is added: a network that has not learnt yet may say $d_w = 1000$, and $e^{1000}$
# is infinite. So before decoding, $d_w$ and $d_h$ are cut to *at most* `limit`. The shifts are not cut; and what makes
# a box small is no danger.
#
# By hand: the anchor (10, 10, 26, 42) has its centre at (18, 26), and is 16 wide and 32 high. The box (14, 18, 46, 50)
# has its centre at (30, 34), and is 32 x 32. So $d_x = 12 / 16 = 0.75$, $d_y = 8 / 32 = 0.25$, $d_w = \log 2 = 0.693$,
# $d_h = 0$. And with $d_w = 1000$ and the limit $\log(1000 / 16) = 4.135$ the box is $16 \cdot 62.5 = 1000$ wide: from
# $30 - 500$ to $30 + 500$.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `encode(anchors, boxes)` | both (N, 4), row by row; all sides are above 0. N may be 0 |
# | returns | the deltas $(d_x, d_y, d_w, d_h)$, (N, 4) |
# | `decode(anchors, deltas, limit)` | anchors (N, 4), deltas (N, 4), a number |
# | returns | the boxes, (N, 4) |


# %%
# answer: q4
def encode(anchors, boxes):
    """Return the deltas (dx, dy, dw, dh) that make each anchor its box, (N, 4)."""
    ### BEGIN SOLUTION
    size_a, size = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    middle_a, middle = (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([(middle - middle_a) / size_a, np.log(size / size_a)], axis=1)
    ### END SOLUTION


def decode(anchors, deltas, limit):
    """Return the boxes that the deltas make of the anchors, (N, 4); dw and dh count as at most ``limit``."""
    ### BEGIN SOLUTION
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle = middle_a + deltas[:, :2] * size_a
    half = size_a * np.exp(np.minimum(deltas[:, 2:], limit)) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## Question 5. The two losses of the RPN (14 points)
#
# For each anchor the network says a logit $z$ and four deltas. Only anchors that were *drawn* take part in the losses.
# Let $n$ be their number, positives and background together.
#
# **Objectness.** $p = 1 / (1 + e^{-z})$ is the probability of "object". With $y = 1$ for positives and $y = 0$ for
# background,
#
# $$L_1 = \frac1n \sum_{\text{drawn}} -\bigl(y \log p + (1 - y) \log(1 - p)\bigr), \qquad
# \frac{\partial L_1}{\partial z} = \frac{p - y}{n} \text{ where drawn, else } 0.$$
#
# Logits can be large: for $z = -1000$ and $y = 1$ the loss of the anchor is 1000, not infinite. The same loss in a safe
# form: $\max(z, 0) - z y + \log(1 + e^{-|z|})$.
#
# **Boxes.** Only positives that were drawn pay, since background has no box. Each of their four differences, $d$ =
# delta − target, costs
#
# $$\ell(d) = \frac{d^2}{2 \beta} \ \text{ if } |d| < \beta, \ \text{ else } |d| - \frac{\beta}{2}, \qquad
# \ell'(d) = \frac{d}{\beta} \ \text{ or } \ \mathrm{sign}(d).$$
#
# $L_2$ is the sum over all four deltas of all positives that were drawn, **divided by the same $n$**. In the rows of
# `targets` that belong to no positive stands anything, also NaN.
#
# **Nothing drawn:** both losses are 0, and so are all gradients.
#
# By hand, four anchors, three of them drawn ($n = 3$), $\beta = 0.2$:
#
# | anchor | learns | drawn | $z$ | $p$ | loss | $\partial L_1 / \partial z$ |
# |---|---|---|---|---|---|---|
# | 0 | object 0 | yes | 0 | 1/2 | $-\log(1/2) = 0.693$ | $(1/2 - 1) / 3 = -1/6$ |
# | 1 | background | yes | $\log 3$ | 3/4 | $-\log(1/4) = 1.386$ | $(3/4 - 0) / 3 = 1/4$ |
# | 2 | background | yes | $-\log 3$ | 1/4 | $-\log(3/4) = 0.288$ | $1/12$ |
# | 3 | object 1 | no | 5 | | | 0 |
#
# $L_1 = 2.367 / 3 = 0.789$. Anchor 0 says $(0.5, 0, -0.05, 0.1)$, its target is $(0.2, 0, 0.05, 0.1)$. So $d = (0.3, 0,
# -0.1, 0)$: the first costs $0.3 - 0.1 = 0.2$, the third $0.01 / 0.4 = 0.025$. $L_2 = 0.225 / 3 = 0.075$, and its
# gradient in row 0 is $(1, 0, -0.5, 0) / 3$; in all other rows it is 0.
#
# **Write** four functions:
#
# | | |
# |---|---|
# | `objectness_loss(logits, marks, drawn)` | returns $L_1$, one number |
# | `objectness_grad(logits, marks, drawn)` | returns its gradient with respect to the logits, (N,) |
# | `box_loss(deltas, targets, marks, drawn, beta)` | returns $L_2$, one number |
# | `box_grad(deltas, targets, marks, drawn, beta)` | returns its gradient with respect to the deltas, (N, 4) |
# | `logits`, `deltas`, `targets` | (N,), (N, 4), (N, 4) |
# | `marks` | integers (N,), as in question 3: an object's number (from 0), −1, −2 |
# | `drawn` | booleans (N,). No ignored anchor is drawn |


# %%
# answer: q5
def objectness_loss(logits, marks, drawn):
    """Return the mean of the binary cross-entropy over the anchors that were drawn; 0 if there are none."""
    ### BEGIN SOLUTION
    z, y = logits[drawn], marks[drawn] >= 0
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return float(losses.sum() / max(len(z), 1))
    ### END SOLUTION


def objectness_grad(logits, marks, drawn):
    """Return its gradient with respect to the logits, (N,)."""
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, small) / (1 + small)
    return np.where(drawn, p - (marks >= 0), 0) / max(drawn.sum(), 1)
    ### END SOLUTION


def box_loss(deltas, targets, marks, drawn, beta):
    """Return the smooth L1 loss of the positives that were drawn, divided by the number of all that were drawn."""
    ### BEGIN SOLUTION
    pays = drawn & (marks >= 0)
    d = np.abs(deltas[pays] - targets[pays])
    losses = np.where(d < beta, d * d / (2 * beta), d - beta / 2)
    return float(losses.sum() / max(drawn.sum(), 1))
    ### END SOLUTION


def box_grad(deltas, targets, marks, drawn, beta):
    """Return its gradient with respect to the deltas, (N, 4)."""
    ### BEGIN SOLUTION
    pays = drawn & (marks >= 0)
    grad = np.zeros(deltas.shape)
    grad[pays] = np.clip((deltas[pays] - targets[pays]) / beta, -1, 1) / max(drawn.sum(), 1)
    return grad
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# ## Question 6. From boxes to proposals (12 points)
#
# The network has said a logit for each anchor, and the decoded boxes lie there by the hundred, on heaps. Proposals are
# made of them in five steps, *in this order*:
#
# 1. **Cut:** only the `before` boxes with the highest logits go on (all, if there are fewer). Of equal logits, the
#    first come first.
# 2. **Clip** to the image: $x$ to 0 ... width, $y$ to 0 ... height.
# 3. **Drop** each box whose width or height is now below `least`.
# 4. **NMS** (non-maximum suppression): take the box with the highest logit, drop all others whose IoU with it (as in
#    question 2) is *higher than* the threshold; then take the best one of those that are left, and so on. A box that
#    was dropped drops no other.
# 5. **Cut** again: the best `after` of what is left.
#
# By hand, an image of 20 x 30 pixels, `before` 6, threshold 0.5, `least` 2, `after` 3:


# %% jupyter={"source_hidden": true}
def draw_proposals():
    """Draw seven boxes, and the three that are left."""
    axes = canvas(10, 3.1, (-3, 100), (-6, 25))
    boxes = {
        "A": (2, 2, 12, 12),
        "B": (4, 2, 14, 12),
        "C": (20, 4, 44, 14),
        "D": (20, 4, 30, 14),
        "E": (29, 15, 40, 19),
        "F": (7, 2, 17, 12),
        "G": (0, 14, 8, 20),
    }
    for left, names in ((0, "GFEDCBA"), (66, "FCA")):
        rectangle(axes, (left, 0, left + 30, 20), INK, width=2.5)
        for name in names:
            x1, y1, x2, y2 = boxes[name]
            x2 = min(x2, 30) if left else x2
            colour, line = (ORANGE, "-") if name in "ACF" else (BLUE, "--")
            rectangle(axes, (left + x1, y1, left + x2, y2), colour, line, 1.8)
            at = {"B": (12.2, 11.6), "F": (15.0, 11.6), "C": (x2 - 2, 13.6), "E": (38, 18.6)}.get(
                name, (x1 + 0.5, y2 - 0.4)
            )
            axes.text(left + at[0], at[1], name, color=colour, fontsize=9, va="bottom", weight="bold")
    axes.text(15, -1, "seven boxes", ha="center", va="bottom", fontsize=9)
    axes.text(81, -1, "three proposals: A, C, F", ha="center", va="bottom", fontsize=9)
    words = (
        "logits: A 3, C 2.5, B 2, E 1.5,",
        "D 1, F 0.5, G −1",
        "G is the seventh: cut",
        "E is 1 wide inside: dropped",
        "B: IoU 2/3 with A: dropped",
        "D: is C, clipped: dropped",
        "F: IoU 1/3 with A: kept,",
        "though B would drop it",
    )
    lines_of(axes, 46, -1, words, 3)
    plt.show()


draw_proposals()

# %% [markdown]
# **Write** three functions (they may call each other: they belong to one question):
#
# | | |
# |---|---|
# | `clip_boxes(boxes, height, width)` | boxes (N, 4) |
# | returns | boxes (N, 4). One that lies outside becomes a box without area, at the border |
# | `nms(boxes, scores, threshold)` | boxes (N, 4), scores (N,). N may be 0 |
# | returns | integers: the numbers of the boxes that are kept, the best first. Of equal scores, the first comes first |
# | `propose(boxes, logits, size, before, after, threshold, least)` | boxes (N, 4), logits (N,); N may be 0 |
# | `size` | (height, width) of the image |
# | returns | a tuple: the proposals (P, 4) and their logits (P,), the best first. P may be 0 |


# %%
# answer: q6
def clip_boxes(boxes, height, width):
    """Return the boxes, cut off at the border of the image, (N, 4)."""
    ### BEGIN SOLUTION
    return np.clip(boxes, 0, np.array([width, height, width, height]))
    ### END SOLUTION


def nms(boxes, scores, threshold):
    """Return the numbers of the boxes that are kept, the best first."""
    ### BEGIN SOLUTION
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return np.array(kept, int)
    ### END SOLUTION


def propose(boxes, logits, size, before, after, threshold, least):
    """Return the proposals (P, 4) and their logits (P,), the best first."""
    ### BEGIN SOLUTION
    best = np.argsort(-logits, kind="stable")[:before]
    boxes, logits = clip_boxes(boxes[best], *size), logits[best]
    large = (boxes[:, 2:] - boxes[:, :2] >= least).all(axis=1)
    boxes, logits = boxes[large], logits[large]
    kept = nms(boxes, logits, threshold)[:after]
    return boxes[kept], logits[kept]
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# ## Question 7. Another rule of matching (12 points)
#
# Two thresholds are one way to say which anchor learns what. This term's way is another one. The frame is the same for
# all:
#
# - Each **object claims** some anchors. It never claims an anchor with which its IoU is 0.
# - An anchor that one object claims learns this object. If several objects claim it, a rule below says which one has
#   it.
# - All other anchors learn background (−1), unless a rule below says that they are ignored (−2).
# - Without objects, all anchors are background.
#
# As in question 2, objects are rows, anchors are columns, and both are counted from 0. The IoU is given: you need not
# calculate it.

# %% [markdown] tags=["variant:q7=adaptive"]
# **This term: each object sets its own threshold.** A small or an odd object overlaps no anchor well. So each object
# looks at the anchors around it, and claims those that stand out:
#
# 1. Its **candidates** are the 5 anchors whose centres are nearest to the centre of the object (all, if there are
#    fewer; of equal distances, the first anchors).
# 2. Its **threshold** is the mean of its IoU over the candidates, plus the standard deviation, $\sqrt{\text{mean of }
#    (\mathrm{IoU} - \text{mean})^2}$.
# 3. It claims each *candidate* whose IoU is at least the threshold, and whose centre lies *in the box* of the object
#    (its border belongs to it).
#
# If several objects claim an anchor, the one with the highest IoU has it; of equal ones, the first. Nothing is ignored.

# %% [markdown] tags=["variant:q7=centre"]
# **This term: the middle of an object.** An anchor whose centre lies in the middle of an object sees the object as a
# whole. The **inner box** of an object has the same centre, half its width and half its height. For each object, let an
# anchor be *fitting* if its IoU is at least 0.3.
#
# 1. An object claims each fitting anchor whose centre lies in the inner box.
# 2. If several objects claim an anchor, the one with the smallest area has it; of equal ones, the first.
# 3. An anchor that nobody claims is ignored if, for some object, it is fitting and its centre lies in the box of this
#    object.
#
# The border of a box, and of an inner box, belongs to it.

# %% [markdown] tags=["variant:q7=quota"]
# **This term: each object has a quota.** An object that many anchors fit may teach many, another one few. How many, its
# IoUs say:
#
# 1. The **quota** of an object is the sum of its five highest IoUs (of all, if there are fewer), rounded down; but it
#    is at least 1.
# 2. An object claims as many anchors as its quota says, those with its highest IoUs. Of equal ones, the first anchors
#    come first. (There may be fewer: never with an IoU of 0.)
# 3. If several objects claim an anchor, the one with the highest IoU has it; of equal ones, the first. The others get
#    nothing in its place.
# 4. An anchor that nobody claims is ignored if its IoU with some object is at least 0.4.


# %% jupyter={"source_hidden": true}
def draw_rule(learns, rows):
    """Draw eight anchors, two objects, their overlaps, and what each anchor learns."""
    axes = canvas(10, 4.1, (-6, 106), (-9, 37))
    for number in range(8):
        x, y = 4 + 8 * (number % 4), 4 + 8 * (number // 4)
        rectangle(axes, (x - 6, y - 6, x + 6, y + 6), "#a0a0a0", width=0.7)
        axes.text(x, y, number, ha="center", va="center", fontsize=9)
    rectangle(axes, (8, 1, 24, 10), ORANGE)
    rectangle(axes, (5, 0, 17, 16), GREEN, "--")
    axes.text(16, -3, "object 0", color=ORANGE, fontsize=9, weight="bold", va="bottom")
    axes.text(5, 19, "object 1", color=GREEN, fontsize=9, weight="bold", va="top")
    iou = [
        ["0.07", "0.45", "0.45", "0.07", "0.03", "0.16", "0.16", "0.03"],
        ["0.17", "0.49", "0.10", "0", "0.17", "0.49", "0.10", "0"],
    ]
    faces = {"0": PALE_ORANGE, "1": PALE_GREEN, "−2": "#dddddd", "−1": "white"}
    sheet(axes, iou, (50, -4), "IoU with the anchors 0 to 7", size=(6.5, 4.5), fontsize=9)
    sheet(axes, [learns], (50, 8), "", [[faces[word] for word in learns]], (6.5, 4.5), 9)
    for y, word in ((-1.7, "object 0"), (2.8, "object 1"), (10.2, "learns")):
        axes.text(49, y, word, ha="right", va="center", fontsize=8.5)
    lines_of(axes, 37, 18, rows, 3.4)
    plt.show()


# %% [markdown]
# **By hand:** an image of 16 x 32 pixels with stride 8, one anchor of 12 x 12 at each of its 2 x 4 places, and two
# objects, (8, 1, 24, 10) and (5, 0, 17, 16). The numbers stand in the middle of the anchors, and are theirs.

# %% jupyter={"source_hidden": true} tags=["variant:q7=adaptive"]
draw_rule(["−1", "1", "0", "−1", "−1", "1", "−1", "−1"], (
    "object 0: the nearest five are 1, 2, 5, 6, 0 (3 is as far as 0, but later)",
    "mean (0.45 + 0.45 + 0.16 + 0.16 + 0.07) / 5 = 0.26, deviation 0.16, threshold 0.42: anchors 1 and 2",
    "object 1: the nearest five are 1, 5, 0, 4, 2; mean 0.28, deviation 0.17, threshold 0.45: anchors 1 and 5",
    "anchor 1: both objects claim it; 0.49 is higher than 0.45, so object 1 has it",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=centre"]
draw_rule(["−1", "0", "0", "−1", "−1", "1", "−1", "−1"], (
    "object 0: inner box (12, 3.25, 20, 7.75); the centres of 1 (12, 4) and 2 (20, 4) lie on its border: in it",
    "object 1: inner box (8, 4, 14, 12); 1 (12, 4) and 5 (12, 12) lie in it, and both fit (0.49)",
    "anchor 1: both objects claim it; areas 16 · 9 = 144 and 12 · 16 = 192: object 0 has it",
    "Were there one object only, (10, 1, 26, 10), then anchor 1 would be ignored: it fits (IoU 1/3),",
    "and its centre lies in the box, but not in the inner box (14, 3.25, 22, 7.75)",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q7=quota"]
draw_rule(["−1", "1", "−2", "−1", "−1", "−2", "−1", "−1"], (
    "object 0: 0.45 + 0.45 + 0.16 + 0.16 + 0.07 = 1.3, quota 1: anchor 1 (2 is equal, but later)",
    "object 1: 0.49 + 0.49 + 0.17 + 0.17 + 0.10 = 1.4, quota 1: anchor 1 (5 is equal, but later)",
    "anchor 1: both objects claim it; 0.49 is higher than 0.45: object 1 has it, and object 0 has nothing",
    "anchors 2 and 5: nobody claims them, and their IoU of 0.45 and 0.49 is at least 0.4: ignored",
))  # fmt: skip

# %% [markdown]
# **Write** `assign(iou, anchors, objects)`:
#
# | | |
# |---|---|
# | `iou` | (M, N), the IoU of each object with each anchor |
# | `anchors` | boxes (N, 4), N at least 1 |
# | `objects` | boxes (M, 4). M may be 0; an object may have no area, or lie outside of the image |
# | returns | integers (N,): for each anchor the number of its object (from 0), −1, or −2 |


# %% tags=["variant:q7=adaptive"]
# answer: q7
def assign(iou, anchors, objects):
    """Return for each anchor its object's number, or -1 for background."""
    ### BEGIN SOLUTION
    learns = np.full(len(anchors), -1)
    strongest = np.zeros(len(anchors))
    middles = (anchors[:, :2] + anchors[:, 2:]) / 2
    for number, box in enumerate(objects):
        distance = ((middles - (box[:2] + box[2:]) / 2) ** 2).sum(axis=1)
        near = np.argsort(distance, kind="stable")[:5]
        threshold = iou[number, near].mean() + iou[number, near].std()
        for n in near:
            within = (box[:2] <= middles[n]).all() and (middles[n] <= box[2:]).all()
            if within and iou[number, n] >= threshold and iou[number, n] > strongest[n]:
                learns[n], strongest[n] = number, iou[number, n]
    return learns
    ### END SOLUTION


# %% tags=["variant:q7=centre"]
# answer: q7
def assign(iou, anchors, objects):
    """Return for each anchor its object's number, -1: background, or -2: ignored."""
    ### BEGIN SOLUTION
    learns = np.full(len(anchors), -1)
    smallest = np.full(len(anchors), np.inf)
    middles = (anchors[:, :2] + anchors[:, 2:]) / 2
    for number, box in enumerate(objects):
        side = box[2:] - box[:2]
        away = np.abs(middles - (box[:2] + box[2:]) / 2)
        fitting = iou[number] >= 0.3
        learns[fitting & (2 * away <= side).all(axis=1) & (learns == -1)] = -2
        wins = fitting & (4 * away <= side).all(axis=1) & (side.prod() < smallest)
        learns[wins], smallest[wins] = number, side.prod()
    return learns
    ### END SOLUTION


# %% tags=["variant:q7=quota"]
# answer: q7
def assign(iou, anchors, objects):
    """Return for each anchor its object's number, -1: background, or -2: ignored."""
    ### BEGIN SOLUTION
    learns = np.full(len(anchors), -1)
    strongest = np.zeros(len(anchors))
    for number, row in enumerate(iou):
        quota = max(1, int(np.sort(row)[::-1][:5].sum()))
        learns[(row >= 0.4) & (learns == -1)] = -2
        for n in np.argsort(-row, kind="stable")[:quota]:
            if row[n] > strongest[n]:
                learns[n], strongest[n] = number, row[n]
    return learns
    ### END SOLUTION


# %%
check("q7")

# %% [markdown]
# ## Question 8. Another code for boxes (10 points)
#
# Centre and logarithm of the sides are one way to write a box as four changes of an anchor. This term's way is another
# one. In all of them, $(x_1, y_1, x_2, y_2)$ is the box, an $a$ marks the anchor, $w_a$ and $h_a$ are its sides and
# $(x_a, y_a)$ its centre.

# %% [markdown] tags=["variant:q8=sides"]
# **This term: four distances.** How far is it from the centre of the *anchor* to the four sides of the box? To the
# left, up, to the right, down:
#
# $$l = \frac{x_a - x_1}{w_a}, \qquad t = \frac{y_a - y_1}{h_a}, \qquad
# r = \frac{x_2 - x_a}{w_a}, \qquad b = \frac{y_2 - y_a}{h_a}.$$
#
# A distance is negative where the centre of the anchor lies beyond this side. **Decoding:** first cut all four numbers
# to at most 8. Then solve the equations for the box. If now $x_2 < x_1$, the box is turned inside out: replace both by
# their mean, $(x_1 + x_2) / 2$. The same for $y_1$ and $y_2$, by itself.
#
# By hand: the anchor (10, 10, 18, 42) is 8 wide and 32 high, with its centre at (14, 26). The box (6, 18, 38, 50): $l =
# 8/8 = 1$, $t = 8/32 = 0.25$, $r = 24/8 = 3$, $b = 24/32 = 0.75$. And decoded, $(-2, 0.25, 1, 20)$ gives $x_1 = 14 + 16
# = 30$ and $x_2 = 14 + 8 = 22$: both become 26. Further $y_1 = 26 - 8 = 18$, and with 8 in the place of 20, $y_2 = 26 +
# 256 = 282$.

# %% [markdown] tags=["variant:q8=corners"]
# **This term: two corners.** How far do the two corners of the anchor have to go, in sides of the anchor?
#
# $$c_1 = \frac{x_1 - x_{1a}}{w_a}, \qquad c_2 = \frac{y_1 - y_{1a}}{h_a}, \qquad
# c_3 = \frac{x_2 - x_{2a}}{w_a}, \qquad c_4 = \frac{y_2 - y_{2a}}{h_a}.$$
#
# **Decoding:** first cut all four numbers to $-4 \ldots 4$. Then solve the equations for the box. If now $x_2 < x_1$,
# the corners have passed each other: exchange the two numbers. The same for $y_1$ and $y_2$, by itself.
#
# By hand: the anchor (10, 10, 18, 42) is 8 wide and 32 high. The box (6, 18, 38, 50): $c_1 = -4/8 = -0.5$, $c_2 = 8/32
# = 0.25$, $c_3 = 20/8 = 2.5$, $c_4 = 8/32 = 0.25$. And decoded, $(2, 0.25, -0.5, 20)$ gives $x_1 = 10 + 16 = 26$ and
# $x_2 = 18 - 4 = 14$: exchanged, 14 and 26. Further $y_1 = 10 + 8 = 18$, and with 4 in the place of 20, $y_2 = 42 + 128
# = 170$.

# %% [markdown] tags=["variant:q8=roots"]
# **This term: roots.** Logarithms grow fast for small boxes. Square roots are gentler. With $s_a = \sqrt{w_a h_a}$, the
# same for both directions, and $(x, y)$, $w$, $h$ of the box:
#
# $$d_x = \frac{x - x_a}{s_a}, \qquad d_y = \frac{y - y_a}{s_a}, \qquad
# d_w = \sqrt{\frac{w}{w_a}} - 1, \qquad d_h = \sqrt{\frac{h}{h_a}} - 1.$$
#
# **Decoding:** first cut $d_w$ and $d_h$ to $-1 \ldots 7$ (a root is not negative, and no side grows by more than 64).
# The shifts are not cut. Then solve the equations for the box.
#
# By hand: the anchor (10, 10, 18, 42) is 8 wide and 32 high, with its centre at (14, 26) and $s_a = \sqrt{256} = 16$.
# The box (6, 18, 38, 50) is 32 x 32, with its centre at (22, 34): $d_x = 8/16 = 0.5$, $d_y = 0.5$, $d_w = \sqrt{4} - 1
# = 1$, $d_h = 0$. And decoded, $(0, 0, -3, 20)$ is 0 wide, since $d_w$ counts as $-1$, and $32 \cdot 64$ high, since
# $d_h$ counts as 7.

# %% [markdown]
# **Write** two functions:
#
# | | |
# |---|---|
# | `encode_box(anchors, boxes)` | both (N, 4), row by row; all sides are above 0. N may be 0 |
# | returns | the codes, (N, 4) |
# | `decode_box(anchors, codes)` | both (N, 4) |
# | returns | the boxes, (N, 4) |


# %% tags=["variant:q8=sides"]
# answer: q8
def encode_box(anchors, boxes):
    """Return this term's codes of the boxes, seen from their anchors, (N, 4)."""
    ### BEGIN SOLUTION
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    return np.concatenate([(middle - boxes[:, :2]) / side, (boxes[:, 2:] - middle) / side], axis=1)
    ### END SOLUTION


def decode_box(anchors, codes):
    """Return the boxes that the codes mean, (N, 4)."""
    ### BEGIN SOLUTION
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    codes = np.minimum(codes, 8)
    low, high = middle - codes[:, :2] * side, middle + codes[:, 2:] * side
    mean = (low + high) / 2
    return np.concatenate([np.minimum(low, mean), np.maximum(high, mean)], axis=1)
    ### END SOLUTION


# %% tags=["variant:q8=corners"]
# answer: q8
def encode_box(anchors, boxes):
    """Return this term's codes of the boxes, seen from their anchors, (N, 4)."""
    ### BEGIN SOLUTION
    side = anchors[:, 2:] - anchors[:, :2]
    return (boxes - anchors) / np.tile(side, 2)
    ### END SOLUTION


def decode_box(anchors, codes):
    """Return the boxes that the codes mean, (N, 4)."""
    ### BEGIN SOLUTION
    side = anchors[:, 2:] - anchors[:, :2]
    boxes = anchors + np.clip(codes, -4, 4) * np.tile(side, 2)
    return np.sort(boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    ### END SOLUTION


# %% tags=["variant:q8=roots"]
# answer: q8
def encode_box(anchors, boxes):
    """Return this term's codes of the boxes, seen from their anchors, (N, 4)."""
    ### BEGIN SOLUTION
    side_a, side = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    shift = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2
    return np.concatenate([shift / np.sqrt(side_a.prod(axis=1, keepdims=True)), np.sqrt(side / side_a) - 1], axis=1)
    ### END SOLUTION


def decode_box(anchors, codes):
    """Return the boxes that the codes mean, (N, 4)."""
    ### BEGIN SOLUTION
    side_a = anchors[:, 2:] - anchors[:, :2]
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + codes[:, :2] * np.sqrt(side_a.prod(axis=1, keepdims=True))
    half = side_a * (1 + np.clip(codes[:, 2:], -1, 7)) ** 2 / 2
    return np.concatenate([middle - half, middle + half], axis=1)
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# ## Question 9. Another way to thin out (12 points)
#
# NMS keeps the best box of a heap, and throws away what the others knew. This term's rule does something else with
# them. In all rules of this question, scores lie between 0 and 1; *better* means: a higher score; and IoU is that of
# question 2: a box without an area has an IoU of 0 with everything.

# %% [markdown] tags=["variant:q9=merge"]
# **This term: boxes are merged.** Take the best box (of equal scores, the first). It is the leader of a group: itself,
# and all boxes that are left whose IoU with *the leader* is *higher than* `limit`. The group becomes one box: each of
# its four numbers is the mean of the group's numbers, weighted by their scores,
#
# $$x_1 = \frac{\sum_i s_i \, x_{1, i}}{\sum_i s_i}, \quad \text{and so on;}$$
#
# its score is that of the leader. Then the group is gone, and the best of the boxes that are left leads the next one,
# until none is left. Return the merged boxes in this order. (A box without an area is in its own group all the same, if
# it leads.)

# %% [markdown] tags=["variant:q9=decay"]
# **This term: scores decay, all at once.** Nothing is removed one after the other. Sort the boxes, the better ones
# first (of equal scores, the first come first). For each box $i$, let $m_i$ be its highest IoU with a box *before it*
# (0 if there is none). The more a box is covered itself, the less it may do to others. The new score of box $j$ is
#
# $$s_j' = s_j \cdot \min_{i \text{ before } j} \frac{1 - \mathrm{IoU}_{ij}}{1 - m_i};$$
#
# a box $i$ with $m_i = 1$ is left out of the minimum, and for the first box the factor is 1. Keep the boxes with a new
# score of *at least* `limit`, and return them with their new scores, sorted by these (of equal ones, what was before
# stays before). The boxes themselves do not change.

# %% [markdown] tags=["variant:q9=votes"]
# **This term: votes.** The boxes of a heap vote for their best one. And how much two boxes overlap is not said by the
# IoU here, but by the **share**: the area of the intersection, divided by the area of the *smaller* box (0 if that is
# 0). A box inside of another one has the share 1.
#
# Take the best box. Of equal scores, take the one with the larger area; of equal areas, the first. It collects itself,
# and all boxes that are left whose share with it is *higher than* `limit`. It stays where it is, and its new score says
# that not all of its voters are wrong:
#
# $$s' = 1 - \prod_i (1 - s_i), \quad i \text{ over all that it collected, itself included.}$$
#
# What was collected is gone. Then the best of the boxes that are left collects, and so on. At the end, sort by the new
# scores (of equal ones, what was taken first stays first).


# %% jupyter={"source_hidden": true}
def draw_thinning(after, rows):
    """Draw four boxes, and what becomes of them."""
    axes = canvas(10, 2.6, (-3, 101), (-6, 21))
    before = [((0, 0, 10, 10), 0.9), ((2, 0, 12, 10), 0.6), ((5, 0, 15, 10), 0.5), ((20, 0, 30, 10), 0.93)]
    styles = ((ORANGE, "-"), (BLUE, "--"), (GREEN, ":"), (INK, "-"))
    for (box, score), (colour, line), name in zip(before, styles, "ABCD"):
        rectangle(axes, box, colour, line)
        axes.text(box[0] + 0.9, -0.4, name, color=colour, fontsize=9, va="bottom", ha="center", weight="bold")
    scores = ", ".join(f"{name} {score}" for (_, score), name in zip(before, "ABCD"))
    axes.text(15, 12, scores, ha="center", va="top", fontsize=9)
    for box, word, (colour, line) in after:
        rectangle(axes, (68 + box[0], box[1], 68 + box[2], box[3]), colour, line)
        axes.text(68 + box[2] - 0.5, 10.4, word, color=colour, fontsize=9, va="top", ha="right", weight="bold")
    lines_of(axes, 33, -2, rows, 3.2)
    plt.show()


# %% [markdown]
# **By hand:** A (0, 0, 10, 10), B (2, 0, 12, 10), C (5, 0, 15, 10), D (20, 0, 30, 10). IoU: A and B 2/3, A and C 1/3, B
# and C 7/13.

# %% jupyter={"source_hidden": true} tags=["variant:q9=merge"]
draw_thinning(
    [
        ((20, 0, 30, 10), "0.93", (INK, "-")),
        ((5, 0, 15, 10), "0.5", (GREEN, ":")),
        ((0.8, 0, 10.8, 10), "0.9", (ORANGE, "-")),
    ],
    (
        "limit 0.5",
        "D leads: alone, (20, 0, 30, 10), 0.93",
        "A leads: A and B. (0.9 · 0 + 0.6 · 2) / 1.5",
        "= 0.8: (0.8, 0, 10.8, 10), 0.9",
        "C leads: alone, (5, 0, 15, 10), 0.5",
        "(B, which C overlaps, is gone)",
    ),
)

# %% jupyter={"source_hidden": true} tags=["variant:q9=decay"]
draw_thinning(
    [
        ((20, 0, 30, 10), "0.93", (INK, "-")),
        ((5, 0, 15, 10), "0.33", (GREEN, ":")),
        ((0, 0, 10, 10), "0.9", (ORANGE, "-")),
    ],
    (
        "limit 0.25; the order is D, A, B, C",
        "D, A: nothing that is before overlaps them",
        "B: A gives 1 − 2/3, D 1: 0.6 / 3 = 0.2: gone",
        "C: A gives 1 − 1/3; B gives",
        "(1 − 7/13) / (1 − 2/3) = 1.38; D gives 1",
        "0.5 · 2/3 = 0.33",
    ),
)

# %% jupyter={"source_hidden": true} tags=["variant:q9=votes"]
draw_thinning(
    [
        ((20, 0, 30, 10), "0.93", (INK, "-")),
        ((5, 0, 15, 10), "0.5", (GREEN, ":")),
        ((0, 0, 10, 10), "0.96", (ORANGE, "-")),
    ],
    (
        "limit 0.6; shares: A, B 0.8; A, C 0.5; B, C 0.7",
        "D collects itself: 0.93",
        "A collects A and B: 1 − 0.1 · 0.4 = 0.96",
        "C collects itself: 0.5 (B is gone)",
        "sorted: A 0.96, D 0.93, C 0.5",
    ),
)

# %% [markdown]
# **Write** `thin(boxes, scores, limit)`:
#
# | | |
# |---|---|
# | `boxes`, `scores` | (N, 4), and (N,), above 0 and below 1, in no order. N may be 0, and boxes may have no area |
# | `limit` | a number above 0 |
# | returns | a tuple: the boxes (P, 4) and their scores (P,) |


# %% tags=["variant:q9=merge"]
# answer: q9
def thin(boxes, scores, limit):
    """Return this term's boxes (P, 4) and scores (P,), the best first."""
    ### BEGIN SOLUTION
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.argsort(-scores, kind="stable")
    merged, marks = np.zeros((0, 4)), []
    while len(order):
        leader = order[0]
        sides = np.minimum(boxes[leader, 2:], boxes[order, 2:]) - np.maximum(boxes[leader, :2], boxes[order, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        group = shared > limit * (area[leader] + area[order] - shared)
        group[0] = True
        weights = scores[order[group]]
        merged = np.concatenate([merged, [weights @ boxes[order[group]] / weights.sum()]])
        marks.append(scores[leader])
        order = order[~group]
    return merged, np.array(marks)
    ### END SOLUTION


# %% tags=["variant:q9=decay"]
# answer: q9
def thin(boxes, scores, limit):
    """Return this term's boxes (P, 4) and scores (P,), the best first."""
    ### BEGIN SOLUTION
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    new = scores.astype(float)
    most = np.zeros(len(boxes))
    for j in range(1, len(boxes)):
        sides = np.minimum(boxes[:j, 2:], boxes[j, 2:]) - np.maximum(boxes[:j, :2], boxes[j, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        iou = shared / np.maximum(area[:j] + area[j] - shared, 1e-12)
        most[j] = iou.max()
        counts = most[:j] < 1
        new[j] = scores[j] * ((1 - iou[counts]) / (1 - most[:j][counts])).min()
    kept = np.argsort(-new, kind="stable")
    kept = kept[new[kept] >= limit]
    return boxes[kept], new[kept]
    ### END SOLUTION


# %% tags=["variant:q9=votes"]
# answer: q9
def thin(boxes, scores, limit):
    """Return this term's boxes (P, 4) and scores (P,), the best first."""
    ### BEGIN SOLUTION
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.lexsort((np.arange(len(boxes)), -area, -scores))
    kept, new = [], []
    while len(order):
        best = order[0]
        sides = np.minimum(boxes[best, 2:], boxes[order, 2:]) - np.maximum(boxes[best, :2], boxes[order, :2])
        collected = np.maximum(sides, 0).prod(axis=1) > limit * np.minimum(area[best], area[order])
        collected[0] = True
        kept.append(best)
        new.append(1 - np.prod(1 - scores[order[collected]]))
        order = order[~collected]
    final = np.argsort(-np.array(new), kind="stable")
    return boxes[np.array(kept, int)[final]], np.array(new)[final]
    ### END SOLUTION


# %%
check("q9")

# %% [markdown]
# ## Your functions learn
#
# Now the network of the figure, on real handwriting: scenes of 96 x 96 pixels, with three to six digits on paper. The
# RPN does not ask *which* digit it is, only *where* one is.
#
# Nothing below is graded. It needs questions 1 to 6; the last part also needs 7, 8 and 9. Convolutions and the
# optimiser are minidet's. **Anchors, matching, sample, code, losses, gradients and proposals are yours.**

# %%
SIZE, STRIDE = 96, 8


def scenes(split, number, seed):
    """Return scenes (N, 3, 96, 96) in [-2, 2], and the boxes of the digits in each of them."""
    data = DigitScenes(split, size=SIZE, length=number, seed=seed)
    pairs = [data.load(i) for i in range(number)]
    return (np.stack([image for image, _ in pairs]) - 0.5) * 4, [target["boxes"].astype(float) for _, target in pairs]


images, objects = scenes("train", 24 if QUICK else 400, seed=0)
test_images, test_objects = scenes("test", 6 if QUICK else 100, seed=1)  # written by other hands
cell = cell_anchors((12, 17, 24), (1.0, 1.6))
A = len(cell)
anchors = anchor_grid(cell, SIZE, SIZE, STRIDE)
usable = inside_image(anchors, SIZE, SIZE)
print(f"{A} anchors at each of {len(anchors) // A} places: {len(anchors)}, of which {usable.sum()} lie inside")


def by_thresholds(boxes, some):
    """Return what some anchors learn in a scene: question 2."""
    return match(box_iou(boxes, some), 0.7, 0.3)


def lessons(rule, code):
    """Return what each anchor learns in each scene of the training, and the targets: two lists."""
    all_marks, all_targets = [], []
    for boxes in objects:
        marks = np.full(len(anchors), -2)  # what crosses the border is ignored
        marks[usable] = rule(boxes, anchors[usable])
        targets = np.full((len(anchors), 4), np.nan)
        rows = np.flatnonzero(marks > -1)
        targets[rows] = code(anchors[rows], boxes[marks[rows]])
        all_marks.append(marks)
        all_targets.append(targets)
    return all_marks, all_targets


begin = time.perf_counter()
usual = lessons(by_thresholds, encode)
print(f"{time.perf_counter() - begin:.1f} s for the matching of {len(objects)} scenes")
for word, number in (
    ("positive", [(m > -1).sum() for m in usual[0]]),
    ("background", [(m == -1).sum() for m in usual[0]]),
):
    print(f"{word:10} {np.mean(number):6.1f} anchors of a scene, between {min(number)} and {max(number)}")

# %% [markdown]
# Look at what your matching does. Black: the digits. Green: anchors that learn a digit; each digit should have one.


# %% jupyter={"source_hidden": true}
def show_image(axes, image, title=""):
    """Show a scene without ticks."""
    axes.imshow((image / 4 + 0.5).transpose(1, 2, 0), extent=(0, SIZE, SIZE, 0), interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


_, grid = viz.subplots(1, 4, figsize=(9.6, 2.7))
for axes, image, boxes, marks in zip(grid, images, objects, usual[0]):
    show_image(axes, image, f"{len(boxes)} digits, {(marks > -1).sum()} positives")
    for box in anchors[marks > -1]:
        rectangle(axes, box, GREEN, width=1.4)
    for box in boxes:
        rectangle(axes, box, "#222222", "--", 1.4)
plt.show()

# %% [markdown]
# A `Function` ties a forward and a backward pass together, so that minidet's tape can run yours:


# %%
BETA, DRAWN, FRACTION = 1 / 9, 64, 0.5
LIMIT = float(np.log(1000 / 16))


class YourObjectness(Function):
    @staticmethod
    def forward(ctx, logits, marks, drawn):
        ctx.save_for_backward(logits)
        ctx.rest = marks, drawn
        return np.asarray(objectness_loss(logits, marks, drawn), logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        (logits,) = ctx.saved_tensors
        return (grad * objectness_grad(logits, *ctx.rest)).astype(logits.dtype), None, None


class YourBoxes(Function):
    @staticmethod
    def forward(ctx, deltas, targets, marks, drawn):
        ctx.save_for_backward(deltas)
        ctx.rest = targets, marks, drawn, BETA
        return np.asarray(box_loss(deltas, *ctx.rest), deltas.dtype)

    @staticmethod
    def backward(ctx, grad):
        (deltas,) = ctx.saved_tensors
        return (grad * box_grad(deltas, *ctx.rest)).astype(deltas.dtype), None, None, None


def block(channels, filters, stride=1):
    """Return convolution, normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
    )


class Network(nn.Module):
    """The network of the figure."""

    def __init__(self, width=24):
        super().__init__()
        w = width
        self.body = nn.Sequential(block(3, w, 2), block(w, 2 * w, 2), block(2 * w, 3 * w, 2), block(3 * w, 3 * w))
        self.head = nn.Sequential(nn.Conv2d(3 * w, 3 * w, 3, padding=1), nn.ReLU())
        self.objectness, self.deltas = nn.Conv2d(3 * w, A, 1), nn.Conv2d(3 * w, 4 * A, 1)

    def forward(self, x):
        """Return logits (N, places * A) and deltas (N, places * A, 4), in the order of the anchors."""
        x = self.head(self.body(x))
        logits, deltas = self.objectness(x), self.deltas(x)  # (N, A, 12, 12), (N, 4 A, 12, 12)
        n = len(logits)
        return logits.permute(0, 2, 3, 1).reshape(n, -1), deltas.permute(0, 2, 3, 1).reshape(n, -1, 4)


# %% [markdown]
# **Train.** If your functions use loops over anchors, this is slow, and right nevertheless: make `STEPS` smaller.

# %%
STEPS, BATCH = (4, 4) if QUICK else (300, 8)


def train(all_marks, all_targets, title):
    """Train a new network with Adam; the rate falls to 0. Returns it, and a record of every step."""
    minidet.manual_seed(0)
    network = Network()
    optimizer = optim.Adam(network.parameters(), lr=3e-3)
    schedule = optim.CosineAnnealingLR(optimizer, STEPS)
    draws, history = np.random.default_rng(0), []
    with tqdm(range(1, STEPS + 1), desc=title) as bar:
        for step in bar:
            chosen = draws.choice(len(images), BATCH, replace=False)
            orders = [draws.permutation(len(anchors)) for _ in chosen]
            drawn = np.concatenate(
                [sample_anchors(all_marks[i], order, DRAWN, FRACTION) for i, order in zip(chosen, orders)]
            )
            marks, targets = (np.concatenate([values[i] for i in chosen]) for values in (all_marks, all_targets))
            logits, deltas = network(tensor(images[chosen]))
            first = YourObjectness.apply(logits.reshape(-1), marks, drawn)
            second = YourBoxes.apply(deltas.reshape(-1, 4), targets, marks, drawn)
            loss = first + second
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            history.append({"step": step, "loss": loss.item(), "objectness": first.item(), "boxes": second.item()})
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return network.eval(), history


begin = time.perf_counter()
network, history = train(*usual, "your RPN")
print(f"{time.perf_counter() - begin:.0f} s for {STEPS} steps", end="; ")
print(f"the objectness began at {history[0]['objectness']:.3f}, log 2 = {np.log(2):.3f}")
_, axes = viz.subplots(figsize=(6, 2.8))
for name, colour, line in (("objectness", BLUE, "-"), ("boxes", ORANGE, "--")):
    window = max(1, STEPS // 30)
    values = np.convolve([record[name] for record in history], np.ones(window) / window, "valid")
    axes.semilogy(np.arange(len(values)) + window / 2, values, line, color=colour, label=name)
axes.set(xlabel="step", ylabel=f"loss, mean of {window} steps")
axes.legend()
plt.show()

# %% [markdown]
# **Measure.** *Recall*: which share of the digits has a proposal with an IoU of at least 0.5 (or 0.7), if only the
# first 1, 2, ..., 100 proposals of each scene count? Beside your RPN: anchors in a random order, which know nothing of
# the image; and selective search (notebook 11), which looks at colours and has learnt nothing. Write down your guess
# before you run it: the recall of 100 anchors, and of 100 proposals.


# %%
def said_by(network):
    """Return logits (N,) and deltas (N, 4) of each test scene."""
    with no_grad():
        parts = [network(tensor(test_images[i : i + 20])) for i in range(0, len(test_images), 20)]
    return [(z, d.astype(float)) for logits, deltas in parts for z, d in zip(logits.numpy(), deltas.numpy())]


def proposals_of(network, decoded):
    """Return up to 100 proposals of each test scene; ``decoded(anchors, deltas)`` makes boxes."""
    return [
        propose(decoded(anchors, deltas), logits, (SIZE, SIZE), 400, 100, 0.7, 1.0)[0]
        for logits, deltas in said_by(network)
    ]


def by_deltas(some, deltas):
    return decode(some, deltas, LIMIT)


COUNTS = (1, 2, 3, 5, 10, 20, 50, 100)
truth = [{"boxes": boxes} for boxes in test_objects]
chance = np.random.default_rng(0)
found = {
    "your RPN": proposals_of(network, by_deltas),
    "selective search": [
        selective_search(image / 4 + 0.5, "fast", rng=np.random.default_rng(0)).numpy() for image in test_images
    ],
    "anchors by chance": [chance.permutation(anchors[usable]) for _ in test_images],
}


def recalls(boxes, threshold):
    """Return the recall of the first 1, 2, ..., 100 boxes of each test scene."""
    return [proposal_recall([some[:count] for some in boxes], truth, threshold) for count in COUNTS]


print(f"{'recall at 100 proposals':32} IoU 0.5  IoU 0.7")
for name, boxes in found.items():
    print(f"{name:32} {recalls(boxes, 0.5)[-1]:7.3f} {recalls(boxes, 0.7)[-1]:8.3f}")

# %% jupyter={"source_hidden": true}
STYLES = ((ORANGE, "o-"), (BLUE, "s--"), (INK, "^:"), (GREEN, "D-."))


def draw_recalls(found):
    """Draw recall against the number of proposals, for two thresholds."""
    _, grid = viz.subplots(1, 2, figsize=(9.4, 3.4))
    for axes, threshold in zip(grid, (0.5, 0.7)):
        for (name, boxes), (colour, style) in zip(found.items(), STYLES):
            values = recalls(boxes, threshold)
            axes.plot(COUNTS, values, style, color=colour, label=name, markersize=5)
            axes.text(108, values[-1], f"{values[-1]:.2f}", color=colour, fontsize=8, va="center")
        axes.axvline(100, color=INK, lw=0.8, ls=":")
        axes.set(
            xscale="log",
            xlim=(0.9, 160),
            ylim=(-0.03, 1.05),
            xticks=COUNTS,
            xticklabels=COUNTS,
            xlabel="proposals of a scene",
        )
        axes.minorticks_off()
        axes.set_title(f"recall, IoU at least {threshold}", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].legend(loc="upper left", fontsize=8)
    plt.show()


draw_recalls(found)


# %% jupyter={"source_hidden": true}
def draw_scenes(found, count):
    """Draw the first proposals in some test scenes."""
    _, grid = viz.subplots(len(found), 4, figsize=(9.6, 2.6 * len(found)))
    for line, (name, boxes) in zip(np.atleast_2d(grid), found.items()):
        for axes, image, some, digits in zip(line, test_images, boxes, test_objects):
            best = given_iou(some[:count], digits).numpy().max(0, initial=0)
            show_image(axes, image, f"{(best >= 0.5).sum()} of {len(digits)} found")
            for box in some[:count]:
                rectangle(axes, box, ORANGE, width=1.2)
            for box in digits:
                rectangle(axes, box, "#222222", "--", 1.4)
        line[0].set_ylabel(f"{name}, first {count}", fontsize=9)
    plt.show()


draw_scenes({name: found[name] for name in ("your RPN", "selective search")}, 8)

# %% [markdown]
# With 100 proposals nearly every digit is found, loosely. An IoU of 0.7 is harder, and there selective search may be
# ahead at the end: its boxes follow the ink. But your RPN has learnt what comes *first*: with five or ten proposals it
# leads by far. Is your curve flat from 20 proposals on? Then more proposals are no help, only better boxes.
#
# **This term's matching and this term's code** (questions 7 and 8). The same network, trained again: once with your
# rule of question 7 in the place of the two thresholds, once with your code of question 8 in the place of the deltas.
# All else is the same.


# %%
def by_term(boxes, some):
    """Return what some anchors learn in a scene: question 7."""
    return assign(given_iou(boxes, some).numpy(), some, boxes)


term = lessons(by_term, encode)
positives = [np.mean([(marks > -1).sum() for marks in rule[0]]) for rule in (term, usual)]
print(f"positives of a scene: {positives[0]:.1f}, with the thresholds {positives[1]:.1f}")
matched, _ = train(*term, "this term's matching")
coded, _ = train(*lessons(by_thresholds, encode_box), "this term's code")
others = {
    "your RPN": found["your RPN"],
    "this term's matching, q7": proposals_of(matched, by_deltas),
    "this term's code, q8": proposals_of(coded, decode_box),
}
print(f"{'recall at 100 proposals':32} IoU 0.5  IoU 0.7")
for name, boxes in others.items():
    print(f"{name:32} {recalls(boxes, 0.5)[-1]:7.3f} {recalls(boxes, 0.7)[-1]:8.3f}")
draw_recalls(others)

# %% [markdown]
# **This term's way to thin out** (question 9), on what your first network said: the best 150 boxes of each scene,
# clipped, go into NMS, or into your rule.

# %% tags=["variant:q9=merge"]
RULE_LIMIT = 0.7

# %% tags=["variant:q9=decay"]
RULE_LIMIT = 1e-4

# %% tags=["variant:q9=votes"]
RULE_LIMIT = 0.85

# %%
thinned = {"nothing": [], "NMS, IoU 0.7": [], f"this term's rule, limit {RULE_LIMIT:g}": []}
for logits, deltas in said_by(network):
    decoded = by_deltas(anchors, deltas)
    some, marks = propose(decoded, logits, (SIZE, SIZE), 150, 150, 1.0, 1.0)  # a threshold of 1 drops nothing
    scores = np.clip(1 / (1 + np.exp(-marks.astype(float))), 1e-6, 1 - 1e-6)
    results = some, some[nms(some, scores, 0.7)], thin(some, scores, RULE_LIMIT)[0]
    for boxes, result in zip(thinned.values(), results):
        boxes.append(result)
print(f"{'':28} boxes left  recall at 5, 10, 100 (IoU 0.7)")
for name, boxes in thinned.items():
    values = dict(zip(COUNTS, recalls(boxes, 0.7)))
    left = np.mean([len(some) for some in boxes])
    print(f"{name:28} {left:10.1f}  {values[5]:.3f}, {values[10]:.3f}, {values[100]:.3f}")
draw_scenes(thinned, 8)

# %% [markdown]
# Where did your term's rules help, and where not? Do not expect much: all of them are in use somewhere, none is best
# everywhere, and differences in the second digit may come from the order of the scenes alone. How would you find out
# whether they do?
#
# ## Before you hand in
#
# *Restart kernel and run all.* What only worked because of a cell that you deleted will not work for the grader.

# %%
check()

# %% [markdown]
# **To think about** (no points)
#
# - Leave rule 2 of question 2 out (`match` with two thresholds only). Which digits are never learnt? Look at the sizes
#   of what is missed.
# - Give the network the anchors in another order than `anchor_grid` makes them, say all places of the first anchor
#   first. No error is raised. What does the recall say?
# - Train with `DRAWN = 800` and `FRACTION = 1`. What does the objectness learn, and how fast?
#
# **To read:** S. Ren, K. He, R. Girshick, J. Sun, *Faster R-CNN*, NIPS 2015,
# [arXiv:1506.01497](https://arxiv.org/abs/1506.01497), section 3.

# %% [markdown] tags=["variant:q7=adaptive"]
# S. Zhang et al., *Bridging the gap between anchor-based and anchor-free detection*, CVPR 2020,
# [arXiv:1912.02424](https://arxiv.org/abs/1912.02424): where question 7 comes from.

# %% [markdown] tags=["variant:q7=centre"]
# T. Kong et al., *FoveaBox*, TIP 2020, [arXiv:1904.03797](https://arxiv.org/abs/1904.03797): objects that teach their
# middle, as in question 7.

# %% [markdown] tags=["variant:q7=quota"]
# Z. Ge et al., *OTA: optimal transport assignment for object detection*, CVPR 2021,
# [arXiv:2103.14259](https://arxiv.org/abs/2103.14259): where the quota of question 7 comes from.
