"""A graph held against ONNX Runtime on the same inputs, and its integers against its floats: how far apart they are.

::

    inputs ──┬── ONNX Runtime, float twin, state fed back ──┐
             ├── Graph in float ────────────────────────────┴─> max |y - r| / max |r|
             └── Graph in integers ─────────────────────────────> SNR in dB against the float graph
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from azsim.errors import InputError
from azsim.explain import cut
from azsim.input_file import read_input_file
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.run import Stream, run_float, run_integers, snr_db
from azsim.nn.onnx.importer import Imported
from azsim.nn.tflite.reference import tflite_reference


@dataclass(frozen=True)
class OutputCheck:
    """How far an output is from what it should be.

    Attributes:
        output: its name.
        values: that were compared.
        error: max |y - r| / max |r| of the float graph against ONNX Runtime; None if that was not run.
        as_given: the same against the model as it was given, where it came quantised; of a TFLite file against TFLite's
            interpreter.
        snr_db: of the integer graph against the float graph; None if there is none.
    """

    output: str
    values: int
    error: float | None = None
    as_given: float | None = None
    snr_db: float | None = None


def runtime() -> ModuleType:
    """The package ``onnxruntime``.

    Raises:
        InputError: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise InputError("a check against ONNX Runtime needs it: pip install 'azsim[onnx]'") from None
    return onnxruntime


def check(imported: Imported, streams: list[Stream], file: Path, integers: IntegerGraph | None) -> list[OutputCheck]:
    """Each output of a graph, over streams that each begin from the start state.

    Args:
        imported: the model.
        streams: input -> ``(n, *shape)``.
        file: the model's; a TFLite one is held against TFLite's own interpreter too, where that is installed.
        integers: the graph in integers, if it was calibrated.

    Raises:
        InputError: ONNX Runtime refuses the model.
    """
    graph = imported.network.graph
    twin = imported.twin.model.SerializeToString()
    runs: dict[str, Callable[[Stream], dict[str, np.ndarray]]] = {"error": _runner(twin, imported)}
    if file.suffix.lower() == ".tflite":
        own = tflite_reference(file)
        runs |= {} if own is None else {"as_given": own}
    elif imported.twin.changed:
        runs["as_given"] = _runner(read_input_file(file, "an ONNX model"), imported)
    references: dict[str, dict[str, list[np.ndarray]]] = {key: {} for key in runs}
    floats: dict[str, list[np.ndarray]] = {}
    rounded: dict[str, list[np.ndarray]] = {}
    for stream in streams:
        made = run_float(graph, stream)
        _append(floats, made)
        for key, run in runs.items():
            _append(references[key], run(stream))
        if integers is not None:
            _append(rounded, run_integers(integers, stream))
    found = []
    for name in graph.outputs:
        own = np.concatenate([each.ravel() for each in floats[name]])
        errors = {key: _relative(own, references[key][name]) for key in runs}
        snr = None if integers is None else snr_db(own, np.concatenate([each.ravel() for each in rounded[name]]))
        found.append(OutputCheck(name, own.size, errors["error"], errors.get("as_given"), snr))
    return found


def _append(found: dict[str, list[np.ndarray]], made: Mapping[str, np.ndarray]) -> None:
    for name, values in made.items():
        found.setdefault(name, []).append(values)


def _relative(own: np.ndarray, references: list[np.ndarray]) -> float:
    reference = np.concatenate([each.ravel() for each in references]).astype(np.float64)
    largest = float(np.abs(reference).max(initial=0.0))
    difference = float(np.abs(own - reference).max(initial=0.0))
    return difference / largest if largest else difference


def _runner(model: bytes, imported: Imported) -> Callable[[Stream], dict[str, np.ndarray]]:
    session = _session(model)
    return lambda stream: _run_session(session, imported, stream)


def _session(model: bytes) -> object:
    package = runtime()
    options = package.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return package.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of ONNX Runtime, whose classes are its own
        raise InputError(f"ONNX Runtime refuses the model: {cut(str(error))}") from None


def _run_session(session: object, imported: Imported, stream: Stream) -> dict[str, np.ndarray]:
    """The model step by step, its states fed back."""
    kinds = {each.name: _dtype(each.type) for each in session.get_inputs()}
    outputs = [each.name for each in session.get_outputs()]
    states = {name: np.zeros(imported.shapes[name], kinds[name]) for name in imported.states if name in kinds}
    fixed = {name: value for name, value in imported.given.items() if name in kinds}
    kept: dict[str, list[np.ndarray]] = {}
    for step in range(len(next(iter(stream.values())))):
        fed = {name: values[step].astype(kinds[name]) for name, values in stream.items()}
        try:
            made = dict(zip(outputs, session.run(outputs, {**fed, **states, **fixed}), strict=True))
        except Exception as error:  # as above
            raise InputError(f"ONNX Runtime: {cut(str(error))}") from None
        states = {name: made[source] for name, source in imported.states.items() if name in states}
        for name in imported.network.graph.outputs:
            kept.setdefault(name, []).append(made[name])
    return {name: np.stack(values) for name, values in kept.items()}


def _dtype(kind: str) -> np.dtype:
    names = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64",
             "tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(bool)": "bool"}  # fmt: skip
    return np.dtype(names.get(kind, "float32"))
