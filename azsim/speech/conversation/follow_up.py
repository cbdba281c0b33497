"""Follow-ups: for a while after a turn, speech to the device opens the next one without the wake word.

::

    turn ──over──│ window of 8 s: sound and tracks ──> directed? ──yes──> a turn, from half a second before its speech
                 │ the wake word opens one all along                 no ──> as if nothing had been said
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from azsim.compress.stored import load_network
from azsim.speech.conversation.opening import LEAD_FRAMES, Opening, Waiting, WaitingMaker
from azsim.speech.endpointing.choice import laid_out
from azsim.speech.endpointing.listening import Laid
from azsim.speech.features import FRAME_SHIFT_MS, STACKED_FRAMES, STEP_MS
from azsim.speech.turn_taking.directed import DIRECTED, SPEECH, DirectedSpeech, TurnLimits, TurnMeter
from azsim.speech.turn_taking.tracks import Tracks, steps_of

WINDOW_MS = 8000
"""After a turn, in which somebody may go on; `assumed`."""


class ForFollowUp:
    """Waits after a turn: for speech to the device within the window, and for the wake word all along.

    Args:
        network: of turn-taking, laid out.
        limits: of its decisions.
        seen: gives the people at steps, counted from the first frame that this one hears.
        wake: who waits for the wake word beside it; None where there is none.
        window_ms: how long.
    """

    is_always_on = False

    def __init__(
        self,
        network: Laid,
        limits: TurnLimits,
        seen: Callable[[int, int], np.ndarray],
        wake: Waiting | None = None,
        window_ms: int = WINDOW_MS,
    ) -> None:
        self._stream, self._meter, self._wake = DirectedSpeech(*network, seen), TurnMeter(limits), wake
        self._left = window_ms // STEP_MS * STACKED_FRAMES

    def hear(self, frames: np.ndarray) -> list[Opening]:
        """See `Waiting`; in order of time."""
        openings = [] if self._wake is None else self._wake.hear(frames)
        within, self._left = frames[: self._left], max(0, self._left - len(frames))
        for posteriors in self._stream.feed(within):
            found = self._meter.feed(float(posteriors[SPEECH]), float(posteriors[DIRECTED]))
            if found is not None and found.directed:
                first = max(0, found.first_step * STACKED_FRAMES - LEAD_FRAMES)
                openings.append(Opening(first, found.time_ms, "follow-up", found.posterior))
        return sorted(openings, key=lambda each: each.time_ms)


def after_turns(tracks: Tracks, model: str, wake: WaitingMaker | None = None) -> Callable[[int], ForFollowUp]:
    """Makes one that waits from a frame of the whole sound on, where a turn has ended.

    Args:
        tracks: of the people in view, in times of the whole sound.
        model: a name under ``models/``, or a path.
        wake: makes what waits for the wake word.

    Raises:
        InputError: there is no such network.
    """
    laid, limits = laid_out(model), TurnLimits.of_card(load_network(model).card)

    def waits_from(frame: int) -> ForFollowUp:
        moved = tuple(each.moved(-frame * FRAME_SHIFT_MS) for each in tracks)
        return ForFollowUp(laid, limits, partial(steps_of, moved), None if wake is None else wake())

    return waits_from
