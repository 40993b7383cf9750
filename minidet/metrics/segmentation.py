"""How good a semantic segmentation is: one confusion matrix over a whole data set, and what is read off it.

Averaging the IoU of single pictures would weigh a class that appears in few pictures, or covers few pixels, differently
from picture to picture; the PASCAL VOC measure sums the pixels of all pictures first (Everingham et al. 2010,
section 4.2).
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_index_range, check_integer, integer

#: More is a mistake. A confusion matrix counts pairs: of so many classes it takes 512 MB.
MOST_CLASSES, MOST_IN_MATRIX = 2**20, 2**13


def checked_labels(op: str, target, prediction) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays, or raise unless they hold integers, or False and True for 0 and 1, and have one shape."""
    target, prediction = as_array(op, "target", target), as_array(op, "prediction", prediction)
    target, prediction = (a.astype(np.uint8) if a.dtype.kind == "b" else a for a in (target, prediction))
    check_integer(op, "target", target)
    check_integer(op, "prediction", prediction)
    if target.shape != prediction.shape:
        why = "every true label needs one predicted label"
        raise bad_argument(op, "prediction", f"has shape {prediction.shape}", f"target's {target.shape}", why)
    return target, prediction


def checked_classes(op: str, num_classes, ignore_index, most: int) -> tuple[int, int | None]:
    """Return the number of classes, at most ``most``, and the label that is left out, or None."""
    num_classes = integer(op, "num_classes", num_classes, low=1)
    if num_classes > most:
        raise bad_argument(op, "num_classes", f"is {num_classes}", f"an integer <= {most}")
    return num_classes, None if ignore_index is None else integer(op, "ignore_index", ignore_index, -(2**63), 2**64 - 1)


class ConfusionMatrix:
    """Counts of pixels, ``matrix[t, p]``: of true class t, predicted as p.

    Parameters
    ----------
    num_classes : int
        K; labels are 0 .. K - 1.
    ignore_index : int, optional
        A true label that is not counted (void pixels).

    Notes
    -----
    With n_tp the counts, t_k = sum_p n_kp the true and p_k = sum_t n_tk the predicted pixels of class k
    (Long, Shelhamer, Darrell 2015, section 5):

    - pixel accuracy  sum_k n_kk / sum_k t_k
    - class accuracy  mean over k of n_kk / t_k
    - IoU of class k  n_kk / (t_k + p_k - n_kk)
    - frequency weighted IoU  sum_k t_k IoU_k / sum_k t_k

    A class is left out of a mean where its denominator is 0: it is absent, and says nothing.
    """

    def __init__(self, num_classes: int, ignore_index: int | None = None):
        checked = checked_classes("ConfusionMatrix", num_classes, ignore_index, MOST_IN_MATRIX)
        self.num_classes, self.ignore_index = checked
        self.matrix = np.zeros((self.num_classes, self.num_classes), np.int64)

    def update(self, target, prediction) -> None:
        """Count the pixels of one picture or batch: integer labels of equal shapes."""
        target, prediction = checked_labels("ConfusionMatrix", target, prediction)
        if self.ignore_index is not None:
            counted = target != self.ignore_index
            target, prediction = target[counted], prediction[counted]
        check_index_range("ConfusionMatrix", "target", target, 0, self.num_classes)
        check_index_range("ConfusionMatrix", "prediction", prediction, 0, self.num_classes)
        pairs = target.astype(np.int64).ravel() * self.num_classes + prediction.astype(np.int64).ravel()
        self.matrix += np.bincount(pairs, minlength=self.num_classes**2).reshape(self.matrix.shape)

    def _ratio(self, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
        return np.divide(numerator, denominator, out=np.full(self.num_classes, np.nan), where=denominator > 0)

    @property
    def iou(self) -> np.ndarray:
        """IoU of every class, (K,) float64; NaN for a class that is neither true nor predicted anywhere."""
        correct = np.diag(self.matrix)
        return self._ratio(correct, self.matrix.sum(0) + self.matrix.sum(1) - correct)

    @property
    def accuracy_per_class(self) -> np.ndarray:
        """Share of every class's true pixels that were found, (K,); NaN for a class without true pixels."""
        return self._ratio(np.diag(self.matrix), self.matrix.sum(1))

    @property
    def pixel_accuracy(self) -> float:
        """Share of all counted pixels that were labelled correctly (global accuracy)."""
        total = self.matrix.sum()
        return float(np.trace(self.matrix) / total) if total else float("nan")

    @property
    def class_accuracy(self) -> float:
        """Mean of :attr:`accuracy_per_class` over the classes that have true pixels."""
        return mean_of_present(self.accuracy_per_class)

    @property
    def mean_iou(self) -> float:
        """Mean of :attr:`iou` over the classes that are present (mIoU)."""
        return mean_of_present(self.iou)

    @property
    def frequency_weighted_iou(self) -> float:
        """IoU weighted by each class's share of the true pixels."""
        true = self.matrix.sum(1)
        return float(np.nansum(np.where(true > 0, self.iou, 0) * true) / true.sum()) if true.any() else float("nan")


def mean_of_present(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    present = ~np.isnan(values)
    return float(values[present].mean()) if present.any() else float("nan")


def majority_class(matrix: ConfusionMatrix) -> ConfusionMatrix:
    """Return the confusion matrix of a predictor that always answers the most frequent true class: the baseline."""
    if not isinstance(matrix, ConfusionMatrix):
        was = f"is a {type(matrix).__name__}"
        raise bad_argument("majority_class", "matrix", was, "a ConfusionMatrix", error=TypeError)
    baseline = ConfusionMatrix(matrix.num_classes, matrix.ignore_index)
    true = matrix.matrix.sum(1)
    baseline.matrix[:, true.argmax()] = true
    return baseline
