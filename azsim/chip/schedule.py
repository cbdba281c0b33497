"""A tile schedule: what fetch, decoder, lanes and vector unit each have to do for one job.

::

    DRAM --fetch_bytes--> [Bf] --decode_cycles--> [Bw] --lane_cycles--> --vector_cycles--> out

One job is one activation of the processor: for example "encoder layer 0, one
step". The schedule is the contract between the chip model, which makes it from
real bits and weights, and the device model, which plays it in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class TileSchedule:
    """Work per tile, in the order of execution.

    Attributes (int64 arrays, ``(tiles,)`` unless said):
        fetch_bytes: bytes from DRAM, tables included at a switch of matrix; 0 for a resident tile.
        decode_cycles: decoder time; 0 for a tile resident decoded.
        lane_cycles: multiplier-array time ``m_i``.
        lane_split: ``(tiles, 4)``: lanes, window, imbalance, queue; sums to ``lane_cycles``.
        vector_cycles: vector-unit time that follows this tile (bias, non-linearity, requantisation).
        depends_on: index of the tile whose vector result this tile's input needs, or -1.
        output_bytes: bytes that leave the chip after the tile's vector work (0 if kept in SRAM).
        positions: weight positions taken by the lanes, zero or not.
        products: effectual products.
        decoded_bits: payload bits into the decoder.
        decoded_values: positions out of the decoder (written to SRAM, refilled zeros included).
        vector_ops: element operations of the vector unit.
        resume_bytes: bytes to fetch besides if the job is taken up again at this tile: the tables of its matrix.
    """

    name: str
    fetch_bytes: np.ndarray
    decode_cycles: np.ndarray
    lane_cycles: np.ndarray
    lane_split: np.ndarray
    vector_cycles: np.ndarray
    depends_on: np.ndarray
    output_bytes: np.ndarray
    positions: np.ndarray
    products: np.ndarray
    decoded_bits: np.ndarray
    decoded_values: np.ndarray
    vector_ops: np.ndarray
    resume_bytes: np.ndarray

    def __len__(self) -> int:
        return int(self.fetch_bytes.size)

    @staticmethod
    def concatenate(name: str, parts: Sequence[TileSchedule]) -> TileSchedule:
        """One schedule that runs ``parts`` one after another; inner dependencies are kept."""
        columns: dict[str, np.ndarray] = {}
        for field in fields(TileSchedule):
            if field.name != "name":
                columns[field.name] = np.concatenate([getattr(part, field.name) for part in parts])
        starts = np.cumsum([0] + [len(part) for part in parts[:-1]])
        shift = np.repeat(starts, [len(part) for part in parts])
        columns["depends_on"] = np.where(columns["depends_on"] >= 0, columns["depends_on"] + shift, -1)
        return TileSchedule(name=name, **columns)


@dataclass(frozen=True, slots=True)
class CpuWork:
    """A function that the processor lacks, on so many elements; the CPU does it while the processor waits."""

    function: str
    elements: int


@dataclass(frozen=True, slots=True)
class Sections:
    """A job that has to leave the processor for the CPU: schedules, with the CPU's work between them, in order."""

    name: str
    parts: tuple[TileSchedule | CpuWork, ...]

    @property
    def on_chip(self) -> TileSchedule:
        """What the processor does of it, as if nothing stood between."""
        return TileSchedule.concatenate(self.name, [part for part in self.parts if isinstance(part, TileSchedule)])


def joined(name: str, schedules: Sequence[TileSchedule | Sections]) -> TileSchedule | Sections:
    """Several jobs as one, which runs them in order; a single one stays as it is."""
    if len(schedules) == 1:
        return schedules[0]
    parts: list[TileSchedule | CpuWork] = []
    for one in schedules:
        parts += one.parts if isinstance(one, Sections) else (one,)
    return Sections(name, tuple(parts))
