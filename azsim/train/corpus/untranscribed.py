"""Recordings of people that nobody wrote down: read English by known speakers, single wake words, any folder of sound.

::

    ROOT/manifest.csv        file, and where known speaker, set, word
        /<word>_groups.csv   file, group: takes of one voice, where speakers have no names
    without a manifest: every sound file below ROOT

Each has a side, ``extra["split"]``: ``test`` recordings are only ever measured with, never trained with. Those are the
sets whose names begin with ``test``, and three voices in ten of the wake words (`heldout.speaker_side`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from azsim.errors import InputError
from azsim.train.corpus.heldout import speaker_side
from azsim.train.corpus.recordings import SourceRecording

SOUND_FILES = (".flac", ".wav", ".ogg")
MANIFEST = "manifest.csv"
UNKNOWN = "unknown"


def load_untranscribed(root: Path) -> Iterator[SourceRecording]:
    """Recordings below a folder, in order of their names; transcripts are empty.

    Raises:
        InputError: the manifest cannot be read, has no column ``file``, or lists a missing file; or there is no sound.
    """
    manifest = root / MANIFEST
    if manifest.exists():
        yield from _listed(manifest)
        return
    files = sorted(path for path in root.rglob("*") if path.suffix in SOUND_FILES)
    if not files:
        raise InputError(f"{root}: no recordings in it; files may end in {', '.join(SOUND_FILES)}")
    for path in files:
        yield SourceRecording(path, "", path.parent.name, {"split": "train"})


def _listed(manifest: Path) -> Iterator[SourceRecording]:
    groups = {
        row["file"]: f"{listing.stem.partition('_')[0]}-{row['group']}"
        for listing in sorted(manifest.parent.glob("*_groups.csv"))
        for row in _rows(listing, "file", "group")
    }
    for row in sorted(_rows(manifest, "file"), key=lambda row: row["file"]):
        path = manifest.parent / row["file"]
        if not path.is_file():
            raise InputError(f"{manifest}: file {row['file']!r} does not exist")
        speaker = row.get("speaker") or groups.get(row["file"], UNKNOWN)
        kept_back = row.get("set", "").startswith("test") or (row["file"] in groups and speaker_side(speaker) == "test")
        extra = {"split": "test" if kept_back else "train"}
        if row.get("word"):
            extra["word"] = row["word"]
        yield SourceRecording(path, "", speaker, extra)


def _rows(path: Path, *needed: str) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a list ({error})") from error
    rows = list(reader)
    for name in needed:
        if name not in (reader.fieldnames or ()):
            raise InputError(f"{path}: has no column {name!r}")
    return rows
