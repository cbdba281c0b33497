"""A network that tells voices by which half of the mel bins is loud, and sound of such voices."""

from __future__ import annotations

from functools import cache

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.statistics_pool import StatisticsPool
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, SAMPLE_RATE_HZ
from azsim.speech.speaker.embedder import EMBEDDING, FRAMES

WINDOW = 8
LOUD, QUIET, ROOM = 16.0, 11.0, 1.0


def frames_of(voice: int, length: int, seed: int = 1) -> np.ndarray:
    """Log-mel ``(length, 64)`` of voice 0 or 1; -1 is the room."""
    rng, frames = np.random.default_rng(seed), np.full((length, MEL_BINS), ROOM)
    if voice >= 0:
        frames[:] = QUIET
        frames[:, voice * MEL_BINS // 2 : (voice + 1) * MEL_BINS // 2] = LOUD
    return (frames + rng.normal(0, 0.2, frames.shape)).astype(np.float32)


def sound_of(voice: int, seconds: float, seed: int = 1) -> np.ndarray:
    """Noise in the lower (0) or upper (1) part of the spectrum, with the room before and behind; -1: silence."""
    rng, count = np.random.default_rng(seed), int(seconds * SAMPLE_RATE_HZ)
    room = rng.normal(0, 1e-4, count + SAMPLE_RATE_HZ)
    if voice >= 0:
        spectrum = np.fft.rfft(rng.normal(0, 1, count))
        bins = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
        spectrum[(bins < 1200) != (voice == 0)] *= 0.0005
        room[SAMPLE_RATE_HZ // 2 : SAMPLE_RATE_HZ // 2 + count] += 0.2 * np.fft.irfft(spectrum, count)
    return room.astype(np.float32)


@cache
def voice_network() -> IntegerGraph:
    """Mean level of the lower and of the upper bins, with their middle taken away."""
    weights = np.zeros((2, 2 * 3 * MEL_BINS), np.float32)
    halves = np.tile(np.repeat([1.0, -1.0], MEL_BINS // 2), 3) / (3 * MEL_BINS // 2)
    weights[0, : 3 * MEL_BINS], weights[1, : 3 * MEL_BINS] = halves, -halves
    graph = Graph(
        "voices",
        {FRAMES: Tensor((3 * MEL_BINS,))},
        (EMBEDDING,),
        (
            Node("statistics", StatisticsPool(WINDOW), (FRAMES,), ("statistics",)),
            Node("project", Dense(), ("statistics",), (EMBEDDING,), {"weights": "w"}),
        ),
        {"w": weights},
    )
    return calibrated(graph, [{FRAMES: scaled_steps(frames_of(voice, 240))} for voice in (0, 1)], "tensor")
