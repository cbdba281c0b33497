"""Time-synchronous beam search that merges histories of the same last labels.

::

    output t:  every entry: blank, or one of its best labels ──> merged by context ──> the most probable go on
                 ^ once more for those that emitted, at most 4 labels each

A hypothesis that is through with an output and one that has emitted there compete for the same places; so a beam of 1
is the greedy search. Alignments of one history are added up. Histories whose last labels are the same become one: it
goes on from the best of them, and the others become arcs of the label graph.

**Source:** time-synchronous decoding: Saon et al., "Alignment-length synchronous decoding for RNN transducer", 2020;
merging by the last labels: arXiv:2012.06749.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from azsim.errors import InputError
from azsim.nn.rnnt.batch import States, predict_batch
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.ranges import is_number
from azsim.speech.lattice.labels import LabelGraph
from azsim.speech.search.expand import BeamLimits, Scale, TurnRoom
from azsim.speech.search.fused import run_fused
from azsim.speech.search.fusion import Fusion
from azsim.speech.search.log_probability import UNITS, exp_table, probability
from azsim.speech.search.search import BLANK, MAX_LABELS_PER_OUTPUT, Found, Hypothesis, SearchTurn
from azsim.speech.search.tables import (
    CANDIDATE_FIELDS,
    COUNTERS,
    ENTRY_FIELDS,
    FUSION,
    IDENTITY,
    JOINED,
    NO_NODE,
    NODE,
    NODES,
    RUNS,
    SCORE,
    TRACE,
    TRACES,
    TURNS,
    Nodes,
    Record,
    Traces,
    Uses,
    grown,
)
from azsim.speech.search.turns import run

MOST_BEAM, MOST_MERGED, MOST_STATES, MOST_WIDTH = 256, 16, 65_536, 1_000
ALL_LABELS = 0
"""Of ``merged_labels``: histories are never merged."""


@dataclass(frozen=True, slots=True)
class BeamOptions:
    """How wide a beam is.

    Attributes:
        beam: most hypotheses.
        width: log-probability (natural) by which a hypothesis may fall behind the best one.
        expansions: labels that are tried after a hypothesis at a turn; 0: as many as the beam.
        merged_labels: histories that agree in so many last labels become one; `ALL_LABELS`: in all of them.
        states: of the prediction network that are kept; 0: eight for each hypothesis.

    Raises:
        InputError: a value is out of range.
    """

    beam: int = 4
    width: float = 8.0
    expansions: int = 0
    merged_labels: int = 4
    states: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "beam": (1, MOST_BEAM),
            "expansions": (0, MOST_STATES),
            "merged_labels": (0, MOST_MERGED),
            "states": (0, MOST_STATES),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not is_number(value, whole=True) or not least <= value <= most:
                raise InputError(f"{name} = {value!r}: must be a whole number from {least} to {most}")
        if not is_number(self.width) or not 0 < self.width <= MOST_WIDTH:
            raise InputError(f"width = {self.width!r}: must be a number above 0, at most {MOST_WIDTH}")
        if 0 < self.states < 4 * self.beam:
            raise InputError(f"states = {self.states}: must be 0, or at least {4 * self.beam}: four for each")

    @property
    def places(self) -> int:
        """States that are kept."""
        return self.states or 8 * self.beam

    def maker(self, fusion: Fusion | None = None) -> Callable[[IntegerModel], Beam]:
        """What makes such a search for each utterance (`azsim.speech.search.search.SearchMaker`)."""
        return partial(Beam, options=self, fusion=fusion)


class Beam:
    """A beam search over one utterance.

    Args:
        model: the network.
        options: how wide it is.
        fusion: what else has a say.
        levels: most labels at one encoder output.
    """

    def __init__(
        self,
        model: IntegerModel,
        options: BeamOptions = BeamOptions(),
        fusion: Fusion | None = None,
        levels: int = MAX_LABELS_PER_OUTPUT,
    ) -> None:
        self._fusion, self.options = fusion, options
        pieces, joint = model.networks.pieces, model.networks.width
        merges = options.merged_labels != ALL_LABELS
        expansions = min(options.expansions or options.beam, pieces)
        self._limits = BeamLimits(
            options.beam, round(options.width * UNITS), expansions, levels, model.sentence_end, merges
        )
        self._scale = Scale(model.logit_scale * UNITS, exp_table())
        self._networks, self._states = model.networks, States.zeros(model.networks, options.places + 1)
        self._uses = Uses.zeros(options.places)
        self._nodes = Nodes.zeros(64, options.merged_labels if merges else 2)
        self._traces = Traces.zeros(64)
        self._counters = np.zeros(COUNTERS, np.int64)
        self._counters[[NODES, IDENTITY]] = 1
        self._nodes.context[0] = NO_NODE
        most = options.beam * (pieces + 2)
        self._room = TurnRoom(
            np.zeros((most, CANDIDATE_FIELDS), np.int64),
            np.zeros((options.beam, pieces), np.int32),
            *np.zeros((2, options.beam), np.int64),
            np.zeros((options.beam, joint), np.int8),
        )
        self._entries = np.zeros((1, ENTRY_FIELDS), np.int64)
        self._entries[0, TRACE] = NO_NODE
        self._entries[0, FUSION] = fusion.start() if fusion else 0
        self._uses.identity[0] = 1
        self._outputs = 0
        self._kept: list[np.ndarray] = []
        self._turns: list[np.ndarray] = []
        self._joined: list[np.ndarray] = []
        self._ran: list[tuple[np.ndarray, np.ndarray]] = []
        first = np.array([options.places]), np.array([BLANK]), np.array([0])
        predict_batch(self._networks, self._states, *first, 1)
        start = self._states.hidden[[[options.places, 0]]]
        self._ran.append((np.array([BLANK], np.int32), start.copy()))

    def advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs, int16 ``(m, J)``."""
        if not len(encoded):
            return
        limits, counters = self._limits, self._counters
        most = len(encoded) * limits.levels * limits.beam
        self._nodes = grown(self._nodes, int(counters[NODES]) + most)
        self._traces = grown(self._traces, int(counters[TRACES]) + most)
        record = Record.zeros(
            len(encoded), limits.levels, limits.beam, self._networks.width, self._states.hidden.shape[1:]
        )
        counters[[TURNS, JOINED, RUNS]] = 0
        given = (
            self._networks, self._states, self._uses, self._scale, limits, np.ascontiguousarray(encoded),
            self._outputs, self._entries, self._nodes, self._traces, counters, record, self._room,
        )  # fmt: skip
        self._entries = run_fused(*given, self._fusion) if self._fusion else run(*given)
        self._outputs += len(encoded)
        self._kept.extend(record.kept)
        self._turns.append(record.turns[: counters[TURNS]].copy())
        self._joined.append(record.joined[: counters[JOINED]].copy())
        self._ran.append((record.labels[: counters[RUNS]].copy(), record.hidden[: counters[RUNS]].copy()))

    def found(self) -> Found:
        """The best labels over all outputs taken, and all that was thought possible."""
        ranked = self._entries[:, SCORE] + self._finish()
        labels, outputs, posteriors = self._trace(int(self._entries[int(np.argmax(ranked)), TRACE]))
        turns = tuple(SearchTurn(*row) for part in self._turns for row in part.tolist())
        return Found(
            labels, outputs, tuple(probability(score) for score in posteriors), self._inputs(), turns, self.graph()
        )

    def hypotheses(self, output: int | None = None) -> tuple[Hypothesis, ...]:
        """What was held possible after an output (the latest if None), most probable first."""
        until = self._outputs - 1 if output is None else output
        if until < 0:
            return (Hypothesis((), (), 1.0, 0),)
        rows = self._kept[until]
        rows = rows[rows[:, 1] != NO_NODE]
        scores = rows[:, 1] - rows[:, 1].max()
        shares = np.exp(scores / UNITS)
        found = []
        for (trace, _), share in zip(rows.tolist(), (shares / shares.sum()).tolist()):
            labels, outputs, _ = self._trace(trace)
            found.append(Hypothesis(labels, outputs, share, until - outputs[-1] if outputs else until + 1))
        return tuple(found)

    def _finish(self) -> np.ndarray:
        """What each entry's score changes by if speech ends now, in units."""
        if self._fusion is None:
            return np.zeros(len(self._entries), np.int64)
        return np.array([round(self._fusion.finish(int(state)) * UNITS) for state in self._entries[:, FUSION]])

    def _trace(self, trace: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Labels, outputs and log-probabilities of an alignment; the label that ends a sentence is none of it."""
        rows = []
        while trace != NO_NODE:
            rows.append(trace)
            trace = int(self._traces.before[trace])
        rows.reverse()
        if rows and self._traces.label[rows[-1]] == self._limits.sentence_end:
            rows.pop()
        columns = (self._traces.label, self._traces.output, self._traces.posterior)
        return tuple(tuple(column[rows].tolist()) for column in columns)

    def graph(self) -> LabelGraph:
        """What may have been said in all outputs taken."""
        nodes, count = self._nodes, int(self._counters[NODES])
        targets = np.repeat(np.arange(count), nodes.arcs[:count])
        arcs = nodes.arcs[:count]
        places = (targets, np.arange(len(targets)) - np.repeat(np.cumsum(arcs) - arcs, arcs))
        sources = nodes.parent[places]
        finish = self._finish()
        return LabelGraph(
            sources=sources,
            targets=targets.astype(np.int32),
            labels=nodes.label[targets],
            outputs=nodes.output[places],
            scores=(nodes.flow[places] - nodes.inflow[sources]) / UNITS,
            posteriors=nodes.posterior[places] / UNITS,
            boosts=nodes.boost[places] / UNITS,
            ends={
                int(entry[NODE]): float(entry[SCORE] + more - nodes.inflow[entry[NODE]]) / UNITS
                for entry, more in zip(self._entries, finish)
            },
            final_boosts={int(entry[NODE]): float(more) / UNITS for entry, more in zip(self._entries, finish)},
        )

    def _inputs(self) -> dict[str, np.ndarray]:
        networks = self._networks
        labels, hidden = (np.concatenate(parts) for parts in zip(*self._ran))
        joined = np.concatenate([np.zeros((0, networks.width), np.int8), *self._joined])
        return {**networks.inputs(labels, hidden[:, 0], hidden[:, 1]), "joint.output": joined}
