"""What the command line may ask of a trace."""

from __future__ import annotations

import pytest

from azsim.errors import InputError
from azsim.report.trace.options import check_events, parse_window


def test_a_window_is_two_times_in_milliseconds():
    assert parse_window("0:1500", "w") == (0, 15 * 10**11)
    assert parse_window("1.5:2", "w") == (1_500_000_000, 2_000_000_000)


@pytest.mark.parametrize("text", ["5", "5:", ":5", "5:5", "6:5", "-1:5", "a:b", "nan:5", "1:inf", "1:2:3"])
def test_anything_else_is_refused(text):
    with pytest.raises(InputError, match=r"--trace-window .*: must be FROM:TO in milliseconds"):
        parse_window(text, "--trace-window")


@pytest.mark.parametrize("events", [999, 2_000_001])
def test_a_file_without_room_or_too_large_is_refused(events):
    with pytest.raises(InputError, match=f"--trace-events {events}: must be 1000 to 2000000"):
        check_events(events, "--trace-events")
