from __future__ import annotations

import json
from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.train.corpus.manifest import load_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "unlisted.wav"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_csv_gives_only_what_it_lists(folder: Path) -> None:
    path = folder / "m.csv"
    path.write_text('file,transcript,speaker,split\nb.wav,Stop!,x,train\na.wav,"go, on",,dev\n')
    first, second = load_manifest(path)
    assert (first.path, first.transcript, first.speaker, first.extra) == (
        folder / "b.wav",
        "stop",
        "x",
        {"split": "train"},
    )
    assert (second.transcript, second.speaker) == ("go on", "unknown")


def test_json_lines_are_the_same(folder: Path) -> None:
    path = folder / "m.jsonl"
    path.write_text(json.dumps({"file": "a.wav", "transcript": "stop", "slots": {"x": 1}}) + "\n\n")
    (recording,) = load_manifest(path)
    assert recording.extra == {"slots": '{"x": 1}'}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "file,words\na.wav,x\n", "m.csv: has no column 'transcript'"),
        ("m.csv", "", "has no column 'file'"),
        ("m.csv", "file,transcript\nnone.wav,x\n", "line 2: file 'none.wav' does not exist"),
        ("m.csv", "file,transcript\na.wav\n", "line 2 has not 2 fields"),
        ("m.jsonl", '{"file": "a.wav"', "line 1 is not JSON"),
        ("m.jsonl", "[1]", "line 1 is not a JSON object"),
        ("m.jsonl", '{"file": "a.wav"}', "line 1 has no 'transcript'"),
    ],
)
def test_errors_name_file_line_and_need(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=message):
        list(load_manifest(folder / name))


def test_missing_manifest_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a manifest"):
        list(load_manifest(tmp_path / "none.csv"))
