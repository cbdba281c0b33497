"""Results as plain JSON: nothing that JSON lacks, every key."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np

from azsim.report.plain import plain, rows_to_json
from azsim.report.results import Comparison, ConfigurationResult


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
