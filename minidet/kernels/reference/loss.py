"""The cross entropy of class scores, and its gradient, in one go."""

import numpy as np


@np.errstate(invalid="ignore")  # infinite scores give nan; so does an infinite scale, where all weights are 0
def cross_entropy(x, target, weight, ignore_index, smoothing, scale, dx):
    """Return the losses (N, P) of scores x (N, K, P) for the classes target (N, P); fill dx.

    With ``p = softmax(x)`` over K, ``y = target[n, i]``, ``e = smoothing`` and ``w = weight`` (K,)::

        loss[n, i] = -(1 - e) w[y] log p[y] - e / K * sum over k of w[k] log p[k]
        dx[n, k, i] = scale * ((1 - e) w[y] (p[k] - [k = y]) + e / K * (p[k] sum(w) - w[k]))

    Both are 0 where the target is ``ignore_index``. ``dx`` has the shape of x, or no elements: then it is not wanted.
    """
    classes = x.shape[1]
    counted = target != ignore_index
    label = np.where(counted, target, 0)[:, None]  # (N, 1, P)
    hard = (1 - smoothing) * weight[label[:, 0]]  # (N, P): the weight of the target itself
    soft = smoothing / classes * weight[:, None]  # (K, 1): the weight of every class
    shifted = x - x.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64)
    log_p = shifted - np.log(total)
    losses = -hard * np.take_along_axis(log_p, label, 1)[:, 0]
    if smoothing:
        losses -= (soft * log_p).sum(axis=1)
    if dx.size:
        dx[...] = np.exp(log_p) * (hard[:, None] + soft.sum(dtype=np.float64))
        dx -= soft
        np.put_along_axis(dx, label, np.take_along_axis(dx, label, 1) - hard[:, None], 1)
        dx *= scale
        dx[np.broadcast_to(~counted[:, None], dx.shape)] = 0
    losses[~counted] = 0
    return losses.astype(x.dtype, copy=False)
