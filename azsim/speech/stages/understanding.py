"""Understanding: when the recogniser is through, a small tagger says what is asked for, and with which slots.

::

    final words ──cpu: rows of each word──> tagger (npu, a run for each word and layer) ──> intent, slots
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.graph.executor import Model
from azsim.nn.graph.network import GraphNetwork
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.understanding.tagger import Labels, Tagger

TASK = "understanding"
"""Of a core: hashing a word's features, and its column of the best path."""


@stage("understanding")
class Understanding(Stage, frozen=True):
    """Options of understanding.

    Attributes:
        model: a network that `azsim.train.tasks.tagger` learned: a name under ``models/`` or a file.
    """

    model: str = "understanding"
    hears = ("recogniser",)

    def network(self, configured: Configured) -> CompressedNetwork:
        """The tagger under the configuration."""
        return configured.compress(tagger_network(self.model))

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that waits for the final words."""
        return partial(_Listening, tagger_of(network), tuple(network.network.programs()))


class _Listening:
    def __init__(self, tagger: Tagger, programs: Sequence[str], turn: Turn) -> None:
        self._tagger, self._programs = tagger, programs

    def hear(self, piece: Piece) -> Output:
        """Answer every final text of this piece."""
        events: list[Event] = []
        jobs: list[StageJob] = []
        for said in piece.events:
            if said.kind != "final" or not isinstance(said.value, str):
                continue
            words = said.value.split()
            found = self._tagger.interpret(words)
            own = self._jobs(len(words), said)
            jobs += own
            value = {"intent": found.intent, "slots": {slot.name: slot.value for slot in found.slots}}
            events.append(Event(said.time_ms, "understood", value | {"probability": found.probability}, own[-1]))
        return Output(events=tuple(events), jobs=tuple(jobs))

    def _jobs(self, words: int, said: Event) -> list[StageJob]:
        before = () if said.job is None else (said.job,)
        jobs = [StageJob("cpu", TASK, said.time_ms, units=max(words, 1), after=before)]
        for program in self._programs if words else ():
            jobs.append(StageJob("npu", program, said.time_ms, units=words + self._tagger.layers, after=(jobs[-1],)))
        return jobs


def tagger_network(model: str) -> GraphNetwork:
    """A tagger's network.

    Raises:
        InputError: it cannot be read, or is no tagger.
    """
    network = load_network(model)
    if not isinstance(network, GraphNetwork) or not {"intents", "tags"} <= set(network.card):
        raise InputError(f"model = {model!r}: must be a tagger (`azsim train understanding/home` makes one)")
    return network


def tagger_of(small: CompressedNetwork) -> Tagger:
    """A tagger's compressed network, laid out to run in integers.

    Raises:
        InputError: its file says so of fewer or more outputs than it has.
    """
    network = small.network
    integers = network.integers(small.integer_weights)
    return Tagger(Model.in_integers(integers), labels_of(network), integers.grids)


def labels_of(network: GraphNetwork) -> Labels:
    """What the outputs of a tagger's network stand for.

    Raises:
        InputError: its file says so of fewer or more outputs than it has.
    """
    labels = Labels(*(tuple(str(network.card[key]).split()) for key in ("intents", "tags")))
    for key, names in (("intents", labels.intents), ("tags", labels.tags)):
        rows = network.graph.tensors[key].size
        if len(names) != rows:
            raise InputError(f"{network.source}: card: {key}: {len(names)} names for {rows} outputs")
    return labels
