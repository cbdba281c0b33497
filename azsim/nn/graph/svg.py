"""A graph as a drawing: nodes in layers from top to bottom, tensors as lines between them, state as dashed lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Grid
from azsim.nn.graph.text import described

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 230, 42, 20, 34, 16
STYLE = (
    "text{font:11px sans-serif;fill:#222}.small{font-size:9px;fill:#666}"
    "rect{fill:#eef3fa;stroke:#5b7aa6}.end{fill:#f4f4f4;stroke:#999}"
    "path{fill:none;stroke:#888}.state{stroke:#b5651d;stroke-dasharray:4 3}"
)


def graph_svg(graph: Graph, grids: Mapping[str, Grid | None] | None = None) -> str:
    """A whole SVG document of one graph; arguments as in `graphs_svg`."""
    return graphs_svg([(graph, grids)])


def graphs_svg(graphs: Sequence[tuple[Graph, Mapping[str, Grid | None] | None]]) -> str:
    """A whole SVG document: graphs side by side, each with its name.

    Args:
        graphs: each with the grids of its tensors, where they are known; they stand beside the shapes.
    """
    body, right, bottom = [], 0, 0
    for graph, grids in graphs:
        width, height, own = _drawing(graph, grids)
        name = f'<text x="{MARGIN}" y="{MARGIN}">{escape(graph.name)}</text>'
        body.append(f'<g transform="translate({right} 0)">{name}<g transform="translate(0 {MARGIN})">{own}</g></g>')
        right, bottom = right + width, max(bottom, height + MARGIN)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right} {bottom}" width="{right}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *body, "</svg>\n"])


def _drawing(graph: Graph, grids: Mapping[str, Grid | None] | None) -> tuple[int, int, str]:
    """Width, height and elements of one graph."""
    layers = _layers(graph)
    at: dict[str, tuple[int, int]] = {}
    for row, names in enumerate(layers):
        for column, name in enumerate(names):
            at[name] = (MARGIN + column * (WIDTH + ACROSS), MARGIN + row * (HEIGHT + DOWN))
    widest = max(len(names) for names in layers)
    size = (2 * MARGIN + widest * (WIDTH + ACROSS) - ACROSS, 2 * MARGIN + len(layers) * (HEIGHT + DOWN) - DOWN)
    makers = {name: f"in {name}" for name in graph.inputs} | {each.name: f"in {each.name}" for each in graph.carried}
    makers |= {name: node.name for node in graph.nodes for name in node.outputs}
    lines, boxes = [], []
    for node in graph.nodes:
        lines += [_line(at[makers[name]], at[node.name]) for name in node.inputs]
        made = ", ".join(f"{name} ({graph.tensors[name]}){_grid(name, grids)}" for name in node.outputs)
        boxes.append(_box(at[node.name], f"{node.name}: {described(node.operator)}", made, ""))
    for name in graph.inputs:
        boxes.append(_box(at[f"in {name}"], f"input {name}", f"{graph.tensors[name]}{_grid(name, grids)}", "end"))
    for each in graph.carried:
        boxes.append(_box(at[f"in {each.name}"], f"state {each.name}", f"{each.source} of the step before", "end"))
        lines.append(_line(at[makers[each.source]], at[f"in {each.name}"], "state"))
    for name in graph.outputs:
        lines.append(_line(at[makers[name]], at[f"out {name}"]))
        boxes.append(_box(at[f"out {name}"], f"output {name}", f"{graph.tensors[name]}{_grid(name, grids)}", "end"))
    return *size, "\n".join([*lines, *boxes])


def _layers(graph: Graph) -> list[list[str]]:
    """Boxes by their distance from the inputs: a node lies below all that it reads."""
    depth = {name: 0 for name in (*graph.inputs, *(each.name for each in graph.carried))}
    rows: dict[int, list[str]] = {0: [f"in {name}" for name in depth]}
    for node in graph.nodes:
        row = 1 + max((depth[name] for name in node.inputs), default=0)
        depth |= dict.fromkeys(node.outputs, row)
        rows.setdefault(row, []).append(node.name)
    rows[max(rows) + 1] = [f"out {name}" for name in graph.outputs]
    return [rows[row] for row in sorted(rows)]


def _box(at: tuple[int, int], title: str, below: str, kind: str) -> str:
    x, y = at
    return (
        f'<g><title>{escape(title)}&#10;{escape(below)}</title><rect class="{kind}" x="{x}" y="{y}" rx="4" '
        f'width="{WIDTH}" height="{HEIGHT}"/><text x="{x + 8}" y="{y + 17}">{escape(_cut(title, 38))}</text>'
        f'<text class="small" x="{x + 8}" y="{y + 33}">{escape(_cut(below, 48))}</text></g>'
    )


def _line(start: tuple[int, int], end: tuple[int, int], kind: str = "") -> str:
    (x0, y0), (x1, y1) = (start[0] + WIDTH // 2, start[1] + HEIGHT), (end[0] + WIDTH // 2, end[1])
    bend = DOWN if y1 > y0 else 2 * DOWN
    return f'<path class="{kind}" d="M{x0} {y0}C{x0} {y0 + bend} {x1} {y1 - bend} {x1} {y1}"/>'


def _grid(name: str, grids: Mapping[str, Grid | None] | None) -> str:
    grid = (grids or {}).get(name)
    return f" {grid}" if grid else ""


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
