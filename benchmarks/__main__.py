"""``python -m benchmarks``: minidet beside PyTorch on this machine. Writes ``docs/performance.md``'s table.

::

    python -m benchmarks                      everything, 1 and 2 threads
    python -m benchmarks --quick              one figure per row, in under a minute, nothing is written
    python -m benchmarks --only "conv forward" --threads 2
    python -m benchmarks networks             every convolution of well-known networks (networks --help)
    python -m benchmarks detection            boxes, regions, proposals, COCO's figures (detection --help)

Those two are parts of their own, and no part of what stands above: ``detection --quick`` is its short form.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import pathlib
import sys
from dataclasses import asdict

from tqdm import tqdm

from .cases import CASES, CLASSIFIER_STEPS, INFERENCE, ONNX, STEPS
from .cold import measure_cold
from .detection.__main__ import main as detection
from .measure import Result, Worker, measure
from .networks.__main__ import main as networks
from .peak import peak_case
from .report import machine, print_table, write_report

RESULTS = pathlib.Path("runs/benchmarks/results.json")
DEMO_STEP = "DeconvNet (demo), batch 8, 64x64"


def parse(arguments=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0],
                                     epilog="Other parts: networks --help, detection --help")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="fewer and shorter repeats, no report")
    parser.add_argument("--only", default="", help="only cases whose part or name contains this")
    parser.add_argument("--threads", type=int, nargs="+", help="1 and 2 if not given, with --quick only 2")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="rewrite docs/performance.md's tables")
    return parser.parse_args(arguments)


def run_cases(cases, threads: int, repeats: int, slice_seconds: float, memory: bool) -> list[Result]:
    """Measure every case with one number of threads."""
    peak, results = peak_case(threads), []
    names = dict.fromkeys(("minidet", "torch", *(case.beside for case in cases)))
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(name, threads)) for name in names}
        yardstick = stack.enter_context(Worker("minidet", threads))
        yardstick.ask(build=peak.name)
        bar = stack.enter_context(tqdm(cases, desc=f"{threads} thread(s)", unit="case", leave=False))
        for case in bar:
            wants_memory = memory and case.part == "training step"
            turns = {**workers, "peak": yardstick} if case.flops else workers
            results.append(measure(case, turns, threads, repeats, slice_seconds, peak, wants_memory))
    return results


def is_long(case) -> bool:
    """Tell what ``--quick`` leaves out: sizes, and all models but the first two, and one at inference."""
    return case.part == "scaling" or case in (*STEPS[2:], *CLASSIFIER_STEPS, *INFERENCE[1:], *ONNX)


def without_missing(cases) -> list:
    """Leave out the cases beside ONNX Runtime where it is not installed, and say so."""
    missing = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing and any(case.beside == "onnx" for case in cases):
        print(f"Inference beside ONNX Runtime is left out: {' and '.join(missing)} not installed. "
              "pip install -c constraints.txt -e '.[parity]'")  # fmt: skip
        return [case for case in cases if case.beside != "onnx"]
    return list(cases)


def main(arguments=None) -> None:
    """Measure, print, and keep the figures."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parts = {"networks": networks, "detection": detection}
    if arguments[:1] and arguments[0] in parts:
        parts[arguments[0]](arguments[1:])
        return
    args = parse(arguments)
    threads = args.threads or ([2] if args.quick else [1, 2])
    repeats, slice_seconds = (3, 0.01) if args.quick else (max(args.repeats, 15), 0.03)
    cases = [case for case in CASES if args.only in f"{case.part} {case.name}" and not (args.quick and is_long(case))]
    cases = without_missing(cases)
    results = [r for n in threads for r in run_cases(cases, n, repeats, slice_seconds, memory=not args.quick)]
    cold = measure_cold(DEMO_STEP) if not (args.quick or args.only) else {}
    print_table(results, cold)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    beside = RESULTS.with_suffix(".partial")
    kept = {"machine": machine(), "results": [asdict(r) for r in results], "cold": cold}
    beside.write_text(json.dumps(kept, indent=1))
    beside.replace(RESULTS)
    if args.write:
        write_report(results, cold)


if __name__ == "__main__":
    main()
