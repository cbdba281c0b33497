"""The compiled engine against the plain-Python one: every number the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.speech.search.greedy import Greedy
from tests.nn.rnnt.plain_integer_rnnt import Reference

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


@pytest.mark.parametrize("exponent", [-140, -126, -60, 60])
def test_weights_of_any_size_give_the_numbers_of_plain_integers(tiny_network, exponent):
    """Matrices near zero or huge: the codes stay, gates and logits saturate or vanish, and no sum wraps."""
    parameters = {
        name: np.ldexp(value, exponent) if value.ndim == 2 else value
        for name, value in tiny_network.parameters.items()
    }
    compressed = compress(replace(tiny_network, parameters=parameters), codec="palette", weight_bits=4)
    for name, values in compress(tiny_network, codec="palette", weight_bits=4).decoded.items():
        if exponent > -120:
            np.testing.assert_array_equal(compressed.decoded[name], values)
    if exponent > 0:
        with pytest.raises(InputError, match=r"below 2\*\*30"):
            IntegerModel.of(compressed)
        return
    model, reference = IntegerModel.of(compressed), Reference(compressed)
    steps = random_steps(1)
    search, encoded = Greedy(model), Encoder(model).push(steps)
    search.advance(encoded)
    labels, at, _ = reference.greedy(reference.encoder(steps))
    assert (list(search.found().labels), list(search.found().outputs)) == (labels, at)


def test_steps_of_another_width_are_refused(tiny_network):
    with pytest.raises(InputError, match=r"steps of shape \(12, 191\): must be \(n, 192\)"):
        Encoder(IntegerModel.of(compress(tiny_network))).push(random_steps(1)[:, 1:])


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
