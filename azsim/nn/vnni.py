"""Sums of four rows of an int8 matrix with int8 vectors by the CPU's own dot product, where it has one.

::

    64 weights (int8) x 64 activations + 128 (uint8) ──vpdpbusd──> 16 int32 lanes of four products each
    the same weights x 1                             ──vpdpbusd──> 128 times these are taken away at the end

One instruction multiplies 64 pairs and adds them exactly; compiled loops need several. It wants one operand unsigned,
so activations are shifted by 128. Four rows share each load of a vector, four vectors each load of the rows.

**Source:** Intel 64 and IA-32 manual, VPDPBUSD (AVX512-VNNI, AVX-VNNI): unsigned by signed bytes, no saturation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numba
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.extending import intrinsic

ROWS = 4
"""Of a block."""
_SUM_BYTES = 4
_BYTE, _WORD, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def vector_bytes() -> int:
    """Bytes that one instruction of this CPU multiplies, as numba compiles for it: 64, 32, or 0 without one."""
    if numba.config.DISABLE_JIT:
        return 0
    if numba.config.CPU_FEATURES or numba.config.CPU_NAME:
        given = (numba.config.CPU_FEATURES or "").split(",")
        features = {name[1:] for name in given if name.startswith("+")}
    else:
        features = {name for name, there in get_host_cpu_features().items() if there}
    if {"avx512f", "avx512bw", "avx512vnni"} <= features:
        return 64
    return 32 if "avxvnni" in features or {"avx512vl", "avx512bw", "avx512vnni"} <= features else 0


def block(width: int, vectors: int) -> Callable[..., None]:
    """The product of a block of rows with so many vectors, for use in compiled functions.

    It takes ``(weights, first weight, weights to the next row, columns, entries, first entry, entries to the next
    vector, sums, first sum, sums to the next row, sums to the next vector)``: three arrays, contiguous, and places in
    them by element. ``weights`` are int8; ``entries`` are activation + 128, uint8, each vector filled up to a multiple
    of ``width`` with anything; ``sums`` are int32.

    Args:
        width: bytes of an instruction, 64 or 32.
        vectors: how many.
    """

    @intrinsic
    def product(
        typing, weights, weight, weight_step, columns, entries, entry, entry_step, sums, at, row_step, vector_step
    ):
        places = (weight, weight_step, columns), (entry, entry_step), (at, row_step, vector_step)
        if not all(isinstance(place, types.Integer) for group in places for place in group):
            return None
        of_weights, of_entries, of_sums = ([types.intp] * len(group) for group in places)
        signature = types.void(weights, *of_weights, entries, *of_entries, sums, *of_sums)

        def codegen(context, builder, given, arguments):
            def address(index: int, size_bytes: int) -> ir.Value:
                """Of the element in an array that the argument after it names."""
                array = context.make_array(given.args[index])(context, builder, arguments[index])
                start = builder.ptrtoint(array.data, _LONG)
                return builder.add(start, builder.mul(arguments[index + 1], ir.Constant(_LONG, size_bytes)))

            def in_bytes(index: int) -> ir.Value:
                return builder.mul(arguments[index], ir.Constant(_LONG, _SUM_BYTES))

            rows = _Operand(address(0, 1), arguments[2])
            columns = _Operand(address(4, 1), arguments[6])
            results = _Sums(address(7, _SUM_BYTES), in_bytes(9), in_bytes(10))
            _Block(builder, width, vectors, rows, columns, arguments[3], results).build()
            return context.get_dummy_value()

        return signature, codegen

    return product


@dataclass(frozen=True)
class _Operand:
    """Address of the first row or vector, and bytes from one to the next."""

    start: ir.Value
    stride: ir.Value


@dataclass(frozen=True)
class _Sums:
    """Address of the first sum, and bytes to that of the next row and of the next vector."""

    start: ir.Value
    row_stride: ir.Value
    vector_stride: ir.Value


class _Block:
    """Writes the instructions of one block: a loop over whole vectors of columns, then the rest under a mask."""

    def __init__(
        self,
        builder: ir.IRBuilder,
        width: int,
        vectors: int,
        weights: _Operand,
        entries: _Operand,
        columns: ir.Value,
        sums: _Sums,
    ) -> None:
        self.builder, self.width, self.vectors = builder, width, vectors
        self.weights, self.entries, self.columns, self.sums = weights, entries, columns, sums
        self.bytes = ir.VectorType(_BYTE, width)
        self.lanes = ir.VectorType(_WORD, width // 4)
        self.totals = ROWS * (vectors + 1)  # one sum for each row and vector, and the sum of each row

    def build(self) -> None:
        """All of it; the builder stands behind it afterwards."""
        builder, zero = self.builder, ir.Constant(self.lanes, None)
        whole = builder.udiv(self.columns, self._number(self.width))
        rest = builder.urem(self.columns, self._number(self.width))
        start = builder.block
        loop, after, tail, done = (builder.append_basic_block(name) for name in ("loop", "after", "tail", "done"))
        builder.cbranch(builder.icmp_unsigned(">", whole, self._number(0)), loop, after)

        builder.position_at_end(loop)
        count = builder.phi(_LONG)
        count.add_incoming(self._number(0), start)
        running = [self._joined([(zero, start)]) for _ in range(self.totals)]
        added = self._step(running, builder.mul(count, self._number(self.width)), self._loaded)
        following = builder.add(count, self._number(1))
        count.add_incoming(following, loop)
        for phi, value in zip(running, added):
            phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_unsigned("<", following, whole), loop, after)

        builder.position_at_end(after)
        totals = [self._joined([(zero, start), (value, loop)]) for value in added]
        builder.cbranch(builder.icmp_unsigned(">", rest, self._number(0)), tail, done)

        builder.position_at_end(tail)
        mask = self._mask(rest)
        filled = self._step(
            totals, builder.mul(whole, self._number(self.width)), lambda address: self._masked(address, mask)
        )
        builder.branch(done)

        builder.position_at_end(done)
        self._store([self._joined([(before, after), (value, tail)]) for before, value in zip(totals, filled)])

    def _step(
        self, totals: list[ir.Value], offset: ir.Value, load: Callable[[ir.Value], ir.Value]
    ) -> list[ir.Value]:
        """The totals with one vector of columns more; weights are read by ``load``."""
        builder, lanes = self.builder, self.lanes
        rows = [builder.bitcast(load(builder.add(self._row(r), offset)), lanes) for r in range(ROWS)]
        ones = ir.Constant(lanes, [0x01010101] * (self.width // 4))
        entries = [
            builder.bitcast(self._loaded(builder.add(self._vector(v), offset)), lanes) for v in range(self.vectors)
        ]
        operands = [(entry, row) for entry in (*entries, ones) for row in rows]
        name = f"llvm.x86.avx512.vpdpbusd.{8 * self.width}"
        return [self._call(name, lanes, total, *pair) for total, pair in zip(totals, operands)]

    def _store(self, totals: list[ir.Value]) -> None:
        """Write each sum, without the 128 that each activation had too much."""
        builder, lanes = self.builder, self.width // 4
        sums = [self._call(f"llvm.vector.reduce.add.v{lanes}i32", _WORD, total) for total in totals]
        for v in range(self.vectors):
            for r in range(ROWS):
                much = builder.shl(sums[ROWS * self.vectors + r], ir.Constant(_WORD, 7))
                at = self._place(self.sums.start, self.sums.vector_stride, v)
                at = self._place(at, self.sums.row_stride, r)
                builder.store(builder.sub(sums[ROWS * v + r], much), builder.inttoptr(at, _WORD.as_pointer()))

    def _mask(self, count: ir.Value) -> ir.Value:
        """True in the first ``count`` bytes."""
        builder, none = self.builder, ir.Constant(self.bytes, ir.Undefined)
        first = builder.insert_element(none, builder.trunc(count, _BYTE), ir.Constant(_WORD, 0))
        everywhere = builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(_WORD, self.width), None))
        return builder.icmp_unsigned("<", ir.Constant(self.bytes, list(range(self.width))), everywhere)

    def _loaded(self, address: ir.Value) -> ir.Value:
        value = self.builder.load(self.builder.inttoptr(address, self.bytes.as_pointer()))
        value.align = 1
        return value

    def _masked(self, address: ir.Value, mask: ir.Value) -> ir.Value:
        pointer = self.builder.inttoptr(address, self.bytes.as_pointer())
        name, zeros = f"llvm.masked.load.v{self.width}i8.p0", ir.Constant(self.bytes, None)
        return self._call(name, self.bytes, pointer, ir.Constant(_WORD, 1), mask, zeros)

    def _call(self, name: str, result: ir.Type, *arguments: ir.Value) -> ir.Value:
        """A call of one of LLVM's own functions."""
        module = self.builder.module
        function = module.globals.get(name)
        if function is None:
            function = ir.Function(module, ir.FunctionType(result, [each.type for each in arguments]), name)
        return self.builder.call(function, arguments)

    def _joined(self, incoming: list[tuple[ir.Value, ir.Block]]) -> ir.PhiInstr:
        phi = self.builder.phi(self.lanes)
        for value, block in incoming:
            phi.add_incoming(value, block)
        return phi

    def _row(self, index: int) -> ir.Value:
        return self._place(self.weights.start, self.weights.stride, index)

    def _vector(self, index: int) -> ir.Value:
        return self._place(self.entries.start, self.entries.stride, index)

    def _place(self, start: ir.Value, stride: ir.Value, index: int) -> ir.Value:
        return self.builder.add(start, self.builder.mul(stride, self._number(index)))

    def _number(self, value: int) -> ir.Constant:
        return ir.Constant(_LONG, value)
