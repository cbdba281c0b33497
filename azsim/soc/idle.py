"""What the device would have used without speech: listening, and playing the same music from the same moment.

::

    run once, a whole number of seconds:  grants, core time, packets ──cut at any time──> usage until then

The same stretch is asked for by every configuration of an utterance, so the record is kept and cut where each one ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from azsim.devices.spec import Device
from azsim.soc.burst import L_BYTES, L_START, L_WRITE
from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import Usage
from azsim.soc.music import MusicTrack
from azsim.soc.network import Outage, Radio

_RECORD_PS = 10**12
_RECORDS_KEPT = 512


@dataclass(frozen=True, slots=True)
class _Record:
    """Grants in order of their start, then the cores' jobs (start, end), then the radio."""

    grant_ps: np.ndarray
    read_bytes: np.ndarray
    write_bytes: np.ndarray
    cpu_ps: np.ndarray
    radio: Radio

    def until(self, time_ps: int) -> Usage:
        grants = int(np.searchsorted(self.grant_ps, time_ps))
        worked = np.minimum(self.cpu_ps, time_ps)
        return Usage(
            elapsed_ps=time_ps,
            dram_read_bytes=int(self.read_bytes[grants]),
            dram_write_bytes=int(self.write_bytes[grants]),
            cpu_busy_ps=int((worked[:, 1] - worked[:, 0]).sum()),
            uplink_bytes=self.radio.bytes_moved(up=True, until_ps=time_ps),
            downlink_bytes=self.radio.bytes_moved(up=False, until_ps=time_ps),
        )


def idle_usage(
    device: Device, music: MusicTrack | None, seed: int, elapsed_ps: int, outages: tuple[Outage, ...] = ()
) -> Usage:
    """Usage of the device over the first ``elapsed_ps`` with this music and no speech; arguments as in `simulate`."""
    horizon_ps = (elapsed_ps // _RECORD_PS + 1) * _RECORD_PS
    return _record(device, music, seed, outages, horizon_ps).until(elapsed_ps)


@lru_cache(maxsize=_RECORDS_KEPT)
def _record(
    device: Device, music: MusicTrack | None, seed: int, outages: tuple[Outage, ...], horizon_ps: int
) -> _Record:
    simulation = DeviceSimulation(device, music, seed, outages=outages, log_grants=True)
    simulation.env.run(until=horizon_ps)
    grants = simulation.memory.grants()
    sizes, written = grants[:, L_BYTES], grants[:, L_WRITE] == 1
    return _Record(
        grant_ps=grants[:, L_START].copy(),
        read_bytes=np.cumsum(np.append(0, np.where(written, 0, sizes))),
        write_bytes=np.cumsum(np.append(0, np.where(written, sizes, 0))),
        cpu_ps=np.array(simulation.cpu.intervals(), np.int64).reshape(-1, 2),
        radio=simulation.radio,
    )
