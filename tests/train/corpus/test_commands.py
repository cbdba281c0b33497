"""Commands of a text: what is kept of it, which sentences are twins, and that no cluster is torn apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.train.corpus.commands import clusters, commands_of, sentences

TEXT = """Turn the lights off
turn the light off
turn off the lights
wake me at 7
what is the weather like in paris today please
what was the weather like in paris today
stop
go on
"""


def written(folder: Path, text: str = TEXT) -> Path:
    path = folder / "text.txt"
    path.write_text(text)
    return path


def test_only_what_is_spoken_as_it_is_written_is_kept(tmp_path: Path):
    kept = sentences(written(tmp_path))
    assert "wake me at 7" not in kept
    assert "turn the lights off" in kept
    assert kept == sorted(set(kept))


def test_twins_are_in_one_cluster_and_strangers_are_not(tmp_path: Path):
    found = clusters(sentences(written(tmp_path)))
    assert ["turn off the lights", "turn the light off", "turn the lights off"] in found
    assert ["what is the weather like in paris today please", "what was the weather like in paris today"] in found
    assert ["go on"] in found
    assert ["stop"] in found


def test_every_sentence_stands_on_one_side_and_clusters_stay_whole(tmp_path: Path):
    lines = [f"play the {a} song by {b}" for a in ("red", "blue") for b in ("anna", "bert")]
    lines += [f"{word} it {word}" for word in ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st") * 3]
    path = written(tmp_path, "\n".join(lines))
    sides = {side: set(commands_of(path, side)) for side in ("train", "dev", "test")}
    assert sorted(s for side in sides.values() for s in side) == sentences(path)
    for cluster in clusters(sentences(path)):
        assert sum(bool(side & set(cluster)) for side in sides.values()) == 1


def test_a_text_without_commands_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="holds no line"):
        sentences(written(tmp_path, "1 2 3\n"))
    with pytest.raises(InputError, match="not a readable text"):
        sentences(tmp_path / "none.txt")
