"""Streams to learn from: their targets are those of the utterances in them; the same seed gives the same stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.endpointing.voice_activity import FRAMES  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.detector import DetectorSizes  # noqa: E402
from azsim.train.graph_module import GraphModule  # noqa: E402
from azsim.train.tasks.voice_activity import UNKNOWN, VoiceActivityData, VoiceActivityTask  # noqa: E402


def entry(name: str, split: str, start_ms: int, end_ms: int, speaker: str = "") -> dict[str, str | int]:
    return {"id": name, "split": split, "speech_start_ms": start_ms, "speech_end_ms": end_ms, "speaker": speaker}


def spoken(rng: np.random.Generator, *parts: tuple[int, float]) -> np.ndarray:
    levels = np.concatenate([np.full(length, level) for length, level in parts])
    return (levels[:, None] + rng.normal(0, 0.1, (len(levels), 64))).astype(np.float16)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    made = [(entry(f"s{i}", "train", 300, 1100), spoken(rng, (30, 5), (80, 14), (60, 5))) for i in range(3)]
    write_shard(tmp_path / "shard-00", made)
    people = [
        (entry(f"r{name}", "real-train", 0, 0, name), spoken(rng, (40, 5), (50, 14), (40, 5), (30, 13), (60, 5)))
        for name in "abcd"
    ]
    write_shard(tmp_path / "real", people)
    read = [(entry("l", "real-unlabelled", 0, 0), spoken(rng, (20, 5), (100, 14), (20, 5)))]
    write_shard(tmp_path / "unlabelled", read)
    write_shard(tmp_path / "noise", [(entry("n", "noise", 0, 0), spoken(rng, (200, 8)))])
    return tmp_path


def task(corpus: Path, **data: object) -> VoiceActivityTask:
    return VoiceActivityTask(DetectorSizes(dense=8, units=8), VoiceActivityData(streams=2, steps=100, **data), corpus)


def test_targets_follow_the_sound_in_a_stream_without_noise(corpus: Path) -> None:
    found = task(corpus, noise_share=0, no_speech_share=0)
    for seed in range(12):
        frames, speech, ended = found.stream(np.random.default_rng(seed))
        level = frames.mean(axis=1)
        loud = level > (level.max() + level.min()) / 2
        assert np.mean(loud == speech.astype(bool)) > 0.93  # steps that hold both are either
        assert not ((ended == 1) & (speech == 1)).any()
        assert set(np.unique(ended)) <= {UNKNOWN, 0, 1}
        turns = np.flatnonzero(np.diff((ended == 1).astype(int)) == 1)
        assert all(not speech[turn + 1 : turn + 10].any() for turn in turns)


def test_a_pause_is_not_the_end_and_a_cut_recording_has_none(corpus: Path) -> None:
    people = task(corpus, real_share=1, read_share=0, noise_share=0, no_speech_share=0)
    _, speech, ended = people.stream(np.random.default_rng(0))
    assert ((speech == 0) & (ended == 0)).sum() >= 10
    read = task(corpus, real_share=0, read_share=1, noise_share=0, no_speech_share=0)
    assert not (read.stream(np.random.default_rng(0))[2] == 1).any()


def test_nobody_speaks_in_noise_alone(corpus: Path) -> None:
    _, speech, ended = task(corpus, no_speech_share=1).stream(np.random.default_rng(0))
    assert not speech.any()
    assert (ended == UNKNOWN).all()


def test_people_who_are_held_out_are_measured_alone(corpus: Path) -> None:
    for fold in range(4):
        made = task(corpus, fold=fold)
        held = {each.line.speaker for each in made._held_out}
        assert len(held) == 1
        assert not held & {each.line.speaker for each in made._real}


def test_a_batch_is_repeated_and_has_a_gradient(corpus: Path) -> None:
    made = task(corpus)
    first, again = (made.batch(np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.inputs[FRAMES], again.inputs[FRAMES])
    module = GraphModule(made.graph(np.random.default_rng(0)))
    loss = made.loss(module({FRAMES: torch.from_numpy(first.inputs[FRAMES])}), first)
    loss.backward()
    assert all(float(each.grad.abs().sum()) > 0 for each in module.parameters())
    measured = made.measure(lambda inputs: {"posteriors": np.full((len(inputs[FRAMES]), 2), 0.7)})
    assert set(measured) == {
        "speech_missed_percent", "quiet_as_speech_percent", "pause_as_end_percent", "end_missed_percent"
    }  # fmt: skip


def test_a_corpus_without_noise_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "shard-00", [(entry("s", "train", 0, 0), np.zeros((9, 64), np.float16))])
    with pytest.raises(InputError, match=r"holds no noise"):
        task(tmp_path)
