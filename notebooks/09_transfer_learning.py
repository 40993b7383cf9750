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
# # Transfer learning: begin with what somebody else has learnt
#
# A network that starts from random numbers has to learn everything from your pictures: what an edge
# is, what a corner is, and only then what a blood cell is. If you have a million pictures, that is
# no problem. If you have twenty, it is. So one takes a network that was trained on *other*
# pictures, keeps its first layers, the trunk, and gives it new heads. This notebook takes a trunk
# apart, keeps it still, lets it learn again, and measures for how many pictures this pays.
#
# |  |  |
# |---|---|
# | **Time** | reading: 50 minutes; doing, with every Try it: 120 |
# | **You need** | [08](08_classification_and_localization.ipynb): one trunk, two heads, score |
# | **Good to know** | batch normalisation; section 3 repeats what is needed |
# | **You do not need** | a graphics card: all cells together run for two or three minutes |
#
# **At the end you can say**
# - what a pretrained trunk is: numbers with names, and a promise about the pictures;
# - why setting `requires_grad = False` does not freeze a network with batch normalisation;
# - why heads and trunk learn at two rates, and in which order;
# - how to measure whether pretraining helps: the transfer curve, with several seeds;
# - why a frozen trunk is so cheap to train on.
#
# Where a sentence says **write down**, do so before you run the next cell: it has the answer. Where
# a function ends with `raise NotImplementedError`, write it yourself: nothing that follows needs
# it, and a solution is folded below it. Look for **Try it**. Nothing can break: *Restart kernel and
# run all* brings everything back.

# %%
import math
import os
import pathlib
import re
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from tqdm.auto import tqdm

import minidet
from minidet import nn, no_grad, optim, tensor, viz
from minidet.data import LargestObject, ShapeScenes, VOCDetection, sample_photograph
from minidet.data.transforms import Resize
from minidet.grading import check_blank
from minidet.metrics import LocalizationAccuracy, MeanBox
from minidet.models import Localizer
from minidet.models.backbones import CLASSIFIERS, pretrained_classifier
from minidet.models.backbones.vgg import VGG
from minidet.training.optimiser import parameter_groups
from minidet.viz.page import BLUE, DARK, GREEN, INK, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
ROOT = pathlib.Path(minidet.__file__).parents[1]  # the project's folder
DATA = pathlib.Path(os.environ.get("MINIDET_DATA", "none"))  # photographs and weights, if you have
viz.use_style()

same = np.testing.assert_allclose
rng = np.random.default_rng(0)


def there(*names):
    """Tell whether these are in the folder of data."""
    return all((DATA / name).exists() for name in names)


# %% [markdown]
# ## 1. The problem: few pictures
#
# MobileNetV2 was trained on ImageNet: 1.3 million photographs of 1000 kinds of things. Its weights
# are a file of 14 MB that everybody can have. Here it names two photographs. (This cell needs the
# weights. `MINIDET_DATA` is the folder that has them; the README says how to get them. If they are
# not there, the cell shows what it printed here.)
#
# **Write down** what you expect for a temple, and for a dahlia. There is no class "dahlia".

# %%
PHOTOGRAPHS = "china", "flower"
if there("weights_mobilenet_v2"):
    network, spec = pretrained_classifier("mobilenet_v2"), CLASSIFIERS["mobilenet_v2"]
    for name in PHOTOGRAPHS:
        photograph = sample_photograph(name, scale=0.6)[:, 16:240, 80:304]  # 224 x 224 of it
        with no_grad():
            scores = network(tensor(photograph[None])).numpy()[0]
        p = np.exp(scores - scores.max())
        p /= p.sum()
        best = np.argsort(-p)[:3]
        print(f"{name}:", ", ".join(f"{spec.classes()[k]} {p[k]:.0%}" for k in best))
else:
    print("no weights here; on a computer that has them, this cell printed:")
    print("china: palace 72%, monastery 16%, lakeside 2%")
    print("flower: honeycomb 62%, mushroom 15%, bee 5%")

# %% [markdown]
# "Palace" is not bad for a temple. Of the dahlia it says "honeycomb": it *sees* a regular pattern
# of orange cells, and has no better word for it among its thousand. That is the idea of this
# notebook: what it sees can be used, with other words.
#
# Now the other side: somebody has twenty pictures, and wants to know what is in them and where. To
# try things out in seconds, we take the generated shapes of notebook 08 as our "photographs". Of
# three shapes (square, star, ring) we pretend to have thousands of pictures with *names*. Of three
# others (circle, triangle, cross) we have few, with names *and* boxes. The second task is ours.
# (Both are drawn with the same dice, so that a picture and the one below it differ in nothing but
# the shape. The test pictures are others.)

# %%
SOURCE, TARGET, SIZE = ["square", "star", "ring"], ["circle", "triangle", "cross"], 48
K = len(TARGET) + 1  # the background counts


def repaint(image, target, rng):
    """Paint object and ground in one colour each; keep the box and the label."""
    while True:
        ground, paint = rng.random((2, 3, 1, 1))
        if abs(ground.mean() - paint.mean()) > 0.25:
            break
    image = np.where(target["masks"].any(0), paint, ground)
    image = np.clip(image + 0.03 * rng.standard_normal(image.shape), 0, 1).astype(np.float32)
    return image, {name: target[name] for name in ("boxes", "labels")}


def scenes(split, length, classes):
    """Return pictures with one shape each."""
    return ShapeScenes(
        split, SIZE, length, classes=classes, objects=1, transform=repaint, cache=True
    )


def batch(data, numbers, rng):
    """Return these pictures, painted anew, and their targets."""
    pairs = [data.sample(int(i), rng) for i in numbers]
    images, targets = zip(*pairs, strict=True)
    return tensor(np.stack(images)), list(targets)


source = scenes("train", 100 if QUICK else 2000, SOURCE)
ours = scenes("train", 60 if QUICK else 400, TARGET)  # we pretend to have only some of them
test = scenes("test", 24 if QUICK else 200, TARGET)
test_images, test_targets = batch(test, range(len(test)), np.random.default_rng(1))

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(2, 6, figsize=(9.4, 3.4))
for line, (data, names) in zip(grid, ((source, SOURCE), (ours, TARGET)), strict=True):
    images, targets = batch(data, range(6), np.random.default_rng(2))
    for axes, image, target in zip(line, images.numpy(), targets, strict=True):
        axes.imshow(image.transpose(1, 2, 0), interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_title(names[target["labels"][0] - 1], fontsize=10)
        if data is ours:
            x1, y1, x2, y2 = target["boxes"][0]
            style = {"fill": False, "edgecolor": "white", "linewidth": 1.5}
            axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, **style))
grid[0, 0].set_ylabel("many, with names", fontsize=10)
grid[1, 0].set_ylabel("few, with boxes", fontsize=10)
plt.show()

# %% [markdown]
# ## 2. What a pretrained trunk is
#
# A trunk is a function, and its weights are a table: *name → numbers*. Whoever trained it gives
# away the table, and a promise about the pictures: this size, these units, these colours. First we
# train such a network ourselves: it names squares, stars and rings. (The box head is there, but not
# trained: the source has no boxes.)


# %%
def new_model():
    """Return a new network: a trunk of four small convolutions, and two heads."""
    trunk = VGG((1, 1, 1, 1, 1), batch_norm=True, width=12)
    return Localizer(K, trunk, stride=8, width=32, box_weight=5.0)


def train(model, steps, rate, next_batch, share=1.0, only_names=False, title=None):
    """Train with AdamW, a warm-up, then the rate falling to 0; return the loss of every step.

    The trunk learns at a `share` of the rate; where it is frozen, it does not learn.
    """
    groups = parameter_groups(model, 0.02, rate, share)
    groups = [group for group in groups if group["params"]]
    optimizer = optim.AdamW(groups, lr=rate)
    warm = max(1, min(20, steps // 4))
    schedules = [
        optim.LinearLR(optimizer, 0.1, total_iters=warm),
        optim.CosineAnnealingLR(optimizer, max(1, steps - warm)),
    ]
    schedule = optim.SequentialLR(optimizer, schedules, [warm])
    history = []
    for _ in tqdm(range(steps), desc=title, disable=title is None):
        model.train()
        losses = model(*next_batch())
        loss = losses["loss_classifier"]
        if not only_names:
            loss = loss + losses["loss_box_reg"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        history.append(loss.item())
    return history


minidet.manual_seed(0)
teacher, draws = new_model(), np.random.default_rng(0)
train(
    teacher,
    8 if QUICK else 250,
    8e-3,
    lambda: batch(source, draws.integers(0, len(source), 32), draws),
    only_names=True,
    title="naming squares, stars and rings",
)
table = teacher.backbone.state_dict()
for name, value in table.items():
    print(f"{name:32} {value.shape}")

# %% [markdown]
# `weight` and `bias` are **parameters**: they have gradients, an optimiser changes them. What
# begins with `running` is not a parameter: nobody computes a gradient for it. It is a **buffer**, a
# note that batch normalisation takes (and `num_batches_tracked` counts how often). Section 3 is
# about them.
#
# To transfer is to copy this table into a network with new heads.


# %% jupyter={"source_hidden": true}
def draw_transfer():
    """Draw two networks: trunk and heads; an arrow between the trunks."""
    axes = plt.figure(figsize=(9.6, 3.0)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 20), ylim=(0, 6.4))
    axes.axis("off")

    def block(x, y, text, face, width):
        frame = {"facecolor": face, "edgecolor": "#606060", "linewidth": 0.9}
        axes.add_patch(Rectangle((x, y), width, 1.3, **frame))
        axes.text(x + width / 2, y + 0.65, text, ha="center", va="center", fontsize=9, color=DARK)

    def arrow(start, end, colour=INK):
        style = {"arrowstyle": "-|>", "color": colour, "lw": 1.5}
        axes.annotate("", end, start, arrowprops=style)

    for y, pictures in ((4.6, "many pictures,\nother things"), (0.9, "few pictures,\nour things")):
        block(0.3, y, pictures, "#ececec", 3.2)
        block(5.2, y, "trunk", PALE_BLUE, 3.6)
        arrow((3.5, y + 0.65), (5.1, y + 0.65))
    block(10.8, 4.6, "old head: square, star, ring", "white", 5.4)
    arrow((8.8, 5.25), (10.7, 5.25))
    axes.plot([10.6, 16.4], [4.5, 6.0], color="#c03010", linewidth=1.6)
    axes.text(16.7, 5.25, "thrown away", va="center", fontsize=9, color=INK)
    block(10.8, 1.7, "new class head: random", PALE_ORANGE, 5.4)
    block(10.8, 0.1, "new box head: random", PALE_GREEN, 5.4)
    arrow((8.8, 1.65), (10.7, 2.3))
    arrow((8.8, 1.45), (10.7, 0.8))
    arrow((7.0, 4.5), (7.0, 2.3), BLUE)
    axes.text(7.2, 3.4, "weights and running statistics", va="center", fontsize=9, color=BLUE)
    plt.show()


draw_transfer()

# %% [markdown]
# Files have the names of the *whole* network: "backbone.features.0.weight", and the old head's
# names as well. Write the function that chooses the trunk's rows, and takes the beginning off.


# %%
def rows_of_trunk(state, prefix="backbone."):
    """Return {name without the prefix: value} of all names that begin with the prefix."""
    raise NotImplementedError


whole = {"backbone.conv.weight": 1.0, "backbone.bn.running_mean": 2.0, "classifier.weight": 3.0}
check_blank(
    rows_of_trunk,
    ((whole,), {"conv.weight": 1.0, "bn.running_mean": 2.0}, "the head is left out"),
    ((whole, "classifier."), {"weight": 3.0}, "another prefix"),
    hint="str.startswith, and str.removeprefix",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def rows_of_trunk(state, prefix="backbone."):
#     return {
#         name.removeprefix(prefix): value
#         for name, value in state.items()
#         if name.startswith(prefix)
#     }
# ```
#
# </details>
#
# Does the trunk know something about *our* shapes, which it has never seen? A test without any
# training: take ten pictures of each of our classes, and compute the mean of their features, one
# point for each class. A new picture gets the name of the **nearest** of the three points. We do it
# with the pretrained trunk, and with a random one. **Write down** two guesses for the share of
# right names; guessing blindly gives a third.


# %%
def features_of(trunk, images):
    """Return the mean of the trunk's map of each picture: (N, 48)."""
    trunk.eval()
    with no_grad():
        return trunk(images)[8].numpy().mean((2, 3))


def nearest_mean(known, labels, new):
    """Return for each new point the label of the nearest mean of the known points."""
    means = np.stack([known[labels == k].mean(0) for k in range(1, K)])
    distances = ((new[:, None] - means[None]) ** 2).sum(2)  # (N, K - 1)
    return distances.argmin(1) + 1


examples, example_targets = batch(ours, range(len(ours)), np.random.default_rng(3))
labels = np.array([target["labels"][0] for target in example_targets])
chosen = np.concatenate([np.flatnonzero(labels == k)[:10] for k in range(1, K)])
true = np.array([target["labels"][0] for target in test_targets])
minidet.manual_seed(1)
trunks = {"pretrained": teacher.backbone, "random": new_model().backbone}
right = {}
for name, trunk in trunks.items():
    known = features_of(trunk, examples[chosen])
    scale = known.std(0) + 1e-6  # every feature counts alike
    said = nearest_mean(known / scale, labels[chosen], features_of(trunk, test_images) / scale)
    right[name] = (said == true).mean()
    print(f"{name:10} trunk, nearest of three means: {right[name]:.0%} right")
if not QUICK:
    assert right["pretrained"] > right["random"], f"pretraining has taught nothing useful: {right}"

# %% [markdown]
# The pretrained trunk has never seen a circle or a cross, and nothing was trained: 66 % against 31
# %, which is a blind guess. What it learnt from squares and stars, edges and corners, is in our
# shapes as well.
#
# ### The promise about the pictures
#
# A trunk is only as good as the pictures that it gets are *like* those it was trained on.
# MobileNetV2 wants RGB, values from 0 to 1, minus ImageNet's mean. Here is what happens to our
# trunk if the promise is broken. **Write down** which of the three does the most harm: pictures
# that are twice as dark, colours in the order blue, green, red, or pictures turned by 180 degrees.

# %%
CHANGES = {
    "as promised": lambda x: x,
    "half as bright": lambda x: x / 2,
    "blue, green, red": lambda x: x[:, ::-1],
    "upside down": lambda x: x[:, :, ::-1, ::-1],
}
teacher.eval()
check = scenes("test", 24 if QUICK else 150, SOURCE)
check_images, check_targets = batch(check, range(len(check)), np.random.default_rng(4))
truth = np.array([target["labels"][0] for target in check_targets])
for name, change in CHANGES.items():
    changed = np.ascontiguousarray(change(check_images.numpy()))
    with no_grad():
        said = np.array([answer["labels"].numpy()[0] for answer in teacher(tensor(changed))])
    print(f"{name:17} names right: {(said == truth).mean():.0%}")

# %% [markdown]
# Darkness does: 85 % fall to 42 %. The colours and the direction do no harm here, because the
# source had all colours and shapes turned in all directions. It also shows what a promise is: *be
# like the pictures of the source*. ImageNet's trunks know few houses that stand on their heads.
#
# ## 3. Freezing, and the notes that batch normalisation takes
#
# The simplest way to use a trunk is to keep it as it is, **frozen**, and to train only the heads.
# It sounds like one line: `requires_grad_(False)`. It is not.
#
# Batch normalisation subtracts a mean and divides by a standard deviation, channel by channel. In
# *training* it takes them from the batch that it sees. In *evaluation* there may be one picture
# only; so it takes the **running** mean and variance, which it has noted during training:
#
# $$\mu_\text{new} = (1 - m)\, \mu_\text{old} + m\, \mu_\text{batch}, \qquad m = 0.1$$
#
# and the same for the variance (that of the batch divided by $n - 1$). One channel, four values: 1,
# 3, 5, 7. The running mean is 0, the running variance is 1. **Write down** both after one step in
# training mode, and what becomes of the value 7 in training mode and in evaluation mode.

# %%
values, momentum = np.array([1.0, 3, 5, 7]), 0.1
mean, var = values.mean(), values.var()
running_mean = (1 - momentum) * 0 + momentum * mean
running_var = (1 - momentum) * 1 + momentum * var * 4 / 3  # / (n - 1), not / n
print(f"of the batch: mean {mean}, variance {var} (divided by n - 1: {var * 4 / 3:.3f})")
print(f"running: mean {running_mean}, variance {running_var:.4f}")
print(f"the 7 in training: {(7 - mean) / math.sqrt(var):.3f}", end=", ")
print(f"in evaluation: {(7 - running_mean) / math.sqrt(running_var):.3f}")

# %%
layer = nn.BatchNorm2d(1).double()
column = tensor(values.reshape(4, 1, 1, 1))
trained = layer(column).detach().numpy().ravel()
same(layer.running_mean.numpy(), [0.4], err_msg="on paper: 0.9 x 0 + 0.1 x 4")
same(layer.running_var.numpy(), [0.9 + 0.1 * 20 / 3], err_msg="on paper: 0.9 x 1 + 0.1 x 6.667")
evaluated = layer.eval()(column).detach().numpy().ravel()
same(trained[3], 3 / math.sqrt(5), rtol=1e-5)
same(evaluated[3], 6.6 / math.sqrt(0.9 + 2 / 3), rtol=1e-5)
print("paper and library agree")

# %% [markdown]
# Nobody called an optimiser, and the layer has changed. Write this step.


# %%
def running_after(mean, var, batch, momentum=0.1):
    """Return running mean and variance (two numbers) after a batch (n,) was seen in training."""
    raise NotImplementedError


check_blank(
    running_after,
    ((0.0, 1.0, np.array([1.0, 3, 5, 7])), (0.4, 0.9 + 2 / 3), "the batch of the text"),
    ((4.0, 2.0, np.array([4.0, 4, 4])), (4.0, 1.8), "equal values: the variance shrinks"),
    ((0.0, 1.0, np.array([0.0, 2.0]), 1.0), (1.0, 2.0), "momentum 1: only the last batch counts"),
    hint="np.var(batch, ddof=1) divides by n - 1",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def running_after(mean, var, batch, momentum=0.1):
#     new_mean = (1 - momentum) * mean + momentum * batch.mean()
#     new_var = (1 - momentum) * var + momentum * batch.var(ddof=1)
#     return new_mean, new_var
# ```
#
# </details>
#
# Now the trap. We "freeze" a trunk in two ways, and train the heads for ten steps on dark pictures
# (nobody promised that ours look like the source's). The naive way: `requires_grad_(False)` for all
# its parameters. The library's way: `backbone.freeze()`, which also keeps its layers in evaluation
# mode, whenever `model.train()` is called. **Write down** for both ways what has changed after ten
# steps: the weights? The running statistics? What the trunk says about a picture?

# %%
ways = {
    "naive": lambda model: model.backbone.requires_grad_(False),
    "freeze()": lambda model: model.backbone.freeze(),
}
moved = {}
for name, freeze in ways.items():
    minidet.manual_seed(0)
    model = new_model()
    model.backbone.load_state_dict(table)
    freeze(model)
    before = {key: np.array(value.numpy()) for key, value in model.backbone.state_dict().items()}
    said_before = features_of(model.backbone, test_images[:20])
    dark = batch(ours, range(16), np.random.default_rng(5))
    dark = dark[0] * 0.3, dark[1]
    train(model, 10, 8e-3, lambda dark=dark: dark)
    after = {key: value.numpy() for key, value in model.backbone.state_dict().items()}
    said_after = features_of(model.backbone, test_images[:20])
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    moved[name] = {
        "weights": sum("running" not in key and "num" not in key for key in changed),
        "statistics": sum("running" in key for key in changed),
        "answer": float(np.abs(said_after - said_before).max()),
    }
    print(f"{name:9} arrays of weights changed: {moved[name]['weights']},", end=" ")
    print(f"of running statistics: {moved[name]['statistics']},", end=" ")
    print(f"features changed by up to {moved[name]['answer']:.3f}")

# %%
assert moved["naive"]["weights"] == 0, "a weight without a gradient has been changed"
assert moved["naive"]["statistics"] == 8, f"four layers, mean and variance each: {moved['naive']}"
assert moved["naive"]["answer"] > 0, "the statistics have changed, and the answer has not"
assert moved["freeze()"] == {"weights": 0, "statistics": 0, "answer": 0.0}, f"{moved['freeze()']}"

# %% [markdown]
# The naive way has changed no weight, and the trunk gives other answers all the same: its eight
# notes (mean and variance of four layers) have moved towards the dark pictures. This bug is silent.
# A network that was "frozen" like this gets worse while its weights stay the same, bit for bit.
#
# **Try it:** take away the reason. In the cell with `ways =`, replace `dark[0] * 0.3` by `dark[0] *
# 1.0`. Do the statistics of the naive way still change?
#
# <details><summary>What happens</summary>
#
# Yes, all eight: sixteen pictures never have exactly the running mean. The features change less,
# but they change. Only evaluation mode leaves the notes alone.
#
# </details>
#
# ### What freezing saves
#
# A frozen trunk says the same about the same picture, in every epoch. So one can compute its map
# *once* for each picture, and train the heads on the maps. And if the pictures are painted anew
# each time, there is still no backward pass through the trunk. **Write down** how many times faster
# a step is without that backward pass.

# %%
sixteen = batch(ours, range(16), np.random.default_rng(6))


def clock(function, times=3):
    """Return the least of several times, in seconds; the first may compile and is not counted."""
    function()
    measured = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        measured.append(time.perf_counter() - begin)
    return min(measured)


def step_of(model):
    losses = model(*sixteen)
    (losses["loss_classifier"] + losses["loss_box_reg"]).backward()


def step_on_maps():
    scores, edges = heads.classifier(maps.mean((2, 3))), heads.box_head(maps)
    (scores.sum() + edges.sum()).backward()


learning, frozen = new_model().train(), new_model()
frozen.backbone.freeze()
frozen.train()
heads = new_model()
with no_grad():
    maps = heads.eval().backbone(sixteen[0])[8]
seconds = {
    "all learns": clock(lambda: step_of(learning)),
    "trunk frozen": clock(lambda: step_of(frozen)),
    "maps kept": clock(step_on_maps),
}
for name, value in seconds.items():
    print(f"{name:13} {value * 1e3:6.1f} ms a step of 16 pictures")

# %% [markdown]
# The third line is why people with a slow computer like frozen trunks. (Your times are others. The
# machine that ran this page was busy.)
#
# ## 4. Fine-tuning, and two learning rates
#
# To let the trunk learn again is called **fine-tuning**. There is a danger. The new heads are
# random. What comes back from them in the first steps is large, and has no meaning; it would damage
# the trunk. Two remedies, often used together:
#
# 1. keep the trunk frozen until the heads are reasonable, then unfreeze it;
# 2. let the trunk learn at a smaller rate than the heads.
#
# An optimiser takes **groups** of parameters, each with its own rate. By hand, with plain gradient
# descent: the head's weight is 1.0, the trunk's 1.0, both have the gradient 2.0, the head's rate is
# 0.1, the trunk's a tenth of it. **Write down** both weights after one step.

# %%
head, trunk = nn.Parameter(np.array([1.0])), nn.Parameter(np.array([1.0]))
optimizer = optim.SGD([{"params": [head], "lr": 0.1}, {"params": [trunk], "lr": 0.01}], lr=0.1)
((head + trunk) * 2.0).sum().backward()
optimizer.step()
print(f"head {head.item():.2f}, trunk {trunk.item():.2f}")
same([head.item(), trunk.item()], [1 - 0.1 * 2, 1 - 0.01 * 2], err_msg="rate times gradient")

# %% [markdown]
# Write the function that makes these groups for a network.


# %%
def two_groups(names, rate, share):
    """Return [{"params": [...], "lr": ...}, ...]: heads first, then what begins with "backbone."

    `names` is a dict of names and parameters; the trunk learns at `rate` times `share`.
    """
    raise NotImplementedError


check_blank(
    two_groups,
    (
        ({"backbone.w": 1, "classifier.w": 2, "box_head.w": 3}, 0.1, 0.5),
        [{"params": [2, 3], "lr": 0.1}, {"params": [1], "lr": 0.05}],
        "a trunk and two heads",
    ),
    (
        ({"backbone.w": 1, "backbone.b": 2, "classifier.w": 3}, 0.2, 0.1),
        [{"params": [3], "lr": 0.2}, {"params": [1, 2], "lr": 0.02}],
        "two of the trunk",
    ),
    hint="sort the names by whether they begin with 'backbone.'",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def two_groups(names, rate, share):
#     old = [value for name, value in names.items() if name.startswith("backbone.")]
#     new = [value for name, value in names.items() if not name.startswith("backbone.")]
#     return [{"params": new, "lr": rate}, {"params": old, "lr": rate * share}]
# ```
#
# </details>
#
# The library's `parameter_groups(model, weight_decay, lr, pretrained_lr)` does this, and lets
# weights decay but not biases. How far does a trunk get from where it began? We train three copies
# on twenty pictures for a few steps, and measure the length of the difference, divided by the
# length of the weights. **Write down** how the distance depends on the trunk's rate.

# %%
SHARES = (1.0, 0.3, 0.1)
STEPS = 8 if QUICK else 40
distances = {}
for share in SHARES:
    minidet.manual_seed(0)
    model = new_model()
    model.backbone.load_state_dict(table)
    draws = np.random.default_rng(7)
    few = lambda draws=draws: batch(ours, draws.integers(0, 20, 16), draws)  # noqa: E731
    train(model, STEPS, 8e-3, few, share)
    pairs = [
        (np.asarray(table[name].numpy()), parameter.detach().numpy())
        for name, parameter in model.backbone.named_parameters()
        if parameter.ndim == 4  # the convolutions
    ]
    difference = math.sqrt(sum(float(((a - b) ** 2).sum()) for a, b in pairs))
    length = math.sqrt(sum(float((a**2).sum()) for a, _ in pairs))
    distances[share] = difference / length
    print(f"the trunk learns at {share:3.0%} of the rate: moved by {distances[share]:.1%}")
assert distances[1.0] > distances[0.3] > distances[0.1], f"a smaller rate moves less: {distances}"

# %% [markdown]
# AdamW's steps are about as long as the rate, whatever the gradient. So a rate of a tenth moves the
# trunk about a tenth as far.
#
# ## 5. The ladder
#
# Before any measurement: does the network learn eight pictures by heart, with the trunk frozen?
# Only the heads can do it. The loss has to fall **below a tenth of its start**. The broken one
# beside it got a table of zeros; the file was "there", but empty. **Write down** which of the two
# starts with the larger loss.


# %%
def climb(weights):
    """Learn eight pictures by heart on a frozen trunk; return the loss of every step."""
    minidet.manual_seed(0)
    model = new_model()
    model.backbone.load_state_dict(weights)
    model.backbone.freeze()
    images = batch(ours, range(8), np.random.default_rng(8))
    return train(model, 8 if QUICK else 150, 2e-2, lambda: images)


zeros = {name: np.zeros(value.shape, np.float32) for name, value in table.items()}
zeros = {name: value + 1 if "running_var" in name else value for name, value in zeros.items()}
learned = {"pretrained": climb(table), "zeros": climb(zeros)}
for name, history in learned.items():
    verdict = "passes" if history[-1] < history[0] / 10 else "does not pass"
    print(f"{name:10} loss {history[0]:.3f} at first, {history[-1]:.3f} at the end: {verdict}")
if not QUICK:
    first, last = learned["pretrained"][0], learned["pretrained"][-1]
    assert last < first / 10, f"a frozen trunk is no reason not to learn by heart: {first}, {last}"
    assert learned["zeros"][-1] > first / 10, "heads without features have learnt the pictures"

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(figsize=(6.2, 3.0))
for (name, history), colour, line in zip(learned.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
    axes.semilogy(history, line, color=colour, label=name)
tenth = learned["pretrained"][0] / 10
axes.axhline(tenth, color=INK, linestyle=":", linewidth=1)
axes.text(0, tenth * 0.9, "a tenth of the start", fontsize=9, color=INK, va="top")
axes.set(xlabel="step", ylabel="loss")
axes.spines[["top", "right"]].set_visible(False)
axes.legend()
plt.show()

# %% [markdown]
# Both start alike: new heads give scores near 0 and the middle box, whatever the features. So the
# *first* loss says nothing about the trunk. The broken one ends at what can be said without
# looking.
#
# ## 6. The transfer curve
#
# Is it worth it? Three ways to begin:
#
# - **scratch**: a random trunk, everything learns;
# - **frozen**: the pretrained trunk, only the heads learn;
# - **fine-tuned**: frozen for a quarter of the steps, then the trunk learns at 0.3 of the rate.
#
# Each way with 5, 20 and 100 % of our 400 pictures, each with equally many steps, each with three
# **seeds**: the first weights and the choice of pictures depend on chance, and one run may be
# lucky. All three ways of a seed see the same pictures. **Write down** two guesses: which way is
# best with 20 pictures, and which with 400?

# %%
SHARES_OF_DATA = (0.05, 0.2, 1.0)
STARTS = ("scratch", "frozen", "fine-tuned")
SEEDS = (0,) if QUICK else (0, 1, 2)
STEPS = 8 if QUICK else 80


def localise(model, images):
    """Return the answers of a network, as arrays."""
    model.eval()
    with no_grad():
        return [{name: value.numpy() for name, value in one.items()} for one in model(images)]


def score(answers):
    """Return what LocalizationAccuracy has counted on the test pictures."""
    counter = LocalizationAccuracy(K)
    counter.update(test_targets, answers)
    return counter


def run(start, share, seed):
    """Train one network, and return it."""
    minidet.manual_seed(seed)
    model, draws = new_model(), np.random.default_rng(seed)
    seen = draws.permutation(len(ours))[: max(2, round(share * len(ours)))]

    def next_batch():
        return batch(ours, draws.choice(seen, 16), draws)

    if start == "scratch":
        train(model, STEPS, 8e-3, next_batch)
        return model
    model.backbone.load_state_dict(table)
    model.backbone.freeze()
    if start == "frozen":
        train(model, STEPS, 8e-3, next_batch)
        return model
    train(model, STEPS // 4, 8e-3, next_batch)
    model.backbone.unfreeze()
    train(model, STEPS - STEPS // 4, 8e-3, next_batch, share=0.3)
    return model


plan = [(start, share, seed) for seed in SEEDS for share in SHARES_OF_DATA for start in STARTS]
results, kept = {}, {}
begin = time.perf_counter()
for start, share, seed in tqdm(plan, desc="runs"):
    model = run(start, share, seed)
    answers = localise(model, test_images)
    results[start, share, seed] = score(answers)
    if seed == 0:
        kept[start, share] = answers
print(f"{len(plan)} runs, {time.perf_counter() - begin:.0f} s")

# %%
simplest = MeanBox(K)
for i in range(len(ours)):
    simplest.update(ours.sample(i, rng)[1], (SIZE, SIZE))
baseline = score([simplest.predict((SIZE, SIZE))] * len(test_targets))
figures = ("localization_accuracy", "classification_accuracy", "box_accuracy")
means = {}
print(f"{'pictures':8} {'start':11} both (each seed)         class   box")
for share in SHARES_OF_DATA:
    for start in STARTS:
        rows = [[getattr(results[start, share, s], name) for name in figures] for s in SEEDS]
        both, names, boxes = np.mean(rows, 0)
        means[start, share] = both
        each = ", ".join(f"{row[0]:.2f}" for row in rows)
        count = round(share * len(ours))
        print(f"{count:8} {start:11} {both:.2f} ({each}) {names:12.2f} {boxes:5.2f}")
print(f"{'':8} {'(mean box)':11} {baseline.localization_accuracy:.2f}")
if not QUICK:
    few = {start: means[start, 0.05] for start in STARTS}
    assert few["fine-tuned"] > few["scratch"], f"pretraining does not help with few pictures: {few}"

# %% jupyter={"source_hidden": true}
LINES = ((ORANGE, "o--"), (BLUE, "s-."), (GREEN, "^-"))


def draw_curve(points, counts, title=""):
    """Draw localisation accuracy against the number of pictures: {start: rows of each count}."""
    _, axes = viz.subplots(figsize=(6.2, 3.4))
    for (start, rows), (colour, line) in zip(points.items(), LINES, strict=True):
        for count, row in zip(counts, rows, strict=True):
            axes.plot([count] * len(row), row, line[0], color=colour, alpha=0.4, markersize=4)
        axes.plot(counts, [np.mean(row) for row in rows], line, color=colour, label=start)
    axes.set(xscale="log", xlabel="training pictures", ylabel="localisation accuracy")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend()
    plt.show()


draw_curve(
    {
        start: [
            [results[start, share, s].localization_accuracy for s in SEEDS]
            for share in SHARES_OF_DATA
        ]
        for start in STARTS
    },
    [round(share * len(ours)) for share in SHARES_OF_DATA],
)

# %% [markdown]
# Large marks are means, small ones single runs. In the run of this page, pretraining helps with
# every number of pictures: with 20 pictures and fine-tuning the score is 0.44, with 400 pictures
# from scratch it is 0.39. Look at the last two columns, too. All of the gain is in the *class*
# (0.75 against 0.37 with 20 pictures). The *boxes* are not better, rather worse: the source's head
# takes a mean over the map, so it never had to know where anything is. A trunk learns what its old
# task asked for.
#
# From scratch, 400 pictures are no better than 80: 80 steps are too short for it, whatever it sees.
# With many more steps the lines would come together at the right end. A curve holds for its number
# of steps.
#
# Look at single answers. Below are some test pictures, answered by all three ways after 80
# pictures; run the notebook to choose the picture and the share of the training pictures.


# %%
def draw_answers(picture=0, pictures_seen=0.2):
    """Draw a test picture with its truth, and the answers of the three ways (seed 0)."""
    _, grid = viz.subplots(1, 3, figsize=(7.0, 2.7))
    draw_row(grid, picture, pictures_seen, titles=True)
    plt.show()


def draw_row(grid, picture, share, titles):
    """Draw a test picture three times, with the truth (white) and an answer (orange)."""
    target = test_targets[picture]
    for axes, start in zip(grid, STARTS, strict=True):
        answer = kept[start, share][picture]
        axes.imshow(test_images.numpy()[picture].transpose(1, 2, 0), interpolation="nearest")
        for box, colour, line in (
            (target["boxes"][0], "white", "-"),
            (answer["boxes"][0], "#ff9040", "--"),
        ):
            x1, y1, x2, y2 = box
            style = {"fill": False, "edgecolor": colour, "linewidth": 1.8, "linestyle": line}
            axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, **style))
        axes.set(xticks=[], yticks=[])
        said = TARGET[answer["labels"][0] - 1]
        verdict = "" if answer["labels"][0] == target["labels"][0] else " (wrong)"
        axes.set_title(f"{start}\n{said}{verdict}" if titles else f"{said}{verdict}", fontsize=9)


_, grid = viz.subplots(3, 3, figsize=(5.6, 6.2))
for place, line in enumerate(grid):
    draw_row(line, place, 0.2, titles=place == 0)
plt.show()

# %%
viz.sliders(draw_answers, picture=(0, 20), pictures_seen=list(SHARES_OF_DATA))

# %% [markdown]
# **Try it:** is it the knowledge, or only the *scale* of the weights? In the function `run`, below
# `model.backbone.load_state_dict(table)`, shuffle each convolution:
#
# ```python
#     for layer in model.backbone.modules():
#         if isinstance(layer, nn.Conv2d):
#             shuffled = draws.permutation(layer.weight.detach().numpy().ravel())
#             layer.load_state_dict(
#                 {"weight": shuffled.reshape(layer.weight.shape), "bias": layer.bias.detach()}
#             )
# ```
#
# <details><summary>What happens</summary>
#
# The knowledge. The numbers in each layer are the same as before, in another order, and both ways
# that use them are now worse than random weights. In one run with 20 pictures, the frozen trunk
# came to 0.06, fine-tuning to 0.17; from scratch it was 0.25. (The running statistics do not fit
# any more, either.)
#
# </details>
#
# ## 7. A real curve: blood cells
#
# Our shapes are a toy: source and target are very similar. The same experiment was made with real
# pictures: MobileNetV2, trained on ImageNet, and the largest cell of each photograph of a blood
# smear (BCCD, 205 training photographs, 3 kinds of cells). It takes about an hour: `python -m
# benchmarks.claims localization`. Its figures stand in [docs/results.md](../docs/results.md); the
# next cell *reads* them there. Ordinary photographs and cells under a microscope are not alike.
# **Write down** whether the order of the three ways will be the same.


# %%
def rows_of_page(page):
    """Return the scores of each (start, percent), and the number of pictures of each percent."""
    part = page.split("<!-- claims localization: begin -->")[1]
    part = part.split("<!-- claims localization: end -->")[0]
    scores, pictures = {}, {}
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) >= 4 and re.fullmatch(r"\d+ %", cells[0]) and cells[2] in STARTS:
            each = re.search(r"\((.*)\)", cells[3])
            if each:
                percent = int(cells[0][:-2])
                scores[cells[2], percent] = [float(text) for text in each[1].split(",")]
                pictures[percent] = int(cells[1])
    return scores, pictures


page = ROOT / "docs" / "results.md"
real, pictures = rows_of_page(page.read_text(encoding="utf-8")) if page.is_file() else ({}, {})
if len(real) == 9:
    for (start, percent), each in real.items():
        print(f"{pictures[percent]:4} photographs, {start:10} {np.mean(each):.2f} {each}")
    counts = sorted(pictures)
    draw_curve(
        {start: [real[start, percent] for percent in counts] for start in STARTS},
        [pictures[percent] for percent in counts],
        "blood cells (BCCD), MobileNetV2",
    )
else:
    print(f"{len(real)} of 9 rows of the table are measured on this copy of docs/results.md.")
    print("To measure them: python -m benchmarks.claims localization")

# %% [markdown]
# The order is another one. From scratch is never below the others; the fine-tuned trunk comes up to
# it with all photographs, and the frozen one stays far behind. Nothing is broken: the same three
# ways are in the other order on our shapes.
#
# Why? We did not test it, but we believe that it is the task. The largest cell is nearly always the
# only white one, and it is dyed: a
# network that finds purple has found it, and ten photographs are enough to learn a colour. What
# ImageNet's network knows of dogs and cars is no help. And it was trained to say *what*, wherever
# it is: its last map has forgotten part of *where*, so the heads on a frozen trunk cannot know it,
# and fine-tuning has to bring it back first.
#
# So transfer is no law. It pays where the source knows something that the target needs and that
# few pictures cannot teach. On street scenes (CamVid: cars, trees, signs, people) the same trunk
# has an mIoU of 0.574; a U-Net from scratch has 0.478 after as many minutes. And whoever does not
# draw the line "from scratch" never learns which of the two cases it was.
#
# ### Naming and finding cells in a minute
#
# Section 3 said: a frozen trunk's maps can be computed once. With that trick, MobileNetV2 can be
# used for cells without waiting: one pass over 205 photographs, then 200 steps of the heads on
# maps. (This cell needs photographs and weights in `MINIDET_DATA`. Without them it shows the
# committed picture.)


# %%
def cells(split):
    """Return photographs of blood cells, made smaller, the largest cell of each, and the names."""
    found = VOCDetection(DATA / "bccd_voc", split, Resize((120, 160)), first_pixel=0)
    one = LargestObject(found)
    count = min(len(one), 12) if QUICK else len(one)
    images, targets = zip(*[one[i] for i in range(count)], strict=True)
    return np.stack(images), list(targets), one.classes


def maps_of(model, images):
    """Return the frozen trunk's maps of all pictures, a few at a time."""
    model.eval()
    with no_grad():
        parts = [
            model.backbone(tensor(images[i : i + 16]))[model.stride].numpy()
            for i in range(0, len(images), 16)
        ]
    return np.concatenate(parts)


def train_heads(model, maps, targets, size, steps):
    """Train both heads on kept maps: the losses of the library's Localizer."""
    sides = np.array([size[1], size[0]] * 2, np.float32)
    edges = np.concatenate([target["boxes"] for target in targets]) / sides
    labels = np.concatenate([target["labels"] for target in targets]) - 1
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    draws = np.random.default_rng(0)
    for _ in range(steps):
        seen = draws.integers(0, len(maps), 32)
        x = tensor(maps[seen])
        scores, boxes = model.classifier(x.mean((2, 3))), model.box_head(x)[:, 0]
        loss = minidet.nn.functional.cross_entropy(scores, labels[seen])
        wrong = (boxes - tensor(edges[seen].astype(np.float32))) ** 2
        loss = loss + 10 * wrong.sum() / len(seen)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


COMMITTED = ROOT / "notebooks" / "09_cells.png"
if there("bccd_voc", "weights_mobilenet_v2"):
    photographs, cell_targets, names = cells("train")
    minidet.manual_seed(0)
    finder = Localizer(len(names), "mobilenet_v2", pretrained=True)
    finder.backbone.freeze()
    train_heads(finder, maps_of(finder, photographs), cell_targets, (120, 160), 8 if QUICK else 200)
    test_photographs, truths, _ = cells("test")
    located = localise(finder, tensor(test_photographs))
    counter = LocalizationAccuracy(len(names))
    counter.update(truths, located)
    mean_box = MeanBox(len(names))
    for target in cell_targets:
        mean_box.update(target, (120, 160))
    blind = LocalizationAccuracy(len(names))
    blind.update(truths, [mean_box.predict((120, 160))] * len(truths))
    for what, one in (("frozen MobileNetV2", counter), ("mean box", blind)):
        print(
            f"{what:18} class {one.classification_accuracy:.2f}, box {one.box_accuracy:.2f},",
            end="",
        )
        print(f" both {one.localization_accuracy:.2f} of {len(truths)} test photographs")
    _, grid = viz.subplots(2, 4, figsize=(9.4, 4.0))
    for axes, image, target, answer in zip(
        grid.ravel(), test_photographs, truths, located, strict=False
    ):
        axes.imshow(image.transpose(1, 2, 0))
        for box, colour, line in (
            (target["boxes"][0], "white", "-"),
            (answer["boxes"][0], "black", "--"),
        ):
            style = {"fill": False, "edgecolor": colour, "linewidth": 1.8, "linestyle": line}
            x1, y1, x2, y2 = box
            axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, **style))
        axes.set(xticks=[], yticks=[])
        right = answer["labels"][0] == target["labels"][0]
        axes.set_title(names[answer["labels"][0]] + ("" if right else " (wrong)"), fontsize=9)
    plt.show()
else:
    print("no photographs or weights here; this is the picture of a run that had them:")
    _, axes = viz.subplots(figsize=(9.4, 4.0))
    axes.imshow(plt.imread(COMMITTED))
    axes.axis("off")
    plt.show()

# %% [markdown]
# White is the truth, black the answer. (Photographs: BCCD, MIT licence, by cosmicad and
# akshaylamba, re-organised by Shenggan.)
#
# Always put a simple answer beside it! 89 % of the classes are right, and so they are if one always
# says the most frequent one: the largest cell is nearly always a white one. So the class accuracy
# says nothing here. The boxes do: 0.33, ten times as many as with the mean box. That is still not
# good. The frozen map has only 4 x 5 cells of 32 pixels, and was made to forget places. Fine-tuning
# is for this.
#
# ## 8. Mistakes that everybody makes once
#
# 1. **Frozen, but in training mode**: section 3. Look at `running_mean` before and after.
# 2. **The optimiser does not know the trunk.** It was built while the trunk was frozen, from the
#    parameters that had `requires_grad`. Later the trunk is unfrozen, and still nothing happens.
# 3. **Another normalisation than in pretraining**: section 2. minidet's trunks normalise inside.
# 4. **The test pictures were chosen from the best of three runs.** A curve needs seeds, not luck.
#
# The second one, in numbers. **Write down** by how much the trunk's weights change.

# %%
late = new_model()
late.backbone.load_state_dict(table)
late.backbone.freeze()
optimizer = optim.AdamW([p for p in late.parameters() if p.requires_grad], lr=8e-3)
late.backbone.unfreeze()  # too late for this optimiser
first_weight = np.array(late.backbone.features[0].weight.detach().numpy())
late.train()
for _ in range(3):
    losses = late(*sixteen)
    optimizer.zero_grad()
    (losses["loss_classifier"] + losses["loss_box_reg"]).backward()
    optimizer.step()
gradient = np.abs(late.backbone.features[0].weight.grad.numpy()).max()
change = np.abs(late.backbone.features[0].weight.detach().numpy() - first_weight).max()
print(f"largest gradient {gradient:.3g}, largest change {change}")
assert gradient > 0, "the trunk is unfrozen: it has gradients"
assert change == 0, "an optimiser has changed what it does not know"

# %% [markdown]
# By nothing, though there are gradients. (They even add up, step after step, because this
# optimiser's `zero_grad` does not know them either.) Give the optimiser *all* parameters from the
# start; a frozen parameter has no gradient, and is passed over.
#
# **Try it:** put it right: in the cell with `late = new_model()`, change `if p.requires_grad` to
# `if True`. What do you see?
#
# <details><summary>What happens</summary>
#
# The largest change is now about 0.02: three steps of up to 0.008. The last line fails, and that is
# right: it says that the optimiser has changed what it does not know. Now it knows it.
#
# </details>
#
# ## Summary
#
# 1. A pretrained trunk is a table of names and numbers, and a promise about the pictures.
# 2. Its head is thrown away: nobody needs its names.
# 3. The features of other things are useful for ours: the nearest of three means shows it.
# 4. Batch normalisation takes notes in training mode: running mean and variance, without gradients.
# 5. Frozen means: no gradients *and* evaluation mode. `backbone.freeze()` does both.
# 6. A frozen trunk needs no backward pass, and its maps need to be computed only once.
# 7. New heads first, then the trunk, at a smaller rate: two groups in one optimiser.
# 8. The first loss says nothing about the trunk; the last one does.
# 9. Whether it helps is a curve: score against number of pictures, several seeds, the same steps.
#    It helped our shapes, and street scenes; it did not help to find the one purple cell.
# 10. An optimiser changes only what it was given.
#
# | term | section | builds on |
# |---|---|---|
# | source, target | 1 | localisation: [08](08_classification_and_localization.ipynb) |
# | trunk, head, table of weights | 2 | trunk and heads: notebook 08 |
# | parameter, buffer | 2 | gradients: [01](01_autograd.ipynb) |
# | nearest mean | 2 | features |
# | running statistics | 3 | batch normalisation |
# | frozen | 3 | running statistics |
# | kept maps | 3 | frozen |
# | fine-tuning, groups of parameters | 4 | optimiser |
# | transfer curve, seed | 6 | localisation accuracy: notebook 08 |
#
# ## Questions
#
# **1.** Why is the head thrown away, even if source and target have equally many classes?
#
# <details><summary>Answer</summary>
#
# Its row 0 means "square", ours means "circle". It would begin with a strong belief that is wrong:
# with a *large* loss, not with log 3. A random head with small weights begins without a belief.
#
# </details>
#
# **2.** A trunk has no batch normalisation (MobileNetV1 in minidet: it is folded into the
# convolutions). Is `requires_grad_(False)` enough to freeze it?
#
# <details><summary>Answer</summary>
#
# Yes, unless something else in it behaves differently in training mode, dropout for example. Use
# `freeze()` all the same: it is right for every trunk.
#
# </details>
#
# **3.** You have 100,000 labelled pictures of your own. Does pretraining still help?
#
# <details><summary>Answer</summary>
#
# Often not in the final score, but in time: training converges earlier (K. He and others,
# *Rethinking ImageNet Pre-training*, for detection on COCO). The curve's lines come together at the
# right end. Measure yours; compare at equally many steps, and once with more steps for the one from
# scratch.
#
# </details>
#
# **4.** Someone reports: "fine-tuned 0.61, scratch 0.58, one run each". What do you ask?
#
# <details><summary>Answer</summary>
#
# How far do two runs of the *same* way lie apart? In our table, the seeds of one way differ by
# several hundredths, once by 0.19. A difference of 0.03 between two single runs says nothing.
#
# </details>
#
# ## What to read next
#
# - [minidet/models/backbones/contract.py](../minidet/models/backbones/contract.py): `freeze`, in
#   fifteen lines. `minidet train localization --data bccd --pretrained --option frozen_epochs=3`
#   trains with it.
# - J. Yosinski and others, *How transferable are features in deep neural networks?*,
#   [arXiv:1411.1792](https://arxiv.org/abs/1411.1792): which layers transfer, and which do not.
# - K. He, R. Girshick, P. Dollár, *Rethinking ImageNet Pre-training*,
#   [arXiv:1811.08883](https://arxiv.org/abs/1811.08883): when it is not needed.
# - P. Sermanet and others, *OverFeat*, [arXiv:1312.6229](https://arxiv.org/abs/1312.6229): a trunk
#   that was trained to classify, then a head for boxes.
