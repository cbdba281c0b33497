"""Decoder time: the slowest stream, the slowest of its three rates, and what the codec itself allows, decide."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import msgspec
import numpy as np
import pytest

from azsim.chip.decoder import decode_cycles, values_per_cycle, written_cycles
from azsim.compress.circuit import PARALLEL, SERIAL, Circuit
from azsim.compress.codecs import codecs, encode
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import DecoderSpec
from azsim.devices.loader import load_device
from azsim.errors import InputError

SPEC = DecoderSpec(streams=2, positions_per_cycle=8, values_per_cycle=4, bits_per_cycle=64, startup_cycles=5)
MATRIX = (np.arange(-300, 300).reshape(20, 30) % 15 - 7).astype(np.int8) * (np.arange(30) % 3 > 0).astype(np.int8)
ENCODED = {name: encode(MATRIX, name, 5, TileLayout(4, 8, 240, 2)) for name in codecs()}


def _with(load: list[list[int]], circuit: Circuit = PARALLEL):
    return replace(ENCODED["raw"], decoder_load=np.array([load], np.int64), circuit=circuit)


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
    assert decode_cycles(_with(load), SPEC).tolist() == [cycles]


def test_a_serial_codec_takes_one_value_per_cycle_however_wide_the_device() -> None:
    assert decode_cycles(_with([[80, 41, 80], [80, 0, 80]], SERIAL), SPEC).tolist() == [5 + 41]
    narrow = DecoderSpec(streams=2, positions_per_cycle=8, values_per_cycle=1, bits_per_cycle=64, startup_cycles=5)
    assert decode_cycles(_with([[80, 41, 80], [80, 0, 80]]), narrow).tolist() == [5 + 41]


@pytest.mark.parametrize("name", codecs())
def test_what_each_codec_s_circuit_can_do(name: str) -> None:
    encoded = ENCODED[name]
    serial = name in ("run-length", "csc", "huffman", "golomb", "ans")
    assert values_per_cycle(name, encoded.circuit, SPEC) == (1 if serial else 4)
    cycles, load = decode_cycles(encoded, SPEC), encoded.decoder_load
    least = SPEC.startup_cycles + load[:, :, 1].max(axis=1) // (1 if serial else 4)
    setup = np.zeros_like(cycles)
    setup[0] = encoded.circuit.setup_cycles
    assert np.all(cycles >= least + setup)
    assert np.all(cycles - setup <= np.maximum(least + 1, SPEC.startup_cycles + load.max(axis=1).max(axis=1) / 8 + 1))


@pytest.mark.parametrize(
    ("stated", "room", "rate"), [(2.5, 4, "5/2"), (7.2, 8, "36/5"), (0.3, 4, "3/10"), (9.0, 4, "4"), (None, 4, "1")]
)
def test_a_device_says_how_fast_it_reads_serial_codes(stated: float | None, room: int, rate: str) -> None:
    stated_codes = {} if stated is None else {"golomb": stated}
    spec = DecoderSpec(2, 8, room, 64, startup_cycles=5, codes_per_cycle=stated_codes)
    encoded = ENCODED["golomb"]
    found = values_per_cycle("golomb", encoded.circuit, spec)
    assert found == Fraction(rate)
    load = encoded.decoder_load
    by_hand = [
        5
        + max(
            max(-(-int(positions) // 8), math.ceil(Fraction(int(values)) / Fraction(rate)), -(-int(bits) // 64))
            for positions, values, bits in tile
        )
        for tile in load
    ]
    assert decode_cycles(encoded, spec).tolist() == by_hand
    assert values_per_cycle("huffman", ENCODED["huffman"].circuit, spec) == 1, "the others do what a plain circuit does"
    assert values_per_cycle("raw", ENCODED["raw"].circuit, spec) == room


def test_a_memory_that_takes_weights_slowly_holds_the_decoder_up() -> None:
    az1 = load_device("az1").chip
    raw = encode(MATRIX, "raw", 8, TileLayout(32, 16, 240, 4))
    free = decode_cycles(raw, az1.decoder)
    assert written_cycles(raw, az1).tolist() == free.tolist()
    slow = msgspec.structs.replace(az1, sram=msgspec.structs.replace(az1.sram, port_bytes_per_cycle=3))
    assert written_cycles(raw, slow).tolist() == np.maximum(free, -(-raw.tiling.positions // 3)).tolist()


def test_tables_are_expanded_once_per_matrix() -> None:
    assert ENCODED["huffman"].circuit.setup_cycles == np.unique(MATRIX).size
    states = ENCODED["ans"].circuit.setup_cycles
    assert states in [1 << bits for bits in range(5, 13)], "one class, a power of two states"
    assert ENCODED["zvsv"].circuit.setup_cycles == 0


def test_ans_without_a_table_is_read_at_known_places() -> None:
    stored = encode(np.arange(-128, 128).astype(np.int8).reshape(16, 16), "ans", 8)
    assert stored.circuit == PARALLEL


def test_weights_cut_for_other_streams_are_refused() -> None:
    with pytest.raises(InputError, match=r"chip.decoder.streams = 2: .* 4 decoder streams"):
        decode_cycles(replace(ENCODED["raw"], decoder_load=np.zeros((1, 4, 3), np.int64)), SPEC)
