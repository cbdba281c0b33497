"""Understanding: a tag for each word and one intent, learned from requests of the two domains or of a labelled text.

::

    rows (4,) ─embedding─> (4, d) ─> (4d,) ─conv1d, ReLU─> ... ─conv1d, ReLU─┬─dense─> tags of the word ``layers`` ago
                                                                              └─mean so far─dense─> intents

Words are made wrong now and then as a recogniser makes them wrong, so that a name that nobody listed is still one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.mean_pool import MeanPool
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape
from azsim.speech.understanding.interpretation import BEGIN, INSIDE, OUTSIDE, interpretation, slots_of
from azsim.speech.understanding.tagger import INTENTS, ROWS, TAGS, Labels
from azsim.speech.understanding.word_features import FEATURES, rows_of
from azsim.train.corpus.requests import DOMAINS, Requests, TaggedSentence
from azsim.train.layers import Layers
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

if TYPE_CHECKING:
    import torch

Positive = Annotated[int, Meta(ge=1)]
TAPS = 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TRAINING_SEED, HELD_OUT_SEED = 6, 7
TRAINING_REQUESTS, CALIBRATION_REQUESTS, MEASURED_REQUESTS = 8_000, 200, 1_000
"""Of each domain; of all domains; of each domain."""


class TaggerNetwork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes.

    Attributes:
        rows: of the table of words.
        width: of a row.
        units: of each convolution.
        layers: of convolutions.
    """

    rows: Annotated[int, Meta(ge=2)] = 1024
    width: Positive = 16
    units: Positive = 64
    layers: Positive = 2


class TaggerData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned from.

    Attributes:
        domains: any of ``coffee``, ``speaker`` (drawn from the grammars) and ``text`` (a labelled text, below
            ``AZSIM_DATA``).
        batch: requests of a step.
        strange_share: of the words that are replaced by one that does not exist.
        lost_share: of the words outside of slots that are left out.
    """

    domains: tuple[Literal["coffee", "speaker", "text"], ...] = ("coffee", "speaker")
    batch: Positive = 128
    strange_share: Annotated[float, Meta(ge=0, le=1)] = 0.05
    lost_share: Annotated[float, Meta(ge=0, le=1)] = 0.03


def tagger_graph(network: TaggerNetwork, labels: Labels, rng: np.random.Generator) -> Graph:
    """A tagger of these sizes with drawn weights."""
    layers = Layers("tagger", {ROWS: Tensor((FEATURES,), holds="index")}, rng)
    looked_up = layers.embedding("table", ROWS, network.rows, network.width)
    seen = layers.add("word", Reshape((FEATURES * network.width,)), looked_up)
    for layer in range(network.layers):
        sums = layers.conv1d(f"conv{layer}", seen, network.units, Conv1d(TAPS))
        seen = layers.add(f"relu{layer}", Relu(), sums)
    tags = layers.dense(TAGS, seen, len(labels.tags))
    intents = layers.dense(INTENTS, layers.add("mean", MeanPool(), seen), len(labels.intents))
    return layers.graph((tags, intents))


@task("tagger")
class TaggerTask(Task):
    """Cross-entropy of tags and intents."""

    network_type = TaggerNetwork
    data_type = TaggerData
    network: TaggerNetwork
    data: TaggerData
    steps_per_s = 2.5

    @cached_property
    def _sources(self) -> tuple[Requests, ...]:
        return tuple(DOMAINS[name]() for name in self.data.domains)

    @cached_property
    def _pools(self) -> tuple[tuple[TaggedSentence, ...], ...]:
        rng = np.random.default_rng(TRAINING_SEED)
        return tuple(tuple(source.draw(rng) for _ in range(TRAINING_REQUESTS)) for source in self._sources)

    @cached_property
    def labels(self) -> Labels:
        """Of all domains, in alphabetical order."""
        intents = sorted({intent for source in self._sources for intent in source.intents})
        slots = sorted({slot for source in self._sources for slot in source.slots})
        return Labels(tuple(intents), (OUTSIDE, *(kind + slot for slot in slots for kind in (BEGIN, INSIDE))))

    def graph(self, rng: np.random.Generator) -> Graph:
        """A tagger with drawn weights."""
        return tagger_graph(self.network, self.labels, rng)

    def batch(self, rng: np.random.Generator) -> Batch:
        """Requests of all domains in equal parts, some of their words made wrong."""
        drawn = rng.integers(TRAINING_REQUESTS, size=self.data.batch)
        pools = self._pools
        requests = [made_wrong(pools[i % len(pools)][at], rng, self.data) for i, at in enumerate(drawn)]
        after = self.network.layers
        longest = max(len(request.words) for request in requests)
        tags = np.full((len(requests), longest), -1, np.int64)
        rows = np.zeros((len(requests), longest + after, FEATURES), np.int64)
        for place, request in enumerate(requests):
            rows[place, : len(request.words)] = rows_of(request.words, self.network.rows)
            tags[place, : len(request.words)] = [self.labels.tags.index(tag) for tag in request.tags]
        intents = np.array([self.labels.intents.index(request.intent) for request in requests])
        lengths = np.array([len(request.words) for request in requests])
        return Batch({ROWS: rows}, {"tags": tags, "intents": intents, "lengths": lengths})

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        """Cross-entropy per word and per request, both of weight one."""
        import torch
        from torch.nn.functional import cross_entropy

        after = self.network.layers
        tags, intents = tensors[TAGS][:, after:], tensors[INTENTS]
        wanted = torch.from_numpy(batch.targets["tags"])
        ends = torch.from_numpy(batch.targets["lengths"]) + after - 1
        own = intents[torch.arange(len(intents)), ends]
        per_word = cross_entropy(tags.reshape(-1, tags.shape[-1]), wanted.reshape(-1), ignore_index=-1)
        return per_word + cross_entropy(own, torch.from_numpy(batch.targets["intents"]))

    def measure(self, run: Run) -> dict[str, float]:
        """Of held-out requests of each domain: intents right, slots (F1), whole requests right, all in per cent."""
        found: dict[str, float] = {}
        for name, source in zip(self.data.domains, self._sources, strict=True):
            requests = source.held_out(np.random.default_rng(HELD_OUT_SEED), MEASURED_REQUESTS)
            right_intents = right_wholes = common = said = meant = 0
            for request in requests:
                intent, tags = self._answer(run, request.words)
                own, wanted = slots_of(request.words, tags), slots_of(request.words, request.tags)
                right_intents += intent == request.intent
                right_wholes += interpretation(intent, own) == interpretation(request.intent, wanted)
                common, said, meant = common + len(set(own) & set(wanted)), said + len(own), meant + len(wanted)
            found[f"{name}_intents_percent"] = 100 * right_intents / len(requests)
            found[f"{name}_slots_f1_percent"] = 200 * common / max(said + meant, 1)
            found[f"{name}_wholes_percent"] = 100 * right_wholes / len(requests)
        return found

    def calibration(self) -> Iterable[Arrays]:
        """Requests of training."""
        pools = self._pools
        for index in range(CALIBRATION_REQUESTS):
            request = pools[index % len(pools)][index]
            yield {ROWS: rows_of(request.words, self.network.rows, self.network.layers)}

    def facts(self) -> Mapping[str, str | int | float]:
        """The labels of both outputs, joined by spaces."""
        return {"intents": " ".join(self.labels.intents), "tags": " ".join(self.labels.tags)}

    def _answer(self, run: Run, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        after = self.network.layers
        made = run({ROWS: rows_of(words, self.network.rows, after)})
        intent, tags, _ = self.labels.most_likely(made[TAGS][after:], made[INTENTS][-1])
        return intent, tags


def made_wrong(request: TaggedSentence, rng: np.random.Generator, data: TaggerData) -> TaggedSentence:
    """A request some of whose words are strange or, outside of slots, lost; at least one word stays."""
    strange = rng.random(len(request.words)) < data.strange_share
    lost = rng.random(len(request.words)) < data.lost_share
    words, tags = [], []
    for word, tag, odd, gone in zip(request.words, request.tags, strange, lost, strict=True):
        if gone and tag == OUTSIDE:
            continue
        words.append("".join(LETTERS[i] for i in rng.integers(len(LETTERS), size=rng.integers(3, 9))) if odd else word)
        tags.append(tag)
    return TaggedSentence(tuple(words), request.intent, tuple(tags)) if words else request
