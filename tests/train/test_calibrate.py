"""Calibration picks the finest grid that holds what was seen, and stores it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.save import save_network
from azsim.train.calibrate import calibrate, main, recordings


@pytest.fixture
def manifest(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        soundfile.write(tmp_path / f"{i}.wav", 0.1 * rng.standard_normal(8000), 16_000)
    path = tmp_path / "manifest.csv"
    path.write_text("file,transcript\n0.wav,a\n1.wav,b\n2.wav,c\n")
    return path


def test_scales_hold_what_was_seen(make_network):
    network = make_network(3, spread=2.0)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (120, 64)).astype(np.float32) for _ in range(3)]
    seen: dict[str, list[np.ndarray]] = {}

    def observe(name: str, values: np.ndarray) -> None:
        seen.setdefault(name, []).append(np.abs(values).ravel())

    FloatTransducer(network, observe).recognise(features)
    scales = calibrate(network, features)
    assert scales["features"] == pytest.approx(4 / 127)
    for layer in ("encoder.0", "encoder.1", "encoder.2", "prediction.0"):
        cell, hidden = scales[f"{layer}.cell"], scales[f"{layer}.hidden"]
        assert math.log2(cell) == int(math.log2(cell))
        high = float(np.percentile(np.concatenate(seen[f"{layer}.cell"]), 99.9))
        assert cell == 2.0**-14 or high <= 32768 * cell < 2 * high
        assert hidden <= 2.0**-7


def test_command_rewrites_the_model(tiny_network, manifest, tmp_path, capsys):
    model = tmp_path / "model.safetensors"
    save_network(tiny_network, model)
    assert main([str(model), str(manifest)]) == 0
    read = load_network(model)
    assert read.verified
    assert "encoder.2.cell" in read.activation_scales
    assert "sealed" in capsys.readouterr().out


def test_bad_arguments_and_manifests(tmp_path, capsys):
    assert main(["one"]) == 2
    assert main([str(tmp_path / "no.safetensors"), str(tmp_path / "no.csv")]) == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "m.csv").write_text("name\na\n")
    with pytest.raises(InputError, match="column 'file'"):
        recordings(tmp_path / "m.csv")


def test_recordings_are_spread_evenly(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("file\n" + "".join(f"{i}.wav\n" for i in range(100)))
    chosen = recordings(path, most=10)
    assert [each.name for each in chosen] == [f"{i}.wav" for i in range(0, 100, 10)]
