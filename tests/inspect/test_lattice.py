"""A lattice shown: words with probabilities, best paths, a drawing."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

from azsim.cli import main
from azsim.errors import InputError
from azsim.inspect.lattice import inspect_lattice
from azsim.speech.lattice.drawing import lattice_svg
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.slf import to_slf

ROWS = [
    (0, 1, "turn", 0, 300, 0.0, math.log(0.9)), (0, 2, "burn <&", 0, 310, 0.0, math.log(0.1)),
    (1, 3, "on", 400, 400, 0.0, 0.0), (2, 3, "on", 400, 400, 0.0, 0.0),
]  # fmt: skip
LATTICE = Lattice.of_edges("u", ROWS, {3: (0.0, 0.0)})


def test_words_have_their_probabilities_and_paths_are_ranked(tmp_path: Path) -> None:
    path = tmp_path / "one.slf"
    path.write_text(to_slf(LATTICE), encoding="utf-8")
    found = inspect_lattice(path)
    assert (found.answer["edges"], found.answer["ends"], found.answer["deterministic"]) == (4, 1, True)
    assert [one["probability"] for one in found.answer["paths"]] == pytest.approx([0.9, 0.1])
    assert [row[1:3] for row in found.tables[0].rows if row[1] != "on"] == [("turn", "0.900"), ("burn <&", "0.100")]


def test_a_drawing_has_every_word_and_node(tmp_path: Path) -> None:
    tree = ElementTree.fromstring(lattice_svg(LATTICE))
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"turn", "burn <&", "on", "0.90", "0.10"} <= set(texts)
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}circle"))) == LATTICE.nodes
    path, drawing = tmp_path / "one.slf", tmp_path / "one.svg"
    path.write_text(to_slf(LATTICE), encoding="utf-8")
    assert main(["inspect", str(path), "--drawing", str(drawing), "-q"]) == 0
    assert drawing.read_text(encoding="utf-8") == lattice_svg(LATTICE)


def test_what_is_no_lattice_is_refused_and_nothing_drawn(tmp_path: Path) -> None:
    path, drawing = tmp_path / "one.slf", tmp_path / "one.svg"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is no text in UTF-8"):
        inspect_lattice(path, drawing)
    path.write_text(to_slf(LATTICE).replace("l=-0.", "l=nan "), encoding="utf-8")
    with pytest.raises(InputError, match=r"one\.slf: line "):
        inspect_lattice(path, drawing)
    assert not drawing.exists()
    assert main(["inspect", str(path), "--device", "az1"]) == 2
