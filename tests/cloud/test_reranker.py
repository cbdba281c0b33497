"""The shipped reranker corrects what was nearly heard, and refuses what is no language model."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.cloud.reranker import load_reranker
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.speech.lattice.lattice import Lattice


def test_a_word_that_fits_is_preferred_to_one_that_was_heard_a_little_better():
    rows = [
        (0, 1, "can", 0, 90, -0.1, -0.1),
        (1, 2, "i", 90, 120, -0.1, -0.1),
        (2, 3, "have", 120, 300, -0.1, -0.1),
        (3, 4, "a", 300, 330, -0.1, -0.1),
        (4, 5, "ladder", 330, 700, -0.1, -0.6),
        (4, 5, "latte", 330, 700, -0.1, -0.9),
    ]
    graph = Lattice.of_edges("1", rows, {5: (0.0, 0.0)})
    assert load_reranker().best(graph) == ("can", "i", "have", "a", "latte")


def test_a_model_without_weights_or_of_another_kind_is_refused(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(shipped("models", "language-model/model.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"rescoring\.toml"):
        load_reranker(str(tmp_path / "model.safetensors"))
    with pytest.raises(InputError, match=r"rescoring\.toml|language model is needed"):
        load_reranker("rnnt-small-3bit-50")
    with pytest.raises(InputError, match="lattices come from one"):
        load_reranker(recogniser="language-model")
