"""How long azsim takes: its commands, the same layers on other simulators, a production-size recogniser, and limits.

    python -m experiments.bench [--out reports/bench] [--only commands peers production device limits] [--demo]

Everything is measured in one run on one machine, ratios side by side; run it on an idle one (the load is noted). Other
simulators run in virtual environments of their own under the user's cache folder; SCALE-Sim takes minutes. ``--demo``
also clones the repository and times ``make demo`` there, installation included. The sections are the modules of
``experiments/bench``. Writes README.md and bench.csv.
"""

from __future__ import annotations

import csv
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from azsim.report.page import write_page
from experiments.bench import commands, device, limits, peers, production
from experiments.bench.figure import Figure
from experiments.options import options_of

SECTIONS = ("commands", "peers", "production", "device", "limits")
EXPLAINED = {
    commands.SECTION: "Cold: an empty numba cache. Warm: the cache that the cold run left.",
    peers.SECTION: (
        "Batch 1, half of the weights zero, and a fifth of the activations. azsim computes what the layer computes "
        "(int8, bit-exact) and exact, data-dependent lane cycles, then plays the tile pipeline; packing the masks is "
        "listed, and not in the ratio. SCALE-Sim and ZigZag take a dense product of that shape: their cycles do not "
        "depend on data. Vela compiles an LSTM with half of the weights zero and estimates it; beside it stands "
        "azsim's time for lane cycles, schedules and pipeline of every frame with its own zeros; encoding the "
        "weights, which Vela's compilation includes, is listed, and so is az1's own skip mode, whose lane cycles are "
        "computed once. Kernels compiled, least of several calls (SCALE-Sim: one); wall-clock or CPU time, whichever "
        "is less, on both sides, so that a busy machine flatters nobody."
    ),
    production.SECTION: (
        "The production-size network of experiments/compression/compression.toml, drawn weights, all layers streamed, "
        "words of the trained recogniser replayed, music playing. One process, one core; milliseconds per second of "
        "sound."
    ),
    device.SECTION: (
        "`burst` fidelity; what the device would have done without speech is simulated too, for the energy. Processor "
        "time, so that a busy machine does not show; the notes have the wall-clock."
    ),
    limits.SECTION: (
        "Limits are measured in the same run, with the simplest compiled loop that does nothing else; numpy's "
        "bitwise_count for mask bits."
    ),
}


def measure(chosen: Sequence[str], demo: bool) -> list[Figure]:
    """The figures of the sections that are asked for, in order."""
    found: list[Figure] = []
    if "commands" in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            found += commands.figures(Path(scratch), demo)
    if "limits" in chosen:
        found += limits.figures()
    if "production" in chosen:
        found += production.figures()
    if "device" in chosen:
        found += device.figures()
    if "peers" in chosen:
        found += peers.figures()
    return found


def machine() -> str:
    """What it ran on, and how busy that was."""
    name = platform.processor() or platform.machine()
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
    caches = [
        f"L{level} {size}"
        for index in range(4)
        for level in _lines(Path(f"/sys/devices/system/cpu/cpu0/cache/index{index}/level"))
        for size in _lines(Path(f"/sys/devices/system/cpu/cpu0/cache/index{index}/size"))
    ]
    return f"{name}, {os.cpu_count()} cores, {', '.join(caches) or 'caches unknown'}; load before the run: {load()}"


def load() -> str:
    """Load averages over 1, 5 and 15 minutes: other work on the machine makes everything here slower."""
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def readme(found: Sequence[Figure], command: str, where: str) -> str:
    """One table per section."""
    parts = ["# How long it takes", "", f"    {command}", "", f"{where}.", ""]
    for section in dict.fromkeys(figure.section for figure in found):
        parts += [f"## {section}", "", EXPLAINED[section], ""]
        parts += ["| | | | target | | |", "|:--|--:|:--|--:|:--|:--|"]
        parts += [_row(figure) for figure in found if figure.section == section] + [""]
    return "\n".join(parts)


def _row(figure: Figure) -> str:
    value = "" if figure.value is None else _number(figure.value)
    target = "" if figure.target is None else f"{'<=' if figure.at_most else '>='} {_number(figure.target)}"
    met = {True: "met", False: "**missed**", None: ""}[figure.met]
    return f"| {figure.what} | {value} | {figure.unit} | {target} | {met} | {figure.note} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(found: Sequence[Figure], command: str, where: str, out: Path) -> None:
    """README.md and bench.csv."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "bench.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, [*(field.name for field in fields(Figure)), "met"], lineterminator="\n")
        table.writeheader()
        for figure in found:
            value = "" if figure.value is None else f"{figure.value:.6g}"
            table.writerow({**asdict(figure), "value": value, "met": figure.met})
    write_page(out, readme(found, command, where))


def main() -> None:
    """Measure, print and write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "bench")
    options.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    options.add_argument("--demo", action="store_true")
    chosen = options.parse_args()
    where = machine()
    found = measure(chosen.only, chosen.demo)
    for figure in found:
        print(_row(figure))
    command = f"python -m experiments.bench --out reports/{chosen.out.name}"
    command += f" --only {' '.join(chosen.only)}" if tuple(chosen.only) != SECTIONS else ""
    command += " --demo" if chosen.demo else ""
    write(found, command, f"{where}; after it: {load()}", chosen.out)


if __name__ == "__main__":
    main()
