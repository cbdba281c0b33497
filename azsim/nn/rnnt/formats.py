"""The int8 and int16 grids of a network's activations, read from the scales stored with its checkpoint.

Most formats are fixed by construction: gate pre-activations and joint sums are Q4.11, because both tables are flat
beyond +-16; the joint's hidden vector is a tanh, so Q0.7. Two depend on the network and are calibrated: the cell
state and the hidden state of each LSTM. Both are powers of two, so that going from one to the other is a shift. So is
the int8 vector in the middle of a small branch (`azsim.nn.rnnt.branching`), whose step may be any.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.errors import InputError
from azsim.nn.fixed_point import GATE_BITS, INT8_LIMIT, INT16_MAX
from azsim.nn.rnnt.network import Network

OUTPUT_BIAS = "joint.output_bias"
INT32_MAX = 2**31 - 1
DEFAULT_CELL_BITS = 11  # Q4.11: +- 16
DEFAULT_HIDDEN_BITS = 7  # Q0.7: a hidden state lies within +- 1
DEFAULT_NARROW_SCALE = 2.0**-4  # of int8: +- 8
JOINT_HIDDEN_BITS = 7
MAX_BITS = 14


@dataclass(frozen=True, slots=True)
class LstmFormat:
    """Bits after the binary point of a layer's cell state (int16) and hidden state (int8)."""

    cell_bits: int
    hidden_bits: int


@dataclass(frozen=True)
class Formats:
    """Grids of a whole network.

    Attributes:
        feature_scale: step of the int8 features.
        lstm: layer (``encoder.0``) -> its formats.
        narrow: layer -> step of the int8 vector in the middle of its small branch.
    """

    feature_scale: float
    lstm: Mapping[str, LstmFormat]
    narrow: Mapping[str, float]

    @staticmethod
    def of(network: Network) -> Formats:
        """The formats that a network's ``activation_scales`` state; a scale that is missing has its default.

        Raises:
            InputError: a scale of a cell or hidden state is not a power of two from 2**-14 to 2**-1, or one of a small
                branch is not positive.
        """
        bits = {name: _bits(network, name) for name in network.activation_scales if name.endswith((".cell", ".hidden"))}
        layers = [name.removesuffix(".recurrent") for name in network.weight_matrices if _is_layer(name)]
        lstm = {
            layer: LstmFormat(
                bits.get(f"{layer}.cell", DEFAULT_CELL_BITS), bits.get(f"{layer}.hidden", DEFAULT_HIDDEN_BITS)
            )
            for layer in layers
        }
        scales = network.activation_scales
        narrow = {
            layer: scales.get(f"{layer}.small.narrow", DEFAULT_NARROW_SCALE)
            for layer in layers
            if f"{layer}.small.expand" in network.weight_matrices
        }
        for layer, scale in narrow.items():
            if not 0 < scale < math.inf:
                at = f"{network.source}: activation_scales: {layer}.small.narrow"
                raise InputError(f"{at} = {scale}: must be a positive number")
        return Formats(network.feature_clip / INT8_LIMIT, lstm, narrow)

    def scales(self) -> dict[str, float]:
        """All scales by name, as stored with a checkpoint."""
        stored = {"features": self.feature_scale, "joint.sum": 2.0**-GATE_BITS, "joint.hidden": 2.0**-JOINT_HIDDEN_BITS}
        for layer, form in self.lstm.items():
            stored[f"{layer}.gates"] = 2.0**-GATE_BITS
            stored[f"{layer}.cell"] = 2.0**-form.cell_bits
            stored[f"{layer}.hidden"] = 2.0**-form.hidden_bits
        return stored | {f"{layer}.small.narrow": scale for layer, scale in self.narrow.items()}


def bias_grids(network: Network, weight_scales: Mapping[str, float]) -> dict[str, tuple[float, int]]:
    """The grid onto which the processor brings each vector of biases: name -> step, and the most steps.

    Args:
        network: for the names and shapes.
        weight_scales: matrix -> step of its int8 values, the largest of several.
    """
    grids = {name: (2.0**-GATE_BITS, INT16_MAX) for name in _gate_biases(network)}
    matrix = "joint.output"
    room = max(0, INT32_MAX - INT8_LIMIT * 128 * network.parameters[matrix].shape[1])  # beside the products of a logit
    return {**grids, OUTPUT_BIAS: (2.0**-JOINT_HIDDEN_BITS * weight_scales[matrix], room)}


def held_biases(network: Network) -> dict[str, np.ndarray]:
    """Every vector of biases but the logits', float32, saturated to the int16 grid on which the processor holds it."""
    most = INT16_MAX * 2.0**-GATE_BITS
    return {name: np.clip(network.parameters[name], -most, most) for name in _gate_biases(network)}


def _gate_biases(network: Network) -> list[str]:
    """Names of the vectors that are added to gates, to the joint's sum and to the arbiter's score, all Q4.11."""
    return [
        name
        for name, value in network.parameters.items()
        if value.ndim == 1 and name.endswith("bias") and name != OUTPUT_BIAS
    ]


def _is_layer(matrix: str) -> bool:
    """Whether a matrix is the recurrent one of a layer with a state of its own: small branches share one."""
    return matrix.endswith(".recurrent") and not matrix.endswith(".small.recurrent")


def _bits(network: Network, name: str) -> int:
    scale = network.activation_scales[name]
    bits = -math.log2(scale) if scale > 0 and math.isfinite(scale) else 0.0
    if bits != int(bits) or not 1 <= bits <= MAX_BITS:
        raise InputError(
            f"{network.source}: activation_scales: {name} = {scale}: must be a power of two from 2**-{MAX_BITS} to 0.5"
        )
    return int(bits)
