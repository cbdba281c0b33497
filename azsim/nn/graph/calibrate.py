"""From a float graph and a user's inputs to an integer graph: ranges seen, grids chosen, weights rounded.

::

    inputs ──float reference──> how large each tensor gets ──> grids     float matrices ──> int8, scales per group

A tensor that is an operand of products is int8, or int16 where that is asked for (`azsim.nn.graph.sensitivity`); what
goes into tables only is Q4.11; all else is int16. Grids that a model came with are kept where they are of operands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node, operands, readers_through_moves
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Granularity, GridBitsChoice, Operand, Weights, finest_grid
from azsim.nn.graph.tensor import GATE_GRID, LIMITS, Grid
from azsim.nn.sums import MOST_INT8, sums_fit

Pieces = Mapping[str, np.ndarray]
PERCENTILE = 99.99
"""Of a tensor's sizes; what lies beyond saturates."""
CELL_PERCENTILE = 99.9
"""Of a cell state: a few count up without end, and saturating them costs less than a coarse step for all."""
SEARCHED = 4
"""Octaves below the largest value among which a grid's end is looked for."""
PER_OCTAVE, LOWEST_EXPONENT, OCTAVES = 64, -60, 120


@dataclass
class SizeHistogram:
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

    def least_error(self, limit: int) -> float:
        """The size at the end of the grid of ``limit`` steps whose rounding and saturation lose least; 0 for zeros.

        Squared errors are summed over the bins: a value below half a step is lost whole, one within the grid loses a
        twelfth of a squared step, one beyond it what it lies beyond.
        """
        filled = np.flatnonzero(self.counts)
        filled = filled[filled > 0]
        if not filled.size:
            return 0.0
        sizes, counts = 2.0 ** (LOWEST_EXPONENT + filled / PER_OCTAVE), self.counts[filled]
        ends = 2.0 ** (LOWEST_EXPONENT + np.arange(filled[-1] - SEARCHED * PER_OCTAVE, filled[-1] + 1) / PER_OCTAVE)
        step = ends[:, None] / limit
        within = np.minimum(sizes**2, step**2 / 12)
        errors = np.where(sizes <= ends[:, None], within, (sizes - ends[:, None]) ** 2) @ counts
        return float(ends[len(ends) - 1 - int(np.argmin(errors[::-1]))])


def calibrated(
    graph: Graph,
    pieces: Iterable[Pieces] | Iterable[Iterable[Pieces]],
    granularity: Granularity = "channel",
    percentile: float | None = PERCENTILE,
    hints: Mapping[str, Grid] | None = None,
) -> IntegerGraph:
    """A graph in integers, its grids from what the float graph computes of real inputs.

    Args:
        graph: float weights.
        pieces: streams, each an iterable of pieces (input -> ``(n, *shape)``), or one such mapping for a whole stream.
        granularity: scales of the int8 weights.
        percentile: of the sizes of a tensor that its grid holds; None for the grid that loses least.
        hints: tensor -> grid that it came with (`chosen_grids`).

    Raises:
        InputError: a tensor holds values that are not finite numbers, or there are no inputs.
    """
    seen = observed(graph, pieces)
    return IntegerGraph(graph, rounded_weights(graph, granularity), chosen_grids(graph, seen, percentile, hints))


def observed(graph: Graph, pieces: Iterable[Pieces] | Iterable[Iterable[Pieces]]) -> dict[str, SizeHistogram]:
    """Tensor, or ``node.internal``, -> the sizes that the float reference gave it.

    Raises:
        InputError: a tensor holds values that are not finite numbers, or there are no inputs.
    """
    seen: dict[str, SizeHistogram] = {}

    def observe(name: str, values: np.ndarray) -> None:
        try:
            seen.setdefault(name, SizeHistogram()).add(values)
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


def chosen_grids(
    graph: Graph,
    seen: Mapping[str, SizeHistogram],
    percentile: float | None = PERCENTILE,
    hints: Mapping[str, Grid] | None = None,
    wide: Collection[str] = (),
) -> dict[str, Grid]:
    """Tensor, or ``node.internal``, -> grid, for all that need one stated.

    Args:
        graph: the network.
        seen: sizes, as `observed`.
        percentile: of the sizes of a tensor that its grid holds; None for the grid that loses least.
        hints: tensor -> grid that it came with, kept where the tensor, or what it was moved from, is an operand of
            products and its operator takes that grid.
        wide: operands of products that are int16.
    """
    kept = _origins(graph, hints or {})
    follows = {each.name: _origin(graph, each.source) for each in graph.carried}

    def readers(name: str) -> set[Operand]:
        """What a tensor is for, at the step after through states that follow it too."""
        later = [state for state, source in follows.items() if source == name and state != name]
        return operands(graph, name).union(*(operands(graph, state) for state in later))

    def chosen(name: str) -> Grid:
        wanted = readers(name)
        bits: GridBitsChoice = 8 if "product" in wanted and name not in wide else 16
        if bits == 16 and wanted == {"gate"}:
            return GATE_GRID
        node = graph.producers.get(name)
        if bits == 8 and name in kept and (node is None or node.operator.chosen_grid("", 1.0, 8).bits == 8):
            return kept[name]
        largest = 0.0
        if name in seen:
            least = percentile is None and bits == 8
            largest = seen[name].least_error(LIMITS[8]) if least else seen[name].percentile(percentile or PERCENTILE)
        return finest_grid(largest, bits) if node is None else node.operator.chosen_grid("", largest, bits)

    stated = {name: chosen(name) for name, tensor in graph.inputs.items() if tensor.holds == "values"}
    for node in graph.nodes:
        for each in node.operator.internals:
            name, share = f"{node.name}.{each}", CELL_PERCENTILE if each == "cell" else percentile or PERCENTILE
            largest = seen[name].percentile(share) if name in seen else 0.0
            stated[name] = node.operator.chosen_grid(each, largest, 16 if each == "cell" else 8)
        if not node.operator.derives:
            stated |= {name: chosen(name) for name in node.outputs}
    for name in follows:  # a state may follow another one
        source = follows[name]
        while source in follows and source != name:
            source = follows[source]
        if source in stated:
            stated[name] = stated[source]
    return stated


def _origin(graph: Graph, tensor: str) -> str:
    """The tensor from which another was only moved."""
    while tensor in graph.producers and graph.producers[tensor].operator.moves:
        tensor = graph.producers[tensor].inputs[0]
    return tensor


def may_be_wide(graph: Graph, tensor: str) -> bool:
    """Whether an operand of products may be int16: its maker can give that, all its readers take it, sums fit."""
    producer = graph.producers.get(tensor)
    if any(tensor in (each.name, _origin(graph, each.source)) for each in graph.carried):
        return False
    if producer is not None and producer.operator.chosen_grid("", 1.0, 16).bits != 16:
        return False
    readers = [each for each in readers_through_moves(graph, tensor) if each[0].operator.operand(each[1]) == "product"]
    return bool(readers) and all(node.operator.takes_wide(index) and _sums_fit(graph, node) for node, index in readers)


def _sums_fit(graph: Graph, node: Node) -> bool:
    """Whether sums with int16 values fit, with the largest weight of every row at the end of int8."""
    for role, name in node.parameters.items():
        if role in node.operator.matrices:
            matrix = np.abs(np.asarray(graph.parameters[name], np.float64))
            largest = np.maximum(matrix.max(axis=1, initial=0), np.finfo(float).tiny)
            if not sums_fit(np.ceil(matrix / largest[:, None] * MOST_INT8).astype(np.int64)):
                return False
    return True


def _origins(graph: Graph, hints: Mapping[str, Grid]) -> dict[str, Grid]:
    """Hints that can be kept, by the tensor from which theirs was only moved."""
    found: dict[str, Grid] = {}
    for name, grid in hints.items():
        at = _origin(graph, name)
        if grid.bits == 8 or may_be_wide(graph, at):
            found.setdefault(at, grid)
    return found
