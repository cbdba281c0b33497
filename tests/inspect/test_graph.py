"""Graphs of a network beside the rest: text, JSON, and a drawing that is written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from azsim.compress import compress
from azsim.compress.stored import save_compressed
from azsim.errors import InputError
from tests.commands.test_inspect import inspect
from tests.conftest import random_network


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "few.safetensors"
    save_compressed(compress(random_network(3), codec="huffman", weight_bits=3), path)
    return path


def test_the_graphs_are_listed(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = inspect(stored, "--graph", "--json")
    assert [text.splitlines()[0] for text in answer["graphs"]] == [
        f"graph random-3: {part}" for part in ("encoder", "prediction", "joint")
    ]
    inspect(stored, "--graph")
    printed = capsys.readouterr().out
    assert all(line in printed for text in answer["graphs"] for line in text.splitlines())
    assert "graphs" not in inspect(stored, "--json")


def test_the_drawing_is_a_file(stored: Path, tmp_path: Path) -> None:
    path = tmp_path / "graphs.svg"
    assert inspect(stored, "--drawing", path, "--json")["drawing"] == str(path)
    words = [each.text for each in ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert {"random-3: encoder", "random-3: joint", "joint.tanh: tanh"} <= set(words)


def test_a_drawing_that_cannot_be_written_is_refused_before_the_work(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        inspect(stored, "--drawing", tmp_path / "none" / "graphs.svg")


@pytest.mark.parametrize("option", [["--graph"], ["--drawing", "a.svg"]])
def test_a_device_has_no_graph(option: list[str]) -> None:
    with pytest.raises(InputError, match=f"az1: is a device; leave out {option[0]}$"):
        inspect("az1", *option)
