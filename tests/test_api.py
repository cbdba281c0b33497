"""The public face, as the README shows it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import azsim
from azsim.resources import shipped

RECORDING = shipped("experiments", "speech/test-seen-001.flac")


def test_the_flow_of_the_readme(tmp_path: Path) -> None:
    device = azsim.load_device("az1")
    network = azsim.load_network("rnnt-student")
    small = azsim.compress(network, weight_bits=5, sparsity=0.5, codec="zvsv")
    result = azsim.run(device, small, RECORDING, music=True)
    assert result.transcript == " ".join(word.text for word in result.words)
    assert result.timeline.energy_pj["dram"] > 0
    assert result.metrics.model_bytes == small.model_bytes
    assert (result.report(tmp_path / "out") / "index.html").stat().st_size > 10_000
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (recorded,) = manifest["configuration"]["experiment"]["configuration"]
    assert (recorded["codec"], recorded["weight_bits"], recorded["sparsity"]) == ("zvsv", 5, 0.5)


def test_encode_and_decode() -> None:
    matrix = np.array([[0, 3, -3], [0, 0, 7]], np.int8)
    encoded = azsim.encode(matrix, codec="zvsv", weight_bits=2)
    assert encoded.bits_per_weight > 0
    np.testing.assert_array_equal(azsim.decode(encoded), matrix)
    np.testing.assert_array_equal(azsim.decode(encoded.data), matrix)
    with pytest.raises(azsim.CodecError):
        azsim.decode(encoded.data[:-1])
    assert {"raw", "packed", "bitmap", "palette", "zvsv"} <= set(azsim.codecs())


def test_matvec() -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-5, 6, (64, 48)).astype(np.int8)
    activations = rng.integers(-128, 128, 48).astype(np.int8)
    cost = azsim.matvec(azsim.load_device("az1").chip, weights, activations)
    assert sum(cost.causes.values()) == cost.cycles
    assert cost.effectual_products == np.count_nonzero(weights)


def test_the_errors_are_public() -> None:
    assert issubclass(azsim.CodecError, azsim.InputError)
    assert issubclass(azsim.InputError, azsim.AzsimError)
    assert issubclass(azsim.WorkError, azsim.AzsimError)
    with pytest.raises(azsim.InputError, match="seed = -1: must be a whole number from 0"):
        azsim.run("az1", None, RECORDING, seed=-1)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        azsim.nonsense  # noqa: B018 - the access is the test


def test_importing_azsim_loads_nothing_heavy() -> None:
    code = "import sys, azsim, azsim.cli; print(sorted({'numba', 'matplotlib', 'pandas'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_types_of_public_names_are_told() -> None:
    """A type checker cannot follow `__getattr__`; what it is told instead is the same."""
    tree = ast.parse(Path(azsim.__file__).read_text(encoding="utf-8"))
    (told,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = {name.asname: one.module for one in told.body for name in one.names}
    assert imports == azsim._HOMES
