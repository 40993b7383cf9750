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
# # The story on one page
#
# What is in this picture, and where? There are many ways to ask, and each has a paper that answered
# it. Here is one picture, and all the questions; every answer comes from a small network that this
# page itself trains. Then the papers in their order: what each changed, and what it gave when we
# repeated it. Then a door to each of the other notebooks.
#
# |  |  |
# |---|---|
# | **Time** | reading: 20 minutes; doing: 25 |
# | **You need** | nothing: read this page first, or last |
# | **Good to know** | what a convolution is ([02](02_convolution.ipynb)) |
# | **You do not need** | a graphics card, or a download: all cells run for two or three minutes |
#
# **At the end you can say**
# - what differs in the answers: labels, one box, joints, proposals, boxes, masks;
# - which of these one network can give at once;
# - in which order the ideas came, and which part of the one before each of them replaced;
# - which notebook you want to open next.
#
# Where a sentence says **write down**, do so before you run the next cell: it has the answer.

# %%
import json
import os
import pathlib
import time

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.patches import Patch
from tqdm.auto import tqdm

import minidet
from minidet import no_grad, optim, tensor, viz
from minidet.data import FigurePoses, ShapeScenes
from minidet.data.largest_object import largest
from minidet.data.transforms import PersonCrop
from minidet.metrics import (
    PCK,
    ConfusionMatrix,
    LocalizationAccuracy,
    MeanAveragePrecision,
    proposal_recall,
)
from minidet.models import HeatmapPose, Localizer, MaskRCNN, UNet
from minidet.nn import functional as F
from minidet.ops import nms, selective_search
from minidet.viz.page import BLUE, GREEN, INK, ORANGE
from minidet.viz.sketch import canvas

QUICK = os.environ.get("MINIDET_QUICK", "0") not in ("", "0")  # less training: does every cell run?
viz.use_style()

# %% [markdown]
# ## 1. One picture, all questions
#
# Generated scenes: circles, stars, and people made of sticks. They hide one another, and
# colour and texture say nothing about the class. The picture that we follow is the first held-out
# scene that has three objects or more, a person with all fourteen joints inside, and an object that
# others hide in part. No network has a say in this choice.

# %%
CLASSES, SIZE = ("circle", "star", "person"), 64
K, PERSON = 1 + len(CLASSES), 1 + CLASSES.index("person")
OPTIONS = {"size": SIZE, "classes": CLASSES, "objects": (2, 4)}
scenes = ShapeScenes("train", length=24 if QUICK else 2000, **OPTIONS)
people = FigurePoses("train", SIZE, length=24 if QUICK else 800)
held = ShapeScenes("test", length=200, **OPTIONS)


def fits(target):
    """Tell whether a scene has all that this page asks for."""
    whole = (target["keypoints"][..., 2] > 0).all(1)  # of each object: shapes have no joints
    return len(whole) >= 3 and whole.sum() == 1 and (target["occlusion"] > 0.05).any()


suitable = [i for i in range(len(held)) if fits(held[i][1])]
image, truth = held[suitable[0]]
print(f"held-out scene {suitable[0]}, {SIZE} x {SIZE} pixels; drawn later, seen in front:")
for label, box, hidden in zip(*(truth[k] for k in ("labels", "boxes", "occlusion")), strict=True):
    print(f"  {held.classes[label]:7} {box.astype(int)}, {hidden:.0%} hidden")


# %% jupyter={"source_hidden": true}
def put(axes, picture, title=""):
    """Show a painted picture (H, W, 3) without ticks."""
    axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=9)


def painted(image, target, names=None):
    """Return an image with boxes, and the masks a target has, at three times its size."""
    return viz.overlay_objects(image, target, names, min_side=3 * SIZE)


_, grid = viz.subplots(1, 6, figsize=(9.6, 1.8))
for axes, number in zip(grid, suitable[:6], strict=True):
    put(axes, viz.as_picture(held[number][0]), f"scene {number}")
plt.show()

# %% [markdown]
# Four networks will do; **write down** which of the six answers (labels for pixels, one box and its
# class, joints, proposals, boxes, masks) come from the same one.
#
# - **U-Net** gives each pixel a class ([07](07_segnet_and_unet.ipynb)).
# - **Localizer**: one trunk, two heads, the class and the box of the largest object
#   ([08](08_classification_and_localization.ipynb)).
# - **HeatmapPose**: a map for each joint, in a square around one person ([10](10_pose.ipynb)).
# - **Mask R-CNN**: proposals, then boxes and classes, then masks ([19](19_mask_rcnn.ipynb)).
#
# One function trains them all. All that differs is what a batch has to look like, and what the
# network says about it: a dict of losses.

# %%
minidet.manual_seed(0)
unet = UNet(K, width=12)
localizer = Localizer(K, "vgg11_bn_0375", stride=16, box_weight=4.0)
pose = HeatmapPose(14, "vgg11_bn_0375", width=32)
mask_rcnn = MaskRCNN(
    K, "vgg11_bn_0375", strides=(4,), anchor_sizes=((14, 22, 36),), aspect_ratios=(0.6, 1.0, 1.7),
    proposals=(100, 40), allowed_border=32.0, rois_per_image=24, width=96, mask_layers=(32, 32),
)  # fmt: skip


def some(target, *names):
    """Return these entries of a target."""
    return {name: target[name] for name in names}


def one_object(target):
    """Return the box and label of the largest object."""
    row = largest(target)
    return {name: target[name][row] for name in ("boxes", "labels")}


def unet_losses(images, targets):
    """Cross-entropy of every pixel."""
    labels = np.stack([target["semantic"] for target in targets])
    return {"pixels": F.cross_entropy(unet(tensor(np.stack(images))), labels)}


LOSSES = {
    "U-Net": unet_losses,
    "Localizer": lambda x, y: localizer(tensor(np.stack(x)), [one_object(t) for t in y]),
    "HeatmapPose": pose,
    "Mask R-CNN": lambda x, y: mask_rcnn(x, [some(t, "boxes", "labels", "masks") for t in y]),
}


def learn(name, network, samples, steps, batch, lr):
    """Train a network on batches drawn from a list of (image, target); say what it took."""
    begun, rng, course = time.perf_counter(), np.random.default_rng(0), []
    steps = 3 if QUICK else steps
    optimizer = optim.AdamW(network.train().parameters(), lr=lr)
    schedule = optim.CosineAnnealingLR(optimizer, steps)
    for _ in tqdm(range(steps), desc=name, leave=False):
        drawn = rng.choice(len(samples), min(batch, len(samples)), replace=False)
        images, targets = zip(*(samples[i] for i in drawn), strict=True)
        losses = list(LOSSES[name](list(images), list(targets)).values())
        total = sum(losses[1:], start=losses[0])
        optimizer.zero_grad()
        total.backward()
        optim.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        course.append(total.item())
    network.eval()
    few, seconds = max(1, steps // 10), time.perf_counter() - begun
    ends = f"loss from {np.mean(course[:few]):.2f} to {np.mean(course[-few:]):.2f}"
    print(f"{name:11} {steps:3} steps of {batch:2}: {ends}, {seconds:.0f} s")


# %%
drawn_scenes = [scenes[i] for i in range(len(scenes))]  # drawn once: each is seen more than once
drawn_people = [people[i] for i in range(len(people))]
learn("U-Net", unet, drawn_scenes, 280, 8, 3e-3)
learn("Localizer", localizer, drawn_scenes, 440, 8, 3e-3)
learn("HeatmapPose", pose, drawn_people, 320, 8, 3e-3)
learn("Mask R-CNN", mask_rcnn, drawn_scenes, 560, 6, 2e-3)

# %% [markdown]
# Now the answers. A pose network sees one person: somebody has to say where. The papers of its time
# take the true box of the person, and so do we; the joints that it finds in its square are brought
# back to the picture. Of Mask R-CNN we take its proposals, and what it makes of them.

# %%
CROP = PersonCrop(SIZE)


def joints_of(image, box):
    """Return the joints (1, 14, 3) of the person in a box, in the image's pixels."""
    target = {"boxes": box[None], "labels": np.ones(1, np.int64)}
    found = pose(tensor(CROP(image, target)[0][None]))[0]["keypoints"].numpy().copy()
    step = max(box[2:] - box[:2]) * CROP.margin / SIZE
    found[..., :2] = found[..., :2] * step + (box[:2] + box[2:]) / 2 - step * SIZE / 2
    return found


def sure(answer, least=0.4):
    """Return the surest detection of each place, as arrays, without its score."""
    kept = nms(answer["boxes"], answer["scores"], 0.5).numpy()  # of all classes together
    kept = kept[answer["scores"].numpy()[kept] >= least]
    return {name: value.numpy()[kept] for name, value in answer.items() if name != "scores"}


def answers_to(image, target):
    """Return what the four networks, and selective search, say about an image."""
    with no_grad():
        batch = tensor(image[None])
        person = target["boxes"][target["labels"] == PERSON]
        return {
            "labels": unet(batch).numpy()[0].argmax(0),
            "one": localizer(batch)[0],
            "joints": np.concatenate([joints_of(image, box) for box in person]),
            "searched": selective_search(image, "fast", rng=np.random.default_rng(0)).numpy(),
            "proposals": mask_rcnn.propose([image])[0],
            "objects": mask_rcnn([image])[0],
        }


answers = answers_to(image, truth)
SHOWN = 12
#: Of classes, as boxes have them.
COLOUR = [viz.page.colour(k) for k in range(K)]
PALETTE = np.array([[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in COLOUR], np.uint8)


def panels(image, said):
    """Return the pictures of the story: a title, and what is painted."""
    names, objects = held.classes, sure(said["objects"])
    large = viz.as_picture(image).repeat(3, 0).repeat(3, 1)
    labels = said["labels"].repeat(3, 0).repeat(3, 1)
    clouds = viz.overlay_labels(as_image(large), labels, PALETTE, 0.65)
    one = {name: said["one"][name].numpy() for name in ("boxes", "labels")}
    joints = said["joints"] * [3, 3, 1]
    return {
        "the picture": large,
        "labels for pixels": np.where(labels[..., None] > 0, clouds, large),
        "one box, one class": painted(image, one, names),
        "joints of people": viz.overlay_joints(as_image(large), {"keypoints": joints}),
        "proposals: search": painted(image, {"boxes": said["searched"][:SHOWN]}),
        "proposals: network": painted(image, {"boxes": said["proposals"][:SHOWN]}),
        "boxes": painted(image, some(objects, "boxes", "labels"), names),
        "masks": painted(image, some(objects, "boxes", "labels", "masks"), names),
    }


def as_image(picture):
    """Return a picture uint8 (H, W, 3) as (3, H, W) in [0, 1]."""
    return picture.transpose(2, 0, 1).astype(np.float32) / 255


def legend(figure):
    """Say which colour of labels and boxes is which class."""
    pairs = list(zip(COLOUR, held.classes, strict=True))[1:]
    patches = [Patch(facecolor=c, edgecolor=INK, label=name) for c, name in pairs]
    figure.legend(handles=patches, loc="outside lower center", ncols=4)


# %% jupyter={"source_hidden": true}
figure, grid = viz.subplots(2, 4, figsize=(9.6, 5.5))
for number, (axes, (title, picture)) in enumerate(
    zip(grid.ravel(), panels(image, answers).items(), strict=True)
):
    put(axes, picture, f"{number + 1}  {title}")
legend(figure)
plt.show()

# %% [markdown]
# From left to right, what a question costs and gives:
#
# 1. the picture;
# 2. **labels**: each pixel has a class, but two circles that touch are one region;
# 3. **one box**: what and where, for exactly one object;
# 4. **joints**: numbers again, fourteen points of each person whose box is given (blue is the
#    person's left);
# 5. **proposals** from outside: the first 12 boxes of selective search, which has learnt nothing;
# 6. **proposals** from the network: its first 12;
# 7. **boxes** and classes, for any number of objects;
# 8. **masks**, each in a colour of its own: a box *and* its pixels. Two circles that touch are two.
#
# 6, 7 and 8 come from one network. The trainings are short, so look for mistakes: they are real.
#
# One picture proves nothing. **Write down** the order of difficulty, then see 60 held-out scenes.

# %%
shown = [held[i] for i in range(4 if QUICK else 60)]
matrix, placed, joints = ConfusionMatrix(K), LocalizationAccuracy(K), PCK(14)
boxes, masks = MeanAveragePrecision(K), MeanAveragePrecision(K, "segm")
proposed, searched = [], []
for picture, target in shown:
    with no_grad():
        matrix.update(target["semantic"], unet(tensor(picture[None])).numpy()[0].argmax(0))
        placed.update([one_object(target)], localizer(tensor(picture[None])))
        found = mask_rcnn([picture])[0]
        proposed.append(mask_rcnn.propose([picture])[0][:40])
    searched.append(selective_search(picture, "fast", rng=np.random.default_rng(0)).numpy()[:40])
    boxes.update([some(target, "boxes", "labels")], [some(found, "boxes", "labels", "scores")])
    masks.update([some(target, "boxes", "labels", "masks")], [found])
test_people = FigurePoses("test", SIZE, length=len(shown))
for picture, target in (test_people[i] for i in range(len(test_people))):
    joints.update(target["keypoints"], pose(tensor(picture[None]))[0]["keypoints"])
objects = [some(target, "boxes") for _, target in shown]
print(f"labels for pixels     mIoU {matrix.mean_iou:.2f}")
print(f"one box, one class    both right {placed.localization_accuracy:.0%}")
print(f"joints                within 0.2 torsos {joints.mean:.0%}")
print(f"40 proposals, search  recall {proposal_recall(searched, objects):.0%}")
print(f"40 proposals, network recall {proposal_recall(proposed, objects):.0%}")
print(f"boxes                 AP50 {boxes.compute()['AP50']:.2f}")
print(f"masks                 AP50 {masks.compute()['AP50']:.2f}")

# %% [markdown]
# The networks have seen two to four thousand pictures each; `minidet train` shows them many times
# as many ([results](../docs/results.md)). One box for a picture is the worst here: with several
# objects, the network first has to find out which is the largest. Proposals come first: the
# network's 40 find more objects than the search's 40, but they have learnt these classes. Masks
# are harder than boxes: one that is too small fails, although its box is right.
#
# And four of the questions on the next two suitable scenes, whatever came out. (The picture at the
# top of the repository's page is of networks that were trained for three to ten minutes each:
# `python -m benchmarks.story --help`.)

# %% jupyter={"source_hidden": true}
TASKS = ("labels for pixels", "joints of people", "boxes", "masks")


def draw_tasks(numbers):
    """Draw four tasks, a row for each of these held-out scenes."""
    figure, grid = viz.subplots(len(numbers), len(TASKS), figsize=(9.6, 0.3 + 2.45 * len(numbers)))
    for line, (row, number) in enumerate(zip(grid, numbers, strict=True)):
        made = panels(held[number][0], answers_to(*held[number]))
        for axes, task in zip(row, TASKS, strict=True):
            put(axes, made[task], "" if line else task)
    legend(figure)
    plt.show()


draw_tasks(suitable[1:3])

# %% [markdown]
# ## 2. The papers, in their order
#
# **Write down** for each of R-CNN, Fast R-CNN and Faster R-CNN the part that the next one replaced.

# %%
PAPERS = (
    (2011, "selective search", "where", "boxes from segments, not from a sliding window"),
    (2013, "OverFeat", "where", "all windows at once, by convolutions; a head that says a box"),
    (2014, "R-CNN", "where", "a network looks at each proposal"),
    (2014, "DeepPose", "joints", "joints by regression, then a second look"),
    (2015, "FCN", "pixels", "fully connected layers become convolutions: labels for all pixels"),
    (2015, "DeconvNet", "pixels", "a deep decoder, which unpools to remembered places"),
    (2015, "SegNet", "pixels", "only the places are remembered: lighter"),
    (2015, "U-Net", "pixels", "features themselves are copied across"),
    (2015, "Fast R-CNN", "where", "one look at the picture; regions pooled from its map; one loss"),
    (2015, "Faster R-CNN", "where", "the network proposes the regions, too"),
    (2016, "YOLO", "where", "no regions: a grid of cells says all boxes"),
    (2016, "SSD", "where", "no regions: default boxes on several maps; hard negatives"),
    (2017, "FPN", "where", "fine maps get to know what coarse ones know"),
    (2017, "Mask R-CNN", "where", "a mask for each box; nothing is rounded on the way"),
)  # the year in which it was first shown: OverFeat as a preprint, the others at a conference
COLOURS = {"pixels": GREEN, "joints": ORANGE, "where": BLUE}


def draw_timeline():
    """Draw a column for each year, a block for each paper."""
    years = range(2011, 2018)
    axes = canvas(9.6, 3.9, (-0.52, 6.52), (-0.75, 6.6))
    for place, year in enumerate(years):
        axes.text(place, -0.45, str(year), ha="center", va="center", fontsize=10, color=INK)
        here = [row for row in PAPERS if row[0] == year]
        for height, (_, name, kind, _) in enumerate(here):
            ground = {"boxstyle": "round,pad=0.35", "facecolor": COLOURS[kind], "edgecolor": "none"}
            style = {"fontsize": 8, "ha": "center", "color": "white", "weight": "bold"}
            axes.text(place, height + 0.35, name, va="center", bbox=ground, **style)
    axes.plot((-0.5, 6.5), (-0.15, -0.15), color=INK, lw=1.2)
    words = {"where": "what is where?", "pixels": "which class has each pixel?", "joints": "joints"}
    for row, (kind, text) in enumerate(words.items()):
        axes.text(-0.45, 6.2 - 0.6 * row, text, color=COLOURS[kind], fontsize=10, weight="bold")
    plt.show()


draw_timeline()

# %% [markdown]
# What did each give *here*, with the networks and data of this repository? The figures below are
# read from its result files and from the tables of [docs/results.md](../docs/results.md), which
# commands have written; none is typed here. "Not measured" is what no file says. Figures of
# different rows are comparable only where data and figure are the same.

# %%
DOCS = pathlib.Path(minidet.__file__).parents[1] / "docs"
DIGITS = "AP50 on digit scenes (claims)"
#: What is looked up: words; a file of results and its figure, or the first cells of a table's row
#: and the name of a column.
LOOKED_UP = {
    "selective search": [
        ("recall on shapes", ("shapes, 96 x 96 (50)", "fast"), "recall"),
        ("seconds of the processor", ("shapes, 96 x 96 (50)", "fast"), "CPU seconds"),
    ],
    "OverFeat": [
        ("multiply-adds, window by window / at once, three seeds",
         ("multiply-adds, by itself / at once",), "each seed"),
        (DIGITS, ("sliding window",), "AP50: mean (each seed)"),
    ],
    "R-CNN": [
        (DIGITS, ("R-CNN",), "AP50: mean (each seed)"),
        ("ms a picture", ("R-CNN",), "a picture, ms"),
    ],
    "DeepPose": [
        ("PCK@0.2 on LSPET, regression", "pose_regression-lspet", "PCK@0.2 torso"),
        ("with a second look", "pose_cascade-lspet", "PCK@0.2 torso"),
        ("by heatmaps", "pose-lspet", "PCK@0.2 torso"),
    ],
    "FCN": [("mIoU on CamVid, FCN-8s", ("fcn8s",), "mIoU")],
    "DeconvNet": [("mIoU on CamVid", ("deconvnet",), "mIoU")],
    "SegNet": [("mIoU on CamVid", ("segnet",), "mIoU")],
    "U-Net": [
        ("mIoU on CamVid", ("unet",), "mIoU"),
        ("on a pretrained trunk", "unet-camvid-mobilenet", "mIoU"),
    ],
    "Fast R-CNN": [
        (DIGITS, ("Fast R-CNN",), "AP50: mean (each seed)"),
        ("ms a picture", ("Fast R-CNN",), "a picture, ms"),
    ],
    "Faster R-CNN": [
        (DIGITS, ("Faster R-CNN",), "AP50: mean (each seed)"),
        ("ms a picture", ("Faster R-CNN",), "a picture, ms"),
        ("AP50 on digit scenes, trained longer", "faster_rcnn-digits", "AP50"),
    ],
    "YOLO": [("AP50 on digit scenes, trained longer", "yolo-digits", "AP50")],
    "SSD": [
        ("AP50 on digit scenes, trained longer", "ssd-digits", "AP50"),
        ("AP on BCCD", "ssd-bccd", "AP"),
    ],
    "FPN": [("AP on BCCD, Faster R-CNN with a pyramid", "faster_rcnn-bccd", "AP")],
    "Mask R-CNN": [
        ("mask AP50 on shapes", "mask_rcnn-shapes", "mask AP50"),
        ("mask AP on nuclei", "mask_rcnn-nuclei", "mask AP"),
    ],
}  # fmt: skip


def from_file(name, figure):
    """Return a figure of a file of results, or None if there is none."""
    path = DOCS / "results" / f"{name}.json"
    value = json.loads(path.read_text("utf-8"))["figures"].get(figure) if path.exists() else None
    return None if value is None else f"{value:.3f}"


def from_table(first, column):
    """Return a cell of the page of results: of the first row that begins so and has this column."""
    page, header = DOCS / "results.md", []
    for line in page.read_text("utf-8").splitlines() if page.exists() else ():
        row = [cell.strip() for cell in line.strip("| ").split(" | ")] if line[:1] == "|" else []
        if not header or not row:
            header = row
        elif tuple(row[: len(first)]) == first and column in header:
            return row[header.index(column)]
    return None


def found_here(paper):
    """Return what the repository has measured of a paper's idea, as words."""
    parts = []
    for words, place, figure in LOOKED_UP[paper]:
        value = (from_file if isinstance(place, str) else from_table)(place, figure)
        parts.append(f"{words}: {'not measured' if value is None else value}")
    return "; ".join(parts)


if DOCS.is_dir():
    lines = [f"| {y} | {name} | {what} | {found_here(name)} |" for y, name, _, what in PAPERS]
    head = ["| year | paper | what it changed | what it gave here |", "|---|---|---|---|"]
    display(Markdown("\n".join([*head, *lines])))
else:
    print(f"There is no folder {DOCS}: this is an installed copy, and results come with the")
    print("repository. Without them, the papers and what they changed:")
    for year, name, _, what in PAPERS:
        print(f"  {year}  {name:16}  {what}")

# %% [markdown]
# A mean over three seeds has each of them behind it, in brackets. "Claims" are short trainings,
# about a minute each: they show what is different, not what can be reached. "Trained longer" is
# the recipe of `minidet train`.
#
# R-CNN's slow part is a network that looks at each region: Fast R-CNN looks at the picture once.
# Then the search is slow: Faster R-CNN proposes by itself. What is left is pooling that rounds,
# and a box that says nothing of pixels: Mask R-CNN.
#
# ## 3. The doors
#
# | notebook | afterwards you can | minutes of reading |
# |---|---|---|
# | [01 autograd][01] | differentiate programs; write an operation of your own | 75 |
# | [02 convolution][02] | compute a convolution and both its gradients by hand | 60 |
# | [03 pooling and unpooling][03] | say what pooling loses, and bring some of it back | 75 |
# | [04 transposed convolution][04] | enlarge a map by learning, without a checkerboard | 65 |
# | [05 from a sliding window to a fully convolutional network][05] | label all pixels | 60 |
# | [06 FCN][06] | build FCN-32s, 16s and 8s, and say what each skip brings | 75 |
# | [07 SegNet and U-Net][07] | choose what the way down leaves for the way up | 75 |
# | [08 classification and localisation][08] | train one trunk with two heads | 60 |
# | [09 transfer learning][09] | begin with a trained trunk, and know when it pays | 50 |
# | [10 pose][10] | find fourteen joints by numbers or by heatmaps, and score them | 60 |
# | [11 region proposals][11] | propose boxes by segments, thin them by NMS, measure recall | 50 |
# | [12 R-CNN][12] | build a detector in stages: crops, SVMs, regressors | 60 |
# | [13 Fast R-CNN][13] | pool regions from one map, and send gradients back through it | 90 |
# | [14 Faster R-CNN][14] | make anchors, match them, train all at once | 60 |
# | [15 YOLO][15] | detect with a grid of cells, and say what a grid cannot find | 55 |
# | [16 SSD][16] | detect with default boxes on several maps, and mine hard negatives | 60 |
# | [17 speed against accuracy][17] | compare detectors fairly | 40 |
# | [18 RoIAlign][18] | read a map between its cells, and keep the half pixel | 45 |
# | [19 Mask R-CNN][19] | cut and paste masks, and say what limits them | 60 |
# | [how fast is a convolution?][extra] | make a loop in Python as fast as the machine allows | 70 |
#
# [01]: 01_autograd.ipynb
# [02]: 02_convolution.ipynb
# [03]: 03_pooling_and_unpooling.ipynb
# [04]: 04_transposed_convolution.ipynb
# [05]: 05_from_sliding_window_to_fully_convolutional.ipynb
# [06]: 06_fcn.ipynb
# [07]: 07_segnet_and_unet.ipynb
# [08]: 08_classification_and_localization.ipynb
# [09]: 09_transfer_learning.ipynb
# [10]: 10_pose.ipynb
# [11]: 11_region_proposals.ipynb
# [12]: 12_rcnn.ipynb
# [13]: 13_fast_rcnn.ipynb
# [14]: 14_faster_rcnn.ipynb
# [15]: 15_yolo.ipynb
# [16]: 16_ssd.ipynb
# [17]: 17_speed_against_accuracy.ipynb
# [18]: 18_roi_align.ipynb
# [19]: 19_mask_rcnn.ipynb
# [extra]: extra_how_fast_is_a_convolution.ipynb
#
# Most take two to three times as long with pencil, keyboard and every "Try it".
#
# ## Questions
#
# **1.** Two people stand arm in arm. Which of the eight panels can say that they are two?
#
# <details><summary>Answer</summary>
#
# Boxes and masks. Labels for pixels say "person" for both. One box says one of them. The pose
# network gives joints of one person for each box that it is given: it does not count. Proposals may
# contain both, and a hundred other boxes.
#
# </details>
#
# **2.** Why does nobody compare the mIoU of U-Net with the AP of Mask R-CNN?
#
# <details><summary>Answer</summary>
#
# They answer different questions. mIoU counts pixels by class, over all pictures at once; AP counts
# objects, each with a score, and asks how many of the surest are right. A network can be good at
# one and bad at the other: two circles in one region cost mIoU nothing.
#
# </details>
#
# **3.** What did each paper keep of the one before it, from R-CNN to Mask R-CNN?
#
# <details><summary>Answer</summary>
#
# Fast R-CNN keeps the proposals from outside, and classes and box deltas for each. Faster R-CNN
# keeps all of Fast R-CNN, and replaces the search by a small network. Mask R-CNN keeps all of
# Faster R-CNN but the rounding in the pooling, and adds a head.
#
# </details>
#
# ## What to read next
#
# - Any door. Who begins: [01 autograd](01_autograd.ipynb), then in order. Who comes for detection:
#   [08](08_classification_and_localization.ipynb), [11](11_region_proposals.ipynb), then
#   [12](12_rcnn.ipynb) to [19](19_mask_rcnn.ipynb).
# - [docs/results.md](../docs/results.md): all figures, and the commands that repeat them.
# - [docs/architecture.md](../docs/architecture.md): thirty minutes of reading the code.
