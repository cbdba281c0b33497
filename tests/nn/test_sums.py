"""Sums of int8 products that may not fit an int32 are refused, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import azsim
from azsim.compress import compress
from azsim.errors import InputError
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.save import save_network
from azsim.nn.sums import INT32_MAX, check_sums, largest


@settings(max_examples=200, deadline=None)
@given(
    columns=st.integers(1, 300_000), most_input=st.integers(0, 128), most_weight=st.integers(0, 128),
    added=st.sampled_from([0, 1000, 2**31 - 1]),
)  # fmt: skip
def test_exactly_what_may_not_fit_is_refused(columns: int, most_input: int, most_weight: int, added: int) -> None:
    worst = sum((columns * most_input * most_weight, added))
    if worst <= INT32_MAX:
        check_sums("m", columns, most_input, most_weight, added)
        return
    with pytest.raises(InputError, match=f"m: {columns} products of inputs up to {most_input} and weights up to"):
        check_sums("m", columns, most_input, most_weight, added)


def test_the_largest_of_int8_is_128() -> None:
    assert largest(np.array([3, -128, 127], np.int8)) == 128
    assert largest(np.array([-3, 127], np.int8)) == 127
    assert largest(np.zeros(0, np.int8)) == 0


def test_a_product_that_would_wrap_is_refused_by_matvec() -> None:
    device = azsim.load_device("az1")
    weights, vector = np.full((1, 131_072), -128, np.int8), np.full(131_072, -128, np.int8)
    with pytest.raises(
        InputError, match="weights: 131072 products of inputs up to 128 and weights up to 128 may exceed"
    ):
        azsim.matvec(device, weights, vector)
    fits = azsim.matvec(device, weights[:, :131_071], vector[:131_071])
    assert fits.output.tolist() == [131_071 * 16_384]
    ones = azsim.matvec(device, weights, np.ones(131_072, np.int8))
    assert ones.output.tolist() == [-128 * 131_072]


def test_a_network_with_too_many_columns_is_refused_when_it_is_loaded(make_network, tmp_path) -> None:
    network = make_network(1)
    wide = 133_200
    parameters = dict(network.parameters)
    rows = parameters["joint.encoder"].shape[0]
    parameters["joint.output"] = np.zeros((len(network.pieces), wide), np.float32)
    for name in ("joint.encoder", "joint.prediction"):
        parameters[name] = np.zeros((wide, parameters[name].shape[1]), np.float32)
    parameters["joint.bias"] = np.zeros(wide, np.float32)
    assert rows != wide
    save_network(replace(network, parameters=parameters), tmp_path / "wide.safetensors")
    said = (
        r"wide\.safetensors: joint\.output: 133200 products of inputs up to 127 and weights up to 127 .* 133144 columns"
    )
    with pytest.raises(InputError, match=said):
        load_network(tmp_path / "wide.safetensors")


def test_the_engine_checks_the_weights_that_it_computes_with(make_network) -> None:
    small = compress(make_network(1))
    IntegerModel.of(small)
    wide = dict(small.decoded)
    wide["joint.encoder"] = np.full((wide["joint.encoder"].shape[0], 132_500), -128, np.int8)
    changed = replace(small)
    changed.__dict__["decoded"] = wide
    with pytest.raises(InputError, match=r"joint\.encoder: 132500 products of inputs up to 127 and weights up to 128"):
        IntegerModel.of(changed)
