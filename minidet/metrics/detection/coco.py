"""COCO's evaluation, from dicts as its files hold them.

Lin et al., Microsoft COCO: common objects in context, ECCV 2014; the figures are those of
https://cocodataset.org/#detection-eval and of pycocotools.
"""

from __future__ import annotations

import numpy as np

from ...autograd.as_array import as_array, shortened
from ...errors import bad_argument, check_choice, integer
from ...ops.rle import Runs, checked_size, read_polygons, read_rle
from .figures import CocoFigures
from .joints import Joints, read_joints
from .tables import Objects, precision_and_recall

OP = "coco_evaluate"
KINDS = ("bbox", "segm", "keypoints")


def coco_evaluate(ground_truth: dict, detections: list, iou_type: str = "bbox", max_dets=None,
                  kpt_oks_sigmas=None) -> CocoFigures:  # fmt: skip
    """Return COCO's twelve figures by name, as pycocotools' ``COCOeval`` computes them.

    Parameters
    ----------
    ground_truth : dict
        As a file of COCO's: ``"images"``, with ``"id"`` (for polygons also ``"height"`` and ``"width"``);
        ``"categories"``, with ``"id"``; ``"annotations"``, with ``"image_id"``, ``"category_id"``, ``"bbox"``
        ``[x, y, width, height]``, ``"area"``, ``"iscrowd"``, and for ``"segm"`` ``"segmentation"``: polygons
        ``[[x1, y1, x2, y2, ...], ...]``, or run lengths ``{"size": [H, W], "counts": numbers or text}``.
    detections : list of dict
        ``"image_id"``, ``"category_id"``, ``"bbox"``, ``"score"``, and for ``"segm"`` ``"segmentation"``.
    iou_type : {"bbox", "segm", "keypoints"}
        What is compared. For ``"keypoints"`` annotations and detections have ``"keypoints"``, ``[x1, y1, v1, ...]``;
        the object keypoint similarity stands for the IoU.
    max_dets : sequence of int
        How many detections of a class in an image are counted, the best first: (1, 10, 100), for joints (20,).
    kpt_oks_sigmas : sequence of float, optional
        Of each joint; known for COCO's 17 and the 14 of Leeds Sports Pose.

    Returns
    -------
    CocoFigures
        A dict: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100 (for other ``max_dets`` their names), ARs, ARm, ARl.
        ``per_class`` has more.

    Notes
    -----
    Nothing that is passed in is changed. The figures are pycocotools' where ids are unique and no annotation has
    ``"ignore"``. Otherwise, and where pycocotools stops:

    - Ids of annotations and detections are not looked at: each counts for itself, also one whose id is 0 (pycocotools
      takes a match with that for none) or that another has too (there, the last one stands for both). Images or
      categories of one id raise.
    - An annotation with a true ``"ignore"`` does not count, and neither does a detection of it: of ``"ignore"``,
      pycocotools knows ``"iscrowd"`` alone.
    - Without ``"area"`` an object has that of its box, or of its mask for ``"segm"``; without ``"iscrowd"`` it is none.
    - A polygon of four numbers is a line, and covers nothing; in pycocotools it is a box.
    - People without a labelled joint do not count, and neither does a detection of one, by pycocotools' rule for
      ``num_keypoints`` 0, which is not read.
    - With another ``max_dets`` than 100 at the end, AP is that of the last; pycocotools' summary looks for 100.

    The size of a detection is that of its box, if it has one, for ``"segm"`` too, as in pycocotools' ``loadRes``; leave
    out ``"bbox"`` to have it measured by its mask. What has a category, or among annotations an image, that is not
    listed is left out. Equal scores stay in the order of image ids, then in that of the list.
    """
    check_choice(OP, "iou_type", iou_type, KINDS)
    limits = checked_limits(OP, usual_limits(iou_type) if max_dets is None else max_dets)
    images, sizes = _images(ground_truth)
    categories = {number: k for k, number in enumerate(_ids(ground_truth, "categories"))}
    read = _Reader(images, sizes, categories, iou_type, kpt_oks_sigmas)
    truths = read.truths(_listed("ground_truth['annotations']", ground_truth["annotations"]))
    answers = read.answers(_listed("detections", detections))
    tables = precision_and_recall(truths, answers, len(categories), np.array(limits))
    return CocoFigures(*tables, list(categories), limits)


def usual_limits(iou_type: str) -> tuple[int, ...]:
    """Return how many detections COCO counts."""
    return (20,) if iou_type == "keypoints" else (1, 10, 100)


def checked_limits(op: str, max_dets) -> list[int]:
    """Return ``max_dets`` ascending, or raise unless they are integers from 1."""
    values = max_dets.tolist() if isinstance(max_dets, np.ndarray) else max_dets
    if not isinstance(values, (list, tuple)) or not values:
        raise bad_argument(op, "max_dets", f"is {shortened(max_dets)}", "some integers", error=TypeError)
    return sorted({integer(op, "max_dets", value, 1) for value in values})


def _listed(argument: str, entries) -> list:
    if not isinstance(entries, (list, tuple)):
        raise bad_argument(OP, argument, f"is a {type(entries).__name__}", "a list of dicts", error=TypeError)
    for entry in entries:
        if not isinstance(entry, dict):
            raise bad_argument(OP, argument, f"contains a {type(entry).__name__}", "dicts", error=TypeError)
    return entries


def _ids(ground_truth: dict, key: str) -> list:
    """Return the ids of images or categories, ascending, or raise unless each is there once."""
    argument = f"ground_truth[{key!r}]"
    if not isinstance(ground_truth, dict) or not {"images", "annotations", "categories"} <= ground_truth.keys():
        was = f"is {shortened(ground_truth)}"
        raise bad_argument(OP, "ground_truth", was, "a dict with images, annotations and categories", error=TypeError)
    ids = _values(argument, _listed(argument, ground_truth[key]), "id")
    try:
        ordered = sorted(set(ids))
    except TypeError as error:
        raise bad_argument(OP, argument, "has ids of several kinds", "numbers", error=TypeError) from error
    if len(ordered) < len(ids):
        raise bad_argument(OP, argument, "has an id twice", "each once")
    return ordered


def _images(ground_truth: dict) -> tuple[dict, dict]:
    """Return the number of each image by its id, and the entry of each image."""
    images = {number: n for n, number in enumerate(_ids(ground_truth, "images"))}
    return images, {entry["id"]: entry for entry in ground_truth["images"]}


def _values(argument: str, entries: list, key: str) -> list:
    try:
        return [entry[key] for entry in entries]
    except KeyError as error:
        raise bad_argument(OP, argument, f"has an entry without {key!r}", "one in each") from error


class _Reader:
    """Makes arrays of annotations and detections."""

    def __init__(self, images: dict, entries: dict, categories: dict, iou_type: str, sigmas=None):
        self.images, self.entries, self.categories, self.sigmas = images, entries, categories, sigmas
        self.wants_masks, self.wants_joints = iou_type == "segm", iou_type == "keypoints"

    def truths(self, annotations: list) -> Objects:
        """Read what there is to find."""
        argument = "ground_truth['annotations']"
        images, categories = self._where(argument, annotations)
        listed = [n for n, (i, k) in enumerate(zip(images, categories, strict=True)) if i is not None and k is not None]
        annotations = [annotations[n] for n in listed]
        masks = self._masks(argument, annotations)
        boxes = self._boxes(argument, annotations)
        plain = masks.areas() if masks is not None else boxes[:, 2] * boxes[:, 3]
        area = _numbers(argument, [entry.get("area") for entry in annotations], "area", plain)
        ignored = np.array([bool(entry.get("ignore")) for entry in annotations], bool)
        joints = self._joints(argument, annotations, True)
        if joints is not None:
            ignored |= ~joints.seen.any(1)
        return Objects(
            np.array([images[n] for n in listed], np.int64), np.array([categories[n] for n in listed], np.int64),
            boxes, area, masks, crowd=np.array([bool(entry.get("iscrowd")) for entry in annotations], bool),
            ignored=ignored, joints=joints,
        )  # fmt: skip

    def answers(self, detections: list) -> Objects:
        """Read what was found."""
        images, categories = self._where("detections", detections)
        if None in images:
            number = detections[images.index(None)]["image_id"]
            raise bad_argument(OP, "detections", f"has image_id {shortened(number)}", "an id of ground_truth['images']")
        listed = [n for n, category in enumerate(categories) if category is not None]
        detections = [detections[n] for n in listed]
        masks = self._masks("detections", detections)
        boxes = self._boxes("detections", detections)
        area = boxes[:, 2] * boxes[:, 3]
        if masks is not None:
            area = np.where([bool(entry.get("bbox") is not None) for entry in detections], area, masks.areas())
        scores = _numbers("detections", _values("detections", detections, "score"), "score")
        joints = self._joints("detections", detections, False)
        return Objects(
            np.array([images[n] for n in listed], np.int64), np.array([categories[n] for n in listed], np.int64),
            boxes, area if joints is None else joints.areas(), masks, scores, joints=joints,
        )  # fmt: skip

    def _joints(self, argument: str, entries: list, need: bool) -> Joints | None:
        if not self.wants_joints:
            return None
        return read_joints(OP, argument, _values(argument, entries, "keypoints"), self.sigmas, need)

    def _where(self, argument: str, entries: list) -> tuple[list, list]:
        """Return the number of each entry's image and category, None for one that is not listed."""
        try:
            images = [self.images.get(number) for number in _values(argument, entries, "image_id")]
            return images, [self.categories.get(number) for number in _values(argument, entries, "category_id")]
        except TypeError as error:
            raise bad_argument(OP, argument, "has an id that is no number", "numbers", error=TypeError) from error

    def _boxes(self, argument: str, entries: list) -> np.ndarray:
        """Return x, y, width and height, (N, 4); for masks, zeros where there is no box."""
        boxes = [entry.get("bbox") for entry in entries]
        if self.wants_masks or self.wants_joints:
            boxes = [[0.0, 0.0, 0.0, 0.0] if box is None else box for box in boxes]
        if any(box is None for box in boxes):
            raise bad_argument(OP, argument, "has an entry without 'bbox'", "one in each")
        found = as_array(OP, f"{argument}' bbox", boxes, "iuf") if boxes else np.zeros((0, 4))
        if found.shape != (len(entries), 4):
            raise bad_argument(OP, f"{argument}' bbox", f"has shape {found.shape[1:]}", "[x, y, width, height]")
        found = found.astype(np.float64)
        if not np.isfinite(found).all():
            raise bad_argument(OP, f"{argument}' bbox", "contains NaN or infinity", "finite numbers")
        if (found[:, 2:] < 0).any():
            why = "COCO's boxes are [x, y, width, height]"
            raise bad_argument(OP, f"{argument}' bbox", f"contains {found[(found[:, 2:] < 0).any(1)][0].tolist()}",
                               "a width and a height of 0 or more", why)  # fmt: skip
        return found

    def _masks(self, argument: str, entries: list) -> Runs | None:
        if not self.wants_masks:
            return None
        name = f"{argument}' segmentation"
        found = []
        for number, segmentation in zip(_values(argument, entries, "image_id"),
                                        _values(argument, entries, "segmentation"), strict=True):  # fmt: skip
            size = self._size(number)
            if isinstance(segmentation, dict):
                found.append(read_rle(OP, name, segmentation))
                if size is None:
                    self.entries[number] = {"height": found[-1][2][0], "width": found[-1][2][1]}
                elif found[-1][2] != size:
                    was = f"is of {found[-1][2]} pixels in image {shortened(number)}"
                    raise bad_argument(OP, name, was, f"{size}, as the image")
            elif size is None:
                why = "its polygons are drawn in it"
                raise bad_argument(OP, f"image {shortened(number)}", "has no height and width", "both", why)
            else:
                found.append((*read_polygons(OP, name, segmentation, size), size))
        return Runs.join(found)

    def _size(self, number) -> tuple[int, int] | None:
        """Return (H, W) of an image; None if nothing said it so far."""
        entry = self.entries[number]
        if "height" not in entry or "width" not in entry:
            return None
        return checked_size(OP, f"image {shortened(number)}", (entry["height"], entry["width"]))


def _numbers(argument: str, values: list, key: str, default: np.ndarray | None = None) -> np.ndarray:
    """Return finite numbers, float64 (N,); ``default`` where a value is None."""
    if default is not None:
        values = [plain if value is None else value for value, plain in zip(values, default.tolist(), strict=True)]
    found = as_array(OP, f"{argument}' {key}", values, "biuf")
    if found.shape != (len(values),):
        raise bad_argument(OP, f"{argument}' {key}", f"has shape {found.shape[1:]} in each", "a number")
    if not np.isfinite(found).all():
        raise bad_argument(OP, f"{argument}' {key}", "contains NaN or infinity", "finite numbers")
    return found.astype(np.float64)
