"""The device's side: its own words where the cloud's do not come in time, and every byte of the socket counted."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.client import CloudClient, audio_writes
from azsim.cloud.opus import OpusChoice, encode_speech
from azsim.cloud.packets import read_packets
from azsim.cloud.server import LOOPBACK
from azsim.cloud.service import Service
from azsim.errors import PrivacyError
from tests.cloud.cases import OWN, Second, lattice

SLOW_SERVER = """
import asyncio, sys, time
from pathlib import Path
from azsim.cloud.certificates import certificates
from azsim.cloud.server import Server
from azsim.cloud.service import Service

class Slow:
    def best(self, lattice):
        print("asked", flush=True)
        time.sleep(60)
        return ()

async def serve():
    async with Server(Service(Slow()), certificates(Path(sys.argv[1])), lambda line: None).listening(0) as port:
        print(port, flush=True)
        await asyncio.sleep(60)

asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


class Relay:
    """Between device and server: counts what passes."""

    def __init__(self, port: int) -> None:
        self.listening = socket.create_server((LOOPBACK, 0))
        self.port = self.listening.getsockname()[1]
        self.up = self.down = 0
        self._to = port
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        device, _ = self.listening.accept()
        server = socket.create_connection((LOOPBACK, self._to))
        threading.Thread(target=self._pass, args=(server, device, "down"), daemon=True).start()
        self._pass(device, server, "up")

    def _pass(self, source: socket.socket, target: socket.socket, way: str) -> None:
        while data := source.recv(1 << 16):
            setattr(self, way, getattr(self, way) + len(data))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_the_bytes_are_those_that_the_socket_saw(keys: Certificates):
    with serving(keys, Service(Second(), lambda samples: ("hello",))) as (port, _):
        relay = Relay(port)
        with CloudClient(keys, relay.port, local_processing=False) as client:
            answers = [client.rerank(lattice()), client.rerank(lattice())]
            answers.append(client.recognise(list(encode_speech(np.zeros(16_000, np.float32), OpusChoice())), 20))
            deadline = time.monotonic() + 10
            while relay.down < sum(each.downlink_bytes for each in answers) and time.monotonic() < deadline:
                time.sleep(0.01)
    assert [each.by for each in answers] == ["cloud"] * 3
    assert relay.up == sum(each.uplink_bytes for each in answers)
    assert relay.down >= sum(each.downlink_bytes for each in answers)
    assert answers[0].uplink_bytes > answers[1].uplink_bytes + 1000  # the handshake
    assert answers[2].words == ("hello",)
    assert answers[2].uplink_bytes > 50 * (80 + 1 + 31)


def test_a_lost_connection_is_opened_again_and_resumed(keys: Certificates):
    with serving(keys, Service(Second())) as (port, _), CloudClient(keys, port, local_processing=True) as client:
        first = client.rerank(lattice())
        client.close()
        second = client.rerank(lattice())
    assert second.by == "cloud"
    assert second.downlink_bytes < first.downlink_bytes


def test_without_a_server_the_own_words_are_taken_at_once(keys: Certificates):
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    with CloudClient(keys, port, local_processing=True) as client:
        answer = client.rerank(lattice())
    assert (answer.words, answer.by) == (OWN, "device")
    assert "refused" in answer.why


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_allowed(keys: Certificates):
    with (
        socket.create_server((LOOPBACK, 0)) as mute,
        CloudClient(keys, mute.getsockname()[1], local_processing=True, limit_ms=200) as client,
    ):
        answer = client.rerank(lattice())
    assert (answer.words, answer.by, answer.why) == (OWN, "device", "no answer within 200 ms")
    assert answer.elapsed_ms >= 200


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone kills so")
def test_a_server_that_is_killed_in_mid_answer_leaves_the_own_words(keys: Certificates, tmp_path: Path):
    command = [sys.executable, "-c", SLOW_SERVER, str(keys.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline())

            def kill() -> None:
                assert process.stdout.readline() == "asked\n"
                process.kill()

            killer = threading.Thread(target=kill)
            killer.start()
            with CloudClient(keys, port, local_processing=True, limit_ms=30_000) as client:
                answer = client.rerank(lattice())
            killer.join(30)
        finally:
            process.kill()
    assert (answer.words, answer.by) == (OWN, "device")
    assert answer.why
    assert answer.elapsed_ms < 30_000
    assert answer.uplink_bytes > 1000


def test_with_the_setting_on_sound_is_refused_before_a_byte_is_sent(keys: Certificates):
    with (
        serving(keys) as (port, lines),
        CloudClient(keys, port, local_processing=True) as client,
        pytest.raises(PrivacyError, match="must not leave"),
    ):
        client.recognise([b"packet"], 20)
    assert lines == []


def test_writes_hold_as_many_packets_as_are_asked_for():
    packets = [bytes([n]) * 5 for n in range(1, 8)]
    assert [len(each) for each in audio_writes(packets, 1)] == [6] * 7
    assert [len(each) for each in audio_writes(packets, 3)] == [18, 18, 6]
    quiet = [*packets, *[b""] * 5]
    assert len(audio_writes(quiet, 1)) == 8
    assert read_packets(b"".join(audio_writes(quiet, 4)), 20) == quiet
