"""How good a prediction is."""

from .boundary import BoundaryF1
from .detection import (
    CocoFigures,
    ErrorTypes,
    MeanAveragePrecision,
    VOCPrecision,
    coco_evaluate,
    error_types,
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
    "LocalizationAccuracy",
    "MeanAveragePrecision",
    "MeanBox",
    "VOCPrecision",
    "coco_evaluate",
    "error_types",
    "majority_class",
    "mean_average_best_overlap",
    "proposal_recall",
    "voc_ap",
]
