"""The report of hard conditions: who may hear dev, and what its rows say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress import compress
from azsim.errors import InputError
from azsim.train.corpus.protocol import Condition
from experiments.robustness.__main__ import ConditionResult, PeopleSpeech, check_log, draw, hear, markdown, write_log


def rows(name: str) -> list[ConditionResult]:
    groups = (("level", "as recorded"), ("kitchen", "24 dB"), ("kitchen", "6 dB"), ("end-point", "level, as recorded"))
    return [
        ConditionResult(
            name, group, way, 4, 2, 10.0 + 10 * i, 5.0, None, 20.0, 1.0, 50.0, 25.0 if group == "end-point" else None
        )
        for i, (group, way) in enumerate(groups)
    ]


def test_a_release_hears_dev_once_and_the_same_network_again(tmp_path: Path):
    path = tmp_path / "dev_log.csv"
    first = {"net": "a" * 64}
    write_log(path, check_log(path, first, "1.0"), first, "1.0", rows("net"))
    written = path.read_text()
    assert "1.0,net,aaaaaaaaaaaaaaaa,4,2,10,25,50" in written
    write_log(path, check_log(path, first, "1.0"), first, "1.0", rows("net"))
    assert path.read_text() == written
    with pytest.raises(InputError, match="measured on dev for it already"):
        check_log(path, {"net": "b" * 64}, "1.0")
    assert len(check_log(path, {"net": "b" * 64}, "1.1")) == 1


def test_every_recording_is_heard_in_every_condition(tiny_network, tmp_path: Path):
    rng = np.random.default_rng(0)
    sounds = [(0.1 * rng.standard_normal(8000)).astype(np.float32) for _ in range(3)]
    speech = PeopleSpeech(sounds, ["a coffee", "a mocha", "a latte"], [{"coffeeDrink": "mocha"}] * 3, ["x", "y", "y"])
    ways = [Condition("level", "as recorded", lambda sound, rng: sound), Condition("room", "r", lambda s, rng: s / 2)]
    small = compress(tiny_network, codec="raw")
    found = hear("tiny", small, "digest", speech, ways, tmp_path / "kept")
    assert hear("tiny", None, "digest", speech, ways, tmp_path / "kept") == found  # kept: nothing is heard again
    assert [(row.group, row.condition) for row in found] == [
        ("level", "as recorded"), ("room", "r"), ("end-point", "level, as recorded"),
    ]  # fmt: skip
    assert {(row.recordings, row.speakers) for row in found} == {(3, 2)}
    assert found[-1].cut_early_percent is not None
    table = markdown(found)
    assert table.count("\n") == 2 + len(found)
    draw(found, tmp_path)
    assert (tmp_path / "robustness.png").exists()
