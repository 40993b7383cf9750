"""R-CNN: regions with features of a convolutional network.

Girshick, Donahue, Darrell, Malik. Rich feature hierarchies for accurate object detection and semantic segmentation.
CVPR 2014, arXiv:1311.2524. Figure 1:

    image -- selective search -- 2000 regions -- warp each -- network --+-- fc7 --> a linear SVM for each class --> NMS
                                                                        +-- pool5 -> ridge regression: where exactly

    file                                         warp.py      network.py            svm.py, mining.py, bbox_ridge.py

Every region goes through the network by itself: that is why it is slow, and what Fast R-CNN does away with. Nothing is
learnt together, either. :meth:`RCNN.fit` trains stage by stage (``stages.py``):

    1 proposals    2 fine-tune the network: K-way softmax    3 features of all regions, on the disk (cache.py)
    4 an SVM for each class, with hard negatives             5 a box regressor for each class

and each stage has its own idea of what is an object (``windows.py``).

Deviations from the paper
-------------------------
- Crops of 128 pixels, not 227, and a small network, for two cores; the map is brought to G x G cells, fc6 is left out.
- A detection's score is 1 / (1 + exp(-margin)), so that it lies between 0 and 1; the order is that of the margins.
- Images are not mirrored in fine-tuning, for digits and letters have a right side; the authors' code does so.
"""

from __future__ import annotations

import numpy as np

from .... import ops
from ....autograd import Tensor, tensor
from ....errors import bad_argument, check_choice, integer, number, shown
from ....nn import functional as F
from ....random import generator
from ..contract import Detector, read_proposals
from ..images import Batch, read_images
from ..proposals import MODES, proposals_of, search_all
from ..truth import Truth
from .bbox_ridge import LAMBDA, BoxRidge
from .network import CHUNK, RegionNetwork
from .stages import fit
from .svm import LinearSVMs
from .warp import checked_crop, warp
from .windows import draw_batch, fine_tuning_labels, solid

SMALLEST = 0.01  # pixels: a detection has at least this width and height


class RCNN(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background.
    backbone, pretrained
        As in :func:`minidet.models.backbones.backbone`.
    stride : int, optional
        Of the backbone's map; the coarsest by default.
    crop_size, context : int
        S, pixels a side of a warped region, and how many on each side show what is around it.
    grid, width : int
        As in :class:`RegionNetwork`.
    search : {"single", "fast", "quality"}
        Mode of the selective search that runs where no proposals are given.
    max_proposals : int
        The first so many of an image are looked at.
    batch : (int, int)
        Objects and background of a batch of fine-tuning (section 2.3).
    fine_tuning_iou : float
        From which IoU with an object a region is one, in fine-tuning.
    svm_iou : float
        Below which IoU with the objects of its class a region is a negative of an SVM.
    pair_iou, ridge : float
        Above which IoU a region teaches the box regressor, and lambda (appendix C).
    score_thresh : float
        Detections of a lower score go: 0.25 is a margin of -1.1.
    nms_thresh, detections_per_img
        Of two detections of a class with a higher IoU, the lower one goes; at most so many are kept.
    min_size, max_size
        As in :class:`Detector`.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, stride: int | None = None, *,
                 crop_size: int = 128, context: int = 16, grid: int = 2, width: int = 256, search: str = "fast",
                 max_proposals: int = 2000, batch=(32, 96), fine_tuning_iou: float = 0.5, svm_iou: float = 0.3,
                 pair_iou: float = 0.6, ridge: float = LAMBDA, score_thresh: float = 0.25, nms_thresh: float = 0.3,
                 detections_per_img: int = 100, min_size: int | None = None,
                 max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        check_choice("RCNN", "search", search, MODES)
        self.search, self.max_proposals = search, integer("RCNN", "max_proposals", max_proposals, 1)
        self.crop_size, self.context = checked_crop("RCNN", crop_size, context)
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise bad_argument("RCNN", "batch", f"is {shown(batch)}", "two numbers: objects, background")
        self.batch = tuple(integer("RCNN", "batch", count, 1) for count in batch)
        self.fine_tuning_iou = number("RCNN", "fine_tuning_iou", fine_tuning_iou, 0, 1)
        self.svm_iou = number("RCNN", "svm_iou", svm_iou, 0, 1)
        self.pair_iou = number("RCNN", "pair_iou", pair_iou, 0, 1)
        self.ridge = number("RCNN", "ridge", ridge, 0)
        self.score_thresh = number("RCNN", "score_thresh", score_thresh, 0, 1)
        self.nms_thresh = number("RCNN", "nms_thresh", nms_thresh, 0, 1)
        self.detections_per_img = integer("RCNN", "detections_per_img", detections_per_img, 1)
        self.network = RegionNetwork(self.num_classes, backbone, pretrained, stride, grid, width)
        self.svms = LinearSVMs(width, self.num_classes)
        self.regressors = BoxRidge(self.network.cells, self.num_classes)

    @property
    def backbone(self):
        """Of the network: ``model.backbone.freeze()`` keeps it as it is."""
        return self.network.backbone

    def forward(self, images, targets=None, proposals=None, *, return_losses: bool = False, all_scores: bool = False):
        """Do what :meth:`Detector.forward` says; the loss is that of fine-tuning, on one batch of regions.

        With ``all_scores`` the background's is 1 minus the highest of the others: it has no SVM.

        Parameters
        ----------
        proposals : list of N arrays (P, 4), optional
            Boxes to look at, in pixels of the images, the best first. By default those under ``"proposals"`` in the
            targets, if all of them have it; else selective search looks for them.
        """
        op = type(self).__name__
        images = read_images(op, images)
        proposals = proposals_of(targets) if proposals is None else proposals
        proposals = self.propose(images) if proposals is None else proposals
        proposals = [boxes[: self.max_proposals] for boxes in read_proposals(op, proposals, len(images))]
        return self.run(images, targets, return_losses, all_scores, proposals)

    def propose(self, images) -> list[np.ndarray]:
        """Return what selective search finds in each image: boxes (P, 4), the best first."""
        return search_all(type(self).__name__, images, self.search)

    def fit(self, data, proposals=None, **options) -> dict:
        """Train all stages: see :func:`minidet.models.detection.rcnn.stages.fit`."""
        return fit(self, data, proposals, **options)

    def regions(self, proposals, size) -> np.ndarray:
        """Clip proposals to an image of (h, w), and leave out those without area."""
        if proposals is None:
            raise bad_argument("RCNN", "proposals", "is None", "boxes for each image of the batch")
        return solid(ops.clip_boxes_to_image(proposals[: self.max_proposals], size).numpy())

    def crops(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Return warped regions of an image (3, h, w): (R, 3, S, S)."""
        return warp(image, boxes, self.crop_size, self.context, self.padding_colour())

    def pool5_of(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Return the features of regions of an image: (R, C G G). A few regions at a time."""
        parts = [boxes[start : start + CHUNK] for start in range(0, len(boxes), CHUNK)]
        found = [self.network.pool5_of(self.crops(image, part)) for part in parts]
        return np.concatenate(found) if found else np.zeros((0, self.network.cells), image.dtype)

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return ``"loss_classifier"``: the mean cross-entropy of a batch of regions, true boxes among them."""
        boxes, labels = [], []
        for i, (size, truth) in enumerate(zip(batch.sizes, truths, strict=True)):
            regions = self.regions(None if proposals is None else proposals[i], size)
            boxes.append(np.concatenate([truth.boxes, regions]))
            labels.append(fine_tuning_labels(boxes[-1], truth, self.fine_tuning_iou))
        ends = np.cumsum([0] + [len(part) for part in boxes])
        chosen = draw_batch(np.concatenate(labels), *self.batch, generator())
        crops = []
        for i, (h, w) in enumerate(batch.sizes):
            mine = chosen[(chosen >= ends[i]) & (chosen < ends[i + 1])] - ends[i]
            crops.append(self.crops(batch.images[i].detach().numpy()[:, :h, :w], boxes[i][mine]))
        return {"loss_classifier": self.classification_loss(np.concatenate(crops), np.concatenate(labels)[chosen])}

    def classification_loss(self, crops: np.ndarray, labels: np.ndarray) -> Tensor:
        """Return the mean cross-entropy of crops (R, 3, S, S); of none, 0."""
        if not len(labels):
            return self.network.cls_score.bias.sum() * 0.0
        return F.cross_entropy(self.network(tensor(crops)), tensor(labels))

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        found = []
        for i, (h, w) in enumerate(batch.sizes):
            image = batch.images[i].detach().numpy()[:, :h, :w]
            boxes = self.regions(None if proposals is None else proposals[i], (h, w))
            pool5 = self.pool5_of(image, boxes)
            scores = self.svms.scores(self.network.features_of(pool5))  # (P, K - 1)
            found.append(self._answer(scores, self.regressors.boxes(boxes, pool5), (h, w), all_scores))
        return found

    def _answer(self, scores: np.ndarray, boxes: np.ndarray, size, all_scores: bool) -> dict[str, Tensor]:
        """Return the detections of an image of scores (P, K - 1) and boxes (P, K - 1, 4)."""
        rows, labels = np.nonzero(scores > self.score_thresh)
        found = ops.clip_boxes_to_image(boxes[rows, labels], size).numpy()
        large = ops.remove_small_boxes(found, SMALLEST).numpy()
        rows, labels, found = rows[large], labels[large], found[large]
        best = scores[rows, labels]
        kept = ops.batched_nms(found, best, labels, self.nms_thresh).numpy()[: self.detections_per_img]
        answer = {"boxes": tensor(found[kept]), "labels": tensor(labels[kept] + 1), "scores": tensor(best[kept])}
        if all_scores:
            every = scores[rows[kept]]
            answer["all_scores"] = tensor(np.concatenate([1 - every.max(1, keepdims=True), every], 1))
        return answer
