"""The same speech aloud and whispered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from azsim.train.corpus.whisper_clips import ALOUD, VARIANT, WHISPER, WHISPERED_ORDERS, items
from tests.train.corpus.people import lay_out


def test_everybody_is_heard_aloud_and_whispered(tmp_path: Path, spoken: np.ndarray) -> None:
    made = list(items(lay_out(tmp_path, spoken), ["stop"], 0, 1))
    assert {entry["speaker"] for entry, _ in made} >= {"ann", "ria"}
    assert not {entry["speaker"] for entry, _ in made} & {"dan", "tom"}
    for aloud, hushed in zip(made[::2], made[1::2], strict=True):
        assert aloud[0]["split"] == ALOUD
        assert hushed[0]["split"] == (WHISPERED_ORDERS if hushed[0]["speaker"] == "ann" else WHISPER)
        assert aloud[0]["speaker"] == hushed[0]["speaker"]
        assert aloud[1].shape == hushed[1].shape
    orders = [entry["text"] for entry, _ in made if entry["split"] == WHISPERED_ORDERS]
    assert orders == ["a latte"]


def test_synthesis_whispers_by_its_own_variant(tmp_path: Path, spoken: np.ndarray, engines: tuple[str, ...]) -> None:
    made = list(items(lay_out(tmp_path, spoken), ["stop"], 1, 1))[-2:]
    assert [entry["split"] for entry, _ in made] == [ALOUD, WHISPER]
    assert str(made[1][0]["voice"]).endswith(VARIANT)
