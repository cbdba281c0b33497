"""The bit-exact transducer: decoded int8 weights in, int8 steps in, int32 logits out, the same on every machine.

::

    int8 steps ──> Encoder.push ──> int16 encoded ─┐
    label ──> Prediction.push ──> int16 predicted ─┴─ join ──> int32 logits

Everything that depends on the network alone stands in an `IntegerModel`; `Encoder` holds the state of one utterance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.errors import InputError
from azsim.nn import kernels
from azsim.nn.branching import Always, Arbiter, BranchPlans, Picker
from azsim.nn.fixed_point import (
    GATE_BITS,
    INT16_MAX,
    expanded_table,
    multiplier_and_shift,
    quantise_to,
)
from azsim.nn.formats import JOINT_HIDDEN_BITS, OUTPUT_BIAS, Formats, bias_grids
from azsim.nn.network import EMBEDDING, Network
from azsim.nn.sums import MOST_INT8, check_sums, largest


class ScaledMatrix(Protocol):
    """A matrix of whole numbers that stand for ``scale`` each."""

    @property
    def scale(self) -> float:
        """Value of 1."""


class Decoded(Protocol):
    """What the engine asks of a compressed network (`azsim.compress.network`): its int8 weights and their scales."""

    @property
    def name(self) -> str:
        """Of the configuration."""

    @property
    def network(self) -> Network:
        """Biases, layers and activation scales."""

    @property
    def matrices(self) -> Mapping[str, ScaledMatrix]:
        """Scales by name."""

    @property
    def decoded(self) -> Mapping[str, np.ndarray]:
        """Name -> int8 matrix."""


@dataclass(frozen=True)
class IntegerModel:
    """A compressed network laid out for the kernels.

    Attributes:
        matrices: the decoded int8 weights by name.
        feature_scale: step of the int8 features.
        weights: all matrices, int8, one after another.
        biases: gate biases, Q4.11 int16, one layer after another.
        encoder, prediction: plans of the LSTM layers (see ``azsim.nn.kernels``).
        joint: plan of the joint's three matrices.
        branches: of an encoder with branches, None for one without.
        lower: encoder layers that run at every step.
        reduction: steps joined before the other layers run, 1 for none.
        joint_bias: Q4.11 int16 ``(J,)``; ``no_bias`` is as many zeros.
        output_bias: int32 ``(V,)``, in steps of the logits.
        logit_scale: ``logit = logit_scale * int32``.
        sentence_end: the label after which a search says nothing more, or ``NO_LABEL``.
        sigmoid, tanh: tables for all 65,536 inputs.
    """

    matrices: Mapping[str, np.ndarray]
    feature_scale: float
    weights: np.ndarray
    biases: np.ndarray
    encoder: np.ndarray
    prediction: np.ndarray
    joint: np.ndarray
    branches: BranchPlans | None
    lower: int
    reduction: int
    joint_bias: np.ndarray
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
        return int(self.encoder[0, kernels.COLUMNS])

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
        starts = dict(zip(matrices, np.cumsum([0, *(m.size for m in matrices.values())]), strict=False))
        layers = [f"encoder.{i}" for i in range(network.encoder_layers)]
        predictors = [f"prediction.{i}" for i in range(network.layers("prediction"))]
        arbiters = ["arbiter.0"] if network.has_arbiter else []
        every = (*layers, *predictors, *arbiters)
        hidden_scale = {layer: 2.0**-form.hidden_bits for layer, form in formats.lstm.items()}
        small = [f"{layer}.small" for layer in layers] if network.has_branches else []
        gates = {layer: len(network.parameters[f"{layer}.bias"]) for layer in (*every, *small)}
        bias_starts = dict(zip(gates, np.cumsum([0, *gates.values()]), strict=False))

        def plan(layer: str, input_scale: float) -> list[int]:
            into, again = f"{layer}.input", f"{layer}.recurrent"
            return [
                matrices[into].shape[1],
                matrices[again].shape[1],
                starts[into],
                starts[again],
                bias_starts[layer],
                *_fixed(compressed, into, input_scale * scales[into] * 2.0**GATE_BITS),
                *_fixed(compressed, again, hidden_scale[layer] * scales[again] * 2.0**GATE_BITS),
                formats.lstm[layer].cell_bits,
                formats.lstm[layer].hidden_bits,
            ]

        def small_plan(layer: str, input_scale: float) -> list[int]:
            into, again, expand = (f"{layer}.small.{kind}" for kind in ("input", "recurrent", "expand"))
            narrow = formats.narrow[layer]
            return [
                len(matrices[into]),
                starts[into],
                starts[again],
                starts[expand],
                bias_starts[f"{layer}.small"],
                *_fixed(compressed, into, input_scale * scales[into] / narrow),
                *_fixed(compressed, again, hidden_scale[layer] * scales[again] / narrow),
                *_fixed(compressed, expand, narrow * scales[expand] * 2.0**GATE_BITS),
            ]

        def dense_plan(name: str, input_scale: float) -> list[int]:
            fixed = _fixed(compressed, name, input_scale * scales[name] * 2.0**GATE_BITS)
            return [starts[name], *matrices[name].shape, *fixed]

        inputs = [formats.feature_scale, *(hidden_scale[layer] for layer in layers[:-1])]
        predictor_inputs = [scales[EMBEDDING], *(hidden_scale[layer] for layer in predictors[:-1])]
        logit_scale, room = bias_grids(network, scales)[OUTPUT_BIAS]
        joint = [
            dense_plan(name, scale)
            for name, scale in (
                ("joint.encoder", hidden_scale[layers[-1]]),
                ("joint.prediction", hidden_scale[predictors[-1]]),
                ("joint.output", 2.0**-JOINT_HIDDEN_BITS),
            )
        ]
        gate_biases = [network.parameters[f"{layer}.bias"] for layer in gates]
        branches = None
        if small:
            branches = BranchPlans(
                small=np.array(
                    [small_plan(layer, scale) for layer, scale in zip(layers, inputs, strict=True)], np.int64
                ),
                arbiter=np.array([plan(layer, formats.feature_scale) for layer in arbiters], np.int64),
                score=np.array([dense_plan("arbiter.score", hidden_scale[layer]) for layer in arbiters], np.int64),
                score_bias=_q4_11(network.parameters["arbiter.score_bias"]) if arbiters else np.zeros(0, np.int16),
            )
        reduced = network.time_reduction_after >= 0
        return IntegerModel(
            matrices=matrices,
            feature_scale=formats.feature_scale,
            weights=np.concatenate([np.ascontiguousarray(m, np.int8).ravel() for m in matrices.values()]),
            biases=_q4_11(np.concatenate(gate_biases)),
            encoder=np.array([plan(layer, scale) for layer, scale in zip(layers, inputs, strict=True)], np.int64),
            prediction=np.array([plan(x, s) for x, s in zip(predictors, predictor_inputs, strict=True)], np.int64),
            joint=np.array(joint, np.int64),
            branches=branches,
            lower=network.time_reduction_after + 1 if reduced else len(layers),
            reduction=network.steps_per_output,
            joint_bias=_q4_11(network.parameters["joint.bias"]),
            no_bias=np.zeros(matrices["joint.encoder"].shape[0], np.int16),
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
        if record and model.branches:
            raise InputError("an encoder with branches keeps no inputs: use a skip mode that needs no activations")
        self._model = model
        self._hidden = [np.zeros(plan[kernels.HIDDEN], np.int8) for plan in model.encoder]
        self._cell = [np.zeros(plan[kernels.HIDDEN], np.int16) for plan in model.encoder]
        self._waiting = np.zeros((0, self._hidden[model.lower - 1].size), np.int8)
        self._picker = picker or _own_picker(model)
        self._picked = np.zeros(0, bool)
        self._record = record
        self._recorded: list[list[np.ndarray]] = []

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
        vectors = np.ascontiguousarray(steps, np.int8)
        seen = [vectors]
        picked = self._pick(vectors) if model.branches else None
        for i in range(len(model.encoder)):
            outputs = self._layer(i, vectors, picked)
            seen.append(outputs)
            vectors = self._reduced(outputs) if i == model.lower - 1 else outputs
            if picked is not None and i == model.lower - 1:
                of_outputs = self._picked[model.reduction - 1 :: model.reduction]
                picked = of_outputs[len(of_outputs) - len(vectors) :]
        encoded = np.empty((len(vectors), model.joint_bias.size), np.int16)
        kernels.project_all(model.weights, model.joint[kernels.FROM_ENCODER], vectors, model.joint_bias, encoded)
        if self._record:
            self._recorded.append(seen)
        return encoded

    @property
    def picked(self) -> np.ndarray | None:
        """bool per step since the start: True where the large branch ran; None for an encoder without branches."""
        return self._picked if self._model.branches else None

    def _pick(self, steps: np.ndarray) -> np.ndarray:
        picked = self._picker(steps)
        self._picked = np.concatenate([self._picked, picked])
        return picked

    def _layer(self, index: int, vectors: np.ndarray, picked: np.ndarray | None) -> np.ndarray:
        """All steps of one layer, each on the branch that was picked for it."""
        model, plan = self._model, self._model.encoder[index]
        outputs = np.empty((len(vectors), plan[kernels.HIDDEN]), np.int8)
        state = self._hidden[index], self._cell[index], model.sigmoid, model.tanh, outputs
        if picked is None:
            kernels.lstm_layer(model.weights, model.biases, plan, vectors, *state)
        else:
            small = model.branches.small[index]
            kernels.branching_layer(model.weights, model.biases, plan, small, picked, vectors, *state)
        return outputs

    def _reduced(self, outputs: np.ndarray) -> np.ndarray:
        """The lower layers' outputs joined in groups; an incomplete group waits for the next push."""
        waiting = np.concatenate([self._waiting, outputs])
        whole = len(waiting) - len(waiting) % self._model.reduction
        self._waiting = waiting[whole:]
        return _join(waiting, self._model.reduction)

    def inputs(self) -> dict[str, np.ndarray]:
        """int8 ``(invocations, columns)`` that each encoder matrix and ``joint.encoder`` saw since the start."""
        model, found = self._model, {}
        entering, *hidden = (np.concatenate(parts) for parts in zip(*self._recorded, strict=True))
        for i, own in enumerate(hidden):
            found[f"encoder.{i}.input"] = entering
            found[f"encoder.{i}.recurrent"] = np.concatenate([np.zeros_like(own[:1]), own[:-1]])
            entering = _join(own, model.reduction) if i == model.lower - 1 else own
        found["joint.encoder"] = entering
        return found


def _own_picker(model: IntegerModel) -> Picker:
    """The network's arbiter; always the large branch without one."""
    if model.branches is None or not len(model.branches.arbiter):
        return Always(large=True)
    return Arbiter(model)


def _join(vectors: np.ndarray, reduction: int) -> np.ndarray:
    """Each ``reduction`` consecutive vectors as one; an incomplete last group is left out."""
    whole = len(vectors) // reduction
    return vectors[: whole * reduction].reshape(whole, reduction * vectors.shape[1])
