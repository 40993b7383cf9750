"""The classes are counted for each predictor of a cell, not once for the cell."""

import numpy as np

LOSES = {"q3": ("classes", "slope of classes")}


def parts(said, classes, labels, best):
    mine = np.arange(said.shape[2]) == best[..., None]
    return mine, labels >= 0, np.arange(classes.shape[2]) == labels[..., None]


def yolo_terms(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    mine, here, truth = parts(said, classes, labels, best)
    off = mine[..., None] * (said[..., :4] - codes[:, :, None]) ** 2
    sure = said[..., 4]
    with_object = (mine * (sure - ious[..., None]) ** 2).sum()
    without = noobj * ((~mine) * sure**2).sum()
    kinds = (said.shape[2] * here[..., None] * (classes - truth) ** 2).sum()
    return coord * off[..., :2].sum(), coord * off[..., 2:].sum(), with_object, without, kinds


def yolo_gradient(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    mine, here, truth = parts(said, classes, labels, best)
    d_said = np.zeros(said.shape)
    d_said[..., :4] = 2 * coord * mine[..., None] * (said[..., :4] - codes[:, :, None])
    sure = said[..., 4]
    d_said[..., 4] = mine * 2 * (sure - ious[..., None]) + (~mine) * 2 * noobj * sure
    return d_said, 2 * said.shape[2] * here[..., None] * (classes - truth)
