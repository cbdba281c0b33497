"""The graph of attention over names before training: it begins where the recogniser's own views meet.

::

    prefix, next ──tanh; row of the piece──> keys of both sides, values
    audio, said ──tanh, dense──> queries

A label history asks by the projection that prefixes answer by, and an encoder output by that of the joint's rows; so a
name is looked for where its beginning was said, and where its next piece sounds likely, before anything is learned.
"""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.concat import Concat
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.tanh import Tanh
from azsim.speech.context.names import AUDIO, NEXT, PREFIX, SAID, SIDES, VALUE, key_of, query_of
from azsim.train.layers import Layers

ROW_NORM, VALUE_SCALE = 10.0, 0.1
QUERY_SCALE, PREFIX_SCALE, NONE_NATS = 2.0, 2.0, 4.0
"""Of the projections, and what no entry begins with in each head's score; `assumed`, as the two above."""


def context_graph(output: np.ndarray, width: int, heads: int, rng: np.random.Generator) -> Graph:
    """Keys, queries and values, linear in what they are made of.

    Args:
        output: the joint's output matrix, ``(pieces, J)``.
        width: of keys and queries of each side, at most J.
        heads: that they are dealt to.
        rng: turns the rows.
    """
    joint = output.shape[1]
    views = {name: Tensor((joint,)) for name in (PREFIX, *SIDES)}
    layers = Layers("context", {**views, NEXT: Tensor((), holds="index")}, rng)
    turned = np.linalg.qr(rng.normal(size=(joint, joint)))[0][:width]
    none = rng.normal(size=(heads, width // heads))
    none *= np.sqrt(NONE_NATS * np.sqrt(width // heads)) / np.linalg.norm(none, axis=1, keepdims=True)
    rows = output * (ROW_NORM / np.linalg.norm(output, axis=1).mean())
    rows = np.concatenate([rows, none.reshape(1, -1) @ turned])
    following = layers.add("following", Embedding(), NEXT, {"weights": rows})
    seen = layers.add("piece", Concat(), (layers.add("prefix.squashed", Tanh(), PREFIX), following))
    outputs = []
    for side, share in ((AUDIO, 0.0), (SAID, PREFIX_SCALE)):
        weights = np.concatenate([share * turned, turned], axis=1)
        outputs.append(layers.add(key_of(side), Dense(), seen, {"weights": weights, "bias": np.zeros(width)}))
        squashed = layers.add(f"{side}.squashed", Tanh(), side)
        asked = {"weights": QUERY_SCALE * turned, "bias": none.reshape(-1)}
        outputs.append(layers.add(query_of(side), Dense(), squashed, asked))
    weights = np.concatenate([np.zeros((joint, joint)), VALUE_SCALE * np.eye(joint)], axis=1)
    outputs.append(layers.add(VALUE, Dense(), seen, {"weights": weights}))
    return layers.graph(outputs)
