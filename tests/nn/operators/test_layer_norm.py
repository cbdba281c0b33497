"""Layer and RMS normalisation: plain integers with an exact integer root, and nearness to the float layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.rms_norm import RmsNorm
from tests.nn.operators.plain import nearest, on_grid, root, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of


def plain(row: list[int], centred: bool, epsilon: float, source: Grid, target: Grid, gain, bias) -> list[int]:
    n = len(row)
    total = sum(row) if centred else 0
    largest = (n * (127 if source.bits == 8 else 32768)) ** 2
    doublings = max(f for f in range(31) if largest * 4**f < 2**60)
    added = min(round(epsilon * n**2 * 4.0**doublings / source.scale**2), 2**60)
    spread = (n * sum(x * x for x in row) - total * total) * 4**doublings + added
    while 0 < spread < 2**60:
        spread, doublings = 4 * spread, doublings + 1
    largest = max(abs(float(each)) for each in gain)
    step = largest / 16383 if largest else 1.0
    out = []
    for x, own, more in zip(row, gain, bias, strict=True):
        normal = saturate(nearest((n * x - total) * 2 ** (10 + doublings), root(spread)), 16) if spread else 0
        fine, early = step * 2.0**-10, abs(float(more)) < 2**30 * step * 2.0**-10
        product = normal * on_grid(float(own), step, 16383) + (on_grid(float(more), fine, 2**30) if early else 0)
        after = 0 if early else on_grid(float(more), target.scale, 127)
        out.append(saturate(times(product, fine / target.scale) + after, target.bits))
    return out


@given(
    st.booleans(), st.integers(1, 40), st.sampled_from([8, 16]), st.sampled_from([0.0, 1e-5, 1.0]),
    st.sampled_from([1, 30, 120]), st.booleans(), st.integers(0, 2**32),
)  # fmt: skip
def test_equals_plain_integers(centred, columns, bits, epsilon, size, has_parameters, seed):
    rng, source = np.random.default_rng(seed), Grid(bits, 2.0**-5 if bits == 8 else 2.0**-9)
    target, operator = Grid(8, 2.0**-5), LayerNorm(epsilon) if centred else RmsNorm(epsilon)
    gain, bias = rng.normal(0, 1, columns).astype(np.float32), rng.normal(0, 1, columns).astype(np.float32)
    parameters = {"gain": gain} | ({"bias": bias} if centred else {}) if has_parameters else {}
    graph = graph_of(operator, [Tensor((columns,))], parameters)
    rows = (rng.integers(-size, size + 1, (4, columns)) * (1 if bits == 8 else 250)).astype(source.dtype)
    rows[0] = 0
    found = integer_out(integers_of(graph, [source], target), [rows], [1, 2])
    own_gain = gain if has_parameters else np.ones(columns)
    own_bias = bias if has_parameters and centred else np.zeros(columns)
    for row, out in zip(rows.tolist(), found.tolist(), strict=True):
        assert out == plain(row, centred, epsilon, source, target, own_gain, own_bias)
    if epsilon:
        agrees(found, target, float_out(graph, [source.restore(rows).astype(np.float32)]), 1.01)


def test_a_row_that_is_too_long_is_refused() -> None:
    graph = graph_of(LayerNorm(), [Tensor((8193,))])
    with pytest.raises(InputError, match="a row of 8193 elements: must be at most 8192"):
        integer_out(integers_of(graph, [Grid(8, 1.0)], Grid(8, 1.0)), [np.zeros((1, 8193), np.int8)])


def test_rows_of_full_size_do_not_overflow() -> None:
    """The longest row of the largest int16 values, half of them negative: all normalised values are 1."""
    row = np.where(np.arange(8192) % 2, 32767, -32768).astype(np.int16)[None]
    graph = graph_of(LayerNorm(), [Tensor((8192,))])
    found = integer_out(integers_of(graph, [Grid(16, 1.0)], Grid(16, 2.0**-10)), [row])
    assert set(np.abs(found[0]).tolist()) <= {1023, 1024}
