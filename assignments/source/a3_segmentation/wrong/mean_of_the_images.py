"""The mean IoU of each image, and then the mean of those."""

import numpy as np

LOSES = {"q6": ("dataset",)}


def dataset_iou(truths, answers, classes, ignore_index=255):
    scores = []
    for truth, answer in zip(truths, answers, strict=True):
        known = truth != ignore_index
        ratios = []
        for k in range(classes):
            true, said = known & (truth == k), known & (answer == k)
            if (true | said).any():
                ratios.append((true & said).sum() / (true | said).sum())
        scores.append(np.mean(ratios))
    return float(np.mean(scores))
