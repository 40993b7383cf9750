"""``minidet eval RUN``: score a trained model on held-out data."""

from __future__ import annotations

import argparse
import pathlib

from ..training.recipe import is_quick
from ..training.runs import open_run
from ..training.tasks import Where
from .options import add_where, parse_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` or `minidet demo` wrote")
    parser.add_argument("--split", choices=("test", "val", "train"), default="test")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="another value for an option of the task: `minidet train --help` lists them")  # fmt: skip
    add_where(parser)


def run(args: argparse.Namespace) -> int:
    """Print the figures of the task."""
    where, changes = Where(args.root, args.annotations), parse_options("eval", args.option)
    opened = open_run(args.run, where=where, quick=is_quick(), changes=changes)
    figures = opened.task.evaluate(opened.model, args.split)
    print(f"{opened.recipe.model} on {opened.recipe.data}, {args.split} split, {figures.images} images")
    print(figures.report())
    return 0
