"""The attributes of an ONNX node in Python's types, those that say no more than the default left out."""

from __future__ import annotations

from azsim.nn.graph.onnx_node import Attribute
from azsim.nn.onnx.model import onnx_package


def attributes_of(proto: object) -> dict[str, Attribute]:
    """The attributes of a ``NodeProto`` that are numbers, words, arrays and lists of them, by name.

    Activations and clipping of recurrent layers are left out where they are what ONNX takes by default.
    """
    onnx = onnx_package()
    found: dict[str, Attribute] = {}
    for each in proto.attribute:
        if each.HasField("g") or each.graphs:
            continue
        value = onnx.helper.get_attribute_value(each)
        if isinstance(value, bytes):
            found[each.name] = value.decode("utf-8", "replace")
        elif isinstance(value, int | float):
            found[each.name] = value
        elif each.HasField("t"):
            found[each.name] = onnx.numpy_helper.to_array(each.t)
        elif isinstance(value, list) and all(isinstance(one, int | float) for one in value):
            found[each.name] = value
        elif value:
            found[each.name] = str(value)
    usual = ([b"Sigmoid", b"Tanh", b"Tanh"], [b"Sigmoid", b"Tanh"])
    if any(each.name == "activations" and list(each.strings) in usual for each in proto.attribute):
        found.pop("activations", None)
    if found.get("clip") == 0.0:
        found.pop("clip")
    return found
