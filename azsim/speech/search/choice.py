"""Which search an experiment asks for: its ``[search]`` table."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from azsim.nn.rnnt.network import Network
from azsim.speech.lattice.of_labels import LEAST_POSTERIOR
from azsim.speech.search.beam import MOST_BEAM, MOST_MERGED, MOST_STATES, MOST_WIDTH, BeamOptions
from azsim.speech.search.fusion import Fusion
from azsim.speech.search.greedy import Greedy
from azsim.speech.search.search import SearchMaker

TEMPERATURE = 2.72
"""Fitted for the shipped student and a beam of 4, on held-out speakers. **Source:** reports/lattice."""


class SearchChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """A search and its options.

    Attributes:
        kind: ``beam``: several hypotheses, and a lattice; ``greedy``: the best label at every turn.
        beam: most hypotheses.
        width: log-probability (natural) by which a hypothesis may fall behind the best one.
        expansions: labels that are tried after a hypothesis at a turn; 0: as many as the beam.
        merged_labels: histories that agree in so many last labels become one; 0: in all of them.
        states: of the prediction network that are kept on the chip; 0: eight for each hypothesis.
        least_posterior: of an edge that stays in a lattice.
        temperature: by which the log-odds of a word's posterior are divided to make its confidence; 1: not at all.
    """

    kind: Literal["greedy", "beam"] = "beam"
    beam: Annotated[int, Meta(ge=1, le=MOST_BEAM)] = 4
    width: Annotated[float, Meta(gt=0, le=MOST_WIDTH)] = 8.0
    expansions: Annotated[int, Meta(ge=0, le=MOST_STATES)] = 0
    merged_labels: Annotated[int, Meta(ge=0, le=MOST_MERGED)] = 4
    states: Annotated[int, Meta(ge=0, le=MOST_STATES)] = 0
    least_posterior: Annotated[float, Meta(ge=0, le=1)] = LEAST_POSTERIOR
    temperature: Annotated[float, Meta(ge=0.01, le=100)] = TEMPERATURE

    def maker(self, fusion: Fusion | None = None) -> SearchMaker:
        """What makes the search of each utterance; a greedy one leaves ``fusion`` aside.

        Raises:
            InputError: there are fewer states than four for each hypothesis.
        """
        return Greedy if self.options is None else self.options.maker(fusion)

    @property
    def options(self) -> BeamOptions | None:
        """Of a beam; None for a greedy search."""
        if self.kind == "greedy":
            return None
        return BeamOptions(self.beam, self.width, self.expansions, self.merged_labels, self.states)

    def state_bytes(self, network: Network) -> int:
        """On-chip bytes of the states that are kept; none of a greedy search, whose one state is a layer's own."""
        return self.options.places * state_bytes(network) if self.options and self.beam > 1 else 0


def state_bytes(network: Network) -> int:
    """Bytes of one state of the prediction network: hidden int8, cell int16, and what the joint sees, int16."""
    layers = [network.parameters[f"prediction.{i}.recurrent"] for i in range(network.layers("prediction"))]
    return sum(3 * layer.shape[1] for layer in layers) + 2 * network.parameters["joint.prediction"].shape[0]


GREEDY = SearchChoice("greedy")
