"""Attention over a user's names beside a frozen recogniser: what to add to its joint, learned from its own loss.

::

    names of a batch and others ──views of their pieces so far, next piece──> keys, values     one for each piece
    encoder outputs, label histories ──queries──> shares of all pieces and of none ──values──> added to both
                                                                                    └─ joint (frozen) ─> loss

Names are of `azsim.train.corpus.name_lists` and the grammar's; some batches are told names that nobody says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

from azsim.compress.stored import load_recogniser
from azsim.nn.graph.graph import Graph
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.pieces import BLANK, Pieces
from azsim.nn.sealed import network_file
from azsim.ranges import Share
from azsim.speech.context.names import AUDIO, NEXT, PREFIX, SAID, SIDES, VALUE, key_of, no_entry, query_of
from azsim.train.batch import Slack, band, label_edges
from azsim.train.context_figures import right_peaks, transducer_losses
from azsim.train.context_graph import context_graph
from azsim.train.corpus.heldout import name_side
from azsim.train.corpus.name_lists import NAMERS
from azsim.train.corpus.named import names_of
from azsim.train.corpus.store import Entry
from azsim.train.encoded import EncodedSplit, all_encoded, encoded_of
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

if TYPE_CHECKING:
    import torch

OUTPUT_MS = 60
LEAD_OUTPUTS, TAIL_OUTPUTS = 2, 9
"""Encoder outputs before and after the speech that a loss is taken over."""
SLACK = Slack(before=5, after=9)
"""Outputs by which a label may come before and after its share of the letters; `assumed`."""
HEARD = Slack(before=-1, after=3)
"""Outputs before the first and after the last letter of a name in which its sound is in the encoder's; `assumed`."""
DISTRACTORS = 3_000
UNKNOWN = -1
MEASURED, CALIBRATED = 25, 40
"""Utterances of the tuning split with and without names; of training."""
Labels = tuple[int, ...]


class Sizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the network.

    Attributes:
        recogniser: whose joint it adds to: a name under ``models/``.
        width: of keys and queries of each side.
        heads: of the attention.
    """

    recogniser: str = "rnnt-student"
    width: Annotated[int, Meta(ge=1)] = 64
    heads: Annotated[int, Meta(ge=1)] = 4


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned from.

    Attributes:
        utterances: in a batch.
        most_others: names that nobody says in a batch, at most.
        told_share: of the spoken names, those that are told.
        guide: weight of the cross-entropies that the shares have: of label histories against the piece that comes, of
            encoder outputs against the name that is being said.
    """

    utterances: Annotated[int, Meta(ge=1, le=1024)] = 16
    most_others: Annotated[int, Meta(ge=1, le=10_000)] = 200
    told_share: Share = 0.9
    guide: Annotated[float, Meta(ge=0)] = 0.2


@task("context")
class ContextTask(Task):
    """Transducer loss of the frozen joint with what attention adds."""

    network_type, data_type = Sizes, Data
    network: Sizes
    data: Data
    steps_per_s = 1000 / OUTPUT_MS

    def graph(self, rng: np.random.Generator) -> Graph:
        """Keys and values begin near the rows of the joint's output matrix, queries near what these are asked by."""
        output = np.asarray(self._recogniser.parameters["joint.output"], np.float32)
        return context_graph(output, self.network.width, self.network.heads, rng)

    def batch(self, rng: np.random.Generator) -> Batch:
        """Utterances beside one another, and one catalogue for all of them."""
        split = self._training
        chosen = rng.integers(len(split.entries), size=self.data.utterances)
        told = {name for i in chosen for _, name in names_of(split.entries[i]) if rng.random() < self.data.told_share}
        others = round(np.exp(rng.uniform(0, np.log(self.data.most_others))))
        told |= {self._others[i] for i in rng.integers(len(self._others), size=others)}
        order = sorted(told)
        return self._batch(split, chosen.tolist(), [order[i] for i in rng.permutation(len(order))])

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        """Nats per label, and the guide's."""
        import torch
        from torch.nn import functional

        from azsim.train.rnnt_loss import Cells, join, rnnt_loss

        targets, heads = batch.targets, self.network.heads
        there = torch.from_numpy(targets["there"])
        value = tensors[VALUE][there]
        value = torch.cat([torch.zeros_like(value[:1]), value[1:]])
        added, shares = {}, {}
        for side in SIDES:
            scores = _headed(tensors[query_of(side)], heads) @ _headed(tensors[key_of(side)][there], heads).mT
            shares[side] = torch.softmax(scores / np.sqrt(self.network.width / heads), -1)
            added[side] = tensors[side] + (shares[side] @ _headed(value, heads)).transpose(1, 2).flatten(2)
        labels = [row[:n].tolist() for row, n in zip(targets["labels"], targets["lengths"], strict=True)]
        cells = Cells(tuple(targets["frames"].tolist()), tuple(map(tuple, labels)), targets["low"], targets["high"])
        logits = functional.linear(join(added[AUDIO], added[SAID], cells), *self._joint)
        total = rnnt_loss(logits, cells) / sum(map(len, labels))
        wanted = torch.from_numpy(targets["wanted"])
        known = wanted != UNKNOWN
        expected = shares[SAID].mean(1)[known].clamp(min=1e-6).log()
        guide = functional.nll_loss(expected, wanted[known])
        heard, owner = torch.from_numpy(targets["heard"]), torch.from_numpy(np.nonzero(targets["there"])[0])
        known = heard != UNKNOWN
        shared = shares[AUDIO].mean(1)[known]
        by_entry = shared.new_zeros(len(shared), len(there)).index_add(1, owner, shared)
        guide = guide + functional.nll_loss(by_entry.clamp(min=1e-6).log(), heard[known])
        return total + self.data.guide * guide

    def measure(self, run: Run) -> dict[str, float]:
        """Of names that training never says: loss that is left, and how often the label history's share peaks right.

        The loss of utterances with names, and of others, is set against that of the recogniser alone.
        """
        split, found, heads = self._tuning, {}, self.network.heads
        named = [i for i, entry in enumerate(split.entries) if names_of(entry)][:MEASURED]
        told = sorted({name for i in named for _, name in names_of(split.entries[i])})
        nameless = [i for i, entry in enumerate(split.entries) if not names_of(entry)][:MEASURED]
        rows = self._rows(run, self._batch(split, named[:1], told))
        right = asked = 0
        for kind, chosen in (("named", named), ("nameless", nameless)):
            losses = np.zeros(2)
            for index in chosen:
                batch = self._batch(split, [index], told)
                made = rows | self._queries(run, batch)
                losses += transducer_losses(made, batch, self._joint, heads)
                hit, count = right_peaks(made, batch, heads)
                right, asked = right + hit, asked + count
            found[f"{kind}_loss_left_percent"] = float(100 * losses[1] / losses[0])
        found["peaks_percent"] = 100 * right / max(asked, 1)
        return found

    def calibration(self) -> Iterable[Arrays]:
        """Utterances of training, each with a few names."""
        rng = np.random.default_rng(41)
        for _ in range(CALIBRATED):
            index = int(rng.integers(len(self._training.entries)))
            others = [self._others[i] for i in rng.integers(len(self._others), size=4)]
            batch = self._batch(self._training, [index], others)
            yield from self._streams(batch)

    def facts(self) -> Mapping[str, str | int | float]:
        """Whose joint it adds to, and its heads."""
        return {"recogniser": self.network.recogniser, "digest": self._recogniser.digest, "heads": self.network.heads}

    @cached_property
    def _recogniser(self) -> Network:
        return load_recogniser(network_file(self.network.recogniser))

    @cached_property
    def _joint(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Output matrix and bias of the frozen joint."""
        import torch

        matrix, bias = (self._recogniser.parameters[f"joint.{name}"] for name in ("output", "output_bias"))
        return torch.from_numpy(matrix.astype(np.float32)), torch.from_numpy(bias.astype(np.float32))

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self._recogniser.pieces)

    @cached_property
    def _training(self) -> EncodedSplit:
        return all_encoded(self.corpus, "names-[0-9]*", self._recogniser)

    @cached_property
    def _tuning(self) -> EncodedSplit:
        split = encoded_of(self.corpus / "names-eval", self._recogniser)
        count = sum(entry["split"] == "names-tune" for entry in split.entries)
        return EncodedSplit(split.entries[:count], split.firsts[: count + 1], split.outputs)

    @cached_property
    def _others(self) -> list[str]:
        """Names of training."""
        rng = np.random.default_rng(40)
        kinds = list(NAMERS)
        drawn = (NAMERS[kinds[i % len(kinds)]](rng) for i in range(DISTRACTORS))
        return sorted({name for name in drawn if name_side(name) == "train"})

    def _batch(self, split: EncodedSplit, chosen: Sequence[int], told: Sequence[str]) -> Batch:
        none = no_entry(len(self._pieces))
        spelled = [(none,), *(self.spelled(name) for name in told)]
        longest = max(map(len, spelled))
        following = np.zeros((len(spelled), longest), np.int64)
        there = np.zeros(following.shape, bool)
        for row, labels in enumerate(spelled):
            following[row, : len(labels)], there[row, : len(labels)] = labels, True
        joint = split.outputs.shape[1]
        prefixes = np.zeros((*there.shape, joint), np.float32)
        for row, name in enumerate(told, 1):
            views = self._prefixes(name)
            prefixes[row, : len(views)] = views
        firsts = np.cumsum(there.sum(1)) - there.sum(1)
        places = {name: int(first) for name, first in zip(told, firsts[1:], strict=True)}
        audio, labels, wanted, heard, bands = [], [], [], [], []
        for index in chosen:
            entry, outputs = split.entries[index], split.values(index)
            start, end = (int(entry[f"speech_{side}_ms"]) / OUTPUT_MS for side in ("start", "end"))
            first = max(0, int(start) - LEAD_OUTPUTS)
            audio.append(outputs[first : int(end) + TAIL_OUTPUTS])
            labels.append(self._pieces.encode(str(entry["text"])))
            edges = label_edges(labels[-1], self._pieces, start - first, end - first)
            bands.append(band(edges[:-1], edges[1:], SLACK, len(audio[-1])))
            wanted.append(self._wanted(entry, places, len(labels[-1])))
            heard.append(_heard(wanted[-1], edges, np.repeat(np.arange(len(there)), there.sum(1)), len(audio[-1])))
        said = self._predicted(labels)
        targets = {
            "there": there,
            "frames": np.array([len(each) for each in audio]),
            "labels": _padded([np.array(each, np.int64) for each in labels], 0),
            "lengths": np.array([len(each) for each in labels]),
            "wanted": _padded(wanted, UNKNOWN),
            "heard": _padded(heard, UNKNOWN),
            "low": np.concatenate([low for low, _ in bands]),
            "high": np.concatenate([high for _, high in bands]),
        }
        return Batch({PREFIX: prefixes, NEXT: following, AUDIO: _padded(audio, 0), SAID: said}, targets)

    def _prefixes(self, name: str) -> np.ndarray:
        """The joint's view of a name's labels before each of them, float32 ``(labels, J)``."""
        known = self._views.get(name)
        if known is None:
            known = self._views[name] = self._predicted([self.spelled(name)[:-1]])[0]
        return known

    @cached_property
    def _views(self) -> dict[str, np.ndarray]:
        return {}

    def spelled(self, name: str) -> Labels:
        """The labels of a name, without a sentence's end."""
        return tuple(label for word in name.split() for label in self._pieces.spell("▁" + word))

    def _wanted(self, entry: Entry, places: Mapping[str, int], count: int) -> np.ndarray:
        """For each label, and for the end: the piece of the catalogue that it is, none of it, or unknown."""
        spoken = list(names_of(entry))
        words, found, at = str(entry["text"]).split(), [], 0
        while at < len(words):
            name = spoken[0][1] if spoken else ""
            size = len(name.split())
            if size and words[at : at + size] == name.split():
                spoken.pop(0)
                pieces = len(self.spelled(name))
                first = places.get(name)
                found += [UNKNOWN] * pieces if first is None else range(first, first + pieces)
                at += size
            else:
                found += [0] * len(self.spelled(words[at]))
                at += 1
        return np.array(found + [0] * (count + 1 - len(found)), np.int64)

    def _predicted(self, labels: Sequence[Sequence[int]]) -> np.ndarray:
        """The joint's view of each label history, float32 ``(B, most labels + 1, J)``."""
        network = FloatTransducer(self._recogniser)
        rows = _padded([np.array([BLANK, *each], np.int64) for each in labels], BLANK)
        sizes = [self._recogniser.parameters[f"prediction.{i}.recurrent"].shape[1]
                 for i in range(self._recogniser.layers("prediction"))]  # fmt: skip
        states = [tuple(np.zeros((len(rows), size), np.float32) for _ in range(2)) for size in sizes]
        seen = []
        for column in rows.T:
            vectors, states = network.predict(column, states)
            seen.append(vectors)
        return np.stack(seen, axis=1)

    def _streams(self, batch: Batch) -> list[Arrays]:
        """A batch of one as streams: its entries one by one, then the utterance."""
        joint = batch.inputs[AUDIO].shape[2]
        lengths = batch.targets["there"].sum(1)
        streams: list[Arrays] = [
            {PREFIX: before[:n], NEXT: after[:n], AUDIO: np.zeros((0, joint)), SAID: np.zeros((0, joint))}
            for before, after, n in zip(batch.inputs[PREFIX], batch.inputs[NEXT], lengths, strict=True)
        ]
        audio, said = (batch.inputs[side][0].astype(np.float32) for side in SIDES)
        return [*streams, {PREFIX: np.zeros((0, joint)), NEXT: np.zeros(0, np.int64), AUDIO: audio, SAID: said}]

    def _rows(self, run: Run, batch: Batch) -> dict[str, np.ndarray]:
        """Keys and values of a batch's catalogue."""
        made = [run(stream) for stream in self._streams(batch)[:-1]]
        found = {name: np.concatenate([each[name] for each in made]) for name in (VALUE, *map(key_of, SIDES))}
        found[VALUE][0] = 0
        return found

    def _queries(self, run: Run, batch: Batch) -> dict[str, np.ndarray]:
        """Of both sides of a batch of one."""
        made = run(self._streams(batch)[-1])
        return {query_of(side): made[query_of(side)] for side in SIDES}


def _heard(wanted: np.ndarray, edges: np.ndarray, owner: np.ndarray, outputs: int) -> np.ndarray:
    """For each encoder output the entry that is being said, 0: none, or unknown; int64 ``(outputs,)``."""
    found, at = np.zeros(outputs, np.int64), np.arange(outputs)
    for label, place in enumerate(wanted[:-1]):
        if place == 0:
            continue
        begin, end = edges[label] - HEARD.before, edges[label + 1] + HEARD.after
        found[(at >= begin - 2) & (at < end + 4) & (found == 0)] = UNKNOWN
        if place != UNKNOWN:
            found[(at >= begin) & (at < end)] = owner[place]
    return found


def _headed(vectors: torch.Tensor, heads: int) -> torch.Tensor:
    """``(..., n, width)`` to ``(..., heads, n, width / heads)``."""
    return vectors.unflatten(-1, (heads, -1)).transpose(-2, -3)


def _padded(rows: Sequence[np.ndarray], filler: int) -> np.ndarray:
    """Arrays ``(n, ...)`` beside one another, shorter ones filled behind."""
    longest = max(map(len, rows))
    return np.stack([
        np.pad(row, [(0, longest - len(row))] + [(0, 0)] * (row.ndim - 1), constant_values=filler) for row in rows
    ])  # fmt: skip
