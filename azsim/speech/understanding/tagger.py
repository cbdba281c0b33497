"""A tagger at work: words in, an interpretation out, in float or in the processor's integers.

::

    words ──rows──> graph ──logits──> best sequence of tags that can be one ──> slots
                               └────> most likely intent                     ──> Interpretation

Each convolution of the graph sees the word before and the word after, so a tag comes as many words late as there are
convolutions: that many steps without a word follow a sentence, and the intent is read at the last of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.tensor import Grid
from azsim.speech.understanding.interpretation import Interpretation, interpretation, slots_of
from azsim.speech.understanding.tag_path import allowed_pairs, best_path, log_softmax
from azsim.speech.understanding.word_features import rows_of

ROWS, TAGS, INTENTS = "rows", "tags", "intents"
"""What a tagger's graph takes, ``(4,)`` rows of its table a word, and its two outputs, logits."""
NOTHING = "nothing"
"""The intent of a request without words."""


@dataclass(frozen=True)
class Labels:
    """What the outputs of a tagger stand for.

    Attributes:
        intents: in order of the logits.
        tags: likewise: ``O``, ``B-NAME``, ``I-NAME``.

    Raises:
        InputError: a name is there twice, or an ``I-`` has no ``B-``.
    """

    intents: tuple[str, ...]
    tags: tuple[str, ...]

    def __post_init__(self) -> None:
        for what, names in (("intent", self.intents), ("tag", self.tags)):
            if len(set(names)) != len(names):
                raise InputError(f"labels: {what} {max(names, key=names.count)!r}: is there twice")
        for tag in self.tags:
            if tag.startswith("I-") and f"B-{tag[2:]}" not in self.tags:
                raise InputError(f"labels: tag {tag!r}: has no 'B-{tag[2:]}'")

    def most_likely(self, tag_logits: np.ndarray, intent_logits: np.ndarray) -> tuple[str, tuple[str, ...], float]:
        """The intent, the sequence of tags that can be one, and the log probability of both.

        Args:
            tag_logits: float64 ``(words, tags)``.
            intent_logits: float64 ``(intents,)``.
        """
        intents = log_softmax(intent_logits)
        path, score = best_path(log_softmax(tag_logits), self.tags, allowed_pairs(self.tags))
        chosen = int(intents.argmax())
        return self.intents[chosen], path, score + float(intents[chosen])


@dataclass(frozen=True)
class Tagger:
    """A tagger's graph, laid out to run; it keeps no state and may be shared.

    Attributes:
        model: of a `tagger_graph`.
        labels: of its outputs.
        grids: of its outputs, in integers; empty in float.
    """

    model: Model
    labels: Labels
    grids: Mapping[str, Grid | None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Of the table of words."""
        graph = self.model.graph
        (table,) = (node.parameters["weights"] for node in graph.nodes if node.operator.kind == "embedding")
        return len(graph.parameters[table])

    @property
    def layers(self) -> int:
        """By how many words tags come late."""
        return sum(node.operator.kind == "conv1d" for node in self.model.graph.nodes)

    def logits(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Logits of the tags ``(words, tags)`` and of the intents ``(intents,)``, float64."""
        found = Executor(self.model).push({ROWS: rows_of(words, self.rows, self.layers)})
        tags, intents = self._values(TAGS, found[TAGS]), self._values(INTENTS, found[INTENTS])
        return tags[self.layers :], intents[-1]

    def steps(self, words: Sequence[str]) -> int:
        """Runs of the graph that these words take."""
        return len(words) + self.layers

    def interpret(self, words: Sequence[str]) -> Interpretation:
        """The most likely interpretation of a sentence; no words ask for nothing."""
        if not words:
            return Interpretation(NOTHING, ())
        intent, tags, score = self.labels.most_likely(*self.logits(words))
        return interpretation(intent, slots_of(words, tags), math.exp(score))

    def _values(self, name: str, values: np.ndarray) -> np.ndarray:
        grid = self.grids.get(name)
        return np.asarray(values, np.float64) * (grid.scale if grid is not None else 1.0)


def interpret_n_best(tagger: Tagger, hypotheses: Sequence[tuple[Sequence[str], float]]) -> Interpretation:
    """The interpretation of highest probability over several hypotheses of what was said.

    Each hypothesis adds its posterior times the probability of its interpretation; hypotheses that differ only in words
    without a meaning count together, which the single best one cannot.

    Args:
        tagger: of the words.
        hypotheses: words and posterior of each, the posteriors together at most 1.

    Raises:
        InputError: there is none, or a posterior is not in 0 to 1.
    """
    if not hypotheses:
        raise InputError("understanding: no hypothesis: must be at least one")
    totals: dict[Interpretation, float] = {}
    for words, posterior in hypotheses:
        if not 0 <= posterior <= 1:
            raise InputError(f"understanding: posterior {posterior} of {' '.join(words)!r}: must be 0 to 1")
        found = tagger.interpret(words)
        totals[found] = totals.get(found, 0.0) + posterior * found.probability
    best = max(totals, key=totals.__getitem__)
    return Interpretation(best.intent, best.slots, totals[best])
