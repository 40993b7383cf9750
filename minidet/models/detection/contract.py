"""What every detector does: images of any sizes go in, boxes with classes come out.

    images -- resize, batch --> network --> boxes of the batch -- back to each image --> boxes, labels, scores

In training, ``model(images, targets)`` returns a dict of losses. In evaluation, ``model(images)`` returns a list with a
dict for each image, the highest score first:

================  =======  =======================================================================
``"boxes"``       (R, 4)   x1, y1, x2, y2 in pixels of the image, inside it
``"labels"``      (R,)     int64, 1 .. K - 1: 0 is the background, and never an answer
``"scores"``      (R,)     from 0 to 1
``"all_scores"``  (R, K)   every class's probability, for ``all_scores=True``
================  =======  =======================================================================

A target is a dict ``{"boxes": (G, 4), "labels": (G,)}``. Objects marked by ``"iscrowd"`` or ``"difficult"`` (G,) are
ignored: they are neither learnt, nor is what overlaps them learnt as background. Objects without area are left out. An
image may be without any object.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...autograd import Tensor, no_grad, tensor
from ...errors import bad_argument, flag, integer
from ...ops.boxes import checked_boxes
from .images import Batch, make_batches, read_images
from .truth import Truth, read_targets

MOST_CLASSES = 2**16


class Detector(nn.Module):
    """The frame of a detector. A subclass has ``losses`` and ``detections``.

    Parameters
    ----------
    num_classes : int
        K, with the background: at least 2.
    min_size, max_size : int, optional
        Images are scaled so that the shorter side is ``min_size``, but the longer one is no longer than ``max_size``.
        By default they stay as they are.

    Attributes
    ----------
    backbone : Module
        ``model.backbone.freeze()`` keeps it as it is.
    """

    num_keypoints: int | None = None  # joints, where they are learnt
    learns_masks = False

    def __init__(self, num_classes: int, min_size: int | None = None, max_size: int | None = None):
        super().__init__()
        op = type(self).__name__
        self.num_classes = integer(op, "num_classes", num_classes, 2, MOST_CLASSES)
        self.min_size = None if min_size is None else integer(op, "min_size", min_size, 1)
        self.max_size = None if max_size is None else integer(op, "max_size", max_size, 1)

    def forward(self, images, targets=None, *, return_losses: bool = False, all_scores: bool = False):
        """Return a dict of losses in training, and in evaluation a list of what was found in each image.

        Parameters
        ----------
        images : Tensor (N, 3, H, W), or list of N images (3, H, W)
            RGB, in [0, 1]; in a list, their sizes may differ.
        targets : list of N dicts
            For losses.
        return_losses : bool
            In evaluation, return (losses, detections). Images of different sizes are different batches then: the
            losses are the batches' means, each weighted with its number of images.
        all_scores : bool
            Return every class's probability for each box.

        Raises
        ------
        TypeError
            Images are uint8; targets are missing.
        ValueError
            An image is not (3, H, W), or has values above 1.5. A box is NaN or infinite.
        IndexError
            A label is outside 1 .. K - 1.
        """
        return self.run(images, targets, return_losses, all_scores)

    def run(self, images, targets, return_losses: bool, all_scores: bool, proposals=None):
        """Do what :meth:`forward` says; ``proposals`` are arrays (P, 4), one for each image, where a network takes any.

        They are in pixels of the images as they are given.
        """
        op = type(self).__name__
        return_losses, all_scores = flag(op, "return_losses", return_losses), flag(op, "all_scores", all_scores)
        if self.training:
            return self.losses(*self.prepared(images, targets, proposals, learns=True)[0])
        batches = self.prepared(images, targets, proposals, learns=return_losses)
        losses, found = {}, {}
        count = sum(len(batch) for batch, *_ in batches)
        with no_grad():
            for batch, truths, given in batches:
                if return_losses:
                    for name, value in self.losses(batch, truths, given).items():
                        losses[name] = losses.get(name, 0) + value * (len(batch) / count)
                for i, detection in enumerate(self.detections(batch, given, all_scores)):
                    found[batch.numbers[i]] = self.finished(back_to_image(detection, batch, i), batch.given[i])
        found = [found[i] for i in range(count)]
        return (losses, found) if return_losses else found

    def prepared(self, images, targets=None, proposals=None, learns: bool = False) -> list[tuple]:
        """Return the batches that the network is to see, one in training, and what is known in pixels of each.

        Parameters
        ----------
        images, targets
            As for :meth:`forward`.
        proposals : list of ndarray (P, 4), optional
            In pixels of the images as they are given.
        learns : bool
            Read the targets.

        Returns
        -------
        list of (Batch, list of Truth, list of ndarray or None)
        """
        op = type(self).__name__
        images = read_images(op, images)
        dtype = images[0].dtype
        sizes = [image.shape[1:] for image in images]
        asks = {"joints": self.num_keypoints, "masks": self.learns_masks}
        truths = read_targets(op, targets, sizes, self.num_classes, dtype, **asks) if learns else []
        batches = make_batches(images, self.padding_colour(), self.training, self.min_size, self.max_size)
        parts = []
        for batch in batches:
            order = list(enumerate(batch.numbers))
            here = [truths[number].scaled(batch.scale(i)) for i, number in order] if learns else []
            given = proposals
            if given is not None:
                given = [(proposals[number] * batch.scale(i)).astype(dtype) for i, number in order]
            parts.append((batch, here, given))
        return parts

    def features(self, images: Tensor) -> dict[int, Tensor]:
        """Return the backbone's maps of a batch's images, ``{stride: (N, C, h, w)}``, the finest first."""
        return dict(sorted(self.backbone(images).items()))

    def padding_colour(self) -> tuple[float, float, float]:
        """Return the colour that the backbone's normalisation turns into 0."""
        backbone = getattr(self, "backbone", None)
        return getattr(getattr(backbone, "backbone", backbone), "mean", (0.0, 0.0, 0.0))

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return the losses by their names, scalars; truths and proposals are in pixels of the batch."""
        raise NotImplementedError(f"{type(self).__name__}: losses is missing: it returns a dict of scalars.")

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image, in pixels of the batch."""
        raise NotImplementedError(f"{type(self).__name__}: detections is missing: it returns a dict for each image.")

    def finished(self, detection: dict[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """Do what is still to be done with the detections of an image of ``size`` (H, W), in its pixels."""
        return detection


def back_to_image(detection: dict[str, Tensor], batch: Batch, i: int) -> dict[str, Tensor]:
    """Return detections of the i-th image of a batch with boxes and joints in pixels of the image as it was given."""
    if batch.sizes[i] == batch.given[i]:
        return detection
    boxes = detection["boxes"].numpy()
    height, width = batch.given[i]
    boxes = np.clip(boxes / batch.scale(i), 0, [width, height] * 2).astype(boxes.dtype)
    detection = {**detection, "boxes": tensor(boxes)}
    if "keypoints" in detection:
        joints = detection["keypoints"].numpy()
        detection["keypoints"] = tensor((joints / np.append(batch.scale(i)[:2], 1)).astype(joints.dtype))
    return detection


def read_proposals(op: str, proposals, count: int) -> list[np.ndarray]:
    """Return boxes float64 (P, 4) that somebody gave for each of ``count`` images, or raise."""
    if not isinstance(proposals, (list, tuple)) or len(proposals) != count:
        was = f"has {len(proposals)}" if isinstance(proposals, (list, tuple)) else f"is a {type(proposals).__name__}"
        raise bad_argument(
            op, "proposals", was, f"a list of {count} arrays (P, 4), one for each image", error=TypeError
        )
    return [checked_boxes(op, "proposals", boxes).detach().numpy().astype(np.float64) for boxes in proposals]
