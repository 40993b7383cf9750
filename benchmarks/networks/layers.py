"""A network's convolutions as a table: rows that are walked with the size of the map, from the image to the end.

A row is a convolution, a pooling, or a jump to another resolution. The sizes of all maps follow from the image's.
"""

from __future__ import annotations

from dataclasses import dataclass

from .shapes import Shape


@dataclass(frozen=True)
class Conv:
    """``times`` equal convolutions, one after the other. The padding keeps the size, unless it is given."""

    c: int
    f: int
    k: int = 3
    s: int = 1
    p: int | None = None  # None: dilation * (k - 1) // 2
    d: int = 1
    g: int = 1
    bias: bool = True
    transposed: bool = False
    image: bool = False  # reads the picture itself
    aside: bool = False  # reads the map, and what follows reads the same one: heads, laterals, shortcuts
    times: int = 1

    def shape(self, size: tuple[int, int], batch: int) -> Shape:
        """Return the convolution on ``batch`` maps of this size."""
        padding = self.d * (self.k - 1) // 2 if self.p is None else self.p
        return Shape(
            batch, self.c, *size, self.f, self.k, self.s, padding, self.d, self.g,
            self.bias, self.transposed, self.image,
        )  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """Pooling; ``ceil`` rounds the size up."""

    k: int = 2
    s: int = 2
    p: int = 0
    ceil: bool = False

    def output(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of the result."""
        more = self.s - 1 if self.ceil else 0
        return tuple((side + 2 * self.p - self.k + more) // self.s + 1 for side in size)


@dataclass(frozen=True)
class At:
    """Go to the map of this stride, which is what so many halvings make of the image; ``ceil`` rounds up."""

    stride: int
    ceil: bool = True

    def output(self, image: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of the map."""
        more = self.stride - 1 if self.ceil else 0
        return tuple((side + more) // self.stride for side in image)


def walk(rows, image: tuple[int, int], batch: int) -> list[Shape]:
    """Return every convolution of the table for images of this size (H, W), in their order, repeats included."""
    shapes, size = [], image
    for row in rows:
        if isinstance(row, Conv):
            shape = row.shape(size, batch)
            shapes += [shape] * row.times
            size = size if row.aside else shape.output_size
        else:
            size = row.output(image if isinstance(row, At) else size)
    return shapes
