"""Grids chosen by what they cost the outputs, on the inputs of a calibration: where each ends, which operand is int16.

::

    float graph, one operand rounded to its int8 grid ──> outputs ──> SNR against the float graph ──> int16 if too low
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from azsim.nn.graph.calibrate import (
    PERCENTILE,
    chosen_grids,
    may_be_wide,
    observed,
    rounded_weights,
)
from azsim.nn.graph.executor import Model
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Arrays, Execution, Granularity, State
from azsim.nn.graph.run import Stream, joined, run_float, run_integers, run_model, snr_db
from azsim.nn.graph.tensor import Grid

MOST_STEPS = 200
"""Steps, over all streams, that a choice is judged on."""
ENDS: tuple[float | None, ...] = (99.9, 99.99, 100.0, None)
"""Percentiles of a tensor's sizes at which grids may end; None: where rounding and saturation together lose least."""


def calibrated_nearest(
    graph: Graph,
    streams: Sequence[Stream],
    below_db: float | None = None,
    granularity: Granularity = "channel",
    hints: Mapping[str, Grid] | None = None,
) -> IntegerGraph:
    """Of the graphs whose grids end at each of `ENDS`, the one whose worst output is nearest the float graph's.

    Args:
        graph: float weights.
        streams: input -> ``(n, *shape)``.
        below_db: as `calibrated_within`; None for int8 operands alone.
        granularity, hints: as `azsim.nn.graph.calibrate.calibrated`.

    Raises:
        InputError: as there.
    """
    seen, weights = observed(graph, streams), rounded_weights(graph, granularity)
    wide = _costly(graph, streams, chosen_grids(graph, seen, hints=hints), below_db)
    short = _shortened(streams)
    exact = joined([run_float(graph, stream) for stream in short])

    def nearness(made: IntegerGraph) -> float:
        outputs = joined([run_integers(made, stream) for stream in short])
        return min(snr_db(exact[key], outputs[key]) for key in exact)

    made = (IntegerGraph(graph, weights, chosen_grids(graph, seen, end, hints, wide)) for end in ENDS)
    return max(made, key=nearness)


def calibrated_within(
    graph: Graph,
    streams: Sequence[Stream],
    below_db: float,
    granularity: Granularity = "channel",
    percentile: float | None = PERCENTILE,
    hints: Mapping[str, Grid] | None = None,
) -> IntegerGraph:
    """A graph in integers as `azsim.nn.graph.calibrate.calibrated` makes it, operands int16 where int8 costs too much.

    An int16 operand takes two passes of the lanes: it is for those few tensors whose values are spread over many
    octaves, such as samples and spectra.

    Args:
        graph: float weights.
        streams: input -> ``(n, *shape)``.
        below_db: an operand that alone brings an output below so many dB is int16.
        granularity, percentile, hints: as there.

    Raises:
        InputError: as there.
    """
    seen = observed(graph, streams)
    wide = _costly(graph, streams, chosen_grids(graph, seen, percentile, hints), below_db)
    return IntegerGraph(graph, rounded_weights(graph, granularity), chosen_grids(graph, seen, percentile, hints, wide))


def _costly(
    graph: Graph, streams: Sequence[Stream], grids: Mapping[str, Grid], below_db: float | None
) -> frozenset[str]:
    """Operands that alone bring an output below so many dB; none where no limit is given."""
    if below_db is None:
        return frozenset()
    return frozenset(name for name, snr in operand_costs(graph, streams, grids).items() if snr < below_db)


def operand_costs(graph: Graph, streams: Sequence[Stream], grids: Mapping[str, Grid]) -> dict[str, float]:
    """Operand that may be int16 -> SNR in dB of the worst output where it alone is int8, in the order of execution.

    Args:
        graph: float weights.
        streams: input -> ``(n, *shape)``; at most `MOST_STEPS` steps of all are run.
        grids: stated ones.
    """
    short = _shortened(streams)
    model = Model.in_float(graph)
    exact = joined([run_model(model, stream) for stream in short])
    found = {}
    for name in _candidates(graph, grids):
        grid = grids[name]
        own = replace(model, executions={**model.executions, **_rounding(graph, model, name, grid)})
        fed = [{key: _held(values, grid) if key == name else values for key, values in each.items()} for each in short]
        made = joined([run_model(own, stream) for stream in fed])
        found[name] = min(snr_db(exact[key], made[key]) for key in exact)
    return found


def _candidates(graph: Graph, grids: Mapping[str, Grid]) -> list[str]:
    """Stated int8 operands that may be int16."""
    return [
        name for name, grid in grids.items() if grid.bits == 8 and name in graph.tensors and may_be_wide(graph, name)
    ]


def _rounding(graph: Graph, model: Model, name: str, grid: Grid) -> dict[str, Execution]:
    """The node that makes a tensor, its output rounded; nothing for an input of the graph."""
    node = graph.producers.get(name)
    if node is None:
        return {}
    own, at = model.executions[node.name], node.outputs.index(name)

    def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
        outputs, after = own.run(state, inputs)
        return (*outputs[:at], _held(outputs[at], grid), *outputs[at + 1 :]), after

    return {node.name: Execution(own.start, run)}


def _held(values: np.ndarray, grid: Grid) -> np.ndarray:
    return grid.restore(grid.quantise(values)).astype(np.float32)


def _shortened(streams: Sequence[Stream]) -> list[dict[str, np.ndarray]]:
    each = max(1, MOST_STEPS // max(1, len(streams)))
    return [{name: values[:each] for name, values in stream.items()} for stream in streams[:MOST_STEPS]]
