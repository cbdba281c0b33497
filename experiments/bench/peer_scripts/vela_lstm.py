"""Time Vela on an int8 LSTM; run by bench_peers.py in an environment of its own.

    vela_lstm.py UNITS INPUTS FRAMES

Writes a network of one unidirectional LSTM with half of its weights zero, then compiles it for an Ethos-U65 with 256
multipliers, with the performance estimate that Vela makes on the way. Only the compilation is timed.
"""

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import flatbuffers
import numpy as np
from ethosu.vela import vela
from ethosu.vela.tflite import (
    Buffer,
    Model,
    Operator,
    OperatorCode,
    QuantizationParameters,
    SubGraph,
    Tensor,
    UnidirectionalSequenceLSTMOptions,
)
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions

INT8, INT16, INT32 = 9, 7, 2
TANH = 4
REPEATS = 3


class Writer:
    """Tensors and buffers of a .tflite file as it is written."""

    def __init__(self) -> None:
        self.file = flatbuffers.Builder(1 << 20)
        self.buffers: list[int] = []
        self.tensors: list[int] = []
        self.buffer(None)

    def buffer(self, data: np.ndarray | None) -> int:
        """Add a buffer; its number."""
        place = None if data is None else self.file.CreateNumpyVector(np.frombuffer(data.tobytes(), np.uint8))
        Buffer.BufferStart(self.file)
        if place is not None:
            Buffer.BufferAddData(self.file, place)
        self.buffers.append(Buffer.BufferEnd(self.file))
        return len(self.buffers) - 1

    def tensor(
        self, shape: list[int], kind: int, scale: float, data: np.ndarray | None = None, variable: bool = False
    ) -> int:
        """Add a tensor; its number."""
        buffer = self.buffer(data) if data is not None or variable else 0
        name = self.file.CreateString(f"t{len(self.tensors)}")
        extents = self.file.CreateNumpyVector(np.array(shape, np.int32))
        scales = self.file.CreateNumpyVector(np.array([scale], np.float32))
        zeros = self.file.CreateNumpyVector(np.zeros(1, np.int64))
        QuantizationParameters.QuantizationParametersStart(self.file)
        QuantizationParameters.QuantizationParametersAddScale(self.file, scales)
        QuantizationParameters.QuantizationParametersAddZeroPoint(self.file, zeros)
        quantisation = QuantizationParameters.QuantizationParametersEnd(self.file)
        Tensor.TensorStart(self.file)
        Tensor.TensorAddName(self.file, name)
        Tensor.TensorAddShape(self.file, extents)
        Tensor.TensorAddType(self.file, kind)
        Tensor.TensorAddBuffer(self.file, buffer)
        Tensor.TensorAddQuantization(self.file, quantisation)
        Tensor.TensorAddIsVariable(self.file, variable)
        self.tensors.append(Tensor.TensorEnd(self.file))
        return len(self.tensors) - 1

    def offsets(self, start: object, items: list[int]) -> int:
        """A vector of tables."""
        start(self.file, len(items))
        for item in reversed(items):
            self.file.PrependUOffsetTRelative(item)
        return self.file.EndVector()


def write_lstm(path: Path, units: int, inputs: int, frames: int) -> None:
    """An LSTM of int8 weights, half of them zero."""
    rng = np.random.default_rng(1)

    def weights(columns: int) -> np.ndarray:
        values = rng.standard_normal((units, columns))
        values[np.abs(values) < np.quantile(np.abs(values), 0.5)] = 0
        return np.rint(values / 4 * 127).clip(-127, 127).astype(np.int8)

    out = Writer()
    file = out.file
    entering = out.tensor([1, frames, inputs], INT8, 0.05)
    into = [out.tensor([units, inputs], INT8, 0.01, weights(inputs)) for _ in range(4)]
    again = [out.tensor([units, units], INT8, 0.01, weights(units)) for _ in range(4)]
    biases = [out.tensor([units], INT32, 0.0005, np.zeros(units, np.int32)) for _ in range(4)]
    hidden = out.tensor([1, units], INT8, 1 / 128, variable=True)
    cell = out.tensor([1, units], INT16, 2.0**-11, variable=True)
    leaving = out.tensor([1, frames, units], INT8, 1 / 128)
    between = [out.tensor([1], INT16, 2.0**-12) for _ in range(4)] + [out.tensor([1], INT8, 1 / 128)]
    operands = [entering, *into, *again, -1, -1, -1, *biases, -1, -1, hidden, cell, -1, -1, -1, -1]
    options = UnidirectionalSequenceLSTMOptions
    options.UnidirectionalSequenceLSTMOptionsStart(file)
    options.UnidirectionalSequenceLSTMOptionsAddFusedActivationFunction(file, TANH)
    options.UnidirectionalSequenceLSTMOptionsAddCellClip(file, 10.0)
    options.UnidirectionalSequenceLSTMOptionsAddTimeMajor(file, False)
    chosen = options.UnidirectionalSequenceLSTMOptionsEnd(file)
    vectors = [file.CreateNumpyVector(np.array(items, np.int32)) for items in (operands, [leaving], between)]
    Operator.OperatorStart(file)
    Operator.OperatorAddOpcodeIndex(file, 0)
    Operator.OperatorAddInputs(file, vectors[0])
    Operator.OperatorAddOutputs(file, vectors[1])
    Operator.OperatorAddIntermediates(file, vectors[2])
    Operator.OperatorAddBuiltinOptionsType(file, BuiltinOptions.UnidirectionalSequenceLSTMOptions)
    Operator.OperatorAddBuiltinOptions(file, chosen)
    operator = Operator.OperatorEnd(file)
    tensors = out.offsets(SubGraph.SubGraphStartTensorsVector, out.tensors)
    operators = out.offsets(SubGraph.SubGraphStartOperatorsVector, [operator])
    ends = [file.CreateNumpyVector(np.array([number], np.int32)) for number in (entering, leaving)]
    name = file.CreateString("main")
    SubGraph.SubGraphStart(file)
    SubGraph.SubGraphAddTensors(file, tensors)
    SubGraph.SubGraphAddInputs(file, ends[0])
    SubGraph.SubGraphAddOutputs(file, ends[1])
    SubGraph.SubGraphAddOperators(file, operators)
    SubGraph.SubGraphAddName(file, name)
    graph = SubGraph.SubGraphEnd(file)
    code = BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    OperatorCode.OperatorCodeStart(file)
    OperatorCode.OperatorCodeAddDeprecatedBuiltinCode(file, code)
    OperatorCode.OperatorCodeAddVersion(file, 1)
    OperatorCode.OperatorCodeAddBuiltinCode(file, code)
    opcode = OperatorCode.OperatorCodeEnd(file)
    codes = out.offsets(Model.ModelStartOperatorCodesVector, [opcode])
    graphs = out.offsets(Model.ModelStartSubgraphsVector, [graph])
    buffers = out.offsets(Model.ModelStartBuffersVector, out.buffers)
    description = file.CreateString("one LSTM")
    Model.ModelStart(file)
    Model.ModelAddVersion(file, 3)
    Model.ModelAddOperatorCodes(file, codes)
    Model.ModelAddSubgraphs(file, graphs)
    Model.ModelAddBuffers(file, buffers)
    Model.ModelAddDescription(file, description)
    file.Finish(Model.ModelEnd(file), file_identifier=b"TFL3")
    path.write_bytes(bytes(file.Output()))


def main() -> None:
    """Compile a few times; print the least seconds (wall-clock or CPU, whichever is less), and the cycles, as JSON."""
    units, inputs, frames = map(int, sys.argv[1:4])
    times = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_lstm(Path("lstm.tflite"), units, inputs, frames)
        command = ["lstm.tflite", "--accelerator-config", "ethos-u65-256", "--config", "Arm/vela.ini"]
        command += ["--system-config", "Ethos_U65_High_End", "--memory-mode", "Dedicated_Sram"]
        command += ["--output-dir", "out"]
        for _ in range(REPEATS):
            begin, busy = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                vela.main(command)
            times.append(min(time.perf_counter() - begin, time.process_time() - busy))
        with next(Path("out").glob("*summary*.csv")).open() as report:
            row = next(csv.DictReader(report))
    print(json.dumps({"seconds": min(times), "cycles": float(row["cycles_total"])}))


if __name__ == "__main__":
    main()
