"""The bit-exact transducer: decoded int8 weights in, int8 steps in, int32 logits out, the same on every machine.

::

    int8 steps ──> Encoder.push ──> int16 encoded ─┐
    label ──> predict_batch ──> int16 predicted ───┴─ join_batch ──> int32 logits

Everything that depends on the network alone stands in an `IntegerModel`; `Encoder` holds the state of one utterance.
The encoder runs on the executor of graphs; prediction and joint, which a search asks label by label, by the same
kernels called from compiled code (`azsim.nn.rnnt.batch`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.errors import InputError, located
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.batch import Networks
from azsim.nn.rnnt.branching import Always, Arbiter, Picker
from azsim.nn.rnnt.decoded import Decoded
from azsim.nn.rnnt.formats import Formats
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.network import EMBEDDING
from azsim.nn.sums import MOST_INT8, check_sums, largest


@dataclass(frozen=True)
class IntegerModel:
    """A compressed network laid out to run.

    Attributes:
        feature_scale: step of the int8 features.
        encoder: its graph; with branches a second input ``large`` picks them.
        arbiter: the graph of an arbiter, None in a network without.
        networks: prediction and joint.
        reduction: steps joined before the other layers run, 1 for none.
        logit_scale: ``logit = logit_scale * int32``.
        sentence_end: the label after which a search says nothing more, or ``NO_LABEL``.
    """

    feature_scale: float
    encoder: Model
    arbiter: Model | None
    networks: Networks
    reduction: int
    logit_scale: float
    sentence_end: int

    @property
    def step_columns(self) -> int:
        """int8 features of one step."""
        return self.encoder.graph.inputs["steps"].size

    @property
    def has_branches(self) -> bool:
        """Whether each layer of the encoder has a small branch beside the large one."""
        return "large" in self.encoder.graph.inputs

    @staticmethod
    def of(compressed: Decoded) -> IntegerModel:
        """Decode the bitstreams and lay them out.

        Raises:
            CodecError: a bitstream is damaged.
            InputError: a scale cannot be expressed in fixed point, a sum may exceed an int32, or the encoder is
                bidirectional.
        """
        network = compressed.network
        network.refuse_if_bidirectional()
        _check_sums(compressed)
        with located(compressed.name):
            graphs = integer_rnnt_graphs(compressed, picks="outside")
            return IntegerModel(
                feature_scale=Formats.of(network).feature_scale,
                encoder=Model.in_integers(graphs.encoder),
                arbiter=None if graphs.arbiter is None else Model.in_integers(graphs.arbiter),
                networks=Networks.of(graphs.prediction, graphs.joint),
                reduction=network.steps_per_output,
                logit_scale=graphs.joint.grids["logits"].scale,
                sentence_end=network.sentence_end,
            )


def _check_sums(compressed: Decoded) -> None:
    """Refuse matrices whose sums may not fit an int32, with the weights as they are and inputs as large as they get."""
    matrices = compressed.integer_weights
    for name, weights in matrices.items():
        if name == EMBEDDING:
            continue
        most_input = largest(matrices[EMBEDDING].values) if name == "prediction.0.input" else MOST_INT8
        columns = weights.values.shape[1]
        check_sums(f"{compressed.name}: {name}", columns, most_input, largest(weights.values))


class Encoder:
    """The encoder of one utterance: push int8 steps, get the joint's view of the encoder output.

    Args:
        model: the network.
        record: keep the int8 inputs of every matrix.
        picker: of an encoder with branches; by default the network's own arbiter, or always the large branch without.

    Raises:
        InputError: an encoder with branches is to record.
    """

    def __init__(self, model: IntegerModel, record: bool = False, picker: Picker | None = None) -> None:
        if record and model.has_branches:
            raise InputError("an encoder with branches keeps no inputs: use a skip mode that needs no activations")
        self._model = model
        self._executor = Executor(model.encoder.showing_all() if record else model.encoder)
        self._picker = picker or _own_picker(model)
        self._picked = np.zeros(0, bool)
        self._recorded: list[dict[str, np.ndarray]] | None = [] if record else None

    def push(self, steps: np.ndarray) -> np.ndarray:
        """Encode steps.

        Args:
            steps: int8 ``(n, columns)``.

        Returns:
            int16 Q4.11 ``(m, J)``: as many outputs as time reductions were completed.

        Raises:
            InputError: the steps are of another width.
        """
        model = self._model
        if steps.ndim != 2 or steps.shape[1] != model.step_columns:
            raise InputError(f"steps of shape {steps.shape}: must be (n, {model.step_columns})")
        fed = {"steps": np.ascontiguousarray(steps, np.int8)}
        if model.has_branches:
            fed["large"] = self._pick(fed["steps"])
        found = self._executor.push(fed)
        if self._recorded is not None:
            self._recorded.append(fed | found)
        return found["encoded"]

    @property
    def picked(self) -> np.ndarray | None:
        """bool per step since the start: True where the large branch ran; None for an encoder without branches."""
        return self._picked if self._model.has_branches else None

    def _pick(self, steps: np.ndarray) -> np.ndarray:
        picked = self._picker(steps)
        self._picked = np.concatenate([self._picked, picked])
        return picked

    def inputs(self) -> dict[str, np.ndarray]:
        """int8 ``(invocations, columns)`` that each encoder matrix and ``joint.encoder`` saw since the start."""
        graph, recorded = self._model.encoder.graph, self._recorded or []
        seen = {name: np.concatenate([each[name] for each in recorded]) for name in recorded[0]} if recorded else {}
        found = {}
        for node in graph.nodes:
            for role, matrix in node.parameters.items():
                if role in node.operator.matrices:
                    own = seen[node.outputs[0] if role == "recurrent" else node.inputs[0]]
                    before = np.concatenate([np.zeros_like(own[:1]), own[:-1]])
                    found[matrix] = before if role == "recurrent" else own
        return found


def _own_picker(model: IntegerModel) -> Picker:
    """The network's arbiter; always the large branch without one."""
    return Always(large=True) if model.arbiter is None else Arbiter(model)
