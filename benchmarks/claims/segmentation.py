"""Three claims about segmentation: finer scores (FCN), remembered positions (SegNet), all windows at once.

Settings are for runs of about a minute. The FCNs learn scenes of ``minidet.data.scenes.shapes``: background, and six
classes that only the outline tells apart. Two things are needed to learn them so quickly:

- The encoder starts as a classifier of crops, as the paper's starts from ImageNet. Else it hardly finds outlines.
- Rare classes count more. Else all pixels are called background for hundreds of steps: three of four are.

The others learn ``minidet.data.scenes.digits``, from random weights.
"""

from __future__ import annotations

import numpy as np

from minidet.viz import subplots
from minidet.viz.page import INK, colour

from .report import Figures, difference, mean_and_each, paragraph, table
from .runs import Run
from .segmentation_work import classifier, fcn, segnet, windows
from .statistics import OPPOSITE, SHOWS, TOO_FEW, interval, paired

TRAINING = {"data": "shapes", "batch_size": 8, "weight_decay": 0.02, "warmup_steps": 50, "max_norm": 5.0,
            "class_weight_power": 0.5, "test_scenes": 200}  # fmt: skip
FCN_ARGS = {"widths": (16, 24, 32, 64, 128), "convs": (1, 1, 2, 2, 2), "hidden": 128, "dropout": 0.0}
CLASSIFIER = {**TRAINING, "size": 128, "scenes": 6400, "batch_size": 64, "epochs": 3, "lr": 6e-3, "test_scenes": 500,
              "model_args": FCN_ARGS}  # fmt: skip
FCN = {**TRAINING, "size": 192, "scenes": 800, "epochs": 4, "lr": 4e-3, "test_scenes": 100, "model_args": FCN_ARGS}
FCN_AFTER = {**FCN, "lr": 2e-3}  # of a part that continues another
DIGITS = {**TRAINING, "data": "digits", "size": 64}
SEGNET = {**DIGITS, "scenes": 1600, "epochs": 4, "lr": 8e-3,
          "model_args": {"widths": (16, 32, 64), "convs": (1, 1, 2)}}  # fmt: skip
WINDOWS = {**DIGITS, "scenes": 800, "epochs": 3, "lr": 4e-3, "test_scenes": 50, "repeats": 3,
           "model_args": {"window": 31, "widths": (16, 32, 32), "kernels": (4, 3, 3), "hidden": 64}}  # fmt: skip

SMALL = {"size": 32, "scenes": 8, "batch_size": 4, "epochs": 1, "test_scenes": 4}
QUICK_FCN = {"widths": (4, 4, 6, 6, 8), "convs": (1, 1, 1, 1, 1), "hidden": 8}
QUICK = {
    "classifier": {"size": 64, "model_args": QUICK_FCN},
    "fcn": {"model_args": QUICK_FCN},
    "segnet": {"size": 48, "model_args": {"widths": (4, 6), "convs": (1, 1)}},
    "windows": {"size": 48, "model_args": {"window": 10, "widths": (3, 4), "kernels": (3, 3), "hidden": 8}},
}

#: Every part of an FCN's training: the networks in their order. All parts take equally many steps.
PARTS = ("32s", "32s-32s", "32s-16s", "32s-32s-32s", "32s-16s-16s", "32s-16s-8s")
UNPOOLINGS = ("switches", "bilinear", "nearest", "bed_of_nails")
SEGNET_PUBLISHED = (
    ("mean_iou", "mIoU", "+0.044 (0.433, 0.477)"),
    ("boundary_f1", "boundary F1", "+0.150 (0.208, 0.358)"),
)
ROUNDING = 1e-4  # of the largest score: float32 sums of some hundred products, in two orders


def plan(seeds, quick: bool = False) -> list[Run]:
    """Return all runs, those that others continue before those others."""
    runs = []
    for seed in seeds:
        first = Run("classifier", "crops", seed, _settings("classifier", CLASSIFIER, quick), classifier, keep=True)
        parts = {"": first}
        for variant in PARTS:
            before = variant.rpartition("-")[0]
            settings = _settings("fcn", FCN_AFTER if before else FCN, quick)
            keep = any(other.rpartition("-")[0] == variant for other in PARTS)
            parts[variant] = Run("fcn", variant, seed, settings, fcn, parts[before], keep)
        runs += parts.values()
        runs += [Run("segnet", name, seed, _settings("segnet", SEGNET, quick), segnet) for name in UNPOOLINGS]
        runs.append(Run("windows", "both", seed, _settings("windows", WINDOWS, quick), windows))
    return runs


def _settings(name: str, full: dict, quick: bool) -> dict:
    return {**full, **SMALL, **QUICK[name]} if quick else full


def tables(figures: Figures) -> str:
    """Format what the finished runs say, as Markdown."""
    head = f"""{len(figures.records)} of {figures.planned} runs are finished. Differences are paired: both variants of
a seed see the same scenes, and start from the same weights. Intervals are Student's, 95 %. Three seeds make them
wide, 4.3 standard errors each way. A claim *shows* where the whole interval lies above 0; it is the *opposite* where
all of it lies below; else it *does not show at this scale*. In the losses, pixels of rare classes count more: a
pixel's weight is the share of its class to the power of -{TRAINING["class_weight_power"]}."""
    picture = "![mIoU of the FCNs while they train; scores of SegNet's unpoolings](images/claims_segmentation.svg)"
    return "\n\n".join([paragraph(head), picture, fcn_tables(figures), segnet_tables(figures), windows_table(figures)])


def fcn_tables(figures: Figures) -> str:
    """Format the scores of every part, and the comparisons: as published, and with equally many steps."""

    def score(variant, figure="mean_iou"):
        return figures.of("fcn", variant, figure)

    right = mean_and_each(figures.of("classifier", "crops", "accuracy"))
    start = f"""Scenes of shapes, 7 classes with the background. As in the paper, FCN-32s starts from a classifier. Here
it learns crops, half as wide as a scene with a single object ({figures.about("classifier")}). Share of new crops whose
shape it names: {right}; guessing gives 0.167."""
    about = f"""FCN-16s starts from a trained FCN-32s, FCN-8s from that FCN-16s (each part: {figures.about("fcn")}).
So a finer network was also trained longer, in the paper too. As a control, the coarser ones are trained on as they
are: what these gain, they owe to the steps. Published: a part of PASCAL VOC 2011's validation images (Table 2)."""
    rows = [[v.replace("-", ", then "), mean_and_each(score(v)), mean_and_each(score(v, "boundary_f1"))] for v in PARTS]
    rows.append(["(majority class)", mean_and_each(score("32s", "majority_mean_iou")), ""])
    pairs = [
        ("16s above the 32s that it started from", "+0.030 (0.594, 0.624)", "32s-16s", "32s"),
        ("8s above the 16s that it started from", "+0.003 (0.624, 0.627)", "32s-16s-8s", "32s-16s"),
        ("16s above 32s, equally many steps", "", "32s-16s", "32s-32s"),
        ("8s above 16s, equally many steps", "", "32s-16s-8s", "32s-16s-16s"),
        ("8s above 32s, equally many steps", "", "32s-16s-8s", "32s-32s-32s"),
    ]
    claims = [[name, published, *difference(paired(score(a), score(b)))] for name, published, a, b in pairs]
    scores = table(["trained as FCN-...", "mIoU: mean (each seed)", "boundary F1: mean (each seed)"], rows)
    verdicts = table(["mIoU", "published", "here", "95 % interval", "verdict"], claims)
    return "\n\n".join(["### FCN: 32s, 16s, 8s", paragraph(start), paragraph(about), scores, verdicts])


def segnet_tables(figures: Figures) -> str:
    """Format the scores and the memory of every way of unpooling, and what remembered positions gain."""

    def score(variant, figure="mean_iou"):
        return figures.of("segnet", variant, figure)

    about = f"""Scenes of handwritten digits, 11 classes with the background. The four networks have the same
parameters, first weights and scenes ({figures.about("segnet")}); they differ in how the decoder doubles the size.
Published: CamVid (Table 1)."""
    rows = [[v.replace("_", " "), mean_and_each(score(v)), mean_and_each(score(v, "boundary_f1"))] for v in UNPOOLINGS]
    rows.append(["(majority class)", mean_and_each(score("switches", "majority_mean_iou")), ""])
    claims = []
    for figure, name, published in SEGNET_PUBLISHED:
        for other in UNPOOLINGS[1:]:
            found = difference(paired(score("switches", figure), score(other, figure)))
            title = f"{name}: switches above {other.replace('_', ' ')}"
            claims.append([title, published if other == "bilinear" else "", *found])
    scores = table(["unpooling", "mIoU: mean (each seed)", "boundary F1: mean (each seed)"], rows)
    verdicts = table(["claim", "published", "here", "95 % interval", "verdict"], claims)
    return "\n\n".join(["### SegNet: remembered positions", paragraph(about), scores, verdicts, memory_table(figures)])


def memory_table(figures: Figures) -> str:
    """Format what the encoder hands to the decoder for one image."""

    def of(figure):
        return next(iter(figures.of("segnet", "switches", figure).values()), 0)

    maps = of("map_bytes")
    kinds = [
        ("whole feature maps before pooling, float32, as U-Net copies them", "map_bytes"),
        ("switches as stored here, int64", "switch_bytes"),
        ("switches in the 2 bits that each needs (section 3)", "packed_bytes"),
    ]
    rows = [[name, f"{of(kind):,}" if maps else "-", f"{of(kind) / maps:.3f}" if maps else "-"] for name, kind in kinds]
    rows.append(["nothing: bilinear, nearest, bed of nails", "0", "0.000"])
    about = "That is at test time. In training the encoder's maps are kept in any case, for its gradients."
    return f"{table(['passed to the decoder, for one image', 'bytes', 'share of the maps'], rows)}\n\n{about}"


def windows_table(figures: Figures) -> str:
    """Format the comparison of the two ways to the same scores."""

    def of(figure):
        return figures.of("windows", "both", figure)

    def each(figure, style):
        return ", ".join(style.format(of(figure)[seed]) for seed in sorted(of(figure))) or "-"

    same, cost, faster = windows_verdicts(figures)
    about = f"""A classifier of windows, trained on digits ({figures.about("windows")}), is run on every window
of a held-out scene by itself, and on all of them at once, by convolutions. Overlap is counted window by window: in how
many of them a product of the convolutions is used, on average."""
    rows = [
        ["largest difference of two scores / largest score", each("largest_difference", "{:.1e}"), "rounding", same],
        ["pixels with the same label", each("same_labels", "{:.2%}"), "100 %", same],
        ["overlap", each("overlap", "{:.3f}"), "", ""],
        ["multiply-adds, by itself / at once", each("cost_ratio", "{:.3f}"), "the overlap", cost],
        ["seconds, by itself / at once", each("time_ratio", "{:.1f}"), "above 1", faster],
    ]
    return "\n\n".join([
        "### Sliding window: every window by itself, or all at once",
        paragraph(about),
        table(["what", "each seed", "expected", "verdict"], rows),
    ])  # fmt: skip


def windows_verdicts(figures: Figures) -> tuple[str, str, str]:
    """Say whether the scores are equal, whether the cost ratio is the overlap, and whether all at once is faster.

    A ratio of times is judged by its logarithm: twice as long and half as long are equally far from 1.
    """
    differences, shared, cost, times = (
        np.array(list(figures.of("windows", "both", name).values()))
        for name in ("largest_difference", "overlap", "cost_ratio", "time_ratio")
    )
    if not len(differences):
        return TOO_FEW, TOO_FEW, TOO_FEW
    same = SHOWS if differences.max() < ROUNDING else OPPOSITE
    equal = SHOWS if np.allclose(cost, shared, rtol=1e-9) else OPPOSITE
    return same, equal, interval(np.log(times)).verdict()


def draw(figures: Figures):
    """Draw mIoU of the FCNs over the parts of their training, and both scores of SegNet's variants; return a figure."""
    figure, (left, right) = subplots(1, 2, figsize=(9.0, 3.6))
    draw_fcn(figures, left)
    draw_segnet(figures, right)
    return figure


def draw_fcn(figures: Figures, ax) -> None:
    """Draw a line for every seed, faint, and their mean: one colour per network."""
    styles = {"32s": (colour(0), "o"), "16s": (colour(1), "s"), "8s": (colour(3), "^")}
    for variant in PARTS:
        before, _, network = variant.rpartition("-")
        ink, marker = styles[network]
        now = figures.of("fcn", variant, "mean_iou")
        earlier = figures.of("fcn", before, "mean_iou")
        part = 1 + variant.count("-")
        for seed in now.keys() & earlier.keys():
            ax.plot([part - 1, part], [earlier[seed], now[seed]], color=ink, alpha=0.6, linewidth=0.8)
        if now.keys() & earlier.keys():
            ends = [np.mean([scores[seed] for seed in now.keys() & earlier.keys()]) for scores in (earlier, now)]
            ax.plot([part - 1, part], ends, color=ink, linewidth=2)
        if now:
            label = f"FCN-{network}" if variant in ("32s", "32s-16s", "32s-16s-8s") else None
            ax.plot([part], [np.mean(list(now.values()))], marker, color=ink, label=label)
    ax.set(title="FCN", xlabel="part of the training, all equally long", ylabel="mIoU", xticks=[1, 2, 3])
    _finish(ax)


def draw_segnet(figures: Figures, ax) -> None:
    """Draw the four ways of unpooling side by side, the seeds joined by lines."""
    for number, (name, key) in enumerate((("mIoU", "mean_iou"), ("boundary F1", "boundary_f1"))):
        ink, marker = colour(number), "os"[number]
        scores = [figures.of("segnet", variant, key) for variant in UNPOOLINGS]
        for seed in set().union(*scores):
            ax.plot(range(len(scores)), [by_seed.get(seed, np.nan) for by_seed in scores], color=ink, alpha=0.6,
                    linewidth=0.8)  # fmt: skip
        means = [np.mean(list(by_seed.values())) if by_seed else np.nan for by_seed in scores]
        ax.plot(range(len(scores)), means, marker, color=ink, markersize=8, label=name)
    ticks = [name.replace("_", " ") for name in UNPOOLINGS]
    ax.set(title="SegNet", xlabel="unpooling", ylabel="score", xlim=(-0.4, len(ticks) - 0.6))
    ax.set_xticks(range(len(ticks)), ticks)
    _finish(ax)


def _finish(ax) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, labelcolor=INK, fontsize=8)
