"""Recordings: any file that libsndfile reads, at any rate and channel count, as mono float32 at 16 kHz.

::

    file ──blocks──> mean of channels, or the loudest ──> stateful resampler ──> 16 kHz mono

The resampler keeps its state between pieces, so the result does not depend on how the sound was cut. The rule for
the tail: at the end the filter is flushed with silence, and ``n`` samples at ``r`` Hz become ``n * 16000 / r``,
rounded to nearest. What makes a recording hard to recognise (channels that cancel, a telephone's band, a very low
level) is remarked on.
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

from azsim import budget
from azsim.errors import InputError
from azsim.input_file import check_input_file
from azsim.speech.cut_short import mp3_cut_short, ogg_cut_short, promise_broken
from azsim.speech.features import FRAME_LENGTH_MS, SAMPLE_RATE_HZ
from azsim.speech.level import QUIETEST_DBFS, ChannelChoice, LevelMeter, dbfs
from azsim.speech.packets import BEYOND_LIBSNDFILE, EncodedSound, beyond_libsndfile

DEFAULT_MAX_MINUTES = 10.0
BLOCK_FRAMES = 65_536
BYTES_PER_SECOND = 150_000
"""Of memory that a second of a recording takes at most until its features are made: 93 kB measured, of two hours, and
the sound itself where something is added to it."""
FULL_SCALE_LIMIT = 16.0
"""Float samples may exceed full scale, 1, by some decibels; beyond this the scale is another one."""
SCALES = ((2.0**7, "8-bit"), (2.0**15, "16-bit"), (2.0**23, "24-bit"), (2.0**31, "32-bit"))
"""Full scale of integers that somebody wrote as floats."""


@dataclass(frozen=True)
class Audio:
    """A recording, ready for the front end.

    Attributes:
        samples: float32 mono at 16 kHz, full scale 1.
        name: of the file or stream.
        source_rate_hz, source_channels: what it was before.
        remarks: what makes it hard to recognise, a sentence each.
    """

    samples: np.ndarray
    name: str
    source_rate_hz: int
    source_channels: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        """Length in whole milliseconds."""
        return self.samples.size * 1000 // SAMPLE_RATE_HZ


class Resampler:
    """Pieces of sound at one rate to pieces at 16 kHz mono; what comes out does not depend on the cuts.

    Args:
        rate_hz: of the sound.
        name: of the sound, for messages.
        channel: to take, None for the mean of all.
        gain: factor of every sample.

    Raises:
        InputError: the rate is not positive, or a piece holds samples that are not numbers or have another full scale.
    """

    def __init__(self, rate_hz: int, name: str = "audio", channel: int | None = None, gain: float = 1.0) -> None:
        if rate_hz <= 0:
            raise InputError(f"{name}: sample rate {rate_hz} Hz: must be positive")
        self._name = name
        self._channel = channel
        self._gain = np.float32(gain)
        same = rate_hz == SAMPLE_RATE_HZ
        self._stream = None if same else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def feed(self, piece: np.ndarray) -> np.ndarray:
        """Take float samples ``(n,)`` or ``(n, channels)``; returns the 16 kHz samples that are ready."""
        mono = _mono(piece, self._channel)
        mono = mono if self._gain == 1 else mono * self._gain
        if mono.size and not bool(np.all(np.abs(mono) < FULL_SCALE_LIMIT)):
            raise InputError(_beyond_scale(self._name, mono, float(self._gain)))
        return mono if self._stream is None else self._stream.resample_chunk(mono)

    def finish(self) -> np.ndarray:
        """The last samples, after the end of the sound."""
        empty = np.zeros(0, np.float32)
        return empty if self._stream is None else self._stream.resample_chunk(empty, last=True)


class Recording:
    """A file of sound, read block by block; what it is stands in its attributes once the blocks have been taken.

    Args:
        path: a file in any format of libsndfile (WAV, FLAC, Ogg, MP3, AIFF, ...), or AAC (m4a, ADTS) or Matroska.
        max_minutes: longer files are refused.
        gain: factor of every sample, for files whose full scale is not 1.

    Attributes:
        name: of the file.
        source_rate_hz, source_channels: what it was before.
        samples: at 16 kHz, so far.

    Raises:
        InputError: as `blocks`.
    """

    def __init__(self, path: Path | str, max_minutes: float = DEFAULT_MAX_MINUTES, gain: float = 1.0) -> None:
        self._path = Path(path)
        self._max_minutes = max_minutes
        self._gain = gain
        self._channel: int | None = None
        self._level = LevelMeter()
        self.name = self._path.name
        self.source_rate_hz = self.source_channels = self.samples = 0
        check_input_file(self._path, "a sound file")
        if self._path.stat().st_size == 0:
            raise InputError(f"{path}: is empty (0 bytes)")

    def blocks(self) -> Iterator[np.ndarray]:
        """Float32 mono samples at 16 kHz, in order.

        Raises:
            InputError: the file is unreadable, cut short, too long, too short for one frame, or holds samples that are
                not numbers or have another full scale.
        """
        path = self._path
        try:
            for block in self._resampled():
                self.samples += block.size
                self._level.feed(block)
                yield block
        except TypeError:  # of a .raw file, which says neither rate nor format
            raise InputError(f"{path}: raw samples without a header; give wav, flac, ogg, mp3 or m4a") from None
        except (soundfile.LibsndfileError, OSError) as error:
            reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or error
            if "does not exist" in str(reason):
                reason = "Format not recognised."  # it does exist, but begins with no frame of an MP3
            said = str(reason).removeprefix("Error : ").rstrip(".")
            if "lost sync" in said:
                raise InputError(f"{path}: damaged or cut short: {said}") from error
            raise InputError(f"{path}: not a readable recording: {said}; give wav, flac, ogg, mp3 or m4a") from error
        if self.samples < SAMPLE_RATE_HZ * FRAME_LENGTH_MS // 1000:
            held = f"{1000 * self.samples / SAMPLE_RATE_HZ:.1f} ms of sound" if self.samples else "no samples"
            raise InputError(f"{path}: holds {held}; at least {FRAME_LENGTH_MS} ms are needed")

    def _resampled(self) -> Iterator[np.ndarray]:
        path, minutes = self._path, self._max_minutes
        if beyond_libsndfile(path):
            with EncodedSound(path, "a recording", BEYOND_LIBSNDFILE) as sound:
                self._channel = _channel(sound.channels, _packet_blocks(path, sound, minutes))
            with EncodedSound(path, "a recording", BEYOND_LIBSNDFILE) as sound:
                resampler = self._resampler(sound.sample_rate_hz, sound.channels)
                yield from (resampler.feed(block) for block in _packet_blocks(path, sound, minutes))
        else:
            with _opened(path) as file:
                self._channel = _channel(file.channels, _blocks(path, file, minutes))
                if file.channels > 1:
                    with _quiet_libraries():
                        file.seek(0)
                resampler = self._resampler(file.samplerate, file.channels)
                yield from (resampler.feed(block) for block in _blocks(path, file, minutes))
        yield resampler.finish()

    def _resampler(self, rate_hz: int, channels: int) -> Resampler:
        self.source_rate_hz, self.source_channels = rate_hz, channels
        return Resampler(rate_hz, str(self._path), self._channel, self._gain)

    @property
    def duration_ms(self) -> int:
        """Length in whole milliseconds."""
        return self.samples * 1000 // SAMPLE_RATE_HZ

    @property
    def remarks(self) -> tuple[str, ...]:
        """What makes it hard to recognise, a sentence each."""
        return tuple(_remarks(self._level.active_rms, self.source_rate_hz, self.source_channels, self._channel))


def read_audio(path: Path | str, max_minutes: float = DEFAULT_MAX_MINUTES, gain: float = 1.0) -> Audio:
    """Read a whole recording; arguments as for `Recording`.

    Raises:
        InputError: the file is missing, unreadable, empty, cut short, too long, too short for one frame, or holds
            samples that are not numbers or have another full scale.
    """
    recording = Recording(path, max_minutes, gain)
    samples = np.concatenate(list(recording.blocks()))
    return Audio(samples, recording.name, recording.source_rate_hz, recording.source_channels, recording.remarks)


def _channel(channels: int, blocks: Iterator[np.ndarray]) -> int | None:
    """The channel to hear, None for the mean; blocks are read only where there is a choice."""
    if channels < 2:
        return None
    choice = ChannelChoice(channels)
    for block in blocks:
        choice.feed(block)
    return choice.channel


def _remarks(active_rms: float, rate_hz: int, channels: int, channel: int | None) -> Iterator[str]:
    if channel is not None:
        yield f"its {channels} channels cancel each other; channel {channel + 1}, the loudest, was taken"
    if rate_hz < SAMPLE_RATE_HZ:
        yield (
            f"sampled at {rate_hz} Hz, so that nothing above {rate_hz // 2} Hz is heard; the shipped recognisers were "
            "trained on 16,000 Hz and make several times as many errors"
        )
    level = dbfs(active_rms)
    if level < QUIETEST_DBFS:
        heard = f"{level:.0f} dBFS" if np.isfinite(level) else "digital silence"
        yield f"very quiet (active level {heard}); words may be missing: record it louder or give --gain"


def _beyond_scale(name: str, mono: np.ndarray, gain: float) -> str:
    """Why samples are not taken: no numbers, or numbers of another scale, which is named."""
    peak = float(np.abs(mono).max())
    if not np.isfinite(peak):
        return f"{name}: holds samples that are not finite numbers"
    scale, kind = next((one for one in SCALES if peak / gain <= 1.01 * one[0]), (0.0, ""))
    likely = f"; they look like {kind} integers: --gain {1 / scale:.8g}" if scale else "; --gain brings them there"
    return f"{name}: peak {peak:.5g}: samples must lie within about +-1{likely}"


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


def _opened(path: Path) -> soundfile.SoundFile:
    """The file, which is whole as far as its header can tell."""
    with _quiet_libraries():
        file = soundfile.SoundFile(_as_given(path))
    try:
        _refuse_cut_short(path, file)
    except InputError:
        file.close()
        raise
    return file


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
    if promised < 2**40:
        seconds = promised / file.samplerate
        budget.require(seconds * BYTES_PER_SECOND, what=f"{seconds / 60:.3g} minutes of sound", where=str(path))
    taken = 0
    while True:
        with _quiet_libraries():
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


def _mono(piece: np.ndarray, channel: int | None = None) -> np.ndarray:
    sound = np.asarray(piece, np.float32)
    if sound.ndim == 1:
        return sound
    return sound.mean(axis=1, dtype=np.float32) if channel is None else sound[:, channel]
