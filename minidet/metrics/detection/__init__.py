"""How good detections are: COCO's average precision and recall, PASCAL VOC's, and what kinds of mistakes there are."""

from .bootstrap import Interval, Outcomes, bootstrap_ap50, interval_of
from .coco import coco_evaluate
from .errors import ErrorTypes, error_types
from .figures import CocoFigures
from .streaming import MeanAveragePrecision
from .voc import VOCPrecision, voc_ap

__all__ = [
    "CocoFigures",
    "ErrorTypes",
    "Interval",
    "MeanAveragePrecision",
    "Outcomes",
    "VOCPrecision",
    "bootstrap_ap50",
    "coco_evaluate",
    "error_types",
    "interval_of",
    "voc_ap",
]
