"""The memory ladder: banks beside their closed forms, latency against load at three fidelities, a device at each.

    python -m experiments.memory [--out reports/memory] [--requests 30000]

Unloaded latency, streaming peak, refresh-limited ceiling and one-bank bandwidth are measured on the very functions that
the `bank` memory calls per access (`azsim.soc.memory.dram`). For latency against load a core reads single lines, 1 % of
the peak, beside a Poisson stream of 4 KiB requests in order; how much longer than on an idle memory its reads take is
measured with the device's compiled loop (`burst`, `bank`) or computed with the formulas of the `analytic` memory.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from statistics import mean

from msgspec.structs import replace

import azsim
from azsim.arbitration import CPU, MICROPHONE, NETWORK
from azsim.chip.build import build_schedules, tile_layout
from azsim.compare.experiment import load_experiment
from azsim.compare.production import draw
from azsim.compare.runner import make_setup
from azsim.compare.setup import compressed
from azsim.compare.trained import recognise
from azsim.devices.dram_parts import TIMINGS
from azsim.devices.spec import Device
from azsim.reference.poisson import Source, poisson_load
from azsim.reference.probe import Probe
from azsim.reference.queueing import Arrivals, fifo_wait, priority_waits
from azsim.report.figures.style import (
    COLOURS,
    Margins,
    label_below,
    label_left,
    panel_grid,
    report_style,
    save_png,
    save_svg,
)
from azsim.report.page import write_page
from azsim.soc import simulate
from azsim.speech.replay import replay
from experiments.options import options_of

COMMAND = "python -m experiments.memory --out reports/memory"
PEAKS_GBPS = {"lpddr4-3200-x16": 6.4, "lpddr4-3200-x16-4gb": 6.4, "lpddr4-4266-2x16": 64 / 3.75, "lpddr3-1600-x32": 6.4}
CONFIGURATION, UTTERANCES = "5-bit zvsv 50%", 1
LINE, STREAM = 64, 4096
PROBE_LOAD = 0.01
WAITING_ROOM = 500
MODERATE_LOAD = 0.5
FIDELITIES = ("analytic", "burst", "bank")
LOADS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
Rows = list[dict[str, object]]


def closed_forms() -> Rows:
    """Formula and measurement of each check, for each part."""
    rows: Rows = []
    for name, timings in TIMINGS.items():
        burst_ps = round(timings.burst_bytes * 1000 / PEAKS_GBPS[name])
        peak = timings.burst_bytes * 1000 / burst_ps

        def add(what: str, unit: str, formula: float, measured: float, name: str = name) -> None:
            rows.append({"part": name, "check": what, "unit": unit, "formula": formula, "measured": measured})

        quiet, one = 10**6, timings.burst_bytes
        probe = Probe(timings, burst_ps)
        cases = (("row closed", 0, timings.closed_ps), ("row open", one, timings.hit_ps))
        for number, (what, address, formula) in enumerate(
            (*cases, ("row conflict", probe.in_row(1), timings.conflict_ps))
        ):
            at = (number + 1) * quiet
            took = probe.access(address, size=one, at=at)[1] - at
            add(f"unloaded latency, {what}", "ns", formula(burst_ps) / 1000, took / 1000)
        probe, count = Probe(timings, burst_ps), 100_000
        times = [probe.access(number * LINE) for number in range(count)]
        add("streaming reads, no refresh", "GB/s", peak, count * LINE * 1000 / (times[-1][1] - times[0][0]))
        probe = Probe(timings, burst_ps, refreshed=True)
        end = moved = 0
        while end < 1000 * timings.refi_ps:
            _, end = probe.access(moved * LINE)
            moved += 1
        add(
            "streaming reads with refresh, share of the peak",
            "",
            timings.refresh_ceiling(),
            moved * LINE * 1000 / end / peak,
        )
        probe, count = Probe(timings, burst_ps), 10_000
        starts = [probe.access(probe.in_row(row))[0] for row in range(count)]
        add(
            "ever new rows of one bank",
            "GB/s",
            timings.conflict_gbps(),
            (count - 1) * LINE * 1000 / (starts[-1] - starts[0]),
        )
    return rows


def changed(fidelity: str, arbitration: str) -> Device:
    """``az1`` with another memory."""
    device = azsim.load_device("az1")
    memory = replace(device.memory, fidelity=fidelity, arbitration=arbitration, frontend_latency_ns=0.0)
    return replace(device, memory=memory)


def core_read_ns(fidelity: str, arbitration: str, load: float, write_share: float, requests: int) -> float:
    """Mean time in the memory of a core's read of a line, beside a stream of that load (share of the peak)."""
    device = changed(fidelity, arbitration)
    bytes_per_us = device.memory.peak_gbps * 1000
    probe = Source(CPU, PROBE_LOAD * bytes_per_us / LINE, (LINE,), scattered=True)
    reads, writes = load * (1 - write_share), load * write_share
    streams = [(NETWORK, reads, False), (MICROPHONE, writes, True)]
    sources = [Source(who, share * bytes_per_us / STREAM, (STREAM,), write) for who, share, write in streams if share]
    return poisson_load(device, [probe, *sources], requests, waiting_room=WAITING_ROOM).response_ps(CPU)[0] / 1000


def analytic_wait_ns(arbitration: str, load: float) -> float:
    """The mean wait that the analytic memory computes for a core, once it knows the stream's load."""
    memory = changed("analytic", arbitration).memory
    service_ns = STREAM / (memory.peak_gbps * memory.efficiency)
    stream = Arrivals(load / memory.efficiency / service_ns, service_ns, service_ns**2)
    if stream.load >= 1:
        raise OverflowError
    return fifo_wait([stream]) if arbitration == "fifo" else priority_waits([Arrivals(0.0, 1.0, 1.0), stream])[0]


CURVES = (("analytic", 0.0), ("burst", 0.0), ("bank", 0.0), ("bank", 1 / 3))


def latency_against_load(requests: int) -> Rows:
    """Added latency of a core's reads, per policy, fidelity, share of writes and load."""
    rows: Rows = []
    for arbitration in ("fifo", "fixed-priority"):
        for fidelity, write_share in CURVES:
            if write_share and arbitration == "fixed-priority":
                continue  # writes come from the microphone's side, which goes before a core
            idle_ns = 0.0
            for load in LOADS:
                try:
                    if fidelity == "analytic":
                        took = analytic_wait_ns(arbitration, load)
                    else:
                        took = core_read_ns(fidelity, arbitration, load, write_share, requests)
                except OverflowError:
                    break  # more is asked for than it gives
                idle_ns = took if load == 0 else idle_ns
                added = took - idle_ns
                print(arbitration, fidelity, f"{write_share:.2f} {load:.2f} {added:8.1f} ns", flush=True)
                rows.append({"policy": arbitration, "fidelity": fidelity, "write_share": round(write_share, 3),
                             "offered_share_of_peak": load, "added_latency_ns": round(added, 2)})  # fmt: skip
    return rows


def figure(rows: Rows) -> tuple[bytes, bytes]:
    """Two panels, one per policy: SVG and PNG."""
    with report_style():
        drawing, grid = panel_grid(Margins(0.85, 0.2, 0.45, 0.6, across=0.35), [3.2], [1.0, 1.0])
        titles = {"fifo": "first come, first served", "fixed-priority": "the core before the stream"}
        for axes, policy in zip(grid[0], titles, strict=True):
            for number, (fidelity, share) in enumerate(CURVES):
                mine = [row for row in rows if row["policy"] == policy and row["fidelity"] == fidelity]
                mine = [row for row in mine if abs(row["write_share"] - share) < 0.01]
                if not mine:
                    continue
                label = f"{fidelity}, a third writes" if share else fidelity
                xs = [100 * row["offered_share_of_peak"] for row in mine]
                ys = [max(row["added_latency_ns"], 1.0) for row in mine]
                axes.plot(xs, ys, marker="os^D"[number], markersize=4, color=COLOURS[number], label=label)
            axes.axvline(100 * TIMINGS["lpddr4-3200-x16"].refresh_ceiling(), color="#777777", linestyle=":")
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.set_ylim(1, 3e4)
            axes.set_xlim(0, 100)
            axes.set_title(titles[policy])
            label_below(axes, "offered load of the stream, % of the peak", 0.35)
            axes.legend(loc="upper left")
        grid[0][1].tick_params(labelleft=False)
        label_left(grid[0][0], "added latency of a core's read, ns", 0.6)
        return save_svg(drawing), save_png(drawing)


def whole_device() -> Rows:
    """The production-size recogniser on ``az1``, with music, at each fidelity."""
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=UTTERANCES)
    configuration = next(each for each in experiment.configuration if each.name == CONFIGURATION)
    trained = compressed(setup, configuration)
    large = draw(trained, experiment.production, tile_layout(setup.device.chip), experiment.seed)
    recognitions = recognise(trained, setup)
    works = [replay(each.work, each.transcript.label_steps, large.network.programs()) for each in recognitions]
    schedules = build_schedules(setup.device.chip, large)
    rows: Rows = []
    for fidelity in FIDELITIES:
        memory = replace(setup.device.memory, fidelity=fidelity)
        device = replace(setup.device, memory=memory)
        if fidelity != "bank":  # whose loop is compiled by then
            simulate(device, works[0], schedules, music=setup.music)
        begun = time.process_time()
        lines = [simulate(device, work, schedules, music=setup.music, seed=index) for index, work in enumerate(works)]
        took = time.process_time() - begun
        row: dict[str, object] = {"fidelity": fidelity}
        row |= {f"{engine}_busy_ms": mean([line.busy_ps[engine] / 1e9 for line in lines]) for engine in ("npu", "dram")}
        row["npu_dram_cause_ms"] = mean([line.npu_causes_ps["dram"] / 1e9 for line in lines])
        row["latency_ms"] = mean(
            [part.total_ps / 1e9 for line in lines if (part := line.latency) and part.total_ps is not None]
        )
        gigabytes = sum(sum(line.dram_read_bytes.values()) for line in lines) / 1e9
        rows.append(row | {"process_s": took, "process_s_per_gb": took / gigabytes})
        print(rows[-1], flush=True)
    return rows


def table(rows: Rows, heads: dict[str, str]) -> list[str]:
    """Markdown."""
    lines = [f"| {' | '.join(heads.values())} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [f"{row[key]:.4g}" if isinstance(row[key], float) else str(row[key]) for key in heads]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure, print, write."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs") / "memory")
    parser.add_argument("--requests", type=int, default=30_000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    checks = closed_forms()
    for row in checks:
        print(row, flush=True)
    devices = whole_device()
    loads = latency_against_load(options.requests)
    for name, rows in (("checks", checks), ("latency", loads), ("device", devices)):
        stream = io.StringIO(newline="")
        out = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
        (options.out / f"{name}.csv").write_text(stream.getvalue())
    svg, png = figure(loads)
    (options.out / "latency.svg").write_bytes(svg)
    (options.out / "latency.png").write_bytes(png)
    write_page(options.out, "\n".join(readme(checks, loads, devices)))


def readme(checks: Rows, loads: Rows, devices: Rows) -> list[str]:
    """The report's words and tables."""
    forms = {"part": "part", "check": "check", "unit": "unit", "formula": "formula", "measured": "measured"}
    runs = {
        "fidelity": "fidelity",
        "npu_busy_ms": "processor busy, ms",
        "npu_dram_cause_ms": "of it waiting for memory, ms",
        "dram_busy_ms": "data on the bus, ms",
        "latency_ms": "latency, ms",
        "process_s": "seconds to simulate",
        "process_s_per_gb": "seconds per GB",
    }
    return [
        "# Memory", "", f"Made by `{COMMAND}`.", "", __doc__.split("\n\n", 2)[2].strip(), "",
        "## Closed forms", "", *table(checks, forms), "",
        "The refresh formula counts from the last read before a refresh to the first after it; one burst would have "
        "passed in that time anyway, and the measured share is higher by that.", "",
        "## Latency against load", "", "![added latency](latency.svg)", "",
        *shown(loads, devices), "",
        "## The production-size recogniser on az1, with music", "", *table(devices, runs), "",
        f"Utterances: {UTTERANCES}; {CONFIGURATION}, weights streamed; seconds are processor time of the "
        "machine that made the report.", "",
    ]  # fmt: skip


def shown(loads: Rows, devices: Rows) -> list[str]:
    """What the curves and the last table say, from them."""
    return [
        "The dotted line is the refresh-limited ceiling. A core's line waits for the stream's requests before it, "
        f"however they are cut up. {_agreement(loads)} With the core before the stream it waits for the rest of one "
        f"grant: of {STREAM // 1024} KiB in `burst` and `analytic`, of {LINE} bytes and a conflict in `bank`; so "
        f"`burst` overstates what a single line of high priority waits by up to a chunk. {_busy(devices)}",
        "",
        "Accuracy: the timings have a source each (`azsim/devices/dram_parts.py`). The order of accesses is that of "
        "one plausible controller. Where each client's bytes lie is assumed. A curve ends where more than "
        f"{WAITING_ROOM} requests wait: more is asked for than the memory gives.",
    ]


def _agreement(loads: Rows) -> str:
    """How far apart the fidelities are below and above the load from which conflicts and refreshes count."""
    curves: dict[float, dict[str, float]] = {}
    for row in loads:
        load = float(str(row["offered_share_of_peak"]))
        if row["policy"] == "fifo" and not float(str(row["write_share"])) and load > 0:
            curves.setdefault(load, {})[str(row["fidelity"])] = float(str(row["added_latency_ns"]))
    apart = {
        load: max(found.values()) / min(found.values()) - 1
        for load, found in curves.items()
        if len(found) == len(FIDELITIES) and min(found.values()) > 0
    }
    low = [value for load, value in apart.items() if load <= MODERATE_LOAD]
    high = [value for load, value in apart.items() if load > MODERATE_LOAD]
    parts = [
        f"{words} their added latencies differ by at most {100 * max(found):.0f} %"
        for words, found in ((f"up to {100 * MODERATE_LOAD:.0f} % of the peak", low), ("above it", high))
        if found
    ]
    return f"First come, first served, reads alone: {', '.join(parts)}." if parts else ""


def _busy(devices: Rows) -> str:
    """How much longer the processor is busy where banks are modelled."""
    busy = {str(row["fidelity"]): float(str(row["npu_busy_ms"])) for row in devices}
    if not {"bank", "burst"} <= busy.keys():
        return ""
    change = 100 * (busy["bank"] / busy["burst"] - 1)
    than = "longer" if change >= 0 else "shorter"
    return (
        f"For requests of kilobytes, which the processor and the DMA clients make, the processor is busy "
        f"{abs(change):.1f} % {than} in `bank` than in `burst` (last table)."
    )


if __name__ == "__main__":
    main()
