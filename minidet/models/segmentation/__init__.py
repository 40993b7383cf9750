"""Semantic segmentation: a class for every pixel."""

from .deconvnet import DeconvNet
from .fcn import FCN8s, FCN16s, FCN32s
from .segnet import SegNet
from .unet import UNet

__all__ = ["DeconvNet", "FCN8s", "FCN16s", "FCN32s", "SegNet", "UNet"]
