"""Decoder time: the slowest stream and the slowest of its three rates decide."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.decoder import decode_cycles
from azsim.devices.spec import DecoderSpec
from azsim.errors import InputError

SPEC = DecoderSpec(streams=2, positions_per_cycle=8, values_per_cycle=4, bits_per_cycle=64, startup_cycles=5)


@pytest.mark.parametrize(
    ("load", "cycles"),
    [
        ([[80, 0, 80], [80, 0, 80]], 5 + 10),
        ([[80, 41, 80], [80, 0, 80]], 5 + 11),
        ([[80, 40, 80], [81, 0, 80]], 5 + 11),
        ([[80, 40, 6401], [80, 0, 80]], 5 + 101),
        ([[1, 0, 1], [0, 0, 0]], 5 + 1),
    ],
)
def test_the_slowest_stream_decides(load: list[list[int]], cycles: int) -> None:
    assert decode_cycles(np.array([load], np.int64), SPEC).tolist() == [cycles]


def test_weights_cut_for_other_streams_are_refused() -> None:
    with pytest.raises(InputError, match=r"chip.decoder.streams = 2: .* 4 decoder streams"):
        decode_cycles(np.zeros((1, 4, 3), np.int64), SPEC)
