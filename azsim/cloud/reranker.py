"""The reranker of the server: the shipped language models, the recogniser's own opinion, and the weights of all."""

from __future__ import annotations

from azsim.cloud.domain_model import DOMAIN_FILE, DomainModel
from azsim.cloud.internal_model import InternalModel
from azsim.cloud.language_model import LANGUAGE_MODEL, LanguageModel
from azsim.cloud.mixed_model import MixedModel
from azsim.cloud.rescore import WEIGHTS_FILE, LatticeReranker, Opinions, WordModel, read_weights
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.nn.sealed import network_file

RECOGNISER = "rnnt-student"
"""Whose lattices the shipped weights were chosen on."""


def load_reranker(language: str = LANGUAGE_MODEL, recogniser: str = RECOGNISER) -> LatticeReranker:
    """A reranker whose weights stand beside its language model.

    Args:
        language: name of the language model, or its file.
        recogniser: name or file of the network that lattices come from.

    Raises:
        InputError: one of them is missing, or another kind of network.
    """
    weights = read_weights(network_file(language).with_name(WEIGHTS_FILE))
    return LatticeReranker(Opinions(load_words(language, weights.domain_share), load_internal(recogniser)), weights)


def load_words(language: str, domain_share: float) -> WordModel:
    """A neural model, mixed with the automaton beside it if domains have a share.

    Raises:
        InputError: a file is missing, or holds something else.
    """
    neural = LanguageModel.load(language)
    if not domain_share:
        return neural
    return MixedModel(neural, DomainModel.read(network_file(language).with_name(DOMAIN_FILE)), domain_share)


def load_internal(recogniser: str) -> InternalModel:
    """The own opinion of the network that lattices come from.

    Raises:
        InputError: it is missing, or another kind of network.
    """
    network = load_network(recogniser)
    if not isinstance(network, Network):
        raise InputError(f"{recogniser}: no recogniser; lattices come from one")
    return InternalModel(network)
