"""A small attention network with drawn weights for the small random recogniser, calibrated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.rnnt.network import Network
from azsim.speech.context.names import AUDIO, NEXT, PREFIX, SAID, no_entry
from azsim.train.context_graph import context_graph

HEADS = 2
PIECES = ("<blank>", "\u2581", "t", "o", "n", "f", "l", "\u2581t", "\u2581o", "\u2581l", "of")


def spelling(network: Network) -> Network:
    """A small random recogniser with pieces that spell words of five letters."""
    return replace(network, pieces=PIECES)


def adapter(network: Network, seed: int = 0, joint: int = 12) -> GraphNetwork:
    """For a network whose joint has so many values, a multiple of `HEADS`."""
    rng = np.random.default_rng(seed)
    graph = context_graph(network.parameters["joint.output"], 8, HEADS, rng)
    none = no_entry(len(network.pieces))
    streams = [
        {NEXT: rng.integers(none + 1, size=9)} | {name: rng.normal(0, 2, (9, joint)) for name in (PREFIX, AUDIO, SAID)}
        for _ in range(3)
    ]
    made = calibrated(graph, streams)
    return GraphNetwork(graph, "drawn", 16.0, made.stated, made.weights, card={"heads": HEADS})
