"""Plain manifests of recordings: CSV or JSON lines; only files that the manifest lists are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from azsim.errors import InputError
from azsim.train.corpus.recordings import SourceRecording, normalise_words

REQUIRED = ("file", "transcript")


def load_manifest(path: Path) -> Iterator[SourceRecording]:
    """Recordings that a manifest lists, in its order; paths are relative to its folder.

    Columns (or keys) ``file`` and ``transcript`` must be there, ``speaker`` may be,
    and the others are handed on in ``extra``.

    Raises:
        InputError: the manifest cannot be read, lacks a column, or lists a missing file.
    """
    rows = _json_rows(path) if path.suffix in (".jsonl", ".json") else _csv_rows(path)
    for number, row in rows:
        for key in REQUIRED:
            if key not in row:
                raise InputError(f"{path}: line {number} has no {key!r}; needed are file and transcript")
        file = path.parent / row["file"]
        if not file.is_file():
            raise InputError(f"{path}: line {number}: file {row['file']!r} does not exist")
        extra = {key: value for key, value in row.items() if key not in (*REQUIRED, "speaker")}
        yield SourceRecording(file, normalise_words(row["transcript"]), row.get("speaker") or "unknown", extra)


def _open_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a manifest ({error})") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(_open_text(path).splitlines())
    missing = [key for key in REQUIRED if key not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path}: has no column {missing[0]!r}; needed are file and transcript")
    for row in reader:
        if None in row or None in row.values():
            raise InputError(f"{path}: line {reader.line_num} has not {len(reader.fieldnames or ())} fields")
        yield reader.line_num, row


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(_open_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {number} is not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}: line {number} is not a JSON object")
        yield number, {key: value if isinstance(value, str) else json.dumps(value) for key, value in row.items()}
