"""# A small student with and without a teacher

    OPENBLAS_NUM_THREADS=1 python experiments/teacher_student.py --out reports/teacher_student

A network of 0.76 M weights that has learned by itself goes on for the same steps on the same data: by itself, with
the three-way lattice of the teacher, with its encoder outputs too, with a streaming teacher, and with real people whose
text nobody wrote down, in whom the teacher alone is heard. Teachers in fp32, students in the integer engine at 8 bits.
Every held-out recording counts twice, as it is and in noise (5 to 15 dB). Differences are paired with the student by
itself; 95 % bootstrap intervals, by speaker for real people.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the studies share a package beside this script

from experiments.studies.study import Case, main

SEEDS = ("", "-seed2", "-seed3")
WAYS = ("lattice", "lattice-and-encoder", "streaming-teacher", "unlabelled")


def cases() -> list[Case]:
    """Teachers, the student that all go on from, then students seed by seed."""
    found = [Case("teacher", "teacher", "teacher", None, 32), Case("base", "base", "base", None, 32)]
    found.append(Case("before", "before", "student", "raw"))
    found.append(Case("from scratch", "from scratch", "student_from_scratch", "raw", against="before"))
    for seed in SEEDS:
        alone = f"alone{seed}"
        found.append(Case(alone, "alone", f"distilled/{alone}", "raw"))
        found += [Case(f"{way}{seed}", way, f"distilled/{way}{seed}", "raw", against=alone) for way in WAYS]
    return found


if __name__ == "__main__":
    sys.exit(main("teacher_student", __doc__ or "", cases(), "model_bytes"))
