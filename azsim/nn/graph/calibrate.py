"""From a float graph and a user's inputs to an integer graph: ranges seen, grids chosen, weights rounded.

::

    inputs ──float reference──> how large each tensor gets ──> grids     float matrices ──> int8, scales per group

A tensor that is an operand of products is int8; what goes into tables only is Q4.11; all else is int16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, operands
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Granularity, GridBitsChoice, Weights, finest_grid
from azsim.nn.graph.tensor import GATE_GRID, Grid

Pieces = Mapping[str, np.ndarray]
PERCENTILE = 99.99
"""Of a tensor's sizes; what lies beyond saturates."""
CELL_PERCENTILE = 99.9
"""Of a cell state: a few count up without end, and saturating them costs less than a coarse step for all."""
PER_OCTAVE, LOWEST_EXPONENT, OCTAVES = 64, -60, 120


@dataclass
class Sizes:
    """How large the values of a tensor got: a histogram of 64 bins an octave, from 2**-60 to 2**60."""

    counts: np.ndarray = field(default_factory=lambda: np.zeros(PER_OCTAVE * OCTAVES + 1, np.int64))

    def add(self, values: np.ndarray) -> None:
        """Take more values.

        Raises:
            InputError: some are not finite numbers.
        """
        sizes = np.abs(np.asarray(values, np.float64)).ravel()
        if not np.isfinite(sizes).all():
            raise InputError("holds values that are not finite numbers")
        bins = np.zeros(sizes.size, np.int64)
        above = sizes > 2.0**LOWEST_EXPONENT
        bins[above] = np.ceil((np.log2(sizes[above]) - LOWEST_EXPONENT) * PER_OCTAVE)
        np.add.at(self.counts, np.minimum(bins, len(self.counts) - 1), 1)

    def percentile(self, share: float) -> float:
        """The size that so many per cent of the values do not pass, rounded up by at most 1.1 %; 0 for zeros."""
        total = int(self.counts.sum())
        at = int(np.searchsorted(np.cumsum(self.counts), total * share / 100)) if total else 0
        return 2.0 ** (LOWEST_EXPONENT + at / PER_OCTAVE) if at else 0.0


def calibrated(
    graph: Graph,
    pieces: Iterable[Pieces] | Iterable[Iterable[Pieces]],
    granularity: Granularity = "channel",
    percentile: float = PERCENTILE,
) -> IntegerGraph:
    """A graph in integers, its grids from what the float graph computes of real inputs.

    Args:
        graph: float weights.
        pieces: streams, each an iterable of pieces (input -> ``(n, *shape)``), or one such mapping for a whole stream.
        granularity: scales of the int8 weights.
        percentile: of the sizes of a tensor that its grid holds.

    Raises:
        InputError: a tensor holds values that are not finite numbers, or there are no inputs.
    """
    seen = observed(graph, pieces)
    return IntegerGraph(graph, rounded_weights(graph, granularity), chosen_grids(graph, seen, percentile))


def observed(graph: Graph, pieces: Iterable[Pieces] | Iterable[Iterable[Pieces]]) -> dict[str, Sizes]:
    """Tensor, or ``node.internal``, -> the sizes that the float reference gave it.

    Raises:
        InputError: a tensor holds values that are not finite numbers, or there are no inputs.
    """
    seen: dict[str, Sizes] = {}

    def observe(name: str, values: np.ndarray) -> None:
        try:
            seen.setdefault(name, Sizes()).add(values)
        except InputError as error:
            raise InputError(f"graph {graph.name}: tensor {name}: {error}") from error

    model = Model.in_float(graph, observe)
    for stream in pieces:
        executor = Executor(model)
        for piece in [stream] if isinstance(stream, Mapping) else stream:
            for name, values in piece.items():
                if name in graph.inputs and graph.inputs[name].holds == "values":
                    observe(name, values)
            executor.push(piece)
    if not any(sizes.counts.any() for sizes in seen.values()):
        raise InputError(f"graph {graph.name}: nothing to calibrate with")
    return seen


def rounded_weights(graph: Graph, granularity: Granularity) -> dict[str, Weights]:
    """Each matrix in int8, the largest of each group at 127, halves away from zero."""
    found = {}
    for node in graph.nodes:
        for role, name in node.parameters.items():
            if role in node.operator.matrices:
                matrix = np.asarray(graph.parameters[name], np.float64)
                found[name] = rounded(matrix, node.operator.scale_groups(role, len(matrix), granularity))
    return found


def rounded(matrix: np.ndarray, groups: int) -> Weights:
    """A matrix in int8 with a scale for each of ``groups`` groups of rows."""
    largest = np.abs(matrix).reshape(groups, matrix.size // groups).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1.0)
    steps = matrix / np.repeat(scales, len(matrix) // groups)[:, None]
    return Weights(np.copysign(np.floor(np.abs(steps) + 0.5), steps).astype(np.int8), scales)


def chosen_grids(graph: Graph, seen: Mapping[str, Sizes], percentile: float = PERCENTILE) -> dict[str, Grid]:
    """Tensor, or ``node.internal``, -> grid, for all that need one stated."""
    follows = {each.name: each.source for each in graph.carried}
    heads = {each.source: each.name for each in graph.carried}

    def chosen(name: str) -> Grid:
        wanted = operands(graph, name) | (operands(graph, heads[name]) if name in heads else set())
        largest = seen[name].percentile(percentile) if name in seen else 0.0
        bits: GridBitsChoice = 8 if "product" in wanted else 16
        if bits == 16 and wanted == {"gate"}:
            return GATE_GRID
        node = graph.producers.get(name)
        return finest_grid(largest, bits) if node is None else node.operator.chosen_grid("", largest, bits)

    stated = {name: chosen(name) for name, tensor in graph.inputs.items() if tensor.holds == "values"}
    for node in graph.nodes:
        for each in node.operator.internals:
            name, share = f"{node.name}.{each}", CELL_PERCENTILE if each == "cell" else percentile
            largest = seen[name].percentile(share) if name in seen else 0.0
            stated[name] = node.operator.chosen_grid(each, largest, 16 if each == "cell" else 8)
        if not node.operator.derives:
            stated |= {name: chosen(name) for name in node.outputs}
    return stated | {name: stated[source] for name, source in follows.items() if source in stated}
