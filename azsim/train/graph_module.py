"""A graph as a module of PyTorch: the same nodes on batches of streams, its weights rounded as the chip will have them.

::

    Graph ──GraphModule──> forward, backward ──graph()──> Graph with what was learned ──calibrated──> IntegerGraph
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.autograd import Function

from azsim.errors import InputError, located
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.operator import Granularity
from azsim.train.levels import levels_of
from azsim.train.torch_operators import forward


class GraphModule(nn.Module):
    """Runs a graph on ``(B, n, *shape)`` inputs from the start of every stream; all its parameters are trained.

    Attributes:
        rounding: how weights are rounded in the forward pass; None for not at all. It may be set at any step.

    Raises:
        InputError: the graph carries state of its own besides that of its operators.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        if graph.carried:
            raise InputError(f"graph {graph.name}: carries {graph.carried[0].name}: cannot be trained")
        self._graph = graph
        self._places = {name: f"p{i}" for i, name in enumerate(graph.parameters)}
        for name, place in self._places.items():
            value = torch.tensor(np.asarray(graph.parameters[name], np.float32))
            self.register_parameter(place, nn.Parameter(value))
        self.rounding: Rounding | None = None

    def parameter(self, name: str) -> torch.Tensor:
        """A parameter by its name in the graph."""
        return getattr(self, self._places[name])

    def forward(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Every tensor of the graph by its name, ``(B, m, *shape)``; so a loss may take what lies before an output.

        Raises:
            InputError: an input is missing, or an operator cannot be trained.
        """
        graph, found = self._graph, dict(inputs)
        missing = graph.inputs.keys() ^ inputs.keys()
        if missing:
            raise InputError(f"graph {graph.name}: fed {', '.join(inputs)}: takes {', '.join(graph.inputs)}")
        for node in graph.nodes:
            taken = tuple(found[name] for name in node.inputs)
            steps = min(each.shape[1] for each in taken)
            with located(f"graph {graph.name}: node {node.name}"):
                made = forward(node.operator, tuple(each[:, :steps] for each in taken), self._roles(node))
            found[node.outputs[0]] = made
        return found

    def graph(self) -> Graph:
        """The graph with the parameters as they are now, its weights rounded where they are in the forward pass."""
        with torch.no_grad():
            learned = {name: self.parameter(name).detach().clone() for name in self._places}
            for node in self._graph.nodes:
                for role, value in self._roles(node).items():
                    learned[node.parameters[role]] = value.detach().clone()
        return replace(self._graph, parameters={name: value.numpy() for name, value in learned.items()})

    def _roles(self, node: Node) -> dict[str, torch.Tensor]:
        found = {role: self.parameter(name) for role, name in node.parameters.items()}
        if self.rounding is not None:
            for role in node.operator.matrices:
                if role in found:
                    rows = len(found[role])
                    groups = node.operator.scale_groups(role, rows, self.rounding.granularity)
                    found[role] = self.rounding(found[role], groups)
        return found


class Rounding:
    """Weights on the values that the device has for them; gradients go straight through.

    With 8 bits they are those of `azsim.nn.graph.calibrate.rounded`, a scale for each group of rows; with fewer those
    that the quantiser of a codec chooses for the matrix, so that compressing by that codec changes none.

    Args:
        weight_bits: 1 to 8.
        codec: of fewer than 8 bits.
        granularity: of the scales of 8 bits.

    **Source:** straight-through gradients: Bengio et al. 2013 (arXiv:1308.3432).
    """

    def __init__(self, weight_bits: int = 8, codec: str = "packed", granularity: Granularity = "channel") -> None:
        self.weight_bits, self.codec, self.granularity = weight_bits, codec, granularity

    def __call__(self, matrix: torch.Tensor, groups: int) -> torch.Tensor:
        """The rounded matrix; ``groups`` of rows have a scale each."""
        if self.weight_bits == 8:
            return _StraightThrough.apply(matrix, _per_group(matrix.detach(), groups))
        levels = torch.from_numpy(levels_of(matrix.detach().numpy(), self.weight_bits, self.codec))
        if len(levels) < 2:
            return matrix
        at = torch.bucketize(matrix.detach(), (levels[1:] + levels[:-1]) / 2)
        return _StraightThrough.apply(matrix, levels[at])


class _StraightThrough(Function):
    """The second argument forward, the gradient to the first."""

    @staticmethod
    def forward(ctx, matrix: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
        return rounded

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grad, None


def _per_group(matrix: torch.Tensor, groups: int) -> torch.Tensor:
    largest = matrix.reshape(groups, -1).abs().amax(1)
    scale = torch.where(largest > 0, largest / 127, torch.ones_like(largest))
    scale = scale.repeat_interleave(len(matrix) // groups)[:, None]
    steps = matrix / scale
    return torch.copysign(torch.floor(steps.abs() + 0.5), steps) * scale
