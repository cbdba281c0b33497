"""# Networks that nobody here made

    AZSIM_PACKAGES=... python -m experiments.third_party --out reports/third_party

Networks with their weights inside packages (`experiments/third_party/packages.py` names them; one that stands in no
table was not measured with this version), imported from ONNX or TFLite, held against ONNX Runtime in float, compressed
after training, and run from their bits by integer kernels. Grids are chosen on four recordings of voices that the
recogniser's test set calls seen, results are of eight of voices that it calls unseen; of wake words, both are of the
folder `AZSIM_DATA`, the word's from different splits. Where grids end is searched for by what the outputs lose on the
former. Times and energy are of inferences played on the device, energy above idling; cycles of the chip alone. Nothing
is fine-tuned.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from azsim.report.page import write_page
from experiments.third_party import tables
from experiments.third_party.measure import imported, measure
from experiments.third_party.packages import CASES, packages_folder
from experiments.third_party.peers import peers_python, vela_estimate, whole_estimates, zigzag_estimate

DATA = "measured.json"
ASKED = ("whole", "zigzag", "vela")
"""What peers said, kept where they are not asked."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, keep what was measured before, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=packages_folder(), help="the folder of wheels")
    parser.add_argument("--out", type=Path, default=Path("reports/third_party"))
    parser.add_argument("--only", action="append", help="measure these networks anew and keep the others")
    parser.add_argument("--peers", type=Path, help="a Python that has the peers (default: one is made in the cache)")
    parser.add_argument("--codecs", action="store_true", help="run every codec anew on weights that they took before")
    parser.add_argument("--no-peers", action="store_true", help="ask no peers")
    parser.add_argument("--peers-only", action="store_true", help="ask the peers anew and keep what was measured")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    python = None if options.no_peers else options.peers or peers_python()
    known = json.loads((options.out / DATA).read_text()) if (options.out / DATA).exists() else {}
    for case in CASES:
        if options.only and case.name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = case.extracted(options.packages, Path(folder))
            before = known.get(case.name, {})
            codecs = None if options.codecs else before.get("codecs")
            found = before if options.peers_only else measure(case, file, codecs).to_json()
            found = {**{key: before[key] for key in ASKED if key in before}, **found}
            if python is not None:
                network = imported(case, file)
                found["whole"] = whole_estimates(python, network, file, Path(folder))
                found["zigzag"] = zigzag_estimate(python, network.network)
                found["vela"] = vela_estimate(python, network.network)
        known[case.name] = found
        (options.out / DATA).write_text(json.dumps(known, indent=1, allow_nan=False) + "\n")
    if known:
        write_page(options.out, page([known[case.name] for case in CASES if case.name in known]))


def page(rows: Sequence[dict]) -> str:
    """The report's page."""
    parts = {
        "Import": tables.imports(rows),
        "From the bits": tables.accuracy(rows),
        "Bits per weight by codec": tables.codecs(rows),
        "On devices": tables.devices(rows),
        "Others' estimates of the same networks": tables.peers(rows),
    }
    text = (__doc__ or "").strip()
    return "\n".join([text, *(f"\n## {title}\n\n{part}" for title, part in parts.items())])


if __name__ == "__main__":
    main()
