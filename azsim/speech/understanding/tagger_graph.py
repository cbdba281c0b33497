"""The tagger's graph: rows of a table, convolutions over the words, a tag for each word and one intent.

::

    rows (4,) ─embedding─> (4, d) ─> (4d,) ─conv1d, ReLU─> ... ─conv1d, ReLU─┬─dense─> tags of the word ``layers`` ago
                                                                              └─mean so far─dense─> intents

Each convolution sees the word before and the word after, so a tag comes as many words late as there are layers: that
many steps without a word follow a sentence, and the intent is read at the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.mean_pool import MeanPool
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape
from azsim.speech.understanding.word_features import FEATURES

TAPS = 3
ROWS, TAGS, INTENTS = "rows", "tags", "intents"


@dataclass(frozen=True, slots=True)
class TaggerShape:
    """How large a tagger is.

    Attributes:
        rows: of the table.
        width: of a row.
        units: of each convolution.
        layers: of convolutions.
        tags, intents: how many there are to tell apart.
    """

    rows: int
    width: int
    units: int
    layers: int
    tags: int
    intents: int

    @property
    def weights(self) -> int:
        """Of all matrices together."""
        first = TAPS * FEATURES * self.width * self.units
        deeper = (self.layers - 1) * TAPS * self.units * self.units
        return self.rows * self.width + first + deeper + (self.tags + self.intents) * self.units


def parameter_shapes(shape: TaggerShape) -> dict[str, tuple[int, ...]]:
    """Parameter -> its shape."""
    found: dict[str, tuple[int, ...]] = {"table": (shape.rows, shape.width)}
    width = FEATURES * shape.width
    for layer in range(shape.layers):
        found |= {f"conv{layer}": (shape.units, TAPS * width), f"conv{layer}.bias": (shape.units,)}
        width = shape.units
    for head, count in ((TAGS, shape.tags), (INTENTS, shape.intents)):
        found |= {head: (count, shape.units), f"{head}.bias": (count,)}
    return found


def tagger_graph(parameters: Mapping[str, np.ndarray], shape: TaggerShape, name: str = "tagger") -> Graph:
    """The graph over float32 ``parameters`` (`parameter_shapes`); outputs ``tags`` and ``intents``, logits.

    Raises:
        InputError: a parameter is missing or of another shape.
    """
    nodes = [
        Node("table", Embedding(), (ROWS,), ("looked-up",), {"weights": "table"}),
        Node("word", Reshape((FEATURES * shape.width,)), ("looked-up",), ("word",)),
    ]
    seen = "word"
    for layer in range(shape.layers):
        own = {"weights": f"conv{layer}", "bias": f"conv{layer}.bias"}
        nodes.append(Node(f"conv{layer}", Conv1d(TAPS), (seen,), (f"conv{layer}.sums",), own))
        nodes.append(Node(f"relu{layer}", Relu(), (f"conv{layer}.sums",), (f"conv{layer}.out",)))
        seen = f"conv{layer}.out"
    nodes += [
        Node(TAGS, Dense(), (seen,), (TAGS,), {"weights": TAGS, "bias": f"{TAGS}.bias"}),
        Node("mean", MeanPool(), (seen,), ("mean",)),
        Node(INTENTS, Dense(), ("mean",), (INTENTS,), {"weights": INTENTS, "bias": f"{INTENTS}.bias"}),
    ]
    entering = {ROWS: Tensor((FEATURES,), holds="index")}
    return Graph(name, entering, (TAGS, INTENTS), tuple(nodes), dict(parameters))
