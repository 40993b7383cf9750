"""The parabola of smooth L1 is d * d / 2 for every beta: its factor 1 / beta is forgotten, in value and slope."""

import numpy as np

LOSES = {"q10": ("beta", "slope_beta")}


def smooth_l1(d, beta):
    return np.where(np.abs(d) < beta, d * d / 2, np.abs(d) - beta / 2)


def smooth_l1_backward(grad, d, beta):
    return grad * np.where(np.abs(d) < beta, d, np.sign(d))
