"""Networks of their own on devices, as tables: configurations beside one another, layers below one another."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rich.console import Console

from azsim.report.fitted import FittedColumn, print_fitted
from azsim.report.inference_results import InferenceResult

Rows = list[tuple[str, ...]]
LAYER_HEADINGS = ("layer", "shape", "runs", "bits/weight", "stream B", "fetched B", "cycles", "bound by")


def configuration_table(results: Sequence[InferenceResult]) -> tuple[tuple[str, ...], Rows]:
    """Headings and a row for each configuration and device."""
    scores = list(dict.fromkeys(name for result in results for name in result.scores))
    headings = (
        "configuration", "device", *scores, "bytes", "bits/weight", "zeros %", "cycles", "DRAM B", "time ms",
        "of real time %", "energy mJ", "on the chip %",
    )  # fmt: skip
    rows = [
        (
            result.config,
            result.device,
            *(score(result.scores.get(name)) for name in scores),
            f"{result.model_bytes:,}",
            f"{result.bits_per_weight:.2f}",
            f"{100 * result.sparsity:.0f}",
            f"{result.cycles:,.0f}",
            f"{result.dram_bytes:,.0f}",
            f"{result.time_ms:.3f}",
            f"{100 * result.real_time_share:.2f}",
            f"{result.energy_mj:.4f}",
            f"{100 * result.on_chip_share:.2f}",
        )
        for result in results
    ]
    return headings, rows


def layer_rows(result: InferenceResult) -> Rows:
    """A row for each stage that multiplies, as `LAYER_HEADINGS` says."""
    return [
        (
            layer.layer,
            layer.shape,
            f"{layer.runs:g}",
            "–" if layer.bits_per_weight is None else f"{layer.bits_per_weight:.2f}",
            f"{layer.stream_bytes:,}",
            f"{layer.fetch_bytes:,}",
            f"{layer.cycles:,}",
            layer.bound_by,
        )
        for layer in result.layers
    ]


def print_results(results: Sequence[InferenceResult], console: Console, with_layers: bool) -> None:
    """The configurations, and the layers of the first."""
    headings, rows = configuration_table(results)
    first = results[0]
    title = f"{first.network}, every {first.every_ms:g} ms; cycles, bytes and energy of one inference"
    _print(console, title, headings, rows)
    if with_layers:
        _print(console, f"layers of {first.config} on {first.device}", LAYER_HEADINGS, layer_rows(first))


def results_csv(results: Sequence[InferenceResult]) -> str:
    """One line for each configuration and device; numbers as they are."""
    scores = list(dict.fromkeys(name for result in results for name in result.scores))
    causes = list(results[0].causes)
    parts = list(results[0].energy_by_part_mj)
    plain = (
        "network", "config", "device", "codec", "weight_bits", "sparsity", "model_bytes", "bits_per_weight", "products",
        "on_chip_share", "cycles", "dram_bytes", "time_ms", "every_ms", "real_time_share", "energy_mj",
        "resident_bytes", "peak_sram_bytes",
    )  # fmt: skip
    head = [*plain, *scores, *(f"{each}_cycles" for each in causes), *(f"{_key(each)}_mj" for each in parts)]
    lines = [
        [
            *(getattr(result, name) for name in plain),
            *(result.scores.get(name, "") for name in scores),
            *(result.causes[name] for name in causes),
            *(result.energy_by_part_mj.get(name, 0.0) for name in parts),
        ]
        for result in results
    ]
    return _csv([head, *lines])


def layers_csv(results: Sequence[InferenceResult]) -> str:
    """One line for each stage of each configuration and device."""
    head = ("config", "device", *LAYER_FIELDS)
    lines = [
        [result.config, result.device, *(getattr(layer, name) for name in LAYER_FIELDS)]
        for result in results
        for layer in result.layers
    ]
    return _csv([head, *lines])


LAYER_FIELDS = (
    "layer", "program", "shape", "runs", "products", "stream_bytes", "bits_per_weight", "fetch_bytes", "cycles",
    "bound_by",
)  # fmt: skip


def score(value: float | None) -> str:
    """A metric's value; ``same`` where nothing differs."""
    if value is None:
        return "–"
    return "same" if value == float("inf") else f"{value:.4g}"


def _key(part: str) -> str:
    return part.replace(" ", "_")


def _csv(lines: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()


def _print(console: Console, title: str, headings: Sequence[str], rows: Rows) -> None:
    columns = [FittedColumn(name, "", tuple(row[index] for row in rows)) for index, name in enumerate(headings)]
    print_fitted(console, title, columns, continues=True)
