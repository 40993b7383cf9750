"""From pictures of many objects to pictures of one: what classification with localisation learns from."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array, shortened
from ..errors import bad_argument
from .dataset import Dataset, check_index, fetch, length_of


class LargestObject(Dataset):
    """Another data set's pictures, with one object each: the target is ``{"boxes": (M, 4), "labels": (M,)}``, M <= 1.

    The object is the one whose box has the largest area; of equals, the first. Those that are marked as ``"difficult"``
    or ``"iscrowd"``, and boxes without area, are passed over; a picture with no other has M = 0.

    Parameters
    ----------
    dataset : Dataset, or anything with ``__len__`` and ``__getitem__``
        Its targets have ``"boxes"`` and ``"labels"``. What its transform leaves of an object counts.
    transform : callable, optional
        ``transform(image, target, rng)``, of what is chosen.

    Attributes
    ----------
    classes : list of str
        The other data set's.
    """

    def __init__(self, dataset, transform=None):
        super().__init__(transform)
        length_of("LargestObject", "dataset", dataset)
        self.dataset = dataset

    @property
    def classes(self) -> list[str]:
        """The names of the other data set's classes."""
        return self.dataset.classes

    def __len__(self) -> int:
        return len(self.dataset)

    def load(self, index):
        """Return sample ``index`` before the other data set's transform, if it has one."""
        index = check_index("LargestObject", index, len(self))
        return _chosen(getattr(self.dataset, "load", self.dataset.__getitem__)(index))

    def sample(self, index, rng):
        """Return sample ``index`` after both transforms."""
        index = check_index("LargestObject", index, len(self))
        image, target = _chosen(fetch(self.dataset, index, rng))
        return (image, target) if self.transform is None else self.transform(image, target, rng)


def _chosen(sample) -> tuple:
    if not isinstance(sample, (tuple, list)) or len(sample) != 2:
        was = f"has the sample {shortened(sample)}"
        raise bad_argument("LargestObject", "dataset", was, "pairs (image, target)", error=TypeError)
    image, target = sample
    row = largest(target)
    return image, {
        "boxes": as_array("LargestObject", "boxes", target["boxes"]).reshape(-1, 4)[row],
        "labels": as_array("LargestObject", "labels", target["labels"]).reshape(-1)[row],
    }


def largest(target: dict) -> np.ndarray:
    """Return the number of the target's largest object, int64 (1,), or (0,) if it has none."""
    op = "LargestObject"
    if not isinstance(target, dict) or not {"boxes", "labels"} <= target.keys():
        was = f"has the target {shortened(target)}"
        raise bad_argument(op, "dataset", was, "dicts with boxes and labels", error=TypeError)
    boxes = as_array(op, "boxes", target["boxes"], "iuf").reshape(-1, 4).astype(np.float64)
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1)
    for name in ("difficult", "iscrowd"):
        if name in target:
            area = np.where(as_array(op, name, target[name]).reshape(-1) != 0, 0, area)
    return np.argsort(-area, kind="stable")[:1][np.sort(-area)[:1] < 0].astype(np.int64)
