"""How good a prediction is."""

from .segmentation import ConfusionMatrix, majority_class

__all__ = ["ConfusionMatrix", "majority_class"]
