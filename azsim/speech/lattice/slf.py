"""Lattices in HTK's Standard Lattice Format (SLF), written and read.

Log-probabilities of base e: ``a=`` acoustic, ``l=`` label; words on links, times in seconds at the nodes. SLF has one
last node: links to it from final nodes carry no word (``!NULL``).

**Source:** The HTK Book 3.4, chapter 20, "HTK Standard Lattice Format (SLF)".
"""

from __future__ import annotations

import math

import numpy as np

from azsim.errors import InputError
from azsim.speech.lattice.fields import finals_with_start_first, node_of, score_of, with_start_first, written
from azsim.speech.lattice.lattice import Lattice, Row

END_WORD = "!NULL"
SLF_VERSION = "1.0"


def to_slf(lattice: Lattice) -> str:
    """HTK's Standard Lattice Format: words on links, times at nodes, log-probabilities of base e."""
    finals = np.flatnonzero(np.isfinite(lattice.final_label)).tolist()
    times_ms = _node_times_ms(lattice)
    last = lattice.nodes
    lines = [
        f"VERSION={SLF_VERSION}",
        f"UTTERANCE={lattice.utterance}",
        f"base={math.e!r}",
        "lmscale=1.0",
        "acscale=1.0",
    ]
    lines += [f"start=0 end={last}", f"N={lattice.nodes + 1} L={lattice.edges + len(finals)}"]
    lines += [f"I={node} t={times_ms[node] / 1000:.3f}" for node in range(lattice.nodes)]
    lines.append(f"I={last} t={max(times_ms, default=0) / 1000:.3f}")
    for edge, word in enumerate(lattice.words):
        scores = f"a={written(lattice.acoustic[edge])} l={written(lattice.label[edge])}"
        lines.append(f"J={edge} S={lattice.sources[edge]} E={lattice.targets[edge]} W={_quoted(word)} {scores}")
    for place, node in enumerate(finals, lattice.edges):
        scores = f"a={written(lattice.final_acoustic[node])} l={written(lattice.final_label[node])}"
        lines.append(f"J={place} S={node} E={last} W={END_WORD} {scores}")
    return "\n".join([*lines, ""])


def _node_times_ms(lattice: Lattice) -> list[int]:
    """When the last word that leads to each node ends; no link leads to an earlier time than it leaves."""
    times_ms = [0] * lattice.nodes
    for source, target, end_ms in zip(lattice.sources.tolist(), lattice.targets.tolist(), lattice.end_ms.tolist()):
        times_ms[target] = max(times_ms[target], times_ms[source], end_ms)
    return times_ms


def from_slf(text: str, source: str) -> Lattice:
    """A lattice in HTK's format, words on links; a link without a word may only lead to the last node.

    Raises:
        InputError: a field is missing or wrong, a link without a word leads elsewhere, a word ends before it begins, or
            as for `Lattice`.
    """
    utterance, ends, times_ms, links = source, (None, None), {}, []
    scales = {"lmscale": 1.0, "acscale": 1.0, "base": math.e}
    for place, line in enumerate(text.splitlines(), 1):
        where = f"{source}: line {place}"
        fields = _slf_fields(line, where)
        if "I" in fields:
            times_ms[node_of(fields["I"], where)] = round(1000 * score_of(fields.get("t", "0"), where))
        elif "J" in fields:
            links.append((where, fields))
        else:
            utterance = fields.get("UTTERANCE", utterance)
            ends = fields.get("start", ends[0]), fields.get("end", ends[1])
            scales |= {key: score_of(fields[key], where) for key in scales if key in fields}
    if not times_ms or None in ends:
        raise InputError(f"{source}: must name start=, end= and nodes (I=)")
    first, last = node_of(ends[0], source), node_of(ends[1], source)
    unit = math.log(scales["base"]) if scales["base"] > 0 and scales["base"] != 1 else 1.0
    rows: list[Row] = []
    finals: dict[int, tuple[float, float]] = {}
    for where, fields in links:
        missing = [key for key in ("S", "E") if key not in fields]
        if missing:
            raise InputError(f"{where}: a link needs {missing[0]}=")
        begin, end = node_of(fields["S"], where), node_of(fields["E"], where)
        if begin not in times_ms or end not in times_ms:
            raise InputError(f"{where}: a link between nodes {begin} and {end}: there is no such node")
        if times_ms[begin] > times_ms[end]:
            times = f"{times_ms[begin] / 1000:.3f} s to {times_ms[end] / 1000:.3f} s"
            raise InputError(f"{where}: a link from {times}: must not end before it begins")
        acoustic = unit * scales["acscale"] * score_of(fields.get("a", "0"), where)
        label = unit * scales["lmscale"] * score_of(fields.get("l", "0"), where)
        word = fields.get("W", END_WORD)
        if word != END_WORD:
            rows.append((begin, end, word, times_ms[begin], times_ms[end], acoustic, label))
        elif end == last:
            finals[begin] = acoustic, label
        else:
            raise InputError(f"{where}: a link without a word must lead to the last node, {last}")
    if last not in finals and any(row[1] == last for row in rows):
        finals[last] = 0.0, 0.0
    return Lattice.of_edges(utterance, with_start_first(rows, first), finals_with_start_first(finals, first))


def _quoted(word: str) -> str:
    """A word of SLF: quoted where it holds white space, a quotation mark or an equals sign."""
    if any(mark.isspace() or mark in "\"'=\\" for mark in word):
        return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word


def _slf_fields(line: str, where: str) -> dict[str, str]:
    """``name=value`` fields of a line; comments begin with #."""
    fields: dict[str, str] = {}
    rest = line.strip()
    while rest and not rest.startswith("#"):
        name, equals, rest = rest.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{where}: {line.strip()[:60]!r}: must be name=value fields")
        value, rest = _slf_value(rest, where)
        fields[name.strip()] = value
        rest = rest.strip()
    return fields


def _slf_value(rest: str, where: str) -> tuple[str, str]:
    if not rest.startswith('"'):
        value, _, after = rest.partition(" ")
        return value.replace("\\", "") if "\\" in value else value, after
    value, at = [], 1
    while at < len(rest) and rest[at] != '"':
        at += rest[at] == "\\"
        value.append(rest[at : at + 1])
        at += 1
    if at >= len(rest):
        raise InputError(f"{where}: a quotation mark is not closed")
    return "".join(value), rest[at + 1 :]
