"""How good a prediction is."""

from .boundary import BoundaryF1
from .localization import LocalizationAccuracy, MeanBox
from .pose import OKS, PCK
from .segmentation import ConfusionMatrix, majority_class

__all__ = ["OKS", "PCK", "BoundaryF1", "ConfusionMatrix", "LocalizationAccuracy", "MeanBox", "majority_class"]
