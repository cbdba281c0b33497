"""Messages to the cloud: damaged ones, forged ones with a right check sum, frames and records that are none.

Each is refused in one line or answered, and after all of them the same server still answers. `make fuzz` sends ten
thousand.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import numpy as np

from azsim.cloud.certificates import certificates
from azsim.cloud.channel import ClientEnd, ConnectionLost, Request, ServerEnd
from azsim.cloud.client import CloudClient
from azsim.cloud.messages import (
    AUDIO_PATH,
    LATTICE_PATH,
    AudioHead,
    LatticeMessage,
    pack,
    pack_head,
    packed_lattice,
    unpack_refusal,
)
from azsim.cloud.packets import PacketWriter
from azsim.cloud.service import ANSWERED, Handled, Service, unix_ms
from tests.cloud.cases import lattice, serving
from tests.fuzz.harness import Attack, damaged, numbers

MESSAGES, FORGED, STREAMS, CONNECTIONS, ON_A_SOCKET = 300, 120, 60, 20, 20
CLIENT = "0123456789abcdef"


def message(number: int, data: bytes | None = None) -> bytes:
    made = packed_lattice(lattice(), number) if data is None else data
    return pack(LatticeMessage(CLIENT, number, unix_ms(), 0, "final", made))


def sound(number: int, rng: np.random.Generator) -> bytes:
    packets = [rng.bytes(int(rng.integers(0, 100))) for _ in range(20)]
    writer = PacketWriter()
    return pack_head(AudioHead(CLIENT, number, unix_ms(), 20)) + writer.put(packets) + writer.end()


def attempt(attack: Attack, case: str, service: Service, path: str, body: bytes) -> None:
    request = Request(1, path, bytearray(body), True)
    admitted = attack.answer(case, lambda: service.admit(request))
    if admitted is None:
        return
    handled = admitted if isinstance(admitted, Handled) else attack.answer(case, lambda: service.answer(*admitted))
    attack.check(case, handled is not None, "neither an answer nor a refusal")
    if handled is not None and handled.status != ANSWERED:
        attack.check(case, 400 <= handled.status < 500, f"status {handled.status}: {handled.line}")
        attack.check(case, unpack_refusal(handled.body) != "no reason given", "a refusal without a reason")
    if handled is not None:
        attack.check(case, len(handled.line.splitlines()) == 1 and len(handled.line) < 500, f"a line: {handled.line!r}")


def test_messages(attack: Attack) -> None:
    service = Service(None, lambda samples: ("heard",))
    for number in numbers(MESSAGES):
        rng = attack.rng(number)
        attempt(attack, f"damage {number}", service, LATTICE_PATH, damaged(message(number), rng))
    for number in numbers(FORGED):
        rng = attack.rng(100_000 + number)
        body = bytearray(packed_lattice(lattice(), number)[:-4])
        for _ in range(int(rng.integers(1, 4))):
            body[int(rng.integers(len(body)))] = int(rng.integers(256))
        forged = bytes(body) + zlib.crc32(bytes(body)).to_bytes(4, "little")
        attempt(attack, f"forged {number}", service, LATTICE_PATH, message(1_000_000 + number, forged))
    for number in numbers(STREAMS):
        rng = attack.rng(200_000 + number)
        body = sound(2_000_000 + number, rng)
        attempt(attack, f"sound {number}", service, AUDIO_PATH, damaged(body, rng) if number % 2 else body)
    attempt(attack, "whole", service, LATTICE_PATH, message(3_000_000))


def test_values(attack: Attack) -> None:
    """Messages whose fields are of every wrong kind."""
    service = Service()
    values = [None, True, -1, 1 << 33, 1 << 70 >> 7, 1.5, "x" * 300, b"", b"\xff" * 64, [], [[[]]], {}, {"a": 1}]
    right = [CLIENT, 1, unix_ms(), 0, "final", packed_lattice(lattice(), 1)]
    for place in range(len(right) + 1):
        for value in values:
            body = [*right[:place], value, *right[place + 1 :]]
            attempt(attack, f"field {place} = {value!r}", service, LATTICE_PATH, msgspec.msgpack.encode(body))
    deep = b"\x91" * 5000 + b"\x90"
    attempt(attack, "deep", service, LATTICE_PATH, deep)


def test_connections(attack: Attack, tmp_path: Path) -> None:
    keys = certificates(tmp_path / "keys")
    device, server_context = keys.device_context(), keys.server_context()
    for number in numbers(CONNECTIONS):
        rng = attack.rng(number)
        client, server = ClientEnd(device), ServerEnd(server_context, lambda path: 1000)
        try:
            client.receive()
            for _ in range(3):
                server.receive(client.take())
                client.receive(server.take())
            if number % 2:
                frame = int(rng.integers(0, 80)).to_bytes(3, "big") + rng.bytes(6 + int(rng.integers(0, 80)))
                client.tls.write(frame)
                server.receive(client.take())
            else:
                client.open("/a")
                server.receive(damaged(client.take(), rng))
        except ConnectionLost as error:
            attack.check(f"connection {number}", str(error).startswith(("TLS: ", "HTTP/2: ")), f"says {error}")
        except Exception as error:
            attack.check(f"connection {number}", False, f"{type(error).__name__}: {error}")


def test_the_server_lives_on(attack: Attack, tmp_path: Path) -> None:
    keys = certificates(tmp_path / "keys")
    with serving(keys, Service(None, lambda samples: ("heard",))) as (port, lines):
        with CloudClient(keys, port, local_processing=False, limit_ms=60_000) as client:
            for number in numbers(ON_A_SOCKET):
                rng = attack.rng(number)
                reply = client._ask(LATTICE_PATH, [damaged(message(number), rng)], number, ("own",))
                attack.check(f"message {number}", bool(reply.words), "no words")
            attack.check("in the end", client.rerank(lattice()).by == "cloud", "it answers no more")
        refused = [line for line in lines if line.startswith("refused")]
        attack.check("lines", all(len(line.splitlines()) == 1 for line in refused), "not one line each")
