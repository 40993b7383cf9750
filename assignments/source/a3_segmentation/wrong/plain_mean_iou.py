"""The mean IoU of question 6, which counts single pixels: the standard measure in place of the term's."""

import numpy as np

LOSES = {"q9": ("values", "ignored", "absent", "images")}


def scene_score(truth, answer, classes, ignore_index=255):
    known = truth != ignore_index
    scores = []
    for k in range(classes):
        true, said = known & (truth == k), known & (answer == k)
        if (true | said).any():
            scores.append((true & said).sum() / (true | said).sum())
    return float(np.mean(scores)) if scores else 0.0
