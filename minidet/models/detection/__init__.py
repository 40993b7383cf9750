"""Detectors: boxes with classes. Each box of a paper's figure is a file."""

from .alternating import train_in_four_steps
from .box_head import FastRCNNPredictor, TwoMLPHead
from .contract import Detector
from .default_boxes import DefaultBoxGenerator
from .fast_rcnn import FastRCNN
from .faster_rcnn import FasterRCNN
from .pooler import MultiScaleRoIPool
from .rcnn import RCNN
from .roi_heads import RoIHeads
from .rpn import RegionProposalNetwork, RPNHead
from .sliding_window import SlidingWindowDetector
from .ssd import SSD
from .svd import compress
from .yolo import YOLOv1
from .yolo_grid import grid_recall

__all__ = [
    "RCNN",
    "SSD",
    "DefaultBoxGenerator",
    "Detector",
    "FastRCNN",
    "FastRCNNPredictor",
    "FasterRCNN",
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
