"""Where exactly is the cat? A linear regressor of each class moves a region to its object.

Girshick et al. 2014, appendix C. For pairs (P, G) of a proposal and the true box near it (IoU > 0.6):

    t = (dx, dy, dw, dh) from P to G, see BoxCoder        f = pool5 features of P

    min over W, b    sum over the pairs |t - b - W f|^2 + lambda |W|^2,         lambda = 1000

With features and targets minus their means, b drops out, and the minimum has a closed form:

    W' = (F' F + lambda I)^-1 F' T        or, the same, with fewer pairs than features:        F' (F F' + lambda I)^-1 T

Without pairs W and b are 0: a region stays where it is.

Deviations from the paper: features have a mean length of 20, as for the SVMs and in the authors' code, so that lambda
means the same for every network; b is not punished. The authors also decorrelate the targets: the solution is linear in
them, so that it changes nothing.
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import tensor
from ....errors import bad_argument, number
from ....ops import BoxCoder

LAMBDA = 1000.0
CODER = BoxCoder((1.0, 1.0, 1.0, 1.0))


def fit_ridge(features: np.ndarray, targets: np.ndarray, ridge: float = LAMBDA) -> tuple[np.ndarray, np.ndarray]:
    """Return W (4, D) and b (4,) for features (P, D) and targets (P, 4), in float64."""
    ridge = number("fit_ridge", "ridge", ridge, 0)
    if features.ndim != 2 or targets.shape != (len(features), 4):
        was = f"has shape {targets.shape}"
        raise bad_argument("fit_ridge", "targets", was, f"({len(features)}, 4)", "one row for each of features")
    count, numbers = features.shape
    if not count:
        return np.zeros((4, numbers)), np.zeros(4)
    x, t = features.astype(np.float64), targets.astype(np.float64)
    mean, middle = x.mean(0), t.mean(0)
    x, t = x - mean, t - middle
    if numbers <= count:
        weight = np.linalg.solve(x.T @ x + ridge * np.eye(numbers), x.T @ t)
    else:
        weight = x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(count), t)
    return weight.T, middle - mean @ weight


class BoxRidge(nn.Module):
    """The classes' regressors, as buffers.

    Parameters
    ----------
    in_features : int
        D.
    num_classes : int
        K, with the background.
    """

    def __init__(self, in_features: int, num_classes: int):
        super().__init__()
        self.register_buffer("weight", tensor(np.zeros((num_classes - 1, 4, in_features), np.float32)))
        self.register_buffer("bias", tensor(np.zeros((num_classes - 1, 4), np.float32)))
        self.register_buffer("scale", tensor(np.ones(1, np.float32)))

    def set_class(self, index: int, weight: np.ndarray, bias: np.ndarray) -> None:
        """Take what was learnt for class ``index`` + 1."""
        self.weight._write_array()[index], self.bias._write_array()[index] = weight, bias

    def deltas(self, features: np.ndarray) -> np.ndarray:
        """Return what is said of features (R, D): (R, K - 1, 4)."""
        weight, bias, scale = (getattr(self, name).numpy() for name in ("weight", "bias", "scale"))
        objects, _, numbers = weight.shape
        said = (features * scale) @ weight.reshape(4 * objects, numbers).T
        return said.reshape(len(features), objects, 4) + bias

    def boxes(self, proposals: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Move proposals (R, 4) for each class: (R, K - 1, 4)."""
        deltas = self.deltas(features)
        codes = deltas.reshape(len(deltas), 4 * deltas.shape[1])
        return CODER.decode_single(codes, proposals.astype(deltas.dtype)).numpy().reshape(deltas.shape)
