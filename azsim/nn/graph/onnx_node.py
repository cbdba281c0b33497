"""A node of an ONNX model as operators read it, and where they put what it becomes; nothing here needs the package.

::

    OnnxNode("Gemm", inputs ("x", "w", "b")) ──Dense.from_onnx──> builder: reshape, dense, reshape; parameters named

Arrays keep the shapes of ONNX, the batch of 1 included: what is ``(1, 40)`` in a model is ``(1, 40)`` in the graph.

**Source:** the operators of ONNX, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.graph import Node
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Shape, Tensor

Attribute = int | float | str | np.ndarray | Sequence[int] | Sequence[float]


@dataclass(frozen=True)
class OnnxNode:
    """One node.

    Attributes:
        name: unique; by default the importer makes one.
        kind: ``op_type``.
        inputs, outputs: names; an empty one is left out.
        attributes: by name; those that are missing have ONNX's defaults.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def input(self, index: int) -> str:
        """The name of an input, empty where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute that is a list of integers."""
        return tuple(int(each) for each in self.attributes.get(name, default))

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        return int(self.attributes.get(name, default))

    def number(self, name: str, default: float) -> float:
        """An attribute that is a float."""
        return float(self.attributes.get(name, default))

    def word(self, name: str, default: str) -> str:
        """An attribute that is a string."""
        return str(self.attributes.get(name, default))

    def refuse(self, what: str) -> InputError:
        """The error for what cannot be imported, to be raised."""
        return InputError(f"node {self.name} ({self.kind}): {what}")


class OnnxBuilder:
    """Takes the nodes of a graph as they are made, in order.

    Args:
        inputs: the graph's, by name.
        constants: arrays that the model holds, or that folding gave.
        restarts: recurrent layers begin anew with each array, rather than carry their state from step to step.
    """

    def __init__(
        self, inputs: Mapping[str, Tensor], constants: Mapping[str, np.ndarray], restarts: bool = False
    ) -> None:
        self.tensors: dict[str, Tensor] = dict(inputs)
        self.constants = constants
        self.restarts = restarts
        self.nodes: list[Node] = []
        self.parameters: dict[str, np.ndarray] = {}
        self._aliases: dict[str, str] = {}

    def is_constant(self, name: str) -> bool:
        """Whether an input is one of the model's arrays."""
        return name in self.constants

    def constant(self, node: OnnxNode, index: int) -> np.ndarray:
        """An input that must be one of the model's arrays.

        Raises:
            InputError: it is not.
        """
        name = node.input(index)
        if name not in self.constants:
            raise node.refuse(f"input {index} ({name or 'left out'}): must be a constant")
        return np.asarray(self.constants[name])

    def optional(self, node: OnnxNode, index: int) -> np.ndarray | None:
        """The same, None where it is left out."""
        return self.constant(node, index) if node.input(index) else None

    def shape(self, node: OnnxNode, index: int = 0) -> Shape:
        """The shape of an input that is a tensor.

        Raises:
            InputError: nothing makes it.
        """
        name = node.input(index)
        if name not in self.tensors:
            what = "a constant where a tensor is needed" if name in self.constants else "nothing makes it"
            raise node.refuse(f"input {index} ({name or 'left out'}): {what}")
        return self.tensors[name].shape

    def add(
        self,
        node: OnnxNode,
        operator: Operator,
        inputs: Sequence[str],
        output: str,
        parameters: Mapping[str, np.ndarray] | None = None,
        part: str = "",
    ) -> str:
        """Put an operator into the graph; returns ``output``.

        Args:
            node: that it is of, or is part of.
            operator: what it does.
            inputs: tensors.
            output: name of the tensor that it makes.
            parameters: role -> array.
            part: suffix of the name, where a node becomes several.

        Raises:
            InputError: the operator does not fit, by the name of the node.
        """
        name = f"{node.name}{part}"
        roles = {role: f"{name}.{role}" for role in parameters or {}}
        values = {roles[role]: np.asarray(value, np.float32) for role, value in (parameters or {}).items()}
        for each in inputs:
            if each not in self.tensors:
                what = "a constant where a tensor is needed" if each in self.constants else "nothing makes it"
                raise node.refuse(f"input {each or '(left out)'}: {what}")
        tensors = tuple(self.tensors[each] for each in inputs)
        try:
            (made,) = operator.infer(tensors, {role: values[key].shape for role, key in roles.items()})
        except InputError as error:
            raise node.refuse(str(error)) from error
        self.parameters |= values
        self.nodes.append(Node(name, operator, tuple(inputs), (output,), roles))
        self.tensors[output] = made
        return output

    def between(self, node: OnnxNode, part: str) -> str:
        """A name for a tensor between the parts of a node."""
        return f"{node.outputs[0]}.{part}"

    def elements(self, node: OnnxNode, index: int = 0) -> int:
        """Elements of an input."""
        return prod(self.shape(node, index))


def axis_of(node: OnnxNode, axis: int, axes: int) -> int:
    """An axis counted from 0.

    Raises:
        InputError: there is none.
    """
    if not -axes <= axis < axes:
        raise node.refuse(f"axis {axis}: there are {axes}")
    return axis % axes
