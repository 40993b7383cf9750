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
# # Classification and localisation: what is it, and where?
#
# So far, networks named a picture, or each of its pixels. Now a network gives two answers of two
# *kinds*: a class ("a cross") and a box (four numbers). A class is a choice from a list. A number
# can be nearly right. So the two need different losses, and one network has to serve both. This is
# the first step to detectors, which do the same for many objects in a picture.
#
# |  |  |
# |---|---|
# | **Time** | reading: 60 minutes; doing, with every Try it: 150 |
# | **You need** | [01](01_autograd.ipynb) (gradients), [02](02_convolution.ipynb) (convolution) |
# | **Good to know** | the IoU of pixels ([06](06_fcn.ipynb)), but we start from the beginning |
# | **You do not need** | a graphics card: all cells together run for two or three minutes |
#
# **At the end you can say**
# - which loss fits a class, which fits a number, and what the gradient of each one is;
# - how a box becomes four numbers that a network can learn, and how it is read back;
# - how to compute the IoU of two boxes, and why the same error is small for one box and large for
#   another;
# - how one trunk learns two tasks, and what the weight between the two losses does;
# - which four bugs everybody writes once, and how each of them looks.
#
# Where a sentence says **write down**, do so before you run the next cell: it has the answer. Where
# a function ends with `raise NotImplementedError`, write it yourself: nothing that follows needs
# it, and a solution is folded below it. Look for **Try it**. Nothing can break: *Restart kernel and
# run all* brings everything back.

# %%
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from tqdm.auto import tqdm

import minidet
import minidet.nn.functional as F
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import gradcheck
from minidet.data import ShapeScenes, sample_photograph
from minidet.data.transforms import Resize
from minidet.grading import check_blank
from minidet.metrics import LocalizationAccuracy, MeanBox
from minidet.models import Localizer
from minidet.models.backbones.vgg import VGG
from minidet.ops import box_iou
from minidet.viz.page import BLUE, DARK, GREEN, INK, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

same = np.testing.assert_allclose
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem: one object, two answers
#
# Here is a photograph (a blossom by vultilion, flickr.com/photos/vultilion, CC BY 2.0; it comes
# with scikit-learn). *What* is it? A flower. *Where* is it? We answer with the smallest upright
# rectangle around it, its **box**. A box is written as four numbers: the left, upper, right and
# lower edge, $(x_1, y_1, x_2, y_2)$, in pixels. $x$ counts to the right, $y$ counts **down**, and
# the corner of the picture is $(0, 0)$.
#
# The white box was drawn by hand. Three answers are drawn beside it. **Write down** which of the
# three you would accept as right.

# %%
flower = sample_photograph("flower", scale=0.3)  # (3, 128, 192)
truth = np.array([51.0, 25, 133, 107])
answers = {
    "A": truth + np.array([6, 4, 6, 4]),  # the right size, moved a little
    "B": np.array([68.0, 42, 116, 90]),  # the middle of the flower
    "C": truth + np.array([30, 0, 30, 0]),  # the right size, moved to the right
}
for name, box in answers.items():
    print(f"{name}: {box}, {box[2] - box[0]:.0f} wide, {box[3] - box[1]:.0f} high")


# %% jupyter={"source_hidden": true}
def rectangle(axes, box, colour, line="-", text="", width=2.2):
    """Draw a box (x1, y1, x2, y2), and a word at its right edge."""
    x1, y1, x2, y2 = box
    style = {"fill": False, "edgecolor": colour, "linewidth": width, "linestyle": line}
    axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, **style))
    axes.text(x2 - 2, y2 - 2, text, color=colour, fontsize=11, weight="bold", ha="right")


_, axes = viz.subplots(figsize=(5.2, 3.6))
axes.imshow(flower.transpose(1, 2, 0), interpolation="nearest")
rectangle(axes, truth, "white")
for (name, box), colour, line in zip(
    answers.items(), ("#7ec8ff", "#2020c0", "#9be8b6"), ("--", "-.", ":"), strict=True
):
    rectangle(axes, box, colour, line, name)
axes.set(xlabel="x, pixels", ylabel="y, pixels, downwards")
plt.show()

# %% [markdown]
# Most people accept A. B finds the flower, but only its middle; C is too far to the right. Section
# 4 turns this feeling into a number, the IoU, and a rule: from 0.5 on, a box is right.
#
# A photograph takes long to learn from. Our pictures are generated: `ShapeScenes` with one shape
# each. Its objects have patterns, stripes on stripes; to learn them takes an hour. So that a minute
# is enough, we paint object and ground anew, each in one colour. Light on dark is as likely as dark
# on light, and no class has a colour of its own: only the *outline* tells a class.

# %%
CLASSES = ["circle", "triangle", "cross"]
K = len(CLASSES) + 1  # the background counts as class 0, as it does for detectors
SIZE = 48


def repaint(image, target, rng):
    """Paint object and ground in one colour each; keep the box and the label."""
    while True:
        ground, paint = rng.random((2, 3, 1, 1))
        if abs(ground.mean() - paint.mean()) > 0.25:
            break
    image = np.where(target["masks"].any(0), paint, ground)
    image = np.clip(image + 0.03 * rng.standard_normal(image.shape), 0, 1).astype(np.float32)
    return image, {name: target[name] for name in ("boxes", "labels")}


def scenes(split, length):
    """Return pictures with one shape each."""
    return ShapeScenes(
        split, SIZE, length, classes=CLASSES, objects=1, transform=repaint, cache=True
    )


train_data = scenes("train", 100 if QUICK else 2000)  # painted anew at each visit
test_data = scenes("test", 24 if QUICK else 300)
pairs = [test_data.sample(i, np.random.default_rng(i)) for i in range(len(test_data))]
test_images, test_targets = zip(*pairs, strict=True)
test_images = np.stack(test_images)
print("images:", test_images.shape, "from 0 to 1")
print("a target:", test_targets[0])

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 6, figsize=(9.4, 3.4))
for image, target, axes in zip(test_images, test_targets, grid.ravel(), strict=False):
    axes.imshow(image.transpose(1, 2, 0), interpolation="nearest")
    rectangle(axes, target["boxes"][0], "white", width=1.5)
    axes.set(xticks=[], yticks=[])
    axes.set_title(CLASSES[target["labels"][0] - 1], fontsize=10)
plt.show()

# %% [markdown]
# The label is 1, 2 or 3: class 0 is kept for "nothing
# is here", the *background*. Our network never has to say it (there is always one object), but
# detectors do, so labels count from 1 everywhere. Section 8 shows what happens when they do not.
#
# This is the network. A **trunk** turns the picture into a map of features. Two **heads** look at
# the same map.


# %% jupyter={"source_hidden": true}
def canvas(width, height, xlim, ylim, **options):
    """Return axes without frame, for a drawing."""
    axes = plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")
    return axes


def block(axes, x, y, text, face, width=2.6, height=1.5):
    """Draw a rectangle around (x, y) with a text in it."""
    frame = {"facecolor": face, "edgecolor": "#606060", "linewidth": 0.9}
    axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, **frame))
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color=DARK)


def arrow(axes, start, end, text="", colour=INK):
    """Draw an arrow with a word above its middle."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.4})
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.15
    axes.text(*middle, text, ha="center", va="bottom", fontsize=8.5, color=colour)


def draw_network():
    """Draw a trunk and two heads, with the shape of each result."""
    axes = canvas(10, 2.9, (-0.2, 22.4), (-3.2, 3.2))
    block(axes, 1.3, 0, "picture\n3 × 48 × 48", "#ececec")
    block(axes, 5.5, 0, "trunk\nconvolutions", PALE_BLUE)
    block(axes, 9.6, 0, "map\n96 × 6 × 6", PALE_BLUE)
    for start, end in ((2.6, 4.2), (6.8, 8.3)):
        arrow(axes, (start, 0), (end, 0))
    rows = (
        (1.9, "mean over\nall cells", "3 scores", "class: one of 3", PALE_ORANGE, ORANGE),
        (-1.9, "4 × 4 cells,\nplace is kept", "4 numbers", "box: 4 edges", PALE_GREEN, GREEN),
    )
    for y, first, second, third, face, colour in rows:
        arrow(axes, (10.95, 0.3 if y > 0 else -0.3), (12.3, y), colour=colour)
        block(axes, 13.7, y, first, face)
        arrow(axes, (15.05, y), (16.5, y), "linear", colour)
        block(axes, 17.6, y, second, face, 2.2)
        arrow(axes, (18.7, y), (19.7, y), colour=colour)
        axes.text(19.8, y, third, va="center", fontsize=9.5, color=colour, weight="bold")
    plt.show()


draw_network()

# %% [markdown]
# The class head takes the mean over all cells: *what* does not depend on the place. The box head
# must not do this: *where* is exactly what a mean forgets.
#
# ## 2. Two kinds of answers, two kinds of losses
#
# A class is **categorical**: one of a list, without an order. "Circle" is 1 and "cross" is 3, but
# the triangle, 2, is not between them. So the network does not give a number. It gives a *score*
# for each class, and the largest one wins. A loss compares the score of the true class with the
# others.
#
# A box is **continuous**: four numbers, and a small error is better than a large one. A loss
# measures how far each number is away.
#
# ### Categorical: three ways to want the true class to win
#
# Scores $s = (2, \frac32, -1)$, and the first class is the true one, $y = 0$.
#
# - **Softmax and cross-entropy**: $p_k = e^{s_k} / \sum_j e^{s_j}$, the loss is $-\log p_y$. The
#   classes compete: more for one is less for the others. Gradient: $p_k$, minus 1 for the true
#   class.
# - **Sigmoid** (binary cross-entropy): $q_k = 1 / (1 + e^{-s_k})$, for each class *by itself*: "is
#   it this one, yes or no?" The loss is $-\log q_y - \sum_{k \ne y} \log(1 - q_k)$. Gradient:
#   $q_k$, minus 1 for the true class. It looks the same, but the $q_k$ need not add up to 1.
# - **Hinge** (as in a support vector machine): the true class has to *lead* by 1. Each other class
#   whose lead is missing pays: $\sum_{k \ne y} \max(0,\ 1 - s_y + s_k) / K$. Gradient: $+1/K$ for
#   each class that pays, and $-1/K$ for the true class, once for each of them.
#
# The first class wins already. **Write down** which of the three losses are 0, and for which of
# them the third class, which is far behind, still has a gradient.

# %%
scores, y = np.array([2.0, 1.5, -1.0]), 0
is_true = np.arange(3) == y

p = np.exp(scores) / np.exp(scores).sum()
q = 1 / (1 + np.exp(-scores))
missing = np.where(is_true, 0, np.maximum(0, 1 - scores[y] + scores))
by_hand = {
    "softmax": (-math.log(p[y]), p - is_true),
    "sigmoid": (-np.log(np.where(is_true, q, 1 - q)).sum(), q - is_true),
    "hinge": (missing.sum() / 3, ((missing > 0) - (missing > 0).sum() * is_true) / 3),
}
print("p =", p.round(3), " q =", q.round(3), " missing lead =", missing)
for name, (loss, gradient) in by_hand.items():
    print(f"{name:8} loss {loss:.4f}, gradient {gradient.round(4)}")

# %% [markdown]
# None is 0: the first class leads by only 0.5, and the hinge asks for 1. The hinge leaves the third
# class alone: it is far enough behind. Softmax and sigmoid never do: their gradients get small, but
# not 0.
#
# The next cell compares with numbers from paper, then with the library, and its gradients with
# finite differences.

# %%
e = math.exp
same(by_hand["softmax"][0], math.log(1 + e(-0.5) + e(-3)))
same(by_hand["hinge"][0], 0.5 / 3, err_msg="only the second class pays: 1 - 2 + 1.5 = 0.5")
same(by_hand["hinge"][1], [-1 / 3, 1 / 3, 0], err_msg="the gradient of the hinge")
library = {
    "softmax": lambda s: F.cross_entropy(s, np.array([y])),
    "sigmoid": lambda s: F.binary_cross_entropy_with_logits(
        s, tensor(is_true[None] * 1.0), reduction="sum"
    ),
    "hinge": lambda s: F.multi_margin_loss(s, np.array([y])),
}
for name, loss in library.items():
    s = tensor(scores[None], requires_grad=True)
    value = loss(s)
    value.backward()
    same(value.item(), by_hand[name][0], err_msg=f"{name}: the library's loss is another one")
    same(s.grad.numpy()[0], by_hand[name][1], err_msg=f"{name}: the library's gradient")
    assert gradcheck(loss, [s]), f"{name}: the gradient is not that of finite differences"
print("paper, formulas and library agree")

# %% [markdown]
# The hinge is the least known of the three. Write its gradient for any scores.


# %%
def hinge_gradient(scores, y):
    """Return the gradient (K,) of sum over k != y of max(0, 1 - scores[y] + scores[k]) / K."""
    raise NotImplementedError


check_blank(
    hinge_gradient,
    ((np.array([2.0, 1.5, -1.0]), 0), np.array([-1, 1, 0]) / 3, "one class pays"),
    ((np.array([0.0, 0.2, 0.1]), 0), np.array([-2, 1, 1]) / 3, "two classes pay"),
    ((np.array([0.0, 5.0, 1.0, 2.0]), 1), np.zeros(4), "the lead is large enough"),
    hint="first find which of the other classes pay; the true class gets -1/K for each of them",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def hinge_gradient(scores, y):
#     pays = 1 - scores[y] + scores > 0
#     pays[y] = False
#     gradient = pays / len(scores)
#     gradient[y] = -pays.sum() / len(scores)
#     return gradient
# ```
#
# </details>
#
# ### Continuous: how much does a distance cost?
#
# Let $d$ be what the network says minus what is true.
#
# | loss | of one number | gradient | at $d = 0.5$ | at $d = 0.01$ |
# |---|---|---|---|---|
# | **L2** | $d^2$ | $2d$ | 0.25, gradient 1 | 0.0001, gradient 0.02 |
# | **L1** | $\lvert d\rvert$ | sign of $d$ | 0.5, gradient 1 | 0.01, gradient 1 |
# | **smooth L1** | $d^2 / 2\beta$, or $\lvert d\rvert - \beta/2$ | $d/\beta$, or the sign | ? | ? |
#
# Smooth L1 is a parabola up to $\lvert d\rvert = \beta$, and a straight line beyond it. **Write
# down** the two missing entries for $\beta = 0.1$.


# %%
def smooth_l1_by_hand(d, beta):
    """Return the loss of a difference, and its gradient."""
    if abs(d) < beta:
        return d * d / (2 * beta), d / beta
    return abs(d) - beta / 2, math.copysign(1, d)


BETA = 0.1
for d in (0.5, 0.01, -0.2, 0.1):
    loss, gradient = smooth_l1_by_hand(d, BETA)
    x = tensor(np.array([d]), requires_grad=True)
    value = F.smooth_l1_loss(x, np.array([0.0]), beta=BETA)
    value.backward()
    same([value.item(), x.grad.item()], [loss, gradient], err_msg=f"the library's, at {d}")
    print(f"d = {d:5}: loss {loss:.4f}, gradient {gradient:+.2f}")

# %% [markdown]
# Far away it pulls like L1, with a gradient of 1; near the truth it fades like L2. Here are the
# losses of both kinds, and below each of them its gradient. **Write down** first: for which losses
# on the left does the gradient reach exactly 0, and for which on the right does it jump?

# %% jupyter={"source_hidden": true}
margin = np.linspace(-3, 4, 281)
away = np.linspace(-0.6, 0.6, 241)
small = np.abs(away) < BETA
left = {
    "softmax": (np.log1p(np.exp(-margin)), -1 / (1 + np.exp(margin))),
    "sigmoid": (2 * np.log1p(np.exp(-margin / 2)), -1 / (1 + np.exp(margin / 2))),
    "hinge": (np.maximum(0, 1 - margin) / 2, np.where(margin < 1, -0.5, 0.0)),
}
right = {
    "L2": (away**2, 2 * away),
    "L1": (np.abs(away), np.where(away == 0, np.nan, np.sign(away))),
    "smooth L1": (
        np.where(small, away**2 / (2 * BETA), np.abs(away) - BETA / 2),
        np.where(small, away / BETA, np.sign(away)),
    ),
}
_, grid = viz.subplots(2, 2, figsize=(9.2, 5.2))
LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."))
for column, x, losses in ((0, margin, left), (1, away, right)):
    for (name, rows), (colour, line) in zip(losses.items(), LINES, strict=True):
        for axes, values in zip(grid[:, column], rows, strict=True):
            axes.plot(x, values, line, color=colour, label=name, linewidth=1.8)
    for axes in grid[:, column]:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.axvline(0, color=INK, linewidth=0.8)
    grid[0, column].legend()
grid[0, 0].set(title="categorical: two classes", ylabel="loss")
grid[1, 0].set(xlabel="true score minus the other score", ylabel="gradient")
grid[0, 1].set(title="continuous: one number")
grid[1, 1].set(xlabel="what is said minus what is true")
plt.show()

# %% [markdown]
# Left: only the hinge reaches 0, as soon as the lead is 1. (For two classes with scores $m/2$ and
# $-m/2$, where $m$ is the lead.) A loss of classes falls in one direction only: more lead is never
# worse. Right: only L1 jumps, at 0. So near the truth it pushes the answer from one side to the
# other. A loss of numbers has its lowest point at the truth: too large is as bad as too small.
#
# Which one should a box use? Suppose that four people measured the same edge, and one made a
# mistake: 0.2, 0.2, 0.2, and 1.0. What should a network say that has to please all four? **Write
# down** what you think L2 and L1 choose.

# %%
labels = np.array([0.2, 0.2, 0.2, 1.0])
candidates = np.linspace(0, 1, 1001)
differences = candidates[:, None] - labels
best_l2 = candidates[(differences**2).sum(1).argmin()]
best_l1 = candidates[np.abs(differences).sum(1).argmin()]
print(f"L2 chooses {best_l2:.3f}, the mean is {labels.mean():.3f}")
print(f"L1 chooses {best_l1:.3f}, the median is {np.median(labels):.3f}")
assert abs(best_l2 - labels.mean()) < 0.002, "L2 has to choose the mean"

# %% [markdown]
# L2 chooses the **mean**, L1 the **median**. One wrong label pulls the mean a long way, and the
# median not at all. With L2 the gradient of the wrong label is the largest of the four. That is why
# detectors often take smooth L1: no label can pull harder than with a gradient of 1.
#
# **Try it:** make it a tie: `labels = np.array([0.2, 0.2, 1.0, 1.0])`. What does L1 choose now?
#
# <details><summary>What happens</summary>
#
# L2 chooses 0.6, the mean. For L1 *every* number from 0.2 to 1.0 is equally good: one step to the
# right brings two labels nearer and two further away. The search takes one of them; which one
# depends on how it rounds. (NumPy's median is the middle, 0.6, by agreement.)
#
# </details>
#
# ## 3. A box as four numbers
#
# In what unit should the head speak? In pixels, the right edge of a shape might be 40 in a small
# picture and 400 in a large one. A network starts with outputs near 0, and learns best when they
# stay around 1. So we divide by the size of the picture, and learn **shares** of its sides:
#
# $$t = \left(\frac{x_1}{W},\ \frac{y_1}{H},\ \frac{x_2}{W},\ \frac{y_2}{H}\right)$$
#
# All four are between 0 and 1. For the flower, $W = 192$ and $H = 128$. **Write down** $t$ for its
# box (51, 25, 133, 107), to two decimals. Which of the four would change if the same photograph
# were twice as large?

# %%
height, width = flower.shape[1:]
t = truth / [width, height, width, height]
print("t =", t.round(3))
large = sample_photograph("flower", scale=0.6)
twice = t * [large.shape[2], large.shape[1], large.shape[2], large.shape[1]]
print(f"in a picture of {large.shape[2]} x {large.shape[1]} pixels: {twice.round(0)}")

# %%
same(t, [51 / 192, 25 / 128, 133 / 192, 107 / 128], err_msg="x is divided by W, y by H")
assert ((t >= 0) & (t <= 1)).all(), f"a share is not between 0 and 1: {t}"

# %% [markdown]
# None would change. Read back, the same four shares are another box in pixels.
#
# A network may say anything, for example $t = (0.7, 0.1, 0.4, 1.2)$: the right edge is left of the
# left one, and the lower edge is below the picture. What is read back is therefore put in order
# ($x_1 \le x_2$, $y_1 \le y_2$) and cut at the borders. Write this.


# %%
def box_from_head(t, height, width):
    """Return the box (4,) in pixels of four shares: in order, and inside of the picture."""
    raise NotImplementedError


check_blank(
    box_from_head,
    ((np.array([0.25, 0.5, 0.75, 1.0]), 40, 60), np.array([15.0, 20, 45, 40]), "a usual box"),
    ((np.array([0.7, 0.1, 0.4, 0.9]), 10, 10), np.array([4.0, 1, 7, 9]), "left and right swapped"),
    ((np.array([-0.5, 0.1, 0.4, 1.2]), 10, 20), np.array([0.0, 1, 8, 10]), "beyond two borders"),
    hint="np.minimum and np.maximum of t[:2] and t[2:], then np.clip; x goes with the width",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def box_from_head(t, height, width):
#     first, second = np.minimum(t[:2], t[2:]), np.maximum(t[:2], t[2:])
#     edges = np.clip(np.concatenate([first, second]), 0, 1)
#     return edges * [width, height, width, height]
# ```
#
# </details>
#
# ## 4. IoU: how well do two boxes agree?
#
# The **intersection over union** is the area that both boxes cover, divided by the area that at
# least one covers. It is 1 for equal boxes, and 0 for boxes that do not meet. Two boxes on a grid:
# A is (1, 1, 6, 5), B is (3, 2, 9, 6). An edge is a *line* between cells, so A covers the columns 1
# to 5, not
# 6. **Write down**: how many cells has A, how many has B, how many have both? What is the IoU?


# %%
def iou_by_cells(a, b, height=8, width=10):
    """Return how many cells are in both boxes, how many in at least one, and the ratio."""
    both = either = 0
    for row in range(height):
        for column in range(width):
            in_a = a[0] <= column < a[2] and a[1] <= row < a[3]
            in_b = b[0] <= column < b[2] and b[1] <= row < b[3]
            both += in_a and in_b
            either += in_a or in_b
    return both, either, both / either


A, B = (1, 1, 6, 5), (3, 2, 9, 6)
both, either, ratio = iou_by_cells(A, B)
print(f"both {both}, at least one {either}, IoU {both}/{either} = {ratio:.3f}")


# %% jupyter={"source_hidden": true}
def draw_iou(a, b):
    """Draw two boxes on a grid of 10 x 8 cells, coloured by which boxes they are in."""
    axes = canvas(9.2, 3.6, (-0.8, 22), (8.4, -0.9), aspect="equal")
    faces = {(1, 0): PALE_BLUE, (0, 1): PALE_ORANGE, (1, 1): PALE_GREEN, (0, 0): "white"}
    count = 0
    for row in range(8):
        axes.text(-0.35, row + 0.5, str(row), ha="center", va="center", fontsize=8)
        for column in range(10):
            inside = tuple(int(x1 <= column < x2 and y1 <= row < y2) for x1, y1, x2, y2 in (a, b))
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor=faces[inside], edgecolor="#c0c0c0")
            )
            if inside == (1, 1):
                count += 1
                style = {"ha": "center", "va": "center", "fontsize": 9, "color": DARK}
                axes.text(column + 0.5, row + 0.5, str(count), **style)
    for column in range(10):
        axes.text(column + 0.5, -0.35, str(column), ha="center", va="center", fontsize=8)
    for (x1, y1, x2, y2), colour, line in ((a, BLUE, "-"), (b, ORANGE, "--")):
        edge = {"fill": False, "edgecolor": colour, "linewidth": 2.4, "linestyle": line}
        axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **edge))
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = a, b
    wide = min(ax2, bx2) - max(ax1, bx1)
    high = min(ay2, by2) - max(ay1, by1)
    area_a, area_b = (ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1)
    shared = max(wide, 0) * max(high, 0)
    lines = (
        (f"A: {ax2 - ax1} × {ay2 - ay1} = {area_a} cells", BLUE),
        (f"B: {bx2 - bx1} × {by2 - by1} = {area_b} cells", ORANGE),
        (f"x: from max({ax1}, {bx1}) to min({ax2}, {bx2}): {wide} columns", INK),
        (f"y: from max({ay1}, {by1}) to min({ay2}, {by2}): {high} rows", INK),
        (f"both: {max(wide, 0)} × {max(high, 0)} = {shared} cells", GREEN),
        (f"at least one: {area_a} + {area_b} − {shared} = {area_a + area_b - shared}", INK),
        (f"IoU = {shared} / {area_a + area_b - shared}", DARK),
        (f"       = {shared / (area_a + area_b - shared):.3f}", DARK),
    )
    for number, (text, colour) in enumerate(lines):
        colour = INK if colour == DARK else colour
        weight = "bold" if number > 5 else "normal"
        axes.text(11.2, 0.5 + number, text, va="center", fontsize=10, color=colour, weight=weight)
    plt.show()


draw_iou(A, B)

# %% [markdown]
# No cells have to be counted. The intersection is a rectangle again: it begins at the *larger* of
# the two left edges, and ends at the *smaller* of the two right ones; the same for y. The union is
# the sum of the areas minus the intersection, which would be counted twice. Write it.


# %%
def iou_of(a, b):
    """Return the IoU of two boxes (x1, y1, x2, y2)."""
    raise NotImplementedError


check_blank(
    iou_of,
    (((1, 1, 6, 5), (3, 2, 9, 6)), 9 / 35, "the boxes of the figure"),
    (((1, 1, 6, 5), (1, 1, 6, 5)), 1.0, "a box with itself"),
    (((0, 0, 2, 2), (3, 0, 5, 2)), 0.0, "boxes side by side"),
    (((0, 0, 2, 2), (3, 3, 5, 5)), 0.0, "apart in x and in y: two negative sides are no area"),
    hint="a side of the intersection is max(0, min of the ends - max of the beginnings)",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def iou_of(a, b):
#     wide = max(0, min(a[2], b[2]) - max(a[0], b[0]))
#     high = max(0, min(a[3], b[3]) - max(a[1], b[1]))
#     both = wide * high
#     areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
#     return both / (sum(areas) - both)
# ```
#
# </details>
#
# The library's `box_iou` takes two *lists* of boxes, and gives a table: each with each. The next
# cell compares it with counted cells, on random boxes.

# %%
assert (both, either) == (9, 35), f"on paper, 9 of 35 cells are in both; counted: {both}, {either}"
corners = np.sort(rng.integers(0, [10, 8], (40, 2, 2)), axis=1).reshape(40, 4)
boxes = np.array([1.0, 1, 1, 1]) * corners
boxes[:, 2:] += 1  # at least one cell
table = box_iou(boxes[:20], boxes[20:]).numpy()
counted = [[iou_by_cells(a, b, 9, 11)[2] for b in boxes[20:]] for a in boxes[:20]]
same(table, counted, rtol=1e-12, err_msg="the library's IoU is not the one of counted cells")
for name, box in answers.items():
    print(f"the flower, box {name}: IoU {box_iou(truth[None], box[None]).item():.2f}")

# %% [markdown]
# A is right by the rule "IoU at least 0.5", B is not (its area is a third of the truth's, and that
# is all it can reach). And C? 0.46: not right, though it covers nearly two thirds of the flower.
#
# How far may a box of the right size be moved to one side? **Write down** a share of its width.

# %%
side = 60
for shift in (0, 6, 12, 20, 30, 60):
    box = np.array([[shift, 0, shift + side, side]], float)
    value = box_iou(np.array([[0.0, 0, side, side]]), box).item()
    print(f"moved by {shift / side:4.0%} of its width: IoU {value:.3f}", end="")
    print("" if value >= 0.5 else "   wrong")
    same(value, (side - shift) / (side + shift))

# %% [markdown]
# By a third. Moved by a share $a$ of its width, the two share $1 - a$ and cover $1 + a$: the IoU is
# $(1 - a)/(1 + a)$. An IoU of 0.5 sounds like "half wrong", but it is a strict rule.
#
# **Try it:** move box B next to A: in the cell with `A, B =`, write `A, B = (1, 1, 6, 5), (6, 1, 9,
# 5)`. They share an edge. What is the IoU?
#
# <details><summary>What happens</summary>
#
# It is 0: A ends at the line 6, B begins there. No cell is in both, and 20 + 12 = 32 cells are in
# at least one. (The cell that compares with the numbers on paper fails: that is right.)
#
# </details>
#
# ### The same loss, another IoU
#
# We train with a distance between edges and score with the IoU. Do they agree? Each of the next six
# boxes has the *same* L2 loss, the sum of the squares of the four errors: 64 square pixels. **Write
# down** which of them has the best IoU, and which the worst.


# %%
def l2_and_iou(found, true):
    """Return the sum of squares of the four errors, in pixels, and the IoU."""
    found, true = np.asarray(found, float), np.asarray(true, float)
    return ((found - true) ** 2).sum(), box_iou(found[None], true[None]).item()


LARGE, SMALL = np.array([4.0, 4, 44, 44]), np.array([16.0, 16, 32, 32])
ERRORS = {
    "moved, both ways": np.array([4.0, 4, 4, 4]),
    "too large": np.array([-4.0, -4, 4, 4]),
    "one edge only": np.array([0.0, 0, 8, 0]),
}
rows = []
for size_name, true in (("large", LARGE), ("small", SMALL)):
    for error_name, error in ERRORS.items():
        loss, value = l2_and_iou(true + error, true)
        rows.append((size_name, error_name, true, true + error, value))
        print(f"{size_name}, {error_name:17} L2 {loss:.0f}, IoU {value:.2f}")
        assert loss == 64, f"{error_name}: the loss is {loss}, not 64"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 3, figsize=(7.6, 5.2))
for axes, (_, error_name, true, found, value) in zip(grid.ravel(), rows, strict=True):
    rectangle(axes, true, BLUE, "-")
    rectangle(axes, found, ORANGE, "--")
    axes.set(xlim=(-3, 55), ylim=(53, -5), aspect="equal", xticks=[], yticks=[])
    axes.set_title(f"{error_name}\nL2 64, IoU {value:.2f}", fontsize=10)
for axes, name in zip(grid[:, 0], ("large box", "small box"), strict=True):
    axes.set_ylabel(name)
plt.show()

# %% [markdown]
# Blue is the truth. The loss is the same in all six, the IoU goes from 0.83 down to 0.39: the same
# pixels are little for a large box and much for a small one. And for the same box, the *kind* of
# error matters. So a network that is trained with L2 cares too little about small objects. (Some
# detectors therefore learn *logarithms* of sizes, and some learn the IoU itself.)
#
# Boxes of three sizes, each moved to the side, so that the losses are the same:

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.2, 3.0))
shifts = np.arange(0, 21)
for side, colour, line in ((10, ORANGE, "--"), (20, BLUE, "-"), (40, GREEN, "-.")):
    true = np.array([0.0, 0, side, side])
    values = [l2_and_iou(true + np.array([s, 0, s, 0]), true)[1] for s in shifts]
    axes.plot(2 * shifts**2, values, line, color=colour, label=f"box of {side} x {side}")
axes.axhline(0.5, color=INK, linestyle=":", linewidth=1)
axes.text(225, 0.44, "wrong below this line", fontsize=8.5, color=INK)
axes.set(xlabel="L2 loss of a box that is moved to the side", ylabel="IoU", xlim=(0, 400))
axes.spines[["top", "right"]].set_visible(False)
axes.legend()
plt.show()

# %% [markdown]
# With an L2 loss of 72 (moved by 6 pixels), the largest is right with an IoU of 0.74, the smallest
# wrong with 0.25.
#
# Run the notebook to move a box: `side` is the size of the true box, `dx` and `dy` move the answer,
# `grow` moves all four edges outwards.


# %%
def draw_box_loss(side=20, dx=4, dy=4, grow=0):
    """Draw a true box and a moved one; and for all shifts to the side, the loss and the IoU."""
    true = np.array([32 - side / 2, 32 - side / 2, 32 + side / 2, 32 + side / 2])
    found = true + np.array([dx - grow, dy - grow, dx + grow, dy + grow])
    found[2:] = np.maximum(found[2:], found[:2] + 1)
    loss, value = l2_and_iou(found, true)
    _, (left, right) = viz.subplots(1, 2, figsize=(7.6, 3.3))
    rectangle(left, true, BLUE, "-")
    rectangle(left, found, ORANGE, "--")
    left.set(xlim=(0, 64), ylim=(64, 0), aspect="equal", xticks=[], yticks=[])
    verdict = "right" if value >= 0.5 else "wrong"
    left.set_title(f"L2 {loss:.0f}, IoU {value:.2f}: {verdict}", fontsize=10)
    shifts = np.arange(-20, 21)
    curves = [l2_and_iou(found + np.array([s - dx, 0, s - dx, 0]), true) for s in shifts]
    losses, values = np.array(curves).T
    right.plot(shifts, values, "-", color=GREEN, label="IoU")
    right.plot(shifts, losses / 1600, "--", color=ORANGE, label="L2 / 1600")
    right.axhline(0.5, color=INK, linestyle=":", linewidth=1)
    right.plot(dx, value, "o", color=GREEN)
    right.plot(dx, loss / 1600, "s", color=ORANGE)
    right.set(xlabel="dx, pixels", ylim=(0, 1.05))
    right.spines[["top", "right"]].set_visible(False)
    right.legend(loc="upper right")
    plt.show()


viz.sliders(draw_box_loss, side=(6, 56), dx=(-20, 20), dy=(-20, 20), grow=(-6, 12))

# %% [markdown]
# ## 5. The score: class *and* box
#
# A localisation is right if **both** the class is right and the IoU is at least 0.5. This is the
# **localisation accuracy**. (It comes from ImageNet's contest, where one of five answers had to be
# right; here there is one.) Beside it we always print two more: how often the class was right, and
# how often the box.
#
# Five pictures. **Write down** the three shares.

# %%
#          true class, said class, IoU
FIVE = [(1, 1, 0.81), (2, 2, 0.43), (3, 1, 0.66), (1, 1, 0.50), (2, 3, 0.12)]
class_right = np.array([said == true for true, said, _ in FIVE])
box_right = np.array([iou >= 0.5 for *_, iou in FIVE])
for name, right in (
    ("class", class_right),
    ("box", box_right),
    ("both", class_right & box_right),
):
    print(f"{name:6}", " ".join("yes" if one else " - " for one in right), f"  {right.mean():.0%}")

# %%
assert (class_right & box_right).tolist() == [True, False, False, True, False], "both, on paper"
counter = LocalizationAccuracy(K)
for true, said, iou in FIVE:  # a box of 100 x 1 that is covered to a share of `iou`
    counter.update(
        [{"boxes": np.array([[0.0, 0, 100, 1]]), "labels": np.array([true])}],
        [{"boxes": np.array([[0.0, 0, 100 * iou, 1]]), "labels": np.array([said])}],
    )
same(counter.localization_accuracy, 2 / 5)
same([counter.classification_accuracy, counter.box_accuracy], [3 / 5, 3 / 5])
same(counter.mean_iou, np.mean([iou for *_, iou in FIVE]))
print("paper and library agree")

# %% [markdown]
# 60 %, 60 % and 40 %: a picture counts only if nothing is wrong, so the last number is never larger
# than the other two. An IoU of exactly 0.5 is right.
#
# How much is 40 %? A number needs something simple beside it. The simplest "network" looks at
# nothing. It always says the most frequent class, and the **mean box**: the mean of all boxes of
# the training part. **Write down** what you expect for its three numbers, with three classes.


# %%
def score(answers, targets=test_targets):
    """Return what LocalizationAccuracy has counted."""
    counter = LocalizationAccuracy(K)
    counter.update(list(targets), answers)
    return counter


def line_of(counter):
    """Format the four figures."""
    return (
        f"class {counter.classification_accuracy:5.1%}, box {counter.box_accuracy:5.1%}, "
        f"both {counter.localization_accuracy:5.1%}, mean IoU {counter.mean_iou:.2f}"
    )


simplest = MeanBox(K)
for i in range(60 if QUICK else 500):
    simplest.update(train_data.sample(i, rng)[1], (SIZE, SIZE))
guess = simplest.predict((SIZE, SIZE))
baseline = score([guess] * len(test_targets))
print("mean box:", guess["boxes"][0].round(1), "class:", CLASSES[guess["labels"][0] - 1])
print("looks at nothing:", line_of(baseline))

# %% [markdown]
# The class is right in one of three. The box is hardly ever right: shapes lie anywhere, and have
# many sizes. For photographs this can be different: people put things into the middle. So always
# count it.
#
# ## 6. One trunk, two heads, one loss
#
# The library's `Localizer` is the figure of section 1. The heads have few lines. Here they are once
# more, in plain NumPy, from a map of features.


# %%
def new_model(box_weight=5.0, class_specific=False):
    """Return a new network: a trunk of four small convolutions, and two heads."""
    trunk = VGG((1, 1, 1, 1, 1), batch_norm=True, width=12)  # its fifth is not used
    return Localizer(
        K, trunk, stride=8, width=32, box_weight=box_weight, class_specific=class_specific
    )


def heads_by_hand(model, features):
    """Return scores (N, K - 1) and edges (N, B, 4) of maps (N, C, 6, 6)."""
    weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
    mean = features.mean((2, 3))
    scores = mean @ weights["classifier.weight"].T + weights["classifier.bias"]
    conv = weights["box_head.conv.weight"][:, :, 0, 0]  # 1 x 1: a matrix
    hidden = np.einsum("fc,nchw->nfhw", conv, features)
    hidden = np.maximum(hidden + weights["box_head.conv.bias"][:, None, None], 0)
    starts, ends = (0, 1, 3, 4), (2, 3, 5, 6)  # 6 rows, brought to 4 by means
    cells = [
        [hidden[:, :, a:b, c:d].mean((2, 3)) for c, d in zip(starts, ends, strict=True)]
        for a, b in zip(starts, ends, strict=True)
    ]
    flat = np.array(cells).transpose(2, 3, 0, 1).reshape(len(features), -1)
    edges = flat @ weights["box_head.edges.weight"].T + weights["box_head.edges.bias"]
    return scores, edges.reshape(len(features), -1, 4)


minidet.manual_seed(0)
model = new_model().eval()
nn.init.normal_(model.box_head.edges.weight)  # they start at 0: nothing to compare
with no_grad():
    features = model.backbone(tensor(test_images[:5]))[8].numpy()
    library = [part.numpy() for part in model.heads(tensor(test_images[:5]))]
for name, ours, theirs in zip(
    ("scores", "edges"), heads_by_hand(model, features), library, strict=True
):
    same(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=f"{name}: not those of the library")
    print(f"{name:6} {ours.shape}: by hand and library agree")
print(f"map: {features.shape}")

# %% [markdown]
# One box for all classes, or one for each? With `class_specific=True` the box head has four numbers
# for *each* class: "if it is a cross, its box is here". From a picture only the true class's box is
# learnt, and the likeliest class's box is the answer. **Write down** how many numbers the box head
# has then, and which numbers of a picture of a cross (class 3) get a gradient.

# %%
specific = new_model(class_specific=True)
for name, network in (("shared", new_model()), ("for each class", specific)):
    count = sum(math.prod(p.shape) for p in network.box_head.parameters())
    print(f"{name:15} edges {network.box_head.edges.weight.shape[0]:3}, parameters {count:,}")

specific.box_head.edges.bias.grad = None
of_a_cross = next(i for i, t in enumerate(test_targets) if t["labels"][0] == 3)
losses = specific(tensor(test_images[of_a_cross][None]), [test_targets[of_a_cross]])
losses["loss_box_reg"].backward()
gradient = specific.box_head.edges.bias.grad.numpy().reshape(K - 1, 4)
print("gradient of the bias of each class's edges:")
print(gradient.round(2))
assert (gradient[:2] == 0).all(), "a picture of a cross has taught another class's box"
assert (gradient[2] != 0).any(), "a picture of a cross has taught nothing about its box"

# %% [markdown]
# Twelve, and only the last four learn from it. A box for each class is more flexible, but each of
# them sees only its own pictures. In the OverFeat paper one box for all made *fewer* errors (31 %
# against 44 %).
#
# ### The weight between the two
#
# The network has to please both heads. The loss is a sum:
#
# $$L = L_\text{class} + w \sum_{\text{edges}} (t_\text{said} - t_\text{true})^2$$
#
# The two terms have different units: one counts nats, the other squared shares. There is no reason
# why $w = 1$ should be right. Before training starts, **write down** the class loss of three
# classes with scores near 0, and a guess: the squared errors of four shares, when the box head says
# "the middle", (0.25, 0.25, 0.75, 0.75).

# %%
minidet.manual_seed(0)
model = new_model()
targets = list(test_targets[:16])
losses = model(tensor(test_images[:16]), targets)
start = {name: value.item() for name, value in losses.items()}
shares = np.array([t["boxes"][0] / SIZE for t in targets])
middle = np.array([0.25, 0.25, 0.75, 0.75])
by_hand = ((middle - shares) ** 2).sum(1).mean()
print(f"class loss {start['loss_classifier']:.4f}, log 3 = {math.log(3):.4f}")
print(f"box loss {start['loss_box_reg']:.4f} = {model.box_weight} x {by_hand:.4f}")
same(start["loss_box_reg"], model.box_weight * by_hand, rtol=1e-4)
assert abs(start["loss_classifier"] - math.log(3)) < 0.1, f"not near log 3: {start}"

# %% [markdown]
# The class loss starts near $\log 3$, because all three are equally likely. The squares of shares
# are small numbers. What matters for training is how hard each task *pulls at the trunk*: the norm
# of its gradient there. **Write down** which task pulls harder after ten steps, with $w = 5$.


# %%
def draw_batch(number, rng):
    """Return training pictures, each painted anew, and their targets."""
    pairs = [train_data.sample(int(i), rng) for i in rng.integers(0, len(train_data), number)]
    images, targets = zip(*pairs, strict=True)
    return tensor(np.stack(images)), list(targets)


def localise(model, images):
    """Return the answers of a network for images (N, 3, H, W), as arrays."""
    model.eval()
    with no_grad():
        answers = [a for i in range(0, len(images), 50) for a in model(tensor(images[i : i + 50]))]
    return [{name: value.numpy() for name, value in answer.items()} for answer in answers]


def train(model, steps, rate, next_batch, title, watch=None):
    """Train with AdamW, a warm-up, then the rate falling to 0; return a record of every step."""
    optimizer = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    warm = min(20, steps // 4)
    schedules = [
        optim.LinearLR(optimizer, 0.1, total_iters=warm),
        optim.CosineAnnealingLR(optimizer, steps - warm),
    ]
    schedule = optim.SequentialLR(optimizer, schedules, [warm])
    history = []
    with tqdm(range(1, steps + 1), desc=title) as bar:
        for step in bar:
            model.train()
            losses = model(*next_batch())
            loss = losses["loss_classifier"] + losses["loss_box_reg"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            history.append({"step": step, "loss": loss.item()})
            if watch is not None and (step % max(steps // 6, 1) == 0 or step == steps):
                counter = score(localise(model, watch))
                history[-1]["class right"] = counter.classification_accuracy
                history[-1]["box right"] = counter.box_accuracy
    return history


def pulls(model, images, targets):
    """Return the norm of each task's gradient at the trunk's parameters."""
    norms = {}
    model.train()
    for name in ("loss_classifier", "loss_box_reg"):
        for parameter in model.parameters():
            parameter.grad = None
        model(images, targets)[name].backward()
        squares = sum(float((p.grad.numpy() ** 2).sum()) for p in model.backbone.parameters())
        norms[name] = math.sqrt(squares)
    return norms


minidet.manual_seed(0)
model, draws = new_model(), np.random.default_rng(5)
train(model, 10, 5e-3, lambda: draw_batch(16, draws), "ten steps")
norms = pulls(model, *draw_batch(32, draws))
print("pull at the trunk:", {name: round(value, 3) for name, value in norms.items()})
print(f"the boxes without the weight: {norms['loss_box_reg'] / model.box_weight:.3f}")

# %% [markdown]
# Without a weight, the two pull about as hard as each other; with $w = 5$ the boxes pull harder. At
# first, that is all right: "where" is learnt quickly, then its
# error is small, and its pull with it. A weight need not balance the two exactly; a factor of 3 is
# seldom felt, a factor of 1000 is. (Section 8 shows such a factor, made by mistake.)
#
# ## 7. The ladder
#
# ### Rungs 1 and 2: the start, and one batch by heart
#
# Rung 1 was done: $\log 3$, and the box loss of "the middle". Rung 2: twelve pictures, again and
# again. The loss has to fall **below a tenth of its start**. Beside it climbs a broken network: the
# weights of its first convolution are 0, so its features are 0, and stay 0 (a ReLU at 0 passes no
# gradient back). It can only learn the biases of its heads. **Write down** what the best loss is
# for a network that does not see the picture: which class scores, and which box, will it give?


# %%
def climb(broken=False):
    """Train a new network on the same twelve pictures; return a record of every step."""
    minidet.manual_seed(0)
    network = new_model()
    if broken:
        nn.init.zeros_(network.backbone.features[0].weight)
    steps = 8 if QUICK else 80
    return train(network, steps, 1e-2, lambda: twelve, "by heart")


twelve = draw_batch(12, np.random.default_rng(3))
learned = {"whole": climb(), "broken": climb(broken=True)}
counts = np.bincount([t["labels"][0] - 1 for t in twelve[1]], minlength=3) / 12
entropy = -(counts[counts > 0] * np.log(counts[counts > 0])).sum()
shares = np.array([t["boxes"][0] / SIZE for t in twelve[1]])
variance = shares.var(0).sum()
blind = entropy + 5.0 * variance
print(f"blind: entropy {entropy:.3f} + 5 x variance {variance:.3f} = {blind:.3f}")
for name, history in learned.items():
    first, last = history[0]["loss"], history[-1]["loss"]
    verdict = "passes" if last < first / 10 else "does not pass"
    print(f"{name:7} loss {first:.3f} at first, {last:.3f} after {len(history)}: {verdict}")
if not QUICK:
    ends = {name: history[-1]["loss"] for name, history in learned.items()}
    assert ends["whole"] < learned["whole"][0]["loss"] / 10, f"it does not learn by heart: {ends}"
    assert ends["broken"] > blind - 0.01, f"the broken network knows more than shares: {ends}"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.2, 3.0))
for (name, history), colour, line in zip(learned.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
    axes.semilogy([record["loss"] for record in history], line, color=colour, label=name)
axes.axhline(blind, color=INK, linestyle=":", linewidth=1)
axes.text(len(learned["whole"]) - 1, blind * 1.08, "blind", fontsize=9, color=INK, ha="right")
tenth = learned["whole"][0]["loss"] / 10
axes.axhline(tenth, color=INK, linestyle=":", linewidth=1)
axes.text(0, tenth * 0.9, "a tenth of the start", fontsize=9, color=INK, va="top")
axes.set(xlabel="step", ylabel="loss")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(loc="center right")
plt.show()

# %% [markdown]
# The broken network gives the shares of the classes and the **mean box**: L2 chooses the mean
# (section 2). So a box loss that stays at the variance of the boxes says "the network does not
# look".
#
# ### Rung 3: train
#
# Three networks, the same pictures, the same steps: one box for all classes and $w = 5$; a box for
# each class; and one box for all with $w = 0.01$. **Write down** three guesses for the share of
# pictures in which class and box are right, and which of the networks will be best at the class.

# %%
STEPS = 8 if QUICK else 250
PLANS = {
    "shared": {},
    "for each class": {"class_specific": True},
    "shared, w = 0.01": {"box_weight": 0.01},
}
models, histories, counters = {}, {}, {}
begin = time.perf_counter()
for name, options in PLANS.items():
    minidet.manual_seed(0)
    models[name] = new_model(**options)
    draws = np.random.default_rng(1)
    batches = lambda draws=draws: draw_batch(32, draws)  # noqa: E731 -- the same for each network
    watch = test_images if name == "shared" else None
    histories[name] = train(models[name], STEPS, 8e-3, batches, name, watch)
    counters[name] = score(localise(models[name], test_images))
print(f"{time.perf_counter() - begin:.0f} s for all three")
for name, counter in counters.items():
    print(f"{name:17}", line_of(counter))
print(f"{'looks at nothing':17}", line_of(baseline))
if not QUICK:
    best = counters["shared"]
    assert best.localization_accuracy > baseline.localization_accuracy + 0.3, line_of(best)
    assert best.box_accuracy > counters["shared, w = 0.01"].box_accuracy, "the weight does nothing"

# %% jupyter={"source_hidden": true}
axes = viz.draw_curves(histories["shared"])
plt.show()

# %% [markdown]
# The box is learnt first, then the class. In the run of this page, the first network has 98 % of
# the boxes right, 90 % of the classes, and 89 % of both. A box for each class is not better: each
# of them has seen a third of the pictures only. And the weight: with $w = 0.01$ the classes are as
# good as before, but the boxes are much worse, 69 %. (One run of each: a difference of 3 % says
# nothing, one of 30 % does. Your numbers may differ a little from these.)
#
# Where do the two tasks differ by class?

# %%
table = counters["shared"].per_class()
print(f"{'':10}", "".join(f"{name:>14}" for name in table))
for number, name in enumerate(CLASSES):
    print(f"{name:10}", "".join(f"{values[number]:14.1%}" for values in table.values()))

# %% [markdown]
# ### Rung 4: look at the mistakes
#
# Each wrong picture is wrong in one of three ways: the class, the box, or both. **Write down**
# which is the most frequent.

# %%
found = localise(models["shared"], test_images)
ious = np.array(
    [
        box_iou(answer["boxes"], target["boxes"]).item()
        for answer, target in zip(found, test_targets, strict=True)
    ]
)
said = np.array([answer["labels"][0] for answer in found])
true = np.array([target["labels"][0] for target in test_targets])
kinds = {
    "class wrong": (said != true) & (ious >= 0.5),
    "box wrong": (said == true) & (ious < 0.5),
    "both wrong": (said != true) & (ious < 0.5),
}
for name, here in kinds.items():
    print(f"{name:12} {here.mean():.1%} of the pictures")
areas = np.array([np.prod(t["boxes"][0][2:] - t["boxes"][0][:2]) for t in test_targets])
order = np.argsort(areas)
for name, part in zip(("small", "middle", "large"), np.array_split(order, 3), strict=True):
    right = (said == true)[part].mean()
    print(f"{name:7} objects: class right {right:.0%}, box right {(ious[part] >= 0.5).mean():.0%}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(3, 6, figsize=(9.4, 5.4))
for line, (name, here) in zip(grid, kinds.items(), strict=True):
    worst = [i for i in np.argsort(ious) if here[i]][:6]
    for axes in line:
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)
    for axes, i in zip(line, worst, strict=False):
        axes.imshow(test_images[i].transpose(1, 2, 0), interpolation="nearest")
        rectangle(axes, test_targets[i]["boxes"][0], "white", "-", width=1.5)
        rectangle(axes, found[i]["boxes"][0], "#ff9040", "--", width=1.5)
        names = CLASSES[true[i] - 1], CLASSES[said[i] - 1]
        title = names[0] if names[0] == names[1] else f"{names[0]}, not {names[1]}"
        axes.set_title(f"{title}\nIoU {ious[i]:.2f}", fontsize=8)
    line[0].set_ylabel(name, fontsize=10)
plt.show()

# %% [markdown]
# White is the truth, orange the answer. Most mistakes are wrong *classes*: a small circle has few
# pixels and looks like a polygon; a triangle that is cut off by the border is hard for us, too.
# Nearly all wrong *boxes* belong to small objects. Their boxes are not worse in pixels than others,
# but for a small box two pixels are a lot: this is what section 4 said about the L2 loss.
#
# **Try it:** train without the box loss. In the cell with `PLANS =`, change `"box_weight": 0.01` to
# `"box_weight": 0.0`. What does the box head say?
#
# <details><summary>What happens</summary>
#
# It goes on saying what it said at the start: (12, 12, 36, 36), the middle, whatever the picture. A
# weight of 0 is a gradient of 0. (AdamW's weight decay moves it a little, by some hundredths.)
# Nearly no box is right, as few as for the mean box, and the classes are as good as before. The
# name in the printed table still says 0.01.
#
# </details>
#
# ## 8. Four bugs that everybody writes once
#
# None of them stops a program. Each of them has a *look*, which you can learn. We take the trained
# network, which is right, and do to its answers what the bug would do. **Write down** first, for
# each of the four, what happens to the class accuracy and to the mean IoU:
#
# 1. **Off by one**: scores count classes from 0, labels from 1. Somebody adds the 1 twice, so a
#    circle is called a triangle, a triangle a cross, and a cross a circle.
# 2. **Shares for pixels**: the head's four shares are used as if they were pixels.
# 3. **The picture was resized, the box was not**: the answer is for a picture half as large.
# 4. **x and y swapped**: (y1, x1, y2, x2).


# %%
def spoilt(answers, change):
    """Return answers after a change of (boxes, labels)."""
    pairs = [change(answer["boxes"].copy(), answer["labels"].copy()) for answer in answers]
    return [{"boxes": boxes, "labels": labels} for boxes, labels in pairs]


BUGS = {
    "none": lambda boxes, labels: (boxes, labels),
    "off by one": lambda boxes, labels: (boxes, labels % (K - 1) + 1),
    "shares for pixels": lambda boxes, labels: (boxes / SIZE, labels),
    "box not resized": lambda boxes, labels: (boxes / 2, labels),
    "x and y swapped": lambda boxes, labels: (boxes[:, [1, 0, 3, 2]], labels),
}
spoilt_scores = {name: score(spoilt(found, change)) for name, change in BUGS.items()}
for name, counter in spoilt_scores.items():
    print(f"{name:18}", line_of(counter))
if not QUICK:
    right = spoilt_scores["none"]
    for name in ("shares for pixels", "box not resized", "x and y swapped"):
        assert spoilt_scores[name].mean_iou < right.mean_iou, f"{name} costs nothing"
        assert spoilt_scores[name].classification_accuracy == right.classification_accuracy
    off = spoilt_scores["off by one"]
    assert off.mean_iou == right.mean_iou, "a wrong class must not change the IoU"

# %% jupyter={"source_hidden": true}
shown = int(np.argsort(ious)[-len(ious) // 10])  # a good answer, off the middle if possible
for i in np.argsort(-ious):
    x1, y1, x2, y2 = test_targets[i]["boxes"][0]
    if abs((x1 + x2) - (y1 + y2)) > 24:
        shown = int(i)
        break
_, grid = viz.subplots(1, 5, figsize=(9.6, 2.5))
for axes, (name, change) in zip(grid, BUGS.items(), strict=True):
    answer = spoilt([found[shown]], change)[0]
    axes.imshow(test_images[shown].transpose(1, 2, 0), interpolation="nearest")
    rectangle(axes, test_targets[shown]["boxes"][0], "white", "-", width=1.5)
    rectangle(axes, answer["boxes"][0], "#ff9040", "--", width=2)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{name}\n{CLASSES[answer['labels'][0] - 1]}", fontsize=9)
plt.show()

# %% [markdown]
# How each of them looks:
#
# 1. **Off by one**: boxes are perfect, classes are worse than a coin. A class accuracy *below* that
#    of the baseline is hardly ever "not learnt". It is nearly always a wrong table of names.
# 2. **Shares for pixels**: every box is smaller than one pixel, in the upper left corner (you
#    cannot see it in the picture). The mean IoU is 0.
# 3. **Not resized**: right form, wrong scale: all boxes shrink towards the upper left corner.
# 4. **Swapped**: the most dangerous one. Objects near the diagonal still look right. The mean IoU
#    sinks to something that one could blame on training.
#
# They are worse in *training*, because a network learns to live with them. Three examples. First,
# what if the box loss is taken in pixels, not in shares? **Write down** by which factor it grows,
# for pictures of 48 x 48.

# %%
d = 0.1  # a tenth of the picture's side
print(f"in shares {d**2:.3f}, in pixels {(d * SIZE) ** 2:.1f}: {SIZE**2} times as much")
print(f"with w = 5, a pull of {norms['loss_box_reg']:.2f} at the trunk would become", end=" ")
print(f"{norms['loss_box_reg'] * SIZE**2:,.0f}; that of the classes is", end=" ")
print(f"{norms['loss_classifier']:.2f}")

# %% [markdown]
# The trunk would hear nothing of the classes. (The symptom: boxes are learnt, the class stays at
# $\log 3$.) This is the factor of 1000 of section 6.
#
# Second, labels. The library counts from 1, and says so when it meets a 0. It cannot see that a 1
# should have been a 2. And the bare loss function sees nothing at all: it counts from 0, and takes
# any class that it has a score for.

# %%
try:
    model.train()
    model(tensor(test_images[:1]), [{"boxes": test_targets[0]["boxes"], "labels": np.array([0])}])
except (ValueError, IndexError) as error:
    print(f"{type(error).__name__}: {error}")
silent = F.cross_entropy(np.zeros((1, 4), np.float32), np.array([1]))
print(f"F.cross_entropy, four scores, a label that is one too large: {silent.item():.3f}, no error")

# %% [markdown]
# Third, a picture that is made smaller. `minidet.data.transforms.Resize` changes the picture *and*
# its boxes. Whoever resizes with another tool has to do it by hand: $x$ times $W_\text{new} /
# W_\text{old}$, $y$ times $H_\text{new} / H_\text{old}$. Write it.


# %%
def resized_box(box, old, new):
    """Return the box (4,) of a picture of size `old` (H, W) after it is resized to `new` (H, W)."""
    raise NotImplementedError


check_blank(
    resized_box,
    ((np.array([8.0, 4, 24, 12]), (48, 48), (24, 24)), np.array([4.0, 2, 12, 6]), "half as large"),
    ((truth, (128, 192), (64, 192)), truth * [1, 0.5, 1, 0.5], "lower, but as wide as before"),
    ((truth, (128, 192), (120, 160)), truth * [5 / 6, 15 / 16, 5 / 6, 15 / 16], "stretched"),
    hint="two factors: one for x, one for y; the size is (H, W), and x goes with W",
)
_, changed = Resize((120, 160))(flower, {"boxes": truth[None]}, rng)
same(changed["boxes"][0], truth * [5 / 6, 15 / 16, 5 / 6, 15 / 16], rtol=1e-5)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def resized_box(box, old, new):
#     down, across = new[0] / old[0], new[1] / old[1]
#     return box * [across, down, across, down]
# ```
#
# </details>
#
# The best protection is a picture: **draw ten training pictures with their boxes before you
# train**, as section 1 did. All four bugs can be seen in ten seconds.
#
# **Try it:** swap x and y of the *flower's* box: in a new cell,
# `print(box_iou(truth[None], truth[None][:, [1, 0, 3, 2]]))`. Guess the IoU first. Does the number
# tell you that something is wrong?
#
# <details><summary>What happens</summary>
#
# It is 0.30. The flower is nearly a square, but its middle is not on the diagonal: x of the middle
# is 92, y is 66. For an object on the diagonal it would be 1: a test with one square picture, and
# the object in the middle, finds no swap.
#
# </details>
#
# ## Summary
#
# 1. A class is a choice: a score for each class, and a loss that wants the true one to win.
# 2. A number has a distance: a loss whose lowest point is the truth.
# 3. Softmax lets classes compete, sigmoid asks for each by itself, the hinge stops at a lead of 1.
# 4. L2 chooses the mean, L1 the median; smooth L1 is L2 near the truth and L1 far away.
# 5. Boxes are learnt as shares of the picture's sides, and read back in order and clipped.
# 6. IoU is the shared area divided by the covered area; a box may be moved by a third of its width.
# 7. The same L2 loss is a good IoU for a large box, and a bad one for a small box.
# 8. Localisation accuracy counts a picture if class and box are right; the mean box stands beside
#    it.
# 9. One trunk serves both heads. The class head takes a mean over the map, the box head must not.
# 10. The weight between the losses makes up for their units. Factors of 1000 are bugs.
#
# | term | section | builds on |
# |---|---|---|
# | categorical, continuous | 2 | scores |
# | softmax, sigmoid, hinge | 2 | gradients: [01](01_autograd.ipynb) |
# | L2, L1, smooth L1 | 2 | gradients |
# | shares of the sides | 3 | pixels |
# | IoU of boxes | 4 | areas |
# | localisation accuracy, mean box | 5 | IoU |
# | trunk, head | 6 | convolution: [02](02_convolution.ipynb) |
# | shared, for each class | 6 | box head |
# | weight of a task | 6 | the norm of a gradient |
# | blind loss | 7 | entropy, variance |
#
# ## Questions
#
# **1.** Why not let the network give the class as *one* number, 1, 2 or 3, with an L2 loss?
#
# <details><summary>Answer</summary>
#
# The loss would say that "circle" (1) is nearer to "triangle" (2) than to "cross" (3). A network
# that is not sure between circle and cross would say 2, the mean: triangle, the one class that it
# has ruled out.
#
# </details>
#
# **2.** In section 2, all four people agree but one. Where does the sum of the four *gradients* of
# L1 become 0, and why does the size of the mistake not matter?
#
# <details><summary>Answer</summary>
#
# At 0.2. Just right of it, three labels pull to the left with a gradient of 1 each, and one to the
# right, with 1 as well. It pulls with 1 whether the wrong label is 1.0 or 100. With L2 its pull
# would grow with its distance.
#
# </details>
#
# **3.** A network has 90 % of the classes right and 80 % of the boxes. Between which two numbers
# lies its localisation accuracy?
#
# <details><summary>Answer</summary>
#
# At most 80 %, if every right box has a right class. At least 70 %, if the wrong ones never meet:
# 10 % + 20 % are wrong. If the two were independent, it would be 72 %.
#
# </details>
#
# **4.** Why must the box head not take the mean over the whole map? (The trunk's map has 96 numbers
# in each of 6 x 6 cells.)
#
# <details><summary>Answer</summary>
#
# A mean is the same wherever the object is: for a trunk that sees only the surroundings of a cell,
# moving the object moves the map, and the mean stays. It is not quite true at the borders, where
# zeros are padded; a network can learn a little of "where" from that.
#
# </details>
#
# ## What to read next
#
# - The next notebook: [09_transfer_learning](09_transfer_learning.ipynb): the same two heads on a
#   trunk that somebody else has trained.
# - [minidet/models/localization.py](../minidet/models/localization.py): the figure, then the
#   classes in the order in which data flows. `minidet train localization --data shapes` trains it
#   in full.
# - P. Sermanet and others, *OverFeat*, [arXiv:1312.6229](https://arxiv.org/abs/1312.6229), section
#   4: a trunk that was trained to classify, and a second head for the box.
# - O. Russakovsky and others, *ImageNet Large Scale Visual Recognition Challenge*, IJCV 2015,
#   [arXiv:1409.0575](https://arxiv.org/abs/1409.0575), section 4.2: the score.
# - R. Girshick, *Fast R-CNN*, [arXiv:1504.08083](https://arxiv.org/abs/1504.08083), section 2.3:
#   one loss for both tasks, and smooth L1.
