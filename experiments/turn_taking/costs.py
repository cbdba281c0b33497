"""What a step of turn-taking costs the chip beside a step of the recogniser, under the plan that they share."""

from __future__ import annotations

from dataclasses import dataclass

from azsim.chip.build import tile_layout
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed
from azsim.deploy.cost import ProgramCost, program_cost
from azsim.deploy.deployment import Beside, Deployment
from azsim.devices import load_device
from azsim.resources import model_file
from azsim.speech.features import STEP_MS
from azsim.speech.stages.turn_taking import TURN_TAKING

DEVICE, RECOGNISER = "az1", "rnnt-5bit-50"
OTHERS = ("voice-activity", "wake-word")


@dataclass(frozen=True)
class ChipShare:
    """A network that runs once every step of 30 ms, alone on the chip.

    Attributes:
        network: its name.
        weights: that it has.
        bitstream_bytes: of it; ``resident_bytes``: of those, what the shared plan keeps on the chip.
        cycles: of a step; ``share_percent``: of the processor's time while it runs.
        fetch_bytes: of a step, from DRAM.
    """

    network: str
    weights: int
    bitstream_bytes: int
    resident_bytes: int
    cycles: float
    share_percent: float
    fetch_bytes: float


def costs() -> list[ChipShare]:
    """The recogniser's encoder, turn-taking, and two networks of about its kind, all on one chip."""
    device = load_device(DEVICE)
    layout = tile_layout(device.chip)

    def stored(name: str) -> CompressedNetwork:
        small = load_compressed(model_file(name))
        if small is None:
            raise ValueError(f"{name}: is not stored as bitstreams")
        return small.laid_out(layout)

    networks = {name: stored(name) for name in (TURN_TAKING, *OTHERS)}
    every = dict.fromkeys(OTHERS, float(STEP_MS))
    besides = {name: Beside(each, every_ms=every.get(name)) for name, each in networks.items()}
    deployed = Deployment(device, stored(RECOGNISER), beside=besides)
    per_second = 1000 / STEP_MS
    hertz = 1e12 / device.chip.clock.ps(1)

    def row(name: str, small: CompressedNetwork, cost: ProgramCost, plan: str) -> ChipShare:
        share = 100 * cost.cycles * per_second / hertz
        kept = deployed.shared.plans[plan].resident_bytes
        return ChipShare(
            name, small.network.weights, small.model_bytes, kept, cost.cycles, share, cost.fetch_bytes
        )

    rows = [row(f"recogniser ({RECOGNISER}), encoder", deployed.network, deployed.step(), "")]
    for name, small in networks.items():
        runs = [deployed.schedules_beside[f"{name}/{one}"] for one in small.network.programs()]
        own = [program_cost(each, device.chip) for each in runs]
        rows.append(row(name, small, sum(own, ProgramCost.nothing()), name))
    return rows
