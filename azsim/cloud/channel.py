"""One end of a connection, without a socket: HTTP/2 over TLS 1.3, bytes in and bytes out, every one of them counted.

::

    request ──> HTTP/2 frames ──> TLS records ──take()──> socket, or the other end in the same process
    answer  <── HTTP/2 frames <── TLS records <──receive()──

A client on a socket, the server and the measurements of the simulation all talk through this, so that what is charged
is what crosses a wire. Every write is one frame in one record, `WRITE_BYTES` at most.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from azsim.cloud.certificates import SERVER_NAME
from azsim.errors import WorkError
from azsim.soc.network import WRITE_BYTES

FRAME_BYTES = 9
"""Header of an HTTP/2 frame. **Source:** RFC 9113 4.1."""
RECORD_BYTES = 22
"""Header, content type and tag of a TLS 1.3 record under AES-GCM. **Source:** RFC 8446 5.2, RFC 5116 5.1."""
WINDOW_BYTES = 1 << 20
"""What may be on its way to the server without its leave; more than the largest request."""
MOST_STREAMS = 8
"""Requests of one connection at a time."""
_READ_BYTES = 1 << 16

Tap = Callable[[bytes], None]
"""Told every byte that is about to be encrypted."""


class ConnectionLost(WorkError):
    """The other end broke the rules of TLS or HTTP/2, refused this one, or is gone."""


class Tls:
    """TLS on one end; `bytes_in` and `bytes_out` count what the socket sees."""

    def __init__(
        self, context: ssl.SSLContext, *, is_server: bool, session: ssl.SSLSession | None = None, tap: Tap | None = None
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if is_server else SERVER_NAME
        self._object = context.wrap_bio(self._incoming, self._outgoing, is_server, name, session)
        self._tap = tap
        self.is_open = False
        self.bytes_in = self.bytes_out = 0

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection may resume."""
        return self._object.session

    @property
    def is_resumed(self) -> bool:
        """This connection resumed an earlier one."""
        return self._object.session_reused

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the socket; gives what was in them.

        Raises:
            ConnectionLost: the other end is refused, refuses, or sends what is no TLS 1.3.
        """
        self.bytes_in += len(data)
        self._incoming.write(data)
        plain = bytearray()
        try:
            if not self.is_open:
                self._object.do_handshake()
                self.is_open = True
            while piece := self._object.read(_READ_BYTES):
                plain += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise ConnectionLost(f"TLS: {(error.reason or str(error)).lower().replace('_', ' ')}") from error
        return bytes(plain)

    def write(self, plain: bytes) -> None:
        """Encrypt, once it is open."""
        if self._tap is not None:
            self._tap(plain)
        self._object.write(plain)

    def take(self) -> bytes:
        """Bytes for the socket."""
        data = self._outgoing.read()
        self.bytes_out += len(data)
        return data


class _End:
    """What both ends share: HTTP/2 on top of TLS."""

    def __init__(self, tls: Tls, *, is_server: bool) -> None:
        self.tls = tls
        config = h2.config.H2Configuration(client_side=not is_server, header_encoding="utf-8")
        self._http = h2.connection.H2Connection(config)
        self._begun = False

    @property
    def is_ready(self) -> bool:
        """TLS is open, and requests can be made."""
        return self._begun

    def take(self) -> bytes:
        """Bytes for the socket."""
        return self.tls.take()

    def _events(self, data: bytes) -> list[h2.events.Event]:
        plain = self.tls.feed(data)
        if self.tls.is_open and not self._begun:
            self._begin()
            self._begun = True
        try:
            return self._http.receive_data(plain) if plain else []
        except (h2.exceptions.ProtocolError, UnicodeDecodeError) as error:
            self._flush()
            raise ConnectionLost(f"HTTP/2: {type(error).__name__}") from error

    def _begin(self) -> None:
        self._http.initiate_connection()
        self._flush()

    def _flush(self) -> None:
        if self.tls.is_open and (frames := self._http.data_to_send()):
            self.tls.write(frames)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a request.

    Attributes:
        stream: of the request.
        status: of HTTP, 200 if it was answered, 0 if the stream was broken off.
        body: its bytes.
    """

    stream: int
    status: int
    body: bytes


class ClientEnd(_End):
    """The device's end.

    Args:
        context: of TLS.
        session: of an earlier connection, to resume it.
        tap: told what is about to be encrypted.
    """

    def __init__(self, context: ssl.SSLContext, session: ssl.SSLSession | None = None, tap: Tap | None = None) -> None:
        super().__init__(Tls(context, is_server=False, session=session, tap=tap), is_server=False)
        self._replies: dict[int, tuple[int, bytearray]] = {}

    def receive(self, data: bytes = b"") -> list[Reply]:
        """Take bytes of the socket; gives the replies that are whole. Without bytes it begins the handshake.

        Raises:
            ConnectionLost: the connection cannot go on.
        """
        whole = []
        for event in self._events(data):
            if isinstance(event, h2.events.ResponseReceived):
                self._replies[event.stream_id] = (int(dict(event.headers)[":status"]), bytearray())
            elif isinstance(event, h2.events.DataReceived):
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._replies[event.stream_id][1].extend(event.data)
            elif isinstance(event, h2.events.StreamEnded):
                status, body = self._replies.pop(event.stream_id)
                whole.append(Reply(event.stream_id, status, bytes(body)))
            elif isinstance(event, h2.events.StreamReset):
                status, body = self._replies.pop(event.stream_id, (0, bytearray()))
                whole.append(Reply(event.stream_id, status, bytes(body)))
            elif isinstance(event, h2.events.ConnectionTerminated):
                raise ConnectionLost("HTTP/2: the server ended the connection")
        self._flush()
        return whole

    def open(self, path: str) -> int:
        """Begin a request; returns its stream."""
        stream = self._http.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "https"), (":authority", SERVER_NAME), (":path", path)]
        self._http.send_headers(stream, headers)
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """A piece of the request's body; one write for every `WRITE_BYTES`.

        Raises:
            ConnectionLost: the server has given no leave for so much.
        """
        try:
            for piece, is_last in _pieces(data):
                self._http.send_data(stream, piece, end_stream=end and is_last)
                self._flush()
        except h2.exceptions.ProtocolError as error:
            raise ConnectionLost(f"HTTP/2: {type(error).__name__}") from error


@dataclass(slots=True)
class Request:
    """What a device asks.

    Attributes:
        stream: of this connection.
        path: what is asked.
        body: so far.
        is_whole: nothing more comes.
    """

    stream: int
    path: str
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = False


class ServerEnd(_End):
    """The server's end.

    Args:
        context: of TLS.
        most_bytes: path -> how long a request may be.
    """

    def __init__(self, context: ssl.SSLContext, most_bytes: Callable[[str], int]) -> None:
        super().__init__(Tls(context, is_server=True), is_server=True)
        self._most_bytes = most_bytes
        self._requests: dict[int, Request] = {}

    def receive(self, data: bytes) -> list[Request]:
        """Take bytes of the socket; gives requests that are whole, and, not whole, those that have become too long.

        Raises:
            ConnectionLost: the connection cannot go on.
        """
        found = []
        for event in self._events(data):
            if isinstance(event, h2.events.RequestReceived):
                self._requests[event.stream_id] = Request(event.stream_id, str(dict(event.headers).get(":path", "")))
            elif isinstance(event, h2.events.DataReceived):
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                request = self._requests.get(event.stream_id)
                if request is None:
                    continue
                request.body += event.data
                if len(request.body) > self._most_bytes(request.path):
                    found.append(self._requests.pop(event.stream_id))
            elif isinstance(event, h2.events.StreamEnded):
                request = self._requests.pop(event.stream_id, None)
                if request is not None:
                    request.is_whole = True
                    found.append(request)
            elif isinstance(event, h2.events.StreamReset):
                self._requests.pop(event.stream_id, None)
        self._flush()
        return found

    def reply(self, stream: int, status: int, body: bytes) -> None:
        """Answer a request, unless its device does not want to know any more."""
        try:
            self._http.send_headers(stream, [(":status", str(status))])
            for piece, is_last in _pieces(body):
                self._http.send_data(stream, piece, end_stream=is_last)
                self._flush()
        except h2.exceptions.ProtocolError:
            return

    def refuse(self, stream: int, status: int, body: bytes) -> None:
        """Answer a request that is not whole, and take no more of it."""
        self.reply(stream, status, body)
        try:
            self._http.reset_stream(stream, h2.errors.ErrorCodes.NO_ERROR)
        except h2.exceptions.ProtocolError:
            return
        self._flush()

    def close(self) -> None:
        """Say that the connection ends."""
        if self.is_ready:
            try:
                self._http.close_connection()
            except h2.exceptions.ProtocolError:
                return
            self._flush()

    def _begin(self) -> None:
        settings = {
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
        }
        self._http.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self._http.initiate_connection()
        self._http.increment_flow_control_window(WINDOW_BYTES - self._http.inbound_flow_control_window)
        self._flush()


def _pieces(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Writes of at most `WRITE_BYTES`, at least one, and whether each is the last."""
    for start in range(0, max(1, len(data)), WRITE_BYTES):
        yield data[start : start + WRITE_BYTES], start + WRITE_BYTES >= len(data)
