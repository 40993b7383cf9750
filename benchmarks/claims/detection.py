"""Claims about detection: from sliding windows to Faster R-CNN, and what each step saves.

All detectors learn the same scenes of handwritten digits (``minidet.data.scenes.digits``), and see the same ones when
they are scored. The whole lineage stands on the same backbone, ResNet-20 with a map of stride 4. Where the papers start
from a classifier of ImageNet, all of them start from one of single digits: one of a seed. One trained Fast R-CNN of a
seed serves all claims about it.

The sliding window is there twice. "every window" has the backbone of the others. Its convolutions have padding, so the
maps of a picture do not hold the scores of its windows: each of them is cut out, and goes through the network by
itself. "sliding window" has a small network of its own, without padding, which looks at all windows at once.
"""

from __future__ import annotations

import numpy as np

from minidet.viz import subplots
from minidet.viz.page import INK, colour

from . import detection_work as work
from .detection_tables import combine, settings_of, tables, values
from .report import Figures
from .runs import Run

__all__ = ["draw", "plan", "tables"]

SCENES = {"size": 64, "scenes": 320, "test_scenes": 200, "batch_size": 8, "search": "quality"}
TRAINING = {"epochs": 8, "lr": 2e-3, "weight_decay": 0.02, "warmup_steps": 30, "max_norm": 5.0}
NETWORK = {
    "backbone": "resnet20", "stride": 4, "crop_size": 24, "context": 3,
    "fast_args": {"pooling": "pool", "width": 256, "bg_iou": (0.0, 0.5)},
}  # fmt: skip
TIMED = {"timed_images": 20, "repeats": 3}
DETECTOR = {**SCENES, **TRAINING, **NETWORK, **TIMED}
BACKBONE = {**SCENES, **TRAINING, **NETWORK, "scenes": 6400, "batch_size": 64, "epochs": 1, "lr": 4e-3,
            "test_scenes": 500}  # fmt: skip
WINDOWS = {**DETECTOR, "window_args": {"window": 28, "widths": (16, 32), "kernels": (5, 5), "hidden": 64,
                                       "smallest": 12, "scales_per_octave": 3, "aspect_ratios": (1.5,)}}  # fmt: skip
REGION = {"crop_size": 24, "context": 3, "grid": 3, "width": 256}
EVERY_WINDOW = {**DETECTOR, "rcnn_args": {**REGION, "batch": (16, 48)}, "window_args": {
    "window": 28, "stride": 8, "smallest": 12, "scales_per_octave": 3, "aspect_ratios": (1.5,)}}  # fmt: skip
FASTER = {**DETECTOR, "first": (300, 100, 25), "rpn_args": {
    "anchor_sizes": ((14, 19, 26),), "aspect_ratios": (0.9, 1.5), "proposals": (300, 300)}}  # fmt: skip
FAST = {**DETECTOR, "fast_args": {**NETWORK["fast_args"], "batch_size_per_image": 128}}
RCNN = {**FAST, "steps": 120, "lr": 1e-2, "rcnn_args": REGION}
REGIONS = {**RCNN, "counts": (10, 50, 200, 500, 1000, 2000), "sides": (10.0, 30.0), "thin": (64, 16),
           "rate_repeats": 15}  # fmt: skip
RANKS = {**FAST, "ranks": (4, 8, 16, 32, 64, 128), "regions": 2000, "sides": (10.0, 30.0)}

SMALL = {"size": 48, "scenes": 4, "test_scenes": 2, "batch_size": 2, "epochs": 1, "search": "single",
         "timed_images": 1, "repeats": 1, "rate_repeats": 1}  # fmt: skip
TINY_HEAD = {"pooling": "pool", "width": 8, "pool_size": 2, "bg_iou": (0.0, 0.5)}
QUICK = {
    "faster": {"fast_args": TINY_HEAD, "first": (10, 4)},
    "rcnn": {"steps": 2, "fast_args": TINY_HEAD,
             "rcnn_args": {"crop_size": 24, "context": 3, "grid": 1, "width": 8, "batch": (2, 4)}},
    "regions": {"counts": (2, 5), "thin": (2, 1)},
    "ranks": {"ranks": (1, 2), "regions": 5},
}  # fmt: skip


def plan(seeds, quick: bool = False) -> list[Run]:
    """Return all runs, those that others continue before those others."""

    def settings(full: dict, *names: str) -> dict:
        if not quick:
            return full
        tiny = {**SMALL, **({"fast_args": TINY_HEAD} if full is not BACKBONE else {})}
        for name in names:
            tiny |= QUICK[name]
        return {**full, **{name: value for name, value in tiny.items() if name in full}}

    runs = []
    for seed in seeds:
        first = Run("backbone", "crops", seed, settings(BACKBONE), work.backbone, keep=True)
        fast = Run("detector", "Fast R-CNN", seed, settings(FAST), work.fast_rcnn, first, keep=True)
        rcnn = Run("detector", "R-CNN", seed, settings(RCNN, "rcnn"), work.rcnn, fast, keep=True)
        classes = Run("tasks", "class only", seed, settings(FAST), work.class_only, first, keep=True)
        runs += [
            first,
            fast,
            Run("detector", "Faster R-CNN", seed, settings(FASTER, "faster"), work.faster_rcnn, first),
            Run("detector", "sliding window", seed, settings(WINDOWS), work.sliding_window),
            Run("detector", "every window", seed, settings(EVERY_WINDOW, "rcnn"), work.every_window, first),
            rcnn,
            Run("regions", "time", seed, settings(REGIONS, "rcnn", "regions"), work.regions, rcnn),
            Run("svd", "ranks", seed, settings(RANKS, "ranks"), work.ranks, fast),
            classes,
            Run("tasks", "staged", seed, settings(FAST), work.staged, classes),
        ]
    return runs


def draw(figures: Figures):
    """Draw seconds against regions, predicted and measured, and what thinner layers cost and save; return a figure."""
    figure, (left, right) = subplots(1, 2, figsize=(9.0, 3.8))
    draw_regions(figures, left)
    draw_ranks(figures, right)
    for ax in (left, right):
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(frameon=False, labelcolor=INK, fontsize=8)
    return figure


def draw_regions(figures: Figures, ax) -> None:
    """Draw points for the seeds, a line through their means, and a broken one for what was predicted."""
    counts = settings_of(figures, "regions").get("counts", REGIONS["counts"])
    for name, title, number in (("rcnn", "R-CNN", 0), ("fast", "Fast R-CNN", 1), ("thin", "Fast R-CNN, SVD", 3)):
        ink, marker = colour(number), "os^"[min(number, 2)]
        found = [values(figures.of("regions", "time", f"{name}_{count}")) * 1000 for count in counts]
        for count, each in zip(counts, found, strict=True):
            ax.plot([count] * len(each), each, marker, color=ink, alpha=0.4, markersize=3)
        if all(map(len, found)):
            ax.plot(counts, [each.mean() for each in found], marker + "-", color=ink, label=title, markersize=5)
        if name != "thin" and all(map(len, found)):
            guess = [values(figures.of("regions", "time", f"{name}_predicted_{count}")).mean() for count in counts]
            ax.plot(counts, np.array(guess) * 1000, "--", color=ink, linewidth=1, label=f"{title}, predicted")
    ax.set(title="a picture without proposals", xlabel="regions", ylabel="milliseconds")
    if any(len(each) for each in found):  # else there is nothing that a logarithm could be taken of
        ax.set(xscale="log", yscale="log")
        ax.yaxis.set_major_formatter("{x:,g}")
    ax.set_xticks(counts, [str(count) for count in counts])


def draw_ranks(figures: Figures, ax) -> None:
    """Draw AP50 and times of every rank, as shares of those of the full layers."""
    ranks = settings_of(figures, "svd").get("ranks", RANKS["ranks"])
    for number, (name, title) in enumerate((("ap50", "AP50"), ("seconds", "time of a picture"),
                                            ("layer_seconds", "time of the layers"))):  # fmt: skip
        full = figures.of("svd", "ranks", f"{name}_full")
        parts = [values(combine(share_of, figures.of("svd", "ranks", f"{name}_{rank}"), full)) for rank in ranks]
        ink, marker = colour(number if number < 2 else 3), "os^"[number]
        for rank, each in zip(ranks, parts, strict=True):
            ax.plot([rank] * len(each), each, marker, color=ink, alpha=0.4, markersize=3)
        if all(map(len, parts)):
            ax.plot(ranks, [each.mean() for each in parts], marker + "-", color=ink, label=title, markersize=5)
    ax.set(title="Fast R-CNN, truncated SVD", xlabel="rank of fc6", ylabel="share of the full layers'", ylim=(0, None))
    ax.set_xscale("log", base=2)
    ax.set_xticks(ranks, [str(rank) for rank in ranks])


def share_of(part: float, whole: float) -> float:
    """Return part / whole; nothing of nothing is nothing."""
    return part / whole if whole else 0.0
