"""A music track as the network delivers it: the packets of a real encoded file, their sizes and how long each plays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from azsim.devices.board_spec import AudioSpec, DecodeCostSpec
from azsim.errors import InputError
from azsim.input_file import check_input_file

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


@dataclass(frozen=True, slots=True)
class MusicStart:
    """Where a track stands at time 0 of the device.

    Attributes:
        packet: the one that is decoded next.
        phase_ps: time since the last period interrupt, below a period.
    """

    packet: int
    phase_ps: int

    def played_s(self, track: MusicTrack, audio: AudioSpec) -> float:
        """Position in the track of the sound that the loudspeaker makes at time 0: a full ring before ``packet``."""
        decoded_s = float(track.packet_samples[: self.packet].sum()) / track.sample_rate_hz
        period_s = audio.period_frames / audio.playback_rate_hz
        return decoded_s - (audio.periods + 1) * period_s + self.phase_ps / 1e12


def music_start(track: MusicTrack, audio: AudioSpec, rng: np.random.Generator) -> MusicStart:
    """A random packet and a random phase of the period."""
    packet = int(rng.integers(len(track.packet_bytes)))
    return MusicStart(packet, int(rng.integers(audio.period_frames * 10**12 // audio.playback_rate_hz)))


def load_music(path: str | Path) -> MusicTrack:
    """Demultiplex an mp3, aac, ogg (vorbis, opus), flac or wav file; nothing is decoded.

    Raises:
        InputError: the file is missing, empty, not audio, damaged, or of a codec whose decoding cost is not known.
    """
    path = Path(path)
    check_input_file(path, "a music file")
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


def decode_music(path: str | Path, rate_hz: int) -> np.ndarray:
    """The sound of a track, both channels together, float32 ``(n,)`` at ``rate_hz``.

    Raises:
        InputError: the file cannot be decoded.
    """
    pieces = []
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            for frame in container.decode(audio=0):
                pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            pieces += [part.to_ndarray()[0] for part in resampler.resample(None)]
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise InputError(f"{path}: cannot be decoded as music; give an mp3, aac, ogg, flac or wav file") from error
    if not pieces:
        raise InputError(f"{path}: holds no sound; give an mp3, aac, ogg, flac or wav file")
    return np.concatenate(pieces).astype(np.float32)


def _demultiplex(path: Path) -> tuple[str, int, int, list[int], list[int]]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: has no audio stream; give an mp3, aac, ogg, flac or wav file")
        stream = container.streams.audio[0]
        codec = _codec_name(stream.codec_context.name, path)
        rate_hz = stream.codec_context.sample_rate
        packets = [packet for packet in container.demux(stream) if packet.size and packet.duration]
        ticks = _ticks([packet.pts for packet in packets], [packet.duration for packet in packets])
        played = [
            (packet.size, round(count * stream.time_base * rate_hz)) for packet, count in zip(packets, ticks) if count
        ]
    sizes, samples = ([one[part] for one in played] for part in (0, 1))
    return codec, rate_hz, stream.codec_context.channels, sizes, samples


def _ticks(starts: list[int | None], durations: list[int]) -> list[int]:
    """How long each packet plays, in ticks of its stream.

    A packet ends where the next one starts; the container's own durations are guesses for some codecs (Vorbis). What
    lies before the start of the track is thrown away by the decoder.
    """
    if not starts or None in starts or any(after <= before for before, after in pairwise(starts)):
        return durations
    bounds = [max(0, start) for start in starts]
    return [after - before for before, after in pairwise([*bounds, bounds[-1] + durations[-1]])]


def _codec_name(decoder: str, path: Path) -> str:
    """FFmpeg's decoder name (``mp3float``, ``pcm_s16le``, ``libopus``) as one of `CODECS`."""
    for codec in CODECS:
        if codec in decoder:
            return codec
    raise InputError(f"{path}: codec {decoder!r}: its decoding cost is not known; there are {', '.join(CODECS)}")
