"""Several scales a matrix: factors travel with it, stay with it, and are read by the vector unit once a vector."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.build import build_schedule, tile_layout
from azsim.chip.compile import compile_program
from azsim.chip.execute import vector_cycles
from azsim.chip.instructions import Matvec
from azsim.chip.kept import kept_bytes
from azsim.chip.wake import reload_tiles
from azsim.compress import compress
from azsim.compress.network import FACTOR_BYTES
from azsim.devices.loader import load_device
from tests.conftest import random_network

CHIP = load_device("az1").chip
GROUPS = {"tensor": lambda rows: 0, "gate": lambda rows: 4, "channel": lambda rows: rows}


def small(granularity: str):
    return compress(random_network(3), codec="zvsv", weight_bits=5, granularity=granularity, layout=tile_layout(CHIP))


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("granularity", ["gate", "channel"])
def test_a_layer_fetches_its_factors_and_reads_each_once_a_frame(granularity: str, steps: int) -> None:
    one, many = small("tensor"), small(granularity)
    program = one.network.programs()["encoder.0"]
    before = build_schedule(CHIP, program, one, steps=steps)
    after = build_schedule(CHIP, program, many, steps=steps)
    code = compile_program(program, many, CHIP.vector, {}, steps)
    uses = [step for step in code.instructions if isinstance(step, Matvec)]
    loaded = sum(many.matrices[use.matrix].factor_bytes for use in uses)
    streams = [sum(len(each.matrices[use.matrix].encoded.data) for use in uses) for each in (one, many)]
    assert loaded > 0
    assert after.fetch_bytes.sum() - before.fetch_bytes.sum() == loaded + streams[1] - streams[0]
    groups = sum(len(many.matrices[use.matrix].scales) * use.frames * use.vectors for use in uses)
    assert after.vector_ops.sum() - before.vector_ops.sum() == groups
    assert (after.vector_cycles >= before.vector_cycles).all()


@pytest.mark.parametrize("granularity", ["tensor", "gate", "channel"])
def test_factors_stay_with_a_resident_matrix(granularity: str) -> None:
    network, name = small(granularity), "encoder.1.recurrent"
    matrix = network.matrices[name]
    factors = FACTOR_BYTES * GROUPS[granularity](matrix.encoded.shape[0])
    assert matrix.factor_bytes == factors
    assert kept_bytes(CHIP, network, name) == {
        "streamed": 0,
        "compressed": len(matrix.encoded.data) + factors,
        "decoded": int(matrix.encoded.tiling.positions.sum()) + factors,
    }
    assert reload_tiles(name, matrix, "compressed", CHIP).fetch_bytes.sum() == len(matrix.encoded.data) + factors


def test_reads_of_factors_take_the_ports_of_the_tables() -> None:
    """A layer with a scale for each row reads more of its tables than one table can be read for at once."""
    program = small("tensor").network.programs()["encoder.0"]
    one, many = (build_schedule(CHIP, program, small(each)) for each in ("tensor", "channel"))
    at = int(np.argmax(one.vector_ops))
    units = program.stages[0].vector[1].elements // 3
    reads, rows = 5 * units, 2 * 4 * units
    assert one.vector_cycles[at] == vector_cycles(int(one.vector_ops[at]), CHIP.vector, reads)
    assert many.vector_cycles[at] == vector_cycles(int(one.vector_ops[at]) + rows, CHIP.vector, reads + rows)
