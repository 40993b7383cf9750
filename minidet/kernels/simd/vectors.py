"""Vectors in LLVM: how a function of compiled code is made of what emits its instructions, and what all of them emit.

A tile's code is: sums = 0; for k: sums = step(k, sums); then the sums are written, or added to what memory holds. The
sums are LLVM values (phi nodes), so they stay in registers.
"""

import functools

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic


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


def instruction(emit):
    """Make a function for compiled code of ``emit(e, *arguments)``, which emits what it does.

    ``e`` is an :class:`Emitter` for numbers like those of the first array. Arrays arrive as pointers to their first
    element, whole numbers as int64.
    """

    @functools.wraps(emit)
    def typed(typingctx, *kinds):
        kinds = [types.intp if isinstance(kind, (types.Integer, types.Boolean)) else kind for kind in kinds]
        is_array = [isinstance(kind, types.Array) for kind in kinds]

        def codegen(context, builder, signature, values):
            given = [context.make_array(kind)(context, builder, value).data if array else value
                     for kind, value, array in zip(kinds, values, is_array, strict=True)]  # fmt: skip
            emit(Emitter(context, builder, kinds[is_array.index(True)].dtype), *given)
            return context.get_dummy_value()

        return types.void(*kinds), codegen

    return intrinsic(typed)


@intrinsic(prefer_literal=True)
def first_of(typingctx, array, count):
    """Return the first ``count`` elements of an array, a constant number, as a tuple, to be unpacked."""
    kind = types.UniTuple(array.dtype, count.literal_value)

    def codegen(context, builder, signature, values):
        data = context.make_array(array)(context, builder, values[0]).data
        places = [builder.gep(data, [context.get_constant(types.intp, at)]) for at in range(kind.count)]
        return context.make_tuple(builder, kind, [builder.load(place) for place in places])

    return kind(array, count), codegen


class Emitter:
    """Emit instructions for numbers of one type, and for vectors of them."""

    def __init__(self, context, builder, dtype):
        self.builder, self.align = builder, dtype.bitwidth // 8
        self.scalar, self.int = context.get_value_type(dtype), context.get_value_type(types.intp)
        self.native = VECTOR_BYTES // self.align  # lanes of a register

    def at(self, pointer, index, step=1):
        """Point ``index * step`` elements further."""
        index, step = (n if isinstance(n, ir.Value) else ir.Constant(self.int, n) for n in (index, step))
        return self.builder.gep(pointer, [self.builder.mul(index, step)])

    def entry(self, pointer, index):
        """Load one element."""
        return self.builder.load(self.at(pointer, index))

    def load(self, pointer, lanes=MOVE):
        """Load a vector."""
        vector = ir.VectorType(self.scalar, lanes)
        return self.builder.load(self.builder.bitcast(pointer, vector.as_pointer()), align=self.align)

    def store(self, value, pointer):
        """Store a vector."""
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=self.align)

    def picked(self, value, order, other=None):
        """Return the elements of a vector, or of two, in another order."""
        order = ir.Constant(ir.VectorType(ir.IntType(32), len(order)), list(order))
        return self.builder.shuffle_vector(value, other or ir.Constant(value.type, ir.Undefined), order)

    def gathered(self, scalars, lanes):
        """Return a vector that begins with some scalars."""
        value = ir.Constant(ir.VectorType(self.scalar, lanes), ir.Undefined)
        for lane, scalar in enumerate(scalars):
            value = self.builder.insert_element(value, scalar, ir.Constant(ir.IntType(32), lane))
        return value

    def splat(self, scalar, lanes=MOVE):
        """Copy a scalar to every lane."""
        return self.picked(self.gathered([scalar], lanes), [0] * lanes)

    def every(self, pointer, step, lanes=MOVE, first=0):
        """Load elements that lie ``step`` apart, from ``first`` on, with one load of all that lies between them."""
        return self.picked(self.load(pointer, step * lanes), range(first, step * lanes, step))

    def kept(self, value, kept):
        """Return the lanes of ``value`` where those of ``kept`` are not 0, zeros in the others."""
        zeros = ir.Constant(value.type, None)
        return self.builder.select(self.builder.fcmp_unordered("!=", kept, zeros), value, zeros)

    def in_turn(self, rows):
        """Return the elements of 2, 4, 8, ... vectors in turn, in one vector."""
        if len(rows) == 1:
            return rows[0]
        half, count = len(rows) // 2, rows[0].type.count
        order = [lane // 2 + lane % 2 * count for lane in range(2 * count)]
        pairs = zip(rows[:half], rows[half:], strict=True)
        return self.in_turn([self.picked(even, order, odd) for even, odd in pairs])

    def multiply_add(self, a, b, c):
        """Return ``a b + c``: fused where the processor can, and no call to a library where it cannot."""
        vector = c.type
        name = f"llvm.fmuladd.v{vector.count}f{8 * self.align}"
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(vector, [vector] * 3), name)
        return self.builder.call(function, [a, b, c])

    def choose(self, value, options):
        """Yield each of the options for what is to be done where ``value`` is that one, the last for all others."""
        options = list(dict.fromkeys(options))
        blocks = [self.builder.append_basic_block("option") for _ in options]
        end, switch = self.builder.append_basic_block("options.end"), self.builder.switch(value, blocks[-1])
        for option, block in zip(options, blocks, strict=True):
            if block is not blocks[-1]:
                switch.add_case(ir.Constant(value.type, option), block)
            self.builder.position_at_end(block)
            yield option
            self.builder.branch(end)
        self.builder.position_at_end(end)

    def run(self, sums, depth, step):
        """Loop ``k`` over the depth: ``sums = step(k, sums)``; return the last sums."""
        builder, zero = self.builder, ir.Constant(self.int, 0)
        before = builder.block
        body, end = builder.append_basic_block("tile"), builder.append_basic_block("tile.end")
        builder.cbranch(builder.icmp_signed(">", depth, zero), body, end)
        builder.position_at_end(body)
        k = builder.phi(self.int)
        running = [builder.phi(value.type) for value in sums]
        following = step(k, running)
        following_k, last = builder.add(k, ir.Constant(self.int, 1)), builder.block
        builder.cbranch(builder.icmp_signed("<", following_k, depth), body, end)
        builder.position_at_end(end)
        final = [builder.phi(value.type) for value in sums]
        for phi, value, result in zip([k, *running, *final], [zero, *sums, *sums], [following_k, *following * 2],
                                      strict=True):  # fmt: skip
            phi.add_incoming(value, before)
            phi.add_incoming(result, last)
        return final

    def write(self, sums, pointers, accumulate, bases=None):
        """Write the sums, plus what memory holds if ``accumulate``, else plus the bases, if there are any.

        It is added only now, so that a sum of short sums results. Each case stores for itself: values for both, chosen
        before, would not fit in registers.
        """
        builder = self.builder
        with builder.if_else(builder.icmp_signed("!=", accumulate, ir.Constant(accumulate.type, 0))) as (more, first):
            with more:
                for value, pointer in zip(sums, pointers, strict=True):
                    self.store(builder.fadd(value, self.load(pointer, value.type.count)), pointer)
            with first:
                for r, pointer in enumerate(pointers):
                    self.store(builder.fadd(sums[r], bases[r]) if bases else sums[r], pointer)
