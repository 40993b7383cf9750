"""``minidet demo``: learn to label every pixel of scenes made of real handwriting, in under three minutes."""

from __future__ import annotations

import argparse
import pathlib

from ..training.recipe import is_quick
from ..training.recipes import recipe_for
from ..training.runs import open_run
from ..training.train import train

MODEL, DATA = "deconvnet", "digits"
PICTURED = 4  # held-out scenes in the picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/demo"), help="run folder")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    """Train DeconvNet on digits, score it on scans that it has not seen, draw what it sees."""
    print("DeconvNet (max unpooling to remembered positions, transposed convolution) on scenes of handwritten digits.")
    train(recipe_for(MODEL, DATA), args.out, seed=args.seed, quick=is_quick())
    opened = open_run(args.out, quick=is_quick())
    figures = opened.task.evaluate(opened.model)
    print(figures.report())
    picture = args.out / "predictions.png"
    beside = picture.with_name(picture.name + ".partial")
    opened.task.draw_samples(opened.model, PICTURED).savefig(beside, format="png")
    beside.replace(picture)
    print(f"picture: {picture}")
    print(f"held-out {figures.line(opened.task.headline, digits=2)}")
    return 0
