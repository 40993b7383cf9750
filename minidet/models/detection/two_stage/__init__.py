"""Regions first, then what each of them is, on maps that all regions share: Fast, Faster and Mask R-CNN."""

from .alternating import train_in_four_steps
from .box_head import FastRCNNPredictor, TwoMLPHead
from .fast_rcnn import FastRCNN
from .faster_rcnn import FasterRCNN
from .keypoint_head import KeypointRCNNHeads, KeypointRCNNPredictor
from .mask_head import MaskRCNNHeads, MaskRCNNPredictor
from .mask_rcnn import MaskRCNN
from .pooler import MultiScaleRoIPool
from .roi_heads import RoIHeads
from .rpn import RegionProposalNetwork, RPNHead
from .svd import compress

__all__ = [
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
    "TwoMLPHead",
    "compress",
    "train_in_four_steps",
]
