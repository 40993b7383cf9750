"""Is there a cat in this region? One linear support vector machine for each class, on the network's features.

Girshick et al. 2014, section 2.3. The problem of one class, of features x_i with y_i = +1 (the class) or -1:

    min over w, b    1/2 (|w|^2 + b^2 / B^2) + C sum of c_i max(0, 1 - y_i (w x_i + b)),    c_i = 2 if y_i = +1, else 1

The bias is the weight of one more feature that is always B, as in liblinear: with a large B it costs next to nothing.
The solver is liblinear's dual coordinate descent (Hsieh et al. 2008; ``kernels/reference/svm.py``). How far it is from
the solution is known at any time: the minimum lies between the dual's value and the primal's.

C = 0.001, B = 10, c = 2, and features of a mean length of 20 are those of the authors' code; the paper names none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .... import kernels, nn
from ....autograd import tensor
from ....autograd.as_array import as_array
from ....errors import bad_argument, integer, number
from ....random import generator

FEATURE_NORM = 20.0  # mean length of the features that SVMs and regressors see


class Solution(NamedTuple):
    """What :func:`fit_svm` found: w (D,), b, the rows' numbers in the dual (N,), passes, primal minus dual value."""

    weight: np.ndarray
    bias: float
    alpha: np.ndarray
    passes: int
    gap: float


def fit_svm(x, y, cost: float = 1e-3, positive_weight: float = 2.0, bias_scale: float = 10.0, *,
            tolerance: float = 1e-3, max_passes: int = 1000, start=None, rng=None) -> Solution:  # fmt: skip
    """Train a linear support vector machine.

    Parameters
    ----------
    x : ndarray
        (N, D), features.
    y : ndarray
        (N,): +1 or -1.
    cost, positive_weight, bias_scale : float
        C, c of positives, and B.
    tolerance : float
        Stop when the primal's value is proved to be within this share of the minimum.
    max_passes : int
        At most so many passes over all rows.
    start : ndarray, optional
        (N,): numbers of the dual to start from, as of an earlier solution.
    rng : numpy.random.Generator, optional
        Draws the order of the rows; without it, minidet's own.

    Returns
    -------
    Solution
    """
    x, y = as_array("fit_svm", "x", x, "f"), as_array("fit_svm", "y", y, "if")
    if x.ndim != 2 or not np.isfinite(x).all():
        was = "contains NaN or infinity" if x.ndim == 2 else f"has shape {x.shape}"
        raise bad_argument("fit_svm", "x", was, "finite features (N, D)")
    if y.shape != x.shape[:1] or not np.isin(y, (-1, 1)).all():
        raise bad_argument("fit_svm", "y", f"has shape {y.shape}, or other values", f"{x.shape[:1]} of +1 and -1")
    cost, tolerance = number("fit_svm", "cost", cost, 0), number("fit_svm", "tolerance", tolerance, 0)
    rng = generator(rng, "fit_svm")
    rows = np.concatenate(
        [x, np.full((len(x), 1), number("fit_svm", "bias_scale", bias_scale, 0))], 1, dtype=np.float64
    )
    y = y.astype(np.float64)
    upper = cost * np.where(y > 0, number("fit_svm", "positive_weight", positive_weight, 0), 1.0)
    alpha = np.zeros(len(y)) if start is None else np.clip(np.asarray(start, np.float64), 0, upper)
    weight, squares = rows.T @ (alpha * y), np.einsum("ij,ij->i", rows, rows)
    gap, passes = np.inf, 0
    for passes in range(1, integer("fit_svm", "max_passes", max_passes, 1) + 1):  # noqa: B007 - it is returned
        kernels.svm.dual_pass(rows, y, upper, squares, rng.permutation(len(y)), alpha, weight)
        primal = weight @ weight / 2 + upper @ np.maximum(1 - y * (rows @ weight), 0)
        gap = primal - (alpha.sum() - weight @ weight / 2)
        if gap <= tolerance * primal:
            break
    return Solution(weight[:-1], float(weight[-1] * bias_scale), alpha, passes, float(gap))


class LinearSVMs(nn.Module):
    """The classes' machines, as buffers: they learn by :func:`fit_svm`, not by gradients.

    Parameters
    ----------
    in_features : int
        D.
    num_classes : int
        K, with the background, which has none.

    Attributes
    ----------
    trained : Tensor
        (K - 1,): 0 of a class that had no positive, and is never found.
    """

    def __init__(self, in_features: int, num_classes: int):
        super().__init__()
        objects = num_classes - 1
        self.register_buffer("weight", tensor(np.zeros((objects, in_features), np.float32)))
        self.register_buffer("bias", tensor(np.zeros(objects, np.float32)))
        self.register_buffer("scale", tensor(np.ones(1, np.float32)))
        self.register_buffer("trained", tensor(np.zeros(objects, np.int64)))

    def set_all(self, weight: np.ndarray, bias: np.ndarray, scale: float, trained: np.ndarray) -> None:
        """Take what was learnt: (K - 1, D), (K - 1,), what features are multiplied by, (K - 1,)."""
        for name, value in (("weight", weight), ("bias", bias), ("scale", [scale]), ("trained", trained)):
            getattr(self, name)._write_array()[...] = value

    def margins(self, features: np.ndarray) -> np.ndarray:
        """Return ``w x + b`` of features (R, D), for each class: (R, K - 1)."""
        weight, bias, scale = (getattr(self, name).numpy() for name in ("weight", "bias", "scale"))
        return (features * scale) @ weight.T + bias

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return scores (R, K - 1) from 0 to 1, ``1 / (1 + exp(-margin))``: 0.5 on the border; 0 if never trained.

        It keeps the order of the margins, and no more is meant by it: an SVM knows no probabilities.
        """
        margins = self.margins(features)
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-margins))
        return np.where(self.trained.numpy() > 0, scores, 0).astype(features.dtype)


def feature_scale(samples: np.ndarray, wanted: float = FEATURE_NORM) -> float:
    """Return the factor that brings features (R, D) to a mean length of ``wanted``."""
    lengths = np.linalg.norm(samples.astype(np.float64), axis=1)
    mean = lengths.mean() if len(lengths) else 0.0
    return float(wanted / mean) if mean > 0 else 1.0
