"""This term's loss takes the box losses of all images, also where there is no object."""

import numpy as np

LOSES = {"q7": ("loss", "gradient", "setting", "nothing")}


def hardest(class_losses, box_losses, labels, setting):
    return class_losses.mean() + np.sort(box_losses)[::-1][:setting].mean()


def hardest_grad(class_losses, box_losses, labels, setting):
    n = len(labels)
    chosen = np.argsort(-box_losses, kind="stable")[:setting]
    return np.full(n, 1 / n), np.isin(np.arange(n), chosen) / len(chosen)


def trust(class_losses, box_losses, labels, setting):
    return class_losses.mean() + setting * (np.exp(-class_losses) * box_losses).mean()


def trust_grad(class_losses, box_losses, labels, setting):
    d_box = setting * np.exp(-class_losses) / len(labels)
    return 1 / len(labels) - d_box * box_losses, d_box


def uncertain(class_losses, box_losses, labels, setting):
    a, b = setting
    return np.exp(-a) * class_losses.mean() + a + np.exp(-b) * box_losses.mean() + b


def uncertain_grad(class_losses, box_losses, labels, setting):
    n = len(labels)
    d_class, d_box = np.full(n, np.exp(-setting[0]) / n), np.full(n, np.exp(-setting[1]) / n)
    return d_class, d_box, np.array([1 - d_class @ class_losses, 1 - d_box @ box_losses])


VARIANTS_OF = {"q7": {name: {"join_losses": loss, "join_losses_grad": grad} for name, loss, grad in
                      (("hardest", hardest, hardest_grad), ("trust", trust, trust_grad),
                       ("uncertain", uncertain, uncertain_grad))}}
