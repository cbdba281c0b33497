"""A music track as the network delivers it: the packets of a real encoded file, their sizes and how long each plays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from azsim.devices.spec import DecodeCostSpec
from azsim.errors import InputError

CODECS = ("mp3", "aac", "vorbis", "opus", "flac", "pcm")


@dataclass(frozen=True, eq=False)
class MusicTrack:
    """An encoded stream; two tracks are equal if their files are.

    Attributes:
        name: for reports.
        codec: one of `CODECS`.
        sample_rate_hz, channels: of the decoded sound.
        packet_bytes: int64 ``(packets,)``.
        packet_samples: int64 ``(packets,)``: samples per channel that each packet decodes to.
        digest: SHA-256 of the source file.
    """

    name: str
    codec: str
    sample_rate_hz: int
    channels: int
    packet_bytes: np.ndarray
    packet_samples: np.ndarray
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MusicTrack) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def seconds(self) -> float:
        """Playing time."""
        return float(self.packet_samples.sum()) / self.sample_rate_hz

    @property
    def kbps(self) -> float:
        """Mean bit rate of the packets, without transport."""
        return float(self.packet_bytes.sum()) * 8 / 1000 / self.seconds

    def decode_mhz(self, cost: DecodeCostSpec) -> float:
        """Clock that decoding takes in real time; 0 for plain samples."""
        return 0.0 if self.codec == "pcm" else getattr(cost, f"{self.codec}_mhz")


def load_music(path: str | Path) -> MusicTrack:
    """Demultiplex an mp3, aac, ogg (vorbis, opus), flac or wav file; nothing is decoded.

    Raises:
        InputError: the file is missing, empty, not audio, damaged, or of a codec whose decoding cost is not known.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read as music: {error.strerror}") from error
    if not data:
        raise InputError(f"{path}: the music file is empty; give an mp3, aac, ogg, flac or wav file")
    try:
        codec, rate_hz, channels, sizes, samples = _demultiplex(path)
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(
            f"{path}: not a music file that can be read; give an mp3, aac, ogg, flac or wav file"
        ) from error
    if not sizes:
        raise InputError(f"{path}: holds no audio packets; give an mp3, aac, ogg, flac or wav file")
    return MusicTrack(
        name=path.stem,
        codec=codec,
        sample_rate_hz=rate_hz,
        channels=channels,
        packet_bytes=np.array(sizes, np.int64),
        packet_samples=np.array(samples, np.int64),
        digest=hashlib.sha256(data).hexdigest(),
    )


def _demultiplex(path: Path) -> tuple[str, int, int, list[int], list[int]]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: has no audio stream; give an mp3, aac, ogg, flac or wav file")
        stream = container.streams.audio[0]
        codec = _codec_name(stream.codec_context.name, path)
        rate_hz = stream.codec_context.sample_rate
        sizes: list[int] = []
        samples: list[int] = []
        for packet in container.demux(stream):
            if packet.size and packet.duration:
                sizes.append(packet.size)
                samples.append(round(packet.duration * stream.time_base * rate_hz))
    return codec, rate_hz, stream.codec_context.channels, sizes, samples


def _codec_name(decoder: str, path: Path) -> str:
    """FFmpeg's decoder name (``mp3float``, ``pcm_s16le``, ``libopus``) as one of `CODECS`."""
    for codec in CODECS:
        if codec in decoder:
            return codec
    raise InputError(f"{path}: codec {decoder!r}: its decoding cost is not known; there are {', '.join(CODECS)}")
