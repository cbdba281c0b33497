"""Two models as one: its sentences are the weighted sum of theirs, and a domain that was left has no more say."""

from __future__ import annotations

import math

import pytest

from azsim.cloud.domain_model import Automaton, DomainModel
from azsim.cloud.mixed_model import MixedModel
from azsim.errors import InputError

HALF = math.log(0.5)


class Coin:
    """Every word and the end have probability one half."""

    start = 0

    def word(self, state: int, word: str) -> tuple[float, int]:
        return HALF, state + 1

    def end(self, state: int) -> float:
        return HALF


DOMAIN = DomainModel(Automaton(("turn", "on"), (0, 1), (1, 2), (0, 1), (1.0, 1.0), (0.0, 0.0, 1.0)))


def probability(model: MixedModel, *words: str) -> float:
    state, total = model.start, 0.0
    for each in words:
        score, state = model.word(state, each)
        total += score
    return math.exp(total + model.end(state))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_sentence_is_the_weighted_sum(share: float) -> None:
    model = MixedModel(Coin(), DOMAIN, share)
    assert probability(model, "turn", "on") == pytest.approx(share + (1 - share) / 8)
    assert probability(model, "turn") == pytest.approx((1 - share) / 4)
    assert probability(model) == pytest.approx((1 - share) / 2)
    assert probability(model, "turn", "off") == pytest.approx((1 - share) / 8)


def test_a_domain_that_was_left_has_no_say() -> None:
    model = MixedModel(Coin(), DOMAIN, 0.5)
    _, state = model.word(model.start, "on")
    assert model.word(state, "turn")[0] == pytest.approx(HALF)
    assert model.end(state) == pytest.approx(HALF)


def test_one_that_is_followed_has_nearly_all() -> None:
    model = MixedModel(Coin(), DOMAIN, 0.5)
    _, state = model.word(model.start, "turn")
    assert math.exp(model.word(state, "on")[0]) == pytest.approx((0.5 + 0.125) / (0.5 + 0.25))


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="domain_share"):
        MixedModel(Coin(), DOMAIN, share)
