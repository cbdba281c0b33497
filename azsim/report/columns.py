"""The columns of the tables: title, unit, how a cell is written; shared by the console, the page and markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azsim.report.results import Row

NOTHING = "\u2013"
WORDS = "Words and size"
DEVICE = "On the device"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: short, for the console.
        unit: empty where the number has none.
        cell: the text of a row's cell; ``NOTHING`` where it does not apply.
        meaning: one sentence for the page.
        group: the part of the page's table that it stands in; the console has them all in one.
        console: narrow and important enough for the console's table.
        short: the console's shorter text, if it has one.
        legend: what the console says below its table, where the title alone does not say it.
    """

    title: str
    unit: str
    cell: Callable[[Row], str]
    meaning: str
    console: bool = True
    short: Callable[[Row], str] | None = None
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


def _difference_short(row: Row) -> str:
    """The difference and half the width of its interval."""
    if row.wer_delta_percent is None or row.wer_delta_low_percent is None or row.wer_delta_high_percent is None:
        return number(row.wer_delta_percent, 1, sign=True)
    half = (row.wer_delta_high_percent - row.wer_delta_low_percent) / 2
    return f"{number(row.wer_delta_percent, 1, sign=True)} \u00b1{number(half)}"


def _latency(row: Row) -> str:
    if row.latency_p50_ms is None:
        return NOTHING
    return "/".join(number(value, 0) for value in (row.latency_p50_ms, row.latency_p90_ms, row.latency_p99_ms))


COLUMNS: tuple[Column, ...] = (
    Column("configuration", "", lambda r: r.config, "bits, sparsity and codec of the weights"),
    Column(
        "WER",
        "%",
        lambda r: interval(r.wer_percent, r.wer_low_percent, r.wer_high_percent),
        "word errors over words said, whole recording, with a 95 % bootstrap interval",
        legend="word error rate, whole recording [95 %]",
        group=WORDS,
    ),
    Column(
        "\u0394",
        "points",
        lambda r: interval(r.wer_delta_percent, r.wer_delta_low_percent, r.wer_delta_high_percent, sign=True),
        "WER less that of the first int8 raw row, paired over the same utterances",
        short=_difference_short,
        legend="WER less that of int8 raw, \u00b1 half its 95 % interval",
        group=WORDS,
    ),
    Column(
        "post",
        "%",
        lambda r: number(r.wer_post_training_percent),
        "WER of the same compression done post-training, without fine-tuning",
        legend="WER of the same compression, not fine-tuned",
        group=WORDS,
    ),
    Column(
        "at end-point",
        "%",
        lambda r: number(r.wer_endpoint_percent),
        "WER of the words up to the end-point, which cuts slow speakers early",
        console=False,
        group=WORDS,
    ),
    Column(
        "cut early",
        "%",
        lambda r: number(scaled(r.early_cut_share, 0.01)),
        "utterances whose end-point fired before the true end of speech",
        console=False,
        group=WORDS,
    ),
    Column(
        "size",
        "KiB",
        lambda r: number(scaled(r.model_bytes, 1024), 0),
        "bitstreams, biases and other vectors",
        group=WORDS,
    ),
    Column(
        "bits",
        "/w",
        lambda r: number(r.bits_per_weight, 2),
        "bits in the bitstreams per weight, headers included",
        legend="per weight",
        group=WORDS,
    ),
    Column(
        "fp32",
        "%",
        lambda r: number(scaled(r.share_of_fp32, 0.01)),
        "size as a share of the fp32 model",
        console=False,
        group=WORDS,
    ),
    Column(
        "sparsity",
        "%",
        lambda r: number(scaled(r.sparsity, 0.01), 0),
        "zeros among the decoded weights; the embedding, of which one row is read per token, is not pruned",
        console=False,
        group=WORDS,
    ),
    Column(
        "DRAM",
        "MB/s",
        lambda r: significant(scaled(r.dram_bytes_per_s_speech, 1e6)),
        "bytes read and written by all clients per second of speech heard",
    ),
    Column(
        "NPU",
        "%",
        lambda r: number(scaled(r.npu_busy_share, 0.01)),
        "share of the time that the processor is busy",
        legend="neural processor busy",
    ),
    Column(
        "RTF", "", lambda r: number(r.rtf, 3), "time that processor and CPU are busy over time of audio", console=False
    ),
    Column(
        "latency",
        "ms",
        _latency,
        "true end of speech to final words: median, 90th and 99th percentile of the utterances not cut early",
        legend="true end of speech to final words, p50/p90/p99",
    ),
    Column(
        "first",
        "ms",
        lambda r: number(r.first_partial_p50_ms, 0),
        "first word on the device after its sound: median",
        console=False,
    ),
    Column(
        "up",
        "KiB",
        lambda r: number(scaled(r.uplink_bytes_per_utterance, 1024), 1),
        "bytes sent over the air per utterance",
        legend="sent over the air per utterance",
    ),
    Column(
        "energy",
        "mJ",
        lambda r: significant(r.energy_mj_per_utterance),
        "per utterance, from wake to final result, music and radio included",
        console=False,
    ),
    Column(
        "margin",
        "mJ",
        lambda r: significant(r.energy_margin_mj_per_utterance),
        "energy per utterance over the same stretch of time without speech: what speech costs",
        legend="energy per utterance over the same time without speech",
    ),
    Column(
        "SRAM", "KiB", lambda r: number(scaled(r.peak_sram_bytes, 1024), 0), "most on-chip memory in use", console=False
    ),
    Column(
        "xrun",
        "",
        lambda r: number(r.underruns, 0),
        "music underruns: periods for which the DAC found no sample",
        legend="music underruns",
    ),
    Column(
        "late",
        "",
        lambda r: number(r.deadline_misses, 0),
        "steps that ended after the next step's release",
        legend="steps that missed their deadline",
    ),
    Column("utterances", "", lambda r: str(r.utterances), "how many of them were run", console=False),
)


def used_columns(rows: Sequence[Row], console: bool) -> list[Column]:
    """The columns that say something about at least one of ``rows``."""
    return [
        column
        for column in COLUMNS
        if (column.console or not console) and any(column.cell(row) != NOTHING for row in rows)
    ]
