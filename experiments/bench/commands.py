"""Wall-clock times of the commands, cold (an empty numba cache) and warm (the cache that the cold run left)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from experiments.bench.figure import Figure

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDING = "experiments/speech/test-seen-001.flac"
SECTION = "Commands"


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds that a command takes; it must succeed."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def figures(scratch: Path, demo: bool) -> list[Figure]:
    """``azsim compare`` cold and warm, ``azsim run``, and ``make demo`` from a fresh clone if asked for."""
    cache = {"NUMBA_CACHE_DIR": str(scratch / "numba"), "MPLCONFIGDIR": str(scratch / "matplotlib")}
    azsim = [sys.executable, "-m", "azsim"]
    compare = [*azsim, "compare", "--out", str(scratch / "compare")]
    run = [*azsim, "run", RECORDING, "--out", str(scratch / "run")]
    found = [
        _seconds("azsim compare, cold", timed(compare, ROOT, cache), 90),
        _seconds("azsim compare, warm", timed(compare, ROOT, cache), 30),
        _seconds("azsim run, 3 s recording, warm", min(timed(run, ROOT, cache) for _ in range(3)), 5),
    ]
    if demo:
        found.append(_seconds("make demo, from clone to report", _demo(scratch), 300))
    return found


def _demo(scratch: Path) -> float:
    clone, home = scratch / "clone", scratch / "home"
    home.mkdir()
    begin = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    timed(["make", "demo"], clone, {"HOME": str(home), "VIRTUAL_ENV": "", "NUMBA_CACHE_DIR": str(scratch / "cold")})
    return time.perf_counter() - begin


def _seconds(what: str, value: float, target: float) -> Figure:
    return Figure(SECTION, what, value, "s", target, at_most=True)
