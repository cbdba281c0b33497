"""The ``[chip]`` table of a device file: the neural processor."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from azsim.devices.clock import Clock
from azsim.devices.quantities import ChipClock, CodeRate, Count, Dataflow, Natural, SkipMode, Wait
from azsim.nn.program import RECURRENT_FUNCTIONS, VectorFunction
from azsim.ranges import NonNegative, SmallCount


class DecoderSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The circuit that decodes compressed weights: rates are per stream.

    ``codes_per_cycle``: codec -> values that a stream takes per cycle of a codec whose codes must be read one after the
    other; fractions are allowed, and a codec that is not named takes what a plain circuit does, one.
    """

    streams: SmallCount
    positions_per_cycle: SmallCount
    values_per_cycle: SmallCount
    bits_per_cycle: SmallCount
    startup_cycles: Wait
    codes_per_cycle: dict[str, CodeRate] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(msgspec.json.encode(self, order="deterministic"))


class LanesSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The multiplier array and its zero skipping.

    ``subword``: an 8-bit multiplier does two products with 4-bit weights (`azsim.chip.subword`). ``row_order``: rows
    are dealt to the lanes as they come or by their non-zeros (`azsim.chip.row_order`). ``vector_limit``: the longest
    input or output vector held at once, 0 for any; longer ones run in batches.
    """

    lanes: SmallCount
    multipliers_per_lane: SmallCount
    window_positions: SmallCount
    block_columns: SmallCount
    queue_blocks: SmallCount
    broadcast_cycles: Wait
    min_block_cycles: Wait
    skip: SkipMode
    skip_zero_columns: bool
    store: Literal["dense", "csc"]
    subword: bool = False
    row_order: Literal["plain", "balanced"] = "plain"
    vector_limit: Natural = 0


class SystolicSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A dense array of multiply-accumulate cells: no zero is skipped. See `azsim.chip.systolic`."""

    rows: SmallCount
    columns: SmallCount
    dataflow: Dataflow


class SramSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """On-chip memory: banks of equal size, one pool for activations, weights and outputs (`azsim.chip.pool`).

    ``ports``: of each bank; with 1, reads of weights and writes of the decoder share it, with 2 each has its own.
    ``on_conflict``: what happens if they ask for more than it gives (`azsim.chip.ports`).
    ``residency``: ``resident`` is a chip whose weights never leave it.
    """

    bytes: Annotated[int, Meta(ge=1, le=2**32)]
    banks: SmallCount
    port_bytes_per_cycle: Count
    activation_bytes: Natural
    fetch_buffers: SmallCount
    weight_buffers: SmallCount
    tile_positions: Count
    residency: Literal["auto", "streamed", "resident"]
    ports: Annotated[int, Meta(ge=1, le=2)] = 1
    on_conflict: Literal["refuse", "stall"] = "refuse"


class PortSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The processor's port to DRAM."""

    bytes_per_cycle: Count
    latency_cycles: Wait


class VectorSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The vector unit: bias, non-linearity tables, requantisation. What it lacks, the CPU does.

    ``elements_per_cycle``: element operations of any kind. ``table_reads_per_cycle``: how many of them may be sigmoids
    or tanhs; 0 for all.
    """

    elements_per_cycle: Count
    startup_cycles: Wait
    functions: tuple[VectorFunction, ...] = RECURRENT_FUNCTIONS
    table_reads_per_cycle: Natural = 0

    @property
    def table_ports(self) -> int:
        """Table reads per cycle, as a number."""
        return self.table_reads_per_cycle or self.elements_per_cycle


class ChipEnergySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Energy constants of the neural processor."""

    sram_read_pj_per_bit: NonNegative
    sram_write_pj_per_bit: NonNegative
    decoder_pj_per_bit: NonNegative
    decoder_pj_per_value: NonNegative
    product_pj: NonNegative
    accumulate_pj: NonNegative
    vector_op_pj: NonNegative
    leakage_mw: NonNegative


class ChipSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The neural processor; its compute engine is the one of ``lanes`` and ``systolic`` that is given."""

    clock_mhz: ChipClock
    decoder: DecoderSpec
    sram: SramSpec
    port: PortSpec
    vector: VectorSpec
    energy: ChipEnergySpec
    lanes: LanesSpec | None = None
    systolic: SystolicSpec | None = None

    @property
    def multipliers(self) -> int:
        """Multipliers in all."""
        if self.systolic is None:
            return self.lanes.lanes * self.lanes.multipliers_per_lane
        return self.systolic.rows * self.systolic.columns

    @property
    def weight_reads_per_cycle(self) -> int:
        """Most weights that the compute engine takes from on-chip memory in a cycle."""
        if self.systolic is None:
            return self.lanes.lanes * self.lanes.window_positions
        return self.systolic.rows if self.systolic.dataflow == "input-stationary" else self.systolic.columns

    @property
    def clock(self) -> Clock:
        """The clock as an exact ratio."""
        return Clock.of(self.clock_mhz)
