"""What the tables say of a compressed network, and the reload before its first job."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azsim.chip.build import tile_layout
from azsim.compare.trained import deploy, describe, mean_weight_bits
from azsim.compress import MatrixRecipe, compress
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.errors import InputError
from azsim.speech.search.choice import GREEDY
from tests.conftest import random_network

AZ1 = load_device("az1")


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    overrides = {"joint.*": MatrixRecipe(codec="packed", weight_bits=6)}
    return compress(
        random_network(5), weight_bits=4, sparsity=0.5, codec="zvsv", layout=tile_layout(AZ1.chip), overrides=overrides
    )


def test_a_configuration_is_described_by_its_bits(small: CompressedNetwork) -> None:
    told = describe(small, timing_only=True)
    parameters = small.network.parameters
    joint = sum(value.size for name, value in parameters.items() if name.startswith("joint.") and value.ndim == 2)
    assert told.codec == "zvsv, packed"
    assert told.weight_bits == mean_weight_bits(small) == pytest.approx(4 + 2 * joint / small.network.weights)
    assert told.sparsity == small.sparsity
    assert told.model_bytes == small.model_bytes
    every = sum(value.size for value in parameters.values())
    assert told.share_of_fp32 == small.model_bytes / (4 * every)
    assert told.timing_only
    assert not describe(small).timing_only


def test_a_wrong_residency_is_said_with_its_configuration(small: CompressedNetwork) -> None:
    pinned = SimpleNamespace(name=small.name, residency={"encoder.9.input": "decoded"})
    other = SimpleNamespace(name="other", residency={"nothing": "decoded"})
    setup = SimpleNamespace(
        experiment=SimpleNamespace(configuration=(other, pinned), frames_per_step=1, search=GREEDY), source="mine.toml"
    )
    with pytest.raises(InputError, match=rf"mine\.toml: configuration '{small.name}': .*encoder\.9\.input"):
        deploy(setup, AZ1, small)
    pinned.residency = {"encoder.0.input": "streamed"}
    assert deploy(setup, AZ1, small).plan.modes.get("encoder.0.input", "streamed") == "streamed"
