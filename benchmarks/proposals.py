"""``python -m benchmarks.proposals``: how well selective search covers objects, with how many boxes, in which time.

::

    python -m benchmarks.proposals                  shapes; with MINIDET_DATA set, BCCD's test photographs too
    python -m benchmarks.proposals --pictures 20    the first 20 of each

Prints the table that stands in docs/results.md; writes nothing. Seconds are the processor's, of all threads together:
what else the machine does changes them little.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import time

import numpy as np
from tqdm import tqdm

from minidet.data import ShapeScenes, Subset, VOCDetection
from minidet.metrics import mean_average_best_overlap, proposal_recall
from minidet.ops import selective_search
from minidet.ops.selective_search import MODES

from .claims.report import table

FIRST = 2000  # boxes that a detector takes
HEADER = ["pictures", "mode", "boxes", f"recall of {FIRST}", f"MABO of {FIRST}", "recall", "MABO", "CPU seconds"]


def parse(arguments=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proposals", description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=50, help="of each data set, at most (default: 50)")
    parser.add_argument("--min-side", type=float, default=0.0, help="leave out smaller boxes (default: 0)")
    return parser.parse_args(arguments)


def data_sets() -> dict:
    """Return what is searched, by name."""
    found = {f"shapes, {size} x {size}": ShapeScenes("test", size=size, length=100) for size in (96, 192)}
    root = os.environ.get("MINIDET_DATA")
    if root and (pathlib.Path(root) / "bccd_voc").is_dir():
        found["BCCD, 320 x 240"] = VOCDetection(pathlib.Path(root) / "bccd_voc", "test", first_pixel=0)
    return found


def row(name: str, dataset, mode: str, min_side: float) -> list[str]:
    """Search every picture, and return one line of the table: boxes and seconds are means of a picture."""
    boxes, truth, seconds = [], [], []
    for index in tqdm(range(len(dataset)), desc=f"{name}, {mode}", leave=False):
        image, target = dataset[index]
        start = time.process_time()
        found = selective_search(image, mode, min_side=min_side, rng=np.random.default_rng(index))
        seconds.append(time.process_time() - start)
        boxes.append(found.numpy())
        truth.append(target)
    first = [found[:FIRST] for found in boxes]
    figures = [f(some, truth) for some in (first, boxes) for f in (proposal_recall, mean_average_best_overlap)]
    cells = [f"{np.mean([len(found) for found in boxes]):,.0f}", *(f"{figure:.3f}" for figure in figures)]
    return [f"{name} ({len(dataset)})", mode, *cells, f"{np.median(seconds):.3f}"]


def main(arguments=None) -> None:
    """Print the table."""
    args = parse(arguments)
    for mode in MODES:
        selective_search(np.random.default_rng(0).random((3, 32, 32), np.float32), mode)  # compiles
    rows = []
    for name, dataset in data_sets().items():
        some = Subset(dataset, range(min(args.pictures, len(dataset))))
        rows += [row(name, some, mode, args.min_side) for mode in MODES]
    print(table(HEADER, rows))


if __name__ == "__main__":
    main()
