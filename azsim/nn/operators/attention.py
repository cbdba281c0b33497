"""Multi-head attention over time with a bounded past: keys and values of the last steps are carried."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import (
    GATE_BITS,
    INT16_MAX,
    TABLE_BITS,
    expanded_table,
    requantise,
    rounding_shift,
    saturate_int8,
    saturate_int16,
)
from azsim.nn.graph.arithmetic import TABLE_ZERO, bias_of, pair
from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    State,
    need,
)
from azsim.nn.graph.quotient import QUOTIENT_BITS, quotient
from azsim.nn.graph.tensor import GATE_GRID, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.operators.softmax import softmax_work
from azsim.nn.program import LaneProduct, ProgramStage, VectorWork

Chunk = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From queries ``(c, ...)``, keys and values ``(n, ...)`` of a chunk and its past to outputs ``(c, ...)``."""
WEIGHT_BITS = 7
"""Of what a key counts: 127 is 1."""


@operator("attention")
@dataclass(frozen=True)
class Attention(Operator):
    """Queries, keys and values ``(heads * d,)`` at each step to ``(heads * d,)``: ``softmax(q k / sqrt d + bias) v``.

    A step sees all steps of its chunk and the ``left`` ones before the chunk; a chunk comes out when it is whole. With
    a chunk of 1 it is causal. The parameter ``position`` ``(heads, left + 2 chunk - 1)`` is added to the scores by
    distance: its column ``j`` is for keys ``j - chunk + 1`` steps in the past.

    Integers: a score is ``round(sum * m / 2^s) + bias`` with 11 bits after the point; a key counts
    ``p = saturate8(round(exp(saturate16(score - max)) / 2^8))`` by the table; ``round(sum p v * 2^8 / sum p)``, then to
    the output's grid. So no share is rounded before the values are summed.

    Attributes:
        heads: side by side.
        left: steps before the chunk that are kept.
        chunk: steps that see each other.
    """

    heads: int
    left: int
    chunk: int = 1

    vectors: ClassVar[tuple[str, ...]] = ("position",)
    optional: ClassVar[tuple[str, ...]] = ("position",)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 3 and all(len(each.shape) == 1 for each in inputs), "takes queries, keys and values")
        need(self.heads >= 1 and self.left >= 0 and self.chunk >= 1, "heads and chunk at least 1, left at least 0")
        queries, keys, values = inputs
        need(queries == keys and values.period == keys.period, f"queries {queries} and keys {keys}: must be alike")
        fits = keys.shape[0] % self.heads == values.shape[0] % self.heads == 0
        need(fits, f"heads {self.heads}: must divide {keys} and {values}")
        wanted = (self.heads, self.left + 2 * self.chunk - 1)
        need(shapes.get("position", wanted) == wanted, f"position of shape {shapes.get('position')}: must be {wanted}")
        return (values,)

    def operand(self, index: int) -> Operand:
        return "product"

    def float(self, at: FloatNode) -> Execution:
        factor = np.float32(1 / math.sqrt(at.inputs[0].size // self.heads))
        position = at.parameters.get("position", np.zeros((self.heads, self.left + 2 * self.chunk - 1), np.float32))

        def chunk(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
            apart = len(keys) - len(queries) + np.arange(len(queries))[:, None] - np.arange(len(keys))
            q, k, v = (each.reshape(len(each), self.heads, -1) for each in (queries, keys, values))
            scores = np.einsum("ihd,jhd->hij", q, k) * factor + position[:, apart + self.chunk - 1]
            raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
            shares = raised / raised.sum(axis=-1, keepdims=True)
            return np.einsum("hij,jhd->ihd", shares, v).reshape(len(queries), -1)

        return self._execution(at.inputs, np.float32, np.float32, chunk)

    def integer(self, at: IntegerNode) -> Execution:
        target, size = at.target(), at.inputs[0].size // self.heads
        to_score = pair(at.grid(0).scale * at.grid(1).scale / math.sqrt(size) / GATE_GRID.scale)
        to_target = pair(at.grid(2).scale * 2.0**-QUOTIENT_BITS / target.scale)
        columns = self.left + 2 * self.chunk - 1
        position = at.vectors.get("position")
        flat = None if position is None else position.ravel()
        offsets = bias_of(flat, self.heads * columns, 2.0**-GATE_BITS, INT16_MAX).reshape(self.heads, columns)
        table = expanded_table("exp")

        def chunk(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
            out = np.empty((len(queries), values.shape[1]), target.dtype)
            attend(
                queries, keys, values, self.heads, self.chunk, to_score, offsets, table, to_target, target.lowest,
                target.limit, out,
            )  # fmt: skip
            return out

        return self._execution(at.inputs, np.int8, target.dtype, chunk)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        keys, (query, _, value) = self.left + self.chunk, at.inputs
        ready = "ready" if all(at.ready) else "previous"
        scores = LaneProduct(
            rows=self.heads * keys,
            columns=query.size // self.heads,
            state=f"{at.name}.keys",
            cache_bytes=self.left * query.size,
            write_bytes=query.size,
            operand=ready,
        )
        mixed = LaneProduct(
            rows=value.size,
            columns=keys,
            state=f"{at.name}.values",
            cache_bytes=self.left * value.size,
            write_bytes=value.size,
        )
        work = (VectorWork("multiply-add", scores.rows), *softmax_work(scores.rows)[:-1])
        shares = (VectorWork("divide", value.size), VectorWork("multiply-add", value.size))
        return (
            ProgramStage(f"{at.name}.scores", (), work, lane_products=(scores,)),
            ProgramStage(f"{at.name}.values", (), shares, lane_products=(mixed,)),
        )

    def _execution(
        self, inputs: tuple[Tensor, ...], dtype: type[np.generic], out_type: type[np.generic], chunk: Chunk
    ) -> Execution:
        """State: keys and values of the past, then queries, keys and values of a chunk that is not whole."""
        query, _, value = (each.size for each in inputs)

        def run(state: State, arrays: Arrays) -> tuple[Arrays, State]:
            past_keys, past_values, *waiting = state
            queries, keys, values = (np.concatenate(both) for both in zip(waiting, arrays, strict=True))
            whole = len(queries) - len(queries) % self.chunk
            keys, values = np.concatenate([past_keys, keys]), np.concatenate([past_values, values])
            before, outputs = len(past_keys), [np.zeros((0, value), out_type)]
            for start in range(0, whole, self.chunk):
                first, end = max(0, before + start - self.left), before + start + self.chunk
                outputs.append(chunk(queries[start : start + self.chunk], keys[first:end], values[first:end]))
            seen = before + whole
            kept = max(0, seen - self.left)
            after = (keys[kept:seen], values[kept:seen], queries[whole:], keys[seen:], values[seen:])
            return (np.concatenate(outputs),), tuple(each.copy() for each in after)

        return Execution(tuple(np.zeros((0, size), dtype) for size in (query, value, query, query, value)), run)


@njit(cache=True, nogil=True)
def attend(
    queries: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    heads: int,
    chunk: int,
    to_score: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    to_target: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """One chunk: int8 ``queries`` ``(c, heads d)``, the last c of the int8 ``keys`` ``(n, heads d)`` are its own."""
    size, width = queries.shape[1] // heads, values.shape[1] // heads
    counts = np.empty(keys.shape[0], np.int64)
    for i in range(queries.shape[0]):
        now = keys.shape[0] - queries.shape[0] + i
        for head in range(heads):
            largest = np.int64(-1) << 62
            for j in range(keys.shape[0]):
                total = np.int32(0)
                for d in range(head * size, (head + 1) * size):
                    total += np.int32(queries[i, d]) * np.int32(keys[j, d])
                own = offsets[head, now - j + chunk - 1]
                counts[j] = requantise(np.int64(total), to_score[0], to_score[1]) + own
                largest = max(largest, counts[j])
            whole = np.int64(0)
            for j in range(keys.shape[0]):
                raised = np.int64(table[np.uint64(saturate_int16(counts[j] - largest) + TABLE_ZERO)])
                counts[j] = saturate_int8(rounding_shift(raised, TABLE_BITS - WEIGHT_BITS))
                whole += counts[j]
            for d in range(head * width, (head + 1) * width):
                mixed = np.int64(0)
                for j in range(keys.shape[0]):
                    mixed += counts[j] * np.int64(values[j, d])
                result = requantise(quotient(mixed, whole), to_target[0], to_target[1])
                out[i, d] = min(max(result, low), high)
