"""The compiled steps, called directly, against plain integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.nn.fixed_point import expanded_table, multiplier_and_shift
from azsim.nn.rnnt import kernels
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from tests.nn.rnnt.plain_integer_rnnt import Reference, clamp, dot, fixed, nearest, nearest_to, table

SIGMOID, TANH = expanded_table("sigmoid"), expanded_table("tanh")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 30), rows=st.integers(1, 9), columns=st.integers(1, 40), extreme=st.booleans())
def test_products_are_exact_sums(seed: int, rows: int, columns: int, extreme: bool) -> None:
    rng = np.random.default_rng(seed)
    values = [-128, 127] if extreme else range(-128, 128)
    weights, vector = rng.choice(values, 5 + rows * columns).astype(np.int8), rng.choice(values, columns + 3)
    sums = np.zeros(rows, np.int32)
    kernels.multiply(weights, 5, rows, vector.astype(np.int8), columns, sums)
    matrix = weights[5:].astype(np.int64).reshape(rows, columns)
    assert sums.tolist() == (matrix @ vector[:columns]).tolist()


def plan_of(size: int, columns: int, cell_bits: int, hidden_bits: int, scales: tuple[float, float]) -> np.ndarray:
    """A layer whose input matrix stands at 0, the recurrent one behind it, the bias at 2."""
    plan = np.zeros(kernels.PLAN_FIELDS, np.int64)
    plan[kernels.COLUMNS], plan[kernels.HIDDEN] = columns, size
    plan[kernels.RECURRENT_AT], plan[kernels.BIAS_AT] = 4 * size * columns, 2
    plan[[kernels.INPUT_MULTIPLIER, kernels.INPUT_SHIFT]] = multiplier_and_shift(scales[0])
    plan[[kernels.RECURRENT_MULTIPLIER, kernels.RECURRENT_SHIFT]] = multiplier_and_shift(scales[1])
    plan[kernels.CELL_BITS], plan[kernels.HIDDEN_BITS] = cell_bits, hidden_bits
    return plan


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    cell_bits=st.integers(7, 14),
    hidden_bits=st.integers(6, 9),
    spread=st.sampled_from([100, 3000, 40_000]),
)
def test_a_cell_is_its_formula_in_whole_numbers(seed: int, cell_bits: int, hidden_bits: int, spread: int) -> None:
    rng, size, scales = np.random.default_rng(seed), 3, (0.71, 1.3)
    gates, again = rng.integers(-spread, spread + 1, (2, 4 * size)).astype(np.int32)
    biases = rng.integers(-32767, 32768, 2 + 4 * size).astype(np.int16)
    biases[2:] //= 40_000 // spread
    cell, hidden = rng.integers(-32768, 32768, size).astype(np.int16), np.zeros(size, np.int8)
    expected_cell, expected_hidden = [], []
    for j in range(size):
        at = [k * size + j for k in range(4)]
        sums = [nearest_to(int(gates[k]) * fixed(scales[0])) + nearest_to(int(again[k]) * fixed(scales[1])) for k in at]
        i, f, g, o = (clamp(each + int(biases[2 + k]), -32768, 32767) for each, k in zip(sums, at, strict=True))
        kept = nearest(table("sigmoid", f) * int(cell[j]), 2**15)
        added = nearest(table("sigmoid", i) * table("tanh", g), 2 ** (30 - cell_bits))
        expected_cell.append(clamp(kept + added, -32768, 32767))
        argument = clamp(nearest(expected_cell[-1] * 2048, 2**cell_bits), -32768, 32767)
        shown = nearest(table("sigmoid", o) * table("tanh", argument), 2 ** (30 - hidden_bits))
        expected_hidden.append(clamp(shown, -127, 127))
    plan = plan_of(size, 1, cell_bits, hidden_bits, scales)
    kernels.lstm_cell(biases, plan, gates, again, hidden, cell, SIGMOID, TANH)
    assert cell.tolist() == expected_cell
    assert hidden.tolist() == expected_hidden


def test_a_projection_adds_its_bias_before_it_saturates() -> None:
    rng, scale = np.random.default_rng(3), 2.7
    weights, vectors = rng.integers(-127, 128, 4 + 6 * 9).astype(np.int8), rng.integers(-127, 128, (5, 9))
    bias, out = rng.integers(-32767, 32768, 6).astype(np.int16), np.zeros((5, 6), np.int16)
    plan = np.zeros(kernels.JOINT_FIELDS, np.int64)
    plan[:] = [4, 6, 9, *multiplier_and_shift(scale)]
    for vector, own in zip(vectors.astype(np.int8), out):
        kernels.project(weights, plan, vector, bias, np.empty(6, np.int32), own)
    matrix = weights[4:].reshape(6, 9).tolist()
    expected = [
        [clamp(nearest_to(dot(row, vector) * fixed(scale)) + int(b), -32768, 32767) for row, b in zip(matrix, bias)]
        for vector in vectors.tolist()
    ]
    assert out.tolist() == expected
    assert {-32768, 32767} & set(out.ravel().tolist())


def test_logits_equal_plain_integers(tiny_network):
    compressed = compress(tiny_network)
    model, reference = IntegerModel.of(compressed), Reference(compressed)
    rng = np.random.default_rng(0)
    joined, logits = np.zeros(11, np.int8), np.zeros(11, np.int32)
    for spread in (2_000, 40_000):
        encoded, predicted = np.clip(rng.integers(-spread, spread, (2, 11)), -32768, 32767).astype(np.int16)
        kernels.join(
            model.weights, model.joint, model.output_bias, JOINT_HIDDEN_BITS, model.tanh, encoded, predicted, joined,
            logits,
        )  # fmt: skip
        assert logits.tolist() == reference.joint(encoded.tolist(), predicted.tolist())


def test_zero_in_zero_products(tiny_network):
    """With zero-point 0 a zero input adds exactly nothing: what lets the chip skip it."""
    model = IntegerModel.of(compress(tiny_network))
    sums = np.full(8, 99, np.int32)
    kernels.multiply(model.weights, 0, 8, np.zeros(192, np.int8), 192, sums)
    assert not sums.any()
