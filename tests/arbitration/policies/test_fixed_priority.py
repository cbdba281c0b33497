"""The highest priority first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, CPU, MICROPHONE, NETWORK, PLAYBACK
from azsim.arbitration.policies.fixed_priority import FixedPriority
from azsim.arbitration.policy import RANK
from tests.arbitration.cases import Request, granted, replayed, with_priorities
from tests.soc.cases import device

PRIORITY = device().priority

REQUESTS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4096), st.integers(0, 10**7)), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(requests=REQUESTS)
def test_the_order_is_by_priority_then_by_age(requests: list[Request]) -> None:
    ranks = [-getattr(PRIORITY, client) for client in BOARD]
    assert granted("fixed-priority", requests) == replayed(requests, rank=lambda client: ranks[client])


def test_what_is_under_way_is_not_interrupted() -> None:
    assert PRIORITY.playback > PRIORITY.network
    grants = granted("fixed-priority", [(NETWORK, 4096, 0), (NETWORK, 4096, 0), (PLAYBACK, 64, 1000)])
    assert grants == [(NETWORK, 0), (PLAYBACK, 4_096_000), (NETWORK, 4_160_000)]


def test_ranks_follow_the_device_file() -> None:
    table = FixedPriority().table(with_priorities(cpu=15, microphone=0, network=PRIORITY.playback))
    assert table[RANK, CPU] == table[RANK].min() == 0
    assert table[RANK, MICROPHONE] == table[RANK].max() == 15
    assert table[RANK, NETWORK] == table[RANK, PLAYBACK]
    assert not table[RANK + 1 :].any()
