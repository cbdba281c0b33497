"""Fields of lattices in text: node numbers, scores, and the numbering that has the start as node 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from azsim.errors import InputError
from azsim.speech.lattice.lattice import Row


def node_of(text: str, where: str) -> int:
    """A node's number; `InputError` names `where` if it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InputError(f"{where}: node {text[:20]!r}: must be a whole number, 0 or more")
    return int(text)


def score_of(text: str, where: str) -> float:
    """A finite score; `InputError` names `where` if it is none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: score {text[:30]!r}: must be a finite number")
    return value


def written(value: float) -> str:
    """All digits that a float64 needs, without an exponent's trouble for other readers; -0 is 0."""
    return repr(float(value) + 0.0)


def with_start_first(rows: Iterable[Row], start: int) -> list[Row]:
    """The rows with the start's number and 0 swapped."""
    swap = {start: 0, 0: start}
    return [(swap.get(row[0], row[0]), swap.get(row[1], row[1]), *row[2:]) for row in rows]


def finals_with_start_first(finals: Mapping[int, tuple[float, float]], start: int) -> dict[int, tuple[float, float]]:
    """Final nodes with the start's number and 0 swapped."""
    swap = {start: 0, 0: start}
    return {swap.get(node, node): scores for node, scores in finals.items()}
