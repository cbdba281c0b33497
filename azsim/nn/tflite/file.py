"""A TFLite file read into plain objects: tensors with their constants and grids, operators with their options.

**Source:** schema of the format, tensorflow/lite/schema/schema.fbs, by the package ``tflite`` that is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from azsim import budget
from azsim.errors import InputError, located
from azsim.explain import cut
from azsim.input_file import read_input_file

COPIES = 6
"""Most memory for a model, in times its size."""
IDENTIFIER = b"TFL3"
MOST_OBJECTS = 100_000
TYPES = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8"}
RESOURCE = 13


@dataclass(frozen=True)
class TfliteTensor:
    """A tensor of a subgraph.

    Attributes:
        name: made unique.
        shape: extents; ``dtype``: NumPy's name, or ``resource`` for the handle of a variable.
        data: of a constant, None for others.
        scales, zeros: of its grid: empty, one, or one for each place along ``axis``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: np.ndarray | None
    scales: np.ndarray
    zeros: np.ndarray
    axis: int

    @property
    def is_quantised(self) -> bool:
        """Whether its integers stand for values."""
        return bool(self.scales.size) and self.dtype in ("int8", "uint8", "int16", "int32")

    def values(self) -> np.ndarray:
        """What a constant stands for, float32 where it has a grid.

        Raises:
            InputError: it is none.
        """
        if self.data is None:
            raise InputError(f"tensor {self.name}: must be a constant")
        if not self.is_quantised:
            return self.data
        along = [-1 if axis == self.axis else 1 for axis in range(self.data.ndim)] if self.scales.size > 1 else []
        scales, zeros = self.scales.reshape(along), self.zeros.reshape(along)
        return ((self.data.astype(np.int64) - zeros) * scales).astype(np.float32)


@dataclass(frozen=True)
class TfliteOperator:
    """An operator of a subgraph.

    Attributes:
        name: ``KIND_index``; ``kind``: as the schema has it, a custom one's own name.
        inputs, outputs: indices of tensors, -1 where an input is left out.
        options: table of its options, None without.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: object | None

    def refuse(self, said: str) -> InputError:
        """The error for what is not supported, to be raised."""
        return InputError(f"node {self.name} ({self.kind}): {said}")


@dataclass(frozen=True)
class Subgraph:
    """Tensors, operators in order, and the indices of its inputs and outputs."""

    tensors: tuple[TfliteTensor, ...]
    operators: tuple[TfliteOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def tflite_package() -> ModuleType:
    """The package ``tflite``.

    Raises:
        InputError: it is not installed.
    """
    try:
        import tflite
    except ImportError:
        raise InputError("reading TFLite models needs the package tflite: pip install 'azsim[tflite]'") from None
    return tflite


def read_tflite(path: Path) -> list[Subgraph]:
    """The subgraphs of a file, the main one first.

    Raises:
        InputError: it is no TFLite model, is cut short, or holds values that are not finite numbers.
    """
    tflite = tflite_package()
    data = read_input_file(path, "a TFLite model", copies=COPIES)
    with located(str(path)):
        if len(data) < 16 or data[4:8] != IDENTIFIER:
            raise InputError("not a TFLite model: holds no TFL3 where it should")
        try:
            model = tflite.Model.GetRootAs(data, 0)
            found = [_subgraph(tflite, model, model.Subgraphs(index)) for index in range(model.SubgraphsLength())]
        except InputError:
            raise
        except Exception as error:  # of flatbuffers, struct and numpy, which read what offsets say
            raise InputError(f"damaged or cut short: {cut(str(error) or type(error).__name__)}") from None
        if not found or not found[0].operators or not found[0].outputs:
            raise InputError("not a TFLite model: holds no operators or no outputs")
    return found


def _subgraph(tflite: ModuleType, model: object, graph: object) -> Subgraph:
    counts = (graph.TensorsLength(), graph.OperatorsLength())
    if max(counts) > MOST_OBJECTS:
        raise InputError(f"{max(counts):,} tensors or operators: must be at most {MOST_OBJECTS:,}")
    taken: set[str] = set()
    tensors = tuple(_tensor(model, graph.Tensors(index), index, taken) for index in range(counts[0]))
    kinds = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
    operators = []
    for index in range(counts[1]):
        own = graph.Operators(index)
        code = model.OperatorCodes(own.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = kinds.get(number, f"operator {number}")
        if kind == "CUSTOM":
            kind = (code.CustomCode() or b"CUSTOM").decode("utf-8", "replace")
        ends = (_indices(own.InputsLength(), own.Inputs), _indices(own.OutputsLength(), own.Outputs))
        for each in (*ends[0], *ends[1]):
            if not -1 <= each < len(tensors):
                raise InputError(f"node {kind}_{index}: tensor {each}: there are {len(tensors)}")
        operators.append(TfliteOperator(f"{kind}_{index}", kind, *ends, own.BuiltinOptions()))
    inputs, outputs = _indices(graph.InputsLength(), graph.Inputs), _indices(graph.OutputsLength(), graph.Outputs)
    return Subgraph(tensors, tuple(operators), inputs, outputs)


def _indices(count: int, at: object) -> tuple[int, ...]:
    return tuple(int(at(index)) for index in range(count))


def _tensor(model: object, tensor: object, index: int, taken: set[str]) -> TfliteTensor:
    name = (tensor.Name() or b"").decode("utf-8", "replace") or f"tensor{index}"
    if name in taken:
        name = f"{name}.{index}"
    taken.add(name)
    shape = _indices(tensor.ShapeLength(), tensor.Shape)
    dtype = "resource" if tensor.Type() == RESOURCE else TYPES.get(tensor.Type(), f"type {tensor.Type()}")
    grid = tensor.Quantization()
    scales = np.array(list(_floats(grid)), np.float64)
    zeros = np.array([grid.ZeroPoint(k) for k in range(grid.ZeroPointLength())] if grid is not None else [], np.int64)
    if zeros.size != scales.size:
        zeros = np.zeros(scales.size, np.int64)
    if scales.size and not (np.isfinite(scales).all() and (scales > 0).all()):
        raise InputError(f"tensor {name}: scales: must be positive numbers")
    axis = grid.QuantizedDimension() if grid is not None else 0
    if scales.size > 1 and (not 0 <= axis < len(shape) or shape[axis] != scales.size):
        raise InputError(f"tensor {name}: {scales.size} scales along axis {axis} of {shape}: do not fit")
    return TfliteTensor(name, shape, dtype, _data(model, tensor, name, shape, dtype), scales, zeros, axis)


def _floats(grid: object) -> Iterator[float]:
    if grid is not None:
        yield from (grid.Scale(k) for k in range(grid.ScaleLength()))


def _data(model: object, tensor: object, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray | None:
    buffer = model.Buffers(tensor.Buffer())
    if buffer is None or not buffer.DataLength():
        return None
    if dtype not in TYPES.values():
        raise InputError(f"tensor {name}: a constant of {dtype}: must be one of {', '.join(TYPES.values())}")
    if any(extent < 0 for extent in shape):
        raise InputError(f"tensor {name}: shape {shape}: must not be negative")
    held = buffer.DataLength()
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    budget.require(COPIES * size, what=f"tensor {name}: {size:,} bytes declared")
    if size != held:
        raise InputError(f"tensor {name}: shape {shape} needs {size:,} bytes: holds {held:,}")
    array = np.asarray(buffer.DataAsNumpy()).view(np.dtype(dtype)).reshape(shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"tensor {name}: holds values that are not finite numbers")
    return array
