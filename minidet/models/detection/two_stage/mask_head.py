"""Which pixels of a region belong to the object: a small fully convolutional network on each region.

He, Gkioxari, Dollar, Girshick. Mask R-CNN. ICCV 2017, arXiv:1703.06870, section 3 and figure 4 (right):

    region (C, M/2, M/2) -- 3 x 3 conv, ReLU, four times -- 2 x 2 transposed conv, ReLU -- 1 x 1 conv --> (K, M, M)

    target: the object's mask, cut to the region, of M x M bins;  loss: of the *true* class's mask alone, a sigmoid in
    each bin, so that classes do not compete;  test: of the class that the box head chose

Deviation from the paper: a bin that is partly covered has that share as its target
(:func:`minidet.ops.masks.crop_masks`), not 0 or 1; both give perfect masks back, and a share needs no threshold.
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, tensor, zeros
from ....errors import bad_argument, check_choice, integer
from ....nn import functional as F
from ....nn import init

#: Sections 3 and 4.1: a sigmoid for each class; or, what is worse there (table 2b), a softmax over the classes.
LOSSES = ("sigmoid", "softmax")


class MaskRCNNHeads(nn.Sequential):
    """3 x 3 convolutions, each with a ReLU: (R, C, m, m) to (R, layers[-1], m, m).

    Parameters
    ----------
    in_channels : int
        C.
    layers : sequence of int
        The channels of each.
    """

    def __init__(self, in_channels: int, layers=(256, 256, 256, 256)):
        blocks = []
        for channels in layers:
            channels = integer("MaskRCNNHeads", "layers", channels, 1)
            conv = nn.Conv2d(in_channels, channels, 3, padding=1)
            init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            init.zeros_(conv.bias)
            blocks.append(nn.Sequential(conv, nn.ReLU()))
            in_channels = channels
        super().__init__(*blocks)


class MaskRCNNPredictor(nn.Module):
    """The last two boxes of the figure: (R, C, m, m) to logits (R, K, 2 m, 2 m).

    Parameters
    ----------
    in_channels, dim_reduced : int
        C, and the channels of the transposed convolution.
    num_classes : int
        K, masks of a region: the classes with the background, whose mask is never asked for.
    """

    def __init__(self, in_channels: int, dim_reduced: int, num_classes: int):
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(in_channels, dim_reduced, 2, 2)
        self.mask_fcn_logits = nn.Conv2d(dim_reduced, num_classes, 1)
        for layer in (self.conv5_mask, self.mask_fcn_logits):
            init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return self.mask_fcn_logits(F.relu(self.conv5_mask(x)))


def mask_loss(logits: Tensor, targets: np.ndarray, labels: np.ndarray, kind: str = "sigmoid") -> Tensor:
    """Return the mean loss of the bins of positive regions; 0, with a graph, where there is none.

    Parameters
    ----------
    logits : Tensor
        (P, K, M, M); (P, 1, M, M) where one mask is for all classes.
    targets : ndarray
        (P, M, M), from 0 to 1.
    labels : ndarray int64
        (P,), 1 .. K - 1.
    kind : {"sigmoid", "softmax"}
        ``"sigmoid"``: the binary cross-entropy of the true class's mask. ``"softmax"``: the classes share each bin, and
        class 0 has what the object does not cover.
    """
    check_choice("mask_loss", "kind", kind, LOSSES)
    if not len(labels):
        return logits.sum() * 0
    if kind == "sigmoid":
        chosen = logits[np.arange(len(labels)), labels if logits.shape[1] > 1 else np.zeros_like(labels)]  # (P, M, M)
        return F.binary_cross_entropy_with_logits(chosen, tensor(targets.astype(logits.dtype)))
    if logits.shape[1] == 1:
        raise bad_argument("mask_loss", "kind", "is 'softmax' with one mask", "a mask for each class")
    truth = np.where(targets >= 0.5, labels[:, None, None], 0)
    return F.cross_entropy(logits, tensor(truth))


def mask_probabilities(logits: Tensor, labels: np.ndarray, kind: str = "sigmoid") -> Tensor:
    """Return the masks (R, 1, M, M) of the classes that regions have, from 0 to 1."""
    if not len(labels):
        return zeros((0, 1, *logits.shape[2:]), dtype=logits.dtype)
    shared = F.sigmoid(logits) if kind == "sigmoid" else F.softmax(logits, 1)
    return shared[np.arange(len(labels)), labels if logits.shape[1] > 1 else np.zeros_like(labels)][:, None]
