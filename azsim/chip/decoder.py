"""The decoder circuit: how long it takes to turn a compressed tile back into weights.

::

    tile ─┬─ stream 0 ─ bitmap ─ palette ─┐
          ├─ stream 1 ─ ...               ├─ weight buffer        the slowest stream decides
          └─ ...                          ┘
"""

from __future__ import annotations

import numpy as np

from azsim.devices.spec import DecoderSpec
from azsim.errors import InputError


def decode_cycles(decoder_load: np.ndarray, spec: DecoderSpec) -> np.ndarray:
    """Cycles per tile, int64 ``(tiles,)``.

    ``startup + max over streams of ceil(max(positions / positions_per_cycle, values / values_per_cycle,
    bits / bits_per_cycle))``.

    Args:
        decoder_load: int64 ``(tiles, streams, 3)``: positions, values and payload bits of each stream.
        spec: the decoder.

    Raises:
        InputError: the tiles were cut for another number of streams.

    **Source:** US 11,537,853 (zero-value stage, then shared-value stage, in a pipeline); rates `assumed`.
    """
    streams = decoder_load.shape[1]
    if streams != spec.streams:
        raise InputError(
            f"chip.decoder.streams = {spec.streams}: the weights were encoded for {streams} decoder streams; "
            "encode them again for this device"
        )
    rates = np.array([spec.positions_per_cycle, spec.values_per_cycle, spec.bits_per_cycle], np.int64)
    return spec.startup_cycles + (-(-decoder_load // rates)).max(axis=(1, 2), initial=0)
