"""Which entries of a catalogue labels spell: an Aho-Corasick automaton, its arcs in flat arrays.

::

    ▁an n ▁ba ker          node ──label──> node one deeper
    ▁an n a                  └──failure──> the longest part of what was read that some entry begins with, too

An entry that was read is *pending* until the next word begins or speech ends: ``ann`` is not in ``annabel``.

**Source:** A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18 (1975).
"""

from __future__ import annotations

from collections.abc import Sequence

ROOT = 0


class EntryAutomaton:
    """The automaton of sequences of labels, each with a boost.

    Args:
        sequences: labels of each entry; none is empty.
        boosts: of each.
        per_label: what each label of a match that is not complete is worth.

    Attributes:
        arcs: node -> label -> node one deeper.
        failure: node -> node.
        pending: node -> the boosts of all entries that end here, added up.
        partial: node -> what a match that got here is worth before it is complete.
        ends: node -> numbers of the sequences that end here, those of its failures left out.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], boosts: Sequence[float], per_label: float) -> None:
        self.arcs: list[dict[int, int]] = [{}]
        self.ends: list[tuple[int, ...]] = [()]
        self.pending: list[float] = [0.0]
        depth = [0]
        for number, (labels, boost) in enumerate(zip(sequences, boosts, strict=True)):
            node = ROOT
            for label in labels:
                following = self.arcs[node].get(label)
                if following is None:
                    following = self.arcs[node][label] = len(self.arcs)
                    self.arcs.append({})
                    self.ends.append(())
                    self.pending.append(0.0)
                    depth.append(depth[node] + 1)
                node = following
            self.ends[node] += (number,)
            self.pending[node] += boost
        self.failure = [ROOT] * len(self.arcs)
        breadth_first = list(self.arcs[ROOT].values())
        for node in breadth_first:
            for label, following in self.arcs[node].items():
                self.failure[following] = self.step(self.failure[node], label)
                breadth_first.append(following)
            self.pending[node] += self.pending[self.failure[node]]
        self.partial = [per_label * deep if arcs else 0.0 for deep, arcs in zip(depth, self.arcs, strict=True)]

    def step(self, node: int, label: int) -> int:
        """The node after a label: along the failures until one goes on with it."""
        while True:
            following = self.arcs[node].get(label)
            if following is not None:
                return following
            if node == ROOT:
                return ROOT
            node = self.failure[node]

    def __len__(self) -> int:
        return len(self.arcs)
