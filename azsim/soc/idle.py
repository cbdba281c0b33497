"""What the device would have used without speech: listening, and playing the same music from the same moment.

::

    run as far as anyone asked:  grants, core time, packets ──cut at any time──> usage until then

The same stretch is asked for by every configuration of an utterance, so the run is kept, cut where each one ends, and
taken further if one ends later.
"""

from __future__ import annotations

from functools import lru_cache

from azsim.devices.spec import Device
from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import Usage
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.memory.columns import L_BYTES, L_START, L_WRITE
from azsim.soc.music import MusicTrack

_RUNS_KEPT = 256


def idle_usage(
    device: Device, music: MusicTrack | None, seed: int, elapsed_ps: int, link: LinkTrace = ALWAYS_UP
) -> Usage:
    """Usage of the device over the first ``elapsed_ps`` with this music and no speech; arguments as in `simulate`."""
    simulation = _run(device, music, seed, link if music else ALWAYS_UP)
    if simulation.env.now < elapsed_ps:
        simulation.env.run(until=elapsed_ps)
    grants = simulation.memory.grants()
    grants = grants[: grants[:, L_START].searchsorted(elapsed_ps)]
    size_bytes, written_bytes = int(grants[:, L_BYTES].sum()), int(grants[:, L_BYTES] @ grants[:, L_WRITE])
    return Usage(
        elapsed_ps=elapsed_ps,
        dram_read_bytes=size_bytes - written_bytes,
        dram_write_bytes=written_bytes,
        cpu_uw_ps=simulation.cpu.energy_uw_ps(elapsed_ps),
        uplink_bytes=simulation.radio.bytes_moved(up=True, until_ps=elapsed_ps),
        downlink_bytes=simulation.radio.bytes_moved(up=False, until_ps=elapsed_ps),
    )


@lru_cache(maxsize=_RUNS_KEPT)
def _run(device: Device, music: MusicTrack | None, seed: int, link: LinkTrace) -> DeviceSimulation:
    return DeviceSimulation(device, music, seed, link=link, log_grants=True)
