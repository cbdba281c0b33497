"""The lane rule against the machine that steps it cycle by cycle: equal on 2,400 random cases."""

from __future__ import annotations

import pytest

from azsim.reference.lane_cases import compare, lane_case

CASES, CHUNKS = 2400, 12


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_cycles_positions_and_products_are_equal(chunk: int) -> None:
    for seed in range(chunk, CASES, CHUNKS):
        case = lane_case(seed)
        compared, wrong = compare(case)
        assert compared > 0
        assert not wrong, (seed, case.kind, wrong[:3])


def test_the_cases_hold_every_kind() -> None:
    kinds = {lane_case(seed).kind for seed in range(0, CASES, 10)}
    assert len(kinds) == 2 * 2 * 4, sorted(kinds)
