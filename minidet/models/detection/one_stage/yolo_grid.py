"""YOLO's grid: which cell of an image finds which object, and how many objects that leaves out.

Redmon, Divvala, Girshick, Farhadi. You Only Look Once. CVPR 2016, arXiv:1506.02640, section 2: "If the center of an
object falls into a grid cell, that grid cell is responsible for detecting that object."

A cell has one class, so it finds one object. Of several whose centres it holds, that is the largest here (of equal
ones, the first); the others are not learnt, and cannot be found. The paper names this limit (section 2.4).
"""

from __future__ import annotations

import numpy as np

from ....errors import bad_argument, integer
from ..truth import Truth, read_target


def cells_of(boxes: np.ndarray, size, grid: int) -> np.ndarray:
    """Return the row and column of the cell that holds each box's centre: int64 (G, 2).

    A centre on the right or lower border of the image, or beyond a border, belongs to the nearest cell.
    """
    middle = (boxes[:, :2].astype(np.float64) + boxes[:, 2:]) / 2 / [size[1], size[0]]
    return np.clip(np.floor(middle[:, ::-1] * grid), 0, grid - 1).astype(np.int64)


def owners(boxes: np.ndarray, size, grid: int) -> np.ndarray:
    """Return for each cell the object that it is to find, or -1: int64 (S, S)."""
    found = np.full((grid, grid), -1, np.int64)
    area = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).prod(1)
    largest_first = np.argsort(-area, kind="stable")
    for i, (row, column) in zip(largest_first[::-1], cells_of(boxes, size, grid)[largest_first[::-1]], strict=True):
        found[row, column] = i  # what is larger is written over what is smaller
    return found


def ignored_cells(truth: Truth, size, grid: int) -> np.ndarray:
    """Tell which cells are not to be learnt as empty: bool (S, S).

    Those that hold the centre of what is ignored; of a crowd, all whose middle lies in it.
    """
    found = np.zeros((grid, grid), bool)
    rows, columns = cells_of(truth.ignored, size, grid).T
    found[rows, columns] = True
    middle = (np.arange(grid) + 0.5) / grid
    for x1, y1, x2, y2 in truth.ignored[truth.crowd] / np.array([size[1], size[0]] * 2):
        found |= ((y1 <= middle) & (middle <= y2))[:, None] & ((x1 <= middle) & (middle <= x2))
    return found


def grid_recall(data, grid: int = 7) -> float:
    """Return the share of a data set's objects that have a cell for themselves: more, YOLO cannot find.

    Parameters
    ----------
    data : Dataset, or anything with ``__len__`` and ``__getitem__``
        Samples ``(image, target)``. Objects that are ignored or without area do not count.
    grid : int
        S.

    Returns
    -------
    float
        In [0, 1]; NaN if there are no objects.
    """
    grid, kept, count = integer("grid_recall", "grid", grid, 1, 4096), 0, 0
    for index in range(len(data)):
        sample = data[index]
        if not isinstance(sample, (tuple, list)) or len(sample) != 2:
            was = f"has a sample that is a {type(sample).__name__}"
            raise bad_argument("grid_recall", "data", was, "samples (image, target)", error=TypeError)
        image, target = sample
        truth = read_target("grid_recall", target, np.iinfo(np.int64).max)
        kept += np.count_nonzero(owners(truth.boxes, np.shape(image)[-2:], grid) >= 0)
        count += len(truth.boxes)
    return float(kept / count) if count else float("nan")
