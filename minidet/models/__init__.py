"""One paper, one file."""

from .segmentation import DeconvNet, SegNet

#: The names that ``minidet train`` and checkpoints use.
MODELS = {"deconvnet": DeconvNet, "segnet": SegNet}

__all__ = ["MODELS", "DeconvNet", "SegNet"]
