"""Object keypoint similarity of people, pair by pair: what COCO's evaluation of joints has in the place of the IoU.

https://cocodataset.org/#keypoints-eval
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd.as_array import as_array, shortened
from ...errors import bad_argument
from ..pose import MOST_JOINTS, SIGMAS

#: Of COCO's 17 joints, as pycocotools has them.
COCO_SIGMAS = (0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087,
               0.089, 0.089)  # fmt: skip
MOST_AT_ONCE = 2**18  # pairs


@dataclass(frozen=True)
class Joints:
    """The joints of N people.

    Parameters
    ----------
    places : ndarray float64 (N, J, 2)
        x and y.
    seen : ndarray bool (N, J)
        Which are labelled; of detections all.
    sigmas : ndarray float64 (J,)
    """

    places: np.ndarray
    seen: np.ndarray
    sigmas: np.ndarray

    def areas(self) -> np.ndarray:
        """Return the areas of the boxes around all joints, (N,): a detection's size in pycocotools' ``loadRes``."""
        if not len(self.places):
            return np.zeros(0)
        return (self.places.max(1) - self.places.min(1)).prod(1)


def similarities(answers: Joints, truths: Joints, boxes, area, rows, columns) -> np.ndarray:
    """Return the similarity of detection ``rows[p]`` and person ``columns[p]``, float64 (P,).

    ``mean over the labelled joints of exp(-d^2 / (2 area (2 sigma)^2))``. Of a person without a labelled joint, d is
    the distance to the box with another one on each side, and all joints count: pycocotools' rule.

    Parameters
    ----------
    answers, truths : Joints
    boxes, area : ndarray
        Of the people: x, y, width, height (N, 4), and (N,).
    """
    found = np.empty(len(rows))
    for begin in range(0, len(rows), MOST_AT_ONCE):
        here = slice(begin, begin + MOST_AT_ONCE)
        found[here] = _similarities(answers, truths, boxes, area, rows[here], columns[here])
    return found


def _similarities(answers: Joints, truths: Joints, boxes, area, rows, columns) -> np.ndarray:
    there, seen = truths.places[columns], truths.seen[columns]
    away = answers.places[rows] - there  # (P, J, 2)
    nobody = ~seen.any(1)
    if nobody.any():
        x, y, width, height = boxes[columns[nobody]].T
        low = np.stack([x - width, y - height], 1)[:, None]
        high = np.stack([x + 2 * width, y + 2 * height], 1)[:, None]
        places = answers.places[rows[nobody]]
        away[nobody] = np.maximum(0, low - places) + np.maximum(0, places - high)
        seen = seen | nobody[:, None]
    wide = (2 * truths.sigmas) ** 2 * (area[columns] + np.spacing(1))[:, None] * 2
    alike = np.where(seen, np.exp(-(away**2).sum(2) / wide), 0)
    return alike.sum(1) / seen.sum(1)


def checked_sigmas(op: str, sigmas, joints: int) -> np.ndarray:
    """Return a sigma for each joint: those that are given, or those of 14 or 17 joints."""
    if sigmas is None:
        known = {len(SIGMAS): SIGMAS, len(COCO_SIGMAS): COCO_SIGMAS}
        if joints not in known:
            why = f"only those of {len(SIGMAS)} and of {len(COCO_SIGMAS)} joints are known"
            raise bad_argument(op, "kpt_oks_sigmas", f"is None with {joints} joints", f"{joints} numbers", why)
        sigmas = known[joints]
    values = as_array(op, "kpt_oks_sigmas", sigmas, "iuf").astype(np.float64)
    if values.shape != (joints,) or not ((values > 0) & np.isfinite(values)).all():
        raise bad_argument(op, "kpt_oks_sigmas", f"is {shortened(sigmas)}", f"{joints} numbers above 0")
    return values


def read_joints(op: str, argument: str, rows: list, sigmas, need: bool = True) -> Joints:
    """Return the joints of people, (J, 3) or flat (3 J,) each: x, y, v; all as many, or raise.

    Of detections (``need`` False) v is not looked at.
    """
    arrays = [as_array(op, f"{argument}' keypoints", row, "iuf").astype(np.float64).reshape(-1) for row in rows]
    sizes = {array.size for array in arrays}
    if len(sizes) > 1 or any(size % 3 or not 0 < size <= 3 * MOST_JOINTS for size in sizes):
        raise bad_argument(
            op, f"{argument}' keypoints", f"have {sorted(sizes)} numbers", "x, y, v of each joint, of all"
        )
    joints = sizes.pop() // 3 if sizes else (len(SIGMAS) if sigmas is None else np.size(sigmas))
    values = np.array(arrays).reshape(len(arrays), joints, 3)
    seen = values[..., 2] > 0 if need else np.ones(values.shape[:2], bool)
    if not np.isfinite(values[..., :2][seen]).all():
        raise bad_argument(op, f"{argument}' keypoints", "contain NaN or infinity", "pixels")
    places = np.where(seen[..., None], values[..., :2], 0)
    return Joints(places, seen, checked_sigmas(op, sigmas, joints))
