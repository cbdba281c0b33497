"""Wall-clock times of the commands, cold and warm, against their targets.

    python experiments/bench.py [--out reports/bench] [--demo]

Cold: an empty numba cache. Warm: the cache that the cold run left. ``--demo`` also clones the repository and times
``make demo`` there, installation included. Times are of this machine, at this moment; run it on an idle one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDING = "experiments/speech/test-seen-001.flac"


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds that a command takes; it must succeed."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def measure(scratch: Path, demo: bool) -> list[dict[str, object]]:
    """One row per command: what, seconds, target."""
    cache = {"NUMBA_CACHE_DIR": str(scratch / "numba"), "MPLCONFIGDIR": str(scratch / "matplotlib")}
    azsim = [sys.executable, "-m", "azsim"]
    compare = [*azsim, "compare", "--out", str(scratch / "compare")]
    run = [*azsim, "run", RECORDING, "--out", str(scratch / "run")]
    rows = [
        {"what": "azsim compare, cold", "seconds": timed(compare, ROOT, cache), "target_seconds": 90},
        {"what": "azsim compare, warm", "seconds": timed(compare, ROOT, cache), "target_seconds": 30},
        {
            "what": "azsim run, 3 s recording, warm",
            "seconds": min(timed(run, ROOT, cache) for _ in range(3)),
            "target_seconds": 5,
        },
    ]
    if demo:
        clone = scratch / "clone"
        begin = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        home = {"HOME": str(scratch / "home"), "VIRTUAL_ENV": ""}
        (scratch / "home").mkdir()
        timed(["make", "demo"], clone, {**home, "NUMBA_CACHE_DIR": str(scratch / "home-numba")})
        rows.append(
            {"what": "make demo, from clone to report", "seconds": time.perf_counter() - begin, "target_seconds": 300}
        )
    return rows


def main() -> None:
    """Measure, print and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "runs" / "bench")
    options.add_argument("--demo", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(Path(scratch), chosen.demo)
    for row in rows:
        print(f"{row['what']:34} {row['seconds']:7.1f} s   target {row['target_seconds']} s")
    chosen.out.mkdir(parents=True, exist_ok=True)
    answer = {
        "command": "python experiments/bench.py",
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "rows": rows,
    }
    (chosen.out / "bench.json").write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
