"""An array by its description, short enough to be printed in full."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)


@dataclass(frozen=True)
class Array:
    """What an array holds and how it lies in memory; ``make()`` makes it, the same each time.

    ``values``: "normal"; "whole" numbers in [low, high) (ties); "wide" (many magnitudes); "special" (with NaN, infinity
    and zeros); "uniform" in [low, high); "labels" in [0, high), some of them ``ignored``; "places": for each plane of
    the last two axes, different integers below high; "boxes" (..., 4), whose corners lie in [low, 2 high - low), and "whole
    boxes", of integers, some without area.
    """

    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    values: str = "normal"
    seed: int = 0
    layout: str = "plain"
    grad: bool = True  # requires grad, where it holds floats
    low: float = -3
    high: float = 4
    ignored: int | None = None

    def __repr__(self):
        shown = [repr(self.shape)]
        shown += [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)[1:]
            if getattr(self, field.name) != field.default
        ]
        return f"Array({', '.join(shown)})"

    def make(self) -> np.ndarray:
        """Return the array."""
        values = self._values(np.random.default_rng(self.seed))
        return np.asarray(LAYOUTS[self.layout](np.asarray(values).astype(self.dtype)))

    def _values(self, rng):
        shape, kind = self.shape, self.values
        if kind == "normal" and not self.dtype.startswith("float"):
            kind = "whole"
        if kind == "labels":
            labels = rng.integers(0, max(int(self.high), 1), shape)
            return labels if self.ignored is None else np.where(rng.random(shape) < 0.2, self.ignored, labels)
        if kind.endswith("boxes"):
            corner = rng.uniform(self.low, self.high, (*shape[:-1], 2))
            found = np.concatenate([corner, corner + rng.uniform(0, self.high - self.low, corner.shape)], -1)
            return np.floor(found) - (self.low if self.dtype == "uint8" else 0) if kind.startswith("whole") else found
        if kind == "places":
            rows, columns = shape[-2:]
            planes = int(np.prod(shape[:-2]))
            return np.array([rng.permutation(int(self.high))[: rows * columns] for _ in range(planes)]).reshape(shape)
        if kind == "whole":
            low = max(self.low, 0) if self.dtype in ("uint8", "bool") else self.low
            high = min(self.high, 2) if self.dtype == "bool" else self.high
            return rng.integers(int(low), int(high), shape)
        if kind == "uniform":
            return rng.uniform(self.low, self.high, shape)
        values = rng.standard_normal(shape)
        if kind == "wide":
            return values * 10.0 ** rng.integers(-4, 4, shape)
        if kind == "special":
            return np.where(rng.random(shape) < 0.15, rng.choice(SPECIAL, shape), values)
        return values


def strided(array):
    """Every second element of a longer array."""
    if array.ndim == 0:
        return np.stack([array, array])[1, ...]
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., 1::2] = array
    return wide[..., 1::2]


def sliced(array):
    """The middle of a larger array, whose rest is full of large numbers."""
    if array.ndim == 0:
        return np.stack([array, array])[1, ...]
    wide = np.full([length + 3 for length in array.shape], 77, array.dtype)
    inner = wide[tuple(slice(1, -2) for _ in array.shape)]
    inner[...] = array
    return inner


def read_only(array):
    """An array that nobody may write to."""
    array.flags.writeable = False
    return array


def stretched(array):
    """One element (along the first axis), repeated by a stride of 0; NumPy calls it read-only."""
    if array.ndim == 0 or array.shape[0] < 2:
        return array
    return np.broadcast_to(array[:1], array.shape)


LAYOUTS = {
    "plain": lambda array: array,
    "transposed": lambda array: array.T.copy().T,
    "strided": strided,
    "reversed": lambda array: np.flip(np.flip(array).copy()),
    "sliced": sliced,
    "read only": read_only,
    "stretched": stretched,
}
