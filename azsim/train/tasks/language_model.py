"""Which word pieces follow which: a language model over the commands of a text and the sentences of the grammars.

::

    piece ──> embedding ──> LSTM ... ──> logit of every piece that may be next; piece 0 begins and ends a sentence

The pieces are a recogniser's, so that a hypothesis of its is scored without another tokenisation. Held-out sentences
(`azsim.train.corpus.heldout`) are never learned: whole clusters of near-twins stand on one side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import islice
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch.nn import functional

from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.rnnt.pieces import BLANK, Pieces
from azsim.ranges import Share, SmallCount
from azsim.train.corpus.coffee import coffee_grammar, draw_order
from azsim.train.corpus.commands import commands_of
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.layers import Layers
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

IGNORED = -100
PIECE, LOGIT = "piece", "logit"
HELD_OUT_SENTENCES = 200
"""Of each domain that is measured."""
_MOST_DRAWS = 20_000


class LanguageModelShape(Struct, frozen=True, forbid_unknown_fields=True):
    """The network.

    Attributes:
        pieces_of: recogniser whose word pieces these are.
        embedding: of a piece.
        units: of each LSTM.
        layers: of them.
    """

    pieces_of: str = "rnnt-student"
    embedding: SmallCount = 128
    units: SmallCount = 256
    layers: Annotated[int, Meta(ge=1, le=8)] = 1


class LanguageModelData(Struct, frozen=True, forbid_unknown_fields=True):
    """What is read.

    Attributes:
        text: file of commands, one a line, below the data folder.
        batch: sentences of a step.
        command_share, coffee_share: of them from the text, and from the coffee machine's grammar; the smart speaker's
            gives the others.
        noise: share of the pieces that are read as others, drawn from the batch's own.

    **Source:** noise: Xie et al. 2017 (arXiv:1703.02573), unigram noising.
    """

    text: str = "text/slurp_lm.txt"
    batch: SmallCount = 64
    command_share: Share = 0.5
    coffee_share: Share = 0.2
    noise: Share = 0.1


@task("language_model")
class LanguageModelTask(Task):
    """Sentences as streams of pieces."""

    network_type, data_type = LanguageModelShape, LanguageModelData
    network: LanguageModelShape
    data: LanguageModelData
    steps_per_s = 5.0
    """Pieces that are spoken in a second. **Source:** assumed."""

    def graph(self, rng: np.random.Generator) -> Graph:
        """Embedding, LSTMs, logits."""
        shape, count = self.network, len(self.pieces)
        layers = Layers("language model", {PIECE: Tensor((), holds="index")}, rng)
        hidden = layers.embedding("embedding", PIECE, count, shape.embedding)
        for index in range(shape.layers):
            hidden = layers.lstm(f"lstm.{index}", hidden, shape.units)
        return layers.graph([layers.dense(LOGIT, hidden, count)])

    def batch(self, rng: np.random.Generator) -> Batch:
        """Sentences of all domains, padded to the longest."""
        shares = self.data.command_share, self.data.coffee_share, self._speaker_share
        counts = rng.multinomial(self.data.batch, shares)
        drawn = [
            text
            for source, count in zip((self._draw_command, self._draw_order, self._draw_request), counts, strict=True)
            for text in (source(rng) for _ in range(count))
        ]
        streams = [self._stream(text) for text in drawn]
        longest = max(len(inputs) for inputs, _ in streams)
        pieces = np.zeros((len(streams), longest), np.int64)
        targets = np.full((len(streams), longest), IGNORED, np.int64)
        for row, (inputs, wanted) in enumerate(streams):
            pieces[row, : len(inputs)], targets[row, : len(wanted)] = inputs, wanted
        read = (targets != IGNORED) & (pieces != BLANK)
        swapped = read & (rng.random(pieces.shape) < self.data.noise)
        noisy = np.where(swapped, rng.choice(pieces[read], pieces.shape), pieces)
        return Batch({PIECE: noisy}, {"next": targets})

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        """Cross entropy of the next piece."""
        logits = tensors[LOGIT]
        wanted = torch.from_numpy(batch.targets["next"]).reshape(-1)
        return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), wanted, ignore_index=IGNORED)

    def measure(self, run: Run) -> dict[str, float]:
        """Perplexity of a word, sentence ends counted as words, on held-out sentences of each domain."""
        found = {}
        for domain, texts in self._held_out.items():
            total, words = 0.0, 0
            for text in texts:
                inputs, wanted = self._stream(text)
                logits = run({PIECE: inputs})[LOGIT].astype(np.float64)
                logits -= logits.max(axis=1, keepdims=True)
                total += float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(wanted)), wanted]).sum())
                words += len(text.split()) + 1
            found[f"{domain}_perplexity"] = math.exp(total / words)
        return found

    def calibration(self) -> Iterable[Arrays]:
        """Sentences of training."""
        rng = np.random.default_rng(0)
        for row in self.batch(rng).inputs[PIECE]:
            yield {PIECE: row}

    def facts(self) -> Mapping[str, str | int | float]:
        """Whose pieces these are."""
        return {"pieces": " ".join(self.pieces.strings)}

    @cached_property
    def pieces(self) -> Pieces:
        """The recogniser's, without a sentence's end of their own."""
        return Pieces(tuple(load_network(self.network.pieces_of).pieces))

    @property
    def _speaker_share(self) -> float:
        share = 1 - self.data.command_share - self.data.coffee_share
        if share < 0:
            raise InputError("data.command_share + data.coffee_share: must be at most 1")
        return share

    @cached_property
    def _commands(self) -> list[str]:
        return commands_of(self.corpus / self.data.text, "train")

    @cached_property
    def _grammars(self) -> tuple:
        return coffee_grammar(), speaker_grammar()

    @cached_property
    def _held_out(self) -> dict[str, list[str]]:
        rng = np.random.default_rng(1)
        commands = commands_of(self.corpus / self.data.text, "dev")
        rng.shuffle(commands)
        coffee, speaker = self._grammars

        def drawn(draw: Callable[[], str]) -> list[str]:
            texts = (draw() for _ in range(_MOST_DRAWS))
            return list(islice((text for text in texts if sentence_side(text) == "dev"), HELD_OUT_SENTENCES))

        return {
            "command": commands[:HELD_OUT_SENTENCES],
            "coffee": drawn(lambda: draw_order(coffee, rng)),
            "speaker": drawn(lambda: speaker.draw(rng)),
        }

    def _stream(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """What goes in and what should come out: a sentence begins and ends in piece 0."""
        labels = self.pieces.encode(text)
        return np.array([BLANK, *labels], np.int64), np.array([*labels, BLANK], np.int64)

    def _draw_command(self, rng: np.random.Generator) -> str:
        return self._commands[int(rng.integers(len(self._commands)))]

    def _draw_order(self, rng: np.random.Generator) -> str:
        return self._drawn(lambda: draw_order(self._grammars[0], rng))

    def _draw_request(self, rng: np.random.Generator) -> str:
        return self._drawn(lambda: self._grammars[1].draw(rng))

    @staticmethod
    def _drawn(draw: Callable[[], str]) -> str:
        """A sentence that is not held out."""
        return next(text for text in iter(draw, None) if sentence_side(text) == "train")
