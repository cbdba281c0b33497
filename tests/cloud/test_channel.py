"""Both ends of a connection without a socket: what a write costs, what resuming costs, what breaks it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.channel import (
    FRAME_BYTES,
    MOST_STREAMS,
    RECORD_BYTES,
    WRITE_BYTES,
    ClientEnd,
    ConnectionLost,
    ServerEnd,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


def connected(keys: Certificates, session: object = None, most: int = 1 << 16) -> tuple[ClientEnd, ServerEnd]:
    client = ClientEnd(keys.device_context(), session)
    server = ServerEnd(keys.server_context(), lambda path: most)
    client.receive()
    for _ in range(4):
        server.receive(client.take())
        client.receive(server.take())
    assert client.is_ready
    assert server.is_ready
    return client, server


def test_a_write_costs_a_record_and_a_frame(keys: Certificates):
    client, server = connected(keys)
    stream = client.open("/a")
    server.receive(client.take())
    for size in (1, 40, 80, 400, WRITE_BYTES):
        client.send(stream, bytes(size))
        sent = client.take()
        assert len(sent) == size + RECORD_BYTES + FRAME_BYTES
        assert server.receive(sent) == []


def test_a_request_and_its_answer_arrive_whole_in_any_pieces(keys: Certificates):
    client, server = connected(keys, most=1 << 18)
    body = bytes(range(256)) * 255
    stream = client.open("/v1/x")
    client.send(stream, body, end=True)
    data, requests = client.take(), []
    for start in range(0, len(data), 1000):
        requests += server.receive(data[start : start + 1000])
    assert [(one.path, bytes(one.body), one.is_whole) for one in requests] == [("/v1/x", body, True)]
    server.reply(stream, 200, body)
    data, replies = server.take(), []
    for start in range(0, len(data), 7777):
        replies += client.receive(data[start : start + 7777])
    assert [(one.stream, one.status, one.body) for one in replies] == [(stream, 200, body)]


def test_every_byte_is_counted_on_both_ends(keys: Certificates):
    client, server = connected(keys)
    stream = client.open("/v1/x")
    client.send(stream, bytes(1000), end=True)
    server.receive(client.take())
    server.reply(stream, 200, bytes(50))
    client.receive(server.take())
    assert client.tls.bytes_out == server.tls.bytes_in > 1000
    assert server.tls.bytes_out == client.tls.bytes_in > 50


def test_a_session_is_resumed_without_certificates(keys: Certificates):
    context, others = keys.device_context(), keys.server_context()

    def again(session: object) -> tuple[ClientEnd, ServerEnd]:
        client, server = ClientEnd(context, session), ServerEnd(others, lambda path: 1 << 16)
        client.receive()
        for _ in range(4):
            server.receive(client.take())
            client.receive(server.take())
        return client, server

    client, server = again(None)
    resumed, of_resumed = again(client.tls.session)
    assert (client.tls.is_resumed, resumed.tls.is_resumed) == (False, True)
    assert of_resumed.tls.bytes_out < server.tls.bytes_out


def test_who_shows_no_certificate_is_told_so(keys: Certificates):
    client = ClientEnd(keys.device_context(with_certificate=False))
    server = ServerEnd(keys.server_context(), lambda path: 1)
    client.receive()
    server.receive(client.take())
    client.receive(server.take())
    with pytest.raises(ConnectionLost, match="peer did not return a certificate"):
        server.receive(client.take())
    with pytest.raises(ConnectionLost, match="certificate required"):
        client.receive(server.take())


def test_certificates_of_another_authority_are_refused(keys: Certificates, tmp_path: Path):
    client = ClientEnd(certificates(tmp_path / "others").device_context())
    server = ServerEnd(keys.server_context(), lambda path: 1)
    client.receive()
    server.receive(client.take())
    with pytest.raises(ConnectionLost, match="certificate verify failed"):
        client.receive(server.take())


def test_a_request_that_grows_too_long_is_given_up(keys: Certificates):
    client, server = connected(keys, most=1000)
    stream = client.open("/long")
    client.send(stream, bytes(600))
    assert server.receive(client.take()) == []
    client.send(stream, bytes(600))
    (request,) = server.receive(client.take())
    assert not request.is_whole
    server.refuse(stream, 413, b"too long")
    client.send(stream, bytes(600))  # was on its way
    assert server.receive(client.take()) == []
    replies = client.receive(server.take())
    assert (replies[0].status, replies[0].body) == (413, b"too long")
    stream = client.open("/short")
    client.send(stream, b"x", end=True)
    assert [one.path for one in server.receive(client.take())] == ["/short"]


def test_more_streams_than_are_allowed_end_the_connection(keys: Certificates):
    client, _ = connected(keys)
    for _ in range(MOST_STREAMS):
        client.open("/a")
    with pytest.raises(Exception, match="Max outbound streams"):
        client.open("/a")


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=25)
def test_what_is_no_tls_is_refused_or_waited_for(keys: Certificates, data: bytes):
    server = ServerEnd(keys.server_context(), lambda path: 1)
    with suppress(ConnectionLost):
        assert server.receive(data) == []


@given(st.binary(min_size=9, max_size=200))
@settings(max_examples=15)
def test_what_is_no_http_is_refused_or_waited_for(keys: Certificates, data: bytes):
    client, server = connected(keys)
    client.tls.write(data)
    with suppress(ConnectionLost):
        server.receive(client.take())


def test_the_tap_sees_what_is_encrypted(keys: Certificates):
    seen = bytearray()
    client = ClientEnd(keys.device_context(), tap=seen.extend)
    server = ServerEnd(keys.server_context(), lambda path: 1 << 16)
    client.receive()
    for _ in range(3):
        server.receive(client.take())
        client.receive(server.take())
    client.send(client.open("/a"), b"what is said", end=True)
    sent = client.take()
    assert b"what is said" in seen
    assert b"what is said" not in sent
