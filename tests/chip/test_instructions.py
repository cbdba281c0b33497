"""The encoding is 16 bytes an instruction and lossless; the listing says what will happen."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.instructions import (
    INSTRUCTION_BYTES,
    Code,
    Cpu,
    Fetch,
    Load,
    Matvec,
    Product,
    Store,
    Sync,
    Vector,
    decode,
    encode,
    listing,
)
from azsim.errors import InputError


def random_code(seed: int) -> Code:
    rng = np.random.default_rng(seed)

    def number(limit: int = 2**32) -> int:
        return int(rng.integers(0, limit))

    makers = (
        lambda: Load(f"m{number(5)}", number(), number()),
        lambda: Fetch(number()),
        lambda: Matvec(
            f"m{number(5)}",
            number(),
            number(),
            1 + number(8),
            1 + number(16),
            number(2) == 1,
            number(256),
            number(256),
            number(2**15),
        ),
        lambda: Vector(("multiply-add", "sigmoid", "tanh")[number(3)], number()),
        lambda: Cpu("tanh", number()),
        lambda: Store(number()),
        lambda: Product(number(), number(), 1 + number(16), number(256), number(2**15)),
        Sync,
    )
    return Code("made up", tuple(makers[number(len(makers))]() for _ in range(number(40))))


@pytest.mark.parametrize("seed", range(20))
def test_encoding_is_lossless_and_its_size_is_counted(seed: int) -> None:
    code = random_code(seed)
    data = encode(code)
    assert len(data) == code.size_bytes == INSTRUCTION_BYTES * len(code.instructions)
    assert decode(data, code.matrices) == code.instructions


def test_the_listing_names_everything() -> None:
    code = Code(
        "p",
        (
            Load("encoder.0.input", 0, 12),
            Matvec("encoder.0.input", 0, 12, 5, 8, True, 0, 4),
            Vector("sigmoid", 96),
            Sync(),
            Matvec("encoder.0.recurrent", 0, 3, 8, 8, False),
            Store(44),
        ),
    )
    assert listing(code) == [
        "   0  load    encoder.0.input tiles 0..11",
        "   1  matvec  encoder.0.input tiles 0..11 5b x 8b decode frames 0..3",
        "   2  vector  sigmoid 96",
        "   3  sync",
        "   4  matvec  encoder.0.recurrent tiles 0..2 8b x 8b as stored",
        "   5  store   44 B",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes(15), "multiple of 16"),
        (bytes([99]) + bytes(15), "opcode 99"),
        (bytes([0, 0, 0, 0, 7]) + bytes(11), "matrix 7"),
        (bytes([3, 0, 0, 0, 0, 0, 9]) + bytes(9), "operand 9"),
    ],
)
def test_impossible_programs_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode(data, ("only",))
