"""Raw sound as it comes: reads of any size, containers refused by name, half a sample; microphones."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.speech import live_sound
from azsim.speech.live_sound import microphone_blocks, raw_blocks

SAMPLES = np.random.default_rng(1).integers(-32768, 32768, 5_000).astype("<i2")


class Pipe:
    """Gives as many bytes at a time as it likes."""

    def __init__(self, data: bytes, lengths: list[int]) -> None:
        self._data, self._lengths = io.BytesIO(data), lengths

    def read1(self, most: int) -> bytes:
        return self._data.read(self._lengths.pop() if self._lengths else most)


@given(st.lists(st.integers(1, 3_000), max_size=20))
def test_samples_are_the_same_however_they_come(lengths: list[int]) -> None:
    blocks = list(raw_blocks(Pipe(SAMPLES.tobytes(), lengths)))
    assert all(block.dtype == np.float32 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks) * 32768, SAMPLES.astype(np.float32))


@pytest.mark.parametrize(
    ("begin", "name"), [(b"RIFF", "WAV"), (b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"ID3\x03", "MP3")]
)
def test_a_file_in_a_container_is_refused_by_name(begin: bytes, name: str) -> None:
    with pytest.raises(InputError, match=f"^standard input: is a {name} file; give raw samples: 16 kHz"):
        list(raw_blocks(io.BytesIO(begin + bytes(100))))


def test_half_a_sample_at_the_end_is_said_after_all_others_were_given() -> None:
    blocks = raw_blocks(io.BytesIO(SAMPLES.tobytes() + b"\x01"))
    taken = []
    with pytest.raises(InputError, match="ends within a sample"):
        taken.extend(blocks)
    assert not list(raw_blocks(io.BytesIO(b"")))


def test_a_microphone_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(InputError, match=r"pip install 'azsim\[mic\]'"):
        next(microphone_blocks())


def microphone(monkeypatch: pytest.MonkeyPatch, blocks: list[np.ndarray]) -> None:
    """A system whose microphone gives these and then falls silent for good."""

    class Stopped(Exception):
        pass

    class InputStream:
        def __init__(self, callback, samplerate, channels, dtype, blocksize, device) -> None:
            assert (samplerate, channels, dtype) == (16_000, 1, "int16")
            self._callback, self.active = callback, True

        def __enter__(self) -> None:
            for block in blocks:
                try:
                    self._callback(block[:, None], len(block), None, None)
                except Stopped:
                    break
            self.active = False

        def __exit__(self, *reason: object) -> None:
            pass

    module = SimpleNamespace(InputStream=InputStream, PortAudioError=OSError, CallbackStop=Stopped)
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_what_a_microphone_gives_is_handed_on_and_falling_behind_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_sound, "MOST_WAITING_BLOCKS", 4)
    blocks = [np.full(960, value, np.int16) for value in range(6)]
    microphone(monkeypatch, blocks)
    taken = []
    with pytest.raises(InputError, match="ahead of the recogniser"):
        taken.extend(microphone_blocks())
    np.testing.assert_array_equal(np.concatenate(taken) * 32768, np.concatenate(blocks[:4]))


def test_a_microphone_that_cannot_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**options: object) -> None:
        raise ValueError("No input device matching 'studio'")

    module = SimpleNamespace(InputStream=refused, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    with pytest.raises(InputError, match="no microphone can be opened: No input device matching 'studio'"):
        next(microphone_blocks("studio"))
