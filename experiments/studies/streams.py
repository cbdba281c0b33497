"""Streams of a wake word and a command, heard with the encoder's state kept after the wake word, or reset there.

::

    streams-eval ──┬── whole, labels after the wake word ──> kept   ─┐
                   └── from the end of the wake word on  ──> reset  ─┴─> the same references, pair by pair
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.speech.wake_word import after_wake_word
from azsim.train.corpus.wake_streams import OTHER, QUIET, SAME, TEST_BELOW_DB
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from experiments.studies.hearing import ListeningTest

MEASURED = ("stream-dev", "real-stream-dev")
TRAINED = ("stream-train", "real-stream-train")
CALIBRATION_STREAMS = 100
BACKGROUNDS = (QUIET, *(f"{level} dB" for level in TEST_BELOW_DB))
Rule = Callable[[StoredUtterance], bool]


@dataclass(frozen=True)
class Streams:
    """Streams to measure with, in one order, both ways.

    Attributes:
        utterances: with their index lines.
        kept, reset: the same streams as they are heard.
        clusters: what a bootstrap draws: a real speaker, or a synthetic command with all its streams.
    """

    utterances: list[StoredUtterance]
    kept: ListeningTest
    reset: ListeningTest
    clusters: list[str]

    @classmethod
    def load(cls, corpus: Path, network: Network) -> Streams:
        """Read a corpus's streams, the boundary where this network has it.

        Raises:
            InputError: it has none.
        """
        splits = load_utterances(corpus, complete_folders(corpus))
        utterances = of_splits(splits, MEASURED)
        trained = of_splits(splits, TRAINED)
        if not utterances or not trained:
            raise InputError(f"{corpus}: no streams; build them: python -m azsim.train.corpus streams --out {corpus}")
        spread = [trained[i] for i in np.linspace(0, len(trained) - 1, CALIBRATION_STREAMS).astype(int)]
        kept = _listening(utterances, spread, _whole)
        kept.wake_end_ms.extend(round(u.line.wake_end_ms) for u in utterances)

        def rest(utterance: StoredUtterance) -> np.ndarray:
            return after_wake_word(network, _whole(utterance), utterance.line.wake_end_ms)

        return cls(utterances, kept, _listening(utterances, spread, rest), [_cluster(u) for u in utterances])

    def where(self, rule: Rule) -> np.ndarray:
        """bool, one each: which streams a rule takes."""
        return np.array([rule(each) for each in self.utterances])


def conditions() -> dict[tuple[str, str], tuple[Rule, Rule]]:
    """(commands, wake word) -> rules for the commands and for the wake word, as a report lists them."""
    found: dict[tuple[str, str], tuple[Rule, Rule]] = {}
    for commands, is_real in (("synthetic", False), ("real", True)):
        for wake, voice, source in (
            ("same voice", SAME, ""),
            ("other voice", OTHER, ""),
            ("other voice, synthetic", OTHER, "synthetic"),
            ("other voice, real", OTHER, "real"),
        ):
            if is_real and source:
                continue  # the wake word of another voice is always real there
            found[commands, wake] = (_by_kind(is_real), _by_wake(voice, source))
    return found


def _by_kind(is_real: bool) -> Rule:
    return lambda utterance: utterance.is_real == is_real


def _by_wake(voice: str, source: str) -> Rule:
    return lambda utterance: utterance.line.wake_voice == voice and source in ("", utterance.line.wake_source)


def _whole(utterance: StoredUtterance) -> np.ndarray:
    return np.asarray(utterance.features, np.float32)


def _listening(
    utterances: list[StoredUtterance],
    calibration: list[StoredUtterance],
    features: Callable[[StoredUtterance], np.ndarray],
) -> ListeningTest:
    return ListeningTest(
        features=[features(u) for u in utterances],
        references=[u.line.text for u in utterances],
        clusters=[_cluster(u) for u in utterances],
        is_real=np.array([u.is_real for u in utterances]),
        is_noisy=np.array([u.line.background != QUIET for u in utterances]),
        calibration=[features(u) for u in calibration],
    )


def _cluster(utterance: StoredUtterance) -> str:
    line = utterance.line
    return line.speaker if utterance.is_real else f"{line.voice} {line.text}"
