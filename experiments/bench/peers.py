"""azsim beside SCALE-Sim, ZigZag and Vela, in one run: seconds for the same layers, as ratios.

Each peer lives in a virtual environment of its own under the user's cache folder and is driven by a script in
``peer_scripts/``. Where the package index cannot be reached it is left out, with a note.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from azsim.chip.build import build_invocations, build_schedule, tile_layout
from azsim.chip.lanes import lane_cost
from azsim.chip.masks import pack_masks
from azsim.chip.pipeline import run_pipeline
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.loader import load_device
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.lstm import Lstm
from azsim.nn.program import MatrixUse, Program, ProgramStage, VectorWork
from azsim.nn.rnnt.formats import DEFAULT_CELL_BITS, DEFAULT_HIDDEN_BITS
from azsim.nn.rnnt.network import Network
from experiments.bench.figure import Figure, least_seconds

HERE = Path(__file__).resolve().parent
SECTION = "Beside other simulators"
LAYERS = ((4096, 1216), (4096, 2048))
UNITS, FRAMES = 1024, 100
WEIGHT_DENSITY, ACTIVATION_DENSITY = 0.5, 0.8
DATA_DEPENDENT = "lane cycles, schedules and pipeline, data-dependent"
PACKAGES = {
    "SCALE-Sim 3.0.0": ("scale_sim", ("scalesim==3.0.0", "numpy<2")),
    "ZigZag 3.9.1": ("zigzag_gemv", ("zigzag-dse==3.9.1", "six")),
    "Vela 5.2.0": ("vela_lstm", ("ethos-u-vela==5.2.0",)),
}
TARGETS = {"SCALE-Sim 3.0.0": 20_000.0, "ZigZag 3.9.1": 30.0, "Vela 5.2.0": 10.0}


def figures(only: tuple[str, ...] = tuple(PACKAGES)) -> list[Figure]:
    """Our seconds per layer part by part, each peer's, and the ratios."""
    chip = load_device("az1").chip
    found, ours = [], {}
    for rows, columns in LAYERS:
        parts = step_seconds(chip, rows, columns)
        ours[rows, columns] = sum(seconds for what, seconds in parts.items() if what != "masks")
        name = f"azsim, LSTM step {rows} x {columns}"
        found += [Figure(SECTION, f"{name}: {what}", 1e3 * seconds, "ms") for what, seconds in parts.items()]
    for peer in only:
        if peer.startswith("Vela"):
            continue
        for rows, columns in LAYERS:
            found += _against(peer, f"LSTM step {rows} x {columns}", ours[rows, columns], (rows, columns))
    if any(peer.startswith("Vela") for peer in only):
        seconds = lstm_seconds(chip)
        what = f"LSTM of {UNITS} units, {FRAMES} frames"
        found += [Figure(SECTION, f"azsim, {what}: {part}", 1e3 * value, "ms") for part, value in seconds.items()]
        found += _against("Vela 5.2.0", what, seconds[DATA_DEPENDENT], (UNITS, UNITS, FRAMES))
    return found


def step_seconds(chip: ChipSpec, rows: int, columns: int) -> dict[str, float]:
    """Seconds of the parts of one LSTM step at batch 1, zeros of weights and activations skipped."""
    rng = np.random.default_rng(rows + columns)
    weights = _weights(rng, (rows, columns))
    vector = _activations(rng, (1, columns))
    lanes = msgspec.structs.replace(chip.lanes, skip="both")
    encoded = encode(weights, "zvsv", 5, tile_layout(chip))
    tiling, layout = encoded.tiling, encoded.layout
    masks = pack_masks(weights, tiling, layout.lanes, layout.block_columns)
    cost = lane_cost(weights, tiling, lanes, vector, masks)
    step = int8_lstm(weights, vector[0])
    return {
        "masks": least_seconds(lambda: pack_masks(weights, tiling, layout.lanes, layout.block_columns)),
        "int8 step, bit-exact": least_seconds(step, 20),
        "lane cycles, data-dependent": least_seconds(lambda: lane_cost(weights, tiling, lanes, vector, masks), 20),
        "tile pipeline": least_seconds(
            lambda: run_pipeline(tile_schedule("layer", encoded, cost, 0, "streamed", chip), chip), 20
        ),
    }


def lstm_seconds(chip: ChipSpec) -> dict[str, float]:
    """Seconds from int8 weights to the cycles of every frame, part by part; bitstreams and masks are made before."""
    rng = np.random.default_rng(UNITS)
    layout = tile_layout(chip)
    weights = {name: _weights(rng, (4 * UNITS, UNITS)) for name in ("lstm.recurrent", "lstm.input")}
    inputs = {name: _activations(rng, (FRAMES, UNITS)) for name in weights}
    uses = (MatrixUse("lstm.recurrent", "recurrent", "ready"), MatrixUse("lstm.input", "input", "ready"))
    program = Program("lstm", (ProgramStage("lstm", uses, (VectorWork("multiply-add", 16 * UNITS),)),), period_steps=1)

    def encoded() -> CompressedNetwork:
        shapes = {name: np.broadcast_to(np.float32(0), each.shape) for name, each in weights.items()}
        network = Network("lstm", shapes, (), 1, -1, 1, 4.0, {}, "", "drawn")
        matrices = {
            name: CompressedMatrix(name, encode(each, "zvsv", 5, layout), (1.0,)) for name, each in weights.items()
        }
        return CompressedNetwork("lstm", network, matrices)

    network = encoded()
    both = msgspec.structs.replace(chip, lanes=msgspec.structs.replace(chip.lanes, skip="both"))

    def every_frame() -> None:
        for schedule in build_invocations(both, program, network, {}, inputs):
            run_pipeline(schedule, both)

    def own_mode() -> None:
        for schedule in [build_schedule(chip, program, network)] * FRAMES:
            run_pipeline(schedule, chip)

    return {
        "encode": least_seconds(encoded, 3),
        DATA_DEPENDENT: least_seconds(every_frame, 3),
        "the same in az1's own skip mode": least_seconds(own_mode, 3),
    }


def _weights(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    values = rng.integers(1, 16, shape) * rng.choice((-1, 1), shape)
    return (values * (rng.random(shape) < WEIGHT_DENSITY)).astype(np.int8)


def _activations(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return (rng.integers(1, 128, shape) * (rng.random(shape) < ACTIVATION_DENSITY)).astype(np.int8)


def _against(peer: str, what: str, our_seconds: float, arguments: tuple[int, ...]) -> list[Figure]:
    """The peer's seconds and how many times ours they are."""
    answer = run_peer(peer, arguments)
    name = f"{peer}, {what}"
    if isinstance(answer, str):
        return [Figure(SECTION, name, None, "x", TARGETS[peer], note=answer)]
    return [
        Figure(SECTION, name, 1e3 * answer["seconds"], "ms", note=f"{answer['cycles']:.0f} cycles"),
        Figure(SECTION, f"{name}: times azsim's", answer["seconds"] / our_seconds, "x", TARGETS[peer]),
    ]


def run_peer(peer: str, arguments: tuple[int, ...]) -> dict[str, float] | str:
    """What the peer's script prints, or why it could not be run."""
    script, packages = PACKAGES[peer]
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "azsim" / "peers" / script
    python = home / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(install, check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return "left out: its packages could not be installed"
    command = [str(python), str(HERE / "peer_scripts" / f"{script}.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return f"left out: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'it failed'}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def int8_lstm(weights: np.ndarray, vector: np.ndarray) -> Callable[[], None]:
    """A step, ready to be called: int8 weights ``(4 units, inputs + units)`` on a vector ``(inputs + units,)``."""
    units = weights.shape[0] // 4
    columns = weights.shape[1] - units
    parts = {"input": weights[:, :columns], "recurrent": weights[:, columns:]}
    node = Node("lstm", Lstm(), ("x",), ("h",), {role: role for role in parts})
    zeros = {role: np.broadcast_to(np.float32(0), part.shape) for role, part in parts.items()}
    graph = Graph("lstm", {"x": Tensor((columns,))}, ("h",), (node,), zeros)
    grids = {"x": Grid(8, 2.0**-6), "h": Grid(8, 2.0**-DEFAULT_HIDDEN_BITS)}
    scaled = {role: Weights.of(np.ascontiguousarray(part), 2.0**-13) for role, part in parts.items()}
    integers = IntegerGraph(graph, scaled, {**grids, "lstm.cell": Grid(16, 2.0**-DEFAULT_CELL_BITS)})
    executor, entering = Executor(Model.in_integers(integers)), {"x": vector[None, :columns].copy()}

    def step() -> None:
        executor.push(entering)

    return step
