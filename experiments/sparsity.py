"""# Word errors against the share of zeros, by how the zeros are reached

    OPENBLAS_NUM_THREADS=1 python experiments/sparsity.py --out reports/sparsity

The small student, on which zeros tell sooner. Post-training: the control, fine-tuned as long without zeros, pruned
afterwards. The others were fine-tuned by the recipes `sparsity/*`: gradually, by compressed sensing, balanced among
lanes, all at once at the start; and gradually with few bits as well. Weights travel at 8 bits (`bitmap`) unless a case
says otherwise. Every held-out recording counts twice, as it is and in noise (5 to 15 dB). Differences are paired; 95 %
bootstrap intervals, by speaker for real people.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the studies share a package beside this script

from experiments.studies.study import Case, main

SHARES = (50, 70, 80, 90)
JOINT = ((4, 50), (2, 50), (4, 80), (2, 80))
CONTROL = "quantisation/control"


def cases() -> list[Case]:
    """All ways at all shares, then zeros and bits together."""
    found = [Case("dense", "post-training", CONTROL, "bitmap", 8)]
    found += [Case(f"post-training {s}", "post-training", CONTROL, "bitmap", 8, s / 100) for s in SHARES]
    for way in ("gradual", "sensing", "balanced", "one-shot"):
        against = "post-training" if way in ("gradual", "one-shot") else "gradual"
        found += [
            Case(f"{way} {s}", way, f"sparsity/{way}-{s}", "bitmap", 8, s / 100, f"{against} {s}") for s in SHARES
        ]
    for b, s in JOINT:
        label = f"{b} bits, {s} %"
        found.append(Case(f"post-training {label}", "post-training, few bits", CONTROL, "zvsv", b, s / 100))
        found.append(
            Case(label, "joint, few bits", f"sparsity/gradual-{s}-{b}bit", "zvsv", b, s / 100, f"post-training {label}")
        )
    return found


if __name__ == "__main__":
    sys.exit(main("sparsity", __doc__ or "", cases(), "sparsity"))
