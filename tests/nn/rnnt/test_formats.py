"""Grids from the scales of a checkpoint, and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.nn.rnnt.formats import Formats, LstmFormat, held_biases
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.network import Network
from tests.nn.rnnt.plain_integer_rnnt import Reference


def random_steps(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, 192)).astype(np.int8)


def test_what_is_not_said_has_its_default(tiny_network: Network) -> None:
    formats = Formats.of(tiny_network)
    assert formats.lstm == dict.fromkeys(
        ["encoder.0", "encoder.1", "encoder.2", "prediction.0"], LstmFormat(cell_bits=11, hidden_bits=7)
    )
    assert formats.feature_scale == tiny_network.feature_clip / 127


def test_biases_are_held_in_int16_but_for_the_logits(tiny_network: Network) -> None:
    large = {name: 100 * np.sign(value) for name, value in tiny_network.parameters.items() if value.ndim == 1}
    held = held_biases(replace(tiny_network, parameters={**tiny_network.parameters, **large}))
    assert {"encoder.0.bias", "prediction.0.bias", "joint.bias"} <= set(held)
    assert "joint.output_bias" not in held
    for name, value in held.items():
        assert value.dtype == np.float32
        assert np.array_equal(value * 2.0**11, 32767 * np.sign(large[name]))


def test_scales_read_back_give_the_same_formats(tiny_network: Network) -> None:
    said = {"encoder.0.cell": 2.0**-14, "encoder.2.cell": 0.5, "prediction.0.hidden": 2.0**-9}
    formats = Formats.of(replace(tiny_network, activation_scales=said))
    assert formats.lstm["encoder.0"] == LstmFormat(14, 7)
    assert formats.lstm["encoder.2"] == LstmFormat(1, 7)
    assert formats.lstm["prediction.0"] == LstmFormat(11, 9)
    scales = formats.scales()
    assert said.items() <= scales.items()
    assert Formats.of(replace(tiny_network, activation_scales=scales)) == formats
    layers = {f"{layer}.{part}" for layer in formats.lstm for part in ("gates", "cell", "hidden")}
    assert set(scales) == layers | {"features", "joint.sum", "joint.hidden"}
    assert {scales[f"{layer}.gates"] for layer in formats.lstm} == {2.0**-11}


def test_formats_come_from_the_activation_scales(make_network):
    scales = {"encoder.0.cell": 2.0**-9, "encoder.1.hidden": 2.0**-8, "prediction.0.cell": 2.0**-13}
    compressed = compress(replace(make_network(6), activation_scales=scales))
    steps = random_steps(6, 8)
    assert Encoder(IntegerModel.of(compressed)).push(steps).tolist() == Reference(compressed).encoder(steps)


@pytest.mark.parametrize("scale", [0.3, 0.0, -0.5, float("nan"), 1.0, 2.0**-15])
def test_scales_that_are_no_shift_are_refused(tiny_network, scale):
    network = replace(tiny_network, activation_scales={"encoder.0.cell": scale})
    with pytest.raises(InputError, match=r"encoder\.0\.cell.*power of two"):
        IntegerModel.of(compress(network))
