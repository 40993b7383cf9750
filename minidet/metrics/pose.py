"""How good predicted joints are: PCK, which counts near ones, and OKS, which says how near.

A person is ``(x, y, v)`` for each of K joints, in pixels; v = 0 is a joint that nobody labelled, and not counted.

- PCK, percentage of correct keypoints: the share of joints that are at most ``alpha`` times a length of the person away
  from the true ones. Which length, has to be said beside the figure: the torso's (Sapp and Taskar, MODEC, CVPR 2013),
  or half of the head's, PCKh (Andriluka et al., 2D human pose estimation: new benchmark, CVPR 2014).
- OKS, object keypoint similarity: COCO's, a Gaussian of the distance that is wider for joints on whose place people
  agree less (Ronchi and Perona, Benchmarking and error diagnosis in multi-instance pose estimation, ICCV 2017).
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, integer, integers, number
from .segmentation import mean_of_present

#: Of the 14 joints of Leeds Sports Pose: from the left shoulder to the right hip; from the neck to the head's top.
TORSO, HEAD = (9, 2), (12, 13)
#: COCO's sigmas for the 14 joints; those of neck and head top, which COCO does not have, are CrowdPose's.
SIGMAS = (0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062, 0.079, 0.079)
MOST_JOINTS = 2**16  # more are a mistake


class PCK:
    """The share of joints that are near enough: ``|prediction - truth| <= alpha * |truth[a] - truth[b]|``.

    Parameters
    ----------
    num_joints : int
        K.
    segment : (int, int)
        The joints a and b whose true distance is the person's measure. ``TORSO`` by default; ``PCK(14, HEAD, 0.5)`` is
        PCKh, but for the published one's measure, 0.6 times the diagonal of a box around the head.
    alpha : float

    Notes
    -----
    A person whose a or b is not labelled, or both in one place, has no measure, and is left out.
    """

    def __init__(self, num_joints: int, segment: tuple[int, int] = TORSO, alpha: float = 0.2):
        self.num_joints = integer("PCK", "num_joints", num_joints, 1, MOST_JOINTS)
        self.segment = integers("PCK", "segment", segment, 2)
        if max(self.segment) >= self.num_joints or self.segment[0] == self.segment[1]:
            expected = f"two different joints in [0, {self.num_joints})"
            raise bad_argument("PCK", "segment", f"is {self.segment}", expected)
        self.alpha = number("PCK", "alpha", alpha, 0.0, 1e6)
        self._near = np.zeros(self.num_joints, np.int64)
        self._counted = np.zeros(self.num_joints, np.int64)

    def update(self, target, prediction) -> None:
        """Count people: target (N, K, 3), prediction (N, K, 2) or (N, K, 3), whose third column is not looked at."""
        truth, seen, answer = checked_people("PCK", target, prediction, self.num_joints)
        a, b = self.segment
        length = np.linalg.norm(truth[:, a] - truth[:, b], axis=-1)  # (N,)
        counted = seen & (seen[:, a] & seen[:, b] & (length > 0))[:, None]
        near = np.linalg.norm(answer - truth, axis=-1) <= self.alpha * length[:, None]
        self._near += (near & counted).sum(0)
        self._counted += counted.sum(0)

    @property
    def per_joint(self) -> np.ndarray:
        """The share of each joint, (K,) float64; NaN for one that was never counted."""
        return _ratio(self._near, self._counted)

    @property
    def mean(self) -> float:
        """Mean of :attr:`per_joint` over the joints that were counted; NaN if there are none."""
        return mean_of_present(self.per_joint)


class OKS:
    """Object keypoint similarity: ``exp(-d^2 / (2 area k^2))``, k = 2 sigma, averaged over a person's joints.

    Parameters
    ----------
    sigmas : sequence of K floats
        How far apart the places are that several people choose for a joint, as a share of the person's size.

    Notes
    -----
    A person without any labelled joint, or of area 0, is left out. (COCO scores the first kind by the distance to the
    person's box: there a detection has to belong to somebody.)
    """

    def __init__(self, sigmas=SIGMAS):
        self.sigmas = as_array("OKS", "sigmas", sigmas, "iuf").astype(np.float64)
        fits = self.sigmas.ndim == 1 and 0 < self.sigmas.size <= MOST_JOINTS
        if not fits or not ((self.sigmas > 1e-6) & (self.sigmas < 1e6)).all():
            raise bad_argument("OKS", "sigmas", f"has shape {self.sigmas.shape}", "(K,), numbers above 0")
        self._joint_sums = np.zeros(self.sigmas.size)
        self._joint_people = np.zeros(self.sigmas.size, np.int64)
        self._people: list[float] = []

    def update(self, target, prediction, area) -> None:
        """Score people: target and prediction as for :meth:`PCK.update`, area (N,) in square pixels."""
        truth, seen, answer = checked_people("OKS", target, prediction, self.sigmas.size)
        area = as_array("OKS", "area", area, "iuf").astype(np.float64)
        if area.shape != (len(truth),) or not (np.isfinite(area) & (area >= 0)).all():
            was = f"has shape {area.shape}" if area.shape != (len(truth),) else "contains negative numbers or nan"
            raise bad_argument("OKS", "area", was, f"({len(truth)},), numbers >= 0", "one for each person")
        counted = seen & (area > 0)[:, None]
        squared = ((answer - truth) ** 2).sum(-1)  # (N, K)
        wide = 2 * np.where(area > 0, area, 1)[:, None] * (2 * self.sigmas) ** 2
        alike = np.where(counted, np.exp(-squared / wide), 0)
        self._joint_sums += alike.sum(0)
        self._joint_people += counted.sum(0)
        people = counted.any(1)
        self._people += (alike[people].sum(1) / counted[people].sum(1)).tolist()

    @property
    def per_joint(self) -> np.ndarray:
        """Mean similarity of each joint, (K,) float64; NaN for one that was never counted."""
        return _ratio(self._joint_sums, self._joint_people)

    @property
    def mean(self) -> float:
        """Mean over people of each one's mean over its joints; NaN if there is nobody."""
        return math.fsum(self._people) / len(self._people) if self._people else math.nan


def checked_people(op: str, target, prediction, joints: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true places (N, K, 2), whether they count (N, K), and predicted places (N, K, 2), or raise.

    Where a joint does not count, both places are 0: what stands there may be anything.
    """
    target, prediction = as_array(op, "target", target, "iuf"), as_array(op, "prediction", prediction, "iuf")
    if target.ndim != 3 or target.shape[1:] != (joints, 3):
        raise bad_argument(op, "target", f"has shape {target.shape}", f"(N, {joints}, 3)", "(x, y, v) for each joint")
    if prediction.ndim != 3 or prediction.shape[:2] != target.shape[:2] or prediction.shape[2] not in (2, 3):
        expected = f"({len(target)}, {joints}, 2) or ({len(target)}, {joints}, 3)"
        raise bad_argument(op, "prediction", f"has shape {prediction.shape}", expected, "as target, with or without v")
    seen = target[..., 2] > 0
    places = []
    for argument, array in (("target", target), ("prediction", prediction)):
        place = np.where(seen[..., None], array[..., :2].astype(np.float64), 0)
        if not (np.abs(place) < 1e12).all():
            raise bad_argument(op, argument, "contains nan, infinity or huge numbers", "pixels")
        places.append(place)
    return places[0], seen, places[1]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
