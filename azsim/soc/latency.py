"""Where the wait for the final words went, from the times at which the last step's jobs ran.

::

    true end of speech ──end-pointing──> end-point ──backlog──> last step: search | npu | search ...──> final words
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.soc.network import PS_PER_MS
from azsim.soc.timeline import LatencyParts
from azsim.speech.work import Engine, Work


@dataclass(frozen=True, slots=True)
class ChainStretch:
    """The chain of jobs waited for ``engine`` from ``start_ps`` to ``end_ps``, queueing included."""

    engine: Engine
    step: int
    start_ps: int
    end_ps: int


def end_pointing_ps(work: Work) -> int | None:
    """From the true end of speech to the end-point; None if it cannot be told (`Work.end_pointing_ms`)."""
    return None if work.end_pointing_ms is None else work.end_pointing_ms * PS_PER_MS


def split_latency(
    waited_ps: int | None, endpoint_ps: int, final_ps: int, last_step: int, stretches: Sequence[ChainStretch]
) -> LatencyParts:
    """Divide the time from the true end of speech to the final words; the parts add up exactly.

    After the end-point, stretches of the last step's jobs count as ``npu`` or ``search`` (front end and search on the
    cores), all the rest as ``backlog``: jobs of earlier steps that the last step had to wait for.

    Args:
        waited_ps: from the true end of speech to the end-point; None if it cannot be told.
        endpoint_ps, final_ps: when.
        last_step: the last step that the final words need.
        stretches: of the chain, one after another, not overlapping.
    """
    spent = {"npu": 0, "cpu": 0}
    for stretch in stretches:
        if stretch.step == last_step:
            spent[stretch.engine] += max(0, min(stretch.end_ps, final_ps) - max(stretch.start_ps, endpoint_ps))
    return LatencyParts(
        end_pointing_ps=waited_ps,
        backlog_ps=final_ps - endpoint_ps - spent["npu"] - spent["cpu"],
        npu_ps=spent["npu"],
        search_ps=spent["cpu"],
        network_ps=0,
    )
