"""Voices of the test recordings, by each embedding and in each condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.speech.endpointing.listening import integers_of
from azsim.speech.features import FRAME_SHIFT_MS, SAMPLE_RATE_HZ, STACKED_FRAMES, log_mel
from azsim.speech.room_tone import room_tone
from azsim.speech.speaker.embedder import Embedder, VoiceWindows, in_float, in_integers, unit
from azsim.train.corpus.protocol import in_noise
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.untranscribed import load_untranscribed

SEED = 29
STEP_SAMPLES = SAMPLE_RATE_HZ * FRAME_SHIFT_MS * STACKED_FRAMES // 1000


@dataclass(frozen=True)
class VoicedRecording:
    """One recording: its sound, its windows by each of our embeddings, and its speech as samples."""

    sound: np.ndarray
    windows: Mapping[str, list[np.ndarray]]
    speech: np.ndarray
    window_samples: int


def recordings(data: Path) -> tuple[list[np.ndarray], list[str]]:
    """Sound and speaker of the read sentences that no training hears."""
    held = [each for each in load_untranscribed(data / "speakers") if each.extra["split"] == "test"]
    return [read_sound(each.path) for each in held], [each.speaker for each in held]


def networks(model: str) -> dict[str, Callable[[], VoiceWindows]]:
    """The shipped network as the chip computes it, and in float."""
    small, network = load_compressed(model) or compress(load_network(model), codec="raw"), load_network(model)
    return {"int8": partial(in_integers, *integers_of(small)), "float": partial(in_float, network.graph)}


def spoken(sound: np.ndarray, own: Mapping[str, Callable[[], VoiceWindows]]) -> VoicedRecording:
    """A recording, through the gate and each network."""
    frames = log_mel(sound)
    frames = np.concatenate([frames, room_tone(frames, STACKED_FRAMES)])
    windows, heard, steps = {}, list[int](), 0
    for name, network in own.items():
        begun = network()
        embedder = Embedder(begun)
        embedder.feed(frames)
        windows[name], heard, steps = embedder.windows, embedder.spoken, begun.steps
    parts = [sound[step * STEP_SAMPLES : (step + 1) * STEP_SAMPLES] for step in heard]
    return VoicedRecording(sound, windows, np.concatenate(parts) if parts else sound, steps * STEP_SAMPLES)


def voices(found: Sequence[VoicedRecording], name: str, most: int | None) -> np.ndarray:
    """Voices of recordings by one of our embeddings, of at most so many windows."""
    return np.array([unit(np.mean(each.windows[name][:most], axis=0)) for each in found])


def published(
    found: Sequence[VoicedRecording], embed: Callable[[np.ndarray], np.ndarray], most: int | None
) -> np.ndarray:
    """Likewise by the published embedding, of whole recordings as it takes them, or of as much speech."""
    heard = [each.sound if most is None else each.speech[: most * each.window_samples] for each in found]
    return np.array([unit(embed(each)) for each in heard])


def in_kitchen(sounds: Sequence[np.ndarray], kitchen: np.ndarray, snr_db: float) -> list[np.ndarray]:
    """The recordings in a stretch of noise each."""
    return [in_noise(each, kitchen, snr_db, np.random.default_rng([SEED, i])) for i, each in enumerate(sounds)]
