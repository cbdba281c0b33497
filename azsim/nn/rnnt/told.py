"""What attention over a user's names adds to one view of the joint, in integers, for compiled functions.

::

    view (J,), Q4.11 ──tanh, int8──> query (heads, d) ──each head: keys──> scores ──softmax──> shares, int8
       └──────────────────────────(+)<── (J,), Q4.11 <──each head: values── shares

The kernels are those of the operators of the same graph (`azsim.speech.context.attention`), which is what the chip is
charged for. Row 0 of keys and values stands for none of the names; its value is zero, so that where its share is all
nothing is added.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from azsim.compiled import njit
from azsim.nn import product
from azsim.nn.fixed_point import INT8_LIMIT, INT16_MAX, INT16_MIN, TABLE_BITS, expanded_table
from azsim.nn.graph.arithmetic import pair, rescale_rows, table_flat
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.sums import SumsTo
from azsim.nn.graph.tensor import GATE_GRID
from azsim.nn.operators.add import add_flat
from azsim.nn.operators.softmax import EXTRA_BITS, softmax_rows


class Finish(NamedTuple):
    """What sums become an output by, int64 ``(matrices, rows)`` each: see `SumsTo`."""

    before: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    after: np.ndarray

    @staticmethod
    def of(graph: IntegerGraph, nodes: list[str]) -> Finish:
        """Of dense nodes of one size."""
        found = []
        for name in nodes:
            at = graph.integer_node(name)
            made = SumsTo.of(at, at.weights["weights"])
            found.append(np.broadcast_arrays(made.before, made.factor.multiplier, made.factor.shift, made.after))
        return Finish(*(np.stack(each).astype(np.int64) for each in zip(*found, strict=True)))


class Told(NamedTuple):
    """One side's attention; without names it has no keys, and adds nothing.

    Attributes:
        query: int8 ``(heads * d, J)``; ``keys``: ``(heads, n, d)``; ``values``: ``(heads, J / heads, n)``.
        to_query, to_score, to_view: of the sums of each.
        to_table, from_table: of the view's way to tanh, and of tanh's to int8.
        to_exp, to_share: of a score's way to exp, and of a share's to int8.
        to_sum: of the view and of what is added, int64 ``(2, 2)``.
        tanh, exp: tables for all 65,536 inputs.
    """

    query: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    to_query: Finish
    to_score: Finish
    to_view: Finish
    to_table: np.ndarray
    from_table: np.ndarray
    to_exp: np.ndarray
    to_share: np.ndarray
    to_sum: np.ndarray
    tanh: np.ndarray
    exp: np.ndarray

    @staticmethod
    def nothing() -> Told:
        """Without names."""
        none, rows, one = np.zeros((0, 0, 0), np.int8), np.zeros((0, 0), np.int64), np.zeros(2, np.int64)
        finish = Finish(rows, rows, rows, rows)
        table = np.zeros(0, np.int16)
        return Told(
            none[0:0].reshape(0, 0), none, none, finish, finish, finish, one, one, one, one,
            np.zeros((2, 2), np.int64), table, table,
        )  # fmt: skip

    @staticmethod
    def of(graph: IntegerGraph, heads: int) -> Told:
        """Of a side's graph, whose nodes are called as `azsim.speech.context.attention` calls them.

        Raises:
            InputError: a scale cannot be expressed in fixed point.
        """
        tanh, softmax, add = (graph.integer_node(name) for name in ("squashed", "shares.0", "told"))
        keys, values = ([f"{kind}.{head}" for head in range(heads)] for kind in ("scores", "added"))
        stacked = (
            np.stack([graph.integer_node(name).weights["weights"].values for name in names]) for names in (keys, values)
        )
        inputs = (add.grid(index).scale / add.target().scale for index in range(2))
        return Told(
            np.ascontiguousarray(graph.integer_node("query").weights["weights"].values),
            *(np.ascontiguousarray(each) for each in stacked),
            Finish.of(graph, ["query"]),
            Finish.of(graph, keys),
            Finish.of(graph, values),
            pair(tanh.grid().scale / GATE_GRID.scale),
            pair(2.0**-TABLE_BITS / tanh.target().scale),
            pair(softmax.grid().scale / GATE_GRID.scale),
            pair(2.0**-EXTRA_BITS / softmax.target().scale),
            np.stack([pair(scale) for scale in inputs]),
            expanded_table("tanh"),
            expanded_table("exp"),
        )

    @property
    def rows(self) -> int:
        """Of keys and values, that of no name among them; 0 without names."""
        return self.keys.shape[1]


def told_views(told: Told, views: np.ndarray) -> np.ndarray:
    """Views of the joint, int16 ``(n, J)``, with what the names say of each; the same without names."""
    return views if not told.rows else attended(told, views)[0]


def attended(told: Told, views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Views with what the names say of each, and the shares of all names, int8 ``(n, heads, rows)``."""
    out, shares = np.array(views, np.int16), np.empty((len(views), *told.keys.shape[:2]), np.int8)
    for view, own in zip(out, shares, strict=True):
        attend(told, view, own, view)
    return out, shares


@njit(cache=True, nogil=True)
def attend(told: Told, view: np.ndarray, shares: np.ndarray, out: np.ndarray) -> None:
    """Add to a view of the joint what the names say.

    Args:
        told: of the side; it has names.
        view: int16 ``(J,)``, Q4.11.
        shares: out, int8 ``(heads, n)``.
        out: int16 ``(J,)``, may be the view.
    """
    heads, count, width = told.keys.shape
    part = told.values.shape[1]
    squashed, query = np.empty((1, view.size), np.int8), np.empty((1, heads * width), np.int8)
    table_flat(view, told.to_table, told.tanh, told.from_table, -INT8_LIMIT, INT8_LIMIT, squashed[0])
    sums, finish = np.empty((1, heads * width), np.int32), told.to_query
    product.multiply(told.query.reshape(-1), 0, heads * width, squashed, view.size, sums)
    rescale_rows(
        sums, finish.before[0], finish.multiplier[0], finish.shift[0], finish.after[0], -INT8_LIMIT, INT8_LIMIT, query
    )
    scores, raised = np.empty((1, count), np.int16), np.empty((1, count), np.int32)
    added = np.empty(view.size, np.int16)
    sums, keys, values = np.empty((1, part), np.int32), told.keys.reshape(-1), told.values.reshape(-1)
    for head in range(heads):
        own = query[:, head * width : (head + 1) * width]
        product.multiply(keys, head * count * width, count, own, width, raised)
        finish = told.to_score
        rescale_rows(
            raised, finish.before[head], finish.multiplier[head], finish.shift[head], finish.after[head],
            INT16_MIN, INT16_MAX, scores,
        )  # fmt: skip
        share = shares[head : head + 1]
        softmax_rows(scores, told.to_exp, told.exp, told.to_share, -INT8_LIMIT, INT8_LIMIT, share)
        product.multiply(values, head * part * count, part, share, count, sums)
        finish = told.to_view
        rescale_rows(
            sums, finish.before[head], finish.multiplier[head], finish.shift[head], finish.after[head],
            INT16_MIN, INT16_MAX, added[head * part : (head + 1) * part].reshape(1, part),
        )  # fmt: skip
    add_flat(view, told.to_sum[0], added, told.to_sum[1], INT16_MIN, INT16_MAX, out)
