"""# A small student with and without a teacher

    AZSIM_RUNS=... python experiments/teacher_student.py --out reports/teacher_student

A network of 0.76 M weights, made of the most important cells of the recogniser and trained again (`student`), goes on
for the same steps on the same data: by itself; with the three-way lattice of the teacher, or of a streaming one (the
base); with the outputs of the teacher's encoder as well; and with real people whose text nobody wrote down as well, in
whom the teacher alone is heard (and whose word counts less). Beside it stands the same network from scratch. Teachers
in fp32, students in the integer engine at 8 bits. Every held-out recording counts twice, as it is and in noise that no
training heard (5 to 15 dB). Differences are paired with the student by itself; 95 % bootstrap intervals, by speaker
for real people. Seconds per step are those of a loaded machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the studies share a package beside this script

from experiments.studies.study import Case, main

SHOWN = """The teacher hears better than the recogniser that it grew from. Beginning with the recogniser's cells is
worth far more to the student than any teacher: in half the steps of the network from scratch it makes fewer than two
thirds of its errors. With the same steps on the same recordings, every student that hears a teacher makes fewer
errors than the one by itself, most of all on real people. With the three-way lattice alone the difference is within
chance, of the teacher that hears the future as of the streaming one; with the encoder's outputs as well it is 1.8
points, and with real recordings that nobody wrote down 1.6 points, both beyond chance. One seed; the weights of the
terms were not tuned."""
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


if __name__ == "__main__":
    sys.exit(main("teacher_student", __doc__ or "", SHOWN, cases(), None))
