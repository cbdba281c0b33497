"""What all codecs have in common."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import codecs, get
from azsim.compress.codecs.bulk import in_bulk
from azsim.compress.codecs.codec import distinct, refuse_bypass
from azsim.compress.codecs.places import Places
from azsim.compress.layout import TileLayout, cut
from azsim.errors import InputError

LAYOUT = TileLayout(lanes=3, block_columns=4, tile_positions=100, decoder_streams=2)


def test_distinct_values_rise_whatever_the_memory_order() -> None:
    matrix = np.array([[5, -128, 0], [127, 5, -1]], np.int8)
    for view in (matrix, matrix.T, np.asfortranarray(matrix), matrix[:, ::-1]):
        assert distinct(view).tolist() == [-128, -1, 0, 5, 127]


def test_only_zvsv_has_stages_to_bypass() -> None:
    matrix = np.ones((2, 2), np.int8)
    refuse_bypass("any", "none")
    for name in codecs():
        if name != "zvsv":
            with pytest.raises(InputError, match=f"'{name}' has no shared-value stage"):
                get(name).plan(matrix, 8, "shared-value")


@pytest.mark.parametrize("name", codecs())
def test_a_header_restores_the_coder_that_was_planned(name: str) -> None:
    rng = np.random.default_rng(8)
    matrix = (rng.integers(-4, 4, (20, 30)) * (rng.random((20, 30)) < 0.5)).astype(np.int8)
    places = Places(cut(20, 30, LAYOUT), LAYOUT)
    planned = get(name).plan(matrix, 5, "none")
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
