"""``minidet compare --data DATA``: detectors on one data set with one budget, speed against accuracy, as one page."""

from __future__ import annotations

import argparse
import json
import os
import pathlib

from ..errors import bad_argument
from ..serialization.safetensors import write_file
from ..training.comparison import Plan, compare
from ..training.comparison.record import MADE_BY
from ..training.recipe import is_quick
from ..training.tasks import Detection, Where, models_of
from ..viz.comparison import write_page
from ..viz.comparison.page import TITLE
from ..viz.comparison.table import COLUMNS, KINDS, cells, error_cells
from .options import add_where, parse_options

PAGE, RECORD = "compare.html", "compare.json"
MARK = f"<title>{TITLE}".encode()  # of a page that may be replaced
MODELS = ("faster_rcnn", "ssd", "yolo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    sources, detectors = sorted(Detection.sources), models_of(Detection.name)
    parser.add_argument("--data", choices=sources, required=True, metavar="DATA", help=f"one of {', '.join(sources)}")
    add_where(parser)
    parser.add_argument("--models", nargs="+", choices=detectors, metavar="MODEL",
                        help=f"some of {', '.join(detectors)} (default: {' '.join(MODELS)})")  # fmt: skip
    parser.add_argument("--run", type=pathlib.Path, action="append", default=[], metavar="FOLDER", dest="runs",
                        help="a run of `minidet train`, in the place of a new one; may be repeated")  # fmt: skip
    parser.add_argument("--out", type=pathlib.Path, metavar="FOLDER",
                        help=f"folder for {PAGE}, {RECORD}, and a run of each model: one that is finished is loaded, "
                        "one that was interrupted goes on (default: runs/compare-DATA)")  # fmt: skip
    parser.add_argument("--minutes", type=float, help="of training, for each (default: what the recipe of the first "
                        "takes on this machine)")  # fmt: skip
    parser.add_argument("--epochs", type=int, help="instead of --minutes: passes over the training split, for each")
    parser.add_argument("--backbone", metavar="NAME", help="for all (default: that of the recipes)")
    parser.add_argument("--pretrained", action="store_true", help="start from a backbone that was trained before")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="of the task, for all: `minidet train --help` lists them")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="threads that prepare batches (default 0)")
    parser.add_argument("--quick", action="store_true",
                        help="the same code with a few steps on a few pictures, as with MINIDET_QUICK=1")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Train or load the detectors, print the table, and write the page and its figures."""
    folder = args.out or pathlib.Path("runs") / f"compare-{args.data}"
    check_targets(folder)
    plan = Plan(args.data, chosen(args), folder, args.runs, args.epochs, args.minutes,
                Where(args.root, args.annotations), args.seed, args.workers, args.quick or is_quick(), args.backbone,
                args.pretrained, parse_options("compare", args.option))  # fmt: skip
    record = compare(plan)
    print(report(record))
    folder.mkdir(parents=True, exist_ok=True)
    check_targets(folder)  # training took long
    write_file(folder / RECORD, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    write_file(folder / PAGE, write_page(record).encode())
    print(f"page: {folder / PAGE}")
    print(f"figures: {folder / RECORD}")
    return 0


def chosen(args: argparse.Namespace) -> list[str]:
    """Return the models that were named; else those of the claim, or of two runs and more no others."""
    if args.models is not None:
        return args.models
    return [] if len(args.runs) > 1 else list(MODELS)


def report(record: dict) -> str:
    """Return the tables, what they say in words, and what has to be known beside them."""
    about = (f"{record['data']}, {record['split']} split, {record['images']} images, {record['objects']} objects; "
             f"budget: {record['budget']}")  # fmt: skip
    lines = [about, "", *aligned([COLUMNS, *cells(record["models"])]), "",
             "the surest detections, as many as there are objects:",
             *aligned([("detector", *KINDS), *error_cells(record["models"])]), ""]  # fmt: skip
    lines += [pair[name] for name in ("accuracy_words", "speed_words") for pair in record["pairs"]]
    lines += ["", record["claim"]] if record["claim"] else []
    return "\n".join([*lines, *record["notes"]])


def aligned(rows: list) -> list[str]:
    """Return the rows of a table as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) if i else cell.ljust(width)
                      for i, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows]  # fmt: skip


def check_targets(folder: pathlib.Path) -> None:
    """Raise unless page and figures can be written without replacing anything but earlier ones."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise bad_argument("compare", "--out", f"is {folder}, a file", "a folder")
    for name, ours in ((PAGE, is_page), (RECORD, is_record)):
        path = folder / name
        if os.path.lexists(path) and not ours(path):
            was, why = f"is {folder}, where {name} is another's", "it would be replaced"
            raise bad_argument("compare", "--out", was, "another folder", why)


def is_page(path: pathlib.Path) -> bool:
    """Tell whether a file is a page of this command."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK in file.read(1000)


def is_record(path: pathlib.Path) -> bool:
    """Tell whether a file holds the figures that this command wrote."""
    try:
        return not path.is_symlink() and json.loads(path.read_bytes())["made_by"] == MADE_BY
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
