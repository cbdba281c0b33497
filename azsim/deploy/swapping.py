"""An encoder with branches on a chip that holds one branch at a time: what a switch to the other one costs.

::

    SRAM  | activations | buffers | what both share | the branch that ran last |
                                                      ^ fetched whole when the other one is picked
    jobs    encoder.0  encoder.1  [swap.small]  encoder.0.small  encoder.0.small  [swap.large]  encoder.0 ...

For memories that hold either branch but not both. A chip that streams a branch fetches it at every run; one that swaps
fetches it at every switch, and never while the picks stay the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from azsim.chip.kept import kept_bytes
from azsim.chip.residency import ResidencyPlan, SharedPlan, plan_residency
from azsim.chip.schedule import TileSchedule
from azsim.chip.wake import reload_tiles
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.devices.sram import in_lines
from azsim.errors import InputError
from azsim.nn.rnnt.programs import SMALL
from azsim.soc.job_graph import Schedules
from azsim.speech.work import Job, Work, chained

SWAP_LARGE, SWAP_SMALL = "swap.large", "swap.small"


def branch_matrices(network: CompressedNetwork) -> dict[str, tuple[str, ...]]:
    """Swap job -> the matrices that its branch alone uses.

    Raises:
        InputError: the encoder has no branches.
    """
    if not network.network.has_branches:
        raise InputError(f"{network.network.source}: an encoder without branches has nothing to swap")
    used: dict[str, dict[str, None]] = {SWAP_LARGE: {}, SWAP_SMALL: {}}
    for name, program in network.network.programs().items():
        if name.startswith("encoder."):
            used[SWAP_SMALL if name.endswith(SMALL) else SWAP_LARGE] |= dict.fromkeys(program.matrices)
    shared = used[SWAP_LARGE].keys() & used[SWAP_SMALL].keys()
    return {swap: tuple(name for name in names if name not in shared) for swap, names in used.items()}


def plan_swapped(
    chip: ChipSpec,
    network: CompressedNetwork,
    rates: Mapping[str, float] | None = None,
    mode: Residency = "compressed",
) -> ResidencyPlan:
    """Room for the larger branch, which the smaller one takes over; the planner chooses for the rest.

    Args:
        chip, network, rates: as for `azsim.chip.residency.plan_residency`.
        mode: ``compressed`` or ``decoded``, of both branches.

    Returns:
        A plan in which both branches are resident; its bytes are those of one.

    Raises:
        InputError: the larger branch does not fit, or there are no branches.
    """
    own = branch_matrices(network).values()
    sizes = [sum(in_lines(kept_bytes(chip, network, name)[mode]) for name in names) for names in own]
    smaller, larger = (names for _, names in sorted(zip(sizes, own, strict=True)))
    pinned: dict[str, Residency] = {**dict.fromkeys(smaller, "streamed"), **dict.fromkeys(larger, mode)}
    plan = plan_residency(chip, network, rates, pinned=pinned)
    return replace(plan, modes={**plan.modes, **dict.fromkeys(smaller, mode)})


def swap_schedules(chip: ChipSpec, network: CompressedNetwork, plan: ResidencyPlan) -> dict[str, TileSchedule]:
    """Swap job -> the schedule that brings its branch in: all its tiles fetched, decoded if they stay so."""
    return {
        swap: TileSchedule.concatenate(
            swap, [reload_tiles(name, network.matrices[name], plan.modes[name], chip) for name in names]
        )
        for swap, names in branch_matrices(network).items()
    }


def with_swaps(work: Work) -> Work:
    """The same work, with the branch brought in before it runs wherever another one (at first none) is there."""
    jobs: list[Job] = []
    places: list[int] = []
    there = ""
    for job in work.jobs:
        if job.name.startswith("encoder."):
            needed = SWAP_SMALL if job.name.endswith(SMALL) else SWAP_LARGE
            if needed != there:
                jobs.append(Job("npu", needed, job.step, job.release_ms))
                there = needed
        places.append(len(jobs))
        jobs.append(job)
    events = tuple(replace(one, job=places[one.job]) if one.job >= 0 else one for one in work.events)
    return replace(work, jobs=chained(jobs), events=events)


@dataclass(frozen=True)
class SwappedDeployment(Deployment):
    """A deployment whose memory holds one branch of the encoder at a time."""

    @cached_property
    def shared(self) -> SharedPlan:
        """Room for the larger branch; see `plan_swapped`.

        Raises:
            InputError: there are networks beside it.
        """
        if self.beside:
            raise InputError(f"networks {', '.join(self.beside)}: none can stay beside an encoder that swaps branches")
        plan = plan_swapped(self.device.chip, self.network, self.rates)
        return SharedPlan({"": plan}, plan.use)

    @property
    def reloaded(self) -> ResidencyPlan:
        """What a wake-up brings in: all but the branches, which come when they are picked."""
        brought = {name for names in branch_matrices(self.network).values() for name in names}
        return replace(self.plan, modes={name: mode for name, mode in self.plan.modes.items() if name not in brought})

    @cached_property
    def swaps(self) -> dict[str, TileSchedule]:
        """Swap job -> its schedule."""
        return swap_schedules(self.device.chip, self.network, self.plan)

    def schedules_of(self, work: Work) -> Schedules:
        """As for any deployment, and those of the swaps."""
        return {**super().schedules_of(work), **self.swaps}

    def ready(self, work: Work) -> tuple[Work, Schedules]:
        """As for any deployment, with a swap before each run of a branch that is not there."""
        return super().ready(with_swaps(work))
