"""The loops of `ans`, called directly: any classes, any lengths of streams, the plain decoder beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs import ans_kernels
from azsim.compress.codecs.ans_header import pack
from azsim.compress.codecs.ans_model import AnsModel
from azsim.compress.codecs.ans_tables import Tables, normalise
from azsim.compress.codecs.fixed_width import words_at
from tests.compress.codecs.plain_ans import AnsTable

VALUES = np.array([0, 1, 2, 255, 254, 120, 136], np.uint8)


def tables_of(rng: np.random.Generator, classes: int, log_states: int) -> Tables:
    """Every value has a share in every class."""
    counts = np.zeros((classes, 256), np.int64)
    counts[:, VALUES] = 1 + (rng.pareto(0.6, (classes, VALUES.size)) * 5).astype(np.int64)
    return Tables(log_states, np.array([normalise(own, log_states) for own in counts]))


def encoded(
    values: np.ndarray, bounds: np.ndarray, classes: np.ndarray | None, tables: Tables
) -> tuple[np.ndarray, ...]:
    """Bytes of all streams, their spans and their bits."""
    streams = bounds.size - 1
    out = np.zeros(bounds[-1] * 2 + 2 * streams + 16, np.uint8)
    ends, bits = np.empty(streams, np.int64), np.empty(streams, np.int64)
    ans_kernels.encode(values, bounds, classes, *tables.encoder(), tables.shares, tables.log_states, out, ends, bits)
    return out, np.stack([np.append(0, ends[:-1]), ends], axis=1), bits


def decoded(
    data: np.ndarray, spans: np.ndarray, bounds: np.ndarray, classes: np.ndarray | None, tables: Tables
) -> tuple[bool, np.ndarray, np.ndarray]:
    words = words_at(data)
    out, bits = np.empty(bounds[-1], np.uint8), np.empty(len(spans), np.int64)
    entries = tables.decoder()
    whole = ans_kernels.decode(
        words, np.uint64(words.size - 1), spans, bounds, classes, entries, tables.log_states, out, bits
    )
    return whole, out, bits


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    lengths=st.lists(st.sampled_from([0, 1, 2, 4, 5, 9, 30]), min_size=1, max_size=9),
    classes=st.integers(1, 4),
    log_states=st.integers(5, 8),
)
def test_streams_of_any_length_come_back_and_the_plain_decoder_agrees(
    seed: int, lengths: list[int], classes: int, log_states: int
) -> None:
    rng = np.random.default_rng(seed)
    tables, bounds = tables_of(rng, classes, log_states), np.cumsum([0, *lengths])
    values = rng.choice(VALUES, bounds[-1])
    labels = rng.integers(0, classes, bounds[-1]).astype(np.uint8) if classes > 1 else None
    data, spans, bits = encoded(values, bounds, labels, tables)
    whole, found, counted = decoded(data, spans, bounds, labels, tables)
    assert whole
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(counted, bits)
    np.testing.assert_array_equal(-(-bits // 8), spans[:, 1] - spans[:, 0])
    levels = np.arange(classes, dtype=np.uint8) if classes > 1 else np.zeros(0, np.uint8)
    plain = AnsTable(pack(AnsModel(levels, levels[:0], tables)))
    for stream, (first, end) in enumerate(spans.tolist()):
        part = slice(bounds[stream], bounds[stream + 1])
        own = [0] * lengths[stream] if labels is None else labels[part].tolist()
        assert plain.decode(data[first:end].tobytes(), own) == values.view(np.int8)[part].tolist()


@pytest.mark.parametrize("change", [(0, 1), (0, -1), (1, 0)])
def test_a_stream_that_is_not_as_long_as_its_positions_is_noticed(change: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    tables, bounds = tables_of(rng, 1, 8), np.array([0, 200])
    data, spans, _ = encoded(rng.choice(VALUES, 200), bounds, None, tables)
    assert decoded(data, spans, bounds, None, tables)[0]
    assert not decoded(data, spans + np.array(change), bounds, None, tables)[0]


def test_padding_must_be_zero() -> None:
    rng = np.random.default_rng(8)
    tables = tables_of(rng, 1, 8)
    for length in range(20, 40):
        bounds = np.array([0, length])
        data, spans, bits = encoded(rng.choice(VALUES, length), bounds, None, tables)
        if bits[0] % 8:
            data[spans[0, 1] - 1] |= 128
            whole, _, counted = decoded(data, spans, bounds, None, tables)
            assert not whole
            assert counted[0] == bits[0]
