"""Run a graph on a stream that comes in pieces of any length; what comes out does not depend on how it was cut.

::

    pieces ──push──> nodes in order, each on all steps that are there ──> outputs
             states are kept between pushes; where two inputs of a node come at different times, the earlier waits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Arrays, Execution, FloatNode, Observe, State
from azsim.nn.graph.tensor import Grid, Tensor


@dataclass(frozen=True)
class Snapshot:
    """All that an executor carries; it may be gone back to any number of times."""

    states: Mapping[str, State]
    waiting: Mapping[str, Arrays]
    carried: Mapping[str, np.ndarray]

    @property
    def size_bytes(self) -> int:
        """Bytes of the arrays that are carried."""
        groups = (*self.states.values(), *self.waiting.values(), tuple(self.carried.values()))
        return sum(array.nbytes for group in groups for array in group)


@dataclass(frozen=True)
class Model:
    """A graph whose operators are laid out to run, in float or in integers; it keeps no state and may be shared.

    Attributes:
        graph: the network.
        executions: node -> how it runs.
        types: tensor -> NumPy type of its arrays.
        starts: carried tensor -> its value before the first step.
    """

    graph: Graph
    executions: Mapping[str, Execution]
    types: Mapping[str, type[np.generic]]
    starts: Mapping[str, np.ndarray]

    @staticmethod
    def in_float(graph: Graph, observe: Observe | None = None) -> Model:
        """The float32 reference; ``observe`` sees every tensor of values, internal ones as ``node.name``."""
        graph.refuse_no_numbers()
        tensors, executions = graph.tensors, {}
        for node in graph.nodes:
            at = FloatNode(
                inputs=tuple(tensors[name] for name in node.inputs),
                outputs=tuple(tensors[name] for name in node.outputs),
                parameters={r: np.asarray(graph.parameters[name], np.float32) for r, name in node.parameters.items()},
                observe=_prefixed(node.name, observe),
            )
            executions[node.name] = _observed(node.operator.float(at), node, tensors, observe)
        starts = {each.name: _start(each.tensor, each.start, None) for each in graph.carried}
        return Model(graph, executions, {name: _float_type(tensor) for name, tensor in tensors.items()}, starts)

    @staticmethod
    def in_integers(integers: IntegerGraph) -> Model:
        """The bit-exact integer kernels."""
        graph, grids = integers.graph, integers.grids
        types = {name: _integer_type(tensor, grids[name]) for name, tensor in graph.tensors.items()}
        starts = {each.name: _start(each.tensor, each.start, grids[each.name]) for each in graph.carried}
        return Model(graph, integers.executions(), types, starts)


    def showing_all(self) -> Model:
        """The same model whose outputs are all tensors that its nodes make."""
        names = tuple(name for node in self.graph.nodes for name in node.outputs)
        return replace(self, graph=replace(self.graph, outputs=names))


class Executor:
    """One stream through a model.

    Args:
        model: what to run.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._states = {name: execution.start for name, execution in model.executions.items()}
        self._waiting = {node.name: self._none(node) for node in model.graph.nodes if len(node.inputs) > 1}
        looped = model.graph.looped
        nodes = model.graph.nodes
        self._loop = [node for node in nodes if node.name in looped]
        made = {name for node in self._loop for name in node.outputs}
        self._before: list[Node] = []
        self._after: list[Node] = []
        reads = made | {each.name for each in model.graph.carried}
        for node in nodes:
            if node.name not in looped:
                later = bool(reads & set(node.inputs))
                (self._after if later else self._before).append(node)
                if later:
                    reads |= set(node.outputs)
        wanted = {name for node in self._loop for name in node.inputs} | {each.source for each in model.graph.carried}
        self._entering = sorted(wanted - made - {each.name for each in model.graph.carried})
        self._carried = dict(model.starts)
        self._queued = {name: self._empty(name) for name in self._entering}

    def push(self, pieces: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Take the next steps of every input.

        Args:
            pieces: input -> ``(n, *shape)``: float32 in float, on the input's grid in integers.

        Returns:
            Output -> ``(m, *shape)``: as many as are complete.

        Raises:
            InputError: an input is missing, unknown, or of the wrong shape or type.
        """
        found = self._checked(pieces)
        for node in self._before:
            self._run(node, found)
        if self._carried:
            self._run_loop(found)
        for node in self._after:
            self._run(node, found)
        return {name: found[name] for name in self._model.graph.outputs}

    def snapshot(self) -> Snapshot:
        """What is carried now; later pushes do not change it."""
        return Snapshot(dict(self._states), dict(self._waiting), {**self._carried, **self._queued})

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this model."""
        self._states, self._waiting = dict(snapshot.states), dict(snapshot.waiting)
        self._carried = {name: snapshot.carried[name] for name in self._carried}
        self._queued = {name: snapshot.carried[name] for name in self._queued}

    def _checked(self, pieces: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        graph, found = self._model.graph, {}
        if set(pieces) != set(graph.inputs):
            given = ", ".join(pieces) or "nothing"
            raise InputError(f"graph {graph.name}: fed {given}: takes {', '.join(graph.inputs)}")
        for name, tensor in graph.inputs.items():
            piece, wanted = np.asarray(pieces[name]), self._model.types[name]
            if piece.shape[1:] != tensor.shape or piece.ndim != 1 + len(tensor.shape):
                raise InputError(f"graph {graph.name}: input {name}: shape {piece.shape}: must be (n, {tensor})")
            if not np.can_cast(piece.dtype, wanted, "same_kind"):
                raise InputError(f"graph {graph.name}: input {name}: {piece.dtype}: must be {np.dtype(wanted)}")
            found[name] = np.ascontiguousarray(piece, wanted)
        return found

    def _run(self, node: Node, found: dict[str, np.ndarray]) -> None:
        inputs: Arrays = tuple(found[name] for name in node.inputs)
        if len(inputs) > 1:
            inputs = self._together(node, inputs)
        outputs, self._states[node.name] = self._model.executions[node.name].run(self._states[node.name], inputs)
        found.update(zip(node.outputs, outputs, strict=True))

    def _together(self, node: Node, inputs: Arrays) -> Arrays:
        """As many steps as all inputs have; the rest waits."""
        waiting = self._waiting[node.name]
        if any(len(each) for each in waiting):
            inputs = tuple(np.concatenate(pair) for pair in zip(waiting, inputs, strict=True))
        count = min(len(each) for each in inputs)
        if any(len(each) > count for each in inputs) or any(len(each) for each in waiting):
            self._waiting[node.name] = tuple(each[count:].copy() for each in inputs)
        return tuple(each[:count] for each in inputs)

    def _run_loop(self, found: dict[str, np.ndarray]) -> None:
        carried, graph = self._carried, self._model.graph
        queued = {name: np.concatenate([self._queued[name], found[name]]) for name in self._entering}
        count = min((len(each) for each in queued.values()), default=0)
        made: dict[str, list[np.ndarray]] = {name: [] for node in self._loop for name in node.outputs}
        seen: dict[str, list[np.ndarray]] = {name: [] for name in carried}
        for k in range(count):
            step = {name: each[k : k + 1] for name, each in queued.items()}
            for name, value in carried.items():
                step[name] = value[None]
                seen[name].append(step[name])
            for node in self._loop:
                self._run(node, step)
                if any(len(step[name]) != 1 for name in node.outputs):
                    raise InputError(f"graph {graph.name}: node {node.name}: waits for more steps within a loop")
            for name, values in made.items():
                values.append(step[name])
            self._carried = carried = {each.name: step[each.source][0] for each in graph.carried}
        self._queued = {name: each[count:].copy() for name, each in queued.items()}
        for name, values in (*made.items(), *seen.items()):
            found[name] = np.concatenate([self._empty(name), *values])

    def _empty(self, name: str) -> np.ndarray:
        return np.zeros((0, *self._model.graph.tensors[name].shape), self._model.types[name])

    def _none(self, node: Node) -> Arrays:
        return tuple(self._empty(name) for name in node.inputs)


def _prefixed(node: str, observe: Observe | None) -> Observe:
    if observe is None:
        return lambda name, values: None
    return lambda name, values: observe(f"{node}.{name}", values)


def _observed(
    execution: Execution, node: Node, tensors: Mapping[str, Tensor], observe: Observe | None
) -> Execution:
    if observe is None:
        return execution

    def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
        outputs, after = execution.run(state, inputs)
        for name, values in zip(node.outputs, outputs, strict=True):
            if tensors[name].holds == "values":
                observe(name, values)
        return outputs, after

    return Execution(execution.start, run)


def _start(tensor: Tensor, start: np.ndarray | None, grid: Grid | None) -> np.ndarray:
    values = np.zeros(tensor.shape, np.float32) if start is None else np.asarray(start, np.float32)
    return values if grid is None else grid.quantise(values)


def _float_type(tensor: Tensor) -> type[np.generic]:
    return {"values": np.float32, "index": np.int64, "flag": np.bool_}[tensor.holds]


def _integer_type(tensor: Tensor, grid: Grid | None) -> type[np.generic]:
    return {"index": np.int64, "flag": np.bool_}[tensor.holds] if grid is None else grid.dtype
