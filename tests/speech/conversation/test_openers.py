"""The shipped openers: laid out once, new ones for each conversation, deaf to silence."""

from __future__ import annotations

import numpy as np

from azsim.speech.conversation.openers import for_voice, for_wake_word, shipped_detector

SILENCE = np.random.default_rng(0).normal(2.0, 0.1, (300, 64)).astype(np.float32)


def test_networks_are_laid_out_once_and_every_conversation_waits_anew() -> None:
    assert shipped_detector() is shipped_detector()
    for maker in (for_wake_word(), for_voice(0.5)):
        one, other = maker(), maker()
        assert one is not other
        whole = one.hear(SILENCE)
        parts = [opening for start in range(0, 300, 37) for opening in other.hear(SILENCE[start : start + 37])]
        assert whole == parts == []


def test_the_word_counts_by_the_limits_of_its_card() -> None:
    (_, limits), waiting = shipped_detector(), for_wake_word()()
    assert 0 < limits.threshold < 1
    assert waiting.is_always_on
    assert not for_voice(0.5)().is_always_on
