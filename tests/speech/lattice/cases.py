"""Random word graphs, and every path of one by plain enumeration."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hypothesis import strategies as st

from azsim.speech.lattice.lattice import Lattice, Row

WORDS = ("turn", "on", "the", "lights", 'say "a=b"', "größe")


@st.composite
def graphs(draw: st.DrawFn, deterministic: bool = False) -> tuple[list[Row], dict[int, tuple[float, float]]]:
    """Edges and ends of an acyclic graph; node 0 is the start, and the last node is an end."""
    nodes = draw(st.integers(1, 6))
    score = st.floats(-6, 0).map(lambda value: round(value, 3))
    rows: list[Row] = []
    taken: set[tuple[int, str]] = set()
    for source in range(nodes - 1):
        for target in range(source + 1, nodes):
            for word in draw(st.sets(st.sampled_from(WORDS), max_size=2, min_size=int(target == source + 1))):
                if deterministic and (source, word) in taken:
                    continue
                taken.add((source, word))
                rows.append((source, target, word, 30 * source, 30 * target, draw(score), draw(score)))
    ends = {node: (draw(score), draw(score)) for node in draw(st.sets(st.integers(0, nodes - 1), max_size=2))}
    return rows, {**ends, nodes - 1: (0.0, -0.5)}


def all_paths(lattice: Lattice) -> Iterator[tuple[tuple[str, ...], float, tuple[int, ...]]]:
    """Words, score and edges of every path, by recursion."""

    def walk(node: int, words: tuple[str, ...], score: float, edges: tuple[int, ...]) -> Iterator:
        if math.isfinite(lattice.final_label[node]):
            yield words, score + lattice.final_acoustic[node] + lattice.final_label[node], edges
        for edge in range(lattice.edges):
            if lattice.sources[edge] == node:
                total = score + lattice.acoustic[edge] + lattice.label[edge]
                yield from walk(int(lattice.targets[edge]), (*words, lattice.words[edge]), total, (*edges, edge))

    yield from walk(0, (), 0.0, ())
