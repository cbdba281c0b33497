"""Rows of the log of grants."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_NUMBER, L_START, L_WRITE, LOGGED
from azsim.soc.memory.log import enter

GRANTS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 30), st.integers(1, 9), st.integers(0, 2)),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(grants=GRANTS, merge=st.sampled_from([-1, 0, 5, 20]), joins=st.booleans())
def test_neighbours_of_one_client_share_a_row(
    grants: list[tuple[int, int, int, int, int]], merge: int, joins: bool
) -> None:
    log, state = np.zeros((len(grants), 7), np.int64), np.zeros(16, np.int64)
    expected: list[list[int]] = []
    now = 0
    for client, write, gap, size, number in grants:
        start, end = now + gap, now + gap + size
        enter(log, state, merge, joins, client, write, start - 1, start, end, size, number)
        last = expected[-1] if expected else None
        if last and last[:2] == [client, write] and (start - last[4] <= merge or (joins and last[6] == number)):
            last[4], last[5] = end, last[5] + size
        else:
            expected.append([client, write, start - 1, start, end, size, number])
        now = end
    rows = log[: state[LOGGED]]
    assert rows.tolist() == expected
    assert rows[:, L_BYTES].sum() == sum(size for *_, size, _ in grants)
    assert (rows[1:, L_START] >= rows[:-1, L_END]).all()
    if merge < 0 and not joins:
        assert rows[:, [L_CLIENT, L_WRITE, L_NUMBER]].tolist() == [[c, w, n] for c, w, _, _, n in grants]
