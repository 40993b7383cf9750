"""The network that sees one warped region at a time: figure 1 of the R-CNN paper, step 3.

crop (3, S, S) -- backbone -- map -- G x G cells --+-- fc, ReLU --+--> K scores, softmax: for fine-tuning only
                                    pool5          |              fc7: what the SVMs see
                                                   +--> what the box regressor sees
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, no_grad, tensor
from ....errors import integer
from ....nn import functional as F
from ....nn import init
from ...backbones import backbone as build_backbone

CHUNK = 64  # crops that go through the network together: memory does not grow with the number of regions


class RegionNetwork(nn.Module):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K.
    backbone, pretrained
        As for :func:`minidet.models.backbones.backbone`.
    stride : int, optional
        Of the map; the coarsest by default.
    grid : int
        G. Each cell is the mean of its part of the map.
    width : int
        D, units of fc7.
    """

    def __init__(self, num_classes: int, backbone, pretrained=False, stride: int | None = None, grid: int = 2,
                 width: int = 256):  # fmt: skip
        super().__init__()
        self.grid = integer("RCNN", "grid", grid, 1)
        self.backbone = build_backbone(backbone, None if stride is None else (stride,), pretrained)
        self.stride = max(self.backbone.channels)
        self.cells = self.backbone.channels[self.stride] * self.grid**2  # numbers of pool5
        self.fc7 = nn.Linear(self.cells, integer("RCNN", "width", width, 1))
        init.kaiming_normal_(self.fc7.weight, nonlinearity="relu")
        init.zeros_(self.fc7.bias)
        self.cls_score = nn.Linear(width, num_classes)
        init.normal_(self.cls_score.weight, std=0.01)
        init.zeros_(self.cls_score.bias)

    def pool5(self, crops) -> Tensor:
        """Map crops (R, 3, S, S) in [0, 1] to (R, C G G)."""
        return F.adaptive_avg_pool2d(self.backbone(crops)[self.stride], self.grid).flatten(1)

    def features(self, pool5) -> Tensor:
        """Map pool5 (R, C G G) to fc7 (R, D)."""
        return F.relu(self.fc7(pool5))

    def forward(self, crops) -> Tensor:
        """Map crops to scores (R, K), logits."""
        return self.cls_score(self.features(self.pool5(crops)))

    def pool5_of(self, crops: np.ndarray) -> np.ndarray:
        """Return pool5 of crops, as it is in evaluation, without a tape."""
        with no_grad():
            return self.pool5(tensor(crops)).numpy()

    def features_of(self, pool5: np.ndarray) -> np.ndarray:
        """Return fc7 of pool5, without a tape."""
        with no_grad():
            return self.features(tensor(pool5)).numpy()
