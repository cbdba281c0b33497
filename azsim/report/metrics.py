"""From timelines and words to the numbers of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from azsim.report.end_points import EndPoints, columns_of
from azsim.report.percentiles import percentile
from azsim.report.results import ConfigurationResult, ConfigurationSize, UtteranceResult
from azsim.report.timing import LATENCY_PARTS, UtteranceTiming
from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer, count_errors
from azsim.soc.timeline import LatencyParts, Timeline
from azsim.speech.work import Work

PS_PER_MS = 1_000_000_000
PJ_PER_MJ = 1_000_000_000


def measure(timeline: Timeline, work: Work, speech_start_ms: int | None = None) -> UtteranceTiming:
    """What ``timeline`` says about the utterance of ``work``, in milliseconds, bytes and millijoules.

    ``speech_start_ms``: when the speaker begins, None if that is not known; there is no time to the first word then.
    """
    return UtteranceTiming(
        heard_ms=float(work.endpoint_ms),
        elapsed_ms=timeline.elapsed_ps / PS_PER_MS,
        latency_parts_ms=_latency_parts_ms(timeline.latency),
        first_word_ms=_first_word_ms(timeline, work, speech_start_ms),
        premature_endpoint=timeline.early_cut,
        busy_ms=_scaled(timeline.busy_ps, PS_PER_MS),
        dram_bytes=_added(timeline.dram_read_bytes, timeline.dram_write_bytes),
        uplink_bytes=timeline.uplink_bytes,
        downlink_bytes=timeline.downlink_bytes,
        npu_causes_ms=_scaled(timeline.npu_causes_ps, PS_PER_MS),
        energy_mj=_scaled(timeline.energy_pj, PJ_PER_MJ),
        energy_idle_mj=_scaled(timeline.energy_idle_pj, PJ_PER_MJ),
        peak_sram_bytes=timeline.peak_sram_bytes,
        underruns=timeline.underruns,
        deadline_misses=timeline.deadline_misses,
        steps=len(timeline.step_release_ps),
        refills_ms=tuple((timeline.refills_ps / PS_PER_MS).tolist()),
        companions_ms={
            name: tuple(response / PS_PER_MS for response in record.responses_ps)
            for name, record in timeline.companions.items()
        },
        companions_deadline_misses={
            name: sum(response > record.period_ps for response in record.responses_ps)
            for name, record in timeline.companions.items()
        },
        end_points=EndPoints.of(work, timeline.downstream),
    )


def make_rows(
    configurations: Sequence[ConfigurationSize],
    results: Sequence[UtteranceResult],
    wer_post_training_percent: Mapping[str, float] | None = None,
    seed: int = 0,
) -> tuple[ConfigurationResult, ...]:
    """One row per configuration, in their order; differences are against the first ``raw`` one, if there is one.

    Args:
        results: of all configurations, those of other tables included (told apart by ``timing_only``).
        wer_post_training_percent: configuration -> WER of the same compression without fine-tuning.
        seed: of the bootstrap.
    """
    post_training = wer_post_training_percent or {}
    by_config = {
        configuration.name: [
            result
            for result in results
            if result.config == configuration.name and result.timing_only == configuration.timing_only
        ]
        for configuration in configurations
    }
    baseline_name = next((c.name for c in configurations if c.codec == "raw"), None)
    baseline = by_config[baseline_name] if baseline_name is not None else []
    return tuple(
        make_row(configuration, by_config[configuration.name], baseline, post_training.get(configuration.name), seed)
        for configuration in configurations
    )


def make_row(
    configuration: ConfigurationSize,
    results: Sequence[UtteranceResult],
    baseline: Sequence[UtteranceResult] = (),
    wer_post_training_percent: float | None = None,
    seed: int = 0,
) -> ConfigurationResult:
    """The line of the table for ``configuration``; ``baseline`` holds the utterances that the WER is compared with."""
    timings = [result.timing for result in results if result.timing is not None]
    told = [timing.premature_endpoint for timing in timings if timing.premature_endpoint is not None]
    in_time = [timing for timing in timings if not timing.premature_endpoint]
    latencies = [timing.latency_ms for timing in in_time if timing.latency_ms is not None]
    first_words = [timing.first_word_ms for timing in timings if timing.first_word_ms is not None]
    heard_s = sum(timing.heard_ms for timing in timings) / 1000
    elapsed_ms = sum(timing.elapsed_ms for timing in timings)
    busy_ms = _total(timing.busy_ms for timing in timings)
    dram_bytes = _total(timing.dram_bytes for timing in timings)
    energy_mj = _mean(timing.energy_mj for timing in timings)
    idle_mj = _mean(timing.energy_idle_mj for timing in timings)
    above_idle_mj = {part: value - idle_mj.get(part, 0.0) for part, value in energy_mj.items()}
    refills_ms = [refill for timing in timings for refill in timing.refills_ms]
    companions_ms: dict[str, list[float]] = {}
    for timing in timings:
        for name, values in timing.companions_ms.items():
            companions_ms.setdefault(name, []).extend(values)
    companions_ms = {name: values for name, values in companions_ms.items() if values}
    missed = _total(timing.companions_deadline_misses for timing in timings)
    scored = [result for result in results if result.reference is not None and not configuration.timing_only]
    wer, delivered = _wer(scored, seed), _wer(scored, seed, until_endpoint=True)
    difference = _difference(scored, baseline, seed)
    ends = columns_of([(t.end_points, bool(t.premature_endpoint), t.latency_ms) for t in timings if t.end_points])
    return ConfigurationResult(
        config=configuration.name,
        codec=configuration.codec,
        weight_bits=configuration.weight_bits,
        sparsity=configuration.sparsity,
        model_bytes=configuration.model_bytes,
        bits_per_weight=configuration.bits_per_weight,
        share_of_fp32=configuration.share_of_fp32,
        wer_percent=wer.value if wer else None,
        wer_low_percent=wer.low if wer else None,
        wer_high_percent=wer.high if wer else None,
        wer_delivered_percent=delivered.value if delivered else None,
        wer_delivered_low_percent=delivered.low if delivered else None,
        wer_delivered_high_percent=delivered.high if delivered else None,
        wer_delta_percent=difference.value if difference else None,
        wer_delta_low_percent=difference.low if difference else None,
        wer_delta_high_percent=difference.high if difference else None,
        wer_post_training_percent=wer_post_training_percent,
        wer_by_group_percent=_wer_by_group(scored, seed),
        premature_endpoint_share=_share(sum(told), len(told)),
        dram_bytes_per_s_speech=_share(sum(dram_bytes.values()), heard_s),
        dram_by_client_bytes_per_s_speech={client: value / heard_s for client, value in dram_bytes.items() if heard_s},
        npu_busy_share=_share(busy_ms.get("npu", 0.0), elapsed_ms),
        npu_causes_ms=_mean(timing.npu_causes_ms for timing in timings),
        rtf=_share(busy_ms.get("npu", 0.0) + busy_ms.get("cpu", 0.0), heard_s * 1000),
        latency_utterances=len(latencies),
        latency_p50_ms=_percentile(latencies, 50),
        latency_p90_ms=_percentile(latencies, 90),
        latency_p99_ms=_percentile(latencies, 99),
        latency_parts_mean_ms=_mean(t.latency_parts_ms for t in in_time if t.latency_parts_ms is not None),
        first_word_utterances=len(first_words),
        first_word_p50_ms=_percentile(first_words, 50),
        uplink_bytes_per_utterance=_share(sum(timing.uplink_bytes for timing in timings), len(timings)),
        energy_mj_per_utterance=sum(energy_mj.values()) if timings else None,
        energy_above_idle_mj_per_utterance=sum(energy_mj.values()) - sum(idle_mj.values()) if timings else None,
        energy_by_part_mj_per_utterance=energy_mj,
        energy_above_idle_by_part_mj_per_utterance=above_idle_mj,
        peak_sram_bytes=max((timing.peak_sram_bytes for timing in timings), default=None),
        underruns=sum(timing.underruns for timing in timings) if timings else None,
        deadline_misses=sum(timing.deadline_misses for timing in timings) if timings else None,
        steps=sum(timing.steps for timing in timings) if timings else None,
        utterances=len(results),
        timing_only=configuration.timing_only,
        note=configuration.note,
        refill_p50_ms=_percentile(refills_ms, 50),
        refill_p99_ms=_percentile(refills_ms, 99),
        refill_max_ms=max(refills_ms, default=None),
        companions_p99_ms={name: percentile(values, 99) for name, values in companions_ms.items()},
        companions_deadline_miss_share={name: missed[name] / len(values) for name, values in companions_ms.items()},
        endpoint_p50_ms=ends.final_p50_ms,
        endpoint_p90_ms=ends.final_p90_ms,
        speculative_p50_ms=ends.speculative_p50_ms,
        reset_share=ends.reset_share,
        perceived_p50_ms=ends.perceived_p50_ms,
        **_of_lattices(results, scored),
    )


def _of_lattices(results: Sequence[UtteranceResult], scored: Sequence[UtteranceResult]) -> dict[str, float | None]:
    """The columns of a search that keeps lattices; empty of one that does not."""
    figures = [result.lattice_figures for result in results if result.lattice_figures is not None]
    if not figures:
        return {}
    words = int(_counts(scored)[:, 1].sum()) if scored else 0
    errors = [one.lattice_figures for one in scored if one.lattice_figures is not None]
    reranked = [one.reranked_errors for one in errors if one.reranked_errors is not None]
    sizes = [one.message_bytes for one in figures if one.message_bytes is not None]
    return {
        "wer_oracle_percent": 100 * sum(one.oracle_errors for one in errors) / words if words else None,
        "wer_n_best_percent": 100 * sum(one.n_best_errors for one in errors) / words if words else None,
        "wer_reranked_percent": 100 * sum(reranked) / words if words and len(reranked) == len(scored) else None,
        "lattice_edges_per_utterance": sum(one.edges for one in figures) / len(figures),
        "lattice_bytes_per_utterance": sum(sizes) / len(sizes) if sizes else None,
    }


def _first_word_ms(timeline: Timeline, work: Work, speech_start_ms: int | None) -> float | None:
    """Start of speech to the first word shown; None where either is not known, or a word came before any speech."""
    if timeline.first_partial_ps < 0 or speech_start_ms is None:
        return None
    shown_ps = int(timeline.step_release_ps[work.first_label_step]) + timeline.first_partial_ps
    shown_ms = shown_ps / PS_PER_MS - speech_start_ms
    return shown_ms if shown_ms >= 0 else None


def _counts(results: Sequence[UtteranceResult], until_endpoint: bool = False) -> np.ndarray:
    return count_errors(
        [result.reference or "" for result in results],
        [result.hypothesis if until_endpoint else result.hypothesis_whole for result in results],
    )


def _wer(results: Sequence[UtteranceResult], seed: int, until_endpoint: bool = False) -> Interval | None:
    if not results:
        return None
    return bootstrap_wer(_counts(results, until_endpoint), [result.speaker for result in results], seed)


def _wer_by_group(results: Sequence[UtteranceResult], seed: int) -> dict[str, tuple[float, float | None, float | None]]:
    """Group -> WER, low, high; empty where no utterance has a group."""
    intervals = {}
    for group in dict.fromkeys(result.group for result in results if result.group):
        interval = _wer([result for result in results if result.group == group], seed)
        if interval is not None:
            intervals[group] = (interval.value, interval.low, interval.high)
    return intervals


def _difference(results: Sequence[UtteranceResult], baseline: Sequence[UtteranceResult], seed: int) -> Interval | None:
    """Paired by row, since a recording may be listed twice; None where the two sides are not the same rows."""
    paired = [result for result in baseline if result.reference is not None]
    if not results or [_said(result) for result in results] != [_said(result) for result in paired]:
        return None
    return bootstrap_difference(_counts(results), _counts(paired), [result.speaker for result in results], seed)


def _said(result: UtteranceResult) -> tuple[str, str | None]:
    return result.utterance, result.reference


def _latency_parts_ms(latency: LatencyParts | None) -> dict[str, float] | None:
    if latency is None or latency.end_pointing_ps is None:
        return None
    return {part: getattr(latency, f"{part}_ps") / PS_PER_MS for part in LATENCY_PARTS}


def _scaled(values: Mapping[str, float], divisor: float) -> dict[str, float]:
    return {name: value / divisor for name, value in values.items()}


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in dict.fromkeys([*left, *right])}


def _total(mappings: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for mapping in mappings:
        for name, value in mapping.items():
            total[name] = total.get(name, 0) + value
    return total


def _mean(mappings: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Mean per name, a name that a mapping lacks counting as 0 there."""
    listed = list(mappings)
    return {name: value / len(listed) for name, value in _total(listed).items()}


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return percentile(values, percent) if values else None


def _share(value: float, of: float) -> float | None:
    return float(value) / of if of else None
