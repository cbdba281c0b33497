"""Invented but plausible comparisons to draw and write: numbers of the size that a device gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.report.metrics import make_rows, measure
from azsim.report.ranking import SensitivityPoint
from azsim.report.results import Comparison, ConfigurationSize, TracedUtterance, UtteranceResult
from azsim.report.roofline import Roofline, RooflinePoint
from azsim.soc.timeline import Instant, LatencyParts, Span, Timeline
from azsim.speech.transcript import Word
from azsim.speech.work import Work

MS = 1_000_000_000
SENTENCES = (
    "turn on the light in the kitchen",
    "set a timer for ten minutes",
    "play something by miles davis",
    "a large oat latte with two shots please",
    "what's the weather tomorrow",
    "call grandma",
)
TRAINED = (
    ConfigurationSize("int8 raw", "raw", 8, 0.01, 2_910_000, 8.05, 0.252),
    ConfigurationSize("int8 bitmap 50 %", "bitmap", 8, 0.5, 1_820_000, 5.03, 0.158),
    ConfigurationSize("5-bit palette", "palette", 5, 0.03, 1_830_000, 5.06, 0.159),
    ConfigurationSize("5-bit zvsv 50 %", "zvsv", 5, 0.5, 1_280_000, 3.53, 0.111),
    ConfigurationSize("4-bit zvsv 75 %", "zvsv", 4, 0.75, 745_000, 2.05, 0.065),
    ConfigurationSize("cloud fp32, Opus up", None, 32, 0.0, 11_560_000, 32.0, 1.0, note="audio leaves the device"),
)
PRODUCTION = tuple(
    ConfigurationSize(
        c.name, c.codec, c.weight_bits, c.sparsity, 20 * (c.model_bytes or 0), c.bits_per_weight, c.share_of_fp32, True
    )
    for c in TRAINED[:-1]
)


def work(utterance: str = "u0", audio_ms: int = 2900) -> Work:
    """An utterance whose speech ends 900 ms before the recording and whose end-point fires 400 ms before it."""
    return Work(utterance, audio_ms, audio_ms - 900, False, audio_ms - 400, 10, 60, (audio_ms - 400) // 30, 30, ())


def timeline(
    utterance: str = "u0", bits: float = 8.0, size: float = 1.0, cloud: bool = False, trace: bool = False, seed: int = 0
) -> Timeline:
    """A timeline of 2.5 s of speech; ``size`` scales the network, ``trace`` adds spans, instants and counters."""
    random = np.random.default_rng(seed)
    npu_ms = 0.0 if cloud else 0.06 * bits * size * 2
    latency = LatencyParts(
        int(MS * (480 + random.normal(0, 40))),
        int(MS * random.exponential(2 + 0.5 * size)),
        int(MS * npu_ms * 3),
        int(MS * 0.8),
        int(MS * (60 + random.exponential(20))) if cloud else 0,
    )
    elapsed_ps = 2000 * MS + latency.total_ps
    steps = 83
    release_ps = np.arange(1, steps + 1, dtype=np.int64) * 30 * MS
    energy_mj = {"cpu": 12.0, "dram standby": 93.0, "music": 20.0}
    idle = {part: value * 0.9 * 1e9 for part, value in energy_mj.items()}
    energy_mj |= (
        {"uplink": 120.0}
        if cloud
        else {"dram": 0.8 * bits * size, "sram": 2.1 * size, "lanes": 0.8 * size, "leakage": 5.0}
    )
    npu_bytes = 0 if cloud else int(0.9e6 * bits * size)
    spans, instants, counters = _trace(release_ps, npu_ms, latency, elapsed_ps) if trace else ((), (), {})
    return Timeline(
        utterance=utterance,
        elapsed_ps=elapsed_ps,
        spans=spans,
        instants=instants,
        counters=counters,
        busy_ps={"npu": int(steps * npu_ms * MS), "cpu": steps * 2 * MS, "dram": steps * 3 * MS},
        dram_read_bytes={"npu": npu_bytes, "playback": 480_000, "cpu": 300_000},
        dram_write_bytes={"cpu": 480_000, "microphone": 80_000, "network": 20_000},
        uplink_bytes=13_200 if cloud else 0,
        downlink_bytes=40_000,
        step_release_ps=release_ps,
        step_done_ps=release_ps + int(MS * (npu_ms + 1)),
        deadline_misses=0,
        underruns=0,
        first_partial_ps=int(MS * (4 + npu_ms)),
        latency=latency,
        early_cut=bool(random.random() < 0.03),
        npu_causes_ps={"dram": int(npu_ms * 60 * MS), "decoder": int(npu_ms * 20 * MS), "lanes": int(npu_ms * 3 * MS)},
        peak_sram_bytes=0 if cloud else 900_000,
        energy_pj={part: value * 1e9 for part, value in energy_mj.items()},
        energy_idle_pj=idle,
    )


def _trace(release_ps: np.ndarray, npu_ms: float, latency: LatencyParts, elapsed_ps: int):
    spans, times, fill = [], [0], [4096]
    for step, release in enumerate(release_ps.tolist()):
        npu = release + MS
        spans.append(Span("cpu0", "frontend", release, npu, step))
        spans.append(Span("npu", "encoder.0", npu, npu + int(npu_ms * MS), step))
        spans.append(Span("dram", "npu", npu, npu + int(0.8 * npu_ms * MS), step))
        spans.append(Span("cpu1", "search", npu + int(npu_ms * MS), npu + int((npu_ms + 0.3) * MS), step))
    for period in range(int(elapsed_ps / (21.3 * MS))):
        times += [int(period * 21.3 * MS), int((period * 21.3 + 3) * MS)]
        fill += [3072, 4096]
        spans.append(Span("dram", "playback", int(period * 21.3 * MS) + 7, int(period * 21.3 * MS) + MS // 20))
    spoken = 2000 * MS
    instants = (
        Instant("npu", "first word", 420 * MS),
        Instant("microphone", "true end of speech", spoken),
        Instant("npu", "end-point", spoken + latency.end_pointing_ps),
        Instant("npu", "final words", spoken + latency.total_ps),
    )
    counters = {"music ring frames": (np.array(times), np.array(fill))}
    return tuple(sorted(spans, key=lambda span: span.start_ps)), instants, counters


def results(
    configurations: Sequence[ConfigurationSize], utterances: int = 40, size: float = 1.0
) -> list[UtteranceResult]:
    """Utterances of every configuration; fewer bits, more errors."""
    made = []
    for place, configuration in enumerate(configurations):
        random = np.random.default_rng(7)
        for index in range(utterances):
            said = SENTENCES[index % len(SENTENCES)]
            keep = random.random(len(said.split())) > 0.03 + 0.012 * place
            heard = " ".join(word for word, kept in zip(said.split(), keep, strict=True) if kept)
            record = timeline(
                f"u{index}", configuration.bits_per_weight or 8, size, configuration.codec is None, seed=index
            )
            made.append(
                UtteranceResult(
                    config=configuration.name,
                    utterance=f"u{index}",
                    reference=None if configuration.timing_only else said,
                    hypothesis="" if configuration.timing_only else heard,
                    hypothesis_whole="" if configuration.timing_only else heard,
                    timing=measure(record, work(f"u{index}")),
                    group="seen voices" if index % 2 else "unseen voices",
                    timing_only=configuration.timing_only,
                )
            )
    return made


def traced(config: str = "5-bit zvsv 50 %") -> TracedUtterance:
    """An utterance with its record and an envelope."""
    seconds = np.arange(290) / 100
    envelope = np.abs(np.sin(9 * seconds)) * np.exp(-((seconds - 1.1) ** 2)) * (seconds < 2.0) * 0.6
    record = timeline("kitchen-light", 3.5, 20, trace=True)
    return TracedUtterance(config, record, "music ring frames", 4096, envelope, 10.0, SENTENCES[0])


def roofline() -> Roofline:
    """The chip's ceilings with five layers of two networks."""
    points = []
    for configurations, only in ((TRAINED[:-1], False), (PRODUCTION, True)):
        for configuration in configurations:
            for layer, macs in (
                ("encoder.0", 1_048_576),
                ("encoder.1", 2_097_152),
                ("joint", 655_360),
                ("prediction", 524_288),
            ):
                resident = not only and layer == "prediction"
                fetched = 0 if resident else int(macs * (configuration.bits_per_weight or 8) / 8)
                time_ns = max(fetched / 3.2, macs / 12.8, macs / 25.6 * (1 - (configuration.sparsity or 0))) * 1.1
                points.append(RooflinePoint(configuration.name, layer, macs, fetched, time_ns, only))
    return Roofline(25.6, 51.2, 12.8, 3.2, tuple(points))


def sensitivity() -> tuple[SensitivityPoint, ...]:
    """Five constants halved and doubled; halving the decoder turns two configurations round."""
    points = []
    for constant in ("chip clock", "DRAM port", "multipliers", "SRAM", "decoder rate"):
        for factor in (0.5, 1.0, 2.0):
            for place, configuration in enumerate(PRODUCTION):
                bits = configuration.bits_per_weight or 8
                memory = 1.5 * bits / (factor if constant == "DRAM port" else 1)
                decoder = (3.0 if place != 2 else 1.0) / (factor if constant in ("decoder rate", "chip clock") else 1)
                latency_ms = 500 + 10 * max(
                    memory, 4.5 * decoder if constant == "decoder rate" and factor < 1 else decoder
                )
                points.append(SensitivityPoint(constant, factor, configuration.name, latency_ms, 140 + 10 * memory))
    return tuple(points)


def comparison(
    configurations: Sequence[ConfigurationSize] = TRAINED,
    production: Sequence[ConfigurationSize] = PRODUCTION,
    utterances: int = 40,
):
    """A whole comparison of ``configurations``."""
    trained, large = results(configurations, utterances), results(production, 4, 20.0)
    post_training = {"int8 bitmap 50 %": 14.9, "5-bit zvsv 50 %": 16.2, "4-bit zvsv 75 %": 81.0}
    return Comparison(
        name="compression",
        summary="Six configurations of one recogniser & <the cloud>.",
        device="az1",
        rows=make_rows(configurations, trained, post_training),
        production_rows=make_rows(production, large),
        utterances=tuple(trained + large),
        traced=traced(),
        roofline=roofline(),
        sensitivity=sensitivity(),
        settings={"device": "az1", "music": "morning.opus, 128 kb/s", "utterances": str(utterances)},
        notes=(
            "The clock, the number of lanes and the SRAM of az1 are assumed.",
            "Timing only: weights are drawn, not trained.",
        ),
        manifest={
            "azsim": "0.1.0",
            "configuration": {"device": {"name": "az1", "clock_mhz": 400.0}},
            "seeds": {"bootstrap": 0},
        },
    )


def one_recording() -> Comparison:
    """What ``azsim run`` reports: one configuration, no references, words with times."""
    found = results(TRAINED[:1], 2)
    words = (Word("call", 300, 480, 0.97), Word("grandma", 540, 900, 0.81))
    spoken = tuple(
        UtteranceResult(
            "int8 raw", r.utterance, None, "call grandma", "call grandma", r.timing, words, speech_end_estimated=True
        )
        for r in found
    )
    return Comparison(
        "run", "", "az1", make_rows(TRAINED[:1], spoken), (), spoken, traced("int8 raw"), None, (), {}, ()
    )
