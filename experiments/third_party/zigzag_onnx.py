"""Run by a Python that has zigzag-dse: cost an ONNX file on ZigZag's own ``tpu_like``; one line of JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Cost the file whose path is the first argument."""
    import zigzag
    from zigzag.api import get_hardware_performance_zigzag

    inputs = Path(zigzag.__file__).parent / "inputs"
    energy_pj, cycles, tree = get_hardware_performance_zigzag(
        workload=sys.argv[1],
        accelerator=str(inputs / "hardware" / "tpu_like.yaml"),
        mapping=str(inputs / "mapping" / "tpu_like.yaml"),
        opt="latency",
        dump_folder="dump",
        pickle_filename="dump/all.pickle",
        nb_spatial_mappings_generated=1,
    )
    layers = len(tree[0][1]) if tree else 0
    print(json.dumps({"cycles": float(cycles), "energy_pj": float(energy_pj), "layers": layers, "said": ""}))


if __name__ == "__main__":
    main()
