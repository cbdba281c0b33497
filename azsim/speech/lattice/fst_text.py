"""Lattices in the text forms of Kaldi and OpenFst, written and read.

- Kaldi's compact lattice: costs, ``-log p``: ``source target word graph_cost,acoustic_cost,``; the graph cost is of
  the label score, the acoustic cost of the acoustic score. Word times are lost.
- OpenFst: an acceptor with one cost, ``-(acoustic + label)``, with all digits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.errors import InputError
from azsim.speech.lattice.fields import finals_with_start_first, node_of, score_of, with_start_first, written
from azsim.speech.lattice.lattice import Lattice, Row


def to_kaldi(lattice: Lattice) -> str:
    """Kaldi's compact lattice, words instead of numbers: the utterance's name, edges, final nodes, an empty line."""
    lines = [lattice.utterance]
    for edge, word in enumerate(lattice.words):
        costs = f"{written(-lattice.label[edge])},{written(-lattice.acoustic[edge])},"
        lines.append(f"{lattice.sources[edge]} {lattice.targets[edge]} {word} {costs}")
    lines += [
        f"{node} {written(-lattice.final_label[node])},{written(-lattice.final_acoustic[node])},"
        for node in np.flatnonzero(np.isfinite(lattice.final_label)).tolist()
    ]
    return "\n".join([*lines, "", ""])


def from_kaldi(text: str, source: str) -> Lattice:
    """The lattice of `to_kaldi`; without times, which Kaldi keeps as transition ids: all are 0.

    Args:
        text: of one lattice.
        source: what messages name.

    Raises:
        InputError: a line is none of the format, or as for `Lattice`.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{source}: no lattice")
    rows: list[Row] = []
    finals: dict[int, tuple[float, float]] = {}
    for place, line in enumerate(lines[1:], 2):
        fields = line.split()
        where = f"{source}: line {place}"
        if len(fields) == 4:
            label, acoustic = _costs(fields[3], where)
            rows.append((node_of(fields[0], where), node_of(fields[1], where), fields[2], 0, 0, acoustic, label))
        elif len(fields) in (1, 2):
            label, acoustic = _costs(fields[1], where) if len(fields) == 2 else (0.0, 0.0)
            finals[node_of(fields[0], where)] = acoustic, label
        else:
            raise InputError(f"{where}: {len(fields)} fields: must be 4 of an edge or 1 to 2 of a final node")
    return Lattice.of_edges(lines[0].strip(), rows, finals)


def to_openfst(lattice: Lattice, symbols: Mapping[str, int] | None = None) -> str:
    """OpenFst's text of an acceptor: ``source target word cost``, final nodes ``node cost``.

    Args:
        lattice: to write.
        symbols: word -> number, if numbers are to stand for words.
    """
    scores, finals = lattice.scores(), lattice.finals()
    named = [str(symbols[word]) if symbols else word for word in lattice.words]
    lines = [
        f"{lattice.sources[edge]} {lattice.targets[edge]} {word} {written(-scores[edge])}"
        for edge, word in enumerate(named)
    ]
    lines += [f"{node} {written(-finals[node])}" for node in np.flatnonzero(np.isfinite(finals)).tolist()]
    return "\n".join([*lines, ""])


def from_openfst(text: str, source: str, utterance: str = "") -> Lattice:
    """The lattice of `to_openfst`; its cost becomes the label score, and there are no times.

    Raises:
        InputError: a line is none of the format, or as for `Lattice`.
    """
    rows: list[Row] = []
    finals: dict[int, tuple[float, float]] = {}
    start = -1
    for place, line in enumerate(text.splitlines(), 1):
        fields, where = line.split(), f"{source}: line {place}"
        if not fields:
            continue
        start = node_of(fields[0], where) if start < 0 else start
        if len(fields) >= 3:
            cost = score_of(fields[3], where) if len(fields) == 4 else 0.0
            if len(fields) > 4:
                raise InputError(f"{where}: {len(fields)} fields: an acceptor has at most 4")
            rows.append((node_of(fields[0], where), node_of(fields[1], where), fields[2], 0, 0, 0.0, -cost))
        else:
            finals[node_of(fields[0], where)] = 0.0, -(score_of(fields[1], where) if len(fields) == 2 else 0.0)
    if start < 0:
        raise InputError(f"{source}: no lattice")
    return Lattice.of_edges(utterance or source, with_start_first(rows, start), finals_with_start_first(finals, start))


def _costs(text: str, where: str) -> tuple[float, float]:
    """Label and acoustic log-probability of Kaldi's ``graph,acoustic,`` costs."""
    parts = text.split(",")
    if len(parts) not in (2, 3):
        raise InputError(f"{where}: costs {text[:30]!r}: must be graph_cost,acoustic_cost,")
    return -score_of(parts[0], where), -score_of(parts[1], where)
