"""Model updates through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim.cli import main
from azsim.nn.network import Network
from azsim.nn.save import save_network


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """Run ``azsim update ... --json``, which must succeed; what it printed."""

    def run(*arguments: object) -> dict[str, object]:
        assert main(["update", *map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_release_from_the_network_to_the_device(tiny_network: Network, tmp_path: Path, told, capsys) -> None:
    rng = np.random.default_rng(1)
    moved = {k: v + np.float32(0.01) * rng.standard_normal(v.shape).astype(np.float32)
             for k, v in tiny_network.parameters.items()}  # fmt: skip
    paths = {name: tmp_path / name for name in ("1.safetensors", "2.safetensors", "1.azm", "2.azm", "1.azu", "2.azu")}
    save_network(tiny_network, paths["1.safetensors"])
    save_network(replace(tiny_network, parameters=moved), paths["2.safetensors"])
    key, store = tmp_path / "k.pem", tmp_path / "store"
    public = told("key", key)["public_key"]
    old = told("image", paths["1.safetensors"], "--out", paths["1.azm"])
    new = told("image", paths["2.safetensors"], "--after", paths["1.azm"], "--out", paths["2.azm"])
    told("make", paths["1.azm"], "--release", 1, "--key", key, "--out", paths["1.azu"])
    made = told("make", paths["2.azm"], "--old", paths["1.azm"], "--release", 2, "--key", key, "--out", paths["2.azu"])
    assert (made["kind"], made["old_sha256"], made["new_sha256"]) == ("delta", old["sha256"], new["sha256"])
    told("apply", paths["1.azu"], "--store", store, "--trust", public)
    assert told("apply", paths["2.azu"], "--store", store)["slot"] == "b"
    assert told("inspect", store)["new_sha256"] == new["sha256"]
    assert told("inspect", paths["2.azu"], "--trust", public)["version"] == 2
    assert told("inspect", paths["2.azm"])["sha256"] == new["sha256"]
    assert main(["update", "apply", str(paths["1.azu"]), "--store", str(store)]) == 2
    assert "must be higher" in capsys.readouterr().err
    assert main(["update", "apply", str(paths["1.azu"]), "--store", str(store), "--allow-rollback"]) == 0
    assert "random-8 version 1 (full)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "x.azm", "--release", "0", "--key", "k", "--out", "o"], "must be a whole number"),
        (["make", "x.azm", "--release", "1", "--key", "k", "--out", "o", "--mask-seed", "1"], "both or neither"),
        (["make", "x.azm", "--release", "1", "--key", "k", "--out", "o"], "k: no such file"),
        (["inspect", "nowhere.azm"], "nowhere.azm: no such file"),
        (["apply", "u", "--store", "nowhere"], "u: no such file"),
        ([], "ACTION"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], words: str, capsys) -> None:
    try:
        status = main(["update", *arguments])
    except SystemExit as left:
        status = left.code
    error = capsys.readouterr().err
    assert status == 2
    assert words in error
    assert len(error.splitlines()) == 1
