"""Loss and gradient of this term's cross-entropy are sums over the images, not means."""

import numpy as np

LOSES = {"q7": ("batch",)}


def special_cross_entropy(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=1.0):
    k = scores.shape[1]
    target = np.eye(k)[labels]
    t = scale * (scores - (target * margins if margins is not None else 0)) / temperatures
    if smoothing is not None:
        near = np.abs(np.arange(k) - labels[:, None]) == 1
        target = (1 - smoothing) * target + smoothing * near / near.sum(axis=1, keepdims=True)
    t = t - t.max(axis=1, keepdims=True)
    return -(target * (t - np.log(np.exp(t).sum(axis=1, keepdims=True)))).sum()


def special_cross_entropy_backward(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=1.0):
    k = scores.shape[1]
    target = np.eye(k)[labels]
    t = scale * (scores - (target * margins if margins is not None else 0)) / temperatures
    if smoothing is not None:
        near = np.abs(np.arange(k) - labels[:, None]) == 1
        target = (1 - smoothing) * target + smoothing * near / near.sum(axis=1, keepdims=True)
    p = np.exp(t - t.max(axis=1, keepdims=True))
    return scale * (p / p.sum(axis=1, keepdims=True) - target) / temperatures
