"""What the parts of a comparison share: single matrices' choices, and the memory that weights must fit."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

import azsim
from azsim.compare.experiment import Configuration, MatrixChoice
from azsim.compare.setup import check_capacity, configuration_of, open_device, overrides_of
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import MatrixRecipe
from azsim.compress.stored import load_compressed, save_compressed
from azsim.devices import load_device
from azsim.errors import InputError
from azsim.nn.rnnt.network import EMBEDDING
from tests.conftest import random_network


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


def test_a_setup_is_made_in_one_place() -> None:
    package = Path(azsim.__file__).parent
    studies = package.parent / "experiments"
    makers = set()
    for module in [*package.rglob("*.py"), *studies.rglob("*.py")]:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        taken = {
            name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "azsim.compare.setup"
            for name in node.names
        }
        calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "id")}
        if "Setup" in calls and ("Setup" in taken or module.match("compare/setup.py")):
            makers.add(module.relative_to(package.parent).as_posix())
    assert makers == {"azsim/compare/setup.py"}


def rebuilt(configuration: Configuration, small: CompressedNetwork) -> CompressedNetwork:
    """What the configuration makes of the same network."""
    return compress(
        small.network,
        weight_bits=configuration.weight_bits,
        sparsity=configuration.sparsity,
        codec=configuration.codec,
        overrides=overrides_of(configuration),
    )


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"joint.*": MatrixRecipe(weight_bits=6), "encoder.0.recurrent": MatrixRecipe(sparsity=0.25)},
        {"prediction.embedding": MatrixRecipe(sparsity=0.5, codec="raw", weight_bits=8)},
        {"joint.*": MatrixRecipe(options={"bypass": "zero-value"})},
    ],
)
def test_the_configuration_of_a_compressed_network_is_what_was_asked_for(
    overrides: Mapping[str, MatrixRecipe],
) -> None:
    small = compress(random_network(1), name="mine", weight_bits=5, sparsity=0.5, codec="zvsv", overrides=overrides)
    found = configuration_of(small)
    assert (found.name, found.codec, found.weight_bits, found.sparsity) == ("mine", "zvsv", 5, 0.5)
    assert bool(found.matrices) == bool(overrides)
    again = rebuilt(found, small)
    assert {name: one.encoded.data for name, one in again.matrices.items()} == {
        name: one.encoded.data for name, one in small.matrices.items()
    }


def test_the_configuration_of_bitstreams_that_were_read_is_what_they_hold(tmp_path: Path) -> None:
    small = compress(random_network(1), weight_bits=3, sparsity=0.5, codec="zvsv")
    save_compressed(small, tmp_path / "mine.safetensors")
    read = load_compressed(tmp_path / "mine.safetensors")
    found = configuration_of(read)
    assert (found.codec, found.weight_bits) == ("zvsv", 3)
    for name in read.matrices:
        default = 0.0 if name == EMBEDDING else found.sparsity
        share = found.matrices[name].sparsity if name in found.matrices else default
        assert share == pytest.approx((read.decoded[name] == 0).mean())


def test_a_device_is_opened_by_name_path_or_as_it_is(tmp_path: Path) -> None:
    az1, file = open_device("az1")
    assert Path(file).name == "az1.toml"
    assert open_device(az1) == (az1, "device az1")
    with pytest.raises(InputError, match="az11"):
        open_device("az11")
