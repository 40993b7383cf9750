"""``python -m benchmarks detection``: detectors and what they are made of, beside libraries that are known for it.

::

    python -m benchmarks detection                      everything, 1 and 2 threads
    python -m benchmarks detection --only nms roi       rows whose name, or whose peer, contains one of these
    python -m benchmarks detection --quick              three turns, 2 threads, without the rows that take long
    python -m benchmarks detection --list               the rows, their peers and goals; nothing is measured

Peers are torchvision (operations), PyTorch (whole networks), scikit-image, OpenCV (contrib) and pycocotools. None has
to be installed: without it, minidet is measured alone, and the report says what is missing and how to get it. Another
Python may run torchvision: the system's is tried where this one has none (apt install python3-torchvision).
"""

from __future__ import annotations

import argparse

from ..report import machine
from .measuring import QUICK, Effort, measure_rows
from .peers import SYSTEM_PYTHON, find
from .report import report
from .rows import ROWS, Row


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks detection", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only rows whose name or peer has one")
    parser.add_argument("--threads", type=int, nargs="+", help="1 and 2 if not given, with --quick only 2")
    parser.add_argument("--repeats", type=int, default=Effort.repeats)
    parser.add_argument("--quick", action="store_true", help="three short turns, no long rows")
    parser.add_argument("--torchvision-python", metavar="PATH",
                        help=f"which Python runs torchvision; by default this one, or {SYSTEM_PYTHON}")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="print the rows, measure nothing")
    return parser


def select(only=(), quick: bool = False) -> list[Row]:
    """Return the rows whose name or peer contains one of ``only``; all where that is empty."""
    only = [part.lower() for part in only]
    return [
        row
        for row in ROWS
        if not (quick and row.long) and (not only or any(part in f"{row.name} {row.peer}".lower() for part in only))
    ]


def main(arguments=None) -> None:
    """Measure, and print the tables."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    rows = select(args.only, args.quick)
    if not rows:
        parser.error("no row has such a name or peer (--list shows them all)")
    if args.list:
        print("\n".join(f"{row.name}: {row.goal} ({row.peer})" for row in rows))
        return
    found, without = find((row.peer for row in rows), args.torchvision_python)
    effort = QUICK if args.quick else Effort(repeats=args.repeats)
    print(machine())
    print("ratio = peer's time / minidet's time: above 1, minidet is faster.\n")
    threads = args.threads or ([2] if args.quick else [1, 2])
    figures = [figure for count in threads for figure in measure_rows(rows, found, count, effort)]
    print(report(figures, found, without))


if __name__ == "__main__":
    main()
