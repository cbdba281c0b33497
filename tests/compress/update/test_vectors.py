"""Biases as whole numbers of steps, and how they move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from azsim.compress import compress
from azsim.compress.update.image import open_image, pack_image, read_image
from azsim.compress.update.payload import make_delta
from azsim.compress.update.vectors import apply_steps, make_steps, numbers_of, vector_of
from azsim.errors import CodecError
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.network import Network
from tests.compress.update.same_engine import assert_same_engine

from .conftest import LAYOUT, tuned

INT32 = hnp.arrays(np.int32, 9, elements=st.integers(-(2**31), 2**31 - 1))


def view(values: np.ndarray) -> memoryview:
    return memoryview(values.tobytes())


@given(old=INT32, new=INT32, old_step=st.sampled_from([2.0**-11, 2.0**-3, 1e-3, 3e38]))
@settings(max_examples=100, deadline=None)
def test_any_numbers_come_back_from_any_grid(old: np.ndarray, new: np.ndarray, old_step: float) -> None:
    steps = make_steps(view(old), old_step, view(new), 2.0**-11)
    assert apply_steps(view(old), old_step, memoryview(steps), 2.0**-11) == new.tobytes()


@given(old=hnp.arrays(np.float32, 9, elements=st.floats(width=32)), new=INT32)
@settings(max_examples=100, deadline=None)
def test_any_floats_are_a_place_to_start_from(old: np.ndarray, new: np.ndarray) -> None:
    steps = make_steps(view(old), None, view(new), 2.0**-11)
    assert apply_steps(view(old), None, memoryview(steps), 2.0**-11) == new.tobytes()


def test_damaged_steps_are_refused() -> None:
    numbers = np.arange(40, dtype=np.int32)
    steps = make_steps(view(numbers), 0.5, view(numbers[::-1].copy()), 0.5)
    for wrong in (steps[:-1], steps[1:], steps + b"\0", b"", bytes(20)):
        with pytest.raises(CodecError):
            apply_steps(view(numbers), 0.5, memoryview(wrong), 0.5)
    with pytest.raises(CodecError, match="for 156"):
        apply_steps(view(numbers[1:]), 0.5, memoryview(steps), 0.5)


def test_every_bias_is_on_the_grid_of_the_processor(make_network) -> None:
    network = make_network(4, hidden=(8, 5), branch_rank=3, arbiter=4)
    small = compress(network, weight_bits=5, codec="zvsv")
    found = numbers_of(small)
    assert set(found) == {name for name, value in network.parameters.items() if value.ndim == 1 and "bias" in name}
    for name, (step, numbers) in found.items():
        exact = vector_of(numbers, step)
        assert np.abs(exact - network.parameters[name]).max() <= step * 0.5000001
    again = read_image(pack_image(small))
    assert_same_engine(IntegerModel.of(small), IntegerModel.of(again))
    assert pack_image(again) == pack_image(small)


def test_a_bias_that_its_grid_cannot_tell_stays_a_float(tiny_network: Network) -> None:
    parameters = {**tiny_network.parameters, "joint.output": tiny_network.parameters["joint.output"] * np.float32(1e-9)}
    small = compress(replace(tiny_network, parameters=parameters), codec="raw")
    assert "joint.output_bias" not in numbers_of(small)
    sections = {section.name: section for section in open_image(pack_image(small)).header.sections}
    assert sections["joint.output_bias"].step is None
    assert sections["joint.bias"].step == 2.0**-11
    assert np.array_equal(
        read_image(pack_image(small)).network.parameters["joint.output_bias"], parameters["joint.output_bias"]
    )


def test_biases_that_moved_a_little_cost_a_fraction_of_their_floats(make_network) -> None:
    network = make_network(2, hidden=(96, 96))
    small = compress(network, codec="raw", layout=LAYOUT)
    moved = tuned(network, 1, 0.003)
    biases = {name: moved.parameters[name] for name in moved.parameters if name.endswith("bias")}
    other = replace(small, network=replace(network, parameters={**network.parameters, **biases}))
    count = sum(value.size for value in biases.values())
    sizes = [len(make_delta(pack_image(small, form), pack_image(other, form))) for form in (1, 2)]
    assert sizes[0] > 3.2 * count
    assert sizes[1] < 1.2 * count


def test_a_section_that_is_no_vector_is_refused() -> None:
    with pytest.raises(CodecError, match="7 bytes"):
        vector_of(bytes(7), None)
