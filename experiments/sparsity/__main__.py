"""# Word errors against the share of zeros, by how the zeros are reached

    AZSIM_RUNS=... python -m experiments.sparsity --out reports/sparsity

The small student, whose word errors respond to zeros first. Post-training: the control, fine-tuned as long without
zeros, pruned afterwards. The others were fine-tuned by the recipes `sparsity/*`: gradually, by compressed sensing,
balanced among lanes, all at once at the start; and gradually with few bits as well. Weights are stored at 8 bits
(`bitmap`) unless a case says otherwise. Differences are paired; 95 % bootstrap intervals, by speaker for real people.
One training of each kind, one seed. Seconds per step are those of a loaded machine.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import azsim
from azsim.chip.build import tile_layout
from azsim.errors import InputError
from azsim.train.command import exported
from experiments.studies.figures import draw_histograms
from experiments.studies.findings import by_label, compared, listed, told
from experiments.studies.study import Case, StudyResult, main

SHARES = (50, 70, 80, 90)
JOINT = ((4, 50), (2, 50), (4, 80), (2, 80))
DEVICE = "az1"
LANES = [(0, "free", "quantisation/control")]
LANES += [
    (s, way, f"sparsity/{run}-{s}") for s in SHARES for way, run in (("free", "gradual"), ("balanced", "balanced"))
]
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


def shown(rows: Sequence[StudyResult]) -> str:
    """What zeros cost with and without training for them, how the ways compare, and what few bits add."""
    known = by_label(rows)
    return told(
        [
            *(_cost(known, share) for share in SHARES),
            *(
                compared(f"`{way}`", "`gradual`", {f"at {s} % zeros": known.get(f"{way} {s}") for s in SHARES})
                for way in ("sensing", "balanced")
            ),
            *(_few_bits(known, b, s) for b, s in JOINT),
        ]
    )


def _cost(known: Mapping[str, StudyResult], share: int) -> str | None:
    """WER of the ways at a share of zeros, beside the dense network's."""
    ways = ("gradual", "one-shot", "post-training")
    found = [
        f"{known[f'{way} {share}'].wer_synthetic_percent:.1f} % `{way}`" for way in ways if f"{way} {share}" in known
    ]
    if "dense" not in known or not found:
        return None
    dense = known["dense"].wer_synthetic_percent
    return f"With {share} % zeros, WER on synthetic speech is {listed(found)}, against {dense:.1f} % without zeros."


def _few_bits(known: Mapping[str, StudyResult], bits: int, share: int) -> str | None:
    """What few bits cost on top of zeros."""
    few, eight = known.get(f"{bits} bits, {share} %"), known.get(f"gradual {share}")
    if few is None or eight is None:
        return None
    rates = f"{few.wer_synthetic_percent:.1f} % at {bits} bits against {eight.wer_synthetic_percent:.1f} % at 8 bits"
    return f"With {share} % zeros, WER on synthetic speech is {rates}."


def lanes(rows: Sequence[StudyResult], runs: Path, out: Path) -> str:
    """What zeros save on the chip, free and balanced: lane cycles of all matrices once, weights resident."""
    device = azsim.load_device(DEVICE)
    lines = [
        f"## What the lanes make of it\n\nEvery matrix once on `{DEVICE}`, weights resident, no activation zero: "
        "cycles of the lanes, and the part in which they wait for the lane that has the most to do.\n",
        "| zeros | pattern | cycles | of it imbalance |",
        "|--:|:--|--:|--:|",
    ]
    for share, pattern, run in LANES:
        try:
            network = azsim.load_network(str(exported(run, runs)))
        except InputError:
            continue
        small = azsim.compress(
            network, codec="bitmap", weight_bits=8, sparsity=share / 100, layout=tile_layout(device.chip)
        )
        costs = [
            azsim.matvec(device.chip, matrix, np.ones(matrix.shape[1], np.int8), residency="decoded")
            for matrix in (small.decoded[name] for name in small.matrices)
        ]
        cycles, waiting = sum(c.cycles for c in costs), sum(c.causes["imbalance"] for c in costs)
        lines.append(f"| {share} % | {pattern} | {cycles:,} | {waiting / cycles:.1%} |")
    return "\n".join(lines) + "\n"


def histograms(rows: Sequence[StudyResult], runs: Path, out: Path) -> str:
    """How the weights of each way go to zero."""
    shown = {
        f"{way}, {s} %": runs / f"sparsity/{way}-{s}" for s in (70, 50) for way in ("gradual", "sensing", "one-shot")
    }
    return draw_histograms(shown, "weights", out)


if __name__ == "__main__":
    sys.exit(main("sparsity", __doc__ or "", shown, cases(), "sparsity", [lanes, histograms]))
