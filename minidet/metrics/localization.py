"""How good classification with localisation is: the class, the box, and both; and what no network at all would reach.

A localisation is right if the class is right and the box overlaps the true one by an IoU of 0.5 or more (ILSVRC's task
of this name: Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015, section 4.2; there one
of five answers has to be right, here there is one).
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array, shortened
from ..errors import bad_argument, check_index_range, check_integer, integer, integers, number
from ..ops import box_iou
from .segmentation import MOST_CLASSES


class LocalizationAccuracy:
    """Counts pictures of one object, and how many of them got the right class, the right box, and both.

    Parameters
    ----------
    num_classes : int
        K; labels are 1 .. K - 1, background is 0.
    iou_threshold : float
        A box is right from this IoU on.

    Notes
    -----
    Pictures without an object, or whose true box has no area, are not counted. Without any other, figures are NaN.
    """

    def __init__(self, num_classes: int, iou_threshold: float = 0.5):
        op = "LocalizationAccuracy"
        self.num_classes = integer(op, "num_classes", num_classes, 2, MOST_CLASSES)
        self.iou_threshold = number(op, "iou_threshold", iou_threshold, 0, 1)
        #: Of each true class: pictures, right classes, right boxes, both.
        self.pictures, self.classes_right, self.boxes_right, self.both_right = np.zeros((4, num_classes), np.int64)
        self._overlap = 0.0

    def update(self, targets, predictions) -> None:
        """Count pictures.

        Parameters
        ----------
        targets, predictions : list of dict
            One for each picture, with ``"boxes"`` (M, 4) and ``"labels"`` (M,): M at most 1 in a target, 1 in a
            prediction.
        """
        op = "LocalizationAccuracy"
        targets, predictions = _listed(op, "targets", targets), _listed(op, "predictions", predictions)
        if len(targets) != len(predictions):
            raise bad_argument(op, "predictions", f"has {len(predictions)} entries", f"{len(targets)}, as targets")
        truths = [_object(op, "targets", target, self.num_classes, 0) for target in targets]
        answers = [_object(op, "predictions", answer, self.num_classes, 1) for answer in predictions]
        for (true_box, true_label), (box, label) in zip(truths, answers, strict=True):
            if len(true_box) == 0 or not (true_box[0, 2:] > true_box[0, :2]).all():
                continue
            overlap, truth = box_iou(true_box, box).item(), true_label[0]
            right = bool(label[0] == truth), overlap >= self.iou_threshold
            self._overlap += overlap
            self.pictures[truth] += 1
            self.classes_right[truth] += right[0]
            self.boxes_right[truth] += right[1]
            self.both_right[truth] += all(right)

    @property
    def localization_accuracy(self) -> float:
        """Share of pictures whose class and box are right."""
        return _ratio(self.both_right.sum(), self.pictures.sum())

    @property
    def classification_accuracy(self) -> float:
        """Share of pictures whose class is right."""
        return _ratio(self.classes_right.sum(), self.pictures.sum())

    @property
    def box_accuracy(self) -> float:
        """Share of pictures whose box is right, whatever the class."""
        return _ratio(self.boxes_right.sum(), self.pictures.sum())

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the boxes, whatever the class."""
        return _ratio(self._overlap, self.pictures.sum())

    def per_class(self) -> dict[str, np.ndarray]:
        """Return the three accuracies of each class but the background, (K - 1,); NaN where it has no picture."""
        counts = {"localisation": self.both_right, "class": self.classes_right, "box": self.boxes_right}
        return {name: np.array([_ratio(*pair) for pair in zip(count[1:], self.pictures[1:], strict=True)])
                for name, count in counts.items()}  # fmt: skip


class MeanBox:
    """The simplest model there is: the most frequent class and the mean box of the training part, whatever it is shown.

    Boxes are averaged as shares of their pictures' sides. A network has to be better than this to have seen anything.

    Parameters
    ----------
    num_classes : int
        K.
    """

    def __init__(self, num_classes: int):
        self.num_classes = integer("MeanBox", "num_classes", num_classes, 2, MOST_CLASSES)
        self.counts = np.zeros(num_classes, np.int64)
        self._edges = np.zeros(4)

    def update(self, target, size) -> None:
        """Count one picture of ``size`` (H, W); one without an object, or whose box has no area, says nothing."""
        height, width = integers("MeanBox", "size", size, 2, 1)
        box, label = _object("MeanBox", "target", target, self.num_classes, 0)
        if len(box) and (box[0, 2:] > box[0, :2]).all():
            self.counts[label[0]] += 1
            self._edges += box[0] / [width, height, width, height]

    def predict(self, size) -> dict[str, np.ndarray]:
        """Return the answer for a picture of ``size`` (H, W): ``"boxes"`` (1, 4), ``"labels"`` (1,), ``"scores"`` (1,).

        The score is the share of the class. Before anything was counted: all of the picture, class 1, score 0.
        """
        height, width = integers("MeanBox", "size", size, 2, 1)
        total = self.counts.sum()
        edges = self._edges / total if total else np.array([0.0, 0.0, 1.0, 1.0])
        label = int(self.counts[1:].argmax()) + 1
        return {
            "boxes": (edges * [width, height, width, height])[None].astype(np.float32),
            "labels": np.array([label], np.int64),
            "scores": np.array([self.counts[label] / max(total, 1)], np.float32),
        }


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _listed(op: str, argument: str, dicts) -> list:
    if not isinstance(dicts, (list, tuple)):
        raise bad_argument(op, argument, f"is a {type(dicts).__name__}", "a list of dicts", error=TypeError)
    return list(dicts)


def _object(op: str, argument: str, target, num_classes: int, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture's box float64 (M, 4) and label (M,), M between ``least`` and 1, or raise."""
    if not isinstance(target, dict) or not {"boxes", "labels"} <= target.keys():
        was = f"contains {shortened(target)}"
        raise bad_argument(op, argument, was, "dicts with boxes and labels", error=TypeError)
    boxes, labels = (as_array(op, f"{argument}' {key}", target[key], "iuf") for key in ("boxes", "labels"))
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    labels = labels.astype(np.int64) if labels.size == 0 else labels
    if boxes.shape not in ((least, 4), (1, 4)) or labels.shape != boxes.shape[:1]:
        was, many = f"have shapes {boxes.shape} and {labels.shape}", "(1, 4) and (1,)"
        raise bad_argument(op, f"{argument}' boxes and labels", was, many if least else f"{many}, or nothing")
    if not np.isfinite(boxes).all():
        raise bad_argument(op, f"{argument}' boxes", "contains NaN or infinity", "finite numbers")
    check_integer(op, f"{argument}' labels", labels)
    check_index_range(op, f"{argument}' labels", labels, 1, num_classes, "0 is the background")
    return boxes.astype(np.float64), labels.astype(np.int64)
