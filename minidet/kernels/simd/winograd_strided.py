"""The additions of Winograd's convolution with stride 2 on vectors: ``conv.winograd.strided`` has the formulas."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import load, pointer_at
from .winograd import both_axes, make_sums_to_pixels, make_taps_to_panels, store_in_panels

#: Windows in a piece: fewer than a vector of AVX-512 has lanes, because the rows of windows are short.
PIECE = 8
#: Numbers that are read of a row for a piece, at most.
READ = 4 * PIECE + 4
#: The place of a row that is padding.
NO_ROW = -(1 << 62)


def _from_window(b, d0, d1, d2, d3, d4):
    """Return ``B' d``."""
    return b.fsub(d0, d2), d1, d2, b.fsub(d4, d2), d3


def _from_grads(b, d0, d1, d2):
    """Return ``B' d`` for the input gradient."""
    return d0, b.fsub(d0, d1), d1, d1, b.fsub(d2, d1)


def _from_taps(b, g0, g1, g2):
    """Return ``G g``: of five products, two have the same."""
    return g0, g1, b.fadd(g0, g2), g2


def _to_pixels(b, s0, s1, s2):
    """Return ``A' s``, of the sums of products: two, one and two."""
    return b.fadd(s0, s1), b.fadd(s1, s2)


def _to_input_pixels(b, m0, m1, m2, m3, m4):
    """Return ``A' m`` for the input gradient: 4 pixels."""
    return m0, b.fadd(m1, m2), m3, b.fadd(m2, m4)


strided_taps_to_panels = make_taps_to_panels(_from_taps)
strided_sums_to_pixels = make_sums_to_pixels(_to_pixels, 3)
#: The same for windows of 4 x 4 pixels, ``pixels[pixels_at + row_step * i + 4 * lane + j]``.
sums_to_input_pixels = make_sums_to_pixels(_to_input_pixels, 5)


def _make_windows_to_panels(transform, side, apart):
    """Make the transform of windows of ``side`` x ``side`` numbers, which are ``apart``."""

    @intrinsic
    def to_panels(typingctx, panels, panels_at, step, x, x_at, places, places_at, kept, kept_at):
        """Write ``B' d B`` of 8 neighbouring windows: ``panels[panels_at + step * (5 * i + j) + lane]``.

        ``d[i, j]`` of a window is ``x[x_at + places[places_at + i] + apart * lane + j]``, or 0 where
        ``kept[kept_at + 8 * j + lane]`` is. In the place of a row that is padding, ``NO_ROW``, the first ``READ``
        numbers of ``kept`` are read, which are zeros.
        """

        def codegen(context, builder, signature, args):
            """Emit loads of numbers ``apart``, masked, the two transforms on whole vectors, and 25 stores."""
            panels_, panels_at_, step_, x_, x_at_, places_, places_at_, kept_, kept_at_ = args
            dtype, integer = signature.args[0].dtype, x_at_.type
            align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), PIECE)
            wide, zeros = ir.VectorType(vector.element, apart * PIECE), ir.Constant(vector, None)
            source = pointer_at(context, builder, signature.args[3], x_, x_at_)
            entries = pointer_at(context, builder, signature.args[5], places_, places_at_)
            nothing = pointer_at(context, builder, signature.args[7], kept_, ir.Constant(integer, 0))
            masks = pointer_at(context, builder, signature.args[7], kept_, kept_at_)
            target = pointer_at(context, builder, signature.args[0], panels_, panels_at_)

            def mask(j):
                value = load(builder, builder.gep(masks, [ir.Constant(integer, j * PIECE)]), vector, align)
                return builder.fcmp_unordered("!=", value, zeros)

            is_kept = [mask(j) for j in range(side)]

            def row(i):
                place = builder.load(builder.gep(entries, [ir.Constant(integer, i)]))
                is_padding = builder.icmp_signed("==", place, ir.Constant(integer, NO_ROW))
                start = builder.select(is_padding, nothing, builder.gep(source, [place]))
                for j in range(side):
                    first = j - j % apart  # the last one is the next window's first
                    value = load(builder, builder.gep(start, [ir.Constant(integer, first)]), wide, align)
                    lanes = list(range(j - first, apart * PIECE, apart))
                    order = ir.Constant(ir.VectorType(ir.IntType(32), PIECE), lanes)
                    value = builder.shuffle_vector(value, ir.Constant(wide, ir.Undefined), order)
                    yield builder.select(is_kept[j], value, zeros)

            window = [list(row(i)) for i in range(side)]
            store_in_panels(builder, both_axes(builder, window, transform), target, step_, align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(panels, n, n, x, n, places, n, kept, n), codegen

    return to_panels


strided_to_panels = _make_windows_to_panels(_from_window, 5, 4)
grads_of_windows_to_panels = _make_windows_to_panels(_from_grads, 3, 2)
