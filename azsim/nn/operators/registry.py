"""Which operators there are: every module of this folder registers its own; they are imported when first asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar

import azsim.nn.operators
from azsim.errors import InputError, nearest
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Operator

Kind = TypeVar("Kind", bound=type[Operator])
_REGISTERED: dict[str, type[Operator]] = {}


def operator(kind: str) -> Callable[[Kind], Kind]:
    """Register a class as the operator of that name."""

    def register(cls: Kind) -> Kind:
        cls.kind = kind
        _REGISTERED[kind] = cls
        return cls

    return register


@cache
def operators() -> Mapping[str, type[Operator]]:
    """Kind -> operator, of all there are, in order of name."""
    package = azsim.nn.operators
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_REGISTERED.items())))


@cache
def onnx_operators() -> Mapping[str, tuple[type[Operator], ...]]:
    """Operator of ONNX (``op_type``) -> those that may be what its nodes become."""
    kinds = sorted({kind for each in operators().values() for kind in each.onnx})
    return MappingProxyType(
        {kind: tuple(each for each in operators().values() if kind in each.onnx) for kind in kinds}
    )


def add_onnx(node: OnnxNode, builder: OnnxBuilder) -> None:
    """Put what a node of an ONNX model becomes into a graph.

    Raises:
        InputError: no operator takes it, or an attribute has no counterpart; the message names the node.
    """
    for cls in onnx_operators().get(node.kind, ()):
        if cls.takes_onnx(node, builder):
            cls.from_onnx(node, builder)
            missing = [name for name in node.outputs if name and name not in builder.tensors]
            if missing:
                raise node.refuse(f"output {missing[0]}: is not made; leave it out where nothing reads it")
            return
    raise node.refuse("there is no such operator here")


def operator_of_kind(kind: str) -> type[Operator]:
    """The operator of that name.

    Raises:
        InputError: there is none.
    """
    known = operators()
    if kind not in known:
        raise InputError(f"operator {kind!r}: must be one of {', '.join(known)}{nearest(kind, known)}")
    return known[kind]
