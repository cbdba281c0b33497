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

    Attributes:
        streams: parts of a tile that are decoded side by side. More are faster and cost a length in each tile; weights
            are encoded for one number of them.
        positions_per_cycle: positions that a stream refills per cycle, zeros included; no codec is faster.
        values_per_cycle: values that a stream reads per cycle; binds codecs that read one for every position.
        bits_per_cycle: payload bits that a stream shifts in per cycle; binds wide codes.
        startup_cycles: before the first weight of a tile; many small tiles pay it often.
        codes_per_cycle: codec -> values that a stream takes per cycle of a codec whose codes are read one after the
            other, fractions allowed; a codec that is not named takes one. Never more than `values_per_cycle`.
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

    Attributes:
        lanes: rows that are multiplied side by side; row r of a tile belongs to lane r mod lanes.
        multipliers_per_lane: effectual products of a lane in a cycle.
        window_positions: weights that a lane sees per cycle, at least its multipliers. With as many nothing is gained
            by skipping zeros, with many more skipping is ideal; the SRAM port must deliver them.
        block_columns: columns that are broadcast together; lanes wait for each other at blocks.
        queue_blocks: blocks that a lane may be behind the fastest; deeper queues hide imbalance.
        broadcast_cycles: to send a block to all lanes.
        min_block_cycles: that a lane spends on a block at least, whatever is in it.
        skip: which products are left out: none, those of zero weights, of zero activations, or of both.
        skip_zero_columns: columns whose activation is zero are not broadcast at all.
        store: `dense`: zeros are filled back in and are positions; `csc`: only entries and padding are.
        subword: an 8-bit multiplier does two products with uniform weights of at most 4 bits.
        row_order: rows go to the lanes as they come, or dealt by their non-zeros (two bytes per row travel as
            addresses).
        vector_limit: longest input or output vector held at once, 0 for any; `matvec` runs longer ones in batches.
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
    """A dense array of multiply-accumulate cells: no zero is skipped. See `azsim.chip.systolic`.

    Attributes:
        rows: of cells.
        columns: of cells.
        dataflow: which operand stays in the cells; it decides how many cycles a fold takes and how often weights are
            read.
    """

    rows: SmallCount
    columns: SmallCount
    dataflow: Dataflow


class SramSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """On-chip memory: banks of equal size, one pool for activations, weights and outputs (`azsim.chip.pool`).

    Attributes:
        bytes: of on-chip memory. What activations and buffers leave holds weights that need not be fetched again.
        banks: of equal size; a lane's weights lie in one, and `matvec` gives out whole banks.
        port_bytes_per_cycle: that all banks give through one of their ports; lanes and decoder share them.
        activation_bytes: kept for activations, states and tables.
        fetch_buffers: compressed tiles on their way in; two hide transfer behind decoding.
        weight_buffers: decoded tiles; two hide decoding behind the lanes.
        tile_positions: weights in a tile, the unit of transfer, decoding and computing; smaller tiles overlap more and
            cost more headers.
        residency: `auto`: the planner keeps what saves most traffic; `streamed`: nothing is kept; `resident`: all
            weights are, and must fit.
        ports: of each bank: one that reads and writes share, or two.
        on_conflict: what happens if lanes and decoder may ask for more than the port gives: the device is refused, or
            its lanes stall.
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
    """The processor's port to DRAM.

    Attributes:
        bytes_per_cycle: that the port moves at most; streamed weights are bound by it or by DRAM.
        latency_cycles: from a request to its first byte on an idle memory.
    """

    bytes_per_cycle: Count
    latency_cycles: Wait


class VectorSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The vector unit: bias, non-linearity tables, requantisation. What it lacks, the CPU does.

    Attributes:
        elements_per_cycle: element operations of any kind; short layers and many gates are bound by it.
        startup_cycles: before vector work without a pause.
        functions: what the unit can do; any other goes to the CPU and back.
        table_reads_per_cycle: how many of the elements may be table look-ups, 0 for all.
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
    """Energy constants of the neural processor.

    Attributes:
        sram_read_pj_per_bit: of on-chip memory, for weights that the lanes take and streams that the decoder takes.
        sram_write_pj_per_bit: of on-chip memory, for streams that arrive and weights that are refilled.
        decoder_pj_per_bit: for each payload bit shifted in.
        decoder_pj_per_value: for each position given out.
        product_pj: for each effectual product.
        accumulate_pj: for each addition of a product to its sum.
        vector_op_pj: for each element operation of the vector unit.
        leakage_mw: while the device is on, busy or not.
    """

    sram_read_pj_per_bit: NonNegative
    sram_write_pj_per_bit: NonNegative
    decoder_pj_per_bit: NonNegative
    decoder_pj_per_value: NonNegative
    product_pj: NonNegative
    accumulate_pj: NonNegative
    vector_op_pj: NonNegative
    leakage_mw: NonNegative


class ChipSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The neural processor; its compute engine is the one of ``lanes`` and ``systolic`` that is given.

    Attributes:
        clock_mhz: of the whole processor. Twice as fast, decoder, lanes, vector unit and port take half the time; DRAM
            does not.
        decoder: the circuit that decodes compressed weights.
        sram: on-chip memory.
        port: the processor's port to DRAM.
        vector: the vector unit.
        energy: energy constants.
        lanes: the multiplier array with its zero skipping; a chip has this table or `systolic`.
        systolic: a dense array in the lanes' place.
    """

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
