"""Which matrices stay in on-chip memory, and in which form.

::

    SRAM  | activations | Bf fetch buffers | Bw weight buffers | state | resident matrices: compressed, or decoded |

Each matrix is streamed, resident compressed (its stream's bytes, decoded at every use) or resident decoded (8 bits a
weight, neither fetched nor decoded). The plan is a knapsack with these three choices per matrix, of all networks that
share the processor, solved exactly over lines of memory (`azsim.chip.knapsack`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from azsim.chip.decoder import written_cycles
from azsim.chip.kept import kept_bytes, pins_of, resident_room, working_use
from azsim.chip.knapsack import best_choice
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.devices.sram import LINE_BYTES, SramUse, in_lines
from azsim.errors import InputError, located
from azsim.nn.program import Program

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


@dataclass(frozen=True, slots=True)
class Sharer:
    """One of the networks that share the on-chip memory.

    Attributes:
        network: its weights.
        rates: program -> runs per second at one frame a run; the network's own if not given.
        steps: gathered into one run.
        pinned: matrix name or pattern -> mode that is not the planner's to choose; later entries win.
    """

    network: CompressedNetwork
    rates: Mapping[str, float] | None = None
    steps: int = 1
    pinned: Mapping[str, Residency] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """Where the weights of several networks are.

    Attributes:
        plans: network -> its own plan; the account in each is of the network alone.
        use: what the on-chip memory is given out to by all.
    """

    plans: Mapping[str, ResidencyPlan]
    use: SramUse


def plan_residency(
    chip: ChipSpec,
    network: CompressedNetwork,
    rates: Mapping[str, float] | None = None,
    steps: int = 1,
    pinned: Mapping[str, Residency] | None = None,
    ring_bytes: int = 0,
) -> ResidencyPlan:
    """The plan of a network that has the memory to itself; as `plan_shared`.

    Args:
        chip, ring_bytes: as for `plan_shared`.
        network, rates, steps, pinned: as `Sharer` has them.

    Raises:
        InputError: as `plan_shared`.
    """
    return plan_shared(chip, {"": Sharer(network, rates, steps, pinned or {})}, ring_bytes).plans[""]


def plan_shared(chip: ChipSpec, sharers: Mapping[str, Sharer], ring_bytes: int = 0) -> SharedPlan:
    """Keep on the chip what saves the most DRAM traffic, and with what is left the most decoder time.

    A matrix saves its stream's bytes times its loads per second, whosever it is. If several steps are gathered into a
    run, an input-side matrix is loaded once per run, a recurrent one once per frame; so recurrent matrices come first
    then. Networks take turns on the processor, so that they share activations and tile buffers, as large as any of
    them needs; weights and state of each lie beside one another. State lies on the chip before weights do, in the
    order of the networks, as far as it fits.

    Args:
        chip: ``chip.sram.residency = "streamed"`` keeps nothing but what is pinned, ``"resident"`` everything.
        sharers: name -> network, the name empty for one that needs none in messages.
        ring_bytes: of the music's ring, if it takes on-chip memory.

    Raises:
        InputError: a pattern matches no matrix, or what is pinned or gathered, or has to be resident, does not fit;
            the message names the network.
    """
    kept: dict[str, _Kept] = {}
    for name, sharer in sharers.items():
        with located_in(name):
            kept[name] = _Kept.of(chip, sharer)
    use = SramUse(0, 0, 0, ring_bytes=ring_bytes)
    own: dict[str, SramUse] = {}
    for name, one in kept.items():
        own[name] = one.working(chip, sharers[name], ring_bytes)
        with located_in(name):
            _check_working(chip, sharers[name], one, own[name])
        use = SramUse(
            max(use.activation_bytes, own[name].activation_bytes),
            max(use.fetch_buffer_bytes, own[name].fetch_buffer_bytes),
            max(use.weight_buffer_bytes, own[name].weight_buffer_bytes),
            ring_bytes=ring_bytes,
        )
    if use.working_bytes > chip.sram.bytes:
        raise InputError(
            f"chip.sram.bytes = {chip.sram.bytes}: activations and buffers that {', '.join(map(repr, kept))} share "
            f"take {use.working_bytes} bytes; give the chip more"
        )
    states: dict[str, dict[str, Residency]] = {}
    for name, sharer in sharers.items():
        before = use.state_bytes
        states[name], use = _placed_states(chip, sharer.network.network.programs(), use)
        own[name] = replace(own[name], state_bytes=use.state_bytes - before)
    room = resident_room(chip, use)
    free = room
    for name, one in kept.items():
        taken = _resident_bytes(one.modes, one.sizes)
        if taken > free:
            whole = chip.sram.residency == "resident"
            whose = "all weights, which never leave the chip," if whole else "pinned matrices"
            others = f", and {room - free} of them are taken by others" if free < room else ""
            with located_in(name):
                raise InputError(
                    f"residency: {whose} take {taken} bytes; chip.sram.bytes = {chip.sram.bytes} leaves "
                    f"{room} beside activations and buffers{others}"
                )
        free -= taken
    if chip.sram.residency == "auto":
        _choose(chip, sharers, kept, free // LINE_BYTES)
    plans = {}
    for name, one in kept.items():
        reload_bytes = sum(one.sizes[matrix]["compressed"] for matrix, mode in one.modes.items() if mode != "streamed")
        mine = replace(own[name], resident_bytes=_resident_bytes(one.modes, one.sizes))
        plans[name] = ResidencyPlan(one.modes, reload_bytes, mine, states[name])
        use = replace(use, resident_bytes=use.resident_bytes + mine.resident_bytes)
    return SharedPlan(plans, use)


@contextmanager
def located_in(name: str) -> Iterator[None]:
    """Errors inside name the network, if it has a name."""
    if not name:
        yield
        return
    with located(f"network {name!r}"):
        yield


@dataclass(frozen=True, slots=True)
class _Kept:
    """Loads per second and sizes of a network's matrices, and the modes chosen so far."""

    loads: Mapping[str, float]
    sizes: Mapping[str, Mapping[Residency, int]]
    fixed: Mapping[str, Residency]
    modes: dict[str, Residency]

    @classmethod
    def of(cls, chip: ChipSpec, sharer: Sharer) -> _Kept:
        network, programs = sharer.network.network, sharer.network.network.programs()
        loads = _loads(programs, {**network.rates(), **(sharer.rates or {})}, sharer.steps)
        fixed = pins_of(tuple(loads), sharer.pinned)
        at_first: Residency = "decoded" if chip.sram.residency == "resident" else "streamed"
        sizes = {name: kept_bytes(chip, sharer.network, name) for name in loads}
        return cls(loads, sizes, fixed, {**dict.fromkeys(loads, at_first), **fixed})

    def working(self, chip: ChipSpec, sharer: Sharer, ring_bytes: int) -> SramUse:
        """What it needs beside resident matrices."""
        programs = sharer.network.network.programs().values()
        moving = chip.sram.residency != "resident" or any(mode != "decoded" for mode in self.fixed.values())
        return working_use(
            chip,
            sharer.network,
            tuple(self.loads),
            max(program.frames(sharer.steps) for program in programs),
            moving,
            ring_bytes,
            {use.matrix: use.vectors for program in programs for use in program.uses},
            max(program.tensor_bytes for program in programs),
        )


def _check_working(chip: ChipSpec, sharer: Sharer, kept: _Kept, use: SramUse) -> None:
    """Refuse a network whose activations and buffers alone are too large."""
    frames = max(program.frames(sharer.steps) for program in sharer.network.network.programs().values())
    if use.working_bytes <= chip.sram.bytes:
        return
    if frames > 1:
        raise InputError(
            f"frames per step: inputs and sums of {frames} frames and the tile buffers take {use.working_bytes} bytes; "
            f"chip.sram.bytes = {chip.sram.bytes}: gather fewer"
        )
    raise InputError(
        f"chip.sram.bytes = {chip.sram.bytes}: activations and buffers for the largest tile of "
        f"{sharer.network.name!r} take {use.working_bytes} bytes; give the chip more, or cut smaller tiles "
        "(chip.sram.tile_positions)"
    )


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


def _resident_bytes(modes: Mapping[str, Residency], sizes: Mapping[str, Mapping[Residency, int]]) -> int:
    return sum(in_lines(sizes[name][mode]) for name, mode in modes.items())


def _choose(chip: ChipSpec, sharers: Mapping[str, Sharer], kept: Mapping[str, _Kept], room: int) -> None:
    """Put the best modes for so many lines in the place of those that are free."""
    free = [(name, matrix) for name, one in kept.items() for matrix in one.loads if matrix not in one.fixed]
    encoded = [sharers[name].network.matrices[matrix].encoded for name, matrix in free]
    loads = [kept[name].loads[matrix] for name, matrix in free]
    lines = [[-(-kept[name].sizes[matrix][mode] // LINE_BYTES) for mode in _MODES] for name, matrix in free]
    choice = best_choice(
        np.array(lines).reshape(-1, 3),
        np.array([rate * len(one.data) for rate, one in zip(loads, encoded, strict=True)]),
        np.array([rate * int(written_cycles(one, chip).sum()) for rate, one in zip(loads, encoded, strict=True)]),
        room,
    )
    for (name, matrix), index in zip(free, choice, strict=True):
        kept[name].modes[matrix] = _MODES[index]


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
