"""How good a prediction is."""

from .boundary import BoundaryF1
from .detection import (
    CocoFigures,
    ErrorTypes,
    Interval,
    MeanAveragePrecision,
    Outcomes,
    VOCPrecision,
    bootstrap_ap50,
    coco_evaluate,
    error_types,
    interval_of,
    voc_ap,
)
from .localization import LocalizationAccuracy, MeanBox
from .pose import OKS, PCK
from .proposals import mean_average_best_overlap, proposal_recall
from .segmentation import ConfusionMatrix, majority_class

__all__ = [
    "OKS",
    "PCK",
    "BoundaryF1",
    "CocoFigures",
    "ConfusionMatrix",
    "ErrorTypes",
    "Interval",
    "LocalizationAccuracy",
    "MeanAveragePrecision",
    "MeanBox",
    "Outcomes",
    "VOCPrecision",
    "bootstrap_ap50",
    "coco_evaluate",
    "error_types",
    "interval_of",
    "majority_class",
    "mean_average_best_overlap",
    "proposal_recall",
    "voc_ap",
]
