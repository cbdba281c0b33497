"""A drawing of a lattice for Graphviz: words on edges with their posteriors, probable ones thick."""

from __future__ import annotations

import numpy as np

from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.posterior import posteriors


def to_graphviz(lattice: Lattice) -> str:
    """The drawing in Graphviz's language."""
    found = posteriors(lattice)
    lines = ["digraph lattice {", "  rankdir=LR;", '  node [shape=circle, label="", width=0.15];']
    lines += [f"  {node} [shape=doublecircle];" for node in np.flatnonzero(np.isfinite(lattice.final_label)).tolist()]
    for edge, word in enumerate(lattice.words):
        share = float(found.edges[edge])
        label = word.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(
            f"  {lattice.sources[edge]} -> {lattice.targets[edge]} "
            f'[label="{label} {share:.2f}", penwidth={0.5 + 2.5 * share:.2f}];'
        )
    return "\n".join([*lines, "}", ""])
