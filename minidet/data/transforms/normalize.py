"""Subtracting a mean, dividing by a deviation."""

from __future__ import annotations

import numpy as np

from ...autograd.as_array import as_array
from ...errors import bad_argument
from ..targets import check_image


class Normalize:
    """Subtract ``mean`` and divide by ``std``, per channel. Models here do that inside: images stay in [0, 1].

    Parameters
    ----------
    mean, std : C floats
    """

    def __init__(self, mean, std):
        self.mean, self.std = self._row("mean", mean), self._row("std", std)
        if not (self.std > 0).all():
            raise bad_argument("Normalize", "std", f"is {std!r}", "numbers > 0")
        if len({len(self.mean), len(self.std), 1}) > 2:
            was = f"has {len(self.std)} numbers"
            raise bad_argument("Normalize", "std", was, f"{len(self.mean)}, one for each channel, as mean has")

    @staticmethod
    def _row(argument: str, values) -> np.ndarray:
        """Return one number per channel as float32 (C, 1, 1)."""
        array = as_array("Normalize", argument, values, "iuf")
        with np.errstate(over="ignore"):
            row = array.astype(np.float32).reshape(-1, 1, 1)
        if array.ndim > 1 or not len(row) or not np.isfinite(row).all():
            raise bad_argument("Normalize", argument, f"is {values!r}", "one finite number for each channel")
        return row

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image = check_image("Normalize", image)
        for argument, row in (("mean", self.mean), ("std", self.std)):
            if len(row) not in (1, len(image)):
                why = f"{argument} has one for each of {len(row)}"
                raise bad_argument("Normalize", "image", f"has {len(image)} channels", f"{len(row)}", why)
        return (image - self.mean) / self.std, target
