"""What on-chip memory is given out to, in bytes: the one account for device files, plans, runs and single matrices.

::

    SRAM | activations | Bf fetch buffers | Bw weight buffers | state | resident weights, in lines | music ring | free

State is what attention keeps from step to step, as far as it lies here (`azsim.chip.residency`). Activations are
those of the device file, or what a program has at once (inputs and sums of the frames that share a tile, tensors)
where that is more. A buffer holds a whole tile: the largest that there is, or, where none is known yet, the positions
of the device file. A chip whose weights never leave it (``residency = "resident"``) has no tile buffers as long as
none of them is streamed or decoded anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from azsim.devices.board_spec import AudioSpec
from azsim.devices.chip_spec import SramSpec

LINE_BYTES = 256
"""Resident weights lie in lines of so many bytes (all banks side by side); `assumed`."""
SUM_BYTES = 4
"""A sum of products."""


@dataclass(frozen=True, slots=True)
class SramUse:
    """Bytes given to each use."""

    activation_bytes: int
    fetch_buffer_bytes: int
    weight_buffer_bytes: int
    resident_bytes: int = 0
    ring_bytes: int = 0
    state_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All that is given out: the most on-chip memory in use at any time."""
        return self.working_bytes + self.resident_bytes

    @property
    def working_bytes(self) -> int:
        """All but the resident weights."""
        return self.activation_bytes + self.buffer_bytes + self.ring_bytes + self.state_bytes

    @property
    def buffer_bytes(self) -> int:
        """The tile buffers."""
        return self.fetch_buffer_bytes + self.weight_buffer_bytes


def sram_use(
    sram: SramSpec,
    *,
    shared_bytes: int = 0,
    largest_tile_bytes: int = 0,
    largest_tile_positions: int = 0,
    tiles_move: bool | None = None,
    resident_bytes: int = 0,
    ring_bytes: int = 0,
) -> SramUse:
    """The account of one device and what it holds.

    Args:
        sram: the memory.
        shared_bytes: that a program has at once beside weights: inputs and sums of frames that share a tile, tensors.
        largest_tile_bytes, largest_tile_positions: of any tile's stream and positions; 0 where none is known.
        tiles_move: some weights are streamed or decoded anew; None: unless the memory keeps all of them.
        resident_bytes: of weights that stay, in whole lines.
        ring_bytes: of the music's ring if it lies here.
    """
    moving = sram.residency != "resident" if tiles_move is None else tiles_move
    return SramUse(
        activation_bytes=max(sram.activation_bytes, shared_bytes),
        fetch_buffer_bytes=sram.fetch_buffers * (largest_tile_bytes or sram.tile_positions) if moving else 0,
        weight_buffer_bytes=sram.weight_buffers * (largest_tile_positions or sram.tile_positions) if moving else 0,
        resident_bytes=resident_bytes,
        ring_bytes=ring_bytes,
    )


def in_lines(size_bytes: int) -> int:
    """Bytes of the whole lines that hold so many."""
    return -(-size_bytes // LINE_BYTES) * LINE_BYTES


def ring_bytes(audio: AudioSpec) -> int:
    """On-chip bytes of the music's ring: 0 if it lies in DRAM."""
    if audio.ring != "sram":
        return 0
    return audio.periods * audio.period_frames * audio.playback_channels * audio.playback_bytes_per_sample
