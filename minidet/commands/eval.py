"""``minidet eval RUN``: score a trained model on held-out data."""

from __future__ import annotations

import argparse
import pathlib

import numpy as np

from ..metrics import ConfusionMatrix, majority_class
from ..training.recipes import is_quick
from ..training.runs import open_run
from ..training.segmentation import evaluate, held_out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` or `minidet demo` wrote")
    parser.add_argument("--split", choices=("test", "val", "train"), default="test")
    parser.add_argument("--root", type=pathlib.Path, help="folder of the data set (default: under MINIDET_DATA)")


def run(args: argparse.Namespace) -> int:
    """Print accuracy and IoU, each beside the majority class's."""
    opened = open_run(args.run)
    dataset = held_out(opened.recipe, args.split, root=args.root, seed=opened.seed, quick=is_quick())
    matrix = evaluate(opened.model, dataset)
    print(f"{opened.recipe.model} on {opened.recipe.data}, {args.split} split, {len(dataset)} images")
    print(report(matrix, opened.classes))
    return 0


def report(matrix: ConfusionMatrix, classes) -> str:
    """Format the IoU of every class, then the summary lines."""
    width = max(len(name) for name in classes)
    baseline = majority_class(matrix)
    lines = [f"{'class':<{width}}   IoU  accuracy  share of pixels"]
    true = matrix.matrix.sum(1) / max(matrix.matrix.sum(), 1)
    for name, iou, accuracy, share in zip(classes, matrix.iou, matrix.accuracy_per_class, true, strict=True):
        cells = ["    -" if np.isnan(value) else f"{value:5.3f}" for value in (iou, accuracy)]
        lines.append(f"{name:<{width}} {cells[0]}     {cells[1]}            {share:5.3f}")
    for name, value, reference in (
        ("global accuracy", matrix.pixel_accuracy, baseline.pixel_accuracy),
        ("class accuracy", matrix.class_accuracy, baseline.class_accuracy),
        ("mIoU", matrix.mean_iou, baseline.mean_iou),
    ):
        lines.append(f"{name} {value:.3f} (majority class {reference:.3f})")
    return "\n".join(lines)
