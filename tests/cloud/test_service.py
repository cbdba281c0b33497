"""The service refuses what it must, in a line, and answers the rest."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.cloud import service as module
from azsim.cloud.channel import Request
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
from azsim.cloud.opus import OpusChoice, encode_speech
from azsim.cloud.packets import PacketWriter
from azsim.cloud.service import FRESH_MS, Handled, ReplayGuard, Service
from azsim.errors import InputError, WorkError
from tests.cloud.cases import OWN, Second, lattice

CLIENT = "0123456789abcdef"
NOW = 1_700_000_000_000


def request(number: int = 1, sent_ms: int = NOW, client: str = CLIENT) -> Request:
    data = packed_lattice(lattice(), number)
    return Request(1, LATTICE_PATH, bytearray(pack(LatticeMessage(client, number, sent_ms, 0, "final", data))), True)


def handled(service: Service, asked: Request) -> Handled:
    admitted = service.admit(asked)
    return admitted if isinstance(admitted, Handled) else service.answer(*admitted)


def service(*parts: object) -> Service:
    return Service(*parts, now_ms=lambda: NOW)


def sound(count: int = 50) -> Request:
    packets = list(encode_speech(np.zeros(320 * count, np.float32), OpusChoice()))
    writer = PacketWriter()
    body = pack_head(AudioHead(CLIENT, 1, NOW, 20)) + writer.put(packets) + writer.end()
    return Request(1, AUDIO_PATH, bytearray(body), True)


def test_a_lattice_is_answered_with_the_rerankers_words():
    plain, other = handled(service(), request()), handled(service(Second()), request())
    assert (unpack_words(plain.body).words, unpack_words(plain.body).changed) == (OWN, False)
    assert (unpack_words(other.body).words, unpack_words(other.body).changed) == (Second().best(None), True)
    assert plain.status == other.status == 200


def test_sound_is_decoded_and_recognised():
    heard: list[np.ndarray] = []

    def recognise(samples: np.ndarray) -> list[str]:
        heard.append(samples)
        return ["hello"]

    assert unpack_words(handled(service(None, recognise), sound()).body).words == ("hello",)
    assert [len(each) for each in heard] == [16_000]
    refused = handled(service(), sound())
    assert (refused.status, unpack_refusal(refused.body)) == (400, "audio: this server takes lattices alone")


def test_a_message_is_answered_once():
    one = service()
    assert handled(one, request(1)).status == 200
    assert handled(one, request(2)).status == 200
    again = handled(one, request(1))
    assert again.status == 409
    assert "replayed" in again.line
    assert handled(one, request(1, client="f" * 16)).status == 200


@pytest.mark.parametrize("sent_ms", [0, NOW - FRESH_MS - 1, NOW + FRESH_MS + 1])
def test_messages_of_another_time_are_refused(sent_ms: int):
    assert handled(service(), request(sent_ms=sent_ms)).status == 409


def test_what_came_before_the_server_began_is_refused():
    times = [NOW]
    guard = ReplayGuard(lambda: times[-1])
    times.append(NOW + 1000)
    guard.check(CLIENT, 1, NOW)
    with pytest.raises(InputError, match="replayed"):
        guard.check(CLIENT, 2, NOW - 1)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    times = [NOW]
    guard = ReplayGuard(lambda: times[-1])
    for number in range(3):
        guard.check(CLIENT, number, NOW)
    with pytest.raises(InputError, match="too many messages"):
        guard.check(CLIENT, 3, NOW)
    times.append(NOW + 2 * FRESH_MS + 1)
    guard.check(CLIENT, 0, times[-1])


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Request(1, "/v2/words", bytearray(b"x"), True), 404),
        (Request(1, LATTICE_PATH, bytearray(b"x"), True), 400),
        (Request(1, AUDIO_PATH, bytearray(b"x"), True), 400),
        (Request(1, LATTICE_PATH, bytearray(1 << 17), False), 413),
    ],
)
def test_what_is_no_request_is_refused_in_a_line(asked: Request, status: int):
    found = handled(service(), asked)
    assert found.status == status
    assert len(found.line.splitlines()) == 1
    assert unpack_refusal(found.body)


def test_an_answer_that_cannot_be_made_is_no_end():
    class Broken:
        def best(self, lattice: object) -> tuple[str, ...]:
            raise WorkError("no room")

    assert handled(service(Broken()), request()).status == 500
