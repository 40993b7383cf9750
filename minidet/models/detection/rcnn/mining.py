"""Which of millions of negatives matter: hard-negative mining, once through all images.

Girshick et al. 2014, section 2.3; Felzenszwalb et al., Object Detection with Discriminatively Trained Part Based
Models, TPAMI 2010, section 4:

    for each image
      its negatives that are scored above -1 now --> the class's cache
      every 2000 new ones: train on positives + cache; what is scored below -1.2 leaves the cache

A negative whose score is below -1 has no part in the hinge loss. So a machine trained on the cache is the one of all
negatives as soon as no negative outside of the cache is scored above -1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from .svm import fit_svm

HARD, EASY = -1.0001, -1.2  # what enters the cache; what leaves it


class ClassMiner:
    """One class's machine while it learns.

    Parameters
    ----------
    positives : ndarray
        (P, D), at least one.
    retrain : int
        Train again after so many new negatives.
    options : dict
        For :func:`fit_svm`.
    """

    def __init__(self, positives: np.ndarray, retrain: int, options: dict):
        self.positives, self.retrain, self.options = positives, retrain, options
        self.negatives = np.zeros((0, positives.shape[1]), positives.dtype)
        self.keys = np.zeros((0, 2), np.int64)  # image and region of each
        self.alpha = np.zeros(len(positives))
        self.weight, self.bias = np.zeros(positives.shape[1]), 0.0
        self.new, self.seen, self.trainings = 0, 0, 0

    def look(self, image: int, features: np.ndarray, rows: np.ndarray) -> None:
        """Add those of an image's negatives, regions ``rows`` of features (R, D), that are hard now."""
        rows = rows[features[rows] @ self.weight + self.bias >= HARD]
        rows = rows[~np.isin(rows, self.keys[self.keys[:, 0] == image, 1])]
        self.seen += len(rows)
        if not len(rows):
            return
        self.negatives = np.concatenate([self.negatives, features[rows]])
        self.keys = np.concatenate([self.keys, np.stack([np.full(len(rows), image), rows], 1)])
        self.alpha = np.concatenate([self.alpha, np.zeros(len(rows))])
        self.new += len(rows)
        if self.new >= self.retrain:
            self.train()

    def train(self) -> None:
        """Train on positives and cache, then drop what has become easy."""
        x = np.concatenate([self.positives, self.negatives])
        y = np.repeat([1, -1], [len(self.positives), len(self.negatives)])
        solution = fit_svm(x, y, start=self.alpha, **self.options)
        self.weight, self.bias = solution.weight, solution.bias
        kept = self.negatives @ self.weight + self.bias >= EASY
        self.negatives, self.keys = self.negatives[kept], self.keys[kept]
        self.alpha = np.concatenate(
            [solution.alpha[: len(self.positives)], solution.alpha[len(self.positives) :][kept]]
        )
        self.new, self.trainings = 0, self.trainings + 1


def mine(images: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]], positives: list[np.ndarray], *,
         epochs: int = 1, retrain: int = 2000, **options) -> list[ClassMiner | None]:  # fmt: skip
    """Train a machine for each class.

    Parameters
    ----------
    images : callable
        ``images()`` goes through the images once: features (R, D) of each, and which are negatives of which class, bool
        (R, K - 1).
    positives : list of ndarray
        (P, D) of each class; a class without any gets no machine.
    epochs : int
        How often all images are looked at.
    retrain, options
        As in :class:`ClassMiner`.

    Returns
    -------
    list of ClassMiner or None
        With ``weight`` and ``bias``.
    """
    miners = [ClassMiner(x, retrain, options) if len(x) else None for x in positives]
    for _ in range(epochs):
        for number, (features, negative) in enumerate(images()):
            for k, miner in enumerate(miners):
                if miner is not None:
                    miner.look(number, features, np.flatnonzero(negative[:, k]))
        for miner in miners:
            if miner is not None and (miner.new or not miner.trainings):
                miner.train()
    return miners
