"""The table of an `ans` stream: written, read, and read by the plain decoder; no bytes hurt it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.ans_header import pack, unpack
from azsim.compress.codecs.ans_model import MAX_CLASSES, fit
from azsim.errors import CodecError
from tests.compress.codecs.bell import scaled
from tests.compress.codecs.plain_ans import AnsTable


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 20), rows=st.integers(1, 90), columns=st.integers(1, 90))
def test_the_table_survives(seed: int, rows: int, columns: int) -> None:
    model = fit(scaled((rows, columns), seed))[0]
    again = unpack(pack(model))
    assert again.tables.log_states == model.tables.log_states
    np.testing.assert_array_equal(again.tables.shares, model.tables.shares)
    np.testing.assert_array_equal(again.rows, model.rows)
    np.testing.assert_array_equal(again.columns, model.columns)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1 << 20), rows=st.integers(1, 60), columns=st.integers(1, 60))
def test_the_plain_decoder_reads_the_same_tables(seed: int, rows: int, columns: int) -> None:
    model = fit(scaled((rows, columns), seed))[0]
    plain = AnsTable(pack(model))
    entries = [(value & 255) | bits << 8 | base << 16 for own in plain.tables for value, bits, base in own]
    assert entries == model.decoder_entries.tolist()
    assert (plain.rows, plain.columns) == (model.rows.tolist(), model.columns.tolist())


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_bytes_are_refused_or_a_table_that_adds_up(data: st.DataObject) -> None:
    table = bytearray(pack(fit(scaled((9, 11), data.draw(st.integers(0, 9))))[0]))
    for _ in range(data.draw(st.integers(1, 3))):
        table[data.draw(st.integers(0, len(table) - 1))] = data.draw(st.integers(0, 255))
    try:
        model = unpack(bytes(table))
    except CodecError:
        return
    assert len(model.tables.shares) <= MAX_CLASSES
    assert (model.tables.shares >= 0).all()
    assert (model.tables.shares.sum(axis=1) == 1 << model.tables.log_states).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table[:3], "too short"),
        (lambda table: bytes([4]) + table[1:], r"2\^4 states"),
        (lambda table: bytes([13]) + table[1:], r"2\^13 states"),
        (lambda table: table[:2] + bytes([5, 4]) + table[4:], "values 5 to 4"),
        (lambda table: table[:-1], "cut short|add up"),
        (lambda table: table + b"\0", "more bytes than it needs"),
    ],
)
def test_what_is_wrong_is_said(change, words: str) -> None:
    table = pack(fit(np.arange(-4, 4, dtype=np.int8).reshape(2, 4))[0])
    assert unpack(table).tables.shares.any(axis=0).sum() == 8
    with pytest.raises(CodecError, match=words):
        unpack(change(table))
