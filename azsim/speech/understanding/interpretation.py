"""What a request asks for: an intent, and slots that are spans of its words.

::

    words:  give  me  a  large  iced  mocha  with  a  bit  of  milk
    tags:    O    O   O  B-size B-drink I-drink O  B-milk I   I   I        intent: order
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.errors import InputError

OUTSIDE = "O"
BEGIN, INSIDE = "B-", "I-"


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One span of words with a meaning.

    Attributes:
        name: what it says.
        value: its words, joined by spaces.
    """

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """An intent and its slots.

    Attributes:
        intent: what is asked for.
        slots: in alphabetical order of their names, then values: two requests that ask for the same are equal.
        probability: of intent and slots together, 0 to 1; it does not count in comparisons.
    """

    intent: str
    slots: tuple[Slot, ...]
    probability: float = 1.0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interpretation):
            return NotImplemented
        return self.meaning == other.meaning

    def __hash__(self) -> int:
        return hash(self.meaning)

    @property
    def meaning(self) -> tuple[str, tuple[Slot, ...]]:
        """Intent and slots: what two requests are compared by."""
        return self.intent, self.slots

    def __str__(self) -> str:
        listed = ", ".join(f"{slot.name} = {slot.value}" for slot in self.slots)
        return f"{self.intent}({listed})"


def interpretation(intent: str, slots: Sequence[Slot], probability: float = 1.0) -> Interpretation:
    """An interpretation whose slots stand in order."""
    return Interpretation(intent, tuple(sorted(slots)), probability)


def slots_of(words: Sequence[str], tags: Sequence[str]) -> tuple[Slot, ...]:
    """The slots that a sequence of tags marks among the words, in the order in which they are spoken.

    Raises:
        InputError: a tag is none, or ``I-name`` follows neither ``B-name`` nor ``I-name``.
    """
    found: list[tuple[str, list[str]]] = []
    before = OUTSIDE
    for word, tag in zip(words, tags, strict=True):
        if not follows(before, tag):
            raise InputError(f"tag {tag!r} after {before!r}: must be O, B-NAME, or I-NAME after a tag of that NAME")
        if tag.startswith(BEGIN):
            found.append((tag[len(BEGIN) :], [word]))
        elif tag.startswith(INSIDE):
            found[-1][1].append(word)
        before = tag
    return tuple(Slot(name, " ".join(own)) for name, own in found)


def tags_of(words: Sequence[str], spans: Sequence[tuple[str, int, int]]) -> tuple[str, ...]:
    """The tags of words whose spans ``(name, first word, one past the last)`` are known.

    Raises:
        InputError: spans overlap or lie outside the words.
    """
    tags = [OUTSIDE] * len(words)
    for name, first, end in spans:
        if not 0 <= first < end <= len(words) or any(tag != OUTSIDE for tag in tags[first:end]):
            raise InputError(f"slot {name!r}: words {first} to {end - 1} of {len(words)}: must be free and inside")
        tags[first:end] = [BEGIN + name] + [INSIDE + name] * (end - first - 1)
    return tuple(tags)


def follows(before: str, tag: str) -> bool:
    """Whether a tag may stand after another one (`OUTSIDE` at the beginning)."""
    if tag == OUTSIDE or tag.startswith(BEGIN):
        return True
    if not tag.startswith(INSIDE):
        return False
    return before != OUTSIDE and before[len(BEGIN) :] == tag[len(INSIDE) :]
