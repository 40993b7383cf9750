"""One convolution as a network calls it: its sizes, what it costs, and how it is run in minidet and in PyTorch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from ..cases import Case, conv_name, with_backward

FEW = 4  # channels of a tiny convolution, per group


@dataclass(frozen=True)
class Shape:
    """Sizes of a convolution (N, C, H, W) -> F. What differs in one field is measured apart."""

    n: int
    c: int
    h: int
    w: int
    f: int
    k: int
    s: int = 1
    p: int = 0
    d: int = 1
    g: int = 1
    bias: bool = True
    transposed: bool = False
    image: bool = False  # the input is the picture itself, which gets no gradient

    @property
    def name(self) -> str:
        """Describe it in one short string, as ``benchmarks.cases.conv_name`` does."""
        name = conv_name((self.n, self.c, self.h, self.w), self.f, self.k, self.s, self.p, self.d, self.g)
        words = [("transposed", self.transposed), ("bias", self.bias), ("no input gradient", self.image)]
        return " ".join([name, *(word for word, holds in words if holds)])

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weight, in PyTorch's order."""
        if self.transposed:
            return (self.c, self.f // self.g, self.k, self.k)
        return (self.f, self.c // self.g, self.k, self.k)

    @property
    def output_size(self) -> tuple[int, int]:
        """Rows and columns of the result."""
        reach = self.d * (self.k - 1) + 1
        if self.transposed:
            return tuple((side - 1) * self.s - 2 * self.p + reach for side in (self.h, self.w))
        return tuple((side + 2 * self.p - reach) // self.s + 1 for side in (self.h, self.w))

    @property
    def parameters(self) -> int:
        """Count weights and biases."""
        a, b, kh, kw = self.weight_shape
        return a * b * kh * kw + (self.f if self.bias else 0)

    @property
    def multiply_adds(self) -> int:
        """Count products of the direct method: every weight at every position (of the input where transposed)."""
        rows, columns = (self.h, self.w) if self.transposed else self.output_size
        a, b, kh, kw = self.weight_shape
        return self.n * rows * columns * a * b * kh * kw

    def tiny(self) -> Shape:
        """Return the same kind of convolution on a map as small as the kernel allows, with few channels."""
        groups = min(self.g, FEW)
        c, f = (min(channels, FEW) * groups for channels in (self.c // self.g, self.f // self.g))
        side = max(2, self.d * (self.k - 1) + 1 - 2 * self.p) + self.s
        return replace(self, n=1, c=c, h=side, w=side, f=f, g=groups)


def shape_case(shape: Shape, backward: bool) -> Case:
    """Forward alone without recording, or forward and the gradients that training needs."""

    def build(backend):
        x = backend.random((shape.n, shape.c, shape.h, shape.w), grad=backward and not shape.image)
        weight = backend.random(shape.weight_shape, grad=backward)
        bias = backend.random((shape.f,), grad=backward) if shape.bias else None
        convolve = backend.functional.conv_transpose2d if shape.transposed else backend.functional.conv2d

        def forward():
            return convolve(x, weight, bias, stride=shape.s, padding=shape.p, dilation=shape.d, groups=shape.g)

        if not backward:
            return backend.without_grad(forward)
        return with_backward(backend, forward, [leaf for leaf in (x, weight, bias) if leaf is not None])

    part = "forward + backward" if backward else "forward"
    return Case(shape.name, part, build, 2.0 * shape.multiply_adds * (3 if backward else 1))


def build_command(shape: Shape, backward: bool) -> dict:
    """Return what tells ``benchmarks.worker`` to build the case: its ``build``."""
    return {"shape": asdict(shape), "backward": backward}


def commanded_case(command: dict) -> Case:
    """Return the case that :func:`build_command` told of."""
    return shape_case(Shape(**command["shape"]), command["backward"])
