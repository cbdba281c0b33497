"""Messages to the cloud: damaged ones, forged ones with a right check sum, frames and records that are none.

Each is refused in one line or answered, and after all of them the same server still answers. `make fuzz` sends ten
thousand through a socket.
"""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np

from azsim.cloud.background import serving
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
from tests.cloud.cases import RawClient, lattice
from tests.fuzz.harness import TIMES, Attack, damaged, numbers

MESSAGES, FORGED, STREAMS, CONNECTIONS = 150, 60, 30, 20
ON_A_SOCKET = 100 if TIMES == 1 else 500 * TIMES
"""Messages: ten thousand in `make fuzz`."""
CLIENT = "0123456789abcdef"


def message(number: int, data: bytes | None = None) -> bytes:
    made = packed_lattice(lattice(), number) if data is None else data
    return pack(LatticeMessage(CLIENT, number, unix_ms(), 0, "final", made))


def forged(number: int, rng: np.random.Generator) -> bytes:
    """A lattice with some bytes changed, and the check sum that goes with them."""
    body = bytearray(packed_lattice(lattice(), number)[:-4])
    for _ in range(int(rng.integers(1, 4))):
        body[int(rng.integers(len(body)))] = int(rng.integers(256))
    return bytes(body) + zlib.crc32(bytes(body)).to_bytes(4, "little")


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
        attempt(attack, f"forged {number}", service, LATTICE_PATH, message(1_000_000 + number, forged(number, rng)))
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


def mutated(number: int, rng: np.random.Generator) -> tuple[str, bytes]:
    """A path and a body: a lattice damaged or forged with a right check sum, sound, or what came before."""
    match number % 5:
        case 3:
            return LATTICE_PATH, message(number, forged(number, rng))
        case 4 if number % 2:
            return AUDIO_PATH, damaged(sound(number, rng), rng)
        case 4:
            return LATTICE_PATH, message(number - number % 50)
        case _:
            return LATTICE_PATH, damaged(message(number), rng)


def test_the_server_lives_on(attack: Attack, tmp_path: Path) -> None:
    """Mutated messages on a real socket, ten thousand of them in `make fuzz`."""
    keys = certificates(tmp_path / "keys")
    sent, statuses = 0, Counter[int]()
    with serving(keys, Service(None, lambda samples: ("heard",))) as (port, lines):
        client = RawClient(keys, port)
        for number in range(ON_A_SOCKET):
            path, body = mutated(number, attack.rng(number))
            sent += 1
            status, answer = client.ask(path, body)
            statuses[status] += 1
            case = f"message {number}"
            attack.check(case, status == ANSWERED or 400 <= status < 500, f"status {status}")
            if status != ANSWERED:
                reason = unpack_refusal(answer)
                attack.check(case, reason != "no reason given" and len(reason.splitlines()) == 1, f"says {reason!r}")
        with CloudClient(keys, port, local_processing=False, limit_ms=60_000) as other:
            attack.check("in the end", other.rerank(lattice()).by == "cloud", "it answers no more")
        attack.check("lines", len(lines) == sent + 1, f"{len(lines)} lines for {sent + 1} messages")
        attack.check("lines", all(len(line.splitlines()) == 1 for line in lines), "not one line each")
    attack.check("refusals", statuses[400] > sent // 3 and statuses[409] > 0, f"found {dict(statuses)}")
