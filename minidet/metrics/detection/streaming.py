"""COCO's figures of detections that come batch by batch, in minidet's own form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ... import kernels
from ...autograd.as_array import as_array
from ...errors import bad_argument, check_choice, integer
from ...ops.rle import Runs, runs_of_mask
from ..segmentation import MOST_CLASSES
from .bootstrap import Outcomes
from .coco import KINDS, checked_limits, usual_limits
from .figures import CocoFigures
from .joints import read_joints
from .tables import Objects, matched, precision_and_recall
from .targets import Picture, read_pictures

OP = "MeanAveragePrecision"


class MeanAveragePrecision:
    """COCO's average precision and recall, collected picture by picture.

    Parameters
    ----------
    num_classes : int
        K; labels are 1 .. K - 1, background is 0.
    iou_type : {"bbox", "segm", "keypoints"}
        What is compared: boxes, masks or joints.
    max_dets : sequence of int
        How many detections of a class in a picture are counted, the best first: (1, 10, 100), for joints (20,).
    kpt_oks_sigmas : sequence of float, optional
        Of each joint; known for COCO's 17 and the 14 of Leeds Sports Pose.

    Notes
    -----
    As :func:`~minidet.metrics.coco_evaluate`, with the pictures in the order in which they come (which matters where
    scores are equal). Objects that are ``"difficult"`` do not count, and neither does a detection of one. An object's
    size is its ``"area"``; where nothing is said, that of its mask if it has one, else that of its box. The similarity
    of joints divides by the ``"area"``, too, and where nothing is said by that of the box.
    """

    def __init__(self, num_classes: int, iou_type: str = "bbox", max_dets=None, kpt_oks_sigmas=None):
        self.num_classes = integer(OP, "num_classes", num_classes, 2, MOST_CLASSES)
        check_choice(OP, "iou_type", iou_type, KINDS)
        self.iou_type, self.sigmas = iou_type, kpt_oks_sigmas
        self.max_dets = checked_limits(OP, usual_limits(iou_type) if max_dets is None else max_dets)
        self._truths: list[Picture] = []
        self._answers: list[Picture] = []
        self._truth_masks: list = []  # of each object its starts, its ends and its size; None without masks
        self._answer_masks: list = []
        self._truth_joints: list = []  # (J, 3) of each person
        self._answer_joints: list = []

    def update(self, targets, detections) -> None:
        """Add pictures.

        Parameters
        ----------
        targets : list of dict
            One for each picture: ``"boxes"`` (N, 4), ``"labels"`` (N,), and where they are there ``"iscrowd"``,
            ``"difficult"`` and ``"area"`` (N,), in square pixels, and ``"masks"`` (N, H, W).
        detections : list of dict
            One for each picture: ``"boxes"`` (D, 4), ``"labels"`` (D,), ``"scores"`` (D,), and for ``"segm"``
            ``"masks"`` (D, H, W) or (D, 1, H, W): what is 0.5 or more belongs to the object. For ``"keypoints"`` both
            have ``"keypoints"`` (N, J, 3), x, y, v.
        """
        truths, answers = read_pictures(OP, targets, detections, ("targets", "detections"), self.num_classes)
        wanted = self.iou_type == "segm"
        masks = [_masks("targets", entry, picture, wanted) for entry, picture in zip(targets, truths, strict=True)]
        found = [_masks("detections", entry, picture, wanted) if wanted else [None] * len(picture.boxes)
                 for entry, picture in zip(detections, answers, strict=True)]  # fmt: skip
        for one, other in zip(masks, found, strict=True):
            sizes = {mask[2] for mask in one + other if mask is not None}
            if wanted and len(sizes) > 1:
                why = "those of one picture are compared"
                raise bad_argument(OP, "detections' masks", f"are of {sorted(sizes)} pixels", "one size", why)
        self._truths += truths
        self._answers += answers
        self._truth_masks += [mask for picture in masks for mask in picture]
        self._answer_masks += [mask for picture in found for mask in picture]
        if self.iou_type == "keypoints":
            self._truth_joints += _joints("targets", targets, truths)
            self._answer_joints += _joints("detections", detections, answers)

    def compute(self) -> CocoFigures:
        """Return the twelve figures of all pictures so far; NaN where there is nothing to find."""
        truths, answers = self._objects()
        tables = precision_and_recall(truths, answers, self.num_classes - 1, np.array(self.max_dets))
        figures = CocoFigures(*tables, list(range(1, self.num_classes)), self.max_dets)
        for name, value in figures.items():
            figures[name] = value if value >= 0 else float("nan")
        figures.per_class = {name: np.where(row >= 0, row, np.nan) for name, row in figures.per_class.items()}
        return figures

    def outcomes(self) -> Outcomes:
        """Return what AP50 is made of, picture by picture: :func:`bootstrap_ap50` draws from that."""
        truths, answers = self._objects()
        found = matched(truths, answers, self.max_dets[-1])
        order = found.by_score()
        states = found.states[0, 0]  # of objects of any size, at 0.5
        order = order[states[order] != kernels.average_precision.IGNORED]
        right = states[order] == kernels.average_precision.RIGHT
        objects = np.zeros((len(self._truths), self.num_classes - 1), np.int64)
        np.add.at(objects, (truths.image[found.counted[0]], truths.category[found.counted[0]]), 1)
        first = np.searchsorted(found.category[order], np.arange(self.num_classes))
        return Outcomes(found.image[order], right, first, objects)

    def _objects(self) -> tuple[Objects, Objects]:
        """Return what all pictures so far hold, and what was found in them."""
        truths = _together(self._truths, self._truth_masks, self.iou_type)
        answers = _together(self._answers, self._answer_masks, self.iou_type)
        if self.iou_type == "keypoints":
            people = read_joints(OP, "targets", self._truth_joints, self.sigmas)
            found = read_joints(OP, "detections", self._answer_joints, self.sigmas, need=False)
            if len(people.sigmas) != len(found.sigmas) and len(found.places):
                was = f"have {len(found.sigmas)} joints"
                raise bad_argument(OP, "detections' keypoints", was, f"{len(people.sigmas)}, as targets")
            truths = replace(truths, joints=people, ignored=truths.ignored | ~people.seen.any(1))
            answers = replace(answers, joints=found, area=found.areas())
        return truths, answers


def _masks(argument: str, entry: dict, picture: Picture, wanted: bool) -> list:
    """Return the runs of each object's mask, and its size; None for all where there are no masks and none is wanted."""
    many = len(picture.boxes)
    if "masks" not in entry:
        if wanted and many:
            raise bad_argument(OP, argument, "has an entry without masks", "(N, H, W)", "iou_type is 'segm'")
        return [None] * many
    masks = as_array(OP, f"{argument}' masks", entry["masks"])
    if masks.ndim == 4 and masks.shape[1] == 1:
        masks = masks[:, 0]
    if masks.ndim != 3 and not (many == 0 and masks.size == 0):
        raise bad_argument(OP, f"{argument}' masks", f"has shape {masks.shape}", "(N, H, W)")
    if len(masks) != many:
        raise bad_argument(OP, f"{argument}' masks", f"has {len(masks)} rows", f"{many}, as boxes has")
    masks = masks >= 0.5 if masks.dtype.kind == "f" else masks
    return [(*runs_of_mask(mask), mask.shape) for mask in masks]


def _joints(argument: str, entries, pictures: list[Picture]) -> list[np.ndarray]:
    """Return the joints (J, 3) of each person, or raise unless there are as many people as boxes."""
    found = []
    for entry, picture in zip(entries, pictures, strict=True):
        many = len(picture.boxes)
        if "keypoints" not in entry and many:
            why = "iou_type is 'keypoints'"
            raise bad_argument(OP, argument, "has an entry without keypoints", "(N, J, 3)", why)
        joints = as_array(OP, f"{argument}' keypoints", entry["keypoints"], "iuf") if many else np.zeros((0, 1, 3))
        if joints.ndim != 3 or joints.shape[2] != 3 or len(joints) != many:
            raise bad_argument(OP, f"{argument}' keypoints", f"has shape {joints.shape}", f"({many}, J, 3)")
        found += list(joints)
    return found


def _together(pictures: list[Picture], masks: list, iou_type: str) -> Objects:
    """Return what all pictures hold as one."""

    def column(name: str, *shape: int) -> np.ndarray:
        return np.concatenate([np.zeros((0, *shape))] + [getattr(picture, name) for picture in pictures])

    corners = column("boxes", 4)
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
    many = [len(picture.boxes) for picture in pictures]
    area = boxes[:, 2:].prod(1)
    drawn = np.array([mask is not None for mask in masks], bool)
    if iou_type != "keypoints":
        area[drawn] = [int((mask[1] - mask[0]).sum()) for mask in masks if mask is not None]
    said = column("area")
    area = np.where(np.isnan(said), area, said)
    return Objects(
        np.repeat(np.arange(len(pictures)), many), column("labels").astype(np.int64) - 1, boxes, area,
        Runs.join(masks) if iou_type == "segm" else None, column("scores"), column("crowd") > 0,
        column("difficult") > 0,
    )  # fmt: skip
