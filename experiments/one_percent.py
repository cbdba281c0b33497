"""# The one-percent claim: bytes and word errors from the teacher to the device

    OPENBLAS_NUM_THREADS=1 python experiments/one_percent.py --out reports/one_percent

The waterfall: the teacher in fp32, the smaller network, fewer bits, zeros, the codec; bytes count bitstreams with
headers, palettes and tables, and vectors at 4 bytes an element. The claim holds for a case with at most 1 % of the
teacher's bytes whose word error rate is at most 1.1 times the teacher's on synthetic and on real speech. Every held-
out recording counts twice, as it is and in noise (5 to 15 dB). Differences are paired with the teacher; 95 %
bootstrap intervals.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the studies share a package beside this script

from experiments.studies.study import Case, main

COMPRESSIONS = ((4, 50), (4, 60), (3, 50), (2, 50))


def cases() -> list[Case]:
    """From the largest to the smallest, and what post-training compression would have given."""
    found = [
        Case("teacher fp32", "waterfall", "teacher", None, 32),
        Case("student fp32", "waterfall", "one_percent/control", None, 32, against="teacher fp32"),
        Case("student 8 bits", "waterfall", "one_percent/control", "raw", 8, against="teacher fp32"),
    ]
    for codec in ("zvsv", "ans"):
        for b, s in COMPRESSIONS:
            run = f"one_percent/{b}bit-{s}"
            found.append(Case(f"{b} bits, {s} %, {codec}", f"trained, {codec}", run, codec, b, s / 100, "teacher fp32"))
    for b, s in COMPRESSIONS:
        label = f"post-training {b} bits, {s} %"
        found.append(Case(label, "post-training", "one_percent/control", "zvsv", b, s / 100, "teacher fp32"))
    return found


if __name__ == "__main__":
    sys.exit(main("one_percent", __doc__ or "", cases(), "model_bytes"))
