"""``minidet train MODEL --data DATA``: train a model with its recipe, keep a run folder."""

from __future__ import annotations

import argparse
import pathlib

from ..models import MODELS
from ..training.recipes import is_quick, recipe_for
from ..training.segmentation import DATA
from ..training.segmentation_run import train_segmentation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--data", choices=DATA, required=True)
    parser.add_argument("--root", type=pathlib.Path, help="folder of the data set (default: under MINIDET_DATA)")
    parser.add_argument("--out", type=pathlib.Path, help="run folder (default: runs/MODEL-DATA)")
    parser.add_argument("--epochs", type=int, help="passes over the training split (default: the recipe's)")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--lr", type=float, help="highest learning rate (default: the recipe's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        help="threads that prepare batches (default 0: they would compete for the cores)",
    )


def run(args: argparse.Namespace) -> int:
    """Train, then print the path of the run."""
    recipe = recipe_for(args.model, args.data, epochs=args.epochs, batch_size=args.batch_size, lr=args.lr)
    folder = args.out or pathlib.Path("runs") / f"{args.model}-{args.data}"
    train_segmentation(
        recipe, folder, root=args.root, seed=args.seed, resume=args.resume, workers=args.workers, quick=is_quick()
    )
    print(f"run: {folder}")
    print(f"next: minidet eval {folder}")
    return 0
