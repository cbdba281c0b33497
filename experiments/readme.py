"""Put the tables and sentences of a committed report into the README, between its markers.

    azsim compare --out reports/compression && python -m experiments.readme

They stand between ``<!-- name -->`` and ``<!-- /name -->``; everything else in the README is left alone.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from azsim.compare.experiment import ProductionChoice
from azsim.compare.production import shapes
from azsim.compress.stored import load_network
from azsim.report.columns import interval, number
from azsim.report.page import wrapped
from azsim.speech.endpointing.choice import EndPointChoice
from azsim.toml import convert

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "compression"

Row = Mapping[str, Any]
TRAINED_HEAD = (
    "configuration", "WER whole % [95 %]", "WER delivered % [95 %]", "post-training WER %", "KiB", "bits/weight",
    "% of fp32", "DRAM MB/s", "latency p50 / p90 ms (n)", "uplink KiB", "energy above idle mJ", "underruns",
)  # fmt: skip
PRODUCTION_HEAD = (
    "configuration", "MiB", "bits/weight", "DRAM MB/s", "NPU busy %", "end-point to final words ms",
    "latency p50 ms (n)", "energy above idle mJ", "deadline misses", "underruns",
)  # fmt: skip


def rate(row: Row, key: str) -> str:
    """WER with its interval, or a dash."""
    return interval(*(row[f"{key}{part}_percent"] for part in ("", "_low", "_high")))


def trained_line(row: Row) -> str:
    """One configuration of the trained network."""
    latency = " / ".join(number(row[f"latency_{place}_ms"], 0) for place in ("p50", "p90"))
    cells = (
        row["config"], rate(row, "wer"), rate(row, "wer_delivered"), number(row["wer_post_training_percent"]),
        f"{row['model_bytes'] / 1024:,.0f}", f"{row['bits_per_weight']:.2f}", f"{100 * row['share_of_fp32']:.1f}",
        f"{row['dram_bytes_per_s_speech'] / 1e6:.1f}", f"{latency} ({row['latency_utterances']})",
        f"{row['uplink_bytes_per_utterance'] / 1024:.1f}", f"{row['energy_above_idle_mj_per_utterance']:.1f}",
        str(row["underruns"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def production_line(row: Row) -> str:
    """One configuration of the production-size network."""
    parts = row["latency_parts_mean_ms"]
    wait = sum(parts.values()) - parts["end_pointing"] if parts else None
    cells = (
        row["config"], f"{row['model_bytes'] / 2**20:.1f}", f"{row['bits_per_weight']:.2f}",
        f"{row['dram_bytes_per_s_speech'] / 1e6:,.0f}", f"{100 * row['npu_busy_share']:.0f}", number(wait),
        f"{number(row['latency_p50_ms'], 0)} ({row['latency_utterances']})",
        f"{row['energy_above_idle_mj_per_utterance']:.0f}", str(row["deadline_misses"]), str(row["underruns"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def table(head: Sequence[str], lines: Iterable[str]) -> str:
    """A markdown table, numbers to the right."""
    rule = "|".join([":--", *["--:"] * (len(head) - 1)])
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *lines])


def _ends(experiment: Mapping[str, Any]) -> EndPointChoice:
    """The end-pointer of a recorded experiment."""
    table, silence_ms = experiment.get("endpoint"), experiment.get("endpoint_silence_ms")
    if table is None and silence_ms is not None:
        return EndPointChoice(kind="fixed", silence_ms=silence_ms)
    return convert(table or {}, EndPointChoice, "results.json", "endpoint")


def headline(rows: Sequence[Row], experiment: Mapping[str, Any], device: str) -> str:
    """What was run, both word error rates of the first row, and whom the latency leaves out."""
    first, on_device = rows[0], [row for row in rows if row["codec"]]
    weights = load_network(experiment["model"]).weights
    left_out = [row["utterances"] - row["latency_utterances"] for row in on_device]
    music = "music playing" if experiment["music"] else "in silence"
    said = (
        f"One trained RNN-T ({weights / 1e6:.1f} M weights) on device `{device}`, {first['utterances']} utterances of "
        f"sentences that training never had, half of them by voices that it never had, {music}. Over the whole "
        f"recording `{first['config']}` has a WER of {number(first['wer_percent'])} %. The device as configured",
        f"delivers the words up to its end-point ({_ends(experiment).said}), with a",
        f"WER of {number(first['wer_delivered_percent'])} %. Latency excludes {_span(left_out)} of the",
        f"{first['utterances']} utterances, those with a premature end-point or an end of speech that is not known;",
        "the table gives the number that remains.",
    )
    return wrapped(" ".join(said)).strip()


def production_headline(rows: Sequence[Row], experiment: Mapping[str, Any]) -> str:
    """Which network the second table is of."""
    choice = ProductionChoice(**experiment["production"])
    weights = sum(height * width for height, width in shapes(choice).values())
    return wrapped(
        "Weight traffic matters most at production size: the same "
        f"configurations of an RNN-T with {choice.encoder_layers} x {choice.encoder_units} encoder cells and "
        f"{choice.prediction_layers} x {choice.prediction_units} prediction cells ({weights / 1e6:.1f} M weights, "
        f"drawn from the trained network's distributions), driven by {rows[0]['utterances']} utterances. This table is "
        "timing only: the network has no words of its own."
    ).strip()


def shown_line(shown: Mapping[str, Any] | None) -> str:
    """Which utterance the second figure shows, and by which rule."""
    if not shown:
        return "There is no timeline in this report."
    size = " at production size" if shown["timing_only"] else ""
    words = f"reference \u201c{shown['reference']}\u201d, delivered \u201c{shown['delivered']}\u201d"
    return wrapped(
        f"Second figure: utilisation of each engine from the first sample to the final words, and the fill of the "
        f"music buffer, for `{shown['config']}`{size}. The utterance is {shown['why']}: {words}."
    ).strip()


def _span(values: Sequence[int]) -> str:
    """``12`` or ``12 to 14``."""
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def parts_of(results: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, str]:
    """Marker -> what stands there."""
    rows, production = results["rows"], results["production_rows"]
    experiment = manifest["configuration"]["experiment"]
    return {
        "headline": headline(rows, experiment, results["device"]),
        "trained": table(TRAINED_HEAD, map(trained_line, rows)),
        "production-headline": production_headline(production, experiment),
        "production": table(PRODUCTION_HEAD, map(production_line, production)),
        "shown": shown_line(results["shown"]),
    }


def filled(text: str, parts: Mapping[str, str]) -> str:
    """``text`` with the parts between their markers.

    Raises:
        SystemExit: a marker does not stand there exactly once.
    """
    for name, lines in parts.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, count = re.subn(
            pattern, lambda found, lines=lines: found[1] + lines + "\n" + found[2], text, flags=re.DOTALL
        )
        if count != 1:
            raise SystemExit(f"README.md: marker {name!r}: found {count} times, must stand once")
    return text


def main() -> int:
    """Rewrite the marked parts of the README."""
    results, manifest = (json.loads((REPORT / f"{name}.json").read_text()) for name in ("results", "manifest"))
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(encoding="utf-8"), parts_of(results, manifest)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
