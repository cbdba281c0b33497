"""Plain values and titles."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from azsim.report.results import LATENCY_PARTS, Comparison, ConfigurationResult, plain, rows_to_json
from azsim.soc.timeline import LatencyParts
from tests.report import invented


def test_json_is_plain_and_finite(comparison: Comparison) -> None:
    row = dataclasses.replace(comparison.rows[0], rtf=float("nan"), underruns=np.int64(3))
    (found,) = rows_to_json([row])
    assert json.loads(json.dumps(found, allow_nan=False))["underruns"] == 3
    assert found["rtf"] is None


def test_plain_values_are_what_json_holds() -> None:
    given = {1: (np.float32(0.5), np.array([[1, 2]]), math.inf), "b": {"c": np.bool_(True), "d": -math.nan, "e": None}}
    assert plain(given) == {"1": [0.5, [[1, 2]], None], "b": {"c": True, "d": None, "e": None}}
    assert json.loads(json.dumps(plain(given), allow_nan=False)) == plain(given)
    assert plain(np.array([np.nan, 1.0])) == [None, 1.0]


def test_rows_have_every_key_whether_known_or_not(comparison: Comparison) -> None:
    keys = [field.name for field in dataclasses.fields(ConfigurationResult)]
    for made in rows_to_json((*comparison.rows, *comparison.production_rows)):
        assert list(made) == keys


def test_latency_is_the_sum_of_the_parts_a_timeline_has() -> None:
    assert [f"{part}_ps" for part in LATENCY_PARTS] == [field.name for field in dataclasses.fields(LatencyParts)]
    timing = invented.results(invented.TRAINED[:1], 1)[0].timing
    assert list(timing.latency_parts_ms) == list(LATENCY_PARTS)
    assert timing.latency_ms == pytest.approx(sum(timing.latency_parts_ms.values()))
    assert dataclasses.replace(timing, latency_parts_ms=None).latency_ms is None


@pytest.mark.parametrize(
    ("names", "title"),
    [
        ([], "run"),
        (["a"], "a"),
        (["a", "a", "b"], "a, b"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "a", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_recordings_of_which_nothing_is_known_name_the_page(
    one_recording: Comparison, names: list[str], title: str
) -> None:
    first = one_recording.utterances[0]
    heard = tuple(dataclasses.replace(first, utterance=name) for name in names)
    assert dataclasses.replace(one_recording, utterances=heard).title == title
    known = tuple(dataclasses.replace(one, reference="call grandma") for one in heard)
    assert dataclasses.replace(one_recording, utterances=known).title == "run"
