"""The int8 and int16 grids of a network's activations, read from the scales stored with its checkpoint.

Most formats are fixed by construction: gate pre-activations and joint sums are Q4.11, because both tables are flat
beyond +-16; the joint's hidden vector is a tanh, so Q0.7. Two depend on the network and are calibrated: the cell
state and the hidden state of each LSTM. Both are powers of two, so that going from one to the other is a shift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from azsim.errors import InputError
from azsim.nn.fixed_point import GATE_BITS, INT8_LIMIT
from azsim.nn.network import Network

DEFAULT_CELL_BITS = 11  # Q4.11: +- 16
DEFAULT_HIDDEN_BITS = 7  # Q0.7: a hidden state lies within +- 1
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
    """

    feature_scale: float
    lstm: Mapping[str, LstmFormat]

    @staticmethod
    def of(network: Network) -> Formats:
        """The formats that a network's ``activation_scales`` state; a scale that is missing has its default.

        Raises:
            InputError: a scale of a cell or hidden state is not a power of two from 2**-14 to 2**-1.
        """
        bits = {name: _bits(network, name) for name in network.activation_scales if name.endswith((".cell", ".hidden"))}
        layers = [name.removesuffix(".recurrent") for name in network.weight_matrices if name.endswith(".recurrent")]
        lstm = {
            layer: LstmFormat(
                bits.get(f"{layer}.cell", DEFAULT_CELL_BITS), bits.get(f"{layer}.hidden", DEFAULT_HIDDEN_BITS)
            )
            for layer in layers
        }
        return Formats(network.feature_clip / INT8_LIMIT, lstm)

    def scales(self) -> dict[str, float]:
        """All scales by name, as stored with a checkpoint."""
        stored = {"features": self.feature_scale, "joint.sum": 2.0**-GATE_BITS, "joint.hidden": 2.0**-JOINT_HIDDEN_BITS}
        for layer, form in self.lstm.items():
            stored[f"{layer}.gates"] = 2.0**-GATE_BITS
            stored[f"{layer}.cell"] = 2.0**-form.cell_bits
            stored[f"{layer}.hidden"] = 2.0**-form.hidden_bits
        return stored


def _bits(network: Network, name: str) -> int:
    scale = network.activation_scales[name]
    bits = -math.log2(scale) if scale > 0 and math.isfinite(scale) else 0.0
    if bits != int(bits) or not 1 <= bits <= MAX_BITS:
        raise InputError(
            f"{network.source}: activation_scales: {name} = {scale}: must be a power of two from 2**-{MAX_BITS} to 0.5"
        )
    return int(bits)
