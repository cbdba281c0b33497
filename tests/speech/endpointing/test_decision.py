"""Which limit ends an utterance, and that the speculative end never comes after the final one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.pause import Pause

CHOSEN = EndPointing(
    speculative=Limits(180, 90, 0.5, 0.2),
    final=Limits(300, 240, 0.8, 0.4),
    longest_quiet_ms=900,
    longest_pause_ms=1500,
    longest_ms=20_000,
    nothing_said_ms=8_000,
)


@pytest.mark.parametrize(
    ("pause", "reason"),
    [
        (Pause(50, (1,), 300, 240, 0.8, 0.4), "ended"),
        (Pause(50, (1,), 299, 240, 0.8, 0.4), None),
        (Pause(50, (1,), 300, 210, 0.8, 0.4), None),
        (Pause(50, (1,), 300, 240, 0.79, 0.4), None),
        (Pause(50, (1,), 300, 240, 0.8, 0.39), None),
        (Pause(50, (1,), 90, 900, 0.0, 0.0), "quiet"),
        (Pause(50, (1,), 1500, 0, 0.0, 0.0), "no label"),
        (Pause(700, (1,), 0, 0, 0.0, 0.0), "too long"),
        (Pause(50, (), 1600, 1600, 1.0), None),
        (Pause(300, (), 9000, 9000, 1.0), "nothing said"),
    ],
)
def test_the_limit_that_is_reached_is_named(pause: Pause, reason: str | None) -> None:
    assert CHOSEN.reason(pause) == reason
    if reason not in (None, "nothing said"):
        assert CHOSEN.is_speculative(pause)


def test_the_speculative_limits_come_first() -> None:
    assert CHOSEN.is_speculative(Pause(50, (1,), 180, 90, 0.5, 0.2))
    assert CHOSEN.reason(Pause(50, (1,), 180, 90, 0.5, 0.2)) is None
    assert not CHOSEN.is_speculative(Pause(50, (), 180, 90, 0.5, 0.2))


@given(st.floats(0, 500), st.integers(0, 300), st.floats(0, 1), st.floats(0, 1))
def test_more_of_anything_never_undoes_a_decision(expected: float, quiet: int, ended: float, end: float) -> None:
    pause = Pause(50, (1,), expected, quiet, ended, end)
    more = Pause(51, (1,), expected + 30, quiet + 30, min(1, ended + 0.1), min(1, end + 0.1))
    assert CHOSEN.is_speculative(more) >= CHOSEN.is_speculative(pause)
    assert (CHOSEN.reason(more) is not None) >= (CHOSEN.reason(pause) is not None)
