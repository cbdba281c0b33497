"""Streams to learn the wake word from, the threshold that is chosen on those held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.wake_detector import FRAMES, POSTERIOR  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.detector import DetectorSizes  # noqa: E402
from azsim.train.graph_module import GraphModule  # noqa: E402
from azsim.train.graph_trainer import as_tensors  # noqa: E402
from azsim.train.tasks.wake_word import TARGET_MS, UNKNOWN, WakeWord, WakeWordData  # noqa: E402


def entry(name: str, split: str, start_ms: int, end_ms: int, speaker: str, source: str) -> dict[str, str | int]:
    return {
        "id": name, "split": split, "speech_start_ms": start_ms, "speech_end_ms": end_ms, "speaker": speaker,
        "source": source,
    }  # fmt: skip


def spoken(rng: np.random.Generator, *parts: tuple[int, float]) -> np.ndarray:
    levels = np.concatenate([np.full(length, level) for length, level in parts])
    return (levels[:, None] + rng.normal(0, 0.1, (len(levels), 64))).astype(np.float16)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The word is at level 16, all else at 12, the room at 5."""
    rng = np.random.default_rng(1)
    words = [
        (entry(f"w{name}", "wake-word", 400, 900, name, source), spoken(rng, (40, 5), (50, 16), (40, 5)))
        for name, source in (*((each, "real") for each in "abcdefgh"), ("x", "synth"))
    ]
    near = [(entry("n", "wake-near", 300, 700, "x", "synth"), spoken(rng, (30, 5), (40, 12), (30, 5)))]
    write_shard(tmp_path / "wake", [*words, *near])
    write_shard(tmp_path / "shard-00", [(entry("s", "train", 300, 1100, "x", "synth"), spoken(rng, (110, 12)))])
    read = [(entry(f"l{name}", "real-unlabelled", 0, 0, name, "real"), spoken(rng, (200, 12))) for name in "pqrs"]
    write_shard(tmp_path / "unlabelled", read)
    write_shard(tmp_path / "noise", [(entry("z", "noise", 0, 0, "", "synth"), spoken(rng, (200, 8)))])
    return tmp_path


def task(corpus: Path, **data: object) -> WakeWord:
    return WakeWord(DetectorSizes(dense=8, units=8), WakeWordData(streams=2, steps=100, **data), corpus)


def test_the_target_follows_the_word_and_nothing_else(corpus: Path) -> None:
    found = task(corpus, noise_share=0, noise_only_share=0, gap_ms=(600, 900), joined_share=0)
    seen = 0
    for seed in range(12):
        frames, target = found.stream(np.random.default_rng(seed))
        assert frames.shape == (100, 192)
        assert set(np.unique(target)) <= {UNKNOWN, 0, 1}
        starts = np.flatnonzero(np.diff(np.concatenate([[0], (target == 1).astype(int)])) == 1)
        for start in starts:
            run = int(np.argmin(np.concatenate([target[start:] == 1, [False]])))
            assert run <= TARGET_MS // 30 + 1
            seen += 1
    assert seen > 5


def test_a_seed_gives_the_same_batch(corpus: Path) -> None:
    one, other = (task(corpus).batch(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.inputs[FRAMES], other.inputs[FRAMES])
    assert np.array_equal(one.targets["ended"], other.targets["ended"])


def test_a_step_lowers_the_loss_of_its_batch(corpus: Path) -> None:
    found = task(corpus)
    module = GraphModule(found.graph(np.random.default_rng(1)))
    batch = found.batch(np.random.default_rng(2))
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    losses = []
    for _ in range(6):
        optimiser.zero_grad()
        loss = found.loss(module(as_tensors(batch)), batch)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_voices_are_held_out_and_the_threshold_is_chosen_on_them(corpus: Path) -> None:
    found = task(corpus)
    learned = {each.line.speaker for each in found._real}
    held = {each.line.speaker for each in found._held_words}
    assert held
    assert not learned & held
    assert learned | held == set("abcdefgh")

    def loud(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        level = inputs[FRAMES].mean(axis=1, keepdims=True)
        ended = np.concatenate([[[0.0]], (level[:-1] > 1.2) & (level[1:] < 0)])
        smeared = np.maximum.reduce([np.roll(ended, shift, axis=0) for shift in range(4)])
        return {POSTERIOR: 0.77 * smeared}

    measured = found.measure(loud)
    assert measured["missed_percent"] == 0
    assert measured["false_accepts"] == 0
    assert found.facts()["threshold"] == pytest.approx(0.3)
    assert 0 <= found.facts()["delay_ms"] <= 150


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    write_shard(tmp_path / "noise", [(entry("z", "noise", 0, 0, "", ""), spoken(np.random.default_rng(1), (20, 8)))])
    with pytest.raises(InputError, match=r"holds no wake words \(wake\)"):
        task(tmp_path)
