"""A recording as the turns of a conversation: each becomes an utterance of a comparison, with the room behind it.

::

    long.wav ──blocks──> Conversation ──turns──> long.wav#1, long.wav#2, ...     times of the whole recording kept
    short.wav ─────────────────────────────────> short.wav                       at most 20 s: one turn, as it is

A longer recording is cut by its wake word; where that is never said in it, by end-pointers alone, and that is remarked
on. It is read block by block: what is kept are its turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compare.experiment import Experiment
from azsim.compare.setup import network
from azsim.compare.speech_set import Envelope, Microphone, Utterance, load_utterance
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.devices import Device
from azsim.errors import InputError, readable
from azsim.speech.audio import Recording
from azsim.speech.bounds import estimate_bounds
from azsim.speech.conversation.conversation import Conversation, ConversationTurn
from azsim.speech.conversation.openers import for_voice, for_wake_word
from azsim.speech.conversation.opening import Opening, WaitingMaker
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, SAMPLE_RATE_HZ, LogMel
from azsim.speech.recogniser import Recogniser

Cut = Literal["by itself", "wake", "no wake"]
"""How recordings are cut: see the module; by the wake word alone; by end-pointers alone."""
ONE_TURN_S = 20
"""A recording of at most so much is one turn by itself: as long as a turn may be (`EndPointing.longest_ms`)."""
BEHIND_FRAMES = 100
"""Of what follows a turn, at most, that it is given: where its speech ends is judged against it."""
RECENT_FRAMES = 4_000
WITHOUT_WAKE_WORD = "its wake word is never said: cut by end-pointers alone"


def recogniser_of(device: Device, experiment: Experiment) -> Recogniser:
    """The recogniser of an experiment's first configuration, which finds the turns, with the shipped end-pointer.

    Raises:
        InputError: there is no such network, or the configuration does not fit it.
    """
    configuration = experiment.configuration[0]
    small = compress(
        network(experiment.model_of(configuration)),
        name=configuration.name,
        weight_bits=configuration.weight_bits,
        sparsity=configuration.sparsity,
        codec=configuration.codec,
        layout=tile_layout(device.chip),
    )
    return told_recogniser(small, experiment)


def told_recogniser(small: CompressedNetwork, experiment: Experiment) -> Recogniser:
    """A recogniser with an experiment's search, shipped end-pointer and names.

    Raises:
        InputError: the names cannot be read or spelled.
    """
    told, ends = experiment.context, experiment.ends.shipped()
    if told is None:
        return Recogniser(small, experiment.search.maker(), lattices=experiment.search, ends=ends)
    search, attention = experiment.search.maker(told.boosts(small.network)), told.attended(small)
    return Recogniser(small, search, lattices=experiment.search, ends=ends, attention=attention)


class Cutter:
    """Cuts recordings into turns.

    Args:
        cut: how.
        make: the recogniser with an end-pointer; only where a recording is cut.
        max_minutes: longer recordings are refused.
        gain: factor of every sample.
    """

    def __init__(self, cut: Cut, make: Callable[[], Recogniser], max_minutes: float, gain: float = 1.0) -> None:
        self._cut, self._recogniser, self._max_minutes, self._gain = cut, cache(make), max_minutes, gain

    def utterances(self, path: Path, heard: Microphone | None) -> list[Utterance]:
        """The turns of a recording.

        Args:
            path: of the recording.
            heard: what else reaches the microphone; then the recording is held whole.

        Raises:
            InputError: the recording cannot be used, or nobody speaks in it.
        """
        if self._cut == "by itself" and not self._is_long(path):
            return [load_utterance(path, path.name, None, {}, self._max_minutes, heard, self._gain)]
        found: list[Utterance] = []
        if self._cut != "no wake":
            found = self._turns(path, heard, for_wake_word())
        if not found and self._cut != "wake":
            remark = (WITHOUT_WAKE_WORD,) if self._cut == "by itself" else ()
            voiced = self._turns(path, heard, for_voice(self._recogniser().ends.limits.speech_above))
            found = [replace(each, remarks=(*each.remarks, *remark)) for each in voiced[:1]] + voiced[1:]
        if not found:
            missing = "its wake word is never said" if self._cut == "wake" else "nobody speaks"
            more = "; --no-wake cuts it by end-pointers alone" if self._cut == "wake" else ""
            raise InputError(f"{path}: {missing} in it: there is no turn to run{more}")
        return found

    def _is_long(self, path: Path) -> bool:
        recording = Recording(path, self._max_minutes, self._gain)
        return any(recording.samples > ONE_TURN_S * SAMPLE_RATE_HZ for _ in recording.blocks())

    def _turns(self, path: Path, heard: Microphone | None, waiting: WaitingMaker) -> list[Utterance]:
        recording = Recording(path, self._max_minutes, self._gain)
        blocks: Iterator[np.ndarray] | Sequence[np.ndarray] = recording.blocks()
        if heard is not None:
            blocks = [heard(np.concatenate(list(blocks)), path.name, {})]
        envelope, made = Envelope(), []
        for turn, features in turns_with_rooms(_metered(blocks, envelope), Conversation(self._recogniser(), waiting)):
            made.append(_utterance(path.name, turn, features))
        peaks = envelope.peaks()
        made = [replace(each, envelope=_slice(peaks, each)) for each in made]
        return [replace(each, remarks=recording.remarks) for each in made[:1]] + made[1:]


def _metered(blocks: Iterator[np.ndarray] | Sequence[np.ndarray], envelope: Envelope) -> Iterator[np.ndarray]:
    for block in blocks:
        envelope.feed(block)
        yield block


def turns_with_rooms(
    blocks: Iterator[np.ndarray], conversation: Conversation
) -> Iterator[tuple[ConversationTurn, np.ndarray]]:
    """The turns of a sound, each with its log-mel: from its beginning to a second behind its end, or the next turn.

    Args:
        blocks: mono float32 samples at 16 kHz.
        conversation: that hears them.
    """
    stream, recent = LogMel(), _Recent()
    waiting: ConversationTurn | None = None
    for block in blocks:
        frames = stream.feed(block)
        recent.feed(frames)
        for happening in conversation.feed(frames):
            if isinstance(happening, Opening) and waiting is not None:
                yield waiting, recent.of(waiting, happening.frame)
                waiting = None
            elif isinstance(happening, ConversationTurn):
                waiting = happening
        if waiting is not None and conversation.frames >= _end_frame(waiting) + BEHIND_FRAMES:
            yield waiting, recent.of(waiting, conversation.frames)
            waiting = None
    for happening in conversation.finish():
        if isinstance(happening, ConversationTurn):
            waiting = happening
    if waiting is not None:
        yield waiting, recent.of(waiting, conversation.frames)


class _Recent:
    """The last log-mel frames of a sound."""

    def __init__(self) -> None:
        self._frames = np.zeros((0, 64), np.float32)
        self._first = 0

    def feed(self, frames: np.ndarray) -> None:
        surplus = max(0, len(self._frames) - RECENT_FRAMES)
        self._frames, self._first = np.concatenate([self._frames[surplus:], frames]), self._first + surplus

    def of(self, turn: ConversationTurn, until: int) -> np.ndarray:
        """Of a turn and what follows it, up to a frame."""
        end = min(until, _end_frame(turn) + BEHIND_FRAMES)
        return self._frames[turn.opening.frame - self._first : end - self._first].copy()


def _end_frame(turn: ConversationTurn) -> int:
    return turn.opening.frame + len(turn.frames)


def _utterance(name: str, turn: ConversationTurn, features: np.ndarray) -> Utterance:
    return Utterance(
        name=readable(f"{name}#{turn.number}"),
        reference=None,
        audio_ms=(len(features) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS,
        bounds=estimate_bounds(features),
        features=features,
        envelope=np.zeros(0, np.float32),
        start_ms=turn.start_ms,
        opened_by=turn.opening.by,
    )


def _slice(peaks: np.ndarray, utterance: Utterance) -> np.ndarray:
    first = utterance.start_ms // FRAME_SHIFT_MS
    return peaks[first : first + utterance.audio_ms // FRAME_SHIFT_MS]
