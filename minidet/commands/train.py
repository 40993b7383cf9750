"""``minidet train MODEL --data DATA``: train a model with its recipe, keep a run folder."""

from __future__ import annotations

import argparse
import pathlib
import textwrap
from dataclasses import fields

from ..errors import bad_argument
from ..models import MODELS
from ..training.recipe import is_quick
from ..training.recipes import recipe_for, with_backbone
from ..training.tasks import TASKS, Where, data_sets, models_of
from ..training.train import train
from .options import add_where, parse_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = listing()
    parser.add_argument("model", choices=sorted(MODELS), metavar="MODEL", help="one of those below")
    parser.add_argument("--data", choices=list(data_sets()), required=True, metavar="DATA", help="one of those below")
    add_where(parser)
    parser.add_argument("--out", type=pathlib.Path, help="run folder (default: runs/MODEL-DATA)")
    parser.add_argument("--epochs", type=int, help="passes over the training split (default: the recipe's)")
    parser.add_argument("--minutes", type=float, help="instead of --epochs: as many passes as take about this long")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--lr", type=float, help="highest learning rate (default: the recipe's)")
    parser.add_argument("--backbone", metavar="NAME", help="for models that have one to choose")
    parser.add_argument("--pretrained", action="store_true", help="start from a backbone that was trained before")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the task: see below")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        help="threads that prepare batches (default 0: they would compete for the cores)",
    )


def listing() -> str:
    """Return what can be learnt: for each task that has models, these, its data sets and its options."""
    lines = []
    for name, task in TASKS.items():
        if not models_of(name):
            continue
        options = [field.name for field in fields(task.Options)]
        lines.append(f"{name}:")
        for title, words in (("models", models_of(name)), ("data sets", sorted(task.sources)), ("options", options)):
            text = f"{title:<10}{', '.join(words)}"
            lines.append(textwrap.fill(text, 78, initial_indent="  ", subsequent_indent=" " * 12))
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    """Train, then print the path of the run."""
    if args.epochs is not None and args.minutes is not None:
        raise bad_argument("train", "--minutes", "is given beside --epochs", "one of the two")
    options = parse_options("train", args.option)
    on_backbone = args.backbone is not None or args.pretrained
    recipe = recipe_for(args.model, args.data, on_backbone=on_backbone, epochs=args.epochs, minutes=args.minutes,
                        batch_size=args.batch_size, lr=args.lr, options=options)  # fmt: skip
    recipe = with_backbone(recipe, args.backbone, args.pretrained)
    folder = args.out or pathlib.Path("runs") / f"{args.model}-{args.data}"
    where = Where(args.root, args.annotations)
    train(recipe, folder, where=where, seed=args.seed, resume=args.resume, workers=args.workers, quick=is_quick())
    print(f"run: {folder}")
    print(f"next: minidet eval {folder}")
    return 0
