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
# # YOLO: one network, one look
#
# Every detector so far looks twice: first for places where something may be, then at each of them.
# YOLO, "You Only Look Once", does without places to look at. It lays a grid over the picture, and
# one network says, for all cells at once, which boxes are there and what is in them. We build it
# step by step: the grid, what a cell says, who learns what, the loss of the paper term by term; and
# we train it, and see what a grid cannot do.
#
# |  |  |
# |---|---|
# | **Time** | reading: 55 minutes; doing, with every Try it: 140 |
# | **You need** | IoU (notebook 08), NMS and recall ([11](11_region_proposals.ipynb)) |
# | **Good to know** | Faster R-CNN ([14](14_faster_rcnn.ipynb)): two stages, anchors |
# | **You do not need** | a graphics card, or a download: all cells run for about three minutes |
#
# **At the end you can say**
# - which cell has to find an object, also at the border, and what its numbers mean;
# - which of a cell's predictors learns an object, and why exactly one;
# - the five terms of the loss, in the paper's order, and what its two weights and its square roots
#   are for;
# - what a grid cannot find, however good the network is;
# - how good YOLO is beside Faster R-CNN, where its mistakes are, and what five common bugs look
#   like.
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
from minidet import nn, no_grad, optim, tensor, viz
from minidet.data import DigitScenes, sample_photograph
from minidet.grading import check_blank
from minidet.metrics import MeanAveragePrecision, error_types
from minidet.models.detection import FasterRCNN, YOLOv1, grid_recall
from minidet.models.detection.one_stage.yolo import responsible as library_responsible
from minidet.models.detection.one_stage.yolo_grid import cells_of, owners
from minidet.ops import batched_nms, box_iou, clip_boxes_to_image
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
from minidet.viz.sketch import arrow, block, canvas, outline

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

same = np.testing.assert_allclose


# %% jupyter={"source_hidden": true}
def show(axes, image, title=""):
    """Show a picture (3, H, W) without ticks."""
    viz.draw_image(image, axes).set_title(title, fontsize=10)


def lines(axes, grid, height, width, colour="white", **style):
    """Draw a grid of so many cells a side over a picture."""
    style = {"color": colour, "linewidth": 0.7, **style}
    for i in range(1, grid):
        axes.plot((0, width), (i * height / grid,) * 2, **style)
        axes.plot((i * width / grid,) * 2, (0, height), **style)


def fill(axes, row, column, side, colour, alpha=0.45):
    """Colour a cell."""
    corner = (column * side, row * side)
    axes.add_patch(Rectangle(corner, side, side, facecolor=colour, alpha=alpha, edgecolor="none"))


# %% [markdown]
# ## 1. The problem: two looks, or one
#
# A photograph (by vultilion, flickr.com/photos/vultilion, CC BY 2.0), and two detectors on the same
# small backbone. Faster R-CNN looks at the whole picture and proposes regions; then it looks at
# each region again. YOLO says its boxes after the first look. (The weights are random: for the
# time, this makes little difference.) **Write down** how many times as long Faster R-CNN takes.

# %%
photograph = sample_photograph("flower", scale=0.3 if QUICK else 1.0)


def seconds(function, times=1 if QUICK else 5):
    """Return the least time that a call of the function took; the first call does not count."""
    function()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def times_of(model):
    """Return the seconds of the first look at the photograph, and of all the rest."""
    model.eval()
    with no_grad():
        batch = model.prepared([photograph])[0][0]
        look = seconds(lambda: model.features(batch.images))
        return look, seconds(lambda: model([photograph])) - look


minidet.manual_seed(0)
spent = {
    "Faster R-CNN": times_of(FasterRCNN(21, "mobilenet_v1_025")),
    "YOLO": times_of(YOLOv1(21, "mobilenet_v1_025")),
}
for name, (look, rest) in spent.items():
    print(f"{name:12} {1000 * look:5.0f} ms for the first look, {1000 * rest:5.0f} ms for the rest")
ratio = sum(spent["Faster R-CNN"]) / sum(spent["YOLO"])
print(f"Faster R-CNN takes {ratio:.1f} times as long")
if not QUICK:
    assert ratio > 1, "YOLO is not faster"

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.4, 3.2))
show(left, photograph, "7 × 7 cells: 49 places, all at once")
lines(left, 7, *photograph.shape[1:], linewidth=1.2)
for row, (look, rest) in enumerate(spent.values()):
    style = {"edgecolor": "white", "height": 0.5}
    right.barh(row, 1000 * look, color=BLUE, **style)
    right.barh(row, 1000 * rest, left=1000 * look, color=ORANGE, hatch="//", **style)
right.set(yticks=(0, 1), yticklabels=("Faster R-CNN", "YOLO"), ylim=(1.6, -0.6))
right.set_xlabel("milliseconds; blue: the backbone, orange and hatched: the rest", fontsize=9)
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# (This page was made on a busy machine; on yours all times are shorter. Their ratio counts.) In the
# paper, on a graphics card and PASCAL VOC 2007: YOLO sees 45 pictures a second, Faster R-CNN with
# VGG-16 sees 7. What it costs: mAP 63.4 instead of 73.2. Both halves of this trade come back in
# section 12.
#
# The two networks side by side:


# %% jupyter={"source_hidden": true}
def draw_networks():
    """Draw Faster R-CNN with its second look, and YOLO."""
    axes = canvas(10, 3.4, (-0.3, 26.6), (-2.9, 5.0))
    for y in (3.3, -0.6):
        block(axes, 1.2, y, "picture", "#ececec", 2.4)
        block(axes, 4.9, y, "backbone", PALE_BLUE, 2.8)
        arrow(axes, (2.4, y), (3.5, y))
    block(axes, 9.0, 3.3, "proposals", PALE_ORANGE, 3.0)
    block(axes, 13.4, 3.3, "pool each\nregion", PALE_ORANGE, 3.0)
    block(axes, 17.8, 3.3, "class, box\nof each region", PALE_ORANGE, 3.6)
    for start, end in ((6.3, 7.5), (10.5, 11.9), (14.9, 16.0), (19.6, 20.9)):
        arrow(axes, (start, 3.3), (end, 3.3), ORANGE)
    axes.plot((4.9, 4.9, 13.4), (3.95, 4.6, 4.6), color=ORANGE, linewidth=1.4)
    arrow(axes, (13.4, 4.6), (13.4, 3.95), ORANGE)
    axes.text(9.2, 4.7, "the second look", color=ORANGE, fontsize=9.5, ha="center", weight="bold")
    block(axes, 9.0, -0.6, "average to\nS × S cells", PALE_GREEN, 3.0)
    block(axes, 13.4, -0.6, "four 3 × 3\nconvolutions", PALE_GREEN, 3.0)
    block(axes, 17.8, -0.6, "S × S × (5B + C)\nnumbers", PALE_GREEN, 3.6)
    for start, end in ((6.3, 7.5), (10.5, 11.9), (14.9, 16.0), (19.6, 20.9)):
        arrow(axes, (start, -0.6), (end, -0.6), GREEN)
    for y in (3.3, -0.6):
        block(axes, 23.4, y, "scores, NMS:\ndetections", "#ececec", 5.0)
    words = "of each cell: B boxes with a confidence, and C classes"
    axes.text(17.8, -2.0, words, color=GREEN, fontsize=9.5, ha="center", weight="bold")
    axes.text(-0.1, 4.5, "Faster R-CNN", fontsize=11, color=ORANGE, weight="bold")
    axes.text(-0.1, 0.6, "YOLO", fontsize=11, color=GREEN, weight="bold")
    plt.show()


draw_networks()

# %% [markdown]
# No anchors, no proposals, no pooling, no sample of regions: the whole of YOLO is a network whose
# output has a fixed shape, and a rule that says what each of its numbers means.
#
# ## 2. A picture as a grid: which cell has to find an object?
#
# From here on, pictures are `DigitScenes`, as in notebook 14: three to six handwritten digits of
# real scans, on paper, 64 x 64 pixels. The grid has 8 x 8 cells. The rule of the paper: **the cell
# that holds the centre of an object has to find it**, however many cells the object covers.
#
# **Write down** the row and the column of the cell that has to find each digit of the second
# picture (both count from 0, from the upper left corner).

# %%
SIZE = 64
test_scenes = DigitScenes("test", SIZE, 8 if QUICK else 100, seed=1)
images, targets = zip(*(test_scenes[i] for i in range(len(test_scenes))), strict=True)
targets = [{name: target[name] for name in ("boxes", "labels")} for target in targets]
CLASSES = test_scenes.classes
C = len(CLASSES) - 1  # the paper's C: without a background
WATCHED = 1  # a scene that we shall meet again

_, grid = viz.subplots(1, 5, figsize=(9.4, 2.2))
for axes, image, target in zip(grid, images, targets, strict=False):
    show(axes, image)
    lines(axes, 8, SIZE, SIZE, "#b0b0b0")
    for box, label in zip(target["boxes"], target["labels"], strict=True):
        outline(axes, box, GREEN, width=1.5, text=CLASSES[label])
plt.show()

# %%
S, B = 8, 2
image, target = images[WATCHED], targets[WATCHED]
side = SIZE / S  # of a cell, in pixels
for (x1, y1, x2, y2), label in zip(target["boxes"], target["labels"], strict=True):
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    place = f"row {y // side:.0f}, column {x // side:.0f}"
    print(f"the {CLASSES[label]}: centre ({x:.1f}, {y:.1f}), cells have {side:g} pixels: {place}")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(6.2, 3.1))
show(left, image, "an object's own cell")
show(right, image, "all cells that an object touches")
for axes in (left, right):
    lines(axes, S, SIZE, SIZE, "#909090")
for box in target["boxes"]:
    x1, y1, x2, y2 = box
    for axes in (left, right):
        outline(axes, box, GREEN, width=1.6)
    row, column = cells_of(box[None], (SIZE, SIZE), S)[0]
    fill(left, row, column, side, ORANGE, 0.7)
    left.plot((x1 + x2) / 2, (y1 + y2) / 2, "o", color=DARK, markersize=4)
    for r in range(int(y1 // side), math.ceil(y2 / side)):
        for c in range(int(x1 // side), math.ceil(x2 / side)):
            fill(right, r, c, side, BLUE, 0.4)
plt.show()

# %% [markdown]
# Orange: the cells that learn an object. (The centre of the 3 lies on the line between two rows,
# and belongs to the lower one.) Blue: cells that see a part of one, but have to say that there is
# nothing *for them*. A cell's numbers come out of convolutions that see far beyond its 8 pixels: it
# knows its neighbourhood.
#
# A rule needs its border cases:
#
# - a centre on the line between two cells belongs to the right or the lower one: `floor` does it;
# - a centre on the right or lower border of the picture would belong to a cell that does not exist:
#   it gets the last one. (Some data sets have boxes that reach beyond the picture.)


# %%
def cell_of(box, height, width, grid):
    """Return (row, column) of the cell that has to find a box (x1, y1, x2, y2)."""
    raise NotImplementedError


check_blank(
    cell_of,
    (((10, 20, 30, 40), 64, 64, 8), (3, 2), "centre (20, 30)"),
    (((0, 0, 16, 32), 64, 64, 8), (2, 1), "centre (8, 16): on two lines"),
    (((50, 20, 78, 40), 64, 64, 8), (3, 7), "centre (64, 30): on the right border"),
    (((10, 60, 20, 68), 64, 64, 8), (7, 1), "centre (15, 64): on the lower border"),
    (((40, 10, 60, 20), 64, 96, 4), (0, 2), "a wide picture: cells are 24 wide and 16 high"),
    hint="row from y and the height, column from x and the width; at most grid - 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def cell_of(box, height, width, grid):
#     x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
#     row, column = int(y / height * grid), int(x / width * grid)
#     return min(row, grid - 1), min(column, grid - 1)
# ```
#
# </details>

# %%
hand_cells = np.array([[10, 20, 30, 40], [0, 0, 16, 32], [50, 20, 78, 40], [10, 60, 20, 68]])
same(cells_of(hand_cells, (64, 64), 8), [[3, 2], [2, 1], [3, 7], [7, 1]], err_msg="the library's")

# %% [markdown]
# **Try it:** a coarse grid: change `S, B = 8, 2` to `S, B = 3, 2`. Do all digits of the scene still
# have a cell for themselves?
#
# <details><summary>What happens</summary>
#
# No. Cells have 21.3 pixels, and the centres of the 3 and of the 9, (27, 32) and (42, 22), both lie
# in row 1, column 1. Section 8 is about this.
#
# </details>
#
# ## 3. What a cell says: 5B + C numbers
#
# Each cell has $B$ **predictors** (2 in the paper, and here). A predictor says five numbers:
#
# - $x, y$: the middle of its box, counted from the cell's upper left corner, in cells: from 0 to 1;
# - $\sqrt w, \sqrt h$: the *roots* of the box's width and height, which are counted in *pictures*:
#   from 0 to 1. (Section 7 says why roots.)
# - a **confidence**: how sure it is that there is an object, times how well its box fits.
#
# And the *cell* says $C$ numbers: if there is an object in me, how likely is each class? There is
# one such list for a cell, not one for each predictor.
#
# **Write down** how many numbers the paper's network says for a picture (7 x 7 cells, 2 predictors,
# 20 classes), how many boxes these are, and how many numbers ours says.

# %%
for name, s, b, c in (("the paper", 7, 2, 20), ("digits", S, B, C)):
    each = 5 * b + c
    print(f"{name:9} {s} x {s} cells x {each} numbers = {s * s * each:,}; {s * s * b} boxes")

# %% [markdown]
# 98 boxes, where Faster R-CNN has some 20,000 anchors and selective search 2,000 proposals. They do
# not have to be many, for they are not fixed: each is said for *this* picture.
#
# Now the target of a digit. **Write down**, roughly, the four numbers of the digit with the highest
# box.


# %%
def encode(box, height, width, grid):
    """Return (x, y, root of w, root of h) that the box's own cell has to say."""
    raise NotImplementedError


check_blank(
    encode,
    (((8, 8, 40, 40), 64, 64, 2), np.array([0.75, 0.75, 0.5**0.5, 0.5**0.5]), "a square"),
    (((0, 0, 64, 16), 64, 64, 4), np.array([0.0, 0.5, 1.0, 0.5]), "as wide as the picture"),
    (((50, 20, 78, 40), 64, 64, 8), np.array([1.0, 0.75, (28 / 64) ** 0.5, (20 / 64) ** 0.5]),
     "a centre on the right border: x is 1"),
    (((40, 10, 60, 20), 64, 96, 4), np.array([1 / 12, 0.9375, (20 / 96) ** 0.5, (10 / 64) ** 0.5]),
     "a wide picture: x counts cells 24 pixels wide, w is a share of 96 pixels"),
    hint="the middle in cells, less the column (the row) of its cell; w is divided by the width",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def encode(box, height, width, grid):
#     x, y = (box[0] + box[2]) / 2 / width * grid, (box[1] + box[3]) / 2 / height * grid
#     row, column = min(int(y), grid - 1), min(int(x), grid - 1)
#     w, h = (box[2] - box[0]) / width, (box[3] - box[1]) / height
#     return np.array([x - column, y - row, w**0.5, h**0.5])
# ```
#
# </details>
#
# All digits of a scene make its **target tensor**, S x S x (5B + C). The box of an object is
# written at *both* predictors of its cell: which of them will learn it is not known yet. The place
# of the confidence stays empty: what belongs there depends on what the network says (section 5).


# %%
def target_tensor(boxes, labels, grid, confidence=0.0):
    """Return what is known about a scene: (S, S, 5B + C). Of two in a cell, the larger counts."""
    wanted = np.zeros((grid, grid, 5 * B + C), np.float32)
    area = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes]
    for number in np.argsort(area, kind="stable"):  # the larger one is written over the smaller
        x1, y1, x2, y2 = boxes[number] / SIZE  # shares of the picture
        x, y = (x1 + x2) / 2 * grid, (y1 + y2) / 2 * grid
        row, column = min(int(y), grid - 1), min(int(x), grid - 1)
        said = (x - column, y - row, math.sqrt(x2 - x1), math.sqrt(y2 - y1), confidence)
        wanted[row, column] = 0
        for j in range(B):
            wanted[row, column, 5 * j : 5 * j + 5] = said
        wanted[row, column, 5 * B + labels[number] - 1] = 1
    return wanted


def new_model(Model=YOLOv1, grid=S):
    """Return a YOLO for scenes of digits; always with the same first weights."""
    minidet.manual_seed(0)
    options = {"strides": (4,), "boxes_per_cell": B, "width": None, "dropout": 0.0}
    return Model(len(CLASSES), "resnet20", grid=grid, **options)


library = new_model()
wanted = target_tensor(target["boxes"], target["labels"], S)
for box, label in zip(target["boxes"], target["labels"], strict=True):
    row, column = cells_of(box[None], (SIZE, SIZE), S)[0]
    said = wanted[row, column, :4]
    print(f"the {CLASSES[label]}, cell ({row}, {column}):", *(f"{number:.3f}" for number in said))
    same(said, library.codes(box / SIZE, row, column), rtol=1e-5, err_msg="the library's codes")

# %% jupyter={"source_hidden": true}
TALL = int(np.argmax(target["boxes"][:, 3] - target["boxes"][:, 1]))
(x1, y1, x2, y2), name = target["boxes"][TALL], CLASSES[target["labels"][TALL]]
row, column = cells_of(target["boxes"][[TALL]], (SIZE, SIZE), S)[0]
figure, (left, right) = viz.subplots(1, 2, figsize=(9.4, 3.9))
show(left, image, f"the {name} and its cell")
lines(left, S, SIZE, SIZE, "#909090")
fill(left, row, column, side, ORANGE, 0.35)
outline(left, (x1, y1, x2, y2), GREEN, width=2.2)
x, y = (x1 + x2) / 2, (y1 + y2) / 2
left.plot(x, y, "o", color=DARK, markersize=5)
x, y, root_w, root_h = wanted[row, column, :4]
axes = right
axes.set(xlim=(-0.2, 10.4), ylim=(5.9, -0.6))
axes.axis("off")
PLACES = ("x", "y", "√w", "√h", "conf.")
for j in range(B):
    axes.text(0, 1.35 * j - 0.12, f"predictor {j}", fontsize=9, color=GREEN, va="bottom")
    for i, word in enumerate(PLACES):
        face = PALE_GREEN if i < 4 else YELLOW
        axes.add_patch(Rectangle((2 * i, 1.35 * j), 2, 0.8, facecolor=face, edgecolor="#606060"))
        number = f"{wanted[row, column, 5 * j + i]:.2f}" if i < 4 else "?"
        text = f"{word} {number}"
        axes.text(2 * i + 1, 1.35 * j + 0.4, text, ha="center", va="center", fontsize=9, color=DARK)
axes.text(0, 2.58, "the cell: classes", fontsize=9, color=BLUE, va="bottom")
for k in range(C):
    here = wanted[row, column, 5 * B + k]
    face = "#8fb8e0" if here else PALE_BLUE
    axes.add_patch(Rectangle((k, 2.7), 1, 0.8, facecolor=face, edgecolor="#606060"))
    axes.text(k + 0.5, 3.1, f"{here:.0f}", ha="center", va="center", fontsize=9, color=DARK)
    axes.text(k + 0.5, 3.72, CLASSES[k + 1], ha="center", va="center", fontsize=8, color=BLUE)
w, h = root_w**2, root_h**2
for line, text in enumerate((
    f"x: {x:.2f} of the cell's width from its left side",
    f"√w = {root_w:.2f}: w = {w:.2f} of the picture, {w * SIZE:.0f} pixels",
    f"√h = {root_h:.2f}: h = {h:.2f} of the picture, {h * SIZE:.0f} pixels",
)):  # fmt: skip
    axes.text(0, 4.45 + 0.55 * line, text, fontsize=9, va="center")
axes.set_title(f"what cell ({row}, {column}) has to say", fontsize=10)
plt.show()

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 6, figsize=(9.6, 2.0))
show(grid[0], image, "scene")
for box in target["boxes"]:
    outline(grid[0], box, GREEN, width=1.2)
owned = owners(target["boxes"], (SIZE, SIZE), S) >= 0
classes = np.where(owned, wanted[..., 5 * B :].argmax(-1), np.nan)
layers = [("x", wanted[..., 0]), ("y", wanted[..., 1]), ("√w", wanted[..., 2])]
layers += [("√h", wanted[..., 3]), ("class", classes)]
for axes, (title, values) in zip(grid[1:], layers, strict=True):
    shown = np.where(owned, values, np.nan)
    top = 1 if title != "class" else 18
    axes.imshow(np.where(owned, 0.5, 0.08), cmap="Greys", vmin=0, vmax=1, alpha=0.35)
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=2 * top)
    for (r, c), value in np.ndenumerate(shown):
        if owned[r, c]:
            text = f"{value:.0f}" if title == "class" else f"{value:.1f}"
            axes.text(c, r, text, ha="center", va="center", fontsize=8, color=DARK)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# Five of the layers of the target tensor. Nearly everywhere there is nothing to learn but "nothing
# here". This is what section 7 is about.
#
# ## 4. Back: from numbers to boxes and scores
#
# A detection has a box in pixels, a class and *one* score:
#
# $$\text{score of class } c \;=\; \text{confidence of the predictor} \times \text{probability of }
# c \text{ in its cell}$$
#
# The confidence says whether there is something, and how well the box fits; the class only matters
# if there is something. The network's outputs are linear: nothing keeps them between 0 and 1. So
# they are cut off there. A cell with two predictors and three classes: **write down** its best
# score.


# %%
def scores_of(confidence, classes):
    """Return the scores (B, C) of a cell from what it says: confidences (B,), classes (C,)."""
    raise NotImplementedError


check_blank(
    scores_of,
    ((np.array([0.8, 0.1]), np.array([0.1, 0.9, 0.0])),
     np.array([[0.08, 0.72, 0], [0.01, 0.09, 0]]), "an example"),
    ((np.array([1.25, 0.5]), np.array([-0.5, 1.5, 0.5])),
     np.array([[0, 1, 0.5], [0, 0.5, 0.25]]), "what lies beyond 0 and 1 is cut off"),
    ((np.array([-0.5, 0.2]), np.array([-1.0, 0.5, 0.0])),
     np.array([[0, 0, 0], [0, 0.1, 0]]), "two negative numbers must not make a positive score"),
    hint="np.clip first; then each confidence times each class: a[:, None] * b",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def scores_of(confidence, classes):
#     return np.clip(confidence, 0, 1)[:, None] * np.clip(classes, 0, 1)
# ```
#
# </details>
#
# The check that every YOLO should pass: a head that says exactly what we tell it. We put one box
# into one cell, and the detection has to be that box. Cell (5, 2), $x = 0.5$, $y = 0.25$, $\sqrt w
# = 0.5$, $\sqrt h = 0.6$, confidence 0.9, class "7" with 0.8. **Write down** the box in pixels, and
# its score.


# %%
class Says(nn.Module):
    """A head that says what it is told, whatever the picture."""

    def __init__(self, said):
        super().__init__()
        self.said = tensor(said)

    def forward(self, cells):
        return self.said


ROW, COLUMN = 5, 2
told = np.zeros((1, S, S, 5 * B + C), np.float32)
told[0, ROW, COLUMN, :5] = 0.5, 0.25, 0.5, 0.6, 0.9
told[0, ROW, COLUMN, 5 * B + 7] = 0.8  # the first class is the digit 0
library.eval().head = Says(told)
(found,) = library([image])
print("box:  ", *(f"{number:.2f}" for number in found["boxes"].numpy()[0]))
print("class:", CLASSES[found["labels"].item()], " score:", round(found["scores"].item(), 2))

x, y, w, h = (COLUMN + 0.5) * side, (ROW + 0.25) * side, 0.5**2 * SIZE, 0.6**2 * SIZE
by_hand = np.clip([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 0, SIZE)
same(found["boxes"].numpy()[0], by_hand, atol=1e-4, err_msg="another box came out")
assert CLASSES[found["labels"].item()] == "7", "another class came out"

# %%
same(by_hand, [12, 30.48, 28, 53.52], err_msg="middle (20, 42), 16 wide, 23.04 high")
same(found["scores"].item(), 0.72, rtol=1e-5, err_msg="0.9 times 0.8")

# %% [markdown]
# **Try it:** the last cell: `ROW, COLUMN = 7, 7`. What becomes of the box?
#
# <details><summary>What happens</summary>
#
# (52, 46.48, 64, 64): the middle is (60, 58) now, and the picture ends at 64, so the box is cut
# off. (The cell with the two checks by hand will stop you: it is right.)
#
# </details>
#
# ## 5. Which of the two predictors learns it?
#
# A cell has two predictors, and one object. If both learnt it, the second would be of no use. So
# **exactly one is responsible**: the one whose box has the highest IoU with the object *now*, as
# the network speaks in this step of the training. It becomes better at such objects, and wins them
# the next time, too: the predictors specialise.
#
# A picture of 64 x 64 pixels, 2 x 2 cells, and an object at (8, 8, 40, 40): its middle is (24, 24),
# in cell (0, 0). There, predictor 0 says (0.75, 0.75, 0.5, 0.5): the right middle, but a box of
# $0.5^2 \cdot 64 = 16$ pixels, (16, 16, 32, 32). Predictor 1 says (0.5, 0.5, 0.75, 0.75): its
# middle is off, its box is (-2, -2, 34, 34). **Write down** who is responsible. (Two IoUs by hand.)

# %%
HAND_BOX = np.array([8.0, 8, 40, 40])
HAND_SAID = np.array([[0.75, 0.75, 0.5, 0.5], [0.5, 0.5, 0.75, 0.75]])  # of cell (0, 0)


def pixels(said, row, column, grid):
    """Return the boxes (x1, y1, x2, y2) of a cell that says (..., 4), in pixels."""
    middle = (said[..., :2] + (column, row)) / grid * SIZE
    half = said[..., 2:] ** 2 * SIZE / 2
    return np.concatenate([middle - half, middle + half], -1)


hand_boxes = pixels(HAND_SAID, 0, 0, 2)
best, iou = library_responsible(hand_boxes, HAND_BOX)
for j, box in enumerate(hand_boxes):
    numbers = ", ".join(f"{side:g}" for side in box)
    print(f"predictor {j}: ({numbers}), IoU {box_iou(box[None], HAND_BOX[None]).item():.3f}")
print(f"responsible: predictor {best}, with IoU {iou:.3f}")

# %%
same(hand_boxes, [[16, 16, 32, 32], [-2, -2, 34, 34]], err_msg="the boxes of the text")
assert best == 1, "256 / 1024 is less than 676 / 1644"
same(iou, 676 / 1644, err_msg="26 x 26 pixels are shared, of 1024 + 1296 - 676")

# %% [markdown]
# Border cases again. Early in the training, *no* box touches the object, and all IoUs are 0. One
# has to be responsible all the same, or nobody ever learns: the one that is **nearest**, by the
# root of the mean squared difference of $(x, y, w, h)$. So too where IoUs are equal above 0. If
# even that is equal, the first. Never two, never none.


# %%
def responsible(boxes, box):
    """Return (number, IoU) of the predictor whose box, of `boxes` (B, 4), learns `box` (4,)."""
    raise NotImplementedError


check_blank(
    responsible,
    ((np.array([[16.0, 16, 32, 32], [-2, -2, 34, 34]]), HAND_BOX), (1, 676 / 1644), "the example"),
    ((np.array([[0.0, 0, 6, 6], [12, 12, 18, 18]]), np.array([24.0, 24, 36, 36])), (1, 0.0),
     "none touches the object: the nearest"),
    ((np.array([[30.0, 40, 70, 60], [40, 40, 60, 50]]), np.array([40.0, 40, 60, 60])), (1, 0.5),
     "both have an IoU of 0.5: 20 pixels too wide is farther than 5 off and 10 too low"),
    ((np.array([HAND_BOX, HAND_BOX]), HAND_BOX), (0, 1.0), "equal in everything: the first"),
    ((np.array([[39.0, 40, 40, 60], [0, 0, 99, 99]]), np.array([40.0, 40, 60, 60])),
     (1, 400 / 9801), "what touches it wins over what is near"),
    hint="box_iou(boxes, box[None]); then sort by (-IoU, distance, number)",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def responsible(boxes, box):
#     iou = box_iou(boxes, box[None]).numpy()[:, 0]
#     middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - (box[:2] + box[2:]) / 2
#     size = (boxes[:, 2:] - boxes[:, :2]) - (box[2:] - box[:2])
#     apart = np.sqrt((np.concatenate([middle, size], 1) ** 2).mean(1))
#     best = min(range(len(boxes)), key=lambda j: (-iou[j], apart[j], j))
#     return best, iou[best]
# ```
#
# </details>
#
# In a picture: the object is grey and thick, predictor 0 stays where it is, predictor 1 moves. The
# responsible one is green and solid. **Write down** what happens between the second and the third
# picture. (Run the notebook to move it yourself, below.)


# %% jupyter={"source_hidden": true}
def draw_choice(axes, shift=0, width=20):
    """Draw an object and two predictors' boxes: who is responsible?"""
    box = np.array([22.0, 16, 42, 48])
    boxes = np.array([[16.0, 12, 34, 40], [22 + shift, 18, 22 + shift + width, 46]])
    best, _ = library_responsible(boxes, box)
    axes.set(xlim=(-2, 66), ylim=(58, 4), aspect="equal", xticks=[], yticks=[])
    outline(axes, box, INK, "-", 3.2)
    for j, one in enumerate(boxes):
        style = (GREEN, "-", 2.2) if j == best else (ORANGE, "--", 1.6)
        outline(axes, one, *style)
        corner = (one[2] + 1, one[3], "left") if j else (one[0] - 1, one[3], "right")
        words = {"color": style[0], "fontsize": 10, "weight": "bold", "ha": corner[2]}
        axes.text(*corner[:2], str(j), **words)
    ious = box_iou(boxes, box[None]).numpy()[:, 0]
    axes.set_title(f"IoU {ious[0]:.2f} and {ious[1]:.2f}\n{best} learns the object", fontsize=10)


def draw_responsible(shift=0, width=20):
    """Draw one choice."""
    _, axes = viz.subplots(figsize=(3.2, 3.2))
    draw_choice(axes, shift, width)
    plt.show()


_, grid = viz.subplots(1, 4, figsize=(9.4, 2.6))
for axes, (shift, width) in zip(grid, ((0, 20), (6, 20), (12, 20), (0, 6)), strict=True):
    draw_choice(axes, shift, width)
plt.show()

# %%
viz.sliders(draw_responsible, shift=(-20, 24), width=(2, 40))

# %% [markdown]
# Between 6 and 12 pixels the two change places. To the right, predictor 1 lies wholly inside, and
# is too narrow to win. In training, the two change places all the time at first.
#
# ## 6. The loss, term by term
#
# This is the equation of the paper, with its five lines. $\mathbb 1_{ij}^\text{obj}$ is 1 if
# predictor $j$ of cell $i$ is responsible for an object, else 0; $\mathbb 1_{ij}^\text{noobj}$ is 1
# less that; $\mathbb 1_i^\text{obj}$ is 1 if the cell has an object. Hats are what the network
# says.
#
# $$\lambda_\text{coord} \sum_{i=0}^{S^2} \sum_{j=0}^{B} \mathbb 1_{ij}^\text{obj}
# \left[(x_i - \hat x_i)^2 + (y_i - \hat y_i)^2\right]$$
#
# $$+\; \lambda_\text{coord} \sum_{i=0}^{S^2} \sum_{j=0}^{B} \mathbb 1_{ij}^\text{obj}
# \left[\left(\sqrt{w_i} - \sqrt{\hat w_i}\right)^2 + \left(\sqrt{h_i} - \sqrt{\hat
# h_i}\right)^2\right]$$
#
# $$+\; \sum_{i=0}^{S^2} \sum_{j=0}^{B} \mathbb 1_{ij}^\text{obj} \left(C_i - \hat C_i\right)^2
# \quad+\quad \lambda_\text{noobj} \sum_{i=0}^{S^2} \sum_{j=0}^{B} \mathbb 1_{ij}^\text{noobj}
# \left(C_i - \hat C_i\right)^2$$
#
# $$+\; \sum_{i=0}^{S^2} \mathbb 1_i^\text{obj} \sum_{c} \left(p_i(c) - \hat p_i(c)\right)^2$$
#
# 1. **the middle** of the responsible predictor's box, times $\lambda_\text{coord} = 5$;
# 2. **the size**, by roots, with the same weight;
# 3. **confidence where an object is**: $C_i$ is the IoU of the responsible predictor's box with the
#    object. It is a number that was measured, not a function to be differentiated;
# 4. **confidence where none is**: $C_i = 0$, times $\lambda_\text{noobj} = 0.5$. This is for all
#    predictors that are not responsible: also for the *other one of an object's cell*;
# 5. **the classes**: of cells with an object, once for the cell.
#
# All are plain squares, also the classes: YOLO has no cross-entropy. Terms 3 and 4 are the ones
# that go wrong. Write them.


# %%
def confidence_terms(confidence, best, iou, weight=0.5):
    """Return terms 3 and 4.

    `confidence` is (S, S, B); `best` (S, S) has the number of each cell's responsible predictor,
    or -1 for a cell without an object; `iou` (S, S) its IoU.
    """
    raise NotImplementedError


one_cell = np.array([[[0.6, 0.4]]])
check_blank(
    confidence_terms,
    ((one_cell, np.array([[-1]]), np.array([[0.0]])), (0.0, 0.5 * (0.36 + 0.16)), "no object"),
    ((one_cell, np.array([[0]]), np.array([[0.8]])), (0.04, 0.5 * 0.16), "0 learns it, 1 not"),
    ((one_cell, np.array([[1]]), np.array([[0.4]])), (0.0, 0.5 * 0.36), "1 is exactly right"),
    ((np.full((2, 2, 2), 0.5), np.array([[0, -1], [-1, 1]]), np.full((2, 2), 1.0), 2.0),
     (0.5, 2.0 * 6 * 0.25), "two objects, six predictors without one, another weight"),
    hint="for row, column, j in np.ndindex(confidence.shape): is j == best[row, column]?",
)  # fmt: skip

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def confidence_terms(confidence, best, iou, weight=0.5):
#     with_object, without = 0.0, 0.0
#     for row, column, j in np.ndindex(confidence.shape):
#         if j == best[row, column]:
#             with_object += (confidence[row, column, j] - iou[row, column]) ** 2
#         else:
#             without += weight * confidence[row, column, j] ** 2
#     return with_object, without
# ```
#
# </details>
#
# Now all five, in loops, in the order of the equation.

# %%
TERMS = ("loss_xy", "loss_wh", "loss_object", "loss_no_object", "loss_classifier")
LAMBDA_COORD, LAMBDA_NOOBJ = 5.0, 0.5


def yolo_loss(boxes, confidence, classes, true_boxes, labels):
    """Return the five terms for a picture. Said are (S, S, B, 4), (S, S, B), (S, S, C)."""
    grid, terms = len(boxes), dict.fromkeys(TERMS, 0.0)
    wanted = target_tensor(true_boxes, labels, grid)
    objects = owners(true_boxes, (SIZE, SIZE), grid)  # the number of each cell's object, or -1
    for row, column in np.ndindex(grid, grid):
        number, best = objects[row, column], None
        if number >= 0:  # 1_i^obj
            here = pixels(boxes[row, column], row, column, grid)
            best, iou = library_responsible(here, true_boxes[number])
        for j in range(B):
            said, sure = boxes[row, column, j], confidence[row, column, j]
            if j == best:  # 1_ij^obj
                x, y, root_w, root_h = wanted[row, column, :4]
                terms["loss_xy"] += LAMBDA_COORD * ((x - said[0]) ** 2 + (y - said[1]) ** 2)
                terms["loss_wh"] += LAMBDA_COORD * (
                    (root_w - said[2]) ** 2 + (root_h - said[3]) ** 2
                )
                terms["loss_object"] += (iou - sure) ** 2
            else:  # 1_ij^noobj
                terms["loss_no_object"] += LAMBDA_NOOBJ * (0 - sure) ** 2
        if number >= 0:
            for c, p in enumerate(classes[row, column]):
                terms["loss_classifier"] += ((labels[number] == c + 1) - p) ** 2
    return terms


# %% [markdown]
# The example of section 5 once more: 2 x 2 cells, one object, of class 2 of two. Cell (0, 0) says
# the boxes of above; all confidences are 0.2, but that of its predictor 1, 0.6; its classes are 0.3
# and 0.6. The other cells say classes of 0.5, and boxes that are nobody's business. **Write down**
# all five terms, and which is the largest.

# %%
hand = {
    "boxes": np.full((2, 2, B, 4), 0.5),
    "confidence": np.full((2, 2, B), 0.2),
    "classes": np.full((2, 2, 2), 0.5),
}
hand["boxes"][0, 0] = HAND_SAID
hand["confidence"][0, 0, 1] = 0.6
hand["classes"][0, 0] = 0.3, 0.6
by_hand = yolo_loss(**hand, true_boxes=HAND_BOX[None], labels=np.array([2]))

small = YOLOv1(3, "mobilenet_v1_025", grid=2, boxes_per_cell=B)  # its weights are not used
truth = small.prepared(
    [np.zeros((3, SIZE, SIZE), np.float32)],
    [{"boxes": HAND_BOX[None].astype(np.float32), "labels": np.array([2])}],
    learns=True,
)[0][1]  # the library's form of a target
losses = small.losses_of(*(tensor(x[None]) for x in hand.values()), [(SIZE, SIZE)], truth)
for name in TERMS:
    print(f"{name:16} by hand {by_hand[name]:.4f}, the library {losses[name].item():.4f}")
    same(losses[name].item(), by_hand[name], rtol=1e-5, err_msg=f"{name} is another one by hand")

# %%
root = math.sqrt(0.5)  # of 32 pixels in 64
same(by_hand["loss_xy"], 5 * (0.25**2 + 0.25**2), rtol=1e-5, err_msg="(0.5, 0.5) for 0.75, 0.75")
same(by_hand["loss_wh"], 5 * 2 * (0.75 - root) ** 2, rtol=1e-4, err_msg="0.75 for 0.707, twice")
same(by_hand["loss_object"], (0.6 - 676 / 1644) ** 2, rtol=1e-5, err_msg="0.6 for the IoU, 0.411")
same(by_hand["loss_no_object"], 0.5 * 7 * 0.2**2, err_msg="seven predictors say 0.2 for 0")
same(by_hand["loss_classifier"], 0.3**2 + 0.4**2, err_msg="(0.3, 0.6) for (0, 1)")

# %% jupyter={"source_hidden": true}
figure, (left, right) = viz.subplots(1, 2, figsize=(9.4, 3.7))
left.set(xlim=(-3, SIZE + 1), ylim=(SIZE + 1, -4), aspect="equal", xticks=[], yticks=[])
lines(left, 2, SIZE, SIZE, INK)
outline(left, (0, 0, SIZE, SIZE), INK, "-", 0.8)
outline(left, HAND_BOX, INK, "-", 3.2)
outline(left, hand_boxes[0], ORANGE, "--", 1.8, "0")
outline(left, hand_boxes[1], GREEN, "-", 2.2, "1")
left.set_title("the object, and the two predictors of cell (0, 0)", fontsize=10)
right.set(xlim=(0, 4), ylim=(4.3, -0.3), xticks=[], yticks=[])
right.axis("off")
for row, column in np.ndindex(2, 2):
    corner = (2 * column, 2.1 * row)
    right.add_patch(Rectangle(corner, 1.95, 2.0, facecolor="none", edgecolor=INK))
    right.text(corner[0] + 0.07, corner[1] + 0.27, f"cell ({row}, {column})", fontsize=9)
    for j in range(B):
        mine = (row, column, j) == (0, 0, 1)
        words = "terms 1, 2, 3" if mine else "term 4"
        y = corner[1] + 0.45 + 0.5 * j
        face = PALE_GREEN if mine else "#f0b27a" if (row, column) == (0, 0) else PALE_ORANGE
        right.add_patch(Rectangle((corner[0] + 0.07, y), 1.8, 0.42, facecolor=face))
        text = f"predictor {j}: {words}"
        right.text(
            corner[0] + 0.97, y + 0.22, text, ha="center", va="center", fontsize=9, color=DARK
        )
    mine = (row, column) == (0, 0)
    text = "classes: term 5" if mine else "classes: nothing"
    face = PALE_BLUE if mine else "#ececec"
    right.add_patch(Rectangle((corner[0] + 0.07, corner[1] + 1.45), 1.8, 0.42, facecolor=face))
    right.text(
        corner[0] + 0.97, corner[1] + 1.67, text, ha="center", va="center", fontsize=9, color=DARK
    )
right.set_title("who pays which term", fontsize=10)
plt.show()

# %% [markdown]
# **Try it:** let predictor 0 say a better size: change `HAND_SAID = np.array([[0.75, 0.75, 0.5,
# 0.5],` to `HAND_SAID = np.array([[0.75, 0.75, 0.7, 0.7],`. Which terms change, and why does term 4
# become larger?
#
# <details><summary>What happens</summary>
#
# Now predictor 0 is responsible, with an IoU of 0.96. The middle is right (term 1 is 0), the size
# nearly so. But its confidence, 0.2, is far too low for such a box: term 3 becomes 0.578. And
# predictor 1, which said 0.6, is one of those without an object now: term 4 grows from 0.14 to
# 0.30. (The cells with checks by hand will stop you: they are right.)
#
# </details>
#
# The same on three scenes, for a network that says anything at all. The library gives the mean of
# the pictures.

# %%
rng = np.random.default_rng(0)
some = 3
said = (
    rng.uniform(0.2, 0.8, (some, S, S, B, 4)),
    rng.normal(0.3, 0.5, (some, S, S, B)),
    rng.normal(0.2, 0.4, (some, S, S, C)),
)
known = library.train().prepared(list(images[:some]), list(targets[:some]), learns=True)[0][1]
leaves = [tensor(x, requires_grad=True) for x in said]
losses = library.losses_of(*leaves, [(SIZE, SIZE)] * some, known)
each = [
    yolo_loss(*(x[i] for x in said), targets[i]["boxes"], targets[i]["labels"]) for i in range(some)
]
for name in TERMS:
    mean = np.mean([terms[name] for terms in each])
    print(f"{name:16} by loops {mean:7.4f}, the library {losses[name].item():7.4f}")
    same(losses[name].item(), mean, rtol=1e-4, err_msg=f"{name} is another one by loops")

# %% [markdown]
# Which outputs does a term teach? **Write down** for each of the five: the boxes, the confidences,
# the classes? And does the third, whose target is computed from the box, teach the box?

# %%
teaches = {}
for name in TERMS:
    leaves = [tensor(x, requires_grad=True) for x in said]
    library.losses_of(*leaves, [(SIZE, SIZE)] * some, known)[name].backward()
    moved = [np.zeros(x.shape) if leaf.grad is None else leaf.grad.numpy()
             for x, leaf in zip(said, leaves, strict=True)]  # fmt: skip
    parts = {"xy": moved[0][..., :2], "wh": moved[0][..., 2:]}
    parts |= {"confidence": moved[1], "classes": moved[2]}
    teaches[name] = {part: int((grad != 0).sum()) for part, grad in parts.items()}
    numbers = ", ".join(f"{count} of {part}" for part, count in teaches[name].items() if count)
    print(f"{name:16} moves {numbers}")
count = sum(np.count_nonzero(owners(t["boxes"], (SIZE, SIZE), S) >= 0) for t in targets[:some])
print(f"there are {count} objects in these scenes, and {some * S * S * B} predictors")
assert teaches["loss_object"] == {"xy": 0, "wh": 0, "confidence": count, "classes": 0}
assert teaches["loss_no_object"]["confidence"] == some * S * S * B - count

# %% [markdown]
# Each term moves its own outputs. The target of the third is *detached*: the box is taken as it is.
# Otherwise, the network could make the loss smaller by a *worse* box: its IoU would sink to the
# confidence. (Bug 3 of section 13 does this.)
#
# ## 7. Two weights, and a root
#
# ### Why roots?
#
# Two predictions are 4 pixels too wide, in a picture of 448 pixels: 20 for 16, and 260 for 256.
# **Write down** which is worse, by IoU; and by how much the loss differs, with roots and without.

# %%
PICTURE = 448
for width in (16, 64, 256):
    share, wrong = width / PICTURE, (width + 4) / PICTURE
    bare, root = (share - wrong) ** 2, (share**0.5 - wrong**0.5) ** 2
    print(f"{width + 4:3} for {width:3} pixels: IoU {width / (width + 4):.3f}", end="; ")
    print(f"square of the widths {1e6 * bare:5.1f}e-6, of the roots {1e6 * root:6.1f}e-6")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 3, figsize=(9.6, 2.9))
error = np.linspace(-12, 12, 97)
for width, colour, line in ((16, GREEN, "-"), (64, BLUE, "--"), (256, ORANGE, ":")):
    said = (width + error) / PICTURE
    right = width / PICTURE
    curves = (said - right) ** 2, (said**0.5 - right**0.5) ** 2
    lost = 1 - np.minimum(said, right) / np.maximum(said, right)
    for axes, values in zip(grid, (1000 * curves[0], 1000 * curves[1], lost), strict=True):
        axes.plot(error, values, line, color=colour, label=f"{width} pixels wide", linewidth=1.8)
for axes, title in zip(
    grid, ("squares of widths, × 1000", "squares of roots, × 1000", "1 - IoU"), strict=True
):
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("pixels too wide", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
grid[0].set_ylim(-0.05, 1.5)
grid[0].legend(loc="upper center")
plt.show()

# %%
pair = [(math.sqrt(w + 4) - math.sqrt(w)) ** 2 for w in (16, 256)]
same(pair[0] / pair[1], 14.38, rtol=1e-3, err_msg="0.472 squared against 0.1245 squared")

# %% [markdown]
# Left: the three curves lie on each other: a pixel costs the same in a small box and in a large
# one. But 4 pixels ruin a box of 16, and nobody sees them in one of 256 (right: what the score will
# say). With roots, the small box pays 14 times as much. The curves of the middle come in the order
# of those to the right. This is not IoU, but it goes in the right direction; the paper calls it a
# partial remedy.
#
# A trap: the network *says* the root, so a box is what it says, **squared**. Whoever forgets this
# gets boxes that are too large (bug 2).
#
# ### Why $\lambda_\text{noobj}$?
#
# Of our 128 predictors, some 4 are responsible for an object. All others learn to say 0. Imagine a
# network that cannot see yet: it says the same confidence $c$ everywhere. Its loss is
#
# $$n_\text{obj}\,(c - t)^2 + \lambda_\text{noobj}\; n_\text{noobj}\; c^2$$
#
# with targets $t$, say 0.6. **Write down** roughly which $c$ is best, for $\lambda_\text{noobj} =
# 1$ and for 0.5. Write the formula: set the derivative to 0.


# %%
def settles_at(objects, others, target, weight):
    """Return the confidence that is best for a network that says the same everywhere."""
    raise NotImplementedError


check_blank(
    settles_at,
    ((1, 1, 0.6, 1.0), 0.3, "as many with as without: half of it"),
    ((4, 124, 0.6, 1.0), 2.4 / 128, "all count the same"),
    ((4, 124, 0.6, 0.5), 2.4 / 66, "the paper's weight"),
    ((4, 124, 0.6, 0.0), 0.6, "nobody is told to be quiet"),
    hint="2 objects (c - target) + 2 weight others c = 0",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def settles_at(objects, others, target, weight):
#     return objects * target / (objects + weight * others)
# ```
#
# </details>

# %%
TARGET = 0.6
with_object = np.mean([np.count_nonzero(owners(t["boxes"], (SIZE, SIZE), S) >= 0) for t in targets])
without = S * S * B - with_object
for weight in (1.0, 0.5, 0.05):
    blind = with_object * TARGET / (with_object + weight * without)
    up, down = 2 * with_object * (TARGET - 0.3), 2 * weight * without * 0.3
    print(f"weight {weight:4}: a blind network says {blind:.3f};", end=" ")
    print(f"at 0.3, objects pull up with {up:.1f}, the others down with {down:.1f}")

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.4, 3.0))
c = np.linspace(0, 0.8, 161)
for weight, colour, line in ((1.0, ORANGE, ":"), (0.5, BLUE, "-"), (0.05, GREEN, "--")):
    loss = with_object * (c - TARGET) ** 2 + weight * without * c**2
    axes.plot(c, loss, line, color=colour, label=f"weight {weight}", linewidth=1.8)
    axes.plot(c[loss.argmin()], loss.min(), "o", color=colour, markersize=6)
axes.set(xlabel="confidence that is said everywhere", ylabel="terms 3 and 4", ylim=(0, 8))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# The first thing that a network learns is "nothing, anywhere", and the gradient of a few objects
# has to work against that of all the rest. The paper saw trainings that diverged early by it, and
# weakened term 4 by half, and made the boxes five times as strong. Half is little: the dots are all
# near 0. What helps more is that a network which *sees* does not have to say the same everywhere.
#
# **Try it:** let the boxes be better, `TARGET = 0.9`. How far do the dots move?
#
# <details><summary>What happens</summary>
#
# By half as far again: they are proportional to the target. With the paper's weight, a blind
# network says 0.06 instead of 0.04.
#
# </details>
#
# ## 8. What no training can mend: one object for a cell
#
# A cell has one list of classes, and one predictor that learns. If two objects have their centres
# in the same cell, one of them is not learnt. (The paper does not say which. In the library it is
# the larger one that stays.) So there is a limit that has nothing to do with learning.


# %%
def share_with_a_cell(cells):
    """Return the share of objects that can be learnt; `cells` (N, 2): row, column of each."""
    raise NotImplementedError


check_blank(
    share_with_a_cell,
    ((np.array([[0, 0], [0, 1], [1, 0]]),), 1.0, "each has its own"),
    ((np.array([[2, 3], [2, 3], [3, 2], [5, 5]]),), 0.75, "two in cell (2, 3)"),
    ((np.array([[4, 4]] * 5),), 0.2, "five in one cell: one is learnt"),
    hint="how many *different* cells are there? np.unique(cells, axis=0)",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def share_with_a_cell(cells):
#     return len(np.unique(cells, axis=0)) / len(cells)
# ```
#
# </details>
#
# A flock: 25 birds in five rows, 40 pixels apart, in a picture of 448 x 448 pixels, and the paper's
# 7 x 7 cells of 64 pixels. **Write down** how many of them can be found.

# %%
SPACING, BIRDS, GRID = 40, 5, 7
first = (PICTURE - (BIRDS - 1) * SPACING) / 2
x, y = np.meshgrid(first + SPACING * np.arange(BIRDS), first + SPACING * np.arange(BIRDS))
flock = np.stack([x.ravel() - 12, y.ravel() - 9, x.ravel() + 12, y.ravel() + 9], 1)
kept = owners(flock, (PICTURE, PICTURE), GRID)
print(f"{(kept >= 0).sum()} of {len(flock)} birds have a cell for themselves", end="; ")
print("columns of a row:", *np.floor(x[0] / PICTURE * GRID).astype(int))

# %%
assert (kept >= 0).sum() == 9, "columns 2, 2, 3, 4, 4, and rows the same: 3 x 3 cells"

# %% [markdown]
# **Try it:** the same flock, flying wider apart: `SPACING, BIRDS, GRID = 64, 5, 7`. And with
# `SPACING, BIRDS, GRID = 40, 5, 14`, a finer grid?
#
# <details><summary>What happens</summary>
#
# All 25, both times: birds lie at least as far apart as cells are wide, 64 pixels, or 32. (The
# assert by hand will stop you: it is right.)
#
# </details>
#
# Our scenes have only six digits at most. `grid_recall` tells which share has a cell for itself,
# for any grid. **Write down** it for 2 x 2, 4 x 4 and 8 x 8 cells. And is a finer grid always
# better?

# %%
pairs = list(zip(images, targets, strict=True))
GRIDS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16)
limits = {grid: grid_recall(pairs, grid) for grid in GRIDS}
for grid, limit in limits.items():
    cells = [cells_of(t["boxes"], (SIZE, SIZE), grid) for t in targets]
    lost = sum(len(c) - len(np.unique(c, axis=0)) for c in cells)
    print(f"{grid:2} x {grid:2} cells: {limit:.3f}, {lost} digits lost")
    same(limit, 1 - lost / sum(map(len, cells)), err_msg="grid_recall counts otherwise")
if not QUICK:
    assert limits[8] > 0.98, "the grid of this notebook loses too many"

# %% jupyter={"source_hidden": true}
crowded = [
    (i, grid)
    for grid in (8, 7, 6, 5, 4, 3)
    for i, t in enumerate(targets)
    if (owners(t["boxes"], (SIZE, SIZE), grid) >= 0).sum() < len(t["boxes"])
]
number, coarse = crowded[0]
figure, (left, middle, right) = viz.subplots(1, 3, figsize=(9.8, 3.3))
left.set(xlim=(0, PICTURE), ylim=(PICTURE, 0), aspect="equal", xticks=[], yticks=[])
lines(left, GRID, PICTURE, PICTURE, INK)
for i, (x1, y1, x2, y2) in enumerate(flock):
    colour = GREEN if i in kept else ORANGE
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left.plot((x1, x, x2), (y1, y2, y1), color=colour, linewidth=2)
    left.plot(x, y2, "o" if i in kept else "x", color=colour, markersize=4)
left.set_title("a flock: dots are learnt, crosses lost", fontsize=10)
show(middle, images[number], f"a scene with {coarse} × {coarse} cells")
lines(middle, coarse, SIZE, SIZE, "#909090")
owner = owners(targets[number]["boxes"], (SIZE, SIZE), coarse)
for i, box in enumerate(targets[number]["boxes"]):
    found = i in owner
    outline(middle, box, GREEN if found else ORANGE, "-" if found else "--", 2.0)
    style = {"color": GREEN if found else ORANGE, "markersize": 6, "markeredgecolor": DARK}
    middle.plot((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, "o" if found else "X", **style)
right.plot(GRIDS, [limits[grid] for grid in GRIDS], "o-", color=BLUE)
right.set(xlabel="cells a side", ylim=(0.68, 1.01))
right.set_title("share with a cell for itself", fontsize=10)
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# 2 x 2 cells lose a quarter of the digits, 4 x 4 still 4 %, and 8 x 8 less than 1 %. A finer grid
# is mostly better, but not always: 7 x 7 cells lose one digit, 8 x 8 three. Two centres that a line
# parts may come together when all lines move. (Of the blood cells of BCCD, which crowd, a grid of 7
# loses 4.7 %, and one of 14 only 0.4 %.) A finer grid has its price, too: more cells that have to
# say "nothing", and fewer objects for each to learn from.
#
# Is it really the limit? Here is the best network that there can be: it says exactly the target
# tensor, with a confidence of 1, for each scene. **Write down** the recall of this oracle.


# %%
def oracle_recall(grid):
    """Return the share of digits that are found if a network says the target tensor."""
    model, found, count = new_model(grid=grid).eval(), 0, 0
    for image, target in pairs:
        model.head = Says(target_tensor(target["boxes"], target["labels"], grid, 1.0)[None])
        (answer,) = model([image])
        match = box_iou(target["boxes"], answer["boxes"]).numpy() > 0.99
        match &= target["labels"][:, None] == answer["labels"].numpy()
        found, count = found + match.any(1).sum(), count + len(target["boxes"])
    return found / count


for grid in (3, 4, 8):
    recall = oracle_recall(grid)
    print(f"{grid} x {grid} cells: the oracle finds {recall:.3f}, grid_recall {limits[grid]:.3f}")
    assert abs(recall - limits[grid]) < 0.005, "the oracle does not find what has a cell"

# %% [markdown]
# (It may miss a digit more: NMS drops one of two that have the same class and overlap by more than
# half.)
#
# ## 9. The ladder
#
# The network of `minidet train yolo --data digits`: a `resnet20` up to its map of stride 4, 16 x 16
# places, averaged to 8 x 8 cells; then four convolutions, and a last one of 1 x 1. (The paper has
# two fully connected layers there, which look at all cells at once. They have to learn each cell by
# itself, and this takes many pictures.)

# %%
model = new_model()
for name, part in (("backbone", model.backbone), ("head", model.head)):
    print(f"{name:8} {sum(p.numel() for p in part.parameters()):9,} parameters")
losses = model.train()(list(images), list(targets))
for name in TERMS:
    print(f"{name:16} {losses[name].item():.3f}")

# %% [markdown]
# ### Rung 1: the loss at the start
#
# The last layer starts with tiny weights, so the network says nearly 0 everywhere. What should each
# term be then? **Write down** a formula for each, and which two are nearly 0.

# %%
expected = dict.fromkeys(TERMS, 0.0)
for target in targets:
    wanted = target_tensor(target["boxes"], target["labels"], S)
    learnt = wanted[owners(target["boxes"], (SIZE, SIZE), S) >= 0]  # (objects, 5B + C)
    expected["loss_xy"] += LAMBDA_COORD * (learnt[:, :2] ** 2).sum() / len(targets)
    expected["loss_wh"] += LAMBDA_COORD * (learnt[:, 2:4] ** 2).sum() / len(targets)
    expected["loss_classifier"] += len(learnt) / len(targets)  # 1 squared for each object
for name in TERMS:
    print(f"{name:16} {losses[name].item():6.3f}, expected {expected[name]:6.3f}")
    low, high = expected[name] / 2, 2 * expected[name] + 1.5
    assert low <= losses[name].item() <= high, f"{name} starts elsewhere"

# %% [markdown]
# (Tiny is not 0: the outputs are around 0.1, in all cells alike, and so terms 1 and 2 are only
# roughly what the formula says.) Terms 3 and 4 are nearly 0 *because the network says nothing*:
# boxes without size have an IoU of 0, and 0 is what it says. It is right, in a way. Only when boxes
# begin to fit is there a confidence to learn.
#
# ### Rung 2: two scenes by heart
#
# Beside the right network, two broken ones. One is **blind**: it sees both scenes painted in one
# grey. The other **forgets the other predictor**: in cells with an object, term 4 is left out; only
# cells without an object learn to say nothing. The loss starts high, because boxes count five
# times; so a network passes with less than a hundredth of its start. **Write down** which of the
# three pass, and which of the five terms the blind one cannot learn.


# %%
class Forgets(YOLOv1):
    """A YOLO whose fourth term leaves out all predictors of cells with an object."""

    def losses_of(self, boxes, confidence, classes, sizes, truths):
        terms = super().losses_of(boxes, confidence, classes, sizes, truths)
        owned = [owners(t.boxes, size, self.grid) for t, size in zip(truths, sizes, strict=True)]
        empty = confidence[np.nonzero(np.stack(owned) < 0)]
        terms["loss_no_object"] = self.lambda_noobj * (empty**2).sum() / len(truths)
        return terms


def learn(model, batches, lr, title, watch=None):
    """Train on all five terms; return a record for each step. `watch` is called before each."""
    optimiser = optim.AdamW(model.parameters(), lr=lr, weight_decay=0.02)
    scheduler = optim.CosineAnnealingLR(optimiser, T_max=len(batches))
    history = []
    for step, (pictures, known) in enumerate(tqdm(batches, desc=title, leave=False)):
        if watch is not None:
            watch(model, step)
        losses = model.train()(list(pictures), list(known))
        loss = sum(losses.values())
        optimiser.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        scheduler.step()
        history.append({"loss": loss.item()})
        history[-1].update({name: losses[name].item() for name in TERMS})
    if watch is not None:
        watch(model, len(batches))
    return history


two = images[:2], targets[:2]
grey = [np.full_like(image, 0.5) for image in two[0]], two[1]
by_heart, taught = {}, {}
for name, Model, batch in (
    ("whole", YOLOv1, two),
    ("blind", YOLOv1, grey),
    ("forgets", Forgets, two),
):
    model = taught[name] = new_model(Model)
    by_heart[name] = learn(model, [batch] * (4 if QUICK else 80), 2e-3, name)
    first, last = by_heart[name][0]["loss"], by_heart[name][-1]
    verdict = "passes" if last["loss"] < first / 100 else "does not pass"
    print(f"{name:8} loss {first:.2f} -> {last['loss']:.3f}: {verdict};", end=" ")
    print(", ".join(f"{part[5:]} {last[part]:.3f}" for part in TERMS))
if not QUICK:
    ends = {name: some[-1]["loss"] for name, some in by_heart.items()}
    assert ends["whole"] < first / 100, f"two scenes cannot be learnt: {first:.2f}, then {ends}"
    assert ends["blind"] > first / 100, f"what does the blind network see? {ends}"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 5, figsize=(9.8, 2.5))
for axes, part in zip(grid, TERMS, strict=True):
    for (name, history), colour, line in zip(
        by_heart.items(), (BLUE, GREEN, ORANGE), ("-", ":", "--"), strict=True
    ):
        axes.semilogy([record[part] for record in history], line, color=colour, label=name)
    axes.set_title(part[5:], fontsize=10)
    axes.set_xlabel("step", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
grid[0].legend(loc="lower left")
plt.show()

# %% [markdown]
# The blind network learns the middles, the sizes and the classes as well as the others do: the
# digits of the two scenes lie in different cells, and the zeros around the map tell a cell where it
# is. What it cannot know is *whether* the digit of a cell is there this time: terms 3 and 4 stay,
# 1.46 together. The forgetful one **passes**, as the whole one does. So learning by heart shows
# that a loss can be reached. It does not show that it is the right loss. (See bug 4.)
#
# ### Rung 3: training
#
# On scenes that are never seen twice. On the way we keep what the network says of one test scene,
# and which predictor is responsible for each digit of all test scenes. **Write down** which of the
# five terms falls first, and which one last.

# %%
STEPS, BATCH = (4, 2) if QUICK else (2000, 4)
train_scenes = DigitScenes("train", SIZE, STEPS * BATCH)
moments, kept_says, kept_choice = sorted({0, STEPS // 80, STEPS // 8, STEPS}), {}, {}


def says_of(model, some):
    """Return what a network says of pictures: boxes, confidences, classes."""
    model.eval()
    with no_grad():
        parts = [
            model.says(model.prepared(list(some[start : start + 10]))[0][0])
            for start in range(0, len(some), 10)
        ]
    return [np.concatenate([part[i].numpy() for part in parts]) for i in range(3)]


def choices(boxes):
    """Return who is responsible for each digit that has a cell: (scene, number, predictor, IoU)."""
    rows = []
    for scene, target in enumerate(targets):
        for (r, c), number in np.ndenumerate(owners(target["boxes"], (SIZE, SIZE), S)):
            if number >= 0:
                here = pixels(boxes[scene, r, c], r, c, S)
                best, iou = library_responsible(here, target["boxes"][number])
                rows.append((scene, number, best, iou))
    return np.array(rows)


def keep(model, step):
    """Keep what the network says, at some moments."""
    if step in moments:
        said = says_of(model, images)
        kept_says[step] = [part[WATCHED] for part in said]
        kept_choice[step] = choices(said[0])


class Batches:
    """The training scenes, batch by batch."""

    def __len__(self):
        return STEPS

    def __iter__(self):
        for step in range(STEPS):
            drawn = [train_scenes[step * BATCH + i] for i in range(BATCH)]
            yield (
                [pair[0] for pair in drawn],
                [{name: pair[1][name] for name in ("boxes", "labels")} for pair in drawn],
            )


model, begin = new_model(), time.perf_counter()
history = learn(model, Batches(), 1e-3, "training", keep)
model.eval()
print(f"{STEPS} steps of {BATCH} scenes: {time.perf_counter() - begin:.0f} s")
for start in range(0, STEPS, max(1, STEPS // 6)):
    part = history[start : start + max(1, STEPS // 6)]
    means = [f"{name[5:]} {np.mean([record[name] for record in part]):.3f}" for name in TERMS]
    print(f"steps {start:4} on:", ", ".join(means))
if not QUICK:
    ends = [np.mean([record["loss"] for record in part]) for part in (history[:20], history[-20:])]
    assert ends[1] < ends[0] / 2, f"the loss went from {ends[0]:.2f} to {ends[1]:.2f} only"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.8, 3.2))
window = max(1, STEPS // 30)
STYLES = ((GREEN, "-"), (GREEN, "--"), (ORANGE, "-"), (ORANGE, "--"), (BLUE, "-."))
for part, (colour, line) in zip(TERMS, STYLES, strict=True):
    values = np.array([record[part] for record in history])
    smooth = np.convolve(values, np.ones(window) / window, "valid")
    axes.semilogy(np.arange(len(smooth)) + window / 2, smooth, line, color=colour, label=part)
axes.set(xlabel="step", ylabel=f"loss, mean of {window} steps")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(loc="upper right", ncols=2)
axes.set_ylim(top=60)
plt.show()

# %% [markdown]
# Sizes are learnt first (term 2), then the middles (term 1). Terms 3 and 4 hardly fall: as long as
# no box touches a digit, the IoUs are 0, and saying 0 is right; boxes that fit better give the
# confidence *more* to learn. The classes come last. For some 300 steps their term stays near 4: a
# network that says 0.1 for each class pays 0.9 for each of 4.4 digits. After these 8,000 scenes it
# is below 1. `minidet train yolo --data digits` takes 38,400 scenes, and gets it down to 0.3. (This
# page was made on a busy machine. An idle one trains for one or two minutes. The last line above is
# the mean of two steps only.)
#
# ## 10. What the network has learnt
#
# ### Boxes, from nowhere to the digits
#
# The same test scene before training, soon after, later, at the end. Upper row: all 128 boxes, the
# thicker the surer. Lower row: each cell's higher confidence. **Write down** what comes first: the
# right places, or the right sizes?

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, len(moments), figsize=(9.8, 5.4))
scene, truth = images[WATCHED], targets[WATCHED]
for column, step in enumerate(moments):
    boxes, confidence, _ = kept_says[step]
    show(grid[0, column], scene, f"step {step}")
    for (r, c, j), sure in np.ndenumerate(np.clip(confidence, 0, 1)):
        box = np.clip(pixels(boxes[r, c, j], r, c, S), 0, SIZE)
        outline(grid[0, column], box, BLUE, "-", 0.15 + 3 * sure)
    for box in truth["boxes"]:
        outline(grid[0, column], box, "#222222", "--", 1.0)
    show(grid[1, column], scene, f"highest {confidence.max():.2f}")
    style = {"cmap": "inferno", "vmin": 0, "vmax": 1, "alpha": 0.8}
    grid[1, column].imshow(confidence.max(-1), extent=(0, SIZE, SIZE, 0), **style)
    for r, c in cells_of(truth["boxes"], (SIZE, SIZE), S):
        outline(grid[1, column], np.array([c, r, c + 1, r + 1]) * side, "white", "-", 1.4)
plt.show()

# %% [markdown]
# (Step 0 is noise: batch normalisation has no statistics yet.) The sizes come first: at step 25
# many boxes are about as large as digits, wherever they are, and no cell is sure of anything. At
# step 250 there are boxes on the digits, and small ones everywhere else. At the end single cells
# light up, and nothing on the paper does. A cell beside the right one is often a little sure, too:
# where the middle of a digit lies is hard to say to the pixel.
#
# ### The figure of the paper
#
# What a cell says has two parts, and they can be looked at apart: boxes with confidences, and
# classes. Together they are the detections. **Write down** what the classes of a cell will look
# like that lies on the paper between two digits: nobody ever taught them.

# %% jupyter={"source_hidden": true}
CELL_COLOURS = plt.get_cmap("tab10")
boxes, confidence, classes = kept_says[STEPS]
_, grid = viz.subplots(1, 4, figsize=(9.8, 3.0))
show(grid[0], scene, "1. the grid, and own cells")
lines(grid[0], S, SIZE, SIZE, "#909090")
for r, c in cells_of(truth["boxes"], (SIZE, SIZE), S):
    fill(grid[0], r, c, side, ORANGE, 0.6)
show(grid[1], scene, "2. boxes and confidences")
for (r, c, j), sure in np.ndenumerate(np.clip(confidence, 0, 1)):
    outline(grid[1], np.clip(pixels(boxes[r, c, j], r, c, S), 0, SIZE), BLUE, "-", 0.15 + 3 * sure)
show(grid[2], scene, "3. the likeliest class of each cell")
for (r, c), k in np.ndenumerate(classes.argmax(-1)):
    fill(grid[2], r, c, side, CELL_COLOURS(int(k)), 0.75)
    middle = (c + 0.5) * side, (r + 0.5) * side
    grid[2].text(*middle, CLASSES[k + 1], ha="center", va="center", fontsize=8, color=DARK)
show(grid[3], scene, "4. detections")
with no_grad():
    (answer,) = model([scene])
for box, label, score in zip(
    *(answer[k].numpy() for k in ("boxes", "labels", "scores")), strict=True
):
    if score >= 0.2:
        outline(grid[3], box, GREEN, "-", 2.0, CLASSES[label])
plt.show()

# %% [markdown]
# Cells around the 9 agree that it is one, and so do those of the 3. On the paper, cells say
# anything: term 5 is for cells with an object, so nobody taught them. Nobody has to: their
# confidence is 0, and so is the product. The half covered 0 is the hardest: its cell has boxes that
# fit, and its likeliest class is the right one, but the score does not reach 0.2.
#
# ### Do the predictors specialise?
#
# For each digit of the test scenes that has a cell for itself: which of its cell's two predictors
# is responsible? **Write down** by what you expect them to share the work: size, form, place?

# %%
for step in moments:
    choice = kept_choice[step]
    share = (choice[:, 2] == 1).mean()
    print(f"step {step:4}: predictor 1 has {share:.0%} of the digits", end="; ")
    print(f"mean IoU of the responsible one {choice[:, 3].mean():.3f}")
chosen = kept_choice[STEPS]
facts = np.array([
    (x2 - x1, y2 - y1, (x1 + x2) / 2 / side % 1, (y1 + y2) / 2 / side % 1)
    for x1, y1, x2, y2 in (targets[int(i)]["boxes"][int(n)] for i, n, _, _ in chosen)
])  # fmt: skip
first, second = chosen[:, 2] == 0, chosen[:, 2] == 1
for name, column in zip(
    ("width", "height", "x in the cell", "y in the cell"), facts.T, strict=True
):
    means = (f"{column[group].mean():.2f}" if group.any() else "-" for group in (first, second))
    print(f"{name:14} of digits with predictor 0 {next(means)}, with predictor 1 {next(means)}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 3, figsize=(9.6, 3.1))
for group, colour, mark, name in ((first, BLUE, "o", "0"), (second, ORANGE, "x", "1")):
    style = {"color": colour, "markersize": 4, "label": f"predictor {name}"}
    grid[0].plot(facts[group, 0], facts[group, 1], mark, **style)
    grid[1].plot(facts[group, 2], facts[group, 3], mark, **style)
grid[0].set(xlabel="width in pixels", ylabel="height in pixels")
grid[0].legend(loc="lower right")
grid[1].set(xlabel="x in the cell", ylabel="y in the cell", xlim=(0, 1), ylim=(1, 0))
boxes = says_of(model, images)[0]
gap = []
for scene_number, number, _, _ in chosen:
    box = targets[int(scene_number)]["boxes"][int(number)]
    r, c = cells_of(box[None], (SIZE, SIZE), S)[0]
    here = pixels(boxes[int(scene_number), r, c], r, c, S)
    gap.append(box_iou(here[[0]], here[[1]]).item())
grid[2].hist(gap, bins=20, range=(0, 1), color=GREEN)
grid[2].set(xlabel="IoU of the cell's two boxes", ylabel="digits")
for axes in grid:
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
print(f"the two boxes of a digit's cell: mean IoU {np.mean(gap):.2f}")

# %% [markdown]
# At first one predictor has more and more of the digits, up to 85 %: whoever fits a little better
# wins, learns, and wins again. Then the other one catches up, to half and half. They share the work
# by size, a little: predictor 0 has the narrower digits, by some two pixels. By place they do not.
# A cell's two boxes have an IoU of 0.63, a smaller and a larger one: they are two tries, not one
# said twice. Digits are all of one size and form; in PASCAL VOC, with persons and trains, the paper
# saw predictors that specialise.
#
# ## 11. From boxes to detections: scores and NMS
#
# By hand, for our scene: all boxes in pixels, cut off at the picture's rim; each with the scores of
# ten classes; what scores too little is dropped; then NMS for each class by itself. **Write down**
# how many of the 1,280 pairs of a box and a class score at least 0.05.

# %%
boxes, confidence, classes = (part[0] for part in says_of(model, [scene]))
everywhere = np.stack([
    [pixels(boxes[r, c], r, c, S) for c in range(S)] for r in range(S)
]).reshape(-1, 4)  # fmt: skip
everywhere = clip_boxes_to_image(everywhere, (SIZE, SIZE)).numpy()
scores = np.clip(confidence, 0, 1)[..., None] * np.clip(classes, 0, 1)[..., None, :]
scores = scores.reshape(-1, C)  # (S x S x B, C)


def detections(least_score, iou_threshold):
    """Return boxes, classes and scores after NMS, the surest first."""
    rows, kinds = np.nonzero(scores > least_score)
    found, sure = everywhere[rows], scores[rows, kinds]
    kept = batched_nms(found, sure, kinds, iou_threshold).numpy()
    return found[kept], kinds[kept] + 1, sure[kept]


print(f"{(scores > 0.05).sum()} of {scores.size:,} pairs score more than 0.05", end="; ")
print(f"NMS leaves {len(detections(0.05, 0.5)[0])}; there are {len(truth['boxes'])} digits")
by_hand = detections(model.score_thresh, model.nms_thresh)
with no_grad():
    (answer,) = model([scene])
count = min(len(by_hand[0]), model.detections_per_img)
same(by_hand[0][:count], answer["boxes"].numpy(), atol=1e-2, err_msg="the library finds others")
same(by_hand[2][:count], answer["scores"].numpy(), atol=1e-4, err_msg="the library's scores")


# %%
def draw_detections(axes, least_score, iou_threshold):
    """Draw what is left, the surest on top."""
    found, kinds, sure = detections(least_score, iou_threshold)
    words = f"score {least_score:.2f}, NMS {iou_threshold:.2f}\n{len(found)} boxes"
    show(axes, scene, words)
    for box, kind, mark in list(zip(found, kinds, sure, strict=True))[::-1]:
        outline(axes, box, ORANGE, "-", 0.6 + 2.4 * mark, CLASSES[kind] if mark > 0.2 else "")


def draw_last_step(least_score=0.1, iou_threshold=0.5):
    """Draw the boxes before and after NMS."""
    _, (left, right) = viz.subplots(1, 2, figsize=(6.6, 3.8))
    draw_detections(left, least_score, 1.0)
    draw_detections(right, least_score, iou_threshold)
    plt.show()


_, grid = viz.subplots(1, 4, figsize=(9.6, 3.0))
for axes, (least, threshold) in zip(
    grid, ((0.02, 1.0), (0.02, 0.5), (0.2, 0.5), (0.6, 0.5)), strict=True
):
    draw_detections(axes, least, threshold)
plt.show()

# %%
viz.sliders(draw_last_step, least_score=(0.02, 0.9, 0.02), iou_threshold=(0.1, 1.0, 0.05))

# %% [markdown]
# With a low score and no NMS, each digit has a heap of boxes, of several cells and for several
# classes. NMS leaves one for each *class*: a box that may be of two classes stays twice, so that
# there are seven for three digits. A threshold of 0.2 leaves the 3 and the 9, one of 0.6 nothing.
# That is no fault of theirs: a score is the probability of the class times the confidence, and this
# has learnt to be the IoU. A box that fits with 0.6 should not score more than 0.6.
#
# ## 12. The score, and the mistakes
#
# AP50: the mean over the classes of the average precision, where a detection is right if its class
# is and its IoU is at least 0.5. AP: the mean over ten such thresholds, up to 0.95. **Write down**
# how much worse AP50 becomes without NMS; and which kind of mistake is the most frequent.


# %%
def answers_of(model, some=images):
    """Return what the model finds in pictures."""
    model.eval()
    with no_grad():
        return [
            {name: value.numpy() for name, value in found.items()}
            for start in range(0, len(some), 10)
            for found in model(list(some[start : start + 10]))
        ]


def average_precision(answers):
    """Return AP and AP50."""
    figures = MeanAveragePrecision(len(CLASSES))
    figures.update(targets, answers)
    result = figures.compute()
    return result["AP"], result["AP50"]


answers = answers_of(model)
ap, ap50 = average_precision(answers)
print(f"AP {ap:.3f}, AP50 {ap50:.3f}")
model.nms_thresh = 1.0
without_nms = average_precision(answers_of(model))
model.nms_thresh = 0.5
print(f"without NMS: AP {without_nms[0]:.3f}, AP50 {without_nms[1]:.3f}")
one_class = MeanAveragePrecision(2)  # background, digit
one_class.update(
    [{**target, "labels": np.ones_like(target["labels"])} for target in targets],
    [{**answer, "labels": np.ones_like(answer["labels"])} for answer in answers],
)
print(f"if every digit is just a digit: AP50 {one_class.compute()['AP50']:.3f}")

LEAST = 0.25
mistakes = error_types(targets, answers, score_threshold=LEAST)
print(f"of {sum(len(t['boxes']) for t in targets)} digits, with a score of at least {LEAST}:")
for name in ("correct", "localization", "confusion", "duplicate", "background", "both", "missed"):
    print(f"  {name:13} {getattr(mistakes, name)}")
for (true, said), number in mistakes.confused.most_common(5):
    print(f"  a {CLASSES[true]} that is called a {CLASSES[said]}: {number}")
if not QUICK:
    assert ap50 > 0.4, f"AP50 is {ap50:.2f}"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 5, figsize=(9.6, 4.2))
for axes, image, target, answer in zip(grid.ravel(), images, targets, answers, strict=False):
    show(axes, image)
    for box, label, score in zip(*(answer[k] for k in ("boxes", "labels", "scores")), strict=True):
        if score < LEAST:
            continue
        fits = box_iou(box[None], target["boxes"]).numpy()[0]
        right = fits.max() >= 0.5 and target["labels"][fits.argmax()] == label
        line = ("-", 1.6) if right else ("--", 2.0)
        outline(axes, box, GREEN if right else ORANGE, *line, CLASSES[label])
plt.show()

# %% [markdown]
# NMS is worth 0.29 of AP50, though YOLO has few boxes: neighbouring cells, and both predictors of a
# cell, are half sure of the same digit. (In the paper it adds 2 to 3 points of mAP.) Of the
# detections with a score of 0.25, nine of ten are right, and *none* lies on the paper alone. The
# others are badly placed or have the wrong class. The most frequent mistake is a digit that is
# missed: most of them have a right box, or else AP50 would be lower, but not a score of 0.25. If
# every digit is just a digit, AP50 is 0.895: confusing classes costs 0.04. (It is a little more,
# for a box that stays for two classes counts as found twice.)
#
# ### Beside Faster R-CNN
#
# The same scenes, the same backbone. **Write down** how many times as long Faster R-CNN takes for a
# scene.

# %%
minidet.manual_seed(0)
sizes = {"anchor_sizes": ((14, 19, 26),), "aspect_ratios": (0.9, 1.5)}
other = FasterRCNN(len(CLASSES), "resnet20", strides=(4,), proposals=(300, 100), **sizes).eval()
with no_grad():
    took = {
        "Faster R-CNN": seconds(lambda: other([scene])),
        "YOLO": seconds(lambda: model([scene])),
    }
ratio = took["Faster R-CNN"] / took["YOLO"]
print(f"Faster R-CNN takes {ratio:.1f} times as long for a scene")
print("\n                                AP50   AP     scenes to learn from")
for name, row in {
    "Faster R-CNN, `minidet train`": (0.964, 0.841, 19_200),
    "YOLO, `minidet train`": (0.953, 0.635, 38_400),
    "Faster R-CNN, notebook 14": (0.865, 0.592, 3_200),
    "YOLO, here": (ap50, ap, STEPS * BATCH),
}.items():
    print("{:30}  {:.3f}  {:.3f}  {:,}".format(name, *row))

# %% [markdown]
# Less than with the photograph: in so small a scene the backbone takes most of the time of both.
# And the quality? The first two are fully trained with `minidet train faster_rcnn --data digits`
# and `minidet train yolo --data digits`, and looked at the same 400 test scenes (see
# [results.md](../docs/results.md)); the other two are the short trainings of the notebooks.
#
# Fully trained, YOLO finds digits nearly as well as Faster R-CNN: AP50 differs by 0.01. But AP,
# which asks for boxes that fit exactly, is 0.2 lower: nothing looks at a box a second time. The
# paper says the same of its network: more than half of its mistakes are boxes that fit badly, and
# it mistakes the background for an object much less often than Fast R-CNN. And it needs more
# scenes for the same AP50. What is different: no samples that are half objects, and squares in the
# place of a cross-entropy. Which of the two it is, we did not measure.
#
# ## 13. Five bugs that everybody writes once
#
# None of them stops a program.
#
# 1. **Rows for columns.** $x$ is added to the row, $y$ to the column.
# 2. **The forgotten square.** The network says roots, and they are taken for widths and heights.
# 3. **The IoU is not detached.** Term 3 also moves the box.
# 4. **The other predictor is forgotten.** Section 9's third network, which passes by heart.
# 5. **A cell beyond the border.** `row * S + column` in a flat list of cells, with a centre on the
#    right border.
#
# **Write down** which of the first two costs more AP50, and which digits bug 1 still finds.

# %%
right_corners = model.corners


def swapped(boxes):
    """Return corners with rows and columns exchanged."""
    corners = right_corners(np.swapaxes(boxes, -4, -3))
    return np.swapaxes(corners, -4, -3)


def not_squared(boxes):
    """Return corners with the roots taken for widths and heights."""
    with_sides = np.concatenate([boxes[..., :2], np.sqrt(np.clip(boxes[..., 2:], 0, None))], -1)
    return right_corners(with_sides)


spoilt = {}
for name, wrong in (("right", right_corners), ("1. rows", swapped), ("2. square", not_squared)):
    model.corners = wrong
    spoilt[name] = answers_of(model)
    print(f"{name:10} AP50 {average_precision(spoilt[name])[1]:.3f}", end="; ")
    sizes = [box[2:] - box[:2] for answer in spoilt[name]
             for box in answer["boxes"][answer["scores"] >= LEAST]]  # fmt: skip
    words = "{:.0f} x {:.0f} pixels".format(*np.mean(sizes, 0)) if sizes else "none"
    print(f"mean size of the surest boxes: {words}")
model.corners = right_corners

# %%
true_box = np.array([0.4, 0.35, 0.65, 0.7])


def iou_of(said):
    """Return the IoU with the true box of what is said: x, y, root of w, root of h, in pictures."""
    half = said[2:4] ** 2 / 2
    low, high = said[:2] - half, said[:2] + half
    sides = minidet.minimum(high, tensor(true_box[2:])) - minidet.maximum(low, tensor(true_box[:2]))
    shared = minidet.clamp(sides, min=0)[0] * minidet.clamp(sides, min=0)[1]
    size = (high - low)[0] * (high - low)[1]
    return shared / (size + float((true_box[2:] - true_box[:2]).prod()) - shared)


tracks = {}
for name in ("detached", "3. not detached"):
    said = tensor(np.array([0.5, 0.5, 0.45, 0.5, 0.1]), requires_grad=True)  # confidence 0.1
    optimiser, tracks[name] = optim.SGD([said], lr=0.02), []
    for _ in range(60):
        iou = iou_of(said)
        loss = ((iou.detach() if name == "detached" else iou) - said[4]) ** 2
        tracks[name].append((iou.item(), said[4].item(), loss.item()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    iou, sure, loss = tracks[name][-1]
    print(f"{name:16} after 60 steps: IoU {iou:.3f}, confidence {sure:.3f}, term 3 {loss:.4f}")
assert tracks["3. not detached"][-1][0] < tracks["detached"][-1][0], "the box did not become worse"

# %%
for name in ("whole", "forgets"):
    boxes, confidence, _ = says_of(taught[name], two[0])
    pairs_said = []
    for i in range(2):
        for (r, c), number in np.ndenumerate(owners(two[1][i]["boxes"], (SIZE, SIZE), S)):
            if number >= 0:
                here = pixels(boxes[i, r, c], r, c, S)
                best, _ = library_responsible(here, two[1][i]["boxes"][number])
                pairs_said.append((confidence[i, r, c, best], confidence[i, r, c, 1 - best]))
    found = sum((answer["scores"] >= 0.1).sum() for answer in answers_of(taught[name], two[0]))
    mean = np.mean(pairs_said, 0)
    print(f"4. {name:8} confidence of the responsible predictor {mean[0]:.2f}", end=", ")
    print(f"of the other {mean[1]:.2f}; detections from 0.1 on: {found}, digits: {len(pairs_said)}")

# %%
border_box = np.array([50.0, 20, 78, 40])  # its centre, (64, 30), lies on the right border
row, column = int(30 // side), int(64 // side)  # without "at most S - 1"
flat = row * S + column
wrong = flat // S, flat % S
right = tuple(cells_of(border_box[None], (SIZE, SIZE), S)[0].tolist())
print(f"5. row {row}, column {column}: number {flat} of a flat list is cell {wrong}, not {right}")
x_right, x_wrong = 64 / side - right[1], 64 / side - wrong[1]
print(f"   x is to be {x_right:g} there, but {x_wrong:g} in the wrong cell", end=": ")
print(
    f"term 1 of a network that says 0.5: {5 * (x_right - 0.5) ** 2:g}, {5 * (x_wrong - 0.5) ** 2:g}"
)
assert wrong == (4, 0), "the cell at the beginning of the next row"
assert right == (3, 7), "the last one of its row"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(9.8, 2.9))
for axes, name, title in (
    (grid[0], "1. rows", "1. rows for columns"),
    (grid[1], "2. square", "2. not squared"),
):
    show(axes, scene, title)
    for which, colour, line in (("right", GREEN, "-"), (name, ORANGE, "--")):
        answer = spoilt[which][WATCHED]
        for box in answer["boxes"][answer["scores"] >= LEAST]:
            outline(axes, box, colour, line, 1.8)
for name, colour, line in (("detached", GREEN, "-"), ("3. not detached", ORANGE, "--")):
    iou, sure, _ = np.array(tracks[name]).T
    grid[2].plot(iou, line, color=colour, linewidth=2.2)
    grid[2].plot(sure, line, color=colour, linewidth=1.0)
grid[2].set(ylim=(0, 1), xlabel="step")
grid[2].set_title("3. IoU (thick), confidence", fontsize=10)
grid[2].spines[["top", "right"]].set_visible(False)
grid[3].set(xlim=(-4, 82), ylim=(SIZE + 2, -4), aspect="equal", xticks=[], yticks=[])
lines(grid[3], S, SIZE, SIZE, INK)
outline(grid[3], (0, 0, SIZE, SIZE), INK, "-", 1.2)
fill(grid[3], *right, side, GREEN, 0.8)
fill(grid[3], *wrong, side, ORANGE, 0.8)
outline(grid[3], border_box, INK, "-", 2.2)
grid[3].plot(64, 30, "o", color=INK, markersize=5)
grid[3].set_title("5. right, and wrong cell", fontsize=10)
plt.show()

# %% [markdown]
# Green: as it should be, orange: with the bug.
#
# 1. *Rows for columns*: boxes have the right size, and lie mirrored at the diagonal: the box of the
#    9 lands on the 0. Digits on the diagonal are still found, 0.05 of AP50.
# 2. *Not squared*: costs most. Boxes of 29 x 36 pixels instead of 15 x 23. As in notebook 14, the
#    losses are as good as ever, for it happens after them.
# 3. *Not detached*: the IoU falls from 0.57 to 0.13 in a few steps. Confidence and IoU meet where
#    it is cheapest, and term 3 is a perfect 0. In a whole training, terms 1 and 2 pull against it:
#    boxes fit less well, and nobody sees why.
# 4. *The other predictor forgotten*: nobody tells it to be quiet, and it says 0.48. Two detections
#    for each digit, instead of one. By heart it **passed**, as the right one did.
# 5. *Beyond the border*: no error, for the number is that of another cell, at the other end of the
#    picture. It is to say x = 8, and pays 281 instead of 1.25: the loss leaps now and then. In
#    scenes whose boxes all lie inside, as ours, it never happens.
#
# ## Summary
#
# 1. YOLO has no proposals and no anchors: S x S cells say boxes and classes, all at once.
# 2. The cell that holds an object's centre has to find it; a centre on the border belongs to the
#    last cell.
# 3. $x, y$ count from the cell's corner, in cells; $w, h$ in pictures, and as roots.
# 4. The score is the confidence times the probability of the class.
# 5. Of a cell's predictors, exactly one is responsible: the one with the highest IoU now.
# 6. Five terms, all squares. The confidence's target is the IoU, detached; all predictors that are
#    not responsible learn 0, also the other one of an object's cell.
# 7. Roots make a pixel dearer in a small box. $\lambda_\text{coord} = 5$, $\lambda_\text{noobj} =
#    0.5$: few predictors have an object, and most say "nothing".
# 8. One object for a cell: `grid_recall` is a limit for every network.
# 9. Learning by heart does not find a forgotten predictor, and no border case.
# 10. One look is faster than two. What it costs: boxes that fit less well, and objects that crowd.
#
# | term | section | builds on |
# |---|---|---|
# | cell, own cell | 2 | map and stride: [02](02_convolution.ipynb) |
# | predictor, confidence | 3, 5 | IoU: [08](08_classification_and_localization.ipynb) |
# | target tensor | 3 | shares of sides: [08](08_classification_and_localization.ipynb) |
# | score | 4, 11 | NMS: [11](11_region_proposals.ipynb) |
# | responsible | 5, 10 | matching of anchors: [14](14_faster_rcnn.ipynb) |
# | the five terms | 6 | squares: [08](08_classification_and_localization.ipynb) |
# | grid recall | 8 | recall: [11](11_region_proposals.ipynb) |
# | AP50, kinds of mistakes | 12 | [14](14_faster_rcnn.ipynb) |
#
# ## Questions
#
# **1.** Why are $x$ and $y$ counted from the cell, but $w$ and $h$ in pictures?
#
# <details><summary>Answer</summary>
#
# The middle of an object lies in its own cell, so that $x$ and $y$ are between 0 and 1, and the
# same convolution can say them everywhere. An object's size has nothing to do with the cell's: it
# may cover many cells.
#
# </details>
#
# **2.** A cell has two predictors. Why can it not find two objects?
#
# <details><summary>Answer</summary>
#
# It has one list of classes, and in training only one predictor is responsible, for one object. Two
# boxes are two tries for the same object. (Later versions give each predictor classes of its own.)
#
# </details>
#
# **3.** What happens in a picture without any object?
#
# <details><summary>Answer</summary>
#
# Terms 1, 2, 3 and 5 are exactly 0. All confidences learn to be 0. Such pictures are useful.
#
# </details>
#
# **4.** Why is the confidence's target the IoU, and not 1?
#
# <details><summary>Answer</summary>
#
# Detections are sorted by it, and NMS keeps the surest. With 1, a box that hardly fits would be as
# sure as a perfect one. With the IoU, the score also says how well the box fits.
#
# </details>
#
# **5.** RPN's anchors and YOLO's predictors both choose by IoU who learns an object. What is the
# difference?
#
# <details><summary>Answer</summary>
#
# An anchor is fixed: who learns what is known before the training. A predictor's box is what the
# network says now: who learns what changes while it learns. And an object may have several positive
# anchors, but only one responsible predictor.
#
# </details>
#
# ## What to read next
#
# - [yolo.py](../minidet/models/detection/one_stage/yolo.py), and
#   [yolo_grid.py](../minidet/models/detection/one_stage/yolo_grid.py): the figure, the loss, and
#   where they depart from the paper. `minidet train yolo --data digits` trains it in full.
# - [16_ssd](16_ssd.ipynb): one look, but anchors on maps of many scales.
# - J. Redmon, S. Divvala, R. Girshick, A. Farhadi, *You Only Look Once: Unified, Real-Time Object
#   Detection*, CVPR 2016, [arXiv:1506.02640](https://arxiv.org/abs/1506.02640).
# - J. Redmon, A. Farhadi, *YOLO9000: Better, Faster, Stronger*, CVPR 2017,
#   [arXiv:1612.08242](https://arxiv.org/abs/1612.08242): YOLO with anchors.
