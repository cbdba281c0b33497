"""What the parts of a comparison share: single matrices' choices, and the memory that weights must fit."""

from __future__ import annotations

import pytest

from azsim.compare.experiment import Configuration, MatrixChoice
from azsim.compare.setup import check_capacity, overrides_of
from azsim.compress.recipe import MatrixRecipe
from azsim.devices import load_device
from azsim.errors import InputError


def test_choices_for_single_matrices_become_recipes_in_their_order() -> None:
    chosen = {"joint.*": MatrixChoice(weight_bits=6), "joint.output": MatrixChoice(sparsity=0.0, codec="raw")}
    overrides = overrides_of(Configuration(name="mixed", codec="zvsv", matrices=chosen))
    assert list(overrides.items()) == [
        ("joint.*", MatrixRecipe(weight_bits=6)),
        ("joint.output", MatrixRecipe(sparsity=0.0, codec="raw")),
    ]


def test_weights_may_fill_the_memory_and_no_more() -> None:
    device = load_device("az1")
    capacity_bytes = device.memory.capacity_mib << 20
    check_capacity(device, "az1.toml", "just", capacity_bytes)
    with pytest.raises(InputError) as refused:
        check_capacity(device, "az1.toml", "one more", capacity_bytes + 1)
    assert str(refused.value) == (
        f"az1.toml: memory.capacity_mib = {device.memory.capacity_mib}: must be at least "
        f"{device.memory.capacity_mib + 1}: the weights of 'one more' take {capacity_bytes + 1} bytes"
    )
