"""Recordings of people: what a loader yields, and how sound and words are brought into shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ

NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")

BOUND_WINDOW = SAMPLE_RATE_HZ // 100
BOUND_BELOW_PEAK_DB = 32.0
BOUND_ABOVE_FLOOR_DB = 9.0
SHORTEST_BURST_WINDOWS = 5

PIECE_S = 7.0
PAUSE_WINDOW = SAMPLE_RATE_HZ // 10
PAUSE_SOUGHT_S = 1.0


@dataclass(frozen=True)
class SourceRecording:
    """One recording: file, words, who speaks, and whatever else its source says about it."""

    path: Path
    transcript: str
    speaker: str
    extra: Mapping[str, str] = field(default_factory=dict)


def normalise_words(text: str) -> str:
    """Lower-case words with single spaces; apostrophes stay, other punctuation goes."""
    lowered = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join(word.strip("'") for word in NOT_A_WORD.sub(" ", lowered).split() if word.strip("'"))


def read_sound(path: Path) -> np.ndarray:
    """The recording as mono float32 at 16 kHz, whatever its rate and channels.

    Raises:
        InputError: the file is missing, unreadable, empty, or holds values that are not numbers.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"{path}: cannot be read as audio ({' '.join(str(error).split())})") from error
    if not len(samples):
        raise InputError(f"{path}: holds no samples")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise InputError(f"{path}: holds samples that are not finite numbers")
    return np.ascontiguousarray(soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ), np.float32)


def estimate_bounds_ms(samples: np.ndarray) -> tuple[int, int]:
    """Where speech seems to start and end, by energy, in ms; the whole sound if nothing stands out.

    A 10 ms window counts when it is within 32 dB of the loudest and 9 dB above the
    quiet tenth, in a run of at least 50 ms.

    Source: assumed; an estimate that results must be marked with.
    """
    windows = len(samples) // BOUND_WINDOW
    if windows == 0:
        return 0, round(len(samples) * 1000 / SAMPLE_RATE_HZ)
    energy = np.square(samples[: windows * BOUND_WINDOW].astype(np.float64)).reshape(windows, BOUND_WINDOW).mean(axis=1)
    level_db = 10 * np.log10(energy + 1e-12)
    threshold_db = max(level_db.max() - BOUND_BELOW_PEAK_DB, np.percentile(level_db, 10) + BOUND_ABOVE_FLOOR_DB)
    loud = np.concatenate(([0], (level_db > threshold_db).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(loud))
    bursts = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= SHORTEST_BURST_WINDOWS]
    if not bursts:
        return 0, windows * 10
    return int(bursts[0][0]) * 10, int(bursts[-1][1]) * 10


def cut_at_pauses(samples: np.ndarray) -> list[np.ndarray]:
    """A recording as pieces of about equal length, 7 s or somewhat more at most, cut where it is quiet.

    Each cut is in the middle of the quietest 100 ms within a second of where it would be for equal lengths.
    """
    count = max(1, int(np.ceil(len(samples) / (PIECE_S * SAMPLE_RATE_HZ))))
    reach = int(PAUSE_SOUGHT_S * SAMPLE_RATE_HZ)
    loudness = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    cuts = []
    for even in (len(samples) * k // count for k in range(1, count)):
        starts = np.arange(max(0, even - reach), min(len(samples), even + reach) - PAUSE_WINDOW)
        quietest = starts[np.argmin(loudness[starts + PAUSE_WINDOW] - loudness[starts])]
        cuts.append(int(quietest) + PAUSE_WINDOW // 2)
    return np.split(samples, cuts)
