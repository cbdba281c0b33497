"""The message of a lattice comes back on its grids, and nothing damaged passes."""

from __future__ import annotations

import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.uplink import MOST_BYTES, SCORE_STEP, TIME_STEP_MS, decode_lattice, encode_lattice
from tests.speech.lattice.cases import graphs


@given(graphs())
def test_words_and_times_come_back_and_scores_to_half_a_step(made: tuple) -> None:
    lattice = Lattice.of_edges("turn-7", *made)
    again = decode_lattice(encode_lattice(lattice))
    assert (again.utterance, again.words) == (lattice.utterance, lattice.words)
    for name in ("sources", "targets", "start_ms", "end_ms"):
        np.testing.assert_array_equal(getattr(again, name), getattr(lattice, name))
    np.testing.assert_allclose(again.scores(), lattice.scores(), atol=SCORE_STEP / 2 + 1e-9)
    np.testing.assert_allclose(again.label, lattice.label, atol=SCORE_STEP / 2 + 1e-9)
    assert (again.start_ms % TIME_STEP_MS == 0).all()
    assert encode_lattice(again) == encode_lattice(lattice)


@given(graphs(), st.data())
def test_damage_is_refused_in_words(made: tuple, data: st.DataObject) -> None:
    message = bytearray(encode_lattice(Lattice.of_edges("u", *made)))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError):
        decode_lattice(bytes(message))


@given(graphs(), st.data())
def test_damage_with_a_right_check_sum_gives_a_lattice_or_words(made: tuple, data: st.DataObject) -> None:
    message = bytearray(encode_lattice(Lattice.of_edges("u", *made)))[:-4]
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(4, len(message) - 1))] = data.draw(st.integers(0, 255))
    message += zlib.crc32(message).to_bytes(4, "little")
    with suppress(InputError):
        assert decode_lattice(bytes(message)).nodes >= 1


@given(graphs())
def test_a_message_cut_anywhere_is_refused(made: tuple) -> None:
    message = encode_lattice(Lattice.of_edges("u", *made))
    for size in range(len(message)):
        with pytest.raises(InputError):
            decode_lattice(message[:size])


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="at most 65536"):
        decode_lattice(bytes(MOST_BYTES + 1))
    rows = [(0, 1, f"word{number}" * 20, 0, 30, -1.0, 0.0) for number in range(1000)]
    with pytest.raises(InputError, match="prune"):
        encode_lattice(Lattice.of_edges("u", rows, {1: (0.0, 0.0)}))
