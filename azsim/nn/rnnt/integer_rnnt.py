"""The bit-exact transducer: decoded int8 weights in, int8 steps in, int32 logits out, the same on every machine.

::

    int8 steps ──> Encoder.push ──> int16 encoded ─┐
    label ──> Prediction.push ──> int16 predicted ─┴─ join ──> int32 logits

Everything that depends on the network alone stands in an `IntegerModel`; `Encoder` holds the state of one utterance.
The encoder runs as a graph (`azsim.nn.rnnt.graphs`); prediction and joint, which a search asks label by label, as one
compiled step (`azsim.nn.rnnt.kernels`), which computes what their graphs compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.errors import InputError
from azsim.nn.fixed_point import (
    GATE_BITS,
    INT16_MAX,
    expanded_table,
    multiplier_and_shift,
    quantise_to,
)
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.branching import Always, Arbiter, Picker
from azsim.nn.rnnt.decoded import Decoded
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS, OUTPUT_BIAS, Formats, bias_grids
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.network import EMBEDDING
from azsim.nn.sums import MOST_INT8, check_sums, largest


@dataclass(frozen=True)
class IntegerModel:
    """A compressed network laid out to run.

    Attributes:
        matrices: the decoded int8 weights by name.
        feature_scale: step of the int8 features.
        encoder: its graph; with branches a second input ``large`` picks them.
        arbiter: the graph of an arbiter, None in a network without.
        weights: the matrices of prediction and joint, int8, one after another.
        biases: gate biases of the prediction network, Q4.11 int16, one layer after another.
        prediction: plans of its LSTM layers (see ``azsim.nn.rnnt.kernels``).
        joint: plan of the joint's own two matrices.
        reduction: steps joined before the other layers run, 1 for none.
        no_bias: zeros, int16 ``(J,)``.
        output_bias: int32 ``(V,)``, in steps of the logits.
        logit_scale: ``logit = logit_scale * int32``.
        sentence_end: the label after which a search says nothing more, or ``NO_LABEL``.
        sigmoid, tanh: tables for all 65,536 inputs.
    """

    matrices: Mapping[str, np.ndarray]
    feature_scale: float
    encoder: Model
    arbiter: Model | None
    weights: np.ndarray
    biases: np.ndarray
    prediction: np.ndarray
    joint: np.ndarray
    reduction: int
    no_bias: np.ndarray
    output_bias: np.ndarray
    logit_scale: float
    sentence_end: int
    sigmoid: np.ndarray
    tanh: np.ndarray

    @property
    def embedding(self) -> np.ndarray:
        """int8 ``(V, E)``; its rows are the prediction network's inputs."""
        return self.matrices[EMBEDDING]

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
        matrices = compressed.decoded
        formats = Formats.of(network)
        scales = {name: matrix.scale for name, matrix in compressed.matrices.items()}
        _check_sums(compressed)
        graphs = integer_rnnt_graphs(compressed, picks="outside")
        own = {name: matrix for name, matrix in matrices.items() if name.startswith(("prediction.", "joint."))}
        starts = dict(zip(own, np.cumsum([0, *(m.size for m in own.values())]), strict=False))
        predictors = [f"prediction.{i}" for i in range(network.layers("prediction"))]
        hidden_scale = {layer: 2.0**-form.hidden_bits for layer, form in formats.lstm.items()}
        gates = {layer: len(network.parameters[f"{layer}.bias"]) for layer in predictors}
        bias_starts = dict(zip(gates, np.cumsum([0, *gates.values()]), strict=False))

        def plan(layer: str, input_scale: float) -> list[int]:
            input_matrix, recurrent_matrix = f"{layer}.input", f"{layer}.recurrent"
            return [
                matrices[input_matrix].shape[1],
                matrices[recurrent_matrix].shape[1],
                starts[input_matrix],
                starts[recurrent_matrix],
                bias_starts[layer],
                *_fixed(compressed, input_matrix, input_scale * scales[input_matrix] * 2.0**GATE_BITS),
                *_fixed(compressed, recurrent_matrix, hidden_scale[layer] * scales[recurrent_matrix] * 2.0**GATE_BITS),
                formats.lstm[layer].cell_bits,
                formats.lstm[layer].hidden_bits,
            ]

        def dense_plan(name: str, input_scale: float) -> list[int]:
            fixed = _fixed(compressed, name, input_scale * scales[name] * 2.0**GATE_BITS)
            return [starts[name], *matrices[name].shape, *fixed]

        predictor_inputs = [scales[EMBEDDING], *(hidden_scale[layer] for layer in predictors[:-1])]
        logit_scale, room = bias_grids(network, scales)[OUTPUT_BIAS]
        joint = [
            dense_plan(name, scale)
            for name, scale in (
                ("joint.prediction", hidden_scale[predictors[-1]]),
                ("joint.output", 2.0**-JOINT_HIDDEN_BITS),
            )
        ]
        gate_biases = [network.parameters[f"{layer}.bias"] for layer in gates]
        return IntegerModel(
            matrices=matrices,
            feature_scale=formats.feature_scale,
            encoder=Model.in_integers(graphs.encoder),
            arbiter=None if graphs.arbiter is None else Model.in_integers(graphs.arbiter),
            weights=np.concatenate([np.ascontiguousarray(m, np.int8).ravel() for m in own.values()]),
            biases=_q4_11(np.concatenate(gate_biases)),
            prediction=np.array([plan(x, s) for x, s in zip(predictors, predictor_inputs, strict=True)], np.int64),
            joint=np.array(joint, np.int64),
            reduction=network.steps_per_output,
            no_bias=np.zeros(matrices["joint.prediction"].shape[0], np.int16),
            output_bias=quantise_to(network.parameters[OUTPUT_BIAS], logit_scale, room).astype(np.int32),
            logit_scale=logit_scale,
            sentence_end=network.sentence_end,
            sigmoid=expanded_table("sigmoid"),
            tanh=expanded_table("tanh"),
        )


def _check_sums(compressed: Decoded) -> None:
    """Refuse matrices whose sums may not fit an int32, with the weights as they are and inputs as large as they get."""
    matrices = compressed.decoded
    for name, weights in matrices.items():
        if name == EMBEDDING:
            continue
        most_input = largest(matrices[EMBEDDING]) if name == "prediction.0.input" else MOST_INT8
        check_sums(f"{compressed.name}: {name}", weights.shape[1], most_input, largest(weights))


def _q4_11(values: np.ndarray) -> np.ndarray:
    return quantise_to(values, 2.0**-GATE_BITS, INT16_MAX).astype(np.int16)


def _fixed(compressed: Decoded, matrix: str, scale: float) -> tuple[int, int]:
    """Multiplier and shift of a matrix's products; a matrix of zeros may have any scale."""
    try:
        return multiplier_and_shift(scale)
    except ValueError as error:
        raise InputError(f"{compressed.name}: {matrix}: {error}") from error


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
