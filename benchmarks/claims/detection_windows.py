"""A sliding window on any backbone: every window is cut out, and goes through the network by itself.

    image -- pyramid of windows -- warp each -- backbone -- G x G cells -- fc, ReLU --> K scores, softmax --> NMS

It is R-CNN with windows as its regions, and without SVMs and box regression: boxes are the windows as they are. Where
convolutions have padding, a window's scores are others than those at its place in the maps of the whole image, so
nothing can be shared between windows. SPP and Fast R-CNN share by pooling regions from the maps instead.
"""

from __future__ import annotations

import numpy as np

from minidet import Tensor, tensor
from minidet.models.detection import RCNN
from minidet.models.detection.answers import best_boxes
from minidet.models.detection.images import read_images
from minidet.models.detection.sliding_window.window_pyramid import WindowPyramid
from minidet.nn import functional as F


class EveryWindow(RCNN):
    """The figure. In training, what is not given is as in R-CNN's fine-tuning; true boxes are among its windows.

    Parameters
    ----------
    num_classes, backbone, options
        As in :class:`RCNN`.
    window_args : dict
        As in :class:`WindowPyramid`. Only its boxes are used: they are cut out of the image itself.
    """

    def __init__(self, num_classes: int, backbone, window_args: dict, **options):
        super().__init__(num_classes, backbone, **{"score_thresh": 0.05, **options})
        self.windows = WindowPyramid(**window_args)

    def propose(self, images) -> list[np.ndarray]:
        """Return all windows of each image, level by level: boxes (V, 4). They may reach beyond the image."""
        return [self.windows.boxes(image.shape[1:]) for image in read_images("EveryWindow", images)]

    def probabilities(self, pool5: np.ndarray) -> np.ndarray:
        """Return what each window shows: softmax over the classes (V, K)."""
        scores = self.network.cls_score(tensor(self.network.features_of(pool5)))
        return F.softmax(scores, 1).detach().numpy()

    def best(self, pool5: np.ndarray, boxes: np.ndarray, size, all_scores: bool = False) -> dict[str, Tensor]:
        """Return the detections of an image of (H, W): NMS of its windows, class by class."""
        return best_boxes(boxes, self.probabilities(pool5), size, score_thresh=self.score_thresh,
                          nms_thresh=self.nms_thresh, detections_per_img=self.detections_per_img,
                          all_scores=all_scores)  # fmt: skip

    def detections(self, batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image."""
        found = []
        for i, (h, w) in enumerate(batch.sizes):
            boxes = self.regions(proposals[i], (h, w))
            pool5 = self.pool5_of(batch.images[i].detach().numpy()[:, :h, :w], boxes)
            found.append(self.best(pool5, boxes, (h, w), all_scores))
        return found
