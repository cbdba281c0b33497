"""What the simulation charges is what a socket saw, byte for byte."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.channel import WRITE_BYTES as OF_CHANNEL
from azsim.cloud.client import CloudAnswer, CloudClient
from azsim.cloud.opus import encode_speech
from azsim.cloud.service import Service
from azsim.cloud.traffic import (
    FIRST_HEADERS_BYTES,
    LATER_HEADERS_BYTES,
    AudioTraffic,
    answer_bytes,
    audio_head_bytes,
    constant_traffic,
    encoded_traffic,
    lattice_traffic,
    opus_choice,
)
from azsim.resources import shipped
from azsim.soc.network import WRITE_BYTES, Radio
from azsim.soc.trace import Recorder
from azsim.speech.audio import read_audio
from tests.cloud.cases import OWN, Second, lattice
from tests.soc.cases import device


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


def charged(*payloads: int) -> int:
    radio = Radio(device().network, Recorder(False))
    return sum(radio.framed(payload) for payload in payloads)


def speech() -> np.ndarray:
    return read_audio(shipped("experiments", "speech/test-seen-000.flac")).samples


def test_a_lattice_is_charged_what_the_socket_saw(keys: Certificates):
    with serving(keys, Service(Second())) as (port, _), CloudClient(keys, port, local_processing=True) as client:
        first, *later = [client.rerank(lattice()) for _ in range(101)]
    traffic = lattice_traffic(lattice(), Second().best(lattice()))
    assert later[-1].uplink_bytes == charged(LATER_HEADERS_BYTES, traffic.message_bytes)
    assert later[-1].downlink_bytes == charged(traffic.answer_bytes)
    handshake = device().network.handshake
    opening_up = first.uplink_bytes - charged(FIRST_HEADERS_BYTES, traffic.message_bytes)
    opening_down = first.downlink_bytes - charged(traffic.answer_bytes)
    assert opening_up == pytest.approx(handshake.new_up_bytes, rel=0.5)  # by version of the library
    assert opening_down == pytest.approx(handshake.new_down_bytes, rel=0.5)


@pytest.mark.parametrize(("suppressed", "together"), [(False, 1), (False, 5), (True, 1), (True, 10)])
def test_sound_is_charged_what_the_socket_saw(keys: Certificates, suppressed: bool, together: int):
    spec = device(
        network__upload_silence_suppression=suppressed,
        network__upload_variable_rate=suppressed,
        network__packets_per_write=together,
    ).network
    said = np.concatenate([speech(), np.zeros(16_000, np.float32)])
    packets = list(encode_speech(said, opus_choice(spec)))
    packets = packets[: len(packets) // together * together]
    asked: list[CloudAnswer] = []
    with (
        serving(keys, Service(None, lambda samples: OWN)) as (port, _),
        CloudClient(keys, port, local_processing=False) as client,
    ):
        client._number = 99
        asked += [client.recognise(packets, spec.upload_packet_ms, together) for _ in range(2)]
    traffic = AudioTraffic(spec.upload_packet_ms, tuple(map(len, packets)), together)
    writes = [size for size in islice(traffic.writes(), len(packets) // together) if size]
    head = charged(LATER_HEADERS_BYTES, audio_head_bytes(spec.upload_packet_ms), *writes)
    silence_at_the_end = charged(2) if not packets[-1] else 0
    assert asked[1].uplink_bytes == head + silence_at_the_end
    assert asked[1].downlink_bytes == charged(answer_bytes(OWN))


def test_a_constant_rate_is_as_the_device_file_says():
    spec = device().network
    assert list(islice(constant_traffic(spec).writes(), 3)) == [81, 81, 81]
    samples = encoded_traffic(spec, speech(), np.random.default_rng(0))
    assert set(samples.packets) == {80}
    assert list(islice(samples.writes(), 1000)) == [81] * 1000


def test_the_room_goes_on_after_the_recording():
    spec = device(network__upload_silence_suppression=True, network__upload_variable_rate=True).network
    traffic = encoded_traffic(spec, speech(), np.random.default_rng(0))
    spoken = len(speech()) // 320
    assert len(traffic.packets) == -(-(len(speech()) + 48_000) // 320)
    assert all(traffic.packets[: spoken // 2])
    tail = list(islice(traffic.writes(), 600))[-200:]
    assert tail[:20] == tail[20:40]
    assert sum(tail) < 0.2 * sum(traffic.packets[:200])


def test_both_sides_mean_the_same_write():
    assert OF_CHANNEL == WRITE_BYTES
