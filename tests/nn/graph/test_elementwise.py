"""Functions by tables: every int8 input and many int16 ones against plain integers and the exact functions."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.gelu import Gelu
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.nn.operators.silu import Silu
from azsim.nn.operators.tanh import Tanh
from tests.nn.operators.plain import gate, saturate, table, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, stages_of

TABLES = [Sigmoid(), Tanh()]
GATED = [Silu(), Gelu(), Gelu(by_tanh=True)]
INPUTS = {
    "int8": (np.arange(-127, 128, dtype=np.int8)[:, None], Grid(8, 0.07)),
    "int16": (np.arange(-32768, 32768, 37, dtype=np.int16)[:, None], Grid(16, 2.0**-11)),
    "wide": (np.arange(-32768, 32768, 41, dtype=np.int16)[:, None], Grid(16, 2.0**-9)),
}


@pytest.mark.parametrize("operator", [*TABLES, *GATED], ids=lambda each: each.kind)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_equals_plain_integers(operator, inputs: str, bits: int) -> None:
    values, source = INPUTS[inputs]
    reaches = 1.0 if operator in TABLES else source.scale * source.limit
    target = Grid(bits, reaches * 2.0 ** (1 - bits))
    graph = graph_of(operator, [Tensor((1,))])
    found = integer_out(integers_of(graph, [source], target), [values], [100, 0])
    for value, (out,) in zip(values[:, 0].tolist(), found.tolist(), strict=True):
        name = operator.function if operator in TABLES else operator.table
        read = table(name, gate(value, source.scale))
        if operator in TABLES:
            assert out == saturate(times(read, 2.0**-15 / target.scale), bits)
        else:
            assert out == saturate(times(value * read, source.scale * 2.0**-15 / target.scale), bits)
    exact = float_out(graph, [source.restore(values).astype(np.float32)])
    agrees(found, target, exact, 0.51 if bits == 8 else 10)


def test_they_ask_for_their_table() -> None:
    for operator in (*TABLES, *GATED):
        graph = graph_of(operator, [Tensor((5,))])
        (stage,) = stages_of(graph)
        work = [(each.function, each.elements) for each in stage.vector]
        assert work == [(operator.function, 5), ("multiply-add", 5)]
