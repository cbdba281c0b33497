"""Test speech: a manifest of recordings with transcripts, read and turned into features once."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech.audio import read_audio
from azsim.speech.endpoint import estimate_speech_end_ms
from azsim.speech.features import log_mel


@dataclass(frozen=True)
class Utterance:
    """One recording of the test set.

    Attributes:
        name: file name in the manifest.
        reference: transcript in lower case.
        audio_ms: length.
        speech_end_ms: true end of speech, from the manifest or estimated from energy.
        speech_end_estimated: which of the two.
        features: log-mel, float32 ``(frames, 64)``.
        envelope: peak amplitude per 10 ms, for the figure of one utterance.
        columns: whatever else the manifest says of it (speaker, unseen_voice, domain...).
    """

    name: str
    reference: str
    audio_ms: int
    speech_end_ms: int
    speech_end_estimated: bool
    features: np.ndarray
    envelope: np.ndarray
    columns: dict[str, str] = field(default_factory=dict)


def read_manifest(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV manifest with at least the columns ``file`` and ``transcript``.

    Raises:
        InputError: unreadable, not CSV, a column missing, no rows, or an empty transcript.
    """
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
            columns = reader.fieldnames or []
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; --speech takes a CSV manifest with columns file, transcript") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from None
    for column in ("file", "transcript"):
        if column not in columns:
            raise InputError(f"{path}: no column {column!r}; the header has {', '.join(columns) or 'nothing'}")
    rows = [row for row in rows if (row["transcript"] or "").strip()]
    if not rows:
        raise InputError(f"{path}: no row has a transcript; nothing to score")
    return rows


def load_utterance(path: Path, row: dict[str, str], max_minutes: float) -> Utterance:
    """Read one recording of a manifest and make its features."""
    samples = read_audio(path.parent / row["file"], max_minutes=max_minutes)
    given = (row.get("speech_end_ms") or "").strip()
    try:
        end_ms = round(float(given)) if given else estimate_speech_end_ms(samples)
    except ValueError:
        raise InputError(f"{path}: {row['file']}: speech_end_ms = {given!r}: must be a number of milliseconds") from None
    hop = 160
    padded = np.pad(np.abs(samples), (0, -len(samples) % hop))
    return Utterance(
        name=row["file"],
        reference=" ".join(row["transcript"].lower().split()),
        audio_ms=round(len(samples) / 16),
        speech_end_ms=end_ms,
        speech_end_estimated=not given,
        features=log_mel(samples),
        envelope=padded.reshape(-1, hop).max(axis=1),
        columns={key: value for key, value in row.items() if key not in ("file", "transcript") and value},
    )


def spread(rows: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """At most ``count`` rows, evenly spaced over the manifest."""
    if count >= len(rows):
        return rows
    return [rows[index] for index in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def load_speech(
    path: Path, limit: int | None = None, max_minutes: float = 10.0, advance: Callable[[], None] = lambda: None
) -> list[Utterance]:
    """The utterances of a manifest, ``limit`` of them evenly spread; ``advance`` is called after each.

    Raises:
        InputError: the manifest or a recording is wrong.
    """
    rows = read_manifest(path)
    utterances = []
    for row in spread(rows, limit or len(rows)):
        utterances.append(load_utterance(path, row, max_minutes))
        advance()
    return utterances
