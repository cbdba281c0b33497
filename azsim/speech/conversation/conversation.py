"""A sound of any length as turns: something opens one, the end-pointer closes it, states are reset, the next follows.

::

    frames ──> Waiting ──opening──> Listener + end-pointer ──commit──> Turn ──> Waiting ──> ...
                  │                     ^
                  └── the last two seconds, out of which a turn begins

What is kept does not grow with the sound: two seconds while waiting, a turn's frames while it is open, and a turn is
never longer than its end-pointer allows. What comes out does not depend on how the sound was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from azsim.speech.conversation.opening import Opening, Waiting, WaitingMaker
from azsim.speech.conversation.partials import Partial, Stability, stability
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.protocol import EndPointEvent
from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS, STACKED_FRAMES
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from azsim.speech.room_tone import room_tone
from azsim.speech.transcript import Word, moved

LOOK_BACK_FRAMES = 200
PIECE_FRAMES = 30
"""That are heard at a time: what was heard beyond the end of a turn is heard again by who waits for the next."""
WOKEN_AGAIN = "woken again"
"""Why a turn was over: its wake word was said again."""


@dataclass(frozen=True)
class ConversationTurn:
    """What was said in one turn.

    Attributes:
        number: from 1 on.
        opening: what opened it.
        frames: log-mel ``(n, 64)`` from its first frame to its end, silence that followed the whole sound included.
        words: with times of the whole sound.
        partials: as they were shown, likewise; the last one is the final text.
        ends: what the end-pointer told, likewise; empty where the turn was woken again.
        reason: why it was over.
        end_ms: of the whole sound, when it was over.
    """

    number: int
    opening: Opening
    frames: np.ndarray
    words: tuple[Word, ...]
    partials: tuple[Partial, ...]
    ends: tuple[EndPointEvent, ...]
    reason: str
    end_ms: int

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(word.text for word in self.words)

    @property
    def start_ms(self) -> int:
        """Where it begins in the whole sound."""
        return self.opening.frame * FRAME_SHIFT_MS

    @property
    def stability(self) -> Stability:
        """Of what was shown."""
        return stability(partial.text for partial in self.partials)


@dataclass(frozen=True)
class TurnLattice:
    """What may have been said, when an end-pointer told words of a turn downstream.

    Attributes:
        event: that told them: a ``speculative`` one. A ``commit`` tells nothing new.
        is_final: its ``commit`` was decided at the same moment.
        lattice: of all that was heard until then.
    """

    event: EndPointEvent
    is_final: bool
    lattice: Lattice

    @property
    def time_ms(self) -> int:
        """Of the event."""
        return self.event.time_ms


Happening = Opening | Partial | EndPointEvent | TurnLattice | ConversationTurn
"""What a conversation tells, in order; times are those of the whole sound."""


class Conversation:
    """Turns of one sound, as it comes.

    Args:
        recogniser: with an end-pointer (`Recogniser.ends`).
        waiting: makes what waits for the next turn.
        after_turn: makes what waits for it from this frame on, where a turn has just ended; ``waiting`` if None.

    Attributes:
        frames: heard so far.

    Lattices are told, each right after its ``speculative`` event, where the recogniser's search keeps them.

    Raises:
        ValueError: the recogniser has no end-pointer.
    """

    def __init__(
        self, recogniser: Recogniser, waiting: WaitingMaker, after_turn: Callable[[int], Waiting] | None = None
    ) -> None:
        if recogniser.ends is None:
            raise ValueError("a conversation needs a recogniser with an end-pointer")
        self._recogniser, self._make_waiting, self._after_turn = recogniser, waiting, after_turn
        self._waiting: Waiting = waiting()
        self._waiting_from = 0
        self._kept = np.zeros((0, MEL_BINS), np.float32)
        self._kept_from = self.frames = 0
        self._open: _OpenTurn | None = None
        self._number = 0

    def feed(self, frames: np.ndarray) -> Iterator[Happening]:
        """Take the next log-mel frames, ``(n, 64)``; what happens in them, once it is asked for."""
        for start in range(0, len(frames), PIECE_FRAMES):
            piece = np.asarray(frames[start : start + PIECE_FRAMES], np.float32)
            self._kept = np.concatenate([self._kept, piece])
            first, self.frames = self.frames, self.frames + len(piece)
            yield from self._hear(first)
            self._forget()

    def finish(self) -> Iterator[Happening]:
        """The sound has ended; an open turn hears the silence of its room until it is over."""
        while self._open is not None:
            whole = np.concatenate([*self._open.frames, np.zeros((0, MEL_BINS), np.float32)])
            most = self._recogniser.ends.limits.most_ms // FRAME_SHIFT_MS + PIECE_FRAMES
            room = room_tone(whole, most)
            for start in range(0, len(room), PIECE_FRAMES):
                yield from self._open.feed(room[start : start + PIECE_FRAMES])
                if self._open.is_over:
                    yield self._close()
                    break

    def _hear(self, at: int) -> Iterator[Happening]:
        """The frames from one on: by who waits, by the open turn up to the next opening, and by the next turn."""
        openings = self._openings(at) if self._open is None or self._waiting.is_always_on else []
        while True:
            until = openings[0].known_frames if openings else self.frames
            if self._open is not None:
                yield from self._open.feed(self._between(at, until))
                if self._open.is_over:
                    over_at = self._open.first + self._open.over_frames
                    yield self._close()
                    if self._after_turn is not None or not self._waiting.is_always_on:
                        openings, at = self._wait_from(over_at), over_at
                        continue
            at = until
            if not openings:
                return
            opening = openings.pop(0)
            if self._open is not None:
                yield self._close(opening)
            if not self._waiting.is_always_on:
                openings = []
            opening = replace(opening, frame=max(opening.frame, self._kept_from))
            yield opening
            self._number += 1
            self._open = _OpenTurn(self._recogniser, self._number, opening)
            yield from self._open.feed(self._between(opening.frame, until))

    def _between(self, first: int, until: int) -> np.ndarray:
        return self._kept[first - self._kept_from : until - self._kept_from]

    def _openings(self, first: int) -> list[Opening]:
        """Of who waits, in the frames from one on; in frames and times of the whole sound."""
        shift = self._waiting_from
        return [
            replace(each, frame=each.frame + shift, time_ms=each.time_ms + shift * FRAME_SHIFT_MS)
            for each in self._waiting.hear(self._between(first, self.frames))
        ]

    def _wait_from(self, frame: int) -> list[Opening]:
        """A new one waits, from a frame on."""
        self._waiting = self._make_waiting() if self._after_turn is None else self._after_turn(frame)
        self._waiting_from = frame
        return self._openings(frame)

    def _close(self, by: Opening | None = None) -> ConversationTurn:
        """The open turn is over, by its end-pointer or by the next opening."""
        assert self._open is not None
        turn, self._open = self._open.turn(None if by is None else by.frame), None
        return turn

    def _forget(self) -> None:
        """Keep what a turn may begin with."""
        surplus = len(self._kept) - LOOK_BACK_FRAMES
        if surplus > 0:
            self._kept, self._kept_from = self._kept[surplus:].copy(), self._kept_from + surplus


class _OpenTurn:
    """A turn that is being heard.

    Attributes:
        listener: to its words and its end.
        first: frame of the whole sound.
        frames: pieces so far.
    """

    def __init__(self, recogniser: Recogniser, number: int, opening: Opening) -> None:
        self.listener = Listener(recogniser, f"turn {number}")
        self.first, self.frames = opening.frame, list[np.ndarray]()
        self._number, self._opening = number, opening
        self._shift_ms = opening.frame * FRAME_SHIFT_MS
        self._partials = list[Partial]()
        self._outputs = self._told = 0

    def feed(self, frames: np.ndarray) -> Iterator[Partial | EndPointEvent | TurnLattice]:
        """Hear on; what changed, in order of time, nothing after the end."""
        self.frames.append(frames)
        self.listener.feed(frames)
        made: list[Partial | EndPointEvent | TurnLattice] = []
        over_ms = self._over_ms
        for step, text in self.listener.partials(self._outputs):
            time_ms = step_end_ms(step) + self._shift_ms
            if (over_ms is None or time_ms <= over_ms) and text != self._shown:
                self._partials.append(Partial(time_ms, text))
                made.append(self._partials[-1])
        self._outputs = self.listener.outputs
        events = self.listener.ends.events
        for index in range(self._told, len(events)):
            made.append(told := self._shifted(events[index]))
            lattice = self.listener.told(index)
            if lattice is not None:
                following = events[index + 1 : index + 2]
                is_final = bool(following) and following[0].step == told.step and following[0].kind == "commit"
                made.append(TurnLattice(told, is_final, lattice))
        self._told = len(events)
        yield from sorted(made, key=lambda each: each.time_ms)

    @property
    def is_over(self) -> bool:
        """Whether its end-pointer has ended it."""
        return self.listener.ends.is_over

    @property
    def over_frames(self) -> int:
        """Frames until it was over."""
        events = self.listener.ends.events
        return (events[-1].step + 1) * STACKED_FRAMES

    @property
    def _over_ms(self) -> int | None:
        ends = self.listener.ends
        return ends.events[-1].time_ms + self._shift_ms if ends.is_over else None

    @property
    def _shown(self) -> str:
        return self._partials[-1].text if self._partials else ""

    def _shifted(self, event: EndPointEvent) -> EndPointEvent:
        return replace(event, time_ms=event.time_ms + self._shift_ms)

    def turn(self, until: int | None) -> ConversationTurn:
        """What it came to; ``until``: the frame at which it was broken off."""
        ends = self.listener.ends
        frames = np.concatenate(self.frames)[: self.over_frames if until is None else max(0, until - self.first)]
        words = moved(self.listener.words(), self._shift_ms)
        end_ms = self._over_ms if until is None else until * FRAME_SHIFT_MS
        return ConversationTurn(
            number=self._number,
            opening=self._opening,
            frames=frames,
            words=tuple(word for word in words if word.end_ms <= end_ms),
            partials=tuple(self._partials),
            ends=tuple(self._shifted(event) for event in ends.events),
            reason=ends.events[-1].reason if until is None else WOKEN_AGAIN,
            end_ms=end_ms,
        )
