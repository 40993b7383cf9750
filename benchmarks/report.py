"""Tables of measured ratios: on the screen, and between the marks of ``docs/performance.md``."""

from __future__ import annotations

import pathlib
import platform

from .cases import CASES
from .frameworks.backends import TITLES
from .measure import Result, geometric_mean

PAGE = pathlib.Path("docs/performance.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def machine() -> str:
    """Describe the machine and the versions in one line."""
    import numba
    import numpy as np

    from minidet.commands.doctor import threading_layer

    processor = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        processor = f"{len(names)} x {names[0]}" if names else processor
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}"
    return f"{processor}, {versions}, its threads {threading_layer()}'s"


def rows_of(results: list[Result]) -> list[str]:
    """Format one part's results as Markdown table rows, with the geometric mean at the end."""
    rows = []
    for r in results:
        speed = f"{r.gflops:.0f}" if r.gflops else ""
        share = f"{r.peak_share:.0%}" if r.gflops else ""
        memory = f"{r.minidet_bytes / r.torch_bytes:.2f}" if r.torch_bytes > 0 else ""
        name = r.case.removeprefix(r.part).strip()
        rows.append(f"| {name} | {r.ratio:.2f} | {r.low:.2f} to {r.high:.2f} | {speed} | {share} | {memory} |")
    rows.append(f"| **geometric mean** | **{geometric_mean(r.ratio for r in results):.2f}** | | | | |")
    return rows


def per_pixel(results: list[Result]) -> list[str]:
    """Format the time of a training step per pixel: what a larger batch, and a larger image, are good for."""
    pixels = {case.name: case.pixels for case in CASES}
    threads = max((r.threads for r in results), default=0)
    chosen = [r for r in results if r.threads == threads and pixels[r.case]]
    if not chosen:
        return []
    unit = min(r.minidet_seconds / pixels[r.case] for r in chosen)
    lines = [f"### Time per pixel, {threads} threads", "", "1 is minidet's shortest.", ""]
    lines += ["| work | minidet | PyTorch |", "|---|---|---|"]
    for r in chosen:
        mine, theirs = (seconds / pixels[r.case] / unit for seconds in (r.minidet_seconds, r.other_seconds))
        lines.append(f"| {r.case} | {mine:.2f} | {theirs:.2f} |")
    return [*lines, ""]


def thread_gain(results: list[Result]) -> list[str]:
    """Format how many times faster two threads are than one."""
    timed = {(r.case, r.threads): r for r in results if r.part in ("training step", "scaling")}
    both = [name for name, threads in timed if threads == 2 and (name, 1) in timed]
    if not both:
        return []
    lines = ["### Two threads against one", "", "| work | minidet | PyTorch |", "|---|---|---|"]
    for name in both:
        one, two = timed[name, 1], timed[name, 2]
        mine, theirs = one.minidet_seconds / two.minidet_seconds, one.other_seconds / two.other_seconds
        lines.append(f"| {name} | {mine:.2f} | {theirs:.2f} |")
    return [*lines, ""]


def tables(results: list[Result], cold: dict[str, float]) -> str:
    """Format everything that was measured."""
    lines = []
    for threads in sorted({r.threads for r in results}, reverse=True):
        for part in dict.fromkeys(r.part for r in results):
            chosen = [r for r in results if r.threads == threads and r.part == part]
            if chosen:
                lines += [f"### {part}, {threads} thread{'s' if threads > 1 else ''}", ""]
                if chosen[0].beside != "torch":
                    lines += [f"Here the ratio is {TITLES[chosen[0].beside]}'s time / minidet's.", ""]
                lines += ["| work | ratio | middle half | GFLOP/s | of peak | memory, minidet / PyTorch |"]
                lines += ["|---|---|---|---|---|---|", *rows_of(chosen), ""]
    lines += [*per_pixel(results), *thread_gain(results)]
    if cold:
        lines += ["### Cold start", "", "| what | seconds |", "|---|---|"]
        lines += [f"| {name} | {seconds:.2f} |" for name, seconds in cold.items()]
    return "\n".join(lines)


def print_table(results: list[Result], cold: dict[str, float]) -> None:
    """Print the tables."""
    print(machine())
    if results:
        print(f"ratio = PyTorch time / minidet time: above 1, minidet is faster. {results[0].repeats} repeats.")
    print(tables(results, cold))


def write_report(results: list[Result], cold: dict[str, float]) -> None:
    """Replace what stands between the marks of the page; the story around them stays."""
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    measured = f"{machine()}; {results[0].repeats} repeats.\n\n{tables(results, cold)}"
    beside = PAGE.with_suffix(".partial")
    beside.write_text(f"{head}{BEGIN}\n\n{measured}\n\n{END}{tail}")
    beside.replace(PAGE)
