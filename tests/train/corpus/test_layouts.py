from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.train.corpus.layouts import LAYOUTS

TREES: dict[str, dict[str, str]] = {
    "librispeech": {
        "train-clean-100/19/198/19-198.trans.txt": "19-198-0000 HELLO THERE\n19-198-0001 IT'S LATE\n",
        "train-clean-100/19/198/19-198-0000.flac": "",
        "train-clean-100/19/198/19-198-0001.flac": "",
    },
    "speech-commands": {
        "stop/aa_nohash_0.wav": "",
        "stop/bb_nohash_0.wav": "",
        "_background_noise_/pink.wav": "",
        "testing_list.txt": "stop/bb_nohash_0.wav\n",
    },
    "fluent": {
        "data/train_data.csv": ",path,speakerId,transcription,action,object,location\n"
        "0,wavs/a.wav,s1,Lights on,activate,lights,none\n",
        "wavs/a.wav": "",
    },
    "slurp": {
        "dataset/slurp/devel.jsonl": json.dumps(
            {"sentence": "Wake me up", "intent": "alarm_set", "recordings": [{"file": "a.flac"}, {"file": "b.flac"}]}
        ),
        "dataset/slurp/metadata.json": json.dumps({"1": {"recordings": {"a.flac": {"usrid": "FE-1"}}}}),
        "audio/slurp_real/a.flac": "",
        "audio/slurp_real/b.flac": "",
    },
    "common-voice": {
        "train.tsv": 'client_id\tpath\tsentence\taccents\nc1\ta.mp3\t"Well," she said.\tIndia\n',
        "clips/a.mp3": "",
    },
}
FOUND = {
    "librispeech": [("hello there", "19", "train"), ("it's late", "19", "train")],
    "speech-commands": [("stop", "aa", "train"), ("stop", "bb", "test")],
    "fluent": [("lights on", "s1", "train")],
    "slurp": [("wake me up", "FE-1", "dev"), ("wake me up", "unknown", "dev")],
    "common-voice": [("well she said", "c1", "train")],
}


def plant(root: Path, tree: Mapping[str, str]) -> Path:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("layout", list(TREES))
def test_layout_is_read(layout: str, tmp_path: Path) -> None:
    recordings = list(LAYOUTS[layout](plant(tmp_path, TREES[layout])))
    assert [(r.transcript, r.speaker, r.extra["split"]) for r in recordings] == FOUND[layout]
    assert all(recording.path.is_file() for recording in recordings)


@pytest.mark.parametrize("layout", list(TREES))
def test_wrong_folder_is_named(layout: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is it the corpus's root folder"):
        list(LAYOUTS[layout](tmp_path))


@pytest.mark.parametrize("layout", ["librispeech", "fluent", "slurp", "common-voice"])
def test_missing_recording_is_named(layout: str, tmp_path: Path) -> None:
    lists = {name: text for name, text in TREES[layout].items() if text}
    with pytest.raises(InputError, match="is listed but does not exist"):
        list(LAYOUTS[layout](plant(tmp_path, lists)))


@pytest.mark.parametrize(
    ("layout", "name", "text", "message"),
    [
        ("librispeech", "a/1/2/1-2.trans.txt", "1-2-0000\n", "line 1 is not an utterance name and its words"),
        ("fluent", "data/train_data.csv", "path,words\n", "no column 'speakerId'"),
        ("slurp", "dataset/slurp/train.jsonl", "{}\n", "line 1 lacks sentence or recordings"),
        ("slurp", "dataset/slurp/metadata.json", "[]", "is not SLURP's metadata"),
        ("common-voice", "dev.tsv", "client_id\tpath\tsentence\nc1\n", "line 2 has too few fields"),
    ],
)
def test_broken_lists_are_named(layout: str, name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        list(LAYOUTS[layout](plant(tmp_path, {name: text})))
