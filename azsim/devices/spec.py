"""What a device description may say: typed, frozen, checked; the TOML files follow these structures key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from azsim.devices.board_spec import (
    AudioSpec,
    BatterySpec,
    DecodeCostSpec,
    FlashSpec,
    NetworkSpec,
    PrioritySpec,
    SurroundingsSpec,
    UpdateSpec,
)
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.cpu_spec import CpuSpec
from azsim.devices.memory_spec import MemorySpec
from azsim.devices.quantities import Preemption
from azsim.summary import Summarised


class NpuSharingSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How several networks share the neural processor: who goes first, and where a job may be interrupted.

    ``preemption``: ``never`` runs jobs to completion; ``layer`` and ``tile`` let a higher priority in at the end of a
    layer or of a tile (`azsim.chip.interrupted`). ``recogniser_priority``: of the recogniser's jobs, 0 to 99.
    """

    preemption: Preemption = "never"
    recogniser_priority: Annotated[int, Meta(ge=0, le=99)] = 50


class Device(Summarised, Struct, frozen=True, forbid_unknown_fields=True):
    """A whole device: what ``azsim.load_device`` returns.

    ``local_processing``: the user's setting that sound is handled on the device and never sent.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}\Z")]
    summary: str
    chip: ChipSpec
    memory: MemorySpec
    cpu: CpuSpec
    audio: AudioSpec
    music_decode: DecodeCostSpec
    network: NetworkSpec
    priority: PrioritySpec
    local_processing: bool = False
    surroundings: SurroundingsSpec | None = None
    battery: BatterySpec | None = None
    flash: FlashSpec = FlashSpec()
    update: UpdateSpec = UpdateSpec()
    npu_sharing: NpuSharingSpec = NpuSharingSpec()

    def __hash__(self) -> int:
        return hash(msgspec.json.encode(self))

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "summary": self.summary,
            "clock_mhz": self.chip.clock_mhz,
            "sram_bytes": self.chip.sram.bytes,
            "memory_peak_gbps": self.memory.peak_gbps,
        }
