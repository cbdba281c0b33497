"""The wake word's detector: always on, whoever speaks; it says when the word was heard."""

from __future__ import annotations

from collections.abc import Callable

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.speech.conversation.openers import WAKE_WORD
from azsim.speech.endpointing.listening import Laid, integers_of
from azsim.speech.features import STEP_MS
from azsim.speech.stage import AlwaysOn, Configured, Event, Listening, Output, Piece, Stage, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.stages.voice_activity import as_stored
from azsim.speech.wake_detector import WakeDetector, WakeLimits


@stage(WAKE_WORD)
class WakeWordStage(Stage, frozen=True):
    """Options of the detector.

    Attributes:
        model: a name under ``models/``, or a path; its file states when the word counts as heard.
    """

    model: str = WAKE_WORD

    @property
    def always_on(self) -> AlwaysOn:
        """It hears every step from power-on."""
        return AlwaysOn(STEP_MS)

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored."""
        return as_stored(self.model, configured)

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that tells when the word was heard."""
        laid, limits = integers_of(network), WakeLimits.of_card(load_network(self.model).card)
        return lambda turn: _Listening(laid, limits)


class _Listening:
    def __init__(self, laid: Laid, limits: WakeLimits) -> None:
        self._detector = WakeDetector(*laid, limits)

    def hear(self, piece: Piece) -> Output:
        """An event for each time that the word was heard; where it ends is its value."""
        wakes = self._detector.feed(piece.frames)
        return Output(events=tuple(Event(wake.time_ms, "wake", {"end_ms": wake.end_ms}) for wake in wakes))
