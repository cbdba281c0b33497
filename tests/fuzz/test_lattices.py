"""Lattices under attack: text forms and messages with damage, cycles, no path, no numbers, far too many edges."""

from __future__ import annotations

import math
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.speech.lattice.fst_text import from_kaldi, from_openfst, to_kaldi, to_openfst
from azsim.speech.lattice.lattice import MOST_EDGES, Lattice
from azsim.speech.lattice.slf import from_slf, to_slf
from azsim.speech.lattice.uplink import decode_lattice, encode_lattice
from tests.fuzz.harness import Attack, numbers

ROWS = [
    (0, 1, "turn", 30, 300, -0.25, -0.5), (0, 2, "burn", 30, 330, -0.5, -1.5), (1, 3, "on", 390, 390, 0.0, -0.25),
    (2, 3, "on", 390, 390, 0.0, -0.5), (3, 4, "größe", 420, 480, -1.0, -0.125),
]  # fmt: skip
LATTICE = Lattice.of_edges("u", ROWS, {3: (0.0, -1.0), 4: (0.0, -0.0625)})
FORMS = {"slf": (to_slf, from_slf), "kaldi": (to_kaldi, from_kaldi), "openfst": (to_openfst, from_openfst)}
PUT_IN = ("nan", "-inf", "1e999", "-1", "99999999999", "", "=", '"', "\x00", "0 0 a 0,0,", "J=9 S=4 E=0 W=x", "I=")


def test_damaged_messages_are_refused_in_one_line_or_are_lattices() -> None:
    attack, message = Attack("lattice messages"), encode_lattice(LATTICE)
    for number in numbers(600):
        rng = attack.rng(number)
        data = bytearray(message)
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(0, len(data)))
            data[place : place + int(rng.integers(0, 3))] = rng.bytes(int(rng.integers(0, 4)))
        if number % 2:  # damage that the check sum does not show
            data[-4:] = zlib.crc32(data[:-4]).to_bytes(4, "little")
        attack.answer(f"message {number}", partial(decode_lattice, bytes(data)))
    assert attack.found == []


@pytest.mark.parametrize("form", FORMS)
def test_damaged_texts_are_refused_in_one_line_or_are_lattices(form: str) -> None:
    attack = Attack(f"lattices {form}")
    write, read = FORMS[form]
    lines = write(LATTICE).splitlines()
    for number in numbers(300):
        rng = attack.rng(number)
        changed = list(lines)
        for _ in range(int(rng.integers(1, 3))):
            place = int(rng.integers(0, len(changed)))
            fields = changed[place].split(" ")
            fields[int(rng.integers(0, len(fields)))] = PUT_IN[int(rng.integers(0, len(PUT_IN)))]
            changed[place] = " ".join(fields)
        if rng.random() < 0.3:
            changed.insert(int(rng.integers(0, len(changed))), changed[int(rng.integers(0, len(changed)))])
        attack.answer(f"{form} {number}", partial(read, "\n".join(changed), "file"))
    assert attack.found == []


def test_what_inspect_is_given(tmp_path: Path) -> None:
    attack, text = Attack("inspect of lattices"), to_slf(LATTICE).encode()
    for number in numbers(10):
        rng = attack.rng(number)
        data = bytearray(text)
        for _ in range(int(rng.integers(1, 9))):
            data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
        (tmp_path / "one.slf").write_bytes(bytes(data))
        attack.command(f"file {number}", tmp_path, "inspect", str(tmp_path / "one.slf"), "-q")
    assert attack.found == []


@pytest.mark.parametrize(
    ("rows", "ends", "what"),
    [
        ([(0, 1, "a", 0, 0, 0.0, 0.0), (1, 0, "b", 0, 0, 0.0, 0.0)], {1: (0.0, 0.0)}, "lies on a cycle"),
        ([(0, 1, "a", 0, 0, 0.0, 0.0), (2, 3, "b", 0, 0, 0.0, 0.0)], {3: (0.0, 0.0)}, "no path from the start"),
        ([(0, 1, "a", 0, 0, math.nan, 0.0)], {1: (0.0, 0.0)}, "must be a log-probability"),
        ([(0, 1, "a", 0, 0, 0.0, 0.5)], {1: (0.0, 0.0)}, "must be a log-probability"),
        ([(0, 1, "a", 0, 0, 0.0, 0.0)], {1: (0.0, math.nan)}, "is no log-probability"),
    ],
)
def test_lattices_that_are_none(rows: list, ends: dict, what: str) -> None:
    with pytest.raises(InputError, match=what) as refused:
        Lattice.of_edges("u", rows, ends)
    assert "\n" not in str(refused.value)


def test_too_many_edges_are_refused_before_they_are_looked_at() -> None:
    rows = [(0, 1, "a", 0, 0, 0.0, -1.0)] * (MOST_EDGES + 1)
    with pytest.raises(InputError, match=f"{MOST_EDGES + 1} edges: at most {MOST_EDGES}"):
        Lattice.of_edges("u", rows, {1: (0.0, 0.0)})


def test_a_wrong_check_sum_and_a_message_too_long() -> None:
    message = encode_lattice(LATTICE)
    with pytest.raises(InputError, match="the check sum is wrong"):
        decode_lattice(message[:-1] + bytes([message[-1] ^ 1]))
    with pytest.raises(InputError, match="at most 65536"):
        decode_lattice(message + bytes(65_536))
    assert np.allclose(decode_lattice(message).scores(), LATTICE.scores(), atol=1 / 64)
