"""The record of what happened."""

from __future__ import annotations

from dataclasses import fields
from itertools import permutations

from azsim.soc.memory.columns import L_NUMBER
from azsim.soc.timeline import CompanionRecord, LatencyParts, Timeline, no_grants


def test_latency_is_the_sum_of_all_its_parts() -> None:
    names = [field.name for field in fields(LatencyParts)]
    for values in permutations([1, 20, 300, 4000, 50_000][: len(names)]):
        assert LatencyParts(**dict(zip(names, values, strict=True))).total_ps == 54_321


def test_defaults_are_not_shared() -> None:
    first, second = CompanionRecord("a", 1), CompanionRecord("b", 1)
    first.responses_ps.append(3)
    assert not second.responses_ps
    made = {field.name: field.default_factory for field in fields(Timeline) if callable(field.default_factory)}
    assert set(made) == {"refills_ps", "companions", "grants", "known_ps"}
    assert all(factory() is not factory() for factory in made.values())
    assert no_grants().shape == (0, L_NUMBER + 1)
