"""The pause at the end of the hypotheses, expected over all of them; quiet counted from the last step of speech."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from azsim.speech.endpointing.pause import PauseMeter


@dataclass(frozen=True)
class Held:
    labels: tuple[int, ...]
    probability: float
    trailing_outputs: int


def test_the_expected_pause_is_the_mean_over_the_hypotheses() -> None:
    meter = PauseMeter(speech_above=0.5, every=2)
    pause = meter.measure(9, [Held((1, 2), 0.6, 4), Held((1, 3), 0.2, 1)], 0.1, 0.3, 0.9)
    assert pause.expected_ms == pytest.approx(0.75 * 240 + 0.25 * 60)
    assert (pause.labels, pause.ended, pause.sentence_end) == ((1, 2), 0.3, 0.9)
    assert pause.time_ms == 9 * 30 + 45


def test_between_outputs_the_pause_goes_on() -> None:
    meter = PauseMeter(speech_above=0.5, every=2)
    held = [Held((1,), 1.0, 3)]
    assert [meter.measure(step, held, 0.0, 0.0).expected_ms for step in (7, 8)] == [180, 210]
    assert meter.measure(9, [], 0.0, 0.0).expected_ms == 0


def test_quiet_begins_anew_with_every_step_of_speech() -> None:
    meter = PauseMeter(speech_above=0.5, every=1)
    posteriors = [0.1, 0.9, 0.5, 0.2, 0.6, 0.0]
    found = [meter.measure(step, [], speech, 0.0).quiet_ms for step, speech in enumerate(posteriors)]
    assert found == [30, 0, 30, 60, 0, 30]
