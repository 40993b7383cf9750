"""What is special is forgotten: a class at the edge gives half of its share away; or the chain rule's last factor."""

import numpy as np


def LOSES(variants):  # the temperatures are never all 1 but in "large"
    return {"q7": ("slope", "twist", "batch") if variants["q7"] == "temperature" else ("twist",)}


def special_cross_entropy_backward(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=1.0):
    k = scores.shape[1]
    target = np.eye(k)[labels]
    t = scale * (scores - (target * margins if margins is not None else 0)) / temperatures
    if smoothing is not None:
        near = np.abs(np.arange(k) - labels[:, None]) == 1
        target = (1 - smoothing) * target + smoothing * near / 2
    p = np.exp(t - t.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True) - target) / len(labels)
