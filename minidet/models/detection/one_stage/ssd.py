"""SSD: Single Shot MultiBox Detector.

Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg. ECCV 2016, arXiv:1512.02325. Figure 2:

    image -- backbone --+--------+
                        |        |
                     stride 8  stride 16  stride 32 -- extra -- extra -- extra       1 x 1, then 3 x 3 with stride 2
                        |        |        |              |        |        |
                     L2Norm      |        |              |        |        |
                        |        |        |              |        |        |
                      3 x 3    3 x 3    3 x 3          3 x 3    3 x 3    3 x 3       K scores and 4 deltas for each
                        |        |        |              |        |        |         default box of each cell
                        +--------+--------+--------------+--------+--------+--> NMS of each class --> detections

    targets: each object its best default box (bipartite); then every box with IoU > 0.5 --> the object; else background
    loss:    (cross-entropy of the positives and three times as many hard negatives + smooth L1 of the positives) / N

There are no proposals: every default box, of every scale, is classified and moved at once. The default boxes are those
of ``default_boxes.py``.

What the paper's Tables 2 and 3 take away, an argument takes away: ``neg_pos_ratio=None`` (all background learns),
``aspect_ratios=()`` (squares), ``strides`` and ``extra_layers`` (fewer maps). Augmentation is an option of training.

Deviations from the paper
-------------------------
- Any backbone, not VGG-16 with fc6 and fc7 as convolutions; extra layers are narrower, and all have padding, so that an
  image of any size has all maps. Nothing is resized unless ``min_size`` or ``max_size`` says so.
- Scales are shares of the image's shorter side; see ``default_boxes.py``.
- An image without objects has no loss, as in the paper; ``min_negatives=10`` lets it teach what background is.
- NMS looks at the best 400 boxes of a class, as in the authors' code.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .... import nn
from ....autograd import Tensor, cat, tensor
from ....errors import bad_argument, flag, integer, number
from ....nn import functional as F
from ....nn import init
from ....ops import BoxCoder, bipartite_match, box_iou, hard_negative_mining
from ...backbones import backbone as build
from ..answers import best_boxes, flat
from ..contract import Detector
from ..images import Batch
from ..truth import Truth
from .default_boxes import DefaultBoxGenerator


class ExtraLayer(nn.Module):
    """A map of twice the stride: 1 x 1 convolution, ReLU, 3 x 3 convolution with stride 2, ReLU (figure 2, right)."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        middle = max(out_channels // 2, 1)
        self.squeeze = nn.Conv2d(in_channels, middle, 1)
        self.halve = nn.Conv2d(middle, out_channels, 3, 2, padding=1)

    def forward(self, x):
        """Map (N, C, h, w) to (N, F, ceil(h / 2), ceil(w / 2))."""
        return F.relu(self.halve(F.relu(self.squeeze(x))))


class SSDHead(nn.Module):
    """The 3 x 3 convolutions below the maps: for each map one for the classes and one for the deltas.

    Parameters
    ----------
    in_channels : list of int
        C of each map.
    num_boxes : list of int
        A, default boxes at each cell of each map.
    num_classes : int
        K.
    """

    def __init__(self, in_channels, num_boxes, num_classes: int):
        super().__init__()
        pairs = list(zip(in_channels, num_boxes, strict=True))
        self.num_classes = num_classes
        self.classification = nn.ModuleList([nn.Conv2d(c, a * num_classes, 3, padding=1) for c, a in pairs])
        self.regression = nn.ModuleList([nn.Conv2d(c, a * 4, 3, padding=1) for c, a in pairs])

    def forward(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return scores (N, A, K), logits, and deltas (N, A, 4), of the default boxes of all maps in their order."""
        scores, deltas = [], []
        for x, classify, move in zip(maps, self.classification, self.regression, strict=True):
            cells = x.shape[2] * x.shape[3]
            each = move.weight.shape[0] // 4
            scores.append(flat(classify(x), cells * each, self.num_classes))
            deltas.append(flat(move(x), cells * each, 4))
        return cat(scores, 1), cat(deltas, 1)


class SSD(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background.
    backbone, pretrained, strides
        As in :func:`minidet.models.backbones.backbone`; the finest map comes first, through L2Norm.
    extra_layers, extra_channels : int
        How many maps follow the backbone's coarsest, each of twice the stride, and their channels.
    scales, aspect_ratios, extra_square
        Of the default boxes; see :class:`DefaultBoxGenerator`.
    iou_thresh : float
        A default box is an object's above this IoU with it.
    neg_pos_ratio : float, optional
        Background boxes in an image's loss for each positive: those of highest loss. None: all background.
    min_negatives : int
        At least so many of each image, also without positives.
    variances : (float, float)
        Deltas of centres and of sizes are divided by these, so that they are learnt at about the same size.
    score_thresh, nms_thresh, detections_per_img, topk_candidates
        Detections below this score go; of two of a class with a higher IoU, the lower one; at most so many are kept;
        NMS looks at so many of each class.
    min_size, max_size : int, optional
        Scale images to these sides; see :class:`Detector`.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, strides=None, *,
                 extra_layers: int = 3, extra_channels: int = 128, scales=None, aspect_ratios=None,
                 extra_square: bool = True, iou_thresh: float = 0.5, neg_pos_ratio: float | None = 3.0,
                 min_negatives: int = 0, variances=(0.1, 0.2), score_thresh: float = 0.01, nms_thresh: float = 0.45,
                 detections_per_img: int = 200, topk_candidates: int = 400, min_size: int | None = None,
                 max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        self.backbone = build(backbone, strides, pretrained)
        channels = [self.backbone.channels[stride] for stride in sorted(self.backbone.channels)]
        extra_layers = integer("SSD", "extra_layers", extra_layers, 0, 16)
        extra_channels = integer("SSD", "extra_channels", extra_channels, 1)
        self.l2_norm = nn.L2Norm(channels[0], 20.0)  # section 3.1
        widths = [channels[-1], *[extra_channels] * extra_layers]
        self.extra = nn.ModuleList([ExtraLayer(*pair) for pair in pairwise(widths)])
        channels += widths[1:]
        self.default_boxes = DefaultBoxGenerator(len(channels), scales, aspect_ratios,
                                                 flag("SSD", "extra_square", extra_square))  # fmt: skip
        self.head = SSDHead(channels, [len(cell) for cell in self.default_boxes.cells], self.num_classes)
        for module in (*self.extra.modules(), *self.head.modules()):
            if isinstance(module, nn.Conv2d):
                init.xavier_uniform_(module.weight)  # section 3
                init.zeros_(module.bias)
        self.box_coder = BoxCoder(weights_of(variances))
        self.iou_thresh = number("SSD", "iou_thresh", iou_thresh, 0, 1)
        self.neg_pos_ratio = None if neg_pos_ratio is None else number("SSD", "neg_pos_ratio", neg_pos_ratio, 0, 1e9)
        self.min_negatives = integer("SSD", "min_negatives", min_negatives)
        self.score_thresh = number("SSD", "score_thresh", score_thresh, 0, 1)
        self.nms_thresh = number("SSD", "nms_thresh", nms_thresh, 0, 1)
        self.detections_per_img = integer("SSD", "detections_per_img", detections_per_img, 1)
        self.topk_candidates = integer("SSD", "topk_candidates", topk_candidates, 1)

    def maps(self, images: Tensor) -> dict[int, Tensor]:
        """Return the maps that the head looks at: ``{stride: (N, C, h, w)}``, the finest first."""
        found = self.features(images)
        stride, x = next(reversed(found.items()))
        for layer in self.extra:
            stride, x = 2 * stride, layer(x)
            found[stride] = x
        finest = next(iter(found))
        return {**found, finest: self.l2_norm(found[finest])}

    # training ----------------------------------------------------------------------------------------------------

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return ``"loss_classifier"`` and ``"loss_box_reg"`` (equation 1, alpha = 1)."""
        maps = self.maps(batch.images)
        grid = {stride: x.shape[2:] for stride, x in maps.items()}
        marks, goals = zip(*(self.assign(grid, *pair) for pair in zip(batch.sizes, truths, strict=True)), strict=True)
        return self.losses_of(*self.head(list(maps.values())), np.stack(marks), np.stack(goals))

    def assign(self, maps: dict[int, tuple[int, int]], size, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
        """Say what each default box of an image of ``size`` is to find.

        Returns
        -------
        marks : ndarray int64 (A,)
            A class, 0 for background, -1 for neither.
        goals : ndarray (A, 4)
            What the deltas of the positives are to be; 0 for all others.
        """
        boxes = self.default_boxes(maps, size)
        marks, goals = np.zeros(len(boxes), np.int64), np.zeros((len(boxes), 4), truth.boxes.dtype)
        matched = match(box_iou(truth.boxes.astype(np.float64), boxes).numpy(), self.iou_thresh)
        found = np.flatnonzero(matched >= 0)
        objects = matched[found]
        marks[found] = truth.labels[objects]
        goals[found] = self.box_coder.encode_single(truth.boxes[objects].astype(np.float64), boxes[found]).numpy()
        marks[(marks == 0) & truth.is_ignored(boxes, self.iou_thresh)] = -1
        marks[~self.default_boxes.inside(maps, size)] = -1  # padding
        return marks, goals

    def losses_of(self, scores: Tensor, deltas: Tensor, marks: np.ndarray, goals: np.ndarray) -> dict[str, Tensor]:
        """Return the losses of scores (N, A, K) and deltas (N, A, 4), of marks (N, A) and goals (N, A, 4)."""
        positive, negative = marks > 0, marks == 0
        count = max(np.count_nonzero(positive), 1)  # N of equation 1; without any, both losses are 0
        if self.neg_pos_ratio is not None:
            hardness = -F.log_softmax(scores.detach(), 2).numpy()[:, :, 0]  # (N, A): the loss, were it background
            hardness = np.where(np.isnan(hardness), np.inf, hardness)  # the loss is NaN then, and says so
            negative = hard_negative_mining(hardness, marks, self.neg_pos_ratio, self.min_negatives).numpy()
        looked = np.nonzero(positive | negative)
        classes = F.cross_entropy(scores[looked], tensor(marks[looked]), reduction="sum")
        objects = np.nonzero(positive)
        moved = F.smooth_l1_loss(deltas[objects], tensor(goals[objects].astype(deltas.dtype)), reduction="sum")
        return {"loss_classifier": classes / count, "loss_box_reg": moved / count}

    # detection ---------------------------------------------------------------------------------------------------

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        maps = self.maps(batch.images)
        scores, deltas = self.head(list(maps.values()))
        classes = F.softmax(scores.permute(2, 0, 1).contiguous(), 0)  # (K, N, A): sums along K are fast there
        probabilities, deltas, size = classes.detach().numpy(), deltas.detach(), batch.sizes[0]
        boxes = self.default_boxes({stride: x.shape[2:] for stride, x in maps.items()}, size).astype(deltas.dtype)
        codes = deltas.permute(1, 0, 2).reshape(len(boxes), 4 * len(batch))  # of all images side by side
        found = self.box_coder.decode_single(codes, boxes)  # (A, 4 N)
        return [
            best_boxes(found[:, 4 * i : 4 * i + 4], probabilities[:, i].T, size,
                       score_thresh=self.score_thresh, nms_thresh=self.nms_thresh, candidates=self.topk_candidates,
                       detections_per_img=self.detections_per_img, all_scores=all_scores)
            for i in range(len(batch))
        ]  # fmt: skip


def match(overlap: np.ndarray, threshold: float) -> np.ndarray:
    """Return which object each default box is to find, or -1, of the IoU of objects and boxes (G, A): int64 (A,).

    First each object has its best box for itself; then each box that is left has the object that it overlaps most, if
    by more than the threshold (section 2.2, "Matching strategy").
    """
    objects, boxes = overlap.shape
    matched = np.full(boxes, -1, np.int64)
    if objects:
        above = overlap.max(0) > threshold
        matched[above] = overlap.argmax(0)[above]
        own = bipartite_match(overlap).numpy()
        matched[own[own >= 0]] = np.flatnonzero(own >= 0)
    return matched


def weights_of(variances) -> tuple[float, float, float, float]:
    """Return what deltas are multiplied by: one over the variances of centres and of sizes."""
    if not isinstance(variances, (tuple, list)) or len(variances) != 2:
        raise bad_argument("SSD", "variances", f"is {variances!r:.40}", "two numbers above 0", error=TypeError)
    centre, sides = (number("SSD", "variances", value, 1e-6, 1e6) for value in variances)
    return (1 / centre, 1 / centre, 1 / sides, 1 / sides)
