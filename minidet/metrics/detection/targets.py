"""Reading what is there and what was found, one dict a picture, as data sets and detectors of minidet give them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...autograd.as_array import as_array, shortened
from ...errors import bad_argument, check_index_range, check_integer, check_rank
from ..segmentation import MOST_CLASSES


@dataclass(frozen=True)
class Picture:
    """What is there in a picture, or what was found in it: N objects.

    Parameters
    ----------
    boxes : ndarray float64 (N, 4)
        x1, y1, x2, y2.
    labels : ndarray int64 (N,)
        From 1.
    scores : ndarray float64 (N,)
        Of what was found; else empty.
    crowd, difficult : ndarray bool (N,)
        Of what is there; False where nothing is said.
    area : ndarray float64 (N,)
        Of what is there; NaN where nothing is said.
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    crowd: np.ndarray
    difficult: np.ndarray
    area: np.ndarray

    @property
    def ignored(self) -> np.ndarray:
        """Objects that count neither as found nor as missed, bool (N,)."""
        return self.crowd | self.difficult


def read_pictures(op: str, truths, answers, names=("ground_truth", "detections"), num_classes: int = MOST_CLASSES):
    """Return two lists of :class:`Picture`, one for each picture, or raise.

    Parameters
    ----------
    truths, answers : list of dict
        ``"boxes"`` (N, 4), ``"labels"`` (N,) from 1; among truths also ``"iscrowd"``, ``"difficult"``, ``"area"`` (N,),
        where they are there; among answers ``"scores"`` (N,).
    """
    lists = [_listed(op, name, dicts) for name, dicts in zip(names, (truths, answers), strict=True)]
    if len(lists[0]) != len(lists[1]):
        was, expected = f"has {len(lists[1])} entries", f"{len(lists[0])}, as {names[0]}"
        raise bad_argument(op, names[1], was, expected, "there is one for each picture")
    return [read_picture(op, names[0], entry, False, num_classes) for entry in lists[0]], [
        read_picture(op, names[1], entry, True, num_classes) for entry in lists[1]
    ]


def _listed(op: str, argument: str, dicts) -> list:
    if not isinstance(dicts, (list, tuple)):
        raise bad_argument(op, argument, f"is a {type(dicts).__name__}", "a list of dicts, one a picture",
                           error=TypeError)  # fmt: skip
    return list(dicts)


def read_picture(op: str, argument: str, entry, scored: bool, num_classes: int) -> Picture:
    """Return what one dict says, or raise unless it is of the form that :func:`read_pictures` takes."""
    needed = ["boxes", "labels", *(["scores"] if scored else [])]
    if not isinstance(entry, dict) or not set(needed) <= entry.keys():
        was = f"contains {shortened(entry)}"
        raise bad_argument(op, argument, was, f"dicts with {', '.join(needed)}", error=TypeError)
    boxes = as_array(op, f"{argument}' boxes", entry["boxes"], "iuf")
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise bad_argument(op, f"{argument}' boxes", f"has shape {boxes.shape}", "(N, 4), x1, y1, x2 and y2 of each")
    if not np.isfinite(boxes).all():
        raise bad_argument(op, f"{argument}' boxes", "contains NaN or infinity", "finite numbers")
    many = len(boxes)
    labels = _row(op, argument, entry, "labels", many, "iuf")
    labels = labels.astype(np.int64) if labels.size == 0 else labels
    check_integer(op, f"{argument}' labels", labels)
    check_index_range(op, f"{argument}' labels", labels, 1, num_classes, "0 is the background")
    scores = _row(op, argument, entry, "scores", many, "iuf") if scored else np.zeros(0)
    if not np.isfinite(scores).all():
        raise bad_argument(op, f"{argument}' scores", "contains NaN or infinity", "finite numbers")
    crowd, difficult = (
        _row(op, argument, entry, key, many, "biu") != 0 if not scored and key in entry else np.zeros(many, bool)
        for key in ("iscrowd", "difficult")
    )
    area = np.full(many, np.nan)
    if not scored and "area" in entry:
        area = _row(op, argument, entry, "area", many, "iuf").astype(np.float64)
        if not (np.isfinite(area) & (area >= 0)).all():
            raise bad_argument(op, f"{argument}' area", "contains NaN, infinity or negative numbers", "square pixels")
    return Picture(boxes.astype(np.float64), labels.astype(np.int64), scores.astype(np.float64), crowd, difficult, area)


def _row(op: str, argument: str, entry: dict, key: str, many: int, kinds: str) -> np.ndarray:
    """Return an entry with one number for each box."""
    values = as_array(op, f"{argument}' {key}", entry[key], kinds if np.size(entry[key]) else "biuf")
    check_rank(op, f"{argument}' {key}", values, 1, letters="(N,)")
    if len(values) != many:
        raise bad_argument(op, f"{argument}' {key}", f"has {len(values)} rows", f"{many}, as boxes has")
    return values


def overlaps(found: np.ndarray, there: np.ndarray, crowd: np.ndarray | None = None) -> np.ndarray:
    """Return the IoU of boxes (D, 4) with boxes (N, 4), float64 (D, N); of crowds, how much of a box lies inside.

    A box that ends before it begins has no area.
    """
    sides = np.minimum(found[:, None, 2:], there[:, 2:]) - np.maximum(found[:, None, :2], there[:, :2])
    shared = np.where((sides > 0).all(2), sides.prod(2), 0)
    areas, others = (np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(1) for boxes in (found, there))
    whole = areas[:, None] + others - shared
    if crowd is not None:
        whole = np.where(crowd, areas[:, None], whole)
    return shared / np.where(shared > 0, whole, 1)
