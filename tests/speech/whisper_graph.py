"""A network that takes for a whisper what is louder in the upper half of the mel bins."""

from __future__ import annotations

from functools import cache

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS
from azsim.speech.whisper_detector import FRAMES, POSTERIOR
from tests.speech.speaker.voices import frames_of


@cache
def whisper_network() -> IntegerGraph:
    """In integers."""
    halves = np.tile(np.repeat([-1.0, 1.0], MEL_BINS // 2), 3) / 24
    graph = Graph(
        "whispers",
        {FRAMES: Tensor((3 * MEL_BINS,))},
        (POSTERIOR,),
        (
            Node("logit", Dense(), (FRAMES,), ("logit",), {"weights": "w"}),
            Node("posterior", Sigmoid(), ("logit",), (POSTERIOR,)),
        ),
        {"w": halves[None].astype(np.float32)},
    )
    return calibrated(graph, [{FRAMES: scaled_steps(frames_of(voice, 120))} for voice in (-1, 0, 1)], "tensor")
