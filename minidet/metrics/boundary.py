"""How well the outlines of a segmentation fit: boundary F1, also called the BF score or contour score.

The IoU counts pixels, and most pixels lie deep inside of something: it hardly moves when an outline is ragged. So the
outlines are compared by themselves. For each class, precision asks how much of the predicted contour lies near the true
one, recall how much of the true contour lies near the predicted one (Csurka, Larlus and Perronnin, What is a good
evaluation measure for semantic segmentation?, BMVC 2013, section 3.2).
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import bad_argument, check_index_range, check_rank, number
from .segmentation import MOST_CLASSES, checked_classes, checked_labels, mean_of_present


class BoundaryF1:
    """Boundary F1, averaged over classes, then over images.

    Parameters
    ----------
    num_classes : int
        K; labels are 0 .. K - 1.
    ignore_index : int, optional
        A true label that is not looked at (void pixels).
    tolerance : float
        How far apart two contours may be and still match, as a share of the image's diagonal. The default, 0.75 %, is
        that of both papers: 2.25 pixels for 240 x 180.

    Notes
    -----
    With B_p and B_t the predicted and the true contour pixels of a class (:func:`contours`), d the Euclidean distance
    of a pixel's centre to the nearest pixel of the other contour, and theta the tolerance in pixels:

    - precision P = share of B_p with d(z, B_t) < theta
    - recall R = share of B_t with d(z, B_p) < theta
    - F1 = 2 P R / (P + R), and 0 if P + R = 0

    The score of an image is the mean over the classes that are there, truly or predicted; that of a data set is the
    mean over its images, as in SegNet (Badrinarayanan, Kendall and Cipolla, TPAMI 2017, section 4). At the edges:

    - A class that is absent from truth and prediction is left out of the image's mean.
    - One that is present in only one of them scores 0: it was missed, or invented. (SegNet's text averages over the
      true classes alone, and does not count what was invented.)
    - One that is present in both, but without a contour, fills both images, and is left out. With a contour in only
      one of them it scores 0.
    - An image with nothing to score is left out.
    """

    def __init__(self, num_classes: int, ignore_index: int | None = None, tolerance: float = 0.0075):
        self.num_classes, self.ignore_index = checked_classes("BoundaryF1", num_classes, ignore_index, MOST_CLASSES)
        self.tolerance = number("BoundaryF1", "tolerance", tolerance, 0.0, 1.0)
        if self.tolerance == 0:
            raise bad_argument("BoundaryF1", "tolerance", "is 0", "a number above 0", "distances have to be below it")
        self._image_scores: list[float] = []
        self._class_sums = np.zeros(self.num_classes)
        self._class_images = np.zeros(self.num_classes, np.int64)

    def update(self, target, prediction) -> None:
        """Score one picture (H, W), or each of a batch (N, H, W): integer labels of equal shapes."""
        target, prediction = checked_labels("BoundaryF1", target, prediction)
        check_rank("BoundaryF1", "target", target, 2, 3, letters="(H, W) or (N, H, W)")
        if target.ndim == 2:
            target, prediction = target[None], prediction[None]
        for true, answer in zip(target, prediction, strict=True):
            scores = self._score(true, answer)  # (K,)
            counted = ~np.isnan(scores)
            if counted.any():
                self._image_scores.append(float(scores[counted].mean()))
            self._class_sums[counted] += scores[counted]
            self._class_images += counted

    @property
    def f1_per_class(self) -> np.ndarray:
        """Mean of each class's F1 over the images where it counts, (K,) float64; NaN for a class that never does."""
        nothing = np.full(self.num_classes, np.nan)
        return np.divide(self._class_sums, self._class_images, out=nothing, where=self._class_images > 0)

    @property
    def mean_f1(self) -> float:
        """Mean over the images of each image's mean over its classes (BF)."""
        return mean_of_present(np.array(self._image_scores))

    def _score(self, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the F1 of every class in one image, (K,); NaN where it is left out."""
        known = np.ones(target.shape, bool) if self.ignore_index is None else target != self.ignore_index
        for argument, labels in (("target", target), ("prediction", prediction)):
            check_index_range("BoundaryF1", argument, labels[known], 0, self.num_classes)
        target, prediction = target.astype(np.int64), prediction.astype(np.int64)  # only now: uint64 may wrap around
        theta = self.tolerance * math.hypot(*target.shape)
        true, answer = (np.where(contours(labels, known), labels, -1) for labels in (target, prediction))
        precision, predicted_length = self._share_near(answer, true, theta)
        recall, true_length = self._share_near(true, answer, theta)
        one_sided = self._present(target[known]) != self._present(prediction[known])
        total = precision + recall
        f1 = np.divide(2 * precision * recall, total, out=np.zeros(self.num_classes), where=total > 0)
        return np.where(one_sided | (predicted_length + true_length > 0), f1, np.nan)

    def _present(self, labels: np.ndarray) -> np.ndarray:
        return np.bincount(labels, minlength=self.num_classes) > 0

    def _share_near(self, contour: np.ndarray, other: np.ndarray, theta: float) -> tuple[np.ndarray, np.ndarray]:
        """Return which share of each class's contour is near the other one, and the contour's length; both (K,)."""
        labels, near = match(contour, other, theta)
        length = np.bincount(labels, minlength=self.num_classes)
        hits = np.bincount(labels[near], minlength=self.num_classes)
        return hits / np.maximum(length, 1), length


def contours(labels: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Find the pixels that have a neighbour of another label, above, below, left or right: bool (H, W).

    Such a pixel is on the contour of its own class. The image's rim is no contour. Neither is the rim of pixels that
    are not ``known``, bool (H, W): what lies behind it nobody knows.
    """
    edge = np.zeros(labels.shape, bool)
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = labels[here] != labels[there]
        if known is not None:
            differ &= known[here] & known[there]
        edge[here] |= differ
        edge[there] |= differ
    return edge


def match(contour: np.ndarray, other: np.ndarray, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the pixels of one contour that have a pixel of the other, of the same class, at a distance below ``theta``.

    Instead of a distance map for each class, the few offsets within ``theta`` are tried, the nearest first: contours
    are short beside the image, and most pixels are found by the first offsets.

    Parameters
    ----------
    contour, other : ndarray int (H, W)
        A class where there is a contour, -1 elsewhere.
    theta : float
        Pixels.

    Returns
    -------
    labels : ndarray int (P,)
        The class of each pixel of ``contour``, in the order of rows.
    near : ndarray bool (P,)
        Whether it has a partner.
    """
    reach = min(math.ceil(theta), max(contour.shape))
    padded = np.pad(other, reach, constant_values=-1)
    rows, columns = np.nonzero(contour >= 0)
    labels = contour[rows, columns]
    at = (rows + reach) * padded.shape[1] + columns + reach  # where the pixels are in the padded image, flat
    near = np.zeros(len(labels), bool)
    searching = np.arange(len(labels))
    steps = np.arange(-reach, reach + 1)
    squares = steps[:, None] ** 2 + steps**2
    for row, column in sorted(np.argwhere(squares < theta**2).tolist(), key=lambda index: squares[tuple(index)]):
        found = padded.ravel()[at[searching] + steps[row] * padded.shape[1] + steps[column]] == labels[searching]
        near[searching[found]] = True
        searching = searching[~found]
    return labels, near
