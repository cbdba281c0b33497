"""Stages, programs, and how often a program runs."""

from __future__ import annotations

import pytest

from azsim.nn.program import MatrixUse, Program, ProgramStage, VectorWork
from azsim.nn.rnnt.network import Network

FIRST = ProgramStage(
    "one",
    (MatrixUse("a", "recurrent", "ready"), MatrixUse("b", "input", "previous")),
    (VectorWork("multiply-add", 30), VectorWork("tanh", 12)),
)
SECOND = ProgramStage("two", (MatrixUse("c", "input", "previous"),), (), output_bytes=8)


def test_matrices_come_in_the_order_of_the_stages() -> None:
    assert Program("p", (FIRST, SECOND)).matrices == ("a", "b", "c")
    assert Program("p", (SECOND, FIRST)).matrices == ("c", "a", "b")


def test_vector_operations_are_the_elements_of_all_functions() -> None:
    assert (FIRST.vector_ops, SECOND.vector_ops) == (42, 0)


@pytest.mark.parametrize(("period", "frames"), [(0, [1, 1, 1, 1]), (1, [1, 2, 4, 8]), (2, [1, 1, 2, 4])])
def test_frames_of_a_run_when_steps_are_gathered(period: int, frames: list[int]) -> None:
    program = Program("p", (FIRST,), period_steps=period)
    assert [program.frames(steps) for steps in (1, 2, 4, 8)] == frames


def test_a_network_s_encoder_programs_do_all_frames_of_the_steps_that_are_gathered(tiny_network: Network) -> None:
    programs = tiny_network.programs()
    assert {name: program.frames(8) for name, program in programs.items()} == {
        "encoder.0": 8,
        "encoder.1": 8 // tiny_network.time_reduction,
        "joint": 1,
        "prediction": 1,
    }
