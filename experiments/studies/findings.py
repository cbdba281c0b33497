"""Sentences that a table bears: built from its rows, and left out where the rows are missing or say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from azsim.errors import InputError
from azsim.train.recipe_file import load_recipe

if TYPE_CHECKING:
    from experiments.studies.study import Case, StudyResult

Sentence = str | None


def told(sentences: Iterable[Sentence]) -> str:
    """The sentences that there are, one paragraph."""
    return " ".join(sentence for sentence in sentences if sentence)


def by_label(rows: Sequence[StudyResult]) -> dict[str, StudyResult]:
    """Label -> row."""
    return {row.label: row for row in rows}


def verdict(row: StudyResult) -> str:
    """``fewer``, ``more`` or ``within chance``: word errors against the case it is paired with, by its interval."""
    if row.difference_low is not None and row.difference_high is not None:
        if row.difference_high < 0:
            return "fewer"
        if row.difference_low > 0:
            return "more"
    return "within chance"


def compared(name: str, against: str, rows: Mapping[str, StudyResult | None]) -> Sentence:
    """How a way compares with another at each setting: which differences lie beyond chance, and how large they are.

    Args:
        name: the way.
        against: what its rows are paired with, in words.
        rows: setting in words (``at 4 bits``) -> its row, None where it was not trained.
    """
    known = {setting: row for setting, row in rows.items() if row is not None and row.difference_percent is not None}
    if not known:
        return None
    parts = []
    for kind in ("fewer", "more"):
        found = [
            f"{setting} ({abs(row.difference_percent):.1f} points)".strip()
            for setting, row in known.items()
            if verdict(row) == kind
        ]
        if found:
            parts.append(f"{kind} word errors {listed(found)}")
    chance = [setting for setting, row in known.items() if verdict(row) == "within chance"]
    if chance:
        parts.append(f"a difference within chance {listed(chance)}".strip())
    return f"Against {against}, {name} has {'; '.join(parts)}."


def best(rows: Mapping[str, StudyResult], where: str) -> Sentence:
    """Which of the named rows has the lowest word error rate on synthetic speech; None if there are not two."""
    if len(rows) < 2:
        return None
    name = min(rows, key=lambda each: rows[each].wer_synthetic_percent)
    return f"{where} {name} has the lowest WER on synthetic speech, {rows[name].wer_synthetic_percent:.1f} %."


def more_errors(row: StudyResult, than: StudyResult) -> str:
    """``85 % more errors on synthetic and 96 % more on real speech``."""
    parts = []
    for kind in ("synthetic", "real"):
        mine, its = (getattr(each, f"wer_{kind}_percent") for each in (row, than))
        change = 100 * (mine / its - 1)
        parts.append(f"{abs(change):.0f} % {'more' if change >= 0 else 'fewer'} errors on {kind} speech")
    return " and ".join(parts)


def settings_of(cases: Sequence[Case], rows: Sequence[StudyResult], snr_db: tuple[float, float]) -> str:
    """One paragraph: sizes of the networks, steps of their last training, and the noise, from what was heard."""
    weights = sorted({round(8 * row.model_bytes / row.bits_per_weight / 1e6, 2) for row in rows})
    steps: dict[int, int] = {}
    for run in dict.fromkeys(case.run for case in cases if any(row.run == case.run for row in rows)):
        try:
            count = load_recipe(run)[1].schedule.steps
        except InputError:  # a network from elsewhere, without a recipe
            continue
        steps[count] = steps.get(count, 0) + 1
    trained = listed(f"{count:,} steps ({runs} run{'s' if runs > 1 else ''})" for count, runs in sorted(steps.items()))
    return (
        f"Networks of {listed(f'{each:g} M' for each in weights)} weights, last trained for {trained}. Every held-out "
        f"recording counts twice: as it is, and in noise that no training heard, {snr_db[0]:g} to {snr_db[1]:g} dB "
        "below the speech."
    )


def listed(items: Iterable[str]) -> str:
    """``a, b and c``."""
    *first, last = list(items) or [""]
    return f"{', '.join(first)} and {last}" if first else last


Shown = Callable[[Sequence["StudyResult"]], str]
"""What a study's rows show, a paragraph; empty where they show nothing."""
