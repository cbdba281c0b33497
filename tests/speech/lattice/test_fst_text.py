"""Kaldi and OpenFst text hold the same paths with the same costs; kaldifst reads them alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from azsim.errors import InputError
from azsim.speech.lattice.fst_text import from_kaldi, from_openfst, to_kaldi, to_openfst
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path
from tests.speech.lattice.cases import WORDS, all_paths, graphs

PLAIN = {word: word.replace(" ", "_") for word in WORDS}
"""Words without white space, as these formats want them."""


def plain(made: tuple) -> tuple:
    rows, ends = made
    return [(*row[:2], PLAIN[row[2]], *row[3:]) for row in rows], ends


def totals(lattice: Lattice) -> dict:
    return {(words, edges): score for words, score, edges in all_paths(lattice)}


@given(graphs().map(plain))
def test_kaldi_text_comes_back(made: tuple) -> None:
    lattice = Lattice.of_edges("u 1", *made)
    again = from_kaldi(to_kaldi(lattice), "x.lat")
    assert (again.utterance, again.words) == (lattice.utterance, lattice.words)
    for mine, theirs in ((lattice.acoustic, again.acoustic), (lattice.label, again.label)):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(lattice.final_label, again.final_label)


@given(graphs().map(plain))
def test_openfst_text_comes_back_with_one_score(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    again = from_openfst(to_openfst(lattice), "x.fst")
    assert totals(again) == pytest.approx(totals(lattice))


def test_costs_are_negative_logarithms() -> None:
    lattice = Lattice.of_edges("u", [(0, 1, "go", 0, 30, -1.5, -0.25)], {1: (0.0, 0.0)})
    assert to_kaldi(lattice) == "u\n0 1 go 0.25,1.5,\n1 0.0,0.0,\n\n"
    assert to_openfst(lattice, {"go": 7}) == "0 1 7 1.75\n1 0.0\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no lattice"),
        ("u\n0 1 go\n", "3 fields"),
        ("u\n0 x go 1,1,\n1", "node 'x'"),
        ("u\n0 1 go nan,1,\n1", "score 'nan'"),
        ("u\n0 1 go 1\n1", "costs '1'"),
        ("u\n0 1 go -2,1,\n1", "log-probability"),
        ("u\n0 1 go 1,1,\n1 2 go 1,1,\n2 1 go 1,1,\n2", "cycle"),
    ],
)
def test_bad_kaldi_text_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_kaldi(text, "x.lat")


@pytest.mark.parametrize(
    ("text", "said"), [("", "no lattice"), ("0 1 a b 1\n1\n", "at most 4"), ("0 1 a inf\n1\n", "score 'inf'")]
)
def test_bad_openfst_text_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_openfst(text, "x.fst")


@given(graphs().map(plain))
def test_kaldifst_finds_the_same_best_path(made: tuple) -> None:
    kaldifst = pytest.importorskip("kaldifst", reason="kaldifst is not installed (pip install kaldifst)")
    lattice = Lattice.of_edges("u", *made)
    numbers = {word: place for place, word in enumerate(sorted(PLAIN.values()), 1)}
    read = kaldifst.compile(to_openfst(lattice, numbers), acceptor=True)
    best = kaldifst.shortest_path(read)
    names = {number: word for word, number in numbers.items()}
    ok, words, _, weight = kaldifst.get_linear_symbol_sequence(best)
    assert ok
    assert float(weight.value) == pytest.approx(-best_path(lattice).score, abs=1e-3)
    mine = [score for found, score, _ in all_paths(lattice) if found == tuple(names[word] for word in words)]
    assert max(mine) == pytest.approx(best_path(lattice).score, abs=1e-3)
