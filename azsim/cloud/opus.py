"""Speech as Opus packets and back, by libopus itself: constant or variable rate, silence suppressed or not.

::

    16 kHz samples ──20 ms──> libopus ──> packet, packet, (silence: none) ... ──> libopus ──> samples

FFmpeg's wrapper of the encoder accepts ``dtx`` and does nothing (`findings/pyav_ignores_dtx.sh`), so the library is
called by its own names. It is the one that PyAV's wheel carries, or else the system's.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

from azsim.errors import InputError, WorkError
from azsim.speech.features import SAMPLE_RATE_HZ

FRAMES_MS = (10, 20, 40, 60)
"""Lengths of a packet that whole milliseconds can state. **Source:** RFC 6716 2.1.4."""
LOWEST_BITS_PER_S, HIGHEST_BITS_PER_S = 6_000, 510_000
"""**Source:** RFC 6716 2.1.1."""
LONGEST_PACKET_BYTES = 1275
"""Of a packet with one frame. **Source:** RFC 6716 3.4, R5."""
SUPPRESSED_BYTES = 2
"""A packet of so many bytes or fewer need not be sent. **Source:** opus_encoder.h, ``opus_encode``."""

_VOICE = 2048
_SET_BITRATE, _SET_VBR, _SET_DTX = 4002, 4006, 4016
"""Requests of ``opus_encoder_ctl``. **Source:** opus_defines.h."""


@dataclass(frozen=True, slots=True)
class OpusChoice:
    """What an encoder is asked for.

    Attributes:
        bits_per_s: rate; with a variable one its mean over speech.
        frame_ms: sound in a packet, one of `FRAMES_MS`.
        variable_rate: packets as large as their sound needs, instead of all alike.
        silence_suppression: no packets while nobody speaks (DTX), but for one every 400 ms.

    Raises:
        InputError: a rate or length that Opus does not have.
    """

    bits_per_s: int = 32_000
    frame_ms: int = 20
    variable_rate: bool = False
    silence_suppression: bool = False

    def __post_init__(self) -> None:
        """Check."""
        if self.frame_ms not in FRAMES_MS:
            raise InputError(f"Opus frames of {self.frame_ms} ms: must be one of {', '.join(map(str, FRAMES_MS))}")
        if not LOWEST_BITS_PER_S <= self.bits_per_s <= HIGHEST_BITS_PER_S:
            raise InputError(
                f"Opus at {self.bits_per_s / 1000:g} kb/s: must be {LOWEST_BITS_PER_S // 1000} to "
                f"{HIGHEST_BITS_PER_S // 1000}"
            )

    @property
    def frame_samples(self) -> int:
        """Of a packet, at 16 kHz."""
        return SAMPLE_RATE_HZ * self.frame_ms // 1000


class OpusEncoder:
    """One stream of packets; what it knows of the past goes into the next one.

    Raises:
        WorkError: there is no libopus, or it refuses.
    """

    def __init__(self, choice: OpusChoice) -> None:
        self._choice = choice
        self._library = _libopus()
        error = ctypes.c_int()
        self._state = self._library.opus_encoder_create(SAMPLE_RATE_HZ, 1, _VOICE, ctypes.byref(error))
        _check(error.value, "create an encoder")
        wanted = (
            (_SET_BITRATE, choice.bits_per_s),
            (_SET_VBR, int(choice.variable_rate)),
            (_SET_DTX, int(choice.silence_suppression)),
        )
        for request, value in wanted:
            _check(self._library.opus_encoder_ctl(self._state, request, ctypes.c_int(value)), f"set {request}")
        self._packet = (ctypes.c_ubyte * LONGEST_PACKET_BYTES)()

    def encode(self, frame: np.ndarray) -> bytes:
        """The packet of one frame.

        Args:
            frame: int16 ``(frame_samples,)``.

        Returns:
            The packet; empty where silence suppression lets it be left out.
        """
        samples = np.ascontiguousarray(frame, np.int16)
        if samples.shape != (self._choice.frame_samples,):
            raise ValueError(f"a frame of shape {samples.shape}: must be ({self._choice.frame_samples},)")
        pointer = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = self._library.opus_encode(self._state, pointer, len(samples), self._packet, LONGEST_PACKET_BYTES)
        _check(size, "encode")
        suppressed = self._choice.silence_suppression and size <= SUPPRESSED_BYTES
        return b"" if suppressed else bytes(self._packet[:size])

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_encoder_destroy(self._state)


def encode_speech(samples: np.ndarray, choice: OpusChoice) -> Iterator[bytes]:
    """Packets of a recording, the last frame filled up with zeros; a suppressed one is empty.

    Args:
        samples: float32 ``(n,)`` at 16 kHz, full scale 1.
        choice: of the encoder.
    """
    encoder, size = OpusEncoder(choice), choice.frame_samples
    whole = np.concatenate([pcm16(samples), np.zeros(-len(samples) % size, np.int16)])
    for start in range(0, len(whole), size):
        yield encoder.encode(whole[start : start + size])


def decode_speech(packets: Sequence[bytes], frame_ms: int) -> np.ndarray:
    """What is heard at the other end; where a packet is empty the decoder makes up the noise that was there.

    Args:
        packets: in order.
        frame_ms: sound in each.

    Returns:
        float32 ``(samples,)`` at 16 kHz, full scale 1; as many as the packets last.

    Raises:
        InputError: a packet is none, or lasts otherwise.
        WorkError: there is no libopus.
    """
    library, error = _libopus(), ctypes.c_int()
    frame = SAMPLE_RATE_HZ * frame_ms // 1000
    state = library.opus_decoder_create(SAMPLE_RATE_HZ, 1, ctypes.byref(error))
    _check(error.value, "create a decoder")
    heard = np.zeros((len(packets), frame), np.int16)
    try:
        for index, packet in enumerate(packets):
            pointer = heard[index].ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
            data = packet if packet else None
            count = library.opus_decode(state, data, len(packet), pointer, frame, 0)
            if count != frame:
                raise InputError(f"audio: packet {index} of {len(packet)} bytes: must be Opus of {frame_ms} ms")
    finally:
        library.opus_decoder_destroy(state)
    return heard.reshape(-1).astype(np.float32) / 32768


def pcm16(samples: np.ndarray) -> np.ndarray:
    """Samples of full scale 1 as int16, clipped."""
    return np.clip(np.rint(np.asarray(samples, np.float64) * 32768), -32768, 32767).astype(np.int16)


def opus_version() -> str:
    """What the library calls itself, such as ``libopus 1.6.1``."""
    return _libopus().opus_get_version_string().decode()


@cache
def _libopus() -> ctypes.CDLL:
    # An absolute path names the file; a bare name would need the folder of the wheel in the loader's search path.
    root = Path(av.__file__).resolve().parent
    inside = [*sorted(root.parent.glob("av.libs/libopus*")), *sorted(root.glob(".dylibs/libopus*"))]
    system = ctypes.util.find_library("opus")
    for candidate in [*map(str, inside), *([system] if system else [])]:
        try:
            return _declared(ctypes.CDLL(candidate))
        except (OSError, AttributeError):
            continue
    raise WorkError("no libopus: neither within PyAV's wheel nor on the system; install one, such as Debian's libopus0")


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """The library with the types of the functions that are called."""
    number, pointer = ctypes.c_int32, ctypes.c_void_p
    samples, error = ctypes.POINTER(ctypes.c_int16), ctypes.POINTER(ctypes.c_int)
    for name, result, arguments in (
        ("opus_get_version_string", ctypes.c_char_p, []),
        ("opus_encoder_create", pointer, [number, ctypes.c_int, ctypes.c_int, error]),
        ("opus_encoder_destroy", None, [pointer]),
        ("opus_encode", number, [pointer, samples, ctypes.c_int, ctypes.POINTER(ctypes.c_ubyte), number]),
        ("opus_decoder_create", pointer, [number, ctypes.c_int, error]),
        ("opus_decoder_destroy", None, [pointer]),
        ("opus_decode", ctypes.c_int, [pointer, ctypes.c_char_p, number, samples, ctypes.c_int, ctypes.c_int]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.opus_encoder_ctl.restype = ctypes.c_int
    library.opus_encoder_ctl.argtypes = [pointer, ctypes.c_int]  # variadic: what follows is given with its type
    return library


def _check(result: int, what: str) -> None:
    if result < 0:
        raise WorkError(f"libopus cannot {what}: error {result}")
