"""Which matrices stay in on-chip memory, and in which form.

::

    SRAM  | activations | Bf fetch buffers | Bw weight buffers | state | resident matrices: compressed, or decoded |

Each matrix is streamed, resident compressed (its stream's bytes, decoded at every use) or resident decoded (8 bits a
weight, neither fetched nor decoded). The plan is a knapsack with these three choices per matrix, solved exactly over
lines of memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import msgspec
import numpy as np

from azsim.chip.decoder import written_cycles
from azsim.chip.lane_cache import lane_cost_of
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency, check_choice
from azsim.devices.sram import LINE_BYTES, SUM_BYTES, SramUse, in_lines, sram_use
from azsim.errors import InputError, nearest
from azsim.nn.program import Program

_FINE = 1 << 20
_MODES: tuple[Residency, ...] = ("streamed", "compressed", "decoded")


@dataclass(frozen=True, slots=True)
class ResidencyPlan:
    """Where the weights are.

    Attributes:
        modes: matrix -> mode, for every matrix that a program multiplies with.
        reload_bytes: bytes from DRAM that fill the resident matrices after a wake-up.
        use: what the on-chip memory is given out to.
        states: state that products read (keys, values) -> ``decoded`` where it lies in on-chip memory, ``streamed``
            where it lies in DRAM.
    """

    modes: Mapping[str, Residency]
    reload_bytes: int
    use: SramUse
    states: Mapping[str, Residency] = field(default_factory=dict)

    @property
    def resident_bytes(self) -> int:
        """On-chip bytes of the resident matrices, in whole lines."""
        return self.use.resident_bytes

    @property
    def peak_bytes(self) -> int:
        """Most on-chip memory in use: activations, tile buffers, resident matrices, the ring if it is here."""
        return self.use.total_bytes


def plan_residency(
    chip: ChipSpec,
    network: CompressedNetwork,
    rates: Mapping[str, float] | None = None,
    steps: int = 1,
    pinned: Mapping[str, Residency] | None = None,
    ring_bytes: int = 0,
) -> ResidencyPlan:
    """Keep on the chip what saves the most DRAM traffic, and with what is left the most decoder time.

    A matrix saves its stream's bytes times its loads per second. If several steps are gathered into a run, an
    input-side matrix is loaded once per run, a recurrent one once per frame; so recurrent matrices come first then.

    Args:
        chip: ``chip.sram.residency = "streamed"`` keeps nothing but what is pinned, ``"resident"`` everything.
        network: the weights.
        rates: program -> runs per second at one frame a run; the network's own if not given.
        steps: encoder steps gathered into one run.
        pinned: matrix name or pattern -> mode that is not the planner's to choose; later entries win.
        ring_bytes: of the music's ring, if it takes on-chip memory.

    Raises:
        InputError: a pattern matches no matrix, or what is pinned or gathered, or has to be resident, does not fit.

    **Source:** the choice of what to hold on chip as a knapsack is common practice (for example Arm Vela's allocation
    of feature maps); solved by dynamic programming over memory lines.
    """
    programs = network.network.programs()
    loads = _loads(programs, {**network.network.rates(), **(rates or {})}, steps)
    sizes = {name: kept_bytes(chip, network, name) for name in loads}
    fixed = _pins(tuple(loads), pinned or {})
    frames = max(program.frames(steps) for program in programs.values())
    moving = chip.sram.residency != "resident" or any(mode != "decoded" for mode in fixed.values())
    vectors = {use.matrix: use.vectors for program in programs.values() for use in program.uses}
    tensors = max(program.tensor_bytes for program in programs.values())
    use = working_use(chip, network, tuple(loads), frames, moving, ring_bytes, vectors, tensors)
    if frames > 1 and use.working_bytes > chip.sram.bytes:
        raise InputError(
            f"frames per step: inputs and sums of {frames} frames and the tile buffers take {use.working_bytes} bytes; "
            f"chip.sram.bytes = {chip.sram.bytes}: gather fewer"
        )
    if use.working_bytes > chip.sram.bytes:
        raise InputError(
            f"chip.sram.bytes = {chip.sram.bytes}: activations and buffers for the largest tile of {network.name!r} "
            f"take {use.working_bytes} bytes; give the chip more, or cut smaller tiles (chip.sram.tile_positions)"
        )
    states, use = _placed_states(chip, programs, use)
    room = resident_room(chip, use)
    modes: dict[str, Residency] = dict.fromkeys(loads, "decoded" if chip.sram.residency == "resident" else "streamed")
    modes |= fixed
    taken = _resident_bytes(modes, sizes)
    if taken > room:
        whose = "all weights, which never leave the chip," if chip.sram.residency == "resident" else "pinned matrices"
        raise InputError(
            f"residency: {whose} take {taken} bytes; chip.sram.bytes = {chip.sram.bytes} leaves "
            f"{room} beside activations and buffers"
        )
    if chip.sram.residency == "auto":
        free = {name: loads[name] for name in loads if name not in fixed}
        modes |= _chosen(chip, network, free, sizes, (room - taken) // LINE_BYTES)
    reload_bytes = sum(sizes[name]["compressed"] for name, mode in modes.items() if mode != "streamed")
    return ResidencyPlan(modes, reload_bytes, replace(use, resident_bytes=_resident_bytes(modes, sizes)), states)


def _placed_states(
    chip: ChipSpec, programs: Mapping[str, Program], use: SramUse
) -> tuple[dict[str, Residency], SramUse]:
    """Where each state lies, and the account with those on the chip: before weights, as long as they fit.

    A state is read whole at every frame, as a streamed matrix is, and written besides: per byte nothing saves more.
    """
    places: dict[str, Residency] = {}
    for program in programs.values():
        for name, size_bytes in program.states.items():
            fits = use.working_bytes + in_lines(size_bytes) <= chip.sram.bytes
            places[name] = "decoded" if fits else "streamed"
            use = replace(use, state_bytes=use.state_bytes + (in_lines(size_bytes) if fits else 0))
    return places, use


def kept_bytes(chip: ChipSpec, network: CompressedNetwork, name: str) -> dict[Residency, int]:
    """Mode -> on-chip bytes of a matrix that is kept so: its stream, or 8 bits a position; and the factors of its rows.

    In a ``csc`` store the positions are the entries and their padding: 8 bits each, as in EIE (a 4-bit index and a
    4-bit count of the zeros before it).
    """
    matrix = network.matrices[name]
    encoded, factors = matrix.encoded, matrix.factor_bytes
    positions = int(encoded.tiling.positions.sum())
    if chip.lanes is not None and chip.lanes.store == "csc":
        spec = msgspec.structs.replace(chip.lanes, skip="none", skip_zero_columns=False)
        positions = int(lane_cost_of(network, name, spec).positions.sum())
    return {"streamed": 0, "compressed": len(encoded.data) + factors, "decoded": positions + factors}


def _resident_bytes(modes: Mapping[str, Residency], sizes: Mapping[str, Mapping[Residency, int]]) -> int:
    return sum(in_lines(sizes[name][mode]) for name, mode in modes.items())


def working_use(
    chip: ChipSpec,
    network: CompressedNetwork,
    names: tuple[str, ...],
    frames: int = 1,
    tiles_move: bool | None = None,
    ring_bytes: int = 0,
    vectors: Mapping[str, int] | None = None,
    tensor_bytes: int = 0,
) -> SramUse:
    """What the on-chip memory is given out to beside resident matrices.

    Args:
        chip: the processor.
        network: the weights.
        names: of the matrices that programs multiply with.
        frames: that share a tile: their int8 inputs and 32-bit sums stay on the chip meanwhile.
        tiles_move, ring_bytes: as for `azsim.devices.sram.sram_use`.
        vectors: matrix -> vectors of each frame that share a tile too, 1 where none is named.
        tensor_bytes: that a program has at once besides.
    """
    used = {name: network.matrices[name].encoded for name in names}
    together = {name: frames * (vectors or {}).get(name, 1) for name in names}
    shared = [
        together[name] * (matrix.shape[1] + SUM_BYTES * matrix.shape[0])
        for name, matrix in used.items()
        if together[name] > 1
    ]
    return sram_use(
        chip.sram,
        shared_bytes=max([tensor_bytes, *shared]),
        largest_tile_bytes=max((int(matrix.tile_bytes.max()) for matrix in used.values()), default=0),
        largest_tile_positions=max((int(matrix.tiling.positions.max()) for matrix in used.values()), default=0),
        tiles_move=tiles_move,
        ring_bytes=ring_bytes,
    )


def resident_room(chip: ChipSpec, use: SramUse) -> int:
    """On-chip bytes that resident matrices may have, in whole lines."""
    return max(0, chip.sram.bytes - use.working_bytes) // LINE_BYTES * LINE_BYTES


def check_pins(chip: ChipSpec, positions: Mapping[str, int], pinned: Mapping[str, Residency]) -> None:
    """Refuse pins that cannot fit however well the weights compress; `plan_residency` refuses the rest.

    Args:
        positions: matrix that a program multiplies with -> its positions.
        pinned: matrix name or pattern -> mode, as for `plan_residency`.

    Raises:
        InputError: a pattern matches no matrix, or the matrices pinned ``decoded`` take more than the chip has.
    """
    fixed = _pins(tuple(positions), pinned)
    if chip.lanes is not None and chip.lanes.store == "csc":
        return  # what is stored depends on the zeros
    taken = sum(in_lines(positions[name]) for name, mode in fixed.items() if mode == "decoded")
    room = resident_room(chip, sram_use(chip.sram, tiles_move=False))  # how small the tiles get is not known yet
    if taken > room:
        raise InputError(
            f"residency: matrices pinned 'decoded' take {taken} bytes; chip.sram.bytes = {chip.sram.bytes} leaves "
            f"{room} beside activations"
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
    decoding = [int(written_cycles(encoded[name], chip).sum()) for name in loads]
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
    room = min(room, int(lines.max(axis=1, initial=0).sum()))
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
        check_choice(mode, Residency, f"residency: {pattern!r}")
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            raise InputError(
                f"residency: {pattern!r} matches no matrix; there are {', '.join(names)}{nearest(pattern, names)}"
            )
        fixed |= dict.fromkeys(found, mode)
    return fixed
