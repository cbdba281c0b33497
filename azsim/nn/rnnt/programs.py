"""The recogniser's programs, lowered from its graphs: which of them there are only it knows.

::

    arbiter, encoder.0 [or encoder.0.small], encoder.1 [or encoder.1.small], joint, prediction
"""

from __future__ import annotations

from collections.abc import Sequence

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.lower import lower_nodes, own_lowering
from azsim.nn.graph.operator import LoweredNode
from azsim.nn.operators.branching_lstm import BranchingLstm
from azsim.nn.program import Program, Stage
from azsim.nn.rnnt.graphs import RnntGraphs
from azsim.nn.rnnt_programs import LOGIT_BYTES, SCORE_BYTES, SMALL


def programs_of(graphs: RnntGraphs) -> dict[str, Program]:
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


def _labels(graph: Graph, name: str, output_bytes: int = 0) -> Program:
    """A program that runs as labels come."""
    return lower_nodes(graph, graph.nodes, name, 0, output_bytes)


def _small(node: Node, at: LoweredNode) -> Sequence[Stage]:
    operator = node.operator
    return operator.lower_small(at) if isinstance(operator, BranchingLstm) else operator.lower(at)
