"""Random choices that are remembered: whoever has the list of choices has the call, and a shorter list a smaller call."""

from __future__ import annotations

import random

from .array import Array

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
LARGE = (1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129)  # around the widths of vectors and blocks
LAYOUTS = ("plain",) * 5 + ("transposed", "strided", "reversed", "sliced", "read only", "stretched")


class Draw:
    """Makes choices. The first of each is the simplest: shrinking replaces choices by earlier ones.

    With ``choices`` it repeats those, and takes the simplest where they end.
    """

    def __init__(self, seed=None, choices=None):
        self.rng = None if seed is None else random.Random(seed)
        self.given = choices
        self.choices: list[int] = []

    def below(self, n: int) -> int:
        """Draw an integer from 0 to n - 1."""
        if n <= 1:
            return 0
        if self.given is None:
            choice = self.rng.randrange(n)
        else:
            place = len(self.choices)
            choice = min(self.given[place], n - 1) if place < len(self.given) else 0
        self.choices.append(choice)
        return choice

    def between(self, low: int, high: int) -> int:
        """Draw an integer from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def pick(self, *values):
        """Draw one of the values."""
        return values[self.below(len(values))]

    def maybe(self, percent: int) -> bool:
        """Return True in so many cases out of a hundred; False is simpler."""
        return self.below(100) >= 100 - percent

    def number(self) -> float:
        """Draw a number with few digits."""
        return self.pick(1.0, 0.0, 2.0, -1.0, 0.5, -0.25, 3.0, 1e-3, -2.5)

    # shapes -----------------------------------------------------------------------------------------------------

    def size(self, empty: bool = True) -> int:
        """Draw the length of an axis."""
        if self.maybe(4):
            return self.pick(*LARGE)
        return self.pick(*SIZES[: -1 if not empty or not self.maybe(15) else None])

    def shape(self, low: int = 0, high: int = 4, empty: bool = True) -> tuple[int, ...]:
        """Draw a shape of ``low`` to ``high`` axes and at most some thousand elements."""
        shape, room = [], 4000
        for _ in range(self.between(low, high)):
            length = min(self.size(empty), room)
            room //= max(length, 1)
            shape.append(length)
        return tuple(shape)

    def fits(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Draw a shape that broadcasts with ``shape``."""
        if not self.maybe(40):
            return shape
        cut = shape[self.below(len(shape) + 1) :]
        return tuple(1 if self.maybe(30) else length for length in cut)

    def dim(self, shape) -> int:
        """Draw an axis of a shape, counted from either end; for a number 0 or -1."""
        count = max(len(shape), 1)
        return self.pick(*range(count), *range(-count, 0))

    def dims(self, shape) -> tuple[int, ...]:
        """Draw one axis or several different ones."""
        left = list(range(len(shape)))
        chosen = [left.pop(self.below(len(left))) for _ in range(self.between(1, max(len(shape), 1))) if left]
        return tuple(dim - len(shape) if self.maybe(30) else dim for dim in chosen)

    # arrays -----------------------------------------------------------------------------------------------------

    def float(self) -> str:
        """Draw a dtype of floats."""
        return self.pick("float64", "float32")

    def dtype(self) -> str:
        """Draw any dtype."""
        return self.pick("float64", "float32", "int64", "int32", "uint8", "bool")

    def values(self, special: bool = True) -> str:
        """Draw a kind of values for floats: ties, infinities and NaN among them."""
        kind = self.pick("normal", "normal", "normal", "normal", "whole", "wide", "special")
        return "normal" if kind == "special" and not special else kind

    def array(self, shape, dtype="float64", values="normal", grad=True, layout=True, **options) -> Array:
        """Draw an array: its numbers, its layout, and whether it requires grad."""
        if not dtype.startswith("float"):
            kept = ("labels", "places", "whole boxes")
            values, grad = ("whole boxes" if values == "boxes" else values if values in kept else "whole"), False
        return Array(
            tuple(shape),
            dtype,
            values,
            self.below(1000),
            self.pick(*LAYOUTS) if layout else "plain",
            bool(grad) and not self.maybe(15),
            **options,
        )
