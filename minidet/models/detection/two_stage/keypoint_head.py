"""Where an object's joints are: for each joint one bin of a grid over the region, chosen by a softmax.

He, Gkioxari, Dollar, Girshick. Mask R-CNN. ICCV 2017, arXiv:1703.06870, section 5:

    region (C, m/4, m/4) -- 3 x 3 conv, ReLU, several times -- transposed conv, x 2 -- bilinear, x 2 --> (J, m, m)

    target: the one bin in which the joint lies;  loss: cross-entropy over all m x m bins, of the joints that are
    visible and inside the region;  test: the largest of the logits, stretched to the box, bicubically
"""

from __future__ import annotations

import math

import numpy as np

from .... import nn
from ....autograd import Tensor, tensor
from ....errors import integer
from ....nn import functional as F
from ....nn import init

CUBIC = -0.75  # of Keys's interpolation, as PyTorch's "bicubic" has it


class KeypointRCNNHeads(nn.Sequential):
    """3 x 3 convolutions, each with a ReLU: (R, C, m, m) to (R, layers[-1], m, m)."""

    def __init__(self, in_channels: int, layers=(512,) * 8):
        parts = []
        for channels in layers:
            channels = integer("KeypointRCNNHeads", "layers", channels, 1)
            conv = nn.Conv2d(in_channels, channels, 3, padding=1)
            init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            init.zeros_(conv.bias)
            parts += [conv, nn.ReLU()]
            in_channels = channels
        super().__init__(*parts)


class KeypointRCNNPredictor(nn.Module):
    """The last two boxes of the figure: (R, C, m, m) to logits (R, J, 4 m, 4 m)."""

    def __init__(self, in_channels: int, num_keypoints: int):
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(in_channels, num_keypoints, 4, 2, padding=1)
        init.kaiming_normal_(self.kps_score_lowres.weight, mode="fan_out", nonlinearity="relu")
        init.zeros_(self.kps_score_lowres.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return F.interpolate(self.kps_score_lowres(x), scale_factor=2, mode="bilinear", align_corners=False)


def keypoints_to_heatmap(keypoints: np.ndarray, rois: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return in which bin of a region each joint lies, and whether it counts.

    ``bin = floor((y - y1) / (y2 - y1) * m) * m + floor((x - x1) / (x2 - x1) * m)``; a joint on the right or the lower
    edge belongs to the last column or row.

    Parameters
    ----------
    keypoints : ndarray
        (P, J, 3), x, y in pixels, and v.
    rois : ndarray
        (P, 4), with an area.
    size : int
        m.

    Returns
    -------
    bins : ndarray int64
        (P, J); 0 where it does not count.
    valid : ndarray bool
        (P, J): v > 0, and inside the region.
    """
    places = keypoints[..., :2].astype(np.float64)  # (P, J, 2)
    corner, far = rois[:, None, :2].astype(np.float64), rois[:, None, 2:].astype(np.float64)
    at = np.floor((places - corner) / (far - corner) * size)
    at = np.where(places == far, size - 1, at)
    valid = (keypoints[..., 2] > 0) & ((at >= 0) & (at < size)).all(2)
    bins = np.where(valid, at[..., 1] * size + at[..., 0], 0).astype(np.int64)
    return bins, valid


def keypoint_loss(logits: Tensor, keypoints: np.ndarray, rois: np.ndarray) -> Tensor:
    """Return the mean cross-entropy of the joints that count; 0, with a graph, where none does.

    Parameters
    ----------
    logits : Tensor
        (P, J, m, m), of positive regions.
    keypoints, rois : ndarray
        (P, J, 3) and (P, 4): the joints of each region's object.
    """
    if not len(rois):
        return logits.sum() * 0
    count, joints, size, _ = logits.shape
    bins, valid = keypoints_to_heatmap(keypoints, rois, size)
    rows = np.flatnonzero(valid)
    if not len(rows):
        return logits.sum() * 0
    return F.cross_entropy(logits.reshape(count * joints, size * size)[rows], tensor(bins.reshape(-1)[rows]))


def heatmaps_to_keypoints(maps: np.ndarray, rois: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints of each region: the centre of the highest pixel, once the logits are stretched over the box.

    Parameters
    ----------
    maps : ndarray
        (R, J, m, m), logits.
    rois : ndarray
        (R, 4).

    Returns
    -------
    keypoints : ndarray
        (R, J, 3): x, y in pixels, and 1.
    scores : ndarray
        (R, J), the logits there.
    """
    keypoints = np.ones((*maps.shape[:2], 3), maps.dtype)
    scores = np.zeros(maps.shape[:2], maps.dtype)
    for i, (x1, y1, x2, y2) in enumerate(rois):
        width, height = max(x2 - x1, 1), max(y2 - y1, 1)
        columns, rows = math.ceil(width), math.ceil(height)
        down, across = (cubic_weights(maps.shape[2], n).astype(maps.dtype) for n in (rows, columns))
        stretched = (down @ maps[i] @ across.T).reshape(len(maps[i]), -1)  # (J, rows * columns)
        best = stretched.argmax(1)
        scores[i] = stretched[np.arange(len(best)), best]
        y, x = np.divmod(best, columns)
        keypoints[i, :, 0] = (x + 0.5) * (width / columns) + x1
        keypoints[i, :, 1] = (y + 0.5) * (height / rows) + y1
    return keypoints, scores


def cubic_weights(length: int, new: int) -> np.ndarray:
    """Return what each of ``length`` numbers weighs in each of ``new``, spread over the same range: (new, length).

    Keys's cubic convolution with A = -0.75; numbers beyond the ends are those at the ends.
    """
    at = (np.arange(new) + 0.5) * length / new - 0.5
    first = np.floor(at).astype(np.int64)
    weights = np.zeros((new, length))
    for tap in range(-1, 3):
        distance = np.abs(at - (first + tap))
        near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
        far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
        np.add.at(weights, (np.arange(new), np.clip(first + tap, 0, length - 1)), np.where(distance <= 1, near, far))
    return weights
