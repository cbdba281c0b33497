"""A lattice as a drawing: time from left to right, words on edges with their probabilities, probable ones thick."""

from __future__ import annotations

from xml.sax.saxutils import escape

import numpy as np

from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path
from azsim.speech.lattice.posterior import posteriors

ACROSS, DOWN, MARGIN, RADIUS = 130, 46, 40, 7
STYLE = (
    "text{font:12px sans-serif;fill:#222;text-anchor:middle}.share{font-size:10px;fill:#666}"
    "circle{fill:#eef3fa;stroke:#5b7aa6}.end{stroke-width:3}path{fill:none;stroke:#8a97a8}.best{stroke:#2f6db3}"
)


def lattice_svg(lattice: Lattice) -> str:
    """A whole SVG document; the best path is the straight line on top."""
    shares, best = posteriors(lattice), best_path(lattice)
    column, row = _places(lattice, best.edges)
    at = [(MARGIN + ACROSS * int(x), MARGIN + DOWN * int(y)) for x, y in zip(column, row)]
    lines, marks = [], []
    between: dict[tuple[int, int], int] = {}
    for edge, word in enumerate(lattice.words):
        source, target = int(lattice.sources[edge]), int(lattice.targets[edge])
        (x, y), (to_x, to_y) = at[source], at[target]
        ordinal = between[source, target] = between.get((source, target), -1) + 1
        far = to_x - x > ACROSS and y == to_y and edge not in best.edges
        bend = 30 * ordinal + (24 if far else 0)
        middle_x, middle_y = (x + to_x) / 2, (y + to_y) / 2 + bend
        chosen = ' class="best"' if edge in best.edges else ""
        share = float(shares.edges[edge])
        curve = f"M{x} {y} Q{middle_x:.0f} {middle_y + bend:.0f} {to_x} {to_y}"
        lines.append(f'<path{chosen} d="{curve}" stroke-width="{0.6 + 3 * share:.2f}"/>')
        marks.append(f'<text x="{middle_x:.0f}" y="{middle_y - 5:.0f}">{escape(word)}</text>')
        marks.append(f'<text class="share" x="{middle_x:.0f}" y="{middle_y + 12:.0f}">{share:.2f}</text>')
    for node, (x, y) in enumerate(at):
        end = ' class="end"' if np.isfinite(lattice.final_label[node]) else ""
        lines.append(f'<circle{end} cx="{x}" cy="{y}" r="{RADIUS}"/>')
    width = 2 * MARGIN + ACROSS * int(column.max())
    height = 2 * MARGIN + DOWN * int(row.max()) + 30
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, *marks, "</svg>\n"])


def _places(lattice: Lattice, best: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of each node: as many words as lie before it at most; the first free row, 0 for the best path."""
    column = np.zeros(lattice.nodes, np.int64)
    for source, target in zip(lattice.sources, lattice.targets):
        column[target] = max(column[target], column[source] + 1)
    on_best = {0, *(int(lattice.targets[edge]) for edge in best)}
    row = np.zeros(lattice.nodes, np.int64)
    taken: dict[int, int] = {}
    for node in range(lattice.nodes):
        if node not in on_best:
            row[node] = taken[int(column[node])] = taken.get(int(column[node]), 0) + 1
    return column, row
