"""The loss of question 6 with the weight 1 in place of this term's."""

import numpy as np


def LOSES(variants):  # with weights that are not learnt, it is right without objects
    lost = "loss", "gradient", "setting"
    return {"q7": (*lost, "nothing") if variants["q7"] == "uncertain" else lost}


def join_losses(class_losses, box_losses, labels, setting):
    return class_losses.mean() + (box_losses[labels > 0].mean() if labels.any() else 0.0)


def join_losses_grad(class_losses, box_losses, labels, setting):
    n, objects = len(labels), labels > 0
    both = np.full(n, 1 / n), objects / max(objects.sum(), 1)
    return (*both, np.zeros(2)) if np.ndim(setting) else both
