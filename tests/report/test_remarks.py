"""A remark stands once, with the recordings that it holds for."""

from __future__ import annotations

from azsim.report.remarks import remarks_of


def test_recordings_are_gathered_under_their_remark() -> None:
    found = remarks_of([("a", ("quiet",)), ("b", ()), ("a", ("quiet",)), ("c", ("quiet", "narrow"))])
    assert found == "a, c: quiet. c: narrow."
    assert remarks_of([("a", ())]) == ""
    assert remarks_of([(name, ("quiet",)) for name in "abcde"]) == "a, b, c and 2 more: quiet."
