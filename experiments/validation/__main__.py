"""The model against machines, closed forms and published tables.

    python -m experiments.validation [--out reports/validation]

Writes ``README.md`` (one section per comparison) and ``validation.json`` (the same rows). Exit status 1 if a section
does not hold. The sections are the modules beside this one; a new one is a file and a line in `SECTIONS`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from azsim.report.page import write_page
from experiments.options import options_of
from experiments.validation import bounds, eie, machines, systolic
from experiments.validation.section import Section

COMMAND = "python -m experiments.validation --out reports/validation"
SECTIONS: tuple[Callable[[], Section], ...] = (
    machines.lane_section,
    machines.pipeline_section,
    systolic.machine_section,
    systolic.scale_sim_section,
    systolic.vela_section,
    systolic.vela_layer_section,
    bounds.section,
    eie.section,
    eie.queue_section,
    eie.trained_section,
)


def report(sections: list[Section]) -> str:
    """The whole page."""
    held = sum(section.holds for section in sections)
    head = f"# Validation\n\nMade by `{COMMAND}`. {held} of {len(sections)} sections hold.\n"
    return "\n".join([head, *(section.markdown() for section in sections)])


def main() -> int:
    """Run all sections, print what holds, write the report."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "validation")
    out = options.parse_args().out
    sections = []
    for make in SECTIONS:
        sections.append(make())
        print(f"{'holds' if sections[-1].holds else 'DOES NOT HOLD':14} {sections[-1].title}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    write_page(out, report(sections))
    rows = {"command": COMMAND, "sections": [asdict(section) for section in sections]}
    (out / "validation.json").write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(section.holds for section in sections) else 1


if __name__ == "__main__":
    sys.exit(main())
