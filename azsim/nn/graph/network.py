"""Any graph as a network that can be compressed and run on the processor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azsim.nn.graph.graph import Graph
from azsim.nn.graph.lower import graph_programs
from azsim.nn.program import Program
from azsim.summary import Summarised


@dataclass(frozen=True, repr=False)
class GraphNetwork(Summarised):
    """A graph, where it came from, and how often its inputs come.

    Attributes:
        graph: with float parameters.
        source: of the graph, for errors.
        steps_per_s: of its inputs.
    """

    graph: Graph
    source: str
    steps_per_s: float

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "weights": self.weights,
            "nodes": len(self.graph.nodes),
            "steps_per_s": self.steps_per_s,
        }

    @property
    def name(self) -> str:
        """Of the graph."""
        return self.graph.name

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Of the graph."""
        return self.graph.parameters

    @property
    def weight_matrices(self) -> tuple[str, ...]:
        """Of the graph."""
        return self.graph.weight_matrices

    @cached_property
    def looked_up(self) -> frozenset[str]:
        """Matrices whose rows are read and multiplied with nothing."""
        multiplied = {matrix for program in self.programs().values() for matrix in program.matrices}
        return frozenset(self.weight_matrices) - multiplied

    @property
    def weights(self) -> int:
        """Number of weights in the compressed matrices."""
        return sum(self.parameters[name].size for name in self.weight_matrices)

    @cached_property
    def _programs(self) -> Mapping[str, Program]:
        return graph_programs(self.graph)

    def programs(self) -> Mapping[str, Program]:
        """One for each rate at which nodes run (`azsim.nn.graph.lower`)."""
        return self._programs

    def rates(self) -> Mapping[str, float]:
        """Program -> runs per second."""
        return {name: self.steps_per_s / float(program.period_steps) for name, program in self._programs.items()}
