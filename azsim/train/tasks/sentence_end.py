"""Whether the words so far are a whole sentence: what the end-pointer reads, learned from sentences alone.

::

    " turn on the lights in the kitchen"     sentences of the grammars, of people's orders, of a text if there is one
     000000000000000010000000000000000001    only here it was the end: what came next decides

A grammar's sentences are those on its training side. Words are left out now and then, as a recogniser leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.ranges import Share
from azsim.resources import data_file
from azsim.speech.endpointing.sentence_end import ALPHABET, LETTERS, POSTERIOR, letters_of
from azsim.train.corpus.coffee import coffee_grammar, draw_order
from azsim.train.corpus.commands import commands_of
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.layouts import LAYOUTS
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.layers import Layers
from azsim.train.recipe import Width
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

if TYPE_CHECKING:
    import torch

PEOPLE, TEXT = "barista/manifest.csv", "text/slurp_lm.txt"
"""Below ``AZSIM_DATA``, both optional."""
LOGIT = "logit"
UNKNOWN = -1
MEASURED_SENTENCES, CALIBRATION_SENTENCES = 400, 100


class SentenceEndSizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the network: columns of the embedding, units of the LSTM."""

    embedding: Width = 16
    units: Width = 64


class SentenceEndData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned from.

    Attributes:
        sentences: in a batch.
        people_share, text_share: of the sentences, those of people's orders and of the text; the rest is drawn from the
            grammars, half of it orders.
        lost_share: of the words that are left out.
    """

    sentences: Annotated[int, Meta(ge=1, le=4096)] = 64
    people_share: Share = 0.25
    text_share: Share = 0.25
    lost_share: Share = 0.02


@task("sentence_end")
class SentenceEndTask(Task):
    """Cross-entropy of the end after every letter."""

    network_type, data_type = SentenceEndSizes, SentenceEndData
    network: SentenceEndSizes
    data: SentenceEndData
    steps_per_s = 15.0
    """Letters of somebody who speaks, `assumed`."""

    def graph(self, rng: np.random.Generator) -> Graph:
        """One letter at a step."""
        layers = Layers("sentence-end", {LETTERS: Tensor((), holds="index")}, rng)
        seen = layers.embedding("table", LETTERS, len(ALPHABET), self.network.embedding)
        logit = layers.dense(LOGIT, layers.lstm("state", seen, self.network.units), 1)
        return layers.graph([layers.add(POSTERIOR, Sigmoid(), logit)])

    def batch(self, rng: np.random.Generator) -> Batch:
        """Sentences padded behind."""
        sentences = [letters_of(self._lossy(self._drawn(rng), rng)) for _ in range(self.data.sentences)]
        longest = max(len(each) for each in sentences)
        letters = np.zeros((len(sentences), longest), np.int64)
        ends = np.full((len(sentences), longest), UNKNOWN, np.int8)
        for row, sentence in enumerate(sentences):
            letters[row, : len(sentence)], ends[row, : len(sentence)] = sentence, 0
            ends[row, len(sentence) - 1] = 1
        return Batch({LETTERS: letters}, {"ends": ends})

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        """Binary cross-entropy, for each sentence as a whole."""
        import torch
        from torch.nn import functional

        wanted = torch.from_numpy(batch.targets["ends"])
        known = wanted != UNKNOWN
        logits = tensors[LOGIT][..., 0][known]
        total = functional.binary_cross_entropy_with_logits(logits, wanted[known].float(), reduction="sum")
        return total / len(wanted)

    def measure(self, run: Run) -> dict[str, float]:
        """Of held-out sentences: ends and beginnings that are taken for ends, at posteriors above 0.05 and 0.3."""
        counts = np.zeros((2, 2))
        for sentence in self._held_out:
            letters = letters_of(sentence)
            found = run({LETTERS: letters})[POSTERIOR][:, 0]
            before = found[np.flatnonzero(letters[1:] == 0)]  # the last letter of each word but the last
            for row, limit in enumerate((0.05, 0.3)):
                counts[row] += float(found[-1] > limit), float(np.mean(before > limit)) if before.size else 0.0
        shares = 100 * counts / len(self._held_out)
        return {
            f"{name}_above_{limit}_percent": float(shares[row, column])
            for row, limit in enumerate(("0.05", "0.3"))
            for column, name in enumerate(("ends", "beginnings"))
        }

    def calibration(self) -> Iterable[Arrays]:
        """Drawn sentences."""
        rng = np.random.default_rng(31)
        return [{LETTERS: letters_of(self._drawn(rng))} for _ in range(CALIBRATION_SENTENCES)]

    @cached_property
    def _people(self) -> list[str]:
        """Orders of people on the training side of sentences."""
        path = data_file(PEOPLE)
        if path is None:
            return []
        recordings = [each for each in LAYOUTS["manifest"](path) if each.extra.get("split", "train") == "train"]
        return [each.transcript for each in recordings if each.transcript and sentence_side(each.transcript) == "train"]

    @cached_property
    def _text(self) -> list[str]:
        path = data_file(TEXT)
        return [] if path is None else commands_of(path, "train")

    @cached_property
    def _grammars(self):
        return coffee_grammar(), speaker_grammar()

    @cached_property
    def _held_out(self) -> list[str]:
        rng = np.random.default_rng(32)
        return [self._made(rng, "dev") for _ in range(MEASURED_SENTENCES)]

    def _drawn(self, rng: np.random.Generator) -> str:
        share = rng.random()
        if share < self.data.people_share and self._people:
            return self._people[int(rng.integers(len(self._people)))]
        if self.data.text_share and self.data.people_share <= share < self.data.people_share + self.data.text_share:
            if not self._text:
                raise InputError(f"AZSIM_DATA: holds no {TEXT}; set it, or data.text_share = 0")
            return self._text[int(rng.integers(len(self._text)))]
        return self._made(rng, "train")

    def _made(self, rng: np.random.Generator, side: str) -> str:
        coffee, speaker = self._grammars
        while True:
            made = draw_order(coffee, rng) if rng.random() < 0.5 else speaker.draw(rng)
            if sentence_side(made) == side:
                return made

    def _lossy(self, sentence: str, rng: np.random.Generator) -> str:
        """Without some of its words, its last one always there."""
        words = sentence.split()
        kept = [word for word in words[:-1] if rng.random() >= self.data.lost_share]
        return " ".join([*kept, words[-1]])
