"""The server on a real socket: answers many at a time, refuses what is wrong, and lives on."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.channel import ConnectionLost
from azsim.cloud.client import CloudClient
from azsim.cloud.messages import LATTICE_PATH, LatticeMessage, pack, packed_lattice
from azsim.cloud.server import LOOPBACK, Server, ServerLimits
from azsim.cloud.service import Service, unix_ms
from azsim.errors import InputError
from tests.cloud.cases import OWN, RawClient, Second, lattice
from tests.fuzz.harness import TIMES

MANY = 40 * min(TIMES, 5)
"""Devices at a time: 200 in `make fuzz`."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


def test_many_devices_at_a_time_are_all_answered(keys: Certificates):
    together = threading.Barrier(MANY)

    def one(number: int) -> tuple[str, ...]:
        with CloudClient(keys, port, local_processing=True, limit_ms=60_000) as client:
            together.wait(60)
            answer = client.rerank(lattice())
            assert (answer.by, answer.why) == ("cloud", "")
            return answer.words

    with serving(keys, Service(Second())) as (port, lines), ThreadPoolExecutor(MANY) as pool:
        found = set(pool.map(one, range(MANY)))
    assert found == {Second().best(None)}
    assert len([line for line in lines if line.startswith(LATTICE_PATH)]) == MANY


def test_a_device_without_a_certificate_is_refused(keys: Certificates):
    with serving(keys) as (port, lines):
        with pytest.raises(ConnectionLost, match="certificate required"):
            RawClient(keys, port, with_certificate=False).ask(LATTICE_PATH, b"")
        with CloudClient(keys, port, local_processing=True) as client:
            assert client.rerank(lattice()).by == "cloud"
    assert any("peer did not return a certificate" in line for line in lines)


def test_what_is_wrong_is_refused_and_the_connection_goes_on(keys: Certificates):
    with serving(keys) as (port, lines):
        client = RawClient(keys, port)
        assert client.ask(LATTICE_PATH, b"nonsense")[0] == 400
        assert client.ask("/elsewhere", b"")[0] == 404
        assert client.ask(LATTICE_PATH, bytes(1 << 16))[0] == 413
        assert client.ask(LATTICE_PATH, b"nonsense")[0] == 400
    *refusals, end = lines
    assert len(refusals) == 4
    assert all(line.startswith("refused") and "\n" not in line for line in refusals)
    assert end == "closed a connection: the server ends"  # the client is still there


def test_a_message_that_came_before_is_refused_on_any_connection(keys: Certificates):
    with serving(keys) as (port, lines):
        client = RawClient(keys, port)
        message = pack(LatticeMessage("0123456789abcdef", 7, unix_ms(), 0, "final", packed_lattice(lattice(), 7)))
        statuses = [client.ask(LATTICE_PATH, message)[0] for _ in range(2)]
        statuses.append(RawClient(keys, port).ask(LATTICE_PATH, message)[0])
        with CloudClient(keys, port, local_processing=True) as other:
            assert other.rerank(lattice()).by == "cloud"
    assert statuses == [200, 409, 409]
    assert len([line for line in lines if line.endswith("message 7 of 0123456789abcdef: replayed")]) == 2


def test_a_connection_that_is_open_when_the_server_ends_is_closed_in_a_line(
    keys: Certificates, caplog: pytest.LogCaptureFixture
):
    with serving(keys) as (port, lines):
        client = RawClient(keys, port)
        assert client.ask(LATTICE_PATH, b"nonsense")[0] == 400
    assert lines[-1] == "closed a connection: the server ends"
    assert caplog.records == []


def test_noise_on_the_socket_closes_that_connection_alone(keys: Certificates):
    with serving(keys) as (port, lines):
        for noise in (b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\x16\x03\x01\xff\xff" + bytes(300)):
            with socket.create_connection((LOOPBACK, port), 20) as raw:
                raw.sendall(noise)
                raw.settimeout(20)
                while raw.recv(1 << 16):
                    pass
        with CloudClient(keys, port, local_processing=True) as client:
            assert client.rerank(lattice()).words == OWN
    assert len([line for line in lines if line.startswith("closed a connection: TLS")]) == 3


def test_connections_and_silence_are_bounded(keys: Certificates):
    with serving(keys, limits=ServerLimits(connections=1, handshake_s=0.3)) as (port, lines):
        with socket.create_connection((LOOPBACK, port), 20) as silent:
            time.sleep(0.05)
            with socket.create_connection((LOOPBACK, port), 20) as another:
                assert another.recv(1) == b""
            silent.settimeout(20)
            assert silent.recv(1) == b""
        with CloudClient(keys, port, local_processing=True) as client:
            assert client.rerank(lattice()).by == "cloud"
    assert lines[:2] == ["refused a connection: 1 are open", "closed a connection: TimeoutError"]


def test_who_asks_while_too_much_waits_is_told(keys: Certificates):
    with (
        serving(keys, limits=ServerLimits(waiting=0)) as (port, _),
        CloudClient(keys, port, local_processing=True) as client,
    ):
        answer = client.rerank(lattice())
    assert (answer.by, answer.words, answer.why) == ("device", OWN, "refused: busy")


def test_a_port_that_is_taken_is_named(keys: Certificates):
    async def listen(port: int) -> None:
        async with Server(Service(), keys, print).listening(port):
            pass

    with serving(keys) as (port, _), pytest.raises(InputError, match=f"--port {port}: cannot listen on 127.0.0.1"):
        asyncio.run(listen(port))
