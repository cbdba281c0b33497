"""The lane rule against a machine that steps it cycle by cycle."""

from __future__ import annotations

from collections import Counter

from azsim.reference.lane_cases import compare, lane_case
from experiments.validation.section import Section

CASES = 2400


def section() -> Section:
    """Random cases by kind."""
    cases: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    for seed in range(CASES):
        case = lane_case(seed)
        count, wrong = compare(case)
        cases[case.kind] += 1
        compared[case.kind] += count
        differing[case.kind] += len(wrong)
    rows = [[kind, cases[kind], compared[kind], differing[kind]] for kind in sorted(cases)]
    rows.append(["all", cases.total(), compared.total(), differing.total()])
    return Section(
        title="The lane rule, cycle by cycle",
        says=f"Cycles, positions taken and effectual products of {CASES:,} random cases (lanes, multipliers, window, "
        "blocks, queue, broadcast, minimum block, skip mode, store, tile size, weights and activations all drawn) "
        "against `azsim/reference/lane_machine.py`, which shares no code or formula with the model. Exact.",
        columns=["kind", "cases", "tiles x frames", "that differ"],
        rows=rows,
        holds=differing.total() == 0,
    )
