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
# # Speed against accuracy
#
# Three detectors: Faster R-CNN ([14](14_faster_rcnn.ipynb)) proposes, then looks again. YOLO (15)
# and SSD (16) look once. The papers say: SSD and YOLO are faster, Faster R-CNN is more accurate.
# How does one find out whether this is so, on one's own machine and data? Comparing is harder
# than it looks: most comparisons on the web are unfair, and nobody notices. This notebook builds
# a fair one, and then breaks it in five ways.
#
# |  |  |
# |---|---|
# | **Time** | reading: 40 minutes; doing, with every Try it and every patient: 90 |
# | **You need** | AP and NMS ([11](11_region_proposals.ipynb)), one of the three detectors |
# | **Good to know** | all three of them (14 to 16) |
# | **You do not need** | a graphics card, or a download: all cells run for five to seven minutes |
#
# **At the end you can say**
# - what a detector costs, before anybody has run it, and why time is still another thing;
# - how to measure milliseconds that another day's run confirms;
# - whether a difference in AP is more than luck: a bootstrap over pictures, paired;
# - how the three differ in their *mistakes*, not only in one number;
# - how to turn one detector's dial between fast and accurate;
# - five ways to be unfair.
#
# Where a sentence says **write down**, do so before you run the next cell: it has the answer. Where
# a function ends with `raise NotImplementedError`, write it yourself: nothing that follows needs
# it, and a solution is folded below it. Look for **Try it**. Nothing can break: *Restart kernel and
# run all* brings everything back.

# %%
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from tqdm.auto import tqdm

import minidet
from minidet import no_grad, optim, viz
from minidet.data import DigitScenes
from minidet.grading import check_blank
from minidet.metrics import MeanAveragePrecision, error_types
from minidet.models import MODELS
from minidet.models.complexity import counting
from minidet.training.recipes import recipe_for
from minidet.viz.page import BLUE, GREEN, INK, ORANGE

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

same = np.testing.assert_allclose
NAMES = {"faster_rcnn": "Faster R-CNN", "ssd": "SSD", "yolo": "YOLO"}
LOOKS = {"faster_rcnn": (ORANGE, "s", "-"), "ssd": (BLUE, "o", "--"), "yolo": (GREEN, "^", ":")}

# %% [markdown]
# ## 1. The same start for all
#
# The same data (scenes of 64 x 64 pixels with handwritten digits), the same trunk (ResNet-20 up
# to stride 4), the same number of *seconds* of training. What differs is what comes after the
# trunk. The recipes are those of `minidet train`.

# %%
held = DigitScenes("test", 64, 12 if QUICK else 200, seed=1)
pictures = [held[i] for i in range(len(held))]
classes = held.classes
models = {}
for name in NAMES:
    minidet.manual_seed(0)
    recipe = recipe_for(name, "digits")
    models[name] = MODELS[name].network(len(classes), **recipe.model_args)
    parameters = sum(p.numel() for p in models[name].parameters())
    trunk = sum(p.numel() for p in models[name].backbone.parameters())
    words = f"{parameters / 1e6:.2f} million parameters, {trunk / 1e6:.2f} of them in the trunk"
    print(f"{NAMES[name]:13} {words}")

# %% jupyter={"source_hidden": true}
_, grid = viz.subplots(1, 6, figsize=(9.6, 1.9))
for axes, (picture, target) in zip(grid, pictures, strict=False):
    viz.draw_boxes(picture, target, classes, ax=axes)
plt.show()

# %% [markdown]
# ## 2. What it costs, on paper
#
# Multiplications can be counted without a clock. The trunk is the same in all three. **Write
# down** an order of the rest: Faster R-CNN's 100 regions with two fully connected layers each;
# SSD's 3 x 3 convolutions on its maps; YOLO's one output of 8 x 8 cells.

# %%
counts = {}
for name, model in models.items():
    with counting(model) as all_of_it, counting(model.backbone) as trunk, no_grad():
        model.eval()([pictures[0][0]])
    parts = {"trunk": sum(trunk), "rest": sum(all_of_it) - sum(trunk)}
    counts[name] = parts
    words = f"trunk {parts['trunk'] / 1e6:5.1f} million, the rest {parts['rest'] / 1e6:5.1f}"
    print(f"{NAMES[name]:13} {words}")

# %% [markdown]
# ## 3. Milliseconds that can be trusted
#
# Two rules. *Warm up*: the first call makes tables, compiles, and finds an empty cache. *In
# turns*: a machine is faster in one minute than in the next (other programs, heat), so time A, B,
# C, A, B, C, not A, A, B, B. Then compare within a round. Write down the middle of the rounds'
# ratios.


# %%
def ratio_of(first, second):
    """Return the median of first / second, round by round; both are lists of seconds."""
    raise NotImplementedError


check_blank(
    ratio_of,
    (([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]), 2.0, "twice as long in every round, though rounds differ"),
    (([2.0, 2.0, 20.0], [1.0, 1.0, 1.0]), 2.0, "one round was disturbed: the median does not mind"),
    (([1.0, 3.0], [2.0, 2.0]), 1.0, "of two rounds, the mean of both"),
    hint="np.median of the quotients, not the quotient of the medians",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def ratio_of(first, second):
#     return float(np.median(np.array(first) / np.array(second)))
# ```
#
# </details>


# %%
def look(model, picture):
    """Return what a detector sees, as arrays."""
    with no_grad():
        return {name: value.numpy() for name, value in model.eval()([picture])[0].items()}


def turns(calls, rounds):
    """Time every call once in each round, after two rounds of warming up; return their seconds."""
    seconds = {name: [] for name in calls}
    for number in range(rounds + 2):
        for name, call in calls.items():
            start = time.perf_counter()
            call(number)
            if number >= 2:
                seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


# %% [markdown]
# ## 4. Training, with equal budgets
#
# Equal *epochs* would not be fair: a step of one takes longer than a step of another. Each gets
# the same time. How many steps is that? A few steps of each are timed, in turns, and then
# forgotten. The trunk was not trained before, so SSD and YOLO have more steps. (`minidet compare
# --data digits` does all of this with the recipes' ten minutes, and makes a page of it.)

# %%
BUDGET = 1.0 if QUICK else 80.0  # seconds for each
training = DigitScenes("train", 64, 8 if QUICK else 1600, seed=0)


def batch_of(rng):
    """Draw 8 scenes."""
    drawn = [training[int(i)] for i in rng.integers(len(training), size=8)]
    keep = ("boxes", "labels")
    return [image for image, _ in drawn], [
        {key: target[key] for key in keep} for _, target in drawn
    ]


def fresh(name):
    """Return a new model and its optimiser."""
    minidet.manual_seed(0)
    recipe = recipe_for(name, "digits")
    model = MODELS[name].network(len(classes), **recipe.model_args)
    return model, optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.02)


def step_of(model, optimizer, batch):
    """Learn from one batch; return the loss."""
    losses = model(*batch)
    first, *others = losses.values()
    total = first
    for value in others:
        total = total + value
    optimizer.zero_grad()
    total.backward()
    optim.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return total.item()


def stepper(name):
    """Return a call that does one step of a model that is thrown away."""
    model, optimizer = fresh(name)
    batch = batch_of(np.random.default_rng(0))
    return lambda _: step_of(model.train(), optimizer, batch)


timed = turns({name: stepper(name) for name in NAMES}, 2 if QUICK else 6)
steps = {name: max(2, int(BUDGET / np.median(values))) for name, values in timed.items()}
if QUICK:
    steps = dict.fromkeys(NAMES, 2)
for name in NAMES:
    print(f"{NAMES[name]:13} {1000 * np.median(timed[name]):5.0f} ms a step, {steps[name]} steps")

# %%
curves = {}
for name in NAMES:
    model, optimizer = fresh(name)
    schedule = optim.CosineAnnealingLR(optimizer, steps[name])
    rng, curves[name] = np.random.default_rng(1), []
    for _ in tqdm(range(steps[name]), desc=NAMES[name], leave=False):
        curves[name].append(step_of(model.train(), optimizer, batch_of(rng)))
        schedule.step()
    models[name] = model.eval()
    print(f"{NAMES[name]:13} loss from {curves[name][0]:.2f} to {np.mean(curves[name][-10:]):.2f}")

# %% [markdown]
# The losses cannot be compared with each other: they are sums of other things.
#
# ## 5. One picture of both
#
# **Write down** who is fastest and who is best, by how much, before you run the cell.

# %%
answers = {
    name: [look(model, picture) for picture, _ in pictures] for name, model in models.items()
}
truths = [{key: target[key] for key in ("boxes", "labels")} for _, target in pictures]


def figures_of(found, there=truths):
    """Return COCO's figures."""
    collected = MeanAveragePrecision(len(classes))
    collected.update(there, found)
    return collected.compute()


scores = {name: figures_of(found) for name, found in answers.items()}
speed = turns(
    {
        name: (lambda number, m=model: look(m, pictures[number % len(pictures)][0]))
        for name, model in models.items()
    },
    3 if QUICK else 60,
)
for name in NAMES:
    middle = np.median(speed[name])
    print(f"{NAMES[name]:13} AP50 {scores[name]['AP50']:.3f}, AP {scores[name]['AP']:.3f}, "
          f"{1000 * middle:5.1f} ms, {1 / middle:4.0f} pictures a second")  # fmt: skip

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.4, 3.3))
for name, (colour, mark, _) in LOOKS.items():
    low, middle, high = 1000 * np.percentile(speed[name], (25, 50, 75))
    left.plot(middle, scores[name]["AP"], mark, color=colour, markersize=9, label=NAMES[name])
    left.plot((low, high), (scores[name]["AP"],) * 2, color=colour)
    operations = sum(counts[name].values()) / 1e6
    right.plot(operations, middle, mark, color=colour, markersize=9, label=NAMES[name])
left.set(xlabel="milliseconds a picture (middle half)", ylabel="AP")
left.set_xlim(left=0)
left.set_title("speed against accuracy", fontsize=10)
right.set(xlabel="million multiply-adds", ylabel="milliseconds")
right.set_xlim(0, 1.15 * max(sum(parts.values()) / 1e6 for parts in counts.values()))
right.set_ylim(0, 1150 * max(np.median(values) for values in speed.values()))
right.set_title("what was counted, and what it takes", fontsize=10)
for axes in (left, right):
    axes.legend(frameon=False)
plt.show()

# %% [markdown]
# After so little training SSD is ahead, and Faster R-CNN is not the most accurate: the other two
# find the digits, but still confuse their classes (section 7). With the recipes' ten minutes each
# ([docs/results.md](../docs/results.md)) Faster R-CNN has an AP of 0.841, SSD 0.825 and YOLO
# 0.635, and AP50s of 0.964, 0.968 and 0.953. *Who is best depends on the budget*: say it,
# whenever you compare.
#
# The right picture says why one measures: time does not follow multiplications alone. NMS,
# choosing proposals and reading regions cost time and no multiplications, and many small layers
# cost more than one large one.
#
# ## 6. Luck, or a difference?
#
# 200 test pictures are a sample. Other 200 would give other APs. How much other? Draw 200 *from
# these*, with repetition, and score again; 300 times. This is the bootstrap. The two detectors
# are scored on the *same* draw: a hard picture is hard for both, so their difference moves less
# than each of them.


# %%
def interval(values, share=0.95):
    """Return (low, high): the middle ``share`` of the values."""
    raise NotImplementedError


check_blank(
    interval,
    ((np.arange(101.0), 0.9), (5.0, 95.0), "the middle 90 % of 0, 1, ..., 100"),
    (
        (np.array([3.0, 1.0, 2.0]), 0.0),
        (2.0, 2.0),
        "the middle alone: the median, whatever the order",
    ),
    hint="np.percentile with 100 * (1 - share) / 2 and 100 minus it",
)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def interval(values, share=0.95):
#     edge = 100 * (1 - share) / 2
#     low, high = np.percentile(values, (edge, 100 - edge))
#     return float(low), float(high)
# ```
#
# </details>

# %%
ROUNDS = 5 if QUICK else 300
collected = {name: MeanAveragePrecision(len(classes)) for name in NAMES}
for name in NAMES:
    collected[name].update(truths, answers[name])
outcomes = {name: collected[name].outcomes() for name in NAMES}
drawing = np.random.default_rng(0)
again = {name: [] for name in NAMES}
for _ in range(ROUNDS):
    chosen = drawing.integers(len(pictures), size=len(pictures))
    times = np.bincount(chosen, minlength=len(pictures))  # how often each picture was drawn
    for name in NAMES:
        again[name].append(outcomes[name].ap50(times))
again = {name: np.array(values) for name, values in again.items()}
for name in NAMES:
    same(outcomes[name].ap50(), scores[name]["AP50"], err_msg="each picture once is AP50 itself")
    low, high = np.percentile(again[name], (2.5, 97.5))
    words = f"AP50 {scores[name]['AP50']:.3f}, with other pictures {low:.3f} to {high:.3f}"
    print(f"{NAMES[name]:13} {words}")
for name in ("ssd", "yolo"):
    low, high = np.percentile(again["faster_rcnn"] - again[name], (2.5, 97.5))
    words = "decided" if low * high > 0 else "not decided by these pictures"
    print(f"Faster R-CNN - {NAMES[name]:5} {low:+.3f} to {high:+.3f}: {words}")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.4, 2.9))
for name, (colour, _, line) in LOOKS.items():
    left.hist(
        again[name],
        20,
        histtype="step",
        color=colour,
        linestyle=line,
        linewidth=1.8,
        label=NAMES[name],
    )
left.set(xlabel="AP50 of drawn pictures", ylabel="draws")
for name in ("ssd", "yolo"):
    colour, _, line = LOOKS[name]
    label = f"Faster R-CNN - {NAMES[name]}"
    right.hist(
        again["faster_rcnn"] - again[name],
        20,
        histtype="step",
        color=colour,
        linestyle=line,
        linewidth=1.8,
        label=label,
    )
right.axvline(0, color=INK, linewidth=0.8)
right.set(xlabel="difference on the same pictures")
for axes in (left, right):  # above the curves, not over them
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8)
plt.show()

# %% [markdown]
# Only seeds are missing: another random start gives another network, and that moves AP, too. The
# claims in [docs/results.md](../docs/results.md) have three seeds each.
#
# ## 7. How they err
#
# One number hides how. We take of each detector as many of its surest boxes as there are objects,
# and sort the wrong ones: the place is wrong (IoU 0.1 to 0.5), the class, both, a second box for
# one object, or there is nothing. **Write down** which kind YOLO has most, with its coarse grid.

# %%
objects = sum(len(truth["labels"]) for truth in truths)
KINDS = ("localization", "confusion", "both", "duplicate", "background")
mistakes = {}
for name, found in answers.items():
    ordered = np.sort(np.concatenate([one["scores"] for one in found]))[::-1]
    least = ordered[min(objects, len(ordered)) - 1] if len(ordered) else 1.0
    kinds = error_types(truths, found, score_threshold=float(least))
    mistakes[name] = {kind: getattr(kinds, kind) for kind in KINDS}
    words = ", ".join(f"{kind} {number}" for kind, number in mistakes[name].items())
    print(f"{NAMES[name]:13} correct {kinds.correct} of {objects}; {words}")

# %% jupyter={"source_hidden": true}
_, (left, right) = viz.subplots(1, 2, figsize=(9.6, 3.2))
at = np.arange(len(KINDS))
for shift, (name, (colour, _, _)) in zip((-0.27, 0, 0.27), LOOKS.items(), strict=True):
    left.bar(at + shift, list(mistakes[name].values()), 0.25, color=colour, label=NAMES[name])
left.set_xticks(at, ["place", "class", "both", "duplicate", "nothing there"], fontsize=8)
left.set_title("mistakes among the surest boxes", fontsize=10)
for name, (colour, mark, line) in LOOKS.items():
    precision = scores[name].precision[:, :, :, 0, -1]  # (10, 101, K)
    each = [float(part[part > -1].mean()) for part in precision]
    right.plot(
        np.linspace(0.5, 0.95, 10),
        each,
        color=colour,
        marker=mark,
        linestyle=line,
        markersize=4,
        label=NAMES[name],
    )
right.set(xlabel="IoU that is asked for", ylabel="average precision")
right.set_title("average precision at each IoU", fontsize=10)
for axes in (left, right):
    axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 8. The dial
#
# A detector is not one point: it has dials. Faster R-CNN's is how many proposals are looked at
# again. **Write down** what 10 proposals, not 100, will cost in AP50, and save in time. (A scene
# has about four digits.)

# %%
DIAL = (3, 100) if QUICK else (3, 5, 10, 30, 100)
model, kept = models["faster_rcnn"], models["faster_rcnn"].rpn.post_nms_top_n


def with_proposals(most, picture):
    """Look at a picture with at most so many proposals."""
    model.rpn.post_nms_top_n = (kept[0], most)
    return look(model, picture)


def call_with(most):
    """Return what looks at one of the pictures: for `turns`."""
    return lambda number: with_proposals(most, pictures[number % len(pictures)][0])


spent, dial = turns({most: call_with(most) for most in DIAL}, 3 if QUICK else 60), []
for most in DIAL:
    found = [with_proposals(most, picture) for picture, _ in pictures]
    dial.append((1000 * np.median(spent[most]), figures_of(found)["AP50"]))
    print(f"{most:3} proposals: AP50 {dial[-1][1]:.3f}, {dial[-1][0]:.1f} ms")
model.rpn.post_nms_top_n = kept

# %% jupyter={"source_hidden": true}
_, axes = viz.subplots(1, 1, figsize=(7.4, 3.2))
axes.plot(*np.transpose(dial), color=ORANGE, marker="s", label="Faster R-CNN, fewer proposals")
for place, ((x, y), most) in enumerate(zip(dial, DIAL, strict=True)):
    offset, side = ((8, -3), "left") if place % 2 else ((-8, -3), "right")  # neighbours lie close
    if most > 10:  # there the line runs to the right
        offset, side = (0, 7), "center"
    words = {"textcoords": "offset points", "fontsize": 8, "color": INK, "ha": side}
    axes.annotate(str(most), (x, y), offset, **words)
for name in ("ssd", "yolo"):
    colour, mark, _ = LOOKS[name]
    axes.plot(
        1000 * np.median(speed[name]),
        scores[name]["AP50"],
        mark,
        color=colour,
        markersize=9,
        label=NAMES[name],
    )
axes.set(xlabel="milliseconds a picture", ylabel="AP50")
axes.set_xlim(left=0)
axes.set_ylim(0.4, 1)
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
plt.show()

# %% [markdown]
# So "Faster R-CNN is slower" depends on a number that somebody chose. Compare *curves*, where you
# can.
#
# *A point far off the curve is a fault, of the measurement or of the program: measure again, and if
# it stays, look for it.*
#
# ## 9. Five patients: unfair comparisons
#
# Each of these is done all the time. Each changes one thing in the comparison above. **Write
# down** for each in whose favour, and how much.

# %%
name = "ssd"
right_way = scores[name]["AP50"]
sure = [{key: value[one["scores"] >= 0.5] for key, value in one.items()} for one in answers[name]]
easy = [i for i, truth in enumerate(truths) if len(truth["labels"]) <= 3]
half = slice(0, len(pictures) // 2)
eight = [picture for picture, _ in pictures[:8]]


def batch_seconds(number):
    """Look at eight pictures at once."""
    with no_grad():
        models[name].eval()(eight)


fair = turns(
    {"one": lambda number: look(models[name], eight[0]), "eight": batch_seconds}, 3 if QUICK else 20
)
cold = fresh(name)[0]
start = time.perf_counter()
look(cold, pictures[0][0])
first_call = time.perf_counter() - start
per_picture = 1000 * np.median(fair["eight"]) / 8
few = figures_of([answers[name][i] for i in easy], [truths[i] for i in easy])["AP50"]
other = figures_of(answers[name][half], truths[half])["AP50"]
print(f"as it should be              AP50 {right_way:.3f}, {1000 * np.median(fair['one']):.1f} ms")
print(f"A  only boxes above 0.5      AP50 {figures_of(sure)['AP50']:.3f}")
print(f"B  pictures of few objects   AP50 {few:.3f}")
print(f"C  half of the test pictures AP50 {other:.3f}")
print(f"D  eight pictures at once    {per_picture:.1f} ms a picture")
print(f"E  the first call            {1000 * first_call:.1f} ms")

# %% [markdown]
# <details><summary>What they do</summary>
#
# - **A**: AP looks at the whole list, from sure to unsure. Cutting it takes recall away, and
#   costs whoever is unsure of right boxes. Many programs cut at 0.5 for pictures to look at, and
#   then score.
# - **B**: other test pictures are another exam. "We tested on the simple part" is rarely written
#   down.
# - **C**: the same by accident: half of the pictures. The interval of section 6 says how far it
#   may be.
# - **D**: a batch shares launches, so the time per picture falls; a camera gives one picture at a
#   time. Papers' pictures a second are often those of a batch.
# - **E**: the first call pays for tables and memory. A single measurement measures that.
#
# Not shown: one detector trained longer, with more augmentation, or tuned on the test pictures.
# That is the most frequent one, and no measurement finds it: only a budget that is written down
# does.
#
# </details>
#
# **Try it:** does patient A harm Faster R-CNN as much? Change `name = "ssd"` to `name =
# "faster_rcnn"`.
#
# <details><summary>What happens</summary>
#
# Less or more, by how its scores lie: what counts is not that they are high, but how many right
# boxes score below 0.5. This is why AP does not depend on the scores themselves, only on their
# order.
#
# </details>
#
# ## Summary
#
# 1. Fair: the same data, trunk, budget in seconds, test pictures, machine, and rules of scoring.
# 2. Multiply-adds can be counted beforehand. Time is more: small layers, NMS, regions.
# 3. Warm up, take turns, compare round by round, use medians.
# 4. AP of 200 pictures is a sample. A bootstrap over pictures, paired, says whether a difference
#    is one.
# 5. Seeds are another source of luck.
# 6. Kinds of mistakes say what to mend: places, classes, duplicates.
# 7. How far apart detectors are depends on the IoU that is asked for: look at the whole curve.
# 8. A detector has dials; compare curves.
# 9. Cutting at a score, other pictures, batches and first calls make comparisons unfair.
# 10. `minidet compare --data digits` does it all.
#
# | term | section | builds on |
# |---|---|---|
# | multiply-adds | 2 | [02](02_convolution.ipynb) |
# | budget | 4 | training: [06](06_fcn.ipynb) |
# | bootstrap, paired | 6 | AP: [11](11_region_proposals.ipynb) |
# | kinds of mistakes | 7 | IoU: [08](08_classification_and_localization.ipynb) |
# | dial | 8 | proposals: [14](14_faster_rcnn.ipynb) |
#
# ## Questions
#
# **1.** A paper reports 45 pictures a second with a batch of 32. You have a camera. What do you
# ask?
#
# <details><summary>Answer</summary>
#
# How long one picture takes, alone, from pixels to boxes, with NMS. It may be several times
# longer than 1 / 45 seconds.
#
# </details>
#
# **2.** Two detectors have AP50 0.91 and 0.92 on 100 pictures. Which do you take?
#
# <details><summary>Answer</summary>
#
# The faster one, unless the paired bootstrap says that 0.01 is more than luck. With 100 pictures it
# rarely is.
#
# </details>
#
# **3.** Why is the difference's interval narrower than those of the two APs?
#
# <details><summary>Answer</summary>
#
# Both look at the same pictures. If a draw holds many hard ones, both APs fall, and the
# difference stays.
#
# </details>
#
# **4.** Is "equal epochs" fair?
#
# <details><summary>Answer</summary>
#
# It is a budget, too: of pictures, not of time. Where pictures are rare and machines are not, it
# is the better one. Say which one you mean.
#
# </details>
#
# ## What to read next
#
# - `minidet compare --data shapes`, and its page; [docs/results.md](../docs/results.md).
# - J. Huang and others, *Speed/accuracy trade-offs for modern convolutional object detectors*,
#   CVPR 2017, [arXiv:1611.10012](https://arxiv.org/abs/1611.10012): the same question, with many
#   dials.
# - D. Hoiem, Y. Chodpathumwan, Q. Dai, *Diagnosing error in object detectors*, ECCV 2012.
