"""Codecs by name and by number, and how one comes to be among them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from azsim.compress.circuit import SERIAL
from azsim.compress.codecs import Codec, codecs, decode, encode, get, register, registry
from azsim.compress.codecs.codec import Options
from azsim.compress.codecs.raw import RawCoder
from azsim.compress.recipe import MatrixRecipe, quantise
from azsim.errors import CodecError, InputError


@pytest.fixture
def as_before() -> Iterator[None]:
    """What the test registers is gone afterwards."""
    codecs()
    before = dict(registry._REGISTERED)
    yield
    registry._REGISTERED.clear()
    registry._REGISTERED.update(before)


class Mirrored(Codec):
    """A codec of a user's own."""

    name = "mirrored"
    number = 200
    grid = "palette"
    circuit = SERIAL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> RawCoder:
        return RawCoder()

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> RawCoder:
        return RawCoder()


def named(name: str, number: int) -> type[Codec]:
    return type("Another", (Mirrored,), {"name": name, "number": number})


def test_names() -> None:
    known = ("raw", "packed", "bitmap", "palette", "zvsv", "run-length", "csc", "huffman", "golomb", "ans")
    assert codecs()[: len(known)] == known
    assert all(get(name).name == name for name in codecs())


def test_numbers_are_never_shared() -> None:
    assert len({get(name).number for name in codecs()}) == len(codecs())


def test_an_unknown_name_gets_the_nearest_spelling() -> None:
    with pytest.raises(InputError, match="did you mean 'palette'"):
        get("pallette")
    with pytest.raises(InputError, match="codec 5 is not known"):
        get(5)
    with pytest.raises(CodecError, match="number 77 is not known"):
        registry.by_number(77)


@pytest.mark.usefixtures("as_before")
def test_a_new_codec_is_known_everywhere_once_it_registers_itself() -> None:
    assert register(Mirrored) is Mirrored
    assert codecs()[-1] == "mirrored"
    matrix = np.arange(-6, 6, dtype=np.int8).reshape(3, 4)
    encoded = encode(matrix, "mirrored")
    assert (encoded.codec, encoded.data[4]) == ("mirrored", 200)
    np.testing.assert_array_equal(decode(encoded.data), matrix)
    weights = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    values, _, _ = quantise(weights, MatrixRecipe(3, 0.0, "mirrored"))
    np.testing.assert_array_equal(values, quantise(weights, MatrixRecipe(3, 0.0, "palette"))[0])


@pytest.mark.usefixtures("as_before")
def test_a_taken_name_or_number_is_refused() -> None:
    for name, number in (("raw", 201), ("mine", 1)):
        with pytest.raises(InputError, match="taken by 'raw', number 1"):
            register(named(name, number))
    for number in (0, 256):
        with pytest.raises(InputError, match="not between 1 and 255"):
            register(named("mine", number))
    assert "mine" not in codecs()


@pytest.mark.usefixtures("as_before")
def test_the_same_class_may_register_again() -> None:
    register(Mirrored)
    register(Mirrored)
    assert codecs().count("mirrored") == 1


def test_a_file_in_the_folder_is_all_that_a_codec_needs(tmp_path: Path) -> None:
    """No list anywhere: a module on the package's path is found by itself."""
    source = Path(__file__).read_text(encoding="utf-8")
    mine = source[source.index("class Mirrored") : source.index("def named")]
    (tmp_path / "mirrored.py").write_text(
        "from __future__ import annotations\nimport numpy as np\n"
        "from azsim.compress.circuit import SERIAL\nfrom azsim.compress.codecs.codec import Codec, Options\n"
        "from azsim.compress.codecs.raw import RawCoder\nfrom azsim.compress.codecs.registry import register\n"
        f"@register\n{mine}"
    )
    script = (
        "import sys, azsim.compress; sys.modules['azsim.compress.codecs'].__path__.append(sys.argv[1])\n"
        "print(azsim.codecs()[-1])"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "mirrored"


def test_codecs_are_imported_when_they_are_asked_for() -> None:
    script = (
        "import sys, azsim.compress; before = 'azsim.compress.codecs.huffman' in sys.modules\n"
        "azsim.compress.codecs(); print(before, 'azsim.compress.codecs.huffman' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
