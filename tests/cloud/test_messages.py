"""Messages come back as they went; nothing but words fits into those of the local-processing mode."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import get_type_hints

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.cloud.messages import (
    LOCAL_MESSAGES,
    MOST_BYTES,
    AudioHead,
    LatticeMessage,
    Words,
    checked,
    pack,
    pack_head,
    packed_lattice,
    unpack_head,
    unpack_lattice,
    unpack_refusal,
    unpack_words,
)
from azsim.errors import InputError, PrivacyError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path
from azsim.speech.lattice.uplink import encode_lattice
from tests.cloud.cases import OWN, lattice
from tests.speech.lattice.cases import graphs

CLIENT = "0123456789abcdef"


def message() -> LatticeMessage:
    return LatticeMessage(CLIENT, 7, 1_700_000_000_000, 0, "final", packed_lattice(lattice(), 7))


def test_a_lattice_arrives_as_it_was_sent():
    got, found = unpack_lattice(pack(message()))
    assert got == message()
    assert best_path(found).words == OWN
    assert found.utterance == "7"


@given(graphs())
@settings(max_examples=25)
def test_any_lattice_of_words_passes_its_own_check(made: tuple):
    rows, ends = made
    plain = Lattice.of_edges("", [(*row[:2], "größe" if '"' in row[2] else row[2], *row[3:]) for row in rows], ends)
    data = packed_lattice(plain, 12)
    assert encode_lattice(checked(data)) == data


def test_answers_and_heads_come_back():
    words = Words(3, ("turn", "on"), True)
    assert unpack_words(pack(words)) == words
    head = AudioHead(CLIENT, 1, 2, 20)
    assert unpack_head(pack_head(head) + b"rest") == (head, b"rest")


def test_only_words_fit_between_the_nodes():
    sound = np.random.default_rng(0).normal(0, 1000, 320).astype(np.int16).tobytes()
    text = base64.b64encode(sound).decode()
    for word in (text[:40], "a" * 41, "12", "a b", sound.hex()[:30], "x\0"):
        hidden = replace(lattice(), words=(word, *lattice().words[1:]))
        with pytest.raises(PrivacyError, match="is no word"):
            packed_lattice(hidden, 1)
        with pytest.raises(InputError, match="is no word"):
            checked(encode_lattice(replace(hidden, utterance="1")))


def test_nothing_hides_in_a_name_or_in_bytes_that_say_the_same():
    with pytest.raises(InputError, match="its name must be a number"):
        checked(encode_lattice(lattice("c2VjcmV0")))
    data = packed_lattice(lattice(), 1)
    body = data[:4] + b"\x81\0" + b"1" + data[6:-4]  # the length of the name in two bytes
    assert data[4:6] == b"\x011"
    with pytest.raises(InputError, match="not written as it must be"):
        checked(body + zlib.crc32(body).to_bytes(4, "little"))


def test_the_local_mode_has_one_message_and_one_field_of_bytes():
    assert (LatticeMessage,) == LOCAL_MESSAGES
    hints = get_type_hints(LatticeMessage)
    assert [name for name, hint in hints.items() if hint is bytes] == ["lattice"]
    kinds = set(hints.values())
    assert kinds <= {int, str, bytes} | {hints["endpoint"]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client": "x"}, "LatticeMessage"),
        ({"number": -1}, "LatticeMessage"),
        ({"endpoint": "late"}, "LatticeMessage"),
        ({"revision": 256}, "LatticeMessage"),
        ({"lattice": b"AZL1"}, "must begin with AZL1"),
    ],
)
def test_what_is_no_message_is_refused(changes: dict[str, object], said: str):
    data = msgspec.msgpack.encode(msgspec.structs.replace(message(), **changes))
    with pytest.raises(InputError, match=said):
        unpack_lattice(data)


def test_more_than_64_kib_is_refused_on_both_sides():
    large = msgspec.structs.replace(message(), lattice=bytes(MOST_BYTES))
    with pytest.raises(InputError, match="at most 65535"):
        pack(large)
    with pytest.raises(InputError, match="at most 65535"):
        unpack_lattice(msgspec.msgpack.encode(large))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_refused(data: bytes):
    for read in (unpack_lattice, unpack_words, unpack_head):
        with pytest.raises(InputError):
            read(data)
    assert unpack_refusal(data) == "no reason given"
