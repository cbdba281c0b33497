"""One experiment on several devices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.cli import main
from azsim.compare.devices import check_devices, side_by_side
from azsim.compare.experiment import load_experiment
from azsim.compare.runner import compare, make_setup
from azsim.errors import InputError
from azsim.nn.rnnt.save import save_network
from azsim.report.write import write_report
from tests.conftest import random_network
from tests.report import invented

EXPERIMENT = """
name = "tiny"
device = "az1"
model = "net.safetensors"
speech = "set.csv"

[[configuration]]
name = "int8 raw"
codec = "raw"

[[configuration]]
name = "4-bit zvsv"
codec = "zvsv"
weight_bits = 4
"""
SLOW = 'base = "az1"\nname = "slow"\n[chip]\nclock_mhz = 4.0\n'


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("devices")
    save_network(random_network(8), folder / "net.safetensors")
    sound = np.random.default_rng(1).normal(0, 0.1, 12_000)
    soundfile.write(folder / "0.wav", np.concatenate([sound, np.zeros(12_000)]), 16_000)
    (folder / "set.csv").write_text("file,transcript,speech_end_ms\n0.wav,turn on the light,750\n")
    (folder / "slow.toml").write_text(SLOW)
    (folder / "tiny.toml").write_text(EXPERIMENT)
    return folder / "tiny.toml"


def setup_on(experiment: Path, device: str | None):
    return make_setup(*load_experiment(experiment), device=device)


def test_there_is_a_row_per_device_and_configuration_and_each_is_that_of_its_device(
    experiment: Path, tmp_path: Path
) -> None:
    devices = ["az1", str(experiment.parent / "slow.toml")]
    setups = [setup_on(experiment, device) for device in devices]
    check_devices(setups)
    apart = [compare(setup) for setup in setups]
    both = side_by_side(apart)
    assert [(row.device, row.config) for row in both.rows] == [
        (name, f"{name}: {config}") for name in ("az1", "slow") for config in ("int8 raw", "4-bit zvsv")
    ]
    for row, alone in zip(both.rows, [row for one in apart for row in one.rows], strict=True):
        assert replace(row, config=alone.config) == alone
    fast, slow = both.rows[0], both.rows[2]
    assert fast.wer_percent == slow.wer_percent
    assert slow.npu_busy_share > 2 * fast.npu_busy_share
    assert slow.wer_delta_percent == 0
    assert both.settings["device"].startswith("az1: ")
    assert "slow: " in both.settings["device"]
    assert both.settings["seed"] == "1"
    out = write_report(both, tmp_path / "out")
    rows = json.loads((out / "results.json").read_text())["rows"]
    assert [row["device"] for row in rows] == ["az1", "az1", "slow", "slow"]
    described = json.loads((out / "manifest.json").read_text())["configuration"]["devices"]
    assert {name: one["chip"]["clock_mhz"] for name, one in described.items()} == {"az1": 400.0, "slow": 4.0}
    assert "slow: 4-bit zvsv" in (out / "index.html").read_text()


def test_a_device_of_the_command_line_is_found_from_here_and_takes_the_experiment_s_place(
    experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(experiment.parent)
    assert setup_on(experiment, "slow.toml").device.name == "slow"
    assert setup_on(experiment, None).device.name == "az1"
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match=r"--device: slow\.toml: no such file"):
        setup_on(experiment, "slow.toml")


def test_devices_that_could_not_be_told_apart_are_refused(experiment: Path) -> None:
    setups = [setup_on(experiment, "az1"), setup_on(experiment, "az1")]
    with pytest.raises(InputError, match=r"--device: .*two devices named 'az1'; names must differ"):
        check_devices(setups)
    check_devices(setups[:1])


def test_the_command_answers_with_a_row_per_device_and_configuration(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(experiment), "--device", "az1", "--device", str(experiment.parent / "slow.toml")]
    assert main([*words, "--workers", "1", "--out", str(tmp_path / "out"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["device"] == "az1, slow"
    assert [(row["device"], row["config"]) for row in said["rows"]] == [
        (name, f"{name}: {config}") for name in ("az1", "slow") for config in ("int8 raw", "4-bit zvsv")
    ]
    assert main([*words, "--device", "az1", "--out", str(tmp_path / "none")]) == 2
    assert "two devices named 'az1'" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_one_device_is_itself() -> None:
    one = invented.comparison()
    assert side_by_side([one]) is one
