"""``azsim matvec``: the same figures as the python face, one object per file pair, wrong shapes in one line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

import azsim
from azsim.cli import main
from azsim.commands.matvec import perform
from azsim.errors import InputError

RNG = np.random.default_rng(0)
WEIGHTS = (RNG.integers(-15, 16, (40, 64)) * (RNG.random((40, 64)) < 0.5)).astype(np.int8)
FRAMES = RNG.integers(-128, 128, (3, 64)).astype(np.int8)


def options(weights: Path, activations: Path, **others: object) -> argparse.Namespace:
    chosen = {"device": "az1", "codec": "raw", "weight_bits": 8, "residency": None, "layer": None, "json": True}
    return argparse.Namespace(weights=weights, activations=activations, **{**chosen, **others})


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    np.save(tmp_path / "w.npy", WEIGHTS)
    np.save(tmp_path / "x.npy", FRAMES)
    return tmp_path / "w.npy", tmp_path / "x.npy"


@pytest.mark.parametrize("device", ["az1", "eie", "systolic-32"])
def test_it_says_what_the_python_face_says(files: tuple[Path, Path], device: str) -> None:
    answer = json.loads(json.dumps(perform(options(*files, device=device, codec="zvsv", weight_bits=5))))
    cost = azsim.matvec(azsim.load_device(device), WEIGHTS, FRAMES, codec="zvsv", weight_bits=5)
    assert answer["cycles"] == sum(answer["causes"].values()) == cost.cycles
    assert answer["effectual_products"] == cost.effectual_products
    assert answer["causes"] == dict(cost.causes)
    assert answer["dram_bytes"] == cost.dram_bytes
    assert answer["energy_pj"] == pytest.approx(dict(cost.energy_pj))
    assert answer["layers"][0]["frames"] == 3


def test_layers_are_run_one_by_one_and_added_up(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=WEIGHTS, b=WEIGHTS != 0)
    np.savez(tmp_path / "x.npz", b=FRAMES, a=FRAMES[0])
    both = perform(options(tmp_path / "w.npz", tmp_path / "x.npz"))
    assert [layer["layer"] for layer in both["layers"]] == ["a", "b"]
    assert both["cycles"] == sum(layer["cycles"] for layer in both["layers"]) == sum(both["causes"].values())
    only = perform(options(tmp_path / "w.npz", tmp_path / "x.npz", layer="b"))
    assert only["cycles"] == both["layers"][1]["cycles"]
    with pytest.raises(InputError, match=r"--layer 'bb': not there; there are a, b; did you mean 'b'"):
        perform(options(tmp_path / "w.npz", tmp_path / "x.npz", layer="bb"))


def test_text_masks_and_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.txt").write_text("0110\n1111\n")
    (tmp_path / "x.txt").write_text("1 0 1 1\n")
    answer = perform(options(tmp_path / "w.txt", tmp_path / "x.txt", json=False))
    shown = capsys.readouterr().out
    assert "2 x 4 x 1" in shown
    assert answer["effectual_products"] == 6
    for cause in answer["causes"]:
        assert cause in shown


def test_shapes_that_do_not_fit_name_both_files(files: tuple[Path, Path], tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", FRAMES[:, :60])
    with pytest.raises(InputError, match=r"short\.npy: shape \(3, 60\): must be \(64,\) or \(frames, 64\).*w\.npy"):
        perform(options(files[0], tmp_path / "short.npy"))
    np.save(tmp_path / "flat.npy", WEIGHTS[0])
    with pytest.raises(InputError, match=r"flat\.npy: shape \(64,\): weights must be \(rows, columns\)"):
        perform(options(tmp_path / "flat.npy", files[1]))


def test_the_command_line_prints_one_object(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matvec", "--weights", str(files[0]), "--activations", str(files[1]), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["cycles"] == sum(answer["causes"].values()) > 0
    assert main(["matvec", "--weights", str(files[0]), "--activations", "none.npy"]) == 2
    assert capsys.readouterr().err == "azsim: none.npy: no such file; a file of matrices is needed\n"
