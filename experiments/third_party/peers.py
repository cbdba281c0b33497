"""What ZigZag says of the same file, and Vela of the same recurrent layers, in a Python of their own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from azsim.nn.onnx.dequantise import float_twin
from azsim.nn.onnx.importer import import_model
from azsim.nn.onnx.model import onnx_package, read_model
from experiments.third_party.packages import Case

TIME_LIMIT_S = 400
SCRIPT = Path(__file__).parent / "zigzag_onnx.py"
VELA = Path(__file__).parents[1] / "bench" / "peer_scripts" / "vela_lstm.py"


def zigzag_estimates(python: Path, case: Case, file: Path) -> dict[str, object]:
    """Cycles and energy of the layers that it costs; ``said`` is its last line where it gives none."""
    onnx = onnx_package()
    with tempfile.TemporaryDirectory() as folder:
        model = float_twin(read_model(file)).model
        for value in model.graph.input:
            _fix(value, case)
        path = Path(folder) / "model.onnx"
        try:
            model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        except Exception as error:  # of the package
            return {"cycles": None, "energy_pj": None, "layers": 0, "said": f"shapes: {error}"[:120]}
        path.write_bytes(model.SerializeToString())
        try:
            done = subprocess.run(
                [str(python), str(SCRIPT), str(path)], capture_output=True, text=True, timeout=TIME_LIMIT_S, cwd=folder
            )
        except subprocess.TimeoutExpired:
            return {"cycles": None, "energy_pj": None, "layers": 0, "said": f"no answer within {TIME_LIMIT_S} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return {"cycles": None, "energy_pj": None, "layers": 0, "said": last[:120].replace("|", "/")}
    return json.loads(done.stdout.strip().splitlines()[-1])


def vela_estimate(python: Path, case: Case, file: Path) -> dict[str, object] | None:
    """Vela's cycles for the network's LSTMs on an Ethos-U65 of 256 multipliers; None where it has none.

    Each layer is written as an int8 .tflite of the same shape, half of its drawn weights zero: Vela reads no ONNX.
    """
    network = import_model(
        file, name=case.name, settings=case.settings, shapes=case.shapes, states={}, every_ms=case.every_ms
    ).network
    graph, layers, total = network.graph, [], 0.0
    for node in graph.nodes:
        if node.operator.kind != "lstm":
            continue
        rows, units = graph.parameters[node.parameters["recurrent"]].shape
        inputs = graph.parameters[node.parameters["input"]].shape[1]
        steps = int(1 / graph.tensors[node.outputs[0]].period)
        done = subprocess.run(
            [str(python), str(VELA), str(rows // 4), str(inputs), str(steps)],
            capture_output=True, text=True, timeout=TIME_LIMIT_S,
        )  # fmt: skip
        if done.returncode:
            return {"cycles": None, "layers": [], "said": (done.stderr.strip().splitlines() or [""])[-1][:120]}
        total += json.loads(done.stdout.strip().splitlines()[-1])["cycles"]
        layers.append(f"{units} units, {inputs} inputs, {steps} steps")
    return {"cycles": total, "layers": layers, "said": ""} if layers else None


def _fix(value: object, case: Case) -> None:
    """Open extents of an input take the case's."""
    asked = case.shapes.get(value.name)
    for index, extent in enumerate(value.type.tensor_type.shape.dim):
        if not extent.HasField("dim_value"):
            size = asked[index] if asked else int(case.settings.get(extent.dim_param, 1))
            extent.ClearField("dim_param")
            extent.dim_value = int(np.int64(size))
