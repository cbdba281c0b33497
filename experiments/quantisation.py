"""# Word errors against bits per weight, by four ways onto few values

    AZSIM_RUNS=... python experiments/quantisation.py --out reports/quantisation

On the small student (0.76 M weights), where few bits tell sooner. Post-training: the control, fine-tuned as long in
fp32, quantised afterwards. The others were fine-tuned for their bits, 600 steps each, by the recipes `quantisation/*`:
on the grid in the forward pass, by a regulariser, between Lloyd-Max centroids with hard snaps. Everything runs in the
integer engine, activations and state in the chip's formats. Every held-out recording counts twice, as it is and in
noise that no training heard (5 to 15 dB). Differences are paired with post-training at the same bits and grid; 95 %
bootstrap intervals, by speaker for real people. Seconds per step are those of a loaded machine;
`reports/training_cost` compares the ways.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the studies share a package beside this script

from experiments.studies.histograms import draw_histograms
from experiments.studies.study import Case, Row, main

SHOWN = """From 8 to 4 bits there is next to nothing to gain: post-training quantisation stays within two points of
fp32 on either grid, and training for the bits is within chance of it, but for two points between the centroids at 4
bits. The gap opens at 3 bits and is wide at 2. On the uniform grid the forward pass (`fake-quant`) is the best way:
9 points at 3 bits, 46 at 2. The regulariser (`regularised`) is between it and post-training: at its strength, which
was not tuned, part of the weights never reaches the grid and is rounded in the end. A palette alone does much of
what training does on the uniform grid; training between its centroids (`multi-regional`) gains two points more at 4
and 3 bits, where it is the best of all, and six at 2, where the forward pass on the uniform grid is better. Training
with the activations in the chip's integers as well changes nothing at 8 and 4 bits, so calibrating them afterwards
is enough; at 2 bits, where the weights alone are hard enough to train, it costs three points. What real people say
tells the gaps at 3 and 2 bits, and nothing finer, with seven speakers. One seed each."""
BITS = (8, 6, 5, 4, 3, 2)
WAYS = {"fake-quant": "packed", "regularised": "packed", "multi-regional": "palette"}


def cases() -> list[Case]:
    """All ways at all bits."""
    found = [Case("fp32", "fp32", "quantisation/control", None, 32)]
    for codec in ("packed", "palette"):
        found += [
            Case(f"post-training {codec} {b}", f"post-training {codec}", "quantisation/control", codec, b) for b in BITS
        ]
    for way, codec in WAYS.items():
        found += [
            Case(f"{way} {b}", way, f"quantisation/{way}-{b}", codec, b, against=f"post-training {codec} {b}")
            for b in BITS
        ]
    found += [
        Case(f"chip's activations {b}", "with the chip's activations", f"quantisation/chip-{b}", "packed", b,
             against=f"fake-quant {b}")
        for b in (8, 4, 2)
    ]  # fmt: skip
    return found


def histograms(rows: Sequence[Row], runs: Path, out: Path) -> str:
    """How the weights of each way come to lie on few values."""
    shown = {f"{way}, {b} bits": runs / f"quantisation/{way}-{b}" for b in (4, 2) for way in WAYS}
    text = draw_histograms(shown, "weights", out)
    return f"{text}Of `fake-quant` the real weights are shown, behind the grid.\n" if text else ""


if __name__ == "__main__":
    sys.exit(main("quantisation", __doc__ or "", SHOWN, cases(), "weight_bits", [histograms]))
