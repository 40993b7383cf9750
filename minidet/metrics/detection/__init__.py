"""How good detections are: COCO's average precision and recall, PASCAL VOC's, and what kinds of mistakes there are."""

from .coco import coco_evaluate
from .errors import ErrorTypes, error_types
from .figures import CocoFigures
from .streaming import MeanAveragePrecision
from .voc import VOCPrecision, voc_ap

__all__ = [
    "CocoFigures",
    "ErrorTypes",
    "MeanAveragePrecision",
    "VOCPrecision",
    "coco_evaluate",
    "error_types",
    "voc_ap",
]
