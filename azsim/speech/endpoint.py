"""The end-point rule, over a sound that never ends: after a recording, silence goes on until the rule fires.

::

    labels:   x  x x     x        (silence_ms without a label)  |
    sound:    ▂▅▇▅▂▃▇▆▂▂▁┆▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    time:   ──┴──┴─┴─────┴┆─────────────────────────────────────┴── fires at the end of this step
                          end of the file, which the device does not know
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, STACKED_FRAMES, STEP_MS

SILENCE_MS = 480
MOST_SILENCE_MS = 10_000
LONGEST_TAIL_MS = 2_000
"""Beyond ``silence_ms``, for a network that goes on to find words in the silence after a recording; `assumed`."""


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


def step_end_ms(step: int) -> int:
    """When the microphone has the last sample of a step's last frame."""
    last_frame = STACKED_FRAMES * step + STACKED_FRAMES - 1
    return last_frame * FRAME_SHIFT_MS + FRAME_LENGTH_MS


def step_at(time_ms: int) -> int:
    """The first step whose sound the microphone has at a time, at least 0."""
    return max(0, -(-(time_ms - step_end_ms(0)) // STEP_MS))


def waited_steps(silence_ms: int) -> int:
    """Steps from a label's to the one at whose end ``silence_ms`` have passed."""
    return -(-silence_ms // STEP_MS)


def end_point(label_steps: Sequence[int], steps: int, silence_ms: int = SILENCE_MS) -> EndPoint:
    """Apply the rule: ``silence_ms`` without a new label after at least one label; without, the end of listening.

    Args:
        label_steps: 30 ms step of each label, in order.
        steps: for how long was listened, see `listening_steps`.
        silence_ms: without a new label.
    """
    waited = waited_steps(silence_ms)
    for count, step in enumerate(label_steps, start=1):
        fires = step + waited
        following = label_steps[count] if count < len(label_steps) else steps
        if following > fires and fires < steps:
            return EndPoint(fires + 1, count, step_end_ms(fires))
    return EndPoint(steps, len(label_steps), step_end_ms(steps - 1))


def listening_steps(frames: int, last_label_step: int, silence_ms: int, every: int) -> int:
    """Steps of a recording and the silence after it, until ``silence_ms`` have passed without a label in it.

    Args:
        frames: feature frames of the recording.
        last_label_step: step of the last label so far, -1 if none.
        silence_ms: the end-point's.
        every: the number is a multiple of it.

    Returns:
        At most those of the recording, ``silence_ms`` and `LONGEST_TAIL_MS`.
    """
    waited = waited_steps(silence_ms)
    least = -(-frames // STACKED_FRAMES) + waited
    most = least + LONGEST_TAIL_MS // STEP_MS
    after_label = last_label_step + waited + 1 if last_label_step >= 0 else 0
    return -(-min(max(least, after_label), most) // every) * every
