"""One paper, one file."""

from typing import NamedTuple

from .complexity import multiply_adds
from .detection import RCNN, SSD, FasterRCNN, FastRCNN, MaskRCNN, SlidingWindowDetector, YOLOv1
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
    "fast_rcnn": Row(FastRCNN, "detection"),
    "faster_rcnn": Row(FasterRCNN, "detection"),
    "fcn8s": Row(FCN8s, "segmentation"),
    "fcn16s": Row(FCN16s, "segmentation"),
    "fcn32s": Row(FCN32s, "segmentation"),
    "full_resolution": Row(FullResolutionFCN, "segmentation"),
    "localization": Row(Localizer, "localization"),
    "mask_rcnn": Row(MaskRCNN, "detection"),
    "pose": Row(HeatmapPose, "pose"),
    "pose_cascade": Row(DeepPoseCascade, "pose"),
    "pose_regression": Row(DeepPose, "pose"),
    "rcnn": Row(RCNN, "detection"),
    "segnet": Row(SegNet, "segmentation"),
    "sliding_window": Row(SlidingWindow, "segmentation"),
    "sliding_window_detector": Row(SlidingWindowDetector, "detection"),
    "ssd": Row(SSD, "detection"),
    "unet": Row(UNet, "segmentation"),
    "yolo": Row(YOLOv1, "detection"),
}

__all__ = [
    "MODELS",
    "RCNN",
    "SSD",
    "DeconvNet",
    "DeepPose",
    "DeepPoseCascade",
    "FCN8s",
    "FCN16s",
    "FCN32s",
    "FastRCNN",
    "FasterRCNN",
    "FullResolutionFCN",
    "HeatmapPose",
    "Localizer",
    "MaskRCNN",
    "SegNet",
    "SlidingWindow",
    "SlidingWindowDetector",
    "UNet",
    "YOLOv1",
    "multiply_adds",
]
