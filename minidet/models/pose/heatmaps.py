"""Pose as heatmaps: one map a joint, of where it may be.

Tompson, Jain, LeCun, Bregler, Joint training of a convolutional network and a graphical model for human pose
estimation, NIPS 2014, arXiv:1406.2984 (heatmaps); Newell, Yang, Deng, Stacked hourglass networks, ECCV 2016,
arXiv:1603.06937, section 3.3 (the quarter pixel); Xiao, Wu, Wei, Simple baselines for human pose estimation,
ECCV 2018, arXiv:1804.06208 (a backbone and a few layers are enough).

    image -- backbone, stride 32 -- 1 x 1 --+ 2x
                       stride 16 -- 1 x 1 -- + --+ 2x
                       stride 8 --- 1 x 1 ------- + --+ 2x
                       stride 4 --- 1 x 1 ------------ + -- 3 x 3 -- 3 x 3 -- 1 x 1 -- K maps of stride 4

In regression one number has to be right. Here the network says for every cell whether the joint is in it, from what it
sees there: the same question everywhere, and a doubt (this hand, or that one?) is two peaks, not a place between both.

Where a cell lies
-----------------
A map has w cells across an image of W pixels: cell c covers ``c W / w`` to ``(c + 1) W / w``, its centre is
``(c + 1/2) W / w``. A mirrored map then is the map of the mirror image, without a shift, for any W.

Deviations from the papers
--------------------------
- The maps' loss is by default the cross-entropy between a softmax over all cells and the Gaussian, divided by its sum;
  ``loss="mse"`` is the papers'. A map of 32 x 32 cells is nearly all zeros, which is the easiest to learn by squares.
- The layers on top of the backbone are a pyramid's, where Xiao et al. have three transposed convolutions.
"""

from __future__ import annotations

import math

import numpy as np

from ... import nn
from ...autograd import tensor
from ...errors import check_choice, integer, number
from ...nn import functional as F
from ..backbones.contract import start_convolutions
from ..segmentation.blocks import ConvBNReLU
from .contract import PoseNetwork, mirrored


def encode(places: np.ndarray, seen: np.ndarray, cells: tuple[int, int], size: tuple[int, int],
           sigma: float = 1.3) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the maps that are to be learnt: a Gaussian around each joint.

    ``map[r, c] = exp(-((c + 0.5 - u)^2 + (r + 0.5 - v)^2) / (2 sigma^2))``, with (u, v) the place in cells.

    Parameters
    ----------
    places : ndarray (N, K, 2)
        In pixels.
    seen : ndarray bool (N, K)
    cells, size : (int, int)
        Height and width of the maps, in cells, and of the images, in pixels.
    sigma : float
        In cells.

    Returns
    -------
    maps : ndarray float32 (N, K, h, w)
        1 at the joint; 0 everywhere for a joint that does not count.
    counted : ndarray bool (N, K)
        Joints that are seen, and lie inside the image.
    """
    (h, w), (height, width) = cells, size
    counted = seen & (places >= 0).all(-1) & (places <= [width, height]).all(-1)
    u, v = places[..., 0] * (w / width), places[..., 1] * (h / height)  # (N, K)
    across = np.exp(-((np.arange(w) + 0.5 - u[..., None]) ** 2) / (2 * sigma**2))  # (N, K, w)
    down = np.exp(-((np.arange(h) + 0.5 - v[..., None]) ** 2) / (2 * sigma**2))  # (N, K, h)
    maps = down[..., :, None] * across[..., None, :] * counted[..., None, None]
    return maps.astype(np.float32), counted


def decode(maps: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return where the maps' peaks are, in pixels (N, K, 2), and how high, (N, K).

    The peak is the centre of the highest cell, moved by a quarter of a cell toward the higher one of its two neighbours
    in the row, and in the column. There is no move between equal neighbours, and none in a border row or column, where
    one of them is missing. Of several highest cells, the mean is taken: so a mirror changes nothing but the side.

    Parameters
    ----------
    maps : ndarray (N, K, h, w)
    size : (int, int)
        Height and width of the images, in pixels.
    """
    h, w = maps.shape[-2:]
    peak = maps.max((-2, -1), keepdims=True)  # (N, K, 1, 1)
    highest = maps == peak
    x, y = np.empty(maps.shape), np.empty(maps.shape)
    x[...], y[...] = np.arange(w) + 0.5, np.arange(h)[:, None] + 0.5
    x[..., 1:-1] += 0.25 * np.sign(maps[..., 2:] - maps[..., :-2])
    y[..., 1:-1, :] += 0.25 * np.sign(maps[..., 2:, :] - maps[..., :-2, :])
    count = np.maximum(highest.sum((-2, -1)), 1)
    places = np.stack([(x * highest).sum((-2, -1)) / count * (size[1] / w),
                       (y * highest).sum((-2, -1)) / count * (size[0] / h)], -1)  # fmt: skip
    return places, peak[..., 0, 0]


def heatmap_loss(scores, truth: np.ndarray, counted: np.ndarray, loss: str = "cross_entropy"):
    """Return the mean loss of the joints that count: 0, with a graph, if there are none.

    - ``"cross_entropy"``: ``-sum over cells of q log softmax(scores)``, where q is the Gaussian divided by its sum;
    - ``"mse"``: the mean over cells of ``(scores - truth)^2``.

    Parameters
    ----------
    scores : Tensor (N, K, h, w)
    truth, counted : ndarray (N, K, h, w) and (N, K)
        What :func:`encode` returns.
    """
    n, k, h, w = scores.shape
    scores = scores.reshape(n * k, h * w)
    truth, counted = truth.reshape(n * k, h * w), counted.reshape(n * k, 1)
    joints = max(int(counted.sum()), 1)
    if loss == "mse":
        return ((scores - tensor(truth)) ** 2 * tensor(counted / np.float32(h * w * joints))).sum()
    share = truth / np.maximum(truth.sum(1, keepdims=True), np.float32(1e-30))  # zeros where nothing counts
    return -(F.log_softmax(scores, 1) * tensor(share / np.float32(joints))).sum()


class HeatmapDecoder(nn.Module):
    """From a backbone's maps to K maps of its finest stride.

    Parameters
    ----------
    channels : dict of int to int
        Of the backbone's maps, by their stride.
    num_keypoints : int
        K.
    width : int
        Channels in between.
    """

    def __init__(self, channels: dict[int, int], num_keypoints: int, width: int):
        super().__init__()
        self.strides = sorted(channels, reverse=True)
        self.lateral = nn.ModuleList([ConvBNReLU(channels[stride], width, 1) for stride in self.strides])
        self.smooth = nn.Sequential(ConvBNReLU(width, width), ConvBNReLU(width, width))
        start_convolutions(self)
        self.score = nn.Conv2d(width, num_keypoints, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.zeros_(self.score.bias)

    def forward(self, maps):
        """Map ``{stride: (N, C, h, w)}`` to scores (N, K, h, w) of the finest stride."""
        x = None
        for stride, lateral in zip(self.strides, self.lateral, strict=True):  # the coarsest first
            level = lateral(maps[stride])
            x = level if x is None else F.interpolate(x, level.shape[-2:], mode="bilinear") + level
        return self.score(self.smooth(x))


class HeatmapPose(PoseNetwork):
    """A backbone, a light pyramid, and a map for each joint.

    Parameters
    ----------
    num_keypoints : int
        K.
    backbone, pretrained, keypoint_pairs, flip_test
        As in :class:`~minidet.models.pose.contract.PoseNetwork`.
    width : int
        Channels of the pyramid.
    sigma : float
        Of the Gaussians that are learnt, in cells.
    loss : {"cross_entropy", "mse"}
    """

    def __init__(self, num_keypoints: int = 14, backbone="mobilenet_v2", pretrained=False, width: int = 64,
                 sigma: float = 1.3, loss: str = "cross_entropy", keypoint_pairs=None,
                 flip_test: bool = False):  # fmt: skip
        super().__init__(num_keypoints, backbone, pretrained, keypoint_pairs, flip_test)
        check_choice("HeatmapPose", "loss", loss, ("cross_entropy", "mse"))
        self.sigma = number("HeatmapPose", "sigma", sigma, 0.1, 1e3)
        self.loss = loss
        self.decoder = HeatmapDecoder(
            self.backbone.channels, self.num_keypoints, integer("HeatmapPose", "width", width, 1)
        )

    def scores(self, images):
        """Map images (N, 3, H, W) to scores (N, K, h, w): logits of a softmax over cells, or heights for "mse"."""
        return self.decoder(self.backbone(images))

    def losses(self, images, places, seen):
        """Return ``{"heatmaps": loss}``."""
        scores = self.scores(images)
        truth, counted = encode(places, seen, scores.shape[-2:], images.shape[-2:], self.sigma)
        return {"heatmaps": heatmap_loss(scores, truth, counted, self.loss)}

    def heatmaps(self, images) -> np.ndarray:
        """Return the maps (N, K, h, w): each sums to 1, or has heights from 0 to 1 for "mse"."""
        scores = self.scores(images).detach()
        if self.loss == "mse":
            return scores.numpy()
        n, k, h, w = scores.shape
        return F.softmax(scores.reshape(n, k, h * w), 2).numpy().reshape(n, k, h, w)

    def answers(self, images):
        """Return the places of the maps' peaks and their heights; for a softmax, as shares of the Gaussian's height."""
        maps = self.heatmaps(images)
        if self.flip_test:
            maps = (maps + flip_maps(self.heatmaps(mirrored(images)), self.mirrored)) / 2
        places, peaks = decode(maps, images.shape[-2:])
        if self.loss == "cross_entropy":
            peaks = peaks * (2 * math.pi * self.sigma**2)
        return places.astype(maps.dtype), np.clip(peaks, 0, 1).astype(maps.dtype)


def flip_maps(maps: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Mirror maps (N, K, h, w), left and right joints in each other's place: ``order`` says whose, (K,)."""
    return maps[:, order, :, ::-1]
