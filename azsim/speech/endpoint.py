"""The end-point rule, and an estimate of where speech really ended.

::

    labels:   x  x x     x        (480 ms without a label)     |
    time:   ──┴──┴─┴─────┴─────────────────────────────────────┴── fires at the end of this step
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, STACKED_FRAMES, STEP_MS

SILENCE_MS = 480
ENERGY_SHARE = 0.35  # assumed: where between the noise floor and the loud parts speech begins
QUIET_PERCENTILE, LOUD_PERCENTILE = 10, 95
LEAST_CONTRAST = 1.0  # log energy; below it there is no telling speech from noise


@dataclass(frozen=True, slots=True)
class EndPoint:
    """Where an utterance was cut.

    Attributes:
        steps: encoder steps until then.
        labels: labels until then.
        time_ms: time of the utterance at which the rule fired.
    """

    steps: int
    labels: int
    time_ms: int


def step_end_ms(step: int, audio_ms: int) -> int:
    """When the microphone has the last sample of a step's last frame, at most the end of the audio."""
    last_frame = STACKED_FRAMES * step + STACKED_FRAMES - 1
    return min(last_frame * FRAME_SHIFT_MS + FRAME_LENGTH_MS, audio_ms)


def end_point(label_steps: Sequence[int], steps: int, audio_ms: int, silence_ms: int = SILENCE_MS) -> EndPoint:
    """Apply the rule: ``silence_ms`` without a new label after at least one label, else the end of the audio.

    Args:
        label_steps: 30 ms step of each label, in order.
        steps: steps of the whole recording.
        audio_ms: its length.
    """
    waited = -(-silence_ms // STEP_MS)
    for count, step in enumerate(label_steps, start=1):
        fires = step + waited
        following = label_steps[count] if count < len(label_steps) else steps
        if following > fires and fires < steps:
            return EndPoint(fires + 1, count, step_end_ms(fires, audio_ms))
    return EndPoint(steps, len(label_steps), audio_ms)


def estimated_speech_end_ms(features: np.ndarray, audio_ms: int) -> int:
    """End of the last loud frame, an estimate for recordings whose true end of speech is not known.

    A frame is loud when its mean log-mel energy is over a threshold between the quiet and the loud percentiles of
    the recording. Where the two hardly differ, the end of the audio is returned.

    Args:
        features: log-mel ``(frames, 64)``.
        audio_ms: length of the recording.

    **Source:** assumed; a plain energy detector.
    """
    energy = np.asarray(features, np.float64).mean(axis=1)
    quiet, loud = np.percentile(energy, [QUIET_PERCENTILE, LOUD_PERCENTILE])
    if loud - quiet < LEAST_CONTRAST:
        return audio_ms
    last = int(np.flatnonzero(energy > quiet + ENERGY_SHARE * (loud - quiet))[-1])
    return min(last * FRAME_SHIFT_MS + FRAME_LENGTH_MS, audio_ms)
