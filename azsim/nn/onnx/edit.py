"""What edits of a model share: its constants and who makes what, nodes taken out and put in, dead ones dropped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.nn.graph.onnx_node import Attribute
from azsim.nn.onnx.model import onnx_package


class Edit:
    """A graph of a model (``GraphProto``) under change.

    Args:
        graph: changed in place.
        outer: constants from outside.
    """

    def __init__(self, graph: object, outer: Mapping[str, np.ndarray]) -> None:
        onnx = onnx_package()
        self.graph = graph
        self.constants = dict(outer)
        self.constants |= {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                self.constants[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
        self.makers = {name: node for node in graph.node for name in node.output}
        self.gone: set[int] = set()
        self._renamed: dict[str, str] = {}

    def readers(self, name: str) -> list[object]:
        """Nodes that read a tensor."""
        return [node for node in self.graph.node if name in node.input and id(node) not in self.gone]

    def scalar(self, name: str) -> float | None:
        """A constant of one element, None for anything else."""
        value = self.constants.get(name)
        return float(value.ravel()[0]) if value is not None and value.size == 1 else None

    def add_constant(self, name: str, value: np.ndarray) -> None:
        """A new array."""
        onnx = onnx_package()
        self.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value, order="C"), name))
        self.constants[name] = value

    def replace(self, node: object, kind: str, inputs: list[str], outputs: list[str], **attributes: Attribute) -> None:
        """Make a node another one."""
        onnx = onnx_package()
        kept = {name: value for name, value in attributes.items() if value is not None}
        node.CopyFrom(onnx.helper.make_node(kind, inputs, outputs, name=node.name, **kept))

    def rename(self, old: str, new: str) -> None:
        """Read another tensor wherever this one was."""
        self._renamed[old] = new

    def remove(self, node: object) -> None:
        """Take a node out when all is done."""
        self.gone.add(id(node))

    def finish(self) -> None:
        """Apply renames and removals."""
        for node in self.graph.node:
            for index, name in enumerate(node.input):
                while name in self._renamed:
                    name = self._renamed[name]
                node.input[index] = name
        kept = [
            type(node).FromString(node.SerializeToString()) for node in self.graph.node if id(node) not in self.gone
        ]
        del self.graph.node[:]
        self.graph.node.extend(kept)


def drop_dead(graph: object) -> None:
    """Take out nodes that no output and no other node needs."""
    needed = {each.name for each in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(type(node).FromString(node.SerializeToString()))
            needed |= _reads(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))


def _reads(node: object) -> set[str]:
    found = set(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            found |= {name for inner in attribute.g.node for name in _reads(inner)}
            found |= {each.name for each in attribute.g.output}
    return found
