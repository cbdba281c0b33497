"""Test speech: a manifest of recordings with transcripts, read and turned into features once."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from azsim.cloud.traffic import EncodedSpeech
from azsim.errors import InputError, located, readable
from azsim.input_file import check_input_file
from azsim.report.wer import normalise
from azsim.speech.audio import Recording
from azsim.speech.bounds import SpeechBounds, estimate_bounds
from azsim.speech.features import LogMel, log_mel

Item = TypeVar("Item")

Microphone = Callable[[np.ndarray, str, dict[str, str]], np.ndarray]
"""What the microphone hears of a recording: samples, its name, what the manifest says of it -> samples."""
Sender = Callable[[np.ndarray, str], EncodedSpeech]
"""What goes up of what the microphone heard: samples, the recording's name -> packets."""

ALL = "all"
"""What ``results.csv`` calls all groups together."""
ENVELOPE_SAMPLES = 160  # 10 ms at 16 kHz


@dataclass(frozen=True)
class Utterance:
    """One recording of the test set.

    Attributes:
        name: file name in the manifest.
        reference: transcript in lower case, empty if nothing was said; None if unknown.
        audio_ms: length.
        bounds: of the speech, from the manifest or estimated, without what else the microphone hears.
        features: log-mel, float32 ``(frames, 64)``.
        envelope: peak amplitude per 10 ms, for the figure of one utterance.
        columns: whatever else the manifest says of it (speaker, unseen_voice, domain...).
        remarks: what makes it hard to recognise (`azsim.speech.audio`).
        start_ms: where it begins in the recording that it is a turn of (`azsim.compare.turns`); 0 of a whole one.
        opened_by: what opened that turn; empty for a whole recording.
        sent: its packets on their way to the cloud; None where nobody sends them.
    """

    name: str
    reference: str | None
    audio_ms: int
    bounds: SpeechBounds
    features: np.ndarray
    envelope: np.ndarray
    columns: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    start_ms: int = 0
    opened_by: str = ""
    sent: EncodedSpeech | None = None

    @property
    def group(self) -> str:
        """The set it is reported apart in: the manifest's ``group``, else seen and unseen voices where it tells."""
        if "group" in self.columns:
            return readable(self.columns["group"])
        unseen = self.columns.get("unseen_voice")
        if unseen is None:
            return ""
        return f"unseen voices, {self.columns.get('engine', 'all')}" if unseen == "1" else "seen voices"


def read_manifest(path: Path) -> dict[int, dict[str, str]]:
    """Line -> row of a CSV manifest; it needs the columns ``file`` and ``transcript``.

    A row whose transcript has no words stays: whatever is heard there is an insertion.

    Raises:
        InputError: unreadable, not CSV, a column missing or there twice, a group called ``all``, a row too short or too
            long, or no transcript with words at all.
    """
    check_input_file(path, "a CSV manifest with columns file, transcript")
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            numbered = [(reader.line_num, row) for row in reader]
            columns = reader.fieldnames or []
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a CSV manifest: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not a CSV file in UTF-8: byte {error.object[error.start]:#04x} is not UTF-8"
        ) from None
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from None
    for column in ("file", "transcript"):
        if column not in columns:
            raise InputError(f"{path}: no column {column!r}; the header has {', '.join(columns) or 'nothing'}")
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(f"{path}: column {column!r}: stands twice in the header; names must differ")
    for line, row in numbered:
        if None in row or None in row.values():
            raise InputError(f"{path}: line {line}: must have {len(columns)} fields; quote a field that holds a comma")
        if not row["file"].strip():
            raise InputError(f"{path}: line {line}: file: must name a recording")
        if row.get("group") == ALL:
            raise InputError(f"{path}: line {line}: group = {ALL!r}: stands for all groups together; use another name")
    rows = dict(numbered)
    if not any(normalise(row["transcript"]) for row in rows.values()):
        raise InputError(f"{path}: no row has a transcript with words; nothing to score")
    return rows


def load_utterance(
    path: Path,
    name: str,
    reference: str | None,
    columns: dict[str, str],
    max_minutes: float,
    heard: Microphone | None = None,
    gain: float = 1.0,
    sender: Sender | None = None,
) -> Utterance:
    """Read one recording and make its features, block by block; only where more is done with it is it held whole.

    Args:
        path: of the recording.
        name: what reports call it.
        reference: its transcript, None if unknown.
        columns: what is known of it; ``speech_end_ms`` is the true end of speech.
        max_minutes: longer recordings are refused.
        heard: what else reaches the microphone; the end of speech is estimated without it.
        gain: factor of every sample.
        sender: makes packets of what the microphone heard.

    Raises:
        InputError: the recording cannot be used, or ``speech_end_ms`` is not a number.
    """
    recording = Recording(path, max_minutes, gain)
    stream, envelope = LogMel(), Envelope()
    pieces, blocks = [], []
    for block in recording.blocks():
        pieces.append(stream.feed(block))
        if heard is None:
            envelope.feed(block)
        if heard is not None or sender is not None:
            blocks.append(block)
    features = np.concatenate(pieces)
    bounds = _bounds(name, columns, features, recording.duration_ms)
    sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if heard is not None:
        sound = heard(sound, name, columns)
        features = log_mel(sound)
        envelope.feed(sound)
    return Utterance(
        name=readable(name),
        reference=None if reference is None else " ".join(reference.lower().split()),
        audio_ms=recording.duration_ms,
        bounds=bounds,
        features=features,
        envelope=envelope.peaks(),
        columns=columns,
        remarks=recording.remarks,
        sent=None if sender is None else sender(sound, name),
    )


class Envelope:
    """Peak amplitude per 10 ms of sound that comes in blocks; the last stretch is as long as it is."""

    def __init__(self) -> None:
        self._peaks: list[np.ndarray] = []
        self._rest = np.zeros(0, np.float32)

    def feed(self, block: np.ndarray) -> None:
        """Take samples ``(n,)``."""
        joined = np.concatenate([self._rest, block]) if self._rest.size else block
        whole = len(joined) // ENVELOPE_SAMPLES * ENVELOPE_SAMPLES
        stretches = joined[:whole].reshape(-1, ENVELOPE_SAMPLES)
        self._peaks.append(np.maximum(stretches.max(axis=1, initial=0), -stretches.min(axis=1, initial=0)))
        self._rest = joined[whole:]

    def peaks(self) -> np.ndarray:
        """One value per stretch, float32."""
        rest = np.abs(self._rest).max(keepdims=True) if self._rest.size else self._rest
        return np.concatenate([*self._peaks, rest])


def _bounds(name: str, columns: dict[str, str], features: np.ndarray, audio_ms: int) -> SpeechBounds:
    """What the manifest says of the bounds, and an estimate of what it does not say."""
    start, end = (_time_ms(name, column, columns, audio_ms) for column in ("speech_start_ms", "speech_end_ms"))
    if start is not None and end is not None:
        if end <= start:
            raise InputError(f"{name}: speech_end_ms = {end}: must be after speech_start_ms = {start}")
        return SpeechBounds(start, end)
    found = estimate_bounds(features)
    return SpeechBounds(found.start_ms if start is None else start, found.end_ms if end is None else end, end is None)


def _time_ms(name: str, column: str, columns: dict[str, str], audio_ms: int) -> int | None:
    given = columns.get(column, "").strip()
    if not given:
        return None
    try:
        time_ms = float(given)
    except ValueError:
        time_ms = float("nan")
    if not 0 <= time_ms <= audio_ms:
        raise InputError(f"{name}: {column} = {given!r}: must be 0 to {audio_ms} milliseconds")
    return round(time_ms)


def spread(rows: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of ``rows``, evenly spaced."""
    if count >= len(rows):
        return list(rows)
    return [rows[index] for index in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def load_speech(
    path: Path,
    limit: int | None = None,
    max_minutes: float = 10.0,
    advance: Callable[[], None] = lambda: None,
    heard: Microphone | None = None,
    gain: float = 1.0,
    sender: Sender | None = None,
) -> list[Utterance]:
    """The utterances of a manifest, ``limit`` of them evenly spread; ``advance`` is called after each.

    ``heard``, ``gain`` and ``sender`` as in `load_utterance`.

    Raises:
        InputError: the manifest or a recording is wrong.
    """
    rows = read_manifest(path)
    utterances = []
    for line, row in spread(list(rows.items()), limit or len(rows)):
        columns = {key: value for key, value in row.items() if key not in ("file", "transcript") and value}
        recording = path.parent / row["file"]
        with located(f"{path}: line {line}"):
            utterances.append(
                load_utterance(recording, row["file"], row["transcript"], columns, max_minutes, heard, gain, sender)
            )
        advance()
    return utterances
