"""One stream as a microphone hears it: a wake word, a command, and perhaps somebody else talking behind them.

::

    near     ── lead ──│ wake word │── gap ──│ command │── tail ──     one room, one channel
    behind     ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~     another voice in another room, so many dB below
                       (or from here) ^ wake_end_ms

All is drawn whether it is used or not, so the same generator gives the same stream with another wake word, another
level of the voice behind it, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.rooms import draw_room, reverberate
from azsim.train.corpus.recordings import estimate_bounds_ms
from azsim.train.corpus.scene import Conditions, speech_bounds

MARGIN = SAMPLE_RATE_HZ // 50
OPENING_S = (0.5, 1.0)
OPENING_PAUSE = SAMPLE_RATE_HZ // 20

LEAD_S, GAP_S, TAIL_S = (0.1, 0.4), (0.1, 0.5), (0.8, 1.2)  # assumed
WAKE_OVER_COMMAND_DB = (-3.0, 3.0)  # assumed
LATE_SHARE = 0.5
"""How often the other voice begins only after the wake word."""
CONDITIONS = Conditions()


@dataclass(frozen=True)
class Take:
    """Something said by one voice: mono float32 at 16 kHz, speech from sample ``begin`` to before ``finish``."""

    samples: np.ndarray
    begin: int
    finish: int
    speaker: str


@dataclass(frozen=True)
class Stream:
    """A stream: mono float32 at 16 kHz, where its wake word ends, where its command begins and ends."""

    samples: np.ndarray
    wake_end_ms: int
    speech_start_ms: int
    speech_end_ms: int


def synthetic_take(samples: np.ndarray, speaker: str) -> Take:
    """Clean synthetic speech without the silence around it."""
    return _trimmed(samples, *speech_bounds(samples), speaker)


def recorded_take(samples: np.ndarray, speaker: str) -> Take:
    """A recording without the silence around its speech, whose bounds are estimated."""
    start_ms, end_ms = estimate_bounds_ms(samples)
    per_ms = SAMPLE_RATE_HZ // 1000
    return _trimmed(samples, start_ms * per_ms, max(end_ms, start_ms + 20) * per_ms, speaker)


def opening(take: Take) -> Take:
    """The first half second to second of a take, up to its quietest moment: stands in for a wake word."""
    earliest, latest = (take.begin + int(each * SAMPLE_RATE_HZ) for each in OPENING_S)
    latest = min(latest, take.finish)
    if latest - earliest <= OPENING_PAUSE:
        return take
    energy = np.concatenate([[0.0], np.cumsum(np.square(take.samples, dtype=np.float64))])
    starts = np.arange(earliest, latest - OPENING_PAUSE)
    end = int(starts[np.argmin(energy[starts + OPENING_PAUSE] - energy[starts])]) + OPENING_PAUSE // 2
    return Take(take.samples[:end], take.begin, end, take.speaker)


def compose(wake: Take, command: Take, behind: Take | None, below_db: float, rng: np.random.Generator) -> Stream:
    """Put a stream together.

    Args:
        wake: the wake word.
        command: what follows it.
        behind: what another voice says all the while, going round where it is too short; None for nobody.
        below_db: its level over the whole of it below that of the command.
        rng: decides pauses, rooms and levels.
    """
    lead, gap, tail = (int(rng.uniform(*each) * SAMPLE_RATE_HZ) for each in (LEAD_S, GAP_S, TAIL_S))
    wake_gain = 10 ** (float(rng.uniform(*WAKE_OVER_COMMAND_DB)) / 20)
    in_room, begins_late = rng.random() < CONDITIONS.room_probability, rng.random() < LATE_SHARE
    room, other_room = draw_room(rng), draw_room(rng)
    peak = float(np.exp(rng.uniform(*np.log(CONDITIONS.peak))))
    floor = 10 ** (float(rng.uniform(*CONDITIONS.floor_db)) / 20)
    slope, place, hiss = float(rng.uniform(0.0, 1.0)), float(rng.random()), np.random.default_rng(rng.integers(2**62))

    parts = [np.zeros(lead), wake_gain * _levelled(wake), np.zeros(gap), _levelled(command), np.zeros(tail)]
    near = np.concatenate(parts).astype(np.float32)
    wake_end = lead + wake.finish
    begin, finish = (sum(map(len, parts[:3])) + edge for edge in (command.begin, command.finish))
    if in_room:
        near = reverberate(near, room)
    if behind is not None:
        other = np.resize(np.roll(behind.samples, -int(place * len(behind.samples))), len(near))
        if begins_late:
            other[:wake_end] = 0
        near = noise.mixed(near, noise.unit_rms(reverberate(other, other_room)), below_db, begin, finish)
    near = near * (peak / float(np.abs(near).max()))
    near = near + floor * noise.coloured(hiss, len(near), slope)
    to_ms = 1000 / SAMPLE_RATE_HZ
    return Stream(near.astype(np.float32), round(wake_end * to_ms), round(begin * to_ms), round(finish * to_ms))


def _trimmed(samples: np.ndarray, begin: int, finish: int, speaker: str) -> Take:
    first, last = max(0, begin - MARGIN), min(len(samples), finish + MARGIN)
    return Take(samples[first:last], begin - first, min(finish, last) - first, speaker)


def _levelled(take: Take) -> np.ndarray:
    """The take scaled to a root mean square of 1 over its speech."""
    return take.samples / (float(np.sqrt(np.mean(np.square(take.samples[take.begin : take.finish])))) or 1.0)
