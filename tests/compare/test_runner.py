"""The whole comparison on a tiny network: every row, both tables, the cloud, and the parts that must add up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from azsim.compare.experiment import MatrixChoice, load_experiment
from azsim.compare.runner import compare, default_workers, make_setup, tasks_of
from azsim.compare.setup import compressed
from azsim.compare.single import Single, make_single, run_single
from azsim.errors import InputError, PrivacyError
from azsim.nn.rnnt.save import save_network
from azsim.report.results import Comparison
from azsim.report.write import write_report
from azsim.resources import device_file
from tests.conftest import random_network

EXPERIMENT = """
name = "tiny"
device = "az1"
model = "net.safetensors"
speech = "set.csv"
music = "music.ogg"

[[configuration]]
name = "int8 raw"
codec = "raw"

[[configuration]]
name = "4-bit zvsv 50%"
codec = "zvsv"
weight_bits = 4
sparsity = 0.5
model = "tuned.safetensors"

[configuration.matrices."joint.*"]
weight_bits = 6

[cloud]
name = "cloud"
model = "tuned.safetensors"

[production]
encoder_layers = 2
encoder_units = 48
prediction_layers = 1
prediction_units = 32
embedding = 16
joint = 24
pieces = 40
utterances = 2

[sensitivity]
utterances = 1

[sensitivity.constants]
clock = ["chip.clock_mhz"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_network(random_network(8), folder / "net.safetensors")
    save_network(random_network(9), folder / "tuned.safetensors")
    rng = np.random.default_rng(1)
    lines = ["file,transcript,speech_end_ms,unseen_voice,engine"]
    for index in range(3):
        sound = np.concatenate([rng.normal(0, 0.1, 8000 + 3000 * index), np.zeros(12000)]).astype(np.float32)
        soundfile.write(folder / f"{index}.wav", sound, 16000)
        lines.append(f"{index}.wav,turn on the light,{500 + 187 * index},{index % 2},flite")
    (folder / "set.csv").write_text("\n".join(lines) + "\n")
    soundfile.write(folder / "music.ogg", rng.normal(0, 0.1, (48000, 2)), 48000)
    (folder / "tiny.toml").write_text(EXPERIMENT)
    return folder


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    return compare(make_setup(*load_experiment(folder / "tiny.toml")))


def test_there_is_a_row_per_configuration_and_the_cloud(comparison: Comparison) -> None:
    assert [row.config for row in comparison.rows] == ["int8 raw", "4-bit zvsv 50%", "cloud"]
    assert [row.config for row in comparison.production_rows] == ["int8 raw", "4-bit zvsv 50%"]
    assert all(row.utterances == 3 for row in comparison.rows)
    assert all(row.wer_percent is None for row in comparison.production_rows)


def test_the_baseline_differs_from_itself_by_nothing(comparison: Comparison) -> None:
    raw, small, cloud = comparison.rows
    assert raw.wer_delta_percent == 0
    assert raw.wer_post_training_percent is None
    assert small.wer_post_training_percent is not None
    assert small.model_bytes < raw.model_bytes < cloud.model_bytes
    assert cloud.share_of_fp32 == 1


def test_no_audio_leaves_the_device_except_for_the_cloud(comparison: Comparison) -> None:
    raw, small, cloud = comparison.rows
    assert raw.uplink_bytes_per_utterance == small.uplink_bytes_per_utterance == 0
    assert cloud.uplink_bytes_per_utterance > 1000


def test_parts_add_up(comparison: Comparison) -> None:
    for row in [*comparison.rows, *comparison.production_rows]:
        assert sum(row.energy_by_part_mj_per_utterance.values()) == pytest.approx(row.energy_mj_per_utterance)
        assert 0 <= row.npu_busy_share <= 1
    for result in comparison.utterances:
        parts = result.timing.latency_parts_ms
        assert parts is None or sum(parts.values()) == pytest.approx(result.timing.latency_ms)


def test_production_rows_replay_the_same_words(comparison: Comparison) -> None:
    spoken = {
        config: [
            result.hypothesis for result in comparison.utterances if result.timing_only and result.config == config
        ]
        for config in ("int8 raw", "4-bit zvsv 50%")
    }
    assert spoken["int8 raw"] == spoken["4-bit zvsv 50%"]


def test_sensitivity_has_a_point_per_configuration_constant_and_factor(comparison: Comparison) -> None:
    found = {(point.config, point.constant, point.factor) for point in comparison.sensitivity}
    assert len(found) == len(comparison.sensitivity) == 2 * 3
    assert {factor for _, _, factor in found} == {0.5, 1.0, 2.0}


def test_one_utterance_is_kept_whole(comparison: Comparison) -> None:
    traced = comparison.traced
    assert traced.timeline.spans
    assert traced.ring_counter in traced.timeline.counters
    assert traced.timing_only
    assert traced.why.startswith("of median length among the")


def test_a_report_is_written(comparison: Comparison, tmp_path: Path) -> None:
    out = write_report(comparison, tmp_path / "out")
    for name in ("index.html", "results.csv", "results.json", "manifest.json", "trace.json"):
        assert (out / name).stat().st_size > 0


def test_the_same_experiment_gives_the_same_numbers(folder: Path, comparison: Comparison) -> None:
    again = compare(make_setup(*load_experiment(folder / "tiny.toml")))
    assert again.rows == comparison.rows
    assert again.production_rows == comparison.production_rows


@pytest.mark.slow
def test_every_file_of_a_report_has_the_same_bytes_whoever_makes_it(folder: Path, tmp_path: Path) -> None:
    """Two runs: other processes, other number of workers, other order of hashes, other place of experiment and report.

    There is no time of day in a report, so only the command differs, in the manifest and on the page.
    """
    reports = []
    for workers, hashes in ((1, "0"), (2, "4711")):
        place = tmp_path / f"place {workers}"
        shutil.copytree(folder, place)
        arguments = ["compare", str(place / "tiny.toml"), "--json", "--workers", str(workers)]
        command = [sys.executable, "-m", "azsim", *arguments, "--out", str(place / "report")]
        environment = {**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        files = {path.name: path.read_bytes() for path in (place / "report").iterdir()}
        for name in ("manifest.json", "index.html"):
            files[name], found = re.subn(rb"--workers(&quot;|[\s,\"])+\d", b"--workers", files[name])
            assert found
        manifest = json.loads(files["manifest.json"])
        del manifest["files"]["index.html"], manifest["seal"]  # the page and the manifest hold the command
        files["manifest.json"] = json.dumps(manifest).encode()
        reports.append((files, done.stdout.replace(place.name, "")))
    first, second = reports
    assert {"index.html", "results.csv", "utterances.csv", "results.json", "trace.json", "latency.svg"} <= set(first[0])
    assert [name for name in first[0] if first[0][name] != second[0].get(name)] == []
    assert first == second


def test_overrides_of_one_matrix_reach_its_stream(folder: Path) -> None:
    setup = make_setup(*load_experiment(folder / "tiny.toml"))
    small = compressed(setup, setup.experiment.configuration[1])
    assert small.matrices["joint.output"].encoded.weight_bits == 6
    assert small.matrices["encoder.0.input"].encoded.weight_bits == 4


def test_tasks_start_with_the_longest(folder: Path) -> None:
    tasks = tasks_of(make_setup(*load_experiment(folder / "tiny.toml")))
    assert [task.kind for task in tasks] == ["production", "production", "trained", "trained", "cloud"]
    assert [task.configuration.name for task in tasks if task.traced] == ["4-bit zvsv 50%"]
    assert [task.kind for task in tasks if task.traced] == ["production"]
    assert 1 <= default_workers() <= 8


def test_more_weights_than_memory_are_refused(folder: Path, tmp_path: Path) -> None:
    save_network(random_network(1, hidden=(256, 256, 256)), tmp_path / "big.safetensors")
    device = device_file("az1").read_text()
    (tmp_path / "low.toml").write_text(device.replace("capacity_mib = 512", "capacity_mib = 1"))
    single = Single(str(tmp_path / "low.toml"), str(tmp_path / "big.safetensors"), "raw", 8, 0.0, 1)
    with pytest.warns(UserWarning, match="the part has 512"):
        setup = make_single([folder / "0.wav"], single, None, 10.0)
    with pytest.raises(InputError, match=r"low\.toml: memory\.capacity_mib = 1: must be at least 2: the weights of"):
        run_single(setup, ["azsim", "run"])


def test_bits_that_a_matrix_s_codec_has_no_use_for_are_refused(folder: Path) -> None:
    experiment, path = load_experiment(folder / "tiny.toml")
    chosen = {"joint.*": MatrixChoice(codec="raw", weight_bits=6)}
    wrong = msgspec.structs.replace(experiment.configuration[1], matrices=chosen)
    said = r"tiny\.toml: configuration '4-bit zvsv 50%': matrices\.'joint\.\*'\.weight_bits = 6: codec 'raw'"
    with pytest.raises(InputError, match=said):
        make_setup(msgspec.structs.replace(experiment, configuration=(wrong,)), path)


def test_a_residency_that_cannot_fit_is_refused_before_any_work(folder: Path) -> None:
    experiment, path = load_experiment(folder / "tiny.toml")
    pinned = msgspec.structs.replace(experiment.configuration[0], residency={"encoder.*": "decoded"})
    large = msgspec.structs.replace(experiment.production, encoder_units=512)
    experiment = msgspec.structs.replace(experiment, configuration=(pinned,))
    make_setup(experiment, path)
    said = (
        r"tiny\.toml: configuration 'int8 raw': residency: matrices pinned 'decoded' take \d+ bytes; chip\.sram\.bytes"
    )
    with pytest.raises(InputError, match=said):
        make_setup(msgspec.structs.replace(experiment, production=large), path)


def test_with_local_processing_the_cloud_is_refused_before_any_work(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(device_file("az1").read_text().replace("[chip]\n", "local_processing = true\n[chip]\n", 1))
    experiment, path = load_experiment(folder / "tiny.toml")
    with pytest.raises(PrivacyError, match=r"cloud\.name = 'cloud': device az1: local_processing = true"):
        make_setup(msgspec.structs.replace(experiment, device=str(mine)), path)


def test_skip_modes_that_look_at_activations_run_too(folder: Path, tmp_path: Path) -> None:
    device = device_file("az1").read_text()
    cycles = {}
    for skip in ("weights", "both"):
        path = tmp_path / f"{skip}.toml"
        path.write_text(device.replace('skip = "weights"', f'skip = "{skip}"'))
        single = Single(str(path), str(folder / "net.safetensors"), "zvsv", 4, 0.5, 1)
        comparison = run_single(make_single([folder / "0.wav"], single, None, 10.0), ["azsim", "run"])
        cycles[skip] = comparison.rows[0].energy_by_part_mj_per_utterance["multipliers"]
    assert cycles["both"] < cycles["weights"]
