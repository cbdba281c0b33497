"""When a ranking counts as turned."""

from __future__ import annotations

from azsim.report.ranking import base_values, changes, flips, values_at, verdict, wait_ms
from tests.report import invented


def test_a_swap_is_a_flip_and_a_tie_is_not() -> None:
    before = {"a": 1.0, "b": 2.0, "c": 2.001}
    assert flips(before, {"a": 3.0, "b": 2.0, "c": 2.5}) == [("a", "b"), ("a", "c")]
    assert flips(before, {"a": 1.0, "b": 2.5, "c": 2.0}) == []
    assert flips(before, before) == []


def test_verdict_names_what_turns_it() -> None:
    points = invented.sensitivity()
    assert len(changes(points)) == 10
    base = base_values(points, wait_ms)
    assert flips(base, values_at(points, "decoder rate", 0.5, wait_ms))
    assert "changed by decoder rate \u00d7 0.5" in verdict(points)
    assert "by energy above idle the ranking survives 10 of 10" in verdict(points)
    assert verdict(()) == ""
