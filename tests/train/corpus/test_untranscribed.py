from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.train.corpus.heldout import speaker_side
from azsim.train.corpus.real import unlabelled_items
from azsim.train.corpus.untranscribed import load_untranscribed

TRAINED = next(f"a{i}" for i in range(99) if speaker_side(f"alexa-a{i}") == "train")
MEASURED = next(f"a{i}" for i in range(99) if speaker_side(f"alexa-a{i}") == "test")


def folder_of(root: Path, manifest: str, files: tuple[str, ...]) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, np.zeros(800, np.float32), 16_000)
    (root / "manifest.csv").write_text(manifest)
    return root


def test_test_sets_and_a_share_of_the_wake_word_voices_are_kept_back(tmp_path: Path):
    files = ("alexa/0.flac", "alexa/1.flac", "jarvis/0.flac")
    words = folder_of(tmp_path / "w", "file,word\n" + "".join(f"{f},{f.split('/')[0]}\n" for f in files), files)
    (words / "alexa_groups.csv").write_text(f"file,group\nalexa/0.flac,{TRAINED}\nalexa/1.flac,{MEASURED}\n")
    found = [(r.path.parent.name, r.speaker, r.extra["split"]) for r in load_untranscribed(words)]
    assert found == [
        ("alexa", f"alexa-{TRAINED}", "train"),
        ("alexa", f"alexa-{MEASURED}", "test"),
        ("jarvis", "unknown", "train"),
    ]
    files = ("a/1.flac", "b/2.flac")
    speakers = folder_of(tmp_path / "s", "file,speaker,set\na/1.flac,1,test-other\nb/2.flac,2,train-clean-100\n", files)
    assert [(r.speaker, r.extra["split"]) for r in load_untranscribed(speakers)] == [("1", "test"), ("2", "train")]


def test_without_a_manifest_every_sound_is_taken(tmp_path: Path):
    folder_of(tmp_path, "", ("x/b.wav", "x/a.flac"))
    (tmp_path / "manifest.csv").unlink()
    assert [r.path.name for r in load_untranscribed(tmp_path)] == ["a.flac", "b.wav"]


def test_what_is_missing_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no recordings in it"):
        list(load_untranscribed(tmp_path))
    (tmp_path / "manifest.csv").write_text("name\nx\n")
    with pytest.raises(InputError, match="no column 'file'"):
        list(load_untranscribed(tmp_path))
    (tmp_path / "manifest.csv").write_text("file\nx.wav\n")
    with pytest.raises(InputError, match=r"'x\.wav' does not exist"):
        list(load_untranscribed(tmp_path))


def test_long_recordings_come_in_pieces(tmp_path: Path, spoken: np.ndarray):
    folder_of(tmp_path, "", ("x/a.wav",))
    (tmp_path / "manifest.csv").unlink()
    soundfile.write(tmp_path / "x" / "a.wav", np.tile(spoken, 12), 16_000)
    items = list(unlabelled_items(load_untranscribed(tmp_path)))
    assert [entry["id"] for entry, _ in items] == ["unlabelled-x-a-0", "unlabelled-x-a-1"]
    assert all(500 < len(features) < 700 for _, features in items)


def test_no_voice_of_the_recorded_wake_words_is_on_both_sides():
    if "AZSIM_DATA" not in os.environ:
        pytest.skip("AZSIM_DATA names no folder of recordings")
    recordings = list(load_untranscribed(Path(os.environ["AZSIM_DATA"]) / "wakeword"))
    alexa = [r for r in recordings if r.extra["word"] == "alexa"]
    trained, measured = ({r.speaker for r in alexa if r.extra["split"] == side} for side in ("train", "test"))
    assert trained
    assert measured
    assert not trained & measured
