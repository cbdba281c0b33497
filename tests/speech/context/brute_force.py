"""What a finished sequence of labels is worth by looking everywhere: the slow reference of boosts."""

from __future__ import annotations

from collections.abc import Sequence


def worth(
    labels: Sequence[int],
    begins: set[int],
    entries: Sequence[Sequence[int]],
    phrases: Sequence[Sequence[int | str]],
    kinds: Sequence[set[str]],
    per_label: float,
) -> float:
    """The boosts of all entries and phrases in the labels, each place counted once.

    Args:
        labels: of the whole hypothesis.
        begins: labels that begin a word.
        entries: labels of each.
        phrases: labels, and classes in place of entries.
        kinds: classes of each entry.
        per_label: what each label of an entry, and of a phrase's own words, is worth.
    """
    ends = [place for place in range(len(labels) + 1) if place == len(labels) or labels[place] in begins]
    total = 0.0
    for begin in range(len(labels)):
        for end in (place for place in ends if place > begin):
            total += per_label * sum(len(entry) for entry in entries if list(labels[begin:end]) == list(entry))
            if labels[begin] in begins:
                own = (sum(isinstance(one, int) for one in each) for each in phrases
                       if _matches(labels, begin, end, list(each), set(ends), entries, kinds))  # fmt: skip
                total += per_label * sum(own)
    return total


def _matches(labels, begin, end, elements, ends, entries, kinds) -> bool:
    if not elements:
        return begin == end
    first, *rest = elements
    if isinstance(first, int):
        return begin < end and labels[begin] == first and _matches(labels, begin + 1, end, rest, ends, entries, kinds)
    return any(
        list(labels[begin : begin + len(entry)]) == list(entry)
        and begin + len(entry) in ends
        and _matches(labels, begin + len(entry), end, rest, ends, entries, kinds)
        for entry, own in zip(entries, kinds, strict=True)
        if first in own and begin + len(entry) <= end
    )
