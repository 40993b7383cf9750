"""Detectors: boxes with classes. Each box of a paper's figure is a file, each family has a room."""

from .contract import Detector
from .one_stage import SSD, DefaultBoxGenerator, YOLOv1, grid_recall
from .rcnn import RCNN
from .sliding_window import SlidingWindowDetector
from .two_stage import (
    FasterRCNN,
    FastRCNN,
    FastRCNNPredictor,
    KeypointRCNNHeads,
    KeypointRCNNPredictor,
    MaskRCNN,
    MaskRCNNHeads,
    MaskRCNNPredictor,
    MultiScaleRoIPool,
    RegionProposalNetwork,
    RoIHeads,
    RPNHead,
    TwoMLPHead,
    compress,
    train_in_four_steps,
)

__all__ = [
    "RCNN",
    "SSD",
    "DefaultBoxGenerator",
    "Detector",
    "FastRCNN",
    "FastRCNNPredictor",
    "FasterRCNN",
    "KeypointRCNNHeads",
    "KeypointRCNNPredictor",
    "MaskRCNN",
    "MaskRCNNHeads",
    "MaskRCNNPredictor",
    "MultiScaleRoIPool",
    "RPNHead",
    "RegionProposalNetwork",
    "RoIHeads",
    "SlidingWindowDetector",
    "TwoMLPHead",
    "YOLOv1",
    "compress",
    "grid_recall",
    "train_in_four_steps",
]
