"""The array's closed forms against every cycle count of SCALE-Sim that ``scale_sim.csv`` holds: exact.

``golden`` rows are outputs in SCALE-Sim's own repository (test/general/golden_trace_*, configs/scale.cfg), ``measured``
rows are "Total Cycles" of scalesim 3.0.0 from PyPI, ``TPU set`` rows the cycles of its validation repository. Memory
stalls are subtracted. ``offset`` is what SCALE-Sim reports beyond the form: -1, its off-by-one, or 0 in the TPU set.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from azsim.chip.systolic import SCALE_SIM_OFFSET_CYCLES, array_work
from azsim.deploy.matvec import matvec
from azsim.devices.chip_spec import SystolicSpec
from azsim.devices.loader import load_device
from azsim.resources import shipped

ROWS = list(csv.DictReader(shipped("experiments", "validation/scale_sim.csv").read_text().splitlines()))
GEMM = (128, 256, 256)
CONV1 = (96, 363, 3025)


def label(row: dict[str, str]) -> str:
    return f"{row['source']}, {row['layer']}, {row['array']} {row['dataflow']}, {row['frames']} frames"


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_cycles_are_exact(row: dict[str, str]) -> None:
    spec = SystolicSpec(int(row["array"]), int(row["array"]), row["dataflow"])
    work = array_work(int(row["rows"]), int(row["columns"]), int(row["frames"]), spec)
    assert work.cycles + int(row["offset"]) == int(row["cycles"])
    assert int(row["offset"]) == (0 if row["source"] == "TPU set" else SCALE_SIM_OFFSET_CYCLES)


@pytest.mark.parametrize(
    ("dataflow", "shape", "activation_reads", "weight_reads", "output_writes"),
    [
        ("weight-stationary", CONV1, 3_294_225, 34_848, 3_484_800),
        ("weight-stationary", GEMM, 262_144, 32_768, 262_144),
        ("output-stationary", GEMM, 262_144, 262_144, 34_816 - 2_048),  # SCALE-Sim writes more sums than there are
        ("input-stationary", GEMM, 65_536, 262_144, 262_144),
    ],
)
def test_on_chip_traffic_is_the_golden_runs(
    dataflow: str, shape: tuple[int, int, int], activation_reads: int, weight_reads: int, output_writes: int
) -> None:
    work = array_work(*shape, SystolicSpec(32, 32, dataflow))
    assert work.activation_reads == activation_reads
    assert work.weight_reads == weight_reads
    assert work.output_writes == output_writes


@pytest.mark.parametrize(
    ("shape", "cycles_with_stalls", "overall_percent", "mapping_percent"),
    [(CONV1, 112_283, 91.6831, 94.53125), (GEMM, 52_447, 15.61958, 100.0)],
)
def test_utilisation_is_the_golden_runs(
    shape: tuple[int, int, int], cycles_with_stalls: int, overall_percent: float, mapping_percent: float
) -> None:
    rows, columns, frames = shape
    work = array_work(rows, columns, frames, SystolicSpec(32, 32, "weight-stationary"))
    assert 100 * rows * columns * frames / 1024 / cycles_with_stalls == pytest.approx(overall_percent, abs=1e-4)
    assert 100 * rows * columns / 1024 / work.folds == pytest.approx(mapping_percent)


VELA = list(csv.DictReader(shipped("experiments", "validation/vela_layers.csv").read_text().splitlines()))
SMALL = [row for row in VELA if int(row["rows"]) * int(row["columns"]) <= 1 << 20]
"""The validation takes the others too."""


@pytest.mark.parametrize("row", SMALL, ids=lambda row: f"{row['rows']} x {row['columns']}")
def test_a_layer_takes_what_vela_says_from_64_ki_weights_on(row: dict[str, str]) -> None:
    """Arm's Vela 5.2.0, one frame, weights from DRAM in a Golomb-Rice code; smaller layers are beyond the limit."""
    shape = int(row["rows"]), int(row["columns"])
    weights = np.clip(np.round(np.random.default_rng(0).normal(0, 127 / 3, shape)), -127, 127).astype(np.int8)
    cost = matvec(load_device("ethos-u65-like"), weights, np.ones(shape[1], np.int8), codec="golomb")
    off = cost.cycles / int(row["total_cycles"]) - 1
    assert abs(off) < (0.13 if weights.size >= 65_536 else 0.7)
    assert cost.stream_bytes == pytest.approx(int(row["encoded_bytes"]), rel=0.07)
