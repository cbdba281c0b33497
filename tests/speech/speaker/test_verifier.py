"""Who a voice is taken for, and when that is settled."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.speech.speaker.verifier import Match, MatchLimits, Profiles, match

PROFILES = Profiles(("ann", "ben"), np.eye(2))
LIMITS = MatchLimits(threshold=0.6, sure=0.9, unlike=0.3)


def at(score: float) -> np.ndarray:
    return np.array([score, -np.sqrt(1 - score**2)])


@pytest.mark.parametrize(
    ("score", "windows", "found"),
    [
        (0.95, 1, Match("ann", 0.95, is_settled=False)),
        (0.95, 2, Match("ann", 0.95, is_settled=True)),
        (0.7, 5, Match("ann", 0.7, is_settled=False)),
        (0.5, 5, Match("", 0.5, is_settled=False)),
        (0.1, 2, Match("", 0.1, is_settled=True)),
    ],
)
def test_scores_and_limits_decide(score: float, windows: int, found: Match) -> None:
    made = match([at(score)] * windows, PROFILES, LIMITS)
    assert (made.name, made.is_settled) == (found.name, found.is_settled)
    assert np.isclose(made.score, found.score)


def test_without_the_cascade_nothing_is_settled() -> None:
    assert not match([at(0.99)] * 4, PROFILES, LIMITS, cascade=False).is_settled


def test_the_file_of_a_network_states_the_limits() -> None:
    card = {"threshold": 0.6, "sure": 0.9, "unlike": 0.3, "other": "x"}
    assert MatchLimits.of_card(card, "net") == LIMITS
    with pytest.raises(InputError, match="net: card: sure: missing"):
        MatchLimits.of_card({"threshold": 0.6, "unlike": 0.3}, "net")
    with pytest.raises(InputError, match="must not fall"):
        MatchLimits.of_card(card | {"unlike": 0.8}, "net")
