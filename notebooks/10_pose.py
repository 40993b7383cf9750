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
# # Pose: where are the joints?
#
# A network that names every pixel of a person does not know what the person *does*. For that, one
# has to know where the joints are: knees, elbows, wrists. This notebook finds them in three ways. A
# network can say the numbers. It can say them, look again from near, and correct them. Or it can
# draw, for each joint, a map of where it may be. On the way there are many small mistakes to make:
# half a pixel here, a left that is a right there. They crash nothing, and cost a lot.
#
# |  |  |
# |---|---|
# | **Time** | reading: 60 minutes; doing, with every Try it: 150 |
# | **You need** | [02_convolution](02_convolution.ipynb): convolutional networks, gradients |
# | **Good to know** | maps of scores: [06_fcn](06_fcn.ipynb) |
# | **You do not need** | a graphics card: all cells together run for about two minutes |
#
# **At the end you can say**
# - why places are said relative to a person's box, and why a joint that nobody sees is masked;
# - what a heatmap is, and how a map of 16 x 16 cells can say where a joint is, to a quarter of a
#   cell;
# - what PCK and OKS measure, and in which length;
# - what a mirror does to a pose, and four ways to get it wrong.
#
# Look for **Try it**. Where a function ends with `raise NotImplementedError`, write it yourself:
# nothing that follows needs it, and a solution is folded below it. Nothing can break: *Restart
# kernel and run all* brings everything back.

# %%
import math
import os
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from tqdm.auto import tqdm

import minidet
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import gradcheck
from minidet.data import LSPET, FigurePoses
from minidet.data.skeleton import JOINTS, PAIRS
from minidet.data.transforms import RandomAffineCrop, RandomHorizontalFlip
from minidet.grading import check_blank
from minidet.metrics import OKS, PCK
from minidet.metrics.pose import SIGMAS, TORSO
from minidet.models import DeepPose, DeepPoseCascade, HeatmapPose
from minidet.models.pose.deeppose import joint_loss, to_box
from minidet.models.pose.heatmaps import decode, encode, flip_maps
from minidet.models.segmentation.blocks import ConvBNReLU
from minidet.ops import roi_align
from minidet.training.tasks.pose import Scores, collate_people
from minidet.viz.page import (
    BLUE,
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

same = np.testing.assert_allclose
rng = np.random.default_rng(0)
K, SIZE = len(JOINTS), 64

# %% [markdown]
# ## 1. The problem: fourteen joints
#
# Photographs of people with their joints marked exist, but most may not be passed on. So we take
# people that are generated: dressed stick figures, before a coloured ground, with shapes in the
# way. A picture shows one person: somebody else has cut out that person's box before. (With
# several people in one picture, a detector finds the boxes first.)
#
# The joints are the 14 of the data set *Leeds Sports Pose*. **Left and right are the person's
# own.** Whoever looks at you has the left arm on the right side of the picture. Whoever turns the
# back to you has it on the left side. So a network has to see from which side it looks. The
# generated figures give one hint: from behind, a head is all hair.
#
# Before you run the next cells, write down: of 14 joints in a picture, how many are hidden by
# something, on average?

# %%
TRAIN, TEST = (48, 16) if QUICK else (800, 150)
begin = time.perf_counter()
train_people = [FigurePoses("train", SIZE, TRAIN, margin=1.1)[i] for i in range(TRAIN)]
test_people = [FigurePoses("test", SIZE, TEST, margin=1.1)[i] for i in range(TEST)]
test_images, test_targets = collate_people(test_people)
truth = np.concatenate([target["keypoints"] for target in test_targets])  # (N, 14, 3): x, y, v
print(f"{TRAIN} people for training, {TEST} for testing: {time.perf_counter() - begin:.0f} s")
for v, words in ((2, "seen"), (1, "hidden by something"), (0, "outside of the picture")):
    print(f"v = {v}, {words}: {(truth[..., 2] == v).sum(1).mean():.1f} of {K} joints")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 3, figsize=(5.1, 3.5))
for i, (above, below) in zip((1, 2, 3), grid.T, strict=True):
    image, target = test_people[i]
    viz.draw_image(image, ax=above)
    viz.draw_joints(image, target, legend=False, ax=below)
plt.show()

# %% [markdown]
# Blue joints are the person's left, red ones the right, green ones (neck, top of the head) neither.
# A ring is a joint that is hidden: it has a place, v = 1, and a network should say it, as you
# could. A joint outside of the picture has v = 0 and no place.
#
# ## 2. Where is pixel j? And what does a mirror do?
#
# A picture of 8 pixels' width reaches from 0 to 8. Pixel column $j$ covers $j \le x < j + 1$, so
# **its centre is at $j + 0.5$**. Many files of joints count pixels ("the wrist is at pixel 2");
# that means $x = 2.5$.
#
# A mirror takes $x$ to $W - x$. Before you run the next cell, write down where the mirror has pixel
# 2 of 8, and where somebody would look for it who takes $x = 2.5$ to $W - 1 - x$.

# %%
W = 8
x = 2 + 0.5
print(f"pixel 2: centre at x = {x}; mirrored W - x = {W - x}, the centre of pixel {W - x - 0.5:g}")
print(f"W - 1 - x = {W - 1 - x}, the centre of pixel {W - 1 - x - 0.5:g}: wrong by one pixel")

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(8.6, 2.3))
for top, marked, colour, words in (
    (0, 2, PALE_BLUE, "a row"),
    (-1.9, 5, PALE_BLUE, "its mirror image"),
):
    for j in range(W):
        face = colour if j == marked else "white"
        axes.add_patch(Rectangle((j, top - 1), 1, 1, facecolor=face, edgecolor="#a0a0a0"))
        axes.text(j + 0.5, top - 0.68, f"pixel {j}", ha="center", color=DARK, fontsize=8.5)
    axes.plot(marked + 0.5, top - 0.25, "o", color=BLUE, markersize=6)
    axes.text(-0.2, top - 0.5, words, ha="right", va="center")
    for j in range(W + 1):
        axes.text(j, top - 1.08, j, ha="center", va="top", fontsize=8)
axes.plot(4.5, -2.15, "x", color=ORANGE, markersize=7, markeredgewidth=2)
axes.text(2.5, 0.12, "x = 2.5", color=BLUE, ha="center")
axes.text(5.05, -3.5, "W − x = 5.5", color=BLUE, ha="left", va="top")
axes.text(4.95, -3.5, "W − 1 − x = 4.5", color=ORANGE, ha="right", va="top")
axes.set(xlim=(-2.6, W + 0.3), ylim=(-4.0, 0.6), xticks=[], yticks=[])
axes.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# $W - 1 - x$ is right for *numbers of pixels*: pixel 2 becomes pixel 7 − 2 = 5. It is wrong for
# places. Both rules are in use, and a program that mixes them is wrong by one pixel, silently.
#
# And a mirror does a second thing. The mirror image of a left wrist is a *right* wrist: in the
# mirror image, the person's left and right have changed places. So the rows of the table of joints
# change places, too. The pairs are

# %%
print(", ".join(f"{JOINTS[a]} and {JOINTS[b]} ({a}, {b})" for a, b in PAIRS))


# %% [markdown]
# Write the mirror. Joints with v = 0 have no place: they stay as they are (but change rows, as the
# others do).


# %%
def mirror(joints, width, pairs):
    """Return the joints (K, 3) of the mirror image: x, y, v."""
    raise NotImplementedError


flip = RandomHorizontalFlip(1.0, PAIRS)
three = np.array([[1.0, 4, 2], [6.5, 4, 1], [3, 1, 2]])
check_blank(
    mirror,
    ((three, 8, [(0, 1)]), np.array([[1.5, 4, 1], [7, 4, 2], [5, 1, 2]]), "a pair and a single"),
    (
        (np.array([[0, 0, 0], [2.0, 3, 2]]), 8, [(0, 1)]),
        np.array([[6.0, 3, 2], [0, 0, 0]]),
        "v = 0",
    ),
    (
        (truth[0], SIZE, PAIRS),
        flip(*test_people[0])[1]["keypoints"][0],
        "a person, as the library mirrors it",
    ),
    hint="first let rows change places, then x becomes width - x where v > 0",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def mirror(joints, width, pairs):
#     out = joints.copy()
#     for a, b in pairs:
#         out[[a, b]] = joints[[b, a]]
#     out[:, 0] = np.where(out[:, 2] > 0, width - out[:, 0], out[:, 0])
#     return out
# ```
#
# </details>
#
# In the next picture, the third column forgets that left and right change places. It looks fine at
# first: every dot is on a joint. Before you look, write down what a network learns that is shown
# half of its pictures like this.

# %% jupyter={"source_hidden": true}
image, target = test_people[0]
mirrored_image, mirrored_target = flip(image, target)
_, forgotten = RandomHorizontalFlip(1.0, ())(image, target)
_, grid = viz.subplots(1, 3, figsize=(8.4, 3.1))
viz.draw_joints(image, target, legend=False, ax=grid[0])
viz.draw_joints(mirrored_image, mirrored_target, ax=grid[1])
viz.draw_joints(mirrored_image, forgotten, legend=False, ax=grid[2])
for axes, title in zip(grid, ("picture", "mirrored", "mirrored, pairs forgotten"), strict=True):
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# It is told that a person seen from the front has the left arm on either side. It can only guess.
# (In training, figures are mirrored at random: twice as many pictures for nothing.)
#
# ## 3. The scores, by hand
#
# Before we build anything: when is an answer good? Ten pixels are much for a small person, and
# nothing for a large one. So the error is measured in a length of the person. **PCK** (*percentage
# of correct keypoints*) counts joints that are at most $\alpha$ lengths away:
#
# - **PCK@0.2 torso**: 0.2 times the distance from left shoulder to right hip;
# - **PCKh@0.5**: half the length of the head. (As published it is 0.6 times the diagonal of a box
#   around the head. Numbers of different lengths cannot be compared: say which one it is.)
#
# Four joints: a shoulder and a hip, a torso of 20 pixels apart; an elbow; and a wrist which nobody
# labelled. Before you run the next cell, write down how many joints are near enough, and of how
# many.

# %%
true = np.array([[10.0, 10, 2], [10, 30, 2], [24, 16, 2], [0, 0, 0]])  # shoulder, hip, elbow, wrist
said = np.array([[13.0, 10], [10, 34], [21, 20], [5, 5]])
ALPHA = 0.2


def pck_by_hand(true, said, a, b, alpha):
    """Count the joints that are near enough, and those that count."""
    length = math.dist(true[a, :2], true[b, :2])
    near = counted = 0
    for (x, y, v), place in zip(true, said, strict=True):
        if v == 0:
            print("nobody labelled it: not counted")
            continue
        error = math.dist((x, y), place)
        print(f"error {error:.1f}, allowed {alpha} * {length:.0f} = {alpha * length:.1f}:", end=" ")
        print("near" if error <= alpha * length else "not near")
        near, counted = near + (error <= alpha * length), counted + 1
    return near, counted


near, counted = pck_by_hand(true, said, 0, 1, ALPHA)
pck = PCK(4, (0, 1), ALPHA)
pck.update(true[None], said[None])
print(f"PCK by hand: {near} of {counted}; minidet: {pck.mean:.3f}")

# %%
assert (near, counted) == (2, 3), f"{near} of {counted}; on paper it is 2 of 3"
same(pck.mean, near / counted, err_msg="the library's PCK is not the one by hand")

# %% [markdown]
# PCK knows only near and far. **OKS** (*object keypoint similarity*, COCO's measure) says *how*
# near: a Gaussian of the distance $d$,
#
# $$\mathrm{OKS} = \text{mean over labelled joints of } \exp\left(-\frac{d^2}{2\,A\,k^2}\right),
# \qquad k = 2 \sigma$$
#
# $A$ is the person's area in pixels. $\sigma$ says how far apart people are when *they* mark this
# joint: 0.062 for a wrist, 0.107 for a hip, which nobody can see below clothes. With $A = 1000$ and
# the elbow's $\sigma = 0.072$: $k = 0.144$, $2 A k^2 = 41.5$. Its error is 5, so it gets
# $\exp(-25 / 41.5) = 0.547$. Write both measures, for one person.


# %%
def pck_of(true, said, a, b, alpha):
    """Return the share of the labelled joints that are near enough: true (K, 3), said (K, 2)."""
    raise NotImplementedError


def oks_of(true, said, area, sigmas):
    """Return the mean similarity of the labelled joints: true (K, 3), said (K, 2), sigmas (K,)."""
    raise NotImplementedError


four_sigmas = np.array([0.079, 0.107, 0.072, 0.062])
oks, elbow = OKS(four_sigmas), OKS(four_sigmas[2:3])
oks.update(true[None], said[None], [1000])
elbow.update(true[None, 2:3], said[None, 2:3], [1000])
print(f"OKS: {oks.mean:.3f}; of the elbow alone {elbow.mean:.3f}")
one = PCK(K, TORSO, 0.2)
one.update(truth[:1], truth[1:2])
check_blank(
    pck_of,
    ((true, said, 0, 1, 0.2), 2 / 3, "the four joints"),
    ((true, said, 0, 1, 0.14), 0.0, "smaller alpha"),
    (
        (truth[0], truth[1, :, :2], *TORSO, 0.2),
        one.mean,
        "somebody's joints, with another's places",
    ),
    hint="v > 0 chooses the rows; np.linalg.norm(..., axis=1) makes distances",
)
check_blank(
    oks_of,
    ((true, said, 1000.0, four_sigmas), oks.mean, "the four joints"),
    (
        (true[2:3], said[2:3], 1000.0, four_sigmas[2:3]),
        math.exp(-25 / (2 * 1000 * 0.144**2)),
        "elbow",
    ),
    hint="the mean is over joints with v > 0 only",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def pck_of(true, said, a, b, alpha):
#     seen = true[:, 2] > 0
#     length = np.linalg.norm(true[a, :2] - true[b, :2])
#     errors = np.linalg.norm(true[:, :2] - said, axis=1)
#     return float((errors <= alpha * length)[seen].mean())
# ```
#
# ```python
# def oks_of(true, said, area, sigmas):
#     seen = true[:, 2] > 0
#     squared = ((true[:, :2] - said) ** 2).sum(1)
#     return float(np.exp(-squared / (2 * area * (2 * sigmas) ** 2))[seen].mean())
# ```
#
# </details>

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(8.6, 2.9))
left.add_patch(plt.Circle(true[2, :2], ALPHA * 20, facecolor=PALE_GREEN, edgecolor=GREEN))
left.plot(true[:2, 0], true[:2, 1], color=INK, linewidth=1)
left.text(9.3, 20, "torso: 20", ha="right", va="center", fontsize=9)
for number, name in enumerate(("shoulder", "hip", "elbow")):
    if number < 2:
        left.add_patch(
            plt.Circle(true[number, :2], ALPHA * 20, facecolor=PALE_GREEN, edgecolor=GREEN)
        )
    (x, y), (u, w) = true[number, :2], said[number]
    left.plot([x, u], [y, w], color=ORANGE, linewidth=1)
    left.plot(x, y, "o", color=BLUE, markersize=5)
    left.plot(u, w, "x", color=ORANGE, markersize=7, markeredgewidth=2)
    left.text(x + 5, y - 2, f"{name}: error {math.dist((x, y), (u, w)):g}", va="center", fontsize=9)
left.set(xlim=(0, 44), ylim=(40, 3), aspect="equal", xticks=[], yticks=[])
left.set_title("PCK: inside the circle of 4 pixels?", fontsize=10)
left.spines[:].set_visible(False)
distance = np.linspace(0, 20, 200)
for joint, colour, line in ((6, BLUE, "-"), (7, GREEN, "--"), (2, ORANGE, "-.")):
    alike = np.exp(-(distance**2) / (2 * 1000 * (2 * SIGMAS[joint]) ** 2))
    name = JOINTS[joint].split()[1]
    right.plot(distance, alike, line, color=colour, label=f"OKS, {name} (σ = {SIGMAS[joint]})")
right.plot([0, 4, 4, 20], [1, 1, 0, 0], ":", color=INK, label="PCK, 4 pixels")
right.set(xlabel="error in pixels, area 1000", ylim=(0, 1.05))
right.spines[["top", "right"]].set_visible(False)
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# What happens where there is nothing to measure? Four people, one after the other: nothing
# labelled; everything labelled, but shoulder and hip in one place (a length of 0); only the wrist
# labelled (no length); and our person. Before you run the next cell, write down what each of them
# adds to PCK, and what the mean is of the first three alone.

# %%
nobody, folded, only_wrist = true.copy(), true.copy(), true.copy()
nobody[:, 2] = 0
folded[1] = folded[0]
only_wrist[:, 2] = 0, 0, 0, 2
pck, oks = PCK(4, (0, 1), 0.2), OKS(four_sigmas)
for person, words in (
    (nobody, "nothing labelled"),
    (folded, "a torso of length 0"),
    (only_wrist, "no torso"),
    (true, "our person"),
):
    pck.update(person[None], said[None])
    oks.update(person[None], said[None], [1000])
    print(f"after '{words}': PCK {pck.mean:.3f}, OKS {oks.mean:.3f}")

# %% [markdown]
# A person without a measure is *left out*, not counted as wrong; and if nobody is left, the score
# is nan ("not a number"): not 0, which would say "all wrong", and not 1. (OKS has another measure,
# the area: so it counts more people than PCK.) One of the usual mistakes is to count joints with v
# = 0: their "place" is (0, 0), and no network ever finds them there.
#
# **Try it:** allow less. Set `ALPHA = 0.15`, and run the cells of the first person again. Which
# joint is lost?
#
# <details><summary>What happens</summary>
#
# 0.15 x 20 = 3 pixels: the hip, with its error of 4, is lost, and PCK is 1 of 3. The shoulder, with
# an error of exactly 3, still counts: the limit belongs to it ("at most"). (The cell that compares
# with the numbers on paper fails.) With $\alpha = 0.2$ the hip was such a case.
#
# </details>
#
# ## 4. Regression: a network that says 28 numbers
#
# DeepPose (Toshev and Szegedy, 2014) is the shortest way: a convolutional network, then a linear
# layer with $2 K$ results. In which unit? In pixels, a wrist at (300, 400) would ask for numbers of
# several hundred, and the same pose twice as large would be other numbers. So they are **relative
# to the person's box**: with its centre $(c_x, c_y)$, its width $w$ and height $h$,
#
# $$\left(\frac{x - c_x}{w},\ \frac{y - c_y}{h}\right)$$
#
# The middle is (0, 0); inside the box all numbers are between −0.5 and 0.5. The box (20, 10) to
# (60, 90): where is a joint at (50, 30)? Work it out on paper first, then write it.


# %%
def relative(joints, box):
    """Return joints (K, 2) relative to a box (x1, y1, x2, y2)."""
    raise NotImplementedError


box = np.array([20.0, 10, 60, 90])
joint = np.array([[50.0, 30]])
centre, side = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
print(f"centre {centre}, sides {side}; relative: {((joint - centre) / side)[0]}")
check_blank(
    relative,
    ((joint, box), np.array([[0.25, -0.25]]), "the joint at (50, 30)"),
    (
        (truth[0, :, :2], np.array([0, 0, SIZE, SIZE])),
        to_box(truth[:1, :, :2], (1, 3, SIZE, SIZE))[0],
        "a person, whose box is the picture",
    ),
    hint="(box[:2] + box[2:]) / 2 is the centre",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def relative(joints, box):
#     centre, side = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
#     return (joints - centre) / side
# ```
#
# </details>

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(7.6, 3.8))
for axes, (x1, y1, x2, y2), place in (
    (left, box, joint[0]),
    (right, (-0.5, -0.5, 0.5, 0.5), (0.25, -0.25)),
):
    axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, facecolor=PALE_BLUE, edgecolor=BLUE))
    middle = (x1 + x2) / 2, (y1 + y2) / 2
    axes.plot(*middle, "+", color=DARK, markersize=10)
    axes.annotate("", place, middle, arrowprops={"arrowstyle": "-|>", "color": ORANGE})
    axes.plot(*place, "o", color=ORANGE, markersize=6)
    below = middle[0], middle[1] + 0.05 * (y2 - y1)
    axes.text(*below, f"({middle[0]:g}, {middle[1]:g})", color=DARK, ha="center", va="top")
    axes.text(
        *place,
        f"({place[0]:g}, {place[1]:g})\n".replace("-", "−"),
        color=DARK,
        ha="center",
        va="bottom",
    )
    axes.set(xticks=[x1, x2], yticks=[y1, y2])
    axes.spines[["top", "right"]].set_visible(False)
left.set(xlim=(-15, 95), ylim=(100, 0), title="pixels", aspect="equal")
right.set(xlim=(-0.8, 0.8), ylim=(0.8, -0.8), title="relative to the box", aspect="equal")
plt.show()

# %% [markdown]
# The loss is the mean squared distance of the joints **that count**. A joint with v = 0 has (0, 0)
# where others have a place. A network that learns this learns to throw wrists into the corner. So
# it is *masked*: no part in the sum, none in the number of joints. Before you run the next cell,
# write down the loss of these three joints, and the gradient for the last one.

# %%
places = np.array([[[0.25, -0.25], [0, 0.5], [0, 0]]])  # (N, K, 2), relative
counts = np.array([[True, True, False]])
answers = tensor(np.array([[[0.25, -0.15], [0.2, 0.5], [0.4, 0.4]]]), requires_grad=True)
loss = joint_loss(answers, places, counts)
loss.backward()
print(f"by hand: (0.1^2 + 0.2^2) / 2 = {(0.1**2 + 0.2**2) / 2:.4f}; minidet: {loss.item():.4f}")
print(f"gradient: {answers.grad.numpy()[0].round(3).tolist()}")
same(loss.item(), 0.025, err_msg="the loss is not the one by hand")
np.testing.assert_array_equal(
    answers.grad.numpy()[0, 2], 0, err_msg="a masked joint has a gradient"
)
assert gradcheck(lambda a: joint_loss(a, places, counts), [answers]), "the gradient is wrong"

# %% [markdown]
# **Try it:** forget the mask: `counts = np.array([[True, True, True]])`. What is the loss now, and
# where does the third joint's gradient push it?
#
# <details><summary>What happens</summary>
#
# $(0.01 + 0.04 + 0.32) / 3 = 0.1233$ (so the first assert fails). The third joint's gradient is
# (0.267, 0.267): a step against it moves the answer towards (0, 0), where nobody ever said that it
# is. In this unit (0, 0) is the box's middle; in pixels it is the corner.
#
# </details>
#
# ## 5. The second look
#
# The network sees the whole picture, made small. It may know that this is a leg, and be wrong by
# half a shin. DeepPose's answer is a **cascade**: cut out a square around each answer, from the
# picture as it was, and let a second network say how far the joint is from the square's middle, in
# sides of the square.
#
# By hand: the first answer is (30, 20). The torso has 16 pixels, and squares are two torsos
# wide: 32 pixels. The second network says (0.125, −0.25). Before you run the next cell, write down
# the place after the second look.


# %%
def second_look(place, said, side):
    """Return the corrected places (K, 2): place and said (K, 2), side of the square in pixels."""
    raise NotImplementedError


first, correction, side = np.array([[30.0, 20]]), np.array([[0.125, -0.25]]), 32
print(f"{first[0]} + {side} * {correction[0]} = {(first + side * correction)[0]}")
check_blank(
    second_look,
    ((first, correction, side), np.array([[34.0, 12]]), "a correction"),
    ((first, 0 * correction, side), first, "nothing to correct"),
    hint="what is said is in sides of the square",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def second_look(place, said, side):
#     return place + said * side
# ```
#
# </details>
#
# A square that is cut at whole pixels is just a slice; else pixels are interpolated. The library
# cuts with an operation of its own, `roi_align`. Against a slice:


# %%
def square(image, place, side, bins):
    """Return what a square shows, (C, bins, bins): around place, side pixels wide."""
    corners = np.concatenate([place - side / 2, place + side / 2])[None]  # (1, 4): x1, y1, x2, y2
    boxes = [minidet.tensor(corners.astype(np.float32))]
    return roi_align(minidet.tensor(image[None]), boxes, bins, aligned=True).numpy()[0]


cut = square(test_images.numpy()[0], np.array([30.0, 20]), 32, 32)
same(cut, test_images.numpy()[0, :, 4:36, 14:46], rtol=0, atol=1e-6, err_msg="not the slice")
print("a square of 32 pixels around (30, 20) is [4:36] down and [14:46] across")

# %% jupyter={"source_hidden": true}
_, (left, middle, right) = viz.subplots(1, 3, figsize=(8.4, 2.9))
image, target = test_people[0]
knee = 4 if truth[0, 4, 2] else 2
place = truth[0, knee, :2] + [5, -4]
near_knee = square(image, place, 32, 32)
viz.draw_image(image, ax=left)
left.add_patch(Rectangle(place - 16, 32, 32, facecolor="none", edgecolor=YELLOW, linewidth=2))
left.plot(*place, "x", color=YELLOW, markersize=8, markeredgewidth=2)
left.set_title(f"first answer for the {JOINTS[knee]}", fontsize=10)
for axes, title in ((middle, "what the second network sees"), (right, "it says (−5/32, 4/32)")):
    viz.draw_image(near_knee, ax=axes)
    axes.plot(16, 16, "x", color=YELLOW, markersize=8, markeredgewidth=2)
    axes.set_title(title, fontsize=10)
right.annotate("", (11, 20), (16, 16), arrowprops={"arrowstyle": "-|>", "color": YELLOW, "lw": 2})
plt.show()

# %% [markdown]
# How is it trained? Not on the first network's answers: those are soon good on the training
# pictures, and worse on others. It is shown squares around places that are wrong *on purpose*, by
# errors drawn at random, as large as the first network's errors are.
#
# The library's second network is shown the same square, but cut from the maps of the first one's
# trunk. A small network that has to begin with pixels again learns too little from 1,600 people:
# on photographs of sports it made the first answers worse. The maps say already what is a limb.
#
# ## 6. Heatmaps: the target, by hand
#
# A regression has to say one place. What if it does not know which of two hands is the left one?
# Then the squared error is smallest *between* the two, where there is no hand at all. The other way
# is to let the network draw a **heatmap** for each joint: a map of cells, high where the joint may
# be. A doubt is then two hills. And the question is the same in every cell ("is the elbow here?"),
# which is what convolutions are good at.
#
# What should such a map look like? A one in the joint's cell and zeros elsewhere would say that the
# cell next to it is as wrong as the farthest one. So it is a hill, a Gaussian around the joint's
# place $(u, v)$, measured in cells:
#
# $$\text{map}[r, c] = \exp\left(-\frac{(c + 0.5 - u)^2 + (r + 0.5 - v)^2}{2 \sigma^2}\right)$$
#
# Cell $c$ has its centre at $c + 0.5$, as pixels do. Take 4 rows of 5 cells, each of 4 x 4 pixels,
# $\sigma = 1$, and a joint at pixel place $(11, 6)$: $u = 11/4 = 2.75$, $v = 6/4 = 1.5$. Before
# you run the next cell, write down which cell is the highest, and its value (with a calculator).

# %%
CELL, sigma = 4, 1.0
h, w = 4, 5
u, v = 11 / CELL, 6 / CELL


def gaussian_by_loops(u, v, h, w, sigma):
    """Return the map (h, w) of a joint at (u, v), in cells."""
    out = np.zeros((h, w))
    for r in range(h):
        for c in range(w):
            squared = (c + 0.5 - u) ** 2 + (r + 0.5 - v) ** 2
            out[r, c] = math.exp(-squared / (2 * sigma**2))
    return out


by_hand = gaussian_by_loops(u, v, h, w, sigma)
maps, seen = encode(np.array([[[11.0, 6]]]), np.array([[True]]), (h, w), (16, 20), sigma)
print(by_hand.round(3))
same(maps[0, 0], by_hand, rtol=1e-5, err_msg="the library's map is not the one by loops")


# %% jupyter={"source_hidden": true}
def draw_grid(axes, values):
    """Draw numbers in cells, as dark as they are high; centres of cells are at 0.5, 1.5, ..."""
    for (r, c), value in np.ndenumerate(values):
        share = value / values.max()
        face = np.array([1, 1, 1]) * (1 - share) + np.array([0.97, 0.70, 0.42]) * share
        axes.add_patch(Rectangle((c, r), 1, 1, facecolor=face, edgecolor="#a0a0a0", linewidth=0.8))
        at = c + 0.5, r + 0.78  # below the middle: there is room for a mark above
        axes.text(*at, f"{value:.2f}", ha="center", va="center", color=DARK, fontsize=9)
    rows, columns = values.shape
    axes.set(xlim=(-0.05, columns + 0.05), ylim=(rows + 0.05, -0.05), aspect="equal")
    axes.set(xticks=range(columns + 1), yticks=range(rows + 1))
    axes.spines[:].set_visible(False)


_, axes = viz.subplots(figsize=(6.6, 3.7))
draw_grid(axes, by_hand)
axes.plot(u, v, "x", color=BLUE, markersize=9, markeredgewidth=2.5)
axes.annotate(
    f"the joint:\n({u}, {v})",
    (u, v),
    (5.9, 1.5),
    color=BLUE,
    ha="center",
    va="center",
    arrowprops={"arrowstyle": "-", "color": BLUE},
)
axes.set_xlim(-0.05, 6.7)
axes.set(xlabel="u, in cells", ylabel="v, in cells")
plt.show()

# %% [markdown]
# The highest cell is in row 1, column 2, with its centre at (2.5, 1.5): 0.25 cells left of the
# joint, $\exp(-0.25^2 / 2) = 0.97$. Its right neighbour has its centre 0.75 to the right of the
# joint: $\exp(-0.75^2 / 2) = 0.75$. Its left neighbour is 1.25 away: 0.46. *The right one is
# higher, because the joint is right of the middle.* Keep this in mind.
#
# The exponential of a sum is a product: a map is a row times a column. Write it without loops.


# %%
def gaussian(u, v, h, w, sigma):
    """Return the map (h, w) of a joint at (u, v), in cells: without loops."""
    raise NotImplementedError


check_blank(
    gaussian,
    ((2.75, 1.5, 4, 5, 1.0), by_hand, "the joint from above"),
    ((0.0, 3.9, 4, 7, 1.3), gaussian_by_loops(0.0, 3.9, 4, 7, 1.3), "a joint at the border"),
    hint="np.arange(w) + 0.5 are the centres; np.outer(column, row)",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def gaussian(u, v, h, w, sigma):
#     across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
#     down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
#     return np.outer(down, across)
# ```
#
# </details>
#
# How wide should the hill be? Narrow hills are hard to hit, wide ones hide what is beside them.
# Usual is a $\sigma$ between 1 and 2 cells. We take 1.3.


# %%
def draw_target(sigma=1.3, joint="left wrist", person=0):
    """Draw a person, and the heatmap of one joint over it."""
    image, target = test_people[person]
    number = JOINTS.index(joint)
    x, y, seen = target["keypoints"][0, number]
    heat, _ = encode(
        target["keypoints"][..., :2],
        target["keypoints"][..., 2] > 0,
        (SIZE // CELL,) * 2,
        (SIZE,) * 2,
        sigma,
    )
    _, (left, right) = viz.subplots(1, 2, figsize=(6.4, 2.9))
    viz.draw_joints(image, target, legend=False, ax=left)
    draw_map(right, heat[0, number])
    if seen:
        right.plot(x, y, "x", color=YELLOW, markersize=8, markeredgewidth=2)
    right.set_title(f"{joint}, σ = {sigma:g}, highest {heat[0, number].max():.2f}", fontsize=10)
    plt.show()


def draw_map(axes, heat, top=None):
    """Draw one map, stretched over the pixels of its picture."""
    axes.imshow(heat, extent=(0, SIZE, SIZE, 0), cmap="magma", vmin=0, vmax=top or 1)
    axes.set(xlim=(0, SIZE), ylim=(SIZE, 0), xticks=[], yticks=[])


# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(9.0, 2.4))
viz.draw_joints(*test_people[0], legend=False, ax=grid[0])
wrist = JOINTS.index("left wrist")
for axes, sigma_ in zip(grid[1:], (0.5, 1.3, 4.0), strict=True):
    heat, _ = encode(
        truth[:1, :, :2], truth[:1, :, 2] > 0, (SIZE // CELL,) * 2, (SIZE,) * 2, sigma_
    )
    draw_map(axes, heat[0, wrist])
    axes.set_title(f"left wrist, σ = {sigma_}", fontsize=10)
plt.show()

# %% [markdown]
# Run the notebook to move it: choose the width, the joint and the person.

# %%
viz.sliders(draw_target, sigma=(0.3, 5.0), joint=list(JOINTS), person=(0, 7))

# %% [markdown]
# ## 7. Back to a place: the quarter of a cell
#
# Now the other way: from a map to a place. The centre of the highest cell, $c + 0.5$, is wrong by
# up to half a cell. But we have just seen that the *neighbours* know more: the higher one of them
# says on which side of the centre the joint is. So one moves **a quarter of a cell toward the
# higher neighbour**. Why a quarter? The joint may be anywhere in that half of the cell, and the
# middle of this half is a quarter away from the centre.
#
# By hand, for the row of the map above: highest cell 2, centre 2.5; left neighbour 0.46, right
# neighbour 0.75. So we move to the right: 2.75. Before you run the next cell, write down the mean
# error over joints anywhere, in cells: without the shift, and with a quarter.

# %%
SHIFT = 0.25


def decode_by_hand(heat, shift):
    """Return the place (u, v) of the highest cell, moved toward its higher neighbours."""
    h, w = heat.shape
    r, c = divmod(int(heat.argmax()), w)
    u, v = c + 0.5, r + 0.5
    if 0 < c < w - 1:  # both neighbours are there
        u += shift * np.sign(heat[r, c + 1] - heat[r, c - 1])
    if 0 < r < h - 1:
        v += shift * np.sign(heat[r + 1, c] - heat[r - 1, c])
    return float(u), float(v)


print("the joint from above:", decode_by_hand(by_hand, 0), "without,", end=" ")
print(decode_by_hand(by_hand, SHIFT), "with the shift")
joints = rng.uniform(1, 9, (2000, 2))  # anywhere, in a map of 10 x 10 cells, not in a border cell
for shift in (0, SHIFT):
    found = np.array(
        [decode_by_hand(gaussian_by_loops(*j, 10, 10, 1.3), shift) for j in joints[:500]]
    )
    error = np.abs(found - joints[:500])
    print(f"shift {shift}: mean error {error.mean():.3f} cells, largest {error.max():.3f}")

# %%
assert decode_by_hand(by_hand, 0.25) == (2.75, 1.5), "the place is not the one by hand"
assert error.mean() < 0.14, f"the mean error with a quarter is {error.mean():.3f} cells"
heats, _ = encode(joints[:, None] * CELL, np.ones((2000, 1), bool), (10, 10), (40, 40), 1.3)
library, heights = decode(heats, (40, 40))
ours = np.array([decode_by_hand(heat, 0.25) for heat in heats[:, 0]])
same(library[:, 0], ours * CELL, err_msg="the library decodes otherwise")
print(f"loops and library agree on {len(ours)} maps")

# %% [markdown]
# A quarter halves the mean error, from 0.25 to 0.125 cells. (A network's map is never exactly a
# Gaussian, so nobody trusts the neighbours further than that.) Write it for a row. Two rules for
# the special cases: in a **border** cell one neighbour is missing, so there is no shift; between
# **equal** neighbours there is none either.


# %%
def place_in_row(row):
    """Return the place of a row's highest cell, in cells, moved by a quarter or not."""
    raise NotImplementedError


check_blank(
    place_in_row,
    ((np.array([0.1, 0.46, 0.97, 0.75, 0.2]),), 2.75, "the right neighbour is higher"),
    ((np.array([0.1, 0.8, 0.97, 0.75, 0.2]),), 2.25, "the left neighbour is higher"),
    ((np.array([0.0, 3, 5, 3, 1]),), 2.5, "equal neighbours"),
    ((np.array([5.0, 1, 0, 0, 2]),), 0.5, "the first cell"),
    ((np.array([2.0, 1, 0, 0, 5]),), 4.5, "the last cell"),
    hint="what is row[c - 1] for c = 0? And row[c + 1] in the last cell?",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def place_in_row(row):
#     c = int(row.argmax())
#     if not 0 < c < len(row) - 1:
#         return c + 0.5
#     return c + 0.5 + 0.25 * np.sign(row[c + 1] - row[c - 1])
# ```
#
# </details>
#
# In Python, `row[-1]` is no error: it is the *last* cell. So a program that forgets the border
# finds for the row (5, 1, 0, 0, 2) that the "left neighbour", 2, is higher than the right one, 1,
# and moves to the left, to 0.25, because of a cell at the far end. It crashes only in the last
# column. The library decodes both ends without a wrap:

# %%
rows = np.array([[5.0, 1, 0, 0, 2], [2, 1, 0, 0, 5], [0, 3, 5, 3, 1], [0, 4, 4, 1, 0]])
(decoded, _) = decode(rows[:, None, None], (1, 5))  # 4 maps of one row
for row, (x, _) in zip(rows, decoded[:, 0], strict=True):
    print(f"{row} -> {x:g}")
same(decoded[:, 0, 0], [0.5, 4.5, 2.5, 2.0], err_msg="a border, or equal neighbours")

# %% [markdown]
# The last row has *two* highest cells. `argmax` takes the first, and in a mirror image the first is
# the other one. The library takes the mean of all: so a mirrored map always has the mirrored place,
# $\text{decode}(\text{mirrored map}) = W - \text{decode}(\text{map})$, exactly:

# %%
random_maps = rng.integers(0, 5, (200, 3, 6, 7)).astype(np.float32)  # many equal numbers
straight, _ = decode(random_maps, (24, 28))
mirrored_places, _ = decode(random_maps[..., ::-1], (24, 28))
same(mirrored_places[..., 0], 28 - straight[..., 0], err_msg="a mirror moves the places")
print("a mirror changes x to W - x, and nothing else")


# %%
def draw_decoding(place=3.8, sigma=1.0):
    """Draw a row's heights, the highest cell, and the place with and without the shift."""
    row = np.exp(-((np.arange(8) + 0.5 - place) ** 2) / (2 * sigma**2))
    c = int(row.argmax())
    move = 0.25 * np.sign(row[c + 1] - row[c - 1]) if 0 < c < 7 else 0.0
    _, axes = viz.subplots(figsize=(7.4, 2.9))
    near = {c: PALE_ORANGE, c - 1: PALE_BLUE, c + 1: PALE_BLUE}
    faces = [near.get(number, "white") for number in range(8)]
    axes.bar(np.arange(8) + 0.5, row, 1.0, color=faces, edgecolor="#a0a0a0")
    for number, height in enumerate(row):
        axes.text(number + 0.5, 1.13, f"{height:.2f}", ha="center", fontsize=9)
    fine = np.linspace(0, 8, 300)
    axes.plot(fine, np.exp(-((fine - place) ** 2) / (2 * sigma**2)), color=INK, linewidth=1)
    marks = (
        (place, GREEN, "-", f"the joint: {place:.2f}"),
        (c + 0.5, ORANGE, ":", f"centre of the highest cell: {c + 0.5}"),
        (c + 0.5 + move, BLUE, "--", f"with the shift: {c + 0.5 + move:g}"),
    )
    for x, colour, line, words in marks:
        axes.axvline(x, 0, 0.85, color=colour, linestyle=line, linewidth=1.8, label=words)
    axes.set(xlim=(0, 8), ylim=(0, 1.25), xticks=range(9), xlabel="cells")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))
    plt.show()


draw_decoding()

# %% [markdown]
# Run the notebook to move it: where is the joint when the shift makes the place *worse*?

# %%
viz.sliders(draw_decoding, place=(0.2, 7.8), sigma=(0.5, 3.0))

# %% [markdown]
# (When it is within an eighth of a cell of the centre.)
#
# **Try it:** move by half a cell: `SHIFT = 0.5`. Before you run it, write down the mean error.
#
# <details><summary>What happens</summary>
#
# The mean error is 0.25 cells again, and the largest 0.5: half a cell is the *end* of the half in
# which the joint is, and as far from its middle as the centre of the cell. Nothing is gained. (The
# assert below it fails.)
#
# </details>
#
# ## 8. The loss, and rungs 1 and 2 of the ladder
#
# How is a map learned? A first idea is the squared difference to the target, cell by cell. Look at
# its numbers first. Before you run the next cell, write down: what part of a map of 16 x 16 cells
# is above 0.1? And what is the squared error of a network that always draws *zeros*?

# %%
CELLS = SIZE // CELL
SIGMA = 1.3
seen = truth[..., 2] > 0
targets_, counted = encode(truth[..., :2], seen, (CELLS, CELLS), (SIZE, SIZE), SIGMA)
print(f"cells above 0.1: {(targets_[counted] > 0.1).mean():.1%}")
print(f"mean squared error of all zeros: {(targets_[counted] ** 2).mean():.4f}")

# %% [markdown]
# Zeros are nearly right! All that the network has to find out is in a few percent of the cells. So
# we ask otherwise: **in which of the 256 cells is the joint?** That is a classification. A softmax
# over all cells makes of a map of scores a map of probabilities $p$, and the loss is the
# cross-entropy with the target, divided by its sum so that it is a distribution $q$, too:
#
# $$L = -\sum_{\text{cells}} q \log p$$
#
# Two numbers are known before any training. If all scores are equal, $L = \log 256$. And it never
# gets to 0: the smallest is the entropy of $q$, when $p = q$. Before you run the next cell, write
# down the first number.


# %%
class Little(nn.Module):
    """A small trunk: maps of stride 4, 8, 16 and 32, as the library's pose networks ask for."""

    widths = (32, 48, 64, 64)

    def __init__(self):
        super().__init__()
        a, b, c, d = self.widths
        self.stages = nn.ModuleList(
            [
                nn.Sequential(
                    ConvBNReLU(3, 16, stride=2), ConvBNReLU(16, a, stride=2), ConvBNReLU(a, a)
                ),
                nn.Sequential(ConvBNReLU(a, b, stride=2), ConvBNReLU(b, b)),
                nn.Sequential(ConvBNReLU(b, c, stride=2), ConvBNReLU(c, c)),
                nn.Sequential(ConvBNReLU(c, d, stride=2), ConvBNReLU(d, d)),
            ]
        )
        self.channels = dict(zip((4, 8, 16, 32), self.widths, strict=True))

    def forward(self, images):
        x, maps = (images - 0.5) * 4, {}
        for stride, stage in zip(self.channels, self.stages, strict=True):
            x = maps[stride] = stage(x)
        return maps


minidet.manual_seed(0)
batch = collate_people(train_people[:8])
network = HeatmapPose(K, Little(), width=32, sigma=SIGMA)
start = network(*batch)["heatmaps"].item()
batch_joints = np.concatenate([target["keypoints"] for target in batch[1]])
wanted, used = encode(
    batch_joints[..., :2], batch_joints[..., 2] > 0, (CELLS, CELLS), (SIZE, SIZE), SIGMA
)
q = wanted[used] / wanted[used].sum((1, 2), keepdims=True)
entropy = float(-(q * np.log(np.maximum(q, 1e-30))).sum((1, 2)).mean())
print(f"log 256 = {math.log(256):.3f}; loss at the start: {start:.3f}")
print(f"entropy of the targets: {entropy:.3f}; log(2 pi e sigma^2) = ", end="")
print(f"{math.log(2 * math.pi * math.e * SIGMA**2):.3f}")
assert abs(start - math.log(256)) < 0.05, f"the loss starts at {start}"

# %% [markdown]
# (The last number is the entropy of a Gaussian in the plane. Ours is a little less: the border
# cuts some hills.)
#
# Rung 2: learn one batch of eight people by heart. As in every notebook, the loss has to fall below
# a tenth of its start; what counts here is the part *above the entropy*. Three networks climb:
# heatmaps; regression; and heatmaps with a first convolution of zeros, which sees nothing. Before
# you run the next cells, write down which of them get there.


# %%
def train(model, steps, rate, next_batch, title):
    """Train with AdamW, a warm-up, then the rate falling to 0; return the losses of every step."""
    optimizer = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    warm = min(20, max(steps // 4, 1))
    schedule = optim.SequentialLR(
        optimizer,
        [
            optim.LinearLR(optimizer, 0.1, total_iters=warm),
            optim.CosineAnnealingLR(optimizer, steps - warm),
        ],
        [warm],
    )
    history = []
    model.train()
    with tqdm(range(steps), desc=title) as bar:
        for _ in bar:
            losses = model(*next_batch())
            total = sum(list(losses.values())[1:], next(iter(losses.values())))
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            schedule.step()
            history.append({name: loss.item() for name, loss in losses.items()})
    return history


def climb(network, broken=False):
    """Train a new network on the same batch; return how far each loss is above the best one."""
    if broken:
        nn.init.zeros_(network.backbone.stages[0][0][0].weight)
    least = entropy if isinstance(network, HeatmapPose) else 0
    history = train(network, 6 if QUICK else 100, 5e-3, lambda: batch, "by heart")
    return [next(iter(losses.values())) - least for losses in history]


minidet.manual_seed(0)
climbed = {
    "heatmaps": climb(HeatmapPose(K, Little(), width=32, sigma=SIGMA)),
    "regression": climb(DeepPose(K, Little(), width=64)),
    "heatmaps, broken": climb(HeatmapPose(K, Little(), width=32, sigma=SIGMA), broken=True),
}
for name, losses in climbed.items():
    share = losses[-1] / losses[0]
    print(f"{name:17} {losses[0]:.4f} at first, {losses[-1]:.4f} at last: {share:.1%} of the start")
if not QUICK:
    shares = {name: losses[-1] / losses[0] for name, losses in climbed.items()}
    assert max(shares["heatmaps"], shares["regression"]) < 0.1, f"not by heart: {shares}"
    assert shares["heatmaps, broken"] > 0.1, f"the broken network learns: {shares}"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.6, 3.0))
for (name, losses), (colour, line) in zip(
    climbed.items(), ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-.")), strict=True
):
    axes.semilogy(np.array(losses) / losses[0], line, color=colour, label=name)
axes.axhline(0.1, color=INK, linestyle=":", linewidth=1)
axes.text(0, 0.093, "a tenth", va="top", fontsize=9)
axes.set(xlabel="step", ylabel="loss above the best,\nas a share of the start")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(fontsize=9, loc="lower left")
plt.show()

# %% [markdown]
# The broken network stays at its start: exactly. All its features are 0, and stay 0 (a ReLU at 0
# passes no gradient back). So every cell has the same score, and a softmax over cells cannot tell
# equal scores from each other, whatever they are. A loss that stays at the logarithm of the number
# of cells says: *nothing of the picture arrives*. Now you know what it looks like.
#
# ## 9. Rung 3: train
#
# Pictures are mirrored, turned by up to 15 degrees, and made a little larger or smaller, anew at
# every step. The cascade trains both of its networks at once; its first stage, alone, is our
# regression. The heatmap network has the same trunk, and takes as many steps. Before you run the
# next cells, write down the PCK@0.2 of the four: mean pose, regression, cascade, heatmaps. ("Mean
# pose" says for every picture the mean place of each joint in training: what one knows without
# looking.)

# %%
change = RandomAffineCrop(SIZE, degrees=15, scale=(0.85, 1.15), keypoint_pairs=PAIRS)


def some_people(rng, number=16):
    """Return a batch of training people, changed at random: images and targets."""
    chosen = rng.choice(TRAIN, number, replace=False)
    return collate_people([change(*train_people[i], rng) for i in chosen])


def score(answers):
    """Return the three measures of answers (N, 14, 2) on the test people."""
    scores = Scores(K)
    scores.update(test_targets, answers)
    return scores


def places_of(model, images=test_images):
    """Return places (N, 14, 2) and how sure the network is of each (N, 14)."""
    model.eval()
    with no_grad():
        found = [a for i in range(0, len(images), 25) for a in model(images[i : i + 25])]
    places = np.concatenate([answer["keypoints"].numpy() for answer in found])[..., :2]
    return places, np.concatenate([answer["keypoints_scores"].numpy() for answer in found])


STEPS = 6 if QUICK else 400
begin = time.perf_counter()
minidet.manual_seed(0)
cascade = DeepPoseCascade(K, Little(), width=64)
draws = np.random.default_rng(1)
cascade_history = train(cascade, STEPS, 3e-3, lambda: some_people(draws), "cascade")
heat = HeatmapPose(K, Little(), width=32, sigma=SIGMA)
draws = np.random.default_rng(1)
heat_history = train(heat, STEPS, 6e-3, lambda: some_people(draws), "heatmaps")
print(f"{time.perf_counter() - begin:.0f} s for both")

# %%
train_truth = np.concatenate([target["keypoints"] for _, target in train_people])
there = train_truth[..., 2:] > 0
mean_pose = (train_truth[..., :2] * there).sum(0) / there.sum(0)
cascade.eval()
with no_grad():
    first_stage = DeepPose.located(cascade, test_images)
answers = {
    "mean pose": np.repeat(mean_pose[None], TEST, 0),
    "regression": first_stage,
    "cascade": places_of(cascade)[0],
    "heatmaps": places_of(heat)[0],
}
heat.flip_test = True  # the mean of the maps for the picture and for its mirror image
answers["heatmaps, mirrored too"], sure = places_of(heat)
heat.flip_test = False
measured = {name: score(places) for name, places in answers.items()}
for number, (name, scores) in enumerate(measured.items()):
    if number == 0:
        print(f"{'':24}", "  ".join(scores.means()))
    print(f"{name:24}", "  ".join(f"{v:{len(k)}.3f}" for k, v in scores.means().items()))
if not QUICK:
    mean_, regression_, cascade_, maps_, _ = (s.means()["PCK@0.2 torso"] for s in measured.values())
    others = max(mean_, regression_, cascade_)
    assert others < maps_, f"heatmaps have {maps_}, and another has {others}"

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(8.6, 2.9))


def smooth(values, over=15):
    """Return means over so many steps."""
    over = min(over, len(values))
    return np.convolve(values, np.ones(over) / over, "valid")


for name, colour, line in (("joints", ORANGE, "--"), ("squares", GREEN, "-.")):
    values = smooth([losses[name] for losses in cascade_history])
    words = "first stage, in boxes" if name == "joints" else "second stage, in squares"
    left.semilogy(values, line, color=colour, label=words)
right.plot(smooth([losses["heatmaps"] for losses in heat_history]), color=BLUE, label="heatmaps")
for level, words in ((math.log(256), "log 256"), (entropy, "entropy of the targets")):
    right.axhline(level, color=INK, linestyle=":", linewidth=1)
    across = right.get_yaxis_transform()
    right.text(1, level + 0.04, words, transform=across, ha="right", va="bottom", fontsize=9)
left.set(xlabel="step", ylabel="mean squared distance")
right.set(xlabel="step", ylabel="cross-entropy", ylim=(entropy - 0.15, math.log(256) + 0.4))
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, loc="upper center")
plt.show()


# %% jupyter={"source_hidden": true}
def with_v(places, v=2):
    """Return a target to draw: places (14, 2) with a third column."""
    return {"keypoints": np.append(places, np.full((K, 1), float(v)), 1)}


shown = range(4, 8)
_, grid = viz.subplots(4, 4, figsize=(6.6, 6.8))
for line, i in zip(grid, shown, strict=True):
    image, target = test_people[i]
    viz.draw_joints(image, target, legend=False, ax=line[0])
    for axes, name in zip(line[1:], ("regression", "cascade", "heatmaps"), strict=True):
        viz.draw_joints(image, with_v(answers[name][i]), legend=False, ax=axes)
for axes, title in zip(grid[0], ("truth", "regression", "cascade", "heatmaps"), strict=True):
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# Look at the regression: it says nearly the same for everybody, the mean pose, and its score is
# the mean pose's (both 0.219). It is not broken: on rung 2 it learned eight people by heart, in
# some ten steps. But from a whole picture to numbers is a long way, and these steps are too few
# for it; where it is in doubt, the squared error asks for the mean. The second look adds nothing to
# PCK@0.2 (0.217) and a little to the two others: it sees an arm near its square, and moves towards
# it, not far enough. It needs a trunk that knows more than ours after 400 steps (section 12). The
# heatmaps have the same trunk and as many steps, and twice the score (0.463). Their mistakes look
# otherwise: in the last row the limbs are found, and left is called right. The person is seen from
# behind.
#
# ## 10. Rung 4: look at the mistakes
#
# One number hides which joints are wrong. Before you run the next cell, write down the two joints
# that are found best, and the two that are found worst.

# %%
per_joint = {name: scores.per_joint()["PCK@0.2 torso"] for name, scores in measured.items()}
kinds = {}  # left and right together: "knee": [1, 4]
for number, name in enumerate(JOINTS):
    kinds.setdefault(name.removeprefix("right ").removeprefix("left "), []).append(number)
best = np.array([per_joint["heatmaps"][numbers].mean() for numbers in kinds.values()])
for number in np.argsort(-best):
    name = list(kinds)[number]
    print(f"{name:9} PCK@0.2 of heatmaps {best[number]:.2f}")

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(8.4, 3.0))
styles = (
    ("mean pose", INK, "d:"),
    ("regression", ORANGE, "s--"),
    ("cascade", GREEN, "^-."),
    ("heatmaps", BLUE, "o-"),
)
for name, colour, line in styles:
    values = [per_joint[name][kinds[list(kinds)[number]]].mean() for number in np.argsort(-best)]
    axes.plot(values, line, color=colour, label=name, markersize=6)
axes.set(xticks=range(len(kinds)), ylim=(0, 1), ylabel="PCK@0.2 torso")
axes.set_xticklabels([list(kinds)[number] for number in np.argsort(-best)])
axes.spines[["top", "right"]].set_visible(False)
axes.legend(fontsize=9)
plt.show()

# %% [markdown]
# What is far from the trunk is hard: a wrist may be anywhere around an elbow, which may be
# anywhere around a shoulder. Now the maps themselves: four of the joints, for three people. A
# cross is the true place.

# %% jupyter={"source_hidden": true}
heat.eval()
with no_grad():
    drawn = heat.heatmaps(test_images[:12])
peak = 1 / (2 * math.pi * SIGMA**2)  # the height of a Gaussian whose sum is 1
looked_at = [JOINTS.index(name) for name in ("head top", "right knee", "left wrist", "right wrist")]
_, grid = viz.subplots(3, 5, figsize=(9.2, 5.9))
for line, i in zip(grid, (4, 5, 6), strict=True):
    viz.draw_joints(*test_people[i], legend=False, ax=line[0])
    for axes, joint in zip(line[1:], looked_at, strict=True):
        draw_map(axes, drawn[i, joint], peak)
        if truth[i, joint, 2]:
            axes.plot(*truth[i, joint, :2], "x", color="#4cc9f0", markersize=8, markeredgewidth=2)
for axes, joint in zip(grid[0, 1:], looked_at, strict=True):
    axes.set_title(JOINTS[joint], fontsize=10)
grid[0, 0].set_title("truth", fontsize=10)
plt.show()

# %% [markdown]
# Look for maps with two hills: the network is in doubt between left and right. Run the notebook to
# see any joint of any of twelve people.


# %%
def draw_answer(person=5, joint="left wrist"):
    """Draw the truth, one map, and the answers of all maps."""
    number = JOINTS.index(joint)
    image, target = test_people[person]
    _, (left, middle, right) = viz.subplots(1, 3, figsize=(8.4, 2.9))
    viz.draw_joints(image, target, legend=False, ax=left)
    draw_map(middle, drawn[person, number], peak)
    if truth[person, number, 2]:
        middle.plot(*truth[person, number, :2], "x", color="#4cc9f0", markersize=8)
    viz.draw_joints(image, with_v(answers["heatmaps"][person]), legend=False, ax=right)
    for axes, title in zip((left, middle, right), ("truth", joint, "answers"), strict=True):
        axes.set_title(title, fontsize=10)
    plt.show()


viz.sliders(draw_answer, person=(0, 11), joint=list(JOINTS))

# %% [markdown]
# Three questions to the answers. Does it matter whether a joint is seen or hidden? How often does
# the network call a left joint a right one: its answer is *nearer to the partner's place* than to
# its own? And does the network know when it is wrong? A heatmap says how sure it is: by the height
# of its peak. Before you run the next cell, write down an answer to each.

# %%
places = answers["heatmaps, mirrored too"]
error = np.linalg.norm(places - truth[..., :2], axis=-1)  # (N, 14), pixels
torso = np.linalg.norm(truth[:, TORSO[0], :2] - truth[:, TORSO[1], :2], axis=-1)
measurable = seen & (seen[:, TORSO[0]] & seen[:, TORSO[1]] & (torso > 0))[:, None]
near = error <= 0.2 * torso[:, None]
for v, words in ((2, "seen"), (1, "hidden")):
    print(
        f"PCK@0.2 of joints that are {words}: {near[measurable & (truth[..., 2] == v)].mean():.2f}"
    )
partner = np.arange(K)
for a, b in PAIRS:
    partner[[a, b]] = b, a
both = seen & seen[:, partner] & (partner != np.arange(K))
to_partner = np.linalg.norm(places - truth[:, partner, :2], axis=-1)
print(f"nearer to the partner's place: {(to_partner < error)[both].mean():.0%} of paired joints")
quarters = np.quantile(sure[measurable], (0, 0.25, 0.5, 0.75, 1))
shares = []
for low, high in pairwise(quarters):
    chosen = measurable & (sure >= low) & (sure <= high)
    shares.append(float(near[chosen].mean()))
print("PCK@0.2, from the least sure quarter to the surest:", ", ".join(f"{s:.2f}" for s in shares))
if not QUICK:
    assert shares[0] < shares[-1], f"the peaks say nothing about the answers: {shares}"

# %% [markdown]
# Hidden joints are harder, and still far from hopeless (0.28): the rest of the body says where an
# arm must be. Left and right are the hardest of all: in more than a third of the pairs the answer
# is nearer to the partner. All that tells a front from a back is a face of a few pixels.
#
# The height of a peak says much: of the surest quarter 72 % are right, of the least sure 26 %. A
# program that uses poses can leave unsure joints out. A regression has no such number.
#
# ## 11. Four small mistakes
#
# The mean of the maps for a picture and for its mirror image is better than one map, *if* the
# second map is mirrored back correctly: columns reversed, and left and right in each other's
# place. `order` says for each joint which one a mirror shows in its place. Write it.


# %%
def mirror_back(maps, order):
    """Return the maps (K, h, w) of the mirror image as maps of the picture."""
    raise NotImplementedError


check_blank(
    mirror_back,
    (
        (np.array([[[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]]]), np.array([1, 0, 2])),
        np.array([[[6, 5, 4]], [[3, 2, 1]], [[9, 8, 7]]]),
        "a pair and a single",
    ),
    (
        (targets_[0], partner),
        flip_maps(targets_[:1], partner)[0],
        "a person's maps",
    ),
    hint="maps[order] chooses the rows; [..., ::-1] reverses the columns",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def mirror_back(maps, order):
#     return maps[order][:, :, ::-1]
# ```
#
# </details>
#
# Here is the same trained network, with small mistakes in the lines *after* it. None of them
# crashes. Before you run the next cell, sort them by how much they cost:
#
# 1. the place of cell $c$ is $c$ cells, not $c + 0.5$;
# 2. no quarter of a cell;
# 3. maps are mirrored back, but left and right keep their places;
# 4. maps are mirrored back, and are off by one cell.

# %%
straight, backwards = [], []
with no_grad():
    for i in range(0, TEST, 25):
        images = test_images.numpy()[i : i + 25]
        straight.append(heat.heatmaps(tensor(images)))
        backwards.append(heat.heatmaps(tensor(np.ascontiguousarray(images[..., ::-1]))))
straight, backwards = np.concatenate(straight), np.concatenate(backwards)  # (N, 14, 16, 16)
size = (SIZE, SIZE)


def centres(maps):
    """Return the centre of the highest cell: no shift."""
    r, c = np.unravel_index(maps.reshape(*maps.shape[:2], -1).argmax(-1), maps.shape[2:])
    return (np.stack([c, r], -1) + 0.5) * CELL


mean = (straight + flip_maps(backwards, partner)) / 2
found = {
    "as it should be": decode(mean, size)[0],
    "without the mirror image": decode(straight, size)[0],
    "1. c, not c + 0.5": decode(mean, size)[0] - CELL / 2,
    "2. no quarter": centres(mean),
    "3. left and right not swapped": decode((straight + backwards[..., ::-1]) / 2, size)[0],
    "4. off by one cell": decode(
        (straight + np.roll(flip_maps(backwards, partner), 1, axis=-1)) / 2, size
    )[0],
}
costs = {name: score(places).means() for name, places in found.items()}
print(f"{'':30} PCK@0.2  PCKh@0.5    OKS")
for name, values in costs.items():
    pck, pckh, oks = values.values()
    print(f"{name:30} {pck:7.3f} {pckh:9.3f} {oks:6.3f}")
same(found["as it should be"], answers["heatmaps, mirrored too"], rtol=0, atol=1e-3)
if not QUICK:
    right = costs["as it should be"]["PCK@0.2 torso"]
    for name in ("1. c, not c + 0.5", "3. left and right not swapped"):
        assert costs[name]["PCK@0.2 torso"] < right, f"mistake {name} costs nothing"

# %% [markdown]
# Half a cell, two pixels here, costs the most: a fifth of all that was right (0.465 becomes
# 0.366). No quarter of a cell: 0.438. A mirror image that is put back wrongly, by one cell or with
# left for right, is worse than none (0.382 and 0.393, against 0.463). And look at OKS: it falls
# too, but less. A measure that looks at large distances hardly sees half a cell.
#
# Why do such mistakes live long? Nothing crashes, and the number looks like that of a network that
# should have been trained for longer. What finds them is a test with a known answer: the map of
# one joint, decoded, has to give the joint; a picture and its mirror image have to give mirrored
# poses. You have seen both tests in section 7.
#
# ## 12. Photographs
#
# Real people are harder than generated ones. *Leeds Sports Pose Extended* has photographs of
# people doing sports, upside down, folded, seen from the side. The photographs may be used for
# research and teaching, but not passed on, so none is drawn here. If you have them, in the folder
# `lspet_pose128` below the one that the environment variable `MINIDET_DATA` names, the next cell
# looks at them. Otherwise it prints what it found here. Before you run it, write down whether the
# mean pose is better on photographs or on our figures.

# %%
COMMITTED = 200, 0.046


def mean_pose_on_photographs():
    """Return people and PCK@0.2 torso of the mean pose of the training part, on the test part."""
    people = {}
    for split in ("train", "test"):
        data = LSPET(split=split)
        people[split] = np.concatenate(
            [data.load(i)[1]["keypoints"] for i in range(40 if QUICK else len(data))]
        )
    known = people["train"][..., 2:] > 0
    mean = (people["train"][..., :2] * known).sum(0) / known.sum(0)
    pck = PCK(K, TORSO, 0.2)
    pck.update(people["test"], np.repeat(mean[None], len(people["test"]), 0))
    return len(people["test"]), pck.mean


try:
    number, value = mean_pose_on_photographs()
    print("found in MINIDET_DATA:", end=" ")
except FileNotFoundError:
    number, value = COMMITTED
    print("no photographs here; with them it was:", end=" ")
print(f"mean pose on {number} photographs: PCK@0.2 torso {value:.3f}", end="; ")
print(f"on our figures {measured['mean pose'].means()['PCK@0.2 torso']:.3f}")

# %% [markdown]
# On photographs the mean pose is next to nothing: people there stand on their hands, lie, and are
# cut out in every direction, so the mean of all heads is somewhere in the middle. Generated figures
# stand, more or less. A data set on which the mean pose is good is an easy one: always look at what
# one gets without looking.
#
# To train on them, in a terminal:
#
# ```
# minidet train pose --data lspet --pretrained --minutes 10
# minidet train pose_regression --data lspet --pretrained --minutes 10
# minidet train pose_cascade --data lspet --pretrained --minutes 10
# ```
#
# This takes the published weights of MobileNetV2 for the trunk, and pictures of 128 x 128 pixels:
# maps of 32 x 32 cells. There the order of the three is the one to hope for: the second look makes
# a fifth more of the joints right, and heatmaps twice as many again. The figures, and the commands,
# are at the top of [the results](../docs/results.md).
#
# ## Summary
#
# 1. Left and right are the person's own. A mirror changes $x$ to $W - x$, *and* lets left and right
#    joints change places.
# 2. Pixel $j$ has its centre at $j + 0.5$; a cell of a map, too.
# 3. A joint with v = 0 has no place: it is in no loss and in no score. A hidden one, v = 1, has
#    one.
# 4. PCK counts joints that are near, in a length that has to be named. OKS says how near they are.
# 5. Regression says $2K$ numbers, relative to the person's box.
# 6. A cascade looks at each joint again, in a square around the first answer.
# 7. A heatmap says for every cell whether the joint is there. The target is a Gaussian around it.
# 8. A place is read from a map as the centre of its highest cell, moved by a quarter of a cell
#    toward the higher neighbour: the mean error is halved.
# 9. The loss is a classification among cells: it starts at the logarithm of their number, and ends
#    at the entropy of the target.
# 10. The height of a peak says how sure the network is.
#
# | term | section | builds on |
# |---|---|---|
# | joint, visibility v | 1 | |
# | mirror with pairs | 2 | places of pixels |
# | PCK, OKS | 3 | distance; visibility |
# | relative to the box | 4 | |
# | mask of a loss | 4 | visibility; the ignore label of [06](06_fcn.ipynb) |
# | cascade | 5 | relative places |
# | heatmap | 6 | maps of scores: [06](06_fcn.ipynb) |
# | quarter of a cell | 7 | heatmap |
# | softmax over cells, entropy | 8 | cross-entropy |
# | doubt: two hills, height of a peak | 10 | heatmap |
#
# ## Questions
#
# **1.** A network does not know which of two wrists is the left one: half and half. What does a
# regression with squared error say? What does a heatmap say?
#
# <details><summary>Answer</summary>
#
# The regression says the middle between the two: the mean has the smallest expected squared error.
# There is no wrist. The heatmap has two hills of half the height, and decoding takes the higher
# one: it is right in half of the cases, and its peak says that it is not sure.
#
# </details>
#
# **2.** Why does the map of a joint that is outside of the picture not become all zeros in the
# loss, but is left out?
#
# <details><summary>Answer</summary>
#
# With a softmax over cells it cannot be zeros: a distribution sums to 1. And "outside" is not
# "nowhere": nobody labelled it, so nobody knows. Leaving it out teaches nothing, right or wrong.
#
# </details>
#
# **3.** Pictures of 64 x 64 pixels, maps of 16 x 16 cells. Somebody makes maps of 64 x 64 cells
# instead, with $\sigma = 1.3$ cells. What becomes better, what worse?
#
# <details><summary>Answer</summary>
#
# Decoding: an eighth of a cell is an eighth of a pixel now, not half of one. But the hill is four
# times as narrow in pixels, so that a map has one cell in 4,096 that is right; the network is
# asked for more than it can see. And the last layers cost 16 times as much. Papers take a map of a
# quarter of the picture's side for this reason.
#
# </details>
#
# **4.** In a published list of results, a network has a PCK of 0.9, and another has 0.6. Which is
# better?
#
# <details><summary>Answer</summary>
#
# Nobody knows, unless $\alpha$, the length and the data are the same. 0.2 torsos are some 7 to 10
# centimetres, half a head about 11. And a list may count only joints that are seen.
#
# </details>
#
# ## What to read next
#
# - [minidet/models/pose/heatmaps.py](../minidet/models/pose/heatmaps.py) and
#   [deeppose.py](../minidet/models/pose/deeppose.py): what you have built, with all checks.
# - A. Toshev, C. Szegedy, *DeepPose*, CVPR 2014,
#   [arXiv:1312.4659](https://arxiv.org/abs/1312.4659): regression and the cascade.
# - J. Tompson and others, *Joint training of a convolutional network and a graphical model for
#   human pose estimation*, NIPS 2014, [arXiv:1406.2984](https://arxiv.org/abs/1406.2984):
#   heatmaps.
# - A. Newell, K. Yang, J. Deng, *Stacked hourglass networks*, ECCV 2016,
#   [arXiv:1603.06937](https://arxiv.org/abs/1603.06937): the quarter of a cell, in section 3.3.
# - B. Xiao, H. Wu, Y. Wei, *Simple baselines for human pose estimation and tracking*, ECCV 2018,
#   [arXiv:1804.06208](https://arxiv.org/abs/1804.06208).
# - J. Huang and others, *The devil is in the details: delving into unbiased data processing for
#   human pose estimation*, CVPR 2020, [arXiv:1911.07524](https://arxiv.org/abs/1911.07524): what
#   half a pixel and a mirror cost.
# - M. R. Ronchi, P. Perona, *Benchmarking and error diagnosis in multi-instance pose estimation*,
#   ICCV 2017, [arXiv:1707.05388](https://arxiv.org/abs/1707.05388): which mistakes there are.
