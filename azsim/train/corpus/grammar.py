"""Weighted sentence grammars: how a domain's sentences are written down and drawn.

::

    rules = {"start": "3* turn {switch} the {lamp} | {lamp} {switch}",
             "lamp": "light | lamp", "switch": "2* on | off"}

A rule is a list of alternatives parted by ``|``; ``3*`` in front of one makes
it three times as likely; ``{name}`` stands for a draw from another rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

REFERENCE = re.compile(r"\{(\w+)\}")
WEIGHT = re.compile(r"^(\d+(?:\.\d+)?)\*\s*")


class Grammar:
    """A set of rules from which sentences are drawn, starting at ``start``.

    Raises:
        ValueError: a rule refers to one that does not exist.
    """

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.rules = dict(rules)
        self._choices: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {}
        for name, text in self.rules.items():
            self._choices[name] = _parse(name, text)
        for name, (_, alternatives) in self._choices.items():
            for alternative in alternatives:
                for reference in REFERENCE.findall(alternative):
                    if reference not in self._choices:
                        raise ValueError(f"rule {name!r} refers to unknown rule {reference!r}")

    def draw(self, rng: np.random.Generator, rule: str = "start") -> str:
        """One sentence: lower-case words with single spaces."""
        text = REFERENCE.sub(lambda match: self.draw(rng, match.group(1)), self.draw_alternative(rng, rule))
        return " ".join(text.split())

    def draw_alternative(self, rng: np.random.Generator, rule: str = "start") -> str:
        """One alternative of a rule, its references as they are written."""
        cumulative, alternatives = self._choices[rule]
        position = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
        return alternatives[min(position, len(alternatives) - 1)]

    def vocabulary(self) -> frozenset[str]:
        """Every word that some sentence can contain."""
        words: set[str] = set()
        for _, alternatives in self._choices.values():
            for alternative in alternatives:
                words.update(REFERENCE.sub(" ", alternative).split())
        return frozenset(words)

    def alternatives(self, rule: str) -> tuple[str, ...]:
        """The alternatives of one rule, without their weights."""
        return self._choices[rule][1]

    def weighted(self, rule: str) -> tuple[tuple[str, float], ...]:
        """The alternatives of one rule, each with its probability."""
        cumulative, alternatives = self._choices[rule]
        shares = np.diff(cumulative, prepend=0.0) / cumulative[-1]
        return tuple(zip(alternatives, shares.tolist(), strict=True))

    def replacing(self, rules: Mapping[str, str]) -> Grammar:
        """The same grammar with some rules replaced."""
        return Grammar({**self.rules, **rules})


def _parse(name: str, text: str) -> tuple[np.ndarray, tuple[str, ...]]:
    weights: list[float] = []
    alternatives: list[str] = []
    for part in text.split("|"):
        part = " ".join(part.split())
        match = WEIGHT.match(part)
        weights.append(float(match.group(1)) if match else 1.0)
        alternatives.append(part[match.end() :] if match else part)
    return np.cumsum(weights), tuple(alternatives)
