"""What the server does with a message: refuse it, rerank its lattice, or recognise its sound.

::

    request ──> whole? known path? of this minute and not seen before? ──> lattice ──> reranker ──> words
                        └─ no: one line says why                        └> sound ────> teacher ──> words
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.cloud.channel import Request
from azsim.cloud.messages import (
    AUDIO_PATH,
    LATTICE_PATH,
    MOST_AUDIO_BYTES,
    MOST_BYTES,
    MOST_PACKETS,
    AudioHead,
    LatticeMessage,
    Refusal,
    Words,
    pack,
    unpack_head,
    unpack_lattice,
)
from azsim.cloud.opus import decode_speech
from azsim.cloud.packets import read_packets
from azsim.errors import AzsimError, InputError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path

FRESH_MS = 60_000
"""Older messages are refused, and newer ones remembered for so long."""
MOST_REMEMBERED = 100_000
"""Messages of the last `FRESH_MS`; more are refused until some are old enough to be forgotten."""

ANSWERED, MALFORMED, UNKNOWN, REPLAYED, TOO_LONG, FAILED = 200, 400, 404, 409, 413, 500
"""Statuses of HTTP. **Source:** RFC 9110 15."""

Recognise = Callable[[np.ndarray], Sequence[str]]
"""Words of sound: float32 ``(n,)`` at 16 kHz."""


class Reranker(Protocol):
    """What chooses words of a lattice."""

    def best(self, lattice: Lattice) -> Sequence[str]:
        """The words that were said."""
        ...


@dataclass(frozen=True, slots=True)
class Handled:
    """An answer: its status, its bytes, and the line that the server says of it."""

    status: int
    body: bytes
    line: str


class ReplayGuard:
    """Remembers which messages have come.

    Args:
        now_ms: the time; a server that starts anew has forgotten what came before, so what is older is refused.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._began_ms = now_ms()
        self._seen: OrderedDict[tuple[str, int], int] = OrderedDict()

    def check(self, client: str, number: int, sent_ms: int) -> None:
        """Refuse a message that came before, or may have.

        Raises:
            InputError: it is one of these.
        """
        now = self._now_ms()
        while self._seen and next(iter(self._seen.values())) < now - 2 * FRESH_MS:
            self._seen.popitem(last=False)
        if not max(now - FRESH_MS, self._began_ms) <= sent_ms <= now + FRESH_MS:
            raise InputError(f"message {number} of {client}: replayed, or its clock is wrong: sent at {sent_ms} ms")
        if (client, number) in self._seen:
            raise InputError(f"message {number} of {client}: replayed")
        if len(self._seen) >= MOST_REMEMBERED:
            raise InputError(f"message {number} of {client}: too many messages in a minute")
        self._seen[client, number] = now


class Service:
    """What is behind the server's paths.

    Args:
        reranker: of lattices; without one their own best path is the answer.
        recognise: of sound; without one it is refused.
        now_ms: Unix time in milliseconds.
    """

    def __init__(
        self,
        reranker: Reranker | None = None,
        recognise: Recognise | None = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._reranker = reranker
        self._recognise = recognise
        self._guard = ReplayGuard(now_ms or unix_ms)

    @staticmethod
    def most_bytes(path: str) -> int:
        """How long a request may be."""
        return MOST_AUDIO_BYTES if path == AUDIO_PATH else MOST_BYTES

    def admit(self, request: Request) -> Handled | tuple[Request, LatticeMessage | AudioHead, Lattice | bytes]:
        """Check a request at once, in the order in which requests come.

        Returns:
            Its refusal, or what `answer` takes.
        """
        body = bytes(request.body)
        if not request.is_whole:
            most = self.most_bytes(request.path)
            return _refused(TOO_LONG, request, f"more than {most} bytes")
        if request.path not in (LATTICE_PATH, AUDIO_PATH):
            return _refused(UNKNOWN, request, f"no such path; there are {LATTICE_PATH}, {AUDIO_PATH}")
        try:
            taken = unpack_lattice(body) if request.path == LATTICE_PATH else unpack_head(body)
        except InputError as error:
            return _refused(MALFORMED, request, str(error))
        try:
            self._guard.check(taken[0].client, taken[0].number, taken[0].sent_ms)
        except InputError as error:
            return _refused(REPLAYED, request, str(error))
        return request, *taken

    def answer(self, request: Request, head: LatticeMessage | AudioHead, content: Lattice | bytes) -> Handled:
        """The words; takes its time, so it runs beside the connections."""
        try:
            if isinstance(content, Lattice):
                own = best_path(content).words
                words = tuple(self._reranker.best(content)) if self._reranker else own
                changed = words != own
            else:
                words, changed = self._heard(head, content), False
            body = pack(Words(head.number, words, changed))
        except InputError as error:
            return _refused(MALFORMED, request, str(error))
        except (AzsimError, ArithmeticError, ValueError, MemoryError) as error:
            return _refused(FAILED, request, f"could not be answered: {type(error).__name__}")
        return Handled(ANSWERED, body, f"{request.path} {len(request.body)} bytes up, {len(words)} words down")

    def _heard(self, head: AudioHead, data: bytes) -> tuple[str, ...]:
        if self._recognise is None:
            raise InputError("audio: this server takes lattices alone")
        packets = read_packets(data, MOST_PACKETS)
        return tuple(self._recognise(decode_speech(packets, head.frame_ms))) if packets else ()


def unix_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def _refused(status: int, request: Request, reason: str) -> Handled:
    line = AzsimError(f"{request.path[:40]!r}: {reason}").args[0]
    return Handled(status, pack(Refusal(reason[:300])), f"refused {line}")
