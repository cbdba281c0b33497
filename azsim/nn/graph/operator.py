"""What an operator is: rules for shapes and grids, two ways to run, a lowering; what it is told of the node it runs at.

An operator's attributes (kernel, stride, heads) are the fields of a frozen dataclass; parameters and tensors belong to
the node. Execution is functional: ``run(state, inputs)`` gives outputs and the next state and changes neither argument,
so a state may be kept, copied by reference, and gone back to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.tensor import LIMITS, Grid, Shape, Tensor
from azsim.nn.program import ProgramStage, VectorWork

if TYPE_CHECKING:
    from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode

Arrays = tuple[np.ndarray, ...]
"""Inputs or outputs of a node: ``(n, *shape)`` each; the n of outputs may differ from that of inputs."""
State = tuple[np.ndarray, ...]
"""What a node carries to its next run; its arrays are never written to."""
Run = Callable[[State, Arrays], tuple[Arrays, State]]
Observe = Callable[[str, np.ndarray], None]
Granularity = Literal["tensor", "gate", "channel"]
"""How many scales a matrix has: one, one for each gate of a recurrent layer, one for each row."""
Operand = Literal["any", "product", "gate", "index", "flag"]
"""What an input is for: a product's operand is int8, or int16 where the operator takes it in two passes; a ``gate``
goes into a table and is best Q4.11."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An operator laid out for one node.

    Attributes:
        start: state before the first step.
        run: from a state and the next inputs to outputs and the next state.
    """

    start: State
    run: Run


def stateless(function: Callable[..., np.ndarray]) -> Execution:
    """An execution that carries nothing: one output, a function of the inputs alone."""
    return Execution((), lambda state, inputs: ((function(*inputs),), state))


@dataclass(frozen=True, slots=True)
class Weights:
    """A matrix as the chip holds it: ``weight = scale of its row * int8 value``.

    Attributes:
        values: int8 ``(rows, columns)``.
        scales: float64 ``(groups,)``: 1 for the whole tensor, as many as rows for one each, 4 for the gates of an LSTM;
            rows are dealt to groups in order.

    Raises:
        InputError: not int8 or two-dimensional, or scales that do not divide the rows or are not positive.
    """

    values: np.ndarray
    scales: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.int8:
            raise InputError(f"weights: {self.values.dtype} of shape {self.values.shape}: must be an int8 matrix")
        groups, rows = self.scales.size, self.values.shape[0]
        if self.scales.ndim != 1 or not groups or rows % groups:
            raise InputError(f"weights: {self.scales.shape} scales for {rows} rows: must divide them")
        if not (np.isfinite(self.scales).all() and (self.scales > 0).all()):
            raise InputError("weights: scales: must be positive numbers")

    @staticmethod
    def of(values: np.ndarray, scale: float) -> Weights:
        """With one scale for the whole matrix."""
        return Weights(np.asarray(values), np.array([scale]))

    @property
    def row_scales(self) -> np.ndarray:
        """float64 ``(rows,)``."""
        return np.repeat(self.scales, self.values.shape[0] // self.scales.size)


@dataclass(frozen=True)
class FloatNode:
    """What the float reference of an operator is told.

    Attributes:
        inputs, outputs: the tensors.
        parameters: role -> float32 array; optional roles may be missing.
        observe: called with the name of an internal tensor and its values.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, np.ndarray]
    observe: Observe


@dataclass(frozen=True)
class GridNode:
    """What an operator's grid rule is told.

    Attributes:
        inputs: grids of the inputs, None for an index or a flag.
        stated: grids that the graph states for its outputs, None where it states none.
        weights: role -> quantised matrix.
        internal: name -> stated grid of an internal tensor, where there is one.
    """

    inputs: tuple[Grid | None, ...]
    stated: tuple[Grid | None, ...]
    weights: Mapping[str, Weights]
    internal: Mapping[str, Grid]

    def required(self, index: int = 0) -> Grid:
        """The stated grid of an output.

        Raises:
            InputError: there is none.
        """
        grid = self.stated[index]
        if grid is None:
            raise InputError(f"output {index}: a scale is missing")
        return grid


@dataclass(frozen=True)
class IntegerNode:
    """What the integer kernel of an operator is told.

    Attributes:
        inputs, outputs: the tensors.
        grids: of the inputs; ``targets``: of the outputs; None for an index or a flag.
        weights: role -> quantised matrix; ``vectors``: role -> float32 array of what is not compressed.
        internal: name -> grid of an internal tensor, where one is stated.
        where: graph and node, for errors.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    grids: tuple[Grid | None, ...]
    targets: tuple[Grid | None, ...]
    weights: Mapping[str, Weights]
    vectors: Mapping[str, np.ndarray]
    internal: Mapping[str, Grid]
    where: str

    def grid(self, index: int = 0) -> Grid:
        """The grid of an input that has one."""
        grid = self.grids[index]
        if grid is None:
            raise InputError(f"{self.where}: input {index}: holds no values")
        return grid

    def target(self, index: int = 0) -> Grid:
        """The grid of an output that has one."""
        grid = self.targets[index]
        if grid is None:
            raise InputError(f"{self.where}: output {index}: holds no values")
        return grid


@dataclass(frozen=True)
class LoweredNode:
    """What the lowering of an operator is told.

    Attributes:
        name: of the node.
        inputs, outputs: the tensors.
        matrices: role -> name of the weight matrix; ``shapes``: role -> its rows and columns.
        ready: for each input, whether it is there when the program starts, rather than made by a stage before.
        wide: for each input, whether it is an int16 operand, which the lanes take in two passes.
    """

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    matrices: Mapping[str, str]
    shapes: Mapping[str, Shape]
    ready: tuple[bool, ...]
    wide: tuple[bool, ...] = ()

    @property
    def passes(self) -> int:
        """Vectors of int8 for each vector of the first input."""
        return 2 if any(self.wide[:1]) else 1

    def joining(self, sums: int) -> tuple[VectorWork, ...]:
        """What joins so many sums of two passes; nothing after one."""
        return (VectorWork("multiply-add", sums),) if self.passes > 1 else ()

    def operand(self, index: int = 0) -> Literal["previous", "ready"]:
        """Where an input comes from, as a program says it."""
        return "ready" if self.ready[index] else "previous"


class Operator:
    """Base of all operators; a subclass is a frozen dataclass, registered by `azsim.nn.operators.registry.operator`.

    Attributes:
        kind: its name; set by the registration.
        matrices: roles of parameters that are compressed and multiplied; ``vectors``: of those that are not;
            ``optional``: those of either that a node may leave out.
        internals: names of tensors within it that have a grid of their own.
        gates: of a recurrent layer, whose rows may have a scale for each.
        onnx: operators of ONNX (``op_type``) that become this one.
    """

    kind: ClassVar[str] = ""
    matrices: ClassVar[tuple[str, ...]] = ()
    vectors: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    internals: ClassVar[tuple[str, ...]] = ()
    gates: ClassVar[int] = 1
    onnx: ClassVar[tuple[str, ...]] = ()

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        """The outputs of a node with these inputs and shapes of parameters (by role).

        Raises:
            InputError: they do not fit.
        """
        raise NotImplementedError

    @classmethod
    def takes_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> bool:
        """Whether it is this operator that a node of a kind in ``onnx`` becomes."""
        return True

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        """Put what a node becomes into a graph.

        Raises:
            InputError: an attribute or input has no counterpart; the message names the node.
        """
        raise NotImplementedError

    def operand(self, index: int) -> Operand:
        """What an input is for."""
        return "any"

    def takes_wide(self, index: int) -> bool:
        """Whether an operand of products may be int16, in two passes."""
        return False

    def row_axis(self) -> int | None:
        """The axis of the output along which the rows of ``weights`` and ``bias`` lie; None for other operators."""
        return None

    def float(self, at: FloatNode) -> Execution:
        """The float32 reference."""
        raise NotImplementedError

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        """The grids of the outputs; by default what the graph states.

        Raises:
            InputError: a scale is missing or cannot be had.
        """
        return tuple(at.required(i) for i in range(len(at.stated)))

    @property
    def moves(self) -> bool:
        """Whether it only moves values: outputs have the grid of the first input, and what reads them reads that."""
        return False

    @property
    def derives(self) -> bool:
        """Whether the grids of its outputs follow from inputs and weights, so that none need be stated."""
        return self.moves

    def scale_groups(self, role: str, rows: int, granularity: Granularity) -> int:
        """How many scales the rows of a matrix have at a granularity."""
        return {"tensor": 1, "gate": self.gates, "channel": rows}[granularity]

    def chosen_grid(self, name: str, largest: float, bits: GridBitsChoice) -> Grid:
        """The grid of an output (``name`` is ``""``) or internal tensor whose size reaches ``largest``."""
        return finest_grid(largest, bits)

    def integer(self, at: IntegerNode) -> Execution:
        """The bit-exact integer kernel, laid out.

        Raises:
            InputError: a grid is none that it takes.
        """
        raise NotImplementedError

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        """What the processor runs for one step."""
        raise NotImplementedError


GridBitsChoice = Literal[8, 16]


def finest_grid(largest: float, bits: GridBitsChoice) -> Grid:
    """The grid whose end is ``largest``; any grid where that is 0."""
    return Grid(bits, largest / LIMITS[bits] if largest > 0 else 1.0)


def need(condition: bool, message: str) -> None:
    """Raise `InputError` with the message unless the condition holds: for shape rules."""
    if not condition:
        raise InputError(message)
