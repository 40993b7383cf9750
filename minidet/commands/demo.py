"""``minidet demo``: learn to label every pixel of scenes made of real handwriting, in under three minutes."""

from __future__ import annotations

import argparse
import pathlib

from ..metrics import majority_class
from ..training.recipes import is_quick, recipe_for
from ..training.segmentation import colours_of, evaluate, held_out, predict_labels
from ..training.segmentation_run import train_segmentation
from ..viz import plot_predictions
from .eval import report

PICTURED = 4  # held-out scenes in the picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/demo"), help="run folder")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    """Train DeconvNet on digits, score it on scans that it has not seen, draw what it sees."""
    quick = is_quick()
    recipe = recipe_for("deconvnet", "digits")
    print("DeconvNet (max unpooling to remembered positions, transposed convolution) on scenes of handwritten digits.")
    model = train_segmentation(recipe, args.out, seed=args.seed, quick=quick)
    dataset = held_out(recipe, "test", seed=args.seed, quick=quick)
    matrix = evaluate(model, dataset, batch_size=32)
    print(report(matrix, dataset.classes))
    picture = draw(model, dataset, args.out / "predictions.png")
    print(f"picture: {picture}")
    print(f"held-out mIoU {matrix.mean_iou:.2f} (majority class {majority_class(matrix).mean_iou:.2f})")
    return 0


def draw(model, dataset, path: pathlib.Path) -> pathlib.Path:
    """Write input, truth and prediction of the first held-out scenes side by side."""
    from ..autograd import stack

    samples = [dataset[i] for i in range(min(PICTURED, len(dataset)))]
    images = [image for image, _ in samples]
    truths = [target["semantic"] for _, target in samples]
    predictions = predict_labels(model, stack(images))
    figure = plot_predictions(images, truths, predictions, dataset.classes, colours_of(dataset))
    beside = path.with_name(path.name + ".partial")
    figure.savefig(beside, format="png")
    beside.replace(path)
    return path
