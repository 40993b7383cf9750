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
# # Assignment 1: every layer knows its way back
#
# A network is a program. To train it, we need to know how its result changes when one of its numbers changes a
# little. In this assignment you write the parts of a small network yourself, in plain NumPy: each part computes a
# value on the way there, and a gradient on the way back. At the end your parts read handwritten digits.
#
# |  |  |
# |---|---|
# | **Time** | six to eight hours; no cell runs longer than a few seconds |
# | **You need** | notebook [01_autograd](../../notebooks/01_autograd.ipynb), NumPy |
# | **Points** | 100, in eleven questions; each question has parts that count by themselves |
#
# **How it works**
#
# - Write your answers in the cells that begin with `# answer:`. Leave that first line and the names of functions and
#   arguments as they are. Helper functions are welcome, in the same cell.
# - In an answer use Python and `np` only. Do not use functions of other questions: every question is graded alone. So
#   a mistake in one question costs nothing in the next.
# - Return *new* arrays. A function must never change the arrays that it is given.
# - Run `check("q1")` as often as you like. It tries your function on some examples and says what is wrong in words.
#   The graders try other numbers and other sizes too. So test your functions yourself as well: there are ideas under
#   **Try it**.
# - You may leave a question out and come back later. Cells that try its function then stop with `NotImplementedError`:
#   just go on with the next cell. Section 12 needs at least questions 3, 4 and 6.
# - Questions 5, 7, 9 and 11 are new in each term. You will not find them in a book. Read their definitions carefully.
#
# | question | points | | question | points |
# |---|---|---|---|---|
# | 1 the way back along a tape | 12 | | 7 this term's cross-entropy | 10 |
# | 2 broadcasting | 8 | | 8 hinge loss | 8 |
# | 3 linear layer | 12 | | 9 this term's hinge loss | 8 |
# | 4 ReLU | 6 | | 10 smooth L1 | 6 |
# | 5 this term's activation | 10 | | 11 this term's robust loss | 6 |
# | 6 cross-entropy | 14 | | | |
#
# Run the first two code cells now.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from minidet.data.scenes.digits import TRAINING_SCANS, load_scans
from minidet.grading import checks

check = checks("a1_autograd_and_layers")
QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training
print("ready")

# %% jupyter={"source_hidden": true}
# Colours and drawing tools. There is nothing to learn here.
GREY, DARK, BLUE, ORANGE, GREEN = "#7f7f7f", "#222222", "#4a86c5", "#e07b39", "#4da06a"  # they read on white and black
YELLOW, SKY, ROSE = "#f7d774", "#bcd6ee", "#f3c3a5"  # grounds of boxes, with dark letters
for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
    plt.rcParams[part] = GREY
plt.rcParams.update({"figure.dpi": 90, "figure.facecolor": "none", "axes.facecolor": "none", "font.size": 10})
plt.rcParams.update({"legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False})


def canvas(width, height, xlim, ylim):
    """Return axes without a frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim)
    axes.axis("off")
    return axes


def numbers_at(axes, matrix, at, title, marks=(), colour=YELLOW, size=0.62):
    """Draw a matrix with its upper left corner at ``at``; ``marks`` are cells (row, column) with a ground."""
    matrix = np.atleast_2d(matrix)
    for row, line in enumerate(matrix):
        for column, value in enumerate(line):
            x, y, marked = at[0] + size * column, at[1] - size * (row + 1), (row, column) in marks
            axes.add_patch(Rectangle((x, y), size, size, facecolor=colour if marked else "none", edgecolor=GREY))
            style = {"ha": "center", "va": "center", "color": DARK if marked else GREY, "fontsize": 9.5}
            axes.text(x + size / 2, y + size / 2, f"{value:g}", **style)
    axes.text(at[0] + size * matrix.shape[1] / 2, at[1] + 0.18, title, ha="center")


def bent(axes, start, corner, end, colour, width=2.0):
    """Draw a parabola from ``start`` to ``end``; its tangents there meet at ``corner``."""
    path = Path([start, corner, end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width, zorder=3))


def cross(axes):
    """Draw the two axes of a plane through 0."""
    axes.axhline(0, color=GREY, linewidth=0.7)
    axes.axvline(0, color=GREY, linewidth=0.7)
    axes.grid(alpha=0.25)


def draw_scores(scores, label, margin=1.0, counted=(), title=""):
    """Draw scores on a line, and the zone in which a rival of the true class costs something."""
    axes = canvas(8.6, 1.75, (-0.6, 4.6), (-0.85, 1.35))
    axes.axvspan(scores[label] - margin, 4.6, 0.3, 0.48, color=ROSE, alpha=0.3, linewidth=0)
    axes.annotate("", (4.5, 0), (-0.5, 0), arrowprops={"arrowstyle": "-|>", "color": GREY})
    for k, score in enumerate(scores):
        colour = GREEN if k == label else ORANGE if k in counted else GREY
        axes.plot(score, 0, "o", color=colour, markersize=10, zorder=3)
        words = f"class {k}\n{score:g}" + (" (true)" if k == label else "")
        axes.text(score, 0.42, words, ha="center", color=colour, fontsize=9)
    axes.text(scores[label] - margin, -0.5, f"{scores[label] - margin:g}", ha="center")
    axes.text(4.5, -0.5, "the zone: rivals in here cost something", ha="right", fontsize=9)
    axes.text(2, 1.2, title, ha="center")
    plt.show()


# %% [markdown]
# ## 1. The way back along a tape
#
# ### The problem
#
# A program runs from the front to the back. Its gradient is found from the back to the front. For that, somebody must
# write down what happened. This list is called the **tape**. Here a tape is nothing but a list of tuples: *which
# operation*, *the name of the result*, *the names of what it was computed from*.

# %%
tape = [
    ("multiply", "u", ("a", "b")),
    ("subtract", "v", ("u", "a")),
    ("multiply", "out", ("u", "v")),
]


def run_tape(tape, inputs):
    """Run a tape: return a dict with the value of every name."""
    values = dict(inputs)
    for operation, result, names in tape:
        numbers = [values[name] for name in names]
        if operation == "add":
            values[result] = numbers[0] + numbers[1]
        elif operation == "subtract":
            values[result] = numbers[0] - numbers[1]
        elif operation == "multiply":
            values[result] = numbers[0] * numbers[1]
        elif operation == "exp":
            values[result] = float(np.exp(numbers[0]))
        else:
            raise ValueError(f"no such operation: {operation}")
    return values


values = run_tape(tape, {"a": 3.0, "b": 2.0})
print(values)


# %% jupyter={"source_hidden": true}
def draw_tape_by_hand():
    """Draw the example's graph: values, gradients, and the slope at each arrow."""
    axes = canvas(8.2, 3.1, (-0.9, 7.6), (-0.5, 2.9))
    places = {"a": (0, 2.2), "b": (0, 0.4), "u": (2.2, 1.3), "v": (4.5, 2.2), "out": (6.7, 1.3)}
    titles = {"u": "u = a × b", "v": "v = u − a", "out": "out = u × v"}
    numbers = {"a": (3, "18 − 6 = 12"), "b": (2, "27"), "u": (6, "3 + 6 = 9"), "v": (3, "6"), "out": (18, "1")}
    arrows = [
        ("a", "u", "2", 0), ("b", "u", "3", 0), ("u", "v", "1", 0), ("a", "v", "−1", -0.12),
        ("u", "out", "3", 0.18), ("v", "out", "6", 0),
    ]  # fmt: skip
    boxes = {}
    for name, (x, y) in places.items():
        shape = FancyBboxPatch((x - 0.72, y - 0.36), 1.44, 0.72, boxstyle="round,pad=0,rounding_size=0.1")
        shape.set(facecolor=SKY, edgecolor=GREY, zorder=3)
        boxes[name] = axes.add_patch(shape)
        middle = {"ha": "center", "va": "center", "zorder": 4, "fontsize": 9.5}
        axes.text(x, y + 0.17, f"{titles.get(name, name)} = {numbers[name][0]}", color=DARK, **middle)
        axes.text(x, y - 0.17, numbers[name][1], color="#a8430a", weight="bold", **middle)
    for start, end, slope, bend in arrows:
        style = {"arrowstyle": "-|>", "color": GREY, "connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
        style |= {"patchA": boxes[start], "patchB": boxes[end]}
        axes.annotate("", places[end], places[start], arrowprops=style)
        x, y = (np.array(places[start]) + places[end]) / 2
        x, y = x + bend * (places[end][1] - places[start][1]) / 2, y - bend * (places[end][0] - places[start][0]) / 2
        axes.text(x, y + 0.17, slope, ha="center", va="center", color=GREY, fontsize=10)
    plt.show()


draw_tape_by_hand()

# %% [markdown]
# In black: the values. At the arrows: the slope of the one with respect to the other. In orange: the gradients, that
# is, how fast `out` changes with each number. They are found from right to left.
#
# ### By hand
#
# 1. `out` changes as fast as itself: its gradient is **1**. All others begin with 0.
# 2. The last entry of the tape is `out = u × v`. It hands on 1 · v = 3 to `u`, and 1 · u = 6 to `v`.
# 3. The entry before: `v = u − a`. Its gradient is 6. It hands on 6 · 1 to `u`, which now has 3 + 6 = **9**, and
#    6 · (−1) = −6 to `a`.
# 4. The first entry: `u = a × b`. It hands on 9 · b = 18 to `a`, which now has −6 + 18 = **12**, and 9 · a = **27** to
#    `b`.
#
# A test: `out` = a² (b² − b). Its derivative by a is 2a (b² − b) = 6 · 2 = 12, and by b it is a² (2b − 1) = 27.
#
# ### Question 1 (12 points)
#
# Write `tape_backward(tape, values, result)`.
#
# - `tape`: a list of tuples as above. The operations are `"add"`, `"subtract"`, `"multiply"` (two names each) and
#   `"exp"` (one name: a tuple of length 1). A name is the result of one entry at most. Both names of an entry may be
#   the same: `("multiply", "y", ("x", "x"))`.
# - `values`: a dict with the value of every name: what `run_tape` returns.
# - `result`: the name of which we want the gradient. It need not be the last one on the tape.
# - It returns a dict: for **every** name in `values` how fast `result` changes with it, a number. A name on which
#   `result` does not depend has the gradient 0.
#
# | part | points | |
# |---|---|---|
# | chain | 4 | each value is used once |
# | twice | 5 | values are used more than once |
# | unused | 3 | some values have nothing to do with `result` |


# %%
# answer: q1
def tape_backward(tape, values, result):
    """Return a dict with the gradient of ``result`` with respect to every name in ``values``."""
    ### BEGIN SOLUTION
    gradients = dict.fromkeys(values, 0.0)
    gradients[result] = 1.0
    for operation, name, sources in reversed(tape):
        gradient = gradients[name]
        numbers = [values[source] for source in sources]
        if operation == "add":
            slopes = (1.0, 1.0)
        elif operation == "subtract":
            slopes = (1.0, -1.0)
        elif operation == "multiply":
            slopes = (numbers[1], numbers[0])
        else:
            slopes = (values[name],)
        for source, slope in zip(sources, slopes):
            gradients[source] += gradient * slope
    return gradients
    ### END SOLUTION


# %%
check("q1")

# %% [markdown]
# **Try it:** a judge that needs no reference: change one input by a little to both sides, run the tape twice, divide.


# %%
def slopes_by_trying(tape, inputs, result, step=1e-6):
    """Return how fast ``result`` changes with each input: central differences."""
    slopes = {}
    for name in inputs:
        above = run_tape(tape, {**inputs, name: inputs[name] + step})[result]
        below = run_tape(tape, {**inputs, name: inputs[name] - step})[result]
        slopes[name] = (above - below) / (2 * step)
    return slopes


print("by trying:  ", slopes_by_trying(tape, {"a": 3.0, "b": 2.0}, "out"))
print("by your walk:", tape_backward(tape, values, "out"))

# %% [markdown]
# ## 2. Broadcasting: a copy is a use
#
# ### The problem
#
# In real programs a name on the tape stands for a whole array. When NumPy adds a row `b` of shape (3,) to a matrix of
# shape (2, 3), it copies `b` to every row. So each number of `b` is used twice. You know from question 1 what happens
# to a number that is used twice: its gradients are *added*. Copied on the way there, summed on the way back.

# %% jupyter={"source_hidden": true}
axes = canvas(8.6, 2.35, (-0.4, 12.6), (-2.6, 0.75))
axes.set_aspect("equal")
G = np.array([[1, 0, 2], [3, -1, 4]])
third = [(0, 2), (1, 2)]
numbers_at(axes, [[10, 20, 30], [10, 20, 30]], (0, 0), "row (3,), copied down", third)
numbers_at(axes, G, (3.4, 0), "G", third)
numbers_at(axes, [4, -1, 6], (3.4, -1.7), "", [(0, 2)])
axes.text(3.2, -2.0, "gradient of the row:", ha="right", va="center")
numbers_at(axes, [[7, 7, 7], [8, 8, 8]], (7.2, 0), "column (2, 1), copied right", [(1, 0), (1, 1), (1, 2)], SKY)
numbers_at(axes, G, (10.2, 0), "G", [(1, 0), (1, 1), (1, 2)], SKY)
numbers_at(axes, [[3], [6]], (12.15, 0), "", [(1, 0)], SKY, size=0.62)
axes.text(12.5, -1.75, "its\ngradient", ha="center", va="center", fontsize=9)
axes.set_xlim(-0.4, 13.2)
plt.show()

# %% [markdown]
# ### By hand
#
# `G` (2, 3) is the gradient of the sum. Four arrays that could have been copied to (2, 3):
#
# | shape of the array | it was copied ... | its gradient |
# |---|---|---|
# | (3,) | to both rows | [1 + 3, 0 − 1, 2 + 4] = [4, −1, 6], shape (3,) |
# | (2, 1) | to all three columns | [[1 + 0 + 2], [3 − 1 + 4]] = [[3], [6]], shape (2, 1) |
# | () | everywhere | 9, shape () |
# | (2, 3) | not at all | G itself |
#
# NumPy compares shapes from the *right*. An axis that the array does not have is added on the left. An axis of length
# 1 is stretched. Both are copies.
#
# ### Question 2 (8 points)
#
# Write `unbroadcast(gradient, shape)`: `gradient` is an array of any shape. `shape` is a tuple: an array of this shape
# was broadcast to the shape of `gradient`. Return the gradient of that array; it has exactly the shape `shape`.
#
# | part | points | |
# |---|---|---|
# | added | 3 | axes were added on the left, or nothing was copied |
# | stretched | 3 | axes of length 1 were stretched |
# | both | 2 | both at once |


# %%
# answer: q2
def unbroadcast(gradient, shape):
    """Sum ``gradient`` over all axes along which an array of ``shape`` was copied."""
    ### BEGIN SOLUTION
    added = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(added)))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


# %%
check("q2")

# %% [markdown]
# **Try it:** for arrays of ones, the gradient of a sum counts the copies. `unbroadcast(np.ones((5, 4, 3)), (4, 1))`
# must be an array (4, 1) full of 15.
#
# ## 3. The linear layer
#
# ### The problem
#
# The work horse: each output is a weighted sum of all inputs, plus a bias. As in PyTorch, the weights of one output
# are one *row* of `weight`. So for N examples at once, with C numbers in and F numbers out:
#
# $$y_{nf} = \sum_c x_{nc}\, w_{fc} + b_f$$

# %% jupyter={"source_hidden": true}
axes = canvas(9.0, 3.7, (-0.4, 13.1), (-4.9, 0.7))
axes.set_aspect("equal")
numbers_at(axes, [[1, 2, 0], [0, 1, 3]], (0, 0), "x (N, C)", [(0, 1)])
numbers_at(axes, [[1, 0, 2], [-1, 1, 0]], (3.2, 0), "weight (F, C)", [(0, 1), (1, 1)], SKY)
numbers_at(axes, [10, 20], (6.4, 0), "bias (F,)")
numbers_at(axes, [[11, 21], [16, 21]], (9.2, 0), "y (N, F)", [(0, 0), (0, 1)], ROSE)
numbers_at(axes, [[1, 2], [0, -1]], (0, -2.9), "G (N, F)", [(0, 0), (0, 1)], ROSE)
numbers_at(axes, [[-1, 2, 2], [1, -1, 0]], (3.2, -2.9), "gradient of x", [(0, 1)])
numbers_at(axes, [[1, 2, 0], [2, 3, -3]], (6.9, -2.9), "gradient of weight")
numbers_at(axes, [1, 1], (10.9, -2.9), "gradient of bias")
plt.show()

# %% [markdown]
# ### By hand
#
# The first output of the second example: 0 · 1 + 1 · 0 + 3 · 2 + 10 = **16**.
#
# On the way back we are given `G` (N, F), the gradient of `y`. Along a path multiply; over the paths add:
#
# - `x[0, 1]` (yellow) meets `weight[0, 1]` = 0 on its way to `y[0, 0]`, and `weight[1, 1]` = 1 on its way to
#   `y[0, 1]`. Its gradient: 1 · 0 + 2 · 1 = **2**.
# - `weight[1, 2]` is used once *in each example*: it meets `x[0, 2]` = 0 on its way to `y[0, 1]`, and `x[1, 2]` = 3 on
#   its way to `y[1, 1]`. Its gradient: 2 · 0 + (−1) · 3 = **−3**.
# - `bias[0]` is added in each example: 1 + 0 = **1**.
#
# Each gradient has the shape of what it is the gradient of. If you write all these sums down, you will see that each
# is a product of two matrices. No loop is needed.
#
# ### Question 3 (12 points)
#
# Four functions. `x` (N, C), `weight` (F, C), `bias` (F,), `grad` (N, F) is the gradient of the output.
#
# | function | returns | part | points |
# |---|---|---|---|
# | `linear_forward(x, weight, bias)` | `y` (N, F) | forward | 3 |
# | `linear_input_gradient(grad, weight)` | gradient of x (N, C) | input | 3 |
# | `linear_weight_gradient(grad, x)` | gradient of weight (F, C) | weight | 4 |
# | `linear_bias_gradient(grad)` | gradient of bias (F,) | bias | 2 |
#
# Look at the arguments: what each gradient needs is what must be kept until the walk back.


# %%
# answer: q3
def linear_forward(x, weight, bias):
    """(N, C), (F, C), (F,) -> (N, F)."""
    ### BEGIN SOLUTION
    return x @ weight.T + bias
    ### END SOLUTION


# %%
# answer: q3
def linear_input_gradient(grad, weight):
    """(N, F), (F, C) -> (N, C)."""
    ### BEGIN SOLUTION
    return grad @ weight
    ### END SOLUTION


# %%
# answer: q3
def linear_weight_gradient(grad, x):
    """(N, F), (N, C) -> (F, C)."""
    ### BEGIN SOLUTION
    return grad.T @ x
    ### END SOLUTION


# %%
# answer: q3
def linear_bias_gradient(grad):
    """(N, F) -> (F,)."""
    ### BEGIN SOLUTION
    return grad.sum(axis=0)
    ### END SOLUTION


# %%
check("q3")

# %% [markdown]
# ## 4. A bend in the line
#
# ### The problem
#
# Two linear layers, one after the other, are again one linear layer. Something between them has to be bent. The
# simplest is **ReLU**: negative numbers become 0, the others stay.

# %% jupyter={"source_hidden": true}
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
left.plot([-3, 0, 3], [0, 0, 3], color=BLUE, linewidth=2)
left.set(xlabel="x", title="ReLU")
right.plot([-3, 0], [0, 0], color=ORANGE, linewidth=2)
right.plot([0, 3], [1, 1], color=ORANGE, linewidth=2)
right.plot(0, 0, "o", color=ORANGE)
right.plot(0, 1, "o", markerfacecolor="none", color=ORANGE)
right.set(xlabel="x", title="its slope: a gate, closed or open", ylim=(-0.2, 1.3))
for axes in (left, right):
    cross(axes)
plt.show()

# %% [markdown]
# ### By hand
#
# | | | | | |
# |---|---|---|---|---|
# | `x` | −2 | 0.5 | 3 | 0 |
# | ReLU | 0 | 0.5 | 3 | 0 |
# | `grad`: gradient of the result | 7 | −4 | 2 | 5 |
# | gradient of `x` | 0 | −4 | 2 | **0** |
#
# At x = 0 there is a corner: no slope is the right one. We agree on **slope 0 at x = 0**, as PyTorch does.
#
# ### Question 4 (6 points)
#
# `relu_forward(x)` for `x` of any shape, and `relu_backward(grad, x)`: `grad` is the gradient of the result, `x` is
# what went in. Both have the same shape; so has the result.
#
# | part | points | |
# |---|---|---|
# | forward | 2 | the value |
# | slope | 2 | the gradient, away from 0 |
# | zero | 2 | the gradient where x is exactly 0 |


# %%
# answer: q4
def relu_forward(x):
    """Any shape -> the same shape."""
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


# %%
# answer: q4
def relu_backward(grad, x):
    """Gradient of the result, and what went in -> gradient of x; all of one shape."""
    ### BEGIN SOLUTION
    return grad * (x > 0)
    ### END SOLUTION


# %%
check("q4")

# %% [markdown]
# ## 5. This term's activation
#
# The corner of ReLU is not sacred. Many bends have been tried, and each needs its own way back. Here is one that you
# will not find in a library. It is made of straight pieces and parabolas that join them *without a corner*.

# %% [markdown] tags=["variant:q5=joint"]
# ### The definition
#
# `bend(x, leak, width)`: a *leaky* ReLU (negative numbers are not cut off, but made small) with a round joint. `leak`
# is the slope on the left, 0 < leak < 1. The joint reaches from −width to +width; width > 0. For each element x:
#
# $$f(x) = \begin{cases} \mathit{leak} \cdot x & x \le -\mathit{width} \\[4pt]
# \mathit{leak} \cdot x + (1 - \mathit{leak})\,\dfrac{(x + \mathit{width})^2}{4\,\mathit{width}}
# & -\mathit{width} < x < \mathit{width} \\[4pt]
# x & x \ge \mathit{width} \end{cases}$$

# %% jupyter={"source_hidden": true} tags=["variant:q5=joint"]
figure, axes = plt.subplots(figsize=(6, 2.9), layout="constrained")
axes.plot([-5, -2], [-1, -0.4], color=BLUE, linewidth=2)
bent(axes, (-2, -0.4), (0, 0), (2, 2), ORANGE)
axes.plot([2, 4], [2, 4], color=BLUE, linewidth=2)
axes.plot([-2, 0, 2], [-0.4, 0, 2], ":", color=GREY)
axes.plot([-2, 2], [-0.4, 2], "o", color=ORANGE, markersize=4)
axes.set(xlabel="x", title="leak = 0.2, width = 2")
axes.text(-4.8, -0.55, "slope 0.2", color=BLUE)
axes.text(2.3, 3.6, "slope 1", color=BLUE, ha="right")
axes.text(-1.9, 0.75, "the joint", color=ORANGE)
cross(axes)
plt.show()

# %% [markdown] tags=["variant:q5=joint"]
# ### By hand
#
# With leak = 0.2 and width = 2:
#
# | x | which piece | f(x) |
# |---|---|---|
# | −3 | left | 0.2 · (−3) = −0.6 |
# | 1 | joint | 0.2 · 1 + 0.8 · 3² / 8 = 0.2 + 0.9 = 1.1 |
# | 3 | right | 3 |
#
# At both ends of the joint, its value *and its slope* are those of the straight piece. The slope at x = 1 is 0.8. Find
# out why.

# %% [markdown] tags=["variant:q5=shrink"]
# ### The definition
#
# `bend(x, threshold, knee)`: numbers near 0 become 0, all others come closer to 0: they *shrink*. Between the two, on
# both sides, lies a round knee. threshold > 0, knee > 0. For each element x, with u = |x|:
#
# $$f(x) = \mathrm{sign}(x) \cdot \begin{cases} 0 & u \le \mathit{threshold} \\[4pt]
# \dfrac{(u - \mathit{threshold})^2}{2\,\mathit{knee}} & \mathit{threshold} < u < \mathit{threshold} + \mathit{knee}
# \\[4pt] u - \mathit{threshold} - \dfrac{\mathit{knee}}{2} & u \ge \mathit{threshold} + \mathit{knee} \end{cases}$$

# %% jupyter={"source_hidden": true} tags=["variant:q5=shrink"]
figure, axes = plt.subplots(figsize=(6, 2.9), layout="constrained")
for side in (-1, 1):
    axes.plot([3 * side, 5 * side], [side, 3 * side], color=BLUE, linewidth=2)
    bent(axes, (side, 0), (2 * side, 0), (3 * side, side), ORANGE)
    axes.plot([side, 2 * side, 3 * side], [0, 0, side], ":", color=GREY)
    axes.plot([side, 3 * side], [0, side], "o", color=ORANGE, markersize=4)
axes.plot([-1, 1], [0, 0], color=BLUE, linewidth=2)
axes.set(xlabel="x", title="threshold = 1, knee = 2")
axes.text(0, 0.2, "slope 0", color=BLUE, ha="center")
axes.text(4.2, 2.6, "slope 1", color=BLUE, ha="right")
axes.text(2.3, -0.45, "a knee", color=ORANGE)
cross(axes)
plt.show()

# %% [markdown] tags=["variant:q5=shrink"]
# ### By hand
#
# With threshold = 1 and knee = 2:
#
# | x | which piece | f(x) |
# |---|---|---|
# | 0.5 | near 0 | 0 |
# | −2 | knee, left side | −(2 − 1)² / 4 = −0.25 |
# | 4 | outside | 4 − 1 − 1 = 2 |
#
# At both ends of a knee, its value *and its slope* are those of the straight piece. The slope at x = −2 is +0.5. Find
# out why.

# %% [markdown] tags=["variant:q5=ceiling"]
# ### The definition
#
# `bend(x, limit, knee)`: numbers near 0 stay as they are. Far away there is a ceiling, and a floor. Between the two, on
# both sides, lies a round knee. limit > 0, knee > 0. For each element x, with u = |x|:
#
# $$f(x) = \mathrm{sign}(x) \cdot \begin{cases} u & u \le \mathit{limit} \\[4pt]
# u - \dfrac{(u - \mathit{limit})^2}{2\,\mathit{knee}} & \mathit{limit} < u < \mathit{limit} + \mathit{knee}
# \\[4pt] \mathit{limit} + \dfrac{\mathit{knee}}{2} & u \ge \mathit{limit} + \mathit{knee} \end{cases}$$

# %% jupyter={"source_hidden": true} tags=["variant:q5=ceiling"]
figure, axes = plt.subplots(figsize=(6, 2.9), layout="constrained")
for side in (-1, 1):
    axes.plot([3 * side, 5 * side], [2 * side, 2 * side], color=BLUE, linewidth=2)
    bent(axes, (side, side), (2 * side, 2 * side), (3 * side, 2 * side), ORANGE)
    axes.plot([side, 2 * side, 3 * side], [side, 2 * side, 2 * side], ":", color=GREY)
    axes.plot([side, 3 * side], [side, 2 * side], "o", color=ORANGE, markersize=4)
axes.plot([-1, 1], [-1, 1], color=BLUE, linewidth=2)
axes.set(xlabel="x", title="limit = 1, knee = 2")
axes.text(0.2, -0.6, "slope 1", color=BLUE)
axes.text(4.8, 1.5, "slope 0", color=BLUE, ha="right")
axes.text(1.7, 1.05, "a knee", color=ORANGE)
cross(axes)
plt.show()

# %% [markdown] tags=["variant:q5=ceiling"]
# ### By hand
#
# With limit = 1 and knee = 2:
#
# | x | which piece | f(x) |
# |---|---|---|
# | 0.5 | near 0 | 0.5 |
# | −2 | knee, left side | −(2 − 1² / 4) = −1.75 |
# | 5 | ceiling | 1 + 1 = 2 |
#
# At both ends of a knee, its value *and its slope* are those of the straight piece. The slope at x = −2 is +0.5. Find
# out why.

# %% [markdown]
# ### Question 5 (10 points)
#
# `bend(x, ...)` for `x` of any shape, and `bend_backward(grad, x, ...)`: `grad` is the gradient of the result, `x` is
# what went in; all of one shape. The other arguments are numbers, as in the definition. They get no gradient.
#
# | part | points | |
# |---|---|---|
# | outer | 2 | the value on the straight pieces |
# | joint | 2 | the value on the round pieces |
# | outer_slope | 3 | the gradient on the straight pieces |
# | joint_slope | 3 | the gradient on the round pieces |


# %% tags=["variant:q5=joint"]
# answer: q5
def bend(x, leak, width):
    """Any shape -> the same shape."""
    ### BEGIN SOLUTION
    joint = leak * x + (1 - leak) * (x + width) ** 2 / (4 * width)
    return np.where(x <= -width, leak * x, np.where(x >= width, x, joint))
    ### END SOLUTION


# %% tags=["variant:q5=joint"]
# answer: q5
def bend_backward(grad, x, leak, width):
    """Gradient of the result, and what went in -> gradient of x; all of one shape."""
    ### BEGIN SOLUTION
    joint = leak + (1 - leak) * (x + width) / (2 * width)
    return grad * np.where(x <= -width, leak, np.where(x >= width, 1.0, joint))
    ### END SOLUTION


# %% tags=["variant:q5=shrink"]
# answer: q5
def bend(x, threshold, knee):
    """Any shape -> the same shape."""
    ### BEGIN SOLUTION
    u = np.abs(x)
    outside = np.where(u < threshold + knee, (u - threshold) ** 2 / (2 * knee), u - threshold - knee / 2)
    return np.sign(x) * np.where(u <= threshold, 0.0, outside)
    ### END SOLUTION


# %% tags=["variant:q5=shrink"]
# answer: q5
def bend_backward(grad, x, threshold, knee):
    """Gradient of the result, and what went in -> gradient of x; all of one shape."""
    ### BEGIN SOLUTION
    return grad * np.clip((np.abs(x) - threshold) / knee, 0, 1)
    ### END SOLUTION


# %% tags=["variant:q5=ceiling"]
# answer: q5
def bend(x, limit, knee):
    """Any shape -> the same shape."""
    ### BEGIN SOLUTION
    u = np.abs(x)
    outside = np.where(u < limit + knee, u - (u - limit) ** 2 / (2 * knee), limit + knee / 2)
    return np.sign(x) * np.where(u <= limit, u, outside)
    ### END SOLUTION


# %% tags=["variant:q5=ceiling"]
# answer: q5
def bend_backward(grad, x, limit, knee):
    """Gradient of the result, and what went in -> gradient of x; all of one shape."""
    ### BEGIN SOLUTION
    return grad * np.clip(1 - (np.abs(x) - limit) / knee, 0, 1)
    ### END SOLUTION


# %%
check("q5")

# %% tags=["variant:q5=joint"]
BEND = {"leak": 0.1, "width": 0.5}  # for the network at the end

# %% tags=["variant:q5=shrink"]
BEND = {"threshold": 0.1, "knee": 0.5}  # for the network at the end

# %% tags=["variant:q5=ceiling"]
BEND = {"limit": 1.0, "knee": 1.0}  # for the network at the end

# %% [markdown]
# Look at your two functions. The orange curve must be the slope of the blue one everywhere.

# %%
at = np.linspace(-4, 4, 401)
height, steepness = bend(at, **BEND), bend_backward(np.ones(401), at, **BEND)
figure, axes = plt.subplots(figsize=(6, 2.9), layout="constrained")
axes.plot(at, height, color=BLUE, label="bend")
axes.plot(at, steepness, color=ORANGE, label="its slope, from bend_backward")
axes.plot(at, np.gradient(height, at), ":", color=GREY, label="its slope, by differences")
axes.set(xlabel="x", title=", ".join(f"{name} = {value:g}" for name, value in BEND.items()))
axes.legend()
cross(axes)
plt.show()

# %% [markdown]
# ## 6. Cross-entropy: how wrong is an answer?
#
# ### The problem
#
# The network gives a *score* for each class. Training needs one number that says how wrong the scores are. First, the
# **softmax** turns the scores $s_k$ of an image into probabilities; then the loss is the negative logarithm of the
# probability of the true class $y$:
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad \ell = -\log p_y$$
#
# Certain and right: the loss is 0. Certain and wrong: it has no limit. The loss of a batch of N images is the **mean**
# of their losses.

# %% jupyter={"source_hidden": true}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.4, 2.7), layout="constrained")
colours = [GREY, GREEN, GREY]
left.bar(range(3), [0, 0.693, 1.609], color=colours)
left.set(title="scores\n0, log 2, log 5", xticks=range(3), xlabel="class (1 is the true one)")
middle.bar(range(3), [1 / 8, 2 / 8, 5 / 8], color=colours)
middle.set(title="probabilities\n1/8, 2/8, 5/8", xticks=range(3), xlabel="class", ylim=(0, 1))
p = np.linspace(0.01, 1, 200)
right.plot(p, -np.log(p), color=BLUE, linewidth=2)
right.plot(0.25, 1.386, "o", color=GREEN)
right.annotate("log 4 = 1.386", (0.25, 1.386), (0.4, 2.2), arrowprops={"arrowstyle": "-", "color": GREY})
right.set(title="the loss", xlabel="probability of the true class")
right.grid(alpha=0.25)
plt.show()

# %% [markdown]
# ### By hand
#
# One image, three classes, scores [0, log 2, log 5], true class 1. (Logarithms are natural ones, `np.log`.) The
# exponentials are 1, 2, 5; their sum is 8. So the probabilities are [1/8, 2/8, 5/8], and the loss is −log(2/8) = log 4
# = **1.386**.
#
# The gradient with respect to the scores: write the loss as $\log \sum_j e^{s_j} - s_y$ and take the derivative. For
# this image the result is [1/8, **−6/8**, 5/8]. It sums to 0. Why must it? In a batch, each image counts 1/N.
#
# ### Large numbers
#
# `np.exp(800)` is `inf`, and `inf / inf` is `nan`. `np.exp(-800)` is 0, and `0 / 0` is `nan`. But if the same number is
# added to all scores of an image, *its probabilities do not change*. So you may move the scores before you use `exp`,
# such that nothing can overflow and the sum is never 0.
#
# One trap is left. For scores [0, −1000] and true class 1 the probability is $e^{-1000}$. The computer makes that 0,
# and −log 0 is infinite. But the loss is just 1000: use the form $\log \sum_j e^{s_j} - s_y$.
#
# ### Question 6 (14 points)
#
# `scores` (N, K) floats, `labels` (N,) integers from 0 to K − 1: the true classes.
#
# `cross_entropy(scores, labels)` returns the mean loss: a number. `cross_entropy_backward(scores, labels)` returns the
# gradient of the mean loss with respect to the scores, (N, K).
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image |
# | mean | 2 | the loss of several images |
# | large | 2 | the loss, for scores near +1000 or −1000 |
# | far | 2 | the loss, where the true class is 1000 below the best |
# | slope | 2 | the gradient for one image |
# | slope_mean | 2 | the gradient for several images |
# | slope_large | 2 | the gradient, for scores near +1000 or −1000 |


# %%
# answer: q6
def cross_entropy(scores, labels):
    """(N, K), (N,) -> a number."""
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses.mean()
    ### END SOLUTION


# %%
# answer: q6
def cross_entropy_backward(scores, labels):
    """(N, K), (N,) -> (N, K)."""
    ### BEGIN SOLUTION
    grad = np.exp(scores - scores.max(axis=1, keepdims=True))
    grad /= grad.sum(axis=1, keepdims=True)
    grad[np.arange(len(labels)), labels] -= 1
    return grad / len(labels)
    ### END SOLUTION


# %%
check("q6")

# %% [markdown]
# **Try it:** if all scores are equal, the loss must be log K: with ten classes, 2.303. And a gradient can always be
# judged by differences:


# %%
def judge(loss, backward, scores, labels, step=1e-6, **settings):
    """Return the largest distance between ``backward`` and central differences of ``loss``."""
    expected = np.zeros(scores.shape)
    for index in np.ndindex(scores.shape):
        shift = np.zeros(scores.shape)
        shift[index] = step
        above, below = loss(scores + shift, labels, **settings), loss(scores - shift, labels, **settings)
        expected[index] = (above - below) / (2 * step)
    return np.abs(backward(scores, labels, **settings) - expected).max()


some_scores, some_labels = np.random.default_rng(0).standard_normal((5, 10)), np.array([3, 1, 4, 1, 5])
print("equal scores:", cross_entropy(np.zeros((4, 10)), np.array([0, 3, 9, 9])))
print("gradient, largest error:", judge(cross_entropy, cross_entropy_backward, some_scores, some_labels))

# %% [markdown]
# ## 7. This term's cross-entropy

# %% [markdown] tags=["variant:q7=neighbours"]
# ### The definition
#
# Sometimes classes have an order: ages, grades, stars from 1 to 5. Someone who wrote "4" may well have meant 3 or 5,
# but not 1. So the target is not only the true class: its **neighbours** get a share as well.
#
# `smoothing` is a number from 0 to less than 1. The true class y has the target probability 1 − smoothing. The rest,
# smoothing, is split evenly among the neighbours of y that exist: y − 1 and y + 1. The first and the last class have
# *one* neighbour, and it gets all of smoothing. All other targets are 0; K is at least 2. With the targets $q_k$ and
# the softmax probabilities $p_k$, the loss of one image is
#
# $$\ell = -\sum_k q_k \log p_k$$
#
# and the loss of a batch is the mean over its images.

# %% jupyter={"source_hidden": true} tags=["variant:q7=neighbours"]
figure, grid = plt.subplots(1, 3, figsize=(9.2, 2.4), layout="constrained", sharey=True)
for axes, label, target in zip(grid, (2, 0, 4), ([0, 0.1, 0.8, 0.1, 0], [0.8, 0.2, 0, 0, 0], [0, 0, 0, 0.2, 0.8])):
    bars = axes.bar(range(5), target, color=[GREEN if k == label else ORANGE for k in range(5)])
    axes.bar_label(bars, [f"{q:g}" for q in target], color=GREY)
    axes.set(title=f"targets, true class {label}", xlabel="class", ylim=(0, 1))
plt.show()

# %% [markdown] tags=["variant:q7=neighbours"]
# ### By hand
#
# Scores [0, log 2, log 5], so p = [1/8, 2/8, 5/8]; smoothing = 0.2.
#
# - True class 1: q = [0.1, 0.8, 0.1]. Loss: 0.1 · log 8 + 0.8 · log 4 + 0.1 · log(8/5) = 0.208 + 1.109 + 0.047 =
#   **1.364**. The gradient is [0.025, −0.55, 0.525].
# - True class 0: q = [0.8, 0.2, 0]. Loss: 0.8 · log 8 + 0.2 · log 4 = 1.664 + 0.277 = **1.941**. The gradient is
#   [−0.675, 0.05, 0.625].
#
# ### Question 7 (10 points)
#
# `special_cross_entropy(scores, labels, smoothing)` returns the mean loss, a number;
# `special_cross_entropy_backward(scores, labels, smoothing)` the gradient with respect to the scores, (N, K). `scores`
# (N, K), `labels` (N,) as in question 6.
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image; the true class has two neighbours |
# | slope | 2 | its gradient |
# | twist | 2 | loss and gradient of one image whose true class is the first or the last |
# | batch | 2 | loss and gradient of several images |
# | large | 2 | loss and gradient of one image with scores near ±1000 |


# %% tags=["variant:q7=neighbours"]
# answer: q7
def special_cross_entropy(scores, labels, smoothing):
    """(N, K), (N,), a number -> a number."""
    ### BEGIN SOLUTION
    n, k = scores.shape
    distance = np.abs(np.arange(k) - labels[:, None])
    neighbours = (distance == 1).astype(float)
    target = (1 - smoothing) * (distance == 0) + smoothing * neighbours / neighbours.sum(axis=1, keepdims=True)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(target * log_p).sum() / n
    ### END SOLUTION


# %% tags=["variant:q7=neighbours"]
# answer: q7
def special_cross_entropy_backward(scores, labels, smoothing):
    """(N, K), (N,), a number -> (N, K)."""
    ### BEGIN SOLUTION
    n, k = scores.shape
    distance = np.abs(np.arange(k) - labels[:, None])
    neighbours = (distance == 1).astype(float)
    target = (1 - smoothing) * (distance == 0) + smoothing * neighbours / neighbours.sum(axis=1, keepdims=True)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return (p - target) / n
    ### END SOLUTION


# %% [markdown] tags=["variant:q7=margin"]
# ### The definition
#
# Sometimes a class must be recognised *clearly*, because it is rare or because a mistake is expensive. So in training
# we make it harder: before the softmax, a **margin** is subtracted from the score of the true class. Each class has
# its own margin. Then all scores are multiplied by `scale`.
#
# `margins` is an array (K,) of numbers ≥ 0, `scale` a number > 0. For an image with the true class y:
#
# $$t_k = \begin{cases} \mathit{scale} \cdot (s_y - \mathit{margins}_y) & k = y \\
# \mathit{scale} \cdot s_k & \text{else} \end{cases} \qquad
# p_k = \frac{e^{t_k}}{\sum_j e^{t_j}} \qquad \ell = -\log p_y$$
#
# The loss of a batch is the mean over its images. The gradient is that with respect to the scores $s$.

# %% jupyter={"source_hidden": true} tags=["variant:q7=margin"]
figure, grid = plt.subplots(1, 3, figsize=(9.2, 2.4), layout="constrained", sharey=True)
for axes, shown, title in zip(
    grid,
    ([1 / 8, 2 / 8, 5 / 8], [1 / 7, 1 / 7, 5 / 7], [1 / 27, 1 / 27, 25 / 27]),
    ("p without a margin", "p, margin log 2, scale 1", "p, margin log 2, scale 2"),
):
    bars = axes.bar(range(3), shown, color=[GREY, GREEN, GREY])
    axes.bar_label(bars, [f"{p:.3f}" for p in shown], color=GREY)
    axes.set(title=title, xlabel="class (1 is the true one)", xticks=range(3), ylim=(0, 1.1))
plt.show()

# %% [markdown] tags=["variant:q7=margin"]
# ### By hand
#
# Scores [0, log 2, log 5], margins = [0, log 2, 0], true class 1.
#
# - scale = 1: t = [0, 0, log 5], p = [1/7, 1/7, 5/7]. Loss: log 7 = **1.946**. The gradient is [1/7, −6/7, 5/7].
# - scale = 2: t = [0, 0, log 25], p = [1/27, 1/27, 25/27]. Loss: log 27 = **3.296**. The gradient is [0.074, −1.926,
#   1.852].
#
# ### Question 7 (10 points)
#
# `special_cross_entropy(scores, labels, margins, scale)` returns the mean loss, a number;
# `special_cross_entropy_backward(scores, labels, margins, scale)` the gradient with respect to the scores, (N, K).
# `scores` (N, K), `labels` (N,) as in question 6.
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image, scale 1 |
# | slope | 2 | its gradient |
# | twist | 2 | loss and gradient of one image with another scale |
# | batch | 2 | loss and gradient of several images, scale 1 |
# | large | 2 | loss and gradient of one image with scores near ±1000, scale 1 |


# %% tags=["variant:q7=margin"]
# answer: q7
def special_cross_entropy(scores, labels, margins, scale):
    """(N, K), (N,), (K,), a number -> a number."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    t = scores.astype(float)
    t[rows, labels] -= margins[labels]
    t *= scale
    t -= t.max(axis=1, keepdims=True)
    return (np.log(np.exp(t).sum(axis=1)) - t[rows, labels]).mean()
    ### END SOLUTION


# %% tags=["variant:q7=margin"]
# answer: q7
def special_cross_entropy_backward(scores, labels, margins, scale):
    """(N, K), (N,), (K,), a number -> (N, K)."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    t = scores.astype(float)
    t[rows, labels] -= margins[labels]
    t *= scale
    p = np.exp(t - t.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    return scale * p / len(labels)
    ### END SOLUTION


# %% [markdown] tags=["variant:q7=temperature"]
# ### The definition
#
# Sometimes the scores of the classes do not have the same unit, because they come from different networks. So each
# class gets a **temperature** by which its score is divided before the softmax. A high temperature makes a class
# careful: its score then matters less.
#
# `temperatures` is an array (K,) of numbers > 0. For an image with the true class y:
#
# $$t_k = \frac{s_k}{\mathit{temperatures}_k} \qquad p_k = \frac{e^{t_k}}{\sum_j e^{t_j}} \qquad \ell = -\log p_y$$
#
# The loss of a batch is the mean over its images. The gradient is that with respect to the scores $s$.

# %% jupyter={"source_hidden": true} tags=["variant:q7=temperature"]
figure, grid = plt.subplots(1, 3, figsize=(9.2, 2.4), layout="constrained", sharey=True)
for axes, shown, title in zip(
    grid,
    ([1 / 8, 2 / 8, 5 / 8], [0.1, 0.4, 0.5], [0.226, 0.269, 0.505]),
    ("p, all temperatures 1", "p, temperatures 1, 0.5, 1", "p, all temperatures 2"),
):
    bars = axes.bar(range(3), shown, color=[GREY, GREEN, GREY])
    axes.bar_label(bars, [f"{p:.3f}" for p in shown], color=GREY)
    axes.set(title=title, xlabel="class (1 is the true one)", xticks=range(3), ylim=(0, 1))
plt.show()

# %% [markdown] tags=["variant:q7=temperature"]
# ### By hand
#
# Scores [0, log 2, log 5], temperatures = [1, 0.5, 1], true class 1. Then t = [0, 2 log 2, log 5], its exponentials are
# 1, 4, 5, and p = [0.1, 0.4, 0.5]. Loss: −log 0.4 = **0.916**. The gradient is [0.1, −1.2, 0.5]. It does not sum to 0
# here. Why not?
#
# ### Question 7 (10 points)
#
# `special_cross_entropy(scores, labels, temperatures)` returns the mean loss, a number;
# `special_cross_entropy_backward(scores, labels, temperatures)` the gradient with respect to the scores, (N, K).
# `scores` (N, K), `labels` (N,) as in question 6.
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image; all temperatures are equal, but not 1 |
# | slope | 2 | its gradient |
# | twist | 2 | loss and gradient of one image; the temperatures are different |
# | batch | 2 | loss and gradient of several images, different temperatures |
# | large | 2 | loss and gradient of one image with scores near ±1000; all temperatures are 1 |


# %% tags=["variant:q7=temperature"]
# answer: q7
def special_cross_entropy(scores, labels, temperatures):
    """(N, K), (N,), (K,) -> a number."""
    ### BEGIN SOLUTION
    t = scores / temperatures
    t -= t.max(axis=1, keepdims=True)
    return (np.log(np.exp(t).sum(axis=1)) - t[np.arange(len(labels)), labels]).mean()
    ### END SOLUTION


# %% tags=["variant:q7=temperature"]
# answer: q7
def special_cross_entropy_backward(scores, labels, temperatures):
    """(N, K), (N,), (K,) -> (N, K)."""
    ### BEGIN SOLUTION
    t = scores / temperatures
    p = np.exp(t - t.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / temperatures / len(labels)
    ### END SOLUTION


# %%
check("q7")

# %% tags=["variant:q7=neighbours"]
SPECIAL = {"smoothing": 0.1}

# %% tags=["variant:q7=margin"]
SPECIAL = {"margins": np.linspace(0.2, 1, 10), "scale": 1.5}

# %% tags=["variant:q7=temperature"]
SPECIAL = {"temperatures": np.linspace(0.9, 1.1, 10)}

# %%
error = judge(special_cross_entropy, special_cross_entropy_backward, some_scores, some_labels, **SPECIAL)
print("gradient, largest error:", error)

# %% [markdown]
# ## 8. The hinge loss: good enough is good enough
#
# ### The problem
#
# Cross-entropy is never content: it always wants the true class to be still more probable. The loss of the **support
# vector machine** (SVM) is content when the score of the true class is *by 1 higher* than that of every other class.
# Scores that come nearer, or are even higher, lie in a **zone**: it begins at $s_y - 1$. A rival in the zone costs as
# much as it is inside:
#
# $$\ell = \sum_{j \ne y} \max(0,\; s_j - s_y + 1)$$
#
# The sum goes over the rivals, not over the true class itself. The loss of a batch is the mean over its images.

# %% jupyter={"source_hidden": true}
draw_scores([2, 0.5, 3, 1.5], 0, counted=(2, 3))

# %% [markdown]
# ### By hand
#
# Scores [2, 0.5, 3, 1.5], true class 0. The zone begins at 2 − 1 = 1.
#
# | rival | its score − 2 + 1 | costs |
# |---|---|---|
# | 1 | 0.5 − 2 + 1 = −0.5 | 0 |
# | 2 | 3 − 2 + 1 = 2 | 2 |
# | 3 | 1.5 − 2 + 1 = 0.5 | 0.5 |
#
# The loss is **2.5**. The gradient: if a rival in the zone gains a little, the loss grows by as much. If the *true
# class* gains a little, every rival in the zone gets cheaper by as much. So the gradient is [**−2**, 0, 1, 1]. A rival
# exactly at the border costs nothing and gets **no gradient**.
#
# ### Question 8 (8 points)
#
# `hinge(scores, labels)` returns the mean loss, a number; `hinge_backward(scores, labels)` its gradient with respect to
# the scores, (N, K). `scores` (N, K), `labels` (N,).
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image |
# | mean | 1 | the loss of several images |
# | slope | 2 | the gradient for one image |
# | slope_mean | 1 | the gradient for several images |
# | corner | 2 | the gradient, where rivals are exactly at the border |


# %%
# answer: q8
def hinge(scores, labels):
    """(N, K), (N,) -> a number."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    margins = np.maximum(0, scores - scores[rows, labels][:, None] + 1)
    margins[rows, labels] = 0
    return margins.sum() / len(labels)
    ### END SOLUTION


# %%
# answer: q8
def hinge_backward(scores, labels):
    """(N, K), (N,) -> (N, K)."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    grad = (scores - scores[rows, labels][:, None] + 1 > 0).astype(float)
    grad[rows, labels] = 0
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
    ### END SOLUTION


# %%
check("q8")

# %% [markdown]
# **Try it:** if all scores are equal, the loss must be K − 1: with ten classes, 9. What does your function say if it
# counts the true class as well?
#
# ## 9. This term's hinge loss

# %% [markdown] tags=["variant:q9=rivals"]
# ### The definition
#
# With a thousand classes, most rivals are of no interest. So we look at the **strongest rivals** only: the `rivals`
# classes with the highest scores, the true class not counted. Each of them costs the *square* of how far it is inside
# the zone (0 if it is not inside):
#
# $$\ell = \sum_{j\, \in\, \text{strongest}} \max(0,\; s_j - s_y + 1)^2$$
#
# `rivals` is an integer from 1 to K − 1. If two rivals have the same score, the one with the **lower class number** is
# the stronger one. The loss of a batch is the mean over its images.

# %% jupyter={"source_hidden": true} tags=["variant:q9=rivals"]
draw_scores([2, 1.5, 3, 2.5], 0, counted=(2, 3), title="rivals = 2: only the orange ones count")

# %% [markdown] tags=["variant:q9=rivals"]
# ### By hand
#
# Scores [2, 1.5, 3, 2.5], true class 0, rivals = 2. The two strongest are class 2 (inside by 3 − 2 + 1 = 2) and class 3
# (inside by 1.5). Class 1 is in the zone, but it is only the third. Loss: 2² + 1.5² = **6.25**. Gradient: [**−7**, 0,
# 4, 3].
#
# A tie: scores [2, 3, 3, 1], true class 0, rivals = 1. Classes 1 and 2 have the same score, so class 1 is the strongest
# one. Loss: 2² = 4. Gradient: [−4, 4, **0**, 0].
#
# ### Question 9 (8 points)
#
# `special_hinge(scores, labels, rivals)` returns the mean loss, a number; `special_hinge_backward(scores, labels,
# rivals)` its gradient with respect to the scores, (N, K).
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image |
# | slope | 2 | its gradient |
# | batch | 2 | loss and gradient of several images |
# | special | 2 | loss and gradient of one image, where a tie decides which rivals count |


# %% tags=["variant:q9=rivals"]
# answer: q9
def special_hinge(scores, labels, rivals):
    """(N, K), (N,), an integer -> a number."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    strongest = np.argsort(-others, axis=1, kind="stable")[:, :rivals]
    lacks = np.maximum(0, scores[rows[:, None], strongest] - scores[rows, labels][:, None] + 1)
    return (lacks**2).sum() / len(labels)
    ### END SOLUTION


# %% tags=["variant:q9=rivals"]
# answer: q9
def special_hinge_backward(scores, labels, rivals):
    """(N, K), (N,), an integer -> (N, K)."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    strongest = np.argsort(-others, axis=1, kind="stable")[:, :rivals]
    lacks = np.maximum(0, scores[rows[:, None], strongest] - scores[rows, labels][:, None] + 1)
    grad = np.zeros(scores.shape)
    grad[rows[:, None], strongest] = 2 * lacks
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
    ### END SOLUTION


# %% [markdown] tags=["variant:q9=strongest"]
# ### The definition
#
# For the answer of the network, only the **strongest rival** matters: the class with the highest score, the true class
# not counted. It costs the *square* of how far it is inside the zone (0 if it is not inside). Where the zone begins is
# set by an argument, `margin` > 0:
#
# $$\ell = \max(0,\; s_r - s_y + \mathit{margin})^2 \qquad s_r = \max_{j \ne y} s_j$$
#
# The loss counts one rival only, also if several share the highest score. The gradient that goes to the rivals is then
# **split evenly** among all rivals that share it. The loss of a batch is the mean over its images.

# %% jupyter={"source_hidden": true} tags=["variant:q9=strongest"]
draw_scores([2, 1.5, 3, 2.5], 0, counted=(2,), title="margin = 1: only the orange one counts")

# %% [markdown] tags=["variant:q9=strongest"]
# ### By hand
#
# Scores [2, 1.5, 3, 2.5], true class 0, margin = 1. The strongest rival is class 2, inside by 3 − 2 + 1 = 2. Loss: 2² =
# **4**. Gradient: [**−4**, 0, 4, 0].
#
# A tie: scores [2, 3, 3, 1], true class 0, margin = 1. Classes 1 and 2 are equally strong. Loss: 2² = 4, not 8.
# Gradient: [−4, **2**, **2**, 0].
#
# ### Question 9 (8 points)
#
# `special_hinge(scores, labels, margin)` returns the mean loss, a number; `special_hinge_backward(scores, labels,
# margin)` its gradient with respect to the scores, (N, K).
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image |
# | slope | 2 | its gradient |
# | batch | 2 | loss and gradient of several images |
# | special | 2 | loss and gradient of one image, where several rivals are equally strong |


# %% tags=["variant:q9=strongest"]
# answer: q9
def special_hinge(scores, labels, margin):
    """(N, K), (N,), a number -> a number."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    lacks = np.maximum(0, others.max(axis=1) - scores[rows, labels] + margin)
    return (lacks**2).mean()
    ### END SOLUTION


# %% tags=["variant:q9=strongest"]
# answer: q9
def special_hinge_backward(scores, labels, margin):
    """(N, K), (N,), a number -> (N, K)."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    lacks = np.maximum(0, others.max(axis=1) - scores[rows, labels] + margin)
    tied = others == others.max(axis=1, keepdims=True)
    grad = 2 * lacks[:, None] * tied / tied.sum(axis=1, keepdims=True)
    grad[rows, labels] = -2 * lacks
    return grad / len(labels)
    ### END SOLUTION


# %% [markdown] tags=["variant:q9=offenders"]
# ### The definition
#
# If many rivals are in the zone, the sum is large, and one such image can upset the training. So we take the **mean
# over the offenders**: the rivals inside the zone. Each costs the *square* of how far it is inside. And the zone begins
# for each class j at another place: the true class must be above it by `gaps[j]` > 0.
#
# $$v_j = \max(0,\; s_j - s_y + \mathit{gaps}_j), \qquad
# \ell = \frac{1}{\text{number of } j \ne y \text{ with } v_j > 0} \sum_{j \ne y} v_j^2$$
#
# An image without offenders has the loss 0 and the gradient 0. `gaps` (K,). The loss of a batch is the mean over *all*
# its images. (The number of offenders is a count. It has no gradient.)

# %% jupyter={"source_hidden": true} tags=["variant:q9=offenders"]
draw_scores([2, 0.5, 3, 2.5], 0, counted=(2, 3), title="all gaps 1: the orange ones offend")

# %% [markdown] tags=["variant:q9=offenders"]
# ### By hand
#
# Scores [2, 0.5, 3, 2.5], true class 0, gaps = [1, 1, 1, 0.5]. Class 1: 0.5 − 2 + 1 < 0, no offender. Class 2 is
# inside by 3 − 2 + 1 = 2, class 3 by 2.5 − 2 + 0.5 = 1. Loss: (2² + 1²) / 2 = **2.5**. Gradient: [**−3**, 0, 2, 1].
#
# Scores [2, 0, 0.5, 1], the same gaps: nobody offends. Loss: 0. Gradient: [0, 0, 0, 0].
#
# ### Question 9 (8 points)
#
# `special_hinge(scores, labels, gaps)` returns the mean loss, a number; `special_hinge_backward(scores, labels, gaps)`
# its gradient with respect to the scores, (N, K).
#
# | part | points | |
# |---|---|---|
# | one | 2 | the loss of one image |
# | slope | 2 | its gradient |
# | batch | 2 | loss and gradient of several images, each with offenders |
# | special | 2 | loss and gradient, where an image has no offender |


# %% tags=["variant:q9=offenders"]
# answer: q9
def special_hinge(scores, labels, gaps):
    """(N, K), (N,), (K,) -> a number."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    lacks = np.maximum(0, scores - scores[rows, labels][:, None] + gaps)
    lacks[rows, labels] = 0
    offenders = np.maximum((lacks > 0).sum(axis=1), 1)
    return ((lacks**2).sum(axis=1) / offenders).mean()
    ### END SOLUTION


# %% tags=["variant:q9=offenders"]
# answer: q9
def special_hinge_backward(scores, labels, gaps):
    """(N, K), (N,), (K,) -> (N, K)."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    lacks = np.maximum(0, scores - scores[rows, labels][:, None] + gaps)
    lacks[rows, labels] = 0
    offenders = np.maximum((lacks > 0).sum(axis=1, keepdims=True), 1)
    grad = 2 * lacks / offenders
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
    ### END SOLUTION


# %%
check("q9")

# %% tags=["variant:q9=rivals"]
HINGE = {"rivals": 2}

# %% tags=["variant:q9=strongest"]
HINGE = {"margin": 1.0}

# %% tags=["variant:q9=offenders"]
HINGE = {"gaps": np.linspace(0.5, 1.5, 10)}

# %%
print("gradient, largest error:", judge(special_hinge, special_hinge_backward, some_scores, some_labels, **HINGE))

# %% [markdown]
# ## 10. Smooth L1: numbers that should equal other numbers
#
# ### The problem
#
# A detector does not only say *what*, it also says *where*: four numbers for a box. How wrong is a number? The square
# of the difference d is smooth, but one wild example then pulls harder than all others together. |d| treats it calmly,
# but has a corner at 0. **Smooth L1** takes the square near 0 and the line outside. `beta` > 0 says where one becomes
# the other:
#
# $$\ell(d) = \begin{cases} \dfrac{d^2}{2\,\beta} & |d| < \beta \\[6pt] |d| - \dfrac{\beta}{2} & \text{else}
# \end{cases}$$

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
for beta, colour in ((0.5, ORANGE), (1, GREEN), (2, BLUE)):
    for side in (-1, 1):
        axes.plot([beta * side, 3.5 * side], [beta / 2, 3.5 - beta / 2], color=colour, linewidth=2)
    bent(axes, (-beta, beta / 2), (0, -beta / 2), (beta, beta / 2), colour)
    axes.plot([-beta, beta], [beta / 2, beta / 2], "o", color=colour, markersize=4, label=f"beta = {beta:g}")
axes.plot([-3.5, 0, 3.5], [3.5, 0, 3.5], ":", color=GREY, label="|d|")
axes.set(xlabel="d", title="smooth L1")
axes.legend(loc="upper center")
cross(axes)
plt.show()

# %% [markdown]
# ### By hand
#
# | d | beta | piece | loss | slope |
# |---|---|---|---|---|
# | 1 | 2 | square | 1 / 4 = 0.25 | 0.5 |
# | −1 | 2 | square | 0.25 | −0.5 |
# | 3 | 2 | line | 3 − 1 = 2 | 1 |
# | 1 | 0.5 | line | 1 − 0.25 = 0.75 | 1 |
#
# Both pieces meet at |d| = beta with the same value *and the same slope*. That is a good test for your formula.
#
# ### Question 10 (6 points)
#
# `smooth_l1(d, beta)`: `d` has any shape. It returns the loss **of each element**, in the shape of `d` (no mean here).
# `smooth_l1_backward(grad, d, beta)`: `grad`, in the shape of `d`, is the gradient of what `smooth_l1` returned. It
# returns the gradient of `d`.
#
# | part | points | |
# |---|---|---|
# | unit | 1 | the loss, beta = 1 |
# | beta | 2 | the loss, another beta |
# | slope_unit | 1 | the gradient, beta = 1 |
# | slope_beta | 2 | the gradient, another beta |


# %%
# answer: q10
def smooth_l1(d, beta):
    """Any shape, a number -> the same shape."""
    ### BEGIN SOLUTION
    size = np.abs(d)
    return np.where(size < beta, d**2 / (2 * beta), size - beta / 2)
    ### END SOLUTION


# %%
# answer: q10
def smooth_l1_backward(grad, d, beta):
    """Gradient of the result, what went in, a number -> gradient of d; all of one shape."""
    ### BEGIN SOLUTION
    return grad * np.where(np.abs(d) < beta, d / beta, np.sign(d))
    ### END SOLUTION


# %%
check("q10")

# %% [markdown]
# ## 11. This term's robust loss
#
# ### The problem
#
# Smooth L1 makes wild examples milder. One can also go further, and change the *mean* over the batch. Suppose that some
# labels are simply wrong. Then nobody should listen to the examples that stick out furthest.

# %% [markdown] tags=["variant:q11=mad"]
# ### The definition
#
# The **median absolute deviation** of N numbers $d_1 \dots d_N$, where N is odd. First their median c: the number in
# the middle after sorting. Then the deviations |d − c|, and the median of *these*:
#
# $$c = \mathrm{median}(d), \qquad L = \mathrm{median}\big(|d - c|\big)$$
#
# Ties: if two numbers are equal, the one with the **lower index** comes first in the sorted order. This holds for
# both medians. (The slope of |z| at z = 0 is 0.)
#
# ### By hand
#
# d = [3, 1, −2, 0.5, 10]. Sorted: −2, 0.5, **1**, 3, 10. So c = 1; it is the number with index 1. Deviations: [2, 0, 3,
# 0.5, 9]. Sorted: 0, 0.5, **2**, 3, 9. So **L = 2**; it comes from index 0.
#
# L is d[0] − d[1] here, and remains so for small changes. Its gradient is [1, **−1**, 0, 0, 0]: the median c is
# computed from d too.
#
# A tie: d = [1, −1, 2, 0, −2]. c = 0 (index 3), deviations [1, 1, 2, 0, 2]. In sorted order their indices are 3, 0,
# **1**, 2, 4. L = 1 comes from index 1, and the gradient is [0, −1, 0, 1, 0].
#
# ### Question 11 (6 points)
#
# `robust_loss(d)` returns L, a number; `robust_loss_backward(d)` its gradient, (N,). `d` (N,) floats, N odd.
#
# | part | points | |
# |---|---|---|
# | loss | 2 | the value |
# | slope | 2 | the gradient |
# | ties | 2 | the gradient, where deviations are equal |


# %% tags=["variant:q11=mad"]
# answer: q11
def robust_loss(d):
    """(N,) -> a number."""
    ### BEGIN SOLUTION
    return np.median(np.abs(d - np.median(d)))
    ### END SOLUTION


# %% tags=["variant:q11=mad"]
# answer: q11
def robust_loss_backward(d):
    """(N,) -> (N,)."""
    ### BEGIN SOLUTION
    middle = len(d) // 2
    centre = np.argsort(d, kind="stable")[middle]
    deviation = d - d[centre]
    chosen = np.argsort(np.abs(deviation), kind="stable")[middle]
    grad = np.zeros(len(d))
    grad[chosen] += np.sign(deviation[chosen])
    grad[centre] -= np.sign(deviation[chosen])
    return grad
    ### END SOLUTION


# %% [markdown] tags=["variant:q11=trimmed"]
# ### The definition
#
# The **trimmed mean** of absolute values. Of the N numbers $|d_1| \dots |d_N|$, the `trim` smallest and the `trim`
# largest are left out. L is the mean of the others. `trim` is an integer ≥ 0, and 2 · trim < N.
#
# Ties: if two absolute values are equal, the one with the **lower index** counts as the smaller one. (The slope of |d|
# at d = 0 is 0.)
#
# ### By hand
#
# d = [3, 1, −2, 0.5, 10], trim = 1. Absolute values: [3, 1, 2, 0.5, 10]. The smallest is 0.5 (index 3), the largest is
# 10 (index 4). **L** = (3 + 1 + 2) / 3 = **2**. Gradient: [1/3, 1/3, **−1/3**, 0, 0].
#
# A tie: d = [4, −4, 1, 2], trim = 1. Of the two 4, the one with index 1 is the larger one: it is left out. The smallest
# is index 2. L = (4 + 2) / 2 = 3. Gradient: [1/2, 0, 0, 1/2].
#
# ### Question 11 (6 points)
#
# `robust_loss(d, trim)` returns L, a number; `robust_loss_backward(d, trim)` its gradient, (N,). `d` (N,) floats.
#
# | part | points | |
# |---|---|---|
# | loss | 2 | the value |
# | slope | 2 | the gradient |
# | ties | 2 | the gradient, where equal values decide who is left out |


# %% tags=["variant:q11=trimmed"]
# answer: q11
def robust_loss(d, trim):
    """(N,), an integer -> a number."""
    ### BEGIN SOLUTION
    return np.sort(np.abs(d))[trim : len(d) - trim].mean()
    ### END SOLUTION


# %% tags=["variant:q11=trimmed"]
# answer: q11
def robust_loss_backward(d, trim):
    """(N,), an integer -> (N,)."""
    ### BEGIN SOLUTION
    kept = np.argsort(np.abs(d), kind="stable")[trim : len(d) - trim]
    grad = np.zeros(len(d))
    grad[kept] = np.sign(d[kept]) / len(kept)
    return grad
    ### END SOLUTION


# %% [markdown] tags=["variant:q11=winsorized"]
# ### The definition
#
# The **winsorized mean** of absolute values. Of the N numbers $|d_1| \dots |d_N|$, each of the `replace` largest is
# *replaced by the largest of the others*. L is the mean of the N numbers after that. `replace` is an integer ≥ 0, and
# replace < N.
#
# Ties: if two absolute values are equal, the one with the **lower index** counts as the smaller one. (The slope of |d|
# at d = 0 is 0.)
#
# ### By hand
#
# d = [3, 1, −2, 0.5, 10], replace = 1. Absolute values: [3, 1, 2, 0.5, 10]. The largest is 10 (index 4); the largest of
# the others is 3 (index 0). So **L** = (3 + 1 + 2 + 0.5 + 3) / 5 = **1.9**. The 3 is now used *twice*. Gradient:
# [**2/5**, 1/5, −1/5, 1/5, 0].
#
# A tie: d = [4, −4, 1, 2], replace = 1. Of the two 4, the one with index 1 is the larger one, and it is replaced by the
# other. L = (4 + 4 + 1 + 2) / 4. Gradient: [2/4, 0, 1/4, 1/4].
#
# ### Question 11 (6 points)
#
# `robust_loss(d, replace)` returns L, a number; `robust_loss_backward(d, replace)` its gradient, (N,). `d` (N,) floats.
#
# | part | points | |
# |---|---|---|
# | loss | 2 | the value |
# | slope | 2 | the gradient |
# | ties | 2 | the gradient, where equal values decide who is replaced |


# %% tags=["variant:q11=winsorized"]
# answer: q11
def robust_loss(d, replace):
    """(N,), an integer -> a number."""
    ### BEGIN SOLUTION
    ordered = np.sort(np.abs(d))
    return np.minimum(ordered, ordered[len(d) - 1 - replace]).mean()
    ### END SOLUTION


# %% tags=["variant:q11=winsorized"]
# answer: q11
def robust_loss_backward(d, replace):
    """(N,), an integer -> (N,)."""
    ### BEGIN SOLUTION
    order = np.argsort(np.abs(d), kind="stable")
    last = len(d) - 1 - replace
    grad = np.zeros(len(d))
    grad[order[: last + 1]] = np.sign(d[order[: last + 1]]) / len(d)
    grad[order[last]] *= replace + 1
    return grad
    ### END SOLUTION


# %%
check("q11")

# %% tags=["variant:q11=mad"]
ROBUST = {}

# %% tags=["variant:q11=trimmed"]
ROBUST = {"trim": 10}

# %% tags=["variant:q11=winsorized"]
ROBUST = {"replace": 10}

# %% [markdown]
# Does it help? Here are 41 points on a line. Seven of them, at the right, have a wrong label. Least squares listens to
# them. We begin with its line, and improve the slope with your gradient; after each step, the line is shifted such that
# half of the points lie above it.

# %%
rng = np.random.default_rng(3)
at = np.linspace(0, 4, 41)
seen = 1.0 * at + 1 + 0.15 * rng.standard_normal(41)
seen[33:40] -= rng.uniform(2, 4, 7)

squares = np.polyfit(at, seen, 1)  # slope and shift
slope, shift = squares[0], np.median(seen - squares[0] * at)
for step in range(600):
    grad = robust_loss_backward(slope * at + shift - seen, **ROBUST)  # (41,): the gradient of each difference
    slope -= 0.05 * 0.995**step * (grad * at).sum()
    shift = np.median(seen - slope * at)
print(f"slope: true 1, least squares {squares[0]:.2f}, your robust loss {slope:.2f}")

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
axes.plot(at, seen, "o", color=GREY, markersize=4, label="what was measured")
axes.plot(at, np.polyval(squares, at), color=ORANGE, label="least squares")
axes.plot(at, slope * at + shift, color=BLUE, label="your robust loss")
axes.legend()
axes.set(xlabel="x", ylabel="y")
axes.grid(alpha=0.25)
plt.show()

# %% [markdown]
# ## 12. All together: read handwritten digits
#
# Nothing new has to be written now. Your functions are put together to a network with two linear layers and a bend
# between them: 64 pixels -> 32 -> 10 scores.

# %%
scans, digits = load_scans()  # (1797, 24, 24), ink from 0 to 1; (1797,)
pixels = scans.reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4)).reshape(-1, 64).astype(float)
train_x, train_y = pixels[:TRAINING_SCANS], digits[:TRAINING_SCANS]
test_x, test_y = pixels[TRAINING_SCANS:], digits[TRAINING_SCANS:]
print(f"training: {train_x.shape}, test: {test_x.shape}")

# %% jupyter={"source_hidden": true}
figure, grid = plt.subplots(2, 10, figsize=(8.6, 2.1), layout="constrained")
for i, axes in enumerate(grid.flat):
    axes.imshow(train_x[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(str(train_y[i]), fontsize=9)
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# First: what would someone reach who has learned nothing? Two answers. *Always the most frequent digit.* And: *the
# digit whose mean image is nearest.* A network that is not better than these is not worth its name.

# %%
majority = np.bincount(train_y).argmax()
means = np.array([train_x[train_y == digit].mean(axis=0) for digit in range(10)])  # (10, 64)
distance = ((test_x[:, None] - means) ** 2).sum(axis=2)  # (500, 10)
baselines = {
    "always the most frequent digit": (test_y == majority).mean(),
    "nearest mean image": (distance.argmin(axis=1) == test_y).mean(),
}
for name, share in baselines.items():
    print(f"{name:32} {share:.1%}")


# %%
def relu_pair():
    return relu_forward, relu_backward


def bend_pair():
    return (lambda x: bend(x, **BEND)), (lambda grad, x: bend_backward(grad, x, **BEND))


def new_parameters(rng, hidden=32):
    """Return weights and biases for 64 -> hidden -> 10."""
    return [
        rng.standard_normal((hidden, 64)) * np.sqrt(2 / 64), np.zeros(hidden),
        rng.standard_normal((10, hidden)) * 0.05, np.zeros(10),
    ]  # fmt: skip


def scores_of(parameters, x, activation):
    w1, b1, w2, b2 = parameters
    return linear_forward(activation(linear_forward(x, w1, b1)), w2, b2)


def gradients_of(parameters, x, y, activation, activation_backward, loss_backward):
    """Return the gradient of the loss for each of the parameters: there, and back."""
    w1, b1, w2, b2 = parameters
    before = linear_forward(x, w1, b1)
    hidden = activation(before)
    scores = linear_forward(hidden, w2, b2)
    grad = loss_backward(scores, y)  # from here on, backwards
    grad_w2, grad_b2 = linear_weight_gradient(grad, hidden), linear_bias_gradient(grad)
    grad = linear_input_gradient(grad, w2)
    grad = activation_backward(grad, before)
    return [linear_weight_gradient(grad, x), linear_bias_gradient(grad), grad_w2, grad_b2]


def accuracy(parameters, x, y, activation):
    return (scores_of(parameters, x, activation).argmax(axis=1) == y).mean()


# the whole network, judged by differences, before it is trained
parameters = new_parameters(np.random.default_rng(0), hidden=4)
activation, activation_backward = relu_pair()
found = gradients_of(parameters, train_x[:6], train_y[:6], activation, activation_backward, cross_entropy_backward)
worst = 0.0
for parameter, gradient in zip(parameters, found):
    for index in list(np.ndindex(parameter.shape))[::7]:
        losses = []
        for step in (1e-5, -1e-5):
            before = parameter[index]
            parameter[index] = before + step
            losses.append(cross_entropy(scores_of(parameters, train_x[:6], activation), train_y[:6]))
            parameter[index] = before
        worst = max(worst, abs((losses[0] - losses[1]) / 2e-5 - gradient[index]))
print(f"gradient of the whole network, largest error: {worst:.1e}")
if worst > 1e-6:
    print("Something on the way back is wrong: check questions 3, 4 and 6 again.")

# %% [markdown]
# Now the training: 50 images at a time, a small step against the gradient, again and again. Four networks: the standard
# one; then one of your other functions at a time.


# %%
def train(pair, loss_backward, epochs, rate, batch=50):
    """Train a network; return its parameters, and its accuracy on the test digits after each epoch."""
    rng = np.random.default_rng(0)
    activation, activation_backward = pair
    parameters, shares = new_parameters(rng), []
    for _ in range(epochs):
        order = rng.permutation(len(train_x))
        for at in range(0, len(order), batch):
            part = order[at : at + batch]
            found = gradients_of(
                parameters, train_x[part], train_y[part], activation, activation_backward, loss_backward
            )
            for parameter, gradient in zip(parameters, found):
                parameter -= rate * gradient
        shares.append(accuracy(parameters, test_x, test_y, activation))
    return parameters, shares


EPOCHS = 10 if QUICK else 40
runs = {
    "ReLU, cross-entropy": (relu_pair(), cross_entropy_backward, 0.5),
    "ReLU, hinge": (relu_pair(), hinge_backward, 0.1),
    "bend, this term's cross-entropy": (
        bend_pair(), lambda scores, labels: special_cross_entropy_backward(scores, labels, **SPECIAL), 0.3
    ),
    "bend, this term's hinge": (
        bend_pair(), lambda scores, labels: special_hinge_backward(scores, labels, **HINGE), 0.1
    ),
}  # fmt: skip
results = {}
for name, (pair, loss_backward, rate) in runs.items():
    try:
        results[name] = train(pair, loss_backward, EPOCHS, rate)
    except NotImplementedError as error:
        print(f"{name}: left out. {error}")
for name, share in baselines.items():
    print(f"{name:32} {share:.1%}")
for name, (_, shares) in results.items():
    print(f"{name:32} {shares[-1]:.1%}")

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(figsize=(7.4, 3.4), layout="constrained")
for (name, (_, shares)), colour in zip(results.items(), (BLUE, GREEN, ORANGE, "#a868b4")):
    axes.plot(range(1, EPOCHS + 1), [100 * share for share in shares], color=colour, label=name)
for (name, share), line in zip(baselines.items(), (":", "--")):
    axes.axhline(100 * share, color=GREY, linestyle=line, label=name)
axes.set(xlabel="epoch", ylabel="test digits read rightly (%)", ylim=(0, 101))
axes.legend(loc="center right", fontsize=9)
axes.grid(alpha=0.25)
plt.show()

# %% [markdown]
# With all answers right, each network reads clearly more digits than the nearest mean image: **at least 90 %** of the
# test digits (in quick mode, 80 %).

# %%
goal = 0.8 if QUICK else 0.9
for name, (_, shares) in results.items():
    print(f"{name:32} {'reached' if shares[-1] >= goal else 'NOT reached'}")

# %% [markdown]
# And the digits that the first network got wrong:

# %% jupyter={"source_hidden": true}
if "ReLU, cross-entropy" in results:
    guess = scores_of(results["ReLU, cross-entropy"][0], test_x, relu_forward).argmax(axis=1)
    wrong = np.flatnonzero(guess != test_y)[:20]
    figure, grid = plt.subplots(2, 10, figsize=(8.6, 2.3), layout="constrained")
    for axes in grid.flat:
        axes.axis("off")
    for i, axes in zip(wrong, grid.flat):
        axes.imshow(test_x[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(f"{test_y[i]}, said {guess[i]}", fontsize=8)
    plt.show()

# %% [markdown]
# ## Before you hand in
#
# *Restart kernel and run all cells*, and look once more at all checks: `check()` lists every question. "Public checks
# passed" means that the examples in this notebook are right; the graders also try other numbers and sizes.

# %%
check()
