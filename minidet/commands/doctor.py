"""``minidet doctor``: what this machine and this installation are, and a hint for everything that is wrong."""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import os
import pathlib
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..kernels.launch import jit

REQUIRED = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "Pillow", "safetensors", "tqdm")
#: package -> what it is for
OPTIONAL = {"scikit-learn": "the digits of the demo", "torch": "comparing with PyTorch"}

#: Every environment variable that minidet reads.
VARIABLES = {
    "MINIDET_BLANKS": "1: a function that readers write has to be right, for those who test the notebooks",
    "MINIDET_BOUNDSCHECK": "1: kernels check every index (slow)",
    "MINIDET_CACHE": "the folder for compiled kernels",
    "MINIDET_DATA": "the folder of the data sets",
    "MINIDET_KEEP_MEMORY": "0: freed memory goes back to the system",
    "MINIDET_QUICK": "1: the demo and the notebooks take fewer steps",
    "MINIDET_SLIDERS": "0: notebooks show no sliders, for a run in which nobody moves them",
}
#: Variables of others that change how minidet runs.
THEIR_VARIABLES = ("NUMBA_", "OMP_", "OPENBLAS_", "MKL_")

#: folder under MINIDET_DATA -> what it holds
DATA_SETS = {
    "bccd_voc": "blood cells: boxes",
    "camvid240": "streets: a class per pixel",
    "lspet_pose128": "people: 14 joints",
    "nuclei_coco": "cell nuclei: masks",
    "weights_mobilenet_v2": "MobileNetV2, trained on ImageNet",
    "weights_small": "SqueezeNet, MobileNetV1-0.25, ResNet-20",
}

#: LLVM's name of a feature -> bits of a vector register, widest first
SIMD = {"avx512f": 512, "avx2": 256, "avx": 256, "neon": 128, "sse2": 128, "vsx": 128}


#: Bytes of a large compiled kernel
ROOM = 1_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the report. A hint says what to do; ``wrong``: until it is done, something fails or is slow."""

    name: str
    value: str
    hint: str = ""
    wrong: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``minidet doctor`` takes no arguments."""


def run(args: argparse.Namespace) -> int:
    """Print the report. Returns 1 if something is wrong, else 0."""
    findings = []
    for title, examine in (
        ("Versions", versions),
        ("Processor", processor),
        ("Threads", threads),
        ("Compiled kernels", kernel_cache),
        ("Environment", environment),
        ("Data sets", data_sets),
    ):
        print(title)
        for finding in examine():
            findings.append(finding)
            print(f"  {'!' if finding.wrong else ' '} {finding.name:<22} {finding.value}")
            if finding.hint:
                print(f"      -> {finding.hint}")
    wrong = [finding.name for finding in findings if finding.wrong]
    print(f"Something is wrong with: {', '.join(wrong)}." if wrong else "Nothing is wrong.")
    return 1 if wrong else 0


def installed(package: str) -> str | None:
    """Return the version of an installed package without importing it; None if it is absent."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> Iterator[Finding]:
    """Report Python and every package that minidet stands on."""
    yield Finding(
        "minidet", installed("minidet") or "not installed", "" if installed("minidet") else "pip install -e ."
    )
    yield Finding("Python", f"{platform.python_version()} at {sys.executable}")
    yield Finding("system", platform.platform())
    for package in REQUIRED:
        found = installed(package)
        yield Finding(package, found or "absent", "" if found else f"pip install {package}", wrong=found is None)
    for package, purpose in OPTIONAL.items():
        yield Finding(package, installed(package) or f"absent (only needed for {purpose})")
    if installed("numba") and not jit.ENABLED:
        reason = import_error("numba")
        if reason:
            yield Finding("numba", f"cannot be imported: {reason}", "pip install --upgrade numba numpy", wrong=True)
        else:
            yield Finding("numba", "switched off", "unset NUMBA_DISABLE_JIT: NumPy is many times slower", wrong=True)


def import_error(module: str) -> str:
    """Return why ``module`` cannot be imported; empty if it can."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        return str(error)
    return ""


def processor() -> Iterator[Finding]:
    """Report the processor's name, the width of its vectors, and its cores."""
    name, features = cpu()
    yield Finding("name", name)
    bits = next((bits for feature, bits in SIMD.items() if feature in features), 0)
    if bits:
        fused = "fma" in features or "neon" in features
        note = "fused multiply-add" if fused else "no fused multiply-add"
        hint = "" if bits >= 256 or "neon" in features else "convolutions reach a fraction of what AVX2 gives"
        yield Finding("SIMD width", f"{bits} bits: {bits // 32} float32 at once, {note}", hint)
    else:
        yield Finding("SIMD width", "unknown (llvmlite tells it)")
    override = os.environ.get("NUMBA_CPU_NAME")
    if override:
        yield Finding("compiled for", override, "unset NUMBA_CPU_NAME to compile for this processor")
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("cores", f"{os.cpu_count()}, of which this process may use {allowed}")


def cpu() -> tuple[str, set[str]]:
    """Return the processor's name, and LLVM's names of what it can do."""
    model = ""
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = (
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        )
        model = next(names, "")
    model = model or platform.processor() or platform.machine()
    try:
        from llvmlite import binding
    except ImportError:
        return model, set()
    features = {feature for feature, present in binding.get_host_cpu_features().items() if present}
    return f"{model} (LLVM: {binding.get_host_cpu_name()})", features


def threads() -> Iterator[Finding]:
    """Report who computes with how many threads: numba's pool, and that of BLAS."""
    if jit.ENABLED:
        import numba

        layer = threading_layer()
        yield Finding("numba", f"{numba.get_num_threads()} threads, threading layer {layer}")
        if numba.get_num_threads() > (os.cpu_count() or 1):
            hint = "set NUMBA_NUM_THREADS to the number of cores, or unset it"
            yield Finding("numba", "more threads than cores", hint, wrong=True)
    for name, count in blas():
        yield Finding("BLAS", name if count is None else f"{name}, {count} threads")


def threading_layer() -> str:
    """Run a parallel loop: only then does numba know which layer it uses."""
    import numba

    @numba.njit(parallel=True)
    def double(x):
        for i in numba.prange(x.size):
            x[i] *= 2

    double(np.ones(64))
    return numba.threading_layer()


def blas() -> list[tuple[str, int | None]]:
    """Return name and threads of the libraries behind NumPy's matrix product."""
    try:
        import threadpoolctl
    except ImportError:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return [(f"{built['name']} {built['version']}", None)]
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return [(f"{pool['internal_api']} {pool['version']}", pool["num_threads"]) for pool in pools]


def kernel_cache() -> Iterator[Finding]:
    """Report where compiled kernels are kept, how much there is, and what is not fit for use."""
    if not jit.ENABLED:
        yield Finding("folder", "none: kernels are not compiled")
        return
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named and not os.path.isabs(named):
        hint = "set it to a path that begins with /, or unset it"
        yield Finding("XDG_CACHE_HOME", f"{named} is ignored: it is not absolute", hint, wrong=True)
    folder, refused = jit.cache_choice()
    for root, reason in refused:
        hint = "remove it, or set MINIDET_CACHE to a folder that only you may write to"
        yield Finding("refused", f"{root} {reason}", hint, wrong=True)
    if folder is None:
        hint = "set MINIDET_CACHE to a folder that you may write to: until then every process compiles anew"
        yield Finding("folder", "none", hint, wrong=True)
        return
    yield Finding("folder", f"{folder} (writable)")
    files, size = folder_size(folder)
    yield Finding(
        "size", f"{size / 1e6:.1f} MB in {files} files" if files else "empty: the first run compiles, and says so"
    )
    yield from kernel_files(folder)
    older = [path for path in folder.parent.glob("kernels-*") if path != folder]
    if older:
        total = sum(folder_size(path)[1] for path in older)
        yield Finding("of other versions", f"{len(older)} folders, {total / 1e6:.1f} MB", "may be deleted")


def kernel_files(folder: pathlib.Path) -> Iterator[Finding]:
    """Read every compiled kernel, and write a file as large as one."""
    from ..kernels.launch import cache_files

    whole, damaged, unfinished = cache_files.examine(folder)
    if whole:
        yield Finding("whole", f"{whole} compiled kernels have the right checksum")
    if damaged:
        hint = (
            f"nothing to do: they are compiled again when they are needed. If it comes back, is the disk well? {folder}"
        )
        names = ", ".join(str(path.relative_to(folder)) for path in damaged[:3])
        yield Finding("damaged", f"{len(damaged)} compiled kernels: {names}", hint, wrong=True)
    if unfinished:
        yield Finding("unfinished", f"{len(unfinished)} files of processes that were killed", "may be deleted")
    path = folder / "doctor" / f"probe{cache_files.SUFFIX}"
    try:
        cache_files.write(path, bytes(ROOM))
        path.unlink()
        path.parent.rmdir()
    except OSError as error:
        hint = (
            "free some space, or set MINIDET_CACHE to a folder of another disk: until then every process compiles anew"
        )
        yield Finding("room", f"none: a file cannot be written ({error.strerror or error})", hint, wrong=True)


def folder_size(folder: pathlib.Path) -> tuple[int, int]:
    """Return how many files a folder holds, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def environment() -> Iterator[Finding]:
    """Report the variables that change how minidet runs."""
    mine = {name: value for name, value in os.environ.items() if name.startswith("MINIDET_")}
    for name, value in sorted(mine.items()):
        if name in VARIABLES:
            yield Finding(name, f"{value} ({VARIABLES[name]})")
            continue
        near = difflib.get_close_matches(name, VARIABLES, n=1)
        hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(VARIABLES)
        yield Finding(name, f"{value} (minidet reads no such variable)", hint, wrong=True)
    for name, value in sorted(os.environ.items()):
        if name.startswith(THEIR_VARIABLES):
            yield Finding(name, value)
    if not mine:
        yield Finding("MINIDET_*", "none is set")


def data_sets() -> Iterator[Finding]:
    """Report which data sets are in the folder ``MINIDET_DATA``."""
    root = os.environ.get("MINIDET_DATA")
    if not root:
        hint = "set MINIDET_DATA to a folder of data sets to train on photographs; the demo needs none"
        yield Finding("MINIDET_DATA", "not set", hint)
        return
    folder = pathlib.Path(root)
    if not folder.is_dir():
        yield Finding("MINIDET_DATA", f"{root} is no folder", "set it to a folder that holds data sets", wrong=True)
        return
    for name, what in DATA_SETS.items():
        there = (folder / name).is_dir() and any((folder / name).iterdir())
        yield Finding(name, f"{'found' if there else 'absent'} ({what})")
