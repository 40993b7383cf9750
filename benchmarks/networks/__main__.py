"""``python -m benchmarks networks``: every convolution of the networks that minidet is about, beside PyTorch.

::

    python -m benchmarks networks --record runs/benchmarks/networks.jsonl    everything; goes on after an interruption
    python -m benchmarks networks --only resnet18 --size 224 --batch 2 --threads 2
    python -m benchmarks networks --only focus       a short list of kinds that general loops are slow at
    python -m benchmarks networks --list             what there is to measure; nothing is measured

Forward is without recording. Forward + backward computes the gradients of weight, bias and input; the picture itself
gets none, except in the short list. Equal shapes of several networks are measured once.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import pathlib
import re
from dataclasses import asdict

from ..report import machine
from .figures import Figures
from .measuring import QUICK, Effort, measure_missing
from .report import report
from .table import NETWORKS, View, distinct, select


def size(text: str) -> tuple[int, int]:
    """Read "224" or "240x320"."""
    if not re.fullmatch(r"\d+(x\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: 224, or 240x320")
    sides = [int(side) for side in text.split("x")]
    return sides[0], sides[-1]


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks networks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Networks: {', '.join(NETWORKS)}; focus.",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only networks whose name contains one")
    parser.add_argument("--size", nargs="+", default=[], type=size, help="only images of these sizes: 224, 240x320")
    parser.add_argument("--batch", nargs="+", default=[], type=int, help="only these batches (128: regions)")
    parser.add_argument("--threads", type=int, nargs="+", help="1 and 2 if not given, with --quick only 2")
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="how many of the lowest ratios are listed")
    parser.add_argument(
        "--record", type=pathlib.Path, metavar="FILE", help="keep figures as JSON lines, and go on there"
    )
    parser.add_argument("--quick", action="store_true", help="five turns of a hundredth of a second")
    parser.add_argument("--list", action="store_true", help="print the shapes, measure nothing")
    return parser


def listing(views: list[View]) -> str:
    """Format what would be measured."""
    lines = []
    for view in views:
        lines.append(f"{view.name}: {len(view.shapes)} shapes, {sum(view.shapes.values())} calls")
        lines += [f"  {times:3d} x {shape.name}" for shape, times in view.shapes.items()]
    return "\n".join([*lines, f"{len(distinct(views))} distinct shapes in all"])


def main(arguments=None) -> None:
    """Measure what is left, and print the tables."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    views = select(args.only, args.size, args.batch)
    if not views:
        parser.error("no network has such a name, size and batch (--list shows them all)")
    if args.list:
        print(listing(views))
        return
    effort = QUICK if args.quick else Effort()
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        parser.error("PyTorch is not installed: pip install -c constraints.txt -e '.[parity]'")
    origin = {"machine": machine(), "torch": torch, **asdict(effort)}
    figures = Figures(args.record, origin)
    print(f"{origin['machine']}, PyTorch {origin['torch']}")
    print("ratio = PyTorch time / minidet time: above 1, minidet is faster.\n")
    for threads in args.threads or ([2] if args.quick else [1, 2]):
        measure_missing(distinct(views), threads, figures, effort)
        print(report(views, figures, threads, max(args.worst, 0)))


if __name__ == "__main__":
    main()
