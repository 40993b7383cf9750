"""What Mask R-CNN does beside boxes: which regions the mask head and the keypoint head look at, and what they say.

He et al. Mask R-CNN. ICCV 2017, arXiv:1703.06870, sections 3 and 5:

    training     positive regions of the box head's -- pool -- head --> "loss_mask", "loss_keypoint"
    evaluation   final boxes of the box head        -- pool -- head --> masks, joints
"""

from __future__ import annotations

import numpy as np

from ....autograd import Tensor, tensor
from ....ops.masks import crop_masks
from ..truth import Truth
from .expected_oks import expected_oks
from .keypoint_head import heatmaps_to_keypoints, keypoint_loss
from .keypoint_sides import sides_loss
from .mask_head import mask_loss, mask_probabilities


def mask_logits(heads, maps: dict[int, Tensor], boxes: list[np.ndarray]) -> Tensor:
    """Return the masks of the boxes (R_i, 4) of each image: (R, K, M, M)."""
    return heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(maps, boxes)))


def keypoint_logits(heads, maps: dict[int, Tensor], boxes: list[np.ndarray]) -> Tensor:
    """Return the maps of the joints of the boxes (R_i, 4) of each image: (R, J, m, m)."""
    return heads.keypoint_predictor(heads.keypoint_head(heads.keypoint_roi_pool(maps, boxes)))


def branch_losses(heads, maps: dict[int, Tensor], features: Tensor, chosen: list[tuple],
                  truths: list[Truth]) -> dict[str, Tensor]:  # fmt: skip
    """Return the losses of the heads that there are.

    Parameters
    ----------
    heads : RoIHeads
    maps : dict of int to Tensor
        ``{stride: (N, C, h, w)}``.
    features : Tensor
        (R, D): what the box head made of the regions of all images.
    chosen : list of (ndarray, ndarray, ndarray)
        Of each image: boxes (R, 4), labels (R,), and the number of the object that each is, or is nearest to (R,).
    truths : list of Truth
    """
    losses = {}
    if heads.mask_head is None and heads.keypoint_head is None:
        return losses
    rows = [np.flatnonzero(labels) for _, labels, _ in chosen]
    positive = [tuple(part[here] for part in parts) for parts, here in zip(chosen, rows, strict=True)]
    boxes, labels, objects = (list(parts) for parts in zip(*positive, strict=True))
    if heads.mask_head is not None:
        logits = mask_logits(heads, maps, boxes)
        size, each = logits.shape[2:], zip(truths, objects, boxes, strict=True)
        targets = [crop_masks(truth.masks[o], places / truth.scale, size) for truth, o, places in each]
        losses["loss_mask"] = mask_loss(logits, np.concatenate(targets), np.concatenate(labels), heads.mask_loss)
    if heads.keypoint_head is not None:
        joints = np.concatenate([truth.keypoints[o] for truth, o in zip(truths, objects, strict=True)])  # (P, J, 3)
        losses["loss_keypoint"] = keypoint_loss(keypoint_logits(heads, maps, boxes), joints, np.concatenate(boxes))
        if heads.side_predictor is not None:
            seen = features[np.flatnonzero(np.concatenate([labels for _, labels, _ in chosen]))]  # (P, D)
            losses["loss_sides"] = sides_loss(heads.side_predictor(seen), joints, heads.keypoint_pairs)
    return losses


def branch_answers(heads, maps: dict[int, Tensor], found: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Return the detections of each image with what the heads say of them; masks are (R, 1, M, M), on boxes."""
    boxes = [one["boxes"].numpy() for one in found]
    ends = np.cumsum([len(one) for one in boxes])[:-1]
    if heads.mask_head is not None:
        labels = np.concatenate([one["labels"].numpy() for one in found])
        masks = mask_probabilities(mask_logits(heads, maps, boxes), labels, heads.mask_loss).detach().numpy()
        found = [{**one, "masks": tensor(part)} for one, part in zip(found, np.split(masks, ends), strict=True)]
    if heads.keypoint_head is not None:
        logits = np.split(keypoint_logits(heads, maps, boxes).detach().numpy(), ends)
        found = [{**one, **joints_of(heads, *pair)} for one, *pair in zip(found, logits, boxes, strict=True)]
    return found


def joints_of(heads, maps: np.ndarray, boxes: np.ndarray) -> dict[str, Tensor]:
    """Return what maps of joints (R, J, m, m), logits, say of an image's boxes (R, 4)."""
    read, sigmas = joint_reader(heads)
    places, scores = read(maps, boxes, *sigmas)
    found = {"keypoints": tensor(places), "keypoints_scores": tensor(scores)}
    return {**found, "oks": tensor(scores.mean(1))} if sigmas else found


def joint_reader(heads) -> tuple:
    """Return the function that reads joints from maps and boxes, and a tuple of what else it takes."""
    if heads.kpt_oks_sigmas is None:
        return heatmaps_to_keypoints, ()
    return expected_oks, (heads.kpt_oks_sigmas,)
