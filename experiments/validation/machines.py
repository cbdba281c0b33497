"""The lane rule and the tile pipeline against machines that share no formula with them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from azsim.chip.attribution import attribute
from azsim.chip.pipeline import run_pipeline
from azsim.reference.lane_cases import compare, lane_case
from azsim.reference.pipeline_machine import PipelineMachine
from azsim.reference.schedule_cases import random_chip, random_schedule
from experiments.validation.section import Section

LANE_CASES, SCHEDULES = 2400, 600


def lane_section() -> Section:
    """Random cases by kind."""
    cases: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    for seed in range(LANE_CASES):
        case = lane_case(seed)
        count, wrong = compare(case)
        cases[case.kind] += 1
        compared[case.kind] += count
        differing[case.kind] += len(wrong)
    rows = [[kind, cases[kind], compared[kind], differing[kind]] for kind in sorted(cases)]
    rows.append(["all", cases.total(), compared.total(), differing.total()])
    return Section(
        title="The lane rule, cycle by cycle",
        says=f"Cycles, positions taken and effectual products of {LANE_CASES:,} random cases (lanes, multipliers, "
        "window, blocks, queue, broadcast, minimum block, skip mode, store, tile size, weights and activations all "
        "drawn) against `azsim/reference/lane_machine.py`, which shares no code or formula with the model. Exact.",
        columns=["kind", "cases", "tiles x frames", "that differ"],
        rows=rows,
        holds=differing.total() == 0,
    )


def pipeline_section() -> Section:
    """Random schedules on random chips."""
    tiles = differing = unattributed = 0
    for seed in range(SCHEDULES):
        rng = np.random.default_rng(seed)
        chip, work = random_chip(rng), random_schedule(rng)
        result, model = run_pipeline(work, chip), PipelineMachine(work, chip)
        fetched = work.fetch_bytes > 0
        same = np.array_equal(result.times[1:], model.times[1:])
        same &= np.array_equal(result.times[0, fetched], model.times[0, fetched])
        tiles += len(work)
        differing += not same
        unattributed += sum(attribute(work, result, chip).values()) != result.total_cycles
    return Section(
        title="The tile pipeline",
        says="Ends of fetch, decode, multiply, vector and write of every tile against processes that hand tokens to "
        "each other (SimPy, `azsim/reference/pipeline_machine.py`, no recurrence in it): random mixes of streamed and "
        "resident tiles, dependencies, latencies, 1 to 3 buffers of each kind. Exact; and the causes of each run add "
        "up to its cycles.",
        columns=["schedules", "tiles", "schedules that differ", "causes that do not add up"],
        rows=[[SCHEDULES, tiles, differing, unattributed]],
        holds=differing == unattributed == 0,
    )
