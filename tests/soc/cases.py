"""Small schedules, utterances and tracks that the tests of the device share."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from azsim.chip.schedule import TileSchedule
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.soc.music import MusicTrack
from azsim.speech.jobs import job_chain
from azsim.speech.work import Work

PROGRAMS = ("encoder.0", "encoder.1", "joint", "prediction")


def device(**changes: int | float | str) -> Device:
    """``az1`` with keys changed; a double underscore stands for the dot."""
    made = load_device("az1")
    for dotted, value in changes.items():
        made = _changed(made, dotted.split("__"), value)
    return made


def _changed(part: Struct, keys: list[str], value: int | float | str) -> Struct:
    inner = _changed(getattr(part, keys[0]), keys[1:], value) if len(keys) > 1 else value
    return replace(part, **{keys[0]: inner})


def schedule(name: str, tiles: int, seed: int = 0, resident: float = 0.0, largest: int = 9000) -> TileSchedule:
    """Random work; a share of the tiles is resident, half of those decoded."""
    rng = np.random.default_rng(seed)
    lanes = rng.integers(0, 400, (tiles, 4))
    kind = rng.random(tiles)
    ends = rng.random(tiles) < 0.2
    depends = np.array([rng.integers(-1, i) if i and rng.random() < 0.4 else -1 for i in range(tiles)], np.int64)
    decode = np.where(kind < resident / 2, 0, rng.integers(1, 900, tiles))
    return TileSchedule(
        name=name,
        fetch_bytes=np.where(kind < resident, 0, rng.integers(1, largest, tiles)),
        decode_cycles=decode,
        lane_cycles=lanes.sum(axis=1),
        lane_split=lanes,
        vector_cycles=np.where(ends, rng.integers(1, 300, tiles), 0),
        depends_on=depends,
        output_bytes=np.where(ends, rng.integers(0, 600, tiles), 0),
        positions=rng.integers(1, 16384, tiles),
        products=rng.integers(1, 16384, tiles),
        decoded_bits=decode * 50,
        decoded_values=decode * 16,
        vector_ops=np.where(ends, 640, 0),
        resume_bytes=np.zeros(tiles, np.int64),
    )


def schedules(scale: int = 1) -> dict[str, TileSchedule]:
    """One schedule per program of a small transducer."""
    sizes = dict(zip(PROGRAMS, (12, 24, 3, 3)))
    return {name: schedule(name, scale * tiles, seed) for seed, (name, tiles) in enumerate(sizes.items())}


def work(audio_ms: int = 900, labels: tuple[int, ...] = (6, 9, 10), endpoint_ms: int = 840) -> Work:
    """An utterance whose true end of speech lies 400 ms before its end-point."""
    steps = audio_ms // 30
    return Work(
        utterance="test",
        audio_ms=audio_ms,
        speech_end_ms=endpoint_ms - 400,
        speech_end_estimated=False,
        endpoint_ms=endpoint_ms,
        first_label_step=labels[0] if labels else -1,
        last_label_step=labels[-1] if labels else -1,
        steps=steps,
        step_ms=30,
        jobs=job_chain(steps, labels, PROGRAMS, 2),
    )


def track(samples: int = 1024, rate_hz: int = 48000, size_bytes: int = 340, codec: str = "vorbis") -> MusicTrack:
    """Packets of equal size and length."""
    return MusicTrack("even", codec, rate_hz, 2, np.full(200, size_bytes), np.full(200, samples), f"{samples}/{codec}")
