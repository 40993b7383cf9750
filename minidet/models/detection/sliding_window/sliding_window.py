"""Sliding windows: a classifier of small pictures is shown every place of the image, in every size.

Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun. OverFeat: Integrated Recognition, Localization and Detection using
Convolutional Networks. ICLR 2014, arXiv:1312.6229, section 3.5 and figure 5:

    window S x S -- conv, pool -- conv, pool -- fully connected -- fully connected --> K scores, background is one

    image -- pyramid --+-- conv, pool -- conv, pool -- conv -- 1 x 1 conv --> K maps of scores --+
                       +-- of a smaller image: the same ---------------------------------------  +-- NMS --> boxes
                       +-- ...                                                                   |

A window of S x S pixels of a level of the pyramid is a box of the image; the coarser the level, the larger the box.

Why the two rows give the same scores
-------------------------------------
Convolutions have no padding, and nothing is normalised over a window. With n poolings, the windows begin s = 2^n pixels
apart. Let M be the map that a layer makes of the window that begins in row ``i s`` (rows only; columns likewise), after
m poolings, and D its map of the whole level: ``M[a] = D[i 2^(n - m) + a]``. A convolution keeps that, for it does the
same everywhere; a pooling of every second row too, for ``i 2^(n - m)`` is even. A fully connected layer on maps of
h x h pixels is a convolution with a kernel of h x h. Windows of neighbouring places share most of their work, and the
convolutions do it once. In floating point, only the order of additions differs.

Training
--------
A training example is a window of the pyramid, as in detection. Windows that overlap an object enough are of its class,
and so is the window that fits it best; windows that overlap none are background; between, nothing is learnt. Half of
the background are the windows of the image that look most like objects now: hard negatives.

Deviations from the paper
-------------------------
- Boxes are the windows themselves: no box regressor, so IoU is limited by the pyramid's steps. NMS, not merging.
- Neighbouring windows are s pixels apart; the paper shifts the last pooling to reach the pixels between.
- The network is small. Weights start from He's initialisation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....autograd import Tensor, cat, no_grad, stack, tensor
from ....errors import flag, integer, number
from ....nn import functional as F
from ....ops import batched_nms, box_iou, clip_boxes_to_image
from ....ops.boxes import checked_size
from ....random import generator
from ..contract import Detector
from ..images import Batch
from ..truth import Truth
from .window_classifier import WindowClassifier
from .window_pyramid import GREY, WindowPyramid

PROPOSALS = 2000  # of selective search, as R-CNN looks at them


class Count(NamedTuple):
    """What an image costs: its windows, multiply-adds by crops, by convolutions, and of 2000 proposals by crops."""

    windows: int
    by_crops: int
    convolutional: int
    proposals: int

    @property
    def ratio(self) -> float:
        """How often a product is repeated because windows overlap, on average."""
        return self.by_crops / self.convolutional


class SlidingWindowDetector(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background.
    window : int
        S, pixels a side. Maps must have an even size before each pooling.
    widths, kernels, hidden
        As in :class:`WindowClassifier`.
    smallest, scales_per_octave, aspect_ratios
        As in :class:`WindowPyramid`; the smallest boxes have sides of S pixels by default.
    convolutional : bool
        In detection, look at whole levels; else at one window after the other, for the same scores.
    fg_iou_thresh, bg_iou_thresh : float
        From which IoU with an object a window shows it, and below which it is background.
    batch_size_per_image, positive_fraction : int, float
        Windows that an image's loss looks at, and the share that shows objects, if there are any.
    hard_fraction : float
        Share of the background that is the hardest; the rest is random.
    score_thresh, nms_thresh, detections_per_img
        Detections below this score go; of two of a class with a higher IoU, the lower one; at most so many are kept.
    min_size, max_size
        As in :class:`Detector`.
    """

    def __init__(self, num_classes: int, window: int = 28, widths=(16, 32), kernels=(5, 5), hidden: int = 64, *,
                 smallest: float | None = None, scales_per_octave: int = 2, aspect_ratios=(1.0,),
                 convolutional: bool = True, fg_iou_thresh: float = 0.6, bg_iou_thresh: float = 0.4,
                 batch_size_per_image: int = 64, positive_fraction: float = 0.25, hard_fraction: float = 0.5,
                 score_thresh: float = 0.05, nms_thresh: float = 0.3, detections_per_img: int = 100,
                 min_size: int | None = None, max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        op = "SlidingWindowDetector"
        self.classifier = WindowClassifier(self.num_classes, window, tuple(widths), tuple(kernels), hidden)
        smallest = self.classifier.window if smallest is None else smallest
        self.windows = WindowPyramid(self.classifier.window, self.classifier.stride, smallest, scales_per_octave,
                                     aspect_ratios)  # fmt: skip
        self.convolutional = flag(op, "convolutional", convolutional)
        self.fg_iou_thresh = number(op, "fg_iou_thresh", fg_iou_thresh, 0, 1)
        self.bg_iou_thresh = number(op, "bg_iou_thresh", bg_iou_thresh, 0, self.fg_iou_thresh)
        self.batch_size_per_image = integer(op, "batch_size_per_image", batch_size_per_image, 1)
        self.positive_fraction = number(op, "positive_fraction", positive_fraction, 0, 1)
        self.hard_fraction = number(op, "hard_fraction", hard_fraction, 0, 1)
        self.score_thresh = number(op, "score_thresh", score_thresh, 0, 1)
        self.nms_thresh = number(op, "nms_thresh", nms_thresh, 0, 1)
        self.detections_per_img = integer(op, "detections_per_img", detections_per_img, 1)

    def padding_colour(self) -> tuple[float, float, float]:
        """Return grey."""
        return (GREY, GREY, GREY)

    # scores of all windows ---------------------------------------------------------------------------------------

    def scores(self, images) -> Tensor:
        """Return the scores of all windows of images (N, 3, H, W), by convolutions: (N, V, K), logits."""
        return self._scores_of(self.windows.images(images))

    def _scores_of(self, pictures: list[Tensor]) -> Tensor:
        maps = [self.classifier(x, whole=True) for x in pictures]  # (N, K, rows, columns)
        return cat([m.flatten(2).permute(0, 2, 1) for m in maps], 1)

    def scores_by_crops(self, images, chunk: int = 256) -> Tensor:
        """Return the same, window by window: the crops go through the classifier ``chunk`` at a time."""
        found, numbers = [], np.arange(len(self.windows.boxes(images.shape[2:])))
        for i in range(len(images)):
            pictures = self.windows.images(images[i : i + 1])
            parts = [numbers[start : start + chunk] for start in range(0, len(numbers), chunk)]
            found.append(cat([self.classifier(tensor(self.windows.crops(pictures, part))) for part in parts], 0))
        return stack(found, 0)

    def count(self, image_size) -> Count:
        """Return the windows of an image of (H, W), and their price in multiply-adds, beside that of 2000 proposals."""
        levels, length = self.windows.levels(checked_size("SlidingWindowDetector", image_size)), self.windows.length
        windows = sum(level.rows * level.columns for level in levels)
        one = self.classifier.multiply_adds(self.classifier.window, self.classifier.window)
        whole = sum(self.classifier.multiply_adds(length(level.rows), length(level.columns)) for level in levels)
        return Count(windows, windows * one, whole, PROPOSALS * one)

    # training ----------------------------------------------------------------------------------------------------

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return ``"loss_classifier"``: the mean cross-entropy of the windows that are looked at."""
        crops, labels = [], []
        for i, (size, truth) in enumerate(zip(batch.sizes, truths, strict=True)):
            with no_grad():
                pictures = self.windows.images(batch.images[i : i + 1, :, : size[0], : size[1]])
            numbers, classes = self.sample(pictures, size, truth)
            crops.append(self.windows.crops(pictures, numbers))
            labels.append(classes)
        scores, labels = self.classifier(tensor(np.concatenate(crops))), np.concatenate(labels)
        return {"loss_classifier": F.cross_entropy(scores, tensor(labels), reduction="sum") / max(len(labels), 1)}

    def assign(self, boxes: np.ndarray, truth: Truth) -> np.ndarray:
        """Say what each window (V, 4) is to learn: int64 (V,), a class, 0 for background, -1 for nothing."""
        labels = np.zeros(len(boxes), np.int64)
        if len(truth.boxes):
            iou = box_iou(truth.boxes.astype(np.float64), boxes).numpy()  # (G, V)
            labels[iou.max(0) >= self.bg_iou_thresh] = -1
            shows = iou.max(0) >= self.fg_iou_thresh
            labels[shows] = truth.labels[iou.argmax(0)[shows]]
            best = iou.argmax(1)
            fits = iou[np.arange(len(iou)), best] > 0  # otherwise it is outside of the image
            labels[best[fits]] = truth.labels[fits]
        labels[(labels == 0) & truth.is_ignored(boxes, self.bg_iou_thresh)] = -1
        return labels

    def sample(self, pictures: list[Tensor], size, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
        """Choose the windows that the loss looks at, of an image's levels: their numbers, and what they show.

        Where there are fewer that show objects than there may be, they are taken several times.
        """
        marks, rng = self.assign(self.windows.boxes(size), truth), generator()
        objects, background = np.flatnonzero(marks > 0), np.flatnonzero(marks == 0)
        if len(objects):
            objects = np.resize(rng.permutation(objects), round(self.batch_size_per_image * self.positive_fraction))
        wanted = min(self.batch_size_per_image - len(objects), len(background))
        hard = round(wanted * self.hard_fraction)
        if hard:
            with no_grad():
                scores = self._scores_of(pictures).numpy()[0]  # (V, K)
            looks = scores[background, 1:].max(1) - scores[background, 0]
            background = background[np.argsort(-looks, kind="stable")]
        rest = rng.permutation(background[hard:])[: wanted - hard]
        numbers = np.concatenate([objects, background[:hard], rest])
        return numbers, marks[numbers]

    # detection ---------------------------------------------------------------------------------------------------

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        scores = self.scores(batch.images) if self.convolutional else self.scores_by_crops(batch.images)
        probabilities = F.softmax(scores, 2).detach().numpy()  # (N, V, K)
        size = batch.images.shape[2:]
        boxes = clip_boxes_to_image(self.windows.boxes(size), size).numpy().astype(probabilities.dtype)
        return [self._answer(p, boxes, all_scores) for p in probabilities]

    def _answer(self, probabilities: np.ndarray, boxes: np.ndarray, all_scores: bool) -> dict[str, Tensor]:
        """Return the detections of an image, of the probabilities (V, K) of its windows."""
        solid = (boxes[:, 2:] > boxes[:, :2]).all(1)
        rows, labels = np.nonzero((probabilities[:, 1:] > self.score_thresh) & solid[:, None])
        labels = labels + 1
        found, scores = boxes[rows], probabilities[rows, labels]
        kept = batched_nms(found, scores, labels, self.nms_thresh).numpy()[: self.detections_per_img]
        answer = {"boxes": tensor(found[kept]), "labels": tensor(labels[kept]), "scores": tensor(scores[kept])}
        if all_scores:
            answer["all_scores"] = tensor(probabilities[rows[kept]])
        return answer
