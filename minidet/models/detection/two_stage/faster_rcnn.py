"""Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks.

Ren, He, Girshick, Sun. NIPS 2015, arXiv:1506.01497. Figure 2:

    image -- backbone -- maps --+-- region proposal network --> objectness, boxes
                                |            |
                                |        proposals (no gradient)
                                |            |
                                +------- RoI pooling -- fc6 -- fc7 --+--> class scores
                                                                     +--> a box for each class

Both networks look at the same maps, so that proposals cost nearly nothing (section 3.2). Their four losses are added
up, and all learns at once: "approximate joint training", section 3.2 (ii). The paper's four steps stand in
``alternating.py``.

| figure | file |
|---|---|
| backbone, pyramid | ``trunk.py`` |
| region proposal network, its losses | ``rpn.py`` |
| RoI pooling | ``pooler.py`` |
| fc6, fc7, class scores, boxes | ``box_head.py`` |
| which regions learn what; detections | ``roi_heads.py`` |
| images to batches, targets | ``images.py``, ``truth.py``, ``contract.py`` |

Deviations from the paper
-------------------------
- Sizes are for two cores: a small backbone, layers of 256 units, not 4096, no scaling of images. Its own are
  ``FasterRCNN(21, "vgg16", width=4096, anchor_sizes=((128, 256, 512),), min_size=600, max_size=1000)``.
- Regions are pooled by RoIAlign; ``pooling="pool"`` is the paper's.
- Background is everything below an IoU of 0.5, as in the authors' later code; ``bg_iou=(0.1, 0.5)`` is the paper's.
- One image has 256 anchors and 128 regions in the losses; how many images are a batch is the loader's choice.
- See ``rpn.py`` for the proposals.
"""

from __future__ import annotations

import numpy as np

from ....autograd import Tensor, no_grad
from ..contract import Detector, read_proposals
from ..images import Batch, read_images
from ..trunk import build_anchors, build_trunk
from ..truth import Truth
from .box_head import FastRCNNPredictor, TwoMLPHead
from .pooler import MultiScaleRoIPool
from .roi_heads import RoIHeads
from .rpn import RegionProposalNetwork, RPNHead


class FasterRCNN(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background.
    backbone, pretrained
        As in :func:`minidet.models.backbones.backbone`: a name, or a module, a :class:`FeaturePyramid` for example.
    strides : sequence of int, optional
        Of the maps; by default one of stride 16, or those of the backbone for a pyramid.
    pyramid : int, optional
        Channels of a feature pyramid to put on the backbone.
    anchor_sizes : tuple of tuple of float, optional
        Of each map, in pixels; see :func:`minidet.models.detection.trunk.build_anchors`.
    aspect_ratios : tuple of float
        Heights divided by widths.
    width : int
        Units of fc6 and fc7.
    pooling, pool_size : {"align", "pool"}, int
        RoIAlign or RoI pooling, and to how many bins a side.
    proposals : (int, int)
        How many an image has at most, in training and in evaluation.
    allowed_border : float
        In training, anchors that reach farther beyond the image are left out.
    bg_iou : (float, float)
        Regions whose IoU with all objects lies in [low, high) are background.
    rois_per_image : int
        Regions of an image that the losses look at, a quarter of them objects at most.
    score_thresh, nms_thresh, detections_per_img : float, float, int
        What becomes a detection.
    min_size, max_size : int, optional
        Scale images to these sides; see :class:`Detector`.

    Attributes
    ----------
    backbone, rpn, roi_heads : Module
        Their constants are attributes, too: ``model.rpn.nms_thresh``, for example.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, strides=None, *,
                 pyramid: int | None = None, anchor_sizes=None, aspect_ratios=(0.5, 1.0, 2.0), width: int = 256,
                 pooling: str = "align", pool_size: int = 7, proposals=(1000, 300), allowed_border: float = 0.0,
                 bg_iou=(0.0, 0.5), rois_per_image: int = 128,
                 score_thresh: float = 0.05, nms_thresh: float = 0.5, detections_per_img: int = 100,
                 min_size: int | None = None, max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        self.backbone = build_trunk("FasterRCNN", backbone, pretrained, strides, pyramid)
        channels = next(iter(self.backbone.channels.values()))
        anchors = build_anchors("FasterRCNN", self.backbone, anchor_sizes, aspect_ratios)
        head = RPNHead(channels, anchors.num_anchors_per_location()[0])
        self.rpn = RegionProposalNetwork(anchors, head, post_nms_top_n=proposals, allowed_border=allowed_border)
        pooler = MultiScaleRoIPool(pool_size, pooling)
        box_head = TwoMLPHead(channels * pooler.output_size[0] * pooler.output_size[1], width)
        predictor = FastRCNNPredictor(width, num_classes)
        self.roi_heads = RoIHeads(
            pooler, box_head, predictor, num_classes, bg_iou=bg_iou, batch_size_per_image=rois_per_image,
            score_thresh=score_thresh, nms_thresh=nms_thresh, detections_per_img=detections_per_img,
        )  # fmt: skip

    def forward(self, images, targets=None, proposals=None, *, return_losses: bool = False, all_scores: bool = False):
        """Do what :meth:`Detector.forward` says.

        Parameters
        ----------
        proposals : list of N arrays (P, 4), optional
            Boxes to look at, in pixels of the images; the region proposal network is not asked then, and has no losses.
        """
        images = read_images(type(self).__name__, images)
        if proposals is not None:
            proposals = read_proposals(type(self).__name__, proposals, len(images))
        return self.run(images, targets, return_losses, all_scores, proposals)

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return the four losses: of the proposals, and of what is made of them."""
        maps, losses = self.features(batch.images), {}
        if proposals is None:
            proposals, losses = self.rpn(maps, batch.sizes, truths)
        return {**losses, **self.roi_heads.losses(maps, proposals, truths)}

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        maps = self.features(batch.images)
        if proposals is None:
            proposals, _ = self.rpn(maps, batch.sizes)
        return self.roi_heads.detections(maps, proposals, batch.sizes, all_scores)

    def proposal_losses(self, images, targets) -> dict[str, Tensor]:
        """Return the two losses of the proposals alone, of one batch of images."""
        batch, truths, _ = self.prepared(images, targets, learns=True)[0]
        return self.rpn(self.features(batch.images), batch.sizes, truths)[1]

    def propose(self, images) -> list[np.ndarray]:
        """Return the proposals (P, 4) of each image, in its pixels, the most object-like first."""
        found = {}
        with no_grad():
            for batch, *_ in self.prepared(images):
                for i, boxes in enumerate(self.rpn(self.features(batch.images), batch.sizes)[0]):
                    found[batch.numbers[i]] = (boxes / batch.scale(i)).astype(boxes.dtype)
        return [found[i] for i in range(len(found))]
