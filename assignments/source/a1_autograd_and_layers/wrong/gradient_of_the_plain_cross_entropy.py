"""The gradient of this term's cross-entropy is taken for that of the plain one."""

import numpy as np


def LOSES(variants):  # temperatures of 1 are the plain loss
    return {"q7": ("slope", "twist", "batch") + (() if variants["q7"] == "temperature" else ("large",))}


def special_cross_entropy_backward(scores, labels, *settings, **more):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
