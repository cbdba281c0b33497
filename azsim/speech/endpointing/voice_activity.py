"""Voice activity as the chip computes it: log-mel as it comes to two posteriors at every step of 30 ms.

::

    log-mel ──(x - 10) / 4, held in ±3──> 3 frames = 1 step, int8 ──> the network (integers) ──> speech, ended

The network was trained by ``models/recipes/voice_activity.toml`` (`azsim.train.tasks.voice_activity`). Its features are
set against fixed numbers, not against a recording's own level, so that nothing must be known of the recording before.
"""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.features import MEL_BINS, STACKED_FRAMES

FRAMES, POSTERIORS = "frames", "posteriors"
"""Input and output of the network."""
SPEECH, ENDED = 0, 1
"""Columns of the output: somebody speaks; who spoke has finished."""
MIDDLE_NATS, SCALE_NATS, MOST = 10.0, 4.0, 3.0
"""What features are set against; `assumed`: from digital silence to full scale they lie in -2 to 22 nats."""
CYCLES_PER_FRAME = 2 * MEL_BINS
"""Of a core, for subtraction and shift; `assumed`: one cycle each, no vectors."""


def scaled(frames: np.ndarray) -> np.ndarray:
    """Log-mel frames ``(n, 64)`` as the network takes them, float32."""
    return np.clip((np.asarray(frames, np.float32) - MIDDLE_NATS) / SCALE_NATS, -MOST, MOST).astype(np.float32)


def scaled_steps(frames: np.ndarray) -> np.ndarray:
    """Log-mel frames ``(n, 64)`` of a whole sound as its steps, float32 ``(n // 3, 192)``; what fills none is left."""
    whole = len(frames) // STACKED_FRAMES
    return scaled(frames[: whole * STACKED_FRAMES]).reshape(whole, STACKED_FRAMES * MEL_BINS)


class VoiceActivity:
    """One stream through the network; what comes out does not depend on how the stream was cut.

    Args:
        model: the network, laid out in integers; it may be shared.
        integers: the network, for its grids.
    """

    def __init__(self, model: Model, integers: IntegerGraph) -> None:
        source, target = integers.grids[FRAMES], integers.grids[POSTERIORS]
        assert source is not None
        assert target is not None
        self._executor, self._source, self._target = Executor(model), source, target
        self._waiting = np.zeros((0, MEL_BINS), np.float32)

    def feed(self, frames: np.ndarray) -> np.ndarray:
        """Take log-mel frames ``(n, 64)``; the posteriors of the steps that they complete, float64 ``(m, 2)``."""
        waiting = np.concatenate([self._waiting, np.asarray(frames, np.float32)])
        steps = scaled_steps(waiting)
        self._waiting = waiting[len(steps) * STACKED_FRAMES :]
        return self._target.restore(self._executor.push({FRAMES: self._source.quantise(steps)})[POSTERIORS])
