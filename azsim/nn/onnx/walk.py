"""One walk over a model's nodes: constants folded, branches chosen, states followed, all others put into a graph.

::

    node ──┬ all inputs constant ──────> folded               Shape, Size ──> constant, since every shape is known
           ├ If with a known condition ─> its branch, in place
           ├ moves a state's elements ──> followed by number; put into the graph when something computes with it
           └ else ─────────────────────> the operator that takes it, or a line in the list of what is not supported
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from azsim.errors import InputError
from azsim.explain import cut
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.tensor import Tensor
from azsim.nn.onnx.attributes import attributes_of
from azsim.nn.onnx.fold import folded
from azsim.nn.onnx.model import DOMAINS, onnx_package
from azsim.nn.onnx.places import MOVING, Places
from azsim.nn.onnx.rewrite import REWRITTEN, rewritten
from azsim.nn.operators.registry import add_onnx, onnx_operators

RECURRENT = {"LSTM": (5, 6), "GRU": (5,)}
"""Inputs that are the state before the first step."""
PASSING = frozenset(("Identity", "Cast", "Dropout"))
SHAPES = frozenset(
    ("Shape", "Size", "Constant", "ConstantOfShape", "Cast", "Equal", "Not", "And", "Or", "Where", "Expand", "Range",
     "If", "Less", "Greater", "Min", "Max", "Tile", "Floor", "Ceil", "Mod", "Abs", "NonZero", "ScatterND")
)  # fmt: skip
"""What models compute with shapes; no report of what is not supported blames it for the node that hid the shape."""


class Walk:
    """Takes the nodes of a model in order.

    Args:
        inputs: the graph's, states among them.
        states: names of those that are states.
        constants: values by name.
        opset: of ONNX's own operators.
        in_parts: parts of a state that are computed with are states of their own, with grids of their own.

    Attributes:
        builder: of the graph.
        places: where the elements of states go.
        computed_with: states that a node computes with; ``absorbed``: those from which a recurrent layer begins.
        parts: tensor that is a part of a state -> the state.
        problems: what is not supported, by node.
        hidden: tensors that are not known because of it.
    """

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        states: Sequence[str],
        constants: dict[str, np.ndarray],
        opset: int,
        in_parts: bool = True,
    ) -> None:
        self.in_parts = in_parts
        self.parts: dict[str, str] = {}
        self.constants = constants
        self.builder = OnnxBuilder(inputs, constants, restarts=True)
        self.places = Places()
        for name in states:
            self.places.add(name, inputs[name].shape, state=True)
        self.states = frozenset(states)
        self.computed_with: set[str] = set()
        self.absorbed: set[str] = set()
        self.problems: list[str] = []
        self._opset = opset
        self._lazy: dict[str, OnnxNode] = {}
        self.hidden: set[str] = set()
        self._names: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._added: list[tuple[OnnxNode, bool]] = []

    def nodes(self, nodes: Sequence[object], renamed: Mapping[str, str] | None = None) -> dict[str, str]:
        """Take nodes; returns the model's names -> those used here, with those of ``renamed``.

        Args:
            nodes: ``NodeProto``, in an order in which they can run.
            renamed: names from outside.
        """
        names = dict(renamed or {})
        for proto in nodes:
            node = self._named(proto, names)
            try:
                self._node(proto, node, names)
            except InputError as error:
                self._refuse(node, str(error))
            except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
                self._refuse(node, f"inputs or attributes do not fit: {cut(str(error))}")
        return names

    def need(self, name: str, where: str) -> str:
        """The tensor of a name, put into the graph if it was only followed so far.

        Raises:
            InputError: it is a constant, was not made, or is the cell state of a layer that keeps it.
        """
        name = self._aliases.get(name, name)
        if name in self.states:
            self.computed_with.add(name)
        if name in self.builder.tensors:
            return name
        if name in self._lazy:
            state = self.places.state_of(self.places.of[name]) if self.in_parts else None
            if state is not None and np.unique(self.places.of[name]).size == self.places.of[name].size:
                tensor = self.builder.tensors[state]
                self.builder.tensors[name] = tensor.of(*self.places.of[name].shape)
                self.parts[name] = state
                return name
            node = self._lazy.pop(name)
            for each in node.inputs:
                if each and each not in self.constants:
                    self.need(each, where)
            self._put(node)
            return name
        if name in self.constants:
            raise InputError(f"{where}: {name}: is a constant")
        if name in self.places.of:
            raise InputError(f"{where}: {name}: the cell state of a layer leaves it")
        raise InputError(f"{where}: {name}: nothing makes it")

    def _named(self, proto: object, names: dict[str, str]) -> OnnxNode:
        """A node as operators read it, its name and those of its outputs unique."""
        base = proto.name or f"{proto.op_type}_{len(self._names)}"
        name, tries = base, 1
        while name in self._names:
            name, tries = f"{base}.{tries}", tries + 1
        self._names.add(name)
        inputs = tuple(self._aliases.get(names.get(each, each), names.get(each, each)) for each in proto.input)
        outputs = []
        for each in proto.output:
            unique = each if not each or not self._taken(each) else f"{name}.{each}"
            if unique != each:
                names[each] = unique
            outputs.append(unique)
        return OnnxNode(name, proto.op_type, inputs, tuple(outputs), attributes_of(proto))

    def _taken(self, name: str) -> bool:
        known = (self.builder.tensors, self.constants, self.places.of, self._aliases, self.hidden)
        return any(name in each for each in known)

    def _node(self, proto: object, node: OnnxNode, names: dict[str, str]) -> None:
        if any(name in self.hidden for name in node.inputs):
            self.hidden.update(node.outputs)
            taken = onnx_operators().keys() | REWRITTEN | PASSING | SHAPES | MOVING
            if node.kind not in taken:
                self.problems.append(f"node {node.name} ({node.kind}): there is no such operator here")
            return
        if proto.domain not in DOMAINS:
            raise node.refuse(f"domain {proto.domain}: must be ONNX's own")
        if node.kind == "If":
            self._branch(proto, node, names)
        elif all(not name or name in self.constants for name in node.inputs):
            self._fold(proto, node)
        elif node.kind in ("Shape", "Size"):
            self._shape(node)
        elif self._passes(node):
            self._aliases[node.outputs[0]] = node.inputs[0]
        elif node.kind in MOVING and self._follow(proto, node):
            self._lazy[node.outputs[0]] = node
        elif node.kind in RECURRENT:
            self._recurrent(node)
        else:
            self._add(node)

    def resolved(self, name: str) -> str:
        """The tensor that a name stands for."""
        return self._aliases.get(name, name)

    def shape_of(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor, None where it is not known."""
        if name in self.places.of:
            return self.places.of[name].shape
        return self.builder.tensors[name].shape if name in self.builder.tensors else None

    def scale_parameters(self, scales: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Parameter -> scale of each of its elements, where a constant came with scales.

        Operators move a constant's elements to where they need them; they do the same to its scales.
        """
        found: dict[str, np.ndarray] = {}
        for node, restarts in self._added:
            if any(name in scales for name in node.inputs):
                constants = {**self.constants, **{name: scales[name] for name in node.inputs if name in scales}}
                tensors = {name: self.builder.tensors[name] for name in node.inputs if name in self.builder.tensors}
                shadow = OnnxBuilder(tensors, constants, restarts)
                add_onnx(node, shadow)
                own = {name for name in node.inputs if name in scales}
                found |= {name: value for name, value in shadow.parameters.items() if own and value.ndim == 2}
        return found

    def _put(self, node: OnnxNode) -> None:
        for part in rewritten(node, self.builder, self.constants):
            add_onnx(part, self.builder)
            self._added.append((part, self.builder.restarts))

    def _add(self, node: OnnxNode) -> None:
        for name in node.inputs:
            if name and name not in self.constants:
                self.need(name, node.name)
        self._put(node)

    def _fold(self, proto: object, node: OnnxNode) -> None:
        if any(attribute.HasField("g") for attribute in proto.attribute):
            raise node.refuse("graphs within it: must be an If whose condition is known")
        own = type(proto).FromString(proto.SerializeToString())
        del own.input[:], own.output[:]
        own.input.extend(node.inputs)
        own.output.extend(node.outputs)
        try:
            values = folded(own, {name: self.constants[name] for name in node.inputs if name}, self._opset)
        except InputError as error:
            raise node.refuse(str(error)) from error
        self.constants.update(zip([name for name in node.outputs if name], values, strict=True))

    def _shape(self, node: OnnxNode) -> None:
        shape = self._shape_of(node.inputs[0])
        if node.kind == "Size":
            self.constants[node.outputs[0]] = np.array(int(np.prod(shape)), np.int64)
            return
        start, end = node.integer("start", 0), node.integer("end", len(shape))
        self.constants[node.outputs[0]] = np.array(shape[start:end], np.int64)

    def _shape_of(self, name: str) -> tuple[int, ...]:
        return self.places.of[name].shape if name in self.places.of else self.builder.tensors[name].shape

    def _passes(self, node: OnnxNode) -> bool:
        """Whether what a node makes is what it was given."""
        onnx = onnx_package()
        if node.kind in ("Identity", "Dropout"):
            return True
        if node.kind == "Cast":
            target = node.integer("to", 1)
            floats = ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE")
            if target not in [getattr(onnx.TensorProto, name) for name in floats]:
                raise node.refuse("of values to whole numbers: must be to floats")
            return True
        if node.kind == "Expand" and node.inputs[1] in self.constants:
            shape = self._shape_of(node.inputs[0])
            return np.broadcast_shapes(shape, tuple(int(n) for n in self.constants[node.inputs[1]])) == shape
        neutral = {"Add": 0, "Sub": 0, "Mul": 1, "Div": 1}
        if node.kind not in neutral or node.inputs[0] in self.constants or node.inputs[1] not in self.constants:
            return False
        other, shape = self.constants[node.inputs[1]], self._shape_of(node.inputs[0])
        return bool(np.all(other == neutral[node.kind])) and np.broadcast_shapes(other.shape, shape) == shape

    def _follow(self, proto: object, node: OnnxNode) -> bool:
        """Number what a node only moves; False where something else is among it."""
        if len(node.outputs) != 1:
            return False
        live = [name for name in node.inputs if name and name not in self.constants]
        data = node.inputs if node.kind == "Concat" else node.inputs[:1]
        if any(name in self.constants for name in data):
            return False
        for name in live:
            if name in self.builder.tensors:
                self.places.add(name, self.builder.tensors[name].shape)
        if any(name not in self.places.of for name in live):
            return False
        own = type(proto).FromString(proto.SerializeToString())
        del own.input[:], own.output[:]
        own.input.extend(node.inputs)
        own.output.extend(node.outputs)
        values = {name: self.places.of.get(name, self.constants.get(name)) for name in node.inputs if name}
        (moved,) = folded(own, values, self._opset)
        if not moved.size:
            raise node.refuse("nothing is left of it")
        self.places.of[node.outputs[0]] = moved
        return True

    def _branch(self, proto: object, node: OnnxNode, names: dict[str, str]) -> None:
        condition = node.inputs[0]
        if condition not in self.constants:
            raise node.refuse(f"condition {condition}: depends on the inputs; state the one that it needs by --set")
        wanted = "then_branch" if bool(np.all(self.constants[condition])) else "else_branch"
        (graph,) = (each.g for each in proto.attribute if each.name == wanted)
        onnx = onnx_package()
        own = dict(names)
        for tensor in graph.initializer:
            unique = tensor.name if not self._taken(tensor.name) else f"{node.name}.{tensor.name}"
            own[tensor.name] = unique
            self.constants[unique] = onnx.numpy_helper.to_array(tensor)
        found = self.nodes(graph.node, own)
        for inner, outer in zip(graph.output, node.outputs):
            source = found.get(inner.name, inner.name)
            source = self._aliases.get(source, source)
            if source in self.hidden:
                self.hidden.add(outer)
            else:
                self._aliases[outer] = source

    def _recurrent(self, node: OnnxNode) -> None:
        """A layer that begins from zero at each array, or from the state that it left."""
        before = [node.input(index) for index in RECURRENT[node.kind]]
        carried = [name for name in before if name and name in self.places.of]
        state = {self.places.state_of(self.places.of[name]) for name in carried}
        if carried and (None in state or len(carried) < len(before)):
            raise node.refuse(f"initial state {', '.join(carried)}: must be all of it elements of a state, each once")
        inputs = list(node.inputs)
        if carried:
            for index in RECURRENT[node.kind]:
                inputs[index] = ""
            self.absorbed |= {name for name in state if name is not None}
        outputs = (*node.outputs, "", "", "")[:3]
        kept = outputs[:2] if any(outputs[:2]) else (f"{outputs[2]}.steps", "")
        self.need(inputs[0], node.name)
        self.builder.restarts = not carried
        self._add(OnnxNode(node.name, node.kind, tuple(inputs), kept, node.attributes))
        self.builder.restarts = True
        units = node.integer("hidden_size", 0) or int(self.constants[node.inputs[2]].shape[-1])
        last = self.places.new((1, 1, units))
        cell = self.places.new((1, 1, units))
        steps = self.builder.shape(node)[0]
        if outputs[0]:
            self.places.of[outputs[0]] = np.concatenate([self.places.new((steps - 1, 1, 1, units)), last[None]])
        if outputs[1]:
            self.places.of[outputs[1]] = last
        if outputs[2]:
            self.places.of[outputs[2]] = cell
        for name, after in zip(before if carried else (), (last, cell)):
            self.places.carry(self.places.of[name], after)

    def _refuse(self, node: OnnxNode, said: str) -> None:
        own = f"node {node.name} ({node.kind})"
        self.problems.append(said if said.startswith(("node ", own)) else f"{own}: {said}")
        self.hidden.update(name for name in node.outputs if name and not self._taken(name))
