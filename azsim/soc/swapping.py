"""The work of an encoder with branches on a chip that holds one branch at a time: a job more at every switch.

::

    encoder.0  encoder.1  [swap.small]  encoder.0.small  encoder.0.small  [swap.large]  encoder.0 ...
"""

from __future__ import annotations

from dataclasses import replace

from azsim.chip.swap import SWAP_LARGE, SWAP_SMALL
from azsim.nn.rnnt_programs import SMALL
from azsim.speech.work import Job, Work


def with_swaps(work: Work) -> Work:
    """The same work, with the branch brought in before it runs wherever another one (at first none) is there."""
    jobs: list[Job] = []
    there = ""
    for job in work.jobs:
        if job.name.startswith("encoder."):
            needed = SWAP_SMALL if job.name.endswith(SMALL) else SWAP_LARGE
            if needed != there:
                jobs.append(Job("npu", needed, job.step, job.release_ms))
                there = needed
        jobs.append(job)
    return replace(work, jobs=tuple(jobs))
