"""What is in a region, and where exactly: two fully connected layers, then two heads.

Girshick. Fast R-CNN. ICCV 2015, arXiv:1504.08083, figure 1 (right half):

    region (C, P, P) -- fc6, ReLU -- fc7, ReLU --+-- cls_score --> K scores
                                                 +-- bbox_pred --> 4 K deltas, four for each class
"""

from __future__ import annotations

from .... import nn
from ....autograd import Tensor
from ....errors import integer
from ....nn import functional as F
from ....nn import init


class TwoMLPHead(nn.Module):
    """The left part of the figure: (R, C, P, P) to (R, ``representation_size``).

    Parameters
    ----------
    in_channels : int
        C P P, numbers of a region.
    representation_size : int
        Units of each layer.
    """

    def __init__(self, in_channels: int, representation_size: int):
        super().__init__()
        size = integer("TwoMLPHead", "representation_size", representation_size, 1)
        self.fc6 = nn.Linear(integer("TwoMLPHead", "in_channels", in_channels, 1), size)
        self.fc7 = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """Return (R, representation_size)."""
        return F.relu(self.fc7(F.relu(self.fc6(x.flatten(1)))))


class FastRCNNPredictor(nn.Module):
    """The right part: features (R, D) to scores (R, K), logits, and deltas (R, 4 K)."""

    def __init__(self, in_channels: int, num_classes: int):
        super().__init__()
        in_channels = integer("FastRCNNPredictor", "in_channels", in_channels, 1)
        num_classes = integer("FastRCNNPredictor", "num_classes", num_classes, 2)
        self.cls_score = nn.Linear(in_channels, num_classes)
        self.bbox_pred = nn.Linear(in_channels, 4 * num_classes)
        for layer, std in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):  # section 2.3
            init.normal_(layer.weight, std=std)
            init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores and deltas."""
        return self.cls_score(x), self.bbox_pred(x)
