"""A program becomes moves, products, vector work and as few waits as its dependencies need."""

from __future__ import annotations

import msgspec
import pytest

from azsim.chip.build import compile_all
from azsim.chip.compile import FALLBACK_BYTES
from azsim.chip.instructions import Code, Cpu, Fetch, Load, Matvec, Store, Sync, Vector, decode, encode
from azsim.chip.residency import plan_residency
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip
NO_TANH = msgspec.structs.replace(
    AZ1, vector=msgspec.structs.replace(AZ1.vector, functions=("multiply-add", "sigmoid"))
)


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(3, hidden=(96, 96, 96)), AZ1)


def loads(code: Code) -> list[str]:
    return [step.matrix for step in code.instructions if isinstance(step, Load)]


def products(code: Code) -> list[tuple[str, int, int]]:
    return [(step.matrix, step.frame, step.frames) for step in code.instructions if isinstance(step, Matvec)]


def test_one_step_loads_and_multiplies_every_matrix_once(small: CompressedNetwork) -> None:
    for name, code in compile_all(AZ1, small).items():
        program = small.network.programs()[name]
        assert loads(code) == [step.matrix for step in code.instructions if isinstance(step, Matvec)]
        assert code.matrices == program.matrices
        syncs = sum(isinstance(step, Sync) for step in code.instructions)
        assert syncs == len(program.stages) - 1
        vector = sum(step.elements for step in code.instructions if isinstance(step, Vector))
        assert vector == sum(stage.vector_ops for stage in program.stages)
        assert decode(encode(code), code.matrices) == code.instructions


def test_bits_and_modes_are_those_of_the_streams_and_the_plan(small: CompressedNetwork) -> None:
    plan = plan_residency(AZ1, small)
    modes = {**plan.modes, "joint.output": "compressed", "encoder.0.input": "decoded"}
    for code in compile_all(AZ1, small, modes).values():
        assert set(loads(code)) == {name for name in code.matrices if modes[name] == "streamed"}
        for step in code.instructions:
            if isinstance(step, Matvec):
                assert (step.weight_bits, step.activation_bits) == (5, 8)
                assert step.decode == (modes[step.matrix] != "decoded")
                assert step.tiles == len(small.matrices[step.matrix].encoded.tiling)


def test_gathered_steps_share_input_matrices_and_repeat_recurrent_ones(small: CompressedNetwork) -> None:
    codes = compile_all(AZ1, small, steps=4)
    assert {name: code.frames for name, code in codes.items()} == {
        "encoder.0": 4,
        "encoder.1": 2,
        "joint": 1,
        "prediction": 1,
    }
    assert products(codes["encoder.0"]) == [
        ("encoder.0.recurrent", 0, 1),
        ("encoder.0.input", 0, 4),
        ("encoder.0.recurrent", 1, 1),
        ("encoder.0.recurrent", 2, 1),
        ("encoder.0.recurrent", 3, 1),
    ]
    assert loads(codes["encoder.0"]) == [matrix for matrix, _, _ in products(codes["encoder.0"])]
    resident = compile_all(AZ1, small, {"encoder.0.recurrent": "decoded"}, steps=4)["encoder.0"]
    assert loads(resident) == ["encoder.0.input"]


def test_what_the_vector_unit_lacks_goes_to_the_cpu_and_back(small: CompressedNetwork) -> None:
    for name, code in compile_all(NO_TANH, small).items():
        steps = code.instructions
        calls = [at for at, step in enumerate(steps) if isinstance(step, Cpu)]
        work = [part for stage in small.network.programs()[name].stages for part in stage.vector]
        assert [steps[at].elements for at in calls] == [part.elements for part in work if part.function == "tanh"]
        for at in calls:
            moved = FALLBACK_BYTES * steps[at].elements
            assert steps[at - 1] == Store(moved)
            assert steps[at + 1] == Fetch(moved)
        assert not any(isinstance(step, Vector) and step.function == "tanh" for step in steps)
    assert not any(isinstance(step, Cpu) for code in compile_all(AZ1, small).values() for step in code.instructions)
