"""Vectors in LLVM: loads, stores, and the frame that all tiles of ``simd.py`` have in common.

A tile's code is: sums = 0; for k: sums = step(k, sums); then the sums are written, or added to what memory holds. The
sums are LLVM values (phi nodes), so they stay in registers.
"""

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config


def vector_bytes():
    """Return the bytes in a vector register: 64 with AVX-512, else 32 (which shorter vectors make up in several)."""
    if config.CPU_NAME or config.CPU_FEATURES is not None:  # numba compiles for another processor than this one
        return 64 if "+avx512f" in (config.CPU_FEATURES or "") else 32
    return 64 if binding.get_host_cpu_features().get("avx512f") else 32


VECTOR_BYTES = vector_bytes()
#: Sums that a tile keeps in registers at once, in vectors: of 16 registers, or of AVX-512's 32.
SUMS = 24 if VECTOR_BYTES == 64 else 12
#: Elements in a piece of neighbours, which a few instructions copy or add at once: a vector of float32.
MOVE = VECTOR_BYTES // 4
#: Elements in a piece where rows are short: with AVX-512, half a vector.
SHORT = 8


def pointer_at(context, builder, array_type, array, at):
    """Point to element ``at`` of a flat array."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [at])


def _vector_pointer(builder, pointer, vector):
    return builder.bitcast(pointer, vector.as_pointer())


def load(builder, pointer, vector, align):
    """Load a vector."""
    return builder.load(_vector_pointer(builder, pointer, vector), align=align)


def store(builder, value, pointer, align):
    """Store a vector."""
    builder.store(value, _vector_pointer(builder, pointer, value.type), align=align)


def splat(builder, scalar, vector):
    """Copy a scalar to every lane."""
    lane0 = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    return builder.shuffle_vector(lane0, ir.Constant(vector, ir.Undefined), mask)


def in_turn(builder, rows):
    """Return the elements of 2, 4, 8, ... vectors in turn, in one vector."""
    if len(rows) == 1:
        return rows[0]
    half = len(rows) // 2
    return in_turn(builder, [shuffled(builder, *pair) for pair in zip(rows[:half], rows[half:], strict=True)])


def shuffled(builder, even, odd):
    """Return the elements of two vectors in turn, in one vector of twice the length."""
    count = even.type.count
    order = [lane // 2 + lane % 2 * count for lane in range(2 * count)]
    return builder.shuffle_vector(even, odd, ir.Constant(ir.VectorType(ir.IntType(32), 2 * count), order))


def fused_multiply_add(builder, vector):
    """Declare ``llvm.fmuladd``: fused where the processor can, and no call to a library where it cannot."""
    name = f"llvm.fmuladd.v{vector.count}f{32 if isinstance(vector.element, ir.FloatType) else 64}"
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)


class Tile:
    """Emit the code of one tile: sums in registers, a loop over the depth, and the sums' way from and to memory."""

    def __init__(self, context, builder, dtype, lanes, width=None):
        self.builder = builder
        scalar = context.get_value_type(dtype)
        self.align = dtype.bitwidth // 8
        self.vector = ir.VectorType(scalar, width or VECTOR_BYTES // self.align)
        self.vectors = lanes // self.vector.count
        self.int = context.get_value_type(types.intp)
        self.fma = fused_multiply_add(builder, self.vector)

    def at(self, pointer, index, step=1):
        """Point ``index * step`` elements further."""
        if not isinstance(index, ir.Value):
            index = ir.Constant(self.int, index)
        return self.builder.gep(pointer, [self.builder.mul(index, ir.Constant(self.int, step)) if step != 1 else index])

    def row(self, pointer, first):
        """Load one row of lanes that starts at element ``first``."""
        width = self.vector.count
        start = self.at(pointer, first)
        return [load(self.builder, self.at(start, v * width), self.vector, self.align) for v in range(self.vectors)]

    def sums_pointer(self, out, stride, r, v):
        """Point to where vector v of row r belongs."""
        offset = self.builder.mul(stride, ir.Constant(self.int, r))
        return self.at(self.at(out, offset), v * self.vector.count)

    def zeros(self, rows):
        """Return sums to start from."""
        return [ir.Constant(self.vector, None)] * (len(rows) * self.vectors)

    def write(self, sums, pointers, accumulate, bases=None):
        """Write the sums, plus what memory holds if ``accumulate``, else plus the bases, if there are any.

        It is added only now, so that a sum of short sums results. Each case stores for itself: values for both, chosen
        before, would not fit in registers.
        """
        builder, align = self.builder, self.align
        with builder.if_else(builder.icmp_signed("!=", accumulate, ir.Constant(accumulate.type, 0))) as (more, first):
            with more:
                for value, pointer in zip(sums, pointers, strict=True):
                    store(builder, builder.fadd(value, load(builder, pointer, self.vector, align)), pointer, align)
            with first:
                for r, pointer in enumerate(pointers):
                    store(builder, builder.fadd(sums[r], bases[r]) if bases else sums[r], pointer, align)

    def run(self, sums, depth, step):
        """Loop ``k`` over the depth: ``sums = step(k, sums)``; return the last sums."""
        builder, zero = self.builder, ir.Constant(self.int, 0)
        before = builder.block
        body, end = builder.append_basic_block("tile"), builder.append_basic_block("tile.end")
        builder.cbranch(builder.icmp_signed(">", depth, zero), body, end)
        builder.position_at_end(body)
        k = builder.phi(self.int)
        running = [builder.phi(self.vector) for _ in sums]
        k.add_incoming(zero, before)
        for phi, value in zip(running, sums, strict=True):
            phi.add_incoming(value, before)
        following = step(k, running)
        k_next = builder.add(k, ir.Constant(self.int, 1))
        last = builder.block
        k.add_incoming(k_next, last)
        for phi, value in zip(running, following, strict=True):
            phi.add_incoming(value, last)
        builder.cbranch(builder.icmp_signed("<", k_next, depth), body, end)
        builder.position_at_end(end)
        final = []
        for value, result in zip(sums, following, strict=True):
            phi = builder.phi(self.vector)
            phi.add_incoming(value, before)
            phi.add_incoming(result, last)
            final.append(phi)
        return final

    def multiply_add(self, scalars, row, sums):
        """Return ``sums[r, v] + scalars[r] * row[v]``."""
        result = []
        for r, scalar in enumerate(scalars):
            a = splat(self.builder, scalar, self.vector)
            for v, b in enumerate(row):
                result.append(self.builder.call(self.fma, [a, b, sums[r * self.vectors + v]]))
        return result

    def finish(self, sums, out, stride, rows, accumulate):
        """Write the sums, row by row, or add them to what is there."""
        self.write(sums, [self.sums_pointer(out, stride, r, v) for r in rows for v in range(self.vectors)], accumulate)

    def passes(self, rows):
        """Cut the rows so that a pass's sums fit in registers (float64 needs two passes)."""
        size = max(1, min(rows, SUMS // self.vectors))
        return [range(first, min(first + size, rows)) for first in range(0, rows, size)]
