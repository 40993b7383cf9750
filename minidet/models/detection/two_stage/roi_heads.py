"""From proposals to detections: which are looked at in training, what they are to say, and what is made of it.

Girshick. Fast R-CNN. ICCV 2015, arXiv:1504.08083, sections 2.1 to 2.3:

    proposals + true boxes -- match, sample -- pool -- box head --+-- scores --> log loss
                                                                  +-- deltas --> smooth L1, of objects only

    proposals -- pool -- box head --+-- scores -- softmax ----+-- threshold -- NMS for each class -- best 100
                                    +-- deltas -- decode -----+

Deltas are learnt with the BoxCoder's weights (10, 10, 5, 5), which bring them to a variance near 1, and are divided by
them once, when they are decoded.
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, tensor
from ....errors import bad_argument, integer, number
from ....nn import functional as F
from ....ops import (
    BalancedPositiveNegativeSampler,
    BoxCoder,
    batched_nms,
    box_iou,
    clip_boxes_to_image,
    remove_small_boxes,
)
from ..truth import Truth
from .branches import branch_answers, branch_losses

SMALLEST = 0.01  # pixels: a detection has at least this width and height


class RoIHeads(nn.Module):
    """The figures.

    Parameters
    ----------
    box_roi_pool, box_head, box_predictor : Module
        As :class:`MultiScaleRoIPool`, :class:`TwoMLPHead`, :class:`FastRCNNPredictor`.
    num_classes : int
        K.
    fg_iou_thresh : float
        From which IoU with an object a region is one.
    bg_iou : (float, float)
        Regions whose highest IoU lies in [low, high) are background. Those below ``low`` are taken where there are not
        enough: with low = 0.1 the easiest background is seen last (section 2.3).
    batch_size_per_image, positive_fraction : int, float
        Regions that an image's loss looks at, and the most that may be objects.
    box_weights : tuple of float
        What dx, dy, dw and dh are multiplied by.
    beta : float
        Of the smooth L1 loss.
    score_thresh, nms_thresh, detections_per_img
        Detections below this score go; of two of a class with a higher IoU, the lower one; at most so many are kept.
    """

    def __init__(self, box_roi_pool, box_head, box_predictor, num_classes: int, *, fg_iou_thresh: float = 0.5,
                 bg_iou=(0.0, 0.5), batch_size_per_image: int = 128, positive_fraction: float = 0.25,
                 box_weights=(10.0, 10.0, 5.0, 5.0), beta: float = 1.0, score_thresh: float = 0.05,
                 nms_thresh: float = 0.5, detections_per_img: int = 100):  # fmt: skip
        super().__init__()
        op = "RoIHeads"
        self.box_roi_pool, self.box_head, self.box_predictor = box_roi_pool, box_head, box_predictor
        self.num_classes = integer(op, "num_classes", num_classes, 2)
        self.fg_iou_thresh = number(op, "fg_iou_thresh", fg_iou_thresh, 0, 1)
        self.bg_iou = checked_range(op, bg_iou, self.fg_iou_thresh)
        self.sampler = BalancedPositiveNegativeSampler(batch_size_per_image, positive_fraction)
        self.box_coder, self.beta = BoxCoder(box_weights), number(op, "beta", beta, 0)
        self.score_thresh = number(op, "score_thresh", score_thresh, 0, 1)
        self.nms_thresh = number(op, "nms_thresh", nms_thresh, 0, 1)
        self.detections_per_img = integer(op, "detections_per_img", detections_per_img, 1)
        self.mask_roi_pool = self.mask_head = self.mask_predictor = None  # modules in MaskRCNN
        self.keypoint_roi_pool = self.keypoint_head = self.keypoint_predictor = None
        self.mask_loss, self.kpt_oks_sigmas = "sigmoid", None
        self.keypoint_pairs, self.side_predictor = None, None

    def forward(self, maps: dict[int, Tensor], boxes: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return the scores (R, K), logits, and deltas (R, 4 K) of the boxes of all images."""
        return self.box_predictor(self.box_head(self.box_roi_pool(maps, boxes)))

    # training ----------------------------------------------------------------------------------------------------

    def losses(self, maps: dict[int, Tensor], proposals: list[np.ndarray], truths: list[Truth]) -> dict[str, Tensor]:
        """Return ``"loss_classifier"`` and ``"loss_box_reg"``, both divided by the number of regions looked at.

        Where there are a mask head and a keypoint head, ``"loss_mask"`` and ``"loss_keypoint"``, too.
        """
        chosen = [self.choose(boxes, truth) for boxes, truth in zip(proposals, truths, strict=True)]
        boxes, labels, nearest = zip(*chosen, strict=True)
        goals = [goals_of(truth, rows) for truth, rows in zip(truths, nearest, strict=True)]
        features = self.box_head(self.box_roi_pool(maps, list(boxes)))  # (R, D)
        of_boxes = self.losses_of(*self.box_predictor(features), *map(np.concatenate, (boxes, labels, goals)))
        return {**of_boxes, **branch_losses(self, maps, features, chosen, truths)}

    def losses_of(self, scores, deltas, boxes, labels, goals) -> dict[str, Tensor]:
        """Return the losses of regions (R, 4) of which (R, K) and (R, 4 K) was said, and labels and boxes are true."""
        count = max(len(labels), 1)
        classes = F.cross_entropy(scores, tensor(labels), reduction="sum")
        objects = np.flatnonzero(labels)
        wanted = self.box_coder.encode_single(goals[objects], boxes[objects]).detach()
        found = deltas.reshape(-1, self.num_classes, 4)[objects, labels[objects]]  # (P, 4): the true class's
        moved = F.smooth_l1_loss(found, wanted, reduction="sum", beta=self.beta)
        return {"loss_classifier": classes / count, "loss_box_reg": moved / count}

    def choose(self, proposals: np.ndarray, truth: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Choose the regions that the losses look at, among the proposals and the true boxes themselves.

        Returns
        -------
        boxes : ndarray (R, 4)
        labels : ndarray int64 (R,)
            0 for background.
        nearest : ndarray int64 (R,)
            Which object has the highest IoU with each; 0 in an image without objects.
        """
        boxes = np.concatenate([proposals.astype(truth.boxes.dtype), truth.boxes])
        overlap, nearest, labels = np.zeros(len(boxes)), np.zeros(len(boxes), np.int64), np.zeros(len(boxes), np.int64)
        if len(truth.boxes):
            iou = box_iou(truth.boxes, boxes).numpy()  # (G, R)
            nearest, overlap = iou.argmax(0), iou.max(0)
            labels = truth.labels[nearest]
        objects = (overlap >= self.fg_iou_thresh) & (labels > 0)
        low, high = self.bg_iou
        background = ~objects & (overlap < high) & ~truth.is_ignored(boxes, self.fg_iou_thresh)
        marks = np.where(objects, 1, np.where(background, 0, -1))
        positive, negative = self.sampler([tensor(marks)], [tensor(overlap < low)])
        rows = np.flatnonzero(positive[0].numpy() | negative[0].numpy())
        return boxes[rows], np.where(objects, labels, 0)[rows], nearest[rows]

    def sample(self, proposals: np.ndarray, truth: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return boxes and labels as :meth:`choose` does, and the true box of each (R, 4); of background any."""
        boxes, labels, nearest = self.choose(proposals, truth)
        return boxes, labels, goals_of(truth, nearest)

    # evaluation --------------------------------------------------------------------------------------------------

    def detections(self, maps: dict[int, Tensor], proposals: list[np.ndarray], sizes,
                   all_scores: bool = False) -> list[dict[str, Tensor]]:  # fmt: skip
        """Return what is seen in each image, of ``sizes`` (h, w)."""
        scores, deltas = self(maps, proposals)
        probabilities = F.softmax(scores, 1).detach().numpy()
        ends = np.cumsum([len(boxes) for boxes in proposals])[:-1]
        parts = np.split(probabilities, ends), np.split(deltas.detach().numpy(), ends)
        found = [
            self.detections_of(p, d, boxes, size, all_scores)
            for p, d, boxes, size in zip(*parts, proposals, sizes, strict=True)
        ]
        return branch_answers(self, maps, found)

    def detections_of(self, probabilities: np.ndarray, deltas: np.ndarray, proposals: np.ndarray, size,
                      all_scores: bool = False) -> dict[str, Tensor]:  # fmt: skip
        """Return the detections of an image of probabilities (R, K), deltas (R, 4 K) and proposals (R, 4)."""
        shape = (len(proposals), self.num_classes, 4)
        boxes = self.box_coder.decode_single(deltas, proposals.astype(deltas.dtype)).numpy().reshape(-1, 4)
        boxes = clip_boxes_to_image(boxes, size).numpy().reshape(shape)
        rows, labels = np.nonzero(probabilities[:, 1:] > self.score_thresh)
        labels = labels + 1
        found, scores = boxes[rows, labels], probabilities[rows, labels]
        large = remove_small_boxes(found, SMALLEST).numpy()
        rows, labels, found, scores = rows[large], labels[large], found[large], scores[large]
        kept = batched_nms(found, scores, labels, self.nms_thresh).numpy()[: self.detections_per_img]
        answer = {"boxes": tensor(found[kept]), "labels": tensor(labels[kept]), "scores": tensor(scores[kept])}
        if all_scores:
            answer["all_scores"] = tensor(probabilities[rows[kept]])
        return answer


def goals_of(truth: Truth, nearest: np.ndarray) -> np.ndarray:
    """Return the true boxes (R, 4) of the objects of these numbers; zeros in an image without objects."""
    return truth.boxes[nearest] if len(truth.boxes) else np.zeros((len(nearest), 4), truth.boxes.dtype)


def checked_range(op: str, bg_iou, highest: float) -> tuple[float, float]:
    """Return [low, high) of the background's IoU, or raise."""
    if not isinstance(bg_iou, (tuple, list)) or len(bg_iou) != 2:
        raise bad_argument(op, "bg_iou", f"is {bg_iou!r:.40}", "two numbers", error=TypeError)
    low, high = (number(op, "bg_iou", value, 0, 1) for value in bg_iou)
    if not low <= high <= highest:
        raise bad_argument(op, "bg_iou", f"is {(low, high)}", f"low <= high <= {highest:g}", "above, it is an object")
    return low, high
