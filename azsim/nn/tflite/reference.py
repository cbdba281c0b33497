"""TFLite's own interpreter as a reference in checks: a stream through a file as it is, its variables kept by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.explain import cut
from azsim.input_file import read_input_file
from azsim.nn.graph.run import Stream
from azsim.nn.tflite.file import COPIES, read_tflite


def tflite_reference(path: Path) -> Callable[[Stream], dict[str, np.ndarray]] | None:
    """Runs streams of values, each from the start: input -> ``(n, *shape)`` to output -> ``(n, *shape)``.

    Returns:
        None where the package ``ai-edge-litert`` is not installed.

    Raises:
        InputError: the interpreter refuses the file.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return None
    graph, data = read_tflite(path)[0], read_input_file(path, "a TFLite model", copies=COPIES)
    ends = {"in": graph.inputs, "out": graph.outputs}
    names = {key: [graph.tensors[at].name for at in places] for key, places in ends.items()}

    def run(stream: Stream) -> dict[str, np.ndarray]:
        try:
            interpreter = Interpreter(model_content=data, num_threads=1)
            interpreter.allocate_tensors()
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
            made: dict[str, list[np.ndarray]] = {name: [] for name in names["out"]}
            for step in range(len(next(iter(stream.values())))):
                for name, at in zip(names["in"], inputs, strict=True):
                    interpreter.set_tensor(at["index"], _given(stream[name][step], at))
                interpreter.invoke()
                for name, at in zip(names["out"], outputs, strict=True):
                    made[name].append(_read(interpreter.get_tensor(at["index"]), at))
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path}: TFLite's interpreter: {cut(str(error))}") from None
        return {name: np.stack(values) for name, values in made.items()}

    return run


def _given(values: np.ndarray, at: dict) -> np.ndarray:
    """Values as an input takes them."""
    kind, (scale, zero) = np.dtype(at["dtype"]), at["quantization"]
    if kind.kind == "f":
        return values.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.rint(values / scale) + zero, limits.min, limits.max).astype(kind)


def _read(values: np.ndarray, at: dict) -> np.ndarray:
    scale, zero = at["quantization"]
    return values.astype(np.float64) if values.dtype.kind == "f" else (values.astype(np.float64) - zero) * scale
