"""Fast R-CNN: one look at the image for all of its proposals.

Girshick. ICCV 2015, arXiv:1504.08083. Figure 1:

    image ------ backbone --> map --+
                                    +-- RoI pooling -- fc6 -- fc7 --+--> K class scores, softmax
    proposals (selective search) ---+                               +--> a box for each class

The backbone sees the image once, not each of 2000 warped regions as in R-CNN; classes and boxes are learnt at once, by
log loss + smooth L1 (section 2.3), and gradients flow through RoI pooling into the backbone (section 2.3,
"Back-propagation through RoI pooling layers"). What is left to wait for are the proposals, which come from outside.

The box head is that of :class:`FasterRCNN`; see ``roi_heads.py`` for the figure's right half.

Deviations from the paper
-------------------------
- Sizes are for two cores, as for :class:`FasterRCNN`. The paper's: ``FastRCNN(21, "vgg16", width=4096, min_size=600,
  max_size=1000)``.
- The learning rate of biases is that of weights.
"""

from __future__ import annotations

import numpy as np

from ....autograd import Tensor
from ....errors import check_choice, integer
from ..contract import Detector, read_proposals
from ..images import Batch, read_images
from ..proposals import MODES, clipped, proposals_of, search_all
from ..trunk import build_trunk
from ..truth import Truth
from .box_head import FastRCNNPredictor, TwoMLPHead
from .pooler import MultiScaleRoIPool
from .roi_heads import RoIHeads
from .svd import compress


class FastRCNN(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background.
    backbone, pretrained
        As in :func:`minidet.models.backbones.backbone`.
    strides, pyramid
        As in :class:`FasterRCNN`; by default one map of stride 16.
    width : int
        Units of fc6 and fc7.
    pooling, pool_size : {"pool", "align"}, int
        RoI pooling or RoIAlign, and to how many bins a side.
    search : {"single", "fast", "quality"}
        Mode of the selective search that runs where no proposals are given.
    max_proposals : int
        The first so many of an image are looked at.
    batch_size_per_image : int
        Regions of an image in the loss: 64 of each of two images (section 2.3).
    bg_iou : (float, float)
        Regions whose IoU with all objects lies in [low, high) are background; where there are not enough of them, those
        below low, too.
    score_thresh, nms_thresh, detections_per_img, min_size, max_size
        As in :class:`FasterRCNN`.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, strides=None, *,
                 pyramid: int | None = None, width: int = 256, pooling: str = "pool", pool_size: int = 7,
                 search: str = "fast", max_proposals: int = 2000, batch_size_per_image: int = 64, bg_iou=(0.1, 0.5),
                 score_thresh: float = 0.05, nms_thresh: float = 0.5, detections_per_img: int = 100,
                 min_size: int | None = None, max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        check_choice("FastRCNN", "search", search, MODES)
        self.search, self.max_proposals = search, integer("FastRCNN", "max_proposals", max_proposals, 1)
        self.backbone = build_trunk("FastRCNN", backbone, pretrained, strides, pyramid)
        channels = next(iter(self.backbone.channels.values()))
        pooler = MultiScaleRoIPool(pool_size, pooling)
        box_head = TwoMLPHead(channels * pooler.output_size[0] * pooler.output_size[1], width)
        predictor = FastRCNNPredictor(width, num_classes)
        self.roi_heads = RoIHeads(pooler, box_head, predictor, num_classes, bg_iou=bg_iou, score_thresh=score_thresh,
                                  batch_size_per_image=batch_size_per_image, nms_thresh=nms_thresh,
                                  detections_per_img=detections_per_img)  # fmt: skip

    def forward(self, images, targets=None, proposals=None, *, return_losses: bool = False, all_scores: bool = False):
        """Do what :meth:`Detector.forward` says.

        Parameters
        ----------
        proposals : list of N arrays (P, 4), optional
            Boxes to look at, in pixels of the images, the best first. By default those under ``"proposals"`` in the
            targets, if all of them have it; else selective search looks for them.
        """
        op = type(self).__name__
        images = read_images(op, images)
        if proposals is None:
            proposals = proposals_of(targets)
        if proposals is None:
            proposals = self.propose(images)
        proposals = [boxes[: self.max_proposals] for boxes in read_proposals(op, proposals, len(images))]
        return self.run(images, targets, return_losses, all_scores, proposals)

    def propose(self, images) -> list[np.ndarray]:
        """Return what selective search finds in each image: boxes (P, 4), the best first."""
        return search_all(type(self).__name__, images, self.search)

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return the losses of classes and boxes."""
        return self.roi_heads.losses(self.features(batch.images), clipped(proposals, batch), truths)

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        maps = self.features(batch.images)
        return self.roi_heads.detections(maps, clipped(proposals, batch), batch.sizes, all_scores)

    def compress(self, rank) -> FastRCNN:
        """Return a copy whose fully connected layers are products of two thin ones: truncated SVD (section 3.1)."""
        return compress(self, rank)
