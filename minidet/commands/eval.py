"""``minidet eval RUN``: score a trained model on held-out data."""

from __future__ import annotations

import argparse
import json
import math
import pathlib

from ..serialization.safetensors import write_file
from ..training.recipe import is_quick
from ..training.runs import open_run
from ..training.tasks import Where
from .options import add_where, parse_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = """Score a trained model on held-out data. In brackets stands what the simplest model of the
        task reaches, which is no network: the majority class, the mean box, the mean pose, or for detectors the first
        boxes of selective search, all called what training shows most often."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` or `minidet demo` wrote")
    parser.add_argument("--split", choices=("test", "val", "train"), default="test")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="another value for an option of the task: `minidet train --help` lists them")  # fmt: skip
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="also write the figures and the baseline's, with what was trained and for how long, "
                             "into a file")  # fmt: skip
    add_where(parser)


def run(args: argparse.Namespace) -> int:
    """Print the figures of the task, each beside its baseline's where there is one."""
    where, changes = Where(args.root, args.annotations), parse_options("eval", args.option)
    opened = open_run(args.run, where=where, quick=is_quick(), changes=changes)
    figures = opened.task.evaluate(opened.model, args.split)
    print(f"{opened.recipe.model} on {opened.recipe.data}, {args.split} split, {figures.images} images")
    print(figures.report())
    if args.json:
        write_file(args.json, record_of(opened, args.split, figures).encode())
    return 0


def record_of(opened, split: str, figures) -> str:
    """Return JSON: what was trained, for how long, its figures and the baseline's; null for what is not a number."""
    recipe = opened.recipe
    record = {
        "model": recipe.model, "data": recipe.data, "model_args": recipe.model_args, "options": recipe.options,
        "seed": opened.task.seed, "epochs": opened.history[-1]["epoch"] if opened.history else 0,
        "seconds": sum(epoch["seconds"] for epoch in opened.history),
        "split": split, "images": figures.images, "figures": numbers(figures),
        "baseline_name": figures.baseline_name, "baseline": numbers(figures.baseline),
        "classes": figures.classes,
        "per_class": {name: [_number(value) for value in values] for name, values in figures.per_class.items()},
    }  # fmt: skip
    return json.dumps(record, indent=1, allow_nan=False) + "\n"


def numbers(figures: dict) -> dict:
    """Return figures as JSON can hold them: null for what is not a number."""
    return {name: _number(value) for name, value in figures.items()}


def _number(value) -> float | None:
    return float(value) if math.isfinite(value) else None
