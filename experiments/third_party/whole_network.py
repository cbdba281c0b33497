"""Run by a Python that has zigzag-dse and ethos-u-vela: what one of them says of a whole network; one line of JSON.

whole_network.py zigzag NET.onnx    on ZigZag's own ``tpu_like``
whole_network.py vela NET.tflite    for an Ethos-U65 of 256 multipliers, ``Ethos_U65_High_End``
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

CONFIGURATION = ["--accelerator-config", "ethos-u65-256", "--system-config", "Ethos_U65_High_End"]


def zigzag(network: Path) -> dict[str, float]:
    """Cycles and picojoules of all nodes that it takes, one after another."""
    import zigzag as package
    from zigzag.api import get_hardware_performance_zigzag

    inputs = Path(package.__file__).parent / "inputs"
    energy_pj, cycles = get_hardware_performance_zigzag(
        workload=str(network),
        accelerator=str(inputs / "hardware" / "tpu_like.yaml"),
        mapping=str(inputs / "mapping" / "tpu_like.yaml"),
        opt="latency",
        dump_folder="out",
        lpf_limit=6,
        loma_show_progress_bar=False,
    )[:2]
    return {"cycles": float(cycles), "energy_pj": float(energy_pj)}


def vela(network: Path) -> dict[str, float]:
    """Cycles of a whole inference, and multiplications that the processor does; what it does not is left to a CPU."""
    from ethosu.vela import vela as package

    package.main([str(network), *CONFIGURATION, "--output-dir", "out"])
    (summary,) = Path("out").glob("*_summary_*.csv")
    (row,) = csv.DictReader(summary.read_text().splitlines())
    return {"cycles": float(row["cycles_total"]), "macs": float(row["nn_macs"])}


def main() -> None:
    """What was asked."""
    network = Path(sys.argv[2]).resolve()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with contextlib.redirect_stdout(io.StringIO()):
            found = {"zigzag": zigzag, "vela": vela}[sys.argv[1]](network)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
