"""The additions of Winograd's F(2 x 2, 3 x 3) on vectors: what ``simd.py`` is for products."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .simd_vectors import MOVE, load, pointer_at, shuffled, splat, store


def _from_window(b, d0, d1, d2, d3):
    """Return ``B' d``."""
    return b.fsub(d0, d2), b.fadd(d1, d2), b.fsub(d2, d1), b.fsub(d1, d3)


def _to_pixels(b, m0, m1, m2, m3):
    """Return ``A' m``."""
    return b.fadd(b.fadd(m0, m1), m2), b.fsub(b.fsub(m1, m2), m3)


def _both_axes(builder, grid, transform):
    """Apply a transform to the columns, then to the rows, of a 4 x 4 grid of vectors."""
    columns = [transform(builder, *(grid[i][j] for i in range(4))) for j in range(4)]
    return [transform(builder, *(columns[j][i] for j in range(4))) for i in range(len(columns[0]))]


@intrinsic
def window_to_panels(typingctx, panels, panels_at, step, image, image_at, rows, columns):
    """Write ``B' d B`` of 8 neighbouring windows: ``panels[panels_at + step * (4 * i + j) + lane]``.

    ``d[i, j]`` of the first window is row i // 2, column j // 2 of phase (i % 2, j % 2), whose planes of
    (rows, columns) lie one after the other from ``image_at``.
    """

    def codegen(context, builder, signature, args):
        """Emit 16 loads, the two transforms on whole vectors, and 16 stores: no lane knows of another."""
        panels_, panels_at_, step_, image_, image_at_, rows_, columns_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
        integer = image_at_.type
        source = pointer_at(context, builder, signature.args[3], image_, image_at_)
        target = pointer_at(context, builder, signature.args[0], panels_, panels_at_)

        def place(i, j):
            row = builder.mul(rows_, ir.Constant(integer, i % 2 * 2 + j % 2))
            row = builder.mul(builder.add(row, ir.Constant(integer, i // 2)), columns_)
            return builder.gep(source, [builder.add(row, ir.Constant(integer, j // 2))])

        window = [[load(builder, place(i, j), vector, align) for j in range(4)] for i in range(4)]
        for i, row in enumerate(_both_axes(builder, window, _from_window)):
            for j, value in enumerate(row):
                there = builder.gep(target, [builder.mul(step_, ir.Constant(integer, 4 * i + j))])
                store(builder, value, there, align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(panels, n, n, image, n, n, n), codegen


@intrinsic
def sums_to_pixels(typingctx, pixels, pixels_at, row_step, sums, sums_at, step, base):
    """Write ``A' m A + base`` of 8 windows: ``pixels[pixels_at + row_step * i + 2 * lane + j]``.

    ``m[i, j]`` is ``sums[sums_at + step * (4 * i + j) + lane]``.
    """

    def codegen(context, builder, signature, args):
        """Emit 16 loads, the two transforms on whole vectors, and a store per row: its even and odd pixels in turn."""
        pixels_, pixels_at_, row_step_, sums_, sums_at_, step_, base_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
        integer = sums_at_.type
        source = pointer_at(context, builder, signature.args[3], sums_, sums_at_)
        target = pointer_at(context, builder, signature.args[0], pixels_, pixels_at_)

        def place(i, j):
            return builder.gep(source, [builder.mul(step_, ir.Constant(integer, 4 * i + j))])

        products = [[load(builder, place(i, j), vector, align) for j in range(4)] for i in range(4)]
        bases = splat(builder, base_, vector)
        for i, row in enumerate(_both_axes(builder, products, _to_pixels)):
            left, right = (builder.fadd(value, bases) for value in row)
            there = builder.gep(target, [builder.mul(row_step_, ir.Constant(integer, i))])
            store(builder, shuffled(builder, left, right), there, align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(pixels, n, n, sums, n, n, sums.dtype), codegen
