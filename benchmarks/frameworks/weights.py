"""Weights and pictures that are the same in every process: drawn by NumPy, from names and shapes alone."""

from __future__ import annotations

import math

import numpy as np

SEED = 0


def drawn_weights(shapes: dict[str, tuple]) -> dict[str, np.ndarray]:
    """Draw float32 arrays for the parameters and running statistics of a network of convolutions, by their names.

    Nothing is 0 or 1: two values that are exchanged, or one that is left out, would change the scores.
    """
    rng = np.random.default_rng(SEED)
    return {name: _draw(rng, name, shapes[name]) for name in sorted(shapes) if shapes[name]}  # no counters


def _draw(rng, name: str, shape: tuple) -> np.ndarray:
    if len(shape) > 1:  # He et al., 2015
        values = rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = rng.uniform(0.5, 1.5, shape)
    elif name.endswith("weight"):  # of batch normalisation; below 1, as shortcuts add up: scores stay near 1
        values = rng.uniform(0.3, 0.9, shape)
    else:
        values = 0.1 * rng.standard_normal(shape)
    return values.astype(np.float32)


def drawn_pictures(shape) -> np.ndarray:
    """Draw float32 values in [0, 1)."""
    return np.random.default_rng(SEED).random(shape, np.float32)
