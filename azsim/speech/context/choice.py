"""What an experiment tells the recogniser of a user's names: its ``[context]`` table."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.pieces import Pieces
from azsim.speech.context.attention import AttentionNetwork, attention_of
from azsim.speech.context.boosts import PER_LABEL, Boosts
from azsim.speech.context.catalogue import Catalogue, read_catalogue
from azsim.speech.search.choice import SearchChoice

MOST_BOOST = 20.0
CONTEXT = "context"
"""Kind of the stage whose network the attention is."""


class ContextChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """A catalogue and how it is used.

    Attributes:
        catalogue: a text or CSV of names (`azsim.speech.context.catalogue`).
        boost: nats that each label of a name is worth in a beam; 0: no shallow fusion.
        attention: whether a network attends to the names; off by default, since the shipped one does not help yet.
        model: the attention network: a name under ``models/`` or a file.
    """

    catalogue: str
    boost: Annotated[float, Meta(ge=0, le=MOST_BOOST)] = PER_LABEL
    attention: bool = False
    model: str = CONTEXT

    def check(self, search: SearchChoice) -> None:
        """Refuse what cannot be done with a search, and a catalogue that cannot be read.

        Raises:
            InputError: boosts without a beam, neither boosts nor attention, or a wrong catalogue.
        """
        if not self.boost and not self.attention:
            raise InputError("boost = 0 and attention = false: the names would not be used; leave the table out")
        if self.boost and search.kind == "greedy":
            raise InputError('boost: needs hypotheses; give [search] kind = "beam", or boost = 0')
        self._read()

    def boosts(self, network: Network) -> Boosts | None:
        """Shallow fusion for a recogniser; None without.

        Raises:
            InputError: the catalogue cannot be read, or spelled with its pieces.
        """
        if not self.boost:
            return None
        return Boosts(self._read(), Pieces(network.pieces), self.boost)

    def attended(self, small: CompressedNetwork) -> AttentionNetwork | None:
        """Attention for a recogniser, keys and values encoded; None without.

        Raises:
            InputError: as `boosts`, there are too many entries, or the model is none or another recogniser's.
        """
        if not self.attention:
            return None
        return attention_of(load_network(self.model), self._read(), small)

    def _read(self) -> Catalogue:
        """The catalogue, read once as long as its file stays as it is, so that a remark on it comes once."""
        try:
            stamp = os.stat(self.catalogue).st_mtime_ns
        except (OSError, ValueError):
            stamp = 0
        return _catalogue(self.catalogue, stamp)


@lru_cache(maxsize=4)
def _catalogue(path: str, stamp: int) -> Catalogue:
    return read_catalogue(Path(path))
