"""What a lattice is worth: nearest paths, and the cloud's choice where it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.compare.experiment import load_experiment
from azsim.compare.lattices import figures_of
from azsim.errors import InputError
from azsim.resources import shipped
from tests.cloud.cases import Second, lattice


def test_the_nearest_path_and_the_clouds_choice_are_counted():
    found = figures_of(lattice(), "turn on the light", Second())
    assert (found.oracle_errors, found.n_best_errors, found.reranked_errors) == (0, 0, 0)
    assert figures_of(lattice(), "turn on the lights", Second()).reranked_errors == 1
    assert figures_of(lattice(), "turn on the lights").reranked_errors is None
    assert figures_of(lattice(), None, Second()).reranked_errors is None


def test_reranking_needs_a_search_that_keeps_lattices(tmp_path: Path):
    text = shipped("experiments", "compression/compression.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    greedy = text + '\n[search]\nkind = "greedy"\n'
    reranked, sent = ("rerank = true\n", ""), ("", "[downstream]\ncloud = true\n")
    for asked, (head, tail) in (("rerank = true", reranked), ("downstream.cloud", sent)):
        path.write_text(head + greedy + tail, encoding="utf-8")
        with pytest.raises(InputError, match=f"{asked}.*lattices"):
            load_experiment(path)
        path.write_text(head + text + tail, encoding="utf-8")
        assert load_experiment(path)[0].search.kind == "beam"
