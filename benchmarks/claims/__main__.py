"""``python -m benchmarks.claims CHAPTER``: repeat a chapter's claims, and redraw its part of ``docs/results.md``.

::

    python -m benchmarks.claims segmentation                    what is left of all runs, then tables and picture
    python -m benchmarks.claims segmentation --only "fcn 32s"   only runs whose title contains this
    python -m benchmarks.claims segmentation --seeds 0 1 2 3 4  more seeds: narrower intervals
    python -m benchmarks.claims segmentation --quick            the same code in a minute; the page stays as it is
    python -m benchmarks.claims segmentation --write            no run: tables and picture of those that are finished
    python -m benchmarks.claims localization                    a pretrained trunk against random weights
    python -m benchmarks.claims detection                       from sliding windows to Faster R-CNN
    python -m benchmarks.claims one_stage                       SSD and YOLO without one of their parts
    python -m benchmarks.claims masks                           RoIAlign, sigmoids, and masks beside boxes

Runs are kept in ``runs/claims/``. After an interruption, the same command goes on with the run that was interrupted.
Their figures are in ``docs/results/claims/``, too: ``--write`` takes those of runs that this machine lacks from there.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib

from .report import IMAGES, PAGE, Figures, redraw, save_picture
from .runs import perform_all, select

RUNS, RECORDS = pathlib.Path("runs/claims"), pathlib.Path("docs/results/claims")
SEEDS = (0, 1, 2)

#: chapter -> the module with plan(seeds, quick), tables(figures) and draw(figures)
CHAPTERS = {
    "segmentation": "benchmarks.claims.segmentation",
    "localization": "benchmarks.claims.localization",
    "detection": "benchmarks.claims.detection",
    "one_stage": "benchmarks.claims.one_stage",
    "masks": "benchmarks.claims.masks",
}


def parse(arguments=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__.split("\n")[0])
    parser.add_argument("chapter", choices=CHAPTERS)
    parser.add_argument("--only", default="", help="only runs whose title contains this, and those they continue")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--write", action="store_true", help="run nothing, write what is there into docs/")
    parser.add_argument("--quick", action="store_true", help="tiny runs, and nothing is written into docs/")
    return parser.parse_args(arguments)


def main(arguments=None) -> None:
    """Do what is left, print the tables, and redraw the page."""
    args = parse(arguments)
    chapter = importlib.import_module(CHAPTERS[args.chapter])
    folder = RUNS / args.chapter
    if not args.write:
        perform_all(select(chapter.plan(args.seeds, args.quick), args.only), folder)
    seeds = args.seeds if args.quick else sorted({*SEEDS, *args.seeds})
    kept = None if args.quick else RECORDS / f"{args.chapter}.json"
    figures = Figures(chapter.plan(seeds, args.quick), folder, kept)
    text = chapter.tables(figures)
    print(text)
    if kept:
        figures.keep(kept)
        redraw(PAGE, args.chapter, text)
        save_picture(chapter.draw(figures), IMAGES / f"claims_{args.chapter}.svg")


if __name__ == "__main__":
    main()
