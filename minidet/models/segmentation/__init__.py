"""Semantic segmentation: a class for every pixel."""

from .deconvnet import DeconvNet
from .segnet import SegNet

__all__ = ["DeconvNet", "SegNet"]
