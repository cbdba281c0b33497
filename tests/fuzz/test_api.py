"""The public functions with arguments that nobody should give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

import azsim
from tests.conftest import random_network
from tests.fuzz.harness import Attack

CHIP = azsim.load_device("az1").chip
GOOD = np.ones((8, 16), np.int8)
BAD_ARRAYS = {
    "none": None,
    "text": "weights",
    "empty": np.zeros((0, 4), np.int8),
    "scalar": np.int8(3),
    "cube": np.ones((2, 2, 2), np.int8),
    "float": np.ones((4, 4)),
    "nan": np.full((4, 4), np.nan),
    "wide": np.full((4, 4), 300),
    "objects": np.array([[object()]]),
    "words": np.array([["a"]]),
    "complex": np.ones((4, 4), complex),
    "list": [[1, 2], [3, 4]],
    "strided": np.ones((16, 32), np.int8)[::2, ::2],
}
BAD_WORDS = ("", "rwa", "../raw", "\x1b[31m", "x" * 3000, "raw\n", None, 3, b"raw", ["raw"])
BAD_NUMBERS = (-1, 0, 9, 2**70, 3.5, float("nan"), float("inf"), "5", None, True, [])
BAD_PATHS = ("", ".", "/", "..", "/dev/null", "none.wav", "x" * 3000, "a\0b", "\x1b[31m", None, 3, b"\xff", [])


def calls(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each case."""
    small = azsim.compress(random_network(8), weight_bits=5)
    sound = folder / "a.wav"
    soundfile.write(sound, np.random.default_rng(1).normal(0, 0.1, 16_000), 16_000)
    for name, array in BAD_ARRAYS.items():
        yield f"encode({name})", lambda array=array: azsim.encode(array, codec="zvsv", weight_bits=5)
        yield f"matvec(weights {name})", lambda array=array: azsim.matvec(CHIP, array, np.ones(16, np.int8))
        yield f"matvec(activations {name})", lambda array=array: azsim.matvec(CHIP, GOOD, array)
    for word in BAD_WORDS:
        yield f"encode(codec {word!r:.40})", lambda word=word: azsim.encode(GOOD, codec=word)
        yield f"compress(codec {word!r:.40})", lambda word=word: azsim.compress(random_network(8), codec=word)
        yield f"load_device({word!r:.40})", lambda word=word: azsim.load_device(word)
        yield f"load_network({word!r:.40})", lambda word=word: azsim.load_network(word)
        yield (
            f"matvec(codec {word!r:.40})",
            lambda word=word: azsim.matvec(CHIP, GOOD, np.ones(16, np.int8), codec=word),
        )
        yield (
            f"matvec(residency {word!r:.40})",
            lambda word=word: azsim.matvec(CHIP, GOOD, np.ones(16, np.int8), residency=word),
        )
    for number in BAD_NUMBERS:
        yield f"encode(bits {number!r})", lambda number=number: azsim.encode(GOOD, codec="zvsv", weight_bits=number)
        yield (
            f"compress(bits {number!r})",
            lambda number=number: azsim.compress(random_network(8), weight_bits=number, codec="zvsv"),
        )
        yield (
            f"compress(sparsity {number!r})",
            lambda number=number: azsim.compress(random_network(8), sparsity=number, codec="zvsv"),
        )
        yield f"run(seed {number!r})", lambda number=number: azsim.run("az1", small, sound, music=False, seed=number)
        yield (
            f"run(max_minutes {number!r})",
            lambda number=number: azsim.run("az1", small, sound, music=False, max_minutes=number),
        )
    for path in BAD_PATHS:
        yield f"run(recording {path!r:.40})", lambda path=path: azsim.run("az1", small, path, music=False)
        yield f"run(music {path!r:.40})", lambda path=path: azsim.run("az1", small, sound, music=path)
        yield f"decode({path!r:.40})", lambda path=path: azsim.decode(path)


def test_calls(attack: Attack, tmp_path: Path) -> None:
    for case, call in calls(tmp_path):
        attack.answer(case, call)
