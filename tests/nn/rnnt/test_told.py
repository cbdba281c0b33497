"""What names add to a view: the compiled kernel is the graph that is charged, bit by bit; none of them adds nothing."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress import compress
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.told import Told, attended, told_views
from azsim.speech.context.attention import attention_of
from azsim.speech.context.catalogue import Catalogue, Entry
from azsim.speech.context.names import AUDIO, SIDES
from tests.conftest import random_network
from tests.speech.context.adapters import adapter, spelling


@pytest.fixture(scope="module")
def attention():
    network = spelling(random_network(3, joint=12))
    names = Catalogue((Entry("ton lot"), Entry("on"), Entry("off lot")))
    return attention_of(adapter(network), names, compress(network, weight_bits=8, codec="raw"))


@pytest.fixture(scope="module")
def views():
    return np.random.default_rng(4).integers(-9_000, 9_000, (12, 12)).astype(np.int16)


@pytest.mark.parametrize("side", SIDES)
def test_the_kernel_gives_what_the_graph_gives(attention, views, side):
    made = Executor(Model.in_integers(attention.integers(side))).push({"view": views})["told"]
    assert np.array_equal(told_views(attention.told(side), views), made)
    assert not np.array_equal(made, views)


def test_without_names_views_stay(views):
    assert told_views(Told.nothing(), views) is views


def test_where_no_name_is_meant_nothing_is_added(attention, views):
    told = attention.told(AUDIO)
    keys = np.zeros_like(told.keys)
    keys[:, 0] = 127
    asks = told.to_query._replace(after=np.full_like(told.to_query.after, 100))
    lone = told._replace(keys=keys, query=np.zeros_like(told.query), to_query=asks, to_exp=told.to_exp - [0, 12])
    made, shares = attended(lone, views)
    assert (shares[:, :, 1:] == 0).all()
    assert np.array_equal(made, views)
