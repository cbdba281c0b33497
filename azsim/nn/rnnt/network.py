"""A trained network as it is stored: parameters, pieces and scales, checked against its digest when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from azsim.errors import InputError
from azsim.nn.normalisation import Normalisation
from azsim.nn.program import Program
from azsim.summary import Summarised

if TYPE_CHECKING:
    from azsim.nn.graph.operator import Granularity, Weights
    from azsim.nn.rnnt.graphs import RnntGraphs

EMBEDDING = "prediction.embedding"
"""Its rows are looked up; nothing is multiplied with it."""
SENTENCE_END = "</s>"
NO_LABEL = -1


@dataclass(frozen=True, repr=False)
class Network(Summarised):
    """A recogniser before compression.

    Parameter names: ``frontend.mean``, ``frontend.inv_std`` (64); ``encoder.{i}.input`` (4H x in),
    ``encoder.{i}.recurrent`` (4H x H), ``encoder.{i}.bias`` (4H), gates in the order i, f, g, o;
    ``prediction.embedding`` (V x E), ``prediction.0.input``, ``prediction.0.recurrent``, ``prediction.0.bias``;
    ``joint.encoder`` (J x H), ``joint.prediction`` (J x P), ``joint.bias`` (J), ``joint.output`` (V x J),
    ``joint.output_bias`` (V). A bidirectional encoder has ``encoder.{i}.reverse.*`` as well, for the layer that reads
    from the end; the layer above sees both outputs, forward first. An encoder with branches (`azsim.nn.rnnt.branching`)
    has ``encoder.{i}.small.input`` (R x in), ``.small.recurrent`` (R x H), ``.small.expand`` (4H x R) and
    ``.small.bias`` (4H), and, if it picks them itself, ``arbiter.0.*`` (an LSTM on the steps), ``arbiter.score`` (1 x
    A) and ``arbiter.score_bias`` (1).

    Attributes:
        name: for reports.
        parameters: name -> float32 array.
        pieces: word pieces; piece 0 is the blank, U+2581 marks the start of a word; ``</s>``, if it is one of them,
            ends the sentence and is no part of its words.
        stack: feature frames per step.
        time_reduction_after: encoder layer after which two steps are joined.
        time_reduction: how many.
        feature_clip: normalised features are clipped to +- this before they are quantised.
        activation_scales: tensor -> float step of its int8 or int16 grid, calibrated on training audio.
        digest: sha-256 of its contents, hex.
        source: the path it was read from.
        verified: the file carried that digest itself.
        normalisation: of its features, before mean and deviation (`azsim.nn.normalisation`).
    """

    name: str
    parameters: Mapping[str, np.ndarray]
    pieces: tuple[str, ...]
    stack: int
    time_reduction_after: int
    time_reduction: int
    feature_clip: float
    activation_scales: Mapping[str, float]
    digest: str
    source: str
    verified: bool = True
    normalisation: Normalisation = "global"

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "weights": self.weights,
            "encoder_layers": self.encoder_layers,
            "pieces": len(self.pieces),
            "fp32_bytes": self.fp32_bytes,
            "verified": self.verified,
        }

    def layers(self, part: str) -> int:
        """Number of LSTM layers of the ``encoder`` or the ``prediction`` network."""
        own = (name.split(".") for name in self.parameters)
        return sum(1 for parts in own if len(parts) == 3 and parts[0] == part and parts[2] == "input")

    @property
    def sentence_end(self) -> int:
        """The label that ends a sentence, ``NO_LABEL`` in a network that has none."""
        return self.pieces.index(SENTENCE_END) if SENTENCE_END in self.pieces else NO_LABEL

    @property
    def is_bidirectional(self) -> bool:
        """Whether the encoder needs the whole recording: such a network runs in float, in the cloud."""
        return "encoder.0.reverse.input" in self.parameters

    def refuse_if_bidirectional(self) -> None:
        """Raise `InputError` for a network that no device can run."""
        if self.is_bidirectional:
            raise InputError(f"{self.source}: a bidirectional encoder hears no stream; it runs in float, in the cloud")

    @property
    def has_branches(self) -> bool:
        """Whether each encoder layer has a small branch beside the large one."""
        return "encoder.0.small.input" in self.parameters

    @property
    def has_arbiter(self) -> bool:
        """Whether it picks the branches itself."""
        return "arbiter.0.input" in self.parameters

    @property
    def steps_per_output(self) -> int:
        """Steps that the encoder joins to one output, 1 without a time reduction."""
        return self.time_reduction if self.time_reduction_after >= 0 else 1

    @property
    def encoder_layers(self) -> int:
        """Number of encoder LSTM layers."""
        return self.layers("encoder")

    @property
    def weight_matrices(self) -> tuple[str, ...]:
        """Names of the matrices that are compressed (two-dimensional parameters), embedding included."""
        return tuple(name for name, value in self.parameters.items() if value.ndim == 2)

    @property
    def looked_up(self) -> frozenset[str]:
        """Matrices whose rows are read and multiplied with nothing."""
        return frozenset((EMBEDDING,))

    @property
    def weights(self) -> int:
        """Number of weights in the compressed matrices."""
        return sum(self.parameters[name].size for name in self.weight_matrices)

    @property
    def fp32_bytes(self) -> int:
        """Bytes of all parameters before compression."""
        return 4 * sum(value.size for value in self.parameters.values())

    @property
    def quantised(self) -> Mapping[str, Weights]:
        """None: recognisers come in float, or as bitstreams."""
        return {}

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """How many scales the rows of a matrix have at a granularity.

        Raises:
            InputError: more than one, and the encoder is bidirectional.
        """
        if granularity == "tensor":
            return 1
        graphs = self._graphs
        parts = (graphs.encoder, graphs.prediction, graphs.joint)
        return next(part.scale_groups(matrix, granularity) for part in parts if matrix in part.parameters)

    def programs(self) -> Mapping[str, Program]:
        """The activations of the processor that run this network (see `azsim.nn.rnnt.programs`).

        Raises:
            InputError: the encoder is bidirectional.
        """
        return self._programs

    def rates(self) -> Mapping[str, float]:
        """Program -> runs per second while someone speaks."""
        from azsim.nn.rnnt.programs import runs_per_second

        return runs_per_second(self._programs)

    @cached_property
    def _graphs(self) -> RnntGraphs:
        from azsim.nn.rnnt.graphs import rnnt_graphs

        return rnnt_graphs(self)

    @cached_property
    def _programs(self) -> Mapping[str, Program]:
        from azsim.nn.rnnt.programs import rnnt_programs

        return rnnt_programs(self._graphs)
