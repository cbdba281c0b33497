"""The recogniser's programs, lowered from its graphs: which of them there are, and how often each runs, only it knows.

::

    every step:             encoder.0   layers up to the time reduction
    every R-th step:        encoder.1   the other layers and the joint's projection
    every joint evaluation: joint       tanh and the output matrix
    every label:            prediction  embedding row, LSTM, the joint's projection

An encoder with branches has ``encoder.0.small`` and ``encoder.1.small`` as well, one of the two at each step, and if it
picks them itself ``arbiter`` before them.

One vector operation is one rounded multiply-add or one table read on one element, as ``vector_op_pj`` prices it. An
element in the middle of a small branch takes 2. A unit of an LSTM takes 16: for each of four gates the requantised
input product with the bias, the requantised recurrent product added to it, and the table (8 multiply-adds, 3 sigmoids,
1 tanh); then ``f c``, ``+ i g``, ``tanh c`` and ``o tanh c`` (4). A joint projection takes 1 per row. A joint
evaluation takes 3 per hidden element (sum, tanh, to int8) and 1 per logit (bias); they are charged after the output
matrix, where the stage's vector work stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.lower import lower_nodes, own_lowering
from azsim.nn.graph.operator import LoweredNode
from azsim.nn.operators.branching_lstm import BranchingLstm
from azsim.nn.program import Program, ProgramStage
from azsim.nn.rnnt.graphs import RnntGraphs

LOGIT_BYTES = 4
SCORE_BYTES = 2
"""The arbiter's score, which the CPU reads to start one branch or the other."""
SMALL = ".small"
"""What the names of a small branch's programs and matrices have more than the large one's."""
STEP_MS = 30
LARGE_SHARE = 0.5
"""Of steps that take the large branch where nothing better is known; `assumed`."""
LABELS_PER_S = 4.0
"""Word pieces in a second of speech; `assumed`: 2.5 words a second, 1.6 pieces a word."""


def rnnt_programs(graphs: RnntGraphs) -> dict[str, Program]:
    """Program name -> program, in the order in which a step runs them.

    The encoder has one for each rate at which its nodes run, and with branches one more of each for the small branch;
    the CPU reads the arbiter's score and starts one or the other.
    """
    encoder, programs = graphs.encoder, {}
    arbiter = [node for node in encoder.nodes if node.name in ("arbiter.0", "arbiter.score")]
    if arbiter:
        programs["arbiter"] = lower_nodes(encoder, arbiter, "arbiter", 1, SCORE_BYTES)
    layers = [node for node in encoder.nodes if not node.name.startswith("arbiter.")]
    branches = any(isinstance(node.operator, BranchingLstm) for node in layers)
    periods = sorted({encoder.tensors[node.outputs[0]].period for node in layers})
    for index, period in enumerate(periods):
        own = [node for node in layers if encoder.tensors[node.outputs[0]].period == period]
        for lowering, suffix in ((own_lowering, ""), (_small, SMALL))[: 1 + branches]:
            name = f"encoder.{index}{suffix}"
            programs[name] = lower_nodes(encoder, own, name, period, lowering=lowering)
    logits = LOGIT_BYTES * graphs.joint.tensors["logits"].size
    programs["joint"] = _labels(graphs.joint, "joint", logits)
    programs["prediction"] = _labels(graphs.prediction, "prediction")
    return programs


def runs_per_second(programs: Mapping[str, Program], large_share: float = LARGE_SHARE) -> dict[str, float]:
    """Program -> how often it runs while someone speaks: steps of 30 ms, and labels as they come.

    Args:
        programs: of a network.
        large_share: of steps, where the encoder has branches.
    """
    steps_per_s = 1000 / STEP_MS
    rates = {name: steps_per_s / program.period_steps for name, program in programs.items() if program.period_steps}
    outputs_per_s = min(rates.values())
    for name in [name for name in rates if name.endswith(SMALL)]:
        rates[name] *= 1 - large_share
        rates[name.removesuffix(SMALL)] *= large_share
    return {**rates, "joint": outputs_per_s + LABELS_PER_S, "prediction": LABELS_PER_S}


def _labels(graph: Graph, name: str, output_bytes: int = 0) -> Program:
    """A program that runs as labels come."""
    return lower_nodes(graph, graph.nodes, name, 0, output_bytes)


def _small(node: Node, at: LoweredNode) -> Sequence[ProgramStage]:
    operator = node.operator
    return operator.lower_small(at) if isinstance(operator, BranchingLstm) else operator.lower(at)
