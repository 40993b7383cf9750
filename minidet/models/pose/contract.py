"""What every pose network does: images of one person each go in, K joints come out.

An image is what a person's box shows, with some margin: who is meant, is decided before. Coordinates are continuous:
pixel column j covers j <= x < j + 1, so its centre is j + 0.5, and a mirror takes x to W - x.

In training, ``forward(images, targets)`` returns a dict of losses; a target is a dict whose ``"keypoints"`` (1, K, 3)
are ``(x, y, v)`` in pixels. Joints with v = 0 have no part in any loss. In evaluation, ``forward(images)`` returns a
list with a dict for each image:

======================  ============  ======================================================
``"keypoints"``         (1, K, 3)     ``(x, y, 1)`` in pixels
``"keypoints_scores"``  (1, K)        from 0 to 1: how sure the network is of each joint
``"scores"``            (1,)          their mean
======================  ============  ======================================================
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...autograd import no_grad, tensor
from ...autograd.as_array import as_array
from ...data.skeleton import JOINTS, PAIRS
from ...data.targets import check_pairs
from ...errors import bad_argument, flag, integer
from ..backbones import Backbone
from ..backbones import backbone as build
from ..backbones.contract import check_images

#: Coarser than this, a network's first maps say more about edges than about limbs; and they are large.
FINEST = 4
MOST_JOINTS = 2**12


class PoseNetwork(nn.Module):
    """The frame of a pose network. A subclass has ``losses`` and ``answers``.

    Parameters
    ----------
    num_keypoints : int
        K.
    backbone, pretrained
        As in :func:`minidet.models.backbones.backbone`. All maps from stride 4 on are there to be used.
    keypoint_pairs : list of (int, int), optional
        Joints that change places in a mirror; by default those of the 14 joints of Leeds Sports Pose, for K = 14.
    flip_test : bool
        In evaluation, average the answers for an image and its mirror image.
    """

    def __init__(self, num_keypoints: int, backbone, pretrained, keypoint_pairs=None, flip_test: bool = False):
        super().__init__()
        op = type(self).__name__
        self.num_keypoints = integer(op, "num_keypoints", num_keypoints, 1, MOST_JOINTS)
        if keypoint_pairs is None:
            keypoint_pairs = PAIRS if num_keypoints == len(JOINTS) else ()
        self.mirrored = mirrored_order(op, self.num_keypoints, keypoint_pairs)
        self.flip_test = flag(op, "flip_test", flip_test)
        self.backbone = build(backbone, None, pretrained)
        if isinstance(self.backbone, Backbone):
            fine_enough = [stride for stride in self.backbone.levels if stride >= FINEST]
            self.backbone.choose(fine_enough or tuple(self.backbone.levels)[-1:])

    def forward(self, images, targets=None):
        """Return a dict of losses in training, and in evaluation a list of what was found in each image.

        Parameters
        ----------
        images : Tensor (N, 3, H, W), or list of N images (3, H, W)
            RGB, in [0, 1].
        targets : list of N dicts
            In training. ``"keypoints"`` (1, K, 3), or (0, K, 3): nobody is there, and nothing is learnt.
        """
        op = type(self).__name__
        images = as_batch(op, images)
        if self.training:
            return self.losses(images, *read_targets(op, targets, len(images), self.num_keypoints))
        with no_grad():
            places, scores = self.answers(images)  # (N, K, 2), (N, K)
        return [
            {
                "keypoints": tensor(np.append(place, np.ones((len(place), 1), place.dtype), 1)[None]),
                "keypoints_scores": tensor(score[None]),
                "scores": tensor(score.mean(keepdims=True)),
            }
            for place, score in zip(places, scores, strict=True)
        ]

    def losses(self, images, places: np.ndarray, seen: np.ndarray) -> dict:
        """Return losses by their names, for true places (N, K, 2), of which those count that are ``seen`` (N, K)."""
        raise NotImplementedError(f"{type(self).__name__}: losses is missing: it returns a dict of scalars.")

    def answers(self, images) -> tuple[np.ndarray, np.ndarray]:
        """Return places in pixels (N, K, 2) and scores (N, K)."""
        raise NotImplementedError(f"{type(self).__name__}: answers is missing: it returns places and scores.")


def as_batch(op: str, images):
    """Return images as one tensor (N, 3, H, W), or raise; a list has to hold images of one size."""
    if isinstance(images, (list, tuple)):
        arrays = [as_array(op, "images", image) for image in images]
        shapes = sorted({array.shape for array in arrays})
        if len(shapes) != 1:
            was = f"have the shapes {', '.join(map(str, shapes[:3]))}" if shapes else "is empty"
            raise bad_argument(op, "images", was, "one shape (3, H, W)", "stretch every person's box to one size")
        images = tensor(np.stack(arrays))
    return check_images(op, images)


def read_targets(op: str, targets, count: int, joints: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places float32 (N, K, 2) and whether they count, bool (N, K), or raise."""
    if not isinstance(targets, (list, tuple)) or len(targets) != count:
        was = f"has {len(targets)}" if isinstance(targets, (list, tuple)) else f"is a {type(targets).__name__}"
        raise bad_argument(op, "targets", was, f"a list of {count} dicts", "one for each image", TypeError)
    places, seen = np.zeros((count, joints, 2), np.float32), np.zeros((count, joints), bool)
    for number, target in enumerate(targets):
        if not isinstance(target, dict) or "keypoints" not in target:
            raise bad_argument(op, f"targets[{number}]", "has no 'keypoints'", f"(1, {joints}, 3)", error=TypeError)
        argument = f"targets[{number}]['keypoints']"
        keypoints = as_array(op, argument, target["keypoints"], "iuf")
        if keypoints.shape not in ((1, joints, 3), (0, joints, 3)):
            why = "an image shows one person; cut out the box of each"
            raise bad_argument(op, argument, f"has shape {keypoints.shape}", f"(1, {joints}, 3)", why)
        for person in keypoints:
            seen[number] = person[:, 2] > 0
            places[number] = np.where(seen[number, :, None], person[:, :2], 0)
    if not (np.abs(places) < 1e9).all():
        raise bad_argument(op, "targets", "contain nan, infinity or huge numbers", "pixels")
    return places, seen


def mirrored_order(op: str, joints: int, pairs) -> np.ndarray:
    """Return which joint a mirror shows in the place of each: (K,)."""
    order = np.arange(joints)
    for a, b in check_pairs(op, pairs):
        if max(a, b) >= joints or a == b or order[a] != a or order[b] != b:
            why = "no joint has two partners"
            raise bad_argument(op, "keypoint_pairs", f"contains {(a, b)}", f"two joints in [0, {joints})", why)
        order[a], order[b] = b, a
    return order


def mirrored(images):
    """Return the mirror images (N, 3, H, W), without a gradient."""
    return tensor(np.ascontiguousarray(images.detach().numpy()[..., ::-1]))
