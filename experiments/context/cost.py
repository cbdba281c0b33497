"""What attention over a catalogue costs the chip by its size, and what an automaton of 10,000 entries costs a step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compress.network import CompressedNetwork
from azsim.deploy.cost import program_cost
from azsim.deploy.deployment import Beside, Deployment
from azsim.devices.spec import Device
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.pieces import Pieces
from azsim.speech.context.attention import attention_of, compressed_attention
from azsim.speech.context.boosts import Boosts
from azsim.speech.context.names import AUDIO_PROGRAM, SAID_PROGRAM
from azsim.speech.search.search import SearchMaker
from experiments.context.listening import SEARCH
from experiments.context.material import NamedSpeech, catalogue_of

CONTEXT = "context"


@dataclass(frozen=True)
class CatalogueCost:
    """Of one size of catalogue.

    Attributes:
        entries, rows: of the catalogue; keys and values each have so many rows.
        kept_bytes: keys and values, int8.
        network_bytes: of the stage's bitstreams, queries too.
        fetched_bytes: from DRAM at one encoder output and one label.
        products: of one encoder output and one label.
        cycles: likewise; ``step_cycles``: of the recogniser's encoder at two steps, for comparison.
    """

    entries: int
    rows: int
    kept_bytes: int
    network_bytes: int
    fetched_bytes: float
    products: float
    cycles: float
    step_cycles: float


def costs(
    device: Device, small: CompressedNetwork, adapter: GraphNetwork, sizes: Sequence[int]
) -> list[CatalogueCost]:
    """Catalogues of these sizes beside the recogniser, under one residency plan."""
    found = []
    for size in sizes:
        attention = attention_of(adapter, catalogue_of([], size), small)
        beside = compressed_attention(attention, tile_layout(device.chip))
        deployed = Deployment(device, small, beside={CONTEXT: Beside(beside)})
        runs = [deployed.schedules_beside[f"{CONTEXT}/{name}"] for name in (AUDIO_PROGRAM, SAID_PROGRAM)]
        own = [program_cost(run, device.chip) for run in runs]
        rows = attention.firsts[-1]
        kept = sum(each.values.size for name, each in attention.quantised.items() if not name.endswith("query"))
        found.append(
            CatalogueCost(
                size, rows, kept, beside.model_bytes, sum(one.fetch_bytes for one in own),
                sum(one.products for one in own), sum(one.cycles for one in own), 2 * deployed.step().cycles,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class StepTime:
    """Processor time of this machine.

    Attributes:
        entries: of the catalogue; ``nodes``: of its automaton.
        build_s: of the automaton.
        plain_ms, boosted_ms: of an encoder output's search, without and with boosts, the first round left out.
    """

    entries: int
    nodes: int
    build_s: float
    plain_ms: float
    boosted_ms: float

    @property
    def more_ms(self) -> float:
        """That boosts take at a step."""
        return self.boosted_ms - self.plain_ms


def step_time(model: IntegerModel, pieces: Pieces, said: Sequence[NamedSpeech], entries: int, boost: float) -> StepTime:
    """The search with a catalogue of so many entries, carrier phrases among them."""
    catalogue = catalogue_of(said, entries)
    phrases = (("call", "@contact"), ("send", "a", "message", "to", "@contact"), ("play", "@title", "by", "@artist"))
    catalogue = type(catalogue)(catalogue.entries, phrases, catalogue.source)
    began = time.process_time()
    boosts = Boosts(catalogue, pieces, boost)
    build_s = time.process_time() - began
    outputs = sum(len(one.encoded) for one in said)

    def spent_ms(maker: SearchMaker) -> float:
        rounds = []
        for _ in range(3):
            searches = [maker(model) for _ in said]
            began = time.process_time()
            for search, one in zip(searches, said, strict=True):
                search.advance(one.encoded)
            rounds.append(1000 * (time.process_time() - began) / outputs)
        return float(np.min(rounds[1:]))

    return StepTime(entries, boosts.nodes, build_s, spent_ms(SEARCH.maker()), spent_ms(SEARCH.maker(boosts)))
