"""Put the tables of a committed report into the README, between its markers.

    azsim compare --out reports/compression && python experiments/readme.py

The tables stand between ``<!-- name -->`` and ``<!-- /name -->``; everything else in the README is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from azsim.report.columns import interval

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "compression" / "results.json"


def percent(row: dict, key: str) -> str:
    """WER with its interval, or a dash."""
    value, low, high = (row[f"{key}{part}_percent"] for part in ("", "_low", "_high"))
    return interval(value, low, high)


def trained_line(row: dict) -> str:
    """One configuration of the trained network."""
    post = row["wer_post_training_percent"]
    return (
        f"| {row['config']} | {percent(row, 'wer')} "
        f"| {row['wer_delivered_percent']:.1f} | {'–' if post is None else f'{post:.1f}'} "
        f"| {row['model_bytes'] / 1024:,.0f} | {row['bits_per_weight']:.2f} | {100 * row['share_of_fp32']:.1f} "
        f"| {row['dram_bytes_per_s_speech'] / 1e6:.1f} | {row['latency_p50_ms']:.0f} / {row['latency_p90_ms']:.0f} "
        f"| {row['uplink_bytes_per_utterance'] / 1024:.1f} | {row['energy_above_idle_mj_per_utterance']:.1f} "
        f"| {row['underruns']} |"
    )


def production_line(row: dict) -> str:
    """One configuration of the production-size network."""
    parts = row["latency_parts_mean_ms"]
    wait = sum(parts.values()) - parts["end_pointing"]
    return (
        f"| {row['config']} | {row['model_bytes'] / 2**20:.1f} | {row['bits_per_weight']:.2f} "
        f"| {row['dram_bytes_per_s_speech'] / 1e6:,.0f} | {100 * row['npu_busy_share']:.0f} | {wait:.1f} "
        f"| {row['latency_p50_ms']:.0f} | {row['energy_above_idle_mj_per_utterance']:.0f} | {row['deadline_misses']} "
        f"| {row['underruns']} |"
    )


TRAINED_HEAD = (
    "configuration", "WER % [95 %]", "at end-point %", "post-training WER %", "KiB", "bits/weight", "% of fp32",
    "DRAM MB/s", "latency p50 / p90 ms", "up KiB", "speech energy mJ", "underruns",
)  # fmt: skip
PRODUCTION_HEAD = (
    "configuration", "MiB", "bits/weight", "DRAM MB/s", "NPU busy %", "wait after end-point ms", "latency p50 ms",
    "speech energy mJ", "late steps", "underruns",
)  # fmt: skip


def table(head: tuple[str, ...], lines: Iterable[str]) -> str:
    """A markdown table, numbers to the right."""
    rule = "|".join([":--", *["--:"] * (len(head) - 1)])
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *lines])


def main() -> None:
    """Rewrite the marked parts of the README."""
    results = json.loads(REPORT.read_text())
    tables = {
        "trained": table(TRAINED_HEAD, map(trained_line, results["rows"])),
        "production": table(PRODUCTION_HEAD, map(production_line, results["production_rows"])),
    }
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, lines in tables.items():
        text, count = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", rf"\g<1>{lines}\n\g<2>", text, flags=re.DOTALL
        )
        if count != 1:
            raise SystemExit(f"README.md: marker {name!r}: found {count} times, must stand once")
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
