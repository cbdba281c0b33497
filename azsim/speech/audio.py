"""Recordings: any file that libsndfile reads, at any rate and channel count, as mono float32 at 16 kHz.

::

    file ──blocks──> mean of channels ──> stateful resampler ──> 16 kHz mono

The resampler keeps its state between pieces, so the result does not depend on how the sound was cut. The rule for
the tail: at the end the filter is flushed with silence, and ``n`` samples at ``r`` Hz become ``n * 16000 / r``,
rounded to nearest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from azsim.errors import InputError
from azsim.input_file import check_input_file
from azsim.speech.cut_short import mp3_cut_short, ogg_cut_short, promise_broken
from azsim.speech.features import FRAME_LENGTH_MS, SAMPLE_RATE_HZ
from azsim.speech.packets import BEYOND_LIBSNDFILE, EncodedSound, beyond_libsndfile

DEFAULT_MAX_MINUTES = 10.0
BLOCK_FRAMES = 65_536
FULL_SCALE_LIMIT = 1e6  # float files may exceed 1; beyond this they are not sound


@dataclass(frozen=True)
class Audio:
    """A recording, ready for the front end.

    Attributes:
        samples: float32 mono at 16 kHz, full scale 1.
        name: of the file or stream.
        source_rate_hz, source_channels: what it was before.
    """

    samples: np.ndarray
    name: str
    source_rate_hz: int
    source_channels: int

    @property
    def duration_ms(self) -> int:
        """Length in whole milliseconds."""
        return self.samples.size * 1000 // SAMPLE_RATE_HZ


class Resampler:
    """Pieces of sound at one rate to pieces at 16 kHz mono; what comes out does not depend on the cuts.

    Raises:
        InputError: the rate is not positive, or a piece holds samples that are not numbers.
    """

    def __init__(self, rate_hz: int, name: str = "audio") -> None:
        if rate_hz <= 0:
            raise InputError(f"{name}: sample rate {rate_hz} Hz: must be positive")
        self._name = name
        same = rate_hz == SAMPLE_RATE_HZ
        self._stream = None if same else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def feed(self, piece: np.ndarray) -> np.ndarray:
        """Take float samples ``(n,)`` or ``(n, channels)``; returns the 16 kHz samples that are ready."""
        mono = _mono(piece)
        if mono.size and not bool(np.all(np.abs(mono) < FULL_SCALE_LIMIT)):
            raise InputError(f"{self._name}: holds samples that are not finite numbers within +-{FULL_SCALE_LIMIT:g}")
        return mono if self._stream is None else self._stream.resample_chunk(mono)

    def finish(self) -> np.ndarray:
        """The last samples, after the end of the sound."""
        empty = np.zeros(0, np.float32)
        return empty if self._stream is None else self._stream.resample_chunk(empty, last=True)


def read_audio(path: Path | str, max_minutes: float = DEFAULT_MAX_MINUTES) -> Audio:
    """Read a whole recording.

    Args:
        path: a file in any format of libsndfile (WAV, FLAC, Ogg, MP3, AIFF, ...), or AAC (m4a, ADTS) or Matroska.
        max_minutes: longer files are refused.

    Raises:
        InputError: the file is missing, unreadable, empty, cut short, too long, too short for one frame, or holds
            samples that are not numbers.
    """
    path = Path(path)
    check_input_file(path, "a sound file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes)")
    try:
        if beyond_libsndfile(path):
            with EncodedSound(path, "a recording", BEYOND_LIBSNDFILE) as sound:
                rate_hz, channels = sound.sample_rate_hz, sound.channels
                resampler = Resampler(rate_hz, str(path))
                parts = [resampler.feed(block) for block in _packet_blocks(path, sound, max_minutes)]
        else:
            with _quiet_libraries(), soundfile.SoundFile(_as_given(path)) as file:
                _refuse_cut_short(path, file)
                rate_hz, channels = file.samplerate, file.channels
                resampler = Resampler(rate_hz, str(path))
                parts = [resampler.feed(block) for block in _blocks(path, file, max_minutes)]
    except (soundfile.LibsndfileError, OSError) as error:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or error
        if "does not exist" in str(reason):
            reason = "Format not recognised."  # it does exist, but begins with no frame of an MP3
        raise InputError(f"{path}: not a readable recording: {reason}; give wav, flac, ogg, mp3 or m4a") from error
    samples = np.concatenate([*parts, resampler.finish()])
    shortest = SAMPLE_RATE_HZ * FRAME_LENGTH_MS // 1000
    if samples.size < shortest:
        held = f"{1000 * samples.size / SAMPLE_RATE_HZ:.1f} ms of sound" if samples.size else "no samples"
        raise InputError(f"{path}: holds {held}; at least {FRAME_LENGTH_MS} ms are needed")
    return Audio(samples, path.name, rate_hz, channels)


def _as_given(path: Path) -> Path | bytes:
    """The name of a file as the system has it, which need not be text."""
    return os.fsencode(path) if os.name == "posix" else path


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Within, nothing goes to standard error: the MP3 decoder below libsndfile writes its notes there."""
    if sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _refuse_cut_short(path: Path, file: soundfile.SoundFile) -> None:
    """A header that promises more bytes than there are; libsndfile itself would read on and only note it."""
    missing = ""
    if file.format == "OGG":
        missing = ogg_cut_short(path.read_bytes())
    elif file.format in ("MP3", "MPEG"):
        missing = mp3_cut_short(path.read_bytes())
    if missing:
        raise InputError(f"{path}: damaged or cut short: {missing}; write it anew (ffmpeg -i) to use what is there")
    if broken := promise_broken(file.extra_info):
        raise InputError(f"{path}: cut short: {broken}")


def _blocks(path: Path, file: soundfile.SoundFile, max_minutes: float) -> Iterator[np.ndarray]:
    most = round(max_minutes * 60 * file.samplerate)
    promised = file.frames
    if 0 < most < promised < 2**40:
        minutes = promised / file.samplerate / 60
        raise InputError(f"{path}: lasts {minutes:.3g} minutes; at most {max_minutes:g} (--max-minutes)")
    taken = 0
    while True:
        block = file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
        if not len(block):
            break
        taken += len(block)
        if taken > most:
            raise InputError(f"{path}: lasts more than {max_minutes:g} minutes (--max-minutes)")
        yield block
    if promised < 2**40 and taken < promised and file.format not in ("MP3", "MPEG", "OGG"):
        raise InputError(f"{path}: cut short: {promised} samples promised, {taken} read")


def _packet_blocks(path: Path, sound: EncodedSound, max_minutes: float) -> Iterator[np.ndarray]:
    taken = 0
    for packet in sound.packets():
        taken += packet.samples
        if taken > max_minutes * 60 * sound.sample_rate_hz:
            raise InputError(f"{path}: lasts more than {max_minutes:g} minutes (--max-minutes)")
        yield packet.sound()


def _mono(piece: np.ndarray) -> np.ndarray:
    sound = np.asarray(piece, np.float32)
    return sound if sound.ndim == 1 else sound.mean(axis=1, dtype=np.float32)
