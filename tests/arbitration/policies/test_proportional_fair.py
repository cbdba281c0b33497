"""Scores that follow the bytes granted, and whom they favour."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, CPU, NETWORK, NPU, PLAYBACK
from azsim.arbitration.hooks import hook_of, on_grant
from azsim.arbitration.policies.proportional_fair import ProportionalFair
from azsim.arbitration.policy import RANK
from azsim.soc.memory.columns import L_CLIENT
from tests.arbitration.cases import BOARD_CLIENTS, memory_with


def test_proportional_fair_serves_whoever_had_least():
    env, memory = memory_with("proportional-fair")
    for number in range(8):
        memory.submit(CPU, 4096, write=False, at_ps=number)
    for number in range(3):
        memory.submit(NETWORK, 4096, write=False, at_ps=100 + number)
    env.run(until=10**9)
    order = memory.grants()[:, L_CLIENT].tolist()
    assert order == [CPU, NETWORK, CPU, NETWORK, CPU, NETWORK, CPU, CPU, CPU, CPU, CPU]


def test_scores_are_weighted_means_of_bytes_granted():
    env, memory = memory_with("proportional-fair")
    memory.submit(CPU, 4096, write=False, at_ps=0)
    memory.submit(NPU, 1024, write=False, at_ps=10**7)
    env.run(until=10**8)
    assert memory.traffic()["npu"].read_bytes == 1024
    ranks = memory.arrays()[1][RANK] / 1024
    assert ranks[[CPU, NPU, PLAYBACK]].tolist() == [1024.0, 512.0, 0.0]
    assert ProportionalFair(1.0).table(BOARD_CLIENTS)[RANK].tolist() == [0] * len(BOARD)


@settings(max_examples=50, deadline=None)
@given(
    weight=st.sampled_from([0.0625, 0.5, 1.0]),
    grants=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 32768)), max_size=40),
)
def test_scores_are_exponentially_weighted_means(weight: float, grants: list[tuple[int, int]]) -> None:
    policy = ProportionalFair(weight)
    table, hook = policy.table(BOARD_CLIENTS), hook_of(policy)
    scores = [0.0] * len(BOARD)
    for client, size in grants:
        on_grant(hook, table, client, size, 0)
        scores = [
            (1 - weight) * score + weight * (size if which == client else 0) for which, score in enumerate(scores)
        ]
    # whole 1/1024 bytes, rounded down at each grant
    assert table[RANK] / 1024 == pytest.approx(scores, abs=1 / (1024 * weight) + 1e-9)
