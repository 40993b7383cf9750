"""Semantic segmentation: a class for every pixel."""

from .deconvnet import DeconvNet
from .fcn import FCN8s, FCN16s, FCN32s
from .full_resolution import FullResolutionFCN
from .segnet import SegNet
from .sliding_window import SlidingWindow
from .unet import UNet

__all__ = ["DeconvNet", "FCN8s", "FCN16s", "FCN32s", "FullResolutionFCN", "SegNet", "SlidingWindow", "UNet"]
