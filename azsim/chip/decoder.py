"""The decoder circuit: how long it takes to turn a compressed tile back into weights.

::

    tile ─┬─ stream 0 ─ bitmap ─ palette ─┐
          ├─ stream 1 ─ ...               ├─ weight buffer        the slowest stream decides
          └─ ...                          ┘
"""

from __future__ import annotations

import numpy as np

from azsim.compress.encoded import Encoded
from azsim.devices.chip_spec import DecoderSpec
from azsim.errors import InputError


def decode_cycles(encoded: Encoded, spec: DecoderSpec) -> np.ndarray:
    """Cycles of each tile of a matrix, int64 ``(tiles,)``.

    ``startup + max over streams of ceil(max(positions / positions_per_cycle, values / values_per_cycle,
    bits / bits_per_cycle))``, where a codec whose codes must be read one after the other takes fewer values per cycle
    than the device has room for (`Circuit.values_per_cycle`). The first tile bears the time to expand the tables.

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
    rates = np.array([spec.positions_per_cycle, values_per_cycle(encoded, spec), spec.bits_per_cycle], np.int64)
    cycles = spec.startup_cycles + (-(-load // rates)).max(axis=(1, 2), initial=0)
    cycles[0] += circuit.setup_cycles
    return cycles


def values_per_cycle(encoded: Encoded, spec: DecoderSpec) -> int:
    """Values that one decoder stream takes in a cycle: what the device has room for, and the codec can use."""
    limit = encoded.circuit.values_per_cycle
    return spec.values_per_cycle if limit is None else min(limit, spec.values_per_cycle)
