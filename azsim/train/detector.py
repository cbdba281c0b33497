"""A detector over steps of log-mel: the network of voice activity and of the wake word, laid out once.

::

    frames ──3 = 1 step──> dense, relu ──> LSTM ──> dense ──> logits ──sigmoid──> posteriors
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.train.layers import Layers
from azsim.train.recipe import Width


class DetectorSizes(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the network.

    Attributes:
        dense: of the layer that reads a step.
        units: of the LSTM.
    """

    dense: Width = 64
    units: Width = 64


def detector(
    name: str,
    sizes: DetectorSizes,
    rng: np.random.Generator,
    *,
    frames: str,
    logits: str,
    posteriors: str,
    count: int,
) -> Graph:
    """A new detector.

    Args:
        name: of the graph.
        sizes: of its layers.
        rng: draws the parameters.
        frames: name of the input, ``(192,)`` a step.
        logits: name of what is trained, ``(count,)``.
        posteriors: name of the output, the sigmoid of the logits.
        count: of the things that are detected.
    """
    layers = Layers(name, {frames: Tensor((STACKED_FRAMES * MEL_BINS,))}, rng)
    read = layers.add("read", Relu(), layers.dense("front", frames, sizes.dense))
    made = layers.dense(logits, layers.lstm("state", read, sizes.units), count)
    return layers.graph([layers.add(posteriors, Sigmoid(), made)])
