"""Tracks of a file: written and read again, and everything that is wrong refused in one line."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from azsim.errors import AzsimWarning, InputError
from azsim.speech.turn_taking.people import simulate
from azsim.speech.turn_taking.track_file import COLUMNS, load_tracks, save_tracks

HEAD = ",".join(COLUMNS)


def read(tmp_path: Path, *lines: str, head: str = HEAD) -> tuple:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return load_tracks(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    tracks = simulate([], 3, 3_000, np.random.default_rng(4))
    save_tracks(tracks, tmp_path / "t.csv")
    again = load_tracks(tmp_path / "t.csv")
    assert [each.name for each in again] == [each.name for each in tracks]
    for one, other in zip(tracks, again, strict=True):
        np.testing.assert_array_equal(one.time_ms, other.time_ms)
        for column in ("yaw_deg", "pitch_deg", "mouth_ratio"):
            np.testing.assert_allclose(getattr(one, column), getattr(other, column), atol=6e-4)


def test_people_come_in_any_order_of_lines_and_columns(tmp_path: Path) -> None:
    lines = ["b,0,1,2,0.5", "a,0,3,4,0.1", "b,33,,,", "a,33,5,6,0.2"]
    b, a = read(tmp_path, *lines, head="person,time_ms,yaw_deg,pitch_deg,mouth_ratio")
    assert (b.name, a.name) == ("b", "a")
    assert np.isnan(b.yaw_deg[1])
    np.testing.assert_allclose(a.mouth_ratio, [0.1, 0.2])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["66,a,0,0,0", "33,a,0,0,0"], r"line 3: time_ms = 33: the times of 'a' must rise; it was 66 of line 2"),
        (["33,a,0,0,0", "33,a,0,0,0"], r"line 3: time_ms = 33: the times of 'a' must rise"),
        (["-1,a,0,0,0"], r"line 2: time_ms = '-1': must be 0 to"),
        (["x,a,0,0,0"], r"line 2: time_ms = 'x': must be a number"),
        (["0,a,nan,0,0"], r"line 2: yaw_deg = 'nan': must be a number"),
        (["0,a,181,0,0"], r"line 2: yaw_deg = '181': must be -180 to 180, or empty if not seen"),
        (["0,a,0,0,2.5"], r"line 2: mouth_ratio = '2.5': must be 0 to 2"),
        (["0,,0,0,0"], r"line 2: person: is empty"),
        (["0,a,0"], r"line 2: must have as many values as there are columns"),
        (["0,a,0,0,0,9"], r"line 2: must have as many values as there are columns"),
        ([], r"has no rows"),
        (['0,"a'], r"line \d: .*; a CSV file with the columns"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(InputError, match=rf"^.*t\.csv: {said}") as raised:
        read(tmp_path, *lines)
    assert "\n" not in str(raised.value)


def test_other_units_and_other_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no column yaw_deg; did you mean 'yaw_rad'\?"):
        read(tmp_path, "0,a,0,0,0", head="time_ms,person,yaw_rad,pitch_deg,mouth_ratio")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"t\.csv: is no text in UTF-8"):
        load_tracks(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"no such file; a CSV file with the columns time_ms, person"):
        load_tracks(tmp_path / "none.csv")


def test_gaps_are_told_once_and_nothing_is_lost(tmp_path: Path) -> None:
    lines = [f"{time_ms},a,0,0,0.1" for time_ms in (0, 33, 900, 933, 2_000)] + ["0,b,0,0,0.1", "200,b,0,0,0.1"]
    with pytest.warns(AzsimWarning) as told:
        a, b = read(tmp_path, *lines)
    (only,) = told
    assert "2 gaps of more than 250 ms, the longest 1067 ms from 933 ms on (person 'a')" in str(only.message)
    assert (len(a.time_ms), len(b.time_ms)) == (5, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(tmp_path, "0,a,0,0,0.1", "33,a,,,", "66,a,0,0,0.1")
