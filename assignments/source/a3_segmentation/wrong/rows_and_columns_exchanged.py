"""Rows of the confusion matrix are answers, columns are the truth. (The IoU does not notice.)"""

import numpy as np

LOSES = {"q6": ("matrix",)}


def confusion_matrix(truth, answer, classes, ignore_index=255):
    matrix = np.zeros((classes, classes), int)
    known = truth != ignore_index
    np.add.at(matrix, (answer[known], truth[known]), 1)
    return matrix
