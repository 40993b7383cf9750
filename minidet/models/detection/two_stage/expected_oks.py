"""Where a joint is, when what counts is how near the answer will be: the place of the highest expected OKS.

The keypoint head's softmax says for each of the m x m bins of a box how probable it is that the joint lies there. The
highest bin is the answer that is right most often (He et al., Mask R-CNN, section 5). Joints are scored by something
else: object keypoint similarity, ``exp(-d^2 / (2 area (2 sigma)^2))``, where near is nearly as good as right. Its
expectation at a place x, with the box's area for the person's, is

    E(x) = sum over bins b of  p(b) exp(-|x - b|^2 / (2 area (2 sigma)^2))

the probabilities blurred by the similarity's own Gaussian. A narrow peak of 0.3 loses against a wide hill of 0.7. And
the mean of the joints' highest E says beforehand how well a person will score, which the class's score does not know:
people are put in order by both.
"""

from __future__ import annotations

import numpy as np


def expected_oks(maps: np.ndarray, rois: np.ndarray, sigmas) -> tuple[np.ndarray, np.ndarray]:
    """Return of each joint the bin's centre with the highest expected OKS, and that expectation.

    Parameters
    ----------
    maps : ndarray
        (R, J, m, m), logits.
    rois : ndarray
        (R, 4), boxes; a side below 1 pixel counts as 1.
    sigmas : sequence of J floats
        As for :class:`minidet.metrics.OKS`.

    Returns
    -------
    keypoints : ndarray
        (R, J, 3): x, y in pixels, and 1.
    similarities : ndarray
        (R, J), in [0, 1].
    """
    joints, size = maps.shape[1], maps.shape[2]
    keypoints = np.ones((len(maps), joints, 3), maps.dtype)
    similarities = np.zeros((len(maps), joints), maps.dtype)
    bins = np.arange(size)
    apart = (bins[:, None] - bins) ** 2.0  # (m, m)
    for i, (x1, y1, x2, y2) in enumerate(rois.astype(np.float64)):
        sides = height, width = max(y2 - y1, 1.0), max(x2 - x1, 1.0)
        chances = np.exp(maps[i] - maps[i].max((1, 2), keepdims=True), dtype=np.float64)  # (J, m, m)
        chances /= chances.sum((1, 2), keepdims=True)
        spread = width * height * (2 * np.asarray(sigmas, np.float64)) ** 2  # (J,), square pixels
        down, across = (np.exp(apart * (-((side / size) ** 2) / (2 * spread[:, None, None]))) for side in sides)
        expected = (down @ chances @ across).reshape(joints, -1)  # (J, m m): a Gaussian is a product of two
        best = expected.argmax(1)
        similarities[i] = expected[np.arange(joints), best]
        y, x = np.divmod(best, size)
        keypoints[i, :, 0] = x1 + (x + 0.5) * (width / size)
        keypoints[i, :, 1] = y1 + (y + 0.5) * (height / size)
    return keypoints, similarities
