"""Noise, babble and music clips of their own, for mixing into features while training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.music import compose
from azsim.train.corpus.scene import NOISES, make_pool
from azsim.train.corpus.store import Entry

CLIP_S = 10.0
CLIP_PEAK = 0.5
KINDS = (*NOISES, "babble", "babble", "music", "music", "music", "music")


def clip_items(seed: int, clips: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features of ``clips`` clips of 10 s; splits are ``noise`` and ``music``."""
    pool = make_pool(seed)
    length = int(CLIP_S * SAMPLE_RATE_HZ)
    for number in range(clips):
        rng = np.random.default_rng([seed, 0x636C6970, number])
        kind = KINDS[number % len(KINDS)]
        if kind == "music":
            sound = compose(int(rng.integers(1 << 31)), CLIP_S, SAMPLE_RATE_HZ).mean(axis=1)
        elif kind == "babble":
            sound = noise.babble(rng, length, pool.voices)
        else:
            sound = noise.MAKERS[kind](rng, length)
        sound = sound * (CLIP_PEAK / float(np.abs(sound).max()))
        entry: Entry = {
            "id": f"clip-{number:04d}",
            "split": "music" if kind == "music" else "noise",
            "text": "",
            "voice": kind,
            "engine": "azsim",
            "domain": kind,
            "source": "synth",
            "speaker": kind,
            "speech_start_ms": 0,
            "speech_end_ms": 0,
        }
        yield entry, log_mel(sound).astype(np.float16)
