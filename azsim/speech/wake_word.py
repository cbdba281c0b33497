"""The boundary between a wake word and what follows, where the encoder's state is kept or reset.

::

    outputs      w  w  w │ c  c  c  c  c
    kept         encoder hears all ──────>      search hears these alone     Recogniser.recognise(..., wake_end_ms)
    reset                  a new encoder ─>     search                       Recogniser.recognise(after_wake_word(...))

Kept, the voice that said the wake word conditions what follows. A device finds a wake word when it has ended, so the
encoder catches up on it from a buffer then (`azsim.speech.jobs`).

**Source:** arXiv:2011.10538: the encoder runs over the whole stream, and only the segment with a transcript is
written down.
"""

from __future__ import annotations

import numpy as np

from azsim.nn.rnnt.network import Network
from azsim.speech.features import FRAME_SHIFT_MS


def wake_outputs(network: Network, wake_end_ms: float) -> int:
    """Encoder outputs that belong to a wake word: the boundary is the nearest one between two outputs."""
    return round(wake_end_ms / (FRAME_SHIFT_MS * network.stack * network.steps_per_output))


def after_wake_word(network: Network, features: np.ndarray, wake_end_ms: float) -> np.ndarray:
    """The log-mel frames ``(n, 64)`` of a stream from the same boundary on."""
    return features[wake_outputs(network, wake_end_ms) * network.stack * network.steps_per_output :]
