"""R-CNN: regions with features of a convolutional network. Each box of the figure is a file."""

from .bbox_ridge import BoxRidge, fit_ridge
from .cache import RowCache
from .mining import mine
from .network import RegionNetwork
from .rcnn import RCNN
from .svm import LinearSVMs, fit_svm
from .warp import warp

__all__ = ["RCNN", "BoxRidge", "LinearSVMs", "RegionNetwork", "RowCache", "fit_ridge", "fit_svm", "mine", "warp"]
