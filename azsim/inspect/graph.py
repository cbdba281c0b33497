"""The graphs of a network beside what else is said of it: as lines of text, as a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from azsim.compress.network import CompressedNetwork
from azsim.inspect.inspection import Inspection
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.svg import graphs_svg
from azsim.nn.graph.tensor import Grid
from azsim.nn.graph.text import graph_text
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.output_file import check_output_file, replacing


def with_graphs(found: Inspection, small: CompressedNetwork, listed: bool, drawing: Path | None) -> Inspection:
    """An inspection with the graphs of the network.

    Args:
        found: what was found otherwise.
        small: the compressed network.
        listed: print the graphs, with shapes and scales.
        drawing: a file for them as SVG.

    Raises:
        InputError: the file cannot be written.
        WorkError: writing it failed.
    """
    if drawing is not None:
        check_output_file(drawing)
    parts = _graphs(small)
    answer, lines = dict(found.answer), found.lines
    if listed:
        answer["graphs"] = texts = [graph_text(*each) for each in parts]
        lines = (*lines, *(line for text in texts for line in (*text.splitlines(), "")))
    if drawing is not None:
        with replacing(drawing) as file:
            file.write(graphs_svg(parts).encode())
        answer["drawing"] = str(drawing)
    return replace(found, answer=answer, lines=lines)


def _graphs(small: CompressedNetwork) -> list[tuple[Graph, Mapping[str, Grid | None] | None]]:
    """Each graph with the grids of its tensors; None for one that has not been calibrated."""
    network = small.network
    if not isinstance(network, GraphNetwork):
        graphs = integer_rnnt_graphs(small)
        return [(each.graph, each.grids) for each in (graphs.encoder, graphs.prediction, graphs.joint)]
    if not network.grids:
        return [(network.graph, None)]
    return [(network.graph, network.integers(small.integer_weights).grids)]
