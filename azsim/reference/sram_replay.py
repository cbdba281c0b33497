"""A slow allocator that puts everything of a network into on-chip memory, tile by tile; it knows no formula of a plan.

::

    activations, ring, resident matrices: placed once        fetch slots, weight slots: taken and freed by the tiles

Every job is played on the pipeline of token-passing processes. A slot must be free when a tile comes; how large the
slots have to be, and so how much memory all of it takes, is what the tiles turn out to need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azsim.chip.build import build_schedules
from azsim.chip.schedule import Sections, TileSchedule
from azsim.chip.wake import reload_tiles
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.reference.pipeline_machine import PipelineMachine

LINE = 256


def replayed_peak_bytes(
    chip: ChipSpec, network: CompressedNetwork, modes: Mapping[str, Residency], steps: int, ring_bytes: int
) -> int:
    """Bytes of on-chip memory that a network takes, found by playing a wake-up and every program.

    Args:
        chip: a processor that streams or decodes anew; weights that never leave it have no slots.
        network: its weights.
        modes: matrix -> where it stays.
        steps: encoder steps gathered into a run.
        ring_bytes: of the music's ring.

    Raises:
        AssertionError: a tile finds no free slot.
    """
    used = {name: network.matrices[name].encoded for name in modes}
    frames = max(program.frames(steps) for program in network.network.programs().values())
    activations = chip.sram.activation_bytes
    if frames > 1:
        for rows, columns in (matrix.shape for matrix in used.values()):
            activations = max(activations, frames * columns + frames * rows * 4)
    resident = 0
    for name, mode in modes.items():
        size = 0
        if mode == "compressed":
            size = len(used[name].data)
        elif mode == "decoded":
            size = used[name].shape[0] * used[name].shape[1]
        while size % LINE:
            size += 1
        resident += size
    fetch_slot = weight_slot = 0
    for schedule in _jobs(chip, network, modes, steps):
        times = PipelineMachine(schedule, chip).times
        for tile in range(len(schedule)):
            fetching = schedule.fetch_bytes[tile] > 0
            decoding = schedule.decode_cycles[tile] > 0
            if fetching:
                behind = [t for t in range(tile) if schedule.fetch_bytes[t] > 0]
                held = [t for t in behind if times[1, t] > times[0, tile]]
                assert len(held) < chip.sram.fetch_buffers, "a tile came before its fetch buffer was free"
            if decoding:
                behind = [t for t in range(tile) if schedule.decode_cycles[t] > 0]
                held = [t for t in behind if times[2, t] > times[1, tile] - schedule.decode_cycles[tile]]
                assert len(held) < chip.sram.weight_buffers, "a tile was decoded before its weight buffer was free"
    for matrix in used.values():  # a wake-up or a run brings in every tile of every matrix
        for tile in range(len(matrix.tiling)):
            fetch_slot = max(fetch_slot, int(matrix.tile_bytes[tile]))
            weight_slot = max(weight_slot, int(matrix.tiling.rows[tile] * matrix.tiling.columns[tile]))
    slots = chip.sram.fetch_buffers * fetch_slot + chip.sram.weight_buffers * weight_slot
    return activations + ring_bytes + resident + slots


def _jobs(
    chip: ChipSpec, network: CompressedNetwork, modes: Mapping[str, Residency], steps: int
) -> Iterator[TileSchedule]:
    """What a wake-up and each program ask of the pipeline."""
    for name, mode in modes.items():
        if mode != "streamed":
            yield reload_tiles(name, network.matrices[name], mode, chip)
    for schedule in build_schedules(chip, network, modes, steps).values():
        yield from (
            part
            for part in (schedule.parts if isinstance(schedule, Sections) else (schedule,))
            if isinstance(part, TileSchedule)
        )
