"""Grammars as weighted automata: rules unfolded, ways without a word taken out, equal states made one.

::

    rules ──unfold──> states, some without a word ──close──> words alone ──equal ones together──> Automaton

A rule never refers back to itself, so that there is an end to it. What follows a state decides which it equals: the
same words with the same probabilities to the same states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.domain_model import Automaton
from azsim.train.corpus.coffee import AN_SHARE, coffee_grammar
from azsim.train.corpus.grammar import REFERENCE, Grammar
from azsim.train.corpus.plan import COFFEE_SHARE
from azsim.train.corpus.speaker_domain import speaker_grammar

VOWELS = ("eight", "iced", "americano", "espresso")
"""Words before which an article may be ``an``. **Source:** `azsim.train.corpus.coffee.VOWEL_AFTER_A`."""
_DIGITS = 12
"""To which probabilities of equal states agree."""

Arcs = tuple[tuple[str, int, float], ...]
"""Word, target, probability."""


@dataclass(frozen=True)
class Unfolded:
    """States whose arcs have words, in an order in which every arc leads to an earlier one.

    Attributes:
        arcs: of each state.
        ends: probability of each state that nothing follows.
        start: the first one's number.
    """

    arcs: tuple[Arcs, ...]
    ends: tuple[float, ...]
    start: int


def unfolded(grammar: Grammar, rule: str = "start") -> Unfolded:
    """The automaton of a grammar's sentences."""
    spoken: list[list[tuple[str, int]]] = []
    silent: list[list[tuple[int, float]]] = []

    def state() -> int:
        spoken.append([])
        silent.append([])
        return len(spoken) - 1

    def unfold(name: str, start: int) -> int:
        """A rule from a state on; gives the state that all of its alternatives come to."""
        end = state()
        for alternative, probability in grammar.weighted(name):
            at = state()
            silent[start].append((at, probability))
            for token in alternative.split():
                reference = REFERENCE.fullmatch(token)
                if reference:
                    at = unfold(reference.group(1), at)
                else:
                    following = state()
                    spoken[at].append((token, following))
                    at = following
            silent[at].append((end, 1.0))
        return end

    first = state()
    last = unfold(rule, first)
    table: dict[tuple[float, Arcs], int] = {}
    known: dict[int, int] = {}

    def closed(origin: int) -> int:
        """The number of the state that an unfolded one equals."""
        if origin in known:
            return known[origin]
        ended, following, waiting = 0.0, dict[tuple[str, int], float](), [(origin, 1.0)]
        while waiting:
            at, share = waiting.pop()
            ended += share * (at == last)
            for word, target in spoken[at]:
                key = word, closed(target)
                following[key] = following.get(key, 0.0) + share
            waiting += [(target, share * probability) for target, probability in silent[at]]
        arcs = tuple(sorted((word, target, round(share, _DIGITS)) for (word, target), share in following.items()))
        known[origin] = table.setdefault((round(ended, _DIGITS), arcs), len(table))
        return known[origin]

    start = closed(first)
    return Unfolded(tuple(arcs for _, arcs in table), tuple(ended for ended, _ in table), start)


def with_an(plain: Unfolded) -> Unfolded:
    """The same sentences with ``an`` before a vowel."""
    arcs, ends = list(plain.arcs), list(plain.ends)
    for number in range(len(plain.arcs)):
        made: list[tuple[str, int, float]] = []
        for word, target, probability in plain.arcs[number]:
            parts = [[each for each in plain.arcs[target] if (each[0] in VOWELS) == vowel] for vowel in (False, True)]
            share = sum(each[2] for each in parts[1])
            if word != "a" or not share:
                made.append((word, target, probability))
                continue
            for article, part, own in (("a", parts[0], 1 - share), ("an", parts[1], share)):
                if own > 10**-_DIGITS:
                    arcs.append(tuple((each, to, among / own) for each, to, among in part))
                    ends.append(plain.ends[target] / own if article == "a" else 0.0)
                    made.append((article, len(arcs) - 1, probability * own))
        arcs[number] = tuple(made)
    return Unfolded(tuple(arcs), tuple(ends), plain.start)


def together(parts: Sequence[tuple[Unfolded, float]]) -> Automaton:
    """Automata with their shares as one, its states numbered so that every arc leads to a later one."""
    arcs: list[Arcs] = [()]
    ends = [0.0]
    for part, share in parts:
        shift = len(arcs)
        arcs += [tuple((word, target + shift, among) for word, target, among in own) for own in part.arcs]
        ends += part.ends
        start = arcs[shift + part.start]
        arcs[0] += tuple((word, target, share * among) for word, target, among in start)
        ends[0] += share * part.ends[part.start]
    order = _from_the_start(arcs)
    number = {state: place for place, state in enumerate(order)}
    words = sorted({word for state in order for word, _, _ in arcs[state]})
    spelled = {word: place for place, word in enumerate(words)}
    rows = [
        (number[state], number[target], spelled[word], among)
        for state in order
        for word, target, among in arcs[state]
    ]
    totals = np.zeros(len(order))
    np.add.at(totals, [row[0] for row in rows], [row[3] for row in rows])
    whole = [totals[place] + ends[state] for place, state in enumerate(order)]  # 1 but for rounding
    return Automaton(
        words=tuple(words),
        sources=tuple(row[0] for row in rows),
        targets=tuple(row[1] for row in rows),
        labels=tuple(row[2] for row in rows),
        probabilities=tuple(float(row[3] / whole[row[0]]) for row in rows),
        ends=tuple(float(ends[state] / whole[place]) for place, state in enumerate(order)),
    )


def both_grammars() -> Automaton:
    """Coffee orders and requests to a smart speaker, in the shares in which a corpus draws them."""
    coffee, speaker = unfolded(coffee_grammar()), unfolded(speaker_grammar())
    shares = (1 - AN_SHARE) * COFFEE_SHARE, AN_SHARE * COFFEE_SHARE, 1 - COFFEE_SHARE
    return together(list(zip((coffee, with_an(coffee), speaker), shares, strict=True)))


def _from_the_start(arcs: Sequence[Arcs]) -> list[int]:
    """States that are reached, each before all that its arcs lead to."""
    order: list[int] = []
    seen = set[int]()

    def visit(state: int) -> None:
        seen.add(state)
        for _, target, _ in arcs[state]:
            if target not in seen:
                visit(target)
        order.append(state)

    visit(0)
    return order[::-1]
