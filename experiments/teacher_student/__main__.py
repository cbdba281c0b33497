"""# A small student with and without a teacher

    AZSIM_RUNS=... python -m experiments.teacher_student --out reports/teacher_student

A small network, made of the most important cells of the recogniser and trained again (`student`), is trained further
for the same steps on the same data: by itself; with the three-way lattice of the teacher, or of a streaming one (the
base); with the outputs of the teacher's encoder as well; and with untranscribed recordings of real people as well,
which the teacher alone labels (and which count less). Beside it stands the same network from scratch. Teachers in fp32,
students in the integer engine at 8 bits. Differences are paired with the student by itself; 95 % bootstrap intervals,
by speaker for real people. One training of each kind, one seed; the weights of the terms were not tuned. Seconds per
step are those of a loaded machine.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from experiments.studies.findings import by_label, compared, more_errors, told
from experiments.studies.study import Case, StudyResult, main

WAYS = ("lattice", "lattice-and-encoder", "streaming-teacher", "unlabelled")


def cases() -> list[Case]:
    """Teachers, the student that all go on from, then the ways in which it goes on."""
    return [
        Case("teacher", "teacher", "teacher", None, 32),
        Case("base", "base", "base", None, 32),
        Case("before", "before", "student", "raw"),
        Case("from scratch", "from scratch", "student_from_scratch", "raw", against="before"),
        Case("alone", "alone", "distilled/alone", "raw"),
        *(Case(way, way, f"distilled/{way}", "raw", against="alone") for way in WAYS),
    ]


def shown(rows: Sequence[StudyResult]) -> str:
    """How the teacher compares with the base, the pruned start with none, and each way with the student alone."""
    known = by_label(rows)
    teacher, base = known.get("teacher"), known.get("base")
    return told(
        [
            f"The teacher makes {more_errors(teacher, base)} compared with the base." if teacher and base else None,
            compared("the network from scratch", "the student before it goes on", {"": known.get("from scratch")}),
            *(compared(f"`{way}`", "the student alone", {"": known.get(way)}) for way in WAYS),
        ]
    )


if __name__ == "__main__":
    sys.exit(main("teacher_student", __doc__ or "", shown, cases(), None))
