"""Prediction and joint for several hypotheses at once, each weight read once for all of them: what a beam asks for.

::

    n histories:  rows, states ──> one product per matrix, n vectors ──> n states, n views for the joint
    n hypotheses: one encoder output + n views ──> one product, n vectors ──> (n, V) logits

Every number is the one that `azsim.nn.rnnt.kernels` gives for the same hypothesis alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from azsim.compiled import njit
from azsim.nn import product
from azsim.nn.fixed_point import TABLE_BITS, requantise, rounding_shift, saturate_int8, saturate_int16
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.kernels import (
    COLUMNS,
    FROM_PREDICTION,
    HIDDEN,
    INPUT_AT,
    MATRIX_AT,
    MATRIX_COLUMNS,
    MATRIX_ROWS,
    MULTIPLIER,
    OUTPUT,
    RECURRENT_AT,
    SHIFT,
    TABLE_ZERO,
    lstm_cell,
)


class Networks(NamedTuple):
    """What of an `IntegerModel` prediction and joint need, for compiled functions; fields as there."""

    weights: np.ndarray
    biases: np.ndarray
    layers: np.ndarray
    joint: np.ndarray
    output_bias: np.ndarray
    embedding: np.ndarray
    sigmoid: np.ndarray
    tanh: np.ndarray

    @staticmethod
    def of(model: IntegerModel) -> Networks:
        """Of a network."""
        return Networks(
            model.weights,
            model.biases,
            model.prediction,
            model.joint,
            model.output_bias,
            model.embedding,
            model.sigmoid,
            model.tanh,
        )


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
    def zeros(model: IntegerModel, places: int) -> States:
        """So many states, as before the start of an utterance."""
        shape = (places, len(model.prediction), int(model.prediction[:, HIDDEN].max()))
        views = np.zeros((places, model.no_bias.size), np.int16)
        return States(np.zeros(shape, np.int8), np.zeros(shape, np.int16), views)


def state_bytes(model: IntegerModel) -> int:
    """Bytes of one state: hidden int8 and cell int16 of each layer, and what the joint sees, int16."""
    return int(3 * model.prediction[:, HIDDEN].sum() + 2 * model.no_bias.size)


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
    layers, vectors = networks.layers, np.empty((count, networks.embedding.shape[1]), np.int8)
    for k in range(count):
        for c in range(vectors.shape[1]):
            vectors[k, c] = networks.embedding[labels[k], c]
    for i in range(layers.shape[0]):
        plan = layers[i]
        size = plan[HIDDEN]
        own = np.empty((count, size), np.int8)
        for k in range(count):
            for j in range(size):
                own[k, j] = states.hidden[before[k], i, j]
                states.cell[after[k], i, j] = states.cell[before[k], i, j]
        sums, again = np.empty((count, 4 * size), np.int32), np.empty((count, 4 * size), np.int32)
        product.multiply(networks.weights, plan[INPUT_AT], 4 * size, vectors, plan[COLUMNS], sums)
        product.multiply(networks.weights, plan[RECURRENT_AT], 4 * size, own, size, again)
        vectors = own
        for k in range(count):
            lstm_cell(
                networks.biases, plan, sums[k], again[k], vectors[k], states.cell[after[k], i],
                networks.sigmoid, networks.tanh,
            )  # fmt: skip
            for j in range(size):
                states.hidden[after[k], i, j] = vectors[k, j]
    plan = networks.joint[FROM_PREDICTION]
    seen = np.empty((count, plan[MATRIX_ROWS]), np.int32)
    product.multiply(networks.weights, plan[MATRIX_AT], plan[MATRIX_ROWS], vectors, plan[MATRIX_COLUMNS], seen)
    for k in range(count):
        for r in range(plan[MATRIX_ROWS]):
            states.predicted[after[k], r] = saturate_int16(
                requantise(np.int64(seen[k, r]), plan[MULTIPLIER], plan[SHIFT])
            )


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
    for k in range(count):
        predicted = states.predicted[places[k]]
        for j in range(encoded.size):
            total = saturate_int16(np.int64(encoded[j]) + np.int64(predicted[j]))
            joined[k, j] = saturate_int8(
                rounding_shift(np.int64(networks.tanh[np.uint64(total + TABLE_ZERO)]), TABLE_BITS - JOINT_HIDDEN_BITS)
            )
    plan = networks.joint[OUTPUT]
    product.multiply(
        networks.weights, plan[MATRIX_AT], plan[MATRIX_ROWS], joined[:count], plan[MATRIX_COLUMNS], logits
    )
    for k in range(count):
        for r in range(plan[MATRIX_ROWS]):
            logits[k, r] += networks.output_bias[r]
