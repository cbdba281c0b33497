"""An ONNX model as a graph: read, made float, folded, its state recognised, its integers kept.

::

    NET.onnx ──read──> float twin ──fuse──> walk ──> Graph, its states carried ──> GraphNetwork, its integers kept
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from azsim.errors import InputError, located, nearest
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.onnx_node import OnnxBuilder
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.onnx.dequantise import Twin, float_twin
from azsim.nn.onnx.edit import drop_dead
from azsim.nn.onnx.fuse import fuse
from azsim.nn.onnx.inputs import input_tensors
from azsim.nn.onnx.model import onnx_package, opset_of, read_model
from azsim.nn.onnx.pairs import state_pairs
from azsim.nn.onnx.walk import Walk
from azsim.nn.operators.reshape import Reshape

DEFAULT_EVERY_MS = 100.0


@dataclass(frozen=True)
class Imported:
    """A model as a graph.

    Attributes:
        network: the graph, not yet calibrated.
        twin: the model in float, which ONNX Runtime can run beside it.
        states: state input -> output, of those that were recognised or asked for.
        carried_within: those of them that recurrent layers carry themselves.
        given: input -> the constant that it was set to.
    """

    network: GraphNetwork
    twin: Twin
    states: Mapping[str, str]
    carried_within: frozenset[str]
    given: Mapping[str, np.ndarray]
    shapes: Mapping[str, Shape] = field(default_factory=dict)


def from_onnx(
    path: Path | str,
    *,
    name: str | None = None,
    settings: Mapping[str, float] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    states: Mapping[str, str] | None = None,
    outputs: Sequence[str] = (),
    every_ms: float = DEFAULT_EVERY_MS,
) -> GraphNetwork:
    """A network from an ONNX model, or a TFLite one; needs the extra ``onnx`` or ``tflite``.

    Args:
        path: of the ``.onnx`` or ``.tflite`` file.
        name: of the network; by default the file's.
        settings: inputs, or named dimensions, with the value that they always have: ``{"sr": 16000}``.
        shapes: inputs whose shape the model leaves open.
        states: state input -> the output that follows it; recognised by their names if not given.
        outputs: those that are kept; all if none is named.
        every_ms: time from one run to the next.

    Raises:
        InputError: the file is damaged, or holds what is not supported; the message lists all of it, by node.
    """
    return import_model(
        Path(path), name=name, settings=settings or {}, shapes=shapes or {}, states=states or {}, outputs=outputs,
        every_ms=every_ms,
    ).network  # fmt: skip


def import_model(
    path: Path,
    *,
    name: str | None,
    settings: Mapping[str, float],
    shapes: Mapping[str, Shape],
    states: Mapping[str, str],
    outputs: Sequence[str] = (),
    every_ms: float,
) -> Imported:
    """As `from_onnx`, with what a check needs besides.

    Raises:
        InputError: as `from_onnx`.
    """
    if not 0 < every_ms < float("inf"):
        raise InputError(f"every_ms = {every_ms}: must be above 0")
    model, own_states = _read(path)
    with located(str(path)):
        _keep_outputs(model.graph, outputs, states or own_states)
        twin = float_twin(model)
        work = type(model).FromString(twin.model.SerializeToString())
        fuse(work)
        drop_dead(work.graph)
        inputs, given = input_tensors(work.graph, settings, shapes)
        onnx = onnx_package()
        constants = {each.name: onnx.numpy_helper.to_array(each) for each in work.graph.initializer} | given
        kept = [each.name for each in work.graph.output]
        floats = {key: tensor.shape for key, tensor in inputs.items() if tensor.holds == "values"}
        pairs = state_pairs(floats, kept, states or own_states)
        for in_parts in (True, False):
            walk = Walk(inputs, list(pairs), dict(constants), opset_of(work), in_parts)
            names = walk.nodes(work.graph.node)
            if in_parts and not _parts_fit(walk, pairs, names):
                continue
            graph = _graph(name or path.stem, walk, inputs, pairs, [names.get(each, each) for each in kept])
            break
        quantised = _quantised(walk, twin, graph)
        grids = {key: grid for key, grid in twin.grids.items() if key in graph.tensors}
    network = GraphNetwork(graph, str(path), 1000.0 / every_ms, quantised=quantised, hints=grids)
    within = frozenset(walk.absorbed - walk.computed_with)
    return Imported(network, twin, pairs, within, given, {key: tensor.shape for key, tensor in inputs.items()})


def _read(path: Path) -> tuple[object, dict[str, str]]:
    """A model's ``ModelProto``, and the states that its file names itself."""
    if path.suffix.lower() != ".tflite":
        return read_model(path), {}
    from azsim.nn.tflite.to_onnx import tflite_as_onnx

    return tflite_as_onnx(path)


def _keep_outputs(graph: object, asked: Sequence[str], states: Mapping[str, str]) -> None:
    """Leave out outputs that were not asked for, unless they may follow a state; all stay where none is named."""
    known = [each.name for each in graph.output]
    for name in asked:
        if name not in known:
            raise InputError(f"output {name}: no such output; there are {', '.join(known)}{nearest(name, known)}")
    if asked:
        inputs = {each.name: () for each in graph.input}
        needed = {*asked, *(states or state_pairs(inputs, known, {})).values()}
        kept = [type(each).FromString(each.SerializeToString()) for each in graph.output if each.name in needed]
        del graph.output[:]
        graph.output.extend(kept)
        drop_dead(graph)


def _graph(name: str, walk: Walk, inputs: Mapping[str, Tensor], pairs: Mapping[str, str], outputs: list[str]) -> Graph:
    """What the walk built, with its states; all that stood in its way is said at once."""
    follows = dict(zip(pairs.values(), pairs, strict=True))
    kept: list[str] = []
    carried: list[Carried] = []
    for asked in outputs:
        resolved = walk.resolved(asked)
        if asked in follows:
            state = follows[asked]
            made = walk.shape_of(resolved)
            if made is not None and made != inputs[state].shape:
                extents = "x".join(map(str, made))
                said = f"state {state} ({inputs[state]}): its output {asked} is {extents}: must be alike"
                walk.problems.append(said)
                continue
            if walk.places.is_carried(state, resolved):
                continue
            if state in walk.absorbed:
                walk.problems.append(f"state {state}={asked}: is not what the layers that begin from it leave")
                continue
        try:
            if asked in follows and state not in walk.computed_with:
                carried += _carried_parts(walk, state, resolved)
                continue
            source = walk.need(asked, f"output {asked}")
        except InputError as error:
            if resolved not in walk.hidden:
                walk.problems.append(str(error))
            continue
        if asked not in follows:
            kept.append(_named(walk.builder, source, asked))
            continue
        state = follows[asked]
        carried.append(Carried(state, source, inputs[state]))
        carried += _carried_parts(walk, state, resolved)
    if walk.problems:
        count = len(walk.problems)
        what = f"{count} things are not supported" if count > 1 else "not supported"
        raise InputError(f"{what}: {'; '.join(walk.problems)}")
    if not kept:
        raise InputError("no output is left: all of them follow a state")
    live, nodes = _live(walk.builder.nodes, kept, carried)
    own = {key: tensor for key, tensor in inputs.items() if key not in pairs and key in live}
    states = tuple(each for each in carried if each.name in live)
    used = {parameter for node in nodes for parameter in node.parameters.values()}
    parameters = {key: value for key, value in walk.builder.parameters.items() if key in used}
    if not own:
        raise InputError("no input is left: the outputs depend on none")
    return Graph(name, own, tuple(kept), tuple(nodes), parameters, states)


def _parts_fit(walk: Walk, pairs: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Whether each part of a state that is computed with is followed by one whole tensor."""
    for part, state in walk.parts.items():
        source = walk.resolved(names.get(pairs[state], pairs[state]))
        if source in walk.builder.tensors:
            walk.places.add(source, walk.builder.tensors[source].shape)
        if source not in walk.places.of or walk.places.of[source].size != walk.places.of[state].size:
            return False
        wanted = walk.places.next_of(walk.places.of[part], state, source)
        owner = walk.places.owner(wanted)
        if owner is None or owner not in walk.builder.tensors:
            return False
        if not np.array_equal(walk.places.of[owner].ravel(), wanted.ravel()):
            return False
    return True


def _carried_parts(walk: Walk, state: str, source: str) -> list[Carried]:
    """A state in the parts that are computed with, each on a grid of its own."""
    found = []
    for part in [each for each, own in walk.parts.items() if own == state]:
        wanted = walk.places.next_of(walk.places.of[part], state, source)
        owner, tensor = walk.places.owner(wanted), walk.builder.tensors[part]
        if walk.builder.tensors[owner] != tensor:
            name = f"{part}.next"
            walk.builder.nodes.append(Node(name, Reshape(tensor.shape), (owner,), (name,), {}))
            walk.builder.tensors[name] = walk.builder.tensors[owner].of(*tensor.shape)
            owner = name
        found.append(Carried(part, owner, tensor))
    return found


def _named(builder: OnnxBuilder, source: str, asked: str) -> str:
    """A tensor under the name that the model's output has."""
    if source == asked:
        return asked
    operator = Reshape(builder.tensors[source].shape)
    builder.nodes.append(Node(f"{asked}.output", operator, (source,), (asked,), {}))
    builder.tensors[asked] = builder.tensors[source]
    return asked


def _live(nodes: list[Node], kept: list[str], carried: list[Carried]) -> tuple[set[str], list[Node]]:
    """Tensors and nodes that outputs, or states which those need, are made of."""
    makers = {output: node for node in nodes for output in node.outputs}
    sources = {each.name: each.source for each in carried}
    live: set[str] = set()
    waiting = list(kept)
    while waiting:
        name = waiting.pop()
        if name in live:
            continue
        live.add(name)
        if name in makers:
            waiting += makers[name].inputs
        if name in sources:
            waiting.append(sources[name])
    return live, [node for node in nodes if any(output in live for output in node.outputs)]


def _quantised(walk: Walk, twin: Twin, graph: Graph) -> dict[str, Weights]:
    """int8 values of the matrices that came with scales, one scale for all rows or one for each.

    Raises:
        InputError: scales differ along a row.
    """
    found = {}
    matrices = set(graph.weight_matrices)
    scales = walk.scale_parameters(twin.scales)
    for name, steps in scales.items():
        if name not in matrices:
            continue
        if not (steps == steps[:, :1]).all():
            continue  # one scale for each column: the values stay as floats
        rows = steps[:, 0].astype(np.float64)
        own = rows[:1] if (rows == rows[0]).all() else rows
        values = np.rint(graph.parameters[name].astype(np.float64) / rows[:, None])
        if np.abs(values).max(initial=0) > 128:
            raise InputError(f"parameter {name}: values of its scales {values.min():.0f} to {values.max():.0f}")
        found[name] = Weights(values.astype(np.int8), own)
    return found
