"""What a report is made of: plain numbers per utterance, per configuration, and for the whole comparison.

::

    Timeline, Work, words ──metrics.measure──> UtteranceResult ──metrics.make_row──> ConfigurationResult ──┐
                                  traced utterance, roofline, sensitivity, notes ──────────────────────────┴> Comparison
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from azsim.deprecated import goes, renamed
from azsim.report.ranking import SensitivityPoint
from azsim.report.roofline import Roofline
from azsim.report.timing import UtteranceTiming
from azsim.report.trace.options import TraceOptions
from azsim.soc.timeline import Timeline
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.transcript import Word
from azsim.summary import Summarised

_NAMED = 3


@dataclass(frozen=True, slots=True)
class ConfigurationSize:
    """One compression configuration as the tables name it, and the size of its model.

    Attributes:
        name: unique in its table.
        codec: name in the registry; None where no weights are compressed (the cloud baseline).
        weight_bits: mean over the weights where matrices differ; 32 for fp32.
        sparsity: share of zeros among the decoded weights, 0 to 1.
        model_bytes: bytes of the model, bitstreams and vectors.
        bits_per_weight: bits in the bitstreams per weight, headers and tables included.
        share_of_fp32: ``model_bytes`` over the bytes of the uncompressed fp32 model.
        timing_only: production-size network, never run for its words: no WER.
        note: one line for the reader, such as "on-device" or "cloud, Opus 32 kb/s"; may be empty.
    """

    name: str
    codec: str | None
    weight_bits: float | None
    sparsity: float | None
    model_bytes: int | None
    bits_per_weight: float | None
    share_of_fp32: float | None
    timing_only: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class LatticeFigures:
    """What a lattice is worth.

    Attributes:
        oracle_errors: word errors of its path that is nearest to what was said; None if that is not known.
        n_best_errors: of the nearest of its ten best paths.
        edges: words on edges.
        message_bytes: of the message that goes up in place of audio; None if it is too large for one.
        reranked_errors: of the words that the cloud chooses; None if it was not asked, or what was said is not known.
    """

    oracle_errors: int | None
    n_best_errors: int | None
    edges: int
    message_bytes: int | None
    reranked_errors: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class UtteranceResult(Summarised):
    """One utterance under one configuration.

    Attributes:
        config: name of the configuration.
        utterance: its name, never a path.
        reference: the words that were said; None if unknown (``azsim run``) or the row is timing only.
        hypothesis: the words up to the end-point.
        hypothesis_whole: the words of the whole recording, no end-point cut.
        timing: None if the device was not simulated for it.
        words: words with times and label posteriors; may be empty where nobody prints them.
        group: the set it is reported apart in, such as "seen voices"; empty if there is only one.
        speaker: bootstrap cluster; empty = each utterance is its own.
        speech_end_estimated: the true end of speech was estimated from energy.
        timing_only: belongs to the production-size table.
        remarks: what makes the recording hard to recognise, a sentence each.
        lattice: what else may have been said, of a search that keeps it; None where nobody asks for it.
        lattice_figures: what that is worth.
        told: what stages beside the recogniser told of it last, by the kind of event, such as ``speaker``.
    """

    config: str
    utterance: str
    reference: str | None
    hypothesis: str
    hypothesis_whole: str
    timing: UtteranceTiming | None
    words: tuple[Word, ...] = ()
    group: str = ""
    speaker: str = ""
    speech_end_estimated: bool = False
    timing_only: bool = False
    remarks: tuple[str, ...] = ()
    lattice: Lattice | None = field(default=None, repr=False)
    lattice_figures: LatticeFigures | None = None
    told: Mapping[str, object] = field(default_factory=dict)

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "config": self.config,
            "utterance": self.utterance,
            "hypothesis": self.hypothesis,
            "reference": self.reference,
        }


@renamed(
    "0.2.0",
    "0.3.0",
    wer_endpoint_percent="wer_delivered_percent",
    early_cut_share="premature_endpoint_share",
    energy_margin_mj_per_utterance="energy_above_idle_mj_per_utterance",
    energy_margin_by_part_mj_per_utterance="energy_above_idle_by_part_mj_per_utterance",
    companions_late_share="companions_deadline_miss_share",
)
@dataclass(frozen=True, slots=True, repr=False)
class ConfigurationResult(Summarised):
    """One configuration over all its utterances: a line of the table. None where a value does not apply.

    Latency percentiles and parts are over ``latency_utterances``: those recognised whose end-point was neither
    premature nor before the true end of speech, where that is known.
    ``wer_percent`` is of the whole recording, ``wer_delivered_percent`` of the words up to the end-point. Intervals are
    95 % bootstrap intervals; deltas are paired against the table's baseline (the first int8 ``raw`` row).
    """

    config: str
    codec: str | None
    weight_bits: float | None
    sparsity: float | None
    model_bytes: int | None
    bits_per_weight: float | None
    share_of_fp32: float | None
    wer_percent: float | None
    wer_low_percent: float | None
    wer_high_percent: float | None
    wer_delivered_percent: float | None
    wer_delivered_low_percent: float | None
    wer_delivered_high_percent: float | None
    wer_delta_percent: float | None
    wer_delta_low_percent: float | None
    wer_delta_high_percent: float | None
    wer_post_training_percent: float | None
    wer_by_group_percent: Mapping[str, tuple[float, float | None, float | None]]
    premature_endpoint_share: float | None
    dram_bytes_per_s_speech: float | None
    dram_by_client_bytes_per_s_speech: Mapping[str, float]
    npu_busy_share: float | None
    npu_causes_ms: Mapping[str, float]
    rtf: float | None
    latency_utterances: int
    latency_p50_ms: float | None
    latency_p90_ms: float | None
    latency_p99_ms: float | None
    latency_parts_mean_ms: Mapping[str, float]
    first_word_utterances: int
    first_word_p50_ms: float | None
    uplink_bytes_per_utterance: float | None
    energy_mj_per_utterance: float | None
    energy_above_idle_mj_per_utterance: float | None
    energy_by_part_mj_per_utterance: Mapping[str, float]
    energy_above_idle_by_part_mj_per_utterance: Mapping[str, float]
    peak_sram_bytes: int | None
    underruns: int | None
    deadline_misses: int | None
    steps: int | None
    utterances: int
    timing_only: bool
    note: str = ""
    refill_p50_ms: float | None = None
    refill_p99_ms: float | None = None
    refill_max_ms: float | None = None
    companions_p99_ms: Mapping[str, float] = field(default_factory=dict)
    companions_deadline_miss_share: Mapping[str, float] = field(default_factory=dict)
    device: str = ""
    wer_oracle_percent: float | None = None
    wer_n_best_percent: float | None = None
    wer_reranked_percent: float | None = None
    lattice_edges_per_utterance: float | None = None
    lattice_bytes_per_utterance: float | None = None
    endpoint_p50_ms: float | None = None
    endpoint_p90_ms: float | None = None
    speculative_p50_ms: float | None = None
    reset_share: float | None = None
    perceived_p50_ms: float | None = None

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "config": self.config,
            "utterances": self.utterances,
            "wer_percent": self.wer_percent,
            "latency_p50_ms": self.latency_p50_ms,
            "model_bytes": self.model_bytes,
            "bits_per_weight": self.bits_per_weight,
            "energy_mj_per_utterance": self.energy_mj_per_utterance,
            "deadline_misses": self.deadline_misses,
            "underruns": self.underruns,
        }


@dataclass(frozen=True, slots=True)
class TracedUtterance:
    """One utterance with its whole record, for the timeline figure and ``trace.json``.

    Attributes:
        config: whose timeline it is.
        timeline: with spans, instants and counters.
        ring_counter: name of the counter that holds the fill of the music ring, None without music.
        ring_capacity: what the counter can reach, None if not known.
        envelope: float ``(points,)``, largest absolute sample of each stretch of audio, 0 to 1.
        envelope_step_ms: length of such a stretch.
        text: the words that were delivered.
        reference: the words that were said, empty if unknown.
        why: the rule by which the utterance was chosen, a phrase; empty if there was no choice.
        timing_only: the production-size network ran, driven by words of the trained one.
        options: what ``trace.json`` shows.
    """

    config: str
    timeline: Timeline
    ring_counter: str | None
    ring_capacity: float | None
    envelope: np.ndarray
    envelope_step_ms: float
    text: str
    reference: str = ""
    why: str = ""
    timing_only: bool = False
    options: TraceOptions = field(default_factory=TraceOptions)


@dataclass(frozen=True, slots=True)
class StageCost:
    """What a stage of the pipeline takes on the device, under one configuration.

    Attributes:
        config, stage: their names.
        bitstream_bytes: of its own network, 0 without one.
        resident_bytes: of it, what stays in on-chip memory.
        npu_share: time of its jobs on the processor, each alone on the chip, by the time of all utterances.
        cpu_ms_per_utterance: time of its tasks on a core at the device's clock.
        dram_bytes_per_utterance: fetched for its jobs.
        latency_p50_ms, latency_p99_ms: from when the sound has it to when the device knows it, over its events; of a
            network that is always on, response time of its runs; None without either.
        energy_mj_per_utterance: of its jobs: on the chip and in DRAM without leakage and standby, and on the cores.
    """

    config: str
    stage: str
    bitstream_bytes: int
    resident_bytes: int
    npu_share: float
    cpu_ms_per_utterance: float
    dram_bytes_per_utterance: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    energy_mj_per_utterance: float


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Summarised):
    """Everything a report shows.

    Attributes:
        name: of the experiment.
        summary: one or two sentences on what was compared; may be empty.
        device: name of the device.
        rows: the trained network's table.
        production_rows: the production-size table, timing only; may be empty.
        utterances: of both tables.
        traced: None: no timeline figure and no ``trace.json``.
        roofline: None: no roofline.
        sensitivity: empty: no sensitivity figure.
        settings: what the reader should know at a glance (name -> value), shown above the tables.
        notes: paragraphs on how far to trust the numbers.
        manifest: from ``manifest.make_manifest``.
        stages: what each stage costs, of experiments that name stages.
    """

    name: str
    summary: str
    device: str
    rows: tuple[ConfigurationResult, ...]
    production_rows: tuple[ConfigurationResult, ...]
    utterances: tuple[UtteranceResult, ...]
    traced: TracedUtterance | None
    roofline: Roofline | None
    sensitivity: tuple[SensitivityPoint, ...]
    settings: Mapping[str, str]
    notes: tuple[str, ...]
    manifest: Mapping[str, object] = field(default_factory=dict)
    stages: tuple[StageCost, ...] = ()

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "device": self.device,
            "rows": len(self.rows),
            "production_rows": len(self.production_rows),
            "utterances": len(self.utterances),
        }

    @property
    def title(self) -> str:
        """Of the page: the recordings where nobody said what they should hold, the experiment's name otherwise."""
        names = list(dict.fromkeys(result.utterance for result in self.utterances))
        if not names or any(result.reference for result in self.utterances):
            return self.name
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more


def __getattr__(name: str) -> object:
    """The name of before, for one release."""
    if name != "Row":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    goes(f"{__name__}.Row", f"{__name__}.ConfigurationResult", "0.3.0", "0.4.0")
    return ConfigurationResult
