"""Any graph as a network that can be compressed and run on the processor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.lower import graph_programs, wide_tensors
from azsim.nn.graph.operator import Granularity, Weights
from azsim.nn.graph.tensor import Grid
from azsim.nn.program import Program
from azsim.summary import Summarised


@dataclass(frozen=True, repr=False)
class GraphNetwork(Summarised):
    """A graph, where it came from, and how often its inputs come.

    Attributes:
        graph: with float parameters.
        source: of the graph, for errors.
        steps_per_s: of its inputs.
        grids: tensor, or ``node.internal``, -> grid; empty before it is calibrated.
        quantised: matrix -> int8 values that it came with; the graph's own are what they stand for.
        hints: tensor -> grid that it came with, taken where it is an operand of products.
        digest: sha-256 of its file's contents, hex; empty if it comes from none.
        verified: the file carried that digest itself.
        card: what its maker says of it besides, such as what its outputs stand for.
    """

    graph: Graph
    source: str
    steps_per_s: float
    grids: Mapping[str, Grid] = field(default_factory=dict)
    quantised: Mapping[str, Weights] = field(default_factory=dict)
    hints: Mapping[str, Grid] = field(default_factory=dict)
    digest: str = ""
    verified: bool = False
    card: Mapping[str, object] = field(default_factory=dict)

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "weights": self.weights,
            "nodes": len(self.graph.nodes),
            "steps_per_s": self.steps_per_s,
            "calibrated": bool(self.grids),
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

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """How many scales the rows of a matrix have at a granularity."""
        return self.graph.scale_groups(matrix, granularity)

    @property
    def is_bidirectional(self) -> bool:
        """Whether no device can run it: no graph is so."""
        return False

    def integers(self, weights: Mapping[str, Weights]) -> IntegerGraph:
        """The graph in integers, with these weights.

        Raises:
            InputError: it has not been calibrated, or the weights do not fit.
        """
        if not self.grids:
            raise InputError(f"{self.source}: has no grids for its tensors; calibrate it with inputs of its own")
        return IntegerGraph(self.graph, weights, self.grids)

    @property
    def weights(self) -> int:
        """Number of weights in the compressed matrices."""
        return sum(self.parameters[name].size for name in self.weight_matrices)

    @cached_property
    def _programs(self) -> Mapping[str, Program]:
        return graph_programs(self.graph, wide_tensors(self.graph, self.grids))

    def programs(self) -> Mapping[str, Program]:
        """One for each rate at which nodes run (`azsim.nn.graph.lower`)."""
        return self._programs

    def rates(self) -> Mapping[str, float]:
        """Program -> runs per second."""
        return {name: self.steps_per_s / float(program.period_steps) for name, program in self._programs.items()}
