"""What opening a connection and writing to it cost in bytes, counted on two ends that talk to each other.

The ends are `azsim.cloud.channel`'s over Python's own OpenSSL, and, where PyOpenSSL is installed, TLS alone over the
newer OpenSSL that the package cryptography carries.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

from azsim.cloud.certificates import AUTHORITY, DEVICE, PROTOCOL, SERVER, SERVER_NAME, Certificates
from azsim.cloud.channel import ClientEnd, ServerEnd

FLIGHTS = 5
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Handshake:
    """Opening one connection.

    Attributes:
        library: of TLS, with its version.
        with_http: the settings of HTTP/2 are counted too.
        device_certificate: the device shows one.
        resumed: a ticket of an earlier connection is used.
        up_bytes, down_bytes: until requests can go up and all tickets are there.
    """

    library: str
    with_http: bool
    device_certificate: bool
    resumed: bool
    up_bytes: int
    down_bytes: int


@dataclass(frozen=True)
class Write:
    """One write of HTTP/2 over TLS."""

    payload_bytes: int
    wire_bytes: int

    @property
    def framing_percent(self) -> float:
        """Of the payload."""
        return 100 * (self.wire_bytes - self.payload_bytes) / self.payload_bytes


def handshakes(certificates: Certificates) -> list[Handshake]:
    """Every way of opening a connection, by every library there is."""
    found = []
    for shown in (False, True):
        device = certificates.device_context(with_certificate=shown)
        server = certificates.server_context(devices_only=shown)
        first, answered = _opened(device, server, None)
        again, resumed = _opened(device, server, first.tls.session)
        if not again.tls.is_resumed:
            raise AssertionError("a ticket was not taken")
        for client, other, is_resumed in ((first, answered, False), (again, resumed, True)):
            up, down = client.tls.bytes_out, other.tls.bytes_out
            found.append(Handshake(" ".join(ssl.OPENSSL_VERSION.split()[:2]), True, shown, is_resumed, up, down))
    return [*found, *_by_pyopenssl(certificates)]


def writes(certificates: Certificates, sizes: tuple[int, ...]) -> list[Write]:
    """What writes of some sizes cost on an open connection."""
    client, server = _opened(certificates.device_context(), certificates.server_context(), None)
    stream, found = client.open("/v1/audio"), []
    server.receive(client.take())
    for size in sizes:
        client.send(stream, bytes(size))
        sent = client.take()
        server.receive(sent)
        found.append(Write(size, len(sent)))
    return found


def _opened(
    device: ssl.SSLContext, server: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[ClientEnd, ServerEnd]:
    ends = ClientEnd(device, session), ServerEnd(server, lambda path: 1 << 20)
    ends[0].receive()
    for _ in range(FLIGHTS):
        ends[1].receive(ends[0].take())
        ends[0].receive(ends[1].take())
    return ends


def _by_pyopenssl(certificates: Certificates) -> list[Handshake]:
    """TLS alone, by the OpenSSL within the package cryptography; nothing where PyOpenSSL is not installed."""
    if find_spec("OpenSSL") is None:
        return []
    from cryptography.hazmat.backends.openssl.backend import backend
    from OpenSSL import SSL

    library = " ".join(backend.openssl_version_text().split()[:2])
    found = []
    for shown in (False, True):
        server, device = SSL.Context(SSL.TLS_SERVER_METHOD), SSL.Context(SSL.TLS_CLIENT_METHOD)
        for context, name in ((server, SERVER), (device, DEVICE if shown else None)):
            context.set_min_proto_version(SSL.TLS1_3_VERSION)
            context.load_verify_locations(str(certificates.folder / AUTHORITY))
            if name is not None:
                context.use_privatekey_file(str(certificates.folder / name))
                context.use_certificate_file(str(certificates.folder / name))
        server.set_alpn_select_callback(lambda connection, offered: PROTOCOL.encode())
        server.set_session_id(b"azsim")
        device.set_alpn_protos([PROTOCOL.encode()])
        device.set_verify(SSL.VERIFY_PEER, _accept)
        if shown:
            server.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _accept)
        session = None
        for resumed in (False, True):
            session, up, down = _exchanged(SSL, device, server, session)
            found.append(Handshake(library, False, shown, resumed, up, down))
    return found


def _accept(connection: object, certificate: object, error: int, depth: int, is_right: int) -> bool:
    return bool(is_right)


def _exchanged(library: object, device: object, server: object, session: object) -> tuple[object, int, int]:
    """Flights of two ends in memory: the session after it, bytes up, bytes down."""
    client, other = library.Connection(device), library.Connection(server)
    client.set_connect_state()
    client.set_tlsext_host_name(SERVER_NAME.encode())
    other.set_accept_state()
    if session is not None:
        client.set_session(session)
    moved = [0, 0]
    for _ in range(FLIGHTS):
        for way, (source, target) in enumerate(((client, other), (other, client))):
            for step in (source.do_handshake, lambda end=source: end.recv(_READ_BYTES)):
                with suppress(library.WantReadError):
                    step()
            try:
                data = source.bio_read(_READ_BYTES)
            except library.WantReadError:
                continue
            moved[way] += len(data)
            target.bio_write(data)
    session = client.get_session()
    client.set_shutdown(library.SENT_SHUTDOWN | library.RECEIVED_SHUTDOWN)  # else its end spoils the session
    return session, *moved
