"""The libraries that stand beside minidet here. None has to be installed: what is missing is said, and left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from ..frameworks.backends import Torch

SYSTEM_PYTHON = "/usr/bin/python3"
#: What an import of torchvision that does not fit PyTorch raises, too: its kernels are not found.
FAILURES = (ImportError, OSError, RuntimeError)
#: Said where PyTorch's networks run on ``torch_ops``.
BORROWED = (
    "torchvision cannot be imported beside this PyTorch: in the rows of whole networks, PyTorch is given minidet's own "
    "kernels for nms, batched_nms, roi_align and roi_pool, on one thread. They are faster than torchvision's, which "
    "favours PyTorch: the ratio is a lower bound."
)
PROBE = """
import importlib, json, platform, sys
from importlib.metadata import version
wanted, optional = json.loads(sys.argv[1])
versions = {}
for name in [*wanted, *optional]:
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError, RuntimeError):
        if name in wanted:
            raise
        continue
    top = name.partition(".")[0]
    if top != "benchmarks":
        versions[top] = getattr(sys.modules[top], "__version__", None) or version(top)
print(json.dumps([platform.python_version(), versions]))
"""


@dataclass(frozen=True)
class Peer:
    """A library, and where it comes from."""

    modules: tuple[str, ...]  # what is imported
    install: str  # what brings it
    optional: tuple[str, ...] = ()  # what is used if it is there
    elsewhere: bool = False  # another Python may run it


@dataclass(frozen=True)
class Found:
    """A peer that can be imported: by which Python, and of which versions."""

    python: str
    python_version: str
    versions: dict[str, str]

    def __str__(self):
        names = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{names}, run by {self.python} (Python {self.python_version})"


PEERS = {
    "torchvision": Peer(
        ("torchvision.ops", "torch", "numpy"),
        "apt install python3-torchvision, or pip install torchvision of the release that goes with the PyTorch here; "
        "--torchvision-python names a Python that has it",
        elsewhere=True,
    ),
    "PyTorch": Peer(("torch", "numpy"), "pip install -c constraints.txt -e '.[parity]'", ("torchvision.ops",)),
    "scikit-image": Peer(("skimage.segmentation",), "pip install scikit-image"),
    "OpenCV": Peer(("cv2.ximgproc",), "pip install opencv-contrib-python-headless"),
    "pycocotools": Peer(("pycocotools.cocoeval",), "pip install -c constraints.txt -e '.[parity]'"),
}


def pythons(peer: Peer, asked: str | None = None) -> list[str]:
    """Return the interpreters that may run a peer, the first choice first: the one that was asked for, or this one."""
    if not peer.elsewhere:
        return [sys.executable]
    return [asked] if asked else list(dict.fromkeys([sys.executable, SYSTEM_PYTHON]))


def probe(peer: Peer, python: str) -> Found | str:
    """Return what an interpreter has of a peer, or why it cannot import it, in words."""
    modules = [*peer.modules, *(["benchmarks.worker"] if python != sys.executable else [])]
    command = [python, "-c", PROBE, json.dumps([modules, peer.optional])]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"])[-1]
    return Found(python, *json.loads(done.stdout.splitlines()[-1]))


def find(names, torchvision_python: str | None = None) -> tuple[dict[str, Found], dict[str, str]]:
    """Return which of the peers can be imported, and which cannot, each with the reasons and the remedy, in words."""
    found, without = {}, {}
    for name in dict.fromkeys(names):
        reasons = []
        for python in pythons(PEERS[name], torchvision_python):
            answer = probe(PEERS[name], python)
            if isinstance(answer, Found):
                found[name] = answer
                break
            reasons.append(f"{python}: {answer}")
        else:
            without[name] = f"{name} cannot be imported ({'; '.join(reasons)}): {PEERS[name].install}"
    return found, without


class TorchVision(Torch):
    """PyTorch, with torchvision's operations."""

    name = "torchvision"

    def __init__(self):
        super().__init__()
        import torchvision

        self._ops = torchvision.ops

    @property
    def ops(self):
        """Those of torchvision."""
        return self._ops


class PyTorch(Torch):
    """PyTorch for whole networks: with torchvision's operations, or, without it, with minidet's kernels for them."""

    name = "PyTorch"

    @property
    def ops(self):
        """Those of torchvision, or of ``torch_ops``."""
        try:
            import torchvision.ops
        except FAILURES:
            os.environ.setdefault("MINIDET_KEEP_MEMORY", "0")  # minidet's choice for itself, and not PyTorch's
            from . import torch_ops

            return torch_ops
        return torchvision.ops


class Other:
    """A library without tensors: a row calls it as it is."""

    def __init__(self, name: str):
        self.name = name


def peer_backend(name: str):
    """Return the backend of a process that runs this peer."""
    tensors = {"torchvision": TorchVision, "PyTorch": PyTorch}
    return tensors[name]() if name in tensors else Other(name)
