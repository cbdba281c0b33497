"""Whether an utterance has ended: a speculative and a final decision, the same rule with two sets of limits.

::

                  pause at the end of the hypotheses ───────────┐
    speculative:  ≥ 120 ms  quiet ≥ 120 ms  a sentence ≥ 0.1 ───┴─> work downstream may begin
    final:        ≥ 180 ms  quiet ≥ 300 ms ─────────────────────> the words are out
                  or: quiet or no label for long, or heard for longer than anybody speaks

(Those of the defaults; an experiment file may have others.)

**Source:** pause bounds as safeguards around a posterior: Maas et al. 2018; a speculative end ahead of the final one:
US 12,211,517; most of a turn: sherpa's third rule (20 s).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from azsim.ranges import Share
from azsim.speech.endpoint import MOST_SILENCE_MS
from azsim.speech.endpointing.pause import Pause

Milliseconds = Annotated[int, Meta(ge=0, le=MOST_SILENCE_MS)]
Reason = Literal["ended", "quiet", "no label", "too long", "nothing said"]
"""Why an end-pointer fired: all limits reached; long quiet; long without a label; heard for too long; nobody spoke."""


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What must be reached at once.

    Attributes:
        pause_ms: expected, at the end of the hypotheses.
        quiet_ms: of the sound.
        ended: posterior of the end, by the sound.
        sentence_end: posterior that the words are a whole sentence.
    """

    pause_ms: Milliseconds
    quiet_ms: Milliseconds
    ended: Share = 0.0
    sentence_end: Share = 0.0

    def reached(self, pause: Pause) -> bool:
        """Whether all are."""
        return (
            pause.expected_ms >= self.pause_ms
            and pause.quiet_ms >= self.quiet_ms
            and pause.ended >= self.ended
            and pause.sentence_end >= self.sentence_end
        )


class EndPointing(Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of both decisions, and what ends an utterance whatever they say.

    Attributes:
        speculative, final: limits after at least one label.
        speech_above: posterior of speech above which a step counts as speech.
        longest_quiet_ms: of the sound, after at least one label.
        longest_pause_ms: without a label, after at least one: in music or voices that never are quiet.
        longest_ms: of an utterance.
        nothing_said_ms: without any label, from the start.

    **Source:** the limits of both decisions, longest quiet and pause: `experiments.endpointing.tune`; others `assumed`.
    """

    speculative: Limits = Limits(120, 120, 0.0, 0.1)
    final: Limits = Limits(180, 300)
    speech_above: Share = 0.5
    longest_quiet_ms: Milliseconds = 1_200
    longest_pause_ms: Milliseconds = 3_000
    longest_ms: Annotated[int, Meta(ge=1_000, le=600_000)] = 20_000
    nothing_said_ms: Annotated[int, Meta(ge=1_000, le=600_000)] = 10_000

    @property
    def most_ms(self) -> int:
        """After which every utterance is over, whatever is heard."""
        return max(self.longest_ms, self.nothing_said_ms)

    def is_speculative(self, pause: Pause) -> bool:
        """Whether work downstream may begin."""
        return bool(pause.labels) and (self.speculative.reached(pause) or self.reason(pause) is not None)

    def reason(self, pause: Pause) -> Reason | None:
        """Why the utterance is over; None if it goes on."""
        if not pause.labels:
            return "nothing said" if pause.time_ms >= min(self.nothing_said_ms, self.longest_ms) else None
        if self.final.reached(pause):
            return "ended"
        if pause.quiet_ms >= self.longest_quiet_ms:
            return "quiet"
        if pause.expected_ms >= self.longest_pause_ms:
            return "no label"
        return "too long" if pause.time_ms >= self.longest_ms else None
