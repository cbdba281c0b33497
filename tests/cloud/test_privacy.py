"""With the local-processing setting on no 20 ms of sound cross the line, in no form; with it off they are found."""

from __future__ import annotations

import time

import numpy as np
import pytest

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.client import CloudClient
from azsim.cloud.messages import MOST_BYTES, packed_lattice
from azsim.cloud.opus import OpusChoice, encode_speech, pcm16
from azsim.cloud.service import Service
from azsim.errors import PrivacyError
from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.features import log_mel
from azsim.speech.lattice.lattice import Lattice
from experiments.uplink.leaks import found_in
from experiments.uplink.privacy import Wire, scans
from tests.cloud.cases import lattice


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Six tenths of a second of speech."""
    return read_audio(shipped("experiments", "speech/test-seen-000.flac")).samples[8_000:17_600]


def large_lattice() -> Lattice:
    """Of as many words as a message of some kilobytes holds, all with scores and times of their own."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rows = [
        (node, node + 1, "".join(rng.choice(letters, 6)), 30 * node, 30 * node + 30 * int(rng.integers(1, 9)),
         -float(rng.uniform(0, 9)), -float(rng.uniform(0, 9)))
        for node in range(60)
        for _ in range(5)
    ]  # fmt: skip
    return Lattice.of_edges("1", rows, {60: (0.0, 0.0)})


def test_with_the_setting_on_nothing_of_the_sound_is_among_the_bytes(keys: Certificates, sound: np.ndarray):
    plain = bytearray()
    with serving(keys, Service(None, lambda samples: ())) as (port, _):
        wire = Wire(port)
        with CloudClient(keys, wire.port, local_processing=True, tap=plain.extend) as client:
            for each in (lattice(), large_lattice()):
                assert client.rerank(each).by == "cloud"
            with pytest.raises(PrivacyError):
                client.recognise(list(encode_speech(sound, OpusChoice())), 20)
            time.sleep(0.05)
    assert len(plain) > 2000
    assert len(wire.seen) > len(plain)
    assert found_in(bytes(plain), sound) == set()
    assert found_in(bytes(wire.seen), sound) == set()


def test_with_the_setting_off_the_same_scan_finds_it(keys: Certificates, sound: np.ndarray):
    plain = bytearray()
    with serving(keys, Service(None, lambda samples: ())) as (port, _):
        wire = Wire(port)
        with CloudClient(keys, wire.port, local_processing=False, tap=plain.extend) as client:
            assert client.recognise(list(encode_speech(sound, OpusChoice())), 20).by == "cloud"
    assert found_in(bytes(plain), sound) == {"opus"}
    assert found_in(bytes(wire.seen), sound) == set()  # encrypted


def test_the_report_scans_both_settings(keys: Certificates, sound: np.ndarray):
    on, off = scans(keys, [sound], [lattice()])
    assert (on.local_processing, on.refused, on.found_in_plain, on.found_on_wire, on.forms) == (True, 1, 0, 0, "")
    assert (off.local_processing, off.refused, off.found_in_plain, off.found_on_wire) == (False, 0, 1, 0)
    assert off.forms == "opus"
    assert off.plain_bytes > on.plain_bytes > 100
    assert on.wire_bytes > on.plain_bytes


@pytest.mark.parametrize("form", ["<i2", ">i2", "i1", "u1", "<f4"])
def test_twenty_milliseconds_of_samples_are_found_in_any_message(form: str, sound: np.ndarray):
    loudest = int(np.argmax(np.abs(sound)))
    window = sound[loudest - 150 : loudest + 170]
    coarse = np.rint(window / np.abs(window).max() * 127)
    values = {"u1": coarse + 128, "i1": coarse, "<f4": window}.get(form, pcm16(window))
    assert "samples" in found_in(planted(values.astype(form).tobytes()), sound)


@pytest.mark.parametrize("form", ["i1", "u1", "<i2", "<f2", "<f4"])
def test_twenty_milliseconds_of_features_are_found_in_any_message(form: str, sound: np.ndarray):
    two = log_mel(sound)[30:32].ravel()
    coarse = np.rint((two - two.mean()) / np.abs(two - two.mean()).max() * 127)
    values = {"u1": coarse + 128, "i1": coarse, "<i2": coarse * 100}.get(form, two)
    assert "features" in found_in(planted(values.astype(form).tobytes()), sound)


def planted(data: bytes) -> bytes:
    """The bytes within a message, at a place that is no multiple of anything."""
    message = packed_lattice(large_lattice(), 1)
    assert len(message) < MOST_BYTES
    return message[:1013] + data + message[1013:]
