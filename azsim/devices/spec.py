"""What a device description may say: typed, frozen, checked; the TOML files follow these structures key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from azsim.deprecated import goes
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

    Attributes:
        preemption: where a job lets one of a higher priority in: nowhere, at the end of a layer, or of a tile. Finer
            stops shorten the wait of the other and lengthen the job, whose pipeline fills anew.
        recogniser_priority: of the recogniser's jobs, the highest first; beside it companions have theirs.
    """

    preemption: Preemption = "never"
    recogniser_priority: Annotated[int, Meta(ge=0, le=99)] = 50


class Device(Summarised, Struct, frozen=True, forbid_unknown_fields=True):
    """A whole device: what ``azsim.load_device`` returns.

    Attributes:
        name: what reports and file names call the device.
        summary: one line that says what it is.
        chip: the neural processor.
        memory: DRAM, and who gets it next.
        cpu: the application cores.
        audio: microphone and loudspeaker.
        music_decode: what decoding music costs a core.
        network: the wireless link and the way to the cloud.
        priority: who goes first at the memory.
        local_processing: the user's setting that sound is handled on the device and never sent; with it, audio and
            features are refused at the radio, and a cloud baseline too.
        surroundings: noise where the device stands; none if left out.
        battery: what it runs on; mains if left out.
        flash: where models are kept.
        update: what a model update costs a core.
        npu_sharing: how several networks share the neural processor.
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

    @property
    def cycle_ps(self) -> int:
        """Deprecated: ``chip.clock`` is exact, this is rounded to a picosecond."""
        goes("Device.cycle_ps", "Device.chip.clock", "0.2.0", "0.3.0")
        return self.chip.clock.ps(1)
