"""# The one-percent claim: bytes and word errors from the teacher to the device

    AZSIM_RUNS=... python -m experiments.one_percent --out reports/one_percent

The waterfall: the teacher in fp32, the smaller network, fewer bits, zeros, the codec; and beside it the larger
compressed networks of the comparison. Bytes count bitstreams with headers, palettes and tables, and vectors at 4 bytes
an element. Differences are paired with the teacher; 95 % bootstrap intervals. One training of each kind, one seed. ANS
codes the trained network's int8 values as they are, near their entropy (hence "8" bits, of which it spends fewer).

The student and the large networks were trained in louder noise at last, the large ones in that of a kitchen as well,
the teacher was not. In noise, which is half of what is heard, the comparison therefore favours the small networks.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.one_percent.waterfall import draw_waterfall
from experiments.studies.findings import by_label, listed, more_errors, told
from experiments.studies.study import Case, StudyResult, main

LIMIT = 0.01
LARGEST_INCREASE = 0.10
COMPRESSIONS = ((3, 0), (4, 50), (3, 50), (2, 50))
LARGE = ((5, 50), (4, 75))
PLAIN = "palette"  # where there are no zeros to refill


def cases() -> list[Case]:
    """From the largest to the smallest, and what post-training compression would have given."""
    found = [
        Case("teacher fp32", "waterfall", "teacher", None, 32),
        Case("student fp32", "waterfall", "one_percent/control", None, 32, against="teacher fp32"),
        Case("student 8 bits", "waterfall", "one_percent/control", "raw", 8, against="teacher fp32"),
    ]
    for kind in ("zvsv", "ans"):
        for b, s in COMPRESSIONS:
            codec = PLAIN if kind == "zvsv" and not s else kind
            run, label = f"one_percent/{b}bit-{s}", f"{b} bits, {s} %, {codec}"
            places = 8 if codec == "ans" else b
            found.append(Case(label, f"trained, {kind}", run, codec, places, s / 100, "teacher fp32"))
    for b, s in LARGE:
        label = f"large network, {b} bits, {s} %, zvsv"
        found.append(Case(label, "large network", f"joint/{b}bit-{s}", "zvsv", b, s / 100, "teacher fp32"))
    for b, s in COMPRESSIONS:
        label = f"post-training {b} bits, {s} %"
        found.append(
            Case(label, "post-training", "one_percent/control", "zvsv" if s else PLAIN, b, s / 100, "teacher fp32")
        )
    return found


def shown(rows: Sequence[StudyResult]) -> str:
    """Whether the claim holds, what the student and its compression cost, and what comes nearest."""
    known = by_label(rows)
    teacher, student = known.get("teacher fp32"), known.get("student fp32")
    if teacher is None:
        return ""
    others = [row for row in rows if row is not teacher]
    small = [row for row in others if row.model_bytes <= LIMIT * teacher.model_bytes]
    held = [row.label for row in others if _holds(row, teacher)]
    compressed = [row for row in others if row.codec != "float"]
    near = min(compressed, key=lambda row: row.wer_synthetic_percent, default=None)
    return told(
        [
            f"{len(small)} of {len(others)} cases take at most {100 * LIMIT:g} % of the teacher's bytes; "
            + (f"the claim holds for {listed(held)}." if held else "the claim holds for none."),
            f"In fp32 the student, with {100 * student.model_bytes / teacher.model_bytes:.1f} % of the bytes, makes "
            f"{more_errors(student, teacher)} than the teacher."
            if student
            else None,
            *(_trained(known, b, s) for b, s in COMPRESSIONS),
            f"The compressed network nearest to the teacher is {near.label}, with "
            f"{100 * near.model_bytes / teacher.model_bytes:.1f} % of its bytes and {more_errors(near, teacher)}."
            if near
            else None,
        ]
    )


def _trained(known: Mapping[str, StudyResult], bits: int, zeros: int) -> str | None:
    """What training for bits and zeros saves against applying them afterwards."""
    trained = known.get(f"{bits} bits, {zeros} %, {'zvsv' if zeros else PLAIN}")
    after = known.get(f"post-training {bits} bits, {zeros} %")
    if trained is None or after is None:
        return None
    return (
        f"At {bits} bits and {zeros} % zeros the student's WER on synthetic speech is "
        f"{trained.wer_synthetic_percent:.1f} % if it was trained for them and {after.wer_synthetic_percent:.1f} % if "
        "they are applied afterwards."
    )


def _holds(row: StudyResult, teacher: StudyResult) -> bool:
    """Small enough and good enough."""
    pairs = (
        (row.wer_synthetic_percent, teacher.wer_synthetic_percent),
        (row.wer_real_percent, teacher.wer_real_percent),
    )
    is_as_good = all(mine <= (1 + LARGEST_INCREASE) * its for mine, its in pairs)
    return row.model_bytes <= LIMIT * teacher.model_bytes and is_as_good


def claim(rows: Sequence[StudyResult], runs: Path, out: Path) -> str:
    """Which cases are small enough and good enough, and the figure of how the bytes went."""
    by_label = {row.label: row for row in rows}
    teacher = by_label.get("teacher fp32")
    if teacher is None:
        return ""
    lines = [
        f"## At most {100 * LIMIT:g} % of the bytes, at most {100 * LARGEST_INCREASE:g} % more errors?\n",
        "The claim holds for a case that is within both limits, on synthetic and on real speech.\n",
        "| case | bytes over the teacher's | more errors, synthetic | more errors, real | holds |",
        "|:--|--:|--:|--:|:--|",
    ]
    for row in rows:
        if row is teacher:
            continue
        share = row.model_bytes / teacher.model_bytes
        pairs = (
            (row.wer_synthetic_percent, teacher.wer_synthetic_percent),
            (row.wer_real_percent, teacher.wer_real_percent),
        )
        more = [mine / its - 1 for mine, its in pairs]
        holds = "yes" if _holds(row, teacher) else "no"
        lines.append(f"| {row.label} | {share:.2%} | {more[0]:+.0%} | {more[1]:+.0%} | {holds} |")
    return "\n".join(lines) + "\n" + _waterfall(by_label, teacher, out)


def _waterfall(by_label: dict[str, StudyResult], teacher: StudyResult, out: Path) -> str:
    """Bytes of the same student after each thing done to it; the weights' share by bits per weight where no case is."""
    student = by_label.get("student fp32")
    coded = [row for row in by_label.values() if row.line.startswith("trained")]
    small = [row for row in coded if row.model_bytes <= LIMIT * teacher.model_bytes] or coded
    if student is None or not small:
        return ""
    last = min(small, key=lambda row: row.model_bytes)
    bits, zeros = int(last.label.split()[0]), round(100 * last.sparsity)
    plain = by_label[f"{bits} bits, {zeros} %, {'zvsv' if zeros else PLAIN}"]
    ans = by_label[f"{bits} bits, {zeros} %, ans"]
    eight = by_label["student 8 bits"]
    vectors = student.model_bytes - 32 / 8 * _weights(eight)
    bars = [
        ("teacher, fp32", teacher.model_bytes),
        ("student, fp32", student.model_bytes),
        ("8 bits", eight.model_bytes),
        (f"{bits} bits", round(vectors + _weights(eight) * bits / 8)),
        (f"and {zeros} % zeros: zvsv" if zeros else "as a palette", plain.model_bytes),
        ("with ANS for it", ans.model_bytes),
    ]
    draw_waterfall(bars, LIMIT * teacher.model_bytes, "waterfall", out)
    return "\n![bytes from teacher to device](waterfall.png)\n"


def _weights(row: StudyResult) -> float:
    """Weights of a case's network."""
    return 8 * row.model_bytes / row.bits_per_weight


if __name__ == "__main__":
    sys.exit(main("one_percent", __doc__ or "", shown, cases(), "model_bytes", [claim]))
