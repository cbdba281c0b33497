"""Sound that comes while it is heard: from a microphone, or raw samples from standard input.

::

    ffmpeg -i talk.mp3 -ar 16000 -ac 1 -f s16le - | azsim listen -      16 kHz, mono, signed 16 bits, little-endian
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from azsim.errors import InputError
from azsim.speech.features import PCM16_SCALE, SAMPLE_RATE_HZ

BLOCK_MS = 60
BLOCK_BYTES = 2 * SAMPLE_RATE_HZ * BLOCK_MS // 1000
CONTAINERS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3\x03": "MP3", b"ID3\x04": "MP3", b"FORM": "AIFF"}
"""What files begin with whose samples are no raw ones."""
RAW = "give raw samples: 16 kHz, mono, signed 16 bits, little-endian (ffmpeg ... -ar 16000 -ac 1 -f s16le -)"
MOST_WAITING_BLOCKS = 1_000
"""Of a microphone, that nobody has taken yet: one minute."""


class Readable(Protocol):
    """A stream of bytes that gives what there is."""

    def read1(self, most: int, /) -> bytes:
        """Some bytes, at most so many; none at the end."""


def raw_blocks(stream: Readable, name: str = "standard input") -> Iterator[np.ndarray]:
    """Float32 samples of a stream of raw ones, as they come.

    Args:
        stream: of bytes; a read may give fewer than were asked for.
        name: of it, for messages.

    Raises:
        InputError: it is a file in a container, or ends within a sample.
    """
    rest, first = b"", True
    while data := stream.read1(BLOCK_BYTES):
        if first and data[:4] in CONTAINERS:
            raise InputError(f"{name}: is a {CONTAINERS[data[:4]]} file; {RAW}")
        first = False
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(PCM16_SCALE)
    if rest:
        raise InputError(f"{name}: ends within a sample, after an odd number of bytes; {RAW}")


def microphone_blocks(device: int | str | None = None) -> Iterator[np.ndarray]:
    """Float32 samples of a microphone, until the caller stops.

    Args:
        device: number or part of the name of an input; the system's own if None.

    Raises:
        InputError: there is no such input, or what it needs is not installed, or nobody takes the samples in time.
    """
    try:
        import sounddevice
    except ImportError:
        raise InputError("listen: a microphone needs sounddevice: pip install 'azsim[mic]', or pipe sound: -") from None
    except OSError as error:
        raise InputError(f"listen: a microphone needs the library PortAudio ({error}); or pipe sound: -") from None
    waiting: queue.Queue[np.ndarray | None] = queue.Queue(MOST_WAITING_BLOCKS)

    def take(data: np.ndarray, frames: int, when: object, status: object) -> None:
        if waiting.full():
            raise sounddevice.CallbackStop
        waiting.put_nowait(data[:, 0].astype(np.float32) / np.float32(PCM16_SCALE))

    try:
        opened = sounddevice.InputStream(
            samplerate=SAMPLE_RATE_HZ,
            blocksize=SAMPLE_RATE_HZ * BLOCK_MS // 1000,
            device=device,
            channels=1,
            dtype="int16",
            callback=take,
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise InputError(f"listen: no microphone can be opened: {error}; or pipe sound: -") from None
    with opened:
        while opened.active or not waiting.empty():
            try:
                yield waiting.get(timeout=1.0)
            except queue.Empty:
                continue
    raise InputError("listen: the microphone came to be a minute ahead of the recogniser; the machine is too slow")
