"""Noise, babble and music clips, made or cut from recordings, for mixing into features while training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.music import compose
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.scene import NOISES, WIDE, make_pool
from azsim.train.corpus.store import Entry
from azsim.train.recipe import RECORDED

CLIP_S = 10.0
CLIP_PEAK = 0.5
MEASURED = "noise-measured"
"""The split of noise that is measured in, and the corpus folder that holds it."""
STRIDE_S = 2.0  # from one clip of a recording to the next
UNTIL_S = 60.0  # of a recording; what comes after is left for measuring
KINDS = (*NOISES, "babble", "babble", "music", "music", "music", "music")
WIDE_KINDS = (*WIDE.noises, "appliance", "traffic", "babble", "babble", "babble", "music", "music", "music", "music")


def clip_items(seed: int, clips: int, wide: bool = False) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features of ``clips`` clips of 10 s to train in; splits are ``noise`` and ``music``.

    ``wide``: of the noises of `azsim.train.corpus.scene.WIDE`.
    """
    for number, kind, sound in _made(seed, 0x636C6970, WIDE_KINDS if wide else KINDS, clips):
        yield _clip(f"clip-{number:04d}", "music" if kind == "music" else "noise", kind, "azsim", "synth", sound)


def measured_items(seed: int, clips: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """The same of noise that no training hears; the split is `MEASURED`."""
    kinds = [kind for kind in KINDS if kind != "music"]
    for number, kind, sound in _made(seed, 0x6D656173, kinds, clips):
        yield _clip(f"measured-{number:04d}", MEASURED, kind, "azsim", "synth", sound)


def _made(seed: int, purpose: int, kinds: Sequence[str], clips: int) -> Iterator[tuple[int, str, np.ndarray]]:
    """Number, kind and sound of clips made from the seed."""
    pool = make_pool(seed)
    length = int(CLIP_S * SAMPLE_RATE_HZ)
    for number in range(clips):
        rng = np.random.default_rng([seed, purpose, number])
        kind = kinds[number % len(kinds)]
        if kind == "music":
            sound = compose(int(rng.integers(1 << 31)), CLIP_S, SAMPLE_RATE_HZ).mean(axis=1)
        elif kind == "babble":
            sound = noise.babble(rng, length, pool.voices)
        else:
            sound = noise.MAKERS[kind](rng, length)
        yield number, kind, sound


def recorded_items(paths: Sequence[Path], until_s: float) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features of clips of 10 s from the first ``until_s`` of recordings; split ``noise-recorded``.

    What comes after ``until_s`` is left for measuring.

    Raises:
        InputError: ``until_s`` is less than a clip or infinite; two recordings have one name; one cannot be read, holds
            less than a clip before ``until_s``, or a single value all through one.
    """
    if not CLIP_S <= until_s < math.inf:
        raise InputError(f"--until-s {until_s:g}: must be at least the {CLIP_S:g} s of a clip, and finite")
    by_stem: dict[str, Path] = {}
    for path in paths:
        if path.stem in by_stem:
            other = by_stem[path.stem]
            raise InputError(f"{path}: its clips would be named {path.stem!r} as those of {other}; rename it")
        by_stem[path.stem] = path
    length = int(CLIP_S * SAMPLE_RATE_HZ)
    for path in paths:
        sound = read_sound(path)[: round(until_s * SAMPLE_RATE_HZ)]
        if len(sound) < length:
            had_s = len(sound) / SAMPLE_RATE_HZ
            raise InputError(f"{path}: {had_s:.1f} s until --until-s {until_s:g}; a clip takes {CLIP_S:g} s")
        for number, start in enumerate(range(0, len(sound) - length + 1, int(STRIDE_S * SAMPLE_RATE_HZ))):
            part = sound[start : start + length]
            if np.ptp(part) == 0:
                raise InputError(
                    f"{path}: holds nothing but {part[0]:g} from {start / SAMPLE_RATE_HZ:g} s on for {CLIP_S:g} s"
                )
            yield _clip(f"{path.stem}-{number:04d}", RECORDED, path.stem, "", path.name, part)


def _clip(name: str, split: str, kind: str, engine: str, source: str, sound: np.ndarray) -> tuple[Entry, np.ndarray]:
    """One clip at the peak that all have."""
    entry: Entry = {
        "id": name,
        "split": split,
        "text": "",
        "voice": kind,
        "engine": engine,
        "domain": kind,
        "source": source,
        "speaker": kind,
        "speech_start_ms": 0,
        "speech_end_ms": 0,
    }
    return entry, log_mel(sound * (CLIP_PEAK / float(np.abs(sound).max()))).astype(np.float16)
