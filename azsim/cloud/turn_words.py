"""Lattices of a conversation on their way to the server while it goes on, and the words that are taken for each turn.

::

    speculative ──lattice, revision 0──> server        resume: what comes back is nobody's any more
    speculative ──lattice, revision 1──> server ──words──┐
    turn over ──────waits, within the client's limit─────┴──> the cloud's words, or the turn's own

The server has begun by the time a turn is over; where its words are there, nobody waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from azsim.cloud.client import CloudAnswer, CloudClient, too_late
from azsim.speech.conversation.conversation import ConversationTurn, Happening, TurnLattice
from azsim.speech.endpointing.protocol import EndPointEvent

NOTHING_TOLD = "no lattice of it was told"


@dataclass(frozen=True, slots=True)
class TurnWords:
    """What was taken for the words of one turn.

    Attributes:
        number: of the turn.
        words: that are taken.
        by: whose they are.
        why: the device's own were taken; empty if the cloud's were.
        lattices: that went up, revised ones included.
        uplink_bytes, downlink_bytes: that the socket saw in that time.
        waited_ms: from the turn's end to the words.
    """

    number: int
    words: tuple[str, ...]
    by: Literal["cloud", "device"]
    why: str
    lattices: int
    uplink_bytes: int
    downlink_bytes: int
    waited_ms: float


class TurnAsker:
    """Asks for the words of every turn; one lattice is on its way at a time.

    Args:
        client: of the server; whoever made it closes it.
    """

    def __init__(self, client: CloudClient) -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="azsim-turns")
        self._asked: Future[CloudAnswer] | None = None
        self._lattices = 0
        self._before = client.moved

    def __enter__(self) -> TurnAsker:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def tell(self, happening: Happening) -> TurnWords | None:
        """What a conversation told; words once a turn is over."""
        if isinstance(happening, TurnLattice):
            self._forget()
            told, endpoint = happening.event, "final" if happening.is_final else "speculative"
            self._lattices += 1
            self._asked = self._pool.submit(
                self._client.rerank, happening.lattice, revision=told.revision % 256, endpoint=endpoint
            )
        elif isinstance(happening, EndPointEvent) and happening.kind == "resume":
            self._forget()
        elif isinstance(happening, ConversationTurn):
            return self._over(happening)
        return None

    def _forget(self) -> None:
        """Whatever is on its way is nobody's any more; what waits is not sent."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None

    def _over(self, turn: ConversationTurn) -> TurnWords:
        began_s = time.monotonic()
        if not turn.ends:
            self._forget()  # woken again: its words were never committed
        answer = self._answer()
        by, why = ("cloud", "") if not isinstance(answer, str) and answer.by == "cloud" else ("device", _why(answer))
        words: Sequence[str] = answer.words if by == "cloud" else tuple(turn.text.split())
        now, before, lattices = self._client.moved, self._before, self._lattices
        self._before, self._lattices, self._asked = now, 0, None
        waited_ms = 1000 * (time.monotonic() - began_s)
        return TurnWords(
            turn.number, tuple(words), by, why, lattices, now[0] - before[0], now[1] - before[1], waited_ms
        )

    def _answer(self) -> CloudAnswer | str:
        """What came back; or why nothing did."""
        if self._asked is None:
            return NOTHING_TOLD
        try:
            return self._asked.result(self._client.limit_ms / 1000)
        except (TimeoutError, CancelledError):
            self._forget()
            return too_late(self._client.limit_ms)


def _why(answer: CloudAnswer | str) -> str:
    return answer if isinstance(answer, str) else answer.why
