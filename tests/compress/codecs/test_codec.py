"""What all codecs have in common."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import codecs, get
from azsim.compress.codecs.bulk import in_bulk
from azsim.compress.codecs.codec import Codec, Options, distinct
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.layout import TileLayout, cut
from azsim.errors import InputError

LAYOUT = TileLayout(lanes=3, block_columns=4, tile_positions=100, decoder_streams=2)


def test_distinct_values_rise_whatever_the_memory_order() -> None:
    matrix = np.array([[5, -128, 0], [127, 5, -1]], np.int8)
    for view in (matrix, matrix.T, np.asfortranarray(matrix), matrix[:, ::-1]):
        assert distinct(view).tolist() == [-128, -1, 0, 5, 127]


@pytest.mark.parametrize("name", codecs())
def test_a_codec_says_in_its_own_class_what_others_ask_of_it(name: str) -> None:
    codec = get(name)
    assert isinstance(codec, Codec)
    for stated in ("name", "number", "grid", "circuit"):
        assert stated in vars(type(codec))
    assert set(codec.weight_bits) <= set(range(1, 9))
    assert codec.grid == "palette" or not codec.zero_is_free
    assert type(codec.checked(None)) is codec.options_type
    assert type(codec.suited_options(0.5, 4)) is codec.options_type


@pytest.mark.parametrize("name", codecs())
def test_the_circuit_of_the_class_is_that_of_a_matrix(name: str) -> None:
    matrix = np.random.default_rng(5).normal(0, 3, (256, 256)).round().astype(np.int8)
    codec = get(name)
    coder = codec.plan(matrix, 8, codec.checked(None))
    assert coder.circuit.values_per_cycle == codec.circuit.values_per_cycle


@pytest.mark.parametrize("name", codecs())
def test_options_are_the_codecs_own(name: str) -> None:
    codec = get(name)
    strange = Options() if codec.options_type is not Options else get("zvsv").checked(None)
    for wrong in ({"bypas": "none"}, {"bypass": 3}, {3: "none"}, strange, [], 3):
        with pytest.raises(InputError, match=f"^here: codec '{name}': "):
            codec.checked(wrong, "here: ")


def test_options_are_checked_however_they_come() -> None:
    run_length, zvsv = get("run-length"), get("zvsv")
    assert run_length.checked({"run_bits": 3}).run_bits == 3
    for wrong in ({"run_bits": 9}, run_length.options_type(run_bits=9)):
        with pytest.raises(InputError, match="run_bits = 9: must be a whole number from 0 to 8"):
            run_length.checked(wrong)
    with pytest.raises(InputError, match="one of 'none', 'shared-value', 'zero-value'"):
        zvsv.checked({"bypass": "zero"})
    with pytest.raises(InputError, match="codec 'raw': takes no options; leave out bypass"):
        get("raw").checked({"bypass": "zero-value"})


@pytest.mark.parametrize("name", codecs())
def test_a_header_restores_the_coder_that_was_planned(name: str) -> None:
    rng = np.random.default_rng(8)
    matrix = (rng.integers(-4, 4, (20, 30)) * (rng.random((20, 30)) < 0.5)).astype(np.int8)
    places = StreamPositions(cut(20, 30, LAYOUT), LAYOUT)
    planned = get(name).plan(matrix, 5, get(name).checked(None))
    restored = get(name).restore(planned.weight_bits, planned.options, planned.table)
    assert (restored.weight_bits, restored.options, restored.table) == (
        planned.weight_bits,
        planned.options,
        planned.table,
    )
    values = places.gather(matrix)
    parts = in_bulk(planned).encode_streams(values, places)
    data = b"".join(bytes(part.data) for part in parts)
    ends = np.cumsum([len(part.data) for part in parts])
    spans = np.stack([ends - [len(part.data) for part in parts], ends], axis=1)
    decoded, load = in_bulk(restored).decode_streams(np.frombuffer(data + bytes(8), np.uint8), spans, places)
    np.testing.assert_array_equal(decoded, values)
    assert load.tolist() == [[part.values, part.bits] for part in parts]
