"""Claims about SSD and YOLO: what is lost when one of their parts is taken away.

All networks of a seed learn the same scenes of handwritten digits (``minidet.data.scenes.digits``), all of a kind
equally many steps, and start from the same backbone, made as the chapter on detection makes its own: a narrow VGG-11
up to its map of stride 4, which has learned to name single digits. Scenes are the same in every epoch, so that
augmentation has something to add. SSD's maps have strides 4, 8 and 16; the coarsest has default boxes that are larger
than any digit of a scene as it is, for augmentation makes some as large.
"""

from __future__ import annotations

import numpy as np

from minidet.viz.page import INK, colour

from .detection_tables import mean
from .detection_work import backbone
from .one_stage_work import ssd, yolo
from .report import Figures, difference, mean_and_each, paragraph, side_by_side, table
from .runs import Run
from .statistics import Interval, paired

WHOLE = "all parts"
SCENES = {"size": 48, "scenes": 160, "test_scenes": 100, "batch_size": 8}
TRAINING = {"lr": 2e-3, "weight_decay": 0.02, "warmup_steps": 20, "max_norm": 5.0}
NETWORK = {"backbone": "vgg11_bn_0375", "stride": 4}
BACKBONE = {**SCENES, **TRAINING, **NETWORK, "scenes": 3200, "batch_size": 64, "epochs": 1, "lr": 4e-3, "crop_size": 24,
            "context": 3, "test_scenes": 200}  # fmt: skip
DETECTOR = {**SCENES, **TRAINING, **NETWORK, "augmentation": "plain", "zoom_out": 2.0}
SSD = {**DETECTOR, "epochs": 6, "model_args": {"extra_layers": 2, "scales": ((0.25, 0.35), (0.5,), (0.8,)),
                                               "aspect_ratios": (1.6,)}}  # fmt: skip
YOLO = {**DETECTOR, "epochs": 9, "model_args": {"grid": 8, "width": None, "dropout": 0.0}}

#: What a variant changes of the settings above; ``model_args`` are added to those of the network.
VARIANTS = {
    "ssd": {
        WHOLE: {},
        "no mining": {"model_args": {"neg_pos_ratio": None}},
        "one map": {"model_args": {"extra_layers": 0, "scales": ((0.25, 0.35, 0.5, 0.8),)}},
        "squares": {"model_args": {"aspect_ratios": ()}},
        "augmentation": {"augmentation": "ssd"},
    },
    "yolo": {
        WHOLE: {},
        "no square root": {"model_args": {"square_root": False}},
        "empty cells count fully": {"model_args": {"lambda_noobj": 1.0}},
    },
}
#: claim, network, better, worse, what the paper says
CLAIMS = (
    ("SSD: augmentation above none", "ssd", "augmentation", WHOLE, "+0.088 (0.655, 0.743)"),
    ("SSD: three maps above one", "ssd", WHOLE, "one map", "+0.119 (0.624, 0.743; six maps)"),
    ("SSD: other ratios above squares", "ssd", WHOLE, "squares", "+0.027 (0.716, 0.743)"),
    ("SSD: mining above none", "ssd", WHOLE, "no mining", "faster, more stable"),
    ("YOLO: square roots above sides", "yolo", WHOLE, "no square root", "in words"),
    ("YOLO: empty cells count half above fully", "yolo", WHOLE, "empty cells count fully", "in words"),
)
TICKS = (-0.1, -0.01, 0, 0.01, 0.1)
SCORES = {"ap50": "AP50", "ap": "AP"}

SMALL = {"scenes": 4, "test_scenes": 2, "batch_size": 2, "epochs": 2}
WORK = {"ssd": (SSD, ssd), "yolo": (YOLO, yolo)}


def plan(seeds, quick: bool = False) -> list[Run]:
    """Return all runs, those that others continue before those others."""
    runs = []
    for seed in seeds:
        first = Run("backbone", "crops", seed, shortened(BACKBONE, quick), backbone, keep=True)
        runs.append(first)
        for claim, variants in VARIANTS.items():
            full, work = WORK[claim]
            for name, changes in variants.items():
                arguments = {**full["model_args"], **changes.get("model_args", {})}
                settings = {**full, **changes, "model_args": arguments}
                runs.append(Run(claim, name, seed, shortened(settings, quick), work, first))
    return runs


def shortened(settings: dict, quick: bool) -> dict:
    """Return settings, in quick mode with few and small scenes."""
    return {**settings, **SMALL} if quick else settings


def tables(figures: Figures) -> str:
    """Format what the finished runs say, as Markdown."""
    head = f"""{len(figures.records)} of {figures.planned} runs are finished. Differences are paired: all networks of a
seed see the same scenes, and start from the same backbone. Intervals are Student's, 95 %. Three seeds make them wide,
4.3 standard errors each way. A claim *shows* where the whole interval lies above 0; it is the *opposite* where all of
it lies below; else it *does not show at this scale*."""
    if not figures.records:
        return paragraph(head)
    about = f"""Scenes of handwritten digits, 10 classes; of a seed, {SCENES["scenes"]} to learn from, the same in every
epoch, {SCENES["test_scenes"]} others to be scored on. What all start from names
{mean(figures.of("backbone", "crops", "accuracy"))} of single held-out digits. SSD: {figures.about("ssd")}. YOLO:
{figures.about("yolo")}."""
    what = """*All parts* is SSD with hard negative mining, three maps and boxes of two ratios besides squares, without
augmentation; and YOLO as in the paper. A variant is the same network but for one part: *no mining*, all background
boxes are in the loss; *one map*, default boxes of all sizes are on the finest; *squares*, those of other ratios are
gone; *augmentation*, that of the paper: colours, canvases up to twice as large, windows; *no square root*, the network
says widths and heights themselves; *empty cells count fully*, confidences where nothing is weigh 1, not 0.5. Published:
SSD300's mAP on VOC 2007 (Tables 2 and 3); of mining, and of both parts of YOLO, the papers give no figures."""
    picture = "![AP50 of each variant; what each part gains](images/claims_one_stage.svg)"
    header = ["network", "boxes", *(f"{name}: mean (each seed)" for name in SCORES.values())]
    rows = []
    for claim, variants in VARIANTS.items():
        for name in variants:
            each = [mean_and_each(figures.of(claim, name, score)) for score in SCORES]
            rows.append([f"{claim.upper()}, {name}", mean(figures.of(claim, name, "outputs"), "{:,.0f}"), *each])
    claims = [[f"{title}, {SCORES[score]}", published if score == "ap50" else "",
               *difference(found(figures, network, better, worse, score))]
              for title, network, better, worse, published in CLAIMS for score in SCORES]  # fmt: skip
    verdicts = table(["claim", "published", "here", "95 % interval", "verdict"], claims)
    return "\n\n".join([paragraph(head), picture, paragraph(about), paragraph(what), table(header, rows), verdicts])


def found(figures: Figures, network: str, better: str, worse: str, score: str) -> Interval:
    """Return the interval of what one variant is above another."""
    return paired(figures.of(network, better, score), figures.of(network, worse, score))


def draw(figures: Figures):
    """Draw AP50 of every variant, and the interval of every claim; return a figure."""
    return side_by_side(figures, draw_scores, draw_claims, 3.8)


def draw_scores(figures: Figures, ax) -> None:
    """Draw a point for each seed, and the mean of each variant, a row each."""
    names = [(claim, name) for claim, variants in VARIANTS.items() for name in variants]
    for row, (claim, name) in enumerate(names):
        scores = list(figures.of(claim, name, "ap50").values())
        number = list(VARIANTS).index(claim)
        ink, marker = colour(number), "os"[number]
        ax.plot(scores, [row] * len(scores), marker, color=ink, alpha=0.5, markersize=4)
        if scores:
            ax.plot([np.mean(scores)], [row], marker, color=ink, markersize=8, fillstyle="none")
    ax.set_yticks(range(len(names)), [f"{claim.upper()}, {name}" for claim, name in names])
    ax.set(title="scores", xlabel="AP50: each seed, and the mean", ylim=(-0.6, len(names) - 0.4), xlim=(0, None))


def draw_claims(figures: Figures, ax) -> None:
    """Draw the differences of the seeds, their mean and its interval, a row for each claim.

    Beyond 0.01 the axis is logarithmic, on both sides: some differences are a hundred times as large as others.
    """
    reach = [0.1]
    for row, (_, network, better, worse, _) in enumerate(CLAIMS):
        more, less = (figures.of(network, name, "ap50") for name in (better, worse))
        each, interval = [more[seed] - less[seed] for seed in more.keys() & less.keys()], paired(more, less)
        number = list(VARIANTS).index(network)
        ink, marker = colour(number), "os"[number]
        ax.plot(each, [row] * len(each), marker, color=ink, alpha=0.5, markersize=4)
        if interval.count > 1:
            ax.plot([interval.low, interval.high], [row, row], color=ink, linewidth=1.5)
            ax.plot([interval.mean], [row], marker, color=ink, markersize=8, fillstyle="none")
        reach += [*map(abs, each), *([abs(interval.low), abs(interval.high)] if interval.count > 1 else [])]
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(CLAIMS)), [title.replace(" above ", "\nabove ") for title, *_ in CLAIMS])
    ax.set_xscale("symlog", linthresh=0.01)
    ax.minorticks_off()
    ax.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    ax.set(title="what a part gains", xlabel="difference of AP50: mean, 95 % interval",
           ylim=(-0.6, len(CLAIMS) - 0.4), xlim=(-1.2 * max(reach), 1.2 * max(reach)))  # fmt: skip
