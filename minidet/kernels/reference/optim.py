"""What one step of an optimiser computes."""

from __future__ import annotations

import numpy as np


def sgd(param, grad, buffer, lr, weight_decay, momentum, decay, gain, nesterov, sign):
    """One step of stochastic gradient descent, in place.

    d = sign * grad + weight_decay * param
    buffer = decay * buffer + gain * d
    param -= lr * (d + momentum * buffer  with Nesterov, buffer without, d if there is no buffer)

    Parameters
    ----------
    param, grad : ndarray (M,)
    buffer : ndarray (M,) or None
        The running direction; None without momentum.
    lr, weight_decay, momentum : float
    decay, gain : float
        How much of the old buffer stays, how much of the new direction comes in: (0, 1) at the first step, later
        (momentum, 1 - dampening).
    nesterov : bool
    sign : float
        -1 to go uphill.
    """
    real = param.dtype.type
    direction = grad * real(sign)
    direction += real(weight_decay) * param
    if buffer is not None:
        buffer *= real(decay)
        buffer += real(gain) * direction
        direction = direction + real(momentum) * buffer if nesterov else buffer
    param -= real(lr) * direction


def adam(param, grad, mean, square, largest, lr, beta1, beta2, eps, l2, shrink, correction, sign):
    """One step of Adam or AdamW, in place.

    d = sign * grad + l2 * param
    mean += (1 - beta1) * (d - mean);  square = beta2 * square + (1 - beta2) * d * d
    largest = max(largest, square)                        (AMSGrad, which then uses largest in the place of square)
    param = shrink * param - lr * mean / (sqrt(square) / correction + eps)

    Parameters
    ----------
    param, grad, mean, square : ndarray (M,)
    largest : ndarray (M,) or None
    lr : float
        The learning rate divided by ``1 - beta1 ** step``.
    beta1, beta2, eps : float
    l2, shrink : float
        Weight decay as part of the gradient (Adam), or beside it as ``1 - lr * weight_decay`` (AdamW).
    correction : float
        The root of ``1 - beta2 ** step``.
    sign : float
        -1 to go uphill.
    """
    real = param.dtype.type
    direction = grad * real(sign)
    direction += real(l2) * param
    mean += real(1 - beta1) * (direction - mean)
    square *= real(beta2)
    square += real(1 - beta2) * (direction * direction)
    if largest is not None:
        square = np.maximum(largest, square, out=largest)
    step = np.sqrt(square)
    step /= real(correction)
    step += real(eps)
    param *= real(shrink)
    param -= real(lr) * (mean / step)


def sum_of_squares(x):
    """Return the sum of the squares of a flat array as a Python float, added up in float64."""
    x = x.astype(np.float64)
    return float(np.square(x).sum())
