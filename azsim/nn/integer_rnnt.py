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
from azsim.nn.fixed_point import (
    GATE_BITS,
    INT16_MAX,
    expanded_table,
    multiplier_and_shift,
    quantise_to,
)
from azsim.nn.formats import JOINT_HIDDEN_BITS, Formats
from azsim.nn.network import Network

INT32_MAX = 2**31 - 1


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
        return self.matrices["prediction.embedding"]

    @property
    def step_columns(self) -> int:
        """int8 features of one step."""
        return int(self.encoder[0, kernels.COLUMNS])

    @staticmethod
    def of(compressed: Decoded) -> IntegerModel:
        """Decode the bitstreams and lay them out.

        Raises:
            CodecError: a bitstream is damaged.
            InputError: a scale cannot be expressed in fixed point.
        """
        network = compressed.network
        if network.is_bidirectional:
            raise InputError(
                f"{network.source}: a bidirectional encoder hears no stream; it runs in float, in the cloud"
            )
        matrices = compressed.decoded
        formats = Formats.of(network)
        scales = {name: matrix.scale for name, matrix in compressed.matrices.items()}
        starts = dict(zip(matrices, np.cumsum([0, *(m.size for m in matrices.values())]), strict=False))
        layers = [f"encoder.{i}" for i in range(network.encoder_layers)]
        predictors = [f"prediction.{i}" for i in range(network.layers("prediction"))]
        hidden_scale = {layer: 2.0**-form.hidden_bits for layer, form in formats.lstm.items()}
        gates = {layer: len(matrices[f"{layer}.recurrent"]) for layer in (*layers, *predictors)}
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

        inputs = [formats.feature_scale, *(hidden_scale[layer] for layer in layers[:-1])]
        predictor_inputs = [scales["prediction.embedding"], *(hidden_scale[layer] for layer in predictors[:-1])]
        logit_scale = 2.0**-JOINT_HIDDEN_BITS * scales["joint.output"]
        joint = [
            [starts[name], *matrices[name].shape, *_fixed(compressed, name, scale * scales[name] * 2.0**GATE_BITS)]
            for name, scale in (
                ("joint.encoder", hidden_scale[layers[-1]]),
                ("joint.prediction", hidden_scale[predictors[-1]]),
                ("joint.output", 2.0**-JOINT_HIDDEN_BITS),
            )
        ]
        gate_biases = [network.parameters[f"{layer}.bias"] for layer in (*layers, *predictors)]
        reduced = network.time_reduction_after >= 0
        return IntegerModel(
            matrices=matrices,
            feature_scale=formats.feature_scale,
            weights=np.concatenate([np.ascontiguousarray(m, np.int8).ravel() for m in matrices.values()]),
            biases=quantise_to(np.concatenate(gate_biases), 2.0**-GATE_BITS, INT16_MAX).astype(np.int16),
            encoder=np.array([plan(layer, scale) for layer, scale in zip(layers, inputs, strict=True)], np.int64),
            prediction=np.array([plan(x, s) for x, s in zip(predictors, predictor_inputs, strict=True)], np.int64),
            joint=np.array(joint, np.int64),
            lower=network.time_reduction_after + 1 if reduced else len(layers),
            reduction=network.steps_per_output,
            joint_bias=quantise_to(network.parameters["joint.bias"], 2.0**-GATE_BITS, INT16_MAX).astype(np.int16),
            no_bias=np.zeros(matrices["joint.encoder"].shape[0], np.int16),
            output_bias=quantise_to(network.parameters["joint.output_bias"], logit_scale, INT32_MAX).astype(np.int32),
            logit_scale=logit_scale,
            sentence_end=network.sentence_end,
            sigmoid=expanded_table("sigmoid"),
            tanh=expanded_table("tanh"),
        )


def _fixed(compressed: Decoded, matrix: str, scale: float) -> tuple[int, int]:
    """Multiplier and shift of a matrix's products; a matrix of zeros may have any scale."""
    try:
        return multiplier_and_shift(scale)
    except ValueError as error:
        raise InputError(f"{compressed.name}: {matrix}: {error}") from error


class Encoder:
    """The encoder of one utterance: push int8 steps, get the joint's view of the encoder output."""

    def __init__(self, model: IntegerModel, record: bool = False) -> None:
        self._model = model
        self._hidden = [np.zeros(plan[kernels.HIDDEN], np.int8) for plan in model.encoder]
        self._cell = [np.zeros(plan[kernels.HIDDEN], np.int16) for plan in model.encoder]
        self._waiting = np.zeros((0, self._hidden[model.lower - 1].size), np.int8)
        self._record = record
        self._recorded: list[list[np.ndarray]] = []

    def push(self, steps: np.ndarray) -> np.ndarray:
        """Encode steps.

        Args:
            steps: int8 ``(n, columns)``.

        Returns:
            int16 Q4.11 ``(m, J)``: as many outputs as time reductions were completed.
        """
        model = self._model
        vectors = np.ascontiguousarray(steps, np.int8)
        seen = [vectors]
        for i, plan in enumerate(model.encoder):
            outputs = np.empty((len(vectors), plan[kernels.HIDDEN]), np.int8)
            kernels.lstm_layer(
                model.weights, model.biases, plan, vectors, self._hidden[i], self._cell[i], model.sigmoid, model.tanh,
                outputs,
            )  # fmt: skip
            seen.append(outputs)
            vectors = self._reduced(outputs) if i == model.lower - 1 else outputs
        encoded = np.empty((len(vectors), model.joint_bias.size), np.int16)
        kernels.project_all(model.weights, model.joint[kernels.FROM_ENCODER], vectors, model.joint_bias, encoded)
        if self._record:
            self._recorded.append(seen)
        return encoded

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


def _join(vectors: np.ndarray, reduction: int) -> np.ndarray:
    """Each ``reduction`` consecutive vectors as one; an incomplete last group is left out."""
    whole = len(vectors) // reduction
    return vectors[: whole * reduction].reshape(whole, reduction * vectors.shape[1])
