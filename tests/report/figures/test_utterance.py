"""The figure of one utterance, whichever of its moments there are."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from azsim.report.figures.utterance import _MARKS, draw
from tests.report import invented


@pytest.mark.parametrize("count", [0, 1, 2])
def test_any_of_the_moments_may_be_missing(count: int) -> None:
    comparison = invented.one_recording()
    traced = comparison.traced or invented.traced()
    for kept in combinations(_MARKS, count):
        instants = tuple(one for one in traced.timeline.instants if one.name not in _MARKS or one.name in kept)
        timeline = replace(traced.timeline, instants=instants)
        figure = draw(replace(comparison, traced=replace(traced, timeline=timeline)))
        figure.draw_without_rendering()
