"""Tracks of real people from a CSV file, and tracks written as one.

::

    time_ms,person,yaw_deg,pitch_deg,mouth_ratio
    0,ann,4.1,-2.0,0.05
    33,ann,,,                     an empty cell: not seen

What is wrong is refused in one line that names the file, the line and the value. A stretch in which a person has no
rows is no error: nobody is seen there, and one warning says so.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np

from azsim.errors import AzsimWarning, InputError, nearest
from azsim.explain import shown
from azsim.input_file import read_input_file
from azsim.output_file import write_output_file
from azsim.speech.turn_taking.tracks import STALE_MS, Person, Tracks

COLUMNS = ("time_ms", "person", "yaw_deg", "pitch_deg", "mouth_ratio")
RANGES = {"yaw_deg": (-180.0, 180.0), "pitch_deg": (-90.0, 90.0), "mouth_ratio": (0.0, 2.0)}
MOST_MS = 24 * 3_600_000
NEEDED = f"a CSV file with the columns {', '.join(COLUMNS)}"
Row = tuple[int, int, float, float, float]
"""Line, time and the three values."""


def load_tracks(path: Path) -> Tracks:
    """The tracks in a file, in the order in which people appear.

    Raises:
        InputError: it cannot be read, lacks a column, or holds a value that is no number, is out of range, or a time
            that is not after the one before it of the same person.
    """
    try:
        text = read_input_file(path, NEEDED).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8 ({error.reason}); {NEEDED} is needed") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    people: dict[str, list[Row]] = {}
    try:
        names = reader.fieldnames or ()
        for column in COLUMNS:
            if column not in names:
                raise InputError(f"{path}: has no column {column}{nearest(column, names)}; {NEEDED} is needed")
        for row in reader:
            _add(people, row, reader.line_num, path)
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}; {NEEDED} is needed") from None
    if not people:
        raise InputError(f"{path}: has no rows; {NEEDED} is needed")
    _warn_of_gaps(people, path)
    return tuple(_person(name, rows) for name, rows in people.items())


def save_tracks(tracks: Tracks, path: Path) -> None:
    """Write tracks as such a file, in order of time.

    Raises:
        WorkError: it cannot be written.
    """
    rows = [
        (int(time_ms), person.name, *map(_cell, values))
        for person in tracks
        for time_ms, *values in zip(
            person.time_ms, person.yaw_deg, person.pitch_deg, person.mouth_ratio, strict=True
        )
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(rows, key=lambda row: row[0]))
    write_output_file(path, [text.getvalue().encode()])


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _add(people: dict[str, list[Row]], row: dict[str | None, str], line: int, path: Path) -> None:
    """One line of the file."""
    where = f"{path}: line {line}"
    if None in row or any(row[column] is None for column in COLUMNS):
        raise InputError(f"{where}: must have as many values as there are columns")
    name = row["person"].strip()
    if not name:
        raise InputError(f"{where}: person: is empty; must be a name or a number")
    time_ms = _number(row["time_ms"], f"{where}: time_ms")
    if not 0 <= time_ms <= MOST_MS:
        raise InputError(f"{where}: time_ms = {shown(row['time_ms'])}: must be 0 to {MOST_MS}")
    own = people.setdefault(name, [])
    if own and time_ms <= own[-1][1]:
        before = f"{own[-1][1]} of line {own[-1][0]}"
        raise InputError(f"{where}: time_ms = {round(time_ms)}: the times of {shown(name)} must rise; it was {before}")
    values = []
    for column, (low, high) in RANGES.items():
        text = row[column].strip()
        value = _number(text, f"{where}: {column}") if text else math.nan
        if text and not low <= value <= high:
            raise InputError(f"{where}: {column} = {shown(text)}: must be {low:g} to {high:g}, or empty if not seen")
        values.append(value)
    own.append((line, round(time_ms), *values))


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where} = {shown(text)}: must be a number")
    return value


def _person(name: str, rows: list[Row]) -> Person:
    columns = np.array([row[2:] for row in rows], np.float32).reshape(-1, 3).T
    return Person(name, np.array([row[1] for row in rows], np.int64), *columns)


def _warn_of_gaps(people: dict[str, list[Row]], path: Path) -> None:
    """One warning of all stretches in which a person has no rows."""
    gaps = [
        (after[1] - before[1], before[1], name)
        for name, rows in people.items()
        for before, after in pairwise(rows)
        if after[1] - before[1] > STALE_MS
    ]
    if gaps:
        longest_ms, from_ms, name = max(gaps)
        said = f"{len(gaps)} gaps of more than {STALE_MS} ms, the longest {longest_ms} ms from {from_ms} ms on"
        warnings.warn(f"{path}: {said} (person {name!r}): taken as not seen there", AzsimWarning, stacklevel=3)
