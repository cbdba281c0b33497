"""Area of the shipped devices, part by part, as the Markdown table of docs/chip.md.

python -m experiments.area
"""

from __future__ import annotations

from azsim.chip.area import area, total_mm2
from azsim.devices import load_device

DEVICES = ("az1", "az2", "systolic-32", "ethos-u65-like")
APART = ("on-chip memory", "decoder", "vector unit", "filler")


def table() -> str:
    """One line per device; what is not of a part of its own is the compute engine."""
    lines = [
        "| mm² at 45 nm | on-chip memory | compute engine | decoder | vector unit | filler | all |",
        f"|{'---|' * 7}",
    ]
    for name in DEVICES:
        parts = area(load_device(name))
        found = {part.part: part.area_mm2 for part in parts}
        engine = sum(size for part, size in found.items() if part not in APART)
        memory, *others = (found[part] for part in APART)
        cells = " | ".join(f"{size:.2f}" for size in (memory, engine, *others, total_mm2(parts)))
        lines.append(f"| `{name}` | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
