"""Alignment: the likeliest path beside all paths, and a band that a label's emission lies in."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train import align  # noqa: E402 (needs torch)
from azsim.train.batch import Manner, Slack, band, emitted, make_batch  # noqa: E402 (needs torch)
from azsim.train.data import ALIGNMENT, Normaliser, complete_folders, load_utterances  # noqa: E402 (needs torch)
from azsim.train.export import TrainedModel, save_model  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.rnnt_loss import Cells  # noqa: E402 (needs torch)
from azsim.train.tokens import BLANK_PIECE, Pieces  # noqa: E402 (needs torch)

PIECES = (BLANK_PIECE, "▁", *"abcdefghijklmnopqrstuvwxyz'")


@pytest.mark.parametrize("seed", range(5))
def test_likeliest_path_is_the_best_of_all(seed: int):
    rng = np.random.default_rng(seed)
    steps, labels = 5, 3
    cells = Cells.plain([steps], [list(range(labels))])
    blank, label = (rng.normal(-2, 1, int(cells.first_row[-1])).astype(np.float32) for _ in range(2))
    at, nats = align._likeliest(blank, label, cells.first_row, cells.low, cells.high, labels)

    def cost(times: tuple[int, ...]) -> float:
        total, u = 0.0, 0
        for t in range(steps):
            while u < labels and times[u] == t:
                total -= label[cells.first_row[t] + u]
                u += 1
            total -= blank[cells.first_row[t] + u]
        return total

    paths = list(itertools.combinations_with_replacement(range(steps), labels))
    best = min(paths, key=cost)
    assert tuple(at) == best
    assert nats == pytest.approx(cost(best), rel=1e-5)


def test_pieces_without_letters_of_their_own_keep_the_band_whole():
    pieces = Pieces((BLANK_PIECE, "▁", "a", "b", "▁a"))
    labels = [4, 3, 1, 2, 1, 3]  # ▁a b ▁ a ▁ b
    letters = np.array([2.0, 4.0, 30.0, 45.0])
    begins, ends = emitted(labels, pieces, letters)
    assert (np.diff(begins) >= 0).all()
    assert (np.diff(ends) >= 0).all()
    low, high = band(begins, ends, Slack(5, 5), 60)
    assert (low <= high).all()
    assert (low[1:] <= high[:-1]).all()
    assert high[-1] == len(labels)
    assert emitted(labels, pieces, letters[:-1]) is None


def test_an_aligned_corpus_is_trained_within_a_narrower_band(tiny_corpus: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(align, "MOST_NATS_PER_LABEL", 1e9)  # an untrained network believes in nothing
    torch.manual_seed(1)
    front = Normaliser(np.full(64, 8, np.float32), np.full(64, 0.3, np.float32))
    source = tmp_path / "model.safetensors"
    save_model(source, Transducer(Shape(len(PIECES), 12, 12, 12)), front, Pieces(PIECES), "t", TrainedModel(1, 0, 0.0))
    for name in complete_folders(tiny_corpus):
        (tmp_path / "corpus" / name).mkdir(parents=True)
        for file in (tiny_corpus / name).iterdir():
            (tmp_path / "corpus" / name / file.name).symlink_to(file)
    align.align(tmp_path / "corpus", source)

    def cells_of(corpus: Path) -> Cells:
        spoken = load_utterances(corpus, complete_folders(corpus))["train"]
        rng = np.random.default_rng(3)
        return make_batch(spoken, Pieces(PIECES), front, [], False, Manner(0.5, False), rng).cells

    wide, narrow = cells_of(tiny_corpus), cells_of(tmp_path / "corpus")
    assert narrow.labels == wide.labels
    assert (narrow.low <= narrow.high).all()
    assert narrow.first_row[-1] < wide.first_row[-1]
    assert all((path / ALIGNMENT).exists() for path in (tmp_path / "corpus").iterdir())
