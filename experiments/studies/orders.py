"""Slots of a coffee order, read from its words.

::

    make me a light roast eight ounce iced mocha with some milk
              └─ roast ─┘ └─ size ──┘ └─ drink ─┘      └─ milk ─┘

Every slot has its own values (those of the project's grammar), so no parse is needed: before "with" stand drink, size,
roast and shots, after it milk and sugar. Words that no slot knows are passed over, so a misheard article costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from azsim.report.wer import normalise
from azsim.train.corpus.coffee import RULES

ADDITIONS = " with "
WEIGHT = re.compile(r"^[\d.]+\*\s*")


def _values(rule: str) -> str:
    """The alternatives of a rule as a pattern, longest first; "medium" of a roast is no size."""
    found = [WEIGHT.sub("", part.strip()) for part in RULES[rule].split("|")]
    return "|".join(rf"{each}\b(?! roast)" for each in sorted(found, key=len, reverse=True))


def _addition(kind: str) -> str:
    return rf"(?:(?:{_values('amount')}) )?(?:{_values(kind)})"


QUALITIES = {"coffeeDrink": "drink", "size": "size", "roast": "roast", "numberOfShots": "shots"}
BEFORE = {slot: re.compile(rf"\b(?:{_values(rule)})") for slot, rule in QUALITIES.items()}
AFTER = {
    slot: re.compile(rf"\b(?:{_addition(kind)})")
    for slot, kind in {"milkAmount": "milk_kind", "sugarAmount": "sugar_kind"}.items()
}


def slots(text: str) -> dict[str, str]:
    """Slot -> its value, as the words say it; the last one where a drink or quality was said twice."""
    order, _, additions = f"{normalise(text)} ".partition(ADDITIONS)
    found = {slot: pattern.findall(order)[-1:] for slot, pattern in BEFORE.items()}
    found |= {slot: pattern.findall(additions)[:1] for slot, pattern in AFTER.items()}
    return {slot: values[0] for slot, values in found.items() if values}


def count_slots(wanted: Sequence[Mapping[str, str]], texts: Sequence[str]) -> np.ndarray:
    """int64 ``(orders, 2)``: slots that are missing or wrong, and slots; one that nobody asked for counts as wrong."""
    counts = np.zeros((len(texts), 2), np.int64)
    for row, slots_wanted, text in zip(counts, wanted, texts, strict=True):
        heard = slots(text)
        wrong = sum(heard.get(slot) != value for slot, value in slots_wanted.items())
        row[:] = wrong + len(heard.keys() - slots_wanted.keys()), len(slots_wanted)
    return counts
