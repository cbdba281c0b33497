"""A voice as the chip computes it: steps with speech to an embedding for each window, and their mean.

::

    log-mel ──gate: speech──> step ──network (integers)──> statistics of a window ──> embedding, length 1
                                                                                  └─mean, length 1──> voice

The network was trained by ``models/recipes/speaker.toml`` (`azsim.train.tasks.speaker`). Its features are scaled as
those of the voice activity, so that nothing must be known of a recording before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.speech.speaker.gate import SpeechGate

FRAMES, EMBEDDING = "frames", "embedding"
"""Input and output of the network."""


@dataclass(frozen=True)
class VoiceWindows:
    """A network at the start of one stream.

    Attributes:
        steps: of a window.
        push: the next steps, ``(n, 192)``, to embeddings of the windows that they complete, ``(m, d)``.
    """

    steps: int
    push: Callable[[np.ndarray], np.ndarray]


class Embedder:
    """One stream through the network; what comes out does not depend on how the stream was cut.

    Args:
        network: at the start of a stream.

    Attributes:
        steps: so far; ``spoken``: number of each of them that the network heard.
        windows: embeddings so far, of length 1.
    """

    def __init__(self, network: VoiceWindows) -> None:
        self._network, self._gate = network, SpeechGate()
        self._waiting = np.zeros((0, MEL_BINS), np.float32)
        self.steps = 0
        self.spoken: list[int] = []
        self.windows: list[np.ndarray] = []

    def feed(self, frames: np.ndarray) -> None:
        """Take log-mel frames ``(n, 64)``."""
        waiting = np.concatenate([self._waiting, np.asarray(frames, np.float32)])
        whole = len(waiting) // STACKED_FRAMES * STACKED_FRAMES
        self._waiting = waiting[whole:]
        heard = np.flatnonzero(self._gate.feed(waiting[:whole]))
        self.spoken += (self.steps + heard).tolist()
        self.steps += whole // STACKED_FRAMES
        if len(heard):
            self.windows += [unit(each) for each in self._network.push(scaled_steps(waiting[:whole])[heard])]

    @property
    def ends(self) -> list[int]:
        """The step that completed each window."""
        return self.spoken[self._network.steps - 1 :: self._network.steps]

    @property
    def voice(self) -> np.ndarray | None:
        """The mean of all windows, float64 of length 1; None before the first."""
        return unit(np.mean(self.windows, axis=0)) if self.windows else None


def in_integers(model: Model, integers: IntegerGraph) -> VoiceWindows:
    """A network as the chip runs it."""
    source, target = integers.grids[FRAMES], integers.grids[EMBEDDING]
    assert source is not None
    assert target is not None
    executor = Executor(model)
    return VoiceWindows(
        _window(integers.graph),
        lambda steps: target.restore(executor.push({FRAMES: source.quantise(steps)})[EMBEDDING]),
    )


def in_float(graph: Graph) -> VoiceWindows:
    """The float network."""
    executor = Executor(Model.in_float(graph))
    return VoiceWindows(_window(graph), lambda steps: executor.push({FRAMES: steps})[EMBEDDING])


def _window(graph: Graph) -> int:
    return int(graph.tensors[EMBEDDING].period)


def unit(vector: np.ndarray) -> np.ndarray:
    """A vector in float64, its length 1 where it has one."""
    vector = np.asarray(vector, np.float64)
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
