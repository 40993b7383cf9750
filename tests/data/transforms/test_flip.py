"""Random flips."""

import numpy as np

import minidet.data.transforms as T


def test_flip_happens_with_its_probability(rng):
    image = np.arange(12, dtype=np.float32).reshape(3, 1, 4)
    for p, low, high in ((0.0, 0, 0), (1.0, 200, 200), (0.3, 40, 80)):
        flips = sum(T.RandomHorizontalFlip(p)(image, {}, rng)[0][0, 0, 0] == 3 for _ in range(200))
        assert low <= flips <= high
