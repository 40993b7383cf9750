"""Mask R-CNN: Faster R-CNN that also says which pixels, or where the joints are.

He, Gkioxari, Dollar, Girshick. ICCV 2017, arXiv:1703.06870. Figure 1, and section 3:

    image -- backbone -- maps -- region proposal network -- proposals
                           |                                    |
                           +--- RoIAlign 7 x 7 ---- box head ---+--> classes, boxes
                           +--- RoIAlign 14 x 14 -- mask head -----> a mask for each class
                           +--- RoIAlign 14 x 14 -- keypoint head -> a map for each joint

In training, masks and joints are learnt of the positive regions among those that the box head looks at. In evaluation
the box head comes first, and the others look at its final boxes only: better boxes, and fewer of them (section 3).

| figure | file |
|---|---|
| all of Faster R-CNN | ``faster_rcnn.py`` and what it names |
| mask head, its loss and targets | ``mask_head.py`` |
| keypoint head | ``keypoint_head.py`` |
| joints by their expected similarity | ``expected_oks.py`` |
| left joints and right ones told apart, in training | ``keypoint_sides.py`` |
| which regions they look at, in training and after the box head | ``branches.py`` |
| masks to pixels, pixels to masks | ``minidet/ops/masks.py`` |

Deviations: sizes are for two cores, see ``FasterRCNN``; masks are cut and pasted by one convention of half pixels,
which is not torchvision's (``minidet/ops/masks.py``); the keypoint head is an argument, beside masks or without them;
with ``kpt_oks_sigmas``, joints are not read where their logits are the highest; with ``keypoint_pairs``, the box head
learns a further task.
"""

from __future__ import annotations

import numpy as np

from ....autograd import Tensor
from ....errors import bad_argument, check_choice, flag, integer, integers, number, shown
from ....ops.masks import paste_masks_in_image
from .faster_rcnn import FasterRCNN
from .keypoint_head import KeypointRCNNHeads, KeypointRCNNPredictor
from .keypoint_sides import side_predictor
from .mask_head import LOSSES, MaskRCNNHeads, MaskRCNNPredictor
from .pooler import MultiScaleRoIPool

MOST_JOINTS = 2**12


class MaskRCNN(FasterRCNN):
    """The figure.

    In evaluation a detection also has

    ======================  ==============  ==============================================================
    ``"masks"``             (R, 1, H, W)    from 0 to 1; the object is where they are at least 0.5
    ``"keypoints"``         (R, J, 3)       x, y in pixels of the image, and 1
    ``"keypoints_scores"``  (R, J)          logits; with ``kpt_oks_sigmas`` the expected similarity, 0 to 1
    ``"oks"``               (R,)            its mean over the joints, with ``kpt_oks_sigmas`` only
    ======================  ==============  ==============================================================

    and in training a target needs ``"masks"`` (G, H, W), of 0 and 1, or ``"keypoints"`` (G, J, 3): x, y in pixels, and
    v, 0 for a joint that is not labelled. An object without a single pixel is left out.

    Parameters
    ----------
    num_classes, backbone, pretrained, strides, and all by name
        As for :class:`FasterRCNN`.
    mask_size : int, optional
        M, even; None for no mask head.
    mask_layers : tuple of int
        Channels of the mask head's convolutions; the last is that of the transposed one, too.
    num_keypoints : int, optional
        J; None for no keypoint head.
    keypoint_size : int
        m, a multiple of 4.
    keypoint_layers : tuple of int
        Channels of the keypoint head's convolutions.
    kpt_oks_sigmas : sequence of J floats, optional
        Of the joints, as :class:`minidet.metrics.OKS` has them. With them a joint is where its expected similarity is
        the highest, without them where its logit is, as in the paper (``expected_oks.py``).
    keypoint_pairs : sequence of (int, int), optional
        Pairs of joints that look alike, a left one and a right one, as data sets and ``RandomHorizontalFlip`` have
        them. With them the box head also learns which of the two lies farther left (``keypoint_sides.py``), and
        training has ``"loss_sides"``; evaluation stays as it is.
    class_agnostic_masks : bool
        One mask for all classes.
    mask_loss : {"sigmoid", "softmax"}
        Whether classes compete for pixels (section 4.1, table 2b).
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, strides=None, *,
                 mask_size: int | None = 28, mask_layers=(64, 64, 64, 64), num_keypoints: int | None = None,
                 keypoint_size: int = 56, keypoint_layers=(64, 64, 64, 64), kpt_oks_sigmas=None,
                 keypoint_pairs=None, class_agnostic_masks: bool = False, mask_loss: str = "sigmoid",
                 pooling: str = "align", **options):  # fmt: skip
        super().__init__(num_classes, backbone, pretrained, strides, pooling=pooling, **options)
        op, heads = "MaskRCNN", self.roi_heads
        if mask_size is None and num_keypoints is None:
            why = "without masks and joints it is FasterRCNN"
            raise bad_argument(op, "mask_size", "is None beside num_keypoints=None", "one of the two", why)
        check_choice(op, "mask_loss", mask_loss, LOSSES)
        agnostic = flag(op, "class_agnostic_masks", class_agnostic_masks)
        if agnostic and mask_loss == "softmax":
            raise bad_argument(op, "mask_loss", "is 'softmax' with one mask for all classes", "'sigmoid'")
        channels = next(iter(self.backbone.channels.values()))
        if mask_size is not None:
            layers = _layers(op, "mask_layers", mask_layers)
            heads.mask_roi_pool = MultiScaleRoIPool(_bins(op, "mask_size", mask_size, 2), pooling)
            heads.mask_head = MaskRCNNHeads(channels, layers)
            heads.mask_predictor = MaskRCNNPredictor(layers[-1], layers[-1], 1 if agnostic else num_classes)
            heads.mask_loss = mask_loss
        if num_keypoints is not None:
            num_keypoints = integer(op, "num_keypoints", num_keypoints, 1, MOST_JOINTS)
            layers = _layers(op, "keypoint_layers", keypoint_layers)
            heads.keypoint_roi_pool = MultiScaleRoIPool(_bins(op, "keypoint_size", keypoint_size, 4), pooling)
            heads.keypoint_head = KeypointRCNNHeads(channels, layers)
            heads.keypoint_predictor = KeypointRCNNPredictor(layers[-1], num_keypoints)
        if kpt_oks_sigmas is not None:
            heads.kpt_oks_sigmas = _sigmas(op, kpt_oks_sigmas, num_keypoints)
        if keypoint_pairs is not None:
            heads.keypoint_pairs = _pairs(op, keypoint_pairs, num_keypoints)
            width = heads.box_predictor.cls_score.in_features
            heads.side_predictor = side_predictor(width, len(heads.keypoint_pairs))
        self.num_keypoints, self.learns_masks = num_keypoints, mask_size is not None

    def finished(self, detection: dict[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """Paste the masks of an image's detections."""
        if "masks" not in detection:
            return detection
        return {**detection, "masks": paste_masks_in_image(detection["masks"], detection["boxes"], size)}


def _layers(op: str, argument: str, value) -> tuple[int, ...]:
    """Return channels of at least one layer, or raise."""
    if not isinstance(value, (tuple, list)) or not value:
        raise bad_argument(op, argument, f"is {value!r:.40}", "the channels of each layer", error=TypeError)
    return (
        integers(op, argument, tuple(value), len(value), 1) if len(value) > 1 else (integer(op, argument, value[0], 1),)
    )


def _sigmas(op: str, sigmas, joints: int | None) -> tuple[float, ...]:
    """Return the joints' sigmas, or raise."""
    if joints is None:
        raise bad_argument(op, "kpt_oks_sigmas", "are given without num_keypoints", "None", "there are no joints")
    if not isinstance(sigmas, (tuple, list, np.ndarray)) or len(sigmas) != joints:
        raise bad_argument(op, "kpt_oks_sigmas", f"is {shown(sigmas)}", f"{joints} numbers, one for each joint")
    return tuple(number(op, "kpt_oks_sigmas", sigma, 1e-6, 1e6) for sigma in sigmas)


def _pairs(op: str, pairs, joints: int | None) -> tuple[tuple[int, int], ...]:
    """Return pairs of two different joints, or raise."""
    if joints is None:
        raise bad_argument(op, "keypoint_pairs", "are given without num_keypoints", "None", "there are no joints")
    if not isinstance(pairs, (tuple, list, np.ndarray)) or not len(pairs):
        raise bad_argument(op, "keypoint_pairs", f"is {shown(pairs)}", "pairs of joints", error=TypeError)
    pairs = np.asarray(pairs, object).tolist()
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            was = f"contains {shown(pair)}"
            raise bad_argument(op, "keypoint_pairs", was, "two joints, a left one and a right one", error=TypeError)
        if pair[0] == pair[1] or max(integers(op, "keypoint_pairs", pair, 2)) >= joints:
            raise bad_argument(op, "keypoint_pairs", f"contains {pair}", f"two different joints below {joints}")
    return tuple(tuple(pair) for pair in pairs)


def _bins(op: str, argument: str, size, factor: int) -> int:
    """Return how many bins a region is pooled to, for a map that is ``factor`` times as large, or raise."""
    size = integer(op, argument, size, factor)
    if size % factor:
        raise bad_argument(
            op, argument, f"is {size}", f"a multiple of {factor}", "the head's last layers enlarge so much"
        )
    return size // factor
