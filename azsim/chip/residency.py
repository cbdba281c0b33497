"""Which matrices stay in on-chip memory, and in which form.

::

    SRAM  | activations | Bf fetch buffers | Bw weight buffers | resident matrices: compressed, or decoded |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import ChipSpec, Residency
from azsim.nn.program import Program


@dataclass(frozen=True, slots=True)
class ResidencyPlan:
    """Where the weights are.

    Attributes:
        modes: matrix -> mode, for every matrix that a program multiplies with.
        resident_bytes: on-chip bytes of the resident matrices.
        reload_bytes: bytes from DRAM that fill them after a wake-up.
        peak_bytes: most on-chip memory in use: activations, resident matrices, and the buffers as far as the largest
            tiles fill them.
    """

    modes: Mapping[str, Residency]
    resident_bytes: int
    reload_bytes: int
    peak_bytes: int


def plan_residency(
    chip: ChipSpec, network: CompressedNetwork, rates: Mapping[str, float] | None = None
) -> ResidencyPlan:
    """Keep on the chip what saves the most DRAM traffic per on-chip byte.

    First every matrix is kept compressed as far as memory goes: recurrent ones first (more frames per step do not
    help them), then by how often they run, then in the order of the programs. What memory is left then turns
    them, in the same order, into decoded ones, which the decoder no longer holds up.

    Args:
        chip: ``chip.sram.residency = "streamed"`` keeps nothing.
        network: the weights.
        rates: program -> activations per second; one each if not given.

    **Source:** `assumed`; a greedy knapsack in two passes.
    """
    programs = network.network.programs()
    order = _by_value(programs, rates or {})
    streams = {name: len(network.matrices[name].encoded.data) for name in order}
    positions = {name: int(network.matrices[name].encoded.tiling.positions.sum()) for name in order}
    modes: dict[str, Residency] = dict.fromkeys(order, "streamed")
    used = 0
    room = resident_room(chip, network)
    if chip.sram.residency == "auto":
        for name in order:
            size = min(streams[name], positions[name])
            if used + size <= room:
                used += size
                modes[name] = "compressed" if streams[name] < positions[name] else "decoded"
        for name in order:
            growth = positions[name] - streams[name]
            if modes[name] == "compressed" and used + growth <= room:
                used += growth
                modes[name] = "decoded"
    reload_bytes = sum(streams[name] for name in order if modes[name] != "streamed")
    return ResidencyPlan(modes, used, reload_bytes, used + _working_bytes(chip, network, modes))


def resident_room(chip: ChipSpec, network: CompressedNetwork) -> int:
    """On-chip bytes beside activations and tile buffers, 0 or more."""
    sram = chip.sram
    largest = max((int(matrix.encoded.tile_bytes.max()) for matrix in network.matrices.values()), default=0)
    fetch = sram.fetch_buffers * max(sram.tile_positions, largest)
    return max(0, sram.bytes - sram.activation_bytes - fetch - sram.weight_buffers * sram.tile_positions)


def _by_value(programs: Mapping[str, Program], rates: Mapping[str, float]) -> list[str]:
    """Matrices, the most valuable first."""
    traffic: dict[str, float] = {}
    recurrent: set[str] = set()
    for program in programs.values():
        for stage in program.stages:
            for use in stage.uses:
                traffic[use.matrix] = traffic.get(use.matrix, 0.0) + rates.get(program.name, 1.0)
                if use.role == "recurrent":
                    recurrent.add(use.matrix)
    return sorted(traffic, key=lambda name: (name not in recurrent, -traffic[name]))


def _working_bytes(chip: ChipSpec, network: CompressedNetwork, modes: Mapping[str, Residency]) -> int:
    """Activations and the filled part of the buffers."""
    encoded = {name: network.matrices[name].encoded for name in modes}
    fetched = max((int(encoded[name].tile_bytes.max()) for name in modes if modes[name] == "streamed"), default=0)
    refilled = max((int(encoded[name].tiling.positions.max()) for name in modes if modes[name] != "decoded"), default=0)
    return chip.sram.activation_bytes + chip.sram.fetch_buffers * fetched + chip.sram.weight_buffers * refilled
