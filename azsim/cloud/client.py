"""The device's side of the line: asks the server, waits as long as it may, and falls back to its own words.

::

    lattice ──> server there? answers in time? ──yes──> the cloud's words
                          └──────────no───────────────> the lattice's own best, and why

The simulation and the command share it. Bytes are those that the socket saw, in both directions.
"""

from __future__ import annotations

import secrets
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from azsim.cloud.certificates import Certificates
from azsim.cloud.channel import ClientEnd, ConnectionLost, Reply, Tap
from azsim.cloud.messages import (
    AUDIO_PATH,
    LATTICE_PATH,
    AudioHead,
    LatticeMessage,
    pack,
    pack_head,
    packed_lattice,
    unpack_refusal,
    unpack_words,
)
from azsim.cloud.packets import PacketWriter
from azsim.cloud.server import LOOPBACK
from azsim.cloud.service import ANSWERED, unix_ms
from azsim.errors import InputError, PrivacyError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path

DEFAULT_LIMIT_MS = 2000
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """What became of one request.

    Attributes:
        words: that are taken.
        by: whose they are.
        why: the device's own were taken; empty if the cloud's were.
        uplink_bytes, downlink_bytes: on the socket, those of opening the connection included where it was opened.
        elapsed_ms: from asking to the words.
    """

    words: tuple[str, ...]
    by: Literal["cloud", "device"]
    why: str
    uplink_bytes: int
    downlink_bytes: int
    elapsed_ms: float


class CloudClient:
    """A connection to the server, opened when it is first needed and again when it was lost.

    Args:
        certificates: with the device's.
        port: of the server.
        local_processing: the user's setting: sound is refused before a byte is sent.
        limit_ms: for an answer, opening a connection included.
        host: of the server; azsim's own listens on the loopback alone.
        tap: told every byte before it is encrypted.

    Attributes:
        limit_ms: as given.
    """

    def __init__(
        self,
        certificates: Certificates,
        port: int,
        *,
        local_processing: bool,
        limit_ms: int = DEFAULT_LIMIT_MS,
        host: str = LOOPBACK,
        tap: Tap | None = None,
    ) -> None:
        self._context = certificates.device_context()
        self._host, self._port = host, port
        self._local_processing = local_processing
        self.limit_ms = limit_ms
        self._tap = tap
        self._name = secrets.token_hex(8)
        self._number = 0
        self._closed_up = self._closed_down = 0
        self._counting = Lock()
        self._socket: socket.socket | None = None
        self._end: ClientEnd | None = None
        self._session: ssl.SSLSession | None = None

    def __enter__(self) -> CloudClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
        if self._end is not None and self._end.is_ready:
            self._session = self._end.tls.session
        with self._counting:
            self._closed_up, self._closed_down = self._sum()
            self._socket = self._end = None

    def rerank(
        self, lattice: Lattice, *, revision: int = 0, endpoint: Literal["speculative", "final"] = "final"
    ) -> CloudAnswer:
        """Words of a lattice: the cloud's, or the lattice's own best where there is no answer in time."""
        number = self._next()
        own = best_path(lattice).words
        try:
            data = packed_lattice(lattice, number)
            message = LatticeMessage(self._name, number, unix_ms(), revision, endpoint, data)
            body = pack(message)
        except InputError as error:
            return CloudAnswer(own, "device", str(error), 0, 0, 0.0)
        return self._ask(LATTICE_PATH, [body], number, own)

    def recognise(self, packets: Sequence[bytes], frame_ms: int, packets_per_write: int = 1) -> CloudAnswer:
        """Words of sound, or none where there is no answer in time.

        Args:
            packets: of Opus, empty ones where nothing was said.
            frame_ms: sound in each.
            packets_per_write: how many go up at once.

        Raises:
            PrivacyError: the local-processing setting is on; nothing was sent.
        """
        if self._local_processing:
            raise PrivacyError("local_processing = true: sound must not leave the device; send its lattice")
        number = self._next()
        head = pack_head(AudioHead(self._name, number, unix_ms(), frame_ms))
        writes = [head, *audio_writes(packets, packets_per_write)]
        return self._ask(AUDIO_PATH, writes, number, ())

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _ask(self, path: str, writes: Sequence[bytes], number: int, own: tuple[str, ...]) -> CloudAnswer:
        began, before = time.monotonic(), self.moved
        deadline = began + self.limit_ms / 1000
        words, why = own, ""
        try:
            end = self._opened(deadline)
            stream = end.open(path)
            for index, write in enumerate(writes):
                end.send(stream, write, end=index == len(writes) - 1)
                self._push(deadline)
            reply = self._reply(stream, deadline)
            if reply.status != ANSWERED:
                raise InputError(f"refused: {unpack_refusal(reply.body)}")
            answer = unpack_words(reply.body)
            if answer.number != number:
                raise InputError("the answer is to another message")
            words = answer.words
        except TimeoutError:
            why = too_late(self.limit_ms)
            self.close()
        except (ConnectionLost, OSError) as error:
            why = str(error) or type(error).__name__
            self.close()
        except InputError as error:
            why = str(error)
        up, down = (after - already for after, already in zip(self.moved, before))
        return CloudAnswer(words, "device" if why else "cloud", why, up, down, 1000 * (time.monotonic() - began))

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes on sockets so far, up and down; another thread may ask."""
        with self._counting:
            return self._sum()

    def _sum(self) -> tuple[int, int]:
        tls = self._end.tls if self._end is not None else None
        return self._closed_up + (tls.bytes_out if tls else 0), self._closed_down + (tls.bytes_in if tls else 0)

    def _opened(self, deadline: float) -> ClientEnd:
        """The connection, opened if there is none."""
        if self._end is not None and self._is_alive():
            return self._end
        self.close()
        self._socket = socket.create_connection((self._host, self._port), _left_s(deadline))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._end = ClientEnd(self._context, self._session, self._tap)
        self._end.receive()
        self._push(deadline)
        while not self._end.is_ready:
            self._pull(deadline)
        return self._end

    def _is_alive(self) -> bool:
        """The server has not ended the connection meanwhile."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        try:
            return not readable or bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _reply(self, stream: int, deadline: float) -> Reply:
        self._push(deadline)
        while True:
            for reply in self._pull(deadline):
                if reply.stream == stream:
                    return reply

    def _pull(self, deadline: float) -> list[Reply]:
        self._socket.settimeout(_left_s(deadline))
        data = self._socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionLost("the server ended the connection")
        replies = self._end.receive(data)
        self._push(deadline)
        return replies

    def _push(self, deadline: float) -> None:
        data = self._end.take()
        if data:
            self._socket.settimeout(_left_s(deadline))
            self._socket.sendall(data)


def too_late(limit_ms: int) -> str:
    """Why the device's own words are taken."""
    return f"no answer within {limit_ms} ms"


def audio_writes(packets: Sequence[bytes], packets_per_write: int) -> list[bytes]:
    """What goes up of a recording, write by write; while nobody speaks there may be none."""
    writer = PacketWriter()
    starts = range(0, len(packets), packets_per_write)
    writes = [writer.put(packets[start : start + packets_per_write]) for start in starts]
    return [write for write in [*writes, writer.end()] if write]


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
