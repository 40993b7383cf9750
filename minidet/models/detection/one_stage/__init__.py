"""Detectors without proposals: every place of the maps says its boxes and classes at once."""

from .default_boxes import DefaultBoxGenerator
from .ssd import SSD
from .yolo import YOLOv1
from .yolo_grid import grid_recall

__all__ = ["SSD", "DefaultBoxGenerator", "YOLOv1", "grid_recall"]
