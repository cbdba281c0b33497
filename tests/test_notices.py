"""Notices reach whoever listens, and nobody else."""

from __future__ import annotations

from azsim.notices import Notice, heard_by, tell


def test_all_who_listen_hear_in_their_time() -> None:
    first: list[Notice] = []
    second: list[Notice] = []
    tell(Notice("nobody"))
    with heard_by(first.append):
        tell(Notice("a", "1"))
        with heard_by(second.append):
            tell(Notice("b"))
    tell(Notice("nobody"))
    assert first == [Notice("a", "1"), Notice("b")]
    assert second == [Notice("b")]
