"""Publishing a model: which utterances calibrate it, which sets measure it, and what the card says."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra: pip install '.[train]'")

import numpy as np

from azsim.train.data import IndexLine, Utterance
from azsim.train.export import ModelCard, Trained
from azsim.train.publish import CALIBRATION_UTTERANCES, calibration_features, card_text, measured, members
from tests.conftest import random_network


def utterance(split: str, engine: str, number: int = 0, speaker: str = "a") -> Utterance:
    """A recording of noise."""
    frames = 60 + number % 5
    line = IndexLine(
        id=f"{split}-{number}",
        split=split,
        text="turn on the light",
        voice="v",
        engine=engine,
        source="synth",
        speaker=speaker,
        start_frame=0,
        frames=frames,
        speech_start_ms=100,
        speech_end_ms=400,
    )
    return Utterance(line, np.random.default_rng(number).normal(5, 2, (frames, 64)).astype(np.float16))


def test_calibration_takes_training_speech_alone_synthetic_and_real() -> None:
    splits = {
        "train": [utterance("train", "flite", n) for n in range(300)],
        "real-train": [utterance("real-train", "human", n) for n in range(20)],
        "test-seen": [utterance("test-seen", "flite")],
    }
    assert len(calibration_features(splits)) == CALIBRATION_UTTERANCES // 2 + 20


def test_a_set_can_be_one_engine_of_a_split() -> None:
    splits = {"test-unseen": [utterance("test-unseen", "espeak"), utterance("test-unseen", "festival")]}
    assert [u.line.engine for u in members(splits, "test-unseen festival")] == ["festival"]
    assert members(splits, "real-dev") == []


def test_measured_cells_hold_a_rate_and_its_interval() -> None:
    cells = measured(random_network(4), [utterance("real-dev", "human", n, f"s{n % 2}") for n in range(4)])
    assert all("[" in cell and float(cell.split()[0]) >= 0 for cell in cells)


def test_the_card_names_its_data_and_their_licences() -> None:
    card = ModelCard(1, "rnnt", "mine", "float32", 3, 0, 2, 4.0, ["<blank>"], Trained(1, 100, 0.5, sparsity=0.5))
    text = card_text(card, random_network(4), ["| dev | what | 1 | 5.0 | 5.0 |"], "azsim train base")
    for words in ("# mine", "50%", "Picovoice", "Apache-2.0", "espeak-ng", "Seed 1, 100 steps", "| dev | what |"):
        assert words in text
