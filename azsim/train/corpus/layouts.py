"""Public speech corpora as they lie on disk after unpacking: one loader per layout.

Each loader takes the corpus's root folder and yields recordings; ``extra["split"]``
is ``train``, ``dev`` or ``test`` where the corpus says so.

Source: the corpora's own file layouts (LibriSpeech; Speech Commands v2; Fluent
Speech Commands; SLURP; Common Voice).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from azsim.errors import InputError
from azsim.train.corpus.manifest import load_manifest
from azsim.train.corpus.recordings import SourceRecording, normalise_words

SPLIT_NAMES = {"train": "train", "dev": "dev", "devel": "dev", "valid": "dev", "test": "test"}


def load_librispeech(root: Path) -> Iterator[SourceRecording]:
    """``<set>/<speaker>/<chapter>/<speaker>-<chapter>.trans.txt`` beside its FLAC files.

    Raises:
        InputError: no transcript file is there, a line is broken, or a recording is missing.
    """
    for listing in _some(sorted(root.rglob("*.trans.txt")), root, "*.trans.txt"):
        set_name = listing.relative_to(root).parts[0].partition("-")[0]
        for number, line in enumerate(_text(listing).splitlines(), start=1):
            name, _, words = line.strip().partition(" ")
            if not words:
                raise InputError(f"{listing}: line {number} is not an utterance name and its words")
            extra = {"split": SPLIT_NAMES.get(set_name, "train")}
            yield _recording(listing.with_name(f"{name}.flac"), words, name.partition("-")[0], extra)


def load_speech_commands(root: Path) -> Iterator[SourceRecording]:
    """``<word>/<speaker>_nohash_<n>.wav``, with ``validation_list.txt`` and ``testing_list.txt``.

    Raises:
        InputError: no recording is there, or a list cannot be read.
    """
    splits = {}
    for name, split in (("validation_list.txt", "dev"), ("testing_list.txt", "test")):
        if (root / name).exists():
            splits |= dict.fromkeys(_text(root / name).split(), split)
    for path in _some(sorted(root.glob("*/*_nohash_*.wav")), root, "<word>/*_nohash_*.wav"):
        speaker = path.name.partition("_nohash_")[0]
        extra = {"split": splits.get(f"{path.parent.name}/{path.name}", "train")}
        yield _recording(path, path.parent.name, speaker, extra)


def load_fluent(root: Path) -> Iterator[SourceRecording]:
    """``data/{train,valid,test}_data.csv``: path, speakerId, transcription, action, object, location.

    Raises:
        InputError: no list is there, a column or a recording is missing.
    """
    for listing in _some(sorted((root / "data").glob("*_data.csv")), root, "data/*_data.csv"):
        for row in _rows(listing, ",", ("path", "speakerId", "transcription")):
            extra = {key: row[key] for key in ("action", "object", "location") if row.get(key)}
            extra["split"] = SPLIT_NAMES.get(listing.name.partition("_")[0], "train")
            yield _recording(root / row["path"], row["transcription"], row["speakerId"], extra)


def load_slurp(root: Path) -> Iterator[SourceRecording]:
    """``dataset/slurp/{train,devel,test}.jsonl`` and the recordings in ``audio/slurp_real``.

    Raises:
        InputError: no list is there, a line is broken, or a recording is missing.
    """
    lists = root / "dataset" / "slurp"
    speakers = _slurp_speakers(lists / "metadata.json")
    for listing in _some(sorted(lists.glob("*.jsonl")), root, "dataset/slurp/*.jsonl"):
        for number, line in enumerate(_text(listing).splitlines(), start=1):
            try:
                row = json.loads(line)
                names = [take["file"] for take in row["recordings"]]
                words, intent = row["sentence"], str(row.get("intent", ""))
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise InputError(f"{listing}: line {number} lacks sentence or recordings ({error})") from error
            extra = {"split": SPLIT_NAMES.get(listing.stem, "train"), "intent": intent}
            for name in names:
                yield _recording(root / "audio" / "slurp_real" / name, words, speakers.get(name, "unknown"), extra)


def load_common_voice(root: Path) -> Iterator[SourceRecording]:
    """``{train,dev,test}.tsv`` (client_id, path, sentence) and the recordings in ``clips``.

    Raises:
        InputError: no list is there, a column or a recording is missing.
    """
    listings = [root / f"{split}.tsv" for split in ("train", "dev", "test")]
    for listing in _some([path for path in listings if path.exists()], root, "train.tsv, dev.tsv or test.tsv"):
        for row in _rows(listing, "\t", ("client_id", "path", "sentence")):
            extra = {key: row[key] for key in ("accents", "gender", "age") if row.get(key)}
            extra["split"] = listing.stem
            yield _recording(root / "clips" / row["path"], row["sentence"], row["client_id"], extra)


LAYOUTS: dict[str, Callable[[Path], Iterator[SourceRecording]]] = {
    "manifest": load_manifest,
    "librispeech": load_librispeech,
    "speech-commands": load_speech_commands,
    "fluent": load_fluent,
    "slurp": load_slurp,
    "common-voice": load_common_voice,
}


def _slurp_speakers(metadata: Path) -> dict[str, str]:
    if not metadata.exists():
        return {}
    try:
        entries = json.loads(_text(metadata))
        takes = [take for entry in entries.values() for take in entry["recordings"].items()]
        return {name: str(details.get("usrid", "unknown")) for name, details in takes}
    except (json.JSONDecodeError, KeyError, AttributeError) as error:
        raise InputError(f"{metadata}: is not SLURP's metadata ({error})") from error


def _recording(path: Path, words: str, speaker: str, extra: Mapping[str, str]) -> SourceRecording:
    if not path.is_file():
        raise InputError(f"{path}: is listed but does not exist")
    return SourceRecording(path, normalise_words(words), speaker or "unknown", extra)


def _some(paths: list[Path], root: Path, pattern: str) -> list[Path]:
    if not paths:
        raise InputError(f"{root}: has no {pattern}; is it the corpus's root folder?")
    return paths


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error


def _rows(path: Path, delimiter: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    reader = csv.DictReader(_text(path).splitlines(), delimiter=delimiter, quoting=quoting)
    missing = [key for key in needed if key not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path}: has no column {missing[0]!r}; needed are {', '.join(needed)}")
    for row in reader:
        if any(row[key] is None for key in needed):
            raise InputError(f"{path}: line {reader.line_num} has too few fields")
        yield row
