"""Time SCALE-Sim on one matrix-vector product; run by bench_peers.py in an environment of its own.

    scale_sim.py ROWS COLUMNS

32 x 32 weight-stationary cells, three SRAMs of 256 kB, bandwidth to be found (CALC), no traces on disk. The input files
are written here: the package ships none.
"""

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from scalesim.scale_sim import scalesim

CONFIGURATION = """
[general]
run_name = bench
[architecture_presets]
ArrayHeight: 32
ArrayWidth: 32
IfmapSramSzkB: 256
FilterSramSzkB: 256
OfmapSramSzkB: 256
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 16
Dataflow: ws
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 16
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 16
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 4
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def main() -> None:
    """Run once; print seconds (wall-clock or CPU, whichever is less) and cycles as JSON."""
    rows, columns = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("bench.cfg").write_text(CONFIGURATION)
        Path("bench.csv").write_text(f"Layer Name, M, N, K, Sparsity,\nlayer, 1, {rows}, {columns}, 1:1,\n")
        Path("layout.csv").write_text("")
        begin, busy = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            simulation = scalesim(
                save_disk_space=True, verbose=True, config="bench.cfg", topology="bench.csv", layout="layout.csv",
                input_type_gemm=True,
            )  # fmt: skip
            simulation.run_scale(top_path="out")
        seconds = min(time.perf_counter() - begin, time.process_time() - busy)
        with next(Path("out").rglob("COMPUTE_REPORT.csv")).open() as report:
            row = next(csv.DictReader(report, skipinitialspace=True))
        cycles = float(row["Total Cycles"])
    print(json.dumps({"seconds": seconds, "cycles": cycles}))


if __name__ == "__main__":
    main()
