"""Levels of rows and columns, and the tables of their sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.ans_model import MAX_CLASSES, MAX_ENTRIES, AnsModel, fit
from azsim.compress.codecs.ans_tables import Tables, normalise
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.layout import TileLayout, cut
from azsim.errors import CodecError
from tests.compress.codecs.bell import gauss, scaled


def class_of(model: AnsModel, shape: tuple[int, int]) -> np.ndarray:
    """Of each place of the matrix, by the definition."""
    rows = model.rows if model.rows.size else np.zeros(shape[0], np.int64)
    columns = model.columns if model.columns.size else np.zeros(shape[1], np.int64)
    return np.add.outer(rows.astype(np.int64), columns)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 20), rows=st.integers(1, 80), columns=st.integers(1, 80))
def test_every_value_has_a_share_and_the_bits_are_those_of_the_shares(seed: int, rows: int, columns: int) -> None:
    matrix = scaled((rows, columns), seed)
    model, bits = fit(matrix)
    tables, classes = model.tables, class_of(model, matrix.shape)
    assert len(tables.shares) <= MAX_CLASSES
    assert len(tables.shares) << tables.log_states <= MAX_ENTRIES
    assert classes.max() < len(tables.shares)
    shares = tables.shares[classes, matrix.view(np.uint8)]
    assert shares.min() > 0
    first_states = tables.log_states * matrix.size / 4096  # a decoder stream of a full tile has as many positions
    assert bits == pytest.approx((tables.log_states - np.log2(shares)).sum() + first_states)


def test_rows_of_two_scales_are_told_apart_and_rows_of_one_are_not() -> None:
    sigma = np.where(np.arange(256) % 3 == 0, 20.0, 1.5)
    two = fit(gauss((256, 200), sigma[:, None], 1))[0]
    assert not two.columns.size
    loud, quiet = two.rows[sigma > 2], two.rows[sigma < 2]
    assert loud.min() > quiet.max()
    turned = fit(np.ascontiguousarray(gauss((256, 200), sigma[:, None], 1).T))[0]
    assert (turned.columns.tolist(), turned.rows.size) == (two.rows.tolist(), 0)
    alike = fit(gauss((256, 200), 3.0, 1))[0]
    assert len(alike.tables.shares) == 1


def test_classes_follow_the_positions() -> None:
    layout = TileLayout(lanes=3, block_columns=4, tile_positions=60)
    matrix = scaled((31, 37), 4)
    tables = Tables(6, np.tile(normalise(np.bincount(matrix.view(np.uint8).ravel(), minlength=256), 6), (8, 1)))
    rng = np.random.default_rng(5)
    model = AnsModel(rng.integers(0, 5, 31).astype(np.uint8), rng.integers(0, 4, 37).astype(np.uint8), tables)
    places = StreamPositions(cut(31, 37, layout), layout)
    expected = places.gather(class_of(model, matrix.shape).astype(np.uint8))
    np.testing.assert_array_equal(model.classes(places), expected)
    np.testing.assert_array_equal(model.classes(places.only(2)), expected[places.bounds[8] : places.bounds[12]])
    rows_alone = AnsModel(model.rows, model.columns[:0], tables)
    np.testing.assert_array_equal(rows_alone.classes(places), places.gather(np.repeat(model.rows[:, None], 37, axis=1)))
    assert AnsModel(model.rows[:0], model.columns[:0], Tables(6, tables.shares[:1])).classes(places) is None
    with pytest.raises(CodecError, match="levels of 30 rows and 37 columns, not 31 and 37"):
        AnsModel(model.rows[:30], model.columns, tables).classes(places)
