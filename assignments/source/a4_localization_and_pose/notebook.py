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
# # Assignment 4: Where is it? Boxes and joints
#
# A classifier says *what* is in a picture. Now a network also has to say *where*: a box around the object, or the
# places of single points. For that, places have to become numbers that a network can learn, losses of two kinds have to
# become one number, and somebody has to measure how good the answers are. You write all of it. At the end two small
# networks learn on *your* functions: one with two heads, which says what a digit is and draws a box around it, and one
# that finds the outermost points of a digit with heatmaps.
#
# |  |  |
# |---|---|
# | **Read before** | notebooks 08 (classification and localisation) and 10 (pose) of the course |
# | **Points** | 100; every question has parts, and each part has its own points |
# | **Time** | about six hours; all cells together run for two minutes |
# | **You may use** | NumPy, as `np`. Nothing else in the cells that are graded |
#
# **How it works**
# - You write in the cells that begin with `# answer:`. Leave that line where it is. Keep the names of the functions.
# - `check("q1")` runs your functions on a few small inputs, and says in words what is wrong. Passing the public checks
#   does not prove that everything is right: the grader draws other inputs, of other sizes.
# - Each question is graded alone: what another question makes comes to your function as an argument. And an answer
#   cannot call a function of another question.
# - A function must not change its inputs, and must work for every size. Loops are allowed. Fast is nice, right is
#   enough.
# - Questions 3, 7 and 10 change from term to term. Read their rules with care: they differ from what you find
#   elsewhere.
#
# **Conventions**, the same everywhere:
# - A box is $(x_1, y_1, x_2, y_2)$ in pixels, with $x_1 \le x_2$ and $y_1 \le y_2$. Edges are *lines* between pixels: a
#   box from 2 to 5 is 3 pixels wide.
# - Pixel $j$ reaches from $j$ to $j + 1$, and has its centre at $j + 0.5$. So do the cells of a heatmap.
# - A joint is $(x, y, v)$: $v = 2$ is seen, $v = 1$ is hidden, but somebody knows its place; $v = 0$ is not labelled.
# - Class 0 is background: there is nothing.

# %%
import numpy as np

from minidet.grading import checks

check = checks("a4_localization_and_pose")

# %% jupyter={"source_hidden": true}
import os
import time

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
GREY, DARK, BLUE, ORANGE, GREEN, RED = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a", "#c03010"
PALE_BLUE, PALE_ORANGE, PALE_GREEN = "#cfe0f0", "#f9dcc4", "#d5ead9"
viz.use_style()  # reads on white and on black pages


def canvas(width, height, xlim, ylim):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, aspect="equal")
    axes.axis("off")
    return axes


def outline(axes, box, colour, words="", line="-"):
    """Draw a box, with words in its lower right corner."""
    x1, y1, x2, y2 = box
    style = {"fill": False, "edgecolor": colour, "linewidth": 2.2, "linestyle": line}
    axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **style))
    axes.text(x2 - 0.1, y2 - 0.1, words, color=colour, ha="right", va="bottom", fontsize=9)


def cell_numbers(axes, table, tint="#f0a468"):
    """Draw a table of numbers between 0 and 1 as cells with a side of 1, the darker the higher."""
    full = np.array([int(tint[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    for (row, column), value in np.ndenumerate(np.asarray(table)):
        share = min(max(value / np.max(table), 0), 1)
        ground = 1 + (full - 1) * share
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=ground, edgecolor="#a0a0a0", linewidth=0.8))
        axes.text(column + 0.5, row + 0.72, f"{value:.2f}", ha="center", color=DARK, fontsize=8.5)


# %% [markdown]
# ## The figure
#
# This is what the last section builds, with the number of the question that each piece comes from.


# %% jupyter={"source_hidden": true}
def draw_plan():
    """Draw the two networks of the last section."""
    axes = canvas(10, 4.6, (-0.2, 24.2), (11.0, 0.0))

    def block(x, y, words, face, width=3.0, height=1.5):
        axes.add_patch(Rectangle((x, y), width, height, facecolor=face, edgecolor=GREY, linewidth=0.8))
        axes.text(x + width / 2, y + height / 2, words, ha="center", va="center", color=DARK, fontsize=8.5)

    def arrow(start, end):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.2})

    block(0, 2.1, "picture\n32 × 32", "#dddddd", 2.6)
    block(3.8, 2.1, "trunk", PALE_BLUE, 2.6)
    block(7.8, 0.6, "class head\nN × 11 scores", PALE_BLUE, 3.6)
    block(7.8, 3.6, "box head\nN × 11 × 4 codes", PALE_BLUE, 3.6)
    block(13.0, 0.6, "class losses\nq4", PALE_ORANGE, 3.2)
    block(13.0, 3.6, "box losses\nq5", PALE_ORANGE, 3.2)
    block(18.0, 2.1, "one loss\nq6, q7", PALE_ORANGE, 3.0)
    block(12.8, 6.2, "true box as a code\nq2, q3", PALE_GREEN, 3.6)
    block(7.8, 6.2, "is it right?\nIoU, q1", PALE_GREEN, 3.6)
    arrows = (
        (2.6, 2.85, 3.7, 2.85), (6.4, 2.7, 7.7, 1.4), (6.4, 3.0, 7.7, 4.3), (11.4, 1.35, 12.9, 1.35),
        (11.4, 4.35, 12.9, 4.35), (14.6, 6.2, 14.6, 5.2), (16.2, 1.5, 17.9, 2.6), (16.2, 4.2, 17.9, 3.1),
        (9.6, 5.1, 9.6, 6.1),
    )  # fmt: skip
    for *start, x, y in arrows:
        arrow(start, (x, y))
    block(0, 8.6, "picture, and\nits mirror image, q11", "#dddddd", 4.2)
    block(5.6, 8.6, "convolutions", PALE_BLUE, 3.0)
    block(10.0, 8.6, "4 heatmaps\ntargets: q8", PALE_ORANGE, 3.4)
    block(14.8, 8.6, "places\nq9, q10", PALE_GREEN, 3.0)
    block(19.2, 8.6, "PCK\nq12", PALE_GREEN, 2.6)
    for left, right in ((4.2, 5.5), (8.6, 9.9), (13.4, 14.7), (17.8, 19.1)):
        arrow((left, 9.35), (right, 9.35))
    plt.show()


draw_plan()

# %% [markdown]
# ## Question 1. Intersection over union (9 points)
#
# How well do two boxes agree? **IoU** is the area that both of them cover, divided by the area that at least one of
# them covers. Here are four boxes:


# %% jupyter={"source_hidden": true}
A, B, C, D = (0, 0, 4, 3), (2, 1, 5, 5), (4, 0, 6, 3), (5, 4, 8, 6)


def draw_four():
    """Draw the four boxes of the example on a grid."""
    axes = canvas(6.4, 4.3, (-0.8, 9.4), (6.6, -0.9))
    axes.add_patch(Rectangle((2, 1), 2, 2, facecolor=PALE_GREEN))
    for x in range(10):
        axes.plot([x, x], [0, 6], color="#c0c0c0", lw=0.5, zorder=0)
        axes.text(x, -0.25, str(x), ha="center", fontsize=8)
    for y in range(7):
        axes.plot([0, 9], [y, y], color="#c0c0c0", lw=0.5, zorder=0)
        axes.text(-0.3, y, str(y), va="center", ha="center", fontsize=8)
    looks = (BLUE, "-"), (ORANGE, "--"), (GREEN, "-"), (RED, ":")
    for box, name, (colour, line) in zip((A, B, C, D), "ABCD", looks, strict=True):
        outline(axes, box, colour, name, line)
    plt.show()


draw_four()

# %% [markdown]
# - **A and B.** In x, both reach from $\max(0, 2) = 2$ to $\min(4, 5) = 4$: 2 pixels. In y, from $\max(0, 1) = 1$ to
#   $\min(3, 5) = 3$: 2 pixels. Together 4. Each has an area of 12. What is in both must not be counted twice:
#   $12 + 12 - 4 = 20$, and the IoU is $4 / 20 = 0.2$.
# - **A and C** share an edge, and no area: 0.
# - **A and D** do not meet, neither in x nor in y. "min of the ends less max of the beginnings" is $4 - 5 = -1$ in x,
#   and $3 - 4 = -1$ in y. And $(-1) \cdot (-1)$ is 1. There is no such area: the IoU is 0.
# - **Zero area.** A point or a line is a box without area. Two of them cover nothing, so there is nothing to divide by.
#   In this course their IoU is **0** then, even if they are the same point.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `box_areas(boxes)` | of (N, 4), the areas (N,) |
# | `box_iou(boxes_a, boxes_b)` | of (N, 4) and (M, 4), the table (N, M): each with each. N and M may be 0 |

# %%
# answer: q1
def box_areas(boxes):
    """Return the areas (N,) of boxes (N, 4)."""
    ### BEGIN SOLUTION
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    ### END SOLUTION


def box_iou(boxes_a, boxes_b):
    """Return the IoU of each box of the one array with each box of the other, (N, M)."""
    ### BEGIN SOLUTION
    begin = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])  # (N, M, 2)
    end = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    common = np.prod(np.maximum(end - begin, 0), axis=2)
    union = box_areas(boxes_a)[:, None] + box_areas(boxes_b)[None] - common
    return common / np.where(union > 0, union, 1)
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ## Question 2. A box seen from another (9 points)
#
# In what unit should a network speak of boxes? Pixels depend on the size of the picture and of the object. R-CNN, and
# most detectors since, describe a box as it is *seen from a reference*: how many widths of the reference further right
# is its centre, and how many times as wide is it? With centres $(x, y)$ and sizes $(w, h)$ of the box, and
# $(x_r, y_r)$, $(w_r, h_r)$ of the reference:
#
# $$t_x = \frac{x - x_r}{w_r}, \quad t_y = \frac{y - y_r}{h_r}, \quad t_w = \log(w / w_r), \quad t_h = \log(h / h_r)$$
#
# These four numbers are the **code**. By hand, with the reference $R = (10, 20, 30, 60)$, which has the centre (20, 40)
# and the size 20 x 40:
#
# | box | centre | size | code |
# |---|---|---|---|
# | R itself | (20, 40) | 20 x 40 | (0, 0, 0, 0) |
# | (15, 10, 35, 50) | (25, 30) | 20 x 40 | (5/20, −10/40, 0, 0) = (0.25, −0.25, 0, 0) |
# | (16, 30, 26, 110) | (21, 70) | 10 x 80 | (0.05, 0.75, log ½, log 2) = (0.05, 0.75, −0.693, 0.693) |
#
# Two things go wrong in practice:
# - **No area.** If the box or the reference has no width, or no height, there is a logarithm of 0 or a division by 0.
#   Such a row has *no code*. `valid` says so: it is False there, and the four numbers are 0.
# - **Wild codes.** A network that has just begun to learn may say $t_w = 1000$. Its exponential is infinite, and one
#   such number destroys all weights. So where $t_w$ or $t_h$ is larger than `largest`, decoding takes `largest` in its
#   place. There is no limit from below: a very small box harms nobody.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `encode_boxes(boxes, references)` | returns a tuple: codes (N, 4), and valid (N,), True or False |
# | `decode_boxes(codes, references, largest=4.0)` | returns boxes (N, 4). Here all references have area |
# | `boxes`, `codes`, `references` | (N, 4) each: row n is seen from reference n |

# %%
# answer: q2
def encode_boxes(boxes, references):
    """Return each box as seen from the reference of the same number, (N, 4), and whether there is such a code, (N,)."""
    ### BEGIN SOLUTION
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    from_centre, from_size = (references[:, :2] + references[:, 2:]) / 2, references[:, 2:] - references[:, :2]
    valid = (size > 0).all(axis=1) & (from_size > 0).all(axis=1)
    codes = np.zeros((len(boxes), 4))
    codes[valid, :2] = (centre - from_centre)[valid] / from_size[valid]
    codes[valid, 2:] = np.log(size[valid] / from_size[valid])
    return codes, valid
    ### END SOLUTION


def decode_boxes(codes, references, largest=4.0):
    """Return the boxes (N, 4) that codes mean."""
    ### BEGIN SOLUTION
    from_centre, from_size = (references[:, :2] + references[:, 2:]) / 2, references[:, 2:] - references[:, :2]
    centre = from_centre + codes[:, :2] * from_size
    size = from_size * np.exp(np.minimum(codes[:, 2:], largest))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ## Question 3. This term's codes (10 points)
#
# There is more than one way to see a box from another. In this question **all boxes and references have area**. The
# examples are those of question 2: $R = (10, 20, 30, 60)$ and $T = (16, 30, 26, 110)$.

# %% [markdown] tags=["variant:q3=sides"]
# **Sides.** Stand in the *centre of the reference* and look to the four sides of the box: how far is it to the left,
# up, to the right, and down? Left and right are measured in widths of the reference, up and down in heights:
#
# $$t = \left(\frac{x_r - x_1}{w_r},\ \frac{y_r - y_1}{h_r},\ \frac{x_2 - x_r}{w_r},\ \frac{y_2 - y_r}{h_r}\right)$$
#
# By hand for T: the centre of R is (20, 40). So $t = (4/20,\ 10/40,\ 6/20,\ 70/40) = (0.2, 0.25, 0.3, 1.75)$. If the
# centre of the reference is not inside the box, there are negative numbers. R itself has the code (½, ½, ½, ½).
#
# **Codes of no box.** A network may say sides that have passed each other: $t = (-0.5, 0.25, 0.2, 1.75)$ for R means
# $x_1 = 20 + 10 = 30$ and $x_2 = 20 + 4 = 24$. Then *both* are put in the middle between the two, here at 27. The same
# for y.

# %% [markdown] tags=["variant:q3=roots"]
# **Roots.** A pixel more matters much in a small box, and little in a large one. So take square roots of the shares,
# and let a distance keep its sign. With centres and sizes as in question 2:
#
# $$t_x = \operatorname{sign}(x - x_r) \sqrt{\frac{|x - x_r|}{w_r}}, \qquad t_w = \sqrt{\frac{w}{w_r}} - 1,$$
#
# and the same for $t_y$ and $t_h$ with y and heights. The code is $(t_x, t_y, t_w, t_h)$. By hand for T: its centre is
# 1 further right, so $t_x = \sqrt{1/20} = 0.224$; it is 30 lower, so $t_y = \sqrt{30/40} = 0.866$;
# $t_w = \sqrt{10/20} - 1 = -0.293$ and $t_h = \sqrt{80/40} - 1 = 0.414$. R itself has the code (0, 0, 0, 0).
#
# **Codes of no box.** No size has a $t_w$ or $t_h$ below −1. If a network says such a number, the size is 0. (So
# $t_w = -1.3$ is not a width of $0.09\,w_r$.) The centre is as ever.

# %% [markdown] tags=["variant:q3=aspect"]
# **Area and aspect.** How far away, how much larger, and how much wider than high? With centres and sizes as in
# question 2, the reference's diagonal $d = \sqrt{w_r^2 + h_r^2}$, areas $w h$ and $w_r h_r$, and aspects $w / h$ and
# $w_r / h_r$:
#
# $$t = \left(\frac{x - x_r}{d},\ \frac{y - y_r}{d},\ a,\ r\right),
# \qquad a = \log\frac{w h}{w_r h_r}, \qquad r = \log\frac{w / h}{w_r / h_r}$$
#
# By hand for T: $d = \sqrt{400 + 1600} = 44.7$, so the first two are $1/44.7 = 0.0224$ and $30/44.7 = 0.671$. The areas
# are 800 and 800: $a = 0$. The aspects are 10/80 and 20/40: $r = \log(1/4) = -1.386$. R itself has the code (0, 0, 0,
# 0).
#
# To decode: the sum $a + r$ is $\log(w^2 / w_r^2)$. And the difference?
#
# **Codes of no box.** Where $a$ or $r$ is larger than 4, decoding takes 4; where it is smaller than −4, it takes −4.

# %% [markdown]
# **Write** two functions:
#
# | | |
# |---|---|
# | `encode_special(boxes, references)` | of two arrays (N, 4), the codes (N, 4) |
# | `decode_special(codes, references)` | of two arrays (N, 4), the boxes (N, 4) |

# %% tags=["variant:q3=sides"]
# answer: q3
def encode_special(boxes, references):
    """Return this term's codes (N, 4) of boxes, each seen from the reference of the same number."""
    ### BEGIN SOLUTION
    middle = (references[:, :2] + references[:, 2:]) / 2
    unit = references[:, 2:] - references[:, :2]
    return np.hstack([(middle - boxes[:, :2]) / unit, (boxes[:, 2:] - middle) / unit])
    ### END SOLUTION


def decode_special(codes, references):
    """Return the boxes (N, 4) that this term's codes mean."""
    ### BEGIN SOLUTION
    middle = (references[:, :2] + references[:, 2:]) / 2
    unit = references[:, 2:] - references[:, :2]
    low, high = middle - codes[:, :2] * unit, middle + codes[:, 2:] * unit
    passed = low > high
    low, high = np.where(passed, (low + high) / 2, low), np.where(passed, (low + high) / 2, high)
    return np.hstack([low, high])
    ### END SOLUTION


# %% tags=["variant:q3=roots"]
# answer: q3
def encode_special(boxes, references):
    """Return this term's codes (N, 4) of boxes, each seen from the reference of the same number."""
    ### BEGIN SOLUTION
    unit = references[:, 2:] - references[:, :2]
    offset = (boxes[:, :2] + boxes[:, 2:] - references[:, :2] - references[:, 2:]) / 2 / unit
    stretch = (boxes[:, 2:] - boxes[:, :2]) / unit
    return np.hstack([np.sign(offset) * np.sqrt(np.abs(offset)), np.sqrt(stretch) - 1])
    ### END SOLUTION


def decode_special(codes, references):
    """Return the boxes (N, 4) that this term's codes mean."""
    ### BEGIN SOLUTION
    unit = references[:, 2:] - references[:, :2]
    middle = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * np.abs(codes[:, :2]) * unit
    half = unit * np.maximum(codes[:, 2:] + 1, 0) ** 2 / 2
    return np.hstack([middle - half, middle + half])
    ### END SOLUTION


# %% tags=["variant:q3=aspect"]
# answer: q3
def encode_special(boxes, references):
    """Return this term's codes (N, 4) of boxes, each seen from the reference of the same number."""
    ### BEGIN SOLUTION
    unit = references[:, 2:] - references[:, :2]
    offset = (boxes[:, :2] + boxes[:, 2:] - references[:, :2] - references[:, 2:]) / 2
    stretch = np.log((boxes[:, 2:] - boxes[:, :2]) / unit)
    growth, shape = stretch[:, 0] + stretch[:, 1], stretch[:, 0] - stretch[:, 1]
    return np.column_stack([offset / np.sqrt((unit**2).sum(axis=1, keepdims=True)), growth, shape])
    ### END SOLUTION


def decode_special(codes, references):
    """Return the boxes (N, 4) that this term's codes mean."""
    ### BEGIN SOLUTION
    unit = references[:, 2:] - references[:, :2]
    diagonal = np.sqrt((unit**2).sum(axis=1, keepdims=True))
    middle = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * diagonal
    growth, shape = np.clip(codes[:, 2:], -4, 4).T
    half = unit * np.exp(np.column_stack([growth + shape, growth - shape]) / 2) / 2
    return np.hstack([middle - half, middle + half])
    ### END SOLUTION


# %%
check("q3")

# %% [markdown]
# ## Question 4. Class losses and their gradients (10 points)
#
# The class head gives K scores $s_0 \ldots s_{K-1}$ to each image, and $y$ is the true class. Two losses:
#
# - **Softmax**: $p_k = e^{s_k} / \sum_j e^{s_j}$, and the loss is $-\log p_y$.
# - **Hinge** (of a support vector machine): each rival of the true class should be at least 1 behind. A rival that is
#   not pays what is missing: $\sum_{k \ne y} \max(0,\ 1 - s_y + s_k)$. (The hinge of notebook 08 and of minidet also
#   divides by K. Here, as in assignment 1, nothing is divided.)
#
# **These are the losses of single images**: the result has one number for each of the N images, no mean. Question 6
# makes one number of them. So the gradient of image n is that of *its own* loss with respect to *its own* K scores.
#
# By hand:
#
# | scores | true | kind | loss | gradient |
# |---|---|---|---|---|
# | (log 1, log 4, log 3) | 1 | softmax: p = (1/8, 4/8, 3/8) | −log ½ = 0.693 | (1/8, −4/8, 3/8) |
# | (1, 2, 1.5) | 1 | hinge: the rivals pay 0 and 0.5 | 0.5 | (0, −1, 1) |
# | (1.2, 2, 1.5) | 1 | hinge: the rivals pay 0.2 and 0.5 | 0.7 | (1, −2, 1) |
#
# In the second line, class 0 is *exactly* 1 behind. It pays nothing, and **it pulls at nothing**.
#
# The exponential of 1000 is infinite for a computer, and the logarithm of a number that was rounded to 0 is too. The
# softmax of (1000, 1001) is that of (0, 1), and the loss of scores (0, 1000) with $y = 0$ is 1000.
#
# **Write** `class_losses(scores, labels, kind)` and `class_losses_grad(scores, labels, kind)`:
#
# | | |
# |---|---|
# | `scores` | (N, K) |
# | `labels` | integers (N,), 0 to K − 1. Class 0, background, is a class like the others here |
# | `kind` | `"softmax"` or `"hinge"` |
# | return | the losses (N,); their gradients (N, K) |

# %%
# answer: q4
def class_losses(scores, labels, kind):
    """Return the loss of each image, (N,)."""
    ### BEGIN SOLUTION
    number = np.arange(len(scores))
    if kind == "hinge":
        missing = np.maximum(1 + scores - scores[number, labels][:, None], 0)
        missing[number, labels] = 0
        return missing.sum(axis=1)
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[number, labels]
    ### END SOLUTION


def class_losses_grad(scores, labels, kind):
    """Return the gradient of each image's loss with respect to its scores, (N, K)."""
    ### BEGIN SOLUTION
    number = np.arange(len(scores))
    if kind == "hinge":
        pull = (1 + scores - scores[number, labels][:, None] > 0) * 1.0
        pull[number, labels] = 0
        pull[number, labels] = -pull.sum(axis=1)
        return pull
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    share[number, labels] -= 1
    return share
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## Question 5. Box losses and their gradients (8 points)
#
# The box head gives a code for *each* class: "if it is a 7, its box is here". So it says K rows of four numbers for
# each image. **Only the row of the true class is compared with the true code**; nobody knows what the others should be.
# And where the label is 0, there is no object, and no row counts at all: loss 0, gradient 0.
#
# With the four differences $d$ = said less true:
#
# - **L2**: $\sum \frac12 d^2$.
# - **Smooth L1**: $\sum \ell(d)$, with $\ell(d) = d^2 / (2 \beta)$ where $|d| < \beta$, and $|d| - \beta / 2$ beyond.
#
# By hand: the label is 2, row 2 of the codes says $(0.5, -1, 2, 0)$, and the true code is $(0.5, 1, 1.5, 0)$. So
# $d = (0, -2, 0.5, 0)$.
#
# | kind | loss | gradient of row 2 |
# |---|---|---|
# | L2 | 0 + 2 + 0.125 + 0 = 2.125 | (0, −2, 0.5, 0) |
# | smooth L1, β = 1 | 0 + 1.5 + 0.125 + 0 = 1.625 | (0, −1, 0.5, 0) |
# | smooth L1, β = 0.5 | 0 + 1.75 + 0.25 + 0 = 2 | (0, −1, 1, 0) |
#
# Again there is one loss for each image: no mean.
#
# **Write** `box_losses(codes, targets, labels, kind, beta=1.0)` and `box_losses_grad` with the same arguments:
#
# | | |
# |---|---|
# | `codes` | (N, K, 4): what the network says |
# | `targets` | (N, 4): the true codes; anything where there is no object |
# | `labels` | integers (N,), 0 where there is no object |
# | `kind` | `"l2"` or `"smooth_l1"` |
# | `beta` | of smooth L1, above 0 |
# | return | the losses (N,); their gradients with respect to `codes`, (N, K, 4) |

# %%
# answer: q5
def box_losses(codes, targets, labels, kind, beta=1.0):
    """Return the box loss of each image, (N,); 0 where there is no object."""
    ### BEGIN SOLUTION
    away = codes[np.arange(len(codes)), labels] - targets  # (N, 4)
    if kind == "l2":
        cost = away**2 / 2
    else:
        cost = np.where(np.abs(away) < beta, away**2 / (2 * beta), np.abs(away) - beta / 2)
    return np.where(labels > 0, cost.sum(axis=1), 0)
    ### END SOLUTION


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    """Return the gradient of each image's box loss with respect to its codes, (N, K, 4)."""
    ### BEGIN SOLUTION
    grad = np.zeros(codes.shape)
    there = np.flatnonzero(labels > 0)
    away = codes[there, labels[there]] - targets[there]
    grad[there, labels[there]] = away if kind == "l2" else np.clip(away / beta, -1, 1)
    return grad
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# ## Question 6. Two losses become one (5 points)
#
# The network has to please both heads, and it learns from *one* number:
#
# $$L = \frac1N \sum_n c_n + \lambda\, \frac1P \sum_{n:\, y_n > 0} b_n$$
#
# $c_n$ is the class loss of image n, $b_n$ its box loss. The first sum goes over all N images, the second one only over
# the P images with an object. Why not divide by N as well? Then a batch with few objects would teach less about boxes,
# for no reason. If no image has an object, the second sum is left out.
#
# The way back needs to know how much each of the losses matters: $\partial L / \partial c_n$ and
# $\partial L / \partial b_n$. (The chain rule does the rest: the gradient of the scores of image n is the first of them
# times what question 4 returns.)
#
# By hand: $c = (0.7, 0.2, 0.9)$, $b = (2, 5, 1)$, labels $(1, 0, 2)$, $\lambda = 2$. The mean of the class losses is
# 0.6. Image 1 has no object, so its 5 does not count, whatever it is: $(2 + 1) / 2 = 1.5$.
# $L = 0.6 + 2 \cdot 1.5 = 3.6$. The gradients are $(\frac13, \frac13, \frac13)$ for c, and $(1, 0, 1)$ for b.
#
# **Write** `multi_task_loss(class_losses, box_losses, labels, weight)`:
#
# | | |
# |---|---|
# | `class_losses`, `box_losses` | (N,) each, N at least 1 |
# | `labels` | integers (N,), 0 where there is no object |
# | `weight` | λ |
# | returns | a tuple of three: L, the gradient for `class_losses` (N,), and that for `box_losses` (N,) |

# %%
# answer: q6
def multi_task_loss(class_losses, box_losses, labels, weight):
    """Return the loss of the batch, and its gradients with respect to the losses of the images."""
    ### BEGIN SOLUTION
    objects = labels > 0
    count = max(objects.sum(), 1)
    total = class_losses.mean() + weight * box_losses[objects].sum() / count
    return total, np.full(len(labels), 1 / len(labels)), weight * objects / count
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# ## Question 7. This term's multi-task loss (10 points)
#
# A fixed weight is the simplest way to make one loss of two. Here is another way. Names are those of question 6: class
# losses $c_n$ of N images, box losses $b_n$, of which only those of the P images with an object count, and
# $C = \frac1N \sum_n c_n$. The example is
#
# | image | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | label | 1 | 0 | 2 | 3 |
# | $c_n$ | log 2 = 0.693 | 0.2 | log 4 = 1.386 | 0 |
# | $b_n$ | 2 | 5 | 1 | 2 |
#
# so $P = 3$ and $C = 2.279 / 4 = 0.570$.

# %% [markdown] tags=["variant:q7=hardest"]
# **The hardest objects.** What is nearly right needs no lesson. So only the box losses of the *m objects with the
# largest box losses* count, where m is the setting; if there are fewer than m objects, all of them count. With equal
# losses, the image that comes first is chosen first:
#
# $$L = C + \frac{1}{\text{number of the chosen}} \sum_{\text{chosen}} b_n$$
#
# By hand: for m = 2 the images 0 and 3 are chosen, so $L = 0.570 + (2 + 2)/2 = 2.570$. The gradients are ¼ for each
# $c_n$, and $(½, 0, 0, ½)$ for b. For m = 1 only image 0 is chosen, not image 3, which has an equal loss: the gradient
# for b is $(1, 0, 0, 0)$. (Image 1 has no object, so its 5 is no loss.) Which objects are chosen is no matter of
# slopes: the gradient takes the choice as it is. Without objects, $L = C$.
#
# **Write** two functions. `setting` is m, an integer of at least 1.

# %% [markdown] tags=["variant:q7=trust"]
# **Trust.** What use is a good box, if the network has no idea what is in it? So a box loss counts as much as the
# network believes in the true class. Were $c_n$ a softmax loss, then $e^{-c_n}$ would be the probability of the true
# class. So, with the setting λ:
#
# $$L = C + \frac{\lambda}{P} \sum_{n:\, y_n > 0} e^{-c_n}\, b_n$$
#
# By hand for λ = 1: $e^{-c}$ is ½, ¼ and 1 for the images 0, 2 and 3. The sum is
# $\frac12 \cdot 2 + \frac14 \cdot 1 + 1 \cdot 2 = 3.25$, and $L = 0.570 + 3.25 / 3 = 1.653$. **The class losses now
# occur twice**, and both places have a slope: that of $c_0$ is $\frac14 - \frac13 \cdot \frac12 \cdot 2 = -0.083$. All
# of them: $(-0.083, 0.25, 0.167, -0.417)$. For b the gradient is $\frac13 (\frac12, 0, \frac14, 1)$. Without objects,
# $L = C$.
#
# **Write** two functions. `setting` is λ.

# %% [markdown] tags=["variant:q7=uncertain"]
# **Learnt weights.** Who knows the right weight? The network may learn it. The setting is an array of two numbers
# $(\alpha, \beta)$, which are trained like all weights. With $B = \frac1P \sum_{y_n > 0} b_n$:
#
# $$L = e^{-\alpha}\, C + \alpha + e^{-\beta}\, B + \beta$$
#
# (Large α and β make the losses count less, but they cost something themselves. This β is not that of question 5.) By
# hand for $\alpha = \log 2$, $\beta = -\log 2$: $B = 5/3$, and
# $L = \frac12 \cdot 0.570 + 0.693 + 2 \cdot 1.667 - 0.693 = 3.618$. The gradients: for each $c_n$ it is
# $\frac12 \cdot \frac14 = 0.125$; for b it is $(\frac23, 0, \frac23, \frac23)$; and for the setting
# $(1 - e^{-\alpha} C,\ 1 - e^{-\beta} B) = (0.715, -2.333)$. Without objects, *both* terms with β are left out:
# $L = e^{-\alpha} C + \alpha$, and the slope of β is 0.
#
# **Write** two functions. `setting` is the array (2,). Its gradient, (2,) as well, is a *third* item of the tuple that
# `join_losses_grad` returns: it comes after the two that the table names.

# %% [markdown]
# | | |
# |---|---|
# | `join_losses(class_losses, box_losses, labels, setting)` | returns L, a number |
# | `join_losses_grad(...)`, the same arguments | returns a tuple: the gradients for the first two, (N,) each |
# | `class_losses`, `box_losses`, `labels` | as in question 6, (N,) each |

# %% tags=["variant:q7=hardest"]
# answer: q7
def join_losses(class_losses, box_losses, labels, setting):
    """Return this term's loss of the batch."""
    ### BEGIN SOLUTION
    costs = np.sort(box_losses[labels > 0])[::-1][:setting]
    return class_losses.mean() + (costs.mean() if len(costs) else 0.0)
    ### END SOLUTION


def join_losses_grad(class_losses, box_losses, labels, setting):
    """Return its gradients with respect to the losses of the images."""
    ### BEGIN SOLUTION
    objects = np.flatnonzero(labels > 0)
    chosen = objects[np.argsort(-box_losses[objects], kind="stable")][:setting]
    d_box = np.zeros(len(labels))
    d_box[chosen] = 1 / max(len(chosen), 1)
    return np.full(len(labels), 1 / len(labels)), d_box
    ### END SOLUTION


# %% tags=["variant:q7=trust"]
# answer: q7
def join_losses(class_losses, box_losses, labels, setting):
    """Return this term's loss of the batch."""
    ### BEGIN SOLUTION
    belief = np.exp(-class_losses) * (labels > 0)
    return class_losses.mean() + setting * (belief * box_losses).sum() / max((labels > 0).sum(), 1)
    ### END SOLUTION


def join_losses_grad(class_losses, box_losses, labels, setting):
    """Return its gradients with respect to the losses of the images."""
    ### BEGIN SOLUTION
    d_box = setting * np.exp(-class_losses) * (labels > 0) / max((labels > 0).sum(), 1)
    return 1 / len(labels) - d_box * box_losses, d_box
    ### END SOLUTION


# %% tags=["variant:q7=uncertain"]
# answer: q7
def join_losses(class_losses, box_losses, labels, setting):
    """Return this term's loss of the batch."""
    ### BEGIN SOLUTION
    alpha, beta = setting
    loss = np.exp(-alpha) * class_losses.mean() + alpha
    if (labels > 0).any():
        loss += np.exp(-beta) * box_losses[labels > 0].mean() + beta
    return loss
    ### END SOLUTION


def join_losses_grad(class_losses, box_losses, labels, setting):
    """Return its gradients with respect to the losses of the images, and to the setting."""
    ### BEGIN SOLUTION
    there, factors = labels > 0, np.exp(-np.asarray(setting))
    d_class = np.full(len(labels), factors[0] / len(labels))
    d_box = factors[1] * there / max(there.sum(), 1)
    slope = 1 - d_box @ box_losses if there.any() else 0.0
    return d_class, d_box, np.array([1 - factors[0] * class_losses.mean(), slope])
    ### END SOLUTION


# %%
check("q7")

# %% [markdown]
# ## Question 8. Heatmap targets (9 points)
#
# Now single points: joints. A network that draws a **heatmap** answers in every cell how likely the joint is there.
# What it should draw is a hill around the joint's place. With the place $(u, v)$ *in cells*,
#
# $$\text{map}[r, c] = \exp\left(-\frac{(c + 0.5 - u)^2 + (r + 0.5 - v)^2}{2 \sigma^2}\right).$$
#
# By hand: 3 x 4 cells of 4 x 4 pixels, $\sigma = 1$, a joint at (9, 6) in pixels. In cells that is $u = 9/4 = 2.25$ and
# $v = 6/4 = 1.5$.

# %% jupyter={"source_hidden": true}
HILL = [[0.131, 0.458, 0.588, 0.278], [0.216, 0.755, 0.969, 0.458], [0.131, 0.458, 0.588, 0.278]]


def draw_hill():
    """Draw the heatmap of the example."""
    axes = canvas(5.6, 3.4, (-0.8, 6.2), (3.7, -0.55))
    cell_numbers(axes, HILL)
    axes.plot(2.25, 1.5, "x", color=BLUE, markersize=10, markeredgewidth=2.5)
    axes.text(4.3, 1.55, "the joint:\n(9, 6) pixels,\n(2.25, 1.5) cells", color=BLUE, fontsize=9, va="center")
    for c in range(5):
        axes.text(c, 3.2, str(c), ha="center", va="center", fontsize=8)
    for r in range(4):
        axes.text(-0.25, r, str(r), ha="center", va="center", fontsize=8)
    plt.show()


draw_hill()

# %% [markdown]
# The highest cell is in row 1, column 2. Its centre is at (2.5, 1.5), so it has $\exp(-0.25^2 / 2) = 0.969$. Nothing is
# rounded: *because* the joint is left of the cell's centre, the left neighbour (0.755) is higher than the right one
# (0.458).
#
# Not every joint has a map. (The $v$ of the formula is a place. The third number of a joint, which is called v at the
# top of this page, is another one.)
# - **Not labelled**: the third number is 0. The map is all zeros, and the joint's **weight** is 0, so that the loss
#   leaves it out. (A third number of 1 is labelled: as usual, weight 1.)
# - A joint **outside** of the picture, which reaches from 0 to w cells in x and from 0 to h cells in y, is treated in
#   the same way. On the border it is inside.
#
# **Write** `heatmap_targets(joints, size, cell, sigma)`:
#
# | | |
# |---|---|
# | `joints` | (K, 3): x, y in pixels, and 0, 1 or 2 |
# | `size` | a tuple: h rows and w columns of cells |
# | `cell` | the side of a cell in pixels |
# | `sigma` | σ, in cells |
# | returns | a tuple: maps (K, h, w), and weights (K,), each 0 or 1 |

# %%
# answer: q8
def heatmap_targets(joints, size, cell, sigma):
    """Return a map for each joint, (K, h, w), and whether it counts, (K,)."""
    ### BEGIN SOLUTION
    h, w = size
    u, v = joints[:, 0] / cell, joints[:, 1] / cell
    weights = ((joints[:, 2] > 0) & (u >= 0) & (u <= w) & (v >= 0) & (v <= h)).astype(float)
    across = np.exp(-((np.arange(w) + 0.5 - u[:, None]) ** 2) / (2 * sigma**2))  # (K, w)
    down = np.exp(-((np.arange(h) + 0.5 - v[:, None]) ** 2) / (2 * sigma**2))  # (K, h)
    return weights[:, None, None] * down[:, :, None] * across[:, None, :], weights
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# ## Question 9. From heatmaps to places (7 points)
#
# The way back: find the highest cell, and move **a quarter of a cell toward its higher neighbour**, in x and in y. In
# the example: the highest cell is (row 1, column 2), with its centre at $u = 2.5$. Left of it is 0.755, right of it
# 0.458: so $u = 2.5 - 0.25 = 2.25$. Above and below there is 0.588 both times: no shift, $v = 1.5$. In pixels:
# $(9, 6)$. (Here this is even exact. Mostly it is not.)
#
# - **Equal cells.** If several cells are the highest, take the first one in reading order: row by row. (minidet takes
#   the mean of all of them. You do not.)
# - **Border.** In the first or last column a neighbour is missing: then there is no shift in x. The same for rows and
#   y.
# - **Equal neighbours**: no shift.
#
# **Write** `decode_heatmaps(maps, cell)`:
#
# | | |
# |---|---|
# | `maps` | (K, h, w) |
# | `cell` | the side of a cell in pixels |
# | returns | places (K, 2): x, y in pixels |

# %%
# answer: q9
def decode_heatmaps(maps, cell):
    """Return the place of each map's highest cell, moved by a quarter of a cell, (K, 2)."""
    ### BEGIN SOLUTION
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        out[k] = c + 0.5, r + 0.5
        if 0 < c < w - 1:
            out[k, 0] += 0.25 * np.sign(plane[r, c + 1] - plane[r, c - 1])
        if 0 < r < h - 1:
            out[k, 1] += 0.25 * np.sign(plane[r + 1, c] - plane[r - 1, c])
    return out * cell
    ### END SOLUTION


# %%
check("q9")

# %% [markdown]
# ## Question 10. This term's decoding (10 points)
#
# A quarter of a cell is a rough guess. Here is another rule. It begins in the same way, with the highest cell (of equal
# ones the first, in reading order) and its centre. The example is the map of question 8, with its highest number 0.969
# at the centre (2.5, 1.5). (The results are those of numbers with more digits than you see.)

# %% [markdown] tags=["variant:q10=parabola"]
# **A parabola.** Along a row, lay a parabola through the highest cell and its two neighbours, and take the place of its
# top. With the values L (left), C (the highest) and R (right), the top is away from the centre by
#
# $$\frac{R - L}{2\,(2 C - L - R)} \text{ cells.}$$
#
# By hand: $L = 0.755$, $R = 0.458$: $(0.458 - 0.755) / (2 \cdot (1.938 - 1.213)) = -0.297 / 1.452 = -0.205$, so
# $u = 2.5 - 0.205 = 2.295$. The same along the column, with the cells above and below: equal, so $v = 1.5$. In pixels:
# $(9.18, 6)$.
#
# At the **border**, where a neighbour is missing, there is no shift along that axis. If a neighbour is **as high** as
# the highest cell, nothing special happens: the formula says half a cell.

# %% [markdown] tags=["variant:q10=mass"]
# **The centre of mass.** Take the window of 3 x 3 cells around the highest cell, and let each of its cells pull with
# its value: the place is the mean of the centres of the nine cells, *weighted by their values*.
#
# By hand: in x, the sums of the three columns are $0.458 + 0.755 + 0.458 = 1.670$, $2.144$ and $1.013$ (all together
# 4.828); their centres are 1.5, 2.5 and 3.5. So
# $u = (1.670 \cdot 1.5 + 2.144 \cdot 2.5 + 1.013 \cdot 3.5) / 4.828 = 2.364$. In y the upper and lower row weigh the
# same: $v = 1.5$. In pixels: $(9.46, 6)$.
#
# At the **border**, the cells of the window that lie outside of the map do not exist: only the others pull. A
# **negative** value counts as 0. If no cell of the window is above 0, the place is the centre of the highest cell.

# %% [markdown] tags=["variant:q10=second"]
# **Toward the second highest.** Look for the second highest cell *in the whole map*, wherever it is (of equal ones the
# first, in reading order; the highest cell itself is taken out). Then move from the centre of the highest cell in the
# direction of the centre of the second highest, along the straight line between them, **by a quarter of a cell**.
#
# By hand: the second highest is 0.755, in row 1, column 1: to the left. $u = 2.5 - 0.25 = 2.25$, $v = 1.5$. In pixels:
# $(9, 6)$. Another example: the highest cell is (row 1, column 2), the second one is (row 3, column 5). The way there
# is 3 to the right and 2 down, $\sqrt{13} = 3.606$ long. So $u = 2.5 + 0.25 \cdot 3 / 3.606 = 2.708$ and
# $v = 1.5 + 0.25 \cdot 2 / 3.606 = 1.639$.
#
# The **border** is nothing special here. If two cells are **equally** high, the first is the highest, and the other one
# is the second highest. A map of **one cell** has no second one: its place is the centre.

# %% [markdown]
# **Write** `refine_places(maps, cell)`, with the arguments and the result of question 9: places (K, 2), x, y in pixels.

# %% tags=["variant:q10=parabola"]
# answer: q10
def refine_places(maps, cell):
    """Return the place of each map's joint by this term's rule, (K, 2), in pixels."""
    ### BEGIN SOLUTION
    places = []
    for plane in maps:
        top = np.unravel_index(plane.argmax(), plane.shape)
        place = []
        for line, i in ((plane[top[0]], top[1]), (plane[:, top[1]], top[0])):
            three = line[i - 1 : i + 2] if 0 < i < len(line) - 1 else np.zeros(3)
            bend = 2 * three[1] - three[0] - three[2]
            place.append(i + 0.5 + (0.5 * (three[2] - three[0]) / bend if bend > 0 else 0))
        places.append(place)
    return np.array(places) * cell
    ### END SOLUTION


# %% tags=["variant:q10=mass"]
# answer: q10
def refine_places(maps, cell):
    """Return the place of each map's joint by this term's rule, (K, 2), in pixels."""
    ### BEGIN SOLUTION
    framed = np.pad(np.maximum(maps, 0), ((0, 0), (1, 1), (1, 1)))
    steps = np.array([-1.0, 0, 1])
    places = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        row, column = np.unravel_index(plane.argmax(), plane.shape)
        window = framed[k, row : row + 3, column : column + 3]
        mass = window.sum() if window.any() else 1.0
        places[k] = column + 0.5 + (window @ steps).sum() / mass, row + 0.5 + (steps @ window).sum() / mass
    return places * cell
    ### END SOLUTION


# %% tags=["variant:q10=second"]
# answer: q10
def refine_places(maps, cell):
    """Return the place of each map's joint by this term's rule, (K, 2), in pixels."""
    ### BEGIN SOLUTION
    places = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        order = np.argsort(-plane, axis=None, kind="stable")[:2]
        rows, columns = np.unravel_index(order, plane.shape)
        way = np.array([columns[-1] - columns[0], rows[-1] - rows[0]])
        places[k] = [columns[0] + 0.5, rows[0] + 0.5] + 0.25 * way / max(np.hypot(*way), 1)
    return places * cell
    ### END SOLUTION


# %%
check("q10")

# %% [markdown]
# ## Question 11. Flips that swap sides (7 points)
#
# Mirror images are training data for nothing, *if everything is mirrored*. In a picture of width W, the place x goes to
# $W - x$. (Not $W - 1 - x$: that is for *numbers* of pixels. Pixel 2 of 8 has its centre at 2.5, and its mirror image
# is pixel 5, with its centre at $8 - 2.5 = 5.5$.)


# %% jupyter={"source_hidden": true}
def draw_mirror():
    """Draw a picture of width 20 with a box and two hands, and its mirror image."""
    axes = canvas(9, 2.7, (-1, 46), (11.4, -1.6))
    for shift, box, hands in ((0, (1, 2, 5, 8), ((2, 4), (12, 7))), (25, (15, 2, 19, 8), ((8, 7), (18, 4)))):
        axes.add_patch(Rectangle((shift, 0), 20, 10, fill=False, edgecolor=GREY))
        x1, y1, x2, y2 = box
        outline(axes, (x1 + shift, y1, x2 + shift, y2), BLUE)
        for (x, y), name, colour in zip(hands, ("left", "right"), (ORANGE, GREEN), strict=True):
            axes.plot(x + shift, y, "o", color=colour, markersize=8)
            axes.text(x + shift + 0.1, y + 1.6, name, color=colour, ha="center", va="center", fontsize=9)
        for x in (0, 20):
            axes.text(x + shift, 10.8, str(x), ha="center", va="center", fontsize=8)
    axes.text(10, -0.7, "picture", ha="center", va="center")
    axes.text(35, -0.7, "mirror image", ha="center", va="center")
    plt.show()


draw_mirror()

# %% [markdown]
# - **Boxes.** (1, 2, 5, 8) becomes (15, 2, 19, 8): what was the right edge is the left one now.
# - **Joints.** The mirror image of a left hand is a *right* hand. So the two joints of each pair change places in the
#   array: left hand (2, 4), right hand (12, 7) become left hand (8, 7), right hand (18, 4). A joint without a partner
#   (the nose) keeps its row.
# - **Not labelled.** A joint with $v = 0$ has no place, so its x is not mirrored. But its row changes as all do: if
#   nobody knows the left hand, then nobody knows the right hand of the mirror image.
# - **Heatmaps.** Their columns are reversed, and the maps of a pair change places.
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `flip_boxes(boxes, width)` | of (N, 4), the boxes of the mirror image (N, 4) |
# | `flip_joints(joints, width, pairs)` | of (K, 3), the joints of the mirror image (K, 3) |
# | `flip_maps(maps, pairs)` | of (K, h, w), the maps of the mirror image (K, h, w) |
# | `width` | W, in pixels |
# | `pairs` | a list of pairs of joint numbers; a joint is in one pair or in none |

# %%
# answer: q11
def flip_boxes(boxes, width):
    """Return the boxes of the mirror image, (N, 4)."""
    ### BEGIN SOLUTION
    return np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
    ### END SOLUTION


def flip_joints(joints, width, pairs):
    """Return the joints of the mirror image, (K, 3)."""
    ### BEGIN SOLUTION
    out = joints.copy()
    out[:, 0] = np.where(joints[:, 2] > 0, width - joints[:, 0], joints[:, 0])
    for one, other in pairs:
        out[[one, other]] = out[[other, one]]
    return out
    ### END SOLUTION


def flip_maps(maps, pairs):
    """Return the maps of the mirror image, (K, h, w)."""
    ### BEGIN SOLUTION
    out = maps[:, :, ::-1].copy()
    for one, other in pairs:
        out[[one, other]] = out[[other, one]]
    return out
    ### END SOLUTION


# %%
check("q11")

# %% [markdown]
# ## Question 12. PCK (6 points)
#
# When is a joint found? An error of ten pixels is large for a small person. So each person is measured with a length of
# their own: the distance between two of the *true* joints, the segment $(a, b)$, for example shoulder and hip. **PCK**
# is the share of joints whose error is *at most* α times that length.
#
# - It is counted **for each joint**, over all people: the share of joint k is the number of people in whom it was
#   found, over the number of people in whom it counts. The mean is then taken over the joints. (So a joint that is
#   labelled rarely counts as much as one that is labelled always.)
# - A joint with $v = 0$ does not count: neither right nor wrong.
# - A person whose a or b has $v = 0$, or whose length is 0, has no measure: none of their joints counts.
# - A joint that counts in nobody has no share: `np.nan`. The mean is that of the other joints; `np.nan` if there are
#   none.
#
# By hand, two people, three joints, the segment (0, 1), α = 0.5:
#
# | | true joints $(x, y, v)$ | answers | length | errors | found |
# |---|---|---|---|---|---|
# | person 0 | (10, 10, 2), (10, 20, 2), (14, 12, 2) | (10, 10), (13, 24), (14, 18) | 10 | 0, 5, 6 | yes, yes, no |
# | person 1 | (30, 10, 2), (30, 30, 2), (0, 0, 0) | (36, 18), (30, 45), (3, 3) | 20 | 10, 15, – | yes, no, – |
#
# The shares are 2/2, 1/2 and 0/1. The mean is $(1 + 0.5 + 0) / 3 = 0.5$. (All joints in one pot would give 3/5.)
#
# **Write** `pck(truth, answers, segment, alpha)`:
#
# | | |
# |---|---|
# | `truth` | (N, K, 3): N people with K joints |
# | `answers` | (N, K, 2): x, y |
# | `segment` | a tuple: the joints a and b |
# | `alpha` | α |
# | returns | a tuple: the share of each joint (K,), and the mean, a number |

# %%
# answer: q12
def pck(truth, answers, segment, alpha):
    """Return the share of each joint that was found, (K,), and the mean."""
    ### BEGIN SOLUTION
    a, b = segment
    length = np.hypot(*(truth[:, a, :2] - truth[:, b, :2]).T)  # (N,)
    counted = (truth[:, :, 2] > 0) & ((truth[:, a, 2] > 0) & (truth[:, b, 2] > 0) & (length > 0))[:, None]
    error = np.hypot(*np.moveaxis(answers - truth[:, :, :2], 2, 0))  # (N, K)
    found = ((error <= alpha * length[:, None]) & counted).sum(axis=0)
    total = counted.sum(axis=0)
    per_joint = np.where(total > 0, found / np.maximum(total, 1), np.nan)
    return per_joint, float(per_joint[total > 0].mean()) if total.any() else np.nan
    ### END SOLUTION


# %%
check("q12")

# %% [markdown]
# ## Your functions learn: what, and where
#
# Now the two networks of the figure. Nothing below is graded. Convolutions and the optimiser are minidet's. **Codes,
# losses, gradients, IoU, heatmaps, places, flips and PCK are yours.**
#
# The pictures: a handwritten digit of 12 to 22 pixels somewhere on a page of 32 x 32 pixels. One picture in eight is
# empty. The labels are 0 for an empty page, and 1 to 10 for the digits 0 to 9.


# %%
SIDE, K = 32, 11
PAGE = np.array([0.0, 0, SIDE, SIDE])  # the reference of all boxes: the picture itself


def pictures(scans, number, seed):
    """Return images (N, 1, 32, 32), labels (N,), boxes (N, 4), and the outermost points (N, 4, 3) of the digits."""
    rng = np.random.default_rng(seed)
    data = load_digits()
    images = rng.normal(0, 0.08, (number, 1, SIDE, SIDE)) + rng.uniform(-0.2, 0.2, (number, 1, 1, 1))
    labels, boxes, points = np.zeros(number, int), np.zeros((number, 4)), np.zeros((number, 4, 3))
    for n in range(number):
        if rng.random() < 1 / 8:
            continue
        scan = rng.choice(scans)
        ink = np.clip(zoom(data.images[scan] / 16, rng.uniform(12, 22) / 8, order=1), 0, 1)
        ink = ink[:, (ink > 0.5).any(axis=0)][(ink > 0.5).any(axis=1)]
        y, x = (int(rng.integers(SIDE - side + 1)) for side in ink.shape)
        images[n, 0, y : y + ink.shape[0], x : x + ink.shape[1]] += ink * rng.uniform(0.7, 1.3)
        labels[n] = 1 + data.target[scan]
        boxes[n] = x, y, x + ink.shape[1], y + ink.shape[0]
        rows, columns = np.nonzero(ink > 0.5)
        ends = columns == columns.min(), columns == columns.max(), rows == rows.min(), rows == rows.max()
        for k, at in enumerate(ends):
            points[n, k] = x + columns[at].mean() + 0.5, y + rows[at].mean() + 0.5, 2
    return images.astype(np.float32), labels, boxes, points


images, labels, boxes, points = pictures(np.arange(1297), 64 if QUICK else 3000, seed=0)
test_images, test_labels, test_boxes, test_points = pictures(np.arange(1297, 1797), 64 if QUICK else 500, seed=1)
print(f"{len(images)} pictures to learn from, {len(test_images)} to be tested on, written by other hands")

# %% jupyter={"source_hidden": true}
NAMES = ("empty", *"0123456789")
SHOWN = np.flatnonzero(test_labels)[:6]


def draw_row(found, titles):
    """Draw six test pictures: the true box, and the one that was found."""
    _, grid = viz.subplots(1, len(SHOWN), figsize=(1.65 * len(SHOWN), 2.1))
    for axes, n, title in zip(grid, SHOWN, titles, strict=True):
        axes.imshow(test_images[n, 0], cmap="gray_r", vmin=-0.5, vmax=1.3, extent=(0, SIDE, SIDE, 0))
        outline(axes, test_boxes[n], GREEN)
        if found is not None:
            outline(axes, found[n], ORANGE, line="--")
        axes.set_title(title, fontsize=9)
        axes.set(xticks=[], yticks=[], xlim=(0, SIDE), ylim=(SIDE, 0))
    plt.show()


draw_row(None, [NAMES[test_labels[n]] for n in SHOWN])

# %% [markdown]
# A `Function` ties a forward and a backward pass together, so that minidet's tape can run yours. Here you see the chain
# rule of question 6: the gradient of the scores is what `class_losses_grad` returns, times how much the loss of that
# image matters.


# %%
class YourLoss(Function):
    @staticmethod
    def forward(ctx, scores, codes, setting, labels, targets, class_kind, box_kind, own):
        each = class_losses(scores, labels, class_kind), box_losses(codes, targets, labels, box_kind)
        if own:
            total, slopes = join_losses(*each, labels, setting), join_losses_grad(*each, labels, setting)
        else:
            total, *slopes = multi_task_loss(*each, labels, setting)
        d_scores = class_losses_grad(scores, labels, class_kind) * slopes[0][:, None]
        d_codes = box_losses_grad(codes, targets, labels, box_kind) * slopes[1][:, None, None]
        ctx.gradients = d_scores, d_codes, slopes[2] if len(slopes) > 2 else None
        return np.asarray(total, scores.dtype)

    @staticmethod
    def backward(ctx, grad):
        d_scores, d_codes, d_setting = (None if d is None else (grad * d).astype(np.float32) for d in ctx.gradients)
        return d_scores, d_codes, d_setting, None, None, None, None, None


def block(channels, filters, size=3):
    """Return convolution, normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, size, padding=size // 2, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
    )


class TwoHeads(nn.Module):
    """One trunk, two heads."""

    def __init__(self, width=16):
        super().__init__()
        w = width
        self.trunk = nn.ModuleList([block(1, w), block(w, 2 * w), block(2 * w, 3 * w)])
        self.last = block(3 * w, 4 * w)
        self.scores = nn.Linear(4 * w, K)
        self.hidden, self.codes = nn.Linear(4 * w * 16, 96), nn.Linear(96, 4 * K)

    def forward(self, x):
        n = x.shape[0]
        for part in self.trunk:
            x = F.max_pool2d(part(x), 2)
        x = self.last(x)  # (N, 4 w, 4, 4)
        scores = self.scores(F.max_pool2d(x, 4).reshape(n, -1))  # what it is: wherever it is
        codes = self.codes(F.relu(self.hidden(x.reshape(n, -1))))  # where it is: the place matters
        return scores, codes.reshape(n, K, 4)


# %% [markdown] tags=["variant:q7=hardest"]
# The setting of your own loss is m: of a batch of 32, only the 16 hardest boxes count.

# %% [markdown] tags=["variant:q7=trust"]
# The setting of your own loss is λ, which is 3 here.

# %% [markdown] tags=["variant:q7=uncertain"]
# The setting of your own loss is learnt: two more numbers, which begin at 0.

# %% tags=["variant:q7=hardest"]
first_setting = lambda: 16

# %% tags=["variant:q7=trust"]
first_setting = lambda: 3.0

# %% tags=["variant:q7=uncertain"]
first_setting = lambda: nn.Parameter(np.zeros(2, np.float32))

# %% [markdown]
# **Train three times.** The first two differ in their losses. The third one uses this term's codes and this term's
# loss.

# %%
STEPS, BATCH = (4, 16) if QUICK else (300, 32)
references = np.repeat(PAGE[None], len(images), 0)
standard, valid = encode_boxes(boxes, references)  # an empty picture has a box without area: not valid
special = np.zeros((len(images), 4))
special[labels > 0] = encode_special(boxes[labels > 0], references[labels > 0])
assert (valid == (labels > 0)).all(), "a box of an empty picture is valid, or one of a digit is not"

ways = {
    "softmax, smooth L1": (standard, decode_boxes, "softmax", "smooth_l1", False),
    "hinge, L2": (standard, decode_boxes, "hinge", "l2", False),
    "this term's": (special, decode_special, "softmax", "smooth_l1", True),
}


def train(network, loss_of, extra, title, rate=1e-2):
    """Train with Adam; the rate falls to 0. Returns a record of every step."""
    optimizer = optim.Adam([*network.parameters(), *extra], lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, STEPS)
    draws, history = np.random.default_rng(0), []
    network.train()
    with tqdm(range(1, STEPS + 1), desc=title) as bar:
        for step in bar:
            loss = loss_of(draws.choice(len(images), BATCH, replace=False))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            history.append({"step": step, "loss": loss.item()})
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


def answers_of(network, decode):
    """Return classes (N,) and boxes (N, 4) of the test pictures: the box of the likeliest class."""
    network.eval()
    with no_grad():
        scores, codes = (part.numpy() for part in network(tensor(test_images)))
    said = scores.argmax(1)
    return said, decode(codes[np.arange(len(said)), said].astype(float), np.repeat(PAGE[None], len(said), 0))


answers, records = {}, {}
begin = time.perf_counter()
for name, (targets, decode, class_kind, box_kind, own) in ways.items():
    minidet.manual_seed(0)
    network = TwoHeads()
    setting = first_setting() if own else 3.0
    extra = [setting] if isinstance(setting, nn.Parameter) else []

    def loss_of(chosen):
        scores, codes = network(tensor(images[chosen]))
        options = labels[chosen], targets[chosen], class_kind, box_kind, own
        return YourLoss.apply(scores, codes, setting, *options)

    records[name] = train(network, loss_of, extra, name)
    answers[name] = answers_of(network, decode)
print(f"{time.perf_counter() - begin:.0f} s")

# %% [markdown]
# **Measure.** An answer is right if the class is right *and* the box has an IoU of at least 0.5 with the true one. (On
# an empty page, the class alone has to be right.)

# %%
print(f"{'':20} {'class right':>12} {'mean IoU':>9} {'both right':>11}")
there = test_labels > 0
for name, (said, found) in answers.items():
    iou = np.array([box_iou(found[[n]], test_boxes[[n]])[0, 0] for n in range(len(said))])
    both = (said == test_labels) & ((iou >= 0.5) | ~there)
    print(f"{name:20} {(said == test_labels).mean():12.1%} {iou[there].mean():9.3f} {both.mean():11.1%}")

# %%
said, found = answers["this term's"]
draw_row(found, [f"{NAMES[test_labels[n]]}, said: {NAMES[said[n]]}" for n in SHOWN])

# %% [markdown]
# Green: true; orange, dashed: found. The three losses cannot be compared, as their units differ. What the answers are
# worth says only a measure that knows nothing of them. If your third way has worse boxes: how large are its box losses
# beside its class losses, and what would you change? And where one way is a little better than another: would it still
# be, had the pictures been drawn in another order?
#
# ## Your functions learn: points
#
# Four points of a digit, its outermost ones: left (l), right (r), top (t), bottom (b). The mirror image of the leftmost
# point is the *rightmost* one, so they are a pair. (A mirrored 2 is no 2. But it has outermost points.) Heatmaps have
# only 8 x 8 cells of 4 x 4 pixels. So everything depends on what is made of them.

# %%
CELL, SIGMA, PAIRS = 4, 1.0, [(0, 1)]
with_digit, test_with_digit = np.flatnonzero(labels), np.flatnonzero(test_labels)
n = with_digit[0]
mirrored = flip_joints(points[n], SIDE, PAIRS)
maps, weights = heatmap_targets(points[n], (8, 8), CELL, SIGMA)

_, grid = viz.subplots(1, 4, figsize=(9, 2.6))
for axes, image, joints, box, title in (
    (grid[0], images[n, 0], points[n], boxes[[n]], "picture"),
    (grid[1], images[n, 0, :, ::-1], mirrored, flip_boxes(boxes[[n]], SIDE), "its mirror image"),
):
    axes.imshow(image, cmap="gray_r", vmin=-0.5, vmax=1.3, extent=(0, SIDE, SIDE, 0))
    outline(axes, box[0], GREEN)
    for (x, y, _), word, dx, dy in zip(joints, "lrtb", (-2, 2, 0, 0), (0, 0, -2, 2), strict=True):
        axes.plot(x, y, "o", color=ORANGE)
        axes.text(x + dx, y + dy, word, color=ORANGE, weight="bold", ha="center", va="center")
    axes.set_title(title, fontsize=9)
for axes, plane, title in (
    (grid[2], maps[0], "target: left"),
    (grid[3], flip_maps(maps, PAIRS)[0], "mirrored: left"),
):
    axes.imshow(plane, cmap="Oranges", vmin=0, vmax=1, extent=(0, 8, 8, 0))
    axes.set_title(title, fontsize=9)
plt.show()


# %%
class Points(nn.Module):
    """Convolutions only: a map of 8 x 8 cells for each point."""

    def __init__(self, width=16):
        super().__init__()
        self.parts = nn.ModuleList([block(1, width), block(width, 2 * width)])
        w = 2 * width
        self.wide = nn.Sequential(block(w, w, 5), block(w, w, 5), nn.Conv2d(w, 4, 1))

    def forward(self, x):
        for part in self.parts:
            x = F.max_pool2d(part(x), 2)
        return self.wide(x)


draws_mirror = np.random.default_rng(1)


def heatmap_loss(chosen):
    """Return the mean squared error of the maps; half of the pictures are mirrored first."""
    chosen = with_digit[chosen % len(with_digit)]
    batch, targets = [], []
    for i in chosen:
        flip = draws_mirror.random() < 0.5
        batch.append(images[i, :, :, ::-1] if flip else images[i])
        joints = flip_joints(points[i], SIDE, PAIRS) if flip else points[i]
        maps, weights = heatmap_targets(joints, (8, 8), CELL, SIGMA)
        targets.append(maps)  # every weight is 1 here
    difference = point_network(tensor(np.stack(batch))) - tensor(np.stack(targets).astype(np.float32))
    return (difference * difference).mean()


minidet.manual_seed(0)
point_network = Points()
history = train(point_network, heatmap_loss, [], "heatmaps")

# %% [markdown]
# **Places, five ways.** The network is the same in all lines; only what is made of its maps differs. PCK: an error of
# at most a tenth of the distance between the top and the bottom point.

# %%
point_network.eval()
with no_grad():
    straight = point_network(tensor(test_images[test_with_digit])).numpy()
    backwards = point_network(tensor(np.ascontiguousarray(test_images[test_with_digit][..., ::-1]))).numpy()
mean = np.stack([(one + flip_maps(other, PAIRS)) / 2 for one, other in zip(straight, backwards, strict=True)])


def centres(maps):
    """Return the centre of each map's highest cell, (K, 2), in pixels: no shift."""
    return np.array([[i % 8 + 0.5, i // 8 + 0.5] for i in maps.reshape(len(maps), -1).argmax(1)]) * CELL


places = {
    "centre of the cell": [centres(maps) for maps in straight],
    "a quarter of a cell": [decode_heatmaps(maps, CELL) for maps in straight],
    "this term's rule": [refine_places(maps, CELL) for maps in straight],
    "mirrored too, a quarter": [decode_heatmaps(maps, CELL) for maps in mean],
    "mirrored too, this term's": [refine_places(maps, CELL) for maps in mean],
}
truth = test_points[test_with_digit]
print(f"{'':27} {'left':>6} {'right':>6} {'top':>6} {'bottom':>6} {'mean':>6}")
for name, said in places.items():
    share, average = pck(truth, np.stack(said), (2, 3), 0.1)
    print(f"{name:27}", *(f"{value:6.3f}" for value in (*share, average)))

# %%
_, grid = viz.subplots(1, 6, figsize=(9.9, 2.0))
for axes, i in zip(grid, range(6), strict=True):
    axes.imshow(test_images[test_with_digit[i], 0], cmap="gray_r", vmin=-0.5, vmax=1.3, extent=(0, SIDE, SIDE, 0))
    axes.plot(*truth[i, :, :2].T, "o", color=GREEN, markersize=7)
    axes.plot(*places["mirrored too, this term's"][i].T, "x", color=ORANGE, markersize=7, markeredgewidth=2)
    axes.set(xticks=[], yticks=[], xlim=(0, SIDE), ylim=(SIDE, 0))
plt.show()

# %% [markdown]
# Green dots: true; orange crosses: found. From the first line of the table to the second, from the third to the last,
# no network was trained: it is only care with half cells and quarters, with left and right. Is this term's rule better
# than the quarter? It need not be: a rule that is exact for a perfect hill can be worse for the maps that a network
# really draws.
#
# ## Before you hand in
#
# *Restart kernel and run all.* What only worked because of a cell that you deleted will not work for the grader.

# %%
check()

# %% [markdown]
# **To think about** (no points)
#
# - Train with the weight 0.01 in place of 3, and with 300. Which of the two heads suffers, and how can you see it in
#   the table?
# - Give `flip_joints` an empty list of pairs while training. What does the map "left" look like then?
# - Some numbers of PCK are worse for left and right than for top and bottom. Look at ten mistakes. Is it the network,
#   or are there digits that have two outermost points?
#
# **To read:** R. Girshick, J. Donahue, T. Darrell, J. Malik, *Rich feature hierarchies for accurate object detection*,
# CVPR 2014, [arXiv:1311.2524](https://arxiv.org/abs/1311.2524), appendix C: codes of boxes. P. Sermanet and others,
# *OverFeat*, [arXiv:1312.6229](https://arxiv.org/abs/1312.6229). A. Newell, K. Yang, J. Deng, *Stacked hourglass
# networks for human pose estimation*, ECCV 2016, [arXiv:1603.06937](https://arxiv.org/abs/1603.06937). B. Sapp, B.
# Taskar, *MODEC*, CVPR 2013: PCK by the length of the torso.
