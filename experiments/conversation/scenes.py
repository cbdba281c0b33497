"""Sounds of minutes: nine requests in nine minutes, two people in turn, and sounds without an end or without words."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.train.corpus.protocol import ENDPOINT_TONE_DBFS, room_tone
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.untranscribed import load_untranscribed
from experiments.wake.recordings import mixed, noises, words

SEED = 7
MINUTE = 60 * SAMPLE_RATE_HZ
REQUESTS = 9
WORD_GAP_S = 0.25
"""From the wake word to the request; `assumed`."""
TURN_GAP_S = 1.5
"""Between what two people say in turn; `assumed`."""
NEVER_ENDING_S = 600
KITCHEN_SNR_DB = 15


@dataclass(frozen=True)
class ConversationScene:
    """A sound, and what is said in it.

    Attributes:
        name: of the scene.
        sound: float32 at 16 kHz.
        said: one text for each turn that there should be; None where turns are not counted.
        with_wake: whether a wake word opens turns.
        pieces: the recordings of the requests, in the order of ``said``.
    """

    name: str
    sound: np.ndarray
    said: tuple[str, ...] | None
    with_wake: bool
    pieces: tuple[np.ndarray, ...] = ()


def shipped_requests(count: int) -> tuple[list[str], list[np.ndarray]]:
    """Shipped test sentences by voices of training, evenly spread."""
    path = shipped("experiments", "speech/manifest.csv")
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["unseen_voice"] == "0"]
    chosen = rows[:: len(rows) // count][:count]
    return [row["transcript"] for row in chosen], [read_audio(path.parent / row["file"]).samples for row in chosen]


def dev_orders(data: Path, speakers: int) -> tuple[list[list[str]], list[list[np.ndarray]]]:
    """Orders of dev speakers: texts and sounds of each of those who say the most."""
    by_speaker: dict[str, list[tuple[str, np.ndarray]]] = {}
    with (data / "barista" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["split"] == "dev" and row["transcript"]:
                by_speaker.setdefault(row["speaker"], []).append(
                    (row["transcript"], read_sound(data / "barista" / row["file"]))
                )
    chosen = sorted(by_speaker.values(), key=len, reverse=True)[:speakers]
    return [[text for text, _ in each] for each in chosen], [[sound for _, sound in each] for each in chosen]


def scenes(data: Path) -> Iterator[ConversationScene]:
    """All of them."""
    rng = np.random.default_rng(SEED)
    texts, sounds = shipped_requests(REQUESTS)
    calls = [word for word, _ in words(data)]
    called = [_called(calls[7 * k % len(calls)], sound) for k, sound in enumerate(sounds)]
    yield ConversationScene("nine requests, wake word", _spread(called, rng), tuple(texts), True, tuple(sounds))
    kitchen = noises(data)["kitchen"]
    noisy = [mixed(each, kitchen, KITCHEN_SNR_DB, rng) for each in called]
    yield ConversationScene(
        f"the same, {KITCHEN_SNR_DB} dB of kitchen around each", _spread(noisy, rng), tuple(texts), True, tuple(sounds)
    )
    yield ConversationScene("nine requests, no wake word", _spread(sounds, rng), tuple(texts), False, tuple(sounds))
    said, heard = dev_orders(data, 2)
    turns = [(said[k % 2][k // 2], heard[k % 2][k // 2]) for k in range(10)]
    gap = np.zeros(int(TURN_GAP_S * SAMPLE_RATE_HZ), np.float32)
    joined = np.concatenate([part for _, sound in turns for part in (sound, gap)])
    yield ConversationScene(
        "two people in turn", _toned(joined, rng), tuple(text for text, _ in turns), False,
        tuple(sound for _, sound in turns),
    )  # fmt: skip
    yield ConversationScene("silence", np.zeros(2 * MINUTE, np.float32), (), False)
    yield ConversationScene("room tone", _toned(np.zeros(2 * MINUTE, np.float32), rng), (), False)
    music = np.resize(noises(data)["music"], 2 * MINUTE)
    yield ConversationScene("music", music, None, False)
    yield ConversationScene("music, wake word", music, (), True)
    yield ConversationScene("speech that never ends", _endless(data), None, False)


def _called(word: np.ndarray, request: np.ndarray) -> np.ndarray:
    gap = np.zeros(int(WORD_GAP_S * SAMPLE_RATE_HZ), np.float32)
    scale = np.abs(request).max() / max(1e-6, float(np.abs(word).max()))
    return np.concatenate([word * scale, gap, request]).astype(np.float32)


def _spread(parts: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One in every minute, at a random place of it, in room tone."""
    sound = np.zeros(len(parts) * MINUTE, np.float32)
    for minute, part in enumerate(parts):
        start = minute * MINUTE + int(rng.integers(MINUTE // 2))
        sound[start : start + len(part)] += part
    return _toned(sound, rng)


def _toned(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (sound + room_tone(len(sound), ENDPOINT_TONE_DBFS, rng)).astype(np.float32)


def _endless(data: Path) -> np.ndarray:
    """Read books without the pauses between them, for ten minutes."""
    parts = [read_sound(each.path) for each in load_untranscribed(data / "speakers") if each.extra["split"] == "test"]
    return np.resize(np.concatenate(parts), NEVER_ENDING_S * SAMPLE_RATE_HZ).astype(np.float32)
