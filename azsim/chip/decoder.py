"""The decoder circuit: how long it takes to turn a compressed tile back into weights.

::

    tile ─┬─ stream 0 ─ bitmap ─ palette ─┐
          ├─ stream 1 ─ ...               ├─ weight buffer        the slowest stream decides
          └─ ...                          ┘
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from azsim.compress.circuit import Circuit
from azsim.compress.encoded import Encoded
from azsim.devices.chip_spec import ChipSpec, DecoderSpec
from azsim.errors import InputError


def decode_cycles(encoded: Encoded, spec: DecoderSpec) -> np.ndarray:
    """Cycles of each tile of a matrix, int64 ``(tiles,)``.

    ``startup + max over streams of ceil(max(positions / positions_per_cycle, values / values_per_cycle,
    bits / bits_per_cycle))``, where a codec whose codes must be read one after the other takes as many values per cycle
    as the device says (`values_per_cycle`). The first tile bears the time to expand the tables.

    Args:
        encoded: the matrix; its ``decoder_load`` says what each stream has to do.
        spec: the decoder.

    Raises:
        InputError: the tiles were cut for another number of streams.

    **Source:** US 11,537,853 (zero-value stage, then shared-value stage, in a pipeline); rates `assumed`.
    """
    load, circuit = encoded.decoder_load, encoded.circuit
    if load.shape[1] != spec.streams:
        raise InputError(
            f"chip.decoder.streams = {spec.streams}: the weights were encoded for {load.shape[1]} decoder streams; "
            "encode them again for this device"
        )
    rate = values_per_cycle(encoded.codec, circuit, spec)
    rates = np.array([spec.positions_per_cycle, rate.numerator, spec.bits_per_cycle], np.int64)
    per = np.array([1, rate.denominator, 1], np.int64)
    cycles = spec.startup_cycles + (-(-load * per // rates)).max(axis=(1, 2), initial=0)
    cycles[0] += circuit.setup_cycles
    return cycles


def values_per_cycle(codec: str, circuit: Circuit, spec: DecoderSpec) -> Fraction:
    """Values that one decoder stream takes in a cycle, exactly.

    Of a codec whose codes stand at known places, what the device has room for (``chip.decoder.values_per_cycle``). Of
    one whose codes are read one after the other, what the device says of it (``chip.decoder.codes_per_cycle``), or what
    a plain circuit does (`Circuit.values_per_cycle`), but never more than it has room for.
    """
    room = Fraction(spec.values_per_cycle)
    if circuit.values_per_cycle is None:
        return room
    stated = spec.codes_per_cycle.get(codec)
    return min(room, Fraction(circuit.values_per_cycle) if stated is None else Fraction(str(stated)))


def written_cycles(encoded: Encoded, chip: ChipSpec) -> np.ndarray:
    """`decode_cycles` on a chip whose on-chip memory may take the weights more slowly than the decoder gives them."""
    given = chip.sram.port_bytes_per_cycle
    return np.maximum(decode_cycles(encoded, chip.decoder), -(-encoded.tiling.positions // given))
