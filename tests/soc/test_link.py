"""Link traces: states over time, the CSV file, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.soc.environment import NEVER
from azsim.soc.link import ALWAYS_UP, DOWN, PS_PER_S, LinkState, LinkTrace, read_link, write_link

HEADER = "time_s,uplink_mbps,downlink_mbps,rtt_ms\n"
SLOW = LinkState(0.5, 2.0, 150.0)


def test_a_state_holds_until_the_next_begins():
    link = LinkTrace((0, 10, 20), (LinkState(), DOWN, SLOW))
    assert [link.at(time) for time in (-5, 0, 9, 10, 19, 20, 10**18)] == [LinkState()] * 3 + [DOWN] * 2 + [SLOW] * 2
    assert [link.from_then(time)[1] for time in (0, 10, 20)] == [10, 20, NEVER]
    assert link.down_since_ps(15) == 10
    assert link.length_ps == 20
    assert link.up_share(20) == 0.5
    assert link.up_share(40) == 0.75
    assert ALWAYS_UP.up_share(1) == 1


def test_outages_are_states_of_their_own_and_neighbours_are_joined():
    assert LinkTrace.with_outages([(0, 5), (8, 9)]).starts_ps == (0, 5, 8, 9)
    joined = LinkTrace.with_outages([(3, 5), (5, 9)])
    assert joined.starts_ps == (0, 3, 9)
    assert joined.states == (LinkState(), DOWN, LinkState())


@given(times=st.lists(st.integers(1, 99), min_size=1, max_size=8, unique=True), offset=st.integers(0, 120))
@settings(max_examples=100, deadline=None)
def test_seen_from_a_later_time_it_is_the_same_link(times: list[int], offset: int):
    starts = (0, *sorted(times))
    states = [DOWN if (len(starts) - i) % 2 == 0 else SLOW for i in range(len(starts))]
    link = LinkTrace(starts, tuple(states))
    later = link.from_time(offset)
    for time in range(120):
        assert later.at(time) == link.at(time + offset)
        if not later.at(time).up:
            assert later.down_since_ps(time) + offset == link.down_since_ps(time + offset)


def test_a_file_gives_back_what_was_written(tmp_path: Path):
    link = LinkTrace((0, 3 * PS_PER_S // 2, 2 * PS_PER_S), (SLOW, DOWN, LinkState()))
    write_link(link, tmp_path / "link.csv")
    assert read_link(tmp_path / "link.csv") == link
    assert (tmp_path / "link.csv").read_text() == HEADER + "0.000,0.5,2,150\n1.500,0,0,\n2.000,,,\n"
    assert [path.name for path in tmp_path.iterdir()] == ["link.csv"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "line 1: the last state"),
        ("0,0,0,\n", "line 2: the last state lasts for ever"),
        ("1,,,\n", "line 2: time_s = 1: must begin with 0"),
        ("0,,,\n5,1,1,\n5,2,2,\n", "line 4: time_s = 5: must be after 5"),
        ("0,0,3,\n", "line 2: without a link both"),
        ("0,x,3,\n", "line 2: uplink_mbps = 'x': must be a number"),
        ("0,,,0\n", "line 2: rtt_ms = 0: must be above 0"),
        ("0,,nan,\n", "line 2: downlink_mbps = 'nan'"),
        ("0,,\n", "line 2: 3 fields: must have 4"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, rows: str, message: str):
    path = tmp_path / "link.csv"
    path.write_text(HEADER + rows)
    with pytest.raises(InputError, match=message):
        read_link(path)


def test_a_missing_file_a_foreign_header_and_bytes_that_are_no_text_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        read_link(tmp_path / "link.csv")
    (tmp_path / "link.csv").write_text("time,up\n0,1\n")
    with pytest.raises(InputError, match="the header must be time_s,uplink_mbps"):
        read_link(tmp_path / "link.csv")
    (tmp_path / "link.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read_link(tmp_path / "link.csv")


@pytest.mark.parametrize(
    ("starts", "states", "message"),
    [((), (), "0 states"), ((0, 0), (SLOW, LinkState()), "increase"), ((0,), (DOWN,), "last state")],
)
def test_a_trace_without_order_or_end_cannot_be_made(starts: tuple, states: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        LinkTrace(starts, states)
