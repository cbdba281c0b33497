"""A whole stream through a graph, in float or in integers: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph

Stream = Mapping[str, np.ndarray]
"""Input -> ``(n, *shape)``."""
PIECE = 64
"""Steps that are pushed at a time."""


def run_float(graph: Graph, stream: Stream) -> dict[str, np.ndarray]:
    """Output -> ``(m, *shape)`` of the float reference.

    Raises:
        InputError: an input is missing or does not fit.
    """
    return run_model(Model.in_float(graph), stream)


def run_model(model: Model, stream: Stream) -> dict[str, np.ndarray]:
    """The same of a model that is laid out, in float or on its grids.

    Raises:
        InputError: as `run_float`.
    """
    return _pushed(Executor(model), stream)


def run_integers(integers: IntegerGraph, stream: Stream) -> dict[str, np.ndarray]:
    """The same of the integer kernels: inputs are rounded to their grids, outputs are the values that theirs stand for.

    Raises:
        InputError: as `run_float`.
    """
    grids = integers.grids
    fed = {name: values if grids.get(name) is None else grids[name].quantise(values) for name, values in stream.items()}
    made = _pushed(Executor(Model.in_integers(integers)), fed)
    return {name: values if grids[name] is None else grids[name].restore(values) for name, values in made.items()}


def joined(made: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The outputs of several streams, one after another."""
    return {name: np.concatenate([each[name] for each in made]) for name in made[0]}


def snr_db(wanted: np.ndarray, found: np.ndarray) -> float:
    """Signal-to-noise ratio of arrays of one shape; infinite where nothing differs."""
    exact = np.asarray(wanted, np.float64)
    noise, signal = float(np.sum((np.asarray(found, np.float64) - exact) ** 2)), float(np.sum(exact**2))
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")


def _pushed(executor: Executor, stream: Stream) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {}
    for start in range(0, max((len(values) for values in stream.values()), default=0), PIECE):
        made = executor.push({name: values[start : start + PIECE] for name, values in stream.items()})
        for name, values in made.items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}
