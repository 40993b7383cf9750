"""Ignored pixels are looked for in the answer, which never says 255; in the truth they become the last class."""

import numpy as np

LOSES = {"q6": ("ignored",)}


def confusion_matrix(truth, answer, classes, ignore_index=255):
    matrix = np.zeros((classes, classes), int)
    known = answer != ignore_index
    np.add.at(matrix, (np.minimum(truth, classes - 1)[known], answer[known]), 1)
    return matrix
