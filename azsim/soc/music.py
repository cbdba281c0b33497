"""A music track as the network delivers it: the packets of a real encoded file, their sizes and how long each plays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from azsim.devices.board_spec import AudioSpec, DecodeCostSpec
from azsim.errors import InputError
from azsim.input_file import check_input_file
from azsim.speech.packets import EncodedSound

NEEDED = "a music file (mp3, aac, m4a, ogg, flac or wav)"
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
    """Decode an mp3, aac, m4a, ogg (vorbis, opus), flac or wav file packet by packet, and keep what each packet plays.

    Raises:
        InputError: the file is missing, empty, not audio, damaged, cut short, or of a codec whose decoding cost is not
            known.
    """
    path = Path(path)
    _check_music_file(path)
    with EncodedSound(path, NEEDED) as sound:
        codec = _codec_name(sound.decoder, path)
        played = [(packet.size_bytes, packet.samples) for packet in sound.packets()]
        rate_hz, channels = sound.sample_rate_hz, sound.channels
    if not played:
        raise InputError(f"{path}: holds no sound; {NEEDED} is needed")
    sizes, samples = np.array(played, np.int64).T.copy()
    return MusicTrack(
        name=path.stem,
        codec=codec,
        sample_rate_hz=rate_hz,
        channels=channels,
        packet_bytes=sizes,
        packet_samples=samples,
        digest=_digest(path),
    )


def decode_music(path: str | Path, rate_hz: int) -> np.ndarray:
    """The sound of a track, both channels together, float32 ``(n,)`` at ``rate_hz``.

    ``m`` samples of the track become ``m * rate_hz / rate of the track``, rounded to nearest.

    Raises:
        InputError: the file cannot be decoded.
    """
    path = Path(path)
    _check_music_file(path)
    with EncodedSound(path, NEEDED) as sound:
        pieces = [packet.sound().mean(axis=1, dtype=np.float32) for packet in sound.packets()]
        track_rate_hz = sound.sample_rate_hz
    if not pieces:
        raise InputError(f"{path}: holds no sound; {NEEDED} is needed")
    return soxr.resample(np.concatenate(pieces), track_rate_hz, rate_hz)


def _check_music_file(path: Path) -> None:
    check_input_file(path, NEEDED)
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes); {NEEDED} is needed")


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _codec_name(decoder: str, path: Path) -> str:
    """FFmpeg's decoder name (``mp3float``, ``pcm_s16le``, ``libopus``) as one of `CODECS`."""
    for codec in CODECS:
        if codec in decoder:
            return codec
    raise InputError(f"{path}: codec {decoder!r}: its decoding cost is not known; there are {', '.join(CODECS)}")
