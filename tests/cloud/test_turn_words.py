"""A conversation's lattices and the words that come back: revised on a reset, own words where the cloud's are late."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates, certificates
from azsim.cloud.client import CloudClient
from azsim.cloud.service import Service
from azsim.cloud.turn_words import NOTHING_TOLD, TurnAsker, TurnWords
from azsim.speech.conversation.conversation import ConversationTurn, Happening, TurnLattice
from azsim.speech.conversation.opening import Opening
from azsim.speech.endpointing.protocol import EndPointEvent
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.transcript import Word
from tests.cloud.cases import OWN, lattice

WORD = Word(OWN[0], 300, 510, 0.9)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("cloud") / "keys")


class Counting:
    """Says how many lattices have come; a first one may be held back."""

    def __init__(self) -> None:
        self.seen = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def best(self, lattice: Lattice) -> tuple[str, ...]:
        self.seen += 1
        number = self.seen
        assert self.goes_on.wait(20)
        return ("one", "two", "three")[:number]


def event(kind: str, revision: int) -> EndPointEvent:
    return EndPointEvent(kind, 40 + revision, 1200, revision, (1,), "pause" if kind == "commit" else None)


def told(revision: int, is_final: bool = False) -> TurnLattice:
    return TurnLattice(event("speculative", revision), is_final, lattice())


def turn(number: int = 1, ends: tuple[EndPointEvent, ...] = (event("commit", 0),)) -> ConversationTurn:
    frames = np.zeros((3, 64), np.float32)
    return ConversationTurn(number, Opening(0, 30, "voice", 0.9), frames, (WORD,), (), ends, "pause", 1300)


def heard(client: CloudClient, *happenings: Happening) -> list[TurnWords]:
    with TurnAsker(client) as asker:
        return [words for each in happenings if (words := asker.tell(each)) is not None]


def test_words_come_for_each_turn_with_the_bytes_of_that_turn(keys: Certificates) -> None:
    with serving(keys, Service(Counting())) as (port, lines), CloudClient(keys, port, local_processing=True) as client:
        found = heard(client, told(0), turn(), told(0, True), turn(2))
        moved = client.moved
    assert [(each.number, each.words, each.by, each.lattices) for each in found] == [
        (1, ("one",), "cloud", 1),
        (2, ("one", "two"), "cloud", 1),
    ]
    assert (sum(each.uplink_bytes for each in found), sum(each.downlink_bytes for each in found)) == moved
    assert found[0].uplink_bytes > found[1].uplink_bytes > 100  # the first opened the connection
    assert len([line for line in lines if line.startswith("/v1/lattice ")]) == 2


def test_a_reset_makes_the_answer_before_it_nobodys(keys: Certificates) -> None:
    reranker = Counting()
    with serving(keys, Service(reranker)) as (port, _), CloudClient(keys, port, local_processing=True) as client:
        (words,) = heard(client, told(0), event("resume", 1), told(1), event("commit", 1), turn())
    assert (words.by, words.lattices, words.words) == ("cloud", 2, ("one", "two", "three")[: reranker.seen])
    assert reranker.seen in (1, 2)  # the first was asked already, or was taken back in time


def test_a_reset_without_new_words_leaves_the_own_ones(keys: Certificates) -> None:
    with serving(keys, Service(Counting())) as (port, _), CloudClient(keys, port, local_processing=True) as client:
        (words,) = heard(client, told(0), event("resume", 1), turn())
    assert (words.by, words.words, words.why) == ("device", (OWN[0],), NOTHING_TOLD)


def test_a_turn_that_was_woken_again_takes_its_own_words(keys: Certificates) -> None:
    with serving(keys, Service(Counting())) as (port, _), CloudClient(keys, port, local_processing=True) as client:
        (words,) = heard(client, told(0), replace(turn(), ends=()))
    assert (words.by, words.words) == ("device", (OWN[0],))


def test_a_server_that_is_late_leaves_the_own_words(keys: Certificates) -> None:
    reranker = Counting()
    reranker.goes_on.clear()
    with (
        serving(keys, Service(reranker)) as (port, _),
        CloudClient(keys, port, local_processing=True, limit_ms=150) as client,
    ):
        (words,) = heard(client, told(0), turn())
        reranker.goes_on.set()
    assert (words.by, words.words, words.why) == ("device", (OWN[0],), "no answer within 150 ms")
    assert words.uplink_bytes > 100


def test_without_a_server_the_reason_is_told(keys: Certificates, tmp_path: Path) -> None:
    with CloudClient(keys, 1, local_processing=True) as client:
        (words,) = heard(client, told(0), turn())
    assert words.by == "device"
    assert "refused" in words.why
    assert (words.uplink_bytes, words.downlink_bytes) == (0, 0)
