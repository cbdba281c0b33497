"""Formats, rounding and tables against exact fractions."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import azsim
from azsim.nn import fixed_point
from tests.nn.rnnt.plain_integer_rnnt import fixed, nearest, nearest_to, table

FEW = settings(max_examples=60, deadline=None)


@FEW
@given(st.integers(-(2**40), 2**40), st.integers(1, 40))
def test_rounding_shift_is_nearest_halves_away_from_zero(value, bits):
    assert fixed_point.rounding_shift(value, bits) == nearest(value, 2**bits)


@FEW
@given(st.integers(-(2**31) + 1, 2**31 - 1), st.floats(1e-8, 100))
def test_requantise_equals_the_exact_product(accumulator, scale):
    multiplier, shift = fixed_point.multiplier_and_shift(scale)
    assert fixed_point.requantise(accumulator, multiplier, shift) == nearest_to(accumulator * fixed(scale))
    assert multiplier / 2.0**shift == pytest.approx(scale, rel=2**-31)


def test_requantise_is_symmetric():
    multiplier, shift = fixed_point.multiplier_and_shift(0.1234)
    for value in range(1, 500):
        up, down = (fixed_point.requantise(sign * value, multiplier, shift) for sign in (1, -1))
        assert up == -down


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, 2.0**30])
def test_scales_without_a_fixed_point_form_are_refused(scale):
    with pytest.raises(ValueError, match="scale"):
        fixed_point.multiplier_and_shift(scale)


def test_tiny_scales_round_everything_to_zero():
    multiplier, shift = fixed_point.multiplier_and_shift(1e-30)
    assert fixed_point.requantise(2**31 - 1, multiplier, shift) == 0


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_expanded_table_is_the_interpolated_one(function):
    expanded = fixed_point.expanded_table(function)
    for argument in [*range(-32768, 32768, 1237), -1, 0, 1, 127, 128, 32767]:
        assert expanded[argument + 32768] == table(function, argument)


def test_tables_are_close_to_the_functions_and_rise():
    x = np.arange(-32768, 32768) / 2.0**11
    for function, exact in (("tanh", np.tanh(x)), ("sigmoid", 1 / (1 + np.exp(-x)))):
        values = fixed_point.expanded_table(function)
        assert np.abs(values / 2.0**15 - exact).max() < 1.5e-4
        assert (np.diff(values.astype(int)) >= 0).all()
    assert fixed_point.expanded_table("tanh")[32768] == 0


@FEW
@given(st.floats(-20, 20, width=32))
def test_int8_grid_is_symmetric_and_saturates(value):
    up = fixed_point.quantise_int8(np.array([value, -value], np.float32), 4 / 127)
    assert up[0] == -up[1]
    assert abs(int(up[0])) <= 127
    if abs(value) <= 4:
        assert abs(int(up[0]) * 4 / 127 - value) <= 2 / 127 * 1.0001


def test_the_page_says_how_far_the_tables_are_off() -> None:
    page = Path(azsim.__file__).parent.parent / "docs" / "integer.md"
    if not page.exists():
        pytest.skip("the documents travel with the source, not with the wheel")
    inputs = (np.arange(65_536) - 32_768) / 2.0**fixed_point.GATE_BITS
    exact = {"sigmoid": 1 / (1 + np.exp(-inputs)), "tanh": np.tanh(inputs)}
    text = " ".join(page.read_text(encoding="utf-8").split())
    said = re.search(r"largest error is (\S+) · 10⁻⁵ for the sigmoid and (\S+) · 10⁻⁴ for tanh", text)
    for function, figure, unit in (("sigmoid", said[1], 1e-5), ("tanh", said[2], 1e-4)):
        off = np.abs(fixed_point.expanded_table(function) / 2.0**fixed_point.TABLE_BITS - exact[function]).max()
        places = len(figure.partition(".")[2])
        assert f"{off / unit:.{places}f}" == figure
