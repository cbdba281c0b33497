"""The compiled engine against the plain-Python one: every number the same."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.nn import kernels
from azsim.nn.formats import JOINT_HIDDEN_BITS
from azsim.nn.integer_rnnt import Encoder, IntegerModel
from azsim.speech.search import Greedy
from tests.nn.plain_integer_rnnt import Reference

SHAPES = [
    pytest.param({"seed": 1}, {}, id="time-reduction"),
    pytest.param({"seed": 2, "hidden": (6, 5), "time_reduction_after": -1, "predictor": (5, 4)}, {}, id="two-layers"),
    pytest.param({"seed": 3, "hidden": (6, 5), "time_reduction_after": 1}, {}, id="reduction-after-the-last-layer"),
    pytest.param({"seed": 4, "hidden": (8, 5), "spread": 6.0}, {}, id="saturating"),
    pytest.param({"seed": 5, "hidden": (8, 5)}, {"weight_bits": 4, "sparsity": 0.5, "codec": "zvsv"}, id="zvsv"),
]


def random_steps(seed: int, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, 192)).astype(np.int8)


@pytest.mark.parametrize(("shape", "recipe"), SHAPES)
def test_equals_plain_integers(make_network, shape, recipe):
    compressed = compress(make_network(**shape), **recipe)
    model = IntegerModel.of(compressed)
    steps = random_steps(shape["seed"])
    encoder, search = Encoder(model, record=True), Greedy(model)
    encoded = encoder.push(steps)
    search.advance(encoded)
    found = search.found()

    reference = Reference(compressed)
    outputs = reference.encoder(steps)
    labels, at, logits = reference.greedy(outputs)
    assert encoded.tolist() == outputs
    assert list(found.labels) == labels
    assert list(found.outputs) == at
    seen = {**encoder.inputs(), **found.inputs}
    assert {name: vectors.tolist() for name, vectors in seen.items()} == reference.inputs
    emitted = [row for row in logits if row.index(max(row)) != 0]
    for row, probability in zip(emitted, found.probabilities, strict=True):
        scores = np.exp((np.array(row) - max(row)) * model.logit_scale)
        assert probability == pytest.approx(1 / scores.sum())


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


def test_formats_come_from_the_activation_scales(make_network):
    from dataclasses import replace

    scales = {"encoder.0.cell": 2.0**-9, "encoder.1.hidden": 2.0**-8, "prediction.0.cell": 2.0**-13}
    compressed = compress(replace(make_network(6), activation_scales=scales))
    steps = random_steps(6, 8)
    assert Encoder(IntegerModel.of(compressed)).push(steps).tolist() == Reference(compressed).encoder(steps)


@pytest.mark.parametrize("scale", [0.3, 0.0, -0.5, float("nan"), 1.0, 2.0**-15])
def test_scales_that_are_no_shift_are_refused(tiny_network, scale):
    from dataclasses import replace

    network = replace(tiny_network, activation_scales={"encoder.0.cell": scale})
    with pytest.raises(InputError, match=r"encoder\.0\.cell.*power of two"):
        IntegerModel.of(compress(network))


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 7], [3, 0, 1, 8], [12]])
def test_pieces_of_any_size_give_the_same(tiny_network, cuts):
    model = IntegerModel.of(compress(tiny_network))
    steps = random_steps(7)
    whole, pieces = Encoder(model, record=True), Encoder(model, record=True)
    expected = whole.push(steps)
    parts = [pieces.push(part) for part in np.split(steps, np.cumsum(cuts)[:-1])]
    assert np.array_equal(np.concatenate(parts), expected)
    for name, vectors in whole.inputs().items():
        assert np.array_equal(pieces.inputs()[name], vectors)


def test_zero_in_zero_products(tiny_network):
    """With zero-point 0 a zero input adds exactly nothing: what lets the chip skip it."""
    model = IntegerModel.of(compress(tiny_network))
    sums = np.full(8, 99, np.int32)
    kernels.multiply(model.weights, 0, 8, np.zeros(192, np.int8), 192, sums)
    assert not sums.any()
