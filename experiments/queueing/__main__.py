"""The memory's compiled loop, its policies and the cores beside the closed forms of queueing theory.

    python -m experiments.queueing [--out reports/queueing] [--jobs 100000000] [--simpy-jobs 1000000]

Poisson requests go through the very loop that grants the device's chunks (`azsim.reference.poisson` calls
`azsim.soc.memory.loop.advance`), a byte taking a nanosecond. Service times thus are bytes; every wait, time in system
and count is compared with theory in standard errors of batch means. The SimPy layer is compared the same way: requests
submitted by a process, and preempted jobs on a core.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from azsim.report.page import write_page
from experiments.options import options_of
from experiments.queueing.checks import (
    SIZES,
    Check,
    discipline,
    listed,
    preemption,
    regulation,
    simpy_cores,
    simpy_memory,
    single_server,
)

COMMAND = "python -m experiments.queueing --out reports/queueing"


def main() -> None:
    """Measure, print, write."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs") / "queueing")
    parser.add_argument("--jobs", type=int, default=100_000_000)
    parser.add_argument("--simpy-jobs", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    jobs, few = options.jobs, options.simpy_jobs
    tasks: list[tuple[Callable[..., Iterator[Check]], tuple[object, ...]]] = [
        (single_server, (jobs, "M/D/1", (1000,))),
        (single_server, (jobs, "M/G/1", SIZES)),
        *((discipline, (jobs, name)) for name in ("fixed-priority", "fifo", "proportional-fair", "latency-regulated")),
        (preemption, (jobs,)),
        (regulation, (jobs,)),
        (simpy_memory, (few,)),
        (simpy_cores, (few,)),
    ]
    checks, begun = [], time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        running = [pool.submit(listed, *task) for task in tasks]
        for each in running:
            for one in each.result():
                checks.append(one)
                print(f"{time.perf_counter() - begun:7.0f} s  {one.what}: {one.measured:.5f}, theory {one.theory:.5f}, "
                      f"{one.errors:+.2f}", flush=True)  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out, checks)


def write(out: Path, checks: list[Check]) -> None:
    """The table as CSV and README."""
    with open(out / "queueing.csv", "w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("layer", "what", "jobs", "theory", "measured", "standard_error", "errors_apart", "holds"))
        for one in checks:
            rows.writerow((one.layer, one.what, one.jobs, f"{one.theory:.6f}", f"{one.measured:.6f}",
                           f"{one.error:.6f}", f"{one.errors:.3f}", one.holds))  # fmt: skip
    apart = [abs(one.errors) for one in checks if one.error]
    within = f"{sum(one.holds for one in checks)} of {len(checks)} hold"
    lines = [
        "# Queues", "", f"Made by `{COMMAND}`.", "",
        __doc__.split("\n\n", 2)[2].strip(), "",
        f"{within}; the largest distance is {max(apart):.1f} standard errors, and {sum(a > 2 for a in apart)} of "
        f"{len(apart)} lie beyond 2 (chance alone puts one in 22 there).", "",
        "| layer | what | jobs | theory | measured | apart |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in checks:
        apart_text = f"{one.errors:+.2f} standard errors" if one.error else f"{one.errors:.1%} of the bound"
        cells = (one.layer, one.what, f"{one.jobs:,}", f"{one.theory:.5g}", f"{one.measured:.5g}", apart_text)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *EXPLAINED, ""]
    write_page(out, "\n".join(lines))


EXPLAINED = (
    "Times are microseconds. The loop does not interrupt a chunk, so requests of several chunks lie between Cobham's "
    "formula (one chunk) and preemptive resume (chunks of no length); `chunked_responses` in "
    "`azsim/reference/queueing.py` is exact for any chunk, and that is what is compared. Jobs of a core are really "
    "interrupted, and there the closed form of preemptive resume holds itself.",
    "",
    "What this shows is that the order of grants and the bookkeeping are right. It says nothing about real traffic, "
    "which is not Poisson.",
)


if __name__ == "__main__":
    main()
