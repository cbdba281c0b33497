"""Makes the shipped link traces: links that come and go by chance, and a drive through hills.

    python -m experiments.availability.make_links [--out experiments/availability/links]

Each lasts an hour; the same command gives the same bytes. See azsim/soc/link.py for the file's form.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from azsim.soc.link import ALWAYS_UP, PS_PER_S, LinkTrace, write_link
from azsim.soc.link_models import drive, gilbert

LENGTH_S = 3600
SEED = 1
UP_PERCENTS = (95, 90, 70, 50, 30)
OUTAGES_S = (2, 20)
"""**Source:** assumed: someone walks past the access point; a room without reception, a tunnel."""
README = """# Link traces

    python -m experiments.availability.make_links --out experiments/availability/links

Made by `azsim/soc/link_models.py`, an hour each; nothing here was measured. Columns: `time_s`, then what the link gives
from then on: `uplink_mbps`, `downlink_mbps`, `rtt_ms`; empty: what the device file says, rates of 0: no link. The last
state lasts for ever.

| file | link | up, % of the hour |
|:--|:--|--:|
"""


def traces() -> dict[str, tuple[str, LinkTrace]]:
    """Name -> what it is, and the trace."""
    made = {"steady": ("always up, as the device file says", ALWAYS_UP)}
    for outage_s in OUTAGES_S:
        for percent in UP_PERCENTS:
            what = f"up {percent} % of the time on average, outages of {outage_s} s on average, both exponential"
            made[f"gilbert-{percent}-{outage_s}s"] = (what, gilbert(percent / 100, outage_s, LENGTH_S, SEED))
    made["drive"] = ("cellular on a road in hills: rates that change, weak cells, tunnels", drive(LENGTH_S, SEED))
    return made


def main() -> None:
    """Write them and their README."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "links")
    out: Path = options.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (what, trace) in traces().items():
        write_link(trace, out / f"{name}.csv")
        lines.append(f"| {name}.csv | {what} | {100 * trace.up_share(LENGTH_S * PS_PER_S):.1f} |\n")
    (out / "README.md").write_text(README + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
