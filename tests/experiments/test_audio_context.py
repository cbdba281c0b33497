"""Streams are heard both ways in one order, from the same boundary on, and rows pair them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the study's helpers need the extra `train`")

from azsim.train.recipe_file import load_recipe
from experiments.audio_context.__main__ import BEHIND, draw, findings, markdown, rows_of, trust
from experiments.audio_context.context_cost import Cost, section
from experiments.studies import streams as module
from experiments.studies.hearing import StudyTranscripts
from experiments.studies.streams import BACKGROUNDS, Streams, conditions
from tests.conftest import random_network

WAKES = {
    "stream": (("same voice", "synthetic"), ("other voice", "real")),
    "real-stream": (("same voice", "opening words"),),
}


def kinds() -> Iterator[tuple[str, str, str, str, int]]:
    """Split, voice and source of the wake word, background and number of the command of every stream."""
    for kind, wakes in WAKES.items():
        for number, (voice, source), background, side in product((0, 1), wakes, ("none", "5 dB"), ("train", "dev")):
            yield f"{kind}-{side}", voice, source, background, number


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two synthetic commands and two real ones, each at two levels, and streams to calibrate with."""
    rng = np.random.default_rng(1)
    lines, blocks, start = [], [], 0
    for split, voice, source, background, number in kinds():
        blocks.append(rng.normal(0, 1, (60 + 6 * number, 64)).astype(np.float16))
        placed = {"id": f"{len(lines)}", "split": split, "start_frame": start, "frames": len(blocks[-1])}
        said = {"text": f"play number {number}", "voice": f"v{number}", "speaker": f"s{number}"}
        waking = {"wake_end_ms": 170 + 60 * number, "wake_voice": voice, "wake_source": source}
        lines.append({**placed, **said, **waking, "background": background})
        start += len(blocks[-1])
    folder = tmp_path / "streams"
    folder.mkdir()
    np.concatenate(blocks).tofile(folder / "features.f16")
    (folder / "index.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_both_ways_hear_the_same_after_the_boundary(corpus: Path):
    streams = Streams.load(corpus, random_network(8))
    assert len(streams.utterances) == 12
    assert streams.kept.references == streams.reset.references
    assert not streams.reset.wake_end_ms
    for whole, rest, wake_end_ms in zip(
        streams.kept.features, streams.reset.features, streams.kept.wake_end_ms, strict=True
    ):
        assert np.array_equal(whole[round(wake_end_ms / 60) * 6 :], rest)
    assert streams.clusters[-1] == "s1"
    assert streams.clusters[0] == "v0 play number 0"


def test_rows_pair_kept_and_reset_in_every_condition(corpus: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    streams = Streams.load(corpus, random_network(8))

    def heard(path: Path, codec: str, bits: int, sparsity: float, listening: object) -> StudyTranscripts:
        counts = np.array([[1 if listening is streams.reset else 0, 3]] * 12)
        return StudyTranscripts([], counts, 1, 1)

    monkeypatch.setattr("experiments.audio_context.__main__.hear", heard)
    rows = rows_of(streams, {run: tmp_path / run for run in ("base", "audio_context/kept", "audio_context/reset")})
    assert {row.network for row in rows} == {"fine-tuned for it", "base"}
    by_place = {(r.network, r.commands, r.wake_word, r.background): r for r in rows}
    one = by_place["base", "synthetic", "other voice", BEHIND]
    assert (one.streams, one.words) == (2, 6)
    assert (one.kept_percent, one.reset_percent) == (0, pytest.approx(100 / 3))
    assert one.difference_percent == pytest.approx(-100 / 3)
    assert ("base", "real", "other voice", "none") not in by_place
    assert "| real | same voice | 5 dB | 2 | 0.0" in markdown(rows)
    said = (
        "real commands, same voice: in the quiet, keeping the state helps (0.0 % against 33.3 %, -100 % of its errors)"
    )
    assert f"* fine-tuned for it, {said}" in findings(rows)
    told = " ".join(trust(rows).split())
    steps = load_recipe("audio_context/kept")[1].schedule.steps
    assert f"of {steps:,} steps, one seed. They took the network that keeps its state from 0 % of the words" in told
    assert "They took" not in trust([row for row in rows if row.network == "base"])
    assert draw(rows).axes[0].get_title() == "synthetic commands"


def test_conditions_name_every_kind_of_stream():
    assert ("real", "other voice, synthetic") not in conditions()
    assert BACKGROUNDS == ("none", "10 dB", "5 dB", "0 dB")
    assert module.MEASURED == ("stream-dev", "real-stream-dev")


def test_what_context_fetches_is_given_in_kib():
    lines = section([Cost("trained", 20, 4e6, 3 * 1024, 5, 8e6, 0.5, 0.25)], 24).splitlines()
    heads, cells = ([cell.strip() for cell in line.split("|")] for line in (lines[-3], lines[-1]))
    assert cells[heads.index("fetched KiB")] == "3"
    assert cells[heads.index("of all encoder MACs")] == "50%"
