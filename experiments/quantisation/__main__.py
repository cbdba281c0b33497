"""# Word errors against bits per weight, by four ways onto few values

    AZSIM_RUNS=... python -m experiments.quantisation --out reports/quantisation

On the small student, whose word errors respond to few bits first. Post-training: the control, fine-tuned as long in
fp32, quantised afterwards. The others were fine-tuned for their bits by the recipes `quantisation/*`: on the grid in
the forward pass, by a regulariser, between Lloyd-Max centroids with hard snaps. Everything runs in the integer engine,
activations and state in the chip's formats. Differences are paired with post-training at the same bits and grid; 95 %
bootstrap intervals, by speaker for real people. One training of each kind, one seed. Seconds per step are those of a
loaded machine; `reports/training_cost` compares the ways.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.studies.figures import draw_histograms
from experiments.studies.findings import best, by_label, compared, told
from experiments.studies.study import Case, StudyResult, main

BITS = (8, 6, 5, 4, 3, 2)
CHIP_BITS = (8, 4, 2)
FEW_BITS = (3, 2)
NEAR_POINTS = 2.0
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
        for b in CHIP_BITS
    ]  # fmt: skip
    return found


def shown(rows: Sequence[StudyResult]) -> str:
    """How far down post-training goes, what each way gains over it, and which is best with few bits."""
    known = by_label(rows)
    codecs = {"packed": "on the uniform grid (`packed`)", "palette": "on a palette"}
    return told(
        [
            *(_post_training(known, codec, words) for codec, words in codecs.items()),
            *(
                compared(
                    f"`{way}`",
                    f"post-training {codecs[codec]}",
                    {f"at {b} bits": known.get(f"{way} {b}") for b in BITS},
                )
                for way, codec in WAYS.items()
            ),
            *(
                best({f"`{name}`": known[f"{name} {b}"] for name in _names() if f"{name} {b}" in known}, f"At {b} bits")
                for b in FEW_BITS
            ),
            compared(
                "training with the chip's activations as well",
                "`fake-quant`",
                {f"at {b} bits": known.get(f"chip's activations {b}") for b in CHIP_BITS},
            ),
        ]
    )


def _names() -> list[str]:
    return ["post-training packed", "post-training palette", *WAYS]


def _post_training(known: Mapping[str, StudyResult], codec: str, words: str) -> str | None:
    """The fewest bits down to which quantising afterwards stays near fp32."""
    dense, near = known.get("fp32"), None
    for b in BITS:
        row = known.get(f"post-training {codec} {b}")
        if dense is None or row is None or row.wer_synthetic_percent > dense.wer_synthetic_percent + NEAR_POINTS:
            break
        near = b
    if near is None:
        return None
    return f"Post-training {words} stays within {NEAR_POINTS:g} points of fp32 on synthetic speech down to {near} bits."


def histograms(rows: Sequence[StudyResult], runs: Path, out: Path) -> str:
    """How the weights of each way come to lie on few values."""
    shown = {f"{way}, {b} bits": runs / f"quantisation/{way}-{b}" for b in (4, 2) for way in WAYS}
    text = draw_histograms(shown, "weights", out)
    return f"{text}Of `fake-quant` the real weights are shown, behind the grid.\n" if text else ""


if __name__ == "__main__":
    sys.exit(main("quantisation", __doc__ or "", shown, cases(), "weight_bits", [histograms]))
