"""A model update on the running device: downloaded, verified, applied, written to flash and loaded, beside the rest.

::

    radio ─record─> DRAM ─> network stack, digest ─┬─ full ──────────────────────────> flash ─> sync ─> load
                                                   └─ delta: old tile <─ flash, patch ─> flash ─┘

A process of its own, started in a `DeviceSimulation`; digest and patching are background jobs of the cores, so speech
and music preempt them. ``docs/updates.md`` describes the phases.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import simpy

from azsim.arbitration import NETWORK
from azsim.soc.device import DeviceSimulation
from azsim.soc.network import PS_PER_MS

PHASES = ("download", "verify", "apply", "commit", "load")
SYNCS = 4
"""The slot and its folder, the file that names the active slot and its folder."""


@dataclass(frozen=True, slots=True)
class UpdateJob:
    """What an update asks of the device.

    Attributes:
        payload_bytes: what travels.
        new_bytes: of the image that is written and then loaded.
        old_bytes: of the image that is read for a delta; 0 for a full update.
        weights: that are patched; 0 for a full update.
        tiles: in how many parts.
    """

    payload_bytes: int
    new_bytes: int
    old_bytes: int = 0
    weights: int = 0
    tiles: int = 0

    @property
    def is_delta(self) -> bool:
        """Whether there is something to apply."""
        return self.tiles > 0


class ModelUpdate:
    """One update from its first byte to the new model in memory.

    Args:
        simulation: the running device.
        job: what is to be done.
        start_ps: when the device asks for it.

    Attributes:
        phases_ps: phase -> start and end, in order, for those that are over.
        cpu_cycles: asked of the cores.
    """

    def __init__(self, simulation: DeviceSimulation, job: UpdateJob, start_ps: int = 0) -> None:
        self._simulation = simulation
        self._env = simulation.env
        self._spec = simulation.device.update
        self._job = job
        self._start_ps = start_ps
        self.phases_ps: dict[str, tuple[int, int]] = {}
        self.cpu_cycles = 0

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process."""
        if self._env.now < self._start_ps:
            yield self._env.timeout(self._start_ps - self._env.now)
        for phase, work in zip(PHASES, (self._download, self._verify, self._apply, self._commit, self._load)):
            start_ps = self._env.now
            yield from work()
            self.phases_ps[phase] = (start_ps, self._env.now)

    @property
    def done(self) -> bool:
        """The new model is there."""
        return PHASES[-1] in self.phases_ps

    def durations_ms(self) -> Mapping[str, float]:
        """Phase -> how long it took."""
        return {phase: (end - start) / PS_PER_MS for phase, (start, end) in self.phases_ps.items()}

    def _download(self) -> Generator[simpy.Event, object, None]:
        """Record after record: the next is on its way while a core works on the last."""
        radio, memory, network = self._simulation.radio, self._simulation.memory, self._simulation.device.network
        yield self._env.timeout(round(network.rtt_median_ms * radio.round_trip_scale(self._env.now) * PS_PER_MS))
        behind = self._env.process(_nothing())
        for size in _parts(self._job.payload_bytes, self._spec.record_bytes):
            there_ps = radio.transfer("update", size, self._env.now, up=False, kind="update")
            memory.submit(NETWORK, radio.framed(size), write=True, at_ps=there_ps)
            yield self._env.timeout(there_ps - self._env.now)
            yield behind
            behind = self._env.process(self._take_in(size))
        yield behind

    def _take_in(self, size_bytes: int) -> Generator[simpy.Event, object, None]:
        segments = -(-size_bytes // self._spec.segment_bytes)
        stack = segments * self._simulation.device.cpu.network_cycles_per_packet
        self.cpu_cycles += stack
        if stack:
            yield self._simulation.cpu.run("network stack", stack, task="network")
        yield from self._compute("update digest", size_bytes * self._spec.digest_cycles_per_byte)
        if not self._job.is_delta:
            yield from self._simulation.flash.write(size_bytes)

    def _verify(self) -> Generator[simpy.Event, object, None]:
        yield from self._compute("update signature", self._spec.signature_cycles)

    def _apply(self) -> Generator[simpy.Event, object, None]:
        job, tiles = self._job, self._job.tiles
        for old, new, weights in zip(
            _shares(job.old_bytes, tiles), _shares(job.new_bytes, tiles), _shares(job.weights, tiles)
        ):
            yield from self._simulation.flash.read(old)
            cycles = weights * self._spec.patch_cycles_per_weight + new * self._spec.digest_cycles_per_byte
            yield from self._compute("update patch", cycles)
            yield from self._simulation.flash.write(new)

    def _commit(self) -> Generator[simpy.Event, object, None]:
        for _ in range(SYNCS):
            yield from self._simulation.flash.sync()

    def _load(self) -> Generator[simpy.Event, object, None]:
        for size in _parts(self._job.new_bytes, self._spec.record_bytes):
            yield from self._simulation.flash.read(size)

    def _compute(self, name: str, cycles: float) -> Generator[simpy.Event, object, None]:
        whole = round(cycles)
        self.cpu_cycles += whole
        if whole:
            yield self._simulation.cpu.run(name, whole, task="background")


def _nothing() -> Generator[simpy.Event, object, None]:
    yield from ()


def _parts(total: int, largest: int) -> list[int]:
    """``total`` in parts of ``largest``, the last one smaller."""
    whole, rest = divmod(total, largest)
    return [largest] * whole + [rest] * bool(rest)


def _shares(total: int, count: int) -> list[int]:
    """``total`` in ``count`` parts as equal as whole numbers allow."""
    return [total * (k + 1) // count - total * k // count for k in range(count)]
