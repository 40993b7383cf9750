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
# # RoIAlign: do not round
#
# RoI pooling ([13](13_fast_rcnn.ipynb)) rounds a region to whole cells of the map, and its bins
# once more. For a class this hardly matters. For a mask, pixel by pixel, it does: at stride 16 a
# cell is 16 pixels wide, and rounding moves what the head sees by up to half of that. RoIAlign
# (Mask R-CNN, 2017) rounds nothing: it reads the map *between* the cells.
#
# |  |  |
# |---|---|
# | **Time** | reading: 45 minutes; doing, with every Try it and every patient: 100 |
# | **You need** | RoI pooling (13), bilinear upsampling ([04](04_transposed_convolution.ipynb)) |
# | **Good to know** | labels for pixels (05 to 07) |
# | **You do not need** | a graphics card, or a download: all cells run for two or three minutes |
#
# **At the end you can say**
# - what RoI pooling rounds, twice, and by how many pixels;
# - how a value between four cells is read, and what happens at the border;
# - where the half pixel comes from, which older code forgets;
# - where the gradient of a bin goes, and why overlapping bins add;
# - how many samples a bin needs;
# - what not rounding is worth for masks, and why it is worth more at a large stride.
#
# Where a sentence says **write down**, do so before you run the next cell: it has the answer. Where
# a function ends with `raise NotImplementedError`, write it yourself: nothing that follows needs
# it, and a solution is folded below it. Look for **Try it**. Nothing can break: *Restart kernel and
# run all* brings everything back.

# %%
import math
import os

import matplotlib.pyplot as plt
import numpy as np
from tqdm.auto import tqdm

import minidet
from minidet import nn, no_grad, optim, tensor, viz
from minidet.autograd import gradcheck
from minidet.data import ShapeScenes, sample_photograph
from minidet.data.transforms.geometry import boxes_of_masks
from minidet.grading import check_blank
from minidet.models.detection.two_stage.mask_head import mask_loss
from minidet.ops import paste_masks_in_image, roi_align, roi_pool
from minidet.ops.masks import crop_masks
from minidet.viz.page import BLUE, GREEN, INK, ORANGE
from minidet.viz.sketch import outline

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

same = np.testing.assert_allclose
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The problem: a box moves, and nothing happens
#
# A photograph (a Chinese palace by Pierre Allard; it comes with scikit-learn), and a map of it
# with stride 16: each cell is the mean of 16 x 16 pixels. A box of 64 x 64 pixels slides to the
# right, one pixel at a time, over 32 pixels. Both layers bring it to 2 x 2 bins. **Write down**
# how the value of the upper left bin will change with RoI pooling: smoothly, in steps, or not at
# all?

# %%
palace = sample_photograph("china", scale=0.5)[:, :208, :320]  # (3, 208, 320)
STRIDE = 16
grey = palace.mean(0)
coarse = grey.reshape(13, STRIDE, 20, STRIDE).mean((1, 3))[None, None]  # (1, 1, 13, 20)
shifts = np.arange(33)
boxes = np.array([[0, 96 + s, 72, 160 + s, 136] for s in shifts], float)  # image, x1, y1, x2, y2
pooled = roi_pool(tensor(coarse), boxes, 2, 1 / STRIDE).numpy()[:, 0, 0, 0]
aligned = roi_align(tensor(coarse), boxes, 2, 1 / STRIDE, 2, True).numpy()[:, 0, 0, 0]
print(f"{len(set(pooled))} different values of RoI pooling, {len(set(aligned))} of RoIAlign")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.6, 3.2))
left.imshow(palace.transpose(1, 2, 0), extent=(0, 320, 208, 0))
left.set(xticks=[], yticks=[])
for x in range(0, 321, STRIDE):
    left.axvline(x, color="white", linewidth=0.4, alpha=0.6)
for y in range(0, 209, STRIDE):
    left.axhline(y, color="white", linewidth=0.4, alpha=0.6)
outline(left, boxes[0, 1:], ORANGE)
outline(left, boxes[-1, 1:], BLUE, "--")
left.set_title("cells of the map; the first box, the last one dashed", fontsize=10)
right.plot(shifts, pooled, color=ORANGE, marker="s", markersize=4, label="RoI pooling")
right.plot(shifts, aligned, color=BLUE, label="RoIAlign")
right.set(xlabel="pixels to the right", ylabel="upper left bin")
right.legend(frameon=False)
right.set_title("the same bin of the sliding box", fontsize=10)
plt.show()

# %% [markdown]
# In steps: for sixteen pixels nothing changes, then all at once. A head behind RoI pooling *cannot
# know* where in its cell the box begins. A class does not depend on it. A mask does.
#
# ## 2. What is rounded, and by how much
#
# RoI pooling rounds twice. First the box: a corner at $x$ pixels lies at $x / 16$ on the map, which
# is rounded to a whole cell. Then the bins: 5 cells do not divide into 2 bins, so one bin begins at
# $\lfloor 2.5 \rfloor$ and the other one ends at $\lceil 2.5 \rceil$.
#
# The first rounding moves a corner by up to half a cell. Write down, in pixels of the picture, what
# a corner is moved by.


# %%
def moved_by(x, stride):
    """Return by how many pixels a corner at x is moved when x / stride is rounded half up."""
    raise NotImplementedError


check_blank(
    moved_by,
    ((96.0, 16), 0.0, "on a line between cells"),
    ((100.0, 16), -4.0, "6.25 cells become 6: 96 pixels"),
    ((104.0, 16), 8.0, "6.5 cells become 7: as far as it gets"),
    ((110.0, 16), 2.0, "6.875 cells become 7"),
    ((100.0, 4), 0.0, "at stride 4 the same corner stays"),
    hint="floor(v + 0.5) rounds half up; then back to pixels, minus x",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def moved_by(x, stride):
#     return math.floor(x / stride + 0.5) * stride - x
# ```
#
# </details>
#
# **Write down** the mean of $|\ldots|$ over all corners, at stride 16, and at stride 4.

# %%
corners = rng.uniform(0, 1000, 100_000)
for stride in (4, 8, 16, 32):
    away = np.floor(corners / stride + 0.5) * stride - corners
    mean, most = np.abs(away).mean(), np.abs(away).max()
    print(f"stride {stride:2}: {mean:.2f} pixels on average, {most:.1f} at most")

# %% [markdown]
# A quarter of the stride. A mask of 28 x 28 bins in a box of 112 pixels has bins of 4 pixels: at
# stride 16 rounding moves everything by a whole bin, on average.
#
# ## 3. Reading between cells
#
# Cell $j$ of a map stands for the pixels from $16 j$ to $16 (j + 1)$; its *centre* is at $j +
# \frac12$. So the place $x = 3.25$ on the map lies left of the centre of cell 3: a quarter cell
# away from it, and three quarters away from the centre of cell 2. With $u = x - \frac12 = 2.75$,
# the cells are $\lfloor u \rfloor = 2$ and 3, and their weights $0.25$ and $0.75$. The same for
# rows: four cells, four products of weights.
#
# By hand, on the map below, at $y = 1.0$, $x = 1.25$: $u_y = 0.5$, $u_x = 0.75$, so rows 0 and 1
# with 0.5 each, columns 0 and 1 with 0.25 and 0.75: $0.5 (0.25 \cdot 0 + 0.75 \cdot 4) + 0.5
# (0.25 \cdot 8 + 0.75 \cdot 0) = 1.5 + 1 = 2.5$.

# %%
SMALL = np.array(
    [[0.0, 4.0, 0.0, 2.0], [8.0, 0.0, 4.0, 2.0], [1.0, 3.0, 6.0, 0.0], [5.0, 5.0, 2.0, 9.0]]
)


def between(values, y, x):
    """Return the value of a map (h, w) at the place (y, x), cell centres at halves."""
    raise NotImplementedError


check_blank(
    between,
    ((SMALL, 1.0, 1.25), 2.5, "by hand, above"),
    ((SMALL, 2.5, 2.5), 6.0, "a cell's centre: the cell itself"),
    ((SMALL, 1.5, 3.0), 3.0, "half way between two cells: their mean"),
    ((SMALL, 0.2, 0.3), 0.0, "before the first centres: the corner cell, as if it went on"),
    ((SMALL, 4.0, 4.0), 9.0, "behind the last ones: the same"),
    hint="u = clip(y - 0.5, 0, h - 1), its floor, the next row but no farther than h - 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def between(values, y, x):
#     rows, columns = values.shape
#     u, v = min(max(y - 0.5, 0), rows - 1), min(max(x - 0.5, 0), columns - 1)
#     i, j = int(u), int(v)
#     below, right = min(i + 1, rows - 1), min(j + 1, columns - 1)
#     top = (1 - (v - j)) * values[i, j] + (v - j) * values[i, right]
#     bottom = (1 - (v - j)) * values[below, j] + (v - j) * values[below, right]
#     return (1 - (u - i)) * top + (u - i) * bottom
# ```
#
# </details>


# %% jupyter={"source_hidden": true}
def read(values, y, x):
    """Return the value between cells; 0 for a place that lies more than half a cell outside."""
    rows, columns = values.shape
    if not (-0.5 <= y <= rows + 0.5 and -0.5 <= x <= columns + 0.5):
        return 0.0
    u, v = min(max(y - 0.5, 0), rows - 1), min(max(x - 0.5, 0), columns - 1)
    i, j = int(u), int(v)
    weights = np.outer((1 - (u - i), u - i), (1 - (v - j), v - j))
    cells = values[np.ix_([i, min(i + 1, rows - 1)], [j, min(j + 1, columns - 1)])]
    return float((weights * cells).sum())


same(read(SMALL, 1.0, 1.25), 2.5)
fine = [[read(SMALL, y, x) for x in np.arange(0.05, 4, 0.1)] for y in np.arange(0.05, 4, 0.1)]
_, (left, right) = viz.subplots(1, 2, figsize=(6.4, 3.1))
left.imshow(SMALL, extent=(0, 4, 4, 0), cmap="viridis", vmin=0, vmax=9)
for i, row in enumerate(SMALL):
    for j, value in enumerate(row):
        left.text(
            j + 0.5,
            i + 0.5,
            f"{value:g}",
            ha="center",
            va="center",
            color="white" if value < 6 else "black",
        )
left.plot(1.25, 1.0, "o", color=ORANGE, markersize=9, markeredgecolor="white")
left.set_title("cells, and the place by hand", fontsize=10)
right.imshow(fine, extent=(0, 4, 4, 0), cmap="viridis", vmin=0, vmax=9)
right.set_title("the map, read between cells", fontsize=10)
for axes in (left, right):
    axes.set(xticks=range(5), yticks=range(5))
plt.show()

# %% [markdown]
# ## 4. The half pixel
#
# The first RoIAlign code did not take $\frac12$ away: it read place $x$ of the map as if cell $j$
# had its centre at $j$. Then everything is seen half a cell too far to the right and below. Since
# 2018 there is an argument for it: `aligned=True` takes the half away. (It is `False` by default,
# for old models, in torchvision and here.)
#
# A map that tells where it is shows this best: the value of cell $j$ is its centre, $j +
# \frac12$. The box from 2 to 6, in four bins: their centres are 2.5, 3.5, 4.5, 5.5. **Write
# down** what each of the two says.

# %%
where_x = np.tile(np.arange(10) + 0.5, (10, 1))[
    None, None
]  # (1, 1, 10, 10): the centres of columns
region = np.array([[0, 2.0, 2, 6, 6]])
for is_aligned in (True, False):
    found = roi_align(tensor(where_x), region, 4, 1.0, 2, is_aligned).numpy()[0, 0, 0]
    print(f"aligned={is_aligned!s:5}: {found}")

# %%
same(roi_align(tensor(where_x), region, 4, 1.0, 2, True).numpy()[0, 0, 0], [2.5, 3.5, 4.5, 5.5])

# %% [markdown]
# Half a cell is 8 pixels at stride 16: as much as RoI pooling's worst case, and always in the
# same direction. A head can learn to live with a shift that is always the same. But at another
# stride, or in the other half of a pyramid, it is another one.
#
# ## 5. The layer, in loops
#
# A bin is cut into $n \times n$ equal parts, the map is read in the middle of each, and the mean is
# the bin's value. Write down where the samples of a bin are.


# %%
def sample_places(low, high, bins, number, samples):
    """Return the places of the samples of bin ``number`` of the interval [low, high)."""
    raise NotImplementedError


check_blank(
    sample_places,
    ((2.0, 6.0, 4, 0, 1), np.array([2.5]), "one sample: the centre"),
    ((2.0, 6.0, 4, 1, 2), np.array([3.25, 3.75]), "two samples of the bin from 3 to 4"),
    ((0.0, 3.0, 2, 1, 3), np.array([1.75, 2.25, 2.75]), "bins need not be whole cells"),
    ((1.2, 1.6, 1, 0, 2), np.array([1.3, 1.5]), "or larger than a cell"),
    hint="the bin begins at low + number * w, w = (high - low) / bins; then (k + 0.5) / samples",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def sample_places(low, high, bins, number, samples):
#     width = (high - low) / bins
#     return low + number * width + (np.arange(samples) + 0.5) / samples * width
# ```
#
# </details>


# %%
def naive_roi_align(maps, rois, bins, scale, samples):
    """Return (R, C, bins, bins), as ``roi_align(..., sampling_ratio=samples, aligned=True)``."""
    out = np.zeros((len(rois), maps.shape[1], bins, bins))
    for r, (image, *box) in enumerate(rois):
        x1, y1, x2, y2 = np.array(box) * scale
        for i in range(bins):
            for j in range(bins):
                ys = y1 + (y2 - y1) / bins * (i + (np.arange(samples) + 0.5) / samples)
                xs = x1 + (x2 - x1) / bins * (j + (np.arange(samples) + 0.5) / samples)
                for c, values in enumerate(maps[int(image)]):
                    out[r, c, i, j] = np.mean([read(values, y, x) for y in ys for x in xs])
    return out


maps = rng.normal(size=(2, 3, 9, 11))
rois = np.array(
    [[0, 8.0, 8, 60, 100], [1, 31, 2, 77, 40], [0, -20, 50, 33, 61], [1, 90, 70, 200, 180]]
)
for bins, samples in ((2, 1), (3, 2), (7, 3)):
    same(
        naive_roi_align(maps, rois, bins, 1 / 16, samples),
        roi_align(tensor(maps), rois, bins, 1 / 16, samples, True).numpy(),
        atol=1e-12,
    )
print("the loops and the library agree, also at borders and outside")

# %% [markdown]
# ## 6. Where the gradient goes
#
# A sample is a sum of four cells with fixed weights, so the gradient of a bin goes to these cells,
# with the same weights. One region on the 4 x 4 map: from (1, 1) to (3, 3), one bin, one sample. It
# lies at (2, 2): $u = 1.5$. **Write down** which cells get a gradient, and how much.

# %%
x = tensor(SMALL[None, None], requires_grad=True)
one = np.array([[0, 1.0, 1, 3, 3]])
roi_align(x, one, 1, 1.0, 1, True).sum().backward()
print(x.grad.numpy()[0, 0])

# %% [markdown]
# A quarter each to four cells. RoI pooling counts the cells from 1 to 3, the last one included,
# and the largest of these nine, the 9 in the corner, gets all. Now two regions that overlap:
# their gradients *add*. A bug that people write: the second one overwrites the first.

# %%
two = np.array([[0, 1.0, 1, 3, 3], [0, 1.25, 1, 3.25, 3]])
gradients = []
for layer in (lambda v: roi_pool(v, two, 1), lambda v: roi_align(v, two, 1, 1.0, 1, True)):
    x = tensor(SMALL[None, None], requires_grad=True)
    layer(x).sum().backward()
    gradients.append(x.grad.numpy()[0, 0])
same(gradients[1].sum(), 2, err_msg="each region's weights add up to 1")
same(gradients[1][1], [0, 0.375, 0.625, 0], err_msg="0.25 + 0.125, and 0.25 + 0.375")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 3, figsize=(9.0, 3.1))
grid[0].imshow(SMALL, extent=(0, 4, 4, 0), cmap="viridis", vmin=0, vmax=9)
for axes, values, title in zip(
    grid,
    (SMALL, *gradients),
    ("the map, two regions", "RoI pooling: gradient", "RoIAlign: gradient"),
    strict=True,
):
    if values is not SMALL:
        axes.imshow(values, extent=(0, 4, 4, 0), cmap="viridis", vmin=0, vmax=2)
    top = 9 if values is SMALL else 2
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            axes.text(
                j + 0.5,
                i + 0.5,
                f"{value:g}",
                ha="center",
                va="center",
                fontsize=9,
                color="white" if value < 0.6 * top else "black",
            )
    outline(axes, two[0, 1:], ORANGE, width=2.5)
    outline(axes, two[1, 1:], "white", "--", width=2.5)
    axes.set(xticks=range(5), yticks=range(5))
    axes.set_title(title, fontsize=10)
plt.show()

# %% [markdown]
# RoI pooling teaches few cells, each strongly; RoIAlign many, each a little. The check of all
# gradients, with samples on both sides of borders:

# %%
assert gradcheck(
    lambda v: roi_align(v, rois, 3, 1 / 16, 2, True), [tensor(maps, requires_grad=True)]
)
print("the gradient is right, at every place that was tried")

# %% [markdown]
# Boxes get no gradient: neither here nor in the paper. (They could: the value between cells changes
# smoothly with the place. That idea has names of its own, *RoIWarp* and *precise RoI pooling*.)
#
# ## 7. How many samples?
#
# The mean over a whole bin is what we want; a few samples are cheaper. `sampling_ratio=2` takes
# 2 x 2 of each bin; `-1` as many as the bin has cells. How far are they from the mean of 64 x 64
# samples, for a region of 12 x 12 cells and 7 x 7 bins? **Write down** an order of 1, 2, 4 and -1.

# %%
textured = rng.normal(size=(1, 8, 20, 20))
inside = np.array([[0, 3.3, 2.6, 15.4, 14.9]])
exact = roi_align(tensor(textured), inside, 7, 1.0, 64, True).numpy()
for samples in (1, 2, 4, -1):
    error = np.abs(
        roi_align(tensor(textured), inside, 7, 1.0, samples, True).numpy() - exact
    ).mean()
    print(
        f"sampling_ratio={samples:2}: {error:.3f} away, of values around {np.abs(exact).mean():.2f}"
    )

# %% [markdown]
# **Try it:** a region of 5 x 5 cells has bins that are *smaller* than a cell: change `inside =
# np.array([[0, 3.3, 2.6, 15.4, 14.9]])` to `inside = np.array([[0, 3.3, 2.6, 8.3, 7.6]])`.
#
# <details><summary>What happens</summary>
#
# Even one sample is near: a small bin lies between the same four cells nearly everywhere. Two
# samples are enough (0.02 away), and `-1` takes one. The paper found, too, that the number hardly
# matters, as long as nothing is rounded.
#
# </details>


# %%
def draw_samples(bins=3, samples=2, right=13.4):
    """Draw the bins of a region and their samples on the cells of a map."""
    _, axes = viz.subplots(1, 1, figsize=(4.6, 4.2))
    axes.imshow(textured[0, 0], extent=(0, 20, 20, 0), cmap="Greys", vmin=-6, vmax=6)
    box = np.array([3.3, 2.6, right, 14.9])
    xs, ys = np.linspace(box[0], box[2], bins + 1), np.linspace(box[1], box[3], bins + 1)
    for i in range(bins):
        for j in range(bins):
            outline(axes, (xs[j], ys[i], xs[j + 1], ys[i + 1]), BLUE, width=1.0)
    at = (np.arange(bins * samples) + 0.5) / (bins * samples)
    px, py = np.meshgrid(box[0] + at * (box[2] - box[0]), box[1] + at * (box[3] - box[1]))
    axes.plot(px.ravel(), py.ravel(), ".", color=ORANGE, markersize=5)
    outline(axes, box, BLUE, width=2.2)
    axes.set(xticks=range(0, 21, 2), yticks=range(0, 21, 2))
    axes.grid(color=INK, linewidth=0.2)
    axes.set_title(f"{bins} x {bins} bins, {samples} x {samples} samples each", fontsize=10)
    plt.show()


draw_samples()

# %%
viz.sliders(draw_samples, bins=(1, 7), samples=(1, 4), right=(5.0, 19.0, 0.1))

# %% [markdown]
# ## 8. What it is worth for masks, without any learning
#
# A head can only say what it sees. So we show both layers a perfect map, and look at what comes
# out: the map at stride $s$ is the share of each cell that the object covers. The layer brings
# the object's box to 28 x 28 bins; what is at least 0.5 is the mask, pasted back into the picture
# (by `paste_masks_in_image`, which does not round either). Then IoU with the true mask. **Write
# down** at which stride the two differ most: 2, 4, 8 or 16?

# %%
scenes = ShapeScenes("val", (96, 96), 4 if QUICK else 60, seed=3)
truths = [scenes[i][1] for i in range(len(scenes))]


def perfect(masks, stride):
    """Return what share of each cell each mask covers: (N, 1, h, w)."""
    count, height, width = masks.shape
    cells = masks.reshape(count, height // stride, stride, width // stride, stride)
    return cells.mean((2, 4))[:, None]


def ious(seen, target):
    """Return the IoU of pasted masks (N, 1, H, W) with the true ones."""
    found = seen.numpy()[:, 0] >= 0.5
    both, either = found & target["masks"], found | target["masks"]
    return both.sum((1, 2)) / either.sum((1, 2))


def ceiling(layer, stride):
    """Return the mean IoU of masks that come out of a layer."""
    scores = []
    for target in truths:
        maps = perfect(target["masks"].astype(float), stride)
        rois = np.concatenate([np.arange(len(maps))[:, None], target["boxes"]], 1)
        seen = layer(tensor(maps), rois, stride)
        scores += ious(paste_masks_in_image(seen, target["boxes"], (96, 96)), target).tolist()
    return float(np.mean(scores))


LAYERS = {
    "RoI pooling": lambda m, r, s: roi_pool(m, r, 28, 1 / s),
    "RoIAlign, no half pixel": lambda m, r, s: roi_align(m, r, 28, 1 / s, 2, False),
    "RoIAlign": lambda m, r, s: roi_align(m, r, 28, 1 / s, 2, True),
}
STRIDES = (2, 4, 8, 16)
table = {name: [ceiling(layer, stride) for stride in STRIDES] for name, layer in LAYERS.items()}
for name, row in table.items():
    print(
        f"{name:24}" + "".join(f"  stride {s}: {v:.3f}" for s, v in zip(STRIDES, row, strict=True))
    )

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(1, 1, figsize=(5.2, 3.2))
for (name, row), colour, mark in zip(
    table.items(), (ORANGE, GREEN, BLUE), ("s", "^", "o"), strict=True
):
    axes.plot(range(len(STRIDES)), row, color=colour, marker=mark, label=name)
axes.set(
    xticks=range(len(STRIDES)),
    xticklabels=STRIDES,
    xlabel="stride of the map",
    ylabel="IoU of the masks",
)
axes.legend(frameon=False)
axes.set_title("what can be seen through each layer", fontsize=10)
plt.show()

# %%
gains = np.array(table["RoIAlign"]) - np.array(table["RoI pooling"])
assert (gains > 0).all(), "RoIAlign shows more at every stride"
assert gains[2] > gains[0], "and more so at a larger one"

# %% [markdown]
# Nothing was learnt here: this is what the layer lets through. (RoI pooling loses more than
# places: it takes the largest value of a bin, so objects grow. A head can learn that, but not
# what was rounded.) From stride 2 to 4 the gap grows, as rounding does; at 8, and all the more at
# 16, the map itself is too coarse for such small objects. One of them, through both layers:

# %% jupyter={"source_hidden": true}
sizes = [(t["boxes"][:, 2:] - t["boxes"][:, :2]).min(1) for t in truths]
which = max(range(len(truths)), key=lambda i: sizes[i].max() if len(sizes[i]) else 0)
number, target = int(sizes[which].argmax()), truths[which]
picture = scenes[which][0]
_, grid = viz.subplots(1, 4, figsize=(9.6, 2.8))
box, mask = target["boxes"][number], target["masks"][number]
grid[0].imshow(picture.transpose(1, 2, 0), extent=(0, 96, 96, 0))
outline(grid[0], box, ORANGE)
grid[0].set_title("the picture", fontsize=10)
cells = perfect(mask[None].astype(float), 8)
grid[1].imshow(cells[0, 0], extent=(0, 96, 96, 0), cmap="Greys")
outline(grid[1], box, ORANGE)
grid[1].set_title("a perfect map, stride 8", fontsize=10)
for axes, name in zip(grid[2:], ("RoI pooling", "RoIAlign"), strict=True):
    seen = LAYERS[name](tensor(cells), np.array([[0, *box]]), 8)
    pasted = paste_masks_in_image(seen, box[None], (96, 96)).numpy()[0, 0] >= 0.5
    axes.imshow(
        np.where(mask & pasted, 0.75, np.where(pasted, 0.45, np.where(mask, 0.25, 1.0))),
        extent=(0, 96, 96, 0),
        cmap="Greys_r",
        vmin=0,
        vmax=1,
    )
    iou = (mask & pasted).sum() / (mask | pasted).sum()
    axes.set_title(f"{name}: IoU {iou:.2f}", fontsize=10)
for axes in grid:
    axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# In the two pictures on the right, light grey is right, grey is too much, and dark is missing.
#
# ## 9. And with learning
#
# Now a small network that learns masks: three convolutions with stride 2, so its map has stride
# 8; the layer, 14 x 14; two convolutions; a transposed one, 28 x 28. It is given true boxes, a
# little moved, and says one mask for each. Only the layer differs. The pictures are easy, plates
# on a table, so that what is missed is missed by the layer. First the loss at the start. **Write
# down** what it should be, if each bin is a guess of 0.5.


# %%
class Masks(nn.Module):
    """Say a mask of 28 x 28 for each box."""

    def __init__(self, layer):
        super().__init__()
        parts, channels = [], 3
        for width in (16, 32, 48):
            parts += [
                nn.Conv2d(channels, width, 3, 2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            channels = width
        self.trunk, self.layer = nn.Sequential(*parts), layer
        self.head = nn.Sequential(
            nn.Conv2d(48, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 2, 2), nn.ReLU(), nn.Conv2d(16, 1, 1),
        )  # fmt: skip

    def forward(self, images, rois):
        """Return logits (R, 1, 28, 28) of regions (R, 5)."""
        return self.head(self.layer(self.trunk(images), rois))


POOLED = {
    "RoI pooling": lambda m, rois: roi_pool(m, rois, 14, 1 / 8),
    "RoIAlign": lambda m, rois: roi_align(m, rois, 14, 1 / 8, 2, True),
}


def plates(rng, count=3, size=96):
    """Return a picture of plates, ellipses in one colour, on a table; with masks and boxes."""
    image = np.ones((3, size, size)) * rng.uniform(0.2, 0.5, (3, 1, 1)) + rng.normal(
        0, 0.03, (3, size, size)
    )
    rows, columns = np.mgrid[:size, :size] + 0.5
    owner = np.full((size, size), -1)
    for number in range(count):
        x, y, turn = *rng.uniform(20, size - 20, 2), rng.uniform(0, np.pi)
        a, b = rng.uniform(8, 22, 2)
        u = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
        v = (rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)
        inside = (u / a) ** 2 + (v / b) ** 2 < 1
        image[:, inside] = rng.uniform(0.6, 1.0, (3, 1))
        owner[inside] = number
    masks = owner == np.arange(count)[:, None, None]
    masks = masks[masks.sum((1, 2)) > 60]
    return image.astype(np.float32), {"masks": masks, "boxes": boxes_of_masks(masks)}


data = [plates(np.random.default_rng((1, i))) for i in range(8 if QUICK else 400)]


def batch_of(numbers, rng, shake=2.0):
    """Return images, regions near the objects, and the targets of their masks."""
    images = np.stack([data[i][0] for i in numbers])
    rois, goals = [], []
    for row, i in enumerate(numbers):
        target = data[i][1]
        near = target["boxes"] + rng.uniform(-shake, shake, target["boxes"].shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 4)
        rois.append(np.concatenate([np.full((len(near), 1), row), near], 1).astype(np.float32))
        goals.append(crop_masks(target["masks"], near, (28, 28)))
    return tensor(images), np.concatenate(rois), np.concatenate(goals)


def loss_of(network, batch):
    """Return the mean binary cross-entropy of all bins."""
    images, rois, goals = batch
    return mask_loss(network(images, rois), goals, np.ones(len(goals), int))


def build(name):
    """Return a network, the same but for its layer."""
    minidet.manual_seed(0)
    return Masks(POOLED[name])


start = loss_of(build("RoIAlign"), batch_of(range(8), np.random.default_rng(0))).item()
print(f"loss at the start {start:.3f}, ln 2 = {math.log(2):.3f}")

# %% [markdown]
# Then one batch, learnt by heart; beside it a network that is broken: its regions' image numbers
# are all 0, so that it looks at the wrong picture.

# %%
ONE = batch_of(range(4), np.random.default_rng(1), 0.0)
curves = {}
for name in ("right", "broken"):
    network, steps = build("RoIAlign"), 8 if QUICK else 240
    images, rois, goals = ONE[0], ONE[1], np.round(ONE[2])
    if name == "broken":
        rois = rois * np.array([0, 1, 1, 1, 1], np.float32)
    optimizer, curves[name] = optim.AdamW(network.parameters(), lr=6e-3), []
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    for _ in tqdm(range(steps), desc=name, leave=False):
        loss = loss_of(network, (images, rois, goals))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        curves[name].append(loss.item())
for name, curve in curves.items():
    print(f"{name:7} from {curve[0]:.3f} to {curve[-1]:.3f}")
if not QUICK:
    assert curves["right"][-1] < 0.1 < curves["broken"][-1], "one batch can be learnt by heart"

# %% [markdown]
# Now both, with the same pictures in the same order.


# %%
def train(name, steps, seed):
    """Train a network; return it and its losses."""
    minidet.manual_seed(seed)
    network, rng, losses = Masks(POOLED[name]), np.random.default_rng(seed), []
    optimizer = optim.AdamW(network.parameters(), lr=3e-3)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    for _ in tqdm(range(steps), desc=f"{name}, seed {seed}", leave=False):
        loss = loss_of(network, batch_of(rng.choice(len(data), 8, replace=False), rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return network.eval(), losses


held = [plates(np.random.default_rng((2, i))) for i in range(4 if QUICK else 60)]


def score(network):
    """Return the IoU of every mask in the held-out scenes, true boxes given."""
    found = []
    with no_grad():
        for i, target in enumerate(t for _, t in held):
            rois = np.concatenate([np.zeros((len(target["boxes"]), 1)), target["boxes"]], 1).astype(
                np.float32
            )
            if len(rois):
                masks = minidet.sigmoid(network(tensor(held[i][0][None]), rois))
                found += ious(
                    paste_masks_in_image(masks, target["boxes"], (96, 96)), target
                ).tolist()
    return np.array(found)


STEPS, SEEDS = (4, (0,)) if QUICK else (300, (0, 1))
runs = {name: [train(name, STEPS, seed) for seed in SEEDS] for name in POOLED}
results = {
    name: np.mean([score(network) for network, _ in pairs], 0) for name, pairs in runs.items()
}
for name, row in results.items():
    over = ", ".join(f"{(row >= t).mean():.2f} above {t}" for t in (0.5, 0.75, 0.9))
    print(f"{name:12} mean IoU {row.mean():.3f}; {over}")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.4, 3.1))
for name, colour, line in (("RoI pooling", ORANGE, "--"), ("RoIAlign", BLUE, "-")):
    losses = np.mean([losses for _, losses in runs[name]], 0)
    window = min(20, len(losses))
    left.plot(
        np.convolve(losses, np.ones(window) / window, "valid"),
        color=colour,
        linestyle=line,
        label=name,
    )
    thresholds = np.linspace(0.5, 0.95, 10)
    right.plot(
        thresholds,
        [(results[name] >= t).mean() for t in thresholds],
        color=colour,
        linestyle=line,
        marker="o",
        markersize=3,
        label=name,
    )
left.set(xlabel="step", ylabel="loss")
left.set_title("training, mean of 20 steps", fontsize=10)
right.set(xlabel="IoU that is asked for", ylabel="share of masks")
right.set_title("held-out scenes, true boxes", fontsize=10)
for axes in (left, right):
    axes.legend(frameon=False)
plt.show()

# %%
if not QUICK:
    gain = [
        (results["RoIAlign"] >= t).mean() - (results["RoI pooling"] >= t).mean() for t in (0.5, 0.9)
    ]
    assert gain[1] > max(gain[0], 0.05), "RoIAlign's masks are better, above all where it is strict"

# %% [markdown]
# The curve on the right is the paper's table 2c in small: the stricter the threshold, the more is
# gained. At 0.5 the two are alike; twice as many masks of RoIAlign reach 0.9. With the scenes of
# section 8 in the place of plates, this network finds masks with an IoU of 0.57, with either
# layer: what it does not recognise, no layer can bring back.
#
# ## 10. Four patients
#
# Each of these lines raises no error. From what they do to the map that tells its columns
# (`where_x`, section 4), find what is wrong with each. The box is (16, 16, 48, 48) in pixels, the
# stride 8; right are 2.5, 3.5, 4.5, 5.5 in the first row.

# %%
box_px = np.array([[0, 16.0, 16, 48, 48]])
PATIENTS = {
    "right": lambda: roi_align(tensor(where_x), box_px, 4, 1 / 8, 2, True),
    "A": lambda: roi_align(tensor(where_x), box_px, 4, 8.0, 2, True),
    "B": lambda: roi_align(tensor(where_x), box_px, 4, 1 / 8, 2),
    "C": lambda: roi_align(tensor(where_x), box_px - [[0, 0, 8, 0, 0]], 4, 1 / 8, 2, True),
    "D": lambda: roi_align(tensor(where_x.transpose(0, 1, 3, 2).copy()), box_px, 4, 1 / 8, 2, True),
}
for name, call in PATIENTS.items():
    print(
        f"{name:5}: first row {call().numpy()[0, 0, 0]}, first column {call().numpy()[0, 0, :, 0]}"
    )

# %%
same(PATIENTS["right"]().numpy()[0, 0, 0], [2.5, 3.5, 4.5, 5.5])
same(PATIENTS["A"]().numpy(), 0, err_msg="A looks outside")
same(PATIENTS["B"]().numpy()[0, 0, 0], [3.0, 4.0, 5.0, 6.0])

# %% [markdown]
# <details><summary>What they have</summary>
#
# - **A**: the scale is the stride, not 1 / stride. The region lies at 128 to 384 on a map of 10
#   cells: everything is outside, and 0.
# - **B**: `aligned` was forgotten: half a cell too much, everywhere.
# - **C**: the rows of the box are other ones (from 8 pixels on, not 16): columns are right, and
#   this map cannot show it. A second map, of rows, would. *A test that looks at one axis finds
#   half of the bugs.*
# - **D**: the map's axes were exchanged, (N, C, W, H): the first row is constant, and the column
#   counts.
#
# </details>
#
# ## Summary
#
# 1. RoI pooling rounds the box, then its bins: corners move by a quarter of the stride on average.
# 2. So its output changes in steps when a box moves, and a mask head cannot know where it is.
# 3. RoIAlign reads the map at places between cells: four cells, bilinear weights.
# 4. A cell's centre lies at a half. `aligned=True` says so; without it all is half a cell away.
# 5. A bin is the mean of a few samples; two in each direction are enough.
# 6. The gradient of a bin goes to the four cells of each sample, with the same weights, and adds up
#    where regions overlap.
# 7. With perfect maps, masks through RoIAlign are better at every stride: at 4, an IoU of 0.88
#    and not 0.56.
# 8. With learning, the gain is largest where a high IoU is asked for.
# 9. Outside the map, up to half a cell counts as the border, beyond it is 0.
# 10. Check both axes, with a map that tells where it is.
#
# | term | section | builds on |
# |---|---|---|
# | rounding, stride | 1, 2 | RoI pooling: [13](13_fast_rcnn.ipynb) |
# | bilinear | 3 | [04](04_transposed_convolution.ipynb) |
# | half pixel, `aligned` | 4 | places of cells: [02](02_convolution.ipynb) |
# | samples, `sampling_ratio` | 5, 7 | means |
# | gradient of a sample | 6 | [01](01_autograd.ipynb) |
# | ceiling | 8 | IoU of masks |
#
# ## Questions
#
# **1.** Why does rounding hurt a mask more than a class?
#
# <details><summary>Answer</summary>
#
# A class is the same a few pixels farther. A mask says of each pixel whether it belongs to the
# object, and all pixels of its rim change when it is moved.
#
# </details>
#
# **2.** RoIAlign takes a mean, RoI pooling a maximum. Could one have a maximum of the samples?
#
# <details><summary>Answer</summary>
#
# Yes, and the paper tried: it makes no difference that can be measured. It is the rounding that
# matters.
#
# </details>
#
# **3.** On a pyramid, small objects are pooled from stride 4. Is RoIAlign still worth it?
#
# <details><summary>Answer</summary>
#
# Rounding moves by one pixel on average there, but the objects are small, too: on a box of 28
# pixels this is a bin of the mask. Section 8 shows it at stride 4.
#
# </details>
#
# **4.** Why do boxes get no gradient?
#
# <details><summary>Answer</summary>
#
# They could (not through RoI pooling, whose rounding has none). But boxes have a loss of their
# own, and moving a box so that a mask becomes easier is not what we want.
#
# </details>
#
# ## What to read next
#
# - [mask_rcnn.py](../minidet/models/detection/two_stage/mask_rcnn.py): masks and joints of all
#   objects in a picture; `minidet train mask_rcnn --data shapes`.
# - [roi.py](../minidet/ops/roi.py), and in plain NumPy
#   [roi.py](../minidet/kernels/reference/regions/roi.py).
# - K. He, G. Gkioxari, P. Dollár, R. Girshick, *Mask R-CNN*, ICCV 2017,
#   [arXiv:1703.06870](https://arxiv.org/abs/1703.06870): section 3, "RoIAlign", and table 2c and d.
