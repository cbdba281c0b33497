"""How recordings are made harder for measuring: level, noise, time before the speech, band, codec; all seeded.

::

    recording ── active speech (samples above 2 % of the peak) ──┬─> level: its peak set, then room tone at -75 dBFS
                                                                 ├─> noise: so far below the RMS of the active speech
                                                                 └─> lead-in: so much kept before the first of it

Decibels mean one thing here: RMS over the samples above 2 % of the peak, over RMS of the noise. What is attenuated gets
a fixed room tone, as a microphone would add it; end-points are measured with a louder one in every recording, since
digital silence flatters them. Two classes of noise, and the kitchen after its first minute, are never trained with.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.level import ACTIVE_SHARE, active_rms
from azsim.speech.rooms import draw_room, reverberate
from azsim.train.corpus.channel import TELEPHONE_HZ, opus, telephone
from azsim.train.corpus.scene import HELD_OUT_NOISES

QUIET_TONE_DBFS, ENDPOINT_TONE_DBFS = -75.0, -60.0
FULL_SCALE = 0.99
FOLDS = 4
KITCHEN = "kitchen"
CLASSES = ("pink", "hum", "fan", "clatter", "appliance", "traffic", *HELD_OUT_NOISES)
"""Of made noise that is measured in, beside babble, music and the kitchen where there are such."""
NOISE_DB = (24.0, 18.0, 12.0, 9.0, 6.0)
PEAKS_DBFS = (0.0, -20.0, -30.0, -40.0, -50.0)
LEADS_MS = (500, 200, 50, 0)

Sound = np.ndarray
Change = Callable[[Sound, np.random.Generator], Sound]


def room_tone(length: int, dbfs: float, rng: np.random.Generator) -> Sound:
    """White noise of this RMS level, full scale 1."""
    return (10 ** (dbfs / 20) * rng.standard_normal(length)).astype(np.float32)


def at_peak(sound: Sound, dbfs: float, rng: np.random.Generator) -> Sound:
    """The recording with its peak at a level, taken up by a microphone whose own noise is fixed."""
    peak = float(np.abs(sound).max(initial=0.0)) or 1.0
    return (sound * (10 ** (dbfs / 20) / peak) + room_tone(len(sound), QUIET_TONE_DBFS, rng)).astype(np.float32)


def in_noise(sound: Sound, unwanted: Sound, snr_db: float, rng: np.random.Generator) -> Sound:
    """The recording in a stretch of noise, so far below its active speech; scaled down where it would clip."""
    stretch = noise.unit_rms(noise.cut(rng, unwanted, len(sound)))
    both = sound + active_rms(sound) * 10 ** (-snr_db / 20) * stretch
    return (both * min(1.0, FULL_SCALE / max(1e-9, float(np.abs(both).max())))).astype(np.float32)


def led_in(sound: Sound, lead_ms: int, rng: np.random.Generator) -> Sound:
    """The recording from so long before its active speech on; what is missing is room tone."""
    loud = np.flatnonzero(np.abs(sound) > 5 * ACTIVE_SHARE * float(np.abs(sound).max(initial=0.0)))
    first = int(loud[0]) if loud.size else 0
    lead = lead_ms * SAMPLE_RATE_HZ // 1000
    before = room_tone(max(0, lead - first), ENDPOINT_TONE_DBFS, rng)
    return np.concatenate([before, sound[max(0, first - lead) :]]).astype(np.float32)


def narrow(sound: Sound, rng: np.random.Generator) -> Sound:
    """The recording as one of 8 kHz: nothing above 4 kHz, nothing else changed."""
    slow = soxr.resample(sound, SAMPLE_RATE_HZ, TELEPHONE_HZ)
    again = soxr.resample(slow, TELEPHONE_HZ, SAMPLE_RATE_HZ)[: len(sound)]
    return np.pad(again, (0, len(sound) - len(again))).astype(np.float32)


def with_tone(sound: Sound) -> Sound:
    """The recording as end-points are measured in it: room tone at -60 dBFS, the same for the same samples."""
    seed = zlib.crc32(np.ascontiguousarray(sound, np.float32).tobytes())
    return (sound + room_tone(len(sound), ENDPOINT_TONE_DBFS, np.random.default_rng(seed))).astype(np.float32)


@dataclass(frozen=True)
class Condition:
    """One way in which every recording is heard; ``group`` is the part of the figure that it belongs to."""

    group: str
    name: str
    change: Change

    def heard(self, sounds: Sequence[Sound], seed: int) -> list[Sound]:
        """All recordings, each by a seed of its own."""
        purpose = zlib.crc32(f"{self.group} {self.name}".encode())
        return [self.change(each, np.random.default_rng([seed, purpose, i])) for i, each in enumerate(sounds)]


def conditions(recorded: Mapping[str, Sound]) -> list[Condition]:
    """Every condition; ``recorded`` are noises that are not made: name -> mono sound at 16 kHz."""

    def made(name: str, snr_db: float) -> Change:
        maker = noise.MAKERS[name]
        return lambda sound, rng: in_noise(sound, maker(rng, len(sound)), snr_db, rng)

    def given(name: str, snr_db: float) -> Change:
        return lambda sound, rng: in_noise(sound, recorded[name], snr_db, rng)

    found = [Condition("level", "as recorded", lambda sound, rng: sound)]
    found += [
        Condition("level", f"{peak:g} dBFS", lambda sound, rng, peak=peak: at_peak(sound, peak, rng))
        for peak in PEAKS_DBFS
    ]
    found += [
        Condition("lead-in", f"{lead} ms", lambda sound, rng, lead=lead: led_in(sound, lead, rng)) for lead in LEADS_MS
    ]
    if KITCHEN in recorded:
        found += [Condition(KITCHEN, f"{snr:g} dB", given(KITCHEN, snr)) for snr in NOISE_DB]
    others = [name for name in recorded if name != KITCHEN]
    found += [Condition("noise at 12 dB", name, given(name, 12.0)) for name in others]
    found += [Condition("noise at 12 dB", name, made(name, 12.0)) for name in CLASSES]
    found += [
        Condition("room", "reverberant", lambda sound, rng: reverberate(sound, draw_room(rng))),
        Condition("channel", "8 kHz", narrow),
        Condition("channel", "telephone", telephone),
        Condition("channel", "opus, 12 kb/s", opus),
    ]
    return found


def fold_of(speaker: str, speakers: Collection[str]) -> int:
    """The fold, 0 to 3, in which a training speaker is held out: all of them in turn by order of a digest."""
    ranked = sorted(set(speakers), key=lambda name: (zlib.crc32(name.encode()), name))
    return ranked.index(speaker) % FOLDS
