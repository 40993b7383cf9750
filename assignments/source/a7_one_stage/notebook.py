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
# # Assignment 7: One look
#
# A detector with proposals looks twice: where might something be, and then, what is it? The detectors of this
# assignment look once. YOLO divides the picture into cells, and each cell says what is in it. SSD lays hundreds of
# boxes over the picture, and says of each what is in it. The network is the smaller part of both. The larger part is
# what *you* write: who has to learn which object, what a mistake costs, and how the result is measured. At the end, a
# YOLO and an SSD learn on your functions, and your average precision says which one is better.
#
# |  |  |
# |---|---|
# | **Read before** | notebooks 15 (YOLO) and 16 (SSD) of the course |
# | **Points** | 100; every question has parts, and each part has its own points |
# | **Time** | about seven hours; all cells together run for about two minutes |
# | **You may use** | NumPy, as `np`. Nothing else in the cells that are graded |
#
# **How it works**
# - You write in the cells that begin with `# answer:`. Leave that line where it is. Keep the names of the functions.
# - `check("q1")` runs your functions on a few small inputs, and says in words what is wrong. Passing the public
#   checks does not prove that everything is right: the grader draws other inputs, of other sizes.
# - Each question is graded alone. If question 2 is wrong, question 5 can still have all its points. A helper function
#   has to stand in a cell of the question that uses it.
# - A function must not change its inputs, and must work for every size. Loops are allowed. Fast is nice, right is
#   enough.
# - Questions 8, 9 and 10 change from term to term. Read their rules with care: they differ from what you find
#   elsewhere.
#
# **In all questions**
# - A *box* is four numbers x1, y1, x2, y2 in pixels: x goes to the right, y goes down. Its width is x2 − x1, its area
#   is width times height. Several boxes are an array (R, 4), and R may be 0.
# - A *size* is a tuple (height, width), as of an array; a picture need not be square.
# - The *cell* in row $r$ and column $c$ of a grid with $S$ rows and $S$ columns reaches from $x = c\,W / S$ to
#   $(c + 1)\,W / S$, and from $y = r\,H / S$ to $(r + 1)\,H / S$: so in general a cell is not square, either.
# - Objects, boxes, cells, classes and predictors are counted from 0. A number of −1 means *none*. NumPy does not know
#   that: `array[-1]` is the last one.

# %%
import numpy as np

from minidet.grading import checks

check = checks("a7_one_stage")

# %% jupyter={"source_hidden": true}
import os
import time

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
from tqdm import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import Function, cat
from minidet.data import DigitScenes
from minidet.ops import box_iou, nms
from minidet.viz.page import BLUE, DARK, GREEN, INK, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE, YELLOW
from minidet.viz.sketch import arrow, block, canvas, outline

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()


def sheet(axes, values, at, title="", faces=None, size=(1.0, 1.0), fontsize=9):
    """Draw a table of numbers or words with its upper left corner at ``at``; ``faces`` are colours."""
    rows, columns = len(values), len(values[0])
    for row, column in np.ndindex(rows, columns):
        value, face = values[row][column], "white" if faces is None else faces[row][column]
        left, top = at[0] + column * size[0], at[1] - row * size[1]
        frame = {"facecolor": face, "edgecolor": "#a0a0a0", "linewidth": 0.8}
        axes.add_patch(Rectangle((left, top - size[1]), *size, **frame))
        text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
        middle = left + size[0] / 2, top - size[1] / 2
        axes.text(*middle, text, ha="center", va="center", color=DARK, fontsize=fontsize)
    axes.text(at[0] + columns * size[0] / 2, at[1] + 0.2, title, ha="center", va="bottom", fontsize=10)


def picture(axes, size, grid=None, title=""):
    """Prepare axes for a picture of a size (height, width), with its cells."""
    height, width = size
    margin = 0.04 * max(size)
    limits = {"xlim": (-margin, width + margin), "ylim": (height + margin, -margin)}
    axes.set(**limits, aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
    axes.axis("off")
    outline(axes, (0, 0, width, height), INK, "-", 1.0)
    for k in range(1, grid or 1):
        axes.plot([0, width], [k * height / grid] * 2, color=INK, lw=0.7)
        axes.plot([k * width / grid] * 2, [0, height], color=INK, lw=0.7)


# %% [markdown]
# ## The figure
#
# The two networks of the last section, with the numbers of the questions that each piece comes from. They have the
# same trunk, and differ in what is said, who learns, and what a mistake costs.


# %% jupyter={"source_hidden": true}
def draw_networks():
    """Draw YOLO and SSD, and where the questions belong."""
    axes = canvas(10, 4.3, (-0.4, 24.4), (-5.1, 5.3))
    block(axes, 1.2, 0, "picture\n64 × 64", "#ececec")
    block(axes, 4.9, 0, "trunk", PALE_BLUE, 2.2)
    arrow(axes, (2.5, 0), (3.8, 0))
    block(axes, 9.0, 2.6, "YOLO: 8 × 8 cells,\n2 predictors each", PALE_BLUE, 4.2)
    block(axes, 9.0, -2.6, "SSD: 16 × 16 and 8 × 8\ncells, 4 boxes each", PALE_BLUE, 4.2)
    arrow(axes, (6.0, 0.2), (7.0, 1.95))
    arrow(axes, (6.0, -0.2), (7.0, -1.95))
    plan = (
        (2.6, "who learns what?\nq1, q2", "loss and gradient\nq3", "boxes and scores\nq2"),
        (-2.6, "who learns what?\nq4, q5", "which background?\nq6", "boxes and scores"),
    )
    for y, who, cost, out in plan:
        block(axes, 13.9, y + 1.3, who, PALE_ORANGE, 3.6)
        block(axes, 13.9, y - 1.3, cost, PALE_ORANGE, 3.6)
        block(axes, 18.1, y, out, PALE_GREEN, 3.2)
        arrow(axes, (11.1, y + 0.3), (12.1, y + 1.1), ORANGE)
        arrow(axes, (11.1, y - 0.3), (12.1, y - 1.1), ORANGE)
        arrow(axes, (11.1, y), (16.5, y), GREEN)
        arrow(axes, (19.2, y - 0.65 * np.sign(y)), (21.3, 0.65 * np.sign(y)), GREEN)
    block(axes, 22.2, 0, "average\nprecision\nq7", YELLOW, 2.6)
    axes.text(13.9, 4.9, "only in training", ha="center", color=ORANGE, fontsize=9)
    axes.text(12, -5.0, "this term: another grid q8, another matching q9, another average precision q10", ha="center",
              fontsize=9)  # fmt: skip
    plt.show()


draw_networks()

# %% [markdown]
# ## Question 1. YOLO's targets (9 points)
#
# The cell that holds the **centre** of an object has to find it. The cell says four numbers of its box:
#
# - $x$, $y$: where the centre is *in the cell*, from 0 to 1, from the cell's upper left corner;
# - $\sqrt w$, $\sqrt h$: the square roots of width and height, both as *shares of the picture*.
#
# A picture of size (100, 200), so 100 high and 200 wide, with 4 x 4 cells; a cell is 25 high and 50 wide. Three
# objects:


# %% jupyter={"source_hidden": true}
HAND = np.array([(55, 20.5, 105, 69.5), (51, 22, 69, 38), (190, 4, 210, 20)])  # of size (100, 200)


def draw_targets():
    """Draw three objects, the grid, and their codes."""
    _, (left, right) = viz.subplots(1, 2, figsize=(9.8, 2.6))
    picture(left, (100, 200), 4)
    left.set_xlim(-8, 218)
    for number, (box, colour) in enumerate(zip(HAND, (GREEN, ORANGE, BLUE))):
        outline(left, box, colour, "-", 2.0)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        left.plot(x, y, "o", color=colour, markersize=5)
        left.text(x + 3, y, str(number), va="center", color=colour, fontsize=9)
    right.set(xlim=(0, 14.2), ylim=(-4.4, 1.2))
    right.axis("off")
    heads = ["object", "centre", "cell", "x", "y", "√w", "√h"]
    rows = [["0", "(80, 45)", "(1, 1)", 0.6, 0.8, 0.5, 0.7], ["1", "(60, 30)", "(1, 1)", 0.2, 0.2, 0.3, 0.4],
            ["2", "(200, 12)", "(0, 3)", 1, 0.48, 0.316, 0.4]]  # fmt: skip
    colours = ["#ececec", PALE_GREEN, PALE_ORANGE, PALE_BLUE]
    sheet(right, [heads, *rows], (0, 0.6), faces=[[face] * 7 for face in colours], size=(2.0, 1.0), fontsize=9)
    plt.show()


draw_targets()

# %% [markdown]
# Object 0: the centre (80, 45) is $80 / 50 = 1.6$ cells from the left and $45 / 25 = 1.8$ cells from the top: column
# 1, row 1, $x = 0.6$, $y = 0.8$. Its width is $50 / 200 = 0.25$ of the picture: 0.5 is the root.
#
# - **Borders.** A centre on the line between two cells belongs to the right or the lower one. The centre of object 2 is
#   on the right border of the picture: $200 / 50 = 4$, but columns are 0 to 3. A centre on the right or lower border,
#   or outside of the picture, belongs to the *nearest* cell. Its $x$ or $y$ is then 1 or more, or below 0, and it
#   stays so: object 2 has $x = 4 - 3 = 1$.
# - **Two in one cell.** Objects 0 and 1 share cell (1, 1), and a cell learns one object: the one with the **larger
#   area**. If areas are equal, the first in the list. The other is not learnt by anybody.
# - **No area.** An object without width or without height is learnt by no cell.
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `centre_cells(boxes, size, grid)` | boxes (G, 4), size (height, width), grid S. Returns integers (G, 2): row, column of each object's cell |
# | `cell_codes(boxes, cells, size, grid)` | cells (G, 2) as above. Returns (G, 4): x, y, √w, √h of each object in its cell |
# | `cell_owners(boxes, cells, grid)` | Returns integers (S, S): the number of the object that each cell learns, or −1 |

# %%
# answer: q1
def centre_cells(boxes, size, grid):
    """Return the row and the column of the cell that holds each box's centre, (G, 2)."""
    ### BEGIN SOLUTION
    height, width = size
    row = (boxes[:, 1] + boxes[:, 3]) / 2 / height * grid
    column = (boxes[:, 0] + boxes[:, 2]) / 2 / width * grid
    return np.clip(np.floor(np.stack([row, column], axis=1)), 0, grid - 1).astype(int)
    ### END SOLUTION


def cell_codes(boxes, cells, size, grid):
    """Return what each object's cell has to say: x, y, root of w, root of h, (G, 4)."""
    ### BEGIN SOLUTION
    height, width = size
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / width * grid - cells[:, 1]
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / height * grid - cells[:, 0]
    w, h = (boxes[:, 2] - boxes[:, 0]) / width, (boxes[:, 3] - boxes[:, 1]) / height
    return np.stack([x, y, np.sqrt(w), np.sqrt(h)], axis=1)
    ### END SOLUTION


def cell_owners(boxes, cells, grid):
    """Return for each cell the number of the object that it learns, or -1, (S, S)."""
    ### BEGIN SOLUTION
    owners = np.full((grid, grid), -1)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for number in np.argsort(-area, kind="stable"):  # the largest first
        row, column = cells[number]
        if area[number] > 0 and owners[row, column] < 0:
            owners[row, column] = number
    return owners
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# ## Question 2. The responsible predictor (9 points)
#
# A cell has $B$ predictors. Each says a box, but only **one** of them is responsible for the cell's object: the one
# whose box has the highest IoU with the object *now*, in this step of the training. So first, boxes have to come back
# from what is said. The formulas of question 1, solved for the box: with what predictor $j$ of the cell in row $r$
# and column $c$ says,
#
# $$\text{centre} = \left(\frac{(c + x)\, W}{S},\ \frac{(r + y)\, H}{S}\right), \qquad \text{width} = (\sqrt w)^2\, W,
# \qquad \text{height} = (\sqrt h)^2\, H.$$
#
# Try it with row 0 of the table above: (0.6, 0.8, 0.5, 0.7) in cell (1, 1) has to give (55, 20.5, 105, 69.5). Nothing
# is cut off at the border of the picture.
#
# **IoU** is the shared area over the area of both together. (0, 0, 4, 4) and (2, 0, 6, 4) share $2 \cdot 4 = 8$
# pixels, of $16 + 16 - 8 = 24$: 1/3. If two boxes do not overlap, or touch only, the IoU is 0. A box without area has
# an IoU of 0 with all boxes, also with itself.
#
# **Ties.** At the start of the training, *no* box touches the object: all IoUs are 0. Somebody has to be responsible
# nevertheless. So, of those with the highest IoU, the nearest one is responsible: the one with the smallest
#
# $$(x - x')^2 + (y - y')^2 + (w - w')^2 + (h - h')^2,$$
#
# centres, widths and heights in pixels. If that is equal, too, the first one.


# %% jupyter={"source_hidden": true}
def draw_responsible():
    """Draw two cases: no box touches the object; two boxes with the same IoU."""
    cases = (
        ((0, 0, 8, 8), ((8, 0, 16, 8), (0, 10, 8, 18)), "IoU 0 and 0", ("8² = 64: responsible", "10² = 100")),
        ((10, 10, 30, 30), ((10, 10, 30, 20), (10, 10, 30, 50)), "IoU 1/2 and 1/2",
         ("5² + 10² = 125: responsible", "10² + 20² = 500")),
    )  # fmt: skip
    _, grid = viz.subplots(1, 2, figsize=(9.0, 3.0))
    for axes, (box, boxes, title, words) in zip(grid, cases):
        side = max(b[3] for b in boxes)
        axes.set(xlim=(-1, 2.6 * side), ylim=(side + 2, -2), aspect="equal")
        axes.axis("off")
        axes.set_title(title, fontsize=10)
        outline(axes, box, INK, "-", 3.4)
        for j, (one, colour, line) in enumerate(zip(boxes, (GREEN, ORANGE), ("-", "--"))):
            outline(axes, one, colour, line, 1.8)
            line = f"predictor {j}: {words[j]}"
            axes.text(max(b[2] for b in boxes) + 0.05 * side, side * (0.45 + 0.2 * j), line, color=colour, fontsize=9)
    plt.show()


draw_responsible()

# %% [markdown]
# (Grey: the object. On the left, the centre of predictor 0 is 8 pixels too far to the right, and its sides are right.
# On the right, its centre is 5 pixels too far up, and its height is 10 pixels too small.)
#
# **Write** three functions:
#
# | | |
# |---|---|
# | `said_boxes(said, size)` | said (S, S, B, 4): x, y, √w, √h of all predictors. Returns boxes in pixels, (S, S, B, 4) |
# | `iou_with(boxes, box)` | boxes (R, 4), box (4,). Returns the R IoUs, (R,) |
# | `responsible(ious, boxes, box)` | of one cell: IoUs (B,), boxes (B, 4), and the object's box (4,). Returns the number of the responsible predictor, one integer. It takes the IoUs as they are given |

# %%
# answer: q2
def said_boxes(said, size):
    """Return the boxes that all predictors say, in pixels, (S, S, B, 4)."""
    ### BEGIN SOLUTION
    height, width = size
    grid = len(said)
    column, row = np.arange(grid)[None, :, None], np.arange(grid)[:, None, None]
    x, y = (said[..., 0] + column) / grid * width, (said[..., 1] + row) / grid * height
    w, h = said[..., 2] ** 2 * width, said[..., 3] ** 2 * height
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    ### END SOLUTION


def iou_with(boxes, box):
    """Return the IoU of each of R boxes with one box, (R,)."""
    ### BEGIN SOLUTION
    w = np.clip(np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0]), 0, None)
    h = np.clip(np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1]), 0, None)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = areas + (box[2] - box[0]) * (box[3] - box[1]) - w * h
    return np.where(union > 0, w * h / np.where(union > 0, union, 1), 0.0)
    ### END SOLUTION


def responsible(ious, boxes, box):
    """Return the number of the predictor that is responsible for an object's box."""
    ### BEGIN SOLUTION
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 - (box[:2] + box[2:]) / 2
    sides = (boxes[:, 2:] - boxes[:, :2]) - (box[2:] - box[:2])
    distance = (centres**2).sum(axis=1) + (sides**2).sum(axis=1)
    return int(np.where(ious == ious.max(), distance, np.inf).argmin())
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# ## Question 3. YOLO's loss, term by term, and its gradient (14 points)
#
# Five terms, all of them sums of plain squares. $\hat{\ }$ marks what the network says. A cell *has an object* if it
# is to learn one; then one of its predictors is responsible.
#
# | term | | counts for |
# |---|---|---|
# | xy | $\lambda_\text{coord} \left[(\hat x - x)^2 + (\hat y - y)^2\right]$ | the responsible predictor of each cell with an object |
# | wh | $\lambda_\text{coord} \left[(\hat{\sqrt w} - \sqrt w)^2 + (\hat{\sqrt h} - \sqrt h)^2\right]$ | the same |
# | object | $(\hat C - \text{IoU})^2$ | the same: its confidence $\hat C$ is to be the IoU of its box with the object |
# | no object | $\lambda_\text{noobj}\, \hat C^2$ | **all other** predictors: those of cells without an object, *and the other ones of cells with one* |
# | classes | $\sum_k (\hat p_k - [k = \text{class of the object}])^2$ | each cell with an object, once |
#
# One cell by hand, with $\lambda_\text{coord} = 5$ and $\lambda_\text{noobj} = 0.5$. It has an object of class 1,
# with the codes (0.4, 0.5, 0.5, 0.8). Predictor 1 is responsible, and its IoU is 0.5.


# %% jupyter={"source_hidden": true}
def draw_terms():
    """Draw what one cell says, what it should say, the terms and the gradient."""
    axes = canvas(10, 3.5, (-3.4, 22.2), (-7.4, 1.3))
    heads = ["x", "y", "√w", "√h", "conf."]
    grey, orange, green = ["#ececec"] * 5, [PALE_ORANGE] * 5, [PALE_GREEN] * 5
    size = (1.5, 1.0)
    sheet(axes, [heads, [0.5, 0.5, 0.4, 0.4, 0.7], [0.2, 0.4, 0.5, 0.6, 0.3]], (0, 0), "said",
          [grey, orange, green], size)  # fmt: skip
    sheet(axes, [heads, ["", "", "", "", 0], [0.4, 0.5, 0.5, 0.8, 0.5]], (9.6, 0), "should be",
          [grey, orange, green], size)  # fmt: skip
    gradient = [heads, [0, 0, 0, 0, 0.7], [-2, -1, 0, -2, -0.4]]
    sheet(axes, gradient, (0, -4.3), "gradient", [grey, orange, green], size)
    for top in (0, -4.3):
        axes.text(-0.2, top - 1.5, "predictor 0", ha="right", va="center", fontsize=9, color=ORANGE)
        axes.text(-0.2, top - 2.5, "predictor 1", ha="right", va="center", fontsize=9, color=GREEN)
    sheet(axes, [["class 0", "class 1"], [0.2, 0.7]], (17.8, 0), "said", [grey[:2]] * 2, (1.9, 1.0))
    sheet(axes, [["0", "1"]], (17.8, -3.1), "should be", [grey[:2]], (1.9, 0.8))
    sheet(axes, [[0.4, -0.6]], (17.8, -5.3), "gradient", [grey[:2]], (1.9, 0.8))
    lines = ("xy:  5 (0.2² + 0.1²) = 0.25", "wh:  5 (0² + 0.2²) = 0.2", "object:  (0.3 − 0.5)² = 0.04",
             "no object:  0.5 · 0.7² = 0.245", "classes:  0.2² + 0.3² = 0.13")  # fmt: skip
    for row, line in enumerate(lines):
        axes.text(9.6, -4.0 - 0.75 * row, line, va="center", fontsize=9)
    plt.show()


draw_terms()

# %% [markdown]
# The **IoU is a number**, measured and then held fixed: nothing flows back through it to the box. So the gradient is
# a matter of squares: the slope of $(\hat a - a)^2$ with respect to $\hat a$ is $2 (\hat a - a)$. For the responsible
# predictor's $\hat x$ it is $5 \cdot 2 \cdot (0.2 - 0.4) = -2$. Boxes of all other predictors, and classes of cells
# without an object, have the gradient 0.
#
# **Write** two functions with the same arguments:
#
# | | |
# |---|---|
# | `said` | (S, S, B, 5): x, y, √w, √h, confidence, as the network says them |
# | `classes` | (S, S, C), as the network says them |
# | `codes` | (S, S, 4): what the responsible predictor of each cell should say; 0 where a cell has no object |
# | `labels` | integers (S, S): the class of each cell's object, or −1 if the cell has none |
# | `best` | integers (S, S): the number of the responsible predictor, or −1 |
# | `ious` | (S, S): the IoU of its box with the object; 0 where a cell has no object |
# | `coord`, `noobj` | the two weights |
#
# `yolo_terms` returns a tuple of the five terms in the order of the table. `yolo_gradient` returns a tuple: the
# gradients of the **sum** of all five with respect to `said`, (S, S, B, 5), and to `classes`, (S, S, C).

# %%
# answer: q3
def yolo_terms(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """Return the five terms of one picture: xy, wh, object, no object, classes."""
    ### BEGIN SOLUTION
    mine = np.arange(said.shape[2]) == best[..., None]  # (S, S, B): never true where best is -1
    off = mine[..., None] * (said[..., :4] - codes[:, :, None]) ** 2
    sure = said[..., 4]
    with_object = (mine * (sure - ious[..., None]) ** 2).sum()
    without = noobj * (sure[~mine] ** 2).sum()
    truth = np.arange(classes.shape[2]) == labels[..., None]
    kinds = ((classes - truth)[labels >= 0] ** 2).sum()
    return coord * off[..., :2].sum(), coord * off[..., 2:].sum(), with_object, without, kinds
    ### END SOLUTION


def yolo_gradient(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """Return the gradients of the sum of the terms with respect to said and to classes."""
    ### BEGIN SOLUTION
    mine = np.arange(said.shape[2]) == best[..., None]
    d_said = np.zeros(said.shape)
    d_said[..., :4] = 2 * coord * mine[..., None] * (said[..., :4] - codes[:, :, None])
    d_said[..., 4] = np.where(mine, 2 * (said[..., 4] - ious[..., None]), 2 * noobj * said[..., 4])
    truth = np.arange(classes.shape[2]) == labels[..., None]
    return d_said, 2 * (labels >= 0)[..., None] * (classes - truth)
    ### END SOLUTION


# %%
check("q3")

# %% [markdown]
# ## Question 4. Default boxes (8 points)
#
# SSD says nothing freely. Over each cell of each of its maps lie some fixed boxes, the **default boxes**: small ones
# on fine maps, large ones on coarse maps. The network says of each box what is in it, and by how much to move it.
#
# **Scales.** Of $m$ maps, the first has the scale `low`, the last the scale `high`, and the steps between them are
# equal. One more scale follows, by the same step. Three maps from 0.2 to 0.8: 0.2, 0.5, 0.8, and then 1.1.
#
# **Shapes.** With the scale $s$ of a map, the scale $s'$ that follows it, and some ratios $a$ (width over height),
# each cell has these boxes, in this order:
#
# 1. a square of side $s$;
# 2. a square of side $\sqrt{s\, s'}$;
# 3. for each ratio a wide box, $s \sqrt a$ wide and $s / \sqrt a$ high, and then a tall one, with the two exchanged.
#
# With $s = 0.3$, $s' = 1.2$ and the ratio 2.25: (0.3, 0.3), (0.6, 0.6), (0.45, 0.2), (0.2, 0.45), as (width, height).
#
# **Places.** A map with so many rows and columns divides the picture into as many cells. The boxes of a cell have
# their centres in the middle of the cell. A map of 1 x 2 cells (one row, two columns) in a picture of size (40, 80),
# and one shape, 20 wide and 10 high, give (10, 15, 30, 25) and (50, 15, 70, 25). Boxes may reach beyond the picture.
# All boxes are in one list: map by map, in a map row by row, in a row cell by cell, and the boxes of a cell in the
# order of its shapes.


# %% jupyter={"source_hidden": true}
def draw_defaults():
    """Draw two maps with their boxes, and the numbers of the boxes in the list."""
    _, grid = viz.subplots(1, 2, figsize=(9.0, 3.0))
    plans = (((2, 3), [(30, 18), (14, 22)], 0), ((1, 1), [(60, 44)], 12))
    for axes, ((rows, columns), shapes, first) in zip(grid, plans):
        picture(axes, (60, 96), title=f"a map of {rows} × {columns} cells")
        number = first
        for row, column in np.ndindex(rows, columns):
            y, x = (row + 0.5) * 60 / rows, (column + 0.5) * 96 / columns
            edge = (column * 96 / columns, row * 60 / rows, (column + 1) * 96 / columns, (row + 1) * 60 / rows)
            outline(axes, edge, INK, "-", 0.6)
            for (w, h), colour in zip(shapes, (BLUE, ORANGE)):
                outline(axes, (x - w / 2, y - h / 2, x + w / 2, y + h / 2), colour, "-", 1.5, str(number))
                number += 1
    plt.show()


draw_defaults()

# %% [markdown]
# **Write** three functions:
#
# | | |
# |---|---|
# | `box_scales(maps, low, high)` | maps: m, at least 2. Returns m + 1 numbers |
# | `cell_shapes(scale, following, ratios)` | $s$, $s'$, and a tuple of ratios, which may be empty. Returns (A, 2): width and height of each box |
# | `place_boxes(maps, shapes, size)` | maps: a list of (rows, columns); shapes: a list with an array (A, 2) of widths and heights *in pixels* for each map; size (height, width) of the picture. Returns all boxes, (R, 4) |

# %%
# answer: q4
def box_scales(maps, low, high):
    """Return the scales of all maps, and the one that follows: (m + 1,)."""
    ### BEGIN SOLUTION
    return low + (high - low) / (maps - 1) * np.arange(maps + 1)
    ### END SOLUTION


def cell_shapes(scale, following, ratios):
    """Return the widths and heights of a cell's boxes, (A, 2)."""
    ### BEGIN SOLUTION
    between = np.sqrt(scale * following)
    pairs = [(scale, scale), (between, between)]
    for ratio in ratios:
        root = np.sqrt(ratio)
        pairs += [(scale * root, scale / root), (scale / root, scale * root)]
    return np.array(pairs)
    ### END SOLUTION


def place_boxes(maps, shapes, size):
    """Return the boxes of all cells of all maps in one list, (R, 4)."""
    ### BEGIN SOLUTION
    boxes = []
    for (rows, columns), pairs in zip(maps, shapes):
        for row in range(rows):
            for column in range(columns):
                x, y = (column + 0.5) * size[1] / columns, (row + 0.5) * size[0] / rows
                boxes += [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for w, h in pairs]
    return np.array(boxes)
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## Question 5. Matching (9 points)
#
# Which default box learns which object? SSD has two rules. The first gives each object one box of its own. The second
# gives it all other boxes that overlap it well.
#
# 1. **Bipartite.** Of *all* pairs of an object and a box, the pair with the highest IoU is taken, and from then on
#    neither of the two is free. Then the best pair of those that are still free, and so on, while there is a free
#    pair with an IoU above 0. Of equal pairs, the first in reading order: row by row.
# 2. **Threshold.** Each box that is not taken learns the object that it overlaps most, *if* that IoU is **above** the
#    threshold (not at it). Of equal IoUs, the object that comes first. All other boxes are background: −1.


# %% jupyter={"source_hidden": true}
def draw_matching():
    """Draw the table of IoUs, the three steps, and the result."""
    axes = canvas(10, 2.5, (-3.2, 21.8), (-4.7, 1.5))
    table = [[0.6, 0.7, 0.3, 0.55], [0.5, 0.8, 0.2, 0.1], [0, 0.75, 0.05, 0]]
    faces = [[PALE_ORANGE, "white", "white", YELLOW], ["white", PALE_GREEN, "white", "white"],
             ["white", "white", PALE_BLUE, "white"]]  # fmt: skip
    sheet(axes, table, (0, 0), "", faces, (1.6, 1.0))
    for k in range(4):
        axes.text(0.8 + 1.6 * k, 0.2, f"box {k}", ha="center", fontsize=9)
        if k < 3:
            axes.text(-0.2, -0.5 - k, f"object {k}", ha="right", va="center", fontsize=9)
    sheet(axes, [[0, 1, 2, 0]], (0, -3.5), "", [[PALE_ORANGE, PALE_GREEN, PALE_BLUE, YELLOW]], (1.6, 0.9))
    axes.text(-0.2, -3.95, "matched", ha="right", va="center", fontsize=9)
    lines = ("1.  the best pair of all is 0.8: object 1, box 1",
             "2.  objects 0 and 2 want box 1 as well, but it is gone. The best of the rest is 0.6: object 0, box 0",
             "3.  object 2 is left, with 0.05: box 2", "so each object's own box: 0, 1, 2",
             "4.  box 3 is left; object 0 overlaps it most, with 0.55 > 0.5: it learns object 0")  # fmt: skip
    for row, line in enumerate(lines):
        axes.text(7.2, -0.2 - 0.9 * row, line, va="center", fontsize=9)
    plt.show()


draw_matching()

# %% [markdown]
# Box 2 overlaps object 0 more, with 0.3. But it is object 2's own, and rule 1 comes first.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `bipartite(overlap)` | overlap (G, A): the IoU of each object with each box; G may be 0. Returns integers (G,): each object's own box, or −1 if there was none left |
# | `match_boxes(overlap, own, threshold=0.5)` | own (G,) as above. Returns integers (A,): the object that each box learns, or −1. It takes `own` as it is given |

# %%
# answer: q5
def bipartite(overlap):
    """Return each object's own box, or -1, (G,)."""
    ### BEGIN SOLUTION
    own, left = np.full(len(overlap), -1), overlap.copy()
    while left.size and left.max() > 0:
        one, box = np.unravel_index(left.argmax(), left.shape)
        own[one] = box
        left[one], left[:, box] = 0, 0
    return own
    ### END SOLUTION


def match_boxes(overlap, own, threshold=0.5):
    """Return the object that each box learns, or -1 for background, (A,)."""
    ### BEGIN SOLUTION
    matched = np.full(overlap.shape[1], -1)
    if len(overlap):
        matched = np.where(overlap.max(axis=0) > threshold, overlap.argmax(axis=0), -1)
    for one, box in enumerate(own):
        if box >= 0:
            matched[box] = one
    return matched
    ### END SOLUTION


# %%
check("q5")

# %% [markdown]
# ## Question 6. Hard-negative mining (8 points)
#
# Of more than a thousand boxes, some thirty learn an object. If all the others were in the loss, the answer
# "background" would be nearly always right. So only the *hardest* background is in the loss: in **each image**, three
# boxes for each positive, namely those with the highest loss. Of equal losses, the first. If there are fewer, all of
# them. In an image without a positive, none.
#
# The label of a box is its class, from 1, if it learns an object (a *positive*); 0 if it is background; and −1 if it
# is neither, and in the loss in no case. An example with eight boxes in each of two images; what is chosen is green:


# %% jupyter={"source_hidden": true}
def draw_mining():
    """Draw labels and losses of two images, and what is chosen."""
    axes = canvas(10, 2.5, (-2.6, 22.4), (-5.3, 1.2))
    labels = [[1, 0, 0, -1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, -1, 0]]
    losses = [[0.2, 0.9, 0.4, 3, 0.1, 0.9, 0.6, 0.5], [0.7, 0.9, 0.2, 0.8, 0.3, 0.1, 2, 0.5]]
    for n, top in enumerate((0, -2.9)):
        kind = {1: PALE_ORANGE, 0: "white", -1: "#cccccc"}
        chosen = (1, 5, 6) if n == 0 else ()
        faces = [PALE_GREEN if k in chosen else kind[v] for k, v in enumerate(labels[n])]
        sheet(axes, [labels[n], losses[n]], (0, top), "", [faces] * 2, (1.2, 1.0))
        axes.text(-0.2, top - 0.5, "label", ha="right", va="center", fontsize=9)
        axes.text(-0.2, top - 1.5, "loss", ha="right", va="center", fontsize=9)
    axes.text(10.1, -0.5, "one positive: three negatives, of the losses 0.9, 0.9, 0.6", va="center", fontsize=9)
    axes.text(10.1, -1.5, "3.0 and 2.0 (grey) are higher, but those boxes are neither", va="center", fontsize=9)
    axes.text(10.1, -3.9, "no positive: no negatives", va="center", fontsize=9)
    axes.text(10.1, -4.9, "the loss: (0.2 + 0.9 + 0.9 + 0.6) / 1 = 2.6", va="center", fontsize=9)
    plt.show()


draw_mining()

# %% [markdown]
# The loss of the classes is the sum over positives and chosen negatives of **all images**, divided by the number of
# **positives** of all images. Without any positive it is 0.
#
# **Write** two functions:
#
# | | |
# |---|---|
# | `hard_negatives(losses, labels, ratio=3)` | losses (N, A) and integers (N, A), of N images with A boxes each; ratio: an integer, negatives for each positive. Returns booleans (N, A): what is chosen |
# | `mined_loss(losses, labels, chosen)` | losses and labels as above, booleans (N, A). Returns one number. It takes `chosen` as it is given |

# %%
# answer: q6
def hard_negatives(losses, labels, ratio=3):
    """Return which background boxes are in the loss, (N, A)."""
    ### BEGIN SOLUTION
    chosen = np.zeros(labels.shape, bool)
    for n in range(len(labels)):
        background = np.flatnonzero(labels[n] == 0)
        hardest_first = background[np.argsort(-losses[n, background], kind="stable")]
        chosen[n, hardest_first[: ratio * (labels[n] > 0).sum()]] = True
    return chosen
    ### END SOLUTION


def mined_loss(losses, labels, chosen):
    """Return the loss of positives and chosen negatives, for each positive; 0 without any."""
    ### BEGIN SOLUTION
    positive = labels > 0
    return float(losses[positive | chosen].sum() / positive.sum()) if positive.any() else 0.0
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# ## Question 7. Average precision (13 points)
#
# A detector says boxes with scores. How good is it? The answer has three steps, for **one class** and **all images
# together**.
#
# **Step 1: right or wrong?** Detections are gone through in descending order of their scores, over all images; equal
# scores in the order of the list. Each is compared with the object of *its image* that it overlaps most (of equal
# ones the first):
#
# - the IoU is below the threshold, or the image has no object: **wrong**, 0;
# - the object is *difficult* (somebody marked it as too hard to be asked for): **not counted**, −1, every time;
# - the object was found before, by a detection with a higher score: a *duplicate*, **wrong**, 0. It does not look for
#   another object;
# - else **right**, 1, and the object is found. An IoU of exactly the threshold is enough.


# %% jupyter={"source_hidden": true}
def draw_judging():
    """Draw two images with objects and detections, and the marks."""
    truths = [[(0, 0, 20, 20), (30, 10, 50, 30), (5, 28, 21, 44)], [(10, 10, 30, 30), (35, 5, 47, 17)]]
    found = [[(2, 0, 22, 20), (0, 4, 20, 24), (5, 28, 21, 42), (32, 10, 52, 30)], [(12, 12, 30, 30), (22, 10, 42, 30)]]
    scores = [(0.95, 0.9, 0.7, 0.5), (0.8, 0.6)]
    _, grid = viz.subplots(1, 3, figsize=(10.4, 3.0))
    for n, axes in enumerate(grid[:2]):
        picture(axes, (48, 56), title=f"image {n}")
        for number, box in enumerate(truths[n]):
            outline(axes, box, INK, ":" if (n, number) == (0, 2) else "-", 2.6)
        for k, (box, score) in enumerate(zip(found[n], scores[n])):
            outline(axes, box, (GREEN, ORANGE, BLUE, ORANGE)[k], "-", 1.3)
            at = (box[2] + 0.5, box[1] + 3) if k % 2 == 0 else (box[0] + 0.5, box[3] - 0.8)
            axes.text(*at, f"{score:g}", fontsize=8, color=(GREEN, ORANGE, BLUE, ORANGE)[k])
    axes = grid[2]
    axes.set(xlim=(0, 12), ylim=(-6.6, 1.2))
    axes.axis("off")
    heads = ["score", "image", "IoU", "mark", "why"]
    rows = [["0.95", "0", "0.82", "1", "right"], ["0.9", "0", "0.67", "0", "duplicate"],
            ["0.8", "1", "0.81", "1", "right"], ["0.7", "0", "0.88", "−1", "difficult"],
            ["0.6", "1", "0.25", "0", "too little"], ["0.5", "0", "0.82", "1", "right"]]  # fmt: skip
    sheet(axes, [heads, *rows], (0, 1.0), "", [["#ececec"] * 5] + [["white"] * 5] * 6, (2.35, 1.0))
    plt.show()


draw_judging()

# %% [markdown]
# (Grey, thick: objects; the dotted one is difficult. The object at the upper right of image 1 was not found by
# anybody. There are 5 objects, one of them difficult: the *total* is 4.)
#
# **Step 2: precision and recall.** What is not counted is left out. After each detection, in descending order of the
# scores (equal ones in the order of the list), *precision* is the share of right ones among those so far, and
# *recall* the share of the total that is found so far:
#
# | score | 0.95 | 0.9 | 0.8 | 0.6 | 0.5 |
# |---|---|---|---|---|---|
# | mark | 1 | 0 | 1 | 0 | 1 |
# | precision | 1 | 1/2 | 2/3 | 2/4 | 3/5 |
# | recall | 1/4 | 1/4 | 2/4 | 2/4 | 3/4 |
#
# **Step 3: one number.** There are two ways in use, and papers do not always say which.
#
# - *Area* (PASCAL VOC since 2010). Each precision is replaced by the largest precision at this place *or later*: 1,
#   2/3, 2/3, 3/5, 3/5. The average precision is the area under these steps, from recall 0 to the last recall:
#   $\frac14 \cdot 1 + \frac14 \cdot \frac23 + \frac14 \cdot \frac35 = 0.567$.
# - *11 points* (before). For each of the recalls 0, 0.1, 0.2, …, 1 the largest precision whose recall is at least
#   that, and 0 if there is none; and then the mean of the eleven: three times 1, three times 2/3, two times 3/5, and
#   three times 0, $6.2 / 11 = 0.564$. (Take `3 / 10`, not `3 * 0.1`: the computer's product is a little above 0.3.)


# %% jupyter={"source_hidden": true}
def draw_curve():
    """Draw precision over recall, its steps, and the eleven points."""
    recall, precision = np.array([1, 1, 2, 2, 3]) / 4, np.array([1, 1 / 2, 2 / 3, 2 / 4, 3 / 5])
    _, grid = viz.subplots(1, 2, figsize=(8.6, 2.7))
    for axes, title in zip(grid, ("area: 0.567", "11 points: 0.564")):
        axes.set(xlim=(-0.03, 1.05), ylim=(0, 1.12), xlabel="recall")
        axes.plot(recall, precision, "o--", color=INK, lw=1.0, label="after each detection")
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    steps = [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75], [1, 1, 2 / 3, 2 / 3, 3 / 5, 3 / 5, 0]
    grid[0].fill_between(*steps, color=PALE_BLUE, alpha=0.7)
    grid[0].plot(*steps, color=BLUE, lw=1.6)
    grid[0].set_ylabel("precision")
    points = np.arange(11) / 10
    grid[1].plot(points, [precision[recall >= t].max(initial=0) for t in points], "s", color=ORANGE, markersize=6)
    plt.show()


draw_curve()

# %% [markdown]
# **Write** four functions:
#
# | | |
# |---|---|
# | `judge_detections(boxes, scores, images, truths, difficult, threshold=0.5)` | boxes (D, 4), scores (D,), images (D,): the number of each detection's image; truths: a list with an array (G, 4) for each image; difficult: a list with booleans (G,) for each image. Returns the marks (D,): 1, 0 or −1, **in the order of the list** |
# | `precision_recall(marks, scores, total)` | marks and scores in any order, total at least 1. Returns a tuple (precision, recall), both by descending score |
# | `area_ap(precision, recall)` | as `precision_recall` returns them. Returns one number |
# | `eleven_point_ap(precision, recall)` | the same |
#
# Without a detection, all arrays are empty and both averages are 0. The IoU is that of question 2; you need it in
# this cell again, as each question runs alone.

# %%
# answer: q7
def judge_detections(boxes, scores, images, truths, difficult, threshold=0.5):
    """Return for each detection: 1 if it is right, 0 if it is wrong, -1 if it does not count, (D,)."""
    ### BEGIN SOLUTION
    marks = np.zeros(len(scores), int)
    found = [np.zeros(len(truth), bool) for truth in truths]
    for d in np.argsort(-scores, kind="stable"):
        n = images[d]
        if not len(truths[n]):
            continue
        overlaps = _ious(truths[n], boxes[d])
        best = overlaps.argmax()
        if overlaps[best] < threshold:
            continue
        if difficult[n][best]:
            marks[d] = -1
        elif not found[n][best]:
            marks[d], found[n][best] = 1, True
    return marks


def _ious(boxes, box):
    """Return the IoU of each of R boxes with one box, (R,)."""
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = sides.prod(axis=1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - shared
    return shared / np.where(union > 0, union, 1)
    ### END SOLUTION


def precision_recall(marks, scores, total):
    """Return precision and recall after each detection that counts, by descending score."""
    ### BEGIN SOLUTION
    ordered = marks[np.argsort(-scores, kind="stable")]
    right = np.cumsum(ordered[ordered >= 0])
    return right / np.arange(1, len(right) + 1), right / total
    ### END SOLUTION


def area_ap(precision, recall):
    """Return the area under the steps of the largest precision at this recall or more."""
    ### BEGIN SOLUTION
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * best).sum())
    ### END SOLUTION


def eleven_point_ap(precision, recall):
    """Return the mean of the largest precisions at the recalls 0, 0.1, ..., 1 or more."""
    ### BEGIN SOLUTION
    return float(np.mean([precision[recall >= tenth / 10].max(initial=0) for tenth in range(11)]))
    ### END SOLUTION


# %%
check("q7")

# %% [markdown]
# ## Question 8. Another grid (10 points)
#
# YOLO's grid is one of many. In this term's, other cells learn an object, and they say other numbers. The frame is
# the same: $S \times S$ cells, each $w_c = W / S$ wide and $h_c = H / S$ high; a cell learns one object, or none
# (−1); an object without area is learnt by no cell.

# %% [markdown] tags=["variant:q8=sides"]
# **This term: distances to the four sides.**
#
# *Who learns.* Every cell whose **middle** lies inside of the object, not on its side: $x_1 < m_x < x_2$ and
# $y_1 < m_y < y_2$. If the middle lies inside of several objects, the cell learns the one with the **smallest** area;
# if areas are equal, the first in the list. (An object may have many cells, or none.)
#
# *What is said.* The roots of the distances from the cell's middle $(m_x, m_y)$ to the left, upper, right and lower
# side, counted in cells:
#
# $$a = \sqrt{\frac{m_x - x_1}{w_c}}, \qquad b = \sqrt{\frac{m_y - y_1}{h_c}}, \qquad c = \sqrt{\frac{x_2 - m_x}{w_c}},
# \qquad d = \sqrt{\frac{y_2 - m_y}{h_c}}.$$
#
# By hand: a picture of size (32, 48), $S = 4$, so $w_c = 12$ and $h_c = 8$. Object 0 is (3, 2, 33, 22), object 1 is
# (15, 10, 45, 28). The middle of cell (1, 1), (18, 12), lies inside of both. Object 1 has the smaller area (540 and
# 600), and gets it. The lowest row of middles, $y = 28$, lies on a side of object 1, not inside. For cell (1, 1),
# object 1: $a = \sqrt{3 / 12} = 0.5$, $b = \sqrt{2 / 8} = 0.5$, $c = \sqrt{27 / 12} = 1.5$,
# $d = \sqrt{16 / 8} = 1.414$.

# %% [markdown] tags=["variant:q8=cross"]
# **This term: a cross of five cells.**
#
# *Who learns.* The cell that holds the object's centre (as in question 1, on borders and outside, too), and the cells
# to its left, to its right, above and below, as far as there are such cells. If several objects want a cell, it
# learns the one whose centre $(o_x, o_y)$ is **nearest to the middle of the cell** $(m_x, m_y)$, counted in
# cells: the smallest $\left(\frac{o_x - m_x}{w_c}\right)^2 + \left(\frac{o_y - m_y}{h_c}\right)^2$. If that is equal,
# the first in the list.
#
# *What is said.* Where the centre is, seen from the *middle* of the cell, and the sides as logarithms to the base 2,
# all counted in cells:
#
# $$a = \frac{o_x - m_x}{w_c}, \qquad b = \frac{o_y - m_y}{h_c}, \qquad c = \log_2 \frac{x_2 - x_1}{w_c},
# \qquad d = \log_2 \frac{y_2 - y_1}{h_c}.$$
#
# By hand: a picture of size (32, 48), $S = 4$, so $w_c = 12$ and $h_c = 8$. Object 0 is (3, 2, 33, 22), with the
# centre (18, 12), object 1 is (15, 10, 45, 28), with the centre (30, 19). Both want cell (1, 2), whose middle is (30,
# 12): object 0 is one cell away, and object 1 only 7/8. Object 1 gets it. Both want cell (2, 1), whose middle is (18,
# 20): object 0 is $0 + 1^2 = 1$ away, object 1 is $1^2 + (1/8)^2$. Object 0 gets it, and says $a = 0$, $b = -1$,
# $c = \log_2 (30 / 12) = 1.322$, $d = \log_2 (20 / 8) = 1.322$.

# %% [markdown] tags=["variant:q8=corner"]
# **This term: the upper left corner.**
#
# *Who learns.* The cell that holds the object's **upper left corner** $(x_1, y_1)$: column
# $\lfloor x_1 / w_c \rfloor$, row $\lfloor y_1 / h_c \rfloor$; for a corner on the right or lower border, or outside,
# the nearest cell. If several corners are in a cell, it learns the object with the **smallest** area; if areas are
# equal, the first in the list.
#
# *What is said.* Where the corner is in the cell, from the cell's own upper left corner $(u_x, u_y)$, counted in
# cells; and the sides, squeezed so that they lie between 0 and 1, however large they are:
#
# $$a = \frac{x_1 - u_x}{w_c}, \qquad b = \frac{y_1 - u_y}{h_c}, \qquad c = \frac{w}{w + w_c},
# \qquad d = \frac{h}{h + h_c}, \qquad w = x_2 - x_1, \quad h = y_2 - y_1.$$
#
# No side has $c = 1$ or $d = 1$, so `grid_boxes` is never asked for it.
#
# By hand: a picture of size (32, 48), $S = 4$, so $w_c = 12$ and $h_c = 8$. Object 0 is (3, 2, 33, 22), object 1 is
# (15, 10, 45, 28). The corner (3, 2) lies in cell (0, 0), (15, 10) in cell (1, 1). Object 0 says $a = 3 / 12 = 0.25$,
# $b = 2 / 8 = 0.25$, $c = 30 / 42 = 0.714$, $d = 20 / 28 = 0.714$. Object 1 says $a = 0.25$, $b = 0.25$, $c = 0.714$,
# $d = 18 / 26 = 0.692$. A third object (20, 13, 26, 17) would get cell (1, 1) in place of object 1: its area is
# smaller.


# %% jupyter={"source_hidden": true}
def draw_grid(owner, points):
    """Draw two objects on the grid, who owns each cell, and the points that decide."""
    _, (left, right) = viz.subplots(1, 2, figsize=(8.0, 2.6))
    boxes, colours = ((3, 2, 33, 22), (15, 10, 45, 28)), (GREEN, ORANGE)
    for axes, title in ((left, "two objects"), (right, "who owns each cell")):
        picture(axes, (32, 48), 4, title)
    for number, (box, colour) in enumerate(zip(boxes, colours)):
        outline(left, box, colour, "-", 2.2, str(number))
    for x, y, colour in points:
        left.plot(x, y, "o", color=(INK, *colours)[colour], markersize=5)
    for (row, column), number in np.ndenumerate(np.array(owner)):
        if number >= 0:
            face = (PALE_GREEN, PALE_ORANGE)[number]
            right.add_patch(Rectangle((12 * column + 0.4, 8 * row + 0.4), 11.2, 7.2, facecolor=face))
        text = str(number).replace("-", "−")
        colour = DARK if number >= 0 else INK
        right.text(12 * column + 6, 8 * row + 4, text, ha="center", va="center", fontsize=10, color=colour)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q8=sides"]
draw_grid([[0, 0, 0, -1], [0, 1, 1, 1], [0, 1, 1, 1], [-1] * 4],
          [(12 * c + 6, 8 * r + 4, 0) for r in range(4) for c in range(4)])  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q8=cross"]
draw_grid([[-1, 0, -1, -1], [0, 0, 1, -1], [-1, 0, 1, 1], [-1, -1, 1, -1]], [(18, 12, 1), (30, 19, 2)])

# %% jupyter={"source_hidden": true} tags=["variant:q8=corner"]
draw_grid([[0, -1, -1, -1], [-1, 1, -1, -1], [-1] * 4, [-1] * 4], [(3, 2, 1), (15, 10, 2)])

# %% [markdown]
# **Write** three functions:
#
# | | |
# |---|---|
# | `grid_owner(boxes, size, grid)` | boxes (G, 4), size (height, width), grid S. Returns integers (S, S): the object that each cell learns, or −1 |
# | `grid_codes(boxes, owner, size)` | owner (S, S) as above. Returns (S, S, 4): $a, b, c, d$ of each cell; all 0 where owner is −1. It takes `owner` as it is given |
# | `grid_boxes(codes, size)` | codes (S, S, 4), as the network may say them, of *all* cells. Returns their boxes in pixels, (S, S, 4); nothing is cut off at the border |

# %% tags=["variant:q8=sides"]
# answer: q8
def grid_owner(boxes, size, grid):
    """Return the number of the object that each cell learns, or -1, (S, S)."""
    ### BEGIN SOLUTION
    owner = np.full((grid, grid), -1)
    middle_y, middle_x = (np.arange(grid) + 0.5) * size[0] / grid, (np.arange(grid) + 0.5) * size[1] / grid
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for number in np.argsort(area, kind="stable")[::-1]:  # what is smaller, or comes first, is written over the others
        x1, y1, x2, y2 = boxes[number]
        inside = ((y1 < middle_y) & (middle_y < y2))[:, None] & ((x1 < middle_x) & (middle_x < x2))
        owner[inside] = number
    return owner
    ### END SOLUTION


def grid_codes(boxes, owner, size):
    """Return what each cell has to say, (S, S, 4); 0 where it has no object."""
    ### BEGIN SOLUTION
    grid = len(owner)
    codes = np.zeros((grid, grid, 4))
    for row, column in np.argwhere(owner >= 0):
        x1, y1, x2, y2 = boxes[owner[row, column]]
        x, y = column + 0.5, row + 0.5  # of the middle, in cells
        left, right = x - x1 * grid / size[1], x2 * grid / size[1] - x
        above, below = y - y1 * grid / size[0], y2 * grid / size[0] - y
        codes[row, column] = np.sqrt([left, above, right, below])
    return codes
    ### END SOLUTION


def grid_boxes(codes, size):
    """Return the boxes that all cells say, in pixels, (S, S, 4)."""
    ### BEGIN SOLUTION
    grid = len(codes)
    y, x = np.mgrid[:grid, :grid] + 0.5
    corners = np.stack([x, y, x, y], axis=-1) + codes**2 * (-1, -1, 1, 1)
    return corners * (size[1] / grid, size[0] / grid, size[1] / grid, size[0] / grid)
    ### END SOLUTION


# %% tags=["variant:q8=cross"]
# answer: q8
def grid_owner(boxes, size, grid):
    """Return the number of the object that each cell learns, or -1, (S, S)."""
    ### BEGIN SOLUTION
    owner, nearest = np.full((grid, grid), -1), np.full((grid, grid), np.inf)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        x, y = (x1 + x2) / 2 * grid / size[1], (y1 + y2) / 2 * grid / size[0]  # in cells
        row, column = (int(np.clip(np.floor(v), 0, grid - 1)) for v in (y, x))
        for r, c in ((row, column), (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if x2 > x1 and y2 > y1 and 0 <= r < grid and 0 <= c < grid:
                distance = (x - c - 0.5) ** 2 + (y - r - 0.5) ** 2
                if distance < nearest[r, c]:
                    owner[r, c], nearest[r, c] = number, distance
    return owner
    ### END SOLUTION


def grid_codes(boxes, owner, size):
    """Return what each cell has to say, (S, S, 4); 0 where it has no object."""
    ### BEGIN SOLUTION
    grid = len(owner)
    codes = np.zeros((grid, grid, 4))
    for row, column in np.argwhere(owner >= 0):
        x1, y1, x2, y2 = boxes[owner[row, column]] * grid / np.array([size[1], size[0]] * 2)  # in cells
        codes[row, column, :2] = (x1 + x2) / 2 - column - 0.5, (y1 + y2) / 2 - row - 0.5
        codes[row, column, 2:] = np.log2([x2 - x1, y2 - y1])
    return codes
    ### END SOLUTION


def grid_boxes(codes, size):
    """Return the boxes that all cells say, in pixels, (S, S, 4)."""
    ### BEGIN SOLUTION
    grid = len(codes)
    y, x = np.mgrid[:grid, :grid] + 0.5
    x, y = x + codes[..., 0], y + codes[..., 1]
    half_w, half_h = 2 ** codes[..., 2] / 2, 2 ** codes[..., 3] / 2
    corners = np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1)
    return corners * (size[1] / grid, size[0] / grid, size[1] / grid, size[0] / grid)
    ### END SOLUTION


# %% tags=["variant:q8=corner"]
# answer: q8
def grid_owner(boxes, size, grid):
    """Return the number of the object that each cell learns, or -1, (S, S)."""
    ### BEGIN SOLUTION
    owner = np.full((grid, grid), -1)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for number in np.argsort(area, kind="stable")[::-1]:  # what is smaller, or comes first, is written over the others
        if area[number] > 0:
            column, row = (int(np.floor(boxes[number, k] * grid / size[1 - k])) for k in (0, 1))
            owner[min(max(row, 0), grid - 1), min(max(column, 0), grid - 1)] = number
    return owner
    ### END SOLUTION


def grid_codes(boxes, owner, size):
    """Return what each cell has to say, (S, S, 4); 0 where it has no object."""
    ### BEGIN SOLUTION
    grid = len(owner)
    codes = np.zeros((grid, grid, 4))
    for row, column in np.argwhere(owner >= 0):
        x1, y1, x2, y2 = boxes[owner[row, column]] * grid / np.array([size[1], size[0]] * 2)  # in cells
        w, h = x2 - x1, y2 - y1
        codes[row, column] = x1 - column, y1 - row, w / (w + 1), h / (h + 1)
    return codes
    ### END SOLUTION


def grid_boxes(codes, size):
    """Return the boxes that all cells say, in pixels, (S, S, 4)."""
    ### BEGIN SOLUTION
    grid = len(codes)
    row, column = np.mgrid[:grid, :grid]
    x, y = column + codes[..., 0], row + codes[..., 1]
    w, h = (codes[..., k] / (1 - codes[..., k]) for k in (2, 3))
    return np.stack([x, y, x + w, y + h], axis=-1) * (np.array([size[1], size[0]] * 2) / grid)
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# ## Question 9. Another matching (10 points)
#
# SSD gives an object one box for certain, and then whatever is above a threshold. This term's rule shares the boxes
# out in another way. Given are the IoUs of all objects and boxes, and a number $k$. In all variants, an IoU of 0
# never makes a match, and a box has at most one object.

# %% [markdown] tags=["variant:q9=draft"]
# **This term: a draft in rounds.** There are $k$ rounds. In each, every object takes one box: of the boxes that are
# still free, the one that it overlaps most (of equal ones, the first). If it overlaps no free box, it takes none in
# this round. The order of the objects turns around: in the first round 0, 1, 2, …; in the second from the last to the
# first; in the third 0, 1, 2, … again; and so on.

# %% [markdown] tags=["variant:q9=quota"]
# **This term: a quota.** All pairs of an object and a box with an IoU above 0 are gone through, the highest first; of
# equal ones, that of the object with the lower number first, and then that of the box with the lower number. A pair
# is matched if the box is still free *and* the object has fewer than $k$ boxes so far. Else nothing happens, and the
# next pair follows.

# %% [markdown] tags=["variant:q9=average"]
# **This term: each object has its own threshold.** The threshold of an object is the mean of its $k$ highest IoUs (of
# all of them, if there are fewer than $k$ boxes; those that are 0 count). An object *wants* each box whose IoU with
# it is at least its threshold, and above 0. A box that several objects want learns the one of them that it overlaps
# most; of equal ones, the first.

# %% [markdown]
# **In all variants, what is left:** a box that no object has is *neither* (−2) if its highest IoU with any object is
# at least `near`, and background (−1) otherwise. So a box that nearly fits is not punished for saying so.
#
# By hand, with $k = 2$ and `near` = 0.375 (the IoUs are times 16: 10 means 10/16; `near` is 6):


# %% jupyter={"source_hidden": true}
def draw_assignment(faces, result, lines):
    """Draw a table of IoUs, the result, and how it comes about."""
    axes = canvas(10, 2.6, (-3.2, 21.8), (-4.9, 1.5))
    table = [[10, 8, 6, 4, 0, 0], [9, 12, 0, 7, 6, 0], [0, 11, 3, 0, 0, 0]]
    pale = (PALE_GREEN, PALE_ORANGE, PALE_BLUE)
    colours = [[pale[row] if (row, column) in faces else "white" for column in range(6)] for row in range(3)]
    sheet(axes, table, (0, 0), "", colours, (1.3, 1.0))
    below = [pale[number] if number >= 0 else "#ececec" for number in result]
    sheet(axes, [list(result)], (0, -3.5), "", [below], (1.3, 0.9))
    axes.text(-0.2, -3.95, "result", ha="right", va="center", fontsize=9)
    for row in range(3):
        axes.text(-0.2, -0.5 - row, f"object {row}", ha="right", va="center", fontsize=9)
    for column in range(6):
        axes.text(0.65 + 1.3 * column, 0.2, f"box {column}", ha="center", fontsize=8)
    for row, line in enumerate(lines):
        axes.text(8.6, -0.2 - 0.85 * row, line, va="center", fontsize=9)
    plt.show()


# %% jupyter={"source_hidden": true} tags=["variant:q9=draft"]
draw_assignment(((0, 0), (1, 1), (2, 2), (1, 3)), (0, 1, 2, 1, -2, -1), (
    "round 1: object 0 takes box 0 (10), object 1 box 1 (12);",
    "object 2 wanted box 1, too: it takes box 2 (3)",
    "round 2, from the last: object 2 touches no free box; object 1",
    "takes box 3 (7); all that object 0 touches is gone",
    "box 4: its highest IoU is 6, at least near: −2. Box 5: −1",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=quota"]
draw_assignment(((0, 0), (1, 1), (0, 2), (1, 3)), (0, 1, 0, 1, -2, -1), (
    "12: object 1, box 1.   11: box 1 is gone.   10: object 0, box 0",
    "9: box 0 is gone.   8: box 1 is gone.   7: object 1, box 3",
    "6: object 0, box 2.   6: object 1 has two boxes, box 4 stays free",
    "4: box 3 is gone.   3: box 2 is gone, object 2 has nothing",
    "box 4: its highest IoU is 6, at least near: −2. Box 5: −1",
))  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["variant:q9=average"]
draw_assignment(((0, 0), (1, 1)), (0, 1, -2, -2, -2, -1), (
    "object 0: (10 + 8) / 2 = 9, wants box 0 only",
    "object 1: (12 + 9) / 2 = 10.5, wants box 1 only",
    "object 2: (11 + 3) / 2 = 7, wants box 1 only",
    "box 1: object 1 overlaps it more (12 and 11). Object 2 has nothing",
    "boxes 2, 3, 4: highest IoUs 6, 7, 6, at least near: −2. Box 5: −1",
))  # fmt: skip

# %% [markdown]
# **Write** `assign_boxes(overlap, k, near)`: overlap is (G, A), the IoU of each object with each box, and G may be 0;
# k is an integer of at least 1; near is a number above 0. Returns integers (A,): the object of each box, −2, or −1.

# %% tags=["variant:q9=draft"]
# answer: q9
def assign_boxes(overlap, k, near):
    """Return the object that each box learns, -2 for neither, -1 for background, (A,)."""
    ### BEGIN SOLUTION
    highest = overlap.max(axis=0, initial=0)
    result = np.where(highest >= near, -2, -1)
    free = np.ones(overlap.shape[1], bool)
    order = list(range(len(overlap)))
    for _ in range(k):
        for one in order:
            wanted = overlap[one] * free
            box = wanted.argmax()
            if wanted[box] > 0:
                result[box], free[box] = one, False
        order.reverse()
    return result
    ### END SOLUTION


# %% tags=["variant:q9=quota"]
# answer: q9
def assign_boxes(overlap, k, near):
    """Return the object that each box learns, -2 for neither, -1 for background, (A,)."""
    ### BEGIN SOLUTION
    highest = overlap.max(axis=0, initial=0)
    result = np.where(highest >= near, -2, -1)
    has = np.zeros(len(overlap), int)
    for pair in np.argsort(-overlap, axis=None, kind="stable"):
        one, box = np.unravel_index(pair, overlap.shape)
        if overlap[one, box] > 0 and result[box] < 0 and has[one] < k:
            result[box] = one
            has[one] += 1
    return result
    ### END SOLUTION


# %% tags=["variant:q9=average"]
# answer: q9
def assign_boxes(overlap, k, near):
    """Return the object that each box learns, -2 for neither, -1 for background, (A,)."""
    ### BEGIN SOLUTION
    highest = overlap.max(axis=0, initial=0)
    result = np.where(highest >= near, -2, -1)
    if len(overlap):
        threshold = np.sort(overlap, axis=1)[:, ::-1][:, :k].mean(axis=1, keepdims=True)
        wanted = np.where((overlap >= threshold) & (overlap > 0), overlap, 0)
        result = np.where(wanted.max(axis=0) > 0, wanted.argmax(axis=0), result)
    return result
    ### END SOLUTION


# %%
check("q9")

# %% [markdown]
# ## Question 10. Another average precision (10 points)
#
# Question 7 knows two ways to make one number of a curve. This term's is a third one. Somebody has judged the
# detections already, without a threshold: `overlaps` has, for each detection of a class, its IoU with the object that
# it found, and 0 if it found none, or is a duplicate. A detection is *right* if its overlap is at least the threshold
# (which is above 0).
#
# Another question is what happens with **equal scores**. If the order of the list decides, a program can make its
# result better by sorting its list. This term's measure has a rule instead, so that the order of the list never
# matters.

# %% [markdown] tags=["variant:q10=groups"]
# **This term: groups.** All detections with the same score are one *group*; groups are gone through by descending
# score. After group $g$, let $n_g$ be the number of all detections so far, this whole group included, and $r_g$ the
# number of right ones among them. Precision is $P_g = r_g / n_g$, recall is $R_g = r_g / \text{total}$, and
# $R_0 = 0$. Then
#
# $$\text{score} = \sum_g (R_g - R_{g-1})\, P_g.$$
#
# Nothing is replaced by a larger precision that comes later.
#
# By hand, threshold 0.5, total 4:
#
# | score | 0.9 | 0.8, 0.8 | 0.6 | 0.5 |
# |---|---|---|---|---|
# | overlap | 0.9 | 0.7, 0 | 0.6 | 0 |
# | $r_g$, $n_g$ | 1, 1 | 2, 3 | 3, 4 | 3, 5 |
# | $P_g$ | 1 | 2/3 | 3/4 | 3/5 |
# | $R_g - R_{g-1}$ | 1/4 | 1/4 | 1/4 | 0 |
#
# Score: $\frac14 \cdot 1 + \frac14 \cdot \frac23 + \frac14 \cdot \frac34 + 0 = 0.604$.

# %% [markdown] tags=["variant:q10=trapezoids"]
# **This term: trapezoids.** Detections are gone through by descending score. Of equal scores, **wrong ones come
# first**: whoever gives the same score to many detections has no advantage. After the $i$-th of them, let $r_i$ be
# the number of right ones so far. Precision is $P_i = r_i / i$, recall is $R_i = r_i / \text{total}$. The points
# $(R_i, P_i)$ are joined by straight lines, which begin at the point $R_0 = 0$, $P_0 = 1$. The score is the area
# below the lines, up to the last recall:
#
# $$\text{score} = \sum_i (R_i - R_{i-1})\, \frac{P_i + P_{i-1}}{2}.$$
#
# Nothing is replaced by a larger precision that comes later.
#
# By hand, threshold 0.5, total 4:
#
# | score | 0.9 | 0.8 | 0.8 | 0.6 | 0.5 |
# |---|---|---|---|---|---|
# | overlap | 0.9 | 0 | 0.7 | 0.6 | 0 |
# | $P_i$ | 1 | 1/2 | 2/3 | 3/4 | 3/5 |
# | $R_i - R_{i-1}$ | 1/4 | 0 | 1/4 | 1/4 | 0 |
#
# Score:
# $\frac14 \cdot \frac{1 + 1}{2} + \frac14 \cdot \frac{2/3 + 1/2}{2} + \frac14 \cdot \frac{3/4 + 2/3}{2} = 0.573$.

# %% [markdown] tags=["variant:q10=soft"]
# **This term: soft.** A detection counts for as much as it fits: its *fit* $f$ is its overlap if it is right, and 0
# if it is wrong. Detections are gone through by descending score. Of equal scores, the one with the **smaller fit
# comes first**: whoever gives the same score to many detections has no advantage. After the $i$-th of them, precision
# is the sum of the fits so far over $i$, and recall is the sum of the fits so far over the total:
#
# $$P_i = \frac{f_1 + \dots + f_i}{i}, \qquad R_i = \frac{f_1 + \dots + f_i}{\text{total}}, \qquad R_0 = 0,
# \qquad \text{score} = \sum_i (R_i - R_{i-1})\, P_i.$$
#
# Nothing is replaced by a larger precision that comes later.
#
# By hand, threshold 0.5, total 4:
#
# | score | 0.9 | 0.8 | 0.8 | 0.6 | 0.5 |
# |---|---|---|---|---|---|
# | fit | 0.9 | 0 | 0.7 | 0.6 | 0 |
# | $P_i$ | 0.9 | 0.45 | 0.533 | 0.55 | 0.44 |
# | $R_i - R_{i-1}$ | 0.225 | 0 | 0.175 | 0.15 | 0 |
#
# Score: $0.225 \cdot 0.9 + 0.175 \cdot 0.533 + 0.15 \cdot 0.55 = 0.378$.

# %% [markdown]
# **The mean over classes.** A class with nothing to find (total 0) is left out, whatever was said of it. A class with
# something to find, but without detections, has the score 0, and is in the mean. If no class has anything to find,
# the mean is 0.
#
# **Write** two functions (one may call the other: they belong to one question):
#
# | | |
# |---|---|
# | `class_score(scores, overlaps, total, threshold)` | scores (D,) and overlaps (D,) of one class, in any order; D may be 0. total: objects of the class, at least 1. Returns one number |
# | `mean_score(labels, scores, overlaps, totals, threshold)` | labels (D,): the class of each detection; totals (K,): objects of each class. Returns one number |

# %% tags=["variant:q10=groups"]
# answer: q10
def class_score(scores, overlaps, total, threshold):
    """Return this term's average precision of one class."""
    ### BEGIN SOLUTION
    score = before = 0.0
    for value in np.unique(scores)[::-1]:
        so_far = scores >= value
        right = (overlaps[so_far] >= threshold).sum()
        score += (right - before) / total * right / so_far.sum()
        before = right
    return float(score)
    ### END SOLUTION


def mean_score(labels, scores, overlaps, totals, threshold):
    """Return the mean of the classes that have something to find; 0 if there are none."""
    ### BEGIN SOLUTION
    values = [class_score(scores[labels == k], overlaps[labels == k], total, threshold)
              for k, total in enumerate(totals) if total > 0]
    return float(np.mean(values)) if values else 0.0
    ### END SOLUTION


# %% tags=["variant:q10=trapezoids"]
# answer: q10
def class_score(scores, overlaps, total, threshold):
    """Return this term's average precision of one class."""
    ### BEGIN SOLUTION
    right = overlaps >= threshold
    right = np.cumsum(right[np.lexsort((right, -scores))])
    precision = np.concatenate([[1.0], right / np.arange(1, len(right) + 1)])
    recall = np.concatenate([[0.0], right / total])
    return float((np.diff(recall) * (precision[1:] + precision[:-1]) / 2).sum())
    ### END SOLUTION


def mean_score(labels, scores, overlaps, totals, threshold):
    """Return the mean of the classes that have something to find; 0 if there are none."""
    ### BEGIN SOLUTION
    values = [class_score(scores[labels == k], overlaps[labels == k], total, threshold)
              for k, total in enumerate(totals) if total > 0]
    return float(np.mean(values)) if values else 0.0
    ### END SOLUTION


# %% tags=["variant:q10=soft"]
# answer: q10
def class_score(scores, overlaps, total, threshold):
    """Return this term's average precision of one class."""
    ### BEGIN SOLUTION
    fit = np.where(overlaps >= threshold, overlaps, 0.0)
    fit = fit[np.lexsort((fit, -scores))]
    precision = np.cumsum(fit) / np.arange(1, len(fit) + 1)
    return float((fit / total * precision).sum())
    ### END SOLUTION


def mean_score(labels, scores, overlaps, totals, threshold):
    """Return the mean of the classes that have something to find; 0 if there are none."""
    ### BEGIN SOLUTION
    values = [class_score(scores[labels == k], overlaps[labels == k], total, threshold)
              for k, total in enumerate(totals) if total > 0]
    return float(np.mean(values)) if values else 0.0
    ### END SOLUTION


# %%
check("q10")

# %% [markdown]
# ## Your functions learn
#
# Now the two detectors of the figure, on scenes of real handwriting, 64 x 64 pixels. Two classes: digits that are
# *open* (1, 2, 3, 5, 7), and digits with a *loop* (0, 6, 8, 9). Whether a 4 is closed depends on who wrote it. So
# every 4 is **difficult**: training passes it over, and a detection of it does not count.
#
# Nothing below is graded. It needs questions 1 to 7; the last part also needs 8, 9 and 10. Convolutions and the
# optimiser are minidet's. **Targets, losses, matching, mining and average precision are yours.**

# %%
SIZE, CLASSES, DIFFICULT = (64, 64), ("open", "loop"), 2
MEANING = np.array([-1, 1, 0, 0, 0, DIFFICULT, 0, 1, 0, 1, 1])  # of minidet's labels: background, then 0 to 9


def scenes(split, number, seed):
    """Return scenes (N, 3, 64, 64) in [-2, 2], and for each its boxes (G, 4) and labels (G,): 0, 1 or 2."""
    data = DigitScenes(split, size=64, length=number, seed=seed)
    pairs = [data.load(i) for i in range(number)]
    images = np.stack([image for image, _ in pairs])
    return (images - 0.5) * 4, [(t["boxes"].astype(float), MEANING[t["labels"]]) for _, t in pairs]


images, objects = scenes("train", 24 if QUICK else 1000, seed=0)
test_images, test_objects = scenes("test", 8 if QUICK else 120, seed=1)  # written by other hands
asked = [(boxes[labels < DIFFICULT], labels[labels < DIFFICULT]) for boxes, labels in objects]  # without every 4
counts = np.bincount(np.concatenate([labels for _, labels in test_objects]), minlength=3)
print(f"{len(test_images)} test scenes:", ", ".join(f"{c} {n}" for c, n in zip((*CLASSES, "difficult"), counts)))

# %% jupyter={"source_hidden": true}
COLOURS = (ORANGE, BLUE, "#606060")


def show_scene(axes, number, title=""):
    """Draw a test scene."""
    viz.draw_image(test_images[number] / 4 + 0.5, ax=axes)
    axes.set_title(title, fontsize=10)


def draw_truth(numbers):
    """Draw test scenes with their objects."""
    _, grid = viz.subplots(1, len(numbers), figsize=(2.4 * len(numbers), 2.6))
    for axes, n in zip(np.ravel(grid), numbers):
        show_scene(axes, n)
        for box, label in zip(*test_objects[n]):
            outline(axes, box, COLOURS[label], ":" if label == DIFFICULT else "-", 1.8)
    plt.show()


SHOWN = [n for n, (_, labels) in enumerate(test_objects) if len(np.unique(labels)) == 3][:4]
draw_truth(SHOWN)

# %% [markdown]
# Orange: open, blue: loop, grey and dotted: difficult. First YOLO, with 8 x 8 cells of two predictors. What each
# scene's cells have to learn never changes, so it is computed once.

# %%
S, B, C = 8, 2, len(CLASSES)


def yolo_targets(boxes, labels):
    """Return the owner of each cell, its codes and its label: question 1."""
    cells = centre_cells(boxes, SIZE, S)
    owners = cell_owners(boxes, cells, S)
    codes, kinds = np.zeros((S, S, 4)), np.full((S, S), -1)
    for row, column in np.argwhere(owners >= 0):
        number = owners[row, column]
        one = slice(number, number + 1)
        codes[row, column] = cell_codes(boxes[one], cells[one], SIZE, S)[0]
        kinds[row, column] = labels[number]
    return owners, codes, kinds


def split_outputs(outputs):
    """Return what the network says: predictors (N, S, S, B, 5) and classes (N, S, S, C)."""
    return outputs[..., : 5 * B].reshape(*outputs.shape[:3], B, 5), outputs[..., 5 * B :]


def loss_of_scene(said, classes, boxes, targets):
    """Return the five terms and the gradients of one scene: questions 2 and 3."""
    owners, codes, kinds = targets
    best, ious = np.full((S, S), -1), np.zeros((S, S))
    everywhere = said_boxes(said[..., :4], SIZE)
    for row, column in np.argwhere(owners >= 0):
        box, here = boxes[owners[row, column]], everywhere[row, column]
        each = iou_with(here, box)
        best[row, column] = responsible(each, here, box)
        ious[row, column] = each[best[row, column]]
    known = said, classes, codes, kinds, best, ious
    return yolo_terms(*known), yolo_gradient(*known)


class YourYoloLoss(Function):
    """Your five terms, the mean of the scenes, and their gradient."""

    @staticmethod
    def forward(ctx, outputs, chosen):
        said, classes = split_outputs(outputs.astype(float))
        total, gradient = 0.0, np.zeros_like(outputs)
        for n, scene in enumerate(chosen):
            terms, (d_said, d_classes) = loss_of_scene(said[n], classes[n], asked[scene][0], yolo_known[scene])
            total += sum(terms)
            gradient[n] = np.concatenate([d_said.reshape(S, S, -1), d_classes], axis=-1)
        ctx.gradient = gradient / len(chosen)
        return np.asarray(total / len(chosen), outputs.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.gradient, None


yolo_known = [yolo_targets(boxes, labels) for boxes, labels in asked]
lost = sum(len(boxes) - (owners >= 0).sum() for (boxes, _), (owners, _, _) in zip(asked, yolo_known))
print(f"{lost} of {sum(len(boxes) for boxes, _ in asked)} digits share a cell with a larger one: nobody learns them")


# %%
def layer(channels, filters, stride=1):
    """Return convolution, normalisation and ReLU."""
    conv = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters), nn.ReLU())


class Trunk(nn.Module):
    """Two maps: (N, 64, 16, 16) and (N, 96, 8, 8)."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(layer(3, 16, 2), layer(16, 32), nn.MaxPool2d(2), layer(32, 64), layer(64, 64))
        self.coarse = nn.Sequential(nn.MaxPool2d(2), layer(64, 96), layer(96, 96))

    def forward(self, x):
        fine = self.fine(x)
        return fine, self.coarse(fine)


class Yolo(nn.Module):
    """One convolution of 1 x 1 over the coarse map: (N, S, S, 5 B + C)."""

    def __init__(self):
        super().__init__()
        self.trunk = Trunk()
        self.head = nn.Conv2d(96, 5 * B + C, 1)

    def forward(self, x):
        return self.head(self.trunk(x)[1]).permute(0, 2, 3, 1)


minidet.manual_seed(0)
yolo = Yolo()
said, classes = split_outputs(yolo(tensor(images[:4])).detach().numpy().astype(float))
terms = np.mean([loss_of_scene(said[n], classes[n], asked[n][0], yolo_known[n])[0] for n in range(4)], axis=0)
print("the five terms at the start:", ", ".join(f"{term:.2f}" for term in terms))

# %% [markdown]
# **Train.** If your functions are slow, make `STEPS` smaller.

# %%
STEPS, BATCH = (4, 4) if QUICK else (300, 16)


def train(network, loss_of, title, rate=4e-3):
    """Train with Adam; the rate falls to 0. Returns a record of every step."""
    optimizer = optim.Adam(network.parameters(), lr=rate)
    schedule = optim.CosineAnnealingLR(optimizer, STEPS)
    draws, history = np.random.default_rng(0), []
    network.train()
    with tqdm(range(1, STEPS + 1), desc=title) as bar:
        for step in bar:
            chosen = draws.choice(len(images), BATCH, replace=False)
            loss = loss_of(network(tensor(images[chosen])), chosen)
            optimizer.zero_grad()
            loss.backward()
            optim.clip_grad_norm_(network.parameters(), 10.0)
            optimizer.step()
            schedule.step()
            history.append({"step": step, "loss": loss.item()})
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return history


begin = time.perf_counter()
history = train(yolo, YourYoloLoss.apply, "your YOLO")
print(f"{time.perf_counter() - begin:.0f} s for {STEPS} steps")
axes = viz.draw_curves(history)
plt.show()

# %% [markdown]
# Then SSD. Its two maps have 16 x 16 and 8 x 8 cells, with four boxes in each: 1,280 boxes.

# %%
MAPS, RATIOS = [(16, 16), (8, 8)], (1.6,)
scales = box_scales(len(MAPS), 0.2, 0.34)  # shares of the picture's side
shapes = [SIZE[0] * cell_shapes(scales[k], scales[k + 1], RATIOS) for k in range(len(MAPS))]
default_boxes = place_boxes(MAPS, shapes, SIZE)
coder = minidet.ops.BoxCoder((10.0, 10.0, 5.0, 5.0))  # as in notebook 16: what to add to a box to get the object's


def overlaps_of(boxes):
    """Return the IoU of objects and default boxes, (G, A)."""
    return box_iou(boxes.reshape(-1, 4), default_boxes).numpy()


def ssd_targets(boxes, labels):
    """Return the label of each default box, (A,), and where it should move, (A, 4): question 5."""
    hard = labels == DIFFICULT
    overlap, asked_boxes, asked_labels = overlaps_of(boxes[~hard]), boxes[~hard], labels[~hard]
    matched = match_boxes(overlap, bipartite(overlap))
    marks, goals = np.zeros(len(default_boxes), int), np.zeros((len(default_boxes), 4), np.float32)
    found = np.flatnonzero(matched >= 0)
    if len(found):
        marks[found] = 1 + asked_labels[matched[found]]
        goals[found] = coder.encode_single(asked_boxes[matched[found]], default_boxes[found]).numpy()
    if hard.any():
        near = overlaps_of(boxes[hard]).max(axis=0) > 0.4
        marks[near & (marks == 0)] = -1  # near a 4: neither
    return marks, goals


class Ssd(nn.Module):
    """One convolution of 3 x 3 over each map: for each default box 1 + C scores and 4 moves, (N, A, 1 + C + 4)."""

    def __init__(self):
        super().__init__()
        self.trunk = Trunk()
        outputs = len(shapes[0]) * (1 + C + 4)
        self.heads = nn.ModuleList([nn.Conv2d(channels, outputs, 3, padding=1) for channels in (64, 96)])

    def forward(self, x):
        maps = [head(m).permute(0, 2, 3, 1) for head, m in zip(self.heads, self.trunk(x))]
        return cat([m.reshape(x.shape[0], -1, 1 + C + 4) for m in maps], 1)


def class_losses(outputs, labels):
    """Return the cross-entropy of each box with its label, (N, A)."""
    scores = outputs[..., : 1 + C].astype(float)
    scores = scores - scores.max(axis=-1, keepdims=True)
    logs = np.log(np.exp(scores).sum(axis=-1)) - np.take_along_axis(scores, labels[..., None], -1)[..., 0]
    return logs


def ssd_loss(outputs, chosen):
    """Return SSD's loss of some scenes: the negatives are chosen by question 6."""
    marks, goals = (np.stack(part) for part in zip(*(ssd_known[scene] for scene in chosen)))
    negatives = hard_negatives(class_losses(outputs.detach().numpy(), np.zeros_like(marks)), marks)
    looked, positive = np.nonzero((marks > 0) | negatives), np.nonzero(marks > 0)
    kinds = F.cross_entropy(outputs[looked][:, : 1 + C], tensor(marks[looked]), reduction="sum")
    moves = F.smooth_l1_loss(outputs[positive][:, 1 + C :], tensor(goals[positive]), reduction="sum")
    return (kinds + moves) / float(max(len(positive[0]), 1))


ssd_known = [ssd_targets(boxes, labels) for boxes, labels in objects]
marks = np.stack([marks for marks, _ in ssd_known])
print(f"{len(default_boxes)} default boxes; on average {(marks > 0).sum(1).mean():.0f} learn an object", end=", ")
print(f"for {np.mean([len(boxes) for boxes, _ in asked]):.1f} digits that are asked for")

minidet.manual_seed(0)
ssd = Ssd()
outputs = ssd(tensor(images[:4])).detach().numpy()
chosen = hard_negatives(class_losses(outputs, np.zeros_like(marks[:4])), marks[:4])
start = mined_loss(class_losses(outputs, np.maximum(marks[:4], 0)), marks[:4], chosen)
print(f"your mined loss at the start {start:.2f}; one positive and three negatives, all of log 3: {4 * np.log(3):.2f}")

# %%
begin = time.perf_counter()
history = train(ssd, ssd_loss, "your SSD")
print(f"{time.perf_counter() - begin:.0f} s for {STEPS} steps")
axes = viz.draw_curves(history)
plt.show()


# %% [markdown]
# (The loss at the start is above that of equal scores: mining takes the *worst* of the background.)
#
# **Detect.** Both detectors give each box a score for each class. Of boxes of one class that overlap by more than
# 0.45, only the best stays (NMS, minidet's). The third row of the table that follows is a baseline: boxes of the
# right size at random places, with random scores.


# %%
def outputs_of(network):
    """Return the network's outputs for all test scenes."""
    network.eval()
    with no_grad():
        parts = [network(tensor(test_images[i : i + 30])).numpy() for i in range(0, len(test_images), 30)]
    return np.concatenate(parts).astype(float)


def thinned(boxes, scores):
    """Return for each class the boxes and scores of a scene that are left, the surest first."""
    left = []
    for k in range(C):
        sure = np.flatnonzero(scores[:, k] > 0.02)
        kept = sure[nms(boxes[sure], scores[sure, k], 0.45).numpy()]
        left.append((boxes[kept], scores[kept, k]))
    return left


def yolo_detections():
    """Return what YOLO finds: the score of a class is confidence times class."""
    found = []
    for said, classes in zip(*split_outputs(outputs_of(yolo))):
        boxes = said_boxes(said[..., :4], SIZE).reshape(-1, 4)
        scores = np.clip(said[..., 4:], 0, 1) * np.clip(classes, 0, 1)[:, :, None]
        found.append(thinned(boxes, scores.reshape(-1, C)))
    return found


def ssd_detections():
    """Return what SSD finds: the score of a class is its softmax."""
    found = []
    for outputs in outputs_of(ssd):
        power = np.exp(outputs[:, : 1 + C] - outputs[:, : 1 + C].max(axis=1, keepdims=True))
        boxes = coder.decode_single(tensor(outputs[:, 1 + C :]), default_boxes).numpy()
        found.append(thinned(boxes, (power / power.sum(axis=1, keepdims=True))[:, 1:]))
    return found


def random_detections(number=20):
    """Return boxes of 16 x 20 pixels anywhere, with random scores."""
    draws, found = np.random.default_rng(0), []
    for _ in test_images:
        corners = draws.uniform(0, 44, (number, 2))
        found.append(thinned(np.concatenate([corners, corners + (16, 20)], axis=1), draws.random((number, C))))
    return found


detected = {"your YOLO": yolo_detections(), "your SSD": ssd_detections(), "at random": random_detections()}


# %% [markdown]
# **Measure, by your metric.** For each class: which objects there are (every 4 is difficult, for both classes),
# marks, curve, and the averages.


# %%
def of_class(found, k):
    """Return what question 7 needs of class k: boxes, scores, images, truths, difficult, and the total."""
    boxes, scores = (np.concatenate([scene[k][part] for scene in found]) for part in (0, 1))
    numbers = np.concatenate([np.full(len(scene[k][1]), n) for n, scene in enumerate(found)])
    truths = [boxes_[(labels == k) | (labels == DIFFICULT)] for boxes_, labels in test_objects]
    hard = [labels[(labels == k) | (labels == DIFFICULT)] == DIFFICULT for _, labels in test_objects]
    return boxes, scores, numbers, truths, hard, sum((~one).sum() for one in hard)


def curves_of(found, threshold=0.5):
    """Return precision and recall of each class: question 7."""
    curves = []
    for k in range(C):
        *known, total = of_class(found, k)
        curves.append(precision_recall(judge_detections(*known, threshold), known[1], total))
    return curves


print(f"{'':12}" + "".join(f"{name:>10}" for name in (*CLASSES, "mean", "11 points", "IoU 0.75")))
for name, found in detected.items():
    areas = [area_ap(*curve) for curve in curves_of(found)]
    points = np.mean([eleven_point_ap(*curve) for curve in curves_of(found)])
    strict = np.mean([area_ap(*curve) for curve in curves_of(found, 0.75)])
    print(f"{name:12}" + "".join(f"{value:10.3f}" for value in (*areas, np.mean(areas), points, strict)))


# %% jupyter={"source_hidden": true}
def draw_found():
    """Draw what YOLO and SSD find in some scenes: what scores at least 0.3."""
    _, grid = viz.subplots(2, len(SHOWN), figsize=(2.4 * len(SHOWN), 5.2))
    for row, name in zip(np.reshape(grid, (2, -1)), ("your YOLO", "your SSD")):
        for axes, n in zip(row, SHOWN):
            show_scene(axes, n, name if axes is row[0] else "")
            for k, (boxes, scores) in enumerate(detected[name][n]):
                for box, score in zip(boxes[scores >= 0.3], scores[scores >= 0.3]):
                    outline(axes, np.clip(box, 0, 64), COLOURS[k], "-", 1.8, f"{score:.1f}")
    plt.show()


def draw_curves_of_all():
    """Draw precision over recall."""
    _, grid = viz.subplots(1, C, figsize=(8.6, 2.9))
    for k, axes in enumerate(grid):
        for (name, found), colour in zip(detected.items(), (GREEN, ORANGE, INK)):
            precision, recall = curves_of(found)[k]
            axes.plot(recall, precision, color=colour, label=f"{name}: {area_ap(precision, recall):.2f}")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.03), xlabel="recall")
        axes.set_title(CLASSES[k], fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower left", fontsize=9)
    grid[0].set_ylabel("precision")
    plt.show()


draw_found()
draw_curves_of_all()

# %% [markdown]
# The same trunk, the same scenes, the same number of steps. SSD has some thirty boxes that learn in each scene, YOLO
# as many predictors as there are digits. At an IoU of 0.75 the two are farther apart than at 0.5: look where YOLO's
# boxes lie. And compare the two kinds of average: a paper that says "AP" without saying which of them leaves a
# percent or more open.
#
# **This term's measure** (question 10) on the same detections. For it, each detection's overlap with what it found is
# needed: your `judge_detections` says which ones are right at 0.5, and those keep their IoU.

# %%
total_of = [of_class(detected["your SSD"], k)[-1] for k in range(C)]
print(f"{'':12}{'q7, area':>10}{'q10':>10}")
for name, found in detected.items():
    labels, scores, overlaps = [], [], []
    for k in range(C):
        boxes, sure, numbers, truths, hard, _ = known = of_class(found, k)
        mark = judge_detections(*known[:-1])
        best = [iou_with(truths[n], box).max(initial=0) for n, box in zip(numbers, boxes)]
        overlaps.append(np.where(mark == 1, best, 0)[mark >= 0])
        scores.append(sure[mark >= 0])
        labels.append(np.full((mark >= 0).sum(), k))
    parts = (np.concatenate(part) for part in (labels, scores, overlaps))
    area = np.mean([area_ap(*curve) for curve in curves_of(found)])
    print(f"{name:12}{area:10.3f}{mean_score(*parts, np.array(total_of), 0.5):10.3f}")

# %% [markdown]
# **This term's grid** (question 8). How good could a detector be that says exactly what its cells have to say? Such
# an *oracle* has only the mistakes that the grid forces on it. Each cell with an owner says its codes; the boxes come
# back by `grid_boxes`, or by `said_boxes` for YOLO's own grid. Every object counts here, whatever its class.


# %%
def oracle(grid, term):
    """Return the average precision of the oracle on a grid: YOLO's, or this term's."""
    boxes, numbers = [], []
    for n, (truth, _) in enumerate(test_objects):
        cells = centre_cells(truth, SIZE, grid)
        owner = grid_owner(truth, SIZE, grid) if term else cell_owners(truth, cells, grid)
        here = owner >= 0
        if term:
            said = grid_boxes(grid_codes(truth, owner, SIZE), SIZE)
        else:
            codes = np.zeros((grid, grid, 1, 4))
            codes[here, 0] = cell_codes(truth, cells, SIZE, grid)[owner[here]]
            said = said_boxes(codes, SIZE)[:, :, 0]
        once = np.unique(np.round(said[here], 6), axis=0)  # an object may have several cells: no duplicates
        boxes.append(once)
        numbers.append(np.full(len(once), n))
    truths = [truth for truth, _ in test_objects]
    nobody = [np.zeros(len(truth), bool) for truth in truths]
    boxes, numbers = np.concatenate(boxes), np.concatenate(numbers)
    marks = judge_detections(boxes, np.ones(len(boxes)), numbers, truths, nobody)
    return area_ap(*precision_recall(marks, np.ones(len(boxes)), sum(map(len, truths))))


print(f"{'cells':>8}{'YOLO':>8}{'q8':>8}")
for grid in (2, 3, 4, 8):
    print(f"{grid} x {grid:4}{oracle(grid, False):8.3f}{oracle(grid, True):8.3f}")

# %% [markdown]
# Why does a coarse grid lose objects, in YOLO's way and in this term's? Which digits are they, the small or the large
# ones?
#
# **This term's matching** (question 9): how many boxes does a digit get, a small one and a large one?

# %%
sides, plain, term, neither = [], [], [], []
for boxes, _ in asked[:200]:
    if len(boxes):
        overlap = overlaps_of(boxes)
        first, second = match_boxes(overlap, bipartite(overlap)), assign_boxes(overlap, 6, 0.4)
        sides.append(np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
        plain.append([(first == g).sum() for g in range(len(boxes))])
        term.append([(second == g).sum() for g in range(len(boxes))])
        neither.append((second == -2).sum())
sides, plain, term = (np.concatenate(part) for part in (sides, plain, term))
print(f"boxes for a digit: SSD's rule {plain.min()} to {plain.max()}", end="; ")
print(f"this term's, with k = 6, {term.min()} to {term.max()}; neither, in a scene: {np.mean(neither):.0f}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 2, figsize=(8.6, 2.7))
for axes, number, title in zip(grid, (plain, term), ("SSD's rule (q5)", "this term's rule (q9)")):
    axes.plot(sides, number, "o", color=BLUE, markersize=3, alpha=0.4)
    axes.set(xlabel="side of the digit, in pixels", ylim=(0, None))
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
grid[0].set_ylabel("boxes that learn it")
plt.show()

# %% [markdown]
# With a threshold for all, digits of some sizes get far more boxes than others: those that happen to be as large as
# the default boxes. Does this term's rule treat them more equally? What does a digit with one or two poor boxes learn
# from them?
#
# ## Before you hand in
#
# *Restart kernel and run all.* What only worked because of a cell that you deleted will not work for the grader.

# %%
check()

# %% [markdown]
# **To think about** (no points)
#
# - Train the SSD on this term's matching: use `assign_boxes` in `ssd_targets`, and −1 for what is −2. Is the
#   difference larger than between two seeds (`minidet.manual_seed(1)`)? How many seeds do you need to say so?
# - Take the roots away: let the cells say $w$ and $h$. Which digits have worse boxes then?
# - In `random_detections`, give all boxes the same score. What do the measures of questions 7 and 10 say to a
#   detector that sorts its list by what it knows of the truth?
#
# **To read:** J. Redmon, S. Divvala, R. Girshick, A. Farhadi, *You Only Look Once*, CVPR 2016,
# [arXiv:1506.02640](https://arxiv.org/abs/1506.02640). W. Liu et al., *SSD: Single Shot MultiBox Detector*, ECCV
# 2016, [arXiv:1512.02325](https://arxiv.org/abs/1512.02325). M. Everingham et al., *The PASCAL Visual Object Classes
# (VOC) Challenge*, IJCV 2010, section 4.2: average precision.
