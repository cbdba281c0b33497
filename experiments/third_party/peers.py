"""What ZigZag and Vela say of the same networks and layers, in a Python of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from azsim.errors import InputError
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.onnx.importer import Imported
from azsim.nn.onnx.model import onnx_package

TIME_LIMIT_S = 300
PACKAGES = ("zigzag-dse==3.9.1", "six", "ethos-u-vela==5.2.0")
HERE = Path(__file__).parent
ZIGZAG = HERE / "zigzag_layers.py"
WHOLE = HERE / "whole_network.py"
VELA = HERE.parent / "bench" / "peer_scripts" / "vela_lstm.py"
Estimate = dict[str, object]


def peers_python() -> Path:
    """A Python that has both, made on first use in the cache of the user.

    Raises:
        InputError: their packages cannot be installed.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "azsim" / "peers" / "third_party"
    python = home / "bin" / "python"
    if not (home / "whole").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
            command = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
            subprocess.run(command, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            raise InputError(f"{', '.join(PACKAGES)}: could not be installed into {home}") from None
        (home / "whole").touch()
    return python


def whole_estimates(python: Path, found: Imported, file: Path, folder: Path) -> dict[str, Estimate]:
    """What each says of a whole network: ``zigzag`` of its float ONNX with all shapes, ``vela`` of the file as it came.

    Args:
        python: `peers_python`.
        found: the network.
        file: as it came; Vela reads .tflite alone.
        folder: for files between.
    """
    onnx = onnx_package()
    model = type(found.twin.model).FromString(found.twin.model.SerializeToString())
    for info in model.graph.input:
        extents = info.type.tensor_type.shape.dim
        for extent, size in zip(extents, found.shapes.get(info.name, ())):
            extent.dim_value = size
    shaped = folder / "shaped.onnx"
    shaped.write_bytes(onnx.shape_inference.infer_shapes(model).SerializeToString())
    answers = {}
    for tool, given in (("zigzag", shaped), ("vela", file)):
        answer = _asked([str(python), str(WHOLE), tool, str(given)])
        answers[tool] = {"said": answer} if isinstance(answer, str) else {**answer, "said": ""}
    return answers


def zigzag_estimate(python: Path, network: GraphNetwork) -> Estimate:
    """ZigZag's cycles and energy of every product with weights, one after another.

    Each is given as a Gemm: of an LSTM's node ZigZag costs nothing.
    """
    runs: Counter[tuple[int, int, int]] = Counter()
    for program in network.programs().values():
        times = round(1 / float(program.period_steps))
        for use in program.uses:
            rows, columns = network.parameters[use.matrix].shape
            runs[use.vectors, rows, columns] += times
    sizes = list(runs)
    answer = _asked([str(python), str(ZIGZAG), json.dumps(sizes)])
    if isinstance(answer, str):
        return {"cycles": None, "energy_pj": None, "layers": len(sizes), "said": answer}
    cycles = sum(each[0] * runs[size] for each, size in zip(answer, sizes, strict=True))
    energy = sum(each[1] * runs[size] for each, size in zip(answer, sizes, strict=True))
    return {"cycles": cycles, "energy_pj": energy, "layers": len(sizes), "said": ""}


def vela_estimate(python: Path, network: GraphNetwork) -> Estimate | None:
    """Vela's cycles for the network's LSTMs on an Ethos-U65 of 256 multipliers; None where it has none.

    Each layer is written as an int8 .tflite of the same shape, half of its drawn weights zero: Vela reads no ONNX.
    """
    graph, layers, total = network.graph, [], 0.0
    for node in graph.nodes:
        if node.operator.kind != "lstm":
            continue
        units = graph.parameters[node.parameters["recurrent"]].shape[1]
        inputs = graph.parameters[node.parameters["input"]].shape[1]
        steps = int(1 / graph.tensors[node.outputs[0]].period)
        answer = _asked([str(python), str(VELA), str(units), str(inputs), str(steps)])
        if isinstance(answer, str):
            return {"cycles": None, "layers": [], "said": answer}
        total += answer["cycles"]
        layers.append(f"{units} units, {inputs} inputs, {steps} steps")
    return {"cycles": total, "layers": layers, "said": ""} if layers else None


def _asked(command: list[str]) -> object:
    """The last line of a command's output as JSON; words where it gives none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"no answer within {TIME_LIMIT_S} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no output"])[-1][:120].replace("|", "/")
    return json.loads(done.stdout.strip().splitlines()[-1])
