"""Run by a Python that has zigzag-dse: cost matrix products on ZigZag's own ``tpu_like``; one line of JSON.

zigzag_layers.py '[[VECTORS, ROWS, COLUMNS], ...]'
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Cycles and picojoules of each."""
    import zigzag
    from zigzag.api import get_hardware_performance_zigzag

    inputs, found = Path(zigzag.__file__).parent / "inputs", []
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, (vectors, rows, columns) in enumerate(json.loads(sys.argv[1])):
            layer = {
                "id": 0,
                "name": "layer",
                "operator_type": "Gemm",
                "equation": "O[b][k]+=W[k][c]*I[b][c]",
                "dimension_relations": [],
                "loop_dims": ["B", "K", "C"],
                "loop_sizes": [vectors, rows, columns],
                "operand_precision": {"O": 16, "O_final": 8, "W": 8, "I": 8},
                "operand_source": {"I": 0, "W": 0},
            }
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                energy_pj, cycles = get_hardware_performance_zigzag(
                    workload=[layer],
                    accelerator=str(inputs / "hardware" / "tpu_like.yaml"),
                    mapping=str(inputs / "mapping" / "tpu_like.yaml"),
                    opt="latency",
                    dump_folder=f"out{number}",
                    lpf_limit=6,
                    loma_show_progress_bar=False,
                )[:2]
            found.append([float(cycles), float(energy_pj)])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
