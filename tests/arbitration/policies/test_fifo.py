"""First come, first served."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD
from azsim.arbitration.policies.fifo import Fifo
from tests.arbitration.cases import BOARD_CLIENTS, Request, granted, replayed

REQUESTS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4096), st.integers(0, 10**7)), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(requests=REQUESTS)
def test_the_order_is_that_of_the_requests(requests: list[Request]) -> None:
    grants = granted("fifo", requests)
    assert grants == replayed(requests, rank=lambda client: 0)
    in_order = sorted(requests, key=lambda request: request[2])
    assert [client for client, _ in grants] == [client for client, *_ in in_order]


def test_nobody_is_told_apart() -> None:
    table = Fifo().table(BOARD_CLIENTS)
    assert table.shape[1] == len(BOARD)
    assert not table.any()
