"""How good a prediction is."""

from .boundary import BoundaryF1
from .segmentation import ConfusionMatrix, majority_class

__all__ = ["BoundaryF1", "ConfusionMatrix", "majority_class"]
