"""The end-pointers that are compared: each gives the step at whose end it fires, on a track."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.pause import Pause
from azsim.speech.endpointing.protocol import EndPointEvent, EndPointProtocol
from azsim.speech.features import STEP_MS
from experiments.endpointing.tracks import Track, quiet_ms

Rule = Callable[[Track], int]
SPEECH_ABOVE = 0.5
SHERPA_NOTHING_MS, SHERPA_AFTER_WORDS_MS, SHERPA_LONGEST_MS = 2_400, 1_200, 20_000
"""**Source:** sherpa's documentation: trailing silence without and with something decoded; length of an utterance."""


def first(fires: np.ndarray) -> int:
    """The first step that fires; the last of all if none does."""
    at = np.flatnonzero(fires)
    return int(at[0]) if len(at) else len(fires) - 1


def fixed(silence_ms: int) -> Rule:
    """So long without a label after at least one."""
    return lambda track: first(track.unchanged_ms >= silence_ms)


def sherpa(track: Track) -> int:
    """The three default rules of sherpa, on the recogniser's own blanks."""
    pause, at = track.unchanged_ms, np.arange(track.steps)
    since_start = (at + 1) * STEP_MS
    fires = (pause >= SHERPA_AFTER_WORDS_MS) | ((pause < 0) & (since_start >= SHERPA_NOTHING_MS))
    return first(fires | (since_start >= SHERPA_LONGEST_MS))


def by_voice(peer: str, silence_ms: int, labels_ms: int = -1) -> Rule:
    """So long of quiet by a peer after speech; with ``labels_ms`` also so long without a label after at least one."""

    def rule(track: Track) -> int:
        speech = track.speech if peer == "" else track.peers[peer]
        after = np.maximum.accumulate(speech > SPEECH_ABOVE)
        fires = after & (quiet_ms(speech, SPEECH_ABOVE) >= silence_ms)
        return first(fires & (track.unchanged_ms >= labels_ms) if labels_ms >= 0 else fires)

    return rule


class TrackArrays:
    """The quantities of many tracks as arrays (track, step), so that many limits are tried fast.

    Args:
        tracks: of any lengths; behind its end a track stays as it was.
        speech_above: posterior of speech above which a step is speech.

    Attributes:
        waits_ms: of a decision at the end of each step, from the true end of speech.
        texts: number of the words that are known at the end of each step; alike where the words are.
        whole: number of the words of the whole track.
    """

    def __init__(self, tracks: Sequence[Track], speech_above: float) -> None:
        longest = max(track.steps for track in tracks)

        def rows(of: Callable[[Track], np.ndarray]) -> np.ndarray:
            return np.stack([np.pad(of(track), (0, longest - track.steps), mode="edge") for track in tracks])

        times = np.array([step_end_ms(step) for step in range(longest)])
        numbers: dict[str, int] = {}
        self._pause_ms, self._ended = rows(lambda t: t.pause_ms), rows(lambda t: t.ended)
        self._sentence_end = rows(lambda t: t.sentence_end)
        self._said = rows(lambda t: t.said > 0)
        self._quiet_ms = rows(lambda t: quiet_ms(t.speech, speech_above))
        self._times_ms = np.broadcast_to(times, self._said.shape)
        self.waits_ms = self._times_ms - np.array([track.recording.end_ms for track in tracks])[:, None]
        order = {id(track): place for place, track in enumerate(tracks)}
        known = [np.array([numbers.setdefault(text, len(numbers)) for text in track.texts]) for track in tracks]
        self.texts = rows(lambda t: known[order[id(t)]][t.said])
        self._changes = np.cumsum(np.diff(self.texts, axis=1, prepend=self.texts[:, :1]) != 0, axis=1)
        self.whole = np.array([numbers.setdefault(track.whole, len(numbers)) for track in tracks])

    def final(self, limits: EndPointing) -> np.ndarray:
        """The step of each track at whose end the final decision falls."""
        return _first_of(self._over(limits))

    def speculative(self, limits: EndPointing) -> np.ndarray:
        """The step of each track at whose end the first speculative decision falls."""
        return _first_of(self._reached(limits.speculative) | self._over(limits))

    def are_reset(self, told: np.ndarray, final: np.ndarray) -> np.ndarray:
        """Whether the words of each track became others between two steps."""
        at = np.arange(len(told))
        return self._changes[at, told] != self._changes[at, final]

    def _over(self, limits: EndPointing) -> np.ndarray:
        long = (self._quiet_ms >= limits.longest_quiet_ms) | (self._pause_ms >= limits.longest_pause_ms)
        over = self._reached(limits.final) | (self._said & (long | (self._times_ms >= limits.longest_ms)))
        return over | (~self._said & (self._times_ms >= min(limits.nothing_said_ms, limits.longest_ms)))

    def _reached(self, limits: Limits) -> np.ndarray:
        return (
            self._said
            & (self._pause_ms >= limits.pause_ms)
            & (self._quiet_ms >= limits.quiet_ms)
            & (self._ended >= limits.ended)
            & (self._sentence_end >= limits.sentence_end)
        )


def _first_of(fires: np.ndarray) -> np.ndarray:
    """The first step of each row that fires; the last of all if none does."""
    return np.where(fires.any(axis=1), fires.argmax(axis=1), fires.shape[1] - 1)


def events_of(track: Track, limits: EndPointing) -> tuple[EndPointEvent, ...]:
    """The events of the end-pointer itself, step by step; a track that is too short ends in a commit at its end."""
    pointer = EndPointProtocol(limits)
    quiet = quiet_ms(track.speech, limits.speech_above)
    for step in range(track.steps):
        said = int(track.said[step])
        pause = Pause(
            step=step,
            labels=(said,) if said else (),
            expected_ms=float(max(0, track.pause_ms[step])),
            quiet_ms=int(quiet[step]),
            ended=float(track.ended[step]),
            sentence_end=float(track.sentence_end[step]),
        )
        pointer.step(pause)
        if pointer.is_over:
            break
    return tuple(pointer.events)
