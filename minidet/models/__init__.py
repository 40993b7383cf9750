"""One paper, one file."""

from typing import NamedTuple

from .complexity import multiply_adds
from .detection import SSD, FasterRCNN, YOLOv1
from .localization import Localizer
from .pose import DeepPose, DeepPoseCascade, HeatmapPose
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


class Row(NamedTuple):
    """A model: what builds it, called as ``network(num_classes, ...)``, and the name of what it learns."""

    network: type
    task: str


#: The names that ``minidet train`` and checkpoints use.
MODELS = {
    "deconvnet": Row(DeconvNet, "segmentation"),
    "faster_rcnn": Row(FasterRCNN, "detection"),
    "fcn8s": Row(FCN8s, "segmentation"),
    "fcn16s": Row(FCN16s, "segmentation"),
    "fcn32s": Row(FCN32s, "segmentation"),
    "full_resolution": Row(FullResolutionFCN, "segmentation"),
    "localization": Row(Localizer, "localization"),
    "pose": Row(HeatmapPose, "pose"),
    "pose_cascade": Row(DeepPoseCascade, "pose"),
    "pose_regression": Row(DeepPose, "pose"),
    "segnet": Row(SegNet, "segmentation"),
    "sliding_window": Row(SlidingWindow, "segmentation"),
    "ssd": Row(SSD, "detection"),
    "unet": Row(UNet, "segmentation"),
    "yolo": Row(YOLOv1, "detection"),
}

__all__ = [
    "MODELS",
    "SSD",
    "DeconvNet",
    "DeepPose",
    "DeepPoseCascade",
    "FCN8s",
    "FCN16s",
    "FCN32s",
    "FasterRCNN",
    "FullResolutionFCN",
    "HeatmapPose",
    "Localizer",
    "SegNet",
    "SlidingWindow",
    "UNet",
    "YOLOv1",
    "multiply_adds",
]
