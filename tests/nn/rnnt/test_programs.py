"""Programs name every matrix that computes, once, in the right place."""

from __future__ import annotations

import pytest

from azsim.nn.rnnt.programs import runs_per_second

VECTOR_OPS_PER_LSTM_UNIT = 16


def names(program) -> list[str]:
    return list(program.matrices)


def test_time_reduction_splits_the_encoder(tiny_network):
    programs = tiny_network.programs()
    assert list(programs) == ["encoder.0", "encoder.1", "joint", "prediction"]
    assert names(programs["encoder.0"]) == ["encoder.0.recurrent", "encoder.0.input"]
    assert names(programs["encoder.1"])[-1] == "joint.encoder"
    assert names(programs["prediction"]) == ["prediction.0.recurrent", "prediction.0.input", "joint.prediction"]
    assert programs["prediction"].lookup_bytes == 7
    assert programs["joint"].stages[-1].output_bytes == 4 * len(tiny_network.pieces)
    assert programs["encoder.0"].stages[0].vector_ops == 12 * VECTOR_OPS_PER_LSTM_UNIT


def test_every_matrix_but_the_embedding_runs_in_one_program(tiny_network):
    used = [matrix for program in tiny_network.programs().values() for matrix in program.matrices]
    assert sorted([*used, "prediction.embedding"]) == sorted(tiny_network.weight_matrices)


def test_branches_have_programs_of_their_own(make_network):
    programs = make_network(8, branch_rank=4, arbiter=5).programs()
    assert list(programs)[:5] == ["arbiter", "encoder.0", "encoder.0.small", "encoder.1", "encoder.1.small"]
    assert names(programs["encoder.0"]) == ["encoder.0.recurrent", "encoder.0.input"]
    small = [f"encoder.0.small.{kind}" for kind in ("recurrent", "input", "expand")]
    assert names(programs["encoder.0.small"]) == small
    assert names(programs["encoder.1.small"])[-1] == names(programs["encoder.1"])[-1] == "joint.encoder"
    assert names(programs["arbiter"]) == ["arbiter.0.recurrent", "arbiter.0.input", "arbiter.score"]
    assert [programs[f"encoder.{i}.small"].period_steps for i in (0, 1)] == [1, 2]
    small = programs["encoder.0.small"].stages
    assert [stage.vector_ops for stage in small] == [2 * 4, 12 * (VECTOR_OPS_PER_LSTM_UNIT - 4)]


def test_branches_share_the_steps(make_network):
    rates = runs_per_second(make_network(8, branch_rank=4, arbiter=5).programs(), large_share=0.25)
    plain = runs_per_second(make_network(8).programs())
    for name in ("encoder.0", "encoder.1"):
        assert rates[name] == pytest.approx(0.25 * plain[name])
        assert rates[f"{name}.small"] == pytest.approx(0.75 * plain[name])
    assert rates["arbiter"] == plain["encoder.0"]
    assert rates["joint"] == plain["joint"]


def test_without_time_reduction_there_is_one_encoder_program(make_network):
    network = make_network(1, hidden=(6, 5, 4, 3, 2), predictor=(4, 3), time_reduction_after=-1)
    programs = network.programs()
    assert list(programs) == ["encoder.0", "joint", "prediction"]
    assert len(programs["encoder.0"].stages) == 6
    assert len(programs["prediction"].stages) == 3


def test_only_what_a_stage_before_makes_is_waited_for(tiny_network):
    for program in tiny_network.programs().values():
        for position, stage in enumerate(program.stages):
            operands = [use.operand for use in stage.uses]
            assert operands == sorted(operands, reverse=True)  # ready before previous
            assert ("previous" in operands) == (position > 0)


def test_the_vector_work_is_what_the_page_on_integers_does(tiny_network):
    """Of a unit: 8 rounded multiply-adds into 4 gates, their tables, then f c, + i g, tanh c, o tanh c."""
    programs, joint, pieces = tiny_network.programs(), 11, len(tiny_network.pieces)
    work = [(each.function, each.elements) for each in programs["encoder.0"].stages[0].vector]
    assert work == [
        (function, 12 * times)
        for function, times in (
            ("multiply-add", 8), ("sigmoid", 3), ("tanh", 1), ("multiply-add", 2), ("tanh", 1), ("multiply-add", 1),
        )
    ]  # fmt: skip
    (stage,) = programs["joint"].stages
    assert [(each.function, each.elements) for each in stage.vector] == [
        ("multiply-add", joint), ("tanh", joint), ("multiply-add", joint + pieces),
    ]  # fmt: skip
