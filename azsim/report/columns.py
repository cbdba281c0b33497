"""The columns of the tables: title, unit, how a cell is written; shared by the console, the page and markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azsim.report.results import ConfigurationResult

NOTHING = "\u2013"
WORDS = "Words and size"
DEVICE = "On the device"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: in the terms of the glossary.
        unit: empty where the number has none.
        cell: the text of a row's cell; ``NOTHING`` where it does not apply.
        meaning: one sentence for the page.
        group: the part of the page's table that it stands in; the console has them all in one.
        drops: its place in the order in which columns leave a terminal that is too narrow, the first to go being 1;
            0 stays always, None is not in the console's table at all.
        legend: what the console says below its table, where the title alone does not say it.
    """

    title: str
    unit: str
    cell: Callable[[ConfigurationResult], str]
    meaning: str
    drops: int | None = None
    legend: str = ""
    group: str = DEVICE

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def number(value: float | None, digits: int = 1, sign: bool = False) -> str:
    """``value`` with ``digits`` decimals, ``NOTHING`` for None, never ``-0``."""
    if value is None:
        return NOTHING
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    return text.lstrip("+-") if not text.strip("+-0.") else text


def significant(value: float | None) -> str:
    """About three significant digits, without an exponent."""
    if value is None:
        return NOTHING
    magnitude = abs(value)
    return number(value, 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2)


def scaled(value: float | None, divisor: float) -> float | None:
    """``value / divisor``, or None."""
    return None if value is None else value / divisor


def interval(value: float | None, low: float | None, high: float | None, sign: bool = False, digits: int = 1) -> str:
    """``value [low, high]``; ``value`` alone where there is no interval."""
    if value is None or low is None or high is None:
        return number(value, digits, sign)
    return f"{number(value, digits, sign)} [{number(low, digits, sign)}, {number(high, digits, sign)}]"


def _latency(row: ConfigurationResult) -> str:
    """Percentiles, and over how many utterances."""
    if row.latency_p50_ms is None:
        return NOTHING
    percentiles = (row.latency_p50_ms, row.latency_p90_ms, row.latency_p99_ms)
    return f"{'/'.join(number(value, 0) for value in percentiles)} n={row.latency_utterances}"


def _end_points(row: ConfigurationResult) -> str:
    if row.endpoint_p50_ms is None:
        return NOTHING
    return f"{number(row.endpoint_p50_ms, 0)}/{number(row.endpoint_p90_ms, 0)}"


def _first_word(row: ConfigurationResult) -> str:
    if row.first_word_p50_ms is None:
        return NOTHING
    return f"{number(row.first_word_p50_ms, 0)} n={row.first_word_utterances}"


COLUMNS: tuple[Column, ...] = (
    Column("configuration", "", lambda r: r.config, "bits, sparsity and codec of the weights", drops=0),
    Column(
        "WER whole",
        "%",
        lambda r: interval(r.wer_percent, r.wer_low_percent, r.wer_high_percent),
        "word error rate over the whole recording, as if no end-point cut it, with a 95 % bootstrap interval",
        drops=0,
        legend="word error rate, whole recording [95 % interval]",
        group=WORDS,
    ),
    Column(
        "WER delivered",
        "%",
        lambda r: interval(r.wer_delivered_percent, r.wer_delivered_low_percent, r.wer_delivered_high_percent),
        "word error rate of the words that the device delivers: those up to the end-point, with a 95 % interval",
        drops=0,
        legend="of the words up to the end-point, which the device delivers",
        group=WORDS,
    ),
    Column(
        "\u0394 WER",
        "points",
        lambda r: interval(r.wer_delta_percent, r.wer_delta_low_percent, r.wer_delta_high_percent, sign=True),
        "whole-recording WER less that of the first int8 raw row, paired recording by recording, with a 95 % interval",
        drops=10,
        legend="WER whole less that of int8 raw",
        group=WORDS,
    ),
    Column(
        "WER oracle",
        "%",
        lambda r: number(r.wer_oracle_percent),
        "word error rate of the path of each lattice that is nearest to what was said, whole recording",
        drops=7,
        legend="of each lattice's nearest path",
        group=WORDS,
    ),
    Column(
        "WER 10-best",
        "%",
        lambda r: number(r.wer_n_best_percent),
        "word error rate of the nearest of the ten best paths of each lattice, whole recording",
        drops=6,
        legend="of the nearest of ten paths",
        group=WORDS,
    ),
    Column(
        "WER reranked",
        "%",
        lambda r: number(r.wer_reranked_percent),
        "word error rate of the words that the cloud's language model chooses from each lattice, whole recording",
        drops=5,
        legend="of the cloud's choice in each lattice",
        group=WORDS,
    ),
    Column(
        "post-training WER",
        "%",
        lambda r: number(r.wer_post_training_percent),
        "whole-recording WER of the same compression applied post-training, without fine-tuning",
        drops=4,
        legend="of the same compression without fine-tuning",
        group=WORDS,
    ),
    Column(
        "premature end-points",
        "%",
        lambda r: number(scaled(r.premature_endpoint_share, 0.01)),
        "utterances of which words were recognised after the end-point, so that they are not delivered; no latency",
        group=WORDS,
    ),
    Column(
        "EP50/EP90",
        "ms",
        _end_points,
        "true end of speech to the final end-point: 50th and 90th percentile of the utterances that were not cut early",
        group=WORDS,
    ),
    Column(
        "speculative",
        "ms",
        lambda r: number(r.speculative_p50_ms, 0),
        "true end of speech to the speculative end-point whose words were committed: median of the same utterances",
        group=WORDS,
    ),
    Column(
        "resets",
        "%",
        lambda r: number(scaled(r.reset_share, 0.01)),
        "utterances in which words that were told at a speculative end-point were taken back",
        group=WORDS,
    ),
    Column(
        "size",
        "KiB",
        lambda r: number(scaled(r.model_bytes, 1024), 0),
        "bitstreams, biases and other vectors",
        drops=14,
        group=WORDS,
    ),
    Column(
        "bits",
        "/weight",
        lambda r: number(r.bits_per_weight, 2),
        "bits in the bitstreams per weight, headers included",
        drops=2,
        group=WORDS,
    ),
    Column(
        "of fp32",
        "%",
        lambda r: number(scaled(r.share_of_fp32, 0.01)),
        "size as a share of the fp32 model's",
        group=WORDS,
    ),
    Column(
        "sparsity",
        "%",
        lambda r: number(scaled(r.sparsity, 0.01), 0),
        "zeros among the decoded weights; the embedding, of which one row is read per token, is not pruned",
        group=WORDS,
    ),
    Column(
        "DRAM",
        "MB/s",
        lambda r: significant(scaled(r.dram_bytes_per_s_speech, 1e6)),
        "bytes read and written by all clients per second of speech heard",
        drops=11,
    ),
    Column(
        "NPU busy",
        "%",
        lambda r: number(scaled(r.npu_busy_share, 0.01)),
        "share of the time that the neural processor is busy",
        drops=1,
        legend="neural processor",
    ),
    Column(
        "RTF", "", lambda r: number(r.rtf, 3), "real-time factor: busy time of processor and cores per time of audio"
    ),
    Column(
        "latency",
        "ms",
        _latency,
        "true end of speech to final words: 50th, 90th and 99th percentile over the n utterances that were recognised, "
        "whose end of speech is known, and whose end-point came after it and after the last word",
        drops=13,
        legend="end of speech (of the manifest, or estimated) to final words, p50/p90/p99, over the n delivered whole "
        "whose end is known",
    ),
    Column(
        "perceived latency",
        "ms",
        lambda r: number(r.perceived_p50_ms, 0),
        "true end of speech to the result of the work that follows the words, begun when they were told: median",
    ),
    Column(
        "first word",
        "ms",
        _first_word,
        "start of speech to the first word shown: median over the n utterances whose start of speech is known",
    ),
    Column(
        "uplink",
        "KiB",
        lambda r: number(scaled(r.uplink_bytes_per_utterance, 1024), 1),
        "bytes sent over the air per utterance",
        drops=3,
        legend="sent over the air per utterance",
    ),
    Column(
        "energy",
        "mJ",
        lambda r: significant(r.energy_mj_per_utterance),
        "per utterance, from wake to final result, music and radio included",
    ),
    Column(
        "energy above idle",
        "mJ",
        lambda r: significant(r.energy_above_idle_mj_per_utterance),
        "energy per utterance less that of the same stretch of time with the same music and without speech",
        drops=12,
        legend="per utterance, less that of the same time without speech",
    ),
    Column("SRAM", "KiB", lambda r: number(scaled(r.peak_sram_bytes, 1024), 0), "most on-chip memory in use"),
    Column(
        "underruns",
        "",
        lambda r: number(r.underruns, 0),
        "periods of music for which the DAC found no sample",
        drops=9,
        legend="of the music",
    ),
    Column(
        "deadline misses",
        "",
        lambda r: number(r.deadline_misses, 0),
        "encoder steps that ended after the release of the next one",
        drops=8,
        legend="steps that ended after the next one's release",
    ),
    Column("utterances", "", lambda r: str(r.utterances), "how many were run"),
)


def used_columns(rows: Sequence[ConfigurationResult], console: bool) -> list[Column]:
    """The columns that say something about at least one of ``rows``."""
    return [
        column
        for column in COLUMNS
        if (column.drops is not None or not console) and any(column.cell(row) != NOTHING for row in rows)
    ]
