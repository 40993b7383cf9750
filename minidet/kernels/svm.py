"""One pass of dual coordinate descent for linear support vector machines; the twin in ``reference`` has the problem.

    for row, in a random order
      slope of the dual in this row's number: one dot product
      its new value; if it changes, add the row to the weights

Most numbers lie at 0 or C after a few passes and do not change: then a row costs one dot product.
"""

from __future__ import annotations

from .launch.jit import jit


@jit
def dual_pass(x, signs, upper, squares, order, alpha, weight):
    """Go through the rows once, and change ``alpha`` (N,) and ``weight`` (D,) in place; all float64."""
    count = len(weight)
    for i in order:
        row = x[i]
        slope = 0.0
        for j in range(count):
            slope += row[j] * weight[j]
        slope = signs[i] * slope - 1
        new = upper[i]
        if squares[i] > 0:
            new = min(max(alpha[i] - slope / squares[i], 0.0), upper[i])
        change = (new - alpha[i]) * signs[i]
        if change != 0:
            for j in range(count):
                weight[j] += change * row[j]
        alpha[i] = new
