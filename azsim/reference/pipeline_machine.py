"""The tile pipeline as processes that hand tokens to each other (SimPy); no recurrence in it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from azsim.chip.schedule import TileSchedule
from azsim.devices.chip_spec import ChipSpec

Process = Generator[simpy.Event, Any, None]


class PipelineMachine:
    """Requester, port, decoder, lanes, vector unit and writer, with a pool of buffers between neighbours.

    Attributes:
        times: int64 ``(5, tiles)``: when each tile was fetched, decoded, multiplied, finished and written.
    """

    def __init__(self, schedule: TileSchedule, chip: ChipSpec) -> None:
        self.env = simpy.Environment()
        self.schedule = schedule
        self.chip = chip
        tiles = len(schedule)
        self.times = np.zeros((5, tiles), np.int64)
        self.answered = [self.env.event() for _ in range(tiles)]
        self.done = [[self.env.event() for _ in range(tiles)] for _ in range(5)]
        self.fetch_buffers = self._pool(chip.sram.fetch_buffers)
        self.weight_buffers = self._pool(chip.sram.weight_buffers)
        for process in (self.request(), self.transfer(), self.decode(), self.multiply(), self.finish(), self.write()):
            self.env.process(process)
        self.env.run()

    def _pool(self, size: int) -> simpy.Container:
        return simpy.Container(self.env, capacity=size, init=size)

    def _end(self, stage: int, tile: int) -> None:
        self.times[stage, tile] = self.env.now
        self.done[stage][tile].succeed()

    def _answer_later(self, tile: int) -> Process:
        yield self.env.timeout(self.chip.port.latency_cycles)
        self.answered[tile].succeed()

    def request(self) -> Process:
        """Ask for a tile when a fetch buffer is free."""
        for tile, size in enumerate(self.schedule.fetch_bytes):
            if size > 0:
                yield self.fetch_buffers.get(1)
                self.env.process(self._answer_later(tile))

    def transfer(self) -> Process:
        """Move what was answered, one tile after another."""
        for tile, size in enumerate(self.schedule.fetch_bytes):
            if size > 0:
                yield self.answered[tile]
                yield self.env.timeout(-(-int(size) // self.chip.port.bytes_per_cycle))
            self._end(0, tile)

    def decode(self) -> Process:
        """Turn a fetched tile into weights when a weight buffer is free; its fetch buffer is free then."""
        for tile, cycles in enumerate(self.schedule.decode_cycles):
            if self.schedule.fetch_bytes[tile] > 0:
                yield self.done[0][tile]
            if cycles > 0:
                yield self.weight_buffers.get(1)
                yield self.env.timeout(int(cycles))
            if self.schedule.fetch_bytes[tile] > 0:
                yield self.fetch_buffers.put(1)
            self._end(1, tile)

    def multiply(self) -> Process:
        """Multiply a decoded tile when its input is finished; its weight buffer is free then."""
        for tile, cycles in enumerate(self.schedule.lane_cycles):
            yield self.done[1][tile]
            if self.schedule.depends_on[tile] >= 0:
                yield self.done[3][self.schedule.depends_on[tile]]
            yield self.env.timeout(int(cycles))
            if self.schedule.decode_cycles[tile] > 0:
                yield self.weight_buffers.put(1)
            self._end(2, tile)

    def finish(self) -> Process:
        """The vector work behind a tile."""
        for tile, cycles in enumerate(self.schedule.vector_cycles):
            yield self.done[2][tile]
            yield self.env.timeout(int(cycles))
            self._end(3, tile)

    def write(self) -> Process:
        """Results on their way out."""
        for tile, size in enumerate(self.schedule.output_bytes):
            yield self.done[3][tile]
            yield self.env.timeout(-(-int(size) // self.chip.port.bytes_per_cycle))
            self._end(4, tile)
