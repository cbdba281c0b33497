"""Time ZigZag on one matrix-vector product; run by bench_peers.py in an environment of its own.

    zigzag_gemv.py ROWS COLUMNS

Its own tpu_like accelerator and mapping (32 x 32), optimised for latency, at most six loop factors.
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import zigzag
from zigzag.api import get_hardware_performance_zigzag

REPEATS = 3


def main() -> None:
    """Run a few times; print the least seconds (wall-clock or CPU, whichever is less), and the cycles, as JSON."""
    rows, columns = map(int, sys.argv[1:3])
    inputs = Path(zigzag.__file__).parent / "inputs"
    layer = {
        "id": 0,
        "name": "layer",
        "operator_type": "Gemm",
        "equation": "O[b][k]+=W[k][c]*I[b][c]",
        "dimension_relations": [],
        "loop_dims": ["B", "K", "C"],
        "loop_sizes": [1, rows, columns],
        "operand_precision": {"O": 16, "O_final": 8, "W": 8, "I": 8},
        "operand_source": {"I": 0, "W": 0},
    }
    logging.disable(logging.CRITICAL)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(REPEATS):
            begin, busy = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                cycles = get_hardware_performance_zigzag(
                    workload=[layer],
                    accelerator=str(inputs / "hardware" / "tpu_like.yaml"),
                    mapping=str(inputs / "mapping" / "tpu_like.yaml"),
                    opt="latency",
                    dump_folder=f"out{number}",
                    lpf_limit=6,
                    loma_show_progress_bar=False,
                )[1]
            times.append(min(time.perf_counter() - begin, time.process_time() - busy))
    print(json.dumps({"seconds": min(times), "cycles": float(cycles)}))


if __name__ == "__main__":
    main()
