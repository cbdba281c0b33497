"""``azsim import``: a model checked and written, or one line and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
import azsim
from azsim.cli import main
from tests.nn.onnx.models import BAD, branching, saved, streaming_lstm


def test_model_is_checked_written_and_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(streaming_lstm(), tmp_path)
    rng = np.random.default_rng(1)
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        np.savez(tmp_path / "in" / f"{name}.npz", x=rng.normal(0, 1, (60, 1, 6)))
    words = ["import", str(path), "--out", str(tmp_path / "net"), "--every-ms", "32"]
    assert main([*words, "--calibrate", str(tmp_path / "in"), "--check", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (row,) = answer["checks"]
    assert row["values"] == 2 * 60 * 3
    assert row["float_error"] < 1e-5
    assert row["integer_snr_db"] > 20
    network = azsim.load_network(tmp_path / "net")
    assert network.steps_per_s == 31.25
    assert network.grids
    assert network.digest == answer["digest"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "depends on the inputs"),
        (("--set", "rs=1"), "no input or dimension of that name"),
        (("--set", "sr"), "must be NAME=VALUE"),
        (("--shape", "x=1x0"), "must be INPUT=1xN"),
        (("--set", "sr=16000", "--shape", "x=1x6"), "extent 1 must be 5"),
        (("--set", "sr=16000", "--check"), "needs inputs"),
        (("--set", "sr=16000", "--calibrate", "nowhere"), "no such file"),
        (("--set", "sr=16000", "--every-ms", "0"), "must be above 0"),
    ],
)
def test_wrong_options_are_one_line_and_nothing_is_written(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(branching(), tmp_path)
    if not words:
        words = ("--shape", "sr=1")
        said = "shape of sr|depends on the inputs"
    before = sorted(tmp_path.rglob("*"))
    try:
        status = main(["import", str(path), "--out", str(tmp_path / "net"), *words])
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2
    assert any(each in captured.err for each in said.split("|"))
    assert len(captured.err.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_grids_are_searched_and_operands_made_int16(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, inputs = saved(streaming_lstm(), tmp_path), tmp_path / "x.npy"
    np.save(inputs, np.random.default_rng(1).normal(0, 1, (50, 1, 6)).astype(np.float32))
    words = ["import", str(path), "--out", str(tmp_path / "net"), "--calibrate", str(inputs), "--check", "--json"]
    found = {}
    for more in ((), ("--search",), ("--int16-below", "300"), ("--search", "--int16-below", "300")):
        assert main([*words, *more]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["int16_operands"] == (["x"] if len(more) > 1 and "300" in more else [])
        found[more] = answer["checks"][0]["integer_snr_db"]
    assert found["--search",] >= found[()]
    assert found["--int16-below", "300"] > found[()] - 0.5
    assert {grid.bits for name, grid in azsim.load_network(tmp_path / "net").grids.items() if name == "x"} == {16}
    for words in (("--search",), ("--int16-below", "40"), ("--calibrate", str(inputs), "--int16-below", "nan")):
        assert main(["import", str(path), "--out", str(tmp_path / "other"), *words]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("case", BAD)
def test_a_bad_model_is_one_line_and_nothing_is_written(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(BAD[case][0](), tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["import", str(path), "--out", str(tmp_path / "net")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
