"""Streams aloud and whispered, the loss that lowers, the threshold of people held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.whisper_detector import FRAMES, POSTERIOR  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.corpus.whisper_clips import ALOUD, WHISPER, WHISPERED_ORDERS  # noqa: E402
from azsim.train.detector import DetectorSizes  # noqa: E402
from azsim.train.graph_module import GraphModule  # noqa: E402
from azsim.train.graph_trainer import as_tensors  # noqa: E402
from azsim.train.tasks.whisper import UNKNOWN, Whisper, WhisperData, f1_score  # noqa: E402
from tests.speech.speaker.voices import frames_of  # noqa: E402


def said(voice: int, seed: int) -> np.ndarray:
    return np.concatenate([frames_of(-1, 40), frames_of(voice, 120, seed), frames_of(-1, 40)]).astype(np.float16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whispers are loud in the upper bins, voices in the lower ones."""
    root, made = tmp_path_factory.mktemp("whispers"), []
    for number, person in enumerate("abcdefgh"):
        hushed = WHISPERED_ORDERS if number % 2 else WHISPER
        made.append(({"id": f"a{person}", "split": ALOUD, "speaker": person}, said(0, number)))
        made.append(({"id": f"w{person}", "split": hushed, "speaker": person}, said(1, number)))
    write_shard(root / "whispers", made)
    write_shard(root / "noise", [({"id": "n", "split": "noise"}, frames_of(-1, 90).astype(np.float16))])
    return root


def task(corpus: Path) -> Whisper:
    return Whisper(DetectorSizes(dense=8, units=8), WhisperData(streams=6, steps=60), corpus)


def test_only_steps_with_speech_are_asked(corpus: Path) -> None:
    found, seen = task(corpus), set[int]()
    for seed in range(8):
        frames, target = found.stream(np.random.default_rng(seed))
        assert frames.shape == (60, 192)
        assert len(target) == 60
        asked = set(np.unique(target)) - {UNKNOWN}
        assert len(asked) == 1
        seen |= asked
    assert seen == {0, 1}


def test_nobody_who_is_held_out_is_learned_from(corpus: Path) -> None:
    found = task(corpus)
    kept, held = ({each.line.speaker for side in sides for each in side} for sides in (found._kept, found._held_out))
    assert len(held) == 2
    assert not kept & held


def test_steps_lower_the_loss_of_a_batch(corpus: Path) -> None:
    found = task(corpus)
    module = GraphModule(found.graph(np.random.default_rng(1)))
    batch = found.batch(np.random.default_rng(2))
    optimiser, losses = torch.optim.Adam(module.parameters(), 0.02), []
    for _ in range(6):
        optimiser.zero_grad()
        loss = found.loss(module(as_tensors(batch)), batch)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_the_threshold_separates_the_people_held_out(corpus: Path) -> None:
    found = task(corpus)

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        halves = inputs[FRAMES].reshape(-1, 3, 2, 32).mean(axis=(1, 3))
        return {POSTERIOR: (halves[:, 1:] > halves[:, :1]) * 0.6 + 0.2}

    measured = found.measure(run)
    assert measured == {"f1_percent": 100.0, "missed_percent": 0.0, "aloud_as_whisper_percent": 0.0}
    assert 0.2 < found.facts()["threshold"] <= 0.8


def test_f1_is_that_of_its_definition() -> None:
    found, wrongly = np.array([True, True, False]), np.array([True, False, False, False])
    precision, recall = 2 / 3, 2 / 3
    assert np.isclose(f1_score(found, wrongly), 2 * precision * recall / (precision + recall))
    assert f1_score(np.zeros(3, bool), np.zeros(3, bool)) == 0


def test_a_corpus_without_whispers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no noise \(noise\)"):
        task(tmp_path)
    write_shard(tmp_path / "noise", [({"id": "n", "split": "noise"}, frames_of(-1, 9).astype(np.float16))])
    with pytest.raises(InputError, match=r"holds no whispers \(whispers\)"):
        task(tmp_path)
