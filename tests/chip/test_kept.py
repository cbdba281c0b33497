"""Bytes of matrices that stay on the chip, and pins that name them."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.kept import check_pins, kept_bytes, pins_of, resident_room, working_use
from azsim.chip.tiles import tile_layout
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.devices.sram import LINE_BYTES, SUM_BYTES
from azsim.errors import InputError
from tests.conftest import random_network

CHIP = load_device("az1").chip


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    return compress(random_network(2), weight_bits=4, sparsity=0.5, codec="zvsv", layout=tile_layout(CHIP))


def test_a_matrix_takes_its_stream_or_a_byte_a_weight(small: CompressedNetwork) -> None:
    for name, matrix in small.matrices.items():
        sizes = kept_bytes(CHIP, small, name)
        assert sizes["streamed"] == 0
        assert sizes["compressed"] == len(matrix.encoded.data)
        assert sizes["decoded"] == np.prod(matrix.encoded.shape)


def test_factors_of_rows_stay_with_their_matrix() -> None:
    rows = compress(random_network(2), weight_bits=4, codec="zvsv", granularity="channel", layout=tile_layout(CHIP))
    for name, matrix in rows.matrices.items():
        factors = 5 * len(matrix.scales) if len(matrix.scales) > 1 else 0
        assert kept_bytes(CHIP, rows, name)["compressed"] == len(matrix.encoded.data) + factors


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_frames_that_share_a_tile_keep_inputs_and_sums(small: CompressedNetwork, frames: int) -> None:
    names = tuple(small.matrices)
    largest = max(columns + SUM_BYTES * rows for rows, columns in (m.encoded.shape for m in small.matrices.values()))
    use = working_use(CHIP, small, names, frames)
    assert use.activation_bytes == max(CHIP.sram.activation_bytes, frames * largest if frames > 1 else 0)
    room = resident_room(CHIP, use)
    assert room % LINE_BYTES == 0
    assert 0 <= CHIP.sram.bytes - use.working_bytes - room < LINE_BYTES


def test_later_pins_win_and_patterns_that_match_nothing_are_refused() -> None:
    names = ("encoder.0.input", "encoder.0.recurrent", "joint.output")
    assert pins_of(names, {"encoder.*": "streamed", "*.recurrent": "decoded"}) == {
        "encoder.0.input": "streamed",
        "encoder.0.recurrent": "decoded",
    }
    with pytest.raises(InputError, match=r"'joint\.out' matches no matrix; .*did you mean 'joint\.output'"):
        pins_of(names, {"joint.out": "decoded"})
    with pytest.raises(InputError, match="must be one of 'streamed', 'compressed', 'decoded'"):
        pins_of(names, {"*": "resident"})


def test_pins_that_can_never_fit_are_refused_before_anything_is_encoded() -> None:
    check_pins(CHIP, {"w": CHIP.sram.bytes // 2}, {"w": "decoded"})
    check_pins(CHIP, {"w": 9 * CHIP.sram.bytes}, {"w": "compressed"})
    with pytest.raises(InputError, match="pinned 'decoded' take"):
        check_pins(CHIP, {"w": CHIP.sram.bytes + 1}, {"w": "decoded"})
