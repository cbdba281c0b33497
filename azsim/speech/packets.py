"""Encoded sound packet by packet, as FFmpeg decodes it: what each packet plays, and whether the file is whole.

::

    file ──demultiplex──> packet ──decode──> samples, less what the encoder put in front and behind ──> PlayedPacket

A decoder's output is the only exact statement of how long a packet plays: containers round it (Matroska to a
millisecond), guess it (Vorbis) or count the encoder's padding in (MP3). Decoding leaves out what the packets'
``skip_samples`` say; an MP4 states the padding at its end in the last packet's duration, which is applied here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import soundfile

from azsim.errors import InputError
from azsim.speech.cut_short import adts_cut_short, id3_bytes, mp3_cut_short, ogg_cut_short, promise_broken

_BY_PAGES = {"ogg": ogg_cut_short, "mp3": mp3_cut_short, "aac": adts_cut_short}
"""Container -> what its own structure says of a cut."""

_BY_LENGTH = ("wav", "aiff", "au", "caf", "flac")
"""Containers whose headers state bytes and samples exactly; libsndfile reads them."""

_BY_DURATION = ("aac", "mov", "matroska")
CONTAINERS = ("mp3", "ogg", *_BY_LENGTH, *_BY_DURATION)
"""What FFmpeg may take a file for: no playlists, which would lead it to other files or into the network."""

BEYOND_LIBSNDFILE = _BY_DURATION
"""Those of them that libsndfile does not read: AAC alone, in MP4 (m4a), and anything in Matroska (mka, webm)."""

_STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}
_MICROSECONDS = 1_000_000
_SLACK_S = 0.1
"""How much shorter than its header says a file may play before it counts as cut: Matroska and MP4 count padding in."""


def beyond_libsndfile(path: Path) -> bool:
    """Whether a file begins as one of `BEYOND_LIBSNDFILE` does.

    **Source:** ISO/IEC 14496-12 4.3 (``ftyp``), RFC 8794 8.1 (the EBML header), ISO/IEC 14496-3 1.A.2.2 (ADTS).
    """
    with open(path, "rb") as file:
        start = file.read(10)
        file.seek(id3_bytes(start))
        first = file.read(12)
    adts = len(first) > 1 and first[0] == 0xFF and first[1] & 0xF6 == 0xF0
    return adts or first[4:8] == b"ftyp" or first[:4] == b"\x1a\x45\xdf\xa3"


@dataclass(slots=True)
class PlayedPacket:
    """One packet that is heard.

    Attributes:
        size_bytes: of the packet as it is stored.
        samples: per channel that it plays.
    """

    size_bytes: int
    samples: int
    _frames: list[av.AudioFrame] = field(repr=False)

    def sound(self) -> np.ndarray:
        """The samples, float32 ``(samples, channels)``, full scale 1."""
        return np.concatenate([_floats(frame) for frame in self._frames])[: self.samples]


class EncodedSound:
    """The first audio stream of a file, open for reading; a context manager.

    Args:
        path: of the file, which is known to be one.
        needed: what messages say should be there, such as "a music file".
        containers: which kinds of file are read.

    Attributes:
        decoder: FFmpeg's name of it (``mp3float``, ``pcm_s16le``).
        sample_rate_hz, channels: of the decoded sound.

    Raises:
        InputError: the file is not encoded sound, has no audio stream, or is damaged or cut short.
    """

    def __init__(self, path: Path, needed: str, containers: Sequence[str] = CONTAINERS) -> None:
        self._path = path
        options = {"format_whitelist": ",".join(containers), "protocol_whitelist": "file"}
        try:
            self._container = av.open(f"file:{path}", options=options)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{path}: not {needed} that can be read ({_reason(error)})") from error
        try:
            if not self._container.streams.audio:
                raise InputError(f"{path}: has no audio stream; {needed} is needed")
            self._stream = self._container.streams.audio[0]
            if self._stream.codec_context is None:
                raise InputError(f"{path}: its sound is of no known codec; {needed} is needed")
            self._stream.codec_context.options = _STRICT
            self._kinds = self._container.format.name.split(",")
            self._check_structure()
        except BaseException:
            self._container.close()
            raise
        context = self._stream.codec_context
        self.decoder, self.sample_rate_hz, self.channels = context.name, context.sample_rate, context.channels

    def __enter__(self) -> EncodedSound:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def packets(self) -> Iterator[PlayedPacket]:
        """Every packet that plays something, in order; one that only readies the decoder is left out.

        Raises:
            InputError: a packet cannot be decoded, or there are fewer than the file's header promises.
        """
        played, latest = 0, None
        try:
            for packet in self._container.demux(self._stream):
                frames = [frame for frame in packet.decode() if frame.samples]
                samples = min(sum(frame.samples for frame in frames), self._most(packet, frames))
                if not samples:
                    continue
                if packet.size or latest is None:
                    if latest is not None:
                        played += latest.samples
                        yield latest
                    latest = PlayedPacket(packet.size, samples, frames)
                else:  # what the decoder still held at the end
                    latest = PlayedPacket(latest.size_bytes, latest.samples + samples, [*latest._frames, *frames])
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{self._path}: damaged or cut short: {_reason(error)}") from error
        if latest is not None:
            played += latest.samples
            yield latest
        self._check_length(played)

    def _most(self, packet: av.Packet, frames: list[av.AudioFrame]) -> int:
        """Samples that the container lets a packet play; an MP4 alone says so exactly."""
        if "mp4" not in self._kinds or not packet.duration or not frames:
            return 1 << 62
        return round(packet.duration * packet.time_base * frames[0].sample_rate)

    def _check_structure(self) -> None:
        missing = ""
        for kind in self._kinds:
            if kind in _BY_PAGES:
                missing = _BY_PAGES[kind](self._path.read_bytes())
            elif kind in _BY_LENGTH:
                missing = _promise_broken(self._path)
        if missing:
            raise InputError(
                f"{self._path}: damaged or cut short: {missing}; write it anew to use the rest"
            )

    def _check_length(self, played: int) -> None:
        """Refuse fewer samples than the header promises, where it promises any."""
        rate_hz = self._stream.codec_context.sample_rate
        promised: float | None = None
        if any(kind in _BY_LENGTH for kind in self._kinds) and self._stream.duration is not None:
            promised, slack = float(self._stream.duration * self._stream.time_base * rate_hz), 0.5
        elif any(kind in ("mov", "matroska") for kind in self._kinds) and self._container.duration is not None:
            promised, slack = self._container.duration * rate_hz / _MICROSECONDS, _SLACK_S * rate_hz
        if promised is not None and played < promised - slack:
            raise InputError(
                f"{self._path}: damaged or cut short: its header promises {promised / rate_hz:.3f} s of sound, "
                f"{played / rate_hz:.3f} s can be decoded"
            )


def _promise_broken(path: Path) -> str:
    try:
        with soundfile.SoundFile(path) as file:
            return promise_broken(file.extra_info)
    except soundfile.LibsndfileError as error:
        return error.error_string


def _floats(frame: av.AudioFrame) -> np.ndarray:
    """Samples of a frame, float32 ``(samples, channels)``, full scale 1."""
    values = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(frame.samples, -1)
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind == "u":
        middle = (np.iinfo(values.dtype).max + 1) // 2
        return ((values.astype(np.int64) - middle) / middle).astype(np.float32)
    return (values / -float(np.iinfo(values.dtype).min)).astype(np.float32)


def _reason(error: Exception) -> str:
    """What FFmpeg says, without its own numbers and names."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
