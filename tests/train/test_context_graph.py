"""The graph before training: what a history says is looked for where a name goes on as it did."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.speech.context.names import AUDIO, NEXT, PREFIX, SAID, VALUE, key_of, query_of
from azsim.train.context_graph import NONE_NATS, context_graph

PIECES, JOINT, WIDTH, HEADS = 9, 16, 8, 2


def test_prefixes_meet_their_histories_and_none_begins_above():
    rng = np.random.default_rng(1)
    graph = context_graph(rng.normal(size=(PIECES, JOINT)), WIDTH, HEADS, rng)
    views = rng.normal(0, 2, (6, JOINT))
    views[0] = 0
    fed = {PREFIX: views, SAID: views, AUDIO: np.zeros((6, JOINT)), NEXT: np.array([PIECES, 1, 2, 3, 4, 5])}
    made = Executor(Model.in_float(graph)).push(fed)
    none, asked = made[key_of(AUDIO)][0], made[query_of(AUDIO)][0]
    by_head = (none * asked).reshape(HEADS, -1).sum(1) / np.sqrt(WIDTH / HEADS)
    assert np.allclose(by_head, NONE_NATS, rtol=1e-4)
    pieces = made[key_of(SAID)] - made[key_of(AUDIO)]
    squashed = made[query_of(SAID)] - made[query_of(AUDIO)]
    scores = squashed[1:] @ pieces[1:].T
    own = np.diag(scores)
    assert (own > 0).all()
    assert np.mean(own) > np.abs(scores - np.diag(own)).mean()
    assert made[VALUE].shape == (6, JOINT)
