"""A TFLite model written as an ONNX model: images turned to channels first, variables made states, grids kept.

::

    VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE ──> input state ... output state.next, zeros at first
    a quantised constant                       ──> int8 and DequantizeLinear, its integers kept
    a quantised tensor                         ──> QuantizeLinear and DequantizeLinear, as a grid to be kept

Inputs and outputs of the network are the values that those of the file stand for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from azsim.errors import InputError, located
from azsim.nn.graph.onnx_node import Attribute
from azsim.nn.onnx.model import onnx_package
from azsim.nn.tflite.file import Subgraph, TfliteOperator, TfliteTensor, read_tflite
from azsim.nn.tflite.rules import RULES

OPSET = 21
VARIABLES = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")
FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""Channels brought to the front of an image, and back."""


def tflite_as_onnx(path: Path) -> tuple[object, dict[str, str]]:
    """An ONNX ``ModelProto`` that computes what a TFLite file does in float, and its states: input -> output.

    Raises:
        InputError: the file is damaged, or holds what is not supported; the message lists all of it, by operator.
    """
    subgraphs = read_tflite(path)
    with located(str(path)):
        writer = OnnxWriter(subgraphs)
        writer.write()
        return writer.model(path.stem), writer.states


class OnnxWriter:
    """Takes the operators of the main subgraph in order.

    Args:
        subgraphs: of the file; those after the first hold what variables begin with.

    Attributes:
        states: input -> output.
    """

    def __init__(self, subgraphs: Sequence[Subgraph]) -> None:
        self._onnx = onnx_package()
        self._graph, self._others = subgraphs[0], subgraphs[1:]
        self._nodes: list[object] = []
        self._constants: dict[str, np.ndarray] = {}
        self._turned: dict[str, str] = {}
        self._written: set[str] = set()
        self._handles: dict[int, str] = {}
        self._states: dict[str, TfliteTensor] = {}
        self._values: dict[str, str] = {}
        self.states: dict[str, str] = {}

    def write(self) -> None:
        """Write every operator.

        Raises:
            InputError: some are not supported; all of them, by name.
        """
        for index in self._graph.inputs:
            tensor = self.tensor(index)
            self._written.add(tensor.name)
            self._values[tensor.name] = self._gridded(tensor, tensor.name)
        problems, hidden = [], set()
        for operator in self._graph.operators:
            try:
                if any(index in hidden for index in operator.inputs):
                    hidden.update(operator.outputs)
                    if operator.kind not in RULES and operator.kind not in VARIABLES:
                        raise operator.refuse("there is no such operator here")
                    continue
                self._operator(operator)
            except InputError as error:
                hidden.update(operator.outputs)
                said, own = str(error), f"node {operator.name} ({operator.kind})"
                problems.append(said if said.startswith("node ") else f"{own}: {said}")
            except (AttributeError, IndexError, TypeError, ValueError) as error:
                hidden.update(operator.outputs)
                problems.append(f"node {operator.name} ({operator.kind}): options or inputs do not fit: {error}")
        if problems:
            what = f"{len(problems)} things are not supported" if len(problems) > 1 else "not supported"
            raise InputError(f"{what}: {'; '.join(problems)}")
        self._check_starts()

    def tensor(self, index: int) -> TfliteTensor:
        """A tensor of the main subgraph."""
        return self._graph.tensors[index]

    def name(self, index: int) -> str:
        """The ONNX tensor of a TFLite one in its own layout; a constant is written when it is asked for.

        Raises:
            InputError: it holds what has no values.
        """
        tensor = self.tensor(index)
        if tensor.data is not None and tensor.name not in self._written:
            self._written.add(tensor.name)
            return self.constant(tensor.name, tensor.values())
        if tensor.name not in self._written and tensor.name in self._turned:
            self._written.add(tensor.name)
            self.node("Transpose", [self._turned[tensor.name]], tensor.name, perm=LAST)
        return self._values.get(tensor.name, tensor.name)

    def image(self, index: int) -> str:
        """The same with channels first, of a tensor ``(1, height, width, channels)``."""
        tensor = self.tensor(index)
        if len(tensor.shape) != 4:
            raise InputError(f"tensor {tensor.name}: shape {tensor.shape}: must be (1, height, width, channels)")
        if tensor.name not in self._turned:
            turned = f"{tensor.name}.image"
            self.node("Transpose", [self.name(index)], turned, perm=FIRST)
            self._turned[tensor.name] = turned
        return self._turned[tensor.name]

    def is_image(self, index: int) -> bool:
        """Whether a tensor is there with channels first, and in its own layout is not."""
        name = self.tensor(index).name
        return name in self._turned and name not in self._written

    def weights(self, index: int, order: Sequence[int], axis: int) -> str:
        """A matrix or kernel, its axes in another order, its integers and scales kept.

        Args:
            index: of a constant.
            order: of the axes.
            axis: of the reordered array, along which scales lie.
        """
        tensor = self.tensor(index)
        if tensor.data is None:
            raise InputError(f"weights {tensor.name}: must be a constant")
        name = f"{tensor.name}.weights{index}"
        if name in self._written:
            return name
        self._written.add(name)
        array = tensor.data.transpose(order)
        if not tensor.is_quantised:
            return self.constant(name, array.astype(np.float32))
        if tensor.scales.size > 1 and order[axis] != tensor.axis:
            raise InputError(f"weights {tensor.name}: scales along axis {tensor.axis}: must be along the outputs")
        single = tensor.scales.size == 1
        scales, zeros = tensor.scales.astype(np.float32), tensor.zeros.astype(tensor.dtype)
        parts = [
            self.constant(f"{name}.integers", array),
            self.constant(f"{name}.scales", scales[0] if single else scales),
            self.constant(f"{name}.zeros", zeros[0] if single else zeros),
        ]
        return self.node("DequantizeLinear", parts, name, **({} if single else {"axis": axis}))

    def constant(self, name: str, values: np.ndarray) -> str:
        """Write an array; returns its name."""
        self._constants[name] = np.array(values, order="C")
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Write a node of one output; returns its name."""
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def made(self, operator: TfliteOperator, value: str, image: bool = False, at: int = 0, moved: bool = False) -> None:
        """Say that an ONNX tensor is an output of an operator; its grid is written with it.

        Args:
            operator: that makes it.
            value: name of the tensor.
            image: whether its channels come first.
            at: which output.
            moved: its values are those of an input, and on its grid.
        """
        tensor = self.tensor(operator.outputs[at])
        if not moved:
            value = self._gridded(tensor, value)
        if image:
            self._turned[tensor.name] = value
        else:
            self._values[tensor.name] = value
            self._written.add(tensor.name)

    def _gridded(self, tensor: TfliteTensor, value: str) -> str:
        """A value rounded to the grid of its tensor; as it is where that has none."""
        if not tensor.is_quantised or tensor.scales.size != 1 or tensor.dtype not in ("int8", "uint8", "int16"):
            return value
        grid = [
            self.constant(f"{tensor.name}.scale", np.float32(tensor.scales[0])),
            self.constant(f"{tensor.name}.zero", tensor.zeros[0].astype(tensor.dtype)),
        ]
        integers = self.node("QuantizeLinear", [value, *grid], f"{tensor.name}.integers")
        return self.node("DequantizeLinear", [integers, *grid], f"{tensor.name}.value")

    def _operator(self, operator: TfliteOperator) -> None:
        if operator.kind in VARIABLES:
            self._variable(operator)
        elif operator.kind in RULES:
            RULES[operator.kind](self, operator)
        else:
            raise operator.refuse("there is no such operator here")

    def _variable(self, operator: TfliteOperator) -> None:
        """A variable is read before it is assigned: its value at the start of a run is a state of the network."""
        if operator.kind == "VAR_HANDLE":
            self._handles[operator.outputs[0]] = self.tensor(operator.outputs[0]).name
        elif operator.kind == "READ_VARIABLE":
            name, tensor = self._handles[operator.inputs[0]], self.tensor(operator.outputs[0])
            if name in self.states:
                raise operator.refuse(f"variable {name}: is read after it was assigned: must be read before")
            self._states.setdefault(name, tensor)
            self._values[tensor.name] = name
            self._written.add(tensor.name)
        elif operator.kind == "ASSIGN_VARIABLE":
            name = self._handles[operator.inputs[0]]
            if name in self.states:
                raise operator.refuse(f"variable {name}: is assigned twice in a run: must be once")
            self.states[name] = self.node("Identity", [self.name(operator.inputs[1])], f"{name}.next")

    def _check_starts(self) -> None:
        """Refuse variables that do not begin at zero."""
        for graph in self._others:
            for operator in graph.operators:
                if operator.kind == "ASSIGN_VARIABLE":
                    value = graph.tensors[operator.inputs[1]]
                    if value.data is not None and np.any(value.values()):
                        raise operator.refuse(f"tensor {value.name}: a variable begins with it: must be zeros")

    def model(self, name: str) -> object:
        """The ``ModelProto`` of all that was written.

        Raises:
            InputError: an input or state has an open shape, or no values.
        """
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        inputs = []
        tensors: Mapping[str, TfliteTensor] = {self.tensor(i).name: self.tensor(i) for i in self._graph.inputs}
        for key, tensor in (*tensors.items(), *self._states.items()):
            if tensor.dtype not in ("float32", "float16") and not tensor.is_quantised:
                raise InputError(f"input {key}: {tensor.dtype}: must be floats, or integers with a grid")
            if any(extent < 1 for extent in tensor.shape):
                raise InputError(f"input {key}: shape {tensor.shape}: must have a value for every extent")
            inputs.append(helper.make_tensor_value_info(key, kinds.FLOAT, tensor.shape))
        outputs = []
        for index in self._graph.outputs:
            asked, tensor = self.tensor(index).name, self.tensor(index)
            value = self.name(index)
            if value != asked:
                self.node("Identity", [value], asked)
            outputs.append(helper.make_tensor_value_info(asked, kinds.FLOAT, tensor.shape))
        for state, source in self.states.items():
            if state in self._states:
                outputs.append(helper.make_tensor_value_info(source, kinds.FLOAT, self._states[state].shape))
        arrays = [self._onnx.numpy_helper.from_array(array, key) for key, array in self._constants.items()]
        graph = helper.make_graph(self._nodes, name, inputs, outputs, arrays)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
