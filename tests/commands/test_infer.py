"""``azsim infer`` and ``azsim compare`` on networks of their own; ``azsim compress`` on any weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim.cli import main
from azsim.compress import codecs
from azsim.nn.graph.run import run_float
from azsim.nn.graph.stored import save_graph
from tests.deploy.test_inference import INPUT, network

METRIC = 'metric = ["snr", "cosine", "tests.commands.test_infer:largest_difference"]'
EXPERIMENT = f"""
name = "mine"
task = "infer"
model = "net"
input = "x.npz"
device = ["az1", "az2"]
{METRIC}
every_ms = 20

[[configuration]]
name = "whole"

[[configuration]]
name = "small"
codec = "zvsv"
weight_bits = 4
sparsity = 0.5
"""


def largest_difference(found: dict, exact: dict, labels: object) -> float:
    """A user's metric."""
    assert labels is None
    return max(float(np.abs(found[name] - exact[name]).max()) for name in exact)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_graph(network(), tmp_path / "net" / "model.safetensors")
    np.savez(tmp_path / "x.npz", **INPUT)
    (tmp_path / "mine.toml").write_text(EXPERIMENT)
    return tmp_path


def test_outputs_costs_and_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["infer", str(folder / "net"), "--input", str(folder / "x.npz"), "--weight-bits", "5", "--sparsity", "0.5"]
    assert main([*words, "--every-ms", "20", "--out", str(folder / "report"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["cycles"] == pytest.approx(sum(answer["causes"].values()))
    assert answer["config"] == "zvsv-5bit-50%"
    assert {layer["layer"] for layer in answer["layers"]} >= {"conv", "out"}
    names = {"index.html", "layers.csv", "layers.png", "layers.svg", "manifest.json", "outputs.npz", "results.csv",
             "results.json"}  # fmt: skip
    assert {path.name for path in (folder / "report").iterdir()} == names
    outputs = np.load(folder / "report" / "outputs.npz")
    assert outputs["y"].shape == run_float(network().graph, INPUT)["y"].shape
    assert main([*words, "--out", str(folder / "report")]) == 0
    assert "layers of zvsv-5bit-50% on az1" in capsys.readouterr().out


def test_labels_give_accuracy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exact = run_float(network().graph, INPUT)["y"]
    np.save(folder / "labels.npy", np.argmax(exact, axis=1))
    words = ["infer", str(folder / "net"), "--input", str(folder / "x.npz"), "--metric", "accuracy", "--json"]
    assert main([*words, "--labels", str(folder / "labels.npy")]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["accuracy"] > 80


def test_experiment_with_a_users_metric(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(folder / "mine.toml"), "--out", str(folder / "report"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [(row["config"], row["device"]) for row in answer["rows"]] == [
        ("whole", "az1"), ("whole", "az2"), ("small", "az1"), ("small", "az2")
    ]  # fmt: skip
    whole, _, small, _ = answer["rows"]
    assert whole["scores"]["snr"] > small["scores"]["snr"]
    own = "tests.commands.test_infer:largest_difference"
    assert whole["scores"][own] < small["scores"][own]
    assert small["model_bytes"] < whole["model_bytes"]
    lines = (folder / "report" / "results.csv").read_text().splitlines()
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((METRIC, 'metric = "sna"'), "did you mean"),
        ((METRIC, 'metric = "no:thing"'), "No module"),
        ((METRIC, 'metric = "accuracy"'), "needs labels"),
        (("every_ms = 20", "every_ms = 0"), "every_ms"),
        (('input = "x.npz"', 'input = "y.npz"'), "no such file"),
        (('codec = "zvsv"', 'codec = "zv"'), "configuration 'small'"),
        (('name = "small"', 'name = "whole"'), "is there twice"),
        (('model = "net"', 'model = "rnnt-student"'), "is a recogniser"),
        (('model = "net"', 'modell = "net"'), "modell"),
    ],
)  # fmt: skip
def test_wrong_experiment_is_one_line(
    change: tuple[str, str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert change[0] in EXPERIMENT
    (folder / "mine.toml").write_text(EXPERIMENT.replace(*change))
    assert main(["compare", str(folder / "mine.toml"), "--out", str(folder / "report"), "-q"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (folder / "report").exists()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [({"z": INPUT["x"]}, "must be"), ({"x": INPUT["x"][:, :5]}, "must be (n, 24)"),
     ({"x": INPUT["x"] * np.nan}, "finite"), ({**INPUT, "w": INPUT["x"]}, "no input of that name")],
)  # fmt: skip
def test_wrong_input_is_one_line(
    arrays: dict[str, np.ndarray], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(folder / "x.npz", **arrays)
    status = main(["infer", str(folder / "net"), "--input", str(folder / "x.npz"), "-q"])
    if "z" in arrays:  # a single array needs no name
        assert status == 0
        return
    assert status == 2
    assert said in capsys.readouterr().err


def test_network_without_grids_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_graph(replace(network(), grids={}), folder / "net" / "model.safetensors")
    assert main(["infer", str(folder / "net"), "--input", str(folder / "x.npz")]) == 2
    assert "not calibrated" in capsys.readouterr().err


def test_every_codec_on_floats_integers_and_networks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(4)
    np.save(folder / "f.npy", rng.normal(0, 1, (96, 64)).astype(np.float32))
    np.save(folder / "i.npy", rng.integers(-7, 8, (96, 64)).astype(np.int8))
    assert main(["compress", str(folder / "f.npy"), "--weight-bits", "4", "--sparsity", "0.5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    sizes = {row["codec"]: row for row in answer["codecs"]}
    assert list(sizes) == list(codecs())
    assert sizes["raw"]["bits_per_weight"] > 8 > sizes["packed"]["bits_per_weight"] > sizes["ans"]["bits_per_weight"]
    assert all(row["snr_db"] > 5 and row["decoder_cycles"] > 0 for row in sizes.values())
    for given in ("i.npy", "net"):
        assert main(["compress", str(folder / given)]) == 0
        assert "huffman" in capsys.readouterr().out
    np.save(folder / "f.npy", np.full((8, 8), np.nan))
    assert main(["compress", str(folder / "f.npy")]) == 2
    assert "finite" in capsys.readouterr().err
