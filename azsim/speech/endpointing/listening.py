"""End-pointing of one utterance as it comes: two small networks, the search's hypotheses, and the events that follow.

::

    frames ──> voice activity ──posteriors──┐
    search ──> hypotheses ──expected pause──┼──> protocol ──> speculative, resume, commit
               best words ──> sentence end ─┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.nn.graph.executor import Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.rnnt.network import Network
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.endpointing.pause import Candidate, Hypotheses, Pause, PauseMeter
from azsim.speech.endpointing.protocol import EndPointEvent, EndPointProtocol
from azsim.speech.endpointing.sentence_end import SentenceEnd
from azsim.speech.endpointing.voice_activity import ENDED, SPEECH, VoiceActivity
from azsim.speech.transcript import words_of

VOICE_ACTIVITY, SENTENCE_END = "voice-activity", "sentence-end"
"""The shipped networks."""
Laid = tuple[Model, IntegerGraph]


def integers_of(small: CompressedNetwork) -> Laid:
    """A compressed graph laid out in the integers that its bitstreams decode to.

    Raises:
        InputError: it is no graph.
    """
    network = small.network
    if not isinstance(network, GraphNetwork):
        raise InputError(f"{network.source}: is a recogniser; must be a graph, such as models/{VOICE_ACTIVITY}")
    integers = network.integers(small.integer_weights)
    return Model.in_integers(integers), integers


def text_of(network: Network) -> Callable[[tuple[int, ...]], str]:
    """What makes a recogniser's labels into text."""

    def text(labels: tuple[int, ...]) -> str:
        words = words_of(labels, [0] * len(labels), [1.0] * len(labels), network.pieces)
        return " ".join(word.text for word in words)

    return text


@dataclass(frozen=True)
class EndPointNetworks:
    """Both networks, laid out; they may be shared by threads. ``sentence_end`` may be left out."""

    voice_activity: Laid
    sentence_end: Laid | None = None


@dataclass(frozen=True)
class EndPointer:
    """An end-pointer, ready to listen; it keeps no state between utterances and may be shared by threads.

    Attributes:
        networks: of the end-pointer.
        limits: of its decisions.
    """

    networks: EndPointNetworks
    limits: EndPointing = field(default_factory=EndPointing)

    def listen(self, recogniser: Network, wake_outputs: int = 0) -> EndPointListening:
        """One utterance; arguments as `EndPointListening` has them."""
        return EndPointListening(self.networks, self.limits, recogniser, wake_outputs)


class EndPointListening:
    """One utterance.

    Args:
        networks: of the end-pointer.
        limits: of its decisions.
        recogniser: whose search is asked.
        wake_outputs: encoder outputs of a wake word at the beginning, which the search does not see.

    Attributes:
        posteriors: of the steps so far, float64 ``(n, 2)`` each.
        pauses: what was known at the end of each step that was decided.
    """

    def __init__(
        self, networks: EndPointNetworks, limits: EndPointing, recogniser: Network, wake_outputs: int = 0
    ) -> None:
        self._voice = VoiceActivity(*networks.voice_activity)
        self._sentence = None if networks.sentence_end is None else SentenceEnd(*networks.sentence_end)
        self._every = recogniser.steps_per_output
        self._wake_outputs = wake_outputs
        self._text_of = text_of(recogniser)
        self._texts: dict[tuple[int, ...], str] = {}
        self._read: tuple[tuple[int, ...] | None, float] = (None, 0.0)
        self._meter = PauseMeter(limits.speech_above, self._every)
        self._pointer = EndPointProtocol(limits, self._text)
        self.posteriors: list[np.ndarray] = []
        self._asked: tuple[int, Sequence[Candidate]] = (-1, ())
        self.pauses: list[Pause] = []

    @property
    def events(self) -> list[EndPointEvent]:
        """All so far."""
        return self._pointer.events

    @property
    def is_over(self) -> bool:
        """Whether the utterance was committed."""
        return self._pointer.is_over

    @property
    def steps(self) -> int:
        """Steps that were decided."""
        return len(self.pauses)

    def hear(self, frames: np.ndarray) -> None:
        """Take the next log-mel frames, ``(n, 64)``."""
        self.posteriors += list(self._voice.feed(frames))

    def decide(self, search: Hypotheses, outputs: int) -> tuple[EndPointEvent, ...]:
        """The events of all steps that are whole by now.

        Args:
            search: over the recogniser's encoder outputs.
            outputs: encoder outputs so far, those of a wake word among them.
        """
        made: list[EndPointEvent] = []
        known = min(len(self.posteriors), (outputs + 1) * self._every - 1)
        for step in range(self.steps, known):
            output = (step + 1) // self._every - 1 - self._wake_outputs
            candidates = self._candidates(search, output)
            labels = candidates[0].labels if candidates else ()
            end = self._sentence_end(labels)
            posteriors = self.posteriors[step]
            pause = self._meter.measure(step, candidates, float(posteriors[SPEECH]), float(posteriors[ENDED]), end)
            self.pauses.append(pause)
            made += self._pointer.step(pause)
        return tuple(made)

    def _candidates(self, search: Hypotheses, output: int) -> Sequence[Candidate]:
        """What was held possible after an output, asked for once: several steps may follow the same."""
        if self._asked[0] != output:
            self._asked = output, search.hypotheses(output) if output >= 0 else ()
        return self._asked[1]

    def _sentence_end(self, labels: tuple[int, ...]) -> float:
        if self._sentence is None:
            return 1.0
        if self._read[0] != labels:
            self._read = labels, self._sentence.posterior(self._text(labels))
        return self._read[1]

    def _text(self, labels: tuple[int, ...]) -> str:
        if labels not in self._texts:
            self._texts[labels] = self._text_of(labels)
        return self._texts[labels]

    @property
    def letters_read(self) -> int:
        """Letters that the network of the sentence's end has read."""
        return 0 if self._sentence is None else self._sentence.letters_read
