"""What a device description may say: typed, frozen, checked; the TOML files follow these structures key by key."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar, get_args

from msgspec import Meta, Struct

from azsim.nn.program import VectorFunction

Count = Annotated[int, Meta(ge=1, le=2**40)]
Few = Annotated[int, Meta(ge=1, le=65_535)]
Wait = Annotated[int, Meta(ge=0, le=65_535)]
Natural = Annotated[int, Meta(ge=0, le=2**40)]
Positive = Annotated[float, Meta(ge=1e-6, le=1e9)]
NonNegative = Annotated[float, Meta(ge=0, le=1e9)]
Clock = Annotated[float, Meta(ge=1e-3, le=100_000)]
CoreClock = Annotated[float, Meta(ge=1, le=100_000)]
DecodeClock = Annotated[float, Meta(ge=0, le=100_000)]
Milliseconds = Annotated[int, Meta(ge=1, le=60_000)]
Patience = Annotated[int, Meta(ge=0, le=3_600_000)]
"""Milliseconds that somebody may wait, up to an hour."""
Period = Annotated[float, Meta(ge=0.01, le=1e6)]
"""Milliseconds from one event to the next: what comes more often would be all that a simulation plays."""
Microseconds = Annotated[float, Meta(ge=0, le=1e6)]
CoreCycles = Annotated[int, Meta(ge=0, le=10**9)]
"""Of one small job on a core: up to a second at 1 GHz."""
CyclesEach = Annotated[float, Meta(ge=0, le=10_000)]
"""Per byte, element or weight."""
LinkRate = Annotated[float, Meta(ge=1e-3, le=1e6)]
FlashRate = Annotated[float, Meta(ge=0.1, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1)]
SkipMode = Literal["none", "weights", "activations", "both"]
Residency = Literal["streamed", "compressed", "decoded"]
Preemption = Literal["never", "layer", "tile"]
Priority = Annotated[int, Meta(ge=0, le=15)]
Arbitration = Literal[
    "fifo", "fixed-priority", "proportional-fair", "rate-regulated", "latency-regulated", "window-threshold"
]
Fidelity = Literal["analytic", "burst", "bank"]
DramPart = Literal["lpddr4-3200-x16", "lpddr4-4266-2x16", "lpddr3-1600-x32"]
Each = TypeVar("Each")
Dataflow = Literal["weight-stationary", "output-stationary", "input-stationary"]


class DecoderSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The circuit that decodes compressed weights: rates are per stream."""

    streams: Few
    positions_per_cycle: Few
    values_per_cycle: Few
    bits_per_cycle: Few
    startup_cycles: Wait


class LanesSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The multiplier array and its zero skipping.

    ``subword``: an 8-bit multiplier does two products with 4-bit weights (`azsim.chip.subword`). ``row_order``: rows
    are dealt to the lanes as they come or by their non-zeros (`azsim.chip.row_order`). ``vector_limit``: the longest
    input or output vector held at once, 0 for any; longer ones run in batches.
    """

    lanes: Few
    multipliers_per_lane: Few
    window_positions: Few
    block_columns: Few
    queue_blocks: Few
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

    rows: Few
    columns: Few
    dataflow: Dataflow


class SramSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """On-chip memory: banks of equal size, one pool for activations, weights and outputs (`azsim.chip.pool`).

    ``ports``: of each bank; with 1, reads of weights and writes of the decoder share it, with 2 each has its own.
    ``on_conflict``: what happens if they ask for more than it gives (`azsim.chip.ports`).
    ``residency``: ``resident`` is a chip whose weights never leave it.
    """

    bytes: Annotated[int, Meta(ge=1, le=2**32)]
    banks: Few
    port_bytes_per_cycle: Count
    activation_bytes: Natural
    fetch_buffers: Few
    weight_buffers: Few
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
    functions: tuple[VectorFunction, ...] = get_args(VectorFunction)
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

    clock_mhz: Clock
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
    def cycle_ps(self) -> int:
        """Picoseconds per cycle, rounded once here."""
        return round(1e6 / self.clock_mhz)


class TokenBucketSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's rate under ``rate-regulated``: over any stretch T at most ``gbps`` x T + ``burst_bytes``."""

    gbps: Annotated[float, Meta(ge=1e-6, le=1e6)]
    burst_bytes: Annotated[int, Meta(ge=64, le=2**30)]


class LatencyTargetSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's latency under ``latency-regulated``: 2^``step_log2_ns`` ns above the target raise it by a level."""

    target_ns: Annotated[float, Meta(gt=0, le=1e9)]
    lowest: Priority
    highest: Priority
    step_log2_ns: Annotated[int, Meta(ge=0, le=30)]


class WindowSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's share under ``window-threshold``: held back in a window once it has had ``threshold_bytes``."""

    window_us: Annotated[float, Meta(ge=0.001, le=1e9)]
    threshold_bytes: Count


class PerClient(Struct, Generic[Each], frozen=True, forbid_unknown_fields=True):
    """A setting for each client of the memory that has one."""

    playback: Each | None = None
    microphone: Each | None = None
    npu: Each | None = None
    cpu: Each | None = None
    network: Each | None = None


class MemorySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """DRAM shared by everyone on the device.

    ``fidelity``: which model plays it (`azsim.soc.memory`); ``timings``: the part, for ``bank``.
    ``arbitration``: who comes next (`azsim.soc.arbitration`); ``fair_weight`` is of ``proportional-fair``, ``rate``,
    ``latency`` and ``window`` are of the policies that regulate.
    """

    capacity_mib: Count
    peak_gbps: Annotated[float, Meta(ge=0.01, le=100_000)]
    efficiency: Annotated[float, Meta(ge=0.01, le=1)]
    frontend_latency_ns: Annotated[float, Meta(ge=0, le=1e6)]
    chunk_bytes: Annotated[int, Meta(ge=64, le=32768, multiple_of=64)]
    arbitration: Arbitration
    read_pj_per_bit: NonNegative
    write_pj_per_bit: NonNegative
    standby_mw: NonNegative
    fidelity: Fidelity = "burst"
    timings: DramPart | None = None
    fair_weight: Annotated[float, Meta(gt=0, le=1)] = 0.5
    rate: PerClient[TokenBucketSpec] = PerClient()
    latency: PerClient[LatencyTargetSpec] = PerClient()
    window: PerClient[WindowSpec] = PerClient()


class OperatingPointSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A clock at which the cores may run, and the voltage that it needs."""

    clock_mhz: CoreClock
    voltage_v: Annotated[float, Meta(gt=0, le=10)]


class IdleStateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a core does when it has nothing to do: see `azsim.soc.core_idle`.

    ``power_mw``: of one core in it. ``all_cores``: only entered when all cores idle; its power is of all together.
    """

    name: str
    entry_us: Microseconds
    exit_us: Microseconds
    min_residency_us: Microseconds
    power_mw: NonNegative
    all_cores: bool = False


class CpuPrioritySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Priority of each kind of job on the cores, 0 (lowest) to 99, as of a real-time scheduler."""

    music_decode: Annotated[int, Meta(ge=0, le=99)] = 50
    echo: Annotated[int, Meta(ge=0, le=99)] = 40
    frontend: Annotated[int, Meta(ge=0, le=99)] = 30
    search: Annotated[int, Meta(ge=0, le=99)] = 30
    network: Annotated[int, Meta(ge=0, le=99)] = 20
    background: Annotated[int, Meta(ge=0, le=99)] = 0


class BackgroundSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Something else that the cores do again and again; ``poisson`` arrivals are ``every_ms`` apart on average."""

    name: str
    every_ms: Period
    cycles: Annotated[int, Meta(ge=1, le=10**12)]
    arrivals: Literal["periodic", "poisson"] = "poisson"


class CpuSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The application cores: front end, search, echo cancellation, music decoding, network stack, other load.

    ``clock_mhz``: of all cores, where the governor is ``fixed``; ``on-demand`` follows the load from there.
    ``idle_latency_limit_us``: idle states whose exit takes longer are not entered.
    """

    cores: Annotated[int, Meta(ge=1, le=256)]
    clock_mhz: CoreClock
    operating_points: Annotated[tuple[OperatingPointSpec, ...], Meta(min_length=1)]
    idle_states: Annotated[tuple[IdleStateSpec, ...], Meta(min_length=1)]
    dynamic_uw_per_mhz_v2: NonNegative
    frontend_cycles_per_frame: CoreCycles
    search_cycles_per_hypothesis: CoreCycles
    wake_us: Microseconds
    memory_bytes_per_kcycle: Annotated[float, Meta(ge=0, le=100_000)]
    fallback_cycles_per_element: CyclesEach = 8.0
    network_cycles_per_packet: CoreCycles = 0
    flops_per_cycle: Annotated[float, Meta(ge=0.01, le=10_000)] = 2.0
    context_switch_us: Microseconds = 0.0
    idle_latency_limit_us: NonNegative = 0.0
    governor: Literal["fixed", "on-demand"] = "fixed"
    governor_period_ms: Annotated[float, Meta(ge=0.1, le=60_000)] = 10.0
    priority: CpuPrioritySpec = CpuPrioritySpec()
    background: tuple[BackgroundSpec, ...] = ()


class AudioSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Microphone and loudspeaker side; ``echo_tail_ms``: length of the echo canceller's filter, 0 for none."""

    microphone_dma_ms: Milliseconds
    playback_rate_hz: Annotated[int, Meta(ge=4_000, le=768_000)]
    playback_channels: Annotated[int, Meta(ge=1, le=64)]
    playback_bytes_per_sample: Annotated[int, Meta(ge=1, le=8)]
    period_frames: Annotated[int, Meta(ge=16, le=1 << 20)]
    periods: Annotated[int, Meta(ge=2, le=65_535)]
    ring: Literal["dram", "sram"]
    music_buffer_ms: Patience = 500
    echo_tail_ms: Annotated[int, Meta(ge=0, le=1000)] = 0


class DecodeCostSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Processor clock that decoding a music stream in real time takes."""

    mp3_mhz: DecodeClock
    aac_mhz: DecodeClock
    vorbis_mhz: DecodeClock
    opus_mhz: DecodeClock
    flac_mhz: DecodeClock


class RetrySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a connection does while there is no link (`azsim.soc.network`).

    ``first_ms``: the first attempt after a failed one; each wait doubles, up to ``longest_ms``. An outage of
    ``lost_after_ms`` or more loses the connection: opening one takes ``handshake_round_trips`` and
    ``handshake_bytes``.

    **Source:** first: Linux include/net/tcp.h, TCP_RTO_MIN = HZ/5; doubling: RFC 6298 5.5; round trips: one of TCP
    and one of TLS 1.3 (RFC 8446 2); the others `assumed`.
    """

    first_ms: Milliseconds = 200
    longest_ms: Milliseconds = 2000
    lost_after_ms: Patience = 10_000
    handshake_round_trips: Annotated[int, Meta(ge=0, le=100)] = 2
    handshake_bytes: Annotated[int, Meta(ge=0, le=1 << 20)] = 700


class NetworkSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The wireless link and the way to the cloud.

    ``audio_buffer_ms``: sound that waits for a link before the oldest is overwritten. ``give_up_ms``: after the
    end-point, without an answer. ``hybrid_wait_ms``: how long the device's own words wait for the cloud's while the
    link is up.

    **Source:** of the defaults: buffer: AVS device SDK SampleApp, 15 s; the others `assumed`.
    """

    uplink_mbps: LinkRate
    downlink_mbps: LinkRate
    rtt_median_ms: Annotated[float, Meta(ge=1e-3, le=60_000)]
    rtt_p99_ms: Annotated[float, Meta(ge=1e-3, le=600_000)]
    upload_kbps: Annotated[float, Meta(ge=0.1, le=100_000)]
    upload_packet_ms: Milliseconds
    overhead: Share
    tx_mw_per_mbps: NonNegative
    rx_mw_per_mbps: NonNegative
    base_mw: NonNegative
    cloud_rtf: Annotated[float, Meta(ge=0, le=1000)]
    audio_buffer_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 15_000
    give_up_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 8_000
    hybrid_wait_ms: Patience = 300
    retry: RetrySpec = RetrySpec()


class PrioritySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Memory priority of each client, 0 (lowest) to 15, as on an AXI bus."""

    playback: Priority
    microphone: Priority
    npu: Priority
    cpu: Priority
    network: Priority


class SurroundingsSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Noise where the device stands: a maker of `azsim.speech.noise`, so far below the speech at the microphone."""

    noise: Literal["white", "pink", "brown", "hum", "fan", "clatter", "road"]
    snr_db: Annotated[float, Meta(ge=-30, le=60)]


class BatterySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What the device runs on, and what the whole of it draws while it listens for its wake word."""

    capacity_mwh: Positive
    listening_mw: Positive


class FlashSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where models are kept: sequential rates, the time of a sync, energies at the package.

    **Source:** rates: 8 GB eMMC on a Gateworks GW7400, about 166 MB/s read and 40 MB/s write
    (trac.gateworks.com/wiki/MMC); the others `assumed`: 150 mW while it reads, 200 mW while it writes.
    """

    read_mb_per_s: FlashRate = 166.0
    write_mb_per_s: FlashRate = 40.0
    sync_ms: Annotated[float, Meta(ge=0, le=60_000)] = 10.0
    read_pj_per_bit: NonNegative = 113.0
    write_pj_per_bit: NonNegative = 625.0


class UpdateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model update costs a core (`azsim.soc.update`).

    ``record_bytes``: what the radio brings at once. ``patch_cycles_per_weight``: decode the old value and its step,
    add, encode the new one.

    **Source:** record: the largest of TLS 1.3 (RFC 8446 5.1); cycles `assumed`: SHA-256 without cryptographic
    instructions, Ed25519 in portable code, table look-ups of some ten cycles each.
    """

    record_bytes: Annotated[int, Meta(ge=256, le=1 << 20)] = 16_384
    segment_bytes: Annotated[int, Meta(ge=64, le=65_535)] = 1460
    digest_cycles_per_byte: CyclesEach = 20.0
    signature_cycles: CoreCycles = 1_000_000
    patch_cycles_per_weight: CyclesEach = 60.0


class NpuSharingSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How several networks share the neural processor: who goes first, and where a job may be interrupted.

    ``preemption``: ``never`` runs jobs to completion; ``layer`` and ``tile`` let a higher priority in at the end of a
    layer or of a tile (`azsim.chip.interrupted`). ``recogniser_priority``: of the recogniser's jobs, 0 to 99.
    """

    preemption: Preemption = "never"
    recogniser_priority: Annotated[int, Meta(ge=0, le=99)] = 50


class Device(Struct, frozen=True, forbid_unknown_fields=True):
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

    @property
    def cycle_ps(self) -> int:
        """Picoseconds per cycle of the neural processor."""
        return self.chip.cycle_ps
