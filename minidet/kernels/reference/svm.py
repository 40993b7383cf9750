"""One pass of dual coordinate descent for linear support vector machines, in plain NumPy.

Hsieh, Chang, Lin, Keerthi, Sundararajan. A Dual Coordinate Descent Method for Large-scale Linear SVM. ICML 2008,
algorithm 1, with the hinge loss. The problem and its dual, of rows x_i with signs y_i = +1 or -1:

    min over w      1/2 |w|^2 + sum of C_i max(0, 1 - y_i w x_i)
    max over a      sum of a_i - 1/2 |w|^2,        w = sum of a_i y_i x_i,        0 <= a_i <= C_i

In one a_i at a time the dual is a parabola: its top, brought back between 0 and C_i, is the next a_i.
"""

from __future__ import annotations

import numpy as np


def dual_pass(x, signs, upper, squares, order, alpha, weight):
    """Go through the rows once, and change ``alpha`` (N,) and ``weight`` (D,) in place.

    ``x`` (N, D), ``signs`` (N,), ``upper`` (N,), ``squares`` (N,) are float64: rows, y, C, and |x|^2. ``order`` (N,)
    int64 says which row comes when.
    """
    for i in order:
        slope = signs[i] * (x[i] @ weight) - 1
        new = upper[i] if squares[i] == 0 else np.clip(alpha[i] - slope / squares[i], 0, upper[i])
        weight += (new - alpha[i]) * signs[i] * x[i]
        alpha[i] = new
