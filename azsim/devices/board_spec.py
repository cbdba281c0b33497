"""What stands on the board beside processor, cores and memory: sound, radio, flash, battery, and where it stands."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from azsim.devices.quantities import (
    CoreCycles,
    CyclesEach,
    DecodeClock,
    FlashRate,
    LinkRate,
    Milliseconds,
    Patience,
    Positive,
    Priority,
)
from azsim.ranges import NonNegative, Share

HandshakeBytes = Annotated[int, Meta(ge=0, le=1 << 20)]
ClientName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,30}\Z")]


class AudioSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Microphone and loudspeaker side; ``echo_tail_ms``: length of the echo canceller's filter, 0 for none.

    Attributes:
        microphone_dma_ms: how often the microphone's samples are written to memory.
        playback_rate_hz: of the DAC.
        playback_channels: of the DAC.
        playback_bytes_per_sample: of a channel.
        period_frames: samples of a period, which the DAC takes at once.
        periods: of the ring; more bridge longer stalls and add delay.
        ring: where the music's ring lies: in DRAM, where it costs traffic, or on the chip, where it takes room from
            weights.
        music_buffer_ms: encoded music held ahead against the network's delays.
        echo_tail_ms: length of the echo canceller's filter, 0 for none; its cycles go with it.
    """

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
    """Processor clock that decoding a music stream in real time takes.

    Attributes:
        mp3_mhz: clock that decoding MP3 in real time takes of a core.
        aac_mhz: clock that decoding AAC in real time takes of a core.
        vorbis_mhz: clock that decoding Vorbis in real time takes of a core.
        opus_mhz: clock that decoding Opus in real time takes of a core.
        flac_mhz: clock that decoding FLAC in real time takes of a core.
    """

    mp3_mhz: DecodeClock
    aac_mhz: DecodeClock
    vorbis_mhz: DecodeClock
    opus_mhz: DecodeClock
    flac_mhz: DecodeClock


class RetrySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a connection does while there is no link (`azsim.soc.network`).

    Attributes:
        first_ms: from a failed attempt to the next; every wait doubles.
        longest_ms: that a wait may become.
        lost_after_ms: an outage so long loses the connection.
        handshake_round_trips: to open a connection.
        handshake_bytes: deprecated, and goes with azsim 0.4: that opening one sends up, and nothing down; left out,
            `network.handshake` says both.

    **Source:** first: Linux include/net/tcp.h, TCP_RTO_MIN = HZ/5; doubling: RFC 6298 5.5; round trips: one of TCP
    and one of TLS 1.3 (RFC 8446 2); the others `assumed`.
    """

    first_ms: Milliseconds = 200
    longest_ms: Milliseconds = 2000
    lost_after_ms: Patience = 10_000
    handshake_round_trips: Annotated[int, Meta(ge=0, le=100)] = 2
    handshake_bytes: HandshakeBytes | None = None


class HandshakeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that opening a connection moves, TLS 1.3 and the settings of HTTP/2, and when one is opened.

    Attributes:
        before_request: how the connection stands when a request begins: ``kept`` open, or opened for it, ``resumed``
            from an earlier one or ``new``.
        new_up_bytes: of a connection without an earlier one, up.
        new_down_bytes: the same, down.
        resumed_up_bytes: of one that resumes an earlier one, up: it shows a ticket instead of a certificate.
        resumed_down_bytes: the same, down: no certificate comes.

    **Source:** measured on azsim's own server and client, each with a certificate (`python -m experiments.uplink`,
    OpenSSL 3.0.19).
    """

    before_request: Literal["kept", "resumed", "new"] = "kept"
    new_up_bytes: HandshakeBytes = 1444
    new_down_bytes: HandshakeBytes = 2787
    resumed_up_bytes: HandshakeBytes = 1163
    resumed_down_bytes: HandshakeBytes = 1048


class NetworkSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The wireless link and the way to the cloud.

    Attributes:
        uplink_mbps: of the radio, up, without a trace.
        downlink_mbps: of the radio, down, without a trace.
        rtt_median_ms: round trip to the server, median.
        rtt_p99_ms: round trip, 99th percentile; the spread between the two is log-normal.
        upload_kbps: of encoded speech on its way to the cloud.
        upload_packet_ms: of sound in a packet.
        upload_variable_rate: packets as large as their sound needs, instead of all alike.
        upload_silence_suppression: no packets while nobody speaks.
        packets_per_write: packets that go up at once; more wait for each other, and share their framing.
        framing_bytes: that a write adds, up or down: a record of TLS 1.3 (22) and a frame of HTTP/2 (9).
        overhead: deprecated, and goes with azsim 0.4: share that framing adds to every byte; where it is given,
            `framing_bytes` does not count.
        tx_mw_per_mbps: power of sending.
        rx_mw_per_mbps: power of receiving.
        base_mw: while a stream is on.
        cloud_rtf: share of a step that the server needs after it.
        cloud_rerank_ms: that the server needs for a lattice.
        cloud_second_pass_ms: that a network which hears the whole needs after the end-point.
        audio_buffer_ms: sound that waits for a link before the oldest is overwritten.
        give_up_ms: after the end-point, without an answer.
        hybrid_wait_ms: that the device's own words wait for the cloud's while the link is up.
        retry: what a connection does without a link.
        handshake: what opening a connection moves.

    **Source:** of the defaults: framing: RFC 8446 5.2, RFC 9113 4.1, and counted (`python -m experiments.uplink`);
    buffer: AVS device SDK SampleApp, 15 s; the others `assumed`.
    """

    uplink_mbps: LinkRate
    downlink_mbps: LinkRate
    rtt_median_ms: Annotated[float, Meta(ge=1e-3, le=60_000)]
    rtt_p99_ms: Annotated[float, Meta(ge=1e-3, le=600_000)]
    upload_kbps: Annotated[float, Meta(ge=0.1, le=100_000)]
    upload_packet_ms: Milliseconds
    tx_mw_per_mbps: NonNegative
    rx_mw_per_mbps: NonNegative
    base_mw: NonNegative
    cloud_rtf: Annotated[float, Meta(ge=0, le=1000)]
    cloud_rerank_ms: Annotated[float, Meta(ge=0, le=60_000)] = 20.0
    cloud_second_pass_ms: Annotated[float, Meta(ge=0, le=60_000)] = 20.0
    audio_buffer_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 15_000
    give_up_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 8_000
    hybrid_wait_ms: Patience = 300
    upload_variable_rate: bool = False
    upload_silence_suppression: bool = False
    packets_per_write: Annotated[int, Meta(ge=1, le=500)] = 1
    framing_bytes: Annotated[int, Meta(ge=0, le=16_384)] = 31
    overhead: Share | None = None
    retry: RetrySpec = RetrySpec()
    handshake: HandshakeSpec = HandshakeSpec()


class PrioritySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Memory priority of each client, 0 (lowest) to 15, as on an AXI bus.

    Attributes:
        playback: of the DAC's reads.
        microphone: of the microphone's writes.
        npu: of the neural processor's fetches and results.
        cpu: of cache misses.
        network: of packets and of the flash.
        others: client -> priority of one that a stage brings; left out, the lowest.
    """

    playback: Priority
    microphone: Priority
    npu: Priority
    cpu: Priority
    network: Priority
    others: dict[ClientName, Priority] = field(default_factory=dict)


class SurroundingsSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Noise where the device stands: a maker of `azsim.speech.noise`, so far below the speech at the microphone.

    Attributes:
        noise: which made noise is mixed into every recording.
        snr_db: of the speech against it, at the microphone.
    """

    noise: Literal["white", "pink", "brown", "hum", "fan", "clatter", "road", "appliance", "traffic", "rain"]
    snr_db: Annotated[float, Meta(ge=-30, le=60)]


class BatterySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What the device runs on, and what the whole of it draws while it listens for its wake word.

    Attributes:
        capacity_mwh: when full.
        listening_mw: what the whole device draws while it listens for its wake word.
    """

    capacity_mwh: Positive
    listening_mw: Positive


class FlashSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where models are kept: sequential rates, the time of a sync, energies at the package.

    Attributes:
        read_mb_per_s: sequential, of a load or an update.
        write_mb_per_s: sequential, of an update.
        sync_ms: until what was written is safe.
        read_pj_per_bit: of flash, at the package.
        write_pj_per_bit: of flash, at the package.

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

    Attributes:
        record_bytes: that the radio brings at once.
        segment_bytes: of a packet; each costs the network stack.
        digest_cycles_per_byte: of verifying.
        signature_cycles: of checking a signature.
        patch_cycles_per_weight: of applying a delta: decode, add, encode.

    **Source:** record: the largest of TLS 1.3 (RFC 8446 5.1); cycles `assumed`: SHA-256 without cryptographic
    instructions, Ed25519 in portable code, table look-ups of some ten cycles each.
    """

    record_bytes: Annotated[int, Meta(ge=256, le=1 << 20)] = 16_384
    segment_bytes: Annotated[int, Meta(ge=64, le=65_535)] = 1460
    digest_cycles_per_byte: CyclesEach = 20.0
    signature_cycles: CoreCycles = 1_000_000
    patch_cycles_per_weight: CyclesEach = 60.0
