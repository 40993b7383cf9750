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
# # Mask R-CNN: from a box to pixels
#
# A detector says *where* with four numbers. Mask R-CNN (2017) adds one small head to Faster R-CNN
# ([14](14_faster_rcnn.ipynb)), which says of every pixel in a box whether it belongs to the object.
# Another head of the same kind finds joints. The head itself is a few convolutions; what is easy to
# get wrong is the way from pixels to its 28 x 28 numbers, and back.
#
# |  |  |
# |---|---|
# | **Time** | reading: 60 minutes; doing, with every Try it and every patient: 130 |
# | **You need** | Faster R-CNN (14), RoIAlign ([18](18_roi_align.ipynb)), IoU |
# | **Good to know** | labels for pixels (05 to 07), heatmaps of joints ([10](10_pose.ipynb)) |
# | **You do not need** | a graphics card, or a download: all cells run for two or three minutes |
#
# **At the end you can say**
# - what a mask target is, and cut one by hand;
# - how 28 x 28 numbers become pixels, and where half a pixel is lost;
# - what perfect boxes and perfect masks score, and why that is worth a test;
# - why each class has a sigmoid of its own, and which of the masks learns;
# - how a joint becomes one bin of a grid, and a bin a place;
# - what limits the masks of a trained network: the pixels, or the boxes and classes.
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
from scipy import ndimage
from tqdm.auto import tqdm

import minidet
from minidet import nn, no_grad, optim, tensor, viz
from minidet.data import ShapeScenes, sample_photograph
from minidet.grading import check_blank
from minidet.metrics import MeanAveragePrecision
from minidet.models.detection import MaskRCNN
from minidet.models.detection.two_stage.branches import mask_logits
from minidet.models.detection.two_stage.expected_oks import expected_oks
from minidet.models.detection.two_stage.keypoint_head import (
    heatmaps_to_keypoints,
    keypoint_loss,
    keypoints_to_heatmap,
)
from minidet.models.detection.two_stage.mask_head import mask_loss, mask_probabilities
from minidet.nn import functional as F
from minidet.ops import box_iou, nms, paste_masks_in_image, roi_align
from minidet.ops.masks import crop_masks
from minidet.viz.page import BLUE, GREEN, ORANGE
from minidet.viz.sketch import cells, outline

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

same = np.testing.assert_allclose
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem: how much of a box is the object?
#
# A photograph (a blossom by vultilion; it comes with scikit-learn). Its pixels are easy to tell:
# red is well above green. **Write down** which share of its box the blossom fills. A circle in a
# square fills $\pi / 4$.

# %%
flower = sample_photograph("flower", scale=0.3)  # (3, 128, 192)
reddish, _ = ndimage.label(flower[0] - flower[1] > 0.12)
largest = 1 + int(np.argmax(ndimage.sum(reddish > 0, reddish, range(1, reddish.max() + 1))))
FLOWER = ndimage.binary_fill_holes(reddish == largest)  # (128, 192) bool
rows, columns = np.flatnonzero(FLOWER.any(1)), np.flatnonzero(FLOWER.any(0))
BOX = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
width, height = BOX[2:] - BOX[:2]
print(f"the box: {width:.0f} x {height:.0f} pixels; filled: {FLOWER.sum() / (width * height):.0%}")

scenes = ShapeScenes("val", 64, 8 if QUICK else 120, seed=3, objects=(1, 4))

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(9.6, 2.4))
viz.draw_image(flower, ax=grid[0])
outline(grid[0], BOX, ORANGE)
viz.draw_masks(
    flower, {"masks": FLOWER[None], "labels": np.array([1])}, ["", "blossom"], ax=grid[1]
)
image, target = scenes[1]
viz.draw_image(image, ax=grid[2])
for box in target["boxes"]:
    outline(grid[2], box, ORANGE)
viz.draw_masks(image, target, scenes.classes, ax=grid[3])
plt.show()

# %% [markdown]
# On the right is one of the scenes that we shall learn from: textured shapes that hide one another.
# How full are the boxes there? **Write down** which of the six classes fills its box least.

# %%
filled = {name: [] for name in scenes.classes[1:]}
truths = [scenes[i][1] for i in range(len(scenes))]
for target in truths:
    areas = (target["boxes"][:, 2:] - target["boxes"][:, :2]).prod(1)
    for label, share in zip(target["labels"], target["masks"].sum((1, 2)) / areas, strict=True):
        filled[scenes.classes[label]].append(share)
for name, shares in filled.items():
    print(f"{name:8} {np.mean(shares):.2f}" if shares else f"{name:8} none here")

# %% [markdown]
# A quarter of a box, or more than a half, is something else. That is what a mask says.
#
# ## 2. A mask target, by hand
#
# The head says M x M numbers for a region, whatever its size (M = 28 in the paper). So its *target*
# is the object's mask, cut to the region, in M x M bins of equal size. All of this notebook follows
# one convention:
#
# - **pixel $j$ covers $j \le x < j + 1$**; its centre is $j + \frac12$;
# - a bin's target is the **share of the bin that the mask covers**.
#
# A mask of 6 x 6 pixels, a region from (1, 1) to (5, 5), and M = 2: each bin is 2 x 2 pixels.
# **Write down** the four shares, then those of the second region, which lies half a pixel to the
# left: (0.5, 1, 4.5, 5).

# %%
TINY = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    bool,
)
REGIONS = np.array([[1.0, 1, 5, 5], [0.5, 1, 4.5, 5]])
targets = crop_masks(np.stack([TINY, TINY]), REGIONS, (2, 2))
print(targets[0], "\n", targets[1])

# %%
same(targets[0], [[1, 0.75], [0.25, 1]], err_msg="4, 3, 1 and 4 of 4 pixels")
same(targets[1], [[0.75, 0.875], [0.125, 0.875]], err_msg="columns weigh 1/4, 1/2, 1/4")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 4, figsize=(9.6, 2.5))
for number, (region, colour) in enumerate(zip(REGIONS, (ORANGE, GREEN), strict=True)):
    left, right = grid[2 * number : 2 * number + 2]
    cells(left, TINY.astype(int), top=1)
    x1, y1, x2, y2 = region
    outline(left, region, colour, width=3)
    for box in ((x1, y1, (x1 + x2) / 2, y2), (x1, y1, x2, (y1 + y2) / 2)):
        outline(left, box, colour, "--", 1.5)
    left.set_title(f"region ({x1:g}, {y1:g}, {x2:g}, {y2:g})", fontsize=10)
    cells(right, targets[number], top=1)
    right.set_title("its target, M = 2", fontsize=10)
plt.show()

# %% [markdown]
# In the second region a bin reaches from 0.5 to 2.5: it has half of pixel 0, all of pixel 1, half
# of pixel 2. Divided by the bin's width of 2, they weigh 0.25, 0.5 and 0.25. Write this weight
# down as a function.


# %%
def weight_of(pixel, low, high):
    """Return which share of the bin [low, high) the pixel covers, along one axis."""
    raise NotImplementedError


check_blank(
    weight_of,
    ((1, 0.5, 2.5), 0.5, "a pixel inside the bin"),
    ((2, 0.5, 2.5), 0.25, "half of it is inside"),
    ((3, 0.5, 2.5), 0.0, "none of it is"),
    ((4, 4.2, 4.6), 1.0, "a bin that is smaller than a pixel"),
    hint="the overlap of [pixel, pixel + 1) and [low, high), at least 0, by the bin's width",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def weight_of(pixel, low, high):
#     return max(min(high, pixel + 1) - max(low, pixel), 0) / (high - low)
# ```
#
# </details>
#
# The rest is loops: over bins, and over pixels.


# %%
def naive_target(mask, region, bins):
    """Return (bins, bins): the share of each bin that the mask covers."""
    x1, y1, x2, y2 = region
    across, down = (x2 - x1) / bins, (y2 - y1) / bins
    out = np.zeros((bins, bins))
    for i in range(bins):
        for j in range(bins):
            top, left = y1 + i * down, x1 + j * across
            for row in range(mask.shape[0]):
                for column in range(mask.shape[1]):
                    rows = max(min(top + down, row + 1) - max(top, row), 0) / down
                    columns = max(min(left + across, column + 1) - max(left, column), 0) / across
                    out[i, j] += rows * columns * mask[row, column]
    return out


blot = rng.random((12, 15)) < 0.5
for region in ((1, 2, 13, 10), (0.3, 1.7, 9.9, 11.2), (-4, -3, 20, 15), (5.1, 5.2, 5.6, 5.9)):
    mine = naive_target(blot, region, 5)
    same(mine, crop_masks(blot[None], np.array([region], float), (5, 5))[0], atol=1e-6)
print("the loops and the library agree, also beyond the picture and for a region in one pixel")

# %% [markdown]
# **Try it:** the region may reach beyond the picture, where nothing is covered. Change `REGIONS =
# np.array([[1.0, 1, 5, 5], [0.5, 1, 4.5, 5]])` to `REGIONS = np.array([[1.0, 1, 5, 5], [-3, -3, 5,
# 5]])`. What is the second target?
#
# <details><summary>What happens</summary>
#
# Bins of 4 x 4 pixels. The upper left one, from -3 to 1, has nothing; its neighbours neither. The
# lower right one, from 1 to 5, has 12 of 16 pixels: 0.75. (The assert that follows fails.)
#
# </details>
#
# The paper's code makes targets of 0 and 1. A share says more: where a bin is cut in two, 0.5 is
# the truth.
#
# ## 3. Back to pixels
#
# The head's M x M numbers are *pasted*: stretched over the box. Bin $m$ of a box from $x_1$ to
# $x_2$ has its centre at $x_1 + (m + \frac12)(x_2 - x_1) / M$. Turned around, the centre of pixel
# $j$ reads the mask at column
#
# $$\frac{j + \frac12 - x_1}{x_2 - x_1} M - \frac12,$$
#
# between two bins, as RoIAlign does it; before the first and behind the last centre it reads the
# outer bin.
#
# By hand: M = 2, a box from 1 to 5. **Write down** where the pixels 1, 2, 3 and 4 read.


# %%
def reads_at(pixel, low, high, bins):
    """Return at which column (from 0 to bins - 1) a pixel of the box [low, high) reads the mask."""
    raise NotImplementedError


check_blank(
    reads_at,
    ((1, 1.0, 5.0, 2), 0.0, "-0.25, before the first centre: the first bin"),
    ((2, 1.0, 5.0, 2), 0.25, "a quarter of the way to the second bin"),
    ((4, 1.0, 5.0, 2), 1.0, "1.25, behind the last centre"),
    ((13, 0.0, 28.0, 28), 13.0, "as many bins as pixels: its own"),
    ((5, 2.5, 8.5, 3), 1.0, "a box between pixels"),
    hint="the formula, then not below 0 and not above bins - 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def reads_at(pixel, low, high, bins):
#     return min(max((pixel + 0.5 - low) / (high - low) * bins - 0.5, 0), bins - 1)
# ```
#
# </details>
#
# So the four pixels are 1, 0.75, 0.25 and 0 times the first bin; the rest is the second one. The
# same holds for rows. A mask with a single 1 in its upper left bin: **write down** its pixels, and
# which of them are at least 0.5.

# %%
CORNER = np.array([[1.0, 0.0], [0.0, 0.0]])
pasted = paste_masks_in_image(tensor(CORNER[None, None]), REGIONS[:1], (6, 6)).numpy()[0, 0]
print(pasted)

# %%
along = np.array([0, 1, 0.75, 0.25, 0, 0])
if np.array_equal(REGIONS[0], [1, 1, 5, 5]):
    same(pasted, np.outer(along, along), err_msg="rows times columns")
    assert (pasted >= 0.5).sum() == 4, "1, 0.75, 0.75 and 0.5625"

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 3, figsize=(8.0, 2.7))
cells(grid[0], CORNER, top=1)
cells(grid[1], pasted, top=1, form=".2g")
cells(grid[2], (pasted >= 0.5).astype(int), top=1)
for axes, title in zip(grid, ("the mask", "pasted", "at least 0.5"), strict=True):
    axes.set_title(title, fontsize=10)
for axes in grid[1:]:
    outline(axes, REGIONS[0], ORANGE, width=3)
plt.show()


# %%
def naive_paste(mask, box, size):
    """Return (H, W): the mask stretched over the box, 0 around it."""
    bins, (x1, y1, x2, y2) = len(mask), box
    out = np.zeros(size)
    for row in range(size[0]):
        for column in range(size[1]):
            if not (x1 <= column + 0.5 < x2 and y1 <= row + 0.5 < y2):
                continue  # the pixel's centre is not in the box
            y = min(max((row + 0.5 - y1) / (y2 - y1) * bins - 0.5, 0), bins - 1)
            x = min(max((column + 0.5 - x1) / (x2 - x1) * bins - 0.5, 0), bins - 1)
            i, j = min(int(y), bins - 2), min(int(x), bins - 2)
            weights = np.outer((1 - (y - i), y - i), (1 - (x - j), x - j))
            out[row, column] = (weights * mask[i : i + 2, j : j + 2]).sum()
    return out


some = rng.random((7, 7))
for box in ((3, 4, 17, 11), (2.3, 3.9, 18.1, 14.2), (-5, 6, 12, 30)):
    library = paste_masks_in_image(tensor(some[None, None]), np.array([box], float), (16, 20))
    same(naive_paste(some, box, (16, 20)), library.numpy()[0, 0], atol=1e-12)
print("the loops and the library agree")

# %% [markdown]
# The simplest test of all: **a mask of ones has to fill its box**, exactly, if the box has whole
# corners. And the other way: the target of a rectangle that fills its box is all ones. **Write
# down** how many pixels the box (3, 4, 17, 11) has.

# %%
ones = np.ones((1, 1, 28, 28))
full = paste_masks_in_image(tensor(ones), np.array([[3.0, 4, 17, 11]]), (16, 20)).numpy()[0, 0]
print(f"{(full >= 0.5).sum()} pixels")
assert (full[4:11, 3:17] == 1).all(), "every pixel of the box is 1"
assert full.sum() == 14 * 7, "and none beside it"
same(crop_masks(full[None] == 1, np.array([[3.0, 4, 17, 11]]), (28, 28)), 1)

# %% [markdown]
# ## 4. The ceiling: perfect boxes, perfect masks
#
# What if a detector made no mistake? The boxes are true, the head says its target, bin by bin. What
# is pasted should be the object. If it is not, no training can bring it back.
#
# The first code of Mask R-CNN, and torchvision until today, has another convention: a target is cut
# by RoIAlign *without* the half pixel (18, section 4); for pasting, a ring of zeros is put around
# the mask, the box grows with it, and its corners are rounded to whole pixels, the last one
# *included*. Call this the **corner convention**. Beside it, ours with fewer bins. **Write down**
# the order of the four, by mask AP.


# %%
def corner_target(masks, boxes, bins):
    """Cut masks as if cell j of a map had its centre at j."""
    rois = np.concatenate([np.arange(len(boxes))[:, None], boxes], 1).astype(np.float32)
    maps = tensor(masks[:, None].astype(np.float32))
    return roi_align(maps, rois, bins, 1.0, -1, False).numpy()[:, 0]


def corner_paste(masks, boxes, size):
    """Paste masks (N, M, M) into boxes that are rounded to whole pixels."""
    out = np.zeros((len(masks), *size), np.float32)
    for mask, box, image in zip(masks, boxes, out, strict=True):
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
        half = half * (len(mask) + 2) / len(mask)
        (x1, y1), (x2, y2) = (middle - half).astype(int), (middle + half).astype(int)
        shape = (max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1))
        ringed = tensor(np.pad(mask, 1)[None, None])
        wide = F.interpolate(ringed, size=shape, mode="bilinear", align_corners=False).numpy()[0, 0]
        rows = slice(max(y1, 0), min(y2 + 1, size[0]))
        columns = slice(max(x1, 0), min(x2 + 1, size[1]))
        image[rows, columns] = wide[rows.start - y1 :, columns.start - x1 :][
            : rows.stop - rows.start, : columns.stop - columns.start
        ]
    return out


def half_pixel(target, bins):
    """Return what comes back of perfect masks: (N, H, W), from 0 to 1."""
    masks, boxes = target["masks"], target["boxes"]
    cut = crop_masks(masks, boxes, (bins, bins))[:, None]
    return paste_masks_in_image(cut, boxes, masks.shape[1:]).numpy()[:, 0]


def corners(target, bins):
    """Return the same, by the corner convention."""
    masks, boxes = target["masks"], target["boxes"]
    return corner_paste(corner_target(masks, boxes, bins), boxes, masks.shape[1:])


def iou_of(found, true):
    """Return the IoU of masks (N, H, W), one by one."""
    return (found & true).sum((1, 2)) / (found | true).sum((1, 2))


WAYS = (
    ("half pixels", half_pixel, 28),
    ("half pixels", half_pixel, 14),
    ("half pixels", half_pixel, 7),
    ("corners", corners, 28),
)
ceilings, overlaps = {}, {}
for name, way, bins in WAYS:
    figures, found_ious = MeanAveragePrecision(len(scenes.classes), "segm"), []
    for target in truths:
        found = way(target, bins)
        answer = {"boxes": target["boxes"], "labels": target["labels"], "masks": found}
        figures.update([target], [{**answer, "scores": np.ones(len(found))}])
        found_ious += iou_of(found >= 0.5, target["masks"]).tolist()
    ceilings[name, bins] = figures.compute()["AP"]
    overlaps[name, bins] = np.mean(found_ious)
    print(
        f"{name:11} {bins:2} x {bins:2}: mask AP {ceilings[name, bins]:.3f}, "
        f"mean IoU {overlaps[name, bins]:.3f}"
    )

# %%
assert overlaps["half pixels", 28] > 0.99, "perfect masks come back"
assert ceilings["half pixels", 28] > ceilings["corners", 28] + 0.1, (
    "and not by the other convention"
)

# %% [markdown]
# With 28 bins perfect masks come back; with the corner convention, a large part of AP is lost
# before anything is learnt. On photographs of cell nuclei, as small as these shapes, it is 1.00
# against 0.69 ([decisions](../docs/decisions.md), number 40). How it looks, for one object: light
# grey is right, grey is too much, dark is missing.

# %% jupyter={"source_hidden": true}
which = next(
    t
    for t in truths
    if len(t["labels"]) and 12 < (t["boxes"][0, 2:] - t["boxes"][0, :2]).max() < 24
)
one = {name: which[name][:1] for name in ("boxes", "labels", "masks")}
window = np.concatenate([one["boxes"][0, :2] - 3, one["boxes"][0, 2:] + 3])
_, grid = viz.subplots(1, 4, figsize=(9.6, 2.6))
for axes, (name, way, bins) in zip(grid, WAYS, strict=True):
    found, true = way(one, bins)[0] >= 0.5, one["masks"][0]
    shades = np.where(found & true, 0.8, np.where(found, 0.5, np.where(true, 0.2, 1.0)))
    viz.draw_image(np.broadcast_to(shades, (3, *shades.shape)), ax=axes)
    outline(axes, one["boxes"][0], ORANGE, width=1.2)
    axes.set(xlim=window[[0, 2]], ylim=window[[3, 1]])
    axes.set_title(f"{name}, {bins}\nIoU {iou_of(found[None], true[None])[0]:.2f}", fontsize=10)
plt.show()

# %% [markdown]
# **Why it is worth a test:** a trained network would hide this. Its masks would be a little too
# large, as its targets were; AP would be lower, and nobody would know by how much. *Perfect in,
# perfect out* finds such faults without any training.
#
# **Try it:** what if the target is 0 or 1, not a share? Change `cut = crop_masks(masks, boxes,
# (bins, bins))[:, None]` to `cut = np.round(crop_masks(masks, boxes, (bins, bins)))[:, None]`.
#
# <details><summary>What happens</summary>
#
# With 28 bins next to nothing: a bin is smaller than a pixel here. With 7 bins AP sinks: a share
# says where in the bin the border is, and 0 or 1 does not.
#
# </details>
#
# ## 5. The threshold
#
# What is pasted are probabilities, from 0 to 1. What is at least 0.5 is the mask. The order
# matters: first paste, then compare. The blossom, with few bins, so that it shows. **Write down**
# whether a threshold of 0.2 makes the mask larger or smaller.


# %%
def draw_threshold(bins=5, threshold=0.5):
    """Draw the blossom's target, what is pasted, and what is at least the threshold."""
    cut = crop_masks(FLOWER[None], BOX[None], (bins, bins))
    back = paste_masks_in_image(cut[:, None], BOX[None], FLOWER.shape).numpy()
    _, (left, middle, right) = viz.subplots(1, 3, figsize=(9.6, 2.7))
    left.imshow(cut[0], cmap="Blues", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[])
    left.set_title(f"the target, {bins} x {bins}", fontsize=10)
    middle.imshow(back[0, 0], cmap="Blues", vmin=0, vmax=1, extent=(0, 192, 128, 0))
    middle.set(xticks=[], yticks=[])
    middle.set_title("pasted", fontsize=10)
    answer = {"masks": back, "labels": np.array([1])}
    viz.draw_masks(flower, answer, ["", "blossom"], mask_threshold=threshold, ax=right)
    overlap = iou_of(back[0] >= threshold, FLOWER[None])[0]
    right.set_title(f"at least {threshold:g}: IoU {overlap:.3f}", fontsize=10)
    plt.show()


draw_threshold()

# %%
viz.sliders(draw_threshold, bins=(2, 28), threshold=(0.05, 0.95, 0.05))

# %% [markdown]
# The best threshold of perfect masks is near 0.5, as it has to be: a pixel that is half covered is
# the border.
#
# ## 6. The mask head
#
# RoIAlign brings each region to M/2 x M/2 cells. Then 3 x 3 convolutions (four in the paper), a
# transposed convolution that doubles the size ([04](04_transposed_convolution.ipynb)), and a 1 x 1
# convolution: one number for each bin *and each class*. No fully connected layer: each bin of the
# mask sees the cells around it, and knows where it is because RoIAlign has rounded nothing.

# %%
CLASSES = ("circle", "square", "triangle")
K = 1 + len(CLASSES)
SETTINGS = {
    "backbone": "vgg11_bn_0375", "strides": (4,), "anchor_sizes": ((14, 20, 30),),
    "aspect_ratios": (0.6, 1.0, 1.7), "proposals": (100, 50), "allowed_border": 32.0,
    "rois_per_image": 32, "width": 128, "mask_layers": (32, 32),
}  # fmt: skip


def build(seed=0, **changes):
    """Return a small Mask R-CNN."""
    minidet.manual_seed(seed)
    return MaskRCNN(K, **{**SETTINGS, **changes})


heads = build().roi_heads
x = heads.mask_roi_pool(
    {4: tensor(np.zeros((1, 96, 16, 16), np.float32))}, [np.array([[8.0, 8, 40, 30]])]
)
print("after RoIAlign   ", x.shape)
for layer in heads.mask_head:
    x = layer(x)
    print("3 x 3 convolution", x.shape)
x = F.relu(heads.mask_predictor.conv5_mask(x))
print("transposed       ", x.shape)
x = heads.mask_predictor.mask_fcn_logits(x)
print("1 x 1            ", x.shape, "= (regions, classes, M, M)")
assert x.shape == (1, K, 28, 28)

# %% [markdown]
# **Write down** how many parameters a fully connected layer would need instead of the last two:
# from 32 x 14 x 14 numbers to K x 28 x 28.

# %%
convolutional = sum(p.numel() for p in heads.mask_predictor.parameters())
print(f"the last two layers: {convolutional:,}")
print(f"fully connected:     {32 * 14 * 14 * K * 28 * 28:,}")

# %% [markdown]
# ## 7. One sigmoid per class, and a loss on the true one
#
# Which of the K masks of a region is used? The one of the class that the *box head* chose. So a
# mask need not say *what* is there, only *where*: each class has a sigmoid of its own, and classes
# do not compete. With a softmax over classes, as in FCN ([06](06_fcn.ipynb)), they would.
#
# One bin, three classes. The logits are -3 for background, 2.0 for circle and 1.9 for square:
# "there is something, perhaps round". **Write down** the mask's value for a region that is a
# circle, with each of the two.

# %%
bin_logits = np.array([-3.0, 2.0, 1.9])
by_sigmoid = 1 / (1 + np.exp(-bin_logits))
by_softmax = np.exp(bin_logits) / np.exp(bin_logits).sum()
for name, value in (("sigmoid", by_sigmoid), ("softmax", by_softmax)):
    print(f"{name}: circle {value[1]:.3f}, square {value[2]:.3f}")

# %%
assert by_sigmoid[1:].min() > 0.5, "for either class, the bin is covered"
assert by_softmax[2] < 0.5, "with a softmax, at most one class can have it"

# %% [markdown]
# The head is sure that the bin is covered, and in doubt about the class. If the box head says
# "square", the softmax leaves a hole: its 0.47 is below 0.5. In the paper, sigmoids have a mask AP
# of 30.3, the softmax 24.8 (table 2b).
#
# The loss is a binary cross-entropy, the mean over all bins of **the true class's mask**; the other
# masks of the region learn nothing. Only regions that are objects count. For a logit $z$ and a
# target $t$: $\log(1 + e^z) - t z$. By hand, one region, label 2, 2 x 2 bins: **write down** its
# loss for logits that are all 0.


# %%
def loss_of_masks(logits, targets, labels):
    """Return the mean over bins; logits (P, K, M, M), targets (P, M, M), labels (P,)."""
    raise NotImplementedError


LOGITS = np.zeros((1, 3, 2, 2))
LOGITS[0, 2] = [[2, 1], [-1, -2]]
TARGETS, LABELS = np.array([[[1, 0.5], [0, 0]]]), np.array([2])
by_hand = (math.log1p(math.exp(2)) - 2 + math.log1p(math.e) - 0.5
           + math.log1p(math.exp(-1)) + math.log1p(math.exp(-2))) / 4  # fmt: skip
check_blank(
    loss_of_masks,
    (
        (np.zeros((1, 3, 2, 2)), TARGETS, LABELS),
        math.log(2),
        "logits of 0: log 2, whatever is true",
    ),
    ((LOGITS, TARGETS, LABELS), by_hand, "by hand"),
    ((LOGITS, TARGETS, np.array([1])), math.log(2), "class 1 has logits of 0"),
    hint="logits[np.arange(len(labels)), labels] is (P, M, M); np.logaddexp(0, z) is log(1 + e^z)",
)
print(f"by hand {by_hand:.4f}, the library {mask_loss(tensor(LOGITS), TARGETS, LABELS).item():.4f}")

# %%
same(mask_loss(tensor(LOGITS), TARGETS, LABELS).item(), by_hand, rtol=1e-6)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def loss_of_masks(logits, targets, labels):
#     chosen = logits[np.arange(len(labels)), labels]
#     return (np.logaddexp(0, chosen) - targets * chosen).mean()
# ```
#
# </details>
#
# **Write down** which of the three masks get a gradient, with sigmoids and with a softmax.

# %%
gradients = {}
for kind in ("sigmoid", "softmax"):
    z = tensor(LOGITS, requires_grad=True)
    mask_loss(z, TARGETS, LABELS, kind).backward()
    gradients[kind] = z.grad.numpy()[0]
    print(f"{kind}: sum of |gradient| per class", np.abs(gradients[kind]).sum((1, 2)).round(3))
same(gradients["sigmoid"][:2], 0, err_msg="only the true class's mask learns")
assert (np.abs(gradients["softmax"]).sum((1, 2)) > 0).all(), "all classes push one another"

# %% [markdown]
# ## 8. Joints: a mask with a single bin
#
# A joint is a mask, too, in which *one* of m x m bins is right (m = 56 in the paper). So the loss
# is a softmax over all m x m bins of a joint: they do compete. A joint at $(x, y)$ in a box from
# $(x_1, y_1)$ to $(x_2, y_2)$ lies in column $\lfloor (x - x_1) / (x_2 - x_1) \cdot m \rfloor$, and
# so does the row; bins are counted row by row.
#
# By hand: the box (2, 1, 10, 9), m = 4, bins of 2 x 2 pixels. **Write down** the bin of the joint
# (5, 6.9).


# %%
def bin_of(x, y, box, m):
    """Return the number of the joint's bin, or -1 if it is not in the box."""
    raise NotImplementedError


JOINT_BOX = np.array([2.0, 1, 10, 9])
check_blank(
    bin_of,
    ((5.0, 6.9, JOINT_BOX, 4), 9, "column 1, row 2"),
    ((2.0, 1.0, JOINT_BOX, 4), 0, "the first corner"),
    ((10.0, 5.0, JOINT_BOX, 4), 11, "on the right edge: the last column"),
    ((10.1, 5.0, JOINT_BOX, 4), -1, "outside: no loss"),
    hint="math.floor; a joint on the right or lower edge would be in column m: take m - 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def bin_of(x, y, box, m):
#     x1, y1, x2, y2 = box
#     column = m - 1 if x == x2 else math.floor((x - x1) / (x2 - x1) * m)
#     row = m - 1 if y == y2 else math.floor((y - y1) / (y2 - y1) * m)
#     inside = 0 <= column < m and 0 <= row < m
#     return row * m + column if inside else -1
# ```
#
# </details>
#
# A joint that is not labelled (v = 0), or lies outside of the region, has no loss. **Write down**
# the loss of a head that says 0 everywhere, for m = 4.

# %%
hand_joints = np.array([[[5.0, 6.9, 2], [10.0, 5.0, 1], [10.1, 5.0, 2], [6.0, 6.0, 0]]])  # x, y, v
bins, valid = keypoints_to_heatmap(hand_joints, JOINT_BOX[None], 4)
print("bins", bins[0], "count:", valid[0])
silent = tensor(np.zeros((1, 4, 4, 4)))
print(f"loss {keypoint_loss(silent, hand_joints, JOINT_BOX[None]).item():.4f}")

# %%
same(bins[0, :2], [9, 11])
same(valid[0], [True, True, False, False])
same(keypoint_loss(silent, hand_joints, JOINT_BOX[None]).item(), math.log(16), err_msg="16 bins")

# %% [markdown]
# Back to a place: the m x m logits are stretched to the pixels of the box (bicubically, as the
# paper's code has it), and the joint is the *centre of the highest pixel*. Again the ceiling: if
# the head is perfect, one bin is high, and all others are 0. How far from the joints are the
# places that come back? The people below are 54 to 115 pixels high. **Write down** the mean error
# for m = 7 and for m = 56, in pixels.

# %%
people = ShapeScenes("val", 128, 4 if QUICK else 40, seed=5, classes=("person",), objects=(1, 2))
errors = {m: [] for m in (7, 14, 28, 56)}
for i in range(len(people)):
    _, target = people[i]
    joints, boxes = target["keypoints"], target["boxes"]
    for m, row in errors.items():
        bins, valid = keypoints_to_heatmap(joints, boxes, m)
        hot = 10 * (np.arange(m * m) == bins[..., None]).reshape(*bins.shape, m, m)
        back, _ = heatmaps_to_keypoints(hot.astype(np.float32), boxes)
        row += np.linalg.norm(back[..., :2] - joints[..., :2], axis=2)[valid].tolist()
for m, row in errors.items():
    print(f"m = {m:2}: {np.mean(row):.2f} pixels on average, of {len(row)} joints")

# %%
assert np.mean(errors[56]) < np.mean(errors[14]) < np.mean(errors[7]), "finer bins, nearer places"

# %% jupyter={"source_hidden": true}
image, target = people[0]
joints, box = target["keypoints"][:1], target["boxes"][:1]
bins, valid = keypoints_to_heatmap(joints, box, 14)
counted = np.bincount(bins[0][valid[0]], minlength=14 * 14).reshape(14, 14)
_, (left, right) = viz.subplots(1, 2, figsize=(7.6, 3.6))
viz.draw_joints(image, {"keypoints": joints}, ax=left)
outline(left, box[0], ORANGE)
right.imshow(
    counted, cmap="Blues", vmin=0, vmax=2, extent=(box[0, 0], box[0, 2], box[0, 3], box[0, 1])
)
right.plot(*joints[0, valid[0], :2].T, ".", color=ORANGE, markersize=7)
near = box[0] + [-6, -6, 6, 6]
for axes in (left, right):
    axes.set(xlim=near[[0, 2]], ylim=near[[3, 1]], xticks=[], yticks=[], aspect="equal")
outline(right, box[0], ORANGE)
right.set_title("the bins of all joints, m = 14", fontsize=10)
plt.show()

# %% [markdown]
# With 56 bins a side, a bin is about a pixel, and the error a part of one. That is why the keypoint
# head's grid is finer than the mask head's: a joint has no area that could tell where in its bin it
# is. (In [10](10_pose.ipynb) heatmaps are Gaussian, and of the whole picture.)
#
# ### The highest bin, or the place that pays most?
#
# A real head is in doubt, and joints are scored by OKS, where near is nearly as good as right.
# Below are the chances of a wrist in a box of 64 x 64 pixels: 0.2 for one bin, 0.035 for each of
# sixteen neighbours elsewhere, and a little for all others. If the answer is the place x, we can
# *expect* the similarity
#
# $$E(x) = \sum_b p_b \, \exp\Big(-\frac{|x - b|^2}{2 \, a \, (2 \sigma)^2}\Big)$$
#
# with the box's area $a$. **Write down** which place you would answer, and about what it is worth.

# %%
BINS, SIGMA = 16, 0.062  # OKS's sigma of a wrist
chances = np.full((BINS, BINS), 0.001)
chances[9:13, 9:13] = 0.035
chances[3, 3] = 0.2
chances /= chances.sum()
bin_rows, bin_columns = np.mgrid[:BINS, :BINS]


def expected_at(row, column):
    """Return E for the centre of a bin."""
    squared = ((bin_rows - row) ** 2 + (bin_columns - column) ** 2) * (64 / BINS) ** 2  # in pixels
    return (chances * np.exp(-squared / (2 * 64 * 64 * (2 * SIGMA) ** 2))).sum()


expected = np.array([[expected_at(r, c) for c in range(BINS)] for r in range(BINS)])
sure, hill = expected[3, 3], expected.max()
print(f"the highest bin is worth {sure:.2f}, the best place {hill:.2f}")

# %%
wrist_logits = np.log(chances)[None, None]  # (1, 1, 16, 16)
wrist_box = np.array([[0.0, 0, 64, 64]])
by_logit, _ = heatmaps_to_keypoints(wrist_logits, wrist_box)
by_oks, worth = expected_oks(wrist_logits, wrist_box, [SIGMA])
same(worth[0, 0], hill, rtol=1e-6)
assert np.abs(by_logit[0, 0, :2] - 14).max() < 2, "the highest bin"
assert np.abs(by_oks[0, 0, :2] - 44).max() < 4, "the hill"

# %%
_, grid = viz.subplots(1, 2, figsize=(7.0, 3.2))
for axes, shown, words in zip(grid, (chances, expected), ("chances", "E"), strict=True):
    axes.imshow(shown, cmap="Blues", extent=(0, 64, 64, 0))
    axes.plot(*by_logit[0, 0, :2], "x", color=ORANGE, markersize=10, label="highest logit")
    axes.plot(*by_oks[0, 0, :2], "o", color=GREEN, markersize=8, label="highest E")
    axes.set(xticks=[], yticks=[])
    axes.set_title(words, fontsize=10)
grid[0].legend(loc="lower left", fontsize=8)
plt.show()

# %% [markdown]
# E is the map of chances, blurred by the similarity's own Gaussian. Its highest value says more:
# averaged over a person's joints, it tells how well this person will score, which the score of the
# class does not know. Both together took one network's keypoint AP on validation scenes from 0.352
# to 0.431, without any more training.
#
# `minidet train mask_rcnn --data figures` learns joints, and reads them so (`kpt_oks_sigmas`;
# without it, the highest logit is taken, as in the paper). Here we go on with masks.
#
# ## 9. The ladder
#
# ### Rung 1: the losses at the start
#
# Five of them, added up: two of the proposals, two of the boxes, one of the masks. **Write down**
# two: of the classifier, K = 4 classes, and of the masks.

# %%
SIZE, LEAST = 64, 0.3
OPTIONS = {"size": SIZE, "classes": CLASSES, "objects": (1, 3)}
train_scenes = ShapeScenes("train", length=24 if QUICK else 4800, **OPTIONS)
held = ShapeScenes("test", length=4 if QUICK else 100, seed=1, **OPTIONS)


def batch_of(numbers):
    """Return pictures and what is in them."""
    pairs = [train_scenes[i] for i in numbers]
    images, targets = zip(*pairs, strict=True)
    return list(images), [{k: t[k] for k in ("boxes", "labels", "masks")} for t in targets]


network = build()
for name, loss in network(*batch_of(range(8))).items():
    print(f"{name:17} {loss.item():.3f}")
print(f"log K = {math.log(K):.3f}, log 2 = {math.log(2):.3f}")

# %% [markdown]
# Classes and objectness start near a guess, $\log K$ and $\log 2$, for their last layers have small
# weights. Those of the mask head are large, as after every ReLU, so that it starts with opinions,
# which are wrong as often as right: its loss lies above $\log 2$.
#
# ### Rung 2: one batch, by heart
#
# Beside it a network that is broken: regions come out of RoIAlign in another order than that of
# their targets. No shape is wrong, and nothing raises. **Write down** which of the losses will
# notice.


# %%
class OtherOrder(nn.Module):
    """A pooling layer that returns the regions in reversed order."""

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, maps, boxes):
        """Return (R, C, P, P)."""
        x = self.pool(maps, boxes)
        return x[np.arange(len(x))[::-1]]


def learn(network, batches, lr=2e-3, words=""):
    """Train on batches; return the losses of each step, a dict of arrays."""
    optimizer = optim.AdamW(network.parameters(), lr=lr)
    schedule = optim.CosineAnnealingLR(optimizer, len(batches))
    losses = {}
    for numbers in tqdm(batches, desc=words, leave=False):
        found = network.train()(*batch_of(numbers))
        total = sum(list(found.values())[1:], start=next(iter(found.values())))
        optimizer.zero_grad()
        total.backward()
        optim.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        for name, loss in found.items():
            losses.setdefault(name, []).append(loss.item())
    return {name: np.array(row) for name, row in losses.items()}


heart = {}
for name in ("right", "broken"):
    network = build()
    if name == "broken":
        network.roi_heads.mask_roi_pool = OtherOrder(network.roi_heads.mask_roi_pool)
    heart[name] = learn(network, [range(3)] * (6 if QUICK else 150), 3e-3, name)
for loss in heart["right"]:
    ends = {name: row[loss][-10:].mean() for name, row in heart.items()}
    print(f"{loss:17} right {ends['right']:.3f}, broken {ends['broken']:.3f}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 2, figsize=(9.0, 2.9))
for axes, loss in zip(grid, ("loss_mask", "loss_box_reg"), strict=True):
    for (name, row), colour, line in zip(heart.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
        axes.plot(row[loss], color=colour, linestyle=line, label=name)
    axes.set(xlabel="step", ylim=(0, None))
    axes.set_title(loss, fontsize=10)
    axes.legend(frameon=False)
plt.show()

# %%
if not QUICK:
    right, broken = (heart[name]["loss_mask"][-10:].mean() for name in ("right", "broken"))
    first = heart["right"]["loss_mask"][0]
    assert right < first / 10, "three pictures can be learnt by heart"
    assert broken > 2 * right, "and not, if each region learns another one's mask"

# %% [markdown]
# Only the mask loss notices: boxes and classes are pooled by a layer of their own. (It cannot reach
# 0, even by heart: where a bin is half covered, the best answer, 0.5, still costs $\log 2$.)
#
# ### Rung 3: training
#
# New scenes in every step, of circles, squares and triangles. **Write down** what is learnt first,
# and what last: that something is there, its class, its box, or its mask.

# %%
STEPS, PICTURES = (6, 2) if QUICK else (600, 8)
model, begun = build(), time.perf_counter()
order = np.arange(STEPS * PICTURES) % len(train_scenes)
trained = learn(model, order.reshape(STEPS, PICTURES), 2e-3, "Mask R-CNN")
print(f"{time.perf_counter() - begun:.0f} seconds")
for name, row in trained.items():
    tenth = max(1, STEPS // 10)
    print(f"{name:17} from {row[:tenth].mean():.3f} to {row[-tenth:].mean():.3f}")


# %%
def look(network, images):
    """Return what is found in pictures, as arrays."""
    with no_grad():
        found = network.eval()(list(images))
    return [{name: value.numpy() for name, value in answer.items()} for answer in found]


def score(answers, kind, scenes_of=held):
    """Return COCO's figures of answers on the held-out scenes."""
    figures = MeanAveragePrecision(K, kind)
    figures.update([scenes_of[i][1] for i in range(len(scenes_of))], answers)
    return figures.compute()


answers = [look(model, [held[i][0]])[0] for i in range(len(held))]
table = {kind: score(answers, kind) for kind in ("bbox", "segm")}
for kind, figures in table.items():
    print(kind, " ".join(f"{name} {figures[name]:.3f}" for name in ("AP", "AP50", "AP75")))
if not QUICK:
    assert table["segm"]["AP50"] > 0.3, "shapes are found, with masks"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(1, 1, figsize=(7.0, 3.0))
window = min(20, STEPS)
for (name, row), colour, line in zip(
    ((n, r) for n, r in trained.items() if n != "loss_rpn_box_reg"),
    (GREEN, ORANGE, ORANGE, BLUE),
    ("-", "-", "--", "-"),
    strict=True,
):
    smooth = np.convolve(row / row[:window].mean(), np.ones(window) / window, "valid")
    axes.plot(smooth, color=colour, linestyle=line, label=name)
axes.set(xlabel="step", ylabel="share of its start", ylim=(0, 1.5))
axes.legend(frameon=False)
axes.set_title(f"training, mean of {window} steps", fontsize=10)
plt.show()


# %% jupyter={"source_hidden": true}
def surest(answer, least=0 if QUICK else LEAST):
    """Return what is drawn: masks and classes of the surest detection of each place."""
    kept = nms(answer["boxes"], answer["scores"], 0.5).numpy()  # of all classes together
    kept = kept[answer["scores"][kept] >= least]
    return {name: answer[name][kept] for name in ("masks", "labels")}


_, grid = viz.subplots(2, 6, figsize=(9.8, 3.6))
for column in range(min(6, len(held))):
    image, target = held[column]
    viz.draw_masks(image, target, held.classes, ax=grid[0, column])
    viz.draw_masks(image, surest(answers[column]), held.classes, ax=grid[1, column])
for axes in grid.ravel():
    axes.set(xticks=[], yticks=[])
grid[0, 0].set_ylabel("true")
grid[1, 0].set_ylabel(f"found, {LEAST:g}")
plt.show()

# %% [markdown]
# That something is there comes first, the class last; a mask need not know it. (The loss of boxes
# may grow at first: the better the proposals, the more of them are objects, and have a box to
# learn.)
#
# After a minute, many shapes are found, some are missed, and some have another class; masks follow
# the outlines, with round corners. (Of several detections of one place, only the surest is drawn.)
# (`minidet train mask_rcnn --data shapes` takes longer, and all
# six classes.)
#
# ### Rung 4: the mistakes
#
# Where is AP lost: at the boxes and classes, or at the masks? Two experiments that change one part
# for the truth:
#
# - **true boxes and classes**, and the masks that the head says of them;
# - **found boxes and classes**, and perfect masks: the object's own, cut to the found box.
#
# **Write down** which of the two helps more.


# %%
def on_true_boxes(image, target):
    """Return the true boxes with the masks that the head says."""
    boxes, labels = target["boxes"], target["labels"]
    with no_grad():
        maps = model.eval().features(tensor(image[None]))
        said = mask_probabilities(mask_logits(model.roi_heads, maps, [boxes]), labels)
    masks = paste_masks_in_image(said, boxes, image.shape[1:]).numpy()
    return {"boxes": boxes, "labels": labels, "scores": np.ones(len(labels)), "masks": masks}


def with_true_masks(answer, target):
    """Return an answer with the mask of the object that each box fits best."""
    boxes, masks = answer["boxes"], np.zeros_like(answer["masks"])
    if len(boxes):
        nearest = box_iou(boxes, target["boxes"]).numpy().argmax(1)
        cut = crop_masks(target["masks"][nearest], boxes, (28, 28))[:, None]
        masks = paste_masks_in_image(cut, boxes, masks.shape[2:]).numpy()
    return {**answer, "masks": masks}


given = [on_true_boxes(*held[i]) for i in range(len(held))]
perfect = [with_true_masks(answers[i], held[i][1]) for i in range(len(held))]
ROWS = (("all found", answers), ("true boxes and classes", given), ("perfect masks", perfect))
parts = {name: score(found, "segm") for name, found in ROWS}
for name, figures in parts.items():
    print(f"{name:23}", " ".join(f"{k} {figures[k]:.3f}" for k in ("AP", "AP50", "AP75")))

# %%
if not QUICK:
    best = max(parts["true boxes and classes"]["AP"], parts["perfect masks"]["AP"])
    assert best > parts["all found"]["AP"], "the truth helps"

# %% [markdown]
# Read the rows against the first one: what a row gains is what its part costs. AP50 of the second
# row is high: as soon as it is told where and what, the head knows most of the pixels. So what most
# scenes lack is the right class and an object that is found at all, and no mask can mend it.
#
# The worst masks among those whose class is right and whose box fits (IoU of at least 0.5): light
# grey is right, grey is too much, dark is missing.
# Look for two kinds of reasons: another object in the same box, and a pattern inside of the object.

# %% jupyter={"source_hidden": true}
pairs = []  # IoU of the masks, number of the scene, of the detection, of the object
for i, answer in enumerate(answers):
    target = held[i][1]
    fits = box_iou(answer["boxes"], target["boxes"]).numpy()
    for d in np.flatnonzero(answer["scores"] >= (0 if QUICK else LEAST)):
        o = int(fits[d].argmax())
        if (fits[d, o] >= 0.5 and answer["labels"][d] == target["labels"][o]) or QUICK:
            found = answer["masks"][d] >= 0.5
            pairs.append((float(iou_of(found, target["masks"][o : o + 1])[0]), i, int(d), o))
pairs.sort()
print(f"{len(pairs)} such masks; mean IoU {np.mean([p[0] for p in pairs]):.3f}")
_, grid = viz.subplots(2, 6, figsize=(9.8, 3.9))
for (upper, lower), (overlap, i, d, o) in zip(grid.T, pairs, strict=False):
    image, target = held[i]
    found, true = answers[i]["masks"][d, 0] >= 0.5, target["masks"][o]
    viz.draw_image(image, ax=upper)
    outline(upper, answers[i]["boxes"][d], ORANGE, width=1.5)
    shades = np.where(found & true, 0.8, np.where(found, 0.5, np.where(true, 0.2, 1.0)))
    viz.draw_image(np.broadcast_to(shades, (3, *shades.shape)), ax=lower)
    x, y = np.clip((target["boxes"][o, :2] + target["boxes"][o, 2:]) / 2, 22, SIZE - 22)
    for axes in (upper, lower):
        axes.set(xlim=(x - 22, x + 22), ylim=(y + 22, y - 22))
    lower.set_title(f"IoU {overlap:.2f}", fontsize=10)
for axes in grid.ravel():
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## 10. The threshold, once more
#
# Now with probabilities that were learnt. The pairs of section 9, cut at another threshold.
# **Write down** at which one the mean IoU is highest.

# %%
BUSY = int(np.argmax([len(surest(answer)["labels"]) for answer in answers]))
LEVELS = np.arange(0.05, 0.96, 0.05)


def mean_iou(threshold):
    """Return the mean IoU of the masks above."""
    rows = [
        iou_of(answers[i]["masks"][d] >= threshold, held[i][1]["masks"][o : o + 1])[0]
        for _, i, d, o in pairs
    ]
    return float(np.mean(rows))


levels = np.array([mean_iou(level) for level in LEVELS])
print(f"best at {LEVELS[levels.argmax()]:.2f}: {levels.max():.3f}; at 0.5: {mean_iou(0.5):.3f}")
if not QUICK:
    assert mean_iou(0.5) > levels.max() - 0.03, "0.5 is near the best"


# %%
def draw_learnt(threshold=0.5, scene=BUSY):
    """Draw what the head says of a scene, its masks at a threshold, and the mean IoU."""
    image, _ = held[scene]
    shown = surest(answers[scene])
    _, (left, middle, right) = viz.subplots(1, 3, figsize=(9.6, 3.0))
    left.imshow(
        shown["masks"].max(0, initial=0)[0], cmap="Blues", vmin=0, vmax=1, extent=(0, SIZE, SIZE, 0)
    )
    left.set_title("what the head says, pasted", fontsize=10)
    viz.draw_masks(image, shown, held.classes, mask_threshold=threshold, ax=middle)
    middle.set_title(f"at least {threshold:.2f}", fontsize=10)
    right.plot(LEVELS, levels, color=BLUE)
    right.plot(threshold, mean_iou(threshold), "o", color=ORANGE)
    right.set(xlabel="threshold", ylim=(0, 1))
    right.set_title("mean IoU of masks whose box fits", fontsize=10)
    for axes in (left, middle):
        axes.set(xticks=[], yticks=[])
    plt.show()


draw_learnt()

# %%
viz.sliders(draw_learnt, threshold=(0.05, 0.95, 0.05), scene=(0, len(held) - 1))

# %% [markdown]
# Most pixels are far from 0.5 on either side, so that another threshold moves the border by a part
# of a pixel.
#
# ## 11. Four patients
#
# Each of these changes one line of the way from logits to pixels, and raises no error. The logits
# are perfect, if not very sure: 2 (t - 0.5) for the true class, with the target t; and -4,
# "nothing", for all others.
# From the mean IoU, the area found by the true area, and the shift of the middle in pixels, find
# what is wrong with each.


# %%
def perfect_logits(target):
    """Return logits (N, K, 28, 28) of a head without mistakes."""
    cut = crop_masks(target["masks"], target["boxes"], (28, 28))
    logits = np.full((len(cut), len(scenes.classes), 28, 28), -4.0)
    logits[np.arange(len(cut)), target["labels"]] = 2 * (cut - 0.5)
    return logits


def finished(logits, boxes, labels, squash=True):
    """Return masks (N, H, W), as they should be made."""
    chosen = logits[np.arange(len(labels)), labels][:, None]
    chosen = 1 / (1 + np.exp(-chosen)) if squash else chosen
    return paste_masks_in_image(chosen, boxes, (64, 64)).numpy()[:, 0] >= 0.5


PATIENTS = {
    "right": lambda z, boxes, labels: finished(z, boxes, labels),
    "A": lambda z, boxes, labels: finished(z, boxes, labels - 1),
    "B": lambda z, boxes, labels: finished(z, boxes + 1, labels),
    "C": lambda z, boxes, labels: finished(z.swapaxes(2, 3), boxes, labels),
    "D": lambda z, boxes, labels: finished(z, boxes, labels, squash=False),
}


def middles(masks):
    """Return the middle (x, y) of each mask, nan for an empty one."""
    at = np.arange(64) + 0.5
    count = masks.sum((1, 2))
    sums = np.stack([(masks.sum(1) * at).sum(1), (masks.sum(2) * at).sum(1)], 1)
    return np.divide(
        sums, count[:, None], out=np.full(sums.shape, np.nan), where=count[:, None] > 0
    )


signs = {}
for name, way in PATIENTS.items():
    rows = []
    for target in truths:
        if len(target["labels"]):
            found, true = (
                way(perfect_logits(target), target["boxes"], target["labels"]),
                target["masks"],
            )
            area = found.sum((1, 2)) / true.sum((1, 2))
            rows.append(
                np.column_stack([iou_of(found, true), area, middles(found) - middles(true)])
            )
    rows = np.concatenate(rows)
    here = np.isfinite(rows).all(1)
    moved = rows[here, 2:].mean(0) if here.any() else np.full(2, np.nan)
    signs[name] = (*rows[:, :2].mean(0), *moved)
    print("{:5}: IoU {:.2f}, area {:.2f}, moved by ({:.2f}, {:.2f})".format(name, *signs[name]))

# %%
assert signs["right"][0] > 0.98, "nothing is wrong with it"
assert signs["A"][1] == 0, "A finds nothing"
same(signs["B"][2:], 1, atol=0.1, err_msg="B moves by a pixel")
assert signs["D"][1] < signs["right"][1] - 0.02, "D is too small"

# %% [markdown]
# <details><summary>What they have</summary>
#
# - **A**: the mask of another class, `labels - 1`. All masks are empty here. In a trained network
#   they would not be: the other classes' masks have never learnt to be empty in this box, so they
#   say *something*.
# - **B**: the boxes lie a pixel too far to the right and below: their pixels are counted from 1, as
#   in the files of PASCAL VOC. The area is right, the shift tells.
# - **C**: rows and columns of the mask were exchanged. The area is right, on average hardly
#   anything has moved (what moves to the right in one mask moves down in another), and the IoU is
#   low: only for shapes that are the same when they are mirrored at the diagonal is nothing wrong.
#   *A test with circles would not see it.*
# - **D**: the sigmoid was forgotten, and logits are compared with 0.5: that is a probability of
#   0.62. Masks are a little too small, and nothing has moved.
#
# </details>
#
# **Try it:** how sure is sure? Change `2 * (cut - 0.5)` to `20 * (cut - 0.5)`. Can D still be told
# from the right one?
#
# <details><summary>What happens</summary>
#
# Hardly: its area is the true one, to a few thousandths. The surer a network is, the less it
# matters where it is cut. So such a fault stays in code for years.
#
# </details>
#
# ## Summary
#
# 1. A box says where; a mask says which pixels of it. A quarter of a box, or more than a half, is
#    something else.
# 2. A target is the object's mask cut to the *region*, in M x M bins; each has the share of it that
#    is covered.
# 3. Pixel j has its centre at j + 1/2, bin m at x1 + (m + 1/2) w / M. Cutting and pasting follow
#    the same rule, or half a pixel is lost.
# 4. A mask of ones fills a box with whole corners; perfect masks in perfect boxes have a mask AP of
#    1. Test that first.
# 5. Paste probabilities, then compare with 0.5.
# 6. The head: RoIAlign, convolutions, a transposed one, one mask for each class.
# 7. Each class has its own sigmoid; the loss looks at the true class's mask, of regions that are
#    objects. The box head chooses the class.
# 8. A joint is one bin of m x m, with a softmax over all of them; back, it is the centre of the
#    highest pixel of the stretched logits.
# 9. Exchange one part for the truth to see what it costs.
# 10. Area and shift tell more about a fault than IoU alone.
#
# | term | section | builds on |
# |---|---|---|
# | mask target, share of a bin | 2 | regions: [13](13_fast_rcnn.ipynb) |
# | half pixel, pasting | 3, 4 | [18](18_roi_align.ipynb) |
# | ceiling | 4, 8 | IoU of masks, AP: [14](14_faster_rcnn.ipynb) |
# | mask head | 6 | [04](04_transposed_convolution.ipynb), [06](06_fcn.ipynb) |
# | sigmoid per class | 7 | softmax: [08](08_classification_and_localization.ipynb) |
# | joints as bins | 8 | heatmaps: [10](10_pose.ipynb) |
# | ladder | 9 | all before it |
#
# ## Questions
#
# **1.** Why is a mask cut to the proposal in training, and not to the true box?
#
# <details><summary>Answer</summary>
#
# The head sees what RoIAlign took from the *proposal*. Its answer is in the proposal's bins, so the
# target has to be, too. In evaluation it looks at the refined boxes, and answers in their bins.
#
# </details>
#
# **2.** At most a quarter of the regions that the box head learns from are objects. What do the
# others teach the mask head?
#
# <details><summary>Answer</summary>
#
# Nothing: background has no mask. What the mask head says of background does not matter, for the
# box head never asks for it.
#
# </details>
#
# **3.** If classes do not compete, could one mask for all classes do?
#
# <details><summary>Answer</summary>
#
# Nearly: the paper finds 29.7 with one mask for all classes, and 30.3 with one for each. The head
# need not know the class to see where an object ends. (`class_agnostic_masks=True`)
#
# </details>
#
# **4.** Why a sigmoid for a mask's bins, and a softmax for a joint's?
#
# <details><summary>Answer</summary>
#
# A mask has any number of bins, so that each is a question of its own. A joint is in exactly one
# bin: the more probable one is, the less the others are, and that is what a softmax says.
#
# </details>
#
# **5.** In evaluation the mask head runs after NMS, on at most 100 boxes. What would be different
# if it ran on all proposals?
#
# <details><summary>Answer</summary>
#
# It would take several times as long, and its masks would be worse: final boxes fit better than
# proposals do.
#
# </details>
#
# **6.** A box has an IoU of 0.8 with the true one. What is the highest IoU its mask can have?
#
# <details><summary>Answer</summary>
#
# It depends on where they differ. Nothing outside of the box is ever covered, so what it cuts off
# is lost. If it is too large, the mask can still be perfect: the head says 0 where nothing is.
#
# </details>
#
# ## What to read next
#
# - [mask_rcnn.py](../minidet/models/detection/two_stage/mask_rcnn.py), then
#   [mask_head.py](../minidet/models/detection/two_stage/mask_head.py) and
#   [keypoint_head.py](../minidet/models/detection/two_stage/keypoint_head.py), and the two ways
#   between pixels and bins in [masks.py](../minidet/ops/masks.py).
# - `python -m benchmarks.claims masks`: RoIAlign, sigmoids and masks beside boxes, with three
#   seeds; what it found is in [results](../docs/results.md).
# - K. He, G. Gkioxari, P. Dollár, R. Girshick, *Mask R-CNN*, ICCV 2017,
#   [arXiv:1703.06870](https://arxiv.org/abs/1703.06870): sections 3 and 5, tables 2 and 3.
