#!/usr/bin/env bash
# ethos-u-vela 5.2.0: `cycles_total` is the larger of array and DRAM cycles, even for one block.
#
# The guess: transfers overlap with the work on the block before. A fully connected layer at one frame that is a single
# block of outputs has no block before: its weights come from DRAM, then the array works, and the total is the sum,
# or at least more than either.
#
# What happens: the total is the larger of the two, never more. 128 x 128 is one operation with one block of all 128
# outputs; its `cycles_total` is the array's cycles alone, though Vela counts 88 % as many for DRAM.
#
# Why it matters here: a simulator that fetches, decodes and multiplies a layer of one tile one after the other takes
# longer than Vela's estimate of small layers, by its rules. Fitted to Vela's totals there, it would leave out waiting
# that its own chip has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check ethos-u-vela==5.2.0 numpy==2.4.6 flatbuffers==25.12.19
cat > layer.py <<'EOF'
"""layer.py OUTPUTS INPUTS FILE: an int8 fully connected layer at one frame, as a .tflite file."""

import sys

import flatbuffers
import numpy as np
from ethosu.vela.tflite import Buffer, FullyConnectedOptions, Model, Operator, OperatorCode, SubGraph, Tensor
from ethosu.vela.tflite import QuantizationParameters as Grid

FULLY_CONNECTED, OPTIONS, INT8, INT32 = 9, 8, 9, 2
outputs, inputs = int(sys.argv[1]), int(sys.argv[2])
normal = np.random.default_rng(0).normal(0, 127 / 3, (outputs, inputs))
weights = np.clip(np.round(normal), -127, 127).astype(np.int8)
file = flatbuffers.Builder(1 << 20)


def table(module, name, **fields):
    """One table, its fields already written."""
    getattr(module, f"{name}Start")(file)
    for key, value in fields.items():
        getattr(module, f"{name}Add{key}")(file, value)
    return getattr(module, f"{name}End")(file)


def many(tables):
    file.StartVector(4, len(tables), 4)
    for one in reversed(tables):
        file.PrependUOffsetTRelative(one)
    return file.EndVector()


def numbers(values, kind=np.int32):
    return file.CreateNumpyVector(np.array(values, kind))


contents = [None, weights, np.zeros(outputs, np.int32)]
held = []
for data in contents:
    content = {} if data is None else {"Data": numbers(np.frombuffer(data.tobytes(), np.uint8), np.uint8)}
    held.append(table(Buffer, "Buffer", **content))
tensors = []
for name, shape, kind, buffer, scale in (
    ("in", [1, inputs], INT8, 0, 0.05),
    ("weights", [outputs, inputs], INT8, 1, 0.01),
    ("bias", [outputs], INT32, 2, 0.0005),
    ("out", [1, outputs], INT8, 0, 0.5),
):
    grid = table(Grid, "QuantizationParameters", Scale=numbers([scale], np.float32), ZeroPoint=numbers([0], np.int64))
    fields = {"Shape": numbers(shape), "Name": file.CreateString(name), "Quantization": grid}
    tensors.append(table(Tensor, "Tensor", Type=kind, Buffer=buffer, **fields))
options = table(FullyConnectedOptions, "FullyConnectedOptions")
layer = table(
    Operator,
    "Operator",
    OpcodeIndex=0,
    Inputs=numbers([0, 1, 2]),
    Outputs=numbers([3]),
    BuiltinOptionsType=OPTIONS,
    BuiltinOptions=options,
)
fields = {"Tensors": many(tensors), "Operators": many([layer]), "Name": file.CreateString("main")}
graph = table(SubGraph, "SubGraph", Inputs=numbers([0]), Outputs=numbers([3]), **fields)
codes = {"DeprecatedBuiltinCode": FULLY_CONNECTED, "BuiltinCode": FULLY_CONNECTED, "Version": 4}
code = table(OperatorCode, "OperatorCode", **codes)
fields = {"OperatorCodes": many([code]), "Subgraphs": many([graph]), "Buffers": many(held)}
model = table(Model, "Model", Version=3, Description=file.CreateString("one layer"), **fields)
file.Finish(model, file_identifier=b"TFL3")
with open(sys.argv[3], "wb") as out:
    out.write(file.Output())
EOF
for shape in "128 128" "512 512"; do
    name=layer_${shape/ /_}
    # shellcheck disable=SC2086
    venv/bin/python layer.py $shape "$name.tflite"
    venv/bin/vela "$name.tflite" --accelerator-config ethos-u65-256 --config Arm/vela.ini \
        --system-config Ethos_U65_High_End --memory-mode Dedicated_Sram \
        --verbose-high-level-command-stream --output-dir "$name" > "$name.log" 2>&1 || { cat "$name.log"; exit 1; }
done
cat > judge.py <<'EOF'
import csv
import re
from importlib.metadata import version
from pathlib import Path

print("ethos-u-vela", version("ethos-u-vela"))
seen = {}
for outputs, name in ((128, "layer_128_128"), (512, "layer_512_512")):
    with next(Path(name).glob("*summary*.csv")).open() as report:
        row = next(csv.DictReader(report))
    array, dram, total = (round(float(row[f"cycles_{key}"])) for key in ("npu", "dram_access", "total"))
    block = re.search(r"OFM Block=\[(\d+), (\d+), (\d+), (\d+)\]", Path(f"{name}.log").read_text())
    blocks = -(-outputs // int(block[4]))
    seen[name] = array, dram, total, blocks
    print(f"{name}: {block[0]}, so {blocks} of them; array {array:,}, DRAM {dram:,}, their sum {array + dram:,}, "
          f"cycles_total {total:,}")
assert all(total == max(array, dram) for array, dram, total, _ in seen.values()), "the total is another one now"
assert seen["layer_128_128"] == (5_605, 4_932, 5_605, 1), "the estimate changed"
assert seen["layer_512_512"][:3] == (36_500, 71_598, 71_598), "the estimate changed"
EOF
venv/bin/python judge.py
