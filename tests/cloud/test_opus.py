"""libopus encodes and decodes speech, and its choices do what they say."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.cloud.opus import OpusChoice, OpusEncoder, decode_speech, encode_speech, opus_version, pcm16
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.speech.audio import read_audio


def speech() -> np.ndarray:
    return read_audio(shipped("experiments", "speech/test-seen-000.flac")).samples


def test_the_library_says_its_version():
    assert "libopus" in opus_version()


@pytest.mark.parametrize(("kbps", "frame_ms", "size"), [(32, 20, 80), (16, 20, 40), (16, 60, 120)])
def test_packets_of_a_constant_rate_are_all_alike(kbps: int, frame_ms: int, size: int):
    packets = list(encode_speech(speech(), OpusChoice(1000 * kbps, frame_ms)))
    assert {len(packet) for packet in packets} == {size}
    assert len(packets) == -(-len(speech()) // (16 * frame_ms))


def test_what_was_said_is_heard():
    said = speech()
    for choice in (OpusChoice(), OpusChoice(variable_rate=True, silence_suppression=True)):
        heard = decode_speech(list(encode_speech(said, choice)), choice.frame_ms)
        assert 0 <= len(heard) - len(said) < choice.frame_samples
        lags = [float(np.dot(said[: -400 or None], heard[lag : lag + len(said) - 400])) for lag in range(200)]
        lag = int(np.argmax(lags))  # what the encoder looks ahead
        ours, theirs = said[:-400], heard[lag : lag + len(said) - 400]
        assert np.dot(ours, theirs) / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.9


def test_silence_suppression_leaves_packets_out_after_a_while():
    quiet = np.concatenate([speech(), np.zeros(16_000 * 3, np.float32)])
    kept = list(encode_speech(quiet, OpusChoice()))
    sparse = list(encode_speech(quiet, OpusChoice(silence_suppression=True)))
    assert all(kept)
    assert len(sparse) == len(kept)
    assert sum(map(bool, sparse[-100:])) < 10  # one every 400 ms
    assert all(sparse[:25])


def test_a_variable_rate_gives_silence_less_than_speech():
    quiet = np.concatenate([speech(), np.zeros(32_000, np.float32)])
    packets = list(encode_speech(quiet, OpusChoice(variable_rate=True)))
    assert np.mean([len(each) for each in packets[-50:]]) < 0.5 * np.mean([len(each) for each in packets[:100]])


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_packets_that_are_none_are_refused_or_heard(packets: list[bytes]):
    with suppress(InputError):
        assert len(decode_speech(packets, 20)) == 320 * len(packets)


def test_what_opus_does_not_have_is_refused():
    with pytest.raises(InputError, match="30 ms"):
        OpusChoice(frame_ms=30)
    with pytest.raises(InputError, match="must be 6 to 510"):
        OpusChoice(bits_per_s=5_000)
    with pytest.raises(ValueError, match="a frame of shape"):
        OpusEncoder(OpusChoice()).encode(np.zeros(319, np.int16))


def test_samples_are_rounded_and_clipped():
    assert pcm16(np.array([-2.0, -1.0, 0.0, 1 / 65536 * 1.1, 1.0])).tolist() == [-32768, -32768, 0, 1, 32767]
