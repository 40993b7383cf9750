"""One source of randomness, so that one seed repeats a whole run."""

from __future__ import annotations

import numpy as np

from .errors import bad_argument, integer

_state = {"generator": np.random.default_rng(0)}


def manual_seed(seed: int) -> np.random.Generator:
    """Restart minidet's random numbers from ``seed``, and return the generator.

    Initialisation, dropout, shuffling and augmentation draw from it unless they are given their own ``rng``.
    """
    _state["generator"] = np.random.default_rng(integer("manual_seed", "seed", seed))
    return _state["generator"]


def generator(rng: np.random.Generator | None = None, op: str = "rng") -> np.random.Generator:
    """Return ``rng``, or the generator that :func:`manual_seed` restarts; ``op`` is who asks, for the error."""
    if rng is None:
        return _state["generator"]
    if not isinstance(rng, np.random.Generator):
        why = "numpy.random.default_rng(seed) makes one"
        raise bad_argument(op, "rng", f"is a {type(rng).__name__}", "a numpy Generator", why, TypeError)
    return rng


def get_rng_state() -> dict:
    """Return the state of the generator (plain dictionaries and integers: JSON can hold it)."""
    return _state["generator"].bit_generator.state


def set_rng_state(state: dict) -> None:
    """Continue from a state that :func:`get_rng_state` returned."""
    _state["generator"].bit_generator.state = state
