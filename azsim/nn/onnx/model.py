"""An ONNX file read and checked before anything is made of it: size, opset, arrays that are there, no cycle.

**Source:** the format, https://github.com/onnx/onnx/blob/main/docs/IR.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from types import ModuleType

import numpy as np

from azsim import budget
from azsim.errors import InputError, located
from azsim.explain import cut
from azsim.input_file import read_input_file

OLDEST_OPSET = 13
"""Older models are brought here by the package's own converter."""
COPIES = 6
"""Most memory for a model, in times its size."""
DEEPEST = 40
DOMAINS = ("", "ai.onnx", "com.microsoft")


def onnx_package() -> ModuleType:
    """The package ``onnx``.

    Raises:
        InputError: it is not installed.
    """
    try:
        import onnx
        import onnx.numpy_helper
        import onnx.reference
        import onnx.version_converter
    except ImportError:
        raise InputError("reading ONNX models needs the package onnx: pip install 'azsim[onnx]'") from None
    return onnx


def read_model(path: Path) -> object:
    """The ``ModelProto`` of a file, its opset from `OLDEST_OPSET` on, its nodes in an order in which they can run.

    Raises:
        InputError: it is cut short, damaged, needs arrays that are not there, or is of an opset that is not known.
    """
    onnx = onnx_package()
    data = read_input_file(path, "an ONNX model", copies=COPIES)
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception as error:  # of protobuf, whose classes differ from version to version
        raise InputError(f"{path}: not an ONNX model, or cut short: {cut(str(error))}") from None
    with located(str(path)):
        if not model.graph.node or not model.graph.output:
            raise InputError("not an ONNX model: holds no nodes or no outputs")
        _check_arrays(onnx, model.graph, path)
        model = _known_opset(onnx, model)
        _sort(model.graph, set())
    return model


def opset_of(model: object) -> int:
    """The version of ONNX's own operators that a model uses."""
    return max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=1)


def graphs_in(graph: object, depth: int = 0) -> Iterator[object]:
    """A graph and those within its nodes.

    Raises:
        InputError: they are nested too deeply.
    """
    if depth > DEEPEST:
        raise InputError(f"graphs within graphs, more than {DEEPEST} deep")
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from graphs_in(inner, depth + 1)


def _tensors(graph: object) -> Iterator[tuple[str, object]]:
    for each in graphs_in(graph):
        for tensor in each.initializer:
            yield tensor.name, tensor
        for node in each.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield node.output[0] if node.output else node.name, attribute.t


def _check_arrays(onnx: ModuleType, graph: object, path: Path) -> None:
    """Refuse arrays that declare more than they hold; bring in those that lie in files beside the model."""
    declared = 0
    for name, tensor in _tensors(graph):
        if any(extent < 0 for extent in tensor.dims):
            raise InputError(f"array {name}: shape {tuple(tensor.dims)}: must not be negative")
        try:
            type_ = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        except (KeyError, TypeError, ValueError):
            raise InputError(f"array {name}: type {tensor.data_type}: is none of ONNX's") from None
        size = prod(tensor.dims) * type_.itemsize
        declared += size
        budget.require(COPIES * declared, what=f"array {name}: {size:,} bytes declared")
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _bring_in(onnx, tensor, name, path, size)
        elif tensor.HasField("raw_data") and tensor.data_type < 17 and len(tensor.raw_data) != size:
            held = len(tensor.raw_data)
            raise InputError(f"array {name}: shape {tuple(tensor.dims)} needs {size:,} bytes: holds {held:,}")
        try:
            array = onnx.numpy_helper.to_array(tensor)
        except Exception as error:  # of numpy, protobuf or the package
            raise InputError(f"array {name}: {cut(str(error))}") from None
        is_limit = array.size <= 16 and array.dtype.kind == "f" and not np.isnan(array).any()  # of a Clip
        if array.dtype.kind == "f" and not is_limit and not np.isfinite(array).all():
            raise InputError(f"array {name}: holds values that are not finite numbers")


def _bring_in(onnx: ModuleType, tensor: object, name: str, path: Path, size: int) -> None:
    """The bytes of an array that lie in a file beside the model."""
    said = {each.key: each.value for each in tensor.external_data}
    place = Path(said.get("location", ""))
    if place.is_absolute() or ".." in place.parts or not said.get("location"):
        raise InputError(f"array {name}: in file {cut(str(place))!r}: must lie beside the model")
    try:
        offset, length = int(said.get("offset", 0)), int(said.get("length", size))
    except ValueError:
        raise InputError(f"array {name}: offset or length: must be whole numbers") from None
    if length != size or offset < 0:
        raise InputError(f"array {name}: shape {tuple(tensor.dims)} needs {size:,} bytes: {length:,} are stated")
    data = read_input_file(path.parent / place, f"the data of array {name}", copies=COPIES)[offset : offset + length]
    if len(data) != size:
        raise InputError(f"array {name}: {path.parent / place}: ends after {len(data):,} of {size:,} bytes")
    tensor.raw_data = data
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _known_opset(onnx: ModuleType, model: object) -> object:
    version, newest = opset_of(model), onnx.defs.onnx_opset_version()
    if version > newest:
        raise InputError(f"opset {version}: must be at most {newest}, which this version of the package onnx knows")
    if version >= OLDEST_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, OLDEST_OPSET)
    except Exception as error:  # the converter's own, of several classes
        said = f"cannot be brought to opset {OLDEST_OPSET}: {cut(str(error))}"
        raise InputError(f"opset {version}: {said}") from None


def _sort(graph: object, outer: set[str]) -> None:
    """Put nodes in an order in which they can run, those of inner graphs too.

    Raises:
        InputError: there is none.
    """
    known = outer | {each.name for each in graph.input} | {each.name for each in graph.initializer} | {""}
    waiting, ordered = list(graph.node), []
    wanted = {id(node): _reads(node) for node in waiting}
    while waiting:
        later = []
        for node in waiting:
            if wanted[id(node)] <= known:
                ordered.append(node)
                known.update(node.output)
            else:
                later.append(node)
        if len(later) == len(waiting):
            missing = sorted(set().union(*(wanted[id(node)] for node in later)) - known)
            made = {name for node in later for name in node.output}
            lost = [name for name in missing if name not in made]
            if lost:
                raise InputError(f"tensor {lost[0]}: nothing makes it")
            names = ", ".join(node.name or node.op_type for node in later[:6])
            raise InputError(f"nodes {names}: a cycle without a state")
        waiting = later
    kept = [type(node).FromString(node.SerializeToString()) for node in ordered]
    del graph.node[:]
    graph.node.extend(kept)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _sort(attribute.g, known)


def _reads(node: object) -> set[str]:
    """What a node reads, its inner graphs' reads from outside included."""
    found = set(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            inner = attribute.g
            own = {each.name for each in inner.input} | {each.name for each in inner.initializer}
            own |= {name for each in inner.node for name in each.output}
            found |= set().union(*(_reads(each) for each in inner.node), {each.name for each in inner.output}) - own
    return found - {""}
