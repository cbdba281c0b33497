"""Round trips, the written specification, sizes and random access."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from azsim.budget import limited
from azsim.compress.codecs import codecs, decode, decode_tile, encode, parse, read
from azsim.compress.codecs.tiles import TileReader
from azsim.compress.layout import TileLayout
from azsim.errors import InputError
from tests.compress.codecs.few_values import few_values
from tests.compress.codecs.plain_decoder import plain_decode

LAYOUTS = st.builds(
    TileLayout,
    lanes=st.integers(1, 7),
    block_columns=st.integers(1, 6),
    tile_positions=st.integers(1, 90),
    decoder_streams=st.integers(1, 5),
)
ANY_INT8 = hnp.arrays(np.int8, st.tuples(st.integers(1, 23), st.integers(1, 19)))
MANY_VALUES = np.arange(-50, 50, dtype=np.int8).reshape(10, 10)
BYPASSES = ("none", "zero-value", "shared-value")


@pytest.mark.parametrize("codec", codecs())
@settings(max_examples=40, deadline=None)
@given(matrix=ANY_INT8, layout=LAYOUTS)
def test_any_int8_matrix_survives_eight_bits(codec: str, matrix: np.ndarray, layout: TileLayout) -> None:
    encoded = encode(matrix, codec, 8, layout)
    np.testing.assert_array_equal(decode(encoded.data), matrix)
    assert decode(encoded).dtype == np.int8


@settings(max_examples=80, deadline=None)
@given(bits=st.integers(1, 8), seed=st.integers(0, 1 << 20), shape=st.tuples(st.integers(1, 23), st.integers(1, 19)),
       layout=LAYOUTS, sparsity=st.sampled_from([0.0, 0.5, 1.0]))  # fmt: skip
def test_zvsv_survives_at_every_width(
    bits: int, seed: int, shape: tuple[int, int], layout: TileLayout, sparsity: float
) -> None:
    matrix = few_values(bits, seed, shape, sparsity)
    np.testing.assert_array_equal(decode(encode(matrix, "zvsv", bits, layout).data), matrix)


@settings(max_examples=40, deadline=None)
@given(bits=st.integers(1, 8), step=st.integers(1, 128), seed=st.integers(0, 1 << 20), layout=LAYOUTS)
def test_packed_survives_with_a_step(bits: int, step: int, seed: int, layout: TileLayout) -> None:
    half = 1 << (bits - 1)
    values = np.arange(-half, half) * step
    values = values[(values >= -128) & (values <= 127)]
    matrix = np.random.default_rng(seed).choice(values, size=(13, 11)).astype(np.int8)
    np.testing.assert_array_equal(decode(encode(matrix, "packed", bits, layout).data), matrix)


@pytest.mark.parametrize("codec", codecs())
@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((1, 1), np.int8),
        np.full((1, 1), -128, np.int8),
        np.zeros((31, 37), np.int8),
        np.full((7, 13), -128, np.int8),
        np.full((5, 3), 1, np.int8),
        np.diag(np.full(17, -3, np.int8)),
        np.zeros((1, 40_000), np.int8),
        np.zeros((40_000, 1), np.int8),
    ],
    ids=lambda matrix: f"{matrix.shape}-{matrix.min()}",
)
def test_corner_cases_survive(codec: str, matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode(matrix, codec, 8).data), matrix)


@pytest.mark.parametrize("bypass", BYPASSES)
def test_zvsv_survives_with_a_stage_bypassed(bypass: str) -> None:
    matrix = np.random.default_rng(3).integers(-8, 8, (37, 41)).astype(np.int8)
    encoded = encode(matrix, "zvsv", 4, TileLayout(lanes=4, tile_positions=300), {"bypass": bypass})
    np.testing.assert_array_equal(decode(encoded.data), matrix)
    assert encoded.weight_bits == (8 if bypass == "shared-value" else 4)
    np.testing.assert_array_equal(np.array(plain_decode(encoded.data)), matrix)


def test_the_option_of_the_first_version_still_works_and_says_its_new_name() -> None:
    matrix = np.random.default_rng(3).integers(-8, 8, (37, 41)).astype(np.int8)
    with pytest.deprecated_call(match="options="):
        old = encode(matrix, "zvsv", 4, bypass="zero-value")
    assert old.data == encode(matrix, "zvsv", 4, options={"bypass": "zero-value"}).data
    with pytest.deprecated_call(), pytest.raises(InputError, match="takes no options"):
        encode(matrix, "raw", bypass="zero-value")


def test_views_in_any_memory_order_give_the_same_bits() -> None:
    matrix = few_values(5, 1, (40, 50))
    strided = np.zeros((80, 100), np.int8)
    strided[::2, ::2] = matrix
    for view in (np.asfortranarray(matrix), strided[::2, ::2]):
        assert encode(view).data == encode(matrix).data


@pytest.mark.parametrize("codec", codecs())
@pytest.mark.parametrize("shape", [(1, 1), (19, 23), (33, 70)])
def test_a_plain_decoder_written_from_the_specification_agrees(codec: str, shape: tuple[int, int]) -> None:
    bits = 5
    matrix = (np.random.default_rng(9).integers(-4, 4, shape) * 3).astype(np.int8)
    for layout in (TileLayout(lanes=4, block_columns=6, tile_positions=200, decoder_streams=3), TileLayout()):
        assert plain_decode(encode(matrix, codec, bits, layout).data) == matrix.tolist()


@pytest.mark.parametrize("codec", ["run-length", "csc", "huffman", "golomb"])
@settings(max_examples=15, deadline=None)
@given(
    matrix=hnp.arrays(
        np.int8,
        st.tuples(st.integers(1, 60), st.integers(1, 9)),
        elements=st.integers(-128, 127),
        fill=st.sampled_from([np.int8(0), np.int8(-128)]),
    ),
    layout=LAYOUTS,
)
def test_a_plain_decoder_agrees_on_any_matrix(codec: str, matrix: np.ndarray, layout: TileLayout) -> None:
    assert plain_decode(encode(matrix, codec, 8, layout).data) == matrix.tolist()


@pytest.mark.parametrize("bits", [2, 3, 5, 7])
@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.9, 1.0])
def test_zvsv_takes_one_plus_density_times_bits(bits: int, sparsity: float) -> None:
    matrix = few_values(bits, 5, (512, 256), sparsity)
    encoded = encode(matrix, "zvsv", bits)
    zeros = matrix.size - np.count_nonzero(matrix)
    tiles, streams = len(encoded.tiling), encoded.layout.decoder_streams
    headers = 8 * (44 + (1 << bits) + tiles * (28 + 4 * streams))
    exact = matrix.size + (matrix.size - zeros) * bits
    padding = 8 * len(encoded.data) - headers - exact
    assert 0 <= padding <= 14 * tiles * streams
    assert encoded.decoder_load[:, :, 2].sum() == exact
    assert encoded.bits_per_weight == pytest.approx(1 + (1 - zeros / matrix.size) * bits, abs=0.04)


def test_every_tile_can_be_decoded_alone() -> None:
    matrix = few_values(5, 8, (70, 130))
    encoded = encode(matrix, layout=TileLayout(lanes=8, tile_positions=512))
    tiling = encoded.tiling
    assert len(tiling) > 9
    for index in range(len(tiling)):
        row, column = tiling.row[index], tiling.column[index]
        place = np.s_[row : row + tiling.rows[index], column : column + tiling.columns[index]]
        np.testing.assert_array_equal(decode_tile(encoded, index), matrix[place])
        np.testing.assert_array_equal(decode_tile(encoded.data, index), matrix[place])
    for index in (-1, len(tiling)):
        with pytest.raises(InputError, match="does not exist"):
            decode_tile(encoded, index)


@pytest.mark.parametrize(
    ("matrix", "settings", "words"),
    [
        (MANY_VALUES, {"codec": "zvsv"}, "99 distinct non-zero values.*weight_bits=7"),
        (MANY_VALUES, {"codec": "palette"}, "100 distinct values.*weight_bits=7"),
        (MANY_VALUES, {"codec": "packed"}, "do not fit the 5 bits"),
        (np.ones((2, 2), np.int8), {"codec": "zvvs"}, "did you mean 'zvsv'"),
        (np.ones((2, 2), np.int8), {"weight_bits": 0}, "weight_bits = 0.*1 to 8"),
        (np.ones((2, 2), np.int8), {"weight_bits": 5.0}, "weight_bits = 5.0"),
        (np.ones((2, 2), np.int8), {"options": {"bypass": "zero"}}, "codec 'zvsv': bypass = 'zero': must be one of"),
        (np.ones((2, 2), np.int8), {"codec": "raw", "options": {"bypass": "zero-value"}}, "'raw': takes no options"),
        (np.ones((2, 2), np.int8), {"layout": TileLayout(lanes=0)}, "lanes = 0"),
        (np.ones((2, 2), np.int8), {"layout": TileLayout(decoder_streams=1 << 16)}, "decoder_streams = 65536"),
        (np.ones((2, 2), np.float32), {}, r"not float32 \(2, 2\)"),
        (np.ones(4, np.int8), {}, r"not int8 \(4,\)"),
        (np.ones((0, 4), np.int8), {}, r"not int8 \(0, 4\)"),
        ([[1, 2]], {}, "not list"),
    ],
)
def test_what_cannot_be_encoded_is_refused(matrix: object, settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        encode(matrix, **settings)


def test_a_small_stream_of_a_huge_matrix_is_refused_before_it_is_decoded() -> None:
    """Some codecs say "all zeros" in next to no bits."""
    layout = TileLayout(tile_positions=1 << 19)
    encoded = encode(np.zeros((2048, 2048), np.int8), "huffman", layout=layout)
    assert encoded.bits_per_weight < 0.0012
    with limited(4 << 22):
        assert not decode(encoded).any()
    for most in ((4 << 22) - 1, 1 << 20):
        with limited(most):
            for work in (decode, parse, read):
                with pytest.raises(InputError, match=r"decoding a matrix of 2,048 x 2,048 would take 16 MiB of memory"):
                    work(encoded.data)
    with limited(1 << 20):
        with pytest.raises(InputError, match=r"decoding a matrix of 256 x 2,048"):
            decode_tile(encoded, 1)
        with pytest.raises(InputError, match=r"decoding a matrix of 256 x 2,048"):
            TileReader(encoded.data)


@pytest.mark.parametrize(
    "layout",
    [TileLayout(decoder_streams=65_535, tile_positions=100), TileLayout(lanes=1, block_columns=1, tile_positions=1)],
)
def test_a_layout_that_cuts_a_matrix_into_dust_is_refused(layout: TileLayout) -> None:
    with limited(1 << 24), pytest.raises(InputError, match=r"tiles with [\d,]+ decoder streams each would take"):
        encode(np.ones((200, 200), np.int8), "raw", 8, layout)


@pytest.mark.parametrize("wrong", [None, 5, "x", [], *(TileLayout(lanes=lanes) for lanes in (None, "8", 2.5, True))])
def test_a_layout_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match=r"^layout"):
        encode(np.ones((2, 2), np.int8), "raw", 8, wrong)
