"""``python -m tests.fuzz --minutes 10 --seed 1 2 3``: random calls of every public operation, compared with NumPy and PyTorch."""

from __future__ import annotations

import argparse
import faulthandler
import sys

from .bad import bad
from .operation import torch
from .run import fuzz
from .table import OPERATIONS


def main() -> int:
    """Run the fuzzer; return 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for each seed (1)")
    parser.add_argument("--count", type=int, help="so many calls for each seed, however long they take")
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=sorted(OPERATIONS), metavar="NAME", help='such as "F.conv2d"')
    parser.add_argument(
        "--bad", action="store_true", help="wrong kinds of values instead: everything public, and what it raises"
    )
    options = parser.parse_args()
    if options.bad:
        return 1 if sum(bad(seed, options.minutes * 60, options.count) for seed in options.seed) else 0
    faulthandler.enable(sys.__stderr__)
    if torch is not None:
        torch.set_num_threads(1)
    print("values and gradients, against NumPy" + (" (PyTorch is not installed)" if torch is None else " and PyTorch"))
    found = [failure for seed in options.seed
             for failure in fuzz(seed, options.minutes * 60, options.count, options.only)]  # fmt: skip
    if found:
        print(f"\n{len(found)} found:", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
