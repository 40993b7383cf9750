"""Claims about Mask R-CNN: what its masks owe to RoIAlign, and to a sigmoid for each class; what boxes owe to masks.

All networks of a seed learn the same scenes of generated shapes (``minidet.data.scenes.shapes``), new in every epoch,
equally many steps, and start from the same backbone, a narrow VGG-11 which has learned to name single shapes. Its map
of stride 4 stands for the paper's of stride 16, and its map of stride 8 for the paper's of stride 32: objects are 14 to
32 pixels wide. One network with all parts is the one side of most claims.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minidet.viz.page import INK, colour

from .detection_tables import mean
from .masks_work import backbone, detector
from .report import Figures, difference, mean_and_each, paragraph, side_by_side, table
from .runs import Run
from .statistics import interval

CLAIM, WHOLE = "masks", "align, stride 4"
SCENES = {"size": 64, "scenes": 480, "test_scenes": 200, "batch_size": 8, "objects": (1, 4),
          "classes": ("circle", "square", "triangle", "star")}  # fmt: skip
TRAINING = {"lr": 2e-3, "weight_decay": 0.02, "warmup_steps": 30, "max_norm": 5.0}
NETWORK = {"backbone": "vgg11_bn_0375"}
BACKBONE = {**SCENES, **TRAINING, **NETWORK, "stride": 8, "scenes": 6400, "batch_size": 64, "epochs": 1, "lr": 4e-3,
            "crop_size": 24, "context": 3}  # fmt: skip
DETECTOR = {**SCENES, **TRAINING, **NETWORK, "stride": 4, "epochs": 10, "mask_args": {"mask_layers": (32, 32)},
            "model_args": {"anchor_sizes": ((14, 20, 30),), "aspect_ratios": (0.6, 1.0, 1.7), "proposals": (100, 50),
                           "allowed_border": 32.0, "rois_per_image": 32, "width": 128}}  # fmt: skip

#: What a variant changes of the settings above; ``model_args`` and ``mask_args`` are added to those above.
VARIANTS = {
    WHOLE: {},
    "pool, stride 4": {"model_args": {"pooling": "pool"}},
    "align, stride 8": {"stride": 8},
    "pool, stride 8": {"stride": 8, "model_args": {"pooling": "pool"}},
    "softmax": {"mask_args": {"mask_loss": "softmax"}},
    "one mask for all classes": {"mask_args": {"class_agnostic_masks": True}},
    "no masks": {"mask_args": None},
}
SCORES = ("mask AP", "mask AP50", "mask AP75", "box AP", "box AP50", "box AP75")


class Gain(NamedTuple):
    """What a score gains from one variant to another."""

    better: str
    worse: str
    score: str


class Claim(NamedTuple):
    """That a gain is above 0; or, with another, above that one. Those with short words stand in the picture."""

    title: str
    published: str
    gain: Gain
    other: Gain | None = None
    short: str = ""


def aligned(stride: int, score: str) -> Gain:
    """Return what RoIAlign gains at a stride."""
    return Gain(f"align, stride {stride}", f"pool, stride {stride}", score)


CLAIMS = (
    Claim("RoIAlign above RoIPool, stride 4, mask AP", "+0.034 (0.269, 0.303; stride 16)", aligned(4, "mask AP"),
          short="RoIAlign, stride 4:\nmask AP"),
    Claim("... mask AP50", "+0.024 (0.488, 0.512)", aligned(4, "mask AP50")),
    Claim("... mask AP75", "+0.051 (0.264, 0.315)", aligned(4, "mask AP75")),
    Claim("... box AP", "", aligned(4, "box AP"), short="box AP"),
    Claim("RoIAlign above RoIPool, stride 8, mask AP", "+0.073 (0.236, 0.309; stride 32)", aligned(8, "mask AP"),
          short="RoIAlign, stride 8:\nmask AP"),
    Claim("... mask AP50", "+0.053 (0.465, 0.518)", aligned(8, "mask AP50")),
    Claim("... mask AP75", "+0.105 (0.216, 0.321)", aligned(8, "mask AP75")),
    Claim("... box AP", "+0.058 (0.282, 0.340)", aligned(8, "box AP"), short="box AP"),
    Claim("RoIAlign's gain in mask AP75 above that in mask AP50, stride 4", "+0.027", aligned(4, "mask AP75"),
          aligned(4, "mask AP50"), "more in AP75 than\nin AP50, stride 4"),
    Claim("... stride 8", "+0.052", aligned(8, "mask AP75"), aligned(8, "mask AP50"),
          "more in AP75 than\nin AP50, stride 8"),
    Claim("... of boxes, stride 4", "", aligned(4, "box AP75"), aligned(4, "box AP50")),
    Claim("... of boxes, stride 8", "+0.069", aligned(8, "box AP75"), aligned(8, "box AP50")),
    Claim("RoIAlign's gain at stride 8 above that at stride 4, mask AP", "+0.039", aligned(8, "mask AP"),
          aligned(4, "mask AP"), "more at stride 8\nthan at 4, mask AP"),
    Claim("... box AP", "", aligned(8, "box AP"), aligned(4, "box AP")),
    Claim("sigmoids above a softmax, mask AP", "+0.055 (0.248, 0.303)", Gain(WHOLE, "softmax", "mask AP"),
          short="sigmoids:\nmask AP"),
    Claim("a mask for each class above one for all, mask AP", "+0.006 (0.297, 0.303)",
          Gain(WHOLE, "one mask for all classes", "mask AP"), short="a mask for each\nclass: mask AP"),
    Claim("with masks above without, box AP", "+0.009 (0.373, 0.382)", Gain(WHOLE, "no masks", "box AP"),
          short="masks: box AP"),
)  # fmt: skip

SMALL = {"size": 48, "scenes": 4, "test_scenes": 2, "batch_size": 2, "epochs": 1}
TINY = {"proposals": (10, 4), "rois_per_image": 8, "width": 8}
TINY_MASKS = {"mask_size": 4, "mask_layers": (4,)}


def plan(seeds, quick: bool = False) -> list[Run]:
    """Return all runs, those that others continue before those others."""
    runs = []
    for seed in seeds:
        first = Run("backbone", "crops", seed, {**BACKBONE, **(SMALL if quick else {})}, backbone, keep=True)
        runs.append(first)
        runs += [Run(CLAIM, name, seed, settings(name, quick), detector, first) for name in VARIANTS]
    return runs


def settings(name: str, quick: bool = False) -> dict:
    """Return all settings of a variant; in quick mode with few and small scenes, and small layers."""
    changes = VARIANTS[name]
    full = {**DETECTOR, **changes, **(SMALL if quick else {})}
    full["model_args"] = {**DETECTOR["model_args"], **changes.get("model_args", {}), **(TINY if quick else {})}
    if full["mask_args"] is not None:
        full["mask_args"] = {**DETECTOR["mask_args"], **full["mask_args"], **(TINY_MASKS if quick else {})}
    return full


def differences(figures: Figures, claim: Claim) -> dict[int, float]:
    """Return {seed: gain}, above another gain where the claim has two, of the seeds that all its variants have."""
    first = gained(figures, claim.gain)
    other = gained(figures, claim.other) if claim.other else dict.fromkeys(first, 0.0)
    return {seed: first[seed] - other[seed] for seed in sorted(first.keys() & other.keys())}


def gained(figures: Figures, gain: Gain) -> dict[int, float]:
    """Return {seed: gain}."""
    better, worse = (figures.of(CLAIM, name, gain.score) for name in (gain.better, gain.worse))
    return {seed: better[seed] - worse[seed] for seed in better.keys() & worse.keys()}


def scores_of(figures: Figures, name: str, score: str) -> dict[int, float]:
    """Return {seed: score} of a variant; nothing for masks where there are none."""
    if VARIANTS[name].get("mask_args", {}) is None and score.startswith("mask"):
        return {}
    return figures.of(CLAIM, name, score)


def tables(figures: Figures) -> str:
    """Format what the finished runs say, as Markdown."""
    head = f"""{len(figures.records)} of {figures.planned} runs are finished. Differences are paired: all networks of a
seed see the same scenes, and start from the same backbone. Both sides of a gain start with the same weights, but for
the layers after the mask head's convolutions where one mask is for all classes.
Intervals are Student's, 95 %. Three seeds make them wide, 4.3 standard errors each way. A claim *shows* where the whole
interval lies above 0; it is the *opposite* where all of it lies below; else it *does not show at this scale*."""
    if not figures.records:
        return paragraph(head)
    about = f"""Scenes of one to four shapes, {len(SCENES["classes"])} classes: {", ".join(SCENES["classes"])}; new ones
in every epoch; {SCENES["test_scenes"]} others to be scored on. What all start from names
{mean(figures.of("backbone", "crops", "accuracy"))} of single held-out shapes. Detectors: {figures.about(CLAIM)}."""
    what = f"""*{WHOLE}* is Mask R-CNN as in the paper: RoIAlign for boxes and for masks, on the backbone's map of
stride 4; a sigmoid for each class. A variant is the same network but for one part, or two: *pool*, RoI pooling for
both; *stride 8*, on the next map of the backbone; *softmax*, classes compete for each bin of a mask; *one mask for all
classes*; *no masks*, Faster R-CNN. Published: AP on COCO's images, of ResNet-50 (Tables 2b, c and d, section 4.1), and
of ResNet-101 with a pyramid for what boxes gain (Table 3)."""
    picture = "![Mask AP and box AP of each network; what each part gains](images/claims_masks.svg)"
    rows = [[name, *(mean_and_each(scores_of(figures, name, score)) for score in SCORES)] for name in VARIANTS]
    networks = table(["network", *(f"{score}: mean (each seed)" for score in SCORES)], rows)
    claims = [[claim.title, claim.published, *difference(interval(differences(figures, claim).values()))]
              for claim in CLAIMS]  # fmt: skip
    verdicts = table(["claim", "published", "here", "95 % interval", "verdict"], claims)
    return "\n\n".join([paragraph(head), picture, paragraph(about), paragraph(what), networks, verdicts])


def draw(figures: Figures):
    """Draw the APs of every network, and the intervals of the main claims; return a figure."""
    return side_by_side(figures, draw_scores, draw_claims, 4.2)


def draw_scores(figures: Figures, ax) -> None:
    """Draw a point for each seed, and the mean of each network, a row each; boxes below masks."""
    for number, (score, marker) in enumerate((("mask AP", "o"), ("box AP", "s"))):
        for row, name in enumerate(VARIANTS):
            scores, at = list(scores_of(figures, name, score).values()), row + 0.24 * number - 0.12
            ax.plot(scores, [at] * len(scores), marker, color=colour(number), alpha=0.5, markersize=4)
            if scores:
                ax.plot([np.mean(scores)], [at], marker, color=colour(number), markersize=8, fillstyle="none")
        ax.plot([], [], marker, color=colour(number), label=score)
    ax.set_yticks(range(len(VARIANTS)), [name.replace(" for all", "\nfor all") for name in VARIANTS])
    ax.set(title="scores", xlabel="AP: each seed, and the mean", ylim=(-0.6, len(VARIANTS) - 0.4), xlim=(0, None))
    ax.legend(frameon=False, labelcolor=INK, fontsize=8)


def draw_claims(figures: Figures, ax) -> None:
    """Draw the differences of the seeds, their mean and its interval, a row for each of the main claims."""
    drawn, ink = [claim for claim in CLAIMS if claim.short], colour(2)
    for row, claim in enumerate(drawn):
        each = list(differences(figures, claim).values())
        around = interval(each)
        ax.plot(each, [row] * len(each), "o", color=ink, alpha=0.5, markersize=4)
        if around.count > 1:
            ax.plot([around.low, around.high], [row, row], color=ink, linewidth=1.5)
            ax.plot([around.mean], [row], "o", color=ink, markersize=8, fillstyle="none")
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(drawn)), [claim.short for claim in drawn])
    ax.set(title="what a part gains", xlabel="difference of AP: mean, 95 % interval", ylim=(-0.6, len(drawn) - 0.4))
