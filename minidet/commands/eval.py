"""``minidet eval RUN``: score a trained model on held-out data."""

from __future__ import annotations

import argparse
import pathlib

import numpy as np

from ..metrics import BoundaryF1, ConfusionMatrix, majority_class
from ..training.recipes import is_quick
from ..training.runs import open_run
from ..training.segmentation import evaluate, held_out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` or `minidet demo` wrote")
    parser.add_argument("--split", choices=("test", "val", "train"), default="test")
    parser.add_argument("--root", type=pathlib.Path, help="folder of the data set (default: under MINIDET_DATA)")


def run(args: argparse.Namespace) -> int:
    """Print accuracy, IoU and boundary F1; accuracy and IoU beside the majority class's."""
    opened = open_run(args.run)
    dataset = held_out(opened.recipe, args.split, root=args.root, seed=opened.seed, quick=is_quick())
    boundary = BoundaryF1(len(dataset.classes), getattr(dataset, "ignore_index", None))
    matrix = evaluate(opened.model, dataset, boundary=boundary)
    print(f"{opened.recipe.model} on {opened.recipe.data}, {args.split} split, {len(dataset)} images")
    print(report(matrix, opened.classes, boundary))
    return 0


def report(matrix: ConfusionMatrix, classes, boundary: BoundaryF1 | None = None) -> str:
    """Format the figures of every class, then the summary lines."""
    width = max(len(name) for name in classes)
    baseline = majority_class(matrix)
    true = matrix.matrix.sum(1) / max(matrix.matrix.sum(), 1)
    columns = {"IoU": matrix.iou, "accuracy": matrix.accuracy_per_class, "share of pixels": true}
    if boundary is not None:
        columns["boundary F1"] = boundary.f1_per_class
    lines = ["  ".join([f"{'class':<{width}}", *(f"{title:>5}" for title in columns)])]
    for name, *values in zip(classes, *columns.values(), strict=True):
        cells = ["-" if np.isnan(value) else f"{value:.3f}" for value in values]
        cells = [f"{cell:>{max(len(title), 5)}}" for title, cell in zip(columns, cells, strict=True)]
        lines.append("  ".join([f"{name:<{width}}", *cells]))
    for name, value, reference in (
        ("global accuracy", matrix.pixel_accuracy, baseline.pixel_accuracy),
        ("class accuracy", matrix.class_accuracy, baseline.class_accuracy),
        ("frequency-weighted IoU", matrix.frequency_weighted_iou, baseline.frequency_weighted_iou),
        ("mIoU", matrix.mean_iou, baseline.mean_iou),
    ):
        lines.append(f"{name} {value:.3f} (majority class {reference:.3f})")
    if boundary is not None:
        lines.append(f"boundary F1 {boundary.mean_f1:.3f}")
    return "\n".join(lines)
