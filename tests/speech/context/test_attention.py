"""Attention over a catalogue: a row for each piece of each entry, the network that the chip runs, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.nn.rnnt.batch import States, predict_batch
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.told import told_views
from azsim.speech.context.attention import attention_of, compressed_attention, label_views
from azsim.speech.context.catalogue import Catalogue, Entry
from azsim.speech.context.names import AUDIO, AUDIO_PROGRAM, SAID, SAID_PROGRAM, SIDES
from tests.conftest import random_network
from tests.speech.context.adapters import adapter, spelling

NETWORK = spelling(random_network(3, joint=12))
SMALL = compress(NETWORK, weight_bits=8, codec="raw")
NAMES = Catalogue((Entry("ton lot", "device"), Entry("on"), Entry("on", "room"), Entry("off lot")))


@pytest.fixture(scope="module")
def attention():
    return attention_of(adapter(NETWORK), NAMES, SMALL)


def test_each_piece_of_each_entry_has_a_row(attention):
    assert attention.entries == ("ton lot", "on", "off lot")
    counts = np.diff(attention.firsts)
    assert attention.firsts[0] == 1
    assert counts.tolist() == [6, 2, 6]
    assert attention.told(AUDIO).rows == attention.firsts[-1]
    assert [attention.entry_of(row) for row in range(attention.firsts[-1])] == [-1, *np.repeat([0, 1, 2], counts)]


def test_entries_are_encoded_each_for_itself(attention):
    alone = attention_of(adapter(NETWORK), Catalogue((Entry("on"),)), SMALL)
    row = attention.firsts[1]
    for side in SIDES:
        for head in range(2):
            name = f"context.{side}.key.{head}"
            one, many = alone.parameters[name], attention.parameters[name]
            step = attention.quantised[name].scales.max()
            assert np.abs(one[1] - many[row]).max() <= step


def test_programs_multiply_with_keys_and_values(attention):
    programs, small = attention.programs(), compressed_attention(attention, DEFAULT_LAYOUT)
    assert set(programs) == set(attention.rates()) == {AUDIO_PROGRAM, SAID_PROGRAM}
    rows = attention.firsts[-1]
    for program in programs.values():
        sizes = [attention.parameters[name].size for name in program.matrices]
        assert sum(sizes) == 8 * 12 + 8 * rows + 12 * rows
    assert set(small.matrices) == set(attention.weight_matrices)
    for name, matrix in small.decoded.items():
        assert np.array_equal(matrix, attention.quantised[name].values)
    assert attention.weights == sum(matrix.size for matrix in small.decoded.values())


def test_a_prefix_is_seen_as_the_search_sees_the_history_before_a_name(attention):
    networks = IntegerModel.of(SMALL).networks
    told = networks._replace(told=attention.told(SAID))
    views = label_views(networks, [7, 3, 8])
    assert views.shape == (4, 12)
    assert np.array_equal(label_views(networks, [7, 3])[:3], views[:3])
    assert np.array_equal(label_views(told, [7, 3, 8]), views)
    states = States.zeros(told, 2)
    predict_batch(told, states, np.array([1]), np.array([0]), np.array([0]), 1)
    assert np.array_equal(states.predicted[0], told_views(told.told, views[:1])[0])


def test_too_many_entries_and_other_networks_are_refused(attention):
    names = Catalogue(tuple(Entry(" ".join(["on"] * (1 + k % 20) + ["off"] * (1 + k // 20))) for k in range(301)))
    with pytest.raises(InputError, match="301 entries: attention takes at most 300; shallow fusion alone takes more"):
        attention_of(adapter(NETWORK), names, SMALL)
    with pytest.raises(InputError, match="adds to a joint of 12 values and 11 pieces; the recogniser has 11 and 11"):
        attention_of(adapter(NETWORK), NAMES, compress(spelling(random_network(3))))
    with pytest.raises(InputError, match="random: must be an attention network"):
        attention_of(NETWORK, NAMES, SMALL)
