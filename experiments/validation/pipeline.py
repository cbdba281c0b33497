"""The pipeline's recurrences against a SimPy model of the same pipeline."""

from __future__ import annotations

import numpy as np

from azsim.chip.attribution import attribute
from azsim.chip.pipeline import run_pipeline
from azsim.reference.pipeline_machine import Pipeline
from azsim.reference.schedule_cases import random_chip, random_schedule
from experiments.validation.section import Section

CASES = 600


def section() -> Section:
    """Random schedules on random chips."""
    tiles = differing = unattributed = 0
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        chip, work = random_chip(rng), random_schedule(rng)
        result, model = run_pipeline(work, chip), Pipeline(work, chip)
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
        rows=[[CASES, tiles, differing, unattributed]],
        holds=differing == unattributed == 0,
    )
