"""What goes over the air for a request, write by write: sizes of real packets and messages, without their framing.

::

    sound ──libopus──> sizes of packets ──PacketWriter──> writes of so many bytes, one every packet or every few
    lattice ──> size of its message            words ──> size of the answer

`azsim.soc.network.Radio` adds what a write costs; a test holds the sums to what a socket saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.messages import AudioHead, LatticeMessage, Words, pack, pack_head, packed_lattice
from azsim.cloud.opus import OpusChoice, decode_speech, encode_speech, pcm16
from azsim.cloud.packets import PacketWriter
from azsim.devices.board_spec import NetworkSpec
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.lattice.lattice import Lattice

FIRST_HEADERS_BYTES, LATER_HEADERS_BYTES = 20, 4
"""Fields of a request, without the header of their frame: the first of a connection, and one like an earlier one, which
HPACK names by numbers (RFC 7541). **Source:** counted (`tests/cloud/test_traffic.py`)."""
REPLY_HEADERS_BYTES = 1
FRAME_HEADER_BYTES = 9
"""Of HTTP/2; a reply's fields and its body share one write."""
_CLIENT, _NUMBER, _MOMENT = "0" * 16, 100, 1 << 40
"""Of a message whose size is told: a client's name and times are always as long."""
_TAIL_MS = 400
"""Once sound is over its last packets come again and again: silence suppression sends one every 400 ms."""


@dataclass(frozen=True)
class AudioTraffic:
    """A recording on its way up.

    Attributes:
        frame_ms: sound in a packet.
        packets: bytes of each, 0 where silence suppression left it out.
        packets_per_write: that go up at once.
    """

    frame_ms: int
    packets: tuple[int, ...]
    packets_per_write: int = 1

    @property
    def write_ms(self) -> int:
        """Sound of a write."""
        return self.frame_ms * self.packets_per_write

    def writes(self) -> Iterator[int]:
        """Bytes of each write, 0 where there is none, without end: the room goes on when the recording has ended."""
        writer, sizes = PacketWriter(), self._sizes()
        while True:
            yield len(writer.put([bytes(next(sizes)) for _ in range(self.packets_per_write)]))

    def _sizes(self) -> Iterator[int]:
        yield from self.packets
        tail = self.packets[-max(1, _TAIL_MS // self.frame_ms) :] or (0,)
        while True:
            yield from tail


@dataclass(frozen=True, slots=True)
class LatticeTraffic:
    """A lattice and its answer.

    Attributes:
        message_bytes: up.
        answer_bytes: down.
    """

    message_bytes: int
    answer_bytes: int


def constant_traffic(spec: NetworkSpec) -> AudioTraffic:
    """Sound that nobody has encoded: packets of a constant rate are all as large as the device file says."""
    size = round(spec.upload_kbps * spec.upload_packet_ms / 8)
    return AudioTraffic(spec.upload_packet_ms, (size,), spec.packets_per_write)


@dataclass(frozen=True)
class EncodedSpeech:
    """A recording as the device's encoder sends it, and the room after it.

    Attributes:
        frame_ms: sound in a packet.
        packets: of Opus, empty ones where silence suppression left them out.
        spoken: of them are of the recording.
    """

    frame_ms: int
    packets: tuple[bytes, ...]
    spoken: int

    def traffic(self, packets_per_write: int) -> AudioTraffic:
        """Sizes alone."""
        return AudioTraffic(self.frame_ms, tuple(map(len, self.packets)), packets_per_write)

    def heard(self) -> np.ndarray:
        """What comes out of the decoder at the other end, float32 ``(n,)`` at 16 kHz; the recording alone."""
        return decode_speech(self.packets[: self.spoken], self.frame_ms)


def encoded_speech(spec: NetworkSpec, samples: np.ndarray, rng: np.random.Generator) -> EncodedSpeech:
    """A recording and, where packets differ, the room after it through libopus.

    Args:
        spec: rate, length of a packet, and how it is encoded.
        samples: float32 ``(n,)`` at 16 kHz.
        rng: of the room after the recording, which is as loud as its quietest tenth.

    Raises:
        InputError: Opus has no such rate or length of a packet.
        WorkError: there is no libopus.
    """
    choice = opus_choice(spec)
    varies = choice.variable_rate or choice.silence_suppression
    sound = np.concatenate([samples, _room(samples, rng)]) if varies else samples  # else what follows is as large
    packets = tuple(encode_speech(sound, choice))
    return EncodedSpeech(choice.frame_ms, packets, -(-len(samples) // choice.frame_samples))


def encoded_traffic(spec: NetworkSpec, samples: np.ndarray, rng: np.random.Generator) -> AudioTraffic:
    """Sizes of the packets of `encoded_speech`, as the device writes them."""
    return encoded_speech(spec, samples, rng).traffic(spec.packets_per_write)


def opus_choice(spec: NetworkSpec) -> OpusChoice:
    """What a device's encoder is asked for.

    Raises:
        InputError: Opus has no such rate or length of a packet.
    """
    return OpusChoice(
        bits_per_s=round(1000 * spec.upload_kbps),
        frame_ms=spec.upload_packet_ms,
        variable_rate=spec.upload_variable_rate,
        silence_suppression=spec.upload_silence_suppression,
    )


def request_headers_bytes(spec: NetworkSpec) -> int:
    """Fields of a request on a connection that was kept open, or was opened for it."""
    return LATER_HEADERS_BYTES if spec.handshake.before_request == "kept" else FIRST_HEADERS_BYTES


def audio_head_bytes(frame_ms: int) -> int:
    """What comes before the packets; as long for every length of a packet."""
    return len(pack_head(AudioHead(_CLIENT, _NUMBER, _MOMENT, frame_ms)))


def lattice_traffic(lattice: Lattice, words: Sequence[str]) -> LatticeTraffic:
    """A lattice's message, and the answer with these words.

    Raises:
        InputError: it is too large to go up.
        PrivacyError: a word of it is none.
    """
    data = packed_lattice(lattice, _NUMBER)
    message = LatticeMessage(_CLIENT, _NUMBER, _MOMENT, 0, "final", data)
    return LatticeTraffic(len(pack(message)), answer_bytes(words))


def answer_bytes(words: Sequence[str]) -> int:
    """Bytes of an answer, its fields and the header of one of its two frames included."""
    return len(pack(Words(_NUMBER, tuple(words), True))) + REPLY_HEADERS_BYTES + FRAME_HEADER_BYTES


def _room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three seconds of white noise, as loud as the recording's quietest tenth, and at least of the last bit."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    rms = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1)) if len(frames) else np.zeros(1)
    level = max(float(np.quantile(rms, 0.1)), 1 / 32768)
    noise = level * rng.standard_normal(3 * SAMPLE_RATE_HZ)
    return (pcm16(noise) / 32768).astype(np.float32)
