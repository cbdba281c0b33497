"""The openers that travel with azsim: the wake word's detector and the voice activity, laid out once per process."""

from __future__ import annotations

from functools import cache, partial

from azsim.compress.stored import load_network
from azsim.speech.conversation.opening import ForVoice, ForWakeWord, WaitingMaker
from azsim.speech.endpointing.choice import laid_out, shipped_networks
from azsim.speech.endpointing.listening import Laid
from azsim.speech.wake_detector import WakeLimits

WAKE_WORD = "wake-word"
"""The shipped network."""


@cache
def shipped_detector() -> tuple[Laid, WakeLimits]:
    """The wake word's detector, and when the word counts as heard.

    Raises:
        InputError: it is not there.
    """
    return laid_out(WAKE_WORD), WakeLimits.of_card(load_network(WAKE_WORD).card)


def for_wake_word() -> WaitingMaker:
    """Makes one that waits for the wake word."""
    return partial(ForWakeWord, *shipped_detector())


def for_voice(speech_above: float) -> WaitingMaker:
    """Makes one that waits until somebody speaks.

    Args:
        speech_above: posterior of the voice activity above which a step is speech.
    """
    return partial(ForVoice, shipped_networks().voice_activity, speech_above)
