"""What speech, a pause and hiss cost as Opus: constant and variable rates, with and without silence suppression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.cloud.opus import OpusChoice, encode_speech
from azsim.speech.features import SAMPLE_RATE_HZ

HISS_S = 4.0
HISS_DBFS = (-40.0, -50.0, -60.0)


@dataclass(frozen=True)
class Encoding:
    """One choice of the encoder on speech and on the hiss after it.

    Attributes:
        kbps: asked for.
        variable_rate, silence_suppression: as `OpusChoice`.
        hiss_dbfs: level of the noise that goes on through speech and after it.
        speech_kbps: payload over the recordings.
        hiss_kbps: payload over the hiss after the first second of it.
        until_suppressed_s: from the end of the speech to the first packet that is left out; nan where none is.
        sent_in_hiss_percent: packets that went up of those of the hiss after its first second.
    """

    kbps: float
    variable_rate: bool
    silence_suppression: bool
    hiss_dbfs: float
    speech_kbps: float
    hiss_kbps: float
    until_suppressed_s: float
    sent_in_hiss_percent: float


def encodings(sounds: list[np.ndarray], speech_end_ms: list[int], kbps: tuple[float, ...]) -> list[Encoding]:
    """Every choice over some recordings, whose speech ends then; of each its speech alone, then hiss."""
    return [
        _encoding(sounds, speech_end_ms, OpusChoice(round(1000 * rate), 20, is_variable, suppresses), level)
        for level in HISS_DBFS
        for rate in kbps
        for is_variable in (False, True)
        for suppresses in (False, True)
    ]


def _encoding(
    sounds: list[np.ndarray], speech_end_ms: list[int], choice: OpusChoice, hiss_dbfs: float
) -> Encoding:
    spoken, hissed, waits, left, frames = [], [], [], 0, 0
    for index, (sound, end_ms) in enumerate(zip(sounds, speech_end_ms, strict=True)):
        rng = np.random.default_rng([7, index])
        hiss = 10 ** (hiss_dbfs / 20) * rng.standard_normal(len(sound) + round(HISS_S * SAMPLE_RATE_HZ))
        hiss[: len(sound)] += sound
        packets = [len(packet) for packet in encode_speech(hiss.astype(np.float32), choice)]
        ends = -(-len(sound) // choice.frame_samples)
        after = packets[ends:]
        later = after[1000 // choice.frame_ms :]
        spoken.append(sum(packets[:ends]) / (ends * choice.frame_ms) * 8)
        hissed.append(sum(later) / (len(later) * choice.frame_ms) * 8)
        quiet = packets[-(-end_ms // choice.frame_ms) :]
        waits.append(quiet.index(0) * choice.frame_ms / 1000 if 0 in quiet else np.nan)
        left, frames = left + sum(size > 0 for size in later), frames + len(later)
    waited = [wait for wait in waits if not np.isnan(wait)]
    return Encoding(
        kbps=choice.bits_per_s / 1000,
        variable_rate=choice.variable_rate,
        silence_suppression=choice.silence_suppression,
        hiss_dbfs=hiss_dbfs,
        speech_kbps=float(np.mean(spoken)),
        hiss_kbps=float(np.mean(hissed)),
        until_suppressed_s=float(np.median(waited)) if waited else float("nan"),
        sent_in_hiss_percent=100 * left / frames,
    )
