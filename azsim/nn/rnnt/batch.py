"""Prediction and joint label by label, for any number of hypotheses at once: what every search asks for.

::

    n histories:  rows, states ──> one product per matrix, n vectors ──> n states, n views for the joint
    n hypotheses: one encoder output + n views ──> one product, n vectors ──> (n, V) logits

The two graphs (`azsim.nn.rnnt.graphs`) laid out for compiled functions, which call the very kernels that the executor
runs the same graphs with. A layer is a row of ``layers``, so that networks of any depth share the compiled code.
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
from azsim.nn.graph.tensor import GATE_GRID, INT32_MAX
from azsim.nn.operators.add import add_flat
from azsim.nn.operators.lstm import Lstm, LstmLayout, lstm_cell
from azsim.nn.rnnt.told import Told, attend

# Columns of a layer's row.
COLUMNS, HIDDEN, INPUT_AT, RECURRENT_AT, GATES_AT, CELL_BITS, HIDDEN_MULTIPLIER, HIDDEN_SHIFT = range(8)
INT32_MIN = -(2**31)


class Gates(NamedTuple):
    """What the sums of LSTM layers become gates by, one layer after another, int64 each: see `LstmLayout`."""

    bias: np.ndarray
    input_multiplier: np.ndarray
    input_shift: np.ndarray
    recurrent_multiplier: np.ndarray
    recurrent_shift: np.ndarray


class Rows(NamedTuple):
    """What the sums of a dense layer become its output by, int64 ``(rows,)`` each: see `SumsTo`."""

    before: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    after: np.ndarray

    @staticmethod
    def of(graph: IntegerGraph, name: str) -> Rows:
        """Of a dense node."""
        at = graph.integer_node(name)
        finish = SumsTo.of(at, at.weights["weights"])
        rows = len(finish.after)
        multiplier, shift = (np.broadcast_to(each, rows) for each in (finish.factor.multiplier, finish.factor.shift))
        return Rows(finish.before, multiplier.copy(), shift.copy(), finish.after)


class Networks(NamedTuple):
    """Prediction and joint of a recogniser.

    Attributes:
        weights: their matrices, int8, one after another.
        layers: int64 ``(L, 8)``, the LSTM layers of the prediction network.
        gates: of these layers.
        projection_at, output_at: where the dense matrices begin.
        projection: to the joint's view of the prediction network, Q4.11.
        output: to the logits.
        to_sum: multiplier and shift of an encoder output and of a prediction, int64 ``(2, 2)``.
        to_table, from_table: of the sum's way to tanh, and of tanh's to the int8 vector.
        embedding: int8 ``(V, E)``.
        sigmoid, tanh: tables for all 65,536 inputs.
        told: what label histories are told of a user's names.
    """

    weights: np.ndarray
    layers: np.ndarray
    gates: Gates
    projection_at: int
    output_at: int
    projection: Rows
    output: Rows
    to_sum: np.ndarray
    to_table: np.ndarray
    from_table: np.ndarray
    embedding: np.ndarray
    sigmoid: np.ndarray
    tanh: np.ndarray
    told: Told

    @staticmethod
    def of(prediction: IntegerGraph, joint: IntegerGraph) -> Networks:
        """Of the two graphs.

        Raises:
            InputError: a scale cannot be expressed in fixed point.
        """
        laid_out: list[np.ndarray] = []
        starts = {}
        for name, weights in (prediction.weights | joint.weights).items():
            starts[name] = sum(part.size for part in laid_out)
            laid_out.append(np.ascontiguousarray(weights.values).ravel())
        layers, gates, rows = [], [], 0
        for node in prediction.graph.nodes:
            if not isinstance(node.operator, Lstm):
                continue
            at = prediction.integer_node(node.name)
            first, second = at.weights["input"], at.weights["recurrent"]
            layout = LstmLayout.of(at, at.grid(), first.row_scales, second.row_scales)
            begins = (starts[node.parameters["input"]], starts[node.parameters["recurrent"]], rows)
            widths = (first.values.shape[1], second.values.shape[1])
            layers.append([*widths, *begins, layout.cell_bits, *layout.to_hidden])
            gates.append(np.broadcast_arrays(*layout.arrays[: len(Gates._fields)]))
            rows += len(gates[-1][0])
        add, tanh = joint.integer_node("joint.sum"), joint.integer_node("joint.tanh")
        inputs = (add.grid(index).scale / add.target().scale for index in range(2))
        return Networks(
            weights=np.concatenate(laid_out),
            layers=np.array(layers, np.int64),
            gates=Gates(*(np.concatenate(each).astype(np.int64) for each in zip(*gates, strict=True))),
            projection_at=starts["joint.prediction"],
            output_at=starts["joint.output"],
            projection=Rows.of(prediction, "joint.prediction"),
            output=Rows.of(joint, "joint.output"),
            to_sum=np.stack([pair(scale) for scale in inputs]),
            to_table=pair(tanh.grid().scale / GATE_GRID.scale),
            from_table=pair(2.0**-TABLE_BITS / tanh.target().scale),
            embedding=prediction.weights["prediction.embedding"].values,
            sigmoid=expanded_table("sigmoid"),
            tanh=expanded_table("tanh"),
            told=Told.nothing(),
        )

    @property
    def pieces(self) -> int:
        """V, labels and the blank."""
        return len(self.output.after)

    @property
    def width(self) -> int:
        """J, of what the joint sees and of the int8 vector that the output matrix multiplies."""
        return len(self.projection.after)

    def hidden(self, layer: int) -> int:
        """Units of a layer."""
        return int(self.layers[layer, HIDDEN])

    @property
    def state_bytes(self) -> int:
        """Of one state: hidden int8 and cell int16 of each layer, and what the joint sees, int16."""
        return int(3 * self.layers[:, HIDDEN].sum() + 2 * self.width)

    def inputs(self, labels: np.ndarray, before: np.ndarray, after: np.ndarray) -> dict[str, np.ndarray]:
        """int8 ``(runs, columns)`` that each matrix of the prediction network multiplied, and the joint's of it.

        Args:
            labels: of the runs.
            before, after: hidden states of all layers, int8 ``(runs, layers, most units)``.
        """
        vectors, found = self.embedding[labels], {}
        for layer in range(len(self.layers)):
            size = self.hidden(layer)
            found[f"prediction.{layer}.input"] = vectors
            found[f"prediction.{layer}.recurrent"] = np.ascontiguousarray(before[:, layer, :size])
            vectors = np.ascontiguousarray(after[:, layer, :size])
        return {**found, "joint.prediction": vectors}


class States(NamedTuple):
    """States of the prediction network, one a place.

    Attributes:
        hidden: int8 ``(places, layers, most units)``.
        cell: int16, likewise.
        predicted: int16 Q4.11 ``(places, J)``: the joint's view of each.
    """

    hidden: np.ndarray
    cell: np.ndarray
    predicted: np.ndarray

    @staticmethod
    def zeros(networks: Networks, places: int) -> States:
        """So many states, as before the start of an utterance."""
        shape = (places, len(networks.layers), int(networks.layers[:, HIDDEN].max()))
        predicted = np.zeros((places, networks.width), np.int16)
        return States(np.zeros(shape, np.int8), np.zeros(shape, np.int16), predicted)


@njit(cache=True, nogil=True)
def predict_batch(
    networks: Networks, states: States, before: np.ndarray, labels: np.ndarray, after: np.ndarray, count: int
) -> None:
    """One step of the prediction network for each of ``count`` histories.

    Args:
        networks: the weights.
        states: read at the places ``before``, written at ``after``; the two have no place in common.
        labels: what each history goes on with.
    """
    layers, gates, vectors = networks.layers, networks.gates, np.empty((count, networks.embedding.shape[1]), np.int8)
    for k in range(count):
        for c in range(vectors.shape[1]):
            vectors[k, c] = networks.embedding[labels[k], c]
    for i in range(layers.shape[0]):
        layer = layers[i]
        size = layer[HIDDEN]
        rows, at = 4 * size, layer[GATES_AT]
        own = np.empty((count, size), np.int8)
        for k in range(count):
            for j in range(size):
                own[k, j] = states.hidden[before[k], i, j]
                states.cell[after[k], i, j] = states.cell[before[k], i, j]
        sums, recurrent_product = np.empty((count, rows), np.int32), np.empty((count, rows), np.int32)
        product.multiply(networks.weights, layer[INPUT_AT], rows, vectors, layer[COLUMNS], sums)
        product.multiply(networks.weights, layer[RECURRENT_AT], rows, own, size, recurrent_product)
        vectors = own
        for k in range(count):
            lstm_cell(
                sums[k], recurrent_product[k], gates.bias[at : at + rows],
                gates.input_multiplier[at : at + rows], gates.input_shift[at : at + rows],
                gates.recurrent_multiplier[at : at + rows], gates.recurrent_shift[at : at + rows],
                networks.sigmoid, networks.tanh, layer[CELL_BITS], layer[HIDDEN_MULTIPLIER:], vectors[k],
                states.cell[after[k], i, :size],
            )  # fmt: skip
            for j in range(size):
                states.hidden[after[k], i, j] = vectors[k, j]
    finish = networks.projection
    rows = finish.after.size
    seen, predicted = np.empty((count, rows), np.int32), np.empty((count, rows), np.int16)
    product.multiply(networks.weights, networks.projection_at, rows, vectors, vectors.shape[1], seen)
    rescale_rows(seen, finish.before, finish.multiplier, finish.shift, finish.after, INT16_MIN, INT16_MAX, predicted)
    told = networks.told
    shares = np.empty((told.keys.shape[0], told.keys.shape[1]), np.int8)
    for k in range(count):
        if shares.shape[1]:
            attend(told, predicted[k], shares, predicted[k])
        for r in range(rows):
            states.predicted[after[k], r] = predicted[k, r]


@njit(cache=True, nogil=True)
def join_batch(
    networks: Networks,
    encoded: np.ndarray,
    states: States,
    places: np.ndarray,
    count: int,
    joined: np.ndarray,
    logits: np.ndarray,
) -> None:
    """The joint network for ``count`` hypotheses at one encoder output.

    Args:
        networks: the weights.
        encoded: int16 ``(J,)``.
        states: of the prediction network.
        places: of each hypothesis in them.
        joined: out, int8 ``(count or more, J)``: inputs of the output matrix.
        logits: out, int32 ``(count or more, V)``, C-contiguous.
    """
    to_sum, finish = networks.to_sum, networks.output
    total = np.empty(encoded.size, np.int16)
    for k in range(count):
        add_flat(encoded, to_sum[0], states.predicted[places[k]], to_sum[1], INT16_MIN, INT16_MAX, total)
        table_flat(total, networks.to_table, networks.tanh, networks.from_table, -INT8_LIMIT, INT8_LIMIT, joined[k])
    rows = finish.after.size
    product.multiply(networks.weights, networks.output_at, rows, joined[:count], encoded.size, logits)
    rescale_rows(
        logits[:count], finish.before, finish.multiplier, finish.shift, finish.after, INT32_MIN, INT32_MAX,
        logits[:count],
    )  # fmt: skip
