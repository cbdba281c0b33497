"""Damaged bitstreams, with and without checksums that fit, through decoder, inspection and command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import azsim
from azsim.compress.codecs import codecs, encode
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.inspect.bitstream import inspect_bitstream
from tests.compress.codecs.forge import forgeries
from tests.fuzz.harness import Attack, damaged, numbers

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=600, decoder_streams=3)
BLIND, FORGED, COMMANDS = 60, 30, 2


def small_stream(codec: str) -> Encoded:
    """Two tiles of a matrix that gives every codec something to do."""
    rng = np.random.default_rng(7)
    matrix = (rng.integers(-7, 8, (36, 24)) * (rng.random((36, 24)) < 0.6)).astype(np.int8)
    return encode(matrix, codec, 5, LAYOUT)


@pytest.mark.parametrize("codec", codecs())
def test_streams(attack: Attack, codec: str, tmp_path: Path) -> None:
    encoded = small_stream(codec)
    path = tmp_path / "stream.azw"
    cases = [(f"damage {number}", damaged(encoded.data, attack.rng(number))) for number in numbers(BLIND)]
    forged = forgeries(encoded, len(numbers(FORGED)), seed=1)
    cases += [(f"forged {number}", data) for number, data in enumerate(forged)]
    for case, data in cases:
        path.write_bytes(data)
        found = attack.answer(case, lambda: inspect_bitstream(path))
        decoded = attack.answer(case, lambda data=data: azsim.decode(data))
        attack.check(case, (found is None) == (decoded is None), "inspection and decoder do not agree")
        if decoded is not None:
            attack.check(case, decoded.dtype == np.int8, f"decodes to {decoded.dtype}")
    for case, data in cases[:: max(1, len(cases) // len(numbers(COMMANDS)))]:
        path.write_bytes(data)
        attack.command(case, tmp_path, "inspect", str(path))
