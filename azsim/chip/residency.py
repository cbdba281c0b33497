"""Which matrices stay in on-chip memory, and in which form.

::

    SRAM  | activations | Bf fetch buffers | Bw weight buffers | resident matrices: compressed, or decoded |

Each matrix is streamed, resident compressed (its stream's bytes, decoded at every use) or resident decoded (8 bits a
weight, neither fetched nor decoded). The plan is a knapsack with these three choices per matrix, solved exactly over
lines of memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from azsim.chip.decoder import decode_cycles
from azsim.chip.pool import SUM_BYTES
from azsim.compress.encoded import Encoded
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.errors import InputError, nearest
from azsim.nn.program import Program
from azsim.nn.rnnt_programs import runs_per_second

LINE_BYTES = 256
"""Memory is given out in lines of so many bytes (all banks side by side); `assumed`."""
_FINE = 1 << 20
_MODES: tuple[Residency, ...] = ("streamed", "compressed", "decoded")


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
    chip: ChipSpec,
    network: CompressedNetwork,
    rates: Mapping[str, float] | None = None,
    steps: int = 1,
    pinned: Mapping[str, Residency] | None = None,
) -> ResidencyPlan:
    """Keep on the chip what saves the most DRAM traffic, and with what is left the most decoder time.

    A matrix saves its stream's bytes times its loads per second. If several steps are gathered into a run, an
    input-side matrix is loaded once per run, a recurrent one once per frame; so recurrent matrices come first then.

    Args:
        chip: ``chip.sram.residency = "streamed"`` keeps nothing but what is pinned, ``"resident"`` everything.
        network: the weights.
        rates: program -> runs per second at one frame a run; those of speech if not given.
        steps: encoder steps gathered into one run.
        pinned: matrix name or pattern -> mode that is not the planner's to choose; later entries win.

    Raises:
        InputError: a pattern matches no matrix, or what is pinned or gathered does not fit.

    **Source:** the choice of what to hold on chip as a knapsack is common practice (for example Arm Vela's allocation
    of feature maps); solved by dynamic programming over memory lines.
    """
    programs = network.network.programs()
    loads = _loads(programs, {**runs_per_second(programs), **(rates or {})}, steps)
    sizes = {name: kept_bytes(network.matrices[name].encoded) for name in loads}
    fixed = _pins(tuple(loads), pinned or {})
    frames = max(program.frames(steps) for program in programs.values())
    working = _shared_bytes(chip, network, frames) + _buffer_bytes(chip, network)
    if frames > 1 and working > chip.sram.bytes:
        raise InputError(
            f"frames per step: inputs and sums of {frames} frames and the tile buffers take {working} bytes; "
            f"chip.sram.bytes = {chip.sram.bytes}: gather fewer"
        )
    room = resident_room(chip, network, frames) // LINE_BYTES
    taken = sum(-(-sizes[name][mode] // LINE_BYTES) for name, mode in fixed.items())
    if taken > room:
        raise InputError(
            f"residency: pinned matrices take {taken * LINE_BYTES} bytes; chip.sram.bytes = {chip.sram.bytes} leaves "
            f"{room * LINE_BYTES} beside activations and buffers"
        )
    modes: dict[str, Residency] = dict.fromkeys(loads, "decoded" if chip.sram.residency == "resident" else "streamed")
    if chip.sram.residency == "auto":
        modes |= _chosen(chip, network, {name: loads[name] for name in loads if name not in fixed}, sizes, room - taken)
    modes |= fixed
    used = sum(sizes[name][mode] for name, mode in modes.items())
    reload_bytes = sum(sizes[name]["compressed"] for name, mode in modes.items() if mode != "streamed")
    return ResidencyPlan(modes, used, reload_bytes, used + _working_bytes(chip, network, modes))


def kept_bytes(encoded: Encoded) -> dict[Residency, int]:
    """Mode -> on-chip bytes of a matrix that is kept so: its stream, or 8 bits a position."""
    return {"streamed": 0, "compressed": len(encoded.data), "decoded": int(encoded.tiling.positions.sum())}


def check_pins(chip: ChipSpec, positions: Mapping[str, int], pinned: Mapping[str, Residency]) -> None:
    """Refuse pins that cannot fit however well the weights compress; `plan_residency` refuses the rest.

    Args:
        positions: matrix that a program multiplies with -> its positions.
        pinned: matrix name or pattern -> mode, as for `plan_residency`.

    Raises:
        InputError: a pattern matches no matrix, or the matrices pinned ``decoded`` take more than the chip has.
    """
    sram = chip.sram
    taken = sum(positions[name] for name, mode in _pins(tuple(positions), pinned).items() if mode == "decoded")
    room = sram.bytes - sram.activation_bytes - (sram.fetch_buffers + sram.weight_buffers) * sram.tile_positions
    if taken > max(0, room):
        raise InputError(
            f"residency: matrices pinned 'decoded' take {taken} bytes; chip.sram.bytes = {sram.bytes} leaves "
            f"{max(0, room)} beside activations and buffers"
        )


def _chosen(
    chip: ChipSpec,
    network: CompressedNetwork,
    loads: Mapping[str, float],
    sizes: Mapping[str, Mapping[Residency, int]],
    room: int,
) -> dict[str, Residency]:
    """The best modes of the matrices in ``loads`` for so many lines."""
    encoded = {name: network.matrices[name].encoded for name in loads}
    decoding = [int(decode_cycles(encoded[name], chip.decoder).sum()) for name in loads]
    choice = best_choice(
        np.array([[-(-sizes[name][mode] // LINE_BYTES) for mode in _MODES] for name in loads]).reshape(-1, 3),
        np.array([rate * len(encoded[name].data) for name, rate in loads.items()]),
        np.array([rate * cycles for rate, cycles in zip(loads.values(), decoding, strict=True)]),
        room,
    )
    return {name: _MODES[index] for name, index in zip(loads, choice, strict=True)}


def best_choice(lines: np.ndarray, traffic: np.ndarray, decoding: np.ndarray, room: int) -> list[int]:
    """For each matrix 0 (streamed), 1 (compressed) or 2 (decoded): most traffic saved, then most decoding saved.

    Exact, but that traffic counts in whole bytes and decoding in parts of 2^-20 of all decoding. Of equal choices the
    one that takes least memory wins.

    Args:
        lines: int64 ``(matrices, 3)``: memory that each choice takes; the first column is 0.
        traffic: ``(matrices,)``: bytes per second that choices 1 and 2 save.
        decoding: ``(matrices,)``: decoder cycles per second that choice 2 saves.
        room: lines there are.
    """
    fine = np.floor(decoding * ((_FINE - 1) / max(1.0, float(decoding.sum())))).astype(np.int64)
    coarse = np.round(traffic).astype(np.int64) * _FINE
    best = np.zeros(room + 1, np.int64)
    taken = np.zeros((len(lines), room + 1), np.int8)
    for index, sizes in enumerate(lines.tolist()):
        before = best.copy()
        for choice, value in ((1, coarse[index]), (2, coarse[index] + fine[index])):
            if sizes[choice] > room:
                continue
            other = before[: room + 1 - sizes[choice]] + value
            better = other > best[sizes[choice] :]
            best[sizes[choice] :][better] = other[better]
            taken[index, sizes[choice] :][better] = choice
    at = int(np.argmax(best))
    chosen = []
    for index in range(len(lines) - 1, -1, -1):
        choice = int(taken[index, at])
        chosen.append(choice)
        at -= int(lines[index, choice])
    return chosen[::-1]


def resident_room(chip: ChipSpec, network: CompressedNetwork, frames: int = 1) -> int:
    """On-chip bytes beside activations and tile buffers, 0 or more.

    Frames that share a tile keep their int8 inputs and 32-bit sums on the chip meanwhile; where that is more than
    ``activation_bytes``, it takes room away.
    """
    return max(0, chip.sram.bytes - _shared_bytes(chip, network, frames) - _buffer_bytes(chip, network))


def _shared_bytes(chip: ChipSpec, network: CompressedNetwork, frames: int) -> int:
    """Activations, and what the frames that share a tile need if that is more."""
    shapes = [matrix.encoded.shape for matrix in network.matrices.values()]
    shared = max((frames * (columns + SUM_BYTES * rows) for rows, columns in shapes), default=0) if frames > 1 else 0
    return max(chip.sram.activation_bytes, shared)


def _buffer_bytes(chip: ChipSpec, network: CompressedNetwork) -> int:
    """Tile buffers; a stream's tile can be larger than its weights."""
    sram = chip.sram
    largest = max((int(matrix.encoded.tile_bytes.max()) for matrix in network.matrices.values()), default=0)
    return sram.fetch_buffers * max(sram.tile_positions, largest) + sram.weight_buffers * sram.tile_positions


def _loads(programs: Mapping[str, Program], rates: Mapping[str, float], steps: int) -> dict[str, float]:
    """Matrix -> times per second that it is needed whole, in the order of the programs."""
    loads: dict[str, float] = {}
    for program in programs.values():
        frames = program.frames(steps)
        runs = rates[program.name] / frames
        for stage in program.stages:
            for use in stage.uses:
                each = frames if use.role == "recurrent" else 1
                loads[use.matrix] = loads.get(use.matrix, 0.0) + runs * each
    return loads


def _pins(names: tuple[str, ...], pinned: Mapping[str, Residency]) -> dict[str, Residency]:
    fixed: dict[str, Residency] = {}
    for pattern, mode in pinned.items():
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            raise InputError(
                f"residency: {pattern!r} matches no matrix; there are {', '.join(names)}{nearest(pattern, names)}"
            )
        fixed |= dict.fromkeys(found, mode)
    return fixed


def _working_bytes(chip: ChipSpec, network: CompressedNetwork, modes: Mapping[str, Residency]) -> int:
    """Activations and the filled part of the buffers."""
    encoded = {name: network.matrices[name].encoded for name in modes}
    fetched = max((int(encoded[name].tile_bytes.max()) for name in modes if modes[name] == "streamed"), default=0)
    refilled = max((int(encoded[name].tiling.positions.max()) for name in modes if modes[name] != "decoded"), default=0)
    return chip.sram.activation_bytes + chip.sram.fetch_buffers * fetched + chip.sram.weight_buffers * refilled
