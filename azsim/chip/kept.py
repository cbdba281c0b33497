"""What matrices take in on-chip memory, what else lies there, and where somebody wants them to stay."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from azsim.chip.lane_cache import lane_cost_of
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency, check_choice
from azsim.devices.sram import LINE_BYTES, SUM_BYTES, SramUse, in_lines, sram_use
from azsim.errors import InputError, nearest


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
    """Refuse pins that cannot fit however well the weights compress; `azsim.chip.residency` refuses the rest.

    Args:
        positions: matrix that a program multiplies with -> its positions.
        pinned: matrix name or pattern -> mode, as for `azsim.chip.residency.plan_residency`.

    Raises:
        InputError: a pattern matches no matrix, or the matrices pinned ``decoded`` take more than the chip has.
    """
    fixed = pins_of(tuple(positions), pinned)
    if chip.lanes is not None and chip.lanes.store == "csc":
        return  # what is stored depends on the zeros
    taken = sum(in_lines(positions[name]) for name, mode in fixed.items() if mode == "decoded")
    room = resident_room(chip, sram_use(chip.sram, tiles_move=False))  # how small the tiles get is not known yet
    if taken > room:
        raise InputError(
            f"residency: matrices pinned 'decoded' take {taken} bytes; chip.sram.bytes = {chip.sram.bytes} leaves "
            f"{room} beside activations"
        )


def pins_of(names: tuple[str, ...], pinned: Mapping[str, Residency]) -> dict[str, Residency]:
    """Matrix -> mode, of those that a name or pattern in ``pinned`` fits; later entries win.

    Raises:
        InputError: a pattern matches no matrix, or a mode is none.
    """
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
