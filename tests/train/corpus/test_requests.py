"""Requests for training and for measuring never share a sentence."""

from __future__ import annotations

import gzip
import json
import os

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.resources import data_folder
from azsim.speech.understanding.interpretation import Slot, slots_of
from azsim.train.corpus.commands import clusters
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.requests import DOMAINS, TextRequests


@pytest.mark.parametrize("domain", ["coffee", "speaker"])
def test_drawn_requests_stand_on_their_side_and_have_known_labels(domain):
    source, rng = DOMAINS[domain](), np.random.default_rng(3)
    for side, requests in (("train", [source.draw(rng) for _ in range(50)]), ("test", source.held_out(rng, 50))):
        for request in requests:
            fixed = set(request.tags) == {"O"}
            assert sentence_side(" ".join(request.words)) == side or (fixed and side == "train")
            assert request.intent in source.intents
            assert {slot.name for slot in slots_of(request.words, request.tags)} <= source.slots


def text_file(tmp_path, records):
    file = tmp_path / "labelled.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join(json.dumps(record) for record in records).encode()))
    return file


def command(number):
    entities = [{"type": "place", "value": f"room{number}", "start": 16, "end": 20 + len(str(number))}]
    return {"text": f"light number in room{number}",
            "intent": "on", "entities": entities}  # fmt: skip


def test_entities_become_slots_and_near_twins_stay_together(tmp_path):
    records = [command(n) for n in range(12)] + [
        {"text": f"{a} is a sentence of {b}", "intent": "say", "entities": []} for a in "abcdef" for b in "uvwxyz"
    ]
    source = TextRequests(text_file(tmp_path, records))
    assert source.intents == {"on", "say"}
    held_out = source.held_out(np.random.default_rng(0), 1000)
    training = {source.draw(np.random.default_rng(n)).words for n in range(300)}
    assert not training & {request.words for request in held_out}
    sides = {" ".join(words): "train" for words in training} | {" ".join(r.words): "held" for r in held_out}
    for cluster in clusters(sides):
        assert len({sides[text] for text in cluster}) == 1


def test_the_place_of_an_entity_is_its_words(tmp_path):
    source = TextRequests(text_file(tmp_path, [command(7)]))
    (request,) = source.held_out(np.random.default_rng(0), 5)
    assert slots_of(request.words, request.tags) == (Slot("place", "room7"),)


def test_an_entity_is_all_the_words_that_it_touches(tmp_path):
    record = {"text": "mail to robert, now", "intent": "m", "entities": [{"type": "who", "start": 8, "end": 14}]}
    (request,) = TextRequests(text_file(tmp_path, [record])).held_out(np.random.default_rng(0), 1)
    assert slots_of(request.words, request.tags) == (Slot("who", "robert,"),)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": "play it"}, "line 1: must have text, intent"),
        ({"text": "play it", "intent": "p", "entities": [{"type": "x", "start": 9, "end": 12}]}, "line 1: slot 'x'"),
        ({"text": None, "intent": "p", "entities": []}, "line 1: must have"),
    ],
)
def test_a_bad_line_is_named(tmp_path, record, message):
    with pytest.raises(InputError, match=message):
        TextRequests(text_file(tmp_path, [record]))


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "no.gz").write_bytes(b"no")
    with pytest.raises(InputError, match="not a readable labelled text"):
        TextRequests(tmp_path / "no.gz")


def test_a_missing_data_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    with pytest.raises(InputError, match="labelled text: set AZSIM_DATA"):
        data_folder("labelled text")
    monkeypatch.setenv("AZSIM_DATA", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no such folder"):
        data_folder("labelled text")


@pytest.mark.skipif("AZSIM_DATA" not in os.environ, reason="reads the labelled text below AZSIM_DATA")
def test_the_labelled_text_of_the_data_folder_is_read_whole():
    source = DOMAINS["text"]()
    assert (len(source.intents), len(source.slots)) == (81, 55)
