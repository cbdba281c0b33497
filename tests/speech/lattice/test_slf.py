"""SLF comes back whole, and a parser of its own reads the same words and scores from it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given

from azsim.errors import InputError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.slf import from_slf, to_slf
from tests.speech.lattice.cases import all_paths, graphs

FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')


def parse(text: str) -> tuple[dict, list[dict]]:
    """Node times and links, by one regular expression per line; written from the format's description."""
    times, links = {}, []
    for line in text.splitlines():
        fields = dict(FIELD.findall(line))
        if "I" in fields:
            times[int(fields["I"])] = float(fields["t"])
        elif "J" in fields:
            word = fields["W"]
            if word.startswith('"'):
                word = re.sub(r"\\(.)", r"\1", word[1:-1])
            links.append({"from": int(fields["S"]), "to": int(fields["E"]), "word": word,
                          "a": float(fields["a"]), "l": float(fields["l"])})  # fmt: skip
    return times, links


@given(graphs())
def test_another_parser_reads_the_same(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    times, links = parse(to_slf(lattice))
    words = [link for link in links if link["word"] != "!NULL"]
    assert [link["word"] for link in words] == list(lattice.words)
    assert [link["a"] for link in words] == lattice.acoustic.tolist()
    assert [link["l"] for link in words] == lattice.label.tolist()
    ends = {link["from"]: link["a"] + link["l"] for link in links if link["word"] == "!NULL"}
    finals = lattice.finals()
    assert ends == pytest.approx({node: finals[node] for node in np.flatnonzero(np.isfinite(finals)).tolist()})
    assert {link["to"] for link in links if link["word"] == "!NULL"} == {lattice.nodes}
    assert len(times) == lattice.nodes + 1


@given(graphs())
def test_slf_comes_back(made: tuple) -> None:
    lattice = Lattice.of_edges("turn-7", *made)
    again = from_slf(to_slf(lattice), "x.slf")
    assert again.utterance == "turn-7"
    found = {(words, edges): score for words, score, edges in all_paths(again)}
    assert found == pytest.approx({(words, edges): score for words, score, edges in all_paths(lattice)})
    np.testing.assert_array_equal(again.acoustic, lattice.acoustic)
    assert np.all(again.start_ms <= again.end_ms)


def test_scales_and_base_are_applied() -> None:
    text = "base=10 acscale=0.5 lmscale=2\nstart=0 end=1\nI=0 t=0\nI=1 t=0.3\nJ=0 S=0 E=1 W=go a=-2 l=-1\n"
    lattice = from_slf(text, "x.slf")
    assert lattice.acoustic[0] == pytest.approx(-np.log(10))
    assert lattice.label[0] == pytest.approx(-2 * np.log(10))
    assert lattice.end_ms[0] == 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must name start="),
        ("start=0 end=1\nI=0\nI=1\nJ=0 E=1 W=a", "needs S="),
        ("start=0 end=1\nI=0\nI=1\nJ=0 S=0 E=9 W=a", "no such node"),
        ("start=0 end=2\nI=0\nI=1\nI=2\nJ=0 S=0 E=1\nJ=1 S=1 E=2 W=a", "without a word"),
        ("start=0 end=1\nI=0\nI=1\nJ=0 S=0 E=1 W=a a=nan", "score 'nan'"),
        ("start=0 end=1\nI=0 t=0.32\nI=1 t=0.21\nJ=0 S=0 E=1 W=a", "line 4: a link from 0.320 s to 0.210 s"),
        ('start=0 end=1\nI=0\nI=1\nJ=0 S=0 E=1 W="a', "not closed"),
        ("what is this", "name=value"),
    ],
)
def test_bad_slf_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_slf(text, "x.slf")
