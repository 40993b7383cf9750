"""``minidet explain RUN IMAGE --out page.html``: what happens to a picture inside a trained model, as one page."""

from __future__ import annotations

import argparse
import inspect
import pathlib
import sys

from ..data.photographs.pictures import read_rgb
from ..errors import bad_argument
from ..serialization.safetensors import write_file
from ..training.runs import open_run
from ..viz.explain import write_page
from .options import parse_options

MARK = b"<title>minidet explain: "  # of a page that may be replaced


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=pathlib.Path, help="folder that `minidet train` wrote")
    parser.add_argument("image", type=pathlib.Path, help="a picture")
    parser.add_argument("--out", type=pathlib.Path, metavar="PAGE.html", help="the page (default: RUN/explain.html)")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="another value for an option of the task: `minidet train --help` lists them")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the page, and print its path."""
    target = args.out or args.run / "explain.html"
    check_target(target)
    opened = open_run(args.run, changes=parse_options("explain", args.option))
    image = read_rgb("explain", "image", args.image)
    stages = opened.task.explain(opened.model, image)
    recipe = opened.recipe
    size = f"{image.shape[2]} x {image.shape[1]}"
    about = (f"{type(opened.model).__name__}, trained on {recipe.data}; a picture of {size} pixels. "
             "Times are those of one run after a first that is not counted.")  # fmt: skip
    title = f"minidet explain: {recipe.model} looks at {args.image.name}"
    figure = inspect.cleandoc(sys.modules[type(opened.model).__module__].__doc__ or "")
    write_file(target, write_page(title, about, stages, figure).encode())
    print(f"{args.image} -> {target}: {len(stages)} stages")
    return 0


def check_target(target: pathlib.Path) -> None:
    """Raise unless the page can be written without replacing anything but an earlier page: before any work is done."""
    if target.suffix.lower() not in (".html", ".htm"):
        raise bad_argument("explain", "--out", f"is {target}", "a file that ends in .html")
    if not target.parent.is_dir():
        raise bad_argument("explain", "--out", f"is {target}", "a file in a folder that is there",
                           error=FileNotFoundError)  # fmt: skip
    if target.exists():
        ours = target.is_file()
        if ours:
            with target.open("rb") as file:
                ours = MARK in file.read(1000)
        if not ours:
            raise bad_argument("explain", "--out", f"is {target}, which is no page of this command", "another file",
                               "it would be replaced")  # fmt: skip
