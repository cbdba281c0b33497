"""Small TFLite files, written by the schema's own classes in ``ai-edge-litert``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("tflite")
pytest.importorskip("ai_edge_litert")
import flatbuffers
from ai_edge_litert import schema_py_generated as schema

KINDS = {"float32": 0, "int32": 2, "int8": 9, "resource": 13}


class File:
    """A file as it is written; subgraph 0 is the main one."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes, self.model.subgraphs = [], []
        self.begin()

    def begin(self) -> None:
        """Another subgraph."""
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        self.model.subgraphs.append(self.graph)

    def tensor(
        self, name: str, shape: Sequence[int], kind: str = "float32", data: np.ndarray | None = None,
        scales: Sequence[float] = (), zeros: Sequence[int] = (), axis: int = 0,
    ) -> int:  # fmt: skip
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name.encode(), list(shape), KINDS[kind], 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            made.buffer = len(self.model.buffers) - 1
        if len(scales):
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.array(scales, np.float32)
            made.quantization.zeroPoint = np.array(zeros if len(zeros) else [0] * len(scales), np.int64)
            made.quantization.quantizedDimension = axis
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def constant(self, name: str, data: np.ndarray, **more: object) -> int:
        return self.tensor(name, data.shape, str(data.dtype), data, **more)

    def operator(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: str = "", **values: object
    ) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        self.model.operatorCodes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self.model.operatorCodes) - 1, list(inputs), list(outputs)
        if options:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in values.items():
                setattr(made.builtinOptions, name, value)
        self.graph.operators.append(made)

    def data(self) -> bytes:
        builder = flatbuffers.Builder(1 << 12)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def saved(self, folder: Path) -> Path:
        path = folder / "net.tflite"
        path.write_bytes(self.data())
        return path


def image_network(seed: int = 0) -> File:
    """Padding, a convolution, a depthwise one, pooling, a dense layer, in float."""
    rng, file = np.random.default_rng(seed), File()

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    x = file.tensor("x", (1, 8, 6, 2))
    padded = file.tensor("padded", (1, 10, 6, 2))
    file.operator("PAD", [x, file.constant("pads", np.array([[0, 0], [1, 1], [0, 0], [0, 0]], np.int32))], [padded])
    first = file.tensor("first", (1, 5, 3, 4))
    weights = [file.constant("w", normal(4, 3, 2, 2)), file.constant("b", normal(4))]
    file.operator("CONV_2D", [padded, *weights], [first], "Conv2DOptions", padding=0, strideH=2, strideW=2,
                  fusedActivationFunction=1, dilationHFactor=1, dilationWFactor=1)  # fmt: skip
    leaky = file.tensor("leaky", (1, 5, 3, 4))
    file.operator("LEAKY_RELU", [first], [leaky], "LeakyReluOptions", alpha=0.25)
    each = file.tensor("each", (1, 5, 3, 4))
    kernel = file.constant("k", normal(1, 3, 3, 4))
    once = dict.fromkeys(("strideH", "strideW", "depthMultiplier", "dilationHFactor", "dilationWFactor"), 1)
    inputs = [leaky, kernel, file.constant("d", normal(4))]
    file.operator("DEPTHWISE_CONV_2D", inputs, [each], "DepthwiseConv2DOptions", padding=0, **once)
    held = file.tensor("held", (1, 5, 3, 4))
    file.operator(
        "MAXIMUM", [each, file.constant("limit", np.array(-0.5, np.float32))], [held], "MaximumMinimumOptions"
    )
    pooled = file.tensor("pooled", (1, 2, 1, 4))
    file.operator("MAX_POOL_2D", [held], [pooled], "Pool2DOptions", padding=1, strideH=2, strideW=2, filterHeight=2,
                  filterWidth=2)  # fmt: skip
    flat = file.tensor("flat", (1, 8))
    file.operator("RESHAPE", [pooled, file.constant("shape", np.array([1, 8], np.int32))], [flat], "ReshapeOptions")
    dense, y = file.tensor("dense", (1, 3)), file.tensor("y", (1, 3))
    file.operator("FULLY_CONNECTED", [flat, file.constant("v", normal(3, 8)), file.constant("c", normal(3))], [dense],
                  "FullyConnectedOptions")  # fmt: skip
    file.operator("SOFTMAX", [dense], [y], "SoftmaxOptions", beta=1.0)
    file.graph.inputs, file.graph.outputs = [x], [y]
    return file


def streaming_network(start: float = 0.0) -> File:
    """Two int8 steps of memory before each one, a dense layer over all three, its scales one for each row."""
    rng, file = np.random.default_rng(5), File()
    grid = {"scales": [0.05], "zeros": [-28]}
    file.operator("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=1)
    handle = file.tensor("memory", (), "resource")
    file.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", sharedName=b"memory")
    x, before = file.tensor("x", (1, 1, 4), "int8", **grid), file.tensor("before", (1, 2, 4), "int8", **grid)
    file.operator("READ_VARIABLE", [handle], [before], "ReadVariableOptions")
    joined, later = file.tensor("joined", (1, 3, 4), "int8", **grid), file.tensor("later", (1, 2, 4), "int8", **grid)
    file.operator("CONCATENATION", [before, x], [joined], "ConcatenationOptions", axis=1)
    ends = [file.constant(name, np.array(each, np.int32)) for name, each in (
        ("begin", [0, 1, 0]), ("end", [1, 3, 4]), ("step", [1, 1, 1]))]  # fmt: skip
    file.operator("STRIDED_SLICE", [joined, *ends], [later], "StridedSliceOptions")
    file.operator("ASSIGN_VARIABLE", [handle, later], [], "AssignVariableOptions")
    flat = file.tensor("flat", (1, 12), "int8", **grid)
    file.operator("RESHAPE", [joined, file.constant("s", np.array([1, 12], np.int32))], [flat], "ReshapeOptions")
    scales = rng.uniform(0.005, 0.02, 5).astype(np.float32)
    weights = file.constant("w", rng.integers(-127, 128, (5, 12)).astype(np.int8), scales=scales, axis=0)
    bias = file.constant("b", rng.integers(-90, 90, 5).astype(np.int32), scales=scales * np.float32(0.05), axis=0)
    y = file.tensor("y", (1, 5), "int8", scales=[0.3], zeros=[-128])
    file.operator("FULLY_CONNECTED", [flat, weights, bias], [y], "FullyConnectedOptions", fusedActivationFunction=1)
    file.graph.inputs, file.graph.outputs = [x], [y]
    file.begin()
    handle = file.tensor("memory.begin", (), "resource")
    file.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", sharedName=b"memory")
    zeros = np.full((1, 2, 4), round(start / 0.05) - 28, np.int8)
    file.operator("ASSIGN_VARIABLE", [handle, file.constant("zeros", zeros, **grid)], [], "AssignVariableOptions")
    return file
