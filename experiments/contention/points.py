"""What is run: a configuration under a load, the sweep, the search for the first miss, and the answers that are kept.

::

    sweep, searches ──(those not in the file)──> answers ──> file ──> report
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

POLICIES = (
    "fifo", "fixed-priority", "proportional-fair", "rate-regulated", "latency-regulated", "window-threshold"
)  # fmt: skip
LOADS_GBPS = (0.0, 1.5, 3.0, 5.0)
PEAKS_GBPS = (1.6, 2.13, 3.2, 6.4, 12.8)
NETWORKS = (0, 1, 2, 3, 4)
MUSIC_KBPS = (0, 96, 320, 1000, 9216)
SHOWN = ("int8 raw", "5-bit zvsv 50%")
"""The configurations in which every policy and every bit rate is run."""
SEARCHED = ("fifo", "fixed-priority")
HEADROOM_GBPS = 0.1
STREAMS, REQUEST_BYTES = 4, 65536
MOST_GBPS = 6.4


@dataclass(frozen=True)
class LoadPoint:
    """One run: a configuration and a load."""

    config: str
    policy: str = "fixed-priority"
    background_gbps: float = 0.0
    peak_gbps: float = 6.4
    networks: int = 0
    music_kbps: int = -1  # as the shipped track is


@dataclass(frozen=True)
class Measures:
    """What came of a point.

    Attributes:
        step_p50_ms, step_p90_ms, step_p99_ms: release of a step to the end of its last job, over all steps.
        words_p50_ms: end-point to final words, over the utterances.
        miss_share: steps that ended after the next one's release, or not before the session's end, over all steps.
        underruns, periods: of the music.
        npu_busy_share, dram_busy_share: of the session.
        npu_gbps, cpu_gbps, playback_gbps, network_gbps: moved, over the session.
        npu_waited_share: time that the processor's chunks waited for others, of the session.
        late_runs_share: runs of other networks that took longer than their period.
    """

    step_p50_ms: float
    step_p90_ms: float
    step_p99_ms: float
    words_p50_ms: float
    miss_share: float
    underruns: int
    periods: int
    npu_busy_share: float
    dram_busy_share: float
    npu_gbps: float
    cpu_gbps: float
    playback_gbps: float
    network_gbps: float
    npu_waited_share: float
    late_runs_share: float


@dataclass(frozen=True)
class LimitSearch:
    """Look for the least load, in steps of `HEADROOM_GBPS`, at which a step misses its deadline."""

    point: LoadPoint


@dataclass(frozen=True)
class Waits:
    """Measure who waits for whom at a point."""

    point: LoadPoint


Task = LoadPoint | LimitSearch | Waits
Answer = Measures | float | list[list[float]]


def config_of(task: Task) -> str:
    """The configuration that a task needs."""
    return task.config if isinstance(task, LoadPoint) else task.point.config


def points_of(configs: Sequence[str]) -> list[LoadPoint]:
    """The sweep, one factor after another, each point once."""
    found = [LoadPoint(config, policy, load) for config in configs for policy in SEARCHED for load in LOADS_GBPS]
    found += [LoadPoint(config, policy, load) for config in SHOWN for policy in POLICIES for load in LOADS_GBPS]
    found += [LoadPoint(config, "fifo", 1.5, peak) for config in SHOWN for peak in PEAKS_GBPS]
    found += [LoadPoint(config, networks=count) for config in SHOWN for count in NETWORKS]
    found += [LoadPoint(config, "fifo", 3.0, music_kbps=kbps) for config in SHOWN for kbps in MUSIC_KBPS]
    return list(dict.fromkeys(found))


class Kept:
    """Answers by task, in memory and in a file from which a later run goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._answers: dict[str, object] = dict(json.loads(line) for line in lines)

    def __contains__(self, task: Task) -> bool:
        return _key(task) in self._answers

    def measures(self, point: LoadPoint) -> Measures:
        """Of a point that was run."""
        return Measures(**self._answers[_key(point)])

    def load(self, search: LimitSearch) -> float:
        """That a search found."""
        return self._answers[_key(search)]

    def waits(self, task: Waits) -> list[list[float]]:
        """Share of the time that each client (row) waited for each (column)."""
        return self._answers[_key(task)]

    def put(self, task: Task, answer: Answer) -> None:
        """Keep an answer."""
        content = asdict(answer) if isinstance(answer, Measures) else answer
        self._answers[_key(task)] = content
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([_key(task), content]) + "\n")


def _key(task: Task) -> str:
    return json.dumps([type(task).__name__, asdict(task)], sort_keys=True)
