"""The libraries that stand beside minidet here. None has to be installed: what is missing is said, and left out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from ..backends import Torch


@dataclass(frozen=True)
class Peer:
    """A library, and where it comes from."""

    module: str  # what is imported
    install: str  # what brings it


PEERS = {
    "torchvision": Peer("torchvision.ops", "pip install torchvision, of the release that goes with the PyTorch here"),
    "scikit-image": Peer("skimage.segmentation", "pip install scikit-image"),
    "OpenCV": Peer("cv2.ximgproc", "pip install opencv-contrib-python-headless"),
    "pycocotools": Peer("pycocotools.cocoeval", "pip install -c constraints.txt -e '.[parity]'"),
}


def missing(names) -> dict[str, str]:
    """Return which of the peers cannot be imported, each with the reason and the remedy, in words."""
    found = {}
    for name in dict.fromkeys(names):
        done = subprocess.run([sys.executable, "-c", f"import {PEERS[name].module}"], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
            found[name] = f"{name} cannot be imported ({said[-1]}): {PEERS[name].install}"
    return found


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


class Other:
    """A library without tensors: a row calls it as it is."""

    def __init__(self, name: str):
        self.name = name


def peer_backend(name: str):
    """Return the backend of a process that runs this peer."""
    return TorchVision() if name == "torchvision" else Other(name)
