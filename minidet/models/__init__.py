"""One paper, one file."""

from .complexity import multiply_adds
from .segmentation import (
    DeconvNet,
    FCN8s,
    FCN16s,
    FCN32s,
    FullResolutionFCN,
    SegNet,
    SlidingWindow,
    UNet,
)

#: The names that ``minidet train`` and checkpoints use.
MODELS = {
    "deconvnet": DeconvNet,
    "fcn8s": FCN8s,
    "fcn16s": FCN16s,
    "fcn32s": FCN32s,
    "full_resolution": FullResolutionFCN,
    "segnet": SegNet,
    "sliding_window": SlidingWindow,
    "unet": UNet,
}

__all__ = [
    "MODELS",
    "DeconvNet",
    "FCN8s",
    "FCN16s",
    "FCN32s",
    "FullResolutionFCN",
    "SegNet",
    "SlidingWindow",
    "UNet",
    "multiply_adds",
]
