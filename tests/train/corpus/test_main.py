from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.train.corpus.__main__ import main
from azsim.train.corpus.store import read_index, write_shard


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["corpus", *words])
    return main()


def test_real_needs_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    assert run(monkeypatch, "real", "--out", str(tmp_path)) == 2
    assert "without --real MANIFEST: set AZSIM_DATA" in capsys.readouterr().err


def test_real_needs_the_evaluation_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "real", "--out", str(tmp_path), "--real", "m.csv") == 2
    assert "build eval first" in capsys.readouterr().err


def test_real_recordings_become_a_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoken: np.ndarray) -> None:
    write_shard(tmp_path / "eval", [])
    soundfile.write(tmp_path / "a.wav", spoken, 16_000)
    (tmp_path / "m.csv").write_text("file,transcript,speaker\na.wav,a latte,s1\n")
    assert run(monkeypatch, "real", "--out", str(tmp_path), "--real", str(tmp_path / "m.csv")) == 0
    (entry,) = read_index(tmp_path / "real")
    assert (entry["split"], entry["text"], entry["frames"]) == ("real-train", "a latte", 98)


@pytest.mark.parametrize(
    "words",
    [
        ("noise", "--seed", "-1"),
        ("noise", "--clips", "0"),
        ("build", "--shards", "-1"),
        ("build", "--shard-utterances", "0"),
        ("eval", "--workers", "0"),
        ("streams", "--commands", "-1"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, *words, "--out", str(tmp_path / "corpus"))
    assert f"argument {words[1]}: {words[2]}: must be a whole number from" in capsys.readouterr().err
    assert not (tmp_path / "corpus").exists()
