"""Phrases with classes, such as ``call @contact``: threads through a phrase, of which a class is one element.

::

    call   @contact   on   speaker        a thread: phrase, element, node of the entries within a class
           └─ any entry of the class, by the automaton's own arcs: nothing is multiplied out

A phrase counts with the labels of its own words; the entry in it counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from azsim.speech.context.automaton import ROOT, EntryAutomaton

Thread = tuple[int, int, int]
"""Phrase, element that is expected next, and node within an entry of that element's class; `OUTSIDE` at none."""
OUTSIDE = -1
Element = int | str
"""A label, or a class without its ``@``."""


@dataclass(frozen=True)
class Phrases:
    """All phrases of a catalogue.

    Attributes:
        elements: of each phrase.
        automaton: of the entries.
        kinds: classes of each sequence of the automaton.
        per_label: what each label of its own words is worth.
    """

    elements: tuple[tuple[Element, ...], ...]
    automaton: EntryAutomaton
    kinds: tuple[frozenset[str], ...]
    per_label: float

    def step(self, threads: Iterable[Thread], label: int, begins_word: bool) -> frozenset[Thread]:
        """The threads after a label; new ones begin where a word does."""
        waiting = list(threads)
        if begins_word:
            waiting += [(phrase, 0, OUTSIDE) for phrase in range(len(self.elements))]
        return frozenset(after for thread in waiting for after in self._after(thread, label, begins_word))

    def pending(self, threads: Iterable[Thread]) -> float:
        """What the phrases that are complete are worth if a word ends here."""
        whole = 0.0
        for thread in threads:
            if self._is_complete(thread):
                whole += self.worth(thread[0], len(self.elements[thread[0]]))
        return whole

    def partial(self, threads: Iterable[Thread]) -> float:
        """What the thread that got furthest is worth."""
        return max((self.worth(phrase, element) for phrase, element, _ in threads), default=0.0)

    def worth(self, phrase: int, element: int) -> float:
        """Of the labels of a phrase's own words before an element."""
        return self.per_label * sum(isinstance(one, int) for one in self.elements[phrase][:element])

    def expected(self, threads: Iterable[Thread]) -> Iterator[int]:
        """Labels that some thread goes on with."""
        for phrase, element, node in threads:
            elements = self.elements[phrase]
            if node != OUTSIDE:
                yield from self.automaton.arcs[node]
                element += 1
                if not self._ends_kind(node, elements[element - 1]):
                    continue
            if element < len(elements):
                wanted = elements[element]
                if isinstance(wanted, int):
                    yield wanted
                else:
                    yield from self.automaton.arcs[ROOT]

    def _after(self, thread: Thread, label: int, begins_word: bool) -> Iterator[Thread]:
        phrase, element, node = thread
        elements = self.elements[phrase]
        if node != OUTSIDE:
            following = self.automaton.arcs[node].get(label)
            if following is not None:
                yield phrase, element, following
            if not begins_word or not self._ends_kind(node, elements[element]):
                return
            element += 1
        if element == len(elements):
            return
        wanted = elements[element]
        if isinstance(wanted, int):
            if wanted == label:
                yield phrase, element + 1, OUTSIDE
        else:
            following = self.automaton.arcs[ROOT].get(label)
            if following is not None and begins_word:
                yield phrase, element, following

    def _is_complete(self, thread: Thread) -> bool:
        phrase, element, node = thread
        elements = self.elements[phrase]
        if node == OUTSIDE:
            return element == len(elements)
        return element == len(elements) - 1 and self._ends_kind(node, elements[element])

    def _ends_kind(self, node: int, kind: Element) -> bool:
        return any(kind in self.kinds[number] for number in self.automaton.ends[node])


def elements_of(phrase: Sequence[str], spelled: dict[str, Sequence[int]]) -> tuple[Element, ...]:
    """A phrase's elements, given the labels of its words."""
    found: list[Element] = []
    for word in phrase:
        if word.startswith("@"):
            found.append(word[1:])
        else:
            found.extend(spelled[word])
    return tuple(found)
