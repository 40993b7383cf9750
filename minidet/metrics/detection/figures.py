"""COCO's twelve figures, read off the tables of precision and recall."""

from __future__ import annotations

import numpy as np

from .tables import SIZES


class CocoFigures(dict):
    """Named figures: a dict of name to float, -1 where there is nothing to find.

    ================  ====================================================================================
    ``AP``            mean precision over 10 overlaps (0.50, 0.55, ..., 0.95), 101 values of recall, and classes
    ``AP50, AP75``    the same at one overlap
    ``APs, APm, APl`` the same for objects below 32 x 32 pixels, up to 96 x 96, and above
    ``AR1, AR10, ..`` mean recall over overlaps and classes, of the best 1, 10, ... detections of a class in an image
    ``ARs, ARm, ARl`` the same for the three sizes
    ================  ====================================================================================

    Precision is that of the best ``max_dets[-1]`` detections of a class in an image, and recall of the sizes too.

    Attributes
    ----------
    per_class : dict of str, ndarray (K,)
        ``"AP"``, ``"AP50"``, ``"AP75"`` and ``"AR"`` of each class.
    categories : list
        The K classes, as their ids.
    precision : ndarray (T, R, K, S, M)
    recall : ndarray (T, K, S, M)
        pycocotools' tables: overlaps, values of recall, classes, sizes (all, small, medium, large), ``max_dets``.
    """

    def __init__(self, precision: np.ndarray, recall: np.ndarray, categories: list, max_dets: list[int]):
        letters = dict(zip(list(SIZES)[1:], "sml", strict=True))
        figures = {"AP": precision[..., 0, -1], "AP50": precision[0, ..., 0, -1], "AP75": precision[5, ..., 0, -1]}
        figures |= {f"AP{letters[name]}": precision[..., i, -1] for i, name in enumerate(SIZES) if name in letters}
        figures |= {f"AR{limit}": recall[..., 0, m] for m, limit in enumerate(max_dets)}
        figures |= {f"AR{letters[name]}": recall[..., i, -1] for i, name in enumerate(SIZES) if name in letters}
        super().__init__({name: _mean(values) for name, values in figures.items()})
        self.precision, self.recall, self.categories = precision, recall, list(categories)
        tables = {"AP": precision[..., 0, -1], "AP50": precision[:1, ..., 0, -1], "AP75": precision[5:6, ..., 0, -1],
                  "AR": recall[:, None, :, 0, -1]}  # fmt: skip
        self.per_class = {name: np.array([_mean(table[:, :, k]) for k in range(len(categories))])
                          for name, table in tables.items()}  # fmt: skip


def _mean(values: np.ndarray) -> float:
    counted = values[values > -1]
    return float(counted.mean()) if counted.size else -1.0
