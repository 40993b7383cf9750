"""Region proposal network: where is something, whatever it is?

Ren, He, Girshick, Sun. Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks. NIPS 2015,
arXiv:1506.01497, section 3.1, figure 3 (left):

    map (N, C, h, w) -- 3 x 3 conv, ReLU --+-- 1 x 1 conv --> objectness (N, A, h, w)      A anchors at each place
                                           +-- 1 x 1 conv --> deltas (N, 4 A, h, w)
    anchors ------------------------------------- decode -- clip -- NMS --> proposals

    targets: IoU with an object >= 0.7, or the best of an object -> object;  < 0.3 with all -> background;  else neither

On a pyramid (Lin et al., 2017, section 4.1) one head works on every map, and each map has anchors of its own size.

Deviations from the paper
-------------------------
- Objectness is one logit, not a softmax of two: the same function.
- The loss is a mean over the sampled anchors for both terms (the paper divides the second by the number of places, then
  weights it by 10: nearly the same, as it says).
- An image in which no anchor lies wholly learns from all of them: else it would teach nothing.
- Fewer proposals by default (2000 -> 1000 in training) than the paper's 12000 -> 2000; ``pre_nms_top_n=(12000, 6000)``.
"""

from __future__ import annotations

import math

import numpy as np

from .... import nn
from ....autograd import Tensor, cat, tensor
from ....errors import integer, integers, number
from ....nn import functional as F
from ....nn import init
from ....ops import (
    BalancedPositiveNegativeSampler,
    BoxCoder,
    Matcher,
    batched_nms,
    box_iou,
    clip_boxes_to_image,
    remove_small_boxes,
)
from ..answers import flat
from ..truth import Truth


class RPNHead(nn.Module):
    """The upper part of the figure: a map to objectness and deltas at each place.

    Parameters
    ----------
    in_channels : int
        C.
    num_anchors : int
        A, anchors at each place.
    conv_depth : int
        How many 3 x 3 convolutions.
    """

    def __init__(self, in_channels: int, num_anchors: int, conv_depth: int = 1):
        super().__init__()
        in_channels = integer("RPNHead", "in_channels", in_channels, 1)
        num_anchors = integer("RPNHead", "num_anchors", num_anchors, 1)
        depth = integer("RPNHead", "conv_depth", conv_depth, 1)
        layers = [nn.Sequential(nn.Conv2d(in_channels, in_channels, 3, padding=1), nn.ReLU()) for _ in range(depth)]
        self.conv = nn.Sequential(*layers)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors, 1)
        self.bbox_pred = nn.Conv2d(in_channels, 4 * num_anchors, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                init.normal_(layer.weight, std=0.01)  # section 3.1.3
                init.zeros_(layer.bias)

    def forward(self, maps: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return for each map the objectness (N, A, h, w), logits, and the deltas (N, 4 A, h, w)."""
        hidden = [self.conv(x) for x in maps]
        return [self.cls_logits(x) for x in hidden], [self.bbox_pred(x) for x in hidden]


class RegionProposalNetwork(nn.Module):
    """The figure: maps to proposals, and to the two losses that teach them.

    Parameters
    ----------
    anchor_generator : AnchorGenerator
        One tuple of sizes for each map.
    head : Module
        As :class:`RPNHead`.
    fg_iou_thresh, bg_iou_thresh : float
        From which IoU with an object an anchor is one; below which with all objects it is background.
    batch_size_per_image, positive_fraction : int, float
        Anchors that an image's loss looks at, and the most that may be objects.
    pre_nms_top_n, post_nms_top_n : (int, int)
        In training and in evaluation: proposals of each map that go into NMS, and of the image that come out.
    nms_thresh : float
        Of two proposals of one map with a higher IoU, the one of lower objectness goes.
    min_size : float
        Shortest side of a proposal, in pixels.
    allowed_border : float
        In training, anchors that reach farther beyond the image (in pixels) are left out; ``math.inf``: none are.
    beta : float
        Of the smooth L1 loss.
    """

    def __init__(self, anchor_generator, head: nn.Module, *, fg_iou_thresh: float = 0.7, bg_iou_thresh: float = 0.3,
                 batch_size_per_image: int = 256, positive_fraction: float = 0.5, pre_nms_top_n=(2000, 1000),
                 post_nms_top_n=(1000, 300), nms_thresh: float = 0.7, min_size: float = 1.0,
                 allowed_border: float = 0.0, beta: float = 1 / 9):  # fmt: skip
        super().__init__()
        op = "RegionProposalNetwork"
        self.anchor_generator, self.head = anchor_generator, head
        self.box_coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
        self.matcher = Matcher(fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True)
        self.sampler = BalancedPositiveNegativeSampler(batch_size_per_image, positive_fraction)
        self.bg_iou_thresh = bg_iou_thresh
        self.pre_nms_top_n = integers(op, "pre_nms_top_n", pre_nms_top_n, 2, 1)
        self.post_nms_top_n = integers(op, "post_nms_top_n", post_nms_top_n, 2, 1)
        self.nms_thresh, self.min_size = number(op, "nms_thresh", nms_thresh, 0, 1), number(op, "min_size", min_size, 0)
        self.allowed_border = number(op, "allowed_border", allowed_border, 0)
        self.beta = number(op, "beta", beta, 0)

    def forward(self, maps: dict[int, Tensor], sizes, truths: list[Truth] | None = None):
        """Return proposals, and the losses if the truth is known.

        Parameters
        ----------
        maps : dict of int to Tensor
            ``{stride: (N, C, h, w)}``.
        sizes : list of (int, int)
            (h, w) of each image in the batch.
        truths : list of Truth, optional

        Returns
        -------
        list of ndarray (P, 4), dict of str to Tensor
            Boxes of each image, the most object-like first; they have no gradient. ``"loss_objectness"`` and
            ``"loss_rpn_box_reg"``.
        """
        objectness, deltas = self.head(list(maps.values()))
        anchors = level_anchors(self.anchor_generator, maps)
        objectness = [flat(x, len(per_level), 1) for x, per_level in zip(objectness, anchors, strict=True)]
        deltas = [flat(x, len(per_level), 4) for x, per_level in zip(deltas, anchors, strict=True)]
        proposals = self.propose(objectness, deltas, anchors, sizes, learning=truths is not None)
        if truths is None:
            return proposals, {}
        objectness, deltas = cat(objectness, 1)[..., 0], cat(deltas, 1)  # (N, A), (N, A, 4), A anchors in all
        return proposals, self.losses(objectness, deltas, np.concatenate(anchors), sizes, truths)

    def propose(self, objectness, deltas, anchors, sizes, learning: bool = False) -> list[np.ndarray]:
        """Return the proposals of each image.

        Parameters
        ----------
        objectness, deltas, anchors : list
            Of each map: (N, A, 1), (N, A, 4), (A, 4).
        sizes : list of (int, int)
        learning : bool
            What is NaN or infinite is left out: the losses are NaN then, and say so. Else it raises.
        """
        found = []
        for i, size in enumerate(sizes):
            codes, places, scores, levels = [], [], [], []
            for level, logits in enumerate(x.detach().numpy()[i, :, 0] for x in objectness):
                order = best_first(logits, self.pre_nms_top_n[0 if self.training else 1])
                codes.append(deltas[level].detach().numpy()[i, order])
                places.append(anchors[level][order])
                scores.append(logits[order])
                levels.append(np.full(len(order), level))
            codes, places, scores, levels = (np.concatenate(parts) for parts in (codes, places, scores, levels))
            boxes = self.box_coder.decode_single(codes, places).numpy()  # (P, 4), all maps' at once
            if learning:
                finite = np.isfinite(boxes).all(1) & np.isfinite(scores)
                boxes, scores, levels = boxes[finite], scores[finite], levels[finite]
            found.append(self._filtered(boxes, scores, levels, size))
        return found

    def _filtered(self, boxes: np.ndarray, scores: np.ndarray, levels: np.ndarray, size) -> np.ndarray:
        """Clip to the image, drop what is too small, suppress what overlaps, keep the best."""
        boxes = clip_boxes_to_image(boxes, size).numpy()
        large = remove_small_boxes(boxes, self.min_size).numpy()
        boxes, scores, levels = boxes[large], scores[large], levels[large]
        kept = batched_nms(boxes, scores, levels, self.nms_thresh).numpy()
        return boxes[kept[: self.post_nms_top_n[0 if self.training else 1]]]

    def losses(self, objectness, deltas, anchors: np.ndarray, sizes, truths) -> dict[str, Tensor]:
        """Return both losses of objectness (N, A) and deltas (N, A, 4)."""
        marks, targets = [], []
        for size, truth in zip(sizes, truths, strict=True):
            mark, boxes = self.assign(anchors, size, truth)
            marks.append(mark)
            targets.append(boxes)
        positive, negative = self.sampler([tensor(mark) for mark in marks])
        positive = np.stack([mask.numpy() for mask in positive])  # (N, A)
        sampled = positive | np.stack([mask.numpy() for mask in negative])
        count = max(np.count_nonzero(sampled), 1)
        wanted = tensor(positive[sampled].astype(objectness.dtype))
        scored = F.binary_cross_entropy_with_logits(objectness[np.nonzero(sampled)], wanted, reduction="sum")
        goal = [self.box_coder.encode_single(boxes[chosen], anchors[chosen])
                for boxes, chosen in zip(targets, positive, strict=True)]  # fmt: skip
        found = deltas[np.nonzero(positive)]  # (P, 4)
        moved = F.smooth_l1_loss(found, cat(goal, 0).detach(), reduction="sum", beta=self.beta)
        return {"loss_objectness": scored / count, "loss_rpn_box_reg": moved / count}

    def assign(self, anchors: np.ndarray, size, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
        """Say of each anchor what it is to learn.

        Returns
        -------
        ndarray int64 (A,)
            1: an object, 0: background, -1: neither.
        ndarray (A, 4)
            The object's box, where it is one; elsewhere any.
        """
        rows = np.flatnonzero(inside_image(anchors, size, self.allowed_border))
        if not len(rows):
            rows = np.arange(len(anchors))
        mark, boxes = np.full(len(anchors), -1), np.zeros_like(anchors)
        matched = self.matcher(box_iou(truth.boxes, anchors[rows])).numpy()
        mark[rows] = np.where(matched >= 0, 1, np.where(matched == Matcher.BELOW_LOW_THRESHOLD, 0, -1))
        objects = matched >= 0
        boxes[rows[objects]] = truth.boxes[matched[objects]]
        mark[(mark == 0) & truth.is_ignored(anchors, self.bg_iou_thresh)] = -1
        return mark, boxes


def level_anchors(generator, maps: dict[int, Tensor]) -> list[np.ndarray]:
    """Return the anchors of each map, (h w A, 4): place by place, the anchors of a place side by side."""
    dtype = next(iter(maps.values())).dtype
    return [anchors.numpy().astype(dtype) for anchors in generator(maps)]


def inside_image(boxes: np.ndarray, size, border: float = 0.0) -> np.ndarray:
    """Tell which boxes reach no farther than ``border`` beyond an image of ``size`` (h, w): bool (A,)."""
    if math.isinf(border):
        return np.ones(len(boxes), bool)
    height, width = size
    return (boxes[:, :2] >= -border).all(1) & (boxes[:, 2] <= width + border) & (boxes[:, 3] <= height + border)


def best_first(scores: np.ndarray, count: int) -> np.ndarray:
    """Return which scores are the ``count`` highest, the highest first; of equal ones, the first ones."""
    return np.argsort(-scores, kind="stable")[:count]
